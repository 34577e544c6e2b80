// Finds lines that look like rows but are none: titles above the header, a line of units or types below it, and a
// repeated header. As rows they would turn numbers into words. So they are refused, with the way to leave them out.
import { show } from "../ground/errors.ts";
import { cellOf, countOf, lineEnd, widthOf } from "./cells.ts";
import type { Records } from "./cells.ts";
import { isWrittenNumber, parseNumber } from "./numbers.ts";
import { list, listShown, TableError } from "./problems.ts";
import type { Problem } from "./problems.ts";
import type { MissingTest } from "../data/table.ts";

/** The first records of a table, as its frame is found. */
export interface Top {
  records: Records;
  file: string;
  /** The fields of the first record. */
  names: readonly string[];
  /** How many fields are columns. */
  width: number;
  isMissing: MissingTest;
}

/** So many records of the second half, which are surely rows, say what a column holds. */
const ROWS = 40;
/** A word that occurs again within so many records is an ordinary cell. */
const LOOKED_AT = 60;
/** The largest number of lines above a table that are looked for. */
const MOST_ABOVE = 12;
/** So many columns are enough to tell rows from other lines. */
const MOST_FIELDS = 1000;
/** The share of a column's cells that must be values before a word among them is strange. */
const MOST = 0.8;
/** With more lines than this, no command is offered. */
const MOST_LISTED = 20;

/**
 * Refuses titles above the header.
 * @throws TableError with the --skip-lines that leaves them out.
 */
export function refuseTitles(top: Top): void {
  const { records, file, width } = top;
  const above = wordsAbove(top);
  if (above.length < 2) return;
  const filled = above.map((record) => filledOf(top, record));
  const header = filled.indexOf(Math.max(...filled));
  if (header === 0) return;
  const { lines } = records;
  const skipped = String(lines[header] - 1);
  const [first, last] = [lines[0], lines[header] - 1];
  const which = first === last ? `${file}:${first} fills` : `${file}: lines ${first} to ${last} fill`;
  const what = `${which} ${filled[0]} of ${width} fields, line ${lines[header]} ${filled[header]}, and the rows begin below it`;
  const names = listShown(fieldsOf(top).slice(0, 3).map((field) => cellOf(records, header, field))); // prettier-ignore
  const message = `${what}; where that line names the columns (${names}), skip what stands above it with --skip-lines ${skipped}, else say --header`;
  throw new TableError([{ code: "ERR_CSV", message, remedies: [{ option: "skipLines", value: skipped }] }], file);
}

/**
 * Refuses a first line of names where there is to be none.
 * @param isForModel whether a model reads the table, one that may have been trained without a header line.
 * @throws TableError
 */
export function refuseNames(top: Top, isForModel: boolean): void {
  const { records, file } = top;
  const fields = valueFields(top);
  const isName = (field: number) => {
    const name = cellOf(records, 0, field);
    return isWord(top, name) && !isAgainBelow(top, field, name, 1);
  };
  // The column of row numbers often has no name.
  const words = fields.filter((field) => !top.isMissing(cellOf(records, 0, field)));
  if (words.length === 0 || 2 * words.length < fields.length || !words.every(isName)) return;
  // A single word may be a mistake, so the other columns decide then.
  const others = words.length > 1 ? [] : fieldsOf(top).filter((field) => !fields.includes(field));
  if (others.some((field) => isWord(top, cellOf(records, 0, field)) && !isName(field))) return;
  const names = listShown(words.map((field) => cellOf(records, 0, field)));
  const line = records.lines[0];
  const advice = isForModel
    ? `skip it with --skip-lines ${line}, or leave out --no-header where you gave it`
    : "leave out --no-header";
  const message = `${file}:${line} looks like the names of the columns (${names}), since the lines below it hold numbers there; ${advice}`;
  throw new TableError([{ code: "ERR_CSV", message, remedies: [{ option: "header", value: "" }] }], file);
}

/**
 * Refuses lines of units or types below the header, and the header once more.
 * @throws TableError with the lines.
 */
export function refuseNoRows(top: Top, hasRowNames: boolean): void {
  const { records, file } = top;
  const { lines } = records;
  const problems: Problem[] = [];
  const tell = (found: readonly number[], what: (numbers: string, isOne: boolean) => string) => {
    if (found.length === 0) return;
    const numbers = found.map((record) => String(lines[record]));
    const named = `${found.length === 1 ? "line" : "lines"} ${list(numbers)}`;
    const advice = found.length === 1 ? "leave it out" : "leave them out";
    const badLines = found.length <= MOST_LISTED ? found.map((record) => lines[record]) : undefined;
    problems.push({ code: "ERR_CSV", message: `${what(named, found.length === 1)}; ${advice}`, badLines });
  };
  const units = hasRowNames ? [] : unitLines(top);
  const example = units.length > 0 ? show(fieldsOf(top).map((field) => cellOf(records, units[0], field)).find((cell) => isWord(top, cell)) ?? "") : ""; // prettier-ignore
  tell(units, (numbers, isOne) => `${file}: ${numbers} ${isOne ? "holds" : "hold"} words where the lines below hold numbers (${example})`); // prettier-ignore
  tell(repeatedHeaders(top), (numbers, isOne) => `${file}: ${numbers} ${isOne ? "is" : "are"} the header once more`);
  if (problems.length > 0) throw new TableError(problems, file);
}

/** Records below the header that hold words in each column of numbers in which they hold anything. */
function unitLines(top: Top): number[] {
  const { records } = top;
  const fields = valueFields(top);
  const above = wordsAbove(top).slice(1);
  return above.filter((record) => {
    const words = fields.filter((field) => isWord(top, cellOf(records, record, field)));
    const isAlone = fieldsOf(top).every((field) => fields.includes(field) || cellOf(records, record, field) === "");
    if (words.length === 0 || (words.length === 1 && !isAlone)) return false;
    return words.every((field) => !isAgainBelow(top, field, cellOf(records, record, field), record + 1));
  });
}

/** Records that repeat the first one exactly, if it has a word above numbers. */
function repeatedHeaders(top: Top): number[] {
  const { records, width, names } = top;
  const { text, starts, firsts } = records;
  if (width < 2 || names.every((name) => name === "" || parseNumber(name) !== undefined)) return [];
  const begin = starts[0];
  const header = text.slice(begin, lineEnd(text, begin));
  const found: number[] = [];
  for (let record = 1; record < countOf(records); record++) {
    const at = starts[firsts[record]];
    if (text.startsWith(header, at) && lineEnd(text, at) === at + header.length) found.push(record);
  }
  if (found.length === 0 || valueFields(top).length > 0) return found;
  // Answers that repeat the question are rows: their words stand in other records too.
  const isOnlyThere = (field: number) => {
    let cells = 0;
    for (let record = 1; record < countOf(records); record++) {
      if (cellOf(records, record, field) === names[field]) cells += 1;
    }
    return cells === found.length;
  };
  return fieldsOf(top).every((field) => names[field] === "" || isOnlyThere(field)) ? found : [];
}

/** The leading records that hold no value in any column of values. */
function wordsAbove(top: Top): number[] {
  const { records } = top;
  const fields = valueFields(top);
  const found: number[] = [];
  if (fields.length === 0) return found;
  const most = Math.min(MOST_ABOVE, bodyOf(records));
  for (let record = 0; record < most; record++) {
    const cells = fields.map((field) => cellOf(records, record, field));
    const isNoRow = cells.every((cell) => !isValue(cell) || (/ /.test(cell) && parseNumber(cell) === undefined));
    // Years may name columns, below titles that leave them empty.
    const numbers = cells.map(parseNumber).filter((value) => value !== undefined);
    const isBelowTitle =
      (record === 0 ? isSeries(numbers) : areYears(numbers)) &&
      found.every((other) => 2 * filledOf(top, other) < filledOf(top, record));
    if (!isNoRow && !isBelowTitle) break;
    found.push(record);
  }
  return found;
}

/** The first of the records that are surely rows. */
function bodyOf(records: Records): number {
  return Math.floor(countOf(records) / 2);
}

/** The fields that hold numbers or dates in the rows. */
function valueFields(top: Top): number[] {
  const { records, isMissing } = top;
  const body = bodyOf(records);
  const rows = countOf(records) - body;
  const most = Math.min(rows, ROWS);
  const looked = Array.from({ length: most }, (_, i) => body + Math.floor((i * rows) / most));
  return fieldsOf(top).filter((field) => {
    let present = 0;
    let values = 0;
    for (const record of looked) {
      const cell = cellOf(records, record, field);
      if (isMissing(cell)) continue;
      present += 1;
      if (isValue(cell)) values += 1;
    }
    return values > 0 && values >= MOST * present;
  });
}

function fieldsOf({ width, records }: Top): number[] {
  return Array.from({ length: Math.min(width, widthOf(records, 0), MOST_FIELDS) }, (_, field) => field);
}

/** In how many fields of a record something stands. */
function filledOf(top: Top, record: number): number {
  return fieldsOf(top).filter((field) => !top.isMissing(cellOf(top.records, record, field))).length;
}

function isWord({ isMissing }: Top, cell: string): boolean {
  return !isMissing(cell) && !isValue(cell);
}

/** A number as people write it, a date or a time. */
function isValue(cell: string): boolean {
  // "inf" may be the name of a column.
  return isWrittenNumber(cell) || /^\d{1,4}[-/.:]\d{1,2}(?:[-/.:T ]\d.*)?(?: ?[ap]m)?$/i.test(cell);
}

function isAgainBelow({ records }: Top, field: number, word: string, from: number): boolean {
  const end = Math.min(countOf(records), LOOKED_AT);
  for (let record = from; record < end; record++) if (cellOf(records, record, field) === word) return true;
  return false;
}

/** 0, 1, 2 … or 1990, 1995, 2000, or years in any steps: numbers that name columns. */
export function isSeries(numbers: readonly number[]): boolean {
  if (numbers.length < 2 || !numbers.every((value) => Number.isSafeInteger(value))) return false;
  if (areYears(numbers)) return true;
  const step = numbers[1] - numbers[0];
  return step > 0 && numbers.every((value, i) => i === 0 || value - numbers[i - 1] === step);
}

function areYears(numbers: readonly number[]): boolean {
  return numbers.every((value, i) => {
    return Number.isInteger(value) && value >= 1500 && value <= 2200 && (i === 0 || value > numbers[i - 1]);
  });
}
