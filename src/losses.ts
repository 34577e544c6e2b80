// The losses by name. Their values and derivatives are the core's (assembly/losses.ts).
import {
  BINARY_CROSS_ENTROPY,
  CATEGORICAL_CROSS_ENTROPY,
  MEAN_SQUARED_ERROR,
  SIGMOID_CROSS_ENTROPY,
  SQUARED_ERROR,
} from "../assembly/plan.ts";
import type { ActivationName } from "./activations.ts";
import { readName } from "./check.ts";
import { PropagoError } from "./errors.ts";
import type { MetricName } from "./types.ts";

interface LossRow {
  id: number;
  /** The last activation that the loss is fused with, and needs. */
  behind?: ActivationName;
  /** What targets must be: any numbers, numbers in [0, 1], or rows of probabilities that sum to 1. */
  targets: "any" | "unit" | "probabilities";
  /** What reports show beside the loss unless told otherwise. */
  metrics: readonly MetricName[];
}

export const LOSSES = {
  squaredError: { id: SQUARED_ERROR, targets: "any", metrics: [] },
  meanSquaredError: { id: MEAN_SQUARED_ERROR, targets: "any", metrics: [] },
  binaryCrossEntropy: { id: BINARY_CROSS_ENTROPY, behind: "sigmoid", targets: "unit", metrics: ["accuracy"] },
  sigmoidCrossEntropy: { id: SIGMOID_CROSS_ENTROPY, behind: "sigmoid", targets: "unit", metrics: ["accuracy"] },
  categoricalCrossEntropy: {
    id: CATEGORICAL_CROSS_ENTROPY,
    behind: "softmax",
    targets: "probabilities",
    metrics: ["accuracy"],
  },
} as const satisfies Record<string, LossRow>;

export type LossName = keyof typeof LOSSES;

/** The loss's row, as the rest of the library reads it. */
export function lossRow(name: LossName): LossRow {
  return LOSSES[name];
}

/** The loss by name, or the one that fits the last activation. */
export function readLoss(value: unknown, last: ActivationName): LossName {
  if (value === undefined) {
    if (last === "softmax") return "categoricalCrossEntropy";
    return last === "sigmoid" ? "binaryCrossEntropy" : "meanSquaredError";
  }
  const name = readName(value, "loss", Object.keys(LOSSES) as LossName[], "loss");
  const { behind } = lossRow(name);
  if (behind !== undefined && behind !== last) {
    throw new PropagoError(
      "ERR_CONFIG",
      `loss "${name}" needs a ${behind} output, the last activation is ${last}; ` +
        `give the last layer the activation "${behind}" or choose another loss`,
    );
  }
  return name;
}
