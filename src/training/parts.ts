// The parts of the library that a training needs or can use, loaded before it begins.
import type { Data } from "../data/data.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { AbortSignalLike } from "../ground/signal.ts";
import type { Model } from "../memory/model.ts";
import type { LayerWeights } from "../memory/tensors.ts";
import { Part } from "../ground/parts.ts";
import type { Search } from "../search/search.ts";
import type { Crew } from "./crew.ts";
import type { Diagnosis, causesOf } from "./diagnosis.ts";
import type { FitOptions } from "./options.ts";
import type { EpochReport, History } from "./reports.ts";
import type { Slices } from "./rows.ts";
import type { courseOf } from "./streams.ts";
import { settled, sleep } from "./turns.ts";
import type { Warnings } from "./warnings.ts";

/** What an optimizer that searches needs. */
const SEARCH = new Part<{ Search: typeof Search }>("search");

/** Who looks for what is wrong. */
export const DIAGNOSIS = new Part<{ Diagnosis: typeof Diagnosis; causesOf: typeof causesOf }>("diagnosis");

/** Who makes steps on several threads. */
export const CREW = new Part<{ Crew: typeof Crew }>("threads");

/** Who trains on rows that come in pieces. */
export const STREAMS = new Part<{ courseOf: typeof courseOf }>("streams");

/** A loop over epochs, here or in a worker, as a `Training` drives it. */
export interface Course {
  readonly history: History;
  /** Finds reports: here the first one after an epoch, of a worker the newest. */
  readonly epochs: { after(epoch: number): EpochReport | undefined };
  readonly signal: AbortSignalLike | undefined;
  run(): Slices;
  /** Somebody looks at each report before training goes on. */
  stopAtEpochs(): void;
  /** Ends it before its end; a worker takes a moment. */
  abandon(): void | Promise<void>;
}

/** The weights of a training under way. */
export interface Snapshot {
  /** Epochs that they have been trained for, over the network's whole life; one that is under way does not count. */
  epoch: number;
  /** As `getWeights` gives them. */
  weights: LayerWeights[];
}

/** What may be changed while training. */
export interface Change {
  /** In place of the rate, or the schedule, that there was. */
  learningRate?: number;
  /** In place of the network's; layers that have their own keep it. */
  l1?: number;
  /** In place of the network's; layers that have their own keep it. */
  l2?: number;
}

/** Who trains in a worker, and lets somebody look at a training or change it. */
export interface Remote {
  /** A training in a worker; `begin` is told of the loop, `here` makes one of this thread where there is no worker. */
  courseOf(
    model: Model,
    warnings: Warnings,
    data: Data,
    options: FitOptions,
    begin: (loop: Course) => Slices,
    here: () => Course,
  ): Slices;
  snapshot(model: Model, loop: Course | undefined): Promise<Snapshot>;
  change(model: Model, loop: Course | undefined, values: Change, isWorking: boolean): Promise<number>;
}

export const REMOTE = new Part<Remote>("remote");

/** Who makes checkpoints of a training. */
export const STATE = new Part<{ keeping(model: Model, loop: object): Slices }>("state");

/** Milliseconds that training waits for parts that it can be without. */
const PATIENCE = 1000;

/**
 * What an optimizer that searches needs at once.
 * @throws PropagoError ERR_PART where it is not there.
 */
export function searchPart({ optimizer }: NetworkDescription): { Search: typeof Search } {
  return SEARCH.need(`optimizer "${optimizer.name}" outside of fit`);
}

/** Loads what is needed, and waits a while for what a training can do without: the diagnosis, and threads. */
export function* loadParts(wantsThreads: boolean, wantsSearch: boolean): Generator<Promise<void>, void> {
  const wished: Part<object>[] = wantsThreads ? [DIAGNOSIS, CREW] : [DIAGNOSIS];
  const all = wantsSearch ? [...wished, SEARCH] : wished;
  if (all.every((part) => part.here)) return;
  const loading = Promise.allSettled(wished.map((part) => part.load()));
  yield* settled(Promise.all([Promise.race([loading, sleep(PATIENCE)]), wantsSearch && SEARCH.load()]));
}
