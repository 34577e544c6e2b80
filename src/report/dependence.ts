// How the answers follow one column: the mean answer over the rows when the column has the same value in all of them
// (partial dependence, Friedman 2001).
import { spread } from "./chance.ts";
import { type Input, valuesOf } from "./inputs.ts";
import { type Judged, pickRows } from "./judged.ts";

/** The mean answers at one value of a column. */
export interface Point {
  /** The value as a number; NaN for a word. */
  value: number;
  word: string;
  /** One for each class, or each output. */
  means: number[];
  /** How many rows have this value. Of numbers, how many it stands for. */
  rows: number;
}

const MOST_VALUES = 24;
const MOST_WORDS = 12;

/** Multiply-adds that one column may take. */
const MOST_WORK = 5e8;
const MOST_ROWS = 300;

/** The mean answers at values of a column that the rows have: of numbers at their quantiles, of words at the most frequent. */
export function dependenceOf(judged: Judged, input: Input, work: number): Point[] {
  const { x } = judged;
  const candidates = input.kind === "category" ? wordsOf(judged, input) : numbersOf(judged, input);
  const rows = Math.max(30, Math.min(MOST_ROWS, Math.floor(MOST_WORK / (work * Math.max(1, candidates.length)))));
  const places = spread(x.rows, rows);
  const some = pickRows(x, places);
  return candidates.map(({ values, rows: own }) => {
    const data = some.data.slice();
    for (let row = 0; row < places.length; row++) data.set(values, row * x.columns + input.first);
    const answers = judged.ask({ ...some, data }, places);
    const width = answers.length / places.length;
    const means = Array.from({ length: width }, (_, o) => {
      let sum = 0;
      for (let row = 0; row < places.length; row++) sum += answers[row * width + o];
      return sum / places.length;
    });
    return { value: input.number(values), word: input.word(values), means, rows: own };
  });
}

/** A value of a column as its inputs, and how many rows have it. */
interface Candidate {
  values: number[];
  rows: number;
}

function wordsOf({ x }: Judged, input: Input): Candidate[] {
  const found = new Map<string, Candidate>();
  for (let row = 0; row < x.rows; row++) {
    const values = valuesOf(x.data, row, x.columns, input);
    const word = input.word(values);
    const known = found.get(word);
    if (known) known.rows++;
    else found.set(word, { values, rows: 1 });
  }
  return [...found.values()].sort((a, b) => b.rows - a.rows).slice(0, MOST_WORDS);
}

function numbersOf({ x }: Judged, input: Input): Candidate[] {
  const all: { values: number[]; number: number }[] = [];
  for (let row = 0; row < x.rows; row++) {
    const values = valuesOf(x.data, row, x.columns, input);
    const number = input.number(values);
    if (Number.isFinite(number)) all.push({ values, number });
  }
  all.sort((a, b) => a.number - b.number);
  const distinct = all.filter(({ number }, i) => i === 0 || number !== all[i - 1].number);
  // Few values are all shown. Of many, those that so many parts of the rows are below.
  const chosen =
    distinct.length <= MOST_VALUES
      ? distinct
      : Array.from({ length: MOST_VALUES }, (_, i) => all[Math.round((i * (all.length - 1)) / (MOST_VALUES - 1))]);
  return chosen
    .filter(({ number }, i) => i === 0 || number !== chosen[i - 1].number)
    .map(({ values }) => ({ values, rows: Math.round(all.length / chosen.length) }));
}
