// The types between an estimator and the part "selection", which trains it and is loaded separately.
import type { Label, Labels } from "../data/labels.ts";
import type { Rows } from "../data/scaling.ts";
import type { Network } from "../network/network.ts";
import type { Kind } from "./kind.ts";
import type { EstimatorFitOptions, EstimatorOptions } from "./options.ts";
import type { Found, Member, Residuals } from "./saved.ts";
import { Part } from "../ground/parts.ts";
import type { EvaluateOptions } from "../network/options.ts";
import type { Evaluation } from "../tables/metrics.ts";
import type { Data, Matrix, SampleWeights } from "../data/data.ts";
import type { NetworkOptions } from "../description/options.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";
import type { FitOptions } from "../training/options.ts";
import type { EpochReport, History } from "../training/reports.ts";

/** A table to learn from, and what the part needs from the estimator, such as a way to make networks. */
export interface Job {
  metric: "accuracy" | "r2";
  given: EstimatorOptions;
  /** Options of the fit. Only their names have been checked. */
  fit: EstimatorFitOptions<unknown>;
  x: Rows;
  /** Numbers in their own units, or the number of each row's class. */
  targets: Rows;
  /** The classes. Empty if targets are numbers. */
  classes: readonly Label[];
  /** How many outputs a network has. */
  outputs: number;
  /** Milliseconds that are left of a limit, where a checkpoint or somebody's wish has a say in that. */
  left?: (limit: number) => number;
  /** The user's own validation rows. */
  judge?: { x: Rows; targets: Rows; sampleWeights?: SampleWeights };
  make(options: NetworkOptions<DType>): Network<DType>;
  /** How targets become numbers and back: a `LabelEncoder`, or how many numbers a row has. */
  codec: unknown;
  /** What reads other tables, where a table is learnt from. */
  table?: unknown;
}

/** What the part needs to know of an estimator to read data for it. */
export interface Learner extends Kind, Pick<Job, "given" | "make"> {
  /** As in a job, and how many columns a row of x has, where the estimator has learnt already. */
  codec?: unknown;
  columns?: number;
  /** What it remembers of the table that it has learnt from. */
  table?: unknown;
}

/** The model that was found. */
export interface Selection {
  members: Member[];
  /** The history of the network that was trained last. */
  history: History;
  found: Found;
}

/** A network to be trained, and how. */
export interface Task {
  network: Network<DType>;
  data: Data;
  options: FitOptions;
  /** Whether training takes so little time that it may block. */
  isShort: boolean;
  /** Whether the network is only asked about rows and then thrown away. */
  isPassing?: boolean;
  /** The kind of network, in a word. */
  kind?: string;
  /** Makes numbers of a report those of the targets' own unit. */
  inUnits?: (report: EpochReport) => EpochReport;
}

/** How a Classifier or Regressor is trained and measured: a part that pages load apart. */
export interface Selecting {
  /** Reads data to learn from, or to be measured by; `classes` are all that there will ever be. */
  readJob: (learner: Learner, x: Matrix, y: unknown, options: Job["fit"], classes?: Labels) => Job;
  /** The same for `fit`: options and validation data too. */
  readFit: (learner: Learner, x: Matrix, y: unknown, options: EstimatorFitOptions<unknown>) => Job;
  select: (job: Job) => Generator<Task, Selection, History>;
  /** Trains these networks for one more epoch, or a new one for its first. */
  further: (job: Job, earlier?: readonly Member[]) => Omit<Selection, "found">;
  measure: (
    job: Job,
    answers: FloatArray,
    targets: Rows,
    more: EvaluateOptions,
    threshold?: number | Float64Array,
  ) => Evaluation;
  /** Gives the limits between which the given part of new targets lies. */
  intervalOf: (
    residuals: readonly Residuals[] | undefined,
    interval: unknown,
    predictions: Float64Array,
  ) => { lower: Float64Array; upper: Float64Array };
}

export const SELECTION = new Part<Selecting>("selection");
