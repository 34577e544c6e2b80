// The optimizers by name: their hyperparameters, and how many arrays they remember. The updates are the core's
// (assembly/optimizers.ts). Here are those that most networks use, and what all have in common; the others are
// rare-optimizers.ts's.
import { ADAM, AMSGRAD, KERAS, MOMENTUM, NESTEROV, PYTORCH, SGD } from "../../assembly/plan.ts";
import { type OptionTable, type OptionValues, readName, readNamed, readNumber, readObject } from "../ground/options.ts";
import { PropagoError } from "../ground/errors.ts";
import { completed, need } from "../ground/parts.ts";
import type { RARE_OPTIMIZERS } from "./rare-optimizers.ts";
import { type LearningRate, type Schedule, readSchedule } from "./schedules.ts";

/** How the core runs an optimizer. */
export interface Rule {
  id: number;
  /** Arrays as long as the trainable parameters that it keeps from step to step. */
  remembers: number;
  /** Its numbers in the order in which the core's class reads them. */
  hyper: readonly number[];
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
const FLAVORS = { pytorch: PYTORCH, keras: KERAS } as const;

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
  learningRate: { ...positive, default: 1e-3 },
  beta1: { ...fraction, default: 0.9 },
  beta2: { ...fraction, default: 0.999 },
  epsilon,
} as const;

/** A rule of two averages, whose numbers begin with theirs. */
export const averaging =
  (id: number) =>
  ({ beta1, beta2, epsilon }: Readonly<Record<string, number>>): Rule => ({
    id,
    remembers: 2,
    hyper: [beta1, beta2, epsilon],
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
      learningRate: { ...positive, default: 1e-3 },
      momentum: { ...fraction, default: 0 },
      nesterov: flag,
    },
    keras: { learningRate: 0.01 },
    rule({ momentum, nesterov }) {
      if (momentum === 0) return { id: SGD, remembers: 0, hyper: [] };
      return { id: nesterov ? NESTEROV : MOMENTUM, remembers: 1, hyper: [momentum] };
    },
  },
  adam: { options: { ...averages, amsgrad: flag }, keras: { epsilon: 1e-7 }, rule: adam },
  adamw: {
    options: { ...averages, amsgrad: flag, weightDecay: { ...COMMON.weightDecay, default: 0.01 } },
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
  decay: number;
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

type Optimizers = typeof OPTIMIZERS & typeof RARE_OPTIMIZERS;

export type OptimizerName = keyof Optimizers;

type Value<K, R> = K extends "learningRate"
  ? LearningRate
  : K extends "averaging"
    ? number | Averaging
    : R extends { kind: "flag" }
      ? boolean
      : R extends { read(...given: never): infer V }
        ? V
        : number;

/** An optimizer by name, or with its hyperparameters. */
export type OptimizerSpec =
  | OptimizerName
  | {
      [N in OptimizerName]: { name: N } & (Optimizers[N] extends { search: true }
        ? unknown
        : { [K in keyof typeof COMMON]?: Value<K, (typeof COMMON)[K]> }) & {
          [K in keyof Optimizers[N]["options"]]?: Value<K, Optimizers[N]["options"][K]>;
        };
    }[OptimizerName];

export interface Optimizer {
  name: OptimizerName;
  /** The rate, or the first one of the schedule. */
  learningRate: number;
  schedule?: Schedule;
  rule: Rule;
  search?: true;
  /** The hyperparameters by name, defaults filled in. */
  options: Readonly<Record<string, number>>;
  weightDecay: number;
  clipNorm: number;
  clipValue: number;
  /** PYTORCH or KERAS. */
  flavor: number;
  accumulate: number;
  averaging?: Required<Averaging>;
  spec: OptimizerSpec;
}

/**
 * The optimizer of a network with so many parameters. Without any given it is adam at a rate of 0.1 / √parameters,
 * kept within [0.001, 0.03]: small networks, which have few ways to lower a loss, need and bear larger steps.
 */
export function readOptimizer(value: unknown, parameters: number): Optimizer {
  const named = typeof value === "object" && value !== null ? (value as { name?: unknown }).name : value;
  const rows: Readonly<Record<string, OptimizerRow>> = completed("optimizer", OPTIMIZERS, named);
  if (typeof named === "string" && Object.hasOwn(rows, named) && rows[named].search) {
    return need("complete", `optimizer "${named}"`).readSearching(value, named as OptimizerName);
  }
  const learningRateOf = (count: number): number =>
    Math.min(0.03, Math.max(0.001, 0.1 / Math.sqrt(Math.max(1, count))));
  let chosen = value === undefined ? { name: "adam", learningRate: learningRateOf(parameters) } : value;
  // A schedule is read apart: what is left is a table of numbers.
  let changing: unknown;
  if (typeof chosen === "object" && chosen !== null && "learningRate" in chosen) {
    const { learningRate, ...others } = chosen as Record<string, unknown>;
    if (typeof learningRate === "function" || (typeof learningRate === "object" && learningRate !== null)) {
      changing = learningRate;
      chosen = others;
    }
  }
  const read = readNamed(chosen, "optimizer", "optimizer", rows, COMMON);
  const name = read.name as OptimizerName;
  const row = rows[name];
  const options = read.options as Record<string, number>;
  for (const [key, instead] of Object.entries(row.refuses ?? {})) {
    if (options[key] === COMMON[key as keyof typeof COMMON].default) continue;
    throw new PropagoError("ERR_CONFIG", `optimizer.${key}: ${name} does not take it: ${instead}`);
  }
  // The paper's rule of thumb, parameters / 10, takes thousands of updates to fade in all but small networks.
  if ("slowStart" in options && !read.given.has("slowStart")) options.slowStart = Math.max(2, Math.sqrt(parameters));
  const flavor = (read.options as { flavor?: unknown }).flavor as keyof typeof FLAVORS;
  if (flavor === "keras") {
    if (row.keras === undefined) {
      throw new PropagoError("ERR_CONFIG", `optimizer.flavor: Keras has no ${name}; leave flavor out`);
    }
    for (const [key, value] of Object.entries(row.keras)) if (!read.given.has(key)) options[key] = value;
  }
  if (options.nesterov && options.momentum === 0) {
    throw new PropagoError("ERR_CONFIG", "optimizer.nesterov needs a momentum above 0, for example momentum: 0.9");
  }
  if (options.stepMin > options.stepMax) {
    throw new PropagoError("ERR_CONFIG", "optimizer.stepMin must not be above stepMax");
  }
  const { learningRate, weightDecay, clipNorm, clipValue, accumulate } = options;
  const schedule = changing === undefined ? undefined : readSchedule(changing, "optimizer.learningRate", learningRate);
  const first = schedule?.rate(0, 1) ?? learningRate;
  // What nobody asked for is not said: that nothing is clipped has no value that may be given.
  const given = Object.fromEntries(
    Object.entries(options as OptionValues).filter(
      ([key, value]) =>
        key === "weightDecay" || !(key in COMMON && value === COMMON[key as keyof typeof COMMON].default),
    ),
  );
  return {
    name,
    learningRate: first,
    schedule,
    rule: row.rule(options),
    options,
    weightDecay,
    clipNorm,
    clipValue,
    flavor: FLAVORS[flavor],
    accumulate,
    averaging: (read.options as { averaging?: unknown }).averaging as Optimizer["averaging"],
    // In place of a function, what JSON can hold: its first rate.
    spec: { name, ...given, learningRate: schedule?.spec ?? (first || learningRate) },
  };
}
