// propago evaluate: how well a model does on a table whose targets are known.
import { Command, Option } from "commander";
import { Classifier } from "../classifier.ts";
import type { Label } from "../data/labels.ts";
import type { Matrix } from "../types.ts";
import { encodeRows, readKnownLabels, readNumbers } from "../data/columns.ts";
import { didYouMean, PropagoError, show } from "../errors.ts";
import { warn } from "./exit.ts";
import { measure, sentence } from "./figures.ts";
import { readTable } from "./files.ts";
import { readModel } from "./model.ts";
import { delimiterOption } from "./options.ts";
import { figure, printable } from "./text.ts";

/** A table of more classes than this is for programs. */
const MOST_LINES = 30;

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
  const x = { data: encoded.data, shape: [encoded.rows, encoded.columns] };
  const figures = measure(estimator, x, y);
  const classes = estimator instanceof Classifier ? byClass(estimator, x, y as Label[]) : [];
  if (json) {
    const parameters = estimator.network?.parameterCount;
    process.stdout.write(
      `${JSON.stringify({ task: model.task, parameters, ...figures, ...(classes.length > 0 ? { classes } : {}) })}\n`,
    );
  } else {
    process.stdout.write(`${printable(table.file)} (${figures.rows} rows): ${sentence(figures)}\n`);
    for (const { label, precision, recall, f1 } of classes.length <= MOST_LINES ? classes : []) {
      const figures = `precision ${figure(precision)}, recall ${figure(recall)}, f1 ${figure(f1)}`;
      process.stdout.write(`  ${printable(String(label))}: ${figures}\n`);
    }
  }
}

/** How well each class is told from the others. */
function byClass(classifier: Classifier, x: Matrix, y: readonly Label[]) {
  const average = "perClass";
  const { precisionPerClass, recallPerClass, f1PerClass } = classifier.evaluate(x, y, {
    metrics: [
      { name: "precision", average },
      { name: "recall", average },
      { name: "f1", average },
    ],
  });
  return classifier.classes.map((label, i) => ({
    label,
    precision: precisionPerClass?.[i] ?? NaN,
    recall: recallPerClass?.[i] ?? NaN,
    f1: f1PerClass?.[i] ?? NaN,
  }));
}
