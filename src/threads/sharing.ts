// What a training asks about threads before there are any. The threads themselves are a part (workers.ts).
import { readNumber } from "../ground/options.ts";
import type { Engine } from "../core/engine.ts";
import type { Layout } from "../memory/layout.ts";
import { Part } from "../ground/parts.ts";
import type { Team } from "./team.ts";
import { usefulThreads, maySleep, threadsMissing } from "./machine.ts";

/** The threads themselves. */
export const THREADS = new Part<{
  teamOf(engine: Engine, size: number, mayStart: boolean): Team | undefined;
}>("threads");

const MOST_THREADS = 64;
/** Rows that predict and evaluate take through the network at a time, for each thread. */
export const CHUNK = 128;
/** Parameters, and operations, that make it worth waking threads, and operations that make it worth starting them. */
const WORTHY_PARAMETERS = 10_000;
const WORTHY_CALL = 5e7;
const WORTHY_START = 4e9;

/**
 * Operations of a step, or of a call, below which one thread does them, however many were asked for: before others had
 * heard of it, it would be over.
 */
const LEAST_SHARED_WORK = 1.5e6;

/** Whether so many operations are one thread's, however many were asked for. */
export function isTooSmall({ leastSharedWork = LEAST_SHARED_WORK }: Engine, operations: number): boolean {
  return operations < leastSharedWork;
}

/** An engine's team, of at least so many, started now if there is none; nothing where there cannot be one now. */
export function teamOf(engine: Engine, size: number, mayStart = true): Team | undefined {
  return THREADS.here?.teamOf(engine, size, mayStart);
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
  const isFree = asked === "auto";
  const isWorthy = parameters >= WORTHY_PARAMETERS && operations >= WORTHY_CALL;
  const threads = !isFree ? asked : isWorthy ? usefulThreads() : 1;
  if (threads === 1 || !maySleep || isTooSmall(engine, operations)) return work(1);
  const team = teamOf(engine, threads, !isFree || operations >= WORTHY_START);
  if (!isFree) team?.waitUntilReady();
  if (!team?.isReady || team.isBusy) return work(1);
  layout.makeRoomForWorkers(threads);
  // At a hundredth of the usual speed.
  return team.lead(threads, (parameters * CHUNK * threads) / 1e5, () => work(threads));
}

/** What decides how many threads a training has. */
export interface TrainingWork {
  engine: Engine;
  asked: number | "auto";
  /** Operations of a step, about, and how many steps there are in all. */
  operations: number;
  steps: number;
  /** Rows of a batch. */
  rows: number;
  /** Whether the caller blocks until the end. */
  isSync: boolean;
  /** The optimizer's name where it searches, which is one thread's work. */
  search: string | undefined;
}

/** Operations of a step, of a training, and of all trainings so far that were worth threads, from which on "auto" uses them. */
const WORTHY_STEP = 4e6;
const WORTHY_FIT = 1e9;
const WORTHY_TRAININGS = 2e10;

/** How many threads a training should have: as many as were asked for, or as are useful where they have enough to do. */
export function threadsOfTraining(training: TrainingWork): number {
  const { engine, asked, operations, steps, rows, isSync, search } = training;
  const missing = threadsMissingFor(training);
  if (asked === "auto") {
    const work = operations * steps;
    if (operations < WORTHY_STEP || work < WORTHY_FIT || missing !== undefined) return 1;
    engine.threadWork += work;
    return engine.threadWork < WORTHY_TRAININGS ? 1 : Math.max(1, Math.min(usefulThreads(), rows >> 2));
  }
  // Small steps are over before others have heard of them. In `fit` they are a worker's all the same: this thread is free.
  if (isSync && search === undefined && isTooSmall(engine, operations)) return 1;
  return missing === undefined ? asked : 1;
}

/** Why a training cannot have threads; nothing if it can. */
export function threadsMissingFor({ engine, isSync, search }: TrainingWork): string | undefined {
  if (search !== undefined) return `${search} works on one`;
  if (isSync && !maySleep) return "in a page, fitSync may not wait for workers; use fit";
  if (isSync && !THREADS.here) return 'add import "propago/threads"';
  return threadsMissing(engine);
}
