// Networks as JSON: how their numbers are written, and the checks on what is read back.
import { PropagoError, show } from "./errors.ts";
import type { LossName } from "./losses.ts";
import type { OptimizerSpec } from "./optimizers.ts";
import type { DType, FloatArray, Layer, NetworkOptions } from "./types.ts";

/** What `Network.toJSON` gives. */
export interface NetworkJSON {
  format: "propago";
  /** Of the format, not of the package. */
  version: 1;
  inputs: number;
  layers: Layer[];
  loss: LossName;
  optimizer: OptimizerSpec;
  seed: number;
  dtype: DType;
  l1: number;
  l2: number;
  /** For each dense layer: (inputs, units) row-major, and biases if it has them. */
  weights: { weights: number[]; bias?: number[] }[];
}

/** The newest version that this package reads. */
const VERSION = 1;

/** Numbers as JSON can hold them, each in the fewest digits that give the same float32 or float64 back. */
export function numbersToJSON(values: FloatArray): number[] {
  return values instanceof Float32Array ? Array.from(values, shortest) : Array.from(values);
}

/** The shortest decimal that rounds to the same float32; nine digits always do. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

export function numbersFromJSON(values: unknown, dtype: DType): FloatArray {
  if (!Array.isArray(values) || !values.every((value) => typeof value === "number")) {
    throw new PropagoError("ERR_FORMAT", `a model's weights must be arrays of numbers, got ${show(values)}`);
  }
  return dtype === "float64" ? Float64Array.from(values) : Float32Array.from(values);
}

/** Takes a saved network apart; the values themselves are checked by those who use them. */
export function readNetworkJSON(json: unknown): {
  options: NetworkOptions<DType>;
  weights: { weights: unknown; bias?: unknown }[];
} {
  const value = typeof json === "string" ? parse(json) : json;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PropagoError("ERR_FORMAT", `a saved network is an object as toJSON() gives it, got ${show(value)}`);
  }
  const { format, version, weights, ...options } = value as Record<string, unknown>;
  if (format !== "propago") {
    throw new PropagoError(
      "ERR_FORMAT",
      `this is no saved network: its "format" is ${show(format)}, expected "propago"`,
    );
  }
  if (typeof version !== "number" || version > VERSION) {
    throw new PropagoError(
      "ERR_FORMAT",
      `this network was saved in format ${show(version)}, this version of propago reads up to ${VERSION}: update propago`,
    );
  }
  if (!Array.isArray(weights) || !weights.every((layer) => typeof layer === "object" && layer !== null)) {
    throw new PropagoError("ERR_FORMAT", `a saved network's "weights" must be an array, got ${show(weights)}`);
  }
  return {
    options: options as unknown as NetworkOptions<DType>,
    weights: weights as { weights: unknown; bias?: unknown }[],
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PropagoError("ERR_FORMAT", "this text is not JSON, so it is no saved network", { cause });
  }
}
