// Computes prediction intervals from the errors of predictions for rows that were left out in training.
import { readNumber } from "../ground/options.ts";
import type { Rows } from "../data/scaling.ts";
import { PropagoError } from "../ground/errors.ts";
import type { Residuals } from "../estimators/saved.ts";
import { exponential } from "../ground/powers.ts";
import { logarithm } from "./logarithm.ts";

/** A tolerance, since 1 − 0.9 is not exactly a tenth. */
const ROUNDING = 1e-9;
/** The largest number of residuals that a model keeps. */
const KEPT = 999;

/** The lower and upper ends of intervals for predictions, rows × targets. */
export interface Ends {
  lower: Float64Array;
  upper: Float64Array;
}

/**
 * Intervals that hold so large a part of new targets.
 * @throws PropagoError ERR_CONFIG where too few rows were left out to tell.
 */
export function intervalOf(
  residuals: readonly Residuals[] | undefined,
  interval: unknown,
  predictions: Float64Array,
): Ends {
  const part = readNumber(interval, "interval", { above: 0, below: 1 });
  if (!Array.isArray(residuals) || residuals.length === 0) {
    const advice = "no rows were left out when it was trained; fit it anew";
    throw new PropagoError("ERR_CONFIG", `interval: this model cannot tell how far off it is: ${advice}`);
  }
  const ends = (residuals as readonly (Residuals | null)[]).map((one) => ({
    ...one,
    sides: sidesOf(one?.sorted, part),
  }));
  const shifted = (side: 0 | 1): Float64Array =>
    predictions.map((prediction, i) => {
      const { log, isPositive, sides } = ends[i % ends.length];
      const end =
        log === undefined
          ? prediction + sides[side]
          : exponential(logarithm(above(prediction, log)) + sides[side]) - log;
      return isPositive ? Math.max(0, end) : end;
    });
  return { lower: shifted(0), upper: shifted(1) };
}

/** How far targets were below and above their predictions, without the outermost rows. */
function sidesOf(sorted: unknown, part: number): [number, number] {
  if (!isAscending(sorted)) {
    throw new PropagoError("ERR_FORMAT", "the residuals of this model are not as they were saved");
  }
  const { length } = sorted;
  // Plus one, since the next row is as likely beyond the outermost row as between any two rows.
  const cut = Math.floor(((1 - part) / 2) * (length + 1) + ROUNDING) - 1;
  if (cut >= 0) return [sorted[cut], sorted[length - 1 - cut]];
  const needed = Math.ceil(2 / (1 - part) - ROUNDING) - 1;
  const advice = `it needs ${needed}; ask for a smaller interval`;
  throw new PropagoError("ERR_CONFIG", `interval ${part} cannot be told from ${length} residuals: ${advice}`);
}

function isAscending(values: unknown): values is number[] {
  return (
    Array.isArray(values) && values.every((value, i) => Number.isFinite(value) && (i === 0 || value >= values[i - 1]))
  );
}

/**
 * For each target, ascending, how much it was above its prediction; of many, evenly some. Where errors grow with the
 * prediction and their logarithms do not, these.
 * @param log what is added to targets before their logarithms are taken; undefined where these are no choice.
 */
export function residualsOf(mixed: Float64Array, targets: Rows, log: number | undefined): Residuals[] {
  const { data, rows, columns } = targets;
  return Array.from({ length: columns }, (_, column) => {
    const predicted = Float64Array.from({ length: rows }, (_, row) => mixed[row * columns + column]);
    const known = Float64Array.from({ length: rows }, (_, row) => data[row * columns + column]);
    const plain = known.map((value, row) => value - predicted[row]);
    const isPositive = known.every((value) => value >= 0);
    const ratios =
      log === undefined
        ? undefined
        : known.map((value, row) => logarithm(value + log) - logarithm(above(predicted[row], log)));
    const isLog = ratios !== undefined && unevenness(ratios, predicted) < unevenness(plain, predicted);
    const residuals: Residuals = { sorted: thinned((isLog ? ratios : plain).sort()) };
    if (isPositive) residuals.isPositive = true;
    return isLog ? { ...residuals, log } : residuals;
  });
}

/** Limits a prediction so that its logarithm exists. */
function above(prediction: number, log: number): number {
  return Math.max(prediction + log, 1e-9);
}

/** How many times larger errors are above the median prediction than below, or the other way round. */
function unevenness(errors: Float64Array, predicted: Float64Array): number {
  const middle = predicted.slice().sort()[predicted.length >> 1];
  let low = 1e-300;
  let high = 1e-300;
  errors.forEach((error, row) => {
    if (predicted[row] < middle) low += Math.abs(error);
    else high += Math.abs(error);
  });
  return Math.max(low / high, high / low);
}

function thinned(sorted: Float64Array): number[] {
  if (sorted.length <= KEPT) return Array.from(sorted);
  return Array.from({ length: KEPT }, (_, i) => sorted[Math.round((i * (sorted.length - 1)) / (KEPT - 1))]);
}
