// Rules that divide by a root mean square, or by a largest gradient.
import { ADAGRAD, ADAMAX, AMSGRAD, NADAM, PLAN_AGE, PLAN_POWER1, PLAN_POWER2, PLAN_POWER3, RADAM } from "../plan";
import { LANES, Simd } from "../numbers/simd";
import { hyper, isKeras } from "./blocks";

/**
 * The other rules that divide by a root mean square, with state v ← β₂ v + b g², and m ← β₁ m + (1 − β₁) g where the
 * rule has it, else m = g: p ← p − η d, d = (u g + w m) / (k √(v + i) + ε). Which numbers these are is decided once a
 * step. Where Keras differs, its form stands behind the sign |.
 *
 * - adagrad (Duchi, Hazan, Singer 2011): v ← v + g²; d = g / (√(v + v₀) + ε) | g / √(v + v₀ + ε)
 * - rmsprop (Hinton 2012): d = g / (√v + ε) | g / √(v + ε), centered v − m² for v; with momentum b ← μ b + d takes the
 *   place of d | b ← μ b + η d that of η d
 * - amsgrad (Reddi, Kale, Kumar 2018): adam with the largest v so far
 * - adamax (Kingma and Ba 2015): v ← max(β₂ v, |g| + ε); d = m / ((1 − β₁ᵗ) v) | ε is not in v, but added to it below
 * - nadam (Dozat 2016): d = ((1 − μₜ) / (1 − Πμ) g + μₜ₊₁ / (1 − Πμ μₜ μₜ₊₁) m) / (√(v / (1 − β₂ᵗ)) + ε), as in
 *   PyTorch 1.13; PyTorch 2 and Keras leave out the second μₜ, which Πμ holds already
 * - radam (Liu et al. 2020): adam, times its rectification r; d = m / (1 − β₁ᵗ) while v says too little
 */
export class Scaled {
  static step(plan: usize, kind: i32, rate: f64, p: usize, g: usize, v: usize, stride: usize, n: i32): void {
    const beta1 = hyper(plan, 0);
    const beta2 = hyper(plan, 1);
    const power1 = load<f64>(plan, PLAN_POWER1);
    const rest = 1 - load<f64>(plan, PLAN_POWER2);
    let b = 1 - beta2;
    let u: f64 = 0;
    let w = 1 / (1 - power1);
    let k = 1 / sqrt<f64>(rest);
    let e = hyper(plan, 2);
    let i: f64 = 0;
    let m = v + stride;
    const keras = isKeras(plan);
    let velocity: usize = 0;
    let largest: usize = 0;
    let centered = false;
    if (kind == AMSGRAD) {
      largest = m + stride;
      if (keras) e *= k;
    } else if (kind == NADAM) {
      const decay = load<f64>(plan, PLAN_POWER3);
      const now = Nadam.momentum(plan, decay);
      const next = Nadam.momentum(plan, decay * hyper(plan, 3));
      u = (1 - now) / (1 - power1);
      w = next / (1 - power1 * next);
    } else if (kind == RADAM) {
      const t = load<f64>(plan, PLAN_AGE);
      const most = 2 / (1 - beta2) - 1;
      const length = most - (2 * t * (1 - rest)) / rest;
      if (length > 5) {
        w *= sqrt<f64>((((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length)) * rest);
        k = 1;
      } else {
        k = 0;
        e = 1;
      }
    } else if (kind == ADAMAX) {
      if (!keras) {
        i = e;
        e = 0;
      }
    } else {
      u = 1;
      w = 0;
      k = 1;
      centered = hyper(plan, 4) != 0;
      if (hyper(plan, 3) != 0) velocity = centered ? m + stride : m;
      if (!centered) m = 0;
      if (kind == ADAGRAD) b = 1;
      i = hyper(plan, 5);
      if (keras) {
        i += e;
        e = 0;
        if (velocity) {
          u = rate;
          rate = 1;
        }
      }
    }
    const b1 = Simd.splat(beta1);
    const rest1 = Simd.splat(1 - beta1);
    const b2 = Simd.splat(beta2);
    const rest2 = Simd.splat(b);
    const mu = Simd.splat(hyper(plan, 3));
    const ofGradient = Simd.splat(u);
    const ofMean = Simd.splat(w);
    const factor = Simd.splat(k);
    const epsilon = Simd.splat(e);
    const inside = Simd.splat(i);
    const eta = Simd.splat(rate);
    for (let at: usize = 0; n > 0; n -= LANES, at += 16) {
      const gradient = v128.load(g + at);
      let mean = gradient;
      if (m) {
        mean = Simd.madd(b1, v128.load(m + at), v128.mul<real>(rest1, gradient));
        v128.store(m + at, mean);
      }
      let square = v128.mul<real>(b2, v128.load(v + at));
      let root: v128;
      if (kind == ADAMAX) {
        square = v128.max<real>(square, v128.add<real>(v128.abs<real>(gradient), inside));
        root = v128.add<real>(square, epsilon);
      } else {
        square = v128.add<real>(square, v128.mul<real>(rest2, v128.mul<real>(gradient, gradient)));
        root = square;
        if (largest) {
          root = v128.max<real>(square, v128.load(largest + at));
          v128.store(largest + at, root);
        }
        // Rounding must not bring the variance below 0.
        if (centered) root = v128.max<real>(Simd.splat(0), v128.sub<real>(square, v128.mul<real>(mean, mean)));
        root = Simd.madd(v128.sqrt<real>(v128.add<real>(root, inside)), factor, epsilon);
      }
      v128.store(v + at, square);
      let d = v128.div<real>(Simd.madd(ofGradient, gradient, v128.mul<real>(ofMean, mean)), root);
      if (velocity) {
        d = Simd.madd(mu, v128.load(velocity + at), d);
        v128.store(velocity + at, d);
      }
      v128.store(p + at, v128.sub<real>(v128.load(p + at), v128.mul<real>(eta, d)));
    }
  }
}

export class Nadam {
  /** μₜ = β₁ (1 − ½ 0.96^(t ψ)), from that power. */
  @inline static momentum(plan: usize, decay: f64): f64 {
    return hyper(plan, 0) * (1 - 0.5 * decay);
  }
}
