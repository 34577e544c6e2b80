// Layers as users describe them (plain JSON), and as the rest of the library reads them (everything filled in).
import { ACTIVATION, DENSE } from "../assembly/plan.ts";
import { ACTIVATIONS, type Activation, type ActivationSpec, readActivation } from "./activations.ts";
import { readFlag, readName, readNumber, readObject } from "./check.ts";
import { PropagoError, show } from "./errors.ts";
import { type Distribution, readInitializer } from "./initializers.ts";
import type { ActivationLayer, DenseLayer, Layer, Trainable } from "./types.ts";

/** The most units, inputs or layers that a description may ask for. */
const MOST_UNITS = 10_000_000;
const MOST_LAYERS = 10_000;

/**
 * A fully connected layer: a = f(x W + b), with W (inputs, units).
 *
 * ```ts
 * dense(64, "relu")
 * dense(10, "softmax", { l2: 1e-4, init: "lecunNormal" })
 * ```
 */
export function dense(
  units: number,
  activation?: ActivationSpec,
  options?: Omit<DenseLayer, "type" | "units" | "activation">,
): DenseLayer {
  return { type: "dense", units, ...(activation === undefined ? {} : { activation }), ...options };
}

/** An activation as a layer of its own: a = f(x). */
export function activation(activation: ActivationSpec, options?: { name?: string }): ActivationLayer {
  return { type: "activation", activation, ...options };
}

/** A layer with everything filled in. */
export interface LayerDescription {
  kind: typeof DENSE | typeof ACTIVATION;
  name: string;
  inputs: number;
  units: number;
  activation: Activation;
  bias: boolean;
  /** Distributions of the first weights and biases. */
  init: Distribution;
  biasInit: Distribution;
  l1: number;
  l2: number;
  trainWeights: boolean;
  trainBias: boolean;
  /** The description again, as plain JSON. */
  spec: Layer;
}

const DENSE_KEYS = [
  "type",
  "units",
  "activation",
  "bias",
  "init",
  "biasInit",
  "l1",
  "l2",
  "trainable",
  "name",
] as const satisfies readonly (keyof DenseLayer)[];
const ACTIVATION_KEYS = ["type", "activation", "name"] as const satisfies readonly (keyof ActivationLayer)[];

/** The count of values that enter a network or leave a layer. */
export function readUnits(value: unknown, where: string): number {
  return readNumber(value, where, { whole: true, least: 1, most: MOST_UNITS });
}

/** Reads all layers; `l1` and `l2` are the network's, for layers that have none of their own. */
export function readLayers(value: unknown, inputs: number, l1: number, l2: number): LayerDescription[] {
  if (!Array.isArray(value)) {
    throw new PropagoError("ERR_CONFIG", `layers must be an array such as [dense(1, "sigmoid")], got ${show(value)}`);
  }
  if (value.length === 0) {
    throw new PropagoError(
      "ERR_CONFIG",
      'a network needs at least one layer, for example layers: [dense(1, "sigmoid")]',
    );
  }
  if (value.length > MOST_LAYERS) {
    throw new PropagoError("ERR_CONFIG", `layers has ${value.length} entries, the most is ${MOST_LAYERS}`);
  }
  const layers: LayerDescription[] = [];
  const names = new Set<string>();
  const counts = { dense: 0, activation: 0 };
  let width = inputs;
  for (let i = 0; i < value.length; i++) {
    const where = `layers[${i}]`;
    const given: unknown = value[i];
    if (typeof given !== "object" || given === null) {
      throw new PropagoError("ERR_CONFIG", `${where} must be a layer such as dense(8, "relu"), got ${show(given)}`);
    }
    const type = readName((given as { type?: unknown }).type, `${where}.type`, ["dense", "activation"], "layer type");
    const fallback = `${type}_${++counts[type]}`;
    const layer =
      type === "dense"
        ? readDense(given, where, width, l1, l2, fallback)
        : readActivationLayer(given, where, width, fallback);
    if (names.has(layer.name)) {
      throw new PropagoError("ERR_CONFIG", `duplicate layer name ${show(layer.name)} at ${where}; names must differ`);
    }
    names.add(layer.name);
    layers.push(layer);
    width = layer.units;
  }
  softenOnlyHidden(layers);
  return layers;
}

/**
 * Where tanh units are the only hidden layer, their default first weights are a quarter of Glorot's. They then start
 * in their linear range beneath larger output weights, which drive them apart: of 600 networks 2-4-1, all learn XOR;
 * with Glorot's own range 14 end in a minimum where units do the same.
 */
function softenOnlyHidden(layers: readonly LayerDescription[]): void {
  const [hidden, output, ...more] = layers.filter((layer) => layer.kind === DENSE);
  if (output === undefined || more.length > 0) return;
  const { init, activation, spec } = hidden;
  const isDefault = spec.type === "dense" && spec.init === undefined;
  if (isDefault && activation.name === "tanh" && init.kind === "uniform") {
    hidden.init = { kind: "uniform", low: init.low / 4, high: init.high / 4 };
  }
}

function readDense(
  given: object,
  where: string,
  inputs: number,
  l1: number,
  l2: number,
  fallback: string,
): LayerDescription {
  const fields = readObject(given, where, DENSE_KEYS);
  const units = readUnits(fields.units, `${where}.units`);
  const activation = readActivation(fields.activation ?? "linear", `${where}.activation`);
  const init = readInitializer(fields.init ?? ACTIVATIONS[activation.name].init, `${where}.init`, inputs, units);
  const biasInit = readInitializer(fields.biasInit ?? "zeros", `${where}.biasInit`, inputs, units);
  const bias = readFlag(fields.bias ?? true, `${where}.bias`);
  const trainable = readTrainable(fields.trainable ?? true, `${where}.trainable`);
  return {
    kind: DENSE,
    name: readLayerName(fields.name, where, fallback),
    inputs,
    units,
    activation,
    bias,
    init,
    biasInit,
    l1: readNumber(fields.l1 ?? l1, `${where}.l1`, { least: 0 }),
    l2: readNumber(fields.l2 ?? l2, `${where}.l2`, { least: 0 }),
    trainWeights: trainable === true || trainable === "weights",
    trainBias: bias && (trainable === true || trainable === "bias"),
    spec: { ...plain(fields), type: "dense", units },
  };
}

function readActivationLayer(given: object, where: string, width: number, fallback: string): LayerDescription {
  const fields = readObject(given, where, ACTIVATION_KEYS);
  const activation = readActivation(fields.activation, `${where}.activation`);
  const none: Distribution = { kind: "constant", value: 0 };
  return {
    kind: ACTIVATION,
    name: readLayerName(fields.name, where, fallback),
    inputs: width,
    units: width,
    activation,
    bias: false,
    init: none,
    biasInit: none,
    l1: 0,
    l2: 0,
    trainWeights: false,
    trainBias: false,
    spec: { ...plain(fields), type: "activation", activation: activation.spec },
  };
}

/** A copy of checked options, down to the objects `{ name, … }` among them. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copies = Object.entries(fields).map(([key, value]) => [
    key,
    typeof value === "object" && value !== null ? { ...value } : value,
  ]);
  return Object.fromEntries(copies) as Record<string, unknown>;
}

function readTrainable(value: unknown, where: string): Trainable {
  if (value === true || value === false || value === "weights" || value === "bias") return value;
  throw new PropagoError("ERR_CONFIG", `${where} must be true, false, "weights" or "bias", got ${show(value)}`);
}

function readLayerName(value: unknown, where: string, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value === "string" && value.length > 0) return value;
  throw new PropagoError("ERR_CONFIG", `${where}.name must be a text that is not empty, got ${show(value)}`);
}
