// softmax and logSoftmax, the activations that look at a whole row.
import { Lanes } from "../numbers/math";
import { LANES, Simd } from "../numbers/simd";

/**
 * Row by row a_j = e^z_j / Σ_k e^z_k, or its logarithm (`log`) z_j − log Σ_k e^z_k; the row's largest z is taken off
 * first, so that no power overflows.
 */
export class Softmax {
  static activate(log: bool, z: usize, y: usize, rows: i32, width: i32): void {
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, z += bytes, y += bytes) {
      const top = v128.splat<real>(largest(z, width));
      let total = Simd.splat(0);
      let tops = Simd.splat(0);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const rest = v128.sub<real>(v128.load(z + at), top);
        let e = Lanes.exp<real>(rest);
        if (log) {
          const isTop = v128.and(v128.eq<real>(rest, Simd.splat(0)), Simd.first(width - j));
          tops = v128.add<real>(tops, v128.and(isTop, Simd.splat(1)));
          e = v128.andnot(e, isTop);
        }
        total = v128.add<real>(total, v128.and(e, Simd.first(width - j)));
        Simd.store(y + at, log ? rest : e, width - j);
      }
      // One of the largest is left out of the logarithm: 1 + x has few digits of a small x.
      const sum = log
        ? Lanes.log1p<real>(v128.splat<real>(Simd.sum(total) + (Simd.sum(tops) - 1)))
        : v128.splat<real>(Simd.sum(total));
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const a = v128.load(y + at);
        Simd.store(y + at, log ? v128.sub<real>(a, sum) : v128.div<real>(a, sum), width - j);
      }
    }
  }

  /** With s = softmax(z): dZ_j = s_j (dY_j − Σ_k dY_k s_k); for the logarithm dZ_j = dY_j − s_j Σ_k dY_k. */
  static activateBack(log: bool, y: usize, d: usize, rows: i32, width: i32): void {
    const bytes = <usize>width * sizeof<real>();
    for (; rows > 0; --rows, y += bytes, d += bytes) {
      let total = Simd.splat(0);
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const dy = v128.load(d + at);
        const term = log ? dy : v128.mul<real>(v128.load(y + at), dy);
        total = v128.add<real>(total, v128.and(term, Simd.first(width - j)));
      }
      const sum = v128.splat<real>(Simd.sum(total));
      for (let j = 0, at: usize = 0; j < width; j += LANES, at += 16) {
        const dy = v128.load(d + at);
        const a = v128.load(y + at);
        const dz = log
          ? v128.sub<real>(dy, v128.mul<real>(Lanes.exp<real>(a), sum))
          : v128.mul<real>(a, v128.sub<real>(dy, sum));
        Simd.store(d + at, dz, width - j);
      }
    }
  }
}

/** Largest of n numbers. */
export function largest(x: usize, n: i32): real {
  const lowest = Simd.splat(-Infinity);
  let top = lowest;
  for (let j = 0; j < n; j += LANES, x += 16) {
    top = v128.max<real>(top, v128.bitselect(v128.load(x), lowest, Simd.first(n - j)));
  }
  return Simd.largest(top);
}
