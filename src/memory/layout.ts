// From a network's description to addresses: a layout owns the network's blocks, gives them
// back while the network is idle and memory is scarce, and brings everything back when it is needed again.
import {
  BLOCK_BEGIN,
  BLOCK_BYTES,
  BLOCK_END,
  LAYER_BYTES,
  PLAN_AGE,
  PLAN_AVERAGE,
  PLAN_BLOCKS,
  PLAN_BLOCK_COUNT,
  PLAN_BLOCK_ROWS,
  PLAN_BYTES,
  PLAN_CANDIDATE,
  PLAN_CAPACITY,
  PLAN_EPOCH,
  PLAN_GOOD,
  PLAN_GRADS,
  PLAN_KEPT,
  PLAN_METRIC,
  PLAN_PENDING,
  PLAN_RATES,
  PLAN_REPORTS,
  PLAN_STATE,
  PLAN_STEP,
  PLAN_SUM,
  PLAN_TALLY,
  PLAN_X,
  TALLY_SQUARES,
} from "../../assembly/plan.ts";
import { FRESH, type Progress, readProgress, writeProgress } from "./progress.ts";
import { type Purpose, blockRows, placeBatch } from "./batch.ts";
import { writePlan } from "./plan.ts";
import { GRADIENT_WORDS, TENSOR_WORDS, type Tensor, layTensors } from "./tensors.ts";
import type { Engine } from "../core/engine.ts";
import type { Tenant } from "../core/heap.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { Plateau } from "../tables/schedules.ts";
import type { FloatArray } from "../ground/arrays.ts";
import { countParameters } from "../description/tensors.ts";

/** Tallies that one call of train can leave. */
const MOST_REPORTS = 256;

/** Steps that one call of train can make where each has a rate of its own. */
const MOST_RATES = 1024;

/** Addresses while the network is in memory. */
interface Blocks {
  /** Plan, layer records, tally and parameters. */
  plan: number;
  params: number;
  /** Gradients, optimizer state and kept weights; made when training first needs them. */
  training?: number;
  state?: number;
  /** What a batch needs; made anew when it is too small. */
  batch?: number;
  samples: number;
  capacity: number;
  workers: number;
  purpose: Purpose;
}

/** A network's arrays while it is not in memory. */
interface Saved {
  params: FloatArray;
  state?: FloatArray;
  progress: Progress;
}

export class Layout implements Tenant {
  readonly engine: Engine;
  /** Every tensor in the order of layers, weights before biases before statistics. */
  readonly tensors: readonly Tensor[];
  /** Numbers of the flat block, padding included; of them, from the first, those that training changes. */
  readonly count: number;
  readonly trainable: number;
  /** Weights and biases without padding. */
  readonly parameters: number;
  /** Numbers that the optimizer remembers. */
  readonly remembered: number;
  /** Tallies that one call of train may leave. */
  readonly reports: number;
  /** What reduceOnPlateau has come to. */
  readonly plateau: Plateau = { scale: 1, bad: 0, cooldown: 0 };
  /** How many workers the batch's blocks have room for from now on. */
  #roomForWorkers = 1;
  /** While workers use the blocks: waits until they are done with what they were asked for. */
  #settle: (() => void) | undefined;
  /** Numbers that a method of search.ts remembers. */
  readonly memory: number[] = [];
  /** While true, the blocks stay where they are. */
  #isBusy = false;
  /** What a training under way has in memory beside the network; goes with it if nobody ends that training. */
  readonly attachments = new Set<{ release(): void }>();
  #view: DataView | undefined;
  readonly #description: NetworkDescription;
  #blocks: Blocks | undefined;
  #saved: Saved | undefined;

  constructor(engine: Engine, description: NetworkDescription) {
    this.engine = engine;
    this.#description = description;
    this.parameters = countParameters(description.layers);
    const { tensors, trainable, count } = layTensors(description, engine.bytes);
    this.trainable = trainable;
    this.tensors = tensors;
    this.count = count;
    const { rule, accumulate, averaging } = description.optimizer;
    this.remembered = this.trainable * (rule.remembers + Number(accumulate > 1) + Number(averaging !== undefined));
    this.reports = Math.max(1, Math.min(MOST_REPORTS, Math.floor(65_536 / this.#tallyBytes)));
    this.#bringIn();
  }

  /** Whether a training is under way: then the blocks stay where they are. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Lets the blocks stay where they are, until `unpin`. */
  pin(): void {
    this.#isBusy = true;
  }

  unpin(): void {
    this.#isBusy = false;
  }

  /** Makes room for so many workers in batches that are laid out from now on. */
  makeRoomForWorkers(count: number): void {
    this.#roomForWorkers = Math.max(this.#roomForWorkers, count);
  }

  /** Says how to wait for workers that use the blocks; nothing once they are done. */
  settleBy(wait: (() => void) | undefined): void {
    this.#settle = wait;
  }

  /** Waits for workers that use the blocks, until they are done with what they were asked for. */
  settle(): void {
    this.#settle?.();
  }

  /** The plan's address, with the network in memory. */
  get plan(): number {
    return this.#bringIn().plan;
  }

  /** A view of all parameters, padding included; good until the next allocation. */
  params(): FloatArray {
    return this.engine.numbers(this.#bringIn().params, this.count);
  }

  /** The address of the parameters. */
  get paramsAddress(): number {
    return this.#bringIn().params;
  }

  gradients(): FloatArray {
    return this.engine.numbers(this.#withTraining().training, this.count);
  }

  /** What the optimizer remembers; good until the next allocation. */
  state(): FloatArray {
    return this.engine.numbers(this.#withTraining().state, this.remembered);
  }

  /** The moving average of what training changes; nothing before the first update. Good until the next allocation. */
  average(): FloatArray | undefined {
    const { averaging } = this.#description.optimizer;
    if (averaging === undefined || this.double(PLAN_AGE) === 0) return undefined;
    return this.state().subarray(this.remembered - this.trainable);
  }

  /** Does something with that average in place of the parameters. */
  averaged<R>(work: () => R): R {
    const average = this.average();
    if (average === undefined) return work();
    const plain = this.params().slice(0, this.trainable);
    this.params().set(average);
    try {
      return work();
    } finally {
      this.params().set(plain);
    }
  }

  /** Where samples to predict go, as many as were prepared for; good until the next allocation. */
  get samplesAddress(): number {
    return this.#bringIn().samples;
  }

  /** The address of what the optimizer remembers. */
  get stateAddress(): number {
    return this.#withTraining().state;
  }

  /** The plan's bytes. The view is kept while memory and plan stay where they are: short trainings ask for it often. */
  get #words(): DataView {
    const { plan } = this;
    const view = this.#view;
    // A buffer that memory has grown out of has no bytes left.
    if (view !== undefined && view.buffer.byteLength > 0 && view.byteOffset === plan) return view;
    return (this.#view = this.engine.view(plan, PLAN_BYTES));
  }

  /** Reads and writes words of the plan. */
  word(offset: number): number {
    return this.#words.getInt32(offset, true);
  }

  setWord(offset: number, value: number): void {
    this.#words.setInt32(offset, value, true);
  }

  double(offset: number): number {
    return this.#words.getFloat64(offset, true);
  }

  setDouble(offset: number, value: number): void {
    this.#words.setFloat64(offset, value, true);
  }

  get progress(): Progress {
    return readProgress(this.#words, [...this.memory]);
  }

  set progress(progress: Progress) {
    this.memory.splice(0, Infinity, ...progress.memory);
    writeProgress(this.#words, progress);
  }

  /** Makes the optimizer remember nothing. */
  forget(): void {
    this.state().fill(0);
    this.progress = { ...this.progress, ...FRESH };
  }

  /** Writes the rates of the next steps, of at most `steps`, and gives them back; nothing where the rate stays. */
  writeRates(steps: number): Float64Array | undefined {
    const { schedule, accumulate } = this.#description.optimizer;
    if (schedule === undefined) return undefined;
    const first = this.double(PLAN_STEP);
    const pending = this.word(PLAN_PENDING);
    // The function of a user may do anything: the view is taken after it was asked.
    const rates = Float64Array.from({ length: Math.min(steps, MOST_RATES) }, (_, i) =>
      schedule.rate(first + Math.floor((pending + i) / accumulate), this.plateau.scale),
    );
    this.engine.doubles(this.word(PLAN_RATES) >>> 0, rates.length).set(rates);
    return rates;
  }

  /** Counts an update that was a whole epoch, and makes the running tally its report. */
  countUpdate(): void {
    this.setDouble(PLAN_STEP, this.double(PLAN_STEP) + 1);
    this.setWord(PLAN_EPOCH, this.word(PLAN_EPOCH) + 1);
    const tally = this.tally();
    this.engine.doubles(this.word(PLAN_REPORTS) >>> 0, tally.length).set(tally);
  }

  /** The running tally; good until the next allocation. */
  tally(): Float64Array {
    return this.engine.doubles(this.word(PLAN_TALLY) >>> 0, this.#tallyBytes / 8);
  }

  /** Makes room for batches of so many rows and gives back the plan's address. */
  prepare(rows: number, purpose: Purpose): number {
    // A training that is under way keeps room for its own batches.
    const needed = this.#isBusy && purpose === "predict" ? "train" : purpose;
    const blocks = needed === "predict" ? this.#bringIn() : this.#withTraining();
    const least = this.#isBusy ? Math.max(rows, blocks.capacity) : rows;
    // Weighted inputs are kept apart only for looking, which training alone should not pay for.
    const fits =
      blocks.purpose === needed ||
      (needed === "predict" && blocks.purpose === "train") ||
      (this.#isBusy && blocks.purpose === "trace");
    if (blocks.batch === undefined || blocks.capacity < least || blocks.workers < this.#roomForWorkers || !fits)
      this.#layBatch(blocks, least, needed);
    return blocks.plan;
  }

  /** Does something that leaves the running epoch's tally as it was. */
  keepingTally<R>(work: () => R): R {
    const metric = this.word(PLAN_METRIC);
    const kept = this.word(PLAN_KEPT);
    const sums = this.tally().slice();
    try {
      return work();
    } finally {
      this.setWord(PLAN_METRIC, metric);
      this.setWord(PLAN_KEPT, kept);
      this.tally().set(sums);
    }
  }

  /** A layer's word, for looking at what the core left there. */
  layerAddress(layer: number, offset: number): number {
    const records = this.plan + PLAN_BYTES;
    return this.engine.view(records + layer * LAYER_BYTES, LAYER_BYTES).getUint32(offset, true);
  }

  leave(): void {
    const blocks = this.#blocks;
    if (blocks === undefined || this.#isBusy) return;
    const { engine } = this;
    const view = engine.view(blocks.plan, PLAN_BYTES);
    this.#saved = {
      params: engine.numbers(blocks.params, this.count).slice(),
      state: blocks.state === undefined ? undefined : engine.numbers(blocks.state, this.remembered).slice(),
      progress: readProgress(view, this.memory),
    };
    this.release();
  }

  /** Gives all blocks back for good. */
  release(): void {
    const blocks = this.#blocks;
    if (blocks === undefined) return;
    this.#blocks = undefined;
    this.engine.release(blocks.plan);
    if (blocks.training !== undefined) this.engine.release(blocks.training);
    if (blocks.batch !== undefined) this.engine.release(blocks.batch);
    this.engine.forget(this);
  }

  get #tallyBytes(): number {
    return TALLY_SQUARES + 8 * this.#description.outputs;
  }

  /** Brings the network into memory if it is not there. */
  #bringIn(): Blocks {
    this.engine.touch(this);
    if (this.#blocks !== undefined) return this.#blocks;
    const { layers } = this.#description;
    const records = PLAN_BYTES;
    const tally = records + layers.length * LAYER_BYTES;
    const paramsAt = Math.ceil((tally + this.#tallyBytes) / 16) * 16;
    const size = paramsAt + this.count * this.engine.bytes;
    const plan = this.engine.allocate(size, `this network's ${this.parameters} parameters`);
    const params = plan + paramsAt;
    this.#blocks = { plan, params, samples: 0, capacity: 0, workers: 0, purpose: "predict" };
    const view = this.engine.view(plan, paramsAt);
    writePlan(view, this.#description, {
      plan,
      params,
      tally: plan + tally,
      count: this.count,
      trainable: this.trainable,
    });
    for (const tensor of this.tensors) {
      const word = records + tensor.layer * LAYER_BYTES + TENSOR_WORDS[tensor.kind];
      view.setUint32(word, params + tensor.start * this.engine.bytes, true);
    }
    const saved = this.#saved;
    this.#saved = undefined;
    this.progress = saved?.progress ?? { step: 0, epoch: 0, batches: 0, ...FRESH };
    if (saved !== undefined) {
      this.params().set(saved.params);
      if (saved.state !== undefined) this.state().set(saved.state);
    }
    return this.#blocks;
  }

  /** Adds the block that training needs. */
  #withTraining(): Blocks & { training: number; state: number } {
    const blocks = this.#bringIn();
    if (blocks.training === undefined || blocks.state === undefined) {
      const { count, remembered } = this;
      const { bytes } = this.engine;
      const reportBytes = this.reports * this.#tallyBytes;
      const rates = this.#description.optimizer.schedule === undefined ? 0 : MOST_RATES;
      const parts = this.#parts();
      const state = count * bytes;
      const reports = Math.ceil((state + remembered * bytes) / 8) * 8;
      const table = reports + reportBytes + rates * 8;
      const good = Math.ceil((table + parts.length * BLOCK_BYTES) / 16) * 16;
      const candidate = good + count * bytes;
      // Weights that are kept are copied from others; what pads gradients and the optimizer begins with zeros.
      const start = this.engine.allocate(candidate + count * bytes, "training this network", good);
      blocks.training = start;
      blocks.state = start + state;
      this.setWord(PLAN_GRADS, start);
      this.setWord(PLAN_GOOD, start + good);
      this.setWord(PLAN_CANDIDATE, start + candidate);
      this.setWord(PLAN_STATE, blocks.state);
      const { rule, accumulate, averaging } = this.#description.optimizer;
      const array = this.trainable * bytes;
      if (accumulate > 1) this.setWord(PLAN_SUM, blocks.state + rule.remembers * array);
      if (averaging !== undefined) this.setWord(PLAN_AVERAGE, blocks.state + remembered * bytes - array);
      this.setWord(PLAN_REPORTS, start + reports);
      if (rates > 0) this.setWord(PLAN_RATES, start + reports + reportBytes);
      this.setWord(PLAN_BLOCKS, start + table);
      this.setWord(PLAN_BLOCK_COUNT, parts.length);
      for (const [i, [begin, end]] of parts.entries()) {
        const record = this.engine.view(start + table + i * BLOCK_BYTES, BLOCK_BYTES);
        record.setInt32(BLOCK_BEGIN, begin, true);
        record.setInt32(BLOCK_END, end, true);
      }
      const records = this.engine.view(blocks.plan + PLAN_BYTES, this.#description.layers.length * LAYER_BYTES);
      for (const tensor of this.tensors) {
        const word = GRADIENT_WORDS[tensor.kind];
        if (word === undefined) continue;
        records.setUint32(tensor.layer * LAYER_BYTES + word, start + tensor.start * bytes, true);
      }
    }
    return blocks as Blocks & { training: number; state: number };
  }

  /** Where the blocks that the optimizer treats apart begin and end; a tensor's padding is its own. */
  #parts(): [number, number][] {
    const { blocks } = this.#description.optimizer.rule;
    if (blocks === undefined || this.trainable === 0) return [];
    if (blocks === "all") return [[0, this.trainable]];
    const starts = this.tensors.map(({ start }) => start).filter((start) => start < this.trainable);
    return starts.map((start, i) => [start, starts[i + 1] ?? this.trainable]);
  }

  /** Lays out what a batch needs: two passes over one list, the first to measure, the second to write addresses. */
  #layBatch(blocks: Blocks, rows: number, purpose: Purpose): void {
    if (blocks.batch !== undefined) this.engine.release(blocks.batch);
    blocks.batch = undefined;
    blocks.capacity = 0;
    const needs = { rows, purpose, workers: this.#roomForWorkers, bytes: this.engine.bytes };
    const size = placeBatch(this.#description, needs, 0, () => {});
    const start = this.engine.allocate(size, `a batch of ${rows} rows`, 0);
    blocks.batch = start;
    blocks.capacity = rows;
    blocks.workers = this.#roomForWorkers;
    blocks.purpose = purpose;
    const bytes = PLAN_BYTES + this.#description.layers.length * LAYER_BYTES;
    const view = this.engine.view(blocks.plan, bytes);
    placeBatch(this.#description, needs, start, (offset, address) => view.setUint32(offset, address, true));
    view.setUint32(PLAN_CAPACITY, rows, true);
    blocks.samples = view.getUint32(PLAN_X, true);
    view.setUint32(PLAN_BLOCK_ROWS, blockRows(this.#description, this.count, this.engine.bytes), true);
  }
}
