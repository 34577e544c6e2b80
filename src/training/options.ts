// The options of fit: as users write them, and checked and filled in.
import { IN_ORDER, SHUFFLED, WITH_REPLACEMENT } from "../../assembly/plan.ts";
import type { NetworkDescription } from "../description/description.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { Part } from "../ground/parts.ts";
import { copied, guessOf, isArray, readFlag, readNumber, readObject } from "../ground/options.ts";
import type { ClassWeights, Data, SampleWeights } from "../data/data.ts";
import type { Metrics } from "../tables/metrics.ts";
import type { Monitor } from "../tables/monitors.ts";
import type { MetricSpec } from "../tables/names.ts";
import { monitorsOf, readMetrics } from "../description/metrics.ts";
import { RARE_OPTIMIZER } from "../description/optimizer.ts";

import { type AbortSignalLike, isSignal } from "../ground/signal.ts";
import { readThreads } from "../threads/sharing.ts";
import type { BatchReport, EpochReport } from "./reports.ts";

/** The order of the samples in an epoch: shuffled, as given, or drawn with replacement. */
export type Shuffle = boolean | "withReplacement";

/** When training stops because nothing improves any more. */
export interface EarlyStopping {
  /** What must improve: "loss" or a metric that is one number, or with "validation." before it. Default: "validation.loss" if there is validation, else "loss". */
  monitor?: Monitor;
  /** Epochs without improvement before training stops. Default 10. */
  patience?: number;
  /** The least change that counts as improvement. Default 0. */
  minDelta?: number;
  /** Whether the weights of the best epoch come back at the end. Default true. */
  restoreBest?: boolean;
}

/** Anything that is a page's `Worker`, or Node's. */
export interface WorkerLike {
  postMessage(message: unknown, transfer?: never): void;
  terminate(): unknown;
}

/** Which worker trains. */
export type WorkerChoice = boolean | WorkerLike | { readonly href: string } | (() => WorkerLike);

/** How `fit` trains, and what it reports. */
export interface FitOptions {
  /**
   * Passes over the data. Default 100, or as many as 2,000 updates need; 200 iterations for an optimizer that searches; 1 of
   * data that comes in batches.
   */
  epochs?: number;
  /**
   * Samples a batch, and so a weight update unless the optimizer accumulates; "full" for all. Default 32; an optimizer
   * that searches always takes all.
   */
  batchSize?: number | "full";
  /** Order of the samples in an epoch: shuffled, as given, or drawn with replacement. Default true. */
  shuffle?: Shuffle;
  /**
   * Of batches (`BatchSource`): how many rows lie in memory, from which those of an update are drawn. Default: as many as
   * take 32 MB, but 16,384 at most.
   */
  shuffleBuffer?: number;
  /** Of batches: updates an epoch, for those that never end; the next epoch goes on where the last one stopped. */
  stepsPerEpoch?: number;
  /** Rows held back: a fraction of the shuffled rows, or data of their own. */
  validation?: number | Data;
  /** What reports hold beside the loss. Default: accuracy for classification, none otherwise. */
  metrics?: readonly MetricSpec[];
  /**
   * How much each row counts, numbers from 0 on; only their proportions matter. Losses become Σ w·loss / Σ w; of a
   * batch's, the divisor is its rows times the mean weight of all rows, so that batches keep their proportions too.
   * Metrics count all rows alike.
   */
  sampleWeights?: SampleWeights;
  /** How much the rows of each class count, held-back rows and validation data included. */
  classWeights?: ClassWeights;
  /** Stops when what it watches no longer improves. Epochs in which that is not a number do not count. */
  earlyStopping?: EarlyStopping | boolean;
  /** Stops once an epoch's training loss is at most this. */
  targetLoss?: number;
  /** Stops after so many seconds. */
  timeLimit?: number;
  /**
   * How many threads share the work of a step; the weights are the same, to the bit, whatever their number. Steps so small
   * that sharing takes longer, below some 20 µs, are one thread's whatever the number; with `fit` that is a worker.
   * "auto", the default, takes several where that is faster: for long trainings with large steps, or many short ones. A
   * page has threads if it is cross-origin isolated, and only in `fit`, not in `fitSync`, which may not wait there.
   */
  threads?: number | "auto";
  /**
   * Trains in a worker, so that a page stays free whatever the work, to the same bits: `true` for one that the library
   * starts; or a worker, its URL, or a function that starts one, whose module says `import "propago/worker"`. Iterated, a
   * training then gives the newest epoch, at most 30 a second, and waits at it; so does `onEpoch`. The history has all.
   * Arrays are read in the turns after the call: leave them as they are until the first report. `learningRate` may be no
   * function. Where no worker can be started with `true`, training goes on here, with a warning, WARN_WORKER.
   */
  worker?: WorkerChoice;
  /** Aborts: the promise rejects with the signal's reason; the network stays as its last completed batch left it. */
  signal?: AbortSignalLike;
  /**
   * Called after each epoch. `fit` awaits a promise that it gives, and rejects with its error; an abort takes effect when
   * it has settled. `fitSync`, which cannot wait, throws ERR_CONFIG where it gives one.
   */
  onEpoch?: (report: EpochReport) => unknown;
  /** Called after each batch, as `onEpoch`. */
  onBatch?: (report: BatchReport) => unknown;
  /**
   * Takes checkpoints while training, or goes on from one: a function that is given the bytes, or `{ save, every, from }`.
   * In a page this is the part `propago/state`, which `fit` loads by itself.
   */
  checkpoint?: CheckpointOptions | ((checkpoint: Uint8Array<ArrayBuffer>) => unknown);
}

/** Where checkpoints of a training go, how often, and from which one it goes on. */
export interface CheckpointOptions {
  /**
   * Called with each checkpoint. `fit` awaits a promise that it gives, and rejects with its error; the last call, of a
   * training that is aborted, it does not await where it waits to be asked for its next epoch.
   */
  save?: (checkpoint: Uint8Array<ArrayBuffer>) => unknown;
  /**
   * How often: seconds as a number, or "30s", "5m", "1h", "200ms", "1 epoch", "10 epochs". Default 30 seconds. One more is
   * made at the end of a training, and one where it is aborted.
   */
  every?: number | string;
  /** A checkpoint of the same training, to go on from. Absent: it begins anew. */
  from?: Uint8Array | ArrayBuffer;
}

/** The options of fit. */
export const FIT_KEYS = [
  "epochs",
  "batchSize",
  "shuffle",
  "validation",
  "metrics",
  "sampleWeights",
  "classWeights",
  "earlyStopping",
  "targetLoss",
  "timeLimit",
  "threads",
  "worker",
  "signal",
  "onEpoch",
  "onBatch",
  "checkpoint",
] as const satisfies readonly (keyof FitOptions)[];
// shuffleBuffer and stepsPerEpoch are read where batches are (streams.ts).

/** Options that need a part. */
const WITH_PARTS = [
  ["classWeights", new Part("complete")],
  ["checkpoint", new Part("state")],
] as const;

const DEFAULT_EPOCHS = 100;
/** Small data sets get as many epochs as make so many updates. */
const DEFAULT_UPDATES = 2000;
const DEFAULT_BATCH = 32;
/** Iterations of a method that searches. */
const DEFAULT_ITERATIONS = 200;

const SHUFFLES = { false: IN_ORDER, true: SHUFFLED, withReplacement: WITH_REPLACEMENT } as const;

/** Fit's options, checked and filled in. */
export interface FitSettings {
  /** Undefined where it follows from the rows. */
  epochs: number | undefined;
  batchSize: number | "full";
  /** The batch size that was asked for, if any. */
  asked: unknown;
  shuffle: (typeof SHUFFLES)[keyof typeof SHUFFLES];
  validation: number | Data | undefined;
  metrics: Metrics;
  /** Checked where the data is read. */
  sampleWeights: unknown;
  classWeights: unknown;
  earlyStopping: Required<EarlyStopping> | undefined;
  /** What reduceOnPlateau looks at, where it is the schedule. */
  plateau: string | undefined;
  targetLoss: number;
  timeLimit: number;
  threads: number | "auto";
  signal: AbortSignalLike | undefined;
  onEpoch: ((report: EpochReport) => unknown) | undefined;
  onBatch: ((report: BatchReport) => unknown) | undefined;
  /** Checked by who makes them. */
  checkpoint: unknown;
}

/** The epochs of a fit that does not say: 100, or more where so few rows make too few updates. */
export function defaultEpochs(rows: number, batchSize: number | "full" = DEFAULT_BATCH): number {
  const updates = batchSize === "full" ? 1 : Math.ceil(rows / batchSize);
  return Math.max(DEFAULT_EPOCHS, Math.ceil(DEFAULT_UPDATES / updates));
}

/**
 * Reads the options of fit.
 * @throws PropagoError ERR_CONFIG for one that cannot be.
 */
export function readFitOptions(options: FitOptions, description: NetworkDescription): FitSettings {
  if (isArray(options) || ArrayBuffer.isView(options)) {
    throw new PropagoError(
      "ERR_CONFIG",
      `samples and targets go in one object, fit({ x, y }, options), got ${show(options)} as options`,
    );
  }
  const given = readObject(options, "fit options", FIT_KEYS);
  // Before anything is copied: whoever can wait loads the part first.
  for (const [key, part] of WITH_PARTS) if (given[key] !== undefined) part.need(key);
  const metrics = readMetrics(copied(given.metrics), description);
  const { name, search, schedule } = description.optimizer;
  const plateau = schedule?.plateau;
  if (search !== undefined) RARE_OPTIMIZER.here?.refuseBatches(name, given);
  const hasValidation = given.validation !== undefined && given.validation !== 0;
  return {
    epochs:
      given.epochs === undefined
        ? search && DEFAULT_ITERATIONS
        : readNumber(given.epochs, "epochs", { whole: true, least: 0 }),
    batchSize:
      given.batchSize === "full"
        ? "full"
        : readNumber(given.batchSize ?? DEFAULT_BATCH, "batchSize", { whole: true, least: 1 }),
    asked: given.batchSize,
    shuffle: search ? IN_ORDER : readShuffle(given.shuffle ?? true),
    validation: hasValidation ? readValidation(given.validation) : undefined,
    metrics,
    sampleWeights: given.sampleWeights,
    classWeights: given.classWeights,
    earlyStopping: readEarlyStopping(given.earlyStopping, metrics, hasValidation),
    plateau: plateau && readMonitor(plateau.monitor, "optimizer.learningRate.monitor", metrics, hasValidation),
    targetLoss: given.targetLoss === undefined ? -Infinity : readNumber(given.targetLoss, "targetLoss"),
    timeLimit: given.timeLimit === undefined ? Infinity : readNumber(given.timeLimit, "timeLimit", { above: 0 }),
    threads: readThreads(given.threads),
    signal: readSignal(given.signal),
    onEpoch: readCallback(given.onEpoch, "onEpoch"),
    onBatch: readCallback(given.onBatch, "onBatch"),
    checkpoint: given.checkpoint,
  };
}

function readShuffle(value: unknown): FitSettings["shuffle"] {
  if (value === true || value === false || value === "withReplacement") return SHUFFLES[`${value}`];
  throw new PropagoError("ERR_CONFIG", `shuffle must be true, false or "withReplacement", got ${show(value)}`);
}

function readValidation(value: unknown): number | Data {
  if (typeof value !== "object" || value === null) return readNumber(value, "validation", { least: 0, below: 1 });
  return value as Data;
}

function readSignal(value: unknown): AbortSignalLike | undefined {
  if (value === undefined || isSignal(value)) return value;
  throw new PropagoError("ERR_CONFIG", `signal must be an AbortSignal, got ${show(value)}`);
}

function readCallback<F>(value: unknown, where: string): F | undefined {
  if (value === undefined || typeof value === "function") return value as F | undefined;
  throw new PropagoError("ERR_CONFIG", `${where} must be a function, got ${show(value)}`);
}

function readEarlyStopping(
  value: unknown,
  metrics: Metrics,
  hasValidation: boolean,
): Required<EarlyStopping> | undefined {
  if (value === undefined || value === false) return undefined;
  const fields =
    value === true ? {} : readObject(value, "earlyStopping", ["monitor", "patience", "minDelta", "restoreBest"]);
  return {
    monitor: readMonitor(fields.monitor, "earlyStopping.monitor", metrics, hasValidation),
    patience: readNumber(fields.patience ?? 10, "earlyStopping.patience", { whole: true, least: 1 }),
    minDelta: readNumber(fields.minDelta ?? 0, "earlyStopping.minDelta", { least: 0 }),
    restoreBest: readFlag(fields.restoreBest ?? true, "earlyStopping.restoreBest"),
  };
}

/** The name of a reported value that should improve: the one given, or the best that there is. */
function readMonitor(value: unknown, where: string, metrics: Metrics, hasValidation: boolean): Monitor {
  const own = ["loss", ...monitorsOf(metrics)];
  const monitors = hasValidation ? [...own.map((name) => `validation.${name}`), ...own] : own;
  const monitor = value ?? monitors[0];
  if (typeof monitor === "string" && monitors.includes(monitor)) return monitor as Monitor;
  // Others write val_loss.
  const word = typeof monitor !== "string" ? "" : monitor.replace(/^val_?(?!id)/i, "validation.");
  const needs =
    word.startsWith("val") && !hasValidation
      ? " needs validation: pass validation: 0.2 or { x, y };"
      : ` is not reported${guessOf(word, monitors)};`;
  throw new PropagoError("ERR_CONFIG", `${where} ${show(monitor)}${needs} available: ${monitors.join(", ")}`);
}
