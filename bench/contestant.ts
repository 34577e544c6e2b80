// What the benchmarks ask of every library that takes part.
import type { Workload } from "./workloads.ts";

export interface Contestant {
  name: string;
  version: string;
  /** How it differs from what the workload asks for, as a note below the table. "" where it does not differ. */
  differs(workload: Workload): string;
  /** The loss that it minimises, where it cannot minimise the workload's. */
  loss?(workload: Workload): Workload["loss"];
  /** Its first weights differ from run to run. So some of its networks may fail to learn, by chance. */
  chance?: boolean;
  /** Called before each of its turns. It sets what it shares with other contestants of the same library. */
  prepare?(): Promise<unknown>;
  /** A fresh, untrained network, with the rows in the form this library likes best. */
  create(workload: Workload): Runner;
}

export interface Runner {
  /** Trains for the workload's epochs, on the rows in their order. Called again, it trains the same network further. */
  train(): void | Promise<void>;
  /** The outputs for rows, (rows, outputs). */
  predict(x: Float32Array, rows: number): Float32Array;
  dispose?(): void;
}
