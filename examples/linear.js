// Backpropagation without any curve: one update of a linear 2-2-1 network without biases, as HMKCode works it out
// ("Backpropagation Step by Step"). Every number can be checked with pencil and paper.
import { Network, dense } from "propago";

const data = { x: [[2, 3]], y: [[1]] };

const network = new Network({
  inputs: 2,
  layers: [dense(2, "linear", { bias: false }), dense(1, "linear", { bias: false })],
  loss: "squaredError",
  optimizer: { name: "sgd", learningRate: 0.05 },
});
// w1 and w2 lead to the first hidden neuron, w3 and w4 to the second.
network.setWeights([
  {
    weights: [
      [0.11, 0.12],
      [0.21, 0.08],
    ],
  },
  { weights: [[0.14], [0.15]] },
]);

const show = (numbers) => Array.from(numbers, (number) => Number(number.toPrecision(7))).join(" ");

console.log(`prediction         ${show(network.predict(data.x))}`);
network.trainOnBatch(data);

const [hidden, output] = network.getWeights();
const [w1, w3, w2, w4] = hidden.weights;
console.log("after one update");
console.log(`  w1 w2 w3 w4      ${show([w1, w2, w3, w4])}`);
console.log(`  w5 w6            ${show(output.weights)}`);
console.log(`  prediction       ${show(network.predict(data.x))}`);
