// Summaries of many measurements: their median or mean, and how far that can be trusted.
import { generator } from "./workloads.ts";

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export interface Estimate {
  /** The geometric mean. */
  mean: number;
  /** Where 95 % of the means of resampled measurements lie. */
  interval: [number, number];
}

/** The mean of ratios, one for each round, with its interval from 2,000 resamplings of the rounds (bootstrap). */
export function estimate(ratios: readonly number[]): Estimate {
  const random = generator(4);
  const means = Array.from({ length: 2000 }, () =>
    geometricMean(ratios.map(() => ratios[Math.floor(random() * ratios.length)])),
  ).sort((a, b) => a - b);
  return { mean: geometricMean(ratios), interval: [means[49], means[1949]] };
}

function geometricMean(numbers: readonly number[]): number {
  return Math.exp(numbers.reduce((sum, x) => sum + Math.log(x), 0) / numbers.length);
}

/** The ratio a / b, item by item, where both have a number. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  return a.map((x, k) => x / b[k]).filter((ratio) => Number.isFinite(ratio));
}
