// What a page and a worker that trains for it say to each other. Every message names the run that it is about; what is
// about another run, or is none of these, is not for us.
import type { FloatArray } from "../ground/arrays.ts";
import type { Progress } from "../memory/progress.ts";
import type { Plateau } from "../tables/schedules.ts";
import type { FitOptions } from "../training/options.ts";
import type { EpochReport, History } from "../training/reports.ts";
import type { Change } from "../training/parts.ts";
import type { Looks, TrainingWarning } from "../training/warnings.ts";
import type { NetworkDescription } from "../description/description.ts";

/** The version of what is said, which is the mark of our messages. */
export const SPOKEN = 1;

/** Milliseconds between two reports, and between two signs of life. */
export const REPORT = 33;
export const BEAT = 400;

/** Where a network stands: all that training reads and changes. */
export interface Standing {
  params: FloatArray;
  /** What the optimizer remembers; absent where that is nothing. */
  state?: FloatArray;
  progress: Progress;
  plateau: Plateau;
  isUnscaled: boolean;
  isBegunAnew: boolean;
  lastThreads: number;
  told: string[];
  looks: Looks;
}

/** Epochs in columns: the numbers of one stand behind those of the other. */
export interface Columns {
  /** Numbers of an epoch: its own, seconds, rate, loss, and those of `keys`. */
  keys: string[];
  records: Float64Array;
  /** What reports have beyond these, by the epoch. */
  more: [epoch: number, report: Partial<EpochReport>][];
  /** The epoch that early stopping finds best, where it has changed its mind. */
  best?: number;
}

/** An error on its way. */
export interface Failure {
  name: string;
  code?: string;
  message: string;
  stack?: string;
}

/** From the page. */
export type Order = { propago: typeof SPOKEN; run: number } & (
  | { kind: "hello" }
  | {
      kind: "open";
      spec: NetworkDescription["spec"];
      build: string;
      parts: string[];
      standing: Standing;
      /** The options and data, without what follows in pieces. */
      data: unknown;
      options: FitOptions;
      /** Whether to wait for an answer at each report. */
      isWatched: boolean;
    }
  | { kind: "piece"; place: number; at: number; piece: unknown }
  | { kind: "go" }
  | { kind: "watch" }
  | { kind: "next" }
  | { kind: "want"; id: number }
  | { kind: "change"; id: number; values: Change }
  | { kind: "stop" }
);

/** From the worker. */
export type Answer = { propago: typeof SPOKEN; run: number } & (
  | { kind: "hello" }
  | { kind: "beat" }
  | { kind: "begun"; rows: number }
  | { kind: "report"; columns: Columns; params?: FloatArray; epoch: number }
  | { kind: "weights"; id: number; params: FloatArray; epoch: number }
  | { kind: "changed"; id: number; epoch: number }
  | { kind: "refused"; id: number; failure: Failure }
  | {
      kind: "end";
      columns: Columns;
      standing: Standing;
      stopped: History["stopped"];
      best?: number;
      warnings?: TrainingWarning[];
    }
  | { kind: "failed"; columns?: Columns; standing?: Standing; failure: Failure }
);

/** Whether a message is one of ours. */
export function isOurs(message: unknown): message is { propago: number; run: number; kind: string } {
  return typeof message === "object" && message !== null && (message as { propago?: unknown }).propago === SPOKEN;
}
