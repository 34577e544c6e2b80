// Standalone modules: they are written to a file, imported, and must give the bits of `predict`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { afterAll, describe, expect, test } from "vitest";
import type { Label } from "../../src/data/labels.ts";
import { type ExportedModel, exportedEstimator, exportedNetwork } from "../../src/files/exported.ts";
import { writeSource } from "../../src/files/standalone.ts";
import {
  Classifier,
  Network,
  Regressor,
  activation,
  alphaDropout,
  batchNorm,
  dense,
  dropout,
  layerNorm,
} from "../../src/index.ts";
import { ACTIVATIONS, type ActivationName } from "../../src/tables/activations.ts";
import { failure } from "../failure.ts";
import { randomFrom } from "./harness.ts";

const folder = mkdtempSync(`${tmpdir()}/propago-source-`);
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

async function loadModel(model: ExportedModel): Promise<any> {
  const path = `${folder}/${count++}.mjs`;
  writeFileSync(path, writeSource(model).code);
  return import(/* @vite-ignore */ pathToFileURL(path).href);
}

const load = (network: Network<any>, labels?: readonly Label[]) => loadModel(exportedNetwork(network.toJSON(), labels));

const random = randomFrom(7);
const rows = 300;
/** Ordinary values, and some from the tails: tiny, large, and zeros of both signs. */
const x = Float64Array.from({ length: 5 * rows }, (_, i) => {
  const value = random(20001) / 1000 - 10;
  return i % 50 === 7 ? 0 : i % 50 === 8 ? -0 : i % 50 === 9 ? value * 1e-30 : i % 50 === 10 ? value * 100 : value;
});

function bits(values: Float32Array | Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");
}

async function isSame(network: Network<any>): Promise<void> {
  const module = await load(network);
  const expected = network.predict(x) as Float32Array;
  const found = module.predict(x);
  expect(found.constructor).toBe(expected.constructor);
  const wrong = expected.findIndex((value, i) => !Object.is(value, found[i]));
  expect(wrong, `value ${wrong}: ${found[wrong]}, expected ${expected[wrong]}`).toBe(-1);
  expect(bits(found)).toBe(bits(expected));
  network.dispose();
}

describe.each(["float32", "float64"] as const)("gives the bits of predict in %s", (dtype) => {
  test.each(Object.keys(ACTIVATIONS) as ActivationName[])("%s", async (name) => {
    const spec = (
      name === "leakyRelu" ? { name, slope: 0.2 } : name === "elu" || name === "celu" ? { name, alpha: 0.7 } : name
    ) as ActivationName;
    await isSame(new Network({ inputs: 5, layers: [activation(spec)], dtype }));
    await isSame(
      new Network({
        inputs: 5,
        layers: [dense(11, spec, { biasInit: "uniform" }), dense(3, spec, { bias: false })],
        dtype,
        seed: 2,
      }),
    );
  });

  test("all layers, after training", async () => {
    const layers = [
      dense(37, "relu", { biasInit: "uniform" }),
      batchNorm(),
      dropout(0.2),
      layerNorm({ epsilon: 0.01 }),
      alphaDropout(0.1),
      dense(6, "tanh"),
      batchNorm({ center: false, flavor: "keras" }),
      layerNorm({ center: false }),
      dense(7, "softmax"),
    ];
    const network = new Network({ inputs: 5, layers, dtype, inputScale: 0.3 });
    network.fitSync({ x, y: Array.from({ length: rows }, (_, i) => i % 7) }, { epochs: 2 });
    await isSame(network);
  });
});

/** What the compiler says of a module's types and a use of them. */
function complaints(types: string, use: string): unknown[] {
  writeFileSync(`${folder}/types.d.mts`, types);
  writeFileSync(`${folder}/use.mts`, use);
  const program = ts.createProgram([`${folder}/use.mts`], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    types: [],
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText);
}

test("names classes, and has types that compile", async () => {
  const network = new Network({ inputs: 2, layers: [dense(3, "softmax")] });
  const labels = ["it's </script>", "b\u2028", "ü"];
  const module = await load(network, labels);
  const given = [
    [1, 3],
    [-4, 0.25],
  ];
  const expected = network.predict(given);
  expect(module.predict(given)).toEqual(expected);
  const best = [0, 3].map(
    (at) => labels[[...expected.subarray(at, at + 3)].indexOf(Math.max(...expected.subarray(at, at + 3)))],
  );
  expect(module.classify(given)).toEqual(best);
  expect(module).toMatchObject({ inputs: 2, outputs: 3, labels });
  expect(() => module.predict([1, 2, 3])).toThrow(RangeError);
  expect(() => module.predict([1, NaN])).toThrow(/x\[1\]/);
  expect(
    complaints(
      writeSource(exportedNetwork(network.toJSON(), labels)).types,
      'import { classify, predict } from "./types.mjs";\nexport const a: Float32Array = predict([[1, 2]]);\nexport const b: string[] = classify(a);\n',
    ),
  ).toEqual([]);
});

describe("estimators as they are by default", () => {
  const many = Array.from({ length: 60 }, (_, i) => Array.from({ length: 5 }, (_, j) => (i * (j + 3)) % 11));
  test.each([
    ["two classes", { optimize: "f1" }, (i: number) => (i % 11 > 6 ? "high" : "low")],
    ["three classes", {}, (i: number) => (i % 11) % 3],
    ["one network of float64", { ensemble: 1, dtype: "float64" }, (i: number) => i % 11 > 4],
  ] as const)("classifier, %s", async (_, options, label) => {
    const classifier = new Classifier(options);
    await classifier.fit(
      many,
      many.map((_, i) => label(i)),
    );
    const module = await loadModel(exportedEstimator(classifier));
    const given = { data: x, shape: [rows, 5] };
    expect(module.predict(x)).toEqual(classifier.predict(given));
    expect(module.predictProbabilities(x)).toEqual(classifier.predictProbabilities(given));
    expect(module.labels).toEqual(classifier.classes);
    classifier.dispose();
  });

  test.each([
    ["one target", (i: number) => [(i % 11) ** 2]],
    ["skewed, as logarithms", (i: number) => [10 ** (i % 11)]],
    ["two targets", (i: number) => [i % 11, 3 - (i % 7)]],
  ])("regressor, %s", async (_, target) => {
    const regressor = new Regressor();
    await regressor.fit(
      many,
      many.map((_, i) => target(i)),
    );
    const module = await loadModel(exportedEstimator(regressor));
    expect(module.predict(x)).toEqual(regressor.predict({ data: x, shape: [rows, 5] }));
    regressor.dispose();
  });
});

test("refuses what does not fit", () => {
  const json = new Network({ inputs: 2, layers: [dense(3)] }).toJSON();
  expect(failure(() => exportedNetwork(json, ["a"]))).toMatchObject({ code: "ERR_SHAPE" });
  expect(failure(() => exportedNetwork("{"))).toMatchObject({ code: "ERR_FORMAT" });
});
