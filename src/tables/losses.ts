// The losses by name. Their values and derivatives are the core's (assembly/functions/losses.ts).
import {
  BINARY_CROSS_ENTROPY,
  CATEGORICAL_CROSS_ENTROPY,
  COSINE_SIMILARITY,
  FUSED_LOSSES,
  HINGE,
  HUBER,
  KL_DIVERGENCE,
  LOG_COSH,
  LOG_DIVERGENCE,
  LOG_LIKELIHOOD,
  MEAN_ABSOLUTE_ERROR,
  MEAN_ABSOLUTE_PERCENTAGE_ERROR,
  MEAN_SQUARED_ERROR,
  MEAN_SQUARED_LOGARITHMIC_ERROR,
  POISSON,
  QUANTILE,
  SIGMOID_CROSS_ENTROPY,
  SOFTMAX_DIVERGENCE,
  SQUARED_ERROR,
  SQUARED_HINGE,
} from "../../assembly/plan.ts";
import { isOneOf } from "../ground/sets.ts";
import { ACTIVATIONS, type ActivationName, type ActivationRow } from "./activations.ts";
import { type OptionTable, readNamed } from "../ground/options.ts";
import { PropagoError } from "../ground/errors.ts";
import type { MetricName } from "./names.ts";

interface LossRow {
  /** Absent where the loss belongs to the activations in `behind`. */
  id?: number;
  /** Ids of the forms that belong to certain last activations: fused with them, or of their logarithms. */
  behind?: Partial<Record<ActivationName, number>>;
  /**
   * What targets must be: any numbers, numbers in [0, 1], rows of probabilities that sum to 1, numbers no less than 0,
   * or −1 and 1.
   */
  targets: "any" | "unit" | "probabilities" | "counts" | "signs";
  /** It takes the logarithm of outputs: the activation to advise where the last one also gives numbers below 0. */
  positive?: ActivationName;
  /** What reports show beside the loss unless told otherwise. */
  metrics: readonly MetricName[];
  /** At most one: the core has room for one number. */
  options?: OptionTable;
}

/** The part of a target that is spread over all classes, or over both sides of a single output. */
const smoothing = {
  /** The part of a target that is spread over all classes. Default 0. */
  labelSmoothing: {
    kind: "number",
    default: 0,
    least: 0,
    below: 1,
  },
} as const;

export const LOSSES = {
  squaredError: { id: SQUARED_ERROR, targets: "any", metrics: [] },
  meanSquaredError: { id: MEAN_SQUARED_ERROR, targets: "any", metrics: [] },
  meanAbsoluteError: { id: MEAN_ABSOLUTE_ERROR, targets: "any", metrics: [] },
  huber: {
    id: HUBER,
    targets: "any",
    metrics: [],
    options: {
      /** The error from which on it grows linearly. Default 1. */
      delta: { kind: "number", default: 1, above: 0 },
    },
  },
  logCosh: { id: LOG_COSH, targets: "any", metrics: [] },
  quantile: {
    id: QUANTILE,
    targets: "any",
    metrics: [],
    options: {
      /** Which quantile is learnt. Default 0.5, the median. */
      q: { kind: "number", default: 0.5, above: 0, below: 1 },
    },
  },
  hinge: { id: HINGE, targets: "signs", metrics: [] },
  squaredHinge: { id: SQUARED_HINGE, targets: "signs", metrics: [] },
  poisson: { id: POISSON, targets: "counts", metrics: [], positive: "softplus" },
  meanAbsolutePercentageError: { id: MEAN_ABSOLUTE_PERCENTAGE_ERROR, targets: "any", metrics: [] },
  meanSquaredLogarithmicError: { id: MEAN_SQUARED_LOGARITHMIC_ERROR, targets: "counts", metrics: [] },
  binaryCrossEntropy: {
    behind: { sigmoid: BINARY_CROSS_ENTROPY },
    targets: "unit",
    metrics: ["accuracy"],
    options: smoothing,
  },
  sigmoidCrossEntropy: {
    behind: { sigmoid: SIGMOID_CROSS_ENTROPY },
    targets: "unit",
    metrics: ["accuracy"],
    options: smoothing,
  },
  categoricalCrossEntropy: {
    behind: { softmax: CATEGORICAL_CROSS_ENTROPY, logSoftmax: LOG_LIKELIHOOD },
    targets: "probabilities",
    metrics: ["accuracy"],
    options: smoothing,
  },
  klDivergence: {
    id: KL_DIVERGENCE,
    behind: { softmax: SOFTMAX_DIVERGENCE, logSoftmax: LOG_DIVERGENCE },
    targets: "probabilities",
    metrics: [],
    positive: "softmax",
  },
  cosineSimilarity: { id: COSINE_SIMILARITY, targets: "any", metrics: [] },
} as const satisfies Record<string, LossRow>;

/** The names of the losses; docs/reference.md says what each is. */
export type LossName = keyof typeof LOSSES;

/** A loss by name, or with its parameter: `{ name: "huber", delta: 0.5 }`. */
export type LossSpec =
  | LossName
  | {
      [N in LossName]: {
        /** Which loss. */
        name: N;
      } & ((typeof LOSSES)[N] extends { options: infer O } ? { [K in keyof O]?: number } : unknown);
    }[LossName];

/** A loss with all that the core and the checks of data need. */
export interface Loss {
  name: LossName;
  id: number;
  /** It is computed from the last layer's weighted inputs. */
  fused: boolean;
  parameter: number;
  targets: LossRow["targets"];
  metrics: readonly MetricName[];
  /** The shortest form that says the same. */
  spec: LossSpec;
}

/**
 * The loss as given, or the one that fits the last activation. `isFixed`: the last layer's weights are the user's own choice,
 * and so is it that their outputs suit the loss.
 * @throws PropagoError ERR_CONFIG for a loss that the last activation's outputs have no meaning for.
 */
export function readLoss(value: unknown, last: ActivationName, isFixed: boolean): Loss {
  const fallback =
    last === "softmax" ? "categoricalCrossEntropy" : last === "sigmoid" ? "binaryCrossEntropy" : "meanSquaredError";
  const { name, options, given } = readNamed(value ?? fallback, "loss", "loss", LOSSES);
  const row: LossRow = LOSSES[name];
  const id = row.behind?.[last] ?? row.id;
  if (id === undefined) {
    const needed = Object.keys(row.behind ?? {});
    throw new PropagoError(
      "ERR_CONFIG",
      `loss "${name}" needs a ${needed.join(" or ")} output, the last activation is ${last}; ` +
        `give the last layer the activation "${needed[0]}" or choose another loss`,
    );
  }
  const { range = [-1, 1] }: ActivationRow = ACTIVATIONS[last];
  if (row.positive && !row.behind?.[last] && range[0] < 0 && !isFixed) {
    throw new PropagoError(
      "ERR_CONFIG",
      `loss "${name}" takes the logarithm of outputs, and those of ${last} may be below 0; ` +
        `give the last layer the activation "${row.positive}" or choose another loss`,
    );
  }
  const [parameter = 0] = Object.values(options) as number[];
  return {
    name,
    id,
    fused: isOneOf(id, FUSED_LOSSES),
    parameter,
    targets: row.targets,
    metrics: row.metrics,
    spec: given.size > 0 ? { name, ...options } : name,
  };
}
