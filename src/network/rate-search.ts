// The search for a learning rate: one pass of growing rates, and what its losses say (Smith 2017).
import type { Data } from "../data/data.ts";
import type { NetworkDescription } from "../description/description.ts";
import { readNumber, readObject } from "../ground/options.ts";
import { PropagoError } from "../ground/errors.ts";
import { root } from "../ground/powers.ts";
import type { AbortSignalLike } from "../ground/signal.ts";
import type { Training } from "../training/training.ts";
import type { FitOptions } from "../training/options.ts";
import type { BatchReport } from "../training/reports.ts";

/** How `findLearningRate` looks. */
export interface LearningRateOptions {
  /** The first rate. Default 1e-6. */
  from?: number;
  /** The last rate. Default 10. */
  to?: number;
  /** How many rates, each for one batch. Default 100. */
  steps?: number;
  /** As for `fit`. Default 32. */
  batchSize?: number | "full";
  /** Aborts the search: the promise rejects with the signal's reason. */
  signal?: AbortSignalLike;
}

/** What a search for a learning rate saw. */
export interface LearningRates {
  /** The rates that were tried, until the loss exploded. */
  rates: number[];
  /** For each rate the loss of a batch, before the update with it. */
  losses: number[];
  /** Where the loss fell fastest; the first rate if it never fell. */
  suggestion: number;
}

/** Trains copies, as `make` gives them with an optimizer of their own, to find a rate. */
export async function findRate(
  { spec, optimizer }: NetworkDescription,
  data: Data,
  options: LearningRateOptions,
  make: (optimizer: object) => Copy,
): Promise<LearningRates> {
  const { rates, fit } = readRates(options);
  if (optimizer.search) {
    throw new PropagoError("ERR_CONFIG", `optimizer "${optimizer.name}" has no learningRate to be found`);
  }
  const learningRate = (step: number): number => rates[Math.min(step, rates.length - 1)];
  const copies: Copy[] = [];
  try {
    return await searchRates(rates.length, (onBatch, isTraining) => {
      const chosen = isTraining
        ? { ...(spec.optimizer as object), learningRate }
        : { name: "sgd", learningRate: () => 0 };
      const copy = make(chosen);
      copies.push(copy);
      return copy.fit(data, { ...fit, onBatch });
    });
  } finally {
    for (const copy of copies) copy.dispose();
  }
}

/** A network that is thrown away. */
interface Copy {
  fit(data: Data, options: FitOptions): Training;
  dispose(): void;
}

/** The rates to try, evenly spread over their logarithm. */
function readRates(options: LearningRateOptions): { rates: number[]; fit: FitOptions } {
  const what = "findLearningRate options";
  const given = readObject(options, what, ["from", "to", "steps", "batchSize", "signal"]);
  const from = readNumber(given.from ?? 1e-6, "from", { above: 0 });
  const to = readNumber(given.to ?? 10, "to", { above: from });
  const steps = readNumber(given.steps ?? 100, "steps", { whole: true, least: 10, most: 100_000 });
  const factor = root(to / from, steps - 1);
  const rates: number[] = [];
  for (let rate = from; rates.length < steps - 1; rate *= factor) rates.push(rate);
  rates.push(to);
  const { batchSize, signal } = given as FitOptions;
  return { rates, fit: { epochs: steps, batchSize, signal } };
}

/** Starts a training on the same batches as any other, with these rates, or with weights that stay as they are. */
type Run = (onBatch: (report: BatchReport) => void, isTraining: boolean) => Training;

/**
 * Trains with each rate for one batch, until all were tried or the loss, smoothed, is four times that of the first weights
 * on the same batches, or no number any more.
 */
async function searchRates(count: number, run: Run): Promise<LearningRates> {
  const still: number[] = [];
  const rates: number[] = [];
  const losses: number[] = [];
  const enough = new Error("enough was seen");
  const until = async (training: Training): Promise<void> => {
    try {
      await training;
    } catch (error) {
      const isExploded = error instanceof PropagoError && error.code === "ERR_DIVERGED" && losses.length > 2;
      if (error !== enough && !isExploded) throw error;
    }
  };
  // What the first weights make of each batch: how hard it is. Batches differ by more than a step changes.
  await until(
    run(({ loss }) => {
      if (still.push(loss) === count) throw enough;
    }, false),
  );
  const usual = still.reduce((sum, loss) => sum + Math.abs(loss), 0) / still.length;
  let recent = 0;
  let before = 0;
  await until(
    run(({ loss, learningRate }) => {
      const i = losses.length;
      rates.push(learningRate);
      losses.push(loss);
      recent = i === 0 ? loss : 0.8 * recent + 0.2 * loss;
      before = i === 0 ? still[i] : 0.8 * before + 0.2 * still[i];
      if (i + 1 === count || recent - before > 3 * Math.max(Math.abs(before), usual)) throw enough;
    }, true),
  );
  return { rates, losses, suggestion: suggest(rates, losses, still) };
}

/**
 * A rate at which losses fall fast: in the middle, on the scale of logarithms, between the one at which they fall fastest and
 * the first at which half of the fall is done. What falls is how far losses are below those of the first weights on the same
 * batches, averaged over a window of a tenth of them, on the way to its least. Where that never falls, the first rate.
 */
function suggest(rates: readonly number[], losses: readonly number[], still: readonly number[]): number {
  const half = Math.max(1, Math.round(losses.length / 20));
  const sums = [0];
  for (const [i, loss] of losses.entries()) sums.push(sums[i] + loss - still[i]);
  const smooth = losses.map((_, i) => {
    const first = Math.max(0, i - half);
    const end = Math.min(losses.length, i + half + 1);
    return (sums[end] - sums[first]) / (end - first);
  });
  let end = 0;
  for (let i = 1; i < smooth.length; i++) if (smooth[i] < smooth[end]) end = i;
  let steepest = 0;
  let most = 0;
  for (let i = half; i + half <= end; i++) {
    const fall = smooth[i - half] - smooth[i + half];
    if (fall <= most) continue;
    most = fall;
    steepest = i;
  }
  if (most === 0) return rates[0];
  const halfway = smooth.findIndex((value) => value <= smooth[end] / 2);
  return rates[Math.round((steepest + halfway) / 2)];
}
