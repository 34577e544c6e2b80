// What reports say beside the loss: which metrics there are, and how they follow from the core's tallies.
import {
  METRIC_CORRECT,
  METRIC_LABELS,
  METRIC_SQUARES,
  TALLY_CORRECT,
  TALLY_LOSS,
  TALLY_SQUARES,
} from "../assembly/plan.ts";
import { readName } from "./check.ts";
import { PropagoError, show } from "./errors.ts";
import type { NetworkDescription } from "./description.ts";
import type { Evaluation, MetricName } from "./types.ts";

const METRICS = ["accuracy", "r2"] as const satisfies readonly MetricName[];

/** The metrics to report: those asked for, or those that suit the loss. */
export function readMetrics(value: unknown, { loss }: NetworkDescription): readonly MetricName[] {
  if (value === undefined) return loss.metrics;
  if (!Array.isArray(value)) {
    throw new PropagoError("ERR_CONFIG", `metrics must be an array such as ["accuracy"], got ${show(value)}`);
  }
  return [...new Set(value.map((name, i) => readName(name, `metrics[${i}]`, METRICS, "metric")))];
}

/** What the core is to count for these metrics. */
export function metricBits(metrics: readonly MetricName[], { loss, outputs }: NetworkDescription): number {
  // Several sigmoid outputs are classes that do not exclude each other.
  const isMultiLabel = loss.targets === "unit" && outputs > 1;
  const correct = isMultiLabel ? METRIC_CORRECT | METRIC_LABELS : METRIC_CORRECT;
  return (metrics.includes("accuracy") ? correct : 0) | (metrics.includes("r2") ? METRIC_SQUARES : 0);
}

/**
 * Writes the means of the tally at `at` over so many samples, whose weights sum to `weight`, into a report. `spread` is r2's denominator for each output; the outputs' r2
 * are averaged.
 */
export function readTally<R extends Evaluation>(
  report: R,
  sums: Float64Array,
  at: number,
  samples: number,
  weight: number,
  metrics: readonly MetricName[],
  spread: Float64Array,
): R {
  report.loss = sums[at + TALLY_LOSS / 8] / weight;
  if (metrics.includes("accuracy")) report.accuracy = sums[at + TALLY_CORRECT / 8] / samples;
  if (metrics.includes("r2")) {
    let total = 0;
    // A constant target leaves nothing to explain: 1 if it is met exactly, else 0, as scikit-learn has it.
    for (const [o, variation] of spread.entries()) {
      const error = sums[at + TALLY_SQUARES / 8 + o];
      total += variation > 0 ? 1 - error / variation : error === 0 ? 1 : 0;
    }
    report.r2 = total / spread.length;
  }
  return report;
}
