// The playground's errands: `npm run site` serves it from its sources, `npm run site:build` makes site/dist, and
// `npm run site:pictures` takes screenshots of all views. Installs site/node_modules first where they are missing.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { root } from "./root.ts";

const site = `${root}/site`;

/** Runs a program of node_modules in the site's folder; ends this one where it fails. */
function run(program: string, args: readonly string[], folder = site): void {
  const { status } = spawnSync(program, args, { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) process.exit(status ?? 1);
}

/** Whether what is installed is older than what is asked for. */
function isStale(): boolean {
  const installed = `${site}/node_modules/.package-lock.json`;
  return !existsSync(installed) || statSync(installed).mtimeMs < statSync(`${site}/package-lock.json`).mtimeMs;
}

const [command = "dev", ...rest] = process.argv.slice(2);
if (isStale()) run("npm", ["ci", "--ignore-scripts", "--no-audit"]);
const vite = `${site}/node_modules/.bin/vite`;
if (command === "dev") run(vite, rest);
else if (command === "preview") run(vite, ["preview", ...rest]);
else if (command === "build" || command === "bundle") {
  if (command === "build") run(`${root}/node_modules/.bin/tsc`, ["-p", site], root);
  // Where tests run, the environment says so, and vite would build for development.
  process.env.NODE_ENV = "production";
  run(vite, ["build", "--logLevel", "warn", ...rest]);
} else {
  console.error("usage: tsx scripts/site.ts dev | build | bundle | preview");
  process.exit(2);
}
