// A single update, without epochs: `trainOnBatch`.
import {
  DIVERGED,
  FINE,
  IN_ORDER,
  PLAN_BATCH,
  PLAN_BATCH_LOSS,
  PLAN_EPOCH,
  PLAN_METRIC,
  PLAN_POSITION,
  PLAN_SHUFFLE,
  PLAN_STATUS,
} from "../../assembly/plan.ts";
import type { Data } from "../data/data.ts";
import type { Model } from "../memory/model.ts";
import type { Dataset } from "../memory/samples.ts";
import { chunkOf } from "../search/chunk.ts";
import { type Causes, divergence, goodParams } from "./divergence.ts";
import { DIAGNOSIS, searchPart } from "./parts.ts";
import { readData } from "./rows.ts";

/** Makes one update on all of the data as one batch; gives its loss before the update. */
export function trainStep(model: Model, data: Data): number {
  const { description } = model;
  const part = description.optimizer.search && searchPart(description);
  model.lock();
  try {
    const dataset = readData(model, data);
    try {
      model.scaleFirstWeights(dataset, dataset.rows);
      return update(model, dataset, part);
    } finally {
      dataset.release();
    }
  } finally {
    model.unlock();
  }
}

function update(model: Model, dataset: Dataset, part: ReturnType<typeof searchPart> | undefined): number {
  const { layout, engine, description } = model;
  const batch = part ? chunkOf(description, layout.trainable, dataset.rows) : dataset.rows;
  const plan = layout.prepare(batch, "train");
  layout.setWord(PLAN_BATCH, batch);
  layout.setWord(PLAN_STATUS, FINE);
  layout.setWord(PLAN_SHUFFLE, IN_ORDER);
  layout.setWord(PLAN_METRIC, 0);
  layout.setWord(PLAN_POSITION, 0);
  const { progress } = layout;
  // The core keeps the weights of a batch that is a whole epoch; what the optimizer remembers it does not keep.
  const params = part && layout.params().slice();
  const state = layout.remembered > 0 ? layout.state().slice() : undefined;
  if (part) {
    const method = new part.Search(description, layout, dataset.address, dataset.rows);
    try {
      method.advance(Infinity);
    } finally {
      method.release();
    }
  } else {
    layout.writeRates(1);
    engine.core.train(plan, dataset.address, 1, 1, 1);
  }
  const loss = layout.double(PLAN_BATCH_LOSS);
  // Without a finite loss the core has not updated anything.
  const causes = (): Causes | undefined => DIAGNOSIS.here?.causesOf(model, dataset);
  if (layout.word(PLAN_STATUS) === DIVERGED) throw divergence("in trainOnBatch", loss, causes());
  // A single update is no epoch: shuffles to come stay what they were.
  layout.setWord(PLAN_EPOCH, progress.epoch);
  if (engine.core.firstNonFinite(layout.paramsAddress, layout.count) < 0) return loss;
  const found = causes();
  layout.params().set(params ?? goodParams(layout));
  if (state !== undefined) layout.state().set(state);
  layout.progress = progress;
  throw divergence("after trainOnBatch's update", NaN, found);
}
