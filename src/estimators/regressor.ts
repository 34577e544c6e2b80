// Regressor: rows in, numbers out. What it shares with Classifier stands in estimator.ts.
import type { ToJSONOptions } from "../description/options.ts";
import { readObject } from "../ground/options.ts";
import { SELECTION } from "./job.ts";
import { Estimator } from "./estimator.ts";
import type { Kind } from "./kind.ts";
import type { EstimatorOptions, PartialFitOptions } from "./options.ts";
import { readMembers, readSaved, remade } from "./saved.ts";
import type { TableLike } from "../data/tabular.ts";
import type { Matrix, Targets } from "../data/data.ts";
import type { History } from "../training/reports.ts";

/** What is predicted for each row, and between which numbers the target lies with the probability that was asked for. */
export interface Interval {
  /** What is predicted, as without `interval`. */
  prediction: Float64Array;
  /** The lower ends. */
  lower: Float64Array;
  /** The upper ends. */
  upper: Float64Array;
}

const REGRESSOR: Kind = { name: "regressor", metric: "r2" };

/**
 * Learns to predict one number or several for a row. It scales inputs and targets; predictions, losses and metrics are in
 * the targets' own units.
 *
 * ```ts
 * const regressor = new Regressor({ hidden: [8] });
 * await regressor.fit([[1], [2], [3], [4]], [10, 20, 30, 40]);
 * regressor.predict([[2.5]]); // about 25
 * ```
 */
export class Regressor extends Estimator<Targets, number> {
  /** @throws PropagoError ERR_CONFIG for an unknown option or hidden layers that cannot be. */
  constructor(options: EstimatorOptions = {}) {
    super(options, REGRESSOR);
  }

  /**
   * Gives the numbers predicted for each row, rows × outputs. With `interval: 0.9`, also between which numbers nine of ten
   * new targets lie: by how far predictions of rows that were left out in training were off (cross-conformal, Vovk 2015).
   * @throws PropagoError ERR_NOT_FITTED before `fit`, ERR_SHAPE for rows of another width, ERR_CONFIG for an interval that
   * so few rows cannot tell; in a page ERR_PART for one before `propago/selection` is there.
   */
  predict(x: Matrix | TableLike): Float64Array;
  predict(x: Matrix | TableLike, options: { interval: number }): Interval;
  predict(x: Matrix | TableLike, options: { interval?: number } = {}): Float64Array | Interval {
    const { interval } = readObject(options, "predict options", ["interval"]);
    const prediction = this.predictRaw(x) as Float64Array;
    if (interval === undefined) return prediction;
    const { residuals } = this.fitted.found ?? {};
    return { prediction, ...SELECTION.need("interval").intervalOf(residuals, interval, prediction) };
  }

  /**
   * Trains one epoch on more rows and goes on from where the model stands; the first call of all makes the model. The
   * scaling is learnt from its first thousand rows.
   * @throws PropagoError ERR_PART in a page, before `propago/selection` is imported or a `fit` has loaded it.
   */
  partialFit(x: Matrix, targets: Targets, options: PartialFitOptions = {}): History {
    const given = readObject(options, "partialFit options", ["batchSize", "shuffle", "sampleWeights"]);
    return this.trainFurther(x, targets, given as PartialFitOptions);
  }

  /**
   * The model as plain JSON: options, and networks with the scaling of their inputs and targets; with `{ state: true }` also
   * what `partialFit` needs to go on to the same bits. `learningRate`: as for a Network.
   */
  toJSON(options?: ToJSONOptions | string) {
    return this.describe(options);
  }

  /**
   * The regressor that `toJSON` gave.
   * @throws PropagoError ERR_FORMAT where `json` is something else.
   */
  static fromJSON(json: unknown): Regressor {
    const { list, options, found } = readSaved(json, "regressor");
    const regressor = remade(() => new Regressor(options));
    const members = readMembers(list, true);
    regressor.fitted = { members, codec: members[0].network.outputs, found };
    return regressor;
  }
}
