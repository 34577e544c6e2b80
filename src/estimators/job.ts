// What the part that trains is given by an estimator, and what it gives back. Types only: that part is loaded apart.
import type { Label } from "../data/labels.ts";
import type { Rows } from "../data/scaling.ts";
import type { Network } from "../network/network.ts";
import type { EstimatorFitOptions, EstimatorOptions } from "./options.ts";
import type { Found, Member } from "./saved.ts";
import type { Data, SampleWeights } from "../data/data.ts";
import type { NetworkOptions } from "../description/options.ts";
import type { DType } from "../ground/arrays.ts";
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
