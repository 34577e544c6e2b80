// One sample's way through a network, layer by layer.
import { LAYER_D, LAYER_Y, LAYER_Z, PLAN_BATCH_LOSS } from "../../assembly/plan.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { Model } from "../memory/model.ts";
import type { Dataset } from "../memory/samples.ts";
import type { LayerWeights } from "../memory/tensors.ts";
import { copyByLayer } from "./parameters.ts";

/** One layer's part in a single sample's way through the network. */
export interface TraceLayer<A extends FloatArray = FloatArray> {
  /** The layer's name. */
  name: string;
  /** Weighted inputs. */
  z: A;
  /** Activations. */
  a: A;
  /** Errors, ∂E/∂z. */
  delta: A;
  /** Gradients ∂E/∂W (inputs, units) and ∂E/∂b with the penalties' part, for layers that have weights. */
  gradients?: LayerWeights<A>;
}

/** One sample's way through a network. */
export interface Trace<A extends FloatArray = FloatArray> {
  /** The loss of the sample. */
  loss: number;
  /** What happens in each layer, from the first to the last. */
  layers: TraceLayer<A>[];
}

/** Takes the first sample of a data set forward and back, and copies what each layer had. A running tally stays. */
export function traceOf<A extends FloatArray>(model: Model, dataset: Dataset): Trace<A> {
  const { layout, engine, description } = model;
  return layout.keepingTally(() => {
    const plan = layout.prepare(1, "trace");
    engine.core.differentiate(plan, dataset.address, 0, dataset.rows, 1);
    const gradients = copyByLayer(model, layout.gradients() as A, true);
    const row = (layer: number, offset: number, units: number): A =>
      engine.numbers(layout.layerAddress(layer, offset), units).slice() as A;
    let weighted = 0;
    const layers = description.layers.map(({ name, units, weightRows }, i) => ({
      name,
      z: row(i, LAYER_Z, units),
      a: row(i, LAYER_Y, units),
      delta: row(i, LAYER_D, units),
      ...(weightRows > 0 ? { gradients: gradients[weighted++] } : {}),
    }));
    return { loss: layout.double(PLAN_BATCH_LOSS), layers };
  });
}
