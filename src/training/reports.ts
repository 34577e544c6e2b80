// What a training reports: after each batch, after each epoch, and at its end.
import type { Evaluation } from "../tables/metrics.ts";
import type { TrainingWarning } from "./warnings.ts";

/** What `onBatch` is told of a batch. */
export interface BatchReport {
  /** Counts the updates, from 0, over the network's whole life; the same for all batches of an update (`accumulate`). */
  step: number;
  /** The batch's loss before its update. */
  loss: number;
  /** The rate of this update. */
  learningRate: number;
}

/** What is told of an epoch: loss and metrics of its training rows, each before its own update, and more. */
export interface EpochReport extends Evaluation {
  /** Counts from 1, over the network's whole life. */
  epoch: number;
  /** Loss and metrics of the rows held back, where there are any. */
  validation?: Evaluation;
  /** The rate of the epoch's last update; of an optimizer that searches, how far it went along its direction. */
  learningRate: number;
  /** Passes over all rows, forward and back, that an optimizer which searches took for this epoch. */
  evaluations?: number;
  /** How long the epoch took, validation included. */
  seconds: number;
  /** Rows that were trained on, by the second. */
  samplesPerSecond: number;
  /** What was newly found wrong, each once in a network's life; absent where nothing was. */
  warnings?: TrainingWarning[];
}

/** What a training comes to. */
export interface History {
  /**
   * A report for each epoch, made when somebody looks at it. Of more than 65,536 epochs, every second one is kept (the 1st,
   * 3rd, 5th, …), of more than 131,072 every fourth, and so on, so there are never more than 65,536. The first, the last and
   * the best epoch (by what early stopping watches, otherwise by the loss) are always among them; `epoch` says which one a
   * report is of.
   */
  epochs: EpochReport[];
  /**
   * What ended the training. "converged": the gradient is at most the optimizer's tolerance. "stalled": no step is found
   * that lowers the loss, as at the end of the numbers' precision; in float32, `dtype: "float64"` may go further.
   */
  stopped: "epochs" | "earlyStopping" | "targetLoss" | "timeLimit" | "aborted" | "converged" | "stalled";
  /** The epoch whose weights early stopping found best. */
  best?: EpochReport;
  /** All warnings of its reports; absent where there are none. */
  warnings?: TrainingWarning[];
}

/** A value of a report by its name, as "loss" or "validation.accuracy". */
export function monitored(report: EpochReport, monitor: string): number {
  const [group, name] = monitor.includes(".") ? monitor.split(".") : ["", monitor];
  const values = group === "" ? report : report.validation;
  return (values as unknown as Record<string, number>)[name];
}
