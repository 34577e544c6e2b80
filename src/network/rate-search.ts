// The search for a learning rate: one pass of growing rates, and what its losses say (Smith 2017).
import { readNumber, readObject } from "../ground/options.ts";
import { PropagoError } from "../ground/errors.ts";
import { root } from "../ground/powers.ts";
import type { AbortSignalLike } from "../ground/signal.ts";
import type { Training } from "../training/training.ts";
import type { FitOptions } from "../training/options.ts";
import type { BatchReport } from "../training/reports.ts";

export interface LearningRateOptions {
  /** The first and the last rate. Default 1e-6 and 10. */
  from?: number;
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
  /** The rates that were tried, until the loss exploded, and the loss of a batch before the update with each. */
  rates: number[];
  losses: number[];
  /** Where the loss fell fastest; the first rate if it never fell. */
  suggestion: number;
}

/** The rates to try, evenly spread over their logarithm. */
export function readRates(options: LearningRateOptions): { rates: number[]; fit: FitOptions } {
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

/**
 * Trains with each rate for one batch, until all were tried or the loss, smoothed, is four times its least or no number
 * any more. `fit` starts the training.
 */
export async function searchRates(
  count: number,
  fit: (onBatch: (report: BatchReport) => void) => Training,
): Promise<LearningRates> {
  const rates: number[] = [];
  const losses: number[] = [];
  const enough = new Error("enough was seen");
  let recent = 0;
  let least = Infinity;
  try {
    await fit(({ loss, learningRate }) => {
      rates.push(learningRate);
      losses.push(loss);
      recent = losses.length === 1 ? loss : 0.8 * recent + 0.2 * loss;
      least = Math.min(least, recent);
      if (losses.length === count || (least > 0 && recent > 4 * least)) throw enough;
    });
  } catch (error) {
    const isExploded = error instanceof PropagoError && error.code === "ERR_DIVERGED" && losses.length > 2;
    if (error !== enough && !isExploded) throw error;
  }
  return { rates, losses, suggestion: steepest(rates, losses) };
}

/** The rate at which the losses, averaged over a window of a tenth of them, fall fastest on the way to their least. */
function steepest(rates: readonly number[], losses: readonly number[]): number {
  const half = Math.max(1, Math.round(losses.length / 20));
  const smooth = losses.map((_, i) => {
    const near = losses.slice(Math.max(0, i - half), i + half + 1);
    return near.reduce((sum, loss) => sum + loss, 0) / near.length;
  });
  const end = smooth.indexOf(Math.min(...smooth));
  let best = 0;
  let most = 0;
  for (let i = half; i + half <= end; i++) {
    const fall = smooth[i - half] - smooth[i + half];
    if (fall <= most) continue;
    most = fall;
    best = i;
  }
  return rates[most > 0 ? best : 0];
}
