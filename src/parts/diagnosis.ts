// `import "propago/diagnosis"`: warnings about what is wrong with a training.
import { Diagnosis } from "../diagnosis.ts";
import { type Parts, register } from "../parts.ts";

export const part: Parts["diagnosis"] = { Diagnosis };
register("diagnosis", part);
