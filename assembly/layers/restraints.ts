// What keeps weights small: penalties in the loss, and a limit of their norm.
import {
  DENSE,
  LAYER_IN,
  LAYER_KIND,
  LAYER_L1,
  LAYER_L2,
  LAYER_MAX_NORM,
  LAYER_OUT,
  LAYER_TRAINABLE,
  LAYER_W,
  TRAIN_WEIGHTS,
} from "../plan";
import { LANES, Simd } from "../numbers/simd";

/** What l1 and l2 add to the loss for one layer: l1 Σ|w| + l2/2 Σw², over weights and never biases. */
export function penaltyOf(layer: usize): f64 {
  if (load<i32>(layer, LAYER_KIND) != DENSE) return 0;
  const n = load<i32>(layer, LAYER_IN) * load<i32>(layer, LAYER_OUT);
  return Penalty.value(load<f64>(layer, LAYER_L1), load<f64>(layer, LAYER_L2), load<usize>(layer, LAYER_W), n);
}

/**
 * A slope of l2 that is smaller is taken as 0. Decay would bring the weights of a pixel that is black in all images down
 * to where numbers lose their digits, and processors take a hundred times as long for such: for w itself, for l2 w, and
 * for its square, which adam averages. This one's square still has all its digits after a thousandth of it is taken.
 */
// prettier-ignore
const LEAST_SLOPE: f64 = sizeof<real>() == 4 ? 6.938893903907228e-18 : 9.546676135936265e-153;

/** l1 |w| + l2/2 w², and its slope l1 sign w + l2 w, which is 0 at w = 0 and where it is too small to count. */
export class Penalty {
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
    const least = Simd.splat(LEAST_SLOPE / l2);
    for (; n > 0; n -= LANES, w += 16, dw += 16) {
      const weight = v128.load(w);
      const decaying = v128.andnot(weight, v128.lt<real>(v128.abs<real>(weight), least));
      const slope = v128.add<real>(Simd.sign(one, weight), v128.mul<real>(two, decaying));
      Simd.store(dw, v128.add<real>(v128.load(dw), slope), n);
    }
  }
}

/**
 * Brings the weights of units [begin, end), begin divisible by the lanes, that have become longer than c back to that
 * length: w ← w c / ‖w‖, over the weights that come into a unit, without its bias (Srebro and Shraibman 2005). They are
 * divided by a power of two s first, near the largest of them: no square overflows or vanishes then, and no bit changes.
 */
export function limitNorm(layer: usize, begin: i32, end: i32): void {
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
