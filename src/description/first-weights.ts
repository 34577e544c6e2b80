// Which first weights a layer gets where its description does not say.
import type { LayerDescription } from "./layer.ts";
import { type ActivationName, ACTIVATIONS } from "../tables/activations.ts";
import { DENSE, ACTIVATION } from "../../assembly/plan.ts";
import { readInitializer } from "./initializers.ts";

/** What a layer's weighted inputs go through: its own activation, or that of the first activation layer above it. */
function activationAbove(layers: readonly LayerDescription[], index: number): ActivationName {
  const own = layers[index].activation.name;
  const next = layers.slice(index + 1).find(({ kind }) => kind === DENSE || kind === ACTIVATION);
  return own === "linear" && next?.kind === ACTIVATION ? next.activation.name : own;
}

/** First weights of the layers that leave them to us: what keeps the size of signals through their activation. */
export function chooseInit(layers: LayerDescription[]): void {
  for (const [i, layer] of layers.entries()) {
    if (layer.spec.type !== "dense" || layer.spec.init !== undefined) continue;
    const { init } = ACTIVATIONS[activationAbove(layers, i)];
    layer.init = readInitializer(init, `layers[${i}].init`, layer.inputs, layer.units);
  }
}
