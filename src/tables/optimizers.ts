// The optimizers by name: their hyperparameters, and how many arrays they remember. The updates are the core's
// (assembly/optimizers/optimizers.ts). Here are those that most networks use, and what all have in common; the others are
// rare-optimizers.ts's.
import {
  ADAM,
  ADAM_BETA1,
  ADAM_BETA2,
  ADAM_EPSILON,
  AMSGRAD,
  MOMENTUM,
  MOMENTUM_MU,
  NESTEROV,
  SGD,
} from "../../assembly/plan.ts";
import { type OptionTable, readName, readNumber, readObject } from "../ground/options.ts";

/** How the core runs an optimizer. */
export interface Rule {
  id: number;
  /** Arrays as long as the trainable parameters that it keeps from step to step. */
  remembers: number;
  /** Its own numbers, by their places in the plan. */
  hyper: Readonly<Record<number, number>>;
  /** Which parameters it treats together: those of a tensor, or all; absent where each is treated by itself. */
  blocks?: "tensors" | "all";
  /** What it wants to know of a batch's samples: the curvature of each layer, or gradients somewhat ahead. */
  measures?: "curvature" | "differences";
}

export interface OptimizerRow {
  options: OptionTable;
  /** Keras's defaults, where it has this optimizer: those that are others. */
  keras?: Readonly<Record<string, number>>;
  /** Which of COMMON it does not take, and what to do instead. */
  refuses?: Readonly<Partial<Record<keyof typeof COMMON, string>>>;
  rule(options: Readonly<Record<string, number>>): Rule;
  /** Takes all rows at once and finds its own steps (search.ts). */
  search?: true;
}

export const positive = { kind: "number", above: 0 } as const;
export const fraction = { kind: "number", least: 0, below: 1 } as const;
/** One of several names, of which the first is the default. */
export function choice<const N extends readonly string[]>(what: string, names: N) {
  return {
    kind: "other",
    default: names[0] as N[number],
    read: (value: unknown, where: string): N[number] => readName(value, where, names, what),
  } as const;
}

export const flag = { kind: "flag", default: false } as const;
/** Large enough to be no zero in float32. */
export const epsilon = { kind: "number", least: 1e-30, default: 1e-8 } as const;

/** Of adam and its kin. */
export const averages = {
  /** How far each update goes: a number, a schedule, or a function of the step. Default 0.001. */
  learningRate: { ...positive, default: 1e-3 },
  /** How much of the mean gradient stays from step to step. Default 0.9. */
  beta1: { ...fraction, default: 0.9 },
  /** How much of the mean squared gradient stays from step to step. Default 0.999. */
  beta2: { ...fraction, default: 0.999 },
  /** Added to the root that divides, against division by 0. Default 1e-8. */
  epsilon,
} as const;

/** A rule of two averages, whose numbers begin with theirs. */
export const averaging =
  (id: number) =>
  ({ beta1, beta2, epsilon }: Readonly<Record<string, number>>): Rule => ({
    id,
    remembers: 2,
    hyper: { [ADAM_BETA1]: beta1, [ADAM_BETA2]: beta2, [ADAM_EPSILON]: epsilon },
  });

const adam: OptimizerRow["rule"] = (options) =>
  options.amsgrad ? { ...averaging(AMSGRAD)(options), remembers: 3 } : averaging(ADAM)(options);

/** What every optimizer takes; the default of 0 stands for none. */
export const COMMON = {
  /**
   * p ← p − η wd p before each update, for weights and biases alike: decoupled, as AdamW has it, for every optimizer.
   * PyTorch's other optimizers add wd p to the gradient.
   */
  weightDecay: { kind: "number", least: 0, default: 0 },
  /** The largest norm of all gradients together. */
  clipNorm: { ...positive, default: 0 },
  /** The largest size of a single gradient; comes before clipNorm. */
  clipValue: { ...positive, default: 0 },
  /** Batches an update: their mean gradient is used, in which each counts by its rows. Groups go on over epochs and calls. */
  accumulate: { kind: "number", whole: true, least: 1, default: 1 },
  /** Keeps a moving average of the weights beside them: its decay, or also the updates before it starts. */
  averaging: { kind: "other", default: undefined, read: readAveraging },
  /** Whose formulas and defaults these are, where PyTorch and Keras disagree. */
  flavor: choice("flavor", ["pytorch", "keras"]),
} as const satisfies OptionTable;

/** Defaults are PyTorch's or, in that flavor, Keras's; weightDecay is decoupled in both. */
export const OPTIMIZERS = {
  sgd: {
    options: {
      /** How far each update goes: a number, a schedule, or a function of the step. Default 0.001. */
      learningRate: { ...positive, default: 1e-3 },
      /** How much of the last step is repeated. Default 0. */
      momentum: { ...fraction, default: 0 },
      /** Whether momentum looks ahead (Nesterov). Default false. */
      nesterov: flag,
    },
    keras: { learningRate: 0.01 },
    rule({ momentum, nesterov }): Rule {
      if (momentum === 0) return { id: SGD, remembers: 0, hyper: {} };
      return { id: nesterov ? NESTEROV : MOMENTUM, remembers: 1, hyper: { [MOMENTUM_MU]: momentum } };
    },
  },
  adam: {
    options: {
      ...averages,
      /** Whether mean squares never shrink. Default false. */
      amsgrad: flag,
    },
    keras: { epsilon: 1e-7 },
    rule: adam,
  },
  adamw: {
    options: {
      ...averages,
      /** Whether mean squares never shrink. Default false. */
      amsgrad: flag,
      /** p ← p − η wd p before each update, for weights and biases alike. Default 0.01. */
      weightDecay: {
        ...COMMON.weightDecay,
        default: 0.01,
      },
    },
    keras: { epsilon: 1e-7, weightDecay: 4e-3 },
    rule: adam,
  },
} as const satisfies Record<string, OptimizerRow>;

/**
 * A moving average of the weights: a ← decay a + (1 − decay) w after each update past `start`; a copy of w until then. By
 * default `start` is 1: the average begins with the weights after the first update, as in PyTorch and Keras. With 0 it
 * begins with the first weights.
 */
export interface Averaging {
  /** How much of the average stays with each update, from 0 to below 1. */
  decay: number;
  /** Updates before the average begins. Default 0. */
  start?: number;
}

function readAveraging(value: unknown, where: string): Required<Averaging> {
  const isNumber = typeof value !== "object" || value === null;
  const { decay, start = 1 } = isNumber ? { decay: value } : readObject(value, where, ["decay", "start"]);
  return {
    decay: readNumber(decay, isNumber ? where : `${where}.decay`, fraction),
    start: readNumber(start, `${where}.start`, { whole: true, least: 0 }),
  };
}
