// The classes that targets name, and how much each counts. They come with the part "complete".
import { readClassWeights } from "../data/class-weights.ts";
import type { NetworkDescription } from "../description/description.ts";
import { PropagoError } from "../ground/errors.ts";
import type { FloatArray } from "../ground/arrays.ts";

/** What each class is multiplied with, for the rows that count. */
export function classWeightsOf(
  value: unknown,
  rows: Uint32Array,
  classOf: (row: number) => number,
  { outputs, loss }: NetworkDescription,
): Float64Array {
  const classes = outputs > 1 || loss.targets === "probabilities" ? outputs : 2;
  const labels = Array.from({ length: classes }, (_, label) => label);
  return readClassWeights(value, labels, () => Uint32Array.from(rows, classOf));
}

/**
 * For a row, the class that its targets name: its label, a single output's side, or the place of the 1. `name` is what
 * messages call the targets.
 */
export function classesOf(
  { t, labels }: { t?: FloatArray; labels?: Uint32Array },
  { outputs, loss }: NetworkDescription,
  name: string,
): (row: number) => number {
  const low = loss.targets === "signs" ? -1 : 0;
  return (row) => {
    if (t === undefined) return (labels as Uint32Array)[row];
    const targets = t.subarray(row * outputs, (row + 1) * outputs);
    if (loss.targets === "probabilities") {
      return targets.indexOf((targets as Float32Array).reduce((a, b) => Math.max(a, b)));
    }
    const ones = targets.filter((target) => target === 1).length;
    if ((ones === 1 || outputs === 1) && targets.every((target) => target === 1 || target === low)) {
      return outputs === 1 ? ones : targets.indexOf(1);
    }
    const got =
      outputs === 1 ? targets[0] : `[${Array.from(targets.subarray(0, 8)).join(", ")}${outputs > 8 ? ", …" : ""}]`;
    throw new PropagoError(
      "ERR_CONFIG",
      `classWeights needs one class a row, ${name}[row ${row}] is ${got}; give sampleWeights instead`,
    );
  };
}
