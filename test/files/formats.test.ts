// readModel, writeModel, toBytes and fromBytes: every format by content and name, files that name others, models with a
// table's columns in ONNX and as source, and damaged files of our own.
import { spawnSync } from "node:child_process";
import { copyFileSync, linkSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"; // prettier-ignore
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { modelFiles, readModel, readModelWeights, readSafetensors, writeModel } from "../../src/files.ts";
import { writeNpy } from "../../src/files/npy.ts";
import { pack, unpackKind } from "../../src/files/packed.ts";
import { writeSafetensors } from "../../src/files/safetensors.ts";
import { Classifier, Network, type PropagoError, Regressor, batchNorm, dense } from "../../src/index.ts";
import { failure } from "../failure.ts";
import { attack, expectations, hasSharedFiles, outcome, sharedFiles } from "./harness.ts";
import { peer } from "./peers.ts";

const folder = mkdtempSync(`${tmpdir()}/propago-formats-`);
const at = (name: string) => join(folder, name);
const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
afterAll(() => rmSync(folder, { recursive: true }));

function propago(...args: string[]) {
  return spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8", timeout: 60_000 });
}

const x = Array.from({ length: 40 }, (_, i) => [(i * 7) % 11, (i * 5) % 13]);
const y = x.map(([a, b]) => Number(a > b));

function trained(dtype: "float32" | "float64" = "float32"): Network<any> {
  const network = new Network({ inputs: 2, layers: [dense(40, "tanh"), batchNorm(), dense(1, "sigmoid")], dtype });
  network.fitSync({ x, y }, { epochs: 2 });
  return network;
}

/** The error with which a promise is rejected. */
async function rejection(promise: Promise<unknown>): Promise<PropagoError> {
  return promise.then(
    () => expect.fail("it was fulfilled"),
    (error: unknown) => error as PropagoError,
  );
}

describe("toBytes and fromBytes", () => {
  test.each(["float32", "float64"] as const)("%s comes back to the bit, and gives the same bytes", (dtype) => {
    const network = trained(dtype);
    const bytes = network.toBytes();
    const again = Network.fromBytes(bytes);
    expect(again.fingerprint()).toBe(network.fingerprint());
    expect(again.toBytes()).toEqual(bytes);
    expect(JSON.stringify(again)).toBe(JSON.stringify(network));
    const { tensors, metadata } = readSafetensors(bytes);
    expect(tensors.get("dense_1.weights")).toMatchObject({ shape: [2, 40], kind: dtype === "float32" ? "F32" : "F64" });
    expect(metadata.get("format")).toBe("propago");
  });

  test("with the state of training it goes on to the same bits", () => {
    const network = trained();
    const again = Network.fromBytes(network.toBytes({ state: true }));
    for (const one of [network, again]) one.fitSync({ x, y }, { epochs: 2 });
    expect(again.fingerprint()).toBe(network.fingerprint());
  });

  test("other arrays than the description asks for are refused by name", () => {
    const { tensors, metadata } = readSafetensors(trained().toBytes());
    const changed = (change: (all: typeof tensors) => void) => {
      const all = new Map(tensors);
      change(all);
      return failure(() => Network.fromBytes(writeSafetensors(all as never, metadata)));
    };
    const weights = tensors.get("dense_1.weights");
    if (weights === undefined) throw new Error("there are none");
    expect(changed((all) => all.set("dense_1.weights", { ...weights, shape: [40, 2] }))).toMatchObject({
      code: "ERR_SHAPE",
      message: expect.stringContaining('"dense_1.weights" is 40×2, the model expects 2×40'),
    });
    expect(changed((all) => all.delete("dense_1.bias"))).toMatchObject({
      code: "ERR_FORMAT",
      message: expect.stringContaining('"dense_1.bias" is missing'),
    });
    expect(changed((all) => all.set("more", weights))).toMatchObject({
      code: "ERR_FORMAT",
      message: expect.stringContaining('belong to nothing in it: "more"'),
    });
    const whole = { data: Int32Array.from(weights.data), shape: weights.shape, kind: "I32" as const };
    expect(changed((all) => all.set("dense_1.weights", whole))).toMatchObject({
      code: "ERR_FORMAT",
      message: expect.stringContaining("of I32, expected F32 or F64"),
    });
    expect(failure(() => Network.fromBytes(new Uint8Array(5)))).toMatchObject({ code: "ERR_FORMAT" });
    expect(failure(() => Network.fromBytes(pack("classifier", {})))).toMatchObject({
      message: expect.stringContaining("expected a network, it holds a classifier"),
    });
  });
});

const python = spawnSync("python3", ["-c", "import safetensors.numpy, numpy"]).status === 0;

test.skipIf(!python)("Python's safetensors reads what is written and writes it back (skipped where it is not installed)", () => {
  const network = trained();
  writeFileSync(at("ours.safetensors"), network.toBytes());
  const script = `from safetensors import safe_open
from safetensors.numpy import load_file, save_file
with safe_open("ours.safetensors", "numpy") as file: metadata = file.metadata()
arrays = load_file("ours.safetensors")
save_file(arrays, "theirs.safetensors", metadata)
print(sum(float(array.astype("float64").sum()) for array in arrays.values()))`;
  const { stdout, stderr, status } = spawnSync("python3", ["-c", script], { cwd: folder, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const sum = network.getWeights().flatMap((layer) => Object.values(layer).map((values) => (values as Float32Array).reduce((a, b) => a + b, 0))).reduce((a, b) => a + b, 0); // prettier-ignore
  expect(Math.abs(Number(stdout) - sum)).toBeLessThan(1e-4);
  expect(Network.fromBytes(readFileSync(at("theirs.safetensors"))).fingerprint()).toBe(network.fingerprint());
}); // prettier-ignore

describe("readModel and writeModel", () => {
  test.each(["a.safetensors", "a.propago", "model.json", "b.json"])("%s is read again", async (name) => {
    const network = trained();
    const { paths } = await writeModel(network, at(name));
    expect(paths.at(-1)).toBe(at(name));
    for (const source of [at(name), pathToFileURL(at(name))]) {
      const read = await readModel(source);
      expect(read.network.predict(x)).toEqual(network.predict(x));
      read.network.fitSync({ x, y }, { epochs: 1 }); // it can be trained on
    }
    const blobs = paths.map((path) => new File([readFileSync(path)], path.slice(path.lastIndexOf("/") + 1)));
    expect((await readModel(blobs)).network.predict(x)).toEqual(network.predict(x));
  });

  test("estimators, from bytes too, and models of toJSON", async () => {
    const classifier = new Classifier({ effort: "quick" });
    classifier.fitSync(x, y.map((value) => (value === 1 ? "more" : "less"))); // prettier-ignore
    const regressor = new Regressor({ effort: "quick" });
    regressor.fitSync(x, y);
    for (const estimator of [classifier, regressor]) {
      const { files } = modelFiles(estimator, "e.safetensors");
      const bytes = files.get("e.safetensors") as Uint8Array;
      for (const source of [
        bytes,
        new TextEncoder().encode(JSON.stringify(estimator)),
        new Blob([bytes as BlobPart]),
      ]) {
        const read = await readModel(source);
        expect(read.estimators[0].predict(x)).toEqual(estimator.predict(x));
        expect(modelFiles(read, "e.safetensors").files.get("e.safetensors")).toEqual(bytes);
      }
    }
    expect((await readModel(modelFiles(classifier, "c.propago").files.get("c.propago") as Uint8Array)).labels).toEqual([
      "less",
      "more",
    ]);
    expect((await readModel(new TextEncoder().encode(JSON.stringify(trained())))).network.inputs).toBe(2);
  });

  test("one network with scaled columns becomes a layers model, scaling included", async () => {
    const regressor = new Regressor({ hidden: [4] });
    regressor.partialFit(
      x,
      y.map((value) => 100 * value),
    );
    await writeModel(regressor, at("scaled.json"));
    const { network } = await readModel(at("scaled.json"));
    const expected = regressor.predict(x);
    network.predict(x).forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-3));
  });

  test("says what is no model, and what it is", async () => {
    const npz = Buffer.from("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", "base64");
    for (const [bytes, name, code, message] of [
      [new Uint8Array(0), "a.json", "ERR_FORMAT", "it has 0 bytes"],
      [Buffer.from("{}"), "a.json", "ERR_FORMAT", "it is no model"],
      [Buffer.from('{"class_name":"Sequential"}'), "a.json", "ERR_UNSUPPORTED", "a model without weights"],
      [Buffer.from('{"format":"propago"}'), "a.json", "ERR_FORMAT", 'a.json: this network was saved in format undefined'], // prettier-ignore
      [Buffer.from('{"format":"graph-model","weightsManifest":[{"paths":["x"],"weights":[]}]}'), "a.json", "ERR_UNSUPPORTED", "graph model"], // prettier-ignore
      [Uint8Array.of(8, 8, 18, 7), "a.onnx", "ERR_UNSUPPORTED", "read by ONNX Runtime"],
      [writeSafetensors({ a: { data: new Float32Array(1), shape: [1] } }), "a.safetensors", "ERR_UNSUPPORTED", "arrays without a model"], // prettier-ignore
      [npz, "a.keras", "ERR_FORMAT", "a.keras"],
      [Buffer.from("no model at all"), "a.bin", "ERR_FORMAT", "is no safetensors file"],
    ] as const) {
      expect(await rejection(readModel(bytes, { name }))).toMatchObject({
        code,
        message: expect.stringContaining(message),
      });
    }
    expect(await rejection(readModel([]))).toMatchObject({ code: "ERR_DATA" });
    expect(await rejection(readModel(at("none.json")))).toMatchObject({ code: "ERR_IO" });
    expect(failure(() => modelFiles(trained(), "a.foo"))).toMatchObject({ code: "ERR_CONFIG" });
    expect(failure(() => modelFiles(trained(), "a", { format: "onx" as never }))).toMatchObject({
      message: expect.stringContaining('did you mean "onnx"?'),
    });
    expect(await rejection(writeModel(trained(), at("no/such/a.onnx")))).toMatchObject({ code: "ERR_IO" });
    await writeModel(trained(), at("there.onnx"));
    expect(await rejection(writeModel(trained(), at("there.onnx"), { force: false }))).toMatchObject({
      code: "ERR_IO",
      message: expect.stringContaining("exists already"),
    });
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("files that a model names", () => {
  const named = (path: string) =>
    JSON.stringify({
      format: "layers-model",
      modelTopology: { class_name: "Sequential", config: { layers: [{ class_name: "Dense", config: { name: "d", units: 1, use_bias: false, batch_input_shape: [null, 1] } }] } }, // prettier-ignore
      weightsManifest: [{ paths: [path], weights: [{ name: "d/kernel", shape: [1, 1], dtype: "float32" }] }],
    });

  beforeAll(() => {
    mkdirSync(at("model/inner"), { recursive: true });
    for (const name of ["secret.bin", "model/w.bin", "model/inner/w.bin"]) {
      writeFileSync(at(name), new Uint8Array(Float32Array.of(2).buffer));
    }
    symlinkSync("../secret.bin", at("model/link.bin"));
    symlinkSync("..", at("model/up"));
    linkSync(at("secret.bin"), at("model/hard.bin"));
  });

  test.each(["w.bin", "./w.bin", "inner/w.bin"])("%s is read", async (path) => {
    writeFileSync(at("model/m.json"), named(path));
    expect((await readModel(at("model/m.json"))).network.predict([[3]])).toEqual(Float32Array.of(6));
  });

  test.each(["../secret.bin", "a/../../secret.bin", "link.bin", "up/secret.bin", "hard.bin", "/etc/passwd", "http://a.example/x"])("%s is ERR_PATH", async (path) => {
    writeFileSync(at("model/m.json"), named(path));
    expect(await rejection(readModel(at("model/m.json")))).toMatchObject({ code: "ERR_PATH" });
    if (path !== "link.bin") return;
    const { status, stdout } = propago("predict", "model/m.json", "model/m.json", "--out", "never.csv");
    expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
    expect(readdirSync(folder)).not.toContain("never.csv");
  }); // prettier-ignore

  test("over HTTP: beside the model only, with limits", async () => {
    const server = createServer((request, response) => {
      const path = (request.url ?? "").split("?")[0];
      if (path === "/m/m.json") response.end(named("w.bin"));
      else if (path === "/m/far.json") response.end(named("far.bin"));
      else if (path === "/m/w.bin") response.end(Buffer.from(Float32Array.of(2).buffer));
      else if (path === "/m/far.bin") response.writeHead(302, { location: "http://localhost:1/w.bin" }).end();
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m`;
    try {
      const { network } = await readModel(`${base}/m.json?version=1`);
      expect(network.predict([[3]])).toEqual(Float32Array.of(6));
      expect(await rejection(readModel(`${base}/none.json`))).toMatchObject({ code: "ERR_IO" });
      expect((await rejection(readModel(`${base}/far.json`))).code).toMatch(/^ERR_(IO|PATH)$/);
      const limits = { fileBytes: 100 };
      expect(await rejection(readModel(`${base}/m.json`, { limits }))).toMatchObject({ code: "ERR_IO" });
    } finally {
      server.close();
    }
  });
});

describe("a model of the command", () => {
  const colors = ["red", "green", "blue", ""];
  const cells = Array.from({ length: 90 }, (_, i) => {
    const [size, color] = [i % 17 === 5 ? "" : String(((i * 7) % 40) / 4), colors[i % 4]];
    const when = `20${10 + (i % 15)}-${String(1 + (i % 12)).padStart(2, "0")}-${String(1 + ((i * 5) % 28)).padStart(2, "0")} ${String(i % 24).padStart(2, "0")}:30`; // prettier-ignore
    const price = 10 + 3 * Number(size || 4) + (color === "red" ? 5 : 0) + (i % 12);
    return { when, size, color, flag: ["TRUE", "False", "true"][i % 3], price: String(price), kind: price > 28 ? "dear" : i % 5 === 0 ? "odd" : "cheap" }; // prettier-ignore
  });
  const names = ["when", "size", "color", "flag"] as const;
  const csv = (columns: readonly (keyof (typeof cells)[0])[]) =>
    [columns.join(","), ...cells.map((row) => columns.map((name) => row[name]).join(","))].join("\n") + "\n";

  beforeAll(() => {
    writeFileSync(at("price.csv"), csv([...names, "price"]));
    writeFileSync(at("kind.csv"), csv([...names, "kind"]));
    writeFileSync(
      at("two.csv"),
      csv([...names, "price"])
        .replace(/(\d+)$/gm, "$1,$1")
        .replace(/price/, "price,cost"),
    );
    const trainings = [
      ["price.csv", "--target", "price", "--out", "price.propago"],
      ["kind.csv", "--target", "kind", "--out", "kind.propago"],
      ["two.csv", "--target", "price,cost", "--out", "two.propago", "--effort", "quick"],
    ];
    for (const args of trainings) expect(propago("train", ...args)).toMatchObject({ status: 0 });
  });

  /** What the command predicts: columns by name. */
  function predicted(name: string): Record<string, string[]> {
    const { stdout, status } = propago("predict", `${name}.propago`, `${name}.csv`);
    expect(status).toBe(0);
    const [head, ...lines] = stdout.trim().split("\n").map((line) => line.split(",")); // prettier-ignore
    return Object.fromEntries(head.map((column, i) => [column, lines.map((line) => line[i])]));
  }

  const rows = cells.map(({ when, size, color, flag }) => ({ when, size, color, flag }));
  const near = (found: ArrayLike<number>, expected: readonly string[], tolerance: number) =>
    expected.forEach((value, i) => expect(Math.abs(found[i] - Number(value))).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(Number(value))))); // prettier-ignore

  test("as source predicts what the command does", async () => {
    for (const name of ["price", "kind", "two"]) {
      expect(propago("export", `${name}.propago`, "--to", "source")).toMatchObject({ status: 0 });
    }
    const load = (name: string) => import(/* @vite-ignore */ pathToFileURL(at(`${name}.mjs`)).href);
    const price = await load("price");
    near(price.predict(rows), predicted("price").prediction, 1e-9);
    const kind = await load("kind");
    const { prediction, ...others } = predicted("kind");
    expect(kind.predict(rows)).toEqual(prediction);
    const each = kind.predictProbabilities(rows) as Float64Array;
    kind.labels.forEach((label: string, k: number) => near(each.filter((_, i) => i % kind.labels.length === k), others[`probability_${label}`], 1e-8)); // prettier-ignore
    const two = await load("two");
    near(two.predict(rows).cost, predicted("two").prediction_cost, 1e-9);
    expect(() => price.predict([{ ...rows[0], size: "much" }])).toThrow(/row 0, column "size" is "much"/);
    expect(() => price.predict([{ size: 1 }])).toThrow(/column "when" is not there/);
    // Values as programs have them: dates, numbers, null.
    const own = rows.map(({ when, size, ...row }) => ({ ...row, when: new Date(`${when.replace(" ", "T")}:00Z`), size: size === "" ? null : Number(size) })); // prettier-ignore
    expect(price.predict(own)).toEqual(price.predict(rows));
  });

  const ort = peer("onnxruntime-node");
  test("as ONNX predicts what the command does (skipped without test/peers)", async (context) => {
    const runtime = await ort;
    if (runtime === undefined) return context.skip("test/peers is not installed");
    const day = (text: string) => Date.parse(`${text.replace(" ", "T")}:00Z`) / 864e5;
    for (const name of ["price", "kind", "two"]) {
      expect(propago("export", `${name}.propago`, "--to", "onnx")).toMatchObject({ status: 0 });
      const session = await runtime.InferenceSession.create(readFileSync(at(`${name}.onnx`)));
      const column = (type: string, values: any) => new runtime.Tensor(type, values, [rows.length, 1]);
      const sizes = rows.map(({ size }) => (size === "" ? NaN : Number(size)));
      const found = await session.run({
        when: column("float64", Float64Array.from(rows, (row) => day(row.when))),
        size: column("float32", Float32Array.from(sizes)),
        color: column("string", rows.map((row) => row.color)),
        flag: column("string", rows.map((row) => row.flag)),
      }); // prettier-ignore
      const expected = predicted(name);
      if (name === "price") near(found.output.data, expected.prediction, 2e-6);
      if (name === "two") near(found.cost_output.data, expected.prediction_cost, 2e-6);
      if (name === "kind") {
        expect([...found.label.data]).toEqual(expected.prediction);
        const { labels = [] } = await readModel(at("kind.propago"));
        const all = [...(found.probabilities.data as Float32Array)];
        labels.forEach((label, k) => near(all.filter((_, i) => i % labels.length === k), expected[`probability_${String(label)}`], 2e-6)); // prettier-ignore
      }
      await session.release();
    }
  });

  test("is read by readModel, and written again as it was", async () => {
    const read = await readModel(at("kind.propago"));
    expect(read).toMatchObject({ columns: [...names], targets: ["kind"], labels: ["cheap", "dear", "odd"] });
    const bytes = modelFiles(read, "x.propago").files.get("x.propago") as Uint8Array;
    expect(Buffer.from(bytes).equals(readFileSync(at("kind.propago")))).toBe(true);
    const old = fileURLToPath(new URL("../models/v2-classes.propago", import.meta.url));
    expect((await readModel(old)).labels).toEqual(["setosa", "versicolor", "virginica"]);
  });

  test("convert, and what cannot be", () => {
    expect(propago("convert", "price.propago", "price.json")).toMatchObject({
      status: 4,
      stderr: expect.stringContaining("an average of"),
    });
    expect(propago("convert", "price.propago", "kind.propago")).toMatchObject({ status: 6 });
    expect(propago("convert", "price.propago", "x.foo")).toMatchObject({ status: 2 });
    expect(propago("export", "none.propago", "--to", "onnx")).toMatchObject({ status: 6 });
    const { stdout } = propago("convert", "kind.propago", "kind.safetensors", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ format: "safetensors", files: ["kind.safetensors"] });
  });

  test("networks and estimators of scripts predict from tables of numbers and from NPY; tables stay with their columns", async () => {
    const network = trained();
    await writeModel(network, at("own.propago"));
    writeFileSync(at("rows.csv"), "a,b\n1,2\n3,4\n");
    writeFileSync(at("rows.npy"), writeNpy({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }));
    const expected = ["prediction", ...Array.from(network.predict([[1, 2], [3, 4]]), String)]; // prettier-ignore
    for (const rows of ["rows.csv", "rows.npy"]) {
      const { stdout } = propago("predict", "own.propago", rows);
      expect(stdout.trim().split("\n").map((text, i) => (i === 0 ? text : String(Math.fround(Number(text)))))).toEqual(expected); // prettier-ignore
    }
    expect(propago("inspect", "own.propago").stdout).toContain(`fingerprint ${network.fingerprint()}`);
    expect(propago("convert", "kind.propago", "moved.safetensors")).toMatchObject({ status: 0 });
    const { stdout } = propago("predict", "moved.safetensors", "kind.csv");
    expect(stdout).toBe(propago("predict", "kind.propago", "kind.csv").stdout);
    writeFileSync(at("words.csv"), "a,b\n1,x\n");
    expect(propago("predict", "own.propago", "words.csv")).toMatchObject({ status: 3, stderr: expect.stringContaining('words.csv:2, column "b": "x" is no finite number') }); // prettier-ignore
  });

  test.skipIf(!hasSharedFiles)("a model of TensorFlow.js is inspected, evaluated, and predicts", () => {
    copyFileSync(`${sharedFiles}tfjs/ml5-emotion/model.json`, at("emotion.json"));
    copyFileSync(`${sharedFiles}tfjs/ml5-emotion/model.weights.bin`, at("model.weights.bin"));
    const inspected = propago("inspect", "emotion.json", "--json");
    expect(inspected.status).toBe(0);
    const { inputs, outputs } = JSON.parse(inspected.stdout) as { inputs: number; outputs: number };
    const line = (i: number, more = "") => Array.from({ length: inputs }, (_, k) => ((i + k) * 37) % 101 / 101).join(",") + more; // prettier-ignore
    const head = Array.from({ length: inputs }, (_, k) => `x${k}`).join(",");
    writeFileSync(at("e.csv"), `${head}\n${line(0)}\n${line(1)}\n`);
    writeFileSync(at("t.csv"), `${head},y\n${line(0, ",0")}\n${line(1, ",1")}\n`);
    const { stdout, status } = propago("predict", "emotion.json", "e.csv");
    expect(status).toBe(0);
    expect(stdout.split("\n")[0].split(",")).toHaveLength(outputs + 1);
    expect(propago("evaluate", "emotion.json", "t.csv", "--json").stdout).toMatch(/"loss":[\d.]+,"accuracy":/);
    expect(propago("predict", "emotion.json", "t.csv")).toMatchObject({
      status: 3,
      stderr: expect.stringContaining(`the model takes ${inputs} numbers a row`),
    });
  });
});

describe("damaged files of our own give a value or a PropagoError", () => {
  test("networks as bytes", () => {
    const network = new Network({ inputs: 2, layers: [dense(3, "tanh"), dense(1)] });
    const read = (bytes: Uint8Array) => Network.fromBytes(bytes).dispose();
    expect(attack(read, network.toBytes({ state: true }), { share: 1 / 100 })).toBeGreaterThanOrEqual(1000);
  }, 600_000);

  test("models of the command: cut off anywhere, and with any bit changed, they are refused", () => {
    const value = unpackKind("model", pack("model", { a: Array.from({ length: 40 }, (_, i) => i / 3), b: "x" }));
    const bytes = pack("model", value as object);
    const read = (damaged: Uint8Array) => unpackKind("model", damaged);
    for (let length = 0; length < bytes.length; length++)
      expect(outcome(read, bytes.slice(0, length))).toBe("ERR_FORMAT");
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = bytes.slice();
        changed[at] ^= 1 << bit;
        let got: unknown;
        const code = outcome((damaged) => (got = read(damaged)), changed);
        // Spaces behind the header may become others that JSON allows; whatever is read is what was written.
        if (code === "value") expect(got).toEqual(value);
      }
    }
  }, 600_000);
});

describe.skipIf(!hasSharedFiles)("models that other people wrote, through readModel", () => {
  // The body of a suite that is skipped runs nevertheless.
  const kinds = hasSharedFiles ? ["tfjs", "keras", "h5"] : [];
  const paths = kinds.flatMap((kind) =>
    readdirSync(`${sharedFiles}${kind}`, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(keras|h5|hdf5)$|(^|\/)[\w-]*model[\w-]*\.json$/.test(name))
      .map((name) => `${kind}/${name}`),
  );

  test("each is a network that can be trained on, or refused for a reason", async () => {
    let trainedOn = 0;
    for (const path of paths) {
      const read = await readModel(sharedFiles + path).catch((error: unknown) => error as PropagoError);
      if ("code" in read) {
        expect(read, path).toMatchObject({ code: "ERR_UNSUPPORTED" });
        continue;
      }
      const { network } = read;
      const rows = Array.from({ length: 4 }, (_, i) =>
        Array.from({ length: network.inputs }, (_, k) => ((i + 1) * k) % 7),
      );
      const before = network.fingerprint();
      const targets = rows.map((_, i) =>
        Array.from({ length: network.outputs }, (_, k) => Number(i % network.outputs === k)),
      );
      network.trainOnBatch({ x: rows, y: targets });
      expect(network.fingerprint(), path).not.toBe(before);
      for (const name of ["a.safetensors", "a.onnx", "a.mjs", "a.json"]) expect(modelFiles(read, name).files.size).toBeGreaterThan(0); // prettier-ignore
      network.dispose();
      trainedOn++;
    }
    expect(paths.length).toBeGreaterThan(20);
    expect(trainedOn).toBeGreaterThanOrEqual(4);
  });

  test.each(["tfjs", "keras", "h5"])("weights of each are there, also where the model is refused: %s", async (kind) => {
    for (const expected of expectations(kind)) {
      if (expected.status === "refuse" || expected.weights === undefined) continue;
      const own = paths.filter((path) => path.startsWith(`${kind}/${expected.name}/`));
      const file = (expected.file ??
        expected.weightsFile ??
        own[0]?.slice(kind.length + expected.name.length + 2)) as string;
      const topology = expected.name === "topology-and-weights" ? readFileSync(`${sharedFiles}${kind}/${expected.name}/topology.json`, "utf8") : undefined; // prettier-ignore
      const found = await readModelWeights(`${sharedFiles}${kind}/${expected.name}/${file ?? "model.json"}`, {
        topology,
      });
      expect(found.map(({ shape }) => shape.join()).sort(), expected.name).toEqual(
        expected.weights.map(({ shape }: { shape: number[] }) => shape.join()).sort(),
      );
      const total = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0);
      const sum = total(found.map(({ data }) => total(data)));
      const size = total(found.map(({ data }) => total(Array.from(data, Math.abs))));
      expect(Math.abs(sum - total(expected.weights.map((one: { sum: number }) => one.sum)))).toBeLessThanOrEqual(1e-5 * (1 + size)); // prettier-ignore
    }
  });

  test("damaged ones take little memory", () => {
    const script = `import { readFileSync, statSync } from "node:fs";
      const { readModel } = await import("file://${fileURLToPath(new URL("../../dist/files-node.js", import.meta.url))}");
      const paths = process.argv[1].split(",");
      let state = 1;
      const random = (n) => ((state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8) % n;
      await readModel(new Uint8Array(9)).catch(() => 0);
      const idle = process.resourceUsage().maxRSS;
      let largest = 0;
      for (const path of paths) {
        const bytes = readFileSync(path);
        largest = Math.max(largest, bytes.length);
        for (let i = 0; i < 60; i++) {
          const copy = Uint8Array.from(bytes);
          for (let k = 0; k < 3; k++) copy[random(random(2) ? copy.length : 300)] = random(256);
          await readModel(copy, { name: "m.json" }).then(({ network }) => network.dispose(), () => 0);
        }
      }
      console.log((process.resourceUsage().maxRSS - idle) * 1024 - 2 * largest);`;
    const own = ["n.safetensors", "c.propago"].map((name) => {
      writeFileSync(at(name), name === "n.safetensors" ? trained().toBytes() : modelFiles(trained(), name).files.get(name) as Uint8Array); // prettier-ignore
      return at(name);
    });
    const all = [...own, ...paths.map((path) => sharedFiles + path)].filter((path) => readFileSync(path).length < 300_000).slice(0, 12); // prettier-ignore
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script, all.join(",")], { encoding: "utf8", timeout: 60_000 }); // prettier-ignore
    expect(stderr).toBe("");
    expect(Number(stdout)).toBeLessThanOrEqual(64 * 2 ** 20);
  }, 90_000);
});
