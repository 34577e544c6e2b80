// Classifier: rows in, class labels out. The training itself stands in estimator.ts.
import { LabelEncoder } from "./data/labels.ts";
import type { Label, Labels } from "./data/labels.ts";
import { readObject } from "./check.ts";
import { PropagoError, show } from "./errors.ts";
import { Estimator, readSaved } from "./estimator.ts";
import type { EstimatorOptions, Output, PartialFitOptions } from "./estimator.ts";
import { Network } from "./network.ts";
import { readClassWeights } from "./weighting.ts";
import type { ClassWeights, FloatArray, History, Matrix } from "./types.ts";

export interface ClassifierOptions extends EstimatorOptions {}

export interface ClassifierPartialFitOptions extends PartialFitOptions {
  /** All classes that will ever come, in the first call; without it, those of that call's labels. */
  classes?: Labels;
}

/** What `Classifier.toJSON` gives. */
export type ClassifierJSON = ReturnType<Classifier["toJSON"]>;

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
    super(options, "Classifier");
  }

  /** The classes in the order in which `predictProbabilities` gives them: numbers ascending, strings by code point. */
  get classes(): readonly Label[] {
    return this.fitted.codec.classes;
  }

  /**
   * Gives the most probable class of each row.
   * @throws PropagoError ERR_NOT_FITTED before `fit`, ERR_SHAPE for rows of another width.
   */
  predict(x: Matrix): Label[] {
    const count = this.classes.length;
    const probabilities = this.predictProbabilities(x);
    const best = new Int32Array(probabilities.length / count);
    for (let row = 0; row < best.length; row++) {
      for (let c = 1; c < count; c++) {
        if (probabilities[row * count + c] > probabilities[row * count + best[row]]) best[row] = c;
      }
    }
    return this.fitted.codec.decode(best);
  }

  /** Gives each class's probability, rows × classes, in the order of `classes`. */
  predictProbabilities(x: Matrix): FloatArray {
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
   * learns scaling and classes from its rows.
   * @throws PropagoError ERR_DATA for a label that is none of the model's classes.
   */
  partialFit(x: Matrix, labels: Labels, options: ClassifierPartialFitOptions = {}): History {
    readObject(options, "partialFit options", ["batchSize", "shuffle", "sampleWeights", "classes"]);
    const { classes, ...rest } = options;
    return this.trainFurther(
      x,
      labels,
      rest,
      () => new LabelEncoder(classes ?? labels, classes ? "classes" : "labels"),
    );
  }

  /** The model as plain JSON: options, scaling, labels, network. */
  toJSON() {
    return { ...this.describe(), labels: this.fitted.codec.toJSON() };
  }

  /** @throws PropagoError ERR_FORMAT where `json` is not what `toJSON` gave. */
  static fromJSON(json: unknown): Classifier {
    const saved = readSaved(json, "classifier", "labels");
    const codec = LabelEncoder.fromJSON(saved.codec);
    const classifier = new Classifier(saved.options);
    classifier.fitted = { network: Network.fromJSON(saved.network), scaling: saved.scaling, codec };
    const expected = outputsFor(codec.classes.length);
    const found = classifier.fitted.network.outputs;
    if (found !== expected) {
      classifier.dispose();
      throw new PropagoError("ERR_FORMAT", `${codec.classes.length} labels need ${expected} outputs, found ${found}`);
    }
    return classifier;
  }

  protected get kind() {
    return "classifier";
  }

  protected get metric() {
    return "accuracy" as const;
  }

  protected get targetName() {
    return "labels";
  }

  protected rowsOf(labels: Labels): number {
    if (typeof labels === "object" && labels !== null && Number.isSafeInteger(labels.length)) return labels.length;
    throw new PropagoError("ERR_DATA", `labels is ${show(labels)}; expected an array with one label for each row`);
  }

  protected learn(labels: Labels): LabelEncoder {
    return new LabelEncoder(labels);
  }

  protected encode(codec: LabelEncoder, labels: Labels, _rows: number, prefix = ""): Int32Array {
    const indices = codec.encode(labels, `${prefix}labels`);
    // The one output of a single class is its probability.
    return codec.classes.length === 1 ? indices.fill(1) : indices;
  }

  protected classWeights(value: ClassWeights | undefined, { classes }: LabelEncoder): ClassWeights | undefined {
    // Balanced ones are counted where the rows are.
    return value === undefined || value === "balanced" ? value : readClassWeights(value, classes);
  }

  protected output(codec: LabelEncoder): Output {
    const count = codec.classes.length;
    const units = outputsFor(count);
    if (count === 2)
      return { layer: { type: "dense", units, activation: "sigmoid" }, loss: "binaryCrossEntropy", classes: 2 };
    const layer = { type: "dense", units, activation: "softmax" } as const;
    return { layer, loss: "categoricalCrossEntropy", classes: count === 1 ? 0 : count };
  }
}

/** How many outputs a network has for so many classes. */
function outputsFor(classes: number): number {
  return classes === 2 ? 1 : classes;
}
