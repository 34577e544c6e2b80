// Norms and variances of very large and very small numbers: scaled, so that no square overflows or vanishes, they are what
// they are for numbers of usual size.
import { describe, expect, test } from "vitest";
import { type Layer, Network, type PropagoError, Regressor, batchNorm, dense, layerNorm } from "../src/index.ts";
import { blankScaler, fitScaler, learnOn } from "../src/selection/scaling.ts";
import { failure } from "./failure.ts";

const DTYPES = ["float32", "float64"] as const;
type DType = (typeof DTYPES)[number];

const epsilonOf = (dtype: DType): number => (dtype === "float32" ? 2 ** -23 : 2 ** -52);
const identity = { weights: [1, 0, 0, 0, 1, 0, 0, 0, 1] };

function expectClose(actual: ArrayLike<number>, expected: readonly number[], relative: number, absolute = 0): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, k) => {
    expect(Math.abs(actual[k] - value), `number ${k}: ${actual[k]}, expected ${value}`).toBeLessThanOrEqual(
      relative * Math.abs(value) + absolute,
    );
  });
}

describe.each(DTYPES)("in %s", (dtype) => {
  const epsilon = epsilonOf(dtype);
  const large = dtype === "float32" ? [1e19, 1e20, 1e25, 8e37] : [1e19, 1e25, 1e154, 1e160, 1e300];
  const small = dtype === "float32" ? [1e-19, 1e-20, 1e-25] : [1e-150, 1e-160, 1e-200];

  test.each([1, ...large, ...small])("maxNorm shortens weights of %d, and no others", (size) => {
    for (const unit of [size, -size]) {
      const weights = [3, 4, 0.5, 4, -3, 0.25].map((w) => w * unit); // units: (3, 4), (4, −3), (0.5, 0.25)
      for (const limit of [2.5, 1e-3].map((part) => part * size)) {
        using network = new Network({
          inputs: 2,
          layers: [dense(3, "linear", { maxNorm: limit, bias: false })],
          optimizer: { name: "sgd", learningRate: Number.MIN_VALUE },
          dtype,
        });
        network.setWeights([{ weights: [3, 4, 0.5, 4, -3, 0.25].map((w) => w * unit) }]);
        network.trainOnBatch({ x: [[0, 0]], y: [[0, 0, 0]] });
        const columns = [0, 1, 2].map((o) => Math.min(1, limit / size / [5, 5, Math.hypot(0.5, 0.25)][o]));
        const expected = weights.map((w, i) => w * columns[i % 3]);
        // Rows of W are inputs: unit o has the weights o and 3 + o.
        expectClose(network.getWeights()[0].weights, expected, 8 * epsilon);
      }
    }
  });

  test.each(large)("layerNorm of %d: values, and gradients below it", (size) => {
    const make = (init: number): Network<DType> => {
      const network = new Network<DType>({
        inputs: 3,
        layers: [dense(3, "linear", { bias: false }), layerNorm(), dense(3, "linear", { bias: false })],
        dtype,
      });
      network.setWeights([identity, { weights: [1, 2, 3], bias: [0.5, 0, -0.5] }, identity].map((layer, l) => l === 0 ? { weights: identity.weights.map((w) => w * init) } : layer)); // prettier-ignore
      return network;
    };
    using usual = make(1e6);
    using network = make(size);
    const x = [[1, 2, -1], [0.5, -0.25, 4]]; // prettier-ignore
    const y = [[1, 0, 0], [0, 1, 0]]; // prettier-ignore
    // ε counts for nothing beside either.
    expectClose(network.predict(x), Array.from(usual.predict(x)), 32 * epsilon + 1e-10, 8 * epsilon);
    const [below, own] = network.gradients({ x, y });
    const [belowUsual, ownUsual] = usual.gradients({ x, y });
    expectClose(own.weights, Array.from(ownUsual.weights), 64 * epsilon + 1e-10);
    const most = Math.max(...Array.from(belowUsual.weights, Math.abs)) * 1e6;
    Array.from(below.weights).forEach((slope, k) => {
      expect(Math.abs(slope * size - belowUsual.weights[k] * 1e6)).toBeLessThanOrEqual((64 * epsilon + 1e-9) * most);
    });
  });

  test.each(large)("batchNorm of %d, by the batch's own statistics", (size) => {
    const make = (): Network<DType> => {
      const layers: Layer[] = [batchNorm(), dense(3, "linear", { bias: false })];
      const network = new Network<DType>({ inputs: 3, layers, dtype });
      network.setWeights([{ weights: [1, 2, 3], bias: [0, 0, 0], mean: [0, 0, 0], variance: [1, 1, 1] }, identity]);
      return network;
    };
    using usual = make();
    using network = make();
    const rows = [[1, 2, 30], [2, -1, 20], [-1, 0, 41]]; // prettier-ignore
    const y = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]; // prettier-ignore
    const at = (scale: number) => ({ x: rows.map(([a, b, c]) => [a * scale, b * scale, c]), y });
    const gradients = network.gradients(at(size))[0].weights;
    expectClose(gradients, Array.from(usual.gradients(at(1e6))[0].weights), 64 * epsilon + 1e-10);
  });

  test.each([1e-3, 1, 1e10, ...(dtype === "float32" ? [1e18] : [1e154, 1e200, 1e300])])(
    "clipNorm brings gradients of %d to its norm",
    (size) => {
      for (const flavor of ["pytorch", "keras"] as const) {
        const clipNorm = 1e-4;
        using network = new Network({
          inputs: 2,
          layers: [dense(1, "linear", { bias: false })],
          loss: "meanAbsoluteError",
          optimizer: { name: "sgd", learningRate: 1, clipNorm, flavor },
          dtype,
        });
        network.setWeights([{ weights: [0, 0] }]);
        network.trainOnBatch({ x: [[3 * size, 4 * size]], y: [-1] });
        const expected = [-0.6 * clipNorm, -0.8 * clipNorm];
        // PyTorch adds 1e-6 to the norm.
        expectClose(network.getWeights()[0].weights, expected, 1e-3);
        if (size >= 1e10) expectClose(network.getWeights()[0].weights, expected, 8 * epsilon);
      }
    },
  );
});

describe("lsuv of samples of any size", () => {
  const rows = 40;
  const plain = Array.from({ length: rows }, (_, r) => [0, 1, 2].map((c) => (((3 * r + c) * 7919) % 101) / 50 - 1));
  const y = plain.map(([a]) => Number(a > 0));
  const make = (dtype: DType) =>
    new Network<DType>({
      inputs: 3,
      layers: [dense(8, "tanh", { init: "lsuv" }), dense(2, "softmax", { init: "lsuv" })],
      dtype,
    });
  const at = (size: number) => plain.map((row) => row.map((value) => value * size));

  test.each([
    ["float32", 1e-30],
    ["float32", 1e-20],
    ["float32", 1e20],
    ["float32", 3e38],
    ["float64", 1e-300],
    ["float64", 1e-200],
    ["float64", 1e200],
    ["float64", 1.7e308],
  ] as const)("in %s of %d they have a variance of 1", (dtype, size) => {
    using usual = make(dtype);
    using network = make(dtype);
    usual.initialize(plain);
    network.initialize(at(size));
    expectClose(network.predict(at(size)), Array.from(usual.predict(plain)), dtype === "float32" ? 1e-4 : 1e-9);
  });

  test.each([
    ["float32", 1e-40],
    ["float32", 1e-44],
    ["float64", 1e-310],
  ] as const)("in %s of %d they are refused, and nothing has changed", (dtype, size) => {
    using network = make(dtype);
    const before = network.fingerprint();
    for (const act of [
      () => network.initialize(at(size)),
      () => network.fitSync({ x: at(size), y }),
      () => network.trainOnBatch({ x: at(size), y }),
    ]) {
      const error = failure(act) as PropagoError;
      expect(error.code).toBe("ERR_RANGE");
      expect(error.message).toMatch(/lsuv.*layer "dense_1".*scale x/);
      expect(network.fingerprint()).toBe(before);
    }
    // It still waits for samples.
    using other = make(dtype);
    for (const one of [network, other]) one.fitSync({ x: plain, y }, { epochs: 1 });
    expect(network.fingerprint()).toBe(other.fingerprint());
  });
});

test.each(DTYPES)("weights that became infinite while the loss stayed finite: finite ones are back, in %s", (dtype) => {
  const rate = dtype === "float32" ? 3e38 : 1.7e308;
  using network = new Network<DType>({
    inputs: 1,
    layers: [dense(1, "relu", { bias: false }), dense(1, "linear", { bias: false, trainable: false })],
    loss: "meanAbsoluteError",
    optimizer: { name: "sgd", learningRate: rate },
    dtype,
  });
  network.setWeights([{ weights: [1] }, { weights: [1] }]);
  // The unit is off after its first step, by a weight of −∞.
  const error = failure(() => network.fitSync({ x: [[2]], y: [-1] }, { epochs: 5 })) as PropagoError;
  expect(error.code).toBe("ERR_DIVERGED");
  expect(error.message).toMatch(/weights are not finite.*the last finite weights are back/);
  expect(Array.from(network.getWeights()[0].weights)).toEqual([1]);
});

describe("scaling of columns of any size", () => {
  const data = Float64Array.from({ length: 60 }, (_, i) => (((i * 37) % 61) / 30 - 1) * (1 + (i % 3)) + 0.25);

  test.each([1e-307, 1e-200, 1e-160, 1, 1e100, 1e150])("means and deviations of numbers of %d", (size) => {
    const usual = fitScaler({ data, rows: 20, columns: 3 });
    const scaled = fitScaler({ data: data.map((value) => value * size), rows: 20, columns: 3 });
    expectClose(
      scaled.mean,
      Array.from(usual.mean, (value) => value * size),
      1e-14,
    );
    expectClose(
      scaled.scale,
      Array.from(usual.scale, (value) => value * size),
      1e-14,
    );
    // Learnt bit by bit, it is the same.
    const half = (from: number) => ({
      data: data.map((value) => value * size).slice(from, from + 30),
      rows: 10,
      columns: 3,
    });
    const grown = learnOn(learnOn(blankScaler(3), half(0)), half(30));
    expectClose(grown.mean, Array.from(scaled.mean), 1e-14);
    expectClose(grown.scale, Array.from(scaled.scale), 1e-14);
  });

  test("a regressor learns from columns of 1e-200 and 1e150 as from usual ones", () => {
    const rows = 40;
    const at = (a: number, b: number): number[][] =>
      Array.from({ length: rows }, (_, r) => [(((r * 37) % 40) / 20 - 1) * a, (((r * 11) % 40) / 20 - 1) * b]);
    const y = at(1, 1).map(([a, b]) => 3 * a + b);
    const r2 = (x: number[][]): number => {
      using regressor = new Regressor({ hidden: [4], seed: 1 });
      regressor.fitSync(x, y, { epochs: 60 });
      return regressor.evaluate(x, y).r2!;
    };
    expect(r2(at(1e-200, 1e150))).toBeCloseTo(r2(at(1, 1)), 9);
  });
});
