// The options of fit, as users write them.
import type { ClassWeights, Data, SampleWeights } from "../data/data.ts";
import type { Monitor } from "../tables/monitors.ts";
import type { BatchReport, EpochReport } from "./reports.ts";
import type { MetricSpec } from "../tables/names.ts";

export type Shuffle = boolean | "withReplacement";

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

export interface FitOptions {
  /** Passes over the data. Default 100, or as many as 2,000 updates need; 200 iterations for an optimizer that searches. */
  epochs?: number;
  /**
   * Samples a batch, and so a weight update unless the optimizer accumulates; "full" for all. Default 32; an optimizer
   * that searches always takes all.
   */
  batchSize?: number | "full";
  /** Order of the samples in an epoch: shuffled, as given, or drawn with replacement. Default true. */
  shuffle?: Shuffle;
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
  /** Aborts: the promise rejects with the signal's reason; the network stays as its last completed batch left it. */
  signal?: AbortSignal;
  /**
   * Called after each epoch. `fit` awaits a promise that it gives, and rejects with its error; an abort takes effect when
   * it has settled. `fitSync`, which cannot wait, throws ERR_CONFIG where it gives one.
   */
  onEpoch?: (report: EpochReport) => unknown;
  /** Called after each batch, as `onEpoch`. */
  onBatch?: (report: BatchReport) => unknown;
}
