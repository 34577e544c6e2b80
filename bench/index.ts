// `npm run bench`: propago, the same network in plain TypeScript, and other libraries, on one thread of this machine.
// Every measured call trains a fresh network. The contestants take turns in an order that is drawn anew each round,
// so that a machine that slows down or speeds up does so for all; ratios are taken within a round.
//
//   npm run bench -- [--workloads xor,iris] [--rounds 11] [--time 300] [--quick]
import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import { parseArgs } from "node:util";
import { Bench } from "tinybench";
import { root } from "../scripts/root.ts";
import type { Contestant, Runner } from "./contestant.ts";
import { brain } from "./peers/brain.ts";
import { tfjs } from "./peers/tfjs.ts";
import { plain } from "./plain.ts";
import { propago } from "./propago.ts";
import { generator, meanLoss, shuffled, type Workload, workloads } from "./workloads.ts";

interface Row {
  workload: string;
  contestant: string;
  /** Median over the rounds. */
  samplesPerSecond: number;
  /** How many times as fast propago is: the geometric mean over the rounds, and where 95 % of resampled means lie. */
  ratio: number;
  interval: [number, number];
  loss: { before: number; after: number };
  differs: string;
}

const { values: options } = parseArgs({
  options: {
    workloads: { type: "string", default: Object.keys(workloads).join() },
    rounds: { type: "string" },
    time: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 3 : 11));
const time = Number(options.time ?? (options.quick ? 100 : 300));
const names = options.workloads.split(",");
const unknown = names.filter((name) => !Object.hasOwn(workloads, name));
if (unknown.length > 0 || !(rounds >= 1) || !(time >= 0)) {
  console.error(
    `usage: npm run bench -- [--workloads ${Object.keys(workloads).join()}] [--rounds N] [--time ms] [--quick]`,
  );
  process.exit(2);
}

const contestants: Contestant[] = [propago, plain];
for (const [name, contestant] of [
  ["brain.js", brain()],
  ["tfjs-wasm", await tfjs()],
] as const) {
  if (contestant) contestants.push(contestant);
  else console.log(`${name} is not installed and left out (npm run bench:peers installs it).`);
}

const environment = {
  date: new Date().toISOString(),
  processor: os.cpus()[0]?.model ?? "unknown",
  cores: os.cpus().length,
  system: `${os.type()} ${os.release()} ${os.arch()}`,
  node: process.version,
  v8: process.versions.v8,
  rounds,
  time,
  versions: Object.fromEntries(contestants.map(({ name, version }) => [name, version])),
};

const rows: Row[] = [];
try {
  for (const name of names) rows.push(...(await compare(workloads[name]())));
} catch (error) {
  console.error(error);
  process.exit(1); // Said here, since a handler that tfjs sets would print its own source first.
}

print(rows);
const folder = `${root}/bench/results`;
mkdirSync(folder, { recursive: true });
const file = `${folder}/${environment.date.replaceAll(":", "-").slice(0, 19)}.json`;
writeFileSync(file, JSON.stringify({ environment, rows }, null, 2) + "\n");
console.log(`\n${file.slice(root.length + 1)}`);

async function compare(workload: Workload): Promise<Row[]> {
  const losses = new Map<Contestant, Row["loss"]>();
  for (const contestant of contestants) losses.set(contestant, await learns(contestant, workload));

  const random = generator(Date.now());
  const speeds = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]));
  for (let round = 1; round <= rounds; round++) {
    if (process.stderr.isTTY) process.stderr.write(`\r${workload.name}: round ${round} of ${rounds} `);
    for (const contestant of shuffled(contestants, random)) {
      speeds.get(contestant)?.push(await measure(contestant, workload));
    }
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");

  return contestants.map((contestant) => {
    const own = speeds.get(contestant) ?? [];
    const ratios = own.map((speed, round) => (speeds.get(propago)?.[round] ?? NaN) / speed);
    return {
      workload: workload.name,
      contestant: contestant.name,
      samplesPerSecond: median(own),
      ratio: geometricMean(ratios),
      interval: bootstrap(ratios),
      loss: losses.get(contestant) ?? { before: NaN, after: NaN },
      differs: contestant.differs(workload),
    };
  });
}

/** Samples a second of one contestant in one round. */
async function measure(contestant: Contestant, workload: Workload): Promise<number> {
  let runner: Runner | undefined;
  // Warmed up in each round: an engine forgets compiled code that others' turns left unused.
  const bench = new Bench({ time, iterations: 1, warmupTime: time / 4, warmupIterations: 1, throws: true });
  bench.add(contestant.name, () => runner?.train(), {
    beforeEach: () => void (runner = contestant.create(workload)),
    afterEach: () => runner?.dispose?.(),
  });
  const [task] = await bench.run();
  if (task.result.state !== "completed") throw new Error(`${contestant.name} did not finish ${workload.name}`);
  return (workload.rows * workload.epochs * 1000) / task.result.latency.mean;
}

/** That it does learn, which is also its warm-up. */
async function learns(contestant: Contestant, workload: Workload): Promise<Row["loss"]> {
  const runner = contestant.create(workload);
  const measured = { ...workload, loss: contestant.loss ?? workload.loss };
  const before = meanLoss(measured, runner.predict());
  await runner.train();
  const after = meanLoss(measured, runner.predict());
  runner.dispose?.();
  if (!(after < before)) {
    throw new Error(`${contestant.name} does not learn ${workload.name}: loss ${before} before, ${after} after`);
  }
  return { before, after };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function geometricMean(numbers: readonly number[]): number {
  return Math.exp(numbers.reduce((sum, x) => sum + Math.log(x), 0) / numbers.length);
}

/** The 95 % interval of the geometric mean, from 2,000 resamplings of the rounds. */
function bootstrap(ratios: readonly number[]): [number, number] {
  const random = generator(4);
  const means = Array.from({ length: 2000 }, () =>
    geometricMean(ratios.map(() => ratios[Math.floor(random() * ratios.length)])),
  ).sort((a, b) => a - b);
  return [means[49], means[1949]];
}

function print(rows: readonly Row[]): void {
  const notes = [
    ...new Set(rows.map(({ contestant, differs }) => (differs ? `${contestant}: ${differs}` : ""))),
  ].filter(Boolean);
  const { processor, system, node } = environment;
  console.log(`\n${processor}, one thread, ${system}, Node ${node}; ${rounds} rounds of ${time} ms.\n`);
  console.log("| workload | library | samples/s | propago is | loss before → after | |");
  console.log("| --- | --- | ---: | ---: | --- | --- |");
  for (const { workload, contestant, samplesPerSecond, ratio, interval, loss, differs } of rows) {
    const [from, to] = interval.map((x) => x.toPrecision(3));
    console.log(
      `| ${workload} | ${contestant} | ${Math.round(samplesPerSecond).toLocaleString("en")} | ` +
        `${contestant === propago.name ? "" : `×${ratio.toPrecision(3)} (${from}–${to})`} | ` +
        `${loss.before.toPrecision(3)} → ${loss.after.toPrecision(3)} | ` +
        `${differs ? `[${notes.indexOf(`${contestant}: ${differs}`) + 1}]` : ""} |`,
    );
  }
  if (notes.length > 0) console.log(`\n${notes.map((note, k) => `[${k + 1}] ${note}`).join("\n")}`);
  console.log(
    `\n${Object.entries(environment.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
  );
}
