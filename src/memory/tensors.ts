// A network's weights, biases and statistics: where they stand in its flat block, and as users get and give them.
import { LAYER_B, LAYER_DB, LAYER_DW, LAYER_MEAN, LAYER_VARIANCE, LAYER_W } from "../../assembly/plan.ts";
import type { NetworkDescription } from "../description/description.ts";
import { type TensorShape, tensorsOf } from "../description/tensors.ts";
import type { FloatArray, NumericArray } from "../ground/arrays.ts";

/**
 * A dense layer's parameters: weights (inputs, units) row-major, and biases if it has them. Of a normalisation, weights
 * are its γ and bias its β, one a unit; batchNorm adds its running statistics.
 */
export interface LayerWeights<A extends FloatArray = FloatArray> {
  /** Weights (inputs, units), row-major; of a normalisation its γ, one a unit. */
  weights: A;
  /** Biases, one a unit; of a normalisation its β. */
  bias?: A;
  /** Running means, one a unit; of batchNorm only. */
  mean?: A;
  /** Running variances, one a unit; of batchNorm only. */
  variance?: A;
}

/** As `LayerWeights`, in any form that `setWeights` takes. */
export interface LayerWeightsInput {
  /** Weights (inputs, units), row-major; of a normalisation its γ, one a unit. */
  weights: NumericArray | readonly number[] | readonly (readonly number[])[];
  /** Biases, one a unit; of a normalisation its β. */
  bias?: NumericArray | readonly number[];
  /** Running means, one a unit; of batchNorm only. */
  mean?: NumericArray | readonly number[];
  /** Running variances, one a unit; of batchNorm only. */
  variance?: NumericArray | readonly number[];
}

/** Where a layer's weights, biases or statistics stand in the flat block of parameters, counted in numbers. */
export interface Tensor extends TensorShape {
  layer: number;
  start: number;
  length: number;
}

/** The words that hold the addresses of tensors and of their gradients; statistics have none. */
export const TENSOR_WORDS = { weights: LAYER_W, bias: LAYER_B, mean: LAYER_MEAN, variance: LAYER_VARIANCE } as const;
export const GRADIENT_WORDS: Partial<Record<Tensor["kind"], number>> = { weights: LAYER_DW, bias: LAYER_DB };

/** Places all tensors in one flat block, each at a multiple of 16 bytes; says how many numbers it has. */
export function layTensors(
  { layers }: NetworkDescription,
  bytes: number,
): { tensors: Tensor[]; trainable: number; count: number } {
  const lanes = 16 / bytes;
  const tensors = layers.flatMap((layer, index) =>
    tensorsOf(layer).map((shape): Tensor => ({ ...shape, layer: index, start: 0, length: shape.rows * shape.columns })),
  );
  let count = 0;
  const place = (tensor: Tensor): void => {
    tensor.start = count;
    count += Math.ceil(tensor.length / lanes) * lanes;
  };
  // What training changes comes first, so that the optimizer's block is one range.
  tensors.filter(({ trained }) => trained).forEach(place);
  const trainable = count;
  tensors.filter(({ trained }) => !trained).forEach(place);
  return { tensors, trainable, count };
}
