// HDF5, as far as models use it: groups, attributes, and arrays of numbers or texts. Written after the format's
// specification. Every address is checked before it is followed and no block is entered twice, so that a damaged file
// neither hangs nor asks for much memory: the reason for a reader of our own.
import { PropagoError, show } from "../ground/errors.ts";
import { ByteReader, malformed } from "./bytes.ts";
import { readContent, readFill, readFilters, readLayout } from "./hdf5-data.ts";
import { type DataType, type Hdf5Source, type Hdf5Value, decodeValues, readDataType } from "./hdf5-types.ts";
import { inflationLimit } from "./inflate.ts";
import { type Limits, within } from "./limits.ts";
import { countElements } from "./tensor.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Kinds of messages in an object's header. */
const DATASPACE = 0x01;
const LINK_INFO = 0x02;
const DATATYPE = 0x03;
const FILL = 0x05;
const LINK = 0x06;
const LAYOUT = 0x08;
const FILTERS = 0x0b;
const ATTRIBUTE = 0x0c;
const CONTINUATION = 0x10;
const SYMBOL_TABLE = 0x11;
const ATTRIBUTE_INFO = 0x15;

interface Message {
  type: number;
  data: Uint8Array;
}

export function isHdf5(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** What all parts of one file share. */
export class Hdf5File implements Hdf5Source {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly limits: Limits;
  /** Where addresses count from: behind what an application has put before the file. */
  #base = 0;
  /** How many bytes an address and a length take. */
  #addressSize = 8;
  #lengthSize = 8;
  readonly #collections = new Map<number, Map<number, Uint8Array>>();
  /** How many bytes of values may still be read: a file may name one array many times. */
  #budget: number;
  readonly root: Hdf5Object;

  constructor(bytes: Uint8Array, name: string, limits: Limits) {
    this.bytes = bytes;
    this.name = name;
    this.limits = limits;
    this.#budget = inflationLimit(bytes.length, limits);
    if (bytes.length < 48) throw malformed(name, `it has ${bytes.length} bytes, an HDF5 file at least 48`);
    if (!isHdf5(bytes)) throw malformed(name, "it does not begin as HDF5 does");
    const reader = new ByteReader(bytes, name, 8);
    const version = reader.u8("the superblock");
    if (version > 3) throw malformed(name, `its superblock has version ${version}; 0 to 3 can be read`);
    if (version < 2) reader.take(4, "the superblock");
    this.#addressSize = reader.u8("the superblock");
    this.#lengthSize = reader.u8("the superblock");
    for (const size of [this.#addressSize, this.#lengthSize]) {
      if (size !== 4 && size !== 8)
        throw malformed(name, `its addresses or lengths have ${size} bytes, expected 4 or 8`);
    }
    // Flags, and of old files how wide their trees are.
    reader.take([9, 13, 1, 1][version], "the superblock");
    this.#base = this.address(reader, "the base address") ?? 0;
    this.address(reader, "the superblock"); // the free space, or the superblock's extension
    const end = this.address(reader, "the end of the file") ?? 0;
    if (end > bytes.length) throw malformed(name, `it is cut off: it should have ${end} bytes and has ${bytes.length}`);
    if (version < 2) this.address(reader, "the superblock"); // the driver's block
    if (version < 2) this.offset(reader, "the root group");
    const root = this.address(reader, "the root group");
    if (root === undefined) throw malformed(name, "it has no root group");
    this.root = new Hdf5Object(this, root, "/");
  }

  /** Reads an address; undefined where it says that there is nothing. */
  address(reader: ByteReader, what: string): number | undefined {
    const at = reader.take(this.#addressSize, what);
    if (reader.bytes.subarray(at, at + this.#addressSize).every((byte) => byte === 255)) return undefined;
    reader.position = at;
    return this.#base + (this.#addressSize === 8 ? reader.u64(what) : reader.u32(what));
  }

  /** A place within a block, as wide as an address. */
  offset(reader: ByteReader, what: string): number {
    return this.#addressSize === 8 ? reader.u64(what) : reader.u32(what);
  }

  length(reader: ByteReader, what: string): number {
    return this.#lengthSize === 8 ? reader.u64(what) : reader.u32(what);
  }

  /** Counts bytes of values that are about to be read. */
  spend(count: number, what: string): void {
    this.#budget -= count;
    if (this.#budget >= 0) return;
    const most = inflationLimit(this.bytes.length, this.limits);
    throw malformed(what, `all values read from the file would be more than ${most} bytes (limits.inflation)`);
  }

  /** A reader at an address, which must begin with these four letters where some are given. */
  at(address: number, what: string, signature?: string): ByteReader {
    if (address > this.bytes.length) {
      throw malformed(this.name, `${what} should lie at byte ${address}, the file has ${this.bytes.length}`);
    }
    const reader = new ByteReader(this.bytes, this.name, address);
    if (signature !== undefined) {
      const found = String.fromCharCode(...reader.slice(4, what));
      if (found !== signature) throw malformed(this.name, `${what} at byte ${address} begins with ${show(found)}`);
    }
    return reader;
  }

  /** An object of the global heap, where texts of any length lie. */
  heapObject(reader: ByteReader): Uint8Array {
    const length = reader.u32("a text's length");
    const address = this.address(reader, "a text's place");
    const index = reader.u32("a text's place");
    if (length === 0 || address === undefined) return new Uint8Array(0);
    const collection = this.#collections.get(address) ?? this.#collection(address);
    const found = collection.get(index);
    if (found === undefined || found.length < length) {
      throw malformed(this.name, `the heap at byte ${address} has no object ${index} of ${length} bytes`);
    }
    return found.subarray(0, length);
  }

  #collection(address: number): Map<number, Uint8Array> {
    const what = "a heap of texts";
    const reader = this.at(address, what, "GCOL");
    reader.take(4, what);
    const size = this.length(reader, what);
    const end = address + size;
    if (end > this.bytes.length) throw malformed(this.name, `${what} at byte ${address} ends behind the file`);
    const objects = new Map<number, Uint8Array>();
    while (end - reader.position >= 8 + this.#lengthSize) {
      const index = reader.u16(what);
      reader.take(6, what);
      const length = this.length(reader, what);
      if (index === 0) break; // what is free
      objects.set(index, reader.slice(length, what));
      reader.take(Math.min((8 - (length % 8)) % 8, reader.left), what);
    }
    this.#collections.set(address, objects);
    return objects;
  }
}

/** A group or an array. */
export class Hdf5Object {
  readonly #file: Hdf5File;
  /** Where it lies: the same for all links that lead to it. */
  readonly address: number;
  /** For messages: "/layers/dense". */
  readonly path: string;
  readonly #messages: readonly Message[];
  #links: Map<string, number> | undefined;

  constructor(file: Hdf5File, address: number, path: string) {
    this.#file = file;
    this.address = address;
    this.path = path;
    this.#messages = readHeader(file, address, path);
  }

  get isArray(): boolean {
    return this.#messages.some(({ type }) => type === LAYOUT);
  }

  get isGroup(): boolean {
    return (
      !this.isArray && this.#messages.some(({ type }) => type === SYMBOL_TABLE || type === LINK || type === LINK_INFO)
    );
  }

  /** Names of what a group holds, in the order of the file. */
  get names(): string[] {
    return [...this.#linked().keys()];
  }

  /** What lies at a path below this group, such as "layers/dense"; undefined where there is nothing. */
  get(path: string): Hdf5Object | undefined {
    const parts = path.split("/").filter((text) => text !== "");
    return parts.reduce<Hdf5Object | undefined>((object, part) => (object ? object.#child(part) : undefined), this);
  }

  /** What a group holds under a name. */
  #child(name: string): Hdf5Object | undefined {
    const address = this.isGroup ? this.#linked().get(name) : undefined;
    if (address === undefined) return undefined;
    return new Hdf5Object(this.#file, address, `${this.path === "/" ? "" : this.path}/${name}`);
  }

  /** An attribute's value; undefined where there is none of this name. */
  attribute(name: string): Hdf5Value | undefined {
    for (const { type, data } of this.#messages) {
      if (type === ATTRIBUTE_INFO) this.#refuseDense(data, "attributes");
      if (type !== ATTRIBUTE) continue;
      const found = readAttribute(this.#file, data, name, this.path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The numbers or texts of an array, in row-major order. */
  read(): Hdf5Value {
    const { name } = this.#file;
    const what = `${name}: array ${show(this.path)}`;
    const shape = readShape(this.#file, this.#message(DATASPACE), what);
    const type = readDataType(new ByteReader(this.#message(DATATYPE), what));
    const layout = readLayout(this.#file, this.#message(LAYOUT), what);
    const pipeline = this.#messages.find((message) => message.type === FILTERS);
    const filters = pipeline === undefined ? [] : readFilters(pipeline.data, what);
    const fill = this.#messages.find((message) => message.type === FILL);
    const unwritten = fill === undefined ? undefined : readFill(fill.data, what);
    const content = readContent(this.#file, { layout, filters, shape, size: type.size, unwritten }, what);
    return {
      data: decodeValues(this.#file, type, content, countElements(shape, this.#file.limits, what), what),
      shape,
    };
  }

  #message(type: number): Uint8Array {
    const message = this.#messages.find((candidate) => candidate.type === type);
    if (message !== undefined) return message.data;
    const kind = type === LAYOUT ? "layout" : type === DATATYPE ? "type" : "shape";
    throw malformed(this.#file.name, `${show(this.path)} has no ${kind}: it is no array`);
  }

  #linked(): Map<string, number> {
    if (this.#links !== undefined) return this.#links;
    const links = new Map<string, number>();
    for (const { type, data } of this.#messages) {
      if (type === SYMBOL_TABLE) readSymbolTable(this.#file, data, links);
      if (type === LINK) readLink(this.#file, data, links);
      if (type === LINK_INFO) this.#refuseDense(data, "links");
    }
    return (this.#links = links);
  }

  /** Many links or attributes may lie in a fractal heap, which files of h5py's and Keras's defaults do not have. */
  #refuseDense(data: Uint8Array, what: string): void {
    const reader = new ByteReader(data, this.#file.name);
    reader.take(1, what);
    const flags = reader.u8(what);
    // Counters of the order of creation: 8 bytes for links, 2 for attributes.
    if (flags & 1) reader.take(what === "links" ? 8 : 2, what);
    if (this.#file.address(reader, what) === undefined) return;
    throw new PropagoError(
      "ERR_UNSUPPORTED",
      `${this.#file.name}: the ${what} of ${show(this.path)} are stored in a fractal heap, which cannot be read; ` +
        "save the file again with h5py's default libver",
    );
  }
}

/** All messages of an object's header, continued blocks included. */
function readHeader(file: Hdf5File, address: number, path: string): Message[] {
  const what = `the header of ${show(path)}`;
  const reader = file.at(address, what);
  const messages: Message[] = [];
  const seen = new Set<number>();
  const follow = (data: Uint8Array, read: (block: ByteReader, address: number) => void) => {
    const place = new ByteReader(data, file.name);
    const at = file.address(place, what);
    const length = file.length(place, what);
    if (at === undefined || seen.has(at)) throw malformed(file.name, `${what} is continued in a circle`);
    seen.add(at);
    if (at + length > file.bytes.length)
      throw malformed(file.name, `${what} is continued at byte ${at}, behind the file`);
    read(new ByteReader(file.bytes, file.name, at, at + length), at);
  };
  const add = (type: number, flags: number, data: Uint8Array) => {
    within(messages.length, "tensors", file.limits, `${file.name}: the number of messages in ${what}`);
    if (flags & 2 && (type === DATATYPE || type === DATASPACE)) {
      throw new PropagoError(
        "ERR_UNSUPPORTED",
        `${file.name}: ${what} shares its type with others, which cannot be read`,
      );
    }
    messages.push({ type, data });
  };
  const isNew = reader.left >= 4 && String.fromCharCode(...file.bytes.subarray(address, address + 4)) === "OHDR";
  if (!isNew) {
    readOldHeader(reader, what, add, follow);
  } else {
    readNewHeader(file, reader, what, add, follow);
  }
  return messages;
}

type Add = (type: number, flags: number, data: Uint8Array) => void;
type Follow = (data: Uint8Array, read: (block: ByteReader, address: number) => void) => void;

function readOldHeader(reader: ByteReader, what: string, add: Add, follow: Follow): void {
  const version = reader.u8(what);
  if (version !== 1) throw malformed(reader.name, `${what} has version ${version}`);
  reader.take(1, what);
  let count = reader.u16(what);
  reader.take(4, what);
  const size = reader.u32(what);
  reader.take(4, what);
  const block = (messages: ByteReader) => {
    while (messages.left >= 8 && count > 0) {
      count--;
      const type = messages.u16(what);
      const length = messages.u16(what);
      const flags = messages.u8(what);
      messages.take(3, what);
      const data = messages.slice(length, what);
      if (type === CONTINUATION) follow(data, block);
      else add(type, flags, data);
    }
  };
  const begin = reader.take(size, what);
  block(new ByteReader(reader.bytes, reader.name, begin, begin + size));
}

function readNewHeader(file: Hdf5File, reader: ByteReader, what: string, add: Add, follow: Follow): void {
  reader.take(4, what);
  if (reader.u8(what) !== 2) throw malformed(reader.name, `${what} has an unknown version`);
  const flags = reader.u8(what);
  if (flags & 0x20) reader.take(16, what);
  if (flags & 0x10) reader.take(4, what);
  const width = 1 << (flags & 3);
  const size =
    width === 1 ? reader.u8(what) : width === 2 ? reader.u16(what) : width === 4 ? reader.u32(what) : reader.u64(what);
  const block = (messages: ByteReader) => {
    while (messages.left >= 4) {
      const type = messages.u8(what);
      const length = messages.u16(what);
      const own = messages.u8(what);
      if (flags & 4) messages.take(2, what);
      const data = messages.slice(length, what);
      if (type === CONTINUATION) {
        follow(data, (next, at) => {
          file.at(at, what, "OCHK");
          // Without the signature and the checksum behind.
          block(new ByteReader(next.bytes, next.name, at + 4, Math.max(at + 4, next.end - 4)));
        });
      } else {
        add(type, own, data);
      }
    }
  };
  const begin = reader.take(size, what);
  block(new ByteReader(reader.bytes, reader.name, begin, begin + size));
}

/** Links of an old group: a tree of blocks of symbols, whose names lie in a heap of the group's own. */
function readSymbolTable(file: Hdf5File, data: Uint8Array, links: Map<string, number>): void {
  const what = "a group's table";
  const place = new ByteReader(data, file.name);
  const tree = file.address(place, what);
  const heap = file.address(place, what);
  if (tree === undefined || heap === undefined) return;
  const head = file.at(heap, "a group's heap", "HEAP");
  head.take(4, what);
  const size = file.length(head, what);
  file.length(head, what);
  const begin = file.address(head, what);
  if (begin === undefined || begin + size > file.bytes.length)
    throw malformed(file.name, "a group's names lie behind the file");
  const names = file.bytes.subarray(begin, begin + size);
  forEachLeaf(file, tree, 0, (address) => {
    const block = file.at(address, "a block of links", "SNOD");
    block.take(2, what);
    for (let count = block.u16(what); count > 0; count--) {
      const name = textAt(names, file.offset(block, what), file.name);
      const target = file.address(block, what);
      const kind = block.u32(what);
      block.take(20, what);
      // A link by path (kind 2) leads to what has a place of its own.
      if (kind === 2 || target === undefined) continue;
      within(links.size + 1, "tensors", file.limits, `${file.name}: the number of links in a group`);
      links.set(name, target);
    }
  });
}

/** Calls for each leaf of a group's tree (version 1); no block is entered twice. */
function forEachLeaf(file: Hdf5File, root: number, kind: number, visit: (address: number) => void): void {
  const what = "a tree's block";
  const seen = new Set<number>();
  const enter = (address: number) => {
    if (seen.has(address)) throw malformed(file.name, `the block at byte ${address} belongs to a tree twice`);
    seen.add(address);
    const reader = file.at(address, what, "TREE");
    if (reader.u8(what) !== kind) throw malformed(file.name, `${what} at byte ${address} is of another kind`);
    const level = reader.u8(what);
    const count = reader.u16(what);
    file.address(reader, what);
    file.address(reader, what);
    for (let i = 0; i < count; i++) {
      file.length(reader, what);
      const child = file.address(reader, what);
      if (child === undefined) throw malformed(file.name, `${what} at byte ${address} leads nowhere`);
      if (level > 0) enter(child);
      else if (!seen.has(child)) {
        seen.add(child);
        visit(child);
      }
    }
  };
  enter(root);
}

function textAt(bytes: Uint8Array, at: number, name: string): string {
  const end = bytes.indexOf(0, at);
  if (at >= bytes.length || end < 0) throw malformed(name, `a link's name should lie at byte ${at} of its heap`);
  return new TextDecoder().decode(bytes.subarray(at, end));
}

/** A link of a new group. */
function readLink(file: Hdf5File, data: Uint8Array, links: Map<string, number>): void {
  const what = "a link";
  const reader = new ByteReader(data, file.name);
  if (reader.u8(what) !== 1) throw malformed(file.name, "a link has an unknown version");
  const flags = reader.u8(what);
  const type = flags & 8 ? reader.u8(what) : 0;
  if (flags & 4) reader.take(8, what);
  if (flags & 16) reader.take(1, what);
  const width = 1 << (flags & 3);
  const length =
    width === 1 ? reader.u8(what) : width === 2 ? reader.u16(what) : width === 4 ? reader.u32(what) : reader.u64(what);
  const name = new TextDecoder().decode(reader.slice(length, what));
  if (type !== 0) return;
  const target = file.address(reader, what);
  if (target !== undefined) links.set(name, target);
}

/** The sizes of an array; [] for a single value. */
function readShape(file: Hdf5File, data: Uint8Array, what: string): number[] {
  const reader = new ByteReader(data, what);
  const version = reader.u8("the shape");
  const rank = reader.u8("the shape");
  const flags = reader.u8("the shape");
  if (version !== 1 && version !== 2) throw malformed(what, `its shape has version ${version}`);
  const kind = version === 2 ? reader.u8("the shape") : 1;
  if (version === 1) reader.take(5, "the shape");
  if (version === 2 && kind === 2) return [0];
  if (flags > 3) throw malformed(what, "its shape has flags that do not exist");
  within(rank, "rank", file.limits, `${what}: the number of dimensions`);
  return Array.from({ length: rank }, () => file.length(reader, "the shape"));
}

/** The value of the attribute in a message if it has this name. */
function readAttribute(file: Hdf5File, data: Uint8Array, wanted: string, path: string): Hdf5Value | undefined {
  const reader = new ByteReader(data, file.name);
  const where = "an attribute";
  const version = reader.u8(where);
  if (version < 1 || version > 3) throw malformed(file.name, `an attribute of ${show(path)} has version ${version}`);
  const flags = reader.u8(where);
  const sizes = [reader.u16(where), reader.u16(where), reader.u16(where)];
  if (version === 3) reader.take(1, where);
  const [nameBytes, typeBytes, shapeBytes] = sizes.map((size) => {
    const part = reader.slice(size, where);
    // Version 1 fills each part up to a multiple of 8.
    if (version === 1) reader.take((8 - (size % 8)) % 8, where);
    return part;
  });
  const end = nameBytes.indexOf(0);
  const name = new TextDecoder().decode(end < 0 ? nameBytes : nameBytes.subarray(0, end));
  if (name !== wanted) return undefined;
  const what = `${file.name}: attribute ${show(name)} of ${show(path)}`;
  if (version > 1 && flags & 3) throw new PropagoError("ERR_UNSUPPORTED", `${what} shares its type with others`);
  const type: DataType = readDataType(new ByteReader(typeBytes, what));
  const shape = readShape(file, shapeBytes, what);
  const count = countElements(shape, file.limits, what);
  return { data: decodeValues(file, type, reader.slice(count * type.size, what), count, what), shape };
}
