// The rules of the house that no compiler checks: where things may stand, and which way imports point.
import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { root } from "../scripts/root.ts";

/** Source files below a folder, by their path from the repository. */
function files(folder: string, ending = /\.(ts|js)$/): string[] {
  return readdirSync(`${root}/${folder}`, { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => ending.test(path) && !/node_modules|src\/generated|bench\/results/.test(path));
}

function read(path: string): string {
  return readFileSync(`${root}/${path}`, "utf8");
}

/** The text without its comments, which may say what the code may not do. */
function code(path: string): string {
  return read(path)
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/(^|[^:])\/\/.*$/gm, "$1");
}

/** `path:line: text` for each line of code that matches. */
function strays(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    code(path)
      .split("\n")
      .flatMap((line) => (pattern.test(line) ? [`${path}: ${line.trim()}`] : [])),
  );
}

const core = files("assembly");
const library = files("src");

describe("the core", () => {
  /** From the bottom up. A file may import from folders below its own, and from files before it in the same one. */
  const ranks = [
    ["plan"],
    ["numbers/simd", "numbers/math", "numbers/random", "numbers/vectors", "numbers/sets"],
    ["products/tiles", "products/pack", "products/products"],
    [
      "functions/clamps",
      "functions/gates",
      "functions/rare-activations",
      "functions/softmax",
      "functions/activations",
      "functions/common-losses",
      "functions/rare-losses",
      "functions/losses",
    ],
    ["layers/dropout", "layers/normalisation", "layers/restraints", "layers/layers"],
    [
      "optimizers/blocks",
      "optimizers/gradient",
      "optimizers/rules",
      "optimizers/adaptive",
      "optimizers/rare-rules",
      "optimizers/adasecant",
      "optimizers/remembered",
      "optimizers/curvature",
      "optimizers/vsgd",
      "optimizers/optimizers",
    ],
    [
      "training/threads",
      "training/records",
      "training/batch",
      "training/tally",
      "training/passes",
      "training/levenberg",
      "training/online",
      "training/shares",
      "training/trials",
      "training/step",
      "training/epochs",
      "training/evaluation",
    ],
    ["index", "common", "predict"],
  ].flat();

  test("imports point one way", () => {
    for (const path of core) {
      const name = path.replace(/^assembly\/(.*)\.ts$/, "$1");
      expect(ranks, `say in this test where ${path} stands`).toContain(name);
      for (const [, imported] of code(path).matchAll(/from "([^"]+)"/g)) {
        const target = new URL(imported, `file:///${name}`).pathname.slice(1);
        expect(ranks, `${path} imports ${imported}`).toContain(target);
        expect(ranks.indexOf(target), `${path} imports ${imported}`).toBeLessThan(ranks.indexOf(name));
      }
    }
    for (const name of ranks) expect(core, "which this test ranks").toContain(`assembly/${name}.ts`);
  });

  test("has no strings", () => {
    const rest = core.filter((path) => path !== "assembly/plan.ts");
    expect(strays(rest, /["'`]/).filter((stray) => !/(from|import) "\.\.?\/[\w/-]+";$/.test(stray))).toEqual([]);
  });

  test("has no exceptions and allocates nothing", () => {
    expect(strays(core, /\b(throw|try|assert|new|StaticArray|__new|heap\.alloc|memory\.grow)\b/)).toEqual([]);
    // Tables of constants are no allocation.
    expect(strays(core, /\bmemory\.data\b(?!<\w+>\(\[)/)).toEqual([]);
  });

  test("has no mutable globals", () => {
    expect(strays(core, /^(export )?(let|var)\b/)).toEqual([]);
  });

  test("knows relaxed SIMD in one file", () => {
    expect(strays(core, /relaxed/i).filter((stray) => !stray.startsWith("assembly/numbers/simd.ts"))).toEqual([]);
  });

  test("shares a plan that is nothing but integers", () => {
    const statements = code("assembly/plan.ts")
      .split(";")
      .map((statement) => statement.trim());
    expect(statements.pop()).toBe("");
    expect(statements.filter((statement) => !/^export const [A-Z0-9_]+ =[^"'`]+$/.test(statement))).toEqual([]);
  });
});

describe("the library", () => {
  /** A folder may import from those in rows above it; files beside the folders from all. */
  const rows = [
    ["ground"],
    ["core", "tables", "data"],
    ["description", "columns"],
    ["memory"],
    ["search", "threads", "predict"],
    ["training"],
    ["network"],
    ["estimators"],
    ["selection"],
    ["files", "report"],
    ["keeping", "remote"],
    ["parts"],
    ["cli"],
  ];
  /** The files that each file imports, for values or types, at once or later. */
  const imports = new Map(
    library.map((path) => {
      const { importedFiles } = ts.preProcessFile(read(path), true, true);
      const own = importedFiles.map(({ fileName }) => new URL(fileName, `file:///${path}`).pathname.slice(1));
      return [path, own.filter((target) => library.includes(target))];
    }),
  );

  test("imports point one way", () => {
    const row = (path: string): number => {
      const [, folder, ...more] = path.split("/");
      const index = rows.findIndex((names) => names.includes(folder));
      expect(index >= 0 || more.length === 0, `say in this test in which row ${folder} stands`).toBe(true);
      return more.length === 0 ? rows.length : index;
    };
    const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));
    const wrong = [...imports].flatMap(([path, targets]) =>
      targets
        .filter((target) => folderOf(target) !== folderOf(path) && row(target) >= row(path))
        .map((target) => `${path} imports ${target}`),
    );
    // The command is made of the library as Node has it.
    expect(wrong.filter((stray) => !/^src\/cli\/.* imports src\/node\.ts$/.test(stray))).toEqual([]);
  });

  test("no file imports itself, however far around", () => {
    const done = new Set<string>();
    const follow = (path: string, way: readonly string[]): void => {
      expect(way, "a circle").not.toContain(path);
      if (done.has(path)) return;
      for (const target of imports.get(path) ?? []) follow(target, [...way, path]);
      done.add(path);
    };
    for (const path of imports.keys()) follow(path, []);
  });

  test("has one door to WebAssembly", () => {
    // Only src/core compiles WebAssembly. A worker receives the compiled module and makes its own instance of it.
    const elsewhere = library.filter((path) => !path.startsWith("src/core/") && path !== "src/threads/worker.ts");
    // A letter must follow the full stop, so that a message that ends in "WebAssembly." is not found.
    expect(strays(elsewhere, /\bWebAssembly\.[A-Za-z]/)).toEqual([]);
  });

  test("computes with nothing that engines round differently", () => {
    const inexact =
      /\bMath\.(a?(cos|sin|tan)h?|atan2|cbrt|exp|expm1|hypot|log|log10|log1p|log2|pow|random)\b|(?<!\d )\*\*/;
    expect(strays(library, inexact)).toEqual([]);
  });

  test("pulls in neither the command nor Node", () => {
    const reached = new Set<string>();
    const follow = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const [, imported] of code(path).matchAll(/from "([^"]+)"/g)) {
        if (imported.startsWith(".")) {
          const target = new URL(imported, `file:///${path}`).pathname.slice(1);
          if (!target.startsWith("src/generated/")) follow(target);
        } else if (path !== "src/core/engine.ts" || imported !== "@assemblyscript/loader") {
          // The loader is bundled.
          throw new Error(`${path} imports ${imported}: the library has no dependencies`);
        }
      }
    };
    follow("src/index.ts");
    expect([...reached].filter((path) => path.startsWith("src/cli/"))).toEqual([]);
  });

  test("the command depends on the library, never the other way", () => {
    expect(
      strays(
        library.filter((path) => !path.startsWith("src/cli/")),
        /from "[^"]*\/cli\//,
      ),
    ).toEqual([]);
  });
});

test("no function has more than 60 lines, but kernels whose comment says why", () => {
  const long = [...core, ...library].flatMap((path) => {
    const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const [first, last] = [node.getStart(), node.end].map((at) => source.getLineAndCharacterOfPosition(at).line);
      if (ts.isFunctionLike(node) && last - first >= 60) found.push(`${path} ${node.name?.getText() ?? "constructor"}`);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
  expect(long.sort()).toEqual([
    "assembly/functions/losses.ts categorical",
    "assembly/optimizers/adasecant.ts step",
    "assembly/optimizers/vsgd.ts each",
    "assembly/products/products.ts product",
    "assembly/products/tiles.ts rows4wide",
  ]);
});

test("no declaration with `using`, which fails in engines without Symbol.dispose, as Safari's", () => {
  const declaration = /^\s*(?:await )?using \w+ =/m;
  expect(declaration.test("  using network = make();")).toBe(true);
  expect(library.filter((path) => declaration.test(read(path)))).toEqual([]);
});

describe("every file", () => {
  const own = ["test", "bench", "scripts", "examples"].flatMap((folder) => files(folder));
  const site = ["site/play", "site/test"].flatMap((folder) => files(folder, /\.(tsx?|js)$/));
  const sources = [...core, ...library, ...own, ...site];

  test("begins by saying what lives in it", () => {
    expect(sources.filter((path) => !/^(#!.*\n)?(\/\/|\/\*)/.test(read(path)))).toEqual([]);
  });

  test("is finished", () => {
    const words = new RegExp(["TO" + "DO", "FIX" + "ME", "XX" + "X"].map((word) => `\\b${word}\\b`).join("|"));
    expect(sources.filter((path) => words.test(read(path)))).toEqual([]);
  });

  test("names no package registry's host", () => {
    const documents = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "package.json", "package-lock.json", ".npmrc"];
    const host = new RegExp(["registry\\.[a-z]", "npm" + "js\\.", "unpkg\\.", "jsdelivr\\."].join("|"), "i");
    const all = [...sources, ...files("docs", /\.md$/), ...documents].filter((path) => path !== "test/house.test.ts");
    expect(all.filter((path) => host.test(read(path)))).toEqual([]);
  });
});
