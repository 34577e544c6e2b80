// What the engine asks of idle networks when memory is scarce, asked of one.
import { engineOf } from "../src/core/engine.ts";
import type { DType, Network } from "../src/index.ts";

/** Lets a network copy its arrays out and leave the core's memory; it comes back when it is used. */
export function leave(network: Network<DType>): void {
  const engine = engineOf(network.dtype);
  const { touch } = engine;
  let tenant: { leave(): void } | undefined;
  engine.touch = (one) => {
    tenant = one;
    touch.call(engine, one);
  };
  network.getWeights();
  engine.touch = touch;
  tenant!.leave();
}
