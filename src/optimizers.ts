// The optimizers by name: their hyperparameters, and how many arrays they remember. The updates are the core's
// (assembly/optimizers.ts).
import {
  ADADELTA,
  ADAGRAD,
  ADAM,
  ADAMAX,
  ADASECANT,
  AMSGRAD,
  KERAS,
  LION,
  MOMENTUM,
  NADAM,
  NESTEROV,
  PYTORCH,
  QUICKPROP,
  RADAM,
  RMSPROP,
  RPROP,
  SGD,
  VSGD,
  VSGD_B,
  VSGD_FD,
  VSGD_G,
  VSGD_L,
} from "../assembly/plan.ts";
import { type OptionTable, type OptionValues, readName, readNamed, readNumber, readObject } from "./check.ts";
import { PropagoError } from "./errors.ts";
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

/** The rule of a method with so many arrays beside the direction and the gradient. The core never updates by it. */
const searching = (more: number): Rule => ({ id: SGD, remembers: 2 + more, hyper: [] });

const positive = { kind: "number", above: 0 } as const;
const fraction = { kind: "number", least: 0, below: 1 } as const;
const FLAVORS = { pytorch: PYTORCH, keras: KERAS } as const;

/** One of several names, of which the first is the default. */
function choice<const N extends readonly string[]>(what: string, names: N) {
  return {
    kind: "other",
    default: names[0] as N[number],
    read: (value: unknown, where: string): N[number] => readName(value, where, names, what),
  } as const;
}

const VARIANTS = { l: VSGD_L, b: VSGD_B, g: VSGD_G, fd: VSGD_FD } as const;

const flag = { kind: "flag", default: false } as const;
/** Large enough to be no zero in float32. */
const epsilon = { kind: "number", least: 1e-30, default: 1e-8 } as const;

/** The norm of the gradient at which a method counts as converged. */
const tolerance = { kind: "number", least: 0, default: 1e-10 } as const;

/** Of adam and its kin. */
const averages = {
  learningRate: { ...positive, default: 1e-3 },
  beta1: { ...fraction, default: 0.9 },
  beta2: { ...fraction, default: 0.999 },
  epsilon,
} as const;

/** A rule of two averages, whose numbers begin with theirs. */
const averaging =
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
  /** p ← p − η wd p before each update, for weights and biases alike, as PyTorch's AdamW has it. */
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

/** Defaults are PyTorch's or, in that flavor, Keras's; lion's are its paper's, quickprop's FANN's. */
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
  adagrad: {
    options: {
      learningRate: { ...positive, default: 0.01 },
      epsilon: { ...epsilon, default: 1e-10 },
      initialAccumulator: { kind: "number", least: 0, default: 0 },
    },
    keras: { learningRate: 1e-3, epsilon: 1e-7, initialAccumulator: 0.1 },
    rule: ({ epsilon, initialAccumulator }) => ({
      id: ADAGRAD,
      remembers: 1,
      hyper: [0, 1, epsilon, 0, 0, initialAccumulator],
    }),
  },
  rmsprop: {
    options: {
      learningRate: { ...positive, default: 0.01 },
      rho: { ...fraction, default: 0.99 },
      epsilon,
      centered: flag,
      momentum: { ...fraction, default: 0 },
    },
    keras: { learningRate: 1e-3, rho: 0.9, epsilon: 1e-7 },
    rule: ({ rho, epsilon, centered, momentum }) => ({
      id: RMSPROP,
      remembers: 1 + Number(centered) + Number(momentum > 0),
      hyper: [rho, rho, epsilon, momentum, Number(centered)],
    }),
  },
  adadelta: {
    options: {
      learningRate: { ...positive, default: 1 },
      rho: { ...fraction, default: 0.9 },
      epsilon: { ...epsilon, default: 1e-6 },
    },
    keras: { learningRate: 1e-3, rho: 0.95, epsilon: 1e-7 },
    rule: ({ rho, epsilon }) => ({ id: ADADELTA, remembers: 2, hyper: [rho, epsilon] }),
  },
  adam: { options: { ...averages, amsgrad: flag }, keras: { epsilon: 1e-7 }, rule: adam },
  adamw: {
    options: { ...averages, amsgrad: flag, weightDecay: { ...COMMON.weightDecay, default: 0.01 } },
    keras: { epsilon: 1e-7, weightDecay: 4e-3 },
    rule: adam,
  },
  adamax: {
    options: { ...averages, learningRate: { ...positive, default: 2e-3 } },
    keras: { learningRate: 1e-3, epsilon: 1e-7 },
    rule: averaging(ADAMAX),
  },
  nadam: {
    options: {
      ...averages,
      learningRate: { ...positive, default: 2e-3 },
      momentumDecay: { kind: "number", least: 0, most: 1, default: 4e-3 },
    },
    // Its momentum has no other decay than 0.96^t.
    keras: { learningRate: 1e-3, epsilon: 1e-7, momentumDecay: 1 },
    rule: (options) => ({
      id: NADAM,
      remembers: 2,
      hyper: [options.beta1, options.beta2, options.epsilon, powerOf096(options.momentumDecay)],
    }),
  },
  radam: { options: averages, rule: averaging(RADAM) },
  lion: {
    options: {
      learningRate: { ...positive, default: 1e-4 },
      beta1: { ...fraction, default: 0.9 },
      beta2: { ...fraction, default: 0.99 },
    },
    keras: { learningRate: 1e-3 },
    rule: ({ beta1, beta2 }) => ({ id: LION, remembers: 1, hyper: [beta1, beta2] }),
  },
  // For full batches: signs of a sample's gradient say little.
  rprop: {
    options: {
      learningRate: { ...positive, default: 0.01 },
      etaMinus: { ...positive, below: 1, default: 0.5 },
      etaPlus: { kind: "number", above: 1, default: 1.2 },
      stepMin: { ...positive, default: 1e-6 },
      stepMax: { ...positive, default: 50 },
    },
    rule: ({ etaMinus, etaPlus, stepMin, stepMax }) => ({
      id: RPROP,
      remembers: 2,
      hyper: [etaMinus, etaPlus, stepMin, stepMax],
    }),
  },
  // For full batches, as it compares slopes from step to step.
  quickprop: {
    options: {
      learningRate: { ...positive, default: 0.7 },
      growth: { ...positive, default: 1.75 },
      decay: { kind: "number", least: 0, default: 1e-4 },
    },
    rule: ({ growth, decay }) => ({ id: QUICKPROP, remembers: 2, hyper: [growth, decay] }),
  },
  adasecant: {
    options: {
      // Not a step's scale: what is added to both mean squares, whose quotient is the rate.
      learningRate: { ...positive, default: 1e-4 },
      decay: { ...fraction, default: 0.95 },
      gammaClip: { ...positive, default: 1.8 },
      damping: { ...epsilon, default: 1e-7 },
      startVarianceReduction: { kind: "number", whole: true, least: 0, default: 0 },
      varianceReduction: { kind: "flag", default: true },
      // Small networks diverge without; the authors' own experiments have it too.
      adagrad: { kind: "flag", default: true },
      // 0 for any size.
      deltaClip: { kind: "number", least: 0, default: 0 },
      gradClip: { kind: "number", least: 0, most: 1, default: 0 },
      covariance: choice("covariance", ["author", "aligned"]),
    },
    refuses: {
      weightDecay: "its learningRate is no step size; use l2",
      clipNorm: "it brings every gradient to length 1; use gradClip",
      clipValue: "it brings every gradient to length 1; use gradClip",
    },
    rule(options) {
      const { decay, gammaClip, damping, startVarianceReduction: start, deltaClip, gradClip, adagrad } = options;
      const isAligned = Number((options.covariance as unknown) === "aligned");
      const first = options.varianceReduction ? start : Number.MAX_VALUE;
      return {
        id: ADASECANT,
        remembers: 12 + Number(adagrad) + isAligned,
        hyper: [decay, gammaClip, damping, first, deltaClip, gradClip, isAligned, Number(adagrad)],
        blocks: "tensors",
      };
    },
  },
  vsgd: {
    options: {
      // Times the rates that it finds.
      learningRate: { ...positive, default: 1 },
      variant: choice("variant", ["l", "b", "g", "fd"]),
      // By default √parameters, 2 at least: see readOptimizer.
      slowStart: { kind: "number", least: 1, default: 2 },
      initialSamples: { kind: "number", whole: true, least: 1, default: 320 },
      // Of variants l, b and g; the others are fd's.
      leastCurvature: { ...epsilon, default: 1e-3 },
      epsilon: { ...epsilon, default: 1e-9 },
      // 0 for none are outliers.
      outlierLevel: { kind: "number", least: 0, default: 2 },
    },
    refuses: {
      weightDecay: "it measures the gradient that it follows; choose another optimizer for decay",
      clipNorm: "it measures the gradient that it follows, whose noise makes its steps shorter",
      clipValue: "it measures the gradient that it follows, whose noise makes its steps shorter",
      accumulate: "it measures the samples of each batch; give fit a larger batchSize",
    },
    rule({ slowStart, initialSamples, leastCurvature, epsilon, outlierLevel, ...options }) {
      const variant = VARIANTS[options.variant as unknown as keyof typeof VARIANTS];
      const isFd = variant === VSGD_FD;
      return {
        id: VSGD,
        remembers: isFd ? 8 : 6,
        hyper: [variant, slowStart, initialSamples, isFd ? epsilon : leastCurvature, outlierLevel],
        blocks: variant === VSGD_G ? "all" : "tensors",
        measures: isFd ? "differences" : "curvature",
      };
    },
  },
  conjugateGradient: {
    options: { tolerance, sigma: { kind: "number", above: 0.01, below: 1, default: 0.1 } },
    rule: () => searching(0),
    search: true,
  },
  scaledConjugateGradient: {
    options: { tolerance, sigma: { ...positive, default: 5e-5 }, lambda: { ...positive, default: 5e-7 } },
    rule: () => searching(0),
    search: true,
  },
  lbfgs: {
    options: { tolerance, history: { kind: "number", whole: true, least: 1, most: 1000, default: 20 } },
    rule: ({ history }) => searching(2 * history),
    search: true,
  },
  levenbergMarquardt: {
    options: {
      tolerance,
      mu: { ...positive, default: 1e-3 },
      muDecrease: { ...positive, below: 1, default: 0.1 },
      muIncrease: { kind: "number", above: 1, default: 10 },
      muMax: { ...positive, default: 1e10 },
      // The matrix has as many rows and columns: 200 MB for 5,000, and a time that grows with the cube.
      maxWeights: { kind: "number", whole: true, least: 1, most: 20_000, default: 5000 },
    },
    rule: () => searching(0),
    search: true,
  },
} as const satisfies Record<string, OptimizerRow>;

/** A moving average of the weights: a ← decay a + (1 − decay) w after each update past `start`; a copy until then. */
export interface Averaging {
  decay: number;
  start?: number;
}

function readAveraging(value: unknown, where: string): Required<Averaging> {
  const isNumber = typeof value !== "object" || value === null;
  const { decay, start = 0 } = isNumber ? { decay: value } : readObject(value, where, ["decay", "start"]);
  return {
    decay: readNumber(decay, isNumber ? where : `${where}.decay`, fraction),
    start: readNumber(start, `${where}.start`, { whole: true, least: 0 }),
  };
}

/** 0.96 to a power from 0 to 1: the series of e to that power of its logarithm. */
function powerOf096(exponent: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 16; k++) {
    term *= (-0.040821994520255166 * exponent) / k;
    sum += term;
  }
  return sum;
}

export type OptimizerName = keyof typeof OPTIMIZERS;

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
      [N in OptimizerName]: { name: N } & ((typeof OPTIMIZERS)[N] extends { search: true }
        ? unknown
        : { [K in keyof typeof COMMON]?: Value<K, (typeof COMMON)[K]> }) & {
          [K in keyof (typeof OPTIMIZERS)[N]["options"]]?: Value<K, (typeof OPTIMIZERS)[N]["options"][K]>;
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
  if (typeof named === "string" && Object.hasOwn(OPTIMIZERS, named)) {
    const row: OptimizerRow = OPTIMIZERS[named as OptimizerName];
    if (row.search !== undefined) return readSearching(value, named as OptimizerName, row);
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
  const read = readNamed(chosen, "optimizer", "optimizer", OPTIMIZERS, COMMON);
  const { name } = read;
  const row: OptimizerRow = OPTIMIZERS[name];
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

/** An optimizer that finds its own steps, and so takes nothing that shapes those of others. */
function readSearching(value: unknown, name: OptimizerName, row: OptimizerRow): Optimizer {
  const fields = typeof value === "object" ? (value as Record<string, unknown>) : {};
  const stray = ["learningRate", ...Object.keys(COMMON)].find((key) => fields[key] !== undefined);
  if (stray !== undefined) {
    const advice = stray === "weightDecay" ? "; l2 of the network is what it can minimise" : "";
    throw new PropagoError("ERR_CONFIG", `optimizer (${name}) finds its own steps: leave ${stray} out${advice}`);
  }
  const options = readNamed(value, "optimizer", "optimizer", OPTIMIZERS).options as Record<string, number>;
  return {
    name,
    learningRate: 1,
    rule: row.rule(options),
    search: row.search,
    options,
    weightDecay: 0,
    clipNorm: 0,
    clipValue: 0,
    flavor: PYTORCH,
    accumulate: 1,
    spec: { name, ...options },
  };
}
