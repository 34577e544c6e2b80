// The losses applied to rows.
import {
  BINARY_CROSS_ENTROPY,
  CATEGORICAL_CROSS_ENTROPY,
  COSINE_SIMILARITY,
  FUSED_LOSSES,
  LOG_LIKELIHOOD,
  MEAN_ABSOLUTE_ERROR,
  MEAN_SQUARED_ERROR,
  SIGMOID_CROSS_ENTROPY,
  SOFTMAX_DIVERGENCE,
  SQUARED_ERROR,
  SUMMED_LOSSES,
} from "../plan";
import { Lanes } from "../numbers/math";
import { isOneOf } from "../numbers/sets";
import { LANES, Simd } from "../numbers/simd";
import { MeanAbsoluteError, MeanSquaredError, SigmoidCrossEntropy, SquaredError } from "./common-losses";
import { Guarded, RareLoss } from "./rare-losses";
import { largest } from "./softmax";

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
      return COMPLETE ? RareLoss.value(kind, a, t, p) : unreachable();
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
      return COMPLETE ? RareLoss.derivative(kind, a, t, p) : unreachable();
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

/** Whether the loss gives dZ of the last layer, and not dY. */
export function isFused(kind: i32): bool {
  return isOneOf(kind, FUSED_LOSSES);
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
    const scale: f64 = isOneOf(kind, SUMMED_LOSSES) ? 1 : 1 / <f64>width;
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
   * Smoothing s spreads a part of each row's weight over the K classes, (1 − s) t + s / K (Szegedy 2016). It is one long
   * loop since LANES rows share a logarithm, which keeps their sums in vectors.
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
          entropy = v128.add<real>(entropy, v128.mul<real>(ts, Guarded.log(ts)));
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
