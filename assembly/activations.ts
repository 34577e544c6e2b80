// The activations: one class each, a function and its derivative together, and the loops that apply them to rows.
import { LEAKY_RELU, LINEAR, RELU, SIGMOID, SOFTMAX, TANH } from "./plan";
import { LANES, Simd } from "./simd";
import { Lanes } from "./math";

/** An activation of single numbers: a = value(z), f′ = derivative(z, a). `p` is its parameter, where it has one. */
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

/** Y = f(Z) for rows [begin, end). Z and Y (rows, width), which may be the same block. */
export function activate(kind: i32, parameter: f64, Z: usize, Y: usize, begin: i32, end: i32, width: i32): void {
  const first = <usize>begin * <usize>width * sizeof<real>();
  const n = (end - begin) * width;
  switch (kind) {
    case LINEAR:
      if (Y != Z) memory.copy(Y + first, Z + first, <usize>n * sizeof<real>());
      return;
    case SIGMOID:
      return Rows.activate<Sigmoid>(parameter, Z + first, Y + first, n);
    case TANH:
      return Rows.activate<Tanh>(parameter, Z + first, Y + first, n);
    case RELU:
      return Rows.activate<Relu>(parameter, Z + first, Y + first, n);
    case LEAKY_RELU:
      return Rows.activate<LeakyRelu>(parameter, Z + first, Y + first, n);
    case SOFTMAX:
      return Softmax.activate(Z + first, Y + first, end - begin, width);
  }
}

/** dZ = dY ∘ f′(Z) for rows [begin, end), in place in D. */
export function deactivate(
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
    case SIGMOID:
      return Rows.deactivate<Sigmoid>(parameter, Z + first, Y + first, D + first, n);
    case TANH:
      return Rows.deactivate<Tanh>(parameter, Z + first, Y + first, D + first, n);
    case RELU:
      return Rows.deactivate<Relu>(parameter, Z + first, Y + first, D + first, n);
    case LEAKY_RELU:
      return Rows.deactivate<LeakyRelu>(parameter, Z + first, Y + first, D + first, n);
    case SOFTMAX:
      return Softmax.deactivate(Y + first, D + first, end - begin, width);
  }
}

/** The loops of the elementwise activations, over n numbers; the last vector is stored in part. */
class Rows {
  static activate<F extends Elementwise>(parameter: f64, z: usize, y: usize, n: i32): void {
    const f = changetype<F>(0); // F has no fields: only its methods matter
    const p = Simd.splat(parameter);
    for (; n > 0; n -= LANES, z += 16, y += 16) Simd.store(y, f.value(v128.load(z), p), n);
  }

  static deactivate<F extends Elementwise>(parameter: f64, z: usize, y: usize, d: usize, n: i32): void {
    const f = changetype<F>(0);
    const p = Simd.splat(parameter);
    for (; n > 0; n -= LANES, z += 16, y += 16, d += 16) {
      Simd.store(d, v128.mul<real>(v128.load(d), f.derivative(v128.load(z), v128.load(y), p)), n);
    }
  }
}

/** a_j = e^z_j / Σ_k e^z_k, row by row; the row's largest z is taken off first, so that no power overflows. */
class Softmax {
  static activate(z: usize, y: usize, rows: i32, width: i32): void {
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, z += bytes, y += bytes) {
      const top = v128.splat<real>(largest(z, width));
      let total = Simd.splat(0);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const e = Lanes.exp<real>(v128.sub<real>(v128.load(z + at), top));
        total = v128.add<real>(total, v128.and(e, Simd.first(width - j)));
        Simd.store(y + at, e, width - j);
      }
      const sum = v128.splat<real>(Simd.sum(total));
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        Simd.store(y + at, v128.div<real>(v128.load(y + at), sum), width - j);
      }
    }
  }

  /** dZ_j = a_j (dY_j − Σ_k dY_k a_k). */
  static deactivate(y: usize, d: usize, rows: i32, width: i32): void {
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, y += bytes, d += bytes) {
      let total = Simd.splat(0);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const product = v128.mul<real>(v128.load(y + at), v128.load(d + at));
        total = v128.add<real>(total, v128.and(product, Simd.first(width - j)));
      }
      const mean = v128.splat<real>(Simd.sum(total));
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const error = v128.sub<real>(v128.load(d + at), mean);
        Simd.store(d + at, v128.mul<real>(v128.load(y + at), error), width - j);
      }
    }
  }
}

/** Largest of n numbers. */
export function largest(x: usize, n: i32): real {
  const lowest = Simd.splat(-Infinity);
  let top = lowest;
  for (let j = 0; j < n; j += LANES, x += 16) {
    top = v128.max<real>(top, v128.bitselect(v128.load(x), lowest, Simd.first(n - j)));
  }
  return Simd.largest(top);
}
