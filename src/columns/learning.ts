// Decides for training which columns of a table are left out, and how each of the others becomes inputs. Every choice is
// reported, with the option that overrules it. All problems are collected before the table is refused.
import { show } from "../ground/errors.ts";
import { tellCodes } from "./codes.ts";
import {
  at,
  hashOf,
  valueOf,
  type CategoryColumn,
  type Column as Record,
  type DateColumn,
  type NumberColumn,
} from "./columns.ts";
import { partOf, PART_NAMES, type DatePart } from "./dates.ts";
import { byCodePoint } from "../data/labels.ts";
import { missingAmong } from "./missing.ts";
import { mistakeIn, parseNumber, PLAIN, type NumberFormat } from "./numbers.ts";
import {
  calledOf,
  columnArgument,
  columnName,
  count,
  list,
  quotedForShell,
  type Choices,
  type Problem,
  type Remedy,
} from "./problems.ts";
import {
  columnOf,
  readColumn,
  type Because,
  type Column,
  type Forced,
  type Reading,
  type ReadingRules,
} from "./readings.ts";
import { distinctTexts, keepNumbers, type PlainNumbers, type Table } from "../data/table.ts";
import { extremesOf, knownOf, meanOf, medianOf } from "./values.ts";

export const MISSING_RULES = ["auto", "error", "drop", "mean", "median", "category"] as const;
export type MissingRule = (typeof MISSING_RULES)[number];

export interface LearningRules extends ReadingRules {
  missing: MissingRule;
  maxCategories: number;
  /** What the user says of columns, by their places. */
  forced: ReadonlyMap<number, Forced>;
  /** Whether the user has said what becomes of rare classes. */
  isBalanced?: boolean;
}

export interface Learnt {
  columns: Record[];
  /** Where they are in the table. */
  places: number[];
  problems: Problem[];
}

export const MAX_CATEGORIES = 100;
/** A column of numbers gets an indicator where a greater share of its values is missing. */
const MANY_MISSING = 0.05;
/** A column with too many categories is used only if the most common ones have this share of the rows. */
const LEAST_COVERED = 0.5;
/** Up to so many texts may all differ and still be categories. */
const FEW = 5;
/** The largest number of gathered words of a column that a model remembers. */
const MOST_REMEMBERED = 100_000;
/** With more words than this, no command is offered. */
const MOST_WORDS = 20;
/** Longer texts are not proposed as words for a missing value. */
const LONGEST_WORD = 40;
/** From so many rows on, a category that one row has is gathered with others of its kind. */
const ROWS_TO_GATHER = 100;
/** With fewer rows than this, a counting column is taken for row numbers only if its name says so. */
const ROWS_TO_COUNT = 10;
/** Rows for each value of a part of a date, below which the part is no input. */
const ROWS_FOR_PART = 5;
/** How often float32's steps may be larger than those of the spread before a column is centred. */
const CENTRED_FROM = 64;

const ROW_NAMES = /^(?:|row[ _.]?names?|unnamed: ?\d+|\.{3}\d+|row[ _.]?id)$/i;
const COUNTERS = /^(?:index|idx|row|rows?[ _.]?n(?:r|o|um(?:ber)?)|nr|no|num|#|n|obs|observation|id|case|record)\.?$/i;
const IDS = /(?:^|[ _.-])(?:id|ids|uuid|guid|key|idno)$|^id[ _.-]?(?:no|nr|num|number)?$/i;
const CAMEL_IDS = /[a-z]I[dD]$/;
const TIMES = /^(?:t|time|year|years|month|day|days|week|quarter|hour|minute|second|date|age|period|step|wave|round)$/i;

/** A column that is left out unless nothing else is there. */
interface LeftOut {
  place: number;
  column: Column;
  reading: Reading;
  isNumber: boolean;
  tell: () => void;
}

/** Finds out what the columns at `places` hold, over the rows that are used. */
export function learnColumns(
  table: Table,
  places: readonly number[],
  rows: ArrayLike<number> | undefined,
  rules: LearningRules,
  choices: Choices,
): Learnt {
  const work: Work = { table, rules, choices, rows, problems: [], leftOut: [], filled: new Set() };
  const learnt: Learnt = { columns: [], places: [], problems: work.problems };
  for (const place of places) {
    const column = columnOf(table, place, rules, rows);
    const reading = readColumn(column, table.columns[place], rules, rules.forced.get(place));
    const record = learn(work, place, column, reading);
    if (!record) continue;
    learnt.columns.push(record);
    learnt.places.push(place);
  }
  if (learnt.columns.length === 0 && work.problems.length === 0) restore(work, learnt);
  else for (const { tell } of work.leftOut) tell();
  return learnt;
}

/** The state of `learnColumns`. */
interface Work {
  table: Table;
  rules: LearningRules;
  choices: Choices;
  rows: ArrayLike<number> | undefined;
  problems: Problem[];
  leftOut: LeftOut[];
  /** How missing values were filled, over all columns. */
  filled: Set<Filling>;
}

/** How missing values are filled: by a number, by a number and an input that marks it, or as a category. */
type Filling = "numbers" | "marked" | "words";

function learn(work: Work, place: number, column: Column, reading: Reading): Record | undefined {
  const { table, choices } = work;
  if (reading.kind === "empty") {
    choices.of("empty", table.columns[place], place, (names) => `left out, since nothing stands in it: ${names}`);
    return undefined;
  }
  if (reading.kind === "number") return learnNumber(work, place, column, reading);
  if (reading.kind === "date") return learnDate(work, place, column, reading);
  return learnCategory(work, place, column, reading);
}

/** If every column was left out, uses columns of numbers after all. If there are none, the message says what to do. */
function restore(work: Work, learnt: Learnt): void {
  const { table, leftOut, rules } = work;
  const forced = new Map<number, Forced>(leftOut.map(({ place, isNumber }) => [place, isNumber ? "number" : "text"]));
  const numbers = leftOut.filter(({ isNumber }) => isNumber);
  for (const { place, column, reading } of numbers) {
    const record = learn({ ...work, rules: { ...rules, forced } }, place, column, reading);
    if (record) {
      learnt.columns.push(record);
      learnt.places.push(place);
    }
  }
  if (learnt.columns.length > 0) {
    for (const { place } of numbers) {
      work.choices.of("restored", table.columns[place], place, (names) => {
        return `taken though row numbers or keys, since no other column can be learnt from: ${names}`;
      });
    }
  }
  for (const { tell, isNumber } of leftOut) if (!isNumber || learnt.columns.length === 0) tell();
  if (learnt.columns.length > 0) return;
  const names = leftOut.map(({ place }) => calledOf(table.columns[place], place));
  const remedies: Remedy[] = leftOut.slice(0, 1).map(({ place }) => {
    return { option: "text", value: columnName(table.columns[place], place) };
  });
  const reason =
    names.length === 0 ? "" : `: ${list(names)} ${names.length === 1 ? "has" : "have"} too many different texts`;
  const advice =
    remedies.length > 0 ? `; --text ${quotedForShell(remedies[0].value)} keeps the most common of them` : "";
  const message = `${table.file} has no column beside the target to learn from${reason}${advice}`;
  work.problems.push({ code: "ERR_DATA", message, remedies: remedies.length > 0 ? remedies : undefined });
}

function learnNumber(
  work: Work,
  place: number,
  column: Column,
  reading: Reading & { kind: "number" },
): NumberColumn | undefined {
  const { table, rules } = work;
  const name = table.columns[place];
  const isForced = rules.forced.get(place) === "number";
  const leave = isForced || reading.bad.length > 0 ? undefined : counterOrId(work, place, column);
  if (leave) {
    work.leftOut.push({ place, column, reading, isNumber: true, tell: leave });
    return undefined;
  }
  const bad = numberProblem(table, place, column, reading, rules);
  if (bad) work.problems.push(bad);
  const { format, ambiguous } = reading;
  if (bad || ambiguous !== undefined) return undefined;
  tellFormat(table.columns[place], place, reading.format, rules, work.choices);
  const record: NumberColumn = { name, kind: "number" };
  if (format !== PLAIN) record.format = format;
  const values = valuesOf(work, place, column, record);
  tellCodes(name, place, column, format, values, work.choices);
  const offset = offsetOf(values);
  record.offset = offset;
  if (values.some((value) => isWide(value - offset))) record.wide = true;
  fillIn(work, place, column, record, values);
  return record;
}

/** Reports how numbers were read, unless they are written plainly. */
export function tellFormat(
  name: string,
  place: number,
  format: NumberFormat,
  rules: ReadingRules,
  choices: Choices,
): void {
  const { affix, thousands, decimal } = format;
  if (affix !== undefined) {
    choices.of(`affix ${affix}`, name, place, (names, first) => {
      const as = affix === "%" ? "12% as 12" : `as numbers without ${show(affix)}`;
      return `read ${as}: ${names}; --text ${first} takes it as words`;
    });
  }
  const isSaid = rules.decimal !== undefined && thousands !== " " && thousands !== "'";
  if ((thousands !== undefined || decimal === ",") && !isSaid) {
    const groups = thousands === undefined ? "" : `${thousands === " " ? "spaces" : show(thousands)} between thousands`;
    const comma = decimal === "," ? "a decimal comma" : "";
    const signs = `with ${[groups, comma].filter((part) => part !== "").join(" and ")}`;
    const other = decimal === "," ? "." : ",";
    choices.of(`signs ${decimal}${thousands}`, name, place, (names, first) => {
      const overrule =
        thousands === " " || thousands === "'"
          ? `--text ${first} takes it as words`
          : `--decimal ${other} says otherwise`;
      return `read ${signs}: ${names}; ${overrule}`;
    });
  }
}

/** The problem of a column of numbers that contains other cells, or numbers with two readings, and its remedies. */
export function numberProblem(
  table: Table,
  place: number,
  column: Column,
  reading: Reading & { kind: "number" },
  rules: LearningRules,
  isTarget = false,
): Problem | undefined {
  const { bad, ambiguous, format } = reading;
  if (bad.length === 0) return ambiguous === undefined ? undefined : twoReadings(table, place, column, ambiguous);
  const { distinct, counts } = column;
  const text = distinct.texts[bad[0]];
  const words = bad.map((i) => distinct.texts[i]);
  const cells = bad.reduce((sum, i) => sum + counts[i], 0);
  const isInfinite = words.every((word) => /^[+-]?inf(?:inity)?$/i.test(word));
  const isBare = format.affix === "%" && parseNumber(text) !== undefined;
  const hint = isBare ? "the others have a %, so 0.5 may mean 50% or 0.5%" : mistakeIn(text);
  const what = isInfinite ? "is not a finite number" : `is not a number${hint === "" ? "" : ` (${hint})`}`;
  const others = bad.length > 1 ? ` (${list(words.slice(1).map(show), 3)})` : "";
  const more = cells > 1 ? `, nor ${cells === 2 ? "is 1 other cell" : `are ${cells - 1} other cells`}${others}` : "";
  const isForced = !isTarget && rules.forced.get(place) === "number";
  const argument = columnArgument(table.columns[place], place);
  const instead = isTarget
    ? "--task classification takes it as a class"
    : isForced
      ? "--ignore leaves the column out"
      : `--text ${argument} takes the column as words`;
  const value = columnName(table.columns[place], place);
  const asText: Remedy[] = [{ option: isForced ? "ignore" : "text", value }];
  const asMissing = 2 * cells < column.total ? missingRemedies(table, place, words, rules) : undefined;
  const such = words.length === 1 ? "it" : "such";
  const missing = asMissing
    ? `--missing-values ${quotedForShell(asMissing[0].value)} takes ${such} as missing, or `
    : "";
  return {
    code: isInfinite ? "ERR_NONFINITE" : "ERR_CSV",
    message: `${at(table, distinct.firsts[bad[0]], place)}: ${show(text)} ${what}${more}; mend it, or ${missing}${instead}`,
    remedies: isTarget
      ? words.length <= MOST_WORDS
        ? asMissing
        : undefined
      : asMissing && bad.length <= FEW
        ? asMissing
        : asText,
  };
}

/** The problem of a comma that may separate thousands or decimals. In files with semicolons, decimals are likelier. */
function twoReadings(table: Table, place: number, { distinct }: Column, text: string): Problem {
  const [whole, fraction] = [text.replaceAll(",", ""), text.replace(",", ".")];
  const where = at(table, distinct.firsts[distinct.texts.indexOf(text)], place);
  const advice = "say --decimal . where the comma separates thousands, --decimal , where it begins the decimals";
  const value = table.delimiter === ";" ? "," : ".";
  return {
    code: "ERR_CSV",
    message: `${where}: ${show(text)} may be ${whole} or ${fraction}; ${advice}`,
    remedies: [{ option: "decimal", value }],
  };
}

/** Proposes --missing-values for words, unless they are long or are a category of another column. */
function missingRemedies(
  table: Table,
  place: number,
  words: readonly string[],
  rules: LearningRules,
): Remedy[] | undefined {
  if (words.some((word) => word.length > LONGEST_WORD || /[\n\r]/.test(word))) return undefined;
  const isUsed = table.columns.some((name, other) => {
    if (other === place || !distinctTexts(table, other).texts.some((text) => words.includes(text))) return false;
    const { kind } = readColumn(columnOf(table, other, rules), name, rules, rules.forced.get(other));
    return kind === "category";
  });
  if (isUsed) return undefined;
  return words.map((value) => ({ option: "missingValues", value: quotedItem(value) }));
}

/** A word as an item of a list with commas. */
function quotedItem(text: string): string {
  return /[",]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** If a column counts the rows or identifies them, gives a function that reports that it is left out. */
function counterOrId({ table, choices }: Work, place: number, column: Column): (() => void) | undefined {
  const name = table.columns[place];
  const kind = counterKind(table, place, column);
  if (kind === "rows") {
    return () =>
      choices.of(
        "row numbers",
        name,
        place,
        (names, first) => `left out as row numbers: ${names}; --number ${first} keeps it`,
      );
  }
  if (kind !== "ids") return undefined;
  return () =>
    choices.of(
      "ids",
      name,
      place,
      (names, first) => `left out, since it names rows: ${names}; --number ${first} keeps it`,
    );
}

/** Whether a column of whole numbers counts the rows, or names them. */
export function counterKind(table: Table, place: number, column: Column): "rows" | "ids" | undefined {
  const name = table.columns[place];
  if (column.plain && !mayCount(column.plain, name)) return undefined;
  const { texts } = column.distinct;
  if (!texts.every((text) => /^-?\d+(?:\.0)?$/.test(text))) return undefined;
  const isDistinct = texts.length === table.rows;
  const counter = isDistinct && isCount(texts);
  const isMany = table.rows >= ROWS_TO_COUNT && !TIMES.test(name);
  // R calls a column without a name X when it reads one.
  const isCounter = counter && (COUNTERS.test(name) || name === "X" || isMany);
  if (isDistinct && (ROW_NAMES.test(name) || isCounter)) return "rows";
  const isNearlyDistinct = 2 * texts.length > table.rows && texts.length > ROWS_TO_COUNT;
  return (IDS.test(name) || CAMEL_IDS.test(name)) && isNearlyDistinct ? "ids" : undefined;
}

/** Whether a column of numbers may count the rows or name them. Most are known not to without a look at their texts. */
function mayCount({ values }: PlainNumbers, name: string): boolean {
  if (!values.every(Number.isInteger)) return false;
  const [first] = values;
  const isCounting = (first === 0 || first === 1) && values.every((value, row) => value === first + row);
  return isCounting || ROW_NAMES.test(name) || IDS.test(name) || CAMEL_IDS.test(name);
}

/** 0, 1, 2 … or 1, 2, 3 … in the order of the rows. */
function isCount(texts: readonly string[]): boolean {
  const first = Number(texts[0]);
  return (first === 0 || first === 1) && texts.every((text, i) => Number(text) === first + i);
}

function learnCategory(
  work: Work,
  place: number,
  column: Column,
  { because }: Reading & { kind: "category" },
): CategoryColumn | undefined {
  const { table, rules, choices } = work;
  const name = table.columns[place];
  const isForced = rules.forced.get(place) === "text";
  const { words, fold } = wordsOf(column);
  const leave = isForced ? undefined : namesRows(work, place, column, words, because);
  if (leave) {
    work.leftOut.push({ place, column, reading: { kind: "category" }, isNumber: false, tell: leave });
    return undefined;
  }
  const kept = gather(words, column.total, rules.maxCategories);
  const gathered = words.size - kept.length;
  if (gathered > 0) {
    const least = String(words.size);
    choices.of(words.size > rules.maxCategories ? "gathered" : "rare", name, place, (names, first) => {
      if (words.size <= rules.maxCategories)
        return `categories of one row gathered into "other": ${names}; --text ${first} keeps each`;
      return `the most common ${kept.length} categories kept and the others gathered: ${names}; --max-categories ${least} keeps more`;
    });
  }
  if (because && !isForced) tellText(choices, name, place, because);
  const missing = missingOf(rules.missing, column);
  if (missing === "category") tellFilled(work, place, column, "words");
  const record: CategoryColumn = { name, kind: "category", categories: kept.sort(byCodePoint), missing };
  if (gathered > 0) record.other = true;
  if (gathered > 0 && gathered <= MOST_REMEMBERED) record.gathered = hashesBeside(words.keys(), kept, fold);
  if (fold) record.fold = true;
  return record;
}

/** Hashes of the words that have no category of their own, in ascending order. */
function hashesBeside(words: Iterable<string>, kept: readonly string[], fold: boolean): number[] {
  const own = new Set(kept);
  const others = [...words].filter((word) => !own.has(word));
  return others.map((word) => hashOf(fold ? word.toLowerCase() : word)).sort((a, b) => a - b);
}

function tellText(choices: Choices, name: string, place: number, because: Because): void {
  const why = {
    words: "since not all cells are numbers",
    zeros: "since digits begin with 0",
    digits: "since it has more digits than a number holds",
    units: "since its units differ",
  };
  choices.of(`text ${because}`, name, place, (names, first) => {
    const overrule = {
      words: `--number ${first} reads numbers, and names the cells that are none`,
      zeros: `--number ${first} reads numbers`,
      digits: `--number ${first} reads numbers`,
      units: `--ignore ${first} leaves it out`,
    };
    return `taken as words, ${why[because]}: ${names}; ${overrule[because]}`;
  });
}

function missingOf(rule: MissingRule, { missing }: Column): CategoryColumn["missing"] {
  if (rule === "error" || rule === "drop") return "refuse";
  return missing > 0 ? "category" : "none";
}

/** Words whose upper and lower case means the same. */
const ANSWERS = [
  ["true", "false"],
  ["yes", "no"],
  ["y", "n"],
];

/** A column's words with their numbers of rows, and whether words such as "True" and "true" count as one. */
export function wordsOf({ distinct, present, counts }: Column): { words: Map<string, number>; fold: boolean } {
  const words = new Map(present.map((i) => [distinct.texts[i], counts[i]]));
  const lower = new Set([...words.keys()].slice(0, 20).map((word) => word.toLowerCase()));
  if (words.size > 6 || !ANSWERS.some((answers) => [...lower].every((word) => answers.includes(word)))) {
    return { words, fold: false };
  }
  const folded = new Map<string, number>();
  // The commonest spelling names the category.
  const spellings = [...words].sort((a, b) => b[1] - a[1]);
  for (const [word, number] of spellings) {
    const same = [...folded.keys()].find((other) => other.toLowerCase() === word.toLowerCase()) ?? word;
    folded.set(same, (folded.get(same) ?? 0) + number);
  }
  return { words: folded, fold: true };
}

/** The categories that get an input of their own. */
function gather(words: ReadonlyMap<string, number>, total: number, most: number): string[] {
  if (words.size > most) {
    const byCount = [...words].sort((a, b) => b[1] - a[1] || byCodePoint(a[0], b[0]));
    return byCount.slice(0, Math.max(1, most - 1)).map(([word]) => word);
  }
  const common = [...words].filter(([, rows]) => rows > 1).map(([word]) => word);
  const isWorth = total >= ROWS_TO_GATHER && words.size - common.length > 1 && common.length > 0;
  return isWorth ? common : [...words.keys()];
}

/** If words identify rows, are sentences, or are too many, gives a function that reports that they are left out. */
function namesRows(
  { table, rules, choices }: Work,
  place: number,
  { total }: Column,
  words: ReadonlyMap<string, number>,
  because?: Because,
): (() => void) | undefined {
  const name = table.columns[place];
  const say = (kind: string, reason: string) => () =>
    choices.of(kind, name, place, (names, first) => {
      const number = because === "zeros" || because === "digits" ? `, --number ${first} reads numbers` : "";
      return `left out, since ${reason}: ${names}; --text ${first} keeps the most common words${number}`;
    });
  if (words.size > 1 && words.size === total && (total > FEW || (ROW_NAMES.test(name) && place === 0))) {
    return say("names", "every row has another text");
  }
  const average = [...words.keys()]
    .slice(0, 200)
    .reduce((sum, word, _, all) => sum + word.split(/\s+/).length / all.length, 0);
  if (average >= 5 && words.size > Math.max(20, total / 4)) return say("free text", "it is free text");
  const many = words.size > rules.maxCategories;
  if (!many && !(words.size > 20 && 2 * words.size > total)) return undefined;
  const counts = [...words.values()].sort((a, b) => b - a);
  const kept = many ? counts.slice(0, rules.maxCategories - 1) : counts.filter((rows) => rows > 1);
  const covered = kept.reduce((sum, rows) => sum + rows, 0);
  if (covered >= LEAST_COVERED * total && 3 * words.size < 2 * total) return undefined;
  return say("many", "it has too many different texts");
}

function learnDate(
  work: Work,
  place: number,
  column: Column,
  reading: Reading & { kind: "date" },
): DateColumn | undefined {
  const { table, choices } = work;
  const name = table.columns[place];
  const { distinct } = column;
  if (reading.bad.length > 0) {
    work.problems.push(dateProblem(work, place, column, reading));
    return undefined;
  }
  const record: DateColumn = { name, kind: "date", form: reading.form, offset: 0, parts: [] };
  const values = valuesOf(work, place, column, record);
  record.offset = offsetOf(values);
  record.parts = reading.form === "time" ? [] : repeatingParts(new Set(values), column.total);
  if (reading.isAmbiguous) {
    const example = show(distinct.texts[column.present[0]]);
    choices.of("ambiguous dates", name, place, (names) => {
      return `dates such as ${example} read with the month first: ${names}; --date-order dmy reads the day first`;
    });
  }
  const parts = record.parts.map(({ part }) => PART_NAMES[part]);
  const kind = reading.form === "time" ? "times" : "dates";
  choices.of(`${kind} ${parts.join()}`, name, place, (names, first) => {
    const beside = parts.length > 0 ? `, with ${parts.join(" and ")} beside the day` : "";
    return `read as ${kind}${beside}: ${names}; --text ${first} takes it as words, --ignore ${first} leaves it out`;
  });
  fillIn(work, place, column, record, values);
  return record;
}

function dateProblem(
  { table, rules }: Work,
  place: number,
  column: Column,
  { bad }: Reading & { kind: "date" },
): Problem {
  const { distinct, counts } = column;
  const name = table.columns[place];
  const cells = bad.reduce((sum, i) => sum + counts[i], 0);
  const words = bad.map((i) => distinct.texts[i]);
  const more = cells > 1 ? `, nor are ${count(cells - 1, "other cell")}` : "";
  const asMissing = missingRemedies(table, place, words, rules);
  const missing = asMissing ? `--missing-values ${quotedForShell(asMissing[0].value)} takes such as missing, ` : "";
  const advice = `${missing}--text ${columnArgument(name, place)} takes the column as words`;
  return {
    code: "ERR_CSV",
    message: `${at(table, distinct.firsts[bad[0]], place)}: ${show(words[0])} is not a date as the others are${more}; mend it, or ${advice}`,
    remedies: asMissing && bad.length <= FEW ? asMissing : [{ option: "text", value: columnName(name, place) }],
  };
}

/** Finds the parts of dates that repeat: a month over several years, a weekday over weeks, an hour over days. */
function repeatingParts(days: ReadonlySet<number>, total: number): DateColumn["parts"] {
  const values = [...days];
  const parts: DateColumn["parts"] = [];
  const add = (part: DatePart, periodOf: (days: number) => number) => {
    const known = [...new Set(values.map((value) => partOf(value, part)))].sort((a, b) => a - b);
    const periods = new Set(values.map((value) => `${periodOf(value)} ${partOf(value, part)}`));
    const repeats = periods.size >= 1.5 * known.length;
    if (known.length > 1 && repeats && total >= ROWS_FOR_PART * known.length) parts.push({ part, values: known });
  };
  const yearOf = (days: number) => new Date(Math.floor(days) * 86_400_000).getUTCFullYear();
  add("month", yearOf);
  // Weekdays of monthly dates are a coincidence of the calendar.
  const dayOf = (days: number) => new Date(Math.floor(days) * 86_400_000).getUTCDate();
  const monthDays = new Set(values.map(dayOf));
  const isMonthly = monthDays.size === 1 || Math.min(...monthDays) >= 28;
  if (!isMonthly) add("weekday", (days) => Math.floor((days + 3) / 7));
  if (values.some((value) => value % 1 !== 0)) add("hour", Math.floor);
  return parts;
}

/** The values of the used rows in any order, missing ones left out. */
function valuesOf(
  { table, rows }: Work,
  place: number,
  column: Column,
  record: NumberColumn | DateColumn,
): Float64Array {
  if (column.plain && record.kind === "number") return knownOf(column.plain.values, rows);
  const { distinct, present, counts, total } = column;
  const read = new Float64Array(distinct.texts.length).fill(NaN);
  const values = new Float64Array(total);
  let length = 0;
  for (const i of present) {
    read[i] = valueOf(record, distinct.texts[i]) ?? NaN;
    values.fill(read[i], length, length + counts[i]);
    length += counts[i];
  }
  // Texts of rows that are not used are not read, since these rows are not encoded.
  keepNumbers(table, place, distinct.codes, read);
  return values;
}

/** The number to subtract so that float32 keeps the digits: the median if the values are far from 0, otherwise 0. */
function offsetOf(values: Float64Array): number {
  if (values.every((value) => Math.fround(value) === value)) return 0;
  const { least: first, greatest: last } = extremesOf(values);
  const size = Math.max(Math.abs(first), Math.abs(last));
  return size > CENTRED_FROM * (last - first) ? medianOf(values) : 0;
}

/** Whether float32 cannot hold a number, or only with few digits. */
function isWide(value: number): boolean {
  return value !== 0 && (Math.abs(value) > 1e38 || Math.abs(value) < 1e-37);
}

/** Decides how missing values of numbers and dates are filled. */
function fillIn(
  work: Work,
  place: number,
  column: Column,
  record: NumberColumn | DateColumn,
  values: Float64Array,
): void {
  const { missing } = work.rules;
  if (missing === "error" || missing === "drop") return;
  record.fill = missing === "mean" ? meanOf(values) : medianOf(values);
  const all = column.total + column.missing;
  const isMany = missing === "auto" && column.missing > MANY_MISSING * all;
  if (column.missing > 0 && (isMany || missing === "category")) record.indicator = true;
  if (column.missing > 0) tellFilled(work, place, column, record.indicator ? "marked" : "numbers");
}

/** Reports that missing values were filled, in one line for all columns. */
function tellFilled({ table, rules, choices, filled }: Work, place: number, column: Column, how: Filling): void {
  const number = rules.missing === "mean" ? "mean" : "median";
  filled.add(how);
  choices.counted("missing", table.columns[place], place, column.missing, (names, cells) => {
    const ways: string[] = [];
    if (filled.has("numbers")) ways.push(`numbers by the column's ${number}`);
    if (filled.has("marked")) ways.push(`${filled.has("numbers") ? "where many are missing " : `numbers by the column's ${number} `}with a second input that says where`); // prettier-ignore
    if (filled.has("words")) ways.push("words as a category of their own");
    const how = ways.join(", ");
    return `${count(cells, "missing value")} filled (${how}): ${names}; --missing drop leaves such rows out`;
  });
}

/** Marks the rows in which a number is missing. */
function lackingOf({ values }: PlainNumbers, place: number, rows: ArrayLike<number>, isLacking: Uint8Array) {
  const found = { place, cells: 0, firstRow: 0 };
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i]];
    if (value === value) continue;
    if (found.cells === 0) found.firstRow = rows[i];
    found.cells += 1;
    isLacking[i] = 1;
  }
  return found;
}

/** Rows in which one of the columns has a missing value. */
export function rowsLacking(
  table: Table,
  places: readonly number[],
  rows: ArrayLike<number>,
  rules: ReadingRules,
): { isLacking: Uint8Array; byColumn: { place: number; cells: number; firstRow: number }[] } {
  const isLacking = new Uint8Array(rows.length);
  const byColumn: { place: number; cells: number; firstRow: number }[] = [];
  for (const place of places) {
    const column = columnOf(table, place, rules, rows);
    if (column.plain) {
      if (column.missing > 0) byColumn.push(lackingOf(column.plain, place, rows, isLacking));
      continue;
    }
    const { distinct } = column;
    const isMissing = missingAmong(distinct.texts, rules.isMissing);
    let cells = 0;
    let firstRow = 0;
    for (let i = 0; i < rows.length; i++) {
      if (!isMissing[distinct.codes[rows[i]]]) continue;
      if (cells === 0) firstRow = rows[i];
      cells += 1;
      isLacking[i] = 1;
    }
    if (cells > 0) byColumn.push({ place, cells, firstRow });
  }
  return { isLacking, byColumn };
}
