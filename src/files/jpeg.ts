// JPEG, by the library jpeg-js, which knows baseline and progressive files. Colors that a file keeps at half the size are
// brought back to size here as libjpeg does it, with neighbours mixed in, and not in blocks.
import jpeg from "jpeg-js";
import { PropagoError } from "../ground/errors.ts";
import { malformed } from "./bytes.ts";
import { type Limits, within } from "./limits.ts";
import type { Image } from "./png.ts";

/** What the frame's header says. */
interface Frame {
  width: number;
  height: number;
  /** How many samples across and down each component has in a block. */
  sampling: { across: number; down: number }[];
  /** Whether three components are red, green and blue as they stand. */
  areColors: boolean;
}

/** Reads a JPEG. @throws PropagoError ERR_FORMAT where it is malformed. */
export function readJpeg(bytes: Uint8Array, name: string, limits: Limits): Image {
  const { width, height, sampling, areColors } = readFrame(bytes, name);
  within(width * height * 4, "elements", limits, `${name}: the number of values`);
  const components = sampling.length;
  const isMixed = components === 3 && !areColors;
  let decoded: { data: Uint8Array };
  try {
    decoded = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      colorTransform: isMixed ? false : undefined,
      tolerantDecoding: false,
      // What the limit above lets through.
      maxResolutionInMP: (width * height) / 1e6 + 1,
      maxMemoryUsageInMB: 4096,
    });
  } catch (cause) {
    throw new PropagoError("ERR_FORMAT", `${name}: it is no JPEG that can be read (${String((cause as Error).message)})`, { cause }); // prettier-ignore
  }
  const { data } = decoded;
  if (data.length !== width * height * 3) throw malformed(name, "its frame and its data differ in size");
  if (components === 1) {
    const gray = Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]);
    return { data: gray, width, height, channels: 1 };
  }
  if (isMixed) mixColors(data, width, height, sampling);
  return { data, width, height, channels: 3 };
}

/** Finds the frame's header, and whether Adobe's marker says that colors are not mixed. */
function readFrame(bytes: Uint8Array, name: string): Frame {
  const word = (at: number): number => (bytes[at] << 8) | bytes[at + 1];
  let areColors = false;
  for (let at = 2; at + 4 <= bytes.length;) {
    if (bytes[at] !== 0xff) {
      at++; // between markers there may be what belongs to none
      continue;
    }
    const marker = bytes[at + 1];
    if (marker === 0xff || marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    const length = word(at + 2);
    if (marker === 0xee && length >= 14 && String.fromCharCode(...bytes.subarray(at + 4, at + 9)) === "Adobe") {
      areColors = bytes[at + 15] === 0;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      const count = bytes[at + 9];
      if (at + 10 + 3 * count > bytes.length) break;
      if (marker > 0xc2) {
        throw new PropagoError("ERR_UNSUPPORTED", `${name} is a JPEG of kind ${marker - 0xc0}; baseline and progressive ones can be read`); // prettier-ignore
      }
      if (bytes[at + 4] !== 8)
        throw new PropagoError("ERR_UNSUPPORTED", `${name} has ${bytes[at + 4]} bits a sample, not 8`);
      if (count !== 1 && count !== 3 && count !== 4) throw malformed(name, `it has ${count} components`);
      const [height, width] = [word(at + 5), word(at + 7)];
      if (width === 0 || height === 0) throw malformed(name, `it has ${width}×${height} pixels`);
      const sampling = Array.from({ length: count }, (_, c) => {
        const factors = bytes[at + 11 + 3 * c];
        return { across: factors >> 4, down: factors & 15 };
      });
      const ids = String.fromCharCode(...Array.from({ length: count }, (_, c) => bytes[at + 10 + 3 * c]));
      return { width, height, sampling, areColors: areColors || ids === "RGB" };
    }
    if (marker === 0xda || marker === 0xd9) break;
    at += 2 + length;
  }
  throw malformed(name, "it has no frame with a size");
}

/** Luminance and two differences of color become red, green and blue, in place (JFIF). */
function mixColors(data: Uint8Array, width: number, height: number, sampling: Frame["sampling"]): void {
  const [y, cb, cr] = sampling;
  for (const [c, own] of [
    [1, cb],
    [2, cr],
  ] as const) {
    const across = y.across / own.across;
    const down = y.down / own.down;
    if (across === 2 && down <= 2) widen(data, c, width, height, down === 2);
  }
  for (let i = 0; i < data.length; i += 3) {
    const [own, blue, red] = [data[i], data[i + 1] - 128, data[i + 2] - 128];
    data[i] = byte(own + 1.402 * red);
    data[i + 1] = byte(own - 0.344136286 * blue - 0.714136286 * red);
    data[i + 2] = byte(own + 1.772 * blue);
  }
}

function byte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
}

/** A component that was doubled in blocks, doubled with three quarters of the nearer and one of the further neighbour. */
function widen(data: Uint8Array, channel: number, width: number, height: number, isTall: boolean): void {
  const columns = Math.ceil(width / 2);
  const rows = isTall ? Math.ceil(height / 2) : height;
  const small = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const from = ((isTall ? 2 * row : row) * width + 2 * column) * 3 + channel;
      small[row * columns + column] = data[from];
    }
  }
  const sums = new Int32Array(columns);
  for (let line = 0; line < height; line++) {
    const near = isTall ? line >> 1 : line;
    const far = Math.min(rows - 1, Math.max(0, isTall ? near + (line & 1 ? 1 : -1) : near));
    for (let column = 0; column < columns; column++) {
      sums[column] = 3 * small[near * columns + column] + small[far * columns + column];
    }
    for (let x = 0; x < width; x++) {
      const own = sums[x >> 1];
      const other = sums[Math.min(columns - 1, Math.max(0, (x >> 1) + (x & 1 ? 1 : -1)))];
      data[(line * width + x) * 3 + channel] = (3 * own + other + (x & 1 ? 7 : 8)) >> 4;
    }
  }
}
