// ONNX: what is written is read and run by onnxruntime (test/peers), with the answers of `predict`.
import { afterAll, describe, expect, test } from "vitest";
import { writeOnnx } from "../../src/files/onnx.ts";
import {
  Network,
  activation,
  alphaDropout,
  batchNorm,
  dense,
  dropout,
  gaussianNoise,
  layerNorm,
} from "../../src/index.ts";
import { ACTIVATIONS, type ActivationName } from "../../src/tables/activations.ts";
import { failure } from "../failure.ts";
import { peer } from "./peers.ts";

const ort = await peer("onnxruntime-node");

const rows = 6;
const x = Float32Array.from({ length: 5 * rows }, (_, i) => (((i * 37) % 101) / 101 - 0.5) * 6);

/** The outputs of onnxruntime by name. */
async function run(model: Uint8Array): Promise<Record<string, { data: any; dims: readonly number[] }>> {
  const session = await ort.InferenceSession.create(model);
  const results = await session.run({ input: new ort.Tensor("float32", x, [rows, 5]) });
  await session.release();
  return results;
}

function isNear(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(found[i] - expected[i]), `value ${i}: ${found[i]}, expected ${expected[i]}`).toBeLessThanOrEqual(
      1e-6 * Math.max(1, Math.abs(expected[i])),
    );
  }
}

const networks: Network[] = [];
afterAll(() => networks.forEach((network) => network.dispose()));

function make(layers: ConstructorParameters<typeof Network>[0]["layers"], more: object = {}): Network {
  const network = new Network({ inputs: 5, layers, seed: 4, ...more });
  networks.push(network);
  return network;
}

describe.skipIf(ort === undefined)("onnxruntime answers as predict does (skipped without test/peers)", () => {
  test.each(Object.keys(ACTIVATIONS) as ActivationName[])("%s", async (name) => {
    const spec = (
      name === "leakyRelu" ? { name, slope: 0.2 } : name === "elu" || name === "celu" ? { name, alpha: 0.7 } : name
    ) as ActivationName;
    for (const layers of [
      [dense(7, spec, { biasInit: "uniform" })],
      [dense(4, "linear", { bias: false }), activation(spec)],
    ]) {
      const network = make(layers);
      isNear((await run(writeOnnx(network.toJSON()))).output.data, network.predict(x));
    }
  });

  test("all layers, after training", async () => {
    const layers = [
      dense(8, "relu", { biasInit: "uniform" }),
      batchNorm(),
      dropout(0.2),
      layerNorm({ epsilon: 0.01 }),
      gaussianNoise(0.1),
      alphaDropout(0.1),
      dense(6, "tanh"),
      batchNorm({ center: false, flavor: "keras" }),
      layerNorm({ center: false }),
      dense(3, "softmax"),
    ];
    const network = make(layers, { inputScale: 0.25 });
    network.fitSync({ x, y: [0, 1, 2, 0, 1, 2] }, { epochs: 5, batchSize: 3 });
    const { output } = await run(writeOnnx(network.toJSON()));
    expect(output.dims).toEqual([rows, 3]);
    isNear(output.data, network.predict(x));
  });

  test("averages of several networks, scaling, and labels", async () => {
    const scaling = { mean: [1, 2, 3, 4, 5], deviation: [1, 2, 0.5, 4, 3] };
    const three = [1, 2, 3].map((seed) => make([dense(4, "tanh"), dense(3, "softmax")], { seed }));
    const scaled = x.map((value, i) => Math.fround(value - scaling.mean[i % 5]) / scaling.deviation[i % 5]);
    const outputs = three.map((network) => network.predict(scaled));
    const mean = outputs[0].map((value, i) => (value + outputs[1][i] + outputs[2][i]) / 3);
    const labels = ["red", "grün", "blue"];
    const model = writeOnnx(
      three.map((network) => network.toJSON()),
      { inputScaling: scaling, labels },
    );
    const { output, label } = await run(model);
    isNear(output.data, mean);
    const best = Array.from({ length: rows }, (_, i) => [...mean.subarray(3 * i, 3 * i + 3)]).map((row) =>
      row.indexOf(Math.max(...row)),
    );
    expect([...label.data]).toEqual(best.map((k) => labels[k]));

    const single = make([dense(1, "sigmoid")]);
    const two = await run(writeOnnx(single.toJSON(), { labels: [7, -9] }));
    expect([...two.label.data].map(Number)).toEqual([...single.predict(x)].map((value) => (value > 0.5 ? -9 : 7)));

    const regressor = make([dense(2)]);
    const back = await run(writeOnnx(regressor.toJSON(), { outputScaling: { mean: [10, -5], deviation: [3, 2] } }));
    isNear(
      back.output.data,
      regressor.predict(x).map((value, i) => value * [3, 2][i % 2] + [10, -5][i % 2]),
    );
  });

  test("float64 networks, rounded", async () => {
    const network = new Network({ inputs: 5, layers: [dense(4, "tanh"), dense(2)], dtype: "float64" });
    const { output } = await run(writeOnnx(network.toJSON()));
    isNear(output.data, network.predict(Float64Array.from(x)));
    network.dispose();
  });
});

test("the same network gives the same bytes", () => {
  const json = make([dense(4, "tanh"), dense(2)]).toJSON();
  expect(writeOnnx(json)).toEqual(writeOnnx(JSON.parse(JSON.stringify(json))));
});

test("refuses what cannot be one graph", () => {
  const json = make([dense(2)]).toJSON();
  expect(failure(() => writeOnnx([json, make([dense(3)]).toJSON()]))).toMatchObject({
    code: "ERR_SHAPE",
    message: expect.stringContaining("3 outputs"),
  });
  expect(failure(() => writeOnnx([]))).toMatchObject({ code: "ERR_DATA" });
  expect(failure(() => writeOnnx(json, { labels: ["a"] }))).toMatchObject({ code: "ERR_SHAPE" });
  expect(failure(() => writeOnnx(json, { labels: [0.5, 1] }))).toMatchObject({ code: "ERR_DATA" });
  expect(failure(() => writeOnnx(json, { inputScaling: { mean: [1], deviation: [1] } }))).toMatchObject({
    code: "ERR_SHAPE",
  });
  expect(failure(() => writeOnnx({ format: "other" }))).toMatchObject({ code: "ERR_FORMAT" });
});
