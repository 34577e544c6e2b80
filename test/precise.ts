// Numbers with 1,300 binary digits after the point, to hold figures of the core against: all finite float64 numbers are
// exact in them, from the smallest denormal to the largest. A number x is the BigInt x · 2^1300, rounded down. Slow and
// plain; only integers are computed with, so nothing here has the rounding that it is to find elsewhere.

const DIGITS = 1300n;
export const ONE = 1n << DIGITS;

/** A finite float64 number, exactly. */
export function exactly(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  if (exponent === 0x7ffn) throw new Error(`${x} is no finite number`);
  const fraction = bits & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction << 1n : fraction | (1n << 52n);
  const shifted = (size << (DIGITS + exponent)) >> 1075n;
  return bits >> 63n ? -shifted : shifted;
}

/** The nearest float64 number; for float32, round it once more. */
export function rounded(x: bigint): number {
  const size = x < 0n ? -x : x;
  if (size === 0n) return 0;
  const length = BigInt(size.toString(2).length);
  // 64 digits; what lies below them keeps a tie from looking like one.
  const drop = length > 64n ? length - 64n : 0n;
  let top = size >> drop;
  if (top << drop !== size) top |= 1n;
  const exponent = Number(drop - DIGITS);
  // A power of two at a time, so that only the last product rounds or leaves the range.
  let result: number;
  if (exponent >= -1000) result = Number(top) * 2 ** Math.min(exponent, 900) * 2 ** Math.max(0, exponent - 900);
  else result = denormal(top, exponent);
  return x < 0n ? -result : result;
}

/** top · 2^exponent where that may be below the normal numbers: rounded to a multiple of the smallest number. */
function denormal(top: bigint, exponent: number): number {
  const drop = BigInt(-1074 - exponent);
  const isNormal = top >> drop >= 1n << 52n;
  if (drop <= 0n || isNormal) return Number(top) * 2 ** -900 * 2 ** (exponent + 900);
  const whole = top >> drop;
  const rest = top - (whole << drop);
  const half = 1n << (drop - 1n);
  const up = rest > half || (rest === half && (whole & 1n) === 1n) ? 1n : 0n;
  return Number(whole + up) * 2 ** -1074;
}

export const times = (x: bigint, y: bigint): bigint => (x * y) >> DIGITS;
export const over = (x: bigint, y: bigint): bigint => (x << DIGITS) / y;
export const size = (x: bigint): bigint => (x < 0n ? -x : x);
export const larger = (x: bigint, y: bigint): bigint => (x > y ? x : y);
export const whole = (x: number): bigint => BigInt(x) << DIGITS;

/** Σ_k x^(2k+1) / (2k+1), with alternating signs for the arc tangent of 1 / n; all numbers have `digits` more digits. */
function arcOf(n: bigint, isTangent: boolean, digits: bigint): bigint {
  let power = (1n << digits) / n;
  let sum = power;
  for (let k = 3n; power !== 0n; k += 2n) {
    power /= isTangent ? -(n * n) : n * n;
    sum += power / k;
  }
  return sum;
}

/** ln 2 = 2 artanh(1/3). */
const LN2 = (2n * arcOf(3n, false, DIGITS + 64n)) >> 64n;
/** π = 16 arctan(1/5) − 4 arctan(1/239), with enough digits for the rest of the largest number. */
const MORE = 1100n;
const LONG_PI = 16n * arcOf(5n, true, DIGITS + MORE + 64n) - 4n * arcOf(239n, true, DIGITS + MORE + 64n);
export const PI = LONG_PI >> (MORE + 64n);

/** e^x; 0 below −1,100, where nothing of it is a number any more. */
export function exp(x: bigint): bigint {
  if (x < whole(-1100)) return 0n;
  if (x > whole(1100)) throw new Error("beyond all numbers");
  const doublings = x / LN2;
  const halvings = 40n;
  const rest = (x - doublings * LN2) >> halvings;
  let term = ONE;
  let sum = ONE;
  // 200 more digits, since squaring 40 times loses some.
  const shift = 200n;
  term <<= shift;
  sum <<= shift;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = ((term * rest) >> DIGITS) / k;
    sum += term;
  }
  for (let k = 0n; k < halvings; k++) sum = (sum * sum) >> (DIGITS + shift);
  return doublings >= 0n ? (sum << doublings) >> shift : sum >> (shift - doublings);
}

/** ln x for x > 0, by Newton's method. */
export function log(x: bigint): bigint {
  const doublings = BigInt(x.toString(2).length) - 1n - DIGITS;
  const part = doublings >= 0n ? x >> doublings : x << -doublings;
  let y = exactly(Math.log(rounded(part)));
  for (let k = 0; k < 5; k++) y += over(part, exp(y)) - ONE;
  return y + doublings * LN2;
}

/** sin x for x of any size. */
export function sin(x: bigint): bigint {
  const turn = 2n * LONG_PI;
  const long = x << (MORE + 64n);
  let rest = (long % turn) >> (MORE + 64n);
  if (rest < 0n) rest += 2n * PI;
  let term = rest;
  let sum = rest;
  const square = times(rest, rest);
  for (let k = 2n; term !== 0n && term !== -1n; k += 2n) {
    term = -times(term, square) / (k * (k + 1n));
    sum += term;
  }
  return sum;
}

export const cos = (x: bigint): bigint => sin(x + PI / 2n);

export function sqrt(x: bigint): bigint {
  if (x === 0n) return 0n;
  const target = x << DIGITS;
  let y = 1n << BigInt((target.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (y + target / y) >> 1n;
    if (next >= y) return y;
    y = next;
  }
}

/** The density of the normal distribution. */
export const density = (x: bigint): bigint => over(exp(-times(x, x) / 2n), sqrt(2n * PI));

/**
 * The normal distribution: ½ + density(x) Σ x^(2k+1) / (1 · 3 · … · (2k+1)). In the lower tail, where that would be the
 * difference of nearly equal numbers, density(x) / (|x| + 1 / (|x| + 2 / (|x| + 3 / …))).
 */
export function normal(x: bigint): bigint {
  if (size(x) > whole(45)) return x > 0n ? ONE : 0n;
  if (x < whole(-2)) {
    let fraction = -x;
    for (let k = 1500; k > 0; k--) fraction = over(whole(k), fraction) - x;
    return over(density(x), fraction);
  }
  let term = x;
  let sum = x;
  const square = times(x, x);
  for (let k = 3n; term !== 0n && term !== -1n; k += 2n) {
    term = times(term, square) / k;
    sum += term;
  }
  return ONE / 2n + times(density(x), sum);
}
