// How speed is measured. Every measured call trains a fresh network. Contestants take turns in an order that is drawn
// anew each round, so that a machine that slows down or speeds up does so for all; ratios are taken within a round.
import { Bench } from "tinybench";
import type { Contestant, Runner } from "./contestant.ts";
import { peakMeter } from "./peak.ts";
import { firstRows, generator, meanLoss, shuffled, type Workload } from "./workloads.ts";

export interface Settings {
  rounds: number;
  /** Milliseconds of a turn, at least; always one call at least. */
  time: number;
  /** Seconds: who would need longer for one call does not take part, and who is slow gets so much for its turns. */
  limit: number;
}

export interface Measured {
  contestant: Contestant;
  /** Samples a second, one number a round; NaN in rounds in which a slow one was spared. */
  speeds: number[];
  loss: { before: number; after: number };
}

/** Seconds of a call from which on nobody warms up. */
const LONG = 2;

export interface Comparison {
  measured: Measured[];
  /** Who took no part, and why. */
  leftOut: { contestant: Contestant; reason: string }[];
  /** What `beside` gave, one number a round. */
  beside: number[];
}

/** All contestants on one workload, the first in any case; `beside` is measured once a round, as if it were one of them. */
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
    // Ours and the peak one right after the other, since a machine changes while slow ones have their turns.
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
  // As long as the turn: engines forget code that others' turns left unused, threads have gone home meanwhile, and a
  // processor of a virtual machine that had nothing to do needs a while to become fast.
  const bench = new Bench({ time, iterations: 1, warmup, warmupTime: time, warmupIterations: 1, throws: true });
  bench.add(contestant.name, () => runner?.train(), {
    beforeEach: () => void (runner = contestant.create(workload)),
    afterEach: () => runner?.dispose?.(),
  });
  const [task] = await bench.run();
  if (task.result.state !== "completed") throw new Error(`${contestant.name} did not finish ${workload.name}`);
  return (workload.rows * workload.epochs * 1000) / task.result.latency.mean;
}

/** That it does learn, and how long a call takes. It is its warm-up too. */
async function attempt(
  contestant: Contestant,
  workload: Workload,
  limit: number,
): Promise<{ loss: Measured["loss"]; seconds: number } | { reason: string }> {
  try {
    await contestant.prepare?.();
    // From a few rows first, the second time around, when everything is compiled.
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
 * Measures what one core does with all numbers in registers, in GFLOP/s: the mean over `time` milliseconds, since other
 * work slows contestants down as much.
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
