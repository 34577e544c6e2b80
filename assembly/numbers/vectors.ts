// Flat blocks as vectors: what methods that search along lines need. Lengths are divisible by the lanes.
import { LANES, Simd } from "./simd";

/** Σ x_i y_i, in order, in float64. */
export function dot(x: usize, y: usize, n: i32): f64 {
  let total: f64 = 0;
  for (; n > 0; --n, x += sizeof<real>(), y += sizeof<real>()) total += <f64>load<real>(x) * <f64>load<real>(y);
  return total;
}

/** z ← a x + b y; z may be either of the two. */
export function blend(z: usize, a: f64, x: usize, b: f64, y: usize, n: i32): void {
  const ofX = Simd.splat(a);
  const ofY = Simd.splat(b);
  for (; n > 0; n -= LANES, x += 16, y += 16, z += 16) {
    v128.store(z, Simd.madd(ofX, v128.load(x), v128.mul<real>(ofY, v128.load(y))));
  }
}

/** Copies a row: a loop, since a call of memory.copy costs more than short rows do. */
export function copy(to: usize, from: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < bytes; at += sizeof<real>()) store<real>(to + at, load<real>(from + at));
}
