// The command's model, with everything that predicting from a table needs: columns, targets, estimators, figures. Its file,
// .propago, is safetensors (packed.ts). Versions 0.1 and 0.2 wrote JSON with a hash, which is read still. It contains no code
// and no paths. Everything in it is checked before it is used.
import { Classifier } from "../estimators/classifier.ts";
import { fromVersion1, inputsOf, isColumn } from "../columns/columns.ts";
import type { Column } from "../columns/columns.ts";
import { isTargetRecord } from "../columns/targets.ts";
import type { TargetRecord, Task } from "../columns/targets.ts";
import { PropagoError, show } from "../ground/errors.ts";
import type { Chosen, Tried } from "../estimators/options.ts";
import { Regressor } from "../estimators/regressor.ts";
import type { Evaluation } from "../tables/metrics.ts";
import { sha256 } from "./disk.ts";
import { readJSON, writeJSON } from "./large-json.ts";
import type { ReadingOptions } from "./limits.ts";
import { pack, unpackKind } from "./packed.ts";

/** What a model remembers of the table, apart from its columns. */
export interface TableRecord {
  /** The names given to the columns of a file without a header line. */
  names?: string[];
  /** The columns of a file with a header line, in their order. */
  columns?: string[];
  /** Words that mean a missing value, in addition to the usual ones. */
  missingValues?: string[];
  /** Of arrays and images: the shape of a sample, as 28, 28. */
  shape?: number[];
}

/** The data of a training, and its figures. */
export interface TrainingFigures {
  rows: number;
  /** Epochs of the network that was trained last. */
  epochs: number;
  loss: number;
  /** For each target the figures on rows that the model had not seen, or null if there were none. */
  validation: (Evaluation | null)[];
  /** Hashes of some of the rows, so that `evaluate` recognises them. */
  sample?: number[];
}

export interface Model {
  task: Task;
  /** The columns that are predicted. */
  targets: TargetRecord[];
  columns: Column[];
  /** What else predicting needs to know about the table. */
  record: TableRecord;
  training: TrainingFigures;
  /** One for each target. */
  estimators: (Classifier | Regressor)[];
}

const FORMAT = "propago-model";
/** The newest version of the files of JSON. */
const VERSION = 2;

/** A model as the bytes of a file. The same model gives the same bytes. */
export function modelBytes(model: Model): Uint8Array<ArrayBuffer> {
  const { task, targets, columns, record, training, estimators, ...more } = model;
  const saved = estimators.map((estimator) => estimator.toJSON());
  return pack("model", { task, targets, columns, record, training, ...more, estimators: saved });
}

/** Whether bytes are a file of JSON as versions 0.1 and 0.2 wrote it. */
export function isJsonModel(bytes: Uint8Array): boolean {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 200));
  return new RegExp(`^\\s*\\{\\s*"format"\\s*:\\s*"${FORMAT}"`).test(start);
}

/**
 * Reads the bytes of a model's file.
 * @throws PropagoError ERR_FORMAT if it is not a valid model; each message begins with the file's name.
 */
export function modelOfBytes(bytes: Uint8Array, name: string, options: ReadingOptions = {}): Model {
  try {
    if (bytes.length === 0) throw bad("the file is empty; expected a model written by propago train");
    // A length comes first there, of which the last bytes are 0.
    const isPacked = bytes.length > 8 && bytes[7] === 0 && bytes[8] === 0x7b;
    return isPacked ? readParts(contentOf(bytes, options)) : parseModel(bytes);
  } catch (error) {
    // These errors mean that this machine lacks something. The file is not at fault.
    if (!(error instanceof PropagoError) || /^ERR_(MEMORY|PART|WASM)/.test(error.code)) throw error;
    throw new PropagoError("ERR_FORMAT", `${name}: ${error.message}`, { cause: error });
  }
}

function contentOf(bytes: Uint8Array, options: ReadingOptions): Record<string, unknown> {
  const value = unpackKind("model", bytes, { ...options, name: "this model file" });
  if (!isObject(value)) throw bad("its content is no object");
  return value;
}

/** The model of a file of JSON. */
function parseModel(bytes: Uint8Array): Model {
  let file: unknown;
  try {
    file = readJSON(bytes);
  } catch (error) {
    if (error instanceof PropagoError) throw bad(`this is no model file: ${error.message}`);
    throw bad("this is no model file, or its end is missing; expected a file written by propago train");
  }
  if (!isObject(file) || file.format !== FORMAT)
    throw bad("this is no model file; expected one written by propago train");
  if (file.version !== VERSION && file.version !== 1) {
    const newer = typeof file.version === "number" && file.version > VERSION ? "made by a newer version " : "";
    throw bad(`${newer}(format ${show(file.version)}, this reads ${VERSION}); update propago`);
  }
  const { model } = file;
  if (!isObject(model) || file.sha256 !== (hash(model) ?? file.sha256)) {
    throw bad("the checksum does not match: the file was damaged or edited; train again or restore it from a copy");
  }
  return readParts(file.version === 1 ? upgraded(model) : model);
}

function readParts(model: Record<string, unknown>): Model {
  const { task, targets, training, record } = model;
  if (task !== "classification" && task !== "regression") throw bad(`unknown task ${show(task)}`);
  if (!Array.isArray(targets) || targets.length === 0 || !targets.every(isTargetRecord)) {
    throw bad("targets are not as expected");
  }
  if (!isTableRecord(record)) throw bad("what was remembered of the table is not as expected");
  if (!isTraining(training, targets.length)) throw bad("the figures of the training are not as expected");
  if (!Array.isArray(model.columns) || !model.columns.every(isColumn)) throw bad("columns are not as expected");
  const { columns, estimators: saved } = model;
  if (!Array.isArray(saved) || saved.length !== targets.length) {
    throw bad(`expected ${targets.length} estimators, one for each target`);
  }
  const estimators: (Classifier | Regressor)[] = [];
  for (const json of saved as unknown[]) {
    const estimator = task === "classification" ? Classifier.fromJSON(json) : Regressor.fromJSON(json);
    estimators.push(estimator);
    if (!isTellable(estimator)) throw bad("what was chosen in training is not as expected");
    if (estimator.columns !== inputsOf(columns)) {
      throw bad(`the columns make ${inputsOf(columns)} inputs, but the networks have ${estimator.columns}`);
    }
  }
  return { task, targets, columns, record, training, estimators };
}

/** Converts a model of version 1, which had one target and knew no missing values, to version 2. */
function upgraded(model: Record<string, unknown>): Record<string, unknown> {
  const { task, target, columns } = model;
  if (typeof target !== "string") throw bad(`target must be a column name, got ${show(target)}`);
  const labels = isObject(model.estimator) ? model.estimator.labels : [];
  const record = task === "classification" ? { name: target, kind: "class", labels } : { name: target, kind: "number" };
  const known = Array.isArray(columns) ? columns.map(fromVersion1) : columns;
  const training = isObject(model.training) ? model.training : {};
  const estimators = [model.estimator];
  const figures = { ...training, validation: [training.validation ?? null] };
  return { ...model, targets: [record], columns: known, record: {}, training: figures, estimators };
}

/** Checks that the figures of a training are numbers, since they are shown. JSON writes null for NaN. */
function isTraining(training: unknown, targets: number): training is TrainingFigures {
  if (!isObject(training)) return false;
  const { rows, epochs, loss, validation, sample = [] } = training;
  const areCounts = [rows, epochs].every((count) => Number.isSafeInteger(count) && (count as number) >= 0);
  if (!areCounts || !(loss === undefined || loss === null || typeof loss === "number")) return false;
  if (!Array.isArray(sample) || !sample.every((hash) => Number.isSafeInteger(hash))) return false;
  return Array.isArray(validation) && validation.length <= targets && validation.every((one) => areFigures(one, 3));
}

/** Whether a value contains only numbers, nested no deeper than so many levels. */
function areFigures(value: unknown, depth: number): boolean {
  if (value === null || typeof value === "number") return true;
  return depth > 0 && typeof value === "object" && Object.values(value).every((one) => areFigures(one, depth - 1));
}

/** Checks the record of what was tried: `inspect` shows its names and figures. */
function isTellable({ chosen }: Classifier | Regressor): boolean {
  if (chosen === undefined) return true;
  const { effort, candidates } = chosen as Partial<Chosen>;
  const isTried = (one: Partial<Tried> | null): boolean =>
    typeof one?.description === "string" &&
    [one.loss ?? 0, one.weight, one.networks].every((n) => typeof n === "number");
  return typeof effort === "string" && Array.isArray(candidates) && candidates.every(isTried);
}

function isTableRecord(record: unknown): record is TableRecord {
  if (!isObject(record)) return false;
  const { shape } = record;
  const isSize = (size: unknown): boolean => Number.isSafeInteger(size) && (size as number) > 0;
  if (shape !== undefined && !(Array.isArray(shape) && shape.length < 9 && shape.every(isSize))) return false;
  return [record.names, record.columns, record.missingValues].every((value) => {
    return value === undefined || (Array.isArray(value) && value.every((text) => typeof text === "string"));
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(message: string): PropagoError {
  return new PropagoError("ERR_FORMAT", message);
}

/** The SHA-256 hash of a value's JSON; undefined where the host cannot tell at once, as pages. */
function hash(value: unknown): string | undefined {
  return sha256((update) => writeJSON(value, update));
}
