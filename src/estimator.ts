// What Classifier and Regressor share: scaled inputs, a network of one shape, held-back rows, and the rule that a call
// which fails changes nothing. What targets mean stands in classifier.ts and regressor.ts.
import type { ActivationSpec } from "./activations.ts";
import { readNumber, readObject } from "./check.ts";
import { readRows } from "./data/rows.ts";
import { StandardScaler } from "./data/scaling.ts";
import type { Rows } from "./data/scaling.ts";
import { holdBack } from "./data/split.ts";
import { PropagoError, show } from "./errors.ts";
import type { LossSpec } from "./losses.ts";
import { Network } from "./network.ts";
import type { OptimizerSpec } from "./optimizers.ts";
import { load, partOf } from "./parts.ts";
import { FIT_KEYS } from "./training.ts";
import { readSampleWeights } from "./weighting.ts";
import type {
  ClassWeights,
  Data,
  DType,
  EarlyStopping,
  EvaluateOptions,
  Evaluation,
  FitOptions,
  FloatArray,
  History,
  Layer,
  Matrix,
  SampleWeights,
  Shuffle,
} from "./types.ts";

export interface EstimatorOptions {
  /** Neurons of each hidden layer; [] for none. Default [64]. */
  hidden?: readonly number[];
  /** Of the hidden layers. Default "tanh". */
  activation?: ActivationSpec;
  /** Default: the network's own, adam. */
  optimizer?: OptimizerSpec;
  /** Default: the network's own. */
  learningRate?: number;
  /** Default: what suits the targets. */
  loss?: LossSpec;
  /** As in `NetworkOptions`. Default 0. */
  l1?: number;
  /** As in `NetworkOptions`. Default 0.001, above 1,000 rows 1 / rows; 0 where `l1` is given. */
  l2?: number;
  /** For first weights, shuffles and held-back rows. Default 0; "random" draws one. */
  seed?: number | "random";
  dtype?: DType;
  /** As in `NetworkOptions`; not saved. */
  build?: "simd" | "relaxed";
}

/** As for a network, with targets in the estimator's own terms. */
export interface EstimatorFitOptions<Y> extends Omit<FitOptions, "validation" | "earlyStopping"> {
  /**
   * Rows held back to judge each epoch: a fraction, spread evenly over the targets; 0 for none; or data of their own.
   * Default 0.2 from 50 rows on, otherwise 0.
   */
  validation?: number | { x: Matrix; y: Y; sampleWeights?: SampleWeights };
  /** Default: patience 20 where at least 10 rows are held back, otherwise off. */
  earlyStopping?: EarlyStopping | boolean;
  /**
   * How often a classifier that has not learnt all its rows begins again from other first weights; the network with the
   * least loss is kept. Default 4 where nothing is held back from less than 50 rows and `epochs` is not given: tiny
   * networks settle now and then where a few rows are given up. Otherwise 0.
   */
  restarts?: number;
}

export interface PartialFitOptions {
  /** Samples a weight update; "full" for all. Default 32. */
  batchSize?: number | "full";
  /** Order of the samples. Default true. */
  shuffle?: Shuffle;
  /** How much each row counts. */
  sampleWeights?: SampleWeights;
}

/** Everything that a fitted estimator consists of. */
export interface Fitted<Codec> {
  network: Network<DType>;
  scaling: StandardScaler;
  /** How targets become what the network is trained on, and back. */
  codec: Codec;
}

/** How the end of the network must look for the targets. */
export interface Output {
  layer: Layer;
  loss: LossSpec;
  /** How many classes the encoded targets count from 0; 0 where they are numbers to be predicted. */
  classes: number;
}

const OPTIONS = ["hidden", "activation", "optimizer", "learningRate", "loss", "l1", "l2", "seed", "dtype", "build"];

const HIDDEN = [64];
/** A weak decay, which fades where there are more rows than 1,000 to say what the weights should be. */
const L2 = 1e-3;
const VALIDATION = 0.2;
const LEAST_ROWS_TO_HOLD_BACK_FROM = 50;
const LEAST_ROWS_TO_STOP_BY = 10;
const PATIENCE = 20;
const RESTARTS = 4;
const FORMAT_VERSION = 1;

/** The part of the rows that a `fit` that does not say holds back. */
export function defaultValidation(rows: number): number {
  return rows >= LEAST_ROWS_TO_HOLD_BACK_FROM ? VALIDATION : 0;
}

/** A network with its scaling and its targets' meaning. Y: targets as users pass them. Codec: what translates them. */
export abstract class Estimator<Y, Codec> {
  readonly #options: EstimatorOptions;
  #fitted: Fitted<Codec> | undefined;
  #heldBack: readonly number[] = [];
  #isTraining = false;
  #isDisposed = false;

  protected constructor(options: EstimatorOptions, name: string) {
    readObject(options, `${name} options`, OPTIONS);
    const hidden: unknown = options.hidden ?? HIDDEN;
    if (!isLayerSizes(hidden)) {
      const expected = "an array of layer sizes such as [32] or [16, 16]";
      throw new PropagoError("ERR_CONFIG", `hidden must be ${expected}, got ${show(options.hidden)}`);
    }
    this.#options = { ...options, hidden: [...hidden] };
  }

  /** "classifier" or "regressor". */
  protected abstract get kind(): string;
  /** What `evaluate` and `score` measure beside the loss. */
  protected abstract get metric(): "accuracy" | "r2";
  /** How messages call the targets. */
  protected abstract get targetName(): string;
  /** Learns how to translate targets of so many rows. */
  protected abstract learn(y: Y, rows: number): Codec;
  /** Targets as the network is trained on them, row by row. */
  protected abstract encode(codec: Codec, y: Y, rows: number, prefix?: string): Float64Array | Int32Array;
  /** How many rows the targets are for, where their form tells. */
  protected abstract rowsOf(y: Y): number | undefined;
  protected abstract output(codec: Codec): Output;
  /** Class weights as the network takes them. */
  protected abstract classWeights(value: ClassWeights | undefined, codec: Codec): ClassWeights | undefined;

  /**
   * Trains a new network on rows and their targets, in slices that leave the event loop alive. An earlier model is
   * replaced when the training has succeeded, and stays when it fails or is aborted.
   * @param options as for `Network.fit`; see there and `EstimatorFitOptions` for defaults.
   * @throws PropagoError ERR_SHAPE, ERR_DATA, ERR_NONFINITE for data that does not fit, ERR_CONFIG for options,
   * ERR_DIVERGED when the loss leaves the finite numbers, ERR_BUSY while another training runs.
   */
  async fit(x: Matrix, y: Y, options: EstimatorFitOptions<Y> = {}): Promise<History> {
    for (const part of [this.#options.dtype, this.#options.build]) {
      if ((part === "float64" || part === "relaxed") && !partOf(part)) await load(part);
    }
    const attempts = this.#attempts(x, y, options);
    try {
      let step = attempts.next();
      while (!step.done) step = attempts.next(await step.value.network.fit(step.value.data, step.value.options));
      return step.value;
    } finally {
      attempts.return(NOTHING);
    }
  }

  /** As `fit`, in one blocking call. */
  fitSync(x: Matrix, y: Y, options: EstimatorFitOptions<Y> = {}): History {
    const attempts = this.#attempts(x, y, options);
    try {
      let step = attempts.next();
      while (!step.done) step = attempts.next(step.value.network.fitSync(step.value.data, step.value.options));
      return step.value;
    } finally {
      attempts.return(NOTHING);
    }
  }

  /** Mean loss of the network, and accuracy or r2 or other metrics, over rows with known targets. */
  evaluate(x: Matrix, y: Y, options: EvaluateOptions = {}): Evaluation {
    const { network, scaling, codec } = this.fitted;
    const rows = this.#readRows(x, y, scaling.columns);
    const data = { x: scaling.transform(rows), y: this.encode(codec, y, rows.rows) };
    return network.evaluate(data, {
      ...options,
      metrics: options.metrics ?? [this.metric],
      classWeights: this.classWeights(options.classWeights, codec),
    });
  }

  /** The figure by which the model is judged: accuracy of a classifier, r2 of a regressor. */
  score(x: Matrix, y: Y): number {
    const evaluation = this.evaluate(x, y);
    return evaluation[this.metric] ?? NaN;
  }

  /** The network inside; undefined before `fit`. */
  get network(): Network<DType> | undefined {
    return this.#fitted?.network;
  }

  /** Numbers of the rows that the last `fit` held back, to judge the model by. */
  get heldBack(): readonly number[] {
    return this.#heldBack;
  }

  get options(): EstimatorOptions {
    return this.#options;
  }

  /** The network's layers as a table. */
  summary(): string {
    return this.fitted.network.summary();
  }

  /** Gives the memory back. Any later use throws ERR_DISPOSED. */
  dispose(): void {
    this.#isDisposed = true;
    this.#fitted?.network.dispose();
    this.#fitted = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The fitted parts. Throws ERR_NOT_FITTED or ERR_DISPOSED where there are none. */
  protected get fitted(): Fitted<Codec> {
    this.#checkAlive();
    if (!this.#fitted) {
      throw new PropagoError("ERR_NOT_FITTED", `this ${this.kind} has learnt nothing yet; call fit() first`);
    }
    return this.#fitted;
  }

  protected set fitted(fitted: Fitted<Codec>) {
    this.#fitted = fitted;
  }

  /** What the network answers for rows of inputs. */
  protected predictRaw(x: Matrix): FloatArray {
    const { network, scaling } = this.fitted;
    return network.predict(scaling.transform(readRows(x, "x", { columns: scaling.columns })));
  }

  /** One epoch over the data, going on from where the model stands. */
  protected trainFurther(x: Matrix, y: Y, options: PartialFitOptions, learn: (rows: number) => Codec): History {
    this.#checkIdle();
    const { batchSize, shuffle, sampleWeights } = options;
    const once = { epochs: 1, batchSize, shuffle, sampleWeights };
    const fitted = this.#fitted;
    if (fitted) {
      const rows = this.#readRows(x, y, fitted.scaling.columns);
      const targets = this.encode(fitted.codec, y, rows.rows);
      return fitted.network.fitSync({ x: fitted.scaling.transform(rows), y: targets }, once);
    }
    const rows = this.#readRows(x, y);
    const codec = learn(rows.rows);
    const targets = this.encode(codec, y, rows.rows);
    const scaling = StandardScaler.fit(rows);
    const network = this.#build(rows.columns, rows.rows, codec, this.#options.seed);
    try {
      const history = network.fitSync({ x: scaling.transform(rows), y: targets }, once);
      this.#fitted = { network, scaling, codec };
      return history;
    } catch (error) {
      network.dispose();
      throw error;
    }
  }

  /** The parts of the JSON that both kinds write. */
  protected describe() {
    const { network, scaling } = this.fitted;
    const { build: _, ...options } = this.#options;
    return {
      format: formatOf(this.kind),
      version: FORMAT_VERSION,
      options,
      scaling: scaling.toJSON(),
      network: network.toJSON(),
    };
  }

  /**
   * The course of a fit, whoever does the training: gives out networks to be trained, takes their histories, and keeps
   * the best network in the end. However it ends, networks that are not kept give their memory back.
   */
  *#attempts(x: Matrix, y: Y, options: EstimatorFitOptions<Y>): Generator<Attempt, History, History> {
    this.#checkIdle();
    const job = this.#prepare(x, y, options);
    this.#isTraining = true;
    let network: Network<DType> | undefined = job.network;
    let best: { network: Network<DType>; history: History; loss: number; isLearnt: boolean } | undefined;
    try {
      for (let attempt = 1; ; attempt++) {
        const history: History = yield { network, data: job.data, options: job.options };
        const { loss, accuracy } = network.evaluate(job.data, {
          metrics: [this.metric],
          classWeights: job.options.classWeights,
        });
        if (!best || loss < best.loss) {
          best?.network.dispose();
          best = { network, history, loss, isLearnt: accuracy === 1 };
        } else {
          network.dispose();
        }
        network = undefined;
        if (best.isLearnt || attempt > job.restarts) break;
        // Odd steps through all seeds: no restart meets another seed's first weights soon.
        network = this.#build(job.inputs, job.rows, job.codec, (best.network.seed + attempt * 0x9e3779b9) >>> 0);
      }
      this.#checkAlive();
      this.#fitted?.network.dispose();
      this.#fitted = { network: best.network, scaling: job.scaling, codec: job.codec };
      this.#heldBack = job.heldBack;
      return best.history;
    } finally {
      this.#isTraining = false;
      network?.dispose();
      if (best && best.network !== this.#fitted?.network) best.network.dispose();
    }
  }

  /** Checks everything and makes what training needs; nothing of the estimator changes. */
  #prepare(x: Matrix, y: Y, options: EstimatorFitOptions<Y>): Job<Codec> {
    readObject(options, "fit options", [...FIT_KEYS, "restarts"]);
    const { validation, restarts, sampleWeights, ...rest } = options;
    const rows = this.#readRows(x, y);
    const codec = this.learn(y, rows.rows);
    const targets = this.encode(codec, y, rows.rows);
    const width = targets.length / rows.rows;
    const { classes } = this.output(codec);
    const weights =
      sampleWeights === undefined ? undefined : readSampleWeights(sampleWeights, "sampleWeights", rows.rows);
    const classWeights = this.classWeights(rest.classWeights, codec);
    const network = this.#build(rows.columns, rows.rows, codec, this.#options.seed);
    try {
      const theirs = typeof validation === "object" && validation !== null ? validation : undefined;
      const part = validation === undefined ? defaultValidation(rows.rows) : validation;
      const fraction = theirs ? 0 : readNumber(part, "validation", { least: 0, below: 1 });
      const firstColumn = targets.filter((_, i) => i % width === 0);
      const held = fraction === 0 ? undefined : holdBack(firstColumn, fraction, network.seed, classes);
      const known = held ? pick(rows, held.training) : rows;
      const scaling = StandardScaler.fit(known);
      const data: Data = {
        x: scaling.transform(known),
        y: held ? pickValues(targets, held.training, width) : targets,
        sampleWeights: held && weights ? pickValues(weights, held.training, 1) : weights,
      };
      let unseen: Data | undefined;
      let unseenRows = 0;
      if (held) {
        const heldRows = pick(rows, held.validation);
        unseen = {
          x: scaling.transform(heldRows),
          y: pickValues(targets, held.validation, width),
          sampleWeights: weights && pickValues(weights, held.validation, 1),
        };
        unseenRows = heldRows.rows;
      } else if (theirs) {
        const theirRows = this.#readRows(theirs.x, theirs.y, scaling.columns, "validation.");
        unseen = {
          x: scaling.transform(theirRows),
          y: this.encode(codec, theirs.y, theirRows.rows, "validation."),
          sampleWeights: theirs.sampleWeights,
        };
        unseenRows = theirRows.rows;
      }
      const fitOptions: FitOptions = {
        ...rest,
        metrics: rest.metrics ?? [this.metric],
        classWeights,
        earlyStopping: rest.earlyStopping ?? (unseenRows >= LEAST_ROWS_TO_STOP_BY ? { patience: PATIENCE } : false),
      };
      if (unseen) fitOptions.validation = unseen;
      const isTiny = !unseen && classes > 0 && rows.rows < LEAST_ROWS_TO_HOLD_BACK_FROM && rest.epochs === undefined;
      return {
        inputs: rows.columns,
        rows: rows.rows,
        network,
        scaling,
        codec,
        data,
        options: fitOptions,
        heldBack: held?.validation ?? [],
        restarts: readNumber(restarts ?? (isTiny ? RESTARTS : 0), "restarts", { whole: true, least: 0 }),
      };
    } catch (error) {
      network.dispose();
      throw error;
    }
  }

  #build(inputs: number, rows: number, codec: Codec, seed: EstimatorOptions["seed"]): Network<DType> {
    const { hidden = HIDDEN, activation = "tanh", optimizer, learningRate, loss, l1, l2, dtype, build } = this.#options;
    const output = this.output(codec);
    const layers: Layer[] = hidden.map((units) => ({ type: "dense", units, activation }));
    return new Network({
      inputs,
      layers: [...layers, output.layer],
      loss: loss ?? output.loss,
      optimizer: withLearningRate(optimizer, learningRate),
      l1,
      l2: l2 ?? (l1 === undefined ? Math.min(L2, 1 / rows) : 0),
      seed,
      dtype,
      build,
    });
  }

  #readRows(x: Matrix, y: Y, columns?: number, prefix = ""): Rows {
    const what = `${prefix}x`;
    const count = this.rowsOf(y);
    // Where x and y are both flat arrays, y is taken to be one number a row.
    const known = count ?? (ArrayBuffer.isView(y) ? (y as unknown as Float64Array).length : undefined);
    const rows = readRows(x, what, columns === undefined ? { rows: known } : { columns });
    if (count !== undefined && count !== rows.rows) {
      const name = `${prefix}${this.targetName}`;
      throw new PropagoError("ERR_SHAPE", `${what} has ${rows.rows} rows, ${name} has ${count}`);
    }
    return rows;
  }

  #checkIdle(): void {
    this.#checkAlive();
    if (this.#isTraining) {
      throw new PropagoError("ERR_BUSY", `this ${this.kind} is being trained; await the running fit() first`);
    }
  }

  #checkAlive(): void {
    if (this.#isDisposed) throw new PropagoError("ERR_DISPOSED", `this ${this.kind} was disposed; make a new one`);
  }
}

/** A network to be trained, and how. */
interface Attempt {
  network: Network<DType>;
  data: Data;
  options: FitOptions;
}

/** All that a training needs, made before anything of the estimator changes. */
interface Job<Codec> extends Attempt {
  inputs: number;
  rows: number;
  scaling: StandardScaler;
  codec: Codec;
  heldBack: readonly number[];
  restarts: number;
}

/** What a course of attempts that is broken off gives back: nobody looks at it. */
const NOTHING: History = { epochs: [], stopped: "aborted" };

/**
 * The parts of a saved estimator, as far as both kinds have them.
 * @param codec the key under which the targets' meaning stands.
 * @throws PropagoError ERR_FORMAT for anything that `toJSON` would not have written.
 */
export function readSaved(json: unknown, kind: string, codec: string) {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new PropagoError("ERR_FORMAT", `a saved ${kind} must be an object, got ${show(json)}`);
  }
  const saved = json as Record<string, unknown>;
  if (saved.format !== formatOf(kind)) {
    throw new PropagoError("ERR_FORMAT", `format must be "${formatOf(kind)}", got ${show(saved.format)}`);
  }
  if (saved.version !== FORMAT_VERSION) {
    const newer =
      typeof saved.version === "number" && saved.version > FORMAT_VERSION ? "made by a newer version: " : "";
    throw new PropagoError("ERR_FORMAT", `${newer}version ${show(saved.version)}, this reads ${FORMAT_VERSION}`);
  }
  const { network } = saved;
  const inputs = (network as { inputs?: unknown } | undefined)?.inputs;
  const scaling = StandardScaler.fromJSON(saved.scaling, typeof inputs === "number" ? inputs : 0);
  return { options: saved.options as EstimatorOptions, network, scaling, codec: saved[codec] };
}

function isLayerSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((units) => Number.isSafeInteger(units) && units > 0);
}

function formatOf(kind: string): string {
  return `propago-${kind}`;
}

/** Some of the rows. */
function pick({ data, columns }: Rows, chosen: readonly number[]): Rows {
  return { data: pickValues(data, chosen, columns), rows: chosen.length, columns };
}

function pickValues<A extends Float64Array | Int32Array>(values: A, chosen: readonly number[], width: number): A {
  const picked = values.slice(0, chosen.length * width) as A;
  chosen.forEach((row, i) => picked.set(values.subarray(row * width, (row + 1) * width), i * width));
  return picked;
}

/** The optimizer as the network takes it, with the rate that stands beside it in the estimator's options. */
function withLearningRate(
  optimizer: OptimizerSpec | undefined,
  learningRate: number | undefined,
): OptimizerSpec | undefined {
  if (learningRate === undefined) return optimizer;
  // An optimizer that takes no rate says so.
  return {
    ...(typeof optimizer === "object" ? optimizer : { name: optimizer ?? "adam" }),
    learningRate,
  } as OptimizerSpec;
}
