// The layers and activations of a network as operators of ONNX. Layers that only training knows are left out; what a newer
// opset has as one operator is written with those that 17 has.
import { PropagoError, show } from "../ground/errors.ts";
import type { ExportedLayer, ExportedNetwork } from "./exported.ts";
import type { Attribute, Graph } from "./onnx-graph.ts";

/** Adds a network to a graph, and gives the name of its outputs (rows, outputs) in float32. */
export function writeNetwork(graph: Graph, network: ExportedNetwork, input: string, prefix: string): string {
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
