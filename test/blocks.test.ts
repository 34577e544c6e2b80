// Large batches go through the layers in blocks of rows; workers, each with its own rows and weights, do not cut them so.
// Both must end with the same bits, and with the gradients of all rows.
import { describe, expect, test } from "vitest";
import { type DType, type FitOptions, Network, type NetworkOptions, dense, dropout, layerNorm } from "../src/index.ts";
import { generator, relativeDifference } from "./reference.ts";

const rows = 1037; // the last block is not full, and its last tile neither
const inputs = 203;
const hidden: NetworkOptions["layers"] = [
  dense(25, "tanh", { l2: 0.01 }),
  dropout(0.3),
  dense(7, "relu", { l1: 0.001 }),
];

function numbers(count: number, seed: number): Float32Array {
  const draw = generator(seed);
  return Float32Array.from({ length: count }, () => 2 * draw() - 1);
}

const labels = Int32Array.from({ length: rows }, (_, r) => (r * 7) % 5);
const classes: Partial<NetworkOptions<DType>> = { layers: [...hidden, dense(5, "softmax")] };
const values: Partial<NetworkOptions<DType>> = {
  layers: [...hidden, dense(10, "sigmoid")],
  loss: "sigmoidCrossEntropy",
};

describe.each(["float32", "float64"] as const)("a large batch, %s", (dtype) => {
  const x = numbers(rows * inputs, 1);
  const bytes = Uint8Array.from(x, (value) => 127 * (value + 1));
  const y = numbers(rows * 10, 2).map((value) => (value > 0 ? 1 : 0));
  const cases: Record<string, [Partial<NetworkOptions<DType>>, { x: typeof x | Uint8Array; y: typeof y | Int32Array }, FitOptions]> = {
    "rows as they lie": [values, { x, y }, { shuffle: false }],
    "rows in another order": [values, { x, y }, { shuffle: true }],
    "labels and bytes": [{ ...classes, inputScale: 1 / 255 }, { x: bytes, y: labels }, { shuffle: false }],
    "labels and weights": [classes, { x, y: labels }, { sampleWeights: numbers(rows, 3).map(Math.abs), validation: 0.1 }],
    "batches of 700": [classes, { x, y: labels }, { batchSize: 700 }],
    "accumulated, clipped, drawn again": [
      { ...values, optimizer: { name: "adam", accumulate: 2, clipNorm: 0.1 } },
      { x, y },
      { batchSize: 500, shuffle: "withReplacement" },
    ],
  }; // prettier-ignore

  test.each(Object.keys(cases))("%s", (name) => {
    const [options, data, fit] = cases[name];
    const [alone, shared] = [1, 2].map((threads) => {
      using network = new Network({ inputs, optimizer: "adam", ...options, dtype } as NetworkOptions<DType>);
      const { epochs } = network.fitSync(data, { batchSize: "full", epochs: 3, ...fit, threads });
      return `${network.fingerprint()} ${epochs.map(({ loss, accuracy }) => `${loss} ${accuracy}`).join()}`;
    });
    expect(alone).toBe(shared);
  });

  test.each([
    ["blocks", [dense(25, "tanh"), dense(10, "sigmoid")]],
    ["one piece, since statistics are of all rows", [dense(25, "tanh"), layerNorm(), dense(10, "sigmoid")]],
  ] as const)("has the mean gradient of its rows: %s", (_, layers) => {
    using network = new Network({ inputs, layers: [...layers], loss: "sigmoidCrossEntropy", dtype });
    const parts: { weight: number; gradients: number[][] }[] = [];
    const gradientsOf = (from: number, to: number): number[][] =>
      network
        .gradients({ x: x.subarray(from * inputs, to * inputs), y: y.subarray(from * 10, to * 10) })
        .flatMap((layer) => Object.values(layer).map((tensor) => Array.from(tensor as Float64Array)));
    for (let from = 0; from < rows; from += 50) {
      const to = Math.min(from + 50, rows);
      parts.push({ weight: (to - from) / rows, gradients: gradientsOf(from, to) });
    }
    const whole = gradientsOf(0, rows);
    for (const [k, tensor] of whole.entries()) {
      const mean = tensor.map((_, i) => parts.reduce((sum, part) => sum + part.weight * part.gradients[k][i], 0));
      expect(relativeDifference(tensor, mean)).toBeLessThan(dtype === "float64" ? 1e-12 : 2e-5);
    }
  });
});
