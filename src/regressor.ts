// Regressor: rows in, numbers out. The training itself stands in estimator.ts.
import { readObject } from "./check.ts";
import { readRows } from "./data/rows.ts";
import { StandardScaler } from "./data/scaling.ts";
import type { Rows } from "./data/scaling.ts";
import { PropagoError, show } from "./errors.ts";
import { Estimator, readSaved } from "./estimator.ts";
import type { EstimatorOptions, Output, PartialFitOptions } from "./estimator.ts";
import { Network } from "./network.ts";
import type { ClassWeights, History, Matrix, Targets } from "./types.ts";

export interface RegressorOptions extends EstimatorOptions {}

/** What `Regressor.toJSON` gives. */
export type RegressorJSON = ReturnType<Regressor["toJSON"]>;

/**
 * Learns to predict one number or several for a row. It scales inputs and targets, and gives predictions in the
 * targets' own units; the losses that it reports are of the scaled targets.
 *
 * ```ts
 * const regressor = new Regressor({ hidden: [8] });
 * await regressor.fit([[1], [2], [3], [4]], [10, 20, 30, 40]);
 * regressor.predict([[2.5]]); // about 25
 * ```
 */
export class Regressor extends Estimator<Targets, StandardScaler> {
  /** @throws PropagoError ERR_CONFIG for an unknown option or hidden layers that cannot be. */
  constructor(options: RegressorOptions = {}) {
    super(options, "Regressor");
  }

  /**
   * Gives the numbers predicted for each row, rows × outputs.
   * @throws PropagoError ERR_NOT_FITTED before `fit`, ERR_SHAPE for rows of another width.
   */
  predict(x: Matrix): Float64Array {
    // In float64, whatever the network computes in: targets such as times in milliseconds need the digits.
    return this.fitted.codec.restore(Float64Array.from(this.predictRaw(x)));
  }

  /**
   * Trains one epoch on more rows and goes on from where the model stands; the first call of all makes the model, and
   * learns the scaling from its rows.
   */
  partialFit(x: Matrix, targets: Targets, options: PartialFitOptions = {}): History {
    readObject(options, "partialFit options", ["batchSize", "shuffle", "sampleWeights"]);
    return this.trainFurther(x, targets, options, (rows) => this.learn(targets, rows));
  }

  /** The model as plain JSON: options, scaling of inputs and targets, network. */
  toJSON() {
    return { ...this.describe(), targetScaling: this.fitted.codec.toJSON() };
  }

  /** @throws PropagoError ERR_FORMAT where `json` is not what `toJSON` gave. */
  static fromJSON(json: unknown): Regressor {
    const saved = readSaved(json, "regressor", "targetScaling");
    const regressor = new Regressor(saved.options);
    const network = Network.fromJSON(saved.network);
    regressor.fitted = {
      network,
      scaling: saved.scaling,
      codec: StandardScaler.fromJSON(saved.codec, network.outputs),
    };
    return regressor;
  }

  protected get kind() {
    return "regressor";
  }

  protected get metric() {
    return "r2" as const;
  }

  protected get targetName() {
    return "targets";
  }

  protected rowsOf(targets: Targets): number | undefined {
    if (Array.isArray(targets)) return targets.length;
    if (ArrayBuffer.isView(targets)) return undefined;
    if (typeof targets === "object" && targets !== null && "shape" in targets) {
      return Array.isArray(targets.shape) ? (targets.shape as readonly number[])[0] : undefined;
    }
    throw new PropagoError(
      "ERR_DATA",
      `targets is ${show(targets)}; expected one number, or a row of them, for each row`,
    );
  }

  protected learn(targets: Targets, rows: number): StandardScaler {
    return StandardScaler.fit(readTargets(targets, rows), "targets");
  }

  protected encode(codec: StandardScaler, targets: Targets, rows: number, prefix = ""): Float64Array {
    const read = readTargets(targets, rows, prefix);
    if (read.columns !== codec.columns) {
      const expected = `the model was built for ${codec.columns}`;
      throw new PropagoError("ERR_SHAPE", `${prefix}targets has ${read.columns} numbers a row, ${expected}`);
    }
    return codec.transform(read);
  }

  protected classWeights(value: ClassWeights | undefined): undefined {
    if (value === undefined) return;
    throw new PropagoError("ERR_CONFIG", "classWeights are for a Classifier; a Regressor takes sampleWeights");
  }

  protected output(codec: StandardScaler): Output {
    const layer = { type: "dense", units: codec.columns, activation: "linear" } as const;
    return { layer, loss: "meanSquaredError", classes: 0 };
  }
}

/** Targets as rows: a plain array of numbers is one column. */
function readTargets(targets: Targets, rows: number, prefix = ""): Rows {
  const isFlat = Array.isArray(targets) && !Array.isArray(targets[0]) && !ArrayBuffer.isView(targets[0]);
  const matrix = isFlat ? { data: targets as readonly number[], shape: [rows, 1] } : (targets as Matrix);
  return readRows(matrix, `${prefix}targets`, { rows });
}
