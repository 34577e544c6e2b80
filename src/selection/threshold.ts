// Finds the probability from which on the second of two classes is the answer, so that a metric is as good as possible.
import { PropagoError, show } from "../ground/errors.ts";
import type { Job } from "../estimators/job.ts";
import type { ClassifierOptions } from "../estimators/options.ts";
import type { FloatArray } from "../ground/arrays.ts";

type Metric = NonNullable<ClassifierOptions["optimize"]>;
const METRICS: readonly Metric[] = ["accuracy", "balancedAccuracy", "f1"];

/** @throws PropagoError ERR_CONFIG for a metric that is not known, and where there are not two classes. */
export function readOptimize({ given, classes }: Job): Metric | undefined {
  const { optimize } = given as ClassifierOptions;
  if (optimize === undefined) return undefined;
  if (!METRICS.includes(optimize)) {
    throw new PropagoError("ERR_CONFIG", `optimize must be one of ${METRICS.join(", ")}, got ${show(optimize)}`);
  }
  if (classes.length === 2) return optimize;
  const what = classes.length === 0 ? "numbers" : `${classes.length} classes`;
  throw new PropagoError("ERR_CONFIG", `optimize chooses between two classes, the targets are ${what}; leave it out`);
}

/**
 * The threshold with the best metric over the rows for which `isUsed`, half way between two probabilities; 0.5 where
 * none is better.
 */
export function bestThreshold(
  metric: Metric,
  probabilities: FloatArray,
  classes: ArrayLike<number>,
  isUsed: (row: number) => boolean = () => true,
): number {
  const order: number[] = [];
  for (let row = 0; row < probabilities.length; row++) if (isUsed(row)) order.push(row);
  order.sort((a, b) => probabilities[a] - probabilities[b]);
  const totals = [0, 0];
  for (const row of order) totals[classes[row]]++;
  const rare = totals[1] <= totals[0] ? 1 : 0;
  // Rows below the threshold are predicted as the first class. In the beginning there are none.
  const below = [0, 0];
  const value = (): number => {
    const right = [below[0], totals[1] - below[1]];
    if (metric === "accuracy") return (right[0] + right[1]) / order.length;
    if (metric === "balancedAccuracy")
      return (right[0] / Math.max(1, totals[0]) + right[1] / Math.max(1, totals[1])) / 2;
    const called = rare === 1 ? totals[0] + totals[1] - below[0] - below[1] : below[0] + below[1];
    return (2 * right[rare]) / Math.max(1, called + totals[rare]);
  };
  const half = order.filter((row) => probabilities[row] <= 0.5);
  for (const row of half) below[classes[row]]++;
  let best = value();
  let threshold = 0.5;
  below.fill(0);
  for (let i = 0; i < order.length; i++) {
    if (i > 0 && probabilities[order[i]] > probabilities[order[i - 1]] && value() > best) {
      best = value();
      threshold = (probabilities[order[i]] + probabilities[order[i - 1]]) / 2;
    }
    below[classes[order[i]]]++;
  }
  return threshold;
}

/** Moves probabilities so that the threshold becomes one half. Their order stays. */
export function centreAt(probability: number, threshold: number): number {
  const yes = probability * (1 - threshold);
  return yes / (yes + (1 - probability) * threshold || 1);
}
