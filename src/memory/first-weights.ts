// First weights: drawing them from what initializers.ts describes. Scaling them to data is lsuv.ts's.
import { STREAM_INIT } from "../../assembly/plan.ts";
import type { Engine } from "../core/engine.ts";
import type { NetworkDescription } from "../description/description.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isScaledToData } from "../description/initializers.ts";
import { type Distribution } from "../tables/distributions.ts";
import type { Layout } from "./layout.ts";

/**
 * Draws the first weights: each tensor from a random stream of its own, so that the size of one layer does not change the
 * weights of another.
 * @throws PropagoError ERR_CONFIG where the initializer's numbers are too large for the precision.
 */
export function drawFirstWeights(layout: Layout, { layers, seed, dtype }: NetworkDescription): void {
  const { engine, tensors, paramsAddress } = layout;
  const state = engine.allocate(16, "the random generator");
  for (const tensor of tensors) {
    const { units } = layers[tensor.layer];
    const address = paramsAddress + tensor.start * engine.bytes;
    const counter = 2 * tensor.layer + (tensor.kind === "weights" ? 0 : 1);
    draw(engine, state, seed, counter, address, tensor.length / units, units, tensor.draw);
  }
  engine.release(state);
  const bad = engine.core.firstNonFinite(paramsAddress, layout.count);
  if (bad < 0) return;
  const tensor = tensors.find(({ start, length }) => start <= bad && bad < start + length);
  const { name } = layers[tensor?.layer ?? 0];
  throw new PropagoError("ERR_CONFIG", `first weights of layer ${show(name)} overflow ${dtype}; give smaller numbers`);
}

/** Draws rows × columns numbers at an address; `state` holds 16 bytes, `counter` names the stream of this tensor. */
function draw(
  engine: Engine,
  state: number,
  seed: number,
  counter: number,
  address: number,
  rows: number,
  columns: number,
  distribution: Distribution,
): void {
  const { core } = engine;
  const n = rows * columns;
  const { kind } = distribution;
  if (kind === "constant") engine.numbers(address, n).fill(distribution.value);
  else if (kind === "uniform") {
    const { low, high } = distribution;
    core.uniform(state, seed, STREAM_INIT, counter, address, n, low, high);
  } else if (kind === "normal") {
    const { mean, deviation, reach } = distribution;
    core.normal(state, seed, STREAM_INIT, counter, address, n, mean, deviation, reach);
  } else {
    draw(engine, state, seed, counter, address, rows, columns, distribution.from);
    distribution.arrange(engine.numbers(address, n), rows, columns);
  }
}

/** Whether there are layers that want their first weights scaled to data. */
export function wantsData({ layers }: NetworkDescription): boolean {
  return layers.some(({ spec }) => spec.type === "dense" && isScaledToData(spec.init));
}
