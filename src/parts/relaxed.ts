// `import "propago/relaxed"`: the build that multiplies and adds as the machine likes, `build: "relaxed"`.
import { text } from "../generated/relaxed.ts";
import { type Parts, register } from "../ground/parts.ts";

export const part: Parts["relaxed"] = { text };
register("relaxed", part);
