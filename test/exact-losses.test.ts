// The losses at extreme but finite numbers, against values with hundreds of digits: what is reported keeps the digits of
// its own size, and not those of the logits that it comes from.
import { describe, expect, test } from "vitest";
import { type ActivationSpec, type LossSpec, Network, type PropagoError, activation, dense } from "../src/index.ts";
import { ACTIVATIONS } from "../src/tables/activations.ts";
import { failure } from "./failure.ts";
import * as precise from "./precise.ts";
import { ONE, exactly, exp, log, over, rounded, times } from "./precise.ts";

type DType = "float32" | "float64";
const DTYPES = ["float32", "float64"] as const;
const epsilonOf = (dtype: DType): number => (dtype === "float32" ? 2 ** -23 : 2 ** -52);
const roundOf = (dtype: DType): ((x: number) => number) => (dtype === "float32" ? Math.fround : (x) => x);

/** Loss, last activations and last errors of one sample that goes into the last activation as it is. */
function core(output: ActivationSpec, loss: LossSpec, dtype: DType, z: readonly number[], t: readonly number[]) {
  using network = new Network({ inputs: z.length, layers: [activation(output)], loss, dtype });
  const { loss: value, layers } = network.trace(z, t);
  const evaluation = network.evaluate({ x: [z], y: [t] });
  expect(evaluation.loss).toBe(value);
  return { loss: value, a: Array.from(layers[0].a), delta: Array.from(layers[0].delta) };
}

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);
const share = (t: number, smoothing: number, classes: number): bigint =>
  times(exactly(t), ONE - exactly(smoothing)) + exactly(smoothing) / BigInt(classes);

/** Σ t (log Σ e^z − z), and with the targets' own part the divergence. */
function crossEntropy(z: readonly number[], t: readonly bigint[], isDivergence: boolean): bigint {
  const exact = z.map(exactly);
  const top = exact.reduce(precise.larger);
  const logSum = log(sum(exact.map((value) => exp(value - top))));
  const own = isDivergence ? sum(t.map((value) => (value > 0n ? times(value, log(value)) : 0n))) : 0n;
  return own + sum(t.map((value, k) => times(value, top - exact[k] + logSum)));
}

const LARGEST = 3.4e38;
const LOGITS: readonly number[][] = [
  [0, 0],
  [1000, 1000],
  [1e7, 1e7],
  [1e8, 1e8],
  [-1e8, -1e8],
  [1e8, 1e8 - 8],
  [LARGEST, LARGEST, -LARGEST],
  [-LARGEST, LARGEST, LARGEST],
  [-LARGEST, -LARGEST, -LARGEST],
  [20, 0],
  [0, 20],
  [80, 0, 1, 2, 3],
  [0, 80, 1, 2, 3],
  [1e-30, -1e-30, 0],
  [1e-45, 0],
  [0.5, 0.25, -3, 8, 1e4],
  [1e20, 5, 5, 5, 1e20],
  [3, 3.0000002],
];

describe.each(DTYPES)("cross-entropies in %s", (dtype) => {
  const epsilon = epsilonOf(dtype);
  const round = roundOf(dtype);

  describe.each(["softmax", "logSoftmax"] as const)("behind %s", (output) => {
    test.each([
      ["categoricalCrossEntropy", 0],
      ["categoricalCrossEntropy", 0.1],
      ["categoricalCrossEntropy", 0.9],
      ["klDivergence", 0],
    ] as const)("%s with smoothing %d", (name, smoothing) => {
      const loss = smoothing > 0 ? { name: "categoricalCrossEntropy" as const, labelSmoothing: smoothing } : name;
      for (const logits of LOGITS) {
        const z = logits.map(round);
        // A row's own class, and a row of two.
        const one = z.map((_, k) => (k === 0 ? 1 : 0));
        const two = z.map((_, k) => (k === 0 ? 0.25 : k === z.length - 1 ? 0.75 : 0));
        for (const t of name === "klDivergence" ? [one, two] : [one, two]) {
          const shares = t.map((value) => share(value, smoothing, z.length));
          const right = rounded(crossEntropy(z, shares, name === "klDivergence"));
          const got = core(output, loss, dtype, z, t).loss;
          // What logSoftmax itself cannot hold is −∞.
          const isBeyond = dtype === "float32" && Math.max(...z) - Math.min(...z) > 3.5e38;
          if (output === "logSoftmax" && isBeyond && (smoothing > 0 || t === two)) continue;
          if (Math.abs(right) > 3.4028235e38 && dtype === "float32") {
            expect(got).toBe(Infinity);
            continue;
          }
          // The divergence is a difference from the targets' own logarithms.
          const floor = name === "klDivergence" && t === two ? 1 : 0;
          expect(
            Math.abs(got - right),
            `[${z.join()}], targets [${t.join()}]: ${got}, exactly ${right}`,
          ).toBeLessThanOrEqual(8 * epsilon * Math.max(right, floor) + (dtype === "float32" ? 1e-44 : 0));
        }
      }
    });
  });

  test.each(["binaryCrossEntropy", "sigmoidCrossEntropy"] as const)("%s", (name) => {
    for (const smoothing of [0, 0.1]) {
      for (const size of [0, 1e-40, 1e-8, 0.5, 3, 20, 100, 1e7, 1e8, 1e20, LARGEST]) {
        for (const z of [round(size), -round(size)]) {
          for (const t of [0, 1, 0.25, round(0.999)]) {
            const shared = share(t, smoothing, 2);
            const part = z > 0 ? ONE - shared : shared;
            const distance = precise.size(exactly(z));
            const right = rounded(times(distance, part) + log(ONE + exp(-distance)));
            const loss = smoothing > 0 ? { name, labelSmoothing: smoothing } : name;
            const got = core("sigmoid", loss, dtype, [z], [t]).loss;
            // A smoothed target is rounded, and with it its distance from 1.
            const units = smoothing > 0 && part < ONE / 2n ? 8 / rounded(part) : 8;
            expect(Math.abs(got - right), `${z}, target ${t}: ${got}, exactly ${right}`).toBeLessThanOrEqual(
              units * epsilon * right + (dtype === "float32" ? 1e-44 : Number.MIN_VALUE),
            );
          }
        }
      }
    }
  });

  test("what evaluate, validation, training and metrics report is the same", () => {
    const x = [1e8, 1e7, 1000, 3, 0].map((z) => [z, z]);
    for (const output of ["softmax", "logSoftmax"] as const) {
      using network = new Network({
        inputs: 2,
        layers: [dense(2, output, { trainable: false })],
        loss: "categoricalCrossEntropy",
        dtype,
      });
      network.setWeights([{ weights: [1, 0, 0, 1], bias: [0, 0] }]);
      const y = [0, 1, 0, 1, 0];
      const half = Math.log(2);
      const evaluation = network.evaluate({ x, y }, { metrics: ["logLoss"] });
      const { epochs } = network.fitSync(
        { x, y },
        { epochs: 1, batchSize: 2, validation: { x, y }, metrics: ["logLoss"] },
      );
      for (const value of [evaluation, epochs[0], epochs[0].validation!].flatMap((e) => [e.loss, e.logLoss!])) {
        expect(Math.abs(value - half)).toBeLessThanOrEqual(epsilon);
      }
    }
  });
});

/** The other losses of one output a for a target t, exactly. */
const SINGLE: Record<string, (a: bigint, t: bigint) => bigint> = {
  squaredError: (a, t) => times(a - t, a - t) / 2n,
  meanSquaredError: (a, t) => times(a - t, a - t),
  meanAbsoluteError: (a, t) => precise.size(a - t),
  huber: (a, t) => {
    const e = precise.size(a - t);
    return e < ONE ? times(e, e) / 2n : e - ONE / 2n;
  },
  logCosh: (a, t) => {
    const e = precise.size(a - t);
    return e + log((ONE + exp(-2n * e)) / 2n);
  },
  quantile: (a, t) => precise.size(a - t) / 2n,
  hinge: (a, t) => precise.larger(0n, ONE - times(t, a)),
  squaredHinge: (a, t) => times(SINGLE.hinge(a, t), SINGLE.hinge(a, t)),
  poisson: (a, t) => a - times(t, log(a)),
  meanAbsolutePercentageError: (a, t) =>
    over(100n * precise.size(a - t), precise.larger(precise.size(t), exactly(1e-7))),
  meanSquaredLogarithmicError: (a, t) => {
    const d = log(over(ONE + precise.larger(a, exactly(1e-7)), ONE + precise.larger(t, exactly(1e-7))));
    return times(d, d);
  },
};

describe.each(DTYPES)("other losses in %s", (dtype) => {
  const epsilon = epsilonOf(dtype);
  const round = roundOf(dtype);
  const most = dtype === "float32" ? 3.4028234663852886e38 : Number.MAX_VALUE;
  const SIZES = [
    0, 1e-44, 1e-38, 1e-30, 1e-20, 1e-8, 1e-3, 0.3, 1, 3, 90, 1e4, 1e8, 1e18, 1.9e19, 2.5e19, 1e20, 3.4e38,
  ];

  test.each(Object.keys(SINGLE))("%s", (name) => {
    const isSigned = name === "hinge" || name === "squaredHinge";
    const isCount = name === "poisson" || name === "meanSquaredLogarithmicError";
    for (const size of SIZES) {
      for (const a of isCount ? [round(size)] : [round(size), -round(size)]) {
        for (const t of isSigned ? [-1, 1] : isCount ? [0, 1, 1000, round(a * 1.001)] : [0, -1, 1, round(a * 1.001)]) {
          if (!Number.isFinite(t)) continue;
          const output = name === "poisson" ? "relu" : "linear";
          const got = core(output, name as LossSpec, dtype, [a], [t]).loss;
          const where = `${a} for ${t}: ${got}`;
          if (name === "poisson" && (a === 0 || (t === 0 && a > 0))) {
            // Log 0 counts as that of the smallest number.
            const least = dtype === "float32" ? 2 ** -149 : 2 ** -1074;
            expect(got, where).toBeCloseTo(t === 0 ? a : -t * Math.log(least), dtype === "float32" ? 2 : 9);
            continue;
          }
          const right = rounded(SINGLE[name](exactly(a), exactly(t)));
          if (Math.abs(right) > most) {
            expect(Math.abs(got), where).toBe(Infinity);
            continue;
          }
          // Poisson's two terms may cancel.
          const terms = name === "poisson" ? a + Math.abs(t * Math.log(a)) : Math.abs(right);
          if (terms > most) continue;
          expect(Math.abs(got - right), `${where}, exactly ${right}`).toBeLessThanOrEqual(
            16 * epsilon * terms + (dtype === "float32" ? 3e-45 : 1e-323),
          );
        }
      }
    }
  });

  test("cosineSimilarity and its slope, of vectors of any length", () => {
    const sizes = dtype === "float32" ? [1e-5, 1, 1e10, 1e19, 1e20, 1e25, 1e37] : [1e-5, 1, 1e100, 1e160, 1e200, 1e300];
    for (const size of sizes) {
      for (const other of sizes) {
        const a = [3, 4, -12].map((value) => round(value * size));
        const t = [1, -2, 2].map((value) => round(value * other));
        const { loss, delta } = core("linear", "cosineSimilarity", dtype, a, t);
        const cosine = (3 - 8 - 24) / 39;
        const where = `lengths ${13 * size} and ${3 * other}`;
        expect(Math.abs(loss + cosine), where).toBeLessThanOrEqual(8 * epsilon);
        [3, 4, -12].forEach((value, k) => {
          const slope = ((cosine * value) / 13 - [1, -2, 2][k] / 3) / 13 / size;
          expect(Math.abs(delta[k] - slope), where).toBeLessThanOrEqual((8 * epsilon) / size + 2e-45);
        });
      }
    }
  });
});

describe.each(["poisson", "klDivergence"] as const)("%s takes the logarithm of outputs", (loss) => {
  const names = Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[];
  const fits = ["sigmoid", "relu", "softplus", "hardSigmoid", "relu6", "gaussian", "softmax"];
  if (loss === "klDivergence") fits.push("logSoftmax");

  test.each(names)("behind %s", (output) => {
    const make = () => new Network({ inputs: 3, layers: [dense(2, output)], loss });
    if (fits.includes(output)) return make().dispose();
    const error = failure(make) as PropagoError;
    expect(error.code).toBe("ERR_CONFIG");
    expect(error.message).toMatch(loss);
    expect(error.message).toMatch(output);
    expect(error.message).toMatch(loss === "poisson" ? '"softplus"' : '"softmax"');
  });

  test("a last layer that is held fixed is taken as it is", () => {
    const scaling = dense(2, "linear", { trainable: false });
    new Network({ inputs: 3, layers: [dense(2, "softplus"), scaling], loss }).dispose();
  });

  test.each(DTYPES)("softplus far below 0 still has a slope in %s", (dtype) => {
    if (loss === "klDivergence") return;
    for (const z of [-30, -60, -80]) {
      // ∂(a − t log a)/∂z = (1 − t/a) σ(z), which is near −t where a = log(1 + e^z) is near σ(z).
      const { delta } = core("softplus", loss, dtype, [z], [2]);
      expect(delta[0]).toBeCloseTo(-2, 5);
    }
  });
});
