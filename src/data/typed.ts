// Typed arrays as users pass them, from whichever realm or class: a page's frames, Node's vm and Jest have kinds of their
// own. They are asked for what they are, which no subclass, own property or proxy can change.
import type { NumericArray } from "../ground/arrays.ts";

const parent: object = Object.getPrototypeOf(Uint8Array.prototype) as object;

function intrinsic<T>(key: PropertyKey): (of: unknown) => T {
  const descriptor = Object.getOwnPropertyDescriptor(parent, key) as { get(this: unknown): T };
  return (of) => descriptor.get.call(of);
}

const kindOf = intrinsic<string | undefined>(Symbol.toStringTag);
const bufferOf = intrinsic<ArrayBuffer & { growable?: boolean }>("buffer");
const offsetOf = intrinsic<number>("byteOffset");

/** How many numbers a typed array has: 0 where its memory has gone. */
export const lengthOf = intrinsic<number>("length");

/** Those whose numbers can be samples. */
const KINDS: Readonly<Record<string, Float32ArrayConstructor | undefined>> = Object.fromEntries(
  [
    Float32Array,
    Float64Array,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
  ].map((kind) => [kind.name, kind as unknown as Float32ArrayConstructor]),
);

/** The array of numbers that a value is: itself, or where it comes from elsewhere a view of the same memory. */
export function numericArray(value: unknown): NumericArray | undefined {
  const kind = KINDS[kindOf(value) ?? ""];
  if (kind === undefined) return undefined;
  const array = value as Float32Array;
  const isOwn = Object.getPrototypeOf(array) === kind.prototype && array.length === lengthOf(array);
  return isOwn ? array : new kind(bufferOf(array), offsetOf(array), lengthOf(array));
}

/**
 * So many numbers from `first` on, in an array of just that length, whatever becomes of the memory. They must be there.
 */
export function part(array: NumericArray, first: number, count: number): NumericArray {
  const buffer = bufferOf(array);
  if (count === lengthOf(array) && buffer.growable !== true) return array;
  const kind = KINDS[kindOf(array) ?? ""] as Float32ArrayConstructor;
  return new kind(buffer, offsetOf(array) + first * array.BYTES_PER_ELEMENT, count);
}

/** Whether an array's memory was taken from it. */
export function isDetached(array: ArrayBufferView): boolean {
  if (lengthOf(array) !== 0) return false;
  try {
    new Uint8Array(bufferOf(array));
    return false;
  } catch {
    return true;
  }
}
