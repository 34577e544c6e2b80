// The words through which the main thread and the threads of a team talk, in memory that all of them see. A word that
// somebody waits for has a cache line of its own, and behind it the number of those who sleep until it changes.
import type { Engine } from "../core/engine.ts";

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
  return aloneOf(size) + size + 1;
}

/** Where the workers' shares stand, as the core reads them. */
export function sharesOf(size: number): number {
  return turnOf(size);
}

/** The same where the first worker has everything. */
export function aloneOf(size: number): number {
  return sharesOf(size) + size + 1;
}

/** Counts the stages that a worker was asked for. */
export function turnOf(worker: number): number {
  return WORKERS + 2 * LINE * worker;
}

/** The last of them that it has done. */
export function arrivedOf(worker: number): number {
  return turnOf(worker) + LINE;
}

/** What it took for that one, in ticks. */
export function tookOf(worker: number): number {
  return arrivedOf(worker) + 2;
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
