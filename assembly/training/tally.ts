// What an epoch reports: sums over its samples of losses, right answers and squared errors.
import {
  LAYER_Y,
  METRIC_CORRECT,
  METRIC_OUTPUTS,
  METRIC_SIDES,
  METRIC_SIGNS,
  METRIC_SQUARES,
  PLAN_BATCH_LOSS,
  PLAN_KEPT,
  PLAN_METRIC,
  PLAN_OUTPUTS,
  PLAN_ROWS,
  PLAN_ROW_LOSSES,
  PLAN_TALLY,
  PLAN_TARGETS,
  TALLY_CORRECT,
  TALLY_LOSS,
  TALLY_ROWS,
  TALLY_SQUARES,
} from "../plan";
import { copy } from "../numbers/vectors";
import { lastLayer } from "./records";

/** The mean of the batch's losses, summed in order of the rows; adds the batch to the running tally. */
export function reportLosses(plan: usize): f64 {
  // The same as totalLoss. Written out here, since a call of it costs small steps several per cent.
  const rows = load<i32>(plan, PLAN_ROWS);
  const losses = load<usize>(plan, PLAN_ROW_LOSSES);
  let total: f64 = 0;
  for (let r = 0; r < rows; ++r) total += <f64>load<real>(losses + <usize>r * sizeof<real>());
  const mean = total / <f64>rows;
  store<f64>(plan, mean, PLAN_BATCH_LOSS);
  addToTally(plan, total);
  return mean;
}

/** The sum of the batch's losses, in order of the rows. */
export function totalLoss(plan: usize): f64 {
  const losses = load<usize>(plan, PLAN_ROW_LOSSES);
  const end = losses + <usize>load<i32>(plan, PLAN_ROWS) * sizeof<real>();
  let sum: f64 = 0;
  for (let at = losses; at < end; at += sizeof<real>()) sum += <f64>load<real>(at);
  return sum;
}

/** Adds the current batch to the running tally. */
export function addToTally(plan: usize, total: f64): void {
  const sums = load<usize>(plan, PLAN_TALLY);
  const metric = load<i32>(plan, PLAN_METRIC);
  store<f64>(sums, load<f64>(sums, TALLY_LOSS) + total, TALLY_LOSS);
  if (!metric) return;
  const rows = load<i32>(plan, PLAN_ROWS);
  const nout = load<i32>(plan, PLAN_OUTPUTS);
  const Y = load<usize>(lastLayer(plan), LAYER_Y);
  const T = load<usize>(plan, PLAN_TARGETS);
  if (metric & METRIC_OUTPUTS) {
    const bytes = <usize>nout * sizeof<real>();
    const done = load<f64>(sums, TALLY_ROWS);
    copy(load<usize>(plan, PLAN_KEPT) + <usize>done * bytes, Y, <usize>rows * bytes);
    store<f64>(sums, done + <f64>rows, TALLY_ROWS);
  }
  let correct: f64 = 0;
  for (let r = 0; r < rows; ++r) {
    const at = <usize>r * <usize>nout * sizeof<real>();
    if (metric & METRIC_CORRECT && isRight(Y + at, T + at, nout, metric)) correct += 1;
    if (metric & METRIC_SQUARES) {
      for (let o: usize = 0; o < <usize>nout; ++o) {
        const error = <f64>load<real>(Y + at + o * sizeof<real>()) - <f64>load<real>(T + at + o * sizeof<real>());
        const square = sums + (o << 3);
        store<f64>(square, load<f64>(square, TALLY_SQUARES) + error * error, TALLY_SQUARES);
      }
    }
  }
  store<f64>(sums, load<f64>(sums, TALLY_CORRECT) + correct, TALLY_CORRECT);
}

/** Whether outputs y and targets t agree: in which is the largest, or in the side of a limit on which each one is. */
function isRight(y: usize, t: usize, nout: i32, metric: i32): bool {
  if (!(metric & METRIC_SIDES)) return classOf(y, nout) == classOf(t, nout);
  const limit: real = metric & METRIC_SIGNS ? 0 : 0.5;
  const end = y + <usize>nout * sizeof<real>();
  for (; y < end; y += sizeof<real>(), t += sizeof<real>())
    if (load<real>(y) > limit != load<real>(t) > limit) return false;
  return true;
}

/** Which output of a row is the largest, the first of equals. */
function classOf(row: usize, nout: i32): i32 {
  let best = 0;
  let top = load<real>(row);
  for (let o = 1; o < nout; ++o) {
    const value = load<real>(row + <usize>o * sizeof<real>());
    if (value > top) {
      top = value;
      best = o;
    }
  }
  return best;
}

export function clearTally(sums: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(sums + at, 0);
}

export function copyTally(to: usize, from: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(to + at, load<u64>(from + at));
}
