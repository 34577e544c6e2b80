// `import "propago/complete"`: all layers, activations, losses, optimizers and metrics of float32 networks.
import { text } from "../generated/simd.ts";
import type { ForeignNames } from "../ground/options.ts";
import { fill } from "../ground/parts.ts";
import { adviceOn, meantBy } from "../tables/foreign-names.ts";
import { initialize } from "../network/initialize.ts";
import { rareRows } from "./rows.ts";

const names: ForeignNames = { meantBy, adviceOn };
export const part = { text, initialize, ...rareRows, ...names };
fill("complete", part);
