// Where a table comes from: a path, a URL, a Blob, bytes, or a stream. Whatever it is, its bytes come piece by piece here,
// so that a large file need not fit into memory. Node's modules are asked for when they are needed, so that pages can
// take what imports this.
import { PropagoError, show } from "../ground/errors.ts";

/** A Blob or a File, of pages or of Node. */
export interface BlobSource {
  readonly size: number;
  readonly name?: string;
  stream(): StreamSource;
}

/** A stream of pages or of Node's `stream/web`. */
export interface StreamSource {
  getReader(): { read(): Promise<{ done: boolean; value?: unknown }>; cancel(reason?: unknown): Promise<unknown> };
}

/** What a table can be read from. A stream of Node is an async iterable of bytes. */
export type TableSource =
  | string
  | URL
  | BlobSource
  | StreamSource
  | Uint8Array
  | ArrayBufferLike
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>;

/** A source whose bytes can be asked for. */
export interface Pieces {
  /** How messages call it. */
  name: string;
  /** How many bytes there are, where that is known. */
  size?: number;
  /** The bytes, in order. Each call begins anew, unless the source can be read once only. */
  read(): AsyncIterable<Uint8Array>;
  /** Whether it can be read more than once. */
  isRepeatable: boolean;
}

/** Bytes of a file that are read at once. */
const PIECE = 1 << 20;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EISDIR: "it is a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EMFILE: "too many open files",
  ENOTDIR: "a part of the path is no folder",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "it is a symbolic link, or links lead in a circle",
};

/**
 * Makes a source of what a caller gave.
 * @throws PropagoError ERR_DATA for what is none.
 */
export function piecesOf(source: unknown, name?: string): Pieces {
  if (typeof source === "string" && !/^[a-z][a-z0-9+.-]+:\/\//i.test(source)) return ofPath(source, name);
  if (typeof source === "string" || isUrl(source)) return ofUrl(String(source), name);
  const bytes = bytesOf(source);
  if (bytes) return { name: name ?? "the table", size: bytes.length, read: () => once(bytes), isRepeatable: true };
  if (typeof source === "object" && source !== null) {
    if ("stream" in source && typeof source.stream === "function") {
      const blob = source as BlobSource;
      const own = name ?? (typeof blob.name === "string" ? blob.name : "the table");
      return { name: own, size: blob.size, read: () => ofStream(blob.stream(), own), isRepeatable: true };
    }
    const own = name ?? "the stream";
    const isStream = "getReader" in source && typeof source.getReader === "function";
    if (isStream || Symbol.asyncIterator in source || Symbol.iterator in source) {
      let isTaken = false;
      const read = () => {
        if (isTaken) throw new PropagoError("ERR_DATA", `${own} can be read once only; pass a path, a Blob or bytes`);
        isTaken = true;
        return isStream ? ofStream(source as StreamSource, own) : checked(source as AsyncIterable<unknown>, own);
      };
      return { name: own, read, isRepeatable: false };
    }
  }
  const expected = "a path, a URL, a Blob, bytes, or a stream of bytes";
  throw new PropagoError("ERR_DATA", `a table is read from ${expected}, got ${show(source)}`);
}

/** All the bytes of a source. @throws PropagoError ERR_DATA where there are more than `most`. */
export async function allBytes(source: Pieces, most = 2 ** 31 - 1): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of source.read()) {
    parts.push(piece);
    length += piece.length;
    if (length > most) throw tooLarge(source.name, most);
  }
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function tooLarge(name: string, most: number): PropagoError {
  return new PropagoError("ERR_DATA", `${name} has more than ${Math.round(most / 1e6)} MB, the limit for a file of its kind`); // prettier-ignore
}

function isUrl(source: unknown): boolean {
  return Object.prototype.toString.call(source) === "[object URL]";
}

function bytesOf(source: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  const kind = Object.prototype.toString.call(source);
  return kind === "[object ArrayBuffer]" || kind === "[object SharedArrayBuffer]" ? new Uint8Array(source as ArrayBuffer) : undefined; // prettier-ignore
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

async function* ofStream(stream: StreamSource, name: string): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield pieceOf(value, name);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function* checked(pieces: AsyncIterable<unknown> | Iterable<unknown>, name: string): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield pieceOf(piece, name);
}

function pieceOf(value: unknown, name: string): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(value);
  const bytes = bytesOf(value);
  if (bytes) return bytes;
  throw new PropagoError("ERR_DATA", `${name} gives ${show(value)}; expected bytes, as a Uint8Array`);
}

/** Node's modules for files; undefined in pages. */
function fileSystem() {
  const { process } = globalThis as Partial<typeof globalThis>;
  return process?.getBuiltinModule?.("node:fs");
}

function ofPath(path: string, name = path.split(/[/\\]/).at(-1) ?? path): Pieces {
  const fs = fileSystem();
  if (!fs) throw new PropagoError("ERR_IO", `cannot read ${path}: this host has no files; pass bytes, a Blob or a URL`);
  const failed = (error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof PropagoError || code === undefined) return error;
    return new PropagoError("ERR_IO", `cannot read ${path}: ${REASONS[code] ?? message}`, { cause: error });
  };
  let size: number;
  try {
    const stats = fs.statSync(path);
    if (stats.isDirectory()) throw new PropagoError("ERR_IO", `cannot read ${path}: it is a folder`);
    if (!stats.isFile()) throw new PropagoError("ERR_IO", `cannot read ${path}: it is no regular file; pass a stream of it`); // prettier-ignore
    size = stats.size;
  } catch (error) {
    throw failed(error);
  }
  async function* read(): AsyncGenerator<Uint8Array> {
    if (!fs) return;
    let handle;
    try {
      handle = await fs.promises.open(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
      for (;;) {
        const piece = new Uint8Array(PIECE);
        const { bytesRead } = await handle.read(piece, 0, PIECE);
        if (bytesRead === 0) return;
        yield piece.subarray(0, bytesRead);
      }
    } catch (error) {
      throw failed(error);
    } finally {
      await handle?.close();
    }
  }
  return { name, size, read, isRepeatable: true };
}

function ofUrl(url: string, name?: string): Pieces {
  if (url.startsWith("file:")) {
    const path = globalThis.process?.getBuiltinModule?.("node:url").fileURLToPath(url);
    if (path !== undefined) return ofPath(path, name);
  }
  const own = name ?? (decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "") || url);
  async function* read(): AsyncGenerator<Uint8Array> {
    let response;
    try {
      response = await fetch(url);
    } catch (cause) {
      throw new PropagoError("ERR_IO", `cannot read ${url}: ${(cause as Error).message}`, { cause });
    }
    if (!response.ok) throw new PropagoError("ERR_IO", `cannot read ${url}: the server answers ${response.status}`);
    if (response.body) yield* ofStream(response.body, own);
  }
  return { name: own, read, isRepeatable: true };
}

/** So many bytes may come out of a gzip file, whatever went in; above it, so many times what went in. */
const INFLATED = 500_000_000;
const INFLATION = 200;

/** The bytes with gzip taken off, where they are packed so. */
export async function* unpackedPieces(pieces: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const source = pieces[Symbol.asyncIterator]();
  try {
    let first = await source.next();
    while (!first.done && first.value.length < 2) {
      const more = await source.next();
      if (more.done) break;
      first = { done: false, value: joined([first.value, more.value]) };
    }
    if (first.done) return;
    const rest = (async function* () {
      yield first.value;
      for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
    })();
    if (first.value[0] === 0x1f && first.value[1] === 0x8b) yield* inflated(rest, name);
    else yield* rest;
  } finally {
    await source.return?.();
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function* inflated(pieces: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  let packed = 0;
  let failure: unknown;
  const writing = (async () => {
    try {
      for await (const piece of pieces) {
        packed += piece.length;
        await writer.write(piece as Uint8Array<ArrayBuffer>);
      }
      await writer.close();
    } catch (error) {
      failure = error;
      await writer.abort(error).catch(() => undefined);
    }
  })();
  writing.catch(() => undefined);
  const reader = readable.getReader();
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > Math.max(INFLATED, INFLATION * packed)) throw tooLarge(`what ${name} unpacks to`, INFLATED);
      yield value;
    }
    await writing;
  } catch (cause) {
    if (cause instanceof PropagoError) throw cause;
    if (failure instanceof PropagoError) throw failure;
    throw new PropagoError("ERR_IO", `cannot read ${name}: its gzip data is damaged (${(cause as Error).message})`, { cause }); // prettier-ignore
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
