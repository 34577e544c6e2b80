// Makes a network from a recipe and the user's options. The user's options have priority.
import type { StandardScaler } from "../data/scaling.ts";
import type { ActivationSpec } from "../tables/activations.ts";
import type { Job } from "../estimators/job.ts";
import type { InitializerSpec } from "../tables/names.ts";
import type { LossSpec } from "../tables/losses.ts";
import type { Network } from "../network/network.ts";
import { type Scaled, countsOnly, lossOf } from "./targets.ts";
import type { Layer } from "../description/helpers.ts";
import type { DType } from "../ground/arrays.ts";
import type { OptimizerSpec } from "../tables/names.ts";

/** A recipe for a network, for everything that the user has not set. */
export interface Recipe {
  hidden: readonly number[];
  activation: ActivationSpec;
  init?: InitializerSpec;
  /** Whether these first weights are for any activation. */
  keepsInit?: true;
  optimizer?: OptimizerSpec;
  l2?: number;
  inputScale?: number;
}

/** Makes a network with so many inputs. `scaled` says how targets are scaled if they are numbers. */
export function build(job: Job, inputs: number, recipe: Recipe, seed: number | "random" | undefined, scaled?: Scaled) {
  const { activation, l1, l2, dtype, build, hidden } = job.given;
  const units = hidden ?? recipe.hidden;
  const layers: Layer[] = units.map((units) => ({
    type: "dense",
    units,
    activation: activation ?? recipe.activation,
    init: activation === undefined || recipe.keepsInit ? recipe.init : undefined,
  }));
  const network = job.make({
    inputs,
    layers: [...layers, ...lastLayers(job, scaled)],
    loss: lossFor(job, scaled),
    optimizer: ownOptimizer(job) ?? recipe.optimizer,
    l1,
    l2: l2 ?? (l1 === undefined ? decayOf(job, recipe, scaled) : 0),
    inputScale: recipe.inputScale,
    seed,
    dtype,
    build,
  });
  if (scaled?.inner) setLast(network, scaled.inner);
  return network;
}

function lastLayers(job: Job, scaled: Scaled | undefined): Layer[] {
  const { classes, outputs: units } = job;
  if (classes.length > 0) return [{ type: "dense", units, activation: classes.length === 2 ? "sigmoid" : "softmax" }];
  const activation = countsOnly(lossOf(job)) ? "softplus" : "linear";
  const layers: Layer[] = [{ type: "dense", units, activation }];
  if (scaled?.inner) layers.push({ type: "dense", units, activation: "linear", trainable: false, l1: 0, l2: 0 });
  return layers;
}

/** The loss for scaled targets. The delta of huber is then in standard deviations too. */
function lossFor({ given: { loss } }: Job, scaled: Scaled | undefined): LossSpec | undefined {
  const name = typeof loss === "object" ? loss.name : loss;
  if (name !== "huber" || scaled === undefined || scaled.inner) return loss;
  const { delta = 1 } = typeof loss === "object" ? (loss as { delta?: number }) : {};
  return { name, delta: delta / scaled.outer.scaler.scale[0] };
}

/** The recipe's decay, scaled so that it is as strong as with squared errors. None if the optimizer does not take it. */
function decayOf({ given: { loss, optimizer } }: Job, { l2 = 0 }: Recipe, scaled: Scaled | undefined): number {
  if ((typeof optimizer === "object" ? optimizer.name : optimizer) === "vsgd") return 0;
  const name = typeof loss === "object" ? loss.name : loss;
  if (name !== "huber" || scaled === undefined || scaled.inner) return l2;
  const { delta = 1 } = typeof loss === "object" ? (loss as { delta?: number }) : {};
  return l2 * Math.min(1, delta / scaled.outer.scaler.scale[0]);
}

/** The user's optimizer, with the learningRate of the estimator's options. */
function ownOptimizer({ given: { optimizer, learningRate } }: Job): OptimizerSpec | undefined {
  if (learningRate === undefined) return optimizer;
  // An optimizer without a rate refuses it with its own message.
  return {
    ...(typeof optimizer === "object" ? optimizer : { name: optimizer ?? "adam" }),
    learningRate,
  } as OptimizerSpec;
}

/** Gives the last layer, which is not trained, the weights that undo the scaling of the targets. */
function setLast(network: Network<DType>, { mean, scale, columns }: StandardScaler): void {
  const weights = network.getWeights();
  const last = weights[weights.length - 1];
  last.weights.fill(0);
  for (let i = 0; i < columns; i++) last.weights[i * columns + i] = scale[i];
  last.bias?.set(mean);
  network.setWeights(weights);
}
