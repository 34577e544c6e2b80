// How much a model needs each column: how much worse it does when the column's values are shuffled among the rows, so that
// they tell nothing any more (permutation importance, Breiman 2001).
import type { Rows } from "../data/scaling.ts";
import { shuffled, spread } from "./chance.ts";
import { type Input } from "./inputs.ts";
import { type Judged, pickRows } from "./judged.ts";

/** How much one column counts. */
export interface Importance {
  /** Its number among the columns. */
  input: number;
  /** By how much the score falls when the column is shuffled: the mean over the repeats. */
  drop: number;
  /** The standard deviation over the repeats. */
  deviation: number;
  /** How much the answers change, which tells columns apart where the score does not. */
  change: number;
}

export interface Importances {
  list: Importance[];
  rows: number;
  repeats: number;
  /** How many columns were left out because measuring all of them would take too long. */
  skipped: number;
}

/** Multiply-adds that measuring may take: about a second or two. */
const MOST_WORK = 2e9;
const MOST_ROWS = 1000;
const LEAST_ROWS = 100;
const REPEATS = 5;

/**
 * Measures the columns, the one that counts most first.
 * @param score what is to fall: a figure of answers for some of the rows, which are named by their place.
 * @param work multiply-adds for the answer for one row.
 */
export function importancesOf(
  judged: Judged,
  inputs: readonly Input[],
  score: (answers: Float64Array, places: readonly number[]) => number,
  work: number,
): Importances {
  const afford = MOST_WORK / (work * Math.max(1, inputs.length));
  const rows = Math.max(LEAST_ROWS, Math.min(MOST_ROWS, Math.floor(afford / REPEATS)));
  const places = spread(judged.x.rows, rows);
  const repeats = Math.max(1, Math.min(REPEATS, Math.floor(afford / places.length)));
  const most = Math.max(10, Math.floor(MOST_WORK / (work * places.length * repeats)));
  const x = pickRows(judged.x, places);
  const answers = judged.ask(x, places);
  const chosen = mostTelling(x, answers, inputs, most);
  const base = score(answers, places);
  const list = chosen.map((input) => measured(judged, x, places, inputs[input], { answers, base, repeats, score, input })); // prettier-ignore
  list.sort((a, b) => b.drop - a.drop || b.change - a.change || a.input - b.input);
  return { list, rows: places.length, repeats, skipped: inputs.length - chosen.length };
}

/** What stays the same from column to column. */
interface Measuring {
  answers: Float64Array;
  base: number;
  repeats: number;
  score: (answers: Float64Array, places: readonly number[]) => number;
  input: number;
}

function measured(
  judged: Judged,
  x: Rows,
  places: readonly number[],
  { first, width }: Input,
  { answers, base, repeats, score, input }: Measuring,
): Importance {
  const { columns } = x;
  const data = x.data.slice();
  const drops: number[] = [];
  let change = 0;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const order = shuffled(places.length, 1 + repeat);
    for (let row = 0; row < places.length; row++) {
      const from = order[row] * columns + first;
      data.set(x.data.subarray(from, from + width), row * columns + first);
    }
    const other = judged.ask({ ...x, data }, places);
    drops.push(base - score(other, places));
    for (let i = 0; i < other.length; i++) change += Math.abs(other[i] - answers[i]) / other.length / repeats;
  }
  const mean = drops.reduce((a, b) => a + b, 0) / repeats;
  // Of equal scores only rounding is left.
  const drop = Math.abs(mean) < 1e-12 ? 0 : mean;
  const squares = drops.reduce((sum, one) => sum + (one - drop) * (one - drop), 0);
  return { input, drop, deviation: Math.sqrt(squares / repeats), change };
}

/** The columns to be measured: all, or of too many those that go most with the answers (by their correlation). */
function mostTelling(x: Rows, answers: Float64Array, inputs: readonly Input[], most: number): number[] {
  if (inputs.length <= most) return inputs.map((_, i) => i);
  const width = answers.length / x.rows;
  const outputs = Array.from({ length: Math.min(width, 10) }, (_, o) =>
    standardised(Float64Array.from({ length: x.rows }, (_, row) => answers[row * width + o])),
  );
  const strength = inputs.map(({ first, width: own }) => {
    let best = 0;
    for (let column = first; column < first + own; column++) {
      const values = standardised(Float64Array.from({ length: x.rows }, (_, row) => x.data[row * x.columns + column]));
      for (const output of outputs) {
        let sum = 0;
        for (let row = 0; row < x.rows; row++) sum += values[row] * output[row];
        best = Math.max(best, Math.abs(sum));
      }
    }
    return best;
  });
  return inputs
    .map((_, i) => i)
    .sort((a, b) => strength[b] - strength[a] || a - b)
    .slice(0, most);
}

/** Values with mean 0 and a sum of squares of 1; zeros where they are all alike. */
function standardised(values: Float64Array): Float64Array {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const norm = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0));
  return norm > 0 ? centred.map((value) => value / norm) : centred.fill(0);
}
