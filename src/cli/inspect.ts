// propago inspect: shows what is in a model file, or in a table (survey.ts).
import { createHash } from "node:crypto";
import { Command } from "commander";
import { Classifier } from "../estimators/classifier.ts";
import type { Regressor } from "../estimators/regressor.ts";
import type { Column } from "../columns/columns.ts";
import { PART_NAMES } from "../columns/dates.ts";
import { baselineSentence, classLines, sentence, thresholdLines } from "./figures.ts";
import { PropagoError } from "../ground/errors.ts";
import { readBytes, tableFile } from "./files.ts";
import { isForeign, readForeign } from "./foreign.ts";
import { isModelFile, modelOf, MOST_BYTES, type Model } from "./model.ts";
import { showTable } from "./survey.ts";
import { addTableOptions, type TableFlags } from "./tables.ts";
import { called, figure, jsonLine, printable } from "./text.ts";

/** How many columns, categories or labels are shown before "…". */
const SHOWN = 20;

export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("Show what a model file holds, or what train would make of the columns of a CSV file.")
    .argument("<file>", "model file written by train, or a CSV file; - for standard input");
  return addTableOptions(command).option("--json", "print it as one line of JSON", false).action(inspect);
}

async function inspect(
  path: string,
  { json, ...flags }: TableFlags & { json: boolean },
  command: Command,
): Promise<void> {
  const bytes = readBytes(path, MOST_BYTES);
  if (path !== "-" && isForeign(path) && !isTableOfRecords(bytes, path)) return inspectForeign(path, json);
  if (!isModelFile(bytes, path)) {
    showTable(path, tableFile(bytes, path), flags, json);
    return;
  }
  const given = command.options.find((option) => command.getOptionValueSource(option.attributeName()) === "cli" && option.long !== "--json"); // prettier-ignore
  if (given) throw new PropagoError("ERR_USAGE", `${given.long} is for tables, but ${path} is a model; leave it out`);
  inspectModel(modelOf(bytes, path), json);
}

/** Whether a file of JSON is a table: a list of rows. */
function isTableOfRecords(bytes: Uint8Array, path: string): boolean {
  return /\.json$/i.test(path) && !/"(weightsManifest|modelTopology|class_name|format)"/.test(new TextDecoder("latin1").decode(bytes)); // prettier-ignore
}

/** A model that train did not write. */
async function inspectForeign(path: string, json: boolean): Promise<void> {
  const { format, network, estimators, labels, notes } = await readForeign(path, true);
  const networks = estimators[0]?.networks ?? [network];
  const fingerprint = fingerprintOf(networks);
  if (json) {
    const parameters = networks.reduce((sum, one) => sum + one.parameterCount, 0);
    const { inputs, outputs } = network;
    process.stdout.write(jsonLine({ format, inputs, outputs, parameters, labels, notes, fingerprint }));
    return;
  }
  const lines = [`a model of ${{ propago: "propago", tfjs: "TensorFlow.js", keras: "Keras" }[format]}: ${network.inputs} inputs, ${network.outputs} outputs`]; // prettier-ignore
  if (labels) lines.push(`classes (${labels.length}): ${shown(labels.slice(0, SHOWN + 1).map(called))}`);
  lines.push("", estimators[0]?.summary() ?? network.summary());
  if (notes.length > 0) lines.push("", "what did not come along:", ...notes.map((note) => `  ${printable(note)}`));
  lines.push(`fingerprint ${fingerprint}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

function inspectModel({ task, targets, columns, training, estimators }: Model, json: boolean): void {
  const target = targets.map(({ name }) => name).join(", ");
  const [first] = estimators;
  const labels = first instanceof Classifier ? [...first.classes] : undefined;
  const networks = estimators.flatMap((estimator) => estimator.networks);
  const fingerprint = fingerprintOf(networks);
  if (json) {
    const parameters = networks.reduce((sum, network) => sum + network.parameterCount, 0);
    const { sample: _, validation, ...figures } = training;
    const each = estimators.map(({ chosen, estimate, baseline }, i) => {
      return { target: targets[i].name, validation: validation[i], chosen, estimate, baseline };
    });
    const { target: _name, ...own } = each[0];
    const facts = { task, target, targets, columns, labels, parameters, training: { ...figures, validation: validation[0] }, ...own, fingerprint }; // prettier-ignore
    process.stdout.write(jsonLine(each.length > 1 ? { ...facts, models: each } : facts));
    return;
  }
  const lines = [`${task} of ${shown(targets.map(({ name }) => JSON.stringify(called(name))))}`];
  if (labels && estimators.length === 1)
    lines.push(`classes (${labels.length}): ${shown(labels.slice(0, SHOWN + 1).map(called))}`);
  lines.push(`columns (${columns.length}): ${shown(columns.slice(0, SHOWN + 1).map(describe))}`);
  lines.push(
    `trained on ${training.rows} ${training.rows === 1 ? "row" : "rows"}, the last network ${training.epochs} epochs`,
  );
  estimators.forEach((estimator, i) => {
    if (estimators.length > 1) lines.push("", `target ${called(targets[i].name)}:`);
    const figures = training.validation[i];
    if (figures) lines.push(`rows that it had not seen: ${sentence(figures)}`);
    if (figures && estimator instanceof Classifier) lines.push(...classLines(estimator.classes, figures));
    if (estimator.baseline) lines.push(`baseline, without the inputs: ${baselineSentence(estimator.baseline)}`);
    if (estimator instanceof Classifier) lines.push(...thresholdLines(estimator));
    lines.push(...chosenLines(estimator));
    // For several networks the list above says enough.
    if (estimator.networks.length === 1) lines.push("", estimator.summary());
  });
  lines.push(`fingerprint ${fingerprint}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** The fingerprint of a single network, or one hash over the fingerprints of several. */
function fingerprintOf(networks: readonly { fingerprint(): string }[]): string {
  const all = networks.map((network) => network.fingerprint());
  if (all.length === 1) return all[0];
  return createHash("sha256").update(all.join(" ")).digest("hex").slice(0, 16);
}

/** Lists the candidates that were tried, the best first. */
function chosenLines(estimator: Classifier | Regressor): string[] {
  const { chosen, options } = estimator;
  if (!chosen || chosen.candidates.length < 2) return [];
  const tried = [...chosen.candidates].sort((a, b) => (a.loss ?? 0) - (b.loss ?? 0));
  const own = typeof options.loss === "object" ? options.loss?.name : options.loss;
  const loss = own ?? (estimator instanceof Classifier ? "log loss" : "mean squared error");
  const lines = [`compared with effort ${called(chosen.effort)}, by the ${called(loss)} of rows left out:`];
  for (const { description, loss, networks, weight } of tried) {
    const kept = networks > 0 ? `, ${networks} of ${chosen.networks} networks, weight ${figure(weight, 2)}` : "";
    lines.push(`  ${figure(loss)}: ${printable(description.slice(0, 200)).replaceAll("\n", " ")}${kept}`);
  }
  return lines;
}

function describe(column: Column): string {
  const name = called(column.name);
  if (column.kind === "category") {
    const categories = column.categories.slice(0, SHOWN + 1).map(called);
    if (column.other) categories.push("others");
    if (column.missing === "category") categories.push("missing");
    return `${name} (one of ${shown(categories)})`;
  }
  if (column.kind === "date") {
    const parts = column.parts.map(({ part }) => PART_NAMES[part]);
    return `${name} (${[column.form === "time" ? "time of day" : "date", ...parts].join(", ")})`;
  }
  const affix = column.format?.affix;
  return affix === undefined ? name : `${name} (in ${called(affix)})`;
}

function shown(texts: readonly string[]): string {
  return texts.length > SHOWN ? `${texts.slice(0, SHOWN).join(", ")}, …` : texts.join(", ");
}
