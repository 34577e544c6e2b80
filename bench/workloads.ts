// What the benchmarks train: nine networks, from small to large, and their rows. Every contestant gets the same rows in
// the same order, and the same number of passes over them.
import { readFileSync } from "node:fs";
import { root } from "../scripts/root.ts";
import { generator, outputsOf, type Workload } from "./workload.ts";

export * from "./workload.ts";

/** The workload with its first `rows` rows only, and batches of at most that size. */
export function firstRows(workload: Workload, rows: number): Workload {
  const { inputs, x, y, batchSize } = workload;
  return {
    ...workload,
    rows,
    batchSize: Math.min(batchSize, rows),
    x: x.subarray(0, rows * inputs),
    y: y.subarray(0, rows * outputsOf(workload)),
  };
}

/** A copy in random order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

export type Rows = Pick<Workload, "inputs" | "rows" | "x" | "y">;

/** A table of examples/data, whose last column is the class. Its rows are shuffled once, so that batches mix the classes. */
export function table(file: string, scale: number): Rows {
  const lines = readFileSync(`${root}/examples/data/${file}`, "utf8").trim().split(/\r?\n/).slice(1);
  const cells = shuffled(lines, generator(1)).map((line) => line.split(","));
  const inputs = cells[0].length - 1;
  const classes = [...new Set(cells.map((row) => row[inputs]))].sort();
  const x = Float32Array.from(cells.flatMap((row) => row.slice(0, inputs).map((cell) => Number(cell) * scale)));
  const y = new Float32Array(cells.length * classes.length);
  cells.forEach((row, r) => (y[r * classes.length + classes.indexOf(row[inputs])] = 1));
  return { inputs, rows: cells.length, x, y };
}

/**
 * Made-up images of ten classes, `side` × `side`. Each class has a few thick strokes, which are moved and dimmed a little
 * in each row. As in images of handwriting, most of the image is dark background.
 */
function images(rows: number, side: number): Rows {
  const random = generator(2);
  const strokes = Array.from({ length: 10 }, () =>
    Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => (6 + 16 * random()) * (side / 28))),
  );
  const x = new Float32Array(rows * side * side);
  const y = new Float32Array(rows * 10);
  for (let r = 0; r < rows; r++) {
    const digit = Math.floor(random() * 10);
    y[r * 10 + digit] = 1;
    const right = 4 * random() - 2;
    const down = 4 * random() - 2;
    const ink = 0.6 + 0.4 * random();
    for (const [x0, y0, x1, y1] of strokes[digit]) {
      for (let step = 0; step <= 24; step++) {
        const column = Math.round(x0 + ((x1 - x0) * step) / 24 + right);
        const row = Math.round(y0 + ((y1 - y0) * step) / 24 + down);
        for (let dy = 0; dy < 2; dy++) {
          for (let dx = 0; dx < 2; dx++)
            x[r * side * side + (row + dy) * side + column + dx] = ink * (0.8 + 0.2 * random());
        }
      }
    }
  }
  return { inputs: side * side, rows, x, y };
}

/** Uniform numbers and a class drawn for each row. */
export function noise(rows: number, inputs: number, outputs: number): Rows {
  const random = generator(5);
  const x = Float32Array.from({ length: rows * inputs }, random);
  const y = new Float32Array(rows * outputs);
  for (let r = 0; r < rows; r++) y[r * outputs + Math.floor(random() * outputs)] = 1;
  return { inputs, rows, x, y };
}

const adam = { name: "adam", learningRate: 1e-3 } as const;
const classifier = (...hidden: number[]): Workload["layers"] => [
  ...hidden.map((units) => ({ units, activation: "relu" as const })),
  { units: 10, activation: "softmax" },
];

/**
 * The workloads by name. Each is made when it is asked for, since making images takes a moment. Each trains so long that
 * copying the data and laying out the network, which happen once, weigh no more than in a real training.
 */
export const workloads: Record<string, () => Workload> = {
  xor: () => ({
    name: "xor",
    inputs: 2,
    layers: [
      { units: 3, activation: "sigmoid" },
      { units: 1, activation: "sigmoid" },
    ],
    loss: "squaredError",
    optimizer: { name: "sgd", learningRate: 0.5 },
    batchSize: 1,
    epochs: 1000,
    rows: 4,
    x: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1),
    y: Float32Array.of(0, 1, 1, 0),
  }),
  iris: () => ({
    name: "iris",
    layers: [
      { units: 16, activation: "relu" },
      { units: 3, activation: "softmax" },
    ],
    loss: "categoricalCrossEntropy",
    optimizer: adam,
    batchSize: 16,
    epochs: 50,
    ...table("iris.csv", 0.2),
  }),
  digits: () => ({
    name: "digits",
    layers: classifier(64),
    loss: "categoricalCrossEntropy",
    optimizer: adam,
    batchSize: 32,
    epochs: 10,
    ...table("digits.csv", 1 / 16),
  }),
  online: () => ({
    name: "online",
    layers: [
      { units: 30, activation: "sigmoid" },
      { units: 10, activation: "sigmoid" },
    ],
    loss: "squaredError",
    optimizer: { name: "sgd", learningRate: 0.5 },
    batchSize: 1,
    epochs: 3,
    ...table("digits.csv", 1 / 16),
  }),
  mnist: () => ({
    name: "mnist",
    layers: classifier(128),
    loss: "categoricalCrossEntropy",
    optimizer: adam,
    batchSize: 32,
    epochs: 3,
    ...images(2048, 28),
  }),
  mlp: () => ({
    name: "mlp",
    layers: classifier(512, 512),
    loss: "categoricalCrossEntropy",
    optimizer: adam,
    batchSize: 128,
    epochs: 1,
    ...images(1024, 28),
  }),
  wide: () => ({
    name: "wide",
    layers: [
      { units: 2048, activation: "relu" },
      { units: 2048, activation: "relu" },
      { units: 1000, activation: "softmax" },
    ],
    loss: "categoricalCrossEntropy",
    optimizer: { name: "sgd", learningRate: 0.01 },
    batchSize: 256,
    epochs: 1,
    ...noise(512, 1024, 1000),
  }),
  deep: () => ({
    name: "deep",
    layers: [...Array.from({ length: 8 }, () => ({ units: 64, activation: "tanh" as const })), ...classifier()],
    loss: "categoricalCrossEntropy",
    optimizer: adam,
    batchSize: 32,
    epochs: 3,
    ...table("digits.csv", 1 / 16),
  }),
  ex4: () => ({
    name: "ex4",
    layers: [
      { units: 25, activation: "sigmoid" },
      { units: 10, activation: "sigmoid" },
    ],
    loss: "sigmoidCrossEntropy",
    optimizer: { name: "sgd", learningRate: 0.5 },
    batchSize: 5000,
    epochs: 10,
    ...images(5000, 20),
  }),
};

/** The mean over the rows of the workload's loss, from what a contestant predicts. */
export function meanLoss({ loss, rows, y }: Workload, predictions: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    if (loss === "squaredError") sum += 0.5 * (predictions[i] - y[i]) ** 2;
    else if (y[i] > 0) sum -= y[i] * Math.log(Math.max(predictions[i], 1e-7));
    if (loss === "sigmoidCrossEntropy") sum -= (1 - y[i]) * Math.log(Math.max(1 - predictions[i], 1e-7));
  }
  return sum / rows;
}
