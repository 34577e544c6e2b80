// Reads a table from the bytes of a CSV file, strictly: what could silently become wrong data is refused. The cells are
// cut in cells.ts, the first lines are read in header.ts; what a column means is decided in columns.ts.
import { PropagoError } from "../ground/errors.ts";
import { fieldAt } from "../columns/cells.ts";
import { refuseBinary, refuseForeign } from "../columns/foreign.ts";
import { frameTable } from "../columns/header.ts";
import { TableError } from "../columns/problems.ts";
import type { ReadingOptions } from "../columns/header.ts";

/** A table as it stands in the file: every cell is text, every row as wide as the header. */
export interface Table {
  /** How messages call it. */
  file: string;
  delimiter: string;
  /** Names without repetition. */
  columns: readonly string[];
  /** Whether the names stand in the file. */
  hasHeader: boolean;
  /** How many rows there are. */
  rows: number;
  /** A cell's text as it stands there, spaces included. */
  cell(row: number, column: number): string;
  /** The line of the file, from 1, on which a row begins. */
  lineOf(row: number): number;
  /** What was decided for the user while reading. */
  warnings: readonly string[];
}

/** The different texts of a column, and where they stand. */
export interface Distinct {
  /** Trimmed, in the order in which they come. */
  texts: readonly string[];
  /** How often each stands in the column. */
  counts: Uint32Array;
  /** The first row of each. */
  firsts: Uint32Array;
  /** For each row the place of its text in `texts`. */
  codes: Uint32Array;
}

/**
 * Reads a table.
 * @param bytes the file's content, in UTF-8.
 * @param file how messages call it.
 * @param options what the user says about the file; what is left open is found out.
 * @throws PropagoError ERR_CSV, naming file and line, for what is no such table; ERR_DATA for one without rows.
 */
export function parseTable(bytes: Uint8Array, file: string, options: ReadingOptions = {}): Table {
  refuseBinary(bytes, file);
  const text = decode(bytes, file);
  if (text.trim() === "") throw new PropagoError("ERR_DATA", `${file} is empty; expected a header line and rows`);
  if (options.skipLines === undefined) refuseForeign(text, file);
  const { records, columns, firstRow, hasHeader, warnings } = frameTable(text, file, options);
  const { delimiter, starts, firsts, lines } = records;
  const rows = firsts.length - 1 - firstRow;
  if (rows === 0) throw new PropagoError("ERR_DATA", `${file} has a header but no rows`);
  return {
    file,
    delimiter,
    columns,
    hasHeader,
    rows,
    cell: (row, column) => fieldAt(text, starts[firsts[row + firstRow] + column], delimiter),
    lineOf: (row) => lines[row + firstRow],
    warnings,
  };
}

/** Numbers of columns whose texts are kept, at most so many texts in all. */
const MOST_KEPT = 2e6;
const kept = new WeakMap<Table, { columns: Map<number, Distinct>; texts: number }>();

/** The different texts of a column. What is small beside the table is kept for the next who asks. */
export function distinctTexts(table: Table, column: number): Distinct {
  const store = kept.get(table) ?? { columns: new Map<number, Distinct>(), texts: 0 };
  kept.set(table, store);
  const known = store.columns.get(column);
  if (known) return known;
  const { rows } = table;
  const places = new Map<string, number>();
  const texts: string[] = [];
  const counts: number[] = [];
  const firsts: number[] = [];
  const codes = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    const text = table.cell(row, column).trim();
    let place = places.get(text);
    if (place === undefined) {
      place = texts.length;
      places.set(text, place);
      texts.push(text);
      counts.push(0);
      firsts.push(row);
    }
    counts[place] += 1;
    codes[row] = place;
  }
  const found = { texts, counts: Uint32Array.from(counts), firsts: Uint32Array.from(firsts), codes };
  if (store.texts + texts.length + rows / 8 <= MOST_KEPT) {
    store.texts += texts.length + rows / 8;
    store.columns.set(column, found);
  }
  return found;
}

/** Numbers that a column's texts were read as, a text a number. */
const numbersOf = new WeakMap<Table, Map<number, { codes: Uint32Array; values: Float64Array }>>();

/** Keeps what a column's texts were read as, so that they need not be read again; NaN stands for a missing value. */
export function keepNumbers(table: Table, column: number, codes: Uint32Array, values: Float64Array): void {
  const known = numbersOf.get(table) ?? new Map<number, { codes: Uint32Array; values: Float64Array }>();
  numbersOf.set(table, known);
  known.set(column, { codes, values });
  // The texts themselves are hardly asked for again.
  const store = kept.get(table);
  if (store?.columns.delete(column)) store.texts -= values.length + table.rows / 8;
}

/** What `keepNumbers` has kept. */
export function keptNumbers(table: Table, column: number): { codes: Uint32Array; values: Float64Array } | undefined {
  return numbersOf.get(table)?.get(column);
}

/** Rows in which no cell holds anything. */
export function emptyRows(table: Table): number[] {
  const empty: number[] = [];
  for (let row = 0; row < table.rows; row++) {
    let column = 0;
    while (column < table.columns.length && table.cell(row, column).trim() === "") column++;
    if (column === table.columns.length) empty.push(row);
  }
  return empty;
}

/** The file's text. */
function decode(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    const order = first === 0xff ? "LE" : "BE";
    const message = `${file} is UTF-16${order}; save it as UTF-8`;
    throw new TableError([{ code: "ERR_CSV", message, encoding: `UTF-16${order}` }], file);
  }
  const invalid = firstInvalidByte(bytes);
  const control = firstControlByte(bytes);
  if (control >= 0) {
    const at = invalid >= 0 ? Math.min(invalid, control) : control;
    const byte = `0x${bytes[at].toString(16).padStart(2, "0")}`;
    throw new PropagoError("ERR_CSV", `${file} looks binary (byte ${at} = ${byte}); expected a CSV file in UTF-8`);
  }
  if (invalid >= 0) {
    const byte = `0x${bytes[invalid].toString(16)}`;
    const line = 1 + bytes.subarray(0, invalid).filter((b) => b === 0x0a).length;
    const advice = "it may be Latin-1 or Windows-1252; save it as UTF-8";
    const message = `${file}:${line} is not UTF-8 (byte ${invalid} = ${byte}); ${advice}`;
    // Windows-1252 leaves five bytes without a meaning.
    const isWindows = !bytes.some((value) => [0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(value));
    const encoding = isWindows ? "WINDOWS-1252" : "ISO-8859-1";
    throw new TableError([{ code: "ERR_CSV", message, encoding }], file);
  }
  // TextDecoder takes a byte order mark away.
  return new TextDecoder().decode(bytes);
}

/** The place of the first byte that no UTF-8 text has there, or -1. */
function firstInvalidByte(bytes: Uint8Array): number {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return -1;
  } catch {
    // The decoder does not say where: look for the sequence ourselves, by the table of RFC 3629.
  }
  let i = 0;
  while (i < bytes.length) {
    const lead = bytes[i];
    const more = lead < 0x80 ? 0 : lead >= 0xc2 && lead <= 0xdf ? 1 : lead >= 0xe0 && lead <= 0xef ? 2 : 3;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4) return i;
    for (let k = 1; k <= more; k++) {
      const byte = bytes[i + k];
      let least = 0x80;
      let most = 0xbf;
      if (k === 1 && lead === 0xe0) least = 0xa0;
      if (k === 1 && lead === 0xed) most = 0x9f;
      if (k === 1 && lead === 0xf0) least = 0x90;
      if (k === 1 && lead === 0xf4) most = 0x8f;
      if (byte === undefined || byte < least || byte > most) return i;
    }
    i += 1 + more;
  }
  return -1;
}

/**
 * The place of the first byte that a text has no use for, or -1: NUL anywhere; escape, and more than a few other control
 * characters, near the start.
 */
function firstControlByte(bytes: Uint8Array): number {
  const near = Math.min(bytes.length, 65536);
  let first = -1;
  let count = 0;
  for (let i = 0; i < near; i++) {
    const byte = bytes[i];
    if (byte === 0x1b) return i;
    // Tab, LF, vertical tab, form feed and CR do occur in texts.
    if (byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d)) continue;
    if (first < 0) first = i;
    count += 1;
  }
  return count > near / 50 ? first : bytes.indexOf(0);
}
