// How the playground is built: from the library as `npm run build` made it in this repository, not from a registry.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { digitsFile } from "./digits-file.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Lets a page have threads, where the server is ours. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
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

/** A list of all that was built, for the service worker, which keeps it for when there is no network. */
const offline: Plugin = {
  name: "offline",
  generateBundle(_options, bundle) {
    const files = Object.keys(bundle).filter((name) => !name.endsWith(".map") && name !== "service-worker.js");
    const worker = readFileSync(new URL("play/service-worker.js", import.meta.url), "utf8");
    const version = String(Date.now());
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
  worker: { format: "es" },
  build: {
    outDir: fileURLToPath(new URL("dist", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
  },
  plugins: [digits, offline],
});
