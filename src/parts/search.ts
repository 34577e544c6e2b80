// `import "propago/search"`: optimizers that take all rows at once and search, and findLearningRate.
import { fill } from "../ground/parts.ts";
import { findRate } from "../network/rate-search.ts";
import { Search } from "../search/search.ts";

export const part = { Search, findRate };
fill("search", part);
