// Outputs and targets of all rows side by side, for the metrics that the core does not count. These come with the part
// "complete".
import { DATA_BYTES, DATA_ORDER } from "../../assembly/plan.ts";
import type { Engine } from "../core/engine.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { FloatArray } from "../ground/arrays.ts";
import type { Meaning, Scores } from "../tables/metrics.ts";

/**
 * `count` outputs at `address`, of the rows that the record at `record` lists, with their targets or labels; good until the
 * next allocation.
 */
export function scoresOf(
  engine: Engine,
  address: number,
  record: number,
  count: number,
  { t, labels }: { t?: FloatArray; labels?: Uint32Array },
  meaning: Meaning,
  { outputs: width, layers }: NetworkDescription,
): Scores {
  const order = engine.view(record, DATA_BYTES).getUint32(DATA_ORDER, true);
  const rows = order === 0 ? undefined : engine.words(order, count);
  const targets = Float64Array.from({ length: count * width }, (_, i) => {
    const [at, o] = [Math.floor(i / width), i % width];
    const row = rows ? rows[at] : at;
    return t ? t[row * width + o] : Number(labels?.[row] === o);
  });
  return {
    y: engine.numbers(address, count * width),
    t: targets,
    width,
    ...meaning,
    isLogarithm: layers.at(-1)?.activation.name === "logSoftmax",
    log: (numbers) => logarithms(engine, numbers),
  };
}

/** Natural logarithms in place, by the core: engines round those of Math differently. */
function logarithms(engine: Engine, values: Float64Array): void {
  const block = engine.allocate(values.length * engine.bytes, "logarithms");
  const numbers = engine.numbers(block, values.length);
  numbers.set(values);
  engine.core.mapLog(block, values.length);
  values.set(numbers);
  engine.release(block);
}
