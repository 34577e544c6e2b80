// The loops over epochs: validation, stopping, reports, and the time slices that keep the event loop alive. One
// generator holds the loop; fitSync drives it at one go, Training in slices.
import {
  DIVERGED,
  FINE,
  IN_ORDER,
  METRIC_OUTPUTS,
  METRIC_SQUARES,
  PLAN_BATCH,
  PLAN_BATCH_LOSS,
  PLAN_EPOCH,
  PLAN_GOOD,
  PLAN_KEPT,
  PLAN_LEARNING_RATE,
  PLAN_METRIC,
  PLAN_POSITION,
  PLAN_REPORTS,
  PLAN_SHUFFLE,
  PLAN_STATUS,
  PLAN_STEP,
  PLAN_STEPS_DONE,
  SHUFFLED,
  STREAM_SPLIT,
  TALLY_LOSS,
  TALLY_SQUARES,
  WITH_REPLACEMENT,
} from "../../assembly/plan.ts";
import { readFlag, readNumber, readObject } from "../ground/options.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { type Metrics, monitorsOf, readMetrics, readTally, rises } from "../tables/metrics.ts";
import type { Engine } from "../core/engine.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { Layout } from "../memory/layout.ts";
import { type PartName, type Parts, load, need, partOf } from "../ground/parts.ts";
import type { Dataset, Kept, Rows } from "../memory/samples.ts";
import { watch } from "../tables/schedules.ts";
import { type Search, chunkOf } from "../search/search.ts";
import { maySleep, readThreads, teamOf, threadsMissing, usefulThreads, worth } from "../threads/sharing.ts";
import { UNTOLD } from "../ground/marks.ts";
import type { Warnings } from "./warnings.ts";
import type { Team } from "../threads/workers.ts";
import type {
  BatchReport,
  Data,
  EarlyStopping,
  EpochReport,
  Evaluation,
  FitOptions,
  FloatArray,
  History,
} from "../types.ts";

/** Milliseconds of training between two turns of the event loop. */
export const SLICE = 10;
const DEFAULT_EPOCHS = 100;
/** Small data sets get as many epochs as make so many updates. */
const DEFAULT_UPDATES = 2000;
const DEFAULT_BATCH = 32;
/**
 * What makes threads worth their gates, their waking and their start: multiply-adds, times six, of a step, of a fit, and of
 * all fits so far that were worth waking threads.
 */
const WORTHY_STEP = 4e6;
const WORTHY_FIT = 1e9;
const WORTHY_START = 2e10;
/** Iterations of a method that searches. */
const DEFAULT_ITERATIONS = 200;
/** Milliseconds that training waits for parts that it can be without. */
const PATIENCE = 1000;

/** What training needs of a network. */
export interface Insides {
  engine: Engine;
  layout: Layout;
  description: NetworkDescription;
  /** Reads samples and targets into the core's memory. */
  dataset(data: unknown, owner?: string, sampleWeights?: unknown): Dataset;
  /** Sums loss and metrics up over rows in memory. */
  measure(rows: Rows, metrics: Metrics, threads: number | "auto"): Evaluation;
  /** Scales first weights to these rows of the samples, or the first so many, where they wait for that. */
  scale(dataset: Dataset, rows: Uint32Array | number): void;
  /** Says what is wrong. */
  warnings: Warnings;
  /** Keeps other trainings away, and the network where it is in memory; throws ERR_BUSY if one is under way. */
  lock(): void;
  unlock(): void;
}

/** The options of fit. */
export const FIT_KEYS = [
  "epochs",
  "batchSize",
  "shuffle",
  "validation",
  "metrics",
  "sampleWeights",
  "classWeights",
  "earlyStopping",
  "targetLoss",
  "timeLimit",
  "threads",
  "signal",
  "onEpoch",
  "onBatch",
] as const satisfies readonly (keyof FitOptions)[];

const SHUFFLES = { false: IN_ORDER, true: SHUFFLED, withReplacement: WITH_REPLACEMENT } as const;

/** Fit's options, checked and filled in. */
interface Plan {
  epochs: number | undefined;
  batchSize: number | "full";
  /** The batch size that was asked for, if any. */
  asked: unknown;
  shuffle: (typeof SHUFFLES)[keyof typeof SHUFFLES];
  validation: number | Data | undefined;
  metrics: Metrics;
  /** Checked where the data is read. */
  sampleWeights: unknown;
  classWeights: unknown;
  earlyStopping: Required<EarlyStopping> | undefined;
  /** What reduceOnPlateau looks at, where it is the schedule. */
  plateau: string | undefined;
  targetLoss: number;
  timeLimit: number;
  threads: number | "auto";
  signal: AbortSignal | undefined;
  onEpoch: ((report: EpochReport) => unknown) | undefined;
  onBatch: ((report: BatchReport) => unknown) | undefined;
}

/** The epochs of a fit that does not say: 100, or more where so few rows make too few updates. */
export function defaultEpochs(rows: number, batchSize: number | "full" = DEFAULT_BATCH): number {
  const updates = batchSize === "full" ? 1 : Math.ceil(rows / batchSize);
  return Math.max(DEFAULT_EPOCHS, Math.ceil(DEFAULT_UPDATES / updates));
}

function readOptions(options: FitOptions, { description }: Insides): Plan {
  const given = readObject(options, "fit options", FIT_KEYS);
  const metrics = readMetrics(given.metrics, description);
  const { name, search, schedule } = description.optimizer;
  const plateau = schedule?.plateau;
  if (search !== undefined) {
    const { batchSize = "full", shuffle } = given;
    const stray =
      batchSize !== "full" ? "batchSize" : shuffle === "withReplacement" ? 'shuffle: "withReplacement"' : undefined;
    if (stray !== undefined) {
      throw new PropagoError("ERR_CONFIG", `optimizer (${name}) takes all rows at once: leave ${stray} out`);
    }
  }
  const hasValidation = given.validation !== undefined && given.validation !== 0;
  return {
    epochs:
      given.epochs === undefined
        ? search && DEFAULT_ITERATIONS
        : readNumber(given.epochs, "epochs", { whole: true, least: 0 }),
    batchSize:
      given.batchSize === "full"
        ? "full"
        : readNumber(given.batchSize ?? DEFAULT_BATCH, "batchSize", { whole: true, least: 1 }),
    asked: given.batchSize,
    shuffle: search ? IN_ORDER : readShuffle(given.shuffle ?? true),
    validation: hasValidation ? readValidation(given.validation) : undefined,
    metrics,
    sampleWeights: given.sampleWeights,
    classWeights: given.classWeights,
    earlyStopping: readEarlyStopping(given.earlyStopping, metrics, hasValidation),
    plateau: plateau && readMonitor(plateau.monitor, "optimizer.learningRate.monitor", metrics, hasValidation),
    targetLoss: given.targetLoss === undefined ? -Infinity : readNumber(given.targetLoss, "targetLoss"),
    timeLimit: given.timeLimit === undefined ? Infinity : readNumber(given.timeLimit, "timeLimit", { above: 0 }),
    threads: readThreads(given.threads),
    signal: readSignal(given.signal),
    onEpoch: readCallback(given.onEpoch, "onEpoch"),
    onBatch: readCallback(given.onBatch, "onBatch"),
  };
}

function readShuffle(value: unknown): Plan["shuffle"] {
  if (value === true || value === false || value === "withReplacement") return SHUFFLES[`${value}`];
  throw new PropagoError("ERR_CONFIG", `shuffle must be true, false or "withReplacement", got ${show(value)}`);
}

function readValidation(value: unknown): number | Data {
  if (typeof value !== "object" || value === null) return readNumber(value, "validation", { least: 0, below: 1 });
  return value as Data;
}

function readSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw new PropagoError("ERR_CONFIG", `signal must be an AbortSignal, got ${show(value)}`);
}

function readCallback<F>(value: unknown, where: string): F | undefined {
  if (value === undefined || typeof value === "function") return value as F | undefined;
  throw new PropagoError("ERR_CONFIG", `${where} must be a function, got ${show(value)}`);
}

function readEarlyStopping(
  value: unknown,
  metrics: Metrics,
  hasValidation: boolean,
): Required<EarlyStopping> | undefined {
  if (value === undefined || value === false) return undefined;
  const fields =
    value === true ? {} : readObject(value, "earlyStopping", ["monitor", "patience", "minDelta", "restoreBest"]);
  return {
    monitor: readMonitor(fields.monitor, "earlyStopping.monitor", metrics, hasValidation),
    patience: readNumber(fields.patience ?? 10, "earlyStopping.patience", { whole: true, least: 1 }),
    minDelta: readNumber(fields.minDelta ?? 0, "earlyStopping.minDelta", { least: 0 }),
    restoreBest: readFlag(fields.restoreBest ?? true, "earlyStopping.restoreBest"),
  };
}

/** The name of a reported value that should improve: the one given, or the best that there is. */
function readMonitor(value: unknown, where: string, metrics: Metrics, hasValidation: boolean): string {
  const own = ["loss", ...monitorsOf(metrics)];
  const monitors = hasValidation ? [...own.map((name) => `validation.${name}`), ...own] : own;
  const monitor = value ?? monitors[0];
  if (typeof monitor === "string" && monitors.includes(monitor)) return monitor;
  const needs =
    typeof monitor === "string" && /^val/.test(monitor) && !hasValidation
      ? " needs validation: pass validation: 0.2 or { x, y };"
      : " is not reported;";
  throw new PropagoError("ERR_CONFIG", `${where} ${show(monitor)}${needs} available: ${monitors.join(", ")}`);
}

/** A value of a report by its name, as "loss" or "validation.accuracy". */
function monitored(report: EpochReport, monitor: string): number {
  const [group, name] = monitor.includes(".") ? monitor.split(".") : ["", monitor];
  const values = group === "" ? report : report.validation;
  return (values as unknown as Record<string, number>)[name];
}

/** The training loop, with everything that must be put right when it ends. */
class Loop {
  /** "aborted" until the loop has ended by itself. */
  readonly history: History = { epochs: [], stopped: "aborted" };
  readonly #insides: Insides;
  readonly #plan: Plan;
  readonly #dataset: Dataset;
  readonly #validation: Rows | undefined;
  readonly #spread: Float64Array;
  /** The outputs of the epoch, where a metric asks for them. */
  #kept: Kept | undefined;
  readonly #rows: number;
  /** The rows that are trained on, where that is not all of them. */
  readonly #trained: Uint32Array | undefined;
  readonly #epochs: number;
  /** Batches of an epoch. */
  readonly #updates: number;
  readonly #penalised: boolean;
  /** Whether somebody may want to know of it. */
  readonly #isTold: boolean;
  /** Of an optimizer that searches. */
  #search: Search | undefined;
  /** Who looks for what is wrong, if that part was there in time. */
  #diagnosis: Diagnosis | undefined;
  /** Whether the caller wants to act between epochs, so that a call of the core may make only one. */
  #single: boolean;
  /** Batches that take about one slice. */
  #steps: number;
  /** Operations of a step, about. */
  readonly #work: number;
  /** How many threads are to share it. */
  readonly #threads: number;
  /** Whether the caller blocks until the end. */
  readonly #isSync: boolean;
  /** Milliseconds of a step made here, and for how many slices to make steps here, since workers were not faster. */
  #alone = Infinity;
  #rest = 0;
  #longest = 8;
  /** Slices in sequence that they made more slowly: a single one may be chance. */
  #slow = 0;
  /** Slices that workers made faster. */
  #shared = 0;
  /** The workers that make the steps of the slice under way. */
  #team: Team | undefined;
  /** Who made the last steps that were shared. */
  #crew: Team | undefined;
  #best: { report: EpochReport; value: number; params: FloatArray; average: FloatArray | undefined } | undefined;
  #closed = false;

  /** Checks everything and copies the data in; on an error nothing has changed. */
  constructor(insides: Insides, data: Data, options: FitOptions, isSync: boolean) {
    const plan = readOptions(options, insides);
    plan.signal?.throwIfAborted();
    const { layout, description } = insides;
    if (isSync && description.optimizer.search) searchPart(description);
    insides.lock();
    this.#insides = insides;
    this.#plan = plan;
    this.#isSync = isSync;
    let dataset: Dataset | undefined;
    let validation: Rows | undefined;
    try {
      dataset = insides.dataset(data, "", plan.sampleWeights);
      this.#dataset = dataset;
      const [trained, held] =
        typeof plan.validation === "number" ? this.#split(dataset.rows, plan.validation) : [undefined, undefined];
      const classWeights = dataset.classWeights(plan.classWeights, trained);
      dataset.weigh(classWeights, trained);
      if (trained !== undefined) {
        validation = dataset.share(held);
        dataset.restrict(trained);
      } else if (plan.validation !== undefined) {
        const unseen = insides.dataset(plan.validation, "validation");
        validation = unseen.all();
        unseen.weigh(classWeights);
      }
      this.#validation = validation;
      const bits = dataset.bits(plan.metrics);
      validation?.bits(plan.metrics);
      layout.guests.add(dataset);
      if (validation !== undefined) layout.guests.add(validation);
      this.#spread =
        plan.metrics.bits & METRIC_SQUARES ? dataset.spread(trained) : new Float64Array(description.outputs);
      this.#rows = trained?.length ?? dataset.rows;
      this.#trained = trained;
      const { search } = description.optimizer;
      const most = search ? chunkOf(description, layout, this.#rows) : plan.batchSize;
      const batch = most === "full" ? this.#rows : Math.min(most, this.#rows);
      this.#updates = Math.ceil(this.#rows / batch);
      this.#epochs = plan.epochs ?? defaultEpochs(this.#rows, batch * description.optimizer.accumulate);
      this.#isTold = !(UNTOLD in options);
      this.#penalised = this.#isTold && description.layers.some(({ l1, l2 }) => l1 > 0 || l2 > 0);
      this.#single =
        validation !== undefined ||
        plan.earlyStopping !== undefined ||
        plan.plateau !== undefined ||
        plan.onEpoch !== undefined ||
        plan.targetLoss > -Infinity ||
        (plan.metrics.bits & METRIC_OUTPUTS) > 0 ||
        this.#penalised;
      // A first guess of 5 GFLOP/s, six operations a weight and sample; measured afterwards.
      this.#work = layout.parameters * batch * 6;
      this.#threads = this.#chooseThreads(batch);
      layout.workers = Math.max(layout.workers, this.#threads);
      layout.threads = 1;
      const seconds = 2e-7 * description.layers.length + this.#work / 5e9;
      this.#steps = plan.onBatch === undefined ? Math.max(1, Math.floor(SLICE / 1000 / seconds)) : 1;
      insides.scale(dataset, trained ?? dataset.rows);
      layout.prepare(batch, "train");
      layout.setWord(PLAN_BATCH, batch);
      layout.setWord(PLAN_SHUFFLE, plan.shuffle);
      layout.setWord(PLAN_METRIC, bits);
      if (plan.metrics.bits & METRIC_OUTPUTS) {
        this.#kept = dataset.keep(this.#rows);
        layout.guests.add(this.#kept);
        layout.setWord(PLAN_KEPT, this.#kept.address);
      }
      layout.setWord(PLAN_POSITION, 0);
      if (plan.shuffle !== IN_ORDER) dataset.reorder();
      const params = layout.params();
      insides.engine.numbers(layout.word(PLAN_GOOD) >>> 0, params.length).set(params);
      layout.setWord(PLAN_STATUS, FINE);
    } catch (error) {
      layout.guests.clear();
      this.#kept?.release();
      validation?.release();
      dataset?.release();
      insides.unlock();
      throw error;
    }
  }

  /** Lets a call of the core end at each epoch. */
  stopAtEpochs(): void {
    this.#single = true;
  }

  /**
   * Yields after every slice. While workers make the slice, and nobody blocks until they are done, it yields what is to be
   * awaited first.
   */
  *run(): Generator<Promise<void> | undefined, void> {
    const { layout } = this.#insides;
    const { signal, onBatch, onEpoch, timeLimit, targetLoss } = this.#plan;
    const started = performance.now();
    let since = started;
    try {
      yield* this.#load();
      yield* this.#gather();
      const diagnosis = (this.#diagnosis = this.#isTold ? this.#insides.warnings.diagnosis : undefined);
      diagnosis?.before(this.#insides, this.#dataset, this.#plan.asked, this.#rows);
      this.#dataset.sources = undefined;
      while (this.history.epochs.length < this.#epochs) {
        signal?.throwIfAborted();
        const left = this.#epochs - this.history.epochs.length;
        const called = performance.now();
        const step = layout.double(PLAN_STEP);
        const most = this.#single ? 1 : Math.min(left, layout.reports, diagnosis?.epochsLeft(this.#rows) ?? left);
        const search = this.#search;
        const begun = layout.word(PLAN_POSITION) / layout.word(PLAN_BATCH);
        // No further than the call goes, so that each step's rate is asked for once.
        const rates = layout.writeRates(Math.min(this.#steps, most * this.#updates - begun));
        const steps = rates?.length ?? this.#steps;
        const completed = search ? Number(search.advance(SLICE)) : yield* this.#train(steps, most);
        const now = performance.now();
        if (layout.word(PLAN_STATUS) === DIVERGED) throw this.#diverged();
        if (onBatch === undefined) this.#adapt(layout.word(PLAN_STEPS_DONE), now - called);
        else if (!search || completed > 0) {
          const learningRate = layout.double(PLAN_LEARNING_RATE);
          yield* this.#settled(onBatch({ step, loss: layout.double(PLAN_BATCH_LOSS), learningRate }), "onBatch");
        }
        const last = this.#report(completed, (now - since) / 1000, rates, this.#updates - begun - 1);
        if (last !== undefined) since = now;
        const isDone =
          (last !== undefined && this.#isDone(last, targetLoss)) ||
          this.#isLate(now - started, timeLimit) ||
          this.#isFound(completed);
        if (last !== undefined) {
          this.#warn(last, completed, isDone || this.history.epochs.length === this.#epochs);
          // Where somebody listens, there is one at a time.
          yield* this.#settled(onEpoch?.(last), "onEpoch");
        }
        yield;
        if (isDone) break;
      }
      this.#restoreBest();
      if (this.history.stopped === "aborted") this.history.stopped = "epochs";
    } finally {
      this.#close();
    }
  }

  /** Puts what is newly found wrong into the last epoch's report and the history. */
  #warn(last: EpochReport, completed: number, isEnd: boolean): void {
    const { warnings: own } = this.#insides;
    const { history } = this;
    this.#diagnosis?.after(this.#insides, this.#dataset, this.#trained ?? this.#rows, history.epochs, completed, isEnd);
    const warnings = own.take();
    if (warnings === undefined) return;
    last.warnings = warnings;
    history.warnings = [...(history.warnings ?? []), ...warnings];
  }

  /** Ends a loop that will not be driven to its end. */
  abandon(): void {
    if (this.#closed) return;
    this.history.stopped = "aborted";
    try {
      if (this.#team !== undefined) this.#land(this.#team);
    } finally {
      this.#close();
    }
  }

  /** How many threads a fit should have: as many as were asked for, or as are useful, where they have enough to do. */
  #chooseThreads(batch: number): number {
    const { engine, warnings, description } = this.#insides;
    const { threads } = this.#plan;
    const { name, search } = description.optimizer;
    const isBlocked = this.#isSync && !(maySleep && partOf("threads"));
    if (threads === "auto") {
      if (search !== undefined) return 1;
      const work = this.#work * this.#updates * this.#epochs;
      if (this.#work < WORTHY_STEP || work < WORTHY_FIT || isBlocked || threadsMissing(engine) !== undefined) return 1;
      engine.work += work;
      if (engine.work < WORTHY_START) return 1;
      return Math.max(1, Math.min(usefulThreads, batch >> 2));
    }
    // Nothing is lost; in `fit`, a thread of its own leaves this one free all the same.
    if (this.#isSync && !search && this.#work < worth.sharing) return 1;
    const missing = search
      ? `${name} works on one`
      : isBlocked
        ? maySleep
          ? 'add import "propago/threads"'
          : "in a page, fitSync may not wait for workers; use fit"
        : threadsMissing(engine);
    if (threads === 1 || missing === undefined) return threads;
    warnings.tell("WARN_THREADS", `threads: ${threads} has no effect: ${missing}`);
    return 1;
  }

  /**
   * Waits for a promise, of a callback or of parts, and throws what it was rejected with: here, where the loop can put
   * everything right. Nobody waits in fitSync, which throws instead.
   */
  *#settled(value: unknown, callback?: string): Generator<Promise<void>, void> {
    if (typeof (value as PromiseLike<unknown> | undefined)?.then !== "function") return;
    const failures: unknown[] = [];
    const done = Promise.resolve(value).then(
      () => {},
      (error: unknown) => void failures.push(error),
    );
    if (this.#isSync) {
      throw new PropagoError("ERR_CONFIG", `${callback} gave a promise, which fitSync cannot wait for; use fit`);
    }
    yield done;
    if (failures.length > 0) throw failures[0];
  }

  /** Gets the parts that this training needs; without awaiting anything, it makes do with those that are there. */
  *#load(): Generator<Promise<void>, void> {
    const { description, layout, engine } = this.#insides;
    const { search } = description.optimizer;
    if (!this.#isSync) {
      // Without these it trains, too: soon, and alone.
      const wished: PartName[] = this.#threads > 1 ? ["diagnosis", "threads"] : ["diagnosis"];
      const all = search ? [...wished, "search" as const] : wished;
      if (!all.every((name) => partOf(name))) {
        yield* this.#settled(
          Promise.all([
            Promise.race([Promise.allSettled(wished.map(load)), sleep(PATIENCE)]),
            search && load("search"),
          ]),
        );
      }
      if (this.#threads > 1 && !partOf("threads")) engine.refusal = '"propago/threads" could not be loaded';
    }
    if (!search) return;
    const { Search } = searchPart(description);
    this.#search = new Search(description, layout, this.#dataset.address, this.#rows);
    layout.guests.add(this.#search);
  }

  /** Waits for workers that were asked for by number; where the choice is free, training begins without them. */
  *#gather(): Generator<Promise<void>, void> {
    if (this.#threads === 1 || this.#plan.threads === "auto") return;
    const team = teamOf(this.#insides.engine, this.#threads);
    if (this.#isSync) team?.waitUntilReady();
    else if (team !== undefined) yield team.untilReady();
    if (!team?.isReady) this.#chooseThreads(1);
  }

  /** Some steps, by workers where they are ready, otherwise here; gives the number of completed epochs. */
  *#train(steps: number, most: number): Generator<Promise<void>, number> {
    const { layout, engine } = this.#insides;
    const isFree = this.#plan.threads === "auto";
    const isShared = this.#threads > 1 && !(isFree && (this.#alone === Infinity || this.#rest-- > 0));
    // Also while its leader did without it.
    const lost = this.#crew?.lost;
    if (lost !== undefined) this.#safely(() => raise(lost));
    // Started in time, also where the first steps are made here.
    const team = this.#threads > 1 ? teamOf(engine, this.#threads) : undefined;
    const data = this.#dataset.address;
    const called = performance.now();
    const pace = (): number => (performance.now() - called) / Math.max(1, layout.word(PLAN_STEPS_DONE));
    if (!isShared || !team?.isReady || team.isBusy) {
      const completed = engine.core.train(layout.plan, data, steps, most, 1);
      this.#alone = pace();
      return completed;
    }
    layout.threads = this.#threads;
    const completed = yield* this.#by(team, steps, most, data);
    // Bits do not depend on who makes a step, so the clock may decide: other processes may want the cores too. Now and
    // then a slice is made here, since the first was slowed down by compilers.
    if (pace() < this.#alone) {
      this.#longest = 8;
      this.#slow = 0;
      if (isFree && this.#shared++ % 64 === 8) this.#rest = 1;
    } else if (++this.#slow > 1) {
      this.#rest = this.#longest = Math.min(2 * this.#longest, 256);
      this.#slow = 0;
    }
    return completed;
  }

  /** Steps, or without steps an evaluation, by a team; of which this thread is one where its caller blocks anyway. */
  *#by(team: Team, steps: number, most: number, data: number): Generator<Promise<void>, number> {
    const { layout, engine } = this.#insides;
    const { plan } = layout;
    const threads = this.#threads;
    // At a hundredth of the usual speed.
    const slowest = this.#work / 2e5;
    this.#crew = team;
    if (this.#isSync) {
      const { train } = engine.core;
      return this.#safely(() => team.lead(threads, slowest, () => train(plan, data, steps, most, threads)));
    }
    team.begin(plan, data, steps, most, this.#work < worth.sharing ? 1 : threads, slowest);
    this.#team = team;
    layout.settle = () => team.settle();
    yield team.done();
    return this.#land(team);
  }

  /** Takes the result of the workers' slice. */
  #land(team: Team): number {
    this.#team = undefined;
    this.#insides.layout.settle = undefined;
    return this.#safely(() => team.finish());
  }

  /** Does what fails only where a worker is lost; then the last good weights come back. */
  #safely<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      this.#restoreGood();
      (error as Error).message += ". The last epoch's weights are back, and the optimizer starts anew";
      throw error;
    }
  }

  /** Brings the best epoch's weights back, where early stopping is to; after an abort the last ones stay. */
  #restoreBest(): void {
    const best = this.#best;
    if (best === undefined) return;
    this.history.best = best.report;
    if (!this.#plan.earlyStopping?.restoreBest) return;
    const { layout } = this.#insides;
    layout.params().set(best.params);
    if (best.average !== undefined) layout.average()?.set(best.average);
  }

  /** Rows to train on and rows to hold back, both in the order in which they lie. */
  #split(rows: number, part: number): [Uint32Array, Uint32Array] {
    const { engine, description } = this.#insides;
    const held = Math.max(1, Math.round(rows * part));
    if (held >= rows) {
      throw new PropagoError(
        "ERR_CONFIG",
        `validation ${part} leaves ${rows - held} of ${rows} rows for training; hold back less, or pass data of its own`,
      );
    }
    const block = engine.allocate(rows * 4 + 16, "splitting the rows");
    const list = engine.words(block + 16, rows);
    for (let i = 0; i < rows; i++) list[i] = i;
    engine.core.permute(block, description.seed, STREAM_SPLIT, 0, block + 16, rows);
    const result: [Uint32Array, Uint32Array] = [list.slice(held).sort(), list.slice(0, held).sort()];
    engine.release(block);
    return result;
  }

  /** Chooses how many batches the next call makes, from how long the last one took. */
  #adapt(done: number, milliseconds: number): void {
    if (milliseconds < SLICE / 2 && done < this.#steps) return; // it ended early, at an epoch
    const ideal = (done * SLICE) / Math.max(milliseconds, 0.01);
    this.#steps = Math.max(1, Math.min(Math.floor(ideal), this.#steps * 4, 1e9));
  }

  /**
   * Adds reports of the epochs that the last call completed to the history, and gives the last of them; of `rates`, its
   * steps', number `end` was the first epoch's last.
   */
  #report(completed: number, seconds: number, rates: Float64Array | undefined, end: number): EpochReport | undefined {
    if (completed === 0) return undefined;
    const { layout, engine, description } = this.#insides;
    const { metrics, plateau } = this.#plan;
    const { epochs } = this.history;
    const validation = this.#validation;
    const evaluation = validation && layout.aside(() => this.#insides.measure(validation, metrics, this.#plan.threads));
    const stride = TALLY_SQUARES / 8 + (metrics.bits & METRIC_SQUARES ? this.#spread.length : 0);
    const sums = engine.doubles(layout.word(PLAN_REPORTS) >>> 0, completed * stride);
    const first = (layout.word(PLAN_EPOCH) >>> 0) - completed + 1;
    const rate = layout.double(PLAN_LEARNING_RATE);
    const each = seconds / completed;
    const samplesPerSecond = this.#rows / Math.max(each, 1e-9);
    for (let i = 0; i < completed; i++) {
      // All at once, since small networks end a million epochs a second.
      const report: EpochReport = {
        epoch: first + i,
        seconds: each,
        samplesPerSecond,
        learningRate: rates === undefined ? rate : rates[end + i * this.#updates],
        loss: sums[i * stride + TALLY_LOSS / 8] / this.#rows,
      };
      if (metrics.list.length > 0) {
        readTally(report, sums, i * stride, this.#rows, this.#rows, metrics, this.#spread, this.#kept?.scores);
      }
      epochs.push(report);
    }
    const last = epochs[epochs.length - 1];
    if (this.#search) last.evaluations = this.#search.evaluations;
    if (this.#penalised) last.penalty = engine.core.penalty(layout.plan);
    if (evaluation !== undefined) last.validation = evaluation;
    const settings = description.optimizer.schedule?.plateau;
    if (settings !== undefined && plateau !== undefined && this.#isNumber(last, plateau)) {
      watch(layout.plateau, settings, monitored(last, plateau), rises(plateau));
    }
    return last;
  }

  /** Whether what is watched can be compared; says why where it cannot. */
  #isNumber(report: EpochReport, monitor: string): boolean {
    const isNumber = !Number.isNaN(monitored(report, monitor));
    if (!isNumber) this.#diagnosis?.unwatchable(monitor, report.epoch);
    return isNumber;
  }

  /** Whether the rules for stopping say so after this epoch. */
  #isDone(report: EpochReport, targetLoss: number): boolean {
    if (report.loss <= targetLoss) {
      this.history.stopped = "targetLoss";
      return true;
    }
    const rule = this.#plan.earlyStopping;
    if (rule === undefined) return false;
    const value = monitored(report, rule.monitor);
    const gain = rises(rule.monitor) ? 1 : -1;
    const isFirst = this.#best === undefined || Number.isNaN(this.#best.value);
    this.#isNumber(report, rule.monitor);
    if (this.#best === undefined || isFirst || (value - this.#best.value) * gain > rule.minDelta) {
      const { layout } = this.#insides;
      this.#best = { report, value, params: layout.params().slice(), average: layout.average()?.slice() };
    }
    if (report.epoch - this.#best.report.epoch < rule.patience) return false;
    this.history.stopped = "earlyStopping";
    return true;
  }

  #isLate(milliseconds: number, timeLimit: number): boolean {
    if (milliseconds < timeLimit * 1000 || this.history.epochs.length === this.#epochs) return false;
    this.history.stopped = "timeLimit";
    return true;
  }

  /** Whether a search has come to its end. */
  #isFound(completed: number): boolean {
    const outcome = this.#search?.outcome;
    if (completed === 0 || (outcome !== "converged" && outcome !== "stalled")) return false;
    this.history.stopped = outcome;
    if (outcome === "stalled") this.#diagnosis?.stalled(this.#insides);
    return true;
  }

  /** Puts the last weights back that are known to be finite, and makes the optimizer forget. */
  #restoreGood(): void {
    const { layout, engine } = this.#insides;
    const good = engine.numbers(layout.word(PLAN_GOOD) >>> 0, layout.count);
    layout.params().set(good);
    layout.forget();
  }

  #diverged(): PropagoError {
    const { layout } = this.#insides;
    const loss = layout.double(PLAN_BATCH_LOSS);
    const batch = Math.floor(layout.word(PLAN_POSITION) / layout.word(PLAN_BATCH)) + 1;
    const epoch = (layout.word(PLAN_EPOCH) >>> 0) + 1;
    const previous = this.history.epochs.at(-1)?.loss;
    const found = this.#diagnosis?.ofDivergence(this.#insides, this.#dataset);
    if (!this.#search) this.#restoreGood();
    const last = previous === undefined ? "" : ` (the last epoch's was ${Number(previous.toPrecision(4))})`;
    // The loss may stay finite where weights do not: of units that are off, say.
    if (Number.isFinite(loss)) return divergence(`before epoch ${epoch}: weights are not finite`, NaN, found);
    return divergence(`at epoch ${epoch}, batch ${batch}${last}`, loss, found);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { layout, engine } = this.#insides;
    const isLost =
      layout.word(PLAN_STATUS) === FINE && engine.core.firstNonFinite(layout.paramsAddress, layout.count) >= 0;
    // While the data is there.
    const found = isLost ? this.#diagnosis?.ofDivergence(this.#insides, this.#dataset) : undefined;
    try {
      if (layout.word(PLAN_POSITION) > 0) {
        // An epoch was broken off: the next one is shuffled anew.
        layout.setWord(PLAN_EPOCH, layout.word(PLAN_EPOCH) + 1);
        layout.setWord(PLAN_POSITION, 0);
      }
      for (const guest of layout.guests) guest.release();
      layout.guests.clear();
    } finally {
      this.#insides.unlock();
    }
    if (!isLost) return;
    this.#restoreGood();
    throw divergence("after the last epoch: its weights are not finite", NaN, found);
  }
}

/** Without anybody who knows causes, the advice that mostly helps. */
function divergence(
  where: string,
  loss: number,
  [causes, advice] = ["", "Scale inputs and targets to about -1..1, or lower the learningRate, if there is one"],
): PropagoError {
  return new PropagoError(
    "ERR_DIVERGED",
    `loss became ${loss} ${where}${causes}; the last finite weights are back. ${advice}`,
  );
}

/** Trains to the end in one go. */
export function trainSync(insides: Insides, data: Data, options: FitOptions): History {
  const loop = new Loop(insides, data, options, true);
  for (const slice of loop.run()) void slice;
  return loop.history;
}

/** What searches: needed at once. */
function searchPart({ optimizer }: NetworkDescription): Parts["search"] {
  return need("search", `optimizer "${optimizer.name}" outside of fit`);
}

/** One update on all of the data as one batch; its loss before the update. */
export function trainStep(insides: Insides, data: Data): number {
  const { layout, engine, description } = insides;
  const part = description.optimizer.search && searchPart(description);
  insides.lock();
  try {
    const dataset = insides.dataset(data);
    try {
      insides.scale(dataset, dataset.rows);
      const batch = part ? chunkOf(description, layout, dataset.rows) : dataset.rows;
      const plan = layout.prepare(batch, "train");
      layout.setWord(PLAN_BATCH, batch);
      layout.setWord(PLAN_STATUS, FINE);
      layout.setWord(PLAN_SHUFFLE, IN_ORDER);
      layout.setWord(PLAN_METRIC, 0);
      layout.setWord(PLAN_POSITION, 0);
      const before = { params: layout.params().slice(), state: layout.state().slice(), progress: layout.progress };
      if (part) {
        const method = new part.Search(description, layout, dataset.address, dataset.rows);
        try {
          method.advance(Infinity);
        } finally {
          method.release();
        }
      } else {
        layout.writeRates(1);
        engine.core.train(plan, dataset.address, 1, 1, 1);
      }
      const loss = layout.double(PLAN_BATCH_LOSS);
      // Without a finite loss the core has not updated anything.
      const find = (): [string, string] | undefined => insides.warnings.diagnosis?.ofDivergence(insides, dataset);
      if (layout.word(PLAN_STATUS) === DIVERGED) throw divergence("in trainOnBatch", loss, find());
      // A single update is no epoch: shuffles to come stay what they were.
      layout.progress = { ...layout.progress, epoch: before.progress.epoch };
      if (engine.core.firstNonFinite(layout.paramsAddress, layout.count) < 0) return loss;
      const found = find();
      layout.params().set(before.params);
      layout.state().set(before.state);
      layout.progress = before.progress;
      throw divergence("after trainOnBatch's update", NaN, found);
    } finally {
      dataset.release();
    }
  } finally {
    insides.unlock();
  }
}

/** Waits for so many milliseconds. */
function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, milliseconds);
    // No reason for Node to stay alive.
    (timer as { unref?(): void }).unref?.();
  });
}

/** Lets the event loop turn once. */
export const turn: () => Promise<void> =
  typeof setImmediate === "function"
    ? () => new Promise((resolve) => setImmediate(resolve))
    : typeof MessageChannel === "function"
      ? () =>
          new Promise((resolve) => {
            // A message comes sooner than a timer, which pages delay by 4 ms.
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => {
              port1.close();
              resolve();
            };
            port2.postMessage(null);
          })
      : () => new Promise((resolve) => setTimeout(resolve, 0));

/**
 * A training under way. Awaited, it gives the `History`. Iterated, it gives a report after each epoch and trains on
 * only when the next is asked for; leaving the iteration stops the training, with "aborted" in the history.
 */
export class Training implements PromiseLike<History>, AsyncIterable<EpochReport> {
  readonly #loop: Loop | undefined;
  readonly #ended: Promise<History>;
  #resolve!: (history: History) => void;
  #reject!: (error: unknown) => void;
  readonly #slices: Iterator<Promise<void> | undefined, void> | undefined;
  readonly #signal: AbortSignal | undefined;
  #current: Promise<void> | undefined;
  /** While a slice runs: what callbacks do then, the loop notices itself. */
  #isWorking = false;
  #isIterated = false;
  #isDone = false;
  #error: unknown;
  #lastTurn = performance.now();

  /** @internal Made by `Network.fit`. */
  constructor(insides: () => Insides, data: Data, options: FitOptions) {
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    try {
      this.#loop = new Loop(insides(), data, options, false);
      this.#slices = this.#loop.run();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#signal = options.signal;
    this.#signal?.addEventListener("abort", this.#abort);
    // Whoever iterates does so before the next turn; otherwise the training runs by itself.
    void turn().then(() => this.#runFreely());
  }

  /** What was reached so far. */
  get history(): History {
    return this.#loop?.history ?? { epochs: [], stopped: "aborted" };
  }

  then<A = History, B = never>(
    fulfilled?: ((history: History) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#ended.then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<History | B> {
    return this.#ended.catch(rejected);
  }

  finally(settled?: (() => void) | null): Promise<History> {
    return this.#ended.finally(settled);
  }

  [Symbol.asyncIterator](): AsyncIterator<EpochReport, undefined> {
    this.#isIterated = true;
    this.#loop?.stopAtEpochs();
    // The iteration throws what goes wrong; the promise may stay unwatched.
    this.#ended.catch(() => {});
    let asked = 0;
    // Each answer waits for the one before it, also where several are asked for at once.
    let last: Promise<unknown> = Promise.resolve();
    return {
      next: () => {
        const index = asked++;
        const answer = last.then(() => this.#report(index));
        last = answer.catch(() => {});
        return answer;
      },
      return: () => {
        this.#stop();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** The report with this index, after as much training as it takes. */
  async #report(index: number): Promise<IteratorResult<EpochReport, undefined>> {
    const { epochs } = this.history;
    while (index >= epochs.length && !this.#isDone) await this.#slice();
    if (index < epochs.length) return { done: false, value: epochs[index] };
    if (this.#error !== undefined) throw this.#error;
    return { done: true, value: undefined };
  }

  async #runFreely(): Promise<void> {
    while (!this.#isDone && !this.#isIterated) await this.#slice();
  }

  /** One slice of work; whoever asks while it is under way awaits the same one. */
  #slice(): Promise<void> {
    return (this.#current ??= this.#work().finally(() => (this.#current = undefined)));
  }

  /** A slice, by this thread or workers, then, if enough time has gone by, a turn of the event loop. */
  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      const { done, value } = this.#slices?.next() ?? { done: true };
      if (done) this.#succeed();
      else if (value instanceof Promise) {
        await value;
        this.#lastTurn = performance.now();
      }
    } catch (error) {
      this.#fail(error);
      return;
    } finally {
      this.#isWorking = false;
    }
    const now = performance.now();
    if (!this.#isDone && now - this.#lastTurn >= SLICE) {
      await turn();
      this.#lastTurn = performance.now();
    }
  }

  /** The signal's listener: ends a training that waits to be asked for its next epoch. */
  readonly #abort = (): void => {
    if (this.#isWorking || this.#isDone) return;
    try {
      this.#loop?.abandon();
      this.#fail(this.#signal?.reason);
    } catch (error) {
      this.#fail(error);
    }
  };

  /** Stops between two batches. */
  #stop(): void {
    if (this.#isDone) return;
    try {
      this.#loop?.abandon();
      this.#succeed();
    } catch (error) {
      this.#fail(error);
    }
  }

  #succeed(): void {
    this.#end();
    this.#resolve(this.history);
  }

  #fail(error: unknown): void {
    this.#end();
    this.#error = error;
    this.#reject(error);
  }

  #end(): void {
    this.#isDone = true;
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}

function raise(error: Error): never {
  throw error;
}
