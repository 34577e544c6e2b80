// The options of what a network does beside training. Types only.
import type { ClassWeights, SampleWeights } from "../data/data.ts";
import type { NetworkOptions } from "../description/options.ts";
import type { MetricSpec } from "../tables/names.ts";

/** What `Network.fromJSON` takes beside the network. */
export type FromJSONOptions = Pick<NetworkOptions, "build">;

export interface WeightsOptions {
  /** The moving average of the weights (the optimizer's `averaging`) instead of the weights. Default false. */
  averaged?: boolean;
}

export interface PredictOptions extends WeightsOptions {
  /**
   * How many threads share the rows; the bits do not depend on it. "auto", the default, takes several where there are many
   * rows, or threads are there from a `fit` and it is worth waking them. In a page's main thread, which may not wait, there
   * is one.
   */
  threads?: number | "auto";
}

export interface EvaluateOptions extends PredictOptions {
  metrics?: readonly MetricSpec[];
  /** As for `fit`: for the loss, not for the metrics. */
  sampleWeights?: SampleWeights;
  classWeights?: ClassWeights;
}
