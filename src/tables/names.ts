// The names of optimizers and metrics, common and rare ones together, and what users write for them. Types only.
import { type OPTIMIZERS, type Averaging, type COMMON } from "./optimizers.ts";
import type { RARE_OPTIMIZERS } from "./rare-optimizers.ts";
import type { LearningRate } from "./schedules.ts";
import { type METRICS } from "./metrics.ts";
import type { SCORES, Average } from "./scores.ts";

type Optimizers = typeof OPTIMIZERS & typeof RARE_OPTIMIZERS;

/** The names of the optimizers; docs/reference.md says what each is. */
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
      [N in OptimizerName]: {
        /** Which optimizer. */
        name: N;
      } & (Optimizers[N] extends { search: true }
        ? unknown
        : { [K in keyof typeof COMMON]?: Value<K, (typeof COMMON)[K]> }) & {
          [K in keyof Optimizers[N]["options"]]?: Value<K, Optimizers[N]["options"][K]>;
        };
    }[OptimizerName];

type All = typeof METRICS & typeof SCORES;

/** The names of the metrics; docs/reference.md says what each is. */
export type MetricName = keyof All;

/** A metric by name, or with its option. */
export type MetricSpec =
  | MetricName
  | {
      /** Which metric. */
      name: "topK";
      /** Among how many of the largest outputs the right class must be. Default 5. */
      k?: number;
    }
  | {
      /** Which metric. */
      name: "precision" | "recall" | "f1";
      /**
       * "binary": of class 1; "macro": the mean over classes; "micro": over all decisions; "perClass": a number for each
       * class. Default "binary" for one output, otherwise "macro".
       */
      average?: Average;
    }
  | {
      /** Which metric. */
      name: MetricName;
    };
