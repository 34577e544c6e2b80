// Networks of ours as TensorFlow.js layers models, which `tf.loadLayersModel` reads: model.json and files of weights.
import { PropagoError, show } from "../ground/errors.ts";
import { join } from "./bytes.ts";
import { type ExportedLayer, type ExportedMember, type ExportedModel, labelText, onlyMember } from "./exported.ts";

export interface TfjsFiles {
  /** The text of model.json. */
  json: string;
  /** The files of weights by the path that it gives them. */
  files: Map<string, Uint8Array<ArrayBuffer>>;
  /** What did not come along; one sentence each. */
  notes: string[];
}

export interface TfjsWriteOptions {
  /** The most bytes of a file of weights; more files are written then. Default 4 MiB, as TensorFlow.js's converter. */
  shardBytes?: number;
  /** What the names of the files of weights begin with. Default "group1". */
  stem?: string;
}

interface Written {
  class_name: string;
  config: Record<string, unknown>;
}

interface Weight {
  name: string;
  shape: number[];
  values: Float32Array;
}

/**
 * A layers model of a model with one network. Weights are written as float32. An activation that TensorFlow.js does not have
 * is ERR_UNSUPPORTED, and so are averages of networks and inputs that are curves of columns; what concerns training only
 * and has no place there is said in `notes`.
 */
export function writeTfjs(
  model: ExportedModel,
  { shardBytes = 4 * 2 ** 20, stem = "group1" }: TfjsWriteOptions = {},
): TfjsFiles {
  if (!(Number.isSafeInteger(shardBytes) && shardBytes > 0)) {
    throw new PropagoError("ERR_CONFIG", `shardBytes must be an integer > 0, got ${show(shardBytes)}`);
  }
  const member = onlyMember(model, "a layers model of TensorFlow.js");
  const { description, layers } = member.network;
  const weights: Weight[] = [];
  const written = writeInputs(member, weights);
  if (description.inputScale !== 1) {
    written.push({
      class_name: "Rescaling",
      config: { name: "input_scale", scale: description.inputScale, offset: 0 },
    });
  }
  for (const layer of layers) written.push(...writeLayer(layer, weights));
  written.push(...writeOutputs(member, weights));
  written[0].config.batch_input_shape = [null, model.inputs];
  const notes = ["loss and optimizer are left out: compile the model before it is trained on"];
  if (description.dtype === "float64") notes.push("weights are rounded to float32, which TensorFlow.js computes in");
  notes.push(...leftOut(model));
  const bytes = join(weights.map(({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)));
  const files = shards(bytes, shardBytes, stem);
  const json = {
    format: "layers-model",
    generatedBy: "propago",
    convertedBy: null,
    modelTopology: {
      class_name: "Sequential",
      config: { name: "sequential", layers: written },
      keras_version: "tfjs-layers 4.22.0",
      backend: "tensor_flow.js",
    },
    weightsManifest: [
      { paths: [...files.keys()], weights: weights.map(({ name, shape }) => ({ name, shape, dtype: "float32" })) },
    ],
  };
  return { json: JSON.stringify(json), files, notes };
}

/** Scaled columns as a normalisation with fixed statistics. */
function writeInputs({ features }: ExportedMember, all: Weight[]): Written[] {
  if (features === undefined) return [];
  const { mean, scale, soft, kept, curves } = features;
  if (soft || curves.length > 0 || kept.length !== mean.length) {
    const what = "its inputs are curves of columns or softened, which layers of TensorFlow.js cannot express";
    throw new PropagoError("ERR_UNSUPPORTED", `${what}: write ONNX or source`);
  }
  const name = "scaled_columns";
  const shape = [mean.length];
  all.push({ name: `${name}/moving_mean`, shape, values: Float32Array.from(mean) });
  all.push({ name: `${name}/moving_variance`, shape, values: Float32Array.from(scale, (value) => value * value) });
  const config = { name, axis: -1, epsilon: 1e-30, scale: false, center: false, momentum: 0.99 };
  return [{ class_name: "BatchNormalization", config }];
}

/** Outputs in the targets' own units, by a dense layer of which each unit sees one output. */
function writeOutputs({ targets }: ExportedMember, all: Weight[]): Written[] {
  if (targets === undefined) return [];
  const { mean, scale, log } = targets;
  if (log !== undefined) {
    const what = "it has learnt the logarithms of the targets, and TensorFlow.js has no layer for their powers";
    throw new PropagoError("ERR_UNSUPPORTED", `${what}: write ONNX or source`);
  }
  const name = "targets";
  const kernel = Float32Array.from({ length: mean.length * mean.length }, (_, i) => i % (mean.length + 1) === 0 ? scale[i % mean.length] : 0); // prettier-ignore
  all.push({ name: `${name}/kernel`, shape: [mean.length, mean.length], values: kernel });
  all.push({ name: `${name}/bias`, shape: [mean.length], values: Float32Array.from(mean) });
  return [{ class_name: "Dense", config: { name, units: mean.length, activation: "linear", use_bias: true } }];
}

/** What stands around the network and has no place in a layers model. */
function leftOut({ columns, targets: [{ kind, labels, outputs }] }: ExportedModel): string[] {
  const notes: string[] = [];
  if (labels !== undefined) {
    const names = labels.map(labelText).join(", ");
    notes.push(`the names of the classes are left out: ${outputs === 1 ? `the output is the probability of the second of ${names}` : `the outputs are ${names}`}`); // prettier-ignore
  } else if (kind === "classes") notes.push("the names of the classes are left out");
  if (columns !== undefined) {
    const names = columns.map(({ name }) => name).join(", ");
    notes.push(`how cells become numbers is left out: the inputs are those of the columns ${names}, in order`);
  }
  return notes;
}

function shards(bytes: Uint8Array<ArrayBuffer>, most: number, stem: string): Map<string, Uint8Array<ArrayBuffer>> {
  const count = Math.max(1, Math.ceil(bytes.length / most));
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (let i = 0; i < count; i++) {
    files.set(`${stem}-shard${i + 1}of${count}.bin`, bytes.slice(i * most, (i + 1) * most));
  }
  return files;
}

/** Activations by the names that TensorFlow.js has for them. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  linear: "linear",
  sigmoid: "sigmoid",
  tanh: "tanh",
  relu: "relu",
  relu6: "relu6",
  selu: "selu",
  gelu: "gelu",
  silu: "swish",
  mish: "mish",
  softplus: "softplus",
  softsign: "softsign",
  softmax: "softmax",
  logSoftmax: "logSoftmax",
};

function writeLayer(exportedLayer: ExportedLayer, all: Weight[]): Written[] {
  const { layer, type } = exportedLayer;
  const { name, units } = layer;
  switch (type) {
    case "dense":
      return writeDense(exportedLayer, all);
    case "activation":
      return [writeActivation(exportedLayer, name, true)];
    case "dropout":
      return [{ class_name: "Dropout", config: { name, rate: layer.parameter } }];
    case "alphaDropout":
      return [{ class_name: "AlphaDropout", config: { name, rate: layer.parameter } }];
    case "gaussianNoise":
      return [{ class_name: "GaussianNoise", config: { name, stddev: layer.parameter } }];
    case "batchNorm":
    case "layerNorm":
      return [writeNormalisation(exportedLayer, units, all)];
    default:
      throw new PropagoError("ERR_UNSUPPORTED", `layer "${name}" (${type}) cannot be written for TensorFlow.js`);
  }
}

/** A layer that is nothing but an activation. */
function writeActivation({ layer }: ExportedLayer, name: string, alone: boolean): Written {
  const { activation } = layer;
  const { parameter } = activation;
  switch (activation.name) {
    case "leakyRelu":
      return { class_name: "LeakyReLU", config: { name, alpha: parameter } };
    case "elu":
    case "celu":
      // With α = 1 they are the same function; TensorFlow.js has no other.
      if (parameter === 1) return { class_name: "ELU", config: { name, alpha: 1 } };
      break;
    case "hardSigmoid":
      if (!alone) return { class_name: "Activation", config: { name, activation: "hard_sigmoid" } };
      break;
    default:
  }
  if (!Object.hasOwn(ACTIVATIONS, activation.name)) {
    throw new PropagoError(
      "ERR_UNSUPPORTED",
      `layer "${layer.name}" has the activation ${activation.name}, which TensorFlow.js does not have`,
    );
  }
  return { class_name: "Activation", config: { name, activation: ACTIVATIONS[activation.name] } };
}

function writeDense(exportedLayer: ExportedLayer, all: Weight[]): Written[] {
  const { layer } = exportedLayer;
  const { name, inputs, units, bias, activation, l1, l2, maxNorm } = layer;
  const own = Object.hasOwn(ACTIVATIONS, activation.name) ? ACTIVATIONS[activation.name] : "linear";
  // Theirs rises by 0.2 where ours rises by 1/6.
  const factor = activation.name === "hardSigmoid" ? 1 / 1.2 : 1;
  const scaled = (values: Float64Array | undefined) =>
    Float32Array.from(values as Float64Array, (value) => value * factor);
  all.push({ name: `${name}/kernel`, shape: [inputs, units], values: scaled(exportedLayer.weights) });
  if (bias) all.push({ name: `${name}/bias`, shape: [units], values: scaled(exportedLayer.bias) });
  const isPenalised = l1 > 0 || l2 > 0;
  const config = {
    name,
    units,
    activation: own,
    use_bias: bias,
    trainable: layer.trainWeights || layer.trainBias,
    kernel_initializer: { class_name: "GlorotUniform", config: { seed: null } },
    bias_initializer: { class_name: "Zeros", config: {} },
    kernel_regularizer: isPenalised ? { class_name: "L1L2", config: { l1, l2: l2 / 2 } } : null,
    bias_regularizer: null,
    activity_regularizer: null,
    kernel_constraint: maxNorm > 0 ? { class_name: "MaxNorm", config: { max_value: maxNorm, axis: 0 } } : null,
    bias_constraint: null,
  };
  const dense = { class_name: "Dense", config };
  if (own !== "linear" || activation.name === "linear") return [dense];
  return [dense, writeActivation(exportedLayer, `${name}_${activation.name}`, false)];
}

function writeNormalisation(exportedLayer: ExportedLayer, units: number, all: Weight[]): Written {
  const { layer, weights, bias, mean, variance } = exportedLayer;
  const { name } = layer;
  const add = (part: string, values: Float64Array | undefined) => {
    if (values !== undefined) all.push({ name: `${name}/${part}`, shape: [units], values: Float32Array.from(values) });
  };
  add("gamma", weights);
  add("beta", bias);
  add("moving_mean", mean);
  add("moving_variance", variance);
  const config = { name, axis: -1, epsilon: layer.parameter, scale: true, center: bias !== undefined };
  if (layer.statistics === undefined) return { class_name: "LayerNormalization", config };
  return { class_name: "BatchNormalization", config: { ...config, momentum: 1 - layer.statistics.follow } };
}
