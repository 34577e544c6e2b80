// What is asked of a network without training it: outputs, losses, gradients.
import {
  DATA_BASE,
  DATA_COUNT,
  DATA_ORDER,
  LAYER_BYTES,
  LAYER_Y,
  METRIC_SQUARES,
  PLAN_AT,
  PLAN_CAPACITY,
  PLAN_METRIC,
  PLAN_OUTPUTS,
  PLAN_ROWS,
  PLAN_STAGE,
  PLAN_TALLY,
  STAGE_LOSSES,
  STAGE_OUTPUTS,
  TALLY_SQUARES,
} from "../plan";
import { penaltyOf } from "../layers/restraints";
import { selectBatch, setInput } from "./batch";
import { backpropagate } from "./passes";
import { lastLayer, layerAt } from "./records";
import { runStage } from "./shares";
import { clearTally, reportLosses } from "./tally";

/**
 * Sums loss and metrics over all the data into PLAN_TALLY, without training. `all` workers share the work. With 0 the call
 * ends where rows are to go through the network; the caller runs PLAN_STAGE and calls again, until that is 0.
 */
export function evaluate(plan: usize, data: usize, all: i32): void {
  const count = load<i32>(data, DATA_COUNT);
  const capacity = load<i32>(plan, PLAN_CAPACITY);
  const base = load<usize>(data, DATA_BASE);
  let first = 0;
  if (load<i32>(plan, PLAN_STAGE)) {
    first = load<i32>(plan, PLAN_AT) + capacity;
    store<i32>(plan, 0, PLAN_STAGE);
    reportLosses(plan);
  } else {
    const outputs = load<i32>(plan, PLAN_METRIC) & METRIC_SQUARES ? load<i32>(plan, PLAN_OUTPUTS) : 0;
    clearTally(load<usize>(plan, PLAN_TALLY), TALLY_SQUARES + (outputs << 3));
  }
  for (; first < count; first += capacity) {
    selectBatch(plan, data, base, first, min(capacity, count - first));
    if (!all) {
      store<i32>(plan, first, PLAN_AT);
      store<i32>(plan, STAGE_LOSSES, PLAN_STAGE);
      return;
    }
    runStage(plan, STAGE_LOSSES, all);
    reportLosses(plan);
  }
}

/**
 * Forward, loss, errors and gradients of `rows` samples of the data, from `first` on, as one batch, without an update.
 * `all`: gradients of fixed parameters too. Masks are those of the next batch; running statistics do not change.
 */
export function differentiate(plan: usize, data: usize, first: i32, rows: i32, all: bool): void {
  selectBatch(plan, data, load<usize>(data, DATA_ORDER), first, rows);
  backpropagate(plan, all);
  reportLosses(plan);
}

/** Outputs of `rows` samples at X, at most the plan's capacity. Gives back their address. `all` workers share the work. */
export function predict(plan: usize, X: usize, rows: i32, all: i32): usize {
  store<i32>(plan, rows, PLAN_ROWS);
  setInput(plan, X);
  runStage(plan, STAGE_OUTPUTS, all);
  return load<usize>(lastLayer(plan), LAYER_Y);
}

/** What l1 and l2 add to the loss. */
export function penalty(plan: usize): f64 {
  const last = lastLayer(plan);
  let total: f64 = 0;
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) total += penaltyOf(layer);
  return total;
}
