// propago evaluate: how well a model does on a table whose targets are known.
import { Command } from "commander";
import { Classifier } from "../estimators/classifier.ts";
import { parseNumber } from "../columns/numbers.ts";
import { count } from "../columns/problems.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { addArrayOptions, arraysAt, type ArrayFlags, refuseArrayOptions, refuseTableOptions } from "./array-options.ts";
import { readJudgingArrays, readNumberArrays } from "./arrays.ts";
import { warn } from "./exit.ts";
import { byClass, classLines, measure, sentence } from "./figures.ts";
import type { Figures } from "./figures.ts";
import { isForeign, isSoftmax, readForeign, readNumbers, widthOf } from "./foreign.ts";
import { splitTargets } from "./learn.ts";
import { withNames } from "./names.ts";
import { readModel } from "./model.ts";
import type { Model } from "./model.ts";
import { addReportOptions, checkReport, givenOptions, isReported, writeReport, type ReportFlags } from "./report.ts";
import { isSeen } from "./seen.ts";
import { addReadingOptions, readJudgingTable, unknownOption } from "./tables.ts";
import type { ReadingFlags } from "./tables.ts";
import { called, figure, jsonLine, printable } from "./text.ts";

interface EvaluateOptions extends ReadingFlags, ArrayFlags, ReportFlags {
  unknown: "other" | "ignore" | "error";
  json: boolean;
  target?: string;
}

export function evaluateCommand(): Command {
  const command = new Command("evaluate")
    .description("Measure a model on a table, or on arrays or images, whose targets are known.")
    .argument("<model>", "model file written by train")
    .argument(
      "<data>",
      "CSV file with the model's columns and its target, NPY, NPZ or IDX file, folder of images; - for standard input",
    )
    .addOption(unknownOption());
  return addReportOptions(addArrayOptions(addReadingOptions(command)))
    .option("--target <column>", "for models that train did not write: the column of targets (default: the last)")
    .option("--force", "replace an existing report", false)
    .option("--json", "print the figures as one line of JSON", false)
    .action(evaluate);
}

async function evaluate(modelPath: string, path: string, options: EvaluateOptions, command: Command): Promise<void> {
  checkReport(options, [modelPath, path]);
  const isArrays = arraysAt(path) !== undefined;
  if (!isArrays) refuseArrayOptions(options, path);
  if (isForeign(modelPath)) return evaluateForeign(modelPath, path, options);
  if (options.target !== undefined) {
    throw new PropagoError("ERR_USAGE", `--target is for models that train did not write; ${modelPath} knows its own`);
  }
  if (isArrays) refuseTableOptions(command, path);
  const model = readModel(modelPath);
  const { estimators } = model;
  const { file, x, lineOf, targets, warnings } = isArrays
    ? await readJudgingArrays(path, model, options)
    : await readJudgingTable(path, model, options, estimators[0].network?.dtype);
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
  if (isReported(options)) {
    const own = splitTargets(targets).map((target, i) => ({
      name: target.name,
      estimator: estimators[i],
      truth: target.task === "classification" ? target.labels : target.values,
    }));
    await writeReport(options, own, {
      title: `${model.targets.map(({ name }) => called(name)).join(", ")} of ${file}`,
      columns: model.columns,
      data: { x: { data: x.data, rows, columns }, areTraining: false, lineOf },
      warnings,
      settings: givenOptions(command),
    });
  }
  if (options.json) process.stdout.write(jsonLine(asJson(model, found)));
  else process.stdout.write(`${linesOf(model, found, file).join("\n")}\n`);
}

/** Figures of a model without a table's columns, for rows of numbers and a column of targets. */
async function evaluateForeign(modelPath: string, path: string, options: EvaluateOptions): Promise<void> {
  const model = await readForeign(modelPath);
  const { file, x, targets } = arraysAt(path)
    ? await readNumberArrays(path, widthOf(model), options)
    : readNumbers(path, widthOf(model), options, options.target ?? "");
  if (targets === undefined)
    throw new PropagoError("ERR_USAGE", `${file} has no targets; name their file: --labels FILE`);
  const { network, estimators, labels } = model;
  const [estimator] = estimators;
  const known = labels?.map(String);
  const classes = targets.map((text) => (known === undefined ? Number(text) : known.indexOf(text)));
  const numbers = targets.map((text, i) => {
    const value = parseNumber(text);
    if (value === undefined)
      throw new PropagoError("ERR_CSV", `${file}, row ${i + 1}: the target ${show(text)} is no number`);
    return value;
  });
  const own = isSoftmax(model) ? classes : numbers.map((value) => [value]);
  const figures =
    estimator instanceof Classifier
      ? estimator.evaluate(
          x,
          targets.map((text) => labels?.find((label) => String(label) === text) ?? text),
        )
      : estimator === undefined
        ? network.evaluate({ x, y: own })
        : estimator.evaluate(x, numbers);
  const rows = x.shape[0];
  if (options.json) process.stdout.write(jsonLine({ rows, parameters: network.parameterCount, ...figures }));
  else process.stdout.write(`${printable(file)} (${count(rows, "row")}): ${Object.entries(figures).map(([name, value]) => `${name} ${figure(value as number)}`).join(", ")}\n`); // prettier-ignore
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
