// Reads a table from the bytes of a CSV file. It is strict: what could silently become wrong data is refused. cells.ts
// splits the text, header.ts reads the first lines, and readings.ts decides what a column contains. Of a large file only
// the first lines are read so; csv-bytes.ts reads the others as they come, and nobody keeps the text.
import { PropagoError } from "../ground/errors.ts";
import { fieldAt } from "../columns/cells.ts";
import { refuseBinary, refuseForeign } from "../columns/foreign.ts";
import { SPACES, widthOf } from "../columns/cells.ts";
import { frameTable, type Frame, type ReadingOptions } from "../columns/header.ts";
import { parseNumber } from "../columns/numbers.ts";
import { TableError } from "../columns/problems.ts";
import { storedTable } from "../data/store.ts";
import type { Table } from "../data/table.ts";
import { RowScanner } from "./csv-bytes.ts";
import { join } from "./bytes.ts";

/**
 * Reads a table.
 * @param bytes the file's content, in UTF-8.
 * @param file its name in messages.
 * @param options what the user says about the file. The rest is found out.
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

/** A file of which no more than this is there is read as a text. Larger ones begin with so much of it. */
const SMALL = 1 << 20;
/** The text of a larger file does not fit into one string. */
const LARGEST_TEXT = 500_000_000;
/** So much of a stream is kept, in case that it has to be read as a text. */
const KEPT = 64_000_000;

export interface CsvSource {
  /** How messages call it. */
  name: string;
  /** The bytes, unpacked. */
  pieces: AsyncIterable<Uint8Array>;
  /** How many there are, where that is known. */
  size?: number;
  /** All the bytes, where they can be read again. */
  again?: () => Promise<Uint8Array>;
}

/**
 * Reads a table as its bytes come. Memory holds the columns and not the text, unless a line is no plain row: then the
 * whole is read as `parseTable` reads it.
 * @throws PropagoError as `parseTable`.
 */
export async function readCsv(source: CsvSource, options: ReadingOptions = {}): Promise<Table> {
  const { name, size, again } = source;
  const pieces = source.pieces[Symbol.asyncIterator]();
  const kept: Uint8Array[] = [];
  let length = 0;
  let isWhole = true;
  const next = async () => {
    const next = await pieces.next();
    if (next.done === true) return undefined;
    const { value } = next;
    length += value.length;
    if (again === undefined && length > KEPT && length > SMALL) isWhole = false;
    if (!isWhole) kept.length = 0;
    else if (again === undefined || length <= 2 * SMALL) kept.push(value.slice());
    return value;
  };
  try {
    let last: Uint8Array | undefined;
    do last = await next();
    while (last && length < SMALL);
    const head = join(kept);
    if (!last) return parseTable(head, name, options);
    const whole = async () => {
      while (again === undefined && isWhole && (await next()));
      const bytes = again ? await again() : isWhole ? join(kept) : undefined;
      return bytes && bytes.length <= LARGEST_TEXT ? bytes : undefined;
    };
    const begun = scannerOf(head, name, options, size);
    if (begun) {
      const { scanner, frame } = begun;
      let more: Uint8Array | undefined = head.subarray(begun.at);
      while (more && scanner.add(more)) more = await next();
      if (!scanner.stop) scanner.add(new Uint8Array(0), true);
      if (!scanner.stop) return scanned(scanner, frame, name);
    }
    const bytes = await whole();
    if (bytes) return parseTable(bytes, name, options);
    const { line, problem } = begun?.scanner.stop ?? { line: 1, problem: "begins no table that can be read in pieces" };
    throw new PropagoError("ERR_CSV", `${name}:${line} ${problem}`);
  } finally {
    await pieces.return?.();
  }
}

/** A line end inside a quoted field is no end of a row: so many line ends before the last one are tried. */
const TRIES = 8;

/** Reads the first lines as a text: up to the last line end that ends a row. */
function framedHead(head: Uint8Array, name: string, options: ReadingOptions) {
  let end = head.length;
  for (let i = 0; i < TRIES; i++) {
    end = Math.max(head.lastIndexOf(0x0a, end - 1), head.lastIndexOf(0x0d, end - 1));
    if (end <= 0) return undefined;
    try {
      refuseBinary(head, name);
      const text = decode(head.subarray(0, end + 1), name);
      if (options.skipLines === undefined) refuseForeign(text, name);
      return { frame: frameTable(text, name, options), text, end };
    } catch (error) {
      // What is wrong is told of the whole file.
      if (!(error instanceof PropagoError)) throw error;
    }
  }
  return undefined;
}

/** A scanner that stands at the first row. */
export interface BegunScan {
  frame: Frame;
  scanner: RowScanner;
  /** The first bytes, and where the first row begins in them. */
  head: Uint8Array;
  at: number;
}

/** Finds delimiter and names in the first lines, or nothing where the lines must be read as a text. */
export function scannerOf(head: Uint8Array, name: string, options: ReadingOptions, size = 0): BegunScan | undefined {
  const framed = framedHead(head, name, options);
  if (!framed) return undefined;
  const { frame, text, end } = framed;
  const { records, width, firstRow, hasHeader, comment } = frame;
  const { delimiter, starts, firsts, lines } = records;
  const rows = firsts.length - 1 - firstRow;
  const isPlain = delimiter !== SPACES && /^[\0-\x7f]$/.test(delimiter) && rows > 0;
  for (let i = firstRow; isPlain && i < firsts.length - 1; i++) if (widthOf(records, i) !== width) return undefined;
  if (!isPlain) return undefined;
  const first = starts[firsts[firstRow]];
  const encoder = new TextEncoder();
  const mark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  const at = mark + encoder.encode(text.slice(0, first)).length;
  const header = hasHeader && width > 1 ? encoder.encode(text.slice(starts[0]).split(/[\r\n]/, 1)[0]) : undefined;
  const isNamed = frame.columns.some((column) => column !== "" && parseNumber(column) === undefined);
  const expected = Math.ceil((rows * Math.max(size, head.length) * 1.02) / (end + 1 - at)) + 16;
  const scanner = new RowScanner({
    delimiter,
    width,
    comment,
    header: isNamed ? header : undefined,
    line: lines[firstRow],
    rows: Math.min(expected, 1e8 / width),
  });
  return { frame, scanner, head, at };
}

/** The table of what was read in pieces. */
function scanned(scanner: RowScanner, { records, columns, hasHeader, warnings }: Frame, file: string): Table {
  const { delimiter, lines } = records;
  const lineOf = (row: number) => (row < 0 ? lines[0] : scanner.lineOf(row));
  return storedTable({ file, delimiter, columns, hasHeader, lineOf, warnings }, scanner.columns, scanner.rows);
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
    // The decoder does not say where, so the sequence is looked for here, by the table of RFC 3629.
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
