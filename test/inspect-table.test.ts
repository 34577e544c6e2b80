// `propago inspect data.csv`: what each column holds and what train makes of it, in 80 columns that no file can steer.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { readTableFile } from "../src/cli/files.ts";
import { fileOf } from "../src/cli/table-file.ts";
import { showTable } from "../src/cli/survey.ts";
import { toTrainingTable, type TableFlags, type TrainingTable } from "../src/cli/tables.ts";
import type { PropagoError } from "../src/ground/errors.ts";
import { fitted, widthOf, wrapped } from "../src/cli/text.ts";
import { failure } from "./failure.ts";

function opened(path: string) {
  const { bytes, name } = readTableFile(path);
  return fileOf(bytes, name);
}

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const tables = fileURLToPath(new URL("tables", import.meta.url));

let folder = "";
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "propago-inspect-"))));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

function shown(path: string, flags: TableFlags = {}, json = false): string {
  let text = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((piece) => {
    text += String(piece);
    return true;
  });
  showTable(path, opened(path), flags, json);
  write.mockRestore();
  return text;
}

interface Told {
  columns: Record<string, unknown>[];
  [name: string]: unknown;
}

const told = (path: string, flags: TableFlags = {}): Told => JSON.parse(shown(path, flags, true)) as Told;

const HOUSES = `# prices of 2024
id;area;sold;town;heating;rate;note;price
1;80,5;2024-01-03;Ulm;gas;1;;210,5
2;120,25;2024-02-07;Ulm;;2;;310
3;64,5;2024-03-09;Bonn;oil;1;;180,75
4;99;2024-04-11;Köln;gas;1;;250
5;;2024-05-30;Ulm;gas;3;;260
6;75,5;2024-06-01;Bonn;wood;1;;
7;75,5;2024-06-02;Bonn;wood;1;;199
8;71;2024-06-02;Köln;gas;1;;201
9;70;2024-06-03;Ulm;gas;1;;190
10;72,5;2024-06-05;Ulm;gas;1;;195
`;

describe("a table", () => {
  it("is told column by column, with what training makes of it", () => {
    const path = file("houses.csv", HOUSES);
    const { columns, ...rest } = told(path, { weights: "rate" });
    expect(rest).toMatchObject({
      file: "houses.csv",
      rows: 10,
      used: 9,
      delimiter: ";",
      header: true,
      linesAbove: 1,
      decimal: ",",
      targets: [{ name: "price", kind: "number" }],
      problems: [],
    });
    expect(columns).toMatchObject([
      { number: 1, name: "id", type: "number", min: 1, max: 10, taken: "left out", because: "row numbers", inputs: 0 },
      { name: "area", type: "number", missing: 1, min: 64.5, max: 120.25, distinct: 8, taken: "input", inputs: 2 },
      { name: "sold", type: "date", first: "2024-01-03", last: "2024-06-05", taken: "input" },
      { name: "town", type: "words", values: [{ value: "Ulm", count: 5 }, { value: "Bonn", count: 3 }, { value: "Köln", count: 2 }], inputs: 3 }, // prettier-ignore
      { name: "heating", type: "words", missing: 1, taken: "input", inputs: 4 },
      { name: "rate", taken: "weights", inputs: 0 },
      { name: "note", type: "empty", missing: 10, taken: "left out", because: "empty" },
      { name: "price", type: "number", missing: 1, min: 180.75, max: 310, taken: "target", inputs: 0 },
    ]);
    expect(columns[1].mean).toBeCloseTo((80.5 + 120.25 + 64.5 + 99 + 75.5 * 2 + 71 + 70 + 72.5) / 9, 10);
    const text = shown(path, { weights: "rate" });
    expect(text.slice(0, text.indexOf("target")).replaceAll("\n", " ")).toContain(
      "line 2 names the columns; 1 line above the table left out",
    );
    expect(text).toMatch(/^2 {2}area +number +1 {2}64\.5 to 120\.25 +2 inputs +[ ▁▂▃▄▅▆▇█]+$/m);
    expect(text).toMatch(/^8 {2}price .* target, a number +[ ▁▂▃▄▅▆▇█]+$/m);
    expect(text).toContain("--number id keeps it");
  });

  it("has the rows and inputs that train has, for every file of test/tables", () => {
    let trainable = 0;
    for (const name of readdirSync(tables)) {
      const path = join(tables, name);
      let expected: TrainingTable | undefined;
      try {
        expected = toTrainingTable(opened(path), {}, "float32", { path: path, words: ["train", path] });
      } catch {
        continue; // what train refuses is told below
      }
      trainable++;
      const { used, inputs, columns, warnings } = told(path);
      expect({ name, used, inputs }).toEqual({ name, used: expected.rows.length, inputs: expected.encoded.columns });
      expect(
        columns.reduce((sum, { inputs }) => sum + Number(inputs), 0),
        name,
      ).toBe(inputs);
      expect(expected.warnings, name).toEqual(expect.arrayContaining(warnings as string[]));
      for (const line of shown(path).split("\n")) expect(widthOf(line), `${name}: ${line}`).toBeLessThanOrEqual(80);
    }
    expect(trainable).toBeGreaterThan(10);
  });

  it("that train refuses is shown with all that is wrong; one that is no table is refused as by train", () => {
    const path = join(tables, "problems.csv");
    const { columns, problems, refusal } = told(path);
    const error = failure(() =>
      toTrainingTable(opened(path), {}, "float32", { path: path, words: process.argv.slice(2) }),
    ) as PropagoError;
    expect(refusal).toBe(error.message);
    expect((problems as unknown[]).length).toBeGreaterThan(0);
    expect(columns.some(({ taken }) => taken === "refused" || taken === "target")).toBe(true);
    expect(shown(path)).toContain(`train refuses this table:\n${error.message}`);
    for (const name of ["titled.csv", "uneven.csv", "records.json"]) {
      const place = join(tables, name);
      const expected = failure(() =>
        toTrainingTable(opened(place), {}, "float32", { path: place, words: process.argv.slice(2) }),
      ) as PropagoError;
      expect(failure(() => showTable(place, opened(place), {}, false))).toMatchObject({
        message: expected.message,
      });
    }
  });

  it("of one column, of a target without values, and of very many columns is shown too", () => {
    expect(shown(file("one.csv", "a\n1\n2\n5\n"))).toMatch(/^1 {2}a +number +1 to 5 +target/m);
    expect(failure(() => shown(file("none.csv", "a,b\n1,\n2,\n"), { target: "b" }))).toMatchObject({
      code: "ERR_DATA",
    });
    const count = 20_000;
    const line = (value: (i: number) => unknown): string => Array.from({ length: count }, (_, i) => value(i)).join(",");
    const path = file(
      "wide.csv",
      `${line((i) => `c${i}`)}\n${line((i) => i)}\n${line((i) => i * 1.5)}\n${line(() => 3)}\n`,
    );
    const lines = shown(path).split("\n");
    expect(lines).toContain(`and ${count - 200} more; --json tells all`);
    expect(lines.length).toBeLessThan(230);
  });

  it("steers no terminal, and keeps its columns below each other", () => {
    const names = ["\u009b31mred\u009b0m", "a\u202eb\u009bc", "東京の人口と面積と高さと歴史と文化", "n".repeat(5000)];
    const rows = Array.from({ length: 8 }, (_, i) =>
      [["\u0085x", "y\u2066"][i % 2], i * 7, ["東京".repeat(30), "👩‍👩‍👧 é"][i % 2], i % 3].join(","),
    );
    const path = file("steer.csv", `${names.map((name) => `"${name}"`).join(",")}\n${rows.join("\n")}\n`);
    const text = shown(path);
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(text).not.toMatch(/[\0-\t\v-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(shown(path, {}, true)).not.toMatch(/[\0-\t\v-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    const lines = text.split("\n");
    const head = lines.findIndex((line) => line.startsWith("   column"));
    for (const line of lines.slice(head, head + 5)) expect(widthOf(line)).toBeLessThanOrEqual(80);
    expect([widthOf("東京"), widthOf("é"), widthOf("👍")]).toEqual([4, 1, 2]);
    expect([fitted("abcdef", 4), fitted("東京", 3), fitted("ab", 4, true)]).toEqual(["abc…", "東…", "  ab"]);
    expect(wrapped("- one two three", 9, 2)).toEqual(["- one two", "  three"]);
  });
});

describe("the command", () => {
  const run = (args: string[], input = "") => spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8", input }); // prettier-ignore

  it("takes tables from standard input, and options of tables; a model takes none of them", () => {
    const { status, stdout } = run(["inspect", "-", "--target", "b", "--json"], "a,b\n1,x\n2,y\n4,x\n");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ file: "standard input", targets: [{ name: "b", kind: "class", labels: ["x", "y"] }] }); // prettier-ignore
    file("m.propago", "{}");
    expect(run(["inspect", "m.propago", "--target", "b"])).toMatchObject({ status: 2, stdout: "" });
    expect(run(["inspect", "m.propago"]).stderr).toContain("ERR_FORMAT");
  });
});
