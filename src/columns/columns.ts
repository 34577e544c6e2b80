// A table's input columns as a model remembers them, and the rows of numbers that they become. Training writes these
// records (learning.ts); predicting applies the same ones.
import { didYouMean, PropagoError, show } from "../ground/errors.ts";
import { partOf, PART_NAMES, readDate, type DateForm, type DatePart } from "./dates.ts";
import { isUsable, PLAIN, readNumber, type NumberFormat } from "./numbers.ts";
import { count, list, listShown, LISTED } from "./problems.ts";
import {
  distinctTexts,
  keptNumbers,
  type Distinct,
  type MissingTest,
  type PlainNumbers,
  type Table,
} from "../data/table.ts";

/** A column of numbers: one input, and a second one that says where the number is missing. */
export interface NumberColumn {
  name: string;
  kind: "number";
  /** How its numbers are written. Default: plainly. */
  format?: NumberFormat;
  /** A number that is subtracted, so that float32 keeps the digits. Without it, inputs are float64. */
  offset?: number;
  /** Whether the numbers are too large or too small for float32. */
  wide?: boolean;
  /** The number that replaces a missing value. Without it, rows with a missing value are not predicted. */
  fill?: number;
  /** Whether a second input is 1 where the value is missing. */
  indicator?: boolean;
}

/** A column of words: an input for each category, 1 where the row has it. */
export interface CategoryColumn {
  name: string;
  kind: "category";
  categories: string[];
  /** Whether one more input stands for rare and unseen categories. */
  other?: boolean;
  /** Hashes of the rare categories that training has gathered in it, unless there were too many to remember. */
  gathered?: number[];
  /** What a missing value means: a category with its own input, no category, or that the row is not predicted. */
  missing: "category" | "none" | "refuse";
  /** Whether "TRUE", "True" and "true" are one category. */
  fold?: boolean;
}

/** A column of dates: days (or hours of a day) as a number, and parts that repeat as categories. */
export interface DateColumn {
  name: string;
  kind: "date";
  form: DateForm;
  offset: number;
  fill?: number;
  indicator?: boolean;
  parts: { part: DatePart; values: number[] }[];
}

/** An input column as the model remembers it. */
export type Column = NumberColumn | CategoryColumn | DateColumn;

/** Numbers of an encoded table, row by row. Bytes where all inputs are whole numbers from 0 to 255. */
export type EncodedArray = Uint8Array | Float32Array | Float64Array;

/** A table as the model's inputs. */
export interface Encoded {
  data: EncodedArray;
  rows: number;
  columns: number;
  /** Warnings for the user. */
  warnings: string[];
  /** For each row, whether it lacks something that the model needs. The inputs of such a row have no meaning. */
  isUnusable: Uint8Array;
}

export interface EncodeOptions {
  isMissing: MissingTest;
  /** The rows to encode. Default: all. */
  rows?: ArrayLike<number>;
  /** Names that may be in the table without being inputs, so that nothing is said about them. */
  expected?: readonly string[];
  /**
   * What becomes of a category that training has not seen. "other" takes it as the column's "other", or as no category if
   * there is none, and warns. "ignore" takes it as no category. "error" refuses it.
   */
  unknown?: "other" | "ignore" | "error";
  /** Whether the columns were learnt from these rows. Their rare categories are then no reason for a warning. */
  isTraining?: boolean;
  /** Float64 keeps all digits, for networks that compute so. */
  dtype?: "float32" | "float64";
  /** The decimal sign of this table, if it differs from the training table's. */
  decimal?: "." | ",";
  /** Advice that is added to the message about absent columns: how to take columns by their places. */
  byPlace?: string;
}

/**
 * Turns a table into rows of numbers, finding the columns by name.
 * @throws PropagoError ERR_DATA where a column is not there, or for an unseen category where these are errors.
 */
export function encodeRows(table: Table, columns: readonly Column[], options: EncodeOptions): Encoded {
  const places = placesOf(table, columns, options);
  const warnings: string[] = [];
  const used = new Set([...columns.map(({ name }) => name), ...(options.expected ?? [])]);
  const extra = table.columns.filter((name) => !used.has(name));
  if (extra.length > 0) warnings.push(`${table.file}: the model does not use ${listShown(extra)}`);

  const width = inputsOf(columns);
  const rows = options.rows?.length ?? table.rows;
  const encoding: Encoding = {
    table,
    options: { ...options, unknown: options.unknown ?? "other" },
    rows,
    width,
    data: newArray(table, columns, places, rows * width, options),
    isUnusable: new Uint8Array(rows),
    unseen: [],
    faults: [],
    lacking: [],
  };
  let offset = 0;
  columns.forEach((column, i) => {
    const plain = plainNumbers(table, column, places[i], options);
    if (column.kind === "category")
      encodeCategories(encoding, column, distinctTexts(table, places[i]), places[i], offset);
    else if (plain && column.kind === "number") encodePlain(encoding, column, plain, places[i], offset);
    else encodeValues(encoding, column, places[i], offset);
    offset += inputsOf([column]);
  });
  warnings.push(...tell(encoding));
  return { data: encoding.data, rows, columns: width, warnings, isUnusable: encoding.isUnusable };
}

/** The state of `encodeRows`. */
interface Encoding {
  table: Table;
  options: EncodeOptions & { unknown: "other" | "ignore" | "error" };
  rows: number;
  width: number;
  data: EncodedArray;
  isUnusable: Uint8Array;
  /** Texts that training has not seen, and cells that are no numbers or dates, as messages name them. */
  unseen: Found[];
  faults: Found[];
  lacking: Found[];
}

interface Found {
  /** The column's name in messages. */
  column: string;
  place: number;
  cells: number;
  row: number;
  text: string;
}

/** Where the columns are in a table. @throws PropagoError ERR_DATA naming those that are not there, and what to do. */
function placesOf(table: Table, columns: readonly Column[], { byPlace = "" }: EncodeOptions): number[] {
  const byName = new Map(table.columns.map((name, i) => [name, i]));
  const absent = columns.filter(({ name }) => !byName.has(name));
  if (absent.length > 0) {
    const names = absent.map(({ name }) => name);
    const needed = new Set(columns.map(({ name }) => name));
    const others = table.columns.filter((name) => !needed.has(name));
    const near = nearest(names, others);
    const word = absent.length === 1 ? "the column" : `${absent.length} columns`;
    const header = table.hasHeader
      ? ""
      : "; its first line was read as a row: --header reads names, --no-header takes as many columns as in training by their places";
    const what = `${table.file} lacks ${word} ${listShown(names)}${near.similar}, which the model needs`;
    const alone = absent.filter(({ name }) => near.unlike.includes(name));
    const more = alone.length === 0 || header !== "" ? "" : additionOf(table, alone, absent.length);
    throw new PropagoError("ERR_DATA", `${what}${near.rename}${more}${header}${byPlace}`);
  }
  return columns.map(({ name }) => byName.get(name) ?? 0);
}

/** Advice about absent columns to which no other column is similar. */
function additionOf(table: Table, absent: readonly Column[], all: number): string {
  const isFilled = absent.every((column) => (column.kind === "category" ? column.missing !== "refuse" : column.fill !== undefined)); // prettier-ignore
  const cells = isFilled ? ", with empty cells where a value is unknown" : "";
  const names = absent.length === all ? (all === 1 ? "it" : "them") : listShown(absent.map(({ name }) => name));
  return `; its columns are ${listShown(table.columns)}, none of them alike: add ${names}${cells}`;
}

/** Names of a table that may be meant by names that it does not have. */
interface Near {
  /** " (did you mean …?)", where one name is absent and one is similar. */
  similar: string;
  /** What to rename. */
  rename: string;
  /** The absent names to which no other name is similar. */
  unlike: string[];
}

/** Finds names that may be meant by absent ones: names that differ only in case, spaces and signs, or similar names. */
export function nearest(absent: readonly string[], others: readonly string[]): Near {
  const plain = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const byPlain = new Map(others.map((name) => [plain(name), name]));
  const same = new Map<string, string>();
  for (const name of absent) {
    const other = plain(name) === "" ? undefined : byPlain.get(plain(name));
    if (other !== undefined) same.set(name, other);
  }
  const taken = new Set(same.values());
  const free = others.filter((name) => !taken.has(name));
  const rest = absent.filter((name) => !same.has(name));
  // The message lists no more, and very wide tables would take long.
  const guesses = rest.slice(0, LISTED).flatMap((name) => {
    const guess = /"(.*)"/s.exec(didYouMean(name, free))?.[1];
    return guess === undefined ? [] : [[name, guess] as const];
  });
  const unlike = rest.filter((name) => !guesses.some(([own]) => own === name));
  const renamed = list([...same].map(([name, other]) => `${show(other)} to ${show(name)}`));
  const rename = same.size > 0 ? `; rename ${renamed}` : "";
  if (absent.length === 1 && guesses.length === 1) return { similar: ` (did you mean ${show(guesses[0][1])}?)`, rename, unlike }; // prettier-ignore
  const meant = list(guesses.map(([name, guess]) => `${show(guess)} to ${show(name)}`));
  const perhaps = guesses.length > 0 ? `; perhaps rename ${meant}` : "";
  return { similar: "", rename: `${rename}${perhaps}`, unlike };
}

/** The smallest kind of array that keeps all digits. Columns of version 1 are not centred, so they need float64. */
function newArray(table: Table, columns: readonly Column[], places: number[], length: number, options: EncodeOptions) {
  if (columns.every((column, i) => fitsBytes(table, column, places[i], options))) return new Uint8Array(length);
  const isSingle = columns.every((column) => column.kind !== "number" || (column.offset !== undefined && !column.wide));
  return isSingle && options.dtype !== "float64" ? new Float32Array(length) : new Float64Array(length);
}

/** The numbers of a column of numbers, where the table keeps them and they mean what the column means. */
function plainNumbers(
  table: Table,
  column: Column,
  place: number,
  { isMissing, decimal }: Pick<EncodeOptions, "isMissing" | "decimal">,
): PlainNumbers | undefined {
  if (column.kind !== "number") return undefined;
  const plain = table.plain?.(place, isMissing);
  if (!plain || table.format !== undefined) return plain;
  const { decimal: sign, thousands, affix } = column.format ?? PLAIN;
  const isPlain = sign === "." && thousands === undefined && affix === undefined;
  return isPlain && (decimal !== "," || !plain.hasDot) ? plain : undefined;
}

/** Whether a column's inputs are whole numbers from 0 to 255. */
function fitsBytes(
  table: Table,
  column: Column,
  place: number,
  { isMissing, decimal, isTraining }: EncodeOptions,
): boolean {
  if (column.kind === "category") return true;
  if (column.kind === "date") return false;
  if (column.offset === undefined || column.offset !== 0) return false;
  const isByte = (value: number) => value >= 0 && value <= 255 && Number.isInteger(value) && !Object.is(value, -0);
  if (column.fill !== undefined && !isByte(column.fill)) return false;
  const plain = plainNumbers(table, column, place, { isMissing, decimal });
  const kept = plain ?? (isTraining ? keptNumbers(table, place) : undefined);
  if (kept) return kept.values.every((value) => Number.isNaN(value) || isByte(value));
  // For most columns the first rows already show that they do not fit.
  const read = (text: string) => (isMissing(text) ? 0 : (valueOf(column, text, decimal) ?? 0));
  for (let row = 0; row < Math.min(table.rows, 20); row++)
    if (!isByte(read(table.cell(row, place).trim()))) return false;
  return distinctTexts(table, place).texts.every((text) => isByte(read(text)));
}

/** The place in a table of a row that is encoded. */
function rowAt({ options }: Encoding, row: number): number {
  return options.rows ? options.rows[row] : row;
}

function encodeCategories(
  encoding: Encoding,
  column: CategoryColumn,
  distinct: Distinct,
  place: number,
  offset: number,
) {
  const { data, width, rows, options } = encoding;
  const { texts, codes } = distinct;
  const indices = categoryIndices(column);
  const { length } = column.categories;
  const unseen = new Uint32Array(texts.length);
  const gathered = new Set(column.gathered);
  const none = column.other && options.unknown !== "ignore" ? length : -1;
  const input = Int32Array.from(texts, (text, i) => {
    const index = indices.get(column.fold ? text.toLowerCase() : text);
    if (index !== undefined) return index;
    if (options.isMissing(text)) {
      if (column.missing === "refuse") return -2;
      return column.missing === "category" ? length + (column.other ? 1 : 0) : none;
    }
    unseen[i] = options.isTraining || gathered.has(hashOf(column.fold ? text.toLowerCase() : text)) ? 0 : 1;
    return none;
  });
  for (let row = 0; row < rows; row++) {
    const code = codes[rowAt(encoding, row)];
    if (unseen[code]) note(encoding.unseen, encoding, column.name, place, row, texts[code]);
    const index = input[code];
    if (index >= 0) data[row * width + offset + index] = 1;
    else if (index === -2) {
      note(encoding.lacking, encoding, column.name, place, row, texts[code]);
      encoding.isUnusable[row] = 1;
    }
  }
  const first = encoding.unseen.at(-1);
  if (options.unknown === "error" && first?.place === place) throw unseenError(encoding, first, column.categories);
}

/** The input of each category, by its text. Gathered categories have no input of their own. */
export function categoryIndices({ categories, fold }: CategoryColumn): Map<string, number> {
  return new Map(categories.map((category, index) => [fold ? category.toLowerCase() : category, index]));
}

/** A 32-bit FNV-1a hash of a text's UTF-16 units. A model recognises rare words by it without keeping them. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The number that a cell of a number or date column stands for. */
export function valueOf(
  column: Pick<NumberColumn, "kind" | "format"> | Pick<DateColumn, "kind" | "form">,
  text: string,
  decimal?: "." | ",",
): number | undefined {
  if (column.kind === "date") return readDate(text, column.form);
  const format = column.format ?? PLAIN;
  const value = readNumber(text, decimal === undefined ? format : formatWith(format, decimal));
  return isUsable(value) ? value : undefined;
}

/** A format with a known decimal sign. The other sign can then only separate thousands. */
export function formatWith(format: NumberFormat, decimal: "." | ","): NumberFormat {
  const { thousands } = format;
  const others = decimal === "." ? "," : ".";
  return { ...format, decimal, thousands: thousands === " " || thousands === "'" ? thousands : others };
}

function encodePlain(
  encoding: Encoding,
  { name, fill = NaN, offset: shift = 0, indicator }: NumberColumn,
  { values }: PlainNumbers,
  place: number,
  offset: number,
): void {
  const { table, data, width, rows, isUnusable, options } = encoding;
  const isSingle = data instanceof Float32Array;
  for (let row = 0; row < rows; row++) {
    const at = options.rows ? options.rows[row] : row;
    let value = values[at];
    const isMissing = value !== value;
    if (isMissing) value = fill;
    const input = value - shift;
    // Columns that were not wide in training become float32, which cannot hold this number.
    if (input !== input || (isSingle && !Number.isFinite(Math.fround(input)))) {
      isUnusable[row] = 1;
      const found = isMissing ? encoding.lacking : encoding.faults;
      note(found, encoding, name, place, row, table.cell(at, place).trim());
      continue;
    }
    data[row * width + offset] = input;
    if (isMissing && indicator) data[row * width + offset + 1] = 1;
  }
}

function encodeValues(encoding: Encoding, column: NumberColumn | DateColumn, place: number, offset: number): void {
  const { data, width, rows, isUnusable } = encoding;
  const { codes, values, isMissing, texts } = readValues(encoding, column, place);
  const shift = column.offset ?? 0;
  const indicator = column.indicator ? offset + 1 : -1;
  const parts = column.kind === "date" ? partsOf(column, values, offset + (column.indicator ? 2 : 1)) : [];
  for (let row = 0; row < rows; row++) {
    const code = codes[rowAt(encoding, row)];
    const value = values[code];
    // Columns that were not wide in training become float32, which cannot hold this number.
    const isTooLarge = data instanceof Float32Array && !Number.isFinite(Math.fround(value - shift));
    if (Number.isNaN(value) || isTooLarge) {
      isUnusable[row] = 1;
      note(
        isMissing[code] ? encoding.lacking : encoding.faults,
        encoding,
        column.name,
        place,
        row,
        texts?.[code] ?? "",
      );
      continue;
    }
    data[row * width + offset] = value - shift;
    if (isMissing[code]) {
      if (indicator >= 0) data[row * width + indicator] = 1;
      continue;
    }
    for (const part of parts) if (part[code] >= 0) data[row * width + part[code]] = 1;
  }
}

/** The values of a column's texts, with missing ones filled. Texts that training has read are not read again. */
function readValues({ table, options }: Encoding, column: NumberColumn | DateColumn, place: number) {
  const { fill = NaN } = column;
  const kept = options.isTraining ? keptNumbers(table, place) : undefined;
  if (kept) {
    const isMissing = Uint8Array.from(kept.values, (value) => (Number.isNaN(value) ? 1 : 0));
    return { codes: kept.codes, values: kept.values.map((value) => (Number.isNaN(value) ? fill : value)), isMissing };
  }
  const { texts, codes } = distinctTexts(table, place);
  const isMissing = Uint8Array.from(texts, (text) => (options.isMissing(text) ? 1 : 0));
  const values = Float64Array.from(texts, (text, i) => {
    return isMissing[i] ? fill : (valueOf(column, text, options.decimal) ?? NaN);
  });
  return { codes, values, isMissing, texts };
}

/** For each part of a date the input of each text, or -1. */
function partsOf({ parts }: DateColumn, values: Float64Array, first: number): Int32Array[] {
  let offset = first;
  return parts.map(({ part, values: known }) => {
    const begin = offset;
    offset += known.length;
    return Int32Array.from(values, (value) => {
      const index = Number.isNaN(value) ? -1 : known.indexOf(partOf(value, part));
      return index < 0 ? -1 : begin + index;
    });
  });
}

function note(found: Found[], encoding: Encoding, column: string, place: number, row: number, text: string): void {
  const last = found.at(-1);
  if (last?.place === place) last.cells += 1;
  else found.push({ column, place, cells: 1, row: rowAt(encoding, row), text });
}

/** Warnings about rows that are left out and cells that are taken for something else, one line for each kind. */
function tell({ table, unseen, faults, lacking, options }: Encoding): string[] {
  const lines: string[] = [];
  const named = (found: readonly Found[]) =>
    list(
      found.map(({ column, cells, row, text }) => {
        const first = text === "" ? "" : ` ${show(text)}`;
        return `${show(column)} (${count(cells, "cell")}, first line ${table.lineOf(row)}${first})`;
      }),
    );
  if (unseen.length > 0 && options.unknown === "other") {
    const what = 'taken for "other" where training gathered rare ones, else for none of those known';
    lines.push(
      `${table.file}: categories that training has not seen, ${what}: ${named(unseen)}; --unknown error refuses them`,
    );
  }
  if (faults.length > 0) {
    const sign = faults.every(({ text }) => /^[^,]*\d,\d[^,]*$/.test(text)) ? "," : ".";
    const isSign = faults.every(({ text }) => /\d[.,]\d/.test(text));
    const advice = isSign ? `; --decimal ${sign} says what begins decimals here` : "";
    lines.push(`${table.file}: cells that are not what the column holds: ${named(faults)}${advice}`);
  }
  if (lacking.length > 0)
    lines.push(`${table.file}: missing values, which the model was not trained with: ${named(lacking)}`);
  return lines;
}

function unseenError({ table }: Encoding, { row, place, text }: Found, categories: readonly string[]): PropagoError {
  const known = `not seen in training (${list(categories.map(show), LISTED)})`;
  const advice = "mend the cell, or use --unknown ignore";
  return new PropagoError("ERR_DATA", `${at(table, row, place)}: ${show(text)} was ${known}; ${advice}`);
}

/** Where a cell is, for messages. */
export function at(table: Table, row: number, place: number): string {
  return `${table.file}:${table.lineOf(row)} row ${row + 1}, column ${show(table.columns[place])}`;
}

/** How many inputs the columns become. */
export function inputsOf(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => {
    if (column.kind === "category") {
      return sum + column.categories.length + (column.other ? 1 : 0) + (column.missing === "category" ? 1 : 0);
    }
    const parts = column.kind === "date" ? column.parts.reduce((count, { values }) => count + values.length, 0) : 0;
    return sum + 1 + (column.indicator ? 1 : 0) + parts;
  }, 0);
}

/** The name of each input in messages, made of the user's column names. */
export function inputNames(columns: readonly Column[]): string[] {
  return columns.flatMap((column) => {
    const { name } = column;
    if (column.kind === "category") {
      const names = column.categories.map((category) => `${name}=${category}`);
      if (column.other) names.push(`${name} (other)`);
      if (column.missing === "category") names.push(`${name} (missing)`);
      return names;
    }
    const names = column.indicator ? [name, `${name} (missing)`] : [name];
    if (column.kind === "number") return names;
    return [
      ...names,
      ...column.parts.flatMap(({ part, values }) => values.map((v) => `${name} ${PART_NAMES[part]} ${v}`)),
    ];
  });
}

/** Whether something from a file is a column of a model. */
export function isColumn(value: unknown): value is Column {
  if (typeof value !== "object" || value === null) return false;
  const column = value as Record<string, unknown>;
  if (typeof column.name !== "string") return false;
  if (column.kind === "category") {
    const isKnown = column.missing === "category" || column.missing === "none" || column.missing === "refuse";
    const { gathered = [] } = column;
    const isGathered = Array.isArray(gathered) && gathered.every(Number.isSafeInteger);
    return isKnown && isGathered && isTexts(column.categories) && isFlag(column.other) && isFlag(column.fold);
  }
  const isSound = isFinite(column.offset) && isFinite(column.fill) && isFlag(column.indicator) && isFlag(column.wide);
  if (column.kind === "number") return isSound && (column.format === undefined || isFormat(column.format));
  return (
    column.kind === "date" && isSound && column.offset !== undefined && isForm(column.form) && isParts(column.parts)
  );
}

function isFinite(value: unknown): boolean {
  return value === undefined || (typeof value === "number" && Number.isFinite(value));
}

function isFlag(value: unknown): boolean {
  return value === undefined || typeof value === "boolean";
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

export function isFormat(value: unknown): value is NumberFormat {
  if (typeof value !== "object" || value === null) return false;
  const { decimal, thousands, affix } = value as Record<string, unknown>;
  const isGroup = thousands === undefined || [",", ".", " ", "'"].includes(thousands as string);
  return (decimal === "." || decimal === ",") && isGroup && (affix === undefined || typeof affix === "string");
}

const FORMS: readonly DateForm[] = ["ymd", "dmy", "mdy", "compact", "month", "quarter", "named", "time"];

function isForm(value: unknown): boolean {
  return FORMS.includes(value as DateForm);
}

function isParts(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  return value.every((item: unknown) => {
    if (typeof item !== "object" || item === null) return false;
    const { part, values } = item as Record<string, unknown>;
    return Object.hasOwn(PART_NAMES, part as string) && Array.isArray(values) && values.every(Number.isSafeInteger);
  });
}

/** Reads a column of a model file of version 1. */
export function fromVersion1(value: unknown): Column | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { name, kind, categories } = value as Record<string, unknown>;
  if (typeof name !== "string") return undefined;
  if (kind === "number") return { name, kind };
  if (kind !== "text" || !isTexts(categories)) return undefined;
  return { name, kind: "category", categories: categories as string[], missing: "refuse" };
}
