// A training under way, as `fit` gives it: awaited or iterated, it drives the loop in slices that leave the event loop alive.
import type { BatchSource, Data } from "../data/data.ts";
import type { Model } from "../memory/model.ts";
import type { AbortSignalLike } from "../ground/signal.ts";
import { Loop } from "./loop.ts";
import type { FitOptions } from "./options.ts";
import { type Part, wantedBy } from "../ground/parts.ts";
import { type Change, type Course, REMOTE, STREAMS, type Snapshot } from "./parts.ts";
import type { EpochReport, History } from "./reports.ts";
import type { Slices, Stream } from "./rows.ts";
import { SLICE, settled, turn } from "./turns.ts";
import type { Warnings } from "./warnings.ts";

/** Makes the loop of a training. */
type Begin = (options: FitOptions, stream?: Stream) => { run(): Slices };

/** Trains to the end in one go. */
export function trainSync(model: Model, warnings: Warnings, data: Data | BatchSource, options: FitOptions): History {
  let loop: Loop | undefined;
  const begin: Begin = (given, stream) => (loop = new Loop(model, warnings, data as Data, given, true, stream));
  for (const slice of slicesOf(model, data, options, true, begin)) void slice;
  return (loop as unknown as Loop).history;
}

/** The slices of a training here. */
function slicesOf(model: Model, data: Data | BatchSource, options: FitOptions, isSync: boolean, begin: Begin): Slices {
  return isSource(data) ? STREAMS.need("batches").courseOf(model, data, options, isSync, begin) : begin(options).run();
}

/** What `begin` gives; where that fails for want of a part, once the part is there. Nobody else has the model meanwhile. */
function begun(model: Model, begin: () => Slices): Slices {
  try {
    return begin();
  } catch (error) {
    const part = wantedBy(error);
    if (part === undefined) throw error;
    const slices = loading(model, part, () => begun(model, begin));
    // Into the generator, so that the model is locked, and unlocked also where nobody asks for more.
    slices.next();
    return slices;
  }
}

function* loading(model: Model, part: Part<object>, begin: () => Slices): Slices {
  model.lock();
  try {
    yield;
    yield* settled(part.load());
  } finally {
    model.unlock();
  }
  yield* begin();
}

/** Whether data is to come in pieces. */
function isSource(data: unknown): data is BatchSource {
  if (typeof data !== "object" || data === null) return typeof data === "function";
  try {
    return Symbol.asyncIterator in data || Symbol.iterator in data;
  } catch {
    return false; // a proxy that was revoked; whoever reads it says so
  }
}

/**
 * A training under way. Awaited, it gives the `History`. Iterated, it gives a report after each epoch and trains on
 * only when the next is asked for; leaving the iteration stops the training, with "aborted" in the history.
 */
export class Training implements PromiseLike<History>, AsyncIterable<EpochReport> {
  readonly #model: Model;
  #loop: Course | undefined;
  readonly #ended: Promise<History>;
  #resolve!: (history: History) => void;
  #reject!: (error: unknown) => void;
  readonly #slices: Slices | undefined;
  #signal: AbortSignalLike | undefined;
  /** Training goes on when this has settled. */
  #held: Promise<unknown> | undefined;
  #current: Promise<void> | undefined;
  /** While a slice runs: what callbacks do then, the loop notices itself. */
  #isWorking = false;
  #isIterated = false;
  #isDone = false;
  #failure: { error: unknown } | undefined;
  #lastTurn = performance.now();

  /** @internal Made by `Network.fit`. */
  constructor(model: Model, warnings: Warnings, data: Data | BatchSource, options: FitOptions) {
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#model = model;
    const enter = (loop: Course): Slices => {
      this.#loop = loop;
      if (this.#isIterated) loop.stopAtEpochs();
      // As it was read: a getter may give another one now, or throw.
      this.#signal = loop.signal;
      this.#signal?.addEventListener("abort", this.#abort);
      return loop.run();
    };
    const here = (given: FitOptions, stream?: Stream): Course =>
      new Loop(model, warnings, data as Data, given, false, stream);
    const begin: Begin = (given, stream) => {
      const slices = enter(here(given, stream));
      return { run: () => slices };
    };
    const start = (): Slices =>
      (options?.worker ?? false) === false
        ? slicesOf(model, data, options, false, begin)
        : REMOTE.need("worker").courseOf(model, warnings, data as Data, options, enter, () => here(options));
    try {
      this.#slices = begun(model, start);
    } catch (error) {
      void this.#loop?.abandon();
      this.#fail(error);
      return;
    }
    // Whoever iterates does so before the next turn; otherwise the training runs by itself.
    void turn().then(() => this.#runFreely());
  }

  /** What was reached so far. */
  get history(): History {
    return this.#loop?.history ?? { epochs: [], stopped: "aborted" };
  }

  /**
   * The weights as they are now; training goes on. With `worker` they come from there, and the network has them from then on:
   * ask for one, draw with `predict` or `activations`, and ask again.
   * @throws (rejects with) PropagoError ERR_WORKER where the worker is lost.
   */
  async snapshot(): Promise<Snapshot> {
    return (await REMOTE.load()).snapshot(this.#model, this.#loop);
  }

  /**
   * Changes a training under way from the next epoch on, and the network for good. Gives the last epoch before that.
   *
   * ```ts
   * for await (const { epoch } of training) if (epoch === 57) void training.change({ learningRate: 0.003 });
   * ```
   *
   * @throws (rejects with) PropagoError ERR_CONFIG for a value that cannot be, and where training has ended.
   */
  change(values: Change): Promise<number> {
    const loaded = REMOTE.load();
    this.#held = loaded.catch(() => {});
    return loaded.then((part) =>
      part.change(this.#model, this.#isDone ? undefined : this.#loop, values, this.#isWorking),
    );
  }

  /** As of a promise: what to do with the history, or with an error. */
  then<A = History, B = never>(
    fulfilled?: ((history: History) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#ended.then(fulfilled, rejected);
  }

  /** As of a promise: what to do with an error. */
  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<History | B> {
    return this.#ended.catch(rejected);
  }

  /** As of a promise: what to do in either case. */
  finally(settled?: (() => void) | null): Promise<History> {
    return this.#ended.finally(settled);
  }

  [Symbol.asyncIterator](): AsyncIterator<EpochReport, undefined> {
    this.#isIterated = true;
    this.#loop?.stopAtEpochs();
    // The iteration throws what goes wrong; the promise may stay unwatched.
    this.#ended.catch(() => {});
    // The last epoch that was given out.
    let given = 0;
    // Each answer waits for the one before it, also where several are asked for at once.
    let last: Promise<unknown> = Promise.resolve();
    return {
      next: () => {
        const answer = last.then(async () => {
          const report = await this.#reportAfter(given);
          if (report === undefined) return { done: true as const, value: undefined };
          given = report.epoch;
          return { done: false as const, value: report };
        });
        last = answer.catch(() => {});
        return answer;
      },
      return: async () => {
        await this.#stop();
        return { done: true, value: undefined };
      },
    };
  }

  /** The report after that of an epoch, after as much training as it takes; nothing where training has ended. */
  async #reportAfter(epoch: number): Promise<EpochReport | undefined> {
    for (;;) {
      const report = this.#loop?.epochs.after(epoch);
      if (report !== undefined) return report;
      if (this.#isDone) break;
      await this.#slice();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return undefined;
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
      if (this.#held) await this.#held;
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
    if (!this.#isWorking) void this.#stop(() => this.#fail(this.#signal?.reason));
  };

  /** Stops between two batches. */
  async #stop(end = () => this.#succeed()): Promise<void> {
    if (this.#isDone) return;
    try {
      // What waits for its first rows has no loop yet.
      if (!this.#loop) this.#slices?.return();
      const left = this.#loop?.abandon();
      if (left) await left;
      end();
    } catch (error) {
      this.#fail(error);
    }
  }

  #succeed(): void {
    this.#resolve(this.history);
    this.#end();
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#reject(error);
    this.#end();
  }

  #end(): void {
    this.#isDone = true;
    try {
      this.#signal?.removeEventListener("abort", this.#abort);
    } catch {
      // Signals may be of a class of the user's own; the training has ended.
    }
  }
}
