// How a table's columns become a network's inputs: scaled numbers, and curves of single columns beside them. What is
// scaled how is decided while a model is searched for (selection/encodings.ts); here it is only applied and kept.
import { StandardScaler } from "../data/scaling.ts";
import type { Rows, ScalingJSON } from "../data/scaling.ts";
import { copied, isArray, isPlain } from "../ground/options.ts";
import { PropagoError } from "../ground/errors.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";

/** A function of one column: straight lines between points, constant beyond the first and the last. */
export interface Curve {
  column: number;
  /** Ascending. */
  from: readonly number[];
  to: readonly number[];
}

export interface FeaturesJSON extends ScalingJSON {
  /** Large values are drawn in: z / √(1 + (z / 3)²), which stays within ±3. */
  soft?: boolean;
  /** Columns of which the curves alone are inputs. */
  replaced?: readonly number[];
  curves?: readonly Curve[];
}

export type MoreFeatures = Omit<FeaturesJSON, keyof ScalingJSON>;

/** Turns rows as users have them into rows of inputs. */
export class Features {
  readonly scaler: StandardScaler;
  readonly #soft: boolean;
  readonly #kept: readonly number[];
  /** What there is beside the scaler. */
  readonly more: MoreFeatures;
  readonly #curves: readonly Curve[];

  constructor(scaler: StandardScaler, more: MoreFeatures = {}) {
    const { soft = false, replaced = [], curves = [] } = more;
    this.scaler = scaler;
    this.#soft = soft;
    this.more = more;
    this.#curves = curves;
    this.#kept = [...scaler.mean.keys()].filter((column) => !replaced.includes(column));
  }

  /** How many columns a row has that comes in. */
  get columns(): number {
    return this.scaler.columns;
  }

  /** How many inputs it becomes. */
  get inputs(): number {
    return this.#kept.length + this.#curves.length;
  }

  /** Gives the inputs of rows, row by row, for a network of this precision. */
  transform({ data, rows, columns }: Rows, dtype: DType): FloatArray {
    const out = new (dtype === "float64" ? Float64Array : Float32Array)(rows * this.inputs);
    const { mean, scale } = this.scaler;
    let at = 0;
    for (let row = 0; row < rows * columns; row += columns) {
      for (const column of this.#kept) {
        // What lies far beyond all known rows stays a number that can be computed with.
        const z = Math.max(-FAR, Math.min(FAR, (data[row + column] - mean[column]) / scale[column]));
        out[at++] = this.#soft ? z / Math.sqrt(1 + (z * z) / 9) : z;
      }
      for (const { column, from, to } of this.#curves) out[at++] = interpolate(data[row + column], from, to);
    }
    return out;
  }

  toJSON(): FeaturesJSON {
    return { ...this.scaler.toJSON(), ...copied(this.more) };
  }

  /** @throws PropagoError ERR_FORMAT where `json` is not what `toJSON` gave for so many inputs. */
  static fromJSON(json: unknown, inputs: number): Features {
    const { mean, scale, rows, ...rest } = (isPlain(json) ? json : {}) as Partial<FeaturesJSON>;
    const more = copied(rest);
    const { curves = [], replaced = [] } = more;
    const bad = new PropagoError("ERR_FORMAT", "scaling.curves and replaced must be of its columns");
    if (!isArray(curves) || !isArray(replaced) || curves.length + replaced.length > 1e6) throw bad;
    const scaler = StandardScaler.fromJSON({ mean, scale, rows }, inputs - curves.length + replaced.length);
    const isColumn = (column: unknown): boolean => Number.isInteger(column) && (column as number) in scaler.mean;
    const isCurve = (curve: Curve | null): boolean => {
      const { column, from, to } = curve ?? {};
      if (!isColumn(column) || !areFinite(from) || !areFinite(to)) return false;
      return from.length > 0 && from.length === to.length && from.every((value, i) => i === 0 || value > from[i - 1]);
    };
    if (typeof (more.soft ?? false) !== "boolean")
      throw new PropagoError("ERR_FORMAT", "scaling.soft must be true or false");
    if (!(Array.from(curves as Curve[]).every(isCurve) && Array.from(replaced).every(isColumn))) throw bad;
    return new Features(scaler, more);
  }
}

/** Deviations from the mean that are as good as any more. */
const FAR = 1e6;

/** The curve's value at x. */
function interpolate(x: number, from: readonly number[], to: readonly number[]): number {
  let i = 0;
  while (i < from.length && from[i] < x) i++;
  if (i === 0) return to[0];
  if (i === from.length) return to[i - 1];
  return to[i - 1] + ((to[i] - to[i - 1]) * (x - from[i - 1])) / (from[i] - from[i - 1]);
}

function areFinite(values: unknown): values is number[] {
  return isArray(values) && values.length < 1e6 && Array.from(values).every(Number.isFinite);
}
