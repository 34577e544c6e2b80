// The loop over epochs, from the first batch to the last report. It is a generator, so that one loop serves both `fitSync`,
// which drives it at one go, and `fit`, which lets the event loop turn in between.
import {
  DIVERGED,
  FINE,
  IN_ORDER,
  METRIC_OUTPUTS,
  PLAN_BATCH,
  PLAN_BATCH_LOSS,
  PLAN_EPOCH,
  PLAN_GOOD,
  PLAN_LEARNING_RATE,
  PLAN_POSITION,
  PLAN_SHUFFLE,
  PLAN_STATUS,
  PLAN_STEP,
  PLAN_STEPS_DONE,
  PLAN_TARGET_LOSS,
} from "../../assembly/plan.ts";
import type { Data } from "../data/data.ts";
import type { PropagoError } from "../ground/errors.ts";
import { UNTOLD } from "../ground/marks.ts";
import { type TrainingWork, maySleep, refusalOfThreads, wantsThreads } from "../threads/sharing.ts";
import type { Layout } from "../memory/layout.ts";
import type { Model } from "../memory/model.ts";
import type { Late } from "../memory/samples.ts";
import { chunkOf } from "../search/chunk.ts";
import type { Search } from "../search/search.ts";
import { rises } from "../description/metrics.ts";
import type { Evaluation } from "../tables/metrics.ts";
import type { Crew } from "./crew.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { type Causes, divergence, restoreGood } from "./divergence.ts";
import { Epochs } from "./epochs.ts";
import { type FitOptions, type FitSettings, defaultEpochs, readFitOptions } from "./options.ts";
import { CREW, DIAGNOSIS, STATE, loadParts, searchPart } from "./parts.ts";
import { type EpochList, historyOf } from "./history.ts";
import { type BatchReport, type EpochReport, type History, monitored } from "./reports.ts";
import { type Slices, type Stream, type TrainingRows, readRows } from "./rows.ts";
import { Stopping } from "./stopping.ts";
import { Pace, SLICE, settled } from "./turns.ts";
import { refusePromise } from "../ground/promises.ts";
import type { Warnings } from "./warnings.ts";

/** One training, with everything that must be put right when it ends. */
export class Loop {
  readonly history: History;
  readonly #model: Model;
  /** This and what else is not private, checkpoints keep. */
  readonly warnings: Warnings;
  readonly settings: FitSettings;
  readonly isSync: boolean;
  /** Whether somebody may want to know of it. */
  readonly #isTold: boolean;
  readonly rows: TrainingRows;
  /** What brings rows in while they are trained on, where they do not come all at once. */
  readonly #stream: Stream | undefined;
  readonly #tallies: Epochs;
  readonly #done: EpochList;
  readonly stopping: Stopping;
  /** What decides about threads, and who makes the steps where there are several. */
  readonly #work: TrainingWork;
  #crew: Crew | undefined;
  readonly #pace: Pace;
  /** How many epochs there are to be, and how many batches each has. */
  readonly total: number;
  updates: number;
  /** The call of the core under way: when it began, updates made before it, and at most how many steps and epochs it makes. */
  #called = 0;
  #step = 0;
  #steps = 0;
  #most = 0;
  /** The rates of its steps, where each has one of its own, and the index of the first epoch's last step. */
  #rates: Float64Array | undefined;
  #end = 0;
  /** Whether somebody acts between epochs, so that a call of the core may complete only one. */
  #isSingle: boolean;
  /** The method at work, of an optimizer that searches. */
  search: Search | undefined;
  /** Who looks for what is wrong, if that part was there in time. */
  #diagnosis: Diagnosis | undefined;
  #isClosed = false;
  /** What is to be done before the next epoch begins; with true where there is none any more. */
  between: ((isOver?: boolean) => void) | undefined;
  /** When the training began, and its epoch; earlier where it goes on from a checkpoint. */
  begun = performance.now();
  since = this.begun;
  /** Whether workers are making steps, which nobody has counted yet. */
  isStepping = false;
  /** Where a search stood that goes on. */
  kept: Search["best"] | undefined;
  /** Called before the training is given up. */
  leaving: (() => void) | undefined;

  /**
   * Checks everything and copies the data in; on an error nothing has changed.
   * @throws PropagoError as `Network.fit` rejects with.
   */
  constructor(model: Model, warnings: Warnings, data: Data, options: FitOptions, isSync: boolean, stream?: Stream) {
    const { description, layout } = model;
    const { optimizer } = description;
    model.checkUsable();
    const settings = readFitOptions(options, description);
    settings.signal?.throwIfAborted();
    const isTold = !(UNTOLD in options);
    this.#stream = stream;
    if (isSync && optimizer.search) searchPart(description);
    // From here on nothing of the user's may throw but where it is caught: the network would stay locked.
    model.lock();
    this.#model = model;
    this.warnings = warnings;
    this.settings = settings;
    this.isSync = isSync;
    this.#isTold = isTold;
    const isPenalised = isTold && description.layers.some(({ l1, l2 }) => l1 > 0 || l2 > 0);
    this.#isSingle = isPenalised || stream !== undefined || actsBetweenEpochs(settings);
    try {
      // Before first weights are scaled to samples, these have to be there.
      const late: Late[] | undefined = isSync || maySleep || model.isUnscaled ? undefined : [];
      const rows = (this.rows = stream?.open(settings) ?? readRows(model, data, settings, late));
      const most = optimizer.search ? chunkOf(description, layout.trainable, rows.count) : settings.batchSize;
      const batch = most === "full" ? rows.count : Math.min(most, rows.count);
      this.updates = Math.ceil(rows.count / batch);
      this.total = settings.epochs ?? defaultEpochs(rows.count, batch * optimizer.accumulate);
      const operations = layout.parameters * batch * 6;
      this.#work = {
        engine: model.engine,
        asked: settings.threads,
        operations,
        late,
        judging: 2 * layout.parameters * (rows.validation?.count ?? 0),
        steps: this.updates * this.total,
        rows: batch,
        isSync,
        search: optimizer.search && optimizer.name,
      };
      this.#pace = new Pace(operations, description.layers.length, settings.onBatch !== undefined);
      this.#tallies = new Epochs(model, settings, rows, this.total, this.updates, isPenalised);
      this.#done = this.#tallies.list;
      this.history = historyOf(this.#done, this.total);
      this.stopping = new Stopping(settings, layout);
      prepare(model, rows, batch, settings);
      model.resumed?.(this);
      model.loop = this;
    } catch (error) {
      releaseAttachments(layout);
      model.unlock();
      throw error;
    }
  }

  get signal(): FitSettings["signal"] {
    return this.settings.signal;
  }

  /** Lets each call of the core end at an epoch. */
  stopAtEpochs(): void {
    this.#isSingle = true;
  }

  /** The epochs that are done. */
  get epochs(): EpochList {
    return this.#done;
  }

  /** Trains, and makes checkpoints where they are wanted. */
  run(): Slices {
    return this.settings.checkpoint === undefined ? this.slices() : STATE.need("checkpoint").keeping(this.#model, this);
  }

  /** Trains; yields after every slice, and whenever there is something to be awaited. */
  *slices(): Slices {
    const { layout } = this.#model;
    const { signal, onBatch, onEpoch } = this.settings;
    const stream = this.#stream;
    const done = this.#done;
    try {
      yield* this.#begin();
      while (done.count < this.total && this.history.stopped === "aborted") {
        signal?.throwIfAborted();
        if (layout.word(PLAN_POSITION) === 0) this.between?.();
        if (stream) this.updates = yield* stream.next();
        this.#planCall();
        const trained = yield* this.#train();
        const completed = stream?.count(trained) ?? trained;
        const now = performance.now();
        if (layout.word(PLAN_STATUS) === DIVERGED) throw this.#divergence();
        this.#pace.adapt(layout.word(PLAN_STEPS_DONE), now - this.#called);
        const batch = this.#batchReport(completed);
        if (completed > 0) {
          const judged = this.#crew && (yield* this.#crew.judge(this.rows.validation, this.settings.metrics));
          this.#report(completed, (now - this.since) / 1000, judged);
        }
        const stopped = this.#reasonToStop(completed, now - this.begun);
        if (stopped !== undefined) this.history.stopped = stopped;
        if (completed > 0) this.since = now;
        // After the epoch was counted, so that a checkpoint of this moment has it.
        if (batch !== undefined) yield* this.#answered(onBatch?.(batch), "onBatch");
        if (completed > 0) {
          this.#warn(completed, stopped !== undefined);
          if (onEpoch !== undefined) yield* this.#answered(onEpoch(done.lastReport()), "onEpoch");
        }
        yield;
      }
      this.stopping.finish(this.history);
      if (this.history.stopped === "aborted") this.history.stopped = "epochs";
    } finally {
      this.#close();
    }
  }

  /** Ends a loop that will not be driven to its end. */
  abandon(): void {
    if (this.#isClosed) return;
    this.leaving?.();
    this.history.stopped = "aborted";
    try {
      this.#crew?.abandon();
    } finally {
      this.#close();
    }
  }

  /** Gets parts and workers, and looks at the data. */
  *#begin(): Generator<Promise<void>, void> {
    const { description, layout } = this.#model;
    const { dataset, count } = this.rows;
    const isSearching = description.optimizer.search !== undefined;
    const isShared = this.#mayShare();
    if (!this.isSync) yield* loadParts(isShared, isSearching);
    if (isSearching) {
      const { Search } = searchPart(description);
      this.search = new Search(description, layout, dataset.address, count, this.kept);
      layout.attachments.add(this.search);
    }
    if (isShared) yield* this.#gather();
    const part = this.#isTold ? DIAGNOSIS.here : undefined;
    this.#diagnosis = part && new part.Diagnosis(this.#model, dataset, this.warnings);
    this.#diagnosis?.before(this.settings.asked, count);
    dataset.sources = undefined;
  }

  /** Whether several threads are wanted and possible, as far as can be said before there are any. */
  #mayShare(): boolean {
    if (!wantsThreads(this.#work)) return false;
    const missing = refusalOfThreads(this.#work);
    this.#tellMissing(missing);
    return missing === undefined;
  }

  /** Gets who makes the steps on several threads. */
  *#gather(): Generator<Promise<void>, void> {
    const { layout } = this.#model;
    const part = CREW.here;
    if (part === undefined) {
      for (const { copy, rows } of this.#work.late ?? []) copy(0, rows);
      this.#tellMissing('threads could not be started: "propago/threads" could not be loaded');
      return;
    }
    const crew = (this.#crew = new part.Crew(this.#model, this.#work));
    this.#tellMissing(yield* crew.gather());
    // Each worker needs a place to pack.
    layout.makeRoomForWorkers(crew.threads);
    layout.prepare(this.#work.rows, "train");
  }

  /** Tells who asked for several threads by number that there is one. */
  #tellMissing(missing: string | undefined): void {
    const { asked } = this.#work;
    if (asked === "auto" || missing === undefined) return;
    this.warnings.tell("WARN_THREADS", `threads: ${asked} has no effect: ${missing}`);
  }

  /** Decides what the next call of the core does at most. */
  #planCall(): void {
    const { layout } = this.#model;
    this.#called = performance.now();
    this.#step = layout.double(PLAN_STEP);
    const left = this.total - this.#done.count;
    this.#most = this.#isSingle
      ? 1
      : Math.min(left, layout.reports, this.#diagnosis?.epochsLeft(this.rows.count) ?? left);
    const begun = layout.word(PLAN_POSITION) / layout.word(PLAN_BATCH);
    // No further than the call goes, so that each step's rate is asked for once.
    this.#rates = layout.writeRates(Math.min(this.#pace.steps, this.#most * this.updates - begun));
    this.#steps = this.#rates?.length ?? this.#pace.steps;
    this.#end = this.updates - begun - 1;
  }

  /** Makes steps; gives the number of epochs that were completed. */
  *#train(): Generator<Promise<void>, number> {
    if (this.search !== undefined) return Number(this.search.advance(SLICE));
    const { engine, layout } = this.#model;
    const { address } = this.rows.dataset;
    if (this.#crew !== undefined) {
      this.isStepping = true;
      const completed = yield* this.#crew.train(address, this.#steps, this.#most);
      this.isStepping = false;
      return completed;
    }
    return engine.core.train(layout.plan, address, this.#steps, this.#most, 1);
  }

  /** What onBatch is to be told, before anything else changes the words that say it. */
  #batchReport(completed: number): BatchReport | undefined {
    if (this.settings.onBatch === undefined || (this.search !== undefined && completed === 0)) return undefined;
    const { layout } = this.#model;
    const loss = layout.double(PLAN_BATCH_LOSS);
    return { step: this.#step, loss, learningRate: layout.double(PLAN_LEARNING_RATE) };
  }

  /** Adds the epochs that were completed to the history, and lets reduceOnPlateau look at the last. */
  #report(completed: number, seconds: number, judged?: Evaluation): void {
    this.#tallies.add(completed, seconds, this.#rates, this.#end, judged);
    if (this.search !== undefined) this.#done.lastReport().evaluations = this.search.evaluations;
    const { plateau } = this.settings;
    const { layout, description } = this.#model;
    const { plateau: settings, watch } = description.optimizer.schedule ?? {};
    if (settings === undefined || plateau === undefined) return;
    const last = this.#done.lastReport();
    if (this.#canCompare(last, plateau)) watch?.(layout.plateau, settings, monitored(last, plateau), rises(plateau));
  }

  /** Why training ends now, before its last epoch; nothing if it goes on. */
  #reasonToStop(completed: number, milliseconds: number): History["stopped"] | undefined {
    const { timeLimit, earlyStopping, targetLoss } = this.settings;
    const done = this.#done;
    if (completed > 0) {
      if (earlyStopping && !(done.last <= targetLoss)) this.#canCompare(done.lastReport(), earlyStopping.monitor);
      const stopped = this.stopping.after(done);
      if (stopped !== undefined) return stopped;
    }
    if (milliseconds >= timeLimit * 1000 && done.count < this.total) return "timeLimit";
    const outcome = this.search?.outcome;
    if (completed === 0 || (outcome !== "converged" && outcome !== "stalled")) return undefined;
    if (outcome === "stalled") this.#diagnosis?.stalled();
    return outcome;
  }

  /** Whether a value that is watched is a number; says why not. */
  #canCompare(report: EpochReport, monitor: string): boolean {
    const isNumber = !Number.isNaN(monitored(report, monitor));
    if (!isNumber) this.#diagnosis?.unwatchable(monitor, report.epoch);
    return isNumber;
  }

  /** Puts what is newly found wrong into the last epoch's report and the history. */
  #warn(completed: number, isStopped: boolean): void {
    const { history } = this;
    const isEnd = isStopped || this.#done.count === this.total;
    this.#diagnosis?.after(this.rows.trained ?? this.rows.count, this.#done, completed, isEnd);
    const warnings = this.warnings.take();
    if (warnings === undefined) return;
    this.#done.lastReport().warnings = warnings;
    history.warnings = [...(history.warnings ?? []), ...warnings];
  }

  /** Waits for a promise that a callback gave; `fitSync` refuses it. */
  *#answered(value: unknown, callback: string): Generator<Promise<void>, void> {
    if (this.isSync) refusePromise(value, callback, "which fitSync cannot wait for; use fit");
    else yield* settled(value);
  }

  #divergence(): PropagoError {
    const { layout } = this.#model;
    const loss = layout.double(PLAN_BATCH_LOSS);
    const begun = Math.floor(layout.word(PLAN_POSITION) / layout.word(PLAN_BATCH));
    const batch = (this.#stream?.batches ?? 0) + begun + 1;
    const epoch = (layout.word(PLAN_EPOCH) >>> 0) + 1;
    const { count, last: previous } = this.#done;
    const causes = this.#causes();
    if (this.search === undefined) restoreGood(layout);
    const last = count === 0 ? "" : ` (the last epoch's was ${Number(previous.toPrecision(4))})`;
    // The loss may stay finite where weights do not: of units that are off, say.
    if (Number.isFinite(loss)) return divergence(`before epoch ${epoch}: weights are not finite`, NaN, causes);
    return divergence(`at epoch ${epoch}, batch ${batch}${last}`, loss, causes);
  }

  #causes(): Causes | undefined {
    return this.#isTold ? DIAGNOSIS.here?.causesOf(this.#model, this.rows.dataset) : undefined;
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.between?.(true);
    const { layout, engine } = this.#model;
    this.#model.loop = undefined;
    const isLost =
      layout.word(PLAN_STATUS) === FINE && engine.core.firstNonFinite(layout.paramsAddress, layout.count) >= 0;
    // While the data is there.
    const causes = isLost ? this.#causes() : undefined;
    try {
      if (layout.word(PLAN_POSITION) > 0) {
        // An epoch was broken off: the next one is shuffled anew.
        layout.setWord(PLAN_EPOCH, layout.word(PLAN_EPOCH) + 1);
        layout.setWord(PLAN_POSITION, 0);
      }
      releaseAttachments(layout);
    } finally {
      this.#model.unlock();
    }
    if (!isLost) return;
    restoreGood(layout);
    throw divergence("after the last epoch: its weights are not finite", NaN, causes);
  }
}

/** Whether anybody looks at each epoch before the next one begins. */
function actsBetweenEpochs({ validation, earlyStopping, plateau, onEpoch, metrics }: FitSettings): boolean {
  return (
    validation !== undefined ||
    earlyStopping !== undefined ||
    plateau !== undefined ||
    onEpoch !== undefined ||
    (metrics.bits & METRIC_OUTPUTS) > 0
  );
}

/** Makes the core ready for batches of so many rows. */
function prepare(
  model: Model,
  { dataset, trained, count }: TrainingRows,
  batch: number,
  { shuffle, targetLoss }: FitSettings,
): void {
  const { layout, engine } = model;
  model.lastThreads = 1;
  model.scaleFirstWeights(dataset, trained ?? count);
  layout.prepare(batch, "train");
  layout.setWord(PLAN_BATCH, batch);
  layout.setWord(PLAN_SHUFFLE, shuffle);
  layout.setWord(PLAN_POSITION, 0);
  layout.setDouble(PLAN_TARGET_LOSS, targetLoss);
  if (shuffle !== IN_ORDER) dataset.reorder();
  // What to come back to if the very first epoch leaves the finite numbers.
  const { heap, bytes } = engine;
  const params = layout.paramsAddress / bytes;
  heap.copyWithin((layout.word(PLAN_GOOD) >>> 0) / bytes, params, params + layout.count);
  layout.setWord(PLAN_STATUS, FINE);
}

function releaseAttachments(layout: Layout): void {
  for (const attachment of layout.attachments) attachment.release();
  layout.attachments.clear();
}
