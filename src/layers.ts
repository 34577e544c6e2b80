// Layers as users describe them (plain JSON), and as the rest of the library reads them (everything filled in).
import { ACTIVATION, DENSE } from "../assembly/plan.ts";
import {
  ACTIVATIONS,
  type Activation,
  type ActivationName,
  type ActivationSpec,
  readActivation,
} from "./activations.ts";
import { readFlag, readName, readNumber, readObject } from "./check.ts";
import { PropagoError, show } from "./errors.ts";
import { type Distribution, biasInitOf, readInitializer } from "./initializers.ts";
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

/** The factor of a penalty on weights. */
export function readPenalty(value: unknown, where: string): number {
  return readNumber(value, where, { least: 0, most: 1e30 });
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
  chooseInit(layers);
  return layers;
}

/** What a layer's weighted inputs go through: its own activation, or that of an activation layer right above it. */
function activationAbove(layers: readonly LayerDescription[], index: number): ActivationName {
  const own = layers[index].activation.name;
  const next = layers.at(index + 1);
  return own === "linear" && next?.kind === ACTIVATION ? next.activation.name : own;
}

/** First weights of the layers that leave them to us: what keeps the size of signals through their activation. */
function chooseInit(layers: LayerDescription[]): void {
  for (const [i, layer] of layers.entries()) {
    if (layer.spec.type !== "dense" || layer.spec.init !== undefined) continue;
    const { init } = ACTIVATIONS[activationAbove(layers, i)];
    layer.init = readInitializer(init, `layers[${i}].init`, layer.inputs, layer.units);
  }
}

/**
 * Where tanh or sigmoid units are the only hidden layer, their default first weights are a quarter of Glorot's. They
 * then start in their linear range beneath larger output weights, which drive them apart. Sigmoid units are ½ there,
 * which the output's biases take off. Of 400 networks 2-4-1 each, all learn XOR so; with Glorot's own range and biases
 * of 0, two or three in a hundred end in a minimum where units do the same. Only for optimizers that choose a rate for each
 * weight: plain gradient descent would take long to leave such small weights.
 */
export function softenOnlyHidden(layers: readonly LayerDescription[]): void {
  const [hidden, output, ...more] = layers.filter((layer) => layer.kind === DENSE);
  if (output === undefined || more.length > 0) return;
  const name = activationAbove(layers, layers.indexOf(hidden));
  const isDefault = hidden.spec.type === "dense" && hidden.spec.init === undefined;
  if (!isDefault || (name !== "tanh" && name !== "sigmoid") || hidden.init.kind !== "uniform") return;
  hidden.init = { kind: "uniform", low: hidden.init.low / 4, high: hidden.init.high / 4 };
  const isFree = output.spec.type === "dense" && output.spec.biasInit === undefined;
  if (name === "sigmoid" && isFree) output.biasInit = { kind: "balance", input: 0.5 };
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
  const init = readInitializer(fields.init ?? "zeros", `${where}.init`, inputs, units); // see chooseInit
  const biasSpec = fields.biasInit ?? biasInitOf(fields.init);
  const biasInit = readInitializer(biasSpec, `${where}.biasInit`, inputs, units, true);
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
    l1: readPenalty(fields.l1 ?? l1, `${where}.l1`),
    l2: readPenalty(fields.l2 ?? l2, `${where}.l2`),
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
