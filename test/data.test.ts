// Scaling, labels, held-back rows, and rows in all their forms. Tables are tested in tables.test.ts.
import { describe, expect, it } from "vitest";
import { byCodePoint, LabelEncoder } from "../src/data/labels.ts";
import { encodeLabels } from "../src/selection/reading.ts";
import type { Labels } from "../src/data/labels.ts";
import { readRows } from "../src/data/rows.ts";
import { StandardScaler } from "../src/data/scaling.ts";
import { fitScaler } from "../src/selection/scaling.ts";
import { holdBack } from "../src/data/split.ts";
import { failure } from "./failure.ts";
import type { Matrix } from "../src/data/data.ts";

const includes = (message: string): unknown => expect.stringContaining(message);

describe("StandardScaler", () => {
  const rows = (values: number[], columns = 1) => ({
    data: Float64Array.from(values),
    rows: values.length / columns,
    columns,
  });

  it("brings columns to mean 0 and deviation 1, and back", () => {
    const given = rows([1, 10, 2, 20, 3, 60], 2);
    const scaler = fitScaler(given);
    expect([...scaler.mean]).toEqual([2, 30]);
    expect(scaler.scale[0]).toBeCloseTo(Math.sqrt(2 / 3), 12);
    const scaled = scaler.transform(given);
    expect(scaled[0] + scaled[2] + scaled[4]).toBeCloseTo(0, 12);
    expect(scaled[1] ** 2 + scaled[3] ** 2 + scaled[5] ** 2).toBeCloseTo(3, 12);
    expect([...scaler.restore(scaled)].map((value) => Number(value.toFixed(9)))).toEqual([1, 10, 2, 20, 3, 60]);
    expect([...given.data]).toEqual([1, 10, 2, 20, 3, 60]);
  });

  it("keeps a small variation far from zero to three digits", () => {
    const values = Array.from({ length: 1000 }, (_, i) => 1e8 + (i % 2 === 0 ? 1e-3 : -1e-3));
    expect(fitScaler(rows(values)).scale[0]).toBeCloseTo(1e-3, 5);
  });

  it("leaves a column that does not vary at scale 1, rounding included", () => {
    expect(fitScaler(rows([7, 7, 7])).scale[0]).toBe(1);
    expect(fitScaler(rows([0.1, 0.1, 0.1, 0.1, 0.1])).scale[0]).toBe(1);
    expect(fitScaler(rows([0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2])).scale[0]).toBe(1);
    expect(fitScaler(rows([5])).scale[0]).toBe(1);
  });

  it("sees variation that is small beside the values, in however many rows", () => {
    const values = Array.from({ length: 100_000 }, (_, i) => 1e8 + (i % 2 ? 1e-3 : -1e-3));
    expect(fitScaler(rows(values)).scale[0]).toBeCloseTo(1e-3, 6);
  });

  it("refuses values that cannot be squared", () => {
    expect(failure(() => fitScaler(rows([1e300, -1e300])))).toMatchObject({ code: "ERR_RANGE" });
  });

  it("comes back from JSON the same, and refuses other JSON", () => {
    const scaler = fitScaler(rows([1, 2, 4]));
    const json: unknown = JSON.parse(JSON.stringify(scaler));
    expect(StandardScaler.fromJSON(json, 1).toJSON()).toEqual(scaler.toJSON());
    const bad = [null, {}, { mean: [0], scale: [0] }, { mean: [0, 1], scale: [1, 1] }, { mean: [null], scale: [1] }];
    for (const other of bad) {
      expect(failure(() => StandardScaler.fromJSON(other, 1))).toMatchObject({ code: "ERR_FORMAT" });
    }
  });
});

describe("LabelEncoder", () => {
  it("orders numbers by size, strings by code point, false before true", () => {
    expect(new LabelEncoder([10, 9, 2, 10, -1]).classes).toEqual([-1, 2, 9, 10]);
    expect(new LabelEncoder(["b", "a", "B", "é", "10", "9"]).classes).toEqual(["10", "9", "B", "a", "b", "é"]);
    expect(new LabelEncoder([true, false]).classes).toEqual([false, true]);
    // U+FF5E comes before U+1F600, although the first UTF-16 unit of the latter is smaller.
    expect(["\u{1f600}", "\uff5e"].sort(byCodePoint)).toEqual(["\uff5e", "\u{1f600}"]);
    expect(["\u{1f601}", "\u{1f600}", "a", ""].sort(byCodePoint)).toEqual(["", "a", "\u{1f600}", "\u{1f601}"]);
  });

  it("gives numbers for labels and labels for numbers", () => {
    const encoder = new LabelEncoder(["dog", "cat", "dog"]);
    expect([...encodeLabels(encoder, ["cat", "dog", "cat"])]).toEqual([0, 1, 0]);
    expect(encoder.decode([1, 0])).toEqual(["dog", "cat"]);
    expect([...encodeLabels(new LabelEncoder(Int32Array.of(3, 1)), [1, 3])]).toEqual([0, 1]);
  });

  it("names a label that it has not seen, its place, and the known ones", () => {
    const encoder = new LabelEncoder(["cat", "dog"]);
    const error = failure(() => encodeLabels(encoder, ["cat", "dog", "owl"], "labels"));
    expect(error).toMatchObject({ code: "ERR_DATA" });
    expect(error).toMatchObject({ message: 'labels[2]="owl" was not seen in training (cat, dog)' });
  });

  it.each<[string, unknown[], string, string]>([
    ["nothing", [], "ERR_DATA", "is empty"],
    ["a fraction", [0, 1, 0.5], "ERR_DATA", "labels[2] is 0.5, which is not a class label"],
    ["NaN", [0, NaN], "ERR_NONFINITE", "labels[1] is NaN"],
    ["undefined", [0, undefined], "ERR_DATA", "labels[1] is undefined"],
    ["two kinds", [1, "1"], "ERR_DATA", 'labels[1] is "1", a string, but labels[0] is 1'],
  ])("refuses %s", (_, labels, code, message) => {
    expect(failure(() => new LabelEncoder(labels as unknown as Labels))).toMatchObject({
      code,
      message: includes(message),
    });
  });

  it("comes back from JSON, and refuses lists that it did not write", () => {
    expect(LabelEncoder.fromJSON(["a", "b"]).classes).toEqual(["a", "b"]);
    for (const bad of [null, {}, [], ["b", "a"], ["a", "a"], [0.5], [{}]]) {
      expect(failure(() => LabelEncoder.fromJSON(bad))).toMatchObject({ code: "ERR_FORMAT" });
    }
  });
});

describe("holdBack", () => {
  it("takes its share of every class", () => {
    const targets = Array.from({ length: 100 }, (_, i) => (i < 70 ? 0 : i < 95 ? 1 : 2));
    const { training, validation } = holdBack(targets, 0.2, 0, 3);
    const counts = [0, 1, 2].map((c) => validation.filter((row) => targets[row] === c).length);
    expect(counts).toEqual([14, 5, 1]);
    expect([...training, ...validation].sort((a, b) => a - b)).toEqual(targets.map((_, i) => i));
  });

  it("spreads over the range of numbers", () => {
    const { validation } = holdBack(
      Array.from({ length: 100 }, (_, i) => i * i),
      0.1,
      3,
      0,
    );
    expect(validation.map((row) => Math.floor(row / 10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("depends on the seed, and on nothing else", () => {
    const targets = new Float64Array(50);
    const first = holdBack(targets, 0.2, 1, 0).validation;
    expect(holdBack(targets, 0.2, 1, 0).validation).toEqual(first);
    expect(holdBack(targets, 0.2, 2, 0).validation).not.toEqual(first);
  });

  it("leaves every class a row to learn from", () => {
    for (let seed = 0; seed < 20; seed++) {
      const targets = [0, 1, 2, 3, 4, 4, 4, 4];
      const { training } = holdBack(targets, 0.5, seed, 5);
      expect(new Set(training.map((row) => targets[row])).size).toBe(5);
    }
  });

  it("refuses a fraction that leaves no row on a side", () => {
    const targets = new Float64Array(40);
    const leaves = (side: string) => ({ code: "ERR_CONFIG", message: includes(`leaves 0 of 40 rows for ${side}`) });
    expect(failure(() => holdBack(targets, 0.99, 0, 0))).toMatchObject(leaves("training"));
    expect(failure(() => holdBack(targets, 0.01, 0, 0))).toMatchObject(leaves("validation"));
    expect(failure(() => holdBack(targets, 1, 0, 0))).toMatchObject({ code: "ERR_CONFIG" });
  });
});

describe("readRows", () => {
  it("reads every form of a matrix to the same rows", () => {
    const forms: Matrix[] = [
      [
        [1, 2],
        [3, 4],
      ],
      [Float32Array.of(1, 2), Float32Array.of(3, 4)],
      Uint8Array.of(1, 2, 3, 4),
      { data: [1, 2, 3, 4], shape: [2, 2] },
      { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] },
    ];
    for (const form of forms) {
      const rows = readRows(form, "x", { rows: 2 });
      expect({ ...rows, data: Array.from(rows.data) }).toEqual({ data: [1, 2, 3, 4], rows: 2, columns: 2 });
    }
    // As numbers, large tables would take eight times the memory.
    const bytes = Uint8Array.of(1, 2);
    const read = readRows(bytes, "x", { rows: 1 });
    expect(read.data).toEqual(bytes);
    expect(read.data).not.toBe(bytes);
  });

  const detached = new Float64Array(4);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  it.each<[string, unknown, string, string]>([
    ["no rows", [], "ERR_DATA", "x has 0 rows"],
    ["no columns", [[], []], "ERR_DATA", "x has 0 columns"],
    ["1-D", [1, 2, 3], "ERR_SHAPE", "x is 1-D (length 3)"],
    ["ragged rows", [[1, 2], [3]], "ERR_SHAPE", "row 1 has 1 values, row 0 has 2"],
    ["a wrong shape", { data: [1, 2, 3], shape: [2, 2] }, "ERR_SHAPE", "x.data has 3 values, shape 2×2 needs 4"],
    ["NaN", [[1, NaN], [NaN, 1]], "ERR_NONFINITE", "x[row 0, column 1] is NaN (2 such cells)"], // prettier-ignore
    ["an infinity", [[1], [-Infinity]], "ERR_NONFINITE", "x[row 1] is -Infinity"],
    ["a string", [[1, 2], [3, "red"]], "ERR_DATA", 'x[1, 1] is "red"'], // prettier-ignore
    ["undefined", [[undefined]], "ERR_DATA", "x[0, 0] is undefined"],
    ["null", [[null]], "ERR_DATA", "x[0, 0] is null"],
    ["a date", [[new Date()]], "ERR_DATA", "x[0, 0] is a Date"],
    ["big integers", BigInt64Array.of(1n), "ERR_DATA", "x is a BigInt64Array"],
    ["a detached buffer", detached, "ERR_DATA", "detached"],
    ["a number", 5, "ERR_DATA", "x is 5"],
    ["null for all", null, "ERR_DATA", "x is null"],
  ])("refuses %s", (_, x, code, message) => {
    expect(failure(() => readRows(x as Matrix, "x", { rows: 1 }))).toMatchObject({ code, message: includes(message) });
  });

  it("refuses a billion holes at once", () => {
    const started = performance.now();
    expect(failure(() => readRows(new Array(1e9) as unknown as Matrix, "x"))).toMatchObject({ code: "ERR_SHAPE" });
    expect(performance.now() - started).toBeLessThan(100);
  });
});
