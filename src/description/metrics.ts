// Reads the metrics of a report, and finds out whether they have a meaning for a network's targets.
import type { NetworkDescription } from "./description.ts";
import { type Metrics, type Metric, METRICS, type Meaning, fits } from "../tables/metrics.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { Part } from "../ground/parts.ts";
import { withRareRows } from "../tables/rare.ts";
import { readNamed } from "../ground/options.ts";
import type { Averaged } from "../tables/scores.ts";
import { METRIC_OUTPUTS, METRIC_CORRECT, METRIC_SIDES, METRIC_SIGNS } from "../../assembly/plan.ts";
import type { FloatArray } from "../ground/arrays.ts";

/** What is known of rare metrics. */
export interface RareMetrics {
  checkMetric(metric: Metric, before: Metric | undefined, where: string, outputs: number): void;
  fitting(meaning: Meaning): string;
}

const RARE_METRICS = new Part<RareMetrics>("complete");

/** The metrics to report: those asked for, or those that suit the loss. */
export function readMetrics(value: unknown, { loss, outputs }: NetworkDescription): Metrics {
  const given = value === undefined ? loss.metrics : value;
  if (!Array.isArray(given)) {
    throw new PropagoError("ERR_CONFIG", `metrics must be an array such as ["accuracy"], got ${show(value)}`);
  }
  const list = new Map<string, Metric>();
  for (const [i, entry] of given.entries()) {
    const where = `metrics[${i}]`;
    const named: unknown = typeof entry === "object" && entry !== null ? (entry as { name?: unknown }).name : entry;
    const rows = withRareRows("metric", METRICS, named);
    const { name, options } = readNamed(entry, where, "metric", rows);
    const key = (options as Partial<Averaged>).average === "perClass" ? `${name}PerClass` : name;
    // Without that part no metric has options.
    RARE_METRICS.here?.checkMetric({ key, row: rows[name], options }, list.get(key), where, outputs);
    list.set(key, { key, row: rows[name], options });
  }
  const all = [...list.values()];
  return { bits: all.reduce((sum, { row }) => sum | (row.bits ?? METRIC_OUTPUTS), 0), list: all };
}

/**
 * What targets mean: `values` are those of all rows; without any, each row has a label. A softmax has one class a row.
 * Several sigmoid outputs are classes that do not exclude each other. Behind other outputs rows have one class each if all
 * have one yes.
 */
export function meaningOf(values: FloatArray | undefined, { loss, outputs, layers }: NetworkDescription): Meaning {
  const { name, range } = layers[layers.length - 1].activation;
  const { targets } = loss;
  const all = (fits: (value: number) => boolean): boolean => !values || (values as Float64Array).every(fits);
  const isBinary = all((value) => value === 0 || value === 1);
  const isSigned = !isBinary && all((value) => Math.abs(value) === 1);
  const isSoftmax = targets === "probabilities" || /softmax/i.test(name);
  const areProbabilities = range?.[0] === 0 && range[1] === 1;
  const threshold = isSigned ? 0 : 0.5;
  let bySides = values !== undefined && !isSoftmax;
  if (values && bySides && outputs > 1 && targets !== "signs" && !areProbabilities) {
    // For each row how many say yes.
    const yes = new Uint32Array(values.length / outputs);
    values.forEach((value, i) => (yes[Math.floor(i / outputs)] += Number(value > threshold)));
    bySides = yes.some((count) => count !== 1);
  }
  return {
    bySides,
    threshold,
    classes: isBinary || isSigned || isSoftmax || targets === "unit",
    // Fractions may be both: what a softmax should give, or a sigmoid.
    numbers: values !== undefined && targets !== "signs" && !(isBinary && (isSoftmax || targets === "unit")),
    isSoftmax,
    areProbabilities,
    outputs,
  };
}

/** What the core is to count for metrics of targets, called `name`, that mean this; refuses those that have no meaning. */
export function suit({ bits, list }: Metrics, meaning: Meaning, name: string): number {
  for (const { key, row } of list) {
    if (fits(row, meaning)) continue;
    const others = RARE_METRICS.here?.fitting(meaning) ?? "";
    throw new PropagoError("ERR_CONFIG", `metrics: ${key} is for ${row.of}, which ${name} does not hold here${others}`);
  }
  return bits & METRIC_CORRECT && meaning.bySides ? bits | METRIC_SIDES | (meaning.threshold ? 0 : METRIC_SIGNS) : bits;
}

/** Names of the reported values that are single numbers, whose course can be watched. */
export function monitorsOf({ list }: Metrics): string[] {
  return list.map(({ key }) => key).filter((key) => key !== "confusionMatrix" && !key.endsWith("PerClass"));
}

/** Whether more of a reported value is better. */
export function rises(monitor: string): boolean {
  const name = monitor.replace("validation.", "");
  const rows = withRareRows("metric", METRICS, name);
  return name !== "loss" && !rows[name].falls;
}
