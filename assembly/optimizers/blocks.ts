// What optimizers look up in the plan: their own numbers, and the records of blocks, one for each tensor of parameters.
import {
  BLOCK_BEGIN,
  BLOCK_BYTES,
  BLOCK_END,
  KERAS,
  PLAN_BLOCKS,
  PLAN_BLOCK_COUNT,
  PLAN_FLAVOR,
  PLAN_HYPER,
} from "../plan";
import { dot } from "../numbers/vectors";

/** The k-th of the optimizer's own numbers. */
@inline
export function hyper(plan: usize, k: i32): f64 {
  return load<f64>(plan + ((<usize>k) << 3), PLAN_HYPER);
}

/** The first block's record; the others follow, up to lastBlock. */
@inline
export function firstBlock(plan: usize): usize {
  return load<usize>(plan, PLAN_BLOCKS);
}


@inline
export function lastBlock(plan: usize): usize {
  return firstBlock(plan) + <usize>(load<i32>(plan, PLAN_BLOCK_COUNT) - 1) * BLOCK_BYTES;
}

/** Σ x² over a block's part of a flat block, in order, in float64. */
export function squareSum(block: usize, x: usize): f64 {
  const begin = load<i32>(block, BLOCK_BEGIN);
  x += <usize>begin * sizeof<real>();
  return dot(x, x, load<i32>(block, BLOCK_END) - begin);
}

/** Whether the rule has Keras's form. */
@inline
export function isKeras(plan: usize): bool {
  return load<i32>(plan, PLAN_FLAVOR) == KERAS;
}
