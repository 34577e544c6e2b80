// What happens when the loss, or a weight, is no finite number any more: the last finite weights come back, and an error
// says what may have caused it.
import { PLAN_GOOD } from "../../assembly/plan.ts";
import { PropagoError } from "../ground/errors.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { Layout } from "../memory/layout.ts";

/** What may have driven a loss out of the finite numbers, as the end of a sentence, and what to do about it, as another. */
export type Causes = [causes: string, advice: string];

/** What mostly helps, where the part that looks for causes is not there. */
const UNKNOWN: Causes = ["", "Scale inputs and targets to about -1..1, or lower the learningRate, if there is one"];

/** The error of a training that left the finite numbers, `where`: at an epoch, or after an update. */
export function divergence(where: string, loss: number, [causes, advice] = UNKNOWN): PropagoError {
  return new PropagoError(
    "ERR_DIVERGED",
    `loss became ${loss} ${where}${causes}; the last finite weights are back. ${advice}`,
  );
}

/** The last weights that are known to be finite, as the core keeps them; good until the next allocation. */
export function goodParams(layout: Layout): FloatArray {
  return layout.engine.numbers(layout.word(PLAN_GOOD) >>> 0, layout.count);
}

/** Puts these weights back, and makes the optimizer forget. */
export function restoreGood(layout: Layout): void {
  layout.params().set(goodParams(layout));
  layout.forget();
}
