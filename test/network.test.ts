// What a Network promises: descriptions, weights, training in all its modes, predictions, keeping, and memory.
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import {
  activation,
  dense,
  Network,
  type BatchReport,
  type DType,
  type EpochReport,
  type FitOptions,
  type NetworkOptions,
} from "../src/index.ts";
import { engineOf } from "../src/core/engine.ts";
import { forward, generator, matrix, model, penalty, relativeDifference } from "./reference.ts";

/** Rows that a small network can learn something from, exact in float32. */
function regressionData(rows: number, seed = 1) {
  const draw = generator(seed);
  const x = matrix(rows, 3, () => Math.fround(draw()));
  const y = x.map(([a, b, c]) => [Math.fround(a * b - 0.5 * c), Math.fround(0.3 * a + 0.2)]);
  return { x, y };
}

function classData(rows: number, seed = 1) {
  const draw = generator(seed);
  const x = matrix(rows, 2, () => Math.fround(draw()));
  const labels = x.map(([a, b]) => (a > 0 ? (b > 0 ? 0 : 1) : 2));
  return { x, labels };
}

const small: NetworkOptions = { inputs: 3, layers: [dense(5, "tanh"), dense(2)], seed: 7 };

describe("descriptions", () => {
  test("helpers give plain JSON", () => {
    expect(dense(64, "relu")).toEqual({ type: "dense", units: 64, activation: "relu" });
    expect(dense(3, { name: "leakyRelu", slope: 0.1 }, { bias: false, name: "last" })).toEqual({
      type: "dense",
      units: 3,
      activation: { name: "leakyRelu", slope: 0.1 },
      bias: false,
      name: "last",
    });
    expect(activation("softmax")).toEqual({ type: "activation", activation: "softmax" });
    const layer = dense(2, "tanh", { l2: 0.1, trainable: "weights" });
    expect(JSON.parse(JSON.stringify(layer))).toEqual(layer);
  });

  test("plain JSON makes the same network as the helpers", () => {
    using fromHelpers = new Network({ inputs: 3, layers: [dense(5, "tanh"), dense(2), activation("softmax")] });
    using fromJSON = new Network(
      JSON.parse(
        `{ "inputs": 3, "layers": [
          { "type": "dense", "units": 5, "activation": "tanh" },
          { "type": "dense", "units": 2 },
          { "type": "activation", "activation": "softmax" } ] }`,
      ),
    );
    const { x } = regressionData(9);
    expect(fromJSON.fingerprint()).toBe(fromHelpers.fingerprint());
    expect(fromJSON.predict(x)).toEqual(fromHelpers.predict(x));
  });

  test("an activation layer is the activation of the layer before it", () => {
    using apart = new Network({ inputs: 3, layers: [dense(5), activation("tanh"), dense(2), activation("softmax")] });
    using together = new Network({ inputs: 3, layers: [dense(5, "tanh"), dense(2, "softmax")] });
    together.setWeights(apart.getWeights());
    const { x } = regressionData(20);
    const y = x.map((_, r) => r % 2);
    for (const network of [apart, together]) network.fitSync({ x, y }, { epochs: 3 });
    expect(apart.predict(x)).toEqual(together.predict(x));
  });

  test("seed: the same gives the same network, another another, and 0 is the default", () => {
    const fingerprint = (seed?: number | "random") => {
      using network = new Network({ ...small, seed });
      return network.fingerprint();
    };
    expect(fingerprint(7)).toBe(fingerprint(7));
    expect(fingerprint(8)).not.toBe(fingerprint(7));
    expect(fingerprint(undefined)).toBe(fingerprint(0));
    using drawn = new Network({ ...small, seed: "random" });
    expect(Number.isInteger(drawn.seed)).toBe(true);
    expect(fingerprint(drawn.seed)).toBe(drawn.fingerprint());
  });

  test("summary and parameterCount", () => {
    using network = new Network({ inputs: 64, layers: [dense(32, "relu", { name: "eyes" }), dense(10, "softmax")] });
    expect(network.parameterCount).toBe(64 * 32 + 32 + 32 * 10 + 10);
    const summary = network.summary();
    for (const word of ["eyes", "dense_2", "relu", "softmax", "32", "10", "2080", "330", "2410"]) {
      expect(summary.replace(/[,\u202f_ ](?=\d{3})/g, "")).toContain(word);
    }
  });

  test("one layer, and two hundred", () => {
    const { x, y } = regressionData(5);
    for (const depth of [1, 200]) {
      const layers = [...Array.from({ length: depth - 1 }, () => dense(5, "tanh")), dense(2)];
      using network = new Network({ inputs: 3, layers });
      const twin = model({ inputs: 3, layers }, network.getWeights());
      const expected = x.flatMap((row) => forward(twin, row).at(-1)!.a);
      expect(relativeDifference(network.predict(x), expected)).toBeLessThan(1e-5);
      const before = network.fingerprint();
      network.fitSync({ x, y }, { epochs: 2 });
      expect(network.fingerprint()).not.toBe(before);
    }
  });
});

describe("weights", () => {
  test("are (inputs, units) row-major, and copies", () => {
    using network = new Network({ inputs: 2, layers: [dense(3, "linear")] });
    network.setWeights([
      {
        weights: [
          [1, 2, 3],
          [10, 20, 30],
        ],
        bias: [0.5, 0.25, 0.125],
      },
    ]);
    const [{ weights, bias }] = network.getWeights();
    expect(weights).toEqual(Float32Array.of(1, 2, 3, 10, 20, 30));
    expect(bias).toEqual(Float32Array.of(0.5, 0.25, 0.125));
    expect(network.predict([[1, 1]])).toEqual(Float32Array.of(11.5, 22.25, 33.125));
    weights.fill(0);
    expect(network.getWeights()[0].weights).toEqual(Float32Array.of(1, 2, 3, 10, 20, 30));
  });

  test.each(["float32", "float64"] as const)("go through setWeights unchanged in %s", (dtype) => {
    using from = new Network({ ...small, dtype });
    using to = new Network({ ...small, dtype, seed: 99 });
    expect(to.fingerprint()).not.toBe(from.fingerprint());
    to.setWeights(from.getWeights());
    expect(to.getWeights()).toEqual(from.getWeights());
    expect(to.fingerprint()).toBe(from.fingerprint());
    expect(from.getWeights()[0].weights).toBeInstanceOf(dtype === "float32" ? Float32Array : Float64Array);
  });

  test("a layer without bias has none, a layer without weights is left out", () => {
    using network = new Network({
      inputs: 2,
      layers: [dense(3, "linear", { bias: false }), activation("tanh"), dense(1)],
    });
    const weights = network.getWeights();
    expect(weights.map(({ weights }) => weights.length)).toEqual([6, 3]);
    expect(weights.map(({ bias }) => bias?.length)).toEqual([undefined, 1]);
  });

  test.each([
    { trainable: true, weights: true, bias: true },
    { trainable: false, weights: false, bias: false },
    { trainable: "weights", weights: true, bias: false },
    { trainable: "bias", weights: false, bias: true },
  ] as const)("trainable: $trainable", ({ trainable, weights, bias }) => {
    for (const optimizer of ["sgd", "adam"] as const) {
      using network = new Network({
        inputs: 3,
        layers: [dense(5, "tanh", { trainable }), dense(2)],
        optimizer,
        l1: 0.1,
        l2: 0.1,
      });
      const [before] = network.getWeights();
      network.fitSync(regressionData(20), { epochs: 3 });
      const [after] = network.getWeights();
      expect(after.weights.some((w, k) => w !== before.weights[k])).toBe(weights);
      expect(after.bias!.some((b, k) => b !== before.bias![k])).toBe(bias);
    }
  });
});

describe("first weights", () => {
  const [inputs, units] = [300, 200];
  const count = inputs * units;
  const glorot = 2 / (inputs + units);
  const he = 2 / inputs;
  const lecun = 1 / inputs;

  /** Fourth central moment over the squared variance: what the spread of a sample variance depends on. */
  const KURTOSIS = { uniform: 9 / 5, normal: 3 };

  test.each([
    { init: "glorotUniform", variance: glorot, shape: "uniform" },
    { init: "glorotNormal", variance: glorot, shape: "normal" },
    { init: "heUniform", variance: he, shape: "uniform" },
    { init: "heNormal", variance: he, shape: "normal" },
    { init: "lecunUniform", variance: lecun, shape: "uniform" },
    { init: "lecunNormal", variance: lecun, shape: "normal" },
  ] as const)("$init: mean and variance within 4σ of theory", ({ init, variance, shape }) => {
    using network = new Network({ inputs, layers: [dense(units, "tanh", { init })] });
    expectMoments(network.getWeights()[0].weights, variance, KURTOSIS[shape]);
    expect(network.getWeights()[0].bias!.every((b) => b === 0)).toBe(true);
  });

  test.each([
    { name: "relu", variance: he },
    { name: "leakyRelu", variance: he },
    { name: "tanh", variance: glorot },
    { name: "sigmoid", variance: glorot },
    { name: "linear", variance: glorot },
  ] as const)("default before $name", ({ name, variance }) => {
    using network = new Network({ inputs, layers: [dense(units, name)] });
    expectMoments(network.getWeights()[0].weights, variance, KURTOSIS.uniform);
  });

  function expectMoments(values: ArrayLike<number>, variance: number, kurtosis: number): void {
    expect(values.length).toBe(count);
    const list = Array.from(values);
    const mean = list.reduce((sum, w) => sum + w, 0) / count;
    const spread = list.reduce((sum, w) => sum + (w - mean) ** 2, 0) / count;
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(variance / count));
    expect(Math.abs(spread / variance - 1)).toBeLessThan(4 * Math.sqrt((kurtosis - 1) / count));
  }
});

describe("training", () => {
  test("fit can be awaited, and reports every epoch", async () => {
    using network = new Network(small);
    const seen: EpochReport[] = [];
    const history = await network.fit(regressionData(50), { epochs: 4, onEpoch: (report) => seen.push(report) });
    expect(history.stopped).toBe("epochs");
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    expect(seen).toEqual(history.epochs);
    for (const { loss, seconds, samplesPerSecond, learningRate } of history.epochs) {
      for (const figure of [loss, seconds, samplesPerSecond, learningRate]) expect(figure).toBeGreaterThan(0);
    }
    expect(history.epochs[3].loss).toBeLessThan(history.epochs[0].loss);
  });

  test("fit can be iterated and then awaited", async () => {
    using network = new Network(small);
    const training = network.fit(regressionData(50), { epochs: 4 });
    const epochs: number[] = [];
    for await (const { epoch } of training) epochs.push(epoch);
    expect(epochs).toEqual([1, 2, 3, 4]);
    expect((await training).epochs.length).toBe(4);
  });

  test("break stops the training", async () => {
    using network = new Network(small);
    const training = network.fit(regressionData(50), { epochs: 1_000_000 });
    for await (const { epoch } of training) if (epoch === 3) break;
    const fingerprint = network.fingerprint();
    await setImmediate();
    expect(network.fingerprint()).toBe(fingerprint);
    const history = await training;
    expect(history.stopped).toBe("aborted");
    expect(history.epochs.length).toBeGreaterThanOrEqual(3);
    await network.fit(regressionData(50), { epochs: 1 }); // and it can go on
    expect(network.fingerprint()).not.toBe(fingerprint);
  });

  test("an epoch's loss is the mean over its samples, the penalty beside it", () => {
    const options: NetworkOptions = { ...small, l1: 0.01, l2: 0.02, optimizer: { name: "sgd", learningRate: 0.1 } };
    using network = new Network(options);
    const losses: number[] = [];
    const [report] = network.fitSync(regressionData(11), {
      epochs: 1,
      batchSize: 4,
      shuffle: false,
      onBatch: ({ loss }) => losses.push(loss),
    }).epochs;
    expect(losses.length).toBe(3);
    expect(report.loss).toBeCloseTo((4 * losses[0] + 4 * losses[1] + 3 * losses[2]) / 11, 6);
    expect(report.penalty).toBeCloseTo(penalty(model(options, network.getWeights())), 5);
    expect(report.learningRate).toBe(0.1);
    using plain = new Network(small);
    expect("penalty" in plain.fitSync(regressionData(11), { epochs: 1 }).epochs[0]).toBe(false);
  });

  const continuations: { name: string; options?: Partial<NetworkOptions<DType>>; fit?: FitOptions }[] = [
    { name: "plain sgd", options: { optimizer: "sgd" } },
    { name: "momentum", options: { optimizer: { name: "sgd", learningRate: 0.05, momentum: 0.9 } } },
    { name: "nesterov", options: { optimizer: { name: "sgd", learningRate: 0.05, momentum: 0.9, nesterov: true } } },
    { name: "adam", options: { optimizer: "adam" } },
    { name: "the default optimizer" },
    { name: "in order", fit: { shuffle: false } },
    { name: "with replacement", fit: { shuffle: "withReplacement" } },
    { name: "a held-back part", fit: { validation: 0.25 } },
    { name: "full batch", fit: { batchSize: "full" } },
    { name: "float64", options: { dtype: "float64" } },
  ];

  test.each(continuations)("seven fits of one epoch are one of seven, to the bit: $name", async ({ options, fit }) => {
    const data = regressionData(45);
    using once = new Network({ ...small, ...options });
    using sevenTimes = new Network({ ...small, ...options });
    const settings = { batchSize: 8, ...fit };
    const whole = await once.fit(data, { ...settings, epochs: 7 });
    const losses: number[] = [];
    for (let k = 1; k <= 7; k++) {
      const { epochs } = await sevenTimes.fit(data, { ...settings, epochs: 1 });
      expect(epochs.map(({ epoch }) => epoch)).toEqual([k]);
      losses.push(epochs[0].loss);
    }
    expect(sevenTimes.fingerprint()).toBe(once.fingerprint());
    expect(losses).toEqual(whole.epochs.map(({ loss }) => loss));
  });

  test.each(continuations)("fitSync is fit, to the bit: $name", async ({ options, fit }) => {
    const data = regressionData(45);
    using blocking = new Network({ ...small, ...options });
    using yielding = new Network({ ...small, ...options });
    const settings = { batchSize: 8, epochs: 5, ...fit };
    const a = blocking.fitSync(data, settings);
    const b = await yielding.fit(data, settings);
    expect(blocking.fingerprint()).toBe(yielding.fingerprint());
    expect(a.epochs.map(({ loss, validation }) => ({ loss, validation }))).toEqual(
      b.epochs.map(({ loss, validation }) => ({ loss, validation })),
    );
  });

  test("validation with data of its own, metrics and callbacks change no bit", () => {
    const data = regressionData(45);
    using alone = new Network(small);
    using watched = new Network(small);
    alone.fitSync(data, { epochs: 5 });
    const { epochs } = watched.fitSync(data, {
      epochs: 5,
      validation: regressionData(20, 2),
      metrics: ["r2"],
      onEpoch() {},
      onBatch() {},
    });
    expect(watched.fingerprint()).toBe(alone.fingerprint());
    const report = watched.evaluate(regressionData(20, 2), { metrics: ["r2"] });
    expect(epochs.at(-1)!.validation).toEqual(report);
  });

  test("trainOnBatch returns the loss before its update, and fit goes the same way", () => {
    const { x, y } = regressionData(24);
    using byHand = new Network({ ...small, optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 } });
    using fitted = new Network({ ...small, optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 } });
    const losses: number[] = [];
    for (let begin = 0; begin < 24; begin += 8) {
      const batch = { x: x.slice(begin, begin + 8), y: y.slice(begin, begin + 8) };
      const before = byHand.evaluate(batch).loss;
      losses.push(byHand.trainOnBatch(batch));
      expect(losses.at(-1)).toBeCloseTo(before, 6);
      expect(byHand.evaluate(batch).loss).toBeLessThan(before);
    }
    const seen: number[] = [];
    fitted.fitSync(
      { x, y },
      {
        epochs: 1,
        batchSize: 8,
        shuffle: false,
        onBatch: ({ loss, step }) => seen.push(loss) && expect(step).toBe(seen.length - 1),
      },
    );
    expect(seen).toEqual(losses);
    expect(fitted.fingerprint()).toBe(byHand.fingerprint());
  });

  test("integer labels are one-hot rows, to the bit", () => {
    const { x, labels } = classData(60);
    const oneHot = labels.map((label) => [0, 1, 2].map((k) => (k === label ? 1 : 0)));
    const fingerprints = [oneHot, labels, Int32Array.from(labels), Uint8Array.from(labels)].map((y) => {
      using network = new Network({ inputs: 2, layers: [dense(5, "tanh"), dense(3, "softmax")] });
      const { epochs } = network.fitSync({ x, y }, { epochs: 3 });
      return [network.fingerprint(), ...epochs.map(({ loss, accuracy }) => `${loss} ${accuracy}`)].join();
    });
    expect(new Set(fingerprints).size).toBe(1);
  });

  test("one output takes a flat list of targets", () => {
    const { x } = regressionData(30);
    const y = x.map(([a]) => a);
    using flat = new Network({ inputs: 3, layers: [dense(1)] });
    using rows = new Network({ inputs: 3, layers: [dense(1)] });
    flat.fitSync({ x, y }, { epochs: 3 });
    rows.fitSync({ x, y: y.map((value) => [value]) }, { epochs: 3 });
    expect(flat.fingerprint()).toBe(rows.fingerprint());
  });

  test("data are copied when fit is called, and never written to", async () => {
    const { x, y } = regressionData(40);
    const data = { x: Float32Array.from(x.flat()), y: Float32Array.from(y.flat()) };
    const copy = { x: data.x.slice(), y: data.y.slice() };
    using undisturbed = new Network(small);
    undisturbed.fitSync(copy, { epochs: 20 });
    expect(copy).toEqual(data);

    using disturbed = new Network(small);
    const training = disturbed.fit(data, { epochs: 20 });
    data.x.fill(NaN);
    data.y.fill(NaN);
    await training;
    expect(disturbed.fingerprint()).toBe(undisturbed.fingerprint());
  });

  test("XOR is solved with default settings for every one of 100 seeds", () => {
    const x = [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ];
    const unsolved: string[] = [];
    for (const name of ["tanh", "sigmoid"] as const) {
      for (let seed = 0; seed < 100; seed++) {
        // With four units one or two seeds in a hundred end where two units do the same: a minimum of the loss.
        using network = new Network({ inputs: 2, layers: [dense(8, name), dense(1, "sigmoid")], seed });
        network.fitSync({ x, y: [0, 1, 1, 0] });
        const [a, b, c, d] = network.predict(x);
        if (!(a < 0.5 && b > 0.5 && c > 0.5 && d < 0.5)) unsolved.push(`${name} ${seed}`);
      }
    }
    expect(unsolved).toEqual([]);
  });
});

describe("order of the samples", () => {
  // Row k has a one in column k and the target 0, so a batch of it alone has the loss ½ w_k²: the losses tell the rows.
  const rows = 12;
  const data = { x: matrix(rows, rows, () => 0).map((row, k) => row.with(k, 1)), y: matrix(rows, 1, () => 0) };

  function teller(seed = 0): Network {
    const network = new Network({
      inputs: rows,
      layers: [dense(1, "linear", { bias: false })],
      loss: "squaredError",
      optimizer: { name: "sgd", learningRate: 1e-12 },
      seed,
    });
    network.setWeights([{ weights: data.x.map((_, k) => k + 1) }]);
    return network;
  }

  const rowOf = ({ loss }: { loss: number }) => Math.round(Math.sqrt(2 * loss)) - 1;

  function order(options: FitOptions & { seed?: number }, epochs = 2): number[] {
    const { seed, ...fit } = options;
    using network = teller(seed);
    const seen: number[] = [];
    network.fitSync(data, { epochs, batchSize: 1, onBatch: (batch) => seen.push(rowOf(batch)), ...fit });
    return seen;
  }

  const inOrder = data.x.map((_, k) => k);
  const sorted = (list: number[]) => list.toSorted((a, b) => a - b);

  test("shuffle: false keeps it", () => {
    expect(order({ shuffle: false })).toEqual([...inOrder, ...inOrder]);
  });

  test("shuffle: true (the default) visits every row once an epoch, each epoch and seed in its own order", () => {
    const seen = order({});
    const [first, second] = [seen.slice(0, rows), seen.slice(rows)];
    expect(sorted(first)).toEqual(inOrder);
    expect(sorted(second)).toEqual(inOrder);
    expect(first).not.toEqual(inOrder);
    expect(second).not.toEqual(first);
    expect(order({ seed: 1 })).not.toEqual(seen);
    expect(order({ shuffle: true })).toEqual(seen);
  });

  test("an epoch that was broken off is followed by one in another order, with every row in it", async () => {
    using network = teller();
    const controller = new AbortController();
    const before: number[] = [];
    const onBatch = (batch: BatchReport) => {
      if (before.push(rowOf(batch)) === 8) controller.abort();
    };
    await expect(network.fit(data, { batchSize: 1, signal: controller.signal, onBatch })).rejects.toThrow();
    const after: number[] = [];
    await network.fit(data, { epochs: 1, batchSize: 1, onBatch: (batch) => after.push(rowOf(batch)) });
    expect(before.length).toBe(8);
    expect(sorted(after)).toEqual(inOrder);
    expect(after.slice(0, 8)).not.toEqual(before);
  });

  test("trainOnBatch is no epoch: it neither counts as one nor moves the orders to come", () => {
    using network = teller();
    network.trainOnBatch(data);
    const seen: number[] = [];
    const { epochs } = network.fitSync(data, { epochs: 2, batchSize: 1, onBatch: (batch) => seen.push(rowOf(batch)) });
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(seen).toEqual(order({}));
  });

  test("shuffle: true puts every row everywhere equally often", () => {
    const epochs = 3000;
    const seen = order({}, epochs);
    const counts = matrix(rows, rows, () => 0);
    seen.forEach((row, k) => counts[row][k % rows]++);
    const expected = epochs / rows;
    const chiSquared = counts.flat().reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // (12 − 1)² degrees of freedom: mean 121, deviation √242 = 15.6; seed 0 is fixed, so this is no matter of luck.
    expect(chiSquared).toBeLessThan(121 + 4 * 15.6);
  });

  test('"withReplacement" draws as many rows, some twice, each equally often', () => {
    const epochs = 1000;
    const seen = order({ shuffle: "withReplacement" }, epochs);
    expect(seen.length).toBe(rows * epochs);
    expect(new Set(seen.slice(0, rows)).size).toBeLessThan(rows);
    const expected = epochs;
    const counts = inOrder.map((row) => seen.filter((r) => r === row).length);
    const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeLessThan(11 + 4 * Math.sqrt(22));
  });

  test("a held-back part is never trained on, and stays the same part", () => {
    using network = new Network({
      inputs: rows,
      layers: [dense(1, "linear", { bias: false, init: "zeros" })],
      optimizer: { name: "sgd", learningRate: 0.1 },
    });
    const targets = { x: data.x, y: data.x.map(() => 1) };
    const untouched = () => Array.from(network.getWeights()[0].weights).flatMap((w, k) => (w === 0 ? [k] : []));
    const { epochs } = network.fitSync(targets, { epochs: 5, validation: 0.25 });
    const held = untouched();
    expect(held.length).toBe(3);
    expect(held).not.toEqual([9, 10, 11]);
    expect(epochs[4].validation!.loss).toBe(1);
    network.fitSync(targets, { epochs: 5, validation: 0.25 });
    expect(untouched()).toEqual(held);
  });

  test("batchSize: the last batch of an epoch may be shorter; too large is full", () => {
    const steps = (batchSize: number | "full") => {
      using network = new Network(small);
      let count = 0;
      network.fitSync(regressionData(10), { epochs: 1, batchSize, onBatch: () => count++ });
      return count;
    };
    expect([1, 3, 4, 10, 1000, "full" as const].map(steps)).toEqual([10, 4, 3, 1, 1, 1]);
  });
});

describe("when training ends", () => {
  test("early stopping brings the best weights back", () => {
    // Validation wants the opposite of what training teaches, so the first epoch is the best one.
    const { x, y } = regressionData(40);
    const validation = { x, y: y.map((row) => row.map((value) => -value)) };
    const options: NetworkOptions = { ...small, optimizer: { name: "sgd", learningRate: 0.1 } };
    using network = new Network(options);
    using oneEpoch = new Network(options);
    const history = network.fitSync({ x, y }, { epochs: 100, validation, earlyStopping: { patience: 3 } });
    oneEpoch.fitSync({ x, y }, { epochs: 1 });
    expect(history.stopped).toBe("earlyStopping");
    expect(history.epochs.length).toBe(4);
    expect(history.best).toEqual(history.epochs[0]);
    expect(network.fingerprint()).toBe(oneEpoch.fingerprint());

    using kept = new Network(options);
    using fourEpochs = new Network(options);
    kept.fitSync({ x, y }, { epochs: 100, validation, earlyStopping: { patience: 3, restoreBest: false } });
    fourEpochs.fitSync({ x, y }, { epochs: 4 });
    expect(kept.fingerprint()).toBe(fourEpochs.fingerprint());
  });

  test("early stopping: the best weights come back when epochs run out, too", () => {
    const { x, y } = regressionData(40);
    const validation = { x, y: y.map((row) => row.map((value) => -value)) };
    using network = new Network(small);
    const history = network.fitSync({ x, y }, { epochs: 3, validation, earlyStopping: { patience: 10 } });
    expect(history.stopped).toBe("epochs");
    const best = Math.min(...history.epochs.map((epoch) => epoch.validation!.loss));
    expect(history.best!.validation!.loss).toBe(best);
    expect(network.evaluate(validation).loss).toBe(best);
  });

  test("minDelta and monitor", () => {
    using network = new Network(small);
    const history = network.fitSync(regressionData(40), {
      epochs: 100,
      earlyStopping: { monitor: "loss", patience: 2, minDelta: 1e9 },
    });
    expect(history.epochs.length).toBe(3);
  });

  test("a metric should rise where a loss should fall", () => {
    const { x, labels } = classData(90);
    using network = new Network({ inputs: 2, layers: [dense(8, "tanh"), dense(3, "softmax")] });
    const { epochs, best } = network.fitSync(
      { x, y: labels },
      { epochs: 60, validation: 0.3, earlyStopping: { monitor: "validation.accuracy", patience: 60 } },
    );
    const accuracies = epochs.map(({ validation }) => validation!.accuracy!);
    expect(best).toEqual(epochs[accuracies.indexOf(Math.max(...accuracies))]);
    expect(best!.validation!.accuracy).toBeGreaterThan(accuracies[0]);
  });

  test("targetLoss", () => {
    using network = new Network(small);
    const history = network.fitSync(regressionData(40), { epochs: 2000, targetLoss: 0.05 });
    expect(history.stopped).toBe("targetLoss");
    expect(history.epochs.at(-1)!.loss).toBeLessThanOrEqual(0.05);
    for (const { loss } of history.epochs.slice(0, -1)) expect(loss).toBeGreaterThan(0.05);
  });

  test("timeLimit", async () => {
    using network = new Network(small);
    const start = performance.now();
    const history = await network.fit(regressionData(40), { epochs: 1e9, timeLimit: 0.2 });
    expect(history.stopped).toBe("timeLimit");
    expect(performance.now() - start).toBeGreaterThanOrEqual(190);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test("a signal that is aborted already rejects with its reason and trains nothing", async () => {
    using network = new Network(small);
    const before = network.fingerprint();
    const reason = new Error("not today");
    await expect(network.fit(regressionData(40), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(network.fingerprint()).toBe(before);
  });

  test.each([0, 1, 5, 24, 25, 30])("a signal aborted in batch %i stops after it", async (at) => {
    const { x, y } = regressionData(50);
    const options: NetworkOptions = { ...small, optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 } };
    using network = new Network(options);
    const controller = new AbortController();
    const reason = new Error("enough");
    const training = network.fit(
      { x, y },
      {
        epochs: 100,
        batchSize: 2,
        shuffle: false,
        signal: controller.signal,
        onBatch: ({ step }) => step === at && controller.abort(reason),
      },
    );
    await expect(training).rejects.toBe(reason);

    // The network is what so many whole batches make it.
    using byHand = new Network(options);
    for (let step = 0; step <= at; step++) {
      const begin = (2 * step) % 50;
      byHand.trainOnBatch({ x: x.slice(begin, begin + 2), y: y.slice(begin, begin + 2) });
    }
    expect(network.fingerprint()).toBe(byHand.fingerprint());

    const { epochs } = await network.fit({ x, y }, { epochs: 2 });
    expect(epochs.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  test("a signal aborted from outside stops a long epoch", async () => {
    using network = new Network(small);
    const start = performance.now();
    const training = network.fit(regressionData(2000), {
      epochs: 1e9,
      batchSize: 1,
      signal: AbortSignal.timeout(50),
      timeLimit: 5, // ends a training that never lets the timer fire
    });
    await expect(training).rejects.toMatchObject({ name: "TimeoutError" });
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test("a long fit lets the event loop turn", async () => {
    using network = new Network(small);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await network.fit(regressionData(2000), { epochs: 1e9, batchSize: 1, timeLimit: 0.4 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(4);
  });
});

describe("accuracy", () => {
  /** A layer that passes its inputs on as weighted inputs, 100-fold. */
  function passing(units: number, activation: "sigmoid" | "softmax") {
    const network = new Network({ inputs: units, layers: [dense(units, activation)] });
    const identity = Array.from({ length: units }, (_, i) =>
      Array.from({ length: units }, (_, j) => (i === j ? 100 : 0)),
    );
    network.setWeights([{ weights: identity, bias: new Float32Array(units) }]);
    return network;
  }

  test("of several sigmoid outputs: rows all of whose outputs are right, as in scikit-learn; the mean over outputs beside it", () => {
    using network = passing(3, "sigmoid");
    const x = [
      [-1, -1, -1],
      [1, 1, -1],
      [0.2, 0.1, -1],
      [-0.2, -0.1, -0.3],
    ];
    const metrics = ["accuracy", "binaryAccuracy"] as const;
    const right = x.map((row) => row.map((value) => Number(value > 0)));
    expect(network.evaluate({ x, y: right }, { metrics })).toMatchObject({ accuracy: 1, binaryAccuracy: 1 });
    // One output wrong in the third row, though its class is the largest; two in the last.
    const some = [right[0], right[1], [1, 0, 0], [1, 1, 0]];
    expect(network.evaluate({ x, y: some }, { metrics })).toMatchObject({ accuracy: 0.5, binaryAccuracy: 9 / 12 });
    // Labels say that a row has one class: the largest output.
    expect(network.evaluate({ x: x.slice(2), y: [0, 1] }, { metrics })).toMatchObject({ accuracy: 1 });
  });

  test.each(["hinge", "squaredHinge"] as const)("under %s: the side of 0, with targets of -1 and 1", (loss) => {
    using one = new Network({ inputs: 1, layers: [dense(1)], loss });
    one.setWeights([{ weights: [1], bias: [0] }]);
    const x = [[0.2], [-0.2], [3], [-0.1]];
    const metrics = ["accuracy", "binaryAccuracy", "confusionMatrix", "recall"] as const;
    const report = one.evaluate({ x, y: [1, -1, -1, -1] }, { metrics });
    expect(report).toMatchObject({ accuracy: 0.75, binaryAccuracy: 0.75, recall: 1 });
    expect(report.confusionMatrix).toEqual([
      [2, 1],
      [0, 1],
    ]);
    using two = new Network({ inputs: 2, layers: [dense(2)], loss });
    two.setWeights([{ weights: [1, 0, 0, 1], bias: [0, 0] }]);
    const signs = [
      [1, -1],
      [1, 1],
      [-1, -1],
    ];
    const rows = [
      [0.3, -0.3],
      [0.3, -0.3],
      [-0.1, -0.2],
    ];
    const both = two.evaluate({ x: rows, y: signs }, { metrics: ["accuracy", "binaryAccuracy"] });
    expect(both.accuracy).toBeCloseTo(2 / 3, 14);
    expect(both.binaryAccuracy).toBeCloseTo(5 / 6, 14);
    // In training as in evaluation.
    const { epochs } = one.fitSync({ x, y: [1, -1, 1, -1] }, { epochs: 1, batchSize: "full", metrics: ["accuracy"] });
    expect(epochs[0].accuracy).toBe(1);
  });

  test("of tanh outputs with targets of -1 and 1 under a squared error: the side of 0", () => {
    using network = new Network({ inputs: 1, layers: [dense(1, "tanh")], loss: "meanSquaredError" });
    network.setWeights([{ weights: [1], bias: [0] }]);
    const { accuracy } = network.evaluate({ x: [[0.2], [-0.2], [0.3]], y: [1, -1, -1] }, { metrics: ["accuracy"] });
    expect(accuracy).toBeCloseTo(2 / 3, 14);
  });

  test.each(["softmax", "logSoftmax"] as const)("of a single class, %s: 1", (name) => {
    using network = new Network({ inputs: 1, layers: [dense(1, name)], loss: "categoricalCrossEntropy" });
    const data = { x: [[0], [1], [2]], y: [1, 1, 1] };
    const metrics = ["accuracy", "confusionMatrix", "f1", "precision", "logLoss"] as const;
    const report = network.evaluate(data, { metrics });
    expect(report).toMatchObject({ accuracy: 1, confusionMatrix: [[3]], f1: 1, precision: 1 });
    expect(report.logLoss).toBeCloseTo(0, 6);
    expect(network.fitSync(data, { epochs: 1 }).epochs[0].accuracy).toBe(1);
  });

  test("of a softmax: the largest output, also where targets are probabilities", () => {
    using network = passing(3, "softmax");
    const y = [
      [0.4, 0.3, 0.3],
      [0.1, 0.45, 0.45],
    ];
    const x = [
      [0.2, 0.1, 0],
      [0, 0, 0.1],
    ];
    expect(network.evaluate({ x, y }).accuracy).toBe(0.5);
  });

  test("of one output: the side of ½", () => {
    using network = passing(1, "sigmoid");
    expect(network.evaluate({ x: [[-1], [1], [2]], y: [0, 1, 0] }).accuracy).toBeCloseTo(2 / 3, 12);
  });
});

describe("predictions", () => {
  const { x } = regressionData(70);

  test.each(["float32", "float64"] as const)("a row alone and among others has the same bits in %s", (dtype) => {
    for (const [first, second] of [
      [1, 1],
      [17, 33],
      [64, 10],
    ]) {
      using network = new Network({
        inputs: 3,
        layers: [dense(first, "relu"), dense(second, "tanh"), dense(5, "softmax")],
        dtype,
      });
      const together = network.predict(x);
      for (const chunk of [1, 7, 64]) {
        const parts: number[] = [];
        for (let begin = 0; begin < x.length; begin += chunk)
          parts.push(...network.predict(x.slice(begin, begin + chunk)));
        expect(parts).toEqual(Array.from(together));
      }
    }
  });

  test("every kind of matrix gives the same bits", () => {
    using network = new Network(small);
    const expected = network.predict(x);
    expect(expected).toBeInstanceOf(Float32Array);
    expect(expected.length).toBe(70 * 2);
    const flat = x.flat();
    const unaligned = new Float32Array(flat.length + 1).subarray(1);
    unaligned.set(flat);
    const kinds = {
      Float32Array: Float32Array.from(flat),
      Float64Array: Float64Array.from(flat),
      "a view at an odd offset": unaligned,
      "{ data, shape }": { data: Float32Array.from(flat), shape: [70, 3] },
      "{ data: number[], shape }": { data: flat, shape: [70, 3] },
      "rows of typed arrays": x.map((row) => Float32Array.from(row)),
      "a shared buffer": new Float32Array(new SharedArrayBuffer(4 * flat.length)),
    };
    kinds["a shared buffer"].set(flat);
    for (const [name, matrix] of Object.entries(kinds)) expect(network.predict(matrix), name).toEqual(expected);
  });

  test("integer arrays", () => {
    using network = new Network(small);
    const rows = [
      [1, 2, 3],
      [4, 0, 6],
    ];
    const expected = network.predict(rows);
    for (const kind of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]) {
      expect(network.predict(kind.from(rows.flat())), kind.name).toEqual(expected);
    }
  });

  test("float64 goes in and comes out", () => {
    using network = new Network({ ...small, dtype: "float64" });
    expect(network.predict(x)).toBeInstanceOf(Float64Array);
  });

  test("change nothing", () => {
    using network = new Network(small);
    const before = network.fingerprint();
    network.predict(x);
    network.evaluate(regressionData(9));
    network.gradients(regressionData(9));
    network.trace(x[0], [0, 0]);
    network.summary();
    JSON.stringify(network);
    expect(network.fingerprint()).toBe(before);
  });

  test("evaluate: loss, accuracy, r2", () => {
    using classifier = new Network({ inputs: 2, layers: [dense(2, "softmax", { bias: false })] });
    classifier.setWeights([{ weights: [1, 0, 0, 1] }]);
    const points = [
      [2, 0],
      [0, 2],
      [2, 0],
      [0, 2],
    ];
    const right = Math.log1p(Math.exp(-2));
    const wrong = Math.log1p(Math.exp(2));
    const report = classifier.evaluate({ x: points, y: [0, 1, 0, 0] });
    expect(report.accuracy).toBe(0.75);
    expect(report.loss).toBeCloseTo((3 * right + wrong) / 4, 6);

    using oneUnit = new Network({ inputs: 1, layers: [dense(1, "sigmoid", { bias: false })] });
    oneUnit.setWeights([{ weights: [1] }]);
    expect(oneUnit.evaluate({ x: [[1], [-1], [2], [-2]], y: [1, 0, 0, 0] }).accuracy).toBe(0.75);

    using regressor = new Network({ inputs: 1, layers: [dense(1, "linear", { bias: false })] });
    regressor.setWeights([{ weights: [1] }]);
    const { loss, r2, accuracy } = regressor.evaluate({ x: [[1], [2], [3]], y: [1, 2, 5] }, { metrics: ["r2"] });
    expect(loss).toBeCloseTo(4 / 3, 6);
    // Around their mean 8/3 the targets have the squares 25/9 + 4/9 + 49/9 = 26/3; what is left over is 4.
    expect(r2).toBeCloseTo(1 - 4 / (26 / 3), 6);
    expect(accuracy).toBeUndefined();
  });
});

describe("keeping", () => {
  test.each(["float32", "float64"] as const)("JSON and back: the same network to the bit in %s", (dtype) => {
    const { x, y } = regressionData(40);
    using network = new Network({
      ...small,
      layers: [dense(5, { name: "leakyRelu", slope: 0.2 }, { name: "first" }), dense(2, "linear", { bias: false })],
      l2: 0.01,
      dtype,
    });
    network.fitSync({ x, y }, { epochs: 3 });
    using back = Network.fromJSON(JSON.parse(JSON.stringify(network)));
    expect(back.fingerprint()).toBe(network.fingerprint());
    expect(back.predict(x)).toEqual(network.predict(x));
    expect(back.evaluate({ x, y })).toEqual(network.evaluate({ x, y }));
    expect(back.summary()).toBe(network.summary());
    expect(back.seed).toBe(network.seed);
    expect(JSON.stringify(back)).toBe(JSON.stringify(network));
  });
});

describe("memory", () => {
  test("dispose can be called twice, and using calls it", () => {
    let kept: Network<DType>;
    {
      using network = new Network(small);
      kept = network;
      expect(kept.predict([[1, 2, 3]]).length).toBe(2);
    }
    expect(() => kept.predict([[1, 2, 3]])).toThrow(expect.objectContaining({ code: "ERR_DISPOSED" }));
    kept.dispose();
  });

  test("networks do not disturb one another's memory", () => {
    const data = regressionData(30);
    const train = (network: Network<DType>) => (network.fitSync(data, { epochs: 3 }), network.fingerprint());
    using alone = new Network(small);
    const expected = train(alone);
    const many = Array.from({ length: 40 }, (_, k) => new Network({ ...small, layers: [dense(k + 1), dense(2)] }));
    many.forEach((network, k) => k % 2 && network.dispose());
    using between = new Network(small);
    const fingerprints = many.map((network, k) => (k % 2 ? "" : network.fingerprint()));
    expect(train(between)).toBe(expected);
    expect(many.map((network, k) => (k % 2 ? "" : network.fingerprint()))).toEqual(fingerprints);
    many.forEach((network) => network.dispose());
  });

  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  /** Collects, and lets finalizers run, which they do between tasks. */
  const collect = async () => {
    for (let round = 0; round < 2; round++) {
      collectGarbage();
      await setImmediate();
    }
  };

  test("a network that nobody can reach gives its memory back", async () => {
    const zeros = { x: new Float32Array(64), y: [Array.from({ length: 64 }, () => 0)] };
    await collect();
    const { used } = engineOf("float32");
    (() => {
      for (let k = 0; k < 50; k++) new Network({ inputs: 64, layers: [dense(64)] }).trainOnBatch(zeros);
    })();
    expect(engineOf("float32").used).toBeGreaterThan(used + 50 * 64 * 64 * 4);
    for (let round = 0; round < 20 && engineOf("float32").used > used; round++) await collect();
    expect(engineOf("float32").used).toBeLessThanOrEqual(used);
  });

  test("10,000 networks made and dropped without dispose stay within bounds", async () => {
    const data = classData(32);
    const make = async (count: number) => {
      for (let k = 0; k < count; k++) {
        // With Adam this holds about 70 kB: 10,000 of them without reuse would be 700 MB.
        const network = new Network({ inputs: 2, layers: [dense(64, "relu"), dense(64, "relu"), dense(3, "softmax")] });
        network.trainOnBatch({ x: data.x, y: data.labels });
        if (k % 250 === 249) await collect();
      }
    };
    await make(1000);
    const before = process.memoryUsage().rss;
    await make(9000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
  });
});
