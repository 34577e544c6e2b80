// `import "propago/float64"`: networks of dtype "float64", and checkGradients, which computes in it.
import { differencesOf } from "../network/differences.ts";
import { text } from "../generated/float64.ts";
import { fill } from "../ground/parts.ts";

export const part = { text, differencesOf };
fill("float64", part);
