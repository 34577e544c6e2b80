// Matrices as users pass them: their shapes, and the checks that name a bad cell by row and column.
import { PropagoError, show } from "../ground/errors.ts";
import type { Matrix } from "./data.ts";
import type { FloatArray, NumericArray } from "../ground/arrays.ts";

/** A matrix as it came, with its rows counted and its shape checked, but not yet its values. */
export interface Source {
  /** What messages call it: "x" or "y". */
  name: string;
  rows: number;
  columns: number;
  /** All values in a row, or row by row. */
  data: NumericArray | readonly number[] | readonly (readonly number[] | NumericArray)[];
  nested: boolean;
}

const TYPED = "a Float32Array, Float64Array or integer array up to 32 bits";

/** True for the typed arrays whose numbers can be samples. */
export function isNumericArray(value: unknown): value is NumericArray {
  return (
    value instanceof Float32Array ||
    value instanceof Float64Array ||
    value instanceof Uint8Array ||
    value instanceof Uint8ClampedArray ||
    value instanceof Int8Array ||
    value instanceof Uint16Array ||
    value instanceof Int16Array ||
    value instanceof Uint32Array ||
    value instanceof Int32Array
  );
}

/** Refuses what looks like an array of numbers but holds none: other views, and arrays whose memory has gone. */
export function checkTyped(value: unknown, name: string): void {
  if (!ArrayBuffer.isView(value)) return;
  if (!isNumericArray(value)) {
    throw new PropagoError("ERR_DATA", `${name} is ${show(value)}; pass ${TYPED}, or rows of numbers`);
  }
  if (value.length > 0 || value.buffer instanceof SharedArrayBufferOrNone) return;
  try {
    new Uint8Array(value.buffer);
  } catch {
    throw new PropagoError(
      "ERR_DATA",
      `${name}'s ArrayBuffer is detached: it was transferred, or a WebAssembly memory under it has grown; pass a copy`,
    );
  }
}

/** Pages without cross-origin isolation have no SharedArrayBuffer at all. */
const SharedArrayBufferOrNone: { new (length: number): object } =
  typeof SharedArrayBuffer === "undefined" ? class None {} : SharedArrayBuffer;

/** Reads the shape of rows with `columns` values each; without them, with as many as the first row has. */
export function readMatrix(value: Matrix, name: string, columns?: number): Source {
  const source = readShape(value, name, columns);
  if (source.rows === 0) {
    const shape = columns === undefined ? "" : ` (0×${columns})`;
    throw new PropagoError("ERR_DATA", `${name} has 0 rows${shape}; it needs at least 1`);
  }
  return source;
}

export function readShape(value: unknown, name: string, columns?: number): Source {
  checkTyped(value, name);
  if (isNumericArray(value)) {
    if (columns === undefined) {
      throw new PropagoError("ERR_SHAPE", `${name} is 1-D (length ${value.length}); pass rows, or { data, shape }`);
    }
    if (value.length % columns !== 0) {
      throw new PropagoError(
        "ERR_SHAPE",
        `${name} has ${value.length} values, which is no multiple of the ${columns} that a row has`,
      );
    }
    return { name, rows: value.length / columns, columns, data: value, nested: false };
  }
  if (Array.isArray(value)) return readRows(value, name, columns);
  if (typeof value === "object" && value !== null && "data" in value && "shape" in value) {
    return readShaped(value, name, columns);
  }
  throw new PropagoError("ERR_DATA", `${name} is ${show(value)}; pass ${TYPED}, { data, shape }, or an array of rows`);
}

function readShaped({ data, shape }: { data: unknown; shape: unknown }, name: string, columns?: number): Source {
  if (
    !Array.isArray(shape) ||
    shape.length !== 2 ||
    !shape.every((n) => typeof n === "number" && Number.isSafeInteger(n) && n >= 0)
  ) {
    throw new PropagoError(
      "ERR_SHAPE",
      `${name}.shape must be [rows, columns], got ${JSON.stringify(shape) ?? show(shape)}`,
    );
  }
  checkTyped(data, `${name}.data`);
  if (!isNumericArray(data) && !Array.isArray(data)) {
    throw new PropagoError("ERR_DATA", `${name}.data is ${show(data)}; pass ${TYPED}, or an array of numbers`);
  }
  const [rows, width] = shape as [number, number];
  if (data.length !== rows * width) {
    throw new PropagoError(
      "ERR_SHAPE",
      `${name}.data has ${data.length} values, shape ${rows}×${width} needs ${rows * width}`,
    );
  }
  checkColumns(width, name, columns);
  return { name, rows, columns: width, data: data as NumericArray | number[], nested: false };
}

function readRows(value: readonly unknown[], name: string, columns?: number): Source {
  const [first] = value;
  if (typeof first === "number") {
    throw new PropagoError(
      "ERR_SHAPE",
      `${name} is 1-D (length ${value.length}); pass rows such as [[…], […]], or { data, shape: [rows, columns] }`,
    );
  }
  let width = -1;
  for (let row = 0; row < value.length; row++) {
    const cells: unknown = value[row];
    if (!Array.isArray(cells) && !isNumericArray(cells)) {
      throw new PropagoError(
        "ERR_SHAPE",
        `${name}[${row}] is ${show(cells)}, expected a row of ${columns === undefined ? "" : `${columns} `}numbers`,
      );
    }
    if (width === -1) {
      width = cells.length;
      checkColumns(width, name, columns);
    } else if (cells.length !== width) {
      throw new PropagoError("ERR_SHAPE", `${name}: row ${row} has ${cells.length} values, row 0 has ${width}`);
    }
  }
  return { name, rows: value.length, columns: Math.max(width, 0), data: value as (readonly number[])[], nested: true };
}

function checkColumns(width: number, name: string, columns?: number): void {
  if (width === 0) throw new PropagoError("ERR_DATA", `${name} has 0 columns; it needs ${columns ?? "at least 1"}`);
  if (columns === undefined || width === columns) return;
  throw new PropagoError("ERR_SHAPE", `${name} has ${width} columns, the network was built for ${columns}`);
}

/** Up to so many values, a loop is faster than a call of `set`. */
export const FEW = 32;

/** Copies `from` to `to`, from `at` on. */
function copy(from: NumericArray | readonly number[], to: FloatArray, at: number): void {
  if (from.length > FEW) to.set(from, at);
  else for (let i = 0; i < from.length; i++) to[at + i] = from[i];
}

/**
 * Copies `rows` rows from `first` on to `to`, from `at` on, each value checked to be a number; whether they are finite is
 * the caller's to ask.
 */
export function copyValues(source: Source, to: FloatArray, at = 0, first = 0, rows = source.rows): void {
  const { columns, name } = source;
  if (!source.nested) {
    let data = source.data as NumericArray | readonly number[];
    if (rows < source.rows) {
      const [from, end] = [first * columns, (first + rows) * columns];
      data = ArrayBuffer.isView(data) ? data.subarray(from, end) : data.slice(from, end);
    }
    if (!ArrayBuffer.isView(data)) checkCells(data, first, columns, name);
    copy(data, to, at);
    return;
  }
  const lines = source.data as readonly (readonly number[] | NumericArray)[];
  for (let row = 0; row < rows; row++) {
    const line = lines[first + row];
    if (!ArrayBuffer.isView(line)) checkCells(line, first + row, columns, name);
    copy(line, to, at + row * columns);
  }
}

/** Refuses cells that are no numbers, which a typed array would turn into NaN, 0 or 1 silently. */
function checkCells(cells: readonly unknown[], firstRow: number, columns: number, name: string): void {
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i];
    if (typeof cell === "number") continue;
    const at = `${name}[${firstRow + Math.floor(i / columns)}, ${i % columns}]`;
    if (typeof cell === "string") {
      throw new PropagoError(
        "ERR_DATA",
        `${at} is ${show(cell)} (string), expected a number; encode categories first, for example as one column each`,
      );
    }
    throw new PropagoError("ERR_DATA", `${at} is ${show(cell)}, expected a number`);
  }
}

/** What is wrong with the first number that is not finite among those copied. */
export function nonFinite(source: Source, copied: FloatArray, first: number): PropagoError {
  const { columns, name, nested } = source;
  const row = Math.floor(first / columns);
  const column = first % columns;
  const lines = source.data as readonly (readonly number[])[];
  const value = nested ? lines[row][column] : (source.data as readonly number[])[first];
  const at = columns === 1 ? `${name}[row ${row}]` : `${name}[row ${row}, column ${column}]`;
  if (Number.isFinite(value)) {
    return new PropagoError(
      "ERR_RANGE",
      `${at} = ${value} overflows float32; scale the column, or use dtype: "float64"`,
    );
  }
  let count = 0;
  for (const number of copied) if (!Number.isFinite(number)) count++;
  const cells = count === 1 ? "the only such cell" : `${count} such cells`;
  return new PropagoError("ERR_NONFINITE", `${at} is ${value} (${cells}); remove these rows or fill in a number`);
}
