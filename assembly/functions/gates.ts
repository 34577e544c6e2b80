// Activations that multiply their input by a gate.
import { GELU, GELU_TANH, HARD_SWISH, MISH, SILU } from "../plan";
import { Lanes } from "../numbers/math";
import { LARGEST, Simd } from "../numbers/simd";
import { HardSigmoid } from "./clamps";

/** z times a gate g(z) that opens from 0 to 1: silu, gelu, geluTanh, mish and hardSwish differ in g alone. */
export class Gated {
  /** a = z g(z) */
  @inline static value(kind: i32, z: v128): v128 {
    // At −∞ the gate is shut: 0 times a number is 0, but 0 · ∞ is not.
    return v128.mul<real>(v128.pmax<real>(z, Simd.splat(-LARGEST)), Gated.gate(kind, z));
  }

  /** f′ = g(z) + z g′(z) */
  @inline static derivative(kind: i32, z: v128): v128 {
    return v128.add<real>(Gated.gate(kind, z), v128.mul<real>(Simd.finite(z), Gated.slope(kind, z)));
  }

  static gate(kind: i32, z: v128): v128 {
    switch (kind) {
      case SILU:
        return Lanes.sigmoid<real>(z);
      case GELU:
        return Lanes.normal<real>(z);
      case GELU_TANH:
        return Lanes.sigmoid<real>(TanhGate.argument(z));
      case MISH:
        return MishGate.value(z);
      case HARD_SWISH:
        return HardSigmoid.value(z);
      default:
        return unreachable();
    }
  }

  static slope(kind: i32, z: v128): v128 {
    switch (kind) {
      case SILU:
        return Gated.logistic(z);
      case GELU:
        // The density of the normal distribution, e^(−z²/2) / √(2π).
        return v128.mul<real>(Simd.splat(0.39894228040143267794), Lanes.bell<real>(z, 0.5));
      case GELU_TANH:
        return v128.mul<real>(TanhGate.slope(z), Gated.logistic(TanhGate.argument(z)));
      case MISH:
        return MishGate.derivative(z);
      case HARD_SWISH:
        return HardSigmoid.derivative(z);
      default:
        return unreachable();
    }
  }

  /** σ(u) σ(−u), the slope of σ, exact in both tails. */
  static logistic(u: v128): v128 {
    return v128.mul<real>(Lanes.sigmoid<real>(u), Lanes.sigmoid<real>(v128.neg<real>(u)));
  }
}

/**
 * ½ (1 + tanh(√(2/π) (z + 0.044715 z³))) (Hendrycks and Gimpel 2016) = σ(u) with u = √(8/π) z (1 + 0.044715 z²). Beyond
 * |z| = 32 the gate is open or shut in any precision; z² is held there, so that no power of z overflows.
 */
class TanhGate {

  @inline static square(z: v128): v128 {
    return v128.mul<real>(Simd.splat(0.044715), v128.pmin<real>(v128.mul<real>(z, z), Simd.splat(1024)));
  }

  /** u = √(8/π) z (1 + 0.044715 z²) */
  static argument(z: v128): v128 {
    const factor = v128.add<real>(Simd.splat(1), TanhGate.square(z));
    return v128.mul<real>(v128.mul<real>(Simd.splat(1.5957691216057307117), z), factor);
  }

  /** u′ = √(8/π) (1 + 3 · 0.044715 z²) */
  @inline static slope(z: v128): v128 {
    const factor = Simd.madd(Simd.splat(3), TanhGate.square(z), Simd.splat(1));
    return v128.mul<real>(Simd.splat(1.5957691216057307117), factor);
  }
}

/**
 * tanh(softplus(z)) (Misra 2019) = n / (q + r) with e = e^−|z| and q = (1 + e)²; n = 1 + 2e and r = e² above 0,
 * n = e (2 + e) and r = 1 below. Nothing overflows, and no small n is the difference of large numbers.
 */
class MishGate {
  static value(z: v128): v128 {
    const one = Simd.splat(1);
    const two = Simd.splat(2);
    const e = Lanes.exp<real>(v128.neg<real>(v128.abs<real>(z)));
    const below = v128.lt<real>(z, Simd.splat(0));
    const above = v128.add<real>(one, v128.mul<real>(two, e));
    const n = v128.bitselect(v128.mul<real>(e, v128.add<real>(two, e)), above, below);
    return v128.div<real>(n, MishGate.sum(e, below));
  }

  /** q + r */
  @inline static sum(e: v128, below: v128): v128 {
    const q = v128.add<real>(Simd.splat(1), e);
    return v128.add<real>(v128.mul<real>(q, q), v128.bitselect(Simd.splat(1), v128.mul<real>(e, e), below));
  }

  /** (1 − tanh²) σ(z) = 4 (1 + e) s / (q + r)² with s = e² above 0, e below */
  @inline static derivative(z: v128): v128 {
    const e = Lanes.exp<real>(v128.neg<real>(v128.abs<real>(z)));
    const below = v128.lt<real>(z, Simd.splat(0));
    const s = v128.bitselect(e, v128.mul<real>(e, e), below);
    const top = v128.mul<real>(v128.mul<real>(Simd.splat(4), v128.add<real>(Simd.splat(1), e)), s);
    const sum = MishGate.sum(e, below);
    return v128.div<real>(top, v128.mul<real>(sum, sum));
  }
}
