// Epochs on their way from a worker: gathered in columns between two reports, and entered into a history where they arrive.
import type { EpochList } from "../training/history.ts";
import type { EpochReport } from "../training/reports.ts";
import type { Columns } from "./messages.ts";

/** Epochs that are gathered at most; of more, every second, fourth, … one. */
const MOST = 65_536;

/** Numbers of an epoch before those of its metrics. */
const WIDTH = 4;

/** What every report has, in numbers. */
const USUAL = new Set(["epoch", "seconds", "samplesPerSecond", "learningRate", "loss"]);

/** Gathers what a training adds to its list of epochs. */
export class Gathering {
  #keys: string[] = [];
  #records: number[] = [];
  #more: Columns["more"] = [];
  #best: number | undefined;
  /** The first epoch that was ever added, and what stays of those after it. */
  #begin: number | undefined;
  #stride = 1;
  /** The record of the least loss that was dropped. */
  #list: EpochList;

  constructor(list: EpochList) {
    this.#list = list;
    const add = list.add.bind(list);
    const keepBest = list.keepBest.bind(list);
    list.add = (epoch, seconds, rate, loss, metrics) => {
      add(epoch, seconds, rate, loss, metrics);
      this.#add(epoch, seconds, rate, loss, metrics);
    };
    list.keepBest = () => {
      keepBest();
      this.#best = this.#records[this.#records.length - this.#width];
    };
  }

  get #width(): number {
    return WIDTH + this.#keys.length;
  }

  /** How many epochs wait to be told. */
  get count(): number {
    return this.#records.length / this.#width;
  }

  /** Takes note of what the last epoch's report has beyond numbers: held-back rows, warnings. */
  look(): void {
    if (this.#records.length === 0) return;
    const report = this.#list.lastReport();
    const entries = Object.entries(report).filter(
      ([key, value]) => !USUAL.has(key) && !(this.#keys.includes(key) && typeof value === "number"),
    );
    if (entries.length > 0) this.#more.push([report.epoch, Object.fromEntries(entries)]);
  }

  /** What has come together since this was last asked. */
  take(): Columns {
    const columns: Columns = {
      keys: this.#keys,
      records: Float64Array.from(this.#records),
      more: this.#more,
      best: this.#best,
    };
    this.#records = [];
    this.#more = [];
    this.#best = undefined;
    return columns;
  }

  #add(epoch: number, seconds: number, rate: number, loss: number, metrics: object): void {
    if (this.#begin === undefined) {
      this.#begin = epoch;
      this.#keys = Object.keys(metrics).filter((key) => key !== "loss");
    }
    this.#records.push(epoch, seconds, rate, loss);
    for (const key of this.#keys) {
      const value = (metrics as Record<string, unknown>)[key];
      this.#records.push(typeof value === "number" ? value : NaN);
    }
    if (this.count > MOST) this.#thin();
  }

  /** Keeps every second epoch, and the last. */
  #thin(): void {
    this.#stride *= 2;
    const width = this.#width;
    const { length } = this.#records;
    const kept: number[] = [];
    let least = 0;
    for (let at = 0; at < length; at += width) if (this.#records[at + 3] < this.#records[least + 3]) least = at;
    for (let at = 0; at < length; at += width) {
      const isKept = (this.#records[at] - (this.#begin ?? 0)) % this.#stride === 0;
      if (isKept || at === least || at + width === length || this.#records[at] === this.#best) {
        for (let i = 0; i < width; i++) kept.push(this.#records[at + i]);
      }
    }
    this.#records = kept;
    const epochs = new Set(kept.filter((_, i) => i % width === 0));
    this.#more = this.#more.filter(([epoch, { warnings }]) => epochs.has(epoch) || warnings !== undefined);
  }
}

/** Enters epochs into a history's list. */
export function enter(list: EpochList, { keys, records, more, best }: Columns): void {
  const width = WIDTH + keys.length;
  const waiting = [...more];
  const metrics: Record<string, number> = {};
  for (let at = 0; at < records.length; at += width) {
    for (const [k, key] of keys.entries()) metrics[key] = records[at + WIDTH + k];
    list.add(records[at], records[at + 1], records[at + 2], records[at + 3], metrics);
    if (records[at] === best) list.keepBest();
    while (waiting.length > 0 && waiting[0][0] <= records[at]) {
      Object.assign(list.lastReport(), (waiting.shift() as [number, Partial<EpochReport>])[1]);
    }
  }
}
