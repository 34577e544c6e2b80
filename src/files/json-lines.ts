// Reads JSON lines: an object a line, whose keys are the columns, or an array a line below one of names. A key that a line
// does not have is a missing value there.
import { PropagoError, show } from "../ground/errors.ts";
import { GrowingColumn } from "../data/store.ts";
import type { Table } from "../data/table.ts";
import { addMissing, addNumber, addText, ignoreTest, refuseColumn, typedTable, type Wanted } from "./typed-cells.ts";

const LINE_FEED = 10;
/** A longer line is refused, as in CSV files. */
const MOST_LINE = 64_000_000;
const MOST_COLUMNS = 1_000_000;
/** Cells for each byte of the file, beyond the first million. */
const SPARSEST = 4;
const SPARSE = 1_000_000;
/** Objects and arrays inside each other; deeper ones exhaust the stack. */
const MOST_DEPTH = 64;

/**
 * Whether a text begins as JSON lines do: its name says so, or its first line is an object as is the next one, if any.
 * @param isAll whether the text is the whole file.
 */
export function areJsonLines(begin: string, name: string, isAll: boolean): boolean {
  if (/\.(?:jsonl|ndjson|ldjson|jsonlines)(?:\.gz)?$/i.test(name)) return true;
  const lines = begin.trimStart().split(/\r?\n/);
  // A model or a network of ours is an object too; csv.ts says what it is.
  if (!lines[0].startsWith("{") || /^\{\s*"format"/.test(lines[0])) return false;
  const value = parsed(lines[0]);
  if (value === undefined) return !isAll && lines.length === 1 && /^\{\s*"[^"]*"\s*:/.test(lines[0]);
  if (typeof value !== "object" || value === null) return false;
  return lines.length > 1 && (lines[1].trim() === "" || lines[1].startsWith("{"));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads rows from lines that come in pieces. */
export class JsonLines {
  readonly #file: string;
  readonly #isIgnored: (name: string, place: number) => boolean;
  readonly #places = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #columns: GrowingColumn[] = [];
  /** For each column whether it is left out. */
  readonly #isOut: boolean[] = [];
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #rest: Uint8Array[] = [];
  #restLength = 0;
  #bytes = 0;
  #line = 0;
  #rows = 0;
  /** Rows and lines from which on their distance is another. */
  readonly #steps: { row: number; line: number }[] = [];
  #isArrays: boolean | undefined;
  #isNamed = true;

  constructor(file: string, { ignore }: Wanted = {}) {
    this.#file = file;
    this.#isIgnored = ignoreTest(ignore);
  }

  add(piece: Uint8Array): void {
    this.#bytes += piece.length;
    let begin = 0;
    for (let at = piece.indexOf(LINE_FEED); at >= 0; at = piece.indexOf(LINE_FEED, begin)) {
      this.#addLine(this.#whole(piece.subarray(begin, at)));
      begin = at + 1;
    }
    if (begin === piece.length) return;
    this.#rest.push(piece.slice(begin));
    this.#restLength += piece.length - begin;
    if (this.#restLength > MOST_LINE) throw this.#error("has more than 64 million bytes", this.#line + 1);
  }

  /** @throws PropagoError ERR_DATA where there was no row. */
  finish(): Table {
    if (this.#restLength > 0) this.#addLine(this.#whole(new Uint8Array(0)));
    if (this.#rows === 0)
      throw new PropagoError("ERR_DATA", `${this.#file} is empty; expected a JSON object on each line`);
    const kept = this.#columns.filter((_, place) => !this.#isOut[place]);
    for (const column of kept) while (column.length < this.#rows) addMissing(column);
    const names = this.#names.filter((_, place) => !this.#isOut[place]);
    return typedTable(this.#file, "a file of JSON lines", names, kept, (row) => this.#lineOf(row));
  }

  #lineOf(row: number): number {
    let [low, high] = [0, this.#steps.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#steps[middle].row <= row) low = middle;
      else high = middle - 1;
    }
    const step = this.#steps[low];
    return step.line + row - step.row;
  }

  /** A line with the beginning of it that came before. */
  #whole(end: Uint8Array): Uint8Array {
    if (this.#restLength === 0) return end;
    const all = new Uint8Array(this.#restLength + end.length);
    let at = 0;
    for (const part of [...this.#rest, end]) {
      all.set(part, at);
      at += part.length;
    }
    this.#rest = [];
    this.#restLength = 0;
    return all;
  }

  #error(problem: string, line = this.#line): PropagoError {
    return new PropagoError("ERR_CSV", `${this.#file}:${line} ${problem}`);
  }

  #addLine(bytes: Uint8Array): void {
    this.#line += 1;
    let text: string;
    try {
      text = this.#decoder.decode(bytes).trim();
    } catch {
      throw this.#error("is not UTF-8; save the file as UTF-8");
    }
    if (text === "") return;
    this.#checkDepth(text);
    let value: unknown;
    try {
      value = JSON.parse(exact(text));
    } catch (error) {
      value = withoutNaN(text);
      if (value !== undefined) return this.#addValue(value);
      const reason = (error as Error).message.replace(/^.*?JSON(?:\.parse)?:? ?/, "");
      throw this.#error(`is no JSON (${reason || "not complete"}); expected an object such as {"a": 1, "b": "x"}`);
    }
    this.#addValue(value);
  }

  #addValue(value: unknown): void {
    if (typeof value !== "object" || value === null)
      throw this.#error(`holds ${show(value)}; expected an object such as {"a": 1, "b": "x"}`);
    const isArray = Array.isArray(value);
    this.#isArrays ??= isArray;
    if (isArray !== this.#isArrays)
      throw this.#error(`holds ${isArray ? "an array, the lines above it objects" : "an object, the lines above it arrays"}`); // prettier-ignore
    if (isArray) this.#addArray(value as unknown[]);
    else this.#addObject(value as Record<string, unknown>);
  }

  /** Refuses what is nested so deep that parsing would exhaust the stack. */
  #checkDepth(text: string): void {
    if (text.length < MOST_DEPTH) return;
    let depth = 0;
    let isText = false;
    for (let i = 0; i < text.length; i++) {
      const letter = text.charCodeAt(i);
      if (letter === 34) isText = !isText;
      else if (isText) i += letter === 92 ? 1 : 0;
      else if (letter === 91 || letter === 123) depth++;
      else if (letter === 93 || letter === 125) depth--;
      if (depth > MOST_DEPTH) throw this.#error(`holds more than ${MOST_DEPTH} objects or arrays inside each other`);
    }
  }

  #addArray(cells: readonly unknown[]): void {
    if (this.#places.size === 0) {
      this.#isNamed = cells.every((cell) => typeof cell === "string") && new Set(cells).size === cells.length;
      cells.forEach((cell, i) => this.#newColumn(this.#isNamed ? (cell as string) : `column_${i + 1}`));
      if (this.#isNamed) return;
    }
    if (cells.length !== this.#columns.length)
      throw this.#error(`has ${cells.length} cells, the first line has ${this.#columns.length}`);
    cells.forEach((cell, place) => this.#addCell(place, cell));
    this.#endRow();
  }

  #addObject(value: Record<string, unknown>): void {
    for (const key of Object.keys(value)) {
      const place = this.#places.get(key) ?? this.#newColumn(key);
      this.#addCell(place, value[key]);
    }
    this.#endRow();
  }

  #newColumn(name: string): number {
    const place = this.#columns.length;
    if (place === MOST_COLUMNS) throw this.#error(`has more than ${MOST_COLUMNS} columns`);
    this.#places.set(name, place);
    this.#names.push(name);
    this.#isOut.push(this.#isIgnored(name, place));
    this.#columns.push(new GrowingColumn());
    return place;
  }

  #addCell(place: number, cell: unknown): void {
    if (this.#isOut[place]) return;
    const column = this.#columns[place];
    while (column.length < this.#rows) addMissing(column);
    if (cell === null) addMissing(column);
    else if (typeof cell === "number") addNumber(column, cell);
    else if (typeof cell === "boolean") addText(column, String(cell));
    else if (typeof cell === "string") addText(column, cell.startsWith(EXACT) ? cell.slice(EXACT.length) : cell);
    else {
      const what = `on line ${this.#line} holds ${Array.isArray(cell) ? "an array" : "an object"}`;
      throw refuseColumn(this.#file, this.#names[place], `${what}; expected a number, a text, true, false or null`);
    }
  }

  #endRow(): void {
    const row = this.#rows++;
    const last = this.#steps.at(-1);
    if (!last || last.line + row - last.row !== this.#line) this.#steps.push({ row, line: this.#line });
    // A table of keys that hardly any line has would fill the memory with missing cells.
    if (this.#rows * this.#columns.length > SPARSE + SPARSEST * this.#bytes)
      throw this.#error(`is line ${this.#rows} with ${this.#columns.length} keys so far, of which most lines have few; that is no table`); // prettier-ignore
  }
}

/** Marks texts that were numbers with more digits than float64 holds. No text of a file begins so by accident. */
const EXACT = "\u0000\u0001exact:";

/** Writes whole numbers that float64 cannot hold as texts, so that no digit is lost. */
function exact(text: string): string {
  if (!/\d{16}/.test(text)) return text;
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (found) => {
    if (found.startsWith('"') || Number.isSafeInteger(Number(found))) return found;
    return JSON.stringify(EXACT + found);
  });
}

/** The value of a line in which NaN stands, as Python writes it: null in its place. */
function withoutNaN(text: string): unknown {
  if (!/\bNaN\b/.test(text)) return undefined;
  return parsed(exact(text.replace(/"(?:[^"\\]|\\.)*"|\bNaN\b/g, (found) => (found === "NaN" ? "null" : found))));
}
