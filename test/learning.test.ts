// What optimizers reach with their defaults on real digits: a network 64-64-10, relu and softmax, batches of 32, judged on
// every fifth digit, which is held back.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Network, type OptimizerSpec, dense } from "../src/index.ts";

const [, ...lines] = readFileSync(new URL("../examples/data/digits.csv", import.meta.url), "utf8")
  .trim()
  .split("\n");
const digits = lines.map((line) => line.split(",").map(Number));
const training = dataOf(digits.filter((_, k) => k % 5 !== 0));
const heldBack = dataOf(digits.filter((_, k) => k % 5 === 0));

function dataOf(rows: number[][]) {
  return { x: rows.map((row) => row.slice(0, 64).map((pixel) => pixel / 16)), y: rows.map((row) => row[64]) };
}

function learn(optimizer: OptimizerSpec, seed: number, epochs: number) {
  using network = new Network({ inputs: 64, layers: [dense(64, "relu"), dense(10, "softmax")], optimizer, seed });
  const { loss } = network.fitSync(training, { epochs, batchSize: 32 }).epochs.at(-1)!;
  return { loss, accuracy: network.evaluate(heldBack).accuracy };
}

describe("adasecant", () => {
  test.each([
    { name: "adasecant" },
    { name: "adasecant", adagrad: false },
    { name: "adasecant", covariance: "aligned" },
    { name: "adasecant", startVarianceReduction: 2000 },
  ] as const)("reads at least 0.95 of the digits: %j", (optimizer) => {
    for (const seed of [0, 1, 2]) expect(learn(optimizer, seed, 20).accuracy).toBeGreaterThanOrEqual(0.95);
  });
});
