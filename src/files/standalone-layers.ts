// The layers of a network as text for standalone modules: the functions that they call, and a line for each layer.
import type { ExportedLayer, ExportedNetwork } from "./exported.ts";
import { activationExpression } from "./standalone-math.ts";

/** The lines that take X through one layer; its arrays are added to `numbers`. */
export function step({ layer, type, weights, bias, mean, variance }: ExportedLayer, numbers: number[]): string[] {
  const place = (values: Float64Array | undefined) => {
    if (values === undefined) return "undefined";
    const begin = numbers.length;
    for (const value of values) numbers.push(value);
    return `weights.subarray(${begin}, ${numbers.length})`;
  };
  const { inputs, units, parameter, activation } = layer;
  const lines: string[] = [];
  if (type === "dense") lines.push(`X = dense(X, ${inputs}, ${units}, ${place(weights)}, ${place(bias)});`);
  if (type === "batchNorm") {
    const statistics = `${place(mean)}, ${place(variance)}`;
    lines.push(`batchNorm(X, ${units}, ${parameter}, ${place(weights)}, ${place(bias)}, ${statistics});`);
  }
  if (type === "layerNorm") lines.push(`layerNorm(X, ${units}, ${parameter}, ${place(weights)}, ${place(bias)});`);
  if (activation.name === "softmax" || activation.name === "logSoftmax") lines.push(`${activation.name}(X, ${units});`);
  const expression = activationExpression(activation.name);
  if (expression !== undefined) {
    const p = /\bp\b/.test(expression) ? `const p = f(${activation.parameter}); ` : "";
    lines.push(`for (let i = 0; i < X.length; i++) { ${p}const z = X[i]; X[i] = ${expression}; }`);
  }
  return lines;
}

/** The functions of layers that the module calls. */
export function helpers(networks: readonly ExportedNetwork[], array: string): string[] {
  const layers = networks.flatMap((network) => network.layers);
  const has = (type: string) => layers.some((entry) => entry.type === type);
  const takes = (name: string) => layers.some(({ layer }) => layer.activation.name === name);
  const parts: string[] = [];
  if (has("dense")) parts.push(DENSE.replaceAll("ARRAY", array));
  if (has("batchNorm")) parts.push(BATCH_NORM);
  const lanes = array === "Float64Array" ? 2 : 4;
  if (has("layerNorm") || takes("softmax") || takes("logSoftmax")) parts.push(laneSum(lanes));
  if (has("layerNorm")) parts.push(LAYER_NORM);
  if (takes("softmax")) parts.push(softmax(false));
  if (takes("logSoftmax")) parts.push(softmax(true));
  return parts;
}

const DENSE = `/** X W + b, each sum from the bias on in the order of the inputs. */
function dense(X, inputs, units, W, b) {
  const rows = X.length / inputs;
  const Y = new ARRAY(rows * units);
  for (let r = 0; r < rows; r++) {
    if (b) Y.set(b, r * units);
    for (let k = 0, w = 0; k < inputs; k++) {
      const x = X[r * inputs + k];
      for (let y = r * units; y < (r + 1) * units; y++, w++) Y[y] = f(Y[y] + f(x * W[w]));
    }
  }
  return Y;
}`;

const BATCH_NORM = `function batchNorm(X, units, epsilon, gamma, beta, mean, variance) {
  for (let i = 0; i < X.length; i++) {
    const j = i % units;
    const reciprocal = f(1 / f(Math.sqrt(f(variance[j] + f(epsilon)))));
    X[i] = f(f(gamma[j] * f(f(X[i] - mean[j]) * reciprocal)) + (beta ? beta[j] : 0));
  }
}`;

/** Sums of a row as the core's lanes add them: several at a time, then pairwise. */
function laneSum(lanes: number): string {
  const pairs = lanes === 4 ? "f(f(t[0] + t[2]) + f(t[1] + t[3]))" : "t[0] + t[1]";
  return `/** Σ value(i) for i from begin to end, in ${lanes} sums side by side, which are then added in pairs. */
function laneSum(begin, end, value) {
  const t = [${Array(lanes).fill(0).join(", ")}];
  for (let i = begin; i < end; i++) t[(i - begin) % ${lanes}] = f(t[(i - begin) % ${lanes}] + value(i));
  return ${pairs};
}`;
}

const LAYER_NORM = `function layerNorm(X, units, epsilon, gamma, beta) {
  for (let begin = 0; begin < X.length; begin += units) {
    const end = begin + units;
    const mean = f(laneSum(begin, end, (i) => X[i]) / units);
    const variance = f(laneSum(begin, end, (i) => f(f(X[i] - mean) * f(X[i] - mean))) / units);
    const reciprocal = f(1 / Math.sqrt(variance + epsilon));
    for (let i = begin; i < end; i++) {
      const j = i - begin;
      X[i] = f(f(gamma[j] * f(f(X[i] - mean) * reciprocal)) + (beta ? beta[j] : 0));
    }
  }
}`;

function softmax(isLogarithm: boolean): string {
  const inner = isLogarithm
    ? `    let tops = -1;
    for (let i = begin; i < end; i++) {
      X[i] = f(X[i] - top);
      if (X[i] === 0) tops++;
    }
    const sum = log1p(f(laneSum(begin, end, (i) => (X[i] === 0 ? 0 : exp(X[i]))) + tops));
    for (let i = begin; i < end; i++) X[i] = f(X[i] - sum);`
    : `    for (let i = begin; i < end; i++) X[i] = exp(f(X[i] - top));
    const sum = laneSum(begin, end, (i) => X[i]);
    for (let i = begin; i < end; i++) X[i] = f(X[i] / sum);`;
  return `function ${isLogarithm ? "logSoftmax" : "softmax"}(X, units) {
  for (let begin = 0; begin < X.length; begin += units) {
    const end = begin + units;
    let top = -Infinity;
    for (let i = begin; i < end; i++) top = Math.max(top, X[i]);
${inner}
  }
}`;
}
