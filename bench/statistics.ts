// What many measurements say: their middle, and how far it can be trusted.
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

/** From ratios, one a round; 2,000 resamplings of the rounds. */
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

/** Item by item, a's number over b's, where both have one. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  return a.map((x, k) => x / b[k]).filter((ratio) => Number.isFinite(ratio));
}
