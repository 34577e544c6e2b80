// What happens to gradients before any rule: accumulation, clipping, decay.
import {
  PLAN_ACCUMULATE,
  PLAN_CLIP_NORM,
  PLAN_CLIP_VALUE,
  PLAN_GRADS,
  PLAN_PENDING,
  PLAN_PENDING_ROWS,
  PLAN_ROWS,
  PLAN_SCALE,
  PLAN_SUM,
  PLAN_TRAINABLE,
  PLAN_WEIGHT_DECAY,
} from "../plan";
import { LANES, Simd } from "../numbers/simd";
import { isKeras } from "./blocks";

/** Counts the current batch. Tells whether an update follows it; if not, its gradient waits for those of the next ones. */
export function endsGroup(plan: usize): bool {
  const batches = load<i32>(plan, PLAN_PENDING) + 1;
  const ends = batches >= load<i32>(plan, PLAN_ACCUMULATE);
  store<i32>(plan, ends ? 0 : batches, PLAN_PENDING);
  const rows = load<i32>(plan, PLAN_PENDING_ROWS) + load<i32>(plan, PLAN_ROWS);
  store<i32>(plan, ends ? 0 : rows, PLAN_PENDING_ROWS);
  return ends;
}

/**
 * For numbers [begin, end) of the flat block, s ← s + rows · g. After the group's last batch, g ← s / (its rows), s ← 0.
 * To be called before endsGroup. A batch counts by its rows, so a group gives the same as one batch of all its rows.
 */
export function accumulate(plan: usize, begin: i32, end: i32): void {
  const at = <usize>begin * sizeof<real>();
  let g = load<usize>(plan, PLAN_GRADS) + at;
  let s = load<usize>(plan, PLAN_SUM) + at;
  const rows = load<i32>(plan, PLAN_ROWS);
  const weight = Simd.splat(rows);
  const all = Simd.splat(load<i32>(plan, PLAN_PENDING_ROWS) + rows);
  const ends = load<i32>(plan, PLAN_PENDING) + 1 >= load<i32>(plan, PLAN_ACCUMULATE);
  for (let n = end - begin; n > 0; n -= LANES, g += 16, s += 16) {
    const sum = Simd.madd(weight, v128.load(g), v128.load(s));
    v128.store(s, ends ? Simd.splat(0) : sum);
    if (ends) v128.store(g, v128.div<real>(sum, all));
  }
}

/** What comes before any rule: gradients held within ±clipValue, their norm within clipNorm, and decoupled decay. */
export class Gradient {
  /**
   * min(1, c / (‖g‖ + 1e-6)), as PyTorch has it, or Keras's c / max(‖g‖, c), over all that training changes; summed in
   * order, in float64.
   */
  static scale(plan: usize): f64 {
    const most = load<f64>(plan, PLAN_CLIP_NORM);
    if (most == 0) return 1;
    let norm = Gradient.norm(plan, 1);
    // Squares that overflow: only float64 has numbers so large.
    if (sizeof<real>() == 8 && norm == Infinity) norm = Gradient.norm(plan, 1e-160) / 1e-160;
    return isKeras(plan) ? most / max<f64>(norm, most) : min<f64>(1, most / (norm + 1e-6));
  }

  /** ‖g‖ times `scale`, with each gradient held within ±clipValue. */
  static norm(plan: usize, scale: f64): f64 {
    const limit = Gradient.limit(plan);
    let total: f64 = 0;
    let g = load<usize>(plan, PLAN_GRADS);
    for (let n = load<i32>(plan, PLAN_TRAINABLE); n > 0; --n, g += sizeof<real>()) {
      const gradient = scale * min<f64>(limit, abs<f64>(load<real>(g)));
      total += gradient * gradient;
    }
    return sqrt<f64>(total);
  }

  /** g ← c · min(max(g, −limit), limit); p ← p − η wd p (Loshchilov and Hutter 2019). It is a pass of its own. */
  static prepare(plan: usize, rate: f64, factor: f64, p: usize, g: usize, n: i32): void {
    const limit = Gradient.limit(plan);
    const keep = Simd.splat(1 - rate * load<f64>(plan, PLAN_WEIGHT_DECAY));
    const c = Simd.splat(load<f64>(plan, PLAN_SCALE) * factor);
    const high = Simd.splat(limit);
    const low = Simd.splat(-limit);
    for (; n > 0; n -= LANES, p += 16, g += 16) {
      v128.store(p, v128.mul<real>(keep, v128.load(p)));
      const gradient = v128.min<real>(high, v128.max<real>(low, v128.load(g)));
      v128.store(g, v128.mul<real>(c, gradient));
    }
  }


  @inline static limit(plan: usize): f64 {
    const limit = load<f64>(plan, PLAN_CLIP_VALUE);
    return limit == 0 ? Infinity : limit;
  }
}
