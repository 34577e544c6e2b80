// Finds out whether a model was trained on given rows. A model keeps hashes of some of its rows for this.
import type { Encoded } from "../columns/columns.ts";

/** The largest number of rows of which a model keeps hashes. */
const KEPT = 500;
/** Rows count as seen if so large a share of those that could be recognised are, and at least LEAST of them. */
const MOST = 0.5;
const LEAST = 3;

/** Hashes of rows that are spread evenly over a training table. */
export function sampleOf({ data, rows, columns }: Pick<Encoded, "data" | "rows" | "columns">): number[] {
  const count = Math.min(KEPT, rows);
  return Array.from({ length: count }, (_, i) => hashRow(data, Math.floor((i * rows) / count), columns));
}

/** Whether most of these rows are likely to be among the rows that a model was trained on. */
export function isSeen(
  { data, rows, columns }: Pick<Encoded, "data" | "rows" | "columns">,
  { sample, rows: trained }: { sample?: readonly number[]; rows: number },
): boolean {
  if (!sample || sample.length === 0) return false;
  const known = new Set(sample);
  let found = 0;
  for (let row = 0; row < rows; row++) if (known.has(hashRow(data, row, columns))) found++;
  return found >= Math.min(LEAST, rows) && found >= (MOST * rows * sample.length) / trained;
}

/** A 32-bit FNV-1a hash of the numbers' bits, as float32. */
function hashRow(data: ArrayLike<number>, row: number, columns: number): number {
  const numbers = new Float32Array(columns);
  for (let c = 0; c < columns; c++) numbers[c] = data[row * columns + c];
  let hash = 0x811c9dc5;
  for (const word of new Uint32Array(numbers.buffer)) hash = Math.imul(hash ^ word, 0x01000193) ^ (hash >>> 15);
  return hash >>> 0;
}
