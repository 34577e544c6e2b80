// The losses that most networks use: one class each, a function and its derivative together. A loss that is a sum or a mean
// over the outputs has value(a, t) and derivative(a, t) = ∂/∂a, or ∂/∂z if it is fused with its activation. p is its
// parameter. Where a derivative jumps, it is 0.
import { Lanes } from "../numbers/math";
import { Simd } from "../numbers/simd";

/** ½ (a − t)² */
export class SquaredError {
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
export class MeanSquaredError {
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
export class SigmoidCrossEntropy {
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
export class MeanAbsoluteError {
  /** |a − t| */
  @inline static value(a: v128, t: v128): v128 {
    return v128.abs<real>(v128.sub<real>(a, t));
  }

  /** ∂/∂a = Simd.sign(Simd.splat(1), a − t) */
  @inline static derivative(a: v128, t: v128): v128 {
    return Simd.sign(Simd.splat(1), v128.sub<real>(a, t));
  }
}
