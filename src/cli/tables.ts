// Tables for the commands: their options, tables to train on, and tables for models that exist. If a table cannot be used,
// one message lists everything that is wrong, and offers a command that was tried and works.
import { Option, type Command } from "commander";
import { encodeRows, inputsOf, type Column, type Encoded } from "../columns/columns.ts";
import { parseTable } from "../files/csv.ts";
import type { TableRecord } from "../files/kept.ts";
import type { ReadingOptions } from "../columns/header.ts";
import { listed } from "../data/labels.ts";
import {
  learnColumns,
  MAX_CATEGORIES,
  MISSING_RULES,
  rowsLacking,
  type LearningRules,
  type MissingRule,
} from "../columns/learning.ts";
import { missingTest } from "../columns/missing.ts";
import { Choices, count, list, quotedForShell, TableError, type Problem, type Remedy } from "../columns/problems.ts";
import { columnOf, decimalFinder, type Forced } from "../columns/readings.ts";
import { otherSign } from "../columns/signs.ts";
import { findColumn, findColumns, splitItems } from "../columns/selection.ts";
import {
  knownNumbers,
  knownRows,
  learnTargets,
  readKnownTargets,
  withAnother,
  type TargetRecord,
  type Targets,
  type Task,
} from "../columns/targets.ts";
import { PropagoError, show } from "../ground/errors.ts";
import type { ClassifierOptions } from "../estimators/options.ts";
import { readTableFile, type TableFile } from "./files.ts";
import { decimalOption, delimiterOption, gathered, number } from "./options.ts";
import type { DType } from "../ground/arrays.ts";
import { emptyRows, type Table } from "../data/table.ts";

/** Options of every command that reads a table, as Commander gives them. */
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
  optimize?: ClassifierOptions["optimize"];
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

/** Adds the options that every command that reads tables takes. */
export function addReadingOptions(command: Command): Command {
  const whole = number({ least: 0, whole: true });
  return command
    .addOption(delimiterOption())
    .option("--header", "the first line names the columns (default: found out)")
    .option("--no-header", "the first line is a row; columns are column_1, column_2, … (default: found out)")
    .option("--skip-lines <count>", "lines above the table", whole)
    .option("--comment <start>", "lines that begin so are no rows, as #")
    .option("--missing-values <words>", "further words for a missing value, as unknown,-99 (may be repeated)", gathered)
    .addOption(decimalOption());
}

/** The option that says what becomes of categories that training has not seen. */
export function unknownOption(): Option {
  const what = "categories that training has not seen: other counts them with the rare ones, ignore says nothing";
  return new Option("--unknown <what>", what).choices(["other", "ignore", "error"]).default("other");
}

/** Adds the options of tables that a model is trained on. */
export function addTableOptions(command: Command): Command {
  const columns = "names, numbers from 1 or patterns, as id,3,x* (may be repeated)";
  command
    .option("--target <columns>", "column to predict, by name or number from 1; or several, as a,b (default: the last)")
    .addOption(
      new Option("--task <kind>", "what the target is (default: found out)").choices(["classification", "regression"]),
    )
    .option("--ignore <columns>", `columns to leave out: ${columns}`, gathered)
    .option("--text <columns>", `columns that hold words, even if these are digits: ${columns}`, gathered)
    .option("--number <columns>", `columns that hold numbers: ${columns}`, gathered)
    .addOption(new Option("--missing <how>", "what missing values become (default: auto)").choices([...MISSING_RULES]))
    .option(
      "--max-categories <count>",
      `most categories of a column; rarer ones are gathered (default: ${MAX_CATEGORIES})`,
      number({ least: 2, whole: true }),
    )
    .addOption(
      new Option("--date-order <order>", "what comes first in dates such as 3/4/2024 (default: found out)").choices([
        "dmy",
        "mdy",
      ]),
    )
    .option("--weights <column>", "column that says how much each row counts; it is no input");
  return addReadingOptions(command);
}

/**
 * Reads a table to learn from.
 * @param dtype the number format of the network.
 * @param words the words of the command line, from which a message makes the command that it offers.
 * @throws TableError listing everything that is wrong, with a command that works if there is one.
 */
export function readTrainingTable(
  path: string,
  flags: TableFlags,
  dtype: DType = "float32",
  words: readonly string[] = process.argv.slice(2),
): TrainingTable {
  return toTrainingTable(readTableFile(path), flags, dtype, { path, words });
}

/** Like `readTrainingTable`, for a file that has been read already. */
export function toTrainingTable(file: TableFile, flags: TableFlags, dtype: DType, command: CommandLine): TrainingTable {
  return orCommand(() => study(file, flags, dtype), file, flags, command);
}

/** The command line that a table was named on. */
interface CommandLine {
  /** As the table stands there. */
  path: string;
  words: readonly string[];
}

/** Does some work on a table. If the table cannot be used, the error offers a command that works. */
export function orCommand<R>(work: () => R, file: TableFile, flags: TableFlags, command: CommandLine): R {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    throw withCommand(error, file, flags, command);
  }
}

/** What must be done to a file before a command can read it. */
interface Filters {
  badLines: readonly number[];
  encoding?: string;
}

/** Adds to a table's problems the command that mends all of them. The command has been tried. */
export function withCommand(
  error: TableError,
  { bytes, name }: TableFile,
  flags: TableFlags,
  { path, words }: CommandLine,
): TableError {
  const problems: Problem[] = [];
  const remedies: Remedy[] = [];
  let found: readonly Problem[] = error.problems;
  let tried = flags;
  let filters: Filters = { badLines: [] };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    problems.push(...found.filter(({ message }) => !problems.some((known) => known.message === message)));
    for (const problem of found) {
      const badLines = [...new Set([...filters.badLines, ...(problem.badLines ?? [])])].sort((a, b) => a - b);
      filters = { badLines, encoding: problem.encoding ?? filters.encoding };
    }
    if (!found.every(({ remedies: own, badLines, encoding }) => own ?? badLines ?? encoding)) break;
    const more = found.flatMap((problem) => problem.remedies ?? []);
    remedies.push(...more);
    tried = applied(tried, more);
    try {
      const mended = { bytes: filtered(bytes, filters), name };
      const { rows, targets } = study(mended, tried, "float32");
      if (!isTargetKept(mended, flags, tried, remedies, { rows, targets })) break;
      const works = `this works: ${commandLine(path, words, remedies, filters)}`;
      const others = otherSigns(remedies);
      if (!others || !isReadable(mended, applied(flags, others))) return new TableError(problems, name, works);
      const also = `so does this, with the other reading: ${commandLine(path, words, others, filters)}`;
      return new TableError(problems, name, `${works}\n${also}`);
    } catch (next) {
      if (!(next instanceof TableError)) break;
      found = next.problems;
    }
  }
  return new TableError(problems, name);
}

const MOST_ROUNDS = 6;

/** The same remedies with the other decimal sign, if they contain one. */
function otherSigns(remedies: readonly Remedy[]): Remedy[] | undefined {
  if (!remedies.some(({ option }) => option === "decimal")) return undefined;
  return remedies.map(({ option, value }) => ({
    option,
    value: option === "decimal" ? (value === "." ? "," : ".") : value,
  }));
}

function isReadable(file: TableFile, flags: TableFlags): boolean {
  try {
    study(file, flags, "float32");
    return true;
  } catch (error) {
    if (error instanceof PropagoError) return false;
    throw error;
  }
}

/** Whether a mended table still has the target that the user wants, and most of its rows. */
function isTargetKept(
  file: TableFile,
  flags: TableFlags,
  tried: TableFlags,
  remedies: readonly Remedy[],
  { rows, targets }: Pick<TrainingTable, "rows" | "targets">,
): boolean {
  if (remedies.some(({ option }) => option === "target")) return true;
  const { missingValues } = flags;
  const before: TableFlags = { ...tried, missingValues };
  const table = parseTable(file.bytes, file.name, readingOf(before));
  const wanted = select(table, before).targets;
  const isSame = wanted.every((place, i) => table.columns[place] === targets.records[i].name);
  const known = knownRows(table, wanted, rulesOf(before), new Uint8Array(table.rows));
  return isSame && (3 * rows.length >= 2 * known.length || tried.missing === "drop");
}

/** Applies remedies to the user's options. A remedy without a value removes its option. */
function applied(flags: TableFlags, remedies: readonly Remedy[]): TableFlags {
  const result: TableFlags = { ...flags };
  for (const { option, value } of remedies) {
    if (option === "ignore" || option === "text" || option === "number" || option === "missingValues") {
      result[option] = [...(result[option] ?? []), value];
    } else if (value === "") result[option] = undefined;
    else if (option === "skipLines" || option === "maxCategories") result[option] = Number(value);
    else if (option === "header") result.header = value === "true";
    else if (option === "delimiter") result.delimiter = value === "tab" ? "\t" : value;
    else Object.assign(result, { [option]: value });
  }
  return result;
}

function filtered(bytes: Uint8Array, { badLines, encoding }: Filters): Uint8Array {
  if (badLines.length === 0 && encoding === undefined) return bytes;
  const text = new TextDecoder(encoding).decode(bytes);
  // Lines that the command removes are blank here, so that the other lines keep their numbers.
  const bad = new Set(badLines);
  const kept = text.split("\n").map((line, i) => (bad.has(i + 1) ? "" : line));
  return new TextEncoder().encode(kept.join("\n"));
}

/** Options that may be given more than once. For all others, a remedy replaces the user's value. */
const GATHERED: readonly Remedy["option"][] = ["ignore", "text", "number", "missingValues"];

function flagOf(option: Remedy["option"]): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The words of a command line without some options and their values. */
function wordsWithout(words: readonly string[], options: readonly Remedy["option"][]): string[] {
  const flags = new Set(options.map(flagOf));
  const bare = new Set(options.includes("header") ? ["--header", "--no-header"] : []);
  return words.filter((word, i) => {
    if (bare.has(word) || flags.has(word) || flags.has(word.split("=", 1)[0])) return false;
    const before = words[i - 1] ?? "";
    return !flags.has(before) || bare.has(before);
  });
}

/** The user's command with the options that mend it, as a shell reads it. */
function commandLine(path: string, words: readonly string[], remedies: readonly Remedy[], filters: Filters): string {
  const single = remedies.map(({ option }) => option).filter((option) => !GATHERED.includes(option));
  const own = wordsWithout(words, single);
  const last = new Map(remedies.map((remedy) => [remedy.option, remedy]));
  const used = remedies.filter((remedy) => GATHERED.includes(remedy.option) || last.get(remedy.option) === remedy);
  const more = used.flatMap(({ option, value }) => {
    const flag = flagOf(option);
    if (value === "" && !GATHERED.includes(option)) return [];
    if (option === "header") return value === "true" ? "--header" : "--no-header";
    return value.startsWith("-") ? quotedForShell(`${flag}=${value}`) : `${flag} ${quotedForShell(value)}`;
  });
  const steps = filterCommands(filters);
  const place = own.indexOf(path);
  if (steps.length > 0 && place >= 0) own[place] = "-";
  const command = ["propago", ...own.map(quotedForShell), ...new Set(more)].join(" ");
  if (steps.length === 0) return command;
  const source = quotedForShell(path.startsWith("-") ? `./${path}` : path);
  if (path === "-") return [...steps, command].join(" | ");
  if (/\.gz$/i.test(path)) return [`gunzip -c ${source}`, ...steps, command].join(" | ");
  return [`${steps[0]} ${source}`, ...steps.slice(1), command].join(" | ");
}

function filterCommands({ badLines, encoding }: Filters): string[] {
  const steps: string[] = [];
  if (encoding !== undefined) steps.push(`iconv -f ${encoding} -t UTF-8`);
  if (badLines.length > 0) steps.push(`sed ${quotedForShell(badLines.map((line) => `${line}d`).join(";"))}`);
  return steps;
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
export function survey(file: TableFile, flags: TableFlags): Survey {
  const table = parseTable(file.bytes, file.name, readingOf(flags));
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
    warnings.push(`${file.name}: ${count(known.length - rows.length, "row")} with missing values left out`);
  const all = [...("problems" in targets ? targets.problems : []), ...problems];
  return { table, selection, rules, known, rows, targets, ...learnt, problems: all, choices, warnings };
}

/** Turns a file into a training table under some options. */
function study(file: TableFile, flags: TableFlags, dtype: DType): TrainingTable {
  const found = survey(file, flags);
  const { table, selection, rules, known, rows, targets, columns, choices, warnings } = found;
  if (selection.inputs.length === 0) throw nothingToLearnFrom(table);
  if (found.problems.length > 0) throw new TableError(found.problems, file.name);
  if ("problems" in targets) throw new TableError(targets.problems, file.name);
  const kept =
    rows === known ? targets : learnTargets(table, selection.targets, rows, rules, new Choices(), flags.task);
  if ("problems" in kept) throw new TableError(kept.problems, file.name);
  const expected = table.columns;
  const encoded = encodeRows(table, columns, { isMissing: rules.isMissing, rows, expected, dtype, isTraining: true });
  const weights = selection.weights === undefined ? undefined : knownNumbers(table, selection.weights, {}, rows);
  const told = [...warnings, ...choices.lines(), ...encoded.warnings, ...oneClass(kept)];
  return {
    file: file.name,
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

function readingOf(flags: ReadingFlags): ReadingOptions {
  const { delimiter, header, skipLines, comment } = flags;
  return { delimiter, header, skipLines, comment, isMissing: rulesOf(flags).isMissing };
}

function rulesOf({ missingValues = [], decimal }: ReadingFlags) {
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
function select(table: Table, flags: TableFlags) {
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

/** The parts of a model by which its tables are read. */
export interface TableModel {
  columns: readonly Column[];
  targets: readonly TargetRecord[];
  record: TableRecord;
}

/** A table for a model that exists. It has all rows, in their order. */
export interface ModelTable {
  table: Table;
  encoded: Encoded;
  warnings: string[];
  /** Its decimal sign, if it differs from the training table's. */
  decimal?: "." | ",";
}

/**
 * Reads a table for a model. Columns are found by their names, and read as training read them.
 * @param isKept whether columns that the model does not use are wanted too. No warning names them then.
 * @throws PropagoError if it is no table, lacks columns, or has no row that can be predicted.
 */
export function readModelTable(
  path: string,
  model: TableModel,
  flags: ReadingFlags & { unknown?: "other" | "ignore" | "error" },
  dtype?: DType,
  isKept = false,
): ModelTable {
  const { bytes, name } = readTableFile(path);
  const names = [...model.columns.map((column) => column.name), ...model.targets.map((target) => target.name)];
  const header = flags.header ?? (model.record.names ? false : undefined);
  const parsed = parseTable(bytes, name, { ...readingOf({ ...flags, header }), expected: names });
  const table = byPosition(parsed, model, flags.header === false);
  const { unknown } = flags;
  const isMissing = missingOf(model, flags);
  const { columns = [], names: unnamed = [] } = model.record;
  const expected = isKept ? table.columns : [...names, ...columns, ...unnamed];
  const byPlace = byPlaceCommand(table, model);
  const encode = (decimal = flags.decimal) => encodeRows(table, model.columns, { isMissing, expected, unknown, dtype, decimal, byPlace }); // prettier-ignore
  let encoded = encode();
  const mayDiffer = encoded.isUnusable.includes(1) || otherSign(table, model.targets, isMissing) !== undefined;
  const other =
    mayDiffer && flags.decimal === undefined
      ? otherSign(table, [...model.columns, ...model.targets], isMissing)
      : undefined;
  if (other) encoded = encode(other.decimal);
  const positions = table === parsed || model.record.names ? [] : [positionsTold(table)];
  const warnings = [...table.warnings, ...positions, ...(other ? [other.warning] : []), ...encoded.warnings];
  if (encoded.isUnusable.every((isUnusable) => isUnusable === 1)) {
    const causes = [...(other ? [other.warning] : []), ...encoded.warnings]
      .map((line) => line.replace(`${name}: `, "  "))
      .join("\n");
    throw new PropagoError("ERR_DATA", `${name}: no row can be predicted:\n${causes}`);
  }
  return { table, encoded, warnings, decimal: flags.decimal ?? other?.decimal };
}

function missingOf({ record }: TableModel, { missingValues = [] }: ReadingFlags) {
  return missingTest([...(record.missingValues ?? []), ...missingValues.flatMap(splitItems)]);
}

/**
 * Gives a table without a header line the names of the training table, by their places: all names, all but the targets,
 * or those that the model uses. If the training table had a header line, this needs `--no-header`.
 */
function byPosition(table: Table, { record, targets, columns: used }: TableModel, isSaid: boolean): Table {
  const names = record.names ?? (isSaid ? record.columns : undefined);
  if (!names || table.hasHeader) return table;
  const inputs = used.map(({ name }) => name);
  const first = new Set(table.columns.map((_, place) => table.cell(0, place).trim()));
  if (!record.names && inputs.every((name) => first.has(name))) {
    const what = `${table.file}:${table.lineOf(0)} names the model's columns`;
    throw new PropagoError("ERR_DATA", `${what}; leave out --no-header`);
  }
  const isTarget = new Set(targets.map(({ name }) => name));
  const others = names.filter((name) => !isTarget.has(name));
  const width = table.columns.length;
  const columns = [names, others, inputs].find(({ length }) => length === width);
  if (columns) return { ...table, columns };
  const expected = `${names.length}, or ${others.length} without the target`;
  const how = record.names ? "without a header line on" : "on";
  const advice = record.names ? "" : "; give it a header line";
  throw new PropagoError(
    "ERR_DATA",
    `${table.file} has ${count(width, "column")}; the model was trained ${how} ${expected}${advice}`,
  );
}

/** A command that takes a table's columns by their places. It is offered if their number is that of training. */
function byPlaceCommand(table: Table, { record, targets, columns: used }: TableModel): string {
  const [command, ...words] = process.argv.slice(2);
  const isOwn = command === "predict" || command === "evaluate";
  if (!isOwn || !record.columns || !table.hasHeader) return "";
  const isTarget = new Set(targets.map(({ name }) => name));
  const all = [record.columns, record.columns.filter((name) => !isTarget.has(name)), used.map(({ name }) => name)];
  const names = all.find(({ length }) => length === table.columns.length);
  // A known name at another place shows that the order differs.
  if (!names || names.some((name, i) => table.columns.includes(name) && table.columns[i] !== name)) return "";
  const own = wordsWithout(words, ["header", "skipLines"]).map(quotedForShell);
  const line = ["propago", command, ...own, "--no-header", `--skip-lines ${table.lineOf(0) - 1}`].join(" ");
  return `\nwhere its columns are those of training under other names, in the same order, this takes them by their places: ${line}`;
}

function positionsTold({ file, columns }: Table): string {
  return `${file}: columns taken by their places: ${list(columns.map((name, i) => `${i + 1} ${show(name)}`))}`;
}

/** Rows with known targets, on which a model is measured. */
export interface JudgingTable {
  file: string;
  x: { data: Encoded["data"]; shape: [number, number] };
  /** The line of the file on which a row begins. */
  lineOf: (row: number) => number;
  targets: Targets;
  warnings: string[];
}

/**
 * Reads a table with known targets for a model. Rows without a target, and rows that the model cannot predict, are left
 * out and counted.
 * @throws PropagoError as `readModelTable`, and if no row is left.
 */
export function readJudgingTable(
  path: string,
  model: TableModel,
  flags: ReadingFlags & { unknown?: "other" | "ignore" | "error" },
  dtype?: DType,
): JudgingTable {
  const { table, encoded, warnings, decimal } = readModelTable(path, model, flags, dtype);
  const except = encoded.isUnusable.slice();
  for (const row of emptyRows(table)) except[row] = 1;
  const unusable = except.reduce((sum, value) => sum + value, 0);
  const rules = { isMissing: missingOf(model, flags), decimal };
  const inputs = new Set(model.columns.map(({ name }) => name));
  const { rows, targets, warnings: told } = readKnownTargets(table, model.targets, rules, except, inputs);
  warnings.push(...told);
  const lacking = table.rows - unusable - rows.length;
  if (lacking > 0) warnings.push(`${table.file}: ${count(lacking, "row")} without a target left out`);
  if (unusable > 0) warnings.push(`${table.file}: ${count(unusable, "row")} that the model cannot predict left out`);
  return {
    file: table.file,
    x: chosenRows(encoded, rows),
    lineOf: (row) => table.lineOf(rows[row]),
    targets,
    warnings,
  };
}

/** Moves some rows of an encoded table to its beginning, and gives these. */
function chosenRows({ data, columns }: Encoded, rows: Uint32Array): JudgingTable["x"] {
  rows.forEach((row, i) => {
    if (row !== i) data.copyWithin(i * columns, row * columns, (row + 1) * columns);
  });
  return { data: data.subarray(0, rows.length * columns), shape: [rows.length, columns] };
}
