// The baseline as a contestant of the benchmarks.
import type { Contestant, Runner } from "./contestant.ts";
import { PlainNetwork } from "./plain-network.ts";
import { outputsOf } from "./workload.ts";

export const plain: Contestant = {
  name: "plain TypeScript",
  version: process.version,
  differs: () => "",
  create(workload): Runner {
    const { inputs, optimizer, batchSize, epochs, rows, x, y } = workload;
    const network = new PlainNetwork(workload);
    const outputs = outputsOf(workload);
    return {
      train() {
        for (let epoch = 0; epoch < epochs; epoch++) {
          for (let row = 0; row < rows; row += batchSize) {
            const batch = Math.min(batchSize, rows - row);
            network.forward(x, row * inputs, batch);
            network.backward(x, row * inputs, y, row * outputs, batch);
            network.update(optimizer);
          }
        }
      },
      predict(x, rows) {
        const predictions = new Float32Array(rows * outputs);
        for (let row = 0; row < rows; row++) {
          const a = network.forward(x, row * inputs, 1);
          predictions.set(a.subarray(0, outputs), row * outputs);
        }
        return predictions;
      },
    };
  },
};
