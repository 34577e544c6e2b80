// A layer with everything filled in, as the rest of the library reads it.
import type { Activation } from "../tables/activations.ts";
import type { LayerParameters } from "../tables/layers.ts";
import type { Layer } from "./helpers.ts";
import { constant } from "../tables/distributions.ts";

/** A layer with everything filled in. */
export interface LayerDescription extends LayerParameters {
  kind: number;
  name: string;
  inputs: number;
  units: number;
  activation: Activation;
  l1: number;
  l2: number;
  /** The largest norm of the weights that come into a unit; 0 for any. */
  maxNorm: number;
  /** The description again, as plain JSON. */
  spec: Layer;
}

/** A layer that has no weights. */
export function bare(
  name: string,
  width: number,
  activation: Activation,
): Omit<LayerDescription, "kind" | "parameter" | "spec"> {
  return {
    name,
    inputs: width,
    units: width,
    activation,
    weightRows: 0,
    bias: false,
    init: constant(0),
    biasInit: constant(0),
    l1: 0,
    l2: 0,
    maxNorm: 0,
    trainWeights: false,
    trainBias: false,
  };
}
