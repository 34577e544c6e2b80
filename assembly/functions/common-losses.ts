// The losses that most networks use: one class each, a function and its derivative together.
import { Lanes } from "../numbers/math";
import { Simd } from "../numbers/simd";

/** ½ (a − t)² */
export class SquaredError {
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

/** −t log a − (1 − t) log(1 − a) with a = sigmoid(z), as max(z, 0) − z t + log(1 + e^−|z|): finite for any z. */
export class SigmoidCrossEntropy {
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
export class MeanAbsoluteError {
  /** |a − t| */
  @inline static value(a: v128, t: v128): v128 {
    return v128.abs<real>(v128.sub<real>(a, t));
  }

  /** ∂/∂a = sign(a − t) */
  @inline static derivative(a: v128, t: v128): v128 {
    return Simd.sign(Simd.splat(1), v128.sub<real>(a, t));
  }
}
