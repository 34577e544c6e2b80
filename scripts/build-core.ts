// Compiles the AssemblyScript core into build/, once per target of asconfig.json, makes it smaller, and embeds the results
// and what workers run in src/generated/. Does nothing for a target whose output is younger than all of its sources.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { embedCore, embedProgram, embedWorker } from "./embed-core.ts";
import { root } from "./root.ts";

const force = process.argv.includes("--force");
const asconfig = JSON.parse(readFileSync(`${root}/asconfig.json`, "utf8")) as {
  options: { enable: string[] };
  targets: Record<string, { outFile: string; enable?: string[] }>;
};
const sources = [
  // Folders too: their own time changes when a file is removed.
  `${root}/assembly`,
  ...readdirSync(`${root}/assembly`, { recursive: true, encoding: "utf8" }).map((name) => `${root}/assembly/${name}`),
  `${root}/asconfig.json`,
  import.meta.filename,
  `${root}/node_modules/assemblyscript/package.json`,
];
const newestSource = Math.max(...sources.map((path) => statSync(path).mtimeMs));

/** The tool of the Binaryen that the compiler itself optimizes with. */
const { resolve } = createRequire(`${root}/node_modules/assemblyscript/package.json`);
const optimizer = `${dirname(resolve("binaryen/package.json"))}/bin/wasm-opt`;

/** What the compiler uses of WebAssembly where nothing else is said. */
const FEATURES = ["bulk-memory", "bulk-memory-opt", "mutable-globals", "nontrapping-float-to-int", "sign-ext"];

/** Runs a tool of Node's; ends this script where that fails. */
function run(tool: string, ...args: string[]): void {
  const { status } = spawnSync(process.execPath, [tool, ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

for (const [target, { outFile, enable = [] }] of Object.entries(asconfig.targets)) {
  const outputs = [`${root}/${outFile}`, `${root}/${outFile.replace(/\.wasm$/, ".d.ts")}`];
  const fresh = outputs.every((path) => existsSync(path) && statSync(path).mtimeMs > newestSource);
  if (fresh && !force) continue;
  const entry = `assembly/${target === "common" ? target : target.startsWith("predict") ? "predict" : "index"}.ts`;
  const compiler = `${root}/node_modules/assemblyscript/bin/asc.js`;
  run(compiler, entry, "--target", target);
  // What was optimized for speed has fewer bytes after a pass for size: compressed, 1 to 6 %. No bit of a result changes.
  const features = [...FEATURES, ...asconfig.options.enable, ...enable].map((feature) => `--enable-${feature}`);
  run(optimizer, outFile, "-Os", ...features, "-o", outFile);
}

embedCore(Object.keys(asconfig.targets));
embedWorker();
embedProgram();
