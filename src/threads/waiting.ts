// How a thread waits for a word: it looks for a while, then it sleeps.
import { TASK, PATIENCE } from "./words.ts";

/** Looks between two looks at the clock. */
const LOOKS = 500;

/** Tells the processor that this is a loop which waits, where engines have a word for it. */
const pause = (Atomics as { pause?: () => void }).pause ?? (() => {});

/**
 * What waits for words on behalf of one thread. Waking takes longer than most stages do, so it looks for a while before it
 * goes to sleep; within a task half as long after each time that this was in vain, since then others need the processor.
 */
export class Watch {
  readonly #words: Int32Array;
  #share = 1;
  #task = 0;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Waits until a word is no longer `old`; gives what it is. Not for a page's main thread, which may not sleep. */
  pass(at: number, old: number, asleep = (): void => sleep(this.#words, at, old)): number {
    const words = this.#words;
    let value = look(words, at, old);
    if (value !== old) return value;
    if (words[TASK] !== this.#task) this.#share = 1;
    this.#task = words[TASK];
    const until = performance.now() + (words[PATIENCE] / 1000) * this.#share;
    do {
      if ((value = look(words, at, old)) !== old) return value;
    } while (performance.now() < until);
    this.#share /= 2;
    while ((value = Atomics.load(words, at)) === old) asleep();
    return value;
  }
}

/** Looks at a word for some microseconds, or until it is no longer `old`; gives what it is. */
function look(words: Int32Array, at: number, old: number): number {
  let value = old;
  for (let i = 0; i < LOOKS && (value = Atomics.load(words, at)) === old; i++) pause();
  return value;
}

/** Sleeps while a word is `old`, but no longer than so many milliseconds. */
export function sleep(words: Int32Array, at: number, old: number, milliseconds?: number): void {
  Atomics.add(words, at + 1, 1);
  Atomics.wait(words, at, old, milliseconds);
  Atomics.sub(words, at + 1, 1);
}
