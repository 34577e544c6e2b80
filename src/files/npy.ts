// NumPy's files: NPY holds one array, NPZ several in a zip archive. The header is read by a grammar of its own, since it
// is a Python expression in the file; nothing is evaluated, and arrays of objects (pickles) are refused.
import { PropagoError, show } from "../ground/errors.ts";
import type { NumericArray } from "../ground/arrays.ts";
import { ByteReader, join, latin1, malformed, readBytes, utf8 } from "./bytes.ts";
import { type Limits, type ReadingOptions, limitsOf, within } from "./limits.ts";
import { type NumberKind, type WritableTensor, countElements, decode, shapeText } from "./tensor.ts";
import { openZip, writeZip } from "./zip.ts";

/** An array of numbers, or of texts, in row-major order. */
export interface NpyArray {
  data: NumericArray | readonly string[];
  shape: readonly number[];
  /** What the file says, such as "<f4". */
  dtype: string;
}

/** NumPy's letters and sizes of numbers, and the kind each is. */
const KINDS: Readonly<Record<string, NumberKind>> = {
  b1: "BOOL",
  u1: "U8",
  i1: "I8",
  u2: "U16",
  i2: "I16",
  u4: "U32",
  i4: "I32",
  u8: "U64",
  i8: "I64",
  f2: "F16",
  f4: "F32",
  f8: "F64",
};

const READABLE = "bool, integers, float16, float32, float64 and text can be read";

/** What a letter stands for that cannot be read. */
const OTHERS: Readonly<Record<string, string>> = {
  O: "an array of objects (a pickle), which could run code: save it as numbers with astype(float)",
  V: "a structured or raw array: save its columns one by one",
  c: "an array of complex numbers: save real and imaginary parts apart",
  M: "an array of dates: save it with astype('int64')",
  m: "an array of time spans: save it with astype('int64')",
};

/**
 * Reads an NPY file of format version 1, 2 or 3. Fortran order becomes row-major, high bytes first become low bytes
 * first, 64-bit integers float64 (ERR_RANGE beyond ±2⁵³). Where nothing has to be converted, `data` lies in the memory of
 * `bytes`. Malformed files are ERR_FORMAT, kinds that are no numbers ERR_UNSUPPORTED.
 */
export function readNpy(bytes: Uint8Array | ArrayBuffer, options: ReadingOptions = {}): NpyArray {
  const given = readBytes(bytes, options, "the NPY file");
  return readArray(given.bytes, given.name, limitsOf(options));
}

function readArray(bytes: Uint8Array, name: string, limits: Limits): NpyArray {
  if (bytes.length < 10) throw malformed(name, `it has ${bytes.length} bytes, an NPY file at least 10`);
  const reader = new ByteReader(bytes, name);
  if (latin1(reader.slice(6, "the file's kind")) !== "\x93NUMPY")
    throw malformed(name, "it does not begin as NPY does");
  const version = reader.u8("the version");
  const minor = reader.u8("the version");
  if (version < 1 || version > 3 || minor !== 0) {
    throw malformed(name, `its NPY version is ${version}.${minor}; 1.0, 2.0 and 3.0 can be read`);
  }
  const length = version === 1 ? reader.u16("the header's length") : reader.u32("the header's length");
  within(length, "headerBytes", limits, `${name}: the header's length`);
  const begin = reader.position;
  const text = reader.slice(length, "the header");
  const { descr, fortran, shape } = new HeaderParser(
    version === 3 ? utf8(text, name, "the header") : latin1(text),
    begin,
    name,
  ).parse();
  const { letter, size, littleEndian } = readDescr(descr, name);
  const count = countElements(shape, limits, name);
  const expected = count * size;
  if (reader.left !== expected) {
    throw malformed(
      name,
      `${reader.left} bytes follow the header, ${shapeText(shape)} of ${show(descr)} needs ${expected}`,
    );
  }
  const content = reader.slice(expected, "the data");
  const data =
    letter === "U" || letter === "S"
      ? decodeTexts(letter, content, count, size, littleEndian, name)
      : decode(KINDS[`${letter}${size}`], content, littleEndian, name);
  return { data: fortran ? rowMajor(data, shape) : data, shape, dtype: descr };
}

function readDescr(descr: string, name: string): { letter: string; size: number; littleEndian: boolean } {
  const match = /^([<>|=])([a-zA-Z?])(\d{0,9})$/.exec(descr);
  if (match === null) throw malformed(name, `its "descr" is ${show(descr)}, which is no dtype; ${READABLE}`);
  const [, order, letter, digits] = match;
  const number = Number(digits);
  if ((letter === "U" || letter === "S") && number === 0) throw malformed(name, "its texts have no room for a letter");
  const littleEndian = order !== ">";
  if (letter === "U") return { letter, size: 4 * number, littleEndian };
  if (letter === "S" || letter === "a") return { letter: "S", size: number, littleEndian };
  if (Object.hasOwn(KINDS, `${letter}${number}`)) return { letter, size: number, littleEndian };
  const other = Object.hasOwn(OTHERS, letter) ? OTHERS[letter] : `of dtype ${show(descr)}; ${READABLE}`;
  throw new PropagoError("ERR_UNSUPPORTED", `${name} is ${other}`);
}

/** Texts of a fixed length, padded with zeros: UTF-32 (U) or bytes (S), which must be UTF-8. */
function decodeTexts(
  letter: "U" | "S",
  bytes: Uint8Array,
  count: number,
  size: number,
  littleEndian: boolean,
  name: string,
): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: count }, (_, i) => {
    let end = (i + 1) * size;
    if (letter === "S") {
      while (end > i * size && bytes[end - 1] === 0) end--;
      return utf8(bytes.subarray(i * size, end), name, `text ${i}`);
    }
    while (end > i * size && view.getUint32(end - 4) === 0) end -= 4;
    let text = "";
    for (let at = i * size; at < end; at += 4) {
      const point = view.getUint32(at, littleEndian);
      if (point > 0x10ffff) throw malformed(name, `text ${i} holds the character ${point}, which does not exist`);
      text += String.fromCodePoint(point);
    }
    return text;
  });
}

/** The same array with its last dimension fastest, from one with its first dimension fastest. */
function rowMajor<A extends NumericArray | readonly string[]>(data: A, shape: readonly number[]): A {
  if (shape.length < 2 || data.length < 2) return data;
  const result = data.slice() as unknown as unknown[];
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape) {
    strides.push(stride);
    stride *= size;
  }
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from];
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d];
      if (++index[d] < shape[d]) break;
      from -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return result as unknown as A;
}

/** The header's grammar: a dictionary of descr (a text), fortran_order (True or False) and shape (a tuple), once each. */
class HeaderParser {
  readonly #text: string;
  readonly #begin: number;
  readonly #name: string;
  #at = 0;

  constructor(text: string, begin: number, name: string) {
    this.#text = text;
    this.#begin = begin;
    this.#name = name;
  }

  parse(): { descr: string; fortran: boolean; shape: number[] } {
    const fields = new Map<string, string | boolean | number[]>();
    this.#expect("{");
    while (!this.#accept("}")) {
      const key = this.#string();
      this.#expect(":");
      if (fields.has(key)) throw this.#bad(`${show(key)} a second time`);
      if (key === "descr") fields.set(key, this.#descr());
      else if (key === "fortran_order") fields.set(key, this.#flag());
      else if (key === "shape") fields.set(key, this.#tuple());
      else throw this.#bad(`the key ${show(key)}`);
      if (!this.#accept(",")) {
        this.#expect("}");
        break;
      }
    }
    this.#space();
    if (this.#at < this.#text.length) throw this.#bad("text behind its end");
    const missing = ["descr", "fortran_order", "shape"].find((key) => !fields.has(key));
    if (missing !== undefined) throw this.#bad(`no ${show(missing)}`);
    return {
      descr: fields.get("descr") as string,
      fortran: fields.get("fortran_order") as boolean,
      shape: fields.get("shape") as number[],
    };
  }

  #bad(problem: string): PropagoError {
    return malformed(this.#name, `its header has ${problem} at byte ${this.#begin + this.#at}`);
  }

  #space(): void {
    while (this.#at < this.#text.length && " \t\n\r".includes(this.#text[this.#at])) this.#at++;
  }

  #accept(token: string): boolean {
    this.#space();
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) throw this.#bad(`no ${show(token)} where one is expected`);
  }

  #string(): string {
    this.#space();
    const quote = this.#text[this.#at];
    const end = quote === "'" || quote === '"' ? this.#text.indexOf(quote, this.#at + 1) : -1;
    if (end < 0) throw this.#bad("no text in quotes where one is expected");
    const text = this.#text.slice(this.#at + 1, end);
    if (/[\\\n]/.test(text)) throw this.#bad(`the text ${show(text)}`);
    this.#at = end + 1;
    return text;
  }

  #descr(): string {
    this.#space();
    if (this.#text[this.#at] !== "[" && this.#text[this.#at] !== "(") return this.#string();
    throw new PropagoError("ERR_UNSUPPORTED", `${this.#name} is ${OTHERS.V}`);
  }

  #flag(): boolean {
    if (this.#accept("True")) return true;
    this.#expect("False");
    return false;
  }

  #tuple(): number[] {
    const sizes: number[] = [];
    this.#expect("(");
    while (!this.#accept(")")) {
      this.#space();
      // Python 2 wrote long numbers with an L.
      const match = /^(0|[1-9]\d{0,15})L?/.exec(this.#text.slice(this.#at, this.#at + 18));
      if (match === null) throw this.#bad("no size in its shape where one is expected");
      this.#at += match[0].length;
      sizes.push(Number(match[1]));
      if (this.#accept(",")) continue;
      if (sizes.length < 2) throw this.#bad("a shape that is no tuple");
      this.#expect(")");
      break;
    }
    return sizes;
  }
}

/** NumPy's dtype of each kind of array. */
const DTYPES: Readonly<Record<string, string>> = {
  Uint8Array: "|u1",
  Uint8ClampedArray: "|u1",
  Int8Array: "|i1",
  Uint16Array: "<u2",
  Int16Array: "<i2",
  Uint32Array: "<u4",
  Int32Array: "<i4",
  BigUint64Array: "<u8",
  BigInt64Array: "<i8",
  Float32Array: "<f4",
  Float64Array: "<f8",
};

/** An NPY file, byte by byte what `numpy.save` writes for the same array. Plain arrays of numbers become float64. */
export function writeNpy(tensor: WritableTensor): Uint8Array<ArrayBuffer> {
  const { shape } = tensor;
  const data = Array.isArray(tensor.data) ? Float64Array.from(tensor.data as number[]) : tensor.data;
  const kind = Object.prototype.toString.call(data).slice(8, -1);
  if (!Object.hasOwn(DTYPES, kind)) throw new PropagoError("ERR_DATA", `data must be a typed array, got ${show(data)}`);
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== data.length || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new PropagoError("ERR_SHAPE", `data has ${data.length} values, the shape ${shapeText(shape)} needs ${count}`);
  }
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  // NumPy leaves room in which the first size can grow to 20 digits while a file is appended to.
  const room = shape.length === 0 ? "" : " ".repeat(21 - String(shape[0]).length);
  const text = `{'descr': '${DTYPES[kind]}', 'fortran_order': False, 'shape': ${sizes}, }${room}`;
  const padded = `${text}${" ".repeat((64 - ((10 + text.length + 1) % 64)) % 64)}\n`;
  const header = new Uint8Array(10 + padded.length);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 255, padded.length >> 8]);
  for (let i = 0; i < padded.length; i++) header[10 + i] = padded.charCodeAt(i);
  const view = data as NumericArray;
  return join([header, new Uint8Array(view.buffer, view.byteOffset, view.byteLength)]);
}

/** Reads an NPZ file: its arrays by name, in the order of the archive. */
export function readNpz(bytes: Uint8Array | ArrayBuffer, options: ReadingOptions = {}): Map<string, NpyArray> {
  const given = readBytes(bytes, options, "the NPZ file");
  const limits = limitsOf(options);
  const archive = openZip(given.bytes, given.name, limits);
  const arrays = new Map<string, NpyArray>();
  for (const entry of archive.names) {
    if (!entry.endsWith(".npy")) {
      throw malformed(given.name, `its entry ${show(entry)} is no array: names of arrays end in ".npy"`);
    }
    arrays.set(
      entry.slice(0, -4),
      readArray(archive.read(entry), `${given.name}: array ${show(entry.slice(0, -4))}`, limits),
    );
  }
  return arrays;
}

/** An NPZ file as `numpy.savez` writes it, uncompressed; the same arrays give the same bytes. */
export function writeNpz(
  arrays: ReadonlyMap<string, WritableTensor> | Readonly<Record<string, WritableTensor>>,
): Uint8Array<ArrayBuffer> {
  const named =
    arrays instanceof Map ? (arrays as ReadonlyMap<string, WritableTensor>) : new Map(Object.entries(arrays));
  return writeZip(new Map(Array.from(named, ([name, array]) => [`${name}.npy`, writeNpy(array as WritableTensor)])));
}
