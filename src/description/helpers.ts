// Layers as users describe them: plain JSON.
import type { ActivationSpec } from "../tables/activations.ts";
import type { InitializerSpec } from "../tables/initializers.ts";
import type { Trainable } from "../tables/layers.ts";

export interface DenseLayer {
  type: "dense";
  /** How many neurons. */
  units: number;
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

export interface ActivationLayer {
  type: "activation";
  activation: ActivationSpec;
  name?: string;
}

export interface DropoutLayer {
  type: "dropout" | "alphaDropout";
  /** The part of the values that is dropped while training, from 0 to below 1. */
  rate: number;
  name?: string;
}

export interface GaussianNoiseLayer {
  type: "gaussianNoise";
  /** Standard deviation of what is added while training. */
  deviation: number;
  name?: string;
}

export interface LayerNormLayer {
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
  name?: string;
}

/** With `trainable: false`, batchNorm uses its running statistics in training too, and leaves them as they are. */
export interface BatchNormLayer extends Omit<LayerNormLayer, "type"> {
  type: "batchNorm";
  /**
   * The part of the running statistics that each batch renews, default 0.1. Of flavor "keras" the part that stays,
   * default 0.99. The running variance is the unbiased one, of flavor "keras" the biased.
   */
  momentum?: number;
}

/** A layer's description: plain JSON. */
export type Layer = DenseLayer | ActivationLayer | DropoutLayer | GaussianNoiseLayer | BatchNormLayer | LayerNormLayer;
