// Rows of samples in any form that users pass, as one flat float64 array.
import { PropagoError } from "../ground/errors.ts";
import { OWNED } from "../ground/marks.ts";
import { copyValues, nonFinite, readMatrix, readTyped } from "./matrix.ts";
import { lengthOf } from "./typed.ts";
import type { Rows } from "./scaling.ts";
import type { Matrix } from "./data.ts";

/**
 * Copies samples into one flat array.
 * @param what how messages call them.
 * @param expected how many rows there must be (then a flat array's columns follow), and how many columns.
 * @throws PropagoError ERR_SHAPE for rows or columns that do not fit, ERR_DATA for what is no number, ERR_NONFINITE for
 * NaN and infinities.
 */
export function readRows(x: Matrix, what: string, expected: { rows?: number; columns?: number } = {}): Rows {
  const { rows = 0 } = expected;
  let { columns } = expected;
  const typed = columns === undefined && rows > 0 ? readTyped(x, what) : undefined;
  if (typed && lengthOf(typed) > 0) {
    columns = lengthOf(typed) / rows;
    if (!Number.isInteger(columns)) {
      throw new PropagoError("ERR_SHAPE", `${what} has ${lengthOf(typed)} values, which do not fill ${rows} rows`);
    }
  }
  const source = readMatrix(x, what, columns);
  const { data: given } = source;
  const isOwned = OWNED in x;
  if (isOwned && given instanceof Uint8Array) return { data: given, rows: source.rows, columns: source.columns };
  const data = new (
    given instanceof Uint8Array ? Uint8Array : given instanceof Float32Array ? Float32Array : Float64Array
  )(source.rows * source.columns);
  copyValues(source, data);
  const bad = (data as Float64Array).findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw nonFinite(source, data as Float64Array, bad);
  return { data, rows: source.rows, columns: source.columns };
}
