// The arrays that vsgd remembers: where each stands.
import { PLAN_STATE, PLAN_TRAINABLE } from "../plan";

// MEAN, SQUARE, CURVE and CURVE_SQUARE are moving averages: of the gradient, of its square, of the curvature, and of the
// square of that (variant fd). TAU is their memory τ. NEW_… are the values of the current batch. A number that is shared by
// a whole block stands at the block's begin.
export const MEAN: usize = 0;
export const SQUARE: usize = 1;
export const CURVE: usize = 2;
export const TAU: usize = 3;
export const NEW_SQUARE: usize = 4;
export const NEW_CURVE: usize = 5;
export const CURVE_SQUARE: usize = 6;
export const NEW_CURVE_SQUARE: usize = 7;
// After the new values are in the averages, their places hold the step, and the weights that it starts from.
export const STEP: usize = NEW_SQUARE;
export const START: usize = NEW_CURVE;

/** Where a remembered array begins. */
@inline
export function remembered(plan: usize, which: usize): usize {
  return load<usize>(plan, PLAN_STATE) + which * <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
}
