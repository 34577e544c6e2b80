// Logic gates from neurons with weights set by hand, nothing learnt. A sigmoid of +10 or more is almost 1, of −10 or
// less almost 0. XNOR, "both or neither", takes two layers: OR(AND, NOR).
import { Network, dense } from "propago";

const pairs = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];

function gate(bias, weights) {
  const network = new Network({ inputs: 2, layers: [dense(1, "sigmoid")] });
  network.setWeights([{ weights, bias: [bias] }]);
  return network;
}

const xnor = new Network({ inputs: 2, layers: [dense(2, "sigmoid"), dense(1, "sigmoid")] });
xnor.setWeights([
  // A row for each input, a column for each neuron: AND is the first hidden neuron, NOR the second.
  {
    weights: [
      [20, -20],
      [20, -20],
    ],
    bias: [-30, 10],
  },
  { weights: [[20], [20]], bias: [-10] },
]);

const gates = {
  AND: gate(-30, [20, 20]),
  NOR: gate(10, [-20, -20]),
  OR: gate(-10, [20, 20]),
  XNOR: xnor,
};

console.log(`a b   ${Object.keys(gates).join("   ")}`);
for (const pair of pairs) {
  const outputs = Object.entries(gates).map(([name, network]) => {
    const [output] = network.predict([pair]);
    return String(Math.round(output)).padStart(name.length);
  });
  console.log(`${pair.join(" ")}   ${outputs.join("   ")}`);
}
