// The options of a network, as users write them. Types only.
import type { Layer } from "./helpers.ts";
import type { DType } from "../ground/arrays.ts";
import type { LossSpec } from "../tables/losses.ts";
import type { OptimizerSpec } from "../tables/names.ts";

/** What a network is made of, and how it learns. */
export interface NetworkOptions<D extends DType = "float32"> {
  /** How many values a sample has. */
  inputs: number;
  /** The layers from the input to the output. */
  layers: readonly Layer[];
  /** What training minimises. Default: chosen from the last activation. */
  loss?: LossSpec;
  /** How the weights are updated. Default: adam, with larger steps for small networks. */
  optimizer?: OptimizerSpec;
  /** For first weights, shuffles, splits, dropout and noise. Default 0; "random" draws one. */
  seed?: number | "random";
  /** What it computes in, and the kind of array that it gives back. Default float32. */
  dtype?: D;
  /**
   * Which float32 build computes. "relaxed" lets the machine round a multiply-add once where it can, which some do faster:
   * close to "simd", the default, but not the same bits on every machine. Saved networks do not say which it was.
   */
  build?: "simd" | "relaxed";
  /** Every input is multiplied by it: 1 / 255 turns the bytes of an image into 0..1. Default 1. */
  inputScale?: number;
  /** Adds l1·Σ|w| over the weights of all dense layers (never biases, γ or β). Default 0. */
  l1?: number;
  /** Adds (l2/2)·Σw² over the weights of all dense layers (never biases, γ or β). Default 0. */
  l2?: number;
  /** The largest norm of the weights that come into a neuron, for all dense layers. Default: any. */
  maxNorm?: number;
}

/** What `Network.toJSON` gives. */
export interface NetworkJSON<D extends DType = DType> {
  /** Tells the JSON of a network from that of anything else. */
  format: "propago";
  /** Of the format, not of the package. */
  version: 1;
  /** As in `NetworkOptions`. */
  inputs: number;
  /** As in `NetworkOptions`, each with its name. */
  layers: Layer[];
  /** As in `NetworkOptions`; the one that was chosen where none was given. */
  loss: LossSpec;
  /** As in `NetworkOptions`, with all hyperparameters. */
  optimizer: OptimizerSpec;
  /** The seed that was used. */
  seed: number;
  /** The precision of the weights. */
  dtype: D;
  /** As in `NetworkOptions`. */
  inputScale?: number;
  /** As in `NetworkOptions`. */
  l1: number;
  /** As in `NetworkOptions`. */
  l2: number;
  /** As in `NetworkOptions`. */
  maxNorm?: number;
  /** For each layer with weights: (inputs, units) row-major, and biases and running statistics if it has them. */
  weights: { weights: number[]; bias?: number[]; mean?: number[]; variance?: number[] }[];
}
