// `import "propago/threads"`: training on several threads.
import { type Parts, register } from "../parts.ts";
import { teamOf } from "../workers.ts";

export const part: Parts["threads"] = { teamOf };
register("threads", part);
