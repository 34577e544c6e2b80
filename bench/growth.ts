// `npm run bench:growth` measures how the time for a sample grows with width, depth, batch and rows. It measures on one thread
// and on as many as the library chooses. A formula is fitted to all points; it predicts the time of other cases.
//
//   npm run bench:growth -- [--rounds 9] [--time 200] [--quick]
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as library from "propago";
import { root } from "../scripts/root.ts";
import { chart } from "./chart.ts";
import { peakOf, speed } from "./measure.ts";
import { propago, takes } from "./propago.ts";
import type { Growth, Point } from "./result-types.ts";
import { environment, save } from "./results.ts";
import { median } from "./statistics.ts";
import { growthTable } from "./tables.ts";
import { flopsOf, generator, networkOf, noise, shuffled, type Workload } from "./workloads.ts";

/** The parts that the time of a sample is the sum of. */
const costs = {
  "a million operations of the products": ({ flops }: Shape) => flops / 1e6,
  "a thousand units' activations": ({ units }: Shape) => units / 1000,
  "a thousand parameters' update, once a batch": ({ parameters, batchSize }: Shape) => parameters / 1000 / batchSize,
  "a layer, once a batch": ({ layers, batchSize }: Shape) => layers / batchSize,
};
type Cost = keyof typeof costs;
interface Shape {
  flops: number;
  units: number;
  parameters: number;
  layers: number;
  batchSize: number;
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string" },
    time: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 3 : 9));
const time = Number(options.time ?? (options.quick ? 30 : 200));
if (!(rounds >= 1 && time >= 0)) {
  console.error("usage: npm run bench:growth -- [--rounds N] [--time milliseconds] [--quick]");
  process.exit(2);
}

/** Relu networks with 64 inputs and 10 classes under Adam, over made-up rows. */
function workload(hidden: readonly number[], batchSize: number, rows: number): Workload {
  return {
    name: "growth",
    layers: [
      ...hidden.map((units) => ({ units, activation: "relu" as const })),
      { units: 10, activation: "softmax" as const },
    ],
    loss: "categoricalCrossEntropy",
    optimizer: { name: "adam", learningRate: 1e-4 },
    batchSize,
    epochs: Math.ceil(1024 / rows),
    ...noise(rows, 64, 10),
  };
}
const axes: Record<string, { label: string; values: number[]; workload: (value: number) => Workload }> = {
  width: {
    label: "units in each of two hidden layers (batch 32)",
    values: [16, 32, 64, 128, 256, 512, 1024],
    workload: (units) => workload([units, units], 32, 1024),
  },
  depth: {
    label: "hidden layers of 64 units (batch 32)",
    values: [1, 2, 4, 8, 16, 32],
    workload: (layers) => workload(Array<number>(layers).fill(64), 32, 1024),
  },
  batch: {
    label: "rows in a batch (64-128-128-10)",
    values: [1, 4, 16, 64, 256, 1024],
    workload: (batchSize) => workload([128, 128], batchSize, 1024),
  },
  rows: {
    label: "rows of data (64-64-10, batch 32)",
    values: [128, 512, 2048, 8192, 32768, 131072],
    workload: (rows) => workload([64], 32, rows),
  },
};

const before = environment();
const several = takes(library, { threads: 1 });
const one = propago(library, { name: "propago", threads: several ? 1 : undefined });
const auto = several ? propago(library, { name: "propago, threads auto", threads: "auto" }) : undefined;
const cases = Object.entries(axes).flatMap(([axis, { values, workload }]) =>
  values.map((value) => ({ axis, value, workload: workload(value), one: [] as number[], auto: [] as number[] })),
);
const peak = await peakOf(time);
const peaks: number[] = [];
const random = generator(Date.now());
for (let round = 0; round < rounds; round++) {
  console.error(`round ${round + 1} of ${rounds}`);
  peaks.push(peak());
  for (const item of shuffled(cases, random)) {
    item.one.push(1e6 / (await speed(one, item.workload, time, true)));
    if (auto) item.auto.push(1e6 / (await speed(auto, item.workload, time, true)));
  }
}

const measured = cases.map(({ axis, value, workload, ...times }) => {
  let nin = workload.inputs;
  let parameters = 0;
  let units = 0;
  for (const layer of workload.layers) {
    parameters += (nin + 1) * layer.units;
    units += layer.units;
    nin = layer.units;
  }
  return {
    axis,
    value,
    network: networkOf(workload),
    rows: workload.rows,
    shape: {
      flops: flopsOf(workload),
      units,
      parameters,
      layers: workload.layers.length,
      batchSize: workload.batchSize,
    },
    one: median(times.one),
    auto: auto ? median(times.auto) : undefined,
  };
});
const names = Object.keys(costs) as Cost[];
const prices = fit(measured.map(({ shape, one }) => ({ parts: names.map((name) => costs[name](shape)), total: one })));
const points: Point[] = measured.map(({ shape, ...rest }) => ({
  ...rest,
  flops: shape.flops,
  parameters: shape.parameters,
  batchSize: shape.batchSize,
  predicted: names.reduce((sum, name, k) => sum + prices[k] * costs[name](shape), 0),
}));
const result: Growth = {
  environment: before,
  peak: median(peaks),
  points,
  formula: {
    costs: Object.fromEntries(names.map((name, k) => [name, prices[k]])),
    off: Math.max(...points.map(({ one, predicted }) => Math.max(one / predicted, predicted / one))) - 1,
  },
};

const folder = `${root}/docs/growth`;
mkdirSync(folder, { recursive: true });
for (const [axis, { label }] of Object.entries(axes)) {
  const own = points.filter((point) => point.axis === axis);
  writeFileSync(
    `${folder}/${axis}.svg`,
    chart(`Time for a sample, by ${axis}`, label, "microseconds", [
      { name: "one thread", points: own.map(({ value, one }) => [value, one]) },
      ...(auto ? [{ name: "threads auto", points: own.map(({ value, auto }) => [value, auto ?? NaN] as const) }] : []),
      {
        name: "at the peak",
        dashed: true,
        points: own.map(({ value, flops }) => [value, flops / 1000 / result.peak] as const),
      },
    ]),
  );
}
console.log(`\n${growthTable(result)}\n\n${save("growth", result)}, docs/growth/*.svg`);
process.exit();

/**
 * Finds a price for each part, so that the sums of prices come near the totals. It minimises the squares of relative errors
 * by the normal equations. No price is below zero: a part that would have a negative price is left out.
 */
function fit(samples: readonly { parts: readonly number[]; total: number }[]): number[] {
  const count = samples[0].parts.length;
  const kept = new Set(Array(count).keys());
  for (;;) {
    const used = [...kept];
    const A = used.map((i) => [
      ...used.map((j) => samples.reduce((sum, { parts, total }) => sum + (parts[i] * parts[j]) / total ** 2, 0)),
      samples.reduce((sum, { parts, total }) => sum + parts[i] / total, 0),
    ]);
    const prices = solve(A);
    const worst = prices.indexOf(Math.min(...prices));
    if (prices[worst] >= 0) return [...Array(count).keys()].map((i) => (kept.has(i) ? prices[used.indexOf(i)] : 0));
    kept.delete(used[worst]);
  }
}

/** Solves rows [coefficients…, right side] by Gauss–Jordan, without pivots: the equations of a fit are positive definite. */
function solve(A: number[][]): number[] {
  A.forEach((row, i) => {
    const pivot = row[i];
    for (let j = i; j < row.length; j++) row[j] /= pivot;
    A.forEach((other, k) => {
      const factor = other[i];
      if (k !== i) for (let j = i; j < row.length; j++) other[j] -= factor * row[j];
    });
  });
  return A.map((row) => row[row.length - 1]);
}
