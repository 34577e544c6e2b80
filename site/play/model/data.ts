// The data sets of the plane, each a function of the set-up alone: same numbers in every engine, and a hash that says so.
import { cosine, hashOf, normalFrom, randomFrom, sine } from "./exact.ts";
import { readExpression } from "./expression.ts";
import { type Feature, type Point, type Setup } from "./setup.ts";

/** Points lie from −REACH to REACH in both directions. */
export const REACH = 6;

export interface Rows {
  count: number;
  /** Coordinates, two a row. */
  xy: Float32Array;
  /** What the network reads: a column for each feature. */
  x: Float32Array;
  /** The class, or the value in a regression. */
  target: Float32Array;
}

export type Task = "two" | "several" | "numbers";

export interface PlaneData {
  task: Task;
  classes: number;
  train: Rows;
  test: Rows;
  /** Eight hexadecimal digits: of all points and targets, in order. */
  hash: string;
}

type Draw = (random: () => number, index: number, noise: number, count: number) => [x: number, y: number, t: number];

const between = (random: () => number, low: number, high: number) => low + (high - low) * random();

const circle: Draw = (random, index, noise) => {
  const isInner = index % 2 === 1;
  const radius = isInner ? between(random, 0, 2.5) : between(random, 3.5, 5);
  const turn = between(random, 0, 6.283185307179586);
  const [x, y] = [radius * sine(turn), radius * cosine(turn)];
  // The class is that of the place where the point is seen after the shift, which noise makes uncertain.
  const [dx, dy] = [between(random, -5, 5) * noise, between(random, -5, 5) * noise];
  return [x, y, (x + dx) * (x + dx) + (y + dy) * (y + dy) < 6.25 ? 1 : 0];
};

const xor: Draw = (random, _index, noise) => {
  const away = (value: number) => value + (value > 0 ? 0.3 : -0.3);
  const [x, y] = [away(between(random, -5, 5)), away(between(random, -5, 5))];
  const [dx, dy] = [between(random, -5, 5) * noise, between(random, -5, 5) * noise];
  return [x, y, (x + dx) * (y + dy) >= 0 ? 1 : 0];
};

const gauss: Draw = (random, index, noise) => {
  const t = index % 2;
  const centre = t === 1 ? 2 : -2;
  const deviation = 0.7 + 2.6 * noise;
  return [centre + deviation * normalFrom(random), centre + deviation * normalFrom(random), t];
};

const moons: Draw = (random, index, noise) => {
  const t = index % 2;
  const turn = between(random, 0, 3.141592653589793);
  const shake = () => 1.4 * noise * normalFrom(random);
  return t === 1
    ? [3.2 * cosine(turn) - 1.6 + shake(), 3.2 * sine(turn) - 0.8 + shake(), 1]
    : [1.6 - 3.2 * cosine(turn) + shake(), 0.8 - 3.2 * sine(turn) + shake(), 0];
};

/** Arms that wind one and three quarter times around the centre. */
const arms = (classes: number, turns: number): Draw => {
  return (random, index, noise, count) => {
    const t = index % classes;
    const along = Math.floor(index / classes) / Math.ceil(count / classes);
    const turn = turns * along * 6.283185307179586 + (t * 6.283185307179586) / classes;
    const radius = 5 * along;
    const shake = () => between(random, -1, 1) * noise;
    return [radius * sine(turn) + shake(), radius * cosine(turn) + shake(), t];
  };
};

const blobs: Draw = (random, index, noise) => {
  const t = index % 4;
  const deviation = 0.6 + 2 * noise;
  return [
    (t & 1 ? 2.4 : -2.4) + deviation * normalFrom(random),
    (t & 2 ? 2.4 : -2.4) + deviation * normalFrom(random),
    t,
  ];
};

const slope: Draw = (random, _index, noise) => {
  const [x, y] = [between(random, -REACH, REACH), between(random, -REACH, REACH)];
  return [x, y, (x + y) / 12 + 0.5 * noise * between(random, -1, 1)];
};

const HILLS = [
  [-4, 2.5, 1],
  [0, 2.5, -1],
  [4, 2.5, 1],
  [-4, -2.5, -1],
  [0, -2.5, 1],
  [4, -2.5, -1],
] as const;

const hills: Draw = (random, _index, noise) => {
  const [x, y] = [between(random, -REACH, REACH), between(random, -REACH, REACH)];
  let value = 0;
  for (const [cx, cy, sign] of HILLS) {
    const distance = Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy));
    value += sign * Math.max(0, 1 - distance / 2.4);
  }
  return [x, y, value + 0.5 * noise * between(random, -1, 1)];
};

/** What a visitor can choose; the words stand beside the pictures. */
export const DATASETS = {
  spiral: { title: "Spiral", task: "two", classes: 2, draw: arms(2, 1.75) },
  circle: { title: "Circle", task: "two", classes: 2, draw: circle },
  xor: { title: "Xor", task: "two", classes: 2, draw: xor },
  gauss: { title: "Clouds", task: "two", classes: 2, draw: gauss },
  moons: { title: "Moons", task: "two", classes: 2, draw: moons },
  arms: { title: "Three arms", task: "several", classes: 3, draw: arms(3, 1) },
  blobs: { title: "Four clouds", task: "several", classes: 4, draw: blobs },
  plane: { title: "Slope", task: "numbers", classes: 0, draw: slope },
  hills: { title: "Hills", task: "numbers", classes: 0, draw: hills },
} as const satisfies Record<string, { title: string; task: Task; classes: number; draw: Draw }>;

export type DatasetName = keyof typeof DATASETS | "own" | "formula";

/** The features that a network may read. All reach about as far as the coordinates do. */
export const FEATURES: Readonly<Record<Feature, { title: string; value: (x: number, y: number) => number }>> = {
  x: { title: "x", value: (x) => x },
  y: { title: "y", value: (_x, y) => y },
  x2: { title: "x²", value: (x) => (x * x) / 3 },
  y2: { title: "y²", value: (_x, y) => (y * y) / 3 },
  xy: { title: "x·y", value: (x, y) => (x * y) / 3 },
  sx: { title: "sin x", value: (x) => 3 * sine(x) },
  sy: { title: "sin y", value: (_x, y) => 3 * sine(y) },
};

/** The columns that the network reads, for coordinates two a row. */
export function columnsOf(xy: Float32Array, features: readonly Feature[]): Float32Array {
  const count = xy.length / 2;
  const x = new Float32Array(count * features.length);
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < features.length; k++) {
      x[row * features.length + k] = FEATURES[features[k]].value(xy[2 * row], xy[2 * row + 1]);
    }
  }
  return x;
}

function rowsOf(points: readonly Point[], features: readonly Feature[]): Rows {
  const xy = Float32Array.from(points.flatMap(({ x, y }) => [x, y]));
  const target = Float32Array.from(points, ({ t }) => t);
  return { count: points.length, xy, x: columnsOf(xy, features), target };
}

function drawn(draw: Draw, { rows, noise, seed }: Setup): Point[] {
  const random = randomFrom(Math.imul(seed + 1, 0x2545f491));
  return Array.from({ length: rows }, (_, index) => {
    const [x, y, t] = draw(random, index, noise, rows);
    return { x, y, t };
  });
}

function ofFormula(setup: Setup): { points: Point[]; isCondition: boolean } {
  let { value, isCondition } = { value: (_x: number, y: number) => y, isCondition: true };
  try {
    ({ value, isCondition } = readExpression(setup.formula));
  } catch {
    // The field says what is wrong with it; until it is mended, the upper half is class 1.
  }
  const finite = (number: number) => (Number.isFinite(number) ? Math.max(-3, Math.min(3, number)) : 0);
  const draw: Draw = (random, _index, noise) => {
    const [x, y] = [between(random, -REACH, REACH), between(random, -REACH, REACH)];
    const [dx, dy] = [between(random, -5, 5) * noise, between(random, -5, 5) * noise];
    const result = value(x + (isCondition ? dx : 0), y + (isCondition ? dy : 0));
    if (isCondition) return [x, y, result > 0 ? 1 : 0];
    return [x, y, finite(result) + 0.5 * noise * between(random, -1, 1)];
  };
  return { points: drawn(draw, setup), isCondition };
}

/** Brings rows into an order that depends on the seed alone. */
function shuffled<T>(rows: readonly T[], random: () => number): T[] {
  const list = [...rows];
  for (let k = list.length - 1; k > 0; k--) {
    const other = Math.floor(random() * (k + 1));
    [list[k], list[other]] = [list[other], list[k]];
  }
  return list;
}

/** The points of a set-up, parted into those it trains on and those that are held back. */
export function makeData(setup: Setup): PlaneData {
  let points: Point[];
  let task: Task;
  let classes: number;
  if (setup.data === "own") {
    points = setup.points.map((point) => ({ ...point }));
    classes = Math.max(2, ...points.map(({ t }) => t + 1));
    task = classes > 2 ? "several" : "two";
  } else if (setup.data === "formula") {
    const made = ofFormula(setup);
    points = made.points;
    task = made.isCondition ? "two" : "numbers";
    classes = made.isCondition ? 2 : 0;
  } else {
    const { draw, ...of } = DATASETS[setup.data];
    points = drawn(draw, setup);
    ({ task, classes } = of);
  }
  const order = shuffled(points, randomFrom(Math.imul(setup.seed + 77, 0x9e3779b1)));
  const held = Math.round((order.length * setup.held) / 100);
  const test = rowsOf(order.slice(0, held), setup.features);
  const train = rowsOf(order.slice(held), setup.features);
  return { task, classes, train, test, hash: hashOf(train.xy, train.target, test.xy, test.target) };
}
