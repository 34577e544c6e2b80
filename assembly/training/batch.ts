// The current batch: which samples it has, used where they lie or gathered into one block.
import {
  DATA_LABELS,
  DATA_T,
  DATA_WEIGHTS,
  DATA_WIDTH,
  DATA_X,
  LAYER_KIND,
  LAYER_X,
  LAYER_Z,
  PASSING_KINDS,
  PLAN_AT,
  PLAN_BATCH_WEIGHTS,
  PLAN_DATA,
  PLAN_INPUTS,
  PLAN_INPUT_SCALE,
  PLAN_ORDER,
  PLAN_OUTPUTS,
  PLAN_ROWS,
  PLAN_SAMPLE_WEIGHTS,
  PLAN_T,
  PLAN_TARGETS,
  PLAN_X,
} from "../plan";
import { isOneOf } from "../numbers/sets";
import { LANES, Simd } from "../numbers/simd";
import { copy } from "../numbers/vectors";
import { layerAt } from "./records";

/** The row of the data that stands at a place of the order. Without an order, rows are taken as they lie. */
@inline
export function rowOf(order: usize, at: i32): usize {
  return order ? load<u32>(order + ((<usize>at) << 2)) : at;
}

/** Where a row of the data has its inputs, if they are numbers. */
@inline
export function inputsAt(plan: usize, data: usize, row: usize): usize {
  return load<usize>(data, DATA_X) + row * <usize>load<i32>(plan, PLAN_INPUTS) * sizeof<real>();
}

/** Where a row of the data has its targets, if there are no labels. */
@inline
export function targetsAt(plan: usize, data: usize, row: usize): usize {
  return load<usize>(data, DATA_T) + row * <usize>load<i32>(plan, PLAN_OUTPUTS) * sizeof<real>();
}

/**
 * Makes `rows` samples the current batch: those that `order` names from `first` on, or those that lie there, if there is
 * no order. A single sample, or rows in sequence, are used where they lie. Others are gathered later, by `gatherRows`.
 */
export function selectBatch(plan: usize, data: usize, order: usize, first: i32, rows: i32): void {
  const inPlace = (rows == 1 || !order) && load<i32>(data, DATA_WIDTH) != 1;
  const labels = load<usize>(data, DATA_LABELS);
  const from = rowOf(order, first);
  store<i32>(plan, rows, PLAN_ROWS);
  if (inPlace) {
    setInput(plan, inputsAt(plan, data, from));
  } else {
    setInput(plan, load<usize>(plan, PLAN_X));
  }
  let t = load<usize>(plan, PLAN_T);
  if (inPlace && !labels) {
    t = targetsAt(plan, data, from);
    store<usize>(plan, 0, PLAN_DATA);
  } else {
    store<usize>(plan, data, PLAN_DATA);
    store<usize>(plan, order, PLAN_ORDER);
    store<i32>(plan, first, PLAN_AT);
  }
  store<usize>(plan, t, PLAN_TARGETS);
  let w = load<usize>(data, DATA_WEIGHTS);
  if (w) w = inPlace ? w + from * sizeof<real>() : load<usize>(plan, PLAN_SAMPLE_WEIGHTS);
  store<usize>(plan, w, PLAN_BATCH_WEIGHTS);
}

/** Gathers rows [begin, end) of the current batch: copies everything that cannot be used where it lies. */
export function gatherRows(plan: usize, begin: i32, end: i32): void {
  const data = load<usize>(plan, PLAN_DATA);
  if (!data) return;
  const inputs = load<i32>(plan, PLAN_INPUTS);
  const nin = <usize>inputs * sizeof<real>();
  const nout = <usize>load<i32>(plan, PLAN_OUTPUTS) * sizeof<real>();
  const order = load<usize>(plan, PLAN_ORDER);
  const first = load<i32>(plan, PLAN_AT);
  const labels = load<usize>(data, DATA_LABELS);
  const X = load<usize>(data, DATA_X);
  const T = load<usize>(data, DATA_T);
  const x = load<usize>(layerAt(plan, 0), LAYER_X);
  const t = load<usize>(plan, PLAN_T);
  const bytes = load<i32>(data, DATA_WIDTH) == 1;
  const inPlace = load<i32>(plan, PLAN_ROWS) == 1 || !order;
  const scale = Simd.splat(load<f64>(plan, PLAN_INPUT_SCALE));
  const w = load<usize>(plan, PLAN_BATCH_WEIGHTS);
  const W = w == load<usize>(plan, PLAN_SAMPLE_WEIGHTS) ? load<usize>(data, DATA_WEIGHTS) : 0;
  // Labels become one-hot targets here, so that a data set of many classes stays small.
  if (labels) memory.fill(t + <usize>begin * nout, 0, <usize>(end - begin) * nout);
  for (let r = begin; r < end; ++r) {
    const row = rowOf(order, first + r);
    if (bytes) widen(x + <usize>r * nin, X + row * <usize>inputs, inputs, scale);
    else if (!inPlace) copy(x + <usize>r * nin, X + row * nin, nin);
    if (W) store<real>(w + <usize>r * sizeof<real>(), load<real>(W + row * sizeof<real>()));
    if (labels) {
      const label: usize = load<u32>(labels + (row << 2));
      store<real>(t + <usize>r * nout + label * sizeof<real>(), 1);
    } else {
      copy(t + <usize>r * nout, T + row * nout, nout);
    }
  }
}

/** Makes the rows at X the input of the first layer. */
export function setInput(plan: usize, X: usize): void {
  const layer = layerAt(plan, 0);
  store<usize>(layer, X, LAYER_X);
  // For an activation or noise as first layer, the samples are the weighted inputs too.
  if (isOneOf(load<i32>(layer, LAYER_KIND), PASSING_KINDS)) store<usize>(layer, X, LAYER_Z);
}

/** Converts a row of n bytes to numbers, and multiplies each by the scale. */
function widen(to: usize, from: usize, n: i32, scale: v128): void {
  for (; n > 0; n -= LANES, to += 16, from += LANES) Simd.store(to, v128.mul<real>(Simd.bytes(from), scale), n);
}
