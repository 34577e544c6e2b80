// What the command knows of a table's columns: which hold numbers and which text, how text becomes numbers, and what
// the target is. It turns tables into rows of numbers; reading files is csv.ts's part.
import { didYouMean, PropagoError, show } from "../errors.ts";
import { isMissing, parseNumber } from "./csv.ts";
import type { Table } from "./csv.ts";
import { byCodePoint } from "./labels.ts";
import type { Label } from "./labels.ts";
import type { Rows } from "./scaling.ts";

/** An input column as the model remembers it: a text column becomes one 0-or-1 input for each of its categories. */
export type Column = { name: string; kind: "number" } | { name: string; kind: "text"; categories: string[] };

export type Task = "classification" | "regression";

/** The column to be predicted. */
export type Target =
  | { name: string; task: "classification"; labels: Label[] }
  | { name: string; task: "regression"; values: Float64Array };

/** More categories than this make more inputs than a text column is worth. */
const MAX_CATEGORIES = 100;
/** An integer target with more values than this is a number to be predicted, not a class. */
const MAX_INTEGER_CLASSES = 20;
/** How many cells or names a message lists. */
const LISTED = 5;

/**
 * The place of a column given by name or by number from 1.
 * @throws PropagoError ERR_USAGE where there is none.
 */
export function findColumn(table: Table, wanted: string): number {
  const named = table.columns.indexOf(wanted);
  if (named >= 0) return named;
  const count = table.columns.length;
  if (/^\d+$/.test(wanted)) {
    if (Number(wanted) >= 1 && Number(wanted) <= count) return Number(wanted) - 1;
    throw new PropagoError("ERR_USAGE", `${table.file} has no column ${wanted}; its columns are 1 to ${count}`);
  }
  const known = `${didYouMean(wanted, table.columns)}; its columns are ${list(table.columns)}`;
  throw new PropagoError("ERR_USAGE", `${table.file} has no column ${show(wanted)}${known}`);
}

/**
 * Finds out what the columns at `places` hold.
 * @throws PropagoError ERR_DATA for a text column with too many categories.
 */
export function learnColumns(table: Table, places: readonly number[]): Column[] {
  return places.map((place) => {
    const name = table.columns[place];
    if (isNumberColumn(table, place)) return { name, kind: "number" };
    const categories = [...new Set(table.rows.map((row) => row[place].trim()))].filter((text) => text !== "");
    const count = categories.length;
    if (count > MAX_CATEGORIES || (count === table.rows.length && count > LISTED)) {
      const advice = `leave it out with --ignore ${quotedForShell(name)}, or group its values`;
      const reason = `${count} different texts in ${table.rows.length} rows, too many to learn from`;
      throw new PropagoError("ERR_DATA", `column ${show(name)} has ${reason}; ${advice}`);
    }
    return { name, kind: "text", categories: categories.sort(byCodePoint) };
  });
}

/**
 * Decides what the target is, and reads it. Text is a class; so are integers with few different values; other numbers
 * are to be predicted as numbers.
 * @param task says it instead.
 * @throws PropagoError for cells that the task cannot use, and where every row is a class of its own.
 */
export function readTarget(table: Table, place: number, task?: Task): Target {
  const name = table.columns[place];
  const decided = task ?? taskOf(table, place);
  if (decided === "regression") return { name, task: decided, values: readNumbers(table, place) };
  const labels = readLabels(table, place);
  const classes = new Set(labels).size;
  const { length } = labels;
  if (length > 2 && (classes === length || (classes > MAX_INTEGER_CLASSES && length < 2 * classes))) {
    const advice = "choose another column with --target, or --task regression for a number";
    throw new PropagoError("ERR_DATA", `target ${show(name)} has ${classes} classes for ${length} rows; ${advice}`);
  }
  return { name, task: decided, labels };
}

/** The labels in a column: integers where most cells are numbers, texts otherwise. */
function readLabels(table: Table, place: number): Label[] {
  const isNumbers = isNumberColumn(table, place);
  refuseMissing(table, [place], (row, column) => isMissing(table.rows[row][column], isNumbers));
  if (!isNumbers) return table.rows.map((row) => row[place].trim());
  return table.rows.map((_, row) => {
    const value = numberAt(table, row, place);
    if (Number.isSafeInteger(value)) return value;
    const advice = "use integers or words for classes, or --task regression";
    throw new PropagoError("ERR_DATA", `${at(table, row, place)}: ${value} is not a class label; ${advice}`);
  });
}

/**
 * The labels in a column, each one of the model's.
 * @throws PropagoError ERR_DATA, naming the line, for a label that training has not seen.
 */
export function readKnownLabels(table: Table, place: number, known: readonly Label[]): Label[] {
  refuseMissing(table, [place], (row, column) => isMissing(table.rows[row][column], false));
  const byText = new Map(known.map((label) => [String(label), label]));
  return table.rows.map((cells, row) => {
    const text = cells[place].trim();
    const label = byText.get(text) ?? byText.get(String(parseNumber(text)));
    if (label !== undefined) return label;
    const classes = `(${list(known.map(String))})`;
    throw new PropagoError("ERR_DATA", `${at(table, row, place)}: ${show(text)} was not seen in training ${classes}`);
  });
}

/** Numbers in a column that must hold nothing else. */
export function readNumbers(table: Table, place: number): Float64Array {
  refuseMissing(table, [place], (row, column) => isMissing(table.rows[row][column]));
  return Float64Array.from(table.rows, (_, row) => numberAt(table, row, place));
}

/** A table as the model's inputs. */
export interface Encoded extends Rows {
  /** What the user should know, though it is no error. */
  warnings: string[];
}

/**
 * Turns a table into rows of numbers, finding the columns by name.
 * @param expected names that may be in the table without being inputs, so that nothing is said about them.
 * @param unknown what to do with a category that training has not seen: an error, or all its inputs 0.
 * @throws PropagoError ERR_DATA, ERR_CSV or ERR_NONFINITE naming line and column of what cannot be used.
 */
export function encodeRows(
  table: Table,
  columns: readonly Column[],
  { expected = [], unknown = "error" }: { expected?: readonly string[]; unknown?: "error" | "ignore" } = {},
): Encoded {
  const places = columns.map(({ name }) => table.columns.indexOf(name));
  const absent = columns.filter((_, i) => places[i] < 0).map(({ name }) => name);
  if (absent.length > 0) {
    const near = absent.length === 1 ? didYouMean(absent[0], table.columns) : "";
    const word = absent.length === 1 ? "the column" : `${absent.length} columns`;
    throw new PropagoError("ERR_DATA", `${table.file} lacks ${word} ${list(absent)}${near}, which the model needs`);
  }
  const warnings: string[] = [];
  const used = new Set([...columns.map(({ name }) => name), ...expected]);
  const extra = table.columns.filter((name) => !used.has(name));
  if (extra.length > 0) warnings.push(`${table.file}: the model does not use ${list(extra)}`);

  const isNumber = new Set(places.filter((_, i) => columns[i].kind === "number"));
  refuseMissing(table, places, (row, place) => {
    return isMissing(table.rows[row][place], isNumber.has(place));
  });
  const width = inputsOf(columns);
  const data = new Float64Array(table.rows.length * width);
  let offset = 0;
  columns.forEach((column, i) => {
    if (column.kind === "number") {
      for (let row = 0; row < table.rows.length; row++) data[row * width + offset] = numberAt(table, row, places[i]);
      offset += 1;
      return;
    }
    const indices = new Map(column.categories.map((category, index) => [category, index]));
    for (let row = 0; row < table.rows.length; row++) {
      const text = table.rows[row][places[i]].trim();
      const index = indices.get(text);
      if (index !== undefined) data[row * width + offset + index] = 1;
      else if (unknown === "error") throw unseen(table, row, places[i], column.categories);
    }
    offset += column.categories.length;
  });
  return { data, rows: table.rows.length, columns: width, warnings };
}

/** How many inputs the columns become. */
export function inputsOf(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + (column.kind === "number" ? 1 : column.categories.length), 0);
}

/** Whether most of a column's cells are numbers, or meant to be: the rest are mistakes then, not words. */
function isNumberColumn(table: Table, place: number): boolean {
  let present = 0;
  let numbers = 0;
  for (const row of table.rows) {
    if (isMissing(row[place])) continue;
    present += 1;
    if (parseNumber(row[place]) !== undefined || mistakeIn(row[place]) !== "") numbers += 1;
  }
  return 2 * numbers >= present;
}

function taskOf(table: Table, place: number): Task {
  if (!isNumberColumn(table, place)) return "classification";
  const values = new Set<number>();
  for (const row of table.rows) {
    const value = parseNumber(row[place]);
    // A cell that is no number is reported when the target is read.
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value)) return "regression";
    values.add(value);
  }
  const few = Math.max(2, Math.min(MAX_INTEGER_CLASSES, Math.sqrt(table.rows.length)));
  return values.size <= few ? "classification" : "regression";
}

function numberAt(table: Table, row: number, place: number): number {
  const cell = table.rows[row][place];
  const value = parseNumber(cell);
  if (value === undefined) {
    const mistake = mistakeIn(cell);
    const hint = mistake === "" ? "" : ` (${mistake})`;
    const advice = `mend the cell, or leave the column out with --ignore ${quotedForShell(table.columns[place])}`;
    throw new PropagoError("ERR_CSV", `${at(table, row, place)}: ${show(cell)} is not a number${hint}; ${advice}`);
  }
  if (!Number.isFinite(value)) {
    throw new PropagoError("ERR_NONFINITE", `${at(table, row, place)} is ${value}; mend the cell or leave the row out`);
  }
  return value;
}

/** What is wrong with a cell that was surely meant as a number, or nothing. */
function mistakeIn(cell: string): string {
  const text = cell.trim();
  if (/^[+-]?\d+,\d+$/.test(text)) return "decimal comma? write a decimal point";
  if (/^[+-]?\d{1,3}(?:[,. ' ]\d{3})+(?:[.,]\d+)?$/.test(text)) return "write it without thousands separators";
  if (/^[+-]?\d+(?:_\d+)+$/.test(text)) return "write it without underscores";
  if (/^[+-]?0[xX][\da-fA-F]+$/.test(text)) return "write it in decimal digits";
  if (/^[+-]{2,}[\d.]+$/.test(text)) return "one sign only";
  if (/^[+-]?[\d.]+[eE][+-]?\d+$/.test(text)) return "too large";
  if (/^\p{Nd}+$/u.test(text) && !/^\d+$/.test(text)) return "write it with the digits 0 to 9";
  return "";
}

/** Refuses missing cells, naming the first few of them. */
function refuseMissing(
  table: Table,
  places: readonly number[],
  missing: (row: number, place: number) => boolean,
): void {
  const found: string[] = [];
  let count = 0;
  for (let row = 0; row < table.rows.length; row++) {
    for (const place of places) {
      if (!missing(row, place)) continue;
      count += 1;
      const text = table.rows[row][place].trim();
      const shown = text === "" ? "empty" : show(text);
      if (found.length < LISTED)
        found.push(`line ${table.lineOf(row)} column ${show(table.columns[place])} (${shown})`);
    }
  }
  if (count === 0) return;
  const cells = count === 1 ? "a missing value" : `${count} missing values`;
  const rest = count > found.length ? ", …" : "";
  const advice = "fill them in, remove the rows, or leave a column out with --ignore";
  throw new PropagoError("ERR_NONFINITE", `${table.file} has ${cells}: ${found.join(", ")}${rest}; ${advice}`);
}

function unseen(table: Table, row: number, place: number, categories: readonly string[]): PropagoError {
  const known = `not seen in training (${list(categories)})`;
  const advice = "mend the cell, or use --unknown ignore";
  const cell = show(table.rows[row][place].trim());
  return new PropagoError("ERR_DATA", `${at(table, row, place)}: ${cell} was ${known}; ${advice}`);
}

/** Where a cell is, for messages. */
function at(table: Table, row: number, place: number): string {
  return `${table.file}:${table.lineOf(row)} row ${row + 1}, column ${show(table.columns[place])}`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, LISTED).map(show).join(", ");
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}

function quotedForShell(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name}'`;
}
