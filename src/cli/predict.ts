// propago predict: a model's answers for the rows of a table, as CSV.
import { Command, Option } from "commander";
import { Classifier } from "../classifier.ts";
import { encodeRows } from "../data/columns.ts";
import { warn } from "./exit.ts";
import { checkOutput, readTable, writeWhole } from "./files.ts";
import { readModel } from "./model.ts";
import type { Model } from "./model.ts";
import { delimiterOption } from "./options.ts";
import { numberCell, textCell } from "./text.ts";

interface PredictOptions {
  out?: string;
  force: boolean;
  unknown: "error" | "ignore";
  delimiter?: string;
}

export function predictCommand(): Command {
  return new Command("predict")
    .description("Predict the target of each row of a CSV file.")
    .argument("<model>", "model file written by train")
    .argument("<data>", "CSV file with the columns that the model was trained on; - for standard input")
    .option("--out <file>", "where the predictions go (default: standard output)")
    .option("--force", "replace an existing file", false)
    .addOption(
      new Option("--unknown <what>", "what to do with texts that training has not seen")
        .choices(["error", "ignore"])
        .default("error"),
    )
    .addOption(delimiterOption())
    .action(predict);
}

function predict(modelPath: string, path: string, { out, force, unknown, delimiter }: PredictOptions): void {
  if (out !== undefined) checkOutput(out, { inputs: [modelPath, path], force });
  const model = readModel(modelPath);
  const table = readTable(path, delimiter);
  const encoded = encodeRows(table, model.columns, { expected: [model.target], unknown });
  for (const warning of encoded.warnings) warn(warning);
  const content = answers(model, { data: encoded.data, shape: [encoded.rows, encoded.columns] });
  if (out === undefined) process.stdout.write(content);
  else writeWhole(out, content);
}

/** A header and a line for each row: the prediction, and for classes the probability of each. */
function answers({ estimator }: Model, x: { data: Float64Array; shape: number[] }): string {
  const isSingle = estimator.network?.dtype !== "float64";
  const lines: string[] = [];
  if (estimator instanceof Classifier) {
    const { classes } = estimator;
    lines.push(["prediction", ...classes.map((label) => textCell(`probability_${label}`))].join(","));
    const labels = estimator.predict(x);
    const probabilities = estimator.predictProbabilities(x);
    labels.forEach((label, row) => {
      const own = probabilities.subarray(row * classes.length, (row + 1) * classes.length);
      const first = typeof label === "string" ? textCell(label) : String(label);
      lines.push([first, ...Array.from(own, (value) => numberCell(value, isSingle))].join(","));
    });
  } else {
    lines.push("prediction");
    for (const value of estimator.predict(x)) lines.push(String(Number(value.toPrecision(isSingle ? 10 : 17))));
  }
  return `${lines.join("\n")}\n`;
}
