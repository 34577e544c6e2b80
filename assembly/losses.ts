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
    return v128.mul<real>(Simd.splat(0.5), MeanSquaredError.value(a, t));
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

/** −t log a − (1 − t) log(1 − a) with a = sigmoid(z), as max(z, 0) − z t + log(1 + e^−|z|): finite for any z. */
class SigmoidCrossEntropy {
  /** max(z, 0) − z t + log(1 + e^−|z|) */
  @inline static value(z: v128, t: v128): v128 {
    const linear = v128.sub<real>(v128.max<real>(z, Simd.splat(0)), v128.mul<real>(z, t));
    return v128.add<real>(linear, Lanes.log1pExp<real>(z));
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

  static distance(a: v128, t: v128): v128 {
    const least = Simd.splat(1e-7);
    const actual = Lanes.log1p<real>(v128.pmax<real>(a, least));
    return v128.sub<real>(actual, Lanes.log1p<real>(v128.pmax<real>(t, least)));
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

/** x, a little above 0, so that nothing is divided by 0 and 0 log 0 is 0; below 0, x still has no logarithm. */
function positive(x: v128): v128 {
  return v128.add<real>(x, Simd.splat(sizeof<real>() == 4 ? 1e-30 : 1e-300));
}

function logarithm(x: v128): v128 {
  return Lanes.log<real>(positive(x));
}

function quotient(t: v128, a: v128): v128 {
  return v128.div<real>(t, positive(a));
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
        return v128.neg<real>(v128.mul<real>(t, a));
      case LOG_DIVERGENCE:
        return v128.mul<real>(t, v128.sub<real>(logarithm(t), a));
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
  return <f64>Simd.sum(v128.mul<real>(Simd.splat(0.5), v128.mul<real>(e, e)));
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
   * −Σ_k t_k log a_k with a = softmax(z). log Σ e^z = top − log a_top, where a_top >= 1 / width, so nothing
   * overflows: loss = Σ_k t_k (log Σ e^z − z_k); dZ_k = a_k Σt − t_k. The divergence adds Σ_k t_k log t_k.
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
    const slope = Simd.splat(1 / <f64>batch);
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, z += bytes, y += bytes, t += bytes, d += bytes, losses += sizeof<real>()) {
      const logTop = Lanes.log<real>(v128.splat<real>(largest(y, width)));
      const logSum = v128.sub<real>(v128.splat<real>(largest(z, width)), logTop);
      let total = Simd.splat(0);
      let mass = Simd.splat(0);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const mask = Simd.first(width - j);
        const ts = v128.and(Simd.madd(v128.load(t + at), keep, spread), mask);
        let surprise = v128.sub<real>(logSum, v128.load(z + at));
        if (COMPLETE && kind == SOFTMAX_DIVERGENCE) surprise = v128.add<real>(surprise, logarithm(ts));
        // Only where there is a target: the difference may be infinite elsewhere, and 0 · ∞ is not 0.
        total = v128.add<real>(total, v128.and(v128.mul<real>(ts, surprise), v128.ne<real>(ts, zero)));
        mass = v128.add<real>(mass, ts);
      }
      const ones = v128.splat<real>(Simd.sum(mass));
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const ts = Simd.madd(v128.load(t + at), keep, spread);
        const error = v128.sub<real>(v128.mul<real>(v128.load(y + at), ones), ts);
        Simd.store(d + at, v128.mul<real>(slope, error), width - j);
      }
      store<real>(losses, Simd.sum(total));
    }
  }

  /** −c with c = Σ_k a_k t_k / (|a| |t|), the cosine of their angle; ∂/∂a_k = (c a_k / |a| − t_k / |t|) / |a|. */
  static cosine(y: usize, t: usize, d: usize, losses: usize, rows: i32, width: i32, batch: i32): void {
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, y += bytes, t += bytes, d += bytes, losses += sizeof<real>()) {
      const ofA = 1 / Rows.length(y, width);
      const ofT = 1 / Rows.length(t, width);
      const cosine = Rows.dot(y, t, width) * ofA * ofT;
      store<real>(losses, <real>-cosine);
      const toA = Simd.splat((cosine * ofA * ofA) / <f64>batch);
      const toT = Simd.splat((-ofT * ofA) / <f64>batch);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const slope = Simd.madd(v128.load(y + at), toA, v128.mul<real>(v128.load(t + at), toT));
        Simd.store(d + at, slope, width - j);
      }
    }
  }

  /** |x|, or 1e−7 for shorter ones, as in Keras. */
  static length(x: usize, width: i32): f64 {
    return max<f64>(sqrt<f64>(Rows.dot(x, x, width)), 1e-7);
  }

  /** Σ_k x_k y_k, in float64, where no square overflows or vanishes. */
  static dot(x: usize, y: usize, width: i32): f64 {
    let total: f64 = 0;
    for (let at: usize = 0, end = <usize>width * sizeof<real>(); at < end; at += sizeof<real>()) {
      total += <f64>load<real>(x + at) * <f64>load<real>(y + at);
    }
    return total;
  }
}
