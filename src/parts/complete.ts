// `import "propago/complete"`: all layers, activations, losses, optimizers and metrics of float32 networks.
import type { BuildText } from "../core/engine.ts";
import type { RareMetrics } from "../description/metrics.ts";
import type { RareOptimizer } from "../description/optimizer.ts";
import { checkOptimizer, readSearching } from "../description/rare-optimizer.ts";
import { text } from "../generated/simd.ts";
import { fill } from "../ground/parts.ts";
import type { RareRows } from "../tables/rare.ts";
import { RARE_LAYERS } from "../tables/rare-layers.ts";
import { RARE_OPTIMIZERS } from "../tables/rare-optimizers.ts";
import { SCORES, checkMetric, fitting } from "../tables/scores.ts";

export const part: BuildText & RareRows & RareOptimizer & RareMetrics = {
  text,
  layer: RARE_LAYERS,
  optimizer: RARE_OPTIMIZERS,
  metric: SCORES,
  checkMetric,
  fitting,
  readSearching,
  checkOptimizer,
};
fill("complete", part);
