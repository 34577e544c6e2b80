// Checks a saved network as far as predicting needs it: layers, and the numbers that they have.
import {
  ACTIVATION,
  ALPHA_DROPOUT,
  BATCH_NORM,
  COMMON_ACTIVATIONS,
  DENSE,
  DROPOUT,
  GAUSSIAN_NOISE,
  LAYER_NORM,
  RARE_KINDS,
} from "../../assembly/plan.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isPlain } from "../ground/options.ts";
import { isOneOf } from "../ground/sets.ts";
import { ACTIVATIONS, type ActivationRow } from "../tables/activations.ts";
import { parse } from "./bytes.ts";

const KINDS: Readonly<Record<string, number>> = {
  dense: DENSE,
  activation: ACTIVATION,
  dropout: DROPOUT,
  alphaDropout: ALPHA_DROPOUT,
  gaussianNoise: GAUSSIAN_NOISE,
  batchNorm: BATCH_NORM,
  layerNorm: LAYER_NORM,
};

/** What a layer keeps: the length of each of its arrays. */
export type Shapes = Readonly<Partial<Record<"weights" | "bias" | "mean" | "variance", number>>>;

/** A layer as the core has it. */
export interface SavedLayer {
  name: string;
  kind: number;
  inputs: number;
  units: number;
  activation: { id: number; keepsZ: boolean };
  parameter: number;
  shapes: Shapes;
}

/** A network that was read. */
export interface SavedNetwork {
  inputs: number;
  dtype: DType;
  inputScale: number;
  /** Whether it has layers or activations that are not in the build of most networks. */
  isRare: boolean;
  layers: SavedLayer[];
  /** Of the layers that have some. */
  weights: FloatArray[][];
}

/**
 * Reads what `toJSON` gave.
 * @throws PropagoError ERR_FORMAT for anything else.
 */
export function readSaved(source: unknown): SavedNetwork {
  const json = typeof source === "string" ? parse(source) : source;
  if (!isPlain(json)) throw bad(`an object as toJSON() gives it is expected, got ${show(json)}`);
  const { format, version, inputs, layers, weights, dtype = "float32", inputScale = 1 } = json;
  if (format !== "propago") {
    const hint = typeof format === "string" && format.startsWith("propago") ? ": read it with propago itself" : "";
    throw bad(`its "format" is ${show(format)}, expected "propago"${hint}`);
  }
  if (version !== 1) throw bad(`its format is ${show(version)}, this version reads 1: update propago`);
  if (dtype !== "float32" && dtype !== "float64") throw bad(`dtype is ${show(dtype)}`);
  if (typeof inputScale !== "number" || !Number.isFinite(inputScale)) throw bad(`inputScale is ${show(inputScale)}`);
  if (!Array.isArray(layers) || layers.length === 0 || layers.length > 1e4) throw bad(`layers is ${show(layers)}`);
  let width = count(inputs, "inputs");
  const read = (layers as unknown[]).map((layer, i) => {
    const found = readLayer(layer, `layers[${i}]`, width);
    width = found.units;
    return found;
  });
  const arrays = readWeights(weights, read, dtype);
  const isRare = read.some(
    ({ kind, activation }) => isOneOf(kind, RARE_KINDS) || !isOneOf(activation.id, COMMON_ACTIVATIONS),
  );
  return { inputs: inputs as number, dtype, inputScale, isRare, layers: read, weights: arrays };
}

function readLayer(value: unknown, where: string, inputs: number): SavedLayer {
  const layer = isPlain(value) ? value : {};
  const { type, name } = layer;
  if (typeof type !== "string" || !Object.hasOwn(KINDS, type)) throw bad(`${where}.type is ${show(type)}`);
  const kind = KINDS[type];
  const isDense = kind === DENSE;
  const units = isDense ? count(layer.units, `${where}.units`) : inputs;
  const isAverage = kind === BATCH_NORM;
  const isNormal = isAverage || kind === LAYER_NORM;
  const hasBias = isDense ? layer.bias !== false : isNormal && layer.center !== false;
  const { parameter, ...activation } = readActivation(
    isDense || kind === ACTIVATION ? layer.activation : undefined,
    where,
  );
  const epsilon = layer.epsilon ?? (layer.flavor === "keras" ? 1e-3 : 1e-5);
  if (isNormal && !(typeof epsilon === "number" && epsilon > 0)) throw bad(`${where}.epsilon is ${show(epsilon)}`);
  return {
    name: typeof name === "string" ? name : where,
    kind,
    inputs,
    units,
    activation,
    parameter: isNormal ? (epsilon as number) : parameter,
    shapes: {
      ...(isDense ? { weights: inputs * units } : isNormal ? { weights: units } : {}),
      ...(hasBias ? { bias: units } : {}),
      ...(isAverage ? { mean: units, variance: units } : {}),
    },
  };
}

function readActivation(value: unknown = "linear", where: string): { id: number; keepsZ: boolean; parameter: number } {
  const { name, ...given } = isPlain(value) ? value : { name: value };
  if (typeof name !== "string" || !Object.hasOwn(ACTIVATIONS, name)) throw bad(`${where}.activation is ${show(name)}`);
  const row: ActivationRow = ACTIVATIONS[name as keyof typeof ACTIVATIONS];
  const [[key, option] = []] = Object.entries(row.options ?? {});
  const parameter = (key === undefined ? 0 : (given[key] ?? option?.default)) as number;
  if (!Number.isFinite(parameter)) throw bad(`${where}.activation.${key} is ${show(parameter)}`);
  return { id: row.id, keepsZ: row.keepsZ === true, parameter };
}

/**
 * Weights as `getWeights` and `toJSON` give them, for the layers that have some: all are looked at before any is used.
 * @throws PropagoError ERR_FORMAT
 */
export function readWeights(value: unknown, layers: readonly SavedLayer[], dtype: DType): FloatArray[][] {
  const own = layers.filter(({ shapes }) => shapes.weights !== undefined);
  if (!Array.isArray(value) || value.length !== own.length) {
    throw bad(
      `it has ${own.length} layers with weights, and weights of ${Array.isArray(value) ? value.length : show(value)}`,
    );
  }
  return own.map(({ name, shapes }, i) => {
    const entry = value[i] as Record<string, unknown> | null | undefined;
    return Object.entries(shapes).map(([kind, length]) =>
      readNumbers(entry?.[kind], `${kind} of ${show(name)}`, length, dtype),
    );
  });
}

function readNumbers(value: unknown, what: string, length: number, dtype: DType): FloatArray {
  const list = (typeof value === "object" && value !== null ? value : []) as ArrayLike<unknown>;
  if (list.length !== length) throw bad(`${what} must be ${length} numbers, got ${show(value)} of ${list.length}`);
  const numbers = dtype === "float32" ? new Float32Array(length) : new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const number = list[i];
    // -0, which JSON would make 0, is text.
    numbers[i] = typeof number === "number" ? number : number === "-0" ? -0 : NaN;
    if (!Number.isFinite(numbers[i])) throw bad(`${what}[${i}] is ${show(number)}, expected a finite number`);
  }
  return numbers;
}

function count(value: unknown, where: string): number {
  if (Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= 1e7) return value as number;
  throw bad(`${where} must be a count, got ${show(value)}`);
}

function bad(why: string): PropagoError {
  return new PropagoError("ERR_FORMAT", `this is no saved network: ${why}`);
}
