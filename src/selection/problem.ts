// Reads and checks what the search works on: the rows that count, their weights, and the options.
import { isPlain, readFlag, readNumber, readObject } from "../ground/options.ts";
import type { Rows } from "../data/scaling.ts";
import { holdBack } from "../data/split.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isPromise } from "../ground/promises.ts";
import type { Job } from "../estimators/job.ts";
import type { ClassifierOptions, Effort, EstimatorFitOptions, EstimatorOptions } from "../estimators/options.ts";
import { readClassWeights } from "../data/class-weights.ts";
import { readSampleWeights } from "../data/weighting.ts";
import { readOptimize } from "./threshold.ts";
import type { SampleWeights } from "../data/data.ts";
import type { EarlyStopping } from "../training/options.ts";

export const EFFORTS = ["quick", "normal", "thorough"] as const satisfies readonly Effort[];

/** Rows with their targets and weights. */
export interface Sample {
  x: Rows;
  targets: Rows;
  /** Absent if all rows count alike. */
  weights?: Float64Array;
}

/** Everything that the search needs, checked. */
export interface Problem {
  job: Job;
  sample: Sample;
  /** Validation rows. Nothing is trained on them. */
  judge: Sample | undefined;
  /** The places of the rows held back, among all that came. */
  heldBack: readonly number[];
  /** The number of a row of the sample among all that came. */
  rowOf: (place: number) => number;
  seed: number;
  effort: Effort;
  /** The largest number of networks of the model. Undefined: as many as the effort allows. */
  ensemble: number | undefined;
  restarts: number | undefined;
  /** The metric by which a threshold is chosen. */
  optimize: ClassifierOptions["optimize"];
  /** The part of its rows that each network holds back to stop by. */
  stopBy: number;
  /** Tells the user that so many networks have been trained, of so many. Throws what telling has thrown. */
  tell(trained: number, of: number): void;
  /** Milliseconds that are left of the time limit; Infinity without one. */
  left(): number;
  earlyStopping: EarlyStopping | boolean;
  fit: EstimatorFitOptions<unknown>;
  /** What the user's own callback has thrown. */
  thrown: { error?: unknown };
}

/** The rows at these places. */
export function pick({ x, targets, weights }: Sample, places: ArrayLike<number>): Sample {
  return {
    x: pickRows(x, places),
    targets: pickRows(targets, places),
    weights: weights && pickValues(weights, places, 1),
  };
}

function pickRows({ data, columns }: Rows, places: ArrayLike<number>): Rows {
  return { data: pickValues(data, places, columns), rows: places.length, columns };
}

function pickValues<A extends Rows["data"]>(values: A, places: ArrayLike<number>, width: number): A {
  const picked = new (values.constructor as new (length: number) => A)(places.length * width);
  for (let i = 0; i < places.length; i++) {
    picked.set(values.subarray(places[i] * width, (places[i] + 1) * width), i * width);
  }
  return picked;
}

/** Checks options that are used as they are. */
function checkWhatIsGiven(job: Job): void {
  const { given, fit } = job;
  const { effort = "normal" } = given;
  if (!EFFORTS.includes(effort)) {
    throw new PropagoError("ERR_CONFIG", `effort must be one of ${EFFORTS.join(", ")}, got ${show(effort)}`);
  }
  if (fit.onSearch !== undefined && typeof fit.onSearch !== "function") {
    throw new PropagoError("ERR_CONFIG", `onSearch must be a function, got ${show(fit.onSearch)}`);
  }
  checkNamed(given);
  // How much work there is depends on these, before any network checks them.
  if (fit.epochs !== undefined) readNumber(fit.epochs, "epochs", { whole: true, least: 0 });
  if (fit.batchSize !== undefined && fit.batchSize !== "full") {
    readNumber(fit.batchSize, "batchSize", { whole: true, least: 1 });
  }
  refuseLoss(job);
}

/** Reads the options of the search, leaves rows of weight 0 out, and holds rows back. */
export function readProblem(job: Job): Problem {
  const { given, fit } = job;
  const { effort = "normal", ensemble, seed = 0 } = given;
  const chosen =
    seed === "random" ? drawSeed(job) : readNumber(seed, "seed", { whole: true, least: 0, most: 2 ** 32 - 1 });
  const whole = { whole: true, least: 0 } as const;
  const sample: Sample = { x: job.x, targets: job.targets, weights: weightsOf(job) };
  const { weights } = sample;
  const counting = weights?.includes(0) ? placesOf(weights, (weight) => weight > 0) : undefined;
  if (counting?.length === 0) throw new PropagoError("ERR_DATA", "all sampleWeights are 0, so no row counts");
  const rest = counting ? pick(sample, counting) : sample;
  const stopping = fit.earlyStopping ?? false;
  if (typeof stopping !== "boolean")
    readObject(stopping, "earlyStopping", ["monitor", "patience", "minDelta", "restoreBest"]);
  const own = typeof fit.validation === "object" && fit.validation !== null;
  const fraction = own
    ? 0
    : readNumber(fit.validation === undefined ? 0 : fit.validation, "validation", { least: 0, below: 1 });
  const limit = fit.timeLimit === undefined ? Infinity : 1000 * readNumber(fit.timeLimit, "timeLimit", { above: 0 });
  const begun = performance.now();
  checkWhatIsGiven(job);
  const problem: Problem = {
    job,
    tell: teller(fit.onSearch),
    left: () => job.left?.(limit) ?? limit - (performance.now() - begun),
    sample: rest,
    judge: job.judge && { ...job.judge, weights: readJudgeWeights(job.judge.sampleWeights, job.judge.x.rows) },
    heldBack: [],
    rowOf: (place) => (counting ? counting[place] : place),
    seed: chosen,
    effort,
    ensemble: ensemble === undefined ? undefined : readNumber(ensemble, "ensemble", { whole: true, least: 1 }),
    optimize: readOptimize(job),
    restarts: fit.restarts === undefined ? undefined : readNumber(fit.restarts, "restarts", whole),
    stopBy: stopping === false || own || rest.x.rows < LEAST_ROWS_TO_STOP_BY ? 0 : fraction || 0.2,
    earlyStopping:
      rest.x.rows < LEAST_ROWS_TO_STOP_BY && !own
        ? false
        : typeof stopping === "boolean"
          ? readFlag(stopping, "earlyStopping")
          : stopping,
    fit,
    thrown: {},
  };
  if (fraction === 0 || stopping !== false) return problem;
  const split = holdBack(firstColumn(rest.targets), fraction, chosen, job.classes.length);
  problem.judge = pick(rest, split.validation);
  problem.sample = pick(rest, split.training);
  problem.rowOf = (place) => (counting ? counting[split.training[place]] : split.training[place]);
  problem.heldBack = counting ? split.validation.map((place) => counting[place]) : split.validation;
  return problem;
}

/** With fewer rows, none are held back for early stopping. */
const LEAST_ROWS_TO_STOP_BY = 10;

/** Refuses optimizers, losses and activations that are neither a name nor an object with a name. */
function checkNamed(given: EstimatorOptions): void {
  for (const key of ["activation", "optimizer", "loss"] as const) {
    const value: unknown = given[key];
    const name = isPlain(value) ? value.name : value;
    if (value === undefined || typeof name === "string") continue;
    throw new PropagoError("ERR_CONFIG", `${key} must be a name, or an object with a name, got ${show(value)}`);
  }
}

/** Refuses losses that do not fit the targets of an estimator's networks. */
function refuseLoss({ given: { loss } }: Job): void {
  const name = typeof loss === "object" ? loss.name : loss;
  if (name !== "hinge" && name !== "squaredHinge") return;
  const advice = "leave it out, or use it with a Network";
  throw new PropagoError(
    "ERR_CONFIG",
    `loss "${name}" is for targets of -1 and 1, which a Classifier does not need; ${advice}`,
  );
}

/** Makes a function that calls onSearch. If a call rejects, the next call throws its reason. */
function teller(onSearch: EstimatorFitOptions<unknown>["onSearch"]): Problem["tell"] {
  let failure: { reason: unknown } | undefined;
  return (trained, of) => {
    const told: unknown = onSearch?.({ trained, of });
    if (isPromise(told)) Promise.resolve(told).catch((reason: unknown) => (failure = { reason }));
    if (failure) throw failure.reason;
  };
}

/** A seed at random, as a network draws it. */
export function drawSeed(job: Job): number {
  const network = job.make({ inputs: 1, layers: [{ type: "dense", units: 1 }], seed: "random" });
  const { seed } = network;
  network.dispose();
  return seed;
}

export function firstColumn({ data, rows, columns }: Rows): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => data[row * columns]);
}

/** The weights of rows and of their classes, multiplied. */
function weightsOf({ fit, classes, targets, x }: Job): Float64Array | undefined {
  const { sampleWeights, classWeights } = fit;
  const own = sampleWeights === undefined ? undefined : readSampleWeights(sampleWeights, "sampleWeights", x.rows);
  if (classWeights === undefined) return own;
  if (classes.length === 0) {
    throw new PropagoError("ERR_CONFIG", "classWeights are for a Classifier; a Regressor takes sampleWeights");
  }
  const factors = readClassWeights(classWeights, classes, () => Uint32Array.from(targets.data));
  return Float64Array.from(targets.data, (index, row) => factors[index] * (own?.[row] ?? 1));
}

function readJudgeWeights(weights: SampleWeights | undefined, rows: number): Float64Array | undefined {
  return weights === undefined ? undefined : readSampleWeights(weights, "validation.sampleWeights", rows);
}

function placesOf(values: Float64Array, isWanted: (value: number) => boolean): number[] {
  const places: number[] = [];
  values.forEach((value, place) => void (isWanted(value) && places.push(place)));
  return places;
}

export function seedOf(seed: number, number: number): number {
  // Steps of an odd number visit all seeds, so networks of different user seeds hardly share first weights.
  return (seed + Math.imul(number, 0x9e3779b1)) >>> 0;
}

export function placesWhere(values: Int32Array, isWanted: (value: number) => boolean): number[] {
  const places: number[] = [];
  for (let place = 0; place < values.length; place++) if (isWanted(values[place])) places.push(place);
  return places;
}
