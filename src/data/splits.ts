// Splits of rows into those to learn from and those to judge by: at random, by class, by group, by time, by a column that
// says it, and in folds. Everything here works on row numbers; the same seed gives the same rows everywhere.
import type { NumericArray } from "../ground/arrays.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { isArray, readNumber, readObject } from "../ground/options.ts";
import { lot } from "./split.ts";

/** Row numbers, ascending. */
export interface RowSplit {
  training: Uint32Array;
  test: Uint32Array;
}

/** How rows are told apart: each array has one value a row. */
export interface Dividing {
  /** Classes, or numbers: both parts, and all folds, get their share of each class, or of each part of the range. */
  stratify?: ArrayLike<unknown>;
  /** Rows of one group, such as one patient's, stay together. */
  group?: ArrayLike<unknown>;
  /** Numbers, dates, or texts that sort as they should (2024-03-01): what comes later judges what came before. */
  time?: ArrayLike<unknown>;
  /** Where each row belongs: "train" or "test"; with folds, each value is a fold. */
  by?: ArrayLike<unknown>;
  /** Decides which rows of equal standing are taken. Default 0. */
  seed?: number;
}

export interface SplitOptions extends Dividing {
  /** The part of the rows to judge by, above 0 and below 1. Default 0.2. */
  fraction?: number;
  /** With `by`: the value, or the values, of the rows to judge by. Default: "test". */
  test?: unknown;
}

export interface FoldOptions extends Dividing {
  /** How many folds. Default 5. */
  folds?: number;
}

/** Words for the rows to learn from, and for those to judge by, where `by` has no other values. */
const TRAINING = ["train", "training", "fit"];
const TEST = ["test", "testing", "holdout"];

/**
 * Splits rows in two.
 *
 * ```ts
 * const { training, test } = splitRows(labels.length, { fraction: 0.25, stratify: labels });
 * ```
 *
 * @param rows how many rows there are.
 * @throws PropagoError ERR_CONFIG for options that cannot be, or that leave a part empty; ERR_SHAPE for arrays of another
 * length, ERR_DATA for values that say nothing.
 */
export function splitRows(rows: number, options: SplitOptions = {}): RowSplit {
  const { fraction, test, ...given } = readObject(options, "split options", [...DIVIDING, "fraction", "test"]);
  const { stratify, group, time, by, seed } = readDividing(rows, given);
  if (test !== undefined && by === undefined)
    throw new PropagoError("ERR_CONFIG", "test goes with by, which is missing");
  if (by !== undefined) {
    if (fraction !== undefined) throw new PropagoError("ERR_CONFIG", "by and fraction exclude each other");
    return splitBy(by, test);
  }
  const part = readNumber(fraction ?? 0.2, "fraction", { above: 0, below: 1 });
  const held = Math.round(rows * part);
  if (held === 0 || held === rows) {
    const side = held === 0 ? "test" : "training";
    throw new PropagoError("ERR_CONFIG", `fraction ${part} leaves 0 of ${rows} rows for ${side}`);
  }
  if (time !== undefined) return splitByTime(time, rows - held);
  const foldOf = group ? dealGroups(group, stratify, [1 - part, part], seed) : draw(rows, stratify, held, seed);
  const split = partsOf(foldOf, 1);
  if (split.test.length > 0 && split.training.length > 0) return split;
  throw new PropagoError("ERR_CONFIG", "group has only one group, which cannot be split; leave group out");
}

/**
 * Deals rows into folds, and gives a split for each: its rows to judge by, all others to learn from. With `time` each fold
 * is judged by what comes right after the rows that it learns from.
 * @throws PropagoError as `splitRows`.
 */
export function foldRows(rows: number, options: FoldOptions = {}): RowSplit[] {
  const { folds: asked, ...given } = readObject(options, "fold options", [...DIVIDING, "folds"]);
  const { stratify, group, time, by, seed } = readDividing(rows, given);
  if (by !== undefined) {
    if (asked !== undefined)
      throw new PropagoError("ERR_CONFIG", "by and folds exclude each other: its values are the folds");
    const { codes, values } = codesOf(by);
    if (values.length < 2) throw new PropagoError("ERR_CONFIG", "by has one value only; folds need two or more");
    return values.map((_, fold) => partsOf(codes, fold));
  }
  const folds = readNumber(asked ?? 5, "folds", { whole: true, least: 2 });
  const units = time ? codesOf(time).values.length - 1 : group ? codesOf(group).values.length : rows;
  if (units < folds) {
    const what = time ? "different times but one" : group ? "groups" : "rows";
    throw new PropagoError(
      "ERR_CONFIG",
      `${folds} folds need at least as many ${what}; there are ${Math.max(0, units)}`,
    );
  }
  if (time !== undefined) return foldByTime(time, folds);
  const shares = Array.from({ length: folds }, () => 1 / folds);
  const foldOf = group ? dealGroups(group, stratify, shares, seed) : deal(rows, stratify, folds, seed);
  return shares.map((_, fold) => partsOf(foldOf, fold));
}

/** The rows of each value, in the order in which the values come first. */
export function rowsBy<V>(values: ArrayLike<V>): Map<V, Uint32Array> {
  const rows = new Map<V, number[]>();
  for (let row = 0; row < values.length; row++) {
    const own = rows.get(values[row]);
    if (own) own.push(row);
    else rows.set(values[row], [row]);
  }
  return new Map([...rows].map(([value, own]) => [value, Uint32Array.from(own)]));
}

/** Some rows of `{ data, shape }`, whose first dimension are the rows. */
export function takeRows<D extends NumericArray>(
  array: { data: D; shape: readonly number[] },
  rows: ArrayLike<number>,
): { data: D; shape: number[] };
/** Some rows of an array that has one value a row, or `columns` of them. */
export function takeRows<A extends NumericArray | readonly unknown[]>(
  array: A,
  rows: ArrayLike<number>,
  columns?: number,
): A;
export function takeRows(
  array: NumericArray | readonly unknown[] | { data: NumericArray; shape: readonly number[] },
  rows: ArrayLike<number>,
  columns = 1,
): unknown {
  if (!isArray(array) && !ArrayBuffer.isView(array)) {
    const { data, shape } = array as { data: NumericArray; shape: readonly number[] };
    const [count, ...rest] = shape;
    const width = rest.reduce((product, size) => product * size, 1);
    if (count * width !== data.length) {
      throw new PropagoError("ERR_SHAPE", `data has ${data.length} values, the shape ${shape.join("×")} needs ${count * width}`); // prettier-ignore
    }
    return { data: takeRows(data, rows, width), shape: [rows.length, ...rest] };
  }
  const { length } = array as ArrayLike<unknown>;
  for (let i = 0; i < rows.length; i++) {
    if (Number.isInteger(rows[i]) && rows[i] >= 0 && (rows[i] + 1) * columns <= length) continue;
    throw new PropagoError("ERR_SHAPE", `row ${show(rows[i])} is none of the ${Math.floor(length / columns)} rows`);
  }
  if (isArray(array)) {
    return Array.from(rows, (row) => array.slice(row * columns, (row + 1) * columns)).flat();
  }
  const from = array as NumericArray;
  const taken = new (from.constructor as Float32ArrayConstructor)(rows.length * columns);
  for (let i = 0; i < rows.length; i++) {
    taken.set(from.subarray(rows[i] * columns, (rows[i] + 1) * columns), i * columns);
  }
  return taken;
}

const DIVIDING = ["stratify", "group", "time", "by", "seed"];

interface Divided extends Dividing {
  seed: number;
}

/** Checks that each array has a value for each row, and that they go together. */
function readDividing(rows: number, given: Readonly<Record<string, unknown>>): Divided {
  readNumber(rows, "rows", { whole: true, least: 1 });
  const arrays = DIVIDING.slice(0, 4).filter((name) => given[name] !== undefined);
  for (const name of arrays) {
    const values = given[name] as ArrayLike<unknown> | null;
    if (typeof values !== "object" || typeof values?.length !== "number") {
      throw new PropagoError("ERR_CONFIG", `${name} must be an array with one value for each row, got ${show(values)}`);
    }
    if (values.length !== rows) {
      throw new PropagoError("ERR_SHAPE", `${name} has ${values.length} values, expected one for each of ${rows} rows`);
    }
    for (let row = 0; row < rows; row++) {
      const value = values[row];
      if (value !== undefined && value !== null && value !== "" && !Number.isNaN(value)) continue;
      throw new PropagoError("ERR_DATA", `${name}[${row}] is ${show(value)}, which says nothing; leave such rows out`);
    }
  }
  const alone = arrays.find((name) => name === "time" || name === "by");
  if (alone !== undefined && arrays.length > 1) {
    throw new PropagoError(
      "ERR_CONFIG",
      `${arrays.join(" and ")} exclude each other: ${alone} alone says where rows go`,
    );
  }
  const seed = readNumber(given.seed ?? 0, "seed", { whole: true, least: 0, most: 2 ** 32 - 1 });
  return { ...(given as Dividing), seed };
}

/** The rows of a fold, and all others. */
function partsOf(foldOf: ArrayLike<number>, fold: number): RowSplit {
  const split = { training: [] as number[], test: [] as number[] };
  for (let row = 0; row < foldOf.length; row++) split[foldOf[row] === fold ? "test" : "training"].push(row);
  return { training: Uint32Array.from(split.training), test: Uint32Array.from(split.test) };
}

/** Whole numbers for values, in the order in which they come first; dates of one moment are one value. */
function codesOf(values: ArrayLike<unknown>): { codes: Uint32Array; values: unknown[] } {
  const known = new Map<unknown, number>();
  const found: unknown[] = [];
  const codes = new Uint32Array(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row] instanceof Date ? Number(values[row]) : values[row];
    let code = known.get(value);
    if (code === undefined) {
      code = found.length;
      known.set(value, code);
      found.push(value);
    }
    codes[row] = code;
  }
  return { codes, values: found };
}

/** Places of values in their order: numbers by size, all else by code unit. */
function ranksOf(values: readonly unknown[]): Uint32Array {
  const areNumbers = values.every((value) => typeof value === "number");
  const order = values.map((value, i) => [areNumbers ? value : String(value), i] as [number | string, number]);
  order.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const ranks = new Uint32Array(values.length);
  order.forEach(([, i], rank) => (ranks[i] = rank));
  return ranks;
}

/** Rows in the order of their classes, and of their lots where these are equal. */
function ordered(
  rows: number,
  stratify: ArrayLike<unknown> | undefined,
  seed: number,
): { order: Uint32Array; classOf: Uint32Array } {
  let classOf = new Uint32Array(rows);
  if (stratify !== undefined) {
    const { codes, values } = codesOf(stratify);
    const ranks = ranksOf(values);
    classOf = codes.map((code) => ranks[code]);
  }
  const lots = Uint32Array.from({ length: rows }, (_, row) => lot(seed, row));
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  order.sort((a, b) => classOf[a] - classOf[b] || lots[a] - lots[b] || a - b);
  return { order, classOf };
}

/** Marks `held` rows with 1: one of each part of the order, by lot. The only row of a class is not among them. */
function draw(rows: number, stratify: ArrayLike<unknown> | undefined, held: number, seed: number): Uint8Array {
  const { order, classOf } = ordered(rows, stratify, seed);
  const counts = new Uint32Array(rows);
  for (const own of classOf) counts[own]++;
  // Numbers that hardly repeat are no classes.
  const areNumbers = counts.filter((count) => count === 1).length > rows / 2;
  const candidates = areNumbers ? order : order.filter((row) => counts[classOf[row]] > 1);
  const marks = new Uint8Array(rows);
  const most = Math.min(held, candidates.length);
  for (let i = 0; i < most; i++) {
    const begin = Math.floor((i * candidates.length) / most);
    const end = Math.floor(((i + 1) * candidates.length) / most);
    marks[candidates.subarray(begin, end).reduce((a, b) => (lot(seed, b) < lot(seed, a) ? b : a))] = 1;
  }
  return marks;
}

/** The fold of each row: in turn over the order, so that each class's counts differ by one at most, and so do all. */
function deal(rows: number, stratify: ArrayLike<unknown> | undefined, folds: number, seed: number): Uint32Array {
  const { order } = ordered(rows, stratify, seed);
  const foldOf = new Uint32Array(rows);
  for (let i = 0; i < rows; i += folds) {
    // Each turn has an order of its own: neighbours in value would meet in the same fold otherwise.
    const turn = Array.from({ length: folds }, (_, fold) => fold);
    if (stratify !== undefined) turn.sort((a, b) => lot(seed ^ i, a) - lot(seed ^ i, b));
    for (let k = i; k < Math.min(rows, i + folds); k++) foldOf[order[k]] = turn[k - i];
  }
  return foldOf;
}

/**
 * The part of each row, so that groups stay together: large groups first, each goes where its classes are most wanted.
 * `shares`: of all rows, for each part.
 */
function dealGroups(
  group: ArrayLike<unknown>,
  stratify: ArrayLike<unknown> | undefined,
  shares: readonly number[],
  seed: number,
): Uint32Array {
  const rows = group.length;
  const { codes, values } = codesOf(group);
  const classes = stratify ? codesOf(stratify) : { codes: new Uint32Array(rows), values: [0] };
  const width = classes.values.length;
  const counts = Array.from(values, () => new Map<number, number>());
  const totals = new Float64Array(width);
  const sizes = new Uint32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const own = counts[codes[row]];
    own.set(classes.codes[row], (own.get(classes.codes[row]) ?? 0) + 1);
    totals[classes.codes[row]]++;
    sizes[codes[row]]++;
  }
  const order = Array.from(values.keys()).sort((a, b) => sizes[b] - sizes[a] || lot(seed, a) - lot(seed, b) || a - b);
  // What each part still wants of each class, and of all rows, as a share of it.
  const wanted = shares.map((share) => Float64Array.from(totals, (total) => share * total));
  const room = shares.map((share) => share * rows);
  const partOf = new Uint32Array(values.length);
  for (const one of order) {
    let best = 0;
    let most = -Infinity;
    for (let part = 0; part < shares.length; part++) {
      let want = room[part] / (shares[part] * rows);
      for (const [own, count] of counts[one]) {
        want += (count / sizes[one]) * (wanted[part][own] / (shares[part] * totals[own]));
      }
      if (want > most + 1e-12) [best, most] = [part, want];
    }
    partOf[one] = best;
    room[best] -= sizes[one];
    for (const [own, count] of counts[one]) wanted[best][own] -= count;
  }
  return codes.map((code) => partOf[code]);
}

/** A moment as a number, or what else can be compared. */
function orderOfTimes(time: ArrayLike<unknown>): { order: Uint32Array; rankOf: Uint32Array } {
  const { codes, values } = codesOf(time);
  const ranks = ranksOf(values);
  const rankOf = codes.map((code) => ranks[code]);
  const order = Uint32Array.from({ length: time.length }, (_, row) => row);
  order.sort((a, b) => rankOf[a] - rankOf[b] || a - b);
  return { order, rankOf };
}

/** The place nearest to `at` where the time changes, in (low, high). */
function boundary(order: Uint32Array, rankOf: Uint32Array, at: number, low: number, high: number): number {
  const changes = (i: number): boolean => i > low && i < high && rankOf[order[i]] !== rankOf[order[i - 1]];
  for (let distance = 0; distance < order.length; distance++) {
    for (const i of [at - distance, at + distance]) if (changes(i)) return i;
  }
  throw new PropagoError("ERR_CONFIG", "time is the same in too many rows, so that they cannot be split by it");
}

function splitByTime(time: ArrayLike<unknown>, count: number): RowSplit {
  const { order, rankOf } = orderOfTimes(time);
  const at = boundary(order, rankOf, count, 0, order.length);
  return { training: order.slice(0, at).sort(), test: order.slice(at).sort() };
}

function foldByTime(time: ArrayLike<unknown>, folds: number): RowSplit[] {
  const { order, rankOf } = orderOfTimes(time);
  const bounds: number[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const at = Math.round((order.length * (fold + 1)) / (folds + 1));
    bounds.push(boundary(order, rankOf, at, bounds[fold - 1] ?? 0, order.length));
  }
  return bounds.map((begin, fold) => {
    return {
      training: order.slice(0, begin).sort(),
      test: order.slice(begin, bounds[fold + 1] ?? order.length).sort(),
    };
  });
}

/** By a column that says which rows judge. */
function splitBy(by: ArrayLike<unknown>, test: unknown): RowSplit {
  const { codes, values } = codesOf(by);
  const asked = test === undefined ? undefined : isArray(test) ? test : [test];
  const named = values.map((value) => String(value).toLowerCase());
  const isTest = values.map((value, i) => (asked ? asked.includes(value) : TEST.includes(named[i])));
  const isKnown = named.map((name, i) => asked !== undefined || isTest[i] || TRAINING.includes(name));
  const stray = isKnown.indexOf(false);
  if (stray >= 0 || !isTest.includes(true) || !isTest.includes(false)) {
    const found = values.slice(0, 5).map((value) => show(value)).join(", "); // prettier-ignore
    const problem = stray >= 0 ? `has the value ${show(values[stray])}` : "does not have both parts";
    throw new PropagoError(
      "ERR_DATA",
      `by ${problem} (found: ${found}); name the rows to judge by with test: value, or use "train" and "test"`,
    );
  }
  return partsOf(codes.map((code) => Number(isTest[code])), 1); // prettier-ignore
}
