// The lanes: how many there are, and the few operations on them that have no instruction. Kernels are written over
// `real`, which the build defines as f32 (four lanes) or f64 (two). The only file that may know relaxed SIMD.

/** Numbers in a vector. */
export const LANES: i32 = 16 / sizeof<real>();

/** The largest number. */
export const LARGEST: f64 = sizeof<real>() == 4 ? <f64>f32.MAX_VALUE : f64.MAX_VALUE;

export class Simd {
  /** a · b + c in each lane, rounded twice, so that every machine agrees; built with relaxed SIMD, as the machine likes. */
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

  /** For each x >= 0 the largest power of two that is not above it; the smallest normal number for less than that. */
  @inline static powerBelow(x: v128): v128 {
    const exponent = sizeof<real>() == 4 ? i32x4.splat(0x7f800000) : i64x2.splat(0x7ff0000000000000);
    const least = Simd.splat(sizeof<real>() == 4 ? 1.1754943508222875e-38 : 2.2250738585072014e-308);
    return v128.max<real>(least, v128.and(x, exponent));
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
   * The first n lanes, by the same steps in which `store` writes them: what a processor has not yet written to the cache,
   * it can only read as it was stored. Zeros, or more of the memory, in the others.
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
