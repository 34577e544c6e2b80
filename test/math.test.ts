// The core's own exp, log and tanh: how far they are from the true values, over samples of all float32 (or, with
// ULP_STRIDE=1, all of them) and of float64, and what they do at the edges.
import { describe, expect, test } from "vitest";
import { engineOf } from "../src/core.ts";
import type { DType } from "../src/types.ts";

const STRIDE = Number(process.env.ULP_STRIDE ?? 4099);
const CHUNK = 1 << 16;
const FUNCTIONS = { exp: Math.exp, log: Math.log, tanh: Math.tanh };
type Name = keyof typeof FUNCTIONS;

function map(dtype: DType, name: Name, x: ArrayLike<number>): Float32Array | Float64Array {
  const engine = engineOf(dtype);
  const address = engine.allocate(x.length * engine.bytes, "a test");
  engine.numbers(address, x.length).set(x);
  const { mapExp, mapLog, mapTanh } = engine.core;
  ({ exp: mapExp, log: mapLog, tanh: mapTanh })[name](address, x.length);
  const y = engine.numbers(address, x.length).slice();
  engine.release(address);
  return y;
}

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The distance between neighbouring float32 at x; of subnormal numbers, below them. */
function ulp32(x: number): number {
  word[0] = Math.abs(x);
  return 2 ** (Math.max(1, bits[0] >>> 23) - 150);
}

describe.each(Object.keys(FUNCTIONS) as Name[])("%s", (name) => {
  const reference = FUNCTIONS[name];

  test(`float32: at most 2 ulp, every ${STRIDE}th of all numbers`, { timeout: 3_600_000 }, () => {
    let worst = 0;
    let at = 0;
    const x = new Float32Array(CHUNK);
    const pattern = new Uint32Array(x.buffer);
    for (let start = 0; start < 2 ** 32; start += CHUNK * STRIDE) {
      for (let i = 0; i < CHUNK; i++) pattern[i] = start + i * STRIDE; // wraps around after the last number
      const y = map("float32", name, x);
      for (let i = 0; i < CHUNK; i++) {
        const truth = reference(x[i]);
        if (Number.isNaN(truth)) {
          if (!Number.isNaN(y[i])) throw new Error(`${name}(${x[i]}) is ${y[i]}, expected NaN`);
          continue;
        }
        const rounded = Math.fround(truth);
        if (!Number.isFinite(rounded)) {
          if (y[i] !== rounded) throw new Error(`${name}(${x[i]}) is ${y[i]}, expected ${rounded}`);
          continue;
        }
        const error = Math.abs(y[i] - truth) / ulp32(truth);
        if (!(error <= worst)) {
          worst = error;
          at = x[i];
        }
      }
    }
    expect(worst, `worst at ${at}`).toBeLessThanOrEqual(2);
    expect(worst).toBeGreaterThan(0.1); // no float32 function is exact: 0 would mean that nothing was compared
  });

  test("float64: at most 2 ulp (and the engine's own error) between -750 and 750", () => {
    const x = Float64Array.from({ length: 200_001 }, (_, i) => {
      const spread = ((i - 100_000) / 100_000) ** 3; // denser near 0
      return name === "log" ? Math.abs(spread) * 1e6 + 1e-300 : spread * (name === "exp" ? 744 : 30);
    });
    const y = map("float64", name, x);
    let worst = 0;
    for (const [i, value] of x.entries()) {
      const truth = reference(value);
      if (!Number.isFinite(truth)) {
        expect(y[i]).toBe(truth);
        continue;
      }
      const unit = Math.max(Number.MIN_VALUE, Math.abs(truth) * 2 ** -52);
      worst = Math.max(worst, Math.abs(y[i] - truth) / unit);
    }
    expect(worst).toBeLessThanOrEqual(3);
  });
});

test.each(["float32", "float64"] as const)("edges, %s", (dtype) => {
  const expected: [Name, number, number][] = [
    ["exp", 0, 1],
    ["exp", -0, 1],
    ["exp", Infinity, Infinity],
    ["exp", -Infinity, 0],
    ["exp", NaN, NaN],
    ["exp", 1e30, Infinity],
    ["exp", -1e30, 0],
    ["log", 1, 0],
    ["log", 0, -Infinity],
    ["log", -0, -Infinity],
    ["log", -1, NaN],
    ["log", -Infinity, NaN],
    ["log", Infinity, Infinity],
    ["log", NaN, NaN],
    ["tanh", 0, 0],
    ["tanh", -0, -0],
    ["tanh", Infinity, 1],
    ["tanh", -Infinity, -1],
    ["tanh", 100, 1],
    ["tanh", NaN, NaN],
  ];
  for (const [name, x, y] of expected) expect(map(dtype, name, [x])[0], `${name}(${x})`).toBe(y);
});

test("a tail of any length is computed, and nothing behind it is touched", () => {
  const engine = engineOf("float32");
  for (let n = 1; n <= 9; n++) {
    const address = engine.allocate(64, "a test");
    engine.numbers(address, 16).fill(0.5);
    engine.core.mapTanh(address, n);
    const y = Array.from(engine.numbers(address, 16));
    expect(y.slice(0, n).every((value) => Math.abs(value - Math.tanh(0.5)) < 1e-6)).toBe(true);
    expect(y.slice(n).every((value) => value === 0.5)).toBe(true);
    engine.release(address);
  }
});
