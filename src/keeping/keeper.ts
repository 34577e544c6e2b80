// When checkpoints of a training are made: it drives the training's slices, and looks at the clock between them.
import { PropagoError, show } from "../ground/errors.ts";
import { isPlain, readFields, readNumber } from "../ground/options.ts";
import { isPromise, refusePromise } from "../ground/promises.ts";
import type { Task } from "../estimators/job.ts";
import type { Model } from "../memory/model.ts";
import type { Loop } from "../training/loop.ts";
import type { CheckpointOptions } from "../training/options.ts";
import type { Slices } from "../training/rows.ts";
import { settled } from "../training/turns.ts";
import { checkpointOf, goOn } from "./checkpoint.ts";

/** Seconds between two checkpoints, unless something else is said. */
const SECONDS = 30;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** How often checkpoints are made: after so many milliseconds, or so many epochs. */
export interface Rhythm {
  milliseconds: number;
  epochs: number;
}

/** Reads `every`. @throws PropagoError ERR_CONFIG for what is no time and no count of epochs. */
export function readRhythm(value: unknown, where = "checkpoint.every"): Rhythm {
  if (value === undefined) return { milliseconds: 1000 * SECONDS, epochs: Infinity };
  if (typeof value === "number") {
    return { milliseconds: 1000 * readNumber(value, where, { least: 0 }), epochs: Infinity };
  }
  const text = typeof value === "string" ? value : "";
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|min|m|h|epochs?)\s*$/.exec(text) ?? [];
  const count = Number(digits);
  const isEpochs = unit?.startsWith("epoch");
  if (unit && Number.isFinite(count) && (!isEpochs || (count >= 1 && count % 1 === 0))) {
    if (isEpochs) return { milliseconds: Infinity, epochs: count };
    return { milliseconds: count * UNITS[unit], epochs: Infinity };
  }
  const expected = 'seconds, or text such as "30s", "5m", "1h", "200ms" or "10 epochs"';
  throw new PropagoError("ERR_CONFIG", `${where} must be ${expected}, got ${show(value)}`);
}

/** The option, read. */
export interface Checkpoints {
  save: ((bytes: Uint8Array<ArrayBuffer>) => unknown) | undefined;
  rhythm: Rhythm;
  from: unknown;
  /** The clock, where others look at it too. */
  clock?: Clock;
  /** Whether one is made at the end. */
  isLast?: boolean;
  /** Whether training is to come to an end with what was reached. */
  isHurried?: () => boolean;
  /** Called after each slice. */
  watch?: (loop: Loop) => void;
  /** The same of several trainings. */
  watchTask?: (task: Task, loop: Loop) => void;
}

/** Reads fit's `checkpoint`. @throws PropagoError ERR_CONFIG for one that cannot be. */
export function readCheckpoints(value: unknown): Checkpoints {
  if (value instanceof Inner) return value;
  const expected = "a function that takes the bytes, or { save, every, from }";
  if (typeof value === "function") return { save: value as Checkpoints["save"], rhythm: readRhythm(undefined), from: undefined }; // prettier-ignore
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    const hint = typeof value === "string" ? '; for a folder: checkpointFolder(path) of "propago/node"' : "";
    throw new PropagoError("ERR_CONFIG", `checkpoint must be ${expected}, got ${show(value)}${hint}`);
  }
  // An object of a class, such as a folder's, may have more.
  const keys = ["save", "every", "from"] as const;
  if (value instanceof Orders) {
    return { ...value, rhythm: readRhythm(value.every), from: value.from };
  }
  const fields: Record<string, unknown> = isPlain(value)
    ? readFields(value, "checkpoint", keys)
    : Object.fromEntries(keys.map((key) => [key, (value as CheckpointOptions)[key]]));
  const { save, every, from } = fields;
  if (save !== undefined && typeof save !== "function") {
    throw new PropagoError("ERR_CONFIG", `checkpoint.save must be a function, got ${show(save)}`);
  }
  if (save === undefined && from === undefined) {
    throw new PropagoError("ERR_CONFIG", `checkpoint must be ${expected}; there is neither save nor from`);
  }
  return { save: save?.bind(value) as Checkpoints["save"], rhythm: readRhythm(every), from };
}

/** What the command asks of a search beyond the options that users have. */
export class Orders implements CheckpointOptions {
  save: ((bytes: Uint8Array<ArrayBuffer>) => unknown) | undefined;
  every: number | string | undefined;
  from: Uint8Array | undefined;
  /** Whether the search is to come to an end with what was reached. */
  isHurried: (() => boolean) | undefined;
  /** Called after each slice of a training, and after its last. */
  watchTask: ((task: Task, loop: Loop) => void) | undefined;
}

/** Whether it is time for another checkpoint. */
export class Clock {
  readonly #rhythm: Rhythm;
  #time = performance.now();
  #epochs: number;

  constructor(rhythm: Rhythm, epochs = 0) {
    this.#rhythm = rhythm;
    this.#epochs = epochs;
  }

  isDue(epochs: number): boolean {
    const { milliseconds, epochs: most } = this.#rhythm;
    return performance.now() - this.#time >= milliseconds || epochs - this.#epochs >= most;
  }

  /** A training of so many epochs has ended, and another begins to count. */
  shift(epochs: number): void {
    this.#epochs -= epochs;
  }

  /** A checkpoint was made. */
  reset(epochs: number): void {
    this.#time = performance.now();
    this.#epochs = epochs;
  }
}

/** Checkpoints of one of several trainings, which together have one clock. */
export class Inner implements Checkpoints {
  readonly save: (bytes: Uint8Array<ArrayBuffer>) => unknown;
  readonly rhythm: Rhythm = { milliseconds: Infinity, epochs: Infinity };
  readonly from: unknown;
  readonly clock: Clock;
  readonly isLast: boolean;
  readonly isHurried: (() => boolean) | undefined;
  readonly watch: ((loop: Loop) => void) | undefined;
  /** How many epochs were trained, and whether the clock asks for a checkpoint. */
  epochs = 0;
  isDue = false;

  constructor(given: Pick<Inner, "clock" | "from" | "isLast" | "save" | "isHurried" | "watch">) {
    this.clock = given.clock;
    this.from = given.from;
    this.isLast = given.isLast;
    this.save = given.save;
    this.isHurried = given.isHurried;
    this.watch = given.watch;
  }
}

/** Runs a training, from a checkpoint if one is given, and saves others on the way and at its end. */
export function* keeping(model: Model, loop: Loop): Slices {
  try {
    yield* slicesAndSaves(model, loop);
  } finally {
    loop.leaving = undefined;
    loop.abandon();
  }
}

function* slicesAndSaves(model: Model, loop: Loop): Slices {
  const read = readCheckpoints(loop.settings.checkpoint);
  const { save, rhythm, from, isLast = true } = read;
  if (from !== undefined) goOn(model, loop, from);
  const bytes = (): Uint8Array<ArrayBuffer> => checkpointOf(model, loop.warnings);
  const { signal } = loop.settings;
  const clock = read.clock ?? new Clock(rhythm, loop.epochs.count);
  const { history } = loop;
  const isOver = (): boolean => history.stopped !== "aborted" || loop.epochs.count >= loop.total;
  let isSaved = isOver();
  if (save !== undefined) loop.leaving = () => saveNow(save, bytes);
  const make = function* (): Slices {
    const saved = save?.(bytes());
    if (loop.isSync) refusePromise(saved, "checkpoint.save", "which fitSync cannot wait for; use fit");
    else yield* settled(saved);
  };
  const slices = loop.slices();
  for (;;) {
    if (signal?.aborted && !isSaved && !loop.search?.isBetween) yield* make();
    const { done, value } = slices.next();
    if (done) break;
    yield value;
    // Of a promise it is awaited in the middle of something.
    if (value !== undefined || save === undefined) continue;
    isSaved = false;
    const { count } = loop.epochs;
    const isDue = clock.isDue(count);
    if (read instanceof Inner) Object.assign(read, { epochs: count, isDue });
    read.watch?.(loop);
    if (read.isHurried?.() && !isOver() && !loop.search?.isBetween) {
      yield* make();
      history.stopped = "timeLimit";
      continue;
    }
    if (loop.search?.isBetween || !(isDue || (isLast && isOver()))) continue;
    isSaved = true;
    yield* make();
    // One of several is saved with the others, by who has the clock.
    if (isDue && !(read instanceof Inner)) clock.reset(count);
  }
}

/** Saves what nobody can wait for: the training is given up at once. */
function saveNow(save: (bytes: Uint8Array<ArrayBuffer>) => unknown, bytes: () => Uint8Array<ArrayBuffer>): void {
  let made: Uint8Array<ArrayBuffer>;
  try {
    made = bytes();
  } catch (error) {
    // In the middle of a step.
    if (error instanceof PropagoError && error.code === "ERR_BUSY") return;
    throw error;
  }
  const saved = save(made);
  if (isPromise(saved)) Promise.resolve(saved).catch(() => {});
}
