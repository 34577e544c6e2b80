// Real handwritten digits: trains a network on 1,437 of them while you watch, then shows on 360 others what it has
// learnt. `npm run demo` builds the library and runs this.
import { readFileSync } from "node:fs";
import { Network, dense } from "propago";

const EPOCHS = 60;

// A terminal gets a bar that is drawn over and over. A file or a pipe gets plain lines. NO_COLOR removes colours only.
const live = process.stdout.isTTY && process.env.TERM !== "dumb";
const colour = (code) => (text) => (live && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text);
const [bold, dim, green, red] = [1, 2, 32, 31].map(colour);
const percent = (part, digits = 1) => `${(100 * part).toFixed(digits)} %`;

const digits = readDigits();
// Every fifth digit is held back: the network never learns from it.
const training = dataOf(digits.filter((_, k) => k % 5 !== 0));
const heldBack = dataOf(digits.filter((_, k) => k % 5 === 0));

const network = new Network({
  inputs: 64,
  layers: [dense(64, "relu"), dense(10, "softmax")],
  optimizer: { name: "adam", learningRate: 3e-3 },
});

console.log(`\n${bold("Handwritten digits")}`);
console.log(`8 × 8 pixels → 64 neurons → 10 classes: ${network.parameterCount.toLocaleString("en")} parameters`);
console.log(`learning from ${training.y.length} digits, ${heldBack.y.length} held back\n`);

const start = performance.now();
for await (const epoch of network.fit(training, { epochs: EPOCHS, validation: heldBack })) showProgress(epoch);
const seconds = (performance.now() - start) / 1000;
if (live) process.stdout.write("\n");

const speed = Math.round((EPOCHS * training.y.length) / seconds / 1000).toLocaleString("en");
console.log(`\n${EPOCHS} epochs in ${seconds.toFixed(2)} s: ${speed},000 digits a second, validation included`);

const answers = answersFor(heldBack);
const wrong = answers.filter(({ says, is }) => says !== is);
const accuracy = 1 - wrong.length / answers.length;
console.log(
  `accuracy on the held-back digits: ${bold(accuracy.toFixed(4))} (${wrong.length} of ${answers.length} wrong)\n`,
);

showConfusion(answers);

const right = answers.filter(({ says, is }) => says === is);
console.log(`\n${bold("Some it gets right")}\n`);
showDigits([2, 3, 5, 8].map((digit) => right.find(({ is }) => is === digit)));
if (wrong.length > 0) {
  console.log(`\n${bold("and the mistakes it is most sure of")}\n`);
  showDigits(wrong.toSorted((a, b) => b.sure - a.sure).slice(0, 4));
}

console.log("\nNext:  npx propago train examples/data/iris.csv --target species");
console.log("       node examples/xor.js     (all programs: examples/README.md)");

/** The rows of the table: 64 pixels from 0 (paper) to 16 (ink), brought to 0..1, and the digit they show. */
function readDigits() {
  const [, ...lines] = readFileSync(new URL("data/digits.csv", import.meta.url), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => {
    const numbers = line.split(",").map(Number);
    return { pixels: numbers.slice(0, 64).map((ink) => ink / 16), digit: numbers[64] };
  });
}

function dataOf(list) {
  return { x: list.map(({ pixels }) => pixels), y: list.map(({ digit }) => digit) };
}

/** Shows progress: one line that is drawn over and over, or a new line for every tenth epoch. */
function showProgress({ epoch, loss, validation }) {
  const figures = `loss ${loss.toFixed(4)}  held back ${percent(validation.accuracy)}`;
  if (!live) {
    if (epoch % 10 === 0) console.log(`epoch ${String(epoch).padStart(3)}/${EPOCHS}  ${figures}`);
    return;
  }
  const width = Math.max(5, Math.min(process.stdout.columns || 80, 80) - figures.length - 18);
  const done = Math.round((width * epoch) / EPOCHS);
  const bar = green("━".repeat(done)) + dim("─".repeat(width - done));
  process.stdout.write(`\r\x1b[Kepoch ${String(epoch).padStart(2)}/${EPOCHS} ${bar} ${figures}`);
}

/** For each digit: what the network says, how sure it is, and what it really is. */
function answersFor({ x, y }) {
  const probabilities = network.predict(x);
  return x.map((pixels, row) => {
    const outputs = probabilities.subarray(10 * row, 10 * row + 10);
    const sure = Math.max(...outputs);
    return { pixels, is: y[row], says: outputs.indexOf(sure), sure };
  });
}

/** How often each digit (a row) was taken for each other (a column). */
function showConfusion(answers) {
  const names = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  console.log(`${bold("What it says")}  ${names.map((says) => bold(String(says).padStart(4))).join("")}`);
  for (const is of names) {
    const cells = names.map((says) => {
      const count = answers.filter((answer) => answer.is === is && answer.says === says).length;
      const text = (count || "·").toString().padStart(4);
      if (count === 0) return dim(text);
      return is === says ? green(text) : red(text);
    });
    console.log(`${is === 0 ? "What it is  " : " ".repeat(12)}${bold(is)} ${cells.join("")}`);
  }
}

/** Digits side by side, a pixel two characters wide, with the answer below. */
function showDigits(list) {
  const shades = [" ", "░", "▒", "▓", "█"];
  const shade = (ink) => shades[Math.round(ink * 4)].repeat(2);
  for (let row = 0; row < 8; row++) {
    const lines = list.map(({ pixels }) =>
      pixels
        .slice(8 * row, 8 * row + 8)
        .map(shade)
        .join(""),
    );
    console.log(`  ${lines.join("    ")}`.trimEnd());
  }
  const below = (text, style = (text) => text) => style(text) + " ".repeat(Math.max(0, 16 - text.length));
  const line = (cells) => console.log(`  ${cells.join("    ")}`.trimEnd());
  line(list.map(({ says, is, sure }) => below(`says ${says} (${percent(sure, 0)})`, says === is ? green : red)));
  if (list.some(({ says, is }) => says !== is)) line(list.map(({ is }) => below(`is ${is}`)));
}
