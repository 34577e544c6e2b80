// The parts that the library can be without: what is rare, other builds of the core, searches, threads, diagnosis. A part
// registers itself when its module is loaded; whoever needs one asks here. Node's entry holds all of them. A page's holds
// "common" alone. "complete" is imported before a network that needs it is made; of the others a call that may wait loads
// what it needs.
import type { compareWithDifferences } from "../network/differences.ts";
import type { Diagnosis } from "../training/diagnosis.ts";
import { PropagoError } from "./errors.ts";
import type { RARE_LAYERS } from "../tables/rare-layers.ts";
import type { RARE_OPTIMIZERS, checkOptimizer, readSearching } from "../tables/rare-optimizers.ts";
import type { readRates, searchRates } from "../network/rate-search.ts";
import type { adviceOn, meantBy } from "../tables/foreign-names.ts";
import type { SCORES, checkMetric, fitting } from "../tables/scores.ts";
import type { Search } from "../search/search.ts";
import type { further } from "../selection/further.ts";
import type { intervalOf } from "../selection/interval.ts";
import type { measure } from "../selection/measure.ts";
import type { select } from "../selection/selection.ts";
import type { teamOf } from "../threads/workers.ts";

export interface Parts {
  /** The build of what most networks use, as text: only in pages, and always there. */
  common: { text: string };
  /** The build of everything in float32, and the rows of tables that most networks do without. */
  complete: {
    text: string;
    layer: typeof RARE_LAYERS;
    optimizer: typeof RARE_OPTIMIZERS;
    metric: typeof SCORES;
    checkMetric: typeof checkMetric;
    fitting: typeof fitting;
    readSearching: typeof readSearching;
    checkOptimizer: typeof checkOptimizer;
    meantBy: typeof meantBy;
    adviceOn: typeof adviceOn;
  };
  /** A build's bytes as text, and what is done in float64 only. */
  float64: { text: string; compareWithDifferences: typeof compareWithDifferences };
  /** A build's bytes as text. */
  relaxed: { text: string };
  search: { Search: typeof Search; readRates: typeof readRates; searchRates: typeof searchRates };
  /** How a Classifier or Regressor is trained and measured. */
  selection: { select: typeof select; further: typeof further; measure: typeof measure; intervalOf: typeof intervalOf };
  threads: { teamOf: typeof teamOf };
  diagnosis: { Diagnosis: typeof Diagnosis };
}

/** Those that calls which may wait load by themselves. */
export type PartName = Exclude<keyof Parts, "common">;

const parts: Partial<Parts> = {};

/** Where the parts are. The bundles leave these imports as they are. */
const modules: { readonly [N in PartName]: () => Promise<{ part: Parts[N] }> } = {
  complete: () => import("../parts/complete.ts"),
  float64: () => import("../parts/float64.ts"),
  relaxed: () => import("../parts/relaxed.ts"),
  search: () => import("../parts/search.ts"),
  selection: () => import("../parts/selection.ts"),
  threads: () => import("../parts/threads.ts"),
  diagnosis: () => import("../parts/diagnosis.ts"),
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
export async function load<N extends PartName>(name: N): Promise<Parts[N]> {
  try {
    return (parts[name] ??= (await modules[name]()).part);
  } catch (cause) {
    throw new PropagoError("ERR_PART", `the part "propago/${name}" could not be loaded: ${String(cause)}`, { cause });
  }
}

/** The names of the rows that the part "complete" has. */
export const RARE = {
  layer: ["alphaDropout", "gaussianNoise", "batchNorm", "layerNorm"],
  optimizer: [
    "adagrad",
    "rmsprop",
    "adadelta",
    "adamax",
    "nadam",
    "radam",
    "lion",
    "rprop",
    "quickprop",
    "adasecant",
    "vsgd",
    "conjugateGradient",
    "scaledConjugateGradient",
    "lbfgs",
    "levenbergMarquardt",
  ],
  metric: [
    "binaryAccuracy",
    "meanAbsoluteError",
    "logLoss",
    "topK",
    "precision",
    "recall",
    "f1",
    "confusionMatrix",
    "rocAuc",
  ],
} as const satisfies { [T in "layer" | "optimizer" | "metric"]: readonly (keyof Parts["complete"][T])[] };

/**
 * A table with the rows that the part "complete" adds to it.
 * @throws PropagoError ERR_PART where `name` is that of one of them, and the part is not there.
 */
export function completed<T extends object>(kind: keyof typeof RARE, table: T, name: unknown): T {
  const names: readonly unknown[] = RARE[kind];
  const part = names.includes(name) ? need("complete", `${kind} "${String(name)}"`) : parts.complete;
  // Without the part its names are known all the same: messages list them.
  const rare: object = part?.[kind] ?? Object.fromEntries(RARE[kind].map((known) => [known, {}]));
  return { ...table, ...rare };
}
