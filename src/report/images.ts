// Pictures in a report: rows of pixels, and the weights of a network that looks at pixels, as small PNG images.
import type { Input } from "./inputs.ts";

/** How the columns make up an image: the pixel of each column, row by row from the top left. */
export interface Image {
  height: number;
  width: number;
  /** Values that stand for one pixel, as 3 for red, green and blue. */
  channels: number;
  /** For each column the number of its pixel. */
  pixelOf: Int32Array;
}

/** The smallest side of what is taken for an image without being told. */
const LEAST_SIDE = 8;

/** An image of this shape, with a column for each value of each pixel. */
export function imageOf(height: number, width: number, channels = 1): Image {
  const pixelOf = Int32Array.from({ length: height * width * channels }, (_, i) => Math.floor(i / channels));
  return { height, width, channels, pixelOf };
}

/**
 * Finds out whether the columns are the pixels of a square image: numbers that are named in a row, as p0, p1, …, or have no
 * names. Some may be lacking, since training leaves out pixels that never change.
 */
export function findImage(inputs: readonly Input[], isNamed: boolean): Image | undefined {
  if (!inputs.every(({ kind, width }) => kind === "number" && width === 1)) return undefined;
  if (!isNamed) {
    const side = Math.round(Math.sqrt(inputs.length));
    return side * side === inputs.length && side >= LEAST_SIDE ? imageOf(side, side) : undefined;
  }
  const numbers = inputs.map(({ name }) => /^(.*?)(\d+)$/.exec(name));
  const [first] = numbers;
  if (!first || numbers.some((found) => found === null || found[1] !== first[1])) return undefined;
  const places = numbers.map((found) => Number(found?.[2]));
  const base = places.includes(0) ? 0 : 1;
  const last = Math.max(...places) - base;
  const side = Math.ceil(Math.sqrt(last + 1));
  const isAscending = places.every((place, i) => i === 0 || place > places[i - 1]);
  // A square whose last rows never change lacks them. One that lacks half of its pixels is none.
  if (!isAscending || side < LEAST_SIDE || side > 4096 || inputs.length < (side * side) / 2) return undefined;
  return { height: side, width: side, channels: 1, pixelOf: Int32Array.from(places, (place) => place - base) };
}

/** The mean of the values of each pixel; 0 where there is none. Large images are made smaller, to `most` pixels a side. */
export function pixelsOf(image: Image, values: ArrayLike<number>, most = 32) {
  const { height, width, pixelOf } = image;
  const factor = Math.max(1, Math.ceil(Math.max(height, width) / most));
  const [rows, columns] = [Math.ceil(height / factor), Math.ceil(width / factor)];
  const sums = new Float64Array(rows * columns);
  const counts = new Int32Array(rows * columns);
  for (let i = 0; i < pixelOf.length; i++) {
    const [y, x] = [Math.floor(pixelOf[i] / width), pixelOf[i] % width];
    const at = Math.floor(y / factor) * columns + Math.floor(x / factor);
    sums[at] += values[i];
    counts[at]++;
  }
  return { rows, columns, pixels: sums.map((sum, i) => (counts[i] > 0 ? sum / counts[i] : 0)) };
}

type Colour = readonly [number, number, number];

/** Colours from least to most: dark to light for pixels, blue over white to red for weights. */
const GREYS: readonly Colour[] = [[16, 18, 22], [245, 246, 248]]; // prettier-ignore
const SIGNS: readonly Colour[] = [[5, 80, 150], [247, 247, 247], [178, 60, 0]]; // prettier-ignore

/** A PNG image as an address that holds it. `range`: the values of the first and the last colour. */
export function pngAddress(
  { rows, columns, pixels }: ReturnType<typeof pixelsOf>,
  [least, most]: readonly [number, number],
  areWeights: boolean,
): string {
  const colours = areWeights ? SIGNS : GREYS;
  const palette = Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (colours.length - 1);
    const low = Math.min(colours.length - 2, Math.floor(at));
    return colours[low].map((value, c) => Math.round(value + (at - low) * (colours[low + 1][c] - value)));
  }).flat();
  const lines = new Uint8Array(rows * (columns + 1));
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const part = most > least ? (pixels[y * columns + x] - least) / (most - least) : 0.5;
      lines[y * (columns + 1) + x + 1] = Math.round(255 * Math.min(1, Math.max(0, part)));
    }
  }
  const header = [...word(columns), ...word(rows), 8, 3, 0, 0, 0];
  const bytes = [
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...chunk("IHDR", header),
    ...chunk("PLTE", palette),
    ...chunk("IDAT", stored(lines)),
    ...chunk("IEND", []),
  ];
  return `data:image/png;base64,${btoa(String.fromCharCode(...bytes))}`;
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** A chunk of a PNG file: length, name, content, and the CRC-32 of name and content. */
function chunk(name: string, content: readonly number[]): number[] {
  const own = [...Array.from(name, (sign) => sign.charCodeAt(0)), ...content];
  let crc = -1;
  for (const byte of own) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return [...word(content.length), ...own, ...word(~crc >>> 0)];
}

/** Bytes as a zlib stream that stores them as they are; images are so small that packing them saves little. */
function stored(bytes: Uint8Array): number[] {
  const out = [0x78, 0x01];
  for (let first = 0; first < bytes.length; first += 65_535) {
    const part = bytes.subarray(first, first + 65_535);
    const isLast = first + part.length === bytes.length;
    out.push(Number(isLast), part.length & 255, part.length >>> 8, ~part.length & 255, (~part.length >>> 8) & 255, ...part); // prettier-ignore
  }
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return [...out, ...word(((b << 16) | a) >>> 0)];
}
