// Networks of ours as source: one small ES module without dependencies, with the weights inside, that gives the bits of
// `predict` in any engine, and its types. Nothing of it is evaluated here.
import { PropagoError } from "../ground/errors.ts";
import { type ExportedLayer, exported } from "./exported.ts";
import { activationExpression, functionsFor } from "./standalone-math.ts";

export interface SourceOptions {
  /** Applied to the inputs, in float64: (x − mean) / deviation. */
  inputScaling?: { mean: readonly number[]; deviation: readonly number[] };
  /** Undone at the outputs, which are float64 then: y · deviation + mean. */
  outputScaling?: { mean: readonly number[]; deviation: readonly number[] };
  /** Names of the classes: adds `labels` and `classify`. */
  labels?: readonly (string | number)[];
}

export interface Source {
  /** An ES module: `predict`, `inputs`, `outputs`, and with labels `classify` and `labels`. */
  code: string;
  /** Its TypeScript declarations. */
  types: string;
}

/** The module of what `Network.toJSON` gives; its `predict` gives the bits of `network.predict`, in the same precision. */
export function writeSource(network: unknown, options: SourceOptions = {}): Source {
  const { description, layers } = exported(network);
  const { inputs, outputs, dtype, inputScale } = description;
  const { inputScaling, outputScaling, labels } = options;
  checkScaling(inputScaling, inputs, "inputScaling");
  checkScaling(outputScaling, outputs, "outputScaling");
  const classes = outputs === 1 ? 2 : outputs;
  if (labels !== undefined && labels.length !== classes) {
    throw new PropagoError("ERR_SHAPE", `there are ${labels.length} labels, the outputs tell ${classes} classes apart`);
  }
  const numbers: number[] = [];
  const steps = layers.flatMap((layer) => step(layer, numbers));
  const used = new Set(layers.map(({ layer }) => layer.activation.name));
  const array = dtype === "float64" ? "Float64Array" : "Float32Array";
  const parts = [
    `// A neural network, written by propago: ${inputs} inputs, ${outputs} output${outputs === 1 ? "" : "s"}. It needs nothing else.`,
    `export const inputs = ${inputs};\nexport const outputs = ${outputs};`,
    `const f = ${dtype === "float64" ? "(x) => x" : "Math.fround"};`,
    `const weights = read("${base64(numbers, dtype === "float64")}");`,
    `function read(text) {\n  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));\n  return new ${array}(bytes.buffer);\n}`,
    ROWS.replace("NUMBER", scaledInput(inputScaling, inputScale)).replaceAll("ARRAY", array),
    functionsFor(used, dtype),
    ...helpers(layers, array),
    predictText(steps, outputScaling),
    labels === undefined ? "" : classifyText(labels, outputs),
  ];
  return { code: `${parts.filter((part) => part !== "").join("\n\n")}\n`, types: typesOf(array, options) };
}

function checkScaling(scaling: SourceOptions["inputScaling"], columns: number, what: string): void {
  for (const values of scaling === undefined ? [] : [scaling.mean, scaling.deviation]) {
    if (values.length === columns && values.every(Number.isFinite)) continue;
    throw new PropagoError("ERR_SHAPE", `${what} needs ${columns} finite numbers each, got ${values.length}`);
  }
}

/** The bytes of the numbers, low byte first, as text. */
function base64(numbers: readonly number[], isDouble: boolean): string {
  const values = isDouble ? Float64Array.from(numbers) : Float32Array.from(numbers);
  const bytes = new Uint8Array(values.buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x6000) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + 0x6000)));
  }
  return text;
}

function scaledInput(scaling: SourceOptions["inputScaling"], inputScale: number): string {
  const centred =
    scaling === undefined
      ? "value"
      : `(value - ${JSON.stringify(scaling.mean)}[i % inputs]) / ${JSON.stringify(scaling.deviation)}[i % inputs]`;
  return inputScale === 1 ? `f(${centred})` : `f(f(${centred}) * f(${inputScale}))`;
}

const ROWS = `/** The rows of x as numbers of the network's precision. */
function rowsOf(x) {
  const values = Array.isArray(x) && Array.isArray(x[0]) ? x.flat() : x;
  if (values.length % inputs !== 0) throw new RangeError(\`x has \${values.length} values, expected \${inputs} a row\`);
  const X = new ARRAY(values.length);
  for (let i = 0; i < X.length; i++) {
    const value = Number(values[i]);
    X[i] = NUMBER;
    if (!Number.isFinite(X[i])) throw new RangeError(\`x[\${i}] is \${values[i]}, expected a finite number\`);
  }
  return X;
}`;

/** The lines that take X through one layer; its arrays are added to `numbers`. */
function step({ layer, type, weights, bias, mean, variance }: ExportedLayer, numbers: number[]): string[] {
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
function helpers(layers: readonly ExportedLayer[], array: string): string[] {
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

function predictText(steps: readonly string[], scaling: SourceOptions["outputScaling"]): string {
  const end =
    scaling === undefined
      ? "return X;"
      : `const mean = ${JSON.stringify(scaling.mean)};
  const deviation = ${JSON.stringify(scaling.deviation)};
  return Float64Array.from(X, (y, i) => y * deviation[i % outputs] + mean[i % outputs]);`;
  return `/** Outputs of rows of inputs, one row after the other. */
export function predict(x) {
  let X = rowsOf(x);
${steps.map((line) => `  ${line}`).join("\n")}
  ${end}
}`;
}

function classifyText(labels: readonly (string | number)[], outputs: number): string {
  const pick =
    outputs === 1
      ? "const best = y[r] > 0.5 ? 1 : 0;"
      : `let best = 0;
    for (let k = 1; k < outputs; k++) if (y[r * outputs + k] > y[r * outputs + best]) best = k;`;
  // A module may stand within a page, where "</script>" would end it.
  const texts = JSON.stringify(labels).replaceAll("</", "<\\/");
  return `export const labels = ${texts};

/** The label of each row. */
export function classify(x) {
  const y = predict(x);
  const answers = [];
  for (let r = 0; r < y.length / outputs; r++) {
    ${pick}
    answers.push(labels[best]);
  }
  return answers;
}`;
}

function typesOf(array: string, { outputScaling, labels }: SourceOptions): string {
  const label = labels?.some((name) => typeof name === "string") ? "string" : "number";
  const kind = labels?.every((name) => typeof name === typeof labels[0]) === false ? "string | number" : label;
  return `/** How many values a row of inputs has, and a row of outputs. */
export declare const inputs: number;
export declare const outputs: number;
/** Outputs of rows of inputs, one row after the other; RangeError where x is no rows of finite numbers. */
export declare function predict(x: ArrayLike<number> | readonly (readonly number[])[]): ${outputScaling ? "Float64Array" : array};
${
  labels === undefined
    ? ""
    : `export declare const labels: readonly (${kind})[];
/** The label of each row. */
export declare function classify(x: ArrayLike<number> | readonly (readonly number[])[]): (${kind})[];
`
}`;
}
