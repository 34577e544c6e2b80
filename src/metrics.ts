// What reports say beside the loss: which metrics there are, and how they follow from the core's tallies or, where
// sums do not tell, from the outputs of all rows. Definitions are scikit-learn's.
import {
  METRIC_CORRECT,
  METRIC_LABELS,
  METRIC_OUTPUTS,
  METRIC_SQUARES,
  TALLY_CORRECT,
  TALLY_LOSS,
  TALLY_SQUARES,
} from "../assembly/plan.ts";
import { type OptionTable, readName, readNamed } from "./check.ts";
import { PropagoError, show } from "./errors.ts";
import type { NetworkDescription } from "./description.ts";
import type { Evaluation, FloatArray } from "./types.ts";

/** Outputs y and targets t of all rows, both (rows, width). */
export interface Scores {
  y: FloatArray;
  t: Float64Array;
  width: number;
  /** A row has one class: one of the outputs, or, for a single output, one of its sides. Otherwise each output is on its own. */
  isSingle: boolean;
  /** Above this an output, or a target, says yes. */
  threshold: number;
  /** Whether outputs are logarithms of probabilities. */
  isLogarithm: boolean;
  /** Natural logarithms, in place. */
  log: (values: Float64Array) => void;
}

type Value = number | number[] | number[][];

interface MetricRow {
  /** Less is better. */
  falls?: true;
  options?: OptionTable;
  /** What the core sums up for it; without it, it is computed from all outputs. */
  bits?: number;
  value?(scores: Scores, options: never): Value;
}

const AVERAGES = ["macro", "micro", "binary", "perClass"] as const;

/** Of precision, recall and f1: of class 1 (or an output) alone, over classes, over all decisions, or class by class. */
const averaged = {
  options: {
    average: {
      kind: "other",
      default: undefined,
      read: (value: unknown, where: string) => readName(value, where, AVERAGES, "average"),
    },
  },
} as const;

type Averaged = { average: (typeof AVERAGES)[number] | undefined };

export const METRICS = {
  accuracy: { bits: METRIC_CORRECT },
  r2: { bits: METRIC_SQUARES },
  // Each output's root, averaged.
  rootMeanSquaredError: { bits: METRIC_SQUARES, falls: true },
  meanAbsoluteError: {
    falls: true,
    value: ({ y, t }: Scores) => t.reduce((sum, target, i) => sum + Math.abs(y[i] - target), 0) / t.length,
  },
  // Of probabilities, which are kept within ε and 1 − ε, the ε of their precision.
  logLoss: { falls: true, value: logLoss },
  // Among equal outputs the first counts as the larger, as for accuracy.
  topK: {
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
  confusionMatrix: { value: confusion },
  rocAuc: { value: rocAuc },
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof METRICS;

/** A metric by name, or with its option. */
export type MetricSpec =
  | MetricName
  | { name: "topK"; k?: number }
  | { name: "precision" | "recall" | "f1"; average?: (typeof AVERAGES)[number] }
  | { name: MetricName };

/** A metric as it is asked for, and the key under which reports have it. */
interface Metric {
  key: string;
  row: MetricRow;
  options: object;
}

/** The metrics of a report. */
export interface Metrics {
  /** What the core is to count for them. */
  bits: number;
  /** In the order of the request. */
  list: readonly Metric[];
}

/** The metrics to report: those asked for, or those that suit the loss. */
export function readMetrics(value: unknown, { loss, outputs }: NetworkDescription): Metrics {
  const given = value === undefined ? loss.metrics : value;
  if (!Array.isArray(given)) {
    throw new PropagoError("ERR_CONFIG", `metrics must be an array such as ["accuracy"], got ${show(value)}`);
  }
  const list = new Map<string, Metric>();
  for (const [i, entry] of given.entries()) {
    const where = `metrics[${i}]`;
    const { name, options } = readNamed(entry, where, "metric", METRICS);
    const { average, k } = options as unknown as Averaged & { k?: number };
    const key = average === "perClass" ? `${name}PerClass` : name;
    const before = list.get(key);
    if (before !== undefined && JSON.stringify(before.options) !== JSON.stringify(options)) {
      throw new PropagoError("ERR_CONFIG", `${where}: a report has one ${key}; ask for the other in evaluate()`);
    }
    if (k !== undefined && k >= outputs) {
      throw new PropagoError("ERR_CONFIG", `${where}: topK of ${k} is always 1 with ${outputs} outputs; give less k`);
    }
    if (average === "binary" && outputs > 1) {
      throw new PropagoError("ERR_CONFIG", `${where}: average "binary" is for one output; give "macro" or "perClass"`);
    }
    list.set(key, { key, row: METRICS[name], options });
  }
  const all = [...list.values()];
  // Several sigmoid outputs are classes that do not exclude each other.
  const labels = loss.targets === "unit" && outputs > 1 ? METRIC_LABELS : 0;
  const bits = all.reduce((sum, { row }) => sum | (row.bits ?? METRIC_OUTPUTS), 0);
  return { bits: bits & METRIC_CORRECT ? bits | labels : bits, list: all };
}

/** Names of the reported values that are single numbers, whose course can be watched. */
export function monitorsOf({ list }: Metrics): string[] {
  return list.map(({ key }) => key).filter((key) => key !== "confusionMatrix" && !key.endsWith("PerClass"));
}

/** Whether more of a reported value is better. */
export function rises(monitor: string): boolean {
  const name = monitor.replace("validation.", "");
  return name !== "loss" && !(METRICS[name as MetricName] as MetricRow).falls;
}

/**
 * Writes the means of the tally at `at` over so many samples, whose weights sum to `weight`, into a report. `spread` is
 * r2's denominator for each output; the outputs' r2 are averaged. `scores` gives the outputs, where they were kept.
 */
export function readTally<R extends Evaluation>(
  report: R,
  sums: Float64Array,
  at: number,
  samples: number,
  weight: number,
  { list }: Metrics,
  spread: Float64Array,
  scores?: () => Scores,
): R {
  report.loss = sums[at + TALLY_LOSS / 8] / weight;
  let all: Scores | undefined;
  for (const { key, row, options } of list) {
    if (row.value) {
      all ??= scores?.();
      if (all) (report as unknown as Record<string, unknown>)[key] = row.value(all, options as never);
    } else if (key === "accuracy") {
      report.accuracy = sums[at + TALLY_CORRECT / 8] / samples;
    } else {
      const squares = sums.subarray(at + TALLY_SQUARES / 8, at + TALLY_SQUARES / 8 + spread.length);
      let total = 0;
      for (const [o, error] of squares.entries()) {
        // A constant target leaves nothing to explain: 1 if it is met exactly, else 0, as scikit-learn has it.
        if (key !== "r2") total += Math.sqrt(error / samples);
        else total += spread[o] > 0 ? 1 - error / spread[o] : Number(error === 0);
      }
      report[key as "r2"] = total / spread.length;
    }
  }
  return report;
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

/** The class that a row of outputs or targets stands for. */
function classOf(values: FloatArray, at: number, { width, threshold }: Scores): number {
  return width === 1 ? Number(values[at] > threshold) : largest(values, at, width);
}

function confusion(scores: Scores): number[][] {
  const { y, t, width } = scores;
  const classes = Math.max(2, width);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let at = 0; at < t.length; at += width) counts[classOf(t, at, scores)][classOf(y, at, scores)]++;
  return counts;
}

/** For each class how often it was said rightly, said at all, and true. */
function tallies(scores: Scores): number[][] {
  const { y, t, width, threshold } = scores;
  if (scores.isSingle) {
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
    if (average === "binary" || (average === undefined && scores.width === 1)) return each[1];
    const occurring = each.filter((_, c) => !scores.isSingle || counts[c][1] + counts[c][2] > 0);
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

function logLoss({ y, t, width, isSingle, isLogarithm, log }: Scores): number {
  const epsilon = y instanceof Float64Array ? 2.220446049250313e-16 : 1.1920928955078125e-7;
  const clip = (p: number): number => Math.min(1 - epsilon, Math.max(epsilon, p));
  const isOfSides = width === 1 || !isSingle;
  const yes = Float64Array.from(y, isLogarithm ? (value) => value : clip);
  const no = isOfSides ? yes.map((p) => 1 - p) : new Float64Array();
  if (!isLogarithm) log(yes);
  log(no);
  const total = t.reduce((sum, target, i) => {
    return sum - (target > 0 ? target * yes[i] : 0) - (isOfSides ? (1 - target) * no[i] : 0);
  }, 0);
  return isOfSides ? total / t.length : (total * width) / t.length;
}
