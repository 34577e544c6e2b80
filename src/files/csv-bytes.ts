// Reads the rows of a large CSV file from its bytes, piece by piece, into columns. It knows the delimiter and the names
// already (header.ts finds them in the first lines). Numbers are computed from their digits without making texts of them,
// with the bits that `Number` gives. It decides nothing: what is not plain stops it, and csv.ts reads that in its own way.
import { GrowingColumn, MOST_DECIMALS, SHORTEST } from "../data/store.ts";

/** What stopped the reading: where, and what to say of it. */
export interface Stop {
  line: number;
  problem: string;
}

export interface ScanOptions {
  /** One character of ASCII between fields. */
  delimiter: string;
  /** How many fields a row has. */
  width: number;
  /** The places of the columns that are wanted. Others are passed over. */
  wanted?: readonly number[];
  /** Lines that begin with this are no rows. */
  comment?: string;
  /** The bytes of the header line, which must not come again. */
  header?: Uint8Array;
  /** The line on which the first byte stands. */
  line: number;
  /** How many rows are expected. */
  rows?: number;
}

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;

/** Longer rows and fields are refused, as csv.ts does. */
const MOST_ROW = 64_000_000;
const MOST_FIELD = 1_000_000;
/** Numbers from here on are no plain numbers: their squares overflow. */
const TOO_LARGE = 1e150;
/** Powers of ten that float64 holds exactly. */
const TENS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22]; // prettier-ignore
/** So many digits are an integer that float64 holds exactly, and are written again as they were. */
const EXACT_DIGITS = 15;
/** So many digits fit into two numbers of float64. */
const MOST_DIGITS = 19;

/** Reads rows from bytes that come in pieces. */
export class RowScanner {
  /** All columns; those that are not wanted stay empty. */
  readonly columns: GrowingColumn[];
  rows = 0;
  /** Set when something is not plain. Nothing is read from there on. */
  stop: Stop | undefined;
  readonly #separator: number;
  readonly #isWanted: Uint8Array;
  readonly #comment: Uint8Array | undefined;
  readonly #header: Uint8Array | undefined;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  /** The line of the row that is read, and after which row the distance between rows and lines changed. */
  #line: number;
  readonly #steps: { row: number; line: number }[] = [];
  /** What has come and is not read yet. */
  #bytes = new Uint8Array(0);
  #at = 0;

  constructor({ delimiter, width, wanted, comment, header, line, rows }: ScanOptions) {
    this.#separator = delimiter.charCodeAt(0);
    this.#isWanted = new Uint8Array(width).fill(wanted ? 0 : 1);
    for (const place of wanted ?? []) this.#isWanted[place] = 1;
    this.columns = Array.from(this.#isWanted, (isWanted) => new GrowingColumn(isWanted ? rows : 0));
    this.#comment = comment ? new TextEncoder().encode(comment) : undefined;
    this.#header = header && header.length > 0 ? header : undefined;
    this.#line = line;
  }

  /** Reads the rows that are complete. @param isLast whether no more bytes come. @returns whether it can go on. */
  add(piece: Uint8Array, isLast = false): boolean {
    if (this.stop) return false;
    if (this.#at === this.#bytes.length) this.#bytes = piece as Uint8Array<ArrayBuffer>;
    else {
      const rest = this.#bytes.subarray(this.#at);
      if (rest.length > MOST_ROW) {
        this.#stopAt("has more than 64 million bytes");
        return false;
      }
      const all = new Uint8Array(rest.length + piece.length);
      all.set(rest);
      all.set(piece, rest.length);
      this.#bytes = all;
    }
    this.#at = 0;
    const end = isLast ? this.#bytes.length : this.#lastLineEnd();
    while (this.#at < end) {
      const begin = this.#at;
      const line = this.#line;
      const next = this.#row(begin, this.#bytes.length, isLast);
      if (next === INCOMPLETE) {
        this.#line = line;
        return true;
      }
      if (next < 0) return false;
      this.#at = next;
    }
    return true;
  }

  /** The line on which a row begins. */
  lineOf(row: number): number {
    let [low, high] = [0, this.#steps.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#steps[middle].row <= row) low = middle;
      else high = middle - 1;
    }
    const step = this.#steps[low];
    return step ? step.line + row - step.row : row + 1;
  }

  /** Forgets the rows, so that the next ones take their room. */
  clear(): void {
    for (const column of this.columns) column.clear();
    this.rows = 0;
    this.#steps.length = 0;
  }

  #stopAt(problem: string, line = this.#line): number {
    this.stop = { line, problem };
    return STOPPED;
  }

  /** Where the last line that is complete ends. A carriage return at the very end may be half of a line end. */
  #lastLineEnd(): number {
    const bytes = this.#bytes;
    let at = bytes.length - 1;
    while (at >= 0 && bytes[at] !== LINE_FEED && (bytes[at] !== CARRIAGE_RETURN || at === bytes.length - 1)) at--;
    return at + 1;
  }

  /** Reads a row, and gives where the next one begins; INCOMPLETE where more bytes are needed, STOPPED where it stops. */
  #row(begin: number, end: number, isLast: boolean): number {
    const bytes = this.#bytes;
    const separator = this.#separator;
    const width = this.columns.length;
    const first = bytes[begin];
    if (first <= SPACE || first === 0xc2) {
      const blank = this.#blankEnd(begin, end);
      if (blank >= 0) return this.#afterLine(blank);
    }
    if (this.#comment && startsWith(bytes, begin, this.#comment)) return this.#afterLine(this.#lineEnd(begin, end));
    if (this.#header && first === this.#header[0] && this.#isHeader(begin, end)) {
      return this.#stopAt("is the header once more");
    }
    const { row, line } = { row: this.rows, line: this.#line };
    let at = begin;
    for (let place = 0; ; place++) {
      const next = place < width ? this.#cell(at, end, place, isLast) : -1;
      if (next < 0) {
        if (next === -1 && place === width) this.#stopAt(this.#widthProblem(begin, end), line);
        // What the row has put into columns already is taken back by whoever sees `rows`.
        if (next === INCOMPLETE) this.#takeBack(row);
        return next === INCOMPLETE ? INCOMPLETE : STOPPED;
      }
      const isCut = next >= end || (bytes[next] === CARRIAGE_RETURN && next + 1 === end);
      if (isCut && !isLast) {
        this.#takeBack(row);
        return INCOMPLETE;
      }
      const code = next < end ? bytes[next] : LINE_FEED;
      if (code === separator && next < end) {
        at = next + 1;
        continue;
      }
      if (place + 1 !== width) {
        return this.#stopAt(this.#widthProblem(begin, end), line);
      }
      this.#noteLine(row, line);
      this.rows = row + 1;
      return this.#afterLine(next);
    }
  }

  #noteLine(row: number, line: number): void {
    const last = this.#steps.at(-1);
    if (!last || last.line + row - last.row !== line) this.#steps.push({ row, line });
  }

  /** Takes back the cells of a row that is not complete. */
  #takeBack(rows: number): void {
    for (const column of this.columns) column.shorten(rows);
  }

  #afterLine(end: number): number {
    this.#line += 1;
    const bytes = this.#bytes;
    return bytes[end] === CARRIAGE_RETURN && bytes[end + 1] === LINE_FEED ? end + 2 : end + 1;
  }

  #lineEnd(begin: number, end: number): number {
    let at = begin;
    while (at < end && this.#bytes[at] !== LINE_FEED && this.#bytes[at] !== CARRIAGE_RETURN) at++;
    return at;
  }

  /** The end of a line that holds nothing but spaces, or -1. */
  #blankEnd(begin: number, end: number): number {
    const bytes = this.#bytes;
    for (let at = begin; at < end; at++) {
      const code = bytes[at];
      if (code === LINE_FEED || code === CARRIAGE_RETURN) return at;
      if (code === this.#separator) return -1;
      const isWide = code === 0xc2 && bytes[at + 1] === 0xa0;
      if (isWide) at++;
      else if (code !== SPACE && code !== TAB && code !== 0x0b && code !== 0x0c) return -1;
    }
    return end;
  }

  #isHeader(begin: number, end: number): boolean {
    const header = this.#header as Uint8Array;
    return startsWith(this.#bytes, begin, header) && this.#lineEnd(begin, end) === begin + header.length;
  }

  #widthProblem(begin: number, end: number): string {
    let fields = 1;
    const lineEnd = this.#lineEnd(begin, end);
    for (let at = begin; at < lineEnd; at++) if (this.#bytes[at] === this.#separator) fields += 1;
    const name = this.#separator === TAB ? "tab" : `"${String.fromCharCode(this.#separator)}"`;
    return `has ${fields} ${fields === 1 ? "field" : "fields"}, the header has ${this.columns.length} (delimiter ${name})`;
  }

  /** Reads a cell, and gives where it ends: at a delimiter, a line end or the end of the bytes. */
  #cell(begin: number, end: number, place: number, isLast: boolean): number {
    const bytes = this.#bytes;
    const separator = this.#separator;
    let at = begin;
    while (bytes[at] === SPACE && at < end) at++;
    if (bytes[at] === QUOTE && at < end) return this.#quoted(at, end, place, isLast);
    if (!this.#isWanted[place]) return this.#textEnd(at, end);
    const start = at;
    const isNegative = bytes[at] === MINUS;
    if (isNegative || bytes[at] === PLUS) at++;
    // Digits: the first fifteen make one exact integer, the next four another.
    let [high, low, digits, decimals] = [0, 0, 0, 0];
    const whole = at;
    let digit = bytes[at] - ZERO;
    while (digit >= 0 && digit <= 9) {
      if (digits < EXACT_DIGITS) high = high * 10 + digit;
      else low = low * 10 + digit;
      if (digits > 0 || digit > 0) digits++;
      digit = bytes[++at] - ZERO;
    }
    const wholeDigits = at - whole;
    let hasPoint = false;
    if (bytes[at] === POINT) {
      hasPoint = true;
      digit = bytes[++at] - ZERO;
      while (digit >= 0 && digit <= 9) {
        if (digits < EXACT_DIGITS) high = high * 10 + digit;
        else low = low * 10 + digit;
        if (digits > 0 || digit > 0) digits++;
        decimals++;
        digit = bytes[++at] - ZERO;
      }
    }
    const code = at < end ? bytes[at] : LINE_FEED;
    const isEnd = code === separator || code === LINE_FEED || code === CARRIAGE_RETURN;
    const isSimple = isEnd && at <= end && wholeDigits + decimals > 0 && bytes[start] !== PLUS;
    const hasZeros = wholeDigits > 1 && bytes[whole] === ZERO;
    if (
      !isSimple ||
      hasZeros ||
      wholeDigits === 0 ||
      digits > EXACT_DIGITS ||
      decimals > MOST_DECIMALS ||
      (hasPoint && decimals === 0)
    )
      // prettier-ignore
      return this.#other(start, end, place, { isSimple, hasZeros, isNegative, high, low, digits, decimals, at });
    const value = high / TENS[decimals];
    const column = this.columns[place];
    // JavaScript writes -0 without its sign.
    column.addNumber(isNegative ? -value : value, isNegative && value === 0 ? SHORTEST : decimals);
    if (hasPoint) {
      column.hasDot = true;
      // "1.343" may have a thousands point; "0.5" cannot.
      if (decimals !== 3 || wholeDigits > 3 || bytes[whole] === ZERO) column.hasPoint = true;
    }
    return at;
  }

  /** A cell that is no number of up to fifteen digits. */
  #other(start: number, end: number, place: number, number: Digits): number {
    const { isSimple, hasZeros, isNegative, high, low, digits, decimals, at } = number;
    const column = this.columns[place];
    if (
      isSimple &&
      !hasZeros &&
      decimals > 0 &&
      digits > EXACT_DIGITS &&
      digits <= MOST_DIGITS &&
      decimals <= MOST_DECIMALS
    ) {
      // prettier-ignore
      const value = quotient(high, low, digits - EXACT_DIGITS, TENS[decimals]);
      if (value === value) {
        column.addNumber(isNegative ? -value : value, SHORTEST);
        column.hasDot = column.hasPoint = true;
        return at;
      }
    }
    const stop = this.#textEnd(start, end);
    if (stop < 0 || stop - start > 40 || stop === start) return this.#text(start, end, place);
    const text = String.fromCharCode(...this.#bytes.subarray(start, stop)).trim();
    if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return this.#text(start, end, place);
    const value = Number(text);
    // Digits that name something: leading zeros, or more than a number holds.
    const isName = /^[+-]?\d+$/.test(text) && (/^[+-]?0\d/.test(text) || !Number.isSafeInteger(value));
    if (isName || !(Math.abs(value) < TOO_LARGE) || /^[+-]?0\d/.test(text)) return this.#text(start, end, place);
    column.addNumber(value, SHORTEST);
    if (text.includes(".")) column.hasDot = column.hasPoint = true;
    return stop;
  }

  /** Where a field without quotes ends; STOPPED at a byte that no text has. */
  #textEnd(begin: number, end: number): number {
    const bytes = this.#bytes;
    const separator = this.#separator;
    let at = begin;
    for (; at < end; at++) {
      const code = bytes[at];
      if (code === separator || code === LINE_FEED || code === CARRIAGE_RETURN) break;
      if (code === 0) return this.#stopAt("holds a byte 0, which no text has");
    }
    if (at - begin > MOST_FIELD)
      return this.#stopAt(`has a field of ${at - begin} characters; the limit is ${MOST_FIELD}`);
    return at;
  }

  #text(begin: number, end: number, place: number): number {
    const stop = this.#textEnd(begin, end);
    if (stop < 0) return stop;
    return this.#addText(this.#decoded(begin, stop), place, stop);
  }

  /** Adds a text, and gives `next`, or STOPPED where it cannot be. */
  #addText(text: string | undefined, place: number, next: number): number {
    if (text === undefined) return this.#stopAt("is not UTF-8");
    try {
      this.columns[place].addText(text.trim());
      return next;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return this.#stopAt(`has one text more in column ${place + 1} than fit into memory; leave the column out`);
    }
  }

  #decoded(begin: number, end: number): string | undefined {
    const bytes = this.#bytes;
    if (end - begin <= 40) {
      let at = begin;
      while (at < end && bytes[at] < 0x80) at++;
      if (at === end) return String.fromCharCode(...bytes.subarray(begin, end));
    }
    try {
      return this.#decoder.decode(bytes.subarray(begin, end));
    } catch {
      return undefined;
    }
  }

  /** A field in double quotes, which may hold delimiters and line ends. */
  #quoted(open: number, end: number, place: number, isLast: boolean): number {
    const bytes = this.#bytes;
    let hasPairs = false;
    let hasReturns = false;
    let lines = 0;
    let at = open + 1;
    for (; at < end; at++) {
      const code = bytes[at];
      if (code === QUOTE) {
        if (at + 1 < end && bytes[at + 1] === QUOTE) {
          hasPairs = true;
          at++;
        } else break;
      } else if (code === LINE_FEED || code === CARRIAGE_RETURN) {
        if (code === CARRIAGE_RETURN) hasReturns = true;
        if (code === LINE_FEED || bytes[at + 1] !== LINE_FEED) lines += 1;
      } else if (code === 0) return this.#stopAt("holds a byte 0, which no text has");
    }
    if (at - open > MOST_FIELD) return this.#stopAt(`has a field of more than ${MOST_FIELD} characters`);
    if (at + 1 >= end && !isLast) return INCOMPLETE;
    if (at >= end) return this.#stopAt("quote opened here is never closed");
    let stop = at + 1;
    while (stop < end && bytes[stop] === SPACE) stop++;
    const code = stop < end ? bytes[stop] : LINE_FEED;
    // R writes a quote inside quotes as \", which csv.ts knows.
    if (bytes[at - 1] === 92 || (code !== this.#separator && code !== LINE_FEED && code !== CARRIAGE_RETURN))
      return this.#stopAt(
        'quoted field goes on after its closing quote; write a quote inside a quoted field twice ("")',
      );
    this.#line += lines;
    if (!this.#isWanted[place]) return stop;
    let text = this.#decoded(open + 1, at);
    if (text !== undefined && hasPairs) text = text.replaceAll('""', '"');
    if (text !== undefined && hasReturns) text = text.replace(/\r\n?/g, "\n");
    if (text !== undefined && this.#addQuotedNumber(text.trim(), place)) return stop;
    return this.#addText(text, place, stop);
  }

  /** Numbers in quotes are numbers too. */
  #addQuotedNumber(text: string, place: number): boolean {
    const found = /^-?(?:0|[1-9]\d*)(?:\.(\d{1,15}))?$/.exec(text);
    if (!found || text.length > EXACT_DIGITS) return false;
    const value = Number(text);
    if (value === 0 && text.startsWith("-")) return false;
    const column = this.columns[place];
    const decimals = found[1]?.length ?? 0;
    column.addNumber(value, decimals);
    if (decimals > 0) {
      column.hasDot = true;
      if (decimals !== 3 || !/^-?[1-9]\d{0,2}\./.test(text)) column.hasPoint = true;
    }
    return true;
  }
}

/** What `#row` and `#cell` give where they cannot go on. */
const INCOMPLETE = -2;
const STOPPED = -3;

interface Digits {
  /** Whether sign, digits and point are all that stands there. */
  isSimple: boolean;
  hasZeros: boolean;
  isNegative: boolean;
  high: number;
  low: number;
  digits: number;
  decimals: number;
  at: number;
}

function startsWith(bytes: Uint8Array, at: number, begin: Uint8Array): boolean {
  for (let i = 0; i < begin.length; i++) if (bytes[at + i] !== begin[i]) return false;
  return true;
}

/** 2⁻⁴⁴: the quotient of two numbers is more exact than that. */
const MARGIN = 1 / 17_592_186_044_416;

/** Splits a number into two of 26 bits, so that products of such parts are exact (Veltkamp 1968, Dekker 1971). */
const SPLITTER = 134217729;

/**
 * (high · 10^more + low) / ten, rounded as `Number` rounds: in pairs of numbers whose sum is exact. NaN where the pair
 * lies so near the middle between two numbers that it does not tell which is nearer.
 */
function quotient(high: number, low: number, more: number, ten: number): number {
  const factor = TENS[more];
  const product = high * factor;
  const rest = productRest(high, factor, product);
  const sum = product + low;
  const back = sum - product;
  const error = product - (sum - back) + (low - back) + rest;
  const first = sum / ten;
  const part = first * ten;
  const left = sum - part - productRest(first, ten, part) + error;
  const second = left / ten;
  const margin = second * MARGIN;
  const result = first + (second - margin);
  return result === first + (second + margin) ? result : NaN;
}

/** a · b − product, exactly. */
function productRest(a: number, b: number, product: number): number {
  const [x, y] = [a * SPLITTER, b * SPLITTER];
  const [a1, b1] = [x - (x - a), y - (y - b)];
  const [a2, b2] = [a - a1, b - b1];
  return a1 * b1 - product + a1 * b2 + a2 * b1 + a2 * b2;
}
