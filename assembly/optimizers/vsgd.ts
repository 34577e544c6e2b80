// vSGD: rates from what the samples of a batch say about the gradient's mean, its variance and the loss's curvature.
import {
  BLOCK_BEGIN,
  BLOCK_BYTES,
  BLOCK_END,
  PLAN_AGE,
  PLAN_GRADS,
  PLAN_LEARNING_RATE,
  PLAN_PARAMS,
  PLAN_ROWS,
  PLAN_SCALE,
  PLAN_SEEN,
  PLAN_TRAINABLE,
  VSGD_B,
  VSGD_EPSILON,
  VSGD_FD,
  VSGD_INITIAL_SAMPLES,
  VSGD_OUTLIERS,
  VSGD_SLOW_START,
  VSGD_VARIANT,
} from "../plan";
import { Simd } from "../numbers/simd";
import { dot } from "../numbers/vectors";
import { firstBlock, hyper, lastBlock } from "./blocks";
import {
  CURVE,
  CURVE_SQUARE,
  MEAN,
  NEW_CURVE,
  NEW_CURVE_SQUARE,
  NEW_SQUARE,
  SQUARE,
  START,
  STEP,
  TAU,
  remembered,
} from "./remembered";

/** Whether curvature is found from gradients a little ahead (variant fd). */
export function looksAhead(plan: usize): bool {
  return hyper(plan, VSGD_VARIANT) == VSGD_FD;
}

/** p ← p − α · step for the bytes [begin, end) of the flat block. */
function moveWeights(plan: usize, alpha: f64, begin: usize, end: usize): void {
  const factor = Simd.splat(alpha);
  const p = load<usize>(plan, PLAN_PARAMS);
  const step = remembered(plan, STEP);
  for (let at = begin; at < end; at += 16) {
    v128.store(p + at, v128.sub<real>(v128.load(p + at), v128.mul<real>(factor, v128.load(step + at))));
  }
}

/** Keeps the weights. Gives back Σ g · step: how much the loss would fall along the step if it were a plane. */
export function beginTrials(plan: usize): f64 {
  const n = load<i32>(plan, PLAN_TRAINABLE);
  memory.copy(remembered(plan, START), load<usize>(plan, PLAN_PARAMS), <usize>n * sizeof<real>());
  return dot(load<usize>(plan, PLAN_GRADS), remembered(plan, STEP), n);
}

/** Moves the weights by α times the step from where they were kept. With 0 they come back. */
export function tryOut(plan: usize, alpha: f64): void {
  const bytes = <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
  memory.copy(load<usize>(plan, PLAN_PARAMS), remembered(plan, START), bytes);
  if (alpha > 0) moveWeights(plan, alpha, 0, bytes);
}

/**
 * Schaul, Zhang and LeCun 2012 (arXiv 1206.1106), for batches of n as in Schaul and LeCun 2013 (1301.3764). Means ḡ of
 * the gradient, v of its samples' squares, h of the curvature, that forget with 1 / τ:
 *
 * q = n ḡ² / (v + (n − 1) ḡ²); step = η (q / h) g; p ← p − α step; τ ← (1 − q) τ + 1
 *
 * Variant b: Σ ḡ², Σ v and the largest h of a tensor in place of each weight's own; g: of all parameters. Variant fd:
 * h / h² means in place of 1 / h, and τ ← τ + 1 first, where g or h is κ deviations of a mean of n off its own mean. The
 * first n₀ samples only give the means; then v is taken `slowStart` times as large. Numbers: variant, slowStart, n₀, ε (of
 * l, b and g the least h), κ. α, which the papers do not have, is 1 unless the whole step goes too far for the batch's own
 * loss: see `shortenStep` in training/trials.ts.
 */
export class Vsgd {
  /** Updates the averages and finds the step. */
  static begin(plan: usize): void {
    store<f64>(plan, load<f64>(plan, PLAN_SEEN) + <f64>load<i32>(plan, PLAN_ROWS), PLAN_SEEN);
    const variant = <i32>hyper(plan, VSGD_VARIANT);
    if (variant < VSGD_B || variant == VSGD_FD) return Vsgd.each(plan, variant == VSGD_FD);
    const last = lastBlock(plan);
    for (let block = firstBlock(plan); block <= last; block += BLOCK_BYTES) Vsgd.block(plan, block);
  }

  /** Whether the batch belongs to the first samples, which only give averages. */
  @inline static isStarting(plan: usize): bool {
    return load<f64>(plan, PLAN_SEEN) - <f64>load<i32>(plan, PLAN_ROWS) < hyper(plan, VSGD_INITIAL_SAMPLES);
  }

  /** Whether it is the last batch of those. */
  @inline static isStarted(plan: usize): bool {
    return load<f64>(plan, PLAN_SEEN) >= hyper(plan, VSGD_INITIAL_SAMPLES);
  }

  /** The memory that the averages begin with: the number of batches that they are made from, but at least two. */
  @inline static firstTau(plan: usize): f64 {
    return max<f64>(2, load<f64>(plan, PLAN_AGE));
  }

  /** The steps of a block, whose weights share one rate. While starting, it is 0. */
  static block(plan: usize, block: usize): void {
    const begin = <usize>load<i32>(block, BLOCK_BEGIN) * sizeof<real>();
    const end = <usize>load<i32>(block, BLOCK_END) * sizeof<real>();
    const n = <f64>load<i32>(plan, PLAN_ROWS);
    const isStarting = Vsgd.isStarting(plan);
    const isStarted = Vsgd.isStarted(plan);
    const slow: f64 = isStarting && isStarted ? hyper(plan, VSGD_SLOW_START) : 1;
    const ofTau = remembered(plan, TAU) + begin;
    const tau = <f64>load<real>(ofTau);
    const share = isStarting ? n / load<f64>(plan, PLAN_SEEN) : 1 / tau;
    const keep = 1 - share;
    let gradients: f64 = 0;
    let squares: f64 = 0;
    let largest: f64 = 0;
    for (let at = begin; at < end; at += sizeof<real>()) {
      const g = remembered(plan, MEAN) + at;
      const h = remembered(plan, CURVE) + at;
      const mean = keep * <f64>load<real>(g) + share * <f64>load<real>(load<usize>(plan, PLAN_GRADS) + at);
      const curve = max<f64>(hyper(plan, VSGD_EPSILON), <f64>load<real>(remembered(plan, NEW_CURVE) + at));
      const moved = keep * <f64>load<real>(h) + share * curve;
      store<real>(g, <real>mean);
      store<real>(h, <real>moved);
      gradients += mean * mean;
      squares += <f64>load<real>(remembered(plan, NEW_SQUARE) + at);
      largest = max<f64>(largest, moved);
    }
    const ofSquare = remembered(plan, SQUARE) + begin;
    const square = (keep * <f64>load<real>(ofSquare) + share * squares) * slow;
    store<real>(ofSquare, <real>square);
    const q = square > 0 ? min<f64>(1, (n * gradients) / (square + (n - 1) * gradients)) : 0;
    const rate = Simd.splat(isStarting ? 0 : (load<f64>(plan, PLAN_LEARNING_RATE) * q) / largest);
    for (let at = begin; at < end; at += 16) {
      v128.store(remembered(plan, STEP) + at, v128.mul<real>(rate, v128.load(load<usize>(plan, PLAN_GRADS) + at)));
    }
    const next = isStarting ? Vsgd.firstTau(plan) : square > 0 ? (1 - q) * tau + 1 : tau;
    store<real>(ofTau, <real>next);
  }

  /** New weights for numbers [begin, end): p ← p − α · step. */
  static update(plan: usize, begin: i32, end: i32): void {
    const alpha = load<f64>(plan, PLAN_SCALE);
    // With α = 0 nothing is added: the step may not be finite.
    if (alpha > 0) moveWeights(plan, alpha, <usize>begin * sizeof<real>(), <usize>end * sizeof<real>());
  }

  /** The steps if each weight has its own rate. It is one long loop, since every array is read and written once. */
  static each(plan: usize, isFd: bool): void {
    const isStarting = Vsgd.isStarting(plan);
    const slow = Simd.splat(isStarting && Vsgd.isStarted(plan) ? hyper(plan, VSGD_SLOW_START) : 1);
    const size = <f64>load<i32>(plan, PLAN_ROWS);
    const n = Simd.splat(size);
    const others = Simd.splat(size - 1);
    const eta = Simd.splat(isStarting ? 0 : load<f64>(plan, PLAN_LEARNING_RATE));
    const firstShare = Simd.splat(size / load<f64>(plan, PLAN_SEEN));
    const firstTau = Simd.splat(Vsgd.firstTau(plan));
    const zero = Simd.splat(0);
    const one = Simd.splat(1);
    const epsilon = Simd.splat(hyper(plan, VSGD_EPSILON));
    // κ² / n
    const far = Simd.splat((hyper(plan, VSGD_OUTLIERS) * hyper(plan, VSGD_OUTLIERS)) / size);
    const hasOutliers = isFd && !isStarting && hyper(plan, VSGD_OUTLIERS) > 0;
    const stop = <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
    for (let at: usize = 0; at < stop; at += 16) {
      const gradient = v128.load(load<usize>(plan, PLAN_GRADS) + at);
      const curve = v128.load(remembered(plan, NEW_CURVE) + at);
      const meanOld = v128.load(remembered(plan, MEAN) + at);
      const squareOld = v128.load(remembered(plan, SQUARE) + at);
      const curveOld = v128.load(remembered(plan, CURVE) + at);
      let tau = v128.load(remembered(plan, TAU) + at);
      if (hasOutliers) {
        const curveSquare = v128.load(remembered(plan, CURVE_SQUARE) + at);
        const isFar = v128.or(
          Vsgd.isFar(gradient, meanOld, squareOld, far),
          Vsgd.isFar(curve, curveOld, curveSquare, far),
        );
        tau = v128.add<real>(tau, v128.and(one, isFar));
      }
      const share = isStarting ? firstShare : v128.div<real>(one, tau);
      const keep = v128.sub<real>(one, share);
      const mean = Simd.madd(keep, meanOld, v128.mul<real>(share, gradient));
      let square = Simd.madd(keep, squareOld, v128.mul<real>(share, v128.load(remembered(plan, NEW_SQUARE) + at)));
      const bounded = isFd ? curve : v128.max<real>(epsilon, curve);
      const h = Simd.madd(keep, curveOld, v128.mul<real>(share, bounded));
      if (isFd && !isStarting) square = v128.add<real>(square, epsilon);
      square = v128.mul<real>(slow, square);
      const gg = v128.mul<real>(mean, mean);
      // A weight for which no sample has had a gradient yet makes no step and keeps its memory.
      const isNothing = v128.eq<real>(square, zero);
      let q = v128.div<real>(v128.mul<real>(n, gg), Simd.madd(others, gg, square));
      q = v128.andnot(v128.min<real>(one, q), isNothing);
      let rate: v128;
      let next = Simd.madd(v128.sub<real>(one, q), tau, one);
      if (isFd) {
        const squares = v128.load(remembered(plan, NEW_CURVE_SQUARE) + at);
        const hh = Simd.madd(keep, v128.load(remembered(plan, CURVE_SQUARE) + at), v128.mul<real>(share, squares));
        v128.store(remembered(plan, CURVE_SQUARE) + at, hh);
        rate = v128.div<real>(v128.mul<real>(q, v128.add<real>(h, epsilon)), v128.add<real>(hh, epsilon));
        next = v128.add<real>(next, epsilon);
      } else {
        rate = v128.div<real>(q, h);
      }
      next = v128.bitselect(tau, next, isNothing);
      v128.store(remembered(plan, MEAN) + at, mean);
      v128.store(remembered(plan, SQUARE) + at, square);
      v128.store(remembered(plan, CURVE) + at, h);
      v128.store(remembered(plan, TAU) + at, isStarting ? firstTau : next);
      v128.store(remembered(plan, STEP) + at, v128.mul<real>(v128.mul<real>(eta, rate), gradient));
    }
  }

  /** (x − mean)² > κ² (square − mean²) / n */
  @inline static isFar(x: v128, mean: v128, square: v128, far: v128): v128 {
    const away = v128.sub<real>(x, mean);
    const variance = v128.sub<real>(square, v128.mul<real>(mean, mean));
    return v128.gt<real>(v128.mul<real>(away, away), v128.mul<real>(far, variance));
  }
}
