// The natural logarithm from the four operations: Math.log differs between engines.

/** The natural logarithm of x: that of a power of two and 2 artanh((m − 1) / (m + 1)) for m near 1. */
export function logarithm(x: number): number {
  if (!(x > 0) || x === Infinity) return x === 0 ? -Infinity : x > 0 ? x : NaN;
  let doublings = 0;
  for (; x >= 2; doublings++) x /= 2;
  for (; x < 1; doublings--) x *= 2;
  if (x > Math.SQRT2) {
    x /= 2;
    doublings++;
  }
  const s = (x - 1) / (x + 1);
  let power = s;
  let sum = s;
  for (let k = 3; k < 26; k += 2) sum += (power *= s * s) / k;
  return doublings * Math.LN2 + 2 * sum;
}
