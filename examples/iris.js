// Fisher's irises: which of three species, from four lengths in centimetres. A Classifier scales the inputs, turns
// species into numbers and back, and picks the loss by itself.
import { readFileSync } from "node:fs";
import { Classifier } from "propago";

const [, ...lines] = readFileSync(new URL("data/iris.csv", import.meta.url), "utf8")
  .trim()
  .split("\n");
const flowers = lines.map((line) => {
  const cells = line.trim().split(",");
  return { lengths: cells.slice(0, 4).map(Number), species: cells[4] };
});

// Every fifth flower is held back: the network never sees it in training.
const training = flowers.filter((_, k) => k % 5 !== 0);
const heldBack = flowers.filter((_, k) => k % 5 === 0);
const lengthsOf = (list) => list.map(({ lengths }) => lengths);
const speciesOf = (list) => list.map(({ species }) => species);

const classifier = new Classifier({ hidden: [16] });
await classifier.fit(lengthsOf(training), speciesOf(training));

const accuracy = classifier.score(lengthsOf(heldBack), speciesOf(heldBack));
console.log(`trained on ${training.length} flowers, accuracy on ${heldBack.length} others: ${accuracy.toFixed(3)}`);

const found = [[6.1, 2.9, 4.7, 1.4]];
const [species] = classifier.predict(found);
const surest = Math.max(...classifier.predictProbabilities(found));
console.log(`a flower of ${found[0].join(", ")} cm is ${species} (${(100 * surest).toFixed(1)} % sure)`);
