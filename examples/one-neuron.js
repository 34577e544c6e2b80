// One sigmoid neuron: its output, how that changes with each weight and input, and nineteen updates that bring it to a
// target. Numbers as in the CS231n notes of Stanford University on backpropagation.
import { Network, dense } from "propago";

const x = [[-1, -2]];

const neuron = new Network({
  inputs: 2,
  layers: [dense(1, "sigmoid")],
  loss: "squaredError",
  optimizer: { name: "sgd", learningRate: 1 },
});
neuron.setWeights([{ weights: [2, -3], bias: [-3] }]);

const show = (numbers) => Array.from(numbers, (number) => number.toFixed(2)).join(", ");

const [output] = neuron.predict(x);
console.log(`output ${output.toFixed(2)}`);

// The gradient of ½(a − y)² is (a − y) times the gradient of a: with y = a − 1 it is the gradient of a itself.
const [{ delta, gradients }] = neuron.trace(x[0], [output - 1]).layers;
const [{ weights }] = neuron.getWeights();
console.log(`gradient with respect to the weights and the bias: ${show([...gradients.weights, ...gradients.bias])}`);
console.log(`gradient with respect to the inputs: ${show(weights.map((w) => w * delta[0]))}`);

console.log("\ntowards a target of 0.43:");
for (let update = 1; update <= 19; update++) {
  neuron.trainOnBatch({ x, y: [[0.43]] });
  if (update > 3 && update < 19) continue;
  const [{ weights, bias }] = neuron.getWeights();
  console.log(`update ${update}: weights ${show(weights)}, bias ${show(bias)}, output ${show(neuron.predict(x))}`);
}
