// Random order for a report, the same for the same data: from one fixed seed, by whole numbers alone.

/** Gives whole numbers below `below`, one after the other (Marsaglia's xorshift on 32 bits). */
export function drawer(seed: number): (below: number) => number {
  let state = (seed ^ 0x9e3779b9) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

/** The numbers from 0 to length − 1 in a random order (Fisher–Yates). */
export function shuffled(length: number, seed: number): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i);
  const draw = drawer(seed);
  for (let i = length - 1; i > 0; i--) {
    const j = draw(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** At most so many of the numbers from 0 to length − 1, evenly spread. */
export function spread(length: number, most: number): number[] {
  if (length <= most) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.floor(((i + 0.5) * length) / most));
}
