// Who makes whole steps and lets the others of the team do their shares of each stage.
import { sharesOf, aloneOf, SHARED, PATIENCE, PLAN, STAGE, set, turnOf, arrivedOf, tookOf } from "./words.ts";
import type { Leader } from "../core/engine.ts";

/** The whole, of which shares are parts. */
const WHOLE = 65_536;

/** Of a millisecond: so 32 bits are enough for minutes. */
export const TICKS = 10_000;

/** Ticks of work after which shares are looked at. */
const WINDOW = 2 * TICKS;

/** A team that takes longer together than this part of its workers' times added up gains nothing: its leader works alone for a while. */
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
  const leader = new StageLeader(words, size, wait);
  // The core calls them without their owner.
  return { fork: (plan, stage) => leader.fork(plan, stage), join: () => leader.join() };
}

class StageLeader implements Leader {
  readonly #words: Int32Array;
  readonly #size: number;
  readonly #wait: (at: number, old: number) => void;
  /** Ticks that each worker took for its shares since these were last looked at, and the sizes of new shares. */
  readonly #spent: Float64Array;
  readonly #parts: Float64Array;
  /** When the stage under way began. */
  #since = 0;
  /** Ticks from the beginning of stages to their end. */
  #together = 0;
  #isAlone = false;
  /** Until when the leader does everything alone, and for how many milliseconds it will the next time. */
  #until = 0;
  #rest = REST;
  /** How often in sequence working together was in vain. */
  #vain = 0;

  constructor(words: Int32Array, size: number, wait: (at: number, old: number) => void) {
    this.#words = words;
    this.#size = size;
    this.#wait = wait;
    this.#spent = new Float64Array(size);
    this.#parts = new Float64Array(size);
  }

  fork(plan: number, stage: number): number {
    const words = this.#words;
    words[PLAN] = plan;
    words[STAGE] = stage;
    this.#since = performance.now();
    if (this.#spent[0] > WINDOW) this.#adapt();
    this.#isAlone = this.#since < this.#until;
    if (this.#isAlone) return words.byteOffset + 4 * aloneOf(this.#size);
    for (let other = 1; other < words[SHARED]; other++) set(words, turnOf(other), words[turnOf(other)] + 1);
    return words.byteOffset + 4 * sharesOf(this.#size);
  }

  join(): void {
    if (this.#isAlone) return;
    const words = this.#words;
    const spent = this.#spent;
    spent[0] += (performance.now() - this.#since) * TICKS;
    for (let other = 1; other < words[SHARED]; other++) {
      for (let done; (done = Atomics.load(words, arrivedOf(other))) !== words[turnOf(other)];)
        this.#wait(arrivedOf(other), done);
      spent[other] += words[tookOf(other)];
    }
    this.#together += (performance.now() - this.#since) * TICKS;
  }

  /** Looks at the times of all workers. Everybody waits meanwhile, and compilers seldom see it: plain loops. */
  #adapt(): void {
    const words = this.#words;
    const threads = words[SHARED];
    const shares = sharesOf(this.#size);
    const spent = this.#spent;
    let apart = 0;
    let speed = 0;
    for (let i = 0; i < threads; i++) {
      apart += spent[i];
      speed += (words[shares + i + 1] - words[shares + i]) / spent[i];
    }
    this.#decideRest(this.#together < GAIN * apart);
    this.#together = 0;
    this.#share(shares, threads, speed);
  }

  /** Lets the leader work alone for a while where working together was in vain several times in sequence. */
  #decideRest(isGain: boolean): void {
    this.#vain = isGain ? 0 : this.#vain + 1;
    if (isGain) this.#rest = REST;
    if (this.#vain !== VAIN) return;
    this.#vain = 0;
    this.#until = this.#since + this.#rest;
    this.#rest = Math.min(2 * this.#rest, LONGEST_REST);
  }

  /** Gives each worker a share by its speed; `speed` is that of all together. */
  #share(shares: number, threads: number, speed: number): void {
    const words = this.#words;
    const spent = this.#spent;
    const parts = this.#parts;
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
  }
}
