// Where the values of an HDF5 array lie: in one piece, within the header, or in chunks that may be compressed.
import { PropagoError } from "../ground/errors.ts";
import { ByteReader, malformed } from "./bytes.ts";
import type { Hdf5Source } from "./hdf5-types.ts";
import { inflate, inflationLimit } from "./inflate.ts";
import { countElements } from "./tensor.ts";

export type Layout =
  | { kind: "compact"; data: Uint8Array }
  | { kind: "contiguous"; address: number | undefined; size: number }
  | { kind: "chunked"; address: number | undefined; sizes: readonly number[]; index: "tree" | "single" | "implicit" };

export interface Filter {
  id: number;
  values: readonly number[];
}

const DEFLATE = 1;
const SHUFFLE = 2;
const CHECKSUM = 3;

export function readLayout(file: Hdf5Source, data: Uint8Array, what: string): Layout {
  const reader = new ByteReader(data, what);
  const version = reader.u8("the layout");
  if (version !== 3 && version !== 4) {
    throw new PropagoError("ERR_UNSUPPORTED", `${what} has a layout of version ${version}; 3 and 4 can be read`);
  }
  const kind = reader.u8("the layout");
  if (kind === 0) return { kind: "compact", data: reader.slice(reader.u16("the layout"), "the layout") };
  if (kind === 1) {
    const address = file.address(reader, "the layout");
    return { kind: "contiguous", address, size: file.length(reader, "the layout") };
  }
  if (kind !== 2) throw new PropagoError("ERR_UNSUPPORTED", `${what} is a virtual array of other files`);
  if (version === 3) {
    const rank = reader.u8("the layout");
    const address = file.address(reader, "the layout");
    const sizes = Array.from({ length: rank }, () => reader.u32("the layout"));
    return { kind: "chunked", address, sizes, index: "tree" };
  }
  return readNewChunks(file, reader, what);
}

function readNewChunks(file: Hdf5Source, reader: ByteReader, what: string): Layout {
  const flags = reader.u8("the layout");
  const rank = reader.u8("the layout");
  const width = reader.u8("the layout");
  const sizes = Array.from({ length: rank }, () => {
    let size = 0;
    for (let i = 0, unit = 1; i < width; i++, unit *= 256) size += unit * reader.u8("the layout");
    return size;
  });
  const index = reader.u8("the layout");
  if (index !== 1 && index !== 2) {
    throw new PropagoError(
      "ERR_UNSUPPORTED",
      `${what} is cut into chunks with an index of kind ${index}, which cannot be read; save it with h5py's default libver`,
    );
  }
  if (index === 1 && flags & 2) {
    file.length(reader, "the layout");
    reader.take(4, "the layout");
  }
  return {
    kind: "chunked",
    address: file.address(reader, "the layout"),
    sizes,
    index: index === 1 ? "single" : "implicit",
  };
}

export function readFilters(data: Uint8Array, what: string): Filter[] {
  const reader = new ByteReader(data, what);
  const version = reader.u8("the filters");
  const count = reader.u8("the filters");
  if (version !== 1 && version !== 2) throw malformed(what, `its filters have version ${version}`);
  if (version === 1) reader.take(6, "the filters");
  return Array.from({ length: count }, () => {
    const id = reader.u16("the filters");
    const nameLength = version === 1 || id >= 256 ? reader.u16("the filters") : 0;
    reader.take(2, "the filters");
    const values = reader.u16("the filters");
    reader.take(version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength, "the filters");
    const filter = { id, values: Array.from({ length: values }, () => reader.u32("the filters")) };
    if (version === 1 && values % 2 === 1) reader.take(4, "the filters");
    if (id !== DEFLATE && id !== SHUFFLE && id !== CHECKSUM) {
      throw new PropagoError(
        "ERR_UNSUPPORTED",
        `${what} is stored with filter ${id}; gzip, shuffle and fletcher32 can be read`,
      );
    }
    return filter;
  });
}

/** The value of what was never written; undefined where that is zero. */
export function readFill(data: Uint8Array, what: string): Uint8Array | undefined {
  const reader = new ByteReader(data, what);
  const version = reader.u8("the fill value");
  if (version < 1 || version > 3) throw malformed(what, `its fill value has version ${version}`);
  const flags = version === 3 ? reader.u8("the fill value") : 0;
  if (version < 3) reader.take(2, "the fill value");
  const isDefined = version === 3 ? (flags & 0x20) !== 0 : reader.u8("the fill value") === 1;
  if (!isDefined) return undefined;
  const value = reader.slice(reader.u32("the fill value"), "the fill value");
  return value.some((byte) => byte !== 0) ? value : undefined;
}

/** An array's place and kind. */
export interface Stored {
  layout: Layout;
  filters: readonly Filter[];
  shape: readonly number[];
  /** Bytes of one value. */
  size: number;
  /** What stands where nothing was written. */
  unwritten: Uint8Array | undefined;
}

/** All bytes of an array of this shape. */
export function readContent(file: Hdf5Source, stored: Stored, what: string): Uint8Array {
  const { layout, filters, shape, size, unwritten } = stored;
  const needed = countElements(shape, file.limits, what) * size;
  file.spend(needed, what);
  if (layout.kind === "compact") {
    if (layout.data.length < needed)
      throw malformed(what, `it has ${layout.data.length} bytes, its shape needs ${needed}`);
    return layout.data.subarray(0, needed);
  }
  if (layout.kind === "contiguous" && layout.address !== undefined && needed > 0) {
    if (layout.size < needed) throw malformed(what, `it has ${layout.size} bytes, its shape needs ${needed}`);
    return file.at(layout.address, what).slice(needed, what);
  }
  // Compressed chunks, and what was never written, may be more than the file.
  const most = inflationLimit(file.bytes.length, file.limits);
  const content = new Uint8Array(needed);
  if (unwritten?.length === size) for (let at = 0; at < needed; at += size) content.set(unwritten, at);
  if (layout.kind === "contiguous" || layout.address === undefined || needed === 0) return content;
  const { sizes } = layout;
  if (sizes.length !== shape.length + 1 || sizes[shape.length] !== size) {
    throw malformed(what, `its chunks have ${sizes.length} sizes, the last ${sizes.at(-1)}: they do not fit its shape`);
  }
  const chunk = sizes.reduce((product, length) => product * length, 1);
  if (!(chunk > 0 && chunk <= most)) throw malformed(what, `a chunk of it would have ${chunk} bytes`);
  let left = shape.reduce((product, length, d) => product * Math.ceil(length / sizes[d]), 1);
  for (const { offset, bytes, mask } of chunksOf(file, layout, shape, chunk, what)) {
    if (left-- === 0) throw malformed(what, "it has more chunks than its shape has room for");
    place(content, unfiltered(bytes, filters, mask, size, chunk, what), shape, sizes, offset, size);
  }
  return content;
}

interface Chunk {
  offset: readonly number[];
  bytes: Uint8Array;
  /** Bit i: filter i was left out. */
  mask: number;
}

function* chunksOf(
  file: Hdf5Source,
  layout: Layout & { kind: "chunked" },
  shape: readonly number[],
  chunk: number,
  what: string,
): Generator<Chunk> {
  const address = layout.address as number;
  if (layout.index === "single") {
    yield { offset: shape.map(() => 0), bytes: file.bytes.subarray(Math.min(address, file.bytes.length)), mask: 0 };
    return;
  }
  if (layout.index === "tree") {
    yield* chunksOfTree(file, address, shape.length, what);
    return;
  }
  const counts = shape.map((length, d) => Math.ceil(length / layout.sizes[d]));
  const total = counts.reduce((product, count) => product * count, 1);
  const reader = file.at(address, what);
  for (let i = 0; i < total; i++) {
    let rest = i;
    const offset = counts.map(() => 0);
    for (let d = counts.length - 1; d >= 0; d--) {
      offset[d] = (rest % counts[d]) * layout.sizes[d];
      rest = Math.floor(rest / counts[d]);
    }
    yield { offset, bytes: reader.slice(chunk, what), mask: 0 };
  }
}

function* chunksOfTree(file: Hdf5Source, root: number, rank: number, what: string): Generator<Chunk> {
  const waiting = [root];
  const seen = new Set<number>();
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    if (seen.has(address)) throw malformed(what, `the block at byte ${address} belongs to its tree twice`);
    seen.add(address);
    const reader = file.at(address, "a tree of chunks", "TREE");
    if (reader.u8(what) !== 1) throw malformed(what, `the block at byte ${address} is no tree of chunks`);
    const level = reader.u8(what);
    const count = reader.u16(what);
    file.address(reader, what);
    file.address(reader, what);
    for (let i = 0; i < count; i++) {
      const length = reader.u32(what);
      const mask = reader.u32(what);
      const offset = Array.from({ length: rank + 1 }, () => reader.u64(what)).slice(0, rank);
      const child = file.address(reader, what);
      if (child === undefined) throw malformed(what, "a chunk lies nowhere");
      if (level > 0) {
        waiting.push(child);
      } else {
        if (seen.has(child)) throw malformed(what, `two chunks lie at byte ${child}`);
        seen.add(child);
        yield { offset, bytes: file.at(child, what).slice(length, what), mask };
      }
    }
  }
}

/** Undoes filters from the last to the first. */
function unfiltered(
  bytes: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  size: number,
  chunk: number,
  what: string,
): Uint8Array {
  let content = bytes;
  for (let i = filters.length - 1; i >= 0; i--) {
    if (mask & (1 << i)) continue;
    if (filters[i].id === CHECKSUM) content = content.subarray(0, Math.max(0, content.length - 4));
    else if (filters[i].id === SHUFFLE) content = unshuffled(content, filters[i].values[0] ?? size);
    else content = inflateZlib(content, chunk + 64, what);
  }
  if (content.length < chunk) throw malformed(what, `a chunk has ${content.length} bytes, expected ${chunk}`);
  return content;
}

/** zlib's stream: two bytes, DEFLATE, and a checksum that HDF5's own (fletcher32) stands in for where it matters. */
function inflateZlib(bytes: Uint8Array, most: number, what: string): Uint8Array {
  if (bytes.length < 6 || (bytes[0] & 15) !== 8 || ((bytes[0] << 8) | bytes[1]) % 31 !== 0 || bytes[1] & 0x20) {
    throw malformed(what, "a chunk is not compressed as it should be");
  }
  const reader = new ByteReader(bytes, what, 2);
  const content = inflate(reader, most, most);
  if (reader.u32("zlib's checksum", false) !== adler32(content)) {
    throw malformed(what, "a chunk's checksum does not match: the file is damaged");
  }
  return content;
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let i = 0; i < bytes.length;) {
    for (const end = Math.min(i + 3800, bytes.length); i < end; i++) b += a += bytes[i];
    a %= 65521;
    b %= 65521;
  }
  return (b * 65536 + a) >>> 0;
}

/** All first bytes stood together, then all second ones. */
function unshuffled(bytes: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(bytes.length / size);
  if (size < 2 || count < 2) return bytes;
  const result = bytes.slice();
  for (let k = 0; k < size; k++) for (let i = 0; i < count; i++) result[i * size + k] = bytes[k * count + i];
  return result;
}

/** Copies a chunk to its place; what reaches over the array's edge is left out. */
function place(
  content: Uint8Array,
  chunk: Uint8Array,
  shape: readonly number[],
  sizes: readonly number[],
  offset: readonly number[],
  size: number,
): void {
  const rank = shape.length;
  const visible = shape.map((length, d) => Math.min(sizes[d], length - offset[d]));
  if (visible.some((length) => length <= 0)) return;
  const row = (rank === 0 ? 1 : visible[rank - 1]) * size;
  const index = shape.map(() => 0);
  for (;;) {
    let from = 0;
    let to = 0;
    for (let d = 0; d < rank; d++) {
      from = from * sizes[d] + index[d];
      to = to * shape[d] + offset[d] + index[d];
    }
    content.set(chunk.subarray(from * size, from * size + row), to * size);
    let d = rank - 2;
    for (; d >= 0; d--) {
      if (++index[d] < visible[d]) break;
      index[d] = 0;
    }
    if (d < 0) return;
  }
}
