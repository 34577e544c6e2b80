// Reads the columns to be predicted: decides whether they are classes or numbers, and gives their values. Labels are kept
// exactly as they are written.
import { PropagoError, show } from "../ground/errors.ts";
import { at, formatWith, isFormat, nearest } from "./columns.ts";
import { tellCodes } from "./codes.ts";
import { missingAmong, missingTest } from "./missing.ts";
import { byCodePoint, type Label } from "../data/labels.ts";
import { counterKind, numberProblem, tellFormat, wordsOf, type LearningRules } from "./learning.ts";
import { parseNumber, PLAIN, readNumber, type NumberFormat } from "./numbers.ts";
import {
  calledOf,
  columnName,
  count,
  list,
  listShown,
  quotedForShell,
  type Choices,
  type Problem,
  type Remedy,
} from "./problems.ts";
import { columnOf, readColumn, type Column, type Reading, type ReadingRules } from "./readings.ts";
import { knownOf } from "./values.ts";
import { distinctTexts, type PlainNumbers, type Table } from "../data/table.ts";

export type Task = "classification" | "regression";

/** A column to be predicted, as a model remembers it. */
export type TargetRecord =
  | { name: string; kind: "number"; format?: NumberFormat }
  | {
      name: string;
      kind: "class";
      /** Numbers ascending or texts by code point. */
      labels: Label[];
      /** Whether "TRUE", "True" and "true" are one label. */
      fold?: boolean;
    };

/** What is to be predicted of each row. Several targets are all numbers, or all classes of two values. */
export type Targets =
  | { kind: "classes"; records: TargetRecord[]; labels: Label[] }
  /** `values[row * records.length + target]`. */
  | { kind: "numbers"; records: TargetRecord[]; values: Float64Array }
  /** As for numbers; 1 stands for the second of a target's two labels. */
  | { kind: "labels"; records: TargetRecord[]; values: Uint8Array };

/** A target of whole numbers with more different values than this is a number, not a class. */
const MAX_INTEGER_CLASSES = 20;
/** Up to so many different words among numbers may all mean a missing value. */
const FEW_WORDS = 5;
/** A target of whole numbers with so many values at most may be meant as classes, which is told. */
const MAYBE_CLASSES = 12;
/** Classes are called uneven where one has so many times the rows of another. */
const UNEVEN = 10;

/** The rows in which every target is there. */
export function knownRows(
  table: Table,
  places: readonly number[],
  rules: ReadingRules,
  except: Uint8Array,
): Uint32Array {
  const plain = places.flatMap((place) => table.plain?.(place, rules.isMissing) ?? []);
  if (plain.length === places.length) return rowsWith(plain, except);
  const missing = places.map((place) => {
    const { texts, codes } = distinctTexts(table, place);
    return { codes, isMissing: missingAmong(texts, rules.isMissing) };
  });
  const rows = new Uint32Array(table.rows);
  let length = 0;
  for (let row = 0; row < table.rows; row++) {
    if (except[row] || missing.some(({ codes, isMissing }) => isMissing[codes[row]])) continue;
    rows[length++] = row;
  }
  return rows.slice(0, length);
}

/** The rows in which no number is missing. */
function rowsWith(plain: readonly PlainNumbers[], except: Uint8Array): Uint32Array {
  const rows = new Uint32Array(except.length);
  let length = 0;
  for (let row = 0; row < rows.length; row++) {
    if (except[row] || plain.some(({ values }) => values[row] !== values[row])) continue;
    rows[length++] = row;
  }
  return rows.slice(0, length);
}

/** One target read: its record with its values, or what is wrong with it. */
type One =
  | { record: TargetRecord & { kind: "number" }; values: Float64Array }
  | { record: TargetRecord & { kind: "class" }; labels: Label[] }
  | { problem: Problem };

/**
 * Reads the targets of the rows that are used.
 * @param task says what they are, instead of the cells.
 * @returns the problems where there are any.
 */
export function learnTargets(
  table: Table,
  places: readonly number[],
  rows: Uint32Array,
  rules: LearningRules,
  choices: Choices,
  task?: Task,
): Targets | { problems: Problem[] } {
  const each = places.map((place) => learnTarget(table, place, rows, rules, choices, places.length > 1, task));
  const problems = each.flatMap((one) => ("problem" in one ? [one.problem] : []));
  if (problems.length > 0) return { problems };
  const records = each.flatMap((one) => ("problem" in one ? [] : [one.record]));
  const [first] = each;
  if (each.length === 1 && "labels" in first) return { kind: "classes", records, labels: first.labels };
  const width = each.length;
  if (each.every((one) => "values" in one)) {
    const values = new Float64Array(rows.length * width);
    each.forEach((one, j) => one.values.forEach((value, i) => (values[i * width + j] = value)));
    return { kind: "numbers", records, values };
  }
  const many = records.filter((record) => record.kind === "class" && record.labels.length !== 2);
  const numbers = records.filter(({ kind }) => kind === "number");
  if (numbers.length > 0 || many.length > 0) return { problems: [mixed(table, records)] };
  const values = new Uint8Array(rows.length * width);
  each.forEach((one, j) => {
    if (!("labels" in one)) return;
    one.labels.forEach((label, i) => (values[i * width + j] = label === one.record.labels[1] ? 1 : 0));
  });
  return { kind: "labels", records, values };
}

function mixed(table: Table, records: readonly TargetRecord[]): Problem {
  const told = records.map((record) => {
    return `${show(record.name)} ${record.kind === "number" ? "holds numbers" : `has ${count(record.labels.length, "class", "classes")}`}`;
  });
  const what = `${table.file}: several targets must all be numbers, or all have two classes; ${list(told)}`;
  const areNumbers = records.every(({ kind, ...record }) => {
    return kind === "number" || ("labels" in record && record.labels.every((label) => typeof label === "number"));
  });
  if (areNumbers) {
    const remedies: Remedy[] = [{ option: "task", value: "regression" }];
    return { code: "ERR_DATA", message: `${what}; --task regression takes all for numbers`, remedies };
  }
  const place = table.columns.indexOf(records[0].name);
  const remedies: Remedy[] = [{ option: "target", value: columnName(records[0].name, place) }];
  return { code: "ERR_DATA", message: `${what}; train a model for each, with one --target`, remedies };
}

function learnTarget(
  table: Table,
  place: number,
  rows: Uint32Array,
  rules: LearningRules,
  choices: Choices,
  isOneOfSeveral: boolean,
  task?: Task,
): One {
  const name = table.columns[place];
  const column = columnOf(table, place, rules, rows);
  const forced = rules.forced.get(place) ?? (task === "regression" ? "number" : undefined);
  const reading = readColumn(column, name, rules, forced);
  if (reading.kind === "date" && task !== "classification") return { problem: dateTarget(table, place, rules) };
  const decided = task ?? taskOf(column, reading);
  if (decided === "regression") {
    if (reading.kind !== "number" || isOfWords(column, reading))
      return { problem: noNumbers(table, place, column, rules) };
    const problem = numberProblem(table, place, column, reading, rules, true);
    if (problem && task === undefined)
      return { problem: withOtherTask(table, place, column, problem, reading.bad.length, rules) };
    if (problem) return { problem };
    if (task === undefined) tellGuess(choices, name, place, column, decided);
    tellFormat(name, place, reading.format, rules, choices);
    const record: TargetRecord & { kind: "number" } = { name, kind: "number" };
    if (reading.format !== PLAIN) record.format = reading.format;
    const values = numbersOf(column, rows, reading.format);
    tellCodes(name, place, column, reading.format, values, choices);
    return { record, values };
  }
  const { labels, record } = labelsOf(column, rows, name);
  const problem =
    task === undefined || reading.kind !== "number"
      ? tooManyClasses(table, place, record.labels.length, rows.length, rules)
      : undefined;
  if (problem) return { problem };
  if (task === undefined && reading.kind === "number") tellGuess(choices, name, place, column, decided);
  // Large whole numbers are often rare, since they may be counts. That has been reported already.
  const mayBeCounts = task === undefined && reading.kind === "number" && record.labels.length > 2;
  if (!isOneOfSeveral && !mayBeCounts && !rules.isBalanced) tellUneven(choices, name, place, labels);
  return { record, labels };
}

/** For many cells that are no numbers, proposes to take all cells for classes if they repeat, or else another target. */
function withOtherTask(
  table: Table,
  place: number,
  { present, total }: Column,
  problem: Problem,
  bad: number,
  rules: LearningRules,
): Problem {
  if (bad <= FEW_WORDS) return problem;
  if (total >= 3 * present.length) return { ...problem, remedies: [{ option: "task", value: "classification" }] };
  return { ...problem, remedies: withAnother(table, place, rules, "").remedies };
}

/** Decides what a target is if the user does not say it: words are classes, and so are few different whole numbers. */
function taskOf(column: Column, reading: Reading): Task {
  const { total, plain } = column;
  if (reading.kind !== "number") return "classification";
  const few = Math.max(2, Math.min(MAX_INTEGER_CLASSES, Math.sqrt(total)));
  if (plain && hasMoreThan(plain.values, MAX_INTEGER_CLASSES)) return "regression";
  const { distinct, present } = column;
  if (present.length > few) return "regression";
  const isClass = (text: string) => {
    const value = readNumber(text, reading.format);
    // "4+" among few whole numbers is a class like the others.
    return value === undefined ? reading.bad.length < present.length / 2 : Number.isSafeInteger(value);
  };
  return reading.format.affix === undefined && present.every((i) => isClass(distinct.texts[i]))
    ? "classification"
    : "regression";
}

/** Whether there are more than so many different numbers. */
function hasMoreThan(values: Float64Array, most: number): boolean {
  const seen = new Set<number>();
  for (const value of values) if (value === value && seen.add(value).size > most) return true;
  return false;
}

/** Reports what whole numbers were taken for, if another meaning is possible. */
function tellGuess(choices: Choices, name: string, place: number, column: Column, task: Task): void {
  if (column.plain && hasMoreThan(column.plain.values, MAX_INTEGER_CLASSES)) return;
  const { distinct, present } = column;
  const values = present.map((i) => parseNumber(distinct.texts[i]) ?? NaN);
  if (!values.every((value) => Number.isSafeInteger(value))) return;
  const different = new Set(values).size;
  if (task === "classification" && different > 2) {
    choices.of("task", name, place, (names) => {
      return `target ${names} holds ${different} different whole numbers, taken for classes; --task regression predicts a number`;
    });
  } else if (task === "regression" && different <= MAYBE_CLASSES) {
    choices.of("task", name, place, (names) => {
      const what = count(different, "different whole number");
      return `target ${names} holds ${what}, taken for a number to be predicted; --task classification takes them for classes`;
    });
  }
}

function tellUneven(choices: Choices, name: string, place: number, labels: readonly Label[]): void {
  const counts = new Map<Label, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => a[1] - b[1]);
  const [[rare, fewest]] = sorted;
  const [common, most] = sorted[sorted.length - 1];
  if (most < UNEVEN * fewest || labels.length < 5 * UNEVEN) return;
  choices.of("uneven", name, place, (names) => {
    const counted = `${show(String(rare))} has ${count(fewest, "row")}, ${show(String(common))} ${most}`;
    const weights = "--class-weights balanced lets each class count as much";
    const threshold =
      sorted.length === 2 ? ", --optimize f1 chooses from which probability the second is predicted" : "";
    return `classes of ${names} are uneven: ${counted}; ${weights}${threshold}`;
  });
}

function numbersOf(column: Column, rows: ArrayLike<number>, format: NumberFormat): Float64Array {
  // The texts of numbers that are known are made when asked for, so they are not.
  if (column.plain) return knownOf(column.plain.values, rows);
  const { distinct } = column;
  const values = distinct.texts.map((text) => readNumber(text, format) ?? NaN);
  return Float64Array.from({ length: rows.length }, (_, i) => values[distinct.codes[rows[i]]]);
}

/** Labels exactly as they are written. A text that is a plainly written whole number becomes a number. */
function labelsOf(column: Column, rows: ArrayLike<number>, name: string) {
  const { distinct, present } = column;
  const { words, fold } = wordsOf(column);
  const integers = present.map((i) => parseNumber(distinct.texts[i]) ?? NaN);
  const isPlain = (text: string, value: number) => Number.isSafeInteger(value) && !/^[+-]?0\d|^\+|^-0/.test(text);
  const isInteger = present.every((i, k) => isPlain(distinct.texts[i], integers[k]));
  // 1 and 1.0 in one column are one class; where all are written 1.0, so is the label.
  const values = new Set(integers);
  const isMixed = isInteger && values.size < present.length;
  const isNumber = isMixed || present.every((i, k) => isInteger && String(integers[k]) === distinct.texts[i]);
  const spelling = new Map([...words.keys()].map((word) => [word.toLowerCase(), word]));
  const byText = distinct.texts.map((text): Label => {
    if (isNumber) return parseNumber(text) ?? NaN;
    return fold ? (spelling.get(text.toLowerCase()) ?? text) : text;
  });
  const labels = Array.from({ length: rows.length }, (_, i) => byText[distinct.codes[rows[i]]]);
  const known = [...new Set(labels)].sort(isNumber ? (a, b) => Number(a) - Number(b) : byCodePoint);
  const record: TargetRecord & { kind: "class" } = { name, kind: "class", labels: known };
  if (fold) record.fold = true;
  return { labels, record };
}

function dateTarget(table: Table, place: number, rules: LearningRules): Problem {
  const message = `${table.file}: target ${calledOf(table.columns[place], place)} holds dates, which are not predicted`;
  return withAnother(table, place, rules, message);
}

/** Whether a column that is to hold numbers holds so many words that these are no mistakes. */
function isOfWords(column: Column, { bad }: Reading & { kind: "number" }): boolean {
  if (bad.length === 0) return false;
  const { counts, total } = column;
  return 3 * bad.reduce((sum, i) => sum + counts[i], 0) >= total;
}

function noNumbers(table: Table, place: number, { distinct, present }: Column, rules: LearningRules): Problem {
  const texts = present.filter((i) => parseNumber(distinct.texts[i]) === undefined).slice(0, 3);
  const name = table.columns[place];
  if (texts.length === 0) {
    const example = show(distinct.texts[present[0]]);
    const message = `${table.file}: target ${calledOf(name, place)} holds numbers from 1e150 on (${example}), with which nobody can compute; divide them by a large number`;
    return { code: "ERR_RANGE", message };
  }
  const holds = `target ${calledOf(name, place)} holds words (${texts.map((i) => show(distinct.texts[i])).join(", ")})`;
  if (rules.forced.get(place) === "number") {
    const message = `${table.file}: ${holds}; leave it out of --number, or choose another column with --target`;
    return { code: "ERR_DATA", message };
  }
  const remedies: Remedy[] = [{ option: "task", value: "" }];
  return { code: "ERR_DATA", message: `${table.file}: ${holds}; leave out --task regression`, remedies };
}

function tooManyClasses(
  table: Table,
  place: number,
  classes: number,
  rows: number,
  rules: LearningRules,
): Problem | undefined {
  const isEach = rows > 2 && classes === rows;
  if (!isEach && !(classes > MAX_INTEGER_CLASSES && rows < 2 * classes)) return undefined;
  const target = calledOf(table.columns[place], place);
  return withAnother(table, place, rules, `target ${target} has ${classes} classes for ${rows} rows`);
}

/** A problem that another target mends: the last column that can be one. */
export function withAnother(table: Table, place: number, rules: LearningRules, message: string): Problem {
  for (let other = table.columns.length - 1; other >= 0; other--) {
    if (other === place) continue;
    const column = columnOf(table, other, rules);
    const reading = readColumn(column, table.columns[other], rules);
    const isClasses =
      reading.kind === "category" && column.present.length > 1 && column.present.length <= MAX_INTEGER_CLASSES;
    const isNumbers = reading.kind === "number" && reading.bad.length === 0 && column.present.length > 1;
    const isGood = reading.kind === "number" ? isNumbers && reading.ambiguous === undefined : isClasses;
    if (!isGood || counterKind(table, other, column) !== undefined) continue;
    if (reading.kind === "category" && 2 * column.present.length > column.total) continue;
    const value = columnName(table.columns[other], other);
    const advice = `choose another column with --target, as --target ${quotedForShell(value)}`;
    return { code: "ERR_DATA", message: `${message}; ${advice}`, remedies: [{ option: "target", value }] };
  }
  const none = "no other column holds numbers, or words that come again, to be predicted";
  return { code: "ERR_DATA", message: `${message}; ${none}` };
}

/** The values of known targets, for the rows in which none is missing. */
export interface KnownTargets {
  rows: Uint32Array;
  /** A class that training has not seen is one of the labels here. */
  targets: Targets;
  /** Which these are. */
  warnings: string[];
}

/**
 * Reads the targets of rows whose targets are known, as training read them.
 * @param except rows that are not asked for.
 * @param inputs names of columns that cannot be meant by a target that is not there.
 * @throws PropagoError ERR_DATA where a column is not there or no row is left; ERR_CSV, naming the line, for no number.
 */
export function readKnownTargets(
  table: Table,
  records: readonly TargetRecord[],
  rules: ReadingRules,
  except = new Uint8Array(table.rows),
  inputs: ReadonlySet<string> = new Set(),
): KnownTargets {
  const places = records.map(({ name }) => {
    const place = table.columns.indexOf(name);
    if (place >= 0) return place;
    const { similar, rename } = nearest(
      [name],
      table.columns.filter((other) => !inputs.has(other)),
    );
    throw new PropagoError("ERR_DATA", `${table.file} lacks the target column ${show(name)}${similar}${rename}`);
  });
  const labels = new Set(records.flatMap((record) => (record.kind === "class" ? record.labels.map(String) : [])));
  const rows = knownRows(table, places, { isMissing: (text) => !labels.has(text) && rules.isMissing(text) }, except);
  if (rows.length === 0) {
    const isPart = except.some((value) => value === 1);
    const where = isPart ? "every row that can be predicted" : "every row";
    const names = records.map(({ name }) => name);
    throw new PropagoError("ERR_DATA", `${table.file}: ${listShown(names)} is missing in ${where}`);
  }
  const [record] = records;
  const warnings: string[] = [];
  if (records.length === 1 && record.kind === "class") {
    const labels = knownLabels(table, places[0], record, rows, warnings);
    return { rows, targets: { kind: "classes", records: [record], labels }, warnings };
  }
  const isNumbers = records.every(({ kind }) => kind === "number");
  const width = records.length;
  const values = isNumbers ? new Float64Array(rows.length * width) : new Uint8Array(rows.length * width);
  const judged = records.map((each, j): TargetRecord => {
    if (each.kind === "number") {
      const own = knownNumbers(table, places[j], each, rows, rules.decimal);
      own.forEach((value, i) => (values[i * width + j] = value));
      return each;
    }
    // The two labels have places 0 and 1. Labels that training has not seen get a third place.
    const labels = knownLabels(table, places[j], each, rows, warnings);
    const unseen = labels.find((label) => !each.labels.includes(label));
    const all = unseen === undefined ? each.labels : [...each.labels, unseen];
    labels.forEach((label, i) => {
      const index = all.indexOf(label);
      values[i * width + j] = index < 0 ? all.length - 1 : index;
    });
    return { ...each, labels: all };
  });
  const targets: Targets =
    values instanceof Float64Array
      ? { kind: "numbers", records: judged, values }
      : { kind: "labels", records: judged, values };
  return { rows, targets, warnings };
}

/** The labels of some rows. A label that training has not seen is kept, with a warning. */
function knownLabels(
  table: Table,
  place: number,
  { name, labels, fold }: TargetRecord & { kind: "class" },
  rows: Uint32Array,
  warnings: string[],
): Label[] {
  const key = (text: string) => (fold ? text.toLowerCase() : text);
  const known = new Map(labels.map((label) => [key(String(label)), label]));
  const { texts, codes } = distinctTexts(table, place);
  const byText = texts.map((text) => known.get(key(text)) ?? known.get(String(parseNumber(text))));
  const unseen = new Set<string>();
  let cells = 0;
  let first = 0;
  const found = Array.from(rows, (row): Label => {
    const label = byText[codes[row]];
    if (label !== undefined) return label;
    if (cells === 0) first = row;
    cells += 1;
    unseen.add(texts[codes[row]]);
    return texts[codes[row]];
  });
  if (cells > 0) {
    const have = cells === 1 ? "row has a class" : "rows have classes";
    const what = `${table.file}: ${cells} ${have} of ${show(name)} that training has not seen`;
    const where = `${listShown([...unseen])}, first line ${table.lineOf(first)}`;
    warnings.push(`${what} (${where}); ${cells === 1 ? "it counts" : "they count"} as wrong, and the loss is of the others`); // prettier-ignore
  }
  return found;
}

/**
 * Numbers in a column that must hold nothing else, for some rows.
 * @throws PropagoError ERR_CSV or ERR_NONFINITE, naming the line of a cell that is none.
 */
export function knownNumbers(
  table: Table,
  place: number,
  { format = PLAIN }: { format?: NumberFormat },
  rows: ArrayLike<number>,
  decimal?: "." | ",",
): Float64Array {
  const plain = table.plain?.(place, missingTest());
  const mayBe = format === PLAIN && (decimal !== "," || !plain?.hasDot);
  if (plain && (mayBe || table.format !== undefined)) {
    const known = knownOf(plain.values, rows);
    if (known.length === rows.length) return known;
  }
  const { texts, codes } = distinctTexts(table, place);
  const own = decimal === undefined ? format : formatWith(format, decimal);
  const values = texts.map((text) => readNumber(text, own));
  return Float64Array.from({ length: rows.length }, (_, i) => {
    const value = values[codes[rows[i]]];
    if (value !== undefined && Number.isFinite(value)) return value;
    const text = texts[codes[rows[i]]];
    const code = value === undefined ? "ERR_CSV" : "ERR_NONFINITE";
    const what = text === "" ? "is empty" : `holds ${show(text)}, which is no finite number`;
    throw new PropagoError(code, `${at(table, rows[i], place)} ${what}; mend the cell or leave the row out`);
  });
}

/** Whether something from a file is a target of a model. */
export function isTargetRecord(value: unknown): value is TargetRecord {
  if (typeof value !== "object" || value === null) return false;
  const { name, kind, format, labels, fold } = value as { [key: string]: unknown };
  if (typeof name !== "string") return false;
  if (kind === "number") return format === undefined || isFormat(format);
  if (kind !== "class" || !Array.isArray(labels) || (fold !== undefined && typeof fold !== "boolean")) return false;
  return labels.every((label) => ["string", "number", "boolean"].includes(typeof label));
}
