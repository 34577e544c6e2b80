// The generator against a twin written from its description, and what is drawn from it against the distributions.
import { describe, expect, test } from "vitest";
import { STREAM_INIT, STREAM_SHUFFLE } from "../assembly/plan.ts";
import { engineOf } from "../src/core/engine.ts";

/** xoshiro128++ as its authors state it. */
function xoshiro(state: number[]): () => number {
  const s = Uint32Array.from(state);
  const rotate = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0;
  return () => {
    const result = (rotate((s[0] + s[3]) >>> 0, 7) + s[0]) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11);
    return result;
  };
}

/** The core's seeding. */
function seeded(seed: number, stream: number, counter: number): number[] {
  const mix = (h: number): number => {
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    return (h ^ (h >>> 16)) >>> 0;
  };
  let h = mix((seed ^ 0x9e3779b9) >>> 0);
  h = mix((h + Math.imul(stream, 0x85ebca6b)) >>> 0);
  h = mix((h + Math.imul(counter, 0xc2b2ae35)) >>> 0);
  return Array.from({ length: 4 }, (_, i) => {
    h = mix((h + 0x9e3779b9) >>> 0);
    return i === 3 ? (h | 1) >>> 0 : h;
  });
}

const engine = engineOf("float64");

function draw(kind: "uniform" | "normal", n: number, a: number, b: number, seed = 0, counter = 0): Float64Array {
  const state = engine.allocate(16, "a test");
  const address = engine.allocate(n * 8, "a test");
  engine.core[kind](state, seed, STREAM_INIT, counter, address, n, a, b, Infinity);
  const values = engine.doubles(address, n).slice();
  engine.release(address);
  engine.release(state);
  return values;
}

function permutation(n: number, seed: number, counter: number): number[] {
  const state = engine.allocate(16, "a test");
  const address = engine.allocate(n * 4, "a test");
  engine.words(address, n).forEach((_, i, words) => (words[i] = i));
  engine.core.permute(state, seed, STREAM_SHUFFLE, counter, address, n);
  const words = Array.from(engine.words(address, n));
  engine.release(address);
  engine.release(state);
  return words;
}

test("the twin gives the published first numbers of xoshiro128++ for the state 1, 2, 3, 4", () => {
  const next = xoshiro([1, 2, 3, 4]);
  const first = [641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295];
  expect(first.map(() => next())).toEqual(first);
});

test.each([0, 1, 42, 2 ** 32 - 1])("uniform numbers are the twin's, seed %d", (seed) => {
  for (const counter of [0, 7]) {
    const next = xoshiro(seeded(seed, STREAM_INIT, counter));
    const expected = Array.from({ length: 50 }, () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) * 2 ** -53);
    expect(Array.from(draw("uniform", 50, 0, 1, seed, counter))).toEqual(expected);
  }
});

describe("distributions, 200,000 numbers", () => {
  const n = 200_000;
  const mean = (x: Float64Array): number => x.reduce((sum, value) => sum + value, 0) / n;

  test("uniform in [2, 5): mean and variance within 4 sigma, nothing outside", () => {
    const x = draw("uniform", n, 2, 5, 3);
    expect(x.every((value) => value >= 2 && value < 5)).toBe(true);
    const m = mean(x);
    expect(Math.abs(m - 3.5)).toBeLessThan(4 * Math.sqrt(0.75 / n));
    const variance = mean(x.map((value) => (value - m) ** 2));
    expect(Math.abs(variance - 0.75)).toBeLessThan(4 * Math.sqrt(((9 / 80) * 9) / n));
  });

  test("normal: mean, variance, skew and kurtosis within 4 sigma", () => {
    const x = draw("normal", n, 1, 2, 3).map((value) => (value - 1) / 2);
    expect(Math.abs(mean(x))).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(mean(x.map((v) => v ** 2)) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(mean(x.map((v) => v ** 3)))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(mean(x.map((v) => v ** 4)) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
  });

  test("an odd count leaves what lies behind alone", () => {
    expect(Array.from(draw("normal", 5, 0, 1)).slice(0, 5)).toEqual(Array.from(draw("normal", 6, 0, 1)).slice(0, 5));
  });
});

test("shuffles are permutations, the same for the same epoch, others for another", () => {
  const n = 1000;
  const first = permutation(n, 5, 0);
  expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  expect(permutation(n, 5, 0)).toEqual(first);
  expect(permutation(n, 5, 1)).not.toEqual(first);
  expect(permutation(n, 6, 0)).not.toEqual(first);
});

test("each of the 120 orders of five is equally likely (χ² at 1 in 10,000)", () => {
  const counts = new Map<string, number>();
  const draws = 60_000;
  for (let counter = 0; counter < draws; counter++) {
    const key = permutation(5, 1, counter).join("");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(counts.size).toBe(120);
  const each = draws / 120;
  const chi = [...counts.values()].reduce((sum, count) => sum + (count - each) ** 2 / each, 0);
  expect(chi).toBeLessThan(184); // 119 degrees of freedom
});
