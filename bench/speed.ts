// What a run of `npm run bench` writes down.
import type { Settings } from "./measure.ts";
import type { Environment } from "./results.ts";
import type { Estimate } from "./statistics.ts";
import type { Target } from "./targets.ts";

export interface SpeedRow {
  workload: string;
  contestant: string;
  /** Median over the rounds. */
  samplesPerSecond?: number;
  gflops?: number;
  /** Of the peak that was measured in the same round. */
  share?: Estimate;
  /** How many times as fast propago is, on one thread. */
  ratio?: Estimate;
  /** In how many rounds both took part. */
  rounds?: number;
  loss?: { before: number; after: number };
  differs: string;
  /** Why it took no part. */
  leftOut?: string;
}

export interface Speed {
  environment: Environment;
  settings: Settings;
  /** GFLOP/s that one core reaches with all numbers in registers. */
  peak: number;
  versions: Record<string, string>;
  networks: Record<string, { network: string; batchSize: number; optimizer: string; loss: string; flops: number }>;
  rows: SpeedRow[];
  targets: Target[];
}
