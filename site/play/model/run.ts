// One run in the plane: the data, the network, and the epochs so far. A run is a function of the set-up and of the
// changes at the ends of its epochs, so a link with both gives the same bits anywhere. It knows no page: the tests run
// the same in Node.
import { Network, type FitOptions, type NetworkJSON, type NetworkOptions } from "propago";
import { makeData, type PlaneData } from "./data.ts";
import { changed, describe, lossOf, needsComplete, setOne, takesAllRows, targetsOf, SEARCHES } from "./network.ts";
import { numbersOf, type Change, type Setup } from "./setup.ts";

/** What the charts and the line of figures show. */
export interface Figures {
  epoch: number;
  trainLoss: number;
  testLoss: number;
  /** Accuracy, or r² in a regression. */
  trainScore: number;
  testScore: number;
}

interface Sample {
  x: Float32Array;
  y: Float32Array | Int32Array;
}

export interface RunOptions {
  changes?: readonly Change[];
  /** Where `fit` works, as it takes it; in the caller's own thread where there is none. */
  worker?: FitOptions["worker"];
}

export class Run {
  /** As changes have left it. */
  setup: Setup;
  /** As the run began: what a link holds. */
  readonly first: Setup;
  readonly data: PlaneData;
  readonly loss: string;
  network: Network;
  epoch = 0;
  /** What happened so far. */
  readonly changes: Change[] = [];
  /** What a link says will happen. */
  #coming: Change[];
  /** Why it cannot go on, or nothing. */
  ended: string | undefined;
  /** Rows a second in the last call of `fit`. */
  samplesPerSecond = 0;
  /** A worker was lost in the last call of `advance`, which did not train. */
  lost: string | undefined;
  worker: FitOptions["worker"];
  readonly #train: Sample;
  readonly #test: Sample;

  private constructor(setup: Setup, { changes = [], worker }: RunOptions) {
    this.setup = this.first = setup;
    this.data = makeData(setup);
    this.loss = lossOf(setup, this.data.task);
    this.#coming = [...changes];
    this.worker = worker;
    this.network = new Network(describe(setup, this.data));
    const { task, classes, train, test } = this.data;
    this.#train = { x: train.x, y: targetsOf(train.target, task, classes, this.loss) };
    this.#test = { x: test.x, y: targetsOf(test.target, task, classes, this.loss) };
    if (setup.weights !== "") setAll(this.network, setup.weights);
    this.#applyComing();
  }

  /** @throws PropagoError where no network can be made of it. */
  static async begin(setup: Setup, options: RunOptions = {}): Promise<Run> {
    const data = setup.data === "own" || setup.data === "formula" ? makeData(setup).task : undefined;
    const tasks = data === undefined ? (["two", "several", "numbers"] as const) : [data];
    const losses = tasks.map((task) => lossOf(setup, task));
    if (losses.some((loss) => needsComplete(setup, loss))) await import("propago/complete");
    if (SEARCHES.includes(setup.optimizer)) await import("propago/search");
    return new Run(setup, options);
  }

  /** Whether there is something to learn from. */
  get isEmpty(): boolean {
    return this.data.train.count === 0;
  }

  /** Trains for so many epochs, and makes the changes that a link has for them on the way. */
  async advance(epochs: number): Promise<void> {
    let left = epochs;
    this.lost = undefined;
    while (left > 0 && this.ended === undefined && this.lost === undefined && !this.isEmpty) {
      const next = this.#coming[0]?.at ?? Infinity;
      const some = Math.min(left, Math.max(1, next - this.epoch));
      await this.#fit(some);
      left -= some;
      await this.#applyState();
    }
  }

  async #fit(epochs: number): Promise<void> {
    const batchSize = takesAllRows(this.setup.optimizer) ? "full" : Math.min(this.setup.batch, this.data.train.count);
    const { worker } = this;
    try {
      const history = await this.network.fit(this.#train, {
        epochs,
        batchSize,
        metrics: [],
        ...(worker === undefined ? {} : { worker }),
      });
      const last = history.epochs.at(-1);
      this.epoch += history.epochs.length === 0 ? 0 : epochs;
      if (last !== undefined) this.samplesPerSecond = last.samplesPerSecond;
      if (history.stopped === "converged") this.ended = "It has converged: the gradient is zero.";
      if (history.stopped === "stalled") this.ended = "It has stalled: no step along the line helps.";
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      if ((error as { code?: unknown }).code === "ERR_WORKER") this.lost = sentence;
      else this.ended = sentence;
    }
  }

  /** A change now, at the end of this epoch; it is kept for the link. */
  async change(change: Omit<Change, "at"> & { what: string }): Promise<void> {
    this.#coming = [];
    await this.#make({ ...change, at: this.epoch } as Change);
  }

  #applyComing(): void {
    while (this.#coming.length > 0 && this.#coming[0].at <= 0) this.#makeSync(this.#coming.shift()!);
  }

  async #applyState(): Promise<void> {
    while (this.#coming.length > 0 && this.#coming[0].at <= this.epoch) await this.#make(this.#coming.shift()!);
  }

  async #make(change: Change): Promise<void> {
    if (change.what !== "weight" && change.what !== "bias" && change.what !== "batch") await import("propago/state");
    this.#makeSync(change);
  }

  #makeSync(change: Change): void {
    const last = this.changes.at(-1);
    // Of several changes of the same thing within an epoch only the last counts.
    if (last !== undefined && last.at === change.at && sameThing(last, change)) this.changes.pop();
    this.changes.push(change);
    if (change.what === "weight" || change.what === "bias") {
      setOne(this.network, change);
      return;
    }
    this.setup = changed(this.setup, change);
    if (change.what === "batch") return;
    const now = this.epoch === 0 ? undefined : this.network.toJSON({ state: true });
    const next = describe(this.setup, this.data);
    const old = this.network;
    this.network = now === undefined ? new Network(next) : Network.fromJSON(withOptions(now, next));
    if (now === undefined) this.network.setWeights(old.getWeights());
    old.dispose();
  }

  evaluate(): Figures {
    const score = ({ accuracy, r2 }: { loss: number; accuracy?: number; r2?: number }) => accuracy ?? r2 ?? NaN;
    const metrics = this.data.task === "numbers" ? (["r2"] as const) : (["accuracy"] as const);
    const nothing = { loss: NaN };
    const train = this.isEmpty ? nothing : this.network.evaluate(this.#train, { metrics });
    const test = this.data.test.count === 0 ? nothing : this.network.evaluate(this.#test, { metrics });
    return {
      epoch: this.epoch,
      trainLoss: train.loss,
      testLoss: test.loss,
      trainScore: score(train),
      testScore: score(test),
    };
  }

  /** Counts of held-back rows by class (rows) and answer (columns). */
  confusion(): number[][] {
    const { task, classes, test } = this.data;
    if (task === "numbers" || test.count === 0) return [];
    const counts = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
    const outputs = this.network.predict(test.x);
    test.target.forEach((t, row) => counts[t][this.classOf(outputs, row)]++);
    return counts;
  }

  /** The class that outputs say, for one row of them. */
  classOf(outputs: ArrayLike<number>, row: number): number {
    const { task, classes } = this.data;
    if (task === "two") return outputs[row] > (this.loss.endsWith("inge") ? 0 : 0.5) ? 1 : 0;
    let best = 0;
    for (let k = 1; k < classes; k++) if (outputs[row * classes + k] > outputs[row * classes + best]) best = k;
    return best;
  }

  dispose(): void {
    this.network.dispose();
  }
}

/** First weights of a link, where they are as many as the network has. */
function setAll(network: Network, text: string): void {
  const numbers = numbersOf(text);
  if (numbers === undefined || numbers.length !== network.parameterCount) return;
  const layers = network.getWeights();
  let at = 0;
  for (const { weights, bias } of layers) {
    for (const list of [weights, bias!]) {
      list.set(numbers.subarray(at, at + list.length));
      at += list.length;
    }
  }
  network.setWeights(layers);
}

/** All weights, layer by layer, each with its biases behind it. */
export function allOf(network: Network): Float32Array {
  const numbers = new Float32Array(network.parameterCount);
  let at = 0;
  for (const { weights, bias } of network.getWeights()) {
    numbers.set(weights, at);
    numbers.set(bias!, at + weights.length);
    at += weights.length + bias!.length;
  }
  return numbers;
}

function sameThing(one: Change, other: Change): boolean {
  const key = ({ at: _at, value: _value, ...rest }: Change) => JSON.stringify(rest);
  return key(one) === key(other);
}

/** The saved network with other options, as far as they leave its shape alone. */
function withOptions(json: NetworkJSON, { layers, optimizer, l1, l2 }: NetworkOptions): unknown {
  return { ...json, layers, optimizer, l1, l2 };
}
