// `npm run bench:search` compares the optimizers that search with Adam at the best of several rates. It prints the training loss
// (the median of five seeds) after some numbers of passes over the data, forward and back, as in docs/optimizers.md.
import { readFileSync } from "node:fs";
import { type DType, type Layer, type LossSpec, Network, type OptimizerSpec, dense } from "../src/node.ts";
import { root } from "../scripts/root.ts";

interface Task {
  name: string;
  inputs: number;
  layers: Layer[];
  loss: LossSpec;
  data: { x: Float64Array; y: Float64Array };
  passes: number[];
}

const RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3];
const SEEDS = [0, 1, 2, 3, 4];
const SEARCHING = ["conjugateGradient", "scaledConjugateGradient", "lbfgs", "levenbergMarquardt"] as const;

/** A table's rows as numbers, without its names. */
function table(path: string): number[][] {
  const lines = readFileSync(new URL(path, `file://${root}/`), "utf8")
    .trim()
    .split(/\r?\n/)
    .slice(1);
  return lines.map((line) => line.split(",").map(Number));
}

/** Each column with mean 0 and deviation 1. */
function standardise(rows: number[][]): number[][] {
  const mean = rows[0].map((_, k) => rows.reduce((sum, row) => sum + row[k], 0) / rows.length);
  const deviation = mean.map((m, k) => Math.sqrt(rows.reduce((sum, row) => sum + (row[k] - m) ** 2, 0) / rows.length));
  return rows.map((row) => row.map((value, k) => (value - mean[k]) / (deviation[k] || 1)));
}

function tasks(): Task[] {
  const diabetes = standardise(table("../shared/data/diabetes.csv"));
  const digits = table("examples/data/digits.csv");
  const images = Float64Array.from(digits.flatMap((row) => row.slice(0, 64).map((value) => value / 16)));
  const classes = Float64Array.from(
    digits.flatMap((row) => Array.from({ length: 10 }, (_, k) => Number(row[64] === k))),
  );
  return [
    {
      name: "diabetes, 10-8-1 tanh, meanSquaredError",
      inputs: 10,
      layers: [dense(8, "tanh"), dense(1)],
      loss: "meanSquaredError",
      data: {
        x: Float64Array.from(diabetes.flatMap((row) => row.slice(0, 10))),
        y: Float64Array.from(diabetes.map((row) => row[10])),
      },
      passes: [50, 100, 200, 500],
    },
    {
      name: "digits, 64-64-10 tanh, softmax, categoricalCrossEntropy",
      inputs: 64,
      layers: [dense(64, "tanh"), dense(10, "softmax")],
      loss: "categoricalCrossEntropy",
      data: { x: images, y: classes },
      passes: [25, 50, 100, 200],
    },
    {
      name: "digits, 64-6-10 tanh, sigmoid, squaredError",
      inputs: 64,
      layers: [dense(6, "tanh"), dense(10, "sigmoid")],
      loss: "squaredError",
      data: { x: images, y: classes },
      passes: [25, 50, 100, 200],
    },
  ];
}

/** The loss after each number of passes: that of the last epoch that was complete by then. */
function train(task: Task, optimizer: OptimizerSpec, batchSize: number | "full", seed: number, dtype: DType): number[] {
  const { inputs, layers, loss, data } = task;
  using network = new Network<DType>({ inputs, layers, loss, optimizer, seed, dtype });
  const most = Math.max(...task.passes);
  const isSearching = SEARCHING.some((name) => name === optimizer);
  const reached = task.passes.map(() => network.evaluate(data).loss);
  let used = 0;
  const note = (loss: number): void => task.passes.forEach((passes, k) => used <= passes && (reached[k] = loss));
  const controller = new AbortController();
  try {
    network.fitSync(data, {
      epochs: most,
      signal: controller.signal,
      ...(isSearching ? {} : { batchSize }),
      onEpoch: (report) => {
        used += report.evaluations ?? 1;
        // With batches, an epoch reports losses from before its updates. The loss that it has reached is measured here.
        if (isSearching || task.passes.includes(used)) note(isSearching ? report.loss : network.evaluate(data).loss);
        if (used >= most) controller.abort();
      },
    });
  } catch {
    if (!controller.signal.aborted) return task.passes.map(() => Infinity);
  }
  return reached;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const figure = (value: number): string => (value < 1e-3 ? value.toExponential(1) : value.toPrecision(3));

const only = process.argv[2];
for (const task of tasks().filter(({ name }) => only === undefined || name.startsWith(only))) {
  const lines: string[] = [`| ${task.name} | ${task.passes.map((passes) => `${passes} passes`).join(" | ")} |`];
  lines.push(`| --- |${task.passes.map(() => " ---: |").join("")}`);
  for (const batchSize of ["full", 32] as const) {
    const each = RATES.map((learningRate) =>
      SEEDS.map((seed) => train(task, { name: "adam", learningRate }, batchSize, seed, "float64")),
    );
    const best = task.passes.map((_, k) => Math.min(...each.map((runs) => median(runs.map((run) => run[k])))));
    lines.push(
      `| adam, batches of ${batchSize === "full" ? "all rows" : batchSize}, best rate | ${best.map(figure).join(" | ")} |`,
    );
  }
  for (const name of SEARCHING) {
    if (name === "levenbergMarquardt" && task.loss === "categoricalCrossEntropy") continue;
    for (const dtype of ["float64", "float32"] as const) {
      const runs = SEEDS.map((seed) => train(task, name, "full", seed, dtype));
      const typical = task.passes.map((_, k) => median(runs.map((run) => run[k])));
      lines.push(`| ${name}${dtype === "float64" ? "" : ", float32"} | ${typical.map(figure).join(" | ")} |`);
    }
  }
  console.log(lines.join("\n") + "\n");
}
