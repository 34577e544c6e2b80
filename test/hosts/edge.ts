// Hosts that compile no WebAssembly at run time, but take a module that was compiled when a program was deployed.
import { createContext, runInContext } from "node:vm";
import { readFileSync } from "node:fs";
import { buildSync } from "esbuild";
import { root } from "../../scripts/root.ts";
import { XOR, type Host, expectMatch, expectSame, freePort, sending } from "./lab.ts";

/** What a request is answered with: what it learnt, or the error's code and the begin of its message. */
const learning = `
  let text;
  try {
    ${XOR}
    const { stopped } = await network.fit({ x, y }, { epochs: 2, threads: 2 });
    text = answers + " " + stopped;
  } catch (error) {
    text = error.code + " " + error.message;
  }`;

const workerOf = (imports: string, setUp: string): string => `${imports}
${setUp}
export default {
  async fetch() {${learning}
    return new Response(text);
  },
};`;

/** Bundles as Cloudflare's own tool does: for its conditions, with .wasm files left as modules. */
function bundle(folder: string, entry: string): string {
  const { outputFiles } = buildSync({
    absWorkingDir: folder,
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["*.wasm"],
    write: false,
  });
  return outputFiles[0].text;
}

const capnp = (port: number): string => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [
      (name = "worker.js", esModule = embed "bundled.js"),
      (name = "propago/simd.wasm", wasm = embed "node_modules/propago/dist/simd.wasm"),
    ],
    compatibilityDate = "2026-11-01",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);`;

const slim = 'import { Network, dense, init } from "propago/slim";\nimport wasm from "propago/simd.wasm";';

export const hosts: Host[] = [
  {
    name: "A context without code generation",
    isLight: true,
    async try(lab) {
      // As Vercel's edge-runtime makes its own, of Node's vm.
      const folder = lab.project({
        "default.js": `import { Network, dense } from "propago"; export const answer = async () => {${learning} return text; };`,
        "slim.js": `import { Network, dense, init } from "propago/slim"; export { init };
          export const answer = async () => {${learning} return text; };`,
      });
      interface Program {
        init?: (options: object) => Promise<void>;
        answer: () => Promise<string>;
      }
      const unsupported = (): void => {
        throw new Error("a Node.js API is used which is not supported in the Edge Runtime");
      };
      const run = (entry: string): Program => {
        const { outputFiles } = buildSync({
          absWorkingDir: folder,
          entryPoints: [entry],
          bundle: true,
          format: "iife",
          globalName: "program",
          conditions: ["edge-light", "worker"],
          write: false,
        });
        const globals = {
          performance,
          setTimeout,
          // As Next's sandbox has them: no more than names.
          ...Object.fromEntries(["setImmediate", "MessageChannel"].map((name) => [name, unsupported])),
          // Whoever asks for Node's modules there is told that they are not supported.
          process: Object.defineProperty({}, "getBuiltinModule", {
            get() {
              unsupported();
            },
          }),
        };
        const context = createContext(globals, { codeGeneration: { strings: false, wasm: false } });
        return runInContext(`${outputFiles[0].text}; program`, context) as Program;
      };
      expectMatch(
        "default",
        await run("default.js").answer(),
        /^ERR_WASM_BLOCKED this host compiles no .*propago\/slim/,
      );
      const { init, answer } = run("slim.js");
      expectMatch("before init", await answer(), /^ERR_PART .*await init/);
      const bytes = readFileSync(`${folder}/node_modules/propago/dist/simd.wasm`);
      const codes: unknown[] = [];
      await init?.({ wasm: bytes }).catch((error: { code: string }) => codes.push(error.code));
      await init?.({ wasm: new WebAssembly.Module(bytes) });
      expectSame("bytes", codes, ["ERR_WASM_BLOCKED"]);
      expectSame("after init", await answer(), "0110 epochs");
      return "says to take slim; slim takes a compiled module of another realm";
    },
  },
  {
    name: "Cloudflare workerd",
    needs: ["workerd"],
    async try(lab) {
      const answers: string[] = [];
      for (const source of [
        workerOf('import { Network, dense } from "propago";', ""),
        workerOf(slim, "await init({ wasm });"),
      ]) {
        const folder = lab.project({ "worker.js": source });
        const port = await freePort();
        const { writeFileSync } = await import("node:fs");
        writeFileSync(`${folder}/bundled.js`, bundle(folder, "worker.js"));
        writeFileSync(`${folder}/config.capnp`, capnp(port));
        const url = `http://127.0.0.1:${port}/`;
        const stop = await lab.serve(lab.bin("workerd"), ["serve", "config.capnp"], folder, url);
        try {
          answers.push(await (await fetch(url)).text());
        } finally {
          stop();
        }
      }
      expectMatch("default", answers[0], /^ERR_WASM_BLOCKED this host compiles no .*propago\/slim/);
      expectSame("slim", answers[1], "0110 epochs");
      return "says to take slim; slim trains";
    },
  },
  {
    name: "Vercel edge-runtime",
    needs: ["edge-runtime"],
    try(lab) {
      const folder = lab.project({
        "default.js": `import { Network, dense } from "propago";
          addEventListener("fetch", (event) => event.respondWith((async () => {${learning} return new Response(text); })()));`,
        "slim.js": `import { Network, dense, init } from "propago/slim";
          addEventListener("fetch", (event) => event.respondWith((async () => {
            await init({ wasm: globalThis.wasm }); ${learning} return new Response(text); })()));`,
        "run.mjs": `
          import { readFileSync } from "node:fs";
          import { buildSync } from ${JSON.stringify(import.meta.resolve("esbuild"))};
          import { EdgeRuntime } from "edge-runtime";
          for (const entry of ["default.js", "slim.js"]) {
            const { outputFiles } = buildSync({ entryPoints: [entry], bundle: true, format: "iife", conditions: ["edge-light", "worker"], write: false });
            const wasm = new WebAssembly.Module(readFileSync("node_modules/propago/dist/simd.wasm"));
            const runtime = new EdgeRuntime({ initialCode: outputFiles[0].text, extend: (context) => Object.assign(context, { wasm }) });
            console.log(await (await runtime.dispatchFetch("https://localhost/")).text());
          }`,
      });
      const [first, second] = lab.node("run.mjs", folder).split("\n");
      // Vercel's servers forbid what its runtime for one's own machine allows.
      expectMatch("default", first, /^0110 epochs|^ERR_WASM_BLOCKED this host compiles no .*propago\/slim/);
      expectSame("slim", second, "0110 epochs");
      return "the default entry and slim train";
    },
  },
  ...["webpack", "turbopack"].map((bundler): Host => ({
    name: `Next with ${bundler}`,
    needs: ["next", "react", "react-dom", "chromium"],
    async try(lab) {
      const plain = 'import { Network, dense } from "propago";';
      const edge = (imports: string, setUp: string): string => `${imports}
export const config = { runtime: "edge" };
export default async function handler() {
  ${setUp}${learning}
  return new Response(text);
}`;
      const edgeSlim =
        'import { Network, dense, init } from "propago/slim";\nimport wasm from "propago/simd.wasm?module";';
      const folder = lab.project(
        {
          "app/layout.js": `export default function Layout({ children }) { return <html><body>{children}</body></html>; }`,
          // Made by the server, trained in the browser, where fit loads parts.
          "app/page.js": `"use client";
import { useEffect } from "react";
${plain}
export default function Page() {
  const made = new Network({ inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")] });
  useEffect(() => {
    ${sending(`${learning} return text;`)}
  }, []);
  return <p>{made.parameterCount}</p>;
}`,
          // Next 16.4.6 itself builds no such route with webpack, not even an empty one.
          ...(bundler === "turbopack" && {
            "app/edge/route.js": `${edgeSlim}
export const runtime = "edge";
export async function GET() {
  await init({ wasm });${learning}
  return new Response(text);
}`,
          }),
          "pages/api/node.js": `${plain}
export default async function handler(request, response) {${learning} response.send(text); }`,
          "pages/api/default.js": edge(plain, ""),
          "pages/api/slim.js": edge(edgeSlim, "await init({ wasm });"),
          // The repository holds the tools, and turbopack wants them below its root.
          "next.config.mjs": `const root = ${JSON.stringify(root)};
export default { turbopack: { root }, outputFileTracingRoot: root };`,
        },
        { type: "module" },
      );
      const next = lab.bin("next");
      lab.run(next, ["build", `--${bundler}`], folder, { NEXT_TELEMETRY_DISABLED: "1" });
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/`;
      const stop = await lab.serve(next, ["start", "-p", String(port), "-H", "127.0.0.1"], folder, url);
      try {
        const answer = async (path: string): Promise<string> =>
          (await fetch(url + path, { signal: AbortSignal.timeout(20_000) })).text();
        expectSame("node", await answer("api/node"), "0110 epochs");
        expectMatch(
          "edge",
          await answer("api/default"),
          /^0110 epochs|^ERR_WASM_BLOCKED this host compiles no .*propago\/slim/,
        );
        expectSame("slim on the edge", await answer("api/slim"), "0110 epochs");
        if (bundler === "turbopack") expectSame("slim in a route of the app", await answer("edge"), "0110 epochs");
        expectMatch("page", await answer(""), /<p>17<\/p>/);
        expectSame("page in a browser", await lab.page("chromium", url.slice(0, -1)), "0110 epochs");
      } finally {
        stop();
      }
      return "a page trains in Chromium; a route of Node; the edge with slim";
    },
  })),
];
