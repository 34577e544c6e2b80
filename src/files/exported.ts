// A network of ours as the writers of other formats take it: its layers in order, with everything filled in, and each
// layer's arrays.
import { describe } from "../description/description.ts";
import type { NetworkDescription } from "../description/description.ts";
import { readNetworkJSON } from "../network/json.ts";
import type { LayerDescription } from "../description/layer.ts";
import { tensorsOf } from "../description/tensors.ts";

export interface ExportedLayer {
  layer: LayerDescription;
  /** "dense", "activation", "batchNorm", … */
  type: string;
  /** In float64, which holds both precisions exactly. Weights of a normalisation are its γ, one a unit. */
  weights?: Float64Array;
  bias?: Float64Array;
  mean?: Float64Array;
  variance?: Float64Array;
}

export interface ExportedNetwork {
  description: NetworkDescription;
  layers: ExportedLayer[];
}

/** Takes what `Network.toJSON` gives, checked as `Network.fromJSON` checks it. */
export function exported(json: unknown): ExportedNetwork {
  const { options, weights } = readNetworkJSON(json);
  const description = describe(options);
  let next = 0;
  const layers = description.layers.map((layer): ExportedLayer => {
    const type = layer.spec.type;
    const tensors = tensorsOf(layer);
    if (tensors.length === 0) return { layer, type };
    const given = weights[next++] as unknown as Record<string, readonly number[]>;
    return { layer, type, ...Object.fromEntries(tensors.map(({ kind }) => [kind, Float64Array.from(given[kind])])) };
  });
  return { description, layers };
}
