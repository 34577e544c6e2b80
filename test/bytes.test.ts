// Samples that are bytes stay bytes in memory and are widened a batch at a time; inputs may be scaled. Neither changes
// what is computed.
import { describe, expect, test } from "vitest";
import { engineOf } from "../src/core/engine.ts";
import { Network, type NetworkOptions, type Shuffle, dense } from "../src/index.ts";
import { failure } from "./failure.ts";

const rows = 13;
const scale = 1 / 255;

describe.each(["float32", "float64"] as const)("%s", (dtype) => {
  const round = (value: number): number => (dtype === "float32" ? Math.fround(value) : value);

  test.each([1, 2, 3, 5, 7, 8, 33])(
    "%i bytes a sample train, predict and evaluate as the numbers they stand for",
    (inputs) => {
      const bytes = Uint8Array.from({ length: rows * inputs }, (_, i) => (i * 97 + 13) % 256);
      const numbers = Float64Array.from(bytes, (byte) => round(byte * round(scale)));
      const y = Int32Array.from({ length: rows }, (_, r) => r % 3);
      const options: NetworkOptions<"float32" | "float64"> = {
        inputs,
        layers: [dense(5, "tanh"), dense(3, "softmax")],
        dtype,
      };
      const whole = new Network({ ...options, inputScale: scale });
      const apart = new Network(options);
      const shuffles: Shuffle[] = [false, true, "withReplacement"];
      for (const batchSize of [1, 4, "full"] as const) {
        for (const shuffle of shuffles) {
          const fit = { epochs: 2, batchSize, shuffle, validation: 0.2 };
          const own = whole.fitSync({ x: bytes, y }, fit);
          const other = apart.fitSync({ x: numbers, y }, fit);
          expect(own.epochs.at(-1)?.validation).toEqual(other.epochs.at(-1)?.validation);
        }
      }
      whole.trainOnBatch({ x: new Uint8ClampedArray(bytes), y });
      apart.trainOnBatch({ x: numbers, y });
      expect(whole.fingerprint()).toBe(apart.fingerprint());
      expect(whole.predict(bytes)).toEqual(apart.predict(numbers));
      expect(whole.evaluate({ x: bytes, y })).toEqual(apart.evaluate({ x: numbers, y }));
      expect(whole.gradients({ x: bytes, y })).toEqual(apart.gradients({ x: numbers, y }));
      expect(whole.trace(bytes.subarray(0, inputs), 1)).toEqual(apart.trace(numbers.subarray(0, inputs), 1));
      expect(whole.checkGradients({ x: bytes, y })).toBeLessThan(dtype === "float32" ? 1e-4 : 1e-6);
      // Other arrays are scaled likewise.
      expect(whole.predict(Float32Array.from(bytes))).toEqual(whole.predict(bytes));
      const kept = Network.fromJSON<typeof dtype>(JSON.parse(JSON.stringify(whole)) as never);
      expect(kept.predict(bytes)).toEqual(whole.predict(bytes));
      for (const network of [whole, apart, kept]) network.dispose();
    },
  );
});

test("bytes take a quarter of the memory", () => {
  const engine = engineOf("float32");
  const network = new Network({ inputs: 100, layers: [dense(1)] });
  const peak = (x: Uint8Array | Float32Array): number => {
    let most = 0;
    network.fitSync({ x, y: new Float32Array(x.length / 100) }, { epochs: 1, onEpoch: () => (most = engine.used) });
    return most;
  };
  const values = 100 * 5000;
  expect(peak(new Float32Array(values)) - peak(new Uint8Array(values))).toBeGreaterThan(2.9 * values);
  network.dispose();
});

test("a first layer with lsuv sees scaled bytes", () => {
  const x = Uint8Array.from({ length: 640 }, (_, i) => (i * 31) % 256);
  const make = (inputScale: number): Network =>
    new Network({ inputs: 10, layers: [dense(6, "tanh", { init: "lsuv" }), dense(1)], inputScale });
  const scaled = make(scale);
  scaled.initialize(x);
  const plain = make(1);
  plain.initialize(Float32Array.from(x, (byte) => Math.fround(byte * Math.fround(scale))));
  expect(scaled.fingerprint()).toBe(plain.fingerprint());
});

test.each([0, NaN, Infinity, "1"])("inputScale %s is refused", (inputScale) => {
  const error = failure(() => new Network({ inputs: 2, layers: [dense(1)], inputScale: inputScale as number }));
  expect(error).toMatchObject({ code: "ERR_CONFIG", message: expect.stringContaining("inputScale") as string });
});
