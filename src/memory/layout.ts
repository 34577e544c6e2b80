// From a network's description to addresses: the only writer of plans. A layout owns the network's blocks, gives them
// back while the network is idle and memory is scarce, and brings everything back when it is needed again.
import {
  ACTIVATION,
  BATCH_NORM,
  BLOCK_BEGIN,
  BLOCK_BYTES,
  BLOCK_END,
  DENSE,
  DISTURBING_KINDS,
  EXTRA_NORMS,
  EXTRA_STATISTICS,
  KERAS,
  LAYER_ACTIVATION,
  LAYER_B,
  LAYER_BYTES,
  LAYER_D,
  LAYER_DB,
  LAYER_DW,
  LAYER_DX,
  LAYER_FOLLOW,
  LAYER_H,
  LAYER_IN,
  LAYER_KIND,
  LAYER_L1,
  LAYER_L2,
  LAYER_MAX_NORM,
  LAYER_MEAN,
  LAYER_NORM,
  LAYER_OUT,
  LAYER_PARAMETER,
  LAYER_S,
  LAYER_STATS,
  LAYER_TRAINABLE,
  LAYER_UNBIASED,
  LAYER_VARIANCE,
  LAYER_W,
  LAYER_X,
  LAYER_Y,
  LAYER_Z,
  MOMENTUM,
  NESTEROV,
  NORMALISING_KINDS,
  PACK_DEPTH,
  PACK_FROM,
  PACK_PANELS,
  PACK_ROWS,
  PASSING_KINDS,
  PLAN_ACCUMULATE,
  PLAN_AGE,
  PLAN_AVERAGE,
  PLAN_AVERAGE_DECAY,
  PLAN_AVERAGE_START,
  PLAN_BATCHES,
  PLAN_BLOCKS,
  PLAN_BLOCK_COUNT,
  PLAN_BLOCK_ROWS,
  PLAN_BYTES,
  PLAN_CANDIDATE,
  PLAN_CAPACITY,
  PLAN_CLIP_NORM,
  PLAN_CLIP_VALUE,
  PLAN_COUNT,
  PLAN_EPOCH,
  PLAN_EXTRAS,
  PLAN_FIRST,
  PLAN_FLAVOR,
  PLAN_GOOD,
  PLAN_GRADS,
  PLAN_HYPER,
  PLAN_INPUTS,
  PLAN_INPUT_SCALE,
  PLAN_KEPT,
  PLAN_LAYERS,
  PLAN_LEARNING_RATE,
  PLAN_LOSS,
  PLAN_LOSS_PARAMETER,
  PLAN_METRIC,
  PLAN_ONLINE,
  PLAN_OPTIMIZER,
  PLAN_OUTPUTS,
  PLAN_PARAMS,
  PLAN_PENDING,
  PLAN_PENDING_ROWS,
  PLAN_POWER1,
  PLAN_POWER2,
  PLAN_POWER3,
  PLAN_PREPARES,
  PLAN_RATES,
  PLAN_REPORTS,
  PLAN_ROW_LOSSES,
  PLAN_SAMPLE_WEIGHTS,
  PLAN_SCRATCH,
  PLAN_SCRATCH_BYTES,
  PLAN_SEED,
  PLAN_SEEN,
  PLAN_SQUARED,
  PLAN_STATE,
  PLAN_STEP,
  PLAN_SUM,
  PLAN_T,
  PLAN_TALLY,
  PLAN_TRAINABLE,
  PLAN_WEIGHT_DECAY,
  PLAN_WHOLE,
  PLAN_X,
  SGD,
  TALLY_SQUARES,
  TRAIN_BIAS,
  TRAIN_STATISTICS,
  TRAIN_WEIGHTS,
} from "../../assembly/plan.ts";
import { isOneOf } from "../ground/sets.ts";
import type { Engine } from "../core/engine.ts";
import type { Tenant } from "../core/heap.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { Plateau } from "../tables/schedules.ts";
import type { FloatArray } from "../ground/arrays.ts";
import { type TensorShape, countParameters, tensorsOf } from "../description/tensors.ts";
import type { Optimizer } from "../description/optimizer.ts";

/** Where a layer's weights, biases or statistics stand in the flat block of parameters, counted in numbers. */
export interface Tensor extends TensorShape {
  layer: number;
  start: number;
  length: number;
}

/** The words that hold the addresses of tensors and of their gradients; statistics have none. */
const TENSOR_WORDS = { weights: LAYER_W, bias: LAYER_B, mean: LAYER_MEAN, variance: LAYER_VARIANCE } as const;
const GRADIENT_WORDS: Partial<Record<Tensor["kind"], number>> = { weights: LAYER_DW, bias: LAYER_DB };

/** How far training has come: what a network needs, beside its arrays, to go on as if it had never stopped. */
export interface Progress {
  /** Updates made. */
  step: number;
  /** Epochs completed or broken off. */
  epoch: number;
  /** Batches trained on. */
  batches: number;
  /** Powers of Adam's betas and of nadam's decay. */
  power1: number;
  power2: number;
  power3: number;
  /** Updates since the optimizer remembered nothing. */
  age: number;
  /** Batches and rows whose gradients wait for the next update. */
  pending: number;
  pendingRows: number;
  /** Samples since the optimizer remembered nothing, where it counts them. */
  seen: number;
  /** Numbers that a method of search.ts remembers. */
  memory: readonly number[];
}

/** Of an optimizer that remembers nothing yet. */
const FRESH = { power1: 1, power2: 1, power3: 1, age: 0, pending: 0, pendingRows: 0, seen: 0, memory: [] };

/** What the blocks for a batch must be good for: outputs only, training, or also weighted inputs to look at. */
export type Purpose = "predict" | "train" | "trace";

/** Tallies that one call of train can leave. */
const MOST_REPORTS = 256;

/** Steps that one call of train can make where each has a rate of its own. */
const MOST_RATES = 1024;

/** Bytes of rows and of weights that stay in a core's second cache, which has 1 MiB and more, while a block is worked on. */
const NEAR_ROWS = 256 * 1024;
const MOST_NEAR_WEIGHTS = 512 * 1024;

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
  /** How many workers the batch's blocks have room for. */
  workers = 1;
  /** How many shared in the last training. */
  threads = 1;
  /** While workers use the blocks: waits until they are done with what they were asked for. */
  settle: (() => void) | undefined;
  /** Numbers that a method of search.ts remembers. */
  memory: number[] = [];
  /** While true, the blocks stay where they are. */
  busy = false;
  /** What a training under way has in memory beside the network; goes with it if nobody ends that training. */
  readonly guests = new Set<{ release(): void }>();
  #view: DataView | undefined;
  readonly #description: NetworkDescription;
  #blocks: Blocks | undefined;
  #saved: Saved | undefined;

  constructor(engine: Engine, description: NetworkDescription) {
    this.engine = engine;
    this.#description = description;
    this.parameters = countParameters(description.layers);
    const tensors: Tensor[] = [];
    const fixed: Tensor[] = [];
    // What training changes comes first, so that the optimizer's block is one range.
    let end = 0;
    for (const [index, layer] of description.layers.entries()) {
      for (const shape of tensorsOf(layer)) {
        const tensor: Tensor = { ...shape, layer: index, start: 0, length: shape.rows * shape.columns };
        tensors.push(tensor);
        if (!tensor.trained) {
          fixed.push(tensor);
          continue;
        }
        tensor.start = end;
        end += this.#pad(tensor.length);
      }
    }
    this.trainable = end;
    for (const tensor of fixed) {
      tensor.start = end;
      end += this.#pad(tensor.length);
    }
    this.tensors = tensors;
    this.count = end;
    const { rule, accumulate, averaging } = description.optimizer;
    this.remembered = this.trainable * (rule.remembers + Number(accumulate > 1) + Number(averaging !== undefined));
    this.reports = Math.max(1, Math.min(MOST_REPORTS, Math.floor(65_536 / this.#tallyBytes)));
    this.#enter();
  }

  /** The plan's address, with the network in memory. */
  get plan(): number {
    return this.#enter().plan;
  }

  /** A view of all parameters, padding included; good until the next allocation. */
  params(): FloatArray {
    return this.engine.numbers(this.#enter().params, this.count);
  }

  /** The address of the parameters. */
  get paramsAddress(): number {
    return this.#enter().params;
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
    return this.#enter().samples;
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

  set progress({ step, epoch, batches, power1, power2, power3, age, pending, pendingRows, seen, memory }: Progress) {
    this.memory = [...memory];
    this.setDouble(PLAN_STEP, step);
    this.setWord(PLAN_EPOCH, epoch);
    this.setWord(PLAN_BATCHES, batches);
    this.setDouble(PLAN_POWER1, power1);
    this.setDouble(PLAN_POWER2, power2);
    this.setDouble(PLAN_POWER3, power3);
    this.setDouble(PLAN_AGE, age);
    this.setWord(PLAN_PENDING, pending);
    this.setWord(PLAN_PENDING_ROWS, pendingRows);
    this.setDouble(PLAN_SEEN, seen);
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
    const needed = this.busy && purpose === "predict" ? "train" : purpose;
    const blocks = needed === "predict" ? this.#enter() : this.#withTraining();
    const least = this.busy ? Math.max(rows, blocks.capacity) : rows;
    // Weighted inputs are kept apart only for looking, which training alone should not pay for.
    const fits =
      blocks.purpose === needed ||
      (needed === "predict" && blocks.purpose === "train") ||
      (this.busy && blocks.purpose === "trace");
    if (blocks.batch === undefined || blocks.capacity < least || blocks.workers < this.workers || !fits)
      this.#layBatch(blocks, least, needed);
    return blocks.plan;
  }

  /** Does something that leaves the running epoch's tally as it was. */
  aside<R>(work: () => R): R {
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
    if (blocks === undefined || this.busy) return;
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

  /** So many numbers, and as many as fill up the last vector. */
  #pad(n: number): number {
    const lanes = 16 / this.engine.bytes;
    return Math.ceil(n / lanes) * lanes;
  }

  get #tallyBytes(): number {
    return TALLY_SQUARES + 8 * this.#description.outputs;
  }

  /** Brings the network into memory if it is not there. */
  #enter(): Blocks {
    this.engine.touch(this);
    if (this.#blocks !== undefined) return this.#blocks;
    const { inputs, outputs, layers, loss, optimizer, seed, inputScale } = this.#description;
    const records = PLAN_BYTES;
    const tally = records + layers.length * LAYER_BYTES;
    const paramsAt = Math.ceil((tally + this.#tallyBytes) / 16) * 16;
    const size = paramsAt + this.count * this.engine.bytes;
    const plan = this.engine.allocate(size, `this network's ${this.parameters} parameters`);
    const params = plan + paramsAt;
    this.#blocks = { plan, params, samples: 0, capacity: 0, workers: 0, purpose: "predict" };
    const view = this.engine.view(plan, paramsAt);
    const set = (offset: number, value: number): void => view.setUint32(offset, value, true);
    set(PLAN_LAYERS, layers.length);
    set(PLAN_FIRST, plan + records);
    set(PLAN_INPUTS, inputs);
    set(PLAN_OUTPUTS, outputs);
    set(PLAN_LOSS, loss.id);
    view.setFloat64(PLAN_LOSS_PARAMETER, loss.parameter, true);
    set(PLAN_PARAMS, params);
    set(PLAN_COUNT, this.count);
    set(PLAN_TRAINABLE, this.trainable);
    set(PLAN_OPTIMIZER, optimizer.rule.id);
    const isPlain = layers.every(
      (layer) =>
        layer.kind === DENSE &&
        layer.trainWeights &&
        layer.trainBias === layer.bias &&
        layer.l1 + layer.l2 + layer.maxNorm === 0,
    );
    const { rule, accumulate, averaging } = optimizer;
    const isDirect = rule.id === SGD && !prepares(optimizer) && accumulate === 1 && averaging === undefined;
    set(PLAN_ONLINE, isDirect && isPlain ? 1 : 0);
    set(PLAN_PREPARES, prepares(optimizer) ? 1 : 0);
    set(PLAN_FLAVOR, optimizer.flavor);
    set(PLAN_ACCUMULATE, accumulate);
    set(PLAN_WHOLE, optimizer.clipNorm > 0 || accumulate > 1 || rule.blocks !== undefined ? 1 : 0);
    view.setFloat64(PLAN_AVERAGE_DECAY, optimizer.averaging?.decay ?? 0, true);
    view.setFloat64(PLAN_AVERAGE_START, Math.max(1, optimizer.averaging?.start ?? 0), true);
    view.setFloat64(PLAN_INPUT_SCALE, inputScale, true);
    set(PLAN_SEED, seed);
    const follows = layers.some(({ statistics }) => statistics !== undefined);
    const limits = layers.some(({ maxNorm }) => maxNorm > 0);
    set(PLAN_EXTRAS, (follows ? EXTRA_STATISTICS : 0) | (limits ? EXTRA_NORMS : 0));
    set(PLAN_TALLY, plan + tally);
    view.setFloat64(PLAN_LEARNING_RATE, optimizer.learningRate, true);
    view.setFloat64(PLAN_WEIGHT_DECAY, optimizer.weightDecay, true);
    view.setFloat64(PLAN_CLIP_VALUE, optimizer.clipValue, true);
    view.setFloat64(PLAN_CLIP_NORM, optimizer.clipNorm, true);
    for (const [i, value] of optimizer.rule.hyper.entries()) view.setFloat64(PLAN_HYPER + 8 * i, value, true);
    for (const [i, layer] of layers.entries()) {
      const at = records + i * LAYER_BYTES;
      set(at + LAYER_KIND, layer.kind);
      set(at + LAYER_IN, layer.inputs);
      set(at + LAYER_OUT, layer.units);
      set(at + LAYER_ACTIVATION, layer.activation.id);
      const { statistics } = layer;
      set(
        at + LAYER_TRAINABLE,
        (layer.trainWeights ? TRAIN_WEIGHTS : 0) |
          (layer.trainBias ? TRAIN_BIAS : 0) |
          (statistics?.trained ? TRAIN_STATISTICS : 0),
      );
      view.setFloat64(at + LAYER_PARAMETER, layer.parameter, true);
      view.setFloat64(at + LAYER_L1, layer.l1, true);
      view.setFloat64(at + LAYER_L2, layer.l2, true);
      view.setFloat64(at + LAYER_MAX_NORM, layer.maxNorm, true);
      view.setFloat64(at + LAYER_FOLLOW, statistics?.follow ?? 0, true);
      set(at + LAYER_UNBIASED, statistics?.unbiased ? 1 : 0);
    }
    for (const tensor of this.tensors) {
      set(records + tensor.layer * LAYER_BYTES + TENSOR_WORDS[tensor.kind], params + tensor.start * this.engine.bytes);
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
    const blocks = this.#enter();
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
    const size = this.#placeBatch(rows, purpose, 0, () => {});
    const start = this.engine.allocate(size, `a batch of ${rows} rows`, 0);
    blocks.batch = start;
    blocks.capacity = rows;
    blocks.workers = this.workers;
    blocks.purpose = purpose;
    const bytes = PLAN_BYTES + this.#description.layers.length * LAYER_BYTES;
    const view = this.engine.view(blocks.plan, bytes);
    this.#placeBatch(rows, purpose, start, (offset, address) => view.setUint32(offset, address, true));
    view.setUint32(PLAN_CAPACITY, rows, true);
    blocks.samples = view.getUint32(PLAN_X, true);
    view.setUint32(PLAN_BLOCK_ROWS, this.#blockRows(), true);
  }

  /**
   * Rows that go through all layers before the next ones, so that what they leave fits into a core's second cache beside
   * the weights; 0 where the weights alone would fill it, or where a layer or the optimizer looks at all rows at once.
   */
  #blockRows(): number {
    const { inputs, layers, optimizer } = this.#description;
    const { bytes } = this.engine;
    const needsAll =
      optimizer.rule.measures !== undefined || layers.some(({ kind }) => isOneOf(kind, NORMALISING_KINDS));
    if (needsAll || this.count * bytes > MOST_NEAR_WEIGHTS) return 0;
    const row = layers.reduce((sum, { units }) => sum + 2 * units, inputs) * bytes;
    return Math.max(64, Math.floor(NEAR_ROWS / row) & ~3);
  }

  /** Places the batch's blocks from `start` on, tells `write` each address and the word it belongs to; gives the size. */
  #placeBatch(rows: number, purpose: Purpose, start: number, write: (offset: number, address: number) => void): number {
    const { inputs, outputs, layers, loss, optimizer } = this.#description;
    const { measures } = optimizer.rule;
    const { bytes } = this.engine;
    let next = start;
    const take = (numbers: number): number => {
      const address = next;
      next += Math.ceil((numbers * bytes) / 16) * 16;
      return address;
    };
    const training = purpose !== "predict";
    write(PLAN_X, take(rows * inputs));
    if (training) {
      write(PLAN_T, take(rows * outputs));
      write(PLAN_ROW_LOSSES, take(rows));
      write(PLAN_SAMPLE_WEIGHTS, take(rows));
      if (measures !== undefined) {
        write(PLAN_SQUARED, take(Math.max(...layers.map((layer) => Math.max(layer.inputs, rows) * layer.units))));
      }
    }
    const scratch = Math.max(...layers.map((layer) => scratchNumbers(layer.inputs, layer.units, bytes)));
    write(PLAN_SCRATCH_BYTES, scratch * bytes);
    write(PLAN_SCRATCH, take(scratch * this.workers));
    let x = 0; // the first layer reads whichever samples are current
    let below = 0;
    let h = 0; // an activation layer has that of the layer below
    for (const [i, layer] of layers.entries()) {
      const at = PLAN_BYTES + i * LAYER_BYTES;
      const isLast = i === layers.length - 1;
      // What only disturbs training leaves predictions where they are.
      const isNoise = isOneOf(layer.kind, DISTURBING_KINDS);
      const y = isNoise && !training && i > 0 ? x : take(rows * layer.units);
      // Weighted inputs are overwritten by activations, but where somebody reads them later.
      const keepsZ =
        layer.kind === DENSE &&
        (purpose === "trace" || (isLast && loss.fused) || (training && layer.activation.keepsZ));
      const passes = isOneOf(layer.kind, PASSING_KINDS);
      const z = passes ? x : keepsZ ? take(rows * layer.units) : y;
      // The dZ of a layer without weights is the dY of the layer below: one block serves both, but where somebody reads
      // dZ later.
      const sharesD = passes && i > 0 && purpose !== "trace";
      const d = !training ? 0 : sharesD ? below : take(rows * layer.units);
      if (layer.kind === BATCH_NORM) write(at + LAYER_STATS, take(5 * this.#pad(layer.units)));
      if (layer.kind === LAYER_NORM) write(at + LAYER_STATS, take(2 * rows));
      write(at + LAYER_X, x);
      write(at + LAYER_Z, z);
      write(at + LAYER_Y, y);
      write(at + LAYER_D, d);
      if (measures !== undefined && training) {
        if (!(layer.kind === ACTIVATION && i > 0)) h = take(rows * layer.units);
        write(at + LAYER_H, h);
        write(at + LAYER_S, take(rows * layer.inputs));
      }
      write(at + LAYER_DX, below);
      x = y;
      below = d;
    }
    return next - start;
  }
}

/** Whether anything comes before the rule: clipping, decay, or the rate, where Keras's velocities hold it. */
function prepares({ weightDecay, clipNorm, clipValue, flavor, rule }: Optimizer): boolean {
  const isInside = flavor === KERAS && (rule.id === MOMENTUM || rule.id === NESTEROV);
  return weightDecay + clipNorm + clipValue > 0 || isInside;
}

/**
 * Numbers that products of a layer pack into, each worker for itself: a panel of transposed weights, two panels of
 * transposed rows for the last columns, or blocks of what has long rows.
 */
export function scratchNumbers(inputs: number, units: number, bytes: number): number {
  const lanes = 16 / bytes;
  const transposed = 2 * lanes * Math.max(units + lanes, 2 * (Math.min(inputs, PACK_DEPTH) + lanes));
  const blocks = PACK_PANELS * 2 * lanes * PACK_DEPTH + PACK_ROWS * PACK_DEPTH;
  return Math.max(transposed, units * bytes >= PACK_FROM ? blocks : 0);
}

function readProgress(plan: DataView, memory: readonly number[]): Progress {
  return {
    step: plan.getFloat64(PLAN_STEP, true),
    epoch: plan.getUint32(PLAN_EPOCH, true),
    batches: plan.getUint32(PLAN_BATCHES, true),
    power1: plan.getFloat64(PLAN_POWER1, true),
    power2: plan.getFloat64(PLAN_POWER2, true),
    power3: plan.getFloat64(PLAN_POWER3, true),
    age: plan.getFloat64(PLAN_AGE, true),
    pending: plan.getInt32(PLAN_PENDING, true),
    pendingRows: plan.getInt32(PLAN_PENDING_ROWS, true),
    seen: plan.getFloat64(PLAN_SEEN, true),
    memory,
  };
}
