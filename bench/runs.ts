// `npm run bench:runs` measures how long a whole training takes: until the network is good enough on rows that it has not
// seen. All libraries train the same network with Adam, or what comes nearest, on the same rows in the same order.
//
//   npm run bench:runs -- [--tasks digits,mnist10k] [--seeds 5] [--limit 120] [--peers no] [--quick]
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import * as library from "propago";
import { root } from "../scripts/root.ts";
import type { Contestant } from "./contestant.ts";
import { peers } from "./peers/all.ts";
import { plain } from "./plain.ts";
import { propago } from "./propago.ts";
import type { Run, Runs } from "./result-types.ts";
import { environment, save } from "./results.ts";
import { median } from "./statistics.ts";
import { runsTable } from "./tables.ts";
import { tuned } from "./tuned.ts";
import { generator, networkOf, outputsOf, type Rows, shuffled, table, type Workload } from "./workloads.ts";

interface Task {
  title: string;
  /** Rows at the end that are held back. */
  test: number;
  accuracy: number;
  /** Why it cannot be done here. */
  missing?: string;
  workload(): Workload;
}

const adam = { name: "adam", learningRate: 1e-3 } as const;
const network = (hidden: number): Pick<Workload, "layers" | "loss" | "optimizer" | "batchSize" | "epochs"> => ({
  layers: [
    { units: hidden, activation: "relu" },
    { units: 10, activation: "softmax" },
  ],
  loss: "categoricalCrossEntropy",
  optimizer: adam,
  batchSize: 32,
  epochs: 1,
});

const images = `${root}/../shared/data/mnist10k`;
const tasks: Record<string, Task> = {
  digits: {
    title: "0.97 on 360 of 1,797 digits of 8 × 8",
    test: 360,
    accuracy: 0.97,
    workload: () => ({ name: "digits", ...network(64), ...table("digits.csv", 1 / 16) }),
  },
  mnist10k: {
    title: "0.95 on 2,000 of 10,000 MNIST digits",
    test: 2000,
    accuracy: 0.95,
    missing: existsSync(images) ? undefined : "the 10,000 MNIST digits are not there",
    workload: () => ({ name: "mnist10k", ...network(128), ...mnist() }),
  },
};

const { values: options } = parseArgs({
  options: {
    tasks: { type: "string", default: Object.keys(tasks).join() },
    seeds: { type: "string" },
    limit: { type: "string" },
    peers: { type: "string", default: "yes" },
    quick: { type: "boolean", default: false },
  },
});
const seeds = Number(options.seeds ?? (options.quick ? 1 : 5));
const limit = Number(options.limit ?? (options.quick ? 15 : 120));
const names = options.tasks.split(",");
if (names.some((name) => !Object.hasOwn(tasks, name)) || !(seeds >= 1 && limit > 0)) {
  console.error(
    `usage: npm run bench:runs -- [--tasks ${Object.keys(tasks).join()}] [--seeds N] [--limit seconds] [--peers yes|no] [--quick]`,
  );
  process.exit(2);
}

const contestants = [
  propago(library, { name: "propago" }),
  plain,
  tuned,
  ...(options.peers === "yes" ? await peers() : []),
];
const result: Runs = { environment: environment(), tasks: [] };
for (const name of names) {
  const { title, missing, ...task } = tasks[name];
  if (missing) {
    console.error(`${name} is skipped: ${missing}.`);
    continue;
  }
  const workload = task.workload();
  console.error(`${title}: ${networkOf(workload)}`);
  const runs = new Map<Contestant, Run[]>(contestants.map((contestant) => [contestant, []]));
  for (let seed = 1; seed <= seeds; seed++) {
    for (const contestant of shuffled(contestants, generator(Date.now()))) {
      runs.get(contestant)?.push(await run(contestant, workload, task, seed));
    }
  }
  for (const [contestant, own] of runs) {
    const seconds = median(own.map(({ seconds }) => seconds ?? Infinity));
    const differs = contestant.differs(workload);
    result.tasks.push({
      task: name,
      title,
      contestant: contestant.name,
      runs: own,
      seconds: Number.isFinite(seconds) ? seconds : undefined,
      differs,
    });
  }
}
console.log(`\n${runsTable(result)}\n\n${save("runs", result)}`);
process.exit();

/** Trains one network until it is good enough. The clock runs while it trains, not while it is judged. */
async function run(
  contestant: Contestant,
  workload: Workload,
  { test, accuracy }: Pick<Task, "test" | "accuracy">,
  seed: number,
): Promise<Run> {
  const { rows, inputs, x, y } = workload;
  const outputs = outputsOf(workload);
  const train = rows - test;
  await contestant.prepare?.();
  const runner = contestant.create({
    ...workload,
    ...reordered(x.subarray(0, train * inputs), y.subarray(0, train * outputs), train, seed),
    seed,
  });
  const result: Run = { epochs: 0, accuracy: 0 };
  let seconds = 0;
  try {
    while (result.epochs < 100 && seconds < limit && result.accuracy < accuracy) {
      const start = performance.now();
      await runner.train();
      seconds += (performance.now() - start) / 1000;
      result.epochs++;
      const predictions = runner.predict(x.subarray(train * inputs), test);
      result.accuracy = Math.max(result.accuracy, hits(predictions, y.subarray(train * outputs), test) / test);
    }
  } finally {
    runner.dispose?.();
  }
  if (result.accuracy >= accuracy) result.seconds = seconds;
  return result;
}

function reordered(x: Float32Array, y: Float32Array, rows: number, seed: number): Rows {
  const inputs = x.length / rows;
  const outputs = y.length / rows;
  const result = { inputs, rows, x: new Float32Array(x.length), y: new Float32Array(y.length) };
  const order = shuffled([...Array(rows).keys()], generator(seed));
  order.forEach((from, to) => {
    result.x.set(x.subarray(from * inputs, (from + 1) * inputs), to * inputs);
    result.y.set(y.subarray(from * outputs, (from + 1) * outputs), to * outputs);
  });
  return result;
}

/** Rows whose largest output is their class's. */
function hits(predictions: Float32Array, y: Float32Array, rows: number): number {
  const outputs = y.length / rows;
  const largest = (values: Float32Array, row: number) => {
    let best = 0;
    for (let o = 1; o < outputs; o++) if (values[row * outputs + o] > values[row * outputs + best]) best = o;
    return best;
  };
  let count = 0;
  for (let row = 0; row < rows; row++) if (largest(predictions, row) === largest(y, row)) count++;
  return count;
}

/** The IDX files: big-endian sizes, then bytes. */
function mnist(): Rows {
  const pixels = gunzipSync(readFileSync(`${images}/t10k-images-idx3-ubyte.gz`));
  const labels = gunzipSync(readFileSync(`${images}/t10k-labels-idx1-ubyte.gz`)).subarray(8);
  const rows = pixels.readUInt32BE(4);
  const inputs = pixels.readUInt32BE(8) * pixels.readUInt32BE(12);
  const x = Float32Array.from(pixels.subarray(16), (pixel) => pixel / 255);
  const y = new Float32Array(rows * 10);
  labels.forEach((label, row) => (y[row * 10 + label] = 1));
  return { inputs, rows, x, y };
}
