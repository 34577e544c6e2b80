// Metrics against figures worked out by hand and against their definitions, plainly computed.
import { describe, expect, test } from "vitest";
import { Classifier, dense, Network, type MetricSpec, type NetworkOptions } from "../src/index.ts";
import { failure } from "./failure.ts";
import { generator, matrix } from "./reference.ts";

/** A network that gives its inputs back as outputs: by its activation's inverse, or as they are. */
function echo(width: number, options: Partial<NetworkOptions> = {}) {
  const network = new Network({
    inputs: width,
    layers: [dense(width)],
    dtype: "float64",
    ...options,
  } as NetworkOptions);
  const identity = Array.from({ length: width }, (_, i) => Array.from({ length: width }, (_, o) => Number(i === o)));
  network.setWeights([{ weights: identity, bias: new Array<number>(width).fill(0) }]);
  return network;
}

function evaluate(outputs: number[][], y: number[] | number[][], metrics: MetricSpec[], options = {}) {
  using network = echo(outputs[0].length, options);
  return network.evaluate({ x: outputs, y }, { metrics });
}

const logit = (p: number): number => Math.log(p / (1 - p));

test("one class a row, by hand", () => {
  const outputs = [
    [3, 1, 0],
    [0, 2, 1],
    [2, 1, 0],
    [0, 1, 2],
    [1, 1, 0],
  ];
  const truth = [0, 1, 1, 2, 0]; // said: 0 1 0 2 0
  const report = evaluate(outputs, truth, [
    "confusionMatrix",
    "accuracy",
    "f1",
    "precision",
    "recall",
    { name: "f1", average: "perClass" },
    { name: "precision", average: "perClass" },
    { name: "recall", average: "perClass" },
    { name: "topK", k: 2 },
  ]);
  expect(report.confusionMatrix).toEqual([
    [2, 0, 0],
    [1, 1, 0],
    [0, 0, 1],
  ]);
  expect(report.accuracy).toBe(0.8);
  expect(report.precisionPerClass).toEqual([2 / 3, 1, 1]);
  expect(report.recallPerClass).toEqual([1, 0.5, 1]);
  expect(report.f1PerClass).toEqual([0.8, 2 / 3, 1]);
  expect(report.precision).toBeCloseTo(8 / 9, 14);
  expect(report.recall).toBeCloseTo(2.5 / 3, 14);
  expect(report.f1).toBeCloseTo((0.8 + 2 / 3 + 1) / 3, 14);
  expect(report.topK).toBe(1);
  const micro = evaluate(outputs, truth, [{ name: "f1", average: "micro" }]);
  expect(micro.f1).toBe(0.8);
});

test("classes that never occur count for nothing in means, and are 0 by themselves", () => {
  const outputs = [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
  ];
  // Class 2 is true but never said, class 3 neither.
  const report = evaluate(outputs, [0, 2], ["f1", { name: "f1", average: "perClass" }]);
  expect(report.f1PerClass).toEqual([1, 0, 0, 0]);
  expect(report.f1).toBeCloseTo(1 / 3, 14);
});

test("one output and its two sides; ties share their ranks", () => {
  const p = [0.1, 0.4, 0.35, 0.8, 0.8, 0.8];
  const truth = [0, 0, 1, 1, 0, 1];
  const options = { layers: [dense(1, "sigmoid")] };
  const outputs = p.map((value) => [logit(value)]);
  const report = evaluate(
    outputs,
    truth,
    ["confusionMatrix", "precision", "recall", "f1", "rocAuc", "logLoss"],
    options,
  );
  expect(report.confusionMatrix).toEqual([
    [2, 1],
    [1, 2],
  ]);
  expect(report.precision).toBeCloseTo(2 / 3, 14);
  expect(report.recall).toBeCloseTo(2 / 3, 14);
  // Pairs: .35 beats .1; each .8 beats .1 and .4 and ties with .8: (1 + 2·2.5) / 9.
  expect(report.rocAuc).toBeCloseTo(6 / 9, 14);
  const plain = p.map((value, r) => -Math.log(truth[r] ? value : 1 - value)).reduce((a, b) => a + b) / 6;
  expect(report.logLoss).toBeCloseTo(plain, 12);
  expect(report.logLoss).toBeCloseTo(report.loss, 12);
  expect(
    evaluate(
      outputs,
      truth.map(() => 1),
      ["rocAuc"],
      options,
    ).rocAuc,
  ).toBeNaN();
});

test("several classes a row: each output on its own", () => {
  const y = [
    [1, 0, 1],
    [0, 1, 1],
    [0, 0, 0],
    [1, 0, 0],
  ];
  const said = [
    [0.9, 0.2, 0.3],
    [0.1, 0.8, 0.7],
    [0.6, 0.1, 0.2],
    [0.7, 0.4, 0.1],
  ];
  const options = { layers: [dense(3, "sigmoid")] };
  const logits = said.map((row) => row.map(logit));
  const metrics: MetricSpec[] = ["precision", "recall", { name: "f1", average: "perClass" }, "rocAuc"];
  const report = evaluate(logits, y, metrics, options);
  expect(report.precision).toBeCloseTo((2 / 3 + 1 + 1) / 3, 14);
  expect(report.recall).toBeCloseTo((1 + 1 + 0.5) / 3, 14);
  expect(report.f1PerClass).toEqual([0.8, 1, 2 / 3]);
  expect(report.rocAuc).toBeCloseTo(1, 14);
  const micro = evaluate(logits, y, [{ name: "precision", average: "micro" }], options);
  expect(micro.precision).toBe(0.8);
});

test("numbers: absolute and squared errors", () => {
  const y = [
    [1, 10],
    [2, 20],
    [4, 60],
  ];
  const said = [
    [2, 10],
    [2, 26],
    [2, 60],
  ];
  const report = evaluate(said, y, ["meanAbsoluteError", "rootMeanSquaredError", "r2"]);
  expect(report.meanAbsoluteError).toBeCloseTo(9 / 6, 14);
  expect(report.rootMeanSquaredError).toBeCloseTo((Math.sqrt(5 / 3) + Math.sqrt(12)) / 2, 13);
  expect(report.r2).toBeCloseTo((1 - 5 / (14 / 3) + 1 - 36 / 1400) / 2, 13);
});

describe.each(["float32", "float64"] as const)("in training, in %s", (dtype) => {
  const draw = generator(5);
  const x = matrix(37, 3, () => Math.fround(draw()));
  const labels = x.map(([a, b]) => (a > 0.2 ? 0 : b > 0 ? 1 : 2));
  const options = { inputs: 3, layers: [dense(4, "tanh"), dense(3, "softmax")], dtype } as NetworkOptions;
  const metrics = ["accuracy", "confusionMatrix", "rocAuc", "logLoss", { name: "f1", average: "micro" }] as const;

  test.each([true, false, "withReplacement"] as const)("reports are of the epoch as trained, shuffle %s", (shuffle) => {
    using network = new Network(options);
    const fit = { epochs: 3, batchSize: 5, shuffle, validation: 0.3, metrics };
    const { epochs } = network.fitSync({ x, y: labels }, fit);
    for (const report of epochs) {
      for (const part of [report, report.validation!]) {
        const counts = part.confusionMatrix!.flat();
        const rows = counts.reduce((a, b) => a + b);
        expect(rows).toBe(part === report ? 26 : 11);
        expect((counts[0] + counts[4] + counts[8]) / rows).toBeCloseTo(part.accuracy!, 14);
        expect(part.f1).toBeCloseTo(part.accuracy!, 14);
        expect(part.logLoss).toBeCloseTo(part.loss, 5);
      }
    }
    using plain = new Network(options);
    plain.fitSync({ x, y: labels }, { ...fit, metrics: [] });
    expect(plain.fingerprint()).toBe(network.fingerprint());
  });

  test("one against the rest, plainly", () => {
    using network = new Network(options);
    const p = network.predict(x);
    const areas = [0, 1, 2].map((k) => {
      let wins = 0;
      let pairs = 0;
      labels.forEach((a, i) =>
        labels.forEach((b, j) => {
          if (a !== k || b === k) return;
          pairs++;
          wins += p[i * 3 + k] > p[j * 3 + k] ? 1 : p[i * 3 + k] === p[j * 3 + k] ? 0.5 : 0;
        }),
      );
      return wins / pairs;
    });
    const mean = (areas[0] + areas[1] + areas[2]) / 3;
    expect(network.evaluate({ x, y: labels }, { metrics: ["rocAuc"] }).rocAuc).toBeCloseTo(mean, 13);
  });

  test("any that is one number can be watched, up or down", () => {
    for (const [monitor, sign] of [
      ["validation.logLoss", -1],
      ["f1", 1],
    ] as const) {
      using network = new Network(options);
      const { epochs, best } = network.fitSync(
        { x, y: labels },
        { epochs: 12, validation: 0.3, metrics: ["logLoss", "f1"], earlyStopping: { monitor, patience: 12 } },
      );
      const values = epochs.map((e) => sign * (monitor === "f1" ? e.f1! : e.validation!.logLoss!));
      expect(values[best!.epoch - 1]).toBe(Math.max(...values));
    }
  });
});

test("a classifier's metrics are in the order of its classes", () => {
  using classifier = new Classifier({ hidden: [] });
  const x = [[0], [1], [2], [3]];
  classifier.fitSync(x, ["low", "low", "high", "high"], { epochs: 200 });
  expect(classifier.classes).toEqual(["high", "low"]);
  const report = classifier.evaluate([[0], [3], [3]], ["low", "low", "high"], { metrics: ["confusionMatrix"] });
  expect(report.confusionMatrix).toEqual([
    [1, 0],
    [1, 1],
  ]);
});

test.each<[unknown[], RegExp]>([
  [[{ name: "topK", k: 0 }], /metrics\[0\]\.k/],
  [[{ name: "topK", k: 3 }], /always 1/],
  [[{ name: "f1", average: "macros" }], /did you mean "macro"/],
  [[{ name: "f1", average: "binary" }], /one output/],
  [["f1", { name: "f1", average: "micro" }], /one f1/],
  [[{ name: "recal" }], /did you mean "recall"/],
])("refused: %o", (metrics, message) => {
  using network = echo(3);
  const call = () => network.evaluate({ x: [[1, 2, 3]], y: [1] }, { metrics: metrics as MetricSpec[] });
  expect(failure(call)).toMatchObject({ code: "ERR_CONFIG", message: expect.stringMatching(message) });
});

describe("what has no meaning for the targets is refused, before anything is done", () => {
  const x = [
    [0.2, 1],
    [0.4, 0],
    [0.9, 3],
  ];
  const numbers = [0.3, 2.5, -1];
  type Refused = [string, Partial<NetworkOptions>, number[] | number[][], MetricSpec, RegExp];
  const refused: Refused[] = [
    ["accuracy of numbers", { layers: [dense(1)] }, numbers, "accuracy", /accuracy is for classes.*y .*r2/],
    ["accuracy of counts", { layers: [dense(1, "softplus")], loss: "poisson" }, [0, 3, 1], "accuracy", /classes/],
    ["f1 of numbers", { layers: [dense(1)] }, numbers, "f1", /f1 is for classes/],
    ["rocAuc of numbers", { layers: [dense(1)] }, numbers, "rocAuc", /rocAuc is for classes/],
    ["binaryAccuracy of numbers", { layers: [dense(1)] }, numbers, "binaryAccuracy", /yes or no/],
    ["confusionMatrix of numbers", { layers: [dense(1)] }, numbers, "confusionMatrix", /one class a row/],
    ["r2 of labels", { layers: [dense(3, "softmax")] }, [0, 2, 1], "r2", /r2 is for numbers.*accuracy/],
    ["r2 of two classes", { layers: [dense(1, "sigmoid")] }, [0, 1, 1], "r2", /r2 is for numbers/],
    ["r2 of signs", { layers: [dense(1)], loss: "hinge" }, [-1, 1, 1], "r2", /r2 is for numbers/],
    ["rootMeanSquaredError of labels", { layers: [dense(3, "softmax")] }, [0, 2, 1], "rootMeanSquaredError", /numbers/],
    ["meanAbsoluteError of classes", { layers: [dense(1, "sigmoid")] }, [0, 1, 1], "meanAbsoluteError", /numbers/],
    ["binaryAccuracy of a softmax", { layers: [dense(3, "softmax")] }, [0, 2, 1], "binaryAccuracy", /yes or no.*topK/],
    ["logLoss of a tanh", { layers: [dense(1, "tanh")], loss: "hinge" }, [-1, 1, 1], "logLoss", /probabilities/],
    ["logLoss of numbers", { layers: [dense(1)] }, numbers, "logLoss", /probabilities/],
    [
      "confusionMatrix of several classes a row",
      { layers: [dense(2, "sigmoid")] },
      [
        [1, 1],
        [0, 1],
        [0, 0],
      ],
      "confusionMatrix",
      /one class a row/,
    ],
    [
      "topK of several classes a row",
      { layers: [dense(2, "sigmoid")] },
      [
        [1, 1],
        [0, 1],
        [0, 0],
      ],
      { name: "topK", k: 1 },
      /topK is for one class a row/,
    ],
  ];

  test.each(refused)("%s", (_what, options, y, metric, message) => {
    using network = new Network({ inputs: 2, layers: [dense(1)], ...options });
    const before = network.fingerprint();
    const data = { x, y };
    const good = { code: "ERR_CONFIG", message: expect.stringMatching(message) };
    expect(failure(() => network.evaluate(data, { metrics: [metric] }))).toMatchObject(good);
    expect(failure(() => network.fitSync(data, { metrics: [metric], epochs: 1 }))).toMatchObject(good);
    expect(network.fingerprint()).toBe(before);
    // What the message offers is taken, and the network is free again.
    const text = (failure(() => network.evaluate(data, { metrics: [metric] })) as Error).message;
    const offered = text.slice(text.indexOf("fit: ") + 5).split(", ") as MetricSpec[];
    for (const name of offered) {
      const asked = name === "topK" ? { name, k: 1 } : name;
      if (name === "topK" && network.outputs === 1) continue;
      expect(() => network.fitSync(data, { metrics: [asked], epochs: 1 })).not.toThrow();
    }
  });

  test("of validation data of its own, too", () => {
    using network = new Network({ inputs: 2, layers: [dense(1)] });
    const call = () =>
      network.fitSync({ x, y: [0, 1, 1] }, { validation: { x, y: numbers }, metrics: ["accuracy"], epochs: 1 });
    expect(failure(call)).toMatchObject({ code: "ERR_CONFIG", message: expect.stringMatching(/validation\.y/) });
    expect(() => network.fitSync({ x, y: [0, 1, 1] }, { metrics: ["accuracy", "r2"], epochs: 1 })).not.toThrow();
  });

  test("fractions under a cross-entropy are numbers and, by their side of ½, classes", () => {
    using network = new Network({ inputs: 2, layers: [dense(1, "sigmoid")] });
    const data = { x, y: [0.1, 0.7, 0.9] };
    const { accuracy, r2 } = network.evaluate(data, { metrics: ["r2", "accuracy"] });
    const p = network.predict(x);
    expect(accuracy).toBeCloseTo(data.y.filter((t, i) => t > 0.5 === p[i] > 0.5).length / 3, 14);
    expect(r2).toBeLessThan(1);
    using shares = new Network({ inputs: 2, layers: [dense(2, "softmax")] });
    const halves = x.map(([a]) => [a, 1 - a]);
    expect(shares.evaluate({ x, y: halves }, { metrics: ["r2", "accuracy", "logLoss"] }).r2).toBeLessThan(1);
  });
});
