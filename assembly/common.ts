// What the build of a page's entry exports: all but what serves the rare, and tests.
export { differentiate, evaluate, penalty, predict, train, work } from "./train";
export { firstNonFinite, hash, heapBase, mapLog, normal, permute, uniform } from "./index";
