// LZ4: blocks, and frames of them (the format's own specification). Parquet packs pages so, and Arrow buffers. What comes
// out is bounded by the length that the caller expects.
import { ByteReader, malformed } from "./bytes.ts";

const MAGIC = 0x184d2204;

/** Unpacks a block to exactly `length` bytes. @throws PropagoError ERR_FORMAT for one that is damaged. */
export function lz4Block(input: Uint8Array, length: number, name: string): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length);
  const end = block(input, 0, input.length, out, 0, name);
  if (end !== length) throw malformed(name, `LZ4 data unpacks to ${end} bytes, expected ${length}`);
  return out;
}

/** Unpacks a frame to exactly `length` bytes. */
export function lz4Frame(input: Uint8Array, length: number, name: string): Uint8Array<ArrayBuffer> {
  const reader = new ByteReader(input, name);
  const out = new Uint8Array(length);
  let at = 0;
  while (reader.left > 0) {
    if (reader.u32("LZ4 magic number") !== MAGIC) throw malformed(name, "LZ4 data does not begin as a frame");
    const flags = reader.u8("LZ4 flags");
    reader.u8("LZ4 block size");
    if (flags >> 6 !== 1) throw malformed(name, `LZ4 frame of version ${flags >> 6}, expected 1`);
    if (flags & 8) reader.slice(8, "LZ4 content size");
    if (flags & 1) reader.slice(4, "LZ4 dictionary");
    reader.u8("LZ4 header checksum");
    for (;;) {
      const size = reader.u32("LZ4 block length");
      if (size === 0) break;
      const bytes = reader.slice(size & 0x7fffffff, "LZ4 block");
      if (size >>> 31) {
        if (at + bytes.length > length) throw malformed(name, `LZ4 data unpacks to more than ${length} bytes`);
        out.set(bytes, at);
        at += bytes.length;
      } else at = block(bytes, 0, bytes.length, out, at, name);
      if (flags & 16) reader.slice(4, "LZ4 block checksum");
    }
    if (flags & 4) reader.slice(4, "LZ4 checksum");
  }
  if (at !== length) throw malformed(name, `LZ4 data unpacks to ${at} bytes, expected ${length}`);
  return out;
}

/** Unpacks one block behind what `out` has already, and gives where it ends there. */
function block(input: Uint8Array, from: number, end: number, out: Uint8Array, to: number, name: string): number {
  let [read, write] = [from, to];
  const damaged = () => malformed(name, `LZ4 data is damaged at byte ${read}`);
  const more = (count: number): number => {
    let all = count;
    if (count < 15) return all;
    for (;;) {
      if (read >= end) throw damaged();
      const byte = input[read++];
      all += byte;
      if (byte < 255) return all;
    }
  };
  while (read < end) {
    const token = input[read++];
    const literals = more(token >> 4);
    if (read + literals > end || write + literals > out.length) throw damaged();
    out.set(input.subarray(read, read + literals), write);
    read += literals;
    write += literals;
    if (read === end) break;
    if (read + 2 > end) throw damaged();
    const distance = input[read] | (input[read + 1] << 8);
    read += 2;
    const length = more(token & 15) + 4;
    if (distance === 0 || distance > write || write + length > out.length) throw damaged();
    for (let i = 0; i < length; i++, write++) out[write] = out[write - distance];
  }
  return write;
}
