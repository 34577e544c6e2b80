// Reading bytes within their bounds: each read says what it wanted, where, and how many bytes were left.
import { PropagoError, show } from "../ground/errors.ts";
import { type ReadingOptions, limitsOf, within } from "./limits.ts";

/** The bytes that a caller gave, as one view. */
export function readBytes(bytes: unknown, options: ReadingOptions, kind: string): { bytes: Uint8Array; name: string } {
  const name = options.name ?? kind;
  const view = viewOf(bytes);
  if (view === undefined) {
    throw new PropagoError("ERR_DATA", `${name} must be given as a Uint8Array or an ArrayBuffer, got ${show(bytes)}`);
  }
  within(view.byteLength, "fileBytes", limitsOf(options), `the size of ${name} in bytes`);
  return { bytes: view, name };
}

function viewOf(bytes: unknown): Uint8Array | undefined {
  // Also of a Uint8Array: Node's Buffer is one whose slice() does not copy.
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // By name, since a buffer from another realm is none of this one's ArrayBuffer.
  if (Object.prototype.toString.call(bytes) === "[object ArrayBuffer]") return new Uint8Array(bytes as ArrayBuffer);
  return undefined;
}

/** An error about a place in a file. */
export function malformed(name: string, problem: string): PropagoError {
  return new PropagoError("ERR_FORMAT", `${name}: ${problem}`);
}

/** Walks through bytes from front to back. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly #view: DataView;
  position: number;
  /** No read goes past it. */
  readonly end: number;

  constructor(bytes: Uint8Array, name: string, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.name = name;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
    this.end = end;
    if (!(position >= 0 && position <= end && end <= bytes.length)) {
      throw malformed(name, `byte ${position} lies outside the file, which has ${bytes.length} bytes`);
    }
  }

  get left(): number {
    return this.end - this.position;
  }

  /** Goes past `count` bytes, and gives where they begin. */
  take(count: number, what: string): number {
    if (!(count >= 0 && count <= this.left)) {
      const room = `${this.left} byte${this.left === 1 ? " is" : "s are"} left`;
      throw malformed(this.name, `${what} at byte ${this.position} needs ${count} bytes, ${room}`);
    }
    const at = this.position;
    this.position += count;
    return at;
  }

  slice(count: number, what: string): Uint8Array {
    const at = this.take(count, what);
    return this.bytes.subarray(at, at + count);
  }

  u8(what: string): number {
    return this.bytes[this.take(1, what)];
  }

  u16(what: string, littleEndian = true): number {
    return this.#view.getUint16(this.take(2, what), littleEndian);
  }

  u32(what: string, littleEndian = true): number {
    return this.#view.getUint32(this.take(4, what), littleEndian);
  }

  /** A 64-bit length or address, which must be a number that JavaScript holds exactly. */
  u64(what: string): number {
    const at = this.take(8, what);
    const value = this.#view.getBigUint64(at, true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(this.name, `${what} at byte ${at} is ${value}`);
    return Number(value);
  }
}

/** Text of bytes that must be UTF-8. */
export function utf8(bytes: Uint8Array, name: string, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new PropagoError("ERR_FORMAT", `${name}: ${what} is not UTF-8 text`, { cause });
  }
}

/** Text in which each byte is one character. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let begin = 0; begin < bytes.length; begin += 4096) {
    text += String.fromCharCode(...bytes.subarray(begin, begin + 4096));
  }
  return text;
}

/** Several pieces as one. */
export function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
