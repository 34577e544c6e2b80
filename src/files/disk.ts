// Files on a disk, where the host is Node or like it: whole files in, and files that replace others completely or not at
// all. Node's modules are asked for when they are needed, so that pages and bundlers can take what imports this.
import { PropagoError } from "../ground/errors.ts";

/* eslint-disable @typescript-eslint/consistent-type-imports -- imports would reach pages and edge runtimes */
export interface Modules {
  fs: typeof import("node:fs");
  path: typeof import("node:path");
}
/* eslint-enable @typescript-eslint/consistent-type-imports */

/** Node's modules for files; undefined in pages and edge runtimes. */
function modules(): Modules | undefined {
  try {
    const { process } = globalThis as Partial<typeof globalThis>;
    const fs = process?.getBuiltinModule?.("node:fs");
    const path = process?.getBuiltinModule?.("node:path");
    return fs && path ? { fs, path } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether paths lead to files here. */
export function hasDisk(): boolean {
  return modules() !== undefined;
}

function needDisk(path: string): Modules {
  const found = modules();
  if (found !== undefined) return found;
  throw new PropagoError("ERR_IO", `cannot open ${path}: this host has no files; pass bytes, a Blob or a URL`);
}

const REASONS: Readonly<Record<string, string>> = {
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
  EEXIST: "there is a file of this name",
  EFBIG: "the file would be larger than is allowed here",
  EIO: "the disk does not answer",
  ELOOP: "it is a symbolic link, or links lead in a circle",
};

/** An error of the file system as ours, with the reason in words. */
export function ioError(error: unknown, what: string): unknown {
  if (error instanceof PropagoError) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (code === undefined) return error;
  return new PropagoError("ERR_IO", `${what}: ${REASONS[code] ?? message}`, { cause: error });
}

/**
 * The bytes of a regular file.
 * @throws PropagoError ERR_IO where it cannot be read, is larger than `most` bytes, or changes while it is read.
 */
export function readFileBytes(path: string, most: number): Uint8Array<ArrayBuffer> {
  const { fs } = needDisk(path);
  const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants;
  return reading(path, () => readOpened(path, fs.openSync(path, O_RDONLY | O_NONBLOCK), most).bytes);
}

/**
 * Does something with Node's modules for the files at `path`.
 * @throws PropagoError ERR_IO, which begins with what could not be done.
 */
export function withDisk<R>(path: string, what: string, work: (modules: Modules) => R): R {
  try {
    return work(needDisk(path));
  } catch (error) {
    throw ioError(error, `${what} ${path}`);
  }
}

function reading<R>(path: string, work: () => R): R {
  try {
    return work();
  } catch (error) {
    throw ioError(error, `cannot read ${path}`);
  }
}

/** Reads an open file to its end, and closes it. */
function readOpened(path: string, descriptor: number, most: number) {
  const { fs } = needDisk(path);
  try {
    const before = fs.fstatSync(descriptor);
    if (!before.isFile()) throw new PropagoError("ERR_IO", `cannot read ${path}: it is no regular file`);
    if (before.size > most) {
      throw new PropagoError("ERR_IO", `cannot read ${path}: it has ${before.size} bytes, the limit is ${most}`);
    }
    const bytes = new Uint8Array(before.size);
    let done = 0;
    // One call reads 2 GiB at most.
    while (done < bytes.length) {
      const count = fs.readSync(descriptor, bytes, done, Math.min(bytes.length - done, 2 ** 30), done);
      if (count === 0) break;
      done += count;
    }
    const after = fs.fstatSync(descriptor);
    if (done < bytes.length || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw new PropagoError("ERR_IO", `cannot read ${path}: it changed while it was read; try again`);
    }
    return { bytes, stats: after };
  } finally {
    fs.closeSync(descriptor);
  }
}

/** What a folder holds, by name, in an order that is the same everywhere. Names that begin with a dot are left out. */
export function listFolder(path: string): { name: string; path: string; isFolder: boolean }[] {
  const { fs, path: paths } = needDisk(path);
  return reading(path, () => {
    const names = fs.readdirSync(path).filter((name) => !name.startsWith("."));
    const own = names.map((name) => {
      const place = paths.join(path, name);
      return { name, path: place, isFolder: fs.statSync(place).isDirectory() };
    });
    return own.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  });
}

/**
 * The bytes of a file that another one names, as model.json names its weights. It must lie in the folder of that file:
 * its real place is compared, and no link of either kind is followed.
 * @throws PropagoError ERR_PATH for a file elsewhere or a link, ERR_IO where it cannot be read.
 */
export function readBeside(owner: string, name: string, most: number): Uint8Array<ArrayBuffer> {
  const { fs, path } = needDisk(owner);
  const where = `${path.basename(owner)}: weight path ${JSON.stringify(name)}`;
  return reading(name, () => {
    const folder = fs.realpathSync(path.dirname(path.resolve(owner)));
    const target = path.resolve(folder, name);
    if (!target.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)) {
      throw new PropagoError("ERR_PATH", `${where} leaves the model folder`);
    }
    if (fs.realpathSync(target) !== target) {
      throw new PropagoError("ERR_PATH", `${where} leads over a symbolic link; put the file itself there`);
    }
    const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = fs.constants;
    const { bytes, stats } = readOpened(target, fs.openSync(target, O_RDONLY | O_NONBLOCK | O_NOFOLLOW), most);
    if (stats.nlink > 1) {
      throw new PropagoError("ERR_PATH", `${where} is a hard link to a file with other names; put a copy there`);
    }
    return bytes;
  });
}

/**
 * Writes files in such a way that each is there completely or not at all: next to its place first, flushed to the disk,
 * and renamed. The last one is written when all others are in place.
 * @throws PropagoError ERR_IO; a file that was there before is as it was then.
 */
export function writeFiles(files: readonly (readonly [path: string, bytes: Uint8Array])[], force = true): void {
  for (const [path, bytes] of files) {
    const { fs } = needDisk(path);
    try {
      if (!force && fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
        throw new PropagoError("ERR_IO", `${path} exists already; force: true (--force) replaces it`);
      }
      replace(path, bytes);
    } catch (error) {
      throw ioError(error, `cannot write ${path}`);
    }
  }
}

function replace(path: string, bytes: Uint8Array): void {
  const { fs, path: paths } = needDisk(path);
  const old = fs.statSync(path, { throwIfNoEntry: false });
  // A device is written to; a file in its place would end it.
  if (old !== undefined && !old.isFile() && !old.isDirectory()) {
    fs.writeFileSync(path, bytes);
    return;
  }
  const target = old === undefined ? paths.resolve(path) : fs.realpathSync(path);
  const random = crypto.getRandomValues(new Uint8Array(6)).join("");
  const temporary = paths.join(paths.dirname(target), `.${paths.basename(target).slice(0, 40)}.${random}.tmp`);
  try {
    fs.writeFileSync(temporary, bytes, { flag: "wx", mode: old === undefined ? 0o666 : old.mode & 0o777, flush: true });
    fs.renameSync(temporary, target);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(paths.dirname(target));
}

/** Flushes a rename to the disk. The file is in place, so a system that cannot do this is no failure. */
function syncFolder(folder: string): void {
  const { fs } = needDisk(folder);
  try {
    const descriptor = fs.openSync(folder, "r");
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    // Windows opens no folders.
  }
}

/** The SHA-256 hash, in hexadecimal digits, of texts that `give` passes on; undefined in pages, which cannot tell at once. */
export function sha256(give: (update: (text: string) => void) => void): string | undefined {
  const hash = (globalThis as Partial<typeof globalThis>).process
    ?.getBuiltinModule?.("node:crypto")
    .createHash("sha256");
  if (hash === undefined) return undefined;
  give((text) => hash.update(text));
  return hash.digest("hex");
}
