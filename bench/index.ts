// `npm run bench` compares the speed of propago (each build, several threads), of the same network in TypeScript, and of other
// libraries, on this machine and in one process. It also measures the most that the processor could reach.
//
//   npm run bench -- [--workloads xor,iris] [--threads 1,2,auto] [--peers no] [--rounds 11] [--time 500] [--limit 25] [--quick]
import { parseArgs } from "node:util";
import * as library from "propago";
import { compare, peakOf, type Settings } from "./measure.ts";
import { peers } from "./peers/all.ts";
import { plain } from "./plain.ts";
import { has, propago, takes } from "./propago.ts";
import { environment, save } from "./results.ts";
import type { Speed, SpeedRow } from "./result-types.ts";
import { estimate, median, ratios } from "./statistics.ts";
import { contestantsTable, notesOf, targetsTable } from "./tables.ts";
import { targets } from "./targets.ts";
import { tuned } from "./tuned.ts";
import { flopsOf, networkOf, workloads } from "./workloads.ts";

const { values: options } = parseArgs({
  options: {
    workloads: { type: "string", default: Object.keys(workloads).join() },
    threads: { type: "string", default: "1,2,auto" },
    peers: { type: "string", default: "yes" },
    rounds: { type: "string" },
    time: { type: "string" },
    limit: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const settings: Settings = {
  rounds: Number(options.rounds ?? (options.quick ? 3 : 11)),
  time: Number(options.time ?? (options.quick ? 60 : 500)),
  limit: Number(options.limit ?? (options.quick ? 4 : 25)),
};
const names = options.workloads.split(",");
const threads = options.threads.split(",").map((count) => (count === "auto" ? count : Number(count)));
if (
  names.some((name) => !Object.hasOwn(workloads, name)) ||
  threads.some((count) => count !== "auto" && !(count >= 1)) ||
  !["yes", "no"].includes(options.peers) ||
  !(settings.rounds >= 1 && settings.time >= 0 && settings.limit > 0)
) {
  console.error(
    `usage: npm run bench -- [--workloads ${Object.keys(workloads).join()}] [--threads 1,2,auto] [--peers yes|no]
       [--rounds N] [--time milliseconds] [--limit seconds] [--quick]`,
  );
  process.exit(2);
}

const before = environment();
const several = takes(library, { threads: 1 });
if (!several) console.error("This build of propago has no option `threads`: one thread only.");
const contestants = [
  propago(library, { name: "propago", threads: several ? 1 : undefined }),
  ...threads
    .filter((count) => several && count !== 1)
    .map((count) =>
      propago(library, {
        name: count === "auto" ? "propago, threads auto" : `propago, ${count} threads`,
        threads: count,
      }),
    ),
  propago(library, { name: "propago, float64", dtype: "float64", threads: several ? 1 : undefined }),
  ...(has(library, "relaxed")
    ? [propago(library, { name: "propago, relaxed", build: "relaxed", threads: several ? 1 : undefined })]
    : []),
  plain,
  tuned,
  ...(options.peers === "yes" ? await peers() : []),
];
const peak = await peakOf(settings.time / 3);

const rows: SpeedRow[] = [];
const peaks: number[] = [];
const judged: { workload: string; speeds: Map<string, number[]>; shares: number[] }[] = [];
try {
  for (const name of names) {
    const workload = workloads[name]();
    console.error(`${name}: ${networkOf(workload)}`);
    const { measured, leftOut, beside } = await compare(contestants, workload, settings, peak);
    const [own] = measured;
    if (own?.contestant !== contestants[0]) throw new Error(`propago, ${name}: ${leftOut[0].reason}`);
    peaks.push(...beside);
    const flops = flopsOf(workload);
    const sharesOf = (speeds: readonly number[]) =>
      ratios(
        speeds.map((speed) => (speed * flops) / 1e9),
        beside,
      );
    judged.push({
      workload: name,
      speeds: new Map(measured.map(({ contestant, speeds }) => [contestant.name, speeds])),
      shares: sharesOf(own.speeds),
    });
    for (const { contestant, speeds, loss } of measured) {
      const samplesPerSecond = median(speeds.filter(Number.isFinite));
      const shares = sharesOf(speeds);
      rows.push({
        workload: name,
        contestant: contestant.name,
        samplesPerSecond,
        gflops: (samplesPerSecond * flops) / 1e9,
        share: shares.length > 0 ? estimate(shares) : undefined,
        ratio: contestant === own.contestant ? undefined : estimate(ratios(own.speeds, speeds)),
        rounds: ratios(own.speeds, speeds).length,
        loss,
        differs: contestant.differs(workload),
      });
    }
    for (const { contestant, reason } of leftOut) {
      rows.push({ workload: name, contestant: contestant.name, leftOut: reason, differs: "" });
      console.error(`  ${contestant.name} is left out: ${reason}`);
    }
  }
} catch (error) {
  console.error(error);
  process.exit(1); // Said here, since a handler that tfjs sets would print its own source first.
}

const result: Speed = {
  environment: before,
  settings,
  peak: median(peaks),
  versions: Object.fromEntries(contestants.map(({ name, version }) => [name, version])),
  networks: Object.fromEntries(
    names.map((name) => {
      const workload = workloads[name]();
      const { batchSize, optimizer, loss } = workload;
      return [
        name,
        { network: networkOf(workload), batchSize, optimizer: optimizer.name, loss, flops: flopsOf(workload) },
      ];
    }),
  ),
  rows,
  targets: targets(names, {
    share(name) {
      const shares = judged.find(({ workload }) => workload === name)?.shares ?? [];
      return shares.length > 0 ? estimate(shares) : undefined;
    },
    ratio(name, fast, slow) {
      const speeds = judged.find(({ workload }) => workload === name)?.speeds;
      const [a, b] = [speeds?.get(fast), speeds?.get(slow)];
      return a && b ? estimate(ratios(a, b)) : undefined;
    },
  }),
};
console.log(`\n${contestantsTable(result)}\n\n${notesOf(result)}\n\n${targetsTable(result)}\n`);
console.log(save("speed", result));
process.exit(); // Workers of peers may be waiting.
