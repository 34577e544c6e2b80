// Makes the files that run, each in one piece: dist/index.js, the library, which so is read in half the time that its
// modules would take; dist/propago.min.js, the same for a page without a bundler; and dist/cli.js, the command with
// everything it needs.
import { chmodSync, readFileSync } from "node:fs";
import { build, type BuildOptions } from "esbuild";
import { root } from "./root.ts";

const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  legalComments: "inline",
  logLevel: "warning",
};

await build({
  ...common,
  entryPoints: ["src/index.ts"],
  outfile: "dist/index.js",
  platform: "neutral",
  target: "es2022",
  // Puts the numbers of assembly/plan.ts where they are used.
  minifySyntax: true,
});

await build({
  ...common,
  entryPoints: ["src/index.ts"],
  outfile: "dist/propago.min.js",
  platform: "browser",
  target: "es2022",
  minify: true,
});

await build({
  ...common,
  entryPoints: ["src/cli/index.ts"],
  outfile: "dist/cli.js",
  platform: "node",
  target: "node20",
  define: { PROPAGO_VERSION: JSON.stringify(version) },
  // The CommonJS packages inside the bundle call require for Node's own modules.
  banner: {
    js: 'import { createRequire as bundledRequire } from "node:module";\nconst require = bundledRequire(import.meta.url);',
  },
});
chmodSync(`${root}/dist/cli.js`, 0o755);
