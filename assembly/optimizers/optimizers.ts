// An update: which rule changes the weights, and what happens before and after it. Optimizers see one flat block of
// parameters, never layers. Formulas are PyTorch's, or Keras's if PLAN_FLAVOR says so; weight decay is decoupled in both.
import {
  ADADELTA,
  ADAGRAD,
  ADAM,
  ADAMAX,
  ADAM_BETA1,
  ADAM_BETA2,
  ADASECANT,
  AMSGRAD,
  CORRECTING_OPTIMIZERS,
  EXTRA_NORMS,
  LION,
  MOMENTUM,
  MOMENTUM_MU,
  NADAM,
  NADAM_DECAY,
  NESTEROV,
  PLAN_AGE,
  PLAN_AVERAGE,
  PLAN_AVERAGE_DECAY,
  PLAN_AVERAGE_START,
  PLAN_EXTRAS,
  PLAN_GRADS,
  PLAN_LEARNING_RATE,
  PLAN_OPTIMIZER,
  PLAN_PARAMS,
  PLAN_POWER1,
  PLAN_POWER2,
  PLAN_POWER3,
  PLAN_PREPARES,
  PLAN_SCALE,
  PLAN_STATE,
  PLAN_STEP,
  PLAN_TRAINABLE,
  QUICKPROP,
  RADAM,
  RMSPROP,
  RPROP,
  SGD,
  VSGD,
} from "../plan";
import { isOneOf } from "../numbers/sets";
import { LANES, Simd } from "../numbers/simd";
import { Adagrad, Adamax, Amsgrad, Nadam, Radam, RmsProp } from "./adaptive";
import { AdaSecant } from "./adasecant";
import { hyper, isKeras } from "./blocks";
import { Gradient } from "./gradient";
import { Adadelta, Lion, Quickprop, Rprop } from "./rare-rules";
import { Adam, Momentum, Nesterov, Sgd } from "./rules";
import { Vsgd } from "./vsgd";

/** Counts the update that comes next. Gives back how many there were since the optimizer remembered nothing. */
@inline
export function countUpdate(plan: usize): f64 {
  store<f64>(plan, load<f64>(plan, PLAN_STEP) + 1, PLAN_STEP);
  const age = load<f64>(plan, PLAN_AGE) + 1;
  store<f64>(plan, age, PLAN_AGE);
  return age;
}

/** Counts the update that comes next, multiplies the powers that correct averages, and measures the gradient. */
export function beginUpdate(plan: usize): void {
  const age = countUpdate(plan);
  // The average begins with the weights before the first update.
  if (COMPLETE && age == 1) updateAverage(plan, 0, load<i32>(plan, PLAN_TRAINABLE), true);
  const kind = load<i32>(plan, PLAN_OPTIMIZER);
  if (isOneOf(kind, CORRECTING_OPTIMIZERS)) {
    let beta1 = hyper(plan, ADAM_BETA1);
    if (COMPLETE && kind == NADAM) {
      const decay = load<f64>(plan, PLAN_POWER3) * hyper(plan, NADAM_DECAY);
      store<f64>(plan, decay, PLAN_POWER3);
      beta1 = Nadam.momentum(plan, decay);
    }
    store<f64>(plan, load<f64>(plan, PLAN_POWER1) * beta1, PLAN_POWER1);
    store<f64>(plan, load<f64>(plan, PLAN_POWER2) * hyper(plan, ADAM_BETA2), PLAN_POWER2);
  }
  if (COMPLETE) {
    if (kind == ADASECANT) AdaSecant.begin(plan);
    else if (kind == VSGD) Vsgd.begin(plan);
  }
  if (load<i32>(plan, PLAN_PREPARES)) store<f64>(plan, Gradient.scale(plan), PLAN_SCALE);
}

/** New weights for numbers [begin, end) of the flat block, in one pass. Both bounds are divisible by the lanes. */
export function update(plan: usize, begin: i32, end: i32): void {
  const at = <usize>begin * sizeof<real>();
  const p = load<usize>(plan, PLAN_PARAMS) + at;
  const g = load<usize>(plan, PLAN_GRADS) + at;
  const s = load<usize>(plan, PLAN_STATE) + at;
  const n = end - begin;
  const kind = load<i32>(plan, PLAN_OPTIMIZER);
  if (COMPLETE && kind == ADASECANT) {
    AdaSecant.update(plan, load<f64>(plan, PLAN_LEARNING_RATE), begin, end);
  } else if (COMPLETE && kind == VSGD) {
    Vsgd.update(plan, begin, end);
  } else {
    applyRule(plan, p, g, s, n);
  }
  // Weights whose norm is still to be limited are averaged afterwards, by whoever limits it.
  if (COMPLETE && !(load<i32>(plan, PLAN_EXTRAS) & EXTRA_NORMS)) updateAverage(plan, begin, end, false);
}

/** Takes new values of numbers [begin, end) into their moving average, if there is one. `isFirst`: the average begins. */
export function updateAverage(plan: usize, begin: i32, end: i32, isFirst: bool): void {
  const at = <usize>begin * sizeof<real>();
  const a = load<usize>(plan, PLAN_AVERAGE);
  if (a) moveAverage(plan, load<usize>(plan, PLAN_PARAMS) + at, a + at, end - begin, isFirst);
}

/** a ← c a + (1 − c) p. Up to the first update, or a later one, a is a copy of p, so it needs no correction. */
function moveAverage(plan: usize, p: usize, a: usize, n: i32, isFirst: bool): void {
  const isCopy = isFirst || load<f64>(plan, PLAN_AGE) <= load<f64>(plan, PLAN_AVERAGE_START);
  const decay = isCopy ? 0 : load<f64>(plan, PLAN_AVERAGE_DECAY);
  const keep = Simd.splat(decay);
  const rest = Simd.splat(1 - decay);
  for (; n > 0; n -= LANES, p += 16, a += 16) {
    v128.store(a, Simd.madd(keep, v128.load(a), v128.mul<real>(rest, v128.load(p))));
  }
}

/** Applies the rule to n numbers. */
function applyRule(plan: usize, p: usize, g: usize, s: usize, n: i32): void {
  let rate = load<f64>(plan, PLAN_LEARNING_RATE);
  const kind = load<i32>(plan, PLAN_OPTIMIZER);
  // Keras's velocities contain rates, so a change of the rate takes effect slowly: gradients are multiplied by the rate.
  const isInside = isKeras(plan) && (kind == MOMENTUM || kind == NESTEROV);
  if (load<i32>(plan, PLAN_PREPARES)) Gradient.prepare(plan, rate, isInside ? rate : 1, p, g, n);
  if (isInside) rate = 1;
  const s2 = s + <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
  switch (kind) {
    case SGD:
      return Sgd.step(rate, p, g, n);
    case MOMENTUM:
      return Momentum.step(rate, hyper(plan, MOMENTUM_MU), p, g, s, n);
    case NESTEROV:
      return Nesterov.step(rate, hyper(plan, MOMENTUM_MU), p, g, s, n);
    case ADAM:
      return Adam.step(plan, rate, p, g, s, s2, n);
    default:
      if (COMPLETE) applyRareRule(plan, kind, rate, p, g, s, s2, n);
      else unreachable();
  }
}

/** Applies one of the rules that only the complete build has. */
function applyRareRule(plan: usize, kind: i32, rate: f64, p: usize, g: usize, s: usize, s2: usize, n: i32): void {
  switch (kind) {
    case ADAGRAD:
      return Adagrad.step(plan, rate, p, g, s, n);
    case RMSPROP:
      return RmsProp.step(plan, rate, p, g, s, s2 - s, n);
    case AMSGRAD:
      return Amsgrad.step(plan, rate, p, g, s, s2 - s, n);
    case ADAMAX:
      return Adamax.step(plan, rate, p, g, s, s2, n);
    case NADAM:
      return Nadam.step(plan, rate, p, g, s, s2, n);
    case RADAM:
      return Radam.step(plan, rate, p, g, s, s2, n);
    case ADADELTA:
      return Adadelta.step(plan, rate, p, g, s, s2, n);
    case LION:
      return Lion.step(plan, rate, p, g, s, n);
    case RPROP:
      return Rprop.step(plan, rate, p, g, s, s2, n);
    case QUICKPROP:
      return Quickprop.step(plan, rate, p, g, s, s2, n);
    default:
      unreachable();
  }
}
