// Tables as arrays for a `Network`: columns become inputs by the rules of training, the target becomes classes or numbers. What
// was learnt of the columns reads further tables in the same way.
import { inputNames, inputsOf, type Column } from "../columns/columns.ts";
import { encodeKnown, judgingTable } from "../columns/known.ts";
import { study } from "../columns/study.ts";
import type { Targets } from "../columns/targets.ts";
import type { Label } from "../data/labels.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { readObject } from "../ground/options.ts";
import { root } from "../ground/powers.ts";
import { checkedRecord } from "./table-record.ts";
import { behind, flagsOf, LEARNING, quoted, refuseUnusable, type DataTable, type KeptTable, type LearningOptions } from "./tables.ts"; // prettier-ignore

/** Inputs of some rows: bytes where all are whole numbers from 0 to 255. */
export interface Inputs {
  data: Uint8Array | Float32Array | Float64Array;
  shape: [rows: number, inputs: number];
}

/** What was learnt of a table, and reads others: plain data, which JSON keeps. */
export interface TableReader extends KeptTable {
  /** What is subtracted from each input, and what it is divided by then. */
  scaling?: { means: number[]; deviations: number[] };
}

/** A table as arrays. */
export interface TableArrays {
  x: Inputs;
  /** The number of each row's class; or what is to be predicted of it. Undefined where the table has no target. */
  y?: Int32Array | Float64Array | { data: Float64Array | Uint8Array; shape: [rows: number, targets: number] };
  /** The names of the inputs: of a column of words one for each word, as "sex=female". */
  names: string[];
  /** The classes by their numbers; undefined for numbers. */
  classes?: readonly Label[];
  /** Which rows of the table these are: those with a target. */
  rows: Uint32Array;
  /** How much each row counts. */
  weights?: Float64Array;
  /** Reads other tables in the same way: `toArrays(other, { like })`. */
  reader: TableReader;
  /** What was decided about columns and rows. */
  warnings: readonly string[];
}

export interface ToArraysOptions extends LearningOptions {
  /** The kind of numbers of x. Default: "float32". */
  dtype?: "float32" | "float64";
  /** Whether numbers are brought to mean 0 and standard deviation 1, which networks learn better from. Default: false. */
  scale?: boolean;
  /** Reads the table as this one was read, instead of learning what its columns are. */
  like?: TableArrays | TableReader;
}

/**
 * Makes arrays of a table. Its columns become inputs as `propago train` makes them, its target classes or numbers.
 * @param table as `readTable` gives it.
 * @throws PropagoError ERR_CSV, ERR_DATA or ERR_NONFINITE naming cells that are not what their columns hold; ERR_USAGE for a
 * column that is not there.
 */
export function toArrays(table: DataTable, options: ToArraysOptions = {}): TableArrays {
  const { like, dtype = "float32", scale = false, ...own } = readObject(options, "toArrays options", [...LEARNING, "dtype", "scale", "like"]) as ToArraysOptions; // prettier-ignore
  if (dtype !== "float32" && dtype !== "float64")
    throw new PropagoError("ERR_CONFIG", `dtype must be "float32" or "float64", got ${show(dtype)}`);
  if (like !== undefined) return readLike(table, "reader" in like ? like.reader : like, dtype);
  const source = behind(table);
  const { encoded, targets, columns, record, rows, weights, warnings } = study(source.table, flagsOf(own, source.flags), scale ? "float64" : dtype); // prettier-ignore
  const reader: TableReader = { kind: "table", columns, targets: targets.records, record };
  if (scale) reader.scaling = scalingOf(encoded.data, encoded.rows, columns);
  const x = scaled({ data: encoded.data, shape: [encoded.rows, encoded.columns] }, reader, dtype);
  return { x, ...answersOf(targets), names: inputNames(columns), rows, weights, reader, warnings };
}

/** Reads a table as another one was read. */
function readLike(table: DataTable, reader: TableReader, dtype: "float32" | "float64"): TableArrays {
  const { table: source, flags } = behind(table);
  const model = checkedRecord(reader);
  const options = { ...flags, missingValues: flags.missingValues?.map(quoted), dtype: reader.scaling ? "float64" : dtype } as const; // prettier-ignore
  const known = encodeKnown(source, model, options);
  const names = inputNames(model.columns);
  const isJudged = model.targets.length > 0 && model.targets.every(({ name }) => source.columns.includes(name));
  if (!isJudged) {
    refuseUnusable(source, known.encoded.isUnusable, known.encoded.warnings);
    const { data, rows, columns } = known.encoded;
    const x = scaled({ data, shape: [rows, columns] }, reader, dtype);
    return { x, names, rows: Uint32Array.from({ length: rows }, (_, row) => row), reader, warnings: known.warnings };
  }
  const { x, targets, rows, warnings } = judgingTable(known, model, options);
  return { x: scaled(x, reader, dtype), ...answersOf(targets), names, rows, reader, warnings };
}

/** @internal What is to be predicted, as a network takes it. */
export function answersOf(targets: Targets): Pick<TableArrays, "y" | "classes"> {
  const { length: width } = targets.records;
  if (targets.kind === "classes") {
    const [record] = targets.records;
    const classes = record.kind === "class" ? record.labels : [];
    const places = new Map(classes.map((label, i) => [label, i]));
    const y = Int32Array.from(targets.labels, (label, i) => {
      const place = places.get(label);
      if (place !== undefined) return place;
      throw new PropagoError(
        "ERR_DATA",
        `${show(label)}, class of row ${i}, was not seen in training; leave such rows out`,
      );
    });
    return { y, classes };
  }
  if (width === 1 && targets.kind === "numbers") return { y: targets.values };
  return { y: { data: targets.values, shape: [targets.values.length / width, width] } };
}

/** For each input its mean and standard deviation; words stay 0 and 1. */
function scalingOf(
  data: ArrayLike<number>,
  rows: number,
  columns: readonly Column[],
): { means: number[]; deviations: number[] } {
  // prettier-ignore
  const width = inputsOf(columns);
  const means = new Array<number>(width).fill(0);
  const deviations = new Array<number>(width).fill(1);
  let input = 0;
  for (const column of columns) {
    if (column.kind !== "category") {
      let mean = 0;
      for (let row = 0; row < rows; row++) mean += (data[row * width + input] - mean) / (row + 1);
      let squares = 0;
      for (let row = 0; row < rows; row++) {
        const away = data[row * width + input] - mean;
        squares += away * away;
      }
      means[input] = mean;
      deviations[input] = squares > 0 ? root(squares / rows, 2) : 1;
    }
    input += inputsOf([column]);
  }
  return { means, deviations };
}

/** @internal Inputs brought to the scale that was learnt. */
export function scaled({ data, shape }: Inputs, { scaling }: TableReader, dtype: "float32" | "float64"): Inputs {
  if (!scaling) return { data, shape };
  const [rows, width] = shape;
  const { means, deviations } = scaling;
  const result = dtype === "float64" ? new Float64Array(rows * width) : new Float32Array(rows * width);
  for (let i = 0, input = 0; i < result.length; i++, input = input + 1 === width ? 0 : input + 1)
    result[i] = (data[i] - means[input]) / deviations[input];
  return { data: result, shape };
}
