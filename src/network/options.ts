// The options of what a network does beside training. Types only.
import type { ClassWeights, SampleWeights } from "../data/data.ts";
import type { NetworkOptions } from "../description/options.ts";
import type { MetricSpec } from "../tables/names.ts";

/** What `Network.fromJSON` takes beside the network. */
export type FromJSONOptions = Pick<NetworkOptions, "build">;

/** What the part "bytes" has: what `toJSON` gives, with typed arrays in it, as bytes and back. */
export interface Packing {
  pack(network: object): Uint8Array<ArrayBuffer>;
  unpack(bytes: Uint8Array | ArrayBuffer): unknown;
}

/** Which of a network's weights are meant. */
export interface WeightsOptions {
  /** The moving average of the weights (the optimizer's `averaging`) instead of the weights. Default false. */
  averaged?: boolean;
}

/** How `predict` computes. */
export interface PredictOptions extends WeightsOptions {
  /**
   * How many threads share the rows; the bits do not depend on it. "auto", the default, takes several where there are many
   * rows, or threads are there from a `fit` and it is worth waking them. In a page's main thread, which may not wait, there
   * is one.
   */
  threads?: number | "auto";
}

/** What `evaluate` measures. */
export interface EvaluateOptions extends PredictOptions {
  /** What is measured beside the loss. Default: accuracy for classification, none otherwise. */
  metrics?: readonly MetricSpec[];
  /** As for `fit`: for the loss, not for the metrics. */
  sampleWeights?: SampleWeights;
  /** As for `fit`: for the loss, not for the metrics. */
  classWeights?: ClassWeights;
}
