// propago inspect: what is in a model file.
import { Command } from "commander";
import { Classifier } from "../classifier.ts";
import type { Column } from "../data/columns.ts";
import { PART_NAMES } from "../data/dates.ts";
import { sentence } from "./figures.ts";
import { readModel } from "./model.ts";
import { figure, word } from "./text.ts";

/** How many columns, categories or labels are shown before "…". */
const SHOWN = 20;

export function inspectCommand(): Command {
  return new Command("inspect")
    .description("Show what a model file holds.")
    .argument("<model>", "model file written by train")
    .option("--json", "print it as one line of JSON", false)
    .action(inspect);
}

function inspect(path: string, { json }: { json: boolean }): void {
  const { task, targets, columns, training, estimator } = readModel(path);
  const target = targets.map(({ name }) => name).join(", ");
  const labels = estimator instanceof Classifier ? [...estimator.classes] : undefined;
  const { network } = estimator;
  if (json) {
    const parameters = network?.parameterCount;
    const facts = { task, target, targets, columns, labels, parameters, training, fingerprint: network?.fingerprint() };
    process.stdout.write(`${JSON.stringify(facts)}\n`);
    return;
  }
  const { rows, epochs, loss, validation } = training;
  const lines = [`${task} of ${word(JSON.stringify(target))}`];
  if (labels) lines.push(`classes (${labels.length}): ${shown(labels.map(word))}`);
  lines.push(`columns (${columns.length}): ${shown(columns.map(describe))}`);
  lines.push(`trained on ${rows} rows in ${epochs} epochs to a loss of ${figure(loss)}`);
  if (validation) lines.push(`held-back rows: ${sentence({ rows: 0, ...validation })}`);
  lines.push("", estimator.summary(), `fingerprint ${network?.fingerprint()}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}

function describe(column: Column): string {
  const name = word(column.name);
  if (column.kind === "category") {
    const categories = column.categories.map(word);
    if (column.other) categories.push("others");
    if (column.missing === "category") categories.push("missing");
    return `${name} (one of ${shown(categories)})`;
  }
  if (column.kind === "date") {
    const parts = column.parts.map(({ part }) => PART_NAMES[part]);
    return `${name} (${[column.form === "time" ? "time of day" : "date", ...parts].join(", ")})`;
  }
  const affix = column.format?.affix;
  return affix === undefined ? name : `${name} (in ${word(affix)})`;
}

function shown(texts: readonly string[]): string {
  return texts.length > SHOWN ? `${texts.slice(0, SHOWN).join(", ")}, …` : texts.join(", ");
}
