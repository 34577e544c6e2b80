// When a training ends before its last epoch, and the weights that it ends with.
import type { FloatArray } from "../ground/arrays.ts";
import type { Layout } from "../memory/layout.ts";

import { rises } from "../description/metrics.ts";
import type { FitSettings } from "./options.ts";
import { type EpochReport, type History, monitored } from "./reports.ts";

/** The best epoch so far, as the rule of early stopping sees it, and its weights. */
interface Best {
  report: EpochReport;
  value: number;
  params: FloatArray;
  average: FloatArray | undefined;
}

export class Stopping {
  readonly #settings: FitSettings;
  readonly #layout: Layout;
  #best: Best | undefined;

  constructor(settings: FitSettings, layout: Layout) {
    this.#settings = settings;
    this.#layout = layout;
  }

  /** Why training ends after this epoch; nothing if it goes on. */
  after(report: EpochReport): History["stopped"] | undefined {
    const { targetLoss, earlyStopping: rule } = this.#settings;
    if (report.loss <= targetLoss) return "targetLoss";
    if (rule === undefined) return undefined;
    const value = monitored(report, rule.monitor);
    const best = this.#best;
    const gain = rises(rule.monitor) ? 1 : -1;
    if (best === undefined || Number.isNaN(best.value) || (value - best.value) * gain > rule.minDelta) {
      const layout = this.#layout;
      this.#best = { report, value, params: layout.params().slice(), average: layout.average()?.slice() };
      return undefined;
    }
    return report.epoch - best.report.epoch < rule.patience ? undefined : "earlyStopping";
  }

  /** Brings the best epoch's weights back, where early stopping is to do so. */
  finish(history: History): void {
    const best = this.#best;
    if (best === undefined) return;
    history.best = best.report;
    if (!this.#settings.earlyStopping?.restoreBest) return;
    const layout = this.#layout;
    layout.params().set(best.params);
    if (best.average !== undefined) layout.average()?.set(best.average);
  }
}
