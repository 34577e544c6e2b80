// Learns means and standard deviations of columns, at once or in several steps.
import { type Rows, StandardScaler } from "../data/scaling.ts";
import { PropagoError } from "../ground/errors.ts";

/** Marks the scale of a column that has not varied yet. It is nearly 1, and no actual deviation has this value. */
const UNVARIED = 1 + Number.EPSILON;

/** After so many rows, a scale that is learnt in steps does not change any more. */
const ENOUGH_ROWS = 1000;

/**
 * Learns means and (population) standard deviations.
 * @param what the name of the rows in messages.
 * @param weights how much each row counts: 0 is a row left out, 2 a row that is there twice.
 * @param earlier what was learnt from rows before these, which is learnt on.
 * @throws PropagoError ERR_DATA without rows, ERR_RANGE where a column spans more than float64 can square.
 */
export function fitScaler(
  { data, rows, columns }: Rows,
  what = "x",
  weights?: Float64Array,
  earlier?: StandardScaler,
): StandardScaler {
  if (rows === 0) throw new PropagoError("ERR_DATA", `${what} has 0 rows; need at least 1`);
  const mean = new Float64Array(columns);
  const scale = new Float64Array(columns);
  const before = earlier?.rows ?? 0;
  const counted = weights ? weights.reduce((a, b) => a + Number(b > 0), 0) : rows;
  if (counted === 0) return earlier ?? new StandardScaler(mean, scale.fill(1));
  for (let column = 0; column < columns; column++) {
    // Welford's update keeps the digits that a sum of squares would lose far from zero.
    let total = before;
    const unit = unitOf(data, column, columns);
    let average = (earlier?.mean[column] ?? 0) / unit;
    const known = earlier?.scale[column] ?? UNVARIED;
    let squares = known === UNVARIED ? 0 : before * (known / unit) * (known / unit);
    for (let row = 0; row < rows; row++) {
      const weight = weights?.[row] ?? 1;
      if (weight === 0) continue;
      const value = data[row * columns + column] / unit;
      const difference = value - average;
      total += weight;
      average += (difference * weight) / total;
      squares += weight * difference * (value - average);
    }
    const deviation = Math.sqrt(squares / total) * unit;
    if (!Number.isFinite(deviation)) {
      const advice = "divide it by a large number first";
      throw new PropagoError("ERR_RANGE", `${what}, column ${column}: values too large to scale; ${advice}`);
    }
    mean[column] = average * unit;
    // A deviation that is only rounding is no variation. Dividing by it would turn noise into numbers of size 1.
    const rounding = 4 * Number.EPSILON * Math.abs(mean[column]);
    scale[column] = deviation > rounding ? deviation : earlier ? UNVARIED : 1;
  }
  return new StandardScaler(mean, scale, earlier && before + counted);
}

/** What a column's numbers are divided by before they are squared: 1, or the largest, where their squares would vanish. */
function unitOf(data: Rows["data"], column: number, columns: number): number {
  let largest = 0;
  for (let i = column; i < data.length; i += columns) largest = Math.max(largest, Math.abs(data[i]));
  return largest > 1e-140 || largest === 0 ? 1 : largest;
}

/** A scaler that has not seen any rows yet. */
export function blankScaler(columns: number): StandardScaler {
  return new StandardScaler(new Float64Array(columns), new Float64Array(columns).fill(UNVARIED), 0);
}

/** Goes on learning from more rows, until a thousand have been seen. */
export function learnOn(scaler: StandardScaler, rows: Rows, weights?: Float64Array, what?: string): StandardScaler {
  return scaler.rows < ENOUGH_ROWS ? fitScaler(rows, what, weights, scaler) : scaler;
}
