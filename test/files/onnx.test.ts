// ONNX: what is written is read and run by onnxruntime (test/peers), with the answers of `predict`.
import { afterAll, describe, expect, test } from "vitest";
import { type ExportedModel, exportedEstimator, exportedNetwork } from "../../src/files/exported.ts";
import { writeOnnx } from "../../src/files/onnx.ts";
import {
  Classifier,
  Network,
  Regressor,
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
async function run(model: ExportedModel, inputs = x): Promise<Record<string, { data: any; dims: readonly number[] }>> {
  const session = await ort.InferenceSession.create(writeOnnx(model).bytes);
  const results = await session.run({ input: new ort.Tensor("float32", inputs, [inputs.length / 5, 5]) });
  await session.release();
  return results;
}

function isNear(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-6): void {
  expect(found).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(found[i] - expected[i]), `value ${i}: ${found[i]}, expected ${expected[i]}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(expected[i])),
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
      isNear((await run(exportedNetwork(network.toJSON()))).output.data, network.predict(x));
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
    const { output } = await run(exportedNetwork(network.toJSON()));
    expect(output.dims).toEqual([rows, 3]);
    isNear(output.data, network.predict(x));
  });

  test("labels of a network", async () => {
    const three = make([dense(4, "tanh"), dense(3, "softmax")]);
    const labels = ["red", "grün", "blue"];
    const { label } = await run(exportedNetwork(three.toJSON(), labels));
    const outputs = Array.from({ length: rows }, (_, i) => [...three.predict(x).subarray(3 * i, 3 * i + 3)]);
    expect([...label.data]).toEqual(outputs.map((row) => labels[row.indexOf(Math.max(...row))]));

    const single = make([dense(1, "sigmoid")]);
    const two = await run(exportedNetwork(single.toJSON(), [7, -9]));
    expect([...two.label.data].map(Number)).toEqual([...single.predict(x)].map((value) => (value > 0.5 ? -9 : 7)));
  });

  const many = Array.from({ length: 60 }, (_, i) => Array.from({ length: 5 }, (_, j) => (i * (j + 3)) % 11));
  test.each([
    ["two classes", { optimize: "f1" }, (i: number) => (i % 11 > 6 ? "high" : "low")],
    ["three classes", {}, (i: number) => (i % 11) % 3],
    ["booleans", { ensemble: 1 }, (i: number) => i % 11 > 4],
  ] as const)("classifiers as they are by default: %s", async (_, options, label) => {
    const classifier = new Classifier(options);
    await classifier.fit(many, many.map((_, i) => label(i))); // prettier-ignore
    const { probabilities, label: labels } = await run(exportedEstimator(classifier));
    const own = x.map((value) => value);
    isNear(probabilities.data, classifier.predictProbabilities({ data: own, shape: [rows, 5] }));
    const found = [...labels.data].map((value) => (typeof value === "bigint" ? Number(value) : typeof value === "number" ? value === 1 : value)); // prettier-ignore
    expect(found).toEqual(classifier.predict({ data: own, shape: [rows, 5] }));
    classifier.dispose();
  });

  test.each([
    ["one target", (i: number) => [(i % 11) ** 2]],
    ["skewed, as logarithms", (i: number) => [10 ** (i % 11)]],
    ["two targets", (i: number) => [i % 11, 3 - (i % 7)]],
  ])("regressors as they are by default: %s", async (_, target) => {
    const regressor = new Regressor();
    await regressor.fit(many, many.map((_, i) => target(i))); // prettier-ignore
    const { output } = await run(exportedEstimator(regressor), Float32Array.from(many.flat()));
    const expected = regressor.predict(many);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    isNear(Array.from(output.data as Float32Array, (value) => value / largest), expected.map((value) => value / largest)); // prettier-ignore
    regressor.dispose();
  });

  test("float64 networks, rounded", async () => {
    const network = new Network({ inputs: 5, layers: [dense(4, "tanh"), dense(2)], dtype: "float64" });
    const { output } = await run(exportedNetwork(network.toJSON()));
    isNear(output.data, network.predict(Float64Array.from(x)));
    network.dispose();
  });
});

test("the same network gives the same bytes", () => {
  const json = make([dense(4, "tanh"), dense(2)]).toJSON();
  const again = JSON.parse(JSON.stringify(json)) as unknown;
  expect(writeOnnx(exportedNetwork(json))).toEqual(writeOnnx(exportedNetwork(again)));
});

test("refuses what cannot be", () => {
  const json = make([dense(2)]).toJSON();
  expect(failure(() => exportedNetwork(json, ["a"]))).toMatchObject({ code: "ERR_SHAPE" });
  expect(failure(() => writeOnnx(exportedNetwork(json, [0.5, 1])))).toMatchObject({ code: "ERR_DATA" });
  expect(failure(() => exportedNetwork({ format: "other" }))).toMatchObject({ code: "ERR_FORMAT" });
});
