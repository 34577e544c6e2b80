// Gradients held against central differences of the loss.
import { PLAN_BATCH_LOSS } from "../../assembly/plan.ts";
import type { Model } from "../memory/model.ts";
import type { Dataset } from "../memory/samples.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { LayerWeights } from "../memory/tensors.ts";

/** `compareWithDifferences` for a network, its gradients and a twin of it in float64, which is thrown away. */
export function differencesOf(
  { layout }: Model,
  own: readonly LayerWeights[],
  twin: Model,
  read: () => Dataset,
): number {
  let dataset: Dataset | undefined;
  try {
    twin.layout.progress = layout.progress;
    dataset = read();
    return compareWithDifferences(twin, dataset, own);
  } finally {
    dataset?.release();
    twin.dispose();
  }
}

/** The largest difference between `own`, the gradients of a network, and central differences of its float64 twin's loss. */
function compareWithDifferences({ engine, layout }: Model, dataset: Dataset, own: readonly LayerWeights[]): number {
  const { core } = engine;
  const rows = dataset.rows;
  const plan = layout.prepare(rows, "train");
  const loss = (): number => {
    core.differentiate(plan, dataset.address, 0, rows, 1);
    return layout.double(PLAN_BATCH_LOSS) + core.penalty(plan);
  };
  // Of each layer and not each tensor: biases below a batchNorm have gradients of 0 and what rounding leaves.
  const largest = own.map(() => 0);
  const difference = own.map(() => 0);
  let index = -1;
  for (const { kind, start, length } of layout.tensors) {
    if (kind === "mean" || kind === "variance") continue;
    if (kind === "weights") index++;
    const gradient = own[index][kind] as FloatArray;
    for (let i = 0; i < length; i++) {
      const params = layout.params();
      const at = start + i;
      const value = params[at];
      // The best step for central differences is near the cube root of the precision.
      const h = 6e-6 * Math.max(1, Math.abs(value));
      params[at] = value + h;
      const up = loss();
      params[at] = value - h;
      const down = loss();
      params[at] = value;
      const slope = (up - down) / (2 * h);
      largest[index] = Math.max(largest[index], Math.abs(slope), Math.abs(gradient[i]));
      difference[index] = Math.max(difference[index], Math.abs(slope - gradient[i]));
    }
  }
  return Math.max(...difference.map((value, layer) => (largest[layer] > 0 ? value / largest[layer] : 0)));
}
