// Reads optimizers that search, and refuses networks that an optimizer cannot train: what most networks do without.
import type { OptimizerName } from "../tables/names.ts";
import type { Optimizer } from "./optimizer.ts";
import { type OptimizerRow, COMMON } from "../tables/optimizers.ts";
import { RARE_OPTIMIZERS } from "../tables/rare-optimizers.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { readNamed } from "../ground/options.ts";
import {
  ACTIVATION,
  CURVED_LOSSES,
  DENSE,
  LAYER_NORM,
  LOG_SOFTMAX,
  MEAN_SQUARED_ERROR,
  PYTORCH,
  SOFTMAX,
  SQUARED_ERROR,
} from "../../assembly/plan.ts";
import { isOneOf } from "../ground/sets.ts";
import type { LayerDescription } from "./layer.ts";
import type { Loss } from "../tables/losses.ts";
import { countParameters } from "./tensors.ts";

/** An optimizer that finds its own steps, and so takes nothing that shapes those of others. */
export function readSearching(value: unknown, name: OptimizerName): Optimizer {
  const row: OptimizerRow = RARE_OPTIMIZERS[name as keyof typeof RARE_OPTIMIZERS];
  const fields = typeof value === "object" ? (value as Record<string, unknown>) : {};
  const stray = ["learningRate", ...Object.keys(COMMON)].find((key) => fields[key] !== undefined);
  if (stray !== undefined) {
    const advice = stray === "weightDecay" ? "; l2 of the network is what it can minimise" : "";
    throw new PropagoError("ERR_CONFIG", `optimizer (${name}) finds its own steps: leave ${stray} out${advice}`);
  }
  const options = readNamed(value, "optimizer", "optimizer", RARE_OPTIMIZERS).options as Record<string, number>;
  return {
    name,
    learningRate: 1,
    rule: row.rule(options),
    search: row.search,
    options,
    weightDecay: 0,
    clipNorm: 0,
    clipValue: 0,
    flavor: PYTORCH,
    accumulate: 1,
    spec: { name, ...options },
  };
}

/**
 * Refuses networks of which an optimizer cannot find what it needs.
 * @throws PropagoError ERR_CONFIG
 */
export function checkOptimizer(optimizer: Optimizer, layers: readonly LayerDescription[], loss: Loss): void {
  checkMeasured(optimizer, layers, loss);
  checkSearched(optimizer, layers);
  if (optimizer.name === "levenbergMarquardt") checkNormalEquations(optimizer, loss, layers);
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
      refuse(`cannot measure layer ${show(layer.name)}`, "it knows dense and activation layers");
    }
  }
  if (rule.measures === "differences") return;
  const instead = 'give the optimizer variant: "fd", which needs none';
  if (!isOneOf(loss.id, CURVED_LOSSES)) refuse(`has no curvature of the loss "${loss.name}"`, instead);
  const open = loss.fused ? layers.slice(0, -1) : layers;
  for (const { activation, name } of open) {
    if (activation.id !== SOFTMAX && activation.id !== LOG_SOFTMAX) continue;
    refuse(`has no curvature of the activation "${activation.name}" of layer ${show(name)}`, instead);
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
      `optimizer "${name}" does not know ${isKnown ? "the maxNorm of " : ""}layer ${show(layer.name)} (${layer.spec.type}); ` +
        'leave it out, or choose another optimizer, for example "adam"',
    );
  }
}

/** Optimizers that search take all rows at once. */
export function refuseBatches(
  name: string,
  { batchSize = "full", shuffle }: Partial<Record<"batchSize" | "shuffle", unknown>>,
): void {
  const stray =
    batchSize !== "full" ? "batchSize" : shuffle === "withReplacement" ? 'shuffle: "withReplacement"' : undefined;
  if (stray === undefined) return;
  throw new PropagoError("ERR_CONFIG", `optimizer (${name}) takes all rows at once: leave ${stray} out`);
}
