// How many rows go through the network at a time for an optimizer that searches. The library asks for it without the part.
import type { NetworkDescription } from "../description/description.ts";

/** Rows that go through the network at a time. Sums are made in this grouping: other numbers give other bits. */
const CHUNK = 256;
/** Operations that a call of the core makes about, so that the event loop can turn in between. */
export const WORK = 2e7;
/** How many rows of a Jacobian the core adds up at a time (JACOBIAN_ROWS in the core). */
export const JACOBIAN_ROWS = 4;

/** The rows that go through the network at a time: fewer where each of them adds to a large matrix. */
export function chunkOf({ optimizer, outputs }: NetworkDescription, trainable: number, rows: number): number {
  const share = optimizer.name === "levenbergMarquardt" ? WORK / (trainable * trainable * outputs) : Infinity;
  return Math.min(rows, CHUNK, JACOBIAN_ROWS * Math.max(1, Math.floor(share / JACOBIAN_ROWS)));
}
