// First weights that are scaled to samples when that is asked for: `initialize`.
import type { Source } from "../data/matrix.ts";
import { PropagoError } from "../ground/errors.ts";
import { wantsData } from "../memory/first-weights.ts";
import type { Model } from "../memory/model.ts";
import { Dataset } from "../memory/samples.ts";

/**
 * Scales the weights of a network's layers that begin so to samples, whether that was done before or not.
 * @throws PropagoError ERR_CONFIG where no layer begins so, ERR_BUSY while it is trained.
 */
export function initialize(model: Model, x: Source): void {
  const { description, engine, layout } = model;
  if (!wantsData(description)) {
    throw new PropagoError("ERR_CONFIG", 'initialize(x) is for layers with init: "lsuv", of which there is none here');
  }
  if (layout.isBusy) throw new PropagoError("ERR_BUSY", "initialize(x) comes before fit(), which is running");
  const dataset = new Dataset(engine, x, undefined, description);
  try {
    model.scaleToData(dataset, dataset.rows);
  } finally {
    dataset.release();
  }
}
