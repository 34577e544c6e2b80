// The lanes: how many there are, and the few operations on them that have no instruction. Kernels are written over
// `real`, which the build defines as f32 (four lanes) or f64 (two). The only file that may know relaxed SIMD.

/** Numbers in a vector. */
export const LANES: i32 = 16 / sizeof<real>();

/** The largest number. */
export const LARGEST: f64 = sizeof<real>() == 4 ? <f64>f32.MAX_VALUE : f64.MAX_VALUE;

export class Simd {
  /** a · b + c in each lane. It is rounded twice, so that all machines agree. With relaxed SIMD the machine decides. */
  @inline static madd(a: v128, b: v128, c: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<real>(a, b, c);
    return v128.add<real>(v128.mul<real>(a, b), c);
  }

  /** The same number in each lane. */
  @inline static splat(x: f64): v128 {
    return v128.splat<real>(<real>x);
  }

  /** The next LANES bytes as numbers 0..255. */
  @inline static bytes(address: usize): v128 {
    if (sizeof<real>() == 4) {
      return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(address))));
    }
    const words = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(address)));
    return f64x2.convert_low_i32x4_u(words);
  }

  /** A size with the sign of x; 0 where x is 0. */
  @inline static sign(size: v128, x: v128): v128 {
    const signed = v128.or(size, v128.and(x, Simd.splat(-0.0)));
    return v128.and(signed, v128.ne<real>(x, Simd.splat(0)));
  }

  /** x with the largest numbers in place of ±∞; NaN stays. */
  static finite(x: v128): v128 {
    return v128.pmin<real>(v128.pmax<real>(x, Simd.splat(-LARGEST)), Simd.splat(LARGEST));
  }

  /** x with 0 in place of subnormal numbers: those that are too small for all their digits. NaN stays. */
  @inline static normal(x: v128): v128 {
    const least = Simd.splat(sizeof<real>() == 4 ? 1.1754943508222875e-38 : 2.2250738585072014e-308);
    return v128.andnot(x, v128.lt<real>(v128.abs<real>(x), least));
  }

  /** For each x >= 0 the largest power of two that is not above it; the smallest normal number for less than that. */
  @inline static powerBelow(x: v128): v128 {
    const exponent = sizeof<real>() == 4 ? i32x4.splat(0x7f800000) : i64x2.splat(0x7ff0000000000000);
    const least = Simd.splat(sizeof<real>() == 4 ? 1.1754943508222875e-38 : 2.2250738585072014e-308);
    return v128.max<real>(least, v128.and(x, exponent));
  }

  /**
   * Lane k of LANES vectors: column k of the block whose rows they are. k is a constant. For f64 there are two rows, and c
   * and d are not used.
   */
  @inline static column(a: v128, b: v128, c: v128, d: v128, k: i32): v128 {
    if (sizeof<real>() == 8) return k == 0 ? v128.shuffle<f64>(a, b, 0, 2) : v128.shuffle<f64>(a, b, 1, 3);
    // First pairs from two rows each, then both pairs together.
    const ab = k < 2 ? v128.shuffle<f32>(a, b, 0, 4, 1, 5) : v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd = k < 2 ? v128.shuffle<f32>(c, d, 0, 4, 1, 5) : v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    return k & 1 ? v128.shuffle<f32>(ab, cd, 2, 3, 6, 7) : v128.shuffle<f32>(ab, cd, 0, 1, 4, 5);
  }

  /** Sum of the lanes, pairwise. */
  @inline static sum(v: v128): real {
    if (sizeof<real>() == 4) {
      const pairs = v128.add<real>(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
      return v128.extract_lane<real>(pairs, 0) + v128.extract_lane<real>(pairs, 1);
    }
    return v128.extract_lane<real>(v, 0) + v128.extract_lane<real>(v, 1);
  }

  /** Largest of the lanes. */
  @inline static largest(v: v128): real {
    const half = v128.max<real>(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    if (sizeof<real>() == 4) return max<real>(v128.extract_lane<real>(half, 0), v128.extract_lane<real>(half, 1));
    return v128.extract_lane<real>(half, 0);
  }

  /** All bits set in the first n lanes, none in the others. */
  @inline static first(n: i32): v128 {
    if (sizeof<real>() == 4) return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n));
    return i64x2.lt_s(i64x2(0, 1), i64x2.splat(n));
  }

  /**
   * The first n lanes; the others hold zeros, or more of the memory. It reads in the same pieces in which `store` writes: a
   * processor can read what has not reached the cache yet only in the pieces in which it was stored.
   */
  @inline static load(address: usize, n: i32): v128 {
    if (n >= LANES) return v128.load(address);
    if (sizeof<real>() == 8 || n == 2) return v128.load64_zero(address);
    if (n == 1) return v128.load32_zero(address);
    return v128.load32_lane(address, v128.load64_zero(address), 2, 8);
  }

  /** Stores the first n lanes: all of them, or fewer at the end of a row. */
  @inline static store(address: usize, v: v128, n: i32): void {
    if (n >= LANES) v128.store(address, v);
    else Simd.storePart(address, v, n);
  }

  /** Stores the first n < LANES lanes; none for n <= 0. */
  static storePart(address: usize, v: v128, n: i32): void {
    if (n <= 0) return;
    if (sizeof<real>() == 8) {
      v128.store64_lane(address, v, 0);
      return;
    }
    if (n == 1) {
      v128.store32_lane(address, v, 0);
      return;
    }
    v128.store64_lane(address, v, 0);
    if (n == 3) v128.store32_lane(address, v, 2, 8);
  }
}
