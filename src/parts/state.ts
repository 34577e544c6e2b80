// `import "propago/state"`: toJSON({ state: true }), fromJSON of what it gave, and checkpoints.
import { fill } from "../ground/parts.ts";
import { checkpointOf, resume } from "../keeping/checkpoint.ts";
import { journaled } from "../keeping/journal.ts";
import { keeping } from "../keeping/keeper.ts";
import { restoreState, specWithRate, stateToJSON } from "../network/state.ts";

export const part = { restoreState, specWithRate, stateToJSON, checkpointOf, resume, keeping, journaled };
fill("state", part);
