// Figures of a column's numbers, computed without sorting them: the median of a million numbers takes some milliseconds.

/** The known numbers of some rows, or of all. */
export function knownOf(values: Float64Array, rows?: ArrayLike<number>): Float64Array {
  const all = rows?.length ?? values.length;
  const known = new Float64Array(all);
  let length = 0;
  for (let i = 0; i < all; i++) {
    const value = values[rows ? rows[i] : i];
    if (value === value) known[length++] = value;
  }
  return length === all ? known : known.slice(0, length);
}

/** The lowest and the highest number, and those that come next to them: NaN where there are none. */
export interface Extremes {
  least: number;
  greatest: number;
  second: number;
  beforeLast: number;
}

export function extremesOf(values: Float64Array): Extremes {
  let [least, second, greatest, beforeLast] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    // Nearly all numbers lie between those that are known already.
    if (value > second && value < beforeLast) continue;
    if (value < least) {
      second = least;
      least = value;
    } else if (value > least && value < second) second = value;
    if (value > greatest) {
      beforeLast = greatest;
      greatest = value;
    } else if (value < greatest && value > beforeLast) beforeLast = value;
  }
  return {
    least,
    greatest,
    second: second === Infinity ? NaN : second,
    beforeLast: beforeLast === -Infinity ? NaN : beforeLast,
  };
}

/** The median; NaN of no numbers. */
export function medianOf(values: Float64Array): number {
  const { length } = values;
  if (length === 0) return NaN;
  const own = values.slice();
  const middle = length >> 1;
  const upper = selected(own, middle);
  if (length % 2 === 1) return upper;
  let lower = -Infinity;
  for (let i = 0; i < middle; i++) if (own[i] > lower) lower = own[i];
  return lower / 2 + upper / 2;
}

/** The number that stands at `place` when all are sorted. Those below it stand before it afterwards (Hoare 1961). */
function selected(values: Float64Array, place: number): number {
  let [begin, end] = [0, values.length - 1];
  while (begin < end) {
    const middle = (begin + end) >> 1;
    const [a, b, c] = [values[begin], values[middle], values[end]];
    // The middle one of three keeps sorted columns from taking a square of time.
    const pivot = a < b ? (b < c ? b : a < c ? c : a) : a < c ? a : b < c ? c : b;
    let [i, j] = [begin, end];
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const value = values[i];
      values[i++] = values[j];
      values[j--] = value;
    }
    if (place <= j) end = j;
    else if (place >= i) begin = i;
    else break;
  }
  return values[place];
}

/** The mean, added from the lowest number on, so that the order of the rows does not matter. */
export function meanOf(values: Float64Array): number {
  return values.toSorted().reduce((mean, value, i) => mean + (value - mean) / (i + 1), 0);
}
