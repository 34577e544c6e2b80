// Networks as JSON: how their numbers are written, and the checks on what is read back.
import { type NetworkDescription, describe } from "../description/description.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isArray, isPlain } from "../ground/options.ts";
import type { NetworkJSON, NetworkOptions } from "../description/options.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";
import type { LayerWeightsInput } from "../memory/tensors.ts";
import { tensorsOf } from "../description/tensors.ts";

/** The only version so far. */
const VERSION = 1;

/**
 * Numbers as JSON can hold them, each in the fewest digits that give the same float32 or float64 back. -0, which JSON would
 * make 0, and what is not finite are text, as "-0".
 */
export function numbersToJSON(values: ArrayLike<number>): number[] {
  const isSingle = values instanceof Float32Array;
  return Array.from(values, (value) => {
    if (Object.is(value, -0) || !Number.isFinite(value)) return show(value) as never;
    return isSingle ? shortest(value) : value;
  });
}

/**
 * Numbers as `numbersToJSON` wrote them.
 * @throws PropagoError ERR_FORMAT for what is no array of numbers, ERR_SHAPE for too few or too many of them.
 */
export function readNumbersJSON(values: unknown, what: string, length: number, dtype: DType): FloatArray {
  // Files of bytes give typed arrays.
  if (!isArray(values) && !ArrayBuffer.isView(values)) {
    throw new PropagoError("ERR_FORMAT", `${what} must be an array of ${length} numbers, got ${show(values)}`);
  }
  const list = values as readonly unknown[];
  if (list.length !== length) {
    throw new PropagoError("ERR_SHAPE", `${what} has ${list.length} numbers, expected ${length}`);
  }
  const numbers = dtype === "float32" ? new Float32Array(length) : new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const value = list[i];
    if (typeof value !== "number" && !/^(-0|NaN|-?Infinity)$/.test(typeof value === "string" ? value : "")) {
      throw new PropagoError("ERR_FORMAT", `${what}[${i}] is ${show(value)}, expected a number`);
    }
    numbers[i] = Number(value);
  }
  return numbers;
}

/** The shortest decimal that rounds to the same float32; nine digits always do. */
export function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

/**
 * Takes a saved network apart. Whatever is no description of a network is ERR_FORMAT; sizes are compared before
 * anything is allocated, so that a short file cannot ask for much memory.
 */
export function readNetworkJSON(json: unknown): SavedNetwork {
  const value = typeof json === "string" ? parse(json) : json;
  if (!isPlain(value)) {
    throw new PropagoError("ERR_FORMAT", `a saved network is an object as toJSON() gives it, got ${show(value)}`);
  }
  const { format, version, weights, state, steps, ...options } = value;
  if (format !== "propago") {
    throw new PropagoError(
      "ERR_FORMAT",
      `this is no saved network: its "format" is ${show(format)}, expected "propago"`,
    );
  }
  if (version !== VERSION) {
    throw new PropagoError(
      "ERR_FORMAT",
      `this network was saved in format ${show(version)}, this version of propago reads up to ${VERSION}: update propago`,
    );
  }
  if (!isArray(weights)) {
    throw new PropagoError("ERR_FORMAT", `a saved network's "weights" must be an array, got ${show(weights)}`);
  }
  const description = readDescription(options);
  const layers = description.layers.filter((layer) => layer.weightRows > 0);
  if (weights.length !== layers.length) {
    throw new PropagoError(
      "ERR_SHAPE",
      `a saved network has weights of ${weights.length} layers, its description has ${layers.length} layer${layers.length === 1 ? "" : "s"} with weights`,
    );
  }
  const numbers = layers.map((layer, i): Record<string, unknown> => {
    const entry = weights[i];
    const fields = isPlain(entry) ? { ...entry } : {};
    for (const { kind, rows, columns } of tensorsOf(layer)) {
      const what = `${kind} of layer ${show(layer.name)}`;
      fields[kind] = readNumbersJSON(fields[kind], what, rows * columns, description.dtype);
    }
    return fields;
  });
  return {
    options: options as unknown as NetworkOptions<DType>,
    weights: numbers as unknown as LayerWeightsInput[],
    state: state as NetworkJSON["state"],
    isNew: steps === 0,
  };
}

/** A saved network, as far as it was checked. */
export interface SavedNetwork {
  options: NetworkOptions<DType>;
  weights: LayerWeightsInput[];
  /** Where its training stood, not checked yet. */
  state: NetworkJSON["state"];
  /** Whether it is known that it was not trained. */
  isNew: boolean;
}

/** A saved description. */
function readDescription(options: unknown): NetworkDescription {
  try {
    return describe(options);
  } catch (cause) {
    if (!(cause instanceof PropagoError) || cause.code === "ERR_PART") throw cause;
    throw new PropagoError("ERR_FORMAT", `a saved network's description cannot be read: ${cause.message}`, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PropagoError("ERR_FORMAT", "this text is not JSON, so it is no saved network", { cause });
  }
}
