// `import "propago/selection"`: what a Classifier or Regressor is trained and measured with.
import type { Selecting } from "../estimators/job.ts";
import { fill } from "../ground/parts.ts";
import { further } from "../selection/further.ts";
import { intervalOf } from "../selection/interval.ts";
import { measure } from "../selection/measure.ts";
import { readFit, readJob } from "../selection/reading.ts";
import { select } from "../selection/selection.ts";

export const part: Selecting = { readJob, readFit, select, further, measure, intervalOf };
fill("selection", part);
