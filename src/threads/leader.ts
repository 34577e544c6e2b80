// Who makes whole steps and lets the others of the team do their shares of each stage.
import { sharesOf, aloneOf, SHARED, PATIENCE, PLAN, STAGE, set, turnOf, arrivedOf, tookOf } from "./words.ts";
import type { Leader } from "../core/engine.ts";

/** The whole, of which shares are parts. */
const WHOLE = 65_536;

/** Of a millisecond: so 32 bits are enough for minutes. */
export const TICKS = 10_000;

/** Ticks of work after which shares are looked at. */
const WINDOW = 2 * TICKS;

/** Of the time that its work takes one after the other, a team that takes longer together than this is at rest for a while. */
const GAIN = 0.95;

/** So many times in sequence: once may be the waking of a worker. */
const VAIN = 3;

/** Milliseconds of such a rest; each that follows at once is twice as long, up to the last number. */
const REST = 5;

const LONGEST_REST = 160;

/** So many shares of the same size. */
export function shareEvenly(words: Int32Array, size: number, threads: number): void {
  for (let i = 0; i <= threads; i++) words[sharesOf(size) + i] = Math.round((WHOLE * i) / threads);
  words.fill(WHOLE, aloneOf(size) + 1, aloneOf(size) + 1 + threads);
}

/**
 * The leader of a team of `size`, whose words stand in memory; `wait` waits until the word is no longer what it was. Cores
 * are not equally fast: some by nature, others while another process uses them. So whoever took longer for its share gets
 * a smaller one. And where there is but one core for all of them at the moment, the leader does everything for a while. No
 * bit depends on either.
 */
export function leaderOf(words: Int32Array, size: number, wait: (at: number, old: number) => void): Leader {
  const shares = sharesOf(size);
  const spent = new Float64Array(size);
  const parts = new Float64Array(size);
  let since = 0;
  /** Ticks from the beginning of stages to their end. */
  let together = 0;
  let alone = false;
  let until = 0;
  let rest = REST;
  let vain = 0;
  // Everybody waits meanwhile, and compilers seldom see it: plain loops.
  const adapt = (): void => {
    const threads = words[SHARED];
    let apart = 0;
    let speed = 0;
    for (let i = 0; i < threads; i++) {
      apart += spent[i];
      speed += (words[shares + i + 1] - words[shares + i]) / spent[i];
    }
    const isGain = together < GAIN * apart;
    together = 0;
    vain = isGain ? 0 : vain + 1;
    if (isGain) rest = REST;
    if (vain === VAIN) {
      vain = 0;
      until = since + rest;
      rest = Math.min(2 * rest, LONGEST_REST);
    }
    const isKnown = words[PATIENCE] > 0 && speed > 0 && speed < Infinity;
    let whole = 0;
    for (let i = 0; i < threads; i++) {
      const share = words[shares + i + 1] - words[shares + i];
      // Half of the way, and never so little that nothing could be measured.
      parts[i] = Math.max((share + (WHOLE * share) / (spent[i] * speed)) / 2, WHOLE / threads / 4);
      whole += parts[i];
      spent[i] = 0;
    }
    let begin = 0;
    for (let i = 0; isKnown && i < threads; i++) {
      words[shares + i] = Math.round((WHOLE * begin) / whole);
      begin += parts[i];
    }
  };
  return {
    fork(plan, stage) {
      words[PLAN] = plan;
      words[STAGE] = stage;
      since = performance.now();
      if (spent[0] > WINDOW) adapt();
      alone = since < until;
      if (alone) return words.byteOffset + 4 * aloneOf(size);
      for (let other = 1; other < words[SHARED]; other++) set(words, turnOf(other), words[turnOf(other)] + 1);
      return words.byteOffset + 4 * shares;
    },
    join() {
      if (alone) return;
      spent[0] += (performance.now() - since) * TICKS;
      for (let other = 1; other < words[SHARED]; other++) {
        for (let done; (done = Atomics.load(words, arrivedOf(other))) !== words[turnOf(other)];)
          wait(arrivedOf(other), done);
        spent[other] += words[tookOf(other)];
      }
      together += (performance.now() - since) * TICKS;
    },
  };
}
