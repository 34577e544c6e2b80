// The optimizers that take all rows at once and search: what they decide, from losses and slopes. One iteration is one
// epoch. What happens to weights is the core's (assembly/vectors.ts, levenberg.ts; `differentiate`, `square` in train.ts).
import {
  DIVERGED,
  PLAN_BATCH_LOSS,
  PLAN_CANDIDATE,
  PLAN_GOOD,
  PLAN_GRADS,
  PLAN_LEARNING_RATE,
  PLAN_STATUS,
  SQUARED_ERROR,
  TALLY_LOSS,
} from "../../assembly/plan.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { Layout } from "../memory/layout.ts";

/** Rows that go through the network at a time. Sums are made in this grouping: other numbers give other bits. */
const CHUNK = 256;
/** Operations that a call of the core makes about, so that the event loop can turn in between. */
const WORK = 2e7;
/**
 * Iterations after which a search ends in which neither the loss falls by more than rounding nor the gradient becomes half
 * as long: at a minimum, steps go on between neighbouring numbers, most of all in float32.
 */
const PATIENCE = 20;
/** Of float64. */
const PRECISION = 2.220446049250313e-16;
/** Of the rows of a Jacobian that the core adds up at a time (JACOBIAN_ROWS). */
const JACOBIAN_ROWS = 4;

/** How an iteration ended: at other weights, where the gradient is 0, or where no step is found that lowers the loss. */
export type Outcome = "moved" | "converged" | "stalled";

/**
 * One iteration of a method. It yields where it may be broken off, with the weights that it began with in place;
 * `memory` and what it remembers of other arrays are changed at its end only, in one go with the weights.
 */
type Method = (
  terrain: Terrain,
  options: Readonly<Record<string, number>>,
  memory: number[],
) => Generator<void, Outcome>;

/** A point w + step · d of a line: how much higher it is than w, the slope along the line, and whether no weight differs. */
interface Point {
  step: number;
  rise: number;
  slope: number;
  isSame?: boolean;
}

/** The rows that go through the network at a time, which the library asks for without this part: fewer where each of them adds to a large matrix. */
export function chunkOf({ optimizer, outputs }: NetworkDescription, { trainable }: Layout, rows: number): number {
  const share = optimizer.name === "levenbergMarquardt" ? WORK / (trainable * trainable * outputs) : Infinity;
  return Math.min(rows, CHUNK, JACOBIAN_ROWS * Math.max(1, Math.floor(share / JACOBIAN_ROWS)));
}

/**
 * What is minimised, mean loss and penalties over all rows, around the weights w where an iteration begins. Vectors are
 * addresses of blocks as long as the trainable parameters. w is kept at PLAN_GOOD while the core looks elsewhere.
 */
export class Terrain {
  /** Passes over all rows, forward and back, since the iteration began. */
  evaluations = 0;
  /** At w: what is minimised, the mean loss alone, and the norm of the gradient. */
  height = 0;
  loss = 0;
  norm = 0;
  /** The line's direction d, the gradient at w, and the gradient at the point that was looked at last. */
  readonly direction: number;
  readonly slope: number;
  readonly gradient: number;
  /** How many numbers a vector has. */
  readonly size: number;
  readonly #description: NetworkDescription;
  readonly #layout: Layout;
  readonly #data: number;
  readonly #rows: number;
  readonly #chunk: number;
  readonly #weights: number;
  readonly #base: number;
  #penalty = 0;
  #isSame = false;
  /** A square matrix, its diagonal and a vector, all in float64, and rows of a Jacobian: levenbergMarquardt's. */
  #matrix = 0;

  constructor(description: NetworkDescription, layout: Layout, data: number, rows: number) {
    this.#description = description;
    this.#layout = layout;
    this.#data = data;
    this.#rows = rows;
    this.#chunk = chunkOf(description, layout, rows);
    this.size = layout.trainable;
    this.direction = this.array(0);
    this.slope = this.array(1);
    this.gradient = layout.word(PLAN_CANDIDATE) >>> 0;
    this.#weights = layout.paramsAddress;
    this.#base = layout.word(PLAN_GOOD) >>> 0;
  }

  /** Of the arrays that the optimizer remembers, the k-th. */
  array(k: number): number {
    return this.#layout.stateAddress + k * this.size * this.#layout.engine.bytes;
  }

  /** Σ x_i y_i */
  dot(x: number, y: number): number {
    return this.#layout.engine.core.dot(x, y, this.size);
  }

  /** z ← a x + b y */
  blend(z: number, a: number, x: number, b: number, y: number): void {
    this.#layout.engine.core.blend(z, a, x, b, y, this.size);
  }

  copy(to: number, from: number): void {
    this.blend(to, 1, from, 0, from);
  }

  /** d ← −∇; gives back the slope along it. */
  descend(): number {
    this.blend(this.direction, -1, this.slope, 0, this.slope);
    return -this.norm * this.norm;
  }

  /** Makes w of the weights as they are. */
  *begin(): Generator<void> {
    this.copy(this.#base, this.#weights);
    yield* this.#look(0);
    this.#settle();
  }

  /** Looks at a point of the line. */
  *at(step: number): Generator<void, Point> {
    const start = this.dot(this.slope, this.direction);
    const height = yield* this.#look(step);
    const slope = this.dot(this.gradient, this.direction);
    let rise = height - this.height;
    // Where no more than that is between them, the slopes at both ends still tell: a parabola rises by their mean.
    if (Math.abs(rise) <= this.noise) rise = (step * (start + slope)) / 2;
    return { step, rise: Number.isFinite(rise) ? rise : Infinity, slope, isSame: this.#isSame };
  }

  /** How much of the height may be rounding: some units in the last place. */
  get noise(): number {
    return (this.#layout.engine.bytes === 4 ? 1e-6 : 16 * PRECISION) * Math.abs(this.height);
  }

  /** Moves to the point that was looked at last. */
  move({ step }: Point): "moved" {
    this.blend(this.#weights, 1, this.#base, step, this.direction);
    this.copy(this.#base, this.#weights);
    this.#settle();
    this.#layout.setDouble(PLAN_LEARNING_RATE, step);
    return "moved";
  }

  /** Finds JᵀJ of the outputs at w; the penalties' part stands on its diagonal. */
  *square(): Generator<void> {
    const { tensors, plan, engine } = this.#layout;
    const n = this.size;
    this.#matrix ||= engine.allocate((n + 2 + JACOBIAN_ROWS) * n * 8, `a ${n} × ${n} matrix for levenbergMarquardt`);
    const A = engine.doubles(this.#matrix, n * n).fill(0);
    for (const { kind, layer, start, length } of tensors) {
      const end = kind === "weights" && start < n ? start + length : 0;
      for (let i = start; i < end; i++) A[i * (n + 1)] = this.#description.layers[layer].l2 * this.#share;
    }
    for (let first = 0; first < this.#rows; first += this.#chunk) {
      yield;
      const rows = Math.min(this.#chunk, this.#rows - first);
      engine.core.square(plan, this.#data, first, rows, this.#matrix, this.#matrix + (n + 2) * n * 8);
    }
  }

  /** d ← −(JᵀJ + μ I)⁻¹ Jᵀe, penalties counted in. False where the matrix is singular to rounding. */
  *solve(mu: number): Generator<void, boolean> {
    const { core } = this.#layout.engine;
    const n = this.size;
    const D = this.#matrix + n * n * 8;
    const part = Math.max(1, Math.floor(WORK / (n * n)));
    for (let row = 0; row < n; row += part) {
      yield;
      if (!core.factor(this.#matrix, D, n, mu, row, Math.min(row + part, n))) return false;
    }
    core.solve(this.#matrix, D, D + n * 8, n, this.#share, this.slope, this.direction);
    return true;
  }

  release(): void {
    if (this.#matrix !== 0) this.#layout.engine.release(this.#matrix);
    this.#matrix = 0;
  }

  /** The gradient times this is Jᵀe, e being outputs less targets: the loss is a mean over rows, or rows and outputs. */
  get #share(): number {
    const { loss, outputs } = this.#description;
    return loss.id === SQUARED_ERROR ? this.#rows : (this.#rows * outputs) / 2;
  }

  /**
   * Passes over all rows at w + step · d, in slices between which w is in its place; gives back the height there. The
   * gradient is Σ n/N ∇(mean loss of n rows + penalties).
   */
  *#look(step: number): Generator<void, number> {
    const { plan, engine } = this.#layout;
    const gradients = this.#layout.word(PLAN_GRADS) >>> 0;
    this.evaluations++;
    this.#layout.tally().fill(0);
    for (let first = 0; first < this.#rows;) {
      yield;
      if (step !== 0) this.blend(this.#weights, 1, this.#base, step, this.direction);
      this.#isSame = this.#compare();
      for (let work = 0; work < WORK && first < this.#rows; first += this.#chunk) {
        const rows = Math.min(this.#chunk, this.#rows - first);
        engine.core.differentiate(plan, this.#data, first, rows, 0);
        if (first === 0) this.blend(this.gradient, rows / this.#rows, gradients, 0, gradients);
        else this.blend(this.gradient, 1, this.gradient, rows / this.#rows, gradients);
        work += 6 * this.size * rows;
      }
      this.#penalty = engine.core.penalty(plan);
      this.copy(this.#weights, this.#base);
    }
    return this.#meanLoss + this.#penalty;
  }

  /** Whether the weights are those of w. */
  #compare(): boolean {
    const { engine } = this.#layout;
    const before = engine.numbers(this.#base, this.size);
    return engine.numbers(this.#weights, this.size).every((weight, i) => weight === before[i]);
  }

  /** The point that was looked at last becomes w. */
  #settle(): void {
    this.loss = this.#meanLoss;
    this.height = this.loss + this.#penalty;
    this.copy(this.slope, this.gradient);
    this.norm = Math.sqrt(this.dot(this.slope, this.slope));
  }

  get #meanLoss(): number {
    return this.#layout.tally()[TALLY_LOSS / 8] / this.#rows;
  }
}

/**
 * The line search of fmincg (Rasmussen 2002), from slope `start` < 0 and a first step: a point with
 * rise ≤ ρ · step · start and |slope| ≤ σ |start|, the strong Wolfe conditions. Until one is found, a cubic through two
 * points, or a parabola where the second is higher, says where to look next: back from what is too far, on from what is
 * not far enough. Nothing after so many looks.
 */
export function* searchLine(
  terrain: Pick<Terrain, "at">,
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

/** A new point is at least this part of the gap between two others away from them (INT). */
const INSIDE = 0.1;
/** How many times as far a step may go as the one before (EXT). */
const OUTSIDE = 3;

/** Of the cubic with the values and slopes of two points: what both formulas for its minimum have in common. */
function cubic(point: Point, other: Point): { a: number; b: number } {
  const gap = other.step - point.step;
  const fall = point.rise - other.rise;
  return {
    a: (6 * fall) / gap + 3 * (point.slope + other.slope),
    b: -3 * fall - gap * (other.slope + 2 * point.slope),
  };
}

/**
 * Polak and Ribière's directions, d ← −g + gᵀ(g − g₋) / g₋ᵀg₋ · d, with the line search of fmincg and its guess of the
 * first step: the last one, times the quotient of the slopes. Remembers d and that guess.
 */
const conjugateGradient: Method = function* (terrain, { sigma }, memory) {
  const { direction, slope, gradient } = terrain;
  let start = terrain.dot(slope, direction);
  for (let isSteepest = !(start < 0 && memory[0] > 0); ; isSteepest = true) {
    if (isSteepest) {
      start = terrain.descend();
      memory[0] = 1 / (1 - start);
    }
    const point = yield* searchLine(terrain, start, memory[0], { rho: 0.01, sigma, most: 20 });
    if (point === undefined) {
      if (isSteepest) return "stalled";
      continue;
    }
    const beta = (terrain.dot(gradient, gradient) - terrain.dot(slope, gradient)) / terrain.dot(slope, slope);
    terrain.move(point);
    terrain.blend(direction, beta, direction, -1, slope);
    const next = terrain.dot(slope, direction);
    // No more than a hundred times as far as the last (RATIO); a direction that leads up is not taken.
    memory[0] = next < 0 ? point.step * Math.min(100, start / next) : 0;
    return "moved";
  }
};

/**
 * Møller 1993: a step α = −gᵀd / δ along conjugate directions without a line search, the curvature
 * δ = dᵀ(∇(w + ε d) − ∇(w)) / ε + λ dᵀd from a difference of gradients. λ falls where the parabola that this makes
 * foretells the loss, and rises where it does not. Remembers d, λ and the steps since d was the gradient.
 */
const scaledConjugateGradient: Method = function* (terrain, { sigma, lambda }, memory) {
  const { direction, slope, gradient, size } = terrain;
  let [scale = lambda, age = 0] = memory;
  let start = terrain.dot(slope, direction);
  if (!(start < 0)) {
    start = terrain.descend();
    age = 0;
  }
  const square = terrain.dot(direction, direction);
  const ahead = yield* terrain.at(sigma / Math.sqrt(square));
  const curvature = (ahead.slope - start) / ahead.step;
  if (!Number.isFinite(curvature)) return "stalled";
  for (let left = 40; left > 0; left--) {
    let delta = curvature + scale * square;
    if (delta <= 0) {
      scale = 2 * (scale - delta / square);
      delta = curvature + scale * square;
    }
    const point = yield* terrain.at(-start / delta);
    if (point.isSame) break;
    // How much of the fall that was foretold came true; where it went far up, that is all that counts.
    const match = Math.max(-100, (-2 * delta * point.rise) / (start * start));
    if (match < 0.25) scale += (delta * (1 - match)) / square;
    if (!(match >= 0)) continue;
    if (match >= 0.75) scale /= 4;
    const beta = (terrain.dot(gradient, gradient) - terrain.dot(slope, gradient)) / -start;
    terrain.move(point);
    terrain.blend(direction, ++age % size === 0 ? 0 : beta, direction, -1, slope);
    memory[0] = scale;
    memory[1] = age;
    return "moved";
  }
  return "stalled";
};

/**
 * Limited-memory BFGS (Nocedal 1980): d = −H g, H from the last steps s and changes y of the gradient by the two-loop
 * recursion, with fmincg's search of the line at ρ = 1e-4, σ = 0.9. The first step is min(1, 1 / ‖g‖), later ones begin
 * at 1. Remembers s and y, and how many there were.
 */
const lbfgs: Method = function* (terrain, { history }, memory) {
  const { direction, slope, gradient } = terrain;
  const s = (k: number): number => terrain.array(2 + (k % history));
  const y = (k: number): number => terrain.array(2 + history + (k % history));
  for (let pairs = memory[0] ?? 0; ; pairs = 0) {
    let start = terrain.descend();
    const oldest = Math.max(0, pairs - history);
    const alpha: number[] = [];
    for (let k = pairs - 1; k >= oldest; k--) {
      const part = terrain.dot(s(k), direction) / terrain.dot(s(k), y(k));
      alpha[k - oldest] = part;
      terrain.blend(direction, 1, direction, -part, y(k));
    }
    if (pairs > 0) {
      const newest = y(pairs - 1);
      const scale = terrain.dot(s(pairs - 1), newest) / terrain.dot(newest, newest);
      terrain.blend(direction, scale, direction, 0, direction);
    }
    for (let k = oldest; k < pairs; k++) {
      const part = terrain.dot(y(k), direction) / terrain.dot(s(k), y(k));
      terrain.blend(direction, 1, direction, alpha[k - oldest] - part, s(k));
    }
    if (pairs > 0) start = terrain.dot(slope, direction);
    const first = pairs > 0 ? 1 : Math.min(1, 1 / terrain.norm);
    const point = start < 0 ? yield* searchLine(terrain, start, first, { rho: 1e-4, sigma: 0.9, most: 25 }) : undefined;
    if (point === undefined) {
      if (pairs === 0) return "stalled";
      continue;
    }
    // A curvature sᵀy that may be rounding would spoil H.
    const curvature = point.step * (point.slope - start);
    if (curvature > PRECISION * (terrain.dot(gradient, gradient) + terrain.norm * terrain.norm)) {
      terrain.blend(s(pairs), point.step, direction, 0, direction);
      terrain.blend(y(pairs), 1, gradient, -1, slope);
      pairs++;
    }
    memory[0] = pairs;
    return terrain.move(point);
  }
};

/**
 * Levenberg 1944, Marquardt 1963: d = −(JᵀJ + μ I)⁻¹ Jᵀe, a whole step of it. μ rises until the loss falls, and falls
 * with it, as in MATLAB's trainlm. Remembers μ.
 */
const levenbergMarquardt: Method = function* (terrain, { mu, muDecrease, muIncrease, muMax }, memory) {
  yield* terrain.square();
  for (let damping = memory[0] || mu; damping <= muMax; damping *= muIncrease) {
    if (!(yield* terrain.solve(damping))) continue;
    const point = yield* terrain.at(1);
    if (point.isSame) break;
    if (!(point.rise < 0)) continue;
    memory[0] = Math.max(damping * muDecrease, 1e-20);
    return terrain.move(point);
  }
  return "stalled";
};

const METHODS = { conjugateGradient, scaledConjugateGradient, lbfgs, levenbergMarquardt };

/** A method at work on the rows of one call, iteration by iteration. */
export class Search {
  outcome: Outcome = "moved";
  /** Passes over all rows that the last iteration took. */
  evaluations = 0;
  readonly #terrain: Terrain;
  readonly #layout: Layout;
  readonly #method: Method;
  readonly #options: Readonly<Record<string, number>>;
  #iteration: Generator<void, Outcome> | undefined;
  #hasBegun = false;
  /** The lowest height and the shortest gradient so far, and the iterations since either was found. */
  readonly #best = { height: Infinity, norm: Infinity, age: 0 };

  constructor(description: NetworkDescription, layout: Layout, data: number, rows: number) {
    this.#method = METHODS[description.optimizer.name as keyof typeof METHODS];
    this.#options = description.optimizer.options;
    this.#layout = layout;
    this.#terrain = new Terrain(description, layout, data, rows);
  }

  /** Works for about so many milliseconds, at least for one slice; true once an iteration is complete. */
  advance(milliseconds: number): boolean {
    const end = performance.now() + milliseconds;
    this.#iteration ??= this.#iterate();
    do {
      const { done, value } = this.#iteration.next();
      if (!done) continue;
      this.#iteration = undefined;
      this.outcome = value;
      this.evaluations = this.#terrain.evaluations;
      this.#terrain.evaluations = 0;
      return true;
    } while (performance.now() < end);
    return false;
  }

  release(): void {
    this.#terrain.release();
  }

  /** One iteration; leaves the loss before it at PLAN_BATCH_LOSS, and the tally of the weights that it ends with. */
  *#iterate(): Generator<void, Outcome> {
    const terrain = this.#terrain;
    const layout = this.#layout;
    const { tolerance } = this.#options;
    if (!this.#hasBegun) yield* terrain.begin();
    this.#hasBegun = true;
    const { loss } = terrain;
    layout.setDouble(PLAN_BATCH_LOSS, loss);
    layout.setDouble(PLAN_LEARNING_RATE, 0);
    if (!Number.isFinite(terrain.height + terrain.norm)) {
      layout.setWord(PLAN_STATUS, DIVERGED);
      return "stalled";
    }
    let outcome: Outcome = "converged";
    if (terrain.norm > tolerance) {
      outcome = yield* this.#method(terrain, this.#options, layout.memory);
      // What was looked at last lies elsewhere.
      if (outcome === "stalled") yield* terrain.begin();
    }
    layout.setDouble(PLAN_BATCH_LOSS, loss);
    layout.countUpdate();
    if (terrain.norm <= tolerance) return "converged";
    return this.#isStill() ? "stalled" : outcome;
  }

  /** Whether iterations have led nowhere for long. */
  #isStill(): boolean {
    const best = this.#best;
    const { height, norm, noise } = this.#terrain;
    const isLower = height < best.height - noise / 4;
    const isFlatter = norm < best.norm / 2;
    best.age = isLower || isFlatter ? 0 : best.age + 1;
    if (isLower) best.height = height;
    if (isFlatter) best.norm = norm;
    return best.age >= PATIENCE;
  }
}
