// `import "propago/diagnosis"`: warnings about what is wrong with a training, and `trace`.
import { Diagnosis, causesOf } from "../training/diagnosis.ts";
import { fill } from "../ground/parts.ts";
import { traceOf } from "../network/trace.ts";

export const part = { Diagnosis, causesOf, traceOf };
fill("diagnosis", part);
