// Dropout, noise and normalisation: gradients under a fixed mask, what is drawn, and running statistics. All of it gives the
// same results when training is cut into calls, and survives saving and early stopping.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { engineOf } from "../src/core/engine.ts";
import {
  activation,
  alphaDropout,
  batchNorm,
  dense,
  dropout,
  gaussianNoise,
  layerNorm,
  Network,
  type DType,
  type Layer,
  type NetworkOptions,
} from "../src/index.ts";
import { LAYERS } from "../src/tables/whole.ts";
import { fenced } from "./fences.ts";
import {
  type Parameters,
  type Vector,
  centralDifferences,
  forwardAll,
  generator,
  gradients,
  loss,
  matrix,
  model,
  predict,
  relativeDifference,
} from "./reference.ts";

const DTYPES = ["float32", "float64"] as const;

/** For calls that the types forbid and JavaScript does not. */
const untyped = (value: unknown): any => value;

/** Parameters that a float32 holds exactly, for each layer with weights. */
function drawParameters({ inputs, layers }: NetworkOptions, draw: () => number): Parameters[] {
  const numbers = (n: number, value: () => number): Vector => matrix(1, n, () => Math.fround(value()))[0];
  let width = inputs;
  return layers.flatMap((layer): Parameters[] => {
    if (layer.type === "dense") {
      const size = width * layer.units;
      const scale = 1 / Math.sqrt(width);
      width = layer.units;
      return [
        {
          weights: numbers(size, () => scale * draw()),
          ...(layer.bias === false ? {} : { bias: numbers(width, draw) }),
        },
      ];
    }
    if (layer.type !== "batchNorm" && layer.type !== "layerNorm") return [];
    return [
      {
        weights: numbers(width, () => 1.5 + 0.5 * draw()),
        ...(layer.center === false ? {} : { bias: numbers(width, draw) }),
        ...(layer.type === "batchNorm"
          ? { mean: numbers(width, draw), variance: numbers(width, () => 1.1 + draw()) }
          : {}),
      },
    ];
  });
}

interface Case {
  options: NetworkOptions;
  weights: Parameters[];
  X: Vector[];
  Y: Vector[];
}

/**
 * A case whose samples and targets fit the network: classes behind softmax, any numbers otherwise; and where no layer's
 * gradients are the remains of larger numbers, which float32 holds with few digits.
 */
function makeCase(options: NetworkOptions, rows: number, seed: number): Case {
  for (let attempt = 0; ; attempt++) {
    const c = drawCase(options, rows, 1000 * seed + attempt);
    const sizes = gradients(model(options, c.weights), c.X, c.Y).map(({ weights, bias = [] }) =>
      Math.max(...[...weights, ...bias].map(Math.abs)),
    );
    if (sizes.every((size) => size < 1e-12 || size > 0.01 * Math.max(...sizes))) return c;
  }
}

function drawCase(options: NetworkOptions, rows: number, seed: number): Case {
  const draw = generator(seed);
  const outputs = options.layers.findLast((layer) => layer.type === "dense")?.units ?? options.inputs;
  const last = options.layers.at(-1);
  const isSoft = last !== undefined && "activation" in last && last.activation === "softmax";
  const Y = isSoft
    ? matrix(rows, 1, draw).map(([u]) =>
        Array.from({ length: outputs }, (_, k) => Number(k === Math.floor(((u + 1) / 2) * outputs))),
      )
    : matrix(rows, outputs, () => Math.fround(draw()));
  return {
    options,
    weights: drawParameters(options, draw),
    X: matrix(rows, options.inputs, () => Math.fround(draw())),
    Y,
  };
}

type AnyParameters = { weights: ArrayLike<number>; bias?: ArrayLike<number> };

/** The largest difference over all layers, each as a part of the largest number in that layer. */
function worst(actual: AnyParameters[], expected: AnyParameters[]): number {
  expect(actual.length).toBe(expected.length);
  const flat = ({ weights, bias }: AnyParameters) => [...Array.from(weights), ...Array.from(bias ?? [])];
  return Math.max(...expected.map((layer, l) => relativeDifference(flat(actual[l]), flat(layer))));
}

function expectGradients({ options, weights, X, Y }: Case, where: string): void {
  const twin = model(options, weights);
  const expected = gradients(twin, X, Y);
  // The twin takes its time: its own differences only where there are few weights.
  const count = weights.reduce((sum, { weights }) => sum + weights.length, 0);
  if (count < 200) expect(worst(expected, centralDifferences(twin, X, Y)), where).toBeLessThanOrEqual(1e-7);
  for (const dtype of DTYPES) {
    using network = new Network({ ...options, dtype });
    network.setWeights(weights);
    const own = network.gradients({ x: X, y: Y });
    expect(own.every((layer) => !("mean" in layer))).toBe(true);
    expect(worst(own, expected), `${where}, ${dtype}`).toBeLessThanOrEqual(dtype === "float64" ? 1e-12 : 1e-5);
    expect(network.checkGradients({ x: X, y: Y }), `${where}, ${dtype}`).toBeLessThanOrEqual(1e-5);
  }
}

/** An ε so large that normalised values of one or two rows are more than rounding errors. */
const epsilon = 0.1;

const KINDS: Record<string, Layer> = {
  dropout: dropout(0.3),
  alphaDropout: alphaDropout(0.4),
  gaussianNoise: gaussianNoise(0.5),
  batchNorm: batchNorm({ epsilon }),
  "batchNorm without scale and center": batchNorm({ epsilon, scale: false, center: false }),
  "batchNorm held fixed": batchNorm({ trainable: false }),
  "batchNorm of flavor keras": batchNorm({ epsilon, flavor: "keras" }),
  layerNorm: layerNorm({ epsilon }),
  "layerNorm without center": layerNorm({ epsilon, center: false }),
};

describe.each(Object.entries(KINDS))("gradients through %s", (name, layer) => {
  const sizes = [1, 2, 3, 5, 7];

  test("between layers, at every width and batch", () => {
    for (const units of sizes) {
      for (const rows of sizes) {
        const layers = [dense(units, "tanh"), layer, dense(3, "tanh"), dense(2)];
        const options: NetworkOptions = { inputs: 3, layers, loss: "squaredError", seed: units };
        expectGradients(makeCase(options, rows, 100 * units + rows), `${name}, ${units} units, ${rows} rows`);
      }
    }
  });

  test("as the first layer, twice, and below an activation layer with its fused loss", () => {
    for (const units of sizes) {
      const layers = [layer, dense(units, "sigmoid"), layer, layer, dense(3), layer, activation("softmax")];
      const options: NetworkOptions = { inputs: units, layers, loss: "categoricalCrossEntropy", l2: 0.1, seed: 9 };
      expectGradients(makeCase(options, 7, units), `${name}, ${units} units`);
    }
  });

  test("at widths and batches beyond a vector", () => {
    const layers = [dense(17, "tanh"), layer, dense(33, "sigmoid"), layer, dense(9, "softmax")];
    const options: NetworkOptions = { inputs: 5, layers, loss: "categoricalCrossEntropy" };
    expectGradients(makeCase(options, 19, 4), name);
  });

  test("trace shows what training would do", () => {
    const layers = [dense(5, "tanh"), layer, dense(3, "softmax")];
    const c = makeCase({ inputs: 2, layers, seed: 3 }, 1, 8);
    using network = new Network({ ...c.options, dtype: "float64" });
    network.setWeights(c.weights);
    const twin = model(c.options, c.weights);
    const { loss: total, layers: steps } = network.trace(c.X[0], c.Y[0]);
    expect(total).toBeCloseTo(loss(twin, c.X, c.Y), 12);
    const expected = gradients(twin, c.X, c.Y);
    forwardAll(twin, c.X).forEach(([{ z, a }], l) => {
      expect(relativeDifference(steps[l].z, z)).toBeLessThanOrEqual(1e-12);
      expect(relativeDifference(steps[l].a, a)).toBeLessThanOrEqual(1e-12);
    });
    const weighted = steps.flatMap((step) => step.gradients ?? []);
    expect(worst(weighted, expected)).toBeLessThanOrEqual(1e-12);
    if (steps[1].gradients?.bias) expect(Array.from(steps[1].delta)).toEqual(Array.from(steps[1].gradients.bias));
  });

  test("predict and evaluate draw nothing, use running statistics and change nothing", () => {
    const layers = [dense(7, "tanh"), layer, dense(3, "softmax")];
    const c = makeCase({ inputs: 2, layers }, 9, 5);
    const twin = model(c.options, c.weights);
    const said = predict(twin, c.X).flat();
    for (const dtype of DTYPES) {
      using network = new Network({ ...c.options, dtype });
      network.setWeights(c.weights);
      const before = network.fingerprint();
      const limit = dtype === "float64" ? 1e-12 : 1e-5;
      expect(relativeDifference(network.predict(c.X), said)).toBeLessThanOrEqual(limit);
      const first = network.evaluate({ x: c.X, y: c.Y });
      expect(network.evaluate({ x: c.X, y: c.Y })).toEqual(first);
      network.gradients({ x: c.X, y: c.Y });
      network.trace(c.X[0], c.Y[0]);
      // Predicted row by row, the results are the same to the bit.
      expect(Array.from(network.predict(c.X))).toEqual(c.X.flatMap((x) => Array.from(network.predict([x]))));
      expect(network.fingerprint()).toBe(before);
    }
  });
});

test("after some updates, gradients hold the mask of the next one", () => {
  const layers = [dropout(0.2), dense(9, "tanh"), gaussianNoise(0.1), dense(2)];
  const c = makeCase({ inputs: 4, layers, loss: "squaredError", optimizer: "sgd" }, 5, 2);
  using network = new Network({ ...c.options, dtype: "float64" });
  network.fitSync({ x: c.X, y: c.Y }, { epochs: 3, batchSize: 2 });
  const twin = model(c.options, network.getWeights());
  twin.batches = 9;
  expect(worst(network.gradients({ x: c.X, y: c.Y }), gradients(twin, c.X, c.Y))).toBeLessThanOrEqual(1e-12);
  // The next update follows the gradient that was shown.
  const before = network.getWeights();
  const slope = network.gradients({ x: c.X, y: c.Y });
  network.trainOnBatch({ x: c.X, y: c.Y });
  const moved = network.getWeights().map(({ weights }, l) => weights.map((w, i) => (before[l].weights[i] - w) / 1e-3));
  moved.forEach((step, l) => expect(relativeDifference(step, slope[l].weights)).toBeLessThan(1e-9));
  expect(relativeDifference(network.gradients({ x: c.X, y: c.Y })[0].weights, slope[0].weights)).toBeGreaterThan(0.1);
});

/** What a layer makes of one row of values, at first or after some batches. */
function through(layer: Layer, values: number[], options: Partial<NetworkOptions> = {}, dtype: DType = "float64") {
  const n = values.length;
  using network = new Network<DType>({ inputs: n, layers: [layer, dense(1)], dtype, ...options });
  return Array.from(network.trace(values, [0]).layers[0].a);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("what is drawn", () => {
  const N = 100_000;
  const ones = new Array<number>(N).fill(1);

  test.each([0.1, 0.5, 0.9])("dropout at %d drops its part and keeps the expectation", (rate) => {
    const values = through(dropout(rate), ones);
    expect(new Set(values)).toEqual(new Set([0, 1 / (1 - rate)]));
    const deviation = Math.sqrt((rate * (1 - rate)) / N);
    const dropped = values.filter((value) => value === 0).length / N;
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * deviation);
    expect(Math.abs(mean(values) - 1)).toBeLessThan((4 * deviation) / (1 - rate));
    // Neighbours, and neighbours of neighbours, are dropped independently of each other.
    for (const lag of [1, 2, 4, 64]) {
      const both = values.filter((value, i) => value === 0 && values[(i + lag) % N] === 0).length / N;
      expect(Math.abs(both - rate * rate)).toBeLessThan(4 * Math.sqrt((rate * rate * (1 - rate * rate)) / N) + 2e-3);
    }
  });

  test("alphaDropout keeps mean 0 and variance 1", () => {
    // Normal numbers, made of twelve uniform ones each.
    const draw = generator(5);
    const normal = Array.from({ length: N }, () => mean(matrix(1, 12, draw)[0]) * 6);
    for (const rate of [0.05, 0.2, 0.5]) {
      const values = through(alphaDropout(rate), normal);
      expect(Math.abs(mean(values))).toBeLessThan(0.015);
      expect(Math.abs(mean(values.map((value) => value * value)) - 1)).toBeLessThan(0.02);
    }
  });

  test("alphaDropout is PyTorch's: −λα for what is dropped, then a and b of its paper", () => {
    const values = through(alphaDropout(0.25), ones);
    const low = -1.7580993408473766;
    const a = (0.75 + low ** 2 * 0.75 * 0.25) ** -0.5;
    const b = -a * 0.25 * low;
    const [kept, dropped] = [a + b, a * low + b];
    for (const value of values.slice(0, 100)) {
      expect(Math.min(Math.abs(value - kept), Math.abs(value - dropped))).toBeLessThan(1e-14);
    }
  });

  test("gaussianNoise adds normal numbers", () => {
    const values = through(gaussianNoise(2), ones).map((value) => (value - 1) / 2);
    const moment = (k: number): number => mean(values.map((value) => value ** k));
    // Of N normal numbers, the moments' own deviations are √(1/N), √(2/N), √(15/N), √(96/N).
    expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(1 / N));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / N));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / N));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / N));
    const below = (z: number): number => values.filter((value) => value < z).length / N;
    expect(Math.abs(below(-1) - 0.158655)).toBeLessThan(0.005);
    expect(Math.abs(below(2) - 0.97725)).toBeLessThan(0.002);
  });

  test("is the same in both precisions, and another for another seed, layer or batch", () => {
    const some = Array.from({ length: 500 }, () => 1);
    const dropped = (values: number[]): string => values.map((value) => Number(value === 0)).join("");
    const wide = dropped(through(dropout(0.5), some));
    expect(dropped(through(dropout(0.5), some, {}, "float32"))).toBe(wide);
    const noise = through(gaussianNoise(1), some);
    expect(relativeDifference(through(gaussianNoise(1), some, {}, "float32"), noise)).toBeLessThan(1e-6);
    using network = new Network({ inputs: 500, layers: [dropout(0.5), dense(1)] });
    const masks = [wide, dropped(through(dropout(0.5), some, { seed: 1 }))];
    using second = new Network({ inputs: 500, layers: [dropout(0), dropout(0.5), dense(1)] });
    masks.push(dropped(Array.from(second.trace(some, [0]).layers[1].a)));
    for (let batch = 0; batch < 5; batch++) {
      network.trainOnBatch({ x: [some], y: [[0]] });
      masks.push(dropped(Array.from(network.trace(some, [0]).layers[0].a)));
    }
    for (const [i, one] of masks.entries()) {
      for (const other of masks.slice(i + 1)) {
        const same = [...one].filter((bit, k) => bit === other[k]).length;
        expect(Math.abs(same - 250)).toBeLessThan(60);
      }
    }
  });

  test("no row of a batch is dropped like another", () => {
    using network = new Network({ inputs: 64, layers: [dropout(0.5), dense(1, "linear", { init: "ones" })] });
    const [{ weights }] = network.gradients({ x: [new Array(64).fill(1)], y: [[1000]] });
    const [{ weights: both }] = network.gradients({
      x: [new Array(64).fill(1), new Array(64).fill(1)],
      y: [[1000], [1000]],
    });
    // The first row is dropped as if it were alone; the second adds to about half of what that drops.
    const added = both.filter((value, i) => value !== 0 && weights[i] === 0).length;
    expect(added).toBeGreaterThan(8);
    expect(added).toBeLessThan(24);
  });

  test.each([dropout(0), alphaDropout(0), gaussianNoise(0)])("$type of 0 is the identity, to the bit", (layer) => {
    const values = [-0, 0, 1e-45, -1.5, 3e38];
    expect(through(layer, values)).toEqual(values);
    const data = { x: matrix(20, 3, generator(1)), y: matrix(20, 2, generator(2)) };
    const plain: Layer[] = [dense(7, "selu"), dense(2)];
    const trained = [plain, [plain[0], layer, plain[1]]].map((layers) => {
      using network = new Network({ inputs: 3, layers });
      network.setWeights(drawParameters({ inputs: 3, layers: plain }, generator(3)));
      network.fitSync(data, { epochs: 3, batchSize: 8 });
      return network.fingerprint();
    });
    expect(trained[1]).toBe(trained[0]);
  });
});

const data = { x: matrix(23, 3, generator(11)), y: matrix(23, 2, generator(12)) };
const all: NetworkOptions = {
  inputs: 3,
  layers: [
    gaussianNoise(0.1),
    dense(6, "linear", { maxNorm: 0.9 }),
    batchNorm(),
    activation("selu"),
    alphaDropout(0.1),
    dense(5, "relu"),
    layerNorm(),
    dropout(0.3),
    dense(2),
  ],
  optimizer: { name: "adam", learningRate: 0.02 },
};

describe.each(DTYPES)("a network of all these layers, %s", (dtype) => {
  const make = (): Network<DType> => new Network<DType>({ ...all, dtype });

  test("seven calls of one epoch are one call of seven, batches of any size and slices in between", async () => {
    using one = make();
    using seven = make();
    using sliced = make();
    const losses = one.fitSync(data, { epochs: 7, batchSize: 4 }).epochs.map(({ loss }) => loss);
    const again = Array.from({ length: 7 }, () => seven.fitSync(data, { epochs: 1, batchSize: 4 }).epochs[0].loss);
    await sliced.fit(data, { epochs: 7, batchSize: 4, onBatch: () => {} });
    expect(again).toEqual(losses);
    expect(seven.fingerprint()).toBe(one.fingerprint());
    expect(sliced.fingerprint()).toBe(one.fingerprint());
  });

  test("has the same bits on any number of threads", () => {
    const plain = all.layers.filter(({ type }) => type !== "batchNorm");
    for (const layers of [all.layers, plain]) {
      const bits = [1, 2, 3, 5].map((threads) => {
        using network = new Network<DType>({ ...all, layers, dtype });
        const { epochs } = network.fitSync(data, { epochs: 3, batchSize: 17, threads, validation: 0.2 });
        return `${network.fingerprint()} ${epochs.at(-1)?.loss} ${epochs.at(-1)?.validation?.loss}`;
      });
      expect(new Set(bits).size).toBe(1);
    }
  });

  test("looking from within callbacks changes no bit", () => {
    using plain = make();
    using watched = make();
    const fit = { epochs: 4, batchSize: 5, validation: 0.25 };
    plain.fitSync(data, fit);
    const look = (): void => {
      watched.predict(data.x);
      watched.evaluate(data);
      watched.gradients(data);
      watched.trace(data.x[0], data.y[0]);
      watched.checkGradients({ x: data.x.slice(0, 2), y: data.y.slice(0, 2) });
    };
    watched.fitSync(data, { ...fit, onBatch: look, onEpoch: look });
    expect(watched.fingerprint()).toBe(plain.fingerprint());
  });

  test("survives leaving the memory", () => {
    const [watched, twin] = [make(), make()];
    twin.fitSync(data, { epochs: 5, batchSize: 4 });
    watched.fitSync(data, { epochs: 2, batchSize: 4 });
    const engine = engineOf(dtype);
    // So much that idle networks leave. No page of it is ever touched.
    const crowd = engine.allocate(780 * 1024 * 1024, "a crowd", 0);
    const others = Array.from({ length: dtype === "float64" ? 6 : 12 }, (_, seed) => {
      const network = new Network<DType>({ inputs: 1000, layers: [dense(2000)], seed, dtype });
      network.trainOnBatch({ x: new Float32Array(1000), y: new Float32Array(2000) });
      return network;
    });
    watched.fitSync(data, { epochs: 3, batchSize: 4 });
    expect(watched.fingerprint()).toBe(twin.fingerprint());
    expect(watched.getWeights()).toEqual(twin.getWeights());
    expect(engine.used - 780 * 1024 * 1024).toBeLessThan(200_000_000);
    engine.release(crowd);
    for (const network of [...others, watched, twin]) network.dispose();
  });

  test("is kept as JSON, statistics included", () => {
    using network = make();
    network.fitSync(data, { epochs: 3, batchSize: 4 });
    using copy = Network.fromJSON(JSON.parse(JSON.stringify(network))) as Network<DType>;
    expect(copy.fingerprint()).toBe(network.fingerprint());
    expect(Array.from(copy.predict(data.x))).toEqual(Array.from(network.predict(data.x)));
    expect(copy.toJSON()).toEqual(network.toJSON());
    const [, norm] = network.getWeights();
    expect(Object.keys(norm)).toEqual(["weights", "bias", "mean", "variance"]);
  });

  test("comes back as it was at its best epoch", async () => {
    using network = make();
    const seen: string[] = [];
    const onEpoch = (): void => void seen.push(network.fingerprint());
    const history = await network.fit(data, { epochs: 30, validation: 0.3, earlyStopping: { patience: 4 }, onEpoch });
    expect(network.fingerprint()).toBe(seen[history.best!.epoch - 1]);
    expect(network.evaluate(data).loss).toBe(network.evaluate(data).loss);
  });

  test("after a divergence, its statistics are finite", () => {
    using network = new Network<DType>({ ...all, dtype, optimizer: { name: "sgd", learningRate: 1e30 } });
    const far = { x: data.x, y: data.y.map((row) => row.map((value) => value * 1e30)) };
    expect(() => network.fitSync(far, { epochs: 50 })).toThrow(expect.objectContaining({ code: "ERR_DIVERGED" }));
    for (const layer of network.getWeights()) {
      for (const values of Object.values(layer)) expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  test("blocks are its own: what lies around them is untouched", () => {
    const engine = engineOf(dtype);
    fenced(engine, 50, () => {
      for (const units of [1, 2, 3, 5, 7, 9]) {
        const layers = [dense(units), batchNorm(), layerNorm(), dropout(0.2), alphaDropout(0.2), gaussianNoise(1)];
        const network = new Network<DType>({ inputs: 3, layers: [...layers, dense(2)], dtype, maxNorm: 0.5 });
        network.fitSync(data, { epochs: 2, batchSize: 3 });
        network.predict(data.x);
        network.trace(data.x[1], data.y[1]);
        network.dispose();
      }
    });
  });
});

describe("running statistics", () => {
  const X = matrix(10, 3, generator(21)).map((row) => row.map((value, j) => Math.fround(3 * value + j)));
  const Y = matrix(10, 1, generator(22));
  const column = (rows: Vector[], j: number) => {
    const values = rows.map((row) => row[j]);
    const mu = mean(values);
    return { mu, squares: values.reduce((sum, value) => sum + (value - mu) ** 2, 0) };
  };

  test.each([
    { options: {}, keep: 0.9, unbiased: true },
    { options: { momentum: 0.3 }, keep: 0.7, unbiased: true },
    { options: { momentum: 1 }, keep: 0, unbiased: true },
    { options: { flavor: "keras" as const }, keep: 0.99, unbiased: false },
    { options: { flavor: "keras" as const, momentum: 0.6 }, keep: 0.6, unbiased: false },
  ])("follow each batch by $options", ({ options, keep, unbiased }) => {
    for (const dtype of DTYPES) {
      using network = new Network<DType>({ inputs: 3, layers: [batchNorm(options), dense(1)], dtype });
      const expected = { mean: [0, 0, 0], variance: [1, 1, 1] };
      network.fitSync({ x: X, y: Y }, { epochs: 2, batchSize: 4, shuffle: false });
      for (const epoch of [1, 2]) {
        for (const rows of [X.slice(0, 4), X.slice(4, 8), X.slice(8)]) {
          for (let j = 0; j < 3; j++) {
            const { mu, squares } = column(rows, j);
            expected.mean[j] = keep * expected.mean[j] + (1 - keep) * mu;
            const variance = squares / (unbiased ? rows.length - 1 : rows.length);
            expected.variance[j] = keep * expected.variance[j] + (1 - keep) * variance;
          }
        }
        void epoch;
      }
      const [norm] = network.getWeights();
      const limit = dtype === "float64" ? 1e-13 : 1e-6;
      expect(relativeDifference(norm.mean!, expected.mean)).toBeLessThan(limit);
      expect(relativeDifference(norm.variance!, expected.variance)).toBeLessThan(limit);
    }
  });

  test("a batch of one row: its mean counts, its variance only for keras; nothing is learned below", () => {
    for (const flavor of ["pytorch", "keras"] as const) {
      using network = new Network({ inputs: 3, layers: [dense(2), batchNorm({ flavor }), dense(1)], dtype: "float64" });
      const before = network.getWeights();
      const loss = network.trainOnBatch({ x: [X[0]], y: [[0.5]] });
      const after = network.getWeights();
      expect(Number.isFinite(loss)).toBe(true);
      expect(after[0]).toEqual(before[0]);
      expect(after[1].mean).not.toEqual(before[1].mean);
      expect(Array.from(after[1].variance!)).toEqual(flavor === "keras" ? [0.99, 0.99] : [1, 1]);
    }
  });

  test("far from 0, variances keep their digits", () => {
    using network = new Network({ inputs: 1, layers: [batchNorm({ momentum: 1 }), dense(1)] });
    network.trainOnBatch({ x: [[10000], [10001], [10002], [10003]], y: [[0], [0], [0], [0]] });
    expect(network.getWeights()[0].variance![0]).toBeCloseTo(5 / 3, 5);
  });

  test("held fixed, they are used in training too, and stay", () => {
    const layers = [dense(4, "tanh"), batchNorm({ trainable: false }), dense(1)];
    using network = new Network({ inputs: 3, layers, dtype: "float64", optimizer: "sgd" });
    const before = network.getWeights()[1];
    network.fitSync({ x: X, y: Y }, { epochs: 3 });
    expect(network.getWeights()[1]).toEqual(before);
    expect(network.trainOnBatch({ x: X, y: Y })).toBeGreaterThan(0);
    const { loss: reached } = network.evaluate({ x: X, y: Y });
    expect(network.trainOnBatch({ x: X, y: Y })).toBeCloseTo(reached, 12);
  });

  test.each(["weights", "bias"] as const)("trainable: %s changes that and the statistics", (trainable) => {
    for (const layer of [batchNorm({ trainable }), layerNorm({ trainable })]) {
      using network = new Network({ inputs: 3, layers: [dense(3, "tanh"), layer, dense(1)] });
      const before = network.getWeights()[1];
      network.fitSync({ x: X, y: Y }, { epochs: 2, batchSize: 5 });
      const after = network.getWeights()[1];
      const other = trainable === "weights" ? "bias" : "weights";
      expect(after[trainable]).not.toEqual(before[trainable]);
      expect(after[other]).toEqual(before[other]);
      if (layer.type === "batchNorm") expect(after.mean).not.toEqual(before.mean);
    }
  });

  test("scale: false keeps γ at 1, center: false leaves β away", () => {
    for (const layer of [batchNorm({ scale: false, center: false }), layerNorm({ scale: false, center: false })]) {
      using network = new Network({ inputs: 3, layers: [layer, dense(1)] });
      network.fitSync({ x: X, y: Y }, { epochs: 2 });
      const [norm] = network.getWeights();
      expect(Array.from(norm.weights)).toEqual([1, 1, 1]);
      expect(norm.bias).toBeUndefined();
    }
  });

  test("l1 and l2 leave γ and β alone, weightDecay covers them", () => {
    const layers = [batchNorm(), dense(1)];
    using plain = new Network({ inputs: 3, layers, optimizer: { name: "sgd", learningRate: 0.1 } });
    using penalised = new Network({ inputs: 3, layers, l2: 0.5, optimizer: { name: "sgd", learningRate: 0.1 } });
    using decayed = new Network({ inputs: 3, layers, optimizer: { name: "sgd", learningRate: 0.1, weightDecay: 0.5 } });
    for (const network of [plain, penalised, decayed]) network.trainOnBatch({ x: X, y: Y });
    expect(penalised.getWeights()[0]).toEqual(plain.getWeights()[0]);
    expect(decayed.getWeights()[0].weights).not.toEqual(plain.getWeights()[0].weights);
  });
});

describe("maxNorm", () => {
  const norms = (weights: ArrayLike<number>, units: number): number[] =>
    Array.from({ length: units }, (_, o) =>
      Math.sqrt(Array.from(weights).reduce((sum, w, i) => (i % units === o ? sum + w * w : sum), 0)),
    );

  test.each([1, 2, 3, 5, 7, 9])("holds the weights into each of %i units, after every update", (units) => {
    for (const dtype of DTYPES) {
      const layers = [dense(units, "tanh", { maxNorm: 0.7 }), dense(2)];
      using network = new Network<DType>({ inputs: 3, layers, dtype, optimizer: { name: "sgd", learningRate: 3 } });
      using free = new Network<DType>({
        inputs: 3,
        layers: [dense(units, "tanh"), dense(2)],
        dtype,
        optimizer: { name: "sgd", learningRate: 3 },
      });
      for (let step = 0; step < 5; step++) {
        free.setWeights(network.getWeights());
        network.trainOnBatch(data);
        free.trainOnBatch(data);
        const expected = free.getWeights();
        const long = norms(expected[0].weights, units);
        const shortened = Array.from(expected[0].weights, (w, i) => w * Math.min(1, 0.7 / long[i % units]));
        const [first, second] = network.getWeights();
        expect(relativeDifference(first.weights, shortened)).toBeLessThan(dtype === "float64" ? 1e-14 : 1e-6);
        // Shorter ones, biases and other layers keep their bits.
        first.weights.forEach((w, i) => long[i % units] < 0.69 && expect(w).toBe(expected[0].weights[i]));
        expect(first.bias).toEqual(expected[0].bias);
        expect(second).toEqual(expected[1]);
      }
      expect(Math.max(...norms(network.getWeights()[0].weights, units))).toBeGreaterThan(0.69);
    }
  });

  test("of the network counts for layers without their own, and for none that is held fixed", () => {
    const layers = [dense(4, "tanh", { trainable: false }), dense(4, "tanh", { maxNorm: 0.2 }), dense(2)];
    using network = new Network({ inputs: 3, layers, maxNorm: 0.5, optimizer: { name: "sgd", learningRate: 1 } });
    const [fixed] = network.getWeights();
    network.fitSync(data, { epochs: 3 });
    const [first, second, third] = network.getWeights();
    expect(first).toEqual(fixed);
    expect(Math.max(...norms(second.weights, 4))).toBeCloseTo(0.2, 6);
    expect(Math.max(...norms(third.weights, 2))).toBeLessThan(0.5 + 1e-6);
    expect(network.toJSON().maxNorm).toBe(0.5);
    using copy = Network.fromJSON(network.toJSON());
    expect(copy.toJSON()).toEqual(network.toJSON());
  });
});

describe("learning", () => {
  const source = new URL("../examples/data/digits.csv", import.meta.url);
  const networks: Record<string, Layer[]> = {
    dropout: [dense(64, "relu"), dropout(0.3), dense(10, "softmax")],
    batchNorm: [dense(64, "linear", { bias: false }), batchNorm(), activation("relu"), dense(10, "softmax")],
    "alphaDropout behind selu": [gaussianNoise(0.05), dense(64, "selu"), alphaDropout(0.1), dense(10, "softmax")],
    layerNorm: [dense(64), layerNorm(), activation("relu"), dense(10, "softmax", { maxNorm: 3 })],
  };

  test.for(Object.entries(networks))("digits with %s", ([, layers]) => {
    const lines = readFileSync(source, "utf8").trim().split(/\r?\n/).slice(1);
    const rows = lines.map((line) => line.split(",").map(Number));
    const of = (part: number[][]) => ({
      x: part.map((row) => row.slice(0, 64).map((value) => value / 16)),
      y: part.map((row) => row[64]),
    });
    const held = of(rows.filter((_, i) => i % 5 === 0));
    using network = new Network({ inputs: 64, layers, optimizer: { name: "adam", learningRate: 0.003 }, seed: 1 });
    network.fitSync(of(rows.filter((_, i) => i % 5 !== 0)), { epochs: 25 });
    expect(network.evaluate(held).accuracy).toBeGreaterThan(0.965);
  });
});

describe("describing", () => {
  test("each helper gives plain JSON, which may be written directly", () => {
    expect(dropout(0.1)).toEqual({ type: "dropout", rate: 0.1 });
    expect(alphaDropout(0.1, { name: "a" })).toEqual({ type: "alphaDropout", rate: 0.1, name: "a" });
    expect(gaussianNoise(0.2)).toEqual({ type: "gaussianNoise", deviation: 0.2 });
    expect(batchNorm()).toEqual({ type: "batchNorm" });
    expect(batchNorm({ momentum: 0.5 })).toEqual({ type: "batchNorm", momentum: 0.5 });
    expect(layerNorm({ flavor: "keras" })).toEqual({ type: "layerNorm", flavor: "keras" });
    const layers = [{ type: "batchNorm", scale: false } as const, { type: "dense", units: 2 } as const];
    using network = new Network({ inputs: 3, layers });
    expect(network.toJSON().layers).toEqual(layers);
  });

  test("summary and parameterCount: γ and β count, statistics do not", () => {
    using network = new Network(all);
    const dense = 3 * 6 + 6 + 6 * 5 + 5 + 5 * 2 + 2;
    expect(network.parameterCount).toBe(dense + 2 * 6 + 2 * 5);
    const text = network.summary();
    expect(text).toMatch(/dropout_1 +dropout +5 +5 +rate 0.3 +0/);
    expect(text).toMatch(/batchNorm_1 +batchNorm +6 +6 +12/);
  });

  const layer = (options: object) => new Network(untyped({ inputs: 3, layers: [options, dense(1)] }));

  test.each(
    Object.entries(LAYERS).flatMap(([type, { options }]) =>
      Object.entries(options).map(([key, row]) => [type, key, row] as const),
    ),
  )("%s: %s is held within its limits", (type, key, row) => {
    const base = type === "gaussianNoise" ? { deviation: 1 } : type.endsWith("ropout") ? { rate: 0.5 } : {};
    const make = (value: unknown) => layer({ type, ...base, [key]: value }).dispose();
    const bad: unknown[] = [null, "much", [1], {}];
    if (row.kind === "number") {
      const { least, most, below } = row as { least?: number; most?: number; below?: number };
      bad.push(NaN, Infinity, "0.5");
      if (least !== undefined) bad.push(-1, least - 1e-9);
      if (most !== undefined) bad.push(most + 1e-9);
      if (below !== undefined) bad.push(below);
      make(least);
      make(most ?? 0.5);
    }
    for (const value of bad) {
      expect(() => make(value), String(value)).toThrow(
        expect.objectContaining({ code: "ERR_CONFIG", message: expect.stringContaining(`layers[0].${key}`) }),
      );
    }
  });

  test.each([
    [dropout(1), /layers\[0\]\.rate must be a number in \[0, 1\), got 1/],
    [{ type: "dropout" }, /layers\[0\]\.rate is missing: dropout needs it/],
    [{ type: "dropout", rat: 0.1 }, /unknown option "rat".*rate/],
    [{ type: "batchnorm" }, /unknown layer type "batchnorm".*batchNorm/],
    [batchNorm(untyped({ flavor: "tensorflow" })), /flavor.*pytorch, keras/],
    [dense(2, "linear", { maxNorm: 0 }), /layers\[0\]\.maxNorm must be a finite number > 0, got 0/],
  ])("%j is refused", (options, says) => {
    expect(() => layer(options)).toThrow(says);
    expect(() => layer(options)).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
  });

  test.each([dropout(0.1), alphaDropout(0.1), gaussianNoise(1), batchNorm(), layerNorm()])(
    "$type as the last layer is refused, with what to do",
    (last) => {
      const make = () => new Network({ inputs: 3, layers: [dense(2, "softmax"), last] });
      expect(make).toThrow(new RegExp(`the last layer \\("${last.type}_1"\\).*activation\\("linear"\\)`));
      new Network({ inputs: 3, layers: [dense(2), last, activation("softmax")] }).dispose();
    },
  );

  test("optimizers that take all rows at once know layerNorm only, levenbergMarquardt not even that", () => {
    const make = (optimizer: string, layer: Layer) =>
      new Network(untyped({ inputs: 3, layers: [layer, dense(2)], optimizer, loss: "meanSquaredError" }));
    for (const optimizer of ["lbfgs", "conjugateGradient", "scaledConjugateGradient", "levenbergMarquardt"]) {
      for (const layer of [dropout(0.1), gaussianNoise(1), batchNorm(), dense(3, "tanh", { maxNorm: 1 })]) {
        expect(() => make(optimizer, layer)).toThrow(new RegExp(`"${optimizer}" does not know .*"${layer.type}_1"`));
      }
      if (optimizer === "levenbergMarquardt") expect(() => make(optimizer, layerNorm())).toThrow(/layerNorm_1/);
      else {
        using network = make(optimizer, layerNorm());
        const { epochs } = network.fitSync(data, { epochs: 20 });
        expect(epochs.at(-1)!.loss).toBeLessThan(0.95 * epochs[0].loss);
      }
    }
  });

  test("setWeights checks statistics too, before it writes", () => {
    using network = new Network({ inputs: 2, layers: [batchNorm({ center: false }), dense(1)] });
    const [norm, last] = network.getWeights();
    const before = network.fingerprint();
    const set = (entry: object) => () => network.setWeights(untyped([entry, last]));
    expect(set({ weights: norm.weights })).toThrow(/mean of layer "batchNorm_1" is missing; expected 2 numbers/);
    expect(set({ ...norm, mean: [1] })).toThrow(/mean of layer "batchNorm_1" has 1 numbers, expected 2/);
    expect(set({ ...norm, variance: [1, -1] })).toThrow(/variance of layer "batchNorm_1"\[1\] is -1/);
    expect(set({ ...norm, bias: [0, 0] })).toThrow(/has no bias/);
    expect(() => network.setWeights(untyped([norm, { ...last, mean: [1] }]))).toThrow(/unknown option "mean"/);
    expect(network.fingerprint()).toBe(before);
    network.setWeights([{ ...norm, mean: [1, 2], variance: [4, 9] }, last]);
    expect(Array.from(network.getWeights()[0].variance!)).toEqual([4, 9]);
    expect(network.fingerprint()).not.toBe(before);
  });

  test("default first weights look through to the activation", () => {
    const first = (layers: Layer[]): number[] => {
      using network = new Network({ inputs: 50, layers: [dense(50), ...layers, dense(2), dense(1)] });
      return Array.from(network.getWeights()[0].weights);
    };
    const he = first([activation("relu")]);
    expect(first([batchNorm(), dropout(0.1), activation("relu")])).toEqual(he);
    expect(first([gaussianNoise(0.1), layerNorm(), activation("relu"), dropout(0.1)])).toEqual(he);
    expect(first([dropout(0.1)])).not.toEqual(he);
    expect(first([dropout(0.1), dense(3, "relu")])).toEqual(first([]));
  });
});
