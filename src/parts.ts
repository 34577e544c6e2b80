// The parts that the library can be without: other builds of the core, searches, threads, diagnosis. A part registers
// itself when its module is loaded; whoever needs one asks here. Node's entry holds all of them. A page's holds none, and
// a call that may wait loads what it needs.
import type { compareWithDifferences } from "./differences.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { PropagoError } from "./errors.ts";
import type { readRates, searchRates } from "./rate-search.ts";
import type { Search } from "./search.ts";
import type { teamOf } from "./workers.ts";

export interface Parts {
  /** A build's bytes as text, and what is done in float64 only. */
  float64: { text: string; compareWithDifferences: typeof compareWithDifferences };
  /** A build's bytes as text. */
  relaxed: { text: string };
  search: { Search: typeof Search; readRates: typeof readRates; searchRates: typeof searchRates };
  threads: { teamOf: typeof teamOf };
  diagnosis: { Diagnosis: typeof Diagnosis };
}

const parts: Partial<Parts> = {};

/** Where the parts are. The bundles leave these imports as they are. */
const modules: { readonly [N in keyof Parts]: () => Promise<{ part: Parts[N] }> } = {
  float64: () => import("./parts/float64.ts"),
  relaxed: () => import("./parts/relaxed.ts"),
  search: () => import("./parts/search.ts"),
  threads: () => import("./parts/threads.ts"),
  diagnosis: () => import("./parts/diagnosis.ts"),
};

export function register<N extends keyof Parts>(name: N, part: Parts[N]): void {
  parts[name] = part;
}

/** A part, if it is there. */
export function partOf<N extends keyof Parts>(name: N): Parts[N] | undefined {
  return parts[name];
}

/**
 * A part that is needed at once, for `what`.
 * @throws PropagoError ERR_PART where it is not there.
 */
export function need<N extends keyof Parts>(name: N, what: string): Parts[N] {
  const part = parts[name];
  if (part !== undefined) return part;
  throw new PropagoError("ERR_PART", `${what} needs a part that a page loads apart: add import "propago/${name}"`);
}

/**
 * Loads a part that is not there yet.
 * @throws (rejects with) PropagoError ERR_PART where it cannot be loaded.
 */
export async function load<N extends keyof Parts>(name: N): Promise<Parts[N]> {
  try {
    return (parts[name] ??= (await modules[name]()).part);
  } catch (cause) {
    throw new PropagoError("ERR_PART", `the part "propago/${name}" could not be loaded: ${String(cause)}`, { cause });
  }
}
