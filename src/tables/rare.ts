// The rows of the tables that most networks do without. They come with the part "complete"; their names are always known.
import { Part } from "../ground/parts.ts";
import type { LayerRow } from "./layers.ts";
import type { MetricRow } from "./metrics.ts";
import type { OptimizerRow } from "./optimizers.ts";
import type { RARE_LAYERS } from "./rare-layers.ts";
import type { RARE_OPTIMIZERS } from "./rare-optimizers.ts";
import type { InitializerRow } from "./initializers.ts";
import type { RARE_INITIALIZERS } from "./rare-initializers.ts";
import type { RARE_SCHEDULES } from "./rare-schedules.ts";
import type { ScheduleRow } from "./schedules.ts";
import type { SCORES } from "./scores.ts";

/** The rows of each table. */
export interface RareRows {
  layer: Readonly<Record<string, LayerRow>>;
  optimizer: Readonly<Record<string, OptimizerRow>>;
  metric: Readonly<Record<string, MetricRow>>;
  initializer: Readonly<Record<string, InitializerRow>>;
  schedule: Readonly<Record<string, ScheduleRow>>;
}

/** The rows themselves, where they are loaded. */
const RARE_ROWS = new Part<RareRows>("complete");

/** The names of those rows. */
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
  initializer: ["varianceScaling", "nguyenWidrow", "orthogonal", "lsuv"],
  schedule: ["inverseTime", "polynomial", "cosineRestarts", "linearWarmup", "oneCycle", "piecewise", "reduceOnPlateau"],
} as const satisfies {
  layer: readonly (keyof typeof RARE_LAYERS)[];
  optimizer: readonly (keyof typeof RARE_OPTIMIZERS)[];
  metric: readonly (keyof typeof SCORES)[];
  initializer: readonly (keyof typeof RARE_INITIALIZERS)[];
  schedule: readonly (keyof typeof RARE_SCHEDULES)[];
};

/** Whether a name is that of a rare row. */
export function isRare(kind: keyof typeof RARE, name: unknown): boolean {
  return (RARE[kind] as readonly unknown[]).includes(name);
}

/**
 * A table with its rare rows, for reading what is called `name`.
 * @throws PropagoError ERR_PART where that is a rare row which is not loaded.
 */
export function withRareRows<K extends keyof typeof RARE>(kind: K, table: RareRows[K], name: unknown): RareRows[K] {
  const rows = isRare(kind, name) ? RARE_ROWS.need(`${kind} "${String(name)}"`) : RARE_ROWS.here;
  // Without the rows their names are known all the same: messages list them.
  const rare: object = rows?.[kind] ?? Object.fromEntries(RARE[kind].map((known) => [known, {}]));
  return { ...table, ...rare };
}
