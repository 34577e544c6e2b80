// What Classifier and Regressor share: networks with their scaled inputs, whose answers are averaged, and the rule that a
// call which fails changes nothing. What targets mean stands in classifier.ts and regressor.ts. How networks are chosen
// and trained, the part "selection" knows (src/selection/).
import { copied, isArray, isPlain, readObject } from "../ground/options.ts";
import { readRows } from "../data/rows.ts";
import type { Rows } from "../data/scaling.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { Network } from "../network/network.ts";
import { Part } from "../ground/parts.ts";
import { SLICE, turn } from "../training/turns.ts";
import { answersOf } from "./answers.ts";
import { type Job, type Learner, SELECTION, type Task } from "./job.ts";
import type { Kind } from "./kind.ts";
import type { EstimatorFitOptions, EstimatorOptions, PartialFitOptions } from "./options.ts";
import { type Found, type Member, describeMembers } from "./saved.ts";
import type { Matrix } from "../data/data.ts";
import { TABLES, type TableLike, type TableTarget } from "../data/tabular.ts";
import type { Labels } from "../data/labels.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";
import type { NetworkOptions, ToJSONOptions } from "../description/options.ts";
import type { EvaluateOptions } from "../network/options.ts";
import type { OptimizerSpec } from "../tables/names.ts";
import type { Evaluation } from "../tables/metrics.ts";
import type { History } from "../training/reports.ts";

/** Everything that a fitted estimator consists of. */
export interface Fitted<Codec> {
  members: readonly Member[];
  /** How targets become what is learnt, and back. */
  codec: Codec;
  /** What the search for the model found out; absent where there was none. */
  found?: Found;
}

const OPTIONS = [
  "hidden",
  "activation",
  "optimizer",
  "learningRate",
  "loss",
  "l1",
  "l2",
  "effort",
  "ensemble",
  "optimize",
  "seed",
  "dtype",
  "build",
];

/** Networks with their scaling and their targets' meaning. */
export abstract class Estimator<Y, Codec> {
  readonly #options: EstimatorOptions;
  readonly #kind: Kind;
  #fitted: Fitted<Codec> | undefined;
  #isTraining = false;
  #isDisposed = false;

  /** @internal */
  protected constructor(options: EstimatorOptions, kind: Kind) {
    const given = readObject(copied(options), `${kind.name} options`, OPTIONS);
    const { hidden } = given;
    if (
      hidden !== undefined &&
      !(isArray(hidden) && hidden.length < 1e4 && hidden.every((n) => Number.isSafeInteger(n) && Number(n) > 0))
    ) {
      const expected = "an array of layer sizes such as [32] or [16, 16]";
      throw new PropagoError("ERR_CONFIG", `hidden must be ${expected}, got ${show(hidden)}`);
    }
    this.#options = given;
    this.#kind = kind;
  }

  /**
   * Learns from a table that `readTable` of propago/files gave; `target` names the column to predict. Tables with the same
   * columns can then be predicted and scored, also by a model that was saved and read.
   */
  fit(table: TableLike, options: TableTarget & EstimatorFitOptions<Y | TableLike>): Promise<History>;
  /**
   * Trains on rows and their targets, in slices that leave the event loop alive: compares kinds of networks by rows that
   * they have not seen, and trains those that do best again on all rows. An earlier model is replaced when the training
   * has succeeded, and stays when it fails or is aborted.
   * @param options as for `Network.fit`; see there and `EstimatorFitOptions` for defaults.
   * @returns the history of the network that was trained last; `chosen` and `estimate` tell of the whole model.
   * @throws PropagoError ERR_SHAPE, ERR_DATA, ERR_NONFINITE for data that does not fit, ERR_CONFIG for options,
   * ERR_DIVERGED when the loss leaves the finite numbers, ERR_BUSY while another training runs.
   */
  fit(x: Matrix, y: Y, options?: EstimatorFitOptions<Y>): Promise<History>;
  async fit(from: Matrix | TableLike, targets: unknown, options: EstimatorFitOptions<Y> = {}): Promise<History> {
    const [x, y] = [from as Matrix, targets as Y];
    const { dtype, build } = this.#options;
    const missing = ["selection", "complete", "search", dtype, build].flatMap((name) => {
      const part = new Part(name ?? "simd");
      return ["float32", "simd"].includes(part.name) || part.here ? [] : [part];
    });
    // What was passed is read at once, or copied: it may be changed while parts are loaded.
    let own = { x, y, options };
    if (missing.length > 0) {
      own = taken(own);
      await Promise.all(missing.map((part) => part.load()));
    }
    const job = this.#prepare(own.x, own.y, own.options);
    const course = this.#course(job);
    let turned = performance.now();
    let step = course.next();
    while (!step.done) {
      const { network, data, options: given, isShort } = step.value;
      try {
        if (isShort && performance.now() - turned > SLICE) {
          await turn();
          job.fit.signal?.throwIfAborted();
          turned = performance.now();
        }
        step = course.next(isShort ? network.fitSync(data, given) : await network.fit(data, given));
      } catch (error) {
        step = course.throw(error);
      }
    }
    return step.value;
  }

  /** As `fit`, in one blocking call. */
  fitSync(table: TableLike, options: TableTarget & EstimatorFitOptions<Y | TableLike>): History;
  fitSync(x: Matrix, y: Y, options?: EstimatorFitOptions<Y>): History;
  fitSync(from: Matrix | TableLike, targets: unknown, options: EstimatorFitOptions<Y> = {}): History {
    const [x, y] = [from as Matrix, targets as Y];
    const course = this.#course(this.#prepare(x, y, options));
    let step = course.next();
    while (!step.done) {
      const { network, data, options: given } = step.value;
      try {
        step = course.next(network.fitSync(data, given));
      } catch (error) {
        step = course.throw(error);
      }
    }
    return step.value;
  }

  /** Mean loss of the model, and accuracy or r2 or other metrics, over rows with known targets, in these' own units. */
  evaluate(x: Matrix, y: Y, options?: EvaluateOptions): Evaluation;
  /** The same over the rows of a table whose target is known. */
  evaluate(table: TableLike, options?: EvaluateOptions): Evaluation;
  evaluate(from: Matrix | TableLike, targets: unknown, given: EvaluateOptions = {}): Evaluation {
    const x = from as Matrix;
    const [y, options] = TABLES.has(x) ? [undefined, (targets ?? {}) as EvaluateOptions] : [targets, given];
    const { found } = this.fitted;
    const { readJob, measure } = SELECTION.need("evaluate");
    const job = readJob(this.#learner(true), x, y, options);
    return measure(job, this.#answer(job.x), job.targets, options, found?.threshold);
  }

  /** The figure by which the model is judged: accuracy of a classifier, r2 of a regressor. */
  score(x: Matrix, y: Y): number;
  /** The same over the rows of a table whose target is known. */
  score(table: TableLike): number;
  score(x: Matrix | TableLike, y?: Y): number {
    return this.evaluate(x as Matrix, y as Y)[this.#kind.metric] as number;
  }

  /** The network inside, the weightiest where there are several; undefined before `fit`. */
  get network(): Network<DType> | undefined {
    return this.networks[0];
  }

  /** The networks inside, the weightiest first; none before `fit`. */
  get networks(): readonly Network<DType>[] {
    return this.#fitted?.members.map(({ network }) => network) ?? [];
  }

  /** Numbers of the rows that the last `fit` held back, to judge the model by. */
  get heldBack(): readonly number[] {
    return [...(this.#fitted?.found?.heldBack ?? [])];
  }

  /** What `fit` chose, from what, and by which figures; undefined before it, and of a model that `partialFit` began. */
  get chosen() {
    return copied(this.#fitted?.found?.chosen);
  }

  /** How the model does on rows that it has not seen; undefined where there are too few rows to tell. */
  get estimate() {
    return copied(this.#fitted?.found?.estimate);
  }

  /** What is reached without a look at the inputs. */
  get baseline() {
    return copied(this.#fitted?.found?.baseline);
  }

  /** What it was told when it was made. */
  get options(): EstimatorOptions {
    return copied(this.#options);
  }

  /** The networks' layers as tables. */
  summary(): string {
    const { members } = this.fitted;
    return members
      .map(({ network, weight }, i) => {
        const head = `network ${i + 1} of ${members.length}, weight ${weight.toFixed(3)}\n`;
        return (members.length > 1 ? head : "") + network.summary();
      })
      .join("\n\n");
  }

  /** Gives the memory back. Any later use throws ERR_DISPOSED. */
  dispose(): void {
    this.#isDisposed = true;
    this.#release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal The fitted parts. Throws ERR_NOT_FITTED or ERR_DISPOSED where there are none. */
  protected get fitted(): Fitted<Codec> {
    this.#checkAlive();
    if (!this.#fitted) {
      throw new PropagoError("ERR_NOT_FITTED", `this ${this.#kind.name} has learnt nothing yet; call fit() first`);
    }
    return this.#fitted;
  }

  /** @internal */
  protected set fitted(fitted: Fitted<Codec>) {
    this.#fitted = fitted;
  }

  /** @internal What the model answers for rows of inputs: probabilities, or numbers in the targets' own units. */
  protected predictRaw(x: Matrix | TableLike): FloatArray {
    const own = TABLES.get(x)?.inputs(this.fitted.found?.table) ?? (x as Matrix);
    return this.#answer(readRows(own, "x", { columns: this.columns }));
  }

  /** @internal One epoch over the data, going on from where the model stands. */
  protected trainFurther(x: Matrix, y: Y, options: PartialFitOptions, classes?: Labels): History {
    this.#checkIdle();
    const { readJob, further } = SELECTION.need("partialFit");
    const fitted = this.#fitted;
    const job = readJob(this.#learner(fitted !== undefined), x, y, options, classes);
    const { members, history } = further(job, fitted?.members);
    // What was measured before is not true of what has learnt more.
    const table = job.table ?? fitted?.found?.table;
    this.#fitted = { members, codec: job.codec as Codec, found: { threshold: fitted?.found?.threshold, ...(table ? { table } : {}) } }; // prettier-ignore
    return history;
  }

  /** @internal The parts of the JSON that both kinds write. */
  protected describe(toJSON: ToJSONOptions | string = {}) {
    const { members, found } = this.fitted;
    const { build: _, ...options } = copied(this.#options);
    const rate = typeof toJSON === "object" ? toJSON.learningRate : undefined;
    if (rate !== undefined)
      options.optimizer = { ...(options.optimizer as object), learningRate: rate } as OptimizerSpec;
    return describeMembers(this.#kind.name, options, members, found, toJSON);
  }

  /** How many columns a row of inputs has. Throws ERR_NOT_FITTED before `fit`. */
  get columns(): number {
    return this.fitted.members[0].features.columns;
  }

  /** The mean of the networks' answers. */
  #answer(rows: Rows): FloatArray {
    const { members } = this.fitted;
    let sum: FloatArray | undefined;
    for (const member of members) {
      const answers = answersOf(member, rows);
      if (members.length === 1) return answers;
      sum ??= new Float64Array(answers.length);
      for (let i = 0; i < answers.length; i++) sum[i] += member.weight * answers[i];
    }
    return sum as FloatArray;
  }

  /** Reads what is to be learnt; nothing of the estimator changes. */
  #prepare(x: Matrix, y: Y, options: EstimatorFitOptions<Y>): Job {
    this.#checkIdle();
    return SELECTION.need("fitSync").readFit(this.#learner(false), x, y, options);
  }

  /** What the part that learns is to know. */
  #learner(hasLearnt: boolean): Learner {
    const learner = {
      ...this.#kind,
      given: this.#options,
      make: (options: NetworkOptions<DType>) => new Network(options),
    };
    if (!hasLearnt) return learner;
    const { codec, found } = this.fitted;
    return { ...learner, codec, columns: this.columns, table: found?.table };
  }

  /** The course of a fit, whoever does the training: gives out networks to be trained, and takes their histories. */
  *#course(job: Job): Generator<Task, History, History> {
    this.#checkIdle();
    const { select } = SELECTION.need("fitSync");
    this.#isTraining = true;
    try {
      const { members, history, found } = yield* select(job);
      if (this.#isDisposed) for (const { network } of members) network.dispose();
      this.#checkAlive();
      this.#release();
      this.#fitted = { members, codec: job.codec as Codec, found: job.table ? { ...found, table: job.table } : found };
      return history;
    } finally {
      this.#isTraining = false;
    }
  }

  #release(): void {
    for (const { network } of this.#fitted?.members ?? []) network.dispose();
    this.#fitted = undefined;
  }

  #checkIdle(): void {
    this.#checkAlive();
    if (this.#isTraining) {
      throw new PropagoError("ERR_BUSY", `this ${this.#kind.name} is being trained; await the running fit() first`);
    }
  }

  #checkAlive(): void {
    if (this.#isDisposed)
      throw new PropagoError("ERR_DISPOSED", `this ${this.#kind.name} was disposed; make a new one`);
  }
}

/** A copy of data and options, as far as these hold data: so that both may be changed while the part that reads them loads. */
function taken<T>(value: T): T {
  if (ArrayBuffer.isView(value)) return (value as unknown as Float64Array).slice() as T;
  if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, taken(item)])) as T;
  try {
    return isArray(value) ? structuredClone(value) : value;
  } catch {
    return value; // what holds functions is no data, which is said when it is read
  }
}
