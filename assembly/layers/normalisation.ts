// Layers that bring what passes through them to mean 0 and variance 1, then y = γ x̂ + β: batchNorm over the rows of a
// batch, layerNorm over the values of a row. γ is the layer's W, β its b. x̂ is not kept, but computed again when needed.
//
// batchNorm finds its statistics unit by unit, and applies them row by row. So forward and back have two phases each:
// statistics, then normalise; sums, then normaliseBack. All rows must be through one phase before the next begins.
import {
  BATCH_NORM,
  LAYER_B,
  LAYER_D,
  LAYER_DB,
  LAYER_DW,
  LAYER_DX,
  LAYER_FOLLOW,
  LAYER_KIND,
  LAYER_MEAN,
  LAYER_OUT,
  LAYER_PARAMETER,
  LAYER_STATS,
  LAYER_TRAINABLE,
  LAYER_UNBIASED,
  LAYER_VARIANCE,
  LAYER_W,
  LAYER_X,
  LAYER_Y,
  TRAIN_BIAS,
  TRAIN_STATISTICS,
  TRAIN_WEIGHTS,
} from "../plan";
import { LANES, Simd } from "../numbers/simd";

/** LAYER_STATS of batchNorm holds five rows with a number for each unit, padded to whole vectors. */
@inline
function stat(layer: usize, k: i32): usize {
  const stride = (load<i32>(layer, LAYER_OUT) + LANES - 1) & -LANES;
  return load<usize>(layer, LAYER_STATS) + <usize>(k * stride) * sizeof<real>();
}

// Which row is which.
const MEAN = 0;
const RECIPROCAL = 1; // 1 / √(σ² + ε)
const VARIANCE = 2;
const SUM_D = 3; // Σ dY over the rows: dβ
const SUM_DX = 4; // Σ dY ∘ x̂: dγ

/** Whether the layer uses the batch's own statistics. A layer that is held fixed always uses its running ones. */
@inline
function usesBatch(layer: usize, training: bool): bool {
  return training && (load<i32>(layer, LAYER_TRAINABLE) & TRAIN_STATISTICS) != 0;
}

/**
 * batchNorm, for units [begin, end), begin divisible by the lanes: μ = Σ x / n, σ² = Σ (x − μ)² / n over the rows, or
 * the running ones outside of training.
 */
export function statistics(layer: usize, training: bool, rows: i32, begin: i32, end: i32): void {
  const row = <usize>load<i32>(layer, LAYER_OUT) * sizeof<real>();
  const X = load<usize>(layer, LAYER_X);
  const own = usesBatch(layer, training);
  const n = Simd.splat(rows);
  const epsilon = Simd.splat(load<f64>(layer, LAYER_PARAMETER));
  for (let o = begin; o < end; o += LANES) {
    const at = <usize>o * sizeof<real>();
    let mean: v128;
    let variance: v128;
    if (own) {
      let total = Simd.splat(0);
      for (let r = 0, x = X + at; r < rows; ++r, x += row) total = v128.add<real>(total, v128.load(x));
      mean = v128.div<real>(total, n);
      // In a second pass, from the mean: sums of squares would lose their digits far from 0.
      total = Simd.splat(0);
      for (let r = 0, x = X + at; r < rows; ++r, x += row) {
        const apart = v128.sub<real>(v128.load(x), mean);
        total = Simd.madd(apart, apart, total);
      }
      variance = v128.div<real>(total, n);
      if (!v128.all_true<i32>(v128.lt<real>(variance, Simd.splat(Infinity)))) {
        largeStatistics(layer, X + at, rows, row, at);
        continue;
      }
    } else {
      mean = v128.load(load<usize>(layer, LAYER_MEAN) + at);
      variance = v128.load(load<usize>(layer, LAYER_VARIANCE) + at);
    }
    const root = v128.sqrt<real>(v128.add<real>(variance, epsilon));
    v128.store(stat(layer, MEAN) + at, mean);
    v128.store(stat(layer, VARIANCE) + at, variance);
    v128.store(stat(layer, RECIPROCAL) + at, v128.div<real>(Simd.splat(1), root));
  }
}

/**
 * What `statistics` finds for the lanes at x, of numbers whose sum or squares overflow: those are divided by a power of two
 * s near the largest of them. σ² itself may be beyond all numbers, 1 / √(σ² + ε) is not.
 */
function largeStatistics(layer: usize, x: usize, rows: i32, row: usize, at: usize): void {
  const n = Simd.splat(rows);
  let largest = Simd.splat(0);
  for (let r = 0, from = x; r < rows; ++r, from += row)
    largest = v128.max<real>(largest, v128.abs<real>(v128.load(from)));
  const s = Simd.powerBelow(largest);
  let total = Simd.splat(0);
  for (let r = 0, from = x; r < rows; ++r, from += row) {
    total = v128.add<real>(total, v128.div<real>(v128.load(from), s));
  }
  const mean = v128.div<real>(total, n);
  total = Simd.splat(0);
  for (let r = 0, from = x; r < rows; ++r, from += row) {
    const apart = v128.sub<real>(v128.div<real>(v128.load(from), s), mean);
    total = Simd.madd(apart, apart, total);
  }
  const variance = v128.div<real>(total, n);
  const epsilon = v128.div<real>(v128.div<real>(Simd.splat(load<f64>(layer, LAYER_PARAMETER)), s), s);
  const root = v128.sqrt<real>(v128.add<real>(variance, epsilon));
  v128.store(stat(layer, MEAN) + at, v128.mul<real>(mean, s));
  v128.store(stat(layer, VARIANCE) + at, v128.mul<real>(v128.mul<real>(variance, s), s));
  v128.store(stat(layer, RECIPROCAL) + at, v128.div<real>(v128.div<real>(Simd.splat(1), root), s));
}

/** Y = γ ∘ (X − μ) / √(σ² + ε) + β for rows [begin, end). X, Y (rows, out). */
export function normalise(layer: usize, begin: i32, end: i32): void {
  const nout = load<i32>(layer, LAYER_OUT);
  const row = <usize>nout * sizeof<real>();
  const ofBatch = load<i32>(layer, LAYER_KIND) == BATCH_NORM;
  const W = load<usize>(layer, LAYER_W);
  const B = load<usize>(layer, LAYER_B);
  const zero = Simd.splat(0);
  let x = load<usize>(layer, LAYER_X) + <usize>begin * row;
  let y = load<usize>(layer, LAYER_Y) + <usize>begin * row;
  for (let r = begin; r < end; ++r, x += row, y += row) {
    if (!ofBatch) rowStatistics(layer, x, r, nout);
    let mean = ofBatch ? zero : rowMean(layer, r);
    let reciprocal = ofBatch ? zero : rowReciprocal(layer, r);
    for (let o = 0; o < nout; o += LANES) {
      const at = <usize>o * sizeof<real>();
      if (ofBatch) {
        mean = v128.load(stat(layer, MEAN) + at);
        reciprocal = v128.load(stat(layer, RECIPROCAL) + at);
      }
      const unit = v128.mul<real>(v128.sub<real>(v128.load(x + at), mean), reciprocal);
      const shift = B ? v128.load(B + at) : zero;
      Simd.store(y + at, Simd.madd(v128.load(W + at), unit, shift), nout - o);
    }
  }
}

/** batchNorm, for units [begin, end), begin divisible by the lanes: Σ dY and Σ dY ∘ x̂ over the rows. */
export function sums(layer: usize, rows: i32, begin: i32, end: i32): void {
  const row = <usize>load<i32>(layer, LAYER_OUT) * sizeof<real>();
  for (let o = begin; o < end; o += LANES) {
    const at = <usize>o * sizeof<real>();
    const mean = v128.load(stat(layer, MEAN) + at);
    const reciprocal = v128.load(stat(layer, RECIPROCAL) + at);
    let x = load<usize>(layer, LAYER_X) + at;
    let d = load<usize>(layer, LAYER_D) + at;
    let total = Simd.splat(0);
    let product = Simd.splat(0);
    for (let r = 0; r < rows; ++r, x += row, d += row) {
      const delta = v128.load(d);
      const unit = v128.mul<real>(v128.sub<real>(v128.load(x), mean), reciprocal);
      total = v128.add<real>(total, delta);
      product = Simd.madd(delta, unit, product);
    }
    v128.store(stat(layer, SUM_D) + at, total);
    v128.store(stat(layer, SUM_DX) + at, product);
  }
}

/**
 * dX from dY for rows [begin, end), where the layer below needs it. With g = γ ∘ dY, and means over what was
 * normalised together: dX = (g − mean g − x̂ mean (g ∘ x̂)) / √(σ² + ε); for running statistics, which do not depend on
 * X, without the means (Ioffe and Szegedy 2015; Ba, Kiros and Hinton 2016).
 */
export function normaliseBack(layer: usize, rows: i32, begin: i32, end: i32): void {
  const nout = load<i32>(layer, LAYER_OUT);
  const row = <usize>nout * sizeof<real>();
  const ofBatch = load<i32>(layer, LAYER_KIND) == BATCH_NORM;
  const W = load<usize>(layer, LAYER_W);
  const zero = Simd.splat(0);
  const part = Simd.splat(!ofBatch ? 1 / <f64>nout : usesBatch(layer, true) ? 1 / <f64>rows : 0);
  if (!load<usize>(layer, LAYER_DX)) return;
  let x = load<usize>(layer, LAYER_X) + <usize>begin * row;
  let d = load<usize>(layer, LAYER_D) + <usize>begin * row;
  let dx = load<usize>(layer, LAYER_DX) + <usize>begin * row;
  for (let r = begin; r < end; ++r, x += row, d += row, dx += row) {
    let mean = zero;
    let reciprocal = zero;
    let total = zero;
    let product = zero;
    if (!ofBatch) {
      mean = rowMean(layer, r);
      reciprocal = rowReciprocal(layer, r);
      for (let o = 0; o < nout; o += LANES) {
        const at = <usize>o * sizeof<real>();
        const unit = v128.mul<real>(v128.sub<real>(v128.load(x + at), mean), reciprocal);
        const g = v128.mul<real>(v128.load(W + at), v128.load(d + at));
        const lanes = Simd.first(nout - o);
        total = v128.add<real>(total, v128.and(g, lanes));
        product = v128.add<real>(product, v128.and(v128.mul<real>(g, unit), lanes));
      }
      total = v128.splat<real>(Simd.sum(total));
      product = v128.splat<real>(Simd.sum(product));
    }
    for (let o = 0; o < nout; o += LANES) {
      const at = <usize>o * sizeof<real>();
      const gamma = v128.load(W + at);
      if (ofBatch) {
        mean = v128.load(stat(layer, MEAN) + at);
        reciprocal = v128.load(stat(layer, RECIPROCAL) + at);
        total = v128.mul<real>(gamma, v128.load(stat(layer, SUM_D) + at));
        product = v128.mul<real>(gamma, v128.load(stat(layer, SUM_DX) + at));
      }
      const unit = v128.mul<real>(v128.sub<real>(v128.load(x + at), mean), reciprocal);
      const rest = v128.mul<real>(Simd.madd(unit, product, total), part);
      const g = v128.sub<real>(v128.mul<real>(gamma, v128.load(d + at)), rest);
      Simd.store(dx + at, v128.mul<real>(g, reciprocal), nout - o);
    }
  }
}

/** dγ = Σ_rows dY ∘ x̂, dβ = Σ_rows dY for units [begin, end), begin divisible by the lanes. `bits`: which are wanted. */
export function slopes(layer: usize, rows: i32, bits: i32, begin: i32, end: i32): void {
  const nout = load<i32>(layer, LAYER_OUT);
  const row = <usize>nout * sizeof<real>();
  const ofBatch = load<i32>(layer, LAYER_KIND) == BATCH_NORM;
  const dW = load<usize>(layer, LAYER_DW);
  const db = load<usize>(layer, LAYER_DB);
  for (let o = begin; o < end; o += LANES) {
    const at = <usize>o * sizeof<real>();
    let total = Simd.splat(0);
    let product = Simd.splat(0);
    if (ofBatch) {
      total = v128.load(stat(layer, SUM_D) + at);
      product = v128.load(stat(layer, SUM_DX) + at);
    } else {
      let x = load<usize>(layer, LAYER_X) + at;
      let d = load<usize>(layer, LAYER_D) + at;
      for (let r = 0; r < rows; ++r, x += row, d += row) {
        const delta = v128.load(d);
        const unit = v128.mul<real>(v128.sub<real>(v128.load(x), rowMean(layer, r)), rowReciprocal(layer, r));
        total = v128.add<real>(total, delta);
        product = Simd.madd(delta, unit, product);
      }
    }
    if (bits & TRAIN_WEIGHTS) Simd.store(dW + at, product, nout - o);
    if (db && bits & TRAIN_BIAS) Simd.store(db + at, total, nout - o);
  }
}

/**
 * The running statistics follow those of the batch, for units [begin, end), begin divisible by the lanes:
 * r ← (1 − w) r + w s, where s is the mean, and the variance, unbiased where asked for. A batch of one row has no
 * unbiased variance and leaves the running one as it is.
 */
export function follow(layer: usize, rows: i32, begin: i32, end: i32): void {
  if (!usesBatch(layer, true)) return;
  const nout = load<i32>(layer, LAYER_OUT);
  const weight = load<f64>(layer, LAYER_FOLLOW);
  const unbiased = load<i32>(layer, LAYER_UNBIASED) != 0;
  const factor = unbiased ? <f64>rows / <f64>(rows - 1) : 1;
  const keep = Simd.splat(1 - weight);
  const ofMean = Simd.splat(weight);
  const ofVariance = Simd.splat(weight * factor);
  const M = load<usize>(layer, LAYER_MEAN);
  const V = load<usize>(layer, LAYER_VARIANCE);
  for (let o = begin; o < end; o += LANES) {
    const at = <usize>o * sizeof<real>();
    const mean = v128.mul<real>(ofMean, v128.load(stat(layer, MEAN) + at));
    Simd.store(M + at, Simd.madd(keep, v128.load(M + at), mean), nout - o);
    if (unbiased && rows == 1) continue;
    const variance = v128.mul<real>(ofVariance, v128.load(stat(layer, VARIANCE) + at));
    Simd.store(V + at, Simd.madd(keep, v128.load(V + at), variance), nout - o);
  }
}

/** LAYER_STATS of layerNorm holds μ and 1 / √(σ² + ε) for each row. */
@inline
function rowStat(layer: usize, r: i32): usize {
  return load<usize>(layer, LAYER_STATS) + <usize>(2 * r) * sizeof<real>();
}


@inline
function rowMean(layer: usize, r: i32): v128 {
  return v128.load_splat<real>(rowStat(layer, r));
}


@inline
function rowReciprocal(layer: usize, r: i32): v128 {
  return v128.load_splat<real>(rowStat(layer, r) + sizeof<real>());
}

/** μ = Σ x / n, σ² = Σ (x − μ)² / n over the n values of row r at x. */
function rowStatistics(layer: usize, x: usize, r: i32, n: i32): void {
  let total = Simd.splat(0);
  for (let o = 0; o < n; o += LANES) {
    total = v128.add<real>(total, v128.and(v128.load(x + <usize>o * sizeof<real>()), Simd.first(n - o)));
  }
  const mean: real = Simd.sum(total) / <real>n;
  const splat = v128.splat<real>(mean);
  total = Simd.splat(0);
  for (let o = 0; o < n; o += LANES) {
    const apart = v128.sub<real>(v128.load(x + <usize>o * sizeof<real>()), splat);
    total = v128.add<real>(total, v128.and(v128.mul<real>(apart, apart), Simd.first(n - o)));
  }
  const variance: real = Simd.sum(total) / <real>n;
  if (!(variance < Infinity)) return largeRowStatistics(layer, x, r, n);
  store<real>(rowStat(layer, r), mean);
  store<real>(
    rowStat(layer, r) + sizeof<real>(),
    <real>(1 / sqrt<f64>(<f64>variance + load<f64>(layer, LAYER_PARAMETER))),
  );
}

/** The same of numbers whose sum or squares overflow: in float64, and where they are float64 already, scaled. */
function largeRowStatistics(layer: usize, x: usize, r: i32, n: i32): void {
  const scale: f64 = sizeof<real>() == 4 ? 1 : 1e-160;
  let total: f64 = 0;
  for (let o = 0; o < n; ++o) total += scale * <f64>load<real>(x + <usize>o * sizeof<real>());
  const mean = total / <f64>n;
  total = 0;
  for (let o = 0; o < n; ++o) {
    const apart = scale * <f64>load<real>(x + <usize>o * sizeof<real>()) - mean;
    total += apart * apart;
  }
  const variance = total / <f64>n + load<f64>(layer, LAYER_PARAMETER) * scale * scale;
  store<real>(rowStat(layer, r), <real>(mean / scale));
  store<real>(rowStat(layer, r) + sizeof<real>(), <real>((1 / sqrt<f64>(variance)) * scale));
}
