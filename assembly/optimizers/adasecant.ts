// AdaSecant: a rate for each weight from secants of the gradient, along blocks that are brought to length 1.
import {
  ADASECANT_ADAGRAD,
  ADASECANT_ALIGNED,
  ADASECANT_DAMPING,
  ADASECANT_DECAY,
  ADASECANT_DELTA_CLIP,
  ADASECANT_GAMMA_CLIP,
  ADASECANT_GRAD_CLIP,
  ADASECANT_START,
  BLOCK_BEGIN,
  BLOCK_BYTES,
  BLOCK_END,
  BLOCK_SCALE,
  PLAN_AGE,
  PLAN_GRADS,
  PLAN_PARAMS,
  PLAN_STATE,
  PLAN_TRAINABLE,
} from "../plan";
import { Simd } from "../numbers/simd";
import { firstBlock, hyper, lastBlock, squareSum } from "./blocks";

/**
 * Gulcehre and Bengio 2014 (arXiv 1412.7419), in the form and order of the authors' own program, which differs from the
 * paper. With bars for means that forget with 1 / τ (ḡ and its square with `decay`), primes for new values, and all
 * means moved with the old τ:
 *
 * g = ∇ / (‖∇‖ + e) for each block; γ = min(√γn / √(γd + e), γclip); g̃ = (g + γ ḡ′) / (1 + γ)
 * α = g − g₋; s = √(D2 + ε) / √(α²′ + ε) − c / (α²′ + ε); Δ = −s g̃; p ← p + Δ
 * τ′ = (1 − D1² / (D2 + e)) τ + 1 + e, or 2.2 where g or α is more than two deviations from its mean, within [1.5, 1e8].
 * A deviation whose square rounding brought below 0 is NaN, and nothing is more than that.
 *
 * Numbers: decay, γclip, e, the step from which g̃ is used instead of g, the largest |s| (0 for any), the largest mean of
 * the blocks' ‖g‖ (0 for any), whether c pairs α with the step that made it (Δ₋) instead of the one that follows, whether
 * steps are divided by max(√Σ g̃², 1). The learning rate is ε.
 */
export class AdaSecant {
  /** Finds the factor that brings each block's gradient to length 1. */
  static begin(plan: usize): void {
    const e = hyper(plan, ADASECANT_DAMPING);
    const most = hyper(plan, ADASECANT_GRAD_CLIP);
    const last = lastBlock(plan);
    let total: f64 = 0;
    let count: f64 = 0;
    for (let block = firstBlock(plan); block <= last; block += BLOCK_BYTES) {
      const norm = sqrt<f64>(squareSum(block, load<usize>(plan, PLAN_GRADS)));
      store<f64>(block, 1 / (norm + e), BLOCK_SCALE);
      total += norm / (norm + e);
      count += 1;
    }
    if (most == 0 || total / count <= most) return;
    for (let block = firstBlock(plan); block <= last; block += BLOCK_BYTES) {
      store<f64>(block, (load<f64>(block, BLOCK_SCALE) * most * count) / total, BLOCK_SCALE);
    }
  }

  /** New weights for numbers [begin, end), block by block. */
  static update(plan: usize, rate: f64, begin: i32, end: i32): void {
    const last = lastBlock(plan);
    for (let block = firstBlock(plan); block <= last; block += BLOCK_BYTES) {
      const from = max(begin, load<i32>(block, BLOCK_BEGIN));
      const to = min(end, load<i32>(block, BLOCK_END));
      if (from < to) AdaSecant.step(plan, rate, load<f64>(block, BLOCK_SCALE), from, to);
    }
  }

  /**
   * New weights for a part of one block. It is one long loop on purpose: each of its 14 arrays is read and written once.
   */
  static step(plan: usize, rate: f64, scale: f64, begin: i32, end: i32): void {
    const first = <usize>begin * sizeof<real>();
    const state = load<usize>(plan, PLAN_STATE) + first;
    const p = load<usize>(plan, PLAN_PARAMS) + first;
    const grads = load<usize>(plan, PLAN_GRADS) + first;
    const stride = <usize>load<i32>(plan, PLAN_TRAINABLE) * sizeof<real>();
    const step = load<f64>(plan, PLAN_AGE) - 1;
    const isFirst = step == 0;
    const isReduced = step >= hyper(plan, ADASECANT_START);
    const isAligned = hyper(plan, ADASECANT_ALIGNED) != 0;
    const sum = hyper(plan, ADASECANT_ADAGRAD) != 0 ? state + 12 * stride : 0;
    const before = state + (sum ? 13 : 12) * stride;
    const e = Simd.splat(hyper(plan, ADASECANT_DAMPING));
    const eps = Simd.splat(rate);
    const one = Simd.splat(1);
    const two = Simd.splat(2);
    const decay = Simd.splat(hyper(plan, ADASECANT_DECAY));
    const fresh = Simd.splat(1 - hyper(plan, ADASECANT_DECAY));
    const deltaClip = hyper(plan, ADASECANT_DELTA_CLIP);
    const most = Simd.splat(deltaClip == 0 ? Infinity : deltaClip);
    const least = v128.neg<real>(most);
    const gammaClip = Simd.splat(hyper(plan, ADASECANT_GAMMA_CLIP));
    const factor = Simd.splat(scale);
    const firstTau = Simd.splat(2.1 * (1 + hyper(plan, ADASECANT_DAMPING)));
    const bytes = <usize>(end - begin) * sizeof<real>();
    for (let at: usize = 0; at < bytes; at += 16) {
      const s = state + at;
      const g = v128.mul<real>(factor, v128.load(grads + at));
      // All that is remembered, in the order in which it is stored.
      const meanOld = isFirst ? e : v128.load(s);
      const squareOld = isFirst ? e : v128.load(s + stride);
      const aboveOld = isFirst ? e : v128.load(s + 2 * stride);
      const belowOld = isFirst ? e : v128.load(s + 3 * stride);
      const pairOld = isFirst ? e : v128.load(s + 4 * stride);
      const correctedOld = isFirst ? e : v128.load(s + 5 * stride);
      const gOld = isFirst ? e : v128.load(s + 6 * stride);
      const changeOld = isFirst ? e : v128.load(s + 7 * stride);
      const curveOld = isFirst ? e : v128.load(s + 8 * stride);
      const stepSquareOld = v128.load(s + 9 * stride);
      const stepOld = v128.load(s + 10 * stride);
      const tau = isFirst ? firstTau : v128.load(s + 11 * stride);
      const share = v128.div<real>(one, tau);
      const keep = v128.sub<real>(one, share);

      // At the first update there is no step before: g stands for it.
      const stepSquare = isFirst ? v128.mul<real>(g, g) : stepSquareOld;
      const stepMean = isFirst ? g : stepOld;
      const mean = Simd.madd(decay, meanOld, v128.mul<real>(fresh, g));
      const square = Simd.madd(decay, squareOld, v128.mul<real>(fresh, v128.mul<real>(g, g)));
      const away = v128.sub<real>(correctedOld, mean);
      const above = v128.mul<real>(v128.sub<real>(g, correctedOld), away);
      const below = v128.mul<real>(v128.sub<real>(mean, g), away);
      v128.store(s, mean);
      v128.store(s + stride, square);
      v128.store(s + 2 * stride, Simd.madd(keep, aboveOld, v128.mul<real>(share, v128.mul<real>(above, above))));
      v128.store(s + 3 * stride, Simd.madd(keep, belowOld, v128.mul<real>(share, v128.mul<real>(below, below))));

      let corrected = g;
      if (isReduced) {
        const ratio = v128.div<real>(v128.sqrt<real>(aboveOld), v128.sqrt<real>(v128.add<real>(belowOld, e)));
        const gamma = v128.min<real>(ratio, gammaClip);
        corrected = v128.div<real>(Simd.madd(gamma, mean, g), v128.add<real>(one, gamma));
      }
      const alpha = v128.sub<real>(g, gOld);
      const change = Simd.madd(keep, changeOld, v128.mul<real>(share, alpha));
      const curve = Simd.madd(keep, curveOld, v128.mul<real>(share, v128.mul<real>(alpha, alpha)));
      let pair = pairOld;
      if (isAligned)
        pair = Simd.madd(keep, pairOld, v128.mul<real>(share, v128.mul<real>(v128.load(before + at), alpha)));
      const under = v128.add<real>(curve, eps);
      const root = v128.div<real>(v128.sqrt<real>(v128.add<real>(stepSquare, eps)), v128.sqrt<real>(under));
      let size = v128.sub<real>(root, v128.div<real>(pair, under));
      size = v128.min<real>(most, v128.max<real>(least, size));
      let delta = v128.neg<real>(v128.mul<real>(size, corrected));
      if (sum) {
        const squares = Simd.madd(corrected, corrected, v128.load(sum + at));
        v128.store(sum + at, squares);
        delta = v128.div<real>(delta, v128.max<real>(v128.sqrt<real>(squares), one));
      }
      if (isAligned) v128.store(before + at, delta);
      else pair = Simd.madd(keep, pairOld, v128.mul<real>(share, v128.mul<real>(delta, alpha)));

      const certain = v128.div<real>(v128.mul<real>(stepMean, stepMean), v128.add<real>(stepSquare, e));
      const memory = v128.add<real>(Simd.madd(v128.sub<real>(one, certain), tau, one), e);
      const isFar = v128.or(AdaSecant.isFar(g, mean, square, two), AdaSecant.isFar(alpha, change, curve, two));
      const next = v128.bitselect(Simd.splat(2.2), memory, isFar);
      v128.store(s + 4 * stride, pair);
      v128.store(s + 5 * stride, corrected);
      v128.store(s + 6 * stride, g);
      v128.store(s + 7 * stride, change);
      v128.store(s + 8 * stride, curve);
      v128.store(s + 9 * stride, Simd.madd(keep, stepSquare, v128.mul<real>(share, v128.mul<real>(delta, delta))));
      v128.store(s + 10 * stride, Simd.madd(keep, stepOld, v128.mul<real>(share, delta)));
      v128.store(s + 11 * stride, v128.min<real>(Simd.splat(1e8), v128.max<real>(Simd.splat(1.5), next)));
      v128.store(p + at, v128.add<real>(v128.load(p + at), delta));
    }
  }

  /** |x − mean| > 2 √(square − mean²) */
  @inline static isFar(x: v128, mean: v128, square: v128, two: v128): v128 {
    const deviation = v128.sqrt<real>(v128.sub<real>(square, v128.mul<real>(mean, mean)));
    return v128.gt<real>(v128.abs<real>(v128.sub<real>(x, mean)), v128.mul<real>(two, deviation));
  }
}
