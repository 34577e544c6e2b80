// The parts of the library that a training needs or can use, loaded before it begins.
import type { NetworkDescription } from "../description/description.ts";
import { type PartName, type Parts, load, need, partOf } from "../ground/parts.ts";
import { settled, sleep } from "./turns.ts";

/** Milliseconds that training waits for parts that it can be without. */
const PATIENCE = 1000;

/**
 * What an optimizer that searches needs at once.
 * @throws PropagoError ERR_PART where it is not there.
 */
export function searchPart({ optimizer }: NetworkDescription): Parts["search"] {
  return need("search", `optimizer "${optimizer.name}" outside of fit`);
}

/** Loads what is needed, and waits a while for what a training can do without: the diagnosis, and threads. */
export function* loadParts(wantsThreads: boolean, wantsSearch: boolean): Generator<Promise<void>, void> {
  const wished: PartName[] = wantsThreads ? ["diagnosis", "threads"] : ["diagnosis"];
  const all = wantsSearch ? [...wished, "search" as const] : wished;
  if (all.every((name) => partOf(name))) return;
  yield* settled(
    Promise.all([Promise.race([Promise.allSettled(wished.map(load)), sleep(PATIENCE)]), wantsSearch && load("search")]),
  );
}
