// The epochs of a training: the core's tallies become numbers of the history, with what is measured on held-back rows
// beside them.
import {
  METRIC_OUTPUTS,
  METRIC_SQUARES,
  PLAN_EPOCH,
  PLAN_KEPT,
  PLAN_LEARNING_RATE,
  PLAN_METRIC,
  PLAN_REPORTS,
  TALLY_LOSS,
  TALLY_SQUARES,
} from "../../assembly/plan.ts";
import type { Model } from "../memory/model.ts";
import type { Kept } from "../memory/samples.ts";
import type { Evaluation } from "../tables/metrics.ts";
import { EpochList } from "./history.ts";
import { readTally } from "./tally.ts";
import { measure } from "./measure.ts";
import type { FitSettings } from "./options.ts";
import type { TrainingRows } from "./rows.ts";

const NO_SPREAD = new Float64Array(0);

export class Epochs {
  readonly list: EpochList;
  readonly #model: Model;
  readonly #settings: FitSettings;
  readonly #rows: TrainingRows;
  /** Steps of an epoch. */
  readonly #updates: number;
  readonly #isPenalised: boolean;
  /** For each output the denominator of r2. */
  readonly #spread: Float64Array;
  /** Doubles of a tally. */
  readonly #stride: number;
  /** The outputs of the epoch, where a metric asks for them. */
  readonly #kept: Kept | undefined;
  /** Where metrics of one epoch after the other are computed. */
  readonly #metrics: Evaluation = { loss: 0 };

  /** Tells the core what to count. `epochs`: how many there are to be. */
  constructor(
    model: Model,
    settings: FitSettings,
    rows: TrainingRows,
    epochs: number,
    updates: number,
    isPenalised: boolean,
  ) {
    const { layout, description } = model;
    const { metrics, earlyStopping } = settings;
    const { dataset, trained, count, validation } = rows;
    this.#model = model;
    this.#settings = settings;
    this.#rows = rows;
    this.#updates = updates;
    this.#isPenalised = isPenalised;
    const keys = metrics.list.map(({ key }) => key);
    this.list = new EpochList(count, epochs, keys, earlyStopping !== undefined);
    layout.setWord(PLAN_METRIC, dataset.bits(metrics));
    validation?.bits(metrics);
    const hasSquares = (metrics.bits & METRIC_SQUARES) !== 0;
    this.#spread = hasSquares ? dataset.spread(trained) : NO_SPREAD;
    this.#stride = TALLY_SQUARES / 8 + (hasSquares ? description.outputs : 0);
    if (!(metrics.bits & METRIC_OUTPUTS)) return;
    this.#kept = dataset.keep(count);
    layout.attachments.add(this.#kept);
    layout.setWord(PLAN_KEPT, this.#kept.address);
  }

  /**
   * Adds the epochs that a call of the core completed, which took so many seconds together. `rates`, where each step has one
   * of its own, has that of the first epoch's last step at `end`. `judged`: what was measured already on the rows held back.
   */
  add(epochs: number, seconds: number, rates: Float64Array | undefined, end: number, judged?: Evaluation): void {
    const { list } = this;
    const { layout, engine } = this.#model;
    const { metrics, threads } = this.#settings;
    const { validation, count } = this.#rows;
    const evaluation = judged ?? (validation && measure(this.#model, validation, metrics, threads));
    const sums = engine.doubleHeap;
    let at = (layout.word(PLAN_REPORTS) >>> 0) / 8;
    const first = (layout.word(PLAN_EPOCH) >>> 0) - epochs + 1;
    const rate = layout.double(PLAN_LEARNING_RATE);
    const each = seconds / epochs;
    const hasMetrics = metrics.list.length > 0;
    list.rows = count;
    for (let i = 0; i < epochs; i++, at += this.#stride) {
      const own = rates === undefined ? rate : rates[end + i * this.#updates];
      const loss = sums[at + TALLY_LOSS / 8] / count;
      if (hasMetrics) readTally(this.#metrics, sums, at, count, count, metrics, this.#spread, this.#kept?.scores);
      list.add(first + i, each, own, loss, this.#metrics);
    }
    // Figures that are more than one number stand in the report alone.
    if (this.#kept !== undefined) Object.assign(list.lastReport(), this.#metrics);
    if (this.#isPenalised) list.lastReport().penalty = engine.core.penalty(layout.plan);
    if (evaluation !== undefined) list.lastReport().validation = evaluation;
  }
}
