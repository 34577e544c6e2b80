// The optimizers by name: their hyperparameters, and how many arrays they remember. The updates are the core's
// (assembly/optimizers.ts).
import { ADAM, MOMENTUM, NESTEROV, SGD } from "../assembly/plan.ts";
import { type OptionTable, type OptionValues, readNamed } from "./check.ts";
import { PropagoError } from "./errors.ts";

/** How the core runs an optimizer. */
export interface Rule {
  id: number;
  /** Arrays as long as the trainable parameters that it keeps from step to step. */
  remembers: number;
  /** Its numbers in the order in which the core's class reads them. */
  hyper: readonly number[];
}

interface OptimizerRow {
  options: OptionTable;
  rule(options: OptionValues): Rule;
}

const positive = { kind: "number", above: 0 } as const;
const fraction = { kind: "number", least: 0, below: 1 } as const;

/** Defaults are PyTorch's. */
export const OPTIMIZERS = {
  sgd: {
    options: {
      learningRate: { ...positive, default: 1e-3 },
      momentum: { ...fraction, default: 0 },
      nesterov: { kind: "flag", default: false },
    },
    rule({ momentum, nesterov }) {
      if (momentum === 0) return { id: SGD, remembers: 0, hyper: [] };
      return { id: nesterov ? NESTEROV : MOMENTUM, remembers: 1, hyper: [momentum as number] };
    },
  },
  adam: {
    options: {
      learningRate: { ...positive, default: 1e-3 },
      beta1: { ...fraction, default: 0.9 },
      beta2: { ...fraction, default: 0.999 },
      // Large enough to be no zero in float32.
      epsilon: { kind: "number", default: 1e-8, least: 1e-30 },
    },
    rule: ({ beta1, beta2, epsilon }) => ({
      id: ADAM,
      remembers: 2,
      hyper: [beta1 as number, beta2 as number, epsilon as number],
    }),
  },
} as const satisfies Record<string, OptimizerRow>;

export type OptimizerName = keyof typeof OPTIMIZERS;

/** An optimizer by name, or with its hyperparameters. */
export type OptimizerSpec =
  | OptimizerName
  | { name: "sgd"; learningRate?: number; momentum?: number; nesterov?: boolean }
  | { name: "adam"; learningRate?: number; beta1?: number; beta2?: number; epsilon?: number };

export interface Optimizer {
  name: OptimizerName;
  learningRate: number;
  rule: Rule;
  spec: OptimizerSpec;
}

/**
 * The optimizer of a network with so many parameters. Without any given it is adam at a rate of 0.1 / √parameters,
 * kept within [0.001, 0.03]: small networks, which have few ways to lower a loss, need and bear larger steps.
 */
export function readOptimizer(value: unknown, parameters: number): Optimizer {
  const chosen = value ?? {
    name: "adam",
    learningRate: Math.min(0.03, Math.max(0.001, 0.1 / Math.sqrt(Math.max(1, parameters)))),
  };
  const { name, options } = readNamed(chosen, "optimizer", "optimizer", OPTIMIZERS);
  if (options.nesterov && options.momentum === 0) {
    throw new PropagoError("ERR_CONFIG", "optimizer.nesterov needs a momentum above 0, for example momentum: 0.9");
  }
  return {
    name,
    learningRate: options.learningRate as number,
    rule: (OPTIMIZERS[name] as OptimizerRow).rule(options),
    spec: { name, ...options },
  };
}
