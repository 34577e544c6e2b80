// ConvNetJS as a contestant. It takes one sample at a time and adds up gradients over a batch. Its package has neither
// Adam nor an activation behind its regression; "windowgrad", Adam without the mean of gradients, comes nearest.
import type { Contestant } from "../contestant.ts";
import { outputsOf } from "../workloads.ts";
import { load } from "./load.ts";

interface Volume {
  w: Float64Array;
}
interface Net {
  makeLayers(definitions: readonly object[]): void;
  forward(x: Volume, training?: boolean): Volume;
}
interface ConvNet {
  Vol: new (width: number, height: number, depth: number, value: number) => Volume;
  Net: new () => Net;
  Trainer: new (net: Net, options: object) => { train(x: Volume, y: number | readonly number[]): unknown };
}

export function convnet(): Contestant | undefined {
  const loaded = load<ConvNet>("convnetjs");
  if (!loaded) return undefined;
  const { Vol, Net, Trainer } = loaded.library;
  return {
    name: "ConvNetJS",
    version: loaded.version,
    loss: ({ loss }) => (loss === "categoricalCrossEntropy" ? loss : "squaredError"),
    chance: true,
    differs({ loss, optimizer }) {
      const notes = [];
      if (loss !== "categoricalCrossEntropy") notes.push("linear outputs with squared error");
      if (optimizer.name === "adam") notes.push("windowgrad instead of Adam");
      return notes.join(", ");
    },
    create(workload) {
      const { inputs, layers, loss, optimizer, batchSize, epochs, rows, x, y } = workload;
      const outputs = outputsOf(workload);
      const classes = loss === "categoricalCrossEntropy";
      const net = new Net();
      net.makeLayers([
        { type: "input", out_sx: 1, out_sy: 1, out_depth: inputs },
        ...layers.slice(0, -1).map(({ units, activation }) => ({ type: "fc", num_neurons: units, activation })),
        classes ? { type: "softmax", num_classes: outputs } : { type: "regression", num_neurons: outputs },
      ]);
      const trainer = new Trainer(net, {
        method: optimizer.name === "adam" ? "windowgrad" : "sgd",
        learning_rate: optimizer.learningRate,
        batch_size: batchSize,
        momentum: 0,
        ro: 0.999,
        eps: 1e-8,
      });
      const volume = (x: Float32Array, row: number) => {
        const made = new Vol(1, 1, inputs, 0);
        made.w.set(x.subarray(row * inputs, (row + 1) * inputs));
        return made;
      };
      const samples = Array.from({ length: rows }, (_, row) => {
        const target = [...y.subarray(row * outputs, (row + 1) * outputs)];
        return { x: volume(x, row), y: classes ? target.indexOf(1) : target };
      });
      return {
        train() {
          for (let epoch = 0; epoch < epochs; epoch++) for (const { x, y } of samples) trainer.train(x, y);
        },
        predict(x, rows) {
          const predictions = new Float32Array(rows * outputs);
          for (let row = 0; row < rows; row++) predictions.set(net.forward(volume(x, row)).w, row * outputs);
          return predictions;
        },
      };
    },
  };
}
