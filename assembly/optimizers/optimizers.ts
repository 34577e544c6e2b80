// The optimizers: one class each. They see one flat block of parameters, never layers. Formulas are PyTorch's,
// and Keras's where PLAN_FLAVOR says so.
import {
  ADADELTA,
  ADAM,
  ADASECANT,
  CORRECTING_OPTIMIZERS,
  EXTRA_NORMS,
  LION,
  MOMENTUM,
  NADAM,
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
  RPROP,
  SGD,
  VSGD,
} from "../plan";
import { isOneOf } from "../numbers/sets";
import { LANES, Simd } from "../numbers/simd";
import { Nadam, Scaled } from "./adaptive";
import { AdaSecant } from "./adasecant";
import { hyper, isKeras } from "./blocks";
import { Gradient } from "./gradient";
import { Adadelta, Lion, Quickprop, Rprop } from "./rare-rules";
import { Adam, Momentum, Nesterov, Sgd } from "./rules";
import { Vsgd } from "./vsgd";

/** Counts the update that comes next, moves on the powers that correct Adam's averages, and measures the gradient. */
export function beginUpdate(plan: usize): void {
  store<f64>(plan, load<f64>(plan, PLAN_STEP) + 1, PLAN_STEP);
  const age = load<f64>(plan, PLAN_AGE) + 1;
  store<f64>(plan, age, PLAN_AGE);
  // The average begins with the weights before the first update.
  if (COMPLETE && age == 1) updateAverage(plan, 0, load<i32>(plan, PLAN_TRAINABLE), true);
  const kind = load<i32>(plan, PLAN_OPTIMIZER);
  if (isOneOf(kind, CORRECTING_OPTIMIZERS)) {
    const decay = load<f64>(plan, PLAN_POWER3) * hyper(plan, 3);
    store<f64>(plan, decay, PLAN_POWER3);
    const beta1 = kind == NADAM ? Nadam.momentum(plan, decay) : hyper(plan, 0);
    store<f64>(plan, load<f64>(plan, PLAN_POWER1) * beta1, PLAN_POWER1);
    store<f64>(plan, load<f64>(plan, PLAN_POWER2) * hyper(plan, 1), PLAN_POWER2);
  }
  if (COMPLETE) {
    if (kind == ADASECANT) AdaSecant.begin(plan);
    else if (kind == VSGD) Vsgd.begin(plan);
  }
  if (load<i32>(plan, PLAN_PREPARES)) store<f64>(plan, Gradient.scale(plan), PLAN_SCALE);
}

/** New weights for numbers [begin, end) of the flat block, bounds divisible by the lanes; one pass over p, g and state. */
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

/** The rule, over n numbers. */
function applyRule(plan: usize, p: usize, g: usize, s: usize, n: i32): void {
  let rate = load<f64>(plan, PLAN_LEARNING_RATE);
  const kind = load<i32>(plan, PLAN_OPTIMIZER);
  // Keras's velocities hold rates, so that a change of the rate comes slowly: it goes into the gradient.
  const isInside = isKeras(plan) && (kind == MOMENTUM || kind == NESTEROV);
  if (load<i32>(plan, PLAN_PREPARES)) Gradient.prepare(plan, rate, isInside ? rate : 1, p, g, n);
  if (isInside) rate = 1;
  const s2 = s + <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
  switch (kind) {
    case SGD:
      return Sgd.step(rate, p, g, n);
    case MOMENTUM:
      return Momentum.step(rate, hyper(plan, 0), p, g, s, n);
    case NESTEROV:
      return Nesterov.step(rate, hyper(plan, 0), p, g, s, n);
    case ADAM:
      return Adam.step(plan, rate, p, g, s, s2, n);
    default:
      if (COMPLETE) applyRareRule(plan, kind, rate, p, g, s, s2, n);
  }
}

/** The rules that a page's own build leaves to the complete one. */
function applyRareRule(plan: usize, kind: i32, rate: f64, p: usize, g: usize, s: usize, s2: usize, n: i32): void {
  switch (kind) {
    case ADADELTA:
      return Adadelta.step(plan, rate, p, g, s, s2, n);
    case LION:
      return Lion.step(plan, rate, p, g, s, n);
    case RPROP:
      return Rprop.step(plan, rate, p, g, s, s2, n);
    case QUICKPROP:
      return Quickprop.step(plan, rate, p, g, s, s2, n);
    default:
      return Scaled.step(plan, kind, rate, p, g, s, s2 - s, n);
  }
}
