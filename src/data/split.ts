// Chooses the rows that are held back to judge a model. Nothing here knows networks.
import { PropagoError, show } from "../ground/errors.ts";

/** Row numbers for training and for validation, both ascending. */
export interface Split {
  training: number[];
  validation: number[];
}

/**
 * Holds back a fraction of the rows so that they are spread evenly over the targets: each class gives its share, and so
 * does each part of a number's range. Small tables are judged more steadily by such rows than by ones drawn blindly.
 * @param targets one number a row: its class, or the value to be predicted.
 * @param seed decides which rows of equal standing are taken.
 * @param classes how many classes `targets` counts, 0 for numbers; each class keeps a row for training.
 * @throws PropagoError ERR_CONFIG for a fraction that leaves no row on one side.
 */
export function holdBack(targets: ArrayLike<number>, fraction: number, seed: number, classes: number): Split {
  const rows = targets.length;
  if (!(fraction > 0 && fraction < 1)) {
    throw new PropagoError("ERR_CONFIG", `validation must be a fraction in [0, 1), got ${show(fraction)}`);
  }
  const held = Math.round(rows * fraction);
  if (held === 0 || held === rows) {
    const side = held === 0 ? "validation" : "training";
    throw new PropagoError("ERR_CONFIG", `validation ${fraction} leaves 0 of ${rows} rows for ${side}`);
  }
  const lots = Uint32Array.from({ length: rows }, (_, row) => lot(seed, row));
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  order.sort((a, b) => targets[a] - targets[b] || lots[a] - lots[b] || a - b);

  const isHeld = new Uint8Array(rows);
  for (let i = 0; i < held; i++) {
    const begin = Math.floor((i * rows) / held);
    const end = Math.floor(((i + 1) * rows) / held);
    isHeld[order.subarray(begin, end).reduce((a, b) => (lots[b] < lots[a] ? b : a))] = 1;
  }
  if (classes > 0) keepEachClass(targets, isHeld, classes);

  const split: Split = { training: [], validation: [] };
  for (let row = 0; row < rows; row++) split[isHeld[row] ? "validation" : "training"].push(row);
  if (split.validation.length === 0) {
    throw new PropagoError("ERR_CONFIG", `validation ${fraction} leaves 0 of ${rows} rows for validation`);
  }
  return split;
}

/** Gives a class whose rows are all held back one of them to learn from. */
function keepEachClass(targets: ArrayLike<number>, isHeld: Uint8Array, classes: number): void {
  const isKnown = new Uint8Array(classes);
  for (let row = 0; row < isHeld.length; row++) if (!isHeld[row]) isKnown[targets[row]] = 1;
  for (let row = 0; row < isHeld.length; row++) {
    if (isKnown[targets[row]]) continue;
    isHeld[row] = 0;
    isKnown[targets[row]] = 1;
  }
}

/** A row's lot under a seed: 32 bits without pattern, by the bijection with which the core seeds its generator. */
export function lot(seed: number, row: number): number {
  return mix(mix(seed ^ 0x9e3779b9) + row);
}

/** Wellons' lowbias32. */
function mix(bits: number): number {
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
