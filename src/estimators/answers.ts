// What a network of a model answers for rows as users have them.
import type { Rows } from "../data/scaling.ts";
import type { Member } from "./saved.ts";
import type { FloatArray } from "../ground/arrays.ts";

/** Numbers that are made inputs at a time: those of all rows may take many times the room of the rows. */
const CHUNK = 1e6;

/** Rows × outputs: probabilities, or numbers in the targets' own units. */
export function answersOf({ network, features, targets }: Member, { data, rows, columns }: Rows): FloatArray {
  const step = Math.ceil(CHUNK / features.inputs);
  let all: FloatArray | undefined;
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    const some = { data: data.subarray(first * columns, (first + count) * columns), rows: count, columns };
    const own = network.predict(features.transform(some, network.dtype));
    const answers = targets ? targets.decode(own) : own;
    if (count === rows) return answers;
    all ??= new (answers.constructor as Float64ArrayConstructor)(rows * network.outputs);
    all.set(answers, first * network.outputs);
  }
  return all ?? new Float64Array(0);
}
