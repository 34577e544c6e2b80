// One layer, of any kind, behind three verbs: forward, deltas, gradients. Each takes the rows or units it owns.
import {
  ACTIVATION,
  DENSE,
  DISTURBING_KINDS,
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
  LAYER_OUT,
  LAYER_PARAMETER,
  LAYER_TRAINABLE,
  LAYER_W,
  LAYER_X,
  LAYER_Y,
  LAYER_Z,
  NORMALISING_KINDS,
  TRAIN_BIAS,
  TRAIN_WEIGHTS,
} from "../plan";
import { isOneOf } from "../numbers/sets";
import { LANES, Simd } from "../numbers/simd";
import { outer, product, productTransposed } from "../products/products";
import { activate, activateBack } from "../functions/activations";
import { disturb, disturbBack } from "./dropout";
import { normalise, normaliseBack, slopes } from "./normalisation";
import { Penalty } from "./restraints";

/**
 * Z = X W + b, Y = f(Z) for rows [begin, end). X (rows, in), W (in, out), Z and Y (rows, out). Layers
 * of other kinds make Y from X in their own way.
 */
export function forward(plan: usize, layer: usize, scratch: usize, training: bool, begin: i32, end: i32): void {
  const layerKind = load<i32>(layer, LAYER_KIND);
  if (isOneOf(layerKind, DISTURBING_KINDS)) return disturb(plan, layer, training, begin, end);
  if (COMPLETE && isOneOf(layerKind, NORMALISING_KINDS)) return normalise(layer, begin, end);
  const nin = load<i32>(layer, LAYER_IN);
  const nout = load<i32>(layer, LAYER_OUT);
  const Z = load<usize>(layer, LAYER_Z);
  if (layerKind == DENSE) {
    const xm = <usize>nin * sizeof<real>();
    const zm = <usize>nout * sizeof<real>();
    const X = load<usize>(layer, LAYER_X);
    const W = load<usize>(layer, LAYER_W);
    product(X, xm, sizeof<real>(), W, zm, Z, zm, begin, end, nout, nin, load<usize>(layer, LAYER_B), scratch);
  } else if (layerKind != ACTIVATION) {
    unreachable();
  }
  const kind = load<i32>(layer, LAYER_ACTIVATION);
  activate(kind, load<f64>(layer, LAYER_PARAMETER), Z, load<usize>(layer, LAYER_Y), begin, end, nout);
}

/**
 * For rows [begin, end): dZ = dY ∘ f′(Z), in place in D, unless the loss gave dZ already (`fused`). Then dX = dZ Wᵀ, if
 * the layer below needs it. The way back through Z = X W + b, Y = f(Z).
 */
export function deltas(plan: usize, layer: usize, fused: bool, scratch: usize, rows: i32, begin: i32, end: i32): void {
  const layerKind = load<i32>(layer, LAYER_KIND);
  if (COMPLETE && isOneOf(layerKind, NORMALISING_KINDS)) return normaliseBack(layer, rows, begin, end);
  const nout = load<i32>(layer, LAYER_OUT);
  const D = load<usize>(layer, LAYER_D);
  if (isOneOf(layerKind, DISTURBING_KINDS)) {
    disturbBack(plan, layer, begin, end);
  } else if (!fused) {
    const kind = load<i32>(layer, LAYER_ACTIVATION);
    const parameter = load<f64>(layer, LAYER_PARAMETER);
    activateBack(kind, parameter, load<usize>(layer, LAYER_Z), load<usize>(layer, LAYER_Y), D, begin, end, nout);
  }
  const dX = load<usize>(layer, LAYER_DX);
  if (!dX) return;
  if (layerKind == DENSE) {
    productTransposed(D, load<usize>(layer, LAYER_W), dX, begin, end, load<i32>(layer, LAYER_IN), nout, scratch);
  } else if (dX != D) {
    // The dZ of a layer without weights is the dY of the layer below. Most often they share one block.
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
  const kind = load<i32>(layer, LAYER_KIND);
  if (COMPLETE && isOneOf(kind, NORMALISING_KINDS)) return slopes(layer, rows, bits, from, to);
  if (kind != DENSE) return;
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
    // Four vectors at a time: a single sum would wait for each addition to end.
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
