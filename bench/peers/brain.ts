// brain.js as a contestant. It updates after every sample, and has one activation for all layers and no loss but the squared
// error. Where a workload asks for something else, the nearest training that it can do stands in.
import type { Contestant } from "../contestant.ts";
import { outputsOf } from "../workloads.ts";
import { load } from "./load.ts";

/** Its rows are plain arrays. It treats a typed array as an object with names and looks each name up, which is slow. */
interface Sample {
  input: number[];
  output: number[];
}
interface NeuralNetwork {
  train(data: readonly Sample[], options: object): unknown;
  run(input: number[]): Float32Array;
  /** Sizes and first weights, which train would otherwise make inside the measured time. */
  verifyIsInitialized(data: readonly Sample[]): void;
}
interface Brain {
  NeuralNetwork: new (options: object) => NeuralNetwork;
}

export function brain(): Contestant | undefined {
  const loaded = load<Brain>("brain.js");
  if (!loaded) return undefined;
  return {
    name: "brain.js",
    version: loaded.version,
    loss: () => "squaredError",
    chance: true,
    differs({ layers, loss, batchSize, optimizer }) {
      const notes = [];
      if (batchSize > 1) notes.push("updates after every sample");
      if (loss !== "squaredError") notes.push(`${layers[0].activation} outputs with squared error`);
      if (optimizer.name === "sgd") notes.push("momentum 1e-9, since 0 is refused");
      return notes.join(", ");
    },
    create(workload) {
      const { inputs, layers, optimizer, epochs, rows, x, y } = workload;
      const outputs = outputsOf(workload);
      const network = new loaded.library.NeuralNetwork({
        inputSize: inputs,
        outputSize: outputs,
        hiddenLayers: layers.slice(0, -1).map(({ units }) => units),
        activation: layers[0].activation,
      });
      const data: Sample[] = Array.from({ length: rows }, (_, r) => ({
        input: [...x.subarray(r * inputs, (r + 1) * inputs)],
        output: [...y.subarray(r * outputs, (r + 1) * outputs)],
      }));
      network.verifyIsInitialized(data);
      const options = {
        iterations: epochs,
        learningRate: optimizer.learningRate,
        momentum: 1e-9,
        praxis: optimizer.name === "adam" ? "adam" : undefined,
        errorThresh: 1e-12,
        // Computing its error takes a part of the time. That is fair: others report the loss of every epoch, too.
        errorCheckInterval: 1,
      };
      return {
        train: () => void network.train(data, options),
        predict(x, rows) {
          const predictions = new Float32Array(rows * outputs);
          for (let r = 0; r < rows; r++) {
            predictions.set(network.run([...x.subarray(r * inputs, (r + 1) * inputs)]), r * outputs);
          }
          return predictions;
        },
      };
    },
  };
}
