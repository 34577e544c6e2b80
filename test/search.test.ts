// The optimizers that take all rows at once and search. They must reach known minima, each step is compared with plain
// formulas, and line searches must keep what they promise. They train, stop, abort and go on like all others.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { engineOf } from "../src/core/engine.ts";
import {
  type DType,
  type History,
  type LayerWeights,
  Network,
  type OptimizerSpec,
  dense,
  type NetworkOptions,
} from "../src/index.ts";
import { COMMON } from "../src/tables/optimizers.ts";
import { OPTIMIZERS } from "../src/tables/whole.ts";
import { searchLine } from "../src/search/lines.ts";
import { leave } from "./leave.ts";
import {
  forward,
  generator,
  gradients,
  loss,
  matrix,
  model,
  penalty,
  predict,
  relativeDifference,
} from "./reference.ts";
import { readOptimizer } from "../src/description/optimizer.ts";

type Vector = number[];

const names = ["conjugateGradient", "scaledConjugateGradient", "lbfgs", "levenbergMarquardt"] as const;
const dtypes = ["float32", "float64"] as const;
const cases = dtypes.flatMap((dtype) => names.map((name) => ({ dtype, name })));

const draw = generator(8);
const x = matrix(31, 3, draw);
const y = x.map(([a, b, c]) => [a * b - c, Math.sin(2 * a) + 0.5 * c]);
const data = { x, y };
const layers = [dense(5, "tanh"), dense(3, "sigmoid", { trainable: "weights" }), dense(2)];

function make(optimizer: OptimizerSpec, dtype: DType = "float64", more: Partial<NetworkOptions> = {}): Network<DType> {
  return new Network<DType>({ inputs: 3, layers, optimizer, dtype, seed: 3, ...more });
}

function flat(weights: readonly LayerWeights[]): Vector {
  return weights.flatMap(({ weights, bias = [] }) => [...weights, ...bias]);
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((total, ak, k) => total + ak * b[k], 0);
}

/** x with A x = b, by elimination with pivots. */
function solve(A: Vector[], b: Vector): Vector {
  const M = A.map((row, i) => [...row, b[i]]);
  const n = b.length;
  for (let k = 0; k < n; k++) {
    const best = M.reduce((top, row, i) => (i > k && Math.abs(row[k]) > Math.abs(M[top][k]) ? i : top), k);
    [M[k], M[best]] = [M[best], M[k]];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = M[i][k] / M[k][k];
      for (let j = k; j <= n; j++) M[i][j] -= factor * M[k][j];
    }
  }
  return M.map((row, i) => row[n] / row[i]);
}

test("they are all there is", () => {
  const searching = Object.entries(OPTIMIZERS).filter(([, row]) => "search" in row);
  expect(searching.map(([name]) => name)).toEqual(names);
});

describe("a quadratic in ten weights", () => {
  const draw = generator(1);
  const X = matrix(50, 9, draw);
  const Y = X.map((row) => [row.reduce((sum, value, i) => sum + (value * (i - 4)) / 3, 0.7) + 0.3 * draw()]);
  const rows = X.map((row) => [...row, 1]);
  const best = solve(
    rows[0].map((_, i) => rows[0].map((_, j) => rows.reduce((sum, row) => sum + row[i] * row[j], 0))),
    rows[0].map((_, i) => rows.reduce((sum, row, r) => sum + row[i] * Y[r][0], 0)),
  );

  test.each(cases)("$name finds its minimum in 40 iterations, $dtype", ({ name, dtype }) => {
    using line = new Network<DType>({ inputs: 9, layers: [dense(1)], optimizer: { name }, dtype });
    const { epochs } = line.fitSync({ x: X, y: Y }, { epochs: 40 });
    const least = Y.reduce((sum, [y], r) => sum + (y - dot(rows[r], best)) ** 2, 0) / Y.length;
    const tolerance = dtype === "float64" ? 1e-8 : 2e-6;
    expect(Math.abs(epochs.at(-1)!.loss - least)).toBeLessThan(tolerance);
    expect(relativeDifference(flat(line.getWeights()), best)).toBeLessThan(tolerance);
  });

  test.each(names)("%s knows that it is there", (name) => {
    using line = new Network({ inputs: 9, layers: [dense(1)], optimizer: { name }, dtype: "float64" });
    const { stopped, epochs } = line.fitSync({ x: X, y: Y });
    expect(stopped).toBe("converged");
    expect(epochs.length).toBeLessThan(60);
    const found = line.fingerprint();
    const again = line.fitSync({ x: X, y: Y }, { epochs: 5 });
    expect(again).toMatchObject({ stopped: "converged", epochs: [{ learningRate: 0, evaluations: 1 }] });
    expect(line.fingerprint()).toBe(found);
  });
});

describe("each step is that of the formulas", () => {
  /** Weights, gradients and reports at the beginning and after each epoch. */
  function watch(network: Network<DType>, epochs: number): { w: Vector; g: Vector; f: number; step: number }[] {
    const look = (step: number) => {
      const { loss, penalty = 0 } = network.evaluate(data);
      return { w: flat(network.getWeights()), g: moving(flat(network.gradients(data))), f: loss + penalty, step };
    };
    const places = [look(0)];
    network.fitSync(data, { epochs, onEpoch: ({ learningRate }) => void places.push(look(learningRate)) });
    return places;
  }

  /** Only what training changes. */
  function moving(g: Vector): Vector {
    return g.map((value, k) => (k >= 20 + 15 && k < 20 + 18 ? 0 : value));
  }

  const difference = (a: Vector, b: Vector) => a.map((ak, k) => ak - b[k]);

  test("conjugateGradient: Polak and Ribière's directions", () => {
    using network = make("conjugateGradient", "float64", { l2: 0.01 });
    const places = watch(network, 12);
    let d = places[0].g.map((g) => -g);
    for (let k = 1; k < places.length; k++) {
      const [before, now] = [places[k - 1], places[k]];
      const moved = difference(now.w, before.w);
      expect(
        relativeDifference(
          moved,
          d.map((dk) => now.step * dk),
        ),
      ).toBeLessThan(1e-9);
      const beta = dot(now.g, difference(now.g, before.g)) / dot(before.g, before.g);
      d = d.map((dk, i) => beta * dk - now.g[i]);
    }
  });

  test.each([3, 30])("lbfgs: H of the last %d pairs, built up as a whole matrix", (history) => {
    using network = make({ name: "lbfgs", history }, "float64", { l2: 0.01 });
    const places = watch(network, 9);
    const pairs: { s: Vector; y: Vector }[] = [];
    for (let k = 1; k < places.length; k++) {
      const [before, now] = [places[k - 1], places[k]];
      const n = now.w.length;
      const last = pairs.at(-1);
      const scale = last === undefined ? 1 : dot(last.s, last.y) / dot(last.y, last.y);
      let H = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? scale : 0)));
      for (const { s, y } of pairs.slice(-history)) {
        // H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ
        const rho = 1 / dot(s, y);
        const Hy = H.map((row) => dot(row, y));
        const yHy = dot(y, Hy);
        H = H.map((row, i) =>
          row.map((h, j) => h - rho * (s[i] * Hy[j] + Hy[i] * s[j]) + (rho * rho * yHy + rho) * s[i] * s[j]),
        );
      }
      const d = H.map((row) => -dot(row, before.g));
      const moved = difference(now.w, before.w);
      expect(
        relativeDifference(
          moved,
          d.map((dk) => now.step * dk),
        ),
      ).toBeLessThan(1e-8);
      pairs.push({ s: moved, y: difference(now.g, before.g) });
    }
  });

  test.each([
    { name: "conjugateGradient", rho: 0.01, sigma: 0.1 },
    { name: "lbfgs", rho: 1e-4, sigma: 0.9 },
  ] as const)("$name: the strong Wolfe conditions hold", ({ name, rho, sigma }) => {
    using network = make(name, "float64", { l2: 0.003 });
    const places = watch(network, 60);
    expect(places).toHaveLength(61);
    for (let k = 1; k < places.length; k++) {
      const [before, now] = [places[k - 1], places[k]];
      const moved = difference(now.w, before.w);
      const start = dot(before.g, moved);
      expect(start).toBeLessThan(0);
      expect(now.f).toBeLessThanOrEqual(before.f + rho * start + 1e-14 * before.f);
      expect(Math.abs(dot(now.g, moved))).toBeLessThanOrEqual(sigma * Math.abs(start) * (1 + 1e-9));
    }
  });

  test("scaledConjugateGradient: Møller's steps, as his paper writes them", () => {
    const options: NetworkOptions = { inputs: 3, layers: [dense(4, "tanh"), dense(2)], l2: 0.01 };
    using network = new Network({ ...options, optimizer: "scaledConjugateGradient", dtype: "float64", seed: 5 });
    const shapes = network.getWeights();
    const place = (w: Vector) => {
      let k = 0;
      const weights = shapes.map(({ weights, bias }) => ({
        weights: Array.from(weights, () => w[k++]),
        bias: Array.from(bias!, () => w[k++]),
      }));
      const twin = model(options, weights);
      return { f: loss(twin, x, y) + penalty(twin), g: flat(gradients(twin, x, y) as never) };
    };
    let w = flat(shapes);
    let r = place(w).g.map((g) => -g);
    let p = r;
    let [lambda, bar, delta, isSuccess] = [5e-7, 0, 0, true];
    const went: Vector[] = [];
    for (let k = 1; went.length < 15; k++) {
      const square = dot(p, p);
      const along = (step: number) => w.map((wi, i) => wi + step * p[i]);
      const { f, g } = place(w);
      if (isSuccess) {
        const sigma = 5e-5 / Math.sqrt(square);
        delta = dot(p, difference(place(along(sigma)).g, g)) / sigma;
      }
      delta += (lambda - bar) * square;
      if (delta <= 0) {
        bar = 2 * (lambda - delta / square);
        delta = -delta + lambda * square;
        lambda = bar;
      }
      const mu = dot(p, r);
      const alpha = mu / delta;
      const comparison = (2 * delta * (f - place(along(alpha)).f)) / (mu * mu);
      const next = place(along(alpha)).g.map((value) => -value);
      isSuccess = comparison >= 0;
      if (isSuccess) {
        w = along(alpha);
        went.push(w);
        const beta = (dot(next, next) - dot(next, r)) / mu;
        r = next;
        p = r.map((ri, i) => ri + beta * p[i]);
        // If the slope is still steep after a step, the next direction may lead upwards. Then the method begins anew.
        if (dot(p, r) <= 0) p = r;
        bar = 0;
      } else {
        bar = lambda;
      }
      if (comparison < 0.25) lambda += (delta * (1 - comparison)) / square;
      if (comparison >= 0.75) lambda /= 4;
    }
    network.fitSync(data, {
      epochs: 15,
      onEpoch: ({ epoch }) => {
        expect(relativeDifference(flat(network.getWeights()), went[epoch - 1])).toBeLessThan(1e-6);
      },
    });
  });

  const shapes = [1, 2, 3, 5, 7].flatMap(
    (units) =>
      [
        { units, outputs: 1, hidden: "tanh", last: "linear", loss: "squaredError" },
        { units, outputs: 3, hidden: "sigmoid", last: "softmax", loss: "meanSquaredError" },
        { units, outputs: 2, hidden: "relu", last: "sigmoid", loss: "squaredError" },
      ] as const,
  );

  test.each(shapes)("levenbergMarquardt: $units $hidden, $outputs $last, $loss", (shape) => {
    const options: NetworkOptions = {
      inputs: 3,
      layers: [
        dense(shape.units, shape.hidden, { l2: 0.02 }),
        dense(2, "tanh", { trainable: "bias" }),
        dense(shape.outputs),
        { type: "activation", activation: shape.last },
      ],
      loss: shape.loss,
      l1: 0.001,
    };
    const rows = x.slice(0, 9);
    const targets = rows.map(([a, b, c]) => [0.3 + 0.1 * a, 0.4 - 0.2 * b * c, 0.2].slice(0, shape.outputs));
    for (const dtype of dtypes) {
      using network = new Network<DType>({
        ...options,
        optimizer: { name: "levenbergMarquardt", mu: 5 },
        dtype,
        seed: 2,
      });
      const before = network.getWeights();
      const outputs = (w: Vector) => {
        let k = 0;
        const weights = before.map(({ weights, bias }) => ({
          weights: Array.from(weights, () => w[k++]),
          bias: Array.from(bias!, () => w[k++]),
        }));
        return predict(model(options, weights), rows).flat();
      };
      const w = flat(before);
      const h = 1e-5;
      // Columns of J, by central differences; none for weights that are held.
      const held = (k: number) => k >= 4 * shape.units && k < 4 * shape.units + 2 * shape.units;
      const J = w.map((wk, k) => {
        if (held(k)) return outputs(w).map(() => 0);
        const up = outputs(w.with(k, wk + h));
        const down = outputs(w.with(k, wk - h));
        return up.map((value, i) => (value - down[i]) / (2 * h));
      });
      const twin = model(options, before);
      const g = gradients(twin, rows, targets);
      const share = shape.loss === "squaredError" ? rows.length : (rows.length * shape.outputs) / 2;
      const A = J.map((a, i) =>
        J.map((b, j) => dot(a, b) + (i === j ? 5 + (i < 3 * shape.units ? 0.02 * share : 0) : 0)),
      );
      const step = solve(
        A,
        flat(g as never).map((value, k) => (held(k) ? 0 : -share * value)),
      );
      const { epochs } = network.fitSync({ x: rows, y: targets }, { epochs: 1 });
      expect(epochs[0]).toMatchObject({ evaluations: 2, learningRate: 1 });
      const moved = difference(flat(network.getWeights()), w);
      expect(relativeDifference(moved, step), dtype).toBeLessThan(dtype === "float64" ? 1e-7 : 1e-4);
    }
  });

  test("more rows than go through the network at a time: the gradient is that of all", () => {
    const rows = matrix(611, 3, draw);
    const targets = rows.map(([a, b, c]) => [a * b, b - c]);
    const options: NetworkOptions = { inputs: 3, layers: [dense(4, "tanh"), dense(2)], l1: 0.01, l2: 0.1 };
    for (const dtype of dtypes) {
      using network = new Network<DType>({ ...options, optimizer: "lbfgs", dtype });
      const before = network.getWeights();
      const twin = model(options, before);
      const [{ learningRate }] = network.fitSync({ x: rows, y: targets }, { epochs: 1 }).epochs;
      const moved = difference(flat(before), flat(network.getWeights()));
      const expected = flat(gradients(twin, rows, targets) as never).map((g) => learningRate * g);
      expect(relativeDifference(moved, expected)).toBeLessThan(dtype === "float64" ? 1e-12 : 1e-5);
      expect(network.evaluate({ x: rows, y: targets }).loss).toBeLessThan(loss(twin, rows, targets) + penalty(twin));
    }
  });

  test("forward of the twin is what the Jacobian is of", () => {
    using network = make("levenbergMarquardt");
    const twin = model({ inputs: 3, layers }, network.getWeights());
    expect(relativeDifference(network.predict([x[0]]), forward(twin, x[0]).at(-1)!.a)).toBeLessThan(1e-14);
  });
});

describe("the line search", () => {
  // With slopes below 0 at 0, the first three of Moré and Thuente 1994.
  const curves: { name: string; value: (a: number) => number; slope: (a: number) => number }[] = [
    { name: "−a / (a² + 2)", value: (a) => -a / (a * a + 2), slope: (a) => (a * a - 2) / (a * a + 2) ** 2 },
    {
      name: "(a + 0.004)⁵ − 2 (a + 0.004)⁴",
      value: (a) => (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4,
      slope: (a) => 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3,
    },
    { name: "a parabola", value: (a) => (a - 3) ** 2, slope: (a) => 2 * (a - 3) },
    { name: "a − log a", value: (a) => (a > -1 ? a - 2 * Math.log(a + 1) : NaN), slope: (a) => 1 - 2 / (a + 1) },
    {
      name: "a wall at 2",
      value: (a) => (a < 2 ? (a - 1) ** 2 : Infinity),
      slope: (a) => (a < 2 ? 2 * (a - 1) : NaN),
    },
  ];

  test.each(curves)("finds a point that fulfils both conditions: $name", ({ value, slope }) => {
    const start = slope(0);
    for (const first of [1e-3, 0.1, 1, 10, 1e3]) {
      for (const [rho, sigma] of [
        [0.01, 0.5],
        [1e-4, 0.9],
        [1e-3, 0.01],
      ]) {
        let looks = 0;
        const terrain = {
          *at(step: number): Generator<void, { step: number; rise: number; slope: number }> {
            looks++;
            yield;
            const rise = value(step) - value(0);
            return { step, rise: Number.isFinite(rise) ? rise : Infinity, slope: slope(step) };
          },
        };
        const search = searchLine(terrain, start, first, { rho, sigma, most: 60 });
        let result = search.next();
        while (!result.done) result = search.next();
        const point = result.value!;
        expect(point, `${first}, ${rho}, ${sigma}`).toBeDefined();
        expect(point.rise).toBeLessThanOrEqual(rho * point.step * start);
        expect(Math.abs(point.slope)).toBeLessThanOrEqual(sigma * Math.abs(start));
        expect(looks).toBeLessThanOrEqual(40);
      }
    }
  });

  test("gives up where there is nothing to find", () => {
    const terrain = {
      *at(step: number): Generator<void, { step: number; rise: number; slope: number }> {
        yield;
        return { step, rise: step, slope: 1 };
      },
    };
    const search = searchLine(terrain, -1, 1, { rho: 0.01, sigma: 0.5, most: 20 });
    let result = search.next();
    let looks = 0;
    for (; !result.done; looks++) result = search.next();
    expect(result.value).toBeUndefined();
    expect(looks).toBe(21);
  });
});

describe.each(cases)("$name, $dtype", ({ name, dtype }) => {
  test("learns", () => {
    using network = make(name, dtype);
    const { epochs, stopped } = network.fitSync(data, { epochs: 60 });
    expect(["epochs", "converged", "stalled"]).toContain(stopped);
    expect(epochs.at(-1)!.loss).toBeLessThan(0.1 * epochs[0].loss);
    expect(epochs.at(-1)!.loss).toBeCloseTo(network.evaluate(data).loss, 6);
    for (let k = 1; k < epochs.length; k++) expect(epochs[k].loss).toBeLessThanOrEqual(epochs[k - 1].loss * (1 + 1e-5));
  });

  test("seven fits of one epoch are one of seven, to the bit", () => {
    using once = make(name, dtype, { l2: 0.01 });
    using often = make(name, dtype, { l2: 0.01 });
    once.fitSync(data, { epochs: 7 });
    for (let k = 0; k < 7; k++) often.fitSync(data, { epochs: 1 });
    expect(often.fingerprint()).toBe(once.fingerprint());
    expect(often.fitSync(data, { epochs: 1 }).epochs[0].epoch).toBe(8);
  });

  test("a network that made room goes on with what it remembered", () => {
    using stayed = make(name, dtype);
    using left = make(name, dtype);
    for (const network of [stayed, left]) network.fitSync(data, { epochs: 4 });
    leave(left);
    for (const network of [stayed, left]) network.fitSync(data, { epochs: 4 });
    expect(left.fingerprint()).toBe(stayed.fingerprint());
  });

  test("in slices, with other calls in between, it is the same to the bit", async () => {
    const rows = matrix(3000, 3, draw);
    const many = { x: rows, y: rows.map(([a, b, c]) => [a * b - c, b * c]) };
    const wide = { layers: [dense(24, "tanh"), dense(2)] };
    using alone = make(name, dtype, wide);
    using looked = make(name, dtype, wide);
    alone.fitSync(many, { epochs: 4, metrics: ["r2"] });
    const reports: History["epochs"] = [];
    const training = looked.fit(many, { epochs: 4, metrics: ["r2"], onEpoch: (report) => void reports.push(report) });
    let isRunning = true;
    const ended = training.then(() => (isRunning = false));
    const between = new Set<string>();
    while (isRunning) {
      await new Promise((resolve) => setImmediate(resolve));
      between.add(looked.fingerprint());
      looked.evaluate(data, { metrics: ["r2"] });
      looked.gradients(data);
      looked.trace(x[0], y[0]);
    }
    await ended;
    expect(looked.fingerprint()).toBe(alone.fingerprint());
    // At any time, the weights that can be seen are those of a whole iteration.
    expect(between.size).toBeLessThanOrEqual(5);
    expect(reports.at(-1)!.loss).toBeCloseTo(looked.evaluate(many).loss, 5);
  });

  test("trainOnBatch is one iteration", () => {
    using one = make(name, dtype);
    using other = make(name, dtype);
    const before = one.evaluate(data).loss;
    expect(one.trainOnBatch(data)).toBeCloseTo(before, 6);
    other.fitSync(data, { epochs: 1 });
    expect(one.fingerprint()).toBe(other.fingerprint());
  });

  test("data that overflow leave everything as it was", () => {
    using wild = make(name, dtype);
    using calm = make(name, dtype);
    for (const network of [wild, calm]) network.fitSync(data, { epochs: 3 });
    const huge = dtype === "float64" ? 1e200 : 1e30;
    const absurd = { x, y: y.map((row) => row.map((value) => value * huge)) };
    const says = expect.objectContaining({ code: "ERR_DIVERGED", message: expect.not.stringMatching(/learningRate/) });
    expect(() => wild.trainOnBatch(absurd)).toThrow(says);
    expect(() => wild.fitSync(absurd)).toThrow(says);
    for (const network of [wild, calm]) network.fitSync(data, { epochs: 3 });
    expect(wild.fingerprint()).toBe(calm.fingerprint());
  });

  test("all memory comes back", () => {
    const { used } = engineOf(dtype);
    const network = make(name, dtype);
    network.fitSync(data, { epochs: 2, validation: 0.2 });
    network.trainOnBatch(data);
    network.dispose();
    expect(engineOf(dtype).used).toBe(used);
  });
});

describe("stopping", () => {
  test("early stopping brings the best weights back", () => {
    using network = make("lbfgs", "float64", { layers: [dense(20, "tanh"), dense(2)] });
    const noisy = { x: x.slice(0, 12), y: y.slice(0, 12).map((row) => row.map((value) => value + draw())) };
    const held = { x: x.slice(12), y: y.slice(12) };
    const history = network.fitSync(noisy, { validation: held, earlyStopping: { patience: 5 } });
    expect(history.stopped).toBe("earlyStopping");
    expect(network.evaluate(held).loss).toBe(history.best!.validation!.loss);
  });

  test("at a loss, after a time, and where a search finds nothing", () => {
    using network = make("scaledConjugateGradient");
    const { epochs, stopped } = network.fitSync(data, { targetLoss: 0.05 });
    expect(stopped).toBe("targetLoss");
    expect(epochs.at(-1)!.loss).toBeLessThanOrEqual(0.05);
    expect(epochs.at(-2)!.loss).toBeGreaterThan(0.05);
    expect(network.fitSync(data, { timeLimit: 1e-6, epochs: 1e6 }).stopped).toBe("timeLimit");

    // At the minimum, w = 0, the slope of |w| jumps. So no gradient is small enough to have converged.
    using edge = new Network({
      inputs: 1,
      layers: [dense(1, "linear", { bias: false })],
      optimizer: "conjugateGradient",
      l1: 1,
      dtype: "float64",
    });
    expect(edge.fitSync({ x: [[1]], y: [[0.25]] }, { epochs: 500 }).stopped).toBe("stalled");
  });

  test("an abort in the middle of an iteration leaves the weights of the last whole one", async () => {
    const rows = matrix(60_000, 3, draw);
    using network = make("lbfgs", "float32", { layers: [dense(60, "tanh"), dense(2)] });
    const controller = new AbortController();
    const seen = [network.fingerprint()];
    const many = { x: rows, y: rows.map(([a, b, c]) => [a * b, b * c]) };
    const training = network.fit(many, {
      signal: controller.signal,
      onEpoch: () => void seen.push(network.fingerprint()),
    });
    setTimeout(() => controller.abort(new Error("enough")), 150);
    await expect(training).rejects.toThrow("enough");
    expect(network.fingerprint()).toBe(seen.at(-1));
    expect(network.fitSync(data, { epochs: 1 }).epochs).toHaveLength(1);
  });

  test("a report for each iteration, with its passes over the data", async () => {
    using network = make("conjugateGradient");
    const losses: number[] = [];
    const history = await network.fit(data, {
      epochs: 5,
      onBatch: ({ step, loss }) => {
        expect(step).toBe(losses.length);
        losses.push(loss);
      },
    });
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
    // The loss of an epoch is that of the weights it leaves; a batch's is the one before its update.
    expect(losses.slice(1)).toEqual(history.epochs.slice(0, -1).map(({ loss }) => loss));
    for (const { evaluations } of history.epochs) expect(evaluations).toBeGreaterThanOrEqual(1);
    let epochs = 0;
    for await (const { epoch } of network.fit(data, { epochs: 3 })) epochs = epoch;
    expect(epochs).toBe(8);
  });
});

describe("with others", () => {
  test.each(names)("%s: a weight of 2 is the row twice", (name) => {
    // μ stands beside a sum over all rows, of which there are more then.
    const more = name === "levenbergMarquardt" ? { mu: (1e-3 * (x.length + 9)) / x.length } : {};
    using weighed = make(name, "float64", { l2: 0.01 });
    using doubled = make({ name, ...more }, "float64", { l2: 0.01 });
    weighed.fitSync(data, { epochs: 5, sampleWeights: x.map((_, row) => (row < 9 ? 2 : 1)) });
    doubled.fitSync({ x: [...x, ...x.slice(0, 9)], y: [...y, ...y.slice(0, 9)] }, { epochs: 5 });
    expect(relativeDifference(flat(weighed.getWeights()), flat(doubled.getWeights()))).toBeLessThan(1e-6);
  });

  test("where float32 ends, a warning names float64", () => {
    for (const dtype of dtypes) {
      // At the minimum, w = 0, the slope of |w| jumps.
      const layers = [dense(1, "linear", { bias: false })];
      using edge = new Network<DType>({ inputs: 1, layers, optimizer: "conjugateGradient", l1: 1, dtype });
      const { stopped, warnings = [] } = edge.fitSync({ x: [[1], [0.5]], y: [[0.25], [0.1]] }, { epochs: 500 });
      expect(stopped).toBe("stalled");
      expect(warnings.map(({ code }) => code)).toEqual(dtype === "float32" ? ["WARN_PRECISION"] : []);
    }
  });
});

describe("refusals", () => {
  test.each(names)("%s takes no hyperparameter of others", (name) => {
    for (const key of ["learningRate", ...Object.keys(COMMON)]) {
      const said = `optimizer (${name}) finds its own steps: leave ${key} out`;
      expect(() => readOptimizer({ name, [key]: 0.1 }, 10), key).toThrow(said);
    }
    expect(() => readOptimizer({ name, learningRate: { name: "cosine", steps: 3 } }, 10)).toThrow(/leave learningRate/);
    using network = make(name);
    const before = network.fingerprint();
    expect(() => network.fitSync(data, { batchSize: 8 })).toThrow(
      `optimizer (${name}) takes all rows at once: leave b`,
    );
    expect(() => network.fitSync(data, { shuffle: "withReplacement" })).toThrow(
      /takes all rows at once: leave shuffle/,
    );
    expect(() => network.fitSync(data, { batchSize: 0 })).toThrow(/batchSize/);
    expect(network.fingerprint()).toBe(before);
    network.fitSync(data, { batchSize: "full", shuffle: true, epochs: 1 });
  });

  test("levenbergMarquardt: sums of squares, and no more weights than its limit", () => {
    const wide = { inputs: 100, layers: [dense(60, "tanh"), dense(1)] };
    expect(() => new Network({ ...wide, optimizer: "levenbergMarquardt" })).toThrow(
      /limit of 5000 weights, this network has 6121: their matrix takes 300 MB; use "lbfgs", or raise/,
    );
    new Network({ ...wide, optimizer: { name: "levenbergMarquardt", maxWeights: 6121 } }).dispose();
    expect(() => make("levenbergMarquardt", "float64", { loss: "huber" })).toThrow(
      /needs a sum of squares, loss "huber"/,
    );
  });

  test("saved descriptions come back", () => {
    for (const name of names) {
      using network = make(name);
      using copy = Network.fromJSON(JSON.parse(JSON.stringify(network)));
      for (const one of [network, copy]) one.fitSync(data, { epochs: 3 });
      expect(copy.fingerprint()).toBe(network.fingerprint());
      expect(copy.summary()).toContain(`optimizer ${name}, seed 3`);
    }
  });
});

const diabetes = new URL("../../shared/data/diabetes.csv", import.meta.url);

test.skipIf(!existsSync(diabetes))(
  "on diabetes they reach a lower loss than adam at its best rate, in as many passes (skipped without ../shared/data)",
  () => {
    const rows = readFileSync(diabetes, "utf8").trim().split("\n").slice(1);
    const table = rows.map((line) => line.split(",").map(Number));
    const columns = table[0].map((_, k) => {
      const mean = table.reduce((sum, row) => sum + row[k], 0) / table.length;
      return { mean, deviation: Math.sqrt(table.reduce((sum, row) => sum + (row[k] - mean) ** 2, 0) / table.length) };
    });
    const scaled = table.map((row) => row.map((value, k) => (value - columns[k].mean) / columns[k].deviation));
    const set = { x: scaled.map((row) => row.slice(0, -1)), y: scaled.map((row) => row.slice(-1)) };
    const train = (optimizer: OptimizerSpec, passes: number): number => {
      using network = new Network({ inputs: 10, layers: [dense(8, "tanh"), dense(1)], optimizer, dtype: "float64" });
      if (typeof optimizer !== "string")
        return network.fitSync(set, { epochs: passes, batchSize: "full" }).epochs.at(-1)!.loss;
      let loss = Infinity;
      for (let used = 0; used < passes;) {
        const [epoch] = network.fitSync(set, { epochs: 1 }).epochs;
        // Each fit looks at its first weights again: once is enough here.
        used += epoch.evaluations! - (loss < Infinity ? 1 : 0);
        if (used <= passes) ({ loss } = epoch);
      }
      return loss;
    };
    const adam = Math.min(
      ...[0.003, 0.01, 0.03, 0.1, 0.3].map((learningRate) => train({ name: "adam", learningRate }, 100)),
    );
    for (const name of ["lbfgs", "levenbergMarquardt"] as const) expect(train(name, 100), name).toBeLessThan(adam);
  },
);
