// The normal equations of Levenberg and Marquardt, in float64 whatever the network computes in: squaring a Jacobian
// doubles the digits that are lost. One square block A (n, n) of f64 holds both matrices: JᵀJ in its upper triangle with
// the diagonal, and the Cholesky factor L in its lower, with L's own diagonal in D (n). Rows are `n` f64 apart.
import {
  DATA_ORDER,
  DENSE,
  LAYER_B,
  LAYER_BYTES,
  LAYER_D,
  LAYER_DB,
  LAYER_DW,
  LAYER_IN,
  LAYER_KIND,
  LAYER_OUT,
  LAYER_TRAINABLE,
  LAYER_X,
  PLAN_BATCH_WEIGHTS,
  PLAN_GRADS,
  PLAN_OUTPUTS,
  PLAN_TRAINABLE,
  TRAIN_BIAS,
  TRAIN_WEIGHTS,
} from "../plan";
import { gatherRows, selectBatch } from "./batch";
import { backwardPass, forwardPass } from "./passes";
import { lastLayer, layerAt } from "./records";

/** Rows of J that are added to A together. */
export const JACOBIAN_ROWS: usize = 4;

/**
 * Adds JᵀJ of `rows` samples of the data, from `first` on, to A (see levenberg.ts). J has a row for each output of each
 * sample: ∂output/∂weights, times the root of what the sample weighs; JACOBIAN_ROWS of them, zeros at first, stand at `J`.
 */
export function square(plan: usize, data: usize, first: i32, rows: i32, A: usize, J: usize): void {
  const n = load<i32>(plan, PLAN_TRAINABLE);
  const nout = <usize>load<i32>(plan, PLAN_OUTPUTS);
  const last = lastLayer(plan);
  const D = load<usize>(last, LAYER_D);
  const bytes = (<usize>n) << 3;
  let filled: usize = 0;
  selectBatch(plan, data, load<usize>(data, DATA_ORDER), first, rows);
  gatherRows(plan, 0, rows);
  forwardPass(plan, 0, true, 0, rows);
  const weights = load<usize>(plan, PLAN_BATCH_WEIGHTS);
  for (let o: usize = 0; o < nout; ++o) {
    memory.fill(D, 0, <usize>rows * nout * sizeof<real>());
    for (let r: usize = 0; r < <usize>rows; ++r) {
      const weight: real = weights ? load<real>(weights + r * sizeof<real>()) : 1;
      store<real>(D + (r * nout + o) * sizeof<real>(), sqrt<real>(weight));
    }
    backwardPass(plan, 0, 0, rows);
    for (let r = 0; r < rows; ++r) {
      for (let layer = layerAt(plan, 0); layer <= last; layer += LAYER_BYTES) {
        jacobianRow(layer, r, load<usize>(plan, PLAN_GRADS), J + filled * bytes);
      }
      if (++filled < JACOBIAN_ROWS) continue;
      addSquares(A, J, n);
      filled = 0;
    }
  }
  if (!filled) return;
  // Fewer rows than that are left: the missing ones are 0.
  memory.fill(J + filled * bytes, 0, (JACOBIAN_ROWS - filled) * bytes);
  addSquares(A, J, n);
}

/** A layer's part of one row of J: ∂/∂W = xᵀ δ and ∂/∂b = δ, from row r of X and D. `g` is the flat block of gradients. */
export function jacobianRow(layer: usize, r: i32, g: usize, row: usize): void {
  if (load<i32>(layer, LAYER_KIND) != DENSE) return;
  const nin = load<i32>(layer, LAYER_IN);
  const nout = load<i32>(layer, LAYER_OUT);
  const d = load<usize>(layer, LAYER_D) + <usize>r * <usize>nout * sizeof<real>();
  const bits = load<i32>(layer, LAYER_TRAINABLE);
  if (bits & TRAIN_WEIGHTS) {
    let x = load<usize>(layer, LAYER_X) + <usize>r * <usize>nin * sizeof<real>();
    let j = row + ((load<usize>(layer, LAYER_DW) - g) / sizeof<real>()) * 8;
    for (let i = 0; i < nin; ++i, x += sizeof<real>(), j += (<usize>nout) << 3) scaled(<f64>load<real>(x), d, j, nout);
  }
  if (load<usize>(layer, LAYER_B) && bits & TRAIN_BIAS) {
    scaled(1, d, row + ((load<usize>(layer, LAYER_DB) - g) / sizeof<real>()) * 8, nout);
  }
}

function scaled(x: f64, d: usize, j: usize, n: i32): void {
  for (; n > 0; --n, d += sizeof<real>(), j += 8) store<f64>(j, x * <f64>load<real>(d));
}

/** A ← A + JᵀJ, the upper triangle; J (JACOBIAN_ROWS, n). May write into the lower triangle, which is free then. */
export function addSquares(A: usize, J: usize, n: i32): void {
  const m = (<usize>n) << 3;
  for (let i = 0; i < n; ++i) {
    const at = J + ((<usize>i) << 3);
    const x0 = load<f64>(at);
    const x1 = load<f64>(at + m);
    const x2 = load<f64>(at + 2 * m);
    const x3 = load<f64>(at + 3 * m);
    // Units that are off, and inputs that are 0, leave whole rows unchanged.
    if (x0 == 0 && x1 == 0 && x2 == 0 && x3 == 0) continue;
    const a = A + <usize>i * m;
    for (let k: usize = (<usize>(i & ~1)) << 3; k < m; k += 16) {
      const j = J + k;
      let sum = v128.load(a + k);
      sum = f64x2.add(sum, f64x2.mul(f64x2.splat(x0), v128.load(j)));
      sum = f64x2.add(sum, f64x2.mul(f64x2.splat(x1), v128.load(j + m)));
      sum = f64x2.add(sum, f64x2.mul(f64x2.splat(x2), v128.load(j + 2 * m)));
      sum = f64x2.add(sum, f64x2.mul(f64x2.splat(x3), v128.load(j + 3 * m)));
      v128.store(a + k, sum);
    }
  }
}

/** Σ x_k y_k for k < n. */
function dot(x: usize, y: usize, n: i32): f64 {
  let sum = f64x2.splat(0);
  for (; n > 1; n -= 2, x += 16, y += 16) sum = f64x2.add(sum, f64x2.mul(v128.load(x), v128.load(y)));
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  if (n == 1) total += load<f64>(x) * load<f64>(y);
  return total;
}

/**
 * Rows [begin, end) of L with L Lᵀ = A + μ I, after those above them. False where that is not positive definite.
 * L_ij = (A_ij − Σ_k<j L_ik L_jk) / L_jj
 */
export function factor(A: usize, D: usize, n: i32, mu: f64, begin: i32, end: i32): bool {
  const m = (<usize>n) << 3;
  for (let i = begin; i < end; ++i) {
    const row = A + <usize>i * m;
    const above = A + ((<usize>i) << 3);
    for (let j = 0; j < i; ++j) {
      const other = A + <usize>j * m;
      const at = (<usize>j) << 3;
      store<f64>(row + at, (load<f64>(above + <usize>j * m) - dot(row, other, j)) / load<f64>(D + at));
    }
    const square = load<f64>(row + ((<usize>i) << 3)) + mu - dot(row, row, i);
    if (!(square > 0)) return false;
    store<f64>(D + ((<usize>i) << 3), sqrt<f64>(square));
  }
  return true;
}

/** x = −(L Lᵀ)⁻¹ s g; x and g are flat blocks of n, y (n) is scratch. */
export function solve(A: usize, D: usize, y: usize, n: i32, s: f64, g: usize, x: usize): void {
  const m = (<usize>n) << 3;
  for (let i: usize = 0; i < <usize>n; ++i) {
    const rest = -s * <f64>load<real>(g + i * sizeof<real>()) - dot(A + i * m, y, <i32>i);
    store<f64>(y + (i << 3), rest / load<f64>(D + (i << 3)));
  }
  for (let i = n - 1; i >= 0; --i) {
    const at = (<usize>i) << 3;
    const value = load<f64>(y + at) / load<f64>(D + at);
    store<real>(x + <usize>i * sizeof<real>(), <real>value);
    const row = A + <usize>i * m;
    for (let k: usize = 0; k < at; k += 8) store<f64>(y + k, load<f64>(y + k) - load<f64>(row + k) * value);
  }
}
