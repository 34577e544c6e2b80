// Models of ours as the writers of other formats take them: networks with their layers in order and everything filled in,
// what an estimator does before and behind them, and how a table's columns become inputs.
import type { Column } from "../columns/columns.ts";
import { missingWords } from "../columns/missing.ts";
import type { Label } from "../data/labels.ts";
import { describe } from "../description/description.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { LayerDescription } from "../description/layer.ts";
import { tensorsOf } from "../description/tensors.ts";
import { type Curve, Features } from "../estimators/features.ts";
import { TargetScaling } from "../estimators/targets.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { readNetworkJSON } from "../network/json.ts";
import type { Model } from "./kept.ts";

export interface ExportedLayer {
  layer: LayerDescription;
  /** "dense", "activation", "batchNorm", … */
  type: string;
  /** In float64, which holds both precisions exactly. Weights of a normalisation are its γ, one a unit. */
  weights?: Float64Array;
  bias?: Float64Array;
  mean?: Float64Array;
  variance?: Float64Array;
}

export interface ExportedNetwork {
  description: NetworkDescription;
  layers: ExportedLayer[];
}

/** What an estimator makes of a row before a network sees it; see estimators/features.ts. */
export interface ExportedFeatures {
  mean: readonly number[];
  scale: readonly number[];
  soft: boolean;
  /** The columns that are inputs themselves, in order; the curves follow. */
  kept: readonly number[];
  curves: readonly Curve[];
}

/** A network with its share of the answer. */
export interface ExportedMember {
  network: ExportedNetwork;
  weight: number;
  features?: ExportedFeatures;
  /** Its outputs become y · scale + mean, and then e^y − log where the targets' logarithms were learnt. */
  targets?: { mean: readonly number[]; scale: readonly number[]; log?: number };
}

/** What is predicted: the mean of the members' answers. */
export interface ExportedTarget {
  /** Of a table with several targets. */
  name?: string;
  members: ExportedMember[];
  outputs: number;
  /** "outputs": those of a network as they are; "classes": probabilities of labels; "numbers". */
  kind: "outputs" | "classes" | "numbers";
  labels?: readonly Label[];
  /** Of two classes the second is the answer from this probability on. */
  threshold: number;
}

export interface ExportedModel {
  /** How many numbers a row has. */
  inputs: number;
  targets: ExportedTarget[];
  /** The table's columns that become the numbers of a row; without them rows of numbers come in. */
  columns?: readonly Column[];
  /** Whether the numbers that columns become are rounded to float32. */
  isSingle: boolean;
  /** Words of cells that mean a missing value. */
  missing: readonly string[];
}

/** Takes what `Network.toJSON` gives, checked as `Network.fromJSON` checks it. */
export function exported(json: unknown): ExportedNetwork {
  const { options, weights } = readNetworkJSON(json);
  const description = describe(options);
  let next = 0;
  const layers = description.layers.map((layer): ExportedLayer => {
    const type = layer.spec.type;
    const tensors = tensorsOf(layer);
    if (tensors.length === 0) return { layer, type };
    const given = weights[next++] as unknown as Record<string, readonly number[]>;
    return { layer, type, ...Object.fromEntries(tensors.map(({ kind }) => [kind, Float64Array.from(given[kind])])) };
  });
  return { description, layers };
}

/** A network alone; `labels` name its classes, or the two that a single output tells apart. */
export function exportedNetwork(json: unknown, labels?: readonly Label[]): ExportedModel {
  const network = exported(json);
  const { inputs, outputs } = network.description;
  const classes = outputs === 1 ? 2 : outputs;
  if (labels !== undefined && labels.length !== classes) {
    throw new PropagoError("ERR_SHAPE", `there are ${labels.length} labels, the outputs tell ${classes} classes apart`);
  }
  const target: ExportedTarget = {
    members: [{ network, weight: 1 }],
    outputs,
    kind: "outputs",
    labels,
    threshold: 0.5,
  };
  return { inputs, targets: [target], isSingle: false, missing: [] };
}

/** What `toJSON` of a Classifier or Regressor gives. */
interface EstimatorJSON {
  format: string;
  members: { weight: number; scaling: unknown; targetScaling?: unknown; network: unknown }[];
  labels?: readonly Label[];
  found?: { threshold?: number };
}

/** What `toJSON` of a Classifier or Regressor gives, as the rows of numbers that it takes and what it predicts. */
export function exportedEstimator(estimator: { toJSON(): object }, name?: string): ExportedModel {
  const { members: list, labels, found } = estimator.toJSON() as EstimatorJSON;
  let inputs = 0;
  const members = list.map(({ weight, scaling, targetScaling, network: json }): ExportedMember => {
    const network = exported(json);
    const features = Features.fromJSON(scaling, network.description.inputs);
    const { soft = false, replaced = [], curves = [] } = features.more;
    const { mean, scale } = features.scaler;
    inputs = mean.length;
    const kept = [...mean.keys()].filter((column) => !replaced.includes(column));
    const own = { mean: Array.from(mean), scale: Array.from(scale), soft, kept, curves };
    if (targetScaling === undefined) return { network, weight, features: own };
    const { scaler, log } = TargetScaling.fromJSON(targetScaling, network.description.outputs);
    const targets = { mean: Array.from(scaler.mean), scale: Array.from(scaler.scale), log };
    return { network, weight, features: own, targets };
  });
  const { outputs } = members[0].network.description;
  const kind = labels === undefined ? "numbers" : "classes";
  const target: ExportedTarget = { name, members, outputs, kind, labels, threshold: found?.threshold ?? 0.5 };
  return { inputs, targets: [target], isSingle: false, missing: [] };
}

/** A model of the command, with its columns. */
export function exportedTable(model: Model): ExportedModel {
  const { estimators, targets, columns, record } = model;
  const parts = estimators.map((estimator, i) => exportedEstimator(estimator, targets[i].name));
  const isFloat32 = estimators[0].network?.dtype !== "float64";
  const hasDigits = (column: Column) => column.kind !== "number" || (column.offset !== undefined && !column.wide);
  return {
    inputs: parts[0].inputs,
    targets: parts.flatMap((part) => part.targets),
    columns,
    isSingle: isFloat32 && columns.every(hasDigits),
    missing: missingWords(record.missingValues),
  };
}

/** The only network of a model, for formats that hold one; others are ERR_UNSUPPORTED, and say why. */
export function onlyMember(model: ExportedModel, format: string): ExportedMember {
  const count = model.targets.reduce((sum, { members }) => sum + members.length, 0);
  if (count === 1) return model.targets[0].members[0];
  const what = model.targets.length > 1 ? `${model.targets.length} targets` : `an average of ${count} networks`;
  throw new PropagoError(
    "ERR_UNSUPPORTED",
    `this model is ${what}, and ${format} holds one network: write ONNX or source, or train with ensemble: 1 (--ensemble 1)`,
  );
}

/** A label as a file's text. */
export function labelText(label: Label): string {
  return typeof label === "string" ? label : show(label);
}
