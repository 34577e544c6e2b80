// Measures answers, whatever gave them. A network that passes them through as its outputs computes the figures, so that
// losses and metrics are defined in one place only.
import type { Rows } from "../data/scaling.ts";
import { PropagoError } from "../ground/errors.ts";
import type { Job } from "../estimators/job.ts";
import type { LossSpec } from "../tables/losses.ts";
import { logarithm } from "./logarithm.ts";
import { readClassWeights } from "../data/class-weights.ts";
import { readSampleWeights } from "../data/weighting.ts";
import { fitScaler } from "./scaling.ts";
import { centreAt } from "./threshold.ts";
import type { Data } from "../data/data.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { EvaluateOptions } from "../network/options.ts";
import type { Evaluation } from "../tables/metrics.ts";

/** Losses that do not change if the same number is added to targets and predictions. */
const DIFFERENCES: readonly unknown[] = [
  undefined,
  "squaredError",
  "meanSquaredError",
  "meanAbsoluteError",
  "huber",
  "logCosh",
  "quantile",
];

type Judged = Pick<Job, "metric" | "given" | "classes" | "make">;

/**
 * Loss and metrics of answers: probabilities, or predictions in the targets' own units.
 * @param threshold from which probability on the second of two classes is the answer; of each row, or one for all.
 */
export function measure(
  job: Judged,
  answers: FloatArray,
  targets: Rows,
  more: EvaluateOptions,
  threshold: number | Float64Array = 0.5,
): Evaluation {
  const figures = measureAtHalf(job, answers, targets, more);
  if (threshold === 0.5) return figures;
  const at = (row: number): number => (typeof threshold === "number" ? threshold : threshold[row]);
  const moved = measureAtHalf(
    job,
    Float64Array.from(answers, (p, row) => centreAt(p, at(row))),
    targets,
    more,
  );
  // Figures that are computed from the probabilities themselves stay.
  const { loss, logLoss, rocAuc } = figures;
  const kept = Object.entries({ loss, logLoss, rocAuc }).filter(([, value]) => value !== undefined);
  return { ...moved, ...(Object.fromEntries(kept) as { loss: number }) };
}

function measureAtHalf(
  { metric, given, classes, make }: Judged,
  answers: FloatArray,
  targets: Rows,
  more: EvaluateOptions,
): Evaluation {
  const { loss, dtype } = given;
  const { classWeights, metrics = [metric], ...options } = more;
  // poisson needs an output that cannot be negative. relu does not change counts, since they are at least 0.
  const isPoisson = (typeof loss === "object" ? loss.name : loss) === "poisson";
  const activation = isPoisson ? "relu" : lastActivation(classes.length);
  const judge = make({
    inputs: answers.length / targets.rows,
    layers: [{ type: "activation", activation }],
    loss,
    dtype,
  });
  try {
    if (classWeights !== undefined) {
      const factors = readClassWeights(classWeights, classes, () => Uint32Array.from(targets.data));
      const own = options.sampleWeights;
      const weights = own && readSampleWeights(own, "sampleWeights", targets.rows);
      options.sampleWeights = Float64Array.from(targets.data, (index, row) => factors[index] * (weights?.[row] ?? 1));
    }
    if (classes.length > 0) {
      return judge.evaluate(oddsOf(answers, targets, classes.length), { ...options, metrics });
    }
    return evaluateDifferences(judge, differencesOf(answers, targets, loss), { ...options, metrics });
  } finally {
    judge.dispose();
  }
}

function evaluateDifferences(judge: ReturnType<Judged["make"]>, data: Data, options: EvaluateOptions): Evaluation {
  try {
    return judge.evaluate(data, options);
  } catch (error) {
    throw aboutAnswers(error);
  }
}

/** An error about the judging network's x and y, which are predictions and targets. */
function aboutAnswers(error: unknown): unknown {
  if (!(error instanceof PropagoError)) return error;
  const message = error.message.replace(/\bx(?=\[)/g, "predictions").replace(/\by(?=\[)/g, "targets");
  return new PropagoError(error.code, message, { cause: error });
}

/** What the last layer does: two classes share an output, more have one each; numbers come out as they are. */
export function lastActivation(classes: number): "linear" | "sigmoid" | "softmax" {
  return classes === 0 ? "linear" : classes === 2 ? "sigmoid" : "softmax";
}

/** The numbers of classes as a network is trained on them: the one output of a single class is its probability. */
export function classesAsTargets({ data }: Rows, classes: number): Int32Array {
  return Int32Array.from(data, (index) => (classes === 1 ? 1 : index));
}

/** Logarithms of probabilities, which softmax makes probabilities again, and for sigmoid of their odds. */
function oddsOf(answers: FloatArray, targets: Rows, classes: number): Data {
  const log = (value: number): number => logarithm(Math.max(value, 1e-37));
  return { x: answers.map((p) => log(p) - (classes === 2 ? log(1 - p) : 0)), y: classesAsTargets(targets, classes) };
}

/** Predictions and targets, less the targets' mean: differences of large numbers need digits that float32 would lose. */
function differencesOf(answers: FloatArray, targets: Rows, loss: LossSpec | undefined): Data {
  const name = typeof loss === "object" ? loss.name : loss;
  const { mean, columns } = fitScaler(targets, "targets");
  if (!DIFFERENCES.includes(name)) mean.fill(0);
  const centred = (values: Rows["data"]) => Float64Array.from(values, (value, i) => value - mean[i % columns]);
  return { x: centred(answers), y: centred(targets.data) };
}
