// Work of the core in pieces, for a page's own thread: the shares that several threads would take of a stage, one after the
// other, with turns of the event loop between. Each number is computed as it would be on several threads, so bits are the
// same.
import { PLAN_BATCHES, PLAN_STAGE, STAGE_GRADIENTS } from "../../assembly/plan.ts";
import type { Layout } from "../memory/layout.ts";
import { turn } from "./turns.ts";

/** The whole, of which shares are parts. */
const WHOLE = 65_536;

/** Milliseconds that a piece is to take. */
const PIECE = 5;

/** Operations of a first piece: what a slow machine does in that time. */
const FIRST = 8e6;

export class Pieces {
  readonly #layout: Layout;
  /** The address of the two words that say where a share begins and ends. */
  readonly #block: number;
  /** How large a share of each stage is to be. */
  readonly #sizes = new Map<number, number>();
  readonly #first: number;
  /** Calls the core, which stops at the next stage. */
  #call: () => number = () => 0;
  #stage = 0;
  #begin = 0;
  #isDone = true;
  #result = 0;
  #batches = 0;

  /** `operations`: those of all pieces together. */
  constructor(layout: Layout, operations: number) {
    this.#layout = layout;
    this.#block = layout.engine.allocate(16, "shares");
    this.#first = Math.max(1, Math.min(WHOLE, Math.floor((WHOLE * FIRST) / operations)));
    layout.attachments.add({ release: () => layout.engine.release(this.#block) });
  }

  /** Does what `call` does when it is called again after each stage; gives what it gave the last time. */
  *drive(call: () => number): Generator<Promise<void>, number> {
    this.#call = call;
    this.#isDone = false;
    this.#stage = 0;
    this.#batches = this.#layout.word(PLAN_BATCHES);
    let turned = performance.now();
    // Who uses the network meanwhile would write over what is half done.
    this.#layout.settleBy(() => this.finish());
    while (!this.#isDone) {
      this.#advance();
      if (this.#isDone || performance.now() - turned < PIECE) continue;
      yield turn();
      turned = performance.now();
    }
    this.#layout.settleBy(undefined);
    return this.#result;
  }

  /** Does all that is left at once. */
  finish(): void {
    while (!this.#isDone) this.#advance(WHOLE);
  }

  /** Leaves off: weights are those before the step, or after it where they have begun to change. */
  abandon(): void {
    this.#layout.settleBy(undefined);
    if (this.#isDone) return;
    if (this.#layout.word(PLAN_STAGE) > STAGE_GRADIENTS) return this.finish();
    this.#isDone = true;
    this.#layout.setWord(PLAN_STAGE, 0);
    this.#layout.setWord(PLAN_BATCHES, this.#batches);
  }

  /** A call of the core, or a share of the stage at which it stopped. */
  #advance(least = 0): void {
    const { engine, plan } = this.#layout;
    if (this.#stage === 0) {
      this.#result = this.#call();
      this.#stage = this.#layout.word(PLAN_STAGE);
      this.#begin = 0;
      this.#isDone = this.#stage === 0;
      return;
    }
    const size = this.#sizes.get(this.#stage) ?? this.#first;
    const end = Math.min(WHOLE, this.#begin + Math.max(size, least));
    engine.words(this.#block, 2).set([this.#begin, end]);
    const since = performance.now();
    engine.core.runShare(plan, this.#stage, 0, 2, this.#block);
    const took = performance.now() - since;
    if (least === 0) {
      const ideal = ((end - this.#begin) * PIECE) / Math.max(took, 0.01);
      this.#sizes.set(this.#stage, Math.max(1, Math.floor(Math.min(ideal, 3 * size))));
    }
    this.#begin = end;
    if (end === WHOLE) this.#stage = 0;
  }
}
