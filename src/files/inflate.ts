// DEFLATE (RFC 1951) and gzip (RFC 1952), read within a limit that is checked while bytes come out: what a file says
// about its own size is not believed. Our own, since a library that tells neither where a stream ends nor stops at an
// exact count cannot hold that limit.
import { ByteReader, malformed } from "./bytes.ts";
import type { Limits } from "./limits.ts";

/** Lengths and distances of RFC 1951, 3.2.5: the least value of each code, and how many bits are added to it. */
const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]; // prettier-ignore
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577]; // prettier-ignore
const DISTANCE_EXTRA = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]; // prettier-ignore
/** The order in which a block gives the lengths of the codes that its code lengths are written in. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A Huffman code as a table over the next `bits` bits: symbol << 4 | length, and 0 where no code begins so. */
interface Code {
  table: Uint16Array;
  bits: number;
}

/** How much the given compressed bytes may become. */
export function inflationLimit(compressed: number, limits: Limits): number {
  return Math.min(limits.inflatedBytes, Math.max(limits.inflationFloor, limits.inflation * compressed));
}

/** What a message about too many bytes ends with. */
export const RAISE = "(raise limits.inflation or limits.inflatedBytes where the file can be trusted)";

/** Inflates one stream; afterwards `reader` stands behind it. More than `most` bytes are ERR_FORMAT, with this advice. */
export function inflate(reader: ByteReader, most: number, guess: number, advice = RAISE): Uint8Array<ArrayBuffer> {
  return new Inflation(reader, most, guess, advice).run();
}

class Inflation {
  readonly #reader: ByteReader;
  readonly #most: number;
  readonly #advice: string;
  #out: Uint8Array<ArrayBuffer>;
  #length = 0;
  /** Bits that were read and not yet used, lowest first. */
  #buffer = 0;
  #count = 0;

  constructor(reader: ByteReader, most: number, guess: number, advice: string) {
    this.#reader = reader;
    this.#most = most;
    this.#advice = advice;
    this.#out = new Uint8Array(Math.min(Math.max(guess, 256), most));
  }

  run(): Uint8Array<ArrayBuffer> {
    for (let last = false; !last;) {
      last = this.#bits(1) === 1;
      const kind = this.#bits(2);
      if (kind === 0) this.#stored();
      else if (kind === 1) this.#block(fixedLiterals(), fixedDistances());
      else if (kind === 2) this.#dynamic();
      else throw this.#bad("a block of kind 3, which does not exist");
    }
    // Whole bytes that were read ahead are given back.
    this.#reader.position -= this.#count >> 3;
    return this.#length === this.#out.length ? this.#out : this.#out.slice(0, this.#length);
  }

  #bad(problem: string) {
    return malformed(this.#reader.name, `compressed data near byte ${this.#reader.position} has ${problem}`);
  }

  /** The next n bits, n <= 16. */
  #bits(n: number): number {
    while (this.#count < n) {
      this.#buffer |= this.#reader.u8("compressed data") << this.#count;
      this.#count += 8;
    }
    const value = this.#buffer & ((1 << n) - 1);
    this.#buffer >>>= n;
    this.#count -= n;
    return value;
  }

  #symbol(code: Code): number {
    const { bytes, end } = this.#reader;
    while (this.#count < code.bits && this.#reader.position < end) {
      this.#buffer |= bytes[this.#reader.position++] << this.#count;
      this.#count += 8;
    }
    const entry = code.table[this.#buffer & ((1 << code.bits) - 1)];
    const length = entry & 15;
    if (entry === 0) throw this.#bad("bits that are no code");
    if (length > this.#count) throw this.#bad("no end: the file is cut off");
    this.#buffer >>>= length;
    this.#count -= length;
    return entry >> 4;
  }

  /** Makes room for n more bytes. */
  #reserve(n: number): void {
    const needed = this.#length + n;
    if (needed > this.#most) {
      throw malformed(
        this.#reader.name,
        `it inflates to more than ${this.#most} bytes, from ${this.#reader.bytes.length} ${this.#advice}`,
      );
    }
    if (needed <= this.#out.length) return;
    const larger = new Uint8Array(Math.min(Math.max(2 * this.#out.length, needed), this.#most));
    larger.set(this.#out.subarray(0, this.#length));
    this.#out = larger;
  }

  #stored(): void {
    this.#reader.position -= this.#count >> 3;
    this.#buffer = this.#count = 0;
    const length = this.#reader.u16("a stored block");
    if ((this.#reader.u16("a stored block") ^ length) !== 0xffff) throw this.#bad("a stored block of two lengths");
    this.#reserve(length);
    this.#out.set(this.#reader.slice(length, "a stored block"), this.#length);
    this.#length += length;
  }

  #dynamic(): void {
    const literals = this.#bits(5) + 257;
    const distances = this.#bits(5) + 1;
    const count = this.#bits(4) + 4;
    if (literals > 286 || distances > 30) throw this.#bad("more codes than there are");
    const own = new Uint8Array(19);
    for (let i = 0; i < count; i++) own[ORDER[i]] = this.#bits(3);
    const code = this.#code(own);
    const lengths = new Uint8Array(literals + distances);
    for (let i = 0; i < lengths.length;) {
      const symbol = this.#symbol(code);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) throw this.#bad("a repetition of nothing");
      const value = symbol === 16 ? lengths[i - 1] : 0;
      const times = symbol === 16 ? 3 + this.#bits(2) : symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7);
      if (i + times > lengths.length) throw this.#bad("more code lengths than codes");
      lengths.fill(value, i, i + times);
      i += times;
    }
    if (lengths[256] === 0) throw this.#bad("a block that cannot end");
    this.#block(this.#code(lengths.subarray(0, literals)), this.#code(lengths.subarray(literals)));
  }

  #code(lengths: Uint8Array): Code {
    const code = buildCode(lengths);
    if (code === undefined) throw this.#bad("code lengths that are no Huffman code");
    return code;
  }

  #block(literals: Code, distances: Code): void {
    for (;;) {
      const symbol = this.#symbol(literals);
      if (symbol < 256) {
        if (this.#length >= this.#out.length) this.#reserve(1);
        this.#out[this.#length++] = symbol;
        continue;
      }
      if (symbol === 256) return;
      if (symbol > 285) throw this.#bad("a length that does not exist");
      const length = LENGTH_BASE[symbol - 257] + this.#bits(LENGTH_EXTRA[symbol - 257]);
      const place = this.#symbol(distances);
      if (place > 29) throw this.#bad("a distance that does not exist");
      const distance = DISTANCE_BASE[place] + this.#bits(DISTANCE_EXTRA[place]);
      if (distance > this.#length) throw this.#bad("a copy from before its beginning");
      this.#reserve(length);
      // Byte by byte: source and target may overlap, which repeats a pattern.
      const out = this.#out;
      for (let to = this.#length, end = to + length; to < end; to++) out[to] = out[to - distance];
      this.#length += length;
    }
  }
}

/** The table of a canonical code, or undefined where lengths are none. A single code of one bit may stand alone. */
function buildCode(lengths: Uint8Array): Code | undefined {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length]++;
  counts[0] = 0;
  let bits = 15;
  while (bits > 1 && counts[bits] === 0) bits--;
  const next = new Uint16Array(16);
  let left = 1;
  for (let length = 1; length <= 15; length++) {
    left = 2 * left - counts[length];
    if (left < 0) return undefined;
    next[length] = (next[length - 1] + counts[length - 1]) << 1;
  }
  const used = counts.reduce((sum, count) => sum + count, 0);
  if (left > 0 && !(used === 0 || (used === 1 && counts[1] === 1))) return undefined;
  const table = new Uint16Array(1 << bits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol];
    if (length === 0) continue;
    const step = 1 << length;
    for (let at = reversed(next[length]++, length); at < table.length; at += step) table[at] = (symbol << 4) | length;
  }
  return { table, bits };
}

function reversed(value: number, bits: number): number {
  let result = 0;
  for (let i = 0; i < bits; i++) result |= ((value >> i) & 1) << (bits - 1 - i);
  return result;
}

let fixed: { literals: Code; distances: Code } | undefined;

function fixedCodes(): { literals: Code; distances: Code } {
  if (fixed === undefined) {
    const lengths = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
    fixed = { literals: buildCode(lengths) as Code, distances: buildCode(new Uint8Array(32).fill(5)) as Code };
  }
  return fixed;
}

const fixedLiterals = () => fixedCodes().literals;
const fixedDistances = () => fixedCodes().distances;

let crcTables: Uint32Array[] | undefined;

/** CRC-32 as zip and gzip have it; eight tables take eight bytes a turn. */
export function crc32(bytes: Uint8Array): number {
  crcTables ??= buildCrcTables();
  const [t0, t1, t2, t3, t4, t5, t6, t7] = crcTables;
  let crc = -1;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    crc =
      t7[crc & 255] ^
      t6[(crc >>> 8) & 255] ^
      t5[(crc >>> 16) & 255] ^
      t4[crc >>> 24] ^
      t3[bytes[i + 4]] ^
      t2[bytes[i + 5]] ^
      t1[bytes[i + 6]] ^
      t0[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}

function buildCrcTables(): Uint32Array[] {
  const tables = [new Uint32Array(256)];
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let k = 0; k < 8; k++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    tables[0][i] = value;
  }
  for (let t = 1; t < 8; t++) tables.push(tables[t - 1].map((value) => (value >>> 8) ^ tables[0][value & 255]));
  return tables;
}

/** Whether bytes begin as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** What a gzip file holds; several members one after the other are one content. */
export function gunzip(bytes: Uint8Array, name: string, limits: Limits): Uint8Array {
  const reader = new ByteReader(bytes, name);
  const most = inflationLimit(bytes.length, limits);
  const said = gzipSize(bytes);
  // Of one member it is the truth, of several it says at least this much.
  if (said > most) throw malformed(name, `it says that it inflates to more than ${most} bytes: to ${said} ${RAISE}`);
  const parts: Uint8Array[] = [];
  let total = 0;
  do {
    skipGzipHeader(reader);
    const part = inflate(reader, most - total, Math.min(said, 16 * bytes.length));
    const crc = reader.u32("gzip's checksum");
    const size = reader.u32("gzip's length");
    if (crc !== crc32(part)) throw malformed(name, "its gzip checksum does not match: the file is damaged");
    if (size !== part.length % 2 ** 32) throw malformed(name, `gzip says ${size} bytes, ${part.length} came out`);
    total += part.length;
    parts.push(part);
  } while (reader.left > 0);
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The length that the last four bytes give, which need not be true. */
function gzipSize(bytes: Uint8Array): number {
  if (bytes.length < 18) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4, true);
}

function skipGzipHeader(reader: ByteReader): void {
  const { name } = reader;
  const begin = reader.position;
  if (reader.u16("gzip's header") !== 0x8b1f) throw malformed(name, `byte ${begin} is not where gzip data begins`);
  if (reader.u8("gzip's header") !== 8) throw malformed(name, "gzip's compression method is not 8 (DEFLATE)");
  const flags = reader.u8("gzip's header");
  if (flags & 0xe0) throw malformed(name, "gzip's header has flags that do not exist");
  reader.take(6, "gzip's header");
  if (flags & 4) reader.take(reader.u16("gzip's extra field"), "gzip's extra field");
  for (const flag of [8, 16]) {
    if (flags & flag) while (reader.u8("gzip's name or comment") !== 0);
  }
  if (flags & 2) reader.take(2, "gzip's header checksum");
}
