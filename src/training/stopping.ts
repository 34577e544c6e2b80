// When a training ends before its last epoch, and the weights that it ends with.
import type { FloatArray } from "../ground/arrays.ts";
import type { Layout } from "../memory/layout.ts";
import { rises } from "../description/metrics.ts";
import type { EpochList } from "./history.ts";
import type { FitSettings } from "./options.ts";
import { type EpochReport, type History, monitored } from "./reports.ts";

/** The best epoch so far, as the rule of early stopping sees it, and its weights. */
export interface Best {
  report: EpochReport;
  value: number;
  params: FloatArray;
  average: FloatArray | undefined;
}

export class Stopping {
  readonly #settings: FitSettings;
  readonly #layout: Layout;
  /** 1 where more of what early stopping watches is better, otherwise −1. */
  readonly #gain: number;
  best: Best | undefined;

  constructor(settings: FitSettings, layout: Layout) {
    const { earlyStopping } = settings;
    this.#settings = settings;
    this.#layout = layout;
    this.#gain = earlyStopping && rises(earlyStopping.monitor) ? 1 : -1;
  }

  /** Why training ends after the last epoch of these; nothing if it goes on. */
  after(epochs: EpochList): History["stopped"] | undefined {
    const { targetLoss, earlyStopping: rule } = this.#settings;
    if (epochs.last <= targetLoss) return "targetLoss";
    if (rule === undefined) return undefined;
    const report = epochs.lastReport();
    const value = monitored(report, rule.monitor);
    const best = this.best;
    if (best === undefined || Number.isNaN(best.value) || (value - best.value) * this.#gain > rule.minDelta) {
      this.best = { report, value, ...this.#copyWeights() };
      epochs.keepBest();
      return undefined;
    }
    return report.epoch - best.report.epoch < rule.patience ? undefined : "earlyStopping";
  }

  /** Copies the weights and their average, over the copies that there are: a loss may fall with every epoch. */
  #copyWeights(): Pick<Best, "params" | "average"> {
    const params = this.#layout.params();
    const average = this.#layout.average();
    const best = this.best;
    if (best === undefined) return { params: params.slice(), average: average?.slice() };
    best.params.set(params);
    if (average !== undefined) best.average?.set(average);
    return { params: best.params, average: best.average ?? average?.slice() };
  }

  /** Brings the best epoch's weights back, where early stopping is to do so. */
  finish(history: History): void {
    const best = this.best;
    if (best === undefined) return;
    history.best = best.report;
    if (!this.#settings.earlyStopping?.restoreBest) return;
    const layout = this.#layout;
    layout.params().set(best.params);
    if (best.average !== undefined) layout.average()?.set(best.average);
  }
}
