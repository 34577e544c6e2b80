// Bundlers as they come, without a configuration, for pages and for workers. What they make runs in Chromium.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { XOR, type Host, expectMatch, expectSame, pageOf, sending } from "./lab.ts";

const answering = sending(`${XOR} return answers;`);

/** A page that learns by itself and loads a part where a call may wait. */
const main = `
import { Network, dense } from "propago";
import "propago/complete";
${sending(`${XOR}
  const { stopped } = await new Network({ inputs: 2, layers: [dense(1, "sigmoid")], optimizer: "lbfgs" }).fit({ x, y }, { epochs: 3 });
  return answers + stopped.length;`)}`;

/** A page whose worker learns, as bundlers document it, and the worker. */
const workerPage = `
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => fetch("/answer", { method: "POST", body: JSON.stringify(data) });
worker.onerror = ({ message }) => fetch("/answer", { method: "POST", body: JSON.stringify("worker: " + message) });`;
const worker = `
import { Network, dense } from "propago/all";
${XOR}
postMessage(answers);`;

/** A page that trains in a worker of the library's own, and in one of its own; and that one's program. */
const far = `
import { Network, dense } from "propago";
${sending(`${XOR}
  const before = network.fingerprint();
  const make = () => new Network({ inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")] });
  const answers2 = [];
  for (const worker of [true, OWN]) {
    if (worker === undefined) continue;
    const one = make();
    const { warnings = [] } = await one.fit({ x, y }, { epochs: 1000, worker });
    answers2.push(one.fingerprint() === before, ...warnings.filter(({ code }) => code === "WARN_WORKER").map(({ message }) => message));
  }
  return answers2;`)}`;
const farOwn = far.replace("OWN", '() => new Worker(new URL("./train.js", import.meta.url), { type: "module" })');
const farAlone = far.replace("OWN", "undefined");
const train = 'import "propago/worker";';

/** A page with a script. */
const scripted = (script: string): string =>
  `<!doctype html><meta charset="utf-8"><title>x</title><script type="module" src="${script}"></script>`;

/** What a strict policy allows. */
const strict = { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };

/** All the code below a folder, in bytes as a server sends them. */
function sizeOf(folder: string): number {
  let sum = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (name.endsWith(".js") && statSync(`${folder}/${name}`).isFile()) {
      sum += gzipSync(readFileSync(`${folder}/${name}`), { level: 9 }).length;
    }
  }
  return sum;
}

/** Bundlers with `worker: true`, and with a worker that says import "propago/worker". */
const workers: Host[] = [
  {
    name: "esbuild, worker: true",
    isLight: true,
    needs: ["chromium"],
    async try(lab) {
      const folder = lab.project({ "main.js": farAlone, "out/index.html": scripted("main.js") });
      lab.run(lab.bin("esbuild"), ["main.js", "--bundle", "--minify", "--format=esm", "--outdir=out"], folder);
      expectSame("page", await lab.page("chromium", `${folder}/out`), [true]);
      return "from the text that its bundle has";
    },
  },
  {
    name: "vite, worker: true",
    needs: ["chromium"],
    async try(lab) {
      const folder = lab.project({ "index.html": scripted("./main.js"), "main.js": farOwn, "train.js": train });
      await build({ root: folder, configFile: false, logLevel: "silent", worker: { format: "es" } });
      expectSame("page", await lab.page("chromium", `${folder}/dist`), [true, true]);
      expectSame("strict", await lab.page("chromium", `${folder}/dist`, { headers: strict }), [true, true]);
      const plain = lab.project({ "index.html": scripted("./main.js"), "main.js": farAlone });
      await build({ root: plain, configFile: false, logLevel: "silent" });
      expectSame("as it comes", await lab.page("chromium", `${plain}/dist`, { headers: strict }), [true]);
      return "as it comes, also under a strict policy; propago/worker with worker.format es";
    },
  },
  {
    name: "webpack, worker: true",
    needs: ["webpack", "chromium"],
    async try(lab) {
      const folder = lab.project({
        "src/index.js": farOwn,
        "src/train.js": train,
        "dist/index.html": '<!doctype html><title>x</title><script defer src="index.js"></script>',
        "build.cjs": `
          const webpack = require("webpack");
          webpack({ context: __dirname, mode: "production", entry: { index: "./src/index.js" } }, (error, stats) => {
            if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exit(1); }
          });`,
      });
      lab.node("build.cjs", folder);
      expectSame("page", await lab.page("chromium", `${folder}/dist`), [true, true]);
      expectSame("strict", await lab.page("chromium", `${folder}/dist`, { headers: strict }), [true, true]);
      return "as it comes, also under a strict policy";
    },
  },
  {
    name: "Parcel, worker: true",
    needs: ["parcel", "chromium"],
    async try(lab) {
      const folder = lab.project({
        "index.html": scripted("./main.js"),
        "main.js": farOwn,
        "train.js": 'import "propago/all";',
      });
      lab.run(lab.bin("parcel"), ["build", "index.html", "--no-cache", "--dist-dir", "dist"], folder);
      expectSame("page", await lab.page("chromium", `${folder}/dist`), [true, true]);
      return "as it comes; in a worker of its own propago/all";
    },
  },
  {
    name: "rollup, worker: true",
    needs: ["chromium"],
    async try(lab) {
      const folder = lab.project({ "main.js": farAlone, "dist/index.html": scripted("main.js") });
      const { rollup } = await import("rollup");
      const bundle = await rollup({
        input: `${folder}/main.js`,
        onwarn: () => {},
        plugins: [
          {
            name: "the package",
            resolveId: (id) => (id === "propago" ? `${folder}/node_modules/propago/dist/index.js` : null),
          },
        ],
      });
      await bundle.write({ dir: `${folder}/dist` });
      expectSame("page", await lab.page("chromium", `${folder}/dist`), [true]);
      return "from the text that is one of its chunks";
    },
  },
];

export const hosts: Host[] = [
  ...workers,
  {
    name: "esbuild, one file",
    isLight: true,
    try(lab) {
      // The example of docs/hosts.md.
      const folder = lab.project({ "main.js": `import { Network, dense } from "propago";\n${answering}` });
      const common = ["main.js", "--bundle", "--minify", "--format=esm", "--outdir=out"];
      const esbuild = lab.bin("esbuild");
      lab.run(esbuild, common, folder);
      const whole = sizeOf(`${folder}/out`);
      const parts = [
        "bytes",
        "complete",
        "diagnosis",
        "float64",
        "program",
        "relaxed",
        "remote",
        "search",
        "selection",
        "state",
        "streams",
        "threads",
      ];
      lab.run(esbuild, [...common, ...parts.map((part) => `--external:./${part}.js`)], folder);
      const without = sizeOf(`${folder}/out`);
      if (without > 48_000) throw new Error(`one file without parts has ${without} bytes`);
      const script = `globalThis.fetch = (_, { body }) => console.log(body);
        await import("./out/main.js");`;
      expectSame(
        "answers",
        lab.run(process.execPath, ["--input-type=module", "--eval", script], folder).trim(),
        '"0110"',
      );
      return `${(whole / 1000).toFixed(0)} kB with all parts, ${(without / 1000).toFixed(0)} kB with them external`;
    },
  },
  {
    name: "esbuild, splitting",
    isLight: true,
    needs: ["chromium"],
    async try(lab) {
      const folder = lab.project({ "main.js": main });
      lab.run(lab.bin("esbuild"), ["main.js", "--bundle", "--splitting", "--format=esm", "--outdir=out"], folder);
      const { writeFileSync } = await import("node:fs");
      writeFileSync(`${folder}/out/index.html`, pageOf('import "./main.js";'));
      expectMatch("page", await lab.page<string>("chromium", `${folder}/out`), /^01109|^0110\d/);
      return "parts are files beside it";
    },
  },
  {
    name: "Vite 7, a page and a worker",
    isLight: true,
    needs: ["chromium"],
    async try(lab) {
      const html = (script: string): string =>
        `<!doctype html><meta charset="utf-8"><title>x</title><script type="module" src="${script}"></script>`;
      const folder = lab.project({
        "index.html": html("./main.js"),
        "worker.html": html("./page.js"),
        "main.js": main,
        "page.js": workerPage,
        "worker.js": worker,
      });
      await build({
        root: folder,
        configFile: false,
        logLevel: "silent",
        build: { rollupOptions: { input: [`${folder}/index.html`, `${folder}/worker.html`] } },
      });
      expectMatch("page", await lab.page<string>("chromium", `${folder}/dist`), /^0110\d/);
      expectSame("worker", await lab.page("chromium", `${folder}/dist`, { path: "/worker.html" }), "0110");
      return "as it comes; in the worker propago/all";
    },
  },
  {
    name: "webpack, a page and a worker",
    needs: ["webpack", "chromium"],
    async try(lab) {
      const folder = lab.project({
        "src/index.js": main,
        "src/page.js": workerPage,
        "src/worker.js": worker,
        "dist/index.html": '<!doctype html><title>x</title><script defer src="index.js"></script>',
        "dist/worker.html": '<!doctype html><title>x</title><script defer src="page.js"></script>',
        "build.cjs": `
          const webpack = require("webpack");
          webpack({ context: __dirname, mode: "production", entry: { index: "./src/index.js", page: "./src/page.js" } }, (error, stats) => {
            if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exit(1); }
          });`,
      });
      lab.node("build.cjs", folder);
      expectMatch("page", await lab.page<string>("chromium", `${folder}/dist`), /^0110\d/);
      expectSame("worker", await lab.page("chromium", `${folder}/dist`, { path: "/worker.html" }), "0110");
      return "as it comes";
    },
  },
  {
    name: "Parcel, a page and a worker",
    needs: ["parcel", "chromium"],
    async try(lab) {
      const html = (script: string): string =>
        `<!doctype html><meta charset="utf-8"><title>x</title><script type="module" src="${script}"></script>`;
      const folder = lab.project({
        "index.html": html("./main.js"),
        "worker.html": html("./page.js"),
        "main.js": main,
        "page.js": workerPage,
        "worker.js": worker,
      });
      const parcel = ["build", "index.html", "worker.html", "--no-cache", "--dist-dir", "dist"];
      lab.run(lab.bin("parcel"), parcel, folder);
      expectMatch("page", await lab.page<string>("chromium", `${folder}/dist`), /^0110\d/);
      expectSame("worker", await lab.page("chromium", `${folder}/dist`, { path: "/worker.html" }), "0110");
      return "as it comes, without package exports; in the worker propago/all";
    },
  },
];
