// Arrays of numbers with a shape, and the kinds of numbers that files hold: how each becomes a typed array.
import { PropagoError } from "../ground/errors.ts";
import type { NumericArray } from "../ground/arrays.ts";
import { malformed } from "./bytes.ts";
import { type Limits, within } from "./limits.ts";

/** Numbers in row-major order, the last dimension fastest. `shape` [] is a single number. */
export interface Tensor {
  data: NumericArray;
  shape: readonly number[];
}

/** Numbers to be written: as `Tensor`, and 64-bit integers and plain arrays besides. */
export interface WritableTensor {
  data: NumericArray | BigInt64Array | BigUint64Array | readonly number[];
  shape: readonly number[];
}

/** The kinds of numbers by the names that safetensors gives them, and how many bits one takes. */
export const NUMBER_BITS = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  U16: 16,
  I16: 16,
  U32: 32,
  I32: 32,
  U64: 64,
  I64: 64,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F16: 16,
  BF16: 16,
  F32: 32,
  F64: 64,
} as const;

export type NumberKind = keyof typeof NUMBER_BITS;

/** How many numbers a shape holds; refuses what is no shape, or more than the limits allow. */
export function countElements(shape: readonly number[], limits: Limits, what: string): number {
  within(shape.length, "rank", limits, `${what}: the number of dimensions`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw malformed(what, `the shape holds ${size}`);
    count *= size;
  }
  // A product with a zero in it is empty, however large its other sizes are.
  within(count, "elements", limits, `${what}: the number of values`);
  return count;
}

/** A shape as messages write it: 3×4, or "a single number". */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? "a single number" : shape.join("×");
}

/**
 * Numbers of one kind from `count × bits / 8` bytes. float16, bfloat16 and the two kinds of float8 become float32, which
 * holds them exactly. 64-bit integers become float64 and must lie within ±2⁵³, or ERR_RANGE. Where nothing has to be
 * converted the result lies in the memory of `bytes`.
 */
export function decode(kind: NumberKind, bytes: Uint8Array, littleEndian: boolean, what: string): NumericArray {
  switch (kind) {
    case "BOOL":
      return bytes.map((byte) => (byte === 0 ? 0 : 1));
    case "U8":
      return bytes;
    case "I8":
      return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    case "F8_E4M3":
      return lookUp(bytes, float8Table());
    case "F8_E5M2":
      return Float32Array.from(bytes, (byte) => halfToFloat(byte << 8));
    case "U64":
    case "I64":
      return decodeWhole(kind === "I64", bytes, littleEndian, what);
    default:
      return decodeWide(kind, ordered(bytes, NUMBER_BITS[kind] / 8, littleEndian));
  }
}

function decodeWide(kind: "U16" | "I16" | "U32" | "I32" | "F16" | "BF16" | "F32" | "F64", bytes: Uint8Array) {
  const { buffer, byteOffset, length } = bytes;
  switch (kind) {
    case "U16":
      return new Uint16Array(buffer, byteOffset, length / 2);
    case "I16":
      return new Int16Array(buffer, byteOffset, length / 2);
    case "U32":
      return new Uint32Array(buffer, byteOffset, length / 4);
    case "I32":
      return new Int32Array(buffer, byteOffset, length / 4);
    case "F16":
      return Float32Array.from(new Uint16Array(buffer, byteOffset, length / 2), halfToFloat);
    case "BF16":
      return new Float32Array(
        Uint32Array.from(new Uint16Array(buffer, byteOffset, length / 2), (bits) => bits << 16).buffer,
      );
    case "F32":
      return new Float32Array(buffer, byteOffset, length / 4);
    case "F64":
      return new Float64Array(buffer, byteOffset, length / 8);
  }
}

/** The same bytes where they can be read as they stand: at an address that is a multiple of `size`, low byte first. */
function ordered(bytes: Uint8Array, size: number, littleEndian: boolean): Uint8Array {
  if (littleEndian && bytes.byteOffset % size === 0) return bytes;
  if (!littleEndian && size === 4 && bytes.byteOffset % 4 === 0) return swapped(bytes);
  // Not slice, which Node's Buffer has as a view of the same memory.
  const copy = new Uint8Array(bytes);
  if (!littleEndian) reverseEach(copy, size);
  return copy;
}

/** The bytes of numbers of 32 bits the other way round, in one pass: floats of IDX may be many. */
function swapped(bytes: Uint8Array): Uint8Array {
  const from = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const to = new Uint32Array(from.length);
  for (let i = 0; i < from.length; i++) {
    const word = from[i];
    to[i] = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  }
  return new Uint8Array(to.buffer);
}

/** Turns the bytes of each number around, in place. */
export function reverseEach(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) {
    for (let low = at, high = at + size - 1; low < high; low++, high--) {
      const byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}

function decodeWhole(signed: boolean, bytes: Uint8Array, littleEndian: boolean, what: string): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [low, high] = littleEndian ? [0, 4] : [4, 0];
  const values = new Float64Array(bytes.length / 8);
  for (let i = 0; i < values.length; i++) {
    const top = signed ? view.getInt32(8 * i + high, littleEndian) : view.getUint32(8 * i + high, littleEndian);
    values[i] = top * 2 ** 32 + view.getUint32(8 * i + low, littleEndian);
    if (!Number.isSafeInteger(values[i])) {
      const exact = signed ? view.getBigInt64(8 * i, littleEndian) : view.getBigUint64(8 * i, littleEndian);
      throw new PropagoError("ERR_RANGE", `${what}: value ${i} is ${exact}; integers up to ±2^53 can be read exactly`);
    }
  }
  return values;
}

/** float16 (IEEE 754 binary16) as a number. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * fraction * 5.9604644775390625e-8
    : sign * (1024 + fraction) * powerOfTwo(exponent - 25);
}

/** 2^n for whole n from −30 to 30, exactly. */
function powerOfTwo(n: number): number {
  return n >= 0 ? 1 << n : 1 / (1 << -n);
}

/** float8 of 4 exponent bits and 3 of the fraction has no infinities; all bits set is NaN. */
function float8Table(): Float32Array {
  return Float32Array.from({ length: 256 }, (_, bits) => {
    const sign = bits & 0x80 ? -1 : 1;
    const exponent = (bits >> 3) & 15;
    const fraction = bits & 7;
    if (exponent === 15 && fraction === 7) return NaN;
    return exponent === 0 ? sign * fraction * 0.001953125 : sign * (8 + fraction) * powerOfTwo(exponent - 10);
  });
}

function lookUp(bytes: Uint8Array, table: Float32Array): Float32Array {
  return Float32Array.from(bytes, (byte) => table[byte]);
}
