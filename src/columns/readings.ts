// Decides what a column's cells are: numbers, dates, or words. All cells of the column are looked at. If they do not show
// how numbers are written, the other columns of the table decide that.
import { areCompactDates, readDate, studyDates, type DateForm } from "./dates.ts";
import {
  haveUnits,
  isDigitsName,
  isUsable,
  isWrittenNumber,
  mistakeIn,
  PLAIN,
  readNumber,
  studyNumbers,
  type NumberFormat,
} from "./numbers.ts";
import { missingAmong } from "./missing.ts";
import { distinctTexts, type Distinct, type MissingTest, type PlainNumbers, type Table } from "../data/table.ts";

export interface ReadingRules {
  isMissing: MissingTest;
  /** The decimal sign, if the user says it. */
  decimal?: "." | ",";
  /** Whether the day or the month comes first, if the user says it. */
  dateOrder?: "dmy" | "mdy";
  /** Finds the decimal sign that the other columns show. Called only if a column leaves it open. */
  decimalOfTable?: () => "." | "," | undefined;
}

/** What the user says that a column is. */
export type Forced = "text" | "number";

export type Reading =
  | { kind: "empty" }
  | {
      kind: "number";
      format: NumberFormat;
      /** Places of texts that are no numbers. */
      bad: number[];
      /** A text that may be read with thousands or with a decimal comma. */
      ambiguous?: string;
      /** What the column says of the decimal sign of the whole table. */
      evidence?: "." | ",";
      /** "1.343" and its like only: thousands, where the table has a decimal comma. */
      isGrouped?: boolean;
    }
  | { kind: "date"; form: DateForm; isAmbiguous: boolean; bad: number[] }
  | { kind: "category"; because?: Because };

/** Why a column of digits holds words. */
export type Because = "zeros" | "digits" | "units" | "words";

/** How many of a column's texts are looked at first. */
const SAMPLE = 40;
/** If so large a share of the cells are dates, the others are mistakes. */
const MOST = 0.8;
/** With a smaller share of numbers, a column whose texts repeat contains words. */
const NEARLY_ALL = 0.95;
/** A column of categories hardly has more different texts than this. */
const FEW_TEXTS = 25;
/** Up to so many different words in a column may all mean a missing value. */
const FEW_WORDS = 5;
/** Texts that occur so often on average are categories. */
const REPEATED = 3;

/** The different texts of a column, counted in the rows that are used. */
export interface Column {
  distinct: Distinct;
  counts: ArrayLike<number>;
  /** Places of the texts that are no missing value and stand in some used row. */
  present: number[];
  /** How many used rows have such a text. */
  total: number;
  /** How many used rows have a missing value. */
  missing: number;
  /** The numbers of all rows, where the table keeps the column as numbers. The texts are then made when asked for. */
  plain?: PlainNumbers;
}

/** @param rows the rows that are used; all of them where it is not given. */
export function columnOf(table: Table, place: number, rules: ReadingRules, rows?: ArrayLike<number>): Column {
  const plain = table.plain?.(place, rules.isMissing);
  if (!plain) return textColumn(table, place, rules, rows);
  const used = rows && rows.length < table.rows ? rows : undefined;
  const { values } = plain;
  let missing = 0;
  const all = used?.length ?? values.length;
  for (let i = 0; i < all; i++) {
    const value = values[used ? used[i] : i];
    if (value !== value) missing += 1;
  }
  return new PlainColumn(plain, all - missing, missing, () => textColumn(table, place, rules, rows));
}

/** A column whose numbers are known. Its texts are made when something asks for them. */
class PlainColumn implements Column {
  readonly plain: PlainNumbers;
  readonly total: number;
  readonly missing: number;
  readonly #make: () => Column;
  #texts: Column | undefined;

  constructor(plain: PlainNumbers, total: number, missing: number, make: () => Column) {
    this.plain = plain;
    this.total = total;
    this.missing = missing;
    this.#make = make;
  }

  get distinct(): Distinct {
    return (this.#texts ??= this.#make()).distinct;
  }

  get counts(): ArrayLike<number> {
    return (this.#texts ??= this.#make()).counts;
  }

  get present(): number[] {
    return (this.#texts ??= this.#make()).present;
  }
}

/** A column by its texts. */
function textColumn(table: Table, place: number, { isMissing }: ReadingRules, rows?: ArrayLike<number>): Column {
  const distinct = distinctTexts(table, place);
  let counts: ArrayLike<number> = distinct.counts;
  if (rows && rows.length < table.rows) {
    const used = new Uint32Array(distinct.texts.length);
    for (let i = 0; i < rows.length; i++) used[distinct.codes[rows[i]]] += 1;
    counts = used;
  }
  const present: number[] = [];
  let total = 0;
  let missing = 0;
  const missed = missingAmong(distinct.texts, isMissing);
  distinct.texts.forEach((_, i) => {
    if (counts[i] === 0) return;
    if (missed[i]) {
      missing += counts[i];
    } else {
      present.push(i);
      total += counts[i];
    }
  });
  return { distinct, counts, present, total, missing };
}

/** Decides what a column's cells are. If it leaves its decimal sign open, the other columns decide that. */
export function readColumn(column: Column, name: string, rules: ReadingRules, forced?: Forced): Reading {
  const reading = readAlone(column, name, rules, forced);
  if (rules.decimal !== undefined || reading.kind !== "number") return reading;
  if (reading.ambiguous === undefined && !reading.isGrouped) return reading;
  const decimal = rules.decimalOfTable?.();
  if (decimal === undefined || (reading.ambiguous === undefined && decimal === ".")) return reading;
  return readAlone(column, name, { ...rules, decimal }, forced);
}

/** Names of columns whose whole numbers may be dates, as 20240131. */
const DATES = /date|datum|^d(?:ay|t)$|^ymd$/i;

/** What a column is whose numbers are known, or undefined where its texts must decide. */
function plainReading({ hasDot, hasPoint }: PlainNumbers, name: string, rules: ReadingRules): Reading | undefined {
  if ((rules.decimal === "," && hasDot) || DATES.test(name)) return undefined;
  const evidence = hasPoint ? "." : undefined;
  return { kind: "number", format: PLAIN, bad: [], evidence, isGrouped: hasDot && !hasPoint };
}

/** As `readColumn`, by the column's own cells alone. */
function readAlone(column: Column, name: string, rules: ReadingRules, forced?: Forced): Reading {
  const { total } = column;
  if (total === 0) return { kind: "empty" };
  if (forced === "text") return { kind: "category" };
  const plain = column.plain && plainReading(column.plain, name, rules);
  if (plain) return plain;
  const { distinct, present } = column;
  const texts = present.map((i) => distinct.texts[i]);
  const counts = present.map((i) => column.counts[i]);
  const mayBeNumbers =
    forced === "number" || sampleOf(texts).some((text) => /\d/.test(text) || /^[+-]?inf/i.test(text));
  if (!mayBeNumbers) return dateOrCategory(texts, present, counts, total, rules);

  const study = studyNumbers(texts, counts, rules.decimal);
  const { format, ambiguous, evidence } = study;
  const number = (): Reading => {
    const bad = study.isPlain ? [] : present.filter((i) => !isUsable(readNumber(distinct.texts[i], format)));
    const isGrouped = format === PLAIN && evidence === undefined && texts.some((text) => text.includes("."));
    return { kind: "number", format, bad, ambiguous, evidence, isGrouped };
  };
  if (study.numbers === total) {
    if (forced === "number") return number();
    const areDigits = texts.every((text) => /^[+-]?\d+$/.test(text));
    const because = areDigits ? texts.map(isDigitsName).find((reason) => reason !== undefined) : undefined;
    if (because) return { kind: "category", because };
    if (format === PLAIN && DATES.test(name) && areCompactDates(texts)) {
      return { kind: "date", form: "compact", isAmbiguous: false, bad: [] };
    }
    return number();
  }
  const other = dateOrCategory(texts, present, counts, total, rules);
  if (forced === "number") return number();
  if (other.kind === "date" && other.bad.length === 0) return other;
  let meant = study.numbers;
  texts.forEach(
    (text, i) => (meant += readNumber(text, format) === undefined && mistakeIn(text) !== "" ? counts[i] : 0),
  );
  // 50% beside 0.5: nobody can tell which of them is meant.
  if (format.affix === "%" && texts.every(isWrittenNumber) && study.affixes.length === 0) return number();
  const isUnits = study.affixes.length > 0 && haveUnits(texts);
  if (format.affix || isUnits) {
    if (meant >= NEARLY_ALL * total && !isUnits) return number();
    return other.kind === "category" && isUnits ? { kind: "category", because: "units" } : other;
  }
  if (2 * meant < total) return other;
  // A few words among many numbers are mistakes, such as "T" among amounts of rain. Otherwise they are categories.
  const words = texts.filter((text) => readNumber(text, format) === undefined).length;
  const areNames = total >= REPEATED * texts.length && (texts.length <= FEW_TEXTS || words > FEW_WORDS);
  return areNames && meant < NEARLY_ALL * total ? { kind: "category", because: "words" } : number();
}

function dateOrCategory(
  texts: readonly string[],
  present: readonly number[],
  counts: readonly number[],
  total: number,
  { dateOrder }: ReadingRules,
): Reading {
  const sample = sampleOf(texts);
  const first = studyDates(sample, new Uint8Array(sample.length).fill(1), dateOrder);
  if (!first || first.dates < sample.length / 2) return { kind: "category" };
  const study = studyDates(texts, counts, dateOrder);
  if (!study || study.dates < MOST * total) return { kind: "category" };
  const bad = present.filter((_, i) => readDate(texts[i], study.form) === undefined);
  return { kind: "date", form: study.form, isAmbiguous: study.isAmbiguous, bad };
}

/** Some of the texts, spread over all of them. */
function sampleOf(texts: readonly string[]): string[] {
  const step = Math.max(1, Math.floor(texts.length / SAMPLE));
  return texts.filter((_, i) => i % step === 0);
}

/** Asks all columns of a table, once, for the decimal sign that they show; undefined where none does or they differ. */
export function decimalFinder(table: Table, rules: ReadingRules): () => "." | "," | undefined {
  let found: Set<string> | undefined;
  return () => {
    if (!found) {
      found = new Set();
      for (let place = 0; place < table.columns.length; place++) {
        const reading = readAlone(columnOf(table, place, rules), table.columns[place], rules);
        if (reading.kind === "number" && reading.evidence) found.add(reading.evidence);
      }
    }
    return found.size === 1 ? ([...found][0] as "." | ",") : undefined;
  };
}
