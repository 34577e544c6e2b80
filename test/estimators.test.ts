// Classifier and Regressor: what they learn by default, what they keep, and what they refuse.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Classifier } from "../src/estimators/classifier.ts";
import type { Labels } from "../src/data/labels.ts";
import { Regressor } from "../src/estimators/regressor.ts";
import { failure, rejection } from "./failure.ts";
import type { Matrix, Targets } from "../src/data/data.ts";

const includes = (message: string): unknown => expect.stringContaining(message);

const CORNERS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const XOR = [0, 1, 1, 0];

function read(path: string): { x: number[][]; y: string[] } {
  const lines = readFileSync(new URL(path, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .slice(1);
  const cells = lines.map((line) => line.split(","));
  return { x: cells.map((row) => row.slice(0, -1).map(Number)), y: cells.map((row) => row[row.length - 1]) };
}
const iris = read("../examples/data/iris.csv");

describe("what the defaults reach", () => {
  it("solves XOR with four hidden neurons from all of 100 seeds", () => {
    const unsolved: number[] = [];
    for (let seed = 0; seed < 100; seed++) {
      using classifier = new Classifier({ hidden: [4], seed });
      classifier.fitSync(CORNERS, XOR);
      expect(classifier.network?.parameterCount).toBe(2 * 4 + 4 + 4 + 1);
      const probabilities = classifier.predictProbabilities(CORNERS);
      if (!XOR.every((label, row) => probabilities[2 * row + label] > 0.8)) unsolved.push(seed);
    }
    expect(unsolved).toEqual([]);
  });

  it("begins again where a tiny network has settled for less than all rows", () => {
    const count = (restarts?: number): number => {
      let solved = 0;
      for (let seed = 0; seed < 100; seed++) {
        using classifier = new Classifier({ hidden: [3], seed });
        classifier.fitSync(CORNERS, XOR, restarts === undefined ? {} : { restarts });
        if (classifier.score(CORNERS, XOR) === 1) solved += 1;
      }
      return solved;
    };
    expect(count()).toBe(100);
    expect(count(0)).toBeLessThan(100);
  });

  /** The score on rows that were left out whole: five folds of each seed, dealt by the seed. */
  function unseenScores(
    x: number[][],
    y: readonly (string | number)[],
    seeds: number,
    make: (seed: number) => Classifier | Regressor,
  ) {
    const scores: number[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const fold = x.map((_, row) => Math.imul(row + 1, 0x9e3779b1 + 2 * seed) >>> 7).map((hash) => hash % 5);
      for (let left = 0; left < 5; left++) {
        const part = <T>(values: readonly T[], isLeft: boolean) =>
          values.filter((_, row) => (fold[row] === left) === isLeft);
        using estimator = make(seed);
        (estimator as Classifier).fitSync(part(x, false), part(y, false));
        scores.push((estimator as Classifier).score(part(x, true), part(y, true)));
      }
    }
    return scores.reduce((a, b) => a + b) / scores.length;
  }

  it("tells irises apart", () => {
    expect(unseenScores(iris.x, iris.y, 2, (seed) => new Classifier({ seed }))).toBeGreaterThanOrEqual(0.95);
  });

  const diabetes = "../../shared/data/diabetes.csv";
  it.skipIf(!existsSync(new URL(diabetes, import.meta.url)))("predicts diabetes (skipped without shared/data)", () => {
    const { x, y } = read(diabetes);
    expect(unseenScores(x, y.map(Number), 1, (seed) => new Regressor({ seed }))).toBeGreaterThanOrEqual(0.45); // prettier-ignore
  });
});

describe("Classifier", () => {
  it.each<[string, Labels, unknown[]]>([
    ["strings", ["same", "other", "other", "same"], ["other", "same"]],
    ["integers that are no indices", [7, -3, -3, 7], [-3, 7]],
    ["booleans", [false, true, true, false], [false, true]],
    ["a typed array", Int32Array.of(0, 1, 1, 0), [0, 1]],
  ])("takes and gives back %s", (_, labels, classes) => {
    using classifier = new Classifier({ hidden: [4] });
    classifier.fitSync(CORNERS, labels);
    expect(classifier.classes).toEqual(classes);
    expect(classifier.predict(CORNERS)).toEqual(Array.from(labels));
  });

  it("gives probabilities that sum to 1, for two classes and for three", () => {
    using two = new Classifier({ hidden: [4] });
    two.fitSync(CORNERS, XOR);
    using three = new Classifier();
    three.fitSync(iris.x, iris.y, { epochs: 5 });
    for (const [classifier, x, count] of [
      [two, CORNERS, 2],
      [three, iris.x, 3],
    ] as const) {
      // prettier-ignore
      const probabilities = classifier.predictProbabilities(x);
      expect(probabilities.length).toBe(x.length * count);
      for (let row = 0; row < x.length; row++) {
        const own = Array.from(probabilities.slice(row * count, (row + 1) * count));
        expect(own.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
        expect(classifier.classes[own.indexOf(Math.max(...own))]).toBe(classifier.predict([x[row]])[0]);
      }
    }
  });

  it("learns from one class, from one row, and from contradictions", () => {
    using one = new Classifier();
    one.fitSync([[1], [2], [3]], ["a", "a", "a"], { epochs: 2 });
    expect(one.predict([[9]])).toEqual(["a"]);
    expect([...one.predictProbabilities([[9]])]).toEqual([1]);
    one.fitSync([[1, 2]], ["b"], { epochs: 2 });
    expect(one.predict([[1, 2]])).toEqual(["b"]);
    using contradiction = new Classifier();
    contradiction.fitSync([[1], [1]], ["a", "b"]);
    expect(contradiction.predictProbabilities([[1]])[0]).toBeCloseTo(0.5, 1);
  });

  it("takes rows in every form, and never writes to them", () => {
    const flat = Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1);
    const forms: Matrix[] = [CORNERS, flat, { data: flat, shape: [4, 2] }, CORNERS.map((row) => Uint8Array.from(row))];
    const before = flat.slice();
    const fingerprints = forms.map((x) => {
      using classifier = new Classifier({ hidden: [4] });
      classifier.fitSync(x, XOR, { epochs: 20 });
      return classifier.network?.fingerprint();
    });
    expect(new Set(fingerprints).size).toBe(1);
    expect(flat).toEqual(before);
  });

  it("gives the same model for the same seed, blocking or not, and another for another", async () => {
    const train = async (seed: number, isSync: boolean): Promise<string | undefined> => {
      using classifier = new Classifier({ seed });
      if (isSync) classifier.fitSync(iris.x, iris.y, { epochs: 5 });
      else await classifier.fit(iris.x, iris.y, { epochs: 5 });
      return classifier.network?.fingerprint();
    };
    const first = await train(1, true);
    expect(await train(1, false)).toBe(first);
    expect(await train(2, true)).not.toBe(first);
  });

  it("trains afresh at every fit, and on at partialFit", () => {
    using classifier = new Classifier({ hidden: [4] });
    classifier.fitSync(CORNERS, XOR, { epochs: 3 });
    const first = classifier.network?.fingerprint();
    classifier.fitSync(CORNERS, XOR, { epochs: 3 });
    expect(classifier.network?.fingerprint()).toBe(first);
    const before = classifier.evaluate(CORNERS, XOR).loss;
    for (let i = 0; i < 2000; i++) classifier.partialFit(CORNERS, XOR);
    expect(classifier.evaluate(CORNERS, XOR).loss).toBeLessThan(before / 2);
  });

  it("begins with partialFit, knowing classes that are still to come", () => {
    using classifier = new Classifier({ hidden: [8] });
    const history = classifier.partialFit([[0], [1]], ["a", "b"], { classes: ["c", "b", "a"] });
    expect(history.epochs.length).toBe(1);
    expect(classifier.classes).toEqual(["a", "b", "c"]);
    for (let i = 0; i < 500; i++) classifier.partialFit([[0], [1], [2]], ["a", "b", "c"]);
    expect(classifier.predict([[0], [1], [2]])).toEqual(["a", "b", "c"]);
    const unseen = failure(() => classifier.partialFit([[3]], ["d"]));
    expect(unseen).toMatchObject({ code: "ERR_DATA", message: 'labels[0]="d" was not seen in training (a, b, c)' });
  });

  it("comes back from JSON and predicts the same bits", () => {
    for (const dtype of ["float32", "float64"] as const) {
      using classifier = new Classifier({ hidden: [5, 4], dtype });
      classifier.fitSync(iris.x, iris.y, { epochs: 5 });
      using copy = Classifier.fromJSON(JSON.parse(JSON.stringify(classifier)));
      expect(copy.classes).toEqual(classifier.classes);
      expect(copy.predictProbabilities(iris.x)).toEqual(classifier.predictProbabilities(iris.x));
      expect(JSON.stringify(copy)).toBe(JSON.stringify(classifier));
    }
  });

  it("refuses JSON that it did not write", () => {
    using classifier = new Classifier({ hidden: [2] });
    classifier.fitSync(CORNERS, XOR, { epochs: 1 });
    const good = JSON.parse(JSON.stringify(classifier)) as Record<string, unknown>;
    const [first] = good.members as Record<string, unknown>[];
    const withMember = (changes: object): unknown => ({ ...good, members: [{ ...first, ...changes }] });
    const bad: [unknown, string][] = [
      [null, "must be an object"],
      [{ ...good, format: "propago-regressor" }, 'format must be "propago-classifier"'],
      [{ ...good, version: 3 }, "newer version"],
      [{ ...good, labels: ["a", "b", "c"] }, "3 labels need 3 outputs, found 1"],
      [{ ...good, labels: [1, 0] }, "sorted"],
      [{ ...good, members: [] }, "members must be an array of networks"],
      [withMember({ scaling: { mean: [0], scale: [1] } }), "scaling.mean must be an array of 2 numbers"],
      [withMember({ scaling: { mean: [0, 0], scale: [1, 0] } }), "scaling.scale[1] must be a finite number > 0"],
      [withMember({ scaling: { mean: [0, 0], scale: [1, 1], curves: {} } }), "scaling.curves"],
      [
        withMember({ scaling: { mean: [0], scale: [1], curves: [{ column: 0, from: [1, 1], to: [0, 0] }] } }),
        "scaling.curves",
      ],
      [
        withMember({ scaling: { mean: [0], scale: [1], curves: [{ column: 7, from: [1], to: [0] }] } }),
        "scaling.curves",
      ],
      [withMember({ weight: 0 }), "weight must be in (0, 1]"],
      [withMember({ network: undefined }), ""],
      [{ ...good, found: { chosen: {}, threshold: 2 } }, "found.threshold must be in [0, 1]"],
    ];
    for (const [json, message] of bad) {
      expect(failure(() => Classifier.fromJSON(json))).toMatchObject({
        code: "ERR_FORMAT",
        message: includes(message),
      });
    }
  });

  it("tells an unseen label of validation data by its place", async () => {
    using classifier = new Classifier();
    const validation = { x: [[1], [2], [3]], y: ["cat", "dog", "owl"] };
    const error = await rejection(classifier.fit([[1], [2]], ["cat", "dog"], { validation }));
    expect(error).toMatchObject({
      code: "ERR_DATA",
      message: 'validation.labels[2]="owl" was not seen in training (cat, dog)',
    });
  });

  it("holds rows back where told to, and as many as told", () => {
    using classifier = new Classifier({ effort: "quick" });
    classifier.fitSync(iris.x, iris.y, { epochs: 1 });
    expect(classifier.heldBack.length).toBe(0);
    const history = classifier.fitSync(iris.x, iris.y, { epochs: 4, validation: 0.2 });
    expect(classifier.heldBack.length).toBe(30);
    const held = classifier.heldBack;
    const figures = classifier.evaluate(held.map((row) => iris.x[row]), held.map((row) => iris.y[row])); // prettier-ignore
    expect(history.epochs.at(-1)?.validation?.accuracy).toBeCloseTo(figures.accuracy ?? NaN, 12);
    const error = failure(() => classifier.fitSync(CORNERS, XOR, { validation: 0.1 }));
    expect(error).toMatchObject({ code: "ERR_CONFIG", message: includes("leaves 0 of 4 rows for validation") });
  });
});

describe("Regressor", () => {
  const x = Array.from({ length: 40 }, (_, i) => [i / 10, (i * 7) % 5]);

  it("predicts in the targets' own unit", async () => {
    using regressor = new Regressor({ hidden: [8] });
    const targets = x.map(([a, b]) => 1e6 + 3000 * a - 500 * b);
    const history = await regressor.fit(x, targets);
    expect(history.epochs.length).toBeGreaterThan(0);
    const predictions = regressor.predict(x);
    expect(predictions).toBeInstanceOf(Float64Array);
    expect(regressor.score(x, targets)).toBeGreaterThan(0.99);
    targets.forEach((target, row) => expect(Math.abs(predictions[row] - target)).toBeLessThan(1000));
  });

  it("predicts several numbers a row", () => {
    using regressor = new Regressor({ hidden: [8] });
    const targets = x.map(([a, b]) => [a + b, 100 * a]);
    regressor.fitSync(x, targets);
    const predictions = regressor.predict(x);
    expect(predictions.length).toBe(80);
    expect(regressor.score(x, targets)).toBeGreaterThan(0.99);
    expect(Math.abs(predictions[2 * 30 + 1] - targets[30][1])).toBeLessThan(20);
    const flat = Float64Array.from(targets.flat());
    expect(regressor.evaluate(x, flat)).toEqual(regressor.evaluate(x, targets));
    expect(failure(() => regressor.score(x, targets.map(([a]) => a)))).toMatchObject({ code: "ERR_SHAPE" }); // prettier-ignore
  });

  it("comes back from JSON, goes on with partialFit, and learns a constant", () => {
    using regressor = new Regressor({ hidden: [4], dtype: "float64" });
    regressor.fitSync(x, new Float64Array(40).fill(7), { epochs: 50 });
    expect(regressor.predict(x)).toBeInstanceOf(Float64Array);
    expect(regressor.predict(x)[3]).toBeCloseTo(7, 1);
    using copy = Regressor.fromJSON(JSON.parse(JSON.stringify(regressor)));
    expect(copy.predict(x)).toEqual(regressor.predict(x));
    copy.partialFit(x, new Float64Array(40).fill(8));
    expect(copy.predict(x)).not.toEqual(regressor.predict(x));
  });

  it.each<[string, unknown, string, string]>([
    ["NaN", [1, NaN], "ERR_NONFINITE", "targets[row 1] is NaN"],
    ["words", ["a", "b"], "ERR_DATA", 'targets[row 0, column 0] is "a"'],
    ["too few", [1], "ERR_SHAPE", "x has 2 rows, targets has 1"],
    ["nothing", undefined, "ERR_DATA", "targets is undefined"],
  ])("refuses targets: %s", (_, targets, code, message) => {
    using regressor = new Regressor();
    expect(failure(() => regressor.fitSync([[1], [2]], targets as Targets))).toMatchObject({
      code,
      message: includes(message),
    });
  });
});

describe("what is refused, and leaves the model as it was", () => {
  it("is use before fit and after dispose", async () => {
    const classifier = new Classifier();
    for (const call of [
      () => classifier.predict(CORNERS),
      () => classifier.score(CORNERS, XOR),
      () => classifier.toJSON(),
    ]) {
      expect(failure(call)).toMatchObject({ code: "ERR_NOT_FITTED", message: includes("call fit() first") });
    }
    expect(classifier.network).toBeUndefined();
    classifier.fitSync(CORNERS, XOR, { epochs: 1 });
    classifier.dispose();
    classifier.dispose();
    expect(failure(() => classifier.predict(CORNERS))).toMatchObject({ code: "ERR_DISPOSED" });
    expect(await rejection(classifier.fit(CORNERS, XOR))).toMatchObject({ code: "ERR_DISPOSED" });
  });

  it.each<[string, object, string]>([
    ["an unknown option", { learningrate: 1 }, '"learningrate" (did you mean "learningRate"?)'],
    ["hidden layers of no size", { hidden: [0] }, "hidden must be an array of layer sizes"],
    ["hidden layers as a number", { hidden: 8 }, "got 8"],
  ])("is %s", (_, options, message) => {
    expect(failure(() => new Classifier(options))).toMatchObject({ code: "ERR_CONFIG", message: includes(message) });
    expect(failure(() => new Regressor(options))).toMatchObject({ code: "ERR_CONFIG", message: includes(message) });
  });

  const fitted = (): Classifier => {
    const classifier = new Classifier({ hidden: [4] });
    classifier.fitSync(CORNERS, XOR, { epochs: 20 });
    return classifier;
  };

  it.each<[string, Matrix, Labels, object, string, string]>([
    ["a mistyped fit option", CORNERS, XOR, { epoch: 3 }, "ERR_CONFIG", 'did you mean "epochs"?'],
    ["fewer labels than rows", CORNERS, [0, 1], {}, "ERR_SHAPE", "x has 4 rows, labels has 2"],
    ["NaN among the inputs", [[0, NaN], [1, 1]], [0, 1], {}, "ERR_NONFINITE", "x[row 0, column 1] is NaN"], // prettier-ignore
    ["labels that are fractions", CORNERS, [0, 1, 0.5, 1], {}, "ERR_DATA", "labels[2] is 0.5"],
    ["no labels", CORNERS, undefined as unknown as Labels, {}, "ERR_DATA", "labels is undefined"],
    ["restarts below 0", CORNERS, XOR, { restarts: -1 }, "ERR_CONFIG", "restarts must be"],
  ])("is %s", (_, x, y, options, code, message) => {
    using classifier = fitted();
    const before = JSON.stringify(classifier);
    expect(failure(() => classifier.fitSync(x, y, options))).toMatchObject({ code, message: includes(message) });
    expect(JSON.stringify(classifier)).toBe(before);
  });

  it("is a row of another width", () => {
    using classifier = fitted();
    const error = failure(() => classifier.predict([[1, 2, 3]]));
    expect(error).toMatchObject({ code: "ERR_SHAPE", message: "x has 3 columns, the network was built for 2" });
    expect(failure(() => classifier.partialFit([[1]], [0]))).toMatchObject({ code: "ERR_SHAPE" });
  });

  it("is a training that is aborted or diverges", async () => {
    using classifier = fitted();
    const before = JSON.stringify(classifier);
    const controller = new AbortController();
    const options = { epochs: 1000, signal: controller.signal, onEpoch: () => controller.abort(new Error("enough")) };
    expect(await rejection(classifier.fit(CORNERS, XOR, options))).toMatchObject({ message: "enough" });
    expect(JSON.stringify(classifier)).toBe(before);

    using regressor = new Regressor({ hidden: [4], activation: "linear", optimizer: "sgd", learningRate: 1e10 });
    const error = await rejection(regressor.fit(CORNERS, [0, 1, 1, 5], { epochs: 200 }));
    expect(error).toMatchObject({ code: "ERR_DIVERGED" });
    expect(regressor.network).toBeUndefined();
    expect(failure(() => regressor.predict(CORNERS))).toMatchObject({ code: "ERR_NOT_FITTED" });
  });

  it("is a second training while one runs; predicting goes on with the earlier model", async () => {
    using classifier = fitted();
    const answers = classifier.predict(CORNERS);
    const running = classifier.fit(iris.x, iris.y, { epochs: 300 });
    expect(await rejection(classifier.fit(CORNERS, XOR))).toMatchObject({ code: "ERR_BUSY" });
    expect(failure(() => classifier.partialFit(CORNERS, XOR))).toMatchObject({ code: "ERR_BUSY" });
    expect(classifier.predict(CORNERS)).toEqual(answers);
    await running;
    expect(classifier.classes).toEqual(["setosa", "versicolor", "virginica"]);
  });

  it("is a model that was disposed while it trained", async () => {
    const classifier = fitted();
    const running = classifier.fit(iris.x, iris.y, { epochs: 300 });
    classifier.dispose();
    expect(await rejection(running)).toMatchObject({ code: "ERR_DISPOSED" });
  });
});

it.each([null, 5, "fast"])("refuses fit options that are no object: %s", async (options) => {
  using classifier = new Classifier({ hidden: [2] });
  await expect(classifier.fit([[0], [1]], [0, 1], options as unknown as object)).rejects.toMatchObject({
    code: "ERR_CONFIG",
  });
});

it("refuses targets whose shape is no shape", () => {
  using regressor = new Regressor({ hidden: [2] });
  const targets = { data: [1, 2], shape: null } as unknown as { data: number[]; shape: number[] };
  expect(failure(() => regressor.fitSync([[0], [1]], targets))).toMatchObject({ code: "ERR_SHAPE" });
});

it("predicts small differences of large targets, such as times in milliseconds", () => {
  const x = Array.from({ length: 60 }, (_, i) => [i / 10]);
  const targets = x.map(([value]) => 1.7e12 + 100 * Math.sin(value));
  using regressor = new Regressor({ hidden: [16] });
  regressor.fitSync(x, targets);
  const predictions = regressor.predict(x);
  const error = targets.reduce((sum, target, i) => sum + Math.abs(target - predictions[i]), 0) / targets.length;
  expect(error).toBeLessThan(50);
  expect(regressor.score(x, targets)).toBeGreaterThan(0.8);
});

it.each([null, -0.1, 1, "some"])("refuses a validation of %s", (validation) => {
  using classifier = new Classifier({ hidden: [2] });
  const options = { validation } as unknown as { validation: number };
  expect(failure(() => classifier.fitSync([[0], [1]], [0, 1], options))).toMatchObject({ code: "ERR_CONFIG" });
});
