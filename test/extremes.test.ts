// Every activation over the whole range of both precisions, from the smallest denormal to infinity, against values with
// hundreds of digits. What a function tends to is its value at infinity.
import { describe, expect, test } from "vitest";
import { type ActivationSpec, Network } from "../src/index.ts";
import { ACTIVATIONS } from "../src/tables/activations.ts";
import * as precise from "./precise.ts";
import { ONE, exp, log, over, times, whole } from "./precise.ts";

type DType = "float32" | "float64";

/** Value and slope, also at −∞ and ∞. */
interface Function {
  value(z: bigint): bigint;
  slope(z: bigint): bigint;
  /** [value, slope] at −∞, then at ∞. */
  ends: [number, number][];
}

const { exactly } = precise;
/** 1 / (1 + e^−z) */
const sigmoid = (z: bigint): bigint => (z > 0n ? ONE - sigmoid(-z) : over(exp(z), ONE + exp(z)));
/** The slope of σ, σ(z) σ(−z), both from the tail where they have all digits. */
const logistic = (z: bigint): bigint => {
  const e = exp(-precise.size(z));
  return over(e, times(ONE + e, ONE + e));
};
/** log(1 + x) for x ≥ 0 */
const log1p = (x: bigint): bigint => log(ONE + x);
const softplus = (z: bigint): bigint => precise.larger(z, 0n) + log1p(exp(-precise.size(z)));
/** e^z − 1 for z ≤ 0 */
const expm1 = (z: bigint): bigint => exp(z) - ONE;
/** tanh(softplus(z)) */
const mishGate = (z: bigint): bigint => {
  const e = exp(-precise.size(z));
  return z > 0n
    ? over(ONE + 2n * e, ONE + 2n * e + 2n * times(e, e))
    : over(2n * e + times(e, e), 2n * ONE + 2n * e + times(e, e));
};
/** Its slope. */
const mishSlope = (z: bigint): bigint => {
  const e = exp(-precise.size(z));
  const sum = z > 0n ? ONE + 2n * e + 2n * times(e, e) : 2n * ONE + 2n * e + times(e, e);
  return over(4n * times(ONE + e, z > 0n ? times(e, e) : e), times(sum, sum));
};
const gated = (gate: (z: bigint) => bigint, slope: (z: bigint) => bigint): Function => ({
  value: (z) => times(z, gate(z)),
  slope: (z) => gate(z) + times(z, slope(z)),
  ends: [[0, 0], [Infinity, 1]], // prettier-ignore
});
const clamp = (low: bigint, high: bigint, by = 1n): Function => ({
  value: (z) => (z < low ? low : z > high ? high : z) / by,
  slope: (z) => (z > low && z < high ? ONE / by : 0n),
  ends: [[Number(low / ONE / by), 0], [Number(high / ONE / by), 0]], // prettier-ignore
});
const elu = (scale: number, alpha: number): Function => {
  const [l, h] = [exactly(scale), exactly(alpha)];
  return {
    value: (z) => times(l, z > 0n ? z : times(h, expm1(z))),
    slope: (z) => times(l, z > 0n ? ONE : times(h, exp(z))),
    ends: [[-scale * alpha, 0], [Infinity, scale]], // prettier-ignore
  };
};
const hardGate: Function = {
  value: (z) => (z < whole(-3) ? 0n : z > whole(3) ? ONE : (z + whole(3)) / 6n),
  slope: (z) => (z > whole(-3) && z < whole(3) ? ONE / 6n : 0n),
  ends: [[0, 0], [1, 0]], // prettier-ignore
};
const rootOf8OverPi = precise.sqrt(over(whole(8), precise.PI));
const tanhGate = (z: bigint): bigint => times(rootOf8OverPi, z + times(exactly(0.044715), times(z, times(z, z))));
const tanhGateSlope = (z: bigint): bigint => times(rootOf8OverPi, ONE + 3n * times(exactly(0.044715), times(z, z)));
const leaky = exactly(0.01);

const FUNCTIONS: Record<string, Function> = {
  linear: { value: (z) => z, slope: () => ONE, ends: [[-Infinity, 1], [Infinity, 1]] }, // prettier-ignore
  sigmoid: { value: sigmoid, slope: logistic, ends: [[0, 0], [1, 0]] }, // prettier-ignore
  tanh: {
    value: (z) => (z < 0n ? -1n : 1n) * over(-expm1(-2n * precise.size(z)), ONE + exp(-2n * precise.size(z))),
    slope: (z) => 4n * logistic(2n * z),
    ends: [[-1, 0], [1, 0]], // prettier-ignore
  },
  relu: { value: (z) => precise.larger(z, 0n), slope: (z) => (z > 0n ? ONE : 0n), ends: [[0, 0], [Infinity, 1]] }, // prettier-ignore
  leakyRelu: {
    value: (z) => (z > 0n ? z : times(leaky, z)),
    slope: (z) => (z > 0n ? ONE : leaky),
    ends: [[-Infinity, 0.01], [Infinity, 1]], // prettier-ignore
  },
  elu: elu(1, 1),
  celu: elu(1, 1),
  selu: elu(1.0507009873554805, 1.6732632423543772),
  gelu: gated(precise.normal, (z) => (precise.size(z) > whole(45) ? 0n : precise.density(z))),
  geluTanh: gated(
    (z) => sigmoid(tanhGate(z)),
    (z) => times(tanhGateSlope(z), logistic(tanhGate(z))),
  ),
  silu: gated(sigmoid, logistic),
  mish: gated(mishGate, mishSlope),
  hardSwish: gated(hardGate.value, hardGate.slope),
  softplus: { value: softplus, slope: sigmoid, ends: [[0, 0], [Infinity, 1]] }, // prettier-ignore
  logSigmoid: { value: (z) => -softplus(-z), slope: (z) => sigmoid(-z), ends: [[-Infinity, 1], [0, 0]] }, // prettier-ignore
  softsign: {
    value: (z) => over(z, ONE + precise.size(z)),
    slope: (z) => over(ONE, times(ONE + precise.size(z), ONE + precise.size(z))),
    ends: [[-1, 0], [1, 0]], // prettier-ignore
  },
  hardSigmoid: hardGate,
  hardTanh: clamp(whole(-1), ONE),
  relu6: clamp(0n, whole(6)),
  gaussian: {
    value: (z) => exp(-times(z, z)),
    slope: (z) => -2n * times(z, exp(-times(z, z))),
    ends: [[0, 0], [0, 0]], // prettier-ignore
  },
  sine: { value: precise.sin, slope: precise.cos, ends: [[NaN, NaN], [NaN, NaN]] }, // prettier-ignore
};

const NARROW = [1.5e-45, 1e-40, 1.2e-38, 1e-30, 1e-20, 1e-8, 1e-4, 0.3, 1, 2.9, 3, 3.5, 6, 12, 17, 30, 88, 90, 104];
NARROW.push(1e3, 1e4, 1e5, 1e7, 1e15, 1.8e19, 1e20, 1.7e38, 1.8e38, 3.4e38);
const WIDE = [5e-324, 1e-310, 2.3e-308, 1e-200, ...NARROW, 709, 711, 746, 1e100, 1.3e154, 1.4e154, 8e307, 1.7e308];

/** f(z) and f′(z) by the core: weights of 1, or, for an infinite z, so large that their sum overflows. */
function core(name: string, dtype: DType, z: number): { a: number; slope: number } {
  const large = dtype === "float32" ? 3e38 : 1.7e308;
  const isFinite = Number.isFinite(z);
  using network = new Network({
    inputs: 1,
    layers: [{ type: "dense", units: 1, bias: false, activation: name as ActivationSpec }],
    loss: "meanAbsoluteError",
    dtype,
  });
  network.setWeights([{ weights: [isFinite ? 1 : large] }]);
  // No activation gives just this, so that the loss has a slope of ±1.
  const target = -0.71875;
  const [layer] = network.trace([isFinite ? z : Math.sign(z) * large], [target]).layers;
  expect(layer.z[0], "weighted input").toBe(z + 0);
  return { a: layer.a[0], slope: layer.a[0] > target ? layer.delta[0] : -layer.delta[0] };
}

/** Where the slope is found from the activation alone it has the digits of 1 − a. */
const FROM_A = ["sigmoid", "tanh"];

describe.each(["float32", "float64"] as const)("activations over the whole range of %s", (dtype) => {
  const [round, epsilon, least] =
    dtype === "float32" ? [Math.fround, 2 ** -23, 2 ** -149] : [(x: number) => x, 2 ** -52, 2 ** -1074];
  const most = dtype === "float32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
  const points = [...new Set((dtype === "float32" ? NARROW : WIDE).map(round))];

  test.each(Object.keys(ACTIVATIONS).filter((name) => !/softmax/i.test(name)))("%s", (name) => {
    const f = FUNCTIONS[name];
    const wrong: string[] = [];
    for (const z of [0, ...points].flatMap((point) => [point, -point])) {
      const expected = { a: f.value(exactly(z)), slope: f.slope(exactly(z)) };
      const actual = core(name, dtype, z);
      for (const key of ["a", "slope"] as const) {
        const right = precise.rounded(expected[key]);
        const got = actual[key];
        const where = `${key === "a" ? "value" : "slope"} at ${z}: ${got}, exactly ${right}`;
        if (Math.abs(right) > most) {
          if (!(Math.abs(got) >= most * (1 - 4 * epsilon) && Math.sign(got) === Math.sign(right))) wrong.push(where);
          continue;
        }
        // Where a slope passes through 0 its terms cancel; from a, it has the digits of 1 − a.
        const cancels = key === "slope" && (FROM_A.includes(name) || (Math.abs(z) < 10 && Math.abs(z) > 0.1));
        // The power in geluTanh's gate is rounded to as many units as it is large.
        const units =
          name === "geluTanh" && Math.abs(z) < 100 ? 8 + precise.rounded(precise.size(tanhGate(exactly(z)))) : 8;
        // A factor of z takes the last unit of a denormal with it.
        const unit = least * (2 + Math.min(1000, Math.abs(z)));
        const floor = name === "sine" || cancels ? 0.25 : 0;
        const allowed = units * epsilon * Math.max(Math.abs(right), floor) + unit;
        if (!(Math.abs(got - right) <= allowed)) wrong.push(where);
      }
    }
    for (const [k, z] of [-Infinity, Infinity].entries()) {
      const { a, slope } = core(name, dtype, z);
      const [value, limit] = f.ends[k];
      const isClose = (x: number, y: number): boolean => Object.is(x + 0, y) || Math.abs(x - y) < 1e-6;
      if (!isClose(a, value)) wrong.push(`value at ${z}: ${a}, exactly ${value}`);
      if (!isClose(slope, limit)) wrong.push(`slope at ${z}: ${slope}, exactly ${limit}`);
    }
    expect(wrong).toEqual([]);
  });
});
