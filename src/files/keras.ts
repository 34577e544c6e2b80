// Keras's files: .keras, a zip archive of config.json and weights in HDF5, and .h5, where both stand in HDF5. Nothing in
// them is run: layers that hold code are refused.
import { show } from "../ground/errors.ts";
import { malformed, readBytes, utf8 } from "./bytes.ts";
import { Hdf5File, type Hdf5Object, isHdf5 } from "./hdf5.ts";
import { type JsonObject, isObject, parseJson } from "./json.ts";
import { type FileModel, type Surroundings, toNetwork } from "./keras-layers.ts";
import {
  type ForeignLayer,
  type ForeignModel,
  type NamedTensor,
  readTopology,
  textOf,
  unsupported,
} from "./keras-topology.ts";
import { type Limits, type ReadingOptions, limitsOf, within } from "./limits.ts";
import type { Tensor } from "./tensor.ts";
import { isZip, openZip } from "./zip.ts";

/** What a layer keeps, by the path that the file gives each array. */
export interface KerasWeights {
  layer: string;
  path: string;
  tensor: Tensor;
}

export interface KerasOptions extends ReadingOptions {
  /** The model as `model.to_json()` gives it, for files of `save_weights`, which hold weights only. */
  topology?: string;
}

interface Opened {
  model: ForeignModel;
  around: Surroundings;
  /** All arrays of a layer by path. */
  pathsOf: (layer: ForeignLayer) => readonly (NamedTensor & { path: string })[];
}

/**
 * Reads a model of Keras: `.keras` (versions 2.12 to 3) or `.h5` (versions 1 to 3). Layers that propago does not have are
 * ERR_UNSUPPORTED, and named; what can be left out without changing predictions is said in `notes`.
 */
export function readKeras(bytes: Uint8Array | ArrayBuffer, options: KerasOptions = {}): FileModel {
  const { model, around } = open(bytes, options);
  return toNetwork(model, around);
}

/** All weights of a model's layers, also of layers that propago does not have. */
export function readKerasWeights(bytes: Uint8Array | ArrayBuffer, options: KerasOptions = {}): KerasWeights[] {
  const { model, pathsOf } = open(bytes, options);
  return model.all.flatMap((layer) => pathsOf(layer).map(({ path, tensor }) => ({ layer: layer.name, path, tensor })));
}

function open(bytes: Uint8Array | ArrayBuffer, options: KerasOptions): Opened {
  const given = readBytes(bytes, options, "the Keras file");
  const limits = limitsOf(options);
  const { name } = given;
  if (given.bytes.length === 0) throw malformed(name, "it has 0 bytes");
  if (isZip(given.bytes)) return openArchive(given.bytes, name, limits);
  if (isHdf5(given.bytes)) return openHdf5(given.bytes, name, limits, options.topology);
  throw malformed(name, "it is neither a .keras archive (zip) nor an HDF5 file");
}

function parse(text: string, name: string, limits: Limits): JsonObject {
  const value = parseJson(text, name, { depth: limits.jsonDepth });
  if (!isObject(value)) throw malformed(name, "a JSON object is expected");
  return value;
}

function openArchive(bytes: Uint8Array, name: string, limits: Limits): Opened {
  const archive = openZip(bytes, name, limits);
  const entryText = (entry: string) => utf8(archive.read(entry), `${name}: ${entry}`, "it");
  const config = parse(entryText("config.json"), `${name}: config.json`, limits);
  const metadata = archive.has("metadata.json")
    ? parse(entryText("metadata.json"), `${name}: metadata.json`, limits)
    : {};
  const model = readTopology(config, name, limits);
  const weights = new Hdf5File(archive.read("model.weights.h5"), `${name}: model.weights.h5`, limits);
  const compiled = isObject(config.compile_config) ? config.compile_config : {};
  const layers = weights.root.get("layers") ?? weights.root.get("_layer_checkpoint_dependencies");
  const places = placesOf(model.all);
  const pathsOf = (layer: ForeignLayer) => {
    const place = layers?.isGroup ? (layers.get(places.get(layer) as string) ?? layers.get(layer.name)) : undefined;
    return place === undefined ? [] : arraysBelow(place, name, limits);
  };
  const around = {
    version: textOf(metadata.keras_version),
    loss: compiled.loss,
    optimizer: compiled.optimizer,
    weightsOf: pathsOf,
  };
  return { model, around, pathsOf };
}

/**
 * The name under which Keras 3 stores each layer's weights: that of its class, counted up among layers of one class. The
 * layer's own name may be another.
 */
function placesOf(layers: readonly ForeignLayer[]): Map<ForeignLayer, string> {
  const counts = new Map<string, number>();
  return new Map(
    layers.map((layer) => {
      const base = snakeCase(layer.kind);
      const count = counts.get(base) ?? 0;
      counts.set(base, count + 1);
      return [layer, count === 0 ? base : `${base}_${count}`];
    }),
  );
}

/** LeakyReLU becomes leaky_re_lu, Conv2D conv2d, as Keras makes names of classes. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** All arrays of numbers below a group, with those of the group itself first. */
function arraysBelow(root: Hdf5Object, name: string, limits: Limits): (NamedTensor & { path: string })[] {
  const found: (NamedTensor & { path: string })[] = [];
  // Links may lead in a circle, and to one array many times.
  const visited = new Set<number>();
  const visit = (object: Hdf5Object, depth: number) => {
    if (visited.has(object.address)) return;
    visited.add(object.address);
    within(visited.size, "tensors", limits, `${name}: the number of arrays and groups`);
    if (object.isArray) {
      const { data, shape } = object.read();
      if (data.length > 0 && typeof data[0] === "string") return;
      found.push({
        name: object.path.slice(object.path.lastIndexOf("/") + 1),
        path: object.path,
        tensor: { data, shape } as Tensor,
      });
      return;
    }
    // No layer has groups so deep.
    if (!object.isGroup || depth > 8) return;
    const names = object.names.sort((a, b) => (a.length === b.length ? (a < b ? -1 : 1) : a.length - b.length));
    for (const child of names) {
      const next = object.get(child);
      if (next !== undefined) visit(next, depth + 1);
    }
  };
  visit(root, 0);
  return found;
}

function openHdf5(bytes: Uint8Array, name: string, limits: Limits, given: string | undefined): Opened {
  const file = new Hdf5File(bytes, name, limits);
  const { root } = file;
  const attributeText = (attribute: string) => {
    const value = root.attribute(attribute)?.data[0];
    return typeof value === "string" ? value : undefined;
  };
  const text = given ?? attributeText("model_config");
  if (text === undefined) {
    throw unsupported(name, "it holds weights without a model: give the model's JSON (model.to_json()) as topology");
  }
  if (attributeText("backend") === "theano" && /Conv/.test(text)) {
    throw unsupported(name, 'it was written with the backend "theano", which flips the kernels of convolutions');
  }
  const parsed = parse(text, `${name}: ${given === undefined ? "model_config" : "topology"}`, limits);
  const model = readTopology(parsed, name, limits);
  const training = attributeText("training_config");
  const compiled = training === undefined ? {} : parse(training, `${name}: training_config`, limits);
  const weights = root.get("model_weights") ?? root;
  const pathsOf = (layer: ForeignLayer) => {
    const group = weights.get(layer.name);
    return group === undefined ? [] : namedWeights(group, name);
  };
  const around = {
    // Files of versions 1 and 2 may lack the version; it matters from 3 on.
    version: attributeText("keras_version") ?? textOf(parsed.keras_version),
    loss: compiled.loss,
    optimizer: compiled.optimizer_config,
    weightsOf: pathsOf,
  };
  return { model, around, pathsOf };
}

/** A layer's arrays in the order of its attribute weight_names, which may be cut into weight_names0, weight_names1, … */
function namedWeights(group: Hdf5Object, file: string): (NamedTensor & { path: string })[] {
  const names: string[] = [];
  const whole = group.attribute("weight_names");
  if (whole !== undefined) names.push(...texts(whole.data));
  for (let i = 0; whole === undefined && i < 1000; i++) {
    const part = group.attribute(`weight_names${i}`);
    if (part === undefined) break;
    names.push(...texts(part.data));
  }
  return names.map((path) => {
    const array = group.get(path);
    if (array === undefined) throw malformed(file, `the array ${show(path)} of ${show(group.path)} is missing`);
    const { data, shape } = array.read();
    if (data.length > 0 && typeof data[0] === "string") throw malformed(file, `the array ${show(path)} holds texts`);
    const name = path.slice(path.lastIndexOf("/") + 1).replace(/:\d+$/, "");
    return { name, path, tensor: { data, shape } as Tensor };
  });
}

function texts(data: ArrayLike<unknown>): string[] {
  return Array.from(data).filter((value) => typeof value === "string");
}
