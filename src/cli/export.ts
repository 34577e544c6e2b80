// propago export and propago convert: write a model in the format of another library, or as source.
import { basename, dirname, join } from "node:path";
import { Command, Option } from "commander";
import { PropagoError } from "../ground/errors.ts";
import { type WritableFormat, formatOf, modelFiles } from "../files/models-write.ts";
import { warn } from "./exit.ts";
import { readForeign } from "./foreign.ts";
import { checkInput, checkOutput, writeWhole } from "./files.ts";
import { MOST_BYTES } from "./model.ts";
import { jsonLine, printable } from "./text.ts";

interface WriteFlags {
  to?: WritableFormat;
  force: boolean;
  json: boolean;
}

const FORMATS: readonly WritableFormat[] = ["onnx", "tfjs", "safetensors", "source"];
const ENDINGS: Readonly<Record<WritableFormat, string>> = {
  onnx: ".onnx",
  tfjs: ".json",
  safetensors: ".safetensors",
  source: ".mjs",
};
const READABLE = "model file: of propago (.propago, .safetensors), TensorFlow.js (model.json) or Keras (.keras, .h5)";

function addFlags(command: Command): Command {
  return command
    .option("--force", "replace files that exist", false)
    .option("--json", "print the files and notes as one line of JSON", false);
}

export function exportCommand(): Command {
  const command = new Command("export")
    .description(
      "Write a model for ONNX Runtime, TensorFlow.js, tools of safetensors, or as source without dependencies.",
    )
    .argument("<model>", READABLE)
    .addOption(new Option("--to <format>", "what to write").choices([...FORMATS]))
    .option("--out <file>", "where it goes (default: beside the model, with the format's ending)");
  return addFlags(command).action(exportModel);
}

export function convertCommand(): Command {
  const command = new Command("convert")
    .description("Read a model in one format and write it in another, by the endings of the files.")
    .argument("<model>", READABLE)
    .argument("<out>", "where it goes: .propago, .safetensors, .onnx, .json (TensorFlow.js), .mjs or .js (source)")
    .addOption(new Option("--to <format>", "what to write (default: by the ending)").choices([...FORMATS]));
  return addFlags(command).action(write);
}

async function exportModel(path: string, { out, ...flags }: WriteFlags & { out?: string }): Promise<void> {
  const { to } = flags;
  if (to === undefined && out === undefined) {
    throw new PropagoError("ERR_USAGE", `say what to write: --to ${FORMATS.join(", --to ")}`);
  }
  const stem = basename(path).replace(/\.[^.]*$/, "");
  await write(path, out ?? join(dirname(path), stem + ENDINGS[to as WritableFormat]), flags);
}

async function write(path: string, out: string, { to, force, json }: WriteFlags): Promise<void> {
  const format = to ?? formatOf(out);
  if (format === undefined) {
    throw new PropagoError("ERR_USAGE", `the ending of ${out} does not tell the format: add --to ${FORMATS.join("|")}`);
  }
  checkInput(path, MOST_BYTES);
  checkOutput(out, { inputs: [path], force });
  const model = await readForeign(path, true);
  const { files, notes } = modelFiles(model, basename(out), { format });
  const written = [...files].map(([name, bytes]) => [join(dirname(out), name), bytes] as const);
  // All places are looked at before anything is written; the file that was asked for is written last.
  for (const [file] of written) checkOutput(file, { inputs: [path], force });
  for (const [file, bytes] of written) writeWhole(file, bytes, force);
  const all = [...model.notes, ...notes];
  if (json) {
    const names = written.map(([file]) => file);
    process.stdout.write(jsonLine({ format, files: names, notes: all }));
    return;
  }
  for (const note of all) warn(note);
  const sizes = written.map(([file, bytes]) => `${printable(file)} (${bytes.length} bytes)`);
  process.stdout.write(`wrote ${sizes.join(", ")}\n`);
}
