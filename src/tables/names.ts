// The names of schedules, initialisers, optimizers and metrics, common and rare ones together, and what users write for them. Types only.
import { type OPTIMIZERS, type Averaging, type COMMON } from "./optimizers.ts";
import type { RARE_OPTIMIZERS } from "./rare-optimizers.ts";
import type { INITIALIZERS } from "./initializers.ts";
import type { Monitor } from "./monitors.ts";
import type { RARE_INITIALIZERS } from "./rare-initializers.ts";
import type { RARE_SCHEDULES } from "./rare-schedules.ts";
import type { SCHEDULES } from "./schedules.ts";
import { type METRICS } from "./metrics.ts";
import type { SCORES, Average } from "./scores.ts";

type Schedules = typeof SCHEDULES & typeof RARE_SCHEDULES;

/** The options that must be given: REQUIRED is of type number, where other defaults are numbers of their own. */
type Needed<O> = {
  [K in keyof O]: O[K] extends { default: infer D } ? (number extends D ? K : never) : never;
}[keyof O];

type ScheduleValue<K> = K extends "boundaries" | "rates" ? readonly number[] : K extends "monitor" ? Monitor : number;

/**
 * A learning rate that changes, by name. `rate` is what the formula starts from, by default the optimizer's own; over
 * the first `warmup` steps the rate rises evenly to that of the schedule's first step, which follows.
 */
export type ScheduleSpec = {
  [N in keyof Schedules]: {
    /** Which schedule. */
    name: N;
    /** What the formula starts from. Default: the optimizer's own rate. */
    rate?: number;
    /** Over so many steps the rate rises evenly to the schedule's first one. Default 0. */
    warmup?: number;
  } & {
    [K in keyof Schedules[N]["options"] as K extends Needed<Schedules[N]["options"]> ? never : K]?: ScheduleValue<K>;
  } & {
    [K in keyof Schedules[N]["options"] as K extends Needed<Schedules[N]["options"]> ? K : never]: ScheduleValue<K>;
  };
}[keyof Schedules];

/**
 * No value has this type. It gives TypeScript something to say of a name that no schedule has, or of options that are missing: without it, the compiler
 * takes the object for a function that went wrong.
 */
export interface NoScheduleHasThisName {
  /** Which schedule. */
  name: string & {};
  /** Never given: it only says what is wrong. */
  "name must be one of the schedules in docs/reference.md, with the options that it requires, as in { name: 'cosine', steps: 1000 }": never;
}

/** A number, a schedule, or a function of the step (0 for the first update), which is asked ahead of the step. */
export type LearningRate = number | ScheduleSpec | ((step: number) => number) | NoScheduleHasThisName;

type Initializers = typeof INITIALIZERS & typeof RARE_INITIALIZERS;

/** The names of the initialisers; docs/reference.md says what each is. */
export type InitializerName = keyof Initializers;

type OptionsOf<N extends InitializerName> = Initializers[N] extends { options: infer O } ? O : unknown;
type InitializerValue<R> = R extends { kind: "flag" }
  ? boolean
  : R extends { read(...given: never): infer V }
    ? V
    : number;

/** An initialiser by name, or with its numbers. */
export type InitializerSpec =
  | InitializerName
  | {
      [N in InitializerName]: {
        /** Which initialiser. */
        name: N;
      } & {
        [K in keyof OptionsOf<N>]?: InitializerValue<OptionsOf<N>[K]>;
      };
    }[InitializerName];

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
