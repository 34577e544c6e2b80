// The programs beside the library (bench, scripts, test): no two of their files import each other, directly or on a way
// around, types and dynamic imports included. So each of them can be read from the bottom up. test/house.test.ts holds
// the same for src/.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { expect, test } from "vitest";
import { root } from "../scripts/root.ts";

type Graph = ReadonlyMap<string, readonly string[]>;

/** Which files of a folder each of them imports. */
function importsOf(folder: string): Graph {
  const paths = readdirSync(`${root}/${folder}`, { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => /\.(ts|js)$/.test(path) && !path.includes("node_modules"));
  return new Map(
    paths.map((path) => {
      const text = readFileSync(`${root}/${path}`, "utf8");
      const named = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g)].map(([, name]) => name);
      return [path, named.map((name) => join(dirname(path), name)).filter((target) => paths.includes(target))];
    }),
  );
}

/** The first circle that is found, as a list of files that ends where it begins; nothing where there is none. */
function circleOf(graph: Graph): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const circle = visit(next, [...way, path]);
      if (circle) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const circle = visit(path, []);
    if (circle) return circle;
  }
  return undefined;
}

test.each(["bench", "scripts", "test"])("%s has no circle of imports", (folder) => {
  const graph = importsOf(folder);
  expect(circleOf(graph)).toBeUndefined();
  // A pattern that finds no import would find no circle either.
  expect([...graph.values()].flat().length).toBeGreaterThan(3);
});

test("a circle is found", () => {
  const graph: Graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["d", "b"]],
    ["d", []],
  ]);
  expect(circleOf(graph)).toEqual(["b", "c", "b"]);
});
