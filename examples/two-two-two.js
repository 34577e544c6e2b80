// Two inputs, two hidden neurons, two outputs: the network of Matt Mazur's "A Step by Step Backpropagation Example"
// (2015), followed to its last digit. Biases are held fixed, as they are there.
import { Network, dense } from "propago";

const data = { x: [[0.05, 0.1]], y: [[0.01, 0.99]] };

const network = new Network({
  inputs: 2,
  layers: [dense(2, "sigmoid", { trainable: "weights" }), dense(2, "sigmoid", { trainable: "weights" })],
  loss: "squaredError",
  optimizer: { name: "sgd", learningRate: 0.5 },
  dtype: "float64", // the article prints nine digits, more than float32 has
});
// w1 and w2 lead to the first hidden neuron, w3 and w4 to the second: a row for each input, a column for each neuron.
network.setWeights([
  {
    weights: [
      [0.15, 0.25],
      [0.2, 0.3],
    ],
    bias: [0.35, 0.35],
  },
  {
    weights: [
      [0.4, 0.5],
      [0.45, 0.55],
    ],
    bias: [0.6, 0.6],
  },
]);

const show = (numbers, digits) => Array.from(numbers, (number) => number.toFixed(digits)).join(" ");

console.log(`outputs            ${show(network.predict(data.x), 9)}`);
console.log(`error              ${network.trainOnBatch(data).toFixed(9)}`);

const [hidden, output] = network.getWeights().map(({ weights: [a, b, c, d] }) => [a, c, b, d]);
console.log("after one update");
console.log(`  w1 w2 w3 w4      ${show(hidden, 9)}`);
console.log(`  w5 w6 w7 w8      ${show(output, 9)}`);
console.log(`  error            ${network.evaluate(data).loss.toFixed(9)}`);

network.fitSync(data, { epochs: 9_999 });
console.log("after 10,000 updates");
console.log(`  outputs          ${show(network.predict(data.x), 6)}`);
