// Classifier: rows in, class labels out. What it shares with Regressor stands in estimator.ts.
import type { ToJSONOptions } from "../description/options.ts";
import { readObject } from "../ground/options.ts";
import { LabelEncoder } from "../data/labels.ts";
import type { Label, Labels } from "../data/labels.ts";
import { PropagoError } from "../ground/errors.ts";
import { Estimator } from "./estimator.ts";
import type { Kind } from "./kind.ts";
import type { ClassifierOptions, PartialFitOptions } from "./options.ts";
import { readMembers, readSaved, remade } from "./saved.ts";
import type { TableLike } from "../data/tabular.ts";
import type { Matrix } from "../data/data.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { History } from "../training/reports.ts";

/** How `partialFit` of a Classifier trains. */
export interface ClassifierPartialFitOptions extends PartialFitOptions {
  /** All classes that will ever come, in the first call; without it, those of that call's labels. */
  classes?: Labels;
}

const CLASSIFIER: Kind = { name: "classifier", metric: "accuracy" };

/**
 * Learns which class a row belongs to. It scales the inputs, numbers the labels (strings, integers or booleans), and
 * gives labels back. Two classes share one sigmoid unit; more have a softmax unit each.
 *
 * ```ts
 * const classifier = new Classifier({ hidden: [4] });
 * await classifier.fit([[0, 0], [0, 1], [1, 0], [1, 1]], ["same", "other", "other", "same"]);
 * classifier.predict([[1, 0]]); // ["other"]
 * ```
 */
export class Classifier extends Estimator<Labels, LabelEncoder> {
  /** @throws PropagoError ERR_CONFIG for an unknown option or hidden layers that cannot be. */
  constructor(options: ClassifierOptions = {}) {
    super(options, CLASSIFIER);
  }

  /** The classes in the order in which `predictProbabilities` gives them: numbers ascending, strings by code point. */
  get classes(): readonly Label[] {
    return [...this.fitted.codec.classes];
  }

  /**
   * From which probability of the second of two classes on `predict` gives it: 0.5, unless the model was told to
   * `optimize` a metric.
   */
  get threshold(): number {
    return this.fitted.found?.threshold ?? 0.5;
  }

  /**
   * Gives the most probable class of each row; of two classes the second, where it is more probable than `threshold`.
   * @throws PropagoError ERR_NOT_FITTED before `fit`, ERR_SHAPE for rows of another width.
   */
  predict(x: Matrix | TableLike): Label[] {
    const count = this.classes.length;
    const { threshold } = this;
    const probabilities = this.predictProbabilities(x);
    const best = new Int32Array(probabilities.length / count);
    for (let row = 0; row < best.length; row++) {
      const at = row * count;
      if (count === 2) best[row] = Number(probabilities[at + 1] > threshold);
      else for (let c = 1; c < count; c++) if (probabilities[at + c] > probabilities[at + best[row]]) best[row] = c;
    }
    return this.fitted.codec.decode(best);
  }

  /** Gives each class's probability, rows × classes, in the order of `classes`. */
  predictProbabilities(x: Matrix | TableLike): FloatArray {
    const outputs = this.predictRaw(x);
    if (this.classes.length !== 2) return outputs;
    const both = new (outputs.constructor as Float32ArrayConstructor)(outputs.length * 2);
    for (let row = 0; row < outputs.length; row++) {
      both[2 * row] = 1 - outputs[row];
      both[2 * row + 1] = outputs[row];
    }
    return both;
  }

  /**
   * Trains one epoch on more rows and goes on from where the model stands; the first call of all makes the model, and
   * learns classes from its labels. The scaling is learnt from its first thousand rows.
   * @throws PropagoError ERR_DATA for a label that is none of the model's classes; in a page ERR_PART before
   * `propago/selection` is imported or a `fit` has loaded it.
   */
  partialFit(x: Matrix, labels: Labels, options: ClassifierPartialFitOptions = {}): History {
    const given = readObject(options, "partialFit options", ["batchSize", "shuffle", "sampleWeights", "classes"]);
    const { classes, ...rest } = given as ClassifierPartialFitOptions;
    return this.trainFurther(x, labels, rest, classes);
  }

  /**
   * The model as plain JSON: options, labels, and networks with the scaling of their inputs; with `{ state: true }` also what
   * `partialFit` needs to go on to the same bits. `learningRate`: as for a Network.
   */
  toJSON(options?: ToJSONOptions | string) {
    return { ...this.describe(options), labels: this.fitted.codec.toJSON() };
  }

  /**
   * The classifier that `toJSON` gave.
   * @throws PropagoError ERR_FORMAT where `json` is something else.
   */
  static fromJSON(json: unknown): Classifier {
    const { saved, list, options, found } = readSaved(json, "classifier");
    const codec = LabelEncoder.fromJSON(saved.labels);
    const classifier = remade(() => new Classifier(options));
    classifier.fitted = { members: readMembers(list, false), codec, found };
    const { length } = codec.classes;
    const expected = length === 2 ? 1 : length;
    const { outputs } = classifier.fitted.members[0].network;
    if (outputs !== expected) {
      classifier.dispose();
      throw new PropagoError("ERR_FORMAT", `${length} labels need ${expected} outputs, found ${outputs}`);
    }
    return classifier;
  }
}
