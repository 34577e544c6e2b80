// `npm run bench:defaults` measures what a Classifier and a Regressor reach without an option. They are judged on functions
// without noise by fresh rows, on the tables of examples/data by five folds, and on the tables of a folder by the splits
// that it names. docs/defaults.md has the figures.
//
//   npm run bench:defaults -- [FOLDER] [--effort quick|normal|thorough] [--seeds 5]
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Classifier, Regressor } from "../src/node.ts";
import type { Effort } from "../src/estimators/options.ts";
import { root } from "../scripts/root.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { effort: { type: "string", default: "normal" }, seeds: { type: "string", default: "3" } },
});
const effort = values.effort as Effort;
const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);

type Row = readonly number[];
type Answer = string | number;

/** One training: rows to learn from, and rows to judge by. */
interface Trial {
  isClasses: boolean;
  x: Row[];
  y: Answer[];
  unseen: Row[];
  truth: Answer[];
  seed: number;
}

/** Score, its estimate, and seconds. */
function run({ isClasses, x, y, unseen, truth, seed }: Trial) {
  const started = performance.now();
  using estimator = isClasses ? new Classifier({ effort, seed }) : new Regressor({ effort, seed });
  (estimator as Classifier).fitSync(x, y);
  const seconds = (performance.now() - started) / 1000;
  const { estimate } = estimator;
  const told = isClasses ? estimate?.accuracy : estimate?.r2;
  return { score: (estimator as Classifier).score(unseen, truth), told, seconds };
}

const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

function show(name: string, trials: readonly Trial[], peers = ""): number {
  const results = trials.map(run);
  const scores = results.map(({ score }) => score);
  const gaps = results.flatMap(({ score, told }) => (told === undefined ? [] : [told - score]));
  const bias = gaps.length > 0 ? `told ${mean(gaps) >= 0 ? "+" : "−"}${Math.abs(mean(gaps)).toFixed(3)}` : "";
  const figures = `mean ${mean(scores).toFixed(3)}  worst ${Math.min(...scores).toFixed(3)}`;
  const time = `${mean(results.map(({ seconds }) => seconds)).toFixed(2)} s`;
  console.log(`${name.padEnd(22)} ${figures}  ${time}  ${bias} ${peers}`);
  return mean(scores);
}

/** Numbers in [0, 1): the xorshift of 32 bits. */
function generator(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 20; i++) next();
  return next;
}

const { PI, abs, exp, floor, hypot, max, sin } = Math;

/** Name, rows, columns, from, to, function. */
const FUNCTIONS: [string, number, number, number, number, (row: Row) => Answer][] = [
  ["circle", 300, 2, -1, 1, ([a, b]) => (hypot(a, b) < 0.7 ? "in" : "out")],
  ["rings", 400, 2, -1, 1, ([a, b]) => `ring ${Math.min(2, floor(2.5 * hypot(a, b)))}`],
  ["board, 3 × 3", 400, 2, 0, 1, ([a, b]) => ((floor(3 * a) + floor(3 * b)) % 2 ? "black" : "white")],
  ["threshold of 10", 300, 10, -1, 1, (row) => (row[3] > 0.3 ? "yes" : "no")],
  ["x²", 100, 1, -1, 1, ([x]) => x * x],
  ["sin x", 100, 1, 0, 2 * PI, ([x]) => sin(x)],
  ["sin x, two periods", 200, 1, 0, 4 * PI, ([x]) => sin(x)],
  ["a b", 200, 2, -1, 1, ([a, b]) => a * b],
  ["a b c", 300, 3, -1, 1, ([a, b, c]) => a * b * c],
  ["|x|", 100, 1, -1, 1, ([x]) => abs(x)],
  ["switch", 300, 3, -1, 1, ([a, b, c]) => (a > 0 ? b : c)],
  ["max", 200, 2, -1, 1, ([a, b]) => max(a, b)],
  ["exp x", 100, 1, 0, 5, ([x]) => exp(x)],
  ["large targets", 100, 1, -1, 1, ([x]) => 250_000 + 40_000 * x],
  ["small targets", 100, 1, -1, 1, ([x]) => 1e-6 * x * x],
  ["linear, 20 columns", 40, 20, -1, 1, (row) => row.reduce((sum, x, i) => sum + (i - 9.5) * x, 0)],
];

function ofFunction([, rows, columns, low, high, f]: (typeof FUNCTIONS)[number], seed: number): Trial {
  const draw = generator(seed);
  const points = (count: number): Row[] =>
    Array.from({ length: count }, () => Array.from({ length: columns }, () => low + (high - low) * draw()));
  const [x, unseen] = [points(rows), points(1000)];
  return { isClasses: typeof f(x[0]) === "string", x, y: x.map(f), unseen, truth: unseen.map(f), seed };
}

/** A table of numbers, whose last column is the target. */
function readTable(path: string, isClasses: boolean): { x: Row[]; y: Answer[] } {
  const [, ...lines] = readFileSync(path, "utf8").trim().split("\n");
  const cells = lines.map((line) => line.split(","));
  return {
    x: cells.map((row) => row.slice(0, -1).map(Number)),
    y: cells.map((row) => (isClasses ? row[row.length - 1] : Number(row[row.length - 1]))),
  };
}

/** Each of five folds left out once. */
function ofFolds(path: string, isClasses: boolean, seed: number): Trial[] {
  const { x, y } = readTable(path, isClasses);
  const draw = generator(seed + 77);
  const fold = x.map(() => floor(5 * draw()));
  return [0, 1, 2, 3, 4].map((left) => {
    const part = <T>(list: readonly T[], isLeft: boolean): T[] => list.filter((_, i) => (fold[i] === left) === isLeft);
    return { isClasses, x: part(x, false), y: part(y, false), unseen: part(x, true), truth: part(y, true), seed };
  });
}

/** A folder with NAME.csv and splits.json: { NAME: { target, task, test, mlp, forest } }. */
function ofFolder(folder: string): void {
  interface Split {
    target: string;
    task: string;
    test: number[][];
    mlp: number[];
    forest: number[];
  }
  const all = JSON.parse(readFileSync(join(folder, "splits.json"), "utf8")) as Record<string, Split>;
  const scores: number[] = [];
  const theirs: number[] = [];
  for (const [name, { target, task, test, mlp, forest }] of Object.entries(all)) {
    const [head, ...rows] = readFileSync(join(folder, `${name}.csv`), "utf8")
      .trim()
      .split("\n")
      .map(fields);
    const at = head.indexOf(target);
    const isClasses = task === "classification";
    const trials = test.map((held, seed) => {
      const isHeld = new Set(held);
      const known = rows.filter((_, r) => !isHeld.has(r));
      const fresh = rows.filter((_, r) => isHeld.has(r));
      const encode = encoder(known, at);
      const answer = (row: string[]): Answer => (isClasses ? row[at] : Number(row[at]));
      return { isClasses, x: known.map(encode), y: known.map(answer), unseen: fresh.map(encode), truth: fresh.map(answer), seed }; // prettier-ignore
    });
    const better = max(mean(mlp), mean(forest));
    scores.push(show(name, trials, `network ${mean(mlp).toFixed(3)} forest ${mean(forest).toFixed(3)}`));
    theirs.push(better);
  }
  console.log(`mean of ${scores.length} tables ${mean(scores).toFixed(4)}, better of network and forest ${mean(theirs).toFixed(4)}`); // prettier-ignore
}

function fields(line: string): string[] {
  return [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((match) => match[2] ?? match[1]);
}

/** Makes rows of numbers. Numbers stay as they are; each word that occurs in the known rows gets a column. */
function encoder(known: readonly string[][], target: number): (row: string[]) => number[] {
  const words = known[0].map((_, c) => {
    const texts = [...new Set(known.map((row) => row[c]))].sort();
    return texts.every((text) => text.trim() !== "" && Number.isFinite(Number(text))) ? undefined : texts;
  });
  return (row) => row.slice(0, words.length).flatMap((cell, c) => (c === target ? [] : (words[c]?.map((word) => Number(word === cell)) ?? [Number(cell)]))); // prettier-ignore
}

console.log(`effort ${effort}, ${seeds.length} seeds`);
for (const one of FUNCTIONS) show(one[0], seeds.map((seed) => ofFunction(one, seed))); // prettier-ignore
const shared = join(root, "../shared/data");
show("iris, five folds", seeds.flatMap((seed) => ofFolds(`${root}/examples/data/iris.csv`, true, seed))); // prettier-ignore
show("digits, five folds", seeds.slice(0, 1).flatMap((seed) => ofFolds(`${root}/examples/data/digits.csv`, true, seed))); // prettier-ignore
const diabetes = join(shared, "diabetes.csv");
if (existsSync(diabetes)) show("diabetes, five folds", seeds.flatMap((seed) => ofFolds(diabetes, false, seed))); // prettier-ignore
for (const folder of positionals) ofFolder(folder);
