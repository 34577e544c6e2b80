// Makes the files that run. dist/node.js: the library with all its parts in one piece, which so is read in half the time
// that its modules would take. dist/library.js: without its parts, for pages and bundlers, and each part beside it.
// dist/index.js has the names of it that are public.
// dist/propago.min.js: all in one piece, for a page without a bundler. dist/cli.js: the command with everything it needs.
import { chmodSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build, type BuildOptions, type Plugin } from "esbuild";
import { root } from "./root.ts";

const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };

/** Parts are loaded from the files beside the bundle. */
const partsBeside: Plugin = {
  name: "parts beside",
  setup(build) {
    build.onResolve({ filter: /^\.\/\w+\.ts$/ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path: `./${basename(path, ".ts")}.js`, external: true } : undefined,
    );
  },
};

/** What a part shares with the library, it takes from there: there is one place for parts, and one class of errors. */
const libraryBeside: Plugin = {
  name: "library beside",
  setup(build) {
    build.onResolve(
      {
        filter:
          /\/(ground\/(parts|errors|options|powers)|data\/(weighting|scaling)|estimators\/(answers|features|targets)|network\/json|description\/description)\.ts$/,
      },
      () => ({
        path: "./library.js",
        external: true,
        sideEffects: false, // so that what is not used of it is not asked for
      }),
    );
  },
};

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  legalComments: "inline",
  logLevel: "warning",
};

const library: BuildOptions = {
  ...common,
  outdir: "dist",
  platform: "neutral",
  target: "es2022",
  // Puts the numbers of assembly/plan.ts where they are used.
  minifySyntax: true,
};

const { metafile } = await build({ ...library, entryPoints: { node: "src/node.ts" }, metafile: true });

await build({ ...library, entryPoints: { library: "src/page.ts" }, plugins: [partsBeside] });
const names = metafile.outputs["dist/node.js"].exports;
writeFileSync(
  `${root}/dist/index.js`,
  `// What users import of the library. Its parts import more.\nexport { ${names.join(", ")} } from "./library.js";\n`,
);

await build({
  ...library,
  entryPoints: readdirSync(`${root}/src/parts`)
    .filter((name) => name !== "loaders.ts")
    .map((name) => `src/parts/${name}`),
  plugins: [libraryBeside],
});

await build({
  ...common,
  entryPoints: ["src/node.ts"],
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
