// The ways in which columns may become inputs: scaled, drawn in, cut into bins, or by their rank. Each is learnt from
// the rows that a network is trained on, and from no others.
import { StandardScaler } from "../data/scaling.ts";
import type { Rows } from "../data/scaling.ts";
import { type Curve, Features } from "../estimators/features.ts";
import { exponential } from "../ground/powers.ts";
import { logarithm } from "./logarithm.ts";
import { type Problem, type Sample, firstColumn } from "./problem.ts";
import { fitScaler } from "./scaling.ts";

/**
 * "scaled": mean 0, deviation 1. "soft": the same, large values drawn in. "bins": "soft", and up to eight ramps between
 * quantiles of each column (piecewise linear encoding, Gorishniy 2022). "ranks": what a normal distribution has at the
 * value's rank. "logs": logarithms of columns whose large values lie far out. "bytes": as they are.
 */
export type Encoding = "scaled" | "soft" | "bins" | "ranks" | "logs" | "bytes";

const BINS = 8;
const RANKS = 64;
const POINTS = 32;
/** The largest number of rows from which quantiles are taken. */
const ROWS_FOR_QUANTILES = 4000;
/** Columns are divided into bins only if this gives no more inputs than this. */
const MOST_BINS = 512;

/** Learns how columns become inputs. */
export function learnFeatures({ x, weights }: Sample, encoding: Encoding): Features {
  const { columns } = x;
  if (encoding === "bytes") {
    return new Features(new StandardScaler(new Float64Array(columns), new Float64Array(columns).fill(1)));
  }
  const scaler = learnScaler(x, weights);
  if (encoding === "scaled") return new Features(scaler);
  if (encoding === "soft") return new Features(scaler, { soft: true });
  const curves: Curve[] = [];
  const replaced: number[] = [];
  for (let column = 0; column < columns; column++) {
    const sorted = sortedColumn(x, column);
    if (distinct(sorted) <= 2) continue;
    if (encoding === "bins") curves.push(...ramps(sorted, column));
    else {
      const curve = encoding === "ranks" ? ranks(sorted, column) : logs(sorted, column);
      if (curve === undefined) continue;
      curves.push(curve);
      replaced.push(column);
    }
  }
  return new Features(scaler, encoding === "bins" ? { soft: true, curves } : { soft: true, curves, replaced });
}

/** The number to add to values before taking logarithms, or undefined if logarithms are not less skewed. */
export function logShift(values: Float64Array): number | undefined {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const added = least > 0 ? 0 : 1;
  if (least < 0) return undefined;
  const skew = skewOf(values);
  return skew > 1 && Math.abs(skewOf(values.map((value) => logarithm(value + added)))) < skew ? added : undefined;
}

function skewOf(values: Float64Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  let squares = 0;
  let cubes = 0;
  for (const value of values) {
    squares += (value - mean) * (value - mean);
    cubes += (value - mean) * (value - mean) * (value - mean);
  }
  const variance = squares / values.length;
  return variance > 0 ? cubes / values.length / (variance * Math.sqrt(variance)) : 0;
}

/** Whether there is a column whose logarithms would be less skewed. */
export function hasSkewedColumn(x: Rows): boolean {
  for (let column = 0; column < x.columns; column++) if (logShift(sortedColumn(x, column)) !== undefined) return true;
  return false;
}

/** Scaled logarithms of a skewed column, as straight lines between points on them; two such beyond each end. */
function logs(sorted: Float64Array, column: number): Curve | undefined {
  const added = logShift(sorted);
  if (added === undefined) return undefined;
  const values = sorted.map((value) => logarithm(value + added));
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length);
  const [low, high] = [values[0], values[values.length - 1]];
  // Columns of numbers so small that adding 1 leaves 1.
  if (!(deviation > 1e-9 * Math.max(1, Math.abs(mean)))) return undefined;
  const from: number[] = [];
  const to: number[] = [];
  for (let i = -2; i <= POINTS + 2; i++) {
    const log = low + ((high - low) * i) / POINTS;
    from.push(exponential(log) - added);
    to.push((log - mean) / deviation);
  }
  return { column, from, to };
}

/** Whether bins of these columns are not too many inputs. */
export function mayHaveBins({ columns }: Rows): boolean {
  return columns * BINS <= MOST_BINS;
}

/**
 * Means and deviations; of columns with two values, the distance between them. The deviation of a rare category is so
 * small that the few rows which have it would outweigh everything else.
 */
function learnScaler(x: Rows, weights?: Float64Array): StandardScaler {
  const scaler = fitScaler(x, "x", weights);
  for (let column = 0; column < x.columns; column++) {
    let low = Infinity;
    let high = -Infinity;
    for (let row = 0; row < x.rows; row++) {
      const value = x.data[row * x.columns + column];
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    let isPair = high > low;
    for (let row = 0; isPair && row < x.rows; row++) {
      const value = x.data[row * x.columns + column];
      isPair = value === low || value === high;
    }
    if (isPair) scaler.scale[column] = high - low;
  }
  return scaler;
}

/** A column's values, ascending. Of many values, it takes some that are spread evenly. */
function sortedColumn({ data, rows, columns }: Rows, column: number): Float64Array {
  const step = Math.max(1, Math.ceil(rows / ROWS_FOR_QUANTILES));
  const count = Math.ceil(rows / step);
  return Float64Array.from({ length: count }, (_, i) => data[i * step * columns + column]).sort();
}

function distinct(sorted: Float64Array): number {
  let count = 1;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) count++;
  return count;
}

function quantile(sorted: Float64Array, part: number): number {
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** Ramps from one quantile to the next, each from 0 to 1, less its mean. */
function ramps(sorted: Float64Array, column: number): Curve[] {
  const knots = new Set<number>();
  for (let i = 0; i <= BINS; i++) knots.add(quantile(sorted, i / BINS));
  const [...edges] = knots;
  const curves: Curve[] = [];
  for (let i = 1; i < edges.length; i++) {
    const [low, high] = [edges[i - 1], edges[i]];
    let sum = 0;
    for (const value of sorted) sum += Math.min(1, Math.max(0, (value - low) / (high - low)));
    const mean = sum / sorted.length;
    curves.push({ column, from: [low, high], to: [-mean, 1 - mean] });
  }
  return curves;
}

/** What a normal distribution has at the rank of a value, straight lines between up to 64 of them. */
function ranks(sorted: Float64Array, column: number): Curve {
  const { length } = sorted;
  const from: number[] = [];
  const to: number[] = [];
  const step = Math.max(1, (length - 1) / RANKS);
  for (let i = 0; i < length - 0.5; i += step) {
    const value = sorted[Math.round(i)];
    if (from.length > 0 && value <= from[from.length - 1]) continue;
    // Equal values get the middle of their ranks.
    let first = Math.round(i);
    let last = first;
    while (first > 0 && sorted[first - 1] === value) first--;
    while (last < length - 1 && sorted[last + 1] === value) last++;
    from.push(value);
    to.push(normalQuantile((first + last + 1) / (2 * length)));
  }
  return { column, from, to };
}

/** The number that a standard normal distribution stays below with probability p; to 4.5e-4 (Hastings 1955). */
function normalQuantile(p: number): number {
  const tail = Math.min(p, 1 - p);
  const t = Math.sqrt(-2 * logarithm(tail));
  const z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return p < 0.5 ? -z : z;
}

/** The number to add to skewed targets before taking logarithms, or undefined if logarithms are no better. */
export function logOf({ job, sample }: Problem): number | undefined {
  if (job.classes.length > 0 || sample.targets.columns > 1 || job.given.loss !== undefined) return undefined;
  return logShift(firstColumn(sample.targets));
}
