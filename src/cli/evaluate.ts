// propago evaluate: how well a model does on a table whose targets are known.
import { Command } from "commander";
import { Classifier } from "../classifier.ts";
import type { Label } from "../data/labels.ts";
import type { Matrix } from "../types.ts";
import { PropagoError } from "../errors.ts";
import { warn } from "./exit.ts";
import { measure, sentence } from "./figures.ts";
import { readModel } from "./model.ts";
import { addReadingOptions, readJudgingTable, unknownOption } from "./tables.ts";
import type { ReadingFlags } from "./tables.ts";
import { figure, printable } from "./text.ts";

/** A table of more classes than this is for programs. */
const MOST_LINES = 30;

interface EvaluateOptions extends ReadingFlags {
  unknown: "other" | "ignore" | "error";
  json: boolean;
}

export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description("Measure a model on a CSV file that holds the target too.")
    .argument("<model>", "model file written by train")
    .argument("<data>", "CSV file with the model's columns and its target; - for standard input")
    .addOption(unknownOption());
  return addReadingOptions(command).option("--json", "print the figures as one line of JSON", false).action(evaluate);
}

function evaluate(modelPath: string, path: string, options: EvaluateOptions): void {
  const { json } = options;
  const model = readModel(modelPath);
  const { estimator } = model;
  const { file, x, targets, warnings } = readJudgingTable(path, model, options, estimator.network?.dtype);
  for (const warning of warnings) warn(warning);
  if (targets.kind === "labels") throw new PropagoError("ERR_DATA", "several targets cannot be measured yet");
  const y = targets.kind === "classes" ? targets.labels : targets.values;
  const figures = measure(estimator, x, y);
  const classes = estimator instanceof Classifier ? byClass(estimator, x, y as Label[]) : [];
  if (json) {
    const parameters = estimator.network?.parameterCount;
    process.stdout.write(
      `${JSON.stringify({ task: model.task, parameters, ...figures, ...(classes.length > 0 ? { classes } : {}) })}\n`,
    );
  } else {
    process.stdout.write(`${printable(file)} (${figures.rows} rows): ${sentence(figures)}\n`);
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
