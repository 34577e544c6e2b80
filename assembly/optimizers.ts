// The optimizers: one class each. They see one flat block of parameters, never layers. Formulas are PyTorch's.
import {
  ADAM,
  MOMENTUM,
  NESTEROV,
  PLAN_GRADS,
  PLAN_HYPER,
  PLAN_LEARNING_RATE,
  PLAN_OPTIMIZER,
  PLAN_PARAMS,
  PLAN_POWER1,
  PLAN_POWER2,
  PLAN_STATE,
  PLAN_STEP,
  PLAN_TRAINABLE,
  SGD,
} from "./plan";
import { LANES, Simd } from "./simd";

/** Counts the update that comes next and moves on the powers that correct Adam's averages. Once a step. */
export function beginUpdate(plan: usize): void {
  store<f64>(plan, load<f64>(plan, PLAN_STEP) + 1, PLAN_STEP);
  if (load<i32>(plan, PLAN_OPTIMIZER) == ADAM) {
    store<f64>(plan, load<f64>(plan, PLAN_POWER1) * load<f64>(plan, PLAN_HYPER), PLAN_POWER1);
    store<f64>(plan, load<f64>(plan, PLAN_POWER2) * load<f64>(plan, PLAN_HYPER + 8), PLAN_POWER2);
  }
}

/** New weights for numbers [begin, end) of the flat block, bounds divisible by the lanes; one pass over p, g and state. */
export function update(plan: usize, begin: i32, end: i32): void {
  const at = <usize>begin * sizeof<real>();
  const p = load<usize>(plan, PLAN_PARAMS) + at;
  const g = load<usize>(plan, PLAN_GRADS) + at;
  const s = load<usize>(plan, PLAN_STATE) + at;
  const n = end - begin;
  const rate = load<f64>(plan, PLAN_LEARNING_RATE);
  switch (load<i32>(plan, PLAN_OPTIMIZER)) {
    case SGD:
      return Sgd.step(rate, p, g, n);
    case MOMENTUM:
      return Momentum.step(rate, load<f64>(plan, PLAN_HYPER), p, g, s, n);
    case NESTEROV:
      return Nesterov.step(rate, load<f64>(plan, PLAN_HYPER), p, g, s, n);
    case ADAM:
      return Adam.step(plan, rate, p, g, s, s + <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>(), n);
  }
}

/** p ← p − η g */
class Sgd {
  static step(rate: f64, p: usize, g: usize, n: i32): void {
    const eta = Simd.splat(rate);
    for (; n > 0; n -= LANES, p += 16, g += 16) {
      v128.store(p, v128.sub<real>(v128.load(p), v128.mul<real>(eta, v128.load(g))));
    }
  }
}

/** b ← μ b + g; p ← p − η b */
class Momentum {
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
class Nesterov {
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
 * (Kingma and Ba 2015; ε outside the corrected root, as in PyTorch). β₁, β₂ and ε are the first numbers of PLAN_HYPER.
 */
class Adam {
  static step(plan: usize, rate: f64, p: usize, g: usize, m: usize, v: usize, n: i32): void {
    const beta1 = load<f64>(plan, PLAN_HYPER);
    const beta2 = load<f64>(plan, PLAN_HYPER + 8);
    const b1 = Simd.splat(beta1);
    const b2 = Simd.splat(beta2);
    const rest1 = Simd.splat(1 - beta1);
    const rest2 = Simd.splat(1 - beta2);
    const epsilon = Simd.splat(load<f64>(plan, PLAN_HYPER + 16));
    const eta = Simd.splat(rate / (1 - load<f64>(plan, PLAN_POWER1)));
    const correction = Simd.splat(1 / sqrt<f64>(1 - load<f64>(plan, PLAN_POWER2)));
    for (; n > 0; n -= LANES, p += 16, g += 16, m += 16, v += 16) {
      const gradient = v128.load(g);
      const mean = Simd.madd(b1, v128.load(m), v128.mul<real>(rest1, gradient));
      const square = Simd.madd(b2, v128.load(v), v128.mul<real>(rest2, v128.mul<real>(gradient, gradient)));
      v128.store(m, mean);
      v128.store(v, square);
      const root = Simd.madd(v128.sqrt<real>(square), correction, epsilon);
      v128.store(p, v128.sub<real>(v128.load(p), v128.div<real>(v128.mul<real>(eta, mean), root)));
    }
  }
}
