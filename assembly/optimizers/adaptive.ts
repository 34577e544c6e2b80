// Rules that divide by a root mean square of gradients, or by the largest of them, one class each. Pages load them apart.
// Where Keras has another form than PyTorch, Keras's stands behind the sign |.
import {
  ADAGRAD_EPSILON,
  ADAGRAD_FIRST,
  ADAM_BETA1,
  ADAM_BETA2,
  ADAM_EPSILON,
  NADAM_DECAY,
  PLAN_AGE,
  PLAN_POWER1,
  PLAN_POWER2,
  PLAN_POWER3,
  RMSPROP_CENTERED,
  RMSPROP_EPSILON,
  RMSPROP_MOMENTUM,
  RMSPROP_RHO,
} from "../plan";
import { LANES, Simd } from "../numbers/simd";
import { hyper, isKeras } from "./blocks";

/** v ← v + g²; p ← p − η g / (√(v + v₀) + ε) | p − η g / √(v + v₀ + ε) (Duchi, Hazan and Singer 2011) */
export class Adagrad {
  static step(plan: usize, rate: f64, p: usize, g: usize, v: usize, n: i32): void {
    MeanSquare.step(plan, rate, 1, 1, hyper(plan, ADAGRAD_FIRST), hyper(plan, ADAGRAD_EPSILON), 0, p, g, v, 0, 0, n);
  }
}

/**
 * v ← ρ v + (1 − ρ) g²; d = g / (√v + ε) | g / √(v + ε); p ← p − η d (Hinton 2012). Where it is centered, the mean
 * m ← ρ m + (1 − ρ) g makes of v the variance v − m². With momentum, b ← μ b + d takes the place of d | b ← μ b + η d that
 * of η d. The arrays stand in this order: v, m if there is one, b if there is one.
 */
export class RmsProp {
  static step(plan: usize, rate: f64, p: usize, g: usize, v: usize, stride: usize, n: i32): void {
    const rho = hyper(plan, RMSPROP_RHO);
    const momentum = hyper(plan, RMSPROP_MOMENTUM);
    const m: usize = hyper(plan, RMSPROP_CENTERED) != 0 ? v + stride : 0;
    const b: usize = momentum != 0 ? (m ? m : v) + stride : 0;
    MeanSquare.step(plan, rate, rho, 1 - rho, 0, hyper(plan, RMSPROP_EPSILON), momentum, p, g, v, m, b, n);
  }
}

/** What adagrad and rmsprop have in common: v ← keep v + add g², and the rest as rmsprop's, with v + v₀ for v. */
class MeanSquare {
  static step(
    plan: usize,
    rate: f64,
    keep: f64,
    add: f64,
    first: f64,
    epsilon: f64,
    momentum: f64,
    p: usize,
    g: usize,
    v: usize,
    m: usize,
    b: usize,
    n: i32,
  ): void {
    const keras = isKeras(plan);
    const isInside = keras && b != 0; // whether b holds rates
    const rho = Simd.splat(keep);
    const rest = Simd.splat(add);
    const mu = Simd.splat(momentum);
    const inside = Simd.splat(keras ? first + epsilon : first);
    const outside = Simd.splat(keras ? 0 : epsilon);
    const factor = Simd.splat(isInside ? rate : 1);
    const eta = Simd.splat(isInside ? 1 : rate);
    for (let at: usize = 0; n > 0; n -= LANES, at += 16) {
      const gradient = v128.load(g + at);
      const square = v128.add<real>(
        v128.mul<real>(rho, v128.load(v + at)),
        v128.mul<real>(rest, v128.mul<real>(gradient, gradient)),
      );
      v128.store(v + at, square);
      let variance = square;
      if (m) {
        const mean = Simd.madd(rho, v128.load(m + at), v128.mul<real>(rest, gradient));
        v128.store(m + at, mean);
        // Rounding must not bring the variance below 0.
        variance = v128.max<real>(Simd.splat(0), v128.sub<real>(square, v128.mul<real>(mean, mean)));
      }
      const root = v128.add<real>(v128.sqrt<real>(v128.add<real>(variance, inside)), outside);
      let d = v128.div<real>(v128.mul<real>(factor, gradient), root);
      if (b) {
        d = Simd.madd(mu, v128.load(b + at), d);
        v128.store(b + at, d);
      }
      v128.store(p + at, v128.sub<real>(v128.load(p + at), v128.mul<real>(eta, d)));
    }
  }
}

/**
 * m ← β₁ m + (1 − β₁) g; v ← max(β₂ v, |g| + ε); p ← p − η m / ((1 − β₁ᵗ) v) | ε is not in v, but added where v divides
 * (Kingma and Ba 2015)
 */
export class Adamax {
  static step(plan: usize, rate: f64, p: usize, g: usize, v: usize, m: usize, n: i32): void {
    const keras = isKeras(plan);
    const beta1 = hyper(plan, ADAM_BETA1);
    const epsilon = hyper(plan, ADAM_EPSILON);
    const b1 = Simd.splat(beta1);
    const rest1 = Simd.splat(1 - beta1);
    const b2 = Simd.splat(hyper(plan, ADAM_BETA2));
    const correction = Simd.splat(1 / (1 - load<f64>(plan, PLAN_POWER1)));
    const inside = Simd.splat(keras ? 0 : epsilon);
    const outside = Simd.splat(keras ? epsilon : 0);
    const eta = Simd.splat(rate);
    for (; n > 0; n -= LANES, p += 16, g += 16, v += 16, m += 16) {
      const gradient = v128.load(g);
      const mean = Simd.madd(b1, v128.load(m), v128.mul<real>(rest1, gradient));
      const size = v128.add<real>(v128.abs<real>(gradient), inside);
      const largest = v128.max<real>(v128.mul<real>(b2, v128.load(v)), size);
      v128.store(m, mean);
      v128.store(v, largest);
      const d = v128.div<real>(v128.mul<real>(correction, mean), v128.add<real>(largest, outside));
      v128.store(p, v128.sub<real>(v128.load(p), v128.mul<real>(eta, d)));
    }
  }
}

/** adam with the largest v so far in place of v (Reddi, Kale and Kumar 2018) */
export class Amsgrad {
  static step(plan: usize, rate: f64, p: usize, g: usize, v: usize, stride: usize, n: i32): void {
    const w = 1 / (1 - load<f64>(plan, PLAN_POWER1));
    const k = 1 / sqrt<f64>(1 - load<f64>(plan, PLAN_POWER2));
    const epsilon = hyper(plan, ADAM_EPSILON);
    const largest = v + 2 * stride;
    Moments.step(plan, rate, 0, w, k, isKeras(plan) ? k * epsilon : epsilon, p, g, v, v + stride, largest, n);
  }
}

/**
 * p ← p − η ((1 − μₜ) / (1 − Πμ) g + μₜ₊₁ / (1 − Πμ μₜ₊₁) m) / (√(v / (1 − β₂ᵗ)) + ε), where Πμ ends with μₜ (Dozat 2016).
 * Only one of the two paths of PyTorch 1.13 has μₜ twice.
 */
export class Nadam {
  static step(plan: usize, rate: f64, p: usize, g: usize, v: usize, m: usize, n: i32): void {
    const power1 = load<f64>(plan, PLAN_POWER1);
    const decay = load<f64>(plan, PLAN_POWER3);
    const now = Nadam.momentum(plan, decay);
    const next = Nadam.momentum(plan, decay * hyper(plan, NADAM_DECAY));
    const u = (1 - now) / (1 - power1);
    const w = next / (1 - power1 * next);
    const k = 1 / sqrt<f64>(1 - load<f64>(plan, PLAN_POWER2));
    Moments.step(plan, rate, u, w, k, hyper(plan, ADAM_EPSILON), p, g, v, m, 0, n);
  }

  /** μₜ = β₁ (1 − ½ 0.96^(t ψ)), from that power. */
  @inline static momentum(plan: usize, decay: f64): f64 {
    return hyper(plan, ADAM_BETA1) * (1 - 0.5 * decay);
  }
}

/** adam times its rectification r; p ← p − η m / (1 − β₁ᵗ) while v says too little (Liu et al. 2020) */
export class Radam {
  static step(plan: usize, rate: f64, p: usize, g: usize, v: usize, m: usize, n: i32): void {
    const rest = 1 - load<f64>(plan, PLAN_POWER2);
    const w = 1 / (1 - load<f64>(plan, PLAN_POWER1));
    const t = load<f64>(plan, PLAN_AGE);
    const most = 2 / (1 - hyper(plan, ADAM_BETA2)) - 1;
    const length = most - (2 * t * (1 - rest)) / rest;
    if (length > 5) {
      const r = sqrt<f64>((((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length)) * rest);
      Moments.step(plan, rate, 0, w * r, 1, hyper(plan, ADAM_EPSILON), p, g, v, m, 0, n);
    } else {
      Moments.step(plan, rate, 0, w, 0, 1, p, g, v, m, 0, n);
    }
  }
}

/**
 * What adam's kin have in common: m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; p ← p − η (u g + w m) / (k √v + ε). If
 * there is an array of the largest v so far, that is taken for v.
 */
class Moments {
  static step(
    plan: usize,
    rate: f64,
    u: f64,
    w: f64,
    k: f64,
    epsilon: f64,
    p: usize,
    g: usize,
    v: usize,
    m: usize,
    largest: usize,
    n: i32,
  ): void {
    const beta1 = hyper(plan, ADAM_BETA1);
    const beta2 = hyper(plan, ADAM_BETA2);
    const b1 = Simd.splat(beta1);
    const rest1 = Simd.splat(1 - beta1);
    const b2 = Simd.splat(beta2);
    const rest2 = Simd.splat(1 - beta2);
    const ofGradient = Simd.splat(u);
    const ofMean = Simd.splat(w);
    const factor = Simd.splat(k);
    const outside = Simd.splat(epsilon);
    const eta = Simd.splat(rate);
    for (let at: usize = 0; n > 0; n -= LANES, at += 16) {
      const gradient = v128.load(g + at);
      const mean = Simd.madd(b1, v128.load(m + at), v128.mul<real>(rest1, gradient));
      const square = v128.add<real>(
        v128.mul<real>(b2, v128.load(v + at)),
        v128.mul<real>(rest2, v128.mul<real>(gradient, gradient)),
      );
      v128.store(m + at, mean);
      v128.store(v + at, square);
      let most = square;
      if (largest) {
        most = v128.max<real>(square, v128.load(largest + at));
        v128.store(largest + at, most);
      }
      const root = Simd.madd(v128.sqrt<real>(most), factor, outside);
      const d = v128.div<real>(Simd.madd(ofGradient, gradient, v128.mul<real>(ofMean, mean)), root);
      v128.store(p + at, v128.sub<real>(v128.load(p + at), v128.mul<real>(eta, d)));
    }
  }
}
