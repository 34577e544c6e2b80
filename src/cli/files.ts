// Files as the command reads and writes them: whole, regular, and replaced in one piece or not at all.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, realpathSync, renameSync } from "node:fs";
import { statSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseTable } from "../data/csv.ts";
import type { Table } from "../data/csv.ts";
import { PropagoError } from "../errors.ts";

/** A file that is larger cannot become one JavaScript string. */
const MAX_BYTES = 500_000_000;

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
    if (path === "-") return readFileSync(0);
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

/** Reads a table. @throws PropagoError as `readBytes` and `parseTable`. */
export function readTable(path: string, delimiter?: string): Table {
  return parseTable(readBytes(path), path === "-" ? "standard input" : basename(path), delimiter);
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
