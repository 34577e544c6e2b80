// Makes one network of a candidate, trains it on some rows, and lets it predict others.
import { PropagoError } from "../ground/errors.ts";
import { type Features } from "../estimators/features.ts";
import type { Task } from "../estimators/job.ts";
import type { Member } from "../estimators/saved.ts";
import { holdBack } from "../data/split.ts";
import type { Rows } from "../data/scaling.ts";
import { UNTOLD } from "../ground/marks.ts";
import type { Candidate } from "./candidates.ts";
import { type Encoding, learnFeatures } from "./encodings.ts";
import { type Problem, type Sample, firstColumn, pick } from "./problem.ts";
import { build } from "./build.ts";
import { classesAsTargets } from "./measure.ts";
import { type Scaled, encodeTargets, lossOf, restoreReport, scaleTargets, unitOf, unitOfMetric } from "./targets.ts";
import { type Course, courseOf } from "./work.ts";
import type { Data } from "../data/data.ts";
import type { DType } from "../ground/arrays.ts";
import type { EarlyStopping, FitOptions } from "../training/options.ts";
import type { EpochReport, History } from "../training/reports.ts";

/** A training with fewer multiply-adds takes less than about 5 ms, so it may block. */
const SHORT = 6e7;

/** A sample with its scalers, which the networks of several candidates share. */
export class Lesson {
  readonly sample: Sample;
  readonly #features = new Map<Encoding, Features>();
  readonly #inputs = new Map<Encoding, Rows["data"]>();
  readonly #targets = new Map<number | undefined, Scaled>();

  constructor(sample: Sample) {
    this.sample = sample;
  }

  features(encoding: Encoding): Features {
    let features = this.#features.get(encoding);
    if (features === undefined) this.#features.set(encoding, (features = learnFeatures(this.sample, encoding)));
    return features;
  }

  /** The rows as inputs, made once for all networks. */
  inputs(encoding: Encoding, dtype: DType): Rows["data"] {
    const { x } = this.sample;
    if (encoding === "bytes") return x.data;
    let inputs = this.#inputs.get(encoding);
    if (inputs === undefined) {
      this.#inputs.set(encoding, (inputs = this.features(encoding).transform(x, dtype)));
    }
    return inputs;
  }

  /** How targets are scaled; classes are not. */
  scaled({ job }: Problem, log: number | undefined): Scaled | undefined {
    if (job.classes.length > 0) return undefined;
    let scaled = this.#targets.get(log);
    if (scaled === undefined) {
      const { targets, weights } = this.sample;
      this.#targets.set(log, (scaled = scaleTargets(targets, lossOf(job), weights, log)));
    }
    return scaled;
  }
}

export interface Trained {
  member: Member;
  history: History;
  scaled: Scaled | undefined;
}

export interface Settings {
  seed: number;
  /** The share of the usual number of updates. */
  share: number;
  /** What is added before logarithms of targets are taken, for candidates that learn these. */
  log: number | undefined;
  /** Milliseconds after which training stops. */
  time?: number;
  /** Whether the network is only asked about rows and then thrown away. */
  isPassing?: boolean;
  /** Options of the fit that reports to the user; without them nobody is told of it. */
  more?: FitOptions;
}

/**
 * Trains a network of a candidate on a lesson.
 */
export function* train(
  problem: Problem,
  candidate: Candidate,
  lesson: Lesson,
  settings: Settings,
): Generator<Task, Trained, History> {
  const { job } = problem;
  const { inputs: encoding, log: isLog, fades, l2 } = candidate;
  const { rows } = lesson.sample.x;
  const features = lesson.features(encoding);
  const scaled = lesson.scaled(problem, isLog ? settings.log : undefined);
  const course = courseOf(candidate, problem, rows, features.inputs, settings.share);
  const recipe = {
    ...candidate,
    optimizer: course.optimizer,
    l2: fades ? l2 * Math.min(1, FADING_ROWS / rows) : l2,
    inputScale: encoding === "bytes" ? 1 / largestByte(lesson.sample.x) : undefined,
  };
  const network = build(job, features.inputs, recipe, settings.seed, scaled);
  try {
    const all: Data = {
      x: { data: lesson.inputs(encoding, network.dtype), shape: [rows, features.inputs] },
      y: targetsFor(problem, lesson.sample, scaled),
      sampleWeights: lesson.sample.weights,
    };
    const { data, validation } = holdBackToStop(problem, all, lesson);
    const options = optionsOf(problem, course, settings, validation, scaled);
    const inUnits =
      scaled &&
      ((report: EpochReport) =>
        restoreReport({ ...report, validation: report.validation && { ...report.validation } }, scaled, lossOf(job)));
    const { isPassing } = settings;
    const kind = candidate.name;
    const history = yield { network, data, options, isShort: course.work < SHORT, isPassing, kind, inUnits };
    if (scaled) for (const report of history.epochs) restoreReport(report, scaled, lossOf(job));
    const member: Member = { network, features, weight: 1 };
    if (scaled) member.targets = scaled.outer;
    return { member, history, scaled };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/** Decay that gets weaker with more rows is at full strength up to so many rows. */
export const FADING_ROWS = 150;

function optionsOf(
  problem: Problem,
  course: Course,
  { more, time = Infinity }: Settings,
  validation: Data | undefined,
  scaled: Scaled | undefined,
): FitOptions {
  const { shuffle, threads, signal, targetLoss } = problem.fit;
  const unit = scaled ? unitOf(scaled, lossOf(problem.job)) : 1;
  const options: FitOptions & { [UNTOLD]?: true } = {
    ...course.options,
    shuffle,
    threads,
    signal,
    metrics: [],
    ...more,
  };
  if (more === undefined) options[UNTOLD] = true;
  if (time < Infinity) options.timeLimit = Math.max(time, 1) / 1000;
  // A loss of logarithms is none of the targets.
  if (targetLoss !== undefined && scaled?.outer.log === undefined) options.targetLoss = targetLoss / unit;
  const stopping = problem.earlyStopping;
  const own = more?.validation;
  if (stopping !== false) options.earlyStopping = scaledStopping(stopping, unit, scaled);
  const monitor = typeof stopping === "object" ? stopping.monitor : undefined;
  if (monitor !== undefined && !/(^|\.)loss$/.test(monitor)) {
    options.metrics = problem.fit.metrics ?? [problem.job.metric];
  }
  if (own === undefined && validation !== undefined) options.validation = validation;
  return options;
}

/** Early stopping with its least change in what the network reports. */
function scaledStopping(
  stopping: EarlyStopping | true,
  unit: number,
  scaled: Scaled | undefined,
): EarlyStopping | true {
  if (stopping === true || stopping.minDelta === undefined) return stopping;
  const monitor = (stopping.monitor ?? "loss").replace("validation.", "");
  const by = monitor === "loss" ? unit : scaled ? unitOfMetric(scaled, monitor) : 1;
  return { ...stopping, minDelta: stopping.minDelta / by };
}

/** Where each network stops by rows of its own, these; otherwise all rows are trained on. */
function holdBackToStop(
  { stopBy, seed, job }: Problem,
  all: Data,
  { sample }: Lesson,
): { data: Data; validation?: Data } {
  if (stopBy === 0) return { data: all };
  const split = holdBack(firstColumn(sample.targets), stopBy, seed, job.classes.length);
  const { data: x, shape } = all.x as { data: Float32Array; shape: number[] };
  const [rows, columns] = shape;
  const y = all.y as Float64Array;
  const whole: Sample = {
    x: { data: x, rows, columns },
    targets: { data: Float64Array.from(y), rows, columns: y.length / rows },
    weights: sample.weights,
  };
  const part = (places: readonly number[]): Data => {
    const { x, targets, weights } = pick(whole, places);
    const own = y instanceof Int32Array ? Int32Array.from(targets.data) : targets.data;
    return {
      x: { data: x.data, shape: [x.rows, columns] },
      y: own,
      sampleWeights: weights,
    };
  };
  return { data: part(split.training), validation: part(split.validation) };
}

/** Targets as a network is trained on them. */
export function targetsFor({ job }: Problem, { targets }: Pick<Sample, "targets">, scaled: Scaled | undefined) {
  return scaled ? encodeTargets(scaled, targets) : classesAsTargets(targets, job.classes.length);
}

function largestByte({ data }: Rows): number {
  let most = 1;
  for (const value of data) if (value > most) most = value;
  return most;
}

/** Whether an error is the candidate's own, and not caused by the data or an option. */
export function isFailure(error: unknown, { thrown }: Pick<Problem, "thrown">): boolean {
  // Errors of the user's callbacks must reach the user.
  return error instanceof PropagoError && error.code === "ERR_DIVERGED" && error !== thrown.error;
}

/** For networks that end with weights so large that they answer with no numbers. */
export function diverged(): PropagoError {
  const advice = "lower the learningRate, or leave it and the optimizer to fit";
  return new PropagoError("ERR_DIVERGED", `a network answered with numbers that are not finite; ${advice}`);
}
