// The three products at every small size and at odd larger ones, bit for bit against scalar loops that sum in the same
// order, with canaries around the result and NaN in what the result is written over.
import { describe, expect, test } from "vitest";
import { OVERREAD } from "../assembly/plan.ts";
import { engineOf } from "../src/core/engine.ts";

import { scratchNumbers } from "../src/memory/batch.ts";
import type { DType } from "../src/ground/arrays.ts";

const CANARY = 12345;

/** Numbers in ±1 that look random but are the same in every run. */
function numbers(n: number, salt: number): number[] {
  return Array.from({ length: n }, (_, i) => (((i + 1) * 2654435761 + salt * 40503) % 4294967296) / 2147483648 - 1);
}

interface Bench {
  put(values: readonly number[]): number;
  /** Room for a result, full of NaN, between canaries. */
  result(n: number): number;
  read(address: number, n: number): number[];
  canariesAlive(address: number, n: number): boolean;
  clear(): void;
}

function bench(dtype: DType): Bench {
  const engine = engineOf(dtype);
  const blocks: number[] = [];
  const guard = 16 / engine.bytes;
  const take = (n: number): number => {
    const address = engine.allocate(n * engine.bytes + OVERREAD, "a test");
    blocks.push(address);
    return address;
  };
  return {
    put(values) {
      const address = take(values.length);
      engine.numbers(address, values.length).set(values);
      return address;
    },
    result(n) {
      const address = take(n + 2 * guard);
      engine.numbers(address, n + 2 * guard).fill(CANARY);
      engine.numbers(address + 16, n).fill(NaN);
      return address + 16;
    },
    read: (address, n) => Array.from(engine.numbers(address, n)),
    canariesAlive(address, n) {
      const all = Array.from(engine.numbers(address - 16, n + 2 * guard));
      return [...all.slice(0, guard), ...all.slice(n + guard)].every((value) => value === CANARY);
    },
    clear: () => blocks.splice(0).forEach((address) => engine.release(address)),
  };
}

/** From 1 to twice the widest tile and one more. */
const sizes = Array.from({ length: 17 }, (_, i) => i + 1);
const larger = [
  [6, 30, 64],
  [33, 64, 10],
  [5, 31, 33],
  [1, 785, 70],
  // Deeper than a block, with rows too short to be packed.
  [520, 26, 10],
  [21, 600, 9],
  // Last columns that vectors of rows take, in one block of the depth and in two.
  [35, 32, 9],
  [18, 33, 10],
  [33, 290, 25],
  // Long rows: just packed, then past the ends of blocks in each direction.
  [48, 32, 256],
  [51, 33, 257],
  [50, 261, 300],
  [261, 50, 263],
  [67, 530, 271],
] as const;
const small = sizes.flatMap((m) => sizes.flatMap((k) => sizes.map((n) => [m, k, n] as const)));
/** Single rows, and one after a full tile, up to twice the width of the kernels for them and one more. */
const wide = Array.from({ length: 65 }, (_, i) => i + 1).flatMap((n) =>
  [1, 5].flatMap((m) => [1, 2, 7, 16].map((k) => [m, k, n] as const)),
);
const shapes = [...small, ...wide, ...larger];

describe.each(["float32", "float64"] as const)("%s", (dtype) => {
  const { core, bytes } = engineOf(dtype);
  const round = dtype === "float32" ? Math.fround : (x: number) => x;

  /** Σ_k a[m·am + k·ak] b[k·bk + n·bn] from the bias on, rounded at each step. */
  function expected(
    rows: number,
    cols: number,
    depth: number,
    a: readonly number[],
    [am, ak]: readonly [number, number],
    b: readonly number[],
    [bk, bn]: readonly [number, number],
    bias?: readonly number[],
  ): number[] {
    const out: number[] = [];
    const [x, y] = [a.map(round), b.map(round)];
    for (let m = 0; m < rows; m++) {
      for (let n = 0; n < cols; n++) {
        let sum = round(bias?.[n] ?? 0);
        for (let k = 0; k < depth; k++) sum = round(sum + round(x[m * am + k * ak] * y[k * bk + n * bn]));
        out.push(sum);
      }
    }
    return out;
  }

  /** As toEqual, which takes its time over long arrays. */
  function expectSame(actual: readonly number[], wanted: readonly number[], what: string): void {
    if (wanted.some((value, i) => !Object.is(value, actual[i]))) expect(actual, what).toEqual(wanted);
  }

  /** Where a product of this width may pack, between canaries, with their check. */
  function scratchOf(memory: Bench, depth: number, width: number): { address: number; isWithin: () => boolean } {
    const n = scratchNumbers(depth, width, bytes);
    const address = memory.result(n);
    return { address, isWithin: () => memory.canariesAlive(address, n) };
  }

  test(`X W + b, Xᵀ D and D Wᵀ for ${shapes.length} shapes`, () => {
    const memory = bench(dtype);
    for (const [m, k, n] of shapes) {
      const shape = `${m}×${k}×${n}`;
      const x = numbers(m * k, 1);
      const w = numbers(k * n, 2);
      const d = numbers(m * n, 3);
      const b = numbers(n, 4);
      const [X, W, D, B] = [memory.put(x), memory.put(w), memory.put(d), memory.put(b)];
      const scratch = scratchOf(memory, k, n);

      const Z = memory.result(m * n);
      core.product(X, k * bytes, bytes, W, n * bytes, Z, n * bytes, 0, m, n, k, B, scratch.address);
      expectSame(memory.read(Z, m * n), expected(m, n, k, x, [k, 1], w, [n, 1], b), `X W + b, ${shape}`);
      expect(memory.canariesAlive(Z, m * n), `around X W, ${shape}`).toBe(true);

      const G = memory.result(k * n);
      core.product(X, bytes, k * bytes, D, n * bytes, G, n * bytes, 0, k, n, m, 0, scratch.address);
      const g = expected(k, n, m, x, [1, k], d, [n, 1]);
      expectSame(memory.read(G, k * n), g, `Xᵀ D, ${shape}`);
      expect(memory.canariesAlive(G, k * n), `around Xᵀ D, ${shape}`).toBe(true);

      const cut = m >> 1;
      if (cut > 0) {
        // In two parts, the second going on from what the first left.
        const H = memory.result(k * n);
        core.product(X, bytes, k * bytes, D, n * bytes, H, n * bytes, 0, k, n, cut, 0, scratch.address);
        const [rest, errors] = [X + cut * k * bytes, D + cut * n * bytes];
        core.product(rest, bytes, k * bytes, errors, n * bytes, H, n * bytes, 0, k, n, m - cut, H, scratch.address);
        expectSame(memory.read(H, k * n), g, `Xᵀ D in parts, ${shape}`);
        expect(memory.canariesAlive(H, k * n), `around Xᵀ D in parts, ${shape}`).toBe(true);
      }

      if (m === 1) {
        const O = memory.result(k * n);
        core.outer(X, D, O, 0, k, n);
        expectSame(memory.read(O, k * n), g, `outer, ${shape}`);
        expect(memory.canariesAlive(O, k * n), `around outer, ${shape}`).toBe(true);
      }

      const E = memory.result(m * k);
      core.productTransposed(D, W, E, 0, m, k, n, scratch.address);
      expectSame(memory.read(E, m * k), expected(m, k, n, d, [n, 1], w, [1, n]), `D Wᵀ, ${shape}`);
      expect(memory.canariesAlive(E, m * k), `around D Wᵀ, ${shape}`).toBe(true);
      expect(scratch.isWithin(), `around the scratch, ${shape}`).toBe(true);
      memory.clear();
    }
  });

  const strided = [...small.filter((_, i) => i % 23 === 0), ...larger];

  test(`rows with gaps, at addresses between vectors, for ${strided.length} shapes`, () => {
    const memory = bench(dtype);
    for (const [m, k, n] of strided) {
      const [xs, ws, zs] = [k + 3, n + 5, n + 2];
      const x = numbers(m * xs + 1, 1);
      const w = numbers(k * ws + 1, 2);
      const b = numbers(n + 1, 4);
      const Z = memory.result(m * zs + 1);
      core.product(
        memory.put(x) + bytes,
        xs * bytes,
        bytes,
        memory.put(w) + bytes,
        ws * bytes,
        Z + bytes,
        zs * bytes,
        0,
        m,
        n,
        k,
        memory.put(b) + bytes,
        scratchOf(memory, k, n + 5).address,
      );
      const z = expected(m, n, k, x.slice(1), [xs, 1], w.slice(1), [ws, 1], b.slice(1));
      const padded = Array.from({ length: m * zs + 1 }, (_, i) => {
        const [row, column] = [Math.floor((i - 1) / zs), (i - 1) % zs];
        return i > 0 && column < n ? z[row * n + column] : NaN;
      });
      expectSame(memory.read(Z, m * zs + 1), padded, `${m}×${k}×${n}`);
      expect(memory.canariesAlive(Z, m * zs + 1), `around ${m}×${k}×${n}`).toBe(true);
      memory.clear();
    }
  });

  test.each([
    [13, 9, 11, 1],
    [131, 40, 256, 13],
  ])("any share of the rows gives the same bits, and only those rows (%i×%i×%i)", (m, k, n, by) => {
    const memory = bench(dtype);
    const [X, W] = [memory.put(numbers(m * k, 1)), memory.put(numbers(k * n, 2))];
    const scratch = scratchOf(memory, k, n).address;
    const whole = memory.result(m * n);
    core.product(X, k * bytes, bytes, W, n * bytes, whole, n * bytes, 0, m, n, k, 0, scratch);
    for (let cut = 0; cut <= m; cut += by) {
      const parts = memory.result(m * n);
      core.product(X, k * bytes, bytes, W, n * bytes, parts, n * bytes, 0, cut, n, k, 0, scratch);
      const untouched = memory.read(parts, m * n).slice(cut * n);
      expect(untouched.every(Number.isNaN)).toBe(true);
      core.product(X, k * bytes, bytes, W, n * bytes, parts, n * bytes, cut, m, n, k, 0, scratch);
      expectSame(memory.read(parts, m * n), memory.read(whole, m * n), `cut at ${cut}`);
    }
    memory.clear();
  });

  test.each([
    [6, 5, 7],
    [53, 40, 261],
    [9, 300, 7],
  ])("NaN and infinities stay in the rows and columns they belong to (%i×%i×%i)", (m, k, n) => {
    const memory = bench(dtype);
    const x = numbers(m * k, 1);
    const w = numbers(k * n, 2);
    x[2 * k + 3] = NaN;
    w[1 * n + 6] = Infinity;
    const [X, W, Z] = [memory.put(x), memory.put(w), memory.result(m * n)];
    const scratch = scratchOf(memory, k, n).address;
    core.product(X, k * bytes, bytes, W, n * bytes, Z, n * bytes, 0, m, n, k, 0, scratch);
    memory.read(Z, m * n).forEach((value, i) => {
      const [row, column] = [Math.floor(i / n), i % n];
      if (row === 2) expect(value).toBeNaN();
      else if (column === 6) expect(Math.abs(value)).toBe(Infinity);
      else expect(Number.isFinite(value)).toBe(true);
    });
    memory.clear();
  });
});
