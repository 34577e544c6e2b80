// What a training can watch, by name: the loss and each metric that is one number. Types only.
import type { METRICS } from "./metrics.ts";
import type { SCORES } from "./scores.ts";

type Watched = "loss" | Exclude<keyof typeof METRICS | keyof typeof SCORES, "confusionMatrix">;

/** A reported value by its name: of the training rows, or of the rows held back with "validation." before it. */
export type Monitor = Watched | `validation.${Watched}`;
