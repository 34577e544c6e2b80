// Network: describe, train, predict, look inside, keep. Arithmetic is the core's; the loops over epochs are
// training.ts's.
import {
  ACTIVATION,
  LAYER_D,
  LAYER_Y,
  LAYER_Z,
  PLAN_BATCH_LOSS,
  METRIC_OUTPUTS,
  METRIC_SQUARES,
  PLAN_KEPT,
  PLAN_METRIC,
  PLAN_TALLY,
  TALLY_SQUARES,
} from "../../assembly/plan.ts";
import { readFlag, readObject } from "../ground/options.ts";
import { type Engine, engineFor } from "../core/engine.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { type NetworkDescription, describe } from "../description/description.ts";
import { countParameters } from "../tables/layers.ts";
import { Layout, type Tensor } from "../memory/layout.ts";
import { load, need, partOf } from "../ground/parts.ts";
import { type Metrics, readMetrics, readTally } from "../tables/metrics.ts";
import { type NetworkJSON, numbersToJSON, readNetworkJSON } from "./json.ts";
import type { OptimizerSpec } from "../tables/optimizers.ts";
import { FEW, type Source, readMatrix } from "../data/matrix.ts";
import { Dataset, type Rows, copyMatrix, readTargets } from "../memory/samples.ts";
import { CHUNK, readThreads, shared } from "../threads/sharing.ts";
import { Warnings } from "../training/warnings.ts";
import { draw, scaleToData, wantsData } from "./weights.ts";
import { readSampleWeights } from "../data/weighting.ts";
import { type Insides, Training, trainSync, trainStep } from "../training/training.ts";
import type {
  ArrayOf,
  DType,
  Data,
  EvaluateOptions,
  Evaluation,
  FitOptions,
  FromJSONOptions,
  FloatArray,
  History,
  Layer,
  LayerWeights,
  LearningRateOptions,
  LearningRates,
  LayerWeightsInput,
  Matrix,
  NetworkOptions,
  NumericArray,
  PredictOptions,
  Targets,
  Trace,
  WeightsOptions,
} from "../types.ts";

/** What stands for options that were not given. */
const NONE: PredictOptions = {};

/** Gives back the memory of networks that nobody can reach any more. */
const dropped = new FinalizationRegistry<Layout>((layout) => {
  for (const guest of layout.guests) guest.release();
  layout.release();
});

/**
 * A neural network: layers, a loss, an optimizer, and the weights.
 *
 * ```ts
 * const network = new Network({ inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")] });
 * await network.fit({ x: [[0, 0], [0, 1], [1, 0], [1, 1]], y: [0, 1, 1, 0] });
 * network.predict([[0, 1]]); // near 1
 * ```
 */
export class Network<D extends DType = "float32"> {
  /** Values a sample. */
  readonly inputs: number;
  /** Values an output row. */
  readonly outputs: number;
  /** The seed that was used, also where "random" was asked for. */
  readonly seed: number;
  readonly dtype: D;
  readonly #description: NetworkDescription;
  readonly #engine: Engine;
  readonly #layout: Layout;
  readonly #warnings = new Warnings();
  /** Some layers' first weights wait for data to be scaled to. */
  #isUnscaled: boolean;
  #disposed = false;

  /** @throws PropagoError ERR_CONFIG for an option that cannot be, ERR_MEMORY for more weights than memory. */
  constructor(options: NetworkOptions<D>) {
    this.#description = describe(options);
    this.inputs = this.#description.inputs;
    this.outputs = this.#description.outputs;
    this.seed = this.#description.seed;
    this.dtype = this.#description.dtype as D;
    this.#engine = engineFor(this.#description);
    this.#layout = new Layout(this.#engine, this.#description);
    try {
      this.#drawWeights();
    } catch (error) {
      this.#layout.release();
      throw error;
    }
    this.#isUnscaled = wantsData(this.#description);
    dropped.register(this, this.#layout, this);
  }

  /** How many weights and biases there are. */
  get parameterCount(): number {
    return this.#layout.parameters;
  }

  /** Which build of the core runs: "relaxed" if that was asked for, else "threads" if several shared in the last training. */
  get build(): "simd" | "relaxed" | "threads" {
    return this.#engine.build === "relaxed" ? "relaxed" : this.#layout.threads > 1 ? "threads" : "simd";
  }

  /**
   * Trains for some epochs. Await the result for the `History`, or iterate it for one report an epoch; `break` stops.
   * Called again, training goes on from where it was.
   *
   * ```ts
   * for await (const epoch of network.fit({ x, y }, { epochs: 30, validation: 0.2 })) console.log(epoch.loss);
   * ```
   *
   * @throws (rejects with) PropagoError ERR_DATA, ERR_SHAPE, ERR_NONFINITE, ERR_RANGE for bad data, ERR_CONFIG for bad
   * options, ERR_DIVERGED when the loss leaves the finite numbers, ERR_BUSY while another fit runs; the signal's reason
   * when aborted.
   */
  fit(data: Data, options: FitOptions = {}): Training {
    return new Training(() => this.#insides(), data, options);
  }

  /**
   * As `fit`, in one blocking call.
   * @throws PropagoError as `fit` rejects with, and ERR_CONFIG where `onEpoch` or `onBatch` gives a promise, for which it
   * cannot wait.
   */
  fitSync(data: Data, options: FitOptions = {}): History {
    return trainSync(this.#insides(), data, options);
  }

  /**
   * Looks for a learning rate: trains a copy with rates that grow from batch to batch, and suggests one at which the
   * loss falls fast. This network stays as it is.
   *
   * ```ts
   * const { suggestion } = await network.findLearningRate({ x, y });
   * ```
   *
   * @throws (rejects with) PropagoError as `fit`, and ERR_CONFIG for optimizers that have no learningRate.
   */
  async findLearningRate(data: Data, options: LearningRateOptions = {}): Promise<LearningRates> {
    this.#checkUsable();
    const { readRates, searchRates } = partOf("search") ?? (await load("search"));
    const { rates, fit } = readRates(options);
    const { spec, optimizer } = this.#description;
    if (optimizer.search) {
      throw new PropagoError("ERR_CONFIG", `optimizer "${optimizer.name}" has no learningRate to be found`);
    }
    const learningRate = (step: number): number => rates[Math.min(step, rates.length - 1)];
    const build = this.#engine.build === "relaxed" ? "relaxed" : "simd";
    const copies: Network[] = [];
    const copy = (chosen: object): Network => {
      const network = new Network({ ...spec, build, optimizer: chosen as OptimizerSpec });
      copies.push(network as Network);
      network.setWeights(this.getWeights());
      network.#isUnscaled = this.#isUnscaled;
      return network as Network;
    };
    try {
      return await searchRates(rates.length, (onBatch, isTraining) =>
        copy(isTraining ? { ...(spec.optimizer as object), learningRate } : { name: "sgd", learningRate: () => 0 }).fit(
          data,
          { ...fit, onBatch },
        ),
      );
    } finally {
      for (const network of copies) network.dispose();
    }
  }

  /** Makes one update on all of the data as one batch; gives back the batch's loss before it. */
  trainOnBatch(data: Data): number {
    return trainStep(this.#insides(), data);
  }

  /**
   * Scales the weights of layers with `init: "lsuv"` until their weighted inputs have a variance of 1 over these samples,
   * of which at most 1,024 are looked at. The first training does so by itself, on its own samples, unless weights were
   * set or loaded before.
   * @throws PropagoError ERR_CONFIG where no layer begins so, ERR_RANGE for samples so small that no finite weights do.
   */
  initialize(x: Matrix): void {
    this.#checkUsable();
    if (!wantsData(this.#description)) {
      throw new PropagoError(
        "ERR_CONFIG",
        'initialize(x) is for layers with init: "lsuv", of which there is none here',
      );
    }
    if (this.#layout.busy) throw new PropagoError("ERR_BUSY", "initialize(x) comes before fit(), which is running");
    const dataset = new Dataset(this.#engine, readMatrix(x, "x", this.inputs), undefined, this.#description);
    try {
      scaleToData(this.#engine, this.#layout, this.#description, dataset, dataset.rows);
      this.#isUnscaled = false;
    } finally {
      dataset.release();
    }
  }

  /**
   * The outputs for each sample: rows × outputs, row by row. `averaged`: of the moving average of the weights; `threads`: how
   * many share the rows.
   */
  predict(x: Matrix, options: PredictOptions = NONE): ArrayOf<D> {
    this.#checkUsable();
    const { averaged, threads }: Partial<Record<keyof PredictOptions, unknown>> =
      options === NONE ? options : readObject(options, "predict options", ["averaged", "threads"]);
    const asked = readThreads(threads);
    const source = readMatrix(x, "x", this.inputs);
    const size = source.rows * this.outputs;
    const out = (this.dtype === "float64" ? new Float64Array(size) : new Float32Array(size)) as ArrayOf<D>;
    if (options === NONE && source.rows < CHUNK) this.#outputs(source, out, 1);
    else {
      this.#averaged(averaged, () =>
        shared(this.#layout, asked, source.rows, (all) => this.#outputs(source, out, all)),
      );
    }
    return out;
  }

  /** Writes the outputs for samples to `out`, with this thread as the first of `all`. */
  #outputs(source: Source, out: FloatArray, all: number): void {
    const engine = this.#engine;
    const { rows } = source;
    const chunk = Math.min(rows, CHUNK * all);
    const plan = this.#layout.prepare(chunk, "predict");
    const samples = this.#layout.samplesAddress;
    for (let first = 0; first < rows; first += chunk) {
      const count = Math.min(chunk, rows - first);
      copyMatrix(engine, source, samples, this.#description.inputScale, first, count);
      const start = (engine.core.predict(plan, samples, count, all) >>> 0) / engine.bytes;
      const { heap } = engine;
      if (out.length <= FEW) for (let i = 0; i < out.length; i++) out[i] = heap[start + i];
      else out.set(heap.subarray(start, start + count * this.outputs), first * this.outputs);
    }
  }

  /** Loss and metrics over data, without training. */
  evaluate(data: Data, options: EvaluateOptions = {}): Evaluation {
    this.#checkUsable();
    const given = readObject(options, "evaluate options", [
      "metrics",
      "sampleWeights",
      "classWeights",
      "averaged",
      "threads",
    ]);
    const metrics = readMetrics(given.metrics, this.#description);
    const threads = readThreads(given.threads);
    const dataset = this.#dataset(data, "", given.sampleWeights);
    const rows = dataset.all();
    const measure = (): Evaluation =>
      this.#layout.aside(() => {
        const report = this.#measure(rows, metrics, threads);
        const isPenalised = this.#description.layers.some(({ l1, l2 }) => l1 > 0 || l2 > 0);
        return isPenalised ? { ...report, penalty: this.#engine.core.penalty(this.#layout.plan) } : report;
      });
    try {
      dataset.weigh(dataset.classWeights(given.classWeights));
      return this.#averaged(given.averaged, measure);
    } finally {
      rows.release();
    }
  }

  /** Copies of all weights (inputs, units) and biases, for the layers that have them, in order. */
  getWeights(options: WeightsOptions = {}): LayerWeights<ArrayOf<D>>[] {
    this.#checkUsable();
    const { averaged } = readObject(options, "getWeights options", ["averaged"]);
    return this.#averaged(averaged, () => this.#split(this.#layout.params()));
  }

  /** Replaces all weights and biases; the optimizer's memory stays as it is, and so does an average of the weights. */
  setWeights(weights: readonly LayerWeightsInput[]): void {
    this.#checkUsable();
    const values = this.#readWeights(weights);
    const params = this.#layout.params();
    for (const [tensor, numbers] of values) params.set(numbers, tensor.start);
    this.#isUnscaled = false;
  }

  /** Gradients of the mean loss over the data, penalties included, as `getWeights` gives weights; no update. */
  gradients(data: Data): LayerWeights<ArrayOf<D>>[] {
    this.#checkUsable();
    const dataset = this.#dataset(data);
    try {
      return this.#layout.aside(() => {
        const plan = this.#layout.prepare(dataset.rows, "train");
        this.#engine.core.differentiate(plan, dataset.address, 0, dataset.rows, 1);
        return this.#split(this.#layout.gradients(), true);
      });
    } finally {
      dataset.release();
    }
  }

  /** One sample's way through the network, layer by layer: weighted inputs, activations, errors, gradients. */
  trace(x: NumericArray | readonly number[], y: number | NumericArray | readonly number[]): Trace<ArrayOf<D>> {
    this.#checkUsable();
    // A single number is the target of a single output, or else a class.
    const target = typeof y === "number" ? (this.outputs === 1 ? [[y]] : [y]) : [y];
    const dataset = this.#dataset({ x: [x], y: target });
    try {
      return this.#layout.aside(() => {
        const layout = this.#layout;
        const plan = layout.prepare(1, "trace");
        this.#engine.core.differentiate(plan, dataset.address, 0, dataset.rows, 1);
        const gradients = this.#split(layout.gradients(), true);
        const row = (layer: number, offset: number, units: number): ArrayOf<D> =>
          this.#engine.numbers(layout.layerAddress(layer, offset), units).slice() as ArrayOf<D>;
        let weighted = 0;
        const layers = this.#description.layers.map(({ name, units, weightRows }, i) => ({
          name,
          z: row(i, LAYER_Z, units),
          a: row(i, LAYER_Y, units),
          delta: row(i, LAYER_D, units),
          ...(weightRows > 0 ? { gradients: gradients[weighted++] } : {}),
        }));
        return { loss: layout.double(PLAN_BATCH_LOSS), layers };
      });
    } finally {
      dataset.release();
    }
  }

  /**
   * The largest difference between this network's gradients and central differences of its loss, relative to the
   * largest gradient of the same layer. The differences are taken in float64, whatever the network's own precision, with
   * the same masks and noise.
   */
  checkGradients(data: Data): number {
    const { compareWithDifferences } = need("float64", "checkGradients");
    const own = this.gradients(data);
    const twin = new Network({ ...this.#description.spec, dtype: "float64" });
    let dataset: Dataset | undefined;
    try {
      twin.setWeights(this.getWeights());
      twin.#layout.progress = this.#layout.progress;
      dataset = twin.#dataset(data);
      return compareWithDifferences(twin.#engine, twin.#layout, dataset, own);
    } finally {
      dataset?.release();
      twin.dispose();
    }
  }

  /** A table of the layers, as text. */
  summary(): string {
    const rows = [["layer", "kind", "inputs", "units", "activation", "parameters"]];
    for (const layer of this.#description.layers) {
      rows.push([
        layer.name,
        layer.spec.type,
        String(layer.inputs),
        String(layer.units),
        layer.kind > ACTIVATION ? optionsText(layer.spec) : layer.activation.name,
        countParameters([layer]).toLocaleString("en-US"),
      ]);
    }
    const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
    const isNumber = [false, false, true, true, false, true];
    const lines = rows.map((row) =>
      row
        .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
        .join("  ")
        .trimEnd(),
    );
    lines.splice(1, 0, widths.map((width) => "─".repeat(width)).join("──"));
    const { loss, optimizer } = this.#description;
    lines.push(
      "",
      `${this.parameterCount.toLocaleString("en-US")} parameters, ${this.dtype}, loss ${loss.name}, ` +
        `optimizer ${optimizer.name}${optimizer.search ? "" : ` at ${Number(optimizer.learningRate.toPrecision(4))}`}, ` +
        `seed ${this.seed}`,
    );
    return lines.join("\n");
  }

  /** A hash of the weights, 16 hexadecimal digits: equal if and (but for chance) only if all bits are equal. */
  fingerprint(): string {
    this.#checkUsable();
    const { core, bytes } = this.#engine;
    const params = this.#layout.paramsAddress;
    let hash = 0xcbf29ce484222325n;
    for (const tensor of this.#layout.tensors) {
      hash = core.hash(params + tensor.start * bytes, tensor.length * bytes, hash);
    }
    return BigInt.asUintN(64, hash).toString(16).padStart(16, "0");
  }

  /** The network as plain JSON: its description and weights, but not the optimizer's memory, nor their average. */
  toJSON(): NetworkJSON<D> {
    const weights = this.getWeights().map((layer) => {
      const entries = Object.entries(layer) as [string, FloatArray][];
      const numbers = entries.map(([kind, values]) => [kind, numbersToJSON(values)] as const);
      return Object.fromEntries(numbers) as unknown as NetworkJSON["weights"][number];
    });
    return { format: "propago", version: 1, ...this.#description.spec, dtype: this.dtype, weights };
  }

  /** The network that `toJSON` gave; also takes the same as text. `build`: as `new Network` takes it. */
  static fromJSON<D extends DType = "float32">(json: NetworkJSON<D>, options?: FromJSONOptions): Network<D>;
  static fromJSON(json: unknown, options?: FromJSONOptions): Network;
  static fromJSON(json: unknown, more: FromJSONOptions = {}): Network<DType> {
    const { build } = readObject(more, "fromJSON options", ["build"]) as FromJSONOptions;
    const { options, weights } = readNetworkJSON(json);
    const network = new Network({ ...options, build });
    try {
      network.setWeights(weights);
    } catch (error) {
      network.dispose();
      throw error;
    }
    return network;
  }

  /** Gives the network's memory back at once; it cannot be used afterwards. */
  dispose(): void {
    if (this.#disposed) return;
    if (this.#layout.busy) {
      throw new PropagoError("ERR_BUSY", "this network is being trained; await or abort its training before dispose()");
    }
    this.#disposed = true;
    dropped.unregister(this);
    this.#layout.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #checkUsable(): void {
    if (this.#disposed) throw new PropagoError("ERR_DISPOSED", "this network was disposed; make a new one");
    this.#layout.settle?.();
  }

  /** Does something with the weights, or with their moving average in their place. */
  #averaged<R>(averaged: unknown, work: () => R): R {
    if (!readFlag(averaged ?? false, "averaged")) return work();
    if (this.#description.optimizer.averaging === undefined) {
      throw new PropagoError(
        "ERR_CONFIG",
        "averaged: this network keeps no average of its weights; give its optimizer one, for example averaging: 0.999",
      );
    }
    return this.#layout.averaged(work);
  }

  #insides(): Insides {
    this.#checkUsable();
    return {
      engine: this.#engine,
      layout: this.#layout,
      description: this.#description,
      dataset: (data, owner, sampleWeights) => this.#dataset(data, owner, sampleWeights),
      measure: (rows, metrics, threads) => this.#measure(rows, metrics, threads),
      scale: (dataset, rows) => this.#scale(dataset, rows),
      warnings: this.#warnings,
      lock: () => {
        this.#checkUsable();
        if (this.#layout.busy) {
          throw new PropagoError("ERR_BUSY", "fit() is already running on this network; await it, or abort it first");
        }
        this.#layout.busy = true;
      },
      unlock: () => {
        this.#layout.busy = false;
      },
    };
  }

  /** `owner` stands before the names of x and y in messages, as in "validation.x"; weights may come with x and y or apart. */
  #dataset(data: unknown, owner = "", apart?: unknown): Dataset {
    if (typeof data !== "object" || data === null) {
      throw new PropagoError(
        "ERR_DATA",
        `${owner || "data"} is ${show(data)}; pass { x, y }, samples and their targets`,
      );
    }
    const { x, y, sampleWeights } = readObject(data, owner || "data", ["x", "y", "sampleWeights"]) as Partial<Data>;
    if (apart !== undefined && sampleWeights !== undefined) {
      throw new PropagoError("ERR_CONFIG", "sampleWeights stand both in the data and in the options; give them once");
    }
    const given = apart === undefined ? sampleWeights : apart;
    const before = owner === "" ? "" : `${owner}.`;
    for (const [name, value] of Object.entries({ x, y })) {
      if (value === undefined) throw new PropagoError("ERR_DATA", `${before}${name} is missing: pass { x, y }`);
    }
    const samples = readMatrix(x as Matrix, `${before}x`, this.inputs);
    const targets = readTargets(y as Targets, `${before}y`, samples, this.outputs);
    const weights = given === undefined ? undefined : readSampleWeights(given, `${before}sampleWeights`, samples.rows);
    return new Dataset(this.#engine, samples, targets, this.#description, weights);
  }

  /** Sums up over rows that are in memory; writes the plan's tally. */
  #measure(rows: Rows, metrics: Metrics, threads: number | "auto"): Evaluation {
    const layout = this.#layout;
    layout.prepare(Math.min(rows.count, CHUNK), "train");
    layout.setWord(PLAN_METRIC, rows.bits(metrics));
    const kept = metrics.bits & METRIC_OUTPUTS ? rows.keep() : undefined;
    layout.setWord(PLAN_KEPT, kept?.address ?? 0);
    shared(layout, threads, rows.count, (all) => {
      // Once more, since each worker needs a place to pack.
      const plan = layout.prepare(Math.min(rows.count, CHUNK), "train");
      this.#engine.core.evaluate(plan, rows.address, all);
    });
    const sums = this.#engine.doubles(layout.word(PLAN_TALLY) >>> 0, TALLY_SQUARES / 8 + this.outputs);
    const spread = metrics.bits & METRIC_SQUARES ? rows.spread() : new Float64Array(0);
    try {
      return readTally({ loss: 0 }, sums, 0, rows.count, rows.weight, metrics, spread, kept?.scores);
    } finally {
      kept?.release();
    }
  }

  /** Draws first weights: each tensor from a stream of its own, so that one layer's size does not move another's. */
  #drawWeights(): void {
    const { core, bytes } = this.#engine;
    const layout = this.#layout;
    const params = layout.paramsAddress;
    const state = this.#engine.allocate(16, "the random generator");
    for (const tensor of layout.tensors) {
      const layer = this.#description.layers[tensor.layer];
      const address = params + tensor.start * bytes;
      const counter = 2 * tensor.layer + (tensor.kind === "weights" ? 0 : 1);
      const rows = tensor.length / layer.units;
      draw(this.#engine, state, this.seed, counter, address, rows, layer.units, tensor.draw);
    }
    this.#engine.release(state);
    const bad = core.firstNonFinite(params, layout.count);
    if (bad < 0) return;
    const tensor = layout.tensors.find(({ start, length }) => start <= bad && bad < start + length);
    const name = this.#description.layers[tensor?.layer ?? 0].name;
    throw new PropagoError(
      "ERR_CONFIG",
      `first weights of layer "${name}" overflow ${this.dtype}; give smaller numbers`,
    );
  }

  /** Scales first weights to the samples, to those rows of them or the first so many, where they wait for that. */
  #scale(dataset: Dataset, rows: Uint32Array | number): void {
    if (!this.#isUnscaled) return;
    scaleToData(this.#engine, this.#layout, this.#description, dataset, rows);
    this.#isUnscaled = false;
  }

  /** Copies a flat block into layers; statistics have no gradients. */
  #split(block: FloatArray, areGradients = false): LayerWeights<ArrayOf<D>>[] {
    const out = new Map<number, LayerWeights<ArrayOf<D>>>();
    for (const { layer, kind, start, length } of this.#layout.tensors) {
      if (areGradients && (kind === "mean" || kind === "variance")) continue;
      const values = block.slice(start, start + length) as ArrayOf<D>;
      out.set(layer, { ...out.get(layer), [kind]: values } as LayerWeights<ArrayOf<D>>);
    }
    return [...out.values()];
  }

  /** Checks weights as `setWeights` takes them, all before any is written. */
  #readWeights(given: readonly LayerWeightsInput[]): [Tensor, ArrayLike<number>][] {
    const layers = this.#description.layers.filter((layer) => layer.weightRows > 0);
    if (!Array.isArray(given) || given.length !== layers.length) {
      const got = Array.isArray(given) ? `${given.length} entries` : show(given);
      throw new PropagoError(
        "ERR_SHAPE",
        `setWeights takes one entry for each of ${layers.length} layers with weights, got ${got}`,
      );
    }
    const values: [Tensor, ArrayLike<number>][] = [];
    let index = -1;
    for (const tensor of this.#layout.tensors) {
      if (tensor.kind === "weights") index++;
      const { name, bias, statistics } = layers[index];
      const keys = ["weights", "bias", ...(statistics ? (["mean", "variance"] as const) : [])] as const;
      const entry = readObject(given[index], `weights of layer "${name}"`, keys);
      const { kind, rows, columns } = tensor;
      const what = `${kind} of layer "${name}"`;
      const numbers = readTensor(entry[kind], what, rows, columns, this.dtype);
      const bad = kind === "variance" ? Array.from(numbers).findIndex((value) => value < 0) : -1;
      if (bad >= 0) {
        throw new PropagoError("ERR_RANGE", `${what}[${bad}] is ${numbers[bad]}; a variance is at least 0`);
      }
      values.push([tensor, numbers]);
      if (entry.bias !== undefined && !bias) {
        throw new PropagoError("ERR_SHAPE", `layer "${name}" has no bias, but setWeights got one`);
      }
    }
    return values;
  }
}

/** What was chosen for a layer, as in "rate 0.1". */
function optionsText({ type: _type, name: _name, ...options }: Layer): string {
  return Object.entries(options)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
}

/** One tensor's numbers: flat, or in rows; finite in the network's precision. */
function readTensor(value: unknown, what: string, rows: number, columns: number, dtype: DType): ArrayLike<number> {
  const shape = rows === 1 ? `${columns}` : `${rows}×${columns}`;
  if (value === undefined) throw new PropagoError("ERR_SHAPE", `${what} is missing; expected ${shape} numbers`);
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) {
    throw new PropagoError("ERR_DATA", `${what} is ${show(value)}; expected ${shape} numbers`);
  }
  const isNested =
    Array.isArray(value) && value.length > 0 && (Array.isArray(value[0]) || ArrayBuffer.isView(value[0]));
  if (isNested) {
    const lines = value as (ArrayLike<number> | null | undefined)[];
    const ragged = lines.findIndex((line) => line?.length !== columns);
    if (lines.length !== rows || ragged >= 0) {
      const got =
        ragged >= 0 ? `row ${ragged} has ${lines[ragged]?.length ?? "no"} values` : `it has ${lines.length} rows`;
      throw new PropagoError("ERR_SHAPE", `${what} must be ${shape} (inputs × units), but ${got}`);
    }
  }
  const flat = (isNested ? (value as number[][]).flatMap((line) => Array.from(line)) : value) as ArrayLike<unknown>;
  if (flat.length !== rows * columns) {
    throw new PropagoError("ERR_SHAPE", `${what} has ${flat.length} numbers, expected ${shape}`);
  }
  const narrow = dtype === "float32";
  for (let i = 0; i < flat.length; i++) {
    const number = flat[i];
    if (typeof number === "number" && Number.isFinite(narrow ? Math.fround(number) : number)) continue;
    throw new PropagoError("ERR_NONFINITE", `${what}[${i}] is ${show(number)}; expected a finite ${dtype} number`);
  }
  return flat as ArrayLike<number>;
}
