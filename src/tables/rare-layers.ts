// The layers that most networks do without: normalisations, and the rarer kinds of noise.
import { ALPHA_DROPOUT, BATCH_NORM, GAUSSIAN_NOISE, LAYER_NORM } from "../../assembly/plan.ts";
import { type OptionTable, REQUIRED, readName } from "../ground/options.ts";
import { type LayerRow, disturbing, rate, readTrainable, type Trainable } from "./layers.ts";
import { constant } from "./distributions.ts";

/** Of both normalisations. */
const normalisation = {
  epsilon: { kind: "number", least: 1e-30, default: 1e-5 },
  scale: { kind: "flag", default: true },
  center: { kind: "flag", default: true },
  trainable: { kind: "other", default: true, read: readTrainable },
  flavor: {
    kind: "other",
    default: "pytorch",
    read: (value, where) => readName(value, where, ["pytorch", "keras"], "flavor"),
  },
} as const satisfies OptionTable;

/** Keras counts what stays of the running statistics, PyTorch what comes from the batch. */
function normalising(row: { keras: Readonly<Record<string, number>> }, hasStatistics: boolean): LayerRow["read"] {
  return (options, given) => {
    const isKeras = (options.flavor as unknown) === "keras";
    const keras = Object.entries(row.keras).filter(([name]) => isKeras && !given.has(name));
    const { epsilon, momentum, scale, center, ...rest } = { ...options, ...Object.fromEntries(keras) };
    const trainable = rest.trainable as unknown as Trainable;
    const follow = isKeras ? 1 - (momentum as number) : (momentum as number);
    return {
      parameter: epsilon as number,
      weightRows: 1,
      bias: center as boolean,
      init: constant(1),
      trainWeights: scale === true && (trainable === true || trainable === "weights"),
      trainBias: center === true && (trainable === true || trainable === "bias"),
      ...(hasStatistics ? { statistics: { follow, unbiased: !isKeras, trained: trainable !== false } } : {}),
    };
  };
}

const ofBatch = { keras: { momentum: 0.99, epsilon: 1e-3 } } as const;
const ofLayer = { keras: { epsilon: 1e-3 } } as const;

export const RARE_LAYERS = {
  alphaDropout: { kind: ALPHA_DROPOUT, options: { rate }, read: disturbing },
  gaussianNoise: {
    kind: GAUSSIAN_NOISE,
    options: { deviation: { kind: "number", least: 0, default: REQUIRED } },
    read: disturbing,
  },
  batchNorm: {
    kind: BATCH_NORM,
    options: { momentum: { kind: "number", least: 0, most: 1, default: 0.1 }, ...normalisation },
    ...ofBatch,
    read: normalising(ofBatch, true),
  },
  layerNorm: { kind: LAYER_NORM, options: normalisation, ...ofLayer, read: normalising(ofLayer, false) },
} as const satisfies Record<string, LayerRow>;
