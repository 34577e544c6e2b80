// What the part that trains is given by an estimator, and what it gives back. The part itself is loaded apart.
import type { Label } from "../data/labels.ts";
import type { Rows } from "../data/scaling.ts";
import type { Network } from "../network/network.ts";
import type { EstimatorFitOptions, EstimatorOptions } from "./options.ts";
import type { Found, Member, Residuals } from "./saved.ts";
import { Part } from "../ground/parts.ts";
import type { EvaluateOptions } from "../network/options.ts";
import type { Evaluation } from "../tables/metrics.ts";
import type { Data, SampleWeights } from "../data/data.ts";
import type { NetworkOptions } from "../description/options.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";
import type { FitOptions } from "../training/options.ts";
import type { History } from "../training/reports.ts";

/** A table to learn from, and what the estimator lends: the part has no networks of its own. */
export interface Job {
  metric: "accuracy" | "r2";
  given: EstimatorOptions;
  /** Options of the fit, not checked yet but for their names. */
  fit: EstimatorFitOptions<unknown>;
  x: Rows;
  /** Numbers in their own units, or the number of each row's class. */
  targets: Rows;
  /** None where targets are numbers. */
  classes: readonly Label[];
  /** How many outputs a network has. */
  outputs: number;
  /** Rows of the user's own that judge. */
  judge?: { x: Rows; targets: Rows; sampleWeights?: SampleWeights };
  make(options: NetworkOptions<DType>): Network<DType>;
}

/** The model that was found. */
export interface Selection {
  members: Member[];
  /** Of the network that was trained last. */
  history: History;
  found: Found;
}

/** A network to be trained, and how. */
export interface Task {
  network: Network<DType>;
  data: Data;
  options: FitOptions;
  /** So short that nobody minds waiting. */
  isShort: boolean;
}

/** How a Classifier or Regressor is trained and measured: a part that pages load apart. */
export interface Selecting {
  select: (job: Job) => Generator<Task, Selection, History>;
  /** One epoch more of these networks, or the first of a new one. */
  further: (job: Job, earlier?: readonly Member[]) => Omit<Selection, "found">;
  measure: (
    job: Job,
    answers: FloatArray,
    targets: Rows,
    more: EvaluateOptions,
    threshold?: number | Float64Array,
  ) => Evaluation;
  /** Between which numbers the given part of new targets lies. */
  intervalOf: (
    residuals: readonly Residuals[] | undefined,
    interval: unknown,
    predictions: Float64Array,
  ) => { lower: Float64Array; upper: Float64Array };
}

export const SELECTION = new Part<Selecting>("selection");
