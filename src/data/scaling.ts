// Brings columns to mean 0 and standard deviation 1, and back. Plain float64 arithmetic; nothing here knows networks.
import { PropagoError, show } from "../errors.ts";

/** Rows of numbers, as one flat array: `data[row * columns + column]`. */
export interface Rows {
  data: Float64Array;
  rows: number;
  columns: number;
}

/** What a `StandardScaler` remembers of each column. */
export interface ScalingJSON {
  mean: number[];
  scale: number[];
}

/** Subtracts each column's mean and divides by its standard deviation, as learnt from the training rows. */
export class StandardScaler {
  readonly mean: Float64Array;
  /** The standard deviations, with 1 for a column that does not vary. */
  readonly scale: Float64Array;

  private constructor(mean: Float64Array, scale: Float64Array) {
    this.mean = mean;
    this.scale = scale;
  }

  /**
   * Learns means and (population) standard deviations.
   * @param what how messages call the rows.
   * @throws PropagoError ERR_DATA without rows, ERR_RANGE where a column spans more than float64 can square.
   */
  static fit({ data, rows, columns }: Rows, what = "x"): StandardScaler {
    if (rows === 0) throw new PropagoError("ERR_DATA", `${what} has 0 rows; need at least 1`);
    const mean = new Float64Array(columns);
    const scale = new Float64Array(columns);
    for (let column = 0; column < columns; column++) {
      // Welford's update keeps the digits that a sum of squares would lose far from zero.
      let average = 0;
      let squares = 0;
      for (let row = 0; row < rows; row++) {
        const value = data[row * columns + column];
        const difference = value - average;
        average += difference / (row + 1);
        squares += difference * (value - average);
      }
      const deviation = Math.sqrt(squares / rows);
      if (!Number.isFinite(deviation)) {
        const advice = "divide it by a large number first";
        throw new PropagoError("ERR_RANGE", `${what}, column ${column}: values too large to scale; ${advice}`);
      }
      mean[column] = average;
      // What is left by rounding alone is no variation: dividing by it would blow noise up to size 1.
      const rounding = 4 * Number.EPSILON * Math.abs(average);
      scale[column] = deviation > rounding ? deviation : 1;
    }
    return new StandardScaler(mean, scale);
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
    return { mean: Array.from(this.mean), scale: Array.from(this.scale) };
  }

  /** @throws PropagoError ERR_FORMAT where `json` is not what `toJSON` gave. */
  static fromJSON(json: unknown, columns: number): StandardScaler {
    const { mean, scale } = (typeof json === "object" && json !== null ? json : {}) as Partial<ScalingJSON>;
    return new StandardScaler(numbers(mean, "mean", columns), numbers(scale, "scale", columns));
  }
}

function numbers(values: unknown, name: "mean" | "scale", columns: number): Float64Array {
  if (!Array.isArray(values) || values.length !== columns) {
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
