// What the part "complete" has beside its build: rows of tables that most networks do without. propago/slim has them too.
import type { Parts } from "../ground/parts.ts";
import { RARE_LAYERS } from "../tables/rare-layers.ts";
import { RARE_OPTIMIZERS, checkOptimizer, readSearching } from "../tables/rare-optimizers.ts";
import { SCORES, checkMetric, fitting } from "../tables/scores.ts";

export const rareRows: Omit<Parts["complete"], "text"> = {
  layer: RARE_LAYERS,
  optimizer: RARE_OPTIMIZERS,
  metric: SCORES,
  checkMetric,
  fitting,
  readSearching,
  checkOptimizer,
};
