// `--report` and `--plots`: a page about the model, and its plots as files. What makes them is large, so it is loaded only
// when it is asked for.
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import type { Command } from "commander";
import type { Column } from "../columns/columns.ts";
import { quotedForShell } from "../columns/problems.ts";
import { PropagoError } from "../ground/errors.ts";
import type { CommandReport, CommandTarget } from "../report/command.ts";
import { warn } from "./exit.ts";
import { checkOutput, writeWhole } from "./files.ts";
import type { JudgingTable } from "./tables.ts";
import { splitTargets, type Learnt } from "./learn.ts";

/** Where a report goes, as Commander gives it. */
export interface ReportFlags {
  report?: string;
  plots?: string;
  force: boolean;
}

export function addReportOptions(command: Command): Command {
  return command
    .option("--report <file>", "write a page about the model: figures, plots, mistakes, columns (report.html)")
    .option("--plots <folder>", "write the plots of the report as SVG, and as PNG where @resvg/resvg-js is installed");
}

/** Whether a report is asked for, or its plots. */
export function isReported({ report, plots }: Partial<ReportFlags>): boolean {
  return report !== undefined || plots !== undefined;
}

/** Refuses paths to which no report can be written. Called before any work is done. @throws PropagoError ERR_IO. */
export function checkReport({ report, plots, force }: ReportFlags, inputs: readonly string[]): void {
  if (report !== undefined) checkOutput(report, { inputs, force });
  if (plots === undefined || !existsSync(plots)) return;
  if (!statSync(plots).isDirectory()) {
    throw new PropagoError("ERR_IO", `cannot write plots to ${plots}: it is no folder`);
  }
  if (!force && readdirSync(plots).length > 0) {
    throw new PropagoError("ERR_IO", `the folder ${plots} is not empty; use --force to write into it, or name another --plots`); // prettier-ignore
  }
}

/** What a report tells beside the models. */
export interface Reported {
  title: string;
  columns: readonly Column[];
  /** The rows to judge by, and whether the models were trained on them. */
  data: { x: CommandReport["x"]; areTraining: boolean; lineOf: (row: number) => number };
  notes?: readonly string[];
  warnings?: readonly string[];
  /** Options that the user has given. */
  settings?: readonly (readonly [string, string])[];
  image?: CommandReport["image"];
}

/**
 * Writes the report of the models that there are so far, and its plots. There may be none yet.
 * @throws PropagoError ERR_IO where a file cannot be written.
 */
export async function writeReport(
  { report, plots, force }: ReportFlags,
  targets: readonly CommandTarget[],
  { title, columns, data, notes = [], warnings = [], settings = [], image }: Reported,
): Promise<void> {
  const { commandReport } = await import("../report/command.ts");
  const made = commandReport({
    title,
    targets,
    columns,
    x: data.x,
    areTraining: data.areTraining,
    image,
    rowName: (row) => `line ${data.lineOf(row)}`,
    notes,
    warnings,
    settings,
    command: ["propago", ...process.argv.slice(2).map(quotedForShell)].join(" "),
  });
  if (report !== undefined) writeWhole(report, made.html, force);
  if (plots === undefined) return;
  makeFolder(plots);
  for (const { name, svg } of made.plots) {
    writeWhole(`${plots}/${name}.svg`, svg);
    if (made.png) writeWhole(`${plots}/${name}.png`, made.png(svg));
  }
  if (!made.png) warn(made.noPNG);
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new PropagoError("ERR_IO", `cannot make the folder ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** The models of a training, with what is true of the rows that judge them. */
export function targetsOf(learnt: readonly Learnt[], judging: JudgingTable | undefined): CommandTarget[] {
  const judged = judging && splitTargets(judging.targets);
  return learnt.map(({ target, estimator, history }, i) => {
    const own = judged?.[i] ?? target;
    return { name: target.name, estimator, history, truth: own.task === "classification" ? own.labels : own.values };
  });
}

/** The options that were given on the command line, by their names. */
export function givenOptions(command: Command): [string, string][] {
  return command.options.flatMap((option): [string, string][] => {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) !== "cli") return [];
    const value: unknown = command.getOptionValue(name);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [[option.long ?? name, value === true ? "yes" : value === false ? "no" : text]];
  });
}
