// `import "propago/diagnosis"`: warnings about what is wrong with a training.
import { Diagnosis, causesOf } from "../training/diagnosis.ts";
import { fill } from "../ground/parts.ts";

export const part = { Diagnosis, causesOf };
fill("diagnosis", part);
