// `import "propago/complete"`: all layers, activations, losses, optimizers and metrics of float32 networks.
import { text } from "../generated/simd.ts";
import { type Parts, register } from "../ground/parts.ts";
import { rareRows } from "./rows.ts";

export const part: Parts["complete"] = { text, ...rareRows };
register("complete", part);
