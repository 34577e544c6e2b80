// Digits that a program draws, as people draw them with a pen: a few ways to write each, and hands that lean, hurry and
// shake. The network learns them beside the digits of the data set, whose writers had other habits than visitors have.
import { randomFrom } from "../model/exact.ts";
import { PIXELS, type Digits } from "./images.ts";
import { imageOf, type Dot, type Stroke } from "./strokes.ts";

/** Ways to write each digit, on paper of 10 × 16: strokes between |, and the places that the pen passes. */
const WAYS: readonly (readonly string[])[] = [
  [
    "5,0 2,2 0,7 1,13 5,16 9,13 10,8 8,2 5,0",
    "7,1 3,0 1,4 0,9 2,15 5,16 8,13 9,6 7,2 4,1",
    "4,0 1,3 1,10 3,16 6,15 8,9 7,3 4,0",
    "9,3 6,0 2,1 0,8 2,14 6,16 10,12 10,6 7,1 4,1",
  ],
  ["5,0 5,16", "5,0 5,8 4.6,16", "2,4 5,0 5,16", "1,5 5,0 5,16 | 2,16 8,16", "3,3 5,0 4.7,16"],
  [
    "1,4 2,1 5,0 8,1 9,4 7,8 3,12 0,16 5,15.6 10,16",
    "1,3 4,0 8,1 9,5 6,10 2,15 0,14 2,12 5,14 10,15",
    "0,2 5,0 8,3 7,8 4,12 1,16 1,16 5,16 10,15.5",
    "1,5 3,1 7,0 9,3 6,9 2,14 1,16 3,14 6,15 10,16",
    "1,3 4,0 8,2 8,7 5,12 1,15 0,12 3,11 6,14 10,15",
    "2,2 5,0 9,3 7,9 3,14 0,14 2,11 6,12 9,16",
    "1,2 6,0 9,4 6,10 1,15 1,15 8,13",
  ],
  [
    "1,2 4,0 8,1 8,5 5,7 4,7.5 8,9 9,12 7,15 3,16 0,14",
    "1,0 1,0 9,0 9,0 5,6 5,6 8,8 9,12 6,16 1,15",
    "0,2 5,0 8,3 5,7 3,8 8,9 8,14 4,16 0,15",
    "1,1 6,0 9,3 6,7 3,7 7,8 10,11 8,15 4,16 0,15",
  ],
  [
    "2,0 1,9 1,9 5,9 10,8.6 | 7,4 6.6,16",
    "7,16 7,0 7,0 0,11 0,11 10,11",
    "1,0 1,6 3,8 8,7.4 | 8,0 7.6,8 7,16",
    "3,0 0,8 0,8 9,8 | 8,1 7,8 6,16",
    "0,1 1,6 4,8 8,6 9,0 | 9,0 8,7 8,16",
    "6,0 0,9 0,9 10,10 | 7,6 6,16",
  ],
  [
    "9,0 9,0 2,0 2,0 1,7 1,7 5,6 9,9 9,13 5,16 0,14",
    "2,0 1,7 1,7 6,6 9,10 6,15 1,16 | 2,0 9,0",
    "8,1 3,1 3,1 2,6 6,7 8,10 6,14 2,16 0,15",
    "2,1 2,6 5,6 8,9 7,14 3,16 0,15 | 2,1 6,1 10,0",
  ],
  [
    "8,0 4,3 1,9 2,14 5,16 8,14 8,10 5,8 2,11",
    "5,0 1,8 1,13 4,16 8,14 7,10 3,9 1,12",
    "4,0 2,5 0,11 2,16 7,16 9,12 6,9 2,11 1,13",
    "9,1 5,2 1,8 1,13 5,16 9,13 8,9 4,9 1,12",
    "2,0 1,6 0,12 3,16 8,15 9,11 7,8 4,9 2,13",
    "1,0 0,8 1,14 5,16 9,14 9,9 6,8 3,10 2,14",
    "6,0 3,5 1,11 3,16 6,14 6,11 3,10 1,12",
  ],
  [
    "0,0 0,0 9,0 9,0 4,16",
    "0,1 5,0 9,0 9,0 6,8 4,16 | 2,8 8,8",
    "0,3 0,0 0,0 9,0 9,0 6,8 4,16",
    "0,2 4,0 8,1 7,7 5,16",
    "0,1 6,0.6 10,0 7,5 5,10 4,16",
    "0,2 3,0 8,0 9,1 6,8 3,16",
  ],
  [
    "8,2 5,0 2,2 3,6 7,10 8,13 5,16 2,13 3,9 7,5 8,2",
    "5,0 2,3 5,7 8,3 5,0 | 5,7 1,12 5,16 9,12 5,7",
    "7,1 3,1 2,5 6,8 8,12 5,16 1,13 4,8 8,4 7,1",
    "9,1 5,0 2,3 5,7 8,11 6,16 2,15 2,11 6,7 9,2",
    "4,7 1,4 4,0 7,3 4,7 1,12 4,16 7,12 4,7",
    "9,1 6,0 3,2 4,6 7,9 6,14 3,16 1,13 4,8 8,3 9,1",
    "8,0 3,2 4,6 8,10 7,15 2,16 1,12 5,7 9,2",
    "6,0 4,3 5,7 7,11 5,16 3,13 4,9 6,4 6,0",
  ],
  [
    "8,3 5,0 2,2 1,5 4,8 7,6 8,3 8,3 8,10 7,16",
    "8,3 5,0 1,3 2,7 6,7 8,3 8,3 8,10 5,15 1,15",
    "9,1 4,0 1,4 3,7 7,5 9,1 7,8 5,16",
    "7,2 4,0 1,3 3,7 7,6 8,1 7,9 6,16",
    "8,4 6,0 2,1 0,5 3,8 7,7 9,2 9,2 8,9 8,16",
    "7,1 3,1 1,4 3,7 6,5 8,1 8,1 6,8 3,16",
    "6,0 3,2 2,6 5,7 7,3 6,0 7,3 6,10 6,16",
    "9,0 4,1 0,5 2,8 7,6 9,2 9,2 7,9 3,15",
    "8,2 4,0 1,4 4,6 8,3 8,10 6,15 2,15",
  ],
];

const parse = (text: string): Dot[][] =>
  text.split(" | ").map((stroke) =>
    stroke.split(" ").map((place) => {
      const [x, y] = place.split(",").map(Number);
      return { x: x - 5, y: y - 8 };
    }),
  );

/** A smooth way through places (Catmull and Rom); a place that stands twice is a corner. */
function smooth(dots: readonly Dot[]): Dot[] {
  const all: Dot[] = [];
  for (let k = 0; k + 1 < dots.length; k++) {
    const [a, b, c, d] = [dots[Math.max(0, k - 1)], dots[k], dots[k + 1], dots[Math.min(dots.length - 1, k + 2)]];
    for (let step = 0; step < 4; step++) {
      const t = step / 4;
      const at = (p: number, q: number, r: number, s: number) =>
        0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t * t + (3 * q - p - 3 * r + s) * t * t * t);
      all.push({ x: at(a.x, b.x, c.x, d.x), y: at(a.y, b.y, c.y, d.y) });
    }
  }
  all.push(dots[dots.length - 1]);
  return all;
}

/** As another hand would have drawn it. */
function byHand(strokes: readonly Dot[][], random: () => number): Stroke[] {
  const either = (most: number) => most * (2 * random() - 1);
  const [turn, slant, width] = [either(0.3), either(0.45) - 0.12, 1 + either(0.35)];
  const bends = Array.from({ length: 6 }, () => either(0.02));
  return strokes.map((stroke) => {
    const shaken = stroke.map(({ x, y }) => ({ x: x + either(1), y: y + either(1) }));
    return smooth(shaken).map(({ x, y }) => {
      const [u, v] = [x * width, y];
      const [a, b] = [bends[0] * u * u + bends[1] * u * v + bends[2] * v * v, bends[3] * u * u + bends[4] * u * v + bends[5] * v * v]; // prettier-ignore
      return { x: u + slant * v - turn * v + a, y: v + turn * u + b };
    });
  });
}

/** So many of each digit, each another. */
export function drawnDigits(each: number, seed: number): Digits {
  const random = randomFrom(seed + 815);
  const ways = WAYS.map((list) => list.map(parse));
  const x = new Float32Array(10 * each * PIXELS);
  const y = new Int32Array(10 * each);
  for (let k = 0; k < y.length; k++) {
    y[k] = k % 10;
    const list = ways[y[k]];
    const strokes = byHand(list[Math.floor(random() * list.length)], random);
    x.set(imageOf(strokes, 3.6 + 2.4 * random()), k * PIXELS);
  }
  return { count: y.length, x, y };
}
