// What layers of Keras and TensorFlow.js are in this library: each becomes one of ours with its weights, or a sentence
// about what cannot come along. A layer that would change predictions and that we do not have is ERR_UNSUPPORTED.
import { PropagoError, show } from "../ground/errors.ts";
import type { ActivationSpec } from "../tables/activations.ts";
import type { Layer } from "../description/helpers.ts";
import type { LossSpec } from "../tables/losses.ts";
import type { NetworkOptions } from "../description/options.ts";
import type { OptimizerSpec } from "../tables/names.ts";
import { type JsonObject, isObject } from "./json.ts";
import { type ForeignLayer, type ForeignModel, type NamedTensor, textOf, unsupported } from "./keras-topology.ts";
import { kerasLoss, kerasOptimizer } from "./keras-training.ts";
import { refuseNonFinite } from "./safetensors.ts";
import { shapeText } from "./tensor.ts";

/** A layer's weights: those of a dense layer, or γ, β and the running statistics of a normalisation. */
export interface LayerArrays {
  weights: Float32Array;
  bias?: Float32Array;
  mean?: Float32Array;
  variance?: Float32Array;
}

/** A model out of a file: `new Network(options)`, then `setWeights(weights)`. */
export interface FileModel {
  options: NetworkOptions;
  weights: LayerArrays[];
  /** What did not come along, and what follows from that; one sentence each. */
  notes: string[];
}

/** What a model says beside its layers. */
export interface Surroundings {
  /** "tfjs-layers 1.2.2", "2.3.1", "3.9.2" */
  version: string;
  loss?: unknown;
  optimizer?: unknown;
  /** What else was left behind. */
  notes?: readonly string[];
  weightsOf(layer: ForeignLayer): readonly NamedTensor[];
}

/** Turns the chain of layers into options of a network and its weights. */
export function toNetwork(model: ForeignModel, around: Surroundings): FileModel {
  if (model.chain instanceof PropagoError) throw model.chain;
  const building = new Building(model.name, around);
  for (const layer of model.chain) building.add(layer);
  return building.finish();
}

class Building {
  readonly #file: string;
  readonly #around: Surroundings;
  readonly #layers: Layer[] = [];
  readonly #weights: LayerArrays[] = [];
  readonly #notes: string[];
  /** The sizes of a sample where we are, and of the input. */
  #shape: number[] | undefined;
  #inputs: number | undefined;
  #inputScale: number | undefined;

  constructor(file: string, around: Surroundings) {
    this.#file = file;
    this.#around = around;
    this.#notes = [...(around.notes ?? [])];
  }

  add(layer: ForeignLayer): void {
    this.#enter(layer);
    const read = READERS.get(layer.kind);
    if (read === undefined)
      throw this.bad(layer, layer.kind === "Lambda" ? "cannot be imported: it holds code" : NOT_HERE);
    read(this, layer, layer.config);
  }

  bad(layer: ForeignLayer, problem: string): PropagoError {
    return unsupported(this.#file, `layer ${show(layer.name)} (${layer.kind}) ${problem}`);
  }

  note(layer: ForeignLayer, text: string): void {
    this.#notes.push(`layer ${show(layer.name)} (${layer.kind}): ${text}`);
  }

  /** Learns the shape of the input from the first layer that tells it. */
  #enter(layer: ForeignLayer): void {
    const { config } = layer;
    if (this.#shape !== undefined) return;
    const batch = config.batch_input_shape ?? config.batch_shape ?? config.build_input_shape;
    const shape = Array.isArray(batch)
      ? (batch.slice(1) as unknown[])
      : isNumber(config.input_dim)
        ? [config.input_dim]
        : undefined;
    if (shape === undefined) {
      if (layer.kind === "Dense") this.#inputs = this.#around.weightsOf(layer)[0]?.tensor.shape[0];
      if (this.#inputs !== undefined) this.#shape = [this.#inputs];
      return;
    }
    if (!shape.every((size) => Number.isSafeInteger(size) && (size as number) > 0)) {
      throw this.bad(layer, "takes inputs of any length, which is not supported: a fixed shape is expected");
    }
    this.#shape = shape as number[];
    this.#inputs = this.#shape.reduce((product, size) => product * size, 1);
  }

  /** How many values come in, of a layer that takes them in one row. */
  width(layer: ForeignLayer): number {
    if (this.#shape === undefined) throw this.bad(layer, "comes first and does not say how many inputs there are");
    if (this.#shape.length !== 1) {
      throw this.bad(layer, `is applied to inputs of shape ${shapeText(this.#shape)}; rows of values are supported`);
    }
    return this.#shape[0];
  }

  /** The same values in one row: they lie in that order already. */
  flatten(layer: ForeignLayer, shape?: readonly unknown[]): void {
    if (this.#shape === undefined) throw this.bad(layer, "comes first and does not say how many inputs there are");
    const width = this.#shape.reduce((product, size) => product * size, 1);
    const sizes = shape?.map((size) =>
      size === -1 ? width / shape.reduce<number>((p, s) => p * (s === -1 ? 1 : Number(s)), 1) : size,
    );
    if (sizes !== undefined && !sizes.every(isNumber)) throw this.bad(layer, "has a shape that is none");
    this.#shape = sizes ?? [width];
  }

  /** Takes a layer with an activation or a rate. */
  push(layer: Layer): void {
    this.#layers.push(layer);
  }

  pushWeighted(layer: Layer, arrays: LayerArrays, units: number): void {
    this.#layers.push(layer);
    this.#weights.push(arrays);
    this.#shape = [units];
  }

  /** Multiplies the weighted inputs of the layer before by a factor, where that is a dense one without activation. */
  scaleLast(factor: number): boolean {
    const last = this.#layers.at(-1);
    if (last?.type !== "dense" || (last.activation ?? "linear") !== "linear") return false;
    const arrays = this.#weights[this.#weights.length - 1];
    scaleArrays(arrays, factor);
    return true;
  }

  scaleInputs(layer: ForeignLayer, scale: number): void {
    if (this.#layers.length > 0 || this.#inputScale !== undefined) throw this.bad(layer, "stands behind another layer");
    this.#inputScale = scale;
  }

  /** The layer's arrays by name or place; each must have the shape that is expected. */
  arrays(layer: ForeignLayer, expected: readonly { names: RegExp; shape: readonly number[] }[]): Float32Array[] {
    const given = this.#around.weightsOf(layer);
    const where = `${this.#file}: layer ${show(layer.name)} (${layer.kind})`;
    if (given.length !== expected.length) {
      throw new PropagoError(
        "ERR_SHAPE",
        `${where} has ${given.length} arrays of weights, expected ${expected.length}`,
      );
    }
    return expected.map(({ names, shape }, i) => {
      const { tensor, name } = given.find((array) => names.test(array.name)) ?? given[i];
      if (shapeText(tensor.shape) !== shapeText(shape)) {
        const sizes = `${shapeText(tensor.shape)}, expected ${shapeText(shape)}`;
        throw new PropagoError("ERR_SHAPE", `${where}: array ${show(name)} is ${sizes}`);
      }
      const values = Float32Array.from(tensor.data);
      refuseNonFinite(values, `${where}: array ${show(name)}`);
      return values;
    });
  }

  get version(): string {
    return this.#around.version;
  }

  finish(): FileModel {
    const { loss, optimizer } = this.#around;
    const last = this.#layers.at(-1);
    if (last === undefined || this.#inputs === undefined)
      throw unsupported(this.#file, "the model has no layer that computes");
    if (last.type !== "dense" && last.type !== "activation")
      this.#layers.push({ type: "activation", activation: "linear" });
    if (this.#shape?.length !== 1)
      throw unsupported(this.#file, `the model's outputs have the shape ${shapeText(this.#shape ?? [])}`);
    const output = this.#layers[this.#layers.length - 1] as { activation?: ActivationSpec };
    const options: NetworkOptions = {
      inputs: this.#inputs,
      layers: this.#layers,
      ...withValue("loss", kerasLoss(loss, output.activation, this.#notes) as LossSpec | undefined),
      ...withValue("optimizer", kerasOptimizer(optimizer, this.#notes) as OptimizerSpec | undefined),
      ...withValue("inputScale", this.#inputScale),
    };
    return { options, weights: this.#weights, notes: this.#notes };
  }
}

function withValue<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
}

function scaleArrays(arrays: LayerArrays, factor: number): void {
  for (const values of [arrays.weights, arrays.bias]) values?.forEach((value, i) => (values[i] = value * factor));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

const NOT_HERE = "cannot be imported: propago has no such layer";

/** Activations by Keras's names; those that mean another thing in some versions are read below. */
const ACTIVATIONS = new Map<string, ActivationSpec>([
  ["linear", "linear"],
  ["relu", "relu"],
  ["relu6", "relu6"],
  ["sigmoid", "sigmoid"],
  ["tanh", "tanh"],
  ["softmax", "softmax"],
  ["softmax_v2", "softmax"],
  ["log_softmax", "logSoftmax"],
  ["logSoftmax", "logSoftmax"],
  ["softplus", "softplus"],
  ["softsign", "softsign"],
  ["elu", "elu"],
  ["selu", "selu"],
  ["celu", "celu"],
  ["gelu", "gelu"],
  ["gelu_new", "geluTanh"],
  ["silu", "silu"],
  ["swish", "silu"],
  ["mish", "mish"],
  ["log_sigmoid", "logSigmoid"],
  ["hard_tanh", "hardTanh"],
  ["hard_silu", "hardSwish"],
  ["hard_swish", "hardSwish"],
  ["leaky_relu", { name: "leakyRelu", slope: 0.2 }],
]);

/** An activation of ours, and what the weighted inputs are multiplied by before it. */
function readActivation(
  building: Building,
  layer: ForeignLayer,
  value: unknown,
): { activation: ActivationSpec; factor: number } {
  let name: unknown = value ?? "linear";
  // Keras 3: { module: "builtins", class_name: "function", config: "relu" }; also { class_name: "ReLU", config: {} }
  if (isObject(name)) name = typeof name.config === "string" ? name.config : name.class_name;
  if (name === "hard_sigmoid" || name === "hardSigmoid") {
    // Before version 3 it rose by 0.2, where ours and Keras 3's rise by 1/6.
    return { activation: "hardSigmoid", factor: /^[3-9]/.test(building.version) ? 1 : 1.2 };
  }
  const activation = typeof name === "string" ? ACTIVATIONS.get(name) : undefined;
  if (activation === undefined)
    throw building.bad(layer, `has the activation ${show(name)}, which propago does not have`);
  return { activation, factor: 1 };
}

type Reader = (building: Building, layer: ForeignLayer, config: JsonObject) => void;

const READERS = new Map<string, Reader>([
  ["InputLayer", readInput],
  ["Dense", readDense],
  ["Activation", (b, layer, config) => pushActivation(b, layer, readActivation(b, layer, config.activation))],
  ["Softmax", (b, layer, config) => pushSoftmax(b, layer, config)],
  ["ReLU", readRelu],
  ["LeakyReLU", (b, layer, config) => pushSlope(b, layer, "leakyRelu", config.negative_slope ?? config.alpha ?? 0.3)],
  ["ELU", (b, layer, config) => pushSlope(b, layer, "elu", config.alpha ?? 1)],
  ["Dropout", readDropout],
  ["AlphaDropout", (b, layer, config) => b.push({ type: "alphaDropout", rate: rateOf(b, layer, config) })],
  [
    "GaussianNoise",
    (b, layer, config) =>
      b.push({ type: "gaussianNoise", deviation: numberOf(b, layer, config.stddev ?? config.sigma) }),
  ],
  ["GaussianDropout", leaveOut],
  ["SpatialDropout1D", leaveOut],
  ["SpatialDropout2D", leaveOut],
  ["ActivityRegularization", leaveOut],
  ["BatchNormalization", readBatchNorm],
  ["LayerNormalization", readLayerNorm],
  ["Flatten", (b, layer) => b.flatten(layer)],
  [
    "Reshape",
    (b, layer, config) => b.flatten(layer, Array.isArray(config.target_shape) ? config.target_shape : undefined),
  ],
  ["Rescaling", readRescaling],
]);

function readInput(building: Building, layer: ForeignLayer, config: JsonObject): void {
  if (config.sparse === true || config.ragged === true) throw building.bad(layer, "takes sparse or ragged inputs");
}

/** A layer that does nothing when a model predicts. */
function leaveOut(building: Building, layer: ForeignLayer): void {
  building.note(layer, "left out; it changes training only");
}

function numberOf(building: Building, layer: ForeignLayer, value: unknown): number {
  if (!isNumber(value)) throw building.bad(layer, `has ${show(value)} where a number is expected`);
  return value;
}

function rateOf(building: Building, layer: ForeignLayer, config: JsonObject): number {
  return numberOf(building, layer, config.rate ?? config.p);
}

function readDropout(building: Building, layer: ForeignLayer, config: JsonObject): void {
  if (Array.isArray(config.noise_shape)) building.note(layer, "noise_shape is left out; it changes training only");
  building.push({ type: "dropout", rate: rateOf(building, layer, config) });
}

function pushActivation(
  building: Building,
  layer: ForeignLayer,
  { activation, factor }: ReturnType<typeof readActivation>,
): void {
  if (factor !== 1 && !building.scaleLast(factor)) {
    throw building.bad(layer, "is a hard_sigmoid of slope 0.2 behind no dense layer, which cannot be expressed");
  }
  if (factor !== 1) building.note(layer, HARD_SIGMOID);
  building.push({ type: "activation", activation });
}

const HARD_SIGMOID = "its hard_sigmoid rises by 0.2 and ours by 1/6: the weights before it are multiplied by 1.2, which gives the same outputs"; // prettier-ignore

function pushSoftmax(building: Building, layer: ForeignLayer, config: JsonObject): void {
  const width = building.width(layer);
  if (width > 0 && (config.axis ?? -1) !== -1 && config.axis !== 1)
    throw building.bad(layer, `works along axis ${show(config.axis)}`);
  building.push({ type: "activation", activation: "softmax" });
}

function pushSlope(building: Building, layer: ForeignLayer, name: "leakyRelu" | "elu", value: unknown): void {
  const slope = numberOf(building, layer, value);
  if (slope < 0) throw building.bad(layer, `has the negative slope ${slope}, which propago does not have`);
  building.push({ type: "activation", activation: name === "elu" ? { name, alpha: slope } : { name, slope } });
}

function readRelu(building: Building, layer: ForeignLayer, config: JsonObject): void {
  const { max_value: most = null, negative_slope: slope = 0, threshold = 0 } = config;
  const isPlain = (threshold ?? 0) === 0;
  const first: unknown = Array.isArray(slope) ? slope[0] : (slope ?? 0);
  if (isPlain && most === null && first === 0) building.push({ type: "activation", activation: "relu" });
  else if (isPlain && most === 6 && first === 0) building.push({ type: "activation", activation: "relu6" });
  else if (isPlain && most === null) pushSlope(building, layer, "leakyRelu", first);
  else
    throw building.bad(
      layer,
      `has max_value ${show(most)} and threshold ${show(threshold)}, which propago does not have`,
    );
}

function readDense(building: Building, layer: ForeignLayer, config: JsonObject): void {
  const inputs = building.width(layer);
  const units = config.units ?? config.output_dim;
  if (!Number.isSafeInteger(units) || (units as number) < 1) throw building.bad(layer, `has ${show(units)} units`);
  const bias = (config.use_bias ?? config.bias ?? true) !== false;
  const { activation, factor } = readActivation(building, layer, config.activation);
  const shapes = [{ names: /(^|_)(kernel|W)$/, shape: [inputs, units as number] }];
  if (bias) shapes.push({ names: /(^|_)(bias|b)$/, shape: [units as number] });
  const [weights, biases] = building.arrays(layer, shapes);
  const arrays: LayerArrays = bias ? { weights, bias: biases } : { weights };
  if (factor !== 1) {
    scaleArrays(arrays, factor);
    building.note(layer, HARD_SIGMOID);
  }
  const dense: Layer = {
    type: "dense",
    units: units as number,
    ...(activation === "linear" ? {} : { activation }),
    ...(bias ? {} : { bias: false }),
    ...readPenalties(building, layer, config.kernel_regularizer ?? config.W_regularizer),
    ...readConstraint(building, layer, config.kernel_constraint ?? config.W_constraint),
    ...(config.trainable === false ? { trainable: false } : {}),
  };
  for (const key of [
    "bias_regularizer",
    "activity_regularizer",
    "bias_constraint",
    "lora_rank",
    "quantization_config",
  ]) {
    if (config[key] !== undefined && config[key] !== null)
      building.note(layer, `${key} is left out; it changes training only`);
  }
  building.pushWeighted(dense, arrays, units as number);
}

/** Keras adds l2·Σw², we (l2/2)·Σw². */
function readPenalties(building: Building, layer: ForeignLayer, value: unknown): { l1?: number; l2?: number } {
  if (value === undefined || value === null) return {};
  const config = isObject(value) && isObject(value.config) ? value.config : isObject(value) ? value : {};
  const { l1 = 0, l2 = 0 } = config;
  if (!isNumber(l1) || !isNumber(l2) || l1 < 0 || l2 < 0 || (l1 === 0 && l2 === 0)) {
    if (l1 !== 0 || l2 !== 0) building.note(layer, "kernel_regularizer is left out; it changes training only");
    return {};
  }
  return { ...(l1 > 0 ? { l1 } : {}), ...(l2 > 0 ? { l2: 2 * l2 } : {}) };
}

function readConstraint(building: Building, layer: ForeignLayer, value: unknown): { maxNorm?: number } {
  if (value === undefined || value === null) return {};
  const config = isObject(value) && isObject(value.config) ? value.config : {};
  const most = config.max_value ?? config.maxValue ?? config.m;
  if (
    isObject(value) &&
    /^max_?norm$/i.test(textOf(value.class_name)) &&
    isNumber(most) &&
    most > 0 &&
    (config.axis ?? 0) === 0
  ) {
    return { maxNorm: most };
  }
  building.note(layer, "kernel_constraint is left out; it changes training only");
  return {};
}

/** What both normalisations share: γ and β, where they have them. */
function readNormalisation(building: Building, layer: ForeignLayer, config: JsonObject, statistics: boolean) {
  const width = building.width(layer);
  const axis: unknown = Array.isArray(config.axis) && config.axis.length === 1 ? config.axis[0] : (config.axis ?? -1);
  if (axis !== -1 && axis !== 1) throw building.bad(layer, `works along axis ${show(config.axis)}`);
  const scale = config.scale !== false;
  const center = config.center !== false;
  const shape = [width];
  const expected = [
    ...(scale ? [{ names: /(^|_)gamma$/, shape }] : []),
    ...(center ? [{ names: /(^|_)beta$/, shape }] : []),
    ...(statistics
      ? [
          { names: /(moving|running)_mean$/, shape },
          { names: /(moving_variance|running_(std|variance))$/, shape },
        ]
      : []),
  ];
  const arrays = building.arrays(layer, expected);
  const weights = scale ? (arrays.shift() as Float32Array) : new Float32Array(width).fill(1);
  const bias = center ? { bias: arrays.shift() as Float32Array } : {};
  const options = {
    flavor: "keras" as const,
    // Ours must be above 0, and this is as good as 0.
    epsilon: Math.max(numberOf(building, layer, config.epsilon ?? 1e-3), 1e-30),
    ...(scale ? {} : { scale }),
    ...(center ? {} : { center }),
    ...(config.trainable === false ? { trainable: false } : {}),
  };
  for (const key of ["beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"]) {
    if (config[key] !== undefined && config[key] !== null)
      building.note(layer, `${key} is left out; it changes training only`);
  }
  return { width, options, arrays: { weights, ...bias }, rest: arrays };
}

function readBatchNorm(building: Building, layer: ForeignLayer, config: JsonObject): void {
  if (config.renorm === true) building.note(layer, "renorm is left out; it changes training only");
  if (config.mode !== undefined && config.mode !== 0) throw building.bad(layer, `has mode ${show(config.mode)}`);
  const { width, options, arrays, rest } = readNormalisation(building, layer, config, true);
  const [mean, variance] = rest;
  const momentum = numberOf(building, layer, config.momentum ?? 0.99);
  building.pushWeighted({ type: "batchNorm", ...options, momentum }, { ...arrays, mean, variance }, width);
}

function readLayerNorm(building: Building, layer: ForeignLayer, config: JsonObject): void {
  if (config.rms_scaling === true)
    throw building.bad(layer, "divides by the root mean square, which propago does not have");
  const { width, options, arrays } = readNormalisation(building, layer, config, false);
  building.pushWeighted({ type: "layerNorm", ...options }, arrays, width);
}

function readRescaling(building: Building, layer: ForeignLayer, config: JsonObject): void {
  const scale = numberOf(building, layer, config.scale);
  if ((config.offset ?? 0) !== 0)
    throw building.bad(layer, `adds the offset ${show(config.offset)}, which propago does not have`);
  building.scaleInputs(layer, scale);
}
