// propago evaluate: how well a model does on a table whose targets are known.
import { Command } from "commander";
import { Classifier } from "../estimators/classifier.ts";
import { count } from "../columns/problems.ts";
import { warn } from "./exit.ts";
import { byClass, classLines, measure, sentence } from "./figures.ts";
import type { Figures } from "./figures.ts";
import { splitTargets } from "./learn.ts";
import { withNames } from "./names.ts";
import { readModel } from "./model.ts";
import type { Model } from "./model.ts";
import { isSeen } from "./seen.ts";
import { addReadingOptions, readJudgingTable, unknownOption } from "./tables.ts";
import type { ReadingFlags } from "./tables.ts";
import { called, jsonLine, printable } from "./text.ts";

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

async function evaluate(modelPath: string, path: string, options: EvaluateOptions): Promise<void> {
  const model = readModel(modelPath);
  const { estimators } = model;
  const { file, x, lineOf, targets, warnings } = await readJudgingTable(
    path,
    model,
    options,
    estimators[0].network?.dtype,
  );
  for (const warning of warnings) warn(warning);
  const [rows, columns] = x.shape;
  if (isSeen({ data: x.data, rows, columns }, model.training)) {
    warn(
      `${file}: the model was trained on these rows, or most of them; figures of rows that it has not seen are lower`,
    );
  }
  const found = splitTargets(targets).map((target, i) => {
    const y = target.task === "classification" ? target.labels : target.values;
    const origin = { file, columns: model.columns, target: target.name, lineOf };
    return { name: target.name, figures: withNames(() => measure(estimators[i], x, y), origin) };
  });
  if (options.json) process.stdout.write(jsonLine(asJson(model, found)));
  else process.stdout.write(`${linesOf(model, found, file).join("\n")}\n`);
}

type Found = { name: string; figures: Figures }[];

function linesOf({ estimators }: Model, found: Found, file: string): string[] {
  return found.flatMap(({ name, figures }, i) => {
    const estimator = estimators[i];
    const which = found.length > 1 ? `, target ${called(name)}` : "";
    const head = `${printable(file)} (${count(figures.rows, "row")}${which}): ${sentence(figures)}`;
    return [head, ...(estimator instanceof Classifier ? classLines(estimator.classes, figures) : [])];
  });
}

function asJson({ task, estimators }: Model, found: Found) {
  const parameters = estimators.flatMap(({ networks }) => networks).reduce((sum, one) => sum + one.parameterCount, 0);
  const each = found.map(({ name, figures }, i) => {
    const { precisionPerClass: _p, recallPerClass: _r, f1PerClass: _f, ...rest } = figures;
    const estimator = estimators[i];
    const classes = estimator instanceof Classifier ? byClass(estimator.classes, figures) : [];
    return { target: name, ...rest, ...(classes.length > 0 ? { classes } : {}) };
  });
  return { task, parameters, ...each[0], ...(each.length > 1 ? { targets: each } : {}) };
}
