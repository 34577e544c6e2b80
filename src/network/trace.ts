// One sample's way through a network, layer by layer.
import type { FloatArray } from "../ground/arrays.ts";
import type { LayerWeights } from "../memory/tensors.ts";

/** One layer's part in a single sample's way through the network. */
export interface TraceLayer<A extends FloatArray = FloatArray> {
  name: string;
  /** Weighted inputs. */
  z: A;
  /** Activations. */
  a: A;
  /** Errors, ∂E/∂z. */
  delta: A;
  /** Gradients ∂E/∂W (inputs, units) and ∂E/∂b with the penalties' part, for layers that have weights. */
  gradients?: LayerWeights<A>;
}

export interface Trace<A extends FloatArray = FloatArray> {
  loss: number;
  layers: TraceLayer<A>[];
}
