// The three products at every small size and at odd larger ones, bit for bit against scalar loops that sum in the same
// order, with canaries around the result and NaN in what the result is written over.
import { describe, expect, test } from "vitest";
import { OVERREAD } from "../assembly/plan.ts";
import { engineOf } from "../src/core.ts";
import type { DType } from "../src/types.ts";

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

const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 10, 13, 16, 17];
const larger = [
  [6, 30, 64],
  [33, 64, 10],
  [5, 31, 33],
  [1, 785, 70],
] as const;
const shapes = [...sizes.flatMap((m) => sizes.flatMap((k) => sizes.map((n) => [m, k, n] as const))), ...larger];

describe.each(["float32", "float64"] as const)("%s", (dtype) => {
  const { core, bytes } = engineOf(dtype);
  const round = dtype === "float32" ? Math.fround : (x: number) => x;

  /** Σ_k a(m, k) b(k, n) from the bias on, rounded at each step. */
  function expected(
    rows: number,
    cols: number,
    depth: number,
    a: (m: number, k: number) => number,
    b: (k: number, n: number) => number,
    bias: (n: number) => number,
  ): number[] {
    const out: number[] = [];
    for (let m = 0; m < rows; m++) {
      for (let n = 0; n < cols; n++) {
        let sum = round(bias(n));
        for (let k = 0; k < depth; k++) sum = round(sum + round(round(a(m, k)) * round(b(k, n))));
        out.push(sum);
      }
    }
    return out;
  }

  test(`X W + b, Xᵀ D and D Wᵀ for ${shapes.length} shapes`, () => {
    const memory = bench(dtype);
    for (const [m, k, n] of shapes) {
      const x = numbers(m * k, 1);
      const w = numbers(k * n, 2);
      const d = numbers(m * n, 3);
      const b = numbers(n, 4);
      const [X, W, D, B] = [memory.put(x), memory.put(w), memory.put(d), memory.put(b)];

      const Z = memory.result(m * n);
      core.product(X, k * bytes, bytes, W, n * bytes, Z, n * bytes, 0, m, n, k, B);
      const z = expected(
        m,
        n,
        k,
        (r, i) => x[r * k + i],
        (i, o) => w[i * n + o],
        (o) => b[o],
      );
      expect(memory.read(Z, m * n), `X W + b, ${m}×${k}×${n}`).toEqual(z);
      expect(memory.canariesAlive(Z, m * n), `around X W, ${m}×${k}×${n}`).toBe(true);

      const G = memory.result(k * n);
      core.product(X, bytes, k * bytes, D, n * bytes, G, n * bytes, 0, k, n, m, 0);
      const g = expected(
        k,
        n,
        m,
        (i, r) => x[r * k + i],
        (r, o) => d[r * n + o],
        () => 0,
      );
      expect(memory.read(G, k * n), `Xᵀ D, ${m}×${k}×${n}`).toEqual(g);
      expect(memory.canariesAlive(G, k * n), `around Xᵀ D, ${m}×${k}×${n}`).toBe(true);

      if (m === 1) {
        const O = memory.result(k * n);
        core.outer(X, D, O, 0, k, n);
        expect(memory.read(O, k * n), `outer, ${k}×${n}`).toEqual(g);
        expect(memory.canariesAlive(O, k * n), `around outer, ${k}×${n}`).toBe(true);
      }

      const E = memory.result(m * k);
      const lanes = 16 / bytes;
      const scratch = memory.result(2 * lanes * (n + lanes));
      core.productTransposed(D, W, E, 0, m, k, n, scratch);
      const e = expected(
        m,
        k,
        n,
        (r, o) => d[r * n + o],
        (o, i) => w[i * n + o],
        () => 0,
      );
      expect(memory.read(E, m * k), `D Wᵀ, ${m}×${k}×${n}`).toEqual(e);
      expect(memory.canariesAlive(E, m * k), `around D Wᵀ, ${m}×${k}×${n}`).toBe(true);
      expect(memory.canariesAlive(scratch, 2 * lanes * (n + lanes)), `around the panel, ${m}×${k}×${n}`).toBe(true);
      memory.clear();
    }
  });

  test("any share of the rows gives the same bits, and only those rows", () => {
    const memory = bench(dtype);
    const [m, k, n] = [13, 9, 11];
    const [X, W] = [memory.put(numbers(m * k, 1)), memory.put(numbers(k * n, 2))];
    const whole = memory.result(m * n);
    core.product(X, k * bytes, bytes, W, n * bytes, whole, n * bytes, 0, m, n, k, 0);
    for (let cut = 0; cut <= m; cut++) {
      const parts = memory.result(m * n);
      core.product(X, k * bytes, bytes, W, n * bytes, parts, n * bytes, 0, cut, n, k, 0);
      const untouched = memory.read(parts, m * n).slice(cut * n);
      expect(untouched.every(Number.isNaN)).toBe(true);
      core.product(X, k * bytes, bytes, W, n * bytes, parts, n * bytes, cut, m, n, k, 0);
      expect(memory.read(parts, m * n)).toEqual(memory.read(whole, m * n));
    }
    memory.clear();
  });

  test("NaN and infinities stay in the rows and columns they belong to", () => {
    const memory = bench(dtype);
    const [m, k, n] = [6, 5, 7];
    const x = numbers(m * k, 1);
    const w = numbers(k * n, 2);
    x[2 * k + 3] = NaN;
    w[1 * n + 6] = Infinity;
    const Z = memory.result(m * n);
    core.product(memory.put(x), k * bytes, bytes, memory.put(w), n * bytes, Z, n * bytes, 0, m, n, k, 0);
    memory.read(Z, m * n).forEach((value, i) => {
      const [row, column] = [Math.floor(i / n), i % n];
      if (row === 2) expect(value).toBeNaN();
      else if (column === 6) expect(Math.abs(value)).toBe(Infinity);
      else expect(Number.isFinite(value)).toBe(true);
    });
    memory.clear();
  });
});
