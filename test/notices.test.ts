// What the package owes to others: the licence of each package whose code is in a bundle goes with it.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { Metafile } from "esbuild";
import { notices } from "../scripts/notices.ts";
import { root } from "../scripts/root.ts";

const written = readFileSync(`${root}/dist/THIRD-PARTY-NOTICES.txt`, "utf8");

test("each package that a bundle names has its section, with the copyright line of its licence", () => {
  // esbuild leaves a comment with the path before each module, in bundles that are not minified.
  const folders = new Set(
    readdirSync(`${root}/dist`)
      .filter((name) => /\.c?js$/.test(name))
      .flatMap((name) => {
        const text = readFileSync(`${root}/dist/${name}`, "utf8");
        return [...text.matchAll(/^ *\/\/ (\S*node_modules\/(?:@[^/\s]+\/)?[^/\s]+)\//gm)].map(([, folder]) => folder);
      }),
  );
  expect(folders).toContain("node_modules/commander");
  for (const folder of folders) {
    const { name, version } = JSON.parse(readFileSync(`${root}/${folder}/package.json`, "utf8")) as {
      name: string;
      version: string;
    };
    expect(written).toContain(`\n${name} ${version} (`);
    const licence = readdirSync(`${root}/${folder}`).find((file) => /^licen[cs]e/i.test(file));
    if (licence === undefined) continue;
    const [line] = /^.*copyright.*$/im.exec(readFileSync(`${root}/${folder}/${licence}`, "utf8")) ?? [];
    expect(written).toContain(line ?? `no copyright in ${folder}/${licence}`);
  }
});

test("the loader, which has no licence text of its own, goes with AssemblyScript's, and says that it was changed", () => {
  const [, section = ""] = /^@assemblyscript\/loader [^]*?$([^]*?)(^={80}$|$(?![^]))/m.exec(written) ?? [];
  const licence = readFileSync(`${root}/node_modules/assemblyscript/LICENSE`, "utf8").trim();
  expect(licence).toMatch(/Apache License/);
  expect(section).toContain(licence);
  expect(section).toContain(readFileSync(`${root}/node_modules/assemblyscript/NOTICE`, "utf8").trim());
  expect(section).toMatch(/^Changed: /m);
  const files = /^@assemblyscript\/loader [\d.]+ \(Apache-2\.0\), in (.*)$/m.exec(written)?.[1].split(", ");
  // Those that hold its function, whether minified or not.
  const holding = readdirSync(`${root}/dist`)
    .filter(
      (name) =>
        /^(cli|library|propago\.min)\.c?js$/.test(name) &&
        /new WebAssembly\.Instance\(/.test(readFileSync(`${root}/dist/${name}`, "utf8")),
    )
    .map((name) => `dist/${name}`);
  expect(holding.length).toBeGreaterThan(3);
  expect(files).toEqual(expect.arrayContaining(holding));
});

test("a package that is nested in another is read where it stands", () => {
  const inputs = (paths: readonly string[]): Metafile["outputs"][string]["inputs"] =>
    Object.fromEntries(paths.map((path) => [path, { bytesInOutput: 1 }]));
  const output = { bytes: 1, imports: [], exports: [] };
  const text = notices([
    {
      inputs: {},
      outputs: {
        "dist/a.js": { ...output, inputs: inputs(["src/page.ts", "node_modules/papaparse/papaparse.min.js"]) },
        "dist/b.js": { ...output, inputs: inputs(["node_modules/papaparse/papaparse.min.js"]) },
      },
    },
  ]);
  expect(text).toMatch(/^papaparse [\d.]+ \(MIT\), in dist\/a\.js, dist\/b\.js$/m);
  const nested = "node_modules/papaparse/node_modules/no-such-package";
  expect(existsSync(`${root}/${nested}`)).toBe(false);
  const metafile = { inputs: {}, outputs: { "dist/a.js": { ...output, inputs: inputs([`${nested}/index.js`]) } } };
  expect(() => notices([metafile])).toThrow(nested);
});
