// Models of TensorFlow.js and Keras: weights and answers of files by other people, every way in which model.json can be
// wrong, layers that come along and those that do not.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { PropagoError } from "../../src/ground/errors.ts";
import type { FileModel } from "../../src/files/keras-layers.ts";
import { readKeras, readKerasWeights } from "../../src/files/keras.ts";
import { readTfjs, readTfjsWeights, tfjsPaths } from "../../src/files/tfjs.ts";
import { exportedNetwork } from "../../src/files/exported.ts";
import { writeTfjs } from "../../src/files/tfjs-write.ts";
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
import { failure } from "../failure.ts";
import { peer } from "./peers.ts";
import { attack, expectations, hasSharedFiles, outcome, sharedBytes, sharedFiles } from "./harness.ts";

const tfjs = await loadTfjs();

/** TensorFlow.js, where test/peers is installed. */
async function loadTfjs(): Promise<{ core: any; layers: any } | undefined> {
  const [core, layers, cpu] = await Promise.all(
    ["core", "layers", "backend-cpu"].map((name) => peer(`@tensorflow/tfjs-${name}`)),
  );
  if (core === undefined || layers === undefined || cpu === undefined) return undefined;
  await core.setBackend("cpu");
  return { core, layers };
}

/** Networks that have every layer, and every activation that TensorFlow.js has too. */
function networks(): Network[] {
  const names = ["linear", "sigmoid", "tanh", "relu", "relu6", "selu", "silu", "mish", "softplus", "softsign", "hardSigmoid", "elu", "gelu"] as const; // prettier-ignore
  const all = names.map(
    (name) =>
      new Network({ inputs: 5, layers: [dense(7, name, { biasInit: "uniform" }), dense(4, "softmax")], seed: 3 }),
  );
  const mixed = new Network({
    inputs: 5,
    inputScale: 0.5,
    layers: [
      dense(6, { name: "leakyRelu", slope: 0.3 }, { l2: 0.1, maxNorm: 2 }),
      batchNorm(),
      dropout(0.3),
      activation("elu"),
      layerNorm({ epsilon: 0.01 }),
      gaussianNoise(0.1),
      alphaDropout(0.1),
      dense(5, "relu", { bias: false }),
      batchNorm({ center: false, flavor: "keras" }),
      dense(3),
      activation("softmax"),
    ],
  });
  mixed.fitSync({ x: inputsFor([16, 5]), y: Array.from({ length: 16 }, (_, i) => i % 3) }, { epochs: 3 });
  return [...all, mixed];
}

/** Answers of a model in a network of ours. */
function answer({ options, weights }: FileModel, x: Float32Array): Float32Array {
  using network = new Network(options);
  network.setWeights(weights);
  return network.predict(x);
}

/** The inputs by the rule of the shared files: x[i] = ((i·37) mod 101) / 101. */
function inputsFor(shape: readonly number[]): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length: count }, (_, i) => ((i * 37) % 101) / 101);
}

function isNear(found: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(found[i] - value), `value ${i}: ${found[i]}, expected ${value}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(value)),
    );
  }
}

/** Layers that this library has: models of others are refused, their weights read all the same. */
const OURS = new Set(["InputLayer", "Dense", "Activation", "Dropout", "BatchNormalization", "LayerNormalization", "Flatten", "Reshape", "LeakyReLU", "ReLU", "Softmax"]); // prettier-ignore

describe.skipIf(!hasSharedFiles)("models that other people wrote", () => {
  let read = 0;
  const check = (expected: any, folder: string, model: () => FileModel) => {
    const strange = expected.layers?.find((layer: any) => !OURS.has(layer.class));
    if (strange !== undefined || expected.answers.length > 1) {
      const error = failure(model) as PropagoError;
      expect(error, `${folder}: ${strange?.class}`).toMatchObject({ code: "ERR_UNSUPPORTED" });
      if (expected.answers?.length === 1) expect(error.message).toContain(strange.class);
      return;
    }
    const found = model();
    isNear(answer(found, inputsFor(expected.test.shape)), expected.answers[0].values);
    read++;
  };
  const checkTensor = (found: { shape: readonly number[]; data: ArrayLike<number> } | undefined, expected: any) => {
    expect(found?.shape, expected.name ?? expected.path).toEqual(expected.shape);
    const values = Array.from(found?.data ?? []);
    isNear(values.slice(0, expected.first.length), expected.first, 1e-6);
    const sum = values.reduce((total, value) => total + value, 0);
    const size = values.reduce((total, value) => total + Math.abs(value), 1);
    expect(Math.abs(sum - expected.sum)).toBeLessThanOrEqual(1e-6 * size);
  };

  test.each(expectations("tfjs"))("tfjs $name", (expected) => {
    const folder = `tfjs/${expected.name}`;
    const files = expected.file === undefined ? ["model.json"] : [expected.file as string];
    if (expected.name === "keras3-functional") files.push("working-model.json");
    for (const file of files) {
      const json = sharedBytes(`${folder}/${file}`);
      if (expected.name === "graph-model-embedding") {
        expect(failure(() => readTfjs(json, {}))).toMatchObject({
          code: "ERR_UNSUPPORTED",
          message: expect.stringContaining("graph model"),
        });
        continue;
      }
      const weights = Object.fromEntries(tfjsPaths(json).map((path) => [path, sharedBytes(`${folder}/${path}`)]));
      const tensors = readTfjsWeights(json, weights);
      expect(tensors.size).toBe(expected.weights.length);
      for (const tensor of expected.weights) checkTensor(tensors.get(tensor.name), tensor);
      if (expected.status === "refuse") {
        expect(failure(() => readTfjs(json, weights))).toMatchObject({ code: "ERR_UNSUPPORTED" });
      } else {
        check(expected, folder, () => readTfjs(json, weights));
      }
    }
  });

  test.each([
    ...expectations("keras").map((e) => ["keras", e] as const),
    ...expectations("h5").map((e) => ["h5", e] as const),
  ])("%s $1.name", (kind, expected) => {
    const folder = `${kind}/${expected.name}`;
    const bytes = sharedBytes(`${folder}/${expected.file ?? expected.weightsFile}`);
    const topology =
      expected.name === "topology-and-weights"
        ? readFileSync(`${sharedFiles}${folder}/topology.json`, "utf8")
        : undefined;
    if (expected.status === "refuse") {
      expect(failure(() => readKeras(bytes))).toMatchObject({ code: "ERR_UNSUPPORTED" });
      return;
    }
    const weights = readKerasWeights(bytes, { topology });
    expect(weights).toHaveLength(expected.weights.length);
    for (const tensor of expected.weights) {
      const found = weights.find(({ layer, path }) => layer === tensor.layer && path === tensor.path);
      checkTensor(found?.tensor, tensor);
    }
    check(expected, folder, () => readKeras(bytes, { topology }));
  });

  test("some of them are ours throughout", () => expect(read).toBeGreaterThanOrEqual(5));
});

/** A model.json of one dense layer, with changes. */
function modelJson(change: Record<string, unknown> = {}, layer: Record<string, unknown> = {}): string {
  return JSON.stringify({
    format: "layers-model",
    modelTopology: {
      class_name: "Sequential",
      config: {
        name: "s",
        layers: [{ class_name: "Dense", config: { name: "d", units: 2, batch_input_shape: [null, 3], ...layer } }],
      },
      keras_version: "tfjs-layers 4.22.0",
    },
    weightsManifest: [
      {
        paths: ["a.bin", "b.bin"],
        weights: [
          { name: "d/kernel", shape: [3, 2], dtype: "float32" },
          { name: "d/bias", shape: [2], dtype: "float32" },
        ],
      },
    ],
    ...change,
  });
}

const kernel = Float32Array.of(1, 2, 3, 4, 5, 6, 0.5, -0.5);
const shards = { "a.bin": new Uint8Array(kernel.buffer, 0, 13), "b.bin": new Uint8Array(kernel.buffer, 13) };
const manifest = (weights: object[], paths: unknown[] = ["a.bin"]) => ({ weightsManifest: [{ paths, weights }] });

describe("TensorFlow.js layers models", () => {
  test("reads weights over the edges of files", () => {
    const model = readTfjs(modelJson(), new Map(Object.entries(shards)));
    expect(model).toEqual({
      options: { inputs: 3, layers: [{ type: "dense", units: 2 }] },
      weights: [{ weights: Float32Array.of(1, 2, 3, 4, 5, 6), bias: Float32Array.of(0.5, -0.5) }],
      notes: [],
    });
    expect([...answer(model, Float32Array.of(1, 1, 1))]).toEqual([9.5, 11.5]);
  });

  test("reads quantized weights", () => {
    const entry = (name: string, dtype: string, more: object = {}) => ({
      name,
      shape: [2],
      dtype: "float32",
      quantization: { dtype, ...more },
    });
    const json = manifest([
      entry("a", "uint8", { scale: 0.5, min: -1 }),
      entry("b", "uint16", { scale: 0.25, min: 3 }),
      entry("c", "float16"),
    ]);
    const bytes = Uint8Array.of(0, 255, 0, 0, 1, 1, 0, 60, 0, 192);
    expect([...readTfjsWeights(JSON.stringify(json), { "a.bin": bytes })]).toEqual([
      ["a", { data: Float32Array.of(-1, 126.5), shape: [2] }],
      ["b", { data: Float32Array.of(3, 67.25), shape: [2] }],
      ["c", { data: Float32Array.of(1, -2), shape: [2] }],
    ]);
  });

  test.each([
    "../../x",
    "/etc/passwd",
    "http://a.example/x",
    "a/../b",
    "..",
    "C:x",
    "file:x",
    "..\\x",
    "//host/x",
    "a\0b",
    "%2e%2e/x",
    "~/x",
    "x?y",
  ])("refuses the path %j", (path) => {
    const json = JSON.stringify({ ...JSON.parse(modelJson()), ...manifest([], [path]) });
    for (const call of [() => tfjsPaths(json), () => readTfjs(json, { [path]: new Uint8Array(0) })]) {
      expect(failure(call)).toMatchObject({
        code: "ERR_PATH",
        message: `model.json: weight path ${JSON.stringify(path)} leaves the model folder`,
      });
    }
  });

  test.each<[string, string, string, RegExp]>([
    ["no JSON", "{", "ERR_FORMAT", /at byte 1/],
    ["two equal keys", '{"format":1,"format":2}', "ERR_FORMAT", /"format" a second time at byte 20/],
    ["depth", `${"[".repeat(100)}${"]".repeat(100)}`, "ERR_FORMAT", /more than 64/],
    ["no topology", JSON.stringify(manifest([])), "ERR_UNSUPPORTED", /no modelTopology/],
    ["a graph model", modelJson({ format: "graph-model" }), "ERR_UNSUPPORTED", /graph model/],
    ["no manifest", modelJson({ weightsManifest: 5 }), "ERR_FORMAT", /weightsManifest/],
    ["a path that is no text", modelJson(manifest([], [5])), "ERR_FORMAT", /weight path is 5/],
    ["a missing file", modelJson(manifest([], ["c.bin"])), "ERR_IO", /"c\.bin" is missing/],
    [
      "too few bytes",
      modelJson(manifest([{ name: "d/kernel", shape: [9], dtype: "float32" }])),
      "ERR_FORMAT",
      /needs bytes 0\.\.36 of a\.bin, which has 13/,
    ],
    [
      "too many bytes",
      modelJson(manifest([{ name: "d/kernel", shape: [2], dtype: "float32" }])),
      "ERR_FORMAT",
      /13 bytes, its weights need 8/,
    ],
    [
      "an unknown dtype",
      modelJson(manifest([{ name: "a", shape: [1], dtype: "complex64" }])),
      "ERR_UNSUPPORTED",
      /"complex64"/,
    ],
    ["a bad shape", modelJson(manifest([{ name: "a", shape: [-1], dtype: "float32" }])), "ERR_FORMAT", /shape/],
    [
      "a huge shape",
      modelJson(manifest([{ name: "a", shape: [1e9, 1e9], dtype: "float32" }])),
      "ERR_FORMAT",
      /limits\.elements/,
    ],
    [
      "bad quantization",
      modelJson(manifest([{ name: "a", shape: [1], dtype: "float32", quantization: { dtype: "uint8" } }])),
      "ERR_FORMAT",
      /scale and min/,
    ],
    [
      "weights of another shape",
      modelJson({}, { units: 3 }),
      "ERR_SHAPE",
      /"d" \(Dense\): array "kernel" is 3×2, expected 3×3/,
    ],
    ["a missing bias", modelJson({}, { use_bias: false }), "ERR_SHAPE", /has 2 arrays of weights, expected 1/],
    [
      "an unknown activation",
      modelJson({}, { activation: "evil" }),
      "ERR_UNSUPPORTED",
      /"d" \(Dense\) has the activation "evil"/,
    ],
    [
      "no input shape of fixed size",
      modelJson({}, { batch_input_shape: [null, null] }),
      "ERR_UNSUPPORTED",
      /any length/,
    ],
    ["units that are none", modelJson({}, { units: 1.5 }), "ERR_UNSUPPORTED", /1\.5 units/],
  ])("refuses %s", (_, json, code, message) => {
    expect(failure(() => readTfjs(json, shards))).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("names layers that hold code, are not ours, or stand inside others", () => {
    const withLayer = (kind: string, config: object = {}) => {
      const json = JSON.parse(modelJson());
      json.modelTopology.config.layers.push({ class_name: kind, config: { name: "x", ...config } });
      return failure(() => readTfjs(JSON.stringify(json), shards));
    };
    expect(withLayer("Lambda")).toMatchObject({
      code: "ERR_UNSUPPORTED",
      message: 'model.json: layer "x" (Lambda) cannot be imported: it holds code',
    });
    for (const kind of ["Conv2D", "Sequential", "Functional", "__proto__", "constructor"]) {
      expect(withLayer(kind)).toMatchObject({
        code: "ERR_UNSUPPORTED",
        message: expect.stringContaining(`"x" (${kind}) cannot be imported`),
      });
    }
  });

  test("refuses weights that are not finite", () => {
    const bytes = new Uint8Array(Float32Array.of(1, 2, 3, NaN, 5, 6, 0, 0).buffer);
    expect(failure(() => readTfjs(modelJson(), { "a.bin": bytes, "b.bin": new Uint8Array(0) }))).toMatchObject({
      code: "ERR_NONFINITE",
      message: expect.stringContaining('array "kernel": value 3 is NaN'),
    });
  });

  test("says what was left out", () => {
    const regularizer = { class_name: "L1L2", config: { l1: 0.5, l2: 0.25 } };
    const model = readTfjs(
      modelJson({}, { activation: "hard_sigmoid", activity_regularizer: regularizer, kernel_regularizer: regularizer }),
      shards,
    );
    expect(model.options.layers).toEqual([{ type: "dense", units: 2, activation: "hardSigmoid", l1: 0.5, l2: 0.5 }]);
    expect(model.notes).toEqual([
      expect.stringContaining("hard_sigmoid"),
      expect.stringContaining("activity_regularizer is left out"),
    ]);
    isNear(answer(model, Float32Array.of(0.1, 0, 0)), [0.2 * 0.6 + 0.5, 0.2 * -0.3 + 0.5], 1e-6);
  });
});

describe("written for TensorFlow.js", () => {
  test("comes back as it was", () => {
    for (const network of networks()) {
      const { json, files } = writeTfjs(exportedNetwork(network.toJSON()), { shardBytes: 100 });
      expect(files.size).toBeGreaterThan(1);
      const back = readTfjs(json, files);
      isNear(answer(back, inputsFor([4, 5])), [...network.predict(inputsFor([4, 5]))], 1e-6);
      network.dispose();
    }
  });

  test("names the activation that TensorFlow.js does not have", () => {
    for (const name of ["sine", "hardTanh", "geluTanh", "elu", "celu"] as const) {
      const network = new Network({
        inputs: 2,
        layers: [dense(2, name.endsWith("elu") ? { name, alpha: 0.5 } : name)],
      });
      expect(failure(() => writeTfjs(exportedNetwork(network.toJSON())))).toMatchObject({
        code: "ERR_UNSUPPORTED",
        message: expect.stringContaining(name),
      });
    }
    expect(failure(() => writeTfjs(exportedNetwork({})))).toMatchObject({ code: "ERR_FORMAT" });
  });

  test.skipIf(tfjs === undefined)(
    "is read by TensorFlow.js, with the same answers (skipped without test/peers)",
    async () => {
      const { layers, core } = tfjs as NonNullable<typeof tfjs>;
      for (const network of networks()) {
        const { json, files } = writeTfjs(exportedNetwork(network.toJSON()));
        const { modelTopology, weightsManifest } = JSON.parse(json);
        const [weightData] = [...files.values()].map((bytes) => bytes.buffer);
        const model = await layers.loadLayersModel({
          load: async () => ({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }),
        });
        const theirs = model.predict(core.tensor2d(inputsFor([4, 5]), [4, 5])).dataSync();
        isNear(network.predict(inputsFor([4, 5])), [...theirs], 1e-5);
        network.dispose();
      }
    },
    60_000,
  );
});

describe("damaged files give a value or a PropagoError", () => {
  test("model.json and weights", () => {
    expect(attack((bytes) => readTfjs(bytes, shards), new TextEncoder().encode(modelJson()))).toBeGreaterThanOrEqual(
      5000,
    );
    for (let length = 0; length < 13; length++) {
      expect(
        outcome((bytes) => readTfjs(modelJson(), { ...shards, "a.bin": bytes }), shards["a.bin"].slice(0, length)),
      ).toBe("ERR_FORMAT");
    }
  }, 600_000);

  test.skipIf(!hasSharedFiles)(
    "HDF5",
    () => {
      const bytes = sharedBytes("h5/sparse-xent/simple_sparse_xent_mlp_keras_2_model.h5");
      expect(attack(readKeras, bytes, { cuts: 300, share: 1 / 100 })).toBeGreaterThanOrEqual(1000);
    },
    600_000,
  );

  test.skipIf(!hasSharedFiles)(
    ".keras",
    () => {
      const bytes = sharedBytes("keras/flownet-leakyrelu/flownet-leakyrelu.keras");
      expect(attack(readKeras, bytes, { cuts: 60, share: 1 / 500 })).toBeGreaterThanOrEqual(250);
    },
    600_000,
  );
});
