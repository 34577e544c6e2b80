// From users' arrays to the core's memory: data sets, targets and labels.
import {
  DATA_BASE,
  DATA_BYTES,
  DATA_COUNT,
  DATA_LABELS,
  DATA_ORDER,
  DATA_T,
  DATA_WEIGHTS,
  DATA_WIDTH,
  DATA_X,
} from "../../assembly/plan.ts";
import type { Engine } from "../core/engine.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { Part } from "../ground/parts.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { Loss } from "../tables/losses.ts";
import { isArray } from "../ground/options.ts";
import { type Source, copyValues, nonFinite, readFlat, readShape, readTyped } from "../data/matrix.ts";
import { lengthOf } from "../data/typed.ts";
import type { Meaning, Metrics, Scores } from "../tables/metrics.ts";
import type { Targets } from "../data/data.ts";
import type { FloatArray, NumericArray } from "../ground/arrays.ts";
import type { classWeightsOf, classesOf } from "./classes.ts";
import type { scoresOf } from "./scoring.ts";
import { meaningOf, suit } from "../description/metrics.ts";

/** Who puts outputs and targets together for metrics that the core does not count. */
export interface Scoring {
  scoresOf: typeof scoresOf;
}

/** Who lets classes count. */
export interface Counting {
  classesOf: typeof classesOf;
  classWeightsOf: typeof classWeightsOf;
}

const COUNTING = new Part<Counting>("complete");

const SCORING = new Part<Scoring>("complete");

/** Samples in units of `scale`, and targets or labels. */
export interface Views {
  x: FloatArray | Uint8Array;
  scale: number;
  t?: FloatArray;
  labels?: Uint32Array;
}

/** Labels: one class a row. */
export interface LabelSource {
  name: string;
  labels: NumericArray | readonly unknown[];
}

/** Reads targets: a matrix with `outputs` columns, or one label (or, for a single output, one target) a row. */
export function readTargets(value: Targets, name: string, x: Source, outputs: number): Source | LabelSource {
  const typed = readTyped(value, name);
  const { rows } = x;
  const list = isArray(value) && !isRow(value[0]) ? value : undefined;
  const flat = typed ?? list;
  const length = typed ? lengthOf(typed) : (list?.length ?? 0);
  if (flat && length !== rows && length !== rows * outputs) {
    throw new PropagoError(
      "ERR_SHAPE",
      `${x.name} has ${rows} rows, ${name} has ${length} values; expected ` +
        (outputs === 1 ? "one target a row" : `one label a row, or ${rows}×${outputs} targets`),
    );
  }
  let targets: Source | LabelSource;
  if (flat && outputs > 1 && length === rows) {
    targets = { name, labels: typed ?? Array.from({ length }, (_, row) => list?.[row]) };
  } else if (flat) {
    const data = typed ?? readFlat(flat as unknown[], name, rows, outputs);
    targets = { name, rows, columns: outputs, data };
  } else {
    targets = readShape(value, name, outputs);
  }
  const got = "labels" in targets ? length : targets.rows;
  if (got !== rows) {
    throw new PropagoError("ERR_SHAPE", `${x.name} has ${rows} rows, ${name} has ${got}; each sample needs its target`);
  }
  return targets;
}

function isRow(value: unknown): boolean {
  return isArray(value) || ArrayBuffer.isView(value);
}

/** Samples that are copied in later, so many rows at a time: a page is not to stand still while that is done. */
export interface Late {
  rows: number;
  columns: number;
  copy: (first: number, rows: number) => void;
}

/** Bytes of samples from which on that is worth it. */
const LATE = 2 ** 21;

/** Samples (and targets) in the core's memory, and the record that the core reads. */
export class Dataset {
  readonly rows: number;
  /** The record's address. */
  readonly address: number;
  /** What the user passed, for those who look at it before training; until then. */
  sources: { x: Source; y: Source | LabelSource | undefined } | undefined;
  readonly #engine: Engine;
  readonly #samples: number;
  /** Values a sample, bytes of each, and what bytes are multiplied by. */
  readonly #inputs: number;
  readonly #width: number;
  readonly #scale: number;
  readonly #targets: number;
  readonly #outputs: number;
  readonly #description: NetworkDescription;
  #known: Meaning | undefined;
  readonly #labelled: boolean;
  readonly #name: string;
  readonly #given: Float64Array | undefined;
  /** Weights of the samples in the core's memory, and as they are there; none where all count alike. */
  #weights = 0;
  #weighed: Float64Array | undefined;
  /** Two lists of rows: those that belong, and the running epoch's order. */
  readonly #base: number;
  readonly #order: number;

  /** Copies and checks. */
  constructor(
    engine: Engine,
    x: Source,
    y: Source | LabelSource | undefined,
    description: NetworkDescription,
    weights?: Float64Array,
    late?: Late[],
  ) {
    const { outputs, inputScale } = description;
    // Bytes stay bytes, a quarter of the memory; the core widens a batch at a time.
    const bytes = isBytes(x.data) ? x.data : undefined;
    const width = bytes ? 1 : engine.bytes;
    const labels = y !== undefined && "labels" in y ? y : undefined;
    const matrix = y !== undefined && "data" in y ? y : undefined;
    const sizes = {
      record: place(DATA_BYTES),
      samples: place(x.rows * x.columns * width),
      targets: place(labels ? x.rows * 4 : matrix ? x.rows * outputs * engine.bytes : 0),
      list: place(x.rows * 4),
    };
    const size = sizes.record + sizes.samples + sizes.targets + 2 * sizes.list;
    this.#engine = engine;
    this.rows = x.rows;
    this.sources = { x, y };
    this.address = engine.allocate(size, `a data set of ${x.rows} rows`, sizes.record);
    this.#samples = this.address + sizes.record;
    this.#targets = this.#samples + sizes.samples;
    this.#base = this.#targets + sizes.targets;
    this.#order = this.#base + sizes.list;
    this.#inputs = x.columns;
    this.#width = width;
    this.#scale = inputScale;
    this.#outputs = outputs;
    this.#description = description;
    this.#labelled = labels !== undefined;
    this.#name = y?.name ?? "y";
    this.#given = weights;
    try {
      this.#copy(x, labels, matrix, late);
      this.weigh();
    } catch (error) {
      this.release();
      throw error;
    }
    this.#set(DATA_X, this.#samples);
    this.#set(DATA_WIDTH, width);
    if (matrix) this.#set(DATA_T, this.#targets);
    if (labels) this.#set(DATA_LABELS, this.#targets);
    this.#set(DATA_COUNT, x.rows);
  }

  /** Copies samples and targets in, and checks them. */
  #copy(x: Source, labels: LabelSource | undefined, matrix: Source | undefined, late?: Late[]): void {
    const engine = this.#engine;
    const outputs = this.#outputs;
    const loss = this.#description.loss;
    const copy = (first: number, rows: number): void => {
      const at = this.#samples + first * x.columns * this.#width;
      if (isBytes(x.data)) copyValues(x, engine.octets(at, rows * x.columns), 0, first, rows);
      else copyMatrix(engine, x, at, this.#scale, first, rows);
    };
    if (late && x.rows * x.columns * this.#width > LATE) late.push({ rows: x.rows, columns: x.columns, copy });
    else copy(0, x.rows);
    if (labels && loss.targets === "signs") {
      throw new PropagoError(
        "ERR_DATA",
        `${labels.name} has labels, loss "${loss.name}" expects -1 or 1 for each of the ${outputs} outputs; ` +
          `give such rows, or choose another loss`,
      );
    }
    if (labels) copyLabels(engine, labels, this.#targets, x.rows, outputs);
    if (matrix) {
      copyMatrix(engine, matrix, this.#targets, 1);
      checkTargets(engine.numbers(this.#targets, x.rows * outputs), matrix.name, outputs, loss);
    }
  }

  /** A sample as the network sees it; good until the next allocation. */
  sample(row: number): FloatArray {
    const at = this.#samples + row * this.#inputs * this.#width;
    const engine = this.#engine;
    if (this.#width === engine.bytes) return engine.numbers(at, this.#inputs);
    const values = this.#engine.bytes === 8 ? new Float64Array(this.#inputs) : new Float32Array(this.#inputs);
    values.set(engine.octets(at, this.#inputs));
    multiply(values, this.#scale);
    return values;
  }

  /**
   * What the core is to count for metrics.
   * @throws PropagoError ERR_CONFIG for one that has no meaning for these targets.
   */
  bits(metrics: Metrics): number {
    return metrics.list.length > 0 ? suit(metrics, this.#meaning(), this.#name) : 0;
  }

  #meaning(): Meaning {
    return (this.#known ??= meaningOf(this.views().t, this.#description));
  }

  /** What each class is multiplied with, as `readClassWeights` says it for the given rows (or all). */
  classWeights(value: unknown, rows?: Uint32Array): Float64Array | undefined {
    if (value === undefined) return undefined;
    return COUNTING.need("classWeights").classWeightsOf(value, this.#chosen(rows), this.#classes(), this.#description);
  }

  /** For a row, the class that its targets name. */
  #classes(): (row: number) => number {
    return COUNTING.need("classWeights").classesOf(this.views(), this.#description, this.#name);
  }

  /** Lets samples count by their own weights times those of their classes, scaled to a mean of 1 over the given rows. */
  weigh(ofClasses?: Float64Array, rows?: Uint32Array): void {
    const given = this.#given;
    if (given === undefined && ofClasses === undefined) return;
    const classOf = ofClasses && this.#classes();
    const weights = Float64Array.from(
      { length: this.rows },
      (_, row) => (given?.[row] ?? 1) * (classOf ? ofClasses[classOf(row)] : 1),
    );
    const chosen = this.#chosen(rows);
    const mean = chosen.reduce((sum, row) => sum + weights[row], 0) / chosen.length;
    if (!(mean > 0 && mean < Infinity)) {
      const sum = mean > 0 ? "are too large: their sum is infinite" : "are all 0: nothing counts";
      throw new PropagoError("ERR_DATA", `the weights of ${this.#name}'s rows ${sum}; give larger and smaller numbers`);
    }
    this.#weights ||= this.#engine.allocate(this.rows * this.#engine.bytes, `weights of ${this.rows} samples`);
    this.#weighed = weights.map((weight) => weight / mean);
    this.#engine.numbers(this.#weights, this.rows).set(this.#weighed);
    this.#set(DATA_WEIGHTS, this.#weights);
  }

  #chosen(rows: Uint32Array | undefined): Uint32Array {
    return rows ?? Uint32Array.from({ length: this.rows }, (_, row) => row);
  }

  /** Lets only these rows belong, in this order. */
  restrict(rows: Uint32Array): void {
    this.#engine.words(this.#base, rows.length).set(rows);
    this.#set(DATA_BASE, this.#base);
    this.#set(DATA_ORDER, this.#base);
    this.#set(DATA_COUNT, rows.length);
  }

  /** Makes room for an order that changes with each epoch. */
  reorder(): void {
    this.#set(DATA_ORDER, this.#order);
  }

  /** A second record over the same samples and targets, of other rows. */
  share(rows: Uint32Array): Rows {
    const engine = this.#engine;
    const weighed = this.#weighed;
    const weight = weighed === undefined ? rows.length : rows.reduce((sum, row) => sum + weighed[row], 0);
    if (weight === 0) throw new PropagoError("ERR_DATA", "the rows held back for validation all have weight 0");
    const block = engine.allocate(place(DATA_BYTES) + rows.length * 4, "the rows held back for validation");
    const list = block + place(DATA_BYTES);
    engine.words(block, DATA_BYTES / 4).set(engine.words(this.address, DATA_BYTES / 4));
    engine.words(list, rows.length).set(rows);
    const view = engine.view(block, DATA_BYTES);
    view.setUint32(DATA_BASE, list, true);
    view.setUint32(DATA_ORDER, list, true);
    view.setUint32(DATA_COUNT, rows.length, true);
    return {
      address: block,
      count: rows.length,
      weight,
      bits: (metrics) => this.bits(metrics),
      spread: () => this.spread(rows),
      keep: () => this.keep(rows.length, block),
      release: () => engine.release(block),
    };
  }

  /** The data set as one that is only read. */
  all(): Rows {
    return {
      address: this.address,
      count: this.rows,
      weight: this.rows,
      bits: (metrics) => this.bits(metrics),
      spread: () => this.spread(),
      keep: () => this.keep(this.rows),
      release: () => this.release(),
    };
  }

  /** Samples, in units of `scale`, and targets or labels, of all rows; good until the next allocation. */
  views(): Views {
    const engine = this.#engine;
    const count = this.rows * this.#inputs;
    const isBytes = this.#width < engine.bytes;
    const x = isBytes ? engine.octets(this.#samples, count) : engine.numbers(this.#samples, count);
    return {
      x,
      scale: isBytes ? this.#scale : 1,
      ...(this.#labelled
        ? { labels: engine.words(this.#targets, this.rows) }
        : { t: engine.numbers(this.#targets, this.rows * this.#outputs) }),
    };
  }

  /** Makes room for the outputs of so many rows, those of the record at `record`. */
  keep(count: number, record = this.address): Kept {
    const engine = this.#engine;
    const width = this.#outputs;
    const address = engine.allocate(count * width * engine.bytes, `outputs of ${count} rows`, 0);
    return {
      address,
      release: () => engine.release(address),
      scores: () =>
        SCORING.need("metrics").scoresOf(
          engine,
          address,
          record,
          count,
          this.views(),
          this.#meaning(),
          this.#description,
        ),
    };
  }

  /** For each output Σ (t − mean t)² over the given rows (or all): the denominator of r2. */
  spread(rows?: Uint32Array): Float64Array {
    const outputs = this.#outputs;
    const count = rows?.length ?? this.rows;
    const values = this.#labelled
      ? this.#engine.words(this.#targets, this.rows)
      : this.#engine.numbers(this.#targets, this.rows * outputs);
    const target = (i: number, o: number): number => {
      const row = rows === undefined ? i : rows[i];
      return this.#labelled ? Number(values[row] === o) : values[row * outputs + o];
    };
    const spread = new Float64Array(outputs);
    for (let o = 0; o < outputs; o++) {
      let mean = 0;
      for (let i = 0; i < count; i++) mean += (target(i, o) - mean) / (i + 1);
      for (let i = 0; i < count; i++) {
        const distance = target(i, o) - mean;
        spread[o] += distance * distance;
      }
    }
    return spread;
  }

  release(): void {
    this.#engine.release(this.address);
    if (this.#weights > 0) this.#engine.release(this.#weights);
  }

  #set(offset: number, value: number): void {
    this.#engine.wordHeap[(this.address + offset) / 4] = value;
  }
}

/** Room for the outputs of all rows, which the core fills in the order in which the rows come. */
export interface Kept {
  address: number;
  /** The outputs with their targets; good until the next allocation. */
  scores: () => Scores;
  release(): void;
}

/** Rows of a data set to be evaluated. */
export interface Rows {
  address: number;
  count: number;
  /** The sum of their weights. */
  weight: number;
  /** As of the data set. */
  bits(metrics: Metrics): number;
  /** Makes room for the outputs of all rows. */
  keep(): Kept;
  /** The denominator of r2. */
  spread(): Float64Array;
  release(): void;
}

function place(size: number): number {
  return Math.ceil(size / 16) * 16;
}

function isBytes(data: Source["data"]): data is Uint8Array | Uint8ClampedArray {
  return data instanceof Uint8Array || data instanceof Uint8ClampedArray;
}

/**
 * Copies values times `scale` to an address, each checked: a number, finite, and within the engine's precision; of all rows,
 * or of `rows` from `first` on.
 */
export function copyMatrix(
  engine: Engine,
  source: Source,
  address: number,
  scale: number,
  first = 0,
  rows = source.rows,
): void {
  const { heap, bytes } = engine;
  const at = address / bytes;
  const length = rows * source.columns;
  copyValues(source, heap, at, first, rows);
  multiply(heap, scale, at, at + length);
  const bad = engine.core.firstNonFinite(address, length);
  if (bad < 0) return;
  const size = source.rows * source.columns;
  const all = bytes === 8 ? new Float64Array(size) : new Float32Array(size);
  copyValues(source, all);
  multiply(all, scale);
  throw nonFinite(source, all, first * source.columns + bad);
}

/** Both factors in the engine's precision, as the core has it for bytes. */
function multiply(values: FloatArray, scale: number, begin = 0, end = values.length): void {
  if (scale === 1) return;
  const factor = values instanceof Float32Array ? Math.fround(scale) : scale;
  for (let i = begin; i < end; i++) values[i] *= factor;
}

function copyLabels(
  engine: Engine,
  { name, labels }: LabelSource,
  address: number,
  rows: number,
  outputs: number,
): void {
  const to = engine.words(address, rows);
  for (let row = 0; row < rows; row++) {
    const label: unknown = labels[row];
    if (typeof label === "number" && Number.isInteger(label) && label >= 0 && label < outputs) {
      to[row] = label;
      continue;
    }
    const at = `${name}[row ${row}]`;
    if (typeof label === "number" && Number.isNaN(label)) {
      throw new PropagoError("ERR_NONFINITE", `${at} is NaN, expected a class label 0..${outputs - 1}`);
    }
    if (typeof label === "number" && !Number.isInteger(label)) {
      throw new PropagoError(
        "ERR_DATA",
        `${at} = ${label} is not a class label; pass integers 0..${outputs - 1}, or one row of ${outputs} targets a sample`,
      );
    }
    const hint = typeof label === "string" ? "; a Classifier takes names" : "";
    throw new PropagoError("ERR_DATA", `${at} is ${show(label)}, expected a class label 0..${outputs - 1}${hint}`);
  }
}

/** What a loss's targets are, each by itself: a test, the words for it, and what to do about others. */
const TARGETS = {
  unit: [(value: number) => value >= 0 && value <= 1, "0..1", "give 0 and 1"],
  probabilities: [(value: number) => value >= 0 && value <= 1, "0..1", "give 0 and 1"],
  counts: [(value: number) => value >= 0, "0 or more", "leave such rows out"],
  signs: [(value: number) => value === 1 || value === -1, "-1 or 1", "give -1 for one class and 1 for the other"],
} as const;

/** Refuses targets that the loss has no meaning for. */
function checkTargets(targets: FloatArray, name: string, outputs: number, loss: Loss): void {
  const kind = loss.targets;
  if (kind === "any") return;
  const [fits, expected, advice] = TARGETS[kind];
  for (let i = 0; i < targets.length; i++) {
    const value = targets[i];
    if (fits(value)) continue;
    const row = Math.floor(i / outputs);
    const at = outputs === 1 ? `${name}[row ${row}]` : `${name}[row ${row}, column ${i % outputs}]`;
    const classes = outputs === 1 && expected === "0..1" ? countClasses(targets) : 0;
    const hint =
      classes > 2
        ? `${name} has ${classes} classes but the output layer has 1 unit: give it ${classes} units and softmax`
        : `${advice}, or choose another loss`;
    throw new PropagoError("ERR_DATA", `${at} is ${value}, loss "${loss.name}" expects ${expected}; ${hint}`);
  }
  if (kind !== "probabilities") return;
  for (let row = 0; row * outputs < targets.length; row++) {
    let sum = 0;
    for (let o = 0; o < outputs; o++) sum += targets[row * outputs + o];
    if (sum > 0.999 && sum < 1.001) continue;
    if (outputs === 1) {
      const advice = "give it a unit for each class, or use one unit with sigmoid for two classes";
      throw new PropagoError(
        "ERR_DATA",
        `${name}[row ${row}] is ${sum}, but a softmax of 1 unit is always 1: ${advice}`,
      );
    }
    throw new PropagoError(
      "ERR_DATA",
      `${name} row ${row} sums to ${Number(sum.toPrecision(4))}; one-hot rows or probabilities that sum to 1 are expected`,
    );
  }
}

function countClasses(values: FloatArray): number {
  const seen = new Set<number>();
  for (const value of values) {
    if (!Number.isInteger(value)) return 0;
    seen.add(value);
    if (seen.size > 1000) return 0;
  }
  return seen.size;
}
