// What is wrong with a training, in words: looked for in the data before it begins, and from time to time in what the
// network gives and how its loss moves. Nothing here changes a number of the network.
import { BATCH_NORM, LAYER_Y, PLAN_CAPACITY, PLAN_LEARNING_RATE, PLAN_ROWS } from "../assembly/plan.ts";
import type { ActivationName } from "./activations.ts";
import type { Engine } from "./core.ts";
import type { NetworkDescription } from "./description.ts";
import type { Layout } from "./layout.ts";
import type { Dataset } from "./samples.ts";
import type { EpochReport, FloatArray } from "./types.ts";
import type { Warnings } from "./warnings.ts";

/** Rows that a look takes through the network at most. */
const PROBE = 128;
/** What a look costs beside its rows, in rows trained on. */
const OVERHEAD = 128;
/** How many times as much training lies before the first look; the time to the next one doubles. */
const RARELY = 100;

/** Activations whose units can get stuck at 0, and those whose units can get stuck at the ends of their range. */
const DYING: readonly ActivationName[] = ["relu", "relu6"];
const SATURATING: readonly ActivationName[] = ["sigmoid", "tanh", "hardSigmoid", "hardTanh", "softsign"];

/** What is needed of the network. */
interface Parts {
  engine: Engine;
  layout: Layout;
  description: NetworkDescription;
}

/** Of one network. */
export class Diagnosis {
  readonly #tell: Warnings["tell"];
  /** Mean loss of the very first epoch. */
  #first: number | undefined;
  /** Rows trained on in all, up to the last look, and those before the next. */
  #trained = 0;
  #looked = 0;
  #due = 0;

  constructor(warnings: Pick<Warnings, "tell">) {
    this.#tell = (code, message, layer) => warnings.tell(code, message, layer);
  }

  /** Looks at the data, before training on so many rows in batches as asked for. */
  before({ layout, description }: Parts, dataset: Dataset, batch: unknown, rows: number): void {
    const { inputs, outputs, layers, loss } = description;
    this.#due ||= RARELY * cost(rows);
    if (layout.trainable === 0) this.#tell("WARN_NO_CHANGE", "no layer is trainable, so training changes nothing");
    if (typeof batch === "number" && batch > rows) {
      this.#tell(
        "WARN_BATCH_SIZE",
        `batchSize ${batch} is above the ${rows} rows: every batch is all of them, as "full" says`,
      );
    }
    const { x, scale, t, labels } = dataset.views();
    if (rows > 1) {
      for (let c = 0; c < inputs; c++) {
        // A column of zeros does nothing.
        if (x[c] === 0 || !isConstant(x, inputs, c)) continue;
        this.#tell(
          "WARN_CONSTANT_COLUMN",
          `column ${c} of x is ${short(x[c] * scale)} in all rows, so it tells nothing and only adds to the biases; leave it out`,
        );
        break;
      }
      const same = labels ? isConstant(labels, 1, 0) : t && all(outputs, (o) => isConstant(t, outputs, o));
      if (same) {
        this.#tell(
          "WARN_CONSTANT_TARGETS",
          "all rows have the same target: there is nothing to be told apart; look at y",
        );
      }
    }
    const [largest, most, smallest, least] = reach(x, inputs, scale);
    if (largest >= 1000 * Math.min(1, smallest)) {
      this.#tell(
        "WARN_UNSCALED_INPUTS",
        `column ${most} of x reaches ${short(largest)}${least === most ? "" : `, column ${least} ${short(smallest)}`}: ` +
          "large ones drown the others; scale each column to about -1..1",
      );
    }
    const { name, activation } = layers[layers.length - 1];
    const { range } = activation;
    // Other losses have looked at their targets themselves.
    if (range === undefined || t === undefined || loss.targets === "unit" || loss.targets === "probabilities") return;
    const [low, high] = range;
    let outside = 0;
    for (const value of t) if (value < low - 1e-6 || value > high + 1e-6) outside++;
    if (outside === 0) return;
    this.#tell(
      "WARN_UNREACHABLE_TARGETS",
      `${outside} of ${t.length} targets lie outside ${low}..${high}, which is all that the last layer's ${activation.name} ` +
        "can give; scale the targets, or make the last layer linear",
      name,
    );
  }

  /** Epochs of so many rows until the next look. */
  epochsLeft(rows: number): number {
    return Math.max(1, Math.ceil((this.#due - this.#trained) / rows));
  }

  /** Notes that so many more epochs are done, and looks at the network where it is time, or before training ends. */
  after(
    parts: Parts,
    dataset: Dataset,
    rows: Uint32Array | number,
    epochs: EpochReport[],
    more: number,
    isLast: boolean,
  ): void {
    const count = typeof rows === "number" ? rows : rows.length;
    this.#first ??= epochs[0].loss;
    this.#trained += more * count;
    const own = epochs.length * count;
    const isTime = this.#trained >= this.#due;
    const isWorth = isLast && own >= (RARELY / 4) * cost(count) && this.#trained - this.#looked > own / 2;
    if (!isTime && !isWorth) return;
    while (this.#due <= this.#trained) this.#due *= 2;
    this.#looked = this.#trained;
    // A network that learns may well have gradients and units that look ill.
    const isStuck = epochs[epochs.length - 1].loss > this.#first / 2;
    this.#lookAtLosses(parts, epochs, this.#first);
    if (isStuck) this.#lookAtGradients(parts);
    this.#lookAtUnits(parts, dataset, rows, isStuck);
  }

  /** Notes that a search has found no step that lowers the loss. */
  stalled({ engine }: Parts): void {
    if (engine.dtype === "float64") return;
    this.#tell(
      "WARN_PRECISION",
      'no step lowers the loss any more: float32 may have too few digits here; dtype: "float64" may go further',
    );
  }

  /** What may have driven a loss out of the finite numbers, as the end of a sentence. */
  ofDivergence({ engine, layout, description }: Parts, dataset: Dataset): string {
    const { inputs, outputs, layers } = description;
    const { x, scale, t } = dataset.views();
    const causes: string[] = [];
    const [largest, column] = reach(x, inputs, scale);
    if (largest > 10) causes.push(`inputs reach ${short(largest)} (column ${column})`);
    const target = t ? reach(t, outputs, 1)[0] : 0;
    if (target > 10) causes.push(`targets reach ${short(target)}`);
    const rows = layout.word(PLAN_ROWS);
    const i = layers.findIndex(
      ({ units }, l) => engine.core.firstNonFinite(layout.layerAddress(l, LAYER_Y), rows * units) >= 0,
    );
    if (i >= 0) causes.push(`layer "${layers[i].name}" was the first to give numbers that are not finite`);
    return causes.length > 0 ? `: ${causes.join(", ")}` : "";
  }

  #lookAtLosses({ layout, description }: Parts, epochs: readonly EpochReport[], first: number): void {
    const losses = epochs.slice(-20).map(({ loss }) => loss);
    const last = losses[losses.length - 1];
    // Whoever guesses among so many classes has a loss of at most this: the logarithm of the next power of two.
    const { loss, outputs } = description;
    const guess = loss.targets === "probabilities" ? 0.6932 * (32 - Math.clz32(outputs - 1)) : first;
    const high = Math.min(first, guess);
    // What is small may jump.
    if (losses.length < 5 || !(high > 0 && last > high / 10)) return;
    const rose = last > 1.5 * high;
    let sum = 0;
    let up = 0;
    let fall = 0;
    for (let i = 1; i < losses.length; i++) {
      sum += losses[i];
      up += Math.max(0, losses[i] - losses[i - 1]);
      fall += i < losses.length / 2 ? losses[i] : -losses[i];
    }
    if (!rose && (up < 0.15 * sum || fall > 0.1 * sum)) return;
    const rate = layout.double(PLAN_LEARNING_RATE);
    this.#tell(
      "WARN_LEARNING_RATE",
      `the loss ${rose ? "has gone up to" : "jumps up and down near"} ${short(last)}, so a learningRate of ${short(rate)} is ` +
        `too large; try ${short(rate / 10)}`,
    );
  }

  /** Compares what reaches the biases of the first and the last layer (weights, where there are none). */
  #lookAtGradients({ layout, description }: Parts): void {
    const gradients = layout.gradients();
    const sizes = new Map<number, number>();
    let total = 0;
    for (const { layer, kind, start, length } of layout.tensors) {
      if (start >= layout.trainable) continue;
      // Biases below a batchNorm, which takes them off again, have gradients of 0.
      if (kind === "bias" && description.layers[layer + 1]?.kind === BATCH_NORM) continue;
      let squares = 0;
      for (let i = start; i < start + length; i++) squares += gradients[i] * gradients[i];
      sizes.set(layer, Math.sqrt(squares / length));
      total += squares;
    }
    if (sizes.size > 0 && total === 0) {
      const advice = "units are dead or saturated from the start: scale the inputs, or begin with other weights";
      this.#tell("WARN_NO_CHANGE", `all gradients are 0, so nothing is learnt; ${advice}`);
      return;
    }
    const found = [...sizes];
    if (found.length < 2) return;
    const [[first, size], [last, other]] = [found[0], found[found.length - 1]];
    const ratio = size / other;
    const vanish = ratio < 1e-4;
    // What is 0 is told of units.
    if (ratio === 0 || (!vanish && !(ratio > 1e4))) return;
    const [from, to] = [first, last].map((l) => `"${description.layers[l].name}"`);
    this.#tell(
      vanish ? "WARN_VANISHING_GRADIENTS" : "WARN_EXPLODING_GRADIENTS",
      `gradients in layer ${from} are ${short(ratio)} times those in layer ${to}: ` +
        (vanish
          ? "the first layers hardly learn; use relu, fewer layers or larger first weights"
          : "the first layers are torn about; use smaller first weights, clipNorm or fewer layers"),
      description.layers[first].name,
    );
  }

  /** Takes some rows through the network and counts hidden units that say the same whatever comes in. */
  #lookAtUnits(
    { engine, layout, description }: Parts,
    dataset: Dataset,
    list: Uint32Array | number,
    isStuck: boolean,
  ): void {
    const { inputs, layers } = description;
    const suspects = layers.flatMap(({ activation: { name, range }, units }, i) => {
      const dying = DYING.includes(name);
      if (!dying && !(isStuck && i < layers.length - 1 && SATURATING.includes(name))) return [];
      const [low, high] = range as readonly [number, number];
      const margin = dying ? 0 : 0.005 * (high - low);
      return [{ i, dying, low: low + margin, high: dying ? Infinity : high - margin, free: new Uint8Array(units) }];
    });
    if (suspects.length === 0) return;
    const [block, rows] = dataset.gather(list, PROBE);
    const { plan } = layout;
    const capacity = layout.word(PLAN_CAPACITY);
    for (let first = 0; first < rows; first += capacity) {
      const count = Math.min(capacity, rows - first);
      engine.core.predict(plan, block + first * inputs * engine.bytes, count, 1);
      for (const { i, low, high, free } of suspects) {
        const Y = engine.numbers(layout.layerAddress(i, LAYER_Y), count * free.length);
        for (let at = 0; at < Y.length; at += free.length) {
          for (let o = 0; o < free.length; o++) if (Y[at + o] > low && Y[at + o] < high) free[o] = 1;
        }
      }
    }
    engine.release(block);
    for (const { i, dying, free } of suspects) {
      const { name, activation, units } = layers[i];
      const stuck = free.reduce((sum, is) => sum - is, units);
      if (stuck <= units / 2) continue;
      const what = `${stuck} of ${units} ${activation.name} units of layer "${name}"`;
      if (dying) {
        const advice = "a smaller learningRate, scaled inputs or leakyRelu keep units alive";
        this.#tell("WARN_DEAD_UNITS", `${what} gave 0 for all of ${rows} rows and learn nothing; ${advice}`, name);
      } else {
        const advice = "scale the inputs, or begin with smaller weights";
        this.#tell(
          "WARN_SATURATED_UNITS",
          `${what} are at an end of their range for all of ${rows} rows; ${advice}`,
          name,
        );
      }
    }
  }
}

/** What a look costs, in rows trained on; taking rows forward is a third of training on them. */
function cost(rows: number): number {
  return Math.min(rows, PROBE) / 3 + OVERHEAD;
}

function all(count: number, holds: (k: number) => boolean): boolean {
  for (let k = 0; k < count; k++) if (!holds(k)) return false;
  return true;
}

/** Whether one column has the same number in all rows. */
function isConstant(values: FloatArray | Uint32Array | Uint8Array, columns: number, c: number): boolean {
  for (let at = c + columns; at < values.length; at += columns) if (values[at] !== values[c]) return false;
  return true;
}

/** The columns with the largest and the smallest numbers but 0, as [largest, its column, smallest, its column]. */
function reach(values: FloatArray | Uint8Array, columns: number, scale: number): [number, number, number, number] {
  const rows = values.length / columns;
  const step = Math.max(1, Math.floor(rows / 64));
  const found: [number, number, number, number] = [0, 0, Infinity, 0];
  for (let c = 0; c < columns; c++) {
    let size = 0;
    for (let row = 0; row < rows; row += step) size = Math.max(size, Math.abs(values[row * columns + c] * scale));
    if (size > found[0]) found.splice(0, 2, size, c);
    if (size > 0 && size < found[2]) found.splice(2, 2, size, c);
  }
  return found;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
