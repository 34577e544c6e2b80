// Messages of the command name the lines and columns of the user's table, and what to do: columns that are not there,
// numbers that float32 has not, and files that are no tables.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeRows, type Column } from "../src/columns/columns.ts";
import { missingTest } from "../src/columns/missing.ts";
import { parseTable } from "../src/files/csv.ts";
import { named, withNames } from "../src/cli/names.ts";
import { PropagoError } from "../src/ground/errors.ts";
import { Regressor } from "../src/index.ts";
import { failure } from "./failure.ts";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const lines = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i * 1.5 + 0.25},${((i * 7) % 11) + 0.5},${i % 3 === 0 ? "red" : "blue"}`); // prettier-ignore

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "propago-names-"));
  write("t.csv", "Size,Weight,Color,y", lines(30).map((line, i) => `${line},${i * 2}`)); // prettier-ignore
  expect(run("train", "t.csv", "--epochs", "3", "--hidden", "3", "--no-progress", "--out", "m.propago").status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, head: string, rows: readonly string[]): void {
  writeFileSync(join(folder, name), [head, ...rows, ""].join("\n"));
}

const run = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });

const number = (name: string): Column => ({ name, kind: "number", offset: 0, fill: 0 });

describe("columns that are not there", () => {
  const missing = (names: readonly string[], header: string, cells = header.replace(/[^,]+/g, "1")): string => {
    const table = parseTable(new TextEncoder().encode(`${header}\n${cells}\n`), "f.csv", { header: true });
    const options = { isMissing: missingTest() };
    return (failure(() => encodeRows(table, names.map(number), options)) as PropagoError).message;
  };

  it.each([
    [["size"], "Size ,b", '; rename "Size" to "size"'],
    [["total price"], "total_price,b", '; rename "total_price" to "total price"'],
    [["size", "weight", "color"], "SIZE,wieght,colour", '; rename "SIZE" to "size"; perhaps rename "wieght" to "weight", "colour" to "color"'], // prettier-ignore
    [["size"], "sise", ' (did you mean "sise"?), which the model needs'],
    [["size", "weight"], "Size,q", '; rename "Size" to "size"; its columns are "Size", "q", none of them alike: add "weight", with empty cells'], // prettier-ignore
    [["size", "weight"], "a,b", '; its columns are "a", "b", none of them alike: add them, with empty cells where a value is unknown'], // prettier-ignore
    // A name that the model needs itself is not proposed.
    [["size", "sizes"], "sizes", '"size", which the model needs; its columns are "sizes", none of them alike: add it'],
  ] as const)("%s of a table with %s", (names, header, expected) => {
    expect(missing(names, header)).toContain(expected);
  });

  it("are taken by their places by the command that is named", () => {
    write("others.csv", "a,b,c", lines(4));
    const { status, stderr } = run("predict", "m.propago", "others.csv");
    expect(status).toBe(3);
    const command = /places: propago (.*)$/m.exec(stderr)?.[1] ?? "";
    expect(command).toBe("predict m.propago others.csv --no-header --skip-lines 1");
    write("right.csv", "Size,Weight,Color", lines(4));
    const right = run("predict", "m.propago", "right.csv").stdout;
    expect(right.split("\n")).toHaveLength(6);
    expect(run(...command.split(" ")).stdout).toBe(right);
    // In another order they would be taken for others.
    write("turned.csv", "Weight,b,c", lines(4));
    expect(run("predict", "m.propago", "turned.csv").stderr).not.toContain("--no-header");
  });
});

describe("numbers that float32 has not", () => {
  it("cost their rows, and are named with line and column", () => {
    write("big.csv", "Size,Weight,Color", ["1,2,red", "1,1e60,red", "-1e70,3,blue", "2,3,blue"]);
    const { status, stdout, stderr } = run("predict", "m.propago", "big.csv");
    expect(status).toBe(0);
    expect(stdout.split("\n").map((line) => line === '""')).toEqual([false, false, true, true, false, false]);
    expect(stderr).toContain('"Size" (1 cell, first line 4 "-1e70"), "Weight" (1 cell, first line 3 "1e60")');
  });

  it("are named where the library refuses them, in the names of the table", () => {
    const columns = [number("size"), { ...number("the \u001bweight"), indicator: true }, number("age")];
    const origin = { file: "d.csv", columns, target: "price", lineOf: (row: number) => row + 2 };
    const told = (message: string): string => (named(new PropagoError("ERR_RANGE", message), origin) as Error).message;
    expect(told("x[row 5, column 3] = 1e50 overflows float32")).toBe('d.csv:7, column "age" = 1e50 overflows float32');
    expect(told("x[4, 0] is NaN")).toBe('d.csv:6, column "size" is NaN');
    expect(told("x, column 1: values too large to scale")).toBe('d.csv, column "the \\u001bweight": values too large to scale'); // prettier-ignore
    expect(told("y[row 2] is NaN; see x[row 0, column 9]")).toBe(
      'd.csv:4, target "price" is NaN; see d.csv:2, input 9',
    );
    expect(told("y, column 0: values too large")).toBe('d.csv, target "price": values too large');
    const plain = new PropagoError("ERR_BUSY", "a network is being trained");
    expect(named(plain, origin)).toBe(plain);
    const huge = [[1, 2, 3, 1], [1, 2, 3, 1e300], [1, 2, 3, -1e300]]; // prettier-ignore
    const error = failure(() => withNames(() => new Regressor({ seed: 1 }).fitSync(huge, [1, 2, 3]), origin));
    expect(error).toMatchObject({ code: "ERR_RANGE", message: expect.stringContaining('column "age"') as string });
  });

  it("are refused as targets, by their names", () => {
    write(
      "far.csv",
      "a,y",
      Array.from({ length: 30 }, (_, i) => `${i},${i + 1}e160`),
    );
    expect(run("train", "far.csv", "--out", "far.propago").stderr).toContain('target "y" holds numbers from 1e150 on ("1e160")'); // prettier-ignore
    write(
      "far2.csv",
      "a,b,y",
      Array.from({ length: 30 }, (_, i) => `${i},${(i * 7) % 5},${i + 1.5}e60`),
    );
    const { status, stderr } = run("train", "far2.csv", "--epochs", "2", "--hidden", "2", "--out", "far.propago");
    expect(status).toBe(3);
    expect(stderr).toMatch(/ERR_RANGE: far2\.csv.* target "y" .*train with --dtype float64/);
  });
});

describe("files that are no tables", () => {
  it("are named, with what helps", () => {
    copyFileSync(join(folder, "m.propago"), join(folder, "model.json"));
    for (const name of ["m.propago", "model.json"])
      expect(run("train", name).stderr).toContain(`${name} is a model of propago, not a CSV file; propago inspect shows what it holds`); // prettier-ignore
    const refusal = (content: string | Uint8Array): string => {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      return (failure(() => parseTable(bytes, "f")) as Error).message;
    };
    expect(refusal('{"format":"propago","version":1}')).toContain("f is a network or estimator as JSON, not a CSV file; fromJSON"); // prettier-ignore
    expect(refusal('[{"a":1},{"a":2}]')).toContain("f is JSON, not a CSV file; ");
    expect(refusal("\ufeff<!DOCTYPE html><table></table>")).toContain("f is HTML or XML, not a CSV file; ");
    expect(refusal("PAR1\u0015\u0004\u0015")).toContain("f is a Parquet file, not a CSV file; ");
    expect(refusal("PK\u0003\u0004\u0014\u0000data.csv")).toContain("f is a zip archive, not a CSV file; unpack it first; unzip -p"); // prettier-ignore
    expect(refusal("PK\u0003\u0004\u0014\u0000xl/workbook.xml")).toContain("f is an Excel workbook (.xlsx), not a CSV file; save the sheet as CSV"); // prettier-ignore
  });
});
