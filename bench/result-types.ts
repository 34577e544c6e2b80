// What each benchmark writes into bench/results. Types only: the benchmarks write them, page.ts and tables.ts read them.
// They have a file of their own so that files which use each other's results do not import each other in circles.
import type { Settings } from "./measure.ts";
import type { Environment } from "./results.ts";
import type { Estimate } from "./statistics.ts";
import type { Target } from "./targets.ts";

/** One contestant on one workload, in a run of `npm run bench`. */
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

/** A run of `npm run bench`. */
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

/** One training of a run of `npm run bench:runs`. */
export interface Run {
  /** Seconds spent in training; nothing where the accuracy was not reached. */
  seconds?: number;
  epochs: number;
  /** The best on the rows held back. */
  accuracy: number;
}

/** A run of `npm run bench:runs`. */
export interface Runs {
  environment: Environment;
  tasks: { task: string; title: string; contestant: string; runs: Run[]; seconds?: number; differs: string }[];
}

/** One network of a run of `npm run bench:growth`. */
export interface Point {
  axis: string;
  value: number;
  network: string;
  batchSize: number;
  rows: number;
  flops: number;
  parameters: number;
  /** Microseconds of a sample, on one thread and on as many as the library takes; medians over the rounds. */
  one: number;
  auto?: number;
  /** What the formula says for one thread. */
  predicted: number;
}

/** A run of `npm run bench:growth`. */
export interface Growth {
  environment: Environment;
  peak: number;
  points: Point[];
  /** Microseconds for one of each, and how far the formula is off at worst. */
  formula: { costs: Record<string, number>; off: number };
}

/** A run of `npm run bench:predict`. */
export interface Predictions {
  environment: Environment;
  /** GFLOP/s that one core reaches with all numbers in registers. */
  peak: number;
  rows: {
    network: string;
    rows: number;
    threads: string;
    /** Milliseconds of a call, in the middle and at best. */
    median: number;
    best: number;
    gflops: number;
    share: Estimate;
  }[];
}

/** A run of `npm run bench:threads`. */
export interface Scaling {
  environment: Environment;
  rows: {
    workload: string;
    place: string;
    rounds: number;
    /** Nanoseconds of a hand-over. */
    handOver: number;
    /** Milliseconds of a training on one thread. */
    one: number;
    /** Of a team of two, over one thread. */
    team: Estimate;
    /** Of two trainings at once, over one. */
    both: Estimate;
  }[];
}
