// The activations: one class each, a function and its derivative together, and the loops that apply them to rows.
import {
  CELU,
  ELU,
  GAUSSIAN,
  GELU,
  GELU_TANH,
  HARD_SIGMOID,
  HARD_TANH,
  LEAKY_RELU,
  LINEAR,
  LOG_SIGMOID,
  LOG_SOFTMAX,
  MISH,
  RELU,
  RELU6,
  SELU,
  SIGMOID,
  SILU,
  SINE,
  SOFTMAX,
  SOFTPLUS,
  SOFTSIGN,
  TANH,
} from "./plan";
import { LANES, Simd } from "./simd";
import { Lanes } from "./math";

/** The largest number. */
const LARGEST: f64 = sizeof<real>() == 4 ? <f64>f32.MAX_VALUE : f64.MAX_VALUE;

/** z with the largest numbers in place of ±∞; NaN stays. */
function finite(z: v128): v128 {
  return v128.pmin<real>(v128.pmax<real>(z, Simd.splat(-LARGEST)), Simd.splat(LARGEST));
}

/**
 * An activation of single numbers: a = value(z), f′ = derivative(z, a). `p` is its parameter, where it has one. Where a
 * derivative reads z, the row in src/tables/activations.ts says so (`keepsZ`); elsewhere a may have been written over z.
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

/**
 * z above 0, h (e^(z/r) − 1) elsewhere: elu with h = p, r = 1 (Clevert 2015), celu with h = r = p (Barron 2017). The
 * derivative at 0 is that from below, as in PyTorch.
 */
class Elu {
  /** a = z for z > 0, else h (e^(z/r) − 1) */
  static value(z: v128, h: v128, r: v128): v128 {
    const below = v128.mul<real>(h, Lanes.expm1<real>(v128.div<real>(z, r)));
    return v128.bitselect(z, below, v128.gt<real>(z, Simd.splat(0)));
  }

  /** f′ = 1 for z > 0, else h/r e^(z/r) */
  static derivative(z: v128, h: v128, r: v128): v128 {
    const below = v128.mul<real>(v128.div<real>(h, r), Lanes.exp<real>(v128.div<real>(z, r)));
    return v128.bitselect(Simd.splat(1), below, v128.gt<real>(z, Simd.splat(0)));
  }
}

/** λ elu(z) with λ and α that keep mean 0 and variance 1 from layer to layer (Klambauer 2017). */
class Selu {

  @inline static get scale(): v128 {
    return Simd.splat(1.0507009873554804934193349852946);
  }


  @inline static get alpha(): v128 {
    return Simd.splat(1.6732632423543772848170429916717);
  }

  /** a = λ elu(z) */
  @inline static value(z: v128): v128 {
    return v128.mul<real>(Selu.scale, Elu.value(z, Selu.alpha, Simd.splat(1)));
  }

  /** f′ = λ elu′(z) */
  @inline static derivative(z: v128): v128 {
    return v128.mul<real>(Selu.scale, Elu.derivative(z, Selu.alpha, Simd.splat(1)));
  }
}

/** log(1 + e^z) = max(z, 0) + log(1 + e^−|z|), which never overflows. */
class Softplus {
  /** a = log(1 + e^z) */
  @inline static value(z: v128): v128 {
    return v128.add<real>(v128.pmax<real>(z, Simd.splat(0)), Lanes.log1pExp<real>(z));
  }

  /** f′ = 1 / (1 + e^−z) */
  @inline static derivative(z: v128): v128 {
    return Lanes.sigmoid<real>(z);
  }
}

/** The logarithm of the logistic function, exact where that is 0 or 1. */
class LogSigmoid {
  /** a = −log(1 + e^−z) */
  @inline static value(z: v128): v128 {
    return v128.neg<real>(Softplus.value(v128.neg<real>(z)));
  }

  /** f′ = 1 / (1 + e^z) */
  @inline static derivative(z: v128): v128 {
    return Lanes.sigmoid<real>(v128.neg<real>(z));
  }
}

/** z / (1 + |z|) */
class Softsign {
  /** a = z / (1 + |z|) */
  @inline static value(z: v128): v128 {
    const held = finite(z);
    return v128.div<real>(held, v128.add<real>(Simd.splat(1), v128.abs<real>(held)));
  }

  /** f′ = 1 / (1 + |z|)²: from a, (1 − |a|)² would have no digits left in the tails */
  @inline static derivative(z: v128): v128 {
    const rest = v128.div<real>(Simd.splat(1), v128.add<real>(Simd.splat(1), v128.abs<real>(z)));
    return v128.mul<real>(rest, rest);
  }
}

/** z held between two bounds: relu6 in [0, 6], hardTanh in [−1, 1]. At the bounds the derivative is 0, as in PyTorch. */
class Clamp {
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
class HardSigmoid {
  /** a = min(max(z + 3, 0), 6) / 6 */
  @inline static value(z: v128): v128 {
    return v128.div<real>(Clamp.value(v128.add<real>(z, Simd.splat(3)), 0, 6), Simd.splat(6));
  }

  /** f′ = 1/6 for −3 < z < 3, else 0 */
  @inline static derivative(z: v128): v128 {
    return Clamp.derivative(z, -3, 3, 1.0 / 6.0);
  }
}

/** e^−z² */
class Gaussian {
  /** a = e^−z² */
  @inline static value(z: v128): v128 {
    return Lanes.bell<real>(z, 1);
  }

  /** f′ = −2 z a; a comes first, which is 0 where 2 z would be beyond all numbers */
  @inline static derivative(z: v128, a: v128): v128 {
    return v128.mul<real>(v128.mul<real>(Simd.splat(-2), a), finite(z));
  }
}

/** sin z */
class Sine {
  /** a = sin z */
  @inline static value(z: v128): v128 {
    return Lanes.sine<real>(z, 0);
  }

  /** f′ = cos z */
  @inline static derivative(z: v128): v128 {
    return Lanes.sine<real>(z, 0.5);
  }
}

/** z times a gate g(z) that opens from 0 to 1: silu, gelu, geluTanh, mish and hardSwish differ in g alone. */
class Gated {
  /** a = z g(z) */
  @inline static value(kind: i32, z: v128): v128 {
    // At −∞ the gate is shut: 0 times a number is 0, but 0 · ∞ is not.
    return v128.mul<real>(v128.pmax<real>(z, Simd.splat(-LARGEST)), Gated.gate(kind, z));
  }

  /** f′ = g(z) + z g′(z) */
  @inline static derivative(kind: i32, z: v128): v128 {
    return v128.add<real>(Gated.gate(kind, z), v128.mul<real>(finite(z), Gated.slope(kind, z)));
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
      default:
        return HardSigmoid.value(z);
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
      default:
        return Clamp.derivative(z, -3, 3, 1.0 / 6.0);
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

/** Any other activation: which one is asked anew for each vector. */
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
        return COMPLETE ? Rare.value(kind, z, p) : z;
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
        return COMPLETE ? Rare.derivative(kind, z, a, p) : z;
    }
  }
}

/** What a page's own build leaves to the complete one. */
class Rare {
  static value(kind: i32, z: v128, p: v128): v128 {
    switch (kind) {
      case ELU:
        return Elu.value(z, p, Simd.splat(1));
      case CELU:
        return Elu.value(z, p, p);
      case SELU:
        return Selu.value(z);
      case SOFTPLUS:
        return Softplus.value(z);
      case LOG_SIGMOID:
        return LogSigmoid.value(z);
      case SOFTSIGN:
        return Softsign.value(z);
      case RELU6:
        return Clamp.value(z, 0, 6);
      case HARD_TANH:
        return Clamp.value(z, -1, 1);
      case HARD_SIGMOID:
        return HardSigmoid.value(z);
      case GAUSSIAN:
        return Gaussian.value(z);
      case SINE:
        return Sine.value(z);
      default:
        return Gated.value(kind, z);
    }
  }

  static derivative(kind: i32, z: v128, a: v128, p: v128): v128 {
    switch (kind) {
      case ELU:
        return Elu.derivative(z, p, Simd.splat(1));
      case CELU:
        return Elu.derivative(z, p, p);
      case SELU:
        return Selu.derivative(z);
      case SOFTPLUS:
        return Softplus.derivative(z);
      case LOG_SIGMOID:
        return LogSigmoid.derivative(z);
      case SOFTSIGN:
        return Softsign.derivative(z);
      case RELU6:
        return Clamp.derivative(a, 0, 6, 1);
      case HARD_TANH:
        return Clamp.derivative(a, -1, 1, 1);
      case HARD_SIGMOID:
        return HardSigmoid.derivative(z);
      case GAUSSIAN:
        return Gaussian.derivative(z, a);
      case SINE:
        return Sine.derivative(z);
      default:
        return Gated.derivative(kind, z);
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
    case RELU:
      return Rows.deactivate<Relu>(parameter, Z + first, Y + first, D + first, n);
    case SOFTMAX:
    case LOG_SOFTMAX:
      return Softmax.deactivate(COMPLETE && kind == LOG_SOFTMAX, Y + first, D + first, end - begin, width);
    default:
      return Rows.deactivateOther(kind, parameter, Z + first, Y + first, D + first, n);
  }
}

/**
 * The loops of the elementwise activations, over n numbers; the last vector is stored in part. The common ones, which are
 * a few instructions each, have loops of their own; a loop for each of the others would make the core a tenth larger.
 */
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

  static activateOther(kind: i32, parameter: f64, z: usize, y: usize, n: i32): void {
    const p = Simd.splat(parameter);
    for (; n > 0; n -= LANES, z += 16, y += 16) Simd.store(y, Others.value(kind, v128.load(z), p), n);
  }

  static deactivateOther(kind: i32, parameter: f64, z: usize, y: usize, d: usize, n: i32): void {
    const p = Simd.splat(parameter);
    for (; n > 0; n -= LANES, z += 16, y += 16, d += 16) {
      const slope = Others.derivative(kind, v128.load(z), v128.load(y), p);
      Simd.store(d, v128.mul<real>(v128.load(d), slope), n);
    }
  }
}

/**
 * Row by row a_j = e^z_j / Σ_k e^z_k, or its logarithm (`log`) z_j − log Σ_k e^z_k; the row's largest z is taken off
 * first, so that no power overflows.
 */
class Softmax {
  static activate(log: bool, z: usize, y: usize, rows: i32, width: i32): void {
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, z += bytes, y += bytes) {
      const top = v128.splat<real>(largest(z, width));
      let total = Simd.splat(0);
      let tops = Simd.splat(0);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const rest = v128.sub<real>(v128.load(z + at), top);
        let e = Lanes.exp<real>(rest);
        if (log) {
          const isTop = v128.and(v128.eq<real>(rest, Simd.splat(0)), Simd.first(width - j));
          tops = v128.add<real>(tops, v128.and(isTop, Simd.splat(1)));
          e = v128.andnot(e, isTop);
        }
        total = v128.add<real>(total, v128.and(e, Simd.first(width - j)));
        Simd.store(y + at, log ? rest : e, width - j);
      }
      // One of the largest is left out of the logarithm: 1 + x has few digits of a small x.
      const sum = log
        ? Lanes.log1p<real>(v128.splat<real>(Simd.sum(total) + (Simd.sum(tops) - 1)))
        : v128.splat<real>(Simd.sum(total));
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const a = v128.load(y + at);
        Simd.store(y + at, log ? v128.sub<real>(a, sum) : v128.div<real>(a, sum), width - j);
      }
    }
  }

  /** With s = softmax(z): dZ_j = s_j (dY_j − Σ_k dY_k s_k); for the logarithm dZ_j = dY_j − s_j Σ_k dY_k. */
  static deactivate(log: bool, y: usize, d: usize, rows: i32, width: i32): void {
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, y += bytes, d += bytes) {
      let total = Simd.splat(0);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const dy = v128.load(d + at);
        const term = log ? dy : v128.mul<real>(v128.load(y + at), dy);
        total = v128.add<real>(total, v128.and(term, Simd.first(width - j)));
      }
      const sum = v128.splat<real>(Simd.sum(total));
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const dy = v128.load(d + at);
        const a = v128.load(y + at);
        const dz = log
          ? v128.sub<real>(dy, v128.mul<real>(Lanes.exp<real>(a), sum))
          : v128.mul<real>(a, v128.sub<real>(dy, sum));
        Simd.store(d + at, dz, width - j);
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
