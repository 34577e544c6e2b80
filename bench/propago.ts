// propago as a contestant: the package as it ships, called as a user would.
import { readFileSync } from "node:fs";
import { Network, dense } from "propago";
import { root } from "../scripts/root.ts";
import type { Contestant } from "./contestant.ts";

const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };

export const propago: Contestant = {
  name: "propago",
  version,
  differs: () => "",
  create({ inputs, layers, loss, optimizer, batchSize, epochs, x, y }) {
    const network = new Network({
      inputs,
      layers: layers.map(({ units, activation }) => dense(units, activation)),
      loss,
      optimizer,
    });
    return {
      train: () => void network.fitSync({ x, y }, { epochs, batchSize, shuffle: false, metrics: [] }),
      predict: () => network.predict(x),
      dispose: () => network.dispose(),
    };
  },
};
