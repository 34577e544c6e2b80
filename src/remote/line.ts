// The line to one worker: says hello to it, passes messages of several runs on, and notices when nobody answers any more.
import { PropagoError } from "../ground/errors.ts";
import type { WorkerLike } from "../training/options.ts";
import { type Answer, BEAT, type Order, SPOKEN, isOurs } from "./messages.ts";

/** What pages' workers and Node's have to hear them by. */
interface AnyWorker extends WorkerLike {
  postMessage(message: unknown, transfer?: unknown): void;
  addEventListener?(type: string, listener: (event: { data?: unknown; message?: unknown }) => void): void;
  on?(type: string, listener: (value: unknown) => void): void;
  ref?(): void;
  unref?(): void;
}

/** Milliseconds between two looks at the clock of silence, and how many of them may pass until a worker has started. */
const LOOK = 250;
const STARTS = 16;

/** How many may pass without a sign of life while it trains. */
const SILENT = Math.ceil(2800 / LOOK);

/** What the end of a line tells who uses it. */
export interface Listener {
  hear(answer: Answer): void;
  lost(error: PropagoError): void;
}

export class Line {
  /** Whether it answers. Rejects with the reason why it does not. */
  readonly ready: Promise<void>;
  /** Whether it is of the library's own, to be ended when nobody needs it. */
  readonly isOwn: boolean;
  /** Why it was lost, if it was. */
  lost: PropagoError | undefined;
  readonly #worker: AnyWorker;
  readonly #runs = new Map<number, Listener>();
  #resolve!: () => void;
  #reject!: (error: PropagoError) => void;
  #isReady = false;
  /** Looks since the last sign of life. A page that stood still itself looks but once. */
  #silent = 0;
  /** Further looks that may pass, for steps that take long. */
  #patience = 0;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(worker: WorkerLike, isOwn: boolean) {
    this.#worker = worker;
    this.isOwn = isOwn;
    this.ready = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ready.catch(() => {});
    this.#listen();
    this.#watch();
    this.#worker.postMessage({ propago: SPOKEN, run: -1, kind: "hello" } satisfies Order);
  }

  /** How many trainings use it. */
  get load(): number {
    return this.#runs.size;
  }

  /** Lets a run hear what is about it; a step of it may take so many milliseconds. */
  open(run: number, listener: Listener, slowest: number): void {
    this.#runs.set(run, listener);
    this.#patience = Math.max(this.#patience, Math.ceil(slowest / LOOK));
    this.#silent = 0;
    this.#watch();
  }

  close(run: number): void {
    this.#runs.delete(run);
    if (this.#runs.size > 0) return;
    this.#patience = 0;
    this.#rest();
  }

  send(order: Order, transfer: readonly unknown[] = []): void {
    this.#worker.postMessage(order, transfer);
  }

  /** Ends the worker, if it is of the library's own. */
  end(): void {
    this.#rest();
    if (this.isOwn) this.#worker.terminate();
    this.lost ??= new PropagoError("ERR_WORKER", "the worker was ended");
  }

  #listen(): void {
    const worker = this.#worker;
    const hear = (data: unknown): void => {
      this.#silent = 0;
      if (!isOurs(data)) return;
      const answer = data as Answer;
      if (answer.kind === "hello") {
        this.#isReady = true;
        if (this.#runs.size === 0) this.#rest();
        this.#resolve();
      } else this.#runs.get(answer.run)?.hear(answer);
    };
    const fail = (cause: unknown): void => {
      const text = cause instanceof Error ? cause.message : String(cause);
      this.#fail(text);
    };
    if (typeof worker.on === "function") {
      worker.on("message", hear);
      worker.on("error", fail);
      worker.on("exit", (code) => fail(`it ended with code ${String(code)}`));
      worker.unref?.();
    } else {
      worker.addEventListener?.("message", ({ data }) => hear(data));
      // What goes wrong later, in code of the user's, need not end a training.
      worker.addEventListener?.("error", ({ message }) => {
        if (!this.#isReady)
          fail(typeof message === "string" && message !== "" ? message : "its file cannot be loaded, or may not be");
      });
    }
  }

  /** Looks again and again whether it still answers. */
  #watch(): void {
    this.#worker.ref?.();
    this.#clock ??= setInterval(() => {
      if (++this.#silent <= (this.#isReady ? SILENT + this.#patience : STARTS)) return;
      this.#fail(
        this.#isReady
          ? "it no longer answers: it was ended, or something in it never ends"
          : 'it does not answer; its module must say import "propago/worker"',
      );
    }, LOOK);
  }

  #rest(): void {
    clearInterval(this.#clock);
    this.#clock = undefined;
    this.#worker.unref?.();
  }

  #fail(reason: string): void {
    if (this.lost !== undefined) return;
    const what = this.#isReady ? "was lost" : "did not start";
    this.lost = new PropagoError("ERR_WORKER", `the worker ${what}: ${reason}`);
    this.end();
    this.#reject(this.lost);
    for (const listener of this.#runs.values()) listener.lost(this.lost);
    this.#runs.clear();
  }
}

/** How often a worker that trains gives a sign of life. */
export const SIGNS = BEAT;
