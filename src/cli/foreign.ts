// Models without a table's columns, for the commands: networks and estimators that scripts saved, and those of TensorFlow.js
// and Keras. Their rows come as numbers: a table of nothing else, in the order of the inputs, or arrays (arrays.ts).
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { Classifier } from "../estimators/classifier.ts";
import type { EncodedArray } from "../columns/columns.ts";
import { parseNumber } from "../columns/numbers.ts";
import { findColumn } from "../columns/selection.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { parseTable } from "../files/csv.ts";
import { type ReadModel, readModel } from "../files/models.ts";
import type { Table } from "../data/table.ts";
import { warn } from "./exit.ts";
import { checkInput, readBytes, tableFile } from "./files.ts";
import { isModelFile, MOST_BYTES } from "./model.ts";

/** The endings of files that hold models. */
const ENDINGS = /\.(propago|json|keras|h5|hdf5|safetensors|onnx|pt|pth)$/i;

/** Whether a path leads to a model that is none of the command's own. */
export function isForeign(path: string): boolean {
  return ENDINGS.test(path) && !isModelFile(readBytes(path, MOST_BYTES), path);
}

/** Reads any model, and says what did not come along. @throws PropagoError as `readModel` of propago/files. */
export async function readForeign(path: string, isQuiet = false): Promise<ReadModel> {
  checkInput(path, MOST_BYTES);
  // A path, whatever it looks like: the command opens no connection.
  const model = await readModel(pathToFileURL(path), { name: basename(path), limits: { fileBytes: MOST_BYTES } });
  if (!isQuiet) for (const note of model.notes) warn(`${basename(path)}: ${note}`);
  return model;
}

/** How many numbers a row of a model has. */
export function widthOf({ network, estimators }: ReadModel): number {
  return estimators[0]?.columns ?? network.inputs;
}

/** Rows of numbers, with the last column apart where a target is asked for. */
export interface NumberRows {
  file: string;
  x: { data: EncodedArray; shape: [number, number] };
  /** The cells of the target. */
  targets?: string[];
  /** The table, where they came as one. */
  table?: Table;
}

export interface NumberFlags {
  delimiter?: string;
  header?: boolean;
  skipLines?: number;
  comment?: string;
  decimal?: "." | ",";
}

/**
 * Reads rows of numbers for a model.
 * @param target a column's name or number, "" for the last one, undefined where there is none.
 * @throws PropagoError ERR_SHAPE for rows of another width, ERR_CSV for a cell that is no number, with its place.
 */
export function readNumbers(path: string, width: number, flags: NumberFlags, target?: string): NumberRows {
  const bytes = readBytes(path);
  const file = tableFile(bytes, path);
  const table = parseTable(file.bytes, file.name, flags);
  const place = target === undefined ? -1 : target === "" ? table.columns.length - 1 : findColumn(table, target);
  const places = table.columns.map((_, i) => i).filter((i) => i !== place);
  if (places.length !== width) {
    const what = target === undefined ? "columns" : "columns beside the target";
    throw new PropagoError("ERR_SHAPE", `${file.name} has ${places.length} ${what}, the model takes ${width} numbers a row`); // prettier-ignore
  }
  const data = new Float64Array(table.rows * width);
  for (let row = 0, at = 0; row < table.rows; row++) {
    for (const column of places) {
      const cell = table.cell(row, column);
      const value = parseNumber(flags.decimal === "," ? cell.replace(",", ".") : cell);
      if (value === undefined || !Number.isFinite(value)) {
        const where = `${file.name}:${table.lineOf(row)}, column ${show(table.columns[column])}`;
        throw new PropagoError(
          "ERR_CSV",
          `${where}: ${show(cell)} is no finite number, and this model takes numbers only`,
        );
      }
      data[at++] = value;
    }
  }
  const targets = place < 0 ? undefined : Array.from({ length: table.rows }, (_, row) => table.cell(row, place).trim());
  return { file: file.name, x: { data, shape: [table.rows, width] }, targets, table };
}

/** Answers for rows as columns of a table: predictions first. */
export interface ForeignAnswers {
  /** Columns of predictions, and others beside them. */
  names: string[];
  others: string[];
  predictions: (row: number) => (string | number)[];
  rest: (row: number) => number[];
}

/** What a model says of rows: a label or a number each, and probabilities where it has them. */
export function answer(model: ReadModel, x: NumberRows["x"]): ForeignAnswers {
  const { network, estimators, labels } = model;
  const [estimator] = estimators;
  if (estimator instanceof Classifier) {
    const answers = estimator.predict(x);
    return withProbabilities(estimator.classes.map(String), estimator.predictProbabilities(x), (row) => String(answers[row])); // prettier-ignore
  }
  const outputs = network.outputs;
  const values = estimator?.predict(x) ?? network.predict(x);
  if (estimator === undefined && isSoftmax(model)) {
    const names = Array.from({ length: outputs }, (_, k) => String(labels?.[k] ?? k));
    return withProbabilities(
      names,
      values,
      (row) => names[bestOf(values.subarray(row * outputs, (row + 1) * outputs))],
    );
  }
  const names = outputs === 1 ? ["prediction"] : Array.from({ length: outputs }, (_, k) => `prediction_${k + 1}`);
  const own = (row: number) => Array.from(values.subarray(row * outputs, (row + 1) * outputs));
  return { names, others: [], predictions: own, rest: () => [] };
}

function withProbabilities(
  classes: readonly string[],
  values: Float32Array | Float64Array,
  label: (row: number) => string,
): ForeignAnswers {
  const count = classes.length;
  return {
    names: ["prediction"],
    others: classes.map((name) => `probability_${name}`),
    predictions: (row) => [label(row)],
    rest: (row) => Array.from(values.subarray(row * count, (row + 1) * count)),
  };
}

/** Whether a network's outputs are probabilities of classes. */
export function isSoftmax({ network }: ReadModel): boolean {
  const { layers } = network.toJSON();
  const last = layers.findLast((layer) => layer.type === "dense" || layer.type === "activation");
  const { activation } = (last ?? {}) as { activation?: string | { name: string } };
  return (typeof activation === "object" ? activation.name : activation) === "softmax";
}

function bestOf(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
