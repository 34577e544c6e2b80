// `npm run test:runtimes` tests that one seed gives the same bits everywhere. It trains the scenario's networks on several
// versions of Node and in Chromium, and compares what each says with what this Node says.
//
//   npm run test:runtimes -- [this] [20] [22] [24] [26] [chromium]   (default: all)
//   npm run test:runtimes -- --renew       writes test/golden/fingerprints.json anew from this Node
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { chromiumMissing, fingerprintsInChromium } from "./chromium.ts";
import { root } from "./root.ts";

/** Run by each Node, so it is plain ECMAScript over the built package. */
const program = `
  import * as propago from ${JSON.stringify(`file://${root}/dist/node.js`)};
  import { fingerprints } from ${JSON.stringify(`file://${root}/test/fingerprint-scenario.js`)};
  process.stdout.write(JSON.stringify({ version: process.version, fingerprints: fingerprints(propago) }));
`;

interface Answer {
  version: string;
  fingerprints: Record<string, string>;
}

function onNode(executable: string): Answer {
  const node = spawnSync(executable, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  if (node.status !== 0) throw new Error(`${executable} failed: ${node.stderr}`);
  return JSON.parse(node.stdout) as Answer;
}

/** A Node of another version, from its package, in a folder that goes away again. */
function onNodeVersion(version: string, folder: string): Answer {
  // The package's install script fetches the binary as a package of its own.
  const npm = spawnSync(`npm install --no-save --no-audit --no-fund --prefix "${folder}" node@${version}`, {
    cwd: folder,
    encoding: "utf8",
    shell: true,
  });
  if (npm.status !== 0) throw new Error(`node@${version} could not be installed: ${npm.stderr}`);
  return onNode(`${folder}/node_modules/node/bin/node`);
}

const arguments_ = process.argv.slice(2);
const own = onNode(process.execPath);

if (arguments_.includes("--renew")) {
  writeFileSync(`${root}/test/golden/fingerprints.json`, JSON.stringify(own.fingerprints, null, 2) + "\n");
  console.log(
    `test/golden/fingerprints.json: ${Object.keys(own.fingerprints).length} fingerprints of Node ${own.version}`,
  );
  process.exit();
}

const runtimes = arguments_.length > 0 ? arguments_ : ["this", "20", "22", "24", "26", "chromium"];
let failures = 0;
for (const runtime of runtimes) {
  const folder = mkdtempSync(`${tmpdir()}/propago-node-`);
  try {
    if (runtime === "chromium" && chromiumMissing) {
      console.log(`chromium: skipped, ${chromiumMissing}`);
      continue;
    }
    const answer =
      runtime === "this"
        ? own
        : runtime === "chromium"
          ? await fingerprintsInChromium()
          : onNodeVersion(runtime, folder);
    const names = Object.keys(own.fingerprints);
    const different = names.filter((name) => answer.fingerprints[name] !== own.fingerprints[name]);
    const name = `${runtime === "chromium" ? "Chromium" : "Node"} ${answer.version}`;
    console.log(`${name}: ${names.length - different.length} of ${names.length} networks as on Node ${own.version}`);
    for (const key of different) console.log(`  ${key}: ${answer.fingerprints[key]}, not ${own.fingerprints[key]}`);
    if (different.length > 0) failures++;
  } catch (error) {
    failures++;
    console.log(`${runtime}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
process.exit(failures > 0 ? 1 : 0);
