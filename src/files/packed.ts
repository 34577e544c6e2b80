// propago's own files of bytes: safetensors, in which each long array of numbers is an array of the file, and everything
// else is JSON in the metadata. Networks, estimators and the command's models are such values. Nothing in them is code.
import { describe } from "../description/description.ts";
import type { LayerDescription } from "../description/layer.ts";
import { tensorsOf } from "../description/tensors.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { readNetworkJSON } from "../network/json.ts";
import { malformed } from "./bytes.ts";
import { crc32 } from "./inflate.ts";
import { type JsonObject, isObject, parseJson } from "./json.ts";
import { type ReadingOptions, limitsOf } from "./limits.ts";
import {
  type Safetensors,
  type SafetensorsInput,
  type SafetensorsTensor,
  readSafetensors,
  writeSafetensors,
} from "./safetensors.ts";
import { shapeText } from "./tensor.ts";

/** What such a file holds: `Network.toJSON`, `Classifier.toJSON`, `Regressor.toJSON`, or a model of the command. */
export type PackedKind = "network" | "classifier" | "regressor" | "model";

const KINDS: readonly string[] = ["network", "classifier", "regressor", "model"] satisfies PackedKind[];
const VERSION = "1";
/** What stands in the JSON for an array of the file. */
const TENSOR = "$tensor";
/** Shorter arrays of numbers stay in the JSON. */
const LONG = 32;

/** A value of JSON as bytes. Arrays of numbers may be typed ones. The same value gives the same bytes. */
export function pack(kind: PackedKind, value: object): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, SafetensorsInput>();
  const content = JSON.stringify(lifted(value, "", tensors));
  const metadata = new Map([
    ["format", "propago"],
    ["kind", kind],
    ["version", VERSION],
    ["content", content],
  ]);
  // Models of the command are files that lie about for long; the others may be edited by tools that know safetensors.
  if (kind === "model") metadata.set("checksum", checksum(content, tensors));
  return writeSafetensors(tensors, metadata);
}

/** CRC-32 of the JSON and of all arrays in the order of their names. */
function checksum(content: string, tensors: ReadonlyMap<string, Pick<SafetensorsInput, "data">>): string {
  const names = [...tensors.keys()].sort();
  const sums = names.map((name) => {
    const { data } = tensors.get(name) as SafetensorsInput;
    return `${name}:${crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))}`;
  });
  return crc32(new TextEncoder().encode([content, ...sums].join("\n")))
    .toString(16)
    .padStart(8, "0");
}

/** The value with its long arrays in `tensors`, and their names in its place. */
function lifted(value: unknown, path: string, tensors: Map<string, SafetensorsInput>): unknown {
  if (Array.isArray(value)) {
    const numbers = numbersIn(value, path);
    return numbers === undefined ? value.map((item, i) => lifted(item, within(path, i), tensors)) : put(numbers, path);
  }
  if (ArrayBuffer.isView(value)) return put(value as Float64Array, path);
  if (!isObject(value)) return value;
  const isNetwork = value.format === "propago" && Array.isArray(value.weights);
  const entries = Object.entries(value).map(([key, item]) => {
    if (isNetwork && key === "weights") return [key, liftedWeights(value, path, tensors)];
    return [key, lifted(item, within(path, key), tensors)];
  });
  return Object.fromEntries(entries) as unknown;

  function put(numbers: Float64Array, name: string): JsonObject {
    // Numbers that float32 holds exactly take half of the room.
    const isSingle = numbers.every((number) => Object.is(Math.fround(number), number));
    tensors.set(name, { data: isSingle ? Float32Array.from(numbers) : numbers, shape: [numbers.length] });
    return { [TENSOR]: name };
  }
}

function within(path: string, key: string | number): string {
  return path === "" ? String(key) : `${path}.${key}`;
}

/** The numbers of a long array that holds nothing else. What an optimizer remembers may have -0 among them, as text. */
function numbersIn(values: readonly unknown[], path: string): Float64Array | undefined {
  const isNumber = (value: unknown) =>
    Number.isFinite(value) || (value === "-0" && /(^|\.)state\.remembered$/.test(path));
  return values.length >= LONG && values.every(isNumber) ? Float64Array.from(values, Number) : undefined;
}

/** A network's arrays by layer and kind: "dense_1.weights", with the shape that they have. */
function liftedWeights(network: JsonObject, path: string, tensors: Map<string, SafetensorsInput>): unknown {
  const { options, weights } = readNetworkJSON(network);
  const layers = describe(options).layers.filter((layer) => layer.weightRows > 0);
  return layers.map((layer, i) => {
    const own = weights[i] as unknown as Record<string, Float32Array | Float64Array>;
    const entries = [...shapesOf(layer)].map(([kind, shape]) => {
      const name = within(path, `${layer.name}.${kind}`);
      tensors.set(name, { data: own[kind], shape });
      return [kind, { [TENSOR]: name }];
    });
    return Object.fromEntries(entries) as unknown;
  });
}

/** A value out of one of our files of bytes. */
export interface Unpacked {
  kind: PackedKind;
  value: unknown;
}

/** The value in a file of bytes; undefined where it is a safetensors file that propago did not write. */
export function unpack(bytes: Uint8Array | ArrayBuffer, options: ReadingOptions = {}): Unpacked | undefined {
  const name = options.name ?? "the file";
  const file = readSafetensors(bytes, { ...options, name });
  const { metadata } = file;
  if (metadata.get("format") !== "propago") return undefined;
  const [kind, version, content] = ["kind", "version", "content"].map((key) => metadata.get(key));
  if (version !== VERSION) {
    const newer = Number(version) > Number(VERSION) ? "was made by a newer version of propago and " : "";
    throw malformed(name, `it ${newer}has format ${show(version)}; this version reads ${VERSION}: update propago`);
  }
  if (kind === undefined || !KINDS.includes(kind) || content === undefined) {
    throw malformed(name, `its metadata must have a kind (${KINDS.join(", ")}) and a content, got ${show(kind)}`);
  }
  if (kind === "model" && metadata.get("checksum") !== checksum(content, file.tensors)) {
    throw malformed(name, "the checksum does not match: it was damaged or edited; restore it from a copy");
  }
  const { jsonDepth } = limitsOf(options);
  const skeleton = parseJson(content, `${name}: "content"`, { depth: jsonDepth });
  const used = new Set<string>();
  const value = filledIn(skeleton, { name, file, used });
  const unused = [...file.tensors.keys()].filter((key) => !used.has(key));
  if (unused.length > 0) {
    const shown = unused.slice(0, 5).map(show).join(", ");
    throw malformed(name, `${unused.length} arrays belong to nothing in it: ${shown}${unused.length > 5 ? ", …" : ""}`);
  }
  return { kind: kind as PackedKind, value };
}

/** What a file of bytes says that it holds, without a look at the rest; undefined for other files. */
export function kindOf(bytes: Uint8Array): PackedKind | undefined {
  if (bytes.length < 16 || bytes[7] !== 0 || bytes[8] !== 0x7b) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true);
  const head = new TextDecoder("latin1").decode(bytes.subarray(8, 8 + length));
  // Within the content quotes have a backslash before them.
  const found = /"format":"propago","kind":"(\w+)"/.exec(head)?.[1];
  return KINDS.includes(found ?? "") ? (found as PackedKind) : undefined;
}

/** As `unpack`, of a file that must be of one kind. */
export function unpackKind(kind: PackedKind, bytes: Uint8Array | ArrayBuffer, options: ReadingOptions = {}): unknown {
  const name = options.name ?? "the bytes";
  const found = unpack(bytes, { ...options, name });
  if (found?.kind === kind) return found.value;
  const what = found === undefined ? "arrays that propago did not write" : `a ${found.kind}`;
  throw malformed(name, `expected a ${kind}, it holds ${what}`);
}

interface Filling {
  name: string;
  file: Safetensors;
  used: Set<string>;
}

/** The value with its arrays in their places. Those of networks stay typed, others become what JSON would have given. */
function filledIn(value: unknown, filling: Filling): unknown {
  if (Array.isArray(value)) return value.map((item) => filledIn(item, filling));
  if (!isObject(value)) return value;
  if (TENSOR in value) return Array.from(taken(value, filling).data);
  const isNetwork = value.format === "propago" && Array.isArray(value.weights);
  const entries = Object.entries(value).map(([key, item]) => {
    return [key, isNetwork && key === "weights" ? weightsOf(value, filling) : filledIn(item, filling)] as const;
  });
  const filled = Object.create(null) as JsonObject;
  for (const [key, item] of entries) filled[key] = item;
  return filled;
}

function weightsOf({ weights, format: _, version: _v, ...options }: JsonObject, filling: Filling): unknown {
  // What is no description of a network is refused by Network.fromJSON, in its own words.
  const layers = layersOf(options);
  return (weights as unknown[]).map((entry, i) => {
    if (!isObject(entry)) throw malformed(filling.name, "a network's weights must be objects of arrays");
    const shapes = layers[i] === undefined ? new Map<string, number[]>() : shapesOf(layers[i]);
    const fields = Object.entries(entry).map(([kind, place]) => {
      if (!isObject(place)) throw malformed(filling.name, `${kind} of a layer must be an array of the file`);
      const { data, shape, kind: numbers } = taken(place, filling);
      const what = `${filling.name}: array ${show(place[TENSOR])}`;
      if (!(data instanceof Float32Array || data instanceof Float64Array)) {
        throw new PropagoError("ERR_FORMAT", `${what} is of ${numbers}, expected F32 or F64`);
      }
      const expected = shapes.get(kind);
      if (expected !== undefined && shapeText(shape) !== shapeText(expected)) {
        const sizes = `${shapeText(shape)}, the model expects ${shapeText(expected)}`;
        throw new PropagoError("ERR_SHAPE", `${what} is ${sizes}`);
      }
      return [kind, data] as const;
    });
    return Object.fromEntries(fields);
  });
}

function layersOf(options: unknown): readonly LayerDescription[] {
  try {
    return describe(options).layers.filter((layer) => layer.weightRows > 0);
  } catch (error) {
    if (error instanceof PropagoError) return [];
    throw error;
  }
}

/** The shape of each array of a layer, by its kind: (inputs, units) for a dense layer's weights, else one a unit. */
function shapesOf(layer: LayerDescription): Map<string, number[]> {
  return new Map(
    tensorsOf(layer).map(({ kind, rows, columns }) => {
      return [kind, layer.spec.type === "dense" && kind === "weights" ? [rows, columns] : [columns]];
    }),
  );
}

/** The array that stands for `{ "$tensor": name }`; each belongs to one place. */
function taken(place: JsonObject, { name, file, used }: Filling): SafetensorsTensor {
  const key = place[TENSOR];
  if (typeof key !== "string" || Object.keys(place).length !== 1) {
    throw malformed(name, `an array of the file is named by ${show(key)}, expected one text`);
  }
  const tensor = file.tensors.get(key);
  if (tensor === undefined) throw malformed(name, `the array ${show(key)} is missing`);
  if (used.has(key)) throw malformed(name, `the array ${show(key)} stands for two`);
  used.add(key);
  return tensor;
}
