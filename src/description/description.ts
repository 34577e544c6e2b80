// A network's description: the options that users give, checked, with everything filled in.
import { AMSGRAD, COMMON_ACTIVATIONS, COMMON_LOSSES, COMMON_OPTIMIZERS, RARE_KINDS } from "../../assembly/plan.ts";
import { isOneOf } from "../ground/sets.ts";
import { copied, readName, readNumber, readObject } from "../ground/options.ts";

import type { Build } from "../core/builds.ts";
import { PropagoError } from "../ground/errors.ts";
import { type Loss, readLoss } from "../tables/losses.ts";
import type { NetworkOptions, NetworkJSON } from "./options.ts";
import type { DType } from "../ground/arrays.ts";
import type { LayerDescription } from "./layer.ts";
import { countParameters } from "./tensors.ts";
import { readLayers, readMaxNorm, readPenalty, readUnits } from "./layers.ts";
import { RARE_OPTIMIZER, type Optimizer, readOptimizer } from "./optimizer.ts";

export interface NetworkDescription {
  inputs: number;
  outputs: number;
  layers: readonly LayerDescription[];
  loss: Loss;
  optimizer: Optimizer;
  seed: number;
  dtype: DType;
  build: Build;
  /** What the core that serves most networks does not have, if this network needs some of that. */
  needsComplete: string | undefined;
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

/** Reads the options of `new Network`. */
export function describe(options: unknown): NetworkDescription {
  const given = readObject(copied(options), "new Network", OPTION_KEYS);
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
  // A last layer that is held fixed only scales what comes out of the one below.
  const isFixed = last.weightRows > 0 && !last.trainWeights && !last.trainBias;
  const loss = readLoss(given.loss, last.activation.name, isFixed);
  const optimizer = readOptimizer(given.optimizer, countParameters(layers));
  RARE_OPTIMIZER.here?.checkOptimizer(optimizer, layers, loss);
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
  const needsComplete = reasonForComplete(layers, loss, optimizer);
  return {
    inputs,
    outputs: last.units,
    layers,
    loss,
    optimizer,
    seed,
    dtype,
    build: core,
    needsComplete,
    inputScale,
    spec,
  };
}

/** The first thing that the build of pages lacks: what assembly has behind COMPLETE. */
function reasonForComplete(layers: readonly LayerDescription[], loss: Loss, optimizer: Optimizer): string | undefined {
  for (const { kind, maxNorm, activation, spec } of layers) {
    if (isOneOf(kind, RARE_KINDS)) return `layer "${spec.type}"`;
    if (maxNorm > 0) return "maxNorm";
    if (!isOneOf(activation.id, COMMON_ACTIVATIONS)) return `activation "${activation.name}"`;
  }
  if (!isOneOf(loss.id, COMMON_LOSSES)) return `loss "${loss.name}"`;
  if (!isOneOf(optimizer.rule.id, COMMON_OPTIMIZERS))
    return `optimizer "${optimizer.name}"${optimizer.rule.id === AMSGRAD ? " with amsgrad" : ""}`;
  if (optimizer.accumulate > 1) return "optimizer.accumulate";
  if (optimizer.averaging) return "optimizer.averaging";
  return undefined;
}

function readSeed(value: unknown): number {
  if (value === "random") return crypto.getRandomValues(new Uint32Array(1))[0];
  return readNumber(value, "seed", { whole: true, least: 0, most: 2 ** 32 - 1 });
}
