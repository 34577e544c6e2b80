// Licences of the packages that esbuild has put into dist. A licence asks that its text goes wherever the code goes, and
// the packed library holds code of others in its bundles. scripts/bundle.ts writes what this gives.
import { readFileSync, readdirSync } from "node:fs";
import type { Metafile } from "esbuild";
import { root } from "./root.ts";

/** Where the licence of a package stands that comes without one: in a package of the same repository. */
const ELSEWHERE: Readonly<Record<string, string>> = { "@assemblyscript/loader": "assemblyscript" };

/** What is said of packages whose code scripts/bundle.ts changes, where their licence asks for it. */
const CHANGED: Readonly<Record<string, string>> = {
  "@assemblyscript/loader": "Changed: what propago does not use of it is left out.",
};

/** For each package's folder, the built files that hold code of it. */
function bundledPackages(metafiles: readonly Metafile[]): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (const [output, { inputs }] of metafiles.flatMap(({ outputs }) => Object.entries(outputs))) {
    for (const input of Object.keys(inputs)) {
      const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
      if (folder !== undefined) files.set(folder, (files.get(folder) ?? new Set()).add(output));
    }
  }
  return files;
}

/** The text of a package's licence, and of its notice where it has one. */
function licenceOf(folder: string, name: string): string {
  const texts = [folder, `node_modules/${ELSEWHERE[name] ?? name}`].map((place) =>
    readdirSync(`${root}/${place}`)
      .filter((file) => /^(licen[cs]e|notice)(-mit)?(\.(md|txt))?$/i.test(file))
      .sort()
      .map((file) => readFileSync(`${root}/${place}/${file}`, "utf8").trim()),
  );
  const found = texts.find((list) => list.length > 0);
  if (found === undefined)
    throw new Error(`${name} is in a bundle, but its licence is not found: see ${import.meta.url}`);
  return found.join("\n\n");
}

/**
 * The text of dist/THIRD-PARTY-NOTICES.txt: one section for each package in the bundles.
 * @throws Error for a package without a licence, so that none gets into a release unseen.
 */
export function notices(metafiles: readonly Metafile[]): string {
  const sections = [...bundledPackages(metafiles)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([folder, files]) => {
      const { name, version, license } = JSON.parse(readFileSync(`${root}/${folder}/package.json`, "utf8")) as {
        name: string;
        version: string;
        license: string;
      };
      const changed = name in CHANGED ? `\n${CHANGED[name]}` : "";
      return `${name} ${version} (${license}), in ${[...files].sort().join(", ")}${changed}\n\n${licenceOf(folder, name)}\n`;
    });
  const line = `${"=".repeat(80)}\n`;
  return `Some files of propago hold packages of others. These are the packages, with their licences.\n\n${[
    "",
    ...sections,
  ].join(`${line}`)}`;
}
