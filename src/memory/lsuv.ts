// First weights that `init: "lsuv"` scales to data. Few networks want that: it comes with the part "complete".
import { LAYER_Z } from "../../assembly/plan.ts";
import type { Engine } from "../core/engine.ts";
import type { NetworkDescription } from "../description/description.ts";
import { PropagoError } from "../ground/errors.ts";
import { isScaledToData } from "../description/initializers.ts";
import { wantsData } from "./first-weights.ts";
import type { Layout } from "./layout.ts";
import type { Dataset } from "./samples.ts";
import { gather } from "./gathering.ts";
import type { FloatArray } from "../ground/arrays.ts";

/** Rows of the data that weights are scaled to. */
const MOST_ROWS = 1024;
/** What weights are divided by where weighted inputs overflow, so that nothing tells how large they are. */
const LARGE = 2 ** 64;

/**
 * Does what `Network.initialize` is for, with the samples that `read` copies in.
 * @throws PropagoError ERR_CONFIG where no layer begins so, ERR_BUSY while a training runs.
 */
export function scaleTo(
  model: { layout: Layout; description: NetworkDescription; scaleToData(dataset: Dataset, rows: number): void },
  read: () => Dataset,
): void {
  const { layout, description } = model;
  if (!wantsData(description)) {
    const text = 'initialize(x) is for layers with init: "lsuv", of which there is none here';
    throw new PropagoError("ERR_CONFIG", text);
  }
  if (layout.isBusy) throw new PropagoError("ERR_BUSY", "initialize(x) comes before fit(), which is running");
  const dataset = read();
  try {
    model.scaleToData(dataset, dataset.rows);
  } finally {
    dataset.release();
  }
}

/**
 * Scales the weights of layers that begin so, from the first to the last, until the variance of their weighted inputs is 1 over
 * (at most 1,024 of) the listed rows of the samples, or the first so many. This is the layer-sequential part of Mishkin and
 * Matas 2016.
 * @throws PropagoError ERR_RANGE where samples are so small or so large that no finite weights do; then none has changed.
 */
export function scaleToData(
  layout: Layout,
  { layers }: NetworkDescription,
  dataset: Dataset,
  list: Uint32Array | number,
): void {
  const { engine } = layout;
  const { isBusy } = layout;
  const before = layout.params().slice();
  const [block, rows] = gather(engine, dataset, list, MOST_ROWS);
  // Blocks may change here: nothing of a training is under way yet.
  layout.unpin();
  try {
    const plan = layout.prepare(rows, "trace");
    for (const tensor of layout.tensors) {
      const { spec, units } = layers[tensor.layer];
      if (tensor.kind !== "weights" || spec.type !== "dense" || !isScaledToData(spec.init)) continue;
      scaleTensor(engine, layout, tensor, layers[tensor.layer], () => {
        engine.core.predict(plan, block, rows, 1);
        return deviation(engine.numbers(layout.layerAddress(tensor.layer, LAYER_Z), rows * units));
      });
    }
    layout.prepare(1, "predict");
  } catch (error) {
    layout.params().set(before);
    throw error;
  } finally {
    if (isBusy) layout.pin();
    engine.release(block);
  }
}

/** Scales one layer's weights, until the deviation that `measure` finds of its weighted inputs is 1. */
function scaleTensor(
  engine: Engine,
  layout: Layout,
  { start, length }: Layout["tensors"][number],
  { name }: NetworkDescription["layers"][number],
  measure: () => number,
): void {
  // Weighted inputs grow in proportion to the weights, so that one division is enough. Further ones are needed where biases
  // are not 0, which do not grow with them, and where the first weighted inputs overflow.
  for (let attempt = 0; attempt < 20; attempt++) {
    const found = measure();
    if (found === 0 || Math.abs(found - 1) < 1e-3) return;
    const factor = Number.isFinite(found) ? found : LARGE;
    const W = layout.params().subarray(start, start + length);
    for (let i = 0; i < W.length; i++) W[i] /= factor;
    if (engine.core.firstNonFinite(layout.paramsAddress, layout.count) < 0) continue;
    throw new PropagoError(
      "ERR_RANGE",
      `init "lsuv": what comes into layer "${name}" is so small (its weighted inputs deviate by ${found.toPrecision(2)}) ` +
        `that weights for a variance of 1 are beyond ${engine.dtype}; scale x to about -1..1`,
    );
  }
}

/** The standard deviation. */
function deviation(values: FloatArray): number {
  const plain = scaledDeviation(values, 1);
  if (plain > 1e-140 && plain < 1e140) return plain;
  // Squares overflowed or vanished: of numbers divided by the largest of them they do not.
  const largest = (values as Float64Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest > 0 && largest < Infinity ? scaledDeviation(values, largest) * largest : largest;
}

/** That of the values divided by a number. */
function scaledDeviation(values: FloatArray, by: number): number {
  let mean = 0;
  for (const value of values) mean += value / by;
  mean /= values.length;
  let sum = 0;
  for (const value of values) sum += (value / by - mean) * (value / by - mean);
  return Math.sqrt(sum / values.length);
}
