// From the sums that the core keeps to the loss and metrics of a report.
import type { Evaluation, Metrics, Scores } from "../tables/metrics.ts";
import { TALLY_LOSS, TALLY_CORRECT, TALLY_SQUARES } from "../../assembly/plan.ts";

/**
 * Writes the means of the tally at `at` over so many samples, whose weights sum to `weight`, into a report. `spread` is
 * r2's denominator for each output; the outputs' r2 are averaged. `scores` gives the outputs, where they were kept.
 */
export function readTally<R extends Evaluation>(
  report: R,
  sums: Float64Array,
  at: number,
  samples: number,
  weight: number,
  { list }: Metrics,
  spread: Float64Array,
  scores?: () => Scores,
): R {
  report.loss = sums[at + TALLY_LOSS / 8] / weight;
  let all: Scores | undefined;
  for (const { key, row, options } of list) {
    if (row.value) {
      all ??= scores?.();
      if (all) (report as unknown as Record<string, unknown>)[key] = row.value(all, options as never);
    } else if (key === "accuracy") {
      report.accuracy = sums[at + TALLY_CORRECT / 8] / samples;
    } else {
      const squares = sums.subarray(at + TALLY_SQUARES / 8, at + TALLY_SQUARES / 8 + spread.length);
      let total = 0;
      for (const [o, error] of squares.entries()) {
        // A constant target leaves nothing to explain: 1 if it is met exactly, else 0, as scikit-learn has it.
        if (key !== "r2") total += Math.sqrt(error / samples);
        else total += spread[o] > 0 ? 1 - error / spread[o] : Number(error === 0);
      }
      report[key as "r2"] = total / spread.length;
    }
  }
  return report;
}
