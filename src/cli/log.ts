// --log of propago train: a CSV file with a row for each epoch of each network that is trained.
import { closeSync, existsSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import type { Task } from "../estimators/job.ts";
import { PropagoError } from "../ground/errors.ts";
import type { Loop } from "../training/loop.ts";
import type { EpochReport } from "../training/reports.ts";
import { textCell } from "./text.ts";

const COLUMNS = ["trial", "target", "kind", "stage", "epoch", "loss", "validationLoss", "learningRate", "seconds", "samplesPerSecond"]; // prettier-ignore

/** The bytes that are gathered before they are written. */
const GATHERED = 1 << 16;

/** How far a log has come: its bytes, the networks in it, and of the last one the epochs and the seed. */
export interface Logged {
  length: number;
  trial: number;
  epoch: number;
  seed: number;
}

/** Of a log that begins. */
export const NOTHING_LOGGED: Logged = { length: 0, trial: 0, epoch: 0, seed: -1 };

/** What was logged, as a checkpoint says; nothing where it says nothing that can be. */
export function readLogged(value: unknown): Logged {
  const given = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const entries = Object.keys(NOTHING_LOGGED).map((key) => [key, given[key]] as const);
  if (!entries.every(([, number]) => Number.isSafeInteger(number) && (number as number) >= -1)) return NOTHING_LOGGED;
  return Object.fromEntries(entries) as unknown as Logged;
}

/** Writes the rows. */
export class Log {
  readonly #path: string;
  readonly #file: number;
  #network: unknown;
  /** How many networks were seen, the last epoch of the current one that was written, and its seed. */
  #trial: number;
  #epoch: number;
  #seed: number;
  #rows: string[] = [];
  #pending = 0;
  #length = 0;

  /**
   * @param logged what of a file that is there belongs to the checkpoint that training goes on from.
   * @throws PropagoError ERR_IO where it cannot be written.
   */
  constructor(path: string, { length, trial, epoch, seed }: Logged) {
    this.#path = path;
    this.#trial = trial;
    this.#epoch = epoch;
    this.#seed = seed;
    const isThere = length > 0 && existsSync(path) && statSync(path).size >= length;
    this.#length = isThere ? length : 0;
    this.#file = this.#safely(() => openSync(path, isThere ? "r+" : "w"));
    this.#safely(() => ftruncateSync(this.#file, this.#length));
    if (!isThere) this.#put(`${COLUMNS.join(",")}\n`);
  }

  /** How far it has come. All of it is in the file then. */
  get state(): Logged {
    this.flush();
    return { length: this.#length, trial: this.#trial, epoch: this.#epoch, seed: this.#seed };
  }

  /** Adds the epochs of a network that were completed since the last call. */
  add(target: string, task: Task, loop: Loop): void {
    const { network } = task;
    if (this.#network !== network) {
      // The network that was under way when the checkpoint was made goes on; each has a seed of its own.
      const goesOn = this.#network === undefined && network.seed === this.#seed;
      this.#network = network;
      if (!goesOn) {
        this.#trial++;
        this.#epoch = 0;
        this.#seed = network.seed;
      }
    }
    for (;;) {
      const report = loop.epochs.after(this.#epoch);
      if (report === undefined) return;
      this.#epoch = report.epoch;
      this.#put(this.#row(target, task, task.inUnits?.(report) ?? report));
    }
  }

  #row(target: string, { kind = "", isPassing }: Task, report: EpochReport): string {
    const { epoch, loss, validation, learningRate, seconds, samplesPerSecond } = report;
    const stage = isPassing ? "trial" : "model";
    const texts = [String(this.#trial), textCell(target), textCell(kind), stage];
    const numbers = [epoch, loss, validation?.loss, learningRate, seconds, samplesPerSecond];
    return `${[...texts, ...numbers.map((value) => (value === undefined ? "" : String(value)))].join(",")}\n`;
  }

  #put(row: string): void {
    this.#rows.push(row);
    this.#pending += row.length;
    if (this.#pending > GATHERED) this.flush();
  }

  flush(): void {
    if (this.#rows.length === 0) return;
    const bytes = Buffer.from(this.#rows.join(""));
    this.#rows = [];
    this.#pending = 0;
    for (let done = 0; done < bytes.length;) {
      done += this.#safely(() => writeSync(this.#file, bytes, done, bytes.length - done, this.#length + done));
    }
    this.#length += bytes.length;
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }

  #safely<R>(work: () => R): R {
    try {
      return work();
    } catch (cause) {
      const { message } = cause as Error;
      throw new PropagoError("ERR_IO", `cannot write ${this.#path}: ${message}`, { cause });
    }
  }
}
