// The optimizers that use all rows at once and search for a step. This file has the decisions of one iteration: they are made
// from losses and slopes.
import { PRECISION, searchLine } from "./lines.ts";
import type { Terrain } from "./terrain.ts";

/** How an iteration ended: at new weights, at a gradient of 0, or without a step that lowers the loss. */
export type Outcome = "moved" | "converged" | "stalled";

/**
 * One iteration of a method. It yields where it may be interrupted. The weights are then those with which it began.
 * `memory` and the optimizer's arrays change only at its end, together with the weights.
 */
export type Method = (
  terrain: Terrain,
  options: Readonly<Record<string, number>>,
  memory: number[],
) => Generator<void, Outcome>;

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
    // The step is at most RATIO times as long as the last one. A direction that leads up is not taken.
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
    // The quotient of the actual and the predicted fall of the loss. If the loss rose far, only that counts.
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
    // A curvature sᵀy that may be a rounding error would spoil H.
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

export const METHODS = { conjugateGradient, scaledConjugateGradient, lbfgs, levenbergMarquardt };
