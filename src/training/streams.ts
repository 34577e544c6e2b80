// Training on rows that come in pieces, for more than fits into memory. A buffer of rows lies in the core's memory. From it
// a stage of the epoch is drawn, half of the rows in random order; once it was trained on, its places are filled with the
// rows that come next. To the core each stage is an epoch, and is counted together with the others here.
import {
  DATA_LABELS,
  DATA_T,
  DATA_WEIGHTS,
  DATA_WIDTH,
  DATA_X,
  IN_ORDER,
  METRIC_OUTPUTS,
  METRIC_SQUARES,
  PLAN_EPOCH,
  PLAN_REPORTS,
  STREAM_SHUFFLE,
  TALLY_LOSS,
  WITH_REPLACEMENT,
} from "../../assembly/plan.ts";
import type { BatchSource, Batches, Data } from "../data/data.ts";
import { lot } from "../data/split.ts";
import { readSampleWeights } from "../data/weighting.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isArray, isPlain, readFields, readNumber } from "../ground/options.ts";
import { isPromise, refusePromise } from "../ground/promises.ts";
import type { Model } from "../memory/model.ts";
import { Dataset } from "../memory/samples.ts";
import { type FitOptions, type FitSettings, readFitOptions } from "./options.ts";
import { type Slices, type Stream, type TrainingRows, readData } from "./rows.ts";

/** Bytes, and rows, of the buffer where nobody says how large it is to be. */
const BUFFER_BYTES = 2 ** 25;
const BUFFER_ROWS = 2 ** 14;

/** A piece in the core's memory, and how far it has been taken into the buffer. */
interface Piece {
  dataset: Dataset;
  weights: Float64Array | undefined;
  taken: number;
}

/**
 * A training on batches: reads the first of them, then drives the loop that `begin` makes. Options are checked, and the
 * model is locked, at once.
 */
export function courseOf(
  model: Model,
  data: BatchSource,
  options: FitOptions,
  isSync: boolean,
  begin: (options: FitOptions, stream: Stream) => { run(): Slices },
): Slices {
  // What is no options object, and samples in place of batches, get the message that they get elsewhere.
  if (!isPlain(options)) readFitOptions(options, model.description);
  if (ArrayBuffer.isView(data) || (isArray(data) && data.length > 0 && !isPlain(data[0]))) readData(model, data);
  const { shuffleBuffer, stepsPerEpoch, ...rest } = options;
  const own = { shuffleBuffer, stepsPerEpoch };
  const slices = drive(new BatchStream(model, data, rest, own, isSync), (stream) => begin(rest, stream));
  // Into the generator, so that its end gives everything back, also where nobody asks for more.
  slices.next();
  return slices;
}

function* drive(stream: BatchStream, begin: (stream: Stream) => { run(): Slices }): Slices {
  let loop: ReturnType<typeof begin> | undefined;
  try {
    yield;
    yield* stream.next();
    loop = begin(stream);
  } finally {
    if (loop === undefined) stream.release();
  }
  yield* loop.run();
}

class BatchStream implements Stream {
  readonly #model: Model;
  readonly #pieces: Pieces;
  readonly #stepsPerEpoch: number;
  readonly #isShuffled: boolean;
  /** Rows of the buffer: as many as were asked for, and as there will be. */
  readonly #asked: number | undefined;
  #capacity = 1;
  readonly #batchSize: number;
  /** Whether the model is locked by this, and not yet by a loop. */
  #isOpening = true;
  #isReleased = false;
  #dataset: Dataset | undefined;
  /** The buffer's weights, and their place in memory; none where all rows count alike. */
  #weights: Float64Array | undefined;
  #weightsAddress = 0;
  /** Places of the buffer that are free, in order, and those that hold rows of this epoch which are still to come. */
  #free: number[] = [];
  #held: number[] = [];
  /** The rows of the stage. None while there is none. */
  #stage: Uint32Array | undefined;
  #isLast = false;
  /** Of the epoch: its number in the core, stages so far, and what was counted. */
  #epoch = 0;
  #stages = 0;
  #sums: Float64Array | undefined;
  #rowsDone = 0;
  #weightDone = 0;
  #spread: Spread | undefined;
  #rows: TrainingRows | undefined;
  batches = 0;

  /** Checks everything that can be checked without the data, and locks the model. */
  constructor(
    model: Model,
    data: BatchSource,
    options: FitOptions,
    { shuffleBuffer: buffer, stepsPerEpoch: steps }: Pick<FitOptions, "shuffleBuffer" | "stepsPerEpoch">,
    isSync: boolean,
  ) {
    model.checkUsable();
    const settings = readFitOptions(options, model.description);
    settings.signal?.throwIfAborted();
    refuseWhatNeedsAllRows(settings, model);
    const { shuffle } = settings;
    this.#model = model;
    this.#batchSize = settings.batchSize as number;
    this.#isShuffled = shuffle !== IN_ORDER;
    const whole = { whole: true, least: 1 } as const;
    this.#stepsPerEpoch = steps === undefined ? Infinity : readNumber(steps, "stepsPerEpoch", whole);
    this.#asked = buffer === undefined ? undefined : readNumber(buffer, "shuffleBuffer", whole);
    this.#pieces = new Pieces(data, model, settings, isSync, this.#stepsPerEpoch < Infinity);
    model.lock();
  }

  open(settings: FitSettings): TrainingRows {
    const { layout } = this.#model;
    const dataset = this.#dataset as Dataset;
    layout.attachments.add(this);
    let validation: TrainingRows["validation"];
    if (settings.validation !== undefined) {
      validation = readData(this.#model, settings.validation, "validation").all();
      layout.attachments.add(validation);
    }
    // The loop finds the rows in the order in which they are to come.
    settings.shuffle = IN_ORDER;
    settings.epochs ??= 1;
    const trained = Uint32Array.from({ length: dataset.rows }, (_, row) => row);
    this.#rows = { dataset, trained, count: dataset.rows, validation };
    if (settings.metrics.bits & METRIC_SQUARES) {
      const spread = (this.#spread = new Spread(this.#model.description.outputs));
      // Of the epoch, and not of what is in the buffer now; renewed with each epoch.
      dataset.spread = () => spread.values;
    }
    return this.#rows;
  }

  *next(): Generator<Promise<void>, number> {
    if (this.#stage === undefined) {
      if (this.#stages === 0) this.#epoch = this.#model.layout.word(PLAN_EPOCH) >>> 0;
      if (this.#dataset === undefined) yield* this.#fillFirst();
      else yield* this.#fill();
      this.#draw();
    }
    if (this.#isOpening) {
      // The loop locks it anew, in the same turn.
      this.#isOpening = false;
      this.#model.unlock();
    }
    return Math.ceil((this.#stage as Uint32Array).length / this.#batch);
  }

  count(completed: number): number {
    const { layout, engine } = this.#model;
    const stage = this.#stage as Uint32Array;
    if (completed === 0) return 0;
    const tally = engine.doubles(layout.word(PLAN_REPORTS) >>> 0, layout.tally().length);
    this.#sums ??= new Float64Array(tally.length);
    for (let i = 0; i < tally.length; i++) this.#sums[i] += tally[i];
    this.#rowsDone += stage.length;
    for (const place of stage) this.#weightDone += this.#weights?.[place] ?? 1;
    this.#spread?.add(this.#dataset as Dataset, stage);
    this.batches += Math.ceil(stage.length / this.#batch);
    this.#free = [...this.#free, ...stage].sort((a, b) => a - b);
    this.#stage = undefined;
    this.#stages++;
    if (!this.#isLast) {
      layout.setWord(PLAN_EPOCH, this.#epoch);
      return 0;
    }
    this.#endEpoch(tally, this.#sums);
    return 1;
  }

  /** Puts the sums over all stages where the core puts those of an epoch. */
  #endEpoch(tally: Float64Array, sums: Float64Array): void {
    if (!(this.#weightDone > 0)) {
      throw new PropagoError("ERR_DATA", "the sampleWeights of all batches are 0: nothing counts");
    }
    // Losses are divided by the number of rows.
    sums[TALLY_LOSS / 8] *= this.#rowsDone / this.#weightDone;
    tally.set(sums);
    (this.#rows as TrainingRows).count = this.#rowsDone;
    this.#spread?.settle();
    this.#sums = undefined;
    this.#stages = this.batches = this.#rowsDone = this.#weightDone = 0;
  }

  get #batch(): number {
    return Math.min(this.#batchSize, (this.#dataset as Dataset).rows);
  }

  /** Reads pieces until they fill a buffer, or end; then makes a buffer for as many rows. */
  *#fillFirst(): Generator<Promise<void>, void> {
    const pieces: Piece[] = [];
    try {
      let rows = 0;
      let piece: Piece | undefined;
      while (rows < this.#capacity && (piece = yield* this.#pieces.next())) {
        pieces.push(piece);
        if (rows === 0) this.#capacity = this.#capacityFor(piece.dataset);
        rows += piece.dataset.rows;
      }
      if (rows === 0) throw this.#pieces.exhausted();
      this.#dataset = this.#blank(pieces[0].dataset, Math.min(rows, this.#capacity));
      this.#free = Array.from({ length: this.#dataset.rows }, (_, place) => place);
      for (const one of pieces) {
        this.#take(one);
        if (one.taken === one.dataset.rows) one.dataset.release();
        else this.#pieces.current = one;
      }
    } catch (error) {
      for (const { dataset } of pieces) dataset.release();
      this.#pieces.current = undefined;
      throw error;
    }
    // Whether more comes decides whether this stage is the last one.
    if (this.#pieces.current === undefined && !this.#pieces.isEnded) this.#pieces.current = yield* this.#pieces.next();
  }

  /** How many rows the buffer holds: as asked for, or by the bytes that a row takes; two batches at least. */
  #capacityFor(first: Dataset): number {
    const { engine, description } = this.#model;
    const { inputs, outputs } = description;
    const width = wordOf(first, DATA_WIDTH, this.#model);
    const own = Math.min(BUFFER_ROWS, Math.floor(BUFFER_BYTES / (inputs * width + outputs * engine.bytes)));
    return Math.max(this.#asked ?? own, this.#isShuffled ? 2 * this.#batchSize : this.#batchSize);
  }

  /** A data set for so many rows like those of another, without any. */
  #blank(like: Dataset, rows: number): Dataset {
    const model = this.#model;
    const { description, engine } = model;
    const { inputs: columns, outputs } = description;
    const none = new Float32Array(0);
    const data = wordOf(like, DATA_WIDTH, model) === 1 ? new Uint8Array(0) : none;
    const isLabelled = wordOf(like, DATA_LABELS, model) !== 0;
    const y = isLabelled ? { name: "y", labels: [] } : { name: "y", rows, columns: outputs, data: none };
    const dataset = new Dataset(engine, { name: "x", rows, columns, data }, y, description);
    dataset.sources = undefined;
    return dataset;
  }

  /** Fills the places that are free, and looks whether more comes. */
  *#fill(): Generator<Promise<void>, void> {
    const pieces = this.#pieces;
    if (this.#stages === 0) pieces.beginEpoch();
    for (;;) {
      const { current } = pieces;
      if (current !== undefined) {
        this.#take(current);
        if (current.taken < current.dataset.rows) return;
        pieces.drop();
      }
      if (pieces.isEnded) return;
      pieces.current = yield* pieces.next();
    }
  }

  /** Copies rows of a piece to places that are free, as many as there are of either. */
  #take(piece: Piece): void {
    const { engine, description } = this.#model;
    const to = this.#dataset as Dataset;
    const from = piece.dataset;
    const count = Math.min(from.rows - piece.taken, this.#free.length);
    const [isBytes, wasBytes] = [from, to].map((one) => wordOf(one, DATA_WIDTH, this.#model) === 1);
    const hasLabels = wordOf(from, DATA_LABELS, this.#model) !== 0;
    const hadLabels = wordOf(to, DATA_LABELS, this.#model) !== 0;
    if (hasLabels !== hadLabels || (wasBytes && !isBytes)) throw this.#pieces.unlike(hasLabels === hadLabels);
    if (piece.weights !== undefined) this.#makeWeights();
    const places = this.#free.splice(0, count);
    if (isBytes === wasBytes) {
      this.#copy(DATA_X, description.inputs * (wasBytes ? 1 : engine.bytes), piece, places);
    } else {
      for (const [i, place] of places.entries()) to.sample(place).set(from.sample(piece.taken + i));
    }
    if (hadLabels) this.#copy(DATA_LABELS, 4, piece, places);
    else this.#copy(DATA_T, description.outputs * engine.bytes, piece, places);
    if (this.#weights !== undefined) {
      const inMemory = engine.numbers(this.#weightsAddress, to.rows);
      for (const [i, place] of places.entries()) {
        this.#weights[place] = inMemory[place] = piece.weights?.[piece.taken + i] ?? 1;
      }
    }
    for (const place of places) this.#held.push(place);
    piece.taken += count;
  }

  /** Copies what a record's field points to, so many bytes a row, from where the piece stands. */
  #copy(field: number, size: number, { dataset, taken }: Piece, places: readonly number[]): void {
    const { engine } = this.#model;
    const memory = engine.octets(0, engine.heap.byteLength);
    const from = wordOf(dataset, field, this.#model) + taken * size;
    const to = wordOf(this.#dataset as Dataset, field, this.#model);
    // Neighbours are copied together.
    for (let i = 0; i < places.length;) {
      let end = i + 1;
      while (end < places.length && places[end] === places[end - 1] + 1) end++;
      memory.copyWithin(to + places[i] * size, from + i * size, from + end * size);
      i = end;
    }
  }

  /** Makes room for weights, which are 1 so far. */
  #makeWeights(): void {
    if (this.#weights !== undefined) return;
    const { engine } = this.#model;
    const { rows, address } = this.#dataset as Dataset;
    this.#weightsAddress = engine.allocate(rows * engine.bytes, "weights of samples");
    this.#weights = new Float64Array(rows).fill(1);
    engine.numbers(this.#weightsAddress, rows).fill(1);
    engine.wordHeap[(address + DATA_WEIGHTS) / 4] = this.#weightsAddress;
  }

  /** Draws the rows that are trained on next. */
  #draw(): void {
    const held = this.#held;
    const batch = this.#batch;
    const isEnd = this.#pieces.isEnded && this.#pieces.current === undefined;
    if (held.length === 0) throw this.#pieces.exhausted();
    const some = Math.floor(held.length / (this.#isShuffled ? 2 * batch : batch)) * batch;
    const left = this.#stepsPerEpoch * batch - this.#rowsDone;
    let count = isEnd ? held.length : Math.max(batch, some);
    this.#isLast = isEnd;
    if (this.#stepsPerEpoch < Infinity) {
      this.#isLast = left <= count;
      count = Math.min(count, left);
    }
    if (this.#isShuffled) this.#shuffle(held);
    this.#stage = Uint32Array.from(held.splice(0, count));
    (this.#dataset as Dataset).restrict(this.#stage);
  }

  /** By seed, epoch and stage alone; the first stage as the core shuffles rows that all lie in memory. */
  #shuffle(places: number[]): void {
    const { engine, description } = this.#model;
    const { seed } = description;
    const block = engine.allocate(places.length * 4 + 16, "shuffling rows");
    const list = engine.words(block + 16, places.length);
    list.set(places);
    const [own, counter] = this.#stages === 0 ? [seed, this.#epoch] : [lot(seed, this.#epoch), this.#stages];
    engine.core.permute(block, own, STREAM_SHUFFLE, counter, block + 16, places.length);
    for (let i = 0; i < places.length; i++) places[i] = list[i];
    engine.release(block);
  }

  /** Gives everything back; an epoch that was broken off counts as one. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    const { layout, engine } = this.#model;
    this.#pieces.close();
    this.#dataset?.release();
    if (this.#weightsAddress > 0) engine.release(this.#weightsAddress);
    if (this.#isOpening) this.#model.unlock();
    else if (this.batches > 0) layout.setWord(PLAN_EPOCH, this.#epoch + 1);
  }
}

/** What a record of a data set says. */
function wordOf({ address }: Dataset, field: number, { engine }: Model): number {
  return engine.wordHeap[(address + field) / 4];
}

/** Refuses options that can only be followed where all rows are there. */
function refuseWhatNeedsAllRows(settings: FitSettings, { description }: Model): void {
  const { batchSize, shuffle, validation, sampleWeights, classWeights, metrics } = settings;
  const refuse = (what: string, advice: string): never => {
    throw new PropagoError("ERR_CONFIG", `${what} needs all rows at once, and these come in batches; ${advice}`);
  };
  const { search, name } = description.optimizer;
  if (search !== undefined) refuse(`optimizer "${name}"`, "take adam or sgd");
  if (batchSize === "full") refuse('batchSize: "full"', "give a number");
  if (shuffle === WITH_REPLACEMENT) refuse('shuffle: "withReplacement"', "leave it out, or draw rows in the batches");
  if (typeof validation === "number") refuse(`validation: ${validation}`, "pass data of its own, { x, y }");
  if (sampleWeights !== undefined)
    refuse("sampleWeights in the options", "give each batch its own: { x, y, sampleWeights }");
  if (classWeights !== undefined) refuse("classWeights", "give each batch sampleWeights: { x, y, sampleWeights }");
  const kept = metrics.list.find(({ row }) => row.value !== undefined);
  if (kept && metrics.bits & METRIC_OUTPUTS) refuse(`metric "${kept.key}"`, "ask evaluate for it");
}

/** The denominator of r2 over rows that come stage by stage (Welford's update). */
class Spread {
  /** That of the last epoch, for each output. */
  readonly values: Float64Array;
  readonly #mean: Float64Array;
  readonly #squares: Float64Array;
  #count = 0;

  constructor(outputs: number) {
    this.values = new Float64Array(outputs);
    this.#mean = new Float64Array(outputs);
    this.#squares = new Float64Array(outputs);
  }

  add(dataset: Dataset, rows: Uint32Array): void {
    const { t, labels } = dataset.views();
    const outputs = this.values.length;
    for (const row of rows) {
      this.#count++;
      for (let o = 0; o < outputs; o++) {
        const target = t === undefined ? Number(labels?.[row] === o) : t[row * outputs + o];
        const distance = target - this.#mean[o];
        this.#mean[o] += distance / this.#count;
        this.#squares[o] += distance * (target - this.#mean[o]);
      }
    }
  }

  /** At the end of an epoch. */
  settle(): void {
    this.values.set(this.#squares);
    this.#mean.fill(0);
    this.#squares.fill(0);
    this.#count = 0;
  }
}

/** The pieces that a source gives, one after the other, epoch by epoch. */
class Pieces {
  /** The piece that is being taken in. */
  current: Piece | undefined;
  /** Whether this epoch's pieces have come to an end. */
  isEnded = false;
  readonly #source: BatchSource;
  readonly #model: Model;
  readonly #signal: FitSettings["signal"];
  readonly #isSync: boolean;
  /** Whether what has come to an end begins anew in the same epoch. */
  readonly #isEndless: boolean;
  /** Whether it is known that it can be gone through only once. */
  readonly #isOnce: boolean;
  #iterator: AsyncIterator<Data> | Iterator<Data> | undefined;
  /** How often the source was gone through or is, and how many pieces this time. */
  #passes = 0;
  #count = 0;

  constructor(source: BatchSource, model: Model, settings: FitSettings, isSync: boolean, isEndless: boolean) {
    this.#source = source;
    this.#model = model;
    this.#signal = settings.signal;
    this.#isSync = isSync;
    this.#isEndless = isEndless;
    const kind = Object.prototype.toString.call(source).slice(8, -1);
    this.#isOnce = kind === "Generator" || kind === "AsyncGenerator";
    if (this.#isOnce && !isEndless && (settings.epochs ?? 1) > 1) {
      throw new PropagoError(
        "ERR_CONFIG",
        `epochs is ${settings.epochs}, but the batches come from a generator, which can be gone through once; ${ANEW}`,
      );
    }
  }

  beginEpoch(): void {
    if (!this.#isEndless) this.isEnded = false;
  }

  /** The next piece, in the core's memory; nothing at the end. */
  *next(): Generator<Promise<void>, Piece | undefined> {
    for (;;) {
      if (this.#iterator === undefined) yield* this.#begin();
      const iterator = this.#iterator as AsyncIterator<Data> | Iterator<Data>;
      const result: unknown = yield* this.#wait(() => iterator.next());
      if (typeof result !== "object" || result === null) {
        throw new PropagoError("ERR_DATA", `${this.#name(1)}: the iterator's next() gave ${show(result)}`);
      }
      const { done, value } = result as { done?: boolean; value: unknown };
      if (!done) {
        this.#count++;
        return this.#read(yield* this.#wait(() => value));
      }
      this.#iterator = undefined;
      if (this.#count === 0) throw this.exhausted();
      if (this.#isEndless) continue;
      this.isEnded = true;
      return undefined;
    }
  }

  /** Lets go of the piece that was taken in. */
  drop(): void {
    this.current?.dataset.release();
    this.current = undefined;
  }

  /** What to say where nothing came. */
  exhausted(): PropagoError {
    if (this.#passes < 2) {
      const advice = this.#isOnce
        ? `; a generator can be gone through once: ${ANEW}`
        : ": there is nothing to train on";
      return new PropagoError("ERR_DATA", `the batches hold no rows${advice}`);
    }
    return new PropagoError(
      "ERR_DATA",
      `epoch ${this.#epoch}: the batches gave no rows the second time that they were gone through; ${ANEW}`,
    );
  }

  /** What to say of a piece whose numbers are of another kind. */
  unlike(areBytes: boolean): PropagoError {
    const how = areBytes
      ? ".x is no Uint8Array, as those of the batches before it were"
      : ".y has targets where the batches before it had labels, or the other way round";
    return new PropagoError("ERR_DATA", `${this.#name()}${how}; give one kind throughout`);
  }

  /** Ends a source that is not at its end. Nobody hears of what goes wrong then. */
  close(): void {
    this.drop();
    const iterator = this.#iterator;
    this.#iterator = undefined;
    try {
      const ended: unknown = iterator?.return?.();
      if (isPromise(ended)) Promise.resolve(ended).catch(() => {});
    } catch {
      // The training has ended.
    }
  }

  /** The number of the epoch that is under way, from 1. */
  get #epoch(): number {
    return (this.#model.layout.word(PLAN_EPOCH) >>> 0) + 1;
  }

  #name(ahead = 0): string {
    return `batch ${this.#count + ahead}`;
  }

  /** Begins to go through the source. */
  *#begin(): Generator<Promise<void>, void> {
    const source = this.#source;
    this.#count = 0;
    this.#passes++;
    const batches: unknown =
      typeof source === "function" ? yield* this.#wait(() => source(this.#epoch)) : (source as unknown);
    const from = batches as Partial<AsyncIterable<Data> & Iterable<Data>> | null | undefined;
    const make = (typeof from === "object" &&
      from !== null &&
      (from[Symbol.asyncIterator] ?? from[Symbol.iterator])) as
      (() => AsyncIterator<Data> | Iterator<Data>) | false | undefined;
    if (!make) {
      throw new PropagoError(
        "ERR_DATA",
        `the function that makes batches gave ${show(batches)}; expected what for await can go through, of { x, y }`,
      );
    }
    this.#iterator = yield* this.#wait(() => make.call(batches as Batches));
  }

  /** Reads and checks a piece. */
  #read(piece: unknown): Piece {
    const owner = this.#name();
    if (typeof piece !== "object" || piece === null) readData(this.#model, piece, owner);
    const { x, y, sampleWeights } = readFields(piece as Data, owner, ["x", "y", "sampleWeights"]) as Data;
    const dataset = readData(this.#model, { x, y }, owner);
    try {
      const given = sampleWeights as unknown;
      const weights =
        given === undefined ? undefined : readSampleWeights(given, `${owner}.sampleWeights`, dataset.rows);
      return { dataset, weights, taken: 0 };
    } catch (error) {
      dataset.release();
      throw error;
    }
  }

  /** What a user's function gives, awaited if need be; an abort ends the waiting. */
  *#wait<T>(work: () => T | PromiseLike<T>): Generator<Promise<void>, T> {
    const signal = this.#signal;
    let outcome: { value: T } | { error: unknown } | undefined;
    signal?.throwIfAborted();
    try {
      const value = work();
      if (!isPromise(value)) return value;
      if (this.#isSync) refusePromise(value, this.#name(1), "which fitSync cannot wait for; use fit");
      yield new Promise<void>((resolve) => {
        const settle = (what: typeof outcome): void => {
          outcome ??= what;
          signal?.removeEventListener("abort", abort);
          resolve();
        };
        const abort = (): void => settle({ error: signal?.reason });
        signal?.addEventListener("abort", abort);
        value.then(
          (result) => settle({ value: result }),
          (error: unknown) => settle({ error }),
        );
      });
    } catch (error) {
      outcome = { error };
    }
    signal?.throwIfAborted();
    if (outcome === undefined || !("error" in outcome)) return (outcome as { value: T }).value;
    const { error: cause } = outcome;
    if (cause instanceof PropagoError) throw cause;
    const message = cause instanceof Error ? cause.message : show(cause);
    throw new PropagoError("ERR_DATA", `${this.#name(1)} of epoch ${this.#epoch} could not be had: ${message}`, {
      cause,
    });
  }
}

/** What to do about a source that can be gone through once. */
const ANEW = "pass a function that makes them anew for each epoch, as () => batches()";
