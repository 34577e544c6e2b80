// Layers as users describe them: plain JSON.
import type { ActivationSpec } from "../tables/activations.ts";
import type { InitializerSpec } from "../tables/names.ts";
import { type Trainable } from "../tables/layers.ts";

/** A fully connected layer, as `dense` gives it. */
export interface DenseLayer {
  /** What kind of layer it is. */
  type: "dense";
  /** How many neurons. */
  units: number;
  /** What its weighted inputs go through. Default "linear". */
  activation?: ActivationSpec;
  /** Whether the neurons have a bias. Default true. */
  bias?: boolean;
  /**
   * First weights. Default, by the activation that follows: heUniform for the relu family, lecunUniform for selu,
   * glorotUniform for all others. "pytorch" and "nguyenWidrow" draw biases too; "lsuv" scales the weights to the data
   * that the network is first trained on.
   */
  init?: InitializerSpec;
  /** First biases. Default zeros. */
  biasInit?: InitializerSpec;
  /** Adds l1·Σ|w| over this layer's weights to what is minimised. Default: the network's. */
  l1?: number;
  /** Adds (l2/2)·Σw² over this layer's weights. Default: the network's. */
  l2?: number;
  /** The largest norm of the weights that come into a neuron: longer ones are shortened after each update. Default: the network's. */
  maxNorm?: number;
  /** What training changes: everything, nothing, or one of the two. Default true. */
  trainable?: Trainable;
  /** How messages call this layer. Default dense_1, dense_2, … */
  name?: string;
}

/** An activation as a layer of its own, as `activation` gives it. */
export interface ActivationLayer {
  /** What kind of layer it is. */
  type: "activation";
  /** What its inputs go through. */
  activation: ActivationSpec;
  /** How messages call this layer. Default activation_1, activation_2, … */
  name?: string;
}

/** A layer that drops values while training, as `dropout` and `alphaDropout` give it. */
export interface DropoutLayer {
  /** What kind of layer it is. */
  type: "dropout" | "alphaDropout";
  /** The part of the values that is dropped while training, from 0 to below 1. */
  rate: number;
  /** How messages call this layer. Default dropout_1, dropout_2, … */
  name?: string;
}

/** A layer that adds noise while training, as `gaussianNoise` gives it. */
export interface GaussianNoiseLayer {
  /** What kind of layer it is. */
  type: "gaussianNoise";
  /** Standard deviation of what is added while training. */
  deviation: number;
  /** How messages call this layer. Default gaussianNoise_1, gaussianNoise_2, … */
  name?: string;
}

/** A layer that brings each row to mean 0 and variance 1, as `layerNorm` gives it. */
export interface LayerNormLayer {
  /** What kind of layer it is. */
  type: "layerNorm";
  /** Added to the variance. Default 1e-5, of flavor "keras" 1e-3. */
  epsilon?: number;
  /** Whether γ is trained; it stays 1 otherwise. Default true. */
  scale?: boolean;
  /** Whether there is a β. Default true. */
  center?: boolean;
  /** What training changes: γ ("weights"), β ("bias"), both or nothing. Default true. */
  trainable?: Trainable;
  /** Whose defaults, and, of batchNorm, whose running statistics. Default "pytorch". */
  flavor?: "pytorch" | "keras";
  /** How messages call this layer. Default layerNorm_1 and so on, or batchNorm_1. */
  name?: string;
}

/** With `trainable: false`, batchNorm uses its running statistics in training too, and leaves them as they are. */
export interface BatchNormLayer extends Omit<LayerNormLayer, "type"> {
  /** What kind of layer it is. */
  type: "batchNorm";
  /**
   * The part of the running statistics that each batch renews, default 0.1. Of flavor "keras" the part that stays,
   * default 0.99. The running variance is the unbiased one, of flavor "keras" the biased.
   */
  momentum?: number;
}

/** A layer's description: plain JSON. */
export type Layer = DenseLayer | ActivationLayer | DropoutLayer | GaussianNoiseLayer | BatchNormLayer | LayerNormLayer;

/**
 * A fully connected layer: a = f(x W + b), with W (inputs, units).
 *
 * ```ts
 * dense(64, "relu")
 * dense(10, "softmax", { l2: 1e-4, init: "lecunNormal" })
 * ```
 */
export function dense(
  units: number,
  activation?: ActivationSpec,
  options?: Omit<DenseLayer, "type" | "units" | "activation">,
): DenseLayer {
  return { type: "dense", units, ...(activation === undefined ? {} : { activation }), ...options };
}

/** An activation as a layer of its own: a = f(x). */
export function activation(activation: ActivationSpec, options?: { name?: string }): ActivationLayer {
  return { type: "activation", activation, ...options };
}

/**
 * Dropout: while training, each value becomes 0 with probability `rate`, and the others are divided by 1 − rate, so that
 * their expectation stays. `predict` and `evaluate` drop nothing.
 */
export function dropout(rate: number, options?: { name?: string }): DropoutLayer {
  return { type: "dropout", rate, ...options };
}

/** Dropout for selu layers: dropped values become −λα, and all are scaled and shifted to keep mean 0 and variance 1. */
export function alphaDropout(rate: number, options?: { name?: string }): DropoutLayer {
  return { type: "alphaDropout", rate, ...options };
}

/** While training, adds a normal number of this standard deviation to each value. */
export function gaussianNoise(deviation: number, options?: { name?: string }): GaussianNoiseLayer {
  return { type: "gaussianNoise", deviation, ...options };
}

/**
 * Batch normalisation: γ x̂ + β, with each unit's values at mean 0 and variance 1 over the batch while training, and by
 * running statistics in `predict` and `evaluate`. A batch of one row has no variance: then x̂ is 0, and nothing is
 * learned below this layer.
 *
 * ```ts
 * const layers = [dense(64, "linear", { bias: false }), batchNorm(), activation("relu"), dense(10, "softmax")];
 * ```
 */
export function batchNorm(options?: Omit<BatchNormLayer, "type">): BatchNormLayer {
  return { type: "batchNorm", ...options };
}

/** Layer normalisation: γ x̂ + β, with each row's values at mean 0 and variance 1, in training as in prediction. */
export function layerNorm(options?: Omit<LayerNormLayer, "type">): LayerNormLayer {
  return { type: "layerNorm", ...options };
}
