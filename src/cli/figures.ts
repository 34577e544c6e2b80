// Measures a model on rows whose targets are known, and puts the figures into words.
import { Classifier } from "../estimators/classifier.ts";
import type { Baseline, Estimate } from "../estimators/options.ts";
import { listed } from "../data/labels.ts";
import type { Label } from "../data/labels.ts";
import { PropagoError } from "../ground/errors.ts";
import type { Regressor } from "../estimators/regressor.ts";
import { CLASS_METRICS } from "../selection/figures.ts";
import { called, figure } from "./text.ts";
import type { Matrix } from "../data/data.ts";
import type { Evaluation } from "../tables/metrics.ts";

export interface Figures extends Evaluation {
  rows: number;
  /** Rows whose class training has not seen. They count as wrong predictions; the loss is that of the other rows. */
  unseen?: number;
}

/** With more classes than this, the figures of each class are left to `--json`. */
const MOST_LINES = 30;
/** A confusion matrix of more classes than this does not fit a terminal. */
const MOST_COLUMNS = 10;

/**
 * Computes the loss and the usual metrics for rows with known targets.
 * @param x one row per sample, as `{ data, shape }`.
 * @param y the targets. A label may be one that training has not seen.
 * @throws PropagoError ERR_DATA where training has seen no label.
 */
export function measure(estimator: Classifier | Regressor, x: Matrix, y: readonly Label[] | Float64Array): Figures {
  if (estimator instanceof Classifier) return measureClasses(estimator, x, y as readonly Label[]);
  const metrics = ["r2", "meanAbsoluteError", "rootMeanSquaredError"] as const;
  return { rows: y.length, ...estimator.evaluate(x, y as Float64Array, { metrics }) };
}

function measureClasses(estimator: Classifier, x: Matrix, labels: readonly Label[]): Figures {
  const known = new Set<Label>(estimator.classes);
  const seen: number[] = [];
  const unseen: number[] = [];
  labels.forEach((label, row) => (known.has(label) ? seen : unseen).push(row));
  if (unseen.length === 0) return { rows: labels.length, ...estimator.evaluate(x, labels, { metrics: CLASS_METRICS }) };
  if (seen.length === 0) {
    const message = `no row has a class that training has seen (${listed(estimator.classes)})`;
    throw new PropagoError("ERR_DATA", message);
  }
  const own = seen.map((row) => labels[row]);
  const figures = estimator.evaluate(rowsOf(x, seen), own, { metrics: CLASS_METRICS });
  return withUnseen(figures, estimator.classes, estimator.predict(rowsOf(x, unseen)), labels.length);
}

/** Adds rows whose class training has not seen. Each counts as a wrong prediction of the class that it got. */
function withUnseen(
  figures: Evaluation,
  classes: readonly Label[],
  predicted: readonly Label[],
  rows: number,
): Figures {
  const { accuracy = NaN, confusionMatrix = [], precisionPerClass = [], f1PerClass = [] } = figures;
  const wrong = classes.map((label) => predicted.filter((one) => one === label).length);
  const right = classes.map((_, i) => confusionMatrix[i][i]);
  const taken = classes.map((_, i) => wrong[i] + confusionMatrix.reduce((sum, row) => sum + row[i], 0));
  const there = confusionMatrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  return {
    ...figures,
    rows,
    unseen: predicted.length,
    accuracy: (accuracy * (rows - predicted.length)) / rows,
    precisionPerClass: precisionPerClass.map((value, i) => (wrong[i] > 0 ? right[i] / taken[i] : value)),
    f1PerClass: f1PerClass.map((value, i) => (wrong[i] > 0 ? (2 * right[i]) / (taken[i] + there[i]) : value)),
  };
}

/** Copies some rows of a matrix that is given as `{ data, shape }`. */
function rowsOf(x: Matrix, places: readonly number[]): Matrix {
  const { data, shape } = x as { data: Float32Array; shape: readonly number[] };
  const columns = shape[1];
  const own = new (data.constructor as Float32ArrayConstructor)(places.length * columns);
  places.forEach((row, i) => own.set(data.subarray(row * columns, (row + 1) * columns), i * columns));
  return { data: own, shape: [places.length, columns] };
}

/** Figures in words: "accuracy 0.9667 (standard error 0.016), log loss 0.1". */
export function sentence(figures: Evaluation): string {
  const { loss, accuracy, r2, rocAuc, meanAbsoluteError, rootMeanSquaredError } = figures;
  const spread = "spread" in figures ? ` (standard error ${figure((figures as Estimate).spread, 2)})` : "";
  if (accuracy !== undefined) {
    const area = rocAuc === undefined ? "" : `, ROC AUC ${figure(rocAuc)}`;
    return `accuracy ${figure(accuracy)}${spread}${area}, loss ${figure(loss)}`;
  }
  return `r2 ${figure(r2)}${spread}, ${errors({ meanAbsoluteError, rootMeanSquaredError })}`;
}

function errors({
  meanAbsoluteError,
  rootMeanSquaredError,
}: Pick<Evaluation, "meanAbsoluteError" | "rootMeanSquaredError">): string {
  const texts: string[] = [];
  if (meanAbsoluteError !== undefined) texts.push(`mean absolute error ${figure(meanAbsoluteError)}`);
  if (rootMeanSquaredError !== undefined) texts.push(`root mean square ${figure(rootMeanSquaredError)}`);
  return texts.join(", ");
}

/** Puts into words what is reached without looking at the inputs. */
export function baselineSentence({ loss, accuracy, ...figures }: Baseline): string {
  if (accuracy !== undefined) return `the largest class has accuracy ${figure(accuracy)}, loss ${figure(loss)}`;
  return `the mean has r2 0, ${errors(figures)}`;
}

/** Says from which probability on a class is predicted, unless that is one half. */
export function thresholdLines({ classes, threshold }: Classifier): string[] {
  if (threshold === 0.5) return [];
  const [first, second] = classes.map(called);
  const rare = threshold < 0.5 ? { name: second, from: threshold } : { name: first, from: 1 - threshold };
  return [`"${rare.name}" is predicted from a probability of ${figure(rare.from)} on`];
}

/** Precision, recall and f1 of each class. */
export function byClass(classes: readonly Label[], figures: Evaluation) {
  const { precisionPerClass, recallPerClass, f1PerClass } = figures;
  if (!precisionPerClass) return [];
  return classes.map((label, i) => ({
    label,
    precision: precisionPerClass[i] ?? NaN,
    recall: recallPerClass?.[i] ?? NaN,
    f1: f1PerClass?.[i] ?? NaN,
  }));
}

/** Lines of precision and recall of each class, and of the confusion matrix. */
export function classLines(classes: readonly Label[], figures: Evaluation): string[] {
  const lines: string[] = [];
  const rows = byClass(classes, figures);
  if (rows.length > MOST_LINES) return lines;
  const names = classes.map((label) => called(label).slice(0, 20));
  const width = Math.max(12, ...names.map((name) => name.length));
  rows.forEach(({ precision, recall, f1 }, i) => {
    lines.push(
      `  ${names[i].padEnd(width)}  precision ${figure(precision)}, recall ${figure(recall)}, f1 ${figure(f1)}`,
    );
  });
  const { confusionMatrix: matrix } = figures;
  if (!matrix || classes.length > MOST_COLUMNS || classes.length < 2) return lines;
  const cells = Math.max(6, ...names.map((name) => name.length));
  lines.push(`  ${"true \\ predicted".padEnd(width + 4)}${names.map((name) => name.padStart(cells)).join("  ")}`);
  matrix.forEach((counts, i) => {
    const row = counts.map((count) => String(count).padStart(cells)).join("  ");
    lines.push(`  ${names[i].padEnd(width)}    ${row}`);
  });
  return lines;
}
