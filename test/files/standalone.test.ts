// Standalone modules: they are written to a file, imported, and must give the bits of `predict`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { afterAll, describe, expect, test } from "vitest";
import { type SourceOptions, writeSource } from "../../src/files/standalone.ts";
import { Network, activation, alphaDropout, batchNorm, dense, dropout, layerNorm } from "../../src/index.ts";
import { ACTIVATIONS, type ActivationName } from "../../src/tables/activations.ts";
import { failure } from "../failure.ts";
import { randomFrom } from "./harness.ts";

const folder = mkdtempSync(`${tmpdir()}/propago-source-`);
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

async function load(network: Network<any>, options?: SourceOptions): Promise<any> {
  const path = `${folder}/${count++}.mjs`;
  writeFileSync(path, writeSource(network.toJSON(), options).code);
  return import(/* @vite-ignore */ pathToFileURL(path).href);
}

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

test("scales, names classes, and has types that compile", async () => {
  const network = new Network({ inputs: 2, layers: [dense(3, "softmax")] });
  const inputScaling = { mean: [1, 2], deviation: [0.5, 4] };
  const labels = ["it's </script>", "b\u2028", "ü"];
  const module = await load(network, { inputScaling, labels });
  const given = [
    [1, 3],
    [-4, 0.25],
  ];
  const scaled = given.map((row) => row.map((value, j) => (value - inputScaling.mean[j]) / inputScaling.deviation[j]));
  const expected = network.predict(scaled);
  expect(module.predict(given)).toEqual(expected);
  const best = [0, 3].map(
    (at) => labels[[...expected.subarray(at, at + 3)].indexOf(Math.max(...expected.subarray(at, at + 3)))],
  );
  expect(module.classify(given)).toEqual(best);
  expect(module).toMatchObject({ inputs: 2, outputs: 3, labels });
  expect(() => module.predict([1, 2, 3])).toThrow(RangeError);
  expect(() => module.predict([1, NaN])).toThrow(/x\[1\]/);

  const outputScaling = { mean: [10, 20, 30], deviation: [2, 3, 4] };
  const wide = await load(network, { outputScaling });
  const plain = network.predict(given);
  expect(wide.predict(given)).toEqual(
    Float64Array.from(plain, (y, i) => y * outputScaling.deviation[i % 3] + outputScaling.mean[i % 3]),
  );

  writeFileSync(`${folder}/types.d.mts`, writeSource(network.toJSON(), { labels }).types);
  writeFileSync(
    `${folder}/use.mts`,
    'import { classify, predict } from "./types.mjs";\nexport const a: Float32Array = predict([[1, 2]]);\nexport const b: string[] = classify(a);\n',
  );
  const program = ts.createProgram([`${folder}/use.mts`], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    types: [],
  });
  expect(ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText)).toEqual([]);
});

test("refuses what does not fit", () => {
  const json = new Network({ inputs: 2, layers: [dense(3)] }).toJSON();
  expect(failure(() => writeSource(json, { labels: ["a"] }))).toMatchObject({ code: "ERR_SHAPE" });
  expect(failure(() => writeSource(json, { inputScaling: { mean: [1], deviation: [1] } }))).toMatchObject({
    code: "ERR_SHAPE",
  });
  expect(failure(() => writeSource("{"))).toMatchObject({ code: "ERR_FORMAT" });
});
