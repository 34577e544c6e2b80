// The activations by name. Their values and derivatives are the core's (assembly/functions/activations.ts).
import {
  CELU,
  ELU,
  GAUSSIAN,
  GELU,
  GELU_TANH,
  HARD_SIGMOID,
  HARD_SWISH,
  HARD_TANH,
  LEAKY_RELU,
  LINEAR,
  LOG_SIGMOID,
  LOG_SOFTMAX,
  MISH,
  RELU,
  RELU6,
  SELU,
  SIGMOID,
  SILU,
  SINE,
  SOFTMAX,
  SOFTPLUS,
  SOFTSIGN,
  TANH,
} from "../../assembly/plan.ts";
import { type OptionTable, readNamed } from "../ground/options.ts";

export interface ActivationRow {
  id: number;
  /** First weights that keep the size of signals through layers of this activation. */
  init: "glorotUniform" | "heUniform" | "lecunUniform";
  /** The derivative needs weighted inputs: a layer keeps them apart from its activations. */
  keepsZ?: true;
  /** All that it can give, where that is not every number: what targets are held against. */
  range?: readonly [number, number];
  /** At most one: the core has room for one number. */
  options?: OptionTable;
}

export const ACTIVATIONS = {
  linear: { id: LINEAR, init: "glorotUniform" },
  sigmoid: { id: SIGMOID, init: "glorotUniform", range: [0, 1] },
  tanh: { id: TANH, init: "glorotUniform", range: [-1, 1] },
  relu: { id: RELU, init: "heUniform", range: [0, Infinity] },
  leakyRelu: {
    id: LEAKY_RELU,
    init: "heUniform",
    // Not below 0: the core tells the side of z from the sign of the activation.
    options: {
      /** What values below 0 are multiplied by. Default 0.01. */
      slope: { kind: "number", default: 0.01, least: 0, most: 1e6 },
    },
  },
  elu: { id: ELU, init: "heUniform", keepsZ: true, options: { alpha: { kind: "number", default: 1, least: 0 } } },
  selu: { id: SELU, init: "lecunUniform", keepsZ: true },
  celu: { id: CELU, init: "heUniform", keepsZ: true, options: { alpha: { kind: "number", default: 1, above: 0 } } },
  gelu: { id: GELU, init: "heUniform", keepsZ: true },
  geluTanh: { id: GELU_TANH, init: "heUniform", keepsZ: true },
  silu: { id: SILU, init: "heUniform", keepsZ: true },
  mish: { id: MISH, init: "heUniform", keepsZ: true },
  softplus: { id: SOFTPLUS, init: "heUniform", keepsZ: true, range: [0, Infinity] },
  logSigmoid: { id: LOG_SIGMOID, init: "glorotUniform", keepsZ: true, range: [-Infinity, 0] },
  softsign: { id: SOFTSIGN, init: "glorotUniform", keepsZ: true, range: [-1, 1] },
  hardSigmoid: { id: HARD_SIGMOID, init: "glorotUniform", keepsZ: true, range: [0, 1] },
  hardTanh: { id: HARD_TANH, init: "glorotUniform", range: [-1, 1] },
  hardSwish: { id: HARD_SWISH, init: "heUniform", keepsZ: true },
  relu6: { id: RELU6, init: "heUniform", range: [0, 6] },
  gaussian: { id: GAUSSIAN, init: "glorotUniform", keepsZ: true, range: [0, 1] },
  sine: { id: SINE, init: "glorotUniform", keepsZ: true, range: [-1, 1] },
  softmax: { id: SOFTMAX, init: "glorotUniform", range: [0, 1] },
  logSoftmax: { id: LOG_SOFTMAX, init: "glorotUniform", range: [-Infinity, 0] },
} as const satisfies Record<string, ActivationRow>;

/** The names of the activations; docs/reference.md says what each is. */
export type ActivationName = keyof typeof ACTIVATIONS;

/** An activation by name, or with its parameter: `{ name: "leakyRelu", slope: 0.1 }`. */
export type ActivationSpec =
  | ActivationName
  | {
      /** Which activation. */
      name: "leakyRelu";
      /** What values below 0 are multiplied by. Default 0.01. */
      slope?: number;
    }
  | {
      /** Which activation. */
      name: "elu" | "celu";
      /** Where values far below 0 end: at −alpha. Default 1. */
      alpha?: number;
    }
  | {
      /** Which activation. */
      name: ActivationName;
    };

/** An activation with all that the core needs. */
export interface Activation {
  name: ActivationName;
  id: number;
  keepsZ: boolean;
  parameter: number;
  range?: readonly [number, number];
  /** The shortest form that says the same. */
  spec: ActivationSpec;
}

export function readActivation(value: unknown, where: string): Activation {
  const { name, options, given } = readNamed(value, where, "activation", ACTIVATIONS);
  const [key] = Object.keys(options);
  const parameter = key === undefined ? 0 : (options[key] as number);
  const spec = (given.size > 0 ? { name, ...options } : name) as ActivationSpec;
  const row: ActivationRow = ACTIVATIONS[name];
  return { name, id: row.id, keepsZ: row.keepsZ === true, parameter, range: row.range, spec };
}
