// `import "propago/state"`: toJSON({ state: true }), and fromJSON of what it gave.
import { fill } from "../ground/parts.ts";
import { restoreState, specWithRate, stateToJSON } from "../network/state.ts";

export const part = { restoreState, specWithRate, stateToJSON };
fill("state", part);
