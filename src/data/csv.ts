// Reads a table from the bytes of a CSV file, strictly: papaparse splits it into cells, and everything that could
// silently become wrong data is refused here. What a column means is decided in columns.ts.
import Papa from "papaparse";
import { PropagoError } from "../errors.ts";

/** A table as it stands in the file: every cell is text, every row as wide as the header. */
export interface Table {
  /** How messages call it. */
  file: string;
  delimiter: string;
  columns: string[];
  rows: string[][];
  /** The line of the file, from 1, on which a row begins. */
  lineOf(row: number): number;
}

export const DELIMITERS = [",", ";", "\t", "|"] as const;

const MAX_COLUMNS = 1e6;
const MAX_FIELD = 1e6;
/** How many rows decide what separates the fields. */
const PREVIEW = 50;

/** Words that stand for a missing value among numbers; among texts they may be words like any other. */
const MISSING = new Set(["na", "n/a", "null", "none", "?"]);

/** Whether a cell means "no value". */
export function isMissing(cell: string, isNumberColumn = true): boolean {
  const text = cell.trim();
  return text === "" || (isNumberColumn && MISSING.has(text.toLowerCase()));
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * A cell's number, by the strict grammar of decimal numbers: sign, digits, point, exponent; spaces around it are ignored.
 * NaN and infinities spelt out are themselves; anything else gives undefined, where `Number` and `parseFloat` would guess.
 */
export function parseNumber(cell: string): number | undefined {
  const text = cell.trim();
  if (NUMBER.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const word = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (!word) return undefined;
  if (word[2].toLowerCase() === "nan") return NaN;
  return word[1] === "-" ? -Infinity : Infinity;
}

/**
 * Reads a table.
 * @param bytes the file's content, in UTF-8.
 * @param file how messages call it.
 * @param delimiter what separates fields; without it, one of , ; tab and | is found out.
 * @throws PropagoError ERR_CSV, naming file and line, for what is no such table; ERR_DATA for one without rows.
 */
export function parseTable(bytes: Uint8Array, file: string, delimiter?: string): Table {
  const text = decode(bytes, file);
  if (text.trim() === "") throw new PropagoError("ERR_DATA", `${file} is empty; expected a header line and rows`);
  const separator = delimiter ?? detectDelimiter(text, file);
  const { records, lines } = readRecords(text, file, separator);

  const columns = records[0].map((name) => name.trim());
  checkHeader(columns, file);
  for (let i = 1; i < records.length; i++) {
    if (records[i].length === columns.length) continue;
    const fields = `${records[i].length} ${records[i].length === 1 ? "field" : "fields"}`;
    const advice = "put a field that contains the delimiter in double quotes, or name another --delimiter";
    const header = `the header has ${columns.length} (delimiter ${nameOf(separator)})`;
    throw new PropagoError("ERR_CSV", `${file}:${lines[i]} has ${fields}, ${header}; ${advice}`);
  }
  if (records.length === 1) throw new PropagoError("ERR_DATA", `${file} has a header but no rows`);
  return { file, delimiter: separator, columns, rows: records.slice(1), lineOf: (row) => lines[row + 1] };
}

/** The file's text with LF for every kind of line end, so that one table has one reading. */
function decode(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    const order = first === 0xff ? "LE" : "BE";
    throw new PropagoError("ERR_CSV", `${file} is UTF-16${order}; save it as UTF-8`);
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
    throw new PropagoError("ERR_CSV", `${file}:${line} is not UTF-8 (byte ${invalid} = ${byte}); ${advice}`);
  }
  // TextDecoder takes a byte order mark away.
  return new TextDecoder().decode(bytes).replace(/\r\n?/g, "\n");
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

/** The place of the first byte that a text has no use for, or -1: NUL anywhere, other control characters near the start. */
function firstControlByte(bytes: Uint8Array): number {
  const near = Math.min(bytes.length, 65536);
  for (let i = 0; i < near; i++) {
    const byte = bytes[i];
    // Tab, LF, vertical tab, form feed and CR do occur in texts.
    if (byte < 0x20 && (byte < 0x09 || byte > 0x0d)) return i;
  }
  return bytes.indexOf(0);
}

/** The one delimiter that cuts the first rows into equally many fields; more than one such is for the user to say. */
function detectDelimiter(text: string, file: string): string {
  const widths = DELIMITERS.map((delimiter) => {
    const { data } = Papa.parse<string[]>(text, { delimiter, newline: "\n", preview: PREVIEW });
    return data.filter((record) => !isBlank(record)).map((record) => record.length);
  });
  const even = DELIMITERS.filter((_, d) => widths[d][0] > 1 && widths[d].every((width) => width === widths[d][0]));
  if (even.length === 1) return even[0];
  if (even.length > 1) {
    const names = even.map(nameOf).join(" or ");
    throw new PropagoError("ERR_CSV", `${file} can be read with ${names} between fields; say which with --delimiter`);
  }
  // No delimiter fits every row: the header decides, and the row that does not fit is reported by its line.
  let widest = 0;
  for (let d = 1; d < DELIMITERS.length; d++) if (widths[d][0] > widths[widest][0]) widest = d;
  return DELIMITERS[widest];
}

function nameOf(delimiter: string): string {
  return delimiter === "\t" ? "tab" : `"${delimiter}"`;
}

function isBlank(record: readonly string[]): boolean {
  return record.length === 1 && record[0].trim() === "";
}

/** The records that are not blank lines, and the line on which each begins. */
function readRecords(text: string, file: string, delimiter: string): { records: string[][]; lines: number[] } {
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, newline: "\n" });
  for (const { type, code, index } of errors) {
    if (type !== "Quotes") continue;
    const line = lineAt(text, index ?? 0);
    const problem =
      code === "MissingQuotes"
        ? "quote opened here is never closed"
        : 'quoted field goes on after its closing quote; write a quote inside a quoted field twice ("")';
    throw new PropagoError("ERR_CSV", `${file}:${line} ${problem}`);
  }
  const records: string[][] = [];
  const lines: number[] = [];
  let line = 1;
  for (const record of data) {
    if (!isBlank(record)) {
      records.push(record);
      lines.push(line);
    }
    line += 1;
    for (const cell of record) {
      if (cell.length > MAX_FIELD) {
        const limit = `a field of ${cell.length} characters; the limit is ${MAX_FIELD}`;
        throw new PropagoError("ERR_CSV", `${file}:${lines.at(-1)} has ${limit}`);
      }
      // A quoted cell may go over several lines.
      for (let at = cell.indexOf("\n"); at >= 0; at = cell.indexOf("\n", at + 1)) line += 1;
    }
  }
  return { records, lines };
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < index; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

function checkHeader(columns: readonly string[], file: string): void {
  if (columns.length > MAX_COLUMNS) {
    throw new PropagoError("ERR_CSV", `${file} has ${columns.length} columns; the limit is ${MAX_COLUMNS}`);
  }
  const places = new Map<string, number>();
  columns.forEach((name, i) => {
    const earlier = places.get(name);
    if (earlier !== undefined) {
      const advice = "rename one of them";
      const where = `(columns ${earlier + 1} and ${i + 1})`;
      throw new PropagoError("ERR_CSV", `${file}: column ${JSON.stringify(name)} appears twice ${where}; ${advice}`);
    }
    places.set(name, i);
  });
}
