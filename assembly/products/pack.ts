// Copies of parts of matrices in the order in which products read them.
import { PACK_PANELS } from "../plan";
import { LANES, Simd } from "../numbers/simd";
import { PANEL, VECTOR } from "./tiles";

/** P (panel, depth, PANEL): the next panels of B (depth, cols), at most PACK_PANELS of them. */
export function packPanels(B: usize, bk: usize, cols: i32, depth: i32, P: usize): void {
  const panels = min(PACK_PANELS, (cols + PANEL - 1) / PANEL);
  const size = <usize>depth * 2 * VECTOR;
  for (let k = 0; k < depth; ++k, B += bk, P += 2 * VECTOR) {
    let p = P;
    let b = B;
    for (let n = 0; n < panels; ++n, p += size, b += 2 * VECTOR) {
      v128.store(p, v128.load(b));
      v128.store(p, v128.load(b, VECTOR), VECTOR);
    }
  }
}

/** P (tile, depth, 4): rows of A, four to a tile. A column of A is contiguous. */
export function packTiles(A: usize, ak: usize, rows: i32, depth: i32, P: usize): void {
  const size = <usize>depth * 4 * sizeof<real>();
  for (let k = 0; k < depth; ++k, A += ak, P += 4 * sizeof<real>()) {
    let p = P;
    let a = A;
    for (let m = 0; m < rows; m += 4, p += size, a += 4 * sizeof<real>()) {
      v128.store(p, v128.load(a));
      if (sizeof<real>() == 8) v128.store(p, v128.load(a, VECTOR), VECTOR);
    }
  }
}

/** P (tile, depth, 4): rows of A (rows, depth), transposed four at a time. */
export function packRows(A: usize, am: usize, rows: i32, depth: i32, P: usize): void {
  const size = <usize>depth * 4 * sizeof<real>();
  for (; rows > 0; rows -= 4, A += 4 * am, P += size) pack(A, am, 4, depth, P, 4);
}

/** P (depth, width): `width` rows of W (rows, depth), wm bytes apart, transposed. Rows past the last one repeat it. */
export function pack(W: usize, wm: usize, rows: i32, depth: i32, P: usize, width: i32): void {
  const step = <usize>width * sizeof<real>();
  const bytes = <usize>depth * sizeof<real>();
  for (let group = 0; group < width; group += LANES) {
    const w0 = W + <usize>min(group, rows - 1) * wm;
    const w1 = W + <usize>min(group + 1, rows - 1) * wm;
    let p = P + <usize>group * sizeof<real>();
    if (sizeof<real>() == 4) {
      const w2 = W + <usize>min(group + 2, rows - 1) * wm;
      const w3 = W + <usize>min(group + 3, rows - 1) * wm;
      for (let k: usize = 0; k < bytes; k += 16) {
        const r0 = v128.load(w0 + k);
        const r1 = v128.load(w1 + k);
        const r2 = v128.load(w2 + k);
        const r3 = v128.load(w3 + k);
        v128.store(p, Simd.column(r0, r1, r2, r3, 0));
        v128.store(p + step, Simd.column(r0, r1, r2, r3, 1));
        v128.store(p + 2 * step, Simd.column(r0, r1, r2, r3, 2));
        v128.store(p + 3 * step, Simd.column(r0, r1, r2, r3, 3));
        p += 4 * step;
      }
    } else {
      for (let k: usize = 0; k < bytes; k += 16) {
        const r0 = v128.load(w0 + k);
        const r1 = v128.load(w1 + k);
        v128.store(p, Simd.column(r0, r1, r0, r1, 0));
        v128.store(p + step, Simd.column(r0, r1, r0, r1, 1));
        p += 2 * step;
      }
    }
  }
}
