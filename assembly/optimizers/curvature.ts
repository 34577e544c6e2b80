// What the samples of a batch say about the loss's curvature, for vsgd.
import {
  BINARY_CROSS_ENTROPY,
  DENSE,
  LAYER_ACTIVATION,
  LAYER_B,
  LAYER_BYTES,
  LAYER_D,
  LAYER_DX,
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
  PLAN_LOSS,
  PLAN_PARAMS,
  PLAN_ROWS,
  PLAN_SCRATCH,
  PLAN_SQUARED,
  PLAN_TRAINABLE,
  TRAIN_BIAS,
  TRAIN_WEIGHTS,
  VSGD_EPSILON,
} from "../plan";
import { LANES, Simd } from "../numbers/simd";
import { product, productTransposed } from "../products/products";
import { activateBack } from "../functions/activations";
import { isFused } from "../functions/losses";
import { hyper } from "./blocks";
import { MEAN, NEW_CURVE, NEW_CURVE_SQUARE, NEW_SQUARE, remembered } from "./remembered";

/** Y = c X ∘ X, n numbers */
function squaresOf(c: f64, X: usize, Y: usize, n: i32): void {
  const factor = Simd.splat(c);
  for (; n > 0; n -= LANES, X += 16, Y += 16) {
    const x = v128.load(X);
    Simd.store(Y, v128.mul<real>(factor, v128.mul<real>(x, x)), n);
  }
}

/** c = Σ_rows D (rows, n) */
function columnSums(D: usize, c: usize, rows: i32, n: i32): void {
  const row = <usize>n * sizeof<real>();
  for (let o = 0; o < n; o += LANES, D += 16, c += 16) {
    let total = Simd.splat(0);
    for (let r = 0, d = D; r < rows; ++r, d += row) total = v128.add<real>(total, v128.load(d));
    Simd.store(c, total, n - o);
  }
}

/** Where in a flat block's array the tensor at `address` stands, in bytes. */
@inline
function offsetOf(plan: usize, address: usize): usize {
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
  let fused = isFused(loss);
  curvatureOfLoss(loss, load<usize>(plan, PLAN_BATCH_WEIGHTS), rows, last);
  for (let layer = last; layer >= first; layer -= LAYER_BYTES) {
    const nin = load<i32>(layer, LAYER_IN);
    const nout = load<i32>(layer, LAYER_OUT);
    const H = load<usize>(layer, LAYER_H);
    if (!fused) {
      // f′ is squared: it is multiplied in twice.
      for (let k = 0; k < 2; ++k) {
        const kind = load<i32>(layer, LAYER_ACTIVATION);
        const Y = load<usize>(layer, LAYER_Y);
        activateBack(kind, load<f64>(layer, LAYER_PARAMETER), load<usize>(layer, LAYER_Z), Y, H, 0, rows, nout);
      }
    }
    fused = false;
    // An activation layer has the H of the layer below.
    if (load<i32>(layer, LAYER_KIND) != DENSE) continue;
    const S = load<usize>(layer, LAYER_S);
    const xk = <usize>nin * sizeof<real>();
    const dm = <usize>nout * sizeof<real>();
    const bits = load<i32>(layer, LAYER_TRAINABLE);
    squaresOf(rows, load<usize>(layer, LAYER_D), Q, rows * nout);
    if (bits & TRAIN_WEIGHTS) {
      squaresOf(1, load<usize>(layer, LAYER_X), S, rows * nin);
      const at = offsetOf(plan, load<usize>(layer, LAYER_W));
      product(S, sizeof<real>(), xk, Q, dm, remembered(plan, NEW_SQUARE) + at, dm, 0, nin, nout, rows, 0, scratch);
      product(S, sizeof<real>(), xk, H, dm, remembered(plan, NEW_CURVE) + at, dm, 0, nin, nout, rows, 0, scratch);
    }
    const b = load<usize>(layer, LAYER_B);
    if (b && bits & TRAIN_BIAS) {
      columnSums(Q, remembered(plan, NEW_SQUARE) + offsetOf(plan, b), rows, nout);
      columnSums(H, remembered(plan, NEW_CURVE) + offsetOf(plan, b), rows, nout);
    }
    if (!load<usize>(layer, LAYER_DX)) continue;
    squaresOf(1, load<usize>(layer, LAYER_W), Q, nin * nout);
    const below = load<usize>(layer - LAYER_BYTES, LAYER_H);
    productTransposed(H, Q, below, 0, rows, nin, nout, scratch);
  }
}

/**
 * h at the last layer. For a squared error it belongs to y: 1, or 2 / width. For a cross-entropy it belongs to z:
 * a (1 − a), or the mean of that. It is multiplied by a sample's weight, if there is one.
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
      const h = !isFused(loss) ? one : v128.mul<real>(a, v128.sub<real>(one, a));
      Simd.store(H + at, v128.mul<real>(factor, h), n);
    }
  }
}

/**
 * Keeps inputs and errors of each dense layer. Then moves the weights ahead by δ: the mean gradient, or at first the
 * gradient itself, + ε.
 */
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
  memory.copy(remembered(plan, NEW_CURVE_SQUARE), p, bytes);
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(p + at, v128.add<real>(v128.load(p + at), ahead(plan, at)));
  }
}

/** δ of the numbers `at` so many bytes. */
@inline
function ahead(plan: usize, at: usize): v128 {
  const from = load<f64>(plan, PLAN_AGE) == 0 ? load<usize>(plan, PLAN_GRADS) : remembered(plan, MEAN);
  return v128.add<real>(v128.load(from + at), Simd.splat(hyper(plan, VSGD_EPSILON)));
}

/**
 * Moves the weights back. D and X hold errors and inputs from ahead now. Finds means over the samples: of ∇², of
 * |∇ − ∇ ahead| / |δ| and of the square of that, where ∇ = x δ is the gradient of one sample. An absolute value cannot be
 * written as a product of matrices, so these are summed sample by sample.
 */
export function comeBack(plan: usize, first: usize, last: usize): void {
  const rows = load<i32>(plan, PLAN_ROWS);
  const bytes = <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
  memory.copy(load<usize>(plan, PLAN_PARAMS), remembered(plan, NEW_CURVE_SQUARE), bytes);
  for (let layer = first; layer <= last; layer += LAYER_BYTES) {
    if (load<i32>(layer, LAYER_KIND) != DENSE) continue;
    const nin = load<i32>(layer, LAYER_IN);
    const nout = load<i32>(layer, LAYER_OUT);
    const bits = load<i32>(layer, LAYER_TRAINABLE);
    const D = load<usize>(layer, LAYER_D);
    const d = load<usize>(layer, LAYER_H);
    const xk = <usize>nin * sizeof<real>();
    if (bits & TRAIN_WEIGHTS) {
      const W = offsetOf(plan, load<usize>(layer, LAYER_W));
      for (let i: usize = 0; i < <usize>nin; ++i) {
        const at = i * sizeof<real>();
        const x = load<usize>(layer, LAYER_S) + at;
        differences(plan, x, load<usize>(layer, LAYER_X) + at, xk, d, D, W + at * <usize>nout, rows, nout);
      }
    }
    const b = load<usize>(layer, LAYER_B);
    if (b && bits & TRAIN_BIAS) differences(plan, 0, 0, 0, d, D, offsetOf(plan, b), rows, nout);
  }
}

/** The same for the weights from one input x to all units, or for the bias (x = 0). They stand `at` bytes in the flat blocks. */
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
  const square = remembered(plan, NEW_SQUARE);
  const curve = remembered(plan, NEW_CURVE);
  const curveSquare = remembered(plan, NEW_CURVE_SQUARE);
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
