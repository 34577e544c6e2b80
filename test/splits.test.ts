// Splits of rows: each row is in one part, shares are as asked for, groups stay together, and nothing looks ahead in time.
import { describe, expect, test } from "vitest";
import { foldRows, type RowSplit, rowsBy, splitRows, takeRows } from "../src/data/splits.ts";
import { failure } from "./failure.ts";

const ROWS = 300;
const labels = Array.from({ length: ROWS }, (_, row) => (row % 10 === 0 ? "rare" : row % 3 === 0 ? "some" : "most"));
const groups = Array.from({ length: ROWS }, (_, row) => `patient ${(row * 7) % 41}`);

function checkParts({ training, test: judged }: RowSplit, rows = ROWS): void {
  expect([...training, ...judged].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => row));
  for (const part of [training, judged]) expect(part).toEqual(part.slice().sort());
}

const share = (rows: Uint32Array, label: string): number => rows.filter((row) => labels[row] === label).length;

describe("two parts", () => {
  test("at random, by a seed", () => {
    const split = splitRows(ROWS);
    checkParts(split);
    expect(split.test.length).toBe(60);
    expect(splitRows(ROWS)).toEqual(split);
    expect(splitRows(ROWS, { seed: 1 })).not.toEqual(split);
    // No stretch of the rows is left out or taken.
    for (let begin = 0; begin < ROWS; begin += 100) {
      const own = split.test.filter((row) => row >= begin && row < begin + 100).length;
      expect(own).toBeGreaterThan(8);
      expect(own).toBeLessThan(35);
    }
  });

  test("by class, and over the range of a number", () => {
    for (const fraction of [0.1, 0.25, 0.5, 0.8]) {
      for (let seed = 0; seed < 5; seed++) {
        const split = splitRows(ROWS, { fraction, stratify: labels, seed });
        checkParts(split);
        expect(split.test.length).toBe(Math.round(ROWS * fraction));
        for (const label of ["rare", "some", "most"]) {
          const all = labels.filter((own) => own === label).length;
          expect(Math.abs(share(split.test, label) - all * fraction)).toBeLessThanOrEqual(1);
        }
      }
    }
    const values = Float64Array.from({ length: ROWS }, (_, row) => ((row * 37) % ROWS) ** 2);
    const { test: judged } = splitRows(ROWS, { fraction: 0.1, stratify: values });
    const ranks = [...judged].map((row) => (row * 37) % ROWS).sort((a, b) => a - b);
    ranks.forEach((rank, i) => expect(Math.floor(rank / 10)).toBe(i));
    // The only row of a class is there to learn from.
    const lone = ["a", ...Array.from({ length: 9 }, () => "b")];
    for (let seed = 0; seed < 20; seed++) expect([...splitRows(10, { fraction: 0.3, stratify: lone, seed }).test]).not.toContain(0); // prettier-ignore
  });

  test("by group, also with classes", () => {
    for (const stratify of [undefined, labels]) {
      const split = splitRows(ROWS, { fraction: 0.3, group: groups, stratify, seed: 3 });
      checkParts(split);
      const inTest = new Set([...split.test].map((row) => groups[row]));
      expect([...split.training].filter((row) => inTest.has(groups[row]))).toEqual([]);
      expect(split.test.length).toBeGreaterThan(75);
      expect(split.test.length).toBeLessThan(105);
      if (stratify) expect(Math.abs(share(split.test, "rare") - 9)).toBeLessThanOrEqual(4);
    }
  });

  test("by time: what is later judges, and equal times stay together", () => {
    const days = Array.from({ length: 100 }, (_, row) => Math.floor(((row * 37) % 100) / 7));
    const moments = days.map((day) => new Date(2024, 0, 1 + day));
    const texts = moments.map((date) => date.toISOString());
    const splits = [days, moments, texts].map((time) => splitRows(100, { time, fraction: 0.3 }));
    for (const split of splits) expect(split).toEqual(splits[0]);
    checkParts(splits[0], 100);
    const last = Math.max(...[...splits[0].training].map((row) => days[row]));
    const first = Math.min(...[...splits[0].test].map((row) => days[row]));
    expect(first).toBeGreaterThan(last);
    expect(Math.abs(splits[0].test.length - 30)).toBeLessThanOrEqual(4);
  });

  test("by a column", () => {
    const by = labels.map((label) => (label === "rare" ? "Test" : "train"));
    expect(splitRows(ROWS, { by }).test.length).toBe(30);
    const years = Int32Array.from({ length: ROWS }, (_, row) => 2020 + (row % 3));
    expect([...splitRows(ROWS, { by: years, test: 2022 }).test]).toEqual([...rowsBy(years).get(2022)!]);
    expect(splitRows(ROWS, { by: years, test: [2021, 2022] }).test.length).toBe(200);
  });
});

describe("folds", () => {
  test.each([
    ["at random", {}],
    ["by class", { stratify: labels }],
    ["by group", { group: groups }],
    ["by both", { group: groups, stratify: labels, folds: 4 }],
    ["of one row each", { folds: ROWS }],
  ])("%s", (_name, options) => {
    const folds = foldRows(ROWS, { ...options, seed: 5 });
    expect(folds.length).toBe("folds" in options ? options.folds : 5);
    for (const fold of folds) checkParts(fold);
    expect(folds.flatMap(({ test: judged }) => [...judged]).sort((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, row) => row)); // prettier-ignore
    const sizes = folds.map(({ test: judged }) => judged.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual("group" in options ? 16 : 1);
    if ("stratify" in options && !("group" in options)) {
      for (const label of ["rare", "some", "most"]) {
        const own = folds.map(({ test: judged }) => share(judged, label));
        expect(Math.max(...own) - Math.min(...own)).toBeLessThanOrEqual(1);
      }
    }
    if ("group" in options) {
      for (const { test: judged, training } of folds) {
        const inTest = new Set([...judged].map((row) => groups[row]));
        expect([...training].some((row) => inTest.has(groups[row]))).toBe(false);
      }
    }
  });

  test("by time: each is judged by what comes right after what it learns from", () => {
    const time = Float64Array.from({ length: 120 }, (_, row) => (row * 77) % 120);
    const folds = foldRows(120, { time, folds: 5 });
    folds.forEach(({ training, test: judged }, i) => {
      expect(training.length).toBe(20 * (i + 1));
      expect([...judged].map((row) => time[row]).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, k) => 20 * (i + 1) + k)); // prettier-ignore
    });
  });

  test("by a column: each value is a fold", () => {
    const folds = foldRows(ROWS, { by: labels });
    expect(folds.map(({ test: judged }) => judged.length)).toEqual([...rowsBy(labels).values()].map(({ length }) => length)); // prettier-ignore
  });
});

test("rows of arrays of any kind", () => {
  const rows = Uint32Array.of(2, 0);
  expect(takeRows(["a", "b", "c"], rows)).toEqual(["c", "a"]);
  expect(takeRows([[1], [2], [3]], rows)).toEqual([[3], [1]]);
  expect(takeRows(Uint8Array.of(1, 2, 3), rows)).toEqual(Uint8Array.of(3, 1));
  expect(takeRows(Uint8Array.of(1, 2, 3, 4, 5, 6), rows, 2)).toEqual(Uint8Array.of(5, 6, 1, 2));
  const images = { data: Float32Array.from({ length: 12 }, (_, i) => i), shape: [3, 2, 2] };
  expect(takeRows(images, rows)).toEqual({ data: Float32Array.of(8, 9, 10, 11, 0, 1, 2, 3), shape: [2, 2, 2] });
  expect(() => takeRows([1, 2], [2])).toThrow(/row 2 is none of the 2 rows/);
});

test.each<[() => unknown, string, RegExp]>([
  [() => splitRows(0), "ERR_CONFIG", /rows/],
  [() => splitRows(10, { fraction: 0.01 }), "ERR_CONFIG", /leaves 0 of 10 rows for test/],
  [() => splitRows(10, { fraction: 1 }), "ERR_CONFIG", /fraction/],
  [() => splitRows(10, { seed: -1 }), "ERR_CONFIG", /seed/],
  [() => splitRows(10, { stratify: labels }), "ERR_SHAPE", /stratify has 300 values, expected one for each of 10 rows/],
  [() => splitRows(2, { stratify: ["a", ""] }), "ERR_DATA", /stratify\[1\] is "", which says nothing/],
  [() => splitRows(2, { time: [1, NaN] }), "ERR_DATA", /time\[1\] is NaN/],
  [() => splitRows(2, { time: [1, 1], fraction: 0.5 }), "ERR_CONFIG", /time is the same/],
  [() => splitRows(2, { group: [1, 1], fraction: 0.5 }), "ERR_CONFIG", /only one group/],
  [() => splitRows(2, { group: 7 as never }), "ERR_CONFIG", /group must be an array/],
  [() => splitRows(2, { time: [1, 2], group: [1, 2] }), "ERR_CONFIG", /exclude each other: time alone/],
  [() => splitRows(2, { by: ["train", "x"] }), "ERR_DATA", /by has the value "x" \(found: "train", "x"\)/],
  [() => splitRows(2, { by: ["train", "train"] }), "ERR_DATA", /both parts/],
  [() => splitRows(2, { test: "x" }), "ERR_CONFIG", /test goes with by/],
  [() => splitRows(2, { groups: [1, 2] } as never), "ERR_CONFIG", /unknown option "groups" \(did you mean "group"\?\)/],
  [() => foldRows(3, { folds: 4 }), "ERR_CONFIG", /4 folds need at least as many rows; there are 3/],
  [() => foldRows(ROWS, { folds: 42, group: groups }), "ERR_CONFIG", /as many groups; there are 41/],
  [() => foldRows(3, { folds: 1 }), "ERR_CONFIG", /folds/],
  [() => foldRows(2, { by: ["a", "a"] }), "ERR_CONFIG", /one value only/],
])("%s", (work, code, message) => {
  expect(failure(work)).toMatchObject({ code, message: expect.stringMatching(message) });
});
