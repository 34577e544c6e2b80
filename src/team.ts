// The words through which the main thread and the threads of a team talk, in memory that all of them see. A word that
// somebody waits for has a cache line of its own, and behind it the number of those who sleep until it changes.
import type { Engine } from "./core.ts";

/** Words of a cache line. */
const LINE = 16;

/** Counts the commands to the first worker. */
export const COMMAND = 0;
/** The last command that is done. */
export const DONE = COMMAND + LINE;
/** How many workers wait for work. */
export const READY = DONE + LINE;
/** 1 + the worker that had to give up; 0 for none. */
export const LOST = READY + LINE;
/** The command's plan, data, steps and epochs, or without steps an evaluation, and its result. */
export const CALL = LOST + LINE;
export const RESULT = CALL + 4;
/** How many workers share the command, and for how many microseconds who waits looks before going to sleep. */
export const SHARED = RESULT + 1;
export const PATIENCE = SHARED + 1;
/** Counts what the team was asked for, by commands and by whoever led it. */
export const TASK = PATIENCE + 1;
/** The stage that workers share, and its plan. */
export const STAGE = TASK + 1;
export const PLAN = STAGE + 1;
const WORKERS = CALL + LINE;

/** Words of a team of so many. */
export function wordsOf(size: number): number {
  return turnOf(size);
}

/** Counts the stages that a worker was asked for. */
export function turnOf(worker: number): number {
  return WORKERS + 2 * LINE * worker;
}

/** The last of them that it has done. */
export function arrivedOf(worker: number): number {
  return turnOf(worker) + LINE;
}

/** What a worker is started with. */
export interface Start extends Pick<Engine, "module" | "memory"> {
  /** The address of the words, how many workers there are, and which of them this is. */
  address: number;
  size: number;
  me: number;
}

/** What a worker says: the command that it has done, or 0 that it is ready. */
export type Word = number;

/** Gives a word its value and wakes who waits for it. */
export function set(words: Int32Array, at: number, value: number): void {
  Atomics.store(words, at, value);
  if (Atomics.load(words, at + 1) > 0) Atomics.notify(words, at);
}

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

/** How who makes whole steps lets other workers do their shares of each stage, and waits for them. */
export interface Leader {
  fork(plan: number, stage: number): void;
  join(): void;
}

/** The same with the words of a team; `wait` waits until the word is no longer what it was. */
export function leaderOf(words: Int32Array, wait: (at: number, old: number) => void): Leader {
  return {
    fork(plan, stage) {
      words[PLAN] = plan;
      words[STAGE] = stage;
      for (let other = 1; other < words[SHARED]; other++) set(words, turnOf(other), words[turnOf(other)] + 1);
    },
    join() {
      for (let other = 1; other < words[SHARED]; other++) {
        for (let done; (done = Atomics.load(words, arrivedOf(other))) !== words[turnOf(other)];)
          wait(arrivedOf(other), done);
      }
    },
  };
}

/** Sleeps while a word is `old`, but no longer than so many milliseconds. */
export function sleep(words: Int32Array, at: number, old: number, milliseconds?: number): void {
  Atomics.add(words, at + 1, 1);
  Atomics.wait(words, at, old, milliseconds);
  Atomics.sub(words, at + 1, 1);
}
