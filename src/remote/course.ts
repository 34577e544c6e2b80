// A training in a worker, as the thread sees it that asked for it: sends network and data there, enters what is reported
// into the history, and has the network as the worker leaves it at the end.
import type { Data } from "../data/data.ts";
import { PropagoError } from "../ground/errors.ts";
import { Part } from "../ground/parts.ts";
import type { AbortSignalLike } from "../ground/signal.ts";
import type { Model } from "../memory/model.ts";
import type { FloatArray } from "../ground/arrays.ts";
import { EpochList, historyOf } from "../training/history.ts";
import { type FitOptions, type FitSettings, type WorkerChoice, readFitOptions } from "../training/options.ts";
import type { Change, Course } from "../training/parts.ts";
import type { Slices } from "../training/rows.ts";
import type { EpochReport, History } from "../training/reports.ts";
import { settled, turn } from "../training/turns.ts";
import type { Warnings } from "../training/warnings.ts";
import type { Line } from "./line.ts";
import { type Answer, type Failure, type Order, SPOKEN } from "./messages.ts";
import { cannotMove, takeApart } from "./pieces.ts";
import { enter } from "./reporting.ts";
import { standingOf, takeStanding } from "./standing.ts";
import { leave, lineTo } from "./workers.ts";

/** Parts that change what a training does or says. */
const PARTS = ["complete", "float64", "relaxed", "search", "state"];

/** Milliseconds between two turns while data is sent. */
const SENDING = 6;

let runs = 0;

/**
 * Trains in a worker; where the library cannot start one, tells why and trains here. Options are checked, data is taken, and
 * the model is locked, at once.
 */
export function courseOf(
  model: Model,
  warnings: Warnings,
  data: Data,
  options: FitOptions,
  begin: (loop: Course) => Slices,
  here: () => Course,
): Slices {
  model.checkUsable();
  const settings = readFitOptions(options, model.description);
  settings.signal?.throwIfAborted();
  refuseFunctions(settings, model);
  refuseBatches(data);
  model.lock();
  try {
    const course = new RemoteCourse(model, warnings, data, options, settings);
    const slices = drive(course, begin(course), begin, here);
    // Into the generator, so that its end gives everything back, also where nobody asks for more.
    slices.next();
    return slices;
  } catch (error) {
    model.unlock();
    throw error;
  }
}

/** Drives a training in a worker to its end, or begins one here. */
function* drive(course: RemoteCourse, slices: Slices, begin: (loop: Course) => Slices, here: () => Course): Slices {
  try {
    yield;
    if (yield* course.findWorker()) return yield* slices;
  } finally {
    course.close();
  }
  course.signal?.throwIfAborted();
  yield* begin(here());
}

/** Batches are made by code of the user's, which cannot move. */
function refuseBatches(data: unknown): void {
  const isSource =
    typeof data === "object" && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data);
  if (!isSource && typeof data !== "function") return;
  throw new PropagoError(
    "ERR_CONFIG",
    "worker: batches are made by code in this thread; pass { x, y }, or leave worker out, or make the network and its batches in " +
      "a worker of your own",
  );
}

/** What holds functions of the user's cannot move. */
function refuseFunctions({ onBatch }: FitSettings, { description }: Model): void {
  const { schedule } = description.optimizer;
  if (schedule !== undefined && schedule.spec === undefined) {
    throw new PropagoError(
      "ERR_CONFIG",
      "worker: this learningRate is a function, which cannot be sent to a worker; name a schedule, or leave worker out",
    );
  }
  if (onBatch !== undefined) {
    throw new PropagoError(
      "ERR_CONFIG",
      "worker: onBatch is called in the thread that trains; use onEpoch, or leave worker out",
    );
  }
}

type Say<O> = O extends { propago: unknown } ? Omit<O, "propago" | "run"> : never;

/** Settles the promise of something that was asked for. */
interface Waiting {
  resolve(value: number): void;
  reject(error: unknown): void;
}

export class RemoteCourse implements Course {
  readonly history: History;
  readonly signal: AbortSignalLike | undefined;
  /** Reports are found by whoever iterates: the newest. */
  readonly epochs = { after: (epoch: number): EpochReport | undefined => this.#newest(epoch) };
  readonly #model: Model;
  readonly #warnings: Warnings;
  readonly #options: FitOptions;
  readonly #settings: FitSettings;
  readonly #run = ++runs;
  readonly #sent: ReturnType<typeof takeApart>;
  readonly #list: EpochList;
  #line: Line | undefined;
  /** Orders that wait until the worker has everything. */
  readonly #later: Say<Order>[] = [];
  /** What was heard and not looked at yet, and who waits for it. */
  #answers: Answer[] = [];
  #hear: (() => void) | undefined;
  #waiting = new Map<number, Waiting>();
  #asked = 0;
  #isWatched = false;
  #isClosed = false;
  /** Whether the worker has everything, and trains. */
  #isGoing = false;
  #lost: PropagoError | undefined;
  /** Whether weights have come from the worker that the network had not before. */
  #hasNews = false;

  constructor(model: Model, warnings: Warnings, data: Data, options: FitOptions, settings: FitSettings) {
    this.#model = model;
    this.#warnings = warnings;
    const { signal: _signal, onEpoch: _onEpoch, worker: _worker, ...others } = options;
    this.#sent = takeApart({ data: { ...data }, options: others });
    this.#options = options;
    this.#settings = settings;
    this.signal = settings.signal;
    this.#isWatched = settings.onEpoch !== undefined;
    const keys = settings.metrics.list.map(({ key }) => key);
    this.#list = new EpochList(0, 0, keys, settings.earlyStopping !== undefined);
    this.history = historyOf(this.#list, settings.epochs ?? Infinity);
  }

  /** Gets a worker; tells why not where the library was to start one and could not. */
  *findWorker(): Generator<Promise<void>, boolean> {
    const { worker } = this.#options;
    let line: Line | undefined;
    let failure: unknown;
    yield* settled(
      lineTo(worker as WorkerChoice).then(
        (found) => {
          this.#line = line = found;
          if (this.#isClosed) leave(found);
        },
        (error: unknown) => (failure = error),
      ),
    );
    if (line !== undefined) return true;
    if (worker !== true) throw failure;
    const { message } = failure as Error;
    this.#warnings.tell("WARN_WORKER", `worker: true has no effect, training goes on in this thread: ${message}`);
    return false;
  }

  *run(): Slices {
    this.signal?.throwIfAborted();
    this.signal?.addEventListener("abort", this.#stop);
    yield* this.#send();
    for (let isOver = false; !isOver;) {
      if (this.#answers.length === 0) yield* this.#next();
      const answer = this.#answers.shift();
      if (answer !== undefined) isOver = yield* this.#take(answer);
    }
  }

  stopAtEpochs(): void {
    this.#isWatched = true;
    if (this.#isGoing) this.#say({ kind: "watch" });
  }

  async abandon(): Promise<void> {
    if (this.#isClosed) return;
    this.#stop();
    try {
      for (let isOver = !this.#isGoing; !isOver;) {
        if (this.#answers.length === 0 && this.#lost === undefined)
          await new Promise<void>((resolve) => (this.#hear = resolve));
        const answer = this.#answers.shift();
        if (answer === undefined) throw this.#loss();
        isOver = this.#enter(answer);
        if (answer.kind === "failed") throw errorOf(answer.failure);
      }
    } finally {
      this.history.stopped = "aborted";
      this.close();
    }
  }

  /** The weights as they are there, which the network then has too. */
  snapshot(): Promise<number> {
    return this.#ask((id) => ({ kind: "want", id }));
  }

  change(values: Change): Promise<number> {
    return this.#ask((id) => ({ kind: "change", id, values }));
  }

  get isOver(): boolean {
    return this.#isClosed;
  }

  readonly #stop = (): void => this.#say({ kind: "stop" });

  /** Gives everything back. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.signal?.removeEventListener("abort", this.#stop);
    const line = this.#line;
    if (line !== undefined) {
      line.close(this.#run);
      leave(line);
    }
    const error = this.#lost ?? new PropagoError("ERR_CONFIG", "the training has ended");
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    this.#model.unlock();
  }

  /** Sends network, options and data. */
  *#send(): Slices {
    const { description } = this.#model;
    const standing = standingOf(this.#model, this.#warnings);
    const slowest = (description.layers.length + this.#model.layout.parameters * rowsAtOnce(this.#options)) / 2e5;
    const line = this.#line as Line;
    line.open(
      this.#run,
      { hear: (answer) => this.#heard(answer), lost: (error) => this.#fall(error) },
      Math.min(slowest, 60_000),
    );
    const { head, pieces } = this.#sent;
    try {
      this.#say({
        kind: "open",
        spec: description.spec,
        build: description.build === "relaxed" ? "relaxed" : "simd",
        parts: PARTS.filter((name) => new Part(name).here !== undefined),
        standing,
        ...(head as { data: unknown; options: FitOptions }),
        isWatched: this.#isWatched,
      });
      let turned = performance.now();
      for (const { transfer, ...piece } of pieces) {
        this.#say({ kind: "piece", ...piece }, transfer);
        if (performance.now() - turned < SENDING) continue;
        yield* settled(turn());
        this.signal?.throwIfAborted();
        turned = performance.now();
      }
    } catch (error) {
      this.#stop();
      throw this.signal?.aborted ? error : cannotMove(error);
    }
    this.#say({ kind: "go" });
    this.#isGoing = true;
    if (this.#isWatched) this.#say({ kind: "watch" });
    for (const order of this.#later.splice(0)) this.#say(order);
  }

  #say(order: Say<Order>, transfer?: readonly unknown[]): void {
    if (this.#line?.lost === undefined) this.#line?.send({ propago: SPOKEN, run: this.#run, ...order }, transfer);
  }

  #heard(answer: Answer): void {
    const { kind } = answer;
    if (kind === "weights" || kind === "changed" || kind === "refused") {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (kind === "refused") return waiting?.reject(errorOf(answer.failure));
      if (kind === "weights") this.#bring(answer.params);
      waiting?.resolve(answer.epoch);
      return;
    }
    this.#answers.push(answer);
    // At once, not when somebody looks: a page may be busy, and the worker is not to wait for it.
    if (kind === "report" && !this.#isWatched) this.#say({ kind: "next" });
    this.#hear?.();
    this.#hear = undefined;
  }

  #fall(error: PropagoError): void {
    this.#lost = error;
    this.#hear?.();
    this.#hear = undefined;
  }

  /** Waits until something is heard. */
  *#next(): Generator<Promise<void>, void> {
    if (this.#lost !== undefined) throw this.#loss();
    yield new Promise<void>((resolve) => (this.#hear = resolve));
    if (this.#lost !== undefined && this.#answers.length === 0) throw this.#loss();
  }

  /** What to say of a lost worker, with the network as it was last heard of. */
  #loss(): PropagoError {
    const { layout } = this.#model;
    if (this.#hasNews) layout.forget();
    const now = this.#hasNews
      ? "The weights of the last snapshot are here, and the optimizer starts anew"
      : "The network is as it was";
    return new PropagoError("ERR_WORKER", `${this.#lost?.message}; try again, or without worker. ${now}`, {
      cause: this.#lost,
    });
  }

  /** Takes an answer; tells whether it was the last. */
  *#take(answer: Answer): Generator<Promise<void> | undefined, boolean> {
    const isOver = this.#enter(answer);
    if (answer.kind === "failed") throw errorOf(answer.failure);
    if (answer.kind === "report") {
      const { onEpoch } = this.#settings;
      if (onEpoch !== undefined) yield* settled(onEpoch(this.#list.lastReport()));
      yield;
      if (this.#isWatched) this.#say({ kind: "next" });
    }
    if (isOver && this.signal?.aborted) this.signal.throwIfAborted();
    if (answer.kind === "end") yield* this.#tellLast(answer);
    return isOver;
  }

  /** Epochs after the last report are told at the end. */
  *#tellLast({ columns }: Answer & { kind: "end" }): Generator<Promise<void>, void> {
    const { onEpoch } = this.#settings;
    if (onEpoch !== undefined && columns.records.length > 0) yield* settled(onEpoch(this.#list.lastReport()));
  }

  /** Enters what an answer says; tells whether it was the last. */
  #enter(answer: Answer): boolean {
    switch (answer.kind) {
      case "begun":
        this.#list.rows = answer.rows;
        return false;
      case "report":
        enter(this.#list, answer.columns);
        if (answer.params !== undefined) this.#bring(answer.params);
        return false;
      case "failed":
        if (answer.columns !== undefined) enter(this.#list, answer.columns);
        if (answer.standing !== undefined) takeStanding(this.#model, this.#warnings, answer.standing);
        return true;
      case "end":
        enter(this.#list, answer.columns);
        takeStanding(this.#model, this.#warnings, answer.standing);
        this.history.stopped = answer.stopped;
        if (answer.best !== undefined) this.history.best = this.#list.after(answer.best - 1);
        if (answer.warnings !== undefined) this.history.warnings = answer.warnings;
        return true;
      default:
        return false;
    }
  }

  #bring(params: FloatArray): void {
    this.#model.layout.params().set(params);
    this.#hasNews = true;
  }

  #newest(epoch: number): EpochReport | undefined {
    const list = this.#list;
    if (list.count === 0) return undefined;
    const last = list.lastReport();
    return last.epoch > epoch ? last : undefined;
  }

  #ask(order: (id: number) => Say<Order>): Promise<number> {
    return new Promise((resolve, reject) => {
      const id = ++this.#asked;
      this.#waiting.set(id, { resolve, reject });
      if (this.#isGoing) this.#say(order(id));
      else this.#later.push(order(id));
    });
  }
}

/** Rows of a step, about, where that can be told. */
function rowsAtOnce({ batchSize }: FitOptions): number {
  return batchSize === "full" ? 1e5 : typeof batchSize === "number" ? Math.min(batchSize, 1e5) : 32;
}

/** The error that a worker has sent. */
function errorOf({ name, code, message, stack }: Failure): Error {
  const error =
    code === undefined
      ? Object.assign(new Error(message), { name })
      : new PropagoError(code as PropagoError["code"], message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
