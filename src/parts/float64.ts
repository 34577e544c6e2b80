// `import "propago/float64"`: networks of dtype "float64", and checkGradients, which computes in it.
import { compareWithDifferences } from "../differences.ts";
import { text } from "../generated/float64.ts";
import { type Parts, register } from "../parts.ts";

export const part: Parts["float64"] = { text, compareWithDifferences };
register("float64", part);
