// Powers, roots and exponentials from the four operations: those of Math differ between engines.

/** x to a whole power n ≥ 0, by squaring. */
export function raised(x: number, n: number): number {
  let result = 1;
  for (; n > 0; n = Math.floor(n / 2), x *= x) if (n % 2 === 1) result *= x;
  return result;
}

/** The n-th root of x ≥ 1, by halving. */
export function root(x: number, n: number): number {
  let low = 1;
  let high = x;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (raised(middle, n) > x) high = middle;
    else low = middle;
  }
  return low;
}

/** ln 2 in two parts: whole multiples of the first have no rounding. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** e to the power x: powers of two times a Taylor series over ±ln(2)/2. Infinity above 709.78, 0 below −745. */
export function exponential(x: number): number {
  if (!(x > -746)) return x !== x ? x : 0;
  if (x > 710) return Infinity;
  const halvings = Math.round(x / Math.LN2);
  const rest = x - halvings * LN2_HIGH - halvings * LN2_LOW;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 16; k++) sum += term *= rest / k;
  // In two steps, since 2^1024 is no number, though e^709.7 is.
  const half = Math.trunc(halvings / 2);
  return sum * power2(half) * power2(halvings - half);
}

function power2(n: number): number {
  return n < 0 ? 1 / raised(2, -n) : raised(2, n);
}

/** From `high` to `low` along half a cosine, for x from 0 to 1: (1 + cos πx) / 2 = sin²(π (1 − x) / 2). */
export function cosineBetween(high: number, low: number, x: number): number {
  const z = (Math.PI / 2) * (1 - Math.min(1, x));
  // The sine's series, which is exact to the last bits up to π / 2.
  let term = z;
  let sine = z;
  for (let k = 2; k < 24; k += 2) {
    term *= (-z * z) / (k * (k + 1));
    sine += term;
  }
  return low + (high - low) * sine * sine;
}
