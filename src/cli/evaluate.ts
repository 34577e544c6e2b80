// propago evaluate: how well a model does on a table whose targets are known.
import { Command, Option } from "commander";
import { Classifier } from "../classifier.ts";
import { encodeRows, readKnownLabels, readNumbers } from "../data/columns.ts";
import { didYouMean, PropagoError, show } from "../errors.ts";
import { warn } from "./exit.ts";
import { measure, sentence } from "./figures.ts";
import { readTable } from "./files.ts";
import { readModel } from "./model.ts";
import { delimiterOption } from "./options.ts";
import { printable } from "./text.ts";

interface EvaluateOptions {
  unknown: "error" | "ignore";
  delimiter?: string;
  json: boolean;
}

export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description("Measure a model on a CSV file that holds the target too.")
    .argument("<model>", "model file written by train")
    .argument("<data>", "CSV file with the model's columns and its target; - for standard input")
    .addOption(
      new Option("--unknown <what>", "what to do with texts that training has not seen")
        .choices(["error", "ignore"])
        .default("error"),
    )
    .addOption(delimiterOption())
    .option("--json", "print the figures as one line of JSON", false)
    .action(evaluate);
}

function evaluate(modelPath: string, path: string, { unknown, delimiter, json }: EvaluateOptions): void {
  const model = readModel(modelPath);
  const table = readTable(path, delimiter);
  const place = table.columns.indexOf(model.target);
  if (place < 0) {
    const known = didYouMean(model.target, table.columns);
    throw new PropagoError("ERR_DATA", `${table.file} lacks the target column ${show(model.target)}${known}`);
  }
  const encoded = encodeRows(table, model.columns, { expected: [model.target], unknown });
  for (const warning of encoded.warnings) warn(warning);
  const { estimator } = model;
  const y =
    estimator instanceof Classifier ? readKnownLabels(table, place, estimator.classes) : readNumbers(table, place);
  const figures = measure(estimator, { data: encoded.data, shape: [encoded.rows, encoded.columns] }, y);
  if (json) {
    const parameters = estimator.network?.parameterCount;
    process.stdout.write(`${JSON.stringify({ task: model.task, parameters, ...figures })}\n`);
  } else {
    process.stdout.write(`${printable(table.file)} (${figures.rows} rows): ${sentence(figures)}\n`);
  }
}
