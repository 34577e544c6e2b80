// Gradients. The twin is compared with central differences, and the core with the twin, in both precisions: for every
// activation × loss × penalty, and for sizes that leave remainders in every loop.
import { describe, expect, test } from "vitest";
import { activation, dense, Network, type NetworkOptions } from "../src/index.ts";
import {
  ACTIVATIONS,
  LOSSES,
  type Model,
  type Parameters,
  type Vector,
  backward,
  centralDifferences,
  forward,
  generator,
  gradients,
  loss,
  matrix,
  model,
  relativeDifference,
} from "./reference.ts";

/** One network with weights and samples that a float32 holds exactly. */
interface Case {
  name: string;
  options: NetworkOptions;
  weights: Parameters[];
  X: Vector[];
  Y: Vector[];
  /** In every third case, samples count differently, some not at all. */
  sampleWeights?: Vector;
}

const PENALTIES = {
  none: {},
  l1: { l1: 0.03 },
  l2: { l2: 0.05 },
  both: { l1: 0.02, l2: 0.04 },
};

/** Inputs, two hidden widths, outputs, batch. */
const SIZES = [
  [1, 2, 3, 2, 1],
  [2, 5, 2, 3, 3],
  [3, 7, 5, 2, 7],
  [5, 3, 7, 5, 1],
  [7, 2, 3, 7, 3],
  [2, 3, 2, 1, 7],
];

/** Losses that take the logarithm of activations, and outputs that keep those well above 0. */
const OF_POSITIVE = ["poisson", "klDivergence", "meanSquaredLogarithmicError"];
const POSITIVE = ["sigmoid", "softmax", "softplus"];

/** Some losses belong to certain activations, or to positive ones. All others fit every activation. */
function fits(output: string, lossName: string): boolean {
  const { behind, ofLogarithms } = LOSSES[lossName];
  if (output === "logSoftmax" && ofLogarithms) return true;
  if (OF_POSITIVE.includes(lossName)) return POSITIVE.includes(output);
  return behind === undefined || behind.includes(output);
}

/** Targets that the loss takes. */
function targets(lossName: string, rows: number, columns: number, draw: () => number): Vector[] {
  switch (lossName) {
    case "categoricalCrossEntropy":
      return matrix(rows, 1, draw).map(([u]) => oneHot(Math.floor(((u + 1) / 2) * columns), columns));
    case "klDivergence":
      return matrix(rows, columns, () => 1.1 + draw()).map((row) => {
        const total = row.reduce((sum, value) => sum + value, 0);
        return row.map((value) => Math.fround(value / total));
      });
    case "binaryCrossEntropy":
    case "sigmoidCrossEntropy":
    case "meanSquaredLogarithmicError":
      return matrix(rows, columns, () => Math.fround((draw() + 1) / 2));
    case "hinge":
    case "squaredHinge":
      return matrix(rows, columns, () => Math.sign(draw()));
    case "poisson":
      return matrix(rows, columns, () => Math.floor(2 * (draw() + 1)));
    case "meanAbsolutePercentageError":
      return matrix(rows, columns, () => Math.fround(awayFromZero(draw())));
    default:
      return matrix(rows, columns, () => Math.fround(draw()));
  }
}

function oneHot(index: number, length: number): Vector {
  return Array.from({ length }, (_, k) => (k === index ? 1 : 0));
}

/** Activations and losses with parameters, each also with another value. */
const PARAMETERS = {
  activations: [
    { name: "leakyRelu", slope: 0.3 },
    { name: "elu", alpha: 0.6 },
    { name: "celu", alpha: 1.7 },
  ],
  losses: [
    { name: "huber", delta: 0.3 },
    { name: "quantile", q: 0.8 },
    { name: "categoricalCrossEntropy", labelSmoothing: 0.1 },
    { name: "binaryCrossEntropy", labelSmoothing: 0.2 },
    { name: "sigmoidCrossEntropy", labelSmoothing: 0.3 },
  ],
};

/**
 * Every output activation with every loss that fits it, while the hidden activations take turns; then every hidden
 * activation with every penalty.
 */
function cases(): Case[] {
  const all: Case[] = [];
  const hiddens = [...Object.keys(ACTIVATIONS), ...PARAMETERS.activations];
  const losses = [...Object.keys(LOSSES), ...PARAMETERS.losses];
  const penalties = Object.keys(PENALTIES) as (keyof typeof PENALTIES)[];
  const add = (
    hidden: string | object,
    output: string,
    loss: string | { name: string },
    penalty: keyof typeof PENALTIES,
  ) => {
    const [inputs, first, second, last, batch] = SIZES[all.length % SIZES.length];
    const lossName = typeof loss === "string" ? loss : loss.name;
    // One softmax output is always 1, and the cosine of single numbers is 1 or −1.
    const least = output.toLowerCase().includes("softmax") || lossName === "cosineSimilarity" ? 2 : 1;
    const options = {
      inputs,
      layers: [
        dense(first, hidden as never),
        dense(second, hidden as never, { bias: false }),
        dense(Math.max(last, least), output as never),
      ],
      loss,
      ...PENALTIES[penalty],
    } as NetworkOptions;
    const name = `${text(hidden)} → ${output}, ${text(loss)}, penalty ${penalty}`;
    const sampleWeights =
      all.length % 3 === 2 ? matrix(1, batch, () => 0)[0].map((_, r) => [3, 0.4, 1, 0][r % 4]) : undefined;
    const weighed = sampleWeights ? ", weighted samples" : "";
    all.push({
      name: name + weighed,
      options,
      ...awayFromKinks(options, lossName, batch, all.length),
      ...(sampleWeights ? { sampleWeights } : {}),
    });
  };
  for (const output of Object.keys(ACTIVATIONS)) {
    for (const loss of losses.filter((loss) => fits(output, typeof loss === "string" ? loss : loss.name))) {
      const turn = all.length;
      add(hiddens[turn % hiddens.length], output, loss, penalties[turn % penalties.length]);
    }
  }
  for (const hidden of hiddens) {
    for (const penalty of penalties) {
      add(hidden, "tanh", "squaredError", penalty);
      add(hidden, "softmax", "categoricalCrossEntropy", penalty);
    }
  }
  return all;
}

function text(value: string | object): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Weights and samples for which no weighted input and no weight comes near a place where a derivative jumps. */
function awayFromKinks(options: NetworkOptions, lossName: string, batch: number, seed: number) {
  for (let attempt = 0; ; attempt++) {
    const draw = generator(1000 * seed + attempt);
    let inputs = options.inputs;
    const weights = options.layers.map((layer) => {
      if (layer.type !== "dense") throw new Error("only dense layers here");
      const size = inputs * layer.units;
      // Small enough that sigmoid and tanh keep away from their ends, where 1 − a² has few digits left in float32.
      const scale = 1 / Math.sqrt(inputs);
      inputs = layer.units;
      return {
        weights: matrix(1, size, () => Math.fround(scale * awayFromZero(draw())))[0],
        ...(layer.bias === false ? {} : { bias: matrix(1, layer.units, () => Math.fround(draw()))[0] }),
      };
    });
    const X = matrix(batch, options.inputs, () => Math.fround(draw()));
    const Y = targets(lossName, batch, inputs, draw);
    const twin = model(options, weights);
    const isClear = X.every((x, r) => isAwayFromKinks(twin, x, Y[r]));
    if (isClear && X.some((x, r) => hasSlope(twin, x, Y[r]))) return { weights, X, Y };
  }
}

function awayFromZero(u: number): number {
  return Math.sign(u) * (0.05 + 0.95 * Math.abs(u));
}

function isAwayFromKinks(twin: Model, x: Vector, y: Vector): boolean {
  const steps = forward(twin, x);
  const atLoss = twin.loss.kinks?.(steps.at(-1)!.a, y, twin.lossOptions) ?? [];
  return (
    atLoss.every((distance) => Math.abs(distance) > 0.01) &&
    steps.every(({ z }, l) =>
      twin.stages[l].activation.kinks.every((kink) => z.every((zj) => Math.abs(zj - kink) > 0.01)),
    )
  );
}

/** Whether there is any error. After a softmax, a loss with the same slope for all outputs gives none. */
function hasSlope(twin: Model, x: Vector, y: Vector): boolean {
  return backward(twin, forward(twin, x), y)
    .at(-1)!
    .some((delta) => Math.abs(delta) > 1e-3);
}

type AnyParameters = { weights: ArrayLike<number>; bias?: ArrayLike<number> };

/** The largest difference over all tensors, each as a part of the largest number in that tensor. */
function worst(actual: AnyParameters[], expected: AnyParameters[]): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(
    ...expected.map(({ weights, bias }, l) => {
      expect(actual[l].bias === undefined).toBe(bias === undefined);
      return Math.max(
        relativeDifference(actual[l].weights, weights),
        bias ? relativeDifference(actual[l].bias!, bias) : 0,
      );
    }),
  );
}

function coreGradients({ options, weights, X, Y, sampleWeights }: Case, dtype: "float32" | "float64"): AnyParameters[] {
  using network = new Network({ ...options, dtype });
  network.setWeights(weights);
  return network.gradients({ x: X, y: Y, sampleWeights });
}

const all = cases();
const byName = all.map((c) => [c.name, c] as const);

describe("the twin against central differences", () => {
  test.each(byName)("%s", (_name, { options, weights, X, Y, sampleWeights }) => {
    const twin = model(options, weights);
    const differences = centralDifferences(twin, X, Y, sampleWeights);
    expect(worst(gradients(twin, X, Y, sampleWeights), differences)).toBeLessThanOrEqual(1e-7);
  });
});

test("a fused cross-entropy of the twin is the plain one behind its activation", () => {
  for (const [name, plain] of Object.entries(LOSSES)) {
    const { fused, options: p = {} } = plain;
    if (!fused) continue;
    const activation = ACTIVATIONS[fused.activation];
    const draw = generator(3);
    for (let k = 0; k < 20; k++) {
      const z = matrix(1, 4, () => 3 * draw())[0];
      const [y] = targets(name, 1, 4, draw);
      const a = activation.value(z, {});
      expect(fused.value(z, y, p)).toBeCloseTo(plain.value(a, y, p), 12);
      expect(
        relativeDifference(fused.delta(a, y, p), activation.back(z, a, plain.derivative(a, y, p), {})),
      ).toBeLessThan(1e-12);
    }
  }
});

describe("the core against the twin", () => {
  test.each(byName)("%s", (_name, c) => {
    const expected = gradients(model(c.options, c.weights), c.X, c.Y, c.sampleWeights);
    expect(worst(coreGradients(c, "float32"), expected)).toBeLessThanOrEqual(1e-5);
    expect(worst(coreGradients(c, "float64"), expected)).toBeLessThanOrEqual(1e-12);
  });

  // Every remainder of the products' tiles: rows, columns and depth one by one, then some beyond a panel.
  const widths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33];
  test.each(widths)("sizes: %i inputs, every width, every batch", (inputs) => {
    for (const units of widths) {
      for (const batch of [1, 2, 3, 4, 5, 6, 7, 8, 9, 17]) {
        const options: NetworkOptions = {
          inputs,
          layers: [dense(units, "tanh"), dense(3, "linear")],
          loss: "squaredError",
        };
        const c = { name: "", options, ...awayFromKinks(options, "squaredError", batch, units * 100 + batch) };
        const expected = gradients(model(options, c.weights), c.X, c.Y);
        const where = `${inputs}-${units}-3, batch of ${batch}`;
        expect(worst(coreGradients(c, "float32"), expected), where).toBeLessThanOrEqual(1e-5);
        expect(worst(coreGradients(c, "float64"), expected), where).toBeLessThanOrEqual(1e-12);
      }
    }
  });

  test("a layer's own penalties stand in for the network's", () => {
    const options: NetworkOptions = {
      inputs: 3,
      layers: [
        { type: "dense", units: 5, activation: "tanh", l1: 0.2 },
        { type: "dense", units: 3, activation: "sigmoid", l2: 0 },
        { type: "activation", activation: "softmax" },
      ],
      loss: "categoricalCrossEntropy",
      l1: 0.01,
      l2: 0.3,
    };
    const denseLayers = { ...options, layers: options.layers.slice(0, 2) };
    const c = { name: "", options, ...awayFromKinks(denseLayers, "categoricalCrossEntropy", 5, 77) };
    const expected = gradients(model(options, c.weights), c.X, c.Y);
    expect(worst(expected, centralDifferences(model(options, c.weights), c.X, c.Y))).toBeLessThanOrEqual(1e-7);
    expect(worst(coreGradients(c, "float32"), expected)).toBeLessThanOrEqual(1e-5);
    expect(worst(coreGradients(c, "float64"), expected)).toBeLessThanOrEqual(1e-12);
  });

  test("trace: one sample's z, a, δ, gradients and loss, layer by layer", () => {
    const c = all.find(({ name }) => name.startsWith("tanh → softmax, categoricalCrossEntropy, penalty none"))!;
    const twin = model(c.options, c.weights);
    const [x, y] = [c.X[0], c.Y[0]];
    using network = new Network({ ...c.options, dtype: "float64" });
    network.setWeights(c.weights);
    const trace = network.trace(x, y);

    expect(trace.loss).toBeCloseTo(loss(twin, [x], [y]), 12);
    const steps = forward(twin, x);
    const expected = gradients(twin, [x], [y]);
    trace.layers.forEach((layer, l) => {
      expect(relativeDifference(layer.z, steps[l].z)).toBeLessThanOrEqual(1e-12);
      expect(relativeDifference(layer.a, steps[l].a)).toBeLessThanOrEqual(1e-12);
      expect(worst([layer.gradients!], [expected[l]])).toBeLessThanOrEqual(1e-12);
      // ∂E/∂b is δ itself.
      if (expected[l].bias) expect(relativeDifference(layer.delta, expected[l].bias)).toBeLessThanOrEqual(1e-12);
    });
  });
});

describe("checkGradients", () => {
  test.each(["float32", "float64"] as const)("finds right gradients right in %s", (dtype) => {
    for (const c of all.filter((_, k) => k % 7 === 0)) {
      using network = new Network({ ...c.options, dtype });
      network.setWeights(c.weights);
      const before = network.fingerprint();
      expect(network.checkGradients({ x: c.X, y: c.Y, sampleWeights: c.sampleWeights }), c.name).toBeLessThanOrEqual(
        1e-5,
      );
      expect(network.fingerprint()).toBe(before);
    }
  });
});

describe("weighted inputs of ±10,000", () => {
  const rows = [
    { lossName: "binaryCrossEntropy", output: "sigmoid", right: [[1, 0]], wrong: [[0, 1]], worstLoss: 1e4 },
    { lossName: "sigmoidCrossEntropy", output: "sigmoid", right: [[1, 0]], wrong: [[0, 1]], worstLoss: 2e4 },
    { lossName: "categoricalCrossEntropy", output: "softmax", right: [[1, 0]], wrong: [[0, 1]], worstLoss: 2e4 },
  ] as const;

  test.each(rows)("$lossName stays finite and exact", ({ lossName, output, right, wrong, worstLoss }) => {
    using network = new Network({
      inputs: 1,
      layers: [dense(2, output, { bias: false })],
      loss: lossName,
      optimizer: { name: "sgd", learningRate: 1 },
    });
    network.setWeights([{ weights: [[1e4, -1e4]] }]);
    expect(network.evaluate({ x: [[1]], y: right }).loss).toBe(0);
    expect(network.evaluate({ x: [[1]], y: wrong }).loss).toBe(worstLoss);
    const [{ weights }] = network.gradients({ x: [[1]], y: wrong });
    const scale = lossName === "binaryCrossEntropy" ? 0.5 : 1;
    expect(Array.from(weights)).toEqual([scale, -scale]);
    expect(network.trainOnBatch({ x: [[1]], y: wrong })).toBe(worstLoss);
  });
});

test("trace: the errors of stacked activation layers are each layer's own", () => {
  const layers = [dense(2, "tanh"), activation("sigmoid"), activation("tanh"), dense(1)];
  using network = new Network({ inputs: 2, layers, dtype: "float64", loss: "squaredError" });
  const { layers: steps } = network.trace([0.3, -0.8], [0.7]);
  const W = network.getWeights()[1].weights;
  const error = steps[3].a[0] - 0.7;
  for (let i = 0; i < 2; i++) {
    const third = error * W[i] * (1 - steps[2].a[i] ** 2);
    const second = third * steps[1].a[i] * (1 - steps[1].a[i]);
    const first = second * (1 - steps[0].a[i] ** 2);
    expect(steps[2].delta[i]).toBeCloseTo(third, 14);
    expect(steps[1].delta[i]).toBeCloseTo(second, 14);
    expect(steps[0].delta[i]).toBeCloseTo(first, 14);
  }
});
