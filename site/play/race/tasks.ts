// What the lanes race on: three networks, from small to large, and rows that are made up, the same in every lane.
import { randomFrom, normalFrom } from "../model/exact.ts";
import type { Workload } from "../../../bench/workload.ts";

export const TASKS = {
  small: {
    title: "Small: 2-8-8-1, batch 16",
    inputs: 2,
    layers: [
      { units: 8, activation: "tanh" },
      { units: 8, activation: "tanh" },
      { units: 1, activation: "sigmoid" },
    ],
    loss: "sigmoidCrossEntropy",
    batchSize: 16,
    rows: 512,
  },
  middle: {
    title: "Middle: 64-64-10, batch 32",
    inputs: 64,
    layers: [
      { units: 64, activation: "relu" },
      { units: 10, activation: "softmax" },
    ],
    loss: "categoricalCrossEntropy",
    batchSize: 32,
    rows: 1024,
  },
  large: {
    title: "Large: 784-256-128-10, batch 128",
    inputs: 784,
    layers: [
      { units: 256, activation: "relu" },
      { units: 128, activation: "relu" },
      { units: 10, activation: "softmax" },
    ],
    loss: "categoricalCrossEntropy",
    batchSize: 128,
    rows: 1024,
  },
} as const satisfies Record<
  string,
  { title: string } & Pick<Workload, "inputs" | "layers" | "loss" | "batchSize" | "rows">
>;

export type TaskName = keyof typeof TASKS;
export type LaneName = "plain" | "one" | "many";

/** One turn of one lane. */
export interface Order {
  lane: LaneName;
  task: TaskName;
  threads: number;
  seconds: number;
}

/** What came of it. Evaluating the loss is not timed. */
export interface Turn {
  samplesPerSecond: number;
  /** Which build of the core ran. */
  build: string;
  /** Seconds of training, and the loss there. */
  course: [seconds: number, loss: number][];
}

/** Clouds around one centre a class, far enough into each other that there is something to learn. */
export function workloadOf(name: TaskName): Workload {
  const { inputs, layers, loss, batchSize, rows } = TASKS[name];
  const random = randomFrom(2024);
  const outputs = layers[layers.length - 1].units;
  const classes = Math.max(2, outputs);
  const centres = Array.from({ length: classes * inputs }, () => 0.7 * normalFrom(random));
  const x = new Float32Array(rows * inputs);
  const y = new Float32Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    const of = row % classes;
    for (let k = 0; k < inputs; k++) x[row * inputs + k] = centres[of * inputs + k] + normalFrom(random);
    if (outputs === 1) y[row] = of;
    else y[row * outputs + of] = 1;
  }
  return {
    name,
    inputs,
    layers,
    loss,
    optimizer: { name: "adam", learningRate: 1e-3 },
    batchSize,
    epochs: 1,
    rows,
    x,
    y,
  };
}
