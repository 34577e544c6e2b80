// A method at work: iteration after iteration, in slices. One iteration is one epoch.
import { DIVERGED, PLAN_BATCH_LOSS, PLAN_LEARNING_RATE, PLAN_STATUS } from "../../assembly/plan.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { Layout } from "../memory/layout.ts";
import { METHODS, type Method, type Outcome } from "./methods.ts";
import { Terrain } from "./terrain.ts";

/**
 * A search ends after so many iterations in which neither the loss falls by more than rounding nor the gradient becomes half
 * as long. At a minimum, steps would go on between neighbouring numbers, above all in float32.
 */
const PATIENCE = 20;

/** A method at work on the rows of one call, iteration by iteration. */
export class Search {
  outcome: Outcome = "moved";
  /** Passes over all rows that the last iteration took. */
  evaluations = 0;
  readonly #terrain: Terrain;
  readonly #layout: Layout;
  readonly #method: Method;
  readonly #options: Readonly<Record<string, number>>;
  #iteration: Generator<void, Outcome> | undefined;
  #hasBegun = false;
  /** The lowest height and the shortest gradient so far, and the iterations since either was found. */
  readonly best = { height: Infinity, norm: Infinity, age: 0 };
  /** Whether it goes on from a checkpoint. */
  readonly #isResumed: boolean;

  /** `kept`: where a search stood that goes on. */
  constructor(
    description: NetworkDescription,
    layout: Layout,
    data: number,
    rows: number,
    kept?: { height: number; norm: number; age: number },
  ) {
    this.#isResumed = kept !== undefined;
    Object.assign(this.best, kept);
    this.#method = METHODS[description.optimizer.name as keyof typeof METHODS];
    this.#options = description.optimizer.options;
    this.#layout = layout;
    this.#terrain = new Terrain(description, layout, data, rows);
  }

  /** Whether an iteration has begun and is not complete: the optimizer's memory is then of no use to go on from. */
  get isBetween(): boolean {
    return this.#iteration !== undefined;
  }

  /** Works for about so many milliseconds, at least for one slice; true once an iteration is complete. */
  advance(milliseconds: number): boolean {
    const end = performance.now() + milliseconds;
    this.#iteration ??= this.#iterate();
    do {
      const { done, value } = this.#iteration.next();
      if (!done) continue;
      this.#iteration = undefined;
      this.outcome = value;
      this.evaluations = this.#terrain.evaluations;
      this.#terrain.evaluations = 0;
      return true;
    } while (performance.now() < end);
    return false;
  }

  release(): void {
    this.#terrain.release();
  }

  /** One iteration; leaves the loss before it at PLAN_BATCH_LOSS, and the tally of the weights that it ends with. */
  *#iterate(): Generator<void, Outcome> {
    const terrain = this.#terrain;
    const layout = this.#layout;
    const { tolerance } = this.#options;
    if (!this.#hasBegun) yield* terrain.begin();
    // Who goes on from a checkpoint looks once more at what was counted before it.
    if (!this.#hasBegun && this.#isResumed) terrain.evaluations = 0;
    this.#hasBegun = true;
    const { loss } = terrain;
    layout.setDouble(PLAN_BATCH_LOSS, loss);
    layout.setDouble(PLAN_LEARNING_RATE, 0);
    if (!Number.isFinite(terrain.height + terrain.norm)) {
      layout.setWord(PLAN_STATUS, DIVERGED);
      return "stalled";
    }
    let outcome: Outcome = "converged";
    if (terrain.norm > tolerance) {
      outcome = yield* this.#method(terrain, this.#options, layout.memory);
      // What was looked at last lies elsewhere.
      if (outcome === "stalled") yield* terrain.begin();
    }
    layout.setDouble(PLAN_BATCH_LOSS, loss);
    layout.countUpdate();
    if (terrain.norm <= tolerance) return "converged";
    return this.#isStill() ? "stalled" : outcome;
  }

  /** Whether iterations have led nowhere for long. */
  #isStill(): boolean {
    const best = this.best;
    const { height, norm, noise } = this.#terrain;
    const isLower = height < best.height - noise / 4;
    const isFlatter = norm < best.norm / 2;
    best.age = isLower || isFlatter ? 0 : best.age + 1;
    if (isLower) best.height = height;
    if (isFlatter) best.norm = norm;
    return best.age >= PATIENCE;
  }
}
