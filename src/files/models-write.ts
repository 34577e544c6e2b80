// Models written to files: as propago's own files, and for others. What a format cannot hold is said in notes, or refused
// where answers would be others.
import { Classifier } from "../estimators/classifier.ts";
import { Regressor } from "../estimators/regressor.ts";
import type { DType } from "../ground/arrays.ts";
import { PropagoError, didYouMean, show } from "../ground/errors.ts";
import { readObject } from "../ground/options.ts";
import type { Label } from "../data/labels.ts";
import type { Network } from "../network/network.ts";
import { writeFiles } from "./disk.ts";
import { type ExportedModel, exportedEstimator, exportedNetwork, exportedTable } from "./exported.ts";
import { modelBytes } from "./kept.ts";
import { type ReadModel, keptOf } from "./models.ts";
import { writeOnnx } from "./onnx.ts";
import { lastPart } from "./opening.ts";
import { pack } from "./packed.ts";
import { writeSource } from "./standalone.ts";
import { writeTfjs } from "./tfjs-write.ts";

/** The formats that models are written in. "safetensors" is propago's own, with everything that a model is. */
export type WritableFormat = "safetensors" | "tfjs" | "onnx" | "source";

const FORMATS: readonly WritableFormat[] = ["safetensors", "tfjs", "onnx", "source"];

/** What can be written: a network, an estimator, or what `readModel` gave. */
export type WritableModel = Network<DType> | Classifier | Regressor | ReadModel;

export interface ModelFilesOptions {
  /** Default: by the name's ending: .propago and .safetensors, .json (tfjs), .onnx, .js and .mjs (source). */
  format?: WritableFormat;
  /** Names of a network's classes, in the order of its outputs (of a single one: below and above ½). */
  labels?: readonly Label[];
  /** The most bytes of a file of weights of "tfjs". Default 4 MiB. */
  shardBytes?: number;
}

export interface WriteModelOptions extends ModelFilesOptions {
  /** Whether files that exist are replaced. Default true. */
  force?: boolean;
}

/** The files of a written model. */
export interface ModelFiles {
  /** The bytes of each file by its name; the one that was asked for is the last. */
  files: Map<string, Uint8Array<ArrayBuffer>>;
  /** What did not come along, and what a user of the files has to know; one sentence each. */
  notes: string[];
}

/** The format that a file's name asks for. */
export function formatOf(name: string): WritableFormat | undefined {
  if (/\.(propago|safetensors)$/i.test(name)) return "safetensors";
  if (/\.onnx$/i.test(name)) return "onnx";
  if (/\.m?js$/i.test(name)) return "source";
  return /\.json$/i.test(name) ? "tfjs" : undefined;
}

/**
 * The files of a model as bytes, for pages and for places that are no paths.
 *
 * ```ts
 * const { files } = modelFiles(network, "model.onnx");
 * ```
 *
 * @throws PropagoError ERR_CONFIG for an unknown format, ERR_UNSUPPORTED for what the format cannot hold, and says what can.
 */
export function modelFiles(model: WritableModel, name: string, options: ModelFilesOptions = {}): ModelFiles {
  const { labels, shardBytes, format: asked } = readObject(options, "modelFiles options", ["format", "labels", "shardBytes", "force"]) as ModelFilesOptions; // prettier-ignore
  const format = asked ?? formatOf(name);
  if (format === undefined || !FORMATS.includes(format)) {
    const problem = asked === undefined ? `the name ${show(name)} does not tell the format` : `unknown format ${show(asked)}${didYouMean(String(asked), FORMATS)}`; // prettier-ignore
    throw new PropagoError("ERR_CONFIG", `${problem}; format is one of ${FORMATS.join(", ")}`);
  }
  if (format === "safetensors") return { files: new Map([[name, ownBytes(model)]]), notes: [] };
  const exported = exportedModel(model, labels);
  if (format === "onnx") {
    const { bytes, notes } = writeOnnx(exported);
    return { files: new Map([[name, bytes]]), notes };
  }
  const encoder = new TextEncoder();
  if (format === "source") {
    const { code, types, notes } = writeSource(exported);
    const declarations = /\.(m?)js$/i.test(name) ? name.replace(/(m?)js$/i, "d.$1ts") : `${name}.d.ts`;
    return { files: new Map([[declarations, encoder.encode(types)], [name, encoder.encode(code)]]), notes }; // prettier-ignore
  }
  const stem = lastPart(name).replace(/\.json$/i, "");
  const { json, files, notes } = writeTfjs(exported, { shardBytes, stem: stem === "model" ? "group1" : stem });
  return { files: new Map([...files, [name, encoder.encode(json)]]), notes };
}

/**
 * Writes a model in the format of the path's ending, or in another. Each file is there completely or not at all; the one
 * at `path` is written last. Of "source", the types stand beside it; of "tfjs", the weights.
 *
 * ```ts
 * const { notes } = await writeModel(classifier, "model.onnx");
 * ```
 *
 * @throws (rejects with) PropagoError as `modelFiles`, and ERR_IO where a file cannot be written.
 */
export async function writeModel(
  model: WritableModel,
  path: string,
  options: WriteModelOptions = {},
): Promise<{ paths: string[]; notes: string[] }> {
  const name = lastPart(path);
  const folder = path.slice(0, path.length - name.length);
  const { files, notes } = modelFiles(model, name, options);
  const written = [...files].map(([file, bytes]) => [folder + file, bytes] as const);
  await Promise.resolve();
  writeFiles(written, options.force ?? true);
  return { paths: written.map(([file]) => file), notes };
}

function isRead(model: WritableModel): model is ReadModel {
  return typeof model === "object" && "estimators" in model && "notes" in model;
}

/** A model as propago's own file. */
function ownBytes(model: WritableModel): Uint8Array<ArrayBuffer> {
  if (isRead(model)) {
    const kept = keptOf(model);
    if (kept !== undefined) return modelBytes(kept);
    return model.estimators.length > 0 ? ownBytes(model.estimators[0]) : ownBytes(model.network);
  }
  if (model instanceof Classifier) return pack("classifier", model.toJSON());
  if (model instanceof Regressor) return pack("regressor", model.toJSON());
  return pack("network", model.toJSON());
}

function exportedModel(model: WritableModel, labels: readonly Label[] | undefined): ExportedModel {
  if (isRead(model)) {
    const kept = keptOf(model);
    if (kept !== undefined) return exportedTable(kept);
    return exportedModel(model.estimators[0] ?? model.network, labels);
  }
  const isEstimator = model instanceof Classifier || model instanceof Regressor;
  if (isEstimator && labels !== undefined) {
    throw new PropagoError("ERR_CONFIG", "labels are for networks; an estimator has its own");
  }
  return isEstimator ? exportedEstimator(model) : exportedNetwork(model.toJSON(), labels);
}
