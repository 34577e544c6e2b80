// The activations applied to rows. Those that most networks use stand here, a function and its derivative together.
import { LEAKY_RELU, LINEAR, LOG_SOFTMAX, RELU, SIGMOID, SOFTMAX, TANH } from "../plan";
import { Lanes } from "../numbers/math";
import { LANES, Simd } from "../numbers/simd";
import { RareActivation } from "./rare-activations";
import { Softmax } from "./softmax";

/**
 * An activation of single numbers: a = value(z), f′ = derivative(z, a). `p` is its parameter, if it has one. If the
 * derivative reads z, its row in src/tables/activations.ts says so (`keepsZ`). Otherwise a may have been written over z.
 */
interface Elementwise {
  value(z: v128, p: v128): v128;
  derivative(z: v128, a: v128, p: v128): v128;
}

/** The logistic function. */
@unmanaged
class Sigmoid {
  /** a = 1 / (1 + e^−z) */
  @inline value(z: v128, p: v128): v128 {
    return Lanes.sigmoid<real>(z);
  }

  /** f′ = a (1 − a) */
  @inline derivative(z: v128, a: v128, p: v128): v128 {
    return v128.mul<real>(a, v128.sub<real>(Simd.splat(1), a));
  }
}

/** The hyperbolic tangent. */
@unmanaged
class Tanh {
  /** a = tanh z */
  @inline value(z: v128, p: v128): v128 {
    return Lanes.tanh<real>(z);
  }

  /** f′ = 1 − a² */
  @inline derivative(z: v128, a: v128, p: v128): v128 {
    return v128.sub<real>(Simd.splat(1), v128.mul<real>(a, a));
  }
}

/** max(z, 0); the derivative at 0 is 0, as in PyTorch and TensorFlow. */
@unmanaged
class Relu {
  /** a = max(z, 0): pmax, which is one instruction and lets NaN through */
  @inline value(z: v128, p: v128): v128 {
    return v128.pmax<real>(z, Simd.splat(0));
  }

  /** f′ = 1 for a > 0, else 0 */
  @inline derivative(z: v128, a: v128, p: v128): v128 {
    return v128.and(v128.gt<real>(a, Simd.splat(0)), Simd.splat(1));
  }
}

/** z above 0, p z elsewhere, with p >= 0, so that a tells on which side z was; the derivative at 0 is p. */
@unmanaged
class LeakyRelu {
  /** a = z for z > 0, else p z */
  @inline value(z: v128, p: v128): v128 {
    return v128.bitselect(v128.mul<real>(z, p), z, v128.le<real>(z, Simd.splat(0)));
  }

  /** f′ = 1 for a > 0, else p */
  @inline derivative(z: v128, a: v128, p: v128): v128 {
    return v128.bitselect(Simd.splat(1), p, v128.gt<real>(a, Simd.splat(0)));
  }
}

/** The activations without a loop of their own. Which one it is, is asked for each vector. */
class Others {
  static value(kind: i32, z: v128, p: v128): v128 {
    switch (kind) {
      case SIGMOID:
        return changetype<Sigmoid>(0).value(z, p);
      case TANH:
        return changetype<Tanh>(0).value(z, p);
      case LEAKY_RELU:
        return changetype<LeakyRelu>(0).value(z, p);
      default:
        return COMPLETE ? RareActivation.value(kind, z, p) : unreachable();
    }
  }

  static derivative(kind: i32, z: v128, a: v128, p: v128): v128 {
    switch (kind) {
      case SIGMOID:
        return changetype<Sigmoid>(0).derivative(z, a, p);
      case TANH:
        return changetype<Tanh>(0).derivative(z, a, p);
      case LEAKY_RELU:
        return changetype<LeakyRelu>(0).derivative(z, a, p);
      default:
        return COMPLETE ? RareActivation.derivative(kind, z, a, p) : unreachable();
    }
  }
}

/** Y = f(Z) for rows [begin, end). Z and Y (rows, width), which may be the same block. */
export function activate(kind: i32, parameter: f64, Z: usize, Y: usize, begin: i32, end: i32, width: i32): void {
  const first = <usize>begin * <usize>width * sizeof<real>();
  const n = (end - begin) * width;
  switch (kind) {
    case LINEAR:
      if (Y != Z) memory.copy(Y + first, Z + first, <usize>n * sizeof<real>());
      return;
    case RELU:
      return Rows.activate<Relu>(parameter, Z + first, Y + first, n);
    case SOFTMAX:
    case LOG_SOFTMAX:
      return Softmax.activate(COMPLETE && kind == LOG_SOFTMAX, Z + first, Y + first, end - begin, width);
    default:
      return Rows.activateOther(kind, parameter, Z + first, Y + first, n);
  }
}

/** dZ = dY ∘ f′(Z) for rows [begin, end), in place in D. */
export function activateBack(
  kind: i32,
  parameter: f64,
  Z: usize,
  Y: usize,
  D: usize,
  begin: i32,
  end: i32,
  width: i32,
): void {
  const first = <usize>begin * <usize>width * sizeof<real>();
  const n = (end - begin) * width;
  switch (kind) {
    case LINEAR:
      return;
    case RELU:
      return Rows.activateBack<Relu>(parameter, Z + first, Y + first, D + first, n);
    case SOFTMAX:
    case LOG_SOFTMAX:
      return Softmax.activateBack(COMPLETE && kind == LOG_SOFTMAX, Y + first, D + first, end - begin, width);
    default:
      return Rows.activateBackOther(kind, parameter, Z + first, Y + first, D + first, n);
  }
}

/**
 * The loops of the elementwise activations, over n numbers. The last vector is stored in part. relu, which is one
 * instruction, has a loop of its own. A loop for each of the others would make the core a tenth larger.
 */
class Rows {
  static activate<F extends Elementwise>(parameter: f64, z: usize, y: usize, n: i32): void {
    const f = changetype<F>(0); // F has no fields: only its methods matter
    const p = Simd.splat(parameter);
    for (; n > 0; n -= LANES, z += 16, y += 16) Simd.store(y, f.value(v128.load(z), p), n);
  }

  static activateBack<F extends Elementwise>(parameter: f64, z: usize, y: usize, d: usize, n: i32): void {
    const f = changetype<F>(0);
    const p = Simd.splat(parameter);
    for (; n > 0; n -= LANES, z += 16, y += 16, d += 16) {
      Simd.store(d, v128.mul<real>(v128.load(d), f.derivative(v128.load(z), v128.load(y), p)), n);
    }
  }

  static activateOther(kind: i32, parameter: f64, z: usize, y: usize, n: i32): void {
    const p = Simd.splat(parameter);
    for (; n > 0; n -= LANES, z += 16, y += 16) Simd.store(y, Others.value(kind, v128.load(z), p), n);
  }

  static activateBackOther(kind: i32, parameter: f64, z: usize, y: usize, d: usize, n: i32): void {
    const p = Simd.splat(parameter);
    for (; n > 0; n -= LANES, z += 16, y += 16, d += 16) {
      const slope = Others.derivative(kind, v128.load(z), v128.load(y), p);
      Simd.store(d, v128.mul<real>(v128.load(d), slope), n);
    }
  }
}
