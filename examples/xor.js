// XOR: true when exactly one of two inputs is. The smallest problem that no single neuron can solve; with four hidden
// neurons it is learnt in a moment.
import { Network, dense } from "propago";

const x = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const y = [0, 1, 1, 0];

const network = new Network({ inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")] });
const history = await network.fit({ x, y });

const { epoch, loss, accuracy } = history.epochs.at(-1);
console.log(`after ${epoch} epochs: loss ${loss.toFixed(4)}, accuracy ${accuracy}`);

network.predict(x).forEach((output, row) => {
  const [a, b] = x[row];
  console.log(`${a} xor ${b} = ${Math.round(output)}   (${output.toFixed(3)})`);
});
