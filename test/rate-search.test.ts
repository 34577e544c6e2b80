// The search for a learning rate: what it suggests trains well, and the network that asked stays as it was.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dense, Network, type OptimizerSpec, type PropagoError } from "../src/index.ts";
import { root } from "../scripts/root.ts";
import { rejection } from "./failure.ts";

const table = readFileSync(`${root}/examples/data/digits.csv`, "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(",").map(Number));
const part = (is: (k: number) => boolean) => ({
  x: table.filter((_, k) => is(k)).map((row) => row.slice(0, 64).map((ink) => ink / 16)),
  y: table.filter((_, k) => is(k)).map((row) => row[64]),
});
const data = part((k) => k % 5 !== 0);
const held = part((k) => k % 5 === 0);

const make = (optimizer: OptimizerSpec): Network =>
  new Network({ inputs: 64, layers: [dense(32, "relu"), dense(10, "softmax")], optimizer, seed: 3 });

describe.each<OptimizerSpec>(["sgd", "adam", { name: "rmsprop", momentum: 0.5 }, { name: "sgd", momentum: 0.9 }])(
  "%o",
  (optimizer) => {
    test("the suggestion trains digits well", async () => {
      using asking = make(optimizer);
      const { rates, losses, suggestion } = await asking.findLearningRate(data);
      expect(rates).toContain(suggestion);
      expect(losses).toHaveLength(rates.length);
      const named = typeof optimizer === "string" ? { name: optimizer } : optimizer;
      using network = make({ ...named, learningRate: suggestion } as OptimizerSpec);
      network.fitSync(data, { epochs: 15 });
      expect(network.evaluate(held).accuracy).toBeGreaterThanOrEqual(0.93);
    });
  },
);

test("the network stays as it was, to the bit, its optimizer's memory and order included", async () => {
  using asking = make("adam");
  using twin = make("adam");
  for (const network of [asking, twin]) network.fitSync(data, { epochs: 2 });
  await asking.findLearningRate(data, { steps: 50 });
  expect(asking.fingerprint()).toBe(twin.fingerprint());
  for (const network of [asking, twin]) network.fitSync(data, { epochs: 2 });
  expect(asking.fingerprint()).toBe(twin.fingerprint());
});

test("rates are evenly spread over their logarithm, the same in every run", async () => {
  using network = make("adam");
  const search = () => network.findLearningRate(data, { from: 1e-5, to: 1e-3, steps: 21, batchSize: 64 });
  const found = await search();
  expect(found.rates).toHaveLength(21);
  expect(found.rates[0]).toBe(1e-5);
  expect(found.rates[20]).toBe(1e-3);
  found.rates.forEach((rate, k) => expect(rate / (1e-5 * 10 ** (k / 10))).toBeCloseTo(1, 9));
  expect(await search()).toEqual(found);
});

test("it ends once the loss explodes", async () => {
  using network = new Network({ inputs: 64, layers: [dense(32, "relu"), dense(1)], optimizer: "sgd" });
  const { rates, losses } = await network.findLearningRate(data, { to: 1e6, steps: 200 });
  expect(rates.length).toBeLessThan(150);
  expect(losses.every(Number.isFinite)).toBe(true);
});

test("an abort reaches it; bad options are refused", async () => {
  using network = make("adam");
  const controller = new AbortController();
  const search = network.findLearningRate(data, { steps: 10_000, signal: controller.signal });
  setTimeout(() => controller.abort(new Error("no longer wanted")), 5);
  expect(await rejection(search)).toMatchObject({ message: "no longer wanted" });
  for (const [options, word] of [
    [{ from: 0 }, "from"],
    [{ from: 1, to: 0.1 }, "to"],
    [{ steps: 3 }, "steps"],
    [{ batchsize: 3 }, "batchSize"],
  ] as [object, string][]) {
    const error = (await rejection(network.findLearningRate(data, options))) as PropagoError;
    expect(error.code).toBe("ERR_CONFIG");
    expect(error.message).toContain(word);
  }
});
