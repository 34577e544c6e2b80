// A network from within: its description, the engine that computes it, and where its numbers lie in memory. Whoever trains
// it, measures it or looks inside works with this; `Network` is what users see of it.
import { type Engine, engineFor } from "../core/engine.ts";
import type { NetworkDescription } from "../description/description.ts";
import { PropagoError } from "../ground/errors.ts";
import { Part } from "../ground/parts.ts";
import { drawFirstWeights, wantsData } from "./first-weights.ts";
import type { scaleTo, scaleToData } from "./lsuv.ts";
import { Layout } from "./layout.ts";
import type { Dataset } from "./samples.ts";

/** Who scales first weights to data. */
export interface ScalingToData {
  scaleToData: typeof scaleToData;
  scaleTo: typeof scaleTo;
}

export const SCALING = new Part<ScalingToData>("complete");

/** Gives back the memory of models that nobody can reach any more. */
const forgotten = new FinalizationRegistry<Layout>((layout) => {
  for (const attachment of layout.attachments) attachment.release();
  layout.release();
});

export class Model {
  readonly description: NetworkDescription;
  readonly engine: Engine;
  readonly layout: Layout;
  /** How many threads shared the last training. */
  lastThreads = 1;
  /** Whether the first weights of some layers still wait for data to be scaled to. */
  isUnscaled: boolean;
  /** Whether it was read from JSON without the state of its training, so that schedules begin anew. */
  isBegunAnew = false;
  /** The training under way, and who goes on with one that a checkpoint was made of: see src/keeping/. */
  loop: object | undefined;
  resumed: ((loop: object) => void) | undefined;
  #isDisposed = false;

  /** Takes up memory and draws first weights, unless it is to stay blank: then they are 0. */
  constructor(description: NetworkDescription, isBlank = false) {
    this.description = description;
    this.engine = engineFor(description);
    this.layout = new Layout(this.engine, description);
    try {
      if (!isBlank) drawFirstWeights(this.layout, description);
    } catch (error) {
      this.layout.release();
      throw error;
    }
    this.isUnscaled = wantsData(description);
    forgotten.register(this, this.layout, this);
  }

  /**
   * Called before each use: where workers are computing with this model's memory, it waits until they are done.
   * @throws PropagoError ERR_DISPOSED after `dispose`.
   */
  checkUsable(): void {
    if (this.#isDisposed) throw new PropagoError("ERR_DISPOSED", "this network was disposed; make a new one");
    this.layout.settle();
  }

  /**
   * Keeps other trainings away, and the model's blocks where they are.
   * @throws PropagoError ERR_BUSY where a training is under way.
   */
  lock(): void {
    this.checkUsable();
    if (this.layout.isBusy) {
      throw new PropagoError("ERR_BUSY", "fit() is already running on this network; await it, or abort it first");
    }
    this.layout.pin();
  }

  unlock(): void {
    this.layout.unpin();
  }

  /** Scales first weights to samples, to these rows of them or the first so many, if layers still wait for that. */
  scaleFirstWeights(dataset: Dataset, rows: Uint32Array | number): void {
    if (this.isUnscaled) this.scaleToData(dataset, rows);
  }

  /** The same, whether they wait for that or not. */
  scaleToData(dataset: Dataset, rows: Uint32Array | number): void {
    SCALING.need('init "lsuv"').scaleToData(this.layout, this.description, dataset, rows);
    this.isUnscaled = false;
  }

  /** Gives all memory back. */
  dispose(): void {
    if (this.#isDisposed) return;
    if (this.layout.isBusy) {
      throw new PropagoError("ERR_BUSY", "this network is being trained; await or abort its training before dispose()");
    }
    this.#isDisposed = true;
    forgotten.unregister(this);
    this.layout.release();
  }
}
