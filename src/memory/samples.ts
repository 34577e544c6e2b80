// Samples with their targets in the core's memory. The core reads them by a record of addresses and counts, `DATA_…` in the
// plan. Beside it, `copying` copies and checks numbers, `targets` reads and checks what they are to become, and `row-weights`
// is how much each row counts.
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
import { PropagoError } from "../ground/errors.ts";
import { Part } from "../ground/parts.ts";
import type { NetworkDescription } from "../description/description.ts";
import { type Source, copyValues } from "../data/matrix.ts";
import type { Meaning, Metrics, Scores } from "../tables/metrics.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { classWeightsOf, classesOf } from "./classes.ts";
import { copyMatrix, isBytes, multiply } from "./copying.ts";
import { RowWeights } from "./row-weights.ts";
import type { scoresOf } from "./scoring.ts";
import { type LabelSource, checkTargets, copyLabels, spreadOf } from "./targets.ts";
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
  readonly #weights: RowWeights;
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
    this.#weights = new RowWeights(engine, x.rows, this.#name, weights);
    try {
      // What is given no numbers is filled later (training/streams.ts).
      if (x.data.length > 0) this.#copy(x, labels, matrix, late);
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
    const address = this.#weights.set(ofClasses, ofClasses && this.#classes(), () => this.#chosen(rows));
    if (address > 0) this.#set(DATA_WEIGHTS, address);
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
    const weight = this.#weights.sum(rows);
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
    return spreadOf(this.views(), this.#outputs, rows ?? this.#chosen(undefined));
  }

  release(): void {
    this.#engine.release(this.address);
    this.#weights.release();
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
