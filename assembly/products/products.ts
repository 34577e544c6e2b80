// Products of matrices. A kernel computes one tile of the result in registers, summing in order of k from the bias
// on, so each element has the same bits whatever the tile, the batch or the share of rows.
import { PACK_DEPTH, PACK_DEPTH_FROM, PACK_FROM, PACK_PANELS, PACK_ROWS, PACK_ROWS_FROM } from "../plan";
import { LANES, Simd } from "../numbers/simd";
import { pack, packPanels, packRows, packTiles } from "./pack";
import { PANEL, Tile, VECTOR } from "./tiles";

/** With at most so many weights, a single row is multiplied by W in place: packing would cost more than it saves. */
const SMALL: i32 = 64;

/** The least depth at which it pays to transpose rows for the last columns. */
const COLUMNS_FROM: i32 = 32;

/** Rows of C that are computed together when nothing is packed: all of B is read once for them. */
const UNPACKED_ROWS: i32 = 64;
/** The most depth of such rows of A that stays in the first cache if A is read by columns: each k takes 4 or 5 lines. */
const UNPACKED_DEPTH: i32 = 96;

/**
 * C = bias + A B for rows [begin, end) of C. A (rows, depth) has its element (m, k) at A + m·am + k·ak, so that A may
 * be read transposed: am or ak is the size of a number. B (depth, cols) and C (rows, cols) have rows of bk and cm bytes.
 * Without a bias (0), sums start at 0. If bias is C, they go on from what stands there. If there is scratch, blocks of long
 * rows are packed into it, and rows for the last columns; docs/performance.md says when. The loops stand in one function
 * because engines unroll the tile's loop more often the deeper it is nested.
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
  // Between two blocks of k, sums wait in C. The additions and their order stay the same.
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
  singleRows(A, am, ak, B, bk, C, cm, tiled, end, cols, depth, bias);
}

/** Rows [begin, end) of C one by one: a single sample, or what is left when four do not divide the rows. */
@inline
function singleRows(
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
): void {
  for (let m = begin; m < end; ++m) {
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
 * The last columns, if they are fewer than a vector has lanes. Here a vector holds numbers of one column, from several
 * rows. If a column of A is not contiguous, its rows are transposed into scratch. Gives back how many rows are done; the
 * caller computes the others.
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

/** C = a bᵀ for rows [begin, end) of C. The same as product for depth 1, without what that needs for more. */
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

/** c = W a, one number after the other. W (cols, depth). */
function dots(a: usize, W: usize, c: usize, cols: i32, depth: i32): void {
  for (let n = 0; n < cols; ++n, c += sizeof<real>()) {
    let sum: real = 0;
    for (let k: usize = 0; k < <usize>depth; ++k, W += sizeof<real>()) {
      sum += load<real>(a + k * sizeof<real>()) * load<real>(W);
    }
    store<real>(c, sum);
  }
}
