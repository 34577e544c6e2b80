// The mathematics of the core in plain float64, one sample at a time, written to be read: the meaning of the fast
// version and the oracle of the tests. Shares no code with src/ or assembly/, only the types of descriptions.
import type { Layer } from "../src/description/helpers.ts";
import type { NetworkOptions } from "../src/description/options.ts";

export type Vector = number[];

/** a = f(z) for one layer and one sample, and the way back: ∂E/∂z from ∂E/∂a. `p` holds the parameters. */
export interface Activation {
  value(z: Vector, p: Options): Vector;
  back(z: Vector, a: Vector, dA: Vector, p: Options): Vector;
  /** Parameters and their defaults. */
  options: Options;
  /** Where the derivative jumps: central differences are meaningless there. */
  kinks: number[];
}

/** Parameters or hyperparameters by name; a switch is 0 or 1. */
type Options = Record<string, number>;

/** An activation that works on each neuron by itself: its value and its derivative at z, where a = value(z). */
function each(
  value: (z: number, p: Options) => number,
  derivative: (z: number, a: number, p: Options) => number,
  { options = {}, kinks = [] }: { options?: Options; kinks?: number[] } = {},
): Activation {
  return {
    value: (z, p) => z.map((zj) => value(zj, p)),
    back: (z, a, dA, p) => z.map((zj, j) => dA[j] * derivative(zj, a[j], p)),
    options,
    kinks,
  };
}

export const ACTIVATIONS: Record<string, Activation> = {
  linear: each(
    (z) => z,
    () => 1,
  ),
  sigmoid: each(sigmoid, (_z, a) => a * (1 - a)),
  tanh: each(Math.tanh, (_z, a) => 1 - a * a),
  relu: each(
    (z) => Math.max(z, 0),
    (z) => (z > 0 ? 1 : 0),
    { kinks: [0] },
  ),
  leakyRelu: each(
    (z, p) => (z > 0 ? z : p.slope * z),
    (z, _a, p) => (z > 0 ? 1 : p.slope),
    { options: { slope: 0.01 }, kinks: [0] },
  ),
  elu: each(
    (z, p) => (z > 0 ? z : p.alpha * Math.expm1(z)),
    (z, _a, p) => (z > 0 ? 1 : p.alpha * Math.exp(z)),
    { options: { alpha: 1 }, kinks: [0] },
  ),
  celu: each(
    (z, p) => (z > 0 ? z : p.alpha * Math.expm1(z / p.alpha)),
    (z, _a, p) => (z > 0 ? 1 : Math.exp(z / p.alpha)),
    { options: { alpha: 1 }, kinks: [0] },
  ),
  selu: each(
    (z) => SELU_SCALE * (z > 0 ? z : SELU_ALPHA * Math.expm1(z)),
    (z) => SELU_SCALE * (z > 0 ? 1 : SELU_ALPHA * Math.exp(z)),
    { kinks: [0] },
  ),
  gelu: each(
    (z) => z * normal(z),
    (z) => normal(z) + z * density(z),
  ),
  geluTanh: each(
    (z) => z * sigmoid(geluTanhArgument(z)),
    (z) => {
      const gate = sigmoid(geluTanhArgument(z));
      return gate + z * gate * (1 - gate) * Math.sqrt(8 / Math.PI) * (1 + 3 * 0.044715 * z * z);
    },
  ),
  silu: each(
    (z) => z * sigmoid(z),
    (z) => sigmoid(z) * (1 + z * (1 - sigmoid(z))),
  ),
  mish: each(
    (z) => z * Math.tanh(softplus(z)),
    (z) => Math.tanh(softplus(z)) + z * (1 - Math.tanh(softplus(z)) ** 2) * sigmoid(z),
  ),
  softplus: each(softplus, sigmoid),
  logSigmoid: each(
    (z) => -softplus(-z),
    (z) => sigmoid(-z),
  ),
  softsign: each(
    (z) => z / (1 + Math.abs(z)),
    (z) => 1 / (1 + Math.abs(z)) ** 2,
    { kinks: [0] },
  ),
  hardSigmoid: each(
    (z) => Math.min(Math.max(z + 3, 0), 6) / 6,
    (z) => (Math.abs(z) < 3 ? 1 / 6 : 0),
    { kinks: [-3, 3] },
  ),
  hardTanh: each(
    (z) => Math.min(Math.max(z, -1), 1),
    (z) => (Math.abs(z) < 1 ? 1 : 0),
    { kinks: [-1, 1] },
  ),
  hardSwish: each(
    (z) => (z * Math.min(Math.max(z + 3, 0), 6)) / 6,
    (z) => (z <= -3 ? 0 : z >= 3 ? 1 : z / 3 + 0.5),
    { kinks: [-3, 3] },
  ),
  relu6: each(
    (z) => Math.min(Math.max(z, 0), 6),
    (z) => (z > 0 && z < 6 ? 1 : 0),
    { kinks: [0, 6] },
  ),
  gaussian: each(
    (z) => Math.exp(-z * z),
    (z, a) => -2 * z * a,
  ),
  sine: each(Math.sin, Math.cos),
  // ∂a_k/∂z_j = [k = j] − e^a_j.
  logSoftmax: {
    value: (z) => z.map((zj) => zj - logSumExp(z)),
    back: (_z, a, dA) => a.map((aj, j) => dA[j] - Math.exp(aj) * sum(dA)),
    options: {},
    kinks: [],
  },
  // ∂a_k/∂z_j = a_k ([k = j] − a_j), so ∂E/∂z_j = a_j (∂E/∂a_j − Σ_k a_k ∂E/∂a_k).
  softmax: {
    value: softmax,
    back: (_z, a, dA) => a.map((aj, j) => aj * (dA[j] - dot(a, dA))),
    options: {},
    kinks: [],
  },
};

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/** λ and α of Klambauer et al. 2017: with them mean 0 and variance 1 are a fixed point of selu layers. */
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** ½ (1 + tanh u) = σ(2u) with u = √(2/π) (z + 0.044715 z³): this is 2u. */
function geluTanhArgument(z: number): number {
  return Math.sqrt(8 / Math.PI) * (z + 0.044715 * z ** 3);
}

/** The density of the normal distribution. */
function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * The normal distribution Φ(z) = ½ (1 + erf(z/√2)): near 0 by the series ½ + φ(z) Σ z^(2k+1) / (1·3·…·(2k+1)), far
 * below by Laplace's continued fraction φ(x) / (x + 1 / (x + 2 / (x + …))), above by symmetry.
 */
export function normal(z: number): number {
  if (z > 2) return 1 - normal(-z);
  if (z >= -2) {
    let term = z;
    let total = z;
    for (let k = 1; k < 60; k++) {
      term *= (z * z) / (2 * k + 1);
      total += term;
    }
    return 0.5 + density(z) * total;
  }
  let fraction = -z;
  for (let k = 500; k > 0; k--) fraction = -z + k / fraction;
  return density(z) / fraction;
}

/** The largest z is taken away first, so that nothing overflows; the quotient stays the same. */
function softmax(z: Vector): Vector {
  const largest = Math.max(...z);
  const exps = z.map((zj) => Math.exp(zj - largest));
  return exps.map((e) => e / sum(exps));
}

/** One sample's loss from the activations of the last layer, and ∂E/∂a. `p` holds the parameters. */
export interface Loss {
  value(a: Vector, y: Vector, p: Options): number;
  derivative(a: Vector, y: Vector, p: Options): Vector;
  /**
   * Behind this activation, the same loss from the weighted inputs: finite where the logarithm of an activation that
   * was rounded to 0 is not, and with the simplest of all errors, δ = a − y.
   */
  fused?: {
    activation: string;
    value(z: Vector, y: Vector, p: Options): number;
    delta(a: Vector, y: Vector, p: Options): Vector;
  };
  /** The only last activations that it fits behind; any, if absent. */
  behind?: string[];
  /** Behind logSoftmax, the same loss from logarithms. */
  ofLogarithms?: Pick<Loss, "value" | "derivative">;
  /** Parameters and their defaults. */
  options?: Options;
  /** What must not come near 0, since a derivative jumps there. */
  kinks?(a: Vector, y: Vector, p: Options): Vector;
}

/** The mean over the outputs of a loss of single numbers. */
function mean(
  value: (a: number, y: number, p: Options) => number,
  derivative: (a: number, y: number, p: Options) => number,
  { options, kinks }: { options?: Options; kinks?: (a: number, y: number, p: Options) => number } = {},
): Loss {
  return {
    value: (a, y, p) => sum(a.map((aj, j) => value(aj, y[j], p))) / a.length,
    derivative: (a, y, p) => a.map((aj, j) => derivative(aj, y[j], p) / a.length),
    ...(options ? { options } : {}),
    ...(kinks ? { kinks: (a, y, p) => a.map((aj, j) => kinks(aj, y[j], p)) } : {}),
  };
}

/** Label smoothing: a part s of each row's weight is spread over all classes. */
function smooth(y: Vector, s: number): Vector {
  return y.map((yj) => (1 - s) * yj + s / y.length);
}

/** Of an output on its own, over both its sides. */
function smoothSides(y: Vector, s: number): Vector {
  return y.map((yj) => (1 - s) * yj + s / 2);
}

/** x log x, and 0 at 0. */
function xlogx(x: number): number {
  return x === 0 ? 0 : x * Math.log(x);
}

export const LOSSES: Record<string, Loss> = {
  squaredError: {
    value: (a, y) => 0.5 * sum(a.map((aj, j) => (aj - y[j]) ** 2)),
    derivative: (a, y) => a.map((aj, j) => aj - y[j]),
  },
  meanSquaredError: mean(
    (a, y) => (a - y) ** 2,
    (a, y) => 2 * (a - y),
  ),
  meanAbsoluteError: mean(
    (a, y) => Math.abs(a - y),
    (a, y) => Math.sign(a - y),
    { kinks: (a, y) => a - y },
  ),
  huber: mean(
    (a, y, { delta }) => {
      const size = Math.abs(a - y);
      return size <= delta ? 0.5 * size * size : delta * (size - 0.5 * delta);
    },
    (a, y, { delta }) => (Math.abs(a - y) <= delta ? a - y : delta * Math.sign(a - y)),
    { options: { delta: 1 }, kinks: (a, y, { delta }) => Math.abs(a - y) - delta },
  ),
  logCosh: mean(
    // cosh e = 1 + 2 sinh²(e/2) keeps the digits near 0; far out, cosh e = e^|e| (1 + e^−2|e|) / 2 does not overflow.
    (a, y) => {
      const size = Math.abs(a - y);
      return size < 1 ? Math.log1p(2 * Math.sinh(size / 2) ** 2) : size + Math.log1p(Math.exp(-2 * size)) - Math.log(2);
    },
    (a, y) => Math.tanh(a - y),
  ),
  hinge: mean(
    (a, y) => Math.max(0, 1 - y * a),
    (a, y) => (1 - y * a > 0 ? -y : 0),
    { kinks: (a, y) => 1 - y * a },
  ),
  squaredHinge: mean(
    (a, y) => Math.max(0, 1 - y * a) ** 2,
    (a, y) => -2 * y * Math.max(0, 1 - y * a),
    { kinks: (a, y) => 1 - y * a },
  ),
  poisson: mean(
    (a, y) => a - (y === 0 ? 0 : y * Math.log(a)),
    (a, y) => 1 - (y === 0 ? 0 : y / a),
  ),
  meanAbsolutePercentageError: mean(
    (a, y) => (100 * Math.abs(a - y)) / Math.max(Math.abs(y), 1e-7),
    (a, y) => (100 * Math.sign(a - y)) / Math.max(Math.abs(y), 1e-7),
    { kinks: (a, y) => a - y },
  ),
  meanSquaredLogarithmicError: mean(
    (a, y) => (Math.log1p(Math.max(a, 1e-7)) - Math.log1p(Math.max(y, 1e-7))) ** 2,
    (a, y) => (a > 1e-7 ? (2 * (Math.log1p(a) - Math.log1p(Math.max(y, 1e-7)))) / (1 + a) : 0),
    { kinks: (a) => a - 1e-7 },
  ),
  quantile: mean(
    (a, y, { q }) => Math.max(q * (y - a), (q - 1) * (y - a)),
    (a, y, { q }) => (a < y ? -q : a > y ? 1 - q : 0),
    { options: { q: 0.5 }, kinks: (a, y) => a - y },
  ),
  cosineSimilarity: {
    value: (a, y) => -dot(a, y) / (norm(a) * norm(y)),
    derivative: (a, y) => {
      const cosine = dot(a, y) / (norm(a) * norm(y));
      return a.map((aj, j) => ((cosine * aj) / norm(a) - y[j] / norm(y)) / norm(a));
    },
    // Also where a is parallel to y or to an axis: the gradient, or what passes through relu of it, is 0 there, and what
    // is computed is its rounding.
    kinks: (a, y) => [
      dot(a, a),
      1 - (dot(a, y) / (norm(a) * norm(y))) ** 2,
      norm(a) - Math.max(...a.map((aj) => Math.abs(aj))),
    ],
  },
  klDivergence: {
    value: (a, y) => sum(a.map((aj, j) => xlogx(y[j]) - (y[j] === 0 ? 0 : y[j] * Math.log(aj)))),
    derivative: (a, y) => a.map((aj, j) => (y[j] === 0 ? 0 : -y[j] / aj)),
    fused: {
      activation: "softmax",
      value: (z, y) => sum(y.map((yj, j) => xlogx(yj) + yj * (logSumExp(z) - z[j]))),
      delta: (a, y) => a.map((aj, j) => aj * sum(y) - y[j]),
    },
    ofLogarithms: {
      value: (a, y) => sum(a.map((aj, j) => xlogx(y[j]) - y[j] * aj)),
      derivative: (_a, y) => y.map((yj) => -yj),
    },
  },
  sigmoidCrossEntropy: {
    value: (a, y, { labelSmoothing: s }) =>
      -sum(smoothSides(y, s).map((yj, j) => yj * Math.log(a[j]) + (1 - yj) * Math.log(1 - a[j]))),
    derivative: (a, y, { labelSmoothing: s }) => smoothSides(y, s).map((yj, j) => (a[j] - yj) / (a[j] * (1 - a[j]))),
    behind: ["sigmoid"],
    options: { labelSmoothing: 0 },
    fused: {
      activation: "sigmoid",
      value: (z, y, { labelSmoothing: s }) => sum(smoothSides(y, s).map((yj, j) => softplus(z[j]) - yj * z[j])),
      delta: (a, y, { labelSmoothing: s }) => smoothSides(y, s).map((yj, j) => a[j] - yj),
    },
  },
  binaryCrossEntropy: {
    value: (a, y, p) => LOSSES.sigmoidCrossEntropy.value(a, y, p) / a.length,
    derivative: (a, y, p) => LOSSES.sigmoidCrossEntropy.derivative(a, y, p).map((d) => d / a.length),
    behind: ["sigmoid"],
    options: { labelSmoothing: 0 },
    fused: {
      activation: "sigmoid",
      value: (z, y, p) => LOSSES.sigmoidCrossEntropy.fused!.value(z, y, p) / z.length,
      delta: (a, y, p) => LOSSES.sigmoidCrossEntropy.fused!.delta(a, y, p).map((d) => d / a.length),
    },
  },
  categoricalCrossEntropy: {
    value: (a, y, { labelSmoothing: s }) => -sum(smooth(y, s).map((yj, j) => (yj === 0 ? 0 : yj * Math.log(a[j])))),
    derivative: (a, y, { labelSmoothing: s }) => smooth(y, s).map((yj, j) => -yj / a[j]),
    behind: ["softmax", "logSoftmax"],
    options: { labelSmoothing: 0 },
    fused: {
      activation: "softmax",
      value: (z, y, { labelSmoothing: s }) => sum(smooth(y, s).map((yj, j) => yj * (logSumExp(z) - z[j]))),
      delta: (a, y, { labelSmoothing: s }) => smooth(y, s).map((yj, j) => a[j] * sum(y) - yj),
    },
    ofLogarithms: {
      value: (a, y, { labelSmoothing: s }) => -dot(smooth(y, s), a),
      derivative: (_a, y, { labelSmoothing: s }) => smooth(y, s).map((yj) => -yj),
    },
  },
};

/** log(1 + e^z) without overflow. */
function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

function logSumExp(z: Vector): number {
  const largest = Math.max(...z);
  return largest + Math.log(sum(z.map((zj) => Math.exp(zj - largest))));
}

/** One layer's weights, (inputs, units) row-major, and its biases; of a normalisation γ and β, and what it remembers. */
export interface Parameters {
  weights: Vector;
  bias?: Vector;
  mean?: Vector;
  variance?: Vector;
}

/** A layer as the twin computes with it: what is left open in a description is filled in. */
interface Stage {
  inputs: number;
  units: number;
  /** Absent in a layer without weights. */
  parameters?: Parameters;
  /** In a layer that is neither dense nor an activation. */
  other?: Other;
  activation: Activation;
  activationName: string;
  activationOptions: Options;
  l1: number;
  l2: number;
  trainsWeights: boolean;
  trainsBias: boolean;
}

/** A layer that disturbs or normalises. */
type Other =
  | { type: "dropout" | "alphaDropout"; rate: number }
  | { type: "gaussianNoise"; deviation: number }
  | { type: "batchNorm"; epsilon: number; fixed: boolean }
  | { type: "layerNorm"; epsilon: number };

export interface Model {
  stages: Stage[];
  seed: number;
  /** Batches trained on so far: which masks come next. */
  batches: number;
  loss: Loss;
  lossOptions: Options;
  /** Whether the loss is computed from the last layer's weighted inputs. */
  fused: boolean;
}

/** The network that `options` describe, with these weights: one entry for each layer that has weights, in order. */
export function model(
  options: NetworkOptions,
  weights: readonly Readonly<{ [K in keyof Parameters]: ArrayLike<number> }>[],
): Model {
  const given = weights.values();
  let inputs = options.inputs;
  const stages = options.layers.map((layer: Layer): Stage => {
    const described = "activation" in layer ? layer.activation : undefined;
    const { name, ...parameters } = typeof described === "object" ? described : { name: described ?? "linear" };
    const activation = ACTIVATIONS[name];
    const stage: Stage = {
      inputs,
      units: inputs,
      activation,
      activationName: name,
      activationOptions: { ...activation.options, ...parameters },
      l1: 0,
      l2: 0,
      trainsWeights: false,
      trainsBias: false,
    };
    const take = (): Parameters =>
      Object.fromEntries(
        Object.entries(given.next().value!).map(([kind, values]) => [kind, Array.from(values)]),
      ) as unknown as Parameters;
    if (layer.type === "dense") {
      const trainable = layer.trainable ?? true;
      stage.units = layer.units;
      stage.parameters = take();
      stage.l1 = layer.l1 ?? options.l1 ?? 0;
      stage.l2 = layer.l2 ?? options.l2 ?? 0;
      stage.trainsWeights = trainable === true || trainable === "weights";
      stage.trainsBias = trainable === true || trainable === "bias";
    } else if (layer.type === "batchNorm" || layer.type === "layerNorm") {
      const { epsilon = layer.flavor === "keras" ? 1e-3 : 1e-5, trainable = true, scale = true } = layer;
      stage.parameters = take();
      stage.other =
        layer.type === "batchNorm"
          ? { type: "batchNorm", epsilon, fixed: trainable === false }
          : { type: "layerNorm", epsilon };
      stage.trainsWeights = scale && (trainable === true || trainable === "weights");
      stage.trainsBias = trainable === true || trainable === "bias";
    } else if (layer.type !== "activation") {
      stage.other = layer;
    }
    inputs = stage.units;
    return stage;
  });
  const last = stages.at(-1)!.activationName;
  const described =
    options.loss ?? { softmax: "categoricalCrossEntropy", sigmoid: "binaryCrossEntropy" }[last] ?? "meanSquaredError";
  const { name, ...parameters } = typeof described === "object" ? described : { name: described };
  const row = LOSSES[name];
  const loss = last === "logSoftmax" ? { ...row, ...row.ofLogarithms } : row;
  return {
    stages,
    seed: typeof options.seed === "number" ? options.seed : 0,
    batches: 0,
    loss,
    lossOptions: { ...row.options, ...parameters },
    fused: loss.fused?.activation === last,
  };
}

/** What forward leaves behind for each layer. */
export interface Forward {
  /** The layer's input, a[l−1]. */
  x: Vector;
  z: Vector;
  a: Vector;
}

/** z[l] = a[l−1] W[l] + b[l], a[l] = f(z[l]), for one sample. */
export function forward(network: Model, sample: Vector): Forward[] {
  return forwardAll(network, [sample]).map(([step]) => step);
}

/** The same for all samples of a batch, as training has it: layer by layer, in each sample by sample. */
export function forwardAll(network: Model, X: Vector[], training = true): Forward[][] {
  let rows = X;
  return network.stages.map((stage, l) => {
    const { units, parameters, activation, activationOptions, other } = stage;
    const dense = (x: Vector) =>
      range(units).map(
        (o) => (parameters!.bias?.[o] ?? 0) + sum(x.map((xi, i) => xi * parameters!.weights[i * units + o])),
      );
    const disturbed = other && !("epsilon" in other) ? draw(network, l, other, rows, training) : undefined;
    const units01 =
      other && "epsilon" in other ? standardised(stage, rows, training).map(({ unit }) => unit) : undefined;
    const steps = rows.map((x, r): Forward => {
      if (disturbed) return { x, z: x, a: x.map((xj, j) => disturbed[r][j].factor * xj + disturbed[r][j].shift) };
      if (units01) {
        const z = units01[r].map((u, j) => parameters!.weights[j] * u + (parameters!.bias?.[j] ?? 0));
        return { x, z, a: z };
      }
      const z = parameters ? dense(x) : x;
      return { x, z, a: activation.value(z, activationOptions) };
    });
    rows = steps.map(({ a }) => a);
    return steps;
  });
}

/** What happens to each value of a batch in a layer of dropout or noise: y = factor · x + shift. */
function draw(
  network: Model,
  layer: number,
  other: Exclude<Other, { epsilon: number }>,
  rows: Vector[],
  training: boolean,
): { factor: number; shift: number }[][] {
  return rows.map((x, r) =>
    x.map((_, j) => {
      const i = r * x.length + j;
      if (!training) return { factor: 1, shift: 0 };
      if (other.type === "gaussianNoise") {
        const [u, v] = [random(network, layer, i, false), random(network, layer, i, true)].map(
          (bits) => ((bits >>> 8) + 0.5) / 2 ** 24,
        );
        const normal = Math.sqrt(-2 * Math.log(u)) * Math.sin(2 * Math.PI * (v - 0.5));
        return { factor: 1, shift: other.deviation * normal };
      }
      const { rate } = other;
      const isKept = random(network, layer, i, false) >= Math.floor(rate * 2 ** 32);
      if (other.type === "dropout") return { factor: isKept ? 1 / (1 - rate) : 0, shift: 0 };
      // What selu tends to, for values dropped; then an affine map that brings mean 0 and variance 1 back.
      const low = -SELU_SCALE * SELU_ALPHA;
      const a = 1 / Math.sqrt((1 - rate) * (1 + rate * low * low));
      const b = -a * rate * low;
      return isKept ? { factor: a, shift: b } : { factor: 0, shift: a * low + b };
    }),
  );
}

/** 32 bits for element i of a layer in the next batch. */
function random({ seed, batches }: Model, layer: number, i: number, swapped: boolean): number {
  const mask = 4;
  const key = (seed: number, counter: number) =>
    mix(mix(mix(seed ^ 0x9e3779b9) + Math.imul(mask, 0x85ebca6b)) + Math.imul(counter, 0xc2b2ae35));
  const one = mix(key(seed, layer) + Math.imul(batches, 0x9e3779b9));
  const two = mix(key(~seed, batches) + Math.imul(layer, 0x9e3779b9));
  let h = (i ^ (swapped ? two : one)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = ((h ^ (h >>> 15)) + (swapped ? one : two)) | 0;
  h = Math.imul(h, 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Wellons' lowbias32. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Each row's x̂ = (x − μ) / √(σ² + ε), and the reciprocal of that root for each value. */
function standardised({ parameters, other }: Stage, rows: Vector[], training: boolean) {
  const { type, epsilon } = other as Extract<Other, { epsilon: number }>;
  const of = (values: Vector, epsilon: number) => {
    const mean = sum(values) / values.length;
    return { mean, root: Math.sqrt(sum(values.map((v) => (v - mean) ** 2)) / values.length + epsilon) };
  };
  const usesBatch = training && !(other as { fixed?: boolean }).fixed;
  const columns = rows[0].map((_, j) =>
    usesBatch
      ? of(
          rows.map((x) => x[j]),
          epsilon,
        )
      : { mean: parameters!.mean?.[j] ?? 0, root: Math.sqrt((parameters!.variance?.[j] ?? 1) + epsilon) },
  );
  return rows.map((x) => {
    const each = type === "batchNorm" ? columns : x.map(() => of(x, epsilon));
    return { unit: x.map((xj, j) => (xj - each[j].mean) / each[j].root), roots: each.map(({ root }) => root) };
  });
}

/** The outputs for each sample, without dropout and noise. */
export function predict(network: Model, X: Vector[]): Vector[] {
  return forwardAll(network, X, false)
    .at(-1)!
    .map(({ a }) => a);
}

function sampleLoss({ loss, lossOptions: p, fused }: Model, { z, a }: Forward, y: Vector): number {
  return fused ? loss.fused!.value(z, y, p) : loss.value(a, y, p);
}

/** The errors δ[l] of every layer for one sample. */
export function backward(network: Model, steps: Forward[], y: Vector): Vector[] {
  const each = steps.map((step) => [step]);
  return backwardAll(network, each, [y], [1]).map(([delta]) => delta);
}

/**
 * The errors δ[l] = ∂E/∂z[l] of every layer and sample, from the last layer to the first, where each sample's loss
 * counts by its part of E. The z of a normalisation is its output, that of dropout and noise their input.
 */
export function backwardAll(network: Model, steps: Forward[][], Y: Vector[], parts: Vector): Vector[][] {
  const { stages, loss, lossOptions: p, fused } = network;
  const deltas: Vector[][] = [];
  let dA: Vector[] = [];
  for (let l = stages.length - 1; l >= 0; l--) {
    const stage = stages[l];
    const { inputs, units, parameters, activation, activationOptions, other } = stage;
    const isLast = l === stages.length - 1;
    if (other && "epsilon" in other) {
      deltas[l] = dA;
      dA = normalisationBack(
        stage,
        steps[l].map(({ x }) => x),
        dA,
      );
      continue;
    }
    if (other) {
      const rows = steps[l].map(({ x }) => x);
      const disturbed = draw(network, l, other, rows, true);
      deltas[l] = dA = dA.map((d, r) => d.map((dj, j) => dj * disturbed[r][j].factor));
      continue;
    }
    deltas[l] = steps[l].map(({ z, a }, r) => {
      const scaled = (values: Vector) => values.map((value) => parts[r] * value);
      if (isLast && fused) return scaled(loss.fused!.delta(a, Y[r], p));
      return activation.back(z, a, isLast ? scaled(loss.derivative(a, Y[r], p)) : dA[r], activationOptions);
    });
    // ∂E/∂a[l−1] = W[l] δ[l]; an activation layer hands its δ on as it is.
    dA = deltas[l].map((delta) =>
      parameters ? range(inputs).map((i) => sum(delta.map((d, o) => d * parameters.weights[i * units + o]))) : delta,
    );
  }
  return deltas;
}

/**
 * ∂E/∂x through y = γ x̂ + β, by the full Jacobian of each group of values x₁ … xₙ that are normalised together:
 * ∂x̂_k/∂x_j = ([k = j] − 1/n − x̂_k x̂_j / n) / √(σ² + ε).
 */
function normalisationBack(stage: Stage, rows: Vector[], dY: Vector[]): Vector[] {
  const standard = standardised(stage, rows, true);
  const other = stage.other as Extract<Other, { epsilon: number }>;
  const gamma = stage.parameters!.weights;
  const jacobian = (u: Vector, k: number, j: number) => Number(k === j) - 1 / u.length - (u[k] * u[j]) / u.length;
  return rows.map((x, r) =>
    x.map((_, j) => {
      const root = standard[r].roots[j];
      if (other.type === "layerNorm") {
        const u = standard[r].unit;
        return sum(u.map((_, k) => gamma[k] * dY[r][k] * jacobian(u, k, j))) / root;
      }
      if (other.fixed) return (gamma[j] * dY[r][j]) / root;
      const u = standard.map(({ unit }) => unit[j]);
      return sum(u.map((_, k) => gamma[j] * dY[k][j] * jacobian(u, k, r))) / root;
    }),
  );
}

/** The mean loss over the samples as training has it, weighted where there are weights, without penalties. */
export function loss(network: Model, X: Vector[], Y: Vector[], weights: Vector = X.map(() => 1)): number {
  const outputs = forwardAll(network, X).at(-1)!;
  return sum(outputs.map((step, r) => weights[r] * sampleLoss(network, step, Y[r]))) / sum(weights);
}

/** What the penalties add: l1·Σ|w| + (l2/2)·Σw² over weights, never biases. */
export function penalty({ stages }: Model): number {
  return sum(
    stages.map(({ parameters, l1, l2 }) =>
      sum((parameters?.weights ?? []).map((w) => l1 * Math.abs(w) + (l2 / 2) * w * w)),
    ),
  );
}

/**
 * The gradients of loss + penalty, where the loss is the (weighted) mean over samples: ∂E/∂W[l] = Σ a[l−1]ᵀ δ[l],
 * ∂E/∂b[l] = Σ δ[l]; of a normalisation ∂E/∂γ = Σ x̂ ∘ δ.
 */
export function gradients(
  network: Model,
  X: Vector[],
  Y: Vector[],
  sampleWeights: Vector = X.map(() => 1),
): Parameters[] {
  const parts = sampleWeights.map((weight) => weight / sum(sampleWeights));
  const total = network.stages.map(({ parameters }) => ({
    weights: (parameters?.weights ?? []).map(() => 0),
    bias: (parameters?.bias ?? []).map(() => 0),
  }));
  const steps = forwardAll(network, X);
  const deltas = backwardAll(network, steps, Y, parts);
  network.stages.forEach((stage, l) => {
    const { units, parameters, other } = stage;
    if (!parameters) return;
    const rows = steps[l].map(({ x }) => x);
    const standard = other ? standardised(stage, rows, true) : [];
    rows.forEach((x, r) => {
      for (let o = 0; o < units; o++) {
        const delta = deltas[l][r][o];
        if (other) total[l].weights[o] += standard[r].unit[o] * delta;
        else x.forEach((xi, i) => (total[l].weights[i * units + o] += xi * delta));
        if (parameters.bias) total[l].bias[o] += delta;
      }
    });
  });
  return network.stages.flatMap(({ parameters, l1, l2 }, l) => {
    if (!parameters) return [];
    const weights = total[l].weights.map((g, k) => {
      const w = parameters.weights[k];
      return g + l1 * Math.sign(w) + l2 * w;
    });
    return [parameters.bias ? { weights, bias: total[l].bias } : { weights }];
  });
}

/** The samples that an update is made from, and the network before it. */
interface Batch {
  network: Model;
  x: Vector[];
  y: Vector[];
}

/** One update of all parameters as one flat vector. */
export interface Optimizer {
  /** Hyperparameters and their defaults, PyTorch's. */
  options: Options;
  /** What the rule remembers: each an array as long as the parameters, zeros at first. */
  remembers: string[];
  /**
   * Changes `theta` and `memory` in place; t counts the updates from 1. `blocks` holds the places of each tensor that
   * training changes.
   */
  step(
    theta: Vector,
    g: Vector,
    memory: Record<string, Vector>,
    t: number,
    options: Options,
    blocks: readonly (readonly number[])[],
    batch: Batch,
  ): void;
}

export const OPTIMIZERS: Record<string, Optimizer> = {
  // PyTorch's form: the rate stays outside of the velocity, and the first velocity is the first gradient.
  sgd: {
    options: { learningRate: 1e-3, momentum: 0, nesterov: 0 },
    remembers: ["velocity"],
    step(theta, g, { velocity }, _t, { learningRate, momentum, nesterov }) {
      for (let k = 0; k < theta.length; k++) {
        velocity[k] = momentum * velocity[k] + g[k];
        theta[k] -= learningRate * (nesterov ? g[k] + momentum * velocity[k] : velocity[k]);
      }
    },
  },
  adagrad: {
    options: { learningRate: 0.01, epsilon: 1e-10, initialAccumulator: 0 },
    remembers: ["v"],
    step(theta, g, { v }, _t, { learningRate, epsilon, initialAccumulator }) {
      for (let k = 0; k < theta.length; k++) {
        v[k] += g[k] * g[k];
        theta[k] -= (learningRate * g[k]) / (Math.sqrt(v[k] + initialAccumulator) + epsilon);
      }
    },
  },
  // PyTorch's form: ε outside of the root, the rate outside of the velocity.
  rmsprop: {
    options: { learningRate: 0.01, rho: 0.99, epsilon: 1e-8, centered: 0, momentum: 0 },
    remembers: ["v", "mean", "velocity"],
    step(theta, g, { v, mean, velocity }, _t, { learningRate, rho, epsilon, centered, momentum }) {
      for (let k = 0; k < theta.length; k++) {
        v[k] = rho * v[k] + (1 - rho) * g[k] * g[k];
        mean[k] = rho * mean[k] + (1 - rho) * g[k];
        const variance = centered ? Math.max(0, v[k] - mean[k] * mean[k]) : v[k];
        velocity[k] = momentum * velocity[k] + g[k] / (Math.sqrt(variance) + epsilon);
        theta[k] -= learningRate * velocity[k];
      }
    },
  },
  adadelta: {
    options: { learningRate: 1, rho: 0.9, epsilon: 1e-6 },
    remembers: ["s", "u"],
    step(theta, g, { s, u }, _t, { learningRate, rho, epsilon }) {
      for (let k = 0; k < theta.length; k++) {
        s[k] = rho * s[k] + (1 - rho) * g[k] * g[k];
        const change = (Math.sqrt(u[k] + epsilon) / Math.sqrt(s[k] + epsilon)) * g[k];
        u[k] = rho * u[k] + (1 - rho) * change * change;
        theta[k] -= learningRate * change;
      }
    },
  },
  // PyTorch's form: ε outside of the bias-corrected root; with amsgrad, the largest v before its correction.
  adam: {
    options: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, amsgrad: 0 },
    remembers: ["m", "v", "largest"],
    step(theta, g, { m, v, largest }, t, { learningRate, beta1, beta2, epsilon, amsgrad }) {
      for (let k = 0; k < theta.length; k++) {
        m[k] = beta1 * m[k] + (1 - beta1) * g[k];
        v[k] = beta2 * v[k] + (1 - beta2) * g[k] * g[k];
        largest[k] = Math.max(largest[k], v[k]);
        const mHat = m[k] / (1 - beta1 ** t);
        const vHat = (amsgrad ? largest[k] : v[k]) / (1 - beta2 ** t);
        theta[k] -= (learningRate * mHat) / (Math.sqrt(vHat) + epsilon);
      }
    },
  },
  adamw: {
    options: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, amsgrad: 0, weightDecay: 0.01 },
    remembers: ["m", "v", "largest"],
    step: (...given) => OPTIMIZERS.adam.step(...given),
  },
  adamax: {
    options: { learningRate: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    remembers: ["m", "u"],
    step(theta, g, { m, u }, t, { learningRate, beta1, beta2, epsilon }) {
      for (let k = 0; k < theta.length; k++) {
        m[k] = beta1 * m[k] + (1 - beta1) * g[k];
        u[k] = Math.max(beta2 * u[k], Math.abs(g[k]) + epsilon);
        theta[k] -= (learningRate / (1 - beta1 ** t)) * (m[k] / u[k]);
      }
    },
  },
  // Dozat 2016: μ grows as 1 − ½·0.96^(t·momentumDecay). PyTorch 1.13 counts μ(t) twice in one of its two paths, which
  // PyTorch 2 mended (pytorch/pytorch pull request 92699).
  nadam: {
    options: { learningRate: 2e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentumDecay: 4e-3 },
    remembers: ["m", "v"],
    step(theta, g, { m, v }, t, { learningRate, beta1, beta2, epsilon, momentumDecay }) {
      const mu = (t: number) => beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay));
      let product = 1;
      for (let i = 1; i <= t; i++) product *= mu(i);
      for (let k = 0; k < theta.length; k++) {
        m[k] = beta1 * m[k] + (1 - beta1) * g[k];
        v[k] = beta2 * v[k] + (1 - beta2) * g[k] * g[k];
        const root = Math.sqrt(v[k] / (1 - beta2 ** t)) + epsilon;
        theta[k] -= (learningRate * (1 - mu(t)) * g[k]) / (1 - product) / root;
        theta[k] -= (learningRate * mu(t + 1) * m[k]) / (1 - product * mu(t + 1)) / root;
      }
    },
  },
  radam: {
    options: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    remembers: ["m", "v"],
    step(theta, g, { m, v }, t, { learningRate, beta1, beta2, epsilon }) {
      const most = 2 / (1 - beta2) - 1;
      const length = most - (2 * t * beta2 ** t) / (1 - beta2 ** t);
      const rectification = Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length));
      for (let k = 0; k < theta.length; k++) {
        m[k] = beta1 * m[k] + (1 - beta1) * g[k];
        v[k] = beta2 * v[k] + (1 - beta2) * g[k] * g[k];
        const mHat = m[k] / (1 - beta1 ** t);
        const adaptive = Math.sqrt(1 - beta2 ** t) / (Math.sqrt(v[k]) + epsilon);
        theta[k] -= learningRate * mHat * (length > 5 ? rectification * adaptive : 1);
      }
    },
  },
  lion: {
    options: { learningRate: 1e-4, beta1: 0.9, beta2: 0.99 },
    remembers: ["m"],
    step(theta, g, { m }, _t, { learningRate, beta1, beta2 }) {
      for (let k = 0; k < theta.length; k++) {
        theta[k] -= learningRate * Math.sign(beta1 * m[k] + (1 - beta1) * g[k]);
        m[k] = beta2 * m[k] + (1 - beta2) * g[k];
      }
    },
  },
  // iRprop−, as in PyTorch: after a change of sign the weight stays, and its slope counts as 0.
  rprop: {
    options: { learningRate: 0.01, etaMinus: 0.5, etaPlus: 1.2, stepMin: 1e-6, stepMax: 50 },
    remembers: ["before", "size"],
    step(theta, g, { before, size }, t, { learningRate, etaMinus, etaPlus, stepMin, stepMax }) {
      for (let k = 0; k < theta.length; k++) {
        if (t === 1) size[k] = learningRate;
        const turn = Math.sign(g[k]) * Math.sign(before[k]);
        if (turn > 0) size[k] *= etaPlus;
        if (turn < 0) size[k] *= etaMinus;
        size[k] = Math.min(stepMax, Math.max(stepMin, size[k]));
        before[k] = turn < 0 ? 0 : g[k];
        theta[k] -= size[k] * Math.sign(before[k]);
      }
    },
  },
  // FANN's, on the mean slope of the batch; where both slopes are equal they count as one apart.
  quickprop: {
    options: { learningRate: 0.7, growth: 1.75, decay: 1e-4 },
    remembers: ["last", "before"],
    step(theta, g, { last, before }, _t, { learningRate, growth, decay }) {
      const shrink = growth / (1 + growth);
      for (let k = 0; k < theta.length; k++) {
        const slope = -(g[k] + decay * theta[k]);
        const parabola = (last[k] * slope) / (before[k] - slope || Math.sign(last[k]));
        let next = 0;
        if (last[k] > 0.001) {
          if (slope > 0) next += learningRate * slope;
          next += slope > shrink * before[k] ? growth * last[k] : parabola;
        } else if (last[k] < -0.001) {
          if (slope < 0) next += learningRate * slope;
          next += slope < shrink * before[k] ? growth * last[k] : parabola;
        } else {
          next = learningRate * slope;
        }
        last[k] = next;
        before[k] = slope;
        theta[k] = Math.min(1500, Math.max(-1500, theta[k] + next));
      }
    },
  },
};

/** The authors' program, line by line (Gulcehre and Bengio 2014, adasecant/codes/learning_rule.py). */
OPTIMIZERS.adasecant = {
  options: {
    learningRate: 1e-4,
    decay: 0.95,
    gammaClip: 1.8,
    damping: 1e-7,
    startVarianceReduction: 0,
    varianceReduction: 1,
    adagrad: 1,
    deltaClip: 0,
    gradClip: 0,
    aligned: 0,
  },
  remembers: "mean square above below pair corrected before change curve stepSquare step tau sum stepBefore".split(" "),
  step(theta, gradient, m, t, o, blocks) {
    const e = o.damping;
    const epsilon = o.learningRate;
    if (t === 1) {
      for (const name of "mean square above below pair corrected before change curve".split(" ")) m[name].fill(e);
      m.tau.fill(2.1 * (1 + e));
    }
    const norms = blocks.map((places) => norm(places.map((k) => gradient[k])));
    const mean = sum(norms.map((n) => n / (n + e))) / blocks.length;
    const clip = o.gradClip > 0 && mean > o.gradClip ? o.gradClip / mean : 1;
    blocks.forEach((places, b) => {
      for (const k of places) {
        const g = (gradient[k] / (norms[b] + e)) * clip;
        const tau = m.tau[k];
        const moved = (old: number, value: number) => (1 - 1 / tau) * old + value / tau;
        const stepSquare = t === 1 ? g * g : m.stepSquare[k];
        const stepMean = t === 1 ? g : m.step[k];
        m.square[k] = o.decay * m.square[k] + (1 - o.decay) * g * g;
        m.mean[k] = o.decay * m.mean[k] + (1 - o.decay) * g;
        const gamma = Math.min(Math.sqrt(m.above[k]) / Math.sqrt(m.below[k] + e), o.gammaClip);
        const away = m.corrected[k] - m.mean[k];
        m.above[k] = moved(m.above[k], ((g - m.corrected[k]) * away) ** 2);
        m.below[k] = moved(m.below[k], ((m.mean[k] - g) * away) ** 2);
        const isReduced = o.varianceReduction === 1 && t - 1 >= o.startVarianceReduction;
        const corrected = isReduced ? (g + gamma * m.mean[k]) / (1 + gamma) : g;
        const alpha = g - m.before[k];
        m.change[k] = moved(m.change[k], alpha);
        m.curve[k] = moved(m.curve[k], alpha * alpha);
        if (o.aligned) m.pair[k] = moved(m.pair[k], m.stepBefore[k] * alpha);
        let size = Math.sqrt(stepSquare + epsilon) / Math.sqrt(m.curve[k] + epsilon);
        size -= m.pair[k] / (m.curve[k] + epsilon);
        if (o.deltaClip > 0) size = Math.min(o.deltaClip, Math.max(-o.deltaClip, size));
        let delta = -size * corrected;
        if (o.adagrad) {
          m.sum[k] += corrected * corrected;
          delta /= Math.max(Math.sqrt(m.sum[k]), 1);
        }
        if (!o.aligned) m.pair[k] = moved(m.pair[k], delta * alpha);
        m.stepBefore[k] = delta;
        let next = (1 - (stepMean * stepMean) / (stepSquare + e)) * tau + 1 + e;
        m.stepSquare[k] = moved(stepSquare, delta * delta);
        m.step[k] = moved(m.step[k], delta);
        // The root of what rounding brought below 0 is NaN, and nothing is greater than that.
        const isFar = (x: number, mean: number, square: number) =>
          Math.abs(x - mean) > 2 * Math.sqrt(square - mean * mean);
        if (isFar(g, m.mean[k], m.square[k]) || isFar(alpha, m.change[k], m.curve[k])) next = 2.2;
        m.tau[k] = Math.min(1e8, Math.max(1.5, next));
        m.corrected[k] = corrected;
        m.before[k] = g;
        theta[k] += delta;
      }
    });
  },
};

/**
 * The diagonal of the curvature by Gauss and Newton for one sample, with f″ and what lies beside the diagonal left out
 * on the way down (Becker and LeCun 1989), in the order of `flatten`.
 */
function curvature(network: Model, x: Vector, y: Vector): Vector {
  const { stages, loss, fused } = network;
  const steps = forward(network, x);
  const outputs = y.length;
  const isMean = loss === LOSSES.meanSquaredError || loss === LOSSES.binaryCrossEntropy;
  let h = steps.at(-1)!.a.map((a) => (fused ? a * (1 - a) : isMean ? 2 : 1) / (isMean ? outputs : 1));
  const result: Vector[] = [];
  for (let l = stages.length - 1; l >= 0; l--) {
    const { units, parameters, activation, activationOptions } = stages[l];
    const { x, z, a } = steps[l];
    if (!fused || l < stages.length - 1) {
      const slopes = activation.back(
        z,
        a,
        a.map(() => 1),
        activationOptions,
      );
      h = h.map((hj, j) => hj * slopes[j] ** 2);
    }
    if (!parameters) continue;
    const { weights, bias } = parameters;
    const hz = h;
    result.unshift([...weights.map((_, k) => hz[k % units] * x[Math.floor(k / units)] ** 2), ...(bias ? hz : [])]);
    h = x.map((_, i) => sum(hz.map((hj, j) => hj * weights[i * units + j] ** 2)));
  }
  return result.flat();
}

/**
 * Schaul, Zhang and LeCun 2012 in the form of Schaul and LeCun 2013 for batches; fd is the latter's. The joint step is
 * shortened until the batch's loss falls by half of what its slope promises, or more.
 */
OPTIMIZERS.vsgd = {
  options: {
    learningRate: 1,
    l: 0,
    b: 0,
    g: 0,
    fd: 0,
    slowStart: 2,
    initialSamples: 320,
    leastCurvature: 1e-3,
    epsilon: 1e-9,
    outlierLevel: 2,
  },
  remembers: "mean square curve curveSquare tau seen".split(" "),
  step(theta, g, m, t, o, tensors, { network, x, y }) {
    const n = x.length;
    const flat = (list: Parameters[]) => list.flatMap(({ weights, bias = [] }) => [...weights, ...bias]);
    const each = () => x.map((_, j) => flat(gradients(network, [x[j]], [y[j]])));
    const samples = each();
    const average = (of: (j: number, k: number) => number) => g.map((_, k) => sum(samples.map((_, j) => of(j, k))) / n);
    const newSquare = average((j, k) => samples[j][k] ** 2);
    let newCurve: Vector;
    let newCurveSquare: Vector = [];
    if (o.fd) {
      const delta = g.map((gk, k) => (t === 1 ? gk : m.mean[k]) + o.epsilon);
      unflatten(
        network,
        theta.map((p, k) => p + delta[k]),
      );
      const ahead = each();
      unflatten(network, theta);
      const size = (j: number, k: number) => Math.abs((samples[j][k] - ahead[j][k]) / delta[k]);
      newCurve = average(size);
      newCurveSquare = average((j, k) => size(j, k) ** 2);
    } else {
      const all = x.map((_, j) => curvature(network, x[j], y[j]));
      newCurve = average((j, k) => all[j][k]).map((h) => Math.max(o.leastCurvature, h));
    }
    const seen = m.seen[0];
    m.seen[0] += n;
    const isStarting = seen < o.initialSamples;
    const isStarted = m.seen[0] >= o.initialSamples;
    const slow = isStarting && isStarted ? o.slowStart : 1;
    const blocks = o.b ? tensors : o.g ? [tensors.flat()] : tensors.flat().map((k) => [k]);
    const step = theta.map(() => 0);
    for (const places of blocks) {
      const [first] = places;
      let tau = m.tau[first];
      if (o.fd && !isStarting && o.outlierLevel > 0) {
        const isFar = (x: number, mean: number, square: number) =>
          (x - mean) ** 2 > (o.outlierLevel ** 2 * (square - mean ** 2)) / n;
        const k = first;
        if (isFar(g[k], m.mean[k], m.square[k]) || isFar(newCurve[k], m.curve[k], m.curveSquare[k])) tau += 1;
      }
      const share = isStarting ? n / m.seen[0] : 1 / tau;
      const moved = (old: number, value: number) => (1 - share) * old + share * value;
      for (const k of places) {
        m.mean[k] = moved(m.mean[k], g[k]);
        m.curve[k] = moved(m.curve[k], newCurve[k]);
        if (o.fd) m.curveSquare[k] = moved(m.curveSquare[k], newCurveSquare[k]);
      }
      m.square[first] = moved(m.square[first], sum(places.map((k) => newSquare[k])));
      if (o.fd && !isStarting) m.square[first] += o.epsilon;
      m.square[first] *= slow;
      const squares = sum(places.map((k) => m.mean[k] ** 2));
      const v = m.square[first];
      const q = v > 0 ? Math.min(1, squares / (v / n + ((n - 1) / n) * squares)) : 0;
      const largest = Math.max(...places.map((k) => m.curve[k]));
      const rate = o.fd ? (q * (largest + o.epsilon)) / (m.curveSquare[first] + o.epsilon) : q / largest;
      if (isStarting) m.tau[first] = Math.max(2, t);
      else {
        if (v > 0) m.tau[first] = (1 - q) * tau + 1 + (o.fd ? o.epsilon : 0);
        for (const k of places) step[k] = o.learningRate * rate * g[k];
      }
    }
    const slope = sum(step.map((s, k) => s * g[k]));
    const before = loss(network, x, y);
    const at = (alpha: number) => theta.map((p, k) => p - alpha * step[k]);
    let alpha = 1;
    for (let trial = 0; slope > 0; trial++) {
      unflatten(network, at(alpha));
      const there = loss(network, x, y);
      if (there <= before * (1 + 1e-13) - (alpha / 2) * slope) break;
      if (trial === 8) {
        if (!(there <= before * (1 + 1e-13))) alpha = 0;
        break;
      }
      const lowest = (slope * alpha ** 2) / 2 / (there - before + alpha * slope);
      alpha = Math.max(0.1 * alpha, Math.min(0.5 * alpha, Number.isFinite(lowest) ? lowest : 0));
    }
    unflatten(network, theta);
    theta.splice(0, theta.length, ...at(alpha));
  },
};

/** What is applied before every rule; 0 for none. */
const COMMON: Options = { weightDecay: 0, clipNorm: 0, clipValue: 0 };

/** Each gradient within ±clipValue, then, as PyTorch has it, all times min(1, clipNorm / (‖g‖ + 1e-6)). */
function clip(g: Vector, { clipNorm, clipValue }: Options): Vector {
  const clipped = clipValue > 0 ? g.map((gk) => Math.min(clipValue, Math.max(-clipValue, gk))) : g;
  const factor = clipNorm > 0 ? Math.min(1, clipNorm / (Math.sqrt(sum(clipped.map((gk) => gk * gk))) + 1e-6)) : 1;
  return clipped.map((gk) => factor * gk);
}

export interface TrainOptions {
  optimizer: { name: string } & Record<string, unknown>;
  /** The rate of each step, from 0; without it the optimizer's. */
  rate?: (step: number) => number;
  batchSize: number;
  epochs: number;
}

/** Trains `network` in place on batches in order, the last of an epoch perhaps shorter; gives each batch's loss before its update. */
export function train(
  network: Model,
  X: Vector[],
  Y: Vector[],
  { optimizer, rate, batchSize, epochs }: TrainOptions,
): Vector {
  const rule = OPTIMIZERS[optimizer.name];
  const options = { ...COMMON, ...rule.options, ...numbers(optimizer) };
  const trains = flags(network);
  const memory = Object.fromEntries(rule.remembers.map((name) => [name, flatten(network).map(() => 0)]));
  const losses: Vector = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let begin = 0; begin < X.length; begin += batchSize) {
      const x = X.slice(begin, begin + batchSize);
      const y = Y.slice(begin, begin + batchSize);
      if (rate !== undefined) options.learningRate = rate(losses.length);
      losses.push(loss(network, x, y));
      // Decoupled: the weights shrink by themselves, whatever the rule does with the gradient.
      const theta = flatten(network).map((p) => p - options.learningRate * options.weightDecay * p);
      const all = gradients(network, x, y).flatMap(({ weights, bias = [] }) => [...weights, ...bias]);
      // What is held fixed has no part in the norm.
      const g = clip(
        all.map((gk, k) => (trains[k] ? gk : 0)),
        options,
      );
      rule.step(theta, g, memory, losses.length, options, blocksOf(network), { network, x, y });
      unflatten(network, theta);
    }
  }
  return losses;
}

/** What is a number or a switch in an optimizer's description; one of several names is a switch of that name. */
function numbers(optimizer: Record<string, unknown>): Options {
  return Object.fromEntries(
    Object.entries(optimizer).map(([name, value]) => (typeof value === "string" ? [value, 1] : [name, Number(value)])),
  );
}

/** All parameters in one row: layer by layer, weights before biases. */
function flatten({ stages }: Model): Vector {
  return stages.flatMap(({ parameters }) => [...(parameters?.weights ?? []), ...(parameters?.bias ?? [])]);
}

/** For each tensor that training changes, its places in that row. */
function blocksOf({ stages }: Model): number[][] {
  let k = 0;
  return stages
    .flatMap(({ parameters, trainsWeights, trainsBias }) => [
      { length: parameters?.weights.length ?? 0, trains: trainsWeights },
      { length: parameters?.bias?.length ?? 0, trains: trainsBias },
    ])
    .map(({ length, trains }) => ({ places: range(length).map(() => k++), trains }))
    .filter(({ places, trains }) => trains && places.length > 0)
    .map(({ places }) => places);
}

/** For each number of that row, whether training changes it. */
function flags({ stages }: Model): boolean[] {
  return stages.flatMap(({ parameters, trainsWeights, trainsBias }) => [
    ...(parameters?.weights ?? []).map(() => trainsWeights),
    ...(parameters?.bias ?? []).map(() => trainsBias),
  ]);
}

/** Writes the row back into the layers, except where training must not change anything. */
function unflatten({ stages }: Model, theta: Vector): void {
  let k = 0;
  const put = (target: Vector, trains: boolean) =>
    target.forEach((old, j) => (target[j] = trains ? theta[k++] : (k++, old)));
  for (const { parameters, trainsWeights, trainsBias } of stages) {
    if (!parameters) continue;
    put(parameters.weights, trainsWeights);
    if (parameters.bias) put(parameters.bias, trainsBias);
  }
}

/** The parameters of all layers that have some, as `gradients` orders them. */
export function parametersOf({ stages }: Model): Parameters[] {
  return stages.flatMap(({ parameters }) => parameters ?? []);
}

/** ∂(loss + penalty)/∂p for every parameter, from the values at four points around it (error of order h⁴). */
export function centralDifferences(twin: Model, X: Vector[], Y: Vector[], sampleWeights?: Vector): Parameters[] {
  const h = 1e-3;
  const along = (values: Vector) =>
    values.map((value, k) => {
      const at = (step: number) => {
        values[k] = value + step;
        const total = loss(twin, X, Y, sampleWeights) + penalty(twin);
        values[k] = value;
        return total;
      };
      return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    });
  return parametersOf(twin).map(({ weights, bias }) => ({
    weights: along(weights),
    ...(bias ? { bias: along(bias) } : {}),
  }));
}

/** A row of numbers in (−1, 1) from a seed, one a call: what tests draw their samples and weights from (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 31 - 1;
  };
}

/** `rows` rows of `columns` values that `draw` gives. */
export function matrix(rows: number, columns: number, draw: () => number): Vector[] {
  return range(rows).map(() => range(columns).map(() => draw()));
}

/** The largest |a − b| as a part of the largest |b|; the plain difference where b is all zeros. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let difference = 0;
  let largest = 0;
  for (let k = 0; k < b.length; k++) {
    // Math.max keeps a NaN, so a NaN on either side is never taken for agreement.
    difference = Math.max(difference, Math.abs(a[k] - b[k]));
    largest = Math.max(largest, Math.abs(b[k]));
  }
  return largest > 0 ? difference / largest : difference;
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, k) => k);
}

function sum(values: Vector): number {
  return values.reduce((total, value) => total + value, 0);
}

function norm(a: Vector): number {
  return Math.sqrt(dot(a, a));
}

function dot(a: Vector, b: Vector): number {
  return sum(a.map((aj, j) => aj * b[j]));
}
