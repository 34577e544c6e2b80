// Writes docs/reference.md: every name that options know, with what belongs to it, from the tables that the library
// itself reads. A name without its sentence here is a type error. `npm run docs` writes, test/reference-page.test.ts compares.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { ACTIVATIONS } from "../src/tables/activations.ts";
import { type OptionRow, type OptionTable, rangeText } from "../src/ground/options.ts";
import { INITIALIZERS } from "../src/tables/whole.ts";
import { LOSSES } from "../src/tables/losses.ts";
import { COMMON } from "../src/tables/optimizers.ts";
import { SCHEDULES } from "../src/tables/whole.ts";
import { LAYERS, METRICS, OPTIMIZERS } from "../src/tables/whole.ts";
import { root } from "./root.ts";
import type { Layer } from "../src/description/helpers.ts";

type Sentences<T> = Readonly<Record<keyof T, string>>;

const layers: Readonly<Record<Layer["type"], string>> = {
  dense: "Fully connected: f(x W + b), W (inputs, units).",
  activation: "An activation as a layer of its own: f(x).",
  dropout: "Sets a part of the values to 0 while training, divides the others by 1 − rate.",
  alphaDropout: "Dropout behind selu, which keeps mean 0 and variance 1.",
  gaussianNoise: "Adds normal numbers while training.",
  batchNorm: "Brings each unit to mean 0 and variance 1 over the batch.",
  layerNorm: "Brings each row to mean 0 and variance 1.",
};

const activations: Sentences<typeof ACTIVATIONS> = {
  linear: "z.",
  sigmoid: "1 / (1 + e^−z).",
  tanh: "The hyperbolic tangent of z.",
  relu: "z above 0, else 0.",
  leakyRelu: "z above 0, else slope · z.",
  elu: "z above 0, else alpha · (e^z − 1).",
  selu: "The scaled elu that keeps mean 0 and variance 1 with lecun weights.",
  celu: "z above 0, else alpha · (e^(z / alpha) − 1).",
  gelu: "z Φ(z), with the exact normal distribution.",
  geluTanh: "gelu by its approximation with tanh.",
  silu: "z · sigmoid(z), also known as swish.",
  mish: "z · tanh(softplus(z)).",
  softplus: "ln(1 + e^z).",
  logSigmoid: "−ln(1 + e^−z), the logarithm of sigmoid.",
  softsign: "z / (1 + |z|).",
  hardSigmoid: "relu6(z + 3) / 6, of slope 1/6.",
  hardTanh: "z kept within −1 and 1.",
  hardSwish: "z · hardSigmoid(z).",
  relu6: "z kept within 0 and 6.",
  gaussian: "e^(−z²).",
  sine: "sin z.",
  softmax: "e^z over the sum of e^z of all units: probabilities.",
  logSoftmax: "The logarithm of softmax.",
};

const losses: Sentences<typeof LOSSES> = {
  squaredError: "½ Σ (a − y)² over the outputs.",
  meanSquaredError: "The mean of (a − y)².",
  meanAbsoluteError: "The mean of |a − y|.",
  huber: "Half the square of a − y up to delta, from there on linear.",
  logCosh: "The mean of ln cosh(a − y).",
  quantile: "q · (y − a) where a is below y, else (1 − q) · (a − y).",
  hinge: "max(0, 1 − y a), for targets −1 and 1.",
  squaredHinge: "The square of hinge.",
  poisson: "a − y ln a, for counts; behind outputs that are never below 0, as softplus.",
  meanAbsolutePercentageError: "100 · |a − y| / |y|.",
  meanSquaredLogarithmicError: "The square of ln(1 + a) − ln(1 + y).",
  binaryCrossEntropy: "−y ln a − (1 − y) ln(1 − a), the mean over the outputs; behind sigmoid.",
  sigmoidCrossEntropy: "The same, summed over the outputs.",
  categoricalCrossEntropy: "−Σ y ln a, for classes that exclude each other; behind softmax or logSoftmax.",
  klDivergence: "Σ y ln(y / a); behind softmax or logSoftmax, or outputs that are never below 0.",
  cosineSimilarity: "Minus the cosine between a and y.",
};

const optimizers: Sentences<typeof OPTIMIZERS> = {
  sgd: "Gradient descent, with momentum (Polyak's or Nesterov's) where asked for.",
  adagrad: "A rate for each weight that shrinks with its squared gradients (Duchi 2011).",
  rmsprop: "Gradients over their recent size (Hinton 2012).",
  adadelta: "As rmsprop, in units of recent updates (Zeiler 2012).",
  adam: "Moving averages of gradients and their squares, corrected at the start (Kingma and Ba 2015).",
  adamw: "adam with a `weightDecay` of its own, decoupled (Loshchilov and Hutter 2019).",
  adamax: "adam with the largest gradient in place of the squares.",
  nadam: "adam with Nesterov's momentum (Dozat 2016), as in PyTorch 2.",
  radam: "adam that waits until its variance is known (Liu 2020).",
  lion: "The sign of an average of gradients (Chen 2023).",
  rprop: "Step sizes that follow the signs of full-batch gradients (Riedmiller 1993).",
  quickprop: "Parabolas through full-batch slopes (Fahlman 1988).",
  adasecant: "Rates from secants of the gradient (Gulcehre 2017).",
  vsgd: "A rate for each weight from gradients, curvatures and their variances: nothing to tune (Schaul 2013).",
  conjugateGradient: "Searches lines in Polak and Ribière's directions, as fmincg does; all rows at once.",
  scaledConjugateGradient:
    "Conjugate directions with measured curvature, no line search (Møller 1993); all rows at once.",
  lbfgs: "Quasi-Newton steps from the last changes of the gradient (Nocedal 1980); all rows at once.",
  levenbergMarquardt: "Least squares by damped Gauss-Newton steps (Marquardt 1963); all rows at once, few weights.",
};

const schedules: Sentences<typeof SCHEDULES> = {
  constant: "The same rate, after a warm-up where asked for.",
  step: "Times `factor` after every so many steps.",
  exponential: "Times `factor` at each step.",
  inverseTime: "rate / (1 + decay · t).",
  polynomial: "From the rate to `min`, within so many steps, along a power of what is left; it stays there.",
  cosine: "From the rate to `min`, within so many steps, along half a cosine; it stays there.",
  cosineRestarts: "cosine again and again, each cycle `factor` times as long.",
  linearWarmup: "From `start` times the rate evenly up to it.",
  oneCycle: "Up to the rate and far below again.",
  piecewise: "`rates[k]` from step `boundaries[k − 1]` on.",
  reduceOnPlateau: "Times `factor` after `patience` epochs in which `monitor` did not improve.",
};

const initializers: Sentences<typeof INITIALIZERS> = {
  glorotUniform: "Variance 2 / (inputs + units), uniform.",
  glorotNormal: "The same, normal.",
  heUniform: "Variance 2 / inputs, uniform.",
  heNormal: "The same, normal.",
  lecunUniform: "Variance 1 / inputs, uniform.",
  lecunNormal: "The same, normal.",
  varianceScaling: "Variance scale / fan, as Keras has it.",
  pytorch: "Uniform in ±1 / √inputs, biases too, as PyTorch's Linear.",
  nguyenWidrow:
    "Directions at random of norm 0.7 units^(1 / inputs), and biases within it: for tanh and inputs in −1..1.",
  orthogonal: "Rows or columns at right angles, of norm `gain`.",
  lsuv: "orthogonal, then scaled until weighted inputs have variance 1 on the data of the first fit.",
  uniform: "Uniform in [low, high).",
  normal: "Normal.",
  truncatedNormal: "Normal, drawn again beyond two deviations.",
  zeros: "0.",
  ones: "1.",
  constant: "The same everywhere.",
};

const metrics: Sentences<typeof METRICS> = {
  accuracy: "The share of rows whose class is right; of several sigmoid outputs, of rows where all are.",
  r2: "1 − squared errors / squared distances from the mean.",
  rootMeanSquaredError: "The root of the mean squared error.",
  binaryAccuracy: "The share of outputs, of all rows, that are on their target's side.",
  meanAbsoluteError: "The mean of |a − y|.",
  logLoss: "−ln of what was given to the right class, on average.",
  topK: "The share of rows whose class is among the k largest outputs; of equal ones, those that come first count as larger.",
  precision: "The share of those said to be of a class that are.",
  recall: "The share of those of a class that are said to be.",
  f1: "The harmonic mean of precision and recall.",
  confusionMatrix: "Counts by true class (rows) and predicted class (columns).",
  rocAuc: "The chance that a row of a class gets a higher output than one of no such class.",
};

const common: Sentences<typeof COMMON> = {
  weightDecay:
    "p ← (1 − rate · weightDecay) p before each update: decoupled, as AdamW has it, for every optimizer. PyTorch adds weightDecay · p to the gradient in all others; `l2` does that here, for weights.",
  clipNorm: "The largest norm of all gradients together.",
  clipValue: "The largest size of a gradient; comes before clipNorm.",
  accumulate: "Batches an update.",
  averaging:
    "The decay c of a moving average a ← c a + (1 − c) w of the weights, or `{ decay, start }`: until update `start` it is a copy, by default until the first; from `start: 0` it begins with the first weights. It takes in weights that maxNorm has shortened.",
  flavor: "Whose formulas and defaults, where PyTorch and Keras disagree.",
};

/** What an option may be; one that is read by a function of its own says so when it refuses. */
function values(row: OptionRow): string {
  if (row.kind === "flag") return "true or false";
  if (row.kind === "number") return rangeText(row);
  try {
    row.read("?", "");
    return "a text";
  } catch (error) {
    const [, known] = /(?:known|available): (.*)/.exec((error as Error).message) ?? [];
    const [, must] = /must be (.*?), got/.exec((error as Error).message) ?? [];
    return known ?? must ?? "see the types";
  }
}

function fallback(row: OptionRow): string {
  const { default: value } = row;
  if (value === undefined) return "none by default";
  if (typeof value !== "number") return `default ${JSON.stringify(value)}`;
  if (Number.isNaN(value)) return "required";
  // A default that may not be given stands for none.
  if (row.kind === "number" && row.above !== undefined && value <= row.above) return "none by default";
  return `default ${Number(value.toPrecision(4))}`;
}

function options(table: OptionTable | undefined): string {
  return Object.entries(table ?? {})
    .map(([key, row]) => `\`${key}\`: ${values(row)}; ${fallback(row)}`)
    .join("<br>");
}

function section(
  title: string,
  intro: string,
  table: Readonly<Record<string, object>>,
  says: Readonly<Record<string, string>>,
): string {
  const rows = Object.entries(table).map(([name, row]) => {
    const { options: own, keras = {} } = row as { options?: OptionTable; keras?: Readonly<Record<string, unknown>> };
    const others = Object.entries(keras).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
    const flavor = others.length > 0 ? `<br>in Keras's flavor: ${others.join(", ")}` : "";
    const cells = [`\`${name}\``, says[name], options(own) + flavor];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return [`## ${title}`, intro, ["| name | what it is | options |", "| --- | --- | --- |", ...rows].join("\n")].join(
    "\n\n",
  );
}

/** The page as text. */
export function page(): Promise<string> {
  const named = (rows: Readonly<Record<string, string>>): Record<string, object> =>
    Object.fromEntries(Object.keys(rows).map((name) => [name, {}]));
  const parts = [
    "# Reference\n\n<!-- Written by npm run docs from the library's own tables. -->",
    'Names stand alone, as `"relu"`, or with options, as `{ name: "leakyRelu", slope: 0.1 }`. How a network, `fit` and the rest are used is said where an editor shows it, beside the types.',
    section("Layers", "By helpers of the same names, or as `{ type, … }`.", { ...named(layers), ...LAYERS }, layers),
    section("Activations", "z: a unit's weighted input.", ACTIVATIONS, activations),
    section(
      "Losses",
      "a: outputs, y: targets; where nothing else is said, the mean over outputs. Reported as the mean over samples.",
      LOSSES,
      losses,
    ),
    section(
      "Optimizers",
      "Formulas and defaults are PyTorch's, but for `weightDecay`. Beside its own options each takes those of the table that follows; those with a `tolerance` take only their own (see optimizers.md).",
      OPTIMIZERS,
      optimizers,
    ),
    [
      "| option of any optimizer | what it is |",
      "| --- | --- |",
      ...Object.entries(COMMON).map(
        ([key, row]) => `| ${options({ [key]: row })} | ${common[key as keyof typeof COMMON]} |`,
      ),
    ].join("\n"),
    section(
      "Schedules",
      "As an optimizer's `learningRate`. `rate` is what the formula starts from; the rate rises over `warmup` steps before it. t: the step. A step is an update of the weights: an epoch has as many as batches, so that 30 epochs over 1,000 rows in batches of 32 are 960 steps.",
      SCHEDULES,
      schedules,
    ),
    section("Initialisers", "As a layer's `init` and `biasInit`.", INITIALIZERS, initializers),
    section("Metrics", "Of `fit` and `evaluate`.", METRICS, metrics),
  ];
  return format(parts.join("\n\n"), { parser: "markdown", printWidth: 120, proseWrap: "always" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(`${root}/docs/reference.md`, await page());
