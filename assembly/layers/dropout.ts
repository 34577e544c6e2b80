// Layers that disturb what passes through them while training: dropout, alpha dropout, Gaussian noise. What happens to an
// element depends on seed, layer, batch and the element's place alone. So nothing has to be remembered between forward and
// deltas, and a mask is the same on any number of threads and in both precisions.
import {
  ALPHA_DROPOUT,
  DROPOUT,
  GAUSSIAN_NOISE,
  LAYER_BYTES,
  LAYER_D,
  LAYER_KIND,
  LAYER_OUT,
  LAYER_PARAMETER,
  LAYER_X,
  LAYER_Y,
  PLAN_BATCHES,
  PLAN_FIRST,
  PLAN_SEED,
  STREAM_MASK,
} from "../plan";
import { Lanes } from "../numbers/math";
import { Random } from "../numbers/random";
import { LANES, Simd } from "../numbers/simd";

/**
 * Y from X for rows [begin, end). X, Y (rows, out). Outside of training, and at a rate or deviation of 0, Y = X.
 *
 * - dropout (Srivastava et al. 2014, inverted): y = x / (1 − p) if kept, else 0
 * - alphaDropout (Klambauer et al. 2017): y = a (kept ? x : α′) + b, with α′ = −λ α, the value that selu tends to below,
 *   a = ((1 − p) (1 + p α′²))^−½ and b = −a p α′, which keep mean 0 and variance 1
 * - gaussianNoise: y = x + σ n
 */
export function disturb(plan: usize, layer: usize, training: bool, begin: i32, end: i32): void {
  const parameter = load<f64>(layer, LAYER_PARAMETER);
  const X = load<usize>(layer, LAYER_X);
  const Y = load<usize>(layer, LAYER_Y);
  const nout = load<i32>(layer, LAYER_OUT);
  if (!training || parameter == 0) {
    const at = <usize>(begin * nout) * sizeof<real>();
    if (Y != X) memory.copy(Y + at, X + at, <usize>((end - begin) * nout) * sizeof<real>());
  } else if (COMPLETE && load<i32>(layer, LAYER_KIND) == GAUSSIAN_NOISE) {
    Noise.add(plan, layer, parameter, X, Y, begin * nout, end * nout);
  } else if (COMPLETE && load<i32>(layer, LAYER_KIND) == ALPHA_DROPOUT) {
    const a = Mask.alphaScale(parameter);
    const b = -a * parameter * ALPHA;
    Mask.apply(plan, layer, parameter, X, Y, begin * nout, end * nout, a, b, a * ALPHA + b);
  } else if (load<i32>(layer, LAYER_KIND) == DROPOUT) {
    Mask.apply(plan, layer, parameter, X, Y, begin * nout, end * nout, 1 / (1 - parameter), 0, 0);
  } else {
    unreachable();
  }
}

/** dX from dY for rows [begin, end), in place in D: elements that forward kept, times its factor. Noise changes nothing. */
export function disturbBack(plan: usize, layer: usize, begin: i32, end: i32): void {
  const rate = load<f64>(layer, LAYER_PARAMETER);
  const kind = load<i32>(layer, LAYER_KIND);
  if (rate == 0 || (COMPLETE && kind == GAUSSIAN_NOISE)) return;
  const D = load<usize>(layer, LAYER_D);
  const nout = load<i32>(layer, LAYER_OUT);
  const a = COMPLETE && kind == ALPHA_DROPOUT ? Mask.alphaScale(rate) : 1 / (1 - rate);
  Mask.apply(plan, layer, rate, D, D, begin * nout, end * nout, a, 0, 0);
}

/** −λ α of selu. */
const ALPHA: f64 = -1.7580993408473766;

/** 32 random bits for each element of a layer in the current batch. */
class Draws {
  /** One of two keys of the layer's draws in this batch. No two layers or batches have both in common. */
  static before(plan: usize, layer: usize): u32 {
    const index = <u32>((layer - load<usize>(plan, PLAN_FIRST)) / LAYER_BYTES);
    return Random.mix(
      Random.key(load<u32>(plan, PLAN_SEED), STREAM_MASK, index) + load<u32>(plan, PLAN_BATCHES) * 0x9e3779b9,
    );
  }

  /** The other key. */
  static within(plan: usize, layer: usize): u32 {
    const index = <u32>((layer - load<usize>(plan, PLAN_FIRST)) / LAYER_BYTES);
    const batch = load<u32>(plan, PLAN_BATCHES);
    return Random.mix(Random.key(~load<u32>(plan, PLAN_SEED), STREAM_MASK, batch) + index * 0x9e3779b9);
  }

  /** The elements from number i on, one in each lane. In float64 each stands twice, so that its bits fill the lane. */
  @inline static elements(i: i32): v128 {
    return i32x4.add(i32x4.splat(i), sizeof<real>() == 4 ? i32x4(0, 1, 2, 3) : i32x4(0, 0, 1, 1));
  }

  /** Random.mix of each lane, with one key before it and one in its middle. */
  @inline static bits(i: v128, before: v128, within: v128): v128 {
    let h = v128.xor(i, before);
    h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x7feb352d));
    h = i32x4.add(v128.xor(h, i32x4.shr_u(h, 15)), within);
    h = i32x4.mul(h, i32x4.splat(0x846ca68b));
    return v128.xor(h, i32x4.shr_u(h, 16));
  }

  /** Numbers in (0, 1] from the upper 24 bits, the same in both precisions but for rounding. */
  @inline static unit(bits: v128): v128 {
    const top = i32x4.shr_u(bits, 8);
    const whole =
      sizeof<real>() == 4
        ? f32x4.convert_i32x4_u(top)
        : f64x2.convert_low_i32x4_u(i8x16.shuffle(top, top, 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11));
    return v128.mul<real>(v128.add<real>(whole, Simd.splat(0.5)), Simd.splat(5.9604644775390625e-8));
  }
}

class Mask {
  /** ((1 − p) (1 + p α′²))^−½ */
  static alphaScale(rate: f64): f64 {
    return 1 / sqrt<f64>((1 - rate) * (1 + rate * ALPHA * ALPHA));
  }

  /** y = kept ? a x + b : c for elements [begin, end), each kept with probability 1 − rate; Y may be X. */
  static apply(
    plan: usize,
    layer: usize,
    rate: f64,
    X: usize,
    Y: usize,
    begin: i32,
    end: i32,
    a: f64,
    b: f64,
    c: f64,
  ): void {
    const before = i32x4.splat(Draws.before(plan, layer));
    const within = i32x4.splat(Draws.within(plan, layer));
    const dropped = i32x4.splat(<u32>(rate * 4294967296.0));
    const factor = Simd.splat(a);
    const shift = Simd.splat(b);
    const other = Simd.splat(c);
    X += <usize>begin * sizeof<real>();
    Y += <usize>begin * sizeof<real>();
    for (; begin < end; begin += LANES, X += 16, Y += 16) {
      const kept = i32x4.ge_u(Draws.bits(Draws.elements(begin), before, within), dropped);
      Simd.store(Y, v128.bitselect(Simd.madd(factor, v128.load(X), shift), other, kept), end - begin);
    }
  }
}

class Noise {
  /** y = x + σ n for elements [begin, end), with n = √(−2 log u) sin(2π (v − ½)) from two draws (Box and Muller 1958). */
  static add(plan: usize, layer: usize, deviation: f64, X: usize, Y: usize, begin: i32, end: i32): void {
    const before = i32x4.splat(Draws.before(plan, layer));
    const within = i32x4.splat(Draws.within(plan, layer));
    const sigma = Simd.splat(deviation);
    X += <usize>begin * sizeof<real>();
    Y += <usize>begin * sizeof<real>();
    for (; begin < end; begin += LANES, X += 16, Y += 16) {
      const i = Draws.elements(begin);
      const u = Draws.unit(Draws.bits(i, before, within));
      const v = Draws.unit(Draws.bits(i, within, before));
      const radius = v128.sqrt<real>(v128.mul<real>(Simd.splat(-2), Lanes.log<real>(u)));
      const angle = v128.mul<real>(Simd.splat(6.283185307179586), v128.sub<real>(v, Simd.splat(0.5)));
      const n = v128.mul<real>(radius, Lanes.sine<real>(angle, 0));
      Simd.store(Y, Simd.madd(sigma, n, v128.load(X)), end - begin);
    }
  }
}
