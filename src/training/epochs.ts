// The epochs of a training: the core's tallies become reports, with what is measured on held-back rows beside them.
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

import { readTally } from "./tally.ts";
import { rises } from "../description/metrics.ts";
import { watch } from "../tables/schedules.ts";
import { measure } from "./measure.ts";
import type { FitSettings } from "./options.ts";
import { type EpochReport, monitored } from "./reports.ts";
import type { TrainingRows } from "./rows.ts";

/** What is known of the epochs that one call of the core completed. */
export interface Completed {
  epochs: number;
  /** All of them together. */
  seconds: number;
  /** Rates of the call's steps, where each has one of its own, and the index of that of the first epoch's last step. */
  rates: Float64Array | undefined;
  end: number;
}

export class Epochs {
  /** All reports so far. */
  readonly reports: EpochReport[];
  readonly #model: Model;
  readonly #settings: FitSettings;
  readonly #rows: TrainingRows;
  /** Steps of an epoch. */
  readonly #updates: number;
  readonly #isPenalised: boolean;
  /** For each output the denominator of r2. */
  readonly #spread: Float64Array;
  /** The outputs of the epoch, where a metric asks for them. */
  readonly #kept: Kept | undefined;

  /** Tells the core what to count. */
  constructor(
    model: Model,
    settings: FitSettings,
    rows: TrainingRows,
    updates: number,
    isPenalised: boolean,
    reports: EpochReport[],
  ) {
    const { layout, description } = model;
    const { bits } = settings.metrics;
    const { dataset, trained, count, validation } = rows;
    this.#model = model;
    this.#settings = settings;
    this.#rows = rows;
    this.#updates = updates;
    this.#isPenalised = isPenalised;
    this.reports = reports;
    layout.setWord(PLAN_METRIC, dataset.bits(settings.metrics));
    validation?.bits(settings.metrics);
    this.#spread = bits & METRIC_SQUARES ? dataset.spread(trained) : new Float64Array(description.outputs);
    if (!(bits & METRIC_OUTPUTS)) return;
    this.#kept = dataset.keep(count);
    layout.guests.add(this.#kept);
    layout.setWord(PLAN_KEPT, this.#kept.address);
  }

  /** Adds the reports of epochs that were completed, and gives the last of them. */
  add({ epochs, seconds, rates, end }: Completed): EpochReport {
    const { layout, engine } = this.#model;
    const { metrics, threads } = this.#settings;
    const { validation, count } = this.#rows;
    const evaluation = validation && measure(this.#model, validation, metrics, threads);
    const stride = TALLY_SQUARES / 8 + (metrics.bits & METRIC_SQUARES ? this.#spread.length : 0);
    const sums = engine.doubles(layout.word(PLAN_REPORTS) >>> 0, epochs * stride);
    const first = (layout.word(PLAN_EPOCH) >>> 0) - epochs + 1;
    const rate = layout.double(PLAN_LEARNING_RATE);
    const each = seconds / epochs;
    const samplesPerSecond = count / Math.max(each, 1e-9);
    for (let i = 0; i < epochs; i++) {
      // All at once, since small networks end a million epochs a second.
      const report: EpochReport = {
        epoch: first + i,
        seconds: each,
        samplesPerSecond,
        learningRate: rates === undefined ? rate : rates[end + i * this.#updates],
        loss: sums[i * stride + TALLY_LOSS / 8] / count,
      };
      if (metrics.list.length > 0) {
        readTally(report, sums, i * stride, count, count, metrics, this.#spread, this.#kept?.scores);
      }
      this.reports.push(report);
    }
    const last = this.reports[this.reports.length - 1];
    if (this.#isPenalised) last.penalty = engine.core.penalty(layout.plan);
    if (evaluation !== undefined) last.validation = evaluation;
    return last;
  }

  /** Lets reduceOnPlateau look at a report, where it is the schedule. */
  watchPlateau(report: EpochReport): void {
    const { plateau } = this.#settings;
    const settings = this.#model.description.optimizer.schedule?.plateau;
    if (settings === undefined || plateau === undefined) return;
    const value = monitored(report, plateau);
    if (!Number.isNaN(value)) watch(this.#model.layout.plateau, settings, value, rises(plateau));
  }
}
