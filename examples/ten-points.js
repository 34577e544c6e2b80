// Ten points of two kinds in the plane, told apart by a 2-2-3-2 network that sees one of them at a time, a million
// times: the example of C. F. Higham and D. J. Higham, "Deep Learning: An Introduction for Applied Mathematicians"
// (SIAM Review, 2019). At the end the plane is drawn as the network sees it.
import { Network, dense } from "propago";

const x1 = [0.1, 0.3, 0.1, 0.6, 0.4, 0.6, 0.5, 0.9, 0.4, 0.7];
const x2 = [0.1, 0.4, 0.5, 0.9, 0.2, 0.3, 0.6, 0.2, 0.4, 0.6];
const points = x1.map((value, k) => [value, x2[k]]);
const targets = points.map((_, k) => (k < 5 ? [1, 0] : [0, 1]));

// The paper draws first weights and biases from a normal distribution of deviation 0.5.
const init = { name: "normal", deviation: 0.5 };
const network = new Network({
  inputs: 2,
  layers: [2, 3, 2].map((units) => dense(units, "sigmoid", { init, biasInit: init })),
  loss: "squaredError",
  optimizer: { name: "sgd", learningRate: 0.05 },
});

const start = performance.now();
const { epochs } = network.fitSync(
  { x: points, y: targets },
  { epochs: 100_000, batchSize: 1, shuffle: "withReplacement" },
);
const seconds = (performance.now() - start) / 1000;

/** Which of the two outputs is larger: class 0 or 1. */
const classOf = ([first, second]) => (first > second ? 0 : 1);

const right = points.filter((point, k) => classOf(network.predict([point])) === (k < 5 ? 0 : 1)).length;
console.log(`1,000,000 updates in ${seconds.toFixed(2)} s, loss ${epochs.at(-1).loss.toExponential(1)}`);
console.log(`${right} of ${points.length} points are classified\n`);

// The unit square, 40 × 20 characters; A and B are the points, dots are where the network says A.
const [columns, rows] = [40, 20];
for (let row = 0; row < rows; row++) {
  const line = Array.from({ length: columns }, (_, column) => {
    const place = [(column + 0.5) / columns, 1 - (row + 0.5) / rows];
    const k = points.findIndex(
      ([a, b]) => Math.floor(a * columns) === column && rows - 1 - Math.floor(b * rows) === row,
    );
    if (k >= 0) return k < 5 ? "A" : "B";
    return classOf(network.predict([place])) === 0 ? "·" : " ";
  });
  console.log(`|${line.join("")}|`);
}
