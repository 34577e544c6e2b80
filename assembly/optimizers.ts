// The optimizers: one class each. They see one flat block of parameters, never layers. Formulas are PyTorch's,
// and Keras's where PLAN_FLAVOR says so; weight decay is decoupled in both.
import {
  ADADELTA,
  ADAGRAD,
  ADAM,
  ADAMAX,
  ADASECANT,
  AMSGRAD,
  EXTRA_NORMS,
  KERAS,
  LION,
  MOMENTUM,
  NADAM,
  NESTEROV,
  PLAN_ACCUMULATE,
  PLAN_AGE,
  PLAN_AVERAGE,
  PLAN_AVERAGE_DECAY,
  PLAN_AVERAGE_START,
  PLAN_CLIP_NORM,
  PLAN_CLIP_VALUE,
  PLAN_EXTRAS,
  PLAN_FLAVOR,
  PLAN_GRADS,
  PLAN_LEARNING_RATE,
  PLAN_OPTIMIZER,
  PLAN_PARAMS,
  PLAN_PENDING,
  PLAN_PENDING_ROWS,
  PLAN_POWER1,
  PLAN_POWER2,
  PLAN_POWER3,
  PLAN_PREPARES,
  PLAN_ROWS,
  PLAN_SCALE,
  PLAN_STATE,
  PLAN_STEP,
  PLAN_SUM,
  PLAN_TRAINABLE,
  PLAN_WEIGHT_DECAY,
  QUICKPROP,
  RADAM,
  RPROP,
  SGD,
  VSGD,
} from "./plan";
import { Vsgd } from "./vsgd";
import { AdaSecant } from "./adasecant";
import { hyper } from "./blocks";
import { LANES, Simd } from "./simd";

/** Whether the rule has Keras's form. */
@inline
function isKeras(plan: usize): bool {
  return load<i32>(plan, PLAN_FLAVOR) == KERAS;
}

/** Counts the current batch; whether an update follows it, or its gradient only waits for those of the next. */
export function endsGroup(plan: usize): bool {
  const batches = load<i32>(plan, PLAN_PENDING) + 1;
  const ends = batches >= load<i32>(plan, PLAN_ACCUMULATE);
  store<i32>(plan, ends ? 0 : batches, PLAN_PENDING);
  const rows = load<i32>(plan, PLAN_PENDING_ROWS) + load<i32>(plan, PLAN_ROWS);
  store<i32>(plan, ends ? 0 : rows, PLAN_PENDING_ROWS);
  return ends;
}

/**
 * For numbers [begin, end) of the flat block, s ← s + rows · g; after the group's last batch g ← s / (its rows), s ← 0.
 * Comes before endsGroup. A batch weighs as much as it has rows, so that a group is one batch of all of them.
 */
export function accumulate(plan: usize, begin: i32, end: i32): void {
  const at = <usize>begin * sizeof<real>();
  let g = load<usize>(plan, PLAN_GRADS) + at;
  let s = load<usize>(plan, PLAN_SUM) + at;
  const rows = load<i32>(plan, PLAN_ROWS);
  const weight = Simd.splat(rows);
  const all = Simd.splat(load<i32>(plan, PLAN_PENDING_ROWS) + rows);
  const ends = load<i32>(plan, PLAN_PENDING) + 1 >= load<i32>(plan, PLAN_ACCUMULATE);
  for (let n = end - begin; n > 0; n -= LANES, g += 16, s += 16) {
    const sum = Simd.madd(weight, v128.load(g), v128.load(s));
    v128.store(s, ends ? Simd.splat(0) : sum);
    if (ends) v128.store(g, v128.div<real>(sum, all));
  }
}

/** Counts the update that comes next, moves on the powers that correct Adam's averages, and measures the gradient. */
export function beginUpdate(plan: usize): void {
  store<f64>(plan, load<f64>(plan, PLAN_STEP) + 1, PLAN_STEP);
  const age = load<f64>(plan, PLAN_AGE) + 1;
  store<f64>(plan, age, PLAN_AGE);
  // The average begins with the weights before the first update.
  if (COMPLETE && age == 1) average(plan, 0, load<i32>(plan, PLAN_TRAINABLE), true);
  const kind = load<i32>(plan, PLAN_OPTIMIZER);
  if (kind >= ADAM && kind <= RADAM) {
    const decay = load<f64>(plan, PLAN_POWER3) * hyper(plan, 3);
    store<f64>(plan, decay, PLAN_POWER3);
    const beta1 = kind == NADAM ? Nadam.momentum(plan, decay) : hyper(plan, 0);
    store<f64>(plan, load<f64>(plan, PLAN_POWER1) * beta1, PLAN_POWER1);
    store<f64>(plan, load<f64>(plan, PLAN_POWER2) * hyper(plan, 1), PLAN_POWER2);
  }
  if (COMPLETE) {
    if (kind == ADASECANT) AdaSecant.begin(plan);
    else if (kind == VSGD) Vsgd.begin(plan);
  }
  if (load<i32>(plan, PLAN_PREPARES)) store<f64>(plan, Gradient.scale(plan), PLAN_SCALE);
}

/** New weights for numbers [begin, end) of the flat block, bounds divisible by the lanes; one pass over p, g and state. */
export function update(plan: usize, begin: i32, end: i32): void {
  const at = <usize>begin * sizeof<real>();
  const p = load<usize>(plan, PLAN_PARAMS) + at;
  const g = load<usize>(plan, PLAN_GRADS) + at;
  const s = load<usize>(plan, PLAN_STATE) + at;
  const n = end - begin;
  const kind = load<i32>(plan, PLAN_OPTIMIZER);
  if (COMPLETE && kind == ADASECANT) {
    AdaSecant.update(plan, load<f64>(plan, PLAN_LEARNING_RATE), begin, end);
  } else if (COMPLETE && kind == VSGD) {
    Vsgd.update(plan, begin, end);
  } else {
    step(plan, p, g, s, n);
  }
  // Weights that are still to be shortened are averaged afterwards: see `average`.
  if (COMPLETE && !(load<i32>(plan, PLAN_EXTRAS) & EXTRA_NORMS)) average(plan, begin, end, false);
}

/** The moving average of numbers [begin, end), where there is one, takes in their new values; `isFirst`: begins with them. */
export function average(plan: usize, begin: i32, end: i32, isFirst: bool): void {
  const at = <usize>begin * sizeof<real>();
  const a = load<usize>(plan, PLAN_AVERAGE);
  if (a) averageOf(plan, load<usize>(plan, PLAN_PARAMS) + at, a + at, end - begin, isFirst);
}

/** a ← c a + (1 − c) p, where a is a copy of p up to the first update, or a later one: without correction. */
function averageOf(plan: usize, p: usize, a: usize, n: i32, isFirst: bool): void {
  const isCopy = isFirst || load<f64>(plan, PLAN_AGE) <= load<f64>(plan, PLAN_AVERAGE_START);
  const decay = isCopy ? 0 : load<f64>(plan, PLAN_AVERAGE_DECAY);
  const keep = Simd.splat(decay);
  const rest = Simd.splat(1 - decay);
  for (; n > 0; n -= LANES, p += 16, a += 16) {
    v128.store(a, Simd.madd(keep, v128.load(a), v128.mul<real>(rest, v128.load(p))));
  }
}

/** The rule, over n numbers. */
function step(plan: usize, p: usize, g: usize, s: usize, n: i32): void {
  let rate = load<f64>(plan, PLAN_LEARNING_RATE);
  const kind = load<i32>(plan, PLAN_OPTIMIZER);
  // Keras's velocities hold rates, so that a change of the rate comes slowly: it goes into the gradient.
  const isInside = isKeras(plan) && (kind == MOMENTUM || kind == NESTEROV);
  if (load<i32>(plan, PLAN_PREPARES)) Gradient.prepare(plan, rate, isInside ? rate : 1, p, g, n);
  if (isInside) rate = 1;
  const s2 = s + <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
  switch (kind) {
    case SGD:
      return Sgd.step(rate, p, g, n);
    case MOMENTUM:
      return Momentum.step(rate, hyper(plan, 0), p, g, s, n);
    case NESTEROV:
      return Nesterov.step(rate, hyper(plan, 0), p, g, s, n);
    case ADAM:
      return Adam.step(plan, rate, p, g, s, s2, n);
    default:
      if (COMPLETE) rareStep(plan, kind, rate, p, g, s, s2, n);
  }
}

/** The rules that a page's own build leaves to the complete one. */
function rareStep(plan: usize, kind: i32, rate: f64, p: usize, g: usize, s: usize, s2: usize, n: i32): void {
  switch (kind) {
    case ADADELTA:
      return Adadelta.step(plan, rate, p, g, s, s2, n);
    case LION:
      return Lion.step(plan, rate, p, g, s, n);
    case RPROP:
      return Rprop.step(plan, rate, p, g, s, s2, n);
    case QUICKPROP:
      return Quickprop.step(plan, rate, p, g, s, s2, n);
    default:
      return Scaled.step(plan, kind, rate, p, g, s, s2 - s, n);
  }
}

/** What comes before any rule: each gradient within ±clipValue, their norm at most clipNorm, and decoupled decay. */
class Gradient {
  /**
   * min(1, c / (‖g‖ + 1e-6)), as PyTorch has it, or Keras's c / max(‖g‖, c), over all that training changes; summed in
   * order, in float64.
   */
  static scale(plan: usize): f64 {
    const most = load<f64>(plan, PLAN_CLIP_NORM);
    if (most == 0) return 1;
    let norm = Gradient.norm(plan, 1);
    // Squares that overflow: only float64 has numbers so large.
    if (sizeof<real>() == 8 && norm == Infinity) norm = Gradient.norm(plan, 1e-160) / 1e-160;
    return isKeras(plan) ? most / max<f64>(norm, most) : min<f64>(1, most / (norm + 1e-6));
  }

  /** ‖g‖, of each gradient within ±clipValue, times `scale`. */
  static norm(plan: usize, scale: f64): f64 {
    const limit = Gradient.limit(plan);
    let total: f64 = 0;
    let g = load<usize>(plan, PLAN_GRADS);
    for (let n = load<i32>(plan, PLAN_TRAINABLE); n > 0; --n, g += sizeof<real>()) {
      const gradient = scale * min<f64>(limit, abs<f64>(load<real>(g)));
      total += gradient * gradient;
    }
    return sqrt<f64>(total);
  }

  /** g ← c · min(max(g, −limit), limit); p ← p − η wd p (Loshchilov and Hutter 2019). A pass of its own, where asked for. */
  static prepare(plan: usize, rate: f64, factor: f64, p: usize, g: usize, n: i32): void {
    const limit = Gradient.limit(plan);
    const keep = Simd.splat(1 - rate * load<f64>(plan, PLAN_WEIGHT_DECAY));
    const c = Simd.splat(load<f64>(plan, PLAN_SCALE) * factor);
    const high = Simd.splat(limit);
    const low = Simd.splat(-limit);
    for (; n > 0; n -= LANES, p += 16, g += 16) {
      v128.store(p, v128.mul<real>(keep, v128.load(p)));
      const gradient = v128.min<real>(high, v128.max<real>(low, v128.load(g)));
      v128.store(g, v128.mul<real>(c, gradient));
    }
  }


  @inline static limit(plan: usize): f64 {
    const limit = load<f64>(plan, PLAN_CLIP_VALUE);
    return limit == 0 ? Infinity : limit;
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
 * (Kingma and Ba 2015; ε outside the corrected root, as in PyTorch; Keras adds it to √v, the paper's ε̂). β₁, β₂ and ε
 * are the first numbers of PLAN_HYPER.
 */
class Adam {
  static step(plan: usize, rate: f64, p: usize, g: usize, m: usize, v: usize, n: i32): void {
    const beta1 = hyper(plan, 0);
    const beta2 = hyper(plan, 1);
    const b1 = Simd.splat(beta1);
    const b2 = Simd.splat(beta2);
    const rest1 = Simd.splat(1 - beta1);
    const rest2 = Simd.splat(1 - beta2);
    const k = 1 / sqrt<f64>(1 - load<f64>(plan, PLAN_POWER2));
    const epsilon = Simd.splat(isKeras(plan) ? k * hyper(plan, 2) : hyper(plan, 2));
    const eta = Simd.splat(rate / (1 - load<f64>(plan, PLAN_POWER1)));
    const correction = Simd.splat(k);
    // n is a multiple of the lanes.
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
 * - nadam (Dozat 2016): d = ((1 − μₜ) / (1 − Πμ) g + μₜ₊₁ / (1 − Πμ μₜ₊₁) m) / (√(v / (1 − β₂ᵗ)) + ε), where Πμ ends with
 *   μₜ; only one of the two paths of PyTorch 1.13 has μₜ twice
 * - radam (Liu et al. 2020): adam, times its rectification r; d = m / (1 − β₁ᵗ) while v says too little
 */
class Scaled {
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

class Nadam {
  /** μₜ = β₁ (1 − ½ 0.96^(t ψ)), from that power. */
  @inline static momentum(plan: usize, decay: f64): f64 {
    return hyper(plan, 0) * (1 - 0.5 * decay);
  }
}

/** s ← ρ s + (1 − ρ) g²; d = √(u + ε) / √(s + ε) g; u ← ρ u + (1 − ρ) d²; p ← p − η d (Zeiler 2012) */
class Adadelta {
  static step(plan: usize, rate: f64, p: usize, g: usize, s: usize, u: usize, n: i32): void {
    const eta = Simd.splat(rate);
    const rho = Simd.splat(hyper(plan, 0));
    const rest = Simd.splat(1 - hyper(plan, 0));
    const epsilon = Simd.splat(hyper(plan, 1));
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
class Lion {
  static step(plan: usize, rate: f64, p: usize, g: usize, m: usize, n: i32): void {
    const eta = Simd.splat(rate);
    const b1 = Simd.splat(hyper(plan, 0));
    const b2 = Simd.splat(hyper(plan, 1));
    const rest1 = Simd.splat(1 - hyper(plan, 0));
    const rest2 = Simd.splat(1 - hyper(plan, 1));
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
 * g₋ ← g. The first h is the learning rate (iRprop−, Igel and Hüsken 2000). Numbers: η⁻, η⁺, the least and largest h.
 */
class Rprop {
  static step(plan: usize, rate: f64, p: usize, g: usize, before: usize, size: usize, n: i32): void {
    const zero = Simd.splat(0);
    const one = Simd.splat(1);
    const first = Simd.splat(rate);
    const minus = Simd.splat(hyper(plan, 0));
    const plus = Simd.splat(hyper(plan, 1));
    const least = Simd.splat(hyper(plan, 2));
    const most = Simd.splat(hyper(plan, 3));
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
 * ±1500 (Fahlman 1988, as in FANN). Equal slopes, for which there is no parabola, count as one apart. Numbers: μ, decay.
 */
class Quickprop {
  static step(plan: usize, rate: f64, p: usize, g: usize, last: usize, before: usize, n: i32): void {
    const eta = Simd.splat(rate);
    const zero = Simd.splat(0);
    const one = Simd.splat(1);
    const mu = Simd.splat(hyper(plan, 0));
    const shrink = Simd.splat(hyper(plan, 0) / (1 + hyper(plan, 0)));
    const decay = Simd.splat(hyper(plan, 1));
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
