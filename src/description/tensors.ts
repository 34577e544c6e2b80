// What a layer keeps from step to step: the tensors of its weights, biases and statistics, and how many numbers they are.
import type { LayerDescription } from "./layer.ts";
import { type Distribution, constant } from "../tables/distributions.ts";

/** What a layer keeps in the network's flat block of numbers. */
export interface TensorShape {
  kind: "weights" | "bias" | "mean" | "variance";
  /** The length is rows × columns; `setWeights` takes either shape. */
  rows: number;
  columns: number;
  /** Whether updates change it. */
  trained: boolean;
  /** Where its first values come from. */
  draw: Distribution;
}

/** What a layer keeps in the flat block, in this order; nothing of a layer without weights. */
export function tensorsOf(layer: LayerDescription): TensorShape[] {
  const { units: columns, weightRows: rows, bias, init, biasInit, trainWeights, trainBias, statistics } = layer;
  if (rows === 0) return [];
  const shapes: TensorShape[] = [{ kind: "weights", rows, columns, trained: trainWeights, draw: init }];
  if (bias) shapes.push({ kind: "bias", rows: 1, columns, trained: trainBias, draw: biasInit });
  if (statistics) {
    const own = { rows: 1, columns, trained: false };
    shapes.push({ kind: "mean", ...own, draw: constant(0) }, { kind: "variance", ...own, draw: constant(1) });
  }
  return shapes;
}

/** Weights and biases of some layers, without running statistics. */
export function countParameters(layers: readonly LayerDescription[]): number {
  return layers.flatMap(tensorsOf).reduce((sum, { kind, rows, columns }) => {
    return kind === "weights" || kind === "bias" ? sum + rows * columns : sum;
  }, 0);
}
