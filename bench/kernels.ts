// `npm run bench:kernels` measures each matrix product of the workloads alone, in GFLOP/s and as a share of what the processor
// can do (bench/peak.ts). That peak is measured between the products' turns. The best of many short turns counts, because
// slow turns only show that the machine had other work.
//
//   npm run bench:kernels -- [--rounds 200]
import { parseArgs } from "node:util";
import { OVERREAD } from "../assembly/plan.ts";
import { engineOf } from "../src/core/engine.ts";
import "../src/parts/complete.ts";

import { scratchNumbers } from "../src/memory/batch.ts";
import { peakMeter } from "./peak.ts";
import { generator } from "./workloads.ts";

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "200" } } });
const rounds = Number(options.rounds);
if (!(rounds >= 1)) {
  console.error("usage: npm run bench:kernels -- [--rounds N]");
  process.exit(2);
}

/** Layers of the workloads: batch, inputs, units. */
const shapes: readonly [name: string, m: number, k: number, n: number][] = [
  ["mnist", 32, 784, 128],
  ["mnist", 32, 128, 10],
  ["mlp", 128, 784, 512],
  ["mlp", 128, 512, 512],
  ["wide", 256, 1024, 2048],
  ["wide", 256, 2048, 2048],
  ["wide", 256, 2048, 1000],
  ["deep", 32, 64, 64],
  ["digits", 32, 64, 10],
  ["ex4", 5000, 400, 25],
  ["ex4", 5000, 25, 10],
  ["iris", 16, 4, 16],
  ["iris", 16, 16, 3],
  ["online", 1, 64, 30],
  ["online", 1, 30, 10],
];

/** The least time of one turn. */
const TURN = 0.3;
/** The most time that one shape gets, in milliseconds. */
const LONGEST = 3000;

const peak = await peakMeter();
const engine = engineOf("float32");
const { core } = engine;
const random = generator(1);

const put = (n: number): number => {
  const address = engine.allocate(n * 4 + OVERREAD, "a bench");
  engine.numbers(address, n).set(Float32Array.from({ length: n }, () => random() - 0.5));
  return address;
};

const turn = (work: () => void, times: number): number => {
  const start = performance.now();
  for (let i = 0; i < times; i++) work();
  return performance.now() - start;
};

console.log("| workload | batch × inputs × units | X W + b | Xᵀ dZ | dZ Wᵀ |");
console.log("| --- | --- | ---: | ---: | ---: |");
for (const [name, m, k, n] of shapes) {
  const [X, W, b, Z, dW, dX] = [put(m * k), put(k * n), put(n), put(m * n), put(k * n), put(m * k)];
  const scratch = put(scratchNumbers(k, n, 4));
  const products = [
    () => core.product(X, k * 4, 4, W, n * 4, Z, n * 4, 0, m, n, k, b, scratch),
    m === 1
      ? () => core.outer(X, Z, dW, 0, k, n)
      : () => core.product(X, 4, k * 4, Z, n * 4, dW, n * 4, 0, k, n, m, 0, scratch),
    () => core.productTransposed(Z, W, dX, 0, m, k, n, scratch),
  ];
  const times = products.map((product) => {
    let count = 1;
    while (turn(product, count) < TURN) count *= 2;
    return count;
  });
  const best = products.map(() => Infinity);
  let most = 0;
  const start = performance.now();
  for (let round = 0; round < rounds && performance.now() - start < LONGEST; round++) {
    most = Math.max(most, peak());
    products.forEach((product, i) => (best[i] = Math.min(best[i], turn(product, times[i]) / times[i])));
  }
  const cells = best.map((ms) => {
    const speed = (2 * m * k * n) / ms / 1e6;
    return `${speed.toFixed(1)} (${((100 * speed) / most).toFixed(0)} %)`;
  });
  console.log(`| ${name} | ${m} × ${k} × ${n} | ${cells.join(" | ")} |`);
  for (const address of [X, W, b, Z, dW, dX, scratch]) engine.release(address);
}
