// How speed is measured. Every measured call trains a fresh network. Contestants take turns, in an order that is drawn anew
// for each round. So a machine that slows down or speeds up does so for all of them. Ratios are taken within a round.
import { Bench } from "tinybench";
import type { Contestant, Runner } from "./contestant.ts";
import { peakMeter } from "./peak.ts";
import { firstRows, generator, meanLoss, shuffled, type Workload } from "./workloads.ts";

export interface Settings {
  rounds: number;
  /** The least time of a turn, in milliseconds. A turn has at least one call. */
  time: number;
  /** In seconds. A contestant that needs longer for one call takes no part. A slow one gets this much for all its turns. */
  limit: number;
}

export interface Measured {
  contestant: Contestant;
  /** Samples a second, one number for each round. NaN for rounds in which a slow contestant was left out. */
  speeds: number[];
  loss: { before: number; after: number };
}

/** A contestant whose call takes longer than this, in seconds, gets no call to warm up. */
const LONG = 2;

export interface Comparison {
  measured: Measured[];
  /** Who took no part, and why. */
  leftOut: { contestant: Contestant; reason: string }[];
  /** What `beside` gave, one number for each round. */
  beside: number[];
}

/** Measures all contestants on one workload. The first always takes part. `beside` gets one turn in each round. */
export async function compare(
  contestants: readonly Contestant[],
  workload: Workload,
  { rounds, time, limit }: Settings,
  beside?: () => number,
): Promise<Comparison> {
  const result: Comparison = { measured: [], leftOut: [], beside: [] };
  const turns: { item: Measured; count: number; warmUp: boolean }[] = [];
  for (const contestant of contestants) {
    const trial = await attempt(contestant, workload, contestant === contestants[0] ? Infinity : limit);
    if ("reason" in trial) {
      result.leftOut.push({ contestant, reason: trial.reason });
      continue;
    }
    const item = { contestant, speeds: [], loss: trial.loss };
    result.measured.push(item);
    const count = Math.max(2, Math.floor((3 * limit) / Math.max(trial.seconds, time / 1000)));
    turns.push({ item, count: Math.min(rounds, count), warmUp: trial.seconds < LONG });
  }
  const random = generator(Date.now());
  for (let round = 0; round < rounds; round++) {
    if (process.stderr.isTTY) process.stderr.write(`\r${workload.name}: round ${round + 1} of ${rounds} `);
    // Our turn and the peak's follow each other directly, because the machine changes while slow contestants have their turns.
    const ours = turns.filter(({ item }) => item.contestant.name.startsWith(contestants[0].name));
    const others = turns.filter((turn) => !ours.includes(turn));
    const own = shuffled([...ours, undefined], random);
    for (const turn of shuffled([own, ...others.map((turn) => [turn])], random).flat()) {
      if (!turn) {
        if (beside) result.beside.push(beside());
        continue;
      }
      const { item, count, warmUp } = turn;
      item.speeds.push(round < count ? await speed(item.contestant, workload, time, warmUp) : NaN);
    }
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  return result;
}

/** Samples a second of one contestant in one turn. */
export async function speed(
  contestant: Contestant,
  workload: Workload,
  time: number,
  warmup: boolean,
): Promise<number> {
  await contestant.prepare?.();
  let runner: Runner | undefined;
  // The warm-up is as long as the turn. Engines drop compiled code that was unused during other turns, threads have ended
  // meanwhile, and an idle processor of a virtual machine takes a while to become fast.
  const bench = new Bench({ time, iterations: 1, warmup, warmupTime: time, warmupIterations: 1, throws: true });
  bench.add(contestant.name, () => runner?.train(), {
    beforeEach: () => void (runner = contestant.create(workload)),
    afterEach: () => runner?.dispose?.(),
  });
  const [task] = await bench.run();
  if (task.result.state !== "completed") throw new Error(`${contestant.name} did not finish ${workload.name}`);
  return (workload.rows * workload.epochs * 1000) / task.result.latency.mean;
}

/** Checks that a contestant learns, and measures how long a call takes. This is its first warm-up, too. */
async function attempt(
  contestant: Contestant,
  workload: Workload,
  limit: number,
): Promise<{ loss: Measured["loss"]; seconds: number } | { reason: string }> {
  try {
    await contestant.prepare?.();
    // The time is estimated from a few rows first. The second call counts, since everything is compiled by then.
    const part = firstRows(workload, Math.ceil(workload.rows / 16));
    let seconds = 0;
    for (let k = 0; k < 2; k++) seconds = (await training(contestant, part)).seconds * (workload.rows / part.rows);
    if (seconds > limit) return { reason: `would need about ${Math.round(seconds)} s for one call` };

    for (let left = contestant.chance ? 5 : 1; ; left--) {
      const { loss, seconds } = await training(contestant, workload);
      if (loss.after < loss.before) return { loss, seconds };
      if (left === 1) return { reason: `does not learn: loss ${loss.before} before, ${loss.after} after` };
    }
  } catch (error) {
    return { reason: String(error).split("\n")[0] };
  }
}

async function training(
  contestant: Contestant,
  workload: Workload,
): Promise<{ loss: Measured["loss"]; seconds: number }> {
  const { x, rows } = workload;
  const measured = { ...workload, loss: contestant.loss?.(workload) ?? workload.loss };
  const runner = contestant.create(workload);
  try {
    const before = meanLoss(measured, runner.predict(x, rows));
    const start = performance.now();
    await runner.train();
    const seconds = (performance.now() - start) / 1000;
    return { loss: { before, after: meanLoss(measured, runner.predict(x, rows)) }, seconds };
  } finally {
    runner.dispose?.();
  }
}

/**
 * Measures what one core does with all numbers in registers, in GFLOP/s. It is the mean over `time` milliseconds and not the
 * best, because other work of the machine slows contestants down just as much.
 */
export async function peakOf(time: number): Promise<() => number> {
  const meter = await peakMeter();
  return () => {
    const end = performance.now() + time;
    let turns = 0;
    let duration = 0;
    while (performance.now() < end) {
      duration += 1 / meter();
      turns++;
    }
    return turns / duration;
  };
}
