// `import "propago/relaxed"`: the build that multiplies and adds as the machine likes, `build: "relaxed"`.
import { text } from "../generated/relaxed.ts";
import { fill } from "../ground/parts.ts";

export const part = { text };
fill("relaxed", part);
