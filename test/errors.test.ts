// What users must see when something is wrong. Each row is one test. It checks the code, the words that say what is wrong
// and where, and that the network has not changed.
import { describe, expect, test } from "vitest";
import { failure } from "./failure.ts";
import { Classifier, dense, Network, PropagoError, Regressor, type DType, type NetworkOptions } from "../src/index.ts";

interface Row {
  name: string;
  code: string;
  /** What the message must say. */
  says: (string | RegExp)[];
  /** The call that must fail. */
  when: (network: Network<DType>) => unknown;
}

/** A small regression network: 4 inputs, 2 outputs. */
const regression: NetworkOptions = { inputs: 4, layers: [dense(3, "tanh"), dense(2)], loss: "meanSquaredError" };
/** A small classifier: 4 inputs, 3 classes. */
const classification: NetworkOptions = { inputs: 4, layers: [dense(5, "tanh"), dense(3, "softmax")] };

const x = Array.from({ length: 40 }, (_, r) => [r / 40, (r % 7) / 7, (r % 5) / 5, 1 - r / 40]);
const y = x.map(([a, b]) => [a * b, a - b]);
const labels = x.map((_, r) => r % 3);
const data = { x, y };

/** For calls that the types forbid and JavaScript does not. */
const untyped = (value: unknown): any => value;

/** `x` with one cell replaced. */
function withCell(row: number, column: number, value: unknown) {
  return untyped(x.map((values, r) => (r === row ? values.with(column, untyped(value)) : values)));
}

async function expectError({ code, says, when }: Row, network: Network<DType>): Promise<void> {
  let error: unknown;
  try {
    await when(network);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(PropagoError);
  const { code: actual, message } = error as PropagoError;
  expect(`${actual}: ${message}`).toContain(`${code}: `);
  for (const words of says) expect(message).toMatch(words);
}

function eachRow(options: NetworkOptions, rows: Row[]): void {
  test.each(rows.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    using network = new Network(options);
    const before = network.fingerprint();
    await expectError(row, network);
    expect(network.fingerprint()).toBe(before);
    // The failed call leaves nothing behind: the next call works.
    await network.fit({ x, y: options === classification ? labels : y }, { epochs: 1 });
    expect(network.fingerprint()).not.toBe(before);
  });
}

/** A value in a test's name: JSON knows neither NaN nor bigints. */
function shown(value: unknown): string {
  return typeof value === "number" || typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

/** Rows for one option that takes none of these values; the message shows the value. */
function refused(name: string, values: unknown[], says: (string | RegExp)[], when: (value: unknown) => unknown): Row[] {
  return values.map((value) => ({
    name: `${name} ${shown(value)}`,
    code: "ERR_CONFIG",
    says,
    when: () => when(value),
  }));
}

const make = (options: object) => new Network(untyped({ ...regression, ...options }));
const makeLayer = (layer: object) => make({ layers: [dense(3), { type: "dense", units: 2, ...layer }] });

describe("construction", () => {
  eachRow(regression, [
    { name: "no layers", code: "ERR_CONFIG", says: [/at least one layer/], when: () => make({ layers: [] }) },
    { name: "layers is no array", code: "ERR_CONFIG", says: [/layers/], when: () => make({ layers: dense(3) }) },
    ...refused("units", [0, -3, 1.5, NaN, "8", 2 ** 53, null], [/layers\[1\].*units/, /integer/], (units) =>
      makeLayer({ units }),
    ),
    { name: "units missing", code: "ERR_CONFIG", says: [/units/], when: () => makeLayer({ units: undefined }) },
    {
      name: "inputs missing",
      code: "ERR_CONFIG",
      says: [/inputs is missing/],
      when: () => make({ inputs: undefined }),
    },
    ...refused("inputs", [0, -1, 2.5, "4"], [/inputs/, /integer/], (inputs) => make({ inputs })),
    ...refused("layer type", ["dens", undefined, 3], [/type/, /dense/], (type) => makeLayer({ type })),
    {
      name: "an unknown activation",
      code: "ERR_CONFIG",
      says: [/"relv"/, /did you mean "relu"\?/],
      when: () => makeLayer({ activation: "relv" }),
    },
    {
      name: "an activation with an unknown parameter",
      code: "ERR_CONFIG",
      says: [/"slop"/, /did you mean "slope"\?/],
      when: () => makeLayer({ activation: { name: "leakyRelu", slop: 0.1 } }),
    },
    ...refused("leakyRelu slope", [NaN, Infinity, "0.1"], [/slope/], (slope) =>
      makeLayer({ activation: { name: "leakyRelu", slope } }),
    ),
    ...refused("elu alpha", [-1, NaN, "1"], [/alpha/, />= 0/], (alpha) =>
      makeLayer({ activation: { name: "elu", alpha } }),
    ),
    ...refused("celu alpha", [0, -1, Infinity], [/alpha/, /> 0/], (alpha) =>
      makeLayer({ activation: { name: "celu", alpha } }),
    ),
    {
      name: "a parameter of an activation that has none",
      code: "ERR_CONFIG",
      says: [/gelu/, /"alpha"/],
      when: () => makeLayer({ activation: { name: "gelu", alpha: 1 } }),
    },
    ...refused("huber delta", [0, -1, NaN, "1"], [/loss\.delta/, /> 0/], (delta) =>
      make({ loss: { name: "huber", delta } }),
    ),
    ...refused("quantile q", [0, 1, -0.5, "0.5"], [/loss\.q/, /\(0, 1\)/], (q) =>
      make({ loss: { name: "quantile", q } }),
    ),
    ...refused("labelSmoothing", [-0.1, 1, NaN], [/loss\.labelSmoothing/, /\[0, 1\)/], (labelSmoothing) =>
      make({ layers: [dense(3, "softmax")], loss: { name: "categoricalCrossEntropy", labelSmoothing } }),
    ),
    {
      name: "a loss with an unknown parameter",
      code: "ERR_CONFIG",
      says: [/"dleta"/, /did you mean "delta"\?/],
      when: () => make({ loss: { name: "huber", dleta: 1 } }),
    },
    {
      name: "a loss that is no name",
      code: "ERR_CONFIG",
      says: [/loss/, /3/],
      when: () => make({ loss: 3 }),
    },
    {
      name: "an unknown loss",
      code: "ERR_CONFIG",
      says: [/"meanSquareError"/, /did you mean "meanSquaredError"\?/],
      when: () => make({ loss: "meanSquareError" }),
    },
    {
      name: "an unknown optimizer",
      code: "ERR_CONFIG",
      says: [/"adan"/, /did you mean "adam"\?/],
      when: () => make({ optimizer: "adan" }),
    },
    {
      name: "an unknown initialiser",
      code: "ERR_CONFIG",
      says: [/"heNormall"/, /did you mean "heNormal"\?/],
      when: () => makeLayer({ init: "heNormall" }),
    },
    {
      name: "an unknown option of an optimizer",
      code: "ERR_CONFIG",
      says: [/"learningrate"/, /did you mean "learningRate"\?/],
      when: () => make({ optimizer: { name: "sgd", learningrate: 0.1 } }),
    },
    {
      name: "an unknown option of a network",
      code: "ERR_CONFIG",
      says: [/"optimiser"/, /did you mean "optimizer"\?/],
      when: () => make({ optimiser: "adam" }),
    },
    {
      name: "an unknown option of a layer",
      code: "ERR_CONFIG",
      says: [/layers\[1\]/, /"activations"/, /did you mean "activation"\?/],
      when: () => makeLayer({ activations: "relu" }),
    },
    ...refused(
      "learningRate",
      [0, -0.1, NaN, Infinity, "0.1"],
      [/learningRate/, /finite number|> 0|positive/],
      (rate) => make({ optimizer: { name: "adam", learningRate: rate } }),
    ),
    ...refused("momentum", [1, -0.1, NaN], [/momentum/], (momentum) =>
      make({ optimizer: { name: "sgd", learningRate: 0.1, momentum } }),
    ),
    ...refused("beta1", [1, -0.1], [/beta1/], (beta1) => make({ optimizer: { name: "adam", beta1 } })),
    ...refused("beta2", [1, 2], [/beta2/], (beta2) => make({ optimizer: { name: "adam", beta2 } })),
    ...refused("epsilon", [0, -1, 1e-50], [/epsilon/], (epsilon) => make({ optimizer: { name: "adam", epsilon } })),
    ...refused("nesterov", ["yes"], [/nesterov/], (nesterov) =>
      make({ optimizer: { name: "sgd", momentum: 0.9, nesterov } }),
    ),
    ...refused("seed", [-1, 1.5, 2 ** 53, 3n, "seven"], [/seed/], (seed) => make({ seed })),
    ...refused("dtype", ["float16", 32], [/dtype/, /float32/, /float64/], (dtype) => make({ dtype })),
    ...refused("l1", [-1, NaN, "0.1"], [/l1/], (l1) => make({ l1 })),
    ...refused("l2", [-1, Infinity], [/l2/], (l2) => makeLayer({ l2 })),
    ...refused("trainable", ["biases", 1], [/trainable/], (trainable) => makeLayer({ trainable })),
    ...refused("bias", ["no", 0], [/bias/], (bias) => makeLayer({ bias })),
    {
      name: "softmax with binaryCrossEntropy",
      code: "ERR_CONFIG",
      says: [/binaryCrossEntropy/, /softmax/, /sigmoid/],
      when: () => make({ layers: [dense(3, "softmax")], loss: "binaryCrossEntropy" }),
    },
    {
      name: "linear with categoricalCrossEntropy",
      code: "ERR_CONFIG",
      says: [/categoricalCrossEntropy/, /softmax/, /linear/],
      when: () => make({ layers: [dense(3)], loss: "categoricalCrossEntropy" }),
    },
    {
      name: "two layers of one name",
      code: "ERR_CONFIG",
      says: [/"hidden"/],
      when: () => make({ layers: [dense(3, "relu", { name: "hidden" }), dense(2, "relu", { name: "hidden" })] }),
    },
    {
      name: "options that are no object",
      code: "ERR_CONFIG",
      says: [/options|inputs/],
      when: () => new Network(untyped(undefined)),
    },
    {
      name: "an option called __proto__",
      code: "ERR_CONFIG",
      says: [/"__proto__"/],
      when: () =>
        new Network(
          JSON.parse(`{ "inputs": 4, "layers": [{"type":"dense","units":2}], "__proto__": { "polluted": 1 } }`),
        ),
    },
    {
      name: "a layer's option called constructor",
      code: "ERR_CONFIG",
      says: [/"constructor"/],
      when: () => makeLayer({ constructor: 1 }),
    },
    {
      name: "activation named like a property of every object",
      code: "ERR_CONFIG",
      says: [/"toString"/],
      when: () => makeLayer({ activation: "toString" }),
    },
    {
      name: "more weights than memory",
      code: "ERR_MEMORY",
      says: [/GiB/, /limit/],
      when: () => new Network({ inputs: 1e6, layers: [dense(1e6)] }),
    },
  ]);

  test("no key of a description reaches the prototypes", () => {
    expect(untyped({}).polluted).toBeUndefined();
  });

  test("a network too large is refused before anything is allocated", () => {
    const start = performance.now();
    expect(() => new Network({ inputs: 1e7, layers: [dense(1e7)] })).toThrow(
      expect.objectContaining({ code: "ERR_MEMORY" }),
    );
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test("use after dispose()", async () => {
    const network = new Network(regression);
    const weights = network.getWeights();
    network.dispose();
    const calls: Record<string, () => unknown> = {
      predict: () => network.predict(x),
      fit: () => network.fit(data),
      fitSync: () => network.fitSync(data),
      trainOnBatch: () => network.trainOnBatch(data),
      evaluate: () => network.evaluate(data),
      getWeights: () => network.getWeights(),
      setWeights: () => network.setWeights(weights),
      gradients: () => network.gradients(data),
      fingerprint: () => network.fingerprint(),
      toJSON: () => network.toJSON(),
    };
    for (const [name, call] of Object.entries(calls)) {
      await expect((async () => await call())(), name).rejects.toMatchObject({ code: "ERR_DISPOSED" });
    }
  });

  test("a prediction before any training", () => {
    using classifier = new Classifier({ hidden: [3] });
    expect(() => classifier.predict(x)).toThrow(
      expect.objectContaining({ code: "ERR_NOT_FITTED", message: expect.stringMatching(/fit/) }),
    );
  });
});

describe("weights", () => {
  const zeros = (length: number) => Array.from({ length }, () => 0);
  const first = { weights: zeros(12), bias: zeros(3) };
  const second = { weights: zeros(6), bias: zeros(2) };
  const set = (weights: unknown) => (network: Network<DType>) => network.setWeights(untyped(weights));

  eachRow(regression, [
    { name: "too few layers", code: "ERR_SHAPE", says: [/\b1\b/, /\b2\b/], when: set([first]) },
    {
      name: "too few numbers",
      code: "ERR_SHAPE",
      says: [/dense_2/, /\b5\b/, /\b6\b|3.2/],
      when: set([first, { ...second, weights: zeros(5) }]),
    },
    {
      name: "transposed rows",
      code: "ERR_SHAPE",
      says: [/dense_1/],
      when: set([{ ...first, weights: [zeros(4), zeros(4), zeros(4)] }, second]),
    },
    { name: "no bias", code: "ERR_SHAPE", says: [/dense_2/, /bias/], when: set([first, { weights: zeros(6) }]) },
    {
      name: "a bias too long",
      code: "ERR_SHAPE",
      says: [/dense_2/, /bias/],
      when: set([first, { ...second, bias: zeros(3) }]),
    },
    {
      name: "NaN in a later layer",
      code: "ERR_NONFINITE",
      says: [/dense_2/, /NaN/],
      when: set([
        { ...first, weights: first.weights.map(() => 1) },
        { ...second, weights: zeros(6).with(3, NaN) },
      ]),
    },
    { name: "no array", code: "ERR_SHAPE", says: [/one entry for each/, /an object/], when: set({ weights: first }) },
    {
      name: "a row that is null",
      code: "ERR_SHAPE",
      says: [/dense_1/, /row 1/],
      when: set([{ ...first, weights: [zeros(3), null, zeros(3), zeros(3)] }, second]),
    },
    {
      name: "first weights beyond float32",
      code: "ERR_CONFIG",
      says: [/"dense_1"/, /overflow/],
      when: () => make({ layers: [dense(2, "relu", { init: { name: "constant", value: 1e39 } })] }),
    },
    {
      name: "trace of null",
      code: "ERR_SHAPE",
      says: [/x\[row 0\] is null/],
      when: (network) => network.trace(untyped(null), [1, 2]),
    },
    {
      name: "trace without y",
      code: "ERR_DATA",
      says: [/y/],
      when: (network) => network.trace([1, 2, 3, 4], untyped(undefined)),
    },
  ]);
});

describe("x and y", () => {
  const predict = (value: unknown) => (network: Network<DType>) => network.predict(untyped(value));
  const fit = (xs: unknown, ys: unknown, options: object = {}) => {
    return (network: Network<DType>) => network.fit(untyped({ x: xs, y: ys }), { epochs: 1, ...options });
  };
  const detached = () => {
    const array = new Float32Array(160);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    return array;
  };

  eachRow(regression, [
    { name: "x has no rows", code: "ERR_DATA", says: [/\bx\b/, /0 rows/], when: fit([], []) },
    { name: "x has no rows, as a typed array", code: "ERR_DATA", says: [/0 rows/], when: predict(new Float32Array(0)) },
    { name: "x has no columns", code: "ERR_DATA", says: [/\bx\b/, /0 columns/], when: predict([[]]) },
    { name: "x is a plain list", code: "ERR_SHAPE", says: [/\bx\b/, /rows|shape/], when: predict([1, 2, 3, 4]) },
    {
      name: "ragged rows",
      code: "ERR_SHAPE",
      says: [/row 7/, /\b3\b/, /\b4\b/],
      when: predict(x.map((row, r) => (r === 7 ? row.slice(1) : row))),
    },
    {
      name: "data that do not fill their shape",
      code: "ERR_SHAPE",
      says: [/\b11\b/, /3×4|3x4/, /\b12\b/],
      when: predict({ data: new Float32Array(11), shape: [3, 4] }),
    },
    {
      name: "a shape of three dimensions",
      code: "ERR_SHAPE",
      says: [/shape/],
      when: predict({ data: new Float32Array(12), shape: [1, 3, 4] }),
    },
    {
      name: "a shape with a negative row count",
      code: "ERR_SHAPE",
      says: [/shape/],
      when: predict({ data: new Float32Array(12), shape: [-3, -4] }),
    },
    {
      name: "columns that are not the network's inputs",
      code: "ERR_SHAPE",
      says: [/\b5\b/, /\b4\b/],
      when: predict(x.map((row) => [...row, 1])),
    },
    {
      name: "a typed array that is no whole number of rows",
      code: "ERR_SHAPE",
      says: [/\b13\b/, /\b4\b/],
      when: predict(new Float32Array(13)),
    },
    { name: "as many targets as samples", code: "ERR_SHAPE", says: [/\b40\b/, /\b39\b/], when: fit(x, y.slice(1)) },
    {
      name: "targets of another width",
      code: "ERR_SHAPE",
      says: [/\by\b/, /\b3\b/, /\b2\b/],
      when: fit(
        x,
        y.map((row) => [...row, 1]),
      ),
    },
    {
      name: "NaN in x",
      code: "ERR_NONFINITE",
      says: [/row 17/, /column 3/, /NaN/],
      when: fit(withCell(17, 3, NaN), y),
    },
    {
      name: "Infinity in x",
      code: "ERR_NONFINITE",
      says: [/row 17/, /column 3/, /Infinity/],
      when: predict(withCell(17, 3, -Infinity)),
    },
    {
      name: "NaN in a typed array",
      code: "ERR_NONFINITE",
      says: [/row 2/, /column 1/, /NaN/],
      when: predict(new Float32Array(12).with(9, NaN)),
    },
    {
      name: "a number too large for float32",
      code: "ERR_RANGE",
      says: [/row 3, column 1/, /1e\+?39/, /float32/],
      when: fit(withCell(3, 1, 1e39), y),
    },
    {
      name: "NaN in y",
      code: "ERR_NONFINITE",
      says: [/\by\b/, /row 4/, /NaN/],
      when: fit(
        x,
        y.map((row, r) => (r === 4 ? [NaN, 0] : row)),
      ),
    },
    {
      name: "a text in x",
      code: "ERR_DATA",
      says: [/x\[row 2, column 0\]/, /"red"/],
      when: fit(withCell(2, 0, "red"), y),
    },
    ...[undefined, null, true, new Date(0), 1n, { re: 1, im: 2 }, [1]].map((cell) => ({
      name: `a cell that is ${cell === null ? "null" : Array.isArray(cell) ? "an array" : typeof cell}`,
      code: "ERR_DATA",
      says: [/x\[row 0, column 2\]/],
      when: fit(withCell(0, 2, cell), y),
    })),
    {
      name: "a row that is missing",
      code: "ERR_SHAPE",
      says: [/x\[row 1\]/, /row of 4 numbers/],
      when: predict([[1, 2, 3, 4], undefined]),
    },
    {
      name: "a hole in a row",
      code: "ERR_DATA",
      says: [/x\[row 1, column 2\]/],
      // eslint-disable-next-line no-sparse-arrays -- a hole is what it is about
      when: predict([[1, 2, 3, 4], [1, 2, , 4]]), // prettier-ignore
    },
    { name: "x missing", code: "ERR_DATA", says: [/\bx\b/], when: fit(undefined, y) },
    { name: "y missing", code: "ERR_DATA", says: [/\by\b/], when: fit(x, undefined) },
    {
      name: "data missing",
      code: "ERR_DATA",
      says: [/\bx\b/, /\by\b/],
      when: (network) => network.fit(untyped(undefined)),
    },
    { name: "x is a text", code: "ERR_DATA", says: [/\bx\b/], when: predict("1,2,3,4") },
    { name: "x is null", code: "ERR_DATA", says: [/\bx\b/], when: predict(null) },
    {
      name: "an array's buffer was transferred",
      code: "ERR_DATA",
      says: [/detached|transferred/],
      when: (network) => network.predict(detached()),
    },
    {
      name: "BigInt64Array",
      code: "ERR_DATA",
      says: [/BigInt64Array/],
      when: predict(new BigInt64Array(4)),
    },
    { name: "DataView", code: "ERR_DATA", says: [/DataView/], when: predict(new DataView(new ArrayBuffer(16))) },
    {
      name: "validation data of another width",
      code: "ERR_SHAPE",
      says: [/validation/, /\b3\b/, /\b4\b/],
      when: fit(x, y, { validation: { x: x.map((row) => row.slice(1)), y } }),
    },
    {
      name: "NaN in validation data",
      code: "ERR_NONFINITE",
      says: [/validation/, /row 5/, /NaN/],
      when: fit(x, y, { validation: { x: withCell(5, 0, NaN), y } }),
    },
  ]);

  eachRow(classification, [
    {
      name: "a label that is no whole number",
      code: "ERR_DATA",
      says: [/row 3|y\[3\]/, /0\.5/, /label/],
      when: fit(x, labels.with(3, 0.5)),
    },
    {
      name: "a label beyond the classes",
      code: "ERR_DATA",
      says: [/row 9|y\[9\]/, /\b7\b/, /0\.\.2|0 to 2/],
      when: fit(x, labels.with(9, 7)),
    },
    { name: "a negative label", code: "ERR_DATA", says: [/row 9|y\[9\]/, /-1/], when: fit(x, labels.with(9, -1)) },
    { name: "a text as label", code: "ERR_DATA", says: [/"cat"/], when: fit(x, untyped(labels).with(9, "cat")) },
    {
      name: "a label beyond the classes in a typed array",
      code: "ERR_DATA",
      says: [/\b3\b/],
      when: fit(x, Int32Array.from(labels).with(0, 3)),
    },
    {
      name: "probabilities that do not sum to one",
      code: "ERR_DATA",
      says: [/row 4/, /1\.7/],
      when: fit(
        x,
        labels.map((label, r) => (r === 4 ? [0.9, 0.8, 0] : [0, 1, 2].map((k) => (k === label ? 1 : 0)))),
      ),
    },
  ]);

  test("three classes for one sigmoid output", async () => {
    using network = new Network({ inputs: 4, layers: [dense(1, "sigmoid")] });
    const before = network.fingerprint();
    const row = { name: "", code: "ERR_DATA", says: [/\b1\b|one/, /\b2\b/], when: fit(x, labels) };
    await expectError(row, network);
    expect(network.fingerprint()).toBe(before);
  });

  test.each([
    ["hinge", 0, /-1 or 1/],
    ["squaredHinge", 0.5, /-1 or 1/],
    ["poisson", -1, /0 or more/],
    ["meanSquaredLogarithmicError", -0.5, /0 or more/],
  ] as const)("a target that %s has no meaning for", async (loss, bad, expected) => {
    using network = new Network({ inputs: 4, layers: [dense(2, "sigmoid")], loss });
    const before = network.fingerprint();
    const targets = y.map((_, r) => [1, r === 6 ? bad : 1]);
    await expectError(
      { name: "", code: "ERR_DATA", says: [/row 6/, expected, new RegExp(loss)], when: fit(x, targets) },
      network,
    );
    expect(network.fingerprint()).toBe(before);
  });

  test("labels for a loss of -1 and 1", async () => {
    using network = new Network({ inputs: 4, layers: [dense(3, "tanh")], loss: "hinge" });
    await expectError(
      { name: "", code: "ERR_DATA", says: [/labels/, /"hinge"/, /-1 or 1/], when: fit(x, labels) },
      network,
    );
  });

  test("a target beyond 0..1 for a cross-entropy", async () => {
    using network = new Network({ inputs: 4, layers: [dense(2, "sigmoid")], loss: "sigmoidCrossEntropy" });
    const before = network.fingerprint();
    const targets = y.map((_, r) => [0, r === 6 ? 1.5 : 1]);
    await expectError(
      { name: "", code: "ERR_DATA", says: [/row 6/, /1\.5/, /0\.\.1/], when: fit(x, targets) },
      network,
    );
    expect(network.fingerprint()).toBe(before);
  });

  test("a sparse list of a thousand million rows is refused at once", () => {
    using network = new Network(regression);
    const start = performance.now();
    for (const value of [new Array(1e9), { data: new Array(4e9), shape: [1e9, 4] }]) {
      expect(() => network.predict(untyped(value))).toThrow(PropagoError);
    }
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test("what looks odd and is right works", () => {
    using network = new Network({ ...regression, layers: [dense(4)] });
    network.fitSync({ x, y: x }, { epochs: 1 }); // x is y
    network.fitSync({ x: [x[0]], y: [x[0]] }, { epochs: 1 }); // one row
    network.fitSync({ x, y: x }, { epochs: 1, batchSize: 1000 }); // a batch larger than the data
    using wide = new Network({ inputs: 1, layers: [dense(1)], dtype: "float64" });
    expect(Number.isFinite(wide.predict([[1e39]])[0])).toBe(true); // float64 has room
    const odd = [[0.1, 1 / 3, 1e-40, -0]];
    expect(network.predict(Float64Array.from(odd[0]))).toEqual(network.predict(Float32Array.from(odd[0])));
  });
});

/** Weights of 0 for all rows but one that the network trains on when it holds 0.7 of them back. */
function onlyOne(network: Network<DType>): number[] {
  using copy = Network.fromJSON(JSON.parse(JSON.stringify(network)));
  for (let row = 0; ; row++) {
    const weights = x.map((_, r) => Number(r === row));
    try {
      copy.fitSync(data, { epochs: 0, validation: 0.7, sampleWeights: weights });
    } catch (error) {
      if ((error as Error).message.includes("held back")) return weights;
    }
  }
}

describe("fit's options", () => {
  const ones = x.map(() => 1);
  const weights = (code: string, values: unknown[], says: (string | RegExp)[]): Row[] =>
    values.map((value) => ({
      name: `sampleWeights ${shown(value).slice(0, 30)}`,
      code,
      says,
      when: (network) => network.fit(data, { sampleWeights: untyped(value) }),
    }));
  const option = (name: string, values: unknown[], says: (string | RegExp)[]): Row[] =>
    values.map((value) => ({
      name: `${name} ${shown(value)}`,
      code: "ERR_CONFIG",
      says,
      when: (network) => network.fit(data, untyped({ [name]: value })),
    }));

  eachRow(regression, [
    ...option("batchSize", [0, -1, 1.5, NaN, "32"], [/batchSize/, /integer/]),
    ...option("epochs", [-1, 1.5, NaN, "10"], [/epochs/, /integer/]),
    ...option("validation", [1, -0.1, NaN, "0.2"], [/validation/]),
    ...option("shuffle", ["yes", 1], [/shuffle/]),
    ...option("metrics", [["acuracy"]], [/"acuracy"/, /did you mean "accuracy"\?/]),
    ...option("classWeights", ["balance", 2, null], [/classWeights/, /"balanced"/]),
    ...option("classWeights", [[1], [1, 2, 3]], [/classWeights/, /2 classes/]),
    ...option("classWeights", [{ 2: 1 }, { a: 1 }], [/unknown class "(2|a)"/, /0, 1/]),
    ...option("classWeights", [{ 1: -1 }, [NaN, 1], [1, "2"]], [/classWeights\.[01]/, />= 0/]),
    ...option("classWeights", ["balanced"], [/classWeights/, /one class a row/, /y\[row 0\]/, /sampleWeights/]),
    ...weights("ERR_SHAPE", [[], [1, 2], new Float32Array(41)], [/sampleWeights has (0|2|41) values/, /40 rows/]),
    ...weights("ERR_DATA", ["all", 1, null, {}], [/sampleWeights is/, /array/]),
    ...weights(
      "ERR_DATA",
      [ones.with(3, -1), untyped(ones).with(3, "1")],
      [/sampleWeights\[row 3\] is (-1|"1")/, />= 0/],
    ),
    ...weights(
      "ERR_NONFINITE",
      [ones.with(7, NaN), ones.with(7, Infinity)],
      [/sampleWeights\[row 7\] is (NaN|Infinity)/],
    ),
    ...weights("ERR_DATA", [ones.map(() => 0)], [/weights/, /all 0/]),
    ...weights("ERR_DATA", [ones.map(() => 1e308)], [/weights/, /too large/]),
    {
      name: "sample weights given twice",
      code: "ERR_CONFIG",
      says: [/sampleWeights/, /once/],
      when: (network) => network.fit({ ...data, sampleWeights: ones }, { sampleWeights: ones }),
    },
    {
      name: "sample weights of validation data of another length",
      code: "ERR_SHAPE",
      says: [/validation\.sampleWeights has 1 values/],
      when: (network) => network.fit(data, { validation: { ...data, sampleWeights: [1] } }),
    },
    {
      name: "held-back rows that all weigh nothing",
      code: "ERR_DATA",
      says: [/validation/, /weight 0/],
      when: (network) => network.fit(data, { validation: 0.7, sampleWeights: onlyOne(network) }),
    },
    ...option("timeLimit", [-1, NaN], [/timeLimit/]),
    ...option("targetLoss", [NaN, "low"], [/targetLoss/]),
    ...option("earlyStopping", [{ patience: -1 }, { patience: 1.5 }], [/patience/]),
    ...option("earlyStopping", [{ patient: 3 }], [/"patient"/, /did you mean "patience"\?/]),
    ...option("onEpoch", ["log"], [/onEpoch/, /function/]),
    ...option("onBatch", [1], [/onBatch/, /function/]),
    ...option("signal", ["stop"], [/signal/]),
    ...option("batchsize", [32], [/"batchsize"/, /did you mean "batchSize"\?/]),
    {
      name: "a validation part that leaves no row",
      code: "ERR_CONFIG",
      says: [/validation/, /0\.999/, /\b40\b/],
      when: (network) => network.fit(data, { validation: 0.999 }),
    },
    {
      name: "early stopping that watches an unknown figure",
      code: "ERR_CONFIG",
      says: [/"validation\.los"/, /validation\.loss/],
      when: (network) =>
        network.fit(data, { validation: 0.2, earlyStopping: { monitor: "validation.los" as "validation.loss" } }),
    },
    {
      name: "early stopping that watches validation where there is none",
      code: "ERR_CONFIG",
      says: [/validation\.loss/, /validation/],
      when: (network) => network.fit(data, { earlyStopping: { monitor: "validation.loss" } }),
    },
  ]);

  test("fitSync refuses the same", () => {
    using network = new Network(regression);
    expect(() => network.fitSync(data, { batchSize: 0 })).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
    expect(() => network.fitSync({ x: [], y: [] })).toThrow(expect.objectContaining({ code: "ERR_DATA" }));
  });
});

describe("saved networks", () => {
  using network = new Network(regression);
  const saved = JSON.parse(JSON.stringify(network)) as object;
  const read = (changes: object) => () => Network.fromJSON({ ...saved, ...changes });
  const [first, second] = network
    .getWeights()
    .map(({ weights, bias }) => ({ weights: [...weights], bias: [...bias!] }));

  eachRow(regression, [
    { name: "no network at all", code: "ERR_FORMAT", says: [/format/], when: () => Network.fromJSON({}) },
    { name: "a text that is no JSON", code: "ERR_FORMAT", says: [/JSON/], when: () => Network.fromJSON("{") },
    { name: "null", code: "ERR_FORMAT", says: [/null/], when: () => Network.fromJSON(null) },
    { name: "a newer format", code: "ERR_FORMAT", says: [/\b99\b/, /update/], when: read({ version: 99 }) },
    { name: "no weights", code: "ERR_FORMAT", says: [/weights/], when: read({ weights: undefined }) },
    {
      name: "a layer's weights missing",
      code: "ERR_SHAPE",
      says: [/2 layers with weights/],
      when: read({ weights: [first] }),
    },
    {
      name: "a weight that is no number",
      code: "ERR_FORMAT",
      says: [/weights/],
      when: read({ weights: [first, { ...second, weights: second.weights.map(() => null) }] }),
    },
    {
      name: "too few weights",
      code: "ERR_SHAPE",
      says: [/dense_2/],
      when: read({ weights: [first, { ...second, weights: [1] }] }),
    },
    { name: "version 0", code: "ERR_FORMAT", says: [/format 0/], when: read({ version: 0 }) },
    {
      name: "a short text that asks for much memory",
      code: "ERR_SHAPE",
      says: [/1 layer with weights/],
      when: read({ inputs: 30_000, layers: [{ type: "dense", units: 30_000 }], weights: [] }),
    },
    { name: "an unknown layer", code: "ERR_FORMAT", says: [/"lambda"/], when: read({ layers: [{ type: "lambda" }] }) },
    { name: "an unknown key", code: "ERR_FORMAT", says: [/"code"/], when: read({ code: "alert(1)" }) },
  ]);
});

describe("while training", () => {
  test.each(["fit", "fitSync"] as const)(
    "a learning rate that diverges: %s brings finite weights back",
    async (method) => {
      using network = new Network({
        inputs: 4,
        layers: [dense(8, "relu", { name: "wide" }), dense(2)],
        loss: "meanSquaredError",
        optimizer: { name: "sgd", learningRate: 1e10 },
      });
      await expectError(
        {
          name: "",
          code: "ERR_DIVERGED",
          says: [/epoch \d+/, /batch \d+/, /learningRate/],
          when: () => network[method](data, { epochs: 100, batchSize: 4 }),
        },
        network,
      );
      for (const { weights, bias } of network.getWeights()) {
        expect(weights.every(Number.isFinite)).toBe(true);
        expect(bias!.every(Number.isFinite)).toBe(true);
      }
      expect(Number.isFinite(network.predict(x)[0])).toBe(true);
    },
  );

  test("every learning rate ends in finite weights or in ERR_DIVERGED", () => {
    for (const optimizer of ["sgd", "adam"] as const) {
      for (let exponent = -3; exponent <= 38; exponent += 1) {
        using network = new Network({
          ...regression,
          optimizer: { name: optimizer, learningRate: Number(`1e${exponent}`) },
        });
        try {
          network.fitSync(data, { epochs: 20, batchSize: 8 });
        } catch (error) {
          expect(error).toMatchObject({ code: "ERR_DIVERGED" });
        }
        for (const { weights } of network.getWeights()) {
          expect(weights.every(Number.isFinite), `${optimizer} 1e${exponent}`).toBe(true);
        }
      }
    }
  });

  test("a second fit of the same network", async () => {
    using network = new Network(regression);
    const training = network.fit(data, { epochs: 50 });
    const attempt = async (call: () => unknown) => await call();
    await expect(attempt(() => network.fit(data))).rejects.toMatchObject({ code: "ERR_BUSY" });
    expect(() => network.fitSync(data)).toThrow(expect.objectContaining({ code: "ERR_BUSY" }));
    const { epochs } = await training;
    expect(epochs.length).toBe(50);
  });

  test.each(["onEpoch", "onBatch"] as const)("%s calls fitSync, trainOnBatch or dispose", async (callback) => {
    using network = new Network(regression);
    const codes: string[] = [];
    const attempt = (call: () => unknown) => {
      try {
        call();
        codes.push("nothing");
      } catch (error) {
        codes.push((error as PropagoError).code);
      }
    };
    let asked = false;
    const { stopped } = await network.fit(data, {
      epochs: 3,
      [callback]: () => {
        if (asked) return;
        asked = true;
        attempt(() => network.fitSync(data));
        attempt(() => network.trainOnBatch(data));
        attempt(() => network.dispose());
      },
    });
    expect(codes).toEqual(["ERR_BUSY", "ERR_BUSY", "ERR_BUSY"]);
    expect(stopped).toBe("epochs");
  });

  test.each(["fit", "fitSync"] as const)("a callback that throws ends %s with its error", async (method) => {
    const options: NetworkOptions = { ...regression, optimizer: { name: "sgd", learningRate: 0.1 } };
    using network = new Network(options);
    const mine = new Error("mine");
    const attempt = async () =>
      await network[method](data, {
        epochs: 3,
        batchSize: 8,
        shuffle: false,
        onBatch: ({ step }) => {
          if (step === 2) throw mine;
        },
      });
    await expect(attempt()).rejects.toBe(mine);

    // What was trained up to the callback is kept: three whole batches.
    using byHand = new Network(options);
    for (let begin = 0; begin < 24; begin += 8) {
      byHand.trainOnBatch({ x: x.slice(begin, begin + 8), y: y.slice(begin, begin + 8) });
    }
    expect(network.fingerprint()).toBe(byHand.fingerprint());
    await network.fit(data, { epochs: 1 });
  });

  test("an epoch's callback that throws", async () => {
    using network = new Network(regression);
    const mine = new Error("mine");
    const attempt = async () =>
      await network.fit(data, {
        epochs: 3,
        onEpoch: () => {
          throw mine;
        },
      });
    await expect(attempt()).rejects.toBe(mine);
    await network.fit(data, { epochs: 1 });
  });
});

describe("calls as newcomers write them say what is right", () => {
  const network = new Network({ inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")] });
  const x = [[0, 0], [0, 1]]; // prettier-ignore
  const y = [0, 1];
  test.each<[string, () => unknown, RegExp]>([
    [
      "fitSync(x, y)",
      () => network.fitSync(x as never, y as never),
      /samples and targets go in one object, fit\(\{ x, y \}/,
    ],
    ["fitSync(x)", () => network.fitSync(x as never), /pass \{ x, y \}/],
    ["evaluate(typed array)", () => network.evaluate(new Float32Array(2) as never), /pass \{ x, y \}/],
    ["{ xs, ys }", () => network.fitSync({ xs: x, ys: y } as never), /"xs" \(did you mean "x"\?\)/],
    [
      "{ inputs, outputs }",
      () => network.fitSync({ inputs: x, outputs: y } as never),
      /"inputs" \(did you mean "x"\?\)/,
    ],
    ["{ x, labels }", () => network.fitSync({ x, labels: y } as never), /"labels" \(did you mean "y"\?\)/],
    [
      "names of classes for one output",
      () => network.fitSync({ x, y: ["a", "b"] as never }),
      /y\[row 0, column 0\] is "a" \(string\).* or use a Classifier/,
    ],
    [
      "numbers as texts",
      () => network.fitSync({ x: [["0", "1"]] as never, y: [1] }),
      /x\[row 0, column 0\] is "0".*convert them with Number/,
    ],
    [
      "dense({ units })",
      () => new Network({ inputs: 1, layers: [dense({ units: 4 } as never)] }),
      /as in dense\(8, "relu", /,
    ],
    [
      "dense(4, { activation })",
      () => new Network({ inputs: 1, layers: [dense(4, { activation: "relu" } as never)] }),
      /as in dense\(8, "relu", /,
    ],
    [
      "schedule in the options of fit",
      () => network.fitSync({ x, y }, { schedule: "cosine" } as never),
      /a schedule is given as a learningRate/,
    ],
    [
      "schedule of an optimizer",
      () => new Network({ inputs: 1, layers: [dense(1)], optimizer: { name: "adam", schedule: "cosine" } as never }),
      /a schedule is given as a learningRate/,
    ],
    [
      "Classifier.fitSync({ x, y })",
      () => new Classifier().fitSync({ x, y } as never, undefined as never),
      /two arguments, as in fit\(x, labels, options\)/,
    ],
    [
      "Regressor.fitSync({ x, y })",
      () => new Regressor().fitSync({ x, y } as never, undefined as never),
      /two arguments, as in fit\(x, targets, options\)/,
    ],
  ])("%s", (_, call, says) => {
    expect(failure(call)).toBeInstanceOf(PropagoError);
    expect((failure(call) as Error).message).toMatch(says);
  });
});
