// What is asked about threads before there are any: whether one is enough. All else is the part "threads".
import { readNumber } from "../ground/options.ts";
import type { Engine } from "../core/engine.ts";
import type { Layout } from "../memory/layout.ts";
import type { Late } from "../memory/samples.ts";
import { Part } from "../ground/parts.ts";

/** Who shares out calls that are worth it. */
export interface Sharing {
  shareOut<R>(layout: Layout, asked: number | "auto", operations: number, work: (threads: number) => R): R;
}

/** The threads themselves. */
export const THREADS = new Part<Sharing>("threads");

/** Whether this thread may sleep: not in a page's main thread. */
export const maySleep = ((): boolean => {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1) === "not-equal";
  } catch {
    return false;
  }
})();

const MOST_THREADS = 64;
/** Rows that predict and evaluate take through the network at a time, for each thread. */
export const CHUNK = 128;
/** Parameters, and operations, that make it worth waking threads. */
const WORTHY_PARAMETERS = 10_000;
const WORTHY_CALL = 5e7;

/**
 * Operations of a step, or of a call, below which one thread does them, however many were asked for: before others had
 * heard of it, it would be over.
 */
const LEAST_SHARED_WORK = 1.5e6;

/** Whether so many operations are one thread's, however many were asked for. */
export function isTooSmall({ leastSharedWork = LEAST_SHARED_WORK }: Engine, operations: number): boolean {
  return operations < leastSharedWork;
}

/** The option `threads`. */
export function readThreads(value: unknown): number | "auto" {
  if (value === undefined || value === "auto") return "auto";
  return readNumber(value, "threads", { whole: true, least: 1, most: MOST_THREADS });
}

/**
 * Does something with `rows` rows that the core can share out, by as many threads as were asked for and are there: this one
 * is the first. `work` is told how many.
 */
export function withThreads<R>(layout: Layout, asked: number | "auto", rows: number, work: (threads: number) => R): R {
  const { engine, parameters } = layout;
  const operations = 2 * parameters * rows;
  const isWorthy = asked === "auto" ? parameters >= WORTHY_PARAMETERS && operations >= WORTHY_CALL : asked > 1;
  const part = isWorthy && maySleep && !isTooSmall(engine, operations) ? THREADS.here : undefined;
  return part ? part.shareOut(layout, asked, operations, work) : work(1);
}

/** What decides how many threads a training has. */
export interface TrainingWork {
  engine: Engine;
  asked: number | "auto";
  /** Operations of a step, about, and how many steps there are in all. */
  operations: number;
  steps: number;
  /** Samples that are still to be copied in, so that a page does not stand still for it. */
  late: readonly Late[] | undefined;
  /** Operations of a look at the rows held back. */
  judging: number;
  /** Rows of a batch. */
  rows: number;
  /** Whether it is worth several threads, once that was asked. */
  isShared?: boolean;
  /** Whether the caller blocks until the end. */
  isSync: boolean;
  /** The optimizer's name where it searches, which is one thread's work. */
  search: string | undefined;
}

/** Operations of a step, of a training, and of all trainings so far that were worth threads, from which on "auto" uses them. */
const WORTHY_STEP = 4e6;
const WORTHY_FIT = 1e9;
const WORTHY_TRAININGS = 2e10;

/** Operations that would hold a page's own thread for longer than its user may notice. */
const LONG = 2e7;

/** Whether a step, or a look at the rows held back, has to be made in pieces, with turns of a page's event loop between. */
export function isLong({ operations, judging, isSync, search }: TrainingWork): boolean {
  return !(isSync || maySleep || search) && operations + judging > LONG;
}

/** Whether a training should have several threads, or pieces, as far as can be said before there are any. */
export function wantsThreads(work: TrainingWork): boolean {
  work.isShared = sharesWork(work);
  return work.isShared || isLong(work) || Boolean(work.late?.length);
}

function sharesWork({ engine, asked, operations, steps, isSync, search }: TrainingWork): boolean {
  // Small steps are over before others have heard of them. In `fit` they are a worker's all the same: this thread is free.
  if (asked !== "auto") return asked > 1 && !(isSync && search === undefined && isTooSmall(engine, operations));
  const work = operations * steps;
  if (operations < WORTHY_STEP || work < WORTHY_FIT || !engine.isShared || engine.refusal !== undefined) return false;
  if (search !== undefined || (isSync && !(maySleep && THREADS.here))) return false;
  engine.threadWork += work;
  return engine.threadWork >= WORTHY_TRAININGS;
}

/** Why a training cannot have threads, whatever the machine offers; nothing if it may. */
export function refusalOfThreads({ isSync, search, late }: TrainingWork): string | undefined {
  if (search !== undefined && !late?.length) return `${search} works on one`;
  if (isSync && !maySleep) {
    if (typeof SharedArrayBuffer !== "undefined") return "in a page, fitSync may not wait for workers; use fit";
    // The part knows why.
    return THREADS.here ? undefined : "there is no SharedArrayBuffer here";
  }
  if (isSync && !THREADS.here) return 'add import "propago/threads"';
  return undefined;
}
