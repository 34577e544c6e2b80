// vSGD: rates from what the samples of a batch say about the gradient's mean, its variance and the loss's curvature.
import {
  BINARY_CROSS_ENTROPY,
  BLOCK_BEGIN,
  BLOCK_BYTES,
  BLOCK_END,
  DENSE,
  LAYER_ACTIVATION,
  LAYER_B,
  LAYER_D,
  LAYER_DX,
  LAYER_BYTES,
  LAYER_H,
  LAYER_IN,
  LAYER_KIND,
  LAYER_OUT,
  LAYER_PARAMETER,
  LAYER_S,
  LAYER_TRAINABLE,
  LAYER_W,
  LAYER_X,
  LAYER_Y,
  LAYER_Z,
  MEAN_SQUARED_ERROR,
  PLAN_AGE,
  PLAN_BATCH_WEIGHTS,
  PLAN_GRADS,
  PLAN_LEARNING_RATE,
  PLAN_LOSS,
  PLAN_PARAMS,
  PLAN_ROWS,
  PLAN_SCALE,
  PLAN_SCRATCH,
  PLAN_SEEN,
  PLAN_SQUARED,
  PLAN_STATE,
  PLAN_TRAINABLE,
  TRAIN_BIAS,
  TRAIN_WEIGHTS,
  VSGD_B,
  VSGD_FD,
} from "./plan";
import { deactivate } from "./activations";
import { firstBlock, hyper, lastBlock } from "./blocks";
import { product, productTransposed } from "./gemm";
import { LANES, Simd } from "./simd";

// The remembered arrays: means of the gradient, of its square, of the curvature and of its square (fd), and the memory τ;
// and what the current batch gives for the second to the fourth. One for all of a block stands at the block's begin.
const MEAN: usize = 0;
const SQUARE: usize = 1;
const CURVE: usize = 2;
const TAU: usize = 3;
const NEW_SQUARE: usize = 4;
const NEW_CURVE: usize = 5;
const CURVE_SQUARE: usize = 6;
const NEW_CURVE_SQUARE: usize = 7;
// Once what is new was taken in, its places hold the step and the weights that it starts from.
const STEP: usize = NEW_SQUARE;
const START: usize = NEW_CURVE;

/** Where a remembered array begins. */
@inline
function array(plan: usize, which: usize): usize {
  return load<usize>(plan, PLAN_STATE) + which * <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
}

/** Y = c X ∘ X, n numbers */
function squares(c: f64, X: usize, Y: usize, n: i32): void {
  const factor = Simd.splat(c);
  for (; n > 0; n -= LANES, X += 16, Y += 16) {
    const x = v128.load(X);
    Simd.store(Y, v128.mul<real>(factor, v128.mul<real>(x, x)), n);
  }
}

/** c = Σ_rows D (rows, n) */
function columns(D: usize, c: usize, rows: i32, n: i32): void {
  const row = <usize>n * sizeof<real>();
  for (let o = 0; o < n; o += LANES, D += 16, c += 16) {
    let total = Simd.splat(0);
    for (let r = 0, d = D; r < rows; ++r, d += row) total = v128.add<real>(total, v128.load(d));
    Simd.store(c, total, n - o);
  }
}

/** Where in a flat block's array the tensor at `address` stands, in bytes. */
@inline
function place(plan: usize, address: usize): usize {
  return address - load<usize>(plan, PLAN_PARAMS);
}

/**
 * Σ over the samples of squared gradients and of the curvature's diagonal by Gauss and Newton, with f″ left out (Becker
 * and LeCun 1989): from h at the last layer, h_W = (X ∘ X)ᵀ h_z, h_b = Σ h_z, h_x = h_z (W ∘ W)ᵀ, h_z = f′² ∘ h_y. The
 * samples' squared gradients are (X ∘ X)ᵀ (δ ∘ δ). All as means: D holds δ / rows, H is 1 / rows of h from the beginning.
 */
export function measureCurvature(plan: usize, first: usize, last: usize): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const loss = load<i32>(plan, PLAN_LOSS);
  const Q = load<usize>(plan, PLAN_SQUARED);
  const scratch = load<usize>(plan, PLAN_SCRATCH);
  let fused = loss >= BINARY_CROSS_ENTROPY;
  curvatureOfLoss(loss, load<usize>(plan, PLAN_BATCH_WEIGHTS), rows, last);
  for (let layer = last; layer >= first; layer -= LAYER_BYTES) {
    const nin = load<i32>(layer, LAYER_IN);
    const nout = load<i32>(layer, LAYER_OUT);
    const H = load<usize>(layer, LAYER_H);
    if (!fused) {
      // Twice, for the square.
      for (let k = 0; k < 2; ++k) {
        const kind = load<i32>(layer, LAYER_ACTIVATION);
        const Y = load<usize>(layer, LAYER_Y);
        deactivate(kind, load<f64>(layer, LAYER_PARAMETER), load<usize>(layer, LAYER_Z), Y, H, 0, rows, nout);
      }
    }
    fused = false;
    // An activation layer's H is that of the layer below.
    if (load<i32>(layer, LAYER_KIND) != DENSE) continue;
    const S = load<usize>(layer, LAYER_S);
    const xk = <usize>nin * sizeof<real>();
    const dm = <usize>nout * sizeof<real>();
    const bits = load<i32>(layer, LAYER_TRAINABLE);
    squares(rows, load<usize>(layer, LAYER_D), Q, rows * nout);
    if (bits & TRAIN_WEIGHTS) {
      squares(1, load<usize>(layer, LAYER_X), S, rows * nin);
      const at = place(plan, load<usize>(layer, LAYER_W));
      product(S, sizeof<real>(), xk, Q, dm, array(plan, NEW_SQUARE) + at, dm, 0, nin, nout, rows, 0, scratch);
      product(S, sizeof<real>(), xk, H, dm, array(plan, NEW_CURVE) + at, dm, 0, nin, nout, rows, 0, scratch);
    }
    const b = load<usize>(layer, LAYER_B);
    if (b && bits & TRAIN_BIAS) {
      columns(Q, array(plan, NEW_SQUARE) + place(plan, b), rows, nout);
      columns(H, array(plan, NEW_CURVE) + place(plan, b), rows, nout);
    }
    if (!load<usize>(layer, LAYER_DX)) continue;
    squares(1, load<usize>(layer, LAYER_W), Q, nin * nout);
    const below = load<usize>(layer - LAYER_BYTES, LAYER_H);
    productTransposed(H, Q, below, 0, rows, nin, nout, scratch);
  }
}

/**
 * h at the last layer: of y for a squared error, 1 or 2 / width; of z for a cross-entropy, a (1 − a) or its mean; of a
 * sample that has a weight, so many times.
 */
function curvatureOfLoss(loss: i32, weights: usize, rows: i32, last: usize): void {
  const nout = load<i32>(last, LAYER_OUT);
  let H = load<usize>(last, LAYER_H);
  let Y = load<usize>(last, LAYER_Y);
  const isMean = loss == MEAN_SQUARED_ERROR || loss == BINARY_CROSS_ENTROPY;
  const scale = (loss == MEAN_SQUARED_ERROR ? 2.0 : 1.0) / (isMean ? <f64>nout : 1) / <f64>rows;
  const one = Simd.splat(1);
  const row = <usize>nout * sizeof<real>();
  for (let r = 0; r < rows; ++r, H += row, Y += row) {
    const factor = Simd.splat(weights ? scale * <f64>load<real>(weights + <usize>r * sizeof<real>()) : scale);
    for (let n = nout, at: usize = 0; n > 0; n -= LANES, at += 16) {
      const a = v128.load(Y + at);
      const h = loss <= MEAN_SQUARED_ERROR ? one : v128.mul<real>(a, v128.sub<real>(one, a));
      Simd.store(H + at, v128.mul<real>(factor, h), n);
    }
  }
}

/** Whether curvature comes from gradients somewhat ahead. */
export function looksAhead(plan: usize): bool {
  return hyper(plan, 0) == VSGD_FD;
}

/** Keeps inputs and errors of each dense layer, and goes ahead by δ: the mean gradient, or at first the gradient, + ε. */
export function goAhead(plan: usize, first: usize, last: usize): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  for (let layer = first; layer <= last; layer += LAYER_BYTES) {
    if (load<i32>(layer, LAYER_KIND) != DENSE) continue;
    const row = <usize>rows * sizeof<real>();
    memory.copy(load<usize>(layer, LAYER_S), load<usize>(layer, LAYER_X), row * <usize>load<i32>(layer, LAYER_IN));
    memory.copy(load<usize>(layer, LAYER_H), load<usize>(layer, LAYER_D), row * <usize>load<i32>(layer, LAYER_OUT));
  }
  const bytes = <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
  const p = load<usize>(plan, PLAN_PARAMS);
  memory.copy(array(plan, NEW_CURVE_SQUARE), p, bytes);
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(p + at, v128.add<real>(v128.load(p + at), ahead(plan, at)));
  }
}

/** δ of the numbers `at` so many bytes. */
@inline
function ahead(plan: usize, at: usize): v128 {
  const from = load<f64>(plan, PLAN_AGE) == 0 ? load<usize>(plan, PLAN_GRADS) : array(plan, MEAN);
  return v128.add<real>(v128.load(from + at), Simd.splat(hyper(plan, 3)));
}

/**
 * Comes back, with errors and inputs from ahead in D and X: the means over the samples of ∇², of |∇ − ∇ ahead| / |δ| and
 * of its square, where ∇ = x δ is that of one sample. A size has no form as a product of matrices: it is summed up.
 */
export function comeBack(plan: usize, first: usize, last: usize): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const bytes = <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
  memory.copy(load<usize>(plan, PLAN_PARAMS), array(plan, NEW_CURVE_SQUARE), bytes);
  for (let layer = first; layer <= last; layer += LAYER_BYTES) {
    if (load<i32>(layer, LAYER_KIND) != DENSE) continue;
    const nin = load<i32>(layer, LAYER_IN);
    const nout = load<i32>(layer, LAYER_OUT);
    const bits = load<i32>(layer, LAYER_TRAINABLE);
    const D = load<usize>(layer, LAYER_D);
    const d = load<usize>(layer, LAYER_H);
    const xk = <usize>nin * sizeof<real>();
    if (bits & TRAIN_WEIGHTS) {
      const W = place(plan, load<usize>(layer, LAYER_W));
      for (let i: usize = 0; i < <usize>nin; ++i) {
        const at = i * sizeof<real>();
        const x = load<usize>(layer, LAYER_S) + at;
        differences(plan, x, load<usize>(layer, LAYER_X) + at, xk, d, D, W + at * <usize>nout, rows, nout);
      }
    }
    const b = load<usize>(layer, LAYER_B);
    if (b && bits & TRAIN_BIAS) differences(plan, 0, 0, 0, d, D, place(plan, b), rows, nout);
  }
}

/** For the weights from one input x (0: the bias) to all units, `at` so many bytes in the flat blocks. */
function differences(
  plan: usize,
  x: usize,
  X: usize,
  xk: usize,
  d: usize,
  D: usize,
  at: usize,
  rows: i32,
  nout: i32,
): void {
  const dm = <usize>nout * sizeof<real>();
  const square = array(plan, NEW_SQUARE);
  const curve = array(plan, NEW_CURVE);
  const curveSquare = array(plan, NEW_CURVE_SQUARE);
  const n = Simd.splat(rows);
  const one = Simd.splat(1);
  for (let o = 0; o < nout; o += LANES, d += 16, D += 16, at += 16) {
    let ofGradient = Simd.splat(0);
    let ofSize = Simd.splat(0);
    let ofSquare = Simd.splat(0);
    for (let r: usize = 0; r < <usize>rows; ++r) {
      const here = v128.mul<real>(x ? v128.load_splat<real>(x + r * xk) : one, v128.load(d + r * dm));
      const there = v128.mul<real>(x ? v128.load_splat<real>(X + r * xk) : one, v128.load(D + r * dm));
      const size = v128.abs<real>(v128.sub<real>(here, there));
      ofGradient = Simd.madd(here, here, ofGradient);
      ofSize = v128.add<real>(ofSize, size);
      ofSquare = Simd.madd(size, size, ofSquare);
    }
    const step = ahead(plan, at);
    const left = nout - o;
    Simd.store(square + at, v128.mul<real>(n, ofGradient), left);
    Simd.store(curve + at, v128.div<real>(ofSize, v128.abs<real>(step)), left);
    Simd.store(curveSquare + at, v128.div<real>(v128.mul<real>(n, ofSquare), v128.mul<real>(step, step)), left);
  }
}

/** p ← p − α · step for the bytes [begin, end) of the flat block. */
function move(plan: usize, alpha: f64, begin: usize, end: usize): void {
  const factor = Simd.splat(alpha);
  const p = load<usize>(plan, PLAN_PARAMS);
  const step = array(plan, STEP);
  for (let at = begin; at < end; at += 16) {
    v128.store(p + at, v128.sub<real>(v128.load(p + at), v128.mul<real>(factor, v128.load(step + at))));
  }
}

/** Σ g · step, by which the loss falls along the step if nothing bends; keeps the weights. */
export function beginTrials(plan: usize): f64 {
  const n = load<i32>(plan, PLAN_TRAINABLE);
  memory.copy(array(plan, START), load<usize>(plan, PLAN_PARAMS), <usize>n * sizeof<real>());
  let total: f64 = 0;
  for (let at: usize = 0; at < <usize>n * sizeof<real>(); at += sizeof<real>()) {
    total += <f64>load<real>(load<usize>(plan, PLAN_GRADS) + at) * <f64>load<real>(array(plan, STEP) + at);
  }
  return total;
}

/** Puts the weights α of the step ahead; 0: back where they were. */
export function tryOut(plan: usize, alpha: f64): void {
  const bytes = <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
  memory.copy(load<usize>(plan, PLAN_PARAMS), array(plan, START), bytes);
  if (alpha > 0) move(plan, alpha, 0, bytes);
}

/**
 * Schaul, Zhang and LeCun 2012 (arXiv 1206.1106), for batches of n as in Schaul and LeCun 2013 (1301.3764). Means ḡ of
 * the gradient, v of its samples' squares, h of the curvature, that forget with 1 / τ:
 *
 * q = n ḡ² / (v + (n − 1) ḡ²); step = η (q / h) g; p ← p − α step; τ ← (1 − q) τ + 1
 *
 * Variant b: Σ ḡ², Σ v and the largest h of a tensor in place of each weight's own; g: of all parameters. Variant fd:
 * h / h² means in place of 1 / h, and τ ← τ + 1 first, where g or h is κ deviations of a mean of n off its own mean. The
 * first n₀ samples only give the means; then v is taken `slowStart` times as large. Numbers: variant, slowStart, n₀, ε (of
 * l, b and g the least h), κ. α, which the papers do not have, is 1 unless the whole step goes too far for the batch's own
 * loss: see `shorten` in train.ts.
 */
export class Vsgd {
  /** Moves the means on and finds the step. */
  static begin(plan: usize): void {
    store<f64>(plan, load<f64>(plan, PLAN_SEEN) + <f64>load<i32>(plan, PLAN_ROWS), PLAN_SEEN);
    const variant = <i32>hyper(plan, 0);
    if (variant < VSGD_B || variant == VSGD_FD) return Vsgd.each(plan, variant == VSGD_FD);
    const last = lastBlock(plan);
    for (let block = firstBlock(plan); block <= last; block += BLOCK_BYTES) Vsgd.block(plan, block);
  }

  /** Whether the batch belongs to the first samples. */
  @inline static isStarting(plan: usize): bool {
    return load<f64>(plan, PLAN_SEEN) - <f64>load<i32>(plan, PLAN_ROWS) < hyper(plan, 2);
  }

  /** Whether it is the last of those. */
  @inline static isStarted(plan: usize): bool {
    return load<f64>(plan, PLAN_SEEN) >= hyper(plan, 2);
  }

  /** The memory that the means begin with: as many batches as they were made from, but two at least. */
  @inline static firstTau(plan: usize): f64 {
    return max<f64>(2, load<f64>(plan, PLAN_AGE));
  }

  /** The steps of a block, which has one rate; 0 while starting. */
  static block(plan: usize, block: usize): void {
    const begin = <usize>load<i32>(block, BLOCK_BEGIN) * sizeof<real>();
    const end = <usize>load<i32>(block, BLOCK_END) * sizeof<real>();
    const n = <f64>load<i32>(plan, PLAN_ROWS);
    const isStarting = Vsgd.isStarting(plan);
    const isStarted = Vsgd.isStarted(plan);
    const slow: f64 = isStarting && isStarted ? hyper(plan, 1) : 1;
    const ofTau = array(plan, TAU) + begin;
    const tau = <f64>load<real>(ofTau);
    const share = isStarting ? n / load<f64>(plan, PLAN_SEEN) : 1 / tau;
    const keep = 1 - share;
    let gradients: f64 = 0;
    let squares: f64 = 0;
    let largest: f64 = 0;
    for (let at = begin; at < end; at += sizeof<real>()) {
      const g = array(plan, MEAN) + at;
      const h = array(plan, CURVE) + at;
      const mean = keep * <f64>load<real>(g) + share * <f64>load<real>(load<usize>(plan, PLAN_GRADS) + at);
      const curve = max<f64>(hyper(plan, 3), <f64>load<real>(array(plan, NEW_CURVE) + at));
      const moved = keep * <f64>load<real>(h) + share * curve;
      store<real>(g, <real>mean);
      store<real>(h, <real>moved);
      gradients += mean * mean;
      squares += <f64>load<real>(array(plan, NEW_SQUARE) + at);
      largest = max<f64>(largest, moved);
    }
    const ofSquare = array(plan, SQUARE) + begin;
    const square = (keep * <f64>load<real>(ofSquare) + share * squares) * slow;
    store<real>(ofSquare, <real>square);
    const q = square > 0 ? min<f64>(1, (n * gradients) / (square + (n - 1) * gradients)) : 0;
    const rate = Simd.splat(isStarting ? 0 : (load<f64>(plan, PLAN_LEARNING_RATE) * q) / largest);
    for (let at = begin; at < end; at += 16) {
      v128.store(array(plan, STEP) + at, v128.mul<real>(rate, v128.load(load<usize>(plan, PLAN_GRADS) + at)));
    }
    const next = isStarting ? Vsgd.firstTau(plan) : square > 0 ? (1 - q) * tau + 1 : tau;
    store<real>(ofTau, <real>next);
  }

  /** New weights for numbers [begin, end): p ← p − α · step. */
  static update(plan: usize, begin: i32, end: i32): void {
    const alpha = load<f64>(plan, PLAN_SCALE);
    // No step at all, also where it is not finite.
    if (alpha > 0) move(plan, alpha, <usize>begin * sizeof<real>(), <usize>end * sizeof<real>());
  }

  /** The steps where each weight has its own rate. */
  static each(plan: usize, isFd: bool): void {
    const isStarting = Vsgd.isStarting(plan);
    const slow = Simd.splat(isStarting && Vsgd.isStarted(plan) ? hyper(plan, 1) : 1);
    const size = <f64>load<i32>(plan, PLAN_ROWS);
    const n = Simd.splat(size);
    const others = Simd.splat(size - 1);
    const eta = Simd.splat(isStarting ? 0 : load<f64>(plan, PLAN_LEARNING_RATE));
    const firstShare = Simd.splat(size / load<f64>(plan, PLAN_SEEN));
    const firstTau = Simd.splat(Vsgd.firstTau(plan));
    const zero = Simd.splat(0);
    const one = Simd.splat(1);
    const epsilon = Simd.splat(hyper(plan, 3));
    // κ² / n
    const far = Simd.splat((hyper(plan, 4) * hyper(plan, 4)) / size);
    const hasOutliers = isFd && !isStarting && hyper(plan, 4) > 0;
    const stop = <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
    for (let at: usize = 0; at < stop; at += 16) {
      const gradient = v128.load(load<usize>(plan, PLAN_GRADS) + at);
      const curve = v128.load(array(plan, NEW_CURVE) + at);
      const meanOld = v128.load(array(plan, MEAN) + at);
      const squareOld = v128.load(array(plan, SQUARE) + at);
      const curveOld = v128.load(array(plan, CURVE) + at);
      let tau = v128.load(array(plan, TAU) + at);
      if (hasOutliers) {
        const curveSquare = v128.load(array(plan, CURVE_SQUARE) + at);
        const isFar = v128.or(
          Vsgd.isFar(gradient, meanOld, squareOld, far),
          Vsgd.isFar(curve, curveOld, curveSquare, far),
        );
        tau = v128.add<real>(tau, v128.and(one, isFar));
      }
      const share = isStarting ? firstShare : v128.div<real>(one, tau);
      const keep = v128.sub<real>(one, share);
      const mean = Simd.madd(keep, meanOld, v128.mul<real>(share, gradient));
      let square = Simd.madd(keep, squareOld, v128.mul<real>(share, v128.load(array(plan, NEW_SQUARE) + at)));
      const bounded = isFd ? curve : v128.max<real>(epsilon, curve);
      const h = Simd.madd(keep, curveOld, v128.mul<real>(share, bounded));
      if (isFd && !isStarting) square = v128.add<real>(square, epsilon);
      square = v128.mul<real>(slow, square);
      const gg = v128.mul<real>(mean, mean);
      // Where no sample has had a gradient yet, there is no step, and nothing to remember.
      const isNothing = v128.eq<real>(square, zero);
      let q = v128.div<real>(v128.mul<real>(n, gg), Simd.madd(others, gg, square));
      q = v128.andnot(v128.min<real>(one, q), isNothing);
      let rate: v128;
      let next = Simd.madd(v128.sub<real>(one, q), tau, one);
      if (isFd) {
        const squares = v128.load(array(plan, NEW_CURVE_SQUARE) + at);
        const hh = Simd.madd(keep, v128.load(array(plan, CURVE_SQUARE) + at), v128.mul<real>(share, squares));
        v128.store(array(plan, CURVE_SQUARE) + at, hh);
        rate = v128.div<real>(v128.mul<real>(q, v128.add<real>(h, epsilon)), v128.add<real>(hh, epsilon));
        next = v128.add<real>(next, epsilon);
      } else {
        rate = v128.div<real>(q, h);
      }
      next = v128.bitselect(tau, next, isNothing);
      v128.store(array(plan, MEAN) + at, mean);
      v128.store(array(plan, SQUARE) + at, square);
      v128.store(array(plan, CURVE) + at, h);
      v128.store(array(plan, TAU) + at, isStarting ? firstTau : next);
      v128.store(array(plan, STEP) + at, v128.mul<real>(v128.mul<real>(eta, rate), gradient));
    }
  }

  /** (x − mean)² > κ² (square − mean²) / n */
  @inline static isFar(x: v128, mean: v128, square: v128, far: v128): v128 {
    const away = v128.sub<real>(x, mean);
    const variance = v128.sub<real>(square, v128.mul<real>(mean, mean));
    return v128.gt<real>(v128.mul<real>(away, away), v128.mul<real>(far, variance));
  }
}
