// What reports say beside the loss: which metrics there are, and how they follow from the core's tallies. Where sums do
// not tell, they are computed from the outputs of all rows: those are scores.ts's. Definitions are scikit-learn's.
import {
  METRIC_CORRECT,
  METRIC_OUTPUTS,
  METRIC_SIDES,
  METRIC_SIGNS,
  METRIC_SQUARES,
  TALLY_CORRECT,
  TALLY_LOSS,
  TALLY_SQUARES,
} from "../../assembly/plan.ts";
import { type OptionTable, readNamed } from "../ground/options.ts";
import { PropagoError, show } from "../ground/errors.ts";
import type { NetworkDescription } from "../description/description.ts";
import { completed, partOf } from "../ground/parts.ts";
import type { Average, Averaged, SCORES } from "./scores.ts";
import type { FloatArray } from "../ground/arrays.ts";

/** Loss and metrics of one pass over data. */
export interface Evaluation {
  /** Mean over the samples, weighted where they have weights, without penalties. */
  loss: number;
  accuracy?: number;
  r2?: number;
  rootMeanSquaredError?: number;
  binaryAccuracy?: number;
  meanAbsoluteError?: number;
  logLoss?: number;
  topK?: number;
  precision?: number;
  recall?: number;
  f1?: number;
  /** With `average: "perClass"`, a number for each class. */
  precisionPerClass?: number[];
  recallPerClass?: number[];
  f1PerClass?: number[];
  /** Counts: a row for each true class, a column for each predicted one. */
  confusionMatrix?: number[][];
  /** NaN where all rows are of one class. */
  rocAuc?: number;
  /** What l1 and l2 add to the loss, where there are any. */
  penalty?: number;
}

/** How outputs and targets say which class a row is of. */
export interface Decision {
  /** Each output says yes or no. Otherwise the largest is the row's class. */
  bySides: boolean;
  /** Above this an output, or a target, says yes. */
  threshold: number;
}

/** What targets mean beneath a network's outputs, and how they decide. */
export interface Meaning extends Decision {
  classes: boolean;
  numbers: boolean;
  /** The outputs of a row are probabilities that sum to 1, or their logarithms. */
  isSoftmax: boolean;
}

/** Outputs y and targets t of all rows, both (rows, width). */
export interface Scores extends Decision {
  y: FloatArray;
  t: Float64Array;
  width: number;
  /** Whether outputs are logarithms of probabilities. */
  isLogarithm: boolean;
  /** Natural logarithms, in place. */
  log: (values: Float64Array) => void;
}

type Value = number | number[] | number[][];

export interface MetricRow {
  /** Less is better. */
  falls?: true;
  options?: OptionTable;
  /** What it is for, in words, and whether it has a meaning; without `fits` the words are a part of a meaning. */
  of: string;
  fits?(meaning: Meaning, description: NetworkDescription): boolean;
  /** What the core sums up for it; without it, it is computed from all outputs. */
  bits?: number;
  value?(scores: Scores, options: never): Value;
}

export const METRICS = {
  accuracy: { of: "classes", bits: METRIC_CORRECT },
  r2: { of: "numbers", bits: METRIC_SQUARES },
  // Each output's root, averaged.
  rootMeanSquaredError: { of: "numbers", bits: METRIC_SQUARES, falls: true },
} as const satisfies Record<string, MetricRow>;

type All = typeof METRICS & typeof SCORES;

export type MetricName = keyof All;

/** A metric by name, or with its option. */
export type MetricSpec =
  | MetricName
  | { name: "topK"; k?: number }
  | { name: "precision" | "recall" | "f1"; average?: Average }
  | { name: MetricName };

/** A metric as it is asked for, and the key under which reports have it. */
export interface Metric {
  key: string;
  row: MetricRow;
  options: object;
}

/** The metrics of a report. */
export interface Metrics {
  /** What the core is to count for them; how it decides depends on the targets, see `suit`. */
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
    const named: unknown = typeof entry === "object" && entry !== null ? (entry as { name?: unknown }).name : entry;
    const rows: Readonly<Record<string, MetricRow>> = completed("metric", METRICS, named);
    const { name, options } = readNamed(entry, where, "metric", rows);
    const key = (options as Partial<Averaged>).average === "perClass" ? `${name}PerClass` : name;
    // Without that part no metric has options.
    partOf("complete")?.checkMetric({ key, row: rows[name], options }, list.get(key), where, outputs);
    list.set(key, { key, row: rows[name], options });
  }
  const all = [...list.values()];
  return { bits: all.reduce((sum, { row }) => sum | (row.bits ?? METRIC_OUTPUTS), 0), list: all };
}

/**
 * What targets mean: `values` are those of all rows; without any, each row has a label. A softmax has one class a row.
 * Several sigmoid outputs are classes that do not exclude each other. Behind other outputs rows have one class each if all
 * have one yes.
 */
export function meaningOf(values: FloatArray | undefined, { loss, outputs, layers }: NetworkDescription): Meaning {
  const { name, range } = layers[layers.length - 1].activation;
  const { targets } = loss;
  const all = (fits: (value: number) => boolean): boolean => !values || (values as Float64Array).every(fits);
  const isBinary = all((value) => value === 0 || value === 1);
  const isSigned = !isBinary && all((value) => Math.abs(value) === 1);
  const isSoftmax = targets === "probabilities" || /softmax/i.test(name);
  const threshold = isSigned ? 0 : 0.5;
  let bySides = values !== undefined && !isSoftmax;
  if (values && bySides && outputs > 1 && targets !== "signs" && !isProbability(range)) {
    // For each row how many say yes.
    const yes = new Uint32Array(values.length / outputs);
    values.forEach((value, i) => (yes[Math.floor(i / outputs)] += Number(value > threshold)));
    bySides = yes.some((count) => count !== 1);
  }
  return {
    bySides,
    threshold,
    classes: isBinary || isSigned || isSoftmax || targets === "unit",
    // Fractions may be both: what a softmax should give, or a sigmoid.
    numbers: values !== undefined && targets !== "signs" && !(isBinary && (isSoftmax || targets === "unit")),
    isSoftmax,
  };
}

/** Whether an activation gives numbers from 0 to 1: of sigmoid and its like. */
export function isProbability(range: readonly [number, number] | undefined): boolean {
  return range?.[0] === 0 && range[1] === 1;
}

/** What the core is to count for metrics of targets, called `name`, that mean this; refuses those that have no meaning. */
export function suit({ bits, list }: Metrics, meaning: Meaning, name: string, description: NetworkDescription): number {
  for (const { key, row } of list) {
    if (fits(row, meaning, description)) continue;
    const others = partOf("complete")?.fitting(meaning, description) ?? "";
    throw new PropagoError("ERR_CONFIG", `metrics: ${key} is for ${row.of}, which ${name} does not hold here${others}`);
  }
  return bits & METRIC_CORRECT && meaning.bySides ? bits | METRIC_SIDES | (meaning.threshold ? 0 : METRIC_SIGNS) : bits;
}

/** Whether a metric has a meaning. */
export function fits(row: MetricRow, meaning: Meaning, description: NetworkDescription): boolean {
  return row.fits?.(meaning, description) ?? meaning[row.of as "classes"];
}

/** Names of the reported values that are single numbers, whose course can be watched. */
export function monitorsOf({ list }: Metrics): string[] {
  return list.map(({ key }) => key).filter((key) => key !== "confusionMatrix" && !key.endsWith("PerClass"));
}

/** Whether more of a reported value is better. */
export function rises(monitor: string): boolean {
  const name = monitor.replace("validation.", "");
  const rows: Readonly<Record<string, MetricRow>> = completed("metric", METRICS, name);
  return name !== "loss" && !rows[name].falls;
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
