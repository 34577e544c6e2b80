// Some samples of a data set, one behind the other, for who wants to see what becomes of them.
import type { Engine } from "../core/engine.ts";
import type { Dataset } from "./samples.ts";

/**
 * Copies samples, evenly spread over the rows listed (or the first so many) and at most `most`, into a block; gives its
 * address and how many there are.
 */
export function gather(
  engine: Engine,
  dataset: Dataset,
  list: Uint32Array | number,
  most: number,
): [block: number, rows: number] {
  const count = typeof list === "number" ? list : list.length;
  const rows = Math.min(count, most);
  const inputs = dataset.sample(0).length;
  const block = engine.allocate(rows * inputs * engine.bytes, "some rows to look at", 0);
  const x = engine.numbers(block, rows * inputs);
  for (let i = 0; i < rows; i++) {
    const at = Math.floor((i * count) / rows);
    x.set(dataset.sample(typeof list === "number" ? at : list[at]), i * inputs);
  }
  return [block, rows];
}
