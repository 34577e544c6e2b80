// Whose answers count how much: shares of candidates by their losses on rows that were left out, and the figures of the
// mix on these rows.
import type { Rows } from "../data/scaling.ts";
import type { Job } from "../estimators/job.ts";
import type { Baseline, Estimate } from "../estimators/options.ts";
import { exponential } from "../powers.ts";
import { logarithm } from "./logarithm.ts";
import type { Evaluation, FloatArray } from "../types.ts";
import { measure } from "./measure.ts";
import type { Sample } from "./problem.ts";

/** What a candidate answered for rows that it was not trained on. */
export interface Tested {
  /** Rows × outputs; NaN where a row was not left out. */
  answers: Float64Array;
  /** Mean loss over the rows of each fold; Infinity where training failed. */
  losses: number[];
}

/** Losses of so many rows count as one: neighbouring candidates are wrong about the same rows. */
const TEMPERATURE = 32;
/** Less is not worth a network. */
const LEAST_SHARE = 0.03;
/** No probability is taken for less. */
const LEAST_PROBABILITY = 1e-4;

/**
 * Each candidate's share of the answer, by exp(−n (ℓ − ℓ_min) / (32 v)): ℓ is its mean loss over n rows, v what losses
 * are measured in. Shares of folds other than `except`, where that is given.
 */
export function sharesOf(
  tested: readonly Tested[],
  sizes: readonly number[],
  isNumbers: boolean,
  except = -1,
): number[] {
  let rows = 0;
  for (let fold = 0; fold < sizes.length; fold++) if (fold !== except) rows += sizes[fold];
  const losses = tested.map(({ losses }) => meanOf(losses, sizes, except));
  const least = losses.reduce((a, b) => Math.min(a, b), Infinity);
  const unit = isNumbers ? Math.max(least, 1e-300) : 1;
  const raw = losses.map((loss) =>
    loss === Infinity ? 0 : exponential((-rows * (loss - least)) / (TEMPERATURE * unit)),
  );
  const total = raw.reduce((a, b) => a + b, 0);
  const kept = raw.map((share) => (share / total < LEAST_SHARE ? 0 : share));
  const sum = kept.reduce((a, b) => a + b, 0);
  return kept.map((share) => share / sum);
}

/**
 * Which candidates need not be tested further: those that would get no share if it went on as in the folds so far, with
 * room for chance. Nothing is said before two folds, nor of small tables.
 */
export function hopelessOf(tested: readonly Tested[], folds: number, rows: number, isNumbers: boolean): boolean[] {
  const losses = tested.map(({ losses }) => losses.reduce((a, b) => a + b, 0) / folds);
  const least = losses.reduce((a, b) => Math.min(a, b), Infinity);
  const unit = isNumbers ? Math.max(least, 1e-300) : 1;
  const most = folds < 2 || rows < MANY_ROWS ? Infinity : folds === 2 ? ROOM_AT_FIRST : ROOM;
  return losses.map((loss) => rows * (loss - least) > most * TEMPERATURE * unit);
}

/** Of a share of e^−x, from which x on a candidate is hopeless: after two folds, and after more. */
const ROOM_AT_FIRST = 9;
const ROOM = 7;
/** In fewer rows a few that lie far out decide too much. */
const MANY_ROWS = 1000;

/** The mean over folds, all but one where that is given. */
export function meanOf(losses: readonly number[], sizes: readonly number[], except = -1): number {
  let sum = 0;
  let rows = 0;
  for (let fold = 0; fold < sizes.length; fold++) {
    if (fold === except || sizes[fold] === 0) continue;
    sum += losses[fold] * sizes[fold];
    rows += sizes[fold];
  }
  return rows > 0 ? sum / rows : Infinity;
}

/** The answer of the mix for each row, by shares that were chosen without the row's fold. */
export function mixUnseen(
  tested: readonly Tested[],
  foldOf: Int32Array,
  sizes: readonly number[],
  isNumbers: boolean,
): Float64Array {
  const mixed = new Float64Array(tested[0].answers.length);
  const width = mixed.length / foldOf.length;
  const shares = sizes.map((_, fold) => sharesOf(tested, sizes, isNumbers, sizes.length > 1 ? fold : -1));
  for (let row = 0; row < foldOf.length; row++) {
    if (foldOf[row] < 0) {
      mixed.fill(NaN, row * width, (row + 1) * width);
      continue;
    }
    tested.forEach(({ answers }, c) => {
      const share = shares[foldOf[row]][c];
      if (share === 0) return;
      for (let o = row * width; o < (row + 1) * width; o++) mixed[o] += share * answers[o];
    });
  }
  return mixed;
}

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
  const more =
    job.classes.length === 0 ? (["r2", "rootMeanSquaredError", "meanAbsoluteError"] as const) : CLASS_METRICS;
  const figures = measure(job, mixed, targets, { metrics: [...more], sampleWeights: weights }, thresholds);
  return { ...figures, rows, folds, spread: spreadOf(job, mixed, sample, figures) };
}

const CLASS_METRICS = [
  "accuracy",
  { name: "precision", average: "perClass" },
  { name: "recall", average: "perClass" },
  { name: "f1", average: "perClass" },
  "confusionMatrix",
] as const;

/** The standard error of accuracy, √(p (1 − p) / n), or of r2, by how much each row moves it. */
function spreadOf(
  { classes }: Job,
  mixed: Float64Array,
  { targets }: Sample,
  { accuracy = 0, r2 = 0 }: Evaluation,
): number {
  const { data, rows, columns } = targets;
  if (classes.length > 0) return Math.sqrt((accuracy * (1 - accuracy)) / rows);
  let mean = 0;
  for (let row = 0; row < rows; row++) mean += data[row * columns] / rows;
  let total = 0;
  for (let row = 0; row < rows; row++) total += square(data[row * columns] - mean) / rows;
  if (total === 0) return 0;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const value = data[row * columns];
    sum += square((square(mixed[row * columns] - value) - (1 - r2) * square(value - mean)) / total);
  }
  return Math.sqrt(sum) / rows;
}

function square(x: number): number {
  return x * x;
}

/** What the largest class, or the mean, reaches on the same rows. */
export function baselineOf(job: Job, { targets, weights }: Sample): Baseline {
  const { data, rows, columns } = targets;
  const total = weights ? weights.reduce((a, b) => a + b, 0) : rows;
  if (job.classes.length === 0) {
    const mean = new Float64Array(columns);
    for (let i = 0; i < data.length; i++)
      mean[i % columns] += (data[i] * (weights?.[Math.floor(i / columns)] ?? 1)) / total;
    const answers = Float64Array.from(data, (_, i) => mean[i % columns]);
    return measure(job, answers, targets, {
      metrics: ["r2", "rootMeanSquaredError", "meanAbsoluteError"],
      sampleWeights: weights,
    });
  }
  const shares = new Float64Array(job.classes.length);
  for (let row = 0; row < rows; row++) shares[data[row]] += (weights?.[row] ?? 1) / total;
  const answers = new Float64Array(rows * job.outputs);
  for (let i = 0; i < answers.length; i++) answers[i] = job.classes.length === 2 ? shares[1] : shares[i % job.outputs];
  return measure(job, answers, targets, { metrics: ["accuracy"], sampleWeights: weights });
}

/** For each target, ascending, how much it was above its prediction; of many, evenly some. */
export function residualsOf(mixed: Float64Array, { data, rows, columns }: Rows): number[][] {
  return Array.from({ length: columns }, (_, column) => {
    const all = Float64Array.from({ length: rows }, (_, row) => {
      return data[row * columns + column] - mixed[row * columns + column];
    }).sort();
    if (all.length <= KEPT) return Array.from(all);
    return Array.from({ length: KEPT }, (_, i) => all[Math.round((i * (all.length - 1)) / (KEPT - 1))]);
  });
}

/** Residuals that a model keeps. */
const KEPT = 999;
