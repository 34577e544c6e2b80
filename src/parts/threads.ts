// `import "propago/threads"`: training on several threads.
import { fill } from "../ground/parts.ts";
import { teamOf } from "../threads/team.ts";

export const part = { teamOf };
fill("threads", part);
