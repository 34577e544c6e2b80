// What reports say beside the loss: which metrics there are, and how they follow from the core's tallies. Where sums do
// not tell, they are computed from the outputs of all rows: those are scores.ts's. Definitions are scikit-learn's.
import { METRIC_CORRECT, METRIC_SQUARES } from "../../assembly/plan.ts";
import type { OptionTable } from "../ground/options.ts";
import type { FloatArray } from "../ground/arrays.ts";

/** Loss and metrics of one pass over data. */
export interface Evaluation {
  /** Mean over the samples, weighted where they have weights, without penalties. */
  loss: number;
  /** The part of the rows whose class is right. */
  accuracy?: number;
  /** Coefficient of determination: 1 where all is explained, 0 for the mean; averaged over outputs. */
  r2?: number;
  /** In the unit of the targets; averaged over outputs. */
  rootMeanSquaredError?: number;
  /** The part of single outputs that are on the right side. */
  binaryAccuracy?: number;
  /** In the unit of the targets; over all outputs. */
  meanAbsoluteError?: number;
  /** Mean negative logarithm of the probability of what is right. */
  logLoss?: number;
  /** The part of the rows whose class is among the k largest outputs. */
  topK?: number;
  /** The part of what is taken for a class that is of it. */
  precision?: number;
  /** The part of a class that is found. */
  recall?: number;
  /** Harmonic mean of precision and recall. */
  f1?: number;
  /** With `average: "perClass"`, a number for each class. */
  precisionPerClass?: number[];
  /** As `precisionPerClass`. */
  recallPerClass?: number[];
  /** As `precisionPerClass`. */
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
  /** Each output is a number from 0 to 1. */
  areProbabilities: boolean;
  /** How many outputs there are. */
  outputs: number;
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
  fits?(meaning: Meaning): boolean;
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

/** Whether a metric has a meaning. */
export function fits(row: MetricRow, meaning: Meaning): boolean {
  return row.fits?.(meaning) ?? meaning[row.of as "classes"];
}
