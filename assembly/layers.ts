// One layer, of any kind, behind three verbs: forward, deltas, gradients. Each takes the rows or units it owns.
import {
  ACTIVATION,
  BATCH_NORM,
  DENSE,
  LAYER_ACTIVATION,
  LAYER_B,
  LAYER_D,
  LAYER_DB,
  LAYER_DW,
  LAYER_DX,
  LAYER_IN,
  LAYER_KIND,
  LAYER_L1,
  LAYER_L2,
  LAYER_MAX_NORM,
  LAYER_OUT,
  LAYER_PARAMETER,
  LAYER_TRAINABLE,
  LAYER_W,
  LAYER_X,
  LAYER_Y,
  LAYER_Z,
  TRAIN_BIAS,
  TRAIN_WEIGHTS,
} from "./plan";
import { LANES, Simd } from "./simd";
import { outer, product, productTransposed } from "./gemm";
import { activate, deactivate } from "./activations";
import { disturb, undisturb } from "./dropout";
import { denormalise, normalise, slopes } from "./normalisation";

/**
 * Z = X W + b, Y = f(Z) for rows [begin, end). X (rows, in), W (in, out), Z and Y (rows, out). A layer of another kind
 * makes Y from X in its own way.
 */
export function forward(plan: usize, layer: usize, scratch: usize, training: bool, begin: i32, end: i32): void {
  if (load<i32>(layer, LAYER_KIND) > ACTIVATION) {
    if (!COMPLETE || load<i32>(layer, LAYER_KIND) < BATCH_NORM) disturb(plan, layer, training, begin, end);
    else normalise(layer, begin, end);
    return;
  }
  const nin = load<i32>(layer, LAYER_IN);
  const nout = load<i32>(layer, LAYER_OUT);
  const Z = load<usize>(layer, LAYER_Z);
  if (load<i32>(layer, LAYER_KIND) == DENSE) {
    const xm = <usize>nin * sizeof<real>();
    const zm = <usize>nout * sizeof<real>();
    const X = load<usize>(layer, LAYER_X);
    const W = load<usize>(layer, LAYER_W);
    product(X, xm, sizeof<real>(), W, zm, Z, zm, begin, end, nout, nin, load<usize>(layer, LAYER_B), scratch);
  }
  const kind = load<i32>(layer, LAYER_ACTIVATION);
  activate(kind, load<f64>(layer, LAYER_PARAMETER), Z, load<usize>(layer, LAYER_Y), begin, end, nout);
}

/**
 * dZ = dY ∘ f′(Z), in place in D, unless the loss gave dZ at once (`fused`); then dX = dZ Wᵀ, where the layer below
 * needs it. For rows [begin, end). Undoes Z = X W + b, Y = f(Z).
 */
export function deltas(plan: usize, layer: usize, fused: bool, scratch: usize, rows: i32, begin: i32, end: i32): void {
  const layerKind = load<i32>(layer, LAYER_KIND);
  if (COMPLETE && layerKind >= BATCH_NORM) {
    denormalise(layer, rows, begin, end);
    return;
  }
  const nout = load<i32>(layer, LAYER_OUT);
  const D = load<usize>(layer, LAYER_D);
  if (layerKind > ACTIVATION) {
    undisturb(plan, layer, begin, end);
  } else if (!fused) {
    const kind = load<i32>(layer, LAYER_ACTIVATION);
    const parameter = load<f64>(layer, LAYER_PARAMETER);
    deactivate(kind, parameter, load<usize>(layer, LAYER_Z), load<usize>(layer, LAYER_Y), D, begin, end, nout);
  }
  const dX = load<usize>(layer, LAYER_DX);
  if (!dX) return;
  if (layerKind == DENSE) {
    productTransposed(D, load<usize>(layer, LAYER_W), dX, begin, end, load<i32>(layer, LAYER_IN), nout, scratch);
  } else if (dX != D) {
    // Such a layer's dZ is the dY of the layer below; most often they share one block.
    const row = <usize>nout * sizeof<real>();
    memory.copy(dX + <usize>begin * row, D + <usize>begin * row, <usize>(end - begin) * row);
  }
}

/**
 * dW = Xᵀ dZ with the penalties' slopes, db = Σ_rows dZ: rows [begin, end) of dW, units [from, to) of db, `from` divisible
 * by the lanes or equal to `to`; of a normalisation units [from, to) of both. Rows [top, bottom) of X and dZ are added to
 * what those before them gave; all `rows` in one go of a normalisation. `all`: also what training holds fixed.
 */
export function gradients(
  layer: usize,
  scratch: usize,
  top: i32,
  bottom: i32,
  rows: i32,
  all: bool,
  begin: i32,
  end: i32,
  from: i32,
  to: i32,
): void {
  const nin = load<i32>(layer, LAYER_IN);
  const nout = load<i32>(layer, LAYER_OUT);
  const bits = all ? TRAIN_WEIGHTS | TRAIN_BIAS : load<i32>(layer, LAYER_TRAINABLE);
  if (load<i32>(layer, LAYER_KIND) != DENSE) {
    if (COMPLETE && load<i32>(layer, LAYER_KIND) >= BATCH_NORM) slopes(layer, rows, bits, from, to);
    return;
  }
  const dm = <usize>nout * sizeof<real>();
  const D = load<usize>(layer, LAYER_D) + <usize>top * dm;
  if (bits & TRAIN_WEIGHTS) {
    const dW = load<usize>(layer, LAYER_DW);
    const xk = <usize>nin * sizeof<real>();
    const X = load<usize>(layer, LAYER_X) + <usize>top * xk;
    if (rows == 1) outer(X, D, dW, begin, end, nout);
    else product(X, sizeof<real>(), xk, D, dm, dW, dm, begin, end, nout, bottom - top, top ? dW : 0, scratch);
    const l1 = load<f64>(layer, LAYER_L1);
    const l2 = load<f64>(layer, LAYER_L2);
    const at = <usize>begin * dm;
    if (bottom == rows && (l1 != 0 || l2 != 0))
      Penalty.slope(l1, l2, load<usize>(layer, LAYER_W) + at, dW + at, (end - begin) * nout);
  }
  const db = load<usize>(layer, LAYER_DB);
  if (db && bits & TRAIN_BIAS) {
    // Four vectors at a time: one alone would wait for each of its additions.
    for (let o = from; o < to; o += 4 * LANES) {
      const at = db + <usize>o * sizeof<real>();
      let d = D + <usize>o * sizeof<real>();
      let t0 = top ? v128.load(at) : Simd.splat(0);
      let t1 = top ? v128.load(at, 16) : t0;
      let t2 = top ? v128.load(at, 32) : t0;
      let t3 = top ? v128.load(at, 48) : t0;
      for (let r = top; r < bottom; ++r, d += dm) {
        t0 = v128.add<real>(t0, v128.load(d));
        t1 = v128.add<real>(t1, v128.load(d, 16));
        t2 = v128.add<real>(t2, v128.load(d, 32));
        t3 = v128.add<real>(t3, v128.load(d, 48));
      }
      Simd.store(at, t0, to - o);
      Simd.store(at + 16, t1, to - o - LANES);
      Simd.store(at + 32, t2, to - o - 2 * LANES);
      Simd.store(at + 48, t3, to - o - 3 * LANES);
    }
  }
}

/**
 * Brings the weights of units [begin, end), begin divisible by the lanes, that have become longer than c back to that
 * length: w ← w c / ‖w‖, over the weights that come into a unit, without its bias (Srebro and Shraibman 2005). They are
 * divided by a power of two s first, near the largest of them: no square overflows or vanishes then, and no bit changes.
 */
export function constrain(layer: usize, begin: i32, end: i32): void {
  const most = load<f64>(layer, LAYER_MAX_NORM);
  if (most == 0 || !(load<i32>(layer, LAYER_TRAINABLE) & TRAIN_WEIGHTS)) return;
  const nin = load<i32>(layer, LAYER_IN);
  const row = <usize>load<i32>(layer, LAYER_OUT) * sizeof<real>();
  const c = Simd.splat(most);
  for (let o = begin; o < end; o += LANES) {
    const W = load<usize>(layer, LAYER_W) + <usize>o * sizeof<real>();
    let largest = Simd.splat(0);
    for (let i = 0, w = W; i < nin; ++i, w += row) largest = v128.max<real>(largest, v128.abs<real>(v128.load(w)));
    const s = Simd.powerBelow(largest);
    let total = Simd.splat(0);
    for (let i = 0, w = W; i < nin; ++i, w += row) {
      const scaled = v128.div<real>(v128.load(w), s);
      total = Simd.madd(scaled, scaled, total);
    }
    const norm = v128.sqrt<real>(total); // ‖w‖ / s
    const isLonger = v128.lt<real>(v128.div<real>(c, s), norm);
    const factor = v128.div<real>(c, norm);
    for (let i = 0, w = W; i < nin; ++i, w += row) {
      const weights = v128.load(w);
      const shortened = v128.mul<real>(factor, v128.div<real>(weights, s));
      Simd.store(w, v128.bitselect(shortened, weights, isLonger), end - o);
    }
  }
}

/** What l1 and l2 add to the loss for one layer: l1 Σ|w| + l2/2 Σw², over weights and never biases. */
export function penalty(layer: usize): f64 {
  if (load<i32>(layer, LAYER_KIND) != DENSE) return 0;
  const n = load<i32>(layer, LAYER_IN) * load<i32>(layer, LAYER_OUT);
  return Penalty.value(load<f64>(layer, LAYER_L1), load<f64>(layer, LAYER_L2), load<usize>(layer, LAYER_W), n);
}

/** l1 |w| + l2/2 w², and its slope l1 sign w + l2 w, which is 0 at w = 0. */
class Penalty {
  static value(l1: f64, l2: f64, w: usize, n: i32): f64 {
    let total: f64 = 0;
    if (l1 == 0 && l2 == 0) return total;
    for (let i = 0; i < n; ++i, w += sizeof<real>()) {
      const weight = <f64>load<real>(w);
      total += l1 * abs<f64>(weight) + 0.5 * l2 * weight * weight;
    }
    return total;
  }

  static slope(l1: f64, l2: f64, w: usize, dw: usize, n: i32): void {
    const one = Simd.splat(l1);
    const two = Simd.splat(l2);
    for (; n > 0; n -= LANES, w += 16, dw += 16) {
      const weight = v128.load(w);
      const slope = v128.add<real>(Simd.sign(one, weight), v128.mul<real>(two, weight));
      Simd.store(dw, v128.add<real>(v128.load(dw), slope), n);
    }
  }
}
