// What the part "complete" has beside its build: rows of tables that most networks do without. propago/slim has them too.
import type { RareMetrics } from "../description/metrics.ts";
import type { RareOptimizer } from "../description/optimizer.ts";
import { checkOptimizer, readSearching } from "../description/rare-optimizer.ts";
import type { RareRows } from "../tables/rare.ts";
import { RARE_LAYERS } from "../tables/rare-layers.ts";
import { RARE_OPTIMIZERS } from "../tables/rare-optimizers.ts";
import { SCORES, checkMetric, fitting } from "../tables/scores.ts";

export const rareRows: RareRows & RareOptimizer & RareMetrics = {
  layer: RARE_LAYERS,
  optimizer: RARE_OPTIMIZERS,
  metric: SCORES,
  checkMetric,
  fitting,
  readSearching,
  checkOptimizer,
};
