// Who makes the steps of a training: its caller's thread, or a team of workers. Bits do not depend on it, so the clock may
// decide.
import { PLAN_KEPT, PLAN_METRIC, PLAN_STEPS_DONE } from "../../assembly/plan.ts";
import type { Model } from "../memory/model.ts";
import { threadsMissing, usefulThreads } from "../threads/machine.ts";
import { CHUNK, type TrainingWork, isLong, isTooSmall } from "../threads/sharing.ts";
import { type Team, teamOf } from "../threads/team.ts";
import type { Rows } from "../memory/samples.ts";
import type { Evaluation, Metrics } from "../tables/metrics.ts";
import { restoreGood } from "./divergence.ts";
import { measuring } from "./measure.ts";
import { Pieces } from "./pieces.ts";
import { turn } from "./turns.ts";

/** How many slices this thread works alone after workers were slower: the first time, and at most. */
const SHORTEST_REST = 8;
const LONGEST_REST = 256;

/** Numbers of samples that are copied in between two turns. */
const LATE_NUMBERS = 2 ** 18;

export class Crew {
  /** How many threads are to share the steps. */
  readonly threads: number;
  readonly #model: Model;
  readonly #work: TrainingWork;
  /** How many milliseconds a step took when this thread last made steps by itself. */
  #alone = Infinity;
  /** For how many more slices workers are left idle, and for how many they were the last time. */
  #rest = 0;
  #longest = SHORTEST_REST;
  /** Slices in sequence that workers made more slowly: a single one may be chance. */
  #slow = 0;
  /** Slices that workers made faster. */
  #shared = 0;
  /** The team that makes the steps of the slice under way. */
  #busy: Team | undefined;
  /** The team that made the last steps that were shared. */
  #last: Team | undefined;
  /** Who makes steps, and looks at rows held back, piece by piece, where they take long and a page waits. */
  readonly #steps: Pieces | undefined;
  readonly #looks: Pieces | undefined;
  #judging: Generator<Promise<void>, Evaluation> | undefined;

  /** For a training that should have several threads. */
  constructor(model: Model, work: TrainingWork) {
    this.#model = model;
    this.#work = work;
    const most = work.asked === "auto" ? Math.min(usefulThreads(), work.rows >> 2) : work.asked;
    const hasLongSteps = isLong({ ...work, judging: 0 });
    const isWorthy = work.isShared || (hasLongSteps && work.asked === "auto");
    this.threads = isWorthy && threadsMissing(work.engine) === undefined ? Math.max(1, most) : 1;
    if (!isLong(work)) return;
    this.#steps = hasLongSteps ? new Pieces(model.layout, work.operations) : undefined;
    this.#looks = new Pieces(model.layout, 2 * model.layout.parameters * CHUNK);
  }

  /**
   * Copies samples in that have waited for it, with turns between. Then waits for workers that were asked for by number, and gives the reason why there are none. Where the choice is free,
   * training begins without them.
   */
  *gather(): Generator<Promise<void>, string | undefined> {
    const { asked, engine, isSync, search, late } = this.#work;
    for (const { rows, columns, copy } of late ?? []) {
      const step = Math.ceil(LATE_NUMBERS / columns);
      for (let first = 0; first < rows; first += step) {
        copy(first, Math.min(step, rows - first));
        yield turn();
      }
    }
    if (search !== undefined) return asked === "auto" || asked === 1 ? undefined : `${search} works on one`;
    if (asked === "auto") return undefined;
    const team = this.threads > 1 ? teamOf(engine, this.threads) : undefined;
    if (isSync) team?.waitUntilReady();
    else if (team !== undefined) yield team.untilReady();
    return team?.isReady ? undefined : threadsMissing(engine);
  }

  /** Makes at most so many steps, and completes at most so many epochs; gives the number of epochs completed. */
  *train(data: number, steps: number, epochs: number): Generator<Promise<void>, number> {
    const { layout, engine } = this.#model;
    const isFree = this.#work.asked === "auto";
    const isShared = !(isFree && (this.#alone === Infinity || this.#rest-- > 0));
    if (this.threads === 1) return yield* this.#here(data, steps, epochs);
    this.#checkLost();
    // Started in time, also where the first steps are made here.
    const team = teamOf(engine, this.threads);
    const called = performance.now();
    const pace = (): number => (performance.now() - called) / Math.max(1, layout.word(PLAN_STEPS_DONE));
    if (!isShared || !team?.isReady || team.isBusy) {
      const completed = yield* this.#here(data, steps, epochs);
      this.#alone = pace();
      return completed;
    }
    this.#model.lastThreads = this.threads;
    const completed = yield* this.#by(team, data, steps, epochs);
    this.#compare(pace(), isFree);
    return completed;
  }

  /** Loss and metrics of the rows held back, where that is to be done piece by piece. */
  *judge(rows: Rows | undefined, metrics: Metrics): Generator<Promise<void>, Evaluation | undefined> {
    const looks = this.#looks;
    if (looks === undefined || rows === undefined) return undefined;
    const { layout, engine } = this.#model;
    const { core } = engine;
    const metric = layout.word(PLAN_METRIC);
    const kept = layout.word(PLAN_KEPT);
    this.#judging = measuring(this.#model, rows, metrics, (plan) =>
      looks.drive(() => {
        core.evaluate(plan, rows.address, 0);
        return 0;
      }),
    );
    const judged = yield* this.#judging;
    // What a running epoch counts.
    layout.setWord(PLAN_METRIC, metric);
    layout.setWord(PLAN_KEPT, kept);
    return judged;
  }

  /** Steps by this thread. */
  *#here(data: number, steps: number, epochs: number): Generator<Promise<void>, number> {
    const { layout, engine } = this.#model;
    const { core } = engine;
    const { plan } = layout;
    if (this.#steps === undefined) return core.train(plan, data, steps, epochs, 1);
    return yield* this.#steps.drive(() => core.train(plan, data, 1, 1, 0));
  }

  /** Waits for workers that are still at work, where nobody will take their result. */
  abandon(): void {
    this.#steps?.abandon();
    this.#looks?.abandon();
    this.#judging?.return(undefined as never);
    if (this.#busy !== undefined) this.#land(this.#busy);
  }

  /** Notes how long a step took the workers: those who are slower than this thread alone rest for a while. */
  #compare(pace: number, isFree: boolean): void {
    if (pace < this.#alone) {
      this.#longest = SHORTEST_REST;
      this.#slow = 0;
      // Now and then this thread makes a slice alone, to compare: when it made its first one, its code was not compiled to the end.
      if (isFree && this.#shared++ % 64 === 8) this.#rest = 1;
    } else if (++this.#slow > 1) {
      this.#rest = this.#longest = Math.min(2 * this.#longest, LONGEST_REST);
      this.#slow = 0;
    }
  }

  /** Steps by a team; this thread is one of its workers where its caller blocks anyway. */
  *#by(team: Team, data: number, steps: number, epochs: number): Generator<Promise<void>, number> {
    const { layout, engine } = this.#model;
    const { plan } = layout;
    const { threads } = this;
    // A worker that needs longer for a step is taken for lost: this is a hundredth of the usual speed.
    const slowest = this.#work.operations / 2e5;
    this.#last = team;
    if (this.#work.isSync) {
      const { train } = engine.core;
      return this.#safely(() => team.lead(threads, slowest, () => train(plan, data, steps, epochs, threads)));
    }
    team.begin(plan, data, steps, epochs, isTooSmall(engine, this.#work.operations) ? 1 : threads, slowest);
    this.#busy = team;
    layout.settleBy(() => team.settle());
    yield team.done();
    return this.#land(team);
  }

  /** Takes the result of the workers' slice. */
  #land(team: Team): number {
    this.#busy = undefined;
    this.#model.layout.settleBy(undefined);
    return this.#safely(() => team.finish());
  }

  /** A worker may be lost while this thread does without it, too. */
  #checkLost(): void {
    const lost = this.#last?.lost;
    if (lost === undefined) return;
    this.#safely(() => {
      throw lost;
    });
  }

  /** Does what fails only where a worker is lost; then the last good weights come back. */
  #safely<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      restoreGood(this.#model.layout);
      (error as Error).message += ". The last epoch's weights are back, and the optimizer starts anew";
      throw error;
    }
  }
}
