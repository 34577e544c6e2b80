// Weights of samples and classes: what they mean, and where they reach.
import { describe, expect, test } from "vitest";
import { Classifier, dense, Network, Regressor, type Data, type DType, type NetworkOptions } from "../src/index.ts";
import { failure } from "./failure.ts";
import { generator, gradients, loss, matrix, model, relativeDifference } from "./reference.ts";

const PRECISIONS = ["float32", "float64"] as const;

/** Rows of 3 inputs, exact in float32, with targets of several kinds. */
function rows(count: number, seed = 1) {
  const draw = generator(seed);
  const x = matrix(count, 3, () => Math.fround(draw()));
  const labels = x.map(([a, b]) => (a > 0.3 ? (b > 0 ? 0 : 1) : 2));
  return {
    x,
    labels,
    oneHot: labels.map((label) => [0, 1, 2].map((k) => Number(k === label))),
    y: x.map(([a]) => [a * a]),
  };
}

const softmax: NetworkOptions = { inputs: 3, layers: [dense(5, "tanh"), dense(3, "softmax")], seed: 3 };
const line: NetworkOptions = { inputs: 3, layers: [dense(4, "tanh"), dense(1)], optimizer: "adam", seed: 5 };

/** The weights after some training, as a fingerprint. */
function trained(options: NetworkOptions, data: Data, fit: Parameters<Network["fitSync"]>[1]) {
  using network = new Network(options);
  const { epochs } = network.fitSync(data, fit);
  return { bits: network.fingerprint(), losses: epochs.map((epoch) => [epoch.loss, epoch.validation?.loss]) };
}

describe("sample weights", () => {
  test.each([
    ["labels", softmax, { x: rows(23).x, y: rows(23).labels }],
    ["one-hot targets", softmax, { x: rows(23).x, y: rows(23).oneHot }],
    ["numbers", line, { x: rows(23).x, y: rows(23).y }],
  ] as [string, NetworkOptions, Data][])("of 1 are none, to the bit: %s", (_name, options, data) => {
    for (const dtype of PRECISIONS) {
      for (const fit of [
        { epochs: 4, batchSize: 5 },
        { epochs: 4, batchSize: 1, validation: 0.3 },
        { epochs: 3, batchSize: "full", shuffle: false },
        { epochs: 3, batchSize: 7, shuffle: "withReplacement" },
      ] as const) {
        const network = { ...options, dtype } as NetworkOptions;
        const plain = trained(network, data, fit);
        expect(trained(network, data, { ...fit, sampleWeights: new Uint8Array(23).fill(1) })).toEqual(plain);
        expect(trained(network, { ...data, sampleWeights: new Array<number>(23).fill(4) }, fit)).toEqual(plain);
      }
    }
  });

  test("of 2 are the row twice, of 0 the row left out, and their scale says nothing", () => {
    const { x, y } = rows(11);
    const weights = x.map((_, r) => [1, 2, 0, 3][r % 4]);
    const repeated = x.flatMap((_, r) => new Array<number>(weights[r]).fill(r));
    const copies = { x: repeated.map((r) => x[r]), y: repeated.map((r) => y[r]) };
    const fit = { epochs: 6, batchSize: "full", shuffle: false } as const;
    using expected = new Network({ ...line, dtype: "float64" });
    const losses = expected.fitSync(copies, fit).epochs.map((epoch) => epoch.loss);
    for (const scale of [1, 0.1, 1e200]) {
      using network = new Network({ ...line, dtype: "float64" });
      const { epochs } = network.fitSync({ x, y }, { ...fit, sampleWeights: weights.map((w) => scale * w) });
      expect(
        relativeDifference(
          epochs.map((epoch) => epoch.loss),
          losses,
        ),
      ).toBeLessThan(1e-12);
      expect(relativeDifference(network.predict(x), expected.predict(x))).toBeLessThan(1e-12);
      const sampleWeights = weights.map((w) => scale * w);
      expect(network.evaluate({ x, y }, { sampleWeights }).loss).toBeCloseTo(expected.evaluate(copies).loss, 13);
      expect(network.evaluate({ x, y, sampleWeights }).loss).toBeCloseTo(expected.evaluate(copies).loss, 13);
    }
  });

  test("of small batches keep their proportions: a batch of one row is its loss times its weight", () => {
    const { x, y } = rows(6);
    const sampleWeights = [3, 1, 0, 2, 4, 2]; // of mean 2
    const options: NetworkOptions<DType> = {
      ...line,
      dtype: "float64",
      optimizer: { name: "sgd", learningRate: 0.1 },
    };
    using network = new Network(options);
    const twin = model(options as NetworkOptions, network.getWeights());
    const losses: number[] = [];
    network.fitSync(
      { x, y },
      { epochs: 1, batchSize: 1, shuffle: false, sampleWeights, onBatch: (b) => losses.push(b.loss) },
    );
    x.forEach((row, r) => {
      const part = sampleWeights[r] / 2;
      expect(losses[r]).toBeCloseTo(part * loss(twin, [row], [y[r]]), 13);
      const slopes = gradients(twin, [row], [y[r]]);
      twin.stages.forEach(({ parameters }, l) => {
        slopes[l].weights.forEach((slope, k) => (parameters!.weights[k] -= 0.1 * part * slope));
        slopes[l].bias!.forEach((slope, k) => (parameters!.bias![k] -= 0.1 * part * slope));
      });
    });
    network.getWeights().forEach(({ weights }, l) => {
      expect(relativeDifference(weights, twin.stages[l].parameters!.weights)).toBeLessThan(1e-12);
    });
  });

  test.each(PRECISIONS)("leave a row out whose loss is not finite, in %s", (dtype) => {
    using network = new Network({ inputs: 1, layers: [dense(1, "relu")], loss: "poisson", dtype, seed: 1 });
    network.setWeights([{ weights: [1], bias: [0] }]);
    const large = dtype === "float32" ? 3e38 : 1e308;
    // The largest numbers times their logarithm are beyond all numbers, and their difference is NaN or −∞.
    const x = [[large], [1]];
    expect(Number.isFinite(network.evaluate({ x, y: [large, 1] }).loss)).toBe(false);
    expect(network.evaluate({ x, y: [large, 1], sampleWeights: [0, 5] }).loss).toBeCloseTo(1, 6);
    const [{ weights, bias }] = network.gradients({ x, y: [large, 3], sampleWeights: [0, 5] });
    expect([weights[0], bias![0]]).toEqual([-2, -2]);
  });

  test("stand in held-back rows' losses, in validation data's, and in a single update's", () => {
    const { x, y } = rows(30);
    const sampleWeights = x.map((_, r) => (r % 5) + 0.5);
    using network = new Network({ ...line, dtype: "float64" });
    const { epochs } = network.fitSync({ x, y }, { epochs: 1, validation: { x, y, sampleWeights } });
    expect(epochs[0].validation!.loss).toBeCloseTo(network.evaluate({ x, y, sampleWeights }).loss, 14);
    expect(epochs[0].validation!.loss).not.toBeCloseTo(network.evaluate({ x, y }).loss, 4);

    // Training rows and held-back rows together are all rows: so are their weighted sums.
    using frozen = new Network({ ...line, dtype: "float64", optimizer: { name: "sgd", learningRate: 1e-12 } });
    const whole = frozen.evaluate({ x, y, sampleWeights }).loss;
    const held = frozen.fitSync({ x, y }, { epochs: 1, validation: 0.4, sampleWeights }).epochs[0];
    const total = sampleWeights.reduce((a, b) => a + b);
    const part = (whole - held.loss) / (held.validation!.loss - held.loss);
    const subsets = new Set<number>();
    // Every row weighs a half integer, so the rows held back do together.
    for (let weight = 6; weight <= total; weight += 0.5) subsets.add(weight);
    expect(subsets.has(Number((part * total).toFixed(6)))).toBe(true);

    using single = new Network({ ...line, dtype: "float64" });
    const twin = model(line, single.getWeights());
    expect(single.trainOnBatch({ x, y, sampleWeights })).toBeCloseTo(loss(twin, x, y, sampleWeights), 14);
  });

  test("of samples that are bytes are those of the same numbers", () => {
    const { x, y } = rows(13);
    const bytes = Uint8Array.from(x.flat(), (value) => Math.round(100 * (value + 1)));
    const sampleWeights = x.map((_, r) => r % 4);
    for (const fit of [{ batchSize: 1 }, { batchSize: 5 }, { batchSize: "full", shuffle: false }] as const) {
      expect(trained(line, { x: bytes, y }, { ...fit, epochs: 2, sampleWeights })).toEqual(
        trained(line, { x: Float32Array.from(bytes), y }, { ...fit, epochs: 2, sampleWeights }),
      );
    }
  });

  test("leave metrics as they are", () => {
    const { x, labels } = rows(20);
    using network = new Network(softmax);
    const sampleWeights = x.map((_, r) => r % 2);
    const plain = network.evaluate({ x, y: labels });
    const weighed = network.evaluate({ x, y: labels }, { sampleWeights });
    expect(weighed.accuracy).toBe(plain.accuracy);
    expect(weighed.loss).not.toBe(plain.loss);
  });

  test("seven calls of one epoch are one call of seven", () => {
    const { x, y } = rows(17);
    const fit = { batchSize: 4, sampleWeights: x.map((_, r) => 1 + (r % 3)) };
    using once = new Network(line);
    using often = new Network(line);
    once.fitSync({ x, y }, { ...fit, epochs: 7 });
    for (let k = 0; k < 7; k++) often.fitSync({ x, y }, { ...fit, epochs: 1 });
    expect(often.fingerprint()).toBe(once.fingerprint());
  });
});

describe("class weights", () => {
  test("balanced are n / (k n_c), however classes are told", () => {
    const { x, labels, oneHot } = rows(40);
    const counts = [0, 1, 2].map((k) => labels.filter((label) => label === k).length);
    const array = counts.map((count) => 40 / (3 * count));
    const sampleWeights = labels.map((label) => array[label]);
    const fit = { epochs: 3, batchSize: 8 };
    for (const dtype of PRECISIONS) {
      const options = { ...softmax, dtype } as NetworkOptions;
      const expected = trained(options, { x, y: labels }, { ...fit, sampleWeights });
      for (const y of [labels, oneHot]) {
        for (const classWeights of ["balanced", array, { ...array }] as const) {
          expect(trained(options, { x, y }, { ...fit, classWeights }), JSON.stringify(classWeights)).toEqual(expected);
        }
      }
    }
    // Classes that are not named stay at 1, and classes' weights are multiplied with samples'.
    const own = x.map((_, r) => 1 + (r % 4));
    expect(trained(softmax, { x, y: labels }, { ...fit, classWeights: { 2: 3 }, sampleWeights: own })).toEqual(
      trained(softmax, { x, y: labels }, { ...fit, sampleWeights: labels.map((k, r) => (k === 2 ? 3 : 1) * own[r]) }),
    );
  });

  test("of one output: its two sides", () => {
    const { x, labels } = rows(30);
    const sides = labels.map((label) => Number(label === 1));
    const fit = { epochs: 3, batchSize: 8 };
    const cases: [NetworkOptions, number[]][] = [
      [{ inputs: 3, layers: [dense(1, "sigmoid")] }, sides],
      [{ inputs: 3, layers: [dense(1, "tanh")], loss: "hinge" }, sides.map((side) => 2 * side - 1)],
      [{ inputs: 3, layers: [dense(1, "sigmoid")], loss: "squaredError" }, sides],
    ];
    for (const [options, y] of cases) {
      expect(trained(options, { x, y }, { ...fit, classWeights: [1, 5] })).toEqual(
        trained(options, { x, y }, { ...fit, sampleWeights: sides.map((side) => 1 + 4 * side) }),
      );
    }
  });

  test("count the rows that train, and weigh those of validation alike", () => {
    const { x, labels } = rows(40);
    using network = new Network({ ...softmax, dtype: "float64" });
    const other = rows(25, 9);
    const { epochs } = network.fitSync(
      { x, y: labels },
      { epochs: 1, classWeights: [1, 4, 2], validation: { x: other.x, y: other.labels } },
    );
    const expected = network.evaluate({ x: other.x, y: other.labels }, { classWeights: [1, 4, 2] }).loss;
    expect(epochs[0].validation!.loss).toBeCloseTo(expected, 14);
    // A class that no row has does not count among the k.
    const none = labels.map((label) => Math.min(label, 1));
    const balanced = network.evaluate({ x, y: none }, { classWeights: "balanced" }).loss;
    const n1 = none.filter((label) => label === 1).length;
    expect(balanced).toBeCloseTo(network.evaluate({ x, y: none }, { classWeights: [n1, 40 - n1, 7] }).loss, 13);
  });

  test("of several classes a row are refused, naming the row", () => {
    using network = new Network({ inputs: 3, layers: [dense(3, "sigmoid")] });
    const y = [
      [1, 0, 0],
      [1, 0, 1],
    ];
    expect(failure(() => network.fitSync({ x: rows(2).x, y }, { classWeights: "balanced" }))).toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining("y[row 1] is [1, 0, 1]"),
    });
  });
});

describe("estimators", () => {
  const { x, labels, y } = rows(80);
  const names = labels.map((label) => ["ape", "bee", "cat"][label]);

  test("take class weights by label, and balance the rows that train", () => {
    const fingerprint = (options: Parameters<Classifier["fitSync"]>[2]) => {
      using classifier = new Classifier({ hidden: [4] });
      classifier.fitSync(x, names, { epochs: 5, ...options });
      return classifier.network!.fingerprint();
    };
    const byName = fingerprint({ classWeights: { bee: 4, cat: 0.5 } });
    expect(byName).toBe(fingerprint({ classWeights: [1, 4, 0.5] }));
    expect(byName).toBe(
      fingerprint({ sampleWeights: names.map((name) => (name === "bee" ? 4 : name === "cat" ? 0.5 : 1)) }),
    );
    expect(byName).not.toBe(fingerprint({}));

    using classifier = new Classifier({ hidden: [4] });
    classifier.fitSync(x, names, { epochs: 5, classWeights: "balanced" });
    const training = names.filter((_, row) => !classifier.heldBack.includes(row));
    const weights = classifier.classes.map((label) => {
      return training.length / (3 * training.filter((name) => name === label).length);
    });
    expect(classifier.network!.fingerprint()).toBe(fingerprint({ classWeights: weights }));
    expect(classifier.evaluate(x, names, { classWeights: { bee: 9 } }).loss).not.toBe(
      classifier.evaluate(x, names).loss,
    );
  });

  test("balanced weights find a rare class that plain training gives up", () => {
    // 95 of one class and 5 of another, which overlap: without weights nobody is ever called rare.
    const draw = generator(4);
    const inputs = matrix(100, 2, draw);
    const rare = inputs.map(([a, b], r) => (a + b > 0.6 && r % 3 === 0 ? "rare" : "common"));
    const recall = (classWeights?: "balanced") => {
      using classifier = new Classifier({ hidden: [] });
      classifier.fitSync(inputs, rare, { validation: 0, epochs: 40, classWeights });
      const found = classifier.predict(inputs).filter((label, r) => label === "rare" && rare[r] === "rare");
      return found.length / rare.filter((label) => label === "rare").length;
    };
    expect(recall()).toBeLessThan(0.3);
    expect(recall("balanced")).toBeGreaterThan(0.85);
  });

  test("take sample weights through held-back rows, validation data and partialFit", () => {
    const sampleWeights = x.map((_, r) => 1 + (r % 3));
    using weighed = new Regressor({ hidden: [4] });
    const history = weighed.fitSync(x, y, { epochs: 3, sampleWeights, validation: 0.2 });
    expect(history.epochs).toHaveLength(3);
    const held = weighed.heldBack;
    const expected = weighed.evaluate(
      held.map((row) => x[row]),
      held.map((row) => y[row]),
      { sampleWeights: held.map((row) => sampleWeights[row]) },
    );
    // Networks are averaged: the model is no worse than the last of them.
    expect(held).toHaveLength(16);
    expect(expected.loss).toBeLessThan(1.2 * history.epochs.at(-1)!.validation!.loss);
    using alone = new Regressor({ hidden: [4], ensemble: 1 });
    const last = alone.fitSync(x, y, { epochs: 3, sampleWeights, validation: 0.2 }).epochs.at(-1)!;
    const figures = alone.evaluate(
      held.map((row) => x[row]),
      held.map((row) => y[row]),
      { sampleWeights: held.map((row) => sampleWeights[row]) },
    );
    expect(last.validation!.loss).toBeCloseTo(figures.loss, 5);
    using plain = new Regressor({ hidden: [4] });
    plain.fitSync(x, y, { epochs: 3 });
    expect(weighed.network!.fingerprint()).not.toBe(plain.network!.fingerprint());
    const validation = { x, y, sampleWeights };
    using single = new Regressor({ hidden: [4], ensemble: 1 });
    expect(single.fitSync(x, y, { epochs: 1, validation }).epochs[0].validation!.loss).toBeCloseTo(
      single.evaluate(x, y, { sampleWeights }).loss,
      5,
    );
    const before = plain.network!.fingerprint();
    plain.partialFit(x, y, { sampleWeights });
    expect(plain.network!.fingerprint()).not.toBe(before);
  });

  test("refuse what cannot be, and keep their model", () => {
    using classifier = new Classifier({ hidden: [4] });
    classifier.fitSync(x, names, { epochs: 2 });
    const before = classifier.network!.fingerprint();
    const cases: [object, string, string][] = [
      [{ classWeights: { dog: 2 } }, "ERR_CONFIG", 'unknown class "dog"; known: ape, bee, cat'],
      [{ classWeights: [1, 2] }, "ERR_CONFIG", "2 numbers for 3 classes"],
      [{ sampleWeights: [1, 2] }, "ERR_SHAPE", "80 rows"],
      [{ sampleWeights: x.map(() => -1) }, "ERR_DATA", "sampleWeights[row 0] is -1"],
    ];
    for (const [options, code, message] of cases) {
      expect(failure(() => classifier.fitSync(x, names, options))).toMatchObject({
        code,
        message: expect.stringContaining(message),
      });
    }
    expect(classifier.network!.fingerprint()).toBe(before);
    using regressor = new Regressor();
    expect(failure(() => regressor.fitSync(x, y, { classWeights: "balanced" }))).toMatchObject({ code: "ERR_CONFIG" });
  });
});

test("label smoothing of single outputs: towards ½, as Keras has it", () => {
  for (const dtype of PRECISIONS) {
    const at = (loss: NetworkOptions["loss"], y: number) => {
      using network: Network<DType> = new Network({ inputs: 1, layers: [dense(1, "sigmoid")], loss, dtype });
      network.setWeights([{ weights: [0], bias: [2] }]);
      return network.evaluate({ x: [[0]], y: [y] }).loss;
    };
    for (const name of ["binaryCrossEntropy", "sigmoidCrossEntropy"] as const) {
      expect(at({ name, labelSmoothing: 0.2 }, 1)).toBeCloseTo(at(name, Math.fround(0.9)), 6);
      expect(at({ name, labelSmoothing: 0.2 }, 0)).toBeCloseTo(at(name, Math.fround(0.1)), 6);
    }
  }
});
