// Products of matrices. A kernel computes one tile of the result in registers, summing in order of k from the bias
// on, so each element has the same bits whatever the tile, the batch or the share of rows.
import { PACK_DEPTH, PACK_DEPTH_FROM, PACK_FROM, PACK_PANELS, PACK_ROWS, PACK_ROWS_FROM } from "./plan";
import { LANES, Simd } from "./simd";

/** Bytes of a vector. */
const VECTOR: usize = 16;
/** Columns of the wide tile. 4 rows × 2 vectors keep within the 15 vector registers that engines leave. */
export const PANEL: i32 = 2 * LANES;

/** Up to so many weights, a single row goes through W without packing it. */
const SMALL: i32 = 64;

/** The least depth for which rows are transposed for the sake of the last columns. */
const COLUMNS_FROM: i32 = 32;

/** Where nothing is packed, rows of C that go past all of B together. */
const UNPACKED_ROWS: i32 = 64;
/** The most depth of such rows of A, read by columns, that stays in the first cache: they have 4 or 5 lines for each k. */
const UNPACKED_DEPTH: i32 = 96;

/**
 * C = bias + A B for rows [begin, end) of C. A (rows, depth) has its element (m, k) at A + m·am + k·ak, so that A may
 * be read transposed: am or ak is the size of a number. B (depth, cols) and C (rows, cols) have rows of bk and cm bytes.
 * Without bias (0) sums start at 0; with C for bias they go on from what stands there. Blocks of long rows, and rows for
 * the last columns, are packed into scratch, where there is one; docs/performance.md says when.
 */
export function product(
  A: usize,
  am: usize,
  ak: usize,
  B: usize,
  bk: usize,
  C: usize,
  cm: usize,
  begin: i32,
  end: i32,
  cols: i32,
  depth: i32,
  bias: usize,
  scratch: usize,
): void {
  const tiled = begin + ((end - begin) & ~3);
  const packs = <i32>bk >= PACK_FROM && tiled - begin >= PACK_ROWS_FROM && depth >= PACK_DEPTH_FROM && scratch != 0;
  const packed = scratch + PACK_PANELS * PANEL * PACK_DEPTH * sizeof<real>();
  const rows = packs ? PACK_ROWS : UNPACKED_ROWS;
  let deepest = PACK_DEPTH;
  if (!packs && am == sizeof<real>() && depth > UNPACKED_DEPTH) {
    const blocks = (depth + UNPACKED_DEPTH - 1) / UNPACKED_DEPTH;
    deepest = (depth + blocks - 1) / blocks;
  }
  // A sum that goes on in the next block of k waits in C: the same additions in the same order.
  for (let k = 0; k < depth; k += deepest) {
    const deep = min(deepest, depth - k);
    const start = k ? C : bias;
    const sm = start == C ? cm : 0;
    for (let top = begin; top < tiled; top += rows) {
      const bottom = min(top + rows, tiled);
      let a = A + <usize>top * am + <usize>k * ak;
      let tile = am;
      let inner = am;
      let next = ak;
      if (packs) {
        if (am == sizeof<real>()) packTiles(a, ak, bottom - top, deep, packed);
        else packRows(a, am, bottom - top, deep, packed);
        a = packed;
        tile = <usize>deep * sizeof<real>();
        inner = sizeof<real>();
        next = 4 * sizeof<real>();
      }
      for (let n = 0; n < cols; n += PANEL) {
        const left = cols - n;
        const at = <usize>n * sizeof<real>();
        let b = B + <usize>k * bk + at;
        let bs = bk;
        if (packs) {
          const panel = (n / PANEL) % PACK_PANELS;
          if (panel == 0) packPanels(b, bk, left, deep, scratch);
          bs = 2 * VECTOR;
          b = scratch + <usize>(panel * deep) * bs;
        }
        const c = C + <usize>top * cm + at;
        const s = start ? start + <usize>top * sm + at : 0;
        const height = bottom - top;
        if (left > LANES) Tile.rows4wide(a, tile, inner, next, b, bs, c, cm, height, left, deep, s, sm);
        else {
          const done =
            left < LANES && !packs ? lastColumns(a, inner, next, b, bs, c, cm, height, left, deep, s, sm, scratch) : 0;
          const row = <usize>done;
          const first = s ? s + row * sm : 0;
          Tile.rows4(a + row * tile, tile, inner, next, b, bs, c + row * cm, cm, height - done, left, deep, first, sm);
        }
      }
    }
  }
  for (let m = tiled; m < end; ++m) {
    const row = <usize>m;
    for (let n = 0; n < cols;) {
      const left = cols - n;
      const at = <usize>n * sizeof<real>();
      const start = bias ? bias + at + (bias == C ? row * cm : 0) : 0;
      const a = A + row * am;
      const c = C + row * cm + at;
      if (left > 4 * LANES) {
        Tile.row8(a, am, ak, B + at, bk, c, cm, left, depth, start);
        n += 8 * LANES;
      } else if (left > LANES) {
        Tile.row4(a, am, ak, B + at, bk, c, cm, left, depth, start);
        n += 4 * LANES;
      } else {
        Tile.row1(a, am, ak, B + at, bk, c, cm, left, depth, start);
        n += LANES;
      }
    }
  }
}

/**
 * The last columns, fewer than a vector has lanes: so many rows that a vector holds numbers of one column each. Gives
 * back for how many of the rows; where a column of A is not contiguous, its rows are packed, transposed, into scratch.
 */
function lastColumns(
  A: usize,
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
  scratch: usize,
): i32 {
  const packs = am != sizeof<real>();
  if (packs && (!scratch || depth < COLUMNS_FROM || 2 * cols > LANES)) return 0;
  const height = 2 * PANEL;
  const below = <usize>PANEL * sizeof<real>();
  let m = 0;
  for (; m + height <= rows; m += height) {
    let a0 = A;
    let a1 = A + below;
    let next = ak;
    if (packs) {
      a0 = scratch;
      a1 = scratch + below * <usize>(depth + LANES);
      next = below;
      pack(A, am, PANEL, depth, a0, PANEL);
      pack(A + <usize>PANEL * am, am, PANEL, depth, a1, PANEL);
    }
    for (let n: usize = 0; n < <usize>cols; ++n) {
      const at = n * sizeof<real>();
      Tile.column(a0, a1, next, B + at, bk, C + at, cm, depth, start ? start + at : 0, sm);
    }
    A += <usize>height * am;
    C += <usize>height * cm;
    if (start) start += <usize>height * sm;
  }
  return m;
}

/** P (panel, depth, PANEL) = the next panels of B (depth, cols), at most PACK_PANELS. */
function packPanels(B: usize, bk: usize, cols: i32, depth: i32, P: usize): void {
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

/** P (tile, depth, 4) = rows of A, four to a tile, where a column of A is contiguous. */
function packTiles(A: usize, ak: usize, rows: i32, depth: i32, P: usize): void {
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

/** P (tile, depth, 4) = rows of A (rows, depth), four to a tile, transposed. */
function packRows(A: usize, am: usize, rows: i32, depth: i32, P: usize): void {
  const size = <usize>depth * 4 * sizeof<real>();
  for (; rows > 0; rows -= 4, A += 4 * am, P += size) pack(A, am, 4, depth, P, 4);
}

/** C = a bᵀ for rows [begin, end) of C: what product gives for depth 1, where it would be all overhead. */
export function outer(a: usize, b: usize, C: usize, begin: i32, end: i32, cols: i32): void {
  const zero = Simd.splat(0);
  const cm = <usize>cols * sizeof<real>();
  a += <usize>begin * sizeof<real>();
  C += <usize>begin * cm;
  for (let m = begin; m < end; ++m, a += sizeof<real>(), C += cm) {
    const x = v128.load_splat<real>(a);
    let at: usize = 0;
    // The sum starts at 0, as everywhere: 0 + -0 is 0.
    for (; at + VECTOR <= cm; at += VECTOR) v128.store(C + at, Simd.madd(x, v128.load(b + at), zero));
    if (at < cm) Simd.storePart(C + at, Simd.madd(x, v128.load(b + at), zero), cols % LANES);
  }
}

/**
 * C = A Wᵀ for rows [begin, end). A (rows, depth), W (cols, depth), C (rows, cols). Panels of Wᵀ, PANEL columns wide,
 * are packed into scratch (PANEL × (depth + LANES) numbers), where their rows lie one behind the other.
 */
export function productTransposed(
  A: usize,
  W: usize,
  C: usize,
  begin: i32,
  end: i32,
  cols: i32,
  depth: i32,
  scratch: usize,
): void {
  const am = <usize>depth * sizeof<real>();
  const cm = <usize>cols * sizeof<real>();
  if (cols * depth <= SMALL && end - begin == 1) {
    dots(A + <usize>begin * am, W, C + <usize>begin * cm, cols, depth);
    return;
  }
  for (let n = 0; n < cols; n += PANEL) {
    pack(W + <usize>n * am, am, cols - n, depth, scratch, PANEL);
    const c = C + <usize>n * sizeof<real>();
    product(
      A,
      am,
      sizeof<real>(),
      scratch,
      PANEL * sizeof<real>(),
      c,
      cm,
      begin,
      end,
      min(PANEL, cols - n),
      depth,
      0,
      0,
    );
  }
}

/** c = W a, one number after the other: for so few of them, packing costs more. W (cols, depth). */
function dots(a: usize, W: usize, c: usize, cols: i32, depth: i32): void {
  for (let n = 0; n < cols; ++n, c += sizeof<real>()) {
    let sum: real = 0;
    for (let k: usize = 0; k < <usize>depth; ++k, W += sizeof<real>()) {
      sum += load<real>(a + k * sizeof<real>()) * load<real>(W);
    }
    store<real>(c, sum);
  }
}

/** P (depth, width) = `width` rows of W (rows, depth), wm bytes apart, transposed; rows past the last repeat the last. */
function pack(W: usize, wm: usize, rows: i32, depth: i32, P: usize, width: i32): void {
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
        const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
        const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
        const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
        const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
        v128.store(p, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
        v128.store(p + step, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
        v128.store(p + 2 * step, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
        v128.store(p + 3 * step, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
        p += 4 * step;
      }
    } else {
      for (let k: usize = 0; k < bytes; k += 16) {
        const r0 = v128.load(w0 + k);
        const r1 = v128.load(w1 + k);
        v128.store(p, v128.shuffle<f64>(r0, r1, 0, 2));
        v128.store(p + step, v128.shuffle<f64>(r0, r1, 1, 3));
        p += 2 * step;
      }
    }
  }
}

/**
 * One tile of C = start + A B each: rows × vectors; start (rows, cols) has rows of sm bytes, and is nothing at 0. Lanes
 * past `cols` are computed from whatever lies there and dropped.
 */
class Tile {
  /** 4 rows × 2 vectors: the tile that the work is done in. Inlined, since engines unroll loops that are nested deeper. */
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
        // The tile's rows are neighbours in a column of A: one address leads to all of them.
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
      // The last columns apart, so that full tiles have no branch for each vector.
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
