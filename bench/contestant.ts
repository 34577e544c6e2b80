// What the benchmark asks of every library that takes part.
import type { Workload } from "./workloads.ts";

export interface Contestant {
  name: string;
  version: string;
  /** What it does otherwise than the workload says, for the table's notes; "" where it does the same. */
  differs(workload: Workload): string;
  /** The loss it minimises whatever the workload says, where it has but one. */
  loss?: Workload["loss"];
  /** A fresh, untrained network, with the rows in the form this library likes best. */
  create(workload: Workload): Runner;
}

export interface Runner {
  /** Trains for the workload's epochs, in the order of the rows. */
  train(): void | Promise<void>;
  /** The outputs for all rows, (rows, outputs). */
  predict(): Float32Array;
  dispose?(): void;
}
