// Decides what a whole table is to learn from: its target, its inputs, the rows that are used. header.ts has read its first
// lines, and learning.ts decides about each column. What comes out are numbers, and records by which other tables are read.
import { encodeRows, inputsOf, type Column, type Encoded } from "./columns.ts";
import type { ReadingOptions } from "./header.ts";
import { learnColumns, MAX_CATEGORIES, rowsLacking, type LearningRules, type MissingRule } from "./learning.ts";
import { missingTest } from "./missing.ts";
import { Choices, count, list, TableError, type Problem } from "./problems.ts";
import { columnOf, decimalFinder, type Forced } from "./readings.ts";
import { findColumn, findColumns, splitItems } from "./selection.ts";
import { knownNumbers, knownRows, learnTargets, withAnother, type Targets, type Task } from "./targets.ts";
import { PropagoError, show } from "../ground/errors.ts";
import type { DType } from "../ground/arrays.ts";
import { listed } from "../data/labels.ts";
import { emptyRows, type Table } from "../data/table.ts";

/** What is said about the texts of a table: the options of every command that reads one. */
export interface ReadingFlags {
  delimiter?: string;
  header?: boolean;
  skipLines?: number;
  comment?: string;
  missingValues?: string[];
  decimal?: "." | ",";
}

/** Options of tables to learn from. */
export interface TableFlags extends ReadingFlags {
  target?: string;
  task?: Task;
  ignore?: string[];
  text?: string[];
  number?: string[];
  missing?: MissingRule;
  maxCategories?: number;
  dateOrder?: "dmy" | "mdy";
  weights?: string;
  /** How rare classes are treated. If the user says so, no advice about them is given. */
  classWeights?: "balanced";
  optimize?: "accuracy" | "balancedAccuracy" | "f1";
}

/** What a model remembers of the table, apart from its columns. */
export interface TableRecord {
  /** The names given to the columns of a file without a header line. */
  names?: string[];
  /** The columns of a file with a header line, in their order. */
  columns?: string[];
  /** Words that mean a missing value, in addition to the usual ones. */
  missingValues?: string[];
  /** Of arrays and images: the shape of a sample, as 28, 28. */
  shape?: number[];
}

/** A table that a model is trained on. */
export interface TrainingTable {
  file: string;
  /** The rows of the file that are used, from 0. */
  rows: Uint32Array;
  targets: Targets;
  columns: Column[];
  encoded: Encoded;
  /** The line of the file on which a used row begins. */
  lineOf: (row: number) => number;
  record: TableRecord;
  /** How much each used row counts. */
  weights?: Float64Array;
  warnings: string[];
  /** A line that sums up what was made of the table. */
  note: string;
}

/** What is decided of a table before its rows become numbers. */
export interface Survey {
  table: Table;
  /** Places of the targets, of the inputs that may be, and of the column of weights. */
  selection: ReturnType<typeof select>;
  rules: LearningRules;
  /** The rows that have targets, and those of them that are used. */
  known: Uint32Array;
  rows: Uint32Array;
  targets: Targets | { problems: Problem[] };
  /** The inputs, and where they are in the table. */
  columns: Column[];
  places: number[];
  /** What keeps the table from being learnt from. */
  problems: Problem[];
  choices: Choices;
  /** What was decided while the file was read and rows were chosen. */
  warnings: string[];
}

/**
 * Decides what each column of a table is, by the rules of training.
 * @throws PropagoError for what is no table, and for options that do not fit it.
 */
export function survey(table: Table, flags: TableFlags): Survey {
  const selection = select(table, flags);
  const choices = new Choices();
  const rules: LearningRules = {
    ...rulesOf(flags),
    decimalOfTable: decimalFinder(table, rulesOf(flags)),
    missing: flags.missing ?? "auto",
    maxCategories: flags.maxCategories ?? MAX_CATEGORIES,
    dateOrder: flags.dateOrder,
    forced: selection.forced,
    isBalanced: flags.classWeights !== undefined || flags.optimize !== undefined,
  };
  const warnings = [...table.warnings];
  const known = usedRows(table, selection.targets, rules, warnings);
  const targets = learnTargets(table, selection.targets, known, rules, choices, flags.task);
  const { learnt, rows, problems } = learnInputs(table, selection.inputs, known, rules, choices);
  if (rows.length !== known.length && rows.length > 0)
    warnings.push(`${table.file}: ${count(known.length - rows.length, "row")} with missing values left out`);
  const all = [...("problems" in targets ? targets.problems : []), ...problems];
  return { table, selection, rules, known, rows, targets, ...learnt, problems: all, choices, warnings };
}

/**
 * Turns a table into one to train on.
 * @param dtype the number format of the network.
 * @throws TableError listing all that is wrong.
 */
export function study(table: Table, flags: TableFlags, dtype: DType): TrainingTable {
  const found = survey(table, flags);
  const { selection, rules, known, rows, targets, columns, choices, warnings } = found;
  if (selection.inputs.length === 0) throw nothingToLearnFrom(table);
  if (found.problems.length > 0) throw new TableError(found.problems, table.file);
  if ("problems" in targets) throw new TableError(targets.problems, table.file);
  const kept =
    rows === known ? targets : learnTargets(table, selection.targets, rows, rules, new Choices(), flags.task);
  if ("problems" in kept) throw new TableError(kept.problems, table.file);
  const expected = table.columns;
  const encoded = encodeRows(table, columns, { isMissing: rules.isMissing, rows, expected, dtype, isTraining: true });
  const weights = selection.weights === undefined ? undefined : knownNumbers(table, selection.weights, {}, rows);
  const told = [...warnings, ...choices.lines(), ...encoded.warnings, ...oneClass(kept)];
  return {
    file: table.file,
    rows,
    targets: kept,
    columns,
    encoded,
    lineOf: (row) => table.lineOf(rows[row]),
    record: recordOf(table, flags),
    weights,
    warnings: told,
    note: noteOf(table, rows.length, columns, kept, flags),
  };
}

function nothingToLearnFrom(table: Table): PropagoError {
  const isOne = table.columns.length === 1;
  const advice = isOne ? "; it has one column, and --delimiter says what separates fields" : "";
  return new PropagoError("ERR_DATA", `${table.file} has no column beside the target to learn from${advice}`);
}

export function readingOf(flags: ReadingFlags): ReadingOptions {
  const { delimiter, header, skipLines, comment } = flags;
  return { delimiter, header, skipLines, comment, isMissing: rulesOf(flags).isMissing };
}

export function rulesOf({ missingValues = [], decimal }: ReadingFlags) {
  return { isMissing: missingTest(missingValues.flatMap(splitItems)), decimal };
}

function recordOf(table: Table, { missingValues = [] }: TableFlags): TableRecord {
  const record: TableRecord = {};
  record[table.hasHeader ? "columns" : "names"] = [...table.columns];
  if (missingValues.length > 0) record.missingValues = missingValues.flatMap(splitItems);
  return record;
}

/** The last column that is not empty. */
function lastColumn(table: Table, flags: TableFlags): number {
  const rules = rulesOf(flags);
  for (let place = table.columns.length - 1; place > 0; place--)
    if (columnOf(table, place, rules).total > 0) return place;
  return table.columns.length - 1;
}

/** Finds targets, weights and inputs as the options say. */
export function select(table: Table, flags: TableFlags) {
  const targets = flags.target === undefined ? [lastColumn(table, flags)] : findColumns(table, [flags.target]);
  const weights = flags.weights === undefined ? undefined : findColumn(table, flags.weights);
  if (weights !== undefined && targets.includes(weights)) {
    throw new PropagoError("ERR_USAGE", "--weights names the target; name another column");
  }
  const ignored = new Set(findColumns(table, flags.ignore ?? []));
  for (const place of targets) {
    if (!ignored.has(place)) continue;
    if ((flags.ignore ?? []).some((text) => text.includes("*"))) {
      ignored.delete(place); // a pattern may fit the target too
      continue;
    }
    const name = JSON.stringify(table.columns[place]);
    throw new PropagoError("ERR_USAGE", `column ${name} is the target, so it cannot be ignored; name another --target`);
  }
  const forced = new Map<number, Forced>(findColumns(table, flags.number ?? []).map((place) => [place, "number"]));
  for (const place of findColumns(table, flags.text ?? [])) {
    if (forced.has(place) && !ignored.has(place)) {
      const name = show(table.columns[place]);
      throw new PropagoError("ERR_USAGE", `column ${name} is named by --text and --number; name it once`);
    }
    forced.set(place, "text");
  }
  const others = new Set([...targets, ...ignored, ...(weights === undefined ? [] : [weights])]);
  const inputs = table.columns.map((_, i) => i).filter((i) => !others.has(i));
  return { targets, weights, forced, inputs };
}

/** Finds the rows that have targets, and counts the others. */
function usedRows(table: Table, targets: readonly number[], rules: LearningRules, warnings: string[]): Uint32Array {
  const empty = new Uint8Array(table.rows);
  const blank = emptyRows(table);
  for (const row of blank) empty[row] = 1;
  if (blank.length > 0) warnings.push(`${table.file}: ${count(blank.length, "empty row")} left out`);
  const known = knownRows(table, targets, rules, empty);
  const lacking = table.rows - blank.length - known.length;
  const names = list(targets.map((place) => show(table.columns[place])));
  if (known.length === 0) {
    const message = `${table.file}: the target ${names} is missing in every row`;
    throw new TableError([withAnother(table, targets[0], rules, message)], table.file);
  }
  if (lacking > 0)
    warnings.push(`${table.file}: ${count(lacking, "row")} without a value in the target ${names} left out`);
  return known;
}

/** Learns the input columns. `--missing drop` leaves out rows with missing values. */
function learnInputs(
  table: Table,
  places: readonly number[],
  known: Uint32Array,
  rules: LearningRules,
  choices: Choices,
): { learnt: { columns: Column[]; places: number[] }; rows: Uint32Array; problems: Problem[] } {
  if (places.length === 0) return { learnt: { columns: [], places: [] }, rows: known, problems: [] };
  const problems: Problem[] = [];
  const isStrict = rules.missing === "error" || rules.missing === "drop";
  let learnt = learnColumns(table, places, known, rules, isStrict ? new Choices() : choices);
  let rows = known;
  if (isStrict) {
    const lacking = rowsLacking(table, learnt.places, known, rules);
    if (lacking.byColumn.length > 0 && rules.missing === "error")
      problems.push(missingProblem(table, lacking.byColumn));
    if (rules.missing === "drop") rows = known.filter((_, i) => !lacking.isLacking[i]);
    if (rows.length === known.length) rows = known;
    if (rows.length === 0) {
      const message = `${table.file}: every row has a missing value; --missing auto fills them`;
      problems.push({ code: "ERR_DATA", message, remedies: [{ option: "missing", value: "auto" }] });
    } else {
      learnt = learnColumns(table, places, rows, rules, choices);
    }
  }
  problems.push(...learnt.problems);
  return { learnt: { columns: learnt.columns, places: learnt.places }, rows, problems };
}

function missingProblem(table: Table, found: readonly { place: number; cells: number; firstRow: number }[]): Problem {
  const cells = found.reduce((sum, item) => sum + item.cells, 0);
  const where = found.map(
    (item) => `${show(table.columns[item.place])} (${item.cells}, first line ${table.lineOf(item.firstRow)})`,
  );
  const message = `${table.file} has ${count(cells, "missing value")}: ${list(where)}; --missing auto fills them, --missing drop leaves such rows out`;
  return { code: "ERR_NONFINITE", message, remedies: [{ option: "missing", value: "auto" }] };
}

function oneClass(targets: Targets): string[] {
  const [record] = targets.records;
  if (targets.kind !== "classes" || record.kind !== "class" || record.labels.length > 1) return [];
  return [`target ${JSON.stringify(record.name)} has one class only; the model can but repeat it`];
}

function noteOf(
  table: Table,
  used: number,
  columns: readonly Column[],
  targets: Targets,
  { target }: TableFlags,
): string {
  const chosen = target === undefined ? " (the last column)" : "";
  const of = used === table.rows ? count(used, "row") : `${used} of ${count(table.rows, "row")}`;
  const inputs = inputsOf(columns);
  const made = inputs === columns.length ? "" : ` as ${count(inputs, "input")}`;
  const names = targets.records.map(({ name }) => JSON.stringify(name)).join(", ");
  return `${table.file}: ${of}, ${count(columns.length, "column")}${made}; target ${names}${chosen}: ${kindOf(targets)}`;
}

function kindOf(targets: Targets): string {
  if (targets.kind === "numbers") {
    return targets.records.length === 1
      ? "a number to be predicted"
      : `${targets.records.length} numbers to be predicted`;
  }
  if (targets.kind === "labels") return `${targets.records.length} targets of two classes each`;
  const [record] = targets.records;
  const labels = record.kind === "class" ? record.labels : [];
  return `${count(labels.length, "class", "classes")} (${listed(labels)})`;
}
