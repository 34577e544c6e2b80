// The entry of pages and bundlers: the library with the build of what most networks use, without its other parts, and
// what these need of it. Of these names, only index.ts's are public (scripts/bundle.ts).
// First, so that compression finds again what stands on both sides of so long a text.
import { text } from "./generated/common.ts";
import { fill } from "./ground/parts.ts";
import "./parts/loaders.ts";
export * from "./index.ts";
export {
  REQUIRED,
  isArray,
  isPlain,
  readFields,
  readFlag,
  readName,
  readNamed,
  readNumber,
  readObject,
  readOptions,
} from "./ground/options.ts";
export { describe } from "./description/description.ts";
export { numbersToJSON, readNumbersJSON } from "./network/json.ts";
export { StandardScaler } from "./data/scaling.ts";
export { UNSEEN, cut, show } from "./ground/errors.ts";
export { answersOf } from "./estimators/answers.ts";
export { Features } from "./estimators/features.ts";
export { TargetScaling } from "./estimators/targets.ts";
export { exponential, root } from "./ground/powers.ts";
export { Part, fill } from "./ground/parts.ts";
export { readClassWeights, readSampleWeights } from "./data/weighting.ts";

fill("common", { text });
