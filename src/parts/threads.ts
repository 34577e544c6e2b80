// `import "propago/threads"`: training on several threads.
import { fill } from "../ground/parts.ts";
import { shareOut } from "../threads/calls.ts";
import { Crew } from "../training/crew.ts";

export const part = { Crew, shareOut };
fill("threads", part);
