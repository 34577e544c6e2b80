// The losses that pages load apart: one class each, a function and its derivative together.
import {
  HINGE,
  HUBER,
  KL_DIVERGENCE,
  LOG_COSH,
  LOG_DIVERGENCE,
  LOG_LIKELIHOOD,
  MEAN_ABSOLUTE_PERCENTAGE_ERROR,
  MEAN_SQUARED_LOGARITHMIC_ERROR,
  POISSON,
  QUANTILE,
  SQUARED_HINGE,
} from "../plan";
import { Lanes } from "../numbers/math";
import { LARGEST, Simd } from "../numbers/simd";
import { MeanAbsoluteError } from "./common-losses";

/** ½ e² for |e| <= δ, δ (|e| − ½ δ) beyond, with e = a − t (Huber 1964). */
class Huber {
  /** c (|e| − ½ c) with c = min(|e|, δ) */
  @inline static value(a: v128, t: v128, delta: v128): v128 {
    const size = MeanAbsoluteError.value(a, t);
    const c = v128.pmin<real>(size, delta);
    return v128.mul<real>(c, v128.sub<real>(size, v128.mul<real>(Simd.splat(0.5), c)));
  }

  /** ∂/∂a = e held within ±δ */
  @inline static derivative(a: v128, t: v128, delta: v128): v128 {
    return v128.pmin<real>(v128.pmax<real>(v128.sub<real>(a, t), v128.neg<real>(delta)), delta);
  }
}

/** log cosh(a − t) */
class LogCosh {
  /** With e = a − t: −½ log(1 − tanh² e) near 0, |e| + log(1 + e^−2|e|) − log 2 elsewhere */
  @inline static value(a: v128, t: v128): v128 {
    const size = MeanAbsoluteError.value(a, t);
    const tanh = Lanes.tanh<real>(size);
    const near = v128.lt<real>(size, Simd.splat(1));
    const power = Lanes.exp<real>(v128.mul<real>(Simd.splat(-2), size));
    const logarithm = Lanes.log1p<real>(v128.bitselect(v128.neg<real>(v128.mul<real>(tanh, tanh)), power, near));
    const far = v128.add<real>(v128.sub<real>(size, Simd.splat(0.69314718055994530942)), logarithm);
    return v128.bitselect(v128.mul<real>(Simd.splat(-0.5), logarithm), far, near);
  }

  /** ∂/∂a = tanh(a − t) */
  @inline static derivative(a: v128, t: v128): v128 {
    return Lanes.tanh<real>(v128.sub<real>(a, t));
  }
}

/** max(0, 1 − t a) for targets −1 and 1, and its square. */
class Hinge {
  /** m = max(0, 1 − t a) */
  static margin(a: v128, t: v128): v128 {
    return v128.pmax<real>(v128.sub<real>(Simd.splat(1), v128.mul<real>(t, a)), Simd.splat(0));
  }

  /** ∂m/∂a = −t for m > 0, else 0 */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.and(v128.gt<real>(Hinge.margin(a, t), Simd.splat(0)), v128.neg<real>(t));
  }

  /** m² */
  @inline static square(a: v128, t: v128): v128 {
    const m = Hinge.margin(a, t);
    return v128.mul<real>(m, m);
  }

  /** ∂m²/∂a = −2 t m */
  @inline static squareDerivative(a: v128, t: v128): v128 {
    return v128.mul<real>(v128.mul<real>(Simd.splat(-2), t), Hinge.margin(a, t));
  }
}

/** a − t log a: the negative log likelihood of counts t with mean a, but for a term of t alone. */
class Poisson {
  /** a − t log a */
  @inline static value(a: v128, t: v128): v128 {
    return v128.sub<real>(a, v128.mul<real>(t, Guarded.log(a)));
  }

  /** ∂/∂a = 1 − t / a */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.sub<real>(Simd.splat(1), Guarded.quotient(t, a));
  }
}

/** 100 |a − t| / max(|t|, 1e−7), as in Keras. */
class MeanAbsolutePercentageError {
  /** 100 |a − t| / |t| */
  @inline static value(a: v128, t: v128): v128 {
    return v128.mul<real>(MeanAbsoluteError.value(a, t), MeanAbsolutePercentageError.scale(t));
  }

  /** ∂/∂a = 100 Simd.sign(Simd.splat(1), a − t) / |t| */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.mul<real>(MeanAbsoluteError.derivative(a, t), MeanAbsolutePercentageError.scale(t));
  }

  static scale(t: v128): v128 {
    return v128.div<real>(Simd.splat(100), v128.pmax<real>(v128.abs<real>(t), Simd.splat(1e-7)));
  }
}

/** (log(1 + a) − log(1 + t))², with a and t no less than 1e−7, as in Keras. */
class MeanSquaredLogarithmicError {
  /** d² with d = log(1 + a) − log(1 + t) */
  @inline static value(a: v128, t: v128): v128 {
    const d = MeanSquaredLogarithmicError.distance(a, t);
    return v128.mul<real>(d, d);
  }

  /** ∂/∂a = 2 d / (1 + a) for a > 1e−7, else 0 */
  @inline static derivative(a: v128, t: v128): v128 {
    const d = MeanSquaredLogarithmicError.distance(a, t);
    const slope = v128.div<real>(v128.add<real>(d, d), v128.add<real>(Simd.splat(1), a));
    return v128.and(v128.gt<real>(a, Simd.splat(1e-7)), slope);
  }

  /** d; where a and t are near each other as log(1 + (a − t) / (1 + t)): their logarithms differ in few digits then. */
  static distance(a: v128, t: v128): v128 {
    const least = Simd.splat(1e-7);
    const to = v128.pmax<real>(t, least);
    const from = v128.pmax<real>(a, least);
    const change = v128.div<real>(v128.sub<real>(from, to), v128.add<real>(Simd.splat(1), to));
    const isNear = v128.lt<real>(v128.abs<real>(change), Simd.splat(0.5));
    const logarithm = Lanes.log1p<real>(v128.bitselect(change, from, isNear));
    const far = v128.sub<real>(logarithm, Lanes.log1p<real>(to));
    return v128.bitselect(logarithm, far, isNear);
  }
}

/** q e for e >= 0, (q − 1) e below, with e = t − a: its least mean is at the q-th quantile (Koenker 1978). */
class Quantile {
  /** max(q e, (q − 1) e) */
  @inline static value(a: v128, t: v128, q: v128): v128 {
    const e = v128.sub<real>(t, a);
    const over = v128.mul<real>(v128.sub<real>(q, Simd.splat(1)), e);
    return v128.pmax<real>(over, v128.mul<real>(q, e));
  }

  /** ∂/∂a = −q for a < t, 1 − q for a > t */
  @inline static derivative(a: v128, t: v128, q: v128): v128 {
    const side = Simd.sign(Simd.splat(1), v128.sub<real>(a, t));
    const over = v128.sub<real>(Simd.splat(1), q);
    return v128.mul<real>(side, v128.bitselect(over, q, v128.gt<real>(a, t)));
  }
}

/** t log(t / a), summed over the outputs. Behind logSoftmax, a is a logarithm already. */
class Divergence {
  /** t (log t − log a) */
  @inline static value(a: v128, t: v128): v128 {
    return v128.mul<real>(t, v128.sub<real>(Guarded.log(t), Guarded.log(a)));
  }

  /** ∂/∂a = −t / a */
  @inline static derivative(a: v128, t: v128): v128 {
    return v128.neg<real>(Guarded.quotient(t, a));
  }
}

/** A loss where there is a target, 0 where there is none: a logarithm of −∞ has no part in it, and 0 · ∞ is not 0. */
function onTargets(t: v128, loss: v128): v128 {
  return v128.and(loss, v128.ne<real>(t, Simd.splat(0)));
}

/** Logarithms and quotients that stay finite at 0. */
export class Guarded {
  /** log x, where 0 counts as the smallest number above it, so that 0 log 0 is 0; NaN below 0. */
  static log(x: v128): v128 {
    const least = Simd.splat(sizeof<real>() == 4 ? 1.401298464324817e-45 : 5e-324);
    return Lanes.log<real>(v128.bitselect(least, x, v128.eq<real>(x, Simd.splat(0))));
  }

  /** t / a, held finite: an infinite slope times an activation's slope of 0 would be NaN. */
  static quotient(t: v128, a: v128): v128 {
    const small = Simd.splat(sizeof<real>() == 4 ? 1e-30 : 1e-300);
    const largest = Simd.splat(LARGEST);
    const q = v128.div<real>(t, v128.bitselect(small, a, v128.eq<real>(a, Simd.splat(0))));
    return v128.pmax<real>(v128.pmin<real>(q, largest), v128.neg<real>(largest));
  }
}

/** The choice among the losses that only the complete build has. */
export class RareLoss {
  static value(kind: i32, a: v128, t: v128, p: v128): v128 {
    switch (kind) {
      case LOG_LIKELIHOOD:
        return onTargets(t, v128.neg<real>(v128.mul<real>(t, a)));
      case LOG_DIVERGENCE:
        return onTargets(t, v128.mul<real>(t, v128.sub<real>(Guarded.log(t), a)));
      case KL_DIVERGENCE:
        return Divergence.value(a, t);
      case HUBER:
        return Huber.value(a, t, p);
      case LOG_COSH:
        return LogCosh.value(a, t);
      case HINGE:
        return Hinge.margin(a, t);
      case SQUARED_HINGE:
        return Hinge.square(a, t);
      case POISSON:
        return Poisson.value(a, t);
      case MEAN_ABSOLUTE_PERCENTAGE_ERROR:
        return MeanAbsolutePercentageError.value(a, t);
      case MEAN_SQUARED_LOGARITHMIC_ERROR:
        return MeanSquaredLogarithmicError.value(a, t);
      case QUANTILE:
        return Quantile.value(a, t, p);
      default:
        return unreachable();
    }
  }

  static derivative(kind: i32, a: v128, t: v128, p: v128): v128 {
    switch (kind) {
      case LOG_LIKELIHOOD:
      case LOG_DIVERGENCE:
        return v128.neg<real>(t);
      case KL_DIVERGENCE:
        return Divergence.derivative(a, t);
      case HUBER:
        return Huber.derivative(a, t, p);
      case LOG_COSH:
        return LogCosh.derivative(a, t);
      case HINGE:
        return Hinge.derivative(a, t);
      case SQUARED_HINGE:
        return Hinge.squareDerivative(a, t);
      case POISSON:
        return Poisson.derivative(a, t);
      case MEAN_ABSOLUTE_PERCENTAGE_ERROR:
        return MeanAbsolutePercentageError.derivative(a, t);
      case MEAN_SQUARED_LOGARITHMIC_ERROR:
        return MeanSquaredLogarithmicError.derivative(a, t);
      case QUANTILE:
        return Quantile.derivative(a, t, p);
      default:
        return unreachable();
    }
  }
}
