// `import "propago/diagnosis"`: warnings about what is wrong with a training.
import { Diagnosis } from "../training/diagnosis.ts";
import { type Parts, register } from "../ground/parts.ts";

export const part: Parts["diagnosis"] = { Diagnosis };
register("diagnosis", part);
