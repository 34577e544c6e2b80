// `npm run bench:predict` measures predictions of single rows, and of many rows on one thread and several, beside the most that
// one core could reach. All take turns, in an order that is drawn anew for each round. The median of the rounds counts; the
// best round is shown, too.
//
//   npm run bench:predict -- [--threads 1,2,auto] [--rounds 30] [--time 60] [--quick]
import { parseArgs } from "node:util";
import { Network, dense } from "propago";
import { peakOf } from "./measure.ts";
import type { Predictions } from "./result-types.ts";
import { environment, save } from "./results.ts";
import { estimate, median, ratios } from "./statistics.ts";
import { predictionsTable } from "./tables.ts";
import { generator, networkOf, shuffled, workloads } from "./workloads.ts";

const { values: options } = parseArgs({
  options: {
    threads: { type: "string", default: "1,2,auto" },
    rounds: { type: "string" },
    time: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 5 : 30));
const time = Number(options.time ?? (options.quick ? 20 : 60));
const threads = options.threads.split(",").map((count) => (count === "auto" ? count : Number(count)));
if (!(rounds >= 1 && time > 0) || threads.some((count) => count !== "auto" && !(count >= 1))) {
  console.error("usage: npm run bench:predict -- [--threads 1,2,auto] [--rounds N] [--time milliseconds] [--quick]");
  process.exit(2);
}

/** Networks of workloads, and how many rows a call has. */
const calls: readonly [name: string, rows: number][] = [
  ["xor", 1],
  ["iris", 1],
  ["online", 1],
  ["mnist", 1],
  ["mnist", 128],
  ["mnist", 10_000],
  ["mlp", 2000],
];

const random = generator(6);
const cases = calls.flatMap(([name, rows]) => {
  const { inputs, layers, loss } = workloads[name]();
  const network = new Network({
    inputs,
    layers: layers.map(({ units, activation }) => dense(units, activation)),
    loss,
  });
  const x = Float32Array.from({ length: inputs * rows }, random);
  const multiplyAdds = layers.reduce((sum, { units }, l) => sum + units * (l === 0 ? inputs : layers[l - 1].units), 0);
  // A single row is computed by one thread. It is measured as in a program that only predicts, without a fit before.
  return (rows === 1 ? [undefined] : threads).map((count) => ({
    network: networkOf({ inputs, layers }),
    rows,
    threads: `${count ?? 1}`,
    call: count === undefined ? () => network.predict(x) : () => network.predict(x, { threads: count }),
    flops: 2 * multiplyAdds * rows,
    times: [] as number[],
  }));
});

/** The mean time of a call, in milliseconds, over calls that take `time` milliseconds together. */
function measure(call: () => unknown, time: number): number {
  const start = performance.now();
  let now = start;
  let done = 0;
  for (let many = 1; now < start + time; many *= 2) {
    for (let i = 0; i < many; i++) call();
    done += many;
    now = performance.now();
  }
  return (now - start) / done;
}

const before = environment();
const peak = await peakOf(time);
const peaks: number[] = [];
for (const { call } of cases) measure(call, 5 * time);
for (let round = 0; round < rounds; round++) {
  for (const turn of shuffled([...cases, undefined], random)) {
    if (turn === undefined) peaks.push(peak());
    else turn.times.push(measure(turn.call, time));
  }
}

const result: Predictions = {
  environment: before,
  peak: median(peaks),
  rows: cases.map(({ network, rows, threads, flops, times }) => ({
    network,
    rows,
    threads,
    median: median(times),
    best: Math.min(...times),
    gflops: flops / median(times) / 1e6,
    share: estimate(
      ratios(
        times.map((ms) => flops / ms / 1e6),
        peaks,
      ),
    ),
  })),
};
console.log(predictionsTable(result));
console.log(save("predict", result));
process.exit(); // The team would wait for more.
