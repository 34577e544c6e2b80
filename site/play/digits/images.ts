// The handwritten digits: reading their file, holding some back, and warped copies, without which a network learns where
// the people of the data set happened to write, and misreads visitors.
import { hashOf, randomFrom } from "../model/exact.ts";

export const SIDE = 8;
export const PIXELS = SIDE * SIDE;

export interface Digits {
  count: number;
  /** From 0 (paper) to 1 (ink), 64 a row. */
  x: Float32Array;
  y: Int32Array;
}

export interface DigitsData {
  /** The digits that it learns from, and warped copies of them. */
  train: Digits;
  /** Of `train`, the rows that are as they were written. */
  originals: number;
  test: Digits;
  hash: string;
}

/** Reads digits.bin: 65 columns, one after the other. Every fifth digit is held back. @throws Error where it is cut off. */
export function readDigits(bytes: Uint8Array, copies: number, seed: number): DigitsData {
  const count = bytes.length / (PIXELS + 1);
  if (!Number.isInteger(count) || count < 100) throw new Error("The digits did not arrive whole: load the page again.");
  const pick = (rows: number[]): Digits => ({
    count: rows.length,
    x: Float32Array.from({ length: rows.length * PIXELS }, (_, k) => bytes[(k % PIXELS) * count + rows[Math.floor(k / PIXELS)]] / 16), // prettier-ignore
    y: Int32Array.from(rows, (row) => bytes[PIXELS * count + row]),
  });
  const rows = Array.from({ length: count }, (_, row) => row);
  const originals = pick(rows.filter((row) => row % 5 !== 0));
  const test = pick(rows.filter((row) => row % 5 === 0));
  return {
    train: withCopies(originals, copies, seed),
    originals: originals.count,
    test,
    hash: hashOf(originals.x, originals.y, test.x, test.y),
  };
}

function withCopies({ count, x, y }: Digits, copies: number, seed: number): Digits {
  const random = randomFrom(seed + 4711);
  const all = new Float32Array(count * (1 + copies) * PIXELS);
  all.set(x);
  for (let copy = 1; copy <= copies; copy++) {
    for (let row = 0; row < count; row++) {
      const from = x.subarray(row * PIXELS, (row + 1) * PIXELS);
      const at = (copy * count + row) * PIXELS;
      warp(from, all.subarray(at, at + PIXELS), random);
    }
  }
  const labels = new Int32Array(count * (1 + copies));
  for (let copy = 0; copy <= copies; copy++) labels.set(y, copy * count);
  return { count: labels.length, x: all, y: labels };
}

/** Turned, slanted, stretched, moved, bent, with a thicker or thinner pen. */
function warp(from: Float32Array, to: Float32Array, random: () => number): void {
  const either = (most: number) => most * (2 * random() - 1);
  const [turn, slant] = [either(0.28), either(0.3)];
  const [width, height] = [1 + either(0.17), 1 + either(0.1)];
  const [dx, dy] = [either(0.7), either(0.7)];
  const ink = 1 + either(0.25);
  const bends = Array.from({ length: 6 }, () => either(0.03));
  const centre = (SIDE - 1) / 2;
  // Small angles: the sine and the cosine by their first terms.
  const [sin, cos] = [turn - (turn * turn * turn) / 6, 1 - (turn * turn) / 2];
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [u, v] = [(column - centre - dx) * width, (row - centre - dy) * height];
      const [uu, uv, vv] = [u * u - 4, u * v, v * v - 4];
      const x = cos * u + sin * v + slant * v + centre + bends[0] * uu + bends[1] * uv + bends[2] * vv;
      const y = cos * v - sin * u + centre + bends[3] * uu + bends[4] * uv + bends[5] * vv;
      to[row * SIDE + column] = Math.min(1, ink * between(from, x, y));
    }
  }
}

/** The ink between the pixels. */
function between(image: Float32Array, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [a, b] = [x - left, y - top];
  const pixel = (column: number, row: number) =>
    column < 0 || row < 0 || column >= SIDE || row >= SIDE ? 0 : image[row * SIDE + column];
  return (
    (1 - b) * ((1 - a) * pixel(left, top) + a * pixel(left + 1, top)) +
    b * ((1 - a) * pixel(left, top + 1) + a * pixel(left + 1, top + 1))
  );
}
