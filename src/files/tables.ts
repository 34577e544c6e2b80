// Tables for scripts: `readTable` opens a file of any format, and gives columns that `Classifier`, `Regressor` and `toArrays`
// take. What the columns hold is decided by the same rules as in the command.
import { columnsOf, rowsOf } from "../data/table-view.ts";
import { TABLES, type Tabular, type TableLike } from "../data/tabular.ts";
import { distinctTexts, type Table } from "../data/table.ts";
import type { Matrix } from "../data/data.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isPlain, readObject } from "../ground/options.ts";
import { valueOf } from "../columns/columns.ts";
import { encodeKnown, judgingTable, type TableModel } from "../columns/known.ts";
import { missingAmong, missingTest } from "../columns/missing.ts";
import { columnOf, decimalFinder, readColumn, type Forced } from "../columns/readings.ts";
import { findColumn, findColumns } from "../columns/selection.ts";
import { study, type TableFlags } from "../columns/study.ts";
import { openTable, type OpeningOptions, type TableFormat } from "./table-files.ts";
import { piecesOf, type TableSource } from "./pieces.ts";
import { foldRows, splitRows, type RowSplit } from "../data/splits.ts";
import { checkedRecord } from "./table-record.ts";

/** How `readTable` reads. What is not given is found out. */
export interface ReadTableOptions {
  /** How messages call the table. Default: the file's name. */
  name?: string;
  /** What kind of file it is. */
  format?: TableFormat;
  /** What separates fields: "," ";" "\t" "|" or " ". */
  delimiter?: string;
  /** Whether the first line names the columns. */
  header?: boolean;
  /** How many lines stand above the table. */
  skipLines?: number;
  /** Lines that begin so are no rows. */
  comment?: string;
  /** Further words for a missing value. */
  missingValues?: readonly string[];
  /** The decimal sign of its texts. */
  decimal?: "." | ",";
  /** What comes first in dates such as 3/4/2024. */
  dateOrder?: "dmy" | "mdy";
  /** Columns that hold words, even if these are digits: names, numbers from 1, or patterns such as x*. */
  text?: readonly string[];
  /** Columns that hold numbers. */
  number?: readonly string[];
  /** Columns to leave out. */
  ignore?: readonly string[];
}

/** @internal The names of `ReadTableOptions`. */
export const READING = ["name", "format", "delimiter", "header", "skipLines", "comment", "missingValues", "decimal", "dateOrder", "text", "number", "ignore"]; // prettier-ignore
const FORMATS: readonly unknown[] = ["csv", "jsonLines", "parquet", "arrow", undefined];

/** A cell: a number, a text, a date, true or false, or null where there is no value. */
export type Cell = number | string | boolean | Date | null;

/** One column of a table. */
export interface TableColumn {
  readonly name: string;
  /** What it holds; "empty" where there is no value in it. A time of day is a text. */
  readonly type: "number" | "text" | "date" | "boolean" | "empty";
  /** How many cells have no value. */
  readonly missing: number;
  /** Its cells, one a row: of numbers a Float64Array, in which NaN stands for a missing value, otherwise null does. */
  readonly values: Float64Array | readonly (string | boolean | Date | null)[];
}

/**
 * Reads a table: CSV and TSV (also with other delimiters), JSON lines, Parquet, Arrow (IPC files and streams, Feather of
 * version 2), packed with gzip or not. Of CSV and JSON lines memory holds the columns and not the text.
 * @param source a path, a URL, a Blob, bytes, a stream of pages, or an (async) iterable of bytes such as a stream of Node.
 * @throws PropagoError ERR_IO where the source cannot be read; ERR_CSV, naming the line, ERR_FORMAT or ERR_UNSUPPORTED, naming
 * byte and column, for what is no table; ERR_DATA for one without rows; ERR_CONFIG for options.
 */
export async function readTable(source: TableSource, options: ReadTableOptions = {}): Promise<DataTable> {
  const given = readObject(options, "readTable options", READING) as ReadTableOptions;
  const { name, format, ...flags } = checkedReading(given);
  const table = await openTable(piecesOf(source, name), { ...openingOf(flags), format });
  return new DataTable(table, flags);
}

/** @internal Options of texts, checked. */
export function checkedReading(given: ReadTableOptions): ReadTableOptions {
  const lists = [given.missingValues, given.text, given.number, given.ignore];
  const isList = (list: unknown) => list === undefined || (Array.isArray(list) && list.every((item) => typeof item === "string")); // prettier-ignore
  if (!lists.every(isList))
    throw new PropagoError("ERR_CONFIG", "missingValues, text, number and ignore are arrays of texts");
  if (!FORMATS.includes(given.format))
    throw new PropagoError(
      "ERR_CONFIG",
      `format must be "csv", "jsonLines", "parquet" or "arrow", got ${show(given.format)}`,
    );
  const { delimiter, decimal, skipLines } = given;
  if (delimiter !== undefined && (typeof delimiter !== "string" || delimiter.length !== 1))
    throw new PropagoError("ERR_CONFIG", `delimiter must be one character, got ${show(delimiter)}`);
  if (decimal !== undefined && decimal !== "." && decimal !== ",")
    throw new PropagoError("ERR_CONFIG", `decimal must be "." or ",", got ${show(decimal)}`);
  if (skipLines !== undefined && !(Number.isSafeInteger(skipLines) && skipLines >= 0))
    throw new PropagoError("ERR_CONFIG", `skipLines must be a count, got ${show(skipLines)}`);
  return given;
}

/** @internal What the reader of a file has to know. */
export function openingOf({
  delimiter,
  header,
  skipLines,
  comment,
  missingValues,
  ignore,
}: ReadTableOptions): OpeningOptions {
  return { delimiter, header, skipLines, comment, ignore, isMissing: missingTest(missingValues) };
}

/** How rows are told apart: each names a column. */
export interface TableDividing {
  /** Classes, or numbers: both parts, and all folds, get their share of each class, or of each part of the range. */
  stratify?: string;
  /** Rows of one group, such as one patient's, stay together. */
  group?: string;
  /** What comes later judges what came before. */
  time?: string;
  /** Where each row belongs: "train" or "test"; with folds, each value is a fold. */
  by?: string;
  /** Decides which rows of equal standing are taken. Default 0. */
  seed?: number;
}

export interface TableSplitOptions extends TableDividing {
  /** The part of the rows to judge by, above 0 and below 1. Default 0.2. */
  fraction?: number;
  /** With `by`: the value, or the values, of the rows to judge by. Default: "test". */
  test?: unknown;
}

export interface TableFoldOptions extends TableDividing {
  /** How many folds. Default 5. */
  folds?: number;
}

/** Rows to learn from, and rows to judge by. */
export interface TableSplit {
  training: DataTable;
  test: DataTable;
}

/** A table: columns with names, whose cells are numbers, texts, dates, or missing. It is never changed. */
export class DataTable implements TableLike {
  readonly #table: Table;
  readonly #flags: ReadTableOptions;
  readonly #columns = new Map<number, TableColumn>();

  /** @internal */
  constructor(table: Table, flags: ReadTableOptions) {
    const left = flags.ignore && table.format === undefined ? findColumns(table, flags.ignore) : [];
    const kept = table.columns.map((_, place) => place).filter((place) => !left.includes(place));
    this.#table = kept.length < table.columns.length ? columnsOf(table, kept) : table;
    this.#flags = { ...flags, ignore: undefined };
    BEHIND.set(this, { table: this.#table, flags: this.#flags });
    TABLES.set(this, tabularOf(this.#table, this.#flags));
  }

  /** How many rows there are. */
  get rows(): number {
    return this.#table.rows;
  }

  /** The names of the columns, each different from the others. */
  get names(): readonly string[] {
    return [...this.#table.columns];
  }

  /** What was decided while the file was read. */
  get warnings(): readonly string[] {
    return [...this.#table.warnings];
  }

  /** All columns. */
  get columns(): readonly TableColumn[] {
    return this.#table.columns.map((_, place) => this.#columnAt(place));
  }

  /**
   * One column.
   * @param which its name, or its place from 0.
   * @throws PropagoError ERR_DATA where there is none.
   */
  column(which: string | number): TableColumn {
    return this.#columnAt(this.#placeOf(which));
  }

  /** A row as an object: a cell for each column's name. */
  row(index: number): Record<string, Cell> {
    const { rows } = this;
    const row = index < 0 ? index + rows : index;
    if (!Number.isInteger(row) || row < 0 || row >= rows)
      throw new PropagoError(
        "ERR_DATA",
        `there is no row ${show(index)}; the table has ${rows}, from 0 to ${rows - 1}`,
      );
    const cells: Record<string, Cell> = Object.create(null) as Record<string, Cell>;
    for (const { name, values } of this.columns) {
      const value = values[row];
      cells[name] = typeof value === "number" && Number.isNaN(value) ? null : value;
    }
    return cells;
  }

  *[Symbol.iterator](): IterableIterator<Record<string, Cell>> {
    for (let row = 0; row < this.rows; row++) yield this.row(row);
  }

  /** A cell's text as it stands in the file, trimmed. */
  text(row: number, which: string | number): string {
    return this.#table.cell(row, this.#placeOf(which)).trim();
  }

  /** The rows from `begin` to before `end`, as `slice` of an array. */
  slice(begin = 0, end = this.rows): DataTable {
    const at = (place: number) => Math.min(Math.max(place < 0 ? place + this.rows : place, 0), this.rows);
    const first = at(begin);
    return this.take(Uint32Array.from({ length: Math.max(0, at(end) - first) }, (_, i) => first + i));
  }

  /** Some rows, in the order of their numbers here. */
  take(rows: ArrayLike<number>): DataTable {
    const own = Uint32Array.from(rows);
    for (let i = 0; i < own.length; i++)
      if (own[i] !== rows[i] || own[i] >= this.rows)
        throw new PropagoError("ERR_DATA", `there is no row ${show(rows[i])}; the table has ${this.rows} rows`);
    if (own.length === 0) throw new PropagoError("ERR_DATA", "no row is left in the table");
    return new DataTable(rowsOf(this.#table, own), this.#flags);
  }

  /** The rows for which `test` answers true. */
  filter(test: (row: Record<string, Cell>, index: number) => boolean): DataTable {
    const kept: number[] = [];
    for (let row = 0; row < this.rows; row++) if (test(this.row(row), row)) kept.push(row);
    return this.take(kept);
  }

  /** Some columns, by names, numbers from 1, or patterns such as x*. */
  select(columns: readonly string[]): DataTable {
    return new DataTable(columnsOf(this.#table, findColumns(this.#table, columns)), this.#flags);
  }

  /** All columns but these. */
  without(columns: readonly string[]): DataTable {
    const left = new Set(findColumns(this.#table, columns));
    const kept = this.#table.columns.map((_, place) => place).filter((place) => !left.has(place));
    if (kept.length === 0) throw new PropagoError("ERR_DATA", "no column is left in the table");
    return new DataTable(columnsOf(this.#table, kept), this.#flags);
  }

  /**
   * Splits the rows in two tables: those to learn from, and those to judge by.
   *
   * ```ts
   * const { training, test } = table.split({ fraction: 0.25, stratify: "species" });
   * ```
   *
   * @throws PropagoError as `splitRows`, and ERR_DATA for a column that is not there.
   */
  split(options: TableSplitOptions = {}): TableSplit {
    return this.#taken(splitRows(this.rows, this.#dividing(options)));
  }

  /** Splits the rows so often that each of them judges once; with `time`, what comes later judges what came before. */
  folds(options: TableFoldOptions = {}): TableSplit[] {
    return foldRows(this.rows, this.#dividing(options)).map((split) => this.#taken(split));
  }

  /** The options with the columns' cells in place of their names. */
  #dividing(options: TableDividing) {
    const given = { ...options } as Record<string, unknown>;
    for (const key of ["stratify", "group", "time", "by"]) {
      const which = given[key];
      if (which === undefined) continue;
      if (typeof which !== "string") throw new PropagoError("ERR_CONFIG", `${key} names a column, got ${show(which)}`);
      given[key] = this.#dividers(which, key);
    }
    return given;
  }

  /** The cells of a column by which rows are split. */
  #dividers(name: string, key: string): ArrayLike<unknown> {
    const { values, type } = this.column(name);
    const missing = Array.prototype.findIndex.call(values, (value: unknown) => value === null || Number.isNaN(value));
    if (missing >= 0) {
      const advice = "filter such rows out first";
      throw new PropagoError("ERR_DATA", `${key}: row ${missing} has no value in column ${show(name)}; ${advice}`);
    }
    return type === "date" ? Float64Array.from(values as readonly Date[], Number) : values;
  }

  #taken({ training, test }: RowSplit): TableSplit {
    return { training: this.take(training), test: this.take(test) };
  }

  #placeOf(which: string | number): number {
    if (typeof which === "number") {
      if (Number.isInteger(which) && which >= 0 && which < this.#table.columns.length) return which;
      throw new PropagoError(
        "ERR_DATA",
        `there is no column ${show(which)}; the table has ${this.#table.columns.length}, from 0`,
      );
    }
    const place = this.#table.columns.indexOf(which);
    return place >= 0 ? place : findColumn(this.#table, which);
  }

  #columnAt(place: number): TableColumn {
    let column = this.#columns.get(place);
    if (!column) this.#columns.set(place, (column = columnAt(this.#table, place, this.#flags)));
    return column;
  }
}

/** Reads a column by the rules of training. */
function columnAt(table: Table, place: number, flags: ReadTableOptions): TableColumn {
  const name = table.columns[place];
  const alone = { isMissing: missingTest(flags.missingValues), decimal: flags.decimal, dateOrder: flags.dateOrder };
  const rules = { ...alone, decimalOfTable: decimalFinder(table, alone) };
  const column = columnOf(table, place, rules);
  const forced: Forced | undefined = isNamed(table, place, flags.text) ? "text" : isNamed(table, place, flags.number) ? "number" : undefined; // prettier-ignore
  const reading = readColumn(column, name, rules, forced);
  const { missing } = column;
  const isPlain = reading.kind === "number" && column.plain !== undefined;
  if (isPlain) return { name, type: "number", missing, values: column.plain?.values.slice() ?? new Float64Array(0) };
  const { texts, codes } = distinctTexts(table, place);
  const absent = missingAmong(texts, rules.isMissing);
  if (reading.kind === "empty") return { name, type: "empty", missing, values: new Array<null>(table.rows).fill(null) };
  if (reading.kind === "number" && reading.bad.length === 0 && reading.ambiguous === undefined) {
    const numbers = texts.map((text, i) => (absent[i] ? NaN : (valueOf({ kind: "number", format: reading.format }, text) ?? NaN))); // prettier-ignore
    return { name, type: "number", missing, values: Float64Array.from(codes, (code) => numbers[code]) };
  }
  const pick = <T>(of: (text: string) => T) => {
    const cells = texts.map((text, i) => (absent[i] ? null : of(text)));
    return Array.from(codes, (code) => cells[code]);
  };
  if (reading.kind === "date" && reading.form !== "time" && reading.bad.length === 0) {
    const { form } = reading;
    const dates = pick((text) => new Date(Math.round((valueOf({ kind: "date", form }, text) ?? NaN) * 86_400_000)));
    return { name, type: "date", missing, values: dates };
  }
  const isBoolean =
    table.format !== undefined && texts.every((text, i) => absent[i] || text === "true" || text === "false");
  if (isBoolean) return { name, type: "boolean", missing, values: pick((text) => text === "true") };
  return { name, type: "text", missing, values: pick((text) => text) };
}

function isNamed(table: Table, place: number, names: readonly string[] | undefined): boolean {
  return names !== undefined && findColumns(table, names).includes(place);
}

/** The options of a table to learn from, as the command has them. */
export interface LearningOptions {
  /** The column to predict, by name or number from 1; or several of one kind. */
  target?: string | readonly string[];
  task?: "classification" | "regression";
  ignore?: readonly string[];
  text?: readonly string[];
  number?: readonly string[];
  missing?: TableFlags["missing"];
  missingValues?: readonly string[];
  maxCategories?: number;
  dateOrder?: "dmy" | "mdy";
  decimal?: "." | ",";
  /** The column that says how much each row counts. */
  weights?: string;
}

/** @internal The names of `LearningOptions`. */
export const LEARNING = ["target", "task", "ignore", "text", "number", "missing", "missingValues", "maxCategories", "dateOrder", "decimal", "weights"] as const; // prettier-ignore

/** @internal The options of a table and those of its file as the command's flags. */
export function flagsOf(own: LearningOptions, of: ReadTableOptions): TableFlags {
  const both = (a: readonly string[] = [], b: readonly string[] = []) =>
    a.length + b.length > 0 ? [...b, ...a] : undefined;
  const target = Array.isArray(own.target) ? own.target.map(quoted).join(",") : (own.target as string | undefined);
  return {
    ...own,
    target,
    ignore: own.ignore?.slice(),
    text: both(own.text, of.text),
    number: both(own.number, of.number),
    missingValues: both(own.missingValues, of.missingValues)?.map(quoted),
    decimal: own.decimal ?? of.decimal,
    dateOrder: own.dateOrder ?? of.dateOrder,
  };
}

/** @internal An item of a list with commas. */
export function quoted(item: string): string {
  return /[",]|^\s|\s$/.test(item) ? `"${item.replaceAll('"', '""')}"` : item;
}

/** What a model that has learnt from a table remembers of it. */
export type KeptTable = TableModel & { kind: "table" };

/** What estimators ask of a table. */
function tabularOf(table: Table, of: ReadTableOptions): Tabular {
  return {
    samples(options, kind) {
      const given = isPlain(options) ? options : {};
      const own: LearningOptions = {};
      const rest: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(given)) {
        if (key !== "weights" && (LEARNING as readonly string[]).includes(key)) Object.assign(own, { [key]: value });
        else rest[key] = value;
      }
      if (typeof own.target !== "string")
        throw new PropagoError(
          "ERR_CONFIG",
          `name the column to predict: fit(table, { target: ${show(table.columns.at(-1))} })`,
        );
      own.task = kind === "classifier" ? "classification" : "regression";
      const { encoded, targets, columns, record } = study(table, flagsOf(own, of), "float64");
      const y = targets.kind === "classes" ? targets.labels : targets.values;
      const kept: KeptTable = { kind: "table", columns, targets: targets.records, record };
      return { x: matrixOf(encoded), y: y as unknown as ArrayLike<never>, options: rest, record: kept };
    },
    inputs(record) {
      const { encoded } = encodeKnown(table, checkedRecord(record), {
        ...of,
        missingValues: of.missingValues?.map(quoted),
      });
      refuseUnusable(table, encoded.isUnusable, encoded.warnings);
      return matrixOf(encoded);
    },
    known(record) {
      const model = checkedRecord(record);
      const flags = { ...of, missingValues: of.missingValues?.map(quoted) };
      const { x, targets } = judgingTable(encodeKnown(table, model, flags), model, flags);
      const y = targets.kind === "classes" ? targets.labels : targets.values;
      return { x, y: y as unknown as ArrayLike<never> };
    },
  };
}

function matrixOf({
  data,
  rows,
  columns,
}: {
  data: Uint8Array | Float32Array | Float64Array;
  rows: number;
  columns: number;
}): Matrix {
  // prettier-ignore
  return { data, shape: [rows, columns] };
}

/** @internal Refuses rows that lack what a model needs. */
export function refuseUnusable(table: Table, isUnusable: Uint8Array, warnings: readonly string[]): void {
  const first = isUnusable.indexOf(1);
  if (first < 0) return;
  const count = isUnusable.reduce((sum, value) => sum + value, 0);
  const causes = warnings.filter((line) => /cells that are not|missing values/.test(line)).join("; ");
  throw new PropagoError(
    "ERR_DATA",
    `${table.file}: ${count} of ${table.rows} rows cannot be predicted, the first is row ${first}: ${causes}`,
  );
}

/** The tables behind `DataTable`s, and how they were read. */
const BEHIND = new WeakMap<DataTable, { table: Table; flags: ReadTableOptions }>();

/** @internal The table behind a `DataTable`. @throws PropagoError ERR_DATA for anything else. */
export function behind(table: unknown): { table: Table; flags: ReadTableOptions } {
  const found = BEHIND.get(table as DataTable);
  if (found) return found;
  throw new PropagoError("ERR_DATA", `expected a table that readTable gave, got ${show(table)}`);
}
