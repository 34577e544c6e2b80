// Loss and metrics over rows that are in memory, without training.
import { METRIC_OUTPUTS, METRIC_SQUARES, PLAN_KEPT, PLAN_METRIC, PLAN_TALLY } from "../../assembly/plan.ts";
import type { Model } from "../memory/model.ts";
import type { Rows } from "../memory/samples.ts";
import { type Metrics, type Evaluation } from "../tables/metrics.ts";
import { readTally } from "./tally.ts";
import { CHUNK, withThreads } from "../threads/sharing.ts";

const NO_SPREAD = new Float64Array(0);

/** Takes rows through the network, by as many threads as are asked for. A running epoch's tally stays as it was. */
export function measure(model: Model, rows: Rows, metrics: Metrics, threads: number | "auto"): Evaluation {
  const { layout, engine } = model;
  return layout.keepingTally(() => {
    const way = measuring(model, rows, metrics, () => {
      withThreads(layout, threads, rows.count, (all) => {
        // Once more, since each worker needs a place to pack.
        const plan = layout.prepare(Math.min(rows.count, CHUNK), "train");
        engine.core.evaluate(plan, rows.address, all);
      });
      return [];
    });
    return way.next().value as Evaluation;
  });
}

/** The same by whoever takes them through: piece by piece where a page waits, between two epochs. */
export function* measuring(
  { engine, layout }: Model,
  rows: Rows,
  metrics: Metrics,
  evaluate: (plan: number) => Iterable<Promise<void>>,
): Generator<Promise<void>, Evaluation> {
  const plan = layout.prepare(Math.min(rows.count, CHUNK), "train");
  layout.setWord(PLAN_METRIC, rows.bits(metrics));
  const kept = metrics.bits & METRIC_OUTPUTS ? rows.keep() : undefined;
  layout.setWord(PLAN_KEPT, kept?.address ?? 0);
  try {
    yield* evaluate(plan);
    const spread = metrics.bits & METRIC_SQUARES ? rows.spread() : NO_SPREAD;
    const at = (layout.word(PLAN_TALLY) >>> 0) / 8;
    return readTally({ loss: 0 }, engine.doubleHeap, at, rows.count, rows.weight, metrics, spread, kept?.scores);
  } finally {
    kept?.release();
  }
}
