// What the files of a page share: dist/index.js, dist/slim.js and the parts take from dist/library.js what they have in
// common, so that there is one place for parts, one class of errors and one memory, whichever of them a page loads.
export * from "./index.ts";
export {
  REQUIRED,
  copied,
  guessOf,
  isArray,
  isPlain,
  nameOf,
  readFields,
  readFlag,
  readName,
  readNamed,
  readNumber,
  readObject,
  readOptions,
} from "./ground/options.ts";
export { StandardScaler } from "./data/scaling.ts";
export { UNSEEN, cut, didYouMean, printable, show } from "./ground/errors.ts";
export { answersOf } from "./estimators/answers.ts";
export { Features } from "./estimators/features.ts";
export { TargetScaling } from "./estimators/targets.ts";
export { cosineBetween, exponential, raised, root } from "./ground/powers.ts";
export { Part, fill, loadWith } from "./ground/parts.ts";
export { engineOf, refusalOf } from "./core/engine.ts";
export { readSampleWeights } from "./data/weighting.ts";
export { Dataset } from "./memory/samples.ts";
export { readTargets } from "./memory/targets.ts";
export { FIT_KEYS, readFitOptions } from "./training/options.ts";
export { readData } from "./training/rows.ts";
export { describe } from "./description/description.ts";
export { LabelEncoder, checkLabel, listed, normal } from "./data/labels.ts";
export { readRows } from "./data/rows.ts";
export { readNetworkJSON } from "./network/json.ts";
