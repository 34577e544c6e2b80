// Activations that hold their input between two bounds.
import { Simd } from "../numbers/simd";

/** z held between two bounds: relu6 in [0, 6], hardTanh in [−1, 1]. At the bounds the derivative is 0, as in PyTorch. */
export class Clamp {
  /** a = min(max(z, low), high) */
  @inline static value(z: v128, low: f64, high: f64): v128 {
    return v128.pmin<real>(v128.pmax<real>(z, Simd.splat(low)), Simd.splat(high));
  }

  /** f′ = slope for low < z < high, else 0 */
  @inline static derivative(z: v128, low: f64, high: f64, slope: f64): v128 {
    const inside = v128.and(v128.gt<real>(z, Simd.splat(low)), v128.lt<real>(z, Simd.splat(high)));
    return v128.and(inside, Simd.splat(slope));
  }
}

/** relu6(z + 3) / 6 (PyTorch and Keras 3; older Keras has a steeper one). */
export class HardSigmoid {
  /** a = min(max(z + 3, 0), 6) / 6 */
  @inline static value(z: v128): v128 {
    return v128.div<real>(Clamp.value(v128.add<real>(z, Simd.splat(3)), 0, 6), Simd.splat(6));
  }

  /** f′ = 1/6 for −3 < z < 3, else 0 */
  @inline static derivative(z: v128): v128 {
    return Clamp.derivative(z, -3, 3, 1.0 / 6.0);
  }
}
