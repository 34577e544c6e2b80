// A layer's weights, biases and statistics as users get and give them.
import type { FloatArray, NumericArray } from "../ground/arrays.ts";

/**
 * A dense layer's parameters: weights (inputs, units) row-major, and biases if it has them. Of a normalisation, weights
 * are its γ and bias its β, one a unit; batchNorm adds its running statistics.
 */
export interface LayerWeights<A extends FloatArray = FloatArray> {
  weights: A;
  bias?: A;
  mean?: A;
  variance?: A;
}

/** As `LayerWeights`, in any form that `setWeights` takes. */
export interface LayerWeightsInput {
  weights: NumericArray | readonly number[] | readonly (readonly number[])[];
  bias?: NumericArray | readonly number[];
  mean?: NumericArray | readonly number[];
  variance?: NumericArray | readonly number[];
}
