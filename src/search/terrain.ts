// Computes the loss around the current weights, and its slopes, for the methods of methods.ts. The core changes the weights:
// vectors and the Levenberg-Marquardt matrix are in assembly/.
import {
  PLAN_CANDIDATE,
  PLAN_GOOD,
  PLAN_GRADS,
  PLAN_LEARNING_RATE,
  SQUARED_ERROR,
  TALLY_LOSS,
} from "../../assembly/plan.ts";
import type { NetworkDescription } from "../description/description.ts";
import type { Layout } from "../memory/layout.ts";
import { JACOBIAN_ROWS, WORK, chunkOf } from "./chunk.ts";
import { PRECISION, type Point } from "./lines.ts";

/**
 * What is minimised, mean loss and penalties over all rows, around the weights w where an iteration begins. Vectors are
 * addresses of blocks as long as the trainable parameters. w is kept at PLAN_GOOD while the core looks elsewhere.
 */
export class Terrain {
  /** The number of passes over all rows, forward and backward, since the iteration began. */
  evaluations = 0;
  /** The minimised sum, the mean loss alone, and the norm of the gradient, all at w. */
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
  /** Blocks of levenbergMarquardt: a square matrix, its diagonal and a vector, all float64, and rows of a Jacobian. */
  #matrix = 0;

  constructor(description: NetworkDescription, layout: Layout, data: number, rows: number) {
    this.#description = description;
    this.#layout = layout;
    this.#data = data;
    this.#rows = rows;
    this.#chunk = chunkOf(description, layout.trainable, rows);
    this.size = layout.trainable;
    this.direction = this.array(0);
    this.slope = this.array(1);
    this.gradient = layout.word(PLAN_CANDIDATE) >>> 0;
    this.#weights = layout.paramsAddress;
    this.#base = layout.word(PLAN_GOOD) >>> 0;
  }

  /** The address of the k-th array that the optimizer remembers. */
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

  /** d ← −∇. Returns the slope along d. */
  descend(): number {
    this.blend(this.direction, -1, this.slope, 0, this.slope);
    return -this.norm * this.norm;
  }

  /** Takes the current weights as w. */
  *begin(): Generator<void> {
    this.copy(this.#base, this.#weights);
    yield* this.#look(0);
    this.#settle();
  }

  /** Computes the loss and the slope at a point of the line. */
  *at(step: number): Generator<void, Point> {
    const start = this.dot(this.slope, this.direction);
    const height = yield* this.#look(step);
    const slope = this.dot(this.gradient, this.direction);
    let rise = height - this.height;
    // If the losses differ only by rounding, the slopes at both ends decide: a parabola rises by their mean.
    if (Math.abs(rise) <= this.noise) rise = (step * (start + slope)) / 2;
    return { step, rise: Number.isFinite(rise) ? rise : Infinity, slope, isSame: this.#isSame };
  }

  /** How much of the loss may be rounding: a few units in the last place. */
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

  /** Computes JᵀJ of the outputs at w. The penalties' part is added on its diagonal. */
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

  /** d ← −(JᵀJ + μ I)⁻¹ Jᵀe, with the penalties. Returns false if the matrix is singular up to rounding. */
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

  /** The gradient times this factor is Jᵀe, where e is outputs minus targets: the loss is a mean. */
  get #share(): number {
    const { loss, outputs } = this.#description;
    return loss.id === SQUARED_ERROR ? this.#rows : (this.#rows * outputs) / 2;
  }

  /**
   * Passes over all rows at w + step · d, and returns the loss there. It works in slices, and between them the weights are
   * w. The gradient is Σ n/N ∇(mean loss of n rows + penalties).
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

  /** Makes the point that was looked at last the new w. */
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
