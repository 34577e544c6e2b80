// Files of arrays, whichever format they are in: NPY, NPZ, IDX, also in gzip. What a file is, its first bytes say.
import type { NumericArray } from "../ground/arrays.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { readBytes } from "./bytes.ts";
import { readIdx } from "./idx.ts";
import { gunzip, isGzip } from "./inflate.ts";
import { type ReadingOptions, limitsOf } from "./limits.ts";
import { type NpyArray, readNpy, readNpz } from "./npy.ts";
import { type FileSource, openSource } from "./opening.ts";
import type { Tensor } from "./tensor.ts";
import { isZip } from "./zip.ts";

/** What a file of arrays holds: numbers, or texts, in row-major order. */
export interface ReadArray {
  data: NumericArray | readonly string[];
  shape: readonly number[];
}

export interface ArrayOptions extends ReadingOptions {
  /** Of an NPZ file: the array's name. Not needed where it holds one. */
  array?: string;
}

/** What kind of file bytes are, as far as their beginning tells. */
export function kindOfArrays(bytes: Uint8Array): "npy" | "npz" | "idx" | undefined {
  if (bytes[0] === 0x93 && bytes[1] === 0x4e && bytes[2] === 0x55) return "npy";
  if (isZip(bytes)) return "npz";
  // IDX has no name in it: two zeros, a kind of number, and few dimensions.
  const [first, second, kind, rank] = bytes;
  if (first === 0 && second === 0 && kind >= 8 && kind <= 14 && rank >= 1 && rank <= 8) return "idx";
  return undefined;
}

/** All arrays of a file by their names; the only one of NPY and IDX is called "array". */
export function arraysOf(given: Uint8Array | ArrayBuffer, options: ReadingOptions = {}): Map<string, ReadArray> {
  const file = readBytes(given, options, "the file");
  const { name } = file;
  const bytes = isGzip(file.bytes) ? gunzip(file.bytes, name, limitsOf(options)) : file.bytes;
  const own = { ...options, name };
  switch (kindOfArrays(bytes)) {
    case "npy":
      return new Map([["array", readNpy(bytes, own)]]);
    case "npz":
      return readNpz(bytes, own);
    case "idx":
      return new Map([["array", readIdx(bytes, own)]]);
    default: {
      if (bytes.length === 0) throw new PropagoError("ERR_FORMAT", `${name} is empty; expected NPY, NPZ or IDX`);
      const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
      const problem = `${name} is no file of arrays: it begins with the bytes ${start}; NPY, NPZ and IDX can be read`;
      throw new PropagoError("ERR_FORMAT", problem);
    }
  }
}

/** One of a file's arrays: the one of this name, or the only one. */
export function arrayOf(arrays: ReadonlyMap<string, ReadArray>, name: string | undefined, file: string): ReadArray {
  const names = [...arrays.keys()];
  if (name === undefined && names.length === 1) return arrays.get(names[0]) as ReadArray;
  const found = name === undefined ? undefined : arrays.get(name);
  if (found !== undefined) return found;
  const there = names.length === 0 ? "it holds none" : `it holds ${names.map(show).join(", ")}`;
  const problem = name === undefined ? "say which array is meant" : `has no array ${show(name)}`;
  throw new PropagoError("ERR_DATA", `${file} ${name === undefined ? `holds several: ${problem}` : problem}; ${there}`);
}

/**
 * Reads an array from an NPY, NPZ or IDX file, also in gzip: `const { data, shape } = await readArray("images.idx3.gz")`.
 * Bytes stay bytes.
 * @throws (rejects with) PropagoError ERR_IO where the file cannot be read, ERR_FORMAT where it is malformed, ERR_UNSUPPORTED
 * for kinds that are no numbers, ERR_DATA for texts, or where the file has several arrays and none is named.
 */
export async function readArray(source: FileSource, options: ArrayOptions = {}): Promise<Tensor> {
  const { array, ...rest } = options;
  const { name, bytes } = await openSource(source, limitsOf(rest), rest.name);
  const { data, shape } = arrayOf(arraysOf(bytes, { ...rest, name }), array, name);
  if (isTexts(data)) throw new PropagoError("ERR_DATA", `${name} holds texts; readArrays gives them, for labels`);
  return { data, shape };
}

/** Reads all arrays of an NPZ file by their names; the only one of NPY and IDX is called "array". As `readArray`. */
export async function readArrays(source: FileSource, options: ReadingOptions = {}): Promise<Map<string, ReadArray>> {
  const { name, bytes } = await openSource(source, limitsOf(options), options.name);
  return arraysOf(bytes, { ...options, name });
}

export function isTexts(data: NpyArray["data"]): data is readonly string[] {
  return Array.isArray(data);
}
