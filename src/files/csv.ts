// Reads a table from the bytes of a CSV file. It is strict: what could silently become wrong data is refused. cells.ts
// splits the text, header.ts reads the first lines, and readings.ts decides what a column contains.
import { PropagoError } from "../ground/errors.ts";
import { fieldAt } from "../columns/cells.ts";
import { refuseBinary, refuseForeign } from "../columns/foreign.ts";
import { frameTable, type ReadingOptions } from "../columns/header.ts";
import { TableError } from "../columns/problems.ts";
import type { Table } from "../data/table.ts";

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
