// The tables whole, common and rare rows together: for the command, the reference and tests.
import { INITIALIZERS as COMMON_INITIALIZERS } from "./initializers.ts";
import { LAYERS as COMMON_LAYERS } from "./layers.ts";
import { METRICS as COMMON_METRICS } from "./metrics.ts";
import { OPTIMIZERS as COMMON_OPTIMIZERS } from "./optimizers.ts";
import { RARE_INITIALIZERS } from "./rare-initializers.ts";
import { RARE_LAYERS } from "./rare-layers.ts";
import { RARE_OPTIMIZERS } from "./rare-optimizers.ts";
import { RARE_SCHEDULES } from "./rare-schedules.ts";
import { SCHEDULES as COMMON_SCHEDULES } from "./schedules.ts";
import { SCORES } from "./scores.ts";

export const LAYERS = { ...COMMON_LAYERS, ...RARE_LAYERS };
export const OPTIMIZERS = { ...COMMON_OPTIMIZERS, ...RARE_OPTIMIZERS };
export const METRICS = { ...COMMON_METRICS, ...SCORES };
export const INITIALIZERS = { ...COMMON_INITIALIZERS, ...RARE_INITIALIZERS };
export const SCHEDULES = { ...COMMON_SCHEDULES, ...RARE_SCHEDULES };
