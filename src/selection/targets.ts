// How targets are scaled for a network, by its loss: to standard deviations, or not at all where a loss is bound to their
// own units; then a last layer that is not trained gives these.
import { StandardScaler } from "../data/scaling.ts";
import type { Rows } from "../data/scaling.ts";
import type { Job } from "../estimators/job.ts";
import { TargetScaling } from "../estimators/targets.ts";
import type { LossName } from "../tables/losses.ts";
import { logarithm } from "./logarithm.ts";
import { fitScaler } from "./scaling.ts";
import type { Evaluation } from "../tables/metrics.ts";
import type { EpochReport } from "../training/reports.ts";

/** Losses that depend on differences only, and the power of the targets' scale with which they grow. */
const POWERS: Partial<Record<LossName, 1 | 2>> = {
  squaredError: 2,
  meanSquaredError: 2,
  huber: 2,
  meanAbsoluteError: 1,
  quantile: 1,
};
/** Losses for targets that are at least 0. */
const COUNTS: readonly LossName[] = ["poisson", "meanSquaredLogarithmicError"];

/** How a network's targets are scaled. */
export interface Scaled {
  /** Before and after the network. */
  outer: TargetScaling;
  /** By the network's last layer. */
  inner?: StandardScaler;
}

/** The loss that networks minimise, by name. */
export function lossOf({ given, classes }: Job): LossName {
  const { loss } = given;
  if (loss !== undefined) return typeof loss === "string" ? loss : loss.name;
  if (classes.length === 0) return "meanSquaredError";
  return classes.length === 2 ? "binaryCrossEntropy" : "categoricalCrossEntropy";
}

/** Whether a network with this loss gives only numbers that are at least 0. */
export function countsOnly(loss: LossName): boolean {
  return COUNTS.includes(loss);
}

/**
 * Learns to scale targets.
 * @param log what is added to targets before their logarithms are taken; without it, none are.
 */
export function scaleTargets(rows: Rows, loss: LossName, weights?: Float64Array, log?: number): Scaled {
  const data = log === undefined ? rows.data : Float64Array.from(rows.data, (value) => logarithm(value + log));
  return scaledBy(fitScaler({ ...rows, data }, "targets", weights), loss, log);
}

/** As a loss needs it, where means and deviations of the targets are known. */
export function scaledBy(learnt: StandardScaler, loss: LossName, log?: number): Scaled {
  const { mean, scale, columns } = learnt;
  // A huber loss has one delta, which fits one scale only.
  if (POWERS[loss] !== undefined && !(loss === "huber" && columns > 1))
    return { outer: new TargetScaling(learnt, log) };
  const zeros = mean.map(() => 0);
  const ones = mean.map(() => 1);
  if (loss === "huber" || loss === "logCosh") {
    const outer = new TargetScaling(new StandardScaler(mean, ones));
    return { outer, inner: new StandardScaler(zeros, scale) };
  }
  const outer = new TargetScaling(new StandardScaler(zeros, ones));
  if (loss === "meanAbsolutePercentageError") return { outer, inner: learnt };
  if (!countsOnly(loss)) return { outer };
  return { outer, inner: new StandardScaler(zeros, mean.map((value) => value || 1)) }; // prettier-ignore
}

/** Targets as a network is trained on them. */
export function encodeTargets({ outer: { scaler, log } }: Scaled, { data, ...rows }: Rows): Float64Array {
  const values =
    log === undefined ? data : Float64Array.from(data, (value) => logarithm(Math.max(value + log, 1e-300)));
  return scaler.transform({ ...rows, data: values });
}

/**
 * How many times a network's loss it is in the targets' own unit. Of several targets, each in its unit: as if all had been
 * learnt equally well, since a network tells the mean alone.
 */
export function unitOf({ outer: { scaler } }: Scaled, loss: LossName): number {
  const power = POWERS[loss];
  if (power === undefined) return 1;
  return meanOf(power === 2 ? scaler.scale.map((scale) => scale * scale) : scaler.scale);
}

function meanOf(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** How many times a metric it is. */
export function unitOfMetric({ outer: { scaler } }: Scaled, metric: string): number {
  return metric === "meanAbsoluteError" || metric === "rootMeanSquaredError" ? meanOf(scaler.scale) : 1;
}

/** Brings a report into the targets' own unit, in place. */
export function restoreReport<R extends EpochReport | Evaluation>(report: R, scaled: Scaled, loss: LossName): R {
  const unit = unitOf(scaled, loss);
  report.loss *= unit;
  if (report.penalty !== undefined) report.penalty *= unit;
  for (const metric of ["meanAbsoluteError", "rootMeanSquaredError"] as const) {
    const value = report[metric];
    if (value !== undefined) report[metric] = value * unitOfMetric(scaled, metric);
  }
  const { validation } = report as EpochReport;
  if (validation) restoreReport(validation, scaled, loss);
  return report;
}
