// What first weights and biases are drawn from.
import type { FloatArray } from "../ground/arrays.ts";

/** How first values come about. */
export type Distribution =
  | { kind: "constant"; value: number }
  /** In [low, high). */
  | { kind: "uniform"; low: number; high: number }
  /** No further than `reach` from the mean. */
  | { kind: "normal"; mean: number; deviation: number; reach: number }
  /** Drawn from another one, and then arranged in the matrix of rows × columns. */
  | { kind: "arranged"; from: Distribution; arrange(W: FloatArray, rows: number, columns: number): void };

export function constant(value: number): Distribution {
  return { kind: "constant", value };
}

/** The deviation of a standard normal distribution that ends at ±2. */
const TRUNCATED = 0.87962566103423978;

/** Uniform in ±limit. */
export function uniform(limit: number): Distribution {
  return { kind: "uniform", low: -limit, high: limit };
}

/** Of uniform numbers with the given variance: ±√(3 · variance). */
export function uniformOf(variance: number): Distribution {
  return uniform(Math.sqrt(3 * variance));
}

/** A normal one. Cut off at two deviations, where asked for: those before the cut, which leaves the given variance, as Keras has it. */
export function normalOf(variance: number, truncated: boolean): Distribution {
  const deviation = Math.sqrt(variance) / (truncated ? TRUNCATED : 1);
  return { kind: "normal", mean: 0, deviation, reach: truncated ? 2 * deviation : Infinity };
}
