// A layer's weights, biases and statistics as users get and give them.
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
