// Writes small HDF5 files for tests of the reader: groups, attributes that are texts, arrays of float32. The newer of the
// two forms of object headers, which is shorter; checksums are left zero, since the reader does not look at them.
export interface Node {
  attributes?: Record<string, string | readonly string[]>;
  children?: Record<string, Node>;
  data?: readonly number[];
  shape?: readonly number[];
}

/** Gathers bytes, with addresses that are known once what they lead to has been written. */
class Writer {
  readonly bytes: number[] = [];

  push(...values: number[]): void {
    this.bytes.push(...values);
  }

  /** A number of `size` bytes, low byte first. */
  whole(value: number, size: number): void {
    for (let i = 0; i < size; i++) this.bytes.push(Math.floor(value / 256 ** i) % 256);
  }
}

function whole(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

const FLOAT32 = [0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];

function space(shape: readonly number[]): number[] {
  return [2, shape.length, 0, shape.length > 0 ? 1 : 0, ...shape.flatMap((size) => whole(size, 8))];
}

function attribute(name: string, value: string | readonly string[]): number[] {
  const texts = [value].flat().map((text) => new TextEncoder().encode(text));
  const width = Math.max(1, ...texts.map(({ length }) => length));
  const type = [0x13, 0, 0, 0, ...whole(width, 4)];
  const shape = space(typeof value === "string" ? [] : [texts.length]);
  const own = [...new TextEncoder().encode(name), 0];
  const sizes = [own.length, type.length, shape.length].flatMap((size) => whole(size, 2));
  const content = texts.flatMap((text) => [...text, ...new Array<number>(width - text.length).fill(0)]);
  return [3, 0, ...sizes, 0, ...own, ...type, ...shape, ...content];
}

/** An object's header and what belongs to it; gives its address. */
function writeObject(out: Writer, node: Node): number {
  const messages: [number, number[]][] = Object.entries(node.attributes ?? {}).map(([name, value]) => [
    12,
    attribute(name, value),
  ]);
  if (node.data !== undefined) {
    const address = out.bytes.length;
    out.push(...new Uint8Array(Float32Array.from(node.data).buffer));
    messages.push([1, space(node.shape ?? [node.data.length])], [3, FLOAT32]);
    messages.push([8, [3, 1, ...whole(address, 8), ...whole(4 * node.data.length, 8)]]);
  } else {
    // Says that links stand in the header.
    messages.push([2, [0, 0, ...new Array<number>(16).fill(255)]]);
  }
  for (const [name, child] of Object.entries(node.children ?? {})) {
    const address = writeObject(out, child);
    const text = [...new TextEncoder().encode(name)];
    messages.push([6, [1, 0, text.length, ...text, ...whole(address, 8)]]);
  }
  const at = out.bytes.length;
  const body = messages.flatMap(([type, data]) => [type, ...whole(data.length, 2), 0, ...data]);
  out.push(...[..."OHDR"].map((letter) => letter.charCodeAt(0)), 2, 2, ...whole(body.length, 4), ...body, 0, 0, 0, 0);
  return at;
}

export function writeHdf5(root: Node): Uint8Array {
  const out = new Writer();
  out.push(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 2, 8, 8, 0);
  out.whole(0, 8);
  out.push(...new Array<number>(8).fill(255));
  out.push(...new Array<number>(20).fill(0)); // the end, the root and a checksum: filled in below
  const address = writeObject(out, root);
  const bytes = Uint8Array.from(out.bytes);
  new DataView(bytes.buffer).setBigUint64(28, BigInt(bytes.length), true);
  new DataView(bytes.buffer).setBigUint64(36, BigInt(address), true);
  return bytes;
}
