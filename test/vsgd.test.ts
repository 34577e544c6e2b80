// vSGD, whose rates come from the samples of each batch: its variants against the twin, activations and losses of every
// kind it knows, what it refuses, and that there is nothing to tune: no seed diverges, whatever the batches.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type DType, Network, type NetworkOptions, type OptimizerSpec, activation, dense } from "../src/index.ts";
import { leave } from "./leave.ts";
import { generator, matrix, model, parametersOf, relativeDifference, train } from "./reference.ts";

const variants = ["l", "b", "g", "fd"] as const;
const draw = generator(21);
const x = matrix(18, 3, draw);
const values = x.map(([a, b, c]) => [a * b - c, 0.5 * a + b * c]);
const signs = values.map((row) => row.map((value) => Number(value > 0)));
const classes = values.map(([a, b]) => [Number(a > b), Number(a <= b)]);
const flat = (weights: { weights: ArrayLike<number>; bias?: ArrayLike<number> }[]) =>
  weights.flatMap(({ weights, bias = [] }) => [...Array.from(weights), ...Array.from(bias)]);

const cases: { loss: NonNullable<NetworkOptions["loss"]>; layers: NetworkOptions["layers"]; y: number[][] }[] = [
  { loss: "meanSquaredError", layers: [dense(5, "tanh"), dense(2)], y: values },
  { loss: "squaredError", layers: [dense(3, "sigmoid", { trainable: "weights" }), dense(2, "tanh")], y: values },
  { loss: "binaryCrossEntropy", layers: [dense(5, "tanh"), dense(2, "sigmoid")], y: signs },
  { loss: "sigmoidCrossEntropy", layers: [dense(7, "softplus", { bias: false }), dense(2, "sigmoid")], y: signs },
  {
    loss: "categoricalCrossEntropy",
    layers: [dense(4), activation("tanh"), dense(5, "tanh", { trainable: "bias" }), dense(2), activation("softmax")],
    y: classes,
  },
  { loss: { name: "categoricalCrossEntropy", labelSmoothing: 0.1 }, layers: [dense(2, "softmax")], y: classes },
];
const each = cases.flatMap((one) => variants.map((variant) => ({ ...one, variant, name: JSON.stringify(one.loss) })));

describe.each(["float32", "float64"] as const)("%s", (dtype) => {
  test.each(each)("fifteen steps are the twin's: $variant, $name", ({ loss, layers, y, variant }) => {
    // Three batches, the last of a pass shorter, only measure.
    const optimizer = { name: "vsgd", variant, slowStart: 1.5, initialSamples: 16 } as const;
    using network = new Network({ inputs: 3, layers, loss, optimizer, dtype, seed: 4 });
    const before = flat(network.getWeights());
    const twin = model({ inputs: 3, layers, loss }, network.getWeights());
    const losses: number[] = [];
    network.fitSync(
      { x, y },
      { epochs: 5, batchSize: 7, shuffle: false, onBatch: (report) => void losses.push(report.loss) },
    );
    const expected = train(twin, x, y, { optimizer, batchSize: 7, epochs: 5 });
    const tolerance = dtype === "float64" ? 1e-9 : variant === "fd" ? 0.02 : 1e-3;
    expect(relativeDifference(losses, expected)).toBeLessThan(tolerance);
    expect(relativeDifference(flat(network.getWeights()), flat(parametersOf(twin)))).toBeLessThan(tolerance);
    expect(relativeDifference(flat(network.getWeights()), before)).toBeGreaterThan(0.01);
  });

  test.each(variants)("single samples: %s", (variant) => {
    const { loss, layers, y } = cases[0];
    const optimizer = { name: "vsgd", variant, initialSamples: 8 } as const;
    using network = new Network({ inputs: 3, layers, loss, optimizer, dtype: "float64", seed: 4 });
    const twin = model({ inputs: 3, layers, loss }, network.getWeights());
    network.fitSync({ x, y }, { epochs: 1, batchSize: 1, shuffle: false });
    const slowStart = Math.max(2, Math.sqrt(network.parameterCount));
    train(twin, x, y, { optimizer: { ...optimizer, slowStart }, batchSize: 1, epochs: 1 });
    expect(relativeDifference(flat(network.getWeights()), flat(parametersOf(twin)))).toBeLessThan(1e-9);
  });

  test.each(variants)("seven fits, or away in between, are one of seven, to the bit: %s", (variant) => {
    const make = () => {
      const optimizer = { name: "vsgd", variant, initialSamples: 40, slowStart: 4 } as const;
      return new Network<DType>({ inputs: 3, layers: cases[0].layers, optimizer, dtype, seed: 4 });
    };
    using once = make();
    using often = make();
    once.fitSync({ x, y: values }, { epochs: 7, batchSize: 5 });
    for (let k = 0; k < 7; k++) {
      often.fitSync({ x, y: values }, { epochs: 1, batchSize: 5 });
      leave(often);
    }
    expect(often.fingerprint()).toBe(once.fingerprint());
  });
});

test.each(["l", "b", "g"] as const)("a loss that counts four times has the same steps: %s", (variant) => {
  const run = (weight: number) => {
    const optimizer = { name: "vsgd", variant, initialSamples: 12, leastCurvature: 1e-30 } as const;
    using network = new Network({ inputs: 3, layers: [dense(5, "tanh"), dense(2)], optimizer, dtype: "float64" });
    const sampleWeights = x.map((_, r) => weight * (r % 2 === 0 ? 1 : 0.5));
    const report = network.fitSync({ x, y: values }, { epochs: 5, batchSize: 6, sampleWeights });
    return [network.fingerprint(), report.epochs[0].learningRate];
  };
  expect(run(4)).toEqual(run(1));
});

test("the first samples change nothing", () => {
  using network = new Network({ inputs: 3, layers: [dense(2)], optimizer: { name: "vsgd", initialSamples: 18 } });
  const before = network.fingerprint();
  network.fitSync({ x, y: values }, { epochs: 1, batchSize: 6 });
  expect(network.fingerprint()).toBe(before);
  network.trainOnBatch({ x, y: values });
  expect(network.fingerprint()).not.toBe(before);
});

test("an input that is always 0 leaves its weights as they are", () => {
  for (const variant of ["l", "fd"] as const) {
    using network = new Network({ inputs: 3, layers: [dense(2)], optimizer: { name: "vsgd", variant } });
    const [{ weights: before }] = network.getWeights();
    network.fitSync({ x: x.map(([a, b]) => [a, 0, b]), y: values }, { epochs: 60, batchSize: 6 });
    const [{ weights }] = network.getWeights();
    expect(weights.slice(2, 4)).toEqual(before.slice(2, 4));
    expect(weights[0]).not.toBe(before[0]);
  }
});

describe("what it cannot measure is refused", () => {
  const refused: [string, Partial<NetworkOptions>, RegExp][] = [
    ["a loss", { loss: "huber" }, /vsgd has no curvature of the loss "huber".*variant: "fd"/],
    ["an activation", { layers: [dense(3, "softmax"), dense(2)] }, /activation "softmax" of layer "dense_1".*"fd"/],
    ["a last activation", { layers: [dense(2, "softmax")], loss: "meanSquaredError" }, /"softmax" of layer "dense_1"/],
    ["penalties", { l2: 0.1 }, /vsgd.*l1.*l2/],
    ["penalties of a layer", { layers: [dense(2, "tanh", { l1: 0.1 })] }, /vsgd.*l1.*l2/],
  ];
  test.each(refused)("%s", (_what, options, message) => {
    expect(() => new Network({ inputs: 3, layers: [dense(2)], optimizer: "vsgd", ...options })).toThrow(message);
  });

  test("but differences are measured behind any loss and activation", () => {
    const optimizer = { name: "vsgd", variant: "fd", initialSamples: 6 } as const;
    using network = new Network({ inputs: 3, layers: [dense(3, "softmax"), dense(2)], loss: "huber", optimizer });
    const { epochs } = network.fitSync({ x, y: values }, { epochs: 100, batchSize: 6 });
    expect(epochs.at(-1)!.loss).toBeLessThan(epochs[0].loss);
  });
});

/** Numbers in [-1, 1), the same in every run. */
const some = generator(5);
const few = matrix(40, 3, some);
const many = matrix(300, 4, some);
const problems = [
  {
    name: "40 × 3, regression",
    units: 6,
    out: dense(1),
    x: few,
    y: few.map(([a, b, c]) => [a * b + c + 0.1 * some()]),
  },
  { name: "40 × 3, two classes", units: 6, out: dense(1, "sigmoid"), x: few, y: few.map(([a, b]) => Number(a > b)) },
  {
    name: "300 × 4, three classes",
    units: 16,
    out: dense(3, "softmax"),
    x: many,
    y: many.map(([a, b]) => (a > 0.2 ? 0 : b > 0 ? 1 : 2)),
  },
] as const;

describe.each(problems)("nothing to tune: $name", ({ units, out, x, y }) => {
  const data = { x, y: y };
  const batches = [1, 8, 32, "full"] as const;

  test.each(variants)("no seed diverges, and every one learns: %s", { timeout: 60_000 }, (variant) => {
    for (const batchSize of batches) {
      for (const name of ["relu", "tanh", "sigmoid"] as const) {
        for (let seed = 0; seed < 2; seed++) {
          using network = new Network({
            inputs: x[0].length,
            layers: [dense(units, name), out],
            optimizer: { name: "vsgd", variant },
            seed,
          });
          const before = network.evaluate(data).loss;
          network.fitSync(data, { epochs: batchSize === "full" ? 300 : 150, batchSize });
          const part = network.evaluate(data).loss / before;
          expect.soft(part, `${name}, batch ${batchSize}, seed ${seed}`).toBeLessThan(variant === "l" ? 0.4 : 0.75);
        }
      }
    }
  });
});

test("60 of 60 seeds: 40 × 3, 6 tanh units, batches of 32", () => {
  const [{ x, y }] = problems;
  for (let seed = 0; seed < 60; seed++) {
    using network = new Network({ inputs: 3, layers: [dense(6, "tanh"), dense(1)], optimizer: "vsgd", seed });
    const before = network.evaluate({ x, y }).loss;
    network.fitSync({ x, y }, { epochs: 200, batchSize: 32 });
    expect(network.evaluate({ x, y }).loss).toBeLessThan(0.25 * before);
  }
});

test.each(variants)("data of any size does not make it diverge: %s", (variant) => {
  for (const [ofX, ofY] of [
    [1000, 1],
    [1, 250_000],
    [1000, 1e5],
    [1e-3, 1e-3],
  ]) {
    for (const batchSize of [8, "full"] as const) {
      const data = { x: few.map((row) => row.map((v) => v * ofX)), y: few.map(([a, b, c]) => [(a * b + c) * ofY]) };
      using network = new Network({
        inputs: 3,
        layers: [dense(6, "relu"), dense(1)],
        optimizer: { name: "vsgd", variant },
      });
      const before = network.evaluate(data).loss;
      network.fitSync(data, { epochs: 60, batchSize });
      expect(network.evaluate(data).loss).toBeLessThanOrEqual(before);
    }
  }
});

test("a step goes no further than the batch's loss falls, and the average follows what was taken", () => {
  const [{ x, y }] = problems;
  const optimizer = { name: "vsgd", initialSamples: 40, averaging: 0 } as const;
  using network = new Network({ inputs: 3, layers: [dense(6, "tanh"), dense(1)], optimizer, dtype: "float64" });
  const losses: number[] = [];
  network.fitSync({ x, y }, { epochs: 100, batchSize: "full", onBatch: ({ loss }) => void losses.push(loss) });
  for (let k = 1; k < losses.length; k++) expect(losses[k]).toBeLessThanOrEqual(losses[k - 1] * (1 + 1e-12));
  expect(network.getWeights({ averaged: true })).toEqual(network.getWeights());
});

const [, ...lines] = readFileSync(new URL("../examples/data/digits.csv", import.meta.url), "utf8")
  .trim()
  .split("\n");
const digits = lines.map((line) => line.split(",").map(Number)).filter((_, k) => k % 5 !== 0);
const pixels = { x: digits.map((row) => row.slice(0, 64).map((p) => p / 16)), y: digits.map((row) => row[64]) };

test.each(variants)("relu units stay alive on digits: %s", { timeout: 60_000 }, (variant) => {
  for (const batchSize of [8, 32, "full"] as const) {
    const layers = [dense(64, "relu"), dense(10, "softmax")];
    using network = new Network({ inputs: 64, layers, optimizer: { name: "vsgd", variant }, seed: 1 });
    network.fitSync(pixels, { epochs: batchSize === "full" ? 40 : 8, batchSize });
    const [{ weights, bias }] = network.getWeights();
    const alive = new Set<number>();
    for (const row of pixels.x) {
      for (let o = 0; o < 64; o++) {
        if (alive.has(o)) continue;
        if (row.reduce((z, value, i) => z + value * weights[i * 64 + o], bias![o]) > 0) alive.add(o);
      }
    }
    expect(alive.size, `batch ${batchSize}`).toBeGreaterThan(52);
    expect(network.evaluate(pixels).accuracy, `batch ${batchSize}`).toBeGreaterThan(variant === "l" ? 0.93 : 0.8);
  }
});

test(
  "without any tuning, it comes on digits as far as the best of five rates of plain descent",
  { timeout: 60_000 },
  () => {
    const reached = (optimizer: OptimizerSpec) => {
      const losses = [0, 1, 2].map((seed) => {
        using network = new Network({ inputs: 64, layers: [dense(64, "relu"), dense(10, "softmax")], optimizer, seed });
        // Sample by sample, as it was published.
        return network.fitSync(pixels, { epochs: 10, batchSize: 1 }).epochs.at(-1)!.loss;
      });
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    };
    const best = Math.min(...[1, 0.3, 0.1, 0.03, 0.01].map((learningRate) => reached({ name: "sgd", learningRate })));
    expect(reached("vsgd")).toBeLessThan(1.1 * best);
  },
);
