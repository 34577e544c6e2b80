// Online training by plain gradient descent, w ← w − η x δ after every sample: errors, gradients and the update in one
// pass over each layer's weights. It gives the bits of the general step, but writes no gradients to memory. Activations and
// errors of the sample are written in whole vectors, for which their blocks have room: a vector that was written in parts
// can be read as a whole only after it has reached the cache.
import {
  LAYER_ACTIVATION,
  LAYER_B,
  LAYER_BYTES,
  LAYER_D,
  LAYER_DX,
  LAYER_IN,
  LAYER_OUT,
  LAYER_PARAMETER,
  LAYER_W,
  LAYER_X,
  LAYER_Y,
  LAYER_Z,
  SIGMOID,
} from "../plan";
import { Lanes } from "../numbers/math";
import { LANES, Simd } from "../numbers/simd";
import { activate, activateBack } from "../functions/activations";
import { forward } from "../layers/layers";

/** z = x W + b, y = f(z) for one sample, through dense layers. Short rows of W are multiplied here, long ones by tiles. */
export function forwardOne(first: usize, last: usize): void {
  for (let layer = first; layer <= last; layer += LAYER_BYTES) {
    const nout = load<i32>(layer, LAYER_OUT);
    if (nout > LANES) {
      forward(0, layer, 0, true, 0, 1); // a dense layer does not use the plan
      continue;
    }
    let x = load<usize>(layer, LAYER_X);
    let w = load<usize>(layer, LAYER_W);
    const b = load<usize>(layer, LAYER_B);
    const stride = <usize>nout * sizeof<real>();
    let sum = b ? Simd.load(b, nout) : Simd.splat(0);
    for (let i = load<i32>(layer, LAYER_IN); i > 0; --i, x += sizeof<real>(), w += stride) {
      sum = Simd.madd(v128.load_splat<real>(x), Simd.load(w, nout), sum);
    }
    const kind = load<i32>(layer, LAYER_ACTIVATION);
    const z = load<usize>(layer, LAYER_Z);
    const y = load<usize>(layer, LAYER_Y);
    v128.store(z, sum);
    if (kind == SIGMOID) v128.store(y, Lanes.sigmoid<real>(sum));
    else activate(kind, load<f64>(layer, LAYER_PARAMETER), z, y, 0, 1, nout);
  }
}

/** From the last layer's dY (`fused`: dZ) to new weights of all dense layers, down to `first`. */
export function backwardOne(first: usize, last: usize, fused: bool, rate: f64): void {
  const eta = Simd.splat(rate);
  for (let layer = last; layer >= first; layer -= LAYER_BYTES) {
    const nin = load<i32>(layer, LAYER_IN);
    const nout = load<i32>(layer, LAYER_OUT);
    const d = load<usize>(layer, LAYER_D);
    if (!fused) {
      const kind = load<i32>(layer, LAYER_ACTIVATION);
      const y = load<usize>(layer, LAYER_Y);
      if (kind == SIGMOID && nout <= LANES) {
        const a = v128.load(y);
        const slope = v128.mul<real>(a, v128.sub<real>(Simd.splat(1), a));
        v128.store(d, v128.mul<real>(v128.load(d), slope));
      } else {
        activateBack(kind, load<f64>(layer, LAYER_PARAMETER), load<usize>(layer, LAYER_Z), y, d, 0, 1, nout);
      }
    }
    fused = false;
    const x = load<usize>(layer, LAYER_X);
    const W = load<usize>(layer, LAYER_W);
    const dx = load<usize>(layer, LAYER_DX);
    if (nout == 1) column(eta, x, W, v128.load_splat<real>(d), dx, nin);
    else if (dx) rows(eta, x, W, d, dx, nin, nout);
    else lines(eta, x, W, d, nin, nout);
    const b = load<usize>(layer, LAYER_B);
    if (b) move(eta, b, Simd.splat(1), d, nout);
  }
}

/** p ← p − η g */
@inline
function moved(eta: v128, p: v128, g: v128): v128 {
  return v128.sub<real>(p, v128.mul<real>(eta, g));
}

/** p ← p − η g for n numbers. The last vector may overlap the one before, so it is computed before anything is stored. */
@inline
function move(eta: v128, p: usize, x: v128, d: usize, n: i32): void {
  if (n < LANES) {
    Simd.storePart(p, moved(eta, v128.load(p), v128.mul<real>(x, v128.load(d))), n);
    return;
  }
  const rest = <usize>(n - LANES) * sizeof<real>();
  const last = moved(eta, v128.load(p + rest), v128.mul<real>(x, v128.load(d + rest)));
  for (let at: usize = 0; at < rest; at += 16) {
    v128.store(p + at, moved(eta, v128.load(p + at), v128.mul<real>(x, v128.load(d + at))));
  }
  v128.store(p + rest, last);
}

/** w_io ← w_io − η x_i δ_o, four rows at a time while there are so many. x (nin), W (nin, nout), d (nout). */
function lines(eta: v128, x: usize, W: usize, d: usize, nin: i32, nout: i32): void {
  const stride = <usize>nout * sizeof<real>();
  if (nout >= LANES)
    for (; nin >= 4; nin -= 4, x += 4 * sizeof<real>(), W += 4 * stride) fourLines(eta, x, W, d, stride);
  for (; nin > 0; --nin, x += sizeof<real>(), W += stride) move(eta, W, v128.load_splat<real>(x), d, nout);
}

/** The same for four rows, of at least a vector each: every vector of d is loaded once for all of them. */
function fourLines(eta: v128, x: usize, W: usize, d: usize, stride: usize): void {
  const x0 = v128.load_splat<real>(x);
  const x1 = v128.load_splat<real>(x, sizeof<real>());
  const x2 = v128.load_splat<real>(x, 2 * sizeof<real>());
  const x3 = v128.load_splat<real>(x, 3 * sizeof<real>());
  const end = d + stride - 16;
  let w0 = W;
  let w1 = w0 + stride;
  let w2 = w1 + stride;
  let w3 = w2 + stride;
  // The last vectors may overlap the ones before: they are computed before anything changes, and stored last.
  const rest = stride - 16;
  const last = v128.load(end);
  const last0 = moved(eta, v128.load(w0 + rest), v128.mul<real>(x0, last));
  const last1 = moved(eta, v128.load(w1 + rest), v128.mul<real>(x1, last));
  const last2 = moved(eta, v128.load(w2 + rest), v128.mul<real>(x2, last));
  const last3 = moved(eta, v128.load(w3 + rest), v128.mul<real>(x3, last));
  for (; d < end; d += 16, w0 += 16, w1 += 16, w2 += 16, w3 += 16) {
    const delta = v128.load(d);
    v128.store(w0, moved(eta, v128.load(w0), v128.mul<real>(x0, delta)));
    v128.store(w1, moved(eta, v128.load(w1), v128.mul<real>(x1, delta)));
    v128.store(w2, moved(eta, v128.load(w2), v128.mul<real>(x2, delta)));
    v128.store(w3, moved(eta, v128.load(w3), v128.mul<real>(x3, delta)));
  }
  v128.store(W + rest, last0);
  v128.store(W + stride + rest, last1);
  v128.store(W + 2 * stride + rest, last2);
  v128.store(W + 3 * stride + rest, last3);
}

/** The weights of a layer with one unit: dx = δ w, w ← w − η x δ. x, w and dx (nin). */
function column(eta: v128, x: usize, w: usize, d: v128, dx: usize, nin: i32): void {
  for (let n = nin, at: usize = 0; n > 0; n -= LANES, at += 16) {
    const weights = v128.load(w + at);
    // Sums start at 0, as everywhere.
    if (dx) v128.store(dx + at, v128.add<real>(Simd.splat(0), v128.mul<real>(d, weights)));
    Simd.store(w + at, moved(eta, weights, v128.mul<real>(v128.load(x + at), d)), n);
  }
}

/** dx_i = Σ_o w_io δ_o, in order of o; then w_io ← w_io − η x_i δ_o: LANES rows of W at a time. W (nin, nout). */
function rows(eta: v128, x: usize, W: usize, d: usize, dx: usize, nin: i32, nout: i32): void {
  const stride = <usize>nout * sizeof<real>();
  for (let i = 0; i < nin; i += LANES) {
    const left = nin - i;
    // Rows past the last repeat it; their lanes are dropped.
    const w0 = W + <usize>i * stride;
    const w1 = w0 + (left > 1 ? stride : 0);
    let sum = Simd.splat(0);
    if (sizeof<real>() == 4) {
      const w2 = w1 + (left > 2 ? stride : 0);
      const w3 = w2 + (left > 3 ? stride : 0);
      for (let o = 0, at: usize = 0; o < nout; o += 4, at += 16) {
        const n = nout - o;
        const r0 = v128.load(w0 + at);
        const r1 = v128.load(w1 + at);
        const r2 = v128.load(w2 + at);
        const r3 = v128.load(w3 + at);
        sum = Simd.madd(v128.load_splat<real>(d + at), Simd.column(r0, r1, r2, r3, 0), sum);
        if (n > 1) sum = Simd.madd(v128.load_splat<real>(d + at, 4), Simd.column(r0, r1, r2, r3, 1), sum);
        if (n > 2) sum = Simd.madd(v128.load_splat<real>(d + at, 8), Simd.column(r0, r1, r2, r3, 2), sum);
        if (n > 3) sum = Simd.madd(v128.load_splat<real>(d + at, 12), Simd.column(r0, r1, r2, r3, 3), sum);
      }
    } else {
      for (let o = 0, at: usize = 0; o < nout; o += 2, at += 16) {
        const r0 = v128.load(w0 + at);
        const r1 = v128.load(w1 + at);
        sum = Simd.madd(v128.load_splat<real>(d + at), Simd.column(r0, r1, r0, r1, 0), sum);
        if (o + 1 < nout) sum = Simd.madd(v128.load_splat<real>(d + at, 8), Simd.column(r0, r1, r0, r1, 1), sum);
      }
    }
    v128.store(dx + <usize>i * sizeof<real>(), sum);
    lines(eta, x + <usize>i * sizeof<real>(), w0, d, min(left, LANES), nout);
  }
}
