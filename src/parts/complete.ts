// `import "propago/complete"`: all layers, activations, losses, optimizers and metrics of float32 networks.
import { text } from "../generated/simd.ts";
import { type Parts, register } from "../ground/parts.ts";
import { adviceOn, meantBy } from "../tables/foreign-names.ts";
import { RARE_LAYERS } from "../tables/rare-layers.ts";
import { RARE_OPTIMIZERS, checkOptimizer, readSearching } from "../tables/rare-optimizers.ts";
import { SCORES, checkMetric, fitting } from "../tables/scores.ts";

export const part: Parts["complete"] = {
  text,
  layer: RARE_LAYERS,
  optimizer: RARE_OPTIMIZERS,
  metric: SCORES,
  checkMetric,
  fitting,
  readSearching,
  checkOptimizer,
  meantBy,
  adviceOn,
};
register("complete", part);
