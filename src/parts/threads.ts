// `import "propago/threads"`: training on several threads.
import { type Parts, register } from "../ground/parts.ts";
import { teamOf } from "../threads/workers.ts";

export const part: Parts["threads"] = { teamOf };
register("threads", part);
