// Decides which rows are left out in turn. Equal rows stay together, so that no network is measured on a row that it has
// learnt. Classes, and the parts of a number's range, are spread evenly over the folds.
import type { Rows } from "../data/scaling.ts";
import { lot } from "../data/split.ts";
import { type Sample, firstColumn } from "./problem.ts";

/** The number of the group of equal rows that each row belongs to, and how many there are. */
export interface Groups {
  of: Int32Array;
  count: number;
  /** Whether rows that are equal have equal targets, too. */
  agree: boolean;
}

/** With so many rows per group, contradicting rows are taken for repeated draws of a few possible rows. */
const MANY_ALIKE = 4;
/** The largest number of different rows that can be learnt by heart. */
const MOST_BY_HEART = 256;

/** Finds equal rows by a 53-bit hash. Different rows with the same hash stay together, which does no harm. */
export function groupRows({ x, targets }: Pick<Sample, "x" | "targets">): Groups {
  const of = new Int32Array(x.rows);
  const known = new Map<number, number>();
  const first: number[] = [];
  let agree = true;
  for (let row = 0; row < x.rows; row++) {
    const key = hashRow(x, row);
    let group = known.get(key);
    if (group === undefined) {
      group = known.size;
      known.set(key, group);
      first.push(row);
    }
    of[row] = group;
    for (let c = 0; agree && c < targets.columns; c++) {
      agree = targets.data[row * targets.columns + c] === targets.data[first[group] * targets.columns + c];
    }
  }
  return { of, count: known.size, agree };
}

const bits = new Float64Array(1);
const halves = new Int32Array(bits.buffer);

function hashRow({ data, columns }: Rows, row: number): number {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let c = row * columns; c < (row + 1) * columns; c++) {
    bits[0] = data[c] === 0 ? 0 : data[c]; // −0 is 0
    a = Math.imul(a ^ halves[0], 0x01000193) ^ (a >>> 15);
    a = Math.imul(a ^ halves[1], 0x5bd1e995) ^ (a >>> 13);
    b = Math.imul(b ^ halves[1], 0x85ebca6b) ^ (b >>> 14);
    b = Math.imul(b ^ halves[0], 0xc2b2ae35) ^ (b >>> 16);
  }
  return (a >>> 0) * 2 ** 21 + ((b >>> 0) & (2 ** 21 - 1));
}

/** Few possible rows with contradicting targets will come again: to leave all of one kind out would tell nothing. */
function isDealtByRow({ x }: Sample, groups: Groups): boolean {
  return !groups.agree && x.rows >= MANY_ALIKE * groups.count;
}

/** How many rows, or groups of equal ones, can be dealt into folds. */
export function unitsOf(sample: Sample, groups: Groups): number {
  return isDealtByRow(sample, groups) ? sample.x.rows : groups.count;
}

/**
 * Deals the rows into `count` folds.
 * @returns the fold of each row.
 */
export function dealFolds(sample: Sample, groups: Groups, count: number, seed: number, classes: number): Int32Array {
  const { rows } = sample.x;
  const isSplit = isDealtByRow(sample, groups);
  const units = unitsOf(sample, groups);
  const target = new Float64Array(units);
  const size = new Float64Array(units);
  const values = firstColumn(sample.targets);
  for (let row = rows - 1; row >= 0; row--) {
    const unit = isSplit ? row : groups.of[row];
    target[unit] = values[row];
    size[unit]++;
  }
  const lots = Float64Array.from({ length: units }, (_, unit) => lot(seed, unit));
  const order = Uint32Array.from({ length: units }, (_, unit) => unit);
  order.sort((a, b) => target[a] - target[b] || lots[a] - lots[b] || a - b);
  const foldOf = new Int32Array(units);
  const filled = new Float64Array(count);
  // Each fold gets one row of every few neighbours, chosen at random. A class continues where the last one ended.
  for (let first = 0; first < units; first += count) {
    const block = Array.from(order.subarray(first, first + count));
    if (classes === 0) block.sort((a, b) => lots[a] - lots[b]);
    const folds = [...filled.keys()].sort((a, b) => filled[a] - filled[b] || a - b);
    block.forEach((unit, i) => {
      foldOf[unit] = folds[i];
      filled[folds[i]] += size[unit];
    });
  }
  return Int32Array.from({ length: rows }, (_, row) => foldOf[isSplit ? row : groups.of[row]]);
}

/** Whether a few rows come again and again, each with one target: to leave some of them out would tell nothing. */
export function isRepeated({ x }: Sample, groups: Groups): boolean {
  return groups.agree && groups.count <= MOST_BY_HEART && x.rows >= MANY_ALIKE * groups.count;
}

/**
 * Whether the rows are all that there can be, as those of XOR: few values a column, and each combination of them there,
 * with one target. No row can be left out then, and none can be new.
 */
export function isWholeDomain({ x }: Sample, groups: Groups, most = MOST_BY_HEART): boolean {
  if (!groups.agree || groups.count > most) return false;
  let combinations = 1;
  for (let c = 0; c < x.columns; c++) {
    const values = new Set<number>();
    for (let row = 0; row < x.rows; row++) values.add(x.data[row * x.columns + c]);
    combinations *= values.size;
    if (combinations > most) return false;
  }
  return x.columns > 1 && combinations === groups.count;
}
