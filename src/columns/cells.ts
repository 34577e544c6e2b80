// Splits the text of a CSV file into records and fields: delimiters, double quotes, line ends of any kind. It keeps only
// one number for each field, the place where it begins, and cuts out the text on demand. This keeps large tables small.
// What a record means (a header, a comment) is decided in header.ts.
import { PropagoError } from "../ground/errors.ts";

/** Where the fields of a text begin. */
export interface Records {
  text: string;
  delimiter: string;
  /** Where each field begins, record after record. */
  starts: Uint32Array;
  /** The place in `starts` of each record's first field, and behind the last one the number of fields. */
  firsts: Uint32Array;
  /** The line, from 1, on which each record begins. */
  lines: Uint32Array;
}

/** The delimiter of files in which runs of spaces and tabs separate fields. */
export const SPACES = " ";

const MAX_FIELD = 1e6;

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;

export interface CutOptions {
  /** The name of the text in messages. */
  file: string;
  /** Where to begin, and on which line that is. */
  from?: number;
  line?: number;
  /** Lines that begin with this are no records. */
  comment?: string;
  /** Stop after so many records. */
  most?: number;
}

/** A list of numbers that can grow. */
class Growing {
  values = new Uint32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const more = new Uint32Array(2 * this.length);
      more.set(this.values);
      this.values = more;
    }
    this.values[this.length++] = value;
  }

  taken(): Uint32Array {
    return this.values.slice(0, this.length);
  }
}

/**
 * Cuts a text. Blank lines are no records.
 * @throws PropagoError ERR_CSV, naming the line, for quotes that do not close and fields beyond a million characters.
 */
export function cut(text: string, delimiter: string, { file, from = 0, line = 1, comment, most }: CutOptions): Records {
  const starts = new Growing();
  const firsts = new Growing();
  const lines = new Growing();
  const separator = delimiter.charCodeAt(0);
  let at = from;
  while (at < text.length && firsts.length < (most ?? Infinity)) {
    const end = blankEnd(text, at, separator);
    if (end >= 0 || (comment && text.startsWith(comment, at))) {
      at = afterLine(text, end >= 0 ? end : lineEnd(text, at));
      line += 1;
      continue;
    }
    firsts.push(starts.length);
    lines.push(line);
    if (delimiter === SPACES) at = skipSpaces(text, at);
    for (;;) {
      starts.push(at);
      const end = fieldEnd(text, at, separator);
      if (end < 0) throw quoteError(text, at, separator, file, line);
      if (end - at > MAX_FIELD) {
        const limit = `a field of ${end - at} characters; the limit is ${MAX_FIELD}`;
        throw new PropagoError("ERR_CSV", `${file}:${line} has ${limit}`);
      }
      if (isQuoted(text, at, separator)) line += lineEndsIn(text, at, end);
      const next = delimiter === SPACES ? skipSpaces(text, end) : end;
      if (next >= text.length || isLineEnd(text.charCodeAt(next))) {
        at = afterLine(text, next);
        line += 1;
        break;
      }
      at = delimiter === SPACES ? next : next + 1;
    }
  }
  firsts.push(starts.length);
  return { text, delimiter, starts: starts.taken(), firsts: firsts.taken(), lines: lines.taken() };
}

/** The text of the field that begins at a place: without its quotes, and with LF for every kind of line end. */
export function fieldAt(text: string, start: number, delimiter: string): string {
  const separator = delimiter.charCodeAt(0);
  const end = fieldEnd(text, start, separator);
  if (!isQuoted(text, start, separator)) return text.slice(start, end);
  const open = text.indexOf('"', start);
  const inside = text.slice(open + 1, text.lastIndexOf('"', end - 1));
  if (!/["\\\r]/.test(inside)) return inside;
  return inside.replace(/""|\\"/g, '"').replace(/\r\n?/g, "\n");
}

/** How many records there are. */
export function countOf({ firsts }: Records): number {
  return firsts.length - 1;
}

/** How many fields a record has. */
export function widthOf({ firsts }: Records, record: number): number {
  return firsts[record + 1] - firsts[record];
}

/** A field of a record, trimmed. */
export function cellOf({ text, delimiter, starts, firsts }: Records, record: number, field: number): string {
  return fieldAt(text, starts[firsts[record] + field], delimiter).trim();
}

/** Where the field that begins here ends, or -1 if a quote is misplaced. */
function fieldEnd(text: string, start: number, separator: number): number {
  const open = quoteOf(text, start, separator);
  if (open >= 0) {
    const end = quotedEnd(text, open, separator);
    // A quote after spaces may be part of the text. Only a quote at the very beginning must be closed.
    if (end >= 0 || open === start) return end;
  }
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === separator || code === LINE_FEED || code === CARRIAGE_RETURN) break;
    if (code === TAB && separator === SPACE) break;
  }
  return at;
}

function isQuoted(text: string, start: number, separator: number): boolean {
  const open = quoteOf(text, start, separator);
  return open >= 0 && quotedEnd(text, open, separator) >= 0;
}

/** The place of a field's opening quote, spaces before it allowed, or -1. */
function quoteOf(text: string, start: number, separator: number): number {
  let at = start;
  if (separator !== SPACE) while (text.charCodeAt(at) === SPACE) at++;
  return text.charCodeAt(at) === QUOTE ? at : -1;
}

/** Where a quoted field ends, spaces after the closing quote included, or -1. */
function quotedEnd(text: string, open: number, separator: number): number {
  let at = open + 1;
  for (;;) {
    at = text.indexOf('"', at);
    if (at < 0) return -1;
    if (text.charCodeAt(at + 1) === QUOTE) {
      at += 2;
      continue;
    }
    let end = at + 1;
    if (separator !== SPACE) while (text.charCodeAt(end) === SPACE) end++;
    const code = text.charCodeAt(end);
    const isEnd = end >= text.length || code === separator || isLineEnd(code) || (code === TAB && separator === SPACE);
    if (isEnd) return end;
    // R writes a quote inside quotes as \".
    if (text.charCodeAt(at - 1) !== BACKSLASH || at - 1 === open) return -1;
    at += 1;
  }
}

function quoteError(text: string, start: number, separator: number, file: string, line: number): PropagoError {
  let isClosed = false;
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text.charCodeAt(at + 1) === QUOTE) continue;
    isClosed = true;
    break;
  }
  const problem = isClosed
    ? 'quoted field goes on after its closing quote; write a quote inside a quoted field twice ("")'
    : "quote opened here is never closed";
  return new PropagoError("ERR_CSV", `${file}:${line} ${problem}`);
}

/** The end of a line that contains only spaces, or -1. Tabs count as spaces unless they separate fields. */
function blankEnd(text: string, start: number, separator: number): number {
  let at = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isLineEnd(code)) return at;
    if (code !== SPACE && (code !== TAB || separator === TAB) && code !== 0xa0 && code !== 0x0b && code !== 0x0c) {
      return -1;
    }
  }
  return at;
}

export function lineEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && !isLineEnd(text.charCodeAt(at))) at++;
  return at;
}

/** Where the next line begins, after a line's end. */
export function afterLine(text: string, end: number): number {
  return text.charCodeAt(end) === CARRIAGE_RETURN && text.charCodeAt(end + 1) === LINE_FEED ? end + 2 : end + 1;
}

function lineEndsIn(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED || (code === CARRIAGE_RETURN && text.charCodeAt(at + 1) !== LINE_FEED)) count++;
  }
  return count;
}

function skipSpaces(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB) at++;
  return at;
}

function isLineEnd(code: number): boolean {
  return code === LINE_FEED || code === CARRIAGE_RETURN;
}
