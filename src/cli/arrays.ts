// Arrays and images for the commands: files of NPY, NPZ and IDX, and folders of images by class, as the same kinds of data
// as tables give: to train on, to be predicted, and to measure a model by.
import { basename } from "node:path";
import type { Column, Encoded, EncodedArray } from "../columns/columns.ts";
import { count } from "../columns/problems.ts";
import type { TargetRecord, Targets, Task } from "../columns/targets.ts";
import { type Label, LabelEncoder } from "../data/labels.ts";
import type { Table } from "../data/table.ts";
import { type ReadArray, arrayOf, arraysOf, isTexts } from "../files/arrays.ts";
import { DEFAULT_LIMITS } from "../files/limits.ts";
import { readImages } from "../files/images.ts";
import { shapeText } from "../files/tensor.ts";
import type { NumericArray } from "../ground/arrays.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { type ArrayFlags, type RowRange, arraysAt } from "./array-options.ts";
import { readBytes, unpacked } from "./files.ts";
import type { NumberRows } from "./foreign.ts";
import type { Model } from "./model.ts";
import type { JudgingTable, TrainingTable } from "./tables.ts";

/** The largest file, packed or not. */
const MOST_BYTES = 2 ** 31;
/** Whole numbers with more different values than this are numbers to be predicted, unless `--task` says otherwise. */
const MOST_CLASSES = 100;

/** Samples with their targets, as they stand in files, rows of `--rows` alone. */
interface Samples {
  file: string;
  data: EncodedArray;
  /** Of one sample: as 28, 28. */
  shape: readonly number[];
  rows: number;
  /** The number of the first row in its file. */
  first: number;
  /** One label a row, or `width` numbers. */
  targets?: { name: string; labels?: readonly Label[]; values?: NumericArray; width: number };
  /** What there is, in words. */
  note: string;
}

/** Reads arrays or images to learn from. @throws PropagoError as the readers of files, ERR_USAGE, ERR_DATA. */
export async function readTrainingArrays(path: string, flags: ArrayFlags & { task?: Task }): Promise<TrainingTable> {
  const samples = await readSamples(path, flags);
  if (samples.targets === undefined) throw noTargets(path);
  const { data, rows, shape, file } = samples;
  const { targets, note } = learnTargets(samples.targets, flags.task);
  const columns = columnsOf(shape);
  return {
    file,
    rows: Uint32Array.from({ length: rows }, (_, row) => row),
    targets,
    columns,
    encoded: { data, rows, columns: columns.length, warnings: [], isUnusable: new Uint8Array(rows) },
    lineOf: (row) => row + samples.first,
    record: { shape: [...shape] },
    warnings: [],
    note: `${samples.note}; ${note}`,
  };
}

function noTargets(path: string): PropagoError {
  const advice = arraysAt(path) === "images" ? "put the images of each class into a folder of its own" : "name the file of its targets: --labels FILE, or --y NAME in NPZ"; // prettier-ignore
  return new PropagoError("ERR_USAGE", `${path} has no targets; ${advice}`);
}

/** Reads arrays or images to be predicted by a model. */
export async function readModelArrays(
  path: string,
  model: Pick<Model, "columns" | "record">,
  flags: ArrayFlags,
): Promise<{ table: Table; encoded: Encoded; warnings: string[] }> {
  const samples = await readSamples(path, flags, model.record.shape);
  checkShape(samples, model);
  const { file, data, rows, shape, first } = samples;
  const table: Table = {
    file,
    delimiter: ",",
    columns: ["row"],
    hasHeader: false,
    rows,
    cell: (row) => String(row + first),
    lineOf: (row) => row + first,
    warnings: [],
  };
  const columns = shape.reduce((product, size) => product * size, 1);
  return { table, encoded: { data, rows, columns, warnings: [], isUnusable: new Uint8Array(rows) }, warnings: [] };
}

/** Reads arrays or images with their targets, to measure a model by. */
export async function readJudgingArrays(
  path: string,
  model: Pick<Model, "columns" | "record" | "targets">,
  flags: ArrayFlags,
): Promise<JudgingTable> {
  const samples = await readSamples(path, flags, model.record.shape);
  if (samples.targets === undefined) throw noTargets(path);
  checkShape(samples, model);
  const { file, data, rows, first } = samples;
  return {
    file,
    rows: Uint32Array.from({ length: rows }, (_, row) => row),
    x: { data, shape: [rows, data.length / rows] },
    lineOf: (row) => row + first,
    targets: knownTargets(samples.targets, model.targets),
    warnings: [],
  };
}

/** Reads arrays or images as rows of so many numbers, for a model that knows nothing of where they are from. */
export async function readNumberArrays(path: string, width: number, flags: ArrayFlags): Promise<NumberRows> {
  const { file, data, rows, shape, targets } = await readSamples(path, flags);
  // One row may come without a dimension for rows.
  const isOne = data.length === width && shape.length === 1 && shape[0] === 1;
  if (!isOne && data.length !== rows * width) {
    throw new PropagoError(
      "ERR_SHAPE",
      `${file} has rows of ${shapeText(shape)}, the model takes ${width} numbers a row`,
    );
  }
  const own = targets && learnTargets(targets, undefined).targets;
  const cells = own && Array.from<unknown>(own.kind === "classes" ? own.labels : own.values);
  return { file, x: { data, shape: [isOne ? 1 : rows, width] }, targets: cells?.map(String) };
}

function checkShape({ file, shape }: Samples, { record, columns }: Pick<Model, "columns" | "record">): void {
  const own = record.shape;
  const size = shape.reduce((product, length) => product * length, 1);
  if (own === undefined && columns.some(({ kind }) => kind !== "number")) {
    throw new PropagoError("ERR_DATA", `${file} holds arrays, but the model was trained on a table; give it a table`);
  }
  const expected = own ?? [columns.length];
  if (size === expected.reduce((product, length) => product * length, 1)) return;
  const advice = own && own.length >= 2 ? `; --size ${own[1]}x${own[0]} brings images to that size` : "";
  throw new PropagoError(
    "ERR_SHAPE",
    `${file} has samples of ${shapeText(shape)}, the model was trained on ${shapeText(expected)}${advice}`,
  );
}

/** The columns of samples: a number each, called by their places. */
function columnsOf(shape: readonly number[]): Column[] {
  const size = shape.reduce((product, length) => product * length, 1);
  return Array.from({ length: size }, (_, i) => {
    const places: number[] = [];
    let rest = i;
    for (const length of shape.toReversed()) {
      places.unshift(rest % length);
      rest = Math.floor(rest / length);
    }
    return { name: `x[${places.join(",")}]`, kind: "number" };
  });
}

async function readSamples(path: string, flags: ArrayFlags, like?: readonly number[]): Promise<Samples> {
  if (arraysAt(path) === "images") return readFolder(path, flags, like);
  for (const name of ["size", "color"] as const) {
    if (flags[name] !== undefined)
      throw new PropagoError("ERR_USAGE", `--${name} is for folders of images; leave it out`);
  }
  const file = basename(path);
  const arrays = readArrayFile(path);
  const hasNames = arrays.size > 1 || !arrays.has("array");
  if (!hasNames && (flags.x ?? flags.y) !== undefined) {
    throw new PropagoError(
      "ERR_USAGE",
      `--${flags.x === undefined ? "y" : "x"} names an array of an NPZ file; ${file} is none`,
    );
  }
  const [x, y] = hasNames ? chosen(arrays, flags, file) : [arrayOf(arrays, undefined, file), undefined];
  const { data, shape } = x;
  if (isTexts(data)) throw new PropagoError("ERR_DATA", `${file} holds texts, which are no samples`);
  if (shape.length === 0 || data.length === 0) {
    throw new PropagoError("ERR_DATA", `${file} holds ${shapeText(shape)}: no row; the first dimension are the rows`);
  }
  const own = shape.length === 1 ? [1] : shape.slice(1);
  const width = own.reduce((product, length) => product * length, 1);
  const range = rangeOf(flags.rows, shape[0], file);
  const rows = range.end - range.begin;
  const cut = data.subarray(range.begin * width, range.end * width);
  const kind =
    data instanceof Uint8Array ? "bytes" : `${data.constructor.name.replace("Array", "").toLowerCase()} numbers`;
  const what = flags.rows === undefined ? `${count(rows, "row")}` : `${count(rows, "row")} of ${shape[0]}`;
  return {
    file,
    data: inputs(cut),
    shape: own,
    rows,
    first: range.begin,
    targets: targetsOf(y, flags, shape[0], range, file),
    note: `${file}: ${what}, each ${shapeText(own)} ${kind}`,
  };
}

function readArrayFile(path: string): Map<string, ReadArray> {
  const bytes = unpacked(readBytes(path, MOST_BYTES), path, MOST_BYTES);
  const limits = { inflatedBytes: MOST_BYTES, inflation: DEFAULT_LIMITS.inflation };
  return arraysOf(bytes, { name: basename(path), limits });
}

/** Samples as networks take them: bytes as they are, other whole numbers and halves as float32 where that keeps them. */
function inputs(data: NumericArray): EncodedArray {
  if (data instanceof Uint8Array || data instanceof Float32Array || data instanceof Float64Array) return data;
  const isWide = data instanceof Int32Array || data instanceof Uint32Array;
  return isWide && data.some((value) => Math.abs(value) > 2 ** 24) ? Float64Array.from(data) : Float32Array.from(data);
}

/** The arrays of an NPZ file that are samples and targets: those named, or those that are called as is usual. */
function chosen(
  arrays: ReadonlyMap<string, ReadArray>,
  flags: ArrayFlags,
  file: string,
): [ReadArray, ReadArray | undefined] {
  const names = [...arrays.keys()];
  const found = (usual: readonly string[]): string | undefined => usual.find((name) => names.includes(name));
  const yName = flags.y ?? (flags.labels === undefined ? found(["y", "labels", "label", "target", "targets", "y_train"]) : undefined); // prettier-ignore
  const others = names.filter((name) => name !== yName);
  const xName = flags.x ?? found(["x", "X", "images", "data", "features", "x_train"]) ?? (others.length === 1 ? others[0] : undefined); // prettier-ignore
  if (xName === undefined) {
    throw new PropagoError("ERR_USAGE", `${file} holds ${names.map(show).join(", ")}; say which are samples and targets: --x NAME --y NAME`); // prettier-ignore
  }
  return [arrayOf(arrays, xName, file), yName === undefined ? undefined : arrayOf(arrays, yName, file)];
}

/** A range of rows with its ends in the file. */
function rangeOf(range: RowRange | undefined, rows: number, file: string): { begin: number; end: number } {
  const place = (at: number): number => (at < 0 ? rows + at : at);
  const begin = place(range?.begin ?? 0);
  const end = Math.min(place(range?.end ?? Infinity), rows);
  if (begin >= 0 && begin < end) return { begin, end };
  throw new PropagoError(
    "ERR_USAGE",
    `--rows leaves none of the ${count(rows, "row")} of ${file}; they are 0 to ${rows - 1}`,
  );
}

/** Reads the targets of a file's rows: from the file itself, or from that of `--labels`. */
function targetsOf(
  own: ReadArray | undefined,
  { labels, y }: ArrayFlags,
  rows: number,
  { begin, end }: { begin: number; end: number },
  file: string,
): Samples["targets"] {
  if (own === undefined && labels === undefined) return undefined;
  if (own !== undefined && labels !== undefined) {
    throw new PropagoError("ERR_USAGE", `${file} has targets of its own; give --labels or --y, not both`);
  }
  const from = labels === undefined ? file : basename(labels);
  const { data, shape } = own ?? arrayOf(readArrayFile(labels as string), y, from);
  const [there = 0, ...rest] = shape;
  const width = rest.reduce((product, length) => product * length, 1);
  // As many as all rows of the file, or as those that are asked for.
  const isCut = there === end - begin && there !== rows;
  if (there !== rows && !isCut) {
    throw new PropagoError("ERR_SHAPE", `${from} has ${count(there, "target")}, ${file} has ${count(rows, "row")}; each row needs its target`); // prettier-ignore
  }
  const [low, high] = isCut ? [0, there] : [begin, end];
  const name = "label";
  if (isTexts(data)) {
    if (width === 1) return { name, labels: data.slice(low, high), width };
    throw new PropagoError("ERR_SHAPE", `${from} holds ${shapeText(shape)} texts; one a row is expected`);
  }
  return { name, values: data.subarray(low * width, high * width), width };
}

/** Decides what targets are: classes, or numbers to be predicted. */
function learnTargets(
  given: NonNullable<Samples["targets"]>,
  task: Task | undefined,
): { targets: Targets; note: string } {
  const { name, width } = given;
  const labels = given.labels ?? (width > 1 ? hotPlaces(given.values as NumericArray, width) : undefined);
  const values = given.values;
  if (labels === undefined && values !== undefined) {
    const isWhole = values.every((value) => Number.isSafeInteger(value));
    const different = isWhole ? new Set(values).size : Infinity;
    const areClasses = task === undefined ? width === 1 && different <= MOST_CLASSES : task === "classification";
    if (!areClasses) {
      const bad = values.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0)
        throw new PropagoError("ERR_NONFINITE", `target of row ${Math.floor(bad / width)} is ${values[bad]}`);
      const records = Array.from({ length: width }, (_, t): TargetRecord => {
        return { name: width === 1 ? name : `${name}_${t}`, kind: "number" };
      });
      const how = task === undefined && isWhole && width === 1 ? " (--task classification would take them as classes)" : ""; // prettier-ignore
      return { targets: { kind: "numbers", records, values: Float64Array.from(values) }, note: `targets: ${count(width, "number")}${how}` }; // prettier-ignore
    }
    if (!isWhole || width > 1) {
      throw new PropagoError("ERR_DATA", "--task classification needs one whole number or text a row, or one-hot rows");
    }
  }
  if (task === "regression") throw new PropagoError("ERR_USAGE", "--task regression needs targets that are numbers");
  const list: Label[] = Array.from(labels ?? (values as NumericArray));
  const { classes } = new LabelEncoder(list, name);
  const how = task === undefined && values !== undefined && width === 1 ? " (--task regression would take them as numbers)" : ""; // prettier-ignore
  return {
    targets: { kind: "classes", records: [{ name, kind: "class", labels: [...classes] }], labels: list },
    note: `${count(classes.length, "class", "classes")}${how}`,
  };
}

/** The place of the 1 in each row; undefined where rows are no one-hot ones. */
function hotPlaces(values: NumericArray, width: number): number[] | undefined {
  const places: number[] = [];
  for (let at = 0; at < values.length; at += width) {
    const row = Array.from(values.subarray(at, at + width));
    if (!row.every((value) => value === 0 || value === 1) || row.indexOf(1) !== row.lastIndexOf(1) || !row.includes(1))
      return undefined;
    places.push(row.indexOf(1));
  }
  return places;
}

/** Targets as a model that exists knows them. */
function knownTargets(given: NonNullable<Samples["targets"]>, records: readonly TargetRecord[]): Targets {
  const [first] = records;
  if (first.kind === "class" && records.length === 1) {
    const { targets } = learnTargets(given, "classification");
    const labels = (targets as { labels: Label[] }).labels;
    // Numbers in one file may be texts in another.
    const areTexts = typeof first.labels[0] === "string";
    return { kind: "classes", records: [...records], labels: areTexts ? labels.map(String) : labels };
  }
  const { width, values } = given;
  if (values === undefined || width !== records.length || first.kind === "class") {
    throw new PropagoError(
      "ERR_DATA",
      `the model predicts ${count(records.length, "target")}, these are ${width} a row`,
    );
  }
  return { kind: "numbers", records: [...records], values: Float64Array.from(values) };
}

/** Reads a folder of images: those of a class in a folder of its own, or all in one, to be predicted. */
async function readFolder(path: string, flags: ArrayFlags, like?: readonly number[]): Promise<Samples> {
  for (const name of ["labels", "x", "y"] as const) {
    if (flags[name] !== undefined)
      throw new PropagoError("ERR_USAGE", `--${name} is for files of arrays; leave it out`);
  }
  const [width, height] = flags.size ?? [undefined, undefined];
  // Images to be predicted become as those of training were.
  const channels = flags.color === undefined ? like?.[2] : flags.color === "gray" ? 1 : 3;
  const size = width === undefined && like ? { width: like[1], height: like[0] } : { width, height };
  const read = await readImages(path, { ...size, channels: channels as 1 | 3 | undefined });
  const { data, shape } = read.x;
  const range = rangeOf(flags.rows, shape[0], path);
  const own = shape.slice(1);
  const step = own.reduce((product, length) => product * length, 1);
  const kept = read.labels?.slice(range.begin, range.end);
  const rows = range.end - range.begin;
  return {
    file: basename(path),
    data: data.subarray(range.begin * step, range.end * step),
    shape: own,
    rows,
    first: range.begin,
    targets: kept && { name: "class", labels: kept, width: 1 },
    note: `${path}: ${count(rows, "image")} of ${own[1]}×${own[0]} ${own[2] === 1 ? "gray" : "color"} pixels`,
  };
}
