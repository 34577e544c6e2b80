// How much each row of a data set counts: its own weight times that of its class, with a mean of 1.
import type { Engine } from "../core/engine.ts";
import { PropagoError } from "../ground/errors.ts";

/** The weights of a data set's rows; none are kept where all count alike. */
export class RowWeights {
  readonly #engine: Engine;
  readonly #rows: number;
  readonly #name: string;
  readonly #given: Float64Array | undefined;
  /** Where they are in the core's memory, and their values there. */
  #address = 0;
  #values: Float64Array | undefined;

  /** `given` are the weights that came with the rows. In messages `name` is what the targets are called. */
  constructor(engine: Engine, rows: number, name: string, given: Float64Array | undefined) {
    this.#engine = engine;
    this.#rows = rows;
    this.#name = name;
    this.#given = given;
  }

  /**
   * Lets rows count by their own weights times those of their classes, divided by the mean over the `chosen` rows. Gives the
   * address of the weights, or 0 where all rows count alike.
   */
  set(
    ofClasses: Float64Array | undefined,
    classOf: ((row: number) => number) | undefined,
    chosen: () => Uint32Array,
  ): number {
    const given = this.#given;
    if (given === undefined && ofClasses === undefined) return 0;
    const weights = Float64Array.from(
      { length: this.#rows },
      (_, row) => (given?.[row] ?? 1) * (ofClasses && classOf ? ofClasses[classOf(row)] : 1),
    );
    const rows = chosen();
    const mean = rows.reduce((sum, row) => sum + weights[row], 0) / rows.length;
    if (!(mean > 0 && mean < Infinity)) {
      const sum = mean > 0 ? "are too large: their sum is infinite" : "are all 0: nothing counts";
      throw new PropagoError("ERR_DATA", `the weights of ${this.#name}'s rows ${sum}; give larger and smaller numbers`);
    }
    this.#address ||= this.#engine.allocate(this.#rows * this.#engine.bytes, `weights of ${this.#rows} samples`);
    this.#values = weights.map((weight) => weight / mean);
    this.#engine.numbers(this.#address, this.#rows).set(this.#values);
    return this.#address;
  }

  /** The sum of the weights of some rows. */
  sum(rows: Uint32Array): number {
    const values = this.#values;
    return values === undefined ? rows.length : rows.reduce((sum, row) => sum + values[row], 0);
  }

  release(): void {
    if (this.#address > 0) this.#engine.release(this.#address);
  }
}
