// How well a model does on rows whose targets are known: measured once, here, and worded for people.
import { Classifier } from "../classifier.ts";
import type { Label } from "../data/labels.ts";
import type { Regressor } from "../regressor.ts";
import type { Matrix } from "../types.ts";
import { figure } from "./text.ts";

export interface Figures {
  rows: number;
  /** As training minimises it; for numbers, of the scaled target. */
  loss: number;
  accuracy?: number;
  r2?: number;
  /** The usual size of an error, in the target's own unit. */
  rootMeanSquaredError?: number;
}

export function measure(estimator: Classifier | Regressor, x: Matrix, y: readonly Label[] | Float64Array): Figures {
  if (estimator instanceof Classifier) return { rows: y.length, ...estimator.evaluate(x, y) };
  const targets = y as Float64Array;
  const predictions = estimator.predict(x);
  let squares = 0;
  for (let i = 0; i < targets.length; i++) squares += (predictions[i] - targets[i]) * (predictions[i] - targets[i]);
  const rootMeanSquaredError = Math.sqrt(squares / targets.length);
  return { rows: y.length, ...estimator.evaluate(x, targets), rootMeanSquaredError };
}

/** Figures in words: "accuracy 0.9667, loss 0.1". */
export function sentence({ loss, accuracy, r2, rootMeanSquaredError }: Figures): string {
  if (accuracy !== undefined) return `accuracy ${figure(accuracy)}, loss ${figure(loss)}`;
  return `r2 ${figure(r2)}, error ${figure(rootMeanSquaredError)} (root mean square), loss ${figure(loss)}`;
}
