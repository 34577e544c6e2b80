// The one generator: xoshiro128++ 1.0 (Blackman and Vigna 2019), its seeding, and what is drawn from it: first
// weights and orders of samples. The four words of state stand where the caller says; nothing is kept between calls
// but what the seed, the stream and the counter give back.
import { Lanes } from "./math";

export class Random {
  /** Starts the generator at `state` for one use: a seed, a stream (STREAM_…) and a counter within the stream. */
  static seed(state: usize, seed: u32, stream: u32, counter: u32): void {
    let h = Random.key(seed, stream, counter);
    for (let i: u32 = 0; i < 4; ++i) {
      h = Random.mix(h + 0x9e3779b9);
      // The odd last word keeps the state from being all zeros, which the generator cannot leave.
      store<u32>(state + (i << 2), i == 3 ? h | 1 : h);
    }
  }

  /** What a seed, a stream and a counter within the stream come to. */
  static key(seed: u32, stream: u32, counter: u32): u32 {
    let h: u32 = Random.mix(seed ^ 0x9e3779b9);
    h = Random.mix(h + stream * 0x85ebca6b);
    return Random.mix(h + counter * 0xc2b2ae35);
  }

  /** A bijection of 32 bits in which every bit of the result depends on every bit of h (Wellons' lowbias32). */
  static mix(h: u32): u32 {
    h = (h ^ (h >> 16)) * 0x7feb352d;
    h = (h ^ (h >> 15)) * 0x846ca68b;
    return h ^ (h >> 16);
  }

  /** The next 32 bits. */
  static next(state: usize): u32 {
    let s0 = load<u32>(state);
    let s1 = load<u32>(state, 4);
    let s2 = load<u32>(state, 8);
    let s3 = load<u32>(state, 12);
    const result = rotl<u32>(s0 + s3, 7) + s0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    store<u32>(state, s0);
    store<u32>(state, s1, 4);
    store<u32>(state, s2 ^ shifted, 8);
    store<u32>(state, rotl<u32>(s3, 11), 12);
    return result;
  }

  /** An integer in 0 … n - 1, each equally often (Lemire 2019). */
  static below(state: usize, n: u32): u32 {
    let product = <u64>Random.next(state) * <u64>n;
    if (<u32>product < n) {
      const least: u32 = (<u32>0 - n) % n;
      while (<u32>product < least) product = <u64>Random.next(state) * <u64>n;
    }
    return <u32>(product >> 32);
  }

  /** A number in [0, 1) with 53 random bits. */
  static unit(state: usize): f64 {
    const high = <f64>(Random.next(state) >> 5);
    const low = <f64>(Random.next(state) >> 6);
    return (high * 67108864.0 + low) * 1.1102230246251565e-16;
  }

  /** n numbers at X, equally likely anywhere in [low, high). */
  static uniform(state: usize, X: usize, n: i32, low: f64, high: f64): void {
    for (let i = 0; i < n; ++i) store<real>(X + i * sizeof<real>(), <real>(low + (high - low) * Random.unit(state)));
  }

  /**
   * n numbers at X from the normal distribution, two at a time by Marsaglia's polar method (1964). What lies further
   * than `reach` from the mean is drawn again.
   */
  static normal(state: usize, X: usize, n: i32, mean: f64, deviation: f64, reach: f64 = Infinity): void {
    for (let i = 0; i < n;) {
      let u: f64, v: f64, s: f64;
      do {
        u = 2 * Random.unit(state) - 1;
        v = 2 * Random.unit(state) - 1;
        s = u * u + v * v;
      } while (s >= 1 || s == 0);
      const log = v128.extract_lane<f64>(Lanes.log<f64>(v128.splat<f64>(s)), 0);
      const factor = deviation * sqrt<f64>((-2 * log) / s);
      u *= factor;
      v *= factor;
      if (abs(u) <= reach) store<real>(X + i++ * sizeof<real>(), <real>(mean + u));
      if (i < n && abs(v) <= reach) store<real>(X + i++ * sizeof<real>(), <real>(mean + v));
    }
  }

  /** Puts n words into an order in which each permutation is equally likely (Fisher and Yates; Durstenfeld 1964). */
  static shuffle(state: usize, words: usize, n: i32): void {
    for (let i = n - 1; i > 0; --i) {
      const j = Random.below(state, i + 1);
      const a = words + ((<usize>i) << 2);
      const b = words + ((<usize>j) << 2);
      const word = load<u32>(a);
      store<u32>(a, load<u32>(b));
      store<u32>(b, word);
    }
  }
}
