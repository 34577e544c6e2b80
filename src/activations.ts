// The activations by name. Their values and derivatives are the core's (assembly/activations.ts).
import { LEAKY_RELU, LINEAR, RELU, SIGMOID, SOFTMAX, TANH } from "../assembly/plan.ts";
import { type OptionTable, readNamed } from "./check.ts";

interface ActivationRow {
  id: number;
  /** First weights that keep the size of signals through layers of this activation. */
  init: "glorotUniform" | "heUniform" | "lecunUniform";
  /** At most one: the core has room for one number. */
  options?: OptionTable;
}

export const ACTIVATIONS = {
  linear: { id: LINEAR, init: "glorotUniform" },
  sigmoid: { id: SIGMOID, init: "glorotUniform" },
  tanh: { id: TANH, init: "glorotUniform" },
  relu: { id: RELU, init: "heUniform" },
  leakyRelu: {
    id: LEAKY_RELU,
    init: "heUniform",
    // Not below 0: the core tells the side of z from the sign of the activation.
    options: { slope: { kind: "number", default: 0.01, least: 0, most: 1e6 } },
  },
  softmax: { id: SOFTMAX, init: "glorotUniform" },
} as const satisfies Record<string, ActivationRow>;

export type ActivationName = keyof typeof ACTIVATIONS;

/** An activation by name, or with its parameter: `{ name: "leakyRelu", slope: 0.1 }`. */
export type ActivationSpec = ActivationName | { name: "leakyRelu"; slope?: number } | { name: ActivationName };

/** An activation with all that the core needs. */
export interface Activation {
  name: ActivationName;
  id: number;
  parameter: number;
  /** The shortest form that says the same. */
  spec: ActivationSpec;
}

export function readActivation(value: unknown, where: string): Activation {
  const { name, options, given } = readNamed(value, where, "activation", ACTIVATIONS);
  const [key] = Object.keys(options);
  const parameter = key === undefined ? 0 : (options[key] as number);
  const spec = (given.size > 0 ? { name, ...options } : name) as ActivationSpec;
  return { name, id: ACTIVATIONS[name].id, parameter, spec };
}
