// Where the bytes of files come from: a path, a URL, a Blob, bytes, or several files that belong together. Each becomes a
// name and bytes; a file that names others gets at those that lie beside it, and at no others.
import { PropagoError, show } from "../ground/errors.ts";
import { readBytes } from "./bytes.ts";
import { hasDisk, readBeside, readFileBytes } from "./disk.ts";
import type { Limits } from "./limits.ts";

/** A Blob or a File of a page, or what has their methods. */
export interface BlobLike {
  /** Of a File. */
  readonly name?: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A URL object. */
export interface URLLike {
  readonly href: string;
}

/**
 * A path (in a page a URL relative to it), a URL, a Blob or File, bytes, or the files of one model, of which the first that
 * names others is the model.
 */
export type FileSource = string | URLLike | BlobLike | Uint8Array | ArrayBuffer;

/** A file that was read. */
export interface OpenedFile {
  /** As messages call it. */
  name: string;
  bytes: Uint8Array;
  /** The bytes of a file that this one names. @throws (rejects with) PropagoError ERR_PATH, ERR_IO. */
  beside(path: string): Promise<Uint8Array>;
}

/**
 * Reads a file.
 * @throws (rejects with) PropagoError ERR_IO where it cannot be read, ERR_DATA for what is no file.
 */
export async function openSource(source: FileSource, limits: Limits, name?: string): Promise<OpenedFile> {
  const { fileBytes: most } = limits;
  if (isURL(source)) return fromURL(source.href, most, name);
  if (typeof source === "string") {
    if (/^(https?|blob|data|file):/i.test(source)) return fromURL(source, most, name);
    return hasDisk() ? fromDisk(source, most, name) : fromURL(absolute(source), most, name);
  }
  if (isBlob(source)) {
    const own = name ?? source.name ?? "the Blob";
    if (source.size > most) throw tooLarge(own, source.size, most);
    return { name: own, bytes: new Uint8Array(await source.arrayBuffer()), beside: nothingBeside(own) };
  }
  const given = readBytes(source, { name, limits }, "the file");
  return { ...given, beside: nothingBeside(given.name) };
}

/** The files of one model: each by its name, without the folders before it. */
export async function openFiles(files: readonly BlobLike[], limits: Limits): Promise<OpenedFile[]> {
  const opened = await Promise.all(files.map((file) => openSource(file, limits)));
  const byName = new Map(opened.map(({ name, bytes }) => [lastPart(name), bytes]));
  return opened.map(({ name, bytes }) => ({
    name,
    bytes,
    beside: async (path) => byName.get(lastPart(path)) ?? (await nothingBeside(name)(path)),
  }));
}

function isURL(source: unknown): source is URLLike {
  return typeof source === "object" && source !== null && typeof (source as URLLike).href === "string";
}

function isBlob(source: unknown): source is BlobLike {
  return typeof source === "object" && source !== null && typeof (source as BlobLike).arrayBuffer === "function";
}

export function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

function nothingBeside(name: string): (path: string) => Promise<Uint8Array> {
  return (path) => {
    const problem = `${name}: the file of weights ${show(path)} is missing; pass all files of the model, or its path`;
    return Promise.reject(new PropagoError("ERR_IO", problem));
  };
}

function fromDisk(path: string, most: number, name = lastPart(path)): OpenedFile {
  const bytes = readFileBytes(path, most);
  return { name, bytes, beside: (other) => Promise.resolve().then(() => readBeside(path, other, most)) };
}

/** The URL of something that is named relative to the page. */
function absolute(source: string): string {
  const base = (globalThis as { location?: { href?: string } }).location?.href;
  try {
    return new URL(source, base).href;
  } catch (cause) {
    throw new PropagoError("ERR_IO", `cannot open ${show(source)}: it is no URL`, { cause });
  }
}

async function fromURL(href: string, most: number, name?: string): Promise<OpenedFile> {
  const url = new URL(href);
  if (url.protocol === "file:") return fromDisk(pathOf(url), most, name);
  const own = name ?? (/^https?:$/.test(url.protocol) ? lastPart(url.pathname) || href : `the ${url.protocol} URL`);
  const bytes = await fetched(url, most, own);
  const folder = new URL(".", url).href;
  return {
    name: own,
    bytes,
    beside: async (path) => {
      const other = /^https?:$/.test(url.protocol) ? new URL(path, folder) : undefined;
      if (other === undefined) return nothingBeside(own)(path);
      if (!other.href.startsWith(folder)) {
        throw new PropagoError("ERR_PATH", `${own}: weight path ${show(path)} leaves the model folder`);
      }
      // A signed or versioned address goes for all files of the folder.
      if (other.search === "") other.search = url.search;
      return fetched(other, most, lastPart(path), folder);
    },
  };
}

function pathOf(url: URL): string {
  const path = decodeURIComponent(url.pathname);
  return /^\/[a-z]:/i.test(path) ? path.slice(1) : path;
}

/** The bytes at a URL; where `folder` is given, a redirection may not lead out of its origin. */
async function fetched(url: URL, most: number, name: string, folder?: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new PropagoError("ERR_IO", `cannot read ${name}: it cannot be fetched (${String(cause)})`, { cause });
  }
  if (!response.ok) throw new PropagoError("ERR_IO", `cannot read ${name}: the server answers ${response.status}`);
  if (folder !== undefined && response.url !== "" && new URL(response.url).origin !== new URL(folder).origin) {
    throw new PropagoError("ERR_PATH", `${name} is redirected to another origin than the model's`);
  }
  const said = Number(response.headers.get("content-length") ?? 0);
  if (said > most) throw tooLarge(name, said, most);
  try {
    return await collected(response, most, name);
  } catch (cause) {
    if (cause instanceof PropagoError) throw cause;
    throw new PropagoError("ERR_IO", `cannot read ${name}: ${String(cause)}`, { cause });
  }
}

/** A response's bytes, as far as the limit goes: what a server says of their number may be wrong. */
async function collected(response: Response, most: number, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (let step = await reader?.read(); step?.done === false; step = await reader?.read()) {
    length += step.value.length;
    if (length > most) {
      await reader?.cancel();
      throw tooLarge(name, length, most);
    }
    parts.push(step.value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function tooLarge(name: string, size: number, most: number): PropagoError {
  const advice = "raise limits.fileBytes where it can be trusted";
  return new PropagoError("ERR_IO", `cannot read ${name}: it has ${size} bytes, the limit is ${most} (${advice})`);
}
