// What a worker does for the pages that train in it: makes a network of what was sent, trains it slice by slice, and tells
// how it goes. Several trainings may run side by side; they take turns.
import { describe } from "../description/description.ts";
import { PropagoError } from "../ground/errors.ts";
import { Part } from "../ground/parts.ts";
import { Model } from "../memory/model.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { Data } from "../data/data.ts";
import { Loop } from "../training/loop.ts";
import type { FitOptions } from "../training/options.ts";
import type { Change } from "../training/parts.ts";
import { SLICE, turn } from "../training/turns.ts";
import { Warnings } from "../training/warnings.ts";
import { changeLater } from "./changes.ts";
import { type Answer, BEAT, type Failure, type Order, REPORT, SPOKEN, isOurs } from "./messages.ts";
import { Assembly } from "./pieces.ts";
import { Gathering } from "./reporting.ts";
import { buffersOf, standingOf, takeStanding, weightsOf } from "./standing.ts";

/** Sends an answer, and gives away the memory that is named. */
export type Tell = (answer: Answer, transfer?: ArrayBufferLike[]) => void;

type Say<A> = A extends { propago: unknown } ? Omit<A, "propago" | "run"> : never;

/** Milliseconds after which weights go along with a report, so that not much is lost with a worker. */
const SAFETY = 2000;

/** Trains for whoever sends orders; gives what takes them. */
export function serve(tell: Tell): (message: unknown) => void {
  const runs = new Map<number, Run>();
  let beat: ReturnType<typeof setInterval> | undefined;
  const over = (run: number): void => {
    runs.delete(run);
    if (runs.size > 0) return;
    clearInterval(beat);
    beat = undefined;
  };
  return (message) => {
    if (!isOurs(message)) return;
    const order = message as Order;
    const { run } = order;
    if (order.kind === "hello") tell({ propago: SPOKEN, run, kind: "hello" });
    if (order.kind === "open") {
      runs.set(
        run,
        new Run(
          order,
          (answer, transfer) => tell({ propago: SPOKEN, run, ...answer }, transfer),
          () => over(run),
        ),
      );
      beat ??= setInterval(() => tell({ propago: SPOKEN, run: -1, kind: "beat" }), BEAT);
    } else runs.get(run)?.take(order);
  };
}

/** One training. */
class Run {
  readonly #open: Order & { kind: "open" };
  readonly #say: (answer: Say<Answer>, transfer?: ArrayBufferLike[]) => void;
  readonly #over: () => void;
  readonly #assembly: Assembly;
  readonly #warnings = new Warnings();
  #model: Model | undefined;
  #loop: Loop | undefined;
  #gathering: Gathering | undefined;
  /** Whether each report is waited at, and whether the last one was answered. */
  #isWatched: boolean;
  #isAnswered = true;
  #told = performance.now();
  #saved = performance.now();
  #isGoing = false;
  /** While a slice is under way, which several threads may share. */
  #isWorking = false;
  #isStopped = false;
  /** What was asked for before there was a network. */
  readonly #early: (() => void)[] = [];
  #resume: (() => void) | undefined;

  constructor(
    open: Order & { kind: "open" },
    say: (answer: Say<Answer>, transfer?: ArrayBufferLike[]) => void,
    over: () => void,
  ) {
    this.#open = open;
    this.#say = say;
    this.#over = over;
    this.#isWatched = open.isWatched;
    this.#assembly = new Assembly({ data: open.data, options: open.options });
  }

  take(order: Order): void {
    switch (order.kind) {
      case "piece":
        this.#assembly.add(order.place, order.at, order.piece);
        break;
      case "go":
        this.#isGoing = true;
        void this.#train();
        break;
      case "watch":
        this.#isWatched = true;
        this.#loop?.stopAtEpochs();
        break;
      case "next":
        this.#isAnswered = true;
        this.#wake();
        break;
      case "want":
        this.#answer(order.id, () => {
          const { params, epoch } = weightsOf(this.#model as Model);
          this.#say({ kind: "weights", id: order.id, params, epoch }, [params.buffer]);
        });
        break;
      case "change":
        this.#answer(order.id, () => this.#change(order.id, order.values));
        break;
      case "stop":
        this.#isStopped = true;
        if (!this.#isGoing) this.#over();
        this.#wake();
        break;
      default:
    }
  }

  #wake(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  /** Does what was asked for, or says why not. */
  #answer(id: number, work: () => void): void {
    if (this.#loop === undefined) {
      this.#early.push(() => this.#answer(id, work));
      return;
    }
    try {
      work();
    } catch (error) {
      this.#say({ kind: "refused", id, failure: failureOf(error) });
    }
  }

  #change(id: number, values: Change): void {
    const tell = (epoch: number): void => this.#say({ kind: "changed", id, epoch });
    const refuse = (error: unknown): void => this.#say({ kind: "refused", id, failure: failureOf(error) });
    changeLater(this.#model as Model, this.#loop as Loop, this.#isWorking, values, tell, refuse);
  }

  async #train(): Promise<void> {
    try {
      await this.#begin();
      await this.#drive();
      this.#end();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#model?.dispose();
      this.#over();
    }
  }

  /** Makes the network, and the loop over its epochs. */
  async #begin(): Promise<void> {
    const { parts, spec, build, standing } = this.#open;
    await Promise.all(parts.map((name) => new Part(name).load()));
    const model = new Model(describe({ ...spec, build }), true);
    this.#model = model;
    takeStanding(model, this.#warnings, standing);
    const { data, options } = this.#assembly.whole as { data: Data; options: FitOptions };
    const loop = new Loop(model, this.#warnings, data, options, false);
    this.#loop = loop;
    if (this.#isWatched) loop.stopAtEpochs();
    this.#gathering = new Gathering(loop.epochs);
    for (const work of this.#early.splice(0)) work();
    this.#say({ kind: "begun", rows: loop.epochs.rows });
  }

  async #drive(): Promise<void> {
    const loop = this.#loop as Loop;
    const gathering = this.#gathering as Gathering;
    const slices = loop.run();
    let turned = performance.now();
    for (;;) {
      if (this.#isStopped) return loop.abandon();
      const count = loop.epochs.count;
      this.#isWorking = true;
      const { done, value } = slices.next();
      if (loop.epochs.count > count) gathering.look();
      if (done) return;
      if (value instanceof Promise) await value;
      this.#isWorking = false;
      await this.#report();
      if (performance.now() - turned < SLICE && !(value instanceof Promise)) continue;
      await turn();
      turned = performance.now();
    }
  }

  /** Tells of new epochs, if it is time and the last report was answered; waits for the answer where somebody watches. */
  async #report(): Promise<void> {
    const gathering = this.#gathering as Gathering;
    const now = performance.now();
    if (gathering.count === 0 || !this.#isAnswered || now - this.#told < REPORT) return;
    this.#told = now;
    this.#isAnswered = false;
    const isSaved = this.#isWatched || now - this.#saved > SAFETY;
    const { params, epoch } = isSaved ? weightsOf(this.#model as Model) : { params: undefined, epoch: 0 };
    const columns = gathering.take();
    this.#say({ kind: "report", columns, params, epoch }, transfers(columns.records, params));
    if (isSaved) this.#saved = performance.now();
    if (!this.#isWatched) return;
    if (!this.#isStopped) await new Promise<void>((resolve) => (this.#resume = resolve));
    // Copying large weights shall take no more than a tenth of the time.
    this.#told += 9 * Math.max(0, this.#saved - now);
  }

  #end(): void {
    const loop = this.#loop as Loop;
    const { history } = loop;
    const standing = standingOf(this.#model as Model, this.#warnings);
    const columns = (this.#gathering as Gathering).take();
    this.#say(
      {
        kind: "end",
        columns,
        standing,
        stopped: history.stopped,
        best: history.best?.epoch,
        warnings: history.warnings,
      },
      [...transfers(columns.records), ...buffersOf(standing)],
    );
  }

  #fail(error: unknown): void {
    const standing = this.#model && this.#loop && standingOf(this.#model, this.#warnings);
    this.#say({ kind: "failed", columns: this.#gathering?.take(), standing, failure: failureOf(error) });
  }
}

function transfers(records: Float64Array, params?: FloatArray): ArrayBufferLike[] {
  return params === undefined ? [records.buffer] : [records.buffer, params.buffer];
}

/** An error as it can be sent. */
function failureOf(error: unknown): Failure {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack, ...(error instanceof PropagoError ? { code: error.code } : {}) };
}
