// `import "propago/streams"`: training on data that comes in batches, for more than fits into memory.
import { fill } from "../ground/parts.ts";
import { courseOf } from "../training/streams.ts";

export const part = { courseOf };
fill("streams", part);
