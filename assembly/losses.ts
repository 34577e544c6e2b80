// The losses: one class each, a function of the activation and the target (or, for a cross-entropy behind its own
// activation, of the weighted input) and its derivative together, and the loops that apply them to rows.
import {
  BINARY_CROSS_ENTROPY,
  CATEGORICAL_CROSS_ENTROPY,
  COSINE_SIMILARITY,
  HINGE,
  HUBER,
  KL_DIVERGENCE,
  LAST_FUSED,
  LAST_SUMMED,
  LOG_COSH,
  LOG_DIVERGENCE,
  LOG_LIKELIHOOD,
  MEAN_ABSOLUTE_ERROR,
  MEAN_ABSOLUTE_PERCENTAGE_ERROR,
  MEAN_SQUARED_ERROR,
  MEAN_SQUARED_LOGARITHMIC_ERROR,
  POISSON,
  SIGMOID_CROSS_ENTROPY,
  SOFTMAX_DIVERGENCE,
  SQUARED_ERROR,
  SQUARED_HINGE,
} from "./plan";
import { LANES, Simd } from "./simd";
import { Lanes } from "./math";
import { largest } from "./activations";

// A loss that is a sum or a mean over the outputs has value(a, t) and derivative(a, t) = ∂/∂a, or ∂/∂z where it is fused
// with its activation; p is its parameter. Where a derivative jumps, it is 0 at the jump.

/** ½ (a − t)² */
class SquaredError {
  /** ½ (a − t)² */
  @inline static value(a: v128, t: v128): v128 {
    // Halved before it is squared: the square may be beyond all numbers though half of it is not.
    const error = v128.sub<real>(a, t);
    return v128.mul<real>(v128.mul<real>(Simd.splat(0.5), error), error);
  }

  /** ∂/∂a = a − t */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.sub<real>(a, t);
  }
}

/** (a − t)² */
class MeanSquaredError {
  /** (a − t)² */
  @inline static value(a: v128, t: v128): v128 {
    const error = v128.sub<real>(a, t);
    return v128.mul<real>(error, error);
  }

  /** ∂/∂a = 2 (a − t) */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.mul<real>(Simd.splat(2), v128.sub<real>(a, t));
  }
}

/**
 * −t log a − (1 − t) log(1 − a) with a = sigmoid(z), as |z| s + log(1 + e^−|z|), where s is 1 − t for z > 0 and t
 * elsewhere. It is finite for any z. Both terms are at least 0, so no digits are lost: max(z, 0) − z t would lose them.
 */
class SigmoidCrossEntropy {
  /** |z| s + log(1 + e^−|z|) */
  @inline static value(z: v128, t: v128): v128 {
    const rest = v128.sub<real>(Simd.splat(1), t);
    const share = v128.bitselect(rest, t, v128.gt<real>(z, Simd.splat(0)));
    return v128.add<real>(v128.mul<real>(v128.abs<real>(z), share), Lanes.log1pExp<real>(z));
  }

  /** ∂/∂z = a − t */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.sub<real>(a, t);
  }
}

/** |a − t| */
class MeanAbsoluteError {
  /** |a − t| */
  @inline static value(a: v128, t: v128): v128 {
    return v128.abs<real>(v128.sub<real>(a, t));
  }

  /** ∂/∂a = sign(a − t) */
  @inline static derivative(a: v128, t: v128): v128 {
    return sign(v128.sub<real>(a, t));
  }
}

/** ½ e² for |e| <= δ, δ (|e| − ½ δ) beyond, with e = a − t (Huber 1964). */
class Huber {
  /** c (|e| − ½ c) with c = min(|e|, δ) */
  @inline static value(a: v128, t: v128, delta: v128): v128 {
    const size = MeanAbsoluteError.value(a, t);
    const c = v128.pmin<real>(size, delta);
    return v128.mul<real>(c, v128.sub<real>(size, v128.mul<real>(Simd.splat(0.5), c)));
  }

  /** ∂/∂a = e held within ±δ */
  @inline static derivative(a: v128, t: v128, delta: v128): v128 {
    return v128.pmin<real>(v128.pmax<real>(v128.sub<real>(a, t), v128.neg<real>(delta)), delta);
  }
}

/** log cosh(a − t) */
class LogCosh {
  /** With e = a − t: −½ log(1 − tanh² e) near 0, |e| + log(1 + e^−2|e|) − log 2 elsewhere */
  @inline static value(a: v128, t: v128): v128 {
    const size = MeanAbsoluteError.value(a, t);
    const tanh = Lanes.tanh<real>(size);
    const near = v128.lt<real>(size, Simd.splat(1));
    const power = Lanes.exp<real>(v128.mul<real>(Simd.splat(-2), size));
    const logarithm = Lanes.log1p<real>(v128.bitselect(v128.neg<real>(v128.mul<real>(tanh, tanh)), power, near));
    const far = v128.add<real>(v128.sub<real>(size, Simd.splat(0.69314718055994530942)), logarithm);
    return v128.bitselect(v128.mul<real>(Simd.splat(-0.5), logarithm), far, near);
  }

  /** ∂/∂a = tanh(a − t) */
  @inline static derivative(a: v128, t: v128): v128 {
    return Lanes.tanh<real>(v128.sub<real>(a, t));
  }
}

/** max(0, 1 − t a) for targets −1 and 1, and its square. */
class Hinge {
  /** m = max(0, 1 − t a) */
  static margin(a: v128, t: v128): v128 {
    return v128.pmax<real>(v128.sub<real>(Simd.splat(1), v128.mul<real>(t, a)), Simd.splat(0));
  }

  /** ∂m/∂a = −t for m > 0, else 0 */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.and(v128.gt<real>(Hinge.margin(a, t), Simd.splat(0)), v128.neg<real>(t));
  }

  /** m² */
  @inline static square(a: v128, t: v128): v128 {
    const m = Hinge.margin(a, t);
    return v128.mul<real>(m, m);
  }

  /** ∂m²/∂a = −2 t m */
  @inline static squareDerivative(a: v128, t: v128): v128 {
    return v128.mul<real>(v128.mul<real>(Simd.splat(-2), t), Hinge.margin(a, t));
  }
}

/** a − t log a: the negative log likelihood of counts t with mean a, but for a term of t alone. */
class Poisson {
  /** a − t log a */
  @inline static value(a: v128, t: v128): v128 {
    return v128.sub<real>(a, v128.mul<real>(t, logarithm(a)));
  }

  /** ∂/∂a = 1 − t / a */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.sub<real>(Simd.splat(1), quotient(t, a));
  }
}

/** 100 |a − t| / max(|t|, 1e−7), as in Keras. */
class MeanAbsolutePercentageError {
  /** 100 |a − t| / |t| */
  @inline static value(a: v128, t: v128): v128 {
    return v128.mul<real>(MeanAbsoluteError.value(a, t), MeanAbsolutePercentageError.scale(t));
  }

  /** ∂/∂a = 100 sign(a − t) / |t| */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.mul<real>(MeanAbsoluteError.derivative(a, t), MeanAbsolutePercentageError.scale(t));
  }

  static scale(t: v128): v128 {
    return v128.div<real>(Simd.splat(100), v128.pmax<real>(v128.abs<real>(t), Simd.splat(1e-7)));
  }
}

/** (log(1 + a) − log(1 + t))², with a and t no less than 1e−7, as in Keras. */
class MeanSquaredLogarithmicError {
  /** d² with d = log(1 + a) − log(1 + t) */
  @inline static value(a: v128, t: v128): v128 {
    const d = MeanSquaredLogarithmicError.distance(a, t);
    return v128.mul<real>(d, d);
  }

  /** ∂/∂a = 2 d / (1 + a) for a > 1e−7, else 0 */
  @inline static derivative(a: v128, t: v128): v128 {
    const d = MeanSquaredLogarithmicError.distance(a, t);
    const slope = v128.div<real>(v128.add<real>(d, d), v128.add<real>(Simd.splat(1), a));
    return v128.and(v128.gt<real>(a, Simd.splat(1e-7)), slope);
  }

  /** d; where a and t are near each other as log(1 + (a − t) / (1 + t)): their logarithms differ in few digits then. */
  static distance(a: v128, t: v128): v128 {
    const least = Simd.splat(1e-7);
    const to = v128.pmax<real>(t, least);
    const from = v128.pmax<real>(a, least);
    const change = v128.div<real>(v128.sub<real>(from, to), v128.add<real>(Simd.splat(1), to));
    const isNear = v128.lt<real>(v128.abs<real>(change), Simd.splat(0.5));
    const logarithm = Lanes.log1p<real>(v128.bitselect(change, from, isNear));
    const far = v128.sub<real>(logarithm, Lanes.log1p<real>(to));
    return v128.bitselect(logarithm, far, isNear);
  }
}

/** q e for e >= 0, (q − 1) e below, with e = t − a: its least mean is at the q-th quantile (Koenker 1978). */
class Quantile {
  /** max(q e, (q − 1) e) */
  @inline static value(a: v128, t: v128, q: v128): v128 {
    const e = v128.sub<real>(t, a);
    const over = v128.mul<real>(v128.sub<real>(q, Simd.splat(1)), e);
    return v128.pmax<real>(over, v128.mul<real>(q, e));
  }

  /** ∂/∂a = −q for a < t, 1 − q for a > t */
  @inline static derivative(a: v128, t: v128, q: v128): v128 {
    const side = sign(v128.sub<real>(a, t));
    const over = v128.sub<real>(Simd.splat(1), q);
    return v128.mul<real>(side, v128.bitselect(over, q, v128.gt<real>(a, t)));
  }
}

/** t log(t / a), summed over the outputs. Behind logSoftmax, a is a logarithm already. */
class Divergence {
  /** t (log t − log a) */
  @inline static value(a: v128, t: v128): v128 {
    return v128.mul<real>(t, v128.sub<real>(logarithm(t), logarithm(a)));
  }

  /** ∂/∂a = −t / a */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.neg<real>(quotient(t, a));
  }
}

/** −1, 0 or 1 */
function sign(x: v128): v128 {
  const one = v128.or(v128.and(x, Simd.splat(-0.0)), Simd.splat(1));
  return v128.and(one, v128.ne<real>(x, Simd.splat(0)));
}

/** A loss where there is a target, 0 where there is none: a logarithm of −∞ has no part in it, and 0 · ∞ is not 0. */
function onTargets(t: v128, loss: v128): v128 {
  return v128.and(loss, v128.ne<real>(t, Simd.splat(0)));
}

/** log x, and of 0 that of the smallest number above it, so that 0 log 0 is 0; below 0 there is none. */
function logarithm(x: v128): v128 {
  const least = Simd.splat(sizeof<real>() == 4 ? 1.401298464324817e-45 : 5e-324);
  return Lanes.log<real>(v128.bitselect(least, x, v128.eq<real>(x, Simd.splat(0))));
}

/** t / a, but finite: a slope that is not would make NaN of the 0 that an activation's slope may be there. */
function quotient(t: v128, a: v128): v128 {
  const small = Simd.splat(sizeof<real>() == 4 ? 1e-30 : 1e-300);
  const largest = Simd.splat(sizeof<real>() == 4 ? <f64>f32.MAX_VALUE : f64.MAX_VALUE);
  const q = v128.div<real>(t, v128.bitselect(small, a, v128.eq<real>(a, Simd.splat(0))));
  return v128.pmax<real>(v128.pmin<real>(q, largest), v128.neg<real>(largest));
}

function valueOf(kind: i32, z: v128, a: v128, t: v128, p: v128): v128 {
  switch (kind) {
    case SQUARED_ERROR:
      return SquaredError.value(a, t);
    case MEAN_SQUARED_ERROR:
      return MeanSquaredError.value(a, t);
    case MEAN_ABSOLUTE_ERROR:
      return MeanAbsoluteError.value(a, t);
    case SIGMOID_CROSS_ENTROPY:
    case BINARY_CROSS_ENTROPY:
      return SigmoidCrossEntropy.value(z, t);
    default:
      return COMPLETE ? Rare.value(kind, a, t, p) : a;
  }
}

function derivativeOf(kind: i32, a: v128, t: v128, p: v128): v128 {
  switch (kind) {
    case SQUARED_ERROR:
    case SIGMOID_CROSS_ENTROPY:
    case BINARY_CROSS_ENTROPY:
      return SquaredError.derivative(a, t);
    case MEAN_SQUARED_ERROR:
      return MeanSquaredError.derivative(a, t);
    case MEAN_ABSOLUTE_ERROR:
      return MeanAbsoluteError.derivative(a, t);
    default:
      return COMPLETE ? Rare.derivative(kind, a, t, p) : a;
  }
}

/** What a page's own build leaves to the complete one. */
class Rare {
  static value(kind: i32, a: v128, t: v128, p: v128): v128 {
    switch (kind) {
      case LOG_LIKELIHOOD:
        return onTargets(t, v128.neg<real>(v128.mul<real>(t, a)));
      case LOG_DIVERGENCE:
        return onTargets(t, v128.mul<real>(t, v128.sub<real>(logarithm(t), a)));
      case KL_DIVERGENCE:
        return Divergence.value(a, t);
      case HUBER:
        return Huber.value(a, t, p);
      case LOG_COSH:
        return LogCosh.value(a, t);
      case HINGE:
        return Hinge.margin(a, t);
      case SQUARED_HINGE:
        return Hinge.square(a, t);
      case POISSON:
        return Poisson.value(a, t);
      case MEAN_ABSOLUTE_PERCENTAGE_ERROR:
        return MeanAbsolutePercentageError.value(a, t);
      case MEAN_SQUARED_LOGARITHMIC_ERROR:
        return MeanSquaredLogarithmicError.value(a, t);
      default:
        return Quantile.value(a, t, p);
    }
  }

  static derivative(kind: i32, a: v128, t: v128, p: v128): v128 {
    switch (kind) {
      case LOG_LIKELIHOOD:
      case LOG_DIVERGENCE:
        return v128.neg<real>(t);
      case KL_DIVERGENCE:
        return Divergence.derivative(a, t);
      case HUBER:
        return Huber.derivative(a, t, p);
      case LOG_COSH:
        return LogCosh.derivative(a, t);
      case HINGE:
        return Hinge.derivative(a, t);
      case SQUARED_HINGE:
        return Hinge.squareDerivative(a, t);
      case POISSON:
        return Poisson.derivative(a, t);
      case MEAN_ABSOLUTE_PERCENTAGE_ERROR:
        return MeanAbsolutePercentageError.derivative(a, t);
      case MEAN_SQUARED_LOGARITHMIC_ERROR:
        return MeanSquaredLogarithmicError.derivative(a, t);
      default:
        return Quantile.derivative(a, t, p);
    }
  }
}

/**
 * squaredError of a single sample with at most LANES outputs: what `lossOf` gives, for networks whose whole step is some
 * hundred instructions. Writes a whole vector of d.
 */
@inline
export function squaredError(y: usize, t: usize, d: usize, width: i32): f64 {
  const e = v128.and(SquaredError.derivative(v128.load(y), v128.load(t)), Simd.first(width));
  v128.store(d, e);
  return <f64>Simd.sum(v128.mul<real>(v128.mul<real>(Simd.splat(0.5), e), e));
}

/**
 * The loss of rows [begin, end) into `losses`, and its derivative divided by `batch` into D: dY, or dZ where the
 * loss is fused with the last activation. Z, Y, T and D (rows, width).
 */
export function lossOf(
  kind: i32,
  parameter: f64,
  Z: usize,
  Y: usize,
  T: usize,
  D: usize,
  losses: usize,
  begin: i32,
  end: i32,
  width: i32,
  batch: i32,
): void {
  const first = <usize>begin * <usize>width * sizeof<real>();
  const z = Z + first;
  const y = Y + first;
  const t = T + first;
  const d = D + first;
  const at = losses + <usize>begin * sizeof<real>();
  const rows = end - begin;
  switch (kind) {
    case CATEGORICAL_CROSS_ENTROPY:
    case SOFTMAX_DIVERGENCE:
      return Rows.categorical(kind, parameter, z, y, t, d, at, rows, width, batch);
    default:
      if (COMPLETE && kind == COSINE_SIMILARITY) return Rows.cosine(y, t, d, at, rows, width, batch);
      return Rows.sum(kind, parameter, z, y, t, d, at, rows, width, batch);
  }
}

/** Whether the loss gives dZ of the last layer at once, and not dY. */
export function isFused(kind: i32): bool {
  return kind >= BINARY_CROSS_ENTROPY && kind <= LAST_FUSED;
}

/** v without its first lane, and x as its last. */
function push(v: v128, x: real): v128 {
  const last = v128.splat<real>(x);
  if (sizeof<real>() == 4) return i8x16.shuffle(v, last, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
  return i8x16.shuffle(v, last, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
}

class Rows {
  /**
   * loss = Σ_j value_j, or its mean over the outputs. Cross-entropies smooth their targets: one of K classes as
   * `categorical` does, an output of its own as the first of two, (1 − s) t + s / 2.
   */
  static sum(
    kind: i32,
    parameter: f64,
    z: usize,
    y: usize,
    t: usize,
    d: usize,
    losses: usize,
    rows: i32,
    width: i32,
    batch: i32,
  ): void {
    const isSummed = kind == SQUARED_ERROR || (kind >= SIGMOID_CROSS_ENTROPY && kind <= LAST_SUMMED);
    const scale: f64 = isSummed ? 1 : 1 / <f64>width;
    const p = Simd.splat(parameter);
    const isOne = COMPLETE && kind == LOG_LIKELIHOOD;
    const smoothing: f64 = isOne || kind == BINARY_CROSS_ENTROPY || kind == SIGMOID_CROSS_ENTROPY ? parameter : 0;
    const keep = Simd.splat(1 - smoothing);
    const spread = Simd.splat(smoothing / (isOne ? <f64>width : 2));
    const slope = Simd.splat(scale / <f64>batch);
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, z += bytes, y += bytes, t += bytes, d += bytes, losses += sizeof<real>()) {
      let total = Simd.splat(0);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const as = v128.load(y + at);
        const ts = Simd.madd(v128.load(t + at), keep, spread);
        total = v128.add<real>(total, v128.and(valueOf(kind, v128.load(z + at), as, ts, p), Simd.first(width - j)));
        Simd.store(d + at, v128.mul<real>(slope, derivativeOf(kind, as, ts, p)), width - j);
      }
      store<real>(losses, <real>scale * Simd.sum(total));
    }
  }

  /**
   * −Σ_k t_k log a_k with a = softmax(z), as Σ_k t_k (top − z_k) + Σt log Σ_j e^(z_j − top): all terms are at least 0, so
   * none takes away the digits of another. dZ_k = a_k Σt − t_k. The divergence adds Σ_k t_k log t_k.
   * Smoothing s spreads a part of each row's weight over the K classes, (1 − s) t + s / K (Szegedy 2016).
   */
  static categorical(
    kind: i32,
    smoothing: f64,
    z: usize,
    y: usize,
    t: usize,
    d: usize,
    losses: usize,
    rows: i32,
    width: i32,
    batch: i32,
  ): void {
    const keep = Simd.splat(1 - smoothing);
    const spread = Simd.splat(smoothing / <f64>width);
    const zero = Simd.splat(0);
    const half = Simd.splat(0.5);
    const slope = Simd.splat(1 / <f64>batch);
    const bytes = <usize>width * sizeof<real>();
    // What LANES rows come to, so that they share a logarithm.
    let excesses = zero;
    let masses = zero;
    let waiting = 0;
    for (; rows > 0; --rows, z += bytes, y += bytes, t += bytes, d += bytes, losses += sizeof<real>()) {
      const peak = largest(y, width);
      const peaks = v128.splat<real>(peak);
      const top = v128.mul<real>(half, v128.splat<real>(largest(z, width)));
      let total = Simd.splat(0);
      let mass = Simd.splat(0);
      let others = Simd.splat(0);
      let entropy = Simd.splat(0);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const mask = Simd.first(width - j);
        const ts = v128.and(Simd.madd(v128.load(t + at), keep, spread), mask);
        const as = v128.load(y + at);
        // Half the distance to the top: all of it may be beyond the largest number though its part t is not.
        const below = v128.sub<real>(top, v128.mul<real>(half, v128.load(z + at)));
        // Only where there is a target: a z of −∞ has a loss elsewhere too, and 0 · ∞ is not 0.
        total = v128.add<real>(total, v128.and(v128.mul<real>(ts, below), v128.ne<real>(ts, zero)));
        mass = v128.add<real>(mass, ts);
        others = v128.add<real>(others, v128.and(as, v128.and(v128.ne<real>(as, peaks), mask)));
        if (COMPLETE && kind == SOFTMAX_DIVERGENCE)
          entropy = v128.add<real>(entropy, v128.mul<real>(ts, logarithm(ts)));
      }
      const sum = Simd.sum(mass);
      const ones = v128.splat<real>(sum);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const ts = Simd.madd(v128.load(t + at), keep, spread);
        const error = v128.sub<real>(v128.mul<real>(v128.load(y + at), ones), ts);
        Simd.store(d + at, v128.mul<real>(slope, error), width - j);
      }
      let linear: real = 2 * Simd.sum(total);
      if (COMPLETE && kind == SOFTMAX_DIVERGENCE) linear += Simd.sum(entropy);
      store<real>(losses, linear);
      // Σ_j e^(z_j − top) = 1 / a_top is 1 and what the others add. Where a_top is above ½ there is only one such class.
      excesses = push(excesses, peak > 0.5 ? Simd.sum(others) / peak : 1 / peak - 1);
      masses = push(masses, sum);
      if (++waiting < LANES && rows > 1) continue;
      const first = losses - <usize>(waiting - 1) * sizeof<real>();
      for (let k = waiting; k < LANES; ++k) {
        excesses = push(excesses, 0);
        masses = push(masses, 0);
      }
      Simd.store(first, Simd.madd(masses, Lanes.log1p<real>(excesses), v128.load(first)), waiting);
      waiting = 0;
    }
  }

  /** −c with c = Σ_k a_k t_k / (|a| |t|), the cosine of their angle; ∂/∂a_k = (c a_k / |a| − t_k / |t|) / |a|. */
  static cosine(y: usize, t: usize, d: usize, losses: usize, rows: i32, width: i32, batch: i32): void {
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, y += bytes, t += bytes, d += bytes, losses += sizeof<real>()) {
      const scaleA = Rows.scale(y, width);
      const scaleT = Rows.scale(t, width);
      const ofA = 1 / Rows.length(y, width, scaleA);
      const ofT = 1 / Rows.length(t, width, scaleT);
      const cosine = Rows.dot(y, scaleA, t, scaleT, width) * ofA * ofT;
      store<real>(losses, <real>-cosine);
      // In float64 number by number: 1 / |a|² may be no number of the network's own precision.
      for (let at: usize = 0; at < bytes; at += sizeof<real>()) {
        const toA = cosine * (<f64>load<real>(y + at) * scaleA * ofA);
        const toT = <f64>load<real>(t + at) * scaleT * ofT;
        store<real>(d + at, <real>(((toA - toT) * ofA * scaleA) / <f64>batch));
      }
    }
  }

  /** What x is multiplied with so that no square of it overflows: 1 but for numbers that only float64 has. */
  static scale(x: usize, width: i32): f64 {
    return sizeof<real>() == 8 && !(Rows.dot(x, 1, x, 1, width) < Infinity) ? 1e-160 : 1;
  }

  /** |x| times that scale; |x| counts as 1e−7 where it is less, as in Keras. */
  static length(x: usize, width: i32, scale: f64): f64 {
    return max<f64>(sqrt<f64>(Rows.dot(x, scale, x, scale, width)), 1e-7 * scale);
  }

  /** Σ_k x_k y_k, both scaled, in float64. */
  static dot(x: usize, scaleX: f64, y: usize, scaleY: f64, width: i32): f64 {
    let total: f64 = 0;
    for (let at: usize = 0, end = <usize>width * sizeof<real>(); at < end; at += sizeof<real>()) {
      total += <f64>load<real>(x + at) * scaleX * (<f64>load<real>(y + at) * scaleY);
    }
    return total;
  }
}
