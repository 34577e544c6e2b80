// Memory: blocks never overlap, all are aligned, training writes nowhere but into its own, and networks that are used in
// turn stay where they are.
import { expect, test } from "vitest";
import { type Engine, engineOf } from "../src/core/engine.ts";
import { Network, dense } from "../src/index.ts";
import { fenced } from "./fences.ts";

/** Watches an engine's blocks for as long as `work` runs. */
function watch(engine: Engine, work: () => void): { start: number; size: number }[] {
  const blocks = new Map<number, number>();
  const seen: { start: number; size: number }[] = [];
  const { allocate, release } = engine;
  engine.allocate = (size, what, zeroed) => {
    const start = allocate.call(engine, size, what, zeroed);
    for (const [other, length] of blocks) {
      expect(start + size <= other || other + length <= start, `${what} overlaps another block`).toBe(true);
    }
    blocks.set(start, size);
    seen.push({ start, size });
    return start;
  };
  engine.release = (start) => {
    blocks.delete(start);
    release.call(engine, start);
  };
  try {
    work();
  } finally {
    engine.allocate = allocate;
    engine.release = release;
  }
  return seen;
}

const x = Array.from({ length: 11 }, (_, i) => [Math.sin(i), Math.cos(i), i / 11]);
const y = x.map(([a, b]) => [a * b, a - b]);

test.each(["float32", "float64"] as const)("blocks are aligned and apart, %s", (dtype) => {
  const engine = engineOf(dtype);
  const blocks = watch(engine, () => {
    const network = new Network({ inputs: 3, layers: [dense(5, "tanh"), dense(7, "relu"), dense(2)], dtype });
    network.fitSync({ x, y }, { epochs: 3, batchSize: 4, validation: 0.2 });
    network.predict(x);
    network.gradients({ x, y });
    network.trace(x[0], y[0]);
    network.evaluate({ x, y }, { metrics: ["r2"] });
    network.dispose();
  });
  expect(blocks.length).toBeGreaterThan(5);
  expect(blocks.every(({ start }) => start % 16 === 0 && start >= engine.core.heapBase())).toBe(true);
});

test("all memory comes back when networks are disposed of", () => {
  const engine = engineOf("float32");
  const before = engine.used;
  for (let i = 1; i < 30; i++) {
    const network = new Network({ inputs: 3, layers: [dense(i, "tanh"), dense(2)] });
    network.fitSync({ x, y }, { epochs: 2, batchSize: i });
    network.predict(x);
    network.dispose();
  }
  expect(engine.used).toBe(before);
});

test("a failed call gives back what it took", async () => {
  const network = new Network({ inputs: 3, layers: [dense(2)] });
  network.fitSync({ x, y }, { epochs: 1 });
  const { used } = engineOf("float32");
  expect(() => network.predict([[1, 2, NaN]])).toThrow("NaN");
  expect(() => network.evaluate({ x, y: y.slice(1) })).toThrow("rows");
  expect(() => network.gradients({ x, y: [[1, Infinity], ...y.slice(1)] })).toThrow("Infinity");
  await expect(network.fit({ x, y }, { validation: { x: [[1]], y: [[1, 2]] } })).rejects.toThrow("validation");
  expect(engineOf("float32").used).toBe(used);
  network.dispose();
});

test("what lies around a network's blocks is untouched by training", () => {
  const engine = engineOf("float32");
  fenced(engine, 50, () => {
    for (const units of [1, 2, 3, 5, 7, 9]) {
      const network = new Network({
        inputs: 3,
        layers: [dense(units, "sigmoid"), dense(2, "tanh")],
        optimizer: "adam",
      });
      network.fitSync({ x, y }, { epochs: 4, batchSize: 3, metrics: ["r2"] });
      network.predict(x);
      network.trace(x[1], y[1]);
      network.dispose();
    }
  });
});

test("networks that are used in turn stay where they are", () => {
  const { used } = engineOf("float32");
  const three = [0, 1, 2].map((seed) => new Network({ inputs: 2000, layers: [dense(4000)], seed }));
  const sample = new Float32Array(2000).fill(1);
  const predicted = three.map((network) => network.predict(sample));
  for (const [i, network] of three.entries()) expect(network.predict(sample)).toEqual(predicted[i]);
  expect(engineOf("float32").used - used).toBeGreaterThan(3 * 2000 * 4000 * 4);
  for (const network of three) network.dispose();
  expect(engineOf("float32").used).toBe(used);
});
