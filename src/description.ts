// A network's description: the options that users give, checked, with everything filled in.
import {
  ACTIVATION,
  DENSE,
  LAST_FUSED,
  LAYER_NORM,
  LOG_SOFTMAX,
  MEAN_SQUARED_ERROR,
  SOFTMAX,
  SQUARED_ERROR,
} from "../assembly/plan.ts";
import { readName, readNumber, readObject } from "./check.ts";
import type { Build } from "./core.ts";
import { PropagoError } from "./errors.ts";
import {
  type LayerDescription,
  readLayers,
  readMaxNorm,
  readPenalty,
  readUnits,
  softenOnlyHidden,
  tensorsOf,
} from "./layers.ts";
import { type Loss, readLoss } from "./losses.ts";
import { type Optimizer, type OptimizerName, readOptimizer } from "./optimizers.ts";
import type { NetworkJSON } from "./save.ts";
import type { DType, NetworkOptions } from "./types.ts";

export interface NetworkDescription {
  inputs: number;
  outputs: number;
  layers: readonly LayerDescription[];
  loss: Loss;
  optimizer: Optimizer;
  seed: number;
  dtype: DType;
  build: Build;
  inputScale: number;
  /** The options again, as plain JSON. */
  spec: Omit<NetworkJSON, "format" | "version" | "weights">;
}

const OPTION_KEYS = [
  "inputs",
  "layers",
  "loss",
  "optimizer",
  "seed",
  "dtype",
  "build",
  "inputScale",
  "l1",
  "l2",
  "maxNorm",
] as const satisfies readonly (keyof NetworkOptions)[];

/** Optimizers that move all weights along one direction. */
const ALONG_LINES: readonly OptimizerName[] = ["sgd", "conjugateGradient", "scaledConjugateGradient", "lbfgs"];

/** Reads the options of `new Network`. */
export function describe(options: unknown): NetworkDescription {
  const given = readObject(options, "new Network", OPTION_KEYS);
  if (given.inputs === undefined) {
    throw new PropagoError("ERR_CONFIG", "inputs is missing: say how many values a sample has, for example inputs: 4");
  }
  const inputs = readUnits(given.inputs, "inputs");
  const dtype = readName(given.dtype ?? "float32", "dtype", ["float32", "float64"], "dtype");
  const build = readName(given.build ?? "simd", "build", ["simd", "relaxed"], "build");
  if (build === "relaxed" && dtype === "float64") {
    throw new PropagoError("ERR_CONFIG", 'build "relaxed" computes in float32: leave build out, or dtype');
  }
  const inputScale = readNumber(given.inputScale ?? 1, "inputScale", { least: -1e30, most: 1e30 });
  if (inputScale === 0)
    throw new PropagoError("ERR_CONFIG", "inputScale is 0, which makes all inputs 0; give 1 / 255, say");
  const seed = readSeed(given.seed ?? 0);
  const l1 = readPenalty(given.l1 ?? 0, "l1");
  const l2 = readPenalty(given.l2 ?? 0, "l2");
  const maxNorm = given.maxNorm === undefined ? 0 : readMaxNorm(given.maxNorm, "maxNorm");
  const layers = readLayers(given.layers, inputs, { l1, l2, maxNorm });
  const last = layers[layers.length - 1];
  const loss = readLoss(given.loss, last.activation.name);
  const optimizer = readOptimizer(given.optimizer, countParameters(layers));
  checkMeasured(optimizer, layers, loss);
  checkSearched(optimizer, layers);
  if (optimizer.name === "levenbergMarquardt") checkNormalEquations(optimizer, loss, layers);
  if (!ALONG_LINES.includes(optimizer.name)) softenOnlyHidden(layers);
  const specs = layers.map((layer) => layer.spec);
  const spec = {
    inputs,
    layers: specs,
    loss: loss.spec,
    optimizer: optimizer.spec,
    seed,
    dtype,
    l1,
    l2,
    ...(inputScale === 1 ? {} : { inputScale }),
    ...(maxNorm && { maxNorm }),
  };
  const core = dtype === "float64" ? dtype : build;
  return { inputs, outputs: last.units, layers, loss, optimizer, seed, dtype, build: core, inputScale, spec };
}

/** Refuses what an optimizer that looks at samples one by one cannot measure. */
function checkMeasured({ name, rule }: Optimizer, layers: readonly LayerDescription[], loss: Loss): void {
  if (rule.measures === undefined) return;
  const refuse = (what: string, instead: string): never => {
    throw new PropagoError("ERR_CONFIG", `${name} ${what}; ${instead}`);
  };
  if (layers.some(({ l1, l2 }) => l1 > 0 || l2 > 0)) {
    refuse(
      "measures the loss of samples, of which l1 and l2 are no part",
      "leave them out, or choose another optimizer",
    );
  }
  for (const layer of layers) {
    if (layer.kind !== DENSE && layer.kind !== ACTIVATION) {
      refuse(`cannot measure layer "${layer.name}"`, "it knows dense and activation layers");
    }
  }
  if (rule.measures === "differences") return;
  const instead = 'give the optimizer variant: "fd", which needs none';
  if (loss.id > LAST_FUSED) refuse(`has no curvature of the loss "${loss.name}"`, instead);
  const open = loss.fused ? layers.slice(0, -1) : layers;
  for (const { activation, name } of open) {
    if (activation.id !== SOFTMAX && activation.id !== LOG_SOFTMAX) continue;
    refuse(`has no curvature of the activation "${activation.name}" of layer "${name}"`, instead);
  }
}

/** What levenbergMarquardt can solve: a sum of squares, in so many weights that a square matrix of them is at hand. */
function checkNormalEquations({ options }: Optimizer, loss: Loss, layers: readonly LayerDescription[]): void {
  if (loss.id !== SQUARED_ERROR && loss.id !== MEAN_SQUARED_ERROR) {
    throw new PropagoError(
      "ERR_CONFIG",
      `optimizer "levenbergMarquardt" needs a sum of squares, loss "${loss.name}" is none; ` +
        `use "meanSquaredError" or "squaredError", or optimizer "lbfgs"`,
    );
  }
  const weights = countParameters(layers);
  if (weights <= options.maxWeights) return;
  const size = (weights * weights * 8) / 1e6;
  throw new PropagoError(
    "ERR_CONFIG",
    `optimizer "levenbergMarquardt" has a limit of ${options.maxWeights} weights, this network has ${weights}: ` +
      `their matrix takes ${size.toFixed(0)} MB; use "lbfgs", or raise optimizer.maxWeights`,
  );
}

/** Refuses what an optimizer that takes all rows at once, some at a time, does not know. */
function checkSearched({ name, search }: Optimizer, layers: readonly LayerDescription[]): void {
  if (search === undefined) return;
  for (const layer of layers) {
    const isKnown =
      layer.kind === DENSE || layer.kind === ACTIVATION || (layer.kind === LAYER_NORM && name !== "levenbergMarquardt");
    if (isKnown && layer.maxNorm === 0) continue;
    throw new PropagoError(
      "ERR_CONFIG",
      `optimizer "${name}" does not know ${isKnown ? "the maxNorm of " : ""}layer "${layer.name}" (${layer.spec.type}); ` +
        'leave it out, or choose another optimizer, for example "adam"',
    );
  }
}

/** Weights and biases of some layers, without running statistics. */
export function countParameters(layers: readonly LayerDescription[]): number {
  return layers.flatMap(tensorsOf).reduce((sum, { kind, rows, columns }) => {
    return kind === "weights" || kind === "bias" ? sum + rows * columns : sum;
  }, 0);
}

function readSeed(value: unknown): number {
  if (value === "random") return crypto.getRandomValues(new Uint32Array(1))[0];
  return readNumber(value, "seed", { whole: true, least: 0, most: 2 ** 32 - 1 });
}
