// Files as the command reads and writes them: whole, regular, and replaced in one piece or not at all.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, readSync, realpathSync, renameSync } from "node:fs";
import { statSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { PropagoError } from "../ground/errors.ts";

/** A file that is larger cannot become one JavaScript string. */
const MAX_BYTES = 500_000_000;
/** How much of a stream is read at once. */
const CHUNK = 1 << 20;

const REASONS: Record<string, string> = {
  ENOENT: "no such file or folder",
  EISDIR: "it is a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EMFILE: "too many open files",
  ENOTDIR: "a part of the path is no folder",
  ENAMETOOLONG: "the name is too long",
};

/**
 * Reads a whole regular file, or standard input for "-".
 * @throws PropagoError ERR_IO with the reason.
 */
export function readBytes(path: string): Uint8Array {
  try {
    if (path === "-") return readStream(0, MAX_BYTES);
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever; so look first.
    const { isFile, size } = describe(path);
    if (!isFile)
      throw new PropagoError("ERR_IO", `cannot read ${path}: it is no regular file; use - for standard input`);
    if (size > MAX_BYTES) {
      const megabytes = `it has ${Math.round(size / 1e6)} MB, the limit is ${MAX_BYTES / 1e6} MB`;
      throw new PropagoError("ERR_IO", `cannot read ${path}: ${megabytes}`);
    }
    return readFileSync(path);
  } catch (error) {
    throw ioError(error, `cannot read ${path}`);
  }
}

/** A table's bytes, and how messages call it. */
export interface TableFile {
  bytes: Uint8Array;
  name: string;
}

/**
 * Reads the file of a table, compressed with gzip or not.
 * @throws PropagoError as `readBytes`, and ERR_IO for a damaged archive or one that unpacks to too much.
 */
export function readTableFile(path: string): TableFile {
  const bytes = readBytes(path);
  return { bytes: unpacked(bytes, path), name: path === "-" ? "standard input" : basename(path) };
}

/** @param limit the most bytes that may come out. */
export function unpacked(bytes: Uint8Array, path: string, limit = MAX_BYTES): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isLarge = code === "ERR_BUFFER_TOO_LARGE";
    const reason = isLarge ? `it unpacks to more than ${limit / 1e6} MB` : `its gzip data is damaged (${message})`;
    throw new PropagoError("ERR_IO", `cannot read ${path}: ${reason}`, { cause: error });
  }
}

/**
 * Reads a stream to its end.
 * @param limit the most bytes that may come.
 * @throws PropagoError ERR_IO for more.
 */
export function readStream(descriptor: number, limit: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const count = readSome(descriptor, chunk);
    if (count === 0) break;
    length += count;
    if (length > limit) {
      throw new PropagoError("ERR_IO", `cannot read standard input: it has more than the limit of ${limit / 1e6} MB`);
    }
    chunks.push(chunk.subarray(0, count));
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length);
}

/** The next bytes of a stream; 0 at its end. A terminal or pipe that has none yet is waited for. */
function readSome(descriptor: number, chunk: Uint8Array): number {
  for (;;) {
    try {
      return readSync(descriptor, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/**
 * Refuses, before any work is done, a place where the output cannot or must not go.
 * @throws PropagoError ERR_IO for an existing file without `force`, a folder, and a file that is also read.
 */
export function checkOutput(path: string, { inputs, force }: { inputs: readonly string[]; force: boolean }): void {
  try {
    const folder = describe(dirname(resolve(path)));
    if (!folder.isFolder) throw new PropagoError("ERR_IO", `cannot write ${path}: ${dirname(path)} is no folder`);
    if (!existsSync(path)) return;
    const there = describe(path);
    if (there.isFolder) throw new PropagoError("ERR_IO", `cannot write ${path}: it is a folder`);
    for (const input of inputs) {
      if (input !== "-" && isSame(path, input)) {
        throw new PropagoError("ERR_IO", `cannot write ${path}: it is also the input; name another --out`);
      }
    }
  } catch (error) {
    throw ioError(error, `cannot write ${path}`);
  }
  if (!force)
    throw new PropagoError("ERR_IO", `${path} exists already; use --force to replace it, or name another --out`);
}

/**
 * Writes a file so that there is at any moment the old one or the whole new one: a file beside it is written, brought
 * to the disk, and renamed.
 * @throws PropagoError ERR_IO with the reason; what was there before is untouched then.
 */
export function writeWhole(path: string, content: string): void {
  // A device or a pipe that stands there is not to be replaced by a file.
  const isSpecial = existsSync(path) && !describe(path).isFile;
  const target = existsSync(path) ? realpathSync(path) : resolve(path);
  const folder = dirname(target);
  const temporary = isSpecial ? target : join(folder, `.${basename(target)}.${process.pid}.tmp`);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(temporary, isSpecial ? "w" : "wx", 0o666);
    const bytes = Buffer.from(content);
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
    if (isSpecial) return;
    fsyncSync(descriptor);
    closeSync(descriptor);
    descriptor = undefined;
    renameSync(temporary, target);
    syncFolder(folder);
  } catch (error) {
    if (!isSpecial && existsSync(temporary)) unlinkSync(temporary);
    throw ioError(error, `cannot write ${path}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Brings a rename to the disk. Windows cannot open folders, and needs no such thing. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function describe(path: string): { isFile: boolean; isFolder: boolean; size: number } {
  const stats = statSync(path);
  return { isFile: stats.isFile(), isFolder: stats.isDirectory(), size: stats.size };
}

/** Whether two paths are one file, by links of either kind too. */
function isSame(a: string, b: string): boolean {
  if (!existsSync(b)) return false;
  const [one, other] = [statSync(a), statSync(b)];
  return realpathSync(a) === realpathSync(b) || (one.ino !== 0 && one.ino === other.ino && one.dev === other.dev);
}

function ioError(error: unknown, what: string): unknown {
  if (error instanceof PropagoError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new PropagoError("ERR_IO", `${what}: ${REASONS[code] ?? message}`, { cause: error });
}
