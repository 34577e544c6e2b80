// The rules that most networks use, one class each.
import { ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON, PLAN_POWER1, PLAN_POWER2 } from "../plan";
import { LANES, Simd } from "../numbers/simd";
import { hyper, isKeras } from "./blocks";

/** p ← p − η g */
export class Sgd {
  static step(rate: f64, p: usize, g: usize, n: i32): void {
    const eta = Simd.splat(rate);
    for (; n > 0; n -= LANES, p += 16, g += 16) {
      v128.store(p, v128.sub<real>(v128.load(p), v128.mul<real>(eta, v128.load(g))));
    }
  }
}

/** b ← μ b + g; p ← p − η b */
export class Momentum {
  static step(rate: f64, momentum: f64, p: usize, g: usize, b: usize, n: i32): void {
    const eta = Simd.splat(rate);
    const mu = Simd.splat(momentum);
    for (; n > 0; n -= LANES, p += 16, g += 16, b += 16) {
      const velocity = Simd.madd(mu, v128.load(b), v128.load(g));
      v128.store(b, velocity);
      v128.store(p, v128.sub<real>(v128.load(p), v128.mul<real>(eta, velocity)));
    }
  }
}

/** b ← μ b + g; p ← p − η (g + μ b) */
export class Nesterov {
  static step(rate: f64, momentum: f64, p: usize, g: usize, b: usize, n: i32): void {
    const eta = Simd.splat(rate);
    const mu = Simd.splat(momentum);
    for (; n > 0; n -= LANES, p += 16, g += 16, b += 16) {
      const gradient = v128.load(g);
      const velocity = Simd.madd(mu, v128.load(b), gradient);
      v128.store(b, velocity);
      const ahead = Simd.madd(mu, velocity, gradient);
      v128.store(p, v128.sub<real>(v128.load(p), v128.mul<real>(eta, ahead)));
    }
  }
}

/**
 * m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; p ← p − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
 * (Kingma and Ba 2015; ε outside the corrected root, as in PyTorch; Keras adds it to √v, the paper's ε̂).
 */
export class Adam {
  static step(plan: usize, rate: f64, p: usize, g: usize, m: usize, v: usize, n: i32): void {
    const beta1 = hyper(plan, ADAM_BETA1);
    const beta2 = hyper(plan, ADAM_BETA2);
    const b1 = Simd.splat(beta1);
    const b2 = Simd.splat(beta2);
    const rest1 = Simd.splat(1 - beta1);
    const rest2 = Simd.splat(1 - beta2);
    const k = 1 / sqrt<f64>(1 - load<f64>(plan, PLAN_POWER2));
    const epsilon = Simd.splat(isKeras(plan) ? k * hyper(plan, ADAM_EPSILON) : hyper(plan, ADAM_EPSILON));
    const eta = Simd.splat(rate / (1 - load<f64>(plan, PLAN_POWER1)));
    const correction = Simd.splat(k);
    // n is divisible by the lanes, and this loop runs at least once: so the engine takes constants out of it.
    const end = p + <usize>n * sizeof<real>();
    if (p == end) return;
    do {
      const gradient = v128.load(g);
      const mean = Simd.madd(b1, v128.load(m), v128.mul<real>(rest1, gradient));
      const square = Simd.madd(b2, v128.load(v), v128.mul<real>(rest2, v128.mul<real>(gradient, gradient)));
      v128.store(m, mean);
      v128.store(v, square);
      const root = Simd.madd(v128.sqrt<real>(square), correction, epsilon);
      v128.store(p, v128.sub<real>(v128.load(p), v128.div<real>(v128.mul<real>(eta, mean), root)));
      p += 16;
      g += 16;
      m += 16;
      v += 16;
    } while (p != end);
  }
}
