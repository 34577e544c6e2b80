// Cells of files that have types of their own (Parquet, Arrow, JSON lines) as columns that the rules for tables read: numbers
// stay numbers, dates are written as ISO 8601 does, and whole numbers that float64 cannot hold keep all their digits.
import { PropagoError, show } from "../ground/errors.ts";
import { SHORTEST, storedTable, type GrowingColumn } from "../data/store.ts";
import type { Table } from "../data/table.ts";

/** The square of a number from here on overflows; such cells are named by the rules for texts. */
const TOO_LARGE = 1e150;
/** Integers below this are written without an exponent. */
const PLAIN_INTEGERS = 1e15;

/** Adds a number; NaN is a missing value. */
export function addNumber(column: GrowingColumn, value: number): void {
  if (Number.isInteger(value) && Math.abs(value) < PLAIN_INTEGERS) column.addNumber(value, 0);
  else if (Math.abs(value) < TOO_LARGE) {
    column.addNumber(value, SHORTEST);
    if (!Number.isInteger(value)) column.hasDot = column.hasPoint = true;
  } else column.addText(Number.isNaN(value) ? "" : String(value));
}

/** Adds a whole number of any size. */
export function addInteger(column: GrowingColumn, value: bigint): void {
  const number = Number(value);
  if (Number.isSafeInteger(number)) addNumber(column, number);
  else column.addText(value.toString());
}

/** Adds `value` · 10^-scale, with all digits. */
export function addDecimal(column: GrowingColumn, value: bigint, scale: number): void {
  if (scale <= 0) {
    addInteger(column, value * BigInt(`1${"0".repeat(Math.min(-scale, 400))}`));
    return;
  }
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const text = `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  const number = Number(text);
  if (digits.length <= 15 && scale <= 15) {
    column.addNumber(number, scale);
    column.hasDot = column.hasPoint = true;
  } else addNumber(column, number);
}

export function addMissing(column: GrowingColumn): void {
  column.addText("");
}

export function addText(column: GrowingColumn, text: string): void {
  column.addText(text.trim());
}

/** The text of a day, counted from 1970-01-01. */
export function dayText(days: number): string | undefined {
  return isoText(days * 86_400_000)?.slice(0, -14);
}

/** The text of a moment in milliseconds since 1970, and further digits of its seconds. */
export function momentText(milliseconds: number, isUtc: boolean): string | undefined {
  const text = isoText(Math.floor(milliseconds));
  if (text === undefined) return undefined;
  return text.replace(/\.000Z$/, "Z").replace(/Z$/, isUtc ? "Z" : "");
}

/** The text of a time of day in seconds. */
export function clockText(seconds: number): string | undefined {
  if (!(seconds >= 0 && seconds < 86_400)) return undefined;
  return isoText(Math.floor(seconds * 1000))
    ?.slice(11, -1)
    .replace(/\.000$/, "");
}

/** ISO 8601 of moments in the years 0 to 9999, which the rules for dates read. */
function isoText(milliseconds: number): string | undefined {
  if (!(milliseconds >= -62_167_219_200_000 && milliseconds < 253_402_300_800_000)) return undefined;
  return new Date(milliseconds).toISOString();
}

/** Adds a date; one that nobody can write as such is a text that the rules name. */
export function addDate(column: GrowingColumn, text: string | undefined, value: unknown): void {
  column.addText(text ?? String(value));
}

/** Bytes that may be a text, as programs write texts that do not say so. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return /[\0-\x08\x0e-\x1f]/.test(text) ? undefined : text; // eslint-disable-line no-control-regex -- texts have none
  } catch {
    return undefined;
  }
}

/** Bytes in hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A column that cannot be one of a table. */
export function refuseColumn(file: string, name: string, what: string, kinds = ""): PropagoError {
  const advice = `leave it out with ignore: [${show(name)}] (--ignore)`;
  return new PropagoError("ERR_UNSUPPORTED", `${file}: column ${show(name)} ${what}; ${advice}${kinds}`);
}

/** Makes names unique, as those of CSV files: a second "a" becomes "a_2". */
export function uniqueNames(names: readonly string[]): { names: string[]; warnings: string[] } {
  const taken = new Set(names);
  const seen = new Set<string>();
  const warnings: string[] = [];
  const own = names.map((name, i) => {
    if (!seen.has(name)) {
      seen.add(name);
      return name;
    }
    let number = 2;
    while (taken.has(`${name}_${number}`) || seen.has(`${name}_${number}`)) number += 1;
    seen.add(`${name}_${number}`);
    warnings.push(`column ${i + 1} is a second ${show(name)}, called ${show(`${name}_${number}`)}`);
    return `${name}_${number}`;
  });
  return { names: own, warnings };
}

/** The table of a file whose cells have types. @throws PropagoError ERR_DATA for one without columns or rows. */
export function typedTable(
  file: string,
  format: string,
  names: readonly string[],
  columns: readonly GrowingColumn[],
  lineOf: (row: number) => number = (row) => row + 1,
): Table {
  if (columns.length === 0) throw new PropagoError("ERR_DATA", `${file} has no columns`);
  const [{ length: rows }] = columns;
  if (rows === 0) throw new PropagoError("ERR_DATA", `${file} has columns but no rows`);
  const unique = uniqueNames(names);
  const warnings = unique.warnings.map((warning) => `${file}: ${warning}`);
  const facts = { file, format, delimiter: ",", columns: unique.names, hasHeader: true, lineOf, warnings };
  return storedTable(facts, columns, rows);
}

/** Which columns of a file the user wants, before any of their cells is read. */
export interface Wanted {
  /** Names of columns to leave out. */
  ignore?: readonly string[];
}

/** Whether a column is left out: by its name, its number from 1, or a pattern such as x*. */
export function ignoreTest(ignore: readonly string[] = []): (name: string, place: number) => boolean {
  const tests = ignore.map((text) => {
    const parts = text.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".*")}$`, "su");
  });
  return (name, place) => ignore.includes(String(place + 1)) || tests.some((test) => test.test(name));
}
