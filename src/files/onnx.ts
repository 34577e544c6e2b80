// Networks of ours as ONNX (opset 17, IR 8), with the weights inside. Layers that only training knows are left out; what
// a newer opset has as one operator is written with those that 17 has.
import { PropagoError, show } from "../ground/errors.ts";
import { type ExportedLayer, type ExportedNetwork, exported } from "./exported.ts";
import { Message } from "./protobuf.ts";

/** What is subtracted from values, and what they are divided by, one of each a column. */
export interface OnnxScaling {
  mean: readonly number[];
  deviation: readonly number[];
}

export interface OnnxOptions {
  /** Applied to the inputs: (x − mean) / deviation. */
  inputScaling?: OnnxScaling;
  /** Undone at the outputs: y · deviation + mean. */
  outputScaling?: OnnxScaling;
  /** Names of the classes: adds the output "label", the class of the largest output; of a single one, beyond ½. */
  labels?: readonly (string | number)[];
}

const FLOAT = 1;
const INT64 = 7;
const TEXT = 8;

/**
 * An ONNX model of what `Network.toJSON` gives, or of several such networks, whose outputs are averaged. It has the input
 * "input" (rows, inputs) and the output "output" (rows, outputs), both float32; weights of float64 networks are rounded.
 */
export function writeOnnx(networks: unknown, options: OnnxOptions = {}): Uint8Array<ArrayBuffer> {
  const all = (Array.isArray(networks) ? (networks as unknown[]) : [networks]).map(exported);
  if (all.length === 0) throw new PropagoError("ERR_DATA", "there is no network to write");
  const [{ description }] = all;
  const { inputs, outputs } = description;
  const other = all.find((network) => network.description.inputs !== inputs || network.description.outputs !== outputs);
  if (other !== undefined) {
    const sizes = `${other.description.inputs} inputs and ${other.description.outputs} outputs`;
    throw new PropagoError(
      "ERR_SHAPE",
      `networks to be averaged differ: ${sizes}, the first has ${inputs} and ${outputs}`,
    );
  }
  const graph = new Graph();
  const scaled = unscaledInputs(graph, options.inputScaling, inputs);
  const ends = all.map((network, i) => writeNetwork(graph, network, scaled, all.length > 1 ? `network_${i + 1}/` : ""));
  const end = ends.length > 1 ? graph.add("Mean", ends) : ends[0];
  const result = scaledOutputs(graph, options.outputScaling, end, outputs);
  graph.add("Identity", [result], {}, "output");
  const results = [valueInfo("output", FLOAT, outputs)];
  if (options.labels !== undefined) results.push(writeLabels(graph, options.labels, result, outputs));
  const body = graph.finish([valueInfo("input", FLOAT, inputs)], results);
  const opset = new Message().text(1, "").whole(2, 17);
  return new Message().whole(1, 8).text(2, "propago").message(7, body).message(8, opset).finish();
}

/** Collects nodes and constants. */
class Graph {
  readonly #nodes: Message[] = [];
  readonly #constants: Message[] = [];
  readonly #names = new Set<string>(["input", "output", "label"]);

  /** Adds a node and gives the name of its result. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    result?: string,
  ): string {
    const output = result ?? this.unique(operator);
    const node = new Message();
    for (const input of inputs) node.text(1, input);
    node.text(2, output).text(3, `${output}_node`).text(4, operator);
    for (const [name, value] of Object.entries(attributes)) {
      const attribute = new Message().text(1, name);
      node.message(
        5,
        "float" in value ? attribute.float(2, value.float).whole(20, 1) : attribute.whole(3, value.whole).whole(20, 2),
      );
    }
    this.#nodes.push(node);
    return output;
  }

  constant(name: string, values: ArrayLike<number>, shape: readonly number[]): string {
    const data = new Uint8Array(Float32Array.from(values).buffer);
    return this.#constant(name, FLOAT, shape, (tensor) => tensor.bytes(9, data));
  }

  texts(name: string, values: readonly string[]): string {
    return this.#constant(name, TEXT, [values.length], (tensor) => {
      for (const value of values) tensor.text(6, value);
    });
  }

  wholes(name: string, values: readonly number[]): string {
    const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(name, INT64, [values.length], (tensor) => tensor.bytes(9, data));
  }

  #constant(name: string, type: number, shape: readonly number[], fill: (tensor: Message) => void): string {
    const own = this.unique(name);
    const tensor = new Message();
    for (const size of shape) tensor.whole(1, size);
    tensor.whole(2, type).text(8, own);
    fill(tensor);
    this.#constants.push(tensor);
    return own;
  }

  /** A name that nothing else has. */
  unique(name: string): string {
    let own = name;
    for (let i = 1; this.#names.has(own); i++) own = `${name}_${i}`;
    this.#names.add(own);
    return own;
  }

  finish(inputs: readonly Message[], outputs: readonly Message[]): Message {
    const graph = new Message();
    for (const node of this.#nodes) graph.message(1, node);
    graph.text(2, "propago");
    for (const constant of this.#constants) graph.message(5, constant);
    for (const input of inputs) graph.message(11, input);
    for (const output of outputs) graph.message(12, output);
    return graph;
  }
}

type Attribute = { whole: number } | { float: number };

function valueInfo(name: string, type: number, columns: number | undefined): Message {
  const shape = new Message().message(1, new Message().text(2, "rows"));
  if (columns !== undefined) shape.message(1, new Message().whole(1, columns));
  const tensor = new Message().whole(1, type).message(2, shape);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

function checkScaling(scaling: OnnxScaling, columns: number, what: string): void {
  for (const values of [scaling.mean, scaling.deviation]) {
    if (values.length !== columns || !values.every(Number.isFinite)) {
      throw new PropagoError("ERR_SHAPE", `${what} needs ${columns} finite numbers each, got ${values.length}`);
    }
  }
}

function unscaledInputs(graph: Graph, scaling: OnnxScaling | undefined, columns: number): string {
  if (scaling === undefined) return "input";
  checkScaling(scaling, columns, "inputScaling");
  const centred = graph.add("Sub", ["input", graph.constant("input_mean", scaling.mean, [columns])]);
  return graph.add("Div", [centred, graph.constant("input_deviation", scaling.deviation, [columns])]);
}

function scaledOutputs(graph: Graph, scaling: OnnxScaling | undefined, end: string, columns: number): string {
  if (scaling === undefined) return end;
  checkScaling(scaling, columns, "outputScaling");
  const wide = graph.add("Mul", [end, graph.constant("output_deviation", scaling.deviation, [columns])]);
  return graph.add("Add", [wide, graph.constant("output_mean", scaling.mean, [columns])]);
}

function writeLabels(graph: Graph, labels: readonly (string | number)[], end: string, outputs: number): Message {
  const classes = outputs === 1 ? 2 : outputs;
  if (labels.length !== classes) {
    throw new PropagoError("ERR_SHAPE", `there are ${labels.length} labels, the outputs tell ${classes} classes apart`);
  }
  const isText = labels.some((label) => typeof label === "string");
  if (!isText && !labels.every(Number.isSafeInteger)) {
    throw new PropagoError("ERR_DATA", "labels must be texts or whole numbers");
  }
  const names = isText ? graph.texts("labels", labels.map(String)) : graph.wholes("labels", labels as number[]);
  let index: string;
  if (outputs === 1) {
    const over = graph.add("Greater", [end, graph.constant("half", [0.5], [])]);
    const flat = graph.add("Squeeze", [over, graph.wholes("axes", [1])]);
    index = graph.add("Cast", [flat], { to: { whole: INT64 } });
  } else {
    index = graph.add("ArgMax", [end], { axis: { whole: 1 }, keepdims: { whole: 0 } });
  }
  graph.add("Gather", [names, index], {}, "label");
  return valueInfo("label", isText ? TEXT : INT64, undefined);
}

function writeNetwork(graph: Graph, network: ExportedNetwork, input: string, prefix: string): string {
  const { inputScale } = network.description;
  let at = input;
  if (inputScale !== 1) at = graph.add("Mul", [at, graph.constant(`${prefix}input_scale`, [inputScale], [])]);
  for (const layer of network.layers) at = writeLayer(graph, layer, at, prefix);
  return at;
}

function writeLayer(graph: Graph, exportedLayer: ExportedLayer, input: string, prefix: string): string {
  const { layer, type, weights, bias, mean, variance } = exportedLayer;
  const { inputs, units, parameter } = layer;
  const name = prefix + layer.name;
  const constant = (part: string, values: Float64Array | undefined, shape = [units]) =>
    graph.constant(`${name}/${part}`, values ?? new Float64Array(units), shape);
  switch (type) {
    case "dense": {
      const kernel = constant("weights", weights, [inputs, units]);
      const terms = bias === undefined ? [input, kernel] : [input, kernel, constant("bias", bias)];
      return writeActivation(graph, exportedLayer, graph.add("Gemm", terms));
    }
    case "activation":
      return writeActivation(graph, exportedLayer, input);
    case "dropout":
    case "alphaDropout":
    case "gaussianNoise":
      return input;
    case "batchNorm": {
      const terms = [
        constant("gamma", weights),
        constant("beta", bias),
        constant("mean", mean),
        constant("variance", variance),
      ];
      return graph.add("BatchNormalization", [input, ...terms], { epsilon: { float: parameter } });
    }
    case "layerNorm": {
      const terms = [constant("gamma", weights), constant("beta", bias)];
      return graph.add("LayerNormalization", [input, ...terms], { axis: { whole: -1 }, epsilon: { float: parameter } });
    }
    default:
      throw new PropagoError("ERR_UNSUPPORTED", `layer "${layer.name}" (${type}) cannot be written as ONNX`);
  }
}

/** Activations that are one operator, and its attributes from the parameter. */
const OPERATORS: Readonly<Record<string, readonly [string, ((p: number) => Record<string, Attribute>)?]>> = {
  sigmoid: ["Sigmoid"],
  tanh: ["Tanh"],
  relu: ["Relu"],
  leakyRelu: ["LeakyRelu", (alpha) => ({ alpha: { float: alpha } })],
  elu: ["Elu", (alpha) => ({ alpha: { float: alpha } })],
  celu: ["Celu", (alpha) => ({ alpha: { float: alpha } })],
  selu: ["Selu"],
  softplus: ["Softplus"],
  softsign: ["Softsign"],
  hardSigmoid: ["HardSigmoid", () => ({ alpha: { float: 1 / 6 }, beta: { float: 0.5 } })],
  hardSwish: ["HardSwish"],
  sine: ["Sin"],
  softmax: ["Softmax", () => ({ axis: { whole: -1 } })],
  logSoftmax: ["LogSoftmax", () => ({ axis: { whole: -1 } })],
};

function writeActivation(graph: Graph, { layer }: ExportedLayer, z: string): string {
  const { name, parameter } = layer.activation;
  if (name === "linear") return z;
  if (Object.hasOwn(OPERATORS, name)) {
    const [operator, attributes] = OPERATORS[name];
    return graph.add(operator, [z], attributes?.(parameter));
  }
  const number = (value: number) => graph.constant("constant", [value], []);
  const times = (a: string, b: string) => graph.add("Mul", [a, b]);
  switch (name) {
    case "relu6":
      return graph.add("Clip", [z, number(0), number(6)]);
    case "hardTanh":
      return graph.add("Clip", [z, number(-1), number(1)]);
    case "silu":
      return times(z, graph.add("Sigmoid", [z]));
    case "mish":
      return times(z, graph.add("Tanh", [graph.add("Softplus", [z])]));
    case "logSigmoid":
      return graph.add("Neg", [graph.add("Softplus", [graph.add("Neg", [z])])]);
    case "gaussian":
      return graph.add("Exp", [graph.add("Neg", [times(z, z)])]);
    case "gelu": {
      // z Φ(z) = z (1 + erf(z / √2)) / 2
      const erf = graph.add("Erf", [times(z, number(Math.SQRT1_2))]);
      return times(z, times(graph.add("Add", [erf, number(1)]), number(0.5)));
    }
    case "geluTanh": {
      // z σ(u) with u = √(8/π) z (1 + 0.044715 z²)
      const inner = graph.add("Add", [times(times(z, z), number(0.044715)), number(1)]);
      return times(z, graph.add("Sigmoid", [times(times(z, inner), number(1.5957691216057308))]));
    }
    default:
      throw new PropagoError(
        "ERR_UNSUPPORTED",
        `layer "${layer.name}" has the activation ${show(name)}, which ONNX lacks`,
      );
  }
}
