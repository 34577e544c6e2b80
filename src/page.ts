// The entry of pages and bundlers: the library with the build of what most networks use, without its other parts, and
// what these need of it.
// First, so that compression finds again what stands on both sides of so long a text.
import { text } from "./generated/common.ts";
import { register } from "./ground/parts.ts";
export * from "./index.ts";
export { REQUIRED, readFlag, readName, readNamed, readNumber, readObject, readOptions } from "./ground/options.ts";
export { StandardScaler } from "./data/scaling.ts";
export { show } from "./ground/errors.ts";
export { answersOf } from "./estimators/answers.ts";
export { Features } from "./estimators/features.ts";
export { TargetScaling } from "./estimators/targets.ts";
export { exponential, root } from "./ground/powers.ts";
export { register } from "./ground/parts.ts";
export { readClassWeights, readSampleWeights } from "./data/weighting.ts";

register("common", { text });
