// `import "propago/complete"`: all layers, activations, losses, optimizers and metrics of float32 networks.
import { text } from "../generated/simd.ts";
import { fill } from "../ground/parts.ts";
import { rareRows } from "./rows.ts";

export const part = { text, ...rareRows };
fill("complete", part);
