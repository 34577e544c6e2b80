// FANN, a library in C, on XOR: compiled and run where gcc and FANN are installed (on Debian `apt install gcc libfann-dev`).
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

/** A function that trains for so many milliseconds and gives the nanoseconds of an epoch; nothing where FANN is missing. */
export function fann(epochs: number): ((milliseconds: number) => number) | undefined {
  const folder = mkdtempSync(`${tmpdir()}/propago-fann-`);
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const source = fileURLToPath(new URL("fann.c", import.meta.url));
  const { status } = spawnSync("gcc", ["-O2", source, "-lfloatfann", "-lm", "-o", `${folder}/fann`]);
  if (status !== 0) return undefined;
  return (milliseconds) => {
    const { stdout } = spawnSync(`${folder}/fann`, [`${epochs}`, `${milliseconds}`], { encoding: "utf8" });
    return Number(stdout);
  };
}
