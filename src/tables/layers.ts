// Layers as users describe them (plain JSON), and as the rest of the library reads them (everything filled in).
import { ACTIVATION, DENSE, DROPOUT } from "../../assembly/plan.ts";
import {
  ACTIVATIONS,
  type Activation,
  type ActivationName,
  type ActivationSpec,
  readActivation,
} from "./activations.ts";
import {
  type OptionTable,
  type OptionValues,
  REQUIRED,
  readFlag,
  readName,
  readNumber,
  readObject,
  readOptions,
} from "../ground/options.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { type Distribution, biasInitOf, readInitializer } from "./initializers.ts";
import { completed } from "../ground/parts.ts";
import type { RARE_LAYERS } from "./rare-layers.ts";
import type {
  ActivationLayer,
  BatchNormLayer,
  DenseLayer,
  DropoutLayer,
  GaussianNoiseLayer,
  Layer,
  LayerNormLayer,
} from "../description/helpers.ts";

/** Which of a layer's parameters training may change. */
export type Trainable = boolean | "weights" | "bias";

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

/**
 * Dropout: while training, each value becomes 0 with probability `rate`, and the others are divided by 1 − rate, so that
 * their expectation stays. `predict` and `evaluate` drop nothing.
 */
export function dropout(rate: number, options?: { name?: string }): DropoutLayer {
  return { type: "dropout", rate, ...options };
}

/** Dropout for selu layers: dropped values become −λα, and all are scaled and shifted to keep mean 0 and variance 1. */
export function alphaDropout(rate: number, options?: { name?: string }): DropoutLayer {
  return { type: "alphaDropout", rate, ...options };
}

/** While training, adds a normal number of this standard deviation to each value. */
export function gaussianNoise(deviation: number, options?: { name?: string }): GaussianNoiseLayer {
  return { type: "gaussianNoise", deviation, ...options };
}

/**
 * Batch normalisation: γ x̂ + β, with each unit's values at mean 0 and variance 1 over the batch while training, and by
 * running statistics in `predict` and `evaluate`. A batch of one row has no variance: then x̂ is 0, and nothing is
 * learned below this layer.
 *
 * ```ts
 * const layers = [dense(64, "linear", { bias: false }), batchNorm(), activation("relu"), dense(10, "softmax")];
 * ```
 */
export function batchNorm(options?: Omit<BatchNormLayer, "type">): BatchNormLayer {
  return { type: "batchNorm", ...options };
}

/** Layer normalisation: γ x̂ + β, with each row's values at mean 0 and variance 1, in training as in prediction. */
export function layerNorm(options?: Omit<LayerNormLayer, "type">): LayerNormLayer {
  return { type: "layerNorm", ...options };
}

export interface LayerRow {
  kind: number;
  /** Options beside the name. */
  options: OptionTable;
  /** Defaults of flavor "keras" where they differ. */
  keras?: Readonly<Record<string, number>>;
  /** What its options make of it. */
  read(layer: LayerDescription, options: OptionValues, given: ReadonlySet<string>): LayerDescription;
}

export const rate = { kind: "number", least: 0, below: 1, default: REQUIRED } as const;

/** A layer whose one number is the one that the core needs. */
export const disturbing: LayerRow["read"] = (layer, options) => ({
  ...layer,
  parameter: Object.values(options)[0] as number,
});

/** Layers that have neither weights of a shape of their own nor an activation; more are in rare-layers.ts. */
export const LAYERS = {
  dropout: { kind: DROPOUT, options: { rate }, read: disturbing },
} as const satisfies Record<string, LayerRow>;

type OtherName = keyof typeof LAYERS | keyof typeof RARE_LAYERS;

/** What a layer keeps in the network's flat block of numbers. */
export interface TensorShape {
  kind: "weights" | "bias" | "mean" | "variance";
  /** The length is rows × columns; `setWeights` takes either shape. */
  rows: number;
  columns: number;
  /** Whether updates change it. */
  trained: boolean;
  /** Where its first values come from. */
  draw: Distribution;
}

/** A layer with everything filled in. */
export interface LayerDescription {
  kind: number;
  name: string;
  inputs: number;
  units: number;
  activation: Activation;
  /** The number that the core needs: the activation's, a rate, a deviation, an ε. */
  parameter: number;
  /** Rows of the weights, each of so many as there are units; 0 for a layer without weights. */
  weightRows: number;
  bias: boolean;
  /** Distributions of the first weights and biases. */
  init: Distribution;
  biasInit: Distribution;
  l1: number;
  l2: number;
  /** The largest norm of the weights that come into a unit; 0 for any. */
  maxNorm: number;
  trainWeights: boolean;
  trainBias: boolean;
  /** Of batchNorm: the weight of a batch in the running statistics, and whether these follow at all. */
  statistics?: { follow: number; unbiased: boolean; trained: boolean };
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
  "maxNorm",
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

/** The largest norm of a unit's weights. */
export function readMaxNorm(value: unknown, where: string): number {
  return readNumber(value, where, { above: 0 });
}

/** What layers have where they say nothing of their own: the network's penalties and limit. */
export interface LayerDefaults {
  l1: number;
  l2: number;
  /** 0 for none. */
  maxNorm: number;
}

/** Reads all layers. */
export function readLayers(value: unknown, inputs: number, defaults: LayerDefaults): LayerDescription[] {
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
  const types = [
    "dense",
    "activation",
    ...(Object.keys(completed("layer", LAYERS, undefined)) as OtherName[]),
  ] as const;
  const counts: Partial<Record<Layer["type"], number>> = {};
  let width = inputs;
  for (let i = 0; i < value.length; i++) {
    const where = `layers[${i}]`;
    const given: unknown = value[i];
    if (typeof given !== "object" || given === null) {
      throw new PropagoError("ERR_CONFIG", `${where} must be a layer such as dense(8, "relu"), got ${show(given)}`);
    }
    const type = readName((given as { type?: unknown }).type, `${where}.type`, types, "layer type");
    const fallback = `${type}_${(counts[type] = (counts[type] ?? 0) + 1)}`;
    const layer =
      type === "dense"
        ? readDense(given, where, width, defaults, fallback)
        : type === "activation"
          ? readActivationLayer(given, where, width, fallback)
          : readOther(type, given, where, width, fallback);
    if (names.has(layer.name)) {
      throw new PropagoError("ERR_CONFIG", `duplicate layer name ${show(layer.name)} at ${where}; names must differ`);
    }
    names.add(layer.name);
    layers.push(layer);
    width = layer.units;
  }
  const { kind, name, spec } = layers[layers.length - 1];
  if (kind > ACTIVATION) {
    throw new PropagoError(
      "ERR_CONFIG",
      `the last layer (${show(name)}) is ${spec.type}, but the last must be dense or activation, whose outputs the loss is ` +
        'for: leave it out, or put dense(…) or activation("linear") behind it',
    );
  }
  chooseInit(layers);
  return layers;
}

/** What a layer's weighted inputs go through: its own activation, or that of the first activation layer above it. */
function activationAbove(layers: readonly LayerDescription[], index: number): ActivationName {
  const own = layers[index].activation.name;
  const next = layers.slice(index + 1).find(({ kind }) => kind === DENSE || kind === ACTIVATION);
  return own === "linear" && next?.kind === ACTIVATION ? next.activation.name : own;
}

/** What a layer keeps in the flat block, in this order; nothing of a layer without weights. */
export function tensorsOf(layer: LayerDescription): TensorShape[] {
  const { units: columns, weightRows: rows, bias, init, biasInit, trainWeights, trainBias, statistics } = layer;
  if (rows === 0) return [];
  const shapes: TensorShape[] = [{ kind: "weights", rows, columns, trained: trainWeights, draw: init }];
  if (bias) shapes.push({ kind: "bias", rows: 1, columns, trained: trainBias, draw: biasInit });
  if (statistics) {
    const own = { rows: 1, columns, trained: false };
    shapes.push({ kind: "mean", ...own, draw: constant(0) }, { kind: "variance", ...own, draw: constant(1) });
  }
  return shapes;
}

/** Weights and biases of some layers, without running statistics. */
export function countParameters(layers: readonly LayerDescription[]): number {
  return layers.flatMap(tensorsOf).reduce((sum, { kind, rows, columns }) => {
    return kind === "weights" || kind === "bias" ? sum + rows * columns : sum;
  }, 0);
}

export function constant(value: number): Distribution {
  return { kind: "constant", value };
}

/** First weights of the layers that leave them to us: what keeps the size of signals through their activation. */
function chooseInit(layers: LayerDescription[]): void {
  for (const [i, layer] of layers.entries()) {
    if (layer.spec.type !== "dense" || layer.spec.init !== undefined) continue;
    const { init } = ACTIVATIONS[activationAbove(layers, i)];
    layer.init = readInitializer(init, `layers[${i}].init`, layer.inputs, layer.units);
  }
}

function readDense(
  given: object,
  where: string,
  inputs: number,
  { l1, l2, maxNorm }: LayerDefaults,
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
    parameter: activation.parameter,
    weightRows: inputs,
    bias,
    init,
    biasInit,
    l1: readPenalty(fields.l1 ?? l1, `${where}.l1`),
    l2: readPenalty(fields.l2 ?? l2, `${where}.l2`),
    maxNorm: fields.maxNorm === undefined ? maxNorm : readMaxNorm(fields.maxNorm, `${where}.maxNorm`),
    trainWeights: trainable === true || trainable === "weights",
    trainBias: bias && (trainable === true || trainable === "bias"),
    spec: { ...plain(fields), type: "dense", units },
  };
}

function readActivationLayer(given: object, where: string, width: number, fallback: string): LayerDescription {
  const fields = readObject(given, where, ACTIVATION_KEYS);
  const activation = readActivation(fields.activation, `${where}.activation`);
  return {
    ...bare(readLayerName(fields.name, where, fallback), width, activation),
    kind: ACTIVATION,
    parameter: activation.parameter,
    spec: { ...plain(fields), type: "activation", activation: activation.spec },
  };
}

/** A layer of the table. */
function readOther(type: OtherName, given: object, where: string, width: number, fallback: string): LayerDescription {
  const rows: Readonly<Record<string, LayerRow>> = completed("layer", LAYERS, type);
  const row = rows[type];
  const fields = readObject(given, where, ["type", "name", ...Object.keys(row.options)]);
  const read = readOptions(fields, row.options, where, type);
  const name = readLayerName(fields.name, where, fallback);
  const spec = { ...plain(fields), type } as Layer;
  const layer = { ...bare(name, width, readActivation("linear", where)), kind: row.kind, parameter: 0, spec };
  return row.read(layer, read.options, read.given);
}

/** A layer that has no weights. */
function bare(
  name: string,
  width: number,
  activation: Activation,
): Omit<LayerDescription, "kind" | "parameter" | "spec"> {
  return {
    name,
    inputs: width,
    units: width,
    activation,
    weightRows: 0,
    bias: false,
    init: constant(0),
    biasInit: constant(0),
    l1: 0,
    l2: 0,
    maxNorm: 0,
    trainWeights: false,
    trainBias: false,
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

export function readTrainable(value: unknown, where: string): Trainable {
  if (value === true || value === false || value === "weights" || value === "bias") return value;
  throw new PropagoError("ERR_CONFIG", `${where} must be true, false, "weights" or "bias", got ${show(value)}`);
}

function readLayerName(value: unknown, where: string, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value === "string" && value.length > 0) return value;
  throw new PropagoError("ERR_CONFIG", `${where}.name must be a text that is not empty, got ${show(value)}`);
}
