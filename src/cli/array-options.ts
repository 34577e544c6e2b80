// The options of commands for arrays and images, and whether a path is one of those.
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Command, InvalidArgumentError, Option } from "commander";
import { kindOfArrays } from "../files/arrays.ts";
import { IS_IMAGE } from "../files/images.ts";
import { PropagoError } from "../ground/errors.ts";

/** Options of arrays, as Commander gives them. */
export interface ArrayFlags {
  /** The file with the targets. */
  labels?: string;
  rows?: RowRange;
  /** Which arrays of an NPZ file are samples and targets. */
  x?: string;
  y?: string;
  /** Width and height that images are brought to. */
  size?: [width: number, height: number];
  color?: "gray" | "rgb";
}

/** Rows from `begin` on, before `end`; numbers below 0 count from the last one. */
export interface RowRange {
  begin: number;
  end: number;
}

/** Adds the options of commands that read arrays and images. */
export function addArrayOptions(command: Command, hasTargets = true): Command {
  command.addOption(
    new Option("--rows <range>", "of arrays and images: which rows, as 0:8000, 8000: or -500:").argParser(rowRange),
  );
  if (hasTargets)
    command.option("--labels <file>", "the targets of the rows of an IDX or NPY file, in a file of their own");
  command.option("--x <name>", "of an NPZ file: the array of samples (default: x, or the only one with rows)");
  if (hasTargets) command.option("--y <name>", "of an NPZ file: the array of targets (default: y or labels)");
  return command
    .addOption(new Option("--size <pixels>", "of images: the size that all are brought to, as 28x28").argParser(sizeOf))
    .addOption(new Option("--color <kind>", "of images: gray or rgb (default: as they are)").choices(["gray", "rgb"]));
}

function rowRange(text: string): RowRange {
  const match = /^(-?\d{1,15})?:(-?\d{1,15})?$/.exec(text.trim());
  if (match === null) throw new InvalidArgumentError("Expected a range as 0:8000, 8000: or -500:.");
  return { begin: Number(match[1] ?? 0), end: match[2] === undefined ? Infinity : Number(match[2]) };
}

function sizeOf(text: string): [number, number] {
  const match = /^([1-9]\d{0,4})[x×]([1-9]\d{0,4})$/i.exec(text.trim());
  if (match === null) throw new InvalidArgumentError("Expected width x height, as 28x28.");
  return [Number(match[1]), Number(match[2])];
}

/** What a path holds, if it is no table: arrays, or images. It is asked for by content, not by name. */
export function arraysAt(path: string): "arrays" | "images" | undefined {
  if (path === "-") return undefined;
  let descriptor: number | undefined;
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return hasImages(path, 1) ? "images" : undefined;
    if (!stats.isFile()) return undefined;
    descriptor = openSync(path, "r");
    const bytes = new Uint8Array(4096);
    let start = bytes.subarray(0, readSync(descriptor, bytes));
    if (start[0] === 0x1f && start[1] === 0x8b) start = beginningOf(start);
    if (kindOfArrays(start) !== undefined) return "arrays";
    return /\.(npy|npz|idx\d?(-ubyte)?|ubyte)(\.gz)?$/i.test(path) ? "arrays" : undefined;
  } catch {
    return undefined; // whoever reads it says why it cannot be read
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Whether images lie in a folder, or in its folders. */
function hasImages(folder: string, deeper: number): boolean {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith("."));
  const isThere = entries.some((entry) => !entry.isDirectory() && IS_IMAGE.test(entry.name));
  if (isThere || deeper === 0) return isThere;
  return entries.some((entry) => entry.isDirectory() && hasImages(join(folder, entry.name), deeper - 1));
}

/** The first bytes of a gzip file, of which the beginning is there. */
function beginningOf(start: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(gunzipSync(start, { finishFlush: 2, maxOutputLength: 2 ** 24 }).subarray(0, 16));
  } catch {
    return new Uint8Array(0);
  }
}

/** Refuses options that are for tables, where there is none. */
export function refuseTableOptions(command: Command, path: string): void {
  const given = command.options.find((option) => {
    return TABLE_OPTIONS.includes(option.long ?? "") && command.getOptionValueSource(option.attributeName()) === "cli";
  });
  if (given === undefined) return;
  throw new PropagoError("ERR_USAGE", `${given.long} is for tables, and ${path} holds arrays or images; leave it out`);
}

/** Refuses options that are for arrays, where there is a table. */
export function refuseArrayOptions(flags: ArrayFlags, path: string): void {
  const given = (["labels", "rows", "x", "y", "size", "color"] as const).find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  throw new PropagoError("ERR_USAGE", `--${given} is for arrays and images, and ${path} is a table; leave it out`);
}

const TABLE_OPTIONS = [
  "--target",
  "--ignore",
  "--text",
  "--number",
  "--missing",
  "--max-categories",
  "--date-order",
  "--weights",
  "--delimiter",
  "--header",
  "--no-header",
  "--skip-lines",
  "--comment",
  "--missing-values",
  "--decimal",
];
