// The parts of the library that a training needs or can use, loaded before it begins.
import type { NetworkDescription } from "../description/description.ts";
import { Part } from "../ground/parts.ts";
import type { Search } from "../search/search.ts";
import type { Crew } from "./crew.ts";
import type { Diagnosis, causesOf } from "./diagnosis.ts";
import type { courseOf } from "./streams.ts";
import { settled, sleep } from "./turns.ts";

/** What an optimizer that searches needs. */
const SEARCH = new Part<{ Search: typeof Search }>("search");

/** Who looks for what is wrong. */
export const DIAGNOSIS = new Part<{ Diagnosis: typeof Diagnosis; causesOf: typeof causesOf }>("diagnosis");

/** Who makes steps on several threads. */
export const CREW = new Part<{ Crew: typeof Crew }>("threads");

/** Who trains on rows that come in pieces. */
export const STREAMS = new Part<{ courseOf: typeof courseOf }>("streams");

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
