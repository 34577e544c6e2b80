// Letting the event loop turn: how long a slice of training is, and how a loop waits for what takes time.
import { isPromise } from "../ground/promises.ts";

/** Milliseconds of training between two turns of the event loop: fewer where a page has to be drawn in between. */
export const SLICE = typeof document === "undefined" ? 10 : 6;

const later = (resolve: () => void): void => void setTimeout(resolve, 0);

/** What may be there: asked for below globalThis, since Next warns of a mere name that its edge runtime does not have. */
const host = globalThis as Partial<Pick<typeof globalThis, "setImmediate" | "MessageChannel">>;

/** What calls a function at the event loop's next turn. */
let soon =
  host.setImmediate !== undefined
    ? (resolve: () => void): void => void globalThis.setImmediate(resolve)
    : host.MessageChannel !== undefined
      ? (resolve: () => void): void => {
          // A message comes sooner than a timer, which pages delay by 4 ms.
          const { port1, port2 } = new globalThis.MessageChannel();
          port1.onmessage = () => {
            port1.close();
            resolve();
          };
          port2.postMessage(null);
        }
      : later;

/** Lets the event loop turn once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    try {
      soon(resolve);
    } catch {
      // Next's edge runtime has setImmediate, but a call of it throws. From now on timers are used there.
      soon = later;
      later(resolve);
    }
  });
}

/** Waits for so many milliseconds; a Node process does not stay alive for it. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, milliseconds);
    (timer as { unref?(): void }).unref?.();
  });
}

/**
 * Waits, by yielding, for a value that may be a promise, and throws what it is rejected with: here, inside the loop, which
 * can put everything right.
 */
export function* settled(value: unknown): Generator<Promise<void>, void> {
  if (!isPromise(value)) return;
  const failures: unknown[] = [];
  yield Promise.resolve(value).then(
    () => {},
    (error: unknown) => void failures.push(error),
  );
  if (failures.length > 0) throw failures[0];
}

/** How many steps a call of the core makes, so that it takes about one slice. */
export class Pace {
  steps: number;
  readonly #isSingle: boolean;

  /** `operations`: those of a step; `isSingle`: whether somebody wants to know of each step. */
  constructor(operations: number, layers: number, isSingle: boolean) {
    // A first guess of 5 GFLOP/s; measured afterwards.
    const seconds = 2e-7 * layers + operations / 5e9;
    this.#isSingle = isSingle;
    this.steps = isSingle ? 1 : Math.max(1, Math.floor(SLICE / 1000 / seconds));
  }

  /** Notes how long so many steps took. */
  adapt(done: number, milliseconds: number): void {
    if (this.#isSingle || (milliseconds < SLICE / 2 && done < this.steps)) return; // it ended early, at an epoch
    const ideal = (done * SLICE) / Math.max(milliseconds, 0.01);
    this.steps = Math.max(1, Math.min(Math.floor(ideal), this.steps * 4, 1e9));
  }
}
