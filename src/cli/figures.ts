// How well a model does: measured on rows whose targets are known, and worded for people.
import { Classifier } from "../estimators/classifier.ts";
import type { Baseline, Estimate } from "../estimators/options.ts";
import type { Label } from "../data/labels.ts";
import type { Regressor } from "../estimators/regressor.ts";
import type { Evaluation, Matrix } from "../types.ts";
import { figure, printable } from "./text.ts";

export interface Figures extends Evaluation {
  rows: number;
}

/** More classes than this are for programs. */
const MOST_LINES = 30;
/** More classes than this make a matrix that no terminal is wide enough for. */
const MOST_COLUMNS = 10;

const PER_CLASS = [
  "accuracy",
  { name: "precision", average: "perClass" },
  { name: "recall", average: "perClass" },
  { name: "f1", average: "perClass" },
  "confusionMatrix",
] as const;

/** Loss, and what says most beside it, for rows with known targets. */
export function measure(estimator: Classifier | Regressor, x: Matrix, y: readonly Label[] | Float64Array): Figures {
  if (estimator instanceof Classifier) {
    const labels = y as readonly Label[];
    return { rows: y.length, ...estimator.evaluate(x, labels, { metrics: PER_CLASS }) };
  }
  const metrics = ["r2", "meanAbsoluteError", "rootMeanSquaredError"] as const;
  return { rows: y.length, ...estimator.evaluate(x, y as Float64Array, { metrics }) };
}

/** Figures in words: "accuracy 0.9667, log loss 0.1". */
export function sentence(figures: Evaluation): string {
  const { loss, accuracy, r2, meanAbsoluteError, rootMeanSquaredError } = figures;
  const spread = "spread" in figures ? ` ± ${figure((figures as Estimate).spread, 2)}` : "";
  if (accuracy !== undefined) return `accuracy ${figure(accuracy)}${spread}, loss ${figure(loss)}`;
  const errors: string[] = [];
  if (meanAbsoluteError !== undefined) errors.push(`${figure(meanAbsoluteError)} (mean absolute)`);
  if (rootMeanSquaredError !== undefined) errors.push(`${figure(rootMeanSquaredError)} (root mean square)`);
  return `r2 ${figure(r2)}${spread}, error ${errors.join(", ")}`;
}

/** What is reached without a look at the inputs, in words. */
export function baselineSentence({ accuracy, meanAbsoluteError, rootMeanSquaredError }: Baseline): string {
  if (accuracy !== undefined) return `the largest class alone: accuracy ${figure(accuracy)}`;
  return `the mean alone: r2 0, error ${figure(meanAbsoluteError)} (mean absolute), ${figure(rootMeanSquaredError)} (root mean square)`;
}

/** How well each class is told from the others. */
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
  const names = classes.map((label) => printable(String(label)).replaceAll("\n", " ").slice(0, 20));
  const width = Math.max(...names.map((name) => name.length));
  rows.forEach(({ precision, recall, f1 }, i) => {
    lines.push(
      `  ${names[i].padEnd(width)}  precision ${figure(precision)}, recall ${figure(recall)}, f1 ${figure(f1)}`,
    );
  });
  const { confusionMatrix: matrix } = figures;
  if (!matrix || classes.length > MOST_COLUMNS || classes.length < 2) return lines;
  const cells = Math.max(6, ...names.map((name) => name.length));
  lines.push(`  ${"predicted:".padEnd(width + 4)}${names.map((name) => name.padStart(cells)).join("  ")}`);
  matrix.forEach((counts, i) => {
    const row = counts.map((count) => String(count).padStart(cells)).join("  ");
    lines.push(`  ${names[i].padEnd(width)}    ${row}`);
  });
  return lines;
}
