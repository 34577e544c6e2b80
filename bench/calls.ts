// `npm run bench:calls`: what short epochs and small calls take: XOR with its four rows an epoch and iris with its 150, in
// nanoseconds of an epoch, beside brain.js and FANN; trainOnBatch, a fit without epochs and a prediction of one row. All take
// turns in an order drawn anew each round. Processor time counts, so that other work on the machine matters less.
//
//   npm run bench:calls -- [--against folder of another build] [--rounds 15] [--time 80] [--quick]
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import * as library from "propago";
import { brain } from "./peers/brain.ts";
import { fann } from "./peers/fann.ts";
import type { Library } from "./propago.ts";
import { environment, save } from "./results.ts";
import { type Estimate, estimate, median, ratios } from "./statistics.ts";
import { digits, machine, markdown } from "./tables.ts";
import { generator, shuffled, type Workload, workloads } from "./workloads.ts";

const { values: options } = parseArgs({
  options: {
    against: { type: "string" },
    rounds: { type: "string" },
    time: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 5 : 15));
const time = Number(options.time ?? (options.quick ? 30 : 80));
if (!(rounds >= 2 && time > 0) || (options.against !== undefined && !existsSync(`${options.against}/dist/node.js`))) {
  console.error(
    "usage: npm run bench:calls -- [--against folder with dist/node.js] [--rounds N] [--time milliseconds] [--quick]",
  );
  process.exit(2);
}

const OTHER = "the other build";
/** Epochs of one fit. */
const EPOCHS = 1000;

/** One thing that is measured, by one library. */
interface Case {
  what: string;
  who: string;
  unit: "ns" | "µs";
  /** Measures for so many milliseconds. */
  run: (milliseconds: number) => number;
  times: number[];
}

/** What a call takes, in nanoseconds of the processor. */
function nanoseconds(call: () => unknown, milliseconds: number): number {
  const before = process.cpuUsage();
  const end = performance.now() + milliseconds;
  let done = 0;
  for (let many = 1; performance.now() < end; many = Math.min(2 * many, 64)) {
    for (let i = 0; i < many; i++) call();
    done += many;
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / done;
}

function casesOf(lib: Library, who: string): Case[] {
  const make = ({ inputs, layers, loss, optimizer }: Workload) =>
    new lib.Network({
      inputs,
      layers: layers.map(({ units, activation }) => lib.dense(units, activation)),
      loss,
      optimizer,
    });
  const cases: Case[] = [];
  const add = (what: string, unit: Case["unit"], calls: number, call: () => unknown) =>
    cases.push({ what, who, unit, run: (time) => nanoseconds(call, time) / calls, times: [] });
  const [xor, iris] = [workloads.xor(), workloads.iris()];
  const fit = { batchSize: 1, threads: 1 };
  const epochs = { ...fit, epochs: EPOCHS };
  const [plain, ordered, target, told, short, batch, row] = Array.from({ length: 7 }, () => make(xor));
  const { x, y } = xor;
  add("xor, an epoch", "ns", EPOCHS, () => ordered.fitSync({ x, y }, { ...epochs, shuffle: false, metrics: [] }));
  add("xor, an epoch with default options", "ns", EPOCHS, () => plain.fitSync({ x, y }, epochs));
  add("xor, an epoch with targetLoss", "ns", EPOCHS, () => target.fitSync({ x, y }, { ...epochs, targetLoss: 1e-12 }));
  add("xor, an epoch with onEpoch", "ns", EPOCHS, () => told.fitSync({ x, y }, { ...epochs, onEpoch: () => {} }));
  // A network that has learnt all there is computes with numbers so small that processors take longer for them.
  const { batchSize, x: sizes, y: kinds } = iris;
  let flowers = make(iris);
  let fits = 0;
  const bloom = () => {
    if (++fits % 50 > 0) return flowers;
    flowers.dispose();
    return (flowers = make(iris));
  };
  add("iris, an epoch", "ns", 20, () =>
    bloom().fitSync({ x: sizes, y: kinds }, { epochs: 20, batchSize, threads: 1, metrics: [] }),
  );
  add("iris, an epoch with default options", "ns", 20, () => bloom().fitSync({ x: sizes, y: kinds }, { epochs: 20 }));
  add("xor, fitSync without epochs", "µs", 1, () => short.fitSync({ x, y }, { ...fit, epochs: 0 }));
  add("xor, fitSync of one epoch", "µs", 1, () => short.fitSync({ x, y }, { ...fit, epochs: 1 }));
  add("xor, trainOnBatch of four rows", "µs", 1, () => batch.trainOnBatch({ x, y }));
  const one = x.slice(0, 2);
  add("xor, predict of one row", "µs", 1, () => row.predict(one));
  return cases;
}

function peerCases(): Case[] {
  const cases: Case[] = [];
  const peer = brain();
  if (peer === undefined) console.error("brain.js is not installed (npm run bench:peers installs it).");
  for (const [what, workload, epochs] of [
    ["xor, an epoch", workloads.xor(), EPOCHS],
    ["iris, an epoch", workloads.iris(), 20],
  ] as const) {
    const runner = peer?.create({ ...workload, epochs });
    if (runner === undefined) continue;
    const run = (time: number) => nanoseconds(() => runner.train(), time) / epochs;
    cases.push({ what, who: "brain.js", unit: "ns", run, times: [] });
  }
  const native = fann(EPOCHS);
  if (native === undefined) console.error("FANN is not installed, or there is no gcc (apt install gcc libfann-dev).");
  else cases.push({ what: "xor, an epoch", who: "FANN", unit: "ns", run: native, times: [] });
  return cases;
}

const before = environment();
const cases = [...casesOf(library, "propago"), ...peerCases()];
if (options.against !== undefined) {
  const other = (await import(pathToFileURL(`${options.against}/dist/node.js`).href)) as Library;
  cases.push(...casesOf(other, OTHER));
}
const random = generator(7);
for (const { run } of cases) run(3 * time);
for (let round = 0; round < rounds; round++)
  for (const turn of shuffled(cases, random)) turn.times.push(turn.run(time));

/** How many times as long each of the others takes: a peer's epoch stands beside all of propago's epochs. */
const compared: { what: string; who: string; takes: number; unit: Case["unit"]; ratio: Estimate }[] = cases
  .filter(({ who }) => who !== "propago")
  .flatMap(({ what, who, unit, times }) => {
    const isSame = (own: Case) => (who === OTHER ? own.what === what : own.what.startsWith(what));
    return cases
      .filter((own) => own.who === "propago" && isSame(own))
      .map((own) => ({ what: own.what, who, unit, takes: median(times), ratio: estimate(ratios(times, own.times)) }));
  });

const own = cases.filter(({ who }) => who === "propago");
const rows = own.map(({ what, who, unit, times }) => ({ what, who, unit, takes: median(times) }));
const result = { environment: before, rows, compared };
const shown = (nanoseconds: number, unit: Case["unit"]) =>
  unit === "ns" ? `${digits(nanoseconds)} ns` : `${digits(nanoseconds / 1000)} µs`;
console.log(
  `${machine(before)}\n\n` +
    markdown(
      ["call", "library", "takes", "propago is faster by", "95 %"],
      "llrrr",
      rows.flatMap(({ what, who, unit, takes }) => [
        [what, who, shown(takes, unit), "", ""],
        ...compared
          .filter((entry) => entry.what === what)
          .map(({ who, takes, ratio: { mean, interval } }) => [
            "",
            who,
            shown(takes, unit),
            `×${mean.toFixed(2)}`,
            interval.map((x) => x.toFixed(2)).join("–"),
          ]),
      ]),
    ) +
    `\n\n${save("calls", result)}`,
);
process.exit();
