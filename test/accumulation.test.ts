// Updates from several batches, and moving averages of the weights: what they equal, what they remember, what is said.
import { describe, expect, test } from "vitest";
import { type BatchReport, type DType, Network, type OptimizerSpec, dense } from "../src/index.ts";
import { leave } from "./leave.ts";
import { generator, matrix, relativeDifference } from "./reference.ts";

const draw = generator(8);
const x = matrix(22, 3, draw);
const y = x.map(([a, b, c]) => [a * b - c, 0.5 * a + b * c]);
const layers = [dense(5, "tanh"), dense(3, "sigmoid", { trainable: "weights" }), dense(2)];
const make = (optimizer: OptimizerSpec, dtype: DType = "float64") =>
  new Network({ inputs: 3, layers, optimizer, l2: 0.01, dtype, seed: 3 });
const flat = (weights: { weights: ArrayLike<number>; bias?: ArrayLike<number> }[]) =>
  weights.flatMap(({ weights, bias = [] }) => [...Array.from(weights), ...Array.from(bias)]);

const rules = [
  { name: "sgd", learningRate: 0.1 },
  { name: "sgd", learningRate: 0.1, momentum: 0.8, flavor: "keras" },
  { name: "adam", learningRate: 0.02, clipNorm: 0.1, weightDecay: 0.1 },
] as const;

describe("accumulate", () => {
  // Batches of 4, 4, 4, 4, 4 and 2 rows: groups end within epochs, and weigh their batches unequally.
  test.each(rules.flatMap((rule) => [2, 3, 4, 7].map((k) => ({ rule, k, name: JSON.stringify(rule) }))))(
    "$k batches are one batch of all their rows: $name",
    ({ rule, k }) => {
      using apart = make({ ...rule, accumulate: k });
      using together = make(rule);
      apart.fitSync({ x, y }, { epochs: 7, batchSize: 4, shuffle: false });
      const batches = Array.from({ length: 7 }, () => [0, 4, 8, 12, 16, 20]).flat();
      const groups = Array.from({ length: Math.floor(batches.length / k) }, (_, g) => batches.slice(g * k, g * k + k));
      for (const group of groups) {
        const rows = group.flatMap((first) => x.map((_, r) => r).slice(first, first + 4));
        together.trainOnBatch({ x: rows.map((r) => x[r]), y: rows.map((r) => y[r]) });
      }
      expect(relativeDifference(flat(apart.getWeights()), flat(together.getWeights()))).toBeLessThan(1e-13);
    },
  );

  test.each(["float32", "float64"] as const)(
    "a group goes on over epochs, calls, and while the network is away: %s",
    (dtype) => {
      for (const accumulate of [2, 4, 5]) {
        using once = make({ name: "adam", accumulate, averaging: 0.9 }, dtype);
        using often = make({ name: "adam", accumulate, averaging: 0.9 }, dtype);
        once.fitSync({ x, y }, { epochs: 7, batchSize: 6 });
        for (let k = 0; k < 7; k++) {
          often.fitSync({ x, y }, { epochs: 1, batchSize: 6 });
          leave(often);
        }
        expect(often.fingerprint()).toBe(once.fingerprint());
        expect(often.getWeights({ averaged: true })).toEqual(once.getWeights({ averaged: true }));
      }
    },
  );

  test("a batch of one in plain gradient descent waits like any other", () => {
    using network = make({ name: "sgd", learningRate: 0.1, accumulate: 2 });
    const before = network.fingerprint();
    network.trainOnBatch({ x: [x[0]], y: [y[0]] });
    expect(network.fingerprint()).toBe(before);
    network.trainOnBatch({ x: [x[1]], y: [y[1]] });
    expect(network.fingerprint()).not.toBe(before);
  });

  test("steps and rates count updates, not batches", () => {
    using network = make({
      name: "sgd",
      accumulate: 4,
      learningRate: (step) => 0.1 / (1 + step),
    });
    const reports: BatchReport[] = [];
    network.fitSync(
      { x, y },
      { epochs: 3, batchSize: 8, shuffle: false, onBatch: (report) => void reports.push(report) },
    );
    const steps = [0, 0, 0, 0, 1, 1, 1, 1, 2];
    expect(reports.map(({ step }) => step)).toEqual(steps);
    expect(reports.map(({ learningRate }) => learningRate)).toEqual(steps.map((step) => 0.1 / (1 + step)));
    using inOneCall = make({ name: "sgd", accumulate: 4, learningRate: (step) => 0.1 / (1 + step) });
    inOneCall.fitSync({ x, y }, { epochs: 3, batchSize: 8, shuffle: false });
    expect(inOneCall.fingerprint()).toBe(network.fingerprint());
  });

  test("after a divergence nothing waits any more", () => {
    using wild = make({ name: "sgd", accumulate: 2 });
    using calm = make({ name: "sgd", accumulate: 2 });
    const before = wild.getWeights();
    wild.trainOnBatch({ x: x.slice(0, 4), y: y.slice(0, 4) });
    const huge = x.map((row) => row.map((value) => value * 1e200));
    expect(() => wild.fitSync({ x: huge, y: huge.map(([a, b]) => [a, b]) })).toThrow(/loss became/);
    wild.setWeights(before);
    for (const network of [wild, calm]) {
      network.trainOnBatch({ x: x.slice(4, 8), y: y.slice(4, 8) });
      network.trainOnBatch({ x: x.slice(8, 16), y: y.slice(8, 16) });
    }
    expect(wild.fingerprint()).toBe(calm.fingerprint());
  });

  test("a fit that does not say makes as many updates as without", () => {
    const epochs = (accumulate: number) => {
      using network = make({ name: "sgd", accumulate });
      return network.fitSync({ x, y }, { batchSize: 1 }).epochs.length;
    };
    expect(epochs(1)).toBe(100);
    expect(epochs(11)).toBe(1000);
  });
});

describe("averaging", () => {
  test.each([
    { averaging: 0.9, decay: 0.9, start: 1 },
    { averaging: { decay: 0.8 }, decay: 0.8, start: 1 },
    { averaging: { decay: 0.8, start: 0 }, decay: 0.8, start: 0 },
    { averaging: { decay: 0.8, start: 1 }, decay: 0.8, start: 1 },
    { averaging: { decay: 0.7, start: 4 }, decay: 0.7, start: 4 },
    { averaging: 0, decay: 0, start: 1 },
  ])("$averaging: a copy at first, then a ← c a + (1 − c) w", ({ averaging, decay, start }) => {
    for (const dtype of ["float32", "float64"] as const) {
      using network = make({ name: "adam", learningRate: 0.05, averaging }, dtype);
      expect(network.getWeights({ averaged: true })).toEqual(network.getWeights());
      let expected = flat(network.getWeights());
      for (let t = 1; t <= 12; t++) {
        network.trainOnBatch({ x, y });
        const weights = flat(network.getWeights());
        expected = t <= start ? weights : expected.map((a, k) => decay * a + (1 - decay) * weights[k]);
        const averaged = flat(network.getWeights({ averaged: true }));
        expect(relativeDifference(averaged, expected)).toBeLessThan(dtype === "float64" ? 1e-15 : 1e-6);
      }
    }
  });

  test("predict and evaluate use it where asked to, and training does not", () => {
    using network = make({ name: "adam", learningRate: 0.05, averaging: 0.95 });
    using plain = make({ name: "adam", learningRate: 0.05 });
    for (const one of [network, plain]) one.fitSync({ x, y }, { epochs: 5 });
    expect(network.fingerprint()).toBe(plain.fingerprint());
    const averaged = network.getWeights({ averaged: true });
    expect(averaged).not.toEqual(network.getWeights());
    expect(network.predict(x)).toEqual(plain.predict(x));
    const report = network.evaluate({ x, y }, { averaged: true });
    const answers = network.predict(x, { averaged: true });
    expect(network.fingerprint()).toBe(plain.fingerprint());
    expect(network.evaluate({ x, y })).toEqual(plain.evaluate({ x, y }));
    plain.setWeights(averaged);
    expect(answers).toEqual(plain.predict(x));
    expect(report).toEqual(plain.evaluate({ x, y }));
    expect(report.penalty).toBeGreaterThan(0);
  });

  test("what is held fixed is the same in both", () => {
    using network = make({ name: "sgd", averaging: 0.5 });
    network.fitSync({ x, y }, { epochs: 3 });
    expect(network.getWeights({ averaged: true })[1].bias).toEqual(network.getWeights()[1].bias);
  });

  test("JSON holds the weights, and the description of the average", () => {
    using network = make({ name: "adam", averaging: { decay: 0.9, start: 2 } });
    network.fitSync({ x, y }, { epochs: 5 });
    const json = JSON.parse(JSON.stringify(network));
    expect(json.optimizer.averaging).toEqual({ decay: 0.9, start: 2 });
    using back = Network.fromJSON(json);
    expect(back.fingerprint()).toBe(network.fingerprint());
    expect(back.getWeights({ averaged: true })).toEqual(network.getWeights());
  });

  test("early stopping brings back the average that belongs to the best weights", () => {
    using network = make({ name: "sgd", learningRate: 0.1, averaging: 0.9 });
    using best = make({ name: "sgd", learningRate: 0.1, averaging: 0.9 });
    const options = { batchSize: 4, shuffle: false } as const;
    // What is learnt here is wrong there.
    const validation = { x, y: y.map((row) => row.map((value) => -value)) };
    const history = network.fitSync({ x, y }, { ...options, epochs: 200, validation, earlyStopping: { patience: 3 } });
    expect(history.stopped).toBe("earlyStopping");
    best.fitSync({ x, y }, { ...options, epochs: history.best!.epoch });
    expect(network.fingerprint()).toBe(best.fingerprint());
    expect(network.getWeights({ averaged: true })).toEqual(best.getWeights({ averaged: true }));
  });

  test("a network without one says so", () => {
    using network = make("adam");
    for (const ask of [
      () => network.predict(x, { averaged: true }),
      () => network.evaluate({ x, y }, { averaged: true }),
      () => network.getWeights({ averaged: true }),
    ]) {
      expect(ask).toThrow(/keeps no average of its weights; give its optimizer one, for example averaging: 0\.999/);
    }
    expect(() => network.predict(x, { averaged: 1 } as never)).toThrow(/averaged must be true or false, got 1/);
    expect(() => network.predict(x, { average: true } as never)).toThrow(/did you mean "averaged"/);
  });

  test.each([
    [1, "optimizer.averaging must be a number in [0, 1), got 1"],
    ["0.9", 'optimizer.averaging must be a number in [0, 1), got "0.9"'],
    [{}, "optimizer.averaging.decay must be a number in [0, 1), got undefined"],
    [{ decay: 0.9, start: 1.5 }, "optimizer.averaging.start must be an integer >= 0, got 1.5"],
    [{ decay: 0.9, begin: 2 }, 'optimizer.averaging: unknown option "begin"'],
  ])("%j is refused", (averaging, message) => {
    expect(() => make({ name: "adam", averaging } as never)).toThrow(message);
  });
});

describe("averaging beside maxNorm", () => {
  test.each(["float32", "float64"] as const)("takes in weights that were shortened, in %s", (dtype) => {
    for (const averaging of [0.9, { decay: 0.5, start: 0 }, { decay: 0.5, start: 3 }]) {
      const { decay, start = 1 } = typeof averaging === "number" ? { decay: averaging } : averaging;
      using network = new Network({
        inputs: 2,
        layers: [dense(5, "tanh", { maxNorm: 0.3 }), dense(2)],
        optimizer: { name: "sgd", learningRate: 1, averaging },
        dtype,
      });
      let expected = flat(network.getWeights());
      for (let t = 1; t <= 6; t++) {
        network.trainOnBatch({ x: [[1, -2], [3, 1]], y: [[4, -5], [2, 6]] }); // prettier-ignore
        const weights = flat(network.getWeights());
        expected = t <= start ? weights : expected.map((a, k) => decay * a + (1 - decay) * weights[k]);
        const averaged = flat(network.getWeights({ averaged: true }));
        expect(relativeDifference(averaged, expected)).toBeLessThan(dtype === "float64" ? 1e-15 : 1e-6);
      }
    }
  });
});
