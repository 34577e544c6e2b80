// Keras's two kinds of files, written here in small: where weights are looked for, what is refused, and what damage does.
import { describe, expect, test } from "vitest";
import { type KerasOptions, readKeras, readKerasWeights } from "../../src/files/keras.ts";
import { writeZip } from "../../src/files/zip.ts";
import { Network } from "../../src/index.ts";
import { failure } from "../failure.ts";
import { attack, outcome } from "./harness.ts";
import { type Node, writeHdf5 } from "./hdf5-writer.ts";

type Config = Record<string, unknown>;

const layer = (kind: string, name: string, config: Config = {}) => ({ class_name: kind, config: { name, ...config } });
const sequential = (layers: unknown[]) => ({ class_name: "Sequential", config: { name: "s", layers } });
const input = layer("InputLayer", "in", { batch_shape: [null, 2] });
const kernel = { data: [1, 2, 3, 4], shape: [2, 2] };
const pair = (a: number, b: number) => ({ data: [a, b], shape: [2] });
const vars = (...arrays: Node[]): Node => ({
  children: { vars: { children: Object.fromEntries(arrays.map((array, i) => [i, array])) } },
});

/** A .keras file of Keras 3. */
function archive(config: unknown, layers: Record<string, Node>, more: Record<string, Uint8Array> = {}): Uint8Array {
  const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const weights = writeHdf5({ children: { layers: { children: layers }, optimizer: vars(pair(1, 2)) } });
  const entries = {
    "metadata.json": text({ keras_version: "3.9.2" }),
    "config.json": text(config),
    "model.weights.h5": weights,
  };
  return writeZip(new Map(Object.entries({ ...entries, ...more })));
}

/** An .h5 file of Keras 2. */
function legacy(config: unknown, layers: Record<string, Node>, attributes: Record<string, string> = {}): Uint8Array {
  const named = { model_config: JSON.stringify(config), keras_version: "2.4.0", ...attributes };
  return writeHdf5({ attributes: named, children: { model_weights: { children: layers } } });
}

const dense = (name: string): Node => ({
  attributes: { weight_names: [`${name}/kernel:0`, `${name}/bias:0`] },
  children: { [name]: { children: { "bias:0": pair(0.5, -0.5), "kernel:0": kernel } } },
});

const simple = archive(sequential([input, layer("Dense", "output", { units: 2, activation: "relu" })]), {
  dense: vars(kernel, pair(0.5, -0.5)),
});
const old = legacy(sequential([layer("Dense", "d", { units: 2, batch_input_shape: [null, 2] })]), { d: dense("d") });
const read = (bytes: Uint8Array, options: KerasOptions = {}) => readKeras(bytes, { name: "m", ...options });

describe("reads", () => {
  test(".keras: weights stand under the names of classes, not of layers", () => {
    const layers = [
      input,
      layer("Dense", "dense_1", { units: 2, use_bias: false }),
      layer("BatchNormalization", "x", { epsilon: 0.5, momentum: 0.9, scale: false }),
      layer("Dropout", "y", { rate: 0.25 }),
      layer("Dense", "dense", { units: 2, activation: { class_name: "LeakyReLU", config: "leaky_relu" } }),
      layer("LeakyReLU", "z", { negative_slope: 0.1 }),
    ];
    const weights = {
      dense: vars(kernel),
      batch_normalization: vars(pair(1, 2), pair(3, 4), pair(5, 6)),
      dense_1: vars({ data: [5, 6, 7, 8], shape: [2, 2] }, pair(9, 10)),
    };
    const model = read(archive(sequential(layers), weights));
    expect(model).toEqual({
      options: {
        inputs: 2,
        layers: [
          { type: "dense", units: 2, bias: false },
          { type: "batchNorm", flavor: "keras", epsilon: 0.5, scale: false, momentum: 0.9 },
          { type: "dropout", rate: 0.25 },
          { type: "dense", units: 2, activation: { name: "leakyRelu", slope: 0.2 } },
          { type: "activation", activation: { name: "leakyRelu", slope: 0.1 } },
        ],
      },
      weights: [
        { weights: Float32Array.of(1, 2, 3, 4) },
        {
          weights: Float32Array.of(1, 1),
          bias: Float32Array.of(1, 2),
          mean: Float32Array.of(3, 4),
          variance: Float32Array.of(5, 6),
        },
        { weights: Float32Array.of(5, 6, 7, 8), bias: Float32Array.of(9, 10) },
      ],
      notes: [],
    });
    using network = new Network(model.options);
    network.setWeights(model.weights);
    // By hand: z = x W; batchNorm (z − μ)/√(σ² + ½) + β; then W, b and two slopes.
    const z = [1 * 0.5 + 3 * -1, 2 * 0.5 + 4 * -1].map(
      (v, j) => (v - [3, 4][j]) / Math.sqrt([5, 6][j] + 0.5) + [1, 2][j],
    );
    const expected = [5 * z[0] + 7 * z[1] + 9, 6 * z[0] + 8 * z[1] + 10].map((v) => (v < 0 ? v * 0.02 : v));
    const found = network.predict([[0.5, -1]]);
    for (const j of [0, 1]) expect(found[j]).toBeCloseTo(expected[j], 5);
  });

  test(".h5, with the loss and optimizer that it was compiled with", () => {
    const training = JSON.stringify({
      loss: "mae",
      optimizer_config: { class_name: "SGD", config: { lr: 0.25, momentum: 0.5, nesterov: true } },
    });
    const bytes = legacy(
      sequential([layer("Dense", "d", { units: 2, batch_input_shape: [null, 2] })]),
      { d: dense("d") },
      { training_config: training },
    );
    expect(read(bytes)).toEqual({
      options: {
        inputs: 2,
        layers: [{ type: "dense", units: 2 }],
        loss: "meanAbsoluteError",
        optimizer: { name: "sgd", learningRate: 0.25, momentum: 0.5, nesterov: true, flavor: "keras" },
      },
      weights: [{ weights: Float32Array.of(1, 2, 3, 4), bias: Float32Array.of(0.5, -0.5) }],
      notes: ["the optimizer's state is left out: training begins with fresh averages"],
    });
    new Network(read(bytes).options).dispose();
  });

  test("functional models that are a chain, in the forms of both versions", () => {
    const second = [[["in", 0, 0, {}]]];
    const third = [
      {
        args: [{ class_name: "__keras_tensor__", config: { shape: [null, 2], keras_history: ["in", 0, 0] } }],
        kwargs: {},
      },
    ];
    for (const nodes of [second, third]) {
      const config = {
        class_name: "Functional",
        config: {
          layers: [
            { ...layer("Dense", "d", { units: 2 }), name: "d", inbound_nodes: nodes },
            { ...input, name: "in", inbound_nodes: [] },
          ],
          input_layers: [["in", 0, 0]],
          output_layers: [["d", 0, 0]],
        },
      };
      expect(read(legacy(config, { d: dense("d") })).options).toEqual({
        inputs: 2,
        layers: [{ type: "dense", units: 2 }],
      });
    }
  });

  test("weights of layers that are not ours", () => {
    const bytes = archive(sequential([input, layer("LSTM", "l", { units: 1 })]), {
      lstm: { children: { cell: vars(kernel) } },
    });
    expect(readKerasWeights(bytes)).toEqual([
      { layer: "l", path: "/layers/lstm/cell/vars/0", tensor: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] } },
    ]);
    expect(failure(() => read(bytes))).toMatchObject({
      code: "ERR_UNSUPPORTED",
      message: 'm: layer "l" (LSTM) cannot be imported: propago has no such layer (readModelWeights reads its weights)',
    });
  });
});

describe("refuses", () => {
  const functional = (nodes: Record<string, unknown>, outputs = [["b", 0, 0]]) => ({
    class_name: "Functional",
    config: {
      layers: ["in", "a", "b"].map((name) => ({
        ...(name === "in" ? input : layer("Dense", name, { units: 2 })),
        name,
        inbound_nodes: nodes[name] ?? [],
      })),
      input_layers: [["in", 0, 0]],
      output_layers: outputs,
    },
  });
  const from = (...names: string[]) => [names.map((name) => [name, 0, 0, {}])];

  test.each<[string, Uint8Array, string, RegExp]>([
    ["no bytes", new Uint8Array(0), "ERR_FORMAT", /0 bytes/],
    ["another file", new Uint8Array(100), "ERR_FORMAT", /neither/],
    [
      "an archive without a configuration",
      writeZip(new Map([["x", new Uint8Array(1)]])),
      "ERR_FORMAT",
      /no entry "config\.json"/,
    ],
    [
      "an archive with weights that are none",
      archive(sequential([input]), {}, { "model.weights.h5": new Uint8Array(60) }),
      "ERR_FORMAT",
      /model\.weights\.h5: it does not begin/,
    ],
    [
      "a configuration that is no JSON",
      archive({}, {}, { "config.json": Uint8Array.of(123) }),
      "ERR_FORMAT",
      /config\.json: the JSON/,
    ],
    [
      "a path out of the archive's folder",
      simple.map((byte, i, all) => (String.fromCharCode(...all.subarray(i, i + 3)) === "met" ? 47 : byte)),
      "ERR_PATH",
      /outside/,
    ],
    ["no topology", archive([], {}), "ERR_FORMAT", /JSON object/],
    ["a model without layers", archive(sequential([]), {}), "ERR_UNSUPPORTED", /no layer that computes/],
    [
      "a subclassed model",
      archive({ class_name: "MyModel", config: { layers: [] } }, {}),
      "ERR_UNSUPPORTED",
      /"MyModel"/,
    ],
    ["two layers of one name", archive(sequential([input, input]), {}), "ERR_FORMAT", /two layers are named "in"/],
    [
      "code",
      archive(sequential([input, layer("Lambda", "lambda_3", { function: "4wEAAAA=" })]), {}),
      "ERR_UNSUPPORTED",
      /layer "lambda_3" \(Lambda\) cannot be imported/,
    ],
    [
      "500 models inside each other",
      archive(
        Array(500)
          .fill(0)
          .reduce((inner: unknown) => sequential([inner]), sequential([])),
        {},
      ),
      "ERR_FORMAT",
      /more than 64/,
    ],
    [
      "missing weights",
      archive(sequential([input, layer("Dense", "d", { units: 2 })]), {}),
      "ERR_SHAPE",
      /0 arrays of weights, expected 2/,
    ],
    [
      "weights that are not finite",
      archive(sequential([input, layer("Dense", "d", { units: 2 })]), { dense: vars(kernel, pair(1, Infinity)) }),
      "ERR_NONFINITE",
      /value 1 is Infinity/,
    ],
    [
      "two sources",
      legacy(functional({ a: from("in"), b: from("in", "a") }), {}),
      "ERR_UNSUPPORTED",
      /"b" \(Dense\) has 2 sources/,
    ],
    [
      "two outputs",
      legacy(
        functional({ a: from("in"), b: from("a") }, [
          ["a", 0, 0],
          ["b", 0, 0],
        ]),
        {},
      ),
      "ERR_UNSUPPORTED",
      /2 outputs/,
    ],
    ["a circle", legacy(functional({ a: from("b"), b: from("a") }), {}), "ERR_FORMAT", /circle/],
    ["a source that is none", legacy(functional({ b: from("c") }), {}), "ERR_FORMAT", /"c", which is no layer/],
    [
      "flipped kernels",
      legacy(sequential([layer("Conv2D", "c")]), {}, { backend: "theano" }),
      "ERR_UNSUPPORTED",
      /theano/,
    ],
    ["weights alone", writeHdf5({}), "ERR_UNSUPPORTED", /topology/],
    [
      "a missing array",
      legacy(sequential([layer("Dense", "d", { units: 2, batch_input_shape: [null, 2] })]), {
        d: { attributes: { weight_names: ["gone"] } },
      }),
      "ERR_FORMAT",
      /"gone" of "\/model_weights\/d" is missing/,
    ],
    ["a file cut off", old.slice(0, 300), "ERR_FORMAT", /./],
  ])("%s", (_, bytes, code, message) => {
    expect(failure(() => read(bytes))).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("every file that was cut", () => {
    for (const whole of [simple, old]) {
      for (let length = 0; length < whole.length; length++)
        expect(outcome(read, whole.slice(0, length))).not.toBe("value");
    }
  });
});

describe("damaged files give a value or a PropagoError", () => {
  test.each([
    [".keras", simple],
    [".h5", old],
  ])(
    "%s",
    (_, bytes) => {
      expect(attack(read, bytes)).toBeGreaterThanOrEqual(5000);
    },
    600_000,
  );

  test("also where an archive's checksums fit: the weights alone", () => {
    const topology = JSON.stringify(sequential([layer("Dense", "d", { units: 2, batch_input_shape: [null, 2] })]));
    const bytes = writeHdf5({ children: { d: dense("d") } });
    expect(read(bytes, { topology }).weights).toHaveLength(1);
    expect(attack((changed) => read(changed, { topology }), bytes, { seed: 9 })).toBeGreaterThanOrEqual(5000);
  }, 600_000);
});
