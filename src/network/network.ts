// Network: describe, train, predict, look inside, keep. What it does stands in functions over its model.
import { FEW, type Source, readMatrix } from "../data/matrix.ts";
import type { BatchSource, Data, Matrix } from "../data/data.ts";
import { describe } from "../description/description.ts";
import type { NetworkJSON, NetworkOptions, ToJSONOptions } from "../description/options.ts";
import type { ArrayOf, DType, FloatArray, NumericArray } from "../ground/arrays.ts";
import { PropagoError } from "../ground/errors.ts";
import { BLANK } from "../ground/marks.ts";
import { copied, readFlag, readObject } from "../ground/options.ts";
import { Part } from "../ground/parts.ts";
import { Model, SCALING } from "../memory/model.ts";
import { copyMatrix } from "../memory/copying.ts";
import { Dataset } from "../memory/samples.ts";
import type { LayerWeights, LayerWeightsInput } from "../memory/tensors.ts";
import { type Evaluation } from "../tables/metrics.ts";
import { readMetrics } from "../description/metrics.ts";

import { CHUNK, readThreads, withThreads } from "../threads/sharing.ts";
import { measure } from "../training/measure.ts";
import type { FitOptions } from "../training/options.ts";
import type { History } from "../training/reports.ts";
import { readData } from "../training/rows.ts";
import { trainStep } from "../training/step.ts";
import { Training, trainSync } from "../training/training.ts";
import { Warnings } from "../training/warnings.ts";
import { numbersToJSON, readNetworkJSON } from "./json.ts";
import type {
  EvaluateOptions,
  FromJSONOptions,
  Packing,
  PredictOptions,
  ResumeOptions,
  WeightsOptions,
} from "./options.ts";
import { copyByLayer, readWeights } from "./parameters.ts";
import type { restoreState, specWithRate, stateToJSON } from "./state.ts";
import type { LearningRateOptions, LearningRates, findRate } from "./rate-search.ts";
import type { differencesOf } from "./differences.ts";
import type { Trace, traceOf } from "./trace.ts";
import type { activationsOf } from "./activations.ts";
import type { summaryOf } from "./summary.ts";

/** A look inside. */
const LOOK = new Part<{
  activationsOf: typeof activationsOf;
  summaryOf: typeof summaryOf;
  traceOf: typeof traceOf;
}>("diagnosis");

/** What stands for options that were not given. */
const NONE: PredictOptions = {};

/** The search for a learning rate. */
const RATE_SEARCH = new Part<{ findRate: typeof findRate }>("search");

/** Where training stands, and checkpoints of it. */
const STATE = new Part<{
  restoreState: typeof restoreState;
  specWithRate: typeof specWithRate;
  stateToJSON: typeof stateToJSON;
  checkpointOf(model: Model, warnings: Warnings): Uint8Array<ArrayBuffer>;
  resume<N>(bytes: unknown, more: object, make: (options: object) => Made<N>): N;
}>("state");

/** A new network with its inside, for who fills it. */
interface Made<N> {
  network: N;
  model: Model;
  warnings: Warnings;
}

/** Networks as bytes. */
const BYTES = new Part<Packing>("bytes");

/** Gradients held against differences. */
const DIFFERENCES = new Part<{ differencesOf: typeof differencesOf }>("float64");

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
  /** The precision that it computes in. */
  readonly dtype: D;
  readonly #model: Model;
  readonly #warnings = new Warnings();

  /** @throws PropagoError ERR_CONFIG for an option that cannot be, ERR_MEMORY for more weights than memory. */
  constructor(options: NetworkOptions<D>) {
    this.#model = new Model(describe(options), BLANK in options);
    const { inputs, outputs, seed, dtype } = this.#model.description;
    this.inputs = inputs;
    this.outputs = outputs;
    this.seed = seed;
    this.dtype = dtype as D;
  }

  /** How many weights and biases there are. */
  get parameterCount(): number {
    return this.#model.layout.parameters;
  }

  /** Which build of the core runs: "relaxed" if that was asked for, else "threads" if several shared in the last training. */
  get build(): "simd" | "relaxed" | "threads" {
    const { engine, lastThreads } = this.#model;
    return engine.build === "relaxed" ? "relaxed" : lastThreads > 1 ? "threads" : "simd";
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
  fit(data: Data | BatchSource, options: FitOptions = {}): Training {
    return new Training(this.#model, this.#warnings, data, options);
  }

  /**
   * As `fit`, in one blocking call.
   * @throws PropagoError as `fit` rejects with, and ERR_CONFIG where `onEpoch` or `onBatch` gives a promise, for which it
   * cannot wait.
   */
  fitSync(data: Data | BatchSource, options: FitOptions = {}): History {
    return trainSync(this.#model, this.#warnings, data, options);
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
    this.#model.checkUsable();
    const part = RATE_SEARCH.here ?? (await RATE_SEARCH.load());
    const build = this.#model.engine.build === "relaxed" ? "relaxed" : "simd";
    return part.findRate(this.#model.description, data, options, (optimizer) => this.#twin({ build, optimizer }));
  }

  /** A network with the same weights, and other options here and there. */
  #twin(others: object): Network<DType> {
    const { description, isUnscaled } = this.#model;
    const network = new Network({ ...description.spec, [BLANK]: true, ...others } as NetworkOptions<DType>);
    network.setWeights(this.getWeights());
    network.#model.isUnscaled = isUnscaled;
    return network;
  }

  /** Makes one update on all of the data as one batch; gives back the batch's loss before it. */
  trainOnBatch(data: Data): number {
    return trainStep(this.#model, data);
  }

  /**
   * Scales the weights of layers with `init: "lsuv"` until their weighted inputs have a variance of 1 over these samples,
   * of which at most 1,024 are looked at. The first training does so by itself, on its own samples, unless weights were
   * set or loaded before.
   * @throws PropagoError ERR_CONFIG where no layer begins so, ERR_RANGE for samples so small that no finite weights do.
   */
  initialize(x: Matrix): void {
    this.#model.checkUsable();
    const { description, engine } = this.#model;
    SCALING.need("initialize(x)").scaleTo(
      this.#model,
      () => new Dataset(engine, readMatrix(x, "x", this.inputs), undefined, description),
    );
  }

  /**
   * The outputs for each sample: rows × outputs, row by row. `averaged`: of the moving average of the weights; `threads`: how
   * many share the rows.
   */
  predict(x: Matrix, options: PredictOptions = NONE): ArrayOf<D> {
    this.#model.checkUsable();
    const { averaged, threads }: Partial<Record<keyof PredictOptions, unknown>> =
      options === NONE ? options : readObject(options, "predict options", ["averaged", "threads"]);
    const asked = readThreads(threads);
    const source = readMatrix(x, "x", this.inputs);
    const size = source.rows * this.outputs;
    const out = (this.dtype === "float64" ? new Float64Array(size) : new Float32Array(size)) as ArrayOf<D>;
    if (options === NONE && source.rows < CHUNK) this.#outputs(source, out, 1);
    else {
      this.#averaged(averaged, () =>
        withThreads(this.#model.layout, asked, source.rows, (all) => this.#outputs(source, out, all)),
      );
    }
    return out;
  }

  /** Writes the outputs for samples to `out`, with this thread as the first of `all`. */
  #outputs(source: Source, out: FloatArray, all: number): void {
    const { engine, layout, description } = this.#model;
    const { rows } = source;
    const chunk = Math.min(rows, CHUNK * all);
    const plan = layout.prepare(chunk, "predict");
    const samples = layout.samplesAddress;
    for (let first = 0; first < rows; first += chunk) {
      const count = Math.min(chunk, rows - first);
      copyMatrix(engine, source, samples, description.inputScale, first, count);
      const start = (engine.core.predict(plan, samples, count, all) >>> 0) / engine.bytes;
      const { heap } = engine;
      if (out.length <= FEW) for (let i = 0; i < out.length; i++) out[i] = heap[start + i];
      else out.set(heap.subarray(start, start + count * this.outputs), first * this.outputs);
    }
  }

  /** Loss and metrics over data, without training. */
  evaluate(data: Data, options: EvaluateOptions = {}): Evaluation {
    this.#model.checkUsable();
    const given = readObject(options, "evaluate options", [
      "metrics",
      "sampleWeights",
      "classWeights",
      "averaged",
      "threads",
    ]);
    const { description, engine, layout } = this.#model;
    const metrics = readMetrics(copied(given.metrics), description);
    const threads = readThreads(given.threads);
    const dataset = readData(this.#model, data, "", given.sampleWeights);
    const isPenalised = description.layers.some(({ l1, l2 }) => l1 > 0 || l2 > 0);
    try {
      dataset.weigh(dataset.classWeights(given.classWeights));
      return this.#averaged(given.averaged, () => {
        const report = measure(this.#model, dataset.all(), metrics, threads);
        return isPenalised ? { ...report, penalty: engine.core.penalty(layout.plan) } : report;
      });
    } finally {
      dataset.release();
    }
  }

  /** Copies of all weights (inputs, units) and biases, for the layers that have them, in order. */
  getWeights(options: WeightsOptions = {}): LayerWeights<ArrayOf<D>>[] {
    this.#model.checkUsable();
    const { averaged } = readObject(options, "getWeights options", ["averaged"]);
    return this.#averaged(averaged, () => this.#copyByLayer(this.#model.layout.params()));
  }

  /** Replaces all weights and biases; the optimizer's memory stays as it is, and so does an average of the weights. */
  setWeights(weights: readonly LayerWeightsInput[]): void {
    this.#model.checkUsable();
    const values = readWeights(this.#model, weights);
    const params = this.#model.layout.params();
    for (const [tensor, numbers] of values) params.set(numbers, tensor.start);
    this.#model.isUnscaled = false;
  }

  /** Gradients of the mean loss over the data, penalties included, as `getWeights` gives weights; no update. */
  gradients(data: Data): LayerWeights<ArrayOf<D>>[] {
    this.#model.checkUsable();
    const { engine, layout } = this.#model;
    const dataset = readData(this.#model, data);
    try {
      return layout.keepingTally(() => {
        const plan = layout.prepare(dataset.rows, "train");
        engine.core.differentiate(plan, dataset.address, 0, dataset.rows, 1);
        return this.#copyByLayer(layout.gradients(), true);
      });
    } finally {
      dataset.release();
    }
  }

  /**
   * One sample's way through the network, layer by layer: weighted inputs, activations, errors, gradients.
   * @throws PropagoError in a page ERR_PART, before `propago/diagnosis` is imported or a `fit` has loaded it.
   */
  trace(x: NumericArray | readonly number[], y: number | NumericArray | readonly number[]): Trace<ArrayOf<D>> {
    this.#model.checkUsable();
    const part = LOOK.need("trace");
    // A single number is the target of a single output, or else a class.
    const target = typeof y === "number" ? (this.outputs === 1 ? [[y]] : [y]) : [y];
    const dataset = readData(this.#model, { x: [x], y: target });
    try {
      return part.traceOf(this.#model, dataset);
    } finally {
      dataset.release();
    }
  }

  /**
   * What each layer answers for each sample, in one pass: for every layer, in their order, rows × units, row by row. The last
   * is what `predict` gives. Layers that only disturb training, such as dropout, pass on what they get.
   *
   * ```ts
   * const [hidden, output] = network.activations(x); // of a network with two layers
   * ```
   *
   * @throws PropagoError as `predict`; in a page ERR_PART, before `propago/diagnosis` is imported or a `fit` has loaded it.
   */
  activations(x: Matrix): ArrayOf<D>[] {
    this.#model.checkUsable();
    const { activationsOf } = LOOK.need("activations");
    return activationsOf(this.#model, readMatrix(x, "x", this.inputs)) as ArrayOf<D>[];
  }

  /**
   * The largest difference between this network's gradients and central differences of its loss, relative to the
   * largest gradient of the same layer. The differences are taken in float64, whatever the network's own precision, with
   * the same masks and noise.
   */
  checkGradients(data: Data): number {
    const part = DIFFERENCES.need("checkGradients");
    const own = this.gradients(data);
    const twin = this.#twin({ dtype: "float64" }).#model;
    return part.differencesOf(this.#model, own, twin, () => readData(twin, data));
  }

  /**
   * A table of the layers, as text.
   * @throws PropagoError in a page ERR_PART, before `propago/diagnosis` is imported or a `fit` has loaded it.
   */
  summary(): string {
    return LOOK.need("summary").summaryOf(this.#model.description);
  }

  /** A hash of the weights, 16 hexadecimal digits: equal if and (but for chance) only if all bits are equal. */
  fingerprint(): string {
    this.#model.checkUsable();
    const { engine, layout } = this.#model;
    const { core, bytes } = engine;
    const params = layout.paramsAddress;
    let hash = 0xcbf29ce484222325n;
    for (const tensor of layout.tensors) {
      hash = core.hash(params + tensor.start * bytes, tensor.length * bytes, hash);
    }
    return BigInt.asUintN(64, hash).toString(16).padStart(16, "0");
  }

  /**
   * The network as plain JSON: its description and weights, and with `{ state: true }` also where training stands, the
   * optimizer's memory and the weights' average included: then `fit` after `fromJSON` goes on to the same bits.
   * @throws PropagoError ERR_CONFIG where `learningRate` is a function, for which `{ learningRate }` may stand.
   */
  toJSON(options?: ToJSONOptions | string): NetworkJSON<D> {
    const json = this.#withWeights(options);
    for (const layer of json.weights as unknown as Record<string, FloatArray | number[]>[]) {
      for (const kind in layer) layer[kind] = numbersToJSON(layer[kind]);
    }
    return json;
  }

  /** As `toJSON`, with the weights as they are. */
  #withWeights(options: ToJSONOptions | string = {}): NetworkJSON<D> {
    // JSON.stringify passes the key under which it found this network.
    const given = typeof options === "object" ? readObject(options, "toJSON options", ["state", "learningRate"]) : {};
    const isKept = readFlag(given.state ?? false, "state");
    const { description, layout } = this.#model;
    const { schedule } = description.optimizer;
    const isFunction = schedule !== undefined && schedule.spec === undefined;
    const spec =
      isFunction || given.learningRate !== undefined
        ? STATE.need("toJSON of a function").specWithRate(this.#model, given.learningRate)
        : copied(description.spec);
    return {
      format: "propago",
      version: 1,
      ...spec,
      dtype: this.dtype,
      weights: this.getWeights() as unknown as NetworkJSON["weights"],
      ...(schedule ? { steps: layout.progress.step } : {}),
      ...(isKept ? { state: STATE.need("toJSON({ state: true })").stateToJSON(this.#model) } : {}),
    };
  }

  /** The network that `toJSON` gave; also takes the same as text. `build`: as `new Network` takes it. */
  static fromJSON<D extends DType = "float32">(json: NetworkJSON<D>, options?: FromJSONOptions): Network<D>;
  static fromJSON(json: unknown, options?: FromJSONOptions): Network;
  static fromJSON(json: unknown, more: FromJSONOptions = {}): Network<DType> {
    const { build } = readObject(more, "fromJSON options", ["build"]) as FromJSONOptions;
    const { options, weights, state, isNew } = readNetworkJSON(json);
    const network = new Network({ ...options, build, [BLANK]: true } as NetworkOptions<DType>);
    try {
      const isUnscaled = network.#model.isUnscaled;
      network.setWeights(weights);
      if (state === undefined) network.#model.isBegunAnew = !isNew;
      else {
        network.#model.isUnscaled = isUnscaled;
        STATE.need("fromJSON of its state").restoreState(network.#model, state);
      }
    } catch (error) {
      network.dispose();
      throw error;
    }
    return network;
  }

  /**
   * Everything as bytes: weights, the optimizer's memory, and the training under way down to its place within the epoch.
   * `Network.resume` makes a network of it whose `fit` ends with the same bits as one that was never stopped.
   * @throws PropagoError in a page ERR_PART, before `propago/state` is imported; ERR_BUSY in the middle of a step that
   * threads share.
   */
  checkpoint(): Uint8Array<ArrayBuffer> {
    this.#model.checkUsable();
    return STATE.need("checkpoint()").checkpointOf(this.#model, this.#warnings);
  }

  /**
   * The network that `checkpoint` gave. Where it was made during a `fit`, the next `fit` goes on with that one, from the
   * same batch: give it the same data and options; `epochs` counts those before the checkpoint too.
   * @throws PropagoError ERR_FORMAT for bytes that are no checkpoint, or one of another version.
   */
  static resume<D extends DType = DType>(
    checkpoint: Uint8Array | ArrayBuffer,
    options: ResumeOptions = {},
  ): Network<D> {
    return STATE.need("Network.resume").resume(checkpoint, options, (spec) => {
      const network = new Network({ ...spec, [BLANK]: true } as unknown as NetworkOptions<D>);
      return { network, model: network.#model, warnings: network.#warnings };
    });
  }

  /**
   * The network as bytes: a safetensors file with the weights by layer, as `"dense_1.weights"`, and the description in its
   * metadata. The same network gives the same bytes. `options`: as for `toJSON`.
   * @throws PropagoError in a page ERR_PART, before `propago/bytes` is imported.
   */
  toBytes(options?: ToJSONOptions): Uint8Array<ArrayBuffer> {
    return BYTES.need("toBytes").pack(this.#withWeights(options));
  }

  /**
   * The network that `toBytes` gave.
   * @throws PropagoError ERR_FORMAT for other bytes, with the place that is wrong; as `toBytes`.
   */
  static fromBytes<D extends DType = "float32">(bytes: Uint8Array | ArrayBuffer, more?: FromJSONOptions): Network<D> {
    return Network.fromJSON(BYTES.need("fromBytes").unpack(bytes) as NetworkJSON<D>, more);
  }

  /** Gives the network's memory back at once; it cannot be used afterwards. */
  dispose(): void {
    this.#model.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #copyByLayer(block: FloatArray, areGradients = false): LayerWeights<ArrayOf<D>>[] {
    return copyByLayer(this.#model, block as ArrayOf<D>, areGradients);
  }

  /** Does something with the weights, or with their moving average in their place. */
  #averaged<R>(averaged: unknown, work: () => R): R {
    if (!readFlag(averaged ?? false, "averaged")) return work();
    if (this.#model.description.optimizer.averaging === undefined) {
      throw new PropagoError(
        "ERR_CONFIG",
        "averaged: this network keeps no average of its weights; give its optimizer one, for example averaging: 0.999",
      );
    }
    return this.#model.layout.averaged(work);
  }
}
