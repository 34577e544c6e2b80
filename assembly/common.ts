// What the build that pages begin with exports. In it COMPLETE is 0 (asconfig.json): what stands behind that, and what only
// tests and rare optimizers call, is in the complete build alone (index.ts).
export { train } from "./training/epochs";
export { differentiate, evaluate, penalty, predict } from "./training/evaluation";
export { runShare } from "./training/shares";
export { firstNonFinite, hash, heapBase, mapLog, normal, permute, uniform } from "./index";
