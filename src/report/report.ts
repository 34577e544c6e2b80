// `report`: a page that shows how a training went and what its model does. Here stand its options; compose.ts writes the page.
import type { Label, Labels } from "../data/labels.ts";
import { readRows } from "../data/rows.ts";
import type { Rows } from "../data/scaling.ts";
import type { Data, Matrix, Targets } from "../data/data.ts";
import type { Classifier } from "../estimators/classifier.ts";
import type { Regressor } from "../estimators/regressor.ts";
import type { DType } from "../ground/arrays.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isArray, readFields, readObject } from "../ground/options.ts";
import type { Network } from "../network/network.ts";
import type { History } from "../training/reports.ts";
import type { Truth } from "./chapter.ts";
import { compose } from "./compose.ts";
import { writeFile, writePlots } from "./files.ts";
import { findImage, type Image, imageOf } from "./images.ts";
import { plainInputs } from "./inputs.ts";
import { type Subject, subjectOf } from "./subject.ts";

/** Rows with known targets. */
export interface ReportData {
  /** One row for each sample, as the model takes them. */
  x: Matrix;
  /** Labels of a classifier; numbers of a regressor; what `fit` takes of a network. */
  y: Labels | Targets;
}

/** What a report is made of: one model, and what is known of it. */
export interface ReportOptions {
  /** The model, where it is a network. */
  network?: Network<DType>;
  /** The model, where it is a classifier that has been fitted. */
  classifier?: Classifier;
  /** The model, where it is a regressor that has been fitted. */
  regressor?: Regressor;
  /**
   * The rows to judge the model by: best rows that it has not seen. Of the rows that an estimator was fitted on, those are
   * taken that were held back, or what was answered for rows that were left out in turn. Default: none, and no judgement.
   */
  data?: ReportData;
  /** Heads the page. Default: what is predicted, and by what. */
  title?: string;
  /** What is predicted. */
  target?: string;
  /** What predicted numbers are measured in, as "m²". */
  unit?: string;
  /** The names of the columns. Default: "column 0" and so on. */
  columns?: readonly string[];
  /** What the rows are called, one name for each. Default: "row 0" and so on. */
  rows?: readonly string[];
  /** Height and width of the image that a row is, and values a pixel (1); false where it is none. Default: found out. */
  image?: readonly number[] | false;
  /** Names and values of options to show. */
  settings?: Readonly<Record<string, string | number | boolean>>;
  /** The command that makes the model again. */
  command?: string;
  /** A date to show. Without it, the same training gives the same page. */
  date?: Date | string;
  /** Where the page goes, in Node. */
  file?: string;
  /** The folder for the plots as files, in Node: SVG, and PNG where @resvg/resvg-js is installed. */
  plots?: string;
}

const KEYS = ["network", "classifier", "regressor", "data", "title", "target", "unit", "columns", "rows", "image", "settings", "command", "date", "file", "plots"] as const; // prettier-ignore

/**
 * Makes a page of HTML that shows how a training went and what its model does: one file with everything in it.
 * @param history what `fit` gave; undefined for a model alone.
 * @returns the page; in Node it also writes it to `file`, and the plots to the folder `plots`.
 * @throws PropagoError ERR_CONFIG for options that cannot be, ERR_SHAPE, ERR_DATA, ERR_NONFINITE for data that does not fit
 * the model, ERR_NOT_FITTED for an estimator before its `fit`, ERR_IO for files that cannot be written.
 */
export function report(history: History | undefined, options: ReportOptions): string {
  const given = readObject(options, "report options", KEYS) as ReportOptions;
  const model = modelOf(given);
  checkHistory(history);
  for (const key of ["title", "target", "unit", "command", "file", "plots"] as const) checkText(given[key], key);
  const subject = subjectOf(model);
  const { columns, data, target, rows: names, settings = {}, date } = given;
  checkNames(columns, "columns", subject.columns);
  const read = data === undefined ? undefined : readData(subject, data);
  checkNames(names, "rows", read?.x.rows);
  const inputs = plainInputs(subject.columns, columns?.map(String));
  const image = given.image === false ? undefined : given.image === undefined ? findImage(inputs, columns !== undefined) : shapeOf(given.image, subject); // prettier-ignore
  const what = subject.kind === "network" ? "network" : subject.kind;
  const { html, plots } = compose({
    title: given.title ?? (target === undefined ? `Report on a ${what}` : `${target}: report on a ${what}`),
    chapters: [{ target, subject, history, data: read && { ...read, areTraining: undefined }, unit: given.unit }],
    inputs,
    image,
    rowName: names && ((row) => String(names[row])),
    settings: Object.entries(settings).map(([name, value]) => [name, String(value)] as const),
    command: given.command,
    date: date === undefined ? undefined : dateOf(date),
  });
  if (given.file !== undefined) writeFile(given.file, html);
  if (given.plots !== undefined) writePlots(given.plots, plots);
  return html;
}

function modelOf({ network, classifier, regressor }: ReportOptions): Network<DType> | Classifier | Regressor {
  const models = [network, classifier, regressor].filter((model) => model !== undefined);
  const [model] = models;
  const has = (name: string): boolean => typeof model === "object" && model !== null && name in model;
  if (models.length !== 1) {
    throw new PropagoError("ERR_CONFIG", `report needs one of network, classifier and regressor, got ${models.length}`);
  }
  const isRight = network === undefined ? has("networks") && has("predictProbabilities") === (classifier !== undefined) : has("fingerprint"); // prettier-ignore
  if (isRight) return model;
  const name = network !== undefined ? "network" : classifier !== undefined ? "classifier" : "regressor";
  throw new PropagoError("ERR_CONFIG", `${name} must be a ${name} of propago, got ${show(model)}`);
}

function checkHistory(history: unknown): void {
  if (history === undefined) return;
  const isOne = typeof history === "object" && history !== null && "epochs" in history && isArray(history.epochs);
  if (isOne) return;
  const advice = typeof history === "object" && history !== null && "then" in history ? "; await the training first" : "; give what fit gives"; // prettier-ignore
  throw new PropagoError("ERR_CONFIG", `history must have epochs, got ${show(history)}${advice}`);
}

function checkText(value: unknown, name: string): void {
  if (value === undefined || typeof value === "string") return;
  throw new PropagoError("ERR_CONFIG", `${name} must be text, got ${show(value)}`);
}

function checkNames(names: unknown, what: string, count: number | undefined): void {
  if (names === undefined) return;
  if (!isArray(names)) throw new PropagoError("ERR_CONFIG", `${what} must be an array of names, got ${show(names)}`);
  if (count === undefined) throw new PropagoError("ERR_CONFIG", `${what} are names of the rows of data; give data too`);
  if (names.length === count) return;
  throw new PropagoError("ERR_SHAPE", `${what} has ${names.length} names, but there are ${count} ${what}`);
}

function shapeOf(image: unknown, { columns }: Subject): Image {
  const sizes = isArray(image) ? Array.from(image as number[]) : [];
  const [height, width, channels = 1] = sizes;
  const isShape = (sizes.length === 2 || sizes.length === 3) && sizes.every((size) => Number.isSafeInteger(size) && size > 0); // prettier-ignore
  if (!isShape) {
    throw new PropagoError("ERR_CONFIG", `image must be [height, width] or [height, width, channels], got ${show(image)}`); // prettier-ignore
  }
  if (height * width * channels === columns) return imageOf(height, width, channels);
  throw new PropagoError("ERR_SHAPE", `image ${sizes.join(" × ")} has ${height * width * channels} values, but a row has ${columns}`); // prettier-ignore
}

function dateOf(date: Date | string): string {
  if (typeof date === "string") return date;
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.toISOString().slice(0, 16).replace("T", " ");
  throw new PropagoError("ERR_CONFIG", `date must be a Date or text, got ${show(date)}`);
}

function readData(subject: Subject, data: ReportData): { x: Rows; truth: Truth } {
  const { x: matrix, y } = readFields(data, "data", ["x", "y", "sampleWeights"]) as Partial<ReportData> & Data;
  if (matrix === undefined || y === undefined) throw new PropagoError("ERR_DATA", "data must have x and y");
  const x = readRows(matrix, "data.x", { columns: subject.columns });
  if (subject.task === "classification") return { x, truth: { labels: labelsOf(subject, y, x.rows) } };
  const isFlat = isArray(y) && !isArray(y[0]) && !ArrayBuffer.isView(y[0]);
  const flat = (isFlat ? { data: y, shape: [x.rows, 1] } : y) as Matrix;
  const { data: values, columns } = readRows(flat, "data.y", { rows: x.rows });
  checkRows(isFlat ? (y as ArrayLike<unknown>).length : values.length / columns, x.rows);
  if (columns === subject.outputs) return { x, truth: { values: Float64Array.from(values), width: columns } };
  throw new PropagoError("ERR_SHAPE", `data.y has ${columns} numbers a row, the model gives ${subject.outputs}`);
}

function checkRows(found: number, rows: number): void {
  if (found === rows) return;
  throw new PropagoError("ERR_SHAPE", `data.x has ${rows} rows, data.y has ${found}`);
}

/** Classes of rows; those of a network may also be rows with a 1 at the class, or a number for its single output. */
function labelsOf({ kind, classes, outputs }: Subject, y: Labels | Targets, rows: number): Label[] {
  const isRows = isArray(y) ? isArray(y[0]) || ArrayBuffer.isView(y[0]) : !ArrayBuffer.isView(y);
  const isList = !isRows && (y as ArrayLike<Label>).length !== rows * outputs;
  if (kind !== "network" || isList || (!isRows && outputs === 1)) {
    if (typeof (y as ArrayLike<Label>).length !== "number") {
      throw new PropagoError("ERR_DATA", `data.y must be an array of labels, got ${show(y)}`);
    }
    checkRows((y as ArrayLike<Label>).length, rows);
    return Array.from(y as ArrayLike<Label>);
  }
  const { data, columns } = readRows(y as Matrix, "data.y", { columns: outputs });
  checkRows(data.length / columns, rows);
  return Array.from({ length: rows }, (_, row) => {
    if (columns === 1) return data[row];
    const own = data.subarray(row * columns, (row + 1) * columns);
    return classes[own.indexOf(Math.max(...own))];
  });
}
