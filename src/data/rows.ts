// Rows of samples in any form that users pass, as one flat float64 array. It refuses what no network can use.
import { PropagoError, show } from "../errors.ts";
import type { Matrix } from "../types.ts";
import type { Rows } from "./scaling.ts";

/**
 * Copies samples into one flat array.
 * @param what how messages call them.
 * @param expected how many rows there must be (then a flat array's columns follow), and how many columns.
 * @throws PropagoError ERR_SHAPE for rows or columns that do not fit, ERR_DATA for what is no number, ERR_NONFINITE for
 * NaN and infinities.
 */
export function readRows(x: Matrix, what: string, expected: { rows?: number; columns?: number } = {}): Rows {
  const rows = ArrayBuffer.isView(x)
    ? fromFlat(x, what, expected)
    : Array.isArray(x)
      ? fromNested(x as readonly unknown[], what)
      : fromShaped(x, what);
  if (rows.rows === 0) throw new PropagoError("ERR_DATA", `${what} has 0 rows; need at least 1`);
  if (rows.columns === 0) throw new PropagoError("ERR_DATA", `${what} has 0 columns; need at least 1`);
  if (expected.columns !== undefined && rows.columns !== expected.columns) {
    const built = `the model was built for ${expected.columns}`;
    throw new PropagoError("ERR_SHAPE", `${what} has ${rows.columns} values a row, ${built}`);
  }
  checkNumbers(rows, what);
  return rows;
}

function fromFlat(x: ArrayBufferView, what: string, { rows, columns }: { rows?: number; columns?: number }): Rows {
  const values = checkedArray(x, what);
  if (columns === undefined && rows !== undefined && rows > 0) columns = values.length / rows;
  if (columns === undefined) {
    throw new PropagoError("ERR_SHAPE", `${what} is 1-D (length ${values.length}); pass rows or { data, shape }`);
  }
  const count = values.length / columns;
  if (!Number.isInteger(columns) || !Number.isInteger(count)) {
    const reason = Number.isInteger(columns) ? `${columns} values a row` : `${rows} rows`;
    throw new PropagoError("ERR_SHAPE", `${what} has ${values.length} values, which do not fill ${reason}`);
  }
  return { data: Float64Array.from(values), rows: count, columns };
}

function fromShaped(x: unknown, what: string): Rows {
  if (typeof x !== "object" || x === null || !("data" in x) || !("shape" in x)) {
    const expected = "expected an array of rows, a typed array, or { data, shape }";
    throw new PropagoError("ERR_DATA", `${what} is ${show(x)}; ${expected}`);
  }
  const { data, shape } = x;
  if (!Array.isArray(shape) || shape.length !== 2 || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new PropagoError("ERR_SHAPE", `${what}.shape must be [rows, columns]`);
  }
  const [rows, columns] = shape as number[];
  const values = ArrayBuffer.isView(data) ? checkedArray(data, `${what}.data`) : data;
  if (!Array.isArray(values) && !ArrayBuffer.isView(values)) {
    throw new PropagoError(
      "ERR_DATA",
      `${what}.data is ${show(values)}; expected a typed array or an array of numbers`,
    );
  }
  const flat = values as ArrayLike<unknown>;
  if (flat.length !== rows * columns) {
    const needed = `shape ${rows}×${columns} needs ${rows * columns}`;
    throw new PropagoError("ERR_SHAPE", `${what}.data has ${flat.length} values, ${needed}`);
  }
  const copy = new Float64Array(flat.length);
  for (let i = 0; i < copy.length; i++) copy[i] = numberIn(flat[i], what, i, columns);
  return { data: copy, rows, columns };
}

function fromNested(x: readonly unknown[], what: string): Rows {
  if (x.length === 0) return { data: new Float64Array(0), rows: 0, columns: 0 };
  if (typeof x[0] === "number") {
    const advice = "pass an array of rows, or { data, shape: [rows, columns] }";
    throw new PropagoError("ERR_SHAPE", `${what} is 1-D (length ${x.length}); ${advice}`);
  }
  const columns = rowAt(x, 0, what).length;
  // Looking at the last row first refuses an array of a billion holes before memory is asked for.
  rowAt(x, x.length - 1, what);
  const data = new Float64Array(x.length * columns);
  for (let row = 0; row < x.length; row++) {
    const values = rowAt(x, row, what);
    if (values.length !== columns) {
      const ragged = `${what} row ${row} has ${values.length} values, row 0 has ${columns}`;
      throw new PropagoError("ERR_SHAPE", ragged);
    }
    for (let column = 0; column < columns; column++) {
      const i = row * columns + column;
      data[i] = numberIn(values[column], what, i, columns);
    }
  }
  return { data, rows: x.length, columns };
}

function rowAt(x: readonly unknown[], row: number, what: string): ArrayLike<unknown> {
  const values = x[row];
  if (Array.isArray(values)) return values as unknown[];
  if (ArrayBuffer.isView(values)) return checkedArray(values, `${what}[${row}]`);
  throw new PropagoError("ERR_DATA", `${what}[${row}] is ${show(values)}; expected a row of numbers`);
}

/** A typed array of ordinary numbers whose memory is still there. */
function checkedArray(view: ArrayBufferView, what: string): ArrayLike<number> {
  if (view instanceof DataView || view instanceof BigInt64Array || view instanceof BigUint64Array) {
    throw new PropagoError("ERR_DATA", `${what} is ${show(view)}; expected a typed array of numbers`);
  }
  try {
    new Uint8Array(view.buffer);
  } catch (cause) {
    const reason = "its ArrayBuffer is detached (was it transferred?)";
    throw new PropagoError("ERR_DATA", `${what} cannot be read: ${reason}`, { cause });
  }
  return view as unknown as ArrayLike<number>;
}

function numberIn(value: unknown, what: string, i: number, columns: number): number {
  if (typeof value === "number") return value;
  const place = `${what}[${Math.floor(i / columns)}, ${i % columns}]`;
  const advice = typeof value === "string" ? "; turn words into numbers first, one 0-or-1 column for each" : "";
  throw new PropagoError("ERR_DATA", `${place} is ${show(value)}, expected a number${advice}`);
}

function checkNumbers({ data, columns }: Rows, what: string): void {
  let first = -1;
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    if (first < 0) first = i;
    count += 1;
  }
  if (count === 0) return;
  const place = `${what}[row ${Math.floor(first / columns)}, column ${first % columns}]`;
  const more = count > 1 ? ` (${count} such values)` : "";
  throw new PropagoError("ERR_NONFINITE", `${place} is ${data[first]}${more}; replace it or leave the row out`);
}
