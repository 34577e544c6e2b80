// The kinds of values in HDF5, and how their bytes become numbers or texts.
import { PropagoError } from "../ground/errors.ts";
import type { NumericArray } from "../ground/arrays.ts";
import { ByteReader, malformed } from "./bytes.ts";
import type { Limits } from "./limits.ts";
import { type NumberKind, decode } from "./tensor.ts";

/** What those who read values ask of the file. */
export interface Hdf5Source {
  readonly bytes: Uint8Array;
  readonly limits: Limits;
  /** Reads an address; undefined where it says that there is nothing. */
  address(reader: ByteReader, what: string): number | undefined;
  length(reader: ByteReader, what: string): number;
  /** A reader at an address, which must begin with these four letters where some are given. */
  at(address: number, what: string, signature?: string): ByteReader;
  /** The bytes of a text of any length, from where they are named. */
  heapObject(reader: ByteReader): Uint8Array;
  /** Counts bytes of values that are about to be read. */
  spend(count: number, what: string): void;
}

/** An array or an attribute: numbers or texts in row-major order; shape [] is a single one. */
export interface Hdf5Value {
  data: NumericArray | readonly string[];
  shape: readonly number[];
}

/** How one value lies in `size` bytes. */
export type DataType = { size: number } & (
  | { kind: "number"; number: NumberKind; littleEndian: boolean }
  | { kind: "fixedText" }
  | { kind: "text" }
  | { kind: "other"; name: string }
);

const CLASSES = ["integer", "float", "time", "text", "bit field", "opaque", "compound", "reference", "enumeration", "list", "array"]; // prettier-ignore

/** Floats by their bytes and the bits of their exponent. */
const FLOATS = new Map<string, NumberKind>([
  ["2,5", "F16"],
  ["2,8", "BF16"],
  ["4,8", "F32"],
  ["8,11", "F64"],
]);

/** Reads a datatype message; what cannot be read is named when its values are asked for. */
export function readDataType(reader: ByteReader): DataType {
  const what = "the type";
  const first = reader.u8(what);
  const flags = reader.u8(what);
  reader.take(2, what);
  const size = reader.u32(what);
  const kind = first & 15;
  if (size === 0) throw malformed(reader.name, "its type has values of no bytes");
  if (kind === 0) {
    const letter = flags & 8 ? "I" : "U";
    if ([1, 2, 4, 8].includes(size)) {
      return { size, kind: "number", number: `${letter}${8 * size}` as NumberKind, littleEndian: (flags & 1) === 0 };
    }
  }
  if (kind === 1) {
    reader.take(5, what);
    const exponent = reader.u8(what);
    const number = FLOATS.get(`${size},${exponent}`);
    if (number !== undefined && (flags & 0x40) === 0) {
      return { size, kind: "number", number, littleEndian: (flags & 1) === 0 };
    }
  }
  if (kind === 3) return { size, kind: "fixedText" };
  if (kind === 8) {
    // An enumeration, such as h5py's booleans, is the integers behind its names.
    const base = readDataType(reader);
    if (base.kind === "number" && base.size === size) return base;
  }
  if (kind === 9 && (flags & 15) === 1) return { size, kind: "text" };
  return { size, kind: "other", name: CLASSES[kind] ?? `class ${kind}` };
}

/** `count` values of a type. */
export function decodeValues(
  file: Hdf5Source,
  type: DataType,
  bytes: Uint8Array,
  count: number,
  what: string,
): NumericArray | readonly string[] {
  switch (type.kind) {
    case "number":
      return decode(type.number, bytes, type.littleEndian, what);
    case "fixedText":
      return Array.from({ length: count }, (_, i) => text(bytes.subarray(i * type.size, (i + 1) * type.size)));
    case "text": {
      const reader = new ByteReader(bytes, what);
      return Array.from({ length: count }, () => text(file.heapObject(reader)));
    }
    case "other":
      throw new PropagoError(
        "ERR_UNSUPPORTED",
        `${what} holds values of type ${type.name} (${type.size} bytes); integers, floats and texts can be read`,
      );
  }
}

/** A text up to its first zero. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
