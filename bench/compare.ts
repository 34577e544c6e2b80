// `npm run bench:compare -- <commit>` compares the speed of this tree with that of another commit. Both are built and loaded
// into one process, and they take turns. The other commit is checked out in a temporary folder, which is removed afterwards.
//
//   npm run bench:compare -- HEAD~1 [--workloads digits,mnist] [--threads 1] [--rounds 21] [--time 200] [--quick]
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { root } from "../scripts/root.ts";
import { compare, type Settings } from "./measure.ts";
import { type Library, propago, takes } from "./propago.ts";
import { environment, save } from "./results.ts";
import { type Estimate, estimate, median, ratios } from "./statistics.ts";
import { digits, machine, markdown } from "./tables.ts";
import { workloads } from "./workloads.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workloads: { type: "string", default: Object.keys(workloads).join() },
    threads: { type: "string", default: "1" },
    rounds: { type: "string" },
    time: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const settings: Settings = {
  rounds: Number(options.rounds ?? (options.quick ? 5 : 21)),
  time: Number(options.time ?? (options.quick ? 50 : 200)),
  limit: Infinity,
};
const names = options.workloads.split(",");
const threads = options.threads === "auto" ? "auto" : Number(options.threads);
const [other] = positionals;
if (
  other === undefined ||
  names.some((name) => !Object.hasOwn(workloads, name)) ||
  !(threads === "auto" || threads >= 1) ||
  !(settings.rounds >= 2 && settings.time >= 0)
) {
  console.error(
    `usage: npm run bench:compare -- <commit> [--workloads ${Object.keys(workloads).join()}] [--threads 1]
       [--rounds N] [--time milliseconds] [--quick]`,
  );
  process.exit(2);
}
const commit = run("git", ["rev-parse", "--short", `${other}^{commit}`], root).trim();

const folder = mkdtempSync(`${tmpdir()}/propago-compare-`);
const cleanUp = () => {
  rmSync(folder, { recursive: true, force: true });
  run("git", ["worktree", "prune"], root);
};
process.on("SIGINT", () => {
  cleanUp();
  process.exit(130);
});
try {
  await main();
} finally {
  cleanUp();
}
process.exit();

async function main(): Promise<void> {
  console.error(`building ${commit}`);
  run("git", ["worktree", "add", "--detach", `${folder}/tree`, commit], root);
  const tree = `${folder}/tree`;
  if (readFileSync(`${tree}/package-lock.json`, "utf8") === readFileSync(`${root}/package-lock.json`, "utf8")) {
    symlinkSync(`${root}/node_modules`, `${tree}/node_modules`, "junction");
  } else {
    run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], tree);
  }
  run("npm", ["run", "build", "--silent"], tree);

  const load = async (folder: string) =>
    (await import(
      pathToFileURL(`${folder}/dist/${existsSync(`${folder}/dist/node.js`) ? "node" : "index"}.js`).href
    )) as Library;
  const [here, there] = [await load(root), await load(tree)];
  const contestant = (library: Library, name: string) =>
    propago(library, { name, threads: takes(library, { threads }) ? threads : undefined });
  const pair = [contestant(here, "here"), contestant(there, commit)];

  const rows: { workload: string; here: number; there: number; ratio: Estimate }[] = [];
  for (const name of names) {
    const { measured, leftOut } = await compare(pair, workloads[name](), settings);
    for (const { contestant, reason } of leftOut) console.error(`${name}: ${contestant.name} is left out: ${reason}`);
    if (measured.length < 2) continue;
    const [own, others] = measured.map(({ speeds }) => speeds);
    rows.push({ workload: name, here: median(own), there: median(others), ratio: estimate(ratios(own, others)) });
  }
  const result = { environment: environment(), settings, commit, threads, rows };
  console.log(
    `\n${machine(result.environment)}\n\n` +
      markdown(
        ["workload", `samples/s of ${commit}`, "samples/s here", "here over there", "95 %", ""],
        "lrrrrl",
        rows.map(({ workload, here, there, ratio: { mean, interval } }) => [
          workload,
          digits(there),
          digits(here),
          mean.toFixed(3),
          interval.map((x) => x.toFixed(3)).join("–"),
          interval[0] > 1 ? "faster" : interval[1] < 1 ? "slower" : "no difference shown",
        ]),
      ) +
      `\n\n${save("compare", result)}`,
  );
}

/** Runs a command and gives what it writes. Where it fails, the error holds all that it wrote. */
function run(command: string, args: readonly string[], folder: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? stdout + stderr}`);
  return stdout;
}
