// A training that is killed and started again: `node killed-training.js FOLDER` goes on from the checkpoints of the folder,
// and prints the fingerprint of what it ends with. test/killing.ts kills it.
import { Network, dense, dropout } from "propago";
import { checkpointFolder } from "propago/node";

const rows = 300;
const x = Float32Array.from({ length: 12 * rows }, (_, i) => ((i * 7919) % 211) / 105 - 1);
const y = Int32Array.from({ length: rows }, (_, row) => (x[12 * row] * x[12 * row + 1] > 0 ? 1 : 0));
const network = new Network({
  inputs: 12,
  layers: [dense(24, "tanh"), dropout(0.2), dense(2, "softmax")],
  optimizer: { name: "adam", averaging: 0.99, learningRate: { name: "cosine", rate: 0.01, steps: 2500 } },
  seed: 5,
});
// One after each slice: most of the time goes to checkpoints, so that kills often come in the middle of one.
const warn = (message) => console.log(`warning: ${message}`);
const checkpoint = checkpointFolder(process.argv[2], { every: 0.001, warn });
const { epochs } = await network.fit(
  { x, y },
  { epochs: 150, batchSize: 16, validation: 0.1, earlyStopping: { patience: 140 }, checkpoint },
);
console.log(network.fingerprint(), epochs.length, epochs[epochs.length - 1].loss);
