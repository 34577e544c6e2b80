// exp, log, tanh, sin and the normal distribution on lanes, of either precision: ours, so that every machine and engine
// gives the same bits. exp, log and tanh are at most 2 ulp from the true value wherever that is finite; NaN in gives NaN
// out. They are called and not inlined: their bodies are long, and a call costs little beside them. Nothing here knows
// networks. Coefficients: exp and tanh (f32) Cephes (S. Moshier), log FreeBSD msun (Sun Microsystems 1993); sin and the
// normal distribution are our own, interpolated at Chebyshev nodes with 50 digits (mpmath's chebyfit).

export class Lanes {
  /** e^x. x = n ln2 + r with |r| <= ln2 / 2, a polynomial for e^r, then 2^n in two factors so that no step overflows. */
  static exp<T>(x: v128): v128 {
    if (sizeof<T>() == 4) {
      // pmin and pmax are one instruction each, and let NaN in x through.
      const clamped = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-105.0)), f32x4.splat(90.0));
      const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(1.4426950408889634)));
      // ln2 in two parts; n times the first, which has 9 bits, is exact.
      let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(0.693359375)));
      r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.1219444e-4)));
      // In pairs (Estrin), which are computed side by side.
      const square = f32x4.mul(r, r);
      const p01 = f32x4.add(f32x4.mul(f32x4.splat(1.98756915e-4), r), f32x4.splat(1.3981999507e-3));
      const p23 = f32x4.add(f32x4.mul(f32x4.splat(8.3334519073e-3), r), f32x4.splat(4.1665795894e-2));
      const p45 = f32x4.add(f32x4.mul(f32x4.splat(1.6666665459e-1), r), f32x4.splat(5.0000001201e-1));
      let p = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(p01, square), p23), square), p45);
      p = f32x4.add(f32x4.add(f32x4.mul(p, square), r), f32x4.splat(1));
      let exponent = i32x4.trunc_sat_f32x4_s(n);
      // A loop also because the optimizer inlines no function that has one: this one is called from many places.
      for (let shift = 1; shift >= 0; --shift) {
        const part = i32x4.shr_s(exponent, shift);
        p = f32x4.mul(p, i32x4.shl(i32x4.add(part, i32x4.splat(127)), 23));
        exponent = i32x4.sub(exponent, part);
      }
      return p;
    }
    const clamped = f64x2.pmin(f64x2.pmax(x, f64x2.splat(-746.0)), f64x2.splat(710.0));
    const n = f64x2.nearest(f64x2.mul(clamped, f64x2.splat(1.4426950408889634)));
    const high = f64x2.sub(clamped, f64x2.mul(n, f64x2.splat(6.9314718036912381649e-1)));
    const low = f64x2.mul(n, f64x2.splat(1.90821492927058770002e-10));
    const r = f64x2.sub(high, low);
    // A rational form: e^r = 1 + (r c / (2 - c) - low + high), c = r - t P(t), t = r² (msun e_exp.c).
    const t = f64x2.mul(r, r);
    let p = f64x2.splat(4.13813679705723846039e-8);
    p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-1.6533902205465251539e-6));
    p = f64x2.add(f64x2.mul(p, t), f64x2.splat(6.61375632143793436117e-5));
    p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-2.77777777770155933842e-3));
    p = f64x2.add(f64x2.mul(p, t), f64x2.splat(1.66666666666666019037e-1));
    const c = f64x2.sub(r, f64x2.mul(p, t));
    const quotient = f64x2.div(f64x2.mul(r, c), f64x2.sub(f64x2.splat(2), c));
    const y = f64x2.add(f64x2.splat(1), f64x2.add(f64x2.sub(quotient, low), high));
    const exponent = i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(n));
    const half = i64x2.shr_s(exponent, 1);
    const bias = i64x2.splat(1023);
    const scale = i64x2.shl(i64x2.add(half, bias), 52);
    const rest = i64x2.shl(i64x2.add(i64x2.sub(exponent, half), bias), 52);
    return f64x2.mul(f64x2.mul(y, scale), rest);
  }

  /** Natural logarithm. x = 2^k (1 + f) with sqrt(1/2) < 1 + f < sqrt 2, then a series in s = f / (2 + f). */
  static log<T>(x: v128): v128 {
    const zero = v128.splat<T>(<T>0);
    if (sizeof<T>() == 4) {
      // Subnormal numbers are brought up by 2^25 first.
      const tiny = f32x4.lt(x, f32x4.splat(1.17549435e-38));
      const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(33554432.0)), x, tiny);
      // Adding 1 - sqrt(1/2) in the bit pattern moves the mantissa's split to sqrt(1/2).
      const bits = i32x4.add(scaled, i32x4.splat(0x3f800000 - 0x3f3504f3));
      const k = f32x4.convert_i32x4_s(
        i32x4.sub(i32x4.sub(i32x4.shr_u(bits, 23), i32x4.splat(127)), v128.and(tiny, i32x4.splat(25))),
      );
      const mantissa = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
      const f = f32x4.sub(mantissa, f32x4.splat(1));
      const s = f32x4.div(f, f32x4.add(f32x4.splat(2), f));
      const z = f32x4.mul(s, s);
      let r = f32x4.splat(0.24279078841);
      r = f32x4.add(f32x4.mul(r, z), f32x4.splat(0.28498786688));
      r = f32x4.add(f32x4.mul(r, z), f32x4.splat(0.40000972152));
      r = f32x4.add(f32x4.mul(r, z), f32x4.splat(0.66666662693));
      r = f32x4.mul(r, z);
      const square = f32x4.mul(f32x4.mul(f32x4.splat(0.5), f), f);
      let y = f32x4.add(f32x4.mul(s, f32x4.add(square, r)), f32x4.mul(k, f32x4.splat(9.0580006145e-6)));
      y = f32x4.add(f32x4.sub(y, square), f);
      y = f32x4.add(y, f32x4.mul(k, f32x4.splat(6.9313812256e-1)));
      return Lanes.logEdges<T>(x, y, zero);
    }
    const tiny = f64x2.lt(x, f64x2.splat(2.2250738585072014e-308));
    const scaled = v128.bitselect(f64x2.mul(x, f64x2.splat(18014398509481984.0)), x, tiny);
    const bits = i64x2.add(scaled, i64x2.splat(0x3ff0000000000000 - 0x3fe6a09e667f3bcd));
    // The exponent is below 2^11, so its low word says all: gather the two low words and convert them.
    const exponent = i64x2.sub(i64x2.sub(i64x2.shr_u(bits, 52), i64x2.splat(1023)), v128.and(tiny, i64x2.splat(54)));
    const words = i8x16.shuffle(exponent, exponent, 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11);
    const k = f64x2.convert_low_i32x4_s(words);
    const mantissa = i64x2.add(v128.and(bits, i64x2.splat(0x000fffffffffffff)), i64x2.splat(0x3fe6a09e667f3bcd));
    const f = f64x2.sub(mantissa, f64x2.splat(1));
    const s = f64x2.div(f, f64x2.add(f64x2.splat(2), f));
    const z = f64x2.mul(s, s);
    let r = f64x2.splat(1.479819860511658591e-1);
    r = f64x2.add(f64x2.mul(r, z), f64x2.splat(1.531383769920937332e-1));
    r = f64x2.add(f64x2.mul(r, z), f64x2.splat(1.818357216161805012e-1));
    r = f64x2.add(f64x2.mul(r, z), f64x2.splat(2.222219843214978396e-1));
    r = f64x2.add(f64x2.mul(r, z), f64x2.splat(2.857142874366239149e-1));
    r = f64x2.add(f64x2.mul(r, z), f64x2.splat(3.999999999940941908e-1));
    r = f64x2.add(f64x2.mul(r, z), f64x2.splat(6.66666666666673513e-1));
    r = f64x2.mul(r, z);
    const square = f64x2.mul(f64x2.mul(f64x2.splat(0.5), f), f);
    let y = f64x2.add(f64x2.mul(s, f64x2.add(square, r)), f64x2.mul(k, f64x2.splat(1.90821492927058770002e-10)));
    y = f64x2.add(f64x2.sub(y, square), f);
    y = f64x2.add(y, f64x2.mul(k, f64x2.splat(6.9314718036912381649e-1)));
    return Lanes.logEdges<T>(x, y, zero);
  }

  /** log at 0 (minus infinity), below (NaN), and at infinity and NaN (themselves). */
  @inline static logEdges<T>(x: v128, y: v128, zero: v128): v128 {
    const infinity = v128.splat<T>(<T>Infinity);
    let edged = v128.bitselect(v128.neg<T>(infinity), y, v128.eq<T>(x, zero));
    edged = v128.bitselect(v128.splat<T>(<T>NaN), edged, v128.lt<T>(x, zero));
    return v128.bitselect(edged, x, v128.lt<T>(x, infinity));
  }

  /** log(1 + x) for x > -1: log u · x / (u - 1) with u = 1 + x undoes the rounding of u (Kahan; HP-15C handbook). */
  static log1p<T>(x: v128): v128 {
    const one = v128.splat<T>(<T>1);
    const u = v128.add<T>(one, x);
    const rounded = v128.sub<T>(u, one);
    const log = Lanes.log<T>(u);
    const y = v128.div<T>(v128.mul<T>(log, x), rounded);
    const near = v128.bitselect(x, y, v128.eq<T>(rounded, v128.splat<T>(<T>0)));
    // For a large x, 1 + x loses nothing that matters, and the product above may overflow. A page's own build has no such x.
    return COMPLETE ? v128.bitselect(log, near, v128.gt<T>(x, v128.splat<T>(<T>1e20))) : near;
  }

  /** Hyperbolic tangent: a series near 0, 1 - 2 / (e^2|x| + 1) elsewhere, and the sign of x. */
  static tanh<T>(x: v128): v128 {
    const one = v128.splat<T>(<T>1);
    const two = v128.splat<T>(<T>2);
    const size = v128.abs<T>(x);
    const e = Lanes.exp<T>(v128.mul<T>(two, size));
    const far = v128.sub<T>(one, v128.div<T>(two, v128.add<T>(e, one)));
    const square = v128.mul<T>(x, x);
    let near: v128;
    if (sizeof<T>() == 4) {
      let p = f32x4.splat(-5.70498872745e-3);
      p = f32x4.add(f32x4.mul(p, square), f32x4.splat(2.06390887954e-2));
      p = f32x4.add(f32x4.mul(p, square), f32x4.splat(-5.37397155531e-2));
      p = f32x4.add(f32x4.mul(p, square), f32x4.splat(1.33314422036e-1));
      p = f32x4.add(f32x4.mul(p, square), f32x4.splat(-3.33332819422e-1));
      near = f32x4.add(f32x4.mul(f32x4.mul(p, square), size), size);
    } else {
      // Lambert's continued fraction x / (1 + x² / (3 + x² / (5 + …))), with x taken out so that only the
      // correction is rounded.
      let c = v128.add<T>(v128.splat<T>(<T>17), v128.div<T>(square, v128.splat<T>(<T>19)));
      for (let odd = 15; odd >= 3; odd -= 2) c = v128.add<T>(v128.splat<T>(<T>odd), v128.div<T>(square, c));
      const u = v128.div<T>(square, c);
      near = v128.sub<T>(size, v128.div<T>(v128.mul<T>(size, u), v128.add<T>(one, u)));
    }
    const y = v128.bitselect(near, far, v128.lt<T>(size, v128.splat<T>(<T>0.625)));
    const sign = v128.splat<T>(<T>-0.0);
    return v128.or(v128.andnot(y, sign), v128.and(x, sign));
  }

  /** 1 / (1 + e^-x), exact in both tails: only e to a negative power is ever taken. */
  static sigmoid<T>(x: v128): v128 {
    const one = v128.splat<T>(<T>1);
    const e = Lanes.exp<T>(v128.neg<T>(v128.abs<T>(x)));
    const top = v128.bitselect(e, one, v128.lt<T>(x, v128.splat<T>(<T>0)));
    return v128.div<T>(top, v128.add<T>(one, e));
  }

  /** e^x - 1 for x <= 0, as 2 t / (1 - t) with t = tanh(x / 2): keeps all digits near 0. */
  static expm1<T>(x: v128): v128 {
    const t = Lanes.tanh<T>(v128.mul<T>(x, v128.splat<T>(<T>0.5)));
    return v128.div<T>(v128.add<T>(t, t), v128.sub<T>(v128.splat<T>(<T>1), t));
  }

  /** log(1 + e^-|x|): what log(1 + e^x) has above max(x, 0). */
  static log1pExp<T>(x: v128): v128 {
    return Lanes.log1p<T>(Lanes.exp<T>(v128.neg<T>(v128.abs<T>(x))));
  }

  /**
   * e^(-s x²) for s a power of two. The square of the first half of x's digits is exact, and the rest gets a power of its
   * own: in the tail, e to the power of a rounded square would have few right digits.
   */
  static bell<T>(x: v128, s: f64): v128 {
    const size = v128.pmin<T>(v128.abs<T>(x), v128.splat<T>(<T>64));
    const mask = sizeof<T>() == 4 ? i32x4.splat(0xfffff000) : i64x2.splat(0xfffffffff8000000);
    const high = v128.and(size, mask);
    const rest = v128.mul<T>(v128.sub<T>(size, high), v128.add<T>(size, high));
    const scale = v128.splat<T>(<T>-s);
    const e = Lanes.exp<T>(v128.mul<T>(scale, v128.mul<T>(high, high)));
    return v128.mul<T>(e, Lanes.exp<T>(v128.mul<T>(scale, rest)));
  }

  /**
   * The normal distribution Φ(x) = erfc(-x / √2) / 2, exact in the lower tail: Φ(-|x|) = e^(-x²/2) P(t) / (1 + |x|) with
   * t = (|x| - k) / (|x| + k), which brings [0, ∞) into [-1, 1] (after Shepherd and Laframboise 1981).
   */
  static normal<T>(x: v128): v128 {
    const one = v128.splat<T>(<T>1);
    const k = v128.splat<T>(<T>(sizeof<T>() == 4 ? 4 : 7));
    const size = v128.pmin<T>(v128.abs<T>(x), v128.splat<T>(<T>64));
    const t = v128.div<T>(v128.sub<T>(size, k), v128.add<T>(size, k));
    let p: v128;
    if (sizeof<T>() == 4) {
      p = f32x4.splat(-6.917045743e-5);
      p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-5.8055778938e-5));
      p = f32x4.add(f32x4.mul(p, t), f32x4.splat(6.8692939885e-4));
      p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-3.1154740812e-4));
      p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-5.0028928366e-3));
      p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.017944474109));
      p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.032196889809));
      p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.028599245047));
      p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.013999494467));
      p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.096703435273));
      p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.47205320924));
    } else {
      p = f64x2.splat(-1.42225568392869445e-8);
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-6.63911662631812976e-9));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(1.60836252672347529e-7));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-2.16481000479467951e-7));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-8.27311490475818773e-7));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(4.38538100047117699e-6));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-7.47218086215939232e-6));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-1.43401904971730327e-5));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(1.42885785253955003e-4));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-5.67101957843595312e-4));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(1.61511911143647062e-3));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-3.70585834227425365e-3));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(7.15044358343969164e-3));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-0.0117875894827333639));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(0.0165597317610940545));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-0.019276558380559141));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(0.0168621730490554301));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-6.24079172139059734e-3));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-0.0143146428345083914));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(0.0439113584580905936));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(-0.0785364174091143792));
      p = f64x2.add(f64x2.mul(p, t), f64x2.splat(0.447147859524324251));
    }
    const tail = v128.div<T>(v128.mul<T>(Lanes.bell<T>(x, 0.5), p), v128.add<T>(one, size));
    return v128.bitselect(tail, v128.sub<T>(one, tail), v128.lt<T>(x, v128.splat<T>(<T>0)));
  }

  /**
   * sin x for shift 0 and cos x for shift ½. m is the whole number nearest to x / π + shift, and sin or cos x is
   * (-1)^m sin r with r = x - (m - shift) π. π stands in three parts, the first two so short that their products are
   * exact up to |x| = 10⁴ and beyond (Cody and Waite). Larger x are reduced one by one.
   */
  static sine<T>(x: v128, shift: f64): v128 {
    const offset = v128.splat<T>(<T>shift);
    let m = v128.nearest<T>(v128.add<T>(v128.mul<T>(x, v128.splat<T>(<T>0.3183098861837906715)), offset));
    const n = v128.sub<T>(m, offset);
    const narrow = sizeof<T>() == 4;
    let r = v128.sub<T>(x, v128.mul<T>(n, v128.splat<T>(<T>(narrow ? 3.140625 : 3.141592653468251228))));
    r = v128.sub<T>(r, v128.mul<T>(n, v128.splat<T>(<T>(narrow ? 9.67502593994140625e-4 : 1.215420101260793195e-10))));
    r = v128.sub<T>(r, v128.mul<T>(n, v128.splat<T>(<T>(narrow ? 1.50995799098e-7 : 4.0445324975919014648e-21))));
    const isFar = v128.gt<T>(v128.abs<T>(x), v128.splat<T>(<T>1e4));
    if (v128.any_true(isFar)) {
      r = v128.bitselect(Turns.rests<T>(x, shift), r, isFar);
      m = v128.andnot(m, isFar);
    }
    const square = v128.mul<T>(r, r);
    let p: v128;
    if (sizeof<T>() == 4) {
      p = f32x4.splat(2.6345195629e-6);
      p = f32x4.add(f32x4.mul(p, square), f32x4.splat(-1.9822666313e-4));
      p = f32x4.add(f32x4.mul(p, square), f32x4.splat(8.3332415922e-3));
      p = f32x4.add(f32x4.mul(p, square), f32x4.splat(-0.16666665958));
    } else {
      p = f64x2.splat(2.73128689130923065e-15);
      p = f64x2.add(f64x2.mul(p, square), f64x2.splat(-7.64395762256061703e-13));
      p = f64x2.add(f64x2.mul(p, square), f64x2.splat(1.60589769150950071e-10));
      p = f64x2.add(f64x2.mul(p, square), f64x2.splat(-2.50521076108611583e-8));
      p = f64x2.add(f64x2.mul(p, square), f64x2.splat(2.75573192191150112e-6));
      p = f64x2.add(f64x2.mul(p, square), f64x2.splat(-1.98412698412547951e-4));
      p = f64x2.add(f64x2.mul(p, square), f64x2.splat(8.33333333333331562e-3));
      p = f64x2.add(f64x2.mul(p, square), f64x2.splat(-0.166666666666666666));
    }
    const y = v128.add<T>(r, v128.mul<T>(v128.mul<T>(r, square), p));
    // Half of m has a fraction of ½ where m is odd.
    const half = v128.mul<T>(m, v128.splat<T>(<T>0.5));
    const odd = v128.sub<T>(half, v128.floor<T>(half));
    return v128.sub<T>(y, v128.mul<T>(v128.mul<T>(v128.splat<T>(<T>4), odd), y));
  }
}

/** Where on the circle a large angle ends (after Payne and Hanek 1983). */
class Turns {
  /** For each lane an r in [-π/2, π/2] with sin r = sin(x + shift π); NaN where x is not finite. */
  static rests<T>(x: v128, shift: f64): v128 {
    let r = v128.splat<T>(<T>Turns.rest(<f64>v128.extract_lane<T>(x, 0), shift));
    r = v128.replace_lane<T>(r, 1, <T>Turns.rest(<f64>v128.extract_lane<T>(x, 1), shift));
    if (sizeof<T>() == 4) {
      r = f32x4.replace_lane(r, 2, <f32>Turns.rest(<f64>f32x4.extract_lane(x, 2), shift));
      r = f32x4.replace_lane(r, 3, <f32>Turns.rest(<f64>f32x4.extract_lane(x, 3), shift));
    }
    return r;
  }

  /** The k-th 64 digits of 1 / 2π behind the point; before the first and after the last of them that are needed, zeros. */
  static word(k: i32): u64 {
    switch (k) {
      case 1:
        return 0x28be60db9391054a;
      case 2:
        return 0x7f09d5f47d4d3770;
      case 3:
        return 0x36d8a5664f10e410;
      case 4:
        return 0x7f9458eaf7aef158;
      case 5:
        return 0x6dc91b8e909374b8;
      case 6:
        return 0x01924bba82746487;
      case 7:
        return 0x3f877ac72c4a69cf;
      case 8:
        return 0xba208d7d4baed121;
      case 9:
        return 0x3a671c09ad17df90;
      case 10:
        return 0x4e64758e60d4ce7d;
      case 11:
        return 0x272117e2ef7e4a0e;
      case 12:
        return 0xc7fe25fff7816603;
      case 13:
        return 0xfbcbc462d6829b47;
      case 14:
        return 0xdb4d9fb3c9f2c26d;
      case 15:
        return 0xd3d18fd9a797fa8b;
      case 16:
        return 0x5d49eeb1faf97c5e;
      case 17:
        return 0xcf41ce7de294a4ba;
      case 18:
        return 0x9afed7ec47e35742;
      case 19:
        return 0x1580cc11bf1edaea;
      default:
        return 0;
    }
  }

  /**
   * |x| = M 2^e is M 2^e / 2π turns. Whole turns are of no account: those digits of 1 / 2π are left out that 2^e moves in
   * front of the point, and the next 128 times M give the fraction of a turn, in units of 2^-64.
   */
  static rest(x: f64, shift: f64): f64 {
    const bits = reinterpret<u64>(x);
    const exponent = <i32>((bits >> 52) & 0x7ff);
    if (exponent == 0x7ff) return NaN;
    const whole = (bits & 0x000fffffffffffff) | 0x0010000000000000;
    const skip = max(0, exponent - 1075 + 64);
    const high = Turns.digits(skip);
    const low = Turns.digits(skip + 64);
    let turn = whole * high + Turns.upper(whole, low);
    if (x < 0) turn = 0 - turn;
    if (shift != 0) turn += 1 << 62;
    // Half a turn away, the sine has the other sign.
    const isOdd = (turn + (1 << 62)) >> 63 != 0;
    return <f64>(<i64>(isOdd ? (1 << 63) - turn : turn)) * 3.4061215800865545e-19; // 2π / 2^64
  }

  /** 64 digits, from the one with this number on. */
  static digits(from: i32): u64 {
    const first = Turns.word(from >> 6) << (from & 63);
    return (from & 63) == 0 ? first : first | (Turns.word((from >> 6) + 1) >> (64 - (from & 63)));
  }

  /** The upper half of a product. */
  static upper(a: u64, b: u64): u64 {
    const low = (a & 0xffffffff) * (b & 0xffffffff);
    const first = (a >> 32) * (b & 0xffffffff) + (low >> 32);
    const second = (a & 0xffffffff) * (b >> 32) + (first & 0xffffffff);
    return (a >> 32) * (b >> 32) + (first >> 32) + (second >> 32);
  }
}
