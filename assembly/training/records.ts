// Where the records of a plan's layers stand, and each worker's scratch.
import { LAYER_BYTES, PLAN_FIRST, PLAN_LAYERS, PLAN_SCRATCH, PLAN_SCRATCH_BYTES } from "../plan";

/** The layer records, from the first: the k-th stands at first + k · LAYER_BYTES. */
@inline
export function layerAt(plan: usize, k: i32): usize {
  return load<usize>(plan, PLAN_FIRST) + <usize>k * LAYER_BYTES;
}


@inline
export function lastLayer(plan: usize): usize {
  return layerAt(plan, load<i32>(plan, PLAN_LAYERS) - 1);
}

/** Where worker `me` packs what a product needs. */
@inline
export function scratchOf(plan: usize, me: i32): usize {
  return load<usize>(plan, PLAN_SCRATCH) + <usize>(me * load<i32>(plan, PLAN_SCRATCH_BYTES));
}
