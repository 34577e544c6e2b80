// Reads the layers of a network: from what users write to descriptions with everything filled in.
import { LAYERS, readTrainable } from "../tables/layers.ts";
import type { RARE_LAYERS } from "../tables/rare-layers.ts";
import { type DenseLayer, type ActivationLayer, type Layer } from "./helpers.ts";
import { isPlain, readNumber, readName, readObject, readFlag, readOptions } from "../ground/options.ts";
import { type LayerDescription, bare } from "./layer.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { withRareRows } from "../tables/rare.ts";
import { ACTIVATING_KINDS, ACTIVATION, DENSE } from "../../assembly/plan.ts";
import { isOneOf } from "../ground/sets.ts";
import { chooseInit } from "./first-weights.ts";
import { readActivation } from "../tables/activations.ts";
import { readInitializer, biasInitOf } from "./initializers.ts";

/** The most units, inputs or layers that a description may ask for. */
const MOST_UNITS = 10_000_000;

const MOST_LAYERS = 10_000;

type OtherName = keyof typeof LAYERS | keyof typeof RARE_LAYERS;

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
    ...(Object.keys(withRareRows("layer", LAYERS, undefined)) as OtherName[]),
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
  if (!isOneOf(kind, ACTIVATING_KINDS)) {
    throw new PropagoError(
      "ERR_CONFIG",
      `the last layer (${show(name)}) is ${spec.type}, but the last must be dense or activation, whose outputs the loss is ` +
        'for: leave it out, or put dense(…) or activation("linear") behind it',
    );
  }
  chooseInit(layers);
  return layers;
}

function readDense(
  given: object,
  where: string,
  inputs: number,
  { l1, l2, maxNorm }: LayerDefaults,
  fallback: string,
): LayerDescription {
  const fields = readObject(given, where, DENSE_KEYS);
  if (isPlain(fields.units) || (isPlain(fields.activation) && !("name" in fields.activation))) {
    throw new PropagoError(
      "ERR_CONFIG",
      `${where}: units and activation come before other options, as in dense(8, "relu", { l2: 0.01 })`,
    );
  }
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
  const row = withRareRows("layer", LAYERS, type)[type];
  const fields = readObject(given, where, ["type", "name", ...Object.keys(row.options)]);
  const read = readOptions(fields, row.options, where, type);
  const name = readLayerName(fields.name, where, fallback);
  const spec = { ...plain(fields), type } as Layer;
  const layer = bare(name, width, readActivation("linear", where));
  return { ...layer, kind: row.kind, spec, ...row.read(read.options, read.given) };
}

/** A copy of checked options, down to the objects `{ name, … }` among them. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copies = Object.entries(fields).map(([key, value]) => [
    key,
    typeof value === "object" && value !== null ? { ...value } : value,
  ]);
  return Object.fromEntries(copies) as Record<string, unknown>;
}

function readLayerName(value: unknown, where: string, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value === "string" && value.length > 0) return value;
  throw new PropagoError("ERR_CONFIG", `${where}.name must be a text that is not empty, got ${show(value)}`);
}
