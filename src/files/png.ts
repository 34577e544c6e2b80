// PNG, after its specification (third edition): every kind of colour, every depth, interlaced or not, with checksums. Our
// own, since the library that we looked at does not read interlaced images of fewer than 8 bits.
import { PropagoError, show } from "../ground/errors.ts";
import { ByteReader, join, latin1, malformed } from "./bytes.ts";
import { crc32, inflate } from "./inflate.ts";
import { type Limits, within } from "./limits.ts";

/** An image: height × width × channels, 1 for gray, 2 with transparency, 3 for colors, 4 with transparency. */
export interface Image {
  /** 16 bits a sample where the file has so many, otherwise bytes. */
  data: Uint8Array | Uint16Array;
  width: number;
  height: number;
  channels: number;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The depths of each kind of colour, and its samples a pixel. */
const KINDS = new Map<number, { samples: number; depths: readonly number[] }>([
  [0, { samples: 1, depths: [1, 2, 4, 8, 16] }],
  [2, { samples: 3, depths: [8, 16] }],
  [3, { samples: 1, depths: [1, 2, 4, 8] }],
  [4, { samples: 2, depths: [8, 16] }],
  [6, { samples: 4, depths: [8, 16] }],
]);
const PALETTE = 3;

/** Adam7's seven passes: first column and row, and the steps between columns and rows. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Header {
  width: number;
  height: number;
  depth: number;
  color: number;
  samples: number;
  isInterlaced: boolean;
}

export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.slice(0, 4).every((byte, i) => bytes[i] === byte);
}

/** Reads a PNG. @throws PropagoError ERR_FORMAT where it is malformed, ERR_UNSUPPORTED for what nobody knows. */
export function readPng(bytes: Uint8Array, name: string, limits: Limits): Image {
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    throw malformed(name, "it begins as PNG does, but for its line ends: it was cut off, or sent as if it were a text");
  }
  const { header, palette, transparency, parts } = readChunks(bytes, name, limits);
  const passes = passesOf(header);
  const stride = (width: number): number => Math.ceil((width * header.samples * header.depth) / 8);
  const size = passes.reduce((sum, { width, height }) => sum + height * (1 + stride(width)), 0);
  const packed = join(parts);
  const reader = new ByteReader(packed, `${name}: image data`);
  const first = reader.u16("the zlib header", false);
  if ((first & 0x0f00) !== 0x0800 || first % 31 !== 0 || first & 0x20)
    throw malformed(name, "its data is no zlib stream");
  const raw = inflate(reader, size, size, "(the image's size says that this is all)");
  if (raw.length < size) throw malformed(name, `its data ends after ${raw.length} of ${size} bytes`);
  if (reader.u32("the checksum", false) !== adler32(raw))
    throw malformed(name, "the checksum of its data does not match");
  const { width, height, samples, depth } = header;
  const values = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * samples);
  let at = 0;
  for (const pass of passes) {
    at = unfilter(raw, at, stride(pass.width), pass.height, Math.max(1, (samples * depth) / 8), name);
    place(raw, at - pass.height * (1 + stride(pass.width)), pass, header, values);
  }
  return colored(values, header, palette, transparency, name);
}

function readChunks(bytes: Uint8Array, name: string, limits: Limits) {
  const reader = new ByteReader(bytes, name, 8);
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  let transparency: Uint8Array | undefined;
  const parts: Uint8Array[] = [];
  for (;;) {
    const length = reader.u32("a chunk's length", false);
    const begin = reader.position;
    const type = latin1(reader.slice(4, "a chunk's type"));
    const content = reader.slice(length, `the chunk ${show(type)}`);
    const sum = reader.u32("a chunk's checksum", false);
    if (sum !== crc32(bytes.subarray(begin, begin + 4 + length))) {
      throw malformed(name, `the checksum of its chunk ${show(type)} does not match`);
    }
    if ((header === undefined) !== (type === "IHDR")) throw malformed(name, `its chunk ${show(type)} is out of place`);
    if (type === "IEND") break;
    if (type === "IHDR") header = readHeader(content, name, limits);
    else if (type === "PLTE") palette = content;
    else if (type === "tRNS") transparency = content;
    else if (type === "IDAT") parts.push(content);
    // A capital first letter says that the image cannot be shown without.
    else if (/^[A-Z]/.test(type)) throw new PropagoError("ERR_UNSUPPORTED", `${name} needs its chunk ${show(type)}`);
  }
  if (header === undefined || parts.length === 0) throw malformed(name, "it has no image data");
  if (header.color === PALETTE && (palette === undefined || palette.length % 3 !== 0)) {
    throw malformed(name, "its palette is missing, or ends within a color");
  }
  return { header, palette, transparency, parts };
}

function readHeader(content: Uint8Array, name: string, limits: Limits): Header {
  if (content.length !== 13) throw malformed(name, `its header has ${content.length} bytes, not 13`);
  const reader = new ByteReader(content, name);
  const width = reader.u32("the width", false);
  const height = reader.u32("the height", false);
  const [depth, color, compression, filter, interlace] = content.subarray(8);
  const kind = KINDS.get(color);
  if (width === 0 || height === 0) throw malformed(name, `it has ${width}×${height} pixels`);
  if (kind === undefined) throw malformed(name, `its color type is ${color}`);
  if (!kind.depths.includes(depth)) throw malformed(name, `color type ${color} with ${depth} bits does not exist`);
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw malformed(name, `its methods are ${compression}, ${filter}, ${interlace}; 0, 0, 0 or 0, 0, 1 exist`);
  }
  within(width * height * 4, "elements", limits, `${name}: the number of values`);
  return { width, height, depth, color, samples: kind.samples, isInterlaced: interlace === 1 };
}

interface Pass {
  left: number;
  top: number;
  across: number;
  down: number;
  width: number;
  height: number;
}

function passesOf({ width, height, isInterlaced }: Header): Pass[] {
  const all = isInterlaced ? PASSES : [[0, 0, 1, 1] as const];
  return all
    .map(([left, top, across, down]) => {
      return {
        left,
        top,
        across,
        down,
        width: Math.ceil((width - left) / across),
        height: Math.ceil((height - top) / down),
      };
    })
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

/** Undoes the filter of each line, in place; gives where the lines end. `before`: bytes from a pixel to the next. */
function unfilter(
  raw: Uint8Array,
  begin: number,
  stride: number,
  height: number,
  before: number,
  name: string,
): number {
  let at = begin;
  for (let line = 0; line < height; line++, at += 1 + stride) {
    const filter = raw[at];
    if (filter > 4) throw malformed(name, `a line's filter is ${filter}; 0 to 4 exist`);
    const above = at - stride;
    for (let i = 0; i < stride; i++) {
      const left = i >= before ? raw[at + 1 + i - before] : 0;
      const up = line > 0 ? raw[above + i] : 0;
      const corner = line > 0 && i >= before ? raw[above + i - before] : 0;
      raw[at + 1 + i] += [0, left, up, (left + up) >> 1, filter === 4 ? nearest(left, up, corner) : 0][filter];
    }
  }
  return at;
}

/** Paeth's predictor: which of the three neighbours is nearest to left + up − corner. */
function nearest(left: number, up: number, corner: number): number {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}

/** Puts a pass's samples where they belong in the image. */
function place(
  raw: Uint8Array,
  begin: number,
  pass: Pass,
  { width, samples, depth }: Header,
  to: Uint8Array | Uint16Array,
): void {
  const stride = Math.ceil((pass.width * samples * depth) / 8);
  const mask = (1 << Math.min(depth, 8)) - 1;
  for (let y = 0; y < pass.height; y++) {
    const line = begin + y * (1 + stride) + 1;
    const row = (pass.top + y * pass.down) * width;
    for (let i = 0; i < pass.width * samples; i++) {
      const x = Math.floor(i / samples);
      const target = (row + pass.left + x * pass.across) * samples + (i % samples);
      if (depth === 16) to[target] = (raw[line + 2 * i] << 8) | raw[line + 2 * i + 1];
      else if (depth === 8) to[target] = raw[line + i];
      else to[target] = (raw[line + ((i * depth) >> 3)] >> (8 - depth - ((i * depth) & 7))) & mask;
    }
  }
}

/** Samples as colors: those of a palette looked up, few bits spread over 0..255, a color that is transparent marked. */
function colored(
  values: Uint8Array | Uint16Array,
  { width, height, depth, color, samples }: Header,
  palette: Uint8Array | undefined,
  transparency: Uint8Array | undefined,
  name: string,
): Image {
  const pixels = width * height;
  if (color === PALETTE && palette !== undefined) {
    const channels = transparency === undefined ? 3 : 4;
    const data = new Uint8Array(pixels * channels);
    for (let i = 0; i < pixels; i++) {
      const at = 3 * values[i];
      if (at >= palette.length) throw malformed(name, `pixel ${i} has color ${values[i]} of ${palette.length / 3}`);
      for (let c = 0; c < 3; c++) data[i * channels + c] = palette[at + c];
      if (transparency !== undefined) data[i * 4 + 3] = transparency[values[i]] ?? 255;
    }
    return { data, width, height, channels };
  }
  const spread = depth < 8 ? 255 / ((1 << depth) - 1) : 1;
  const hasKey = transparency !== undefined && (color === 0 || color === 2) && transparency.length >= 2 * samples;
  if (!hasKey) {
    const data = spread === 1 ? values : values.map((value) => value * spread);
    return { data, width, height, channels: samples };
  }
  const key = Array.from({ length: samples }, (_, c) => (transparency[2 * c] << 8) | transparency[2 * c + 1]);
  const channels = samples + 1;
  const data = new (depth === 16 ? Uint16Array : Uint8Array)(pixels * channels);
  for (let i = 0; i < pixels; i++) {
    const isKey = key.every((value, c) => values[i * samples + c] === value);
    for (let c = 0; c < samples; c++) data[i * channels + c] = values[i * samples + c] * spread;
    data[i * channels + samples] = isKey ? 0 : depth === 16 ? 65535 : 255;
  }
  return { data, width, height, channels };
}

/** Zlib's checksum. */
function adler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (let i = 0; i < bytes.length;) {
    // So many sums stay below 2^32.
    for (const end = Math.min(bytes.length, i + 5552); i < end; i++) {
      low += bytes[i];
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return ((high << 16) | low) >>> 0;
}
