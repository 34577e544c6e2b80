// What the part "complete" has beside its build: rows of tables that most networks do without. propago/slim has them too.
import type { RareMetrics } from "../description/metrics.ts";
import type { RareOptimizer } from "../description/optimizer.ts";
import { checkOptimizer, readSearching, refuseBatches } from "../description/rare-optimizer.ts";
import type { RareRows } from "../tables/rare.ts";
import type { ScalingToData } from "../memory/model.ts";
import { classWeightsOf, classesOf } from "../memory/classes.ts";
import type { Counting, Scoring } from "../memory/samples.ts";
import { scoresOf } from "../memory/scoring.ts";
import { scaleTo, scaleToData } from "../memory/lsuv.ts";
import { RARE_INITIALIZERS } from "../tables/rare-initializers.ts";
import { RARE_SCHEDULES } from "../tables/rare-schedules.ts";
import { RARE_LAYERS } from "../tables/rare-layers.ts";
import { RARE_OPTIMIZERS } from "../tables/rare-optimizers.ts";
import { SCORES, checkMetric, fitting } from "../tables/scores.ts";

export const rareRows: RareRows & ScalingToData & Scoring & Counting & RareOptimizer & RareMetrics = {
  layer: RARE_LAYERS,
  optimizer: RARE_OPTIMIZERS,
  metric: SCORES,
  initializer: RARE_INITIALIZERS,
  schedule: RARE_SCHEDULES,
  scaleTo,
  scaleToData,
  scoresOf,
  classWeightsOf,
  classesOf,
  checkMetric,
  fitting,
  readSearching,
  checkOptimizer,
  refuseBatches,
};
