// propago as a contestant. It is the built package, called as a user would call it.
import { readFileSync } from "node:fs";
import type * as library from "propago";
import { root } from "../scripts/root.ts";
import type { Contestant } from "./contestant.ts";

export type Library = typeof library;

export interface Variant {
  name: string;
  dtype?: "float64";
  build?: "relaxed";
  /** As in `fit`. Where it is absent, the library chooses. */
  threads?: number | "auto";
}

const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };

/** Whether this engine and this version of the library have a build. */
export function has({ Network, dense }: Library, build: "relaxed"): boolean {
  try {
    new Network({ inputs: 1, layers: [dense(1)], build }).dispose();
    return true;
  } catch {
    return false;
  }
}

/** Whether `fit` of this version of the library takes an option. */
export function takes({ Network, dense }: Library, option: object): boolean {
  try {
    using network = new Network({ inputs: 1, layers: [dense(1)] });
    network.fitSync({ x: Float32Array.of(1), y: Float32Array.of(1) }, { epochs: 1, ...option });
    return true;
  } catch {
    return false;
  }
}

export function propago({ Network, dense }: Library, { name, dtype, build, threads }: Variant): Contestant {
  const option = threads === undefined ? {} : { threads };
  return {
    name,
    version,
    differs: () => "",
    create({ inputs, layers, loss, optimizer, batchSize, epochs, x, y, seed }) {
      const network = new Network({
        inputs,
        layers: layers.map(({ units, activation }) => dense(units, activation)),
        loss,
        optimizer,
        seed,
        dtype,
        build,
      });
      const data = dtype ? { x: Float64Array.from(x), y: Float64Array.from(y) } : { x, y };
      return {
        train: () => void network.fitSync(data, { epochs, batchSize, shuffle: false, metrics: [], ...option }),
        predict: (x) => Float32Array.from(network.predict(dtype ? Float64Array.from(x) : x)),
        dispose: () => network.dispose(),
      };
    },
  };
}
