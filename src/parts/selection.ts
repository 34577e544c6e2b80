// `import "propago/selection"`: what a Classifier or Regressor is trained and measured with.
import type { Job, Selecting, Selection, Task } from "../estimators/job.ts";
import { Part, fill } from "../ground/parts.ts";
import type { journaled } from "../keeping/journal.ts";
import { further } from "../selection/further.ts";
import { intervalOf } from "../selection/interval.ts";
import { measure } from "../selection/measure.ts";
import { readFit, readJob } from "../selection/reading.ts";
import { pause } from "../selection/pause.ts";
import { select } from "../selection/selection.ts";
import type { History } from "../training/reports.ts";

/** Who makes checkpoints of a search. */
const STATE = new Part<{ journaled: typeof journaled }>("state");

/** As `select`, with checkpoints where they are wanted; who makes them is loaded first. */
function* selectOrGoOn(job: Job): Generator<Task, Selection, History> {
  if (job.fit.checkpoint === undefined) return yield* select(job);
  if (STATE.here === undefined) yield pause(() => STATE.load());
  return yield* STATE.need("checkpoint").journaled(job, select);
}

export const part: Selecting = { readJob, readFit, select: selectOrGoOn, further, measure, intervalOf };
fill("selection", part);
