// The search for a learning rate on tables that are mostly noise: many batches say more about themselves than about a rate.
import { describe, expect, test } from "vitest";
import { type Layer, Network, type OptimizerSpec, dense } from "../src/index.ts";

/** Numbers in (0, 1), the same in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32 + 2 ** -33;
  };
}

const HIDDEN: Record<string, Layer[]> = {
  relu: [dense(16, "relu")],
  tanh: [dense(12, "tanh")],
  linear: [],
  deep: [dense(12, "relu"), dense(12, "relu"), dense(12, "relu")],
};
const OPTIMIZERS: OptimizerSpec[] = ["sgd", "adam", { name: "sgd", momentum: 0.9 }];

interface Case {
  kind: string;
  noise: number;
  hidden: string;
  number: number;
}

const cases: Case[] = ["numbers", "classes", "outliers"].flatMap((kind) =>
  [0.3, 1, 3].flatMap((noise) => Object.keys(HIDDEN).map((hidden) => ({ kind, noise, hidden, number: 0 }))),
);
cases.forEach((c, k) => (c.number = k));

function tableOf({ kind, noise, number }: Case): { x: number[][]; y: number[] } {
  const uniform = generator(101 + number);
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const inputs = [3, 6, 15][number % 3];
  const weights = Array.from({ length: inputs }, normal);
  const x = Array.from({ length: [150, 300, 500][(number >> 1) % 3] }, () => Array.from({ length: inputs }, normal));
  const y = x.map((row) => {
    const signal = Math.tanh(row.reduce((sum, value, i) => sum + value * weights[i], 0) / 2);
    // Now and then an error is many times as large as usual.
    const error = noise * (kind === "outliers" ? (0.3 * normal()) / Math.max(0.05, Math.abs(normal())) : normal());
    return kind === "classes" ? Number(signal + error / 2 > 0) : signal + error;
  });
  return { x, y };
}

function networkOf({ kind, hidden, number }: Case, inputs: number, learningRate?: number): Network {
  const chosen = OPTIMIZERS[number % 3];
  const optimizer = typeof chosen === "string" ? { name: chosen } : chosen;
  return new Network({
    inputs,
    layers: [...HIDDEN[hidden], kind === "classes" ? dense(2, "softmax") : dense(1)],
    optimizer: (learningRate === undefined ? optimizer : { ...optimizer, learningRate }) as OptimizerSpec,
    seed: number,
  });
}

const GRID = Array.from({ length: 12 }, (_, k) => 1e-5 * 10 ** (k / 2));

describe("on noisy tables", () => {
  test.each(cases)("$kind, noise $noise, $hidden", async (c) => {
    const data = tableOf(c);
    const batchSize = [8, 16, 32][c.number % 3];
    using asking = networkOf(c, data.x[0].length);
    const { suggestion } = await asking.findLearningRate(data, { batchSize });
    // Rates that reach three quarters of the fall that the best of a wide range reaches.
    const losses = GRID.map((rate) => {
      using network = networkOf(c, data.x[0].length, rate);
      try {
        network.fitSync(data, { epochs: 8, batchSize });
        return network.evaluate(data).loss;
      } catch {
        return Infinity;
      }
    });
    const least = Math.min(...losses);
    const enough = losses.map((loss) => loss <= least + (asking.evaluate(data).loss - least) / 4);
    expect(suggestion).toBeGreaterThan(GRID[enough.indexOf(true)] / 10);
    expect(suggestion).toBeLessThan(GRID[enough.lastIndexOf(true)] * 5);
  });
});

test("its time grows with its steps, and no faster", async () => {
  const x = Array.from({ length: 8 }, (_, k) => [k / 8]);
  using network = new Network({ inputs: 1, layers: [dense(1)], optimizer: "sgd" });
  const measure = async (steps: number): Promise<number> => {
    const began = performance.now();
    const { losses } = await network.findLearningRate({ x, y: x.map(([v]) => v) }, { steps, to: 0.01, batchSize: 8 });
    expect(losses).toHaveLength(steps);
    return performance.now() - began;
  };
  await measure(2000);
  const few = Math.min(await measure(4000), await measure(4000));
  const many = await measure(40_000);
  // Ten times the steps: a square would be a hundred times the time.
  expect(many / few).toBeLessThan(30);
});
