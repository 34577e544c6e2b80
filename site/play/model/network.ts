// From a set-up to a network of the library, and what a change under way does to it.
import { Network, dense, dropout, type NetworkOptions } from "propago";
import { type PlaneData, type Task } from "./data.ts";
import { LOSSES, type Change, type Setup } from "./setup.ts";

/** The loss that is used: the chosen one where it suits the data, else the usual one. */
export function lossOf(setup: Setup, task: Task): string {
  const suiting: readonly string[] = LOSSES[task];
  return suiting.includes(setup.loss) ? setup.loss : suiting[0];
}

export const isHinge = (loss: string) => loss === "hinge" || loss === "squaredHinge";

/** Schedules by name, with lengths in epochs that make them visible within a minute. */
function scheduleOf(setup: Setup, rows: number): unknown {
  const epoch = Math.max(1, Math.ceil(rows / setup.batch));
  const rate = setup.rate;
  switch (setup.schedule) {
    case "step":
      return { name: "step", rate, every: 100 * epoch, factor: 0.5 };
    case "exponential":
      return { name: "exponential", rate, factor: 1 - 0.005 / epoch };
    case "inverseTime":
      return { name: "inverseTime", rate, decay: 0.01 / epoch };
    case "cosine":
      return { name: "cosine", rate, steps: 500 * epoch };
    case "cosineRestarts":
      return { name: "cosineRestarts", rate, steps: 100 * epoch };
    case "linearWarmup":
      return { name: "linearWarmup", rate, steps: 50 * epoch };
    case "oneCycle":
      return { name: "oneCycle", rate, steps: Math.max(2, 500 * epoch) };
    default:
      return rate;
  }
}

/** Those that search along lines take all rows at once, and have no rate. */
export const SEARCHES = ["conjugateGradient", "scaledConjugateGradient", "lbfgs", "levenbergMarquardt"];
const FULL_BATCH = [...SEARCHES, "rprop", "quickprop"];

export const takesAllRows = (optimizer: string) => FULL_BATCH.includes(optimizer);
export const hasRate = (optimizer: string) => !SEARCHES.includes(optimizer) && optimizer !== "vsgd";

function optimizerOf(setup: Setup, rows: number): Record<string, unknown> {
  const { optimizer } = setup;
  if (!hasRate(optimizer)) return { name: optimizer };
  const learningRate = scheduleOf(setup, rows);
  if (optimizer === "momentum") return { name: "sgd", momentum: 0.9, learningRate };
  if (optimizer === "nesterov") return { name: "sgd", momentum: 0.9, nesterov: true, learningRate };
  return { name: optimizer, learningRate };
}

/** What `new Network` is given. */
export function describe(setup: Setup, data: PlaneData): NetworkOptions {
  const loss = lossOf(setup, data.task);
  const last = data.task === "several" ? "softmax" : data.task === "two" && !isHinge(loss) ? "sigmoid" : "linear";
  const layers = setup.layers.flatMap(({ units, activation, dropout: rate }) => [
    dense(units, activation as "tanh"),
    ...(rate > 0 ? [dropout(rate)] : []),
  ]);
  return {
    inputs: setup.features.length,
    layers: [...layers, dense(data.task === "several" ? data.classes : 1, last)],
    loss: loss as "huber",
    optimizer: optimizerOf(setup, data.train.count) as { name: "adam" },
    seed: setup.seed,
    inputScale: 0.5,
    l1: setup.l1,
    l2: setup.l2,
  };
}

/** The targets as this loss wants them. */
export function targetsOf(target: Float32Array, task: Task, classes: number, loss: string): Float32Array | Int32Array {
  if (task === "numbers") return target;
  if (task === "two") return isHinge(loss) ? target.map((t) => 2 * t - 1) : target;
  if (loss === "categoricalCrossEntropy") return Int32Array.from(target);
  const hot = new Float32Array(target.length * classes);
  target.forEach((t, row) => (hot[row * classes + t] = 1));
  return hot;
}

/** The set-up as a change leaves it. */
export function changed(setup: Setup, change: Change): Setup {
  switch (change.what) {
    case "rate":
    case "l1":
    case "l2":
    case "batch":
      return { ...setup, [change.what]: change.value };
    case "dropout":
      return {
        ...setup,
        layers: setup.layers.map((layer, k) => (k === change.layer ? { ...layer, dropout: change.value } : layer)),
      };
    default:
      return setup;
  }
}

/** Sets one weight or bias; nothing happens where there is none of that number. */
export function setOne(network: Network, change: Change & { what: "weight" | "bias" }): void {
  const weights = network.getWeights();
  const layer = weights[change.layer];
  const list = change.what === "weight" ? layer?.weights : layer?.bias;
  if (list === undefined || change.index >= list.length) return;
  list[change.index] = change.value;
  network.setWeights(weights);
}

/** Names that the page's entry of the library does not have: the part with all of them is loaded first. */
export function needsComplete(setup: Setup, loss: string): boolean {
  const common = {
    activations: "linear sigmoid tanh relu leakyRelu softmax",
    optimizers: "sgd momentum nesterov adam adamw",
    losses: "squaredError meanSquaredError meanAbsoluteError binaryCrossEntropy categoricalCrossEntropy",
    schedules: "constant step exponential cosine",
  };
  return (
    setup.layers.some(({ activation }) => !common.activations.split(" ").includes(activation)) ||
    !common.optimizers.split(" ").includes(setup.optimizer) ||
    !common.losses.split(" ").includes(loss) ||
    !common.schedules.split(" ").includes(setup.schedule)
  );
}
