// Tables for the commands: their options, tables to train on, and tables for models that exist. If a table cannot be used,
// one message lists everything that is wrong, and offers a command that was tried and works.
import { Option, type Command } from "commander";
import type { DType } from "../ground/arrays.ts";
import { PropagoError } from "../ground/errors.ts";
import { encodeKnown, headerFor, judgingTable, namesOf, type JudgingTable, type ModelTable, type TableModel } from "../columns/known.ts"; // prettier-ignore
import { MAX_CATEGORIES, MISSING_RULES } from "../columns/learning.ts";
import { quotedForShell, TableError, type Problem, type Remedy } from "../columns/problems.ts";
import { readingOf, rulesOf, select, study, type ReadingFlags, type TableFlags, type TrainingTable } from "../columns/study.ts"; // prettier-ignore
import { knownRows } from "../columns/targets.ts";
import type { Table } from "../data/table.ts";
import { splitItems } from "../columns/selection.ts";
import type { OpeningOptions } from "../files/table-files.ts";
import { openTableFile, type TableFile } from "./table-file.ts";
import { decimalOption, delimiterOption, gathered, number } from "./options.ts";

export type { ReadingFlags, TableFlags, TableRecord, TrainingTable } from "../columns/study.ts";
export type { JudgingTable, ModelTable, TableModel } from "../columns/known.ts";

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
export async function readTrainingTable(
  path: string,
  flags: TableFlags,
  dtype: DType = "float32",
  words: readonly string[] = process.argv.slice(2),
): Promise<TrainingTable> {
  return toTrainingTable(await openTableFile(path, openingOf(flags)), flags, dtype, { path, words });
}

/** Like `readTrainingTable`, for a file that has been opened already. */
export function toTrainingTable(file: TableFile, flags: TableFlags, dtype: DType, command: CommandLine): TrainingTable {
  return orCommand(() => study(file.parse(openingOf(flags)), flags, dtype), file, flags, command);
}

/** What of the options the reader of a file has to know. */
export function openingOf({ ignore, ...flags }: TableFlags): OpeningOptions {
  return { ...readingOf(flags), ignore: ignore?.flatMap(splitItems) };
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
  file: TableFile,
  flags: TableFlags,
  { path, words }: CommandLine,
): TableError {
  const { name } = file;
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
      const mended = file.mended((bytes) => filtered(bytes, filters));
      if (!mended) break;
      const { rows, targets } = study(mended.parse(openingOf(tried)), tried, "float32");
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
    study(file.parse(openingOf(flags)), flags, "float32");
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
  const table = file.parse(openingOf(before));
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

/**
 * Reads a table for a model. Columns are found by their names, and read as training read them.
 * @param isKept whether columns that the model does not use are wanted too. No warning names them then.
 * @throws PropagoError if it is no table, lacks columns, or has no row that can be predicted.
 */
export async function readModelTable(
  path: string,
  model: TableModel,
  flags: ReadingFlags & { unknown?: "other" | "ignore" | "error" },
  dtype?: DType,
  isKept = false,
): Promise<ModelTable> {
  const reading = { ...readingOf({ ...flags, header: headerFor(model, flags) }), expected: namesOf(model) };
  const file = await openTableFile(path, reading, isKept);
  const byPlace = (table: Table) => byPlaceCommand(table, model);
  return encodeKnown(file.parse(reading), model, { ...flags, dtype, isKept, byPlace });
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

/** Reads a table with known targets for a model. @throws PropagoError as `readModelTable`, and if no row is left. */
export async function readJudgingTable(
  path: string,
  model: TableModel,
  flags: ReadingFlags & { unknown?: "other" | "ignore" | "error" },
  dtype?: DType,
): Promise<JudgingTable> {
  return judgingTable(await readModelTable(path, model, flags, dtype), model, flags);
}
