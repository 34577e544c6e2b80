// Trains one estimator for each target of a table, with checkpoints and whoever watches, and measures the result.
import { Classifier } from "../estimators/classifier.ts";
import type { ClassifierOptions, Effort, EstimatorOptions } from "../estimators/options.ts";
import { Regressor } from "../estimators/regressor.ts";
import type { ActivationSpec } from "../tables/activations.ts";
import type { Encoded } from "../columns/columns.ts";
import type { Label } from "../data/labels.ts";
import type { TargetRecord, Targets } from "../columns/targets.ts";
import { PropagoError } from "../ground/errors.ts";
import type { LossSpec } from "../tables/losses.ts";
import { KEEPING, OWNED } from "../ground/marks.ts";
import { Orders } from "../keeping/keeper.ts";
import { type Figures, measure } from "./figures.ts";
import type { Watching } from "./watching.ts";
import type { Matrix } from "../data/data.ts";
import type { DType } from "../ground/arrays.ts";
import type { History } from "../training/reports.ts";
import type { OptimizerSpec } from "../tables/names.ts";

/** Options of training, as Commander gives them. */
export interface LearnFlags {
  effort?: Effort;
  ensemble?: number;
  optimize?: ClassifierOptions["optimize"];
  hidden?: number[];
  activation?: ActivationSpec;
  loss?: LossSpec;
  optimizer?: OptimizerSpec;
  learningRate?: number;
  l1?: number;
  l2?: number;
  epochs?: number;
  batchSize?: number | "full";
  /** A fraction of the rows, or the path of a file. */
  validation?: number | string;
  patience?: number;
  classWeights?: "balanced";
  timeLimit?: number;
  seed: number | "random";
  dtype?: DType;
  progress: boolean;
  /** Where reports go; they ask networks about rows that these have not seen. */
  report?: string;
  plots?: string;
}

/** One target, as an estimator takes it. */
export type Target = { name: string } & (
  { task: "classification"; labels: Label[] } | { task: "regression"; values: Float64Array }
);

/** The result of training on one target. */
export interface Learnt {
  target: Target;
  estimator: Classifier | Regressor;
  history: History;
  seconds: number;
  /** Figures on the rows that the model has learnt from. */
  training: Figures;
  /** Figures on the rows of `--validation`. */
  judged?: Figures;
}

/** Splits several targets, since each gets the model that is best for it. */
export function splitTargets(targets: Targets): Target[] {
  const { records } = targets;
  if (targets.kind === "classes") return [{ name: records[0].name, task: "classification", labels: targets.labels }];
  const { values } = targets;
  const count = records.length;
  return records.map((record, t): Target => {
    const own = Float64Array.from({ length: values.length / count }, (_, row) => values[row * count + t]);
    if (record.kind === "number") return { name: record.name, task: "regression", values: own };
    return { name: record.name, task: "classification", labels: Array.from(own, (index) => record.labels[index]) };
  });
}

/** Trains an estimator on one target, until the end or Ctrl-C. */
export async function learn(
  target: Target,
  { data, rows, columns }: Pick<Encoded, "data" | "rows" | "columns">,
  sampleWeights: Float64Array | undefined,
  flags: LearnFlags,
  watching: Watching,
): Promise<Learnt> {
  const estimator = make(target, flags);
  const started = performance.now();
  const x = { data, shape: [rows, columns], [OWNED]: true };
  const fraction = typeof flags.validation === "number" ? flags.validation : 0;
  const { patience } = flags;
  const isReported = flags.report !== undefined || flags.plots !== undefined;
  const options = {
    epochs: flags.epochs,
    batchSize: flags.batchSize,
    timeLimit: flags.timeLimit,
    validation: fraction,
    earlyStopping: patience === undefined || patience === 0 ? false : { patience },
    sampleWeights,
    onSearch: isReported ? Object.assign(watching.onSearch, { [KEEPING]: true }) : watching.onSearch,
    checkpoint: Object.assign(new Orders(), watching.orders),
  };
  let history: History;
  if (target.task === "regression") history = await (estimator as Regressor).fit(x, target.values, options);
  else {
    const { classWeights } = flags;
    history = await (estimator as Classifier).fit(x, target.labels, { ...options, classWeights });
  }
  const seconds = (performance.now() - started) / 1000;
  const learnt: Learnt = { target, estimator, history, seconds, training: { rows: 0, loss: NaN } };
  const held = estimator.heldBack;
  const isHeld = new Set(held);
  const known = isHeld.size === 0 ? undefined : Array.from({ length: rows }, (_, row) => row).filter((r) => !isHeld.has(r)); // prettier-ignore
  learnt.training = measurePart(estimator, { data, rows, columns }, target, known);
  if (held.length > 0) learnt.judged = measurePart(estimator, { data, rows, columns }, target, held);
  return learnt;
}

function make(target: Target, flags: LearnFlags): Classifier | Regressor {
  const { effort, ensemble, hidden, activation, optimizer, learningRate, loss, l1, l2, seed, dtype, optimize } = flags;
  const given: EstimatorOptions = { effort, ensemble, hidden, activation, optimizer, learningRate, loss, l1, l2, seed, dtype }; // prettier-ignore
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (target.task === "regression") {
    for (const [name, value] of Object.entries({ optimize, classWeights: flags.classWeights })) {
      if (value === undefined) continue;
      const flag = name === "optimize" ? "--optimize" : "--class-weights";
      throw new PropagoError("ERR_USAGE", `${flag} is for classes, but the target is a number; leave it out`);
    }
    return new Regressor(options);
  }
  return new Classifier(optimize === undefined ? options : { ...options, optimize });
}

/** Measures some rows, or all of them if no places are given. */
function measurePart(
  estimator: Classifier | Regressor,
  { data, rows, columns }: Pick<Encoded, "data" | "rows" | "columns">,
  target: Target,
  places?: readonly number[],
): Figures {
  const all = target.task === "classification" ? target.labels : target.values;
  if (!places) return measure(estimator, { data, shape: [rows, columns] }, all);
  const own = new (data.constructor as Float32ArrayConstructor)(places.length * columns);
  places.forEach((row, i) => own.set(data.subarray(row * columns, (row + 1) * columns), i * columns));
  const x: Matrix = { data: own, shape: [places.length, columns] };
  if (target.task === "classification") return measure(estimator, x, places.map((row) => target.labels[row])); // prettier-ignore
  return measure(estimator, x, Float64Array.from(places, (row) => target.values[row])); // prettier-ignore
}

/** A target's name as messages show it. */
export function nameOf(record: Pick<TargetRecord, "name">): string {
  return JSON.stringify(record.name);
}
