// What first weights and biases are drawn from.

/** How first values come about. */
export type Distribution =
  | { kind: "constant"; value: number }
  /** In [low, high). */
  | { kind: "uniform"; low: number; high: number }
  /** No further than `reach` from the mean. */
  | { kind: "normal"; mean: number; deviation: number; reach: number }
  /** Directions at random; each unit's weights have this norm. */
  | { kind: "directions"; norm: number }
  /** Columns, or where there are fewer rows, rows, at right angles to each other and with this norm. */
  | { kind: "orthogonal"; norm: number };

export function constant(value: number): Distribution {
  return { kind: "constant", value };
}
