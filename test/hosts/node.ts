// Node by all its doors, test runners with module systems of their own, and TypeScript by all ways to resolve a package.
import { root } from "../../scripts/root.ts";
import { XOR, type Host, expectSame } from "./lab.ts";

/** A whole user's program in TypeScript, which compiles in every kind of project. */
const consumer = `
import { Network, PropagoError, dense, type EpochReport, type NetworkOptions } from "propago";
import { init } from "propago/slim";
import "propago/float64";
import "propago/search";
const options: NetworkOptions = { inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")], loss: "squaredError" };
const network = new Network(options);
export async function train(wasm: object, signal: { reason: unknown } | undefined): Promise<number> {
  await init({ wasm });
  for await (const epoch of network.fit({ x: new Float32Array(8), y: [[0], [1], [1], [0]] }, { epochs: 3 })) {
    const report: EpochReport = epoch;
    report.loss.toFixed(3);
  }
  try {
    network.predict([[0, 1]]);
  } catch (error) {
    if (error instanceof PropagoError) error.code satisfies string;
  }
  // @ts-expect-error: no such layer
  void new Network({ inputs: 2, layers: [{ type: "dens", units: 1 }] });
  // @ts-expect-error: no signal
  void network.fit({ x: [], y: [] }, { signal });
  return network.parameterCount;
}
`;

/** What needs the DOM's types: its own signal fits. */
const signal = `
import { Network, dense } from "propago";
export const training = new Network({ inputs: 1, layers: [dense(1)] }).fit(
  { x: [[1]], y: [[1]] },
  { signal: AbortSignal.any([AbortSignal.timeout(5), new AbortController().signal]) },
);
`;

const strict = { strict: true, noEmit: true, skipLibCheck: false, target: "es2022", types: [], lib: ["es2022"] };

/** Projects by what TypeScript resolves with; without DOM and Node's types, and libraries checked too. */
const typescript: Record<string, { options: object; manifest?: object }> = {
  "TypeScript nodenext, CommonJS": { options: { module: "nodenext" }, manifest: { type: "commonjs" } },
  "TypeScript nodenext, ECMAScript": { options: { module: "nodenext" }, manifest: { type: "module" } },
  "TypeScript node16, CommonJS": { options: { module: "node16" }, manifest: { type: "commonjs" } },
  "TypeScript bundler": { options: { module: "preserve" } },
  "TypeScript node10": {
    options: { module: "commonjs", moduleResolution: "node10", ignoreDeprecations: "6.0" },
  },
};

const tsc = `${root}/node_modules/typescript/bin/tsc`;

const jestTest = `
const { Network, dense, PropagoError } = require("propago");
require("propago/float64");
test("learns", async () => {${XOR}
  expect(answers).toBe("0110");
  await network.fit({ x: new Float32Array([0, 1]), y: Float32Array.of(1) }, { epochs: 2, signal: new AbortController().signal });
  expect(() => new Network({})).toThrow(PropagoError);
});
test("one state, whether required or imported by a part", () => {
  expect(new Network({ inputs: 1, layers: [dense(1)], dtype: "float64" }).dtype).toBe("float64");
});
`;

export const hosts: Host[] = [
  {
    name: "Node, import and require in one process",
    isLight: true,
    try(lab) {
      const script = `
        import { createRequire } from "node:module";
        import * as esm from "propago";
        import * as slim from "propago/slim";
        import * as all from "propago/all";
        import "propago/complete";
        const require = createRequire(import.meta.url);
        const cjs = require("propago");
        const names = (of) => Object.keys(of).filter((name) => !["default", "module.exports"].includes(name)).sort().join();
        if (names(esm) !== names(cjs)) throw new Error(names(esm) + " / " + names(cjs));
        if (names(slim) !== [...names(esm).split(","), "init"].sort().join()) throw new Error(names(slim));
        for (const name of Object.keys(cjs)) {
          for (const other of [esm, slim, all, require("propago/slim"), require("propago/float64")]) {
            if (cjs[name] !== other[name]) throw new Error(name + " exists twice");
          }
        }
        const { Network, dense } = cjs;${XOR}
        let error;
        try { new esm.Network({}); } catch (caught) { error = caught; }
        console.log(answers, error instanceof cjs.PropagoError, network instanceof esm.Network);`;
      const folder = lab.project({ "both.mjs": script });
      expectSame("both", lab.node("both.mjs", folder), "0110 true true");
      return "one class, one memory";
    },
  },
  {
    name: "Node, propago/slim",
    isLight: true,
    try(lab) {
      const folder = lab.project({
        "slim.mjs": `
          import { init, Network, dense } from "propago/slim";
          import { readFileSync } from "node:fs";
          import { createRequire } from "node:module";
          const path = createRequire(import.meta.url).resolve("propago/simd.wasm");
          const codes = [];
          const code = (wasm) => init({ wasm }).then(() => codes.push("ok"), (error) => codes.push(error.code));
          await code(5);
          await code(new Uint8Array(8));
          await code(new Response("<!doctype html>", { status: 404 }));
          await code(new Response("<!doctype html>"));
          await code(new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)));
          await code(new URL("file:///nowhere.wasm"));
          await code(new URL("file://" + path));
          await code(readFileSync(path.replace("simd", "float64")));
          await code(Promise.resolve(new Response(readFileSync(path.replace("simd", "common")))));
          ${XOR}
          console.log(codes.join(), answers, new Network({ inputs: 1, layers: [dense(1)], dtype: "float64" }).dtype);`,
      });
      const codes = "ERR_CONFIG,ERR_CONFIG,ERR_IO,ERR_CONFIG,ERR_CONFIG,ERR_IO,ok,ok,ok";
      expectSame("slim", lab.node("slim.mjs", folder, "--no-warnings"), `${codes} 0110 float64`);
      return "URL, Response, bytes; errors for the rest";
    },
  },
  ...Object.entries(typescript).map(([name, { options, manifest }]): Host => ({
    name,
    isLight: true,
    try(lab) {
      const files = { "consumer.ts": consumer, "signal.ts": signal };
      const folder = lab.project(
        {
          ...files,
          "tsconfig.json": JSON.stringify({ compilerOptions: { ...strict, ...options }, files: ["consumer.ts"] }),
          "dom.json": JSON.stringify({
            compilerOptions: { ...strict, ...options, lib: ["es2023", "dom"] },
            files: Object.keys(files),
          }),
        },
        manifest,
      );
      lab.run(process.execPath, [tsc, "-p", "tsconfig.json"], folder);
      if (name.includes("nodenext, E")) lab.run(process.execPath, [tsc, "-p", "dom.json"], folder);
      return "lib es2022 alone, skipLibCheck off";
    },
  })),
  {
    name: "Jest, require",
    needs: ["jest"],
    try(lab) {
      const folder = lab.project({ "xor.test.js": jestTest });
      lab.run(lab.bin("jest"), ["--rootDir", folder, "--no-watchman", "--cacheDirectory", `${folder}/cache`], folder);
      return "as written by newcomers, no option";
    },
  },
  {
    name: "Jest, jsdom",
    needs: ["jest", "jest-environment-jsdom"],
    try(lab) {
      const folder = lab.project({ "xor.test.js": `/** @jest-environment jsdom */\n${jestTest}` });
      lab.run(lab.bin("jest"), ["--rootDir", folder, "--no-watchman", "--cacheDirectory", `${folder}/cache`], folder);
      return "document and Node's require";
    },
  },
  {
    name: "ts-jest, nodenext",
    needs: ["jest", "ts-jest"],
    try(lab) {
      const folder = lab.project({
        "xor.test.ts": `
          import { Network, PropagoError, dense } from "propago";
          test("learns", () => {${XOR}
            expect(answers).toBe("0110");
            expect(() => new Network({ inputs: 0, layers: [] })).toThrow(PropagoError);
          });
          declare const test: (name: string, body: () => void) => void;
          declare const expect: (value: unknown) => { toBe(x: unknown): void; toThrow(x: unknown): void };`,
        "tsconfig.json": JSON.stringify({
          compilerOptions: { module: "nodenext", target: "es2022", strict: true, types: [], isolatedModules: false },
        }),
        "jest.config.js": `module.exports = { transform: { "\\\\.ts$": ["ts-jest", {}] } };`,
      });
      lab.run(lab.bin("jest"), ["--no-watchman", "--cacheDirectory", `${folder}/cache`], folder);
      return "imports compiled to require";
    },
  },
];
