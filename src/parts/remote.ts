// `import "propago/remote"`: training in a worker (`worker` of `fit`), `snapshot` and `change` of a training.
import { fill } from "../ground/parts.ts";
import { courseOf } from "../remote/course.ts";
import { change, snapshot } from "../remote/look.ts";
import type { Remote } from "../training/parts.ts";

export const part: Remote = { courseOf, snapshot, change };
fill("remote", part);
