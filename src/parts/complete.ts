// `import "propago/complete"`: all layers, activations, losses, optimizers and metrics of float32 networks.
import { text } from "../generated/simd.ts";
import { type Parts, register } from "../parts.ts";
import { RARE_LAYERS } from "../rare-layers.ts";
import { RARE_OPTIMIZERS, checkOptimizer, readSearching } from "../rare-optimizers.ts";
import { SCORES, checkMetric, fitting } from "../scores.ts";

export const part: Parts["complete"] = {
  text,
  layer: RARE_LAYERS,
  optimizer: RARE_OPTIMIZERS,
  metric: SCORES,
  checkMetric,
  fitting,
  readSearching,
  checkOptimizer,
};
register("complete", part);
