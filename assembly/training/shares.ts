// The stages of a step and each worker's share of them.
import {
  DENSE,
  EXTRA_STATISTICS,
  LAYER_B,
  LAYER_BYTES,
  LAYER_IN,
  LAYER_KIND,
  LAYER_OUT,
  LAYER_TRAINABLE,
  LAYER_W,
  PLAN_BLOCK_ROWS,
  PLAN_EXTRAS,
  PLAN_PARAMS,
  PLAN_ROWS,
  PLAN_TRAINABLE,
  STAGE_CHANGE,
  STAGE_OUTPUTS,
  STAGE_ROWS,
  TRAIN_BIAS,
  TRAIN_WEIGHTS,
} from "../plan";
import { LANES } from "../numbers/simd";
import { update } from "../optimizers/optimizers";
import { gatherRows } from "./batch";
import { backwardPass, forwardPass, lossPass } from "./passes";
import { lastLayer, layerAt, scratchOf } from "./records";
import { fork, join, share } from "./threads";
import * as layers from "../layers/layers";

/** Runs a stage on all workers, this one included, and waits for the last. Between stages, one worker works alone. */
@inline
export function runStage(plan: usize, stage: i32, all: i32): void {
  let shares: usize = 0;
  if (all > 1) shares = fork(plan, stage);
  runShare(plan, stage, 0, all, shares);
  if (all > 1) join();
}

/** What worker `me` of `all` does in a stage. `shares` says where its share begins. */
export function runShare(plan: usize, stage: i32, me: i32, all: i32, shares: usize): void {
  if (stage <= STAGE_ROWS) {
    const rows = load<i32>(plan, PLAN_ROWS);
    const first = share(rows, me, all, shares);
    const end = share(rows, me + 1, all, shares);
    const height = load<i32>(plan, PLAN_BLOCK_ROWS) || rows;
    for (let top = first; top < end; top += height) {
      const bottom = min(top + height, end);
      if (stage > STAGE_OUTPUTS) gatherRows(plan, top, bottom);
      forwardPass(plan, me, stage == STAGE_ROWS, top, bottom);
      if (stage > STAGE_OUTPUTS) lossPass(plan, top, bottom);
      if (stage == STAGE_ROWS) backwardPass(plan, me, top, bottom);
    }
  } else if (all == 1) {
    update(plan, 0, load<i32>(plan, PLAN_TRAINABLE));
  } else {
    changeShare(plan, stage, me, all, shares);
  }
}

/**
 * A worker's share of gradients and update: a range of all parameters in their order, in whole rows of W. It is the same in
 * every stage. The owner of a layer's last row also owns its b, or the parameters of a normalisation. So most layers have
 * one owner, who reads little of X and dZ that other workers have written.
 */
function changeShare(plan: usize, stage: i32, me: i32, all: i32, shares: usize): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const last = lastLayer(plan);
  let begin = share(load<i32>(plan, PLAN_TRAINABLE), me, all, shares);
  let end = share(load<i32>(plan, PLAN_TRAINABLE), me + 1, all, shares);
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
    const bits = load<i32>(layer, LAYER_TRAINABLE);
    // A layer without parameters, or with fixed ones, is in nobody's share.
    if (!(bits & (TRAIN_WEIGHTS | TRAIN_BIAS))) continue;
    const isDense = load<i32>(layer, LAYER_KIND) == DENSE;
    const nin = isDense && bits & TRAIN_WEIGHTS ? load<i32>(layer, LAYER_IN) : 1;
    const nout = load<i32>(layer, LAYER_OUT);
    const first = rowAt(begin, nin, nout);
    const bottom = rowAt(end, nin, nout);
    begin -= nin * nout;
    end -= nin * nout;
    if (first == bottom) continue;
    const from = bottom == nin ? 0 : nout;
    const W = load<usize>(layer, LAYER_W);
    if (stage == STAGE_CHANGE && isDense && bits & TRAIN_WEIGHTS) claim(W, first * nout, bottom * nout);
    if (stage <= STAGE_CHANGE) {
      layers.gradients(layer, scratchOf(plan, me), 0, rows, rows, false, first, bottom, from, nout);
    }
    if (stage >= STAGE_CHANGE) {
      if (bits & TRAIN_WEIGHTS) updateTensor(plan, W, first * nout, bottom * nout);
      if (bits & TRAIN_BIAS) updateTensor(plan, load<usize>(layer, LAYER_B), from, nout);
    }
  }
}

/** The row of a layer's W (nin, nout) that stands so many numbers behind its beginning: a multiple of 4, or nin. */
function rowAt(numbers: i32, nin: i32, nout: i32): i32 {
  if (numbers <= 0) return 0;
  return numbers < nin * nout ? min(nin, ((numbers / nout + 2) >> 2) << 2) : nin;
}

/**
 * Writes one word into each cache line of numbers [begin, end), without changing it. Other cores have read these lines, and
 * taking a line back from them takes longer than computing its numbers. The kernel's writes of whole lines would wait for
 * one line after the other; these writes overlap.
 */
function claim(address: usize, begin: i32, end: i32): void {
  const stop = address + <usize>end * sizeof<real>();
  for (let at = address + <usize>begin * sizeof<real>(); at < stop; at += 64) store<i32>(at, load<i32>(at));
}

/** Updates numbers [begin, end) of the tensor at `address`, and the padding at its end with the last of them. */
function updateTensor(plan: usize, address: usize, begin: i32, end: i32): void {
  if (!address || begin == end) return;
  const at = <i32>((address - load<usize>(plan, PLAN_PARAMS)) / sizeof<real>());
  update(plan, at + begin, at + ((end + LANES - 1) & ~(LANES - 1)));
}

/** How many workers share rows: one if there is batchNorm, which needs all rows together. */
export function workersForRows(plan: usize, all: i32): i32 {
  return load<i32>(plan, PLAN_EXTRAS) & EXTRA_STATISTICS ? 1 : all;
}
