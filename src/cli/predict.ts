// propago predict: a model's answers for the rows of a table, as CSV, one line for each row.
import { Command } from "commander";
import { Classifier } from "../classifier.ts";
import type { Encoded } from "../data/columns.ts";
import { emptyRows } from "../data/csv.ts";
import type { Table } from "../data/csv.ts";
import { count } from "../data/problems.ts";
import { findColumns } from "../data/selection.ts";
import { warn } from "./exit.ts";
import { checkOutput, writeWhole } from "./files.ts";
import { readModel } from "./model.ts";
import type { Model } from "./model.ts";
import { gathered } from "./options.ts";
import { addReadingOptions, readModelTable, unknownOption } from "./tables.ts";
import type { ReadingFlags } from "./tables.ts";
import { numberCell, textCell } from "./text.ts";

interface PredictOptions extends ReadingFlags {
  out?: string;
  force: boolean;
  keep?: string[];
  unknown: "other" | "ignore" | "error";
}

export function predictCommand(): Command {
  const command = new Command("predict")
    .description("Predict the target of each row of a CSV file.")
    .argument("<model>", "model file written by train")
    .argument("<data>", "CSV file with the columns that the model was trained on; - for standard input")
    .option("--out <file>", "where the predictions go (default: standard output)")
    .option("--force", "replace an existing file", false)
    .option("--keep <columns>", "columns to write beside the prediction, as id,name, or all", gathered)
    .addOption(unknownOption());
  return addReadingOptions(command).action(predict);
}

function predict(modelPath: string, path: string, options: PredictOptions): void {
  const { out, force, keep } = options;
  if (out !== undefined) checkOutput(out, { inputs: [modelPath, path], force });
  const model = readModel(modelPath);
  const { table, encoded, warnings } = readModelTable(
    path,
    model,
    options,
    model.estimator.network?.dtype,
    keep !== undefined,
  );
  const kept = keptColumns(table, keep);
  for (const warning of warnings) warn(warning);
  for (const row of emptyRows(table)) encoded.isUnusable[row] = 1;
  const unusable = encoded.isUnusable.reduce((sum, value) => sum + value, 0);
  if (unusable > 0) {
    const verb = unusable === 1 ? "has" : "have";
    warn(`${table.file}: ${count(unusable, "row")} of ${table.rows} ${verb} no prediction; their cells are empty`);
  }
  const content = written(table, encoded, kept, answers(model, encoded));
  if (out === undefined) process.stdout.write(content);
  else writeWhole(out, content);
}

/** Where the columns are that are to be kept. */
function keptColumns(table: Table, keep: readonly string[] | undefined): number[] {
  if (!keep) return [];
  const isAll = keep.includes("all") && !table.columns.includes("all");
  return isAll ? table.columns.map((_, i) => i) : findColumns(table, keep);
}

/** The columns that a model writes: the prediction and what stands behind the kept columns. */
interface Answers {
  prediction: (row: number) => string;
  others: string[];
  /** The cells of the other columns. */
  rest: (row: number) => string[];
}

function answers({ estimator }: Model, { data, rows, columns }: Encoded): Answers {
  const isSingle = estimator.network?.dtype !== "float64";
  const x = { data, shape: [rows, columns] };
  if (estimator instanceof Classifier) {
    const { classes } = estimator;
    const labels = estimator.predict(x);
    const probabilities = estimator.predictProbabilities(x);
    return {
      prediction: (row) => textCell(String(labels[row])),
      others: classes.map((label) => textCell(`probability_${label}`)),
      rest: (row) => {
        const own = probabilities.subarray(row * classes.length, (row + 1) * classes.length);
        return Array.from(own, (value) => numberCell(value, isSingle));
      },
    };
  }
  const values = estimator.predict(x);
  const prediction = (row: number) => String(Number(values[row].toPrecision(isSingle ? 10 : 17)));
  return { prediction, others: [], rest: () => [] };
}

/** A header and a line for each row: the prediction, the kept columns, and for classes the probability of each. */
function written(
  table: Table,
  { isUnusable }: Encoded,
  kept: readonly number[],
  { prediction, others, rest }: Answers,
): string {
  const names = kept.map((place) =>
    textCell(table.columns[place] === "prediction" ? "prediction_2" : table.columns[place]),
  );
  const lines = [["prediction", ...names, ...others].join(",")];
  const nothing = others.map(() => "");
  for (let row = 0; row < table.rows; row++) {
    const cells = kept.map((place) => textCell(table.cell(row, place)));
    const isEmpty = isUnusable[row] === 1;
    const line = [isEmpty ? "" : prediction(row), ...cells, ...(isEmpty ? nothing : rest(row))].join(",");
    // Readers pass over blank lines; an empty cell in quotes is a row.
    lines.push(line === "" ? '""' : line);
  }
  return `${lines.join("\n")}\n`;
}
