// The training step, and the loops around it: batches of an epoch, epochs of a call.
import {
  BATCH_NORM,
  DATA_BASE,
  DATA_COUNT,
  DATA_LABELS,
  DATA_ORDER,
  DATA_T,
  DATA_WEIGHTS,
  DATA_WIDTH,
  DATA_X,
  DENSE,
  DIVERGED,
  EXTRA_NORMS,
  EXTRA_STATISTICS,
  FINE,
  LAYER_B,
  LAYER_BYTES,
  LAYER_D,
  LAYER_IN,
  LAYER_KIND,
  LAYER_OUT,
  LAYER_TRAINABLE,
  LAYER_W,
  LAYER_X,
  LAYER_Y,
  LAYER_Z,
  METRIC_CORRECT,
  METRIC_OUTPUTS,
  METRIC_SIDES,
  METRIC_SIGNS,
  METRIC_SQUARES,
  PLAN_AGE,
  PLAN_AT,
  PLAN_BATCH,
  PLAN_BATCHES,
  PLAN_BATCH_LOSS,
  PLAN_BATCH_WEIGHTS,
  PLAN_BLOCK_ROWS,
  PLAN_CANDIDATE,
  PLAN_CAPACITY,
  PLAN_COUNT,
  PLAN_DATA,
  PLAN_EPOCH,
  PLAN_EXTRAS,
  PLAN_FIRST,
  PLAN_GOOD,
  PLAN_GRADS,
  PLAN_INPUTS,
  PLAN_INPUT_SCALE,
  PLAN_KEPT,
  PLAN_LAYERS,
  PLAN_LEARNING_RATE,
  PLAN_LOSS,
  PLAN_LOSS_PARAMETER,
  PLAN_ONLINE,
  PLAN_METRIC,
  PLAN_ORDER,
  PLAN_OPTIMIZER,
  PLAN_OUTPUTS,
  PLAN_PARAMS,
  PLAN_POSITION,
  PLAN_RANDOM,
  PLAN_RATES,
  PLAN_REPORTS,
  PLAN_ROWS,
  PLAN_ROW_LOSSES,
  PLAN_SAMPLE_WEIGHTS,
  PLAN_SCALE,
  PLAN_SCRATCH,
  PLAN_SCRATCH_BYTES,
  PLAN_SEED,
  PLAN_SHUFFLE,
  PLAN_STATUS,
  PLAN_STEP,
  PLAN_STEPS_DONE,
  PLAN_SUM,
  PLAN_T,
  PLAN_TALLY,
  PLAN_TARGETS,
  PLAN_TRAINABLE,
  PLAN_WHOLE,
  PLAN_X,
  SHUFFLED,
  SQUARED_ERROR,
  STAGE_CHANGE,
  STAGE_GRADIENTS,
  STAGE_LOSSES,
  STAGE_OUTPUTS,
  STAGE_ROWS,
  STAGE_UPDATE,
  STREAM_SHUFFLE,
  TALLY_CORRECT,
  TALLY_LOSS,
  TALLY_ROWS,
  TALLY_SQUARES,
  TRAIN_BIAS,
  TRAIN_WEIGHTS,
  VSGD,
  WITH_REPLACEMENT,
} from "./plan";
import { LANES, Simd } from "./simd";
import * as layers from "./layers";
import { JACOBIAN_ROWS, addSquares, jacobianRow } from "./levenberg";
import { isFused, lossOf, squaredError } from "./losses";
import { follow, statistics, sums } from "./normalisation";
import { ascend, descend } from "./online";
import { accumulate, average, beginUpdate, endsGroup, update } from "./optimizers";
import { Random } from "./random";
import { beginTrials, comeBack, goAhead, looksAhead, measureCurvature, tryOut } from "./vsgd";
import { fork, join, share } from "./threads";

/** How often vsgd shortens a step at most, and how much of a loss may be rounding. */
const TRIALS = 8;
const TRIAL_ROUNDING: f64 = sizeof<real>() == 4 ? 1e-5 : 1e-13;

/**
 * One training step on `rows` samples of the data, the epoch's from `first` on, shared by `all` workers. False if the
 * loss is not finite.
 */
function step(plan: usize, data: usize, first: i32, rows: i32, all: i32): bool {
  const order = load<usize>(data, DATA_ORDER);
  if (rows == 1 && load<i32>(plan, PLAN_ONLINE)) return single(plan, data, order, first);
  begin(plan, data, order, first, rows);
  const isWhole = all == 1 || load<i32>(plan, PLAN_WHOLE);
  if (all == 1) backpropagate(plan, false);
  else together(plan, STAGE_ROWS, sharesRows(plan, all));
  if (!isFinite(sum(plan))) return false;
  settle(plan);
  if (isWhole && all > 1) together(plan, STAGE_GRADIENTS, all);
  if (COMPLETE && load<usize>(plan, PLAN_SUM)) {
    accumulate(plan, 0, load<i32>(plan, PLAN_TRAINABLE));
    if (!endsGroup(plan)) return true;
  }
  if (COMPLETE && load<i32>(plan, PLAN_OPTIMIZER) == VSGD) measure(plan);
  beginUpdate(plan);
  if (COMPLETE && load<i32>(plan, PLAN_OPTIMIZER) == VSGD) shorten(plan);
  together(plan, isWhole ? STAGE_UPDATE : STAGE_CHANGE, all);
  constrain(plan);
  return true;
}

/** What vsgd needs to know of the batch's samples beside their gradient. */
function measure(plan: usize): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const first = layerAt(plan, 0);
  const last = lastLayer(plan);
  if (!looksAhead(plan)) return measureCurvature(plan, first, last);
  goAhead(plan, first, last);
  forward(plan, 0, true, 0, rows);
  losses(plan, 0, rows);
  deltas(plan, 0, 0, rows);
  comeBack(plan, first, last);
}

/**
 * Each of vsgd's rates is right for its weight alone. All weights together may go too far, the further the more of them
 * pull at the same outputs: where noise does not hold them back, as in large batches, the loss would grow without end. So
 * the step is made shorter, to α of it, until L(α) ≤ L(0) − α/2 · Σ g step: of a parabola that is its lowest point.
 */
function shorten(plan: usize): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const before = load<f64>(plan, PLAN_BATCH_LOSS);
  const fall = beginTrials(plan);
  const most = before + TRIAL_ROUNDING * abs<f64>(before);
  let alpha: f64 = fall > 0 ? 1 : 0;
  for (let trial = 0; alpha > 0; ++trial) {
    tryOut(plan, alpha);
    forward(plan, 0, true, 0, rows);
    losses(plan, 0, rows);
    const loss = total(plan) / <f64>rows;
    if (loss <= most - 0.5 * alpha * fall) break;
    if (trial == TRIALS) {
      if (!(loss <= most)) alpha = 0;
      break;
    }
    // To the lowest point of the parabola through both losses and the slope; what is no number lies too far anyway.
    const lowest = (0.5 * fall * alpha * alpha) / (loss - before + alpha * fall);
    alpha = isFinite(loss) ? max<f64>(0.1 * alpha, min<f64>(0.5 * alpha, lowest)) : 0.1 * alpha;
  }
  tryOut(plan, 0);
  store<f64>(plan, alpha, PLAN_SCALE);
}

/** How many workers share rows: with batchNorm, which looks at all of them together, there is one. */
function sharesRows(plan: usize, all: i32): i32 {
  return load<i32>(plan, PLAN_EXTRAS) & EXTRA_STATISTICS ? 1 : all;
}

/** A step on one sample where the weights change as soon as their gradients are known. */
function single(plan: usize, data: usize, order: usize, at: i32): bool {
  const first = layerAt(plan, 0);
  const last = lastLayer(plan);
  const nout = load<i32>(plan, PLAN_OUTPUTS);
  const isPlain =
    !(load<usize>(data, DATA_LABELS) | load<usize>(data, DATA_WEIGHTS)) && load<i32>(data, DATA_WIDTH) != 1;
  if (isPlain) {
    // What `begin` comes to.
    const row: usize = order ? load<u32>(order + ((<usize>at) << 2)) : at;
    const x = load<usize>(data, DATA_X) + row * <usize>load<i32>(plan, PLAN_INPUTS) * sizeof<real>();
    store<i32>(plan, 1, PLAN_ROWS);
    store<usize>(first, x, LAYER_X);
    store<usize>(plan, load<usize>(data, DATA_T) + row * <usize>nout * sizeof<real>(), PLAN_TARGETS);
    store<usize>(plan, 0, PLAN_BATCH_WEIGHTS);
  } else {
    begin(plan, data, order, at, 1);
    gather(plan, 0, 1);
  }
  ascend(first, last);
  if (isPlain && nout <= LANES && load<i32>(plan, PLAN_LOSS) == SQUARED_ERROR) {
    const T = load<usize>(plan, PLAN_TARGETS);
    const loss = squaredError(load<usize>(last, LAYER_Y), T, load<usize>(last, LAYER_D), nout);
    store<f64>(plan, loss, PLAN_BATCH_LOSS);
    tally(plan, loss);
  } else {
    losses(plan, 0, 1);
    sum(plan);
  }
  if (!isFinite(load<f64>(plan, PLAN_BATCH_LOSS))) return false;
  // What `beginUpdate` comes to where there is nothing but the step.
  store<f64>(plan, load<f64>(plan, PLAN_STEP) + 1, PLAN_STEP);
  store<f64>(plan, load<f64>(plan, PLAN_AGE) + 1, PLAN_AGE);
  descend(first, last, isFused(load<i32>(plan, PLAN_LOSS)), load<f64>(plan, PLAN_LEARNING_RATE));
  return true;
}

/**
 * Forward, losses, errors and gradients of the current batch, a block of rows after the other: what one product leaves is
 * near when the next one reads it, and samples are read from afar once. Sums over rows wait in the gradients meanwhile.
 */
function backpropagate(plan: usize, all: bool): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const height = load<i32>(plan, PLAN_BLOCK_ROWS) || rows;
  const isGathered = load<usize>(layerAt(plan, 0), LAYER_X) == load<usize>(plan, PLAN_X);
  const bytes = <usize>load<i32>(plan, PLAN_INPUTS) * sizeof<real>();
  for (let top = 0; top < rows; top += height) {
    const bottom = min(top + height, rows);
    // All blocks are gathered into the place of the first.
    if (isGathered) enter(plan, load<usize>(plan, PLAN_X) - <usize>top * bytes);
    gather(plan, top, bottom);
    forward(plan, 0, true, top, bottom);
    losses(plan, top, bottom);
    deltas(plan, 0, top, bottom);
    gradients(plan, all, top, bottom);
  }
}

/** Does a stage, each worker its share, and waits for the last of them. What stands between stages one worker does. */
@inline
function together(plan: usize, stage: i32, all: i32): void {
  let shares: usize = 0;
  if (all > 1) shares = fork(plan, stage);
  work(plan, stage, 0, all, shares);
  if (all > 1) join();
}

/** The share of worker `me` of `all` in a stage; where it begins, `shares` says. */
export function work(plan: usize, stage: i32, me: i32, all: i32, shares: usize): void {
  if (stage <= STAGE_ROWS) {
    const rows = load<i32>(plan, PLAN_ROWS);
    const first = share(rows, me, all, shares);
    const end = share(rows, me + 1, all, shares);
    const height = load<i32>(plan, PLAN_BLOCK_ROWS) || rows;
    for (let top = first; top < end; top += height) {
      const bottom = min(top + height, end);
      if (stage > STAGE_OUTPUTS) gather(plan, top, bottom);
      forward(plan, me, stage == STAGE_ROWS, top, bottom);
      if (stage > STAGE_OUTPUTS) losses(plan, top, bottom);
      if (stage == STAGE_ROWS) deltas(plan, me, top, bottom);
    }
  } else if (all == 1) {
    update(plan, 0, load<i32>(plan, PLAN_TRAINABLE));
  } else {
    parameters(plan, stage, me, all, shares);
  }
}

/**
 * A worker's share of gradients and update: so much of all numbers in sequence, in whole rows of W, the same in every
 * stage. Whoever has a layer's last row has its b too, or what a normalisation learns. So most layers have one owner, and
 * few numbers of X and dZ that another worker left are asked for.
 */
function parameters(plan: usize, stage: i32, me: i32, all: i32, shares: usize): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const last = lastLayer(plan);
  let begin = share(load<i32>(plan, PLAN_TRAINABLE), me, all, shares);
  let end = share(load<i32>(plan, PLAN_TRAINABLE), me + 1, all, shares);
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
    const bits = load<i32>(layer, LAYER_TRAINABLE);
    // What has no parameters, or only fixed ones, is in nobody's share.
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
      if (bits & TRAIN_WEIGHTS) updateOf(plan, W, first * nout, bottom * nout);
      if (bits & TRAIN_BIAS) updateOf(plan, load<usize>(layer, LAYER_B), from, nout);
    }
  }
}

/** The row of a layer's W (nin, nout) that stands so many numbers behind its beginning: a multiple of 4, or past the last. */
function rowAt(numbers: i32, nin: i32, nout: i32): i32 {
  if (numbers <= 0) return 0;
  return numbers < nin * nout ? min(nin, ((numbers / nout + 2) >> 2) << 2) : nin;
}

/**
 * Writes something into each cache line of numbers [begin, end) without a change. Other cores have read them, and to take
 * a line back from those takes longer than to compute what stands in it; writes of whole lines would wait for one after
 * the other, but these overlap.
 */
function claim(address: usize, begin: i32, end: i32): void {
  const stop = address + <usize>end * sizeof<real>();
  for (let at = address + <usize>begin * sizeof<real>(); at < stop; at += 64) store<i32>(at, load<i32>(at));
}

/** Updates numbers [begin, end) of the tensor at `address`; what pads its end goes with the last of them. */
function updateOf(plan: usize, address: usize, begin: i32, end: i32): void {
  if (!address || begin == end) return;
  const at = <i32>((address - load<usize>(plan, PLAN_PARAMS)) / sizeof<real>());
  update(plan, at + begin, at + ((end + LANES - 1) & ~(LANES - 1)));
}

/** The layer records, from the first: the k-th stands at first + k · LAYER_BYTES. */
@inline
function layerAt(plan: usize, k: i32): usize {
  return load<usize>(plan, PLAN_FIRST) + <usize>k * LAYER_BYTES;
}


@inline
function lastLayer(plan: usize): usize {
  return layerAt(plan, load<i32>(plan, PLAN_LAYERS) - 1);
}

/**
 * Makes `rows` samples the current batch: those that `order` names from `first` on, or, without order, those that lie
 * there. A single sample, or rows in sequence, are used where they lie; others are gathered.
 */
function begin(plan: usize, data: usize, order: usize, first: i32, rows: i32): void {
  const inPlace = (rows == 1 || !order) && load<i32>(data, DATA_WIDTH) != 1;
  const labels = load<usize>(data, DATA_LABELS);
  const from: usize = order ? load<u32>(order + ((<usize>first) << 2)) : first;
  store<i32>(plan, rows, PLAN_ROWS);
  if (inPlace) {
    enter(plan, load<usize>(data, DATA_X) + from * <usize>load<i32>(plan, PLAN_INPUTS) * sizeof<real>());
  } else {
    enter(plan, load<usize>(plan, PLAN_X));
  }
  let t = load<usize>(plan, PLAN_T);
  if (inPlace && !labels) {
    t = load<usize>(data, DATA_T) + from * <usize>load<i32>(plan, PLAN_OUTPUTS) * sizeof<real>();
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

/** Copies what rows [begin, end) of the current batch do not use where it lies. */
function gather(plan: usize, begin: i32, end: i32): void {
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
  // One-hot targets are made here so that a data set of many classes stays small.
  if (labels) memory.fill(t + <usize>begin * nout, 0, <usize>(end - begin) * nout);
  for (let r = begin; r < end; ++r) {
    const row: usize = order ? load<u32>(order + ((<usize>(first + r)) << 2)) : first + r;
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

/** Lets the rows at X be what the first layer reads. */
function enter(plan: usize, X: usize): void {
  const layer = layerAt(plan, 0);
  store<usize>(layer, X, LAYER_X);
  // An activation, or noise, as first layer has the samples themselves for weighted inputs.
  const kind = load<i32>(layer, LAYER_KIND);
  if (kind != DENSE && kind < BATCH_NORM) store<usize>(layer, X, LAYER_Z);
}

/** Copies a row: a loop, since a call of memory.copy costs more than short rows do. */
function copy(to: usize, from: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < bytes; at += sizeof<real>()) store<real>(to + at, load<real>(from + at));
}

/** A row of n bytes as numbers, each times the scale. */
function widen(to: usize, from: usize, n: i32, scale: v128): void {
  for (; n > 0; n -= LANES, to += 16, from += LANES) Simd.store(to, v128.mul<real>(Simd.bytes(from), scale), n);
}

/** Where worker `me` packs what a product needs. */
@inline
function scratchOf(plan: usize, me: i32): usize {
  return load<usize>(plan, PLAN_SCRATCH) + <usize>(me * load<i32>(plan, PLAN_SCRATCH_BYTES));
}

/** Outputs of rows [begin, end) in every layer. While training, masks are drawn, and batchNorm uses the batch's statistics. */
function forward(plan: usize, me: i32, training: bool, begin: i32, end: i32): void {
  const scratch = scratchOf(plan, me);
  const last = lastLayer(plan);
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
    // Of all rows, and by units: whoever shares rows must wait for each other before this and after it.
    if (COMPLETE && load<i32>(layer, LAYER_KIND) == BATCH_NORM) {
      statistics(layer, training, load<i32>(plan, PLAN_ROWS), 0, load<i32>(layer, LAYER_OUT));
    }
    layers.forward(plan, layer, scratch, training, begin, end);
  }
}

/** Losses of rows [begin, end), and the derivative into the last layer's D. */
function losses(plan: usize, begin: i32, end: i32): void {
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

/** The mean of the batch's losses, summed in order of the rows; adds the batch to the running tally. */
function sum(plan: usize): f64 {
  // As total, but in one piece with the tally: called apart, it costs small steps several per cent.
  const rows = load<i32>(plan, PLAN_ROWS);
  const losses = load<usize>(plan, PLAN_ROW_LOSSES);
  let total: f64 = 0;
  for (let r = 0; r < rows; ++r) total += <f64>load<real>(losses + <usize>r * sizeof<real>());
  const mean = total / <f64>rows;
  store<f64>(plan, mean, PLAN_BATCH_LOSS);
  tally(plan, total);
  return mean;
}

/** The sum of the batch's losses, in order of the rows. */
function total(plan: usize): f64 {
  const losses = load<usize>(plan, PLAN_ROW_LOSSES);
  const end = losses + <usize>load<i32>(plan, PLAN_ROWS) * sizeof<real>();
  let sum: f64 = 0;
  for (let at = losses; at < end; at += sizeof<real>()) sum += <f64>load<real>(at);
  return sum;
}

/** Multiplies losses and derivatives D (rows, width) of rows [begin, end) by the rows' weights w; what weighs 0 is left out. */
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

/** Adds the current batch to the running tally. */
function tally(plan: usize, total: f64): void {
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

/** Whether outputs y say what targets t say: by the largest, or by each one's side of a limit. */
function isRight(y: usize, t: usize, nout: i32, metric: i32): bool {
  if (!(metric & METRIC_SIDES)) return largest(y, nout) == largest(t, nout);
  const limit: real = metric & METRIC_SIGNS ? 0 : 0.5;
  const end = y + <usize>nout * sizeof<real>();
  for (; y < end; y += sizeof<real>(), t += sizeof<real>())
    if (load<real>(y) > limit != load<real>(t) > limit) return false;
  return true;
}

/** Which output of a row is the largest, the first of equals. */
function largest(row: usize, nout: i32): i32 {
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

/** The errors δ of rows [begin, end) in every layer, from the last to the first; `me` says whose scratch is used. */
function deltas(plan: usize, me: i32, begin: i32, end: i32): void {
  const scratch = scratchOf(plan, me);
  const rows = load<i32>(plan, PLAN_ROWS);
  const first = layerAt(plan, 0);
  let fused = isFused(load<i32>(plan, PLAN_LOSS));
  for (let layer = lastLayer(plan); layer >= first; layer -= LAYER_BYTES) {
    // As the statistics: of all rows, and by units.
    if (COMPLETE && load<i32>(layer, LAYER_KIND) == BATCH_NORM) sums(layer, rows, 0, load<i32>(layer, LAYER_OUT));
    layers.deltas(plan, layer, fused, scratch, rows, begin, end);
    fused = false;
  }
}

/** Gradients of rows [top, bottom), added to those of the rows before them. */
function gradients(plan: usize, all: bool, top: i32, bottom: i32): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const scratch = scratchOf(plan, 0);
  const last = lastLayer(plan);
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
    const nin = load<i32>(layer, LAYER_IN);
    layers.gradients(layer, scratch, top, bottom, rows, all, 0, nin, 0, load<i32>(layer, LAYER_OUT));
  }
}

/** What a batch changes beside the weights: the count of batches, and running statistics. */
function settle(plan: usize): void {
  store<u32>(plan, load<u32>(plan, PLAN_BATCHES) + 1, PLAN_BATCHES);
  if (!COMPLETE || !(load<i32>(plan, PLAN_EXTRAS) & EXTRA_STATISTICS)) return;
  const rows = load<i32>(plan, PLAN_ROWS);
  const last = lastLayer(plan);
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
    if (load<i32>(layer, LAYER_KIND) == BATCH_NORM) follow(layer, rows, 0, load<i32>(layer, LAYER_OUT));
  }
}

/** Holds new weights within the norms that layers allow; their moving average takes in what comes out. */
function constrain(plan: usize): void {
  if (!COMPLETE || !(load<i32>(plan, PLAN_EXTRAS) & EXTRA_NORMS)) return;
  const last = lastLayer(plan);
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
    layers.constrain(layer, 0, load<i32>(layer, LAYER_OUT));
  }
  average(plan, 0, load<i32>(plan, PLAN_TRAINABLE), false);
}

/** Puts the data's rows into the order of the epoch that begins: a function of seed and epoch alone. */
function shuffle(plan: usize, data: usize): void {
  const kind = load<i32>(plan, PLAN_SHUFFLE);
  const order = load<usize>(data, DATA_ORDER);
  if (kind != SHUFFLED && kind != WITH_REPLACEMENT) return;
  const base = load<usize>(data, DATA_BASE);
  const n = load<i32>(data, DATA_COUNT);
  const state = plan + PLAN_RANDOM;
  Random.seed(state, load<u32>(plan, PLAN_SEED), STREAM_SHUFFLE, load<u32>(plan, PLAN_EPOCH));
  for (let i = 0; i < n; ++i) {
    const pick = kind == SHUFFLED ? i : <i32>Random.below(state, n);
    const row = base ? load<u32>(base + ((<usize>pick) << 2)) : <u32>pick;
    store<u32>(order + ((<usize>i) << 2), row);
  }
  if (kind == SHUFFLED) Random.shuffle(state, order, n);
}

/**
 * Trains for at most `steps` batches, or until `epochs` epochs are complete, from where the last call stopped; `all`
 * workers share the steps, and this is the first. Each completed epoch leaves its tally at PLAN_REPORTS. Gives back the
 * number of completed epochs; PLAN_STEPS_DONE and PLAN_STATUS tell the rest. PLAN_RATES, where it is not 0, holds a rate
 * for each of the steps. On DIVERGED, a loss or a weight is not finite; PLAN_GOOD holds the last weights that are known to be.
 */
export function train(plan: usize, data: usize, steps: i32, epochs: i32, all: i32): i32 {
  const count = load<i32>(data, DATA_COUNT);
  const batch = load<i32>(plan, PLAN_BATCH);
  const bytes =
    TALLY_SQUARES + (load<i32>(plan, PLAN_METRIC) & METRIC_SQUARES ? load<i32>(plan, PLAN_OUTPUTS) << 3 : 0);
  const sums = load<usize>(plan, PLAN_TALLY);
  let position = load<i32>(plan, PLAN_POSITION);
  let report = load<usize>(plan, PLAN_REPORTS);
  const rates = load<usize>(plan, PLAN_RATES);
  let completed = 0;
  let done = 0;
  store<i32>(plan, FINE, PLAN_STATUS);
  for (; done < steps && completed < epochs; ++done) {
    if (position == 0) {
      if (!keep(plan, load<usize>(plan, PLAN_CANDIDATE))) {
        store<i32>(plan, DIVERGED, PLAN_STATUS);
        break;
      }
      clear(sums, bytes);
      shuffle(plan, data);
    }
    if (rates) store<f64>(plan, load<f64>(rates + ((<usize>done) << 3)), PLAN_LEARNING_RATE);
    const rows = min(batch, count - position);
    if (!step(plan, data, position, rows, all)) {
      store<i32>(plan, DIVERGED, PLAN_STATUS);
      break;
    }
    position += rows;
    if (position == count) {
      position = 0;
      // The epoch's losses were finite, so the weights that it began with are good ones to come back to.
      const good = load<usize>(plan, PLAN_GOOD);
      store<usize>(plan, load<usize>(plan, PLAN_CANDIDATE), PLAN_GOOD);
      store<usize>(plan, good, PLAN_CANDIDATE);
      store<u32>(plan, load<u32>(plan, PLAN_EPOCH) + 1, PLAN_EPOCH);
      copy8(report, sums, bytes);
      report += bytes;
      ++completed;
    }
  }
  store<i32>(plan, position, PLAN_POSITION);
  store<i32>(plan, done, PLAN_STEPS_DONE);
  return completed;
}

function clear(sums: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(sums + at, 0);
}

function copy8(to: usize, from: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 8) store<u64>(to + at, load<u64>(from + at));
}

/** Copies the weights to where they are kept; whether all are finite. A loss may be finite though some are not. */
function keep(plan: usize, to: usize): bool {
  let from = load<usize>(plan, PLAN_PARAMS);
  const end = from + <usize>load<i32>(plan, PLAN_COUNT) * sizeof<real>();
  // x − x is 0 for finite numbers alone.
  let rest = Simd.splat(0);
  for (; from < end; from += 16, to += 16) {
    const weights = v128.load(from);
    v128.store(to, weights);
    rest = v128.add<real>(rest, v128.sub<real>(weights, weights));
  }
  return v128.all_true<i32>(v128.eq<real>(rest, Simd.splat(0)));
}

/** Sums up loss and metrics over all the data, without training, into PLAN_TALLY; shared by `all` workers. */
export function evaluate(plan: usize, data: usize, all: i32): void {
  const count = load<i32>(data, DATA_COUNT);
  const capacity = load<i32>(plan, PLAN_CAPACITY);
  const base = load<usize>(data, DATA_BASE);
  const outputs = load<i32>(plan, PLAN_METRIC) & METRIC_SQUARES ? load<i32>(plan, PLAN_OUTPUTS) : 0;
  clear(load<usize>(plan, PLAN_TALLY), TALLY_SQUARES + (outputs << 3));
  for (let first = 0; first < count; first += capacity) {
    begin(plan, data, base, first, min(capacity, count - first));
    together(plan, STAGE_LOSSES, all);
    sum(plan);
  }
}

/**
 * Forward, loss, errors and gradients of `rows` samples of the data, from `first` on, as one batch; no update. `all`: also
 * those of fixed parameters. As in training, with the masks of the next batch; running statistics stay as they are.
 */
export function differentiate(plan: usize, data: usize, first: i32, rows: i32, all: bool): void {
  begin(plan, data, load<usize>(data, DATA_ORDER), first, rows);
  backpropagate(plan, all);
  sum(plan);
}

/**
 * Adds JᵀJ of `rows` samples of the data, from `first` on, to A (see levenberg.ts). J has a row for each output of each
 * sample: ∂output/∂weights, times the root of what the sample weighs; JACOBIAN_ROWS of them, zeros at first, stand at `J`.
 */
export function square(plan: usize, data: usize, first: i32, rows: i32, A: usize, J: usize): void {
  const n = load<i32>(plan, PLAN_TRAINABLE);
  const nout = <usize>load<i32>(plan, PLAN_OUTPUTS);
  const last = lastLayer(plan);
  const D = load<usize>(last, LAYER_D);
  const bytes = (<usize>n) << 3;
  let filled: usize = 0;
  begin(plan, data, load<usize>(data, DATA_ORDER), first, rows);
  gather(plan, 0, rows);
  forward(plan, 0, true, 0, rows);
  const weights = load<usize>(plan, PLAN_BATCH_WEIGHTS);
  for (let o: usize = 0; o < nout; ++o) {
    memory.fill(D, 0, <usize>rows * nout * sizeof<real>());
    for (let r: usize = 0; r < <usize>rows; ++r) {
      const weight: real = weights ? load<real>(weights + r * sizeof<real>()) : 1;
      store<real>(D + (r * nout + o) * sizeof<real>(), sqrt<real>(weight));
    }
    deltas(plan, 0, 0, rows);
    for (let r = 0; r < rows; ++r) {
      for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
        jacobianRow(layer, r, load<usize>(plan, PLAN_GRADS), J + filled * bytes);
      }
      if (++filled < JACOBIAN_ROWS) continue;
      addSquares(A, J, n);
      filled = 0;
    }
  }
  if (!filled) return;
  // Too few are left: the others count as 0.
  memory.fill(J + filled * bytes, 0, (JACOBIAN_ROWS - filled) * bytes);
  addSquares(A, J, n);
}

/** Outputs of `rows` samples at X, at most the plan's capacity, shared by `all` workers; gives back their address. */
export function predict(plan: usize, X: usize, rows: i32, all: i32): usize {
  store<i32>(plan, rows, PLAN_ROWS);
  enter(plan, X);
  together(plan, STAGE_OUTPUTS, all);
  return load<usize>(lastLayer(plan), LAYER_Y);
}

/** What l1 and l2 add to the loss. */
export function penalty(plan: usize): f64 {
  const last = lastLayer(plan);
  let total: f64 = 0;
  for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) total += layers.penalty(layer);
  return total;
}
