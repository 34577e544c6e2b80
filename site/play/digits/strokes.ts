// From strokes of a pen to what the network reads, as the digits of the data set were brought to size: the box around the
// ink becomes 32 high, its proportions stay, and each pixel counts the ink of 4 × 4 dots.
import { PIXELS, SIDE } from "./images.ts";

export interface Dot {
  x: number;
  y: number;
}

export type Stroke = readonly Dot[];

const FINE = 32;
const CELL = FINE / SIDE;
/** The pen against the height of the digit, as in the data set. */
const PEN = 5.8;
/** Wider ones are made narrower. */
const WIDEST = 26;

/** 64 numbers from 0 to 1; all 0 where nothing is drawn. */
export function imageOf(strokes: readonly Stroke[], pen = PEN): Float32Array {
  const image = new Float32Array(PIXELS);
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const stroke of strokes) {
    for (const { x, y } of stroke) {
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
  }
  if (left > right) return image;
  const inner = FINE - pen;
  const size = Math.max(bottom - top, (right - left) / 3, 1e-6);
  const scaleY = inner / size;
  const scaleX = Math.min(scaleY, (WIDEST - pen) / Math.max(1e-6, right - left));
  const place = ({ x, y }: Dot): Dot => ({
    x: FINE / 2 + (x - (left + right) / 2) * scaleX,
    y: FINE / 2 + (y - (top + bottom) / 2) * scaleY,
  });
  const fine = new Uint8Array(FINE * FINE);
  for (const stroke of strokes) {
    const placed = stroke.map(place);
    placed.forEach((dot, k) => ink(fine, placed[Math.max(0, k - 1)], dot, pen));
  }
  for (let k = 0; k < fine.length; k++) {
    const cell = Math.floor(Math.floor(k / FINE) / CELL) * SIDE + Math.floor((k % FINE) / CELL);
    image[cell] += fine[k] / (CELL * CELL);
  }
  return image;
}

/** Blackens the dots within half a pen of a line. */
function ink(fine: Uint8Array, a: Dot, b: Dot, pen: number): void {
  const radius = pen / 2;
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = dx * dx + dy * dy;
  const left = Math.max(0, Math.floor(Math.min(a.x, b.x) - radius));
  const right = Math.min(FINE - 1, Math.ceil(Math.max(a.x, b.x) + radius));
  const bottom = Math.min(FINE - 1, Math.ceil(Math.max(a.y, b.y) + radius));
  for (let row = Math.max(0, Math.floor(Math.min(a.y, b.y) - radius)); row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const px = column + 0.5 - a.x;
      const py = row + 0.5 - a.y;
      const along = length === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / length));
      const ox = px - along * dx;
      const oy = py - along * dy;
      if (ox * ox + oy * oy <= radius * radius) fine[row * FINE + column] = 1;
    }
  }
}
