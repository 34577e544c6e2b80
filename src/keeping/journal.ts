// The checkpoint of a Classifier or Regressor: a journal of the networks that were trained in the search for a model, and
// the state of the one that is being trained. The search itself is a function of data, options and what those networks came
// to: it is gone through again, with the journal's networks in the place of their trainings.
import type { Job, Selection, Task } from "../estimators/job.ts";
import { crc32 } from "../files/inflate.ts";
import { PropagoError, type ErrorCode } from "../ground/errors.ts";
import { isPlain } from "../ground/options.ts";
import type { Network } from "../network/network.ts";
import { pause } from "../selection/pause.ts";
import { drawSeed } from "../selection/problem.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";
import type { History } from "../training/reports.ts";
import { RELEASE, open } from "./checkpoint.ts";
import { differ } from "./fit.ts";
import { type Checkpoints, Clock, Inner, readCheckpoints } from "./keeper.ts";
import { type PackedArray, bad, pack } from "./packing.ts";

type Select = (job: Job) => Generator<Task, Selection, History>;

/** One network that was trained. */
interface Entry {
  /** By which it is recognised when the search comes to it again. */
  name: string;
  /** What went wrong, if something did that the search can go on with. */
  failure?: { code: string; message: string };
  /** Its weights, of a network that is asked and thrown away; the checkpoint of its end, of one that may stay. */
  weights?: FloatArray;
  end?: Uint8Array;
}

/** Milliseconds in which a search that is told to come to an end trains its last networks. */
const GRACE = 1000;

/** Trainings that a checkpoint holds at most. */
const MOST_ENTRIES = 100_000;

/** Goes through a search for a model, from a checkpoint if one is given, and saves others on the way. */
export function* journaled(job: Job, select: Select): Generator<Task, Selection, History> {
  const options = readCheckpoints(job.fit.checkpoint);
  const journal = new Journal(job, options);
  const course = select(journal.job);
  let step = course.next();
  while (!step.done) {
    const task = step.value;
    let history: History | undefined;
    let failure: { error: unknown } | undefined;
    try {
      history = yield* journal.train(task);
    } catch (error) {
      failure = { error };
    }
    // The search decides what a failure means, as it would without a journal.
    step = failure === undefined ? course.next(history as History) : course.throw(failure.error);
  }
  yield* journal.write();
  return step.value;
}

class Journal {
  /** The job, for the search: with a seed that is a number, and a clock that goes on. */
  readonly job: Job;
  readonly #options: Checkpoints;
  readonly #entries: Entry[] = [];
  /** How many of the entries the search has come to. */
  #place = 0;
  /** The training that was under way, from a checkpoint. */
  #current: Uint8Array | undefined;
  readonly #clock: Clock;
  /** Milliseconds that the search has spent, as often as it asked; those of a checkpoint are given again. */
  readonly #times: number[] = [];
  #asked = 0;
  #begun = performance.now();
  /** What must be equal in a search that goes on. */
  readonly #about: { options: Record<string, unknown>; data: Record<string, unknown> };
  #isWritten = false;
  /** Whether the search comes to its end, and when that should be. */
  #isEnding = false;
  #ends = Infinity;

  constructor(job: Job, options: Checkpoints) {
    this.#options = options;
    this.#clock = new Clock(options.rhythm);
    const isKept = options.save !== undefined || options.from !== undefined;
    this.#about = isKept ? { options: optionsOf(job), data: hashesOf(job) } : { options: {}, data: {} };
    const seed = options.from === undefined ? seedOf(job) : this.#read(options.from);
    const fit = { ...job.fit, checkpoint: undefined };
    this.job = { ...job, given: { ...job.given, seed }, fit, left: (limit) => this.#left(limit) };
  }

  /** Trains a network, or fills it with what it came to the last time. */
  *train(task: Task): Generator<Task, History, History> {
    const name = `${task.network.seed} ${task.network.parameterCount} ${task.network.dtype}`;
    if (this.#place < this.#entries.length) return yield* this.#recall(task, name);
    const { network, options, isShort } = task;
    const from = this.#current;
    const { signal } = this.job.fit;
    const { isHurried, watchTask } = this.#options;
    if (this.#isHurried) yield* this.#end();
    const inner: Inner = new Inner({
      clock: this.#clock,
      from,
      isLast: !task.isPassing && this.#options.save !== undefined,
      save: (bytes): unknown => {
        if (this.#isEnding) return undefined;
        this.#current = bytes;
        this.#isWritten = false;
        // What takes no time is saved between two of them, where there may be a wait.
        return !isShort && (signal?.aborted || isHurried?.() || inner.isDue) ? this.#save() : undefined;
      },
      // Once the search comes to its end, its clock alone says how long the last networks are trained.
      isHurried: isHurried && (() => !this.#isEnding && isHurried()),
      watch: watchTask && ((loop) => watchTask(task, loop)),
    });
    let entry: Entry | undefined;
    try {
      const history = yield { ...task, options: { ...options, checkpoint: inner as never } };
      if (this.#isHurried) yield* this.#end();
      entry = task.isPassing ? { name, weights: flat(network) } : { name, end: this.#current };
      return history;
    } catch (error) {
      if (error instanceof PropagoError && error.code === "ERR_DIVERGED") {
        entry = { name, failure: { code: error.code, message: error.message } };
      } else if (signal?.aborted) yield* this.write();
      throw error;
    } finally {
      if (entry !== undefined) {
        this.#entries.push(entry);
        this.#place++;
        this.#current = undefined;
        this.#isWritten = false;
        this.#clock.shift(inner.epochs);
        if (this.#clock.isDue(0)) yield* this.write();
      }
    }
  }

  /** Saves everything, unless it is saved: as a pause, so that a promise can be awaited. */
  *write(): Generator<Task, void, History> {
    if (this.#isWritten || this.#isEnding || this.#options.save === undefined) return;
    yield pause(() => this.#save());
  }

  get #isHurried(): boolean {
    return !this.#isEnding && this.#options.isHurried?.() === true;
  }

  /** From here on the search comes to its end, in little time. What is saved is where it stood before. */
  *#end(): Generator<Task, void, History> {
    yield* this.write();
    this.#isEnding = true;
    this.#ends = performance.now() + GRACE;
  }

  #save(): unknown {
    this.#isWritten = true;
    this.#clock.reset(0);
    return this.#options.save?.(this.#bytes());
  }

  /** Milliseconds that are left of a limit. */
  #left(limit: number): number {
    if (this.#isEnding) return this.#ends - performance.now();
    return limit < Infinity ? limit - this.#spent() : Infinity;
  }

  #bytes(): Uint8Array<ArrayBuffer> {
    const arrays: Record<string, PackedArray | undefined> = {};
    const entries = this.#entries.map(({ name, failure, weights, end }, i) => {
      arrays[`weights ${i}`] = weights;
      arrays[`end ${i}`] = end;
      return { name, failure };
    });
    arrays.current = this.#current;
    if (this.#times.length > 0) arrays.times = Float64Array.from(this.#times);
    const { seed } = this.job.given;
    return pack({ kind: "model", propago: RELEASE, ...this.#about, seed, entries, spent: this.#now() }, arrays);
  }

  /** Reads a checkpoint; gives the seed. */
  #read(bytes: unknown): number {
    const { head, arrays } = open(bytes, "model");
    const advice = "Go on with what it was made with, or begin anew without it";
    differ(head.options, this.#about.options, (name, before, now) => {
      const text = `${name} was ${before} when the checkpoint was made, and is ${now} now. ${advice}`;
      return new PropagoError("ERR_CONFIG", text);
    });
    differ(head.data, this.#about.data, (name, before, now) => {
      const text = name.startsWith("number of")
        ? `was ${before}, and is ${now} now`
        : "are not those of the checkpoint";
      return new PropagoError("ERR_DATA", `the ${name} ${text}. ${advice}`);
    });
    const { entries, seed, spent } = head;
    if (!Array.isArray(entries) || entries.length > MOST_ENTRIES) throw bad("it has no list of trainings");
    for (const [i, entry] of (entries as unknown[]).entries()) this.#entries.push(readEntry(entry, i, arrays));
    const current = arrays.get("current");
    this.#current = current instanceof Uint8Array ? current : undefined;
    const times = arrays.get("times");
    if (times instanceof Float64Array) this.#times.push(...times);
    if (typeof spent === "number" && spent >= 0) this.#begun -= spent;
    if (typeof seed !== "number") throw bad("it has no seed");
    return seed;
  }

  /** What a network came to the last time. */
  *#recall(task: Task, name: string): Generator<Task, History, History> {
    const { network } = task;
    const { name: own, failure, weights, end } = this.#entries[this.#place++];
    if (own !== name) throw bad(`network ${this.#place} of the search is another one than it holds`);
    if (failure !== undefined) throw new PropagoError(failure.code as ErrorCode, failure.message);
    if (weights !== undefined) {
      fillWith(network, weights);
      return { epochs: [], stopped: "epochs" };
    }
    // A training that has ended gives its history at once.
    const options = { ...task.options, onEpoch: undefined, onBatch: undefined, checkpoint: { from: end } };
    return yield { ...task, options };
  }

  #now(): number {
    return performance.now() - this.#begun;
  }

  /** The milliseconds that were spent. Asked again after a checkpoint, the answers are the same. */
  #spent(): number {
    if (this.#asked === this.#times.length) this.#times.push(this.#now());
    return this.#times[this.#asked++];
  }
}

function readEntry(entry: unknown, i: number, arrays: ReadonlyMap<string, PackedArray>): Entry {
  const { name, failure } = isPlain(entry) ? entry : {};
  if (typeof name !== "string") throw bad(`its training ${i + 1} has no name`);
  if (isPlain(failure)) {
    const { code, message } = failure;
    if (code !== "ERR_DIVERGED" || typeof message !== "string") throw bad(`its training ${i + 1} failed otherwise`);
    return { name, failure: { code, message } };
  }
  const weights = arrays.get(`weights ${i}`);
  const end = arrays.get(`end ${i}`);
  if (weights instanceof Float32Array || weights instanceof Float64Array) return { name, weights };
  if (end instanceof Uint8Array) return { name, end };
  throw bad(`its training ${i + 1} has no weights`);
}

/** All weights of a network, one behind the other. */
function flat(network: Network<DType>): FloatArray {
  const tensors = network.getWeights().flatMap((layer) => Object.values(layer) as FloatArray[]);
  const all = new (network.dtype === "float64" ? Float64Array : Float32Array)(network.parameterCount);
  let at = 0;
  for (const tensor of tensors) {
    all.set(tensor, at);
    at += tensor.length;
  }
  return all;
}

function fillWith(network: Network<DType>, all: FloatArray): void {
  if (all.length !== network.parameterCount) throw bad("a network of it has another number of weights");
  let at = 0;
  const layers = network.getWeights();
  for (const tensor of layers.flatMap((layer) => Object.values(layer) as FloatArray[])) {
    tensor.set(all.subarray(at, (at += tensor.length)));
  }
  network.setWeights(layers);
}

function seedOf(job: Job): number {
  const { seed = 0 } = job.given;
  return seed === "random" ? drawSeed(job) : seed;
}

/** Everything that the model depends on beside the data, as JSON. */
function optionsOf({ given, fit, classes, outputs }: Job): Record<string, unknown> {
  const { signal: _, onEpoch: __, onBatch: ___, onSearch: ____, checkpoint: _____, threads: ______, timeLimit: _______, sampleWeights: ________, ...rest } = fit; // prettier-ignore
  const { validation, ...others } = rest;
  const shown = typeof validation === "object" ? "rows of its own" : validation;
  return asData({ ...given, build: undefined, ...others, validation: shown, classes, outputs });
}

/** Plain data, with functions as the word for them. */
function asData(value: Record<string, unknown>): Record<string, unknown> {
  const plain = JSON.stringify(value, (_, item: unknown) => (typeof item === "function" ? "a function" : item));
  return JSON.parse(plain) as Record<string, unknown>;
}

function hashesOf({ x, targets, judge, fit }: Job): Record<string, unknown> {
  const weights = fit.sampleWeights;
  const hash = (values: unknown): unknown =>
    ArrayBuffer.isView(values)
      ? crc32(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
      : values && crc32(new TextEncoder().encode(JSON.stringify(values)));
  return {
    "number of rows": x.rows,
    "number of columns": x.columns,
    "numbers of x": hash(x.data),
    targets: hash(targets.data),
    "weights of the samples": hash(weights),
    "rows of validation": judge && [hash(judge.x.data), hash(judge.targets.data), hash(judge.sampleWeights)],
  };
}
