// The core's own exp, log and tanh: how far they are from the true values, over samples of all float32 (or, with
// ULP_STRIDE=1, all of them) and of float64, and what they do at the edges.
import { describe, expect, test } from "vitest";
import { engineOf } from "../src/core/engine.ts";
import { activation, Network, type ActivationName } from "../src/index.ts";
import { normal } from "./reference.ts";
import type { DType } from "../src/ground/arrays.ts";

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

describe("through activations: erfc in gelu, sin and cos in sine, e^x - 1 in elu", () => {
  /** Φ at points from the lower tail to the upper, rounded from 50 digits (mpmath). */
  const NORMAL: [number, number][] = [
    [-37.5, 4.605353009581955e-308],
    [-30.0, 4.906713927148187e-198],
    [-25.25, 5.662814628323675e-141],
    [-20.0, 2.7536241186062337e-89],
    [-13.100000381469727, 1.6462800326551335e-39],
    [-12.5, 3.732564298877713e-36],
    [-9.300000190734863, 7.022271643216477e-21],
    [-8.0, 6.220960574271784e-16],
    [-7.0, 1.279812543885835e-12],
    [-6.0, 9.86587645037698e-10],
    [-5.5, 1.8989562465887718e-8],
    [-4.75, 1.0170832425687032e-6],
    [-4.0, 3.1671241833119924e-5],
    [-3.299999952316284, 0.0004834242245222714],
    [-3.0, 0.0013498980316300946],
    [-2.5, 0.006209665325776135],
    [-2.0, 0.02275013194817921],
    [-1.7000000476837158, 0.04456545827393374],
    [-1.25, 0.10564977366685525],
    [-1.0, 0.15865525393145705],
    [-0.75, 0.2266273523768682],
    [-0.5, 0.3085375387259869],
    [-0.30000001192092896, 0.3820885732645503],
    [-0.125, 0.4502617751698871],
    [-0.0010000000474974513, 0.4996010577671402],
    [9.99999993922529e-9, 0.5000000039894228],
    [0.009999999776482582, 0.5039893562254655],
    [0.20000000298023224, 0.5792597106045011],
    [0.4000000059604645, 0.6554217438053852],
    [0.699999988079071, 0.75803634405457],
    [1.0, 0.8413447460685429],
    [1.5, 0.9331927987311419],
    [2.0, 0.9772498680518208],
    [2.75, 0.9970202367649454],
    [3.5, 0.9997673709209645],
    [5.0, 0.9999997133484281],
    [8.0, 0.9999999999999993],
    [20.0, 1.0],
  ];

  test.each(["float32", "float64"] as const)("%s: Φ to 5 ulp, its tail included", (dtype) => {
    using network = new Network({ inputs: 1, layers: [activation("gelu")], dtype });
    let worst = 0;
    for (const [z, phi] of NORMAL) {
      const expected = z * phi;
      const unit = dtype === "float32" ? ulp32(expected) : Math.max(2 ** -1074, Math.abs(expected) * 2 ** -52);
      if (Math.abs(expected) < (dtype === "float32" ? 1.2e-38 : 2.3e-308)) continue;
      worst = Math.max(worst, Math.abs(network.predict([[z]])[0] - expected) / unit);
    }
    expect(worst).toBeLessThanOrEqual(5);
    expect(worst).toBeGreaterThan(0.1);
  });

  test("float32: Φ, sin and e^x - 1 against the functions of float64, densely", () => {
    const x = Array.from({ length: 100_001 }, (_, k) => Math.fround((k - 50_000) / 4096));
    const rows: [ActivationName, (z: number) => number, (z: number) => boolean][] = [
      ["gelu", (z) => z * normal(z), () => true],
      // Near its zeros, sin has the digits that are left of π.
      ["sine", Math.sin, (z) => Math.abs(z) < 3 || Math.abs(Math.sin(z)) > 0.01],
      ["elu", (z) => (z > 0 ? z : Math.expm1(z)), () => true],
    ];
    for (const [name, reference, counts] of rows) {
      using network = new Network({ inputs: 1, layers: [activation(name)] });
      const y = network.predict(Float32Array.from(x));
      let worst = 0;
      for (const [k, z] of x.entries()) {
        const truth = reference(z);
        if (!counts(z) || Math.abs(truth) < 1.2e-38) continue;
        worst = Math.max(worst, Math.abs(y[k] - truth) / ulp32(truth));
      }
      expect(worst, name).toBeLessThanOrEqual(5);
    }
  });
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
