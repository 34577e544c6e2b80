#!/usr/bin/env node
// The propago command. Each subcommand has a file of its own. Errors become the exit code that fits (exit.ts).
import { Command } from "commander";
import { PropagoError } from "../ground/errors.ts";
import "../node.ts";
import { benchCommand } from "./bench.ts";
import { evaluateCommand } from "./evaluate.ts";
import { DONE, report, USAGE } from "./exit.ts";
import { convertCommand, exportCommand } from "./export.ts";
import { inspectCommand } from "./inspect.ts";
import { predictCommand } from "./predict.ts";
import { trainCommand } from "./train.ts";

/** The package's version, put in by scripts/bundle.ts. */
declare const PROPAGO_VERSION: string;

// A reader that stops early, such as `head`, is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(DONE);
    process.exit(report(new PropagoError("ERR_IO", `cannot write the output: ${error.message}`, { cause: error })));
  });
}

/** Rewrites forms of the command line that Commander does not know, or refuses without saying why. */
function spelledOut(words: readonly string[]): string[] {
  const [first, name, ...rest] = words;
  // The short form of version 0.1.
  if (first === "-V") return ["-v"];
  if (first !== "help") return [...words];
  if (name === undefined || name === "help" || name.startsWith("-")) return ["--help"];
  const isKnown = commands.some((command) => command.name() === name);
  return isKnown ? [name, "--help", ...rest] : [name];
}

const program = new Command("propago")
  .description("Train neural networks on CSV files, and use them.")
  .version(PROPAGO_VERSION, "-v, --version", "show the version")
  .configureHelp({ showGlobalOptions: false })
  .helpCommand("help [command]", "show what a command does, and its options")
  .showHelpAfterError("(add --help for what there is)");
const commands = [
  trainCommand(),
  predictCommand(),
  evaluateCommand(),
  inspectCommand(),
  exportCommand(),
  convertCommand(),
  benchCommand(),
];
for (const command of commands) program.addCommand(command.copyInheritedSettings(program));
// Commander would end the process with exit code 1 for a wrong command line. Its errors must come here instead.
for (const command of [program, ...commands]) command.exitOverride();

try {
  if (process.argv.length <= 2) {
    program.outputHelp({ error: true });
    process.exitCode = USAGE;
  } else {
    await program.parseAsync(spelledOut(process.argv.slice(2)), { from: "user" });
  }
} catch (error) {
  process.exitCode = report(error);
}
