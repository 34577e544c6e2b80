// One training step of a small network, laid open. All numbers come from the library: `trace`, `gradients`, `trainOnBatch`.
import { dense, Network } from "propago";

export type Activation = "sigmoid" | "tanh" | "relu" | "linear";

export interface LayerNumbers {
  /** (inputs, units), row by row. */
  weights: number[];
  bias: number[];
}

export interface Preset {
  title: string;
  about: string;
  units: readonly number[];
  activation: Activation;
  x: readonly number[];
  y: readonly number[];
  layers: readonly LayerNumbers[];
  rate: number;
  /** As some lectures have it: biases are not learnt. */
  keepsBiases?: boolean;
}

const chain = (count: number, weight: number): LayerNumbers[] =>
  Array.from({ length: count }, () => ({ weights: [weight], bias: [0] }));

/** The lectures' examples, and two that show what goes wrong in deep networks. */
export const PRESETS = {
  two: {
    title: "Two, two, two",
    about:
      "Two inputs, two hidden units, two outputs, with biases held fixed: the example that many courses compute by hand.",
    units: [2, 2, 2],
    activation: "sigmoid",
    x: [0.05, 0.1],
    y: [0.01, 0.99],
    layers: [
      { weights: [0.15, 0.25, 0.2, 0.3], bias: [0.35, 0.35] },
      { weights: [0.4, 0.5, 0.45, 0.55], bias: [0.6, 0.6] },
    ],
    rate: 0.5,
    keepsBiases: true,
  },
  neuron: {
    title: "One neuron",
    about: "A single sigmoid unit, w = (2, −3) and b = −3: all of backpropagation in three multiplications.",
    units: [2, 1],
    activation: "sigmoid",
    x: [-1, -2],
    y: [0.43],
    layers: [{ weights: [2, -3], bias: [-3] }],
    rate: 1,
  },
  xor: {
    title: "Xor",
    about: "The smallest problem that needs a hidden layer. Here is its row (1, 0) → 1, before anything is learnt.",
    units: [2, 2, 1],
    activation: "sigmoid",
    x: [1, 0],
    y: [1],
    layers: [
      { weights: [0.6, -0.4, 0.5, 0.7], bias: [-0.2, 0.1] },
      { weights: [0.8, -0.9], bias: [0.1] },
    ],
    rate: 1,
  },
  vanishing: {
    title: "Vanishing",
    about:
      "Eight sigmoid layers. Each multiplies the error by a slope of at most ¼ on its way back: little arrives at the first.",
    units: [1, 1, 1, 1, 1, 1, 1, 1, 1],
    activation: "sigmoid",
    x: [1],
    y: [0],
    layers: chain(8, 1),
    rate: 0.5,
  },
  exploding: {
    title: "Exploding",
    about:
      "Eight layers of weight 2.5 without a squashing function: the error grows 2.5 times at each, and the step goes far too far.",
    units: [1, 1, 1, 1, 1, 1, 1, 1, 1],
    activation: "relu",
    x: [0.1],
    y: [0],
    layers: chain(8, 2.5),
    rate: 0.1,
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;

/** All numbers that can be changed. */
export interface Numbers {
  preset: PresetName;
  x: number[];
  y: number[];
  layers: LayerNumbers[];
  rate: number;
}

export function numbersOf(preset: PresetName): Numbers {
  const { x, y, layers, rate } = PRESETS[preset] as Preset;
  return {
    preset,
    x: [...x],
    y: [...y],
    layers: layers.map(({ weights, bias }) => ({ weights: [...weights], bias: [...bias] })),
    rate,
  };
}

export interface LayerTrace {
  z: number[];
  a: number[];
  delta: number[];
  gradients: LayerNumbers;
  /** After one step. */
  after: LayerNumbers;
}

export interface Opened {
  loss: number;
  lossAfter: number;
  layers: LayerTrace[];
}

const plain = ({ weights, bias }: { weights: ArrayLike<number>; bias?: ArrayLike<number> }): LayerNumbers => ({
  weights: Array.from(weights),
  bias: Array.from(bias ?? []),
});

function networkOf({ preset, x, layers, rate }: Numbers): Network<"float64"> {
  const { units, activation, keepsBiases } = PRESETS[preset] as Preset;
  const network = new Network({
    inputs: x.length,
    layers: units.slice(1).map((count) => dense(count, activation, keepsBiases ? { trainable: "weights" } : {})),
    loss: "squaredError",
    optimizer: { name: "sgd", learningRate: rate },
    dtype: "float64",
  });
  network.setWeights(layers.map(({ weights, bias }) => ({ weights, bias })));
  return network;
}

/** One step in all its numbers. The parts `propago/float64` and `propago/diagnosis` are there. */
export function openStep(numbers: Numbers): Opened {
  const network = networkOf(numbers);
  const data = { x: [numbers.x], y: [numbers.y] };
  const { loss, layers } = network.trace(numbers.x, numbers.y);
  const gradients = network.gradients(data);
  network.trainOnBatch(data);
  const after = network.getWeights();
  const lossAfter = network.evaluate(data).loss;
  network.dispose();
  return {
    loss,
    lossAfter,
    layers: layers.map(({ z, a, delta }, k) => ({
      z: Array.from(z),
      a: Array.from(a),
      delta: Array.from(delta),
      gradients: plain(gradients[k]),
      after: plain(after[k]),
    })),
  };
}

/** The numbers after so many steps. */
export function stepped(numbers: Numbers, steps: number): Numbers {
  const network = networkOf(numbers);
  const data = { x: [numbers.x], y: [numbers.y] };
  for (let k = 0; k < steps; k++) network.trainOnBatch(data);
  const layers = network.getWeights().map(plain);
  network.dispose();
  return { ...numbers, layers };
}

/** The slope of the loss along one weight, measured: the loss a little above and a little below it. */
export function centralDifference(numbers: Numbers, layer: number, index: number): number {
  const h = 1e-5;
  const lossAt = (value: number) => {
    const layers = numbers.layers.map((one) => ({ weights: [...one.weights], bias: [...one.bias] }));
    layers[layer].weights[index] = value;
    const network = networkOf({ ...numbers, layers });
    const { loss } = network.evaluate({ x: [numbers.x], y: [numbers.y] });
    network.dispose();
    return loss;
  };
  const weight = numbers.layers[layer].weights[index];
  return (lossAt(weight + h) - lossAt(weight - h)) / (2 * h);
}

/** Numbers in a link: the preset, and all of them where any was changed. */
export function writeNumbers(numbers: Numbers): string {
  const usual = numbersOf(numbers.preset);
  const list = (of: Numbers) => [of.rate, ...of.x, ...of.y, ...of.layers.flatMap(({ weights, bias }) => [...weights, ...bias])]; // prettier-ignore
  const now = list(numbers);
  const isUsual = list(usual).every((value, k) => value === now[k]);
  return `p=${numbers.preset}${isUsual ? "" : `&v=${now.map(String).join(",")}`}`;
}

/** Reads such a link; what makes no sense leaves the preset as it is. */
export function readNumbers(query: string): Numbers {
  const pairs = new Map(query.split("&").map((part) => part.split("=", 2) as [string, string]));
  const name = pairs.get("p") ?? "two";
  const numbers = numbersOf(Object.hasOwn(PRESETS, name) ? (name as PresetName) : "two");
  const values = (pairs.get("v") ?? "").split(",").map(Number);
  const count = 1 + numbers.x.length + numbers.y.length + numbers.layers.reduce((sum, { weights, bias }) => sum + weights.length + bias.length, 0); // prettier-ignore
  if (values.length !== count || !values.every((value) => Number.isFinite(value) && Math.abs(value) <= 1e6))
    return numbers;
  let at = 1;
  const take = (list: number[]) => list.forEach((_, k) => (list[k] = values[at++]));
  if (values[0] > 0) numbers.rate = values[0];
  take(numbers.x);
  take(numbers.y);
  for (const { weights, bias } of numbers.layers) {
    take(weights);
    take(bias);
  }
  return numbers;
}
