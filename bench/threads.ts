// `npm run bench:threads`: what two threads gain, training by training: one thread, a team of two, and two trainings at once
// that know nothing of each other, which is all that the machine can give. In the same breath it measures how long a word
// takes from one thread to the other, since that tells where a virtual machine's processors lie at the moment.
//
//   npm run bench:threads -- [--workloads mnist,deep] [--rounds 36] [--quick]
import { once } from "node:events";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { parseArgs } from "node:util";
import * as library from "propago";
import { propago } from "./propago.ts";
import type { Scaling } from "./result-types.ts";
import { environment, save } from "./results.ts";
import { estimate, median } from "./statistics.ts";
import { scalingTable } from "./tables.ts";
import { generator, shuffled, workloads } from "./workloads.ts";

/** Words that the threads share: what the other one is to do, the ball, trainings that it has done, and their microseconds. */
const TASK = 0;
const BALL = 32;
const DONE = 64;
const TIME = 96;
const BUSY = 112;
const IDLE = 0;
const PLAY = 1;
const TRAIN = 2;
const BATS = 2000;

/** Nanoseconds up to which threads are taken to be where the name says. */
const PLACES = [
  ["two threads of one core", 95],
  ["cores that share a cache", 220],
  ["cores that do not", Infinity],
] as const;

const words = new Int32Array(
  isMainThread ? new SharedArrayBuffer(512) : (workerData as { words: SharedArrayBuffer }).words,
);

/** Milliseconds of a training, which gets a network of its own. */
function trainingOf(name: string): (threads: number) => number {
  const workload = workloads[name]();
  const contestants = [1, 2].map((threads) => propago(library, { name: `${threads}`, threads }));
  return (threads) => {
    const runner = contestants[threads - 1].create(workload);
    const start = performance.now();
    void runner.train(); // done when it returns
    const time = performance.now() - start;
    runner.dispose?.();
    return time;
  };
}

/** This file again; a worker does not read TypeScript by itself. */
const follower = `import("tsx/esm/api").then(({ register }) => register()).then(() => import("${import.meta.url}"))`;

if (isMainThread) await measure();
else follow((workerData as { name: string }).name);

/** The other thread: does what it is told. */
function follow(name: string): void {
  const train = trainingOf(name);
  train(1);
  parentPort?.postMessage("ready");
  for (;;) {
    Atomics.wait(words, TASK, IDLE);
    if (Atomics.load(words, TASK) === PLAY) {
      for (let i = 0; i < BATS; i++) {
        while (Atomics.load(words, BALL) === 0);
        Atomics.store(words, BALL, 0);
      }
      Atomics.store(words, TASK, IDLE);
    }
    while (Atomics.load(words, TASK) === TRAIN) {
      Atomics.store(words, BUSY, 1);
      Atomics.add(words, TIME, train(1) * 1000);
      Atomics.add(words, DONE, 1);
    }
    Atomics.store(words, BUSY, 0);
  }
}

function tell(task: number): void {
  Atomics.store(words, TASK, task);
  Atomics.notify(words, TASK);
}

/** Nanoseconds that a word takes there and back. */
function handOver(): number {
  tell(PLAY);
  let start = 0;
  for (let i = 0; i < BATS; i++) {
    Atomics.store(words, BALL, 1);
    while (Atomics.load(words, BALL) === 1);
    if (i === 0) start = performance.now();
  }
  while (Atomics.load(words, TASK) !== IDLE);
  return ((performance.now() - start) * 1e6) / (BATS - 1);
}

/** Trainings a millisecond while the other thread trains too, those of both. */
function together(train: (threads: number) => number): number {
  tell(TRAIN);
  // From when it has begun; what it needed for the first one is not counted.
  while (Atomics.load(words, DONE) === 0) train(1);
  Atomics.store(words, TIME, 0);
  Atomics.store(words, DONE, 0);
  let own = 0;
  let count = 0;
  for (; count < 2 || Atomics.load(words, DONE) < 2; count++) own += train(1);
  const rate = count / own + (Atomics.load(words, DONE) * 1000) / Atomics.load(words, TIME);
  tell(IDLE);
  // What it has begun it ends; nobody else is to be measured meanwhile.
  while (Atomics.load(words, BUSY) === 1);
  Atomics.store(words, DONE, 0);
  return rate;
}

async function measure(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      workloads: { type: "string", default: "mnist,mlp,wide,deep,ex4" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const rounds = Number(options.rounds ?? (options.quick ? 8 : 36));
  const names = options.workloads.split(",");
  if (!(rounds >= 1) || names.some((name) => !Object.hasOwn(workloads, name))) {
    console.error(
      `usage: npm run bench:threads -- [--workloads ${Object.keys(workloads).join()}] [--rounds N] [--quick]`,
    );
    process.exit(2);
  }
  const result: Scaling = { environment: environment(), rows: [] };
  const random = generator(8);
  for (const name of names) {
    const train = trainingOf(name);
    const other = new Worker(follower, { eval: true, workerData: { words: words.buffer, name } });
    for (let i = 0; i < 5; i++) [1, 2].forEach(train);
    await once(other, "message");
    together(train);
    const all: { place: string; ns: number; one: number; team: number; both: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = handOver();
      const seen = { one: 0, team: 0, both: 0 };
      for (const what of shuffled(["one", "team", "both"] as const, random)) {
        seen[what] = what === "both" ? together(train) : train(what === "one" ? 1 : 2);
      }
      const after = handOver();
      const place = (ns: number): string => PLACES.find(([, most]) => ns < most)?.[0] ?? "";
      // They may have moved meanwhile.
      if (place(before) !== place(after)) continue;
      all.push({ place: place(before), ns: Math.min(before, after), ...seen });
    }
    for (const [place] of PLACES) {
      const there = all.filter((round) => round.place === place);
      if (there.length < 3) continue;
      result.rows.push({
        workload: name,
        place,
        rounds: there.length,
        handOver: median(there.map(({ ns }) => ns)),
        one: median(there.map(({ one }) => one)),
        team: estimate(there.map(({ one, team }) => one / team)),
        both: estimate(there.map(({ one, both }) => one * both)),
      });
    }
    void other.terminate();
    words.fill(0);
  }
  console.log(scalingTable(result));
  console.log(save("threads", result));
  process.exit(); // The team would wait for more.
}
