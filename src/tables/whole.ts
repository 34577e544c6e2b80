// The tables whole, common and rare rows together: for the command, the reference and tests.
import { LAYERS as COMMON_LAYERS } from "./layers.ts";
import { METRICS as COMMON_METRICS } from "./metrics.ts";
import { OPTIMIZERS as COMMON_OPTIMIZERS } from "./optimizers.ts";
import { RARE_LAYERS } from "./rare-layers.ts";
import { RARE_OPTIMIZERS } from "./rare-optimizers.ts";
import { SCORES } from "./scores.ts";

export const LAYERS = { ...COMMON_LAYERS, ...RARE_LAYERS };
export const OPTIMIZERS = { ...COMMON_OPTIMIZERS, ...RARE_OPTIMIZERS };
export const METRICS = { ...COMMON_METRICS, ...SCORES };
