// The activations that pages load apart: one class each, a function and its derivative together.
import {
  CELU,
  ELU,
  GAUSSIAN,
  GELU,
  GELU_TANH,
  HARD_SIGMOID,
  HARD_SWISH,
  HARD_TANH,
  LOG_SIGMOID,
  MISH,
  RELU6,
  SELU,
  SILU,
  SINE,
  SOFTPLUS,
  SOFTSIGN,
} from "../plan";
import { Lanes } from "../numbers/math";
import { Simd } from "../numbers/simd";
import { Clamp, HardSigmoid } from "./clamps";
import { Gated } from "./gates";

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
    const held = Simd.finite(z);
    return v128.div<real>(held, v128.add<real>(Simd.splat(1), v128.abs<real>(held)));
  }

  /** f′ = 1 / (1 + |z|)²: from a, (1 − |a|)² would have no digits left in the tails */
  @inline static derivative(z: v128): v128 {
    const rest = v128.div<real>(Simd.splat(1), v128.add<real>(Simd.splat(1), v128.abs<real>(z)));
    return v128.mul<real>(rest, rest);
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
    return v128.mul<real>(v128.mul<real>(Simd.splat(-2), a), Simd.finite(z));
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

/** The choice among the activations that only the complete build has. */
export class RareActivation {
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
      case SILU:
      case GELU:
      case GELU_TANH:
      case MISH:
      case HARD_SWISH:
        return Gated.value(kind, z);
      default:
        return unreachable();
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
      case SILU:
      case GELU:
      case GELU_TANH:
      case MISH:
      case HARD_SWISH:
        return Gated.derivative(kind, z);
      default:
        return unreachable();
    }
  }
}
