// Zip archives: what is in them by name, and each entry's bytes on demand. Names are only names: nothing is ever written
// where one points. Encrypted, split and overlapping entries are refused; sizes are checked, not believed.
import { PropagoError, show } from "../ground/errors.ts";
import { ByteReader, join, malformed, utf8 } from "./bytes.ts";
import { RAISE, crc32, inflate, inflationLimit } from "./inflate.ts";
import { type Limits, within } from "./limits.ts";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
/** In a field of 32 bits: the value stands in the extra field of zip64. */
const ELSEWHERE = 0xffffffff;

interface Entry {
  name: string;
  method: number;
  crc: number;
  compressed: number;
  size: number;
  /** Where its local header begins, and where its data does. */
  offset: number;
  data: number;
}

export interface Archive {
  /** In the order of the archive's directory. */
  names: readonly string[];
  has(name: string): boolean;
  /** An entry's bytes, inflated and checked. Stored ones lie in the memory of the archive. */
  read(name: string): Uint8Array;
}

export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === bytes[3] - 1 && bytes[2] % 2 === 1;
}

/** Reads an archive's directory. */
export function openZip(bytes: Uint8Array, name: string, limits: Limits): Archive {
  if (bytes.length < 22) throw malformed(name, `it has ${bytes.length} bytes, a zip archive at least 22`);
  const { count, begin, end } = findDirectory(bytes, name);
  within(count, "entries", limits, `${name}: the number of entries`);
  const reader = new ByteReader(bytes, name, begin, end);
  const entries = new Map<string, Entry>();
  for (let i = 0; i < count; i++) {
    const entry = readEntry(reader);
    if (entries.has(entry.name)) throw malformed(name, `two entries are named ${show(entry.name)}`);
    entries.set(entry.name, entry);
  }
  if (reader.left > 0) throw malformed(name, `${reader.left} bytes follow the last of ${count} entries`);
  const ordered = [...entries.values()].sort((a, b) => a.offset - b.offset);
  for (const [i, entry] of ordered.entries()) {
    locate(entry, bytes, name);
    const next = ordered[i + 1]?.offset ?? begin;
    if (entry.data + entry.compressed > next) {
      throw malformed(name, `entry ${show(entry.name)} overlaps what follows it at byte ${next}`);
    }
  }
  let budget = inflationLimit(bytes.length, limits);
  return {
    names: [...entries.keys()],
    has: (key) => entries.has(key),
    read: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) throw malformed(name, `it has no entry ${show(key)}`);
      const content = extract(entry, bytes, name, budget);
      if (entry.method !== 0) budget -= content.length;
      return content;
    },
  };
}

/** Where the central directory lies, from the record at the end of the file. */
function findDirectory(bytes: Uint8Array, name: string): { count: number; begin: number; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = bytes.length - 22;
  // Only a record whose comment ends where the file ends.
  while (at >= 0 && at >= bytes.length - 22 - 0xffff) {
    if (view.getUint32(at, true) === END && at + 22 + view.getUint16(at + 20, true) === bytes.length) break;
    at--;
  }
  if (at < 0 || at < bytes.length - 22 - 0xffff) throw malformed(name, "it has no zip directory at its end");
  const reader = new ByteReader(bytes, name, at + 4, at + 22);
  const disks = [reader.u16("the directory's end"), reader.u16("the directory's end")];
  const counts = [reader.u16("the directory's end"), reader.u16("the directory's end")];
  let size = reader.u32("the directory's end");
  let begin = reader.u32("the directory's end");
  let count = counts[1];
  if (disks[0] !== disks[1] || (disks[0] !== 0 && disks[0] !== 0xffff) || counts[0] !== counts[1]) {
    throw malformed(name, "it is one part of an archive that was split");
  }
  let end = at;
  if (at >= 20 && view.getUint32(at - 20, true) === LOCATOR64) {
    const locator = new ByteReader(bytes, name, at - 16);
    locator.take(4, "the zip64 locator");
    const place = locator.u64("the zip64 locator");
    const record = new ByteReader(bytes, name, Math.min(place, bytes.length), at - 20);
    if (record.u32("the zip64 record") !== END64) throw malformed(name, `byte ${place} is no zip64 record`);
    record.take(20, "the zip64 record");
    if (record.u64("the zip64 record") !== (count = record.u64("the zip64 record"))) {
      throw malformed(name, "it is one part of an archive that was split");
    }
    size = record.u64("the zip64 record");
    begin = record.u64("the zip64 record");
    end = place;
  }
  if (begin + size !== end) {
    throw malformed(name, `its directory should lie at bytes ${begin}..${begin + size}, its end stands at byte ${end}`);
  }
  return { count, begin, end };
}

function readEntry(reader: ByteReader): Entry {
  const what = `the directory entry at byte ${reader.position}`;
  if (reader.u32(what) !== CENTRAL) throw malformed(reader.name, `${what} does not begin as one`);
  reader.take(4, what);
  const flags = reader.u16(what);
  const method = reader.u16(what);
  reader.take(4, what);
  const crc = reader.u32(what);
  let compressed = reader.u32(what);
  let size = reader.u32(what);
  const nameLength = reader.u16(what);
  const extraLength = reader.u16(what);
  const commentLength = reader.u16(what);
  const disk = reader.u16(what);
  reader.take(6, what);
  let offset = reader.u32(what);
  const name = utf8(reader.slice(nameLength, what), reader.name, "an entry's name");
  const extra = wideFields(new ByteReader(reader.slice(extraLength, what), reader.name));
  reader.take(commentLength, what);
  if (size === ELSEWHERE) size = extra?.u64(what) ?? size;
  if (compressed === ELSEWHERE) compressed = extra?.u64(what) ?? compressed;
  if (offset === ELSEWHERE) offset = extra?.u64(what) ?? offset;
  checkName(name, reader.name);
  const entry = `entry ${show(name)}`;
  if (flags & 0x2041) throw malformed(reader.name, `${entry} is encrypted`);
  if (disk !== 0 && disk !== 0xffff) throw malformed(reader.name, `${entry} lies in another part of a split archive`);
  if (method !== 0 && method !== 8) {
    throw malformed(reader.name, `${entry} is compressed by method ${method}; stored (0) and DEFLATE (8) can be read`);
  }
  if (method === 0 && size !== compressed) throw malformed(reader.name, `${entry} is stored, yet has two sizes`);
  return { name, method, crc, compressed, size, offset, data: 0 };
}

/** The zip64 field among extra fields. */
function wideFields(extra: ByteReader): ByteReader | undefined {
  // Fewer than four bytes at the end are padding, which some archivers leave.
  while (extra.left >= 4) {
    const id = extra.u16("an extra field");
    const field = extra.slice(extra.u16("an extra field"), "an extra field");
    if (id === 1) return new ByteReader(field, extra.name);
  }
  return undefined;
}

/** A name that would lead out of a folder has no place in an archive of ours, even though it is never used as a path. */
function checkName(entry: string, name: string): void {
  const parts = entry.split(/[/\\]/);
  if (entry === "" || entry.includes("\0")) throw malformed(name, `an entry's name is ${show(entry)}`);
  if (parts.includes("..") || parts[0] === "" || /^[a-z]:/i.test(entry)) {
    throw new PropagoError("ERR_PATH", `${name}: entry ${show(entry)} names a place outside the archive`);
  }
}

/** Finds where an entry's data begin: behind its local header, which must agree with the directory. */
function locate(entry: Entry, bytes: Uint8Array, name: string): void {
  const what = `entry ${show(entry.name)}`;
  const reader = new ByteReader(bytes, name, Math.min(entry.offset, bytes.length));
  if (reader.u32(what) !== LOCAL) throw malformed(name, `${what} should begin at byte ${entry.offset}, and does not`);
  reader.take(2, what);
  if (reader.u16(what) & 0x2041) throw malformed(name, `${what} is encrypted`);
  const method = reader.u16(what);
  reader.take(16, what);
  const nameLength = reader.u16(what);
  const extraLength = reader.u16(what);
  const own = utf8(reader.slice(nameLength, what), name, "an entry's name");
  if (own !== entry.name || method !== entry.method) {
    throw malformed(name, `${what} is ${show(own)} of method ${method} where it begins: directory and data differ`);
  }
  reader.take(extraLength, what);
  entry.data = reader.position;
}

function extract(entry: Entry, bytes: Uint8Array, name: string, budget: number): Uint8Array {
  const what = `${name}: entry ${show(entry.name)}`;
  const reader = new ByteReader(bytes, what, entry.data, entry.data + entry.compressed);
  let content: Uint8Array;
  if (entry.method === 0) {
    content = reader.slice(entry.size, "its content");
  } else {
    if (entry.size > budget) {
      throw malformed(what, `it says that it inflates to more than ${budget} bytes: to ${entry.size} ${RAISE}`);
    }
    const guess = Math.min(entry.size, 16 * entry.compressed);
    content = inflate(reader, entry.size, guess, "(the directory says that this is all)");
    if (reader.left > 0) throw malformed(what, `${reader.left} bytes follow its compressed data`);
  }
  if (content.length !== entry.size) {
    throw malformed(what, `the directory says ${entry.size} bytes, ${content.length} came out`);
  }
  if (crc32(content) !== entry.crc) throw malformed(what, "its checksum does not match: the file is damaged");
  return content;
}

/** An archive of stored entries; the same entries give the same bytes. */
export function writeZip(entries: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, content] of entries) {
    checkName(name, "the archive to write");
    const text = new TextEncoder().encode(name);
    if (text.length > 0xffff) throw new PropagoError("ERR_DATA", `the entry name ${show(name)} is too long for a zip`);
    const sizes = [crc32(content), content.length, content.length];
    // Version 2.0, names in UTF-8, stored, 1 January 1980.
    const common = [20, 0x800, 0, 0, 0x21];
    const local = record(LOCAL, common, sizes, [text.length, 0]);
    directory.push(record(CENTRAL, [20, ...common], sizes, [text.length, 0, 0, 0, 0, 0, 0], [offset]), text);
    parts.push(local, text, content);
    offset += local.length + text.length + content.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  if (offset + size >= ELSEWHERE || entries.size >= 0xffff) {
    throw new PropagoError(
      "ERR_DATA",
      `an archive of ${entries.size} entries and ${offset} bytes is too large for zip`,
    );
  }
  const end = record(END, [0, 0, entries.size, entries.size], [size, offset], [0]);
  return join([...parts, ...directory, end]);
}

/** A signature, then numbers of 16 and of 32 bits in turn. */
function record(signature: number, ...groups: (readonly number[])[]): Uint8Array {
  const bytes: number[] = [];
  const push = (value: number, size: number) => {
    for (let i = 0; i < size; i++) bytes.push((value >>> (8 * i)) & 255);
  };
  push(signature, 4);
  for (const [i, group] of groups.entries()) for (const value of group) push(value, i % 2 === 0 ? 2 : 4);
  return Uint8Array.from(bytes);
}
