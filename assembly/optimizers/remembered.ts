// The arrays that vsgd remembers.
import { PLAN_STATE, PLAN_TRAINABLE } from "../plan";

// The remembered arrays: means of the gradient, of its square, of the curvature and of its square (fd), and the memory τ;
// and what the current batch gives for the second to the fourth. One for all of a block stands at the block's begin.
export const MEAN: usize = 0;
export const SQUARE: usize = 1;
export const CURVE: usize = 2;
export const TAU: usize = 3;
export const NEW_SQUARE: usize = 4;
export const NEW_CURVE: usize = 5;
export const CURVE_SQUARE: usize = 6;
export const NEW_CURVE_SQUARE: usize = 7;
// Once what is new was taken in, its places hold the step and the weights that it starts from.
export const STEP: usize = NEW_SQUARE;
export const START: usize = NEW_CURVE;

/** Where a remembered array begins. */
@inline
export function remembered(plan: usize, which: usize): usize {
  return load<usize>(plan, PLAN_STATE) + which * <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
}
