// Models of any format that propago knows, read and written: what a file is, is found by its content first and its name
// second. Networks that are read here can be trained on.
import { Classifier } from "../estimators/classifier.ts";
import { Regressor } from "../estimators/regressor.ts";
import type { DType } from "../ground/arrays.ts";
import { PropagoError } from "../ground/errors.ts";
import { BLANK } from "../ground/marks.ts";
import { Part } from "../ground/parts.ts";
import type { NetworkOptions } from "../description/options.ts";
import type { Label } from "../data/labels.ts";
import { Network } from "../network/network.ts";
import { malformed, utf8 } from "./bytes.ts";
import { isHdf5 } from "./hdf5.ts";
import { isObject, parseJson } from "./json.ts";
import { type Model, isJsonModel, modelOfBytes } from "./kept.ts";
import type { FileModel } from "./keras-layers.ts";
import { unsupported } from "./keras-topology.ts";
import { readKeras } from "./keras.ts";
import { type Limits, type ReadingOptions, limitsOf } from "./limits.ts";
import { type BlobLike, type FileSource, type OpenedFile, openFiles, openSource } from "./opening.ts";
import { unpack } from "./packed.ts";
import { readTfjs, tfjsPaths } from "./tfjs.ts";
import { isZip, openZip } from "./zip.ts";

/** The formats that models are read from. */
export type ModelFormat = "propago" | "tfjs" | "keras";

export interface ReadModelOptions extends ReadingOptions {
  /** The model as `model.to_json()` gives it, for HDF5 files of Keras's `save_weights`, which hold weights only. */
  topology?: string;
}

/** A model out of a file. */
export interface ReadModel {
  format: ModelFormat;
  /** The network; the weightiest of the first target where the file holds several. */
  network: Network<DType>;
  /** What did not come along, and why; one sentence each. */
  notes: string[];
  /** The saved Classifier or Regressor; one for each target of a model of the command; none for other files. */
  estimators: (Classifier | Regressor)[];
  /** The classes, in the order of the outputs, where the file tells them. */
  labels?: readonly Label[];
  /** Of a model of the command: the table's columns that it takes, and those that it predicts. */
  columns?: string[];
  targets?: string[];
}

/**
 * Reads a model: propago's own files, TensorFlow.js layers models (`model.json` with its files of weights), Keras's
 * `.keras` and `.h5`. In Node `source` may be a path; of several files, as a page's file chooser gives them, one is the model.
 *
 * ```ts
 * const { network, notes } = await readModel("model.json");
 * await network.fit({ x, y });
 * ```
 *
 * @throws (rejects with) PropagoError ERR_IO for files that cannot be read, ERR_FORMAT for malformed ones with the place,
 * ERR_PATH where one names files outside its folder, ERR_UNSUPPORTED for layers that propago does not have, by name.
 */
export async function readModel(
  source: FileSource | readonly BlobLike[],
  options: ReadModelOptions = {},
): Promise<ReadModel> {
  const limits = limitsOf(options);
  if (Array.isArray(source)) {
    if (source.length === 0) throw new PropagoError("ERR_DATA", "readModel got an empty list of files");
    const files = await openFiles(source as readonly BlobLike[], limits);
    return readOpened(files.find(({ name }) => /\.(json|keras|h5|hdf5|propago|safetensors)$/i.test(name)) ?? files[0], options, limits); // prettier-ignore
  }
  return readOpened(await openSource(source as FileSource, limits, options.name), options, limits);
}

async function readOpened(file: OpenedFile, options: ReadModelOptions, limits: Limits): Promise<ReadModel> {
  const { bytes, name } = file;
  const reading = { ...options, name };
  if (bytes.length === 0) throw malformed(name, "it has 0 bytes");
  if (isHdf5(bytes)) return foreign("keras", readKeras(bytes, reading));
  if (isZip(bytes)) {
    refuseOtherArchives(bytes, name, limits);
    return foreign("keras", readKeras(bytes, reading));
  }
  if (isJsonModel(bytes)) return withParts(() => ofCommand(modelOfBytes(bytes, name, reading)));
  if (beginsAsJson(bytes)) return readJson(file, reading, limits);
  if (bytes[0] === 0x08 && /\.onnx$/i.test(name)) {
    throw unsupported(name, "ONNX files are written by propago, and read by ONNX Runtime");
  }
  const packed = unpack(bytes, reading);
  if (packed === undefined) {
    throw unsupported(name, "it holds arrays without a model: readSafetensors reads them, and setWeights takes them");
  }
  if (packed.kind === "model") return withParts(() => ofCommand(modelOfBytes(bytes, name, reading)));
  return withParts(() => ofJson(packed.value, name));
}

/** Zip archives that are no .keras: by what is in them. */
function refuseOtherArchives(bytes: Uint8Array, name: string, limits: Limits): void {
  const { names } = openZip(bytes, name, limits);
  if (names.some((entry) => /(^|\/)data\.pkl$/.test(entry))) {
    throw unsupported(name, "it is a file of PyTorch, which holds code (pickle); save the weights as safetensors");
  }
  if (names.length > 0 && names.every((entry) => entry.endsWith(".npy"))) {
    throw unsupported(name, "it is an NPZ archive, which holds arrays without a model");
  }
}

/** Whether the first letter is that of a JSON object or list, spaces and a byte order mark before it. */
function beginsAsJson(bytes: Uint8Array): boolean {
  return /^(\xef\xbb\xbf)?\s*[{[]/.test(new TextDecoder("latin1").decode(bytes.subarray(0, 200)));
}

async function readJson(file: OpenedFile, options: ReadModelOptions, limits: Limits): Promise<ReadModel> {
  const { bytes, name } = file;
  const text = utf8(bytes, name, "it").replace(/^\ufeff/, "");
  const value = parseJson(text, name, { depth: limits.jsonDepth });
  if (isObject(value) && typeof value.format === "string" && value.format.startsWith("propago")) {
    return withParts(() => ofJson(value, name));
  }
  if (!isObject(value) || (value.weightsManifest === undefined && value.modelTopology === undefined)) {
    if (isObject(value) && typeof value.class_name === "string") {
      throw unsupported(name, "it is a model without weights: pass it as topology, beside the file of the weights");
    }
    if (!Array.isArray(value)) throw malformed(name, "it is no model: neither of propago nor of TensorFlow.js");
  }
  // What is no layers model is told before its files of weights are looked for.
  if (
    isObject(value) &&
    (value.format === "graph-model" || (isObject(value.modelTopology) && "node" in value.modelTopology))
  ) {
    // prettier-ignore
    return foreign("tfjs", readTfjs(bytes, {}, options));
  }
  const weights = new Map<string, Uint8Array>();
  for (const path of tfjsPaths(bytes, options)) weights.set(path, await file.beside(path));
  return foreign("tfjs", readTfjs(bytes, weights, options));
}

/** What `toJSON` of a network or an estimator gave. */
function ofJson(value: unknown, name: string): ReadModel {
  const format = isObject(value) ? value.format : undefined;
  try {
    if (format === "propago-classifier") return ofEstimators([Classifier.fromJSON(value)]);
    if (format === "propago-regressor") return ofEstimators([Regressor.fromJSON(value)]);
    return { format: "propago", network: Network.fromJSON(value), notes: [], estimators: [] };
  } catch (error) {
    if (!(error instanceof PropagoError) || error.code === "ERR_PART") throw error;
    throw new PropagoError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

/** What models of the command came from: their columns are more than `ReadModel` tells. */
const kept = new WeakMap<ReadModel, Model>();

/** The command's model that was read, if it was one. */
export function keptOf(model: ReadModel): Model | undefined {
  return kept.get(model);
}

function ofCommand(model: Model): ReadModel {
  const read = {
    ...ofEstimators(model.estimators),
    columns: model.columns.map(({ name }) => name),
    targets: model.targets.map(({ name }) => name),
  };
  kept.set(read, model);
  return read;
}

function ofEstimators(estimators: (Classifier | Regressor)[]): ReadModel {
  const [first] = estimators;
  const network = first.network as Network<DType>;
  return {
    format: "propago",
    network,
    notes: [],
    estimators,
    ...(first instanceof Classifier ? { labels: first.classes } : {}),
  };
}

async function foreign(format: ModelFormat, model: FileModel): Promise<ReadModel> {
  const network = await withParts(() => networkOf(model));
  return { format, network, notes: model.notes, estimators: [] };
}

/** The network that a file of others describes, with its weights. */
export function networkOf({ options, weights }: FileModel): Network {
  const network = new Network({ ...options, [BLANK]: true } as NetworkOptions);
  try {
    network.setWeights(weights);
  } catch (error) {
    network.dispose();
    throw error;
  }
  return network;
}

/** Makes a network; a page loads the parts that it may need where it lacks one. */
async function withParts<R>(make: () => R): Promise<R> {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PropagoError) || error.code !== "ERR_PART") throw error;
    for (const part of ["complete", "float64", "state"]) await new Part(part).load();
    return make();
  }
}
