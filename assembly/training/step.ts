// The training step: a batch is selected, goes forward and back through all layers, and changes the weights.
import {
  BATCH_NORM,
  DATA_LABELS,
  DATA_ORDER,
  DATA_WEIGHTS,
  DATA_WIDTH,
  EXTRA_NORMS,
  EXTRA_STATISTICS,
  LAYER_BYTES,
  LAYER_D,
  LAYER_KIND,
  LAYER_OUT,
  LAYER_X,
  LAYER_Y,
  PLAN_BATCHES,
  PLAN_BATCH_LOSS,
  PLAN_BATCH_WEIGHTS,
  PLAN_EXTRAS,
  PLAN_LEARNING_RATE,
  PLAN_LOSS,
  PLAN_ONLINE,
  PLAN_OPTIMIZER,
  PLAN_OUTPUTS,
  PLAN_ROWS,
  PLAN_STAGE,
  PLAN_SUM,
  PLAN_TARGETS,
  PLAN_TRAINABLE,
  PLAN_WHOLE,
  SQUARED_ERROR,
  STAGE_CHANGE,
  STAGE_GRADIENTS,
  STAGE_ROWS,
  STAGE_UPDATE,
  VSGD,
} from "../plan";
import { LANES } from "../numbers/simd";
import { isFused, squaredError } from "../functions/losses";
import { follow } from "../layers/normalisation";
import { limitNorm } from "../layers/restraints";
import { accumulate, endsGroup } from "../optimizers/gradient";
import { beginUpdate, countUpdate, updateAverage } from "../optimizers/optimizers";
import { gatherRows, inputsAt, rowOf, selectBatch, targetsAt } from "./batch";
import { backwardOne, forwardOne } from "./online";
import { backpropagate, lossPass } from "./passes";
import { lastLayer, layerAt } from "./records";
import { runStage, workersForRows } from "./shares";
import { addToTally, reportLosses } from "./tally";
import { measureSamples, shortenStep } from "./trials";

/**
 * One training step, shared by `all` workers, on the `rows` samples that follow `first` in the epoch's order; of none, the
 * part up to the next stage. False if the loss is not finite.
 */
export function step(plan: usize, data: usize, first: i32, rows: i32, all: i32): bool {
  const order = load<usize>(data, DATA_ORDER);
  if (rows == 1 && load<i32>(plan, PLAN_ONLINE)) return stepOnOne(plan, data, order, first);
  if (!all) return advance(plan, data, order, first, rows);
  selectBatch(plan, data, order, first, rows);
  const isWhole = all == 1 || load<i32>(plan, PLAN_WHOLE);
  if (all == 1) backpropagate(plan, false);
  else runStage(plan, STAGE_ROWS, workersForRows(plan, all));
  if (!finishRows(plan)) return false;
  if (isWhole && all > 1) runStage(plan, STAGE_GRADIENTS, all);
  if (!prepareUpdate(plan)) return true;
  runStage(plan, isWhole ? STAGE_UPDATE : STAGE_CHANGE, all);
  limitNorms(plan);
  return true;
}

/**
 * A step up to its next stage, which the caller runs, in shares as small as it likes, before it calls again; PLAN_STAGE says
 * which. So a page's thread can do other things in the middle of a step.
 */
function advance(plan: usize, data: usize, order: usize, first: i32, rows: i32): bool {
  const done = load<i32>(plan, PLAN_STAGE);
  let next = 0;
  let isGood = true;
  if (!done) {
    selectBatch(plan, data, order, first, rows);
    next = STAGE_ROWS;
  } else if (done == STAGE_ROWS) {
    isGood = finishRows(plan);
    if (isGood) next = STAGE_GRADIENTS;
  } else if (done == STAGE_GRADIENTS) {
    if (prepareUpdate(plan)) next = STAGE_UPDATE;
  } else {
    limitNorms(plan);
  }
  store<i32>(plan, next, PLAN_STAGE);
  return isGood;
}

/** What follows when all rows went forward and back; false if the loss is not finite. */
function finishRows(plan: usize): bool {
  if (!isFinite(reportLosses(plan))) return false;
  finishBatch(plan);
  return true;
}

/** What comes before an update, once gradients are known or are about to be; false if this batch makes none. */
function prepareUpdate(plan: usize): bool {
  if (COMPLETE && load<usize>(plan, PLAN_SUM)) {
    accumulate(plan, 0, load<i32>(plan, PLAN_TRAINABLE));
    if (!endsGroup(plan)) return false;
  }
  if (COMPLETE && load<i32>(plan, PLAN_OPTIMIZER) == VSGD) measureSamples(plan);
  beginUpdate(plan);
  if (COMPLETE && load<i32>(plan, PLAN_OPTIMIZER) == VSGD) shortenStep(plan);
  return true;
}

/** A step on one sample, in which weights change as soon as their gradients are known. */
function stepOnOne(plan: usize, data: usize, order: usize, at: i32): bool {
  const first = layerAt(plan, 0);
  const last = lastLayer(plan);
  const nout = load<i32>(plan, PLAN_OUTPUTS);
  const isPlain =
    !(load<usize>(data, DATA_LABELS) | load<usize>(data, DATA_WEIGHTS)) && load<i32>(data, DATA_WIDTH) != 1;
  if (isPlain) {
    // All that selectBatch would do for such a sample.
    const row = rowOf(order, at);
    store<i32>(plan, 1, PLAN_ROWS);
    store<usize>(first, inputsAt(plan, data, row), LAYER_X);
    store<usize>(plan, targetsAt(plan, data, row), PLAN_TARGETS);
    store<usize>(plan, 0, PLAN_BATCH_WEIGHTS);
  } else {
    selectBatch(plan, data, order, at, 1);
    gatherRows(plan, 0, 1);
  }
  forwardOne(first, last);
  if (isPlain && nout <= LANES && load<i32>(plan, PLAN_LOSS) == SQUARED_ERROR) {
    const T = load<usize>(plan, PLAN_TARGETS);
    const loss = squaredError(load<usize>(last, LAYER_Y), T, load<usize>(last, LAYER_D), nout);
    store<f64>(plan, loss, PLAN_BATCH_LOSS);
    addToTally(plan, loss);
  } else {
    lossPass(plan, 0, 1);
    reportLosses(plan);
  }
  if (!isFinite(load<f64>(plan, PLAN_BATCH_LOSS))) return false;
  countUpdate(plan);
  backwardOne(first, last, isFused(load<i32>(plan, PLAN_LOSS)), load<f64>(plan, PLAN_LEARNING_RATE));
  return true;
}

/** Updates what a batch changes beside the weights: the count of batches, and running statistics. */
function finishBatch(plan: usize): void {
  store<u32>(plan, load<u32>(plan, PLAN_BATCHES) + 1, PLAN_BATCHES);
  if (!COMPLETE || !(load<i32>(plan, PLAN_EXTRAS) & EXTRA_STATISTICS)) return;
  const rows = load<i32>(plan, PLAN_ROWS);
  const last = lastLayer(plan);
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
    if (load<i32>(layer, LAYER_KIND) == BATCH_NORM) follow(layer, rows, 0, load<i32>(layer, LAYER_OUT));
  }
}

/** Holds new weights within the norms that layers allow; their moving average takes in the result. */
function limitNorms(plan: usize): void {
  if (!COMPLETE || !(load<i32>(plan, PLAN_EXTRAS) & EXTRA_NORMS)) return;
  const last = lastLayer(plan);
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
    limitNorm(layer, 0, load<i32>(layer, LAYER_OUT));
  }
  updateAverage(plan, 0, load<i32>(plan, PLAN_TRAINABLE), false);
}
