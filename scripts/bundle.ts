// Makes what the package ships, dist/, from src/ and from the declarations in build/types/.
//
// For Node: library.cjs, the library with all its parts in one piece, which is read in half the time that its modules
// would take. `require` and `import` both end there, so that a process has one state however the library came in.
// For pages and bundlers: library.js, the library without its parts; index.js, which adds the build that most networks
// use; a file for each part. propago.min.js: all in one file without any import, for workers, and pages without a bundler.
// cli.js: the command with everything it needs. index.d.cts: the public types, in one file. THIRD-PARTY-NOTICES.txt: the
// licences of packages that are in one of these.
import { chmodSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { generateDtsBundle } from "dts-bundle-generator";
import { build, type BuildOptions, type Metafile, type Plugin } from "esbuild";
import { shortener } from "./internal-names.ts";
import { withoutCopies } from "./entry-types.ts";
import { notices } from "./notices.ts";
import { root } from "./root.ts";

const { version } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { version: string };
const dist = `${root}/dist`;
/** The files that this made. */
const made = new Set<string>();
/** Which sources went into them. */
const metafiles: Metafile[] = [];

/** Parts are loaded from the files beside the bundle. */
const partsBeside: Plugin = {
  name: "parts beside",
  setup(build) {
    build.onResolve({ filter: /^\.\/\w+\.ts$/ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path: `./${basename(path, ".ts")}.js`, external: true } : undefined,
    );
  },
};

/**
 * What of the loader is replaced. Most of it wraps AssemblyScript's strings, arrays and classes. The core has none of these
 * and imports nothing of the standard library, and propago calls the instance's own exports.
 */
const LOADER: readonly (readonly [old: RegExp, now: string])[] = [
  [
    /^function postInstantiate\(extendedExports, instance\) \{$.*?^\}$/ms,
    "function postInstantiate(extendedExports, instance) { return instance.exports; }",
  ],
  [/^function preInstantiate\(imports\) \{$.*?^\}$/ms, "function preInstantiate() {}"],
  // Some contexts have no TextDecoder. The strings that it is for are gone, so a bundle leaves out what has no effect.
  [/(?<== )(?=new TextDecoder\()/g, "/* @__PURE__ */ "],
  // A polyfill for older engines than the library needs. Frozen intrinsics would make it throw.
  [/^Object\.hasOwn = .*?^\};$/ms, ""],
];

/** The loader with `LOADER`'s replacements. */
const loaderWithoutObjects: Plugin = {
  name: "loader without objects",
  setup(build) {
    build.onLoad({ filter: /@assemblyscript[\\/]loader[\\/]index\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, "utf8");
      for (const [old, now] of LOADER) {
        if (contents.search(old) < 0) throw new Error(`${path} has no ${String(old)}: look at what is to be replaced`);
        contents = contents.replace(old, now);
      }
      return { contents };
    });
  },
};

/** The parts that are imported by name. */
const parts = readdirSync(`${root}/src/parts`, { encoding: "utf8" })
  .map((name) => basename(name, ".ts"))
  .filter((name) => name !== "rows" && name !== "loaders");

/** Entries of their own, each built from src/NAME.ts. They take what they share with the library from it. */
const entries = ["files", "report", "disk"];

/** Modules of which the library gives something away: those that src/index.ts and src/library.ts name. */
const sharedModules = new Set(
  ["index", "library"].flatMap((name) =>
    [...readFileSync(`${root}/src/${name}.ts`, "utf8").matchAll(/^export \{[^}]*\} from "\.\/(.*)";$/gm)].map(
      ([, path]) => `${root}/src/${path}`,
    ),
  ),
);

/** What an entry of its own shares with the library comes from there: the classes and the registry of parts are one. */
const sharedFrom = (file: string): Plugin => ({
  name: "shared",
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir }) =>
      sharedModules.has(join(resolveDir, path)) ? { path: `./${file}`, external: true, sideEffects: false } : undefined,
    );
  },
});

/** Of linkedom, what parses and selects: only its nodes are used. */
const linkedomWithoutParsing: Plugin = {
  name: "linkedom without parsing",
  setup(build) {
    build.onResolve({ filter: /^(css-select|cssom|htmlparser2|canvas)$/ }, ({ path }) => ({
      path,
      namespace: "nothing",
    }));
    build.onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** What single entries need beside the others. */
const ofEntry: Partial<Record<string, BuildOptions>> = {
  // Most of it is what it draws with.
  report: { minify: true, mainFields: ["module", "main"], plugins: [linkedomWithoutParsing] },
};

/** The command loads what makes reports from its own file, when a report is asked for. */
const reportBeside: Plugin = {
  name: "report beside",
  setup(build) {
    build.onResolve({ filter: /\/report\/command\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./report-node.js", external: true } : undefined,
    );
  },
};

/** What pages share comes from library.js: there is one registry, and one class of errors. */
const libraryBeside = (names: readonly string[]): Plugin => ({
  name: "library beside",
  setup(build) {
    build.onResolve(
      {
        filter:
          /\/(core\/engine|ground\/(parts|errors|options|powers)|data\/(labels|rows|scaling|weighting)|estimators\/(answers|features|targets)|network\/json|description\/description|memory\/(copying|model|plan|samples|targets)|training\/(history|loop|options|rows|turns|warnings)|network\/parameters)\.ts$/,
      },
      () => ({
        path: "./library.js",
        external: true,
        sideEffects: false, // so that what is not used of it is not asked for
      }),
    );
    // By name: what the files of a page share beyond that is not for users.
    build.onResolve({ filter: /^\.\/index\.ts$/ }, () => ({ path: "public", namespace: "names" }));
    build.onLoad({ filter: /^public$/, namespace: "names" }, () => ({
      contents: `export { ${names.join(", ")} } from "./ground/parts.ts";`,
      resolveDir: `${root}/src`,
    }));
  },
});

/** What a worker serves with is the page's own library, which a browser has loaded already. */
const pageBeside: Plugin = {
  name: "page beside",
  setup(build) {
    build.onResolve({ filter: /^\.\/page\.ts$/ }, () => ({ path: "./index.js", external: true }));
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
  // Packages without "exports" say so where their modules are.
  mainFields: ["module", "main"],
  target: "es2022",
  // Puts the numbers of assembly/plan.ts where they are used.
  minifySyntax: true,
  // A field without a value is no code.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  define: { PROPAGO_VERSION: JSON.stringify(version) },
};

/** Builds, and gives the names that each output exports. */
async function make(options: BuildOptions): Promise<Record<string, string[]>> {
  const plugins = [loaderWithoutObjects, ...(options.plugins ?? [])];
  const { metafile } = await build({ ...options, plugins, metafile: true });
  metafiles.push(metafile);
  const outputs = Object.entries(metafile.outputs).map(([path, { exports }]) => [basename(path), exports] as const);
  for (const [name] of outputs) made.add(name);
  return Object.fromEntries(outputs);
}

/** Writes a file of dist/ where it is not that already. */
function write(name: string, text: string | Uint8Array): void {
  made.add(name);
  const path = `${dist}/${name}`;
  if (!existsSync(path) || !readFileSync(path).equals(Buffer.from(text))) writeFileSync(path, text);
}

// The names that users see.
const { outputFiles: _, metafile } = await build({
  ...library,
  entryPoints: ["src/index.ts"],
  write: false,
  metafile: true,
});
const names = Object.values(metafile.outputs)[0].exports.sort();

await make({
  ...library,
  format: "cjs",
  stdin: {
    contents:
      'export * from "./node.ts"; export * from "./library.ts"; export { init } from "./slim.ts"; export { serveHere } from "./remote/serving.ts";',
    resolveDir: `${root}/src`,
    loader: "ts",
  },
  outdir: undefined,
  outfile: "dist/library.cjs",
  // Where it is asked for, this is for pages.
  define: { ...library.define, "import.meta.url": "undefined" },
});
/** A module for `import` with the names of a CommonJS one, which is what runs. */
const imported = (entry: string, own: readonly string[]): void =>
  write(`${entry}.js`, `import library from "./${entry}.cjs";\nexport const { ${own.join(", ")} } = library;\n`);
for (const [entry, own] of [
  ["node", names],
  ["slim-node", [...names, "init"]],
] as const) {
  // Node looks for names in the text of what is imported, for which a short text is better by 50 ms.
  const lines = own.map((name) => `exports.${name} = library.${name};\n`);
  write(`${entry}.cjs`, `"use strict";\nconst library = require("./library.cjs");\n${lines.join("")}`);
  imported(entry, own);
}

write("worker-node.cjs", 'require("./library.cjs").serveHere();\n');
write("worker-node.js", 'import library from "./library.cjs";\nlibrary.serveHere();\n');

const { "library.js": shared } = await make({ ...library, entryPoints: { library: "src/library.ts" } });
await make({
  ...library,
  entryPoints: [
    { in: "src/page.ts", out: "index" },
    { in: "src/slim.ts", out: "slim" },
    { in: "src/worker.ts", out: "worker" },
    ...parts.map((name) => ({ in: `src/parts/${name}.ts`, out: name })),
  ],
  plugins: [partsBeside, libraryBeside(names), pageBeside],
});
for (const name of entries) {
  const { plugins = [], ...more } = ofEntry[name] ?? {};
  // What an entry imports when it is needed lies in files beside it.
  const { [`${name}.js`]: own } = await make({
    ...library,
    ...more,
    entryPoints: { [name]: `src/${name}.ts` },
    splitting: true,
    chunkNames: `${name}-[name]-[hash]`,
    plugins: [sharedFrom("library.js"), ...plugins],
  });
  await make({
    ...library,
    ...more,
    format: "cjs",
    define: { ...library.define, "import.meta.url": "__filename" },
    entryPoints: { [`${name}-node`]: `src/${name}.ts` },
    outExtension: { ".js": ".cjs" },
    plugins: [sharedFrom("library.cjs"), ...plugins],
  });
  imported(`${name}-node`, own);
}

// esbuild does not look whether library.js has what the others take from it.
for (const name of readdirSync(dist).filter((file) => made.has(file) && file.endsWith(".js"))) {
  const text = readFileSync(`${dist}/${name}`, "utf8");
  const taken = [...text.matchAll(/\bimport ?\{([^}]+)\} ?from ?"\.\/library\.js"/g)].flatMap(([, list]) =>
    list.split(",").map((one) => one.trim()),
  );
  const missing = taken.map((word) => word.split(" ")[0]).filter((word) => word !== "" && !shared.includes(word));
  if (missing.length > 0) throw new Error(`src/library.ts has to export ${missing.join(", ")} for ${name}`);
}

// Prediction alone shares nothing with the library: a page has one or the other.
await make({
  ...library,
  entryPoints: [
    { in: "src/predict.ts", out: "predict" },
    { in: "src/predict/complete.ts", out: "predict-complete" },
    { in: "src/predict/float64.ts", out: "predict-float64" },
  ],
  plugins: [
    {
      name: "builds beside",
      setup(build) {
        build.onResolve({ filter: /^\.\/(complete|float64)\.ts$/ }, ({ kind, path }) =>
          kind === "dynamic-import" ? { path: `./predict-${basename(path, ".ts")}.js`, external: true } : undefined,
        );
      },
    },
  ],
});
await make({
  ...library,
  format: "cjs",
  entryPoints: ["src/predict.ts"],
  outdir: undefined,
  outfile: "dist/predict.cjs",
});

await make({
  ...common,
  entryPoints: ["src/node.ts"],
  outfile: "dist/propago.min.js",
  platform: "browser",
  target: "es2022",
  minify: true,
});

await make({
  ...common,
  entryPoints: ["src/cli/index.ts"],
  outfile: "dist/cli.js",
  platform: "node",
  target: "node20",
  define: { PROPAGO_VERSION: JSON.stringify(version) },
  plugins: [reportBeside],
  // The CommonJS packages inside the bundle call require for Node's own modules.
  banner: {
    js: 'import { createRequire as bundledRequire } from "node:module";\nconst require = bundledRequire(import.meta.url);',
  },
});
chmodSync(`${dist}/cli.js`, 0o755);

write("THIRD-PARTY-NOTICES.txt", notices(metafiles));

// The builds as files, for propago/slim. A section of their own says which build each is, and of which version.
for (const target of ["simd", "common", "float64", "relaxed"]) {
  const name = Buffer.from("propago");
  const content = Buffer.concat([Buffer.of(name.length), name, Buffer.from(`${target} ${version}`)]);
  const section = Buffer.concat([Buffer.of(0, content.length), content]);
  write(`${target}.wasm`, Buffer.concat([readFileSync(`${root}/build/${target}.wasm`), section]));
}

/** When a file was written; 0 for one that is not there. */
function timeOf(path: string): number {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

// One file of types for both module systems, so that a class is the same type in both: a CommonJS one, which an
// ECMAScript module may import too.
const types = `${root}/build/types`;
const newest = Math.max(timeOf(`${types}/.tsbuildinfo`), timeOf(import.meta.filename));
if (timeOf(`${dist}/index.d.cts`) < newest) {
  const output = { exportReferencedTypes: false, noBanner: true };
  const [index, slim, predict, ...others] = generateDtsBundle(
    ["index", "init", "predict", ...entries].map((name) => ({ filePath: `${types}/src/${name}.d.ts`, output })),
    { preferredConfigPath: `${root}/tsconfig.public.json` },
  );
  writeFileSync(`${dist}/predict.d.cts`, predict);
  writeFileSync(`${dist}/slim.d.cts`, `export * from "./index.cjs";\n${slim}`);
  writeFileSync(`${dist}/index.d.cts`, `/// <reference lib="esnext.disposable" />\n${index}`);
  for (const [i, name] of entries.entries()) writeFileSync(`${dist}/${name}.d.cts`, withoutCopies(others[i], index));
}
for (const name of ["index", "slim", "predict", ...entries]) {
  made.add(`${name}.d.cts`);
  write(`${name}.d.ts`, `export * from "./${name}.cjs";\n`);
}
for (const ending of ["d.ts", "d.cts"]) {
  write(`part.${ending}`, "export {};\n");
  write(
    `wasm.${ending}`,
    "/** What the host makes of the file: a compiled module, or its URL. */\ndeclare const wasm: object;\nexport default wasm;\n",
  );
}

// Files for pages get short names for what is internal.
const shorten = shortener([...made].filter((name) => name.endsWith(".d.cts")).map((name) => `${dist}/${name}`));
for (const name of made) {
  const text = name.endsWith(".js") && name !== "cli.js" ? readFileSync(`${dist}/${name}`, "utf8") : "";
  // Node's entries are a line that imports a CommonJS module.
  if (text !== "" && !/^import \w+ from ".*\.cjs";/.test(text)) write(name, shorten(text, name.endsWith(".min.js")));
}

// What earlier versions of this script made.
for (const name of readdirSync(dist)) if (!made.has(name)) rmSync(`${dist}/${name}`, { recursive: true });
