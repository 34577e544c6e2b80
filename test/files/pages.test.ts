// propago/files in a page, beside the page's entry; and ONNX models of ours opened by onnxruntime-web there.
import { existsSync, readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { chromiumMissing } from "../../scripts/chromium.ts";
import { modelFiles } from "../../src/files.ts";
import { Classifier, Network, dense } from "../../src/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const runtime = `${root}test/peers/node_modules/onnxruntime-web/dist/`;
const missing = existsSync(`${runtime}ort.wasm.min.mjs`) ? undefined : "test/peers is not installed";

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript",
  mjs: "text/javascript",
  wasm: "application/wasm",
  json: "application/json",
  html: "text/html",
};

/** Answers with a file of dist/ or of the runtime, or with one of those given. */
function serve(path: string, files: ReadonlyMap<string, Uint8Array>, response: ServerResponse): void {
  const place = path.startsWith("/ort/") ? runtime + path.slice(5) : root + path.slice(1);
  const isKnown = /^\/(dist|ort)\/[\w.-]+$/.test(path) && existsSync(place);
  const bytes = path === "/" ? Buffer.from("<!doctype html><title>files</title>") : (files.get(path) ?? (isKnown ? readFileSync(place) : undefined)); // prettier-ignore
  response.setHeader("content-type", TYPES[path === "/" ? "html" : path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream"); // prettier-ignore
  if (bytes === undefined) response.writeHead(404).end();
  else response.end(bytes);
}

/** What a script gives in Chromium, with files served beside it. */
async function inPage(files: ReadonlyMap<string, Uint8Array>, script: string): Promise<unknown> {
  const server = createServer((request, response) => serve((request.url ?? "").split("?")[0], files, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] }); // prettier-ignore
  try {
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return await tab.evaluate<unknown>(`(async () => { ${script} })()`);
  } finally {
    await browser.close();
    server.close();
  }
}

const served = (files: ReadonlyMap<string, Uint8Array>) => new Map([...files].map(([name, bytes]) => [`/m/${name}`, bytes])); // prettier-ignore

test.skipIf(chromiumMissing !== undefined)("reads models there, with the classes of the page's entry (skipped without Chromium)", async () => {
  const network = new Network({ inputs: 2, layers: [dense(3, "gelu"), dense(2, "softmax")] });
  const files = served(modelFiles(network, "model.json").files);
  files.set("/m/n.safetensors", network.toBytes());
  const value = await inPage(
    files,
    `const { Network, dense, PropagoError } = await import("/dist/index.js");
    const { readModel, modelFiles, writeModel } = await import("/dist/files.js");
    const one = await readModel("m/model.json");
    const bytes = new Uint8Array(await (await fetch("/m/n.safetensors")).arrayBuffer());
    const two = await readModel(new File([bytes], "n.safetensors"));
    const history = await two.network.fit({ x: [[0, 1], [1, 0]], y: [0, 1] }, { epochs: 2 });
    const missing = await readModel("m/none.json").catch((error) => [error instanceof PropagoError, error.code]);
    const written = await writeModel(one.network, "x.onnx").catch((error) => error.code);
    await import("/dist/bytes.js");
    return [one.network instanceof Network, [...one.network.predict([[1, 2]])], history.epochs.length, missing, written,
      modelFiles(two.network, "x.mjs").files.size, Network.fromBytes(bytes).toBytes().length === bytes.length];`,
  );
  expect(value).toEqual([true, [...network.predict([[1, 2]])], 2, [true, "ERR_IO"], "ERR_IO", 2, true]);
}, 60_000); // prettier-ignore

test.skipIf((chromiumMissing ?? missing) !== undefined)("onnxruntime-web opens what is written, with the same answers (skipped without test/peers or Chromium)", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => [(i * 7) % 11, (i * 5) % 13, i % 4]);
  const classifier = new Classifier({ effort: "quick" });
  classifier.fitSync(rows, rows.map(([a, b]) => (a > b ? "more" : a === b ? "same" : "less"))); // prettier-ignore
  const network = new Network({ inputs: 3, layers: [dense(4, "gelu"), dense(2, "softmax")] });
  const files = new Map([...modelFiles(classifier, "c.onnx").files, ...modelFiles(network, "n.onnx").files]);
  const value = (await inPage(
    served(files),
    `const ort = await import("/ort/ort.wasm.min.mjs");
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = "/ort/";
    const rows = ${JSON.stringify(rows)};
    const run = async (name) => {
      const session = await ort.InferenceSession.create("/m/" + name);
      return session.run({ input: new ort.Tensor("float32", Float32Array.from(rows.flat()), [rows.length, 3]) });
    };
    const [c, n] = [await run("c.onnx"), await run("n.onnx")];
    return [[...c.label.data], [...c.probabilities.data], [...n.output.data]];`,
  )) as [string[], number[], number[]];
  expect(value[0]).toEqual(classifier.predict(rows));
  const near = (found: number[], expected: ArrayLike<number>) => found.forEach((one, i) => expect(Math.abs(one - expected[i])).toBeLessThan(1e-6)); // prettier-ignore
  near(value[1], classifier.predictProbabilities(rows));
  near(value[2], network.predict(rows));
}, 60_000); // prettier-ignore
