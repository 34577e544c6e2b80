// What the core exports, and nothing else.
import { Random } from "./numbers/random";
import { Lanes } from "./numbers/math";
import { LANES, Simd } from "./numbers/simd";

export { train } from "./training/epochs";
export { differentiate, evaluate, penalty, predict } from "./training/evaluation";
export { runShare } from "./training/shares";
export { factor, solve, square } from "./training/levenberg";
export { blend, dot } from "./numbers/vectors";
// For tests and benches of the products alone.
export { outer, product, productTransposed } from "./products/products";

/** The first byte that the core does not use itself. */
export function heapBase(): usize {
  return __heap_base;
}

/** Fills X (n) with uniform numbers in [low, high), from the stream and counter of a seed; `state` holds 16 bytes. */
export function uniform(
  state: usize,
  seed: u32,
  stream: u32,
  counter: u32,
  X: usize,
  n: i32,
  low: f64,
  high: f64,
): void {
  Random.seed(state, seed, stream, counter);
  Random.uniform(state, X, n, low, high);
}

/** Fills X (n) with normal numbers no further than `reach` from the mean, likewise. */
export function normal(
  state: usize,
  seed: u32,
  stream: u32,
  counter: u32,
  X: usize,
  n: i32,
  mean: f64,
  deviation: f64,
  reach: f64,
): void {
  Random.seed(state, seed, stream, counter);
  Random.normal(state, X, n, mean, deviation, reach);
}

/** Puts n words into a random order, likewise. */
export function permute(state: usize, seed: u32, stream: u32, counter: u32, words: usize, n: i32): void {
  Random.seed(state, seed, stream, counter);
  Random.shuffle(state, words, n);
}

/** Where the first number that is not finite stands among n at X; -1 if all are finite. */
export function firstNonFinite(X: usize, n: i32): i32 {
  const zero = Simd.splat(0);
  let i = 0;
  // x - x is 0 for finite numbers alone; where a vector has another, the loop below finds which.
  for (; i + LANES <= n; i += LANES) {
    const x = v128.load(X + <usize>i * sizeof<real>());
    if (!v128.all_true<i32>(v128.eq<real>(v128.sub<real>(x, x), zero))) break;
  }
  for (; i < n; ++i) if (!isFinite(load<real>(X + <usize>i * sizeof<real>()))) return i;
  return -1;
}

/** FNV-1a over n bytes, going on from `hash` (Fowler, Noll and Vo). */
export function hash(X: usize, n: i32, hash: u64): u64 {
  for (let i = 0; i < n; ++i) hash = (hash ^ load<u8>(X + i)) * 0x100000001b3;
  return hash;
}

/** exp, log and tanh of n numbers, in place: for tests, and log for a metric. */
export function mapExp(X: usize, n: i32): void {
  for (; n > 0; n -= LANES, X += 16) Simd.store(X, Lanes.exp<real>(v128.load(X)), n);
}

export function mapLog(X: usize, n: i32): void {
  for (; n > 0; n -= LANES, X += 16) Simd.store(X, Lanes.log<real>(v128.load(X)), n);
}

export function mapTanh(X: usize, n: i32): void {
  for (; n > 0; n -= LANES, X += 16) Simd.store(X, Lanes.tanh<real>(v128.load(X)), n);
}
