// Models of ours as source: one small ES module without dependencies, with the weights inside, that gives the bits of
// `predict` in any engine, and its types. Nothing of it is evaluated here.
import type { DType } from "../ground/arrays.ts";
import { PropagoError } from "../ground/errors.ts";
import type { ExportedMember, ExportedModel, ExportedTarget } from "./exported.ts";
import { columnsText, literal, rowType } from "./standalone-columns.ts";
import { helpers, step } from "./standalone-layers.ts";
import { functionsFor } from "./standalone-math.ts";

export interface Source {
  /** An ES module: `predict`, and what `writeSource` says. */
  code: string;
  /** Its TypeScript declarations. */
  types: string;
  /** What a user of the module has to know; one sentence each. */
  notes: string[];
}

/** What the texts of a module share. */
interface Writing {
  model: ExportedModel;
  dtype: DType;
  array: "Float32Array" | "Float64Array";
}

/**
 * The module of a model. Of a network: `predict` gives its outputs, `inputs` and `outputs` say how many there are, and with
 * labels `classify` names classes. Of a classifier: `predict` gives labels, `predictProbabilities` probabilities, `labels`
 * the classes. Of a regressor: `predict` gives numbers. Of a table: the same for rows as objects by column names; with several
 * targets each row's answers are an object by target.
 */
export function writeSource(model: ExportedModel): Source {
  const members = model.targets.flatMap((target) => target.members);
  const { dtype } = members[0].network.description;
  if (members.some(({ network }) => network.description.dtype !== dtype)) {
    throw new PropagoError("ERR_UNSUPPORTED", "its networks are of different precision, which no module has");
  }
  const writing: Writing = { model, dtype, array: dtype === "float64" ? "Float64Array" : "Float32Array" };
  const isPlain = model.targets[0].kind === "outputs";
  const [body, notes] = isPlain ? [networkText(writing), []] : estimatorText(writing);
  return { code: `${body.filter((part) => part !== "").join("\n\n")}\n`, types: typesOf(writing), notes };
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

/** What every module begins with, the weights and layers included; `networks` is a list of functions of rows. */
function commonText({ model, dtype, array }: Writing): string[] {
  const networks = model.targets.flatMap(({ members }) => members.map(({ network }) => network));
  const numbers: number[] = [];
  const functions = networks.map(({ description: { inputScale }, layers }) => {
    const scaling = inputScale === 1 ? [] : [`for (let i = 0; i < X.length; i++) X[i] = f(X[i] * f(${inputScale}));`];
    const lines = [...scaling, ...layers.flatMap((layer) => step(layer, numbers))];
    return `  (X) => {\n${lines.map((line) => `    ${line}\n`).join("")}    return X;\n  },`;
  });
  const used = new Set(networks.flatMap(({ layers }) => layers.map(({ layer }) => layer.activation.name)));
  return [
    `const f = ${dtype === "float64" ? "(x) => x" : "Math.fround"};`,
    `function read(text) {\n  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));\n  return new ${array}(bytes.buffer);\n}`,
    `const weights = read("${base64(numbers, dtype === "float64")}");`,
    functionsFor(used, dtype),
    ...helpers(networks, array),
    `/** Each takes rows of inputs through a network; it may change them. */\nconst networks = [\n${functions.join("\n")}\n];`,
  ];
}

/** Rows of numbers, checked, as an array of one kind. */
function rowsText(array: string): string {
  return `/** The rows of x, one after the other. */
function rowsOf(x) {
  const values = Array.isArray(x) && typeof x[0] === "object" ? x.flatMap((row) => [...row]) : x;
  if (values.length % inputs !== 0) throw new RangeError(\`x has \${values.length} values, expected \${inputs} a row\`);
  const X = new ${array}(values.length);
  for (let i = 0; i < X.length; i++) {
    X[i] = Number(values[i]);
    if (!Number.isFinite(X[i])) throw new RangeError(\`x[\${i}] is \${values[i]}, expected a finite number\`);
  }
  return X;
}`;
}

function networkText(writing: Writing): string[] {
  const { model, array } = writing;
  const [{ outputs, labels }] = model.targets;
  return [
    `// A neural network, written by propago: ${model.inputs} inputs, ${outputs} output${outputs === 1 ? "" : "s"}. It needs nothing else.`,
    `export const inputs = ${model.inputs};\nexport const outputs = ${outputs};`,
    ...commonText(writing),
    rowsText(array),
    "/** Outputs of rows of inputs, one row after the other. */\nexport function predict(x) {\n  return networks[0](rowsOf(x));\n}",
    labels === undefined ? "" : classifyText(model.targets[0]),
  ];
}

function classifyText({ labels, outputs }: ExportedTarget): string {
  const pick =
    outputs === 1
      ? "const best = y[r] > 0.5 ? 1 : 0;"
      : `let best = 0;
    for (let k = 1; k < outputs; k++) if (y[r * outputs + k] > y[r * outputs + best]) best = k;`;
  return `export const labels = ${literal(labels)};

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

/** What stands beside a network: how rows become its inputs, its share, and how its outputs become answers. */
function memberOf({ weight, features, targets }: ExportedMember): object {
  return { weight, ...features, targets };
}

function estimatorText(writing: Writing): [string[], string[]] {
  const { model, array } = writing;
  const { targets, columns } = model;
  const table = columns === undefined ? undefined : columnsText(model);
  let next = 0;
  const lists = targets.map(({ members, outputs, labels, threshold, name }) => {
    const own = members.map((member) => ({ network: next++, ...memberOf(member) }));
    return { name, outputs, labels, threshold, members: own };
  });
  const hasTargets = targets.some(({ kind }) => kind === "numbers");
  const parts = [
    "// A model written by propago: networks with what comes before and behind them. It needs nothing else.",
    `export const inputs = ${model.inputs};`,
    ...commonText(writing),
    `/** What is predicted, by which networks, from what. */\nconst targets = ${literal(lists)};`,
    ...(table === undefined ? [rowsText("Float64Array")] : [table.text]),
    FEATURES.replace("ARRAY", array),
    hasTargets ? DECODE : "",
    answersText(hasTargets),
    ...interfaceText(model),
  ];
  return [parts, table?.notes ?? []];
}

const FEATURES = `/** The inputs that a network gets of rows. */
function featuresOf(X, columns, { mean, scale, soft, kept, curves }) {
  const rows = X.length / columns;
  const out = new ARRAY(rows * (kept.length + curves.length));
  let at = 0;
  for (let row = 0; row < X.length; row += columns) {
    for (const column of kept) {
      const z = Math.max(-1e6, Math.min(1e6, (X[row + column] - mean[column]) / scale[column]));
      out[at++] = soft ? z / Math.sqrt(1 + (z * z) / 9) : z;
    }
    for (const { column, from, to } of curves) {
      const x = X[row + column];
      let i = 0;
      while (i < from.length && from[i] < x) i++;
      if (i === 0) out[at++] = to[0];
      else if (i === from.length) out[at++] = to[i - 1];
      else out[at++] = to[i - 1] + ((to[i] - to[i - 1]) * (x - from[i - 1])) / (from[i] - from[i - 1]);
    }
  }
  return out;
}`;

const DECODE = `/** x to a whole power n >= 0. */
function raised(x, n) {
  let result = 1;
  for (; n > 0; n = Math.floor(n / 2), x *= x) if (n % 2 === 1) result *= x;
  return result;
}

const power2 = (n) => (n < 0 ? 1 / raised(2, -n) : raised(2, n));

/** e to the power x in float64. */
function exponential(x) {
  if (!(x > -746)) return x !== x ? x : 0;
  if (x > 710) return Infinity;
  const halvings = Math.round(x / Math.LN2);
  const rest = x - halvings * 0.6931471803691238 - halvings * 1.9082149292705877e-10;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 16; k++) sum += term *= rest / k;
  const half = Math.trunc(halvings / 2);
  return sum * power2(half) * power2(halvings - half);
}

/** A network's outputs as numbers in the targets' own units. */
function decode(outputs, { mean, scale, log }) {
  const values = Float64Array.from(outputs);
  for (let i = 0; i < values.length; i++) values[i] = values[i] * scale[i % mean.length] + mean[i % mean.length];
  return log === undefined ? values : values.map((value) => exponential(value) - log);
}`;

function answersText(hasTargets: boolean): string {
  const decoded = hasTargets ? "member.targets ? decode(own, member.targets) : own" : "own";
  return `/** The mean of the networks' answers: probabilities, or numbers. */
function answersOf(X, { members }) {
  let sum;
  for (const member of members) {
    const own = networks[member.network](featuresOf(X, inputs, member));
    const answers = ${decoded};
    if (members.length === 1) return answers;
    sum ??= new Float64Array(answers.length);
    for (let i = 0; i < answers.length; i++) sum[i] += member.weight * answers[i];
  }
  return sum;
}`;
}

const PROBABILITIES = `/** The probability of each class, row by row. */
function probabilitiesOf(X, target) {
  const own = answersOf(X, target);
  if (target.labels.length !== 2) return own;
  const both = new own.constructor(own.length * 2);
  for (let row = 0; row < own.length; row++) {
    both[2 * row] = 1 - own[row];
    both[2 * row + 1] = own[row];
  }
  return both;
}

/** The label of each row. */
function labelsOf(X, target) {
  const { labels, threshold } = target;
  const y = probabilitiesOf(X, target);
  const count = labels.length;
  return Array.from({ length: y.length / count }, (_, row) => {
    let best = 0;
    if (count === 2) best = y[2 * row + 1] > threshold ? 1 : 0;
    else for (let k = 1; k < count; k++) if (y[row * count + k] > y[row * count + best]) best = k;
    return labels[best];
  });
}`;

/** The functions that a module exports. */
function interfaceText({ targets }: ExportedModel): string[] {
  const isClasses = targets[0].kind === "classes";
  const parts = isClasses ? [PROBABILITIES] : [];
  const answer = isClasses ? "labelsOf" : "answersOf";
  if (targets.length === 1) {
    parts.push(
      `/** What is predicted for each row. */\nexport function predict(x) {\n  return ${answer}(rowsOf(x), targets[0]);\n}`,
    );
    if (!isClasses) return parts;
    parts.push("/** The classes, in the order of their probabilities. */\nexport const labels = targets[0].labels;");
    parts.push("/** The probability of each class, row by row. */\nexport function predictProbabilities(x) {\n  return probabilitiesOf(rowsOf(x), targets[0]);\n}"); // prettier-ignore
    return parts;
  }
  const each = (name: string, work: string, what: string) =>
    `/** ${what}, by target. */\nexport function ${name}(x) {\n  const X = rowsOf(x);\n  return Object.fromEntries(targets.map((target) => [target.name, ${work}(X, target)]));\n}`;
  parts.push(each("predict", answer, "What is predicted for each row"));
  if (isClasses) {
    parts.push(each("predictProbabilities", "probabilitiesOf", "The probability of each class, row by row"));
    parts.push("/** The classes of each target. */\nexport const labels = Object.fromEntries(targets.map(({ name, labels }) => [name, labels]));"); // prettier-ignore
  }
  return parts;
}

function typesOf({ model, array }: Writing): string {
  const { targets, columns } = model;
  const rows = columns === undefined ? "ArrayLike<number> | readonly ArrayLike<number>[]" : "readonly Row[]";
  const lines = columns === undefined ? [] : [rowType(columns)];
  lines.push("/** How many numbers a row becomes. */", "export declare const inputs: number;");
  const [{ kind, labels, members }] = targets;
  const floats = members.length === 1 && kind !== "numbers" ? array : "Float64Array";
  const perTarget = (type: (target: ExportedTarget) => string) =>
    targets.length === 1
      ? type(targets[0])
      : `{ ${targets.map((target) => `${JSON.stringify(target.name)}: ${type(target)}`).join("; ")} }`;
  const labelType = ({ labels: own = [] }: ExportedTarget) =>
    [...new Set(own.map((label) => typeof label))].join(" | ");
  if (kind === "outputs") {
    lines.push("/** How many numbers an output row has. */", "export declare const outputs: number;");
    lines.push(`/** Outputs of rows, one after the other; RangeError where x is no rows of finite numbers. */`);
    lines.push(`export declare function predict(x: ${rows}): ${array};`);
    if (labels === undefined) return `${lines.join("\n")}\n`;
    lines.push(`export declare const labels: readonly (${labelType(targets[0])})[];`);
    lines.push(
      "/** The label of each row. */",
      `export declare function classify(x: ${rows}): (${labelType(targets[0])})[];`,
    );
    return `${lines.join("\n")}\n`;
  }
  const answer = (target: ExportedTarget) => (kind === "classes" ? `(${labelType(target)})[]` : "Float64Array");
  lines.push("/** What is predicted for each row; RangeError where x is no rows that fit. */");
  lines.push(`export declare function predict(x: ${rows}): ${perTarget(answer)};`);
  if (kind === "classes") {
    lines.push("/** The classes, in the order of their probabilities. */");
    lines.push(`export declare const labels: ${perTarget((target) => `readonly (${labelType(target)})[]`)};`);
    lines.push("/** The probability of each class, row by row. */");
    lines.push(`export declare function predictProbabilities(x: ${rows}): ${perTarget(() => floats)};`);
  }
  return `${lines.join("\n")}\n`;
}
