// Powers and roots from the four operations: Math.pow differs between engines.

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
