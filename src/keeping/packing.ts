// The bytes of a checkpoint: a head in JSON, then arrays of numbers as they lie in memory, and a checksum over all of it.
// What is read back is checked first, so that half a file, or a damaged one, is never taken for a whole one.
import { crc32 } from "../files/inflate.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isPlain } from "../ground/options.ts";

/** The kinds of arrays that a checkpoint holds, by the names that stand in its head. */
const KINDS = { u8: Uint8Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array } as const;

export type PackedArray = Uint8Array | Uint32Array | Float32Array | Float64Array;

/** A head, and arrays by their names. */
export interface Packed {
  head: Record<string, unknown>;
  arrays: Map<string, PackedArray>;
}

/** The first bytes. The line ends among them show whether a transfer has changed such. */
const MAGIC = [...new TextEncoder().encode("propago"), 0x89, 0x0d, 0x0a, 0x1a, 0x0a, 0x63, 0x6b, 0x70, 0x74];
/** Of the format. */
export const VERSION = 1;
/** Where the version, the checksum, the length of all and the length of the head stand; then comes the head. */
const AT = { version: 16, checksum: 20, length: 24, head: 32, begin: 40 } as const;
const MOST_HEAD = 2 ** 28;

const aligned = (size: number): number => Math.ceil(size / 8) * 8;

/** Numbers that JSON does not have, as objects that stand for them. */
function asJSON(_: string, value: unknown): unknown {
  if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return { "#": Object.is(value, -0) ? "-0" : String(value) };
}

function fromJSON(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("#" in value)) return value;
  return Number(value["#"]);
}

/** Makes the bytes. The same content always gives the same ones. */
export function pack(head: object, arrays: Readonly<Record<string, PackedArray | undefined>>): Uint8Array<ArrayBuffer> {
  const given = Object.entries(arrays).filter((entry): entry is [string, PackedArray] => entry[1] !== undefined);
  const list = given.map(([name, array]) => [name, kindOf(array), array.length]);
  const text = new TextEncoder().encode(JSON.stringify({ ...head, arrays: list }, asJSON));
  const size = given.reduce((sum, [, array]) => sum + aligned(array.byteLength), AT.begin + aligned(text.length));
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(AT.version, VERSION, true);
  view.setFloat64(AT.length, size, true);
  view.setUint32(AT.head, text.length, true);
  bytes.set(text, AT.begin);
  let at = AT.begin + aligned(text.length);
  for (const [, array] of given) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += aligned(array.byteLength);
  }
  view.setUint32(AT.checksum, crc32(bytes.subarray(AT.length)), true);
  return bytes;
}

function kindOf(array: PackedArray): string {
  return Object.entries(KINDS).find(([, kind]) => array instanceof kind)?.[0] ?? "";
}

/**
 * Takes bytes apart that `pack` has made. The arrays are copies.
 * @throws PropagoError ERR_FORMAT for any others.
 */
export function unpack(given: unknown): Packed {
  const bytes = bytesOf(given);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts = MAGIC.every((byte, i) => i >= bytes.length || bytes[i] === byte);
  if (!starts) throw bad("it does not begin as one; give what checkpoint() gave");
  if (bytes.length < AT.begin) throw bad(`it has ${bytes.length} bytes, so its end is missing`);
  const version = view.getUint32(AT.version, true);
  if (version !== VERSION) {
    const advice = version > VERSION ? "update propago, or go on with the version that made it" : "begin anew";
    throw bad(`it is of format ${version}, this version of propago reads ${VERSION}; ${advice}`);
  }
  const length = view.getFloat64(AT.length, true);
  if (length !== bytes.length) {
    throw bad(`it has ${bytes.length} bytes and not ${show(length)}: it was cut off, or something was added`);
  }
  if (view.getUint32(AT.checksum, true) !== crc32(bytes.subarray(AT.length))) {
    throw bad("its checksum is wrong: it was damaged");
  }
  const size = view.getUint32(AT.head, true);
  if (size > MOST_HEAD || AT.begin + aligned(size) > length) throw bad(`its head cannot have ${size} bytes`);
  const { arrays, ...head } = parse(bytes.subarray(AT.begin, AT.begin + size));
  return { head, arrays: readArrays(arrays, bytes, AT.begin + aligned(size)) };
}

/** Bytes as users pass them. */
function bytesOf(given: unknown): Uint8Array {
  if (given instanceof Uint8Array) return given;
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  const isBuffer = Object.prototype.toString.call(given) === "[object ArrayBuffer]";
  if (isBuffer) return new Uint8Array(given as ArrayBuffer);
  throw bad(`expected the bytes that checkpoint() gave, a Uint8Array, got ${show(given)}`);
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let head: unknown;
  try {
    head = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes), fromJSON);
  } catch (cause) {
    throw new PropagoError("ERR_FORMAT", "this is no checkpoint: its head is no JSON", { cause });
  }
  if (!isPlain(head)) throw bad("its head is no object");
  return head;
}

function readArrays(list: unknown, bytes: Uint8Array, begin: number): Map<string, PackedArray> {
  const found = new Map<string, PackedArray>();
  if (!Array.isArray(list)) throw bad("it does not say which arrays it has");
  let at = begin;
  for (const entry of list as unknown[]) {
    const [name, kind, length] = (Array.isArray(entry) ? entry : []) as [unknown, unknown, unknown];
    const Kind = Object.entries(KINDS).find(([own]) => own === kind)?.[1];
    const isCount = typeof length === "number" && Number.isSafeInteger(length) && length >= 0;
    if (Kind === undefined || !isCount || typeof name !== "string" || found.has(name)) {
      throw bad(`it has an array ${show(name)} of kind ${show(kind)} and length ${show(length)}, which cannot be`);
    }
    const size = length * Kind.BYTES_PER_ELEMENT;
    if (at + aligned(size) > bytes.length) throw bad(`its array ${show(name)} goes beyond its end`);
    const own = bytes.slice(at, at + size);
    found.set(name, new Kind(own.buffer, own.byteOffset, length));
    at += aligned(size);
  }
  if (at !== bytes.length) throw bad("there is something behind its arrays");
  return found;
}

/** The error of what is no checkpoint. */
export function bad(why: string): PropagoError {
  return new PropagoError("ERR_FORMAT", `this is no checkpoint that can be used: ${why}`);
}
