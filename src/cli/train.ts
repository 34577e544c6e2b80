// propago train: trains a model on a table, and writes it to a model file.
import { Command, InvalidArgumentError, Option } from "commander";
import { ACTIVATIONS } from "../tables/activations.ts";
import { Classifier } from "../estimators/classifier.ts";
import type { Chosen, Estimate } from "../estimators/options.ts";
import { LOSSES } from "../tables/losses.ts";
import { EFFORTS } from "../selection/problem.ts";
import { OPTIMIZERS } from "../tables/whole.ts";
import { RunCheckpoints, addCheckpointOptions } from "./checkpoints.ts";
import type { CheckpointFlags } from "./checkpoints.ts";
import { Interruption, warn } from "./exit.ts";
import { baselineSentence, classLines, measure, sentence, thresholdLines } from "./figures.ts";
import type { Figures } from "./figures.ts";
import { addArrayOptions, arraysAt, type ArrayFlags, refuseArrayOptions, refuseTableOptions } from "./array-options.ts";
import { readJudgingArrays, readTrainingArrays } from "./arrays.ts";
import { checkInput, checkOutput } from "./files.ts";
import { learn, splitTargets } from "./learn.ts";
import type { Learnt, LearnFlags, Target } from "./learn.ts";
import { checkSize, writeModel } from "./model.ts";
import type { Model } from "./model.ts";
import { named, withNames } from "./names.ts";
import { layerSizes, namedOption, number } from "./options.ts";
import { addReportOptions, checkReport, givenOptions, isReported, targetsOf, writeReport } from "./report.ts";
import type { Reported, ReportFlags } from "./report.ts";
import { isSeen, sampleOf } from "./seen.ts";
import { addTableOptions, readJudgingTable, readTrainingTable } from "./tables.ts";
import type { JudgingTable, TableFlags, TrainingTable } from "./tables.ts";
import { called, figure, jsonLine, printable, word } from "./text.ts";
import { Watch } from "./watching.ts";
import type { Evaluation } from "../tables/metrics.ts";
import type { History } from "../training/reports.ts";

interface TrainOptions extends TableFlags, LearnFlags, ArrayFlags, ReportFlags, CheckpointFlags {
  log?: string;
  out: string;
  json: boolean;
}

/** The largest number of epochs that `--json` reports. */
const MOST_EPOCHS = 1000;

export function trainCommand(): Command {
  const command = new Command("train")
    .description("Train a model on a table, on arrays or on images, and write it to one file.")
    .argument("<data>", "CSV file, NPY, NPZ or IDX file (also in gzip), folder of images; - for standard input");
  return addCheckpointOptions(addReportOptions(addLearningOptions(addArrayOptions(addTableOptions(command)))))
    .option("--log <file>", "write a CSV file with a row for each epoch of each network")
    .option("--out <file>", "where the model goes", "model.propago")
    .option("--force", "replace an existing file", false)
    .option("--json", "print the figures as one line of JSON", false)
    .option("--no-progress", "show nothing while training")
    .addHelpText(
      "after",
      '\nA name of an activation, loss or optimizer may be JSON with options: {"name":"huber","delta":2}',
    )
    .action(train);
}

function addLearningOptions(command: Command): Command {
  const positive = number({ least: Number.MIN_VALUE });
  const notNegative = number({ least: 0 });
  const count = number({ least: 1, whole: true });
  return command
    .addOption(
      new Option("--effort <level>", "how much is tried before a model is chosen (default: normal)").choices(EFFORTS),
    )
    .option("--ensemble <count>", "networks that the model consists of at most (default: by effort)", count)
    .option("--hidden <sizes>", "neurons of each hidden layer, as 16,16, or none (default: chosen)", layerSizes)
    .option("--activation <name>", "of the hidden layers (default: chosen)", namedOption(ACTIVATIONS))
    .option("--loss <name>", "what training minimises (default: fits the task)", namedOption(LOSSES))
    .option("--optimizer <name>", "how weights are updated (default: chosen)", namedOption(OPTIMIZERS))
    .option("--learning-rate <rate>", "size of the updates (default: the optimizer's)", positive)
    .option("--l1 <strength>", "pull of the weights towards 0 (default: 0)", notNegative)
    .option("--l2 <strength>", "decay of the weights (default: chosen)", notNegative)
    .option("--epochs <count>", "passes over the data (default: enough)", count)
    .option("--batch-size <rows>", "rows a weight update, or full (default: chosen)", batchSize)
    .option("--validation <part>", "rows that judge only: a fraction of the rows, or a file", validation)
    .option(
      "--patience <epochs>",
      "stop each network after so many epochs without a better loss on rows held back, 0 for never (default: 0)",
      number({ least: 0, whole: true }),
    )
    .option("--time-limit <seconds>", "try no longer than this; results then depend on the machine", positive)
    .addOption(
      new Option("--class-weights <how>", "balanced: rare classes count as much as common ones").choices(["balanced"]),
    )
    .addOption(
      new Option(
        "--optimize <metric>",
        "of two classes: from which probability on each is predicted, so that this is best (default: 0.5)",
      ).choices(["accuracy", "balancedAccuracy", "f1"]),
    )
    .option("--seed <number>", "for first weights, order and folds, or random", seed, 0)
    .addOption(new Option("--dtype <kind>", "precision (default: float32)").choices(["float32", "float64"]));
}

async function train(path: string, options: TrainOptions, command: Command): Promise<void> {
  checkInputs(path, options, command);
  const checkpoints = new RunCheckpoints(options);
  // A run that goes on may replace the model that it wrote when it was interrupted.
  if (checkpoints.ownOut === options.out) options.force = true;
  checkOutput(options.out, { inputs: [path], force: options.force });
  if (options.log !== undefined) {
    checkOutput(options.log, { inputs: [path, options.out], force: options.force || checkpoints.logged.length > 0 });
  }
  checkReport(options, [path, options.out]);
  const table = arraysAt(path)
    ? await readTrainingArrays(path, options)
    : await readTrainingTable(path, options, options.dtype);
  const { targets, encoded, columns, record, weights } = table;
  for (const warning of table.warnings) warn(warning);
  if (!options.json) process.stdout.write(`${printable(table.note)}\n`);

  const tables = { columns, targets: targets.records, record };
  const { validation } = options;
  // The file is read before anything is trained, so that a file that does not fit costs no time.
  const judging = typeof validation === "string" ? await readJudging(validation, options, tables, table) : undefined;
  const all = splitTargets(targets);
  checkSize(
    all.reduce((sum, target) => sum + parametersFor(target, encoded.columns, options.hidden), 0),
    options.dtype,
  );
  checkpoints.begin({ ...options }, { file: table.file, targets: all.map(({ name }) => name), ...encoded });
  const watch = new Watch(options, checkpoints);
  const learnt: Learnt[] = [];
  try {
    for (const [i, target] of all.entries()) {
      const origin = { file: table.file, columns, target: target.name, lineOf: table.lineOf };
      const training = learn(target, encoded, weights, options, watch.of(target.name, i, all.length));
      learnt.push(await training.catch((error: unknown) => Promise.reject(named(error, origin) as Error)));
      tellWarnings(learnt[i].history);
    }
  } finally {
    watch.stop();
  }
  const estimators = learnt.map(({ estimator }) => estimator);
  if (judging) judge(judging, learnt, columns);

  const last = learnt[learnt.length - 1].history.epochs;
  const training = {
    rows: encoded.rows,
    epochs: countOf(last),
    loss: last[last.length - 1]?.loss ?? NaN,
    validation: learnt.map(({ judged, estimator }) => shown(judged ?? estimator.estimate ?? null)),
    sample: sampleOf(encoded),
  };
  const model: Model = { task: all[0].task, ...tables, training, estimators };
  writeModel(options.out, model, options.force);
  if (isReported(options)) await writeReport(options, targetsOf(learnt, judging), reported(table, judging, command));
  if (options.json) process.stdout.write(jsonLine(asJson(model, learnt, encoded.columns, options.out)));
  else process.stdout.write(`${learnt.flatMap((one) => linesOf(one, learnt.length)).concat(savedLine(model, options.out)).join("\n")}\n`); // prettier-ignore
  if (watch.interrupted !== undefined) throw interruption(watch, options.out, checkpoints);
}

/** Says what was reached when the user wanted an end, and how to go on. */
function interruption({ reached, interrupted }: Watch, out: string, checkpoints: RunCheckpoints): Interruption {
  const advice = checkpoints.isKept
    ? `; --resume goes on from ${word(checkpoints.path)}`
    : "; with --checkpoint it could go on";
  return new Interruption(`interrupted ${reached}: ${word(out)} has what was reached${advice}`, interrupted);
}

/** What the report tells of the table. */
function reported(table: TrainingTable, judging: JudgingTable | undefined, command: Command): Reported {
  const { encoded, targets, columns, file } = table;
  const x = judging ? { data: judging.x.data, rows: judging.x.shape[0], columns: judging.x.shape[1] } : encoded;
  return {
    title: `${targets.records.map(({ name }) => called(name)).join(", ")} of ${file}`,
    columns,
    data: { x, areTraining: !judging, lineOf: (judging ?? table).lineOf },
    notes: [table.note],
    warnings: [...table.warnings, ...(judging?.warnings ?? [])],
    settings: givenOptions(command),
  };
}

/** Refuses files that cannot be read, and options that do not go with what they hold. */
function checkInputs(path: string, options: TrainOptions, command: Command): void {
  const { validation } = options;
  if (arraysAt(path) === undefined) {
    checkInput(path, Infinity);
    refuseArrayOptions(options, path);
  } else refuseTableOptions(command, path);
  if (typeof validation === "string" && arraysAt(validation) === undefined) checkInput(validation, Infinity);
}

/** The least number of weights and biases of a network for a target, as far as the user has chosen its size. */
function parametersFor(target: Target, inputs: number, hidden: readonly number[] = []): number {
  const classes = target.task === "classification" ? new Set(target.labels).size : 1;
  const widths = [...hidden, classes === 2 ? 1 : classes];
  return widths.reduce((sum, units, i) => sum + (i === 0 ? inputs : widths[i - 1]) * units + units, 0);
}

function tellWarnings({ warnings = [] }: History): void {
  // That there is only one class has been said already, with the target's name.
  for (const { code, message } of warnings) if (code !== "WARN_CONSTANT_TARGETS") warn(message);
}

/** Reads the validation file, and warns if its rows are also trained on. */
async function readJudging(
  path: string,
  options: TrainOptions,
  tables: Pick<Model, "columns" | "targets" | "record">,
  { encoded }: TrainingTable,
): Promise<JudgingTable> {
  const { size, color, x, y } = options;
  const judging = arraysAt(path)
    ? await readJudgingArrays(path, tables, { size, color, x, y })
    : await readJudgingTable(path, tables, options, options.dtype);
  for (const warning of judging.warnings) warn(warning);
  const [rows, columns] = judging.x.shape;
  if (isSeen({ data: judging.x.data, rows, columns }, { sample: sampleOf(encoded), rows: encoded.rows })) {
    warn(`${judging.file}: these rows, or most of them, are also trained on; figures of rows that are new are lower`);
  }
  return judging;
}

/** Measures the models on the rows of the validation file. */
function judge({ file, x, lineOf, targets }: JudgingTable, learnt: Learnt[], columns: Model["columns"]): void {
  for (const [i, target] of splitTargets(targets).entries()) {
    const y = target.task === "classification" ? target.labels : target.values;
    const origin = { file, columns, target: target.name, lineOf };
    learnt[i].judged = withNames(() => measure(learnt[i].estimator, x, y), origin);
  }
}

/** The figures that a model file and `--json` keep. */
function shown(figures: Evaluation | null): Evaluation | null {
  if (figures === null) return null;
  const { confusionMatrix, ...rest } = figures;
  return confusionMatrix && confusionMatrix.length > 100 ? rest : figures;
}

/** Puts the result of training on one target into words. */
function linesOf({ target, estimator, seconds, training, judged }: Learnt, count: number): string[] {
  const { chosen, estimate, baseline } = estimator;
  const lines: string[] = count > 1 ? [`target ${called(target.name)}:`] : [];
  if (chosen) lines.push(`${chosenSentence(chosen)}; ${figure(seconds, 2)} s`);
  const classes = estimator instanceof Classifier ? estimator.classes : [];
  if (judged) lines.push(`validation rows (${judged.rows}): ${sentence(judged)}`, ...classLines(classes, judged));
  if (estimate) {
    lines.push(`expected on new rows (${methodOf(estimate)}): ${sentence(estimate)}`);
    if (!judged) lines.push(...classLines(classes, estimate));
  } else if (!judged) lines.push("no rows could be left out to see how it does on new ones");
  if (baseline) lines.push(`baseline, without the inputs: ${baselineSentence(baseline)}`);
  lines.push(`training rows (${training.rows}), which the model has seen: ${sentence(training)}`);
  if (estimator instanceof Classifier) lines.push(...thresholdLines(estimator));
  return lines;
}

/** Says how an estimate was made. */
function methodOf({ folds, rows }: Estimate): string {
  return folds > 1 ? `${folds}-fold cross-validation, ${rows} rows` : `${rows} rows that were left out once`;
}

function chosenSentence({ candidates, networks, by, isCutShort }: Chosen): string {
  const kept = candidates.filter((one) => one.networks > 0).sort((a, b) => b.weight - a.weight);
  if (by === "trainingLoss") return `learnt all rows by heart: ${kept[0].description}`;
  const names = kept.slice(0, 2).map((one) => one.description);
  const rest = kept.length > 2 ? `; ${kept.length - 2} more` : "";
  const model = networks === 1 ? names[0] : `average of ${networks} networks (${names.join("; ")}${rest})`;
  const kinds = candidates.length === 1 ? "the only kind" : `the best of ${candidates.length} kinds`;
  const cut = isCutShort ? "; the search was ended early, so another machine may choose otherwise" : "";
  return `${by === "folds" ? `${kinds}: ` : ""}${model}${cut}`;
}

function savedLine({ estimators }: Model, out: string): string {
  return `saved ${word(out)} (${parametersOf(estimators)} parameters)`;
}

function parametersOf(estimators: Model["estimators"]): number {
  return estimators.flatMap(({ networks }) => networks).reduce((sum, network) => sum + network.parameterCount, 0);
}

/** The figures for programs: those of the first target, then those of each if there are several. */
function asJson({ task, training, estimators }: Model, learnt: readonly Learnt[], inputs: number, out: string) {
  const each = learnt.map(({ target, estimator, history, seconds, training: own, judged }, i) => {
    const { chosen, estimate = null, baseline = null } = estimator;
    const { rows: _, ...figures } = own;
    const last = history.epochs[history.epochs.length - 1];
    return {
      target: target.name,
      seconds,
      ...shown(figures),
      epochs: countOf(history.epochs),
      loss: last?.loss,
      training: shown(own),
      validation: training.validation[i] && withRows(training.validation[i], judged?.rows ?? estimate?.rows),
      estimate: estimate && shown(estimate),
      baseline,
      chosen,
      stopped: history.stopped,
      history: thinned(history).map(({ epoch, loss }) => ({ epoch, loss })),
      ...(estimator instanceof Classifier && estimator.threshold !== 0.5 ? { threshold: estimator.threshold } : {}),
    };
  });
  const seconds = learnt.reduce((sum, one) => sum + one.seconds, 0);
  return {
    task,
    rows: training.rows,
    parameters: parametersOf(estimators),
    ...each[0],
    seconds,
    inputs,
    seed: estimators[0].network?.seed,
    out,
    ...(each.length > 1 ? { targets: each } : {}),
  };
}

function withRows(figures: Evaluation, rows: number | undefined): Partial<Figures> {
  return { rows, ...figures };
}

function thinned({ epochs }: History): History["epochs"] {
  const step = Math.ceil(epochs.length / MOST_EPOCHS);
  return epochs.filter((_, i) => i % step === 0 || i === epochs.length - 1);
}

function batchSize(text: string): number | "full" {
  if (text === "full") return text;
  return number({ least: 1, whole: true })(text);
}

/** Parses `--validation`: a fraction, or else the path of a file. */
function validation(text: string): number | string {
  if (!/^[-+.\d]+(e[-+]?\d+)?$/i.test(text)) return text;
  try {
    return number({ least: 0, most: 0.99 })(text);
  } catch {
    throw new InvalidArgumentError("Expected a fraction from 0 to 0.99, or a file.");
  }
}

function seed(text: string): number | "random" {
  if (text === "random") return text;
  try {
    return number({ least: 0, most: 2 ** 32 - 1, whole: true })(text);
  } catch {
    throw new InvalidArgumentError('Expected a whole number from 0 to 4294967295, or "random".');
  }
}

/** The number of epochs. A long history does not keep all of them, so it is read from their numbers. */
function countOf(epochs: readonly { epoch: number }[]): number {
  return epochs.length === 0 ? 0 : epochs[epochs.length - 1].epoch - epochs[0].epoch + 1;
}
