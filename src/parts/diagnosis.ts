// `import "propago/diagnosis"`: warnings about what is wrong with a training.
import { Diagnosis } from "../training/diagnosis.ts";
import { fill } from "../ground/parts.ts";

export const part = { Diagnosis };
fill("diagnosis", part);
