// `npm run test:hosts`: the packed package where people use it. Prints a table `host | result`; what a host needs and is not
// there makes it skip with the reason.
//
//   npm run test:hosts                 all; installs the tools of test/hosts/package.json into build/hosts first
//   npm run test:hosts -- light        those that need nothing but `npm ci`, as in .ci/run
//   npm run test:hosts -- jest next    those with such words in their names
import { Lab, type Host, installTools, missing } from "../test/hosts/lab.ts";
import { hosts as browsers } from "../test/hosts/browsers.ts";
import { hosts as bundlers } from "../test/hosts/bundlers.ts";
import { hosts as edges } from "../test/hosts/edge.ts";
import { hosts as nodes } from "../test/hosts/node.ts";

const words = process.argv.slice(2);
const isLight = words.includes("light");
const wanted = words.filter((word) => word !== "light").map((word) => word.toLowerCase());
const hosts: Host[] = [...nodes, ...edges, ...bundlers, ...browsers].filter(
  (host) =>
    (!isLight || host.isLight === true) &&
    (wanted.length === 0 || wanted.some((word) => host.name.toLowerCase().includes(word))),
);

if (hosts.some(({ isLight: needsNothing }) => needsNothing !== true)) {
  try {
    installTools();
  } catch (error) {
    console.log(`The tools could not be installed, what needs them is skipped: ${String(error).slice(0, 300)}`);
  }
}

const width = Math.max(...hosts.map(({ name }) => name.length));
const line = (name: string, result: string): void => console.log(`| ${name.padEnd(width)} | ${result} |`);
const lab = new Lab();
let failures = 0;
let skipped = 0;
try {
  line("host", "result");
  line("-".repeat(width), "------");
  for (const host of hosts) {
    const reasons = (host.needs ?? []).map(missing).filter((reason) => reason !== undefined);
    if (reasons.length > 0) {
      skipped++;
      line(host.name, `skipped: ${reasons.join(", ")}`);
      continue;
    }
    const since = performance.now();
    try {
      const result = await host.try(lab);
      line(host.name, `ok, ${result} (${((performance.now() - since) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failures++;
      line(host.name, "FAILED");
      console.log(error instanceof Error ? error.message : error);
    }
  }
} finally {
  if (process.env.KEEP === undefined) lab.remove();
  else console.log(`kept: ${lab.folder}`);
}
console.log(`${hosts.length - failures - skipped} ok, ${failures} failed, ${skipped} skipped`);
process.exit(failures > 0 ? 1 : 0);
