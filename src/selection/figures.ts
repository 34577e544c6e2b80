// The figures of a model: its losses, what it does on rows that it has not seen, and what is reached without the inputs.
import type { Rows } from "../data/scaling.ts";
import type { Job } from "../estimators/job.ts";
import type { Baseline, Estimate } from "../estimators/options.ts";
import type { Found } from "../estimators/saved.ts";
import { LEFT_OUT } from "../ground/marks.ts";
import { residualsOf } from "./interval.ts";
import { leftOutOf } from "./left-out.ts";
import { logarithm } from "./logarithm.ts";
import { measure } from "./measure.ts";
import { type Tested, mixUnseen, sharesFor } from "./mixing.ts";
import { type Problem, type Sample, pick, placesWhere } from "./problem.ts";
import { bestThreshold } from "./threshold.ts";
import type { Plan } from "./work.ts";
import { logOf } from "./encodings.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { Evaluation } from "../tables/metrics.ts";

/** The smallest probability: smaller ones count as this. */
const LEAST_PROBABILITY = 1e-4;

/** The loss of each row: minus the logarithm of the class's probability, or the squared error. */
export function rowLosses(answers: FloatArray, { data, rows, columns }: Rows, classes: number): Float64Array {
  const width = answers.length / rows;
  return Float64Array.from({ length: rows }, (_, row) => {
    if (classes > 0) {
      const own = data[row];
      const p = classes === 2 ? (own === 1 ? answers[row] : 1 - answers[row]) : answers[row * width + own];
      return -logarithm(Math.max(p, LEAST_PROBABILITY));
    }
    let sum = 0;
    for (let o = row * columns; o < (row + 1) * columns; o++) sum += (answers[o] - data[o]) * (answers[o] - data[o]);
    return sum / columns;
  });
}

/** Mean loss of answers: the user's own, or the logarithm of probabilities, or squared errors. */
export function meanLoss({ job }: Problem, answers: Float32Array | Float64Array, { targets, weights }: Sample): number {
  if (job.given.loss !== undefined) return measure(job, answers, targets, { metrics: [], sampleWeights: weights }).loss;
  const losses = rowLosses(answers, targets, job.classes.length);
  let sum = 0;
  let total = 0;
  losses.forEach((loss, row) => {
    sum += loss * (weights?.[row] ?? 1);
    total += weights?.[row] ?? 1;
  });
  return total > 0 ? sum / total : 0;
}

/** The figures of the mix on rows that it has not seen. */
export function figuresOf(
  problem: Problem,
  plan: Plan,
  tested: readonly Tested[],
  foldOf: Int32Array,
  sizes: readonly number[],
): Omit<Found, "chosen"> {
  const { job, sample } = problem;
  const { folds } = plan;
  const isNumbers = job.classes.length === 0;
  // The shares are chosen anew for each fold, without the rows of that fold.
  const chosen = sizes.map((_, fold) => sharesFor(problem, plan, tested, sizes, fold));
  const mixed = mixUnseen(tested, foldOf, chosen);
  const places = placesWhere(foldOf, (fold) => fold >= 0);
  const all: Sample = { ...sample, x: { data: mixed, rows: sample.x.rows, columns: job.outputs } };
  const known = pick(all, places);
  const answers = known.x.data as Float64Array;
  const leftOut = leftOutOf(problem, { answers, places, foldOf }, tested, chosen);
  if (isNumbers)
    return {
      [LEFT_OUT]: leftOut,
      estimate: estimateOf(job, answers, known, folds),
      residuals: residualsOf(answers, known.targets, logOf(problem)),
    };
  const { optimize } = problem;
  if (optimize === undefined) return { [LEFT_OUT]: leftOut, estimate: estimateOf(job, answers, known, folds) };
  const classes = known.targets.data;
  // Each row is judged by a threshold that was chosen without its fold.
  const isLeft = (fold: number) => (row: number) => foldOf[places[row]] === fold;
  const ofFold = sizes.map((_, fold) => bestThreshold(optimize, answers, classes, (row) => !isLeft(fold)(row)));
  const thresholds = Float64Array.from(places, (row) => ofFold[foldOf[row]]);
  const threshold = bestThreshold(optimize, answers, classes);
  return { [LEFT_OUT]: leftOut, estimate: estimateOf(job, answers, known, folds, thresholds), threshold };
}

/** The figures of answers for rows that were left out, and their standard error. */
export function estimateOf(
  job: Job,
  mixed: Float64Array,
  sample: Sample,
  folds: number,
  thresholds?: Float64Array,
): Estimate {
  const { targets, weights } = sample;
  const { rows } = targets;
  const more = job.classes.length === 0 ? NUMBER_METRICS : job.classes.length === 2 ? TWO_CLASS_METRICS : CLASS_METRICS;
  const figures = measure(job, mixed, targets, { metrics: [...more], sampleWeights: weights }, thresholds);
  const estimate: Estimate = { ...figures, rows, folds, spread: spreadOf(job, mixed, sample, figures) };
  if (job.classes.length === 0 && targets.columns > 1) estimate.targets = eachTarget(job, mixed, sample);
  return estimate;
}

/** The figures of each target separately, since their units differ. */
function eachTarget(job: Job, mixed: Float64Array, { targets, weights }: Sample): Estimate["targets"] {
  const { rows, columns } = targets;
  return Array.from({ length: columns }, (_, column) => {
    const own = (values: Rows["data"]) =>
      Float64Array.from({ length: rows }, (_, row) => values[row * columns + column]);
    const one = { data: own(targets.data), rows, columns: 1 };
    const { loss: _loss, ...figures } = measure(job, own(mixed), one, { metrics: [...NUMBER_METRICS], sampleWeights: weights }); // prettier-ignore
    return figures;
  });
}

const NUMBER_METRICS = ["r2", "rootMeanSquaredError", "meanAbsoluteError"] as const;

/** The metrics for classes, in addition to the loss. */
export const CLASS_METRICS = [
  "accuracy",
  { name: "precision", average: "perClass" },
  { name: "recall", average: "perClass" },
  { name: "f1", average: "perClass" },
  "confusionMatrix",
] as const;

const TWO_CLASS_METRICS = [...CLASS_METRICS, "rocAuc"] as const;

/** The standard error of accuracy, √(p (1 − p) / n), or of r2, by how much each row moves it. */
function spreadOf(
  { classes }: Job,
  mixed: Float64Array,
  { targets }: Sample,
  { accuracy = 0, r2 = 0 }: Evaluation,
): number {
  const { data, rows, columns } = targets;
  if (classes.length > 0) return Math.sqrt((accuracy * (1 - accuracy)) / rows);
  const moves = new Float64Array(rows);
  for (let column = 0; column < columns; column++) {
    let mean = 0;
    for (let row = 0; row < rows; row++) mean += data[row * columns + column] / rows;
    let total = 0;
    for (let row = 0; row < rows; row++) total += square(data[row * columns + column] - mean) / rows;
    // The deviations of a constant target are only rounding errors.
    if (total <= 1e-24 * (mean * mean + 1e-300)) continue;
    for (let row = 0; row < rows; row++) {
      const value = data[row * columns + column];
      const error = square(mixed[row * columns + column] - value);
      moves[row] += (error - (1 - r2) * square(value - mean)) / total / columns;
    }
  }
  const sum = moves.reduce((all, move) => all + move * move, 0);
  return Math.sqrt(sum) / rows;
}

function square(x: number): number {
  return x * x;
}

/** The figures that the largest class, or the mean, reaches on the same rows. */
export function baselineOf(job: Job, { targets, weights }: Sample): Baseline {
  const { data, rows, columns } = targets;
  const total = weights ? weights.reduce((a, b) => a + b, 0) : rows;
  if (job.classes.length === 0) {
    const mean = new Float64Array(columns);
    for (let i = 0; i < data.length; i++)
      mean[i % columns] += (data[i] * (weights?.[Math.floor(i / columns)] ?? 1)) / total;
    const answers = Float64Array.from(data, (_, i) => mean[i % columns]);
    const figures = measure(job, answers, targets, { metrics: [...NUMBER_METRICS], sampleWeights: weights });
    return { ...figures, r2: 0 };
  }
  const shares = new Float64Array(job.classes.length);
  for (let row = 0; row < rows; row++) shares[data[row]] += (weights?.[row] ?? 1) / total;
  const answers = new Float64Array(rows * job.outputs);
  for (let i = 0; i < answers.length; i++) answers[i] = job.classes.length === 2 ? shares[1] : shares[i % job.outputs];
  return measure(job, answers, targets, { metrics: ["accuracy"], sampleWeights: weights });
}
