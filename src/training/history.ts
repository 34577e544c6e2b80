// The history of a training: numbers of epochs in columns, from which reports are made when somebody looks at them. Small
// networks complete a million epochs a second; reports of all of them would fill the memory.
import type { EpochReport, History } from "./reports.ts";

/** How many epochs of a training are kept at most: of more, every second, fourth, … one. */
export const MOST_EPOCHS = 65_536;

/** Epochs that there is room for at first, where more are to come. */
const ROOM = 2048;
const NONE = new Float64Array(0);

/** Reports of so few epochs are made at once: that takes less than to put it off. */
const FEW = 16;

/** Where the numbers of an epoch stand in its record; those of its metrics follow. */
const EPOCH = 0;
const SECONDS = 1;
const RATE = 2;
const LOSS = 3;
const METRICS = 4;

/**
 * The epochs of one training. Past `MOST_EPOCHS` it keeps those whose place in the training is 1, 3, 5, … and, whenever as
 * many have come together again, 1, 5, 9, …, then 1, 9, 17, … Beside these it keeps the last epoch and the best.
 */
export class EpochList {
  /** How many epochs there were. */
  count = 0;
  /** Loss of the first and of the last epoch. */
  first = NaN;
  last = NaN;
  /** Rows of an epoch. */
  rows: number;
  /** What reports hold beside the usual numbers: one number each, or something else, which is in the reports alone. */
  readonly #keys: readonly string[];
  readonly #isJudged: boolean;
  readonly #most: number;
  /** The records of the epochs that are kept, one behind the other, and how many these are. */
  #records: Float64Array;
  readonly #width: number;
  #length = 0;
  /** Their reports, as far as they were made. */
  readonly #reports: (EpochReport | undefined)[] = [];
  /** Somebody looks at the reports, so they are made at once. */
  #isWatched = false;
  /** Every so many epochs one is kept. */
  #stride = 1;
  /** The number of the first epoch, that of the best, and the least loss. */
  #begin = 0;
  #best = -1;
  #least = Infinity;

  /**
   * `epochs`: how many there will be, if nothing stops the training. `isJudged`: `keepBest` says which epoch is the best one;
   * otherwise it is that of the least loss.
   */
  constructor(rows: number, epochs: number, keys: readonly string[], isJudged: boolean, most = MOST_EPOCHS) {
    this.rows = rows;
    this.#keys = keys;
    this.#isJudged = isJudged;
    this.#most = most;
    this.#width = METRICS + keys.length;
    this.#records = epochs === 0 ? NONE : new Float64Array(this.#width * Math.min(epochs, ROOM));
  }

  /** Adds an epoch; `metrics` holds what its report says under the other keys. */
  add(epoch: number, seconds: number, learningRate: number, loss: number, metrics: object): void {
    if (this.count === 0) {
      this.#begin = epoch;
      this.first = loss;
    }
    this.count++;
    this.last = loss;
    if (this.#stride > 1 || this.#length >= this.#most) this.#thin();
    const at = this.#length++ * this.#width;
    if (at + this.#width > this.#records.length) this.#grow();
    const records = this.#records;
    records[at + EPOCH] = epoch;
    records[at + SECONDS] = seconds;
    records[at + RATE] = learningRate;
    records[at + LOSS] = loss;
    for (let k = 0; k < this.#keys.length; k++) {
      records[at + METRICS + k] = (metrics as Record<string, number>)[this.#keys[k]];
    }
    if (!this.#isJudged && loss < this.#least) {
      this.#least = loss;
      this.#choose(epoch);
    }
    if (this.#isWatched) this.lastReport();
  }

  /** The last epoch is the best so far. */
  keepBest(): void {
    this.#choose(this.#record(this.#length - 1, EPOCH));
  }

  /** The last epoch's report. */
  lastReport(): EpochReport {
    return this.#report(this.#length - 1);
  }

  /** Losses of the last epochs, at most so many, as far as they are kept. */
  lastLosses(most: number): number[] {
    const count = Math.min(most, this.#length);
    return Array.from({ length: count }, (_, i) => this.#record(this.#length - count + i, LOSS));
  }

  /** All reports, always in the same array. */
  reports(): EpochReport[] {
    if (!this.#isWatched) {
      this.#isWatched = true;
      for (let i = 0; i < this.#length; i++) this.#report(i);
    }
    return this.#reports as EpochReport[];
  }

  /** The first report that is kept of the epochs after this one; nothing if there is none yet. */
  after(epoch: number): EpochReport | undefined {
    let low = 0;
    for (let high = this.#length; low < high;) {
      const middle = (low + high) >> 1;
      if (this.#record(middle, EPOCH) <= epoch) low = middle + 1;
      else high = middle;
    }
    return low < this.#length ? this.#report(low) : undefined;
  }

  #record(index: number, field: number): number {
    return this.#records[index * this.#width + field];
  }

  #report(index: number): EpochReport {
    const reports = this.#reports;
    const made = reports[index];
    if (made !== undefined) return made;
    const seconds = this.#record(index, SECONDS);
    const report: EpochReport = {
      epoch: this.#record(index, EPOCH),
      seconds,
      samplesPerSecond: this.rows / Math.max(seconds, 1e-9),
      learningRate: this.#record(index, RATE),
      loss: this.#record(index, LOSS),
    };
    for (let k = 0; k < this.#keys.length; k++) {
      (report as unknown as Record<string, number>)[this.#keys[k]] = this.#record(index, METRICS + k);
    }
    while (reports.length < index) reports.push(undefined);
    return (reports[index] = report);
  }

  #grow(): void {
    const larger = new Float64Array(2 * this.#records.length + this.#width);
    larger.set(this.#records);
    this.#records = larger;
  }

  /** Drops the last epoch where it is kept only for being the last; where there are too many, keeps every second one. */
  #thin(): void {
    if (this.#stride > 1 && !this.#isKept(this.#record(this.#length - 1, EPOCH))) this.#remove(this.#length - 1);
    if (this.#length < this.#most) return;
    this.#stride *= 2;
    const { length } = this.#reports;
    let kept = 0;
    for (let i = 0; i < this.#length; i++) {
      if (!this.#isKept(this.#record(i, EPOCH))) continue;
      this.#records.copyWithin(kept * this.#width, i * this.#width, (i + 1) * this.#width);
      if (i < length) this.#reports[kept] = this.#reports[i];
      kept++;
    }
    this.#length = kept;
    this.#reports.length = Math.min(length, kept);
  }

  #isKept(epoch: number): boolean {
    return (epoch - this.#begin) % this.#stride === 0 || epoch === this.#best;
  }

  /** This epoch is the best now. The former best is kept no longer for being it. */
  #choose(epoch: number): void {
    const former = this.#best;
    this.#best = epoch;
    if (former < 0 || this.#isKept(former)) return;
    // It is mostly among the last ones.
    let index = this.#length - 1;
    while (this.#record(index, EPOCH) !== former) index--;
    this.#remove(index);
  }

  #remove(index: number): void {
    const width = this.#width;
    this.#records.copyWithin(index * width, (index + 1) * width, this.#length-- * width);
    if (index < this.#reports.length) this.#reports.splice(index, 1);
  }
}

/** How Node asks an object what to print for it. */
const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** A history whose reports are made when somebody looks at them. */
class LazyHistory implements History {
  declare readonly epochs: EpochReport[];
  declare stopped: History["stopped"];

  constructor(list: EpochList) {
    // Its own and enumerable: it is copied, compared and written as JSON like any array.
    Object.defineProperty(this, "epochs", { get: () => list.reports(), enumerable: true, configurable: true });
    this.stopped = "aborted";
  }

  /** What is printed is what there is, and not that there is a getter. */
  [INSPECT](): History {
    return { ...this };
  }
}

/** The history of a training of so many epochs; "aborted" until it has ended by itself. */
export function historyOf(list: EpochList, epochs: number): History {
  return epochs <= FEW ? { epochs: list.reports(), stopped: "aborted" } : new LazyHistory(list);
}
