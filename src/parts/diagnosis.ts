// `import "propago/diagnosis"`: warnings about what is wrong with a training, and `summary`, `trace` and `activations`.
import { Diagnosis, causesOf } from "../training/diagnosis.ts";
import { activationsOf } from "../network/activations.ts";
import { fill } from "../ground/parts.ts";
import { summaryOf } from "../network/summary.ts";
import { traceOf } from "../network/trace.ts";

export const part = { Diagnosis, activationsOf, causesOf, summaryOf, traceOf };
fill("diagnosis", part);
