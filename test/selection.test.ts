// How a Classifier or Regressor chooses its model: what it learns without an option, whether its figures are honest, and what
// its parts do. bench/defaults.ts measures it on real tables.
import { describe, expect, test } from "vitest";
import { dealFolds, groupRows, isWholeDomain } from "../src/selection/folds.ts";
import { learnFeatures } from "../src/selection/encodings.ts";
import { logarithm } from "../src/selection/logarithm.ts";
import { bestThreshold, centreAt } from "../src/selection/threshold.ts";
import { sharesOf } from "../src/selection/mixing.ts";
import { exponential } from "../src/ground/powers.ts";
import { Classifier, Regressor } from "../src/node.ts";
import type { Rows } from "../src/data/scaling.ts";
import { failure, rejection } from "./failure.ts";
import type { EpochReport } from "../src/training/reports.ts";

/** Numbers in [0, 1) from a seed: Marsaglia's xorshift. */
function generator(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function points(count: number, columns: number, seed: number, low = -1, high = 1): number[][] {
  const draw = generator(seed);
  for (let i = 0; i < 20; i++) draw();
  return Array.from({ length: count }, () => Array.from({ length: columns }, () => low + (high - low) * draw()));
}

const rowsOf = (rows: readonly (readonly number[])[]): Rows => {
  return { data: Float64Array.from(rows.flat()), rows: rows.length, columns: rows[0].length };
};
const column = (values: readonly number[]): Rows => rowsOf(values.map((value) => [value]));
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe("without an option", () => {
  const inside = ([a, b]: number[]): string => (Math.hypot(a, b) < 0.7 ? "in" : "out");
  const ring = ([a, b]: number[]): number => Math.min(2, Math.floor(2.4 * Math.hypot(a, b)));
  const board = ([a, b]: number[]): boolean => Math.floor(2 * a + 2) % 2 === Math.floor(2 * b + 2) % 2;

  test.each<[string, number, number, (row: number[]) => string | number | boolean, number]>([
    ["a circle", 300, 2, inside, 0.96],
    ["rings", 400, 2, ring, 0.94],
    ["a board", 400, 2, board, 0.9],
    ["a threshold among ten columns", 300, 10, (row) => (row[3] > 0.2 ? 1 : 0), 0.93],
  ])("a Classifier learns %s", (_, count, columns, label, least) => {
    const scores = [1].map((seed) => {
      using classifier = new Classifier({ seed });
      const x = points(count, columns, seed);
      classifier.fitSync(x, x.map(label));
      const fresh = points(1000, columns, seed + 100);
      return classifier.score(fresh, fresh.map(label));
    });
    expect(mean(scores)).toBeGreaterThanOrEqual(least);
  });

  test.each<[string, number, number, [number, number], (row: number[]) => number, number]>([
    ["x²", 100, 1, [-1, 1], ([x]) => x * x, 0.98],
    ["sin x", 100, 1, [0, 2 * Math.PI], ([x]) => Math.sin(x), 0.98],
    ["a product", 200, 2, [-1, 1], ([a, b]) => a * b, 0.98],
    ["a switch", 400, 3, [-1, 1], ([a, b, c]) => (a > 0 ? b : c), 0.95],
    ["large targets", 100, 1, [-1, 1], ([x]) => 250_000 + 40_000 * x * x, 0.98],
    ["tiny targets", 100, 1, [-1, 1], ([x]) => 1e-6 * x * x, 0.98],
    ["a power law", 100, 1, [0, 7], ([x]) => 3 * Math.exp(1.4 * x), 0.95],
  ])("a Regressor learns %s", (_, count, columns, [low, high], target, least) => {
    const scores = [1].map((seed) => {
      using regressor = new Regressor({ seed });
      const x = points(count, columns, seed, low, high);
      regressor.fitSync(x, x.map(target));
      const fresh = points(1000, columns, seed + 100, low, high);
      return regressor.score(fresh, fresh.map(target));
    });
    expect(mean(scores)).toBeGreaterThanOrEqual(least);
  });

  const corners = (bits: number): number[][] => {
    return Array.from({ length: 2 ** bits }, (_, i) => Array.from({ length: bits }, (_, bit) => (i >> bit) & 1));
  };
  const parity = (row: number[]): number => row.reduce((a, b) => a + b) % 2;

  test.each([2, 3, 4, 5])("learns the parity of %i bits by heart", (bits) => {
    for (let seed = 0; seed < 5; seed++) {
      using classifier = new Classifier({ seed });
      classifier.fitSync(corners(bits), corners(bits).map(parity));
      expect(classifier.score(corners(bits), corners(bits).map(parity))).toBe(1);
      expect(classifier.chosen?.by).toBe("trainingLoss");
      expect(classifier.estimate).toBeUndefined();
    }
  });

  test.each([[8], [16], [64], [256], [16, 16]])(
    "learns parity, a circle and x² in hidden layers of %j",
    (...hidden) => {
      using classifier = new Classifier({ hidden });
      classifier.fitSync(corners(4), corners(4).map(parity));
      expect(classifier.score(corners(4), corners(4).map(parity))).toBe(1);
      const x = points(300, 2, 4);
      classifier.fitSync(x, x.map(inside));
      const fresh = points(1000, 2, 5);
      expect(classifier.score(fresh, fresh.map(inside))).toBeGreaterThan(0.94);
      using regressor = new Regressor({ hidden });
      const line = points(100, 1, 6);
      regressor.fitSync(line, line.map(([a]) => a * a)); // prettier-ignore
      expect(
        regressor.score(
          points(500, 1, 7),
          points(500, 1, 7).map(([a]) => a * a),
        ),
      ).toBeGreaterThan(0.98);
    },
  );

  test("learns XOR where its rows repeat, and says nothing of a baseline", () => {
    const x = Array.from({ length: 200 }, (_, i) => corners(2)[i % 4]);
    using classifier = new Classifier();
    const history = classifier.fitSync(x, x.map(parity));
    expect(classifier.score(x, x.map(parity))).toBe(1);
    expect(history.warnings).toBeUndefined();
    using regressor = new Regressor();
    regressor.fitSync(x, x.map(parity));
    expect(regressor.score(x, x.map(parity))).toBeGreaterThan(0.99);
  });

  test.each(["tanh", "sigmoid", "relu"] as const)("solves XOR with four %s units from 100 seeds", (activation) => {
    const unsolved: number[] = [];
    for (let seed = 0; seed < 100; seed++) {
      using classifier = new Classifier({ hidden: [4], activation, seed });
      classifier.fitSync(corners(2), corners(2).map(parity));
      if (classifier.score(corners(2), corners(2).map(parity)) < 1) unsolved.push(seed);
    }
    expect(unsolved).toEqual([]);
  });
});

describe("honest figures", () => {
  const noisy = (seed: number, count: number) => {
    const x = points(count, 4, seed);
    const noise = points(count, 1, seed + 999);
    return { x, labels: x.map(([a, b], i) => (a + b + noise[i][0] > 0 ? "yes" : "no")), y: x.map(([a, b], i) => 40 * a * b + 100 + 10 * noise[i][0]) }; // prettier-ignore
  };

  test("the estimate is what fresh rows give, its spread no fiction", () => {
    const gaps: number[] = [];
    const parts: number[] = [];
    for (let seed = 0; seed < 8; seed++) {
      const { x, labels } = noisy(seed, 200);
      using classifier = new Classifier({ seed, effort: "quick" });
      classifier.fitSync(x, labels);
      const fresh = noisy(seed + 50, 2000);
      const { accuracy = NaN, spread, rows, folds, confusionMatrix } = classifier.estimate ?? ({} as never);
      expect(rows).toBe(200);
      expect(folds).toBeGreaterThanOrEqual(3);
      expect(confusionMatrix?.flat().reduce((a, b) => a + b)).toBe(200);
      gaps.push(accuracy - classifier.score(fresh.x, fresh.labels));
      parts.push(gaps[seed] / spread);
    }
    expect(Math.abs(mean(gaps))).toBeLessThan(0.02);
    expect(mean(parts.map((part) => part * part))).toBeLessThan(4);
  });

  test("nothing is known of pure noise, and that is told", () => {
    const x = points(120, 5, 3);
    const draw = generator(8);
    using classifier = new Classifier({ seed: 1 });
    const history = classifier.fitSync(x, x.map(() => (draw() < 0.5 ? "a" : "b"))); // prettier-ignore
    const { accuracy = NaN } = classifier.estimate ?? ({} as never);
    expect(accuracy).toBeLessThan(0.65);
    expect(classifier.baseline?.accuracy).toBeGreaterThanOrEqual(0.5);
    using regressor = new Regressor({ effort: "quick" });
    const told = regressor.fitSync(x, x.map(() => draw())); // prettier-ignore
    expect(told.warnings?.map(({ code }) => code)).toEqual(["WARN_BASELINE"]);
    expect(told.warnings?.[0].message).toMatch(/no better than giving the mean always/);
    expect(history.warnings?.every(({ code }) => code === "WARN_BASELINE") ?? true).toBe(true);
  });

  test("equal rows do not help: each row twice, with labels by chance, is still noise", () => {
    const x = points(60, 4, 5);
    const draw = generator(9);
    const labels = x.map(() => (draw() < 0.5 ? "a" : "b"));
    using classifier = new Classifier({ effort: "quick" });
    classifier.fitSync([...x, ...x], [...labels, ...labels]);
    expect(classifier.estimate?.accuracy).toBeLessThan(0.68);
  });

  test("the baseline is the largest class, or the mean", () => {
    const { x, y } = noisy(1, 100);
    using classifier = new Classifier({ effort: "quick" });
    classifier.fitSync(x, x.map((_, i) => (i < 70 ? "most" : "few"))); // prettier-ignore
    expect(classifier.baseline?.accuracy).toBeCloseTo(0.7, 12);
    expect(classifier.baseline?.loss).toBeCloseTo(-0.7 * Math.log(0.7) - 0.3 * Math.log(0.3), 5);
    using regressor = new Regressor({ effort: "quick" });
    regressor.fitSync(x, y);
    const centre = mean(y);
    const deviation = Math.sqrt(mean(y.map((value) => (value - centre) ** 2)));
    expect(regressor.baseline?.rootMeanSquaredError).toBeCloseTo(deviation, 3);
    expect(regressor.baseline?.r2).toBeCloseTo(0, 6);
  });

  test("an interval holds what it says, on fresh rows", () => {
    const covered: number[] = [];
    for (let seed = 0; seed < 6; seed++) {
      const { x, y } = noisy(seed, 150);
      using regressor = new Regressor({ seed, effort: "quick" });
      regressor.fitSync(x, y);
      const fresh = noisy(seed + 70, 1000);
      const { prediction, lower, upper } = regressor.predict(fresh.x, { interval: 0.8 });
      expect(prediction).toEqual(regressor.predict(fresh.x));
      covered.push(mean(fresh.y.map((value, i) => Number(lower[i] <= value && value <= upper[i]))));
    }
    expect(mean(covered)).toBeGreaterThan(0.77);
    expect(mean(covered)).toBeLessThan(0.88);
    using regressor = new Regressor({ effort: "quick" });
    regressor.fitSync(noisy(1, 30).x, noisy(1, 30).y);
    expect(failure(() => regressor.predict([[0, 0, 0, 0]], { interval: 0.99 }))).toMatchObject({
      code: "ERR_CONFIG",
      message: "interval 0.99 cannot be told from 30 residuals: it needs 199; ask for a smaller interval",
    });
    expect(failure(() => regressor.predict([[0, 0, 0, 0]], { interval: 90 }))).toMatchObject({ code: "ERR_CONFIG" });
  });

  test("a threshold that was optimised finds the rare class, and survives JSON", () => {
    const x = points(400, 3, 2);
    const draw = generator(5);
    const labels = x.map(([a]) => (a > 0.75 && draw() < 0.6 ? "rare" : "common"));
    const f1 = (options: object): number => {
      using classifier = new Classifier({ effort: "quick", ...options });
      classifier.fitSync(x, labels);
      const figures = classifier.evaluate(x, labels, { metrics: [{ name: "f1", average: "perClass" }] });
      using copy = Classifier.fromJSON(JSON.parse(JSON.stringify(classifier)));
      expect(copy.predict(x)).toEqual(classifier.predict(x));
      const called = classifier.predict(x);
      const right = called.filter((label, i) => label === "rare" && labels[i] === "rare").length;
      const total =
        called.filter((label) => label === "rare").length + labels.filter((label) => label === "rare").length;
      expect(figures.f1PerClass?.[1]).toBeCloseTo((2 * right) / total, 9);
      return figures.f1PerClass?.[1] ?? 0;
    };
    expect(f1({ optimize: "f1" })).toBeGreaterThan(f1({ hidden: [], activation: "linear" }) - 0.01);
    const cases = [
      [new Classifier({ optimize: "f2" as "f1" }), labels, "optimize must be one of accuracy, balancedAccuracy, f1"],
      [new Classifier({ optimize: "f1" }), x.map((_, i) => i % 3), "the targets are 3 classes"],
      [new Regressor({ optimize: "f1" } as object), x.map(([a]) => a), "the targets are numbers"],
    ] as const;
    for (const [estimator, y, message] of cases) {
      expect(failure(() => (estimator as Classifier).fitSync(x, y))).toMatchObject({
        code: "ERR_CONFIG",
        message: expect.stringContaining(message),
      });
    }
  });
});

describe("targets in their own units", () => {
  const x = points(80, 2, 4);
  const y = x.map(([a, b]) => 5000 + 800 * a - 300 * b * b);
  const error = (predictions: ArrayLike<number>, of: (difference: number, target: number) => number): number => {
    return mean(y.map((target, i) => of(predictions[i] - target, target)));
  };

  test.each([
    ["meanSquaredError", (d: number) => d * d],
    ["squaredError", (d: number) => (d * d) / 2],
    ["meanAbsoluteError", (d: number) => Math.abs(d)],
    [{ name: "huber", delta: 50 }, (d: number) => (Math.abs(d) <= 50 ? (d * d) / 2 : 50 * (Math.abs(d) - 25))],
    [{ name: "quantile", q: 0.8 }, (d: number) => Math.max(-0.8 * d, 0.2 * d)],
    ["logCosh", (d: number) => Math.abs(d) + Math.log((1 + Math.exp(-2 * Math.abs(d))) / 2)],
    ["meanAbsolutePercentageError", (d: number, t: number) => (100 * Math.abs(d)) / t],
    ["meanSquaredLogarithmicError", (d: number, t: number) => (Math.log1p(t + d) - Math.log1p(t)) ** 2],
    ["poisson", (d: number, t: number) => t + d - t * Math.log(t + d)],
  ] as const)("%o: what is reported, evaluated and stopped by", (loss, of) => {
    using regressor = new Regressor({ hidden: [8], activation: "tanh", loss, ensemble: 1, effort: "quick" });
    const reports: EpochReport[] = [];
    const history = regressor.fitSync(x, y, {
      epochs: 300,
      metrics: ["r2", "meanAbsoluteError", "rootMeanSquaredError"],
      onEpoch: (report) => void reports.push(report),
    });
    const predictions = regressor.predict(x);
    const evaluation = regressor.evaluate(x, y, { metrics: ["r2", "meanAbsoluteError", "rootMeanSquaredError"] });
    const expected = error(predictions, of);
    expect(evaluation.loss / expected).toBeCloseTo(1, 3);
    expect(evaluation.meanAbsoluteError).toBeCloseTo(error(predictions, Math.abs), 1);
    expect(evaluation.rootMeanSquaredError).toBeCloseTo(Math.sqrt(error(predictions, (d) => d * d)), 1);
    expect(evaluation.r2).toBeGreaterThan(0.9);
    const last = history.epochs.at(-1);
    // The history's losses are means over an epoch while weights still moved, but in the same unit.
    expect(Math.abs((last?.loss ?? NaN) - expected)).toBeLessThan(Math.abs(expected));
    expect(last?.meanAbsoluteError).toBeLessThan(3 * error(predictions, Math.abs));
    expect(reports.at(-1)).toEqual(last);
    const goal = (history.epochs[0].loss + expected) / 2;
    const stopped = regressor.fitSync(x, y, { epochs: 300, targetLoss: goal });
    expect(stopped.stopped).toBe("targetLoss");
    expect(stopped.epochs.at(-1)?.loss).toBeLessThanOrEqual(goal);
  });

  test("minDelta is in the unit of the loss", () => {
    using regressor = new Regressor({ hidden: [8], effort: "quick" });
    const patient = regressor.fitSync(x, y, { epochs: 200, batchSize: 8, earlyStopping: { minDelta: 0, patience: 5 } });
    const hasty = regressor.fitSync(x, y, { epochs: 200, batchSize: 8, earlyStopping: { minDelta: 1e9, patience: 5 } });
    expect(hasty.epochs.length).toBe(6);
    expect(patient.epochs.length).toBeGreaterThan(6);
  });

  test("counts from 0 on are learnt by poisson and never below 0", () => {
    const counts = x.map(([a, b]) => Math.round(Math.exp(a + b)));
    using regressor = new Regressor({ loss: "poisson", effort: "quick" });
    regressor.fitSync(x, counts);
    expect(Math.min(...regressor.predict(x))).toBeGreaterThanOrEqual(0);
    expect(regressor.score(x, counts)).toBeGreaterThan(0.8);
    const error = failure(() => regressor.fitSync(x, x.map(([a]) => a))); // prettier-ignore
    expect(error).toMatchObject({ message: expect.stringContaining("targets[row 1]") });
  });

  test("a typed array of twice the rows is not silently two numbers a row", () => {
    const twice = Float64Array.from({ length: 160 }, (_, i) => i);
    using regressor = new Regressor({ effort: "quick" });
    expect(failure(() => regressor.fitSync(x, twice))).toMatchObject({
      code: "ERR_SHAPE",
      message: "targets has 160 numbers for 80 rows; pass { data, shape: [80, 2] } if each row has 2",
    });
    regressor.fitSync(x, { data: twice, shape: [80, 2] });
    expect(regressor.predict(x).length).toBe(160);
  });
});

describe("weights of rows", () => {
  const x = points(60, 2, 6);
  const y = x.map(([a, b]) => 3 * a - b);

  test("0 is a row left out, for the scaling too", () => {
    const far = [...x, [1e9, -1e9]];
    using with0 = new Regressor({ effort: "quick" });
    with0.fitSync(far, [...y, 1e12], { sampleWeights: [...x.map(() => 1), 0] });
    using without = new Regressor({ effort: "quick" });
    without.fitSync(x, y, { sampleWeights: x.map(() => 1) });
    expect(with0.predict(x)).toEqual(without.predict(x));
    expect(with0.score(x, y)).toBeGreaterThan(0.99);
    const error = failure(() => with0.fitSync(x, y, { sampleWeights: x.map(() => 0) }));
    expect(error).toMatchObject({ code: "ERR_DATA", message: expect.stringContaining("all sampleWeights are 0") });
  });

  test("2 is a row twice, for the scaling too", () => {
    using classifier = new Classifier({ effort: "quick" });
    classifier.fitSync(x, y.map((value) => value > 0), { sampleWeights: x.map((_, i) => 1 + (i % 2)) }); // prettier-ignore
    const json = classifier.toJSON();
    const twice = x.flatMap((row, i) => (i % 2 === 1 ? [row, row] : [row]));
    const centre = mean(twice.map(([a]) => a));
    expect(json.members[0].scaling.mean[0]).toBeCloseTo(centre, 12);
    expect(json.members[0].scaling.scale[0]).toBeCloseTo(Math.sqrt(mean(twice.map(([a]) => (a - centre) ** 2))), 12);
  });
});

describe("the course of a fit", () => {
  const x = points(90, 3, 7);
  const labels = x.map(([a, b]) => (a * b > 0 ? "same" : "other"));

  test("has the same bits blocking or not, for each effort, and others for another seed", async () => {
    for (const effort of ["quick", "normal"] as const) {
      const fingerprints = async (seed: number, isSync: boolean) => {
        using classifier = new Classifier({ effort, seed });
        if (isSync) classifier.fitSync(x, labels);
        else await classifier.fit(x, labels);
        return JSON.stringify(classifier);
      };
      const first = await fingerprints(1, true);
      expect(await fingerprints(1, false)).toBe(first);
      expect(await fingerprints(2, true)).not.toBe(first);
    }
  });

  test("tells what was chosen, and how much", () => {
    using classifier = new Classifier();
    classifier.fitSync(x, labels);
    const { chosen } = classifier;
    expect(chosen).toMatchObject({ effort: "normal", by: "folds", folds: 5 });
    expect(chosen?.candidates.length).toBeGreaterThan(8);
    expect(chosen?.networks).toBe(classifier.networks.length);
    expect(chosen?.networks).toBeGreaterThan(1);
    const kept = chosen?.candidates.filter(({ networks }) => networks > 0) ?? [];
    expect(kept.reduce((sum, { networks }) => sum + networks, 0)).toBe(chosen?.networks);
    expect(kept.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 6);
    using quick = new Classifier({ effort: "quick" });
    quick.fitSync(x, labels);
    expect(quick.networks.length).toBe(1);
    using alone = new Classifier({ ensemble: 1 });
    alone.fitSync(x, labels);
    expect(alone.networks.length).toBe(1);
    using set = new Classifier({ hidden: [5], activation: "sigmoid", l2: 0.01 });
    set.fitSync(x, labels);
    for (const network of set.networks) {
      const { layers, l2 } = network.toJSON();
      expect(layers[0]).toMatchObject({ units: 5, activation: "sigmoid" });
      expect(l2).toBe(0.01);
    }
  });

  test("reports one network's epochs, counted once", () => {
    const seen: number[] = [];
    using classifier = new Classifier({ hidden: [4] });
    const history = classifier.fitSync(x, labels, { epochs: 30, onEpoch: ({ epoch }) => void seen.push(epoch) });
    expect(history.epochs.length).toBeLessThanOrEqual(30);
    expect(seen).toEqual(history.epochs.map(({ epoch }) => epoch));
    expect(seen[0]).toBe(1);
  });

  test("keeps to a time limit as a whole", () => {
    const many = points(4000, 20, 1);
    using classifier = new Classifier({ effort: "thorough" });
    const started = performance.now();
    classifier.fitSync(many, many.map(([a, b]) => Number(a * b > 0)), { timeLimit: 0.5 }); // prettier-ignore
    expect(performance.now() - started).toBeLessThan(1500);
    expect(
      classifier.score(
        many.slice(0, 9),
        many.slice(0, 9).map(([a, b]) => Number(a * b > 0)),
      ),
    ).toBeGreaterThan(0);
  });

  test("is aborted at any moment, and leaves the model as it was", async () => {
    using classifier = new Classifier({ effort: "quick" });
    classifier.fitSync(x, labels);
    const before = JSON.stringify(classifier);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 30);
    const many = points(3000, 20, 1);
    const error = await rejection(classifier.fit(many, many.map(([a]) => Number(a > 0)), { signal: controller.signal })); // prettier-ignore
    expect(error).toMatchObject({ message: "enough" });
    expect(JSON.stringify(classifier)).toBe(before);
  });

  test("goes on with partialFit, every network of it", () => {
    using regressor = new Regressor();
    const y = x.map(([a, b]) => 100 * a * b);
    regressor.fitSync(x, y);
    const moved = y.map((value) => value + 20);
    const before = regressor.evaluate(x, moved).loss;
    for (let i = 0; i < 300; i++) regressor.partialFit(x, moved);
    expect(regressor.evaluate(x, moved).loss).toBeLessThan(before / 4);
  });

  test("a first chunk of one row goes on learning its scale", () => {
    using regressor = new Regressor();
    const y = x.map(([a, b]) => 5000 + 900 * (a - b));
    for (let i = 0; i < x.length; i++) regressor.partialFit([x[i].map((value) => 1000 * value)], [y[i]]);
    const { members } = regressor.toJSON();
    expect(members[0].scaling).toMatchObject({ rows: 90 });
    expect(members[0].scaling.scale[0]).toBeCloseTo(
      1000 * Math.sqrt(mean(x.map(([a]) => (a - mean(x.map(([b]) => b))) ** 2))),
      6,
    );
    for (let i = 0; i < 60; i++) regressor.partialFit(x.map((row) => row.map((value) => 1000 * value)), y); // prettier-ignore
    expect(regressor.score(x.map((row) => row.map((value) => 1000 * value)), y)).toBeGreaterThan(0.95); // prettier-ignore
  });

  test.each([
    [{ effort: "high" }, "effort must be one of quick, normal, thorough"],
    [{ ensemble: 0 }, "ensemble must be"],
  ])("refuses %o", (options, message) => {
    using classifier = new Classifier(options as object);
    expect(failure(() => classifier.fitSync(x, labels))).toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining(message),
    });
  });

  test.each([
    { optimizer: "lbfgs" },
    { optimizer: "sgd", learningRate: 0.05 },
    { optimizer: { name: "rmsprop" } },
    { dtype: "float64" },
    { l1: 0.001 },
    { hidden: [] },
    { hidden: [6, 4] },
    { activation: "gelu" },
  ] as const)(
    // prettier-ignore
    "learns with %o",
    (options) => {
      using classifier = new Classifier({ effort: "quick", ...options });
      classifier.fitSync(x, x.map(([a, b]) => Number(a + b > 0)), "optimizer" in options ? { epochs: 100 } : {}); // prettier-ignore
      expect(classifier.score(x, x.map(([a, b]) => Number(a + b > 0)))).toBeGreaterThan(0.9); // prettier-ignore
    },
  );

  test("bytes stay bytes where there are many", () => {
    const draw = generator(1);
    const data = Uint8Array.from({ length: 5000 * 900 }, (_, i) => (i % 900 < 5 ? Math.floor(256 * draw()) : 0));
    const y = Int32Array.from({ length: 5000 }, (_, row) => Number(data[row * 900] + data[row * 900 + 1] > 255));
    using classifier = new Classifier({ effort: "quick", hidden: [16] });
    classifier.fitSync({ data, shape: [5000, 900] }, y, { epochs: 10 });
    expect(classifier.network?.toJSON().inputScale).toBeCloseTo(1 / 255, 12);
    expect(classifier.score({ data, shape: [5000, 900] }, y)).toBeGreaterThan(0.95);
  });
});

describe("what went wrong once", () => {
  const x = points(80, 2, 11);
  const y = x.map(([a, b]) => 3 * a - b);
  const kinds = x.map(([a, b]) => (a * b > 0 ? "same" : "other"));

  test.each([2, 3, 4])("%i different rows, repeated with different targets", (count) => {
    const rows = Array.from({ length: 15 }, (_, i) => [i % count]);
    using regressor = new Regressor();
    regressor.fitSync(rows, rows.map(([a], i) => a + 0.1 * (i % 4))); // prettier-ignore
    expect(Math.abs(regressor.predict([[1]])[0] - 1.15)).toBeLessThan(0.4);
  });

  test("networks that diverge are left out, or say so", () => {
    for (let seed = 0; seed < 6; seed++) {
      using classifier = new Classifier({ optimizer: "sgd", learningRate: 0.2 * (seed + 1), seed, effort: "quick" });
      try {
        classifier.fitSync(x, kinds);
        expect(classifier.predictProbabilities(x).every(Number.isFinite)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: "ERR_DIVERGED" });
      }
    }
    using wild = new Classifier({ optimizer: "sgd", learningRate: 1e20 });
    expect(failure(() => wild.fitSync(x, kinds, { timeLimit: 1e-6 }))).toMatchObject({ code: "ERR_DIVERGED" });
  });

  test("a value far beyond all others is as good as any other that is large", () => {
    const far = x.map((row, i) => (i === 3 ? [1e100, row[1]] : row));
    using classifier = new Classifier({ effort: "quick" });
    classifier.fitSync(far, kinds);
    const [near, large, huge] = [2e100, 1e150, 1e300].map((value) => classifier.predictProbabilities([[value, 0]])[1]);
    expect(Number.isFinite(near)).toBe(true);
    expect(large).toBeCloseTo(huge, 6);
  });

  test("columns of tiny numbers", () => {
    const draw = generator(4);
    const tiny = x.map(([, b], i) => [i % 10 === 0 ? 0 : 1e-18 * Math.exp(3 * draw()), b]);
    using regressor = new Regressor();
    regressor.fitSync(tiny, x.map(([, b]) => b)); // prettier-ignore
    expect(regressor.score(tiny, x.map(([, b]) => b))).toBeGreaterThan(0.9); // prettier-ignore
  });

  test("partialFit: deviations of exactly 1, and rows that do not count", () => {
    using regressor = new Regressor();
    const signs = Array.from({ length: 100 }, (_, i) => [i % 2 === 0 ? 1 : -1]);
    regressor.partialFit(signs, signs.map(([a]) => a)); // prettier-ignore
    regressor.partialFit([[0.001]], [0]);
    expect(regressor.toJSON().members[0].scaling.scale[0]).toBeCloseTo(Math.sqrt(100 / 101), 3);
    using weighed = new Regressor();
    weighed.partialFit([[1], [2], [3], [1e6]], [1, 2, 3, 1e9], { sampleWeights: [1, 1, 1, 0] });
    const [{ scaling, targetScaling }] = weighed.toJSON().members;
    expect(scaling).toMatchObject({ mean: [2], rows: 3 });
    expect(targetScaling?.mean).toEqual([2]);
    expect(failure(() => new Classifier({ optimize: "f1" }).partialFit(x, kinds))).toMatchObject({
      code: "ERR_CONFIG",
    });
  });

  test("partialFit that fails changes no network, and what was measured before is gone afterwards", () => {
    using regressor = new Regressor();
    regressor.fitSync(x, y);
    const json = JSON.parse(JSON.stringify(regressor)) as { members: { network: { optimizer: unknown } }[] };
    json.members[1].network.optimizer = { name: "sgd", learningRate: 1e30 };
    using broken = Regressor.fromJSON(json);
    const before = broken.predict(x);
    for (let i = 0; i < 3; i++) {
      expect(failure(() => broken.partialFit(x, y.map((value) => 50 * value)))).toMatchObject({ code: "ERR_DIVERGED" }); // prettier-ignore
    }
    expect(broken.predict(x)).toEqual(before);
    expect(regressor.estimate).toBeDefined();
    regressor.partialFit(x, y);
    expect(regressor.estimate).toBeUndefined();
    expect(regressor.chosen).toBeUndefined();
  });

  test("a time limit that is spent leaves one network", () => {
    const many = points(3000, 15, 2);
    using classifier = new Classifier();
    classifier.fitSync(many, many.map(([a]) => a > 0), { timeLimit: 0.02 }); // prettier-ignore
    expect(classifier.networks.length).toBe(1);
    expect(classifier.chosen?.isCutShort).toBe(true);
    expect(classifier.chosen?.candidates.reduce((sum, { networks }) => sum + networks, 0)).toBe(1);
  });

  test("of several targets, losses are in their own units", () => {
    const both = x.map(([a, b]) => [1000 * a, 1000 * b]);
    using regressor = new Regressor({ hidden: [8], optimizer: "adam", ensemble: 1 });
    const history = regressor.fitSync(x, both, { epochs: 60, metrics: ["meanAbsoluteError"] });
    const { loss, meanAbsoluteError } = regressor.evaluate(x, both, { metrics: ["meanAbsoluteError"] });
    expect((history.epochs.at(-1)?.loss ?? NaN) / loss).toBeCloseTo(1, 0);
    expect((history.epochs.at(-1)?.meanAbsoluteError ?? NaN) / (meanAbsoluteError ?? NaN)).toBeCloseTo(1, 0);
    expect(regressor.estimate?.targets?.length).toBe(2);
    const long = regressor.fitSync(x, both, { epochs: 60, targetLoss: loss * 1e-6 });
    expect(long.stopped).toBe("epochs");
  });

  test("minDelta of a metric is in its unit", () => {
    using regressor = new Regressor({ hidden: [8], effort: "quick" });
    const earlyStopping = { monitor: "validation.meanAbsoluteError", minDelta: 0.01, patience: 5 } as const;
    const large = y.map((value) => 1000 * value);
    const options = { epochs: 40, batchSize: 16, metrics: ["meanAbsoluteError"] as const };
    const epochs = regressor.fitSync(x, large, { ...options, earlyStopping }).epochs.length;
    expect(epochs).toBeGreaterThan(20);
  });

  test("who watches sees each epoch of the network that is kept, and no other", () => {
    const corners = [[0, 0], [0, 1], [1, 0], [1, 1]]; // prettier-ignore
    const seen: number[] = [];
    let attempts = 0;
    using classifier = new Classifier({ hidden: [1] });
    const history = classifier.fitSync(corners, [0, 1, 1, 0], {
      epochs: 5,
      onEpoch: ({ epoch }) => void seen.push(epoch),
      onSearch: () => void attempts++,
    });
    expect(seen).toEqual(history.epochs.map(({ epoch }) => epoch));
    expect(attempts).toBe(10);
    using stopping = new Classifier();
    stopping.fitSync(corners, [0, 1, 1, 0], { earlyStopping: true });
    expect(stopping.score(corners, [0, 1, 1, 0])).toBe(1);
  });

  test("huber with a delta far below the targets' scale still learns", () => {
    using regressor = new Regressor({ loss: "huber" });
    const large = x.map(([a, b]) => 250_000 + 40_000 * (a - b));
    regressor.fitSync(x, large);
    expect(regressor.score(x, large)).toBeGreaterThan(0.95);
  });

  test("of noise, one network that was chosen from several is not told to be better than it is", () => {
    const gaps: number[] = [];
    for (let seed = 0; seed < 8; seed++) {
      const draw = generator(seed + 40);
      const noise = points(100, 4, seed);
      using classifier = new Classifier({ ensemble: 1, seed });
      classifier.fitSync(noise, noise.map(() => draw() < 0.5)); // prettier-ignore
      gaps.push((classifier.estimate?.accuracy ?? NaN) - (classifier.baseline?.accuracy ?? NaN));
    }
    expect(mean(gaps)).toBeLessThan(0.005);
  });

  test("rare classes that are found at the cost of accuracy are no warning", () => {
    const many = points(400, 2, 13);
    const draw = generator(3);
    const rare = many.map(([a]) => (a > 0.8 && draw() < 0.7 ? "rare" : "common"));
    for (const [options, fit] of [
      [{ optimize: "f1" }, {}],
      [{}, { classWeights: "balanced" }],
    ] as const) {
      // prettier-ignore
      using classifier = new Classifier({ effort: "quick", ...options });
      expect(classifier.fitSync(many, rare, fit).warnings).toBeUndefined();
    }
    using quantile = new Regressor({ loss: { name: "quantile", q: 0.9 }, effort: "quick" });
    expect(quantile.fitSync(x, y).warnings).toBeUndefined();
  });

  test("every optimizer can be asked for", { timeout: 60_000 }, () => {
    for (const optimizer of [
      "vsgd",
      "levenbergMarquardt",
      "conjugateGradient",
      "rprop",
      "lion",
      "adasecant",
    ] as const) {
      using regressor = new Regressor({ optimizer, effort: "quick" });
      regressor.fitSync(x, y, { epochs: 30 });
      expect(regressor.predict(x).every(Number.isFinite)).toBe(true);
    }
  });

  test.each([
    [{ loss: "hinge" }, 'loss "hinge" is for targets of -1 and 1'],
    [{ seed: "abc" }, "seed must be an integer"],
    [{ seed: 1.5 }, "seed must be an integer"],
  ])("refuses %o", (options, message) => {
    using regressor = new Regressor(options as object);
    expect(failure(() => regressor.fitSync(x, y))).toMatchObject({ message: expect.stringContaining(message) });
  });

  test("what callbacks throw or reject with ends the fit", async () => {
    using classifier = new Classifier({ effort: "quick" });
    const wrong = new Error("no more");
    const cases = [
      { onSearch: () => Promise.reject(wrong) },
      { onSearch: () => { throw wrong; } }, // prettier-ignore
      { onEpoch: () => Promise.reject(wrong) },
      { onEpoch: () => { throw Object.assign(wrong, { code: "ERR_DIVERGED" }); } }, // prettier-ignore
    ];
    for (const options of cases) expect(await rejection(classifier.fit(x, kinds, options as object))).toBe(wrong);
    expect(classifier.network).toBeUndefined();
    await classifier.fit(x, kinds);
    expect(classifier.network).toBeDefined();
  });

  test("failures give all memory back", () => {
    const far = x.map((row, i) => (i === 3 ? [1e300, row[1]] : row));
    const attempt = () => {
      using classifier = new Classifier({ hidden: [600, 300], optimizer: "sgd", learningRate: 1e25, effort: "quick" });
      failure(() => classifier.fitSync(far, kinds, { epochs: 1 }));
    };
    for (let i = 0; i < 5; i++) attempt();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 20; i++) attempt();
    expect(process.memoryUsage().rss - before).toBeLessThan(60e6);
  });

  test("an interval of nine tenths needs nineteen rows", () => {
    using regressor = new Regressor({ effort: "quick" });
    regressor.fitSync(x.slice(0, 19), y.slice(0, 19));
    expect(regressor.predict(x, { interval: 0.9 }).lower.length).toBe(80);
    const json = JSON.parse(JSON.stringify(regressor)) as { found: { residuals: unknown } };
    for (const residuals of [[], [{ sorted: [2, 1] }], [null], 5]) {
      json.found.residuals = residuals;
      using bad = Regressor.fromJSON(json);
      expect(failure(() => bad.predict(x, { interval: 0.5 }))).toHaveProperty("code");
    }
  });

  test("intervals of skewed targets grow with them, and never reach below 0", () => {
    const draw = generator(21);
    const prices = x.concat(points(200, 2, 14)).map(([a, b]) => ({ row: [a, b], price: 100 * Math.exp(2 * a + b + 0.3 * (draw() + draw() + draw() - 1.5)) })); // prettier-ignore
    using regressor = new Regressor();
    regressor.fitSync(prices.map(({ row }) => row), prices.map(({ price }) => price)); // prettier-ignore
    const { prediction, lower, upper } = regressor.predict([[-0.9, -0.9], [0.9, 0.9]], { interval: 0.9 }); // prettier-ignore
    expect(prediction[1]).toBeGreaterThan(5 * prediction[0]);
    expect(upper[1] - lower[1]).toBeGreaterThan(4 * (upper[0] - lower[0]));
    expect(Math.min(...lower)).toBeGreaterThanOrEqual(0);
  });
});

describe("the parts", () => {
  test("exponential and logarithm are those of Math", () => {
    for (const x of points(500, 1, 3, -700, 700).flat()) {
      expect(exponential(x) / Math.exp(x)).toBeCloseTo(1, 13);
      const y = Math.exp(x / 2);
      expect(Math.abs(logarithm(y) - Math.log(y))).toBeLessThan(1e-13 * Math.max(1, Math.abs(Math.log(y))));
    }
    expect([exponential(0), exponential(-Infinity), exponential(800), exponential(NaN)]).toEqual([1, 0, Infinity, NaN]);
    expect([logarithm(1), logarithm(0), logarithm(-1), logarithm(Infinity)]).toEqual([0, -Infinity, NaN, Infinity]);
  });

  test("folds keep equal rows together and spread classes evenly", () => {
    const x = Array.from({ length: 100 }, (_, i) => [Math.floor(i / 2), 1]);
    const sample = { x: rowsOf(x), targets: column(x.map((_, i) => Number(Math.floor(i / 2) % 5 === 0))) };
    const groups = groupRows(sample);
    expect(groups).toMatchObject({ count: 50, agree: true });
    const folds = dealFolds(sample, groups, 5, 3, 2);
    for (let i = 0; i < 100; i += 2) expect(folds[i]).toBe(folds[i + 1]);
    for (let fold = 0; fold < 5; fold++) {
      const own = [...folds.keys()].filter((row) => folds[row] === fold);
      expect(own.length).toBe(20);
      expect(own.filter((row) => sample.targets.data[row] === 1).length).toBe(4);
    }
    expect(dealFolds(sample, groups, 5, 4, 2)).not.toEqual(folds);
  });

  test("few rows that contradict each other are dealt one by one", () => {
    const x = Array.from({ length: 80 }, (_, i) => [i % 2, (i >> 1) % 2]);
    const sample = { x: rowsOf(x), targets: column(x.map((_, i) => Number(i % 7 < 3))) };
    const groups = groupRows(sample);
    expect(groups).toMatchObject({ count: 4, agree: false });
    const folds = dealFolds(sample, groups, 4, 0, 2);
    for (let fold = 0; fold < 4; fold++) expect(folds.filter((own) => own === fold).length).toBe(20);
  });

  test("all that there can be is known by its grid", () => {
    const grid = [0, 1, 2].flatMap((a) => [0, 5].map((b) => [a, b]));
    const whole = { x: rowsOf(grid), targets: column(grid.map(([a]) => a)) };
    expect(isWholeDomain(whole, groupRows(whole))).toBe(true);
    const part = { x: rowsOf(grid.slice(1)), targets: column(grid.slice(1).map(([a]) => a)) };
    expect(isWholeDomain(part, groupRows(part))).toBe(false);
    const torn = { x: rowsOf([...grid, grid[0]]), targets: column([...grid.map(() => 0), 1]) };
    expect(isWholeDomain(torn, groupRows(torn))).toBe(false);
  });

  test("inputs are soft, two values keep their distance, bins are ramps, ranks are normal", () => {
    const x = points(200, 1, 5).map(([a], i) => [a, i % 20 === 0 ? 30 : 10]);
    const sample = { x: rowsOf(x), targets: column(x.map(() => 0)) };
    const soft = learnFeatures(sample, "soft").transform(rowsOf([[1e6, 10], [0, 30]]), "float64"); // prettier-ignore
    expect(soft[0]).toBeCloseTo(3, 3);
    expect(soft[3] / Math.sqrt(1 - (soft[3] * soft[3]) / 9)).toBeCloseTo(0.95, 9);
    const bins = learnFeatures(sample, "bins");
    expect(bins.inputs).toBe(2 + 8);
    const own = bins.transform(sample.x, "float64");
    for (let input = 2; input < 10; input++) {
      expect(mean(Array.from({ length: 200 }, (_, row) => own[row * 10 + input]))).toBeCloseTo(0, 9);
    }
    const ranks = learnFeatures({ ...sample, x: rowsOf(x.map(([a]) => [Math.exp(9 * a)])) }, "ranks");
    const values = Array.from(ranks.transform(rowsOf(x.map(([a]) => [Math.exp(9 * a)])), "float64"));
    expect(mean(values)).toBeCloseTo(0, 1);
    expect(mean(values.map((value) => value * value))).toBeGreaterThan(0.85);
    expect(Math.max(...values)).toBeLessThan(3.2);
    const logs = learnFeatures({ ...sample, x: rowsOf(x.map(([a]) => [Math.exp(4 * a)])) }, "logs");
    const line = logs.transform(rowsOf([[Math.exp(-2)], [1], [Math.exp(2)]]), "float64");
    expect(line[2] - line[1]).toBeCloseTo(line[1] - line[0], 1);
  });

  test("shares fall with the loss, and the least are dropped", () => {
    const tested = [1, 1.1, 9].map((loss) => ({ answers: new Float64Array(), losses: [loss, loss] }));
    const shares = sharesOf(tested, [50, 50], false);
    expect(shares[0] / shares[1]).toBeCloseTo(Math.exp((100 * 0.1) / 32), 9);
    expect(shares[2]).toBe(0);
    expect(shares[0] + shares[1]).toBeCloseTo(1, 12);
    tested[0].losses[1] = Infinity;
    expect(sharesOf(tested, [50, 50], false)[0]).toBe(0);
    // A candidate that failed on one fold has no answer for some rows.
    expect(sharesOf(tested, [50, 50], false, 1)[0]).toBe(0);
  });

  test("the threshold is the best of all", () => {
    const p = [0.05, 0.1, 0.2, 0.3, 0.35, 0.6];
    const y = [0, 0, 1, 0, 1, 1];
    expect(bestThreshold("f1", p as unknown as Float64Array, y)).toBeCloseTo(0.15, 12);
    expect(bestThreshold("accuracy", p as unknown as Float64Array, y)).toBeCloseTo(0.15, 12);
    expect(bestThreshold("accuracy", [0.4, 0.6] as unknown as Float64Array, [0, 1])).toBe(0.5);
    expect(centreAt(0.2, 0.2)).toBe(0.5);
    expect(centreAt(0.1, 0.2)).toBeLessThan(0.5);
  });
});
