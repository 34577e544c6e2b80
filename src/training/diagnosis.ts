// Finds out what is wrong with a training, and says it in words. It looks at the data before training begins, and from time
// to time at the network's outputs and its loss. Nothing here changes a number of the network.
import { BATCH_NORM, LAYER_Y, PLAN_CAPACITY, PLAN_LEARNING_RATE, PLAN_ROWS, PLAN_STEP } from "../../assembly/plan.ts";
import type { ActivationName } from "../tables/activations.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { Model } from "../memory/model.ts";
import type { Source } from "../data/matrix.ts";
import { gather } from "../memory/gathering.ts";
import type { Dataset } from "../memory/samples.ts";
import { show } from "../ground/errors.ts";
import type { Causes } from "./divergence.ts";
import type { Looks, Warnings } from "./warnings.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { EpochList } from "./history.ts";
import type { OptimizerName } from "../tables/names.ts";
import type { Optimizer } from "../description/optimizer.ts";

/** The largest number of rows that one look passes through the network. */
const PROBE = 128;
/** The fixed cost of a look, measured in rows trained on. */
const OVERHEAD = 128;
/** The first look comes after training that costs so many times as much. The time between looks then doubles. */
const RARELY = 100;

/** Activations whose units can get stuck at 0, and those whose units can get stuck at the ends of their range. */
const DYING: readonly ActivationName[] = ["relu", "relu6"];
const SATURATING: readonly ActivationName[] = ["sigmoid", "tanh", "hardSigmoid", "hardTanh", "softsign"];

/** Root mean squares from which on inputs (compared with the other inputs) and targets are too large. */
const LARGE = 1000;
const LARGE_TARGETS = 100;
/** Optimizers whose learningRate does not scale the steps, or need not be chosen. */
const RATELESS: readonly OptimizerName[] = ["rprop", "adasecant", "vsgd"];

/** Looks for problems in one training of a network. Each problem is reported once in the network's life. */
export class Diagnosis {
  readonly #model: Model;
  readonly #dataset: Dataset;
  readonly #tell: Warnings["tell"];
  readonly #looks: Looks;
  /** Reports on inputs or targets that are too large. They come first, since other problems follow from them. */
  readonly #unscaled = new Set<"inputs" | "targets">();

  constructor(model: Model, dataset: Dataset, warnings: Warnings) {
    this.#model = model;
    this.#dataset = dataset;
    this.#looks = warnings.looks;
    this.#tell = (code, message, place) => warnings.tell(code, message, place);
  }

  /** Looks at the data before training begins. */
  before(batch: unknown, rows: number): void {
    const { layout, description } = this.#model;
    const dataset = this.#dataset;
    this.#looks.due ||= RARELY * cost(rows);
    if (this.#model.isBegunAnew && description.optimizer.schedule !== undefined) {
      this.#tell(
        "WARN_STATE",
        "the learning rate's schedule begins anew, and the optimizer remembers nothing: this network was read from JSON " +
          "that does not say where its training stood; toJSON({ state: true }) keeps both",
      );
    }
    if (layout.trainable === 0) this.#tell("WARN_NO_CHANGE", "no layer is trainable, so training changes nothing");
    if (typeof batch === "number" && batch > rows) {
      this.#tell(
        "WARN_BATCH_SIZE",
        `batchSize ${batch} is above the ${rows} rows: every batch is all of them, as "full" says`,
      );
    }
    if (dataset.rows > 1) {
      this.#lookForConstants(description, dataset);
      this.#lookForConstantTargets(description, dataset);
    }
    this.#lookAtInputs(description, dataset);
    this.#lookAtTargets(description, dataset);
  }

  /** Looks for columns that are constant: as the user gave them, or only after rounding to float32. */
  #lookForConstants({ inputs, inputScale }: NetworkDescription, dataset: Dataset): void {
    const { x, scale } = dataset.views();
    // A column of zeros does no harm.
    const same = range(inputs).filter((c) => x[c] !== 0 && isConstant(x, inputs, c));
    const blurred = same.filter((c) => varies(dataset.sources?.x, c));
    const constant = same.filter((c) => !blurred.includes(c));
    if (same.some((c) => Math.abs(x[c] * scale) > 10)) this.#unscaled.add("inputs");
    // Values are compared as the user gave them, since some were scaled when they were copied.
    const given = (c: number): string => exactly((x[c] * scale) / inputScale);
    if (blurred.length > 0) {
      const [column] = blurred;
      this.#tell(
        "WARN_BLURRED_COLUMN",
        `column ${column} of x varies, but float32, which keeps 7 digits, has ${given(column)} for all rows${others(blurred)}: ` +
          'it tells nothing so; subtract its mean, or give the network dtype: "float64"',
        { column },
      );
    }
    if (constant.length > 0) {
      const [column] = constant;
      this.#tell(
        "WARN_CONSTANT_COLUMN",
        `column ${column} of x is ${given(column)} in all rows${others(constant)}, so it tells nothing and only adds to the ` +
          "biases; leave it out",
        { column },
      );
    }
  }

  #lookForConstantTargets({ outputs }: NetworkDescription, dataset: Dataset): void {
    const { t, labels } = dataset.views();
    const isSame = labels ? isConstant(labels, 1, 0) : t && range(outputs).every((o) => isConstant(t, outputs, o));
    if (!isSame) return;
    const { y } = dataset.sources ?? {};
    if (t && y && "data" in y && range(outputs).some((o) => varies(y, o))) {
      this.#unscaled.add("targets");
      this.#tell(
        "WARN_UNSCALED_TARGETS",
        `targets vary, but float32, which keeps 7 digits, has ${exactly(t[0])} for all rows; subtract their mean, or give ` +
          'the network dtype: "float64"',
      );
      return;
    }
    this.#tell("WARN_CONSTANT_TARGETS", "all rows have the same target: there is nothing to be told apart; look at y");
  }

  /** Looks for columns that are so large that the others have no effect. */
  #lookAtInputs({ inputs }: NetworkDescription, dataset: Dataset): void {
    const { x, scale } = dataset.views();
    // Only columns that vary count. Constant ones were reported, and rarely set ones look small or large by chance.
    const columns = survey(x, inputs, scale, PROBE).filter(({ deviation }) => deviation > 0);
    const most = columns.reduce((a, b) => (b.rms > a.rms ? b : a), NOTHING);
    const least = columns.reduce((a, b) => (b.rms < a.rms ? b : a), most);
    if (!(most.rms >= LARGE * Math.min(1, least.rms))) return;
    const { column, size, mean, deviation } = most;
    // Columns that are small while others have a usual size do no harm.
    if (size > 10) this.#unscaled.add("inputs");
    const distance = Math.abs(mean) / deviation;
    const blur = distance > 1e4 ? "float32, which keeps 7 digits, loses most of how it varies, and " : "";
    this.#tell(
      "WARN_UNSCALED_INPUTS",
      `column ${column} of x reaches ${short(size)}${least === most ? "" : `, column ${least.column} ${short(least.size)}`}: ` +
        `${blur}large ones drown the others; ${distance > 10 ? "subtract each column's mean, and " : ""}scale each column to ` +
        "about -1..1",
      { column },
    );
  }

  /** Looks for targets that the last activation cannot give, or that are too far away. */
  #lookAtTargets({ layers, loss, outputs, optimizer }: NetworkDescription, dataset: Dataset): void {
    const { t } = dataset.views();
    const { name: layer, activation } = layers[layers.length - 1];
    // Other losses check their targets themselves.
    if (t === undefined || loss.targets === "unit" || loss.targets === "probabilities" || loss.targets === "signs")
      return;
    const [low, high] = activation.range ?? [-Infinity, Infinity];
    let outside = 0;
    for (const value of t) if (value < low - 1e-6 || value > high + 1e-6) outside++;
    if (outside > 0) {
      this.#tell(
        "WARN_UNREACHABLE_TARGETS",
        `${outside} of ${t.length} targets lie outside ${low}..${high}, which is all that the last layer's ` +
          `${activation.name} can give; scale the targets, or make the last layer linear`,
        { layer },
      );
    }
    // Optimizers with a line search go as far as needed. A normalized output has a direction only.
    if (optimizer.search || loss.name === "cosineSimilarity" || (low > -Infinity && high < Infinity)) return;
    const most = survey(t, outputs, 1, 1024).reduce((a, b) => (b.rms > a.rms ? b : a), NOTHING);
    if (most.rms < LARGE_TARGETS) return;
    // Targets that may not be negative, or are measured relatively, must not be shifted.
    const isPositive = loss.targets === "counts" || loss.name === "meanAbsolutePercentageError" || low === 0;
    const remedy = isPositive
      ? "divide them by their mean"
      : "subtract their mean and divide by their deviation, or take a Regressor, which does";
    this.#unscaled.add("targets");
    this.#tell(
      "WARN_UNSCALED_TARGETS",
      `targets${outputs > 1 ? ` of column ${most.column} of y` : ""} reach ${short(most.size)} (about ${short(most.mean)} ± ` +
        `${short(most.deviation)}): outputs begin near 0 and take long to get there; ${remedy}`,
    );
  }

  /** The number of epochs until the next look. */
  epochsLeft(rows: number): number {
    const { due, trained } = this.#looks;
    return Math.max(1, Math.ceil((due - trained) / rows));
  }

  /**
   * Notes that more epochs are done. Looks at the network if it is time, or if training ends. `rows` are the rows that are
   * trained on, or the first of them.
   */
  after(rows: Uint32Array | number, epochs: EpochList, more: number, isLast: boolean): void {
    const looks = this.#looks;
    const count = typeof rows === "number" ? rows : rows.length;
    looks.first ??= epochs.first;
    this.#lookAtSchedule();
    looks.trained += more * count;
    const own = epochs.count * count;
    const isTime = looks.trained >= looks.due;
    const isWorth = isLast && own >= (RARELY / 4) * cost(count) && looks.trained - looks.looked > own / 2;
    if (!isTime && !isWorth) return;
    while (looks.due <= looks.trained) looks.due *= 2;
    looks.looked = looks.trained;
    // A network that learns well may still have gradients and units that look bad.
    const isStuck = epochs.last > looks.first / 2;
    this.#lookAtLosses(epochs.lastLosses(20), looks.first);
    if (isStuck) this.#lookAtGradients();
    this.#lookAtUnits(rows, isStuck);
  }

  /** Reports a schedule that has come down to 0. From there on, training takes time but changes no weight. */
  #lookAtSchedule(): void {
    const { layout, description } = this.#model;
    const { schedule } = description.optimizer;
    // A user's function may be 0 for a while on purpose.
    if (schedule?.spec === undefined || layout.double(PLAN_LEARNING_RATE) !== 0) return;
    const { name, ...options } = schedule.spec;
    const { steps, warmup = 0 } = options as { steps?: number; warmup?: number };
    const done = layout.double(PLAN_STEP);
    const [end, remedy] =
      steps === undefined
        ? ["", "change its numbers so that the rate stays above 0, or train for fewer epochs"]
        : [
            `, which ends after ${steps + warmup} steps,`,
            "give it more steps, or a min above 0, or train for fewer epochs",
          ];
    this.#tell(
      "WARN_SCHEDULE",
      `the schedule ${name}${end} has a learningRate of 0 at step ${done}: training changes nothing any more; ${remedy}`,
    );
  }

  /** Notes that a line search found no step that lowers the loss. */
  stalled(): void {
    if (this.#model.engine.dtype === "float64") return;
    this.#tell(
      "WARN_PRECISION",
      'no step lowers the loss any more: float32 may have too few digits here; dtype: "float64" may go further',
    );
  }

  /** Notes that the value that early stopping or the schedule watches is not a number. */
  unwatchable(monitor: string, epoch: number): void {
    const why = monitor.endsWith("rocAuc")
      ? "it needs rows of a class and rows of none, and there is one class only; give rows of both (validation data of their own, say)"
      : "an output or the loss is too large; scale inputs and targets";
    this.#tell(
      "WARN_MONITOR",
      `${monitor}, which is watched, is not a number (epoch ${epoch}), so epochs cannot be compared: ${why}, or watch another`,
    );
  }

  #lookAtLosses(losses: readonly number[], first: number): void {
    const { layout, description } = this.#model;
    const last = losses[losses.length - 1];
    // Guessing among so many classes has at most this loss, the logarithm of the next power of two.
    const { loss, outputs } = description;
    const guess = loss.targets === "probabilities" ? 0.6932 * (32 - Math.clz32(outputs - 1)) : first;
    const high = Math.min(first, guess);
    // A small loss may jump without harm.
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
    // A smaller rate does not help if the data is the cause, which was reported, or if no rate can be chosen.
    if (this.#unscaled.size > 0 || !hasRate(description.optimizer)) return;
    const rate = layout.double(PLAN_LEARNING_RATE);
    this.#tell(
      "WARN_LEARNING_RATE",
      `the loss ${rose ? "has gone up to" : "jumps up and down near"} ${short(last)}, so a learningRate of ${short(rate)} is ` +
        `too large; try ${short(rate / 10)}`,
    );
  }

  /** Compares the gradients of the biases of the first and the last layer (of the weights if there are no biases). */
  #lookAtGradients(): void {
    const { layout, description } = this.#model;
    const gradients = layout.gradients();
    const sizes = new Map<number, number>();
    let total = 0;
    for (const { layer, kind, start, length } of layout.tensors) {
      if (start >= layout.trainable) continue;
      // A batchNorm subtracts the biases below it again, so their gradients are 0.
      if (kind === "bias" && description.layers[layer + 1]?.kind === BATCH_NORM) continue;
      let squares = 0;
      for (let i = start; i < start + length; i++) squares += gradients[i] * gradients[i];
      sizes.set(layer, Math.sqrt(squares / length));
      total += squares;
    }
    if (sizes.size > 0 && total === 0) {
      this.#tell(
        "WARN_NO_CHANGE",
        `all gradients are 0, so nothing is learnt: units are dead or saturated from the start; ${this.#remedy()}`,
      );
      return;
    }
    const found = [...sizes];
    if (found.length < 2) return;
    const [[first, size], [last, other]] = [found[0], found[found.length - 1]];
    const ratio = size / other;
    const vanish = ratio < 1e-4;
    // Gradients of 0 are reported for units. A last layer without gradients gives nothing to compare with.
    if (!(ratio > 0 && ratio < Infinity) || (!vanish && !(ratio > 1e4))) return;
    const saturates = SATURATING.includes(description.layers[first].activation.name);
    const clips = hasRate(description.optimizer) ? ", clipNorm" : "";
    const [from, to] = [first, last].map((l) => `"${description.layers[l].name}"`);
    this.#tell(
      vanish ? "WARN_VANISHING_GRADIENTS" : "WARN_EXPLODING_GRADIENTS",
      `gradients in layer ${from} are ${short(ratio)} times those in layer ${to}: ` +
        (vanish
          ? `the first layers hardly learn; use ${saturates ? "relu, " : ""}fewer layers or larger first weights`
          : `the first layers are torn about; use smaller first weights${clips} or fewer layers`),
      { layer: description.layers[first].name },
    );
  }

  /** Passes some rows through the network, and counts hidden units whose output is the same for all of them. */
  #lookAtUnits(list: Uint32Array | number, isStuck: boolean): void {
    const { engine, layout, description } = this.#model;
    const { inputs, layers } = description;
    const suspects = layers.flatMap(({ activation: { name, range }, units }, i) => {
      const dying = DYING.includes(name);
      if (!dying && !(isStuck && i < layers.length - 1 && SATURATING.includes(name))) return [];
      const [low, high] = range as readonly [number, number];
      const margin = dying ? 0 : 0.005 * (high - low);
      return [{ i, dying, low: low + margin, high: dying ? Infinity : high - margin, free: new Uint8Array(units) }];
    });
    if (suspects.length === 0) return;
    const [block, rows] = gather(engine, this.#dataset, list, PROBE);
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
      const what = `${stuck} of ${units} ${activation.name} units of layer ${show(name)}`;
      if (dying) {
        const rate = hasRate(description.optimizer) ? "a smaller learningRate or " : "";
        const advice = this.#unscaled.size > 0 ? this.#remedy() : `${rate}leakyRelu keep${rate ? "" : "s"} units alive`;
        this.#tell("WARN_DEAD_UNITS", `${what} gave 0 for all of ${rows} rows and learn nothing; ${advice}`, {
          layer: name,
        });
      } else {
        this.#tell(
          "WARN_SATURATED_UNITS",
          `${what} are at an end of their range for all of ${rows} rows; ${this.#remedy()}`,
          { layer: name },
        );
      }
    }
  }

  /** Advice about units that do not learn. */
  #remedy(): string {
    const large = [...this.#unscaled].join(" and ");
    if (large === "") return "begin with smaller weights";
    return `scale the ${large} to about -1..1${this.#unscaled.has("targets") ? ", or take a Regressor" : ""}`;
  }
}

/** Says what may have made the loss infinite or NaN, and what to do about it. */
export function causesOf({ engine, layout, description }: Model, dataset: Dataset): Causes {
  const { inputs, outputs, layers, optimizer } = description;
  const { x, scale, t } = dataset.views();
  const causes: string[] = [];
  const large: string[] = [];
  const biggest = (columns: Column[]): Column => columns.reduce((a, b) => (b.size > a.size ? b : a), NOTHING);
  const { size, column } = biggest(survey(x, inputs, scale, PROBE));
  if (size > 10) {
    causes.push(`inputs reach ${short(size)} (column ${column})`);
    large.push("inputs");
  }
  const target = t ? biggest(survey(t, outputs, 1, PROBE)).size : 0;
  if (target > 10) {
    causes.push(`targets reach ${short(target)}`);
    large.push("targets");
  }
  const rows = layout.word(PLAN_ROWS);
  const i = layers.findIndex(
    ({ units }, l) => engine.core.firstNonFinite(layout.layerAddress(l, LAYER_Y), rows * units) >= 0,
  );
  if (i >= 0) causes.push(`layer ${show(layers[i].name)} was the first to give numbers that are not finite`);
  const rate = layout.double(PLAN_LEARNING_RATE);
  const advice = large.length > 0 ? [`scale ${large.join(" and ")} to about -1..1`] : [];
  if (hasRate(optimizer)) {
    const lower = short(Math.min(rate / 10, 0.01));
    advice.push(`try a learningRate of at most ${lower} (it was ${short(rate)})`);
  }
  if (advice.length === 0) advice.push('begin with smaller weights, or try optimizer "adam"');
  const text = advice.join(", and ");
  return [causes.length > 0 ? `: ${causes.join(", ")}` : "", text[0].toUpperCase() + text.slice(1)];
}

/** Whether a smaller learningRate makes an optimizer's steps smaller, and the user can choose it. */
function hasRate({ name, search }: Optimizer): boolean {
  return !search && !RATELESS.includes(name);
}

/** The cost of a look, in rows trained on. A forward pass is a third of training on a row. */
function cost(rows: number): number {
  return Math.min(rows, PROBE) / 3 + OVERHEAD;
}

/** 0, 1, … */
function range(count: number): number[] {
  const numbers: number[] = [];
  for (let k = 0; k < count; k++) numbers.push(k);
  return numbers;
}

/** Whether one column has the same number in all rows. */
function isConstant(values: FloatArray | Uint32Array | Uint8Array, columns: number, c: number): boolean {
  for (let at = c + columns; at < values.length; at += columns) if (values[at] !== values[c]) return false;
  return true;
}

/** Whether a column varies as the user gave it, in all its digits. */
function varies(source: Source | undefined, c: number): boolean {
  if (source === undefined) return false;
  const { data, rows, columns } = source;
  for (let row = 1; row < rows; row++) if (data[row * columns + c] !== data[c]) return true;
  return false;
}

/** Figures of a column, taken from some of its rows. */
interface Column {
  column: number;
  /** The largest absolute value. */
  size: number;
  mean: number;
  deviation: number;
  /** The root of the mean square. */
  rms: number;
}

const NOTHING: Column = { column: 0, size: 0, mean: 0, deviation: 0, rms: 0 };

/** Looks at about so many rows of each column, spread evenly over all. */
function survey(values: FloatArray | Uint8Array, columns: number, scale: number, most: number): Column[] {
  const rows = values.length / columns;
  const step = Math.max(1, Math.floor(rows / most));
  return range(columns).map((column) => {
    const found = { ...NOTHING, column };
    let squares = 0;
    let count = 0;
    for (let row = 0; row < rows; row += step) {
      const value = values[row * columns + column] * scale;
      found.size = Math.max(found.size, Math.abs(value));
      // Welford's sums, which lose no digits where the mean is large.
      const away = value - found.mean;
      found.mean += away / ++count;
      squares += away * (value - found.mean);
    }
    found.deviation = Math.sqrt(squares / count);
    found.rms = Math.sqrt(squares / count + found.mean * found.mean);
    return found;
  });
}

/** The rest of a list of columns, after its first item. */
function others({ length }: readonly number[]): string {
  return length > 1 ? ` (and so ${length - 1} more)` : "";
}

/** Formats a number with three digits. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Formats a number with all digits that float32 holds reliably. */
function exactly(value: number): string {
  return String(Number(value.toPrecision(7)));
}
