// safetensors: an 8-byte length, a JSON header that says where each array lies, and the arrays. Written after the
// format's specification; every header that it forbids is refused, and so is what readers have disagreed about.
import { PropagoError, show } from "../ground/errors.ts";
import type { NumericArray } from "../ground/arrays.ts";
import { ByteReader, join, malformed, readBytes, utf8 } from "./bytes.ts";
import { isObject, parseJson } from "./json.ts";
import { type Limits, type ReadingOptions, limitsOf, within } from "./limits.ts";
import { type NumberKind, NUMBER_BITS, type Tensor, countElements, decode, shapeText } from "./tensor.ts";

export interface SafetensorsOptions extends ReadingOptions {
  /** Takes NaN and infinities in float arrays; without it the first one is ERR_NONFINITE. Default false. */
  allowNonFinite?: boolean;
}

export interface SafetensorsTensor extends Tensor {
  /** The kind in the file: "F32", "BF16", … */
  kind: NumberKind;
}

export interface Safetensors {
  /** By name, in the order in which they lie in the file. */
  tensors: Map<string, SafetensorsTensor>;
  metadata: Map<string, string>;
}

interface Place {
  name: string;
  kind: NumberKind;
  shape: readonly number[];
  begin: number;
  end: number;
}

/**
 * Reads a safetensors file. float16, bfloat16 and float8 become float32; 64-bit integers become float64, ERR_RANGE beyond
 * ±2⁵³. Arrays that need no conversion lie in the memory of `bytes`. A header that the specification forbids is
 * ERR_FORMAT, with the array or the byte at which it is wrong.
 */
export function readSafetensors(bytes: Uint8Array | ArrayBuffer, options: SafetensorsOptions = {}): Safetensors {
  const given = readBytes(bytes, options, "the safetensors file");
  const { name } = given;
  const limits = limitsOf(options);
  const { header, data } = readHeader(given.bytes, name, limits);
  const metadata = readMetadata(header.__metadata__, name);
  const names = Object.keys(header).filter((key) => key !== "__metadata__");
  within(names.length, "tensors", limits, `${name}: the number of arrays`);
  const places = names.map((key) => readPlace(key, header[key], name, limits));
  const tensors = new Map<string, SafetensorsTensor>();
  for (const { name: key, kind, shape, begin, end } of inOrder(places, data.length, name)) {
    const what = `${name}: array ${show(key)}`;
    const values = decode(kind, data.subarray(begin, end), true, what);
    if (!options.allowNonFinite) refuseNonFinite(values, what);
    tensors.set(key, { data: values, shape, kind });
  }
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array, name: string, limits: Limits) {
  if (bytes.length < 8) throw malformed(name, `it has ${bytes.length} bytes, a safetensors file at least 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const said = view.getBigUint64(0, true);
  if (said > BigInt(bytes.length - 8)) {
    throw malformed(
      name,
      `its first 8 bytes say that the header has ${said} bytes, ${bytes.length - 8} follow: it was cut off, or is no safetensors file`,
    );
  }
  const length = Number(said);
  within(length, "headerBytes", limits, `${name}: the header's length`);
  const reader = new ByteReader(bytes, name, 8);
  const text = utf8(reader.slice(length, "the header"), name, "the header");
  if (text[0] !== "{") throw malformed(name, 'byte 8 must be "{", with which a header begins');
  const header = parseJson(text, name, { depth: 3, wholeNumbers: true, offset: 8 });
  if (!isObject(header)) throw malformed(name, "the header must be a JSON object");
  return { header, data: bytes.subarray(reader.position) };
}

function readMetadata(value: unknown, name: string): Map<string, string> {
  if (value === undefined) return new Map();
  if (!isObject(value)) throw malformed(name, `"__metadata__" must be an object of texts, got ${show(value)}`);
  const bad = Object.entries(value).find(([, text]) => typeof text !== "string");
  if (bad) throw malformed(name, `"__metadata__" must hold texts, ${show(bad[0])} is ${show(bad[1])}`);
  return new Map(Object.entries(value) as [string, string][]);
}

function readPlace(key: string, value: unknown, name: string, limits: Limits): Place {
  const what = `${name}: array ${show(key)}`;
  if (!isObject(value)) throw malformed(what, `it must be described by an object, got ${show(value)}`);
  const { dtype, shape, data_offsets: offsets, ...rest } = value;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) throw malformed(what, `the key ${show(extra)} has no meaning there`);
  if (typeof dtype !== "string" || !Object.hasOwn(NUMBER_BITS, dtype)) {
    throw malformed(what, `its dtype is ${show(dtype)}, expected one of ${Object.keys(NUMBER_BITS).join(", ")}`);
  }
  const kind = dtype as NumberKind;
  if (!isWholes(shape)) throw malformed(what, `its shape must be an array of whole numbers, got ${show(shape)}`);
  if (!isWholes(offsets) || offsets.length !== 2) {
    throw malformed(what, `its data_offsets must be two whole numbers, got ${show(offsets)}`);
  }
  const [begin, end] = offsets;
  if (begin > end) throw malformed(what, `it ends at byte ${end} of the data, before it begins at ${begin}`);
  const needed = (countElements(shape, limits, what) * NUMBER_BITS[kind]) / 8;
  if (end - begin !== needed) {
    throw malformed(what, `${shapeText(shape)} of ${kind} needs ${needed} bytes, its data_offsets give ${end - begin}`);
  }
  return { name: key, kind, shape, begin, end };
}

function isWholes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === "number");
}

/** The arrays as they lie in the file, which they must fill without a hole, an overlap or a rest. */
function inOrder(places: Place[], length: number, name: string): Place[] {
  // Arrays of no bytes may begin where another does; the end decides then, and the header's order after that.
  const ordered = places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const place of ordered) {
    if (place.begin !== at) {
      const problem = place.begin > at ? "a hole before it" : "an overlap";
      throw malformed(
        name,
        `array ${show(place.name)} begins at byte ${place.begin} of the data, expected ${at}: ${problem}`,
      );
    }
    at = place.end;
  }
  if (at !== length) {
    throw malformed(
      name,
      `its arrays take ${at} bytes of data, the file has ${length}${at < length ? " (a rest)" : " (its end is missing)"}`,
    );
  }
  return ordered;
}

/** The first value that is no finite number is ERR_NONFINITE, by name and place. */
export function refuseNonFinite(values: NumericArray, what: string): void {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new PropagoError("ERR_NONFINITE", `${what}: value ${i} is ${values[i]} (allowNonFinite: true takes it)`);
  }
}

/** The kind in which each kind of array is written. */
const KINDS: Readonly<Record<string, NumberKind>> = {
  Uint8Array: "U8",
  Uint8ClampedArray: "U8",
  Int8Array: "I8",
  Uint16Array: "U16",
  Int16Array: "I16",
  Uint32Array: "U32",
  Int32Array: "I32",
  BigUint64Array: "U64",
  BigInt64Array: "I64",
  Float32Array: "F32",
  Float64Array: "F64",
};

/** Numbers to be written; without `kind`, as the array's own kind. "BOOL" is written from bytes. */
export interface SafetensorsInput {
  data: NumericArray | BigInt64Array | BigUint64Array;
  shape: readonly number[];
  kind?: "BOOL";
}

/**
 * A safetensors file. Wide numbers come first and names are in the order of their code units, so that the same arrays
 * give the same bytes whatever the order they are handed over in; data begin at a multiple of 8 bytes.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsInput> | Readonly<Record<string, SafetensorsInput>>,
  metadata: ReadonlyMap<string, string> | Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries = [...entriesOf(tensors)].map(([name, tensor]) => describe(name, tensor));
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  entries.sort((a, b) => NUMBER_BITS[b.kind] - NUMBER_BITS[a.kind] || order(a.name, b.name));
  // Built as text: an object would put keys that look like numbers first, and take "__proto__" for its prototype.
  const fields: string[] = [];
  const texts = [...entriesOf(metadata)].sort(([a], [b]) => order(a, b));
  for (const [key, text] of texts) {
    if (typeof text !== "string")
      throw new PropagoError("ERR_DATA", `metadata ${show(key)} must be a text, got ${show(text)}`);
  }
  if (texts.length > 0) {
    fields.push(
      `"__metadata__":{${texts.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`).join(",")}}`,
    );
  }
  let at = 0;
  for (const { name, kind, shape, bytes } of entries) {
    const place = `{"dtype":"${kind}","shape":[${shape.join(",")}],"data_offsets":[${at},${at + bytes.length}]}`;
    fields.push(`${JSON.stringify(name)}:${place}`);
    at += bytes.length;
  }
  const plain = new TextEncoder().encode(`{${fields.join(",")}}`);
  if (plain.length > 100_000_000)
    throw new PropagoError("ERR_DATA", "the header is longer than safetensors allows (100 MB)");
  const header = new Uint8Array(8 + Math.ceil(plain.length / 8) * 8).fill(32);
  header.set(plain, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  return join([header, ...entries.map(({ bytes }) => bytes)]);
}

function entriesOf<T>(values: ReadonlyMap<string, T> | Readonly<Record<string, T>>): Iterable<[string, T]> {
  return values instanceof Map
    ? (values as ReadonlyMap<string, T>)
    : Object.entries(values as Readonly<Record<string, T>>);
}

function describe(name: string, { data, shape, kind: asked }: SafetensorsInput) {
  const array = Object.prototype.toString.call(data).slice(8, -1);
  const what = `array ${show(name)}`;
  if (name === "__metadata__") throw new PropagoError("ERR_DATA", `an array cannot be named "__metadata__"`);
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(name)) {
    throw new PropagoError("ERR_DATA", `${what} has a name with half of a character, which is no text`);
  }
  if (!Object.hasOwn(KINDS, array))
    throw new PropagoError("ERR_DATA", `${what} must be a typed array, got ${show(data)}`);
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== data.length || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new PropagoError(
      "ERR_SHAPE",
      `${what} has ${data.length} values, its shape ${shapeText(shape)} needs ${count}`,
    );
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (asked === "BOOL" && !(KINDS[array] === "U8" && bytes.every((byte) => byte < 2))) {
    throw new PropagoError("ERR_DATA", `${what} must hold the bytes 0 and 1 to be written as BOOL`);
  }
  return { name, kind: asked ?? KINDS[array], shape, bytes };
}
