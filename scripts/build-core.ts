// Compiles the AssemblyScript core into build/, once per target of asconfig.json, and embeds the results and what
// workers run in src/generated/. Does nothing for a target whose output is younger than all of its sources.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { embedCore, embedProgram, embedWorker } from "./embed-core.ts";
import { root } from "./root.ts";

const force = process.argv.includes("--force");
const asconfig = JSON.parse(readFileSync(`${root}/asconfig.json`, "utf8")) as {
  targets: Record<string, { outFile: string }>;
};
const sources = [
  // Folders too: their own time changes when a file is removed.
  `${root}/assembly`,
  ...readdirSync(`${root}/assembly`, { recursive: true, encoding: "utf8" }).map((name) => `${root}/assembly/${name}`),
  `${root}/asconfig.json`,
  `${root}/node_modules/assemblyscript/package.json`,
];
const newestSource = Math.max(...sources.map((path) => statSync(path).mtimeMs));

for (const [target, { outFile }] of Object.entries(asconfig.targets)) {
  const outputs = [`${root}/${outFile}`, `${root}/${outFile.replace(/\.wasm$/, ".d.ts")}`];
  const fresh = outputs.every((path) => existsSync(path) && statSync(path).mtimeMs > newestSource);
  if (fresh && !force) continue;
  const entry = `assembly/${target === "common" ? target : target.startsWith("predict") ? "predict" : "index"}.ts`;
  const compiler = `${root}/node_modules/assemblyscript/bin/asc.js`;
  const asc = spawnSync(process.execPath, [compiler, entry, "--target", target], { cwd: root, stdio: "inherit" });
  if (asc.status !== 0) process.exit(asc.status ?? 1);
}

embedCore(Object.keys(asconfig.targets));
embedWorker();
embedProgram();
