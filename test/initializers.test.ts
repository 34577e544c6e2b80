// First weights: their moments are compared with theory, their shapes with what is promised (orthogonal and so on), and
// one seed gives the same bits. Scaling to data (lsuv) is tested, too.
import { describe, expect, test } from "vitest";
import type { InitializerSpec } from "../src/tables/names.ts";
import { INITIALIZERS } from "../src/tables/whole.ts";
import { ACTIVATIONS, type ActivationName } from "../src/tables/activations.ts";
import { activation, dense, type DType, type Layer, Network, type PropagoError } from "../src/index.ts";
import { failure } from "./failure.ts";

const sizes = [
  [7, 5],
  [1, 300],
  [300, 200],
  [211, 1],
] as const;

/** Weights and biases of one layer. */
function first(inputs: number, units: number, init: InitializerSpec, seed = 0, dtype: DType = "float64") {
  using network = new Network({ inputs, layers: [dense(units, "tanh", { init })], seed, dtype });
  const [{ weights, bias }] = network.getWeights();
  return { weights: Array.from(weights), bias: Array.from(bias!) };
}

const mean = (x: readonly number[]): number => x.reduce((sum, value) => sum + value, 0) / x.length;

/** The variance of a standard normal distribution cut off at ±2. */
const CUT = 0.87962566103423978 ** 2;
/** Fourth central moments over the squared variance. The cut one: ∫ x⁴φ / (Φ(2) − Φ(−2)) = 3 − 28 φ(2) / 0.9545. */
const KURTOSIS = {
  uniform: 9 / 5,
  normal: 3,
  cut: (3 - (2 * (8 + 6) * 0.05399096651318806) / 0.9544997361036416) / CUT ** 2,
};

interface Family {
  init: InitializerSpec;
  variance(inputs: number, units: number): number;
  shape: keyof typeof KURTOSIS;
  /** The largest size of a weight, in deviations of the weights. */
  reach: number;
}

const glorot = (inputs: number, units: number): number => 2 / (inputs + units);
const he = (inputs: number): number => 2 / inputs;
const lecun = (inputs: number): number => 1 / inputs;
const ends = { uniform: Math.sqrt(3), normal: Infinity, cut: 2 / Math.sqrt(CUT) };
const family = (init: InitializerSpec, variance: Family["variance"], shape: Family["shape"]): Family => ({
  init,
  variance,
  shape,
  reach: ends[shape],
});

const families: Family[] = [
  family("glorotUniform", glorot, "uniform"),
  family("glorotNormal", glorot, "normal"),
  family({ name: "glorotNormal", truncated: true }, glorot, "cut"),
  family("heUniform", he, "uniform"),
  family("heNormal", he, "normal"),
  family({ name: "heNormal", truncated: true }, he, "cut"),
  family("lecunUniform", lecun, "uniform"),
  family("lecunNormal", lecun, "normal"),
  family({ name: "lecunNormal", truncated: true }, lecun, "cut"),
  family("pytorch", (inputs) => 1 / (3 * inputs), "uniform"),
  family("uniform", () => 0.01 / 12, "uniform"),
  family("normal", () => 0.0025, "normal"),
  family("truncatedNormal", () => 0.0025 * CUT, "cut"),
  family({ name: "truncatedNormal", deviation: 3 }, () => 9 * CUT, "cut"),
  family("varianceScaling", lecun, "cut"),
  family(
    { name: "varianceScaling", scale: 2, mode: "fanOut", distribution: "uniform" },
    (_i, units) => 2 / units,
    "uniform",
  ),
  family(
    { name: "varianceScaling", scale: 3, mode: "fanAvg", distribution: "untruncatedNormal" },
    (i, u) => 6 / (i + u),
    "normal",
  ),
];

/** The default first weights of each activation: uniform, with the variance of these families. */
const DEFAULTS = {
  glorot: "linear sigmoid tanh logSigmoid softsign hardSigmoid hardTanh gaussian sine softmax logSoftmax".split(" "),
  he: "relu leakyRelu elu celu gelu geluTanh silu mish softplus hardSwish relu6".split(" "),
  lecun: ["selu"],
} as Record<string, ActivationName[]>;
const VARIANCES: Record<string, Family["variance"]> = { glorot, he, lecun };

describe("without init", () => {
  const named = Object.entries(DEFAULTS).flatMap(([kind, names]) => names.map((name) => [name, kind] as const));

  test("every activation has its family", () => {
    expect(named.map(([name]) => name).sort()).toEqual(Object.keys(ACTIVATIONS).sort());
  });

  describe.each(["adam", "sgd", "lbfgs"] as const)("under %s", (optimizer) => {
    test.each(named)(
      "%s begins as %s says, whether it is the only hidden layer, one of several, or apart",
      (name, kind) => {
        const shapes: Layer[][] = [
          [dense(120, name), dense(1, "sigmoid")],
          [dense(120, name), dense(9, name), dense(1)],
          [dense(120), activation(name), dense(1, "sigmoid")],
        ];
        for (const layers of shapes) {
          using network = new Network({ inputs: 80, layers, optimizer, loss: "meanSquaredError", dtype: "float64" });
          const [{ weights, bias }, last] = network.getWeights();
          const limit = Math.sqrt(3 * VARIANCES[kind](80, 120));
          const largest = Math.max(...weights.map(Math.abs));
          expect(largest).toBeLessThanOrEqual(limit);
          expect(largest).toBeGreaterThan(0.99 * limit);
          expect(Array.from(bias!).every((value) => value === 0)).toBe(true);
          expect(Array.from(last.bias!).every((value) => value === 0)).toBe(true);
        }
      },
    );
  });
});

describe.each(families)("$init", ({ init, variance, shape, reach }) => {
  test.each(sizes)("%d inputs, %d units: mean and variance within 4σ of theory, nothing outside", (inputs, units) => {
    // Small tensors are drawn from many seeds, so that there is something to measure.
    const draws = Math.max(1, Math.round(60_000 / (inputs * units)));
    const all = Array.from({ length: draws }, (_, seed) => first(inputs, units, init, seed).weights).flat();
    const expected = variance(inputs, units);
    const n = all.length;
    expect(Math.abs(mean(all))).toBeLessThan(4 * Math.sqrt(expected / n));
    const measured = mean(all.map((w) => w * w));
    expect(Math.abs(measured - expected)).toBeLessThan(4 * expected * Math.sqrt((KURTOSIS[shape] - 1) / n));
    const largest = Math.max(...all.map(Math.abs)) / Math.sqrt(expected);
    expect(largest).toBeLessThanOrEqual(reach * (1 + 1e-12));
    if (reach < Infinity) expect(largest).toBeGreaterThan(0.98 * reach);
  });
});

describe("orthogonal", () => {
  test.each([
    [1, 1],
    [3, 3],
    [7, 2],
    [2, 7],
    [5, 1],
    [64, 64],
    [200, 31],
    [31, 200],
  ])("%d × %d: vectors of norm 1 at right angles, in both precisions", (inputs, units) => {
    for (const dtype of ["float32", "float64"] as const) {
      for (const gain of [1, 1.5]) {
        const { weights } = first(inputs, units, { name: "orthogonal", gain }, 3, dtype);
        const least = Math.min(inputs, units);
        const at = (k: number, i: number): number => (inputs < units ? weights[k * units + i] : weights[i * units + k]);
        for (let a = 0; a < least; a++) {
          for (let b = 0; b <= a; b++) {
            let product = 0;
            for (let i = 0; i < Math.max(inputs, units); i++) product += at(a, i) * at(b, i);
            const expected = a === b ? gain * gain : 0;
            expect(Math.abs(product - expected)).toBeLessThan(dtype === "float32" ? 1e-6 * gain * gain : 1e-12);
          }
        }
      }
    }
  });

  test("every direction is equally likely", () => {
    // Of a random rotation in 2 dimensions, each entry has mean 0 and variance ½, and half of all are reflections.
    const all = Array.from({ length: 4000 }, (_, seed) => first(2, 2, "orthogonal", seed).weights);
    const n = all.length;
    for (let k = 0; k < 4; k++) {
      const entries = all.map((W) => W[k]);
      expect(Math.abs(mean(entries))).toBeLessThan(4 * Math.sqrt(0.5 / n));
      expect(Math.abs(mean(entries.map((w) => w * w)) - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 8 / n));
    }
    const turned = all.filter(([a, b, c, d]) => a * d - b * c < 0).length;
    expect(Math.abs(turned - n / 2)).toBeLessThan(4 * Math.sqrt(n / 4));
  });
});

describe("with biases", () => {
  test("pytorch: U(±1 / √inputs) for both, as nn.Linear", () => {
    const all = Array.from({ length: 400 }, (_, seed) => first(9, 50, "pytorch", seed).bias).flat();
    expect(Math.abs(mean(all))).toBeLessThan(4 * Math.sqrt(1 / 27 / all.length));
    expect(Math.abs(mean(all.map((b) => b * b)) - 1 / 27)).toBeLessThan((4 / 27) * Math.sqrt(0.8 / all.length));
    expect(Math.max(...all.map(Math.abs))).toBeLessThanOrEqual(1 / 3);
  });

  test.each([
    [1, 10],
    [2, 9],
    [5, 32],
    [64, 100],
  ])(
    "nguyenWidrow, %d inputs, %d units: every unit's norm is 0.7 units^(1 / inputs), biases within it",
    (inputs, units) => {
      const norm = 0.7 * units ** (1 / inputs);
      const { weights, bias } = first(inputs, units, "nguyenWidrow", 5);
      for (let o = 0; o < units; o++) {
        const size = Math.hypot(...Array.from({ length: inputs }, (_, i) => weights[i * units + o]));
        expect(size / norm).toBeCloseTo(1, 12);
      }
      expect(bias.every((b) => Math.abs(b) <= norm)).toBe(true);
      const all = Array.from({ length: 300 }, (_, seed) => first(inputs, units, "nguyenWidrow", seed).bias).flat();
      const variance = (norm * norm) / 3;
      expect(Math.abs(mean(all.map((b) => b * b)) - variance)).toBeLessThan(4 * variance * Math.sqrt(0.8 / all.length));
    },
  );

  test("biases that are asked for come first; all others begin at 0", () => {
    using network = new Network({
      inputs: 3,
      layers: [dense(4, "tanh", { init: "pytorch", biasInit: "ones" }), dense(4, "tanh", { init: "orthogonal" })],
    });
    const [one, two] = network.getWeights();
    expect(Array.from(one.bias!)).toEqual([1, 1, 1, 1]);
    expect(Array.from(two.bias!)).toEqual([0, 0, 0, 0]);
  });
});

test.each(Object.keys(INITIALIZERS) as (keyof typeof INITIALIZERS)[])(
  "%s: a seed gives the same bits, and another gives others where anything is drawn",
  (init) => {
    for (const dtype of ["float32", "float64"] as const) {
      const draw = (seed: number): string => JSON.stringify(first(5, 4, init, seed, dtype));
      expect(draw(1)).toBe(draw(1));
      if (["zeros", "ones", "constant"].includes(init)) expect(draw(2)).toBe(draw(1));
      else expect(draw(2)).not.toBe(draw(1));
    }
  },
);

test("bad values are refused with what is expected", () => {
  const make = (options: object) => () => new Network({ inputs: 2, layers: [dense(2, "tanh", options)] });
  for (const [options, ...words] of [
    [{ init: { name: "orthogonal", gain: 0 } }, "layers[0].init.gain", "> 0"],
    [{ init: { name: "heNormal", truncated: 1 } }, "truncated", "true or false"],
    [{ init: { name: "varianceScaling", mode: "fan_in" } }, "fan_in", "fanIn"],
    [{ init: { name: "varianceScaling", distribution: 3 } }, "distribution", "truncatedNormal"],
    [{ init: { name: "truncatedNormal", deviation: -1 } }, "deviation", ">= 0"],
    [{ init: "ortogonal" }, "orthogonal"],
    [{ biasInit: "orthogonal" }, "layers[0].biasInit", "weights", "zeros"],
    [{ biasInit: "lsuv" }, "layers[0].biasInit", "weights"],
  ] as [object, ...string[]][]) {
    const error = failure(make(options)) as PropagoError;
    expect(error.code).toBe("ERR_CONFIG");
    for (const word of words) expect(error.message).toContain(word);
  }
});

describe("lsuv", () => {
  const rows = 50;
  const x = Float64Array.from({ length: rows * 6 }, (_, i) => ((i * 7919) % 101) / 20 + (i % 6));
  const y = Int32Array.from({ length: rows }, (_, row) => row % 3);
  const make = (dtype: DType = "float64"): Network<DType> =>
    new Network({
      inputs: 6,
      layers: [
        dense(20, "tanh", { init: "lsuv" }),
        dense(20, "relu", { init: "lsuv", biasInit: "uniform" }),
        dense(3, "softmax", { init: "lsuv" }),
      ],
      dtype,
    });

  /** Variances of all weighted inputs, layer by layer. */
  function variances(network: Network<DType>): number[] {
    const traces = Array.from({ length: rows }, (_, r) => network.trace(x.subarray(6 * r, 6 * r + 6), y[r]).layers);
    return traces[0].map((_, l) => {
      const z = traces.flatMap((layers) => Array.from(layers[l].z));
      return mean(z.map((value) => (value - mean(z)) ** 2));
    });
  }

  test.each(["float32", "float64"] as const)("weighted inputs have a variance of 1 over the samples, %s", (dtype) => {
    using network = make(dtype);
    expect(variances(network)[0]).toBeGreaterThan(2);
    network.initialize(x);
    for (const variance of variances(network)) expect(Math.abs(variance - 1)).toBeLessThan(3e-3);
  });

  test("the first fit does it, on the rows that it trains on; later ones do not", () => {
    using byHand = make();
    using byFit = make();
    byHand.initialize(x);
    expect(byFit.fitSync({ x, y }, { epochs: 0 }).epochs).toEqual([]);
    expect(byFit.fingerprint()).toBe(byHand.fingerprint());
    byHand.fitSync({ x, y }, { epochs: 2 });
    for (let epoch = 0; epoch < 2; epoch++) byFit.fitSync({ x, y }, { epochs: 1 });
    expect(byFit.fingerprint()).toBe(byHand.fingerprint());

    using held = make();
    held.fitSync({ x, y }, { epochs: 0, validation: 0.5 });
    expect(held.fingerprint()).not.toBe(byHand.fingerprint());
    using once = make();
    once.trainOnBatch({ x, y });
    using twice = make();
    twice.initialize(x);
    twice.trainOnBatch({ x, y });
    expect(once.fingerprint()).toBe(twice.fingerprint());
  });

  test("weights that were set or loaded stay as they are", () => {
    using network = make();
    const before = network.fingerprint();
    using loaded = Network.fromJSON(network.toJSON());
    loaded.fitSync({ x, y }, { epochs: 0 });
    expect(loaded.fingerprint()).toBe(before);
    network.setWeights(network.getWeights());
    network.fitSync({ x, y }, { epochs: 0 });
    expect(network.fingerprint()).toBe(before);
  });

  test("constant samples leave the weights as they were drawn; a failed fit changes nothing", () => {
    using network = make();
    const before = network.fingerprint();
    expect(() => network.fitSync({ x, y: y.subarray(1) }, { epochs: 0 })).toThrow();
    expect(network.fingerprint()).toBe(before);
    using flat = new Network({ inputs: 2, layers: [dense(1, "tanh", { init: "lsuv" })] });
    const drawn = flat.fingerprint();
    flat.initialize([
      [0, 0],
      [0, 0],
    ]);
    expect(flat.fingerprint()).toBe(drawn);
  });

  test("initialize is refused where no layer begins so", () => {
    using network = new Network({ inputs: 2, layers: [dense(1)] });
    const error = failure(() => network.initialize([[1, 2]])) as PropagoError;
    expect(error.code).toBe("ERR_CONFIG");
    expect(error.message).toContain("lsuv");
  });
});
