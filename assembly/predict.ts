// What the build of `propago/predict` exports: outputs, without anything that trains.
import { LAYER_Y, PLAN_ROWS } from "./plan";
import { forwardPass } from "./training/passes";
import { setInput } from "./training/batch";
import { lastLayer } from "./training/records";

export { firstNonFinite, heapBase } from "./index";

/** Outputs of `rows` samples at X, at most as many as there is room for. Gives back their address. */
export function predict(plan: usize, X: usize, rows: i32): usize {
  store<i32>(plan, rows, PLAN_ROWS);
  setInput(plan, X);
  forwardPass(plan, 0, false, 0, rows);
  return load<usize>(lastLayer(plan), LAYER_Y);
}
