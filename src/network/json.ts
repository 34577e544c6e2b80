// Networks as JSON: how their numbers are written, and the checks on what is read back.
import { describe } from "../description/description.ts";
import { PropagoError, show } from "../ground/errors.ts";
import type { NetworkOptions } from "../description/options.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";
import type { LayerWeightsInput } from "../memory/tensors.ts";
import type { LayerDescription } from "../description/layer.ts";
import { tensorsOf } from "../description/tensors.ts";

/** The newest version that this package reads. */
const VERSION = 1;

/** Numbers as JSON can hold them, each in the fewest digits that give the same float32 or float64 back. */
export function numbersToJSON(values: FloatArray): number[] {
  return values instanceof Float32Array ? Array.from(values, shortest) : Array.from(values);
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
export function readNetworkJSON(json: unknown): { options: NetworkOptions<DType>; weights: LayerWeightsInput[] } {
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
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1 || version > VERSION) {
    throw new PropagoError(
      "ERR_FORMAT",
      `this network was saved in format ${show(version)}, this version of propago reads up to ${VERSION}: update propago`,
    );
  }
  if (!Array.isArray(weights)) {
    throw new PropagoError("ERR_FORMAT", `a saved network's "weights" must be an array, got ${show(weights)}`);
  }
  const layers = readDescription(options).filter((layer) => layer.weightRows > 0);
  if (weights.length !== layers.length) {
    throw new PropagoError(
      "ERR_SHAPE",
      `a saved network has weights of ${weights.length} layers, its description has ${layers.length} layer${layers.length === 1 ? "" : "s"} with weights`,
    );
  }
  for (const [i, layer] of layers.entries()) {
    const entry: unknown = weights[i];
    const fields = typeof entry === "object" && entry !== null ? (entry as Record<string, unknown>) : {};
    for (const { kind, rows, columns } of tensorsOf(layer)) {
      checkNumbers(fields[kind], `${kind} of layer "${layer.name}"`, rows * columns);
    }
  }
  return { options: options as unknown as NetworkOptions<DType>, weights: weights as LayerWeightsInput[] };
}

/** The layers of a saved description. */
function readDescription(options: unknown): readonly LayerDescription[] {
  try {
    return describe(options).layers;
  } catch (cause) {
    if (!(cause instanceof PropagoError) || cause.code === "ERR_PART") throw cause;
    throw new PropagoError("ERR_FORMAT", `a saved network's description cannot be read: ${cause.message}`, { cause });
  }
}

function checkNumbers(values: unknown, what: string, length: number): void {
  if (!Array.isArray(values)) {
    throw new PropagoError("ERR_FORMAT", `${what} must be an array of ${length} numbers, got ${show(values)}`);
  }
  if (values.length !== length) {
    throw new PropagoError("ERR_SHAPE", `${what} has ${values.length} numbers, expected ${length}`);
  }
  const bad = values.findIndex((value) => typeof value !== "number");
  if (bad >= 0) throw new PropagoError("ERR_FORMAT", `${what}[${bad}] is ${show(values[bad])}, expected a number`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PropagoError("ERR_FORMAT", "this text is not JSON, so it is no saved network", { cause });
  }
}
