// IDX, the format of MNIST, plain or in gzip, and raw numbers without any header.
import { PropagoError, show } from "../ground/errors.ts";
import type { NumericArray } from "../ground/arrays.ts";
import { ByteReader, join, malformed, readBytes } from "./bytes.ts";
import { gunzip, isGzip } from "./inflate.ts";
import { type ReadingOptions, limitsOf, within } from "./limits.ts";
import { type NumberKind, NUMBER_BITS, type Tensor, countElements, decode, reverseEach, shapeText } from "./tensor.ts";

/** The kinds of numbers by IDX's third byte. */
const KINDS = new Map<number, NumberKind>([
  [0x08, "U8"],
  [0x09, "I8"],
  [0x0b, "I16"],
  [0x0c, "I32"],
  [0x0d, "F32"],
  [0x0e, "F64"],
]);

/**
 * Reads an IDX file, also one in gzip: images (count, rows, columns) or labels (count) as typed arrays. Bytes lie in the
 * memory of the given ones where they are not compressed. Malformed files are ERR_FORMAT.
 */
export function readIdx(bytes: Uint8Array | ArrayBuffer, options: ReadingOptions = {}): Tensor {
  const given = readBytes(bytes, options, "the IDX file");
  const limits = limitsOf(options);
  const { name } = given;
  const plain = isGzip(given.bytes) ? gunzip(given.bytes, name, limits) : given.bytes;
  if (plain.length < 4) throw malformed(name, `it has ${plain.length} bytes, an IDX file at least 4`);
  const reader = new ByteReader(plain, name);
  if (reader.u16("the magic number") !== 0) {
    throw malformed(name, `it begins with the bytes ${plain[0]}, ${plain[1]}; an IDX file begins with 0, 0`);
  }
  const type = reader.u8("the magic number");
  const rank = reader.u8("the magic number");
  const kind = KINDS.get(type);
  if (kind === undefined) {
    throw malformed(name, `byte 2 is ${type}, which is no kind of number; 8, 9, 11, 12, 13 and 14 are`);
  }
  if (rank === 0) throw malformed(name, "byte 3 says that it has no dimensions");
  within(rank, "rank", limits, `${name}: the number of dimensions (byte 3)`);
  const shape = Array.from({ length: rank }, (_, d) => reader.u32(`the size of dimension ${d + 1}`, false));
  const expected = (countElements(shape, limits, name) * NUMBER_BITS[kind]) / 8;
  if (reader.left !== expected) {
    throw malformed(name, `${reader.left} bytes follow the header, ${shapeText(shape)} needs ${expected}`);
  }
  return { data: decode(kind, reader.slice(expected, "the data"), false, name), shape };
}

/** IDX's third byte of each kind of array. */
const TYPES: Readonly<Record<string, number>> = {
  Uint8Array: 0x08,
  Uint8ClampedArray: 0x08,
  Int8Array: 0x09,
  Int16Array: 0x0b,
  Int32Array: 0x0c,
  Float32Array: 0x0d,
  Float64Array: 0x0e,
};

/** An IDX file of 1 to 255 dimensions, of at most 2³² − 1 each. */
export function writeIdx({ data, shape }: Tensor): Uint8Array<ArrayBuffer> {
  const kind = Object.prototype.toString.call(data).slice(8, -1);
  if (!Object.hasOwn(TYPES, kind)) {
    throw new PropagoError("ERR_DATA", `IDX holds ${Object.keys(TYPES).join(", ")}, got ${show(data)}`);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const fits = shape.every((size) => Number.isInteger(size) && size >= 0 && size < 2 ** 32);
  if (count !== data.length || !fits || shape.length < 1 || shape.length > 255) {
    throw new PropagoError("ERR_SHAPE", `data has ${data.length} values, the shape ${shapeText(shape)} needs ${count}`);
  }
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint8(2, TYPES[kind]);
  header.setUint8(3, shape.length);
  for (const [d, size] of shape.entries()) header.setUint32(4 + 4 * d, size);
  const size = data.BYTES_PER_ELEMENT;
  const body = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  reverseEach(body, size);
  return join([new Uint8Array(header.buffer), body]);
}

export interface RawOptions extends ReadingOptions {
  /** What the bytes are, by the name that safetensors gives it. Default "U8". */
  kind?: NumberKind;
  /** Row-major; one size may be −1: as many as there are. Default [-1]. */
  shape?: readonly number[];
  /** Low byte first. Default true. */
  littleEndian?: boolean;
}

/** Bytes without a header as numbers, such as the pixels of images: `readRaw(bytes, { shape: [-1, 28, 28] })`. */
export function readRaw(bytes: Uint8Array | ArrayBuffer, options: RawOptions = {}): Tensor & { data: NumericArray } {
  const given = readBytes(bytes, options, "the raw file");
  const { kind = "U8", littleEndian = true } = options;
  if (!Object.hasOwn(NUMBER_BITS, kind)) throw new PropagoError("ERR_CONFIG", `unknown kind of number ${show(kind)}`);
  const size = NUMBER_BITS[kind] / 8;
  const shape = [...(options.shape ?? [-1])];
  const open = shape.indexOf(-1);
  if (open >= 0) {
    const rest = shape.reduce((product, length, d) => (d === open ? product : product * length), size);
    shape[open] = rest === 0 ? 0 : Math.floor(given.bytes.length / rest);
  }
  const expected = countElements(shape, limitsOf(options), given.name) * size;
  if (expected !== given.bytes.length) {
    throw new PropagoError(
      "ERR_SHAPE",
      `${given.name} has ${given.bytes.length} bytes, ${shapeText(shape)} of ${kind} needs ${expected}`,
    );
  }
  return { data: decode(kind, given.bytes, littleEndian, given.name), shape };
}
