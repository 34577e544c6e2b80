// What the files of a page share: dist/index.js, dist/slim.js and the parts take from dist/library.js what they have in
// common, so that there is one place for parts, one class of errors and one memory, whichever of them a page loads.
export * from "./index.ts";
export {
  REQUIRED,
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
export { cut, printable, show } from "./ground/errors.ts";
export { answersOf } from "./estimators/answers.ts";
export { Features } from "./estimators/features.ts";
export { TargetScaling } from "./estimators/targets.ts";
export { cosineBetween, exponential, raised, root } from "./ground/powers.ts";
export { Part, fill, loadWith } from "./ground/parts.ts";
export { engineOf, refusalOf } from "./core/engine.ts";
export { readSampleWeights } from "./data/weighting.ts";
export { describe } from "./description/description.ts";
export { wantsData } from "./memory/first-weights.ts";
export { writePlan } from "./memory/plan.ts";
export { Dataset, copyMatrix } from "./memory/samples.ts";
export { Model } from "./memory/model.ts";
export { copyByLayer } from "./network/parameters.ts";
export { EpochList, historyOf } from "./training/history.ts";
export { Loop } from "./training/loop.ts";
export { readFitOptions } from "./training/options.ts";
export { SLICE, settled, turn } from "./training/turns.ts";
export { Warnings } from "./training/warnings.ts";
