// Keras's flavor of the optimizers. A twin computes trajectories by Keras 3's formulas in float64, with changing learning rates,
// too. It shares no code with the core or with reference.ts. Keras's defaults are tested as well.
import { describe, expect, test } from "vitest";
import { Network, type OptimizerSpec, dense } from "../src/index.ts";
import { OPTIMIZERS } from "../src/tables/whole.ts";
import { readOptimizer } from "../src/description/optimizer.ts";

type Hyper = Record<string, number>;

/** One variable's update: v is the variable, g its gradient, s its slots, lr the rate, t the iteration from 1. */
type Update = (v: number, g: number, s: Record<string, number>, lr: number, t: number, h: Hyper) => number;

function sgd(v: number, g: number, s: Record<string, number>, lr: number, _t: number, h: Hyper): number {
  if (!h.momentum) return v - lr * g;
  s.m = h.momentum * (s.m ?? 0) - lr * g;
  return h.nesterov ? v + h.momentum * s.m - lr * g : v + s.m;
}

function adam(v: number, g: number, s: Record<string, number>, lr: number, t: number, h: Hyper): number {
  const alpha = (lr * Math.sqrt(1 - h.beta2 ** t)) / (1 - h.beta1 ** t);
  s.m = (s.m ?? 0) + (g - (s.m ?? 0)) * (1 - h.beta1);
  s.v = (s.v ?? 0) + (g * g - (s.v ?? 0)) * (1 - h.beta2);
  if (!h.amsgrad) return v - (s.m * alpha) / (Math.sqrt(s.v) + h.epsilon);
  s.vhat = Math.max(s.vhat ?? 0, s.v);
  return v - (s.m * alpha) / (Math.sqrt(s.vhat) + h.epsilon);
}

/** Formulas and defaults of keras/src/optimizers, version 3. */
const KERAS: Record<string, { defaults: Hyper; update: Update }> = {
  sgd: { defaults: { learningRate: 0.01, momentum: 0, nesterov: 0 }, update: sgd },
  adagrad: {
    defaults: { learningRate: 1e-3, initialAccumulator: 0.1, epsilon: 1e-7 },
    update(v, g, s, lr, _t, h) {
      s.a = (s.a ?? h.initialAccumulator) + g * g;
      return v - (lr * g) / Math.sqrt(s.a + h.epsilon);
    },
  },
  rmsprop: {
    defaults: { learningRate: 1e-3, rho: 0.9, momentum: 0, epsilon: 1e-7, centered: 0 },
    update(v, g, s, lr, _t, h) {
      s.v = h.rho * (s.v ?? 0) + (1 - h.rho) * g * g;
      let denominator = s.v + h.epsilon;
      if (h.centered) {
        s.mean = h.rho * (s.mean ?? 0) + (1 - h.rho) * g;
        denominator = s.v - s.mean * s.mean + h.epsilon;
      }
      const increment = (lr * g) / Math.sqrt(denominator);
      if (!(h.momentum > 0)) return v - increment;
      s.m = h.momentum * (s.m ?? 0) + increment;
      return v - s.m;
    },
  },
  adadelta: {
    defaults: { learningRate: 1e-3, rho: 0.95, epsilon: 1e-7 },
    update(v, g, s, lr, _t, h) {
      s.g = h.rho * (s.g ?? 0) + (1 - h.rho) * g * g;
      const delta = (-Math.sqrt((s.d ?? 0) + h.epsilon) * g) / Math.sqrt(s.g + h.epsilon);
      s.d = h.rho * (s.d ?? 0) + (1 - h.rho) * delta * delta;
      return v + lr * delta;
    },
  },
  adam: { defaults: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: 0 }, update: adam },
  adamw: {
    defaults: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: 0, weightDecay: 4e-3 },
    update: adam,
  },
  adamax: {
    defaults: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    update(v, g, s, lr, t, h) {
      s.m = (s.m ?? 0) + (g - (s.m ?? 0)) * (1 - h.beta1);
      s.u = Math.max(h.beta2 * (s.u ?? 0), Math.abs(g));
      return v - (lr * s.m) / ((1 - h.beta1 ** t) * (s.u + h.epsilon));
    },
  },
  nadam: {
    defaults: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, momentumDecay: 1 },
    update(v, g, s, lr, t, h) {
      const u = (step: number) => h.beta1 * (1 - 0.5 * 0.96 ** (step * h.momentumDecay));
      s.product = (s.product ?? 1) * u(t);
      s.m = (s.m ?? 0) + (g - (s.m ?? 0)) * (1 - h.beta1);
      s.v = (s.v ?? 0) + (g * g - (s.v ?? 0)) * (1 - h.beta2);
      const mHat = (u(t + 1) * s.m) / (1 - s.product * u(t + 1)) + ((1 - u(t)) * g) / (1 - s.product);
      return v - (mHat * lr) / (Math.sqrt(s.v / (1 - h.beta2 ** t)) + h.epsilon);
    },
  },
  lion: {
    defaults: { learningRate: 1e-3, beta1: 0.9, beta2: 0.99 },
    update(v, g, s, lr, _t, h) {
      const m = s.m ?? 0;
      s.m = m * h.beta2 + g * (1 - h.beta2);
      return v - lr * Math.sign(m * h.beta1 + g * (1 - h.beta1));
    },
  },
};

/** The mean of (ŷ − y)² and its gradient for 2-3-1, tanh then linear; w holds 2×3 weights, 3 biases, 3 weights, 1 bias. */
function gradient(w: number[], X: number[][], Y: number[]): { loss: number; g: number[] } {
  const g = w.map(() => 0);
  let loss = 0;
  X.forEach(([p, q], r) => {
    const a = [0, 1, 2].map((j) => Math.tanh(w[j] * p + w[3 + j] * q + w[6 + j]));
    const error = w[12] + a[0] * w[9] + a[1] * w[10] + a[2] * w[11] - Y[r];
    loss += error ** 2 / X.length;
    const slope = (2 * error) / X.length;
    g[12] += slope;
    for (let j = 0; j < 3; j++) {
      g[9 + j] += slope * a[j];
      const d = slope * w[9 + j] * (1 - a[j] ** 2);
      g[j] += d * p;
      g[3 + j] += d * q;
      g[6 + j] += d;
    }
  });
  return { loss, g };
}

/** What Keras's `fit` does on batches in order: clip, decay, update; gives each batch's loss. */
function kerasFit(w: number[], X: number[][], Y: number[], spec: { name: string }, rate: (t: number) => number) {
  const { defaults, update } = KERAS[spec.name];
  const h = { ...defaults, ...(spec as unknown as Hyper) };
  const slots = w.map(() => ({}));
  const losses: number[] = [];
  for (let t = 1; t <= 20; t++) {
    const begin = 4 * ((t - 1) % 3);
    const { loss, g } = gradient(w, X.slice(begin, begin + 4), Y.slice(begin, begin + 4));
    losses.push(loss);
    const norm = Math.sqrt(g.reduce((sum, gk) => sum + gk * gk, 0));
    const lr = rate(t - 1);
    for (let k = 0; k < w.length; k++) {
      let gk = g[k];
      if (h.clipValue) gk = Math.max(-h.clipValue, Math.min(h.clipValue, gk));
      if (h.clipNorm) gk *= h.clipNorm / Math.max(norm, h.clipNorm);
      if (h.weightDecay) w[k] -= w[k] * h.weightDecay * lr;
      w[k] = update(w[k], gk, slots[k], lr, t, h);
    }
  }
  return losses;
}

const X = Array.from({ length: 12 }, (_, r) => [((r * 5) % 12) / 6 - 1, ((r * 7) % 11) / 5 - 1]);
const Y = X.map(([p, q]) => p * q + 0.3 * p);
const start = [0.4, -0.7, 0.2, 0.9, 0.1, -0.5, 0.05, -0.1, 0.2, 0.6, -0.8, 0.3, -0.2];

const variants: ({ name: string } & Record<string, unknown>)[] = [
  ...Object.keys(KERAS).map((name) => ({ name })),
  { name: "sgd", learningRate: 0.1, momentum: 0.9 },
  { name: "sgd", learningRate: 0.1, momentum: 0.9, nesterov: true },
  { name: "adagrad", learningRate: 0.1, initialAccumulator: 0 },
  { name: "rmsprop", learningRate: 0.01, momentum: 0.9 },
  { name: "rmsprop", learningRate: 0.01, centered: true },
  { name: "rmsprop", learningRate: 0.01, centered: true, momentum: 0.5, epsilon: 1e-3 },
  { name: "adadelta", learningRate: 1 },
  { name: "adam", learningRate: 0.05, epsilon: 0.1, amsgrad: true },
  { name: "adam", learningRate: 0.05, weightDecay: 0.1 },
  { name: "adamw", learningRate: 0.05, amsgrad: true },
  { name: "adamax", learningRate: 0.05, epsilon: 0.1 },
  { name: "nadam", learningRate: 0.05, epsilon: 0.01 },
  { name: "sgd", learningRate: 0.1, clipNorm: 0.3 },
  { name: "sgd", learningRate: 0.1, clipNorm: 100 },
  { name: "sgd", learningRate: 0.1, momentum: 0.5, clipNorm: 0.2, weightDecay: 0.01 },
  { name: "adam", learningRate: 0.1, clipValue: 0.05 },
];

describe.each(variants.map((spec) => ({ spec, name: JSON.stringify(spec) })))("$name", ({ spec }) => {
  test.each(["a rate that stays", "a rate that changes"])("twenty steps, %s", (changes) => {
    const { learningRate: base = KERAS[spec.name].defaults.learningRate, ...others } = spec;
    const first = base as number;
    const isChanging = changes.endsWith("changes");
    const rate = (t: number) => (isChanging ? first * (1 - 0.04 * t) : first);
    const learningRate = isChanging ? { learningRate: rate } : "learningRate" in spec ? { learningRate: first } : {};
    const optimizer = { ...others, flavor: "keras", ...learningRate } as OptimizerSpec;

    const w = [...start];
    const expected = kerasFit(w, X, Y, spec, rate);
    using network = new Network({ inputs: 2, layers: [dense(3, "tanh"), dense(1)], optimizer, dtype: "float64" });
    network.setWeights([
      { weights: start.slice(0, 6), bias: start.slice(6, 9) },
      { weights: start.slice(9, 12), bias: start.slice(12) },
    ]);
    const losses = Array.from({ length: 20 }, (_, t) => {
      const begin = 4 * (t % 3);
      return network.trainOnBatch({
        x: X.slice(begin, begin + 4),
        y: Y.slice(begin, begin + 4).map((value) => [value]),
      });
    });
    const trained = network.getWeights().flatMap(({ weights, bias = [] }) => [...weights, ...bias]);
    for (let k = 0; k < 20; k++) expect(losses[k]).toBeCloseTo(expected[k], 12);
    for (let k = 0; k < w.length; k++) expect(trained[k]).toBeCloseTo(w[k], 12);
  });

  test("is not PyTorch's, where they differ", () => {
    const run = (flavor: object) => {
      using network = new Network({
        inputs: 2,
        layers: [dense(3, "tanh"), dense(1)],
        optimizer: { learningRate: 0.1, ...spec, ...flavor } as OptimizerSpec,
        dtype: "float64",
      });
      network.fitSync({ x: X, y: Y.map((value) => [value]) }, { epochs: 2, shuffle: false, batchSize: 5 });
      return network.fingerprint();
    };
    const isSame = spec.name === "lion" || (spec.name === "sgd" && !spec.momentum && spec.clipNorm !== 0.3);
    expect(run({ flavor: "keras" }) === run({})).toBe(isSame);
    expect(run({ flavor: "pytorch" })).toBe(run({}));
  });
});

describe("defaults", () => {
  test.each(Object.entries(KERAS))("%s has Keras's where none are given", (name, { defaults }) => {
    const { spec } = readOptimizer({ name, flavor: "keras" }, 10);
    expect(spec).toMatchObject({ name, flavor: "keras" });
    for (const [key, value] of Object.entries(defaults)) {
      expect(Number((spec as unknown as Hyper)[key]), key).toBe(value);
    }
    expect(readOptimizer(JSON.parse(JSON.stringify(spec)), 10)).toEqual(readOptimizer({ name, flavor: "keras" }, 10));
    // What is given stays.
    expect(readOptimizer({ name, flavor: "keras", learningRate: 0.5 }, 10).learningRate).toBe(0.5);
  });

  test("schedules start from Keras's rate", () => {
    const optimizer = { name: "sgd", flavor: "keras", learningRate: { name: "exponential", factor: 0.5 } };
    expect(readOptimizer(optimizer, 10).schedule!.rate(1, 1)).toBe(0.005);
  });

  test("what Keras does not have is refused", () => {
    for (const name of Object.keys(OPTIMIZERS)) {
      const read = () => readOptimizer({ name, flavor: "keras" }, 10);
      if (name in KERAS) expect(read).not.toThrow();
      else expect(read).toThrow(/optimizer.*leave flavor out/);
    }
    expect(() => readOptimizer({ name: "sgd", flavor: "kears" }, 10)).toThrow(
      /optimizer\.flavor: unknown flavor "kears" \(did you mean "keras"\?\); known: pytorch, keras/,
    );
    expect(() => readOptimizer({ name: "sgd", flavor: 1 }, 10)).toThrow(/optimizer\.flavor: 1 is no flavor/);
  });
});
