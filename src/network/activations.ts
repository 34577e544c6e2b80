// What every layer of a network answers, in one pass.
import { LAYER_Y } from "../../assembly/plan.ts";
import type { Source } from "../data/matrix.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { Model } from "../memory/model.ts";
import { copyMatrix } from "../memory/samples.ts";
import { CHUNK } from "../threads/sharing.ts";

/** The activations of all rows in each layer, from the first layer to the last: rows × units, row by row. */
export function activationsOf({ engine, layout, description }: Model, source: Source): FloatArray[] {
  const { rows } = source;
  const { layers, inputScale, dtype } = description;
  const answers = layers.map(({ units }) =>
    dtype === "float64" ? new Float64Array(rows * units) : new Float32Array(rows * units),
  );
  const chunk = Math.min(rows, CHUNK);
  const plan = layout.prepare(chunk, "predict");
  for (let first = 0; first < rows; first += chunk) {
    const count = Math.min(chunk, rows - first);
    copyMatrix(engine, source, layout.samplesAddress, inputScale, first, count);
    engine.core.predict(plan, layout.samplesAddress, count, 1);
    for (const [i, { units }] of layers.entries()) {
      answers[i].set(engine.numbers(layout.layerAddress(i, LAYER_Y), count * units), first * units);
    }
  }
  return answers;
}
