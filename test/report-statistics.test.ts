// The statistics of reports, against scikit-learn's numbers (test/report/make-statistics.py) and by hand.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { axisOf, logAxisOf } from "../src/report/axes.ts";
import { shuffled, spread } from "../src/report/chance.ts";
import { accuracyOf, calibrationOf, confusionOf, decided, perClass, rocOf } from "../src/report/classes.ts";
import { dependenceOf } from "../src/report/dependence.ts";
import { findImage, imageOf, pixelsOf } from "../src/report/images.ts";
import { importancesOf } from "../src/report/importance.ts";
import { plainInputs, tableInputs } from "../src/report/inputs.ts";
import type { Judged } from "../src/report/judged.ts";
import { errorsOf, histogramOf } from "../src/report/residuals.ts";
import { distinct, figure, percent, shortened } from "../src/report/words.ts";
import { root } from "../scripts/root.ts";

const known = JSON.parse(readFileSync(`${root}/test/report/statistics.json`, "utf8"));

function expectNear(value: number, expected: number | null): void {
  if (expected === null) expect(value).toBeNaN();
  else expect(value).toBeCloseTo(expected, 12);
}

/** Numbers as scikit-learn's, NaN where it says that there is none. */
function expectClose(found: readonly number[], expected: readonly (number | null)[]): void {
  expect(found.length).toBe(expected.length);
  found.forEach((value, i) => expectNear(value, expected[i]));
}

describe.each([
  ["two", 2],
  ["four", 4],
] as const)("%s classes, as scikit-learn", (name, classes) => {
  const { truth, probabilities, ...theirs } = known[name];
  const answers = {
    classes,
    truth: Int32Array.from(truth),
    probabilities: Float64Array.from(probabilities.flat()),
    predicted: decided(Float64Array.from(probabilities.flat()), classes),
  };

  test("what is predicted, and counted", () => {
    expect([...answers.predicted]).toEqual(theirs.predicted);
    const matrix = theirs.confusion.map((row: number[]) => row.map(() => 0));
    for (const { truth: t, predicted, rows } of confusionOf(answers)) matrix[t][predicted] = rows;
    expect(matrix).toEqual(theirs.confusion);
    expect(accuracyOf(answers)).toBeCloseTo(truth.filter((t: number, i: number) => t === theirs.predicted[i]).length / truth.length, 12); // prettier-ignore
  });

  test("precision, recall, F1 and support", () => {
    const figures = perClass(answers);
    expectClose(figures.map((one) => one.precision), theirs.precision); // prettier-ignore
    expectClose(figures.map((one) => one.recall), theirs.recall); // prettier-ignore
    expectClose(figures.map((one) => one.f1), theirs.f1); // prettier-ignore
    expect(figures.map((one) => one.support)).toEqual(theirs.support);
  });

  test("ROC curves and areas", () => {
    let curves = 0;
    theirs.curves.forEach((curve: { false: number[]; true: number[]; area: number } | null, c: number) => {
      if (curve === null) return void expect(perClass(answers)[c].auc).toBeNaN();
      const roc = rocOf(answers, c);
      expectClose(roc.falsePositives, curve.false);
      expectClose(roc.truePositives, curve.true);
      expect(roc.area).toBeCloseTo(curve.area, 12);
      curves++;
    });
    expect(curves).toBe(classes === 2 ? 2 : 3);
  });

  test("calibration", () => {
    const { bins, error } = calibrationOf(answers);
    expectClose(bins.map(({ observed }) => observed), theirs.observed); // prettier-ignore
    expectClose(bins.map(({ probability }) => probability), theirs.mean); // prettier-ignore
    expect(bins.reduce((sum, { rows }) => sum + rows, 0)).toBe(truth.length);
    const byHand = bins.reduce((sum, { rows, observed, probability }) => sum + (rows / truth.length) * Math.abs(observed - probability), 0); // prettier-ignore
    expect(error).toBeCloseTo(byHand, 12);
  });
});

describe("numbers, as scikit-learn", () => {
  const { x, y, ...theirs } = known.numbers;
  const model = (data: ArrayLike<number>): Float64Array =>
    Float64Array.from({ length: data.length / 3 }, (_, i) => data[3 * i] * data[3 * i + 1] + 2 * data[3 * i + 2]);
  const rows = { data: Float64Array.from(x.flat()), rows: 40, columns: 3 };
  const judged: Judged = {
    origin: "given",
    x: rows,
    rows: y.map((_: number, i: number) => i),
    answers: model(rows.data),
    ask: ({ data }) => model(data),
    isAskedUnseen: true,
  };

  test("errors", () => {
    const errors = errorsOf(Float64Array.from(y), judged.answers);
    expect(errors.r2).toBeCloseTo(theirs.r2, 12);
    expect(errors.meanAbsoluteError).toBeCloseTo(theirs.mae, 12);
    expect(errors.rootMeanSquaredError).toBeCloseTo(theirs.rmse, 12);
    expect(errors.medianAbsoluteError).toBeCloseTo(theirs.median, 12);
  });

  test("permutation importance: the same shuffles, r² by scikit-learn", () => {
    const score = (answers: Float64Array, places: readonly number[]): number =>
      errorsOf(Float64Array.from(places, (place) => y[place]), answers).r2; // prettier-ignore
    const { list, repeats, skipped } = importancesOf(judged, plainInputs(3), score, 4);
    expect([repeats, skipped]).toEqual([5, 0]);
    for (const { input, drop, deviation } of list) {
      expect(drop).toBeCloseTo(theirs.drops[input].mean, 12);
      expect(deviation).toBeCloseTo(theirs.drops[input].deviation, 12);
    }
    expect(list.map(({ drop }) => drop)).toEqual(list.map(({ drop }) => drop).sort((a, b) => b - a));
  });

  test("a column that is not used counts nothing, and of many columns those that go with the answers are measured", () => {
    const [input] = plainInputs(3);
    const alone: Judged = { ...judged, ask: ({ data }) => Float64Array.from({ length: data.length / 3 }, (_, i) => data[3 * i]) }; // prettier-ignore
    const score = (answers: Float64Array): number => -answers.reduce((sum, value, i) => sum + Math.abs(value - rows.data[3 * i]), 0); // prettier-ignore
    const { list } = importancesOf(alone, plainInputs(3), score, 4);
    expect(list[0].input).toBe(input.first);
    expect(list.slice(1).map(({ drop, change }) => [drop, change])).toEqual([[0, 0], [0, 0]]); // prettier-ignore
    const wide = { data: new Float64Array(40 * 50), rows: 40, columns: 50 };
    for (let i = 0; i < wide.data.length; i++) wide.data[i] = (i * 7919) % 101;
    const many: Judged = { ...judged, x: wide, ask: ({ data }) => Float64Array.from({ length: 40 }, (_, i) => data[50 * i + 33]) }; // prettier-ignore
    const few = importancesOf(many, plainInputs(50), score, 1e9);
    expect(few.skipped).toBe(40);
    expect(few.list.some(({ input: own }) => own === 33)).toBe(true);
  });

  test("partial dependence", () => {
    const points = dependenceOf(judged, plainInputs(3)[2], 4);
    expectClose(points.map(({ value }) => value), theirs.grid); // prettier-ignore
    expectClose(points.map(({ means }) => means[0]), theirs.effect); // prettier-ignore
  });
});

test("a histogram counts every value once, the largest too", () => {
  const bars = histogramOf(Float64Array.from([0, 1, 2, 3, 4]), 4);
  expect(bars.map(({ rows }) => rows)).toEqual([1, 1, 1, 2]);
  expect(histogramOf(Float64Array.from([2, 2]))).toEqual([{ from: 2, to: 2, rows: 2 }]);
});

test("orders are permutations, the same each time, others for another seed", () => {
  expect([...shuffled(50, 3)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(shuffled(50, 3)).toEqual(shuffled(50, 3));
  expect(shuffled(50, 3)).not.toEqual(shuffled(50, 4));
  expect(spread(10, 3)).toEqual([1, 5, 8]);
});

test("axes show all values, and no two ticks have one label", () => {
  for (const values of [[0, 1], [5, 5], [0], [1e9, 1e9 + 1], [-1e300, 1e300], [1e-9, 3e-9], [0.999, 1], [NaN, 3], []]) {
    const { domain, ticks, labels } = axisOf(values);
    for (const value of values.filter(Number.isFinite)) {
      expect(domain[0]).toBeLessThanOrEqual(value);
      expect(domain[1]).toBeGreaterThanOrEqual(value);
    }
    expect(new Set(ticks.map(labels)).size).toBe(ticks.length);
    expect(ticks.length).toBeLessThan(12);
  }
  const { domain, ticks } = logAxisOf([3e-5, 2, 700]);
  expect(domain).toEqual([1e-5, 1000]);
  expect(ticks.every((tick) => tick > 0)).toBe(true);
});

test("numbers and names in few characters", () => {
  expect([0, 1, 1234, 123456, -0.00001, 1e300, NaN, Infinity, 0.123456].map((value) => figure(value))).toEqual(["0", "1", "1234", "123,456", "−1e−5", "1e300", "–", "∞", "0.1235"]); // prettier-ignore
  expect(percent(0.98765)).toBe("98.8 %");
  expect(shortened("  a\n b  ")).toBe("a b");
  expect(shortened("x".repeat(100), 10)).toBe(`${"x".repeat(9)}…`);
  expect(shortened("👩‍👩‍👧".repeat(30), 5)).toBe(`${"👩‍👩‍👧".repeat(4)}…`);
  expect(shortened("")).toBe("(empty)");
});

test("images are found by names in a row, with pixels lacking, and by the shape alone", () => {
  const named = (names: readonly string[]) => findImage(plainInputs(names.length, names), true);
  expect(named(Array.from({ length: 64 }, (_, i) => `p${i}`))).toMatchObject({ height: 8, width: 8 });
  const lacking = Array.from({ length: 700 }, (_, i) => `pixel${i + 50}`);
  expect(named(lacking)).toMatchObject({ height: 28, width: 28 });
  expect(named(lacking)?.pixelOf[0]).toBe(50 - 1);
  expect(named(["a", "b", "c", "d"])).toBeUndefined();
  expect(named(Array.from({ length: 64 }, (_, i) => (i % 2 ? `p${i}` : `q${i}`)))).toBeUndefined();
  expect(findImage(plainInputs(784), false)).toMatchObject({ height: 28, width: 28 });
  expect(findImage(plainInputs(785), false)).toBeUndefined();
  const { pixels } = pixelsOf(imageOf(2, 2, 3), [1, 2, 3, 0, 0, 0, 0, 0, 0, 9, 9, 9]);
  expect([...pixels]).toEqual([2, 0, 0, 9]);
  expect(pixelsOf(imageOf(64, 64), new Float64Array(4096).fill(3), 32)).toMatchObject({ rows: 32, columns: 32 });
});

test("columns of a table say what stands in them", () => {
  const inputs = tableInputs([
    { name: "size", kind: "number", offset: 100, fill: 3, indicator: true },
    { name: "kind", kind: "category", categories: ["a", "b"], other: true, missing: "category" },
    { name: "day", kind: "date", form: "ymd", offset: 19000, parts: [{ part: "month", values: [1, 2] }] },
  ]);
  expect(inputs.map(({ first, width }) => [first, width])).toEqual([[0, 2], [2, 4], [6, 3]]); // prettier-ignore
  expect([inputs[0].word([5.5, 0]), inputs[0].word([3, 1])]).toEqual(["105.5", "missing"]);
  expect([[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]].map((values) => inputs[1].word(values))).toEqual(["a", "(other)", "(missing)", "(none)"]); // prettier-ignore
  expect(inputs[2].word([675, 0, 0])).toBe("2023-11-14");
});

test("names that begin alike can be told apart when they are short", () => {
  const alike = [1, 2, 3].map((i) => `the price of a house in the year 200${i}`);
  expect(distinct(["a", "b"], 5)).toEqual(["a", "b"]);
  expect(distinct(alike, 10)).toEqual(["…2001", "…2002", "…2003"]);
  expect(distinct(["x".repeat(30) + 1, "x".repeat(30) + 2], 10)).toEqual(["1: xxxxx…", "2: xxxxx…"]);
});
