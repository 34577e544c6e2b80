// The tiles of a product: what is computed in registers.
import { LANES, Simd } from "../numbers/simd";

/** Bytes of a vector. */
export const VECTOR: usize = 16;
/** Columns of the wide tile. 4 rows × 2 vectors keep within the 15 vector registers that engines leave. */
export const PANEL: i32 = 2 * LANES;

/**
 * Each method computes one tile of C = start + A B, of so many rows and vectors. start (rows, cols) has rows of sm bytes;
 * if it is 0, sums start at 0. Lanes past `cols` are computed from whatever lies there, and dropped.
 */
export class Tile {
  /**
   * 4 rows × 2 vectors: the tile in which nearly all work is done. It is inlined, since engines unroll a loop more often
   * the deeper it is nested. It is long because its sums must stay in registers: a call in between would store them.
   */
  @inline static rows4wide(
    A: usize,
    tile: usize,
    am: usize,
    ak: usize,
    B: usize,
    bk: usize,
    C: usize,
    cm: usize,
    rows: i32,
    cols: i32,
    depth: i32,
    start: usize,
    sm: usize,
  ): void {
    for (; rows > 0; rows -= 4) {
      let c00 = v128.splat<real>(0);
      let c01 = c00;
      let c10 = c00;
      let c11 = c00;
      let c20 = c00;
      let c21 = c00;
      let c30 = c00;
      let c31 = c00;
      if (start) {
        c00 = v128.load(start);
        c01 = v128.load(start, VECTOR);
        c10 = v128.load(start + sm);
        c11 = v128.load(start + sm, VECTOR);
        c20 = v128.load(start + 2 * sm);
        c21 = v128.load(start + 2 * sm, VECTOR);
        c30 = v128.load(start + 3 * sm);
        c31 = v128.load(start + 3 * sm, VECTOR);
      }
      let b = B;
      const stop = B + <usize>depth * bk;
      if (am == sizeof<real>()) {
        // The tile's rows are neighbours in a column of A, so one pointer reads them all.
        let a = A;
        do {
          const b0 = v128.load(b);
          const b1 = v128.load(b, VECTOR);
          const x0 = v128.load_splat<real>(a);
          c00 = Simd.madd(x0, b0, c00);
          c01 = Simd.madd(x0, b1, c01);
          const x1 = v128.load_splat<real>(a, sizeof<real>());
          c10 = Simd.madd(x1, b0, c10);
          c11 = Simd.madd(x1, b1, c11);
          const x2 = v128.load_splat<real>(a, 2 * sizeof<real>());
          c20 = Simd.madd(x2, b0, c20);
          c21 = Simd.madd(x2, b1, c21);
          const x3 = v128.load_splat<real>(a, 3 * sizeof<real>());
          c30 = Simd.madd(x3, b0, c30);
          c31 = Simd.madd(x3, b1, c31);
          a += ak;
          b += bk;
        } while (b != stop);
      } else {
        let a0 = A;
        let a1 = A + am;
        let a2 = A + 2 * am;
        let a3 = A + 3 * am;
        do {
          const b0 = v128.load(b);
          const b1 = v128.load(b, VECTOR);
          const x0 = v128.load_splat<real>(a0);
          c00 = Simd.madd(x0, b0, c00);
          c01 = Simd.madd(x0, b1, c01);
          a0 += ak;
          const x1 = v128.load_splat<real>(a1);
          c10 = Simd.madd(x1, b0, c10);
          c11 = Simd.madd(x1, b1, c11);
          a1 += ak;
          const x2 = v128.load_splat<real>(a2);
          c20 = Simd.madd(x2, b0, c20);
          c21 = Simd.madd(x2, b1, c21);
          a2 += ak;
          const x3 = v128.load_splat<real>(a3);
          c30 = Simd.madd(x3, b0, c30);
          c31 = Simd.madd(x3, b1, c31);
          a3 += ak;
          b += bk;
        } while (b != stop);
      }
      // The last columns are stored apart, so that full tiles need no branch for each vector.
      if (cols >= PANEL) {
        v128.store(C, c00);
        v128.store(C, c01, VECTOR);
        v128.store(C + cm, c10);
        v128.store(C + cm, c11, VECTOR);
        v128.store(C + 2 * cm, c20);
        v128.store(C + 2 * cm, c21, VECTOR);
        v128.store(C + 3 * cm, c30);
        v128.store(C + 3 * cm, c31, VECTOR);
      } else {
        Simd.store(C, c00, cols);
        Simd.store(C + VECTOR, c01, cols - LANES);
        Simd.store(C + cm, c10, cols);
        Simd.store(C + cm + VECTOR, c11, cols - LANES);
        Simd.store(C + 2 * cm, c20, cols);
        Simd.store(C + 2 * cm + VECTOR, c21, cols - LANES);
        Simd.store(C + 3 * cm, c30, cols);
        Simd.store(C + 3 * cm + VECTOR, c31, cols - LANES);
      }
      A += 4 * tile;
      C += 4 * cm;
      start += 4 * sm;
    }
  }

  /** 4 rows × 1 vector: the last columns. */
  static rows4(
    A: usize,
    tile: usize,
    am: usize,
    ak: usize,
    B: usize,
    bk: usize,
    C: usize,
    cm: usize,
    rows: i32,
    cols: i32,
    depth: i32,
    start: usize,
    sm: usize,
  ): void {
    for (; rows > 0; rows -= 4) {
      let c00 = v128.splat<real>(0);
      let c10 = c00;
      let c20 = c00;
      let c30 = c00;
      if (start) {
        c00 = v128.load(start);
        c10 = v128.load(start + sm);
        c20 = v128.load(start + 2 * sm);
        c30 = v128.load(start + 3 * sm);
      }
      let a0 = A;
      let a1 = A + am;
      let a2 = A + 2 * am;
      let a3 = A + 3 * am;
      let b = B;
      const stop = B + <usize>depth * bk;
      do {
        const b0 = v128.load(b);
        const x0 = v128.load_splat<real>(a0);
        c00 = Simd.madd(x0, b0, c00);
        a0 += ak;
        const x1 = v128.load_splat<real>(a1);
        c10 = Simd.madd(x1, b0, c10);
        a1 += ak;
        const x2 = v128.load_splat<real>(a2);
        c20 = Simd.madd(x2, b0, c20);
        a2 += ak;
        const x3 = v128.load_splat<real>(a3);
        c30 = Simd.madd(x3, b0, c30);
        a3 += ak;
        b += bk;
      } while (b != stop);
      Simd.store(C, c00, cols);
      Simd.store(C + cm, c10, cols);
      Simd.store(C + 2 * cm, c20, cols);
      Simd.store(C + 3 * cm, c30, cols);
      A += 4 * tile;
      C += 4 * cm;
      start += 4 * sm;
    }
  }

  /** 1 column × 4 vectors of rows, two at a0 and two at a1. */
  static column(
    a0: usize,
    a1: usize,
    ak: usize,
    B: usize,
    bk: usize,
    C: usize,
    cm: usize,
    depth: i32,
    start: usize,
    sm: usize,
  ): void {
    const more = <usize>LANES;
    let c0 = v128.splat<real>(0);
    let c1 = c0;
    let c2 = c0;
    let c3 = c0;
    if (start) {
      c0 = Tile.gather(start, sm);
      c1 = Tile.gather(start + more * sm, sm);
      c2 = Tile.gather(start + 2 * more * sm, sm);
      c3 = Tile.gather(start + 3 * more * sm, sm);
    }
    for (let k = 0; k < depth; ++k) {
      const x = v128.load_splat<real>(B);
      c0 = Simd.madd(v128.load(a0), x, c0);
      c1 = Simd.madd(v128.load(a0, VECTOR), x, c1);
      a0 += ak;
      c2 = Simd.madd(v128.load(a1), x, c2);
      c3 = Simd.madd(v128.load(a1, VECTOR), x, c3);
      a1 += ak;
      B += bk;
    }
    Tile.scatter(C, cm, c0);
    Tile.scatter(C + more * cm, cm, c1);
    Tile.scatter(C + 2 * more * cm, cm, c2);
    Tile.scatter(C + 3 * more * cm, cm, c3);
  }

  /** A vector of numbers that stand `stride` bytes apart. */
  static gather(from: usize, stride: usize): v128 {
    let v = v128.load_splat<real>(from);
    v = v128.load_lane<real>(from + stride, v, 1);
    if (sizeof<real>() == 4) {
      v = v128.load_lane<real>(from + 2 * stride, v, 2);
      v = v128.load_lane<real>(from + 3 * stride, v, 3);
    }
    return v;
  }

  static scatter(to: usize, stride: usize, v: v128): void {
    v128.store_lane<real>(to, v, 0);
    v128.store_lane<real>(to + stride, v, 1);
    if (sizeof<real>() == 4) {
      v128.store_lane<real>(to + 2 * stride, v, 2);
      v128.store_lane<real>(to + 3 * stride, v, 3);
    }
  }

  /** 1 row × 8 vectors: single samples, and rows that four do not divide. */
  static row8(
    A: usize,
    am: usize,
    ak: usize,
    B: usize,
    bk: usize,
    C: usize,
    cm: usize,
    cols: i32,
    depth: i32,
    bias: usize,
  ): void {
    let c00 = bias ? v128.load(bias) : v128.splat<real>(0);
    let c01 = bias ? v128.load(bias, VECTOR) : v128.splat<real>(0);
    let c02 = bias ? v128.load(bias, 2 * VECTOR) : v128.splat<real>(0);
    let c03 = bias ? v128.load(bias, 3 * VECTOR) : v128.splat<real>(0);
    let c04 = bias ? v128.load(bias, 4 * VECTOR) : v128.splat<real>(0);
    let c05 = bias ? v128.load(bias, 5 * VECTOR) : v128.splat<real>(0);
    let c06 = bias ? v128.load(bias, 6 * VECTOR) : v128.splat<real>(0);
    let c07 = bias ? v128.load(bias, 7 * VECTOR) : v128.splat<real>(0);
    let a0 = A;
    for (let k = 0; k < depth; ++k) {
      const b0 = v128.load(B);
      const b1 = v128.load(B, VECTOR);
      const b2 = v128.load(B, 2 * VECTOR);
      const b3 = v128.load(B, 3 * VECTOR);
      const b4 = v128.load(B, 4 * VECTOR);
      const b5 = v128.load(B, 5 * VECTOR);
      const b6 = v128.load(B, 6 * VECTOR);
      const b7 = v128.load(B, 7 * VECTOR);
      const x0 = v128.load_splat<real>(a0);
      c00 = Simd.madd(x0, b0, c00);
      c01 = Simd.madd(x0, b1, c01);
      c02 = Simd.madd(x0, b2, c02);
      c03 = Simd.madd(x0, b3, c03);
      c04 = Simd.madd(x0, b4, c04);
      c05 = Simd.madd(x0, b5, c05);
      c06 = Simd.madd(x0, b6, c06);
      c07 = Simd.madd(x0, b7, c07);
      a0 += ak;
      B += bk;
    }
    Simd.store(C, c00, cols);
    Simd.store(C + VECTOR, c01, cols - LANES);
    Simd.store(C + 2 * VECTOR, c02, cols - 2 * LANES);
    Simd.store(C + 3 * VECTOR, c03, cols - 3 * LANES);
    Simd.store(C + 4 * VECTOR, c04, cols - 4 * LANES);
    Simd.store(C + 5 * VECTOR, c05, cols - 5 * LANES);
    Simd.store(C + 6 * VECTOR, c06, cols - 6 * LANES);
    Simd.store(C + 7 * VECTOR, c07, cols - 7 * LANES);
  }

  /** 1 row × 4 vectors. */
  static row4(
    A: usize,
    am: usize,
    ak: usize,
    B: usize,
    bk: usize,
    C: usize,
    cm: usize,
    cols: i32,
    depth: i32,
    bias: usize,
  ): void {
    let c00 = bias ? v128.load(bias) : v128.splat<real>(0);
    let c01 = bias ? v128.load(bias, VECTOR) : v128.splat<real>(0);
    let c02 = bias ? v128.load(bias, 2 * VECTOR) : v128.splat<real>(0);
    let c03 = bias ? v128.load(bias, 3 * VECTOR) : v128.splat<real>(0);
    let a0 = A;
    for (let k = 0; k < depth; ++k) {
      const b0 = v128.load(B);
      const b1 = v128.load(B, VECTOR);
      const b2 = v128.load(B, 2 * VECTOR);
      const b3 = v128.load(B, 3 * VECTOR);
      const x0 = v128.load_splat<real>(a0);
      c00 = Simd.madd(x0, b0, c00);
      c01 = Simd.madd(x0, b1, c01);
      c02 = Simd.madd(x0, b2, c02);
      c03 = Simd.madd(x0, b3, c03);
      a0 += ak;
      B += bk;
    }
    Simd.store(C, c00, cols);
    Simd.store(C + VECTOR, c01, cols - LANES);
    Simd.store(C + 2 * VECTOR, c02, cols - 2 * LANES);
    Simd.store(C + 3 * VECTOR, c03, cols - 3 * LANES);
  }

  /** 1 row × 1 vector. */
  static row1(
    A: usize,
    am: usize,
    ak: usize,
    B: usize,
    bk: usize,
    C: usize,
    cm: usize,
    cols: i32,
    depth: i32,
    bias: usize,
  ): void {
    let c00 = bias ? v128.load(bias) : v128.splat<real>(0);
    let a0 = A;
    for (let k = 0; k < depth; ++k) {
      const b0 = v128.load(B);
      const x0 = v128.load_splat<real>(a0);
      c00 = Simd.madd(x0, b0, c00);
      a0 += ak;
      B += bk;
    }
    Simd.store(C, c00, cols);
  }
}
