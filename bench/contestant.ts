// What the benchmarks ask of every library that takes part.
import type { Workload } from "./workloads.ts";

export interface Contestant {
  name: string;
  version: string;
  /** What it does otherwise than the workload says, for the table's notes; "" where it does the same. */
  differs(workload: Workload): string;
  /** The loss that it minimises, where that is not the workload's. */
  loss?(workload: Workload): Workload["loss"];
  /** Its first weights differ from run to run, so that some networks may be born dead. */
  chance?: boolean;
  /** Called before its turn, where libraries share something that must be set. */
  prepare?(): Promise<unknown>;
  /** A fresh, untrained network, with the rows in the form this library likes best. */
  create(workload: Workload): Runner;
}

export interface Runner {
  /** Trains for the workload's epochs, in the order of the rows; goes on where it was when called again. */
  train(): void | Promise<void>;
  /** The outputs for rows, (rows, outputs). */
  predict(x: Float32Array, rows: number): Float32Array;
  dispose?(): void;
}
