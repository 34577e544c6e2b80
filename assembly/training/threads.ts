// How the workers of a step share its stages. Each element of a result has one owner, who computes it in one go, so
// the bits are the same however many workers there are.

// Whoever imports the core does the waiting, in JavaScript: Node 20 loses local variables of compiled code that sleeps.
/** Lets the other workers begin their shares of a stage. Gives back the address of the shares. */
export declare function fork(plan: usize, stage: i32): usize;

/** Waits until all of them have ended. */
export declare function join(): void;

/**
 * Where the share of worker `me` of `all` begins, among n things. It ends where the next one's begins. `shares` (all + 1)
 * holds u32 from 0 to 65,536: where each share begins, as a part of the whole. Shares begin at multiples of 4, the height
 * of a product's tile, so that no tile is cut.
 */
export function share(n: i32, me: i32, all: i32, shares: usize): i32 {
  if (all == 1) return me ? n : 0;
  const tiles = <u64>((n + 3) >> 2);
  const begin = load<u32>(shares + ((<usize>me) << 2));
  return min(n, (<i32>((tiles * begin + 32768) >> 16)) << 2);
}
