// The losses: one class each, a function of the activation and the target (or, for a cross-entropy behind its own
// activation, of the weighted input) and its derivative together, and the loops that apply them to rows.
import {
  BINARY_CROSS_ENTROPY,
  CATEGORICAL_CROSS_ENTROPY,
  MEAN_SQUARED_ERROR,
  SIGMOID_CROSS_ENTROPY,
  SQUARED_ERROR,
} from "./plan";
import { LANES, Simd } from "./simd";
import { Lanes } from "./math";
import { largest } from "./activations";

/** A loss that is a sum over the outputs. derivative() is with respect to a, or to z where the loss is fused. */
interface Summed {
  value(z: v128, a: v128, t: v128): v128;
  derivative(z: v128, a: v128, t: v128): v128;
}

/** ½ (a − t)² */
@unmanaged
class SquaredError {
  /** ½ (a − t)² */
  @inline value(z: v128, a: v128, t: v128): v128 {
    const error = v128.sub<real>(a, t);
    return v128.mul<real>(Simd.splat(0.5), v128.mul<real>(error, error));
  }

  /** ∂/∂a = a − t */
  @inline derivative(z: v128, a: v128, t: v128): v128 {
    return v128.sub<real>(a, t);
  }
}

/** (a − t)² */
@unmanaged
class MeanSquaredError {
  /** (a − t)² */
  @inline value(z: v128, a: v128, t: v128): v128 {
    const error = v128.sub<real>(a, t);
    return v128.mul<real>(error, error);
  }

  /** ∂/∂a = 2 (a − t) */
  @inline derivative(z: v128, a: v128, t: v128): v128 {
    return v128.mul<real>(Simd.splat(2), v128.sub<real>(a, t));
  }
}

/** −t log a − (1 − t) log(1 − a) with a = sigmoid(z), as max(z, 0) − z t + log(1 + e^−|z|): finite for any z. */
@unmanaged
class SigmoidCrossEntropy {
  /** max(z, 0) − z t + log(1 + e^−|z|) */
  @inline value(z: v128, a: v128, t: v128): v128 {
    const linear = v128.sub<real>(v128.max<real>(z, Simd.splat(0)), v128.mul<real>(z, t));
    return v128.add<real>(linear, Lanes.log1p<real>(Lanes.exp<real>(v128.neg<real>(v128.abs<real>(z)))));
  }

  /** ∂/∂z = a − t */
  @inline derivative(z: v128, a: v128, t: v128): v128 {
    return v128.sub<real>(a, t);
  }
}

/**
 * The loss of rows [begin, end) into `losses`, and its derivative divided by `batch` into D: dY, or dZ where the
 * loss is fused with the last activation. Z, Y, T and D (rows, width).
 */
export function lossOf(
  kind: i32,
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
    case SQUARED_ERROR:
      return Rows.sum<SquaredError>(1, z, y, t, d, at, rows, width, batch);
    case MEAN_SQUARED_ERROR:
      return Rows.sum<MeanSquaredError>(1 / <f64>width, z, y, t, d, at, rows, width, batch);
    case BINARY_CROSS_ENTROPY:
      return Rows.sum<SigmoidCrossEntropy>(1 / <f64>width, z, y, t, d, at, rows, width, batch);
    case SIGMOID_CROSS_ENTROPY:
      return Rows.sum<SigmoidCrossEntropy>(1, z, y, t, d, at, rows, width, batch);
    case CATEGORICAL_CROSS_ENTROPY:
      return Rows.categorical(z, y, t, d, at, rows, width, batch);
  }
}

/** Whether the loss gives dZ of the last layer at once, and not dY. */
export function isFused(kind: i32): bool {
  return kind == BINARY_CROSS_ENTROPY || kind == SIGMOID_CROSS_ENTROPY || kind == CATEGORICAL_CROSS_ENTROPY;
}

class Rows {
  /** loss = scale · Σ_j value_j */
  static sum<L extends Summed>(
    scale: f64,
    z: usize,
    y: usize,
    t: usize,
    d: usize,
    losses: usize,
    rows: i32,
    width: i32,
    batch: i32,
  ): void {
    const f = changetype<L>(0); // L has no fields: only its methods matter
    const slope = Simd.splat(scale / <f64>batch);
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, z += bytes, y += bytes, t += bytes, d += bytes, losses += sizeof<real>()) {
      let total = Simd.splat(0);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const zs = v128.load(z + at);
        const as = v128.load(y + at);
        const ts = v128.load(t + at);
        total = v128.add<real>(total, v128.and(f.value(zs, as, ts), Simd.first(width - j)));
        Simd.store(d + at, v128.mul<real>(slope, f.derivative(zs, as, ts)), width - j);
      }
      store<real>(losses, <real>scale * Simd.sum(total));
    }
  }

  /**
   * −Σ_k t_k log a_k with a = softmax(z). log Σ e^z = top − log a_top, where a_top >= 1 / width, so nothing
   * overflows: loss = Σ_k t_k (log Σ e^z − z_k); dZ_k = a_k Σt − t_k.
   */
  static categorical(z: usize, y: usize, t: usize, d: usize, losses: usize, rows: i32, width: i32, batch: i32): void {
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
        const ts = v128.and(v128.load(t + at), mask);
        // Only where there is a target: the difference may be infinite elsewhere, and 0 · ∞ is not 0.
        const term = v128.mul<real>(ts, v128.sub<real>(logSum, v128.load(z + at)));
        total = v128.add<real>(total, v128.and(term, v128.ne<real>(ts, zero)));
        mass = v128.add<real>(mass, ts);
      }
      const ones = v128.splat<real>(Simd.sum(mass));
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const error = v128.sub<real>(v128.mul<real>(v128.load(y + at), ones), v128.load(t + at));
        Simd.store(d + at, v128.mul<real>(slope, error), width - j);
      }
      store<real>(losses, Simd.sum(total));
    }
  }
}
