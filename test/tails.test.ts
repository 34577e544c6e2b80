// Activations and losses for very large inputs, very near 0, and exactly at their kinks. They must be finite and right, even
// where the formulas of textbooks overflow or subtract two nearly equal numbers.
import { describe, expect, test } from "vitest";
import { activation, Network, type ActivationSpec, type LossSpec } from "../src/index.ts";
import { ACTIVATIONS, LOSSES } from "./reference.ts";

const DTYPES = ["float32", "float64"] as const;
type DType = (typeof DTYPES)[number];

const POINTS = [1e4, 90, 30, 12, 5, 3.5, 1, 0.3, 1e-4, 1e-8].flatMap((z) => [z, -z]);
const ELEMENTWISE = Object.keys(ACTIVATIONS).filter((name) => !name.toLowerCase().includes("softmax"));

/** f(z) and f′(z) of the core. The network is one activation; the target is one below its output, so that ∂E/∂a = 1. */
function core(name: string, dtype: DType, z: number): { a: number; slope: number } {
  using network = new Network({
    inputs: 1,
    layers: [{ type: "dense", units: 1, bias: false, activation: name as ActivationSpec }],
    loss: "meanAbsoluteError",
    dtype,
  });
  network.setWeights([{ weights: [1] }]);
  const [{ a, delta }] = network.trace([z], [-1e30]).layers;
  return { a: a[0], slope: delta[0] };
}

/** Slopes that are computed from activations alone. */
const FROM_A = ["sigmoid", "tanh"];

/** The rounding of float32 below its smallest normal number. */
const SMALLEST = { float32: 1.2e-38, float64: 2.3e-308 };

describe.each(DTYPES)("tails in %s", (dtype) => {
  const tolerance = dtype === "float32" ? 3e-6 : 1e-13;

  test.each(ELEMENTWISE)("%s", (name) => {
    const { value, back, options } = ACTIVATIONS[name];
    for (const point of POINTS) {
      const z = dtype === "float32" ? Math.fround(point) : point;
      const [a] = value([z], options);
      const [slope] = back([z], [a], [1], options);
      const actual = core(name, dtype, z);
      for (const [what, got, expected] of [
        ["value", actual.a, a],
        ["slope", actual.slope, slope],
      ] as const) {
        // Where f′ passes through 0 (silu, mish, gelu, sine) its terms cancel; from a, it has the digits of 1 − a.
        const cancels = what === "slope" && (Math.abs(z) < 10 || FROM_A.includes(name));
        const allowed = tolerance * Math.max(Math.abs(expected), cancels ? 0.1 : 0) + SMALLEST[dtype];
        expect(Math.abs(got - expected), `${what} at ${z}: ${got}, expected ${expected}`).toBeLessThanOrEqual(allowed);
      }
    }
  });

  test("softmax and logSoftmax of ±10,000", () => {
    const z = [1e4, -1e4, 1e4 - 1];
    for (const name of ["softmax", "logSoftmax"] as const) {
      using network = new Network({ inputs: 3, layers: [activation(name)], dtype });
      const expected = ACTIVATIONS[name].value(z, {});
      Array.from(network.predict([z])).forEach((a, j) =>
        expect(a).toBeCloseTo(expected[j], dtype === "float32" ? 2 : 9),
      );
    }
  });

  test("the sine of numbers up to 10,000, and bounded beyond", () => {
    using network = new Network({ inputs: 1, layers: [activation("sine")], dtype });
    const x = Array.from({ length: 20_001 }, (_, k) => Math.fround(k - 10_000 + 0.37 * Math.cos(k)));
    const y = network.predict(x.map((value) => [value]));
    let worst = 0;
    for (const [k, value] of x.entries()) worst = Math.max(worst, Math.abs(y[k] - Math.sin(value)));
    expect(worst).toBeLessThanOrEqual(dtype === "float32" ? 2 ** -23 : 2 ** -52);
    for (const far of network.predict([[1e7], [-1e20], [3e38]])) expect(Math.abs(far)).toBeLessThanOrEqual(1);
  });
});

describe.each(DTYPES)("slopes at the kinks in %s", (dtype) => {
  // PyTorch's: relu6, hardTanh and hardSigmoid 0 at both ends, hardSwish 0 and 1, elu, celu and selu from below.
  test.each([
    ["relu", 0, 0],
    ["leakyRelu", 0, 0.01],
    ["relu6", 0, 0],
    ["relu6", 6, 0],
    ["hardTanh", -1, 0],
    ["hardTanh", 1, 0],
    ["hardSigmoid", -3, 0],
    ["hardSigmoid", 3, 0],
    ["hardSwish", -3, 0],
    ["hardSwish", 3, 1],
    ["elu", 0, 1],
    ["celu", 0, 1],
    ["selu", 0, 1.0507009873554805 * 1.6732632423543772],
    ["softsign", 0, 1],
  ])("%s at %d", (name, z, slope) => {
    expect(core(name, dtype, z).slope).toBeCloseTo(slope, 6);
  });

  test.each([
    ["meanAbsoluteError", 2, 2, 0],
    [{ name: "huber", delta: 0.5 }, 2.5, 2, 0.5],
    [{ name: "quantile", q: 0.9 }, 2, 2, 0],
    ["hinge", 1, 1, 0],
    ["squaredHinge", -1, -1, 0],
    ["meanAbsolutePercentageError", 2, 2, 0],
  ] as [LossSpec, number, number, number][])("%o of %d for %d", (loss, a, t, slope) => {
    expect(coreLoss(loss, dtype, a, t).slope).toBeCloseTo(slope, 6);
  });
});

/** A loss of one output and its slope. */
function coreLoss(loss: LossSpec, dtype: DType, a: number, t: number): { value: number; slope: number } {
  using network = new Network({ inputs: 1, layers: [activation(loss === "poisson" ? "relu" : "linear")], loss, dtype });
  const trace = network.trace([a], [t]);
  return { value: trace.loss, slope: trace.layers[0].delta[0] };
}

describe.each(DTYPES)("losses far out and near 0 in %s", (dtype) => {
  const tolerance = dtype === "float32" ? 2e-6 : 1e-13;
  const signs = ["hinge", "squaredHinge"];
  const positive = ["poisson", "meanSquaredLogarithmicError"];
  const names = Object.keys(LOSSES).filter(
    (name) => !LOSSES[name].behind && !["klDivergence", "cosineSimilarity"].includes(name),
  );

  test.each(names)("%s", (name) => {
    const { value, derivative, options = {} } = LOSSES[name];
    for (const [a, t] of [1e4, 90, 1, 1e-3, 1e-8].flatMap((x) => [
      [x, 1],
      [-x, 1],
      [1 + x, 1],
      [x, -1],
    ])) {
      if (positive.includes(name) && (a <= 0 || t < 0)) continue;
      const rounded = dtype === "float32" ? Math.fround(a) : a;
      const actual = coreLoss(name as LossSpec, dtype, rounded, t);
      const [slope] = derivative([rounded], [t], options);
      const expected = value([rounded], [t], options);
      const where = `${name} of ${rounded} for ${t}`;
      // A logarithm near 1 has the digits of its argument.
      const floor = signs.includes(name) || positive.includes(name) ? 1 : 0;
      expect(Math.abs(actual.value - expected), where).toBeLessThanOrEqual(
        tolerance * Math.max(Math.abs(expected), floor),
      );
      expect(Math.abs(actual.slope - slope), where).toBeLessThanOrEqual(tolerance * Math.max(Math.abs(slope), floor));
    }
  });

  test("poisson and klDivergence of outputs that are 0", () => {
    expect(coreLoss("poisson", dtype, 0, 0)).toEqual({ value: 0, slope: 0 });
    using network = new Network({ inputs: 2, layers: [activation("relu")], loss: "klDivergence", dtype });
    const trace = network.trace([0, 1], [0, 1]);
    expect(trace.loss).toBeCloseTo(0, 12);
    expect(Array.from(trace.layers[0].delta)).toEqual([-0, -1]);
  });

  test("klDivergence and smoothed labels behind softmax and logSoftmax of ±10,000", () => {
    for (const output of ["softmax", "logSoftmax"] as const) {
      for (const loss of ["klDivergence", { name: "categoricalCrossEntropy", labelSmoothing: 0.5 }] as LossSpec[]) {
        using network = new Network({ inputs: 2, layers: [activation(output)], loss, dtype });
        const trace = network.trace([1e4, -1e4], [0, 1]);
        const smoothed = loss === "klDivergence" ? 1 : 0.75;
        expect(trace.loss).toBe(2e4 * smoothed);
        expect(Array.from(trace.layers[0].delta)).toEqual([smoothed, -smoothed]);
      }
    }
  });
});
