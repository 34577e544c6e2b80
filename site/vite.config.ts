// How the playground is built: from the library as `npm run build` made it in this repository, not from a registry.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { digitsFile } from "./digits-file.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Lets a page have threads, where the server is ours. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * What the library has for pages without a worker file of their own, and for estimators, which nobody asks for here. The
 * playground starts its own worker, so none of it is built.
 */
const leftOut: Plugin = {
  name: "left out",
  enforce: "pre",
  resolveId: (source) => (/^\.\/(program|selection|relaxed)\.js$/.test(source) ? "\0nothing" : undefined),
  load: (id) => (id === "\0nothing" ? "export {};" : undefined),
  transform(code, id) {
    if (!/\/dist\/remote\.js$/.test(id)) return undefined;
    return code.replaceAll(/new URL\("[./\w]+\.(min\.js|cjs)", import\.meta\.url\)/g, 'new URL("about:blank")');
  },
};

/** The handwritten digits in a few bytes, made from the table that the package's demonstration reads. */
const digits: Plugin = {
  name: "digits",
  configureServer(server) {
    server.middlewares.use("/digits.bin", (_request, response) => {
      response.setHeader("content-type", "application/octet-stream");
      response.end(digitsFile(readFileSync(`${root}examples/data/digits.csv`, "utf8")));
    });
  },
  generateBundle() {
    const source = digitsFile(readFileSync(`${root}examples/data/digits.csv`, "utf8"));
    this.emitFile({ type: "asset", fileName: "digits.bin", source });
  },
};

/** The licences of what is in the files that are sent. */
const notices: Plugin = {
  name: "notices",
  generateBundle() {
    const names = ["preact", "@preact/signals", "@preact/signals-core", "uplot", "d3-contour", "d3-array", "internmap"];
    const source = names
      .map((name) => {
        const folder = new URL(`node_modules/${name}/`, import.meta.url);
        const file = readdirSync(folder).find((path) => /^licen[cs]e/i.test(path));
        if (file === undefined) throw new Error(`${name} has no licence file`);
        return `${name}\n\n${readFileSync(new URL(file, folder), "utf8").trim()}\n`;
      })
      .join("\n---\n\n");
    this.emitFile({ type: "asset", fileName: "THIRD-PARTY-NOTICES.txt", source });
  },
};

/** A list of all that was built, for the service worker, which keeps it for when there is no network. */
const offline: Plugin = {
  name: "offline",
  generateBundle(_options, bundle) {
    const files = [
      ...Object.keys(bundle).filter((name) => !name.endsWith(".txt")),
      ...readdirSync(new URL("play/public", import.meta.url)),
    ].sort();
    const worker = readFileSync(new URL("play/service-worker.js", import.meta.url), "utf8");
    // Names have a hash of what is in them; the page's own text names the rest.
    const hash = createHash("sha256").update(files.join());
    for (const { type, ...file } of Object.values(bundle))
      if (type === "asset" && "source" in file) hash.update(file.source);
    const version = hash.digest("hex").slice(0, 12);
    const head = `const VERSION = "${version}";\nconst FILES = ${JSON.stringify(["./", ...files])};\n`;
    this.emitFile({ type: "asset", fileName: "service-worker.js", source: head + worker });
  },
};

export default defineConfig({
  root: fileURLToPath(new URL("play", import.meta.url)),
  base: "./",
  resolve: {
    alias: [
      { find: /^propago$/, replacement: `${root}dist/index.js` },
      { find: /^propago\/(.+)$/, replacement: `${root}dist/$1.js` },
    ],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: { headers, fs: { allow: [root] } },
  preview: { headers },
  build: {
    outDir: fileURLToPath(new URL("dist", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    // What preloads looks for a document, and workers share these files.
    modulePreload: false,
    rolldownOptions: {
      // Workers are entries beside the page, and not built apart: so the library is one file, which is loaded once.
      input: {
        index: fileURLToPath(new URL("play/index.html", import.meta.url)),
        trainer: fileURLToPath(new URL("play/train-worker.ts", import.meta.url)),
        racer: fileURLToPath(new URL("play/race/worker.ts", import.meta.url)),
      },
      output: {
        entryFileNames: ({ name }) => (name === "index" ? "assets/[name]-[hash].js" : "assets/[name].js"),
      },
    },
  },
  plugins: [leftOut, digits, notices, offline],
});
