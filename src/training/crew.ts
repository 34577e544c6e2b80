// Who makes the steps of a training: its caller's thread, or a team of workers. Bits do not depend on it, so the clock may
// decide.
import { PLAN_STEPS_DONE } from "../../assembly/plan.ts";
import type { Model } from "../memory/model.ts";
import { type TrainingWork, teamOf, threadsMissingFor, threadsOfTraining, isTooSmall } from "../threads/sharing.ts";
import type { Team } from "../threads/team.ts";
import { restoreGood } from "./divergence.ts";
import type { Warnings } from "./warnings.ts";

/** How many slices this thread works alone after workers were slower: the first time, and at most. */
const SHORTEST_REST = 8;
const LONGEST_REST = 256;

export class Crew {
  /** How many threads are to share the steps. */
  readonly threads: number;
  readonly #model: Model;
  readonly #work: TrainingWork;
  readonly #warnings: Warnings;
  /** Milliseconds of a step that this thread made by itself, the last time. */
  #alone = Infinity;
  /** For how many more slices workers rest, and for how many they did the last time. */
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

  constructor(model: Model, work: TrainingWork, warnings: Warnings) {
    this.#model = model;
    this.#work = work;
    this.#warnings = warnings;
    this.threads = threadsOfTraining(work);
    if (this.threads === 1) this.#tellMissing();
  }

  /** Waits for workers that were asked for by number. Where the choice is free, training begins without them. */
  *gather(): Generator<Promise<void>, void> {
    if (this.threads === 1 || this.#work.asked === "auto") return;
    const team = teamOf(this.#work.engine, this.threads);
    if (this.#work.isSync) team?.waitUntilReady();
    else if (team !== undefined) yield team.untilReady();
    if (!team?.isReady) this.#tellMissing();
  }

  /** Makes at most so many steps, and completes at most so many epochs; gives the number of epochs completed. */
  *train(data: number, steps: number, epochs: number): Generator<Promise<void>, number> {
    const { layout, engine } = this.#model;
    if (this.threads === 1) return engine.core.train(layout.plan, data, steps, epochs, 1);
    const isFree = this.#work.asked === "auto";
    const isShared = !(isFree && (this.#alone === Infinity || this.#rest-- > 0));
    this.#checkLost();
    // Started in time, also where the first steps are made here.
    const team = teamOf(engine, this.threads);
    const called = performance.now();
    const pace = (): number => (performance.now() - called) / Math.max(1, layout.word(PLAN_STEPS_DONE));
    if (!isShared || !team?.isReady || team.isBusy) {
      const completed = engine.core.train(layout.plan, data, steps, epochs, 1);
      this.#alone = pace();
      return completed;
    }
    this.#model.lastThreads = this.threads;
    const completed = yield* this.#by(team, data, steps, epochs);
    this.#compare(pace(), isFree);
    return completed;
  }

  /** Waits for workers that are still at work, where nobody will take their result. */
  abandon(): void {
    if (this.#busy !== undefined) this.#land(this.#busy);
  }

  /** Notes how long a step took the workers: those who are slower than this thread alone rest for a while. */
  #compare(pace: number, isFree: boolean): void {
    if (pace < this.#alone) {
      this.#longest = SHORTEST_REST;
      this.#slow = 0;
      // Now and then this thread makes a slice alone, to compare: its first one was slowed down by compilers.
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
    // At a hundredth of the usual speed.
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

  /** Tells who asked for several threads by number that there is one, unless its steps are small anyway. */
  #tellMissing(): void {
    const { asked, isSync, search, operations } = this.#work;
    if (
      asked === "auto" ||
      asked === 1 ||
      (isSync && search === undefined && isTooSmall(this.#model.engine, operations))
    )
      return;
    const missing = threadsMissingFor(this.#work);
    if (missing === undefined) return;
    this.#warnings.tell("WARN_THREADS", `threads: ${asked} has no effect: ${missing}`);
  }
}
