// `import "propago/diagnosis"`: warnings about what is wrong with a training.
import { Diagnosis, causesOf } from "../training/diagnosis.ts";
import { type Parts, register } from "../ground/parts.ts";

export const part: Parts["diagnosis"] = { Diagnosis, causesOf };
register("diagnosis", part);
