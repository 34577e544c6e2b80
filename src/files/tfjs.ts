// TensorFlow.js layers models: model.json and files of weights, also quantized ones. Paths in model.json are checked
// before anybody follows them: they may only name files beside it.
import { PropagoError, show } from "../ground/errors.ts";
import { join, malformed, readBytes, utf8 } from "./bytes.ts";
import { type JsonObject, isObject, parseJson } from "./json.ts";
import { type FileModel, toNetwork } from "./keras-layers.ts";
import { type ForeignLayer, type NamedTensor, readTopology, textOf, unsupported } from "./keras-topology.ts";
import { type Limits, type ReadingOptions, limitsOf, within } from "./limits.ts";
import { NUMBER_BITS, type NumberKind, type Tensor, countElements, decode } from "./tensor.ts";

/** Files of weights by the path that model.json gives them. */
export type WeightFiles = ReadonlyMap<string, Uint8Array> | Readonly<Record<string, Uint8Array>>;

interface Group {
  paths: string[];
  weights: JsonObject[];
}

/**
 * The paths of the files of weights that a model.json names, in order; each is relative and stays within its folder, or
 * ERR_PATH. Read these files and hand them to `readTfjs` under the same paths.
 */
export function tfjsPaths(json: string | Uint8Array, options: ReadingOptions = {}): string[] {
  const { value, name, limits } = parse(json, options);
  return readManifest(value, name, limits).flatMap(({ paths }) => paths);
}

/** Reads a layers model. Layers that propago does not have are ERR_UNSUPPORTED, and named. */
export function readTfjs(json: string | Uint8Array, files: WeightFiles, options: ReadingOptions = {}): FileModel {
  const { value, name, limits } = parse(json, options);
  if (!isObject(value)) throw unsupported(name, "it lists weights only, without a model: readTfjsWeights reads those");
  const topology = isObject(value.modelTopology) ? value.modelTopology : undefined;
  if (value.format === "graph-model" || topology?.node !== undefined) {
    throw unsupported(name, "it is a graph model, in which the layers are gone; layers models can be read");
  }
  if (topology === undefined) throw unsupported(name, "it has no modelTopology: readTfjsWeights reads its weights");
  const weights = collect(value, files, name, limits);
  // From Keras's files the converter takes the whole model_config over.
  const model = readTopology(isObject(topology.model_config) ? topology.model_config : topology, name, limits);
  const training = [topology.training_config, value.trainingConfig].find(isObject);
  return toNetwork(model, {
    version: textOf(topology.keras_version),
    loss: training?.loss,
    optimizer: training?.optimizer_config,
    weightsOf: arraysByLayer(weights),
  });
}

/** All arrays that a model.json, or a manifest alone, lists: by name, dequantized. */
export function readTfjsWeights(
  json: string | Uint8Array,
  files: WeightFiles,
  options: ReadingOptions = {},
): Map<string, Tensor> {
  const { value, name, limits } = parse(json, options);
  return collect(value, files, name, limits);
}

function parse(json: string | Uint8Array, options: ReadingOptions): { value: unknown; name: string; limits: Limits } {
  const limits = limitsOf(options);
  const name = options.name ?? "model.json";
  const text = typeof json === "string" ? json : utf8(readBytes(json, options, name).bytes, name, "it");
  // A byte order mark is no part of JSON, yet some editors leave one.
  return { value: parseJson(text.replace(/^\ufeff/, ""), name, { depth: limits.jsonDepth }), name, limits };
}

function readManifest(value: unknown, name: string, limits: Limits): Group[] {
  const groups = Array.isArray(value) ? (value as unknown[]) : isObject(value) ? value.weightsManifest : undefined;
  if (!Array.isArray(groups)) throw malformed(name, "it has no weightsManifest, which lists the files of weights");
  let count = 0;
  return groups.map((group: unknown, i) => {
    const { paths, weights } = isObject(group) ? group : {};
    if (!Array.isArray(paths) || !Array.isArray(weights) || !weights.every(isObject)) {
      throw malformed(name, `weightsManifest[${i}] must have a list of paths and a list of weights`);
    }
    within((count += weights.length + paths.length), "tensors", limits, `${name}: the number of arrays and files`);
    for (const path of paths) checkPath(path, name);
    return { paths: paths as string[], weights };
  });
}

/** A path that could lead out of the model's folder, on a disk or in a URL, is ERR_PATH. */
function checkPath(path: unknown, name: string): void {
  if (typeof path !== "string" || path === "") throw malformed(name, `a weight path is ${show(path)}, expected a text`);
  const isOutside = path.split("/").includes("..") || /^[/~]|^[a-z][a-z0-9+.-]*:|[\\\0?#]|%(2e|2f|5c|00)/i.test(path);
  if (isOutside) throw new PropagoError("ERR_PATH", `${name}: weight path ${show(path)} leaves the model folder`);
}

function collect(value: unknown, files: WeightFiles, name: string, limits: Limits): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const { paths, weights } of readManifest(value, name, limits)) {
    const parts = paths.map((path) => fileOf(files, path, name));
    const bytes = parts.length === 1 ? parts[0] : join(parts);
    let at = 0;
    for (const entry of weights) {
      const what = `${name}: weight ${show(entry.name)}`;
      if (typeof entry.name !== "string") throw malformed(name, `the name of a weight is ${show(entry.name)}`);
      if (tensors.has(entry.name)) throw malformed(name, `two weights are named ${show(entry.name)}`);
      const { shape, kind, scale, least } = readEntry(entry, what);
      const size = (countElements(shape, limits, what) * NUMBER_BITS[kind]) / 8;
      if (at + size > bytes.length) {
        throw malformed(what, `it needs bytes ${at}..${at + size} of ${paths.join(" + ")}, which has ${bytes.length}`);
      }
      // Groups lie close together: decode copies where an address does not fit.
      const data = decode(kind, bytes.subarray(at, at + size), true, what);
      tensors.set(entry.name, { data: scale === undefined ? data : dequantized(data, scale, least), shape });
      at += size;
    }
    if (at !== bytes.length) {
      throw malformed(name, `${paths.join(" + ")} has ${bytes.length} bytes, its weights need ${at}`);
    }
  }
  return tensors;
}

function fileOf(files: WeightFiles, path: string, name: string): Uint8Array {
  const find = (key: string) => (files instanceof Map ? (files.get(key) as unknown) : Object.hasOwn(files, key) ? (files as Record<string, unknown>)[key] : undefined); // prettier-ignore
  const found = find(path) ?? find(path.replace(/^(\.\/)+/, ""));
  if (found === undefined) throw new PropagoError("ERR_IO", `${name}: the file of weights ${show(path)} is missing`);
  return readBytes(found, {}, path).bytes;
}

const KINDS = new Map<unknown, NumberKind>([
  ["float32", "F32"],
  ["int32", "I32"],
  ["bool", "BOOL"],
  ["uint8", "U8"],
]);

const QUANTIZED = new Map<unknown, NumberKind>([
  ["uint8", "U8"],
  ["uint16", "U16"],
  ["float16", "F16"],
]);

function readEntry(entry: JsonObject, what: string) {
  const { shape, dtype, quantization } = entry;
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)) {
    throw malformed(what, `its shape must be an array of whole numbers, got ${show(shape)}`);
  }
  const plain = KINDS.get(dtype);
  if (plain === undefined) {
    throw new PropagoError(
      "ERR_UNSUPPORTED",
      `${what} has dtype ${show(dtype)}; ${[...KINDS.keys()].join(", ")} can be read`,
    );
  }
  if (quantization === undefined || quantization === null) {
    return { shape: shape as number[], kind: plain, scale: undefined, least: 0 };
  }
  const { dtype: stored, scale, min } = isObject(quantization) ? quantization : {};
  const kind = QUANTIZED.get(stored);
  if (kind === undefined)
    throw malformed(what, `it is quantized to ${show(stored)}, expected uint8, uint16 or float16`);
  if (kind === "F16") return { shape: shape as number[], kind, scale: undefined, least: 0 };
  if (typeof scale !== "number" || typeof min !== "number" || !Number.isFinite(scale) || !Number.isFinite(min)) {
    throw malformed(what, `its quantization needs numbers scale and min, got ${show(scale)} and ${show(min)}`);
  }
  return { shape: shape as number[], kind, scale, least: min };
}

/** q scale + min in float64, rounded once, as TensorFlow.js computes it. */
function dequantized(data: Tensor["data"], scale: number, least: number): Float32Array {
  return Float32Array.from(data, (value) => value * scale + least);
}

/**
 * Finds a layer's arrays: "dense_1/kernel", also with scopes before or between, as converters have written them. The
 * names are taken apart once, since models may have many layers.
 */
function arraysByLayer(tensors: ReadonlyMap<string, Tensor>): (layer: ForeignLayer) => NamedTensor[] {
  const whole = new Map<string, NamedTensor[]>();
  const first = new Map<string, NamedTensor[]>();
  const last = new Map<string, NamedTensor[]>();
  for (const [key, tensor] of tensors) {
    const parts = key.split("/");
    if (parts.length < 2) continue;
    const name = parts[parts.length - 1].replace(/:\d+$/, "");
    const owners: [Map<string, NamedTensor[]>, string][] = [
      [whole, parts.slice(0, -1).join("/")],
      [first, parts[0]],
      [last, parts[parts.length - 2]],
    ];
    for (const [map, owner] of owners) {
      const own = map.get(owner);
      if (own === undefined) map.set(owner, [{ name, tensor }]);
      else own.push({ name, tensor });
    }
  }
  return ({ name }) => whole.get(name) ?? first.get(name) ?? last.get(name) ?? [];
}
