// Brings columns to mean 0 and standard deviation 1, and back. How these are learnt stands in selection/scaling.ts.
import { PropagoError, show } from "../ground/errors.ts";
import { isArray, isPlain } from "../ground/options.ts";
import type { FloatArray } from "../ground/arrays.ts";

/** Rows of numbers, as one flat array: `data[row * columns + column]`. */
export interface Rows {
  /** Bytes and float32 stay what they are: tables may be large. */
  data: FloatArray | Uint8Array;
  rows: number;
  columns: number;
}

/** What a `StandardScaler` remembers of each column. */
export interface ScalingJSON {
  mean: number[];
  scale: number[];
  /** How many rows it was learnt from, where more may still change it. */
  rows?: number;
}

/** Subtracts each column's mean and divides by its standard deviation, as learnt from the training rows. */
export class StandardScaler {
  readonly mean: Float64Array;
  /** The standard deviations, with 1 for a column that does not vary. */
  readonly scale: Float64Array;
  /** How many rows it was learnt from; Infinity, where it is not to change any more. */
  readonly rows: number;

  constructor(mean: Float64Array, scale: Float64Array, rows = Infinity) {
    // JSON knows no -0: with 0 in its place rows are scaled alike before and after saving.
    this.mean = mean.map((value) => value + 0);
    this.scale = scale;
    this.rows = rows;
  }

  get columns(): number {
    return this.mean.length;
  }

  /** Gives scaled rows as a new array. */
  transform({ data, columns }: Rows): Float64Array {
    const scaled = new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) {
      const column = i % columns;
      scaled[i] = (data[i] - this.mean[column]) / this.scale[column];
    }
    return scaled;
  }

  /** Undoes `transform`, in place. */
  restore(scaled: Float64Array): Float64Array {
    for (let i = 0; i < scaled.length; i++) {
      const column = i % this.columns;
      scaled[i] = scaled[i] * this.scale[column] + this.mean[column];
    }
    return scaled;
  }

  toJSON(): ScalingJSON {
    const json = { mean: Array.from(this.mean), scale: Array.from(this.scale) };
    return this.rows < Infinity ? { ...json, rows: this.rows } : json;
  }

  /** @throws PropagoError ERR_FORMAT where `json` is not what `toJSON` gave. */
  static fromJSON(json: unknown, columns: number): StandardScaler {
    const { mean, scale, rows } = (isPlain(json) ? json : {}) as Partial<ScalingJSON>;
    if (rows !== undefined && !(Number.isInteger(rows) && rows > 0)) {
      throw new PropagoError("ERR_FORMAT", `scaling.rows must be a count of rows, got ${show(rows)}`);
    }
    return new StandardScaler(numbers(mean, "mean", columns), numbers(scale, "scale", columns), rows);
  }
}

function numbers(values: unknown, name: "mean" | "scale", columns: number): Float64Array {
  if (!isArray(values) || values.length !== columns) {
    throw new PropagoError("ERR_FORMAT", `scaling.${name} must be an array of ${columns} numbers, got ${show(values)}`);
  }
  for (let i = 0; i < columns; i++) {
    const value: unknown = values[i];
    if (typeof value !== "number" || !Number.isFinite(value) || (name === "scale" && value <= 0)) {
      const expected = name === "scale" ? "a finite number > 0" : "a finite number";
      throw new PropagoError("ERR_FORMAT", `scaling.${name}[${i}] must be ${expected}, got ${show(value)}`);
    }
  }
  return Float64Array.from(values as number[]);
}
