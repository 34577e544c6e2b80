// The threads of an engine: started when a training first asks for them, kept for the next one, given back when nobody
// has needed them for a while. A team works for whoever started it, who awaits it, or blocks and is its first worker.
import type { Engine, Leader } from "../core/engine.ts";
import { PropagoError } from "../ground/errors.ts";
import { program } from "../generated/worker.ts";
import {
  CALL,
  COMMAND,
  DONE,
  LOST,
  PATIENCE,
  READY,
  RESULT,
  SHARED,
  TASK,
  type Start,
  arrivedOf,
  set,
  turnOf,
  wordsOf,
} from "./words.ts";
import { Watch, sleep } from "./waiting.ts";
import { leaderOf, shareEvenly } from "./leader.ts";
import { cores, nodeThreads, threadsMissing } from "./machine.ts";
import { maySleep } from "./sharing.ts";

/** What a page's workers have too, and what only Node's have. */
interface AnyWorker {
  terminate(): unknown;
  on?(event: string, listener: (value: unknown) => void): void;
  ref?(): void;
  unref?(): void;
}

/** Milliseconds without work after which a team goes home. */
const IDLE = 10_000;
/** Milliseconds without any progress after which a worker counts as lost. */
const LOST_AFTER = 2000;
/** Microseconds for which who waits looks before going to sleep, where each worker has a core. */
const LOOKING = 1000;

/** Where a page's workers find their program. */
let pageUrl: string | undefined;

export class Team {
  readonly size: number;
  /** Whether a command is under way, or its result not yet taken. */
  isBusy = false;
  readonly #engine: Engine;
  readonly #block: number;
  readonly #words: Int32Array;
  readonly #watch: Watch;
  readonly #workers: AnyWorker[] = [];
  /** Resumes who awaits the team, to look how things stand. */
  readonly #waiting = new Set<() => void>();
  #patience = LOST_AFTER;
  #leader: Leader | undefined;
  #lost: PropagoError | undefined;
  #ended: Promise<unknown> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(engine: Engine, size: number) {
    this.size = size;
    this.#engine = engine;
    this.#block = engine.allocate(wordsOf(size) * 4 + 64, "threads");
    const address = Math.ceil(this.#block / 64) * 64;
    this.#words = new Int32Array(engine.memory.buffer, address, wordsOf(size));
    this.#watch = new Watch(this.#words);
    const { module, memory } = engine;
    try {
      for (let me = 0; me < size; me++) this.#start({ module, memory, address, size, me });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Why a worker was lost, if one was. */
  get lost(): PropagoError | undefined {
    return this.#lost;
  }

  get isReady(): boolean {
    return this.#ended === undefined && Atomics.load(this.#words, READY) === this.size;
  }

  /** Waits until all workers are there or one of them failed. */
  waitUntilReady(): void {
    const words = this.#words;
    const since = performance.now();
    while (!this.isReady && this.#ended === undefined) {
      sleep(words, READY, Atomics.load(words, READY), 100);
      if (words[LOST] !== 0 || performance.now() - since > 5 * LOST_AFTER) this.#fail("it did not start");
    }
  }

  /** The same without blocking. */
  async untilReady(): Promise<void> {
    await this.#until(() => this.isReady);
  }

  /**
   * Lets `threads` of the workers make training steps, as the core's `train` does alone; without steps, evaluate.
   * `slowest`: the milliseconds that a step may take at most.
   */
  begin(plan: number, data: number, steps: number, epochs: number, threads: number, slowest: number): void {
    const words = this.#take(threads, slowest);
    words.set([plan, data, steps, epochs], CALL);
    set(words, COMMAND, words[COMMAND] + 1);
  }

  /**
   * Does something with this thread as the first of `threads` workers, and blocks meanwhile; not in a page's main thread.
   * @throws PropagoError ERR_WORKER if a worker was lost.
   */
  lead<R>(threads: number, slowest: number, work: () => R): R {
    const words = this.#take(threads, slowest);
    // The same one from call to call: what it has seen of the workers' speed would otherwise be forgotten with each.
    this.#engine.leader = this.#leader ??= leaderOf(words, this.size, (at, old) => {
      const since = performance.now();
      this.#watch.pass(at, old, () => {
        sleep(words, at, old, 100);
        if (words[LOST] !== 0) this.#fail("it ended");
        else if (performance.now() - since > this.#patience) this.#fail("it does not answer");
        if (this.#lost !== undefined) throw this.#lost;
      });
    });
    try {
      return work();
    } catch (error) {
      // Whoever is still at work must not write into what the caller brings back.
      for (let other = 1; other < threads; other++) {
        const done = Atomics.load(words, arrivedOf(other));
        if (done !== words[turnOf(other)]) sleep(words, arrivedOf(other), done, 100);
      }
      throw error;
    } finally {
      this.#engine.leader = undefined;
      this.#rest();
    }
  }

  /** Ends when what was begun is done, or never will be. */
  async done(): Promise<void> {
    await this.#until(() => this.#isDone);
  }

  /**
   * The result of what was begun, after waiting for it if need be.
   * @throws PropagoError ERR_WORKER if a worker was lost.
   */
  finish(): number {
    this.settle();
    this.#rest();
    if (!this.#isDone) throw this.#lost as PropagoError;
    return this.#words[RESULT];
  }

  /** Waits until what was begun is done, or a worker lost; how it went, `finish` tells. */
  settle(): void {
    const words = this.#words;
    let since = performance.now();
    for (let turn = 0; !this.#isDone && this.#ended === undefined;) {
      if (maySleep) sleep(words, DONE, words[COMMAND] - 1, 100);
      const now = performance.now();
      const latest = Atomics.load(words, turnOf(1));
      if (latest !== turn) since = now;
      turn = latest;
      if (words[LOST] !== 0) this.#fail("it ended");
      else if (now - since > this.#patience) this.#fail("it does not answer");
    }
  }

  /** Ends the workers; their words go back to the engine when none of them can write any more. */
  end(): void {
    clearTimeout(this.#idle);
    if (teams.get(this.#engine) === this) teams.delete(this.#engine);
    this.#ended ??= Promise.all(this.#workers.map((worker) => worker.terminate())).then(() => {
      this.#engine.release(this.#block);
      this.#notify();
    });
  }

  #take(threads: number, slowest: number): Int32Array {
    clearTimeout(this.#idle);
    this.isBusy = true;
    this.#patience = LOST_AFTER + slowest;
    this.#words[TASK]++;
    if (this.#words[SHARED] !== threads) {
      shareEvenly(this.#words, this.size, threads);
      this.#leader = undefined;
    }
    this.#words[SHARED] = threads;
    this.#words[PATIENCE] = threads > cores() ? 0 : LOOKING;
    return this.#words;
  }

  #rest(): void {
    this.isBusy = false;
    if (this.#ended !== undefined) return;
    this.#idle = setTimeout(() => {
      // What comes after a pause must be worth another start.
      this.#engine.threadWork = 0;
      this.end();
    }, IDLE);
    (this.#idle as { unref?(): void }).unref?.();
  }

  get #isDone(): boolean {
    return Atomics.load(this.#words, DONE) === this.#words[COMMAND];
  }

  #start(start: Start): void {
    const notify = (): void => this.#notify();
    const fail = (cause: unknown): void => this.#fail(cause);
    const node = nodeThreads();
    let worker: AnyWorker;
    if (node !== undefined) {
      // Without the options of this process, which may load what a worker does not need.
      worker = new node.Worker(program, { eval: true, workerData: start, execArgv: [], env: {} });
      worker.on?.("message", notify);
      worker.on?.("error", fail);
      worker.on?.("exit", (code) => this.#fail(`it ended with code ${String(code)}`));
      worker.unref?.();
    } else {
      pageUrl ??= URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
      const page = new Worker(pageUrl);
      page.onmessage = notify;
      page.onerror = ({ message }) => fail(message ?? "the page's Content-Security-Policy forbids blob: in worker-src");
      page.postMessage(start);
      worker = page;
    }
    this.#workers.push(worker);
  }

  /** Awaits a state of the words, or the team's end; a Node process stays alive meanwhile. */
  async #until(isReached: () => boolean): Promise<void> {
    for (const worker of this.#workers) worker.ref?.();
    while (!isReached() && this.#ended === undefined) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    await this.#ended;
    for (const worker of this.#workers) worker.unref?.();
  }

  #notify(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #fail(cause: unknown): void {
    if (this.#ended !== undefined) return;
    const text = cause instanceof Error ? cause.message : String(cause);
    // What could not start once will not do so a moment later.
    if (Atomics.load(this.#words, READY) < this.size) this.#engine.refusal = text;
    this.#lost = new PropagoError("ERR_WORKER", `a thread was lost: ${text}; try again, or with threads: 1`);
    this.end();
    this.#notify();
  }
}

const teams = new Map<Engine, Team>();

/** An engine's team, of at least so many; started if there is none and it may be. Nothing where there cannot be one now. */
export function teamOf(engine: Engine, size: number, mayStart = true): Team | undefined {
  if (threadsMissing(engine) !== undefined) return undefined;
  const team = teams.get(engine);
  if (team !== undefined && team.size >= size) return team;
  if (team?.isBusy || !mayStart) return undefined;
  team?.end();
  const started = new Team(engine, size);
  if (threadsMissing(engine) !== undefined) return undefined;
  teams.set(engine, started);
  return started;
}
