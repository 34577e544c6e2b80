// The search along a line for a point that is low enough and flat enough.

/** The smallest number that makes a difference to 1, in float64. */
export const PRECISION = 2.220446049250313e-16;

/** A point w + step · d of a line: how much higher it is than w, the slope along the line, and whether no weight differs. */
export interface Point {
  step: number;
  rise: number;
  slope: number;
  isSame?: boolean;
}

/** A line to look at: each look may take a while, so it yields where it may be broken off. */
export interface Line {
  at(step: number): Generator<void, Point>;
}

/** A new point is at least this part of the gap between two others away from them (INT). */
const INSIDE = 0.1;
/** How many times as far a step may go as the one before (EXT). */
const OUTSIDE = 3;

/**
 * The line search of fmincg (Rasmussen 2002), from slope `start` < 0 and a first step: a point with
 * rise ≤ ρ · step · start and |slope| ≤ σ |start|, the strong Wolfe conditions. Until one is found, a cubic through two
 * points, or a parabola where the second is higher, says where to look next: back from what is too far, on from what is
 * not far enough. Nothing after so many looks.
 */
export function* searchLine(
  terrain: Line,
  start: number,
  first: number,
  { rho, sigma, most }: { rho: number; sigma: number; most: number },
): Generator<void, Point | undefined> {
  let other: Point = { step: 0, rise: 0, slope: start };
  let point = yield* terrain.at(first);
  /** Nothing beyond is worth looking at. */
  let limit = Infinity;
  const isTooFar = (): boolean => !(point.rise <= rho * point.step * start && point.slope <= -sigma * start);
  for (let left = most; ; left--) {
    for (; isTooFar(); left--) {
      if (left <= 0 || point.isSame) return undefined;
      limit = point.step;
      const gap = other.step - point.step; // below 0
      let change: number;
      if (point.rise > 0) {
        change = gap - (0.5 * other.slope * gap * gap) / (other.slope * gap + point.rise - other.rise);
      } else {
        const { a, b } = cubic(point, other);
        change = (Math.sqrt(b * b - a * point.slope * gap * gap) - b) / a;
      }
      if (!Number.isFinite(change)) change = gap / 2;
      point = yield* terrain.at(point.step + Math.max(Math.min(change, INSIDE * gap), (1 - INSIDE) * gap));
    }
    if (point.slope >= sigma * start) return point;
    if (left <= 0) return undefined;
    const gap = other.step - point.step;
    const { a, b } = cubic(point, other);
    let change = (-point.slope * gap * gap) / (b + Math.sqrt(b * b - a * point.slope * gap * gap));
    const room = limit - point.step;
    const isBounded = limit < Infinity;
    const farthest = point.step * (OUTSIDE - 1);
    if (!(change >= 0 && change < Infinity)) change = isBounded ? room / 2 : farthest;
    else if (change > room) change = room / 2;
    else if (!isBounded && change > farthest) change = farthest;
    else if (change < -INSIDE * gap) change = -INSIDE * gap;
    else if (isBounded && change < (1 - INSIDE) * room) change = (1 - INSIDE) * room;
    other = point;
    point = yield* terrain.at(point.step + change);
  }
}

/** Of the cubic with the values and slopes of two points: what both formulas for its minimum have in common. */
function cubic(point: Point, other: Point): { a: number; b: number } {
  const gap = other.step - point.step;
  const fall = point.rise - other.rise;
  return {
    a: (6 * fall) / gap + 3 * (point.slope + other.slope),
    b: -3 * fall - gap * (other.slope + 2 * point.slope),
  };
}
