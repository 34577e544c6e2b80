// A batch's way through all layers: forward, losses, errors back, gradients.
import {
  BATCH_NORM,
  LAYER_BYTES,
  LAYER_D,
  LAYER_IN,
  LAYER_KIND,
  LAYER_OUT,
  LAYER_X,
  LAYER_Y,
  LAYER_Z,
  PLAN_BATCH_WEIGHTS,
  PLAN_BLOCK_ROWS,
  PLAN_INPUTS,
  PLAN_LOSS,
  PLAN_LOSS_PARAMETER,
  PLAN_OUTPUTS,
  PLAN_ROWS,
  PLAN_ROW_LOSSES,
  PLAN_TARGETS,
  PLAN_X,
} from "../plan";
import { isFused, lossOf } from "../functions/losses";
import { statistics, sums } from "../layers/normalisation";
import { gatherRows, setInput } from "./batch";
import { lastLayer, layerAt, scratchOf } from "./records";
import * as layers from "../layers/layers";

/** Outputs of rows [begin, end) in every layer. In training, masks are drawn, and batchNorm uses the batch's statistics. */
export function forwardPass(plan: usize, me: i32, training: bool, begin: i32, end: i32): void {
  const scratch = scratchOf(plan, me);
  const last = lastLayer(plan);
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
    // batchNorm's statistics need all rows, so nobody may share rows here (see workersForRows).
    if (COMPLETE && load<i32>(layer, LAYER_KIND) == BATCH_NORM) {
      statistics(layer, training, load<i32>(plan, PLAN_ROWS), 0, load<i32>(layer, LAYER_OUT));
    }
    layers.forward(plan, layer, scratch, training, begin, end);
  }
}

/** Losses of rows [begin, end), and the derivative into the last layer's D. */
export function lossPass(plan: usize, begin: i32, end: i32): void {
  const last = lastLayer(plan);
  lossOf(
    load<i32>(plan, PLAN_LOSS),
    load<f64>(plan, PLAN_LOSS_PARAMETER),
    load<usize>(last, LAYER_Z),
    load<usize>(last, LAYER_Y),
    load<usize>(plan, PLAN_TARGETS),
    load<usize>(last, LAYER_D),
    load<usize>(plan, PLAN_ROW_LOSSES),
    begin,
    end,
    load<i32>(plan, PLAN_OUTPUTS),
    load<i32>(plan, PLAN_ROWS),
  );
  const weights = load<usize>(plan, PLAN_BATCH_WEIGHTS);
  if (weights)
    weigh(
      weights,
      load<usize>(last, LAYER_D),
      load<usize>(plan, PLAN_ROW_LOSSES),
      begin,
      end,
      load<i32>(plan, PLAN_OUTPUTS),
    );
}

/** Multiplies losses and derivatives D (rows, width) of rows [begin, end) by the rows' weights w. A weight of 0 gives 0. */
function weigh(weights: usize, D: usize, losses: usize, begin: i32, end: i32, width: i32): void {
  for (let r = begin; r < end; ++r) {
    const at = <usize>r * sizeof<real>();
    const d = D + at * <usize>width;
    const w = load<real>(weights + at);
    store<real>(losses + at, w == 0 ? 0 : w * load<real>(losses + at));
    for (let o: usize = 0; o < <usize>width * sizeof<real>(); o += sizeof<real>()) {
      store<real>(d + o, w == 0 ? 0 : w * load<real>(d + o));
    }
  }
}

/** The errors δ of rows [begin, end) in every layer, from the last to the first; `me` says whose scratch is used. */
export function backwardPass(plan: usize, me: i32, begin: i32, end: i32): void {
  const scratch = scratchOf(plan, me);
  const rows = load<i32>(plan, PLAN_ROWS);
  const first = layerAt(plan, 0);
  let fused = isFused(load<i32>(plan, PLAN_LOSS));
  for (let layer = lastLayer(plan); layer >= first; layer -= LAYER_BYTES) {
    // These sums need all rows too.
    if (COMPLETE && load<i32>(layer, LAYER_KIND) == BATCH_NORM) sums(layer, rows, 0, load<i32>(layer, LAYER_OUT));
    layers.deltas(plan, layer, fused, scratch, rows, begin, end);
    fused = false;
  }
}

/** Gradients of rows [top, bottom), added to those of the rows before them. */
export function gradientPass(plan: usize, all: bool, top: i32, bottom: i32): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const scratch = scratchOf(plan, 0);
  const last = lastLayer(plan);
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
    const nin = load<i32>(layer, LAYER_IN);
    layers.gradients(layer, scratch, top, bottom, rows, all, 0, nin, 0, load<i32>(layer, LAYER_OUT));
  }
}

/**
 * Forward, losses, errors and gradients of the current batch, one block of rows after the other. So a block is still in
 * the cache when the next product reads it, and samples are read from far memory once. Sums over rows wait in the
 * gradients between blocks.
 */
export function backpropagate(plan: usize, all: bool): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const height = load<i32>(plan, PLAN_BLOCK_ROWS) || rows;
  const isGathered = load<usize>(layerAt(plan, 0), LAYER_X) == load<usize>(plan, PLAN_X);
  const bytes = <usize>load<i32>(plan, PLAN_INPUTS) * sizeof<real>();
  for (let top = 0; top < rows; top += height) {
    const bottom = min(top + height, rows);
    // All blocks are gathered into the place of the first one.
    if (isGathered) setInput(plan, load<usize>(plan, PLAN_X) - <usize>top * bytes);
    gatherRows(plan, top, bottom);
    forwardPass(plan, 0, true, top, bottom);
    lossPass(plan, top, bottom);
    backwardPass(plan, 0, top, bottom);
    gradientPass(plan, all, top, bottom);
  }
}
