// propago train: from a table to a model file.
import { Command, InvalidArgumentError, Option } from "commander";
import { ACTIVATIONS } from "../activations.ts";
import type { ActivationSpec } from "../activations.ts";
import { Classifier } from "../classifier.ts";
import type { Encoded } from "../data/columns.ts";
import type { Label } from "../data/labels.ts";
import type { Targets } from "../data/targets.ts";
import { PropagoError } from "../errors.ts";
import { defaultValidation } from "../estimator.ts";
import { defaultEpochs } from "../training.ts";
import type { EstimatorOptions } from "../estimator.ts";
import { LOSSES } from "../losses.ts";
import type { LossSpec } from "../losses.ts";
import { OPTIMIZERS } from "../tables.ts";
import type { OptimizerSpec } from "../optimizers.ts";
import { Regressor } from "../regressor.ts";
import type { DType, EpochReport, FitOptions, History } from "../types.ts";
import { Interruption, INTERRUPTED, warn } from "./exit.ts";
import { measure, sentence } from "./figures.ts";
import type { Figures } from "./figures.ts";
import { checkOutput } from "./files.ts";
import { writeModel } from "./model.ts";
import { layerSizes, named, number } from "./options.ts";
import { figuresOf, showProgress } from "./progress.ts";
import { addTableOptions, readTrainingTable } from "./tables.ts";
import type { TableFlags } from "./tables.ts";
import { figure, printable, word } from "./text.ts";

/** One target, as the estimators take it. */
type Target = { task: "classification"; labels: Label[] } | { task: "regression"; values: Float64Array };

interface TrainOptions extends TableFlags {
  hidden?: number[];
  activation?: ActivationSpec;
  loss?: LossSpec;
  optimizer?: OptimizerSpec;
  learningRate?: number;
  l1?: number;
  l2?: number;
  epochs?: number;
  batchSize?: number | "full";
  validation?: number;
  patience?: number;
  classWeights?: "balanced";
  seed: number | "random";
  dtype?: DType;
  out: string;
  force: boolean;
  json: boolean;
  progress: boolean;
}

export function trainCommand(): Command {
  const positive = number({ least: Number.MIN_VALUE });
  const notNegative = number({ least: 0 });
  const count = number({ least: 1, whole: true });
  const command = new Command("train")
    .description("Train a model on a CSV file and write it to one file.")
    .argument("<data>", "CSV file, also compressed with gzip; - for standard input");
  return addTableOptions(command)
    .option("--hidden <sizes>", "neurons of each hidden layer, as 16,16, or none (default: 64)", layerSizes)
    .option("--activation <name>", "of the hidden layers (default: tanh)", named(ACTIVATIONS))
    .option("--loss <name>", "what training minimises (default: fits the task)", named(LOSSES))
    .option("--optimizer <name>", "how weights are updated (default: adam)", named(OPTIMIZERS))
    .option("--learning-rate <rate>", "size of the updates (default: fits the network's size)", positive)
    .option("--l1 <strength>", "pull of the weights towards 0 (default: 0)", notNegative)
    .option("--l2 <strength>", "decay of the weights (default: 0.001, above 1,000 rows 1 / rows)", notNegative)
    .option("--epochs <count>", "passes over the data at most (default: 100, more for small tables)", count)
    .option("--batch-size <rows>", "rows a weight update, or full (default: 32)", batchSize)
    .option(
      "--validation <fraction>",
      "rows held back to stop in time and to judge the model (default: 0.2, or 0 below 50 rows)",
      number({ least: 0, most: 0.99 }),
    )
    .option(
      "--patience <epochs>",
      "epochs without a better validation loss before training stops, 0 for never (default: 20)",
      number({ least: 0, whole: true }),
    )
    .addOption(
      new Option("--class-weights <how>", "balanced: rare classes count as much as common ones").choices(["balanced"]),
    )
    .option("--seed <number>", "for first weights, order and held-back rows, or random", seed, 0)
    .addOption(new Option("--dtype <kind>", "precision (default: float32)").choices(["float32", "float64"]))
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

async function train(path: string, options: TrainOptions): Promise<void> {
  checkOutput(options.out, { inputs: [path], force: options.force });
  const { targets, encoded, columns, record, weights, note, warnings } = readTrainingTable(
    path,
    options,
    options.dtype,
  );
  const target = oneTarget(targets);
  if (options.classWeights && target.task === "regression") {
    throw new PropagoError("ERR_USAGE", "--class-weights is for classes, but the target is a number; leave it out");
  }
  for (const warning of warnings) warn(warning);
  if (!options.json) process.stdout.write(`${printable(note)}\n`);

  const estimator =
    target.task === "classification" ? new Classifier(network(options)) : new Regressor(network(options));
  const started = performance.now();
  const history = await fit(estimator, encoded, target, weights, options);
  const seconds = (performance.now() - started) / 1000;

  // One class only has been said already, by its name.
  for (const { code, message } of history.warnings ?? []) if (code !== "WARN_CONSTANT_TARGETS") warn(message);

  // Measured on the model as it is saved, after the best epoch's weights have come back.
  const { training, validation } = judge(estimator, encoded, target);
  const epochs = history.epochs.length;
  const { rows } = encoded;
  const figures = { rows, epochs, loss: training.loss, validation };
  const { records } = targets;
  writeModel(options.out, { task: target.task, targets: records, columns, record, training: figures, estimator });

  const parameters = estimator.network?.parameterCount;
  if (options.json) {
    const { rows: _, ...own } = training;
    const place = { target: records[0].name, inputs: encoded.columns, seed: estimator.network?.seed, out: options.out };
    const result = {
      task: target.task,
      rows,
      parameters,
      epochs,
      seconds,
      ...own,
      validation,
      stopped: history.stopped,
    };
    process.stdout.write(`${JSON.stringify({ ...result, ...place })}\n`);
    return;
  }
  const stopped = history.stopped === "earlyStopping" ? `, the best was epoch ${history.best?.epoch}` : "";
  const lines = [`trained ${epochs} epochs in ${figure(seconds)} s${stopped}`];
  lines.push(`training rows (${training.rows}): ${sentence(training)}`);
  if (validation) lines.push(`held-back rows (${validation.rows}): ${sentence(validation)}`);
  else lines.push("no rows were held back, so nothing is known of new rows");
  lines.push(`saved ${word(options.out)} (${parameters} parameters)`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** The one target that the estimators can learn. */
function oneTarget(targets: Targets): Target {
  if (targets.kind === "classes") return { task: "classification", labels: targets.labels };
  if (targets.kind === "numbers" && targets.records.length === 1) return { task: "regression", values: targets.values };
  throw new PropagoError("ERR_USAGE", "several targets cannot be trained yet; name one with --target");
}

function network(options: TrainOptions): EstimatorOptions {
  const { hidden, activation, optimizer, learningRate, loss, l1, l2, seed, dtype } = options;
  return Object.fromEntries(
    Object.entries({ hidden, activation, optimizer, learningRate, loss, l1, l2, seed, dtype }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

/** Trains until the end or Ctrl-C. */
async function fit(
  estimator: Classifier | Regressor,
  encoded: Encoded,
  target: Target,
  sampleWeights: Float64Array | undefined,
  options: TrainOptions,
): Promise<History> {
  const x = { data: encoded.data, shape: [encoded.rows, encoded.columns] };
  const validation = options.validation ?? defaultValidation(encoded.rows);
  const known = encoded.rows - Math.round(encoded.rows * validation);
  const epochs = options.epochs ?? defaultEpochs(known, options.batchSize);
  const progress = showProgress(epochs, options.progress);
  let last: EpochReport | undefined;

  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED); // the second Ctrl-C does not wait
    const reached = last ? `after epoch ${last.epoch} (${figuresOf(last)})` : "before the first epoch's end";
    controller.abort(new Interruption(`interrupted ${reached}; nothing was saved`));
  };
  process.on("SIGINT", interrupt);

  const fitOptions: Omit<FitOptions, "validation"> & { validation: number } = {
    // What the user left open stays open: a tiny table is then tried from several first weights.
    epochs: options.epochs,
    batchSize: options.batchSize,
    validation,
    signal: controller.signal,
    onEpoch: (report) => {
      last = report;
      progress.show(report);
    },
  };
  if (options.patience !== undefined) {
    fitOptions.earlyStopping = options.patience === 0 ? false : { patience: options.patience };
  }
  try {
    const weighted = { ...fitOptions, sampleWeights };
    if (target.task === "regression") return await (estimator as Regressor).fit(x, target.values, weighted);
    const { classWeights } = options;
    return await (estimator as Classifier).fit(x, target.labels, { ...weighted, classWeights });
  } finally {
    progress.stop();
    process.off("SIGINT", interrupt);
  }
}

/** What the model reaches on the rows that it was trained on, and on those that were held back. */
function judge(
  estimator: Classifier | Regressor,
  { data, rows, columns }: Encoded,
  target: Target,
): { training: Figures; validation: Figures | null } {
  const isHeld = new Set(estimator.heldBack);
  const part = (isWanted: (row: number) => boolean): Figures => {
    const chosen = Array.from({ length: rows }, (_, row) => row).filter(isWanted);
    const x = chosen.map((row) => data.subarray(row * columns, (row + 1) * columns));
    const y =
      target.task === "classification"
        ? chosen.map((row): Label => target.labels[row])
        : Float64Array.from(chosen, (row) => target.values[row]);
    return measure(estimator, x, y);
  };
  return {
    training: part((row) => !isHeld.has(row)),
    validation: isHeld.size > 0 ? part((row) => isHeld.has(row)) : null,
  };
}

function batchSize(text: string): number | "full" {
  if (text === "full") return text;
  return number({ least: 1, whole: true })(text);
}

function seed(text: string): number | "random" {
  if (text === "random") return text;
  try {
    return number({ least: 0, most: 2 ** 32 - 1, whole: true })(text);
  } catch {
    throw new InvalidArgumentError('Expected a whole number from 0 to 4294967295, or "random".');
  }
}
