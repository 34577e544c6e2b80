// The options of a network, as users write them. Types only.
import type { Layer } from "./helpers.ts";
import type { DType } from "../ground/arrays.ts";
import type { LossSpec } from "../tables/losses.ts";
import type { OptimizerSpec } from "../tables/names.ts";
import type { ScheduleSpec } from "../tables/names.ts";

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
  /**
   * For each layer with weights: (inputs, units) row-major, and biases and running statistics if it has them. A -0 stands as
   * the text "-0", since JSON has no such number.
   */
  weights: { weights: number[]; bias?: number[]; mean?: number[]; variance?: number[] }[];
  /** Updates made so far, where the optimizer's rate follows a schedule. */
  steps?: number;
  /** Where training stands, where it was asked for. */
  state?: StateJSON;
}

/** What `fit` needs to go on as if the network had never been saved. -0 and what is not finite stand as text. */
export interface StateJSON {
  /** Updates made so far. */
  step: number;
  /** Epochs completed or broken off. */
  epoch: number;
  /** Batches trained so far. */
  batches: number;
  /** Powers by which the optimizer corrects its means: of beta1 for adam and its kin, of the decay for nadam. */
  power1: number;
  /** As `power1`. */
  power2: number;
  /** As `power1`. */
  power3: number;
  /** Updates since the optimizer remembered nothing. */
  age: number;
  /** Batches gathered by `accumulate` that wait for their update. */
  pending: number;
  /** Their rows. */
  pendingRows: number;
  /** Samples since the optimizer remembered nothing, where it counts them. */
  seen: number;
  /** Numbers that a searching optimizer remembers. */
  memory: number[];
  /** What reduceOnPlateau has come to. */
  plateau: { scale: number; best?: number; bad: number; cooldown: number };
  /** The optimizer's arrays, one behind the other; none before the first update. */
  remembered: number[];
  /** Whether first weights still wait for data to be scaled to. */
  isUnscaled?: boolean;
}

/** What `toJSON` is to keep. */
export interface ToJSONOptions {
  /** The optimizer's memory, and where schedules and shuffles stand. Default false. */
  state?: boolean;
  /** What stands for a `learningRate` that is a function, which JSON cannot hold: a rate, or a schedule by name. */
  learningRate?: number | ScheduleSpec;
}
