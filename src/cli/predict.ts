// propago predict: writes a model's predictions for the rows of a table as CSV, one line for each row.
import { Command } from "commander";
import { Classifier } from "../estimators/classifier.ts";
import type { Encoded } from "../columns/columns.ts";
import { count } from "../columns/problems.ts";
import { findColumns } from "../columns/selection.ts";
import { PropagoError } from "../ground/errors.ts";
import type { Regressor } from "../estimators/regressor.ts";
import { warn } from "./exit.ts";
import { addArrayOptions, arraysAt, type ArrayFlags, refuseArrayOptions, refuseTableOptions } from "./array-options.ts";
import { readModelArrays, readNumberArrays } from "./arrays.ts";
import { checkInput, checkOutput, writeWhole } from "./files.ts";
import { answer, isForeign, readForeign, readNumbers, widthOf } from "./foreign.ts";
import { withNames } from "./names.ts";
import { MOST_BYTES, readModel, type Model } from "./model.ts";
import { gathered, number } from "./options.ts";
import { addReadingOptions, readModelTable, unknownOption, type ReadingFlags } from "./tables.ts";
import { numberCell, printable, textCell } from "./text.ts";
import { emptyRows, type Table } from "../data/table.ts";

interface PredictOptions extends ReadingFlags, ArrayFlags {
  out?: string;
  force: boolean;
  keep?: string[];
  interval?: number;
  unknown: "other" | "ignore" | "error";
}

export function predictCommand(): Command {
  const command = new Command("predict")
    .description("Predict the target of each row of a table, array, or image.")
    .argument("<model>", "model file written by train, or one of propago, TensorFlow.js or Keras")
    .argument(
      "<data>",
      "CSV file with the columns that the model was trained on, NPY, NPZ or IDX file, folder of images; - for standard input",
    )
    .option("--out <file>", "where the predictions go (default: standard output)")
    .option("--force", "replace an existing file", false)
    .option("--keep <columns>", "columns to write beside the prediction, as id,name, or all", gathered)
    .option(
      "--interval <part>",
      "write between which numbers so large a part of new targets lies, as 0.9",
      number({ least: 0.01, most: 0.999 }),
    )
    .addOption(unknownOption());
  return addArrayOptions(addReadingOptions(command), false).action(predict);
}

async function predict(modelPath: string, path: string, options: PredictOptions, command: Command): Promise<void> {
  const { out, force, keep } = options;
  checkInput(modelPath, MOST_BYTES);
  const isArrays = arraysAt(path) !== undefined;
  if (isArrays) refuseTableOptions(command, path);
  else {
    checkInput(path, Infinity);
    refuseArrayOptions(options, path);
  }
  if (out !== undefined) checkOutput(out, { inputs: [modelPath, path], force });
  if (isForeign(modelPath)) return predictForeign(modelPath, path, options);
  const model = readModel(modelPath);
  const { dtype } = model.estimators[0].network ?? {};
  const { table, encoded, warnings } = isArrays
    ? await readModelArrays(path, model, options)
    : await readModelTable(path, model, options, dtype, keep !== undefined);
  const kept = keptColumns(table, keep);
  for (const warning of warnings) warn(warning);
  for (const row of emptyRows(table)) encoded.isUnusable[row] = 1;
  const unusable = encoded.isUnusable.reduce((sum, value) => sum + value, 0);
  if (unusable > 0) {
    const [verb, whose] = unusable === 1 ? ["has", "its"] : ["have", "their"];
    warn(`${table.file}: ${count(unusable, "row")} of ${table.rows} ${verb} no prediction; ${whose} cells are empty`);
  }
  const origin = { file: table.file, columns: model.columns, lineOf: (row: number) => table.lineOf(row) };
  const found = withNames(() => answers(model, encoded, options.interval), origin);
  const content = written(table, encoded, kept, found);
  if (out === undefined) process.stdout.write(process.stdout.isTTY ? printable(content) : content);
  else writeWhole(out, content, force);
}

/** Predictions of a model without a table's columns, for rows of numbers. */
async function predictForeign(modelPath: string, path: string, options: PredictOptions): Promise<void> {
  const { out, force, interval, keep } = options;
  if (interval !== undefined || keep !== undefined) {
    const option = interval === undefined ? "--keep" : "--interval";
    throw new PropagoError("ERR_USAGE", `${option} is for models that train wrote; ${modelPath} is none`);
  }
  const model = await readForeign(modelPath);
  const { x } = arraysAt(path)
    ? await readNumberArrays(path, widthOf(model), options)
    : readNumbers(path, widthOf(model), options);
  const isSingle = model.network.dtype !== "float64";
  const cell = (value: string | number) => (typeof value === "number" ? numberCell(value, isSingle) : textCell(value));
  const { names, others, predictions, rest } = answer(model, x);
  const lines = [[...names, ...others].map(textCell).join(",")];
  for (let row = 0; row < x.shape[0]; row++) lines.push([...predictions(row), ...rest(row)].map(cell).join(","));
  const content = `${lines.join("\n")}\n`;
  if (out === undefined) process.stdout.write(process.stdout.isTTY ? printable(content) : content);
  else writeWhole(out, content, force);
}

/** The places of the columns of `--keep`. */
function keptColumns(table: Table, keep: readonly string[] | undefined): number[] {
  if (!keep) return [];
  const isAll = keep.includes("all") && !table.columns.includes("all");
  return isAll ? table.columns.map((_, i) => i) : findColumns(table, keep);
}

/** The columns that a model writes: one prediction for each target, then the kept columns, then the others. */
interface Answers {
  names: string[];
  predictions: (row: number) => string[];
  others: string[];
  /** A row's cells of the other columns. */
  rest: (row: number) => string[];
}

function answers({ estimators, targets }: Model, encoded: Encoded, interval: number | undefined): Answers {
  const each = estimators.map((estimator) => answersOf(estimator, encoded, interval));
  // With several targets, their names tell the columns apart.
  const named = (name: string, t: number) => textCell(each.length > 1 ? `${name}_${targets[t].name}` : name);
  return {
    names: each.map((_, t) => named("prediction", t)),
    predictions: (row) => each.map(({ prediction }) => prediction(row)),
    others: each.flatMap(({ others }, t) => others.map((name) => named(name, t))),
    rest: (row) => each.flatMap(({ rest }) => rest(row)),
  };
}

function answersOf(estimator: Classifier | Regressor, encoded: Encoded, interval: number | undefined) {
  const { data, rows, columns } = encoded;
  const isSingle = estimator.network?.dtype !== "float64";
  const x = { data, shape: [rows, columns] };
  if (estimator instanceof Classifier) {
    if (interval !== undefined) {
      throw new PropagoError("ERR_USAGE", "--interval is for numbers; classes have their probabilities");
    }
    const { classes } = estimator;
    const labels = estimator.predict(x);
    const probabilities = estimator.predictProbabilities(x);
    return {
      prediction: (row: number) => textCell(String(labels[row])),
      others: classes.map((label) => `probability_${label}`),
      rest: (row: number) => {
        const own = probabilities.subarray(row * classes.length, (row + 1) * classes.length);
        return Array.from(own, (value) => numberCell(value, isSingle));
      },
    };
  }
  const cell = (value: number) => String(Number(value.toPrecision(isSingle ? 10 : 17)));
  if (interval === undefined) {
    const values = estimator.predict(x);
    return { prediction: (row: number) => cell(values[row]), others: [], rest: () => [] };
  }
  const { prediction, lower, upper } = estimator.predict(x, { interval });
  return {
    prediction: (row: number) => cell(prediction[row]),
    others: ["lower", "upper"],
    rest: (row: number) => [cell(lower[row]), cell(upper[row])],
  };
}

/** The header, then a line for each row: the prediction, the kept columns, and the probability of each class. */
function written(
  table: Table,
  { isUnusable }: Encoded,
  kept: readonly number[],
  { names: own, predictions, others, rest }: Answers,
): string {
  const names = kept.map((place) =>
    textCell(own.includes(table.columns[place]) ? `${table.columns[place]}_2` : table.columns[place]),
  );
  const lines = [[...own, ...names, ...others].join(",")];
  const nothing = others.map(() => "");
  for (let row = 0; row < table.rows; row++) {
    const cells = kept.map((place) => textCell(table.cell(row, place)));
    const isEmpty = isUnusable[row] === 1;
    const line = [
      ...(isEmpty ? own.map(() => "") : predictions(row)),
      ...cells,
      ...(isEmpty ? nothing : rest(row)),
    ].join(",");
    // Readers skip blank lines, but count an empty cell in quotes as a row.
    lines.push(line === "" ? '""' : line);
  }
  return `${lines.join("\n")}\n`;
}
