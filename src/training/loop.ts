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
} from "../../assembly/plan.ts";
import type { Data } from "../data/data.ts";
import type { PropagoError } from "../ground/errors.ts";
import { UNTOLD } from "../ground/marks.ts";
import { THREADS } from "../threads/sharing.ts";
import type { Layout } from "../memory/layout.ts";
import type { Model } from "../memory/model.ts";
import { chunkOf } from "../search/chunk.ts";
import type { Search } from "../search/search.ts";
import { Crew } from "./crew.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { type Causes, divergence, restoreGood } from "./divergence.ts";
import { Epochs } from "./epochs.ts";
import { type FitOptions, type FitSettings, defaultEpochs, readFitOptions } from "./options.ts";
import { DIAGNOSIS, loadParts, searchPart } from "./parts.ts";
import { type EpochReport, type History, monitored } from "./reports.ts";
import { type TrainingRows, readRows } from "./rows.ts";
import { Stopping } from "./stopping.ts";
import { Pace, SLICE, refusePromise, settled } from "./turns.ts";
import type { Warnings } from "./warnings.ts";

/** One call of the core: what it may do at most, and what is known before it. */
interface Call {
  began: number;
  /** Updates made before it. */
  step: number;
  steps: number;
  epochs: number;
  /** The rates of its steps, where each has one of its own. */
  rates: Float64Array | undefined;
  /** The index of the first epoch's last step. */
  end: number;
}

/** One training, with everything that must be put right when it ends. */
export class Loop {
  /** "aborted" until the loop has ended by itself. */
  readonly history: History = { epochs: [], stopped: "aborted" };
  readonly #model: Model;
  readonly #warnings: Warnings;
  readonly #settings: FitSettings;
  readonly #isSync: boolean;
  /** Whether somebody may want to know of it. */
  readonly #isTold: boolean;
  readonly #rows: TrainingRows;
  readonly #reports: Epochs;
  readonly #stopping: Stopping;
  readonly #crew: Crew;
  readonly #pace: Pace;
  /** How many epochs there are to be, and how many batches each has. */
  readonly #epochs: number;
  readonly #updates: number;
  /** Whether somebody acts between epochs, so that a call of the core may complete only one. */
  #isSingle: boolean;
  /** The method at work, of an optimizer that searches. */
  #search: Search | undefined;
  /** Who looks for what is wrong, if that part was there in time. */
  #diagnosis: Diagnosis | undefined;
  #isClosed = false;

  /**
   * Checks everything and copies the data in; on an error nothing has changed.
   * @throws PropagoError as `Network.fit` rejects with.
   */
  constructor(model: Model, warnings: Warnings, data: Data, options: FitOptions, isSync: boolean) {
    const { description, layout } = model;
    const { optimizer } = description;
    model.checkUsable();
    const settings = readFitOptions(options, description);
    settings.signal?.throwIfAborted();
    const isTold = !(UNTOLD in options);
    if (isSync && optimizer.search) searchPart(description);
    // From here on nothing of the user's may throw but where it is caught: the network would stay locked.
    model.lock();
    this.#model = model;
    this.#warnings = warnings;
    this.#settings = settings;
    this.#isSync = isSync;
    this.#isTold = isTold;
    const isPenalised = isTold && description.layers.some(({ l1, l2 }) => l1 > 0 || l2 > 0);
    this.#isSingle = isPenalised || actsBetweenEpochs(settings);
    try {
      const rows = (this.#rows = readRows(model, data, settings));
      const most = optimizer.search ? chunkOf(description, layout.trainable, rows.count) : settings.batchSize;
      const batch = most === "full" ? rows.count : Math.min(most, rows.count);
      this.#updates = Math.ceil(rows.count / batch);
      this.#epochs = settings.epochs ?? defaultEpochs(rows.count, batch * optimizer.accumulate);
      const operations = layout.parameters * batch * 6;
      this.#crew = new Crew(
        model,
        {
          engine: model.engine,
          asked: settings.threads,
          operations,
          steps: this.#updates * this.#epochs,
          rows: batch,
          isSync,
          search: optimizer.search && optimizer.name,
        },
        warnings,
      );
      this.#pace = new Pace(operations, description.layers.length, settings.onBatch !== undefined);
      this.#reports = new Epochs(model, settings, rows, this.#updates, isPenalised, this.history.epochs);
      this.#stopping = new Stopping(settings, layout);
      prepare(model, rows, batch, settings.shuffle, this.#crew.threads);
    } catch (error) {
      releaseAttachments(layout);
      model.unlock();
      throw error;
    }
  }

  get signal(): AbortSignal | undefined {
    return this.#settings.signal;
  }

  /** Lets each call of the core end at an epoch. */
  stopAtEpochs(): void {
    this.#isSingle = true;
  }

  /** Trains; yields after every slice, and whenever there is something to be awaited. */
  *run(): Generator<Promise<void> | undefined, void> {
    const { history } = this;
    const { layout } = this.#model;
    const { signal, onEpoch } = this.#settings;
    const started = performance.now();
    let since = started;
    try {
      yield* this.#begin();
      while (history.epochs.length < this.#epochs) {
        signal?.throwIfAborted();
        const call = this.#nextCall();
        const completed = yield* this.#train(call);
        const now = performance.now();
        if (layout.word(PLAN_STATUS) === DIVERGED) throw this.#divergence();
        yield* this.#afterCall(call, completed, now);
        const last = completed > 0 ? this.#report(call, completed, (now - since) / 1000) : undefined;
        const stopped = this.#reasonToStop(last, now - started);
        if (stopped !== undefined) history.stopped = stopped;
        if (last !== undefined) {
          since = now;
          this.#warn(last, completed, stopped !== undefined);
          yield* this.#answered(onEpoch?.(last), "onEpoch");
        }
        yield;
        if (stopped !== undefined) break;
      }
      this.#stopping.finish(history);
      if (history.stopped === "aborted") history.stopped = "epochs";
    } finally {
      this.#close();
    }
  }

  /** Ends a loop that will not be driven to its end. */
  abandon(): void {
    if (this.#isClosed) return;
    this.history.stopped = "aborted";
    try {
      this.#crew.abandon();
    } finally {
      this.#close();
    }
  }

  /** Gets parts and workers, and looks at the data. */
  *#begin(): Generator<Promise<void>, void> {
    const { description, engine, layout } = this.#model;
    const { dataset, count } = this.#rows;
    const isSearching = description.optimizer.search !== undefined;
    const isShared = this.#crew.threads > 1;
    if (!this.#isSync) {
      yield* loadParts(isShared, isSearching);
      if (isShared && !THREADS.here) engine.refusal = '"propago/threads" could not be loaded';
    }
    if (isSearching) {
      const { Search } = searchPart(description);
      this.#search = new Search(description, layout, dataset.address, count);
      layout.guests.add(this.#search);
    }
    yield* this.#crew.gather();
    const part = this.#isTold ? DIAGNOSIS.here : undefined;
    this.#diagnosis = part && new part.Diagnosis(this.#model, dataset, this.#warnings);
    this.#diagnosis?.before(this.#settings.asked, count);
    dataset.sources = undefined;
  }

  #nextCall(): Call {
    const { layout } = this.#model;
    const began = performance.now();
    const step = layout.double(PLAN_STEP);
    const left = this.#epochs - this.history.epochs.length;
    const epochs = this.#isSingle
      ? 1
      : Math.min(left, layout.reports, this.#diagnosis?.epochsLeft(this.#rows.count) ?? left);
    const begun = layout.word(PLAN_POSITION) / layout.word(PLAN_BATCH);
    // No further than the call goes, so that each step's rate is asked for once.
    const rates = layout.writeRates(Math.min(this.#pace.steps, epochs * this.#updates - begun));
    return { began, step, epochs, steps: rates?.length ?? this.#pace.steps, rates, end: this.#updates - begun - 1 };
  }

  /** Gives the number of epochs that were completed. */
  *#train({ steps, epochs }: Call): Generator<Promise<void>, number> {
    if (this.#search !== undefined) return Number(this.#search.advance(SLICE));
    return yield* this.#crew.train(this.#rows.dataset.address, steps, epochs);
  }

  /** Tells of the batch, where somebody wants to know; otherwise chooses how many steps the next call makes. */
  *#afterCall({ step, began }: Call, completed: number, now: number): Generator<Promise<void>, void> {
    const { layout } = this.#model;
    const { onBatch } = this.#settings;
    this.#pace.adapt(layout.word(PLAN_STEPS_DONE), now - began);
    if (onBatch === undefined || (this.#search !== undefined && completed === 0)) return;
    const loss = layout.double(PLAN_BATCH_LOSS);
    const learningRate = layout.double(PLAN_LEARNING_RATE);
    yield* this.#answered(onBatch({ step, loss, learningRate }), "onBatch");
  }

  /** Reports the epochs that were completed, and gives the last report. */
  #report({ rates, end }: Call, epochs: number, seconds: number): EpochReport {
    const last = this.#reports.add({ epochs, seconds, rates, end });
    if (this.#search !== undefined) last.evaluations = this.#search.evaluations;
    this.#checkWatched(last, this.#settings.plateau);
    this.#reports.watchPlateau(last);
    return last;
  }

  /** Why training ends now, before its last epoch; nothing if it goes on. */
  #reasonToStop(last: EpochReport | undefined, milliseconds: number): History["stopped"] | undefined {
    const { timeLimit, earlyStopping, targetLoss } = this.#settings;
    if (last !== undefined) {
      if (last.loss > targetLoss) this.#checkWatched(last, earlyStopping?.monitor);
      const stopped = this.#stopping.after(last);
      if (stopped !== undefined) return stopped;
    }
    if (milliseconds >= timeLimit * 1000 && this.history.epochs.length < this.#epochs) return "timeLimit";
    const outcome = this.#search?.outcome;
    if (last === undefined || (outcome !== "converged" && outcome !== "stalled")) return undefined;
    if (outcome === "stalled") this.#diagnosis?.stalled();
    return outcome;
  }

  /** Says why a value that is watched cannot be compared, where it is no number. */
  #checkWatched(report: EpochReport, monitor: string | undefined): void {
    if (monitor === undefined || !Number.isNaN(monitored(report, monitor))) return;
    this.#diagnosis?.unwatchable(monitor, report.epoch);
  }

  /** Puts what is newly found wrong into the last epoch's report and the history. */
  #warn(last: EpochReport, completed: number, isStopped: boolean): void {
    const { history } = this;
    const isEnd = isStopped || history.epochs.length === this.#epochs;
    this.#diagnosis?.after(this.#rows.trained ?? this.#rows.count, history.epochs, completed, isEnd);
    const warnings = this.#warnings.take();
    if (warnings === undefined) return;
    last.warnings = warnings;
    history.warnings = [...(history.warnings ?? []), ...warnings];
  }

  /** Waits for a promise that a callback gave; `fitSync` refuses it. */
  *#answered(value: unknown, callback: string): Generator<Promise<void>, void> {
    if (this.#isSync) refusePromise(value, callback);
    else yield* settled(value);
  }

  #divergence(): PropagoError {
    const { layout } = this.#model;
    const loss = layout.double(PLAN_BATCH_LOSS);
    const batch = Math.floor(layout.word(PLAN_POSITION) / layout.word(PLAN_BATCH)) + 1;
    const epoch = (layout.word(PLAN_EPOCH) >>> 0) + 1;
    const previous = this.history.epochs.at(-1)?.loss;
    const causes = this.#causes();
    if (this.#search === undefined) restoreGood(layout);
    const last = previous === undefined ? "" : ` (the last epoch's was ${Number(previous.toPrecision(4))})`;
    return divergence(`at epoch ${epoch}, batch ${batch}${last}`, loss, causes);
  }

  #causes(): Causes | undefined {
    return this.#isTold ? DIAGNOSIS.here?.causesOf(this.#model, this.#rows.dataset) : undefined;
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { layout, engine } = this.#model;
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
function actsBetweenEpochs({ validation, earlyStopping, plateau, onEpoch, targetLoss, metrics }: FitSettings): boolean {
  return (
    validation !== undefined ||
    earlyStopping !== undefined ||
    plateau !== undefined ||
    onEpoch !== undefined ||
    targetLoss > -Infinity ||
    (metrics.bits & METRIC_OUTPUTS) > 0
  );
}

/** Makes the core ready for batches of so many rows. */
function prepare(
  model: Model,
  { dataset, trained, count }: TrainingRows,
  batch: number,
  shuffle: FitSettings["shuffle"],
  threads: number,
): void {
  const { layout, engine } = model;
  layout.workers = Math.max(layout.workers, threads);
  layout.threads = 1;
  model.scaleFirstWeights(dataset, trained ?? count);
  layout.prepare(batch, "train");
  layout.setWord(PLAN_BATCH, batch);
  layout.setWord(PLAN_SHUFFLE, shuffle);
  layout.setWord(PLAN_POSITION, 0);
  if (shuffle !== IN_ORDER) dataset.reorder();
  // What to come back to if the very first epoch leaves the finite numbers.
  const params = layout.params();
  engine.numbers(layout.word(PLAN_GOOD) >>> 0, params.length).set(params);
  layout.setWord(PLAN_STATUS, FINE);
}

function releaseAttachments(layout: Layout): void {
  for (const attachment of layout.guests) attachment.release();
  layout.guests.clear();
}
