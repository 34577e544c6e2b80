// Every peer library that is installed.
import type { Contestant } from "../contestant.ts";
import { brain } from "./brain.ts";
import { convnet } from "./convnet.ts";
import { jax } from "./jax.ts";
import { tfjs } from "./tfjs.ts";

export async function peers(): Promise<Contestant[]> {
  const found = [...(await tfjs()), await jax(), brain(), convnet()].filter((peer) => peer !== undefined);
  const missing = ["tfjs-wasm", "tfjs-cpu", "jax-js", "brain.js", "ConvNetJS"].filter(
    (name) => !found.some((peer) => peer.name === name),
  );
  if (missing.length > 0) {
    console.error(`${missing.join(", ")}: not installed, or not able to run here (npm run bench:peers installs them).`);
  }
  return found;
}
