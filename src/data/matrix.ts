// Matrices as users pass them: their shapes, and the checks that name a bad cell by row and column.
import { PropagoError, UNSEEN, show } from "../ground/errors.ts";
import { isArray } from "../ground/options.ts";
import type { Matrix } from "./data.ts";
import type { FloatArray, NumericArray } from "../ground/arrays.ts";
import { isDetached, lengthOf, numericArray, part } from "./typed.ts";

/** A matrix that was read once, so that nothing that its owner does later matters. Its values may still be anything. */
export interface Source {
  /** What messages call it: "x" or "y". */
  name: string;
  rows: number;
  columns: number;
  /** All values, row by row: the user's own array where it is a typed one, otherwise a copy. */
  data: NumericArray;
}

const TYPED = "a Float32Array, Float64Array or integer array up to 32 bits";

/**
 * The typed array of numbers that a value is; nothing for values of other kinds.
 * @throws PropagoError ERR_DATA for what looks like one but holds no numbers: other views, arrays whose memory has gone, and
 * proxies that were revoked.
 */
export function readTyped(value: unknown, name: string): NumericArray | undefined {
  if (isArray(value)) return undefined;
  const typed = numericArray(value);
  if (typed === undefined) {
    if (!ArrayBuffer.isView(value) && show(value) !== UNSEEN) return undefined;
    throw new PropagoError("ERR_DATA", `${name} is ${show(value)}; pass ${TYPED}, or rows of numbers`);
  }
  if (!isDetached(typed)) return typed;
  throw new PropagoError(
    "ERR_DATA",
    `${name}'s ArrayBuffer is detached: it was transferred, or a WebAssembly memory under it has grown; pass a copy`,
  );
}

/** Reads rows with `columns` values each; without them, with as many as the first row has. */
export function readMatrix(value: Matrix, name: string, columns?: number): Source {
  const source = readShape(value, name, columns);
  if (source.rows === 0) {
    const shape = columns === undefined ? "" : ` (0×${columns})`;
    throw new PropagoError("ERR_DATA", `${name} has 0 rows${shape}; it needs at least 1`);
  }
  return source;
}

export function readShape(value: unknown, name: string, columns?: number): Source {
  const data = readTyped(value, name);
  if (data !== undefined) {
    const length = lengthOf(data);
    if (columns === undefined) {
      throw new PropagoError("ERR_SHAPE", `${name} is 1-D (length ${length}); pass rows, or { data, shape }`);
    }
    if (length % columns !== 0) {
      throw new PropagoError(
        "ERR_SHAPE",
        `${name} has ${length} values, which is no multiple of the ${columns} that a row has`,
      );
    }
    return { name, rows: length / columns, columns, data };
  }
  if (isArray(value)) return readRows(value, name, columns);
  if (typeof value === "object" && value !== null && "data" in value && "shape" in value) {
    return readShaped(value, name, columns);
  }
  throw new PropagoError("ERR_DATA", `${name} is ${show(value)}; pass ${TYPED}, { data, shape }, or an array of rows`);
}

function readShaped({ data, shape }: { data: unknown; shape: unknown }, name: string, columns?: number): Source {
  const given: readonly unknown[] = isArray(shape) ? shape : [];
  const [rows, width, more] = [given[0], given[1], given.length - 2];
  if (more !== 0 || !isCount(rows) || !isCount(width)) {
    const got = isArray(shape) && more < 6 ? `[${Array.from(given, show).join(",")}]` : show(shape);
    throw new PropagoError("ERR_SHAPE", `${name}.shape must be [rows, columns], got ${got}`);
  }
  const typed = readTyped(data, `${name}.data`);
  if (typed === undefined && !isArray(data)) {
    throw new PropagoError("ERR_DATA", `${name}.data is ${show(data)}; pass ${TYPED}, or an array of numbers`);
  }
  const length = typed ? lengthOf(typed) : (data as unknown[]).length;
  if (length !== rows * width) {
    throw new PropagoError(
      "ERR_SHAPE",
      `${name}.data has ${length} values, shape ${rows}×${width} needs ${rows * width}`,
    );
  }
  checkColumns(width, name, columns);
  return { name, rows, columns: width, data: typed ?? readFlat(data as unknown[], name, rows, width) };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Reads a plain array of numbers, row by row. */
export function readFlat(values: readonly unknown[], name: string, rows: number, columns: number): Float64Array {
  const data = room(rows * columns, name);
  readCells(values, data, 0, rows * columns, columns, name);
  return data;
}

function readRows(value: readonly unknown[], name: string, columns?: number): Source {
  const first: unknown = value[0];
  const { length: rows } = value;
  if (typeof first === "number") {
    throw new PropagoError(
      "ERR_SHAPE",
      `${name} is 1-D (length ${rows}); pass rows such as [[…], […]], or { data, shape: [rows, columns] }`,
    );
  }
  // Of a proxy it may be anything.
  if (!isCount(rows)) throw new PropagoError("ERR_SHAPE", `${name}.length is ${show(rows)}, expected a count of rows`);
  let width = -1;
  for (let row = 0; row < rows; row++) {
    const { length } = lineOf(value, row, name, columns);
    if (width === -1) {
      width = length;
      checkColumns(width, name, columns);
    } else if (length !== width) {
      throw new PropagoError("ERR_SHAPE", `${name}: row ${row} has ${length} values, row 0 has ${width}`);
    }
  }
  width = Math.max(width, 0);
  const data = room(rows * width, name);
  // What a getter has put in a row's place since, or taken from it, is found by its cells.
  for (let row = 0; row < rows; row++) {
    readCells(lineOf(value, row, name, columns), data, row * width, width, width, name);
  }
  return { name, rows, columns: width, data };
}

function lineOf(value: readonly unknown[], row: number, name: string, columns?: number): readonly unknown[] {
  const line: unknown = value[row];
  if (isArray(line) || numericArray(line) !== undefined) return line as unknown[];
  throw new PropagoError(
    "ERR_SHAPE",
    `${name}[row ${row}] is ${show(line)}, expected a row of ${columns === undefined ? "" : `${columns} `}numbers`,
  );
}

/** @throws PropagoError ERR_MEMORY where there is none for so many numbers. */
function room(length: number, name: string): Float64Array {
  try {
    return new Float64Array(length);
  } catch (cause) {
    throw new PropagoError("ERR_MEMORY", `${name} has ${length} values, more than there is memory for`, {
      cause,
    });
  }
}

function checkColumns(width: number, name: string, columns?: number): void {
  if (width === 0) throw new PropagoError("ERR_DATA", `${name} has 0 columns; it needs ${columns ?? "at least 1"}`);
  if (columns === undefined || width === columns) return;
  throw new PropagoError("ERR_SHAPE", `${name} has ${width} columns, the network was built for ${columns}`);
}

/** Up to so many values, a loop is faster than a call of `set`. */
export const FEW = 32;

/** Copies the values of `rows` rows from `first` on to `to`, from `at` on; whether they are finite is the caller's to ask. */
export function copyValues(
  { data, columns, name, rows: all }: Source,
  to: FloatArray | Uint8Array,
  at = 0,
  first = 0,
  rows = all,
): void {
  const begin = first * columns;
  const count = rows * columns;
  if (lengthOf(data) < begin + count) {
    throw new PropagoError("ERR_DATA", `${name}'s memory shrank while it was read; pass a copy`);
  }
  if (count > FEW) to.set(part(data, begin, count), at);
  else for (let i = 0; i < count; i++) to[at + i] = data[begin + i];
}

/** Reads cells, each once; refuses those that are no numbers, which a typed array would turn into NaN, 0 or 1 silently. */
function readCells(
  cells: readonly unknown[],
  to: Float64Array,
  at: number,
  count: number,
  columns: number,
  name: string,
): void {
  for (let i = 0; i < count; i++) {
    const cell = cells[i];
    if (typeof cell !== "number") throw noNumber(cell, Math.floor((at + i) / columns), (at + i) % columns, name);
    to[at + i] = cell;
  }
}

function noNumber(cell: unknown, row: number, column: number, name: string): PropagoError {
  const advice =
    typeof cell === "string" ? ` (string), expected a number; ${adviceOn(cell, name)}` : ", expected a number";
  return new PropagoError("ERR_DATA", `${name}[row ${row}, column ${column}] is ${show(cell)}${advice}`);
}

function adviceOn(text: string, name: string): string {
  if (text.trim() !== "" && Number.isFinite(Number(text)))
    return "numbers in quotation marks are texts: convert them with Number";
  return name.endsWith("y")
    ? "number the classes 0, 1, …, or use a Classifier, which takes their names"
    : "encode categories first, for example as one column each";
}

/** What is wrong with the first number that is not finite among those copied. */
export function nonFinite(source: Source, copied: FloatArray, first: number): PropagoError {
  const { columns, name, data } = source;
  const row = Math.floor(first / columns);
  const column = first % columns;
  const value = data[first];
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
