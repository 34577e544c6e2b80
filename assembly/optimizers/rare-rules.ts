// Rules that pages load apart, one class each.
import {
  ADADELTA_EPSILON,
  ADADELTA_RHO,
  LION_BETA1,
  LION_BETA2,
  QUICKPROP_DECAY,
  QUICKPROP_GROWTH,
  RPROP_ETA_MINUS,
  RPROP_ETA_PLUS,
  RPROP_STEP_MAX,
  RPROP_STEP_MIN,
} from "../plan";
import { LANES, Simd } from "../numbers/simd";
import { hyper } from "./blocks";

/** s ← ρ s + (1 − ρ) g²; d = √(u + ε) / √(s + ε) g; u ← ρ u + (1 − ρ) d²; p ← p − η d (Zeiler 2012) */
export class Adadelta {
  static step(plan: usize, rate: f64, p: usize, g: usize, s: usize, u: usize, n: i32): void {
    const eta = Simd.splat(rate);
    const rho = Simd.splat(hyper(plan, ADADELTA_RHO));
    const rest = Simd.splat(1 - hyper(plan, ADADELTA_RHO));
    const epsilon = Simd.splat(hyper(plan, ADADELTA_EPSILON));
    for (; n > 0; n -= LANES, p += 16, g += 16, s += 16, u += 16) {
      const gradient = v128.load(g);
      const square = Simd.madd(rho, v128.load(s), v128.mul<real>(rest, v128.mul<real>(gradient, gradient)));
      const change = v128.load(u);
      const above = v128.sqrt<real>(v128.add<real>(change, epsilon));
      const below = v128.sqrt<real>(v128.add<real>(square, epsilon));
      const d = v128.mul<real>(v128.div<real>(above, below), gradient);
      v128.store(s, square);
      v128.store(u, Simd.madd(rho, change, v128.mul<real>(rest, v128.mul<real>(d, d))));
      v128.store(p, v128.sub<real>(v128.load(p), v128.mul<real>(eta, d)));
    }
  }
}

/** p ← p − η sign(β₁ m + (1 − β₁) g); m ← β₂ m + (1 − β₂) g (Chen et al. 2023) */
export class Lion {
  static step(plan: usize, rate: f64, p: usize, g: usize, m: usize, n: i32): void {
    const eta = Simd.splat(rate);
    const b1 = Simd.splat(hyper(plan, LION_BETA1));
    const b2 = Simd.splat(hyper(plan, LION_BETA2));
    const rest1 = Simd.splat(1 - hyper(plan, LION_BETA1));
    const rest2 = Simd.splat(1 - hyper(plan, LION_BETA2));
    for (; n > 0; n -= LANES, p += 16, g += 16, m += 16) {
      const gradient = v128.load(g);
      const mean = v128.load(m);
      const side = Simd.madd(b1, mean, v128.mul<real>(rest1, gradient));
      v128.store(m, Simd.madd(b2, mean, v128.mul<real>(rest2, gradient)));
      v128.store(p, v128.sub<real>(v128.load(p), Simd.sign(eta, side)));
    }
  }
}

/**
 * A step size h for each weight: h ← η⁺ h where g g₋ > 0; h ← η⁻ h and g ← 0 where g g₋ < 0; p ← p − h sign g;
 * g₋ ← g. The first h is the learning rate (iRprop−, Igel and Hüsken 2000). h stays within its least and largest value.
 */
export class Rprop {
  static step(plan: usize, rate: f64, p: usize, g: usize, before: usize, size: usize, n: i32): void {
    const zero = Simd.splat(0);
    const one = Simd.splat(1);
    const first = Simd.splat(rate);
    const minus = Simd.splat(hyper(plan, RPROP_ETA_MINUS));
    const plus = Simd.splat(hyper(plan, RPROP_ETA_PLUS));
    const least = Simd.splat(hyper(plan, RPROP_STEP_MIN));
    const most = Simd.splat(hyper(plan, RPROP_STEP_MAX));
    for (; n > 0; n -= LANES, p += 16, g += 16, before += 16, size += 16) {
      // Signs instead of gradients, whose product may be too small to be told from 0.
      const sign = Simd.sign(one, v128.load(g));
      const turn = v128.mul<real>(sign, v128.load(before));
      const turned = v128.lt<real>(turn, zero);
      const old = v128.load(size);
      const factor = v128.bitselect(minus, v128.bitselect(plus, one, v128.gt<real>(turn, zero)), turned);
      // No size is ever 0 but one that was never set.
      let h = v128.mul<real>(factor, v128.bitselect(first, old, v128.eq<real>(old, zero)));
      h = v128.min<real>(most, v128.max<real>(least, h));
      const side = v128.andnot(sign, turned);
      v128.store(before, side);
      v128.store(size, h);
      v128.store(p, v128.sub<real>(v128.load(p), v128.mul<real>(h, side)));
    }
  }
}

/**
 * With the slope S = −(g + decay p) and the last step d, both times sign d: where |d| > 0.001, a parabola through both
 * slopes gives d ← max(η S, 0) + (S > μ / (1 + μ) S₋ ? μ d : d S / (S₋ − S)); elsewhere d ← η S. Then p ← p + d, within
 * ±1500 (Fahlman 1988, as in FANN). Equal slopes, for which there is no parabola, count as one apart.
 */
export class Quickprop {
  static step(plan: usize, rate: f64, p: usize, g: usize, last: usize, before: usize, n: i32): void {
    const eta = Simd.splat(rate);
    const zero = Simd.splat(0);
    const one = Simd.splat(1);
    const growth = hyper(plan, QUICKPROP_GROWTH);
    const mu = Simd.splat(growth);
    const shrink = Simd.splat(growth / (1 + growth));
    const decay = Simd.splat(hyper(plan, QUICKPROP_DECAY));
    const bound = Simd.splat(1500);
    for (; n > 0; n -= LANES, p += 16, g += 16, last += 16, before += 16) {
      const weight = v128.load(p);
      const slope = v128.neg<real>(Simd.madd(decay, weight, v128.load(g)));
      const step = v128.load(last);
      const sign = Simd.sign(one, step);
      const d = v128.abs<real>(step);
      const now = v128.mul<real>(sign, slope);
      const then = v128.mul<real>(sign, v128.load(before));
      const apart = v128.sub<real>(then, now);
      const parabola = v128.div<real>(v128.mul<real>(d, now), v128.bitselect(one, apart, v128.eq<real>(apart, zero)));
      const jump = v128.bitselect(v128.mul<real>(mu, d), parabola, v128.gt<real>(now, v128.mul<real>(shrink, then)));
      const far = v128.add<real>(v128.max<real>(zero, v128.mul<real>(eta, now)), jump);
      const plain = v128.mul<real>(eta, slope);
      const next = v128.bitselect(v128.mul<real>(sign, far), plain, v128.gt<real>(d, Simd.splat(0.001)));
      v128.store(before, slope);
      v128.store(last, next);
      const moved = v128.add<real>(weight, next);
      v128.store(p, v128.max<real>(v128.neg<real>(bound), v128.min<real>(bound, moved)));
    }
  }
}
