// The metrics that are computed from the outputs of all rows, where the core's sums do not tell.
import { readName } from "../ground/options.ts";
import { PropagoError } from "../ground/errors.ts";
import { METRICS, type Meaning, type Metric, type MetricRow, type Scores, fits } from "./metrics.ts";
import type { FloatArray } from "../ground/arrays.ts";

const AVERAGES = ["macro", "micro", "binary", "perClass"] as const;

/** Of precision, recall and f1: of class 1 (or an output) alone, over classes, over all decisions, or class by class. */
const averaged = {
  of: "classes",
  options: {
    average: {
      kind: "other",
      default: undefined,
      read: (value: unknown, where: string) => readName(value, where, AVERAGES, "average"),
    },
  },
} as const;

const ofOneClass = {
  of: "one class a row",
  fits: ({ classes, bySides, outputs }: Meaning) => classes && (outputs === 1 || !bySides),
} as const;

/** Over what precision, recall and f1 are averaged. */
export type Average = (typeof AVERAGES)[number];

export type Averaged = { average: Average | undefined };

export const SCORES = {
  // Each output's side of the limit, on average over rows and outputs.
  binaryAccuracy: {
    of: "outputs that say yes or no",
    fits: ({ classes, isSoftmax }: Meaning) => classes && !isSoftmax,
    value({ y, t, threshold }: Scores) {
      return t.reduce((sum, target, i) => sum + Number(y[i] > threshold === target > threshold), 0) / t.length;
    },
  },
  meanAbsoluteError: {
    of: "numbers",
    falls: true,
    value: ({ y, t }: Scores) => t.reduce((sum, target, i) => sum + Math.abs(y[i] - target), 0) / t.length,
  },
  // Of probabilities, which are kept within ε and 1 − ε, the ε of their precision.
  logLoss: { of: "probabilities", fits: isOfProbabilities, falls: true, value: logLoss },
  // Among equal outputs the first counts as the larger, as for accuracy.
  topK: {
    ...ofOneClass,
    options: { k: { kind: "number", default: 5, whole: true, least: 1 } },
    value({ y, t, width }: Scores, { k }: { k: number }) {
      let hits = 0;
      for (let at = 0; at < t.length; at += width) {
        const right = largest(t, at, width);
        const top = y[at + right];
        let rank = 0;
        for (let o = 0; o < width; o++) if (y[at + o] > top || (y[at + o] === top && o < right)) rank++;
        if (rank < k) hits++;
      }
      return (hits * width) / t.length;
    },
  },
  precision: { ...averaged, value: ratio((hits, said) => quotient(hits, said)) },
  recall: { ...averaged, value: ratio((hits, _said, are) => quotient(hits, are)) },
  f1: { ...averaged, value: ratio((hits, said, are) => quotient(2 * hits, said + are)) },
  /** Rows are true classes, columns predicted ones. */
  confusionMatrix: { ...ofOneClass, value: confusion },
  rocAuc: { of: "classes", value: rocAuc },
} as const satisfies Record<string, MetricRow>;

/** Refuses options of a metric that cannot be, or are not those that it was asked for with before. */
export function checkMetric(
  { key, options }: Metric,
  before: Metric | undefined,
  where: string,
  outputs: number,
): void {
  const { average, k } = options as Partial<Averaged> & { k?: number };
  if (before !== undefined && JSON.stringify(before.options) !== JSON.stringify(options)) {
    throw new PropagoError("ERR_CONFIG", `${where}: a report has one ${key}; ask for the other in evaluate()`);
  }
  if (k !== undefined && k >= outputs) {
    throw new PropagoError("ERR_CONFIG", `${where}: topK of ${k} is always 1 with ${outputs} outputs; give less k`);
  }
  if (average === "binary" && outputs > 1) {
    throw new PropagoError("ERR_CONFIG", `${where}: average "binary" is for one output; give "macro" or "perClass"`);
  }
}

/** The metrics that have a meaning, as the end of a message. */
export function fitting(meaning: Meaning): string {
  const rows = Object.entries<MetricRow>({ ...METRICS, ...SCORES });
  const names = rows.filter(([, row]) => fits(row, meaning)).map(([name]) => name);
  return `; those that fit: ${names.join(", ")}`;
}

/** Whether outputs are probabilities, of rows or each by itself, and targets 0, 1 or probabilities. */
function isOfProbabilities({ classes, threshold, isSoftmax, areProbabilities }: Meaning): boolean {
  return classes && threshold > 0 && (isSoftmax || areProbabilities);
}

function quotient(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

/** Where the largest of a row's values stands, the first of equals. */
function largest(values: FloatArray, at: number, width: number): number {
  let best = 0;
  for (let o = 1; o < width; o++) if (values[at + o] > values[at + best]) best = o;
  return best;
}

/** The class that a row of outputs or targets stands for; a single output has two sides. */
function classOf(values: FloatArray, at: number, { width, bySides, threshold }: Scores): number {
  return bySides ? Number(values[at] > threshold) : largest(values, at, width);
}

function confusion(scores: Scores): number[][] {
  const { y, t, width, bySides } = scores;
  const classes = bySides ? 2 : width;
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let at = 0; at < t.length; at += width) counts[classOf(t, at, scores)][classOf(y, at, scores)]++;
  return counts;
}

/** Whether a row has one class: one of the outputs, or one of a single output's sides. */
function isSingle({ width, bySides }: Scores): boolean {
  return width === 1 || !bySides;
}

/** For each class how often it was said rightly, said at all, and true. */
function tallies(scores: Scores): number[][] {
  const { y, t, width, threshold } = scores;
  if (isSingle(scores)) {
    const counts = confusion(scores);
    return counts.map((row, c) => [
      row[c],
      counts.reduce((sum, other) => sum + other[c], 0),
      row.reduce((a, b) => a + b),
    ]);
  }
  const counts = Array.from({ length: width }, () => [0, 0, 0]);
  for (let i = 0; i < t.length; i++) {
    const count = counts[i % width];
    const [said, is] = [y[i] > threshold, t[i] > threshold];
    if (said && is) count[0]++;
    if (said) count[1]++;
    if (is) count[2]++;
  }
  return counts;
}

/** A quotient of those counts, 0 where it is 0 / 0; of macro, over the classes that are true or said at all. */
function ratio(of: (hits: number, said: number, are: number) => number) {
  return (scores: Scores, { average }: Averaged): number | number[] => {
    const counts = tallies(scores);
    const each = counts.map(([hits, said, are]) => of(hits, said, are));
    if (average === "perClass") return each;
    if (average === "micro") {
      const sums = [0, 1, 2].map((k) => counts.reduce((sum, count) => sum + count[k], 0));
      return of(sums[0], sums[1], sums[2]);
    }
    if (average === "binary" || (average === undefined && scores.width === 1)) return each[each.length - 1];
    const occurring = each.filter((_, c) => !isSingle(scores) || counts[c][1] + counts[c][2] > 0);
    return occurring.reduce((a, b) => a + b) / occurring.length;
  };
}

/**
 * The chance that a row of the class has more than a row of another, ties counting half (Mann and Whitney 1947); of
 * several outputs the mean, each against the rest, leaving out classes that no row or every row has: NaN if none is left.
 */
function rocAuc({ y, t, width, threshold }: Scores): number {
  const rows = t.length / width;
  let total = 0;
  let classes = 0;
  for (let o = 0; o < width; o++) {
    const order = Uint32Array.from({ length: rows }, (_, row) => row * width + o).sort((a, b) => y[a] - y[b]);
    let above = 0;
    let ranks = 0;
    for (let first = 0, end = 0; first < rows; first = end) {
      while (end < rows && y[order[end]] === y[order[first]]) end++;
      // Tied rows share the mean of their ranks first + 1 … end.
      for (let i = first; i < end; i++) {
        if (t[order[i]] <= threshold) continue;
        above++;
        ranks += (first + 1 + end) / 2;
      }
    }
    if (above === 0 || above === rows) continue;
    total += (ranks - (above * (above + 1)) / 2) / (above * (rows - above));
    classes++;
  }
  return total / classes;
}

function logLoss({ y, t, width, bySides, isLogarithm, log }: Scores): number {
  const epsilon = y instanceof Float64Array ? 2.220446049250313e-16 : 1.1920928955078125e-7;
  const clip = (p: number): number => Math.min(1 - epsilon, Math.max(epsilon, p));
  const yes = Float64Array.from(y, isLogarithm ? (value) => value : clip);
  const no = bySides ? yes.map((p) => 1 - p) : new Float64Array();
  if (!isLogarithm) log(yes);
  log(no);
  const total = t.reduce((sum, target, i) => {
    return sum - (target > 0 ? target * yes[i] : 0) - (bySides ? (1 - target) * no[i] : 0);
  }, 0);
  return bySides ? total / t.length : (total * width) / t.length;
}
