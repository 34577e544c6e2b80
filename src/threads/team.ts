// The words through which the main thread and the threads of a team talk, in memory that all of them see. A word that
// somebody waits for has a cache line of its own, and behind it the number of those who sleep until it changes.
import type { Engine, Leader } from "../core/engine.ts";

/** Words of a cache line. */
const LINE = 16;

/** Counts the commands to the first worker. */
export const COMMAND = 0;
/** The last command that is done. */
export const DONE = COMMAND + LINE;
/** How many workers wait for work. */
export const READY = DONE + LINE;
/** 1 + the worker that had to give up; 0 for none. */
export const LOST = READY + LINE;
/** The command's plan, data, steps and epochs, or without steps an evaluation, and its result. */
export const CALL = LOST + LINE;
export const RESULT = CALL + 4;
/** How many workers share the command, and for how many microseconds who waits looks before going to sleep. */
export const SHARED = RESULT + 1;
export const PATIENCE = SHARED + 1;
/** Counts what the team was asked for, by commands and by whoever led it. */
export const TASK = PATIENCE + 1;
/** The stage that workers share, and its plan. */
export const STAGE = TASK + 1;
export const PLAN = STAGE + 1;
const WORKERS = CALL + LINE;

/** Words of a team of so many. */
export function wordsOf(size: number): number {
  return aloneOf(size) + size + 1;
}

/** Where the workers' shares stand, as the core reads them. */
export function sharesOf(size: number): number {
  return turnOf(size);
}

/** The same where the first worker has everything. */
function aloneOf(size: number): number {
  return sharesOf(size) + size + 1;
}

/** Counts the stages that a worker was asked for. */
export function turnOf(worker: number): number {
  return WORKERS + 2 * LINE * worker;
}

/** The last of them that it has done. */
export function arrivedOf(worker: number): number {
  return turnOf(worker) + LINE;
}

/** What it took for that one, in ticks. */
export function tookOf(worker: number): number {
  return arrivedOf(worker) + 2;
}

/** What a worker is started with. */
export interface Start extends Pick<Engine, "module" | "memory"> {
  /** The address of the words, how many workers there are, and which of them this is. */
  address: number;
  size: number;
  me: number;
}

/** What a worker says: the command that it has done, or 0 that it is ready. */
export type Word = number;

/** Gives a word its value and wakes who waits for it. */
export function set(words: Int32Array, at: number, value: number): void {
  Atomics.store(words, at, value);
  if (Atomics.load(words, at + 1) > 0) Atomics.notify(words, at);
}

/** Looks between two looks at the clock. */
const LOOKS = 500;

/** Tells the processor that this is a loop which waits, where engines have a word for it. */
const pause = (Atomics as { pause?: () => void }).pause ?? (() => {});

/**
 * What waits for words on behalf of one thread. Waking takes longer than most stages do, so it looks for a while before it
 * goes to sleep; within a task half as long after each time that this was in vain, since then others need the processor.
 */
export class Watch {
  readonly #words: Int32Array;
  #share = 1;
  #task = 0;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Waits until a word is no longer `old`; gives what it is. Not for a page's main thread, which may not sleep. */
  pass(at: number, old: number, asleep = (): void => sleep(this.#words, at, old)): number {
    const words = this.#words;
    let value = look(words, at, old);
    if (value !== old) return value;
    if (words[TASK] !== this.#task) this.#share = 1;
    this.#task = words[TASK];
    const until = performance.now() + (words[PATIENCE] / 1000) * this.#share;
    do {
      if ((value = look(words, at, old)) !== old) return value;
    } while (performance.now() < until);
    this.#share /= 2;
    while ((value = Atomics.load(words, at)) === old) asleep();
    return value;
  }
}

/** Looks at a word for some microseconds, or until it is no longer `old`; gives what it is. */
function look(words: Int32Array, at: number, old: number): number {
  let value = old;
  for (let i = 0; i < LOOKS && (value = Atomics.load(words, at)) === old; i++) pause();
  return value;
}

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

/** Sleeps while a word is `old`, but no longer than so many milliseconds. */
export function sleep(words: Int32Array, at: number, old: number, milliseconds?: number): void {
  Atomics.add(words, at + 1, 1);
  Atomics.wait(words, at, old, milliseconds);
  Atomics.sub(words, at + 1, 1);
}
