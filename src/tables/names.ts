// The names of optimizers and metrics, common and rare ones together, and what users write for them. Types only.
import { type OPTIMIZERS, type Averaging, type COMMON } from "./optimizers.ts";
import type { RARE_OPTIMIZERS } from "./rare-optimizers.ts";
import type { LearningRate } from "./schedules.ts";
import { type METRICS } from "./metrics.ts";
import type { SCORES, Average } from "./scores.ts";

type Optimizers = typeof OPTIMIZERS & typeof RARE_OPTIMIZERS;

export type OptimizerName = keyof Optimizers;

type Value<K, R> = K extends "learningRate"
  ? LearningRate
  : K extends "averaging"
    ? number | Averaging
    : R extends { kind: "flag" }
      ? boolean
      : R extends { read(...given: never): infer V }
        ? V
        : number;

/** An optimizer by name, or with its hyperparameters. */
export type OptimizerSpec =
  | OptimizerName
  | {
      [N in OptimizerName]: { name: N } & (Optimizers[N] extends { search: true }
        ? unknown
        : { [K in keyof typeof COMMON]?: Value<K, (typeof COMMON)[K]> }) & {
          [K in keyof Optimizers[N]["options"]]?: Value<K, Optimizers[N]["options"][K]>;
        };
    }[OptimizerName];

type All = typeof METRICS & typeof SCORES;

export type MetricName = keyof All;

/** A metric by name, or with its option. */
export type MetricSpec =
  | MetricName
  | { name: "topK"; k?: number }
  | { name: "precision" | "recall" | "f1"; average?: Average }
  | { name: MetricName };
