// `npm run bench:threads` measures what two threads gain. For each workload it compares one thread, a team of two, and two
// independent trainings at once, which show the most that the machine can give. Each time it also measures how long one
// thread waits for an answer of the other. That shows where a virtual machine's processors lie at the moment.
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

/** Places of words that the threads share: the task of the other one, the ball, its trainings, and their microseconds. */
const TASK = 0;
const BALL = 32;
const DONE = 64;
const TIME = 96;
const BUSY = 112;
const IDLE = 0;
const PLAY = 1;
const TRAIN = 2;
const BATS = 2000;

/** For each place of the two threads, the hand-over time in nanoseconds up to which they count as there. */
const PLACES = [
  ["two threads of one core", 95],
  ["cores that share a cache", 220],
  ["cores that do not", Infinity],
] as const;

const words = new Int32Array(
  isMainThread ? new SharedArrayBuffer(512) : (workerData as { words: SharedArrayBuffer }).words,
);

/** Gives a function that trains a new network and returns the milliseconds of the training. */
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

/** Starts a worker with this same file. A worker cannot read TypeScript by itself. */
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

/** Nanoseconds that a word takes to the other thread and back. */
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

/** Trainings for each millisecond, of both threads together, while both train. */
function together(train: (threads: number) => number): number {
  tell(TRAIN);
  // The clock starts when the other thread has begun, so that its first training is not counted.
  while (Atomics.load(words, DONE) === 0) train(1);
  Atomics.store(words, TIME, 0);
  Atomics.store(words, DONE, 0);
  let own = 0;
  let count = 0;
  for (; count < 2 || Atomics.load(words, DONE) < 2; count++) own += train(1);
  const rate = count / own + (Atomics.load(words, DONE) * 1000) / Atomics.load(words, TIME);
  tell(IDLE);
  // The other thread finishes the training that it has begun. Nothing else may be measured before that.
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
      // The threads may have moved to other processors meanwhile.
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
