// Reads and writes files for the command. It reads whole regular files. It replaces a file completely or not at all.
import { randomBytes } from "node:crypto";
import { accessSync, closeSync, constants, existsSync, fchmodSync, fstatSync, fsyncSync, lstatSync } from "node:fs";
import { openSync, readdirSync, readSync, realpathSync, renameSync } from "node:fs";
import { statSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { ioError } from "../files/disk.ts";
import { PropagoError } from "../ground/errors.ts";

/** A larger file does not fit into one JavaScript string. */
export const MAX_BYTES = 500_000_000;
/** Bytes of a stream that are read at once. */
const CHUNK = 1 << 20;

/**
 * Reads a whole regular file, or standard input for "-".
 * @param most the largest number of bytes allowed.
 * @throws PropagoError ERR_IO with the reason.
 */
export function readBytes(path: string, most = MAX_BYTES): Uint8Array {
  let descriptor: number | undefined;
  try {
    if (path === "-") return readStream(0, most);
    checkInput(path, most);
    // A pipe may have taken the file's place in the meantime. O_NONBLOCK keeps the call from waiting for its writer.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw noFile(path);
    return readStream(descriptor, most, path, stats.size);
  } catch (error) {
    throw ioError(error, `cannot read ${path}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Refuses a file that cannot be read. Commands call this before they do any work.
 * @throws PropagoError ERR_IO with the reason.
 */
export function checkInput(path: string, most = MAX_BYTES): void {
  if (path === "-") return;
  try {
    const { isFile, size } = describe(path);
    if (!isFile) throw noFile(path);
    if (size > most) throw tooLarge(path, size, most);
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw ioError(error, `cannot read ${path}`);
  }
}

function tooLarge(path: string, size: number, most: number): PropagoError {
  const megabytes = `it has ${Math.round(size / 1e6)} MB, the limit is ${Math.round(most / 1e6)} MB`;
  return new PropagoError("ERR_IO", `cannot read ${path}: ${megabytes}`);
}

function noFile(path: string): PropagoError {
  return new PropagoError("ERR_IO", `cannot read ${path}: it is no regular file; use - for standard input`);
}

/** A table's bytes, and its name in messages. */
interface NamedBytes {
  bytes: Uint8Array;
  name: string;
}

/**
 * Reads the file of a table, compressed with gzip or not.
 * @throws PropagoError as `readBytes`, and ERR_IO for a damaged archive or one that unpacks to too much.
 */
export function readTableFile(path: string): NamedBytes {
  return tableFile(readBytes(path), path);
}

/** As `readTableFile`, of bytes that have been read. */
export function tableFile(bytes: Uint8Array, path: string): NamedBytes {
  if (bytes.length > MAX_BYTES) throw tooLarge(path, bytes.length, MAX_BYTES);
  return { bytes: unpacked(bytes, path), name: path === "-" ? "standard input" : basename(path) };
}

/** The first bytes of a regular file, and how many there are; none of standard input, which is read once only. */
export function beginningOf(path: string): { begin: Uint8Array; size: number } {
  if (path === "-") return { begin: new Uint8Array(0), size: 0 };
  checkInput(path, Infinity);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const { size } = fstatSync(descriptor);
    const begin = new Uint8Array(4096);
    return { begin: begin.subarray(0, readSync(descriptor, begin)), size };
  } catch (error) {
    throw ioError(error, `cannot read ${path}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The bytes of a table's file, unpacked. */
export function tableBytes(path: string): Uint8Array {
  return readTableFile(path).bytes;
}

/**
 * Unpacks gzip data; other data stays as it is.
 * @param limit the largest number of bytes that may come out.
 */
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
 * Reads a file or a stream to its end.
 * @param limit the largest number of bytes that may come.
 * @param size how many are expected.
 * @throws PropagoError ERR_IO for more.
 */
export function readStream(descriptor: number, limit: number, name = "standard input", size = 0): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(Math.max(CHUNK, Math.min(size + 1 - length, 2 ** 30)));
    const count = readSome(descriptor, chunk);
    if (count === 0) break;
    length += count;
    if (length > limit) {
      throw new PropagoError("ERR_IO", `cannot read ${name}: it has more than the limit of ${limit / 1e6} MB`);
    }
    chunks.push(chunk.subarray(0, count));
  }
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length);
}

/** Reads the next bytes of a stream; gives 0 at its end. It waits while a terminal or a pipe has no bytes yet. */
function readSome(descriptor: number, chunk: Uint8Array): number {
  for (;;) {
    try {
      return readSync(descriptor, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      pause();
    }
  }
}

/**
 * Refuses a path to which the output cannot or must not be written. Commands call this before they do any work.
 * @throws PropagoError ERR_IO for an existing file without `force`, a folder, a file that is also read, and a folder in
 * which no file can be made.
 */
export function checkOutput(path: string, { inputs, force }: { inputs: readonly string[]; force: boolean }): void {
  try {
    const folder = describe(dirname(resolve(path)));
    if (!folder.isFolder) throw new PropagoError("ERR_IO", `cannot write ${path}: ${dirname(path)} is no folder`);
    const there = existsSync(path) ? describe(path) : undefined;
    if (there?.isFolder) throw new PropagoError("ERR_IO", `cannot write ${path}: it is a folder`);
    for (const input of there ? inputs : []) {
      if (input !== "-" && isSame(path, input)) {
        throw new PropagoError("ERR_IO", `cannot write ${path}: it is also the input; name another --out`);
      }
    }
    if (!force && isTaken(path)) throw taken(path);
    if (there && !there.isFile) accessSync(path, constants.W_OK);
    else tryFolder(there ? realpathSync(path) : resolve(path));
  } catch (error) {
    throw ioError(error, `cannot write ${path}`);
  }
}

/** Whether something exists at a path. A symbolic link without a target counts too. */
function isTaken(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function taken(path: string): PropagoError {
  const leadsNowhere = existsSync(path) ? "" : ", as a link that leads nowhere";
  const advice = "use --force to replace it, or name another --out";
  return new PropagoError("ERR_IO", `${path} exists already${leadsNowhere}; ${advice}`);
}

/** Creates a file next to the target and deletes it again. This finds a read-only folder before any work is done. */
function tryFolder(target: string): void {
  const temporary = temporaryFor(target);
  closeSync(openSync(temporary, "wx", 0o666));
  unlinkSync(temporary);
  // This throws if the file system does not accept the target's name.
  lstatSync(target, { throwIfNoEntry: false });
}

/** A file name next to the target that no other process uses. Process ids are reused, so random bytes follow. */
function temporaryFor(target: string): string {
  return join(dirname(target), `.${shortName(target)}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`);
}

/** The part of a target's name that its temporary files contain. Their names must not become too long. */
function shortName(target: string): string {
  return basename(target).slice(0, 40);
}

/** Deletes temporary files that killed processes have left next to the target, once they are an hour old. */
function removeLeftOvers(target: string): void {
  const begin = `.${shortName(target)}.`;
  for (const name of readdirSync(dirname(target))) {
    if (!name.startsWith(begin) || !/^\d+(\.[0-9a-f]{12})?\.tmp$/.test(name.slice(begin.length))) continue;
    const path = join(dirname(target), name);
    const { mtimeMs } = lstatSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Infinity };
    if (Date.now() - mtimeMs > 3_600_000) unlinkSync(path);
  }
}

/** Passes text or bytes on in pieces. */
type Content = (write: (piece: string | Uint8Array) => void) => void;

/**
 * Writes a file in such a way that either the old file or the complete new one exists at any moment: it writes a file
 * next to it, flushes that to the disk, and renames it.
 * @param content the text or bytes, or a function that gives them in pieces. Text that is too long for one string needs pieces.
 * @param force whether a file that has appeared at the path in the meantime may be replaced.
 * @param patience milliseconds after which a pipe is given up that nobody reads from.
 * @throws PropagoError ERR_IO with the reason; what was there before is untouched then.
 */
export function writeWhole(
  path: string,
  content: string | Uint8Array | Content,
  force = true,
  patience = PATIENCE,
): void {
  const pieces: Content = typeof content === "function" ? content : (write) => write(content);
  try {
    // A device or a pipe must not be replaced by a file.
    if (existsSync(path) && !describe(path).isFile) writeSpecial(path, pieces, patience);
    else replace(path, pieces, force);
  } catch (error) {
    throw ioError(error, `cannot write ${path}`);
  }
}

function replace(path: string, content: Content, force: boolean): void {
  const target = existsSync(path) ? realpathSync(path) : resolve(path);
  const temporary = temporaryFor(target);
  let descriptor: number | undefined;
  try {
    const opened = (descriptor = openSync(temporary, "wx", 0o666));
    content((piece) => writeAll(opened, piece));
    const old = statSync(target, { throwIfNoEntry: false });
    // Windows has no file modes.
    if (old && process.platform !== "win32") fchmodSync(descriptor, old.mode & 0o777);
    fsyncSync(descriptor);
    closeSync(descriptor);
    descriptor = undefined;
    if (!force && isTaken(path)) throw taken(path);
    renameSync(temporary, target);
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    if (existsSync(temporary)) unlinkSync(temporary);
    throw error;
  }
  // The new file is in place. If what follows fails, writing has still succeeded.
  quietly(() => syncFolder(dirname(target)));
  quietly(() => removeLeftOvers(target));
}

function quietly(work: () => void): void {
  try {
    work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/** Milliseconds after which a pipe is given up that nobody reads from. */
const PATIENCE = 10_000;

/** Writes to a device or a pipe. It does not wait for a reader for ever. */
function writeSpecial(path: string, content: Content, patience: number): void {
  const descriptor = patiently(path, patience, () => openSync(path, constants.O_WRONLY | (constants.O_NONBLOCK ?? 0)));
  try {
    content((piece) => writeAll(descriptor, piece, path, patience));
  } finally {
    closeSync(descriptor);
  }
}

function writeAll(descriptor: number, piece: string | Uint8Array, path = "", patience = PATIENCE): void {
  const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
  for (let done = 0; done < bytes.length;) done += patiently(path, patience, () => writeSync(descriptor, bytes, done));
}

/** Repeats work on a pipe for a while. A pipe refuses it until a reader has opened it, and while it is full. */
function patiently<R>(path: string, patience: number, work: () => R): R {
  for (const end = Date.now() + patience; ;) {
    try {
      return work();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENXIO" && code !== "EAGAIN") throw error;
      if (Date.now() > end) throw new PropagoError("ERR_IO", `cannot write ${path}: nobody reads from this pipe`);
      pause();
    }
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

/** Flushes a rename to the disk. Windows cannot open folders, and does not need this. */
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

/** Whether two paths lead to the same file, also through symbolic or hard links. */
function isSame(a: string, b: string): boolean {
  if (!existsSync(b)) return false;
  const [one, other] = [statSync(a), statSync(b)];
  return realpathSync(a) === realpathSync(b) || (one.ino !== 0 && one.ino === other.ino && one.dev === other.dev);
}
