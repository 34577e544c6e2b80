// The words through which the main thread and the threads of a team talk, in memory that all of them see. A word that
// somebody waits for has a cache line of its own, and behind it the number of those who sleep until it changes.
import type { Engine } from "./core.ts";

/** Words of a cache line. */
const LINE = 16;

/** Counts the commands to the first worker. */
export const COMMAND = 0;
/** The last command that is done. */
export const DONE = COMMAND + LINE;
/** Counts the stages that workers share. */
export const TURN = DONE + LINE;
/** How many workers wait for work. */
export const READY = TURN + LINE;
/** 1 + the worker that had to give up; 0 for none. */
export const LOST = READY + LINE;
/** The command's plan, data, steps and epochs, its result, and whether to send a message when it is done. */
export const CALL = LOST + LINE;
export const RESULT = CALL + 4;
export const TELL = RESULT + 1;
/** How many workers share the command. */
export const SHARED = TELL + 1;
/** The stage that workers share, and its plan. */
export const STAGE = SHARED + 1;
export const PLAN = STAGE + 1;
/** The last stage that a worker has done: a line for each. */
export const ARRIVED = CALL + LINE;

/** Words of a team of so many. */
export function wordsOf(size: number): number {
  return ARRIVED + LINE * size;
}

/** Where a worker says which stage it has done. */
export function arrivedOf(worker: number): number {
  return ARRIVED + LINE * worker;
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

/** Looks at a word that often before going to sleep: about as long as waking takes. */
const PATIENCE = 10_000;

/** Gives a word its value and wakes who waits for it. */
export function set(words: Int32Array, at: number, value: number): void {
  Atomics.store(words, at, value);
  if (Atomics.load(words, at + 1) > 0) Atomics.notify(words, at);
}

/** Waits until a word is no longer `old`; gives what it is. Not for a page's main thread, which may not sleep. */
export function pass(words: Int32Array, at: number, old: number): number {
  for (let i = 0; i < PATIENCE; i++) {
    const value = Atomics.load(words, at);
    if (value !== old) return value;
  }
  while (Atomics.load(words, at) === old) sleep(words, at, old);
  return Atomics.load(words, at);
}

/** Sleeps while a word is `old`, but no longer than so many milliseconds. */
export function sleep(words: Int32Array, at: number, old: number, milliseconds?: number): void {
  Atomics.add(words, at + 1, 1);
  Atomics.wait(words, at, old, milliseconds);
  Atomics.sub(words, at + 1, 1);
}
