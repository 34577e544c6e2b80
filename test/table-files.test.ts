// Tables as R, pandas, spreadsheets and people write them, through the whole command: each file of test/tables trains at
// the first call, or all that is wrong is named together with a command that then works. Predicting gives a line a row.
import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync } from "node:fs";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readStream, unpacked } from "../src/cli/files.ts";
import { failure } from "./failure.ts";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const tables = fileURLToPath(new URL("tables", import.meta.url));
const models = fileURLToPath(new URL("models", import.meta.url));

let folder = "";
beforeAll(() => {
  if (!existsSync(cli)) throw new Error("dist/cli.js is missing: run `npm run build` first");
  folder = mkdtempSync(join(tmpdir(), "propago-tables-"));
  for (const name of readdirSync(tables)) copyFileSync(join(tables, name), join(folder, name));
  const accents = readFileSync(join(folder, "accents.csv"), "utf8");
  writeFileSync(join(folder, "windows.csv"), Buffer.from(accents, "latin1"));
  writeFileSync(join(folder, "utf16.csv"), Buffer.from(`\ufeff${accents}`, "utf16le"));
  writeFileSync(join(folder, "weather.csv.gz"), gzipSync(readFileSync(join(folder, "weather.csv"))));
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true });
});

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

function run(...args: string[]): Result {
  return spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });
}

/** Runs a command line as a shell does, `propago` being this build. */
function shell(command: string): Result {
  const script = `propago() { "${process.execPath}" "${cli}" "$@"; }\n${command}`;
  return spawnSync("sh", ["-c", script], { cwd: folder, encoding: "utf8" });
}

const FAST = ["--hidden", "4", "--epochs", "3", "--no-progress", "--out", "t.propago", "--force"];
const train = (file: string, ...args: string[]): Result => run("train", file, ...FAST, ...args);

/** The command that a message offers. */
function offered(stderr: string): string {
  const command = /^this works: (.*)$/m.exec(stderr)?.[1];
  if (command === undefined) throw new Error(`no command in ${stderr}`);
  return command;
}

/** Predicts a file, and gives the first cells of its lines. */
function predictions(file: string, ...args: string[]): string[] {
  const { status, stdout, stderr } = run("predict", "t.propago", file, ...args);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return stdout
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",")[0].replace(/^""$/, ""));
}

/** The warnings of a command, without what stands before each. */
const warningsOf = ({ stderr }: Result): string[] =>
  stderr
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/^propago: warning: /, ""));

describe("files that train at the first call", () => {
  /** File, rows of the file, what is decided and told. */
  const cases: [string, number, RegExp[]][] = [
    // R's write.csv: quoted names, a first column without one that counts the rows, NA, TRUE and FALSE.
    ["r-export.csv", 40, [/row numbers: column 1; --number 1/, /3 missing values filled.*"height" \(3\)/]],
    // pandas' to_csv: an index from 0, True and False, empty cells for NaN, classes written 1.0 and 0.0.
    ["pandas-export.csv", 40, [/row numbers: column 1/, /5 missing values filled.*"age"/]],
    // A German spreadsheet: byte order mark, CRLF, sep=;, decimal commas, thousands points, euros, days with points.
    [
      "german.csv",
      40,
      [/read as numbers without "€": "Preis"/, /with a decimal comma: "Preis"/, /read as dates.*"Datum"/],
    ],
    // An American one: dollars, thousands, percent, months first, a comma at each row's end.
    ["us-sales.csv", 40, [/read 12% as 12: "Discount"/, /read as dates.*"Order Date"; --text 'Order Date'/]],
    // R's write.table: spaces, quoted words with spaces, row names that have no name.
    ["write-table.txt", 30, [/no name for the first column/, /every row has another text: column 1/]],
    // No header, ? for missing values, the last column a class.
    ["no-header.csv", 40, [/as with --no-header/, /4 missing values filled/]],
    // Comments above and between, a space before each quote, names with commas.
    ["comments.csv", 30, [/2 lines that begin with # above the table/, /lines that begin with # were left out/]],
    // One name twice, columns and rows in which nothing stands.
    ["duplicates.csv", 32, [/called "value_2"/, /2 empty rows left out/, /nothing stands in it: "note", column 4/]],
    // Labels with leading zeros, numbers of 17 digits that name rows.
    ["zip-codes.csv", 40, [/every row has another text: "account"; --text account.*--number account/]],
    // A key, names, sentences, more than 100 categories, categories that one row has.
    [
      "customers.csv",
      240,
      [
        /it names rows: "customer_id"; --number/,
        /another text: "name", "remark"/,
        /common 99 .*"city"; --max-categories 130/,
        /of one row gathered into "other": "plan"/,
      ],
    ],
    // gzip, times with a zone, a unit, - for a missing word.
    ["weather.csv.gz", 60, [/read as dates.*"time"/, /without "km\/h": "wind"/, /missing values filled.*"sky"/]],
    // Counts from 0 to 9, most of them 0.
    ["visits.csv", 155, [/"visits" holds \d+ different whole numbers, taken for classes; --task regression/]],
    // Every usual word for a missing value, in numbers, words and the target.
    [
      "missing.csv",
      50,
      [/10 rows without a value in the target "outcome"/, /20 missing values filled.*"dose" \(10\), "form" \(10\)/],
    ],
    // Tabs, names of months, times of day, units that differ.
    ["parcels.tsv", 40, [/read as dates.*"born"/, /read as times: "arrived"/, /units differ: "packed"/]],
    // Bars, quotes in a name, three spellings of true.
    ["sensors.csv", 30, []],
  ];

  it.each(cases)("%s", (file, rows, told) => {
    const result = train(file);
    expect(result).toMatchObject({ status: 0 });
    const warnings = warningsOf(result);
    for (const pattern of told) expect(result.stderr).toMatch(pattern);
    // Everything that is told was expected: a rule more is seen here.
    expect(warnings.filter((line) => told.some((pattern) => pattern.test(line))).length).toBeGreaterThanOrEqual(
      Math.min(told.length, warnings.length),
    );
    const answers = predictions(file);
    expect(answers.length).toBe(rows);
    expect(answers.filter((answer) => answer === "").length).toBe(file === "duplicates.csv" ? 2 : 0);
    expect(run("evaluate", "t.propago", file)).toMatchObject({ status: 0 });
    expect(run("inspect", "t.propago")).toMatchObject({ status: 0 });
  });

  it("give labels back to the letter", () => {
    expect(train("zip-codes.csv")).toMatchObject({ status: 0 });
    expect([...new Set(predictions("zip-codes.csv"))].every((zip) => /^\d{5}$/.test(zip))).toBe(true);
    expect(train("pandas-export.csv")).toMatchObject({ status: 0 });
    expect([...new Set(predictions("pandas-export.csv"))].every((label) => /^[01]\.0$/.test(label))).toBe(true);
  });
});

describe("files in which something is wrong: all is named, and the command offered works", () => {
  const cases: [string, number, RegExp[]][] = [
    // Lines above the header.
    ["titled.csv", 30, [/lines 1 to 3 are not as wide/, /--skip-lines 3$/m]],
    // Cells that are no numbers, in three columns, one called "b, c" and one with an apostrophe.
    [
      "problems.csv",
      30,
      [
        /has 3 problems/,
        /"12abc" is not a number/,
        /column "b, c": "<5" is not a number, nor is 1 other cell/,
        /"inf" is not a finite/,
      ],
    ],
    // 1,343 and its like only.
    [
      "ambiguous.csv",
      20,
      [
        /may be \d{4} or \d\.\d{3}; say --decimal \. where/,
        /^this works: .*--decimal ,\nso does this, with the other reading: .*--decimal \.$/m,
      ],
    ],
    // Weka's format.
    ["leaves.arff", 30, [/is an ARFF file/, /--skip-lines 8 --no-header$/m]],
    // Lines that are too short or too long.
    ["uneven.csv", 28, [/uneven\.csv:8 has 2 fields, the header has 3/, /sed '8d;23d' uneven\.csv \|/]],
    // Files that are not UTF-8.
    ["windows.csv", 30, [/is not UTF-8/, /iconv -f WINDOWS-1252 -t UTF-8 windows\.csv \|/]],
    ["utf16.csv", 30, [/is UTF-16LE/, /iconv -f UTF-16LE/]],
  ];

  it.each(cases)("%s", (file, rows, told) => {
    const result = train(file);
    expect(result).toMatchObject({ status: 3, stdout: "" });
    for (const pattern of told) expect(result.stderr).toMatch(pattern);
    const command = offered(result.stderr);
    const mended = shell(`${command} --json`);
    expect(mended.stderr).not.toMatch(/ERR_/);
    expect(mended.status).toBe(0);
    expect(JSON.parse(mended.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ rows });
  });

  it("JSON is named for what it is", () => {
    expect(train("records.json")).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("is JSON, not a CSV file"),
    });
  });
});

describe("options of tables", () => {
  it("take names with commas, numbers and patterns", () => {
    const inputs = (...args: string[]): unknown => {
      const { stdout, stderr } = train("sensors.csv", "--json", ...args);
      if (stdout === "") throw new Error(stderr);
      return (JSON.parse(stdout) as { inputs: number }).inputs;
    };
    expect(inputs()).toBe(3 + 2 + 2);
    expect(inputs("--ignore", "sensor_*")).toBe(4);
    expect(inputs("--ignore", "1,sensor_2", "--ignore", "is_open")).toBe(3);
    expect(inputs("--ignore", '"he said ""hm"""')).toBe(5);
    expect(inputs("--ignore", 'he said "hm"')).toBe(5);
    const { stdout } = train("targets.csv", "--target", "low, high", "--task", "regression", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ target: "low, high" });
    expect(train("targets.csv", "--text", "x", "--number", "1")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('column "x" is named by --text and --number'),
    });
  });

  it("that messages advise exist in the command that says them", () => {
    const options = (command: string): Set<string> =>
      new Set(run(command, "--help").stdout.match(/--[a-z][a-z-]*/g) ?? []);
    const known = options("train");
    for (const file of readdirSync(tables)) {
      for (const option of train(file).stderr.match(/(?<=[ ("])--[a-z][a-z-]*/g) ?? []) expect(known).toContain(option);
    }
    expect(train("missing.csv", "--missing", "drop", "--number", "dose")).toMatchObject({ status: 0 });
    const { stderr } = run("predict", "t.propago", "missing.csv");
    expect(stderr).toContain("missing values");
    const known2 = options("predict");
    for (const option of stderr.match(/--[a-z][a-z-]*/g) ?? []) expect(known2).toContain(option);
  });

  it("--missing drop leaves rows out, and predicting them gives empty cells", () => {
    expect(train("missing.csv", "--missing", "drop").stderr).toMatch(/20 rows with missing values left out/);
    const answers = predictions("missing.csv");
    expect(answers.length).toBe(50);
    expect(answers.filter((answer) => answer === "").length).toBe(20);
    expect(run("predict", "t.propago", "missing.csv").stderr).toContain("20 rows of 50 have no prediction");
    const { stderr, stdout } = run("evaluate", "t.propago", "missing.csv");
    expect(stdout).toContain("missing.csv (20 rows)");
    expect(stderr).toContain("20 rows that the model cannot predict left out");
    expect(stderr).toContain("10 rows without a target left out");
  });

  it("--keep writes columns beside the prediction", () => {
    expect(train("zip-codes.csv")).toMatchObject({ status: 0 });
    const kept = (...args: string[]): string[] =>
      run("predict", "t.propago", "zip-codes.csv", ...args)
        .stdout.split("\n")
        .slice(0, 2);
    expect(kept("--keep", "account,zip")[0]).toMatch(/^prediction,account,zip,probability_01234,/);
    expect(kept("--keep", "account,zip")[1]).toMatch(/^\d{5},90071992547400000,01234,[\d.]+,/);
    expect(kept("--keep", "all")[0]).toMatch(/^prediction,account,distance,zip,probability_/);
    expect(run("predict", "t.propago", "zip-codes.csv", "--keep", "acount")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('did you mean "account"?'),
    });
  });

  it("a model without a header line predicts such tables, with or without the target", () => {
    expect(train("no-header.csv")).toMatchObject({ status: 0 });
    const all = predictions("no-header.csv");
    const without = readFileSync(join(folder, "no-header.csv"), "utf8").replace(/,[a-z]+$/gm, "");
    writeFileSync(join(folder, "without.csv"), without);
    expect(predictions("without.csv")).toEqual(all);
    writeFileSync(join(folder, "named.csv"), `a,b,c\n${readFileSync(join(folder, "no-header.csv"), "utf8")}`);
    const { status, stderr } = run("predict", "t.propago", "named.csv");
    expect({ status, stderr }).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("skip it with --skip-lines 1"),
    });
    expect(predictions("named.csv", "--skip-lines", "1")).toEqual(all);
    writeFileSync(join(folder, "narrow.csv"), "1\n2\n");
    expect(run("predict", "t.propago", "narrow.csv")).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("trained without a header line on 3, or 2 without the target"),
    });
  });

  it("a table of another kind is read as the model's columns are", () => {
    expect(train("weather.csv")).toMatchObject({ status: 0 });
    const head = "temperature,sky,wind,time\n";
    writeFileSync(
      join(folder, "later.csv"),
      `${head}1,clear,5,2025-01-01\n,fog,7 km/h,2025-01-02\n,clear,calm,2025-01-03\n,,,\n`,
    );
    const answers = predictions("later.csv");
    expect(answers.map((answer) => answer === "")).toEqual([false, false, true, true]);
    const { stderr } = run("predict", "t.propago", "later.csv");
    expect(stderr).toMatch(/not seen.*"sky" \(1 cell, first line 3 "fog"\)/);
    expect(stderr).toMatch(/not what the column holds: "wind" \(1 cell, first line 4 "calm"\)/);
    expect(stderr).toContain("2 rows of 4 have no prediction; their cells are empty");
  });
});

describe("columns of a table for a model", () => {
  const lines = Array.from({ length: 30 }, (_, i) => `${i + 1},${5 + (i % 7) / 10},${3 + ((i * 3) % 5) / 10},${["a", "b"][i % 2]}`); // prettier-ignore
  const head = "rownames,sepal_length,petal_length,kind";
  const write = (name: string, first: string, rows: readonly string[]): void => writeFileSync(join(folder, name), `${first}${rows.join("\n")}\n`); // prettier-ignore
  const part = (from: number, to: number): string[] => lines.map((line) => line.split(",").slice(from, to).join(","));
  const told = (file: string, ...args: string[]): string => run("predict", "t.propago", file, ...args).stderr;

  beforeAll(() => {
    write("first.csv", `${head}\n`, lines);
    expect(run("train", "first.csv", ...FAST, "--out", "columns.propago")).toMatchObject({ status: 0 });
  });
  beforeEach(() => copyFileSync(join(folder, "columns.propago"), join(folder, "t.propago")));

  it("that training left out are no news", () => {
    expect(told("first.csv")).toBe("");
    write("more.csv", `${head},extra\n`, lines.map((line) => `${line},1`)); // prettier-ignore
    expect(told("more.csv")).toBe('propago: warning: more.csv: the model does not use "extra"\n');
  });

  it.each([
    ["all", 0, 4],
    ["all without the target", 0, 3],
    ["those that the model uses", 1, 3],
  ])("are taken by their places where the user says that there are no names: %s", (_, from, to) => {
    write("bare.csv", "", part(from, to));
    expect(predictions("bare.csv", "--no-header")).toEqual(predictions("first.csv"));
    expect(told("bare.csv", "--no-header")).toMatch(
      /columns taken by their places: (?:1 "rownames", 2|1) "sepal_length"/,
    );
    const { status, stderr } = run("predict", "t.propago", "bare.csv");
    expect(status).toBe(3);
    expect(stderr).toContain("--no-header takes as many columns as in training by their places");
  });

  it("are as many as the model's, and not names read as a row", () => {
    write("bare.csv", "", part(1, 2));
    expect(told("bare.csv", "--no-header")).toContain(
      "has 1 column; the model was trained on 4, or 3 without the target",
    );
    expect(told("first.csv", "--no-header")).toContain("leave out --no-header");
  });

  it("with another case or other signs are named; one that the model needs itself is not proposed", () => {
    write("case.csv", "Sepal.Length,petal_length\n", part(1, 3));
    expect(told("case.csv")).toContain('lacks the column "sepal_length", which the model needs; rename "Sepal.Length" to "sepal_length"'); // prettier-ignore
    write("less.csv", "petal_length\n", part(2, 3));
    expect(told("less.csv")).toContain('lacks the column "sepal_length", which the model needs; its columns are "petal_length", none of them alike: add it, with empty cells where a value is unknown\n'); // prettier-ignore
    write("kind.csv", "sepal_length,petal_length,Kind\n", part(1, 4));
    expect(run("evaluate", "t.propago", "kind.csv").stderr).toContain(
      'lacks the target column "kind"; rename "Kind" to "kind"',
    );
  });
});

describe("classes that training has not seen", () => {
  const line = (i: number): string => `${i % 10},${i % 10 < 5 ? "low" : "high"}`;
  const lines = Array.from({ length: 60 }, (_, i) => line(i));
  const json = (file: string, ...args: string[]): Record<string, unknown> => JSON.parse(run("evaluate", "t.propago", file, "--json", ...args).stdout) as Record<string, unknown>; // prettier-ignore

  it("count as wrong, and the loss is of the others", () => {
    writeFileSync(join(folder, "seen.csv"), `x,y\n${lines.join("\n")}\n`);
    writeFileSync(join(folder, "unseen.csv"), `x,y\n${[...lines, "0,tulip", "1,tulip", "9,rose"].join("\n")}\n`);
    expect(run("train", "seen.csv", "--out", "t.propago", "--force", "--no-progress", "--effort", "quick").status).toBe(
      0,
    );
    const before = json("seen.csv");
    expect(before.accuracy).toBe(1);
    const after = json("unseen.csv");
    expect(after).toMatchObject({ rows: 63, unseen: 3, loss: before.loss });
    expect(after.accuracy).toBeCloseTo(60 / 63, 12);
    expect(after.classes).toEqual([
      { label: "high", precision: 30 / 31, recall: 1, f1: 60 / 61 },
      { label: "low", precision: 30 / 32, recall: 1, f1: 60 / 62 },
    ]);
    const { stderr, status } = run("evaluate", "t.propago", "unseen.csv");
    expect(status).toBe(0);
    expect(stderr).toContain('3 rows have classes of "y" that training has not seen ("tulip", "rose", first line 62); they count as wrong'); // prettier-ignore
    const judged = run("train", "seen.csv", ...FAST, "--validation", "unseen.csv");
    expect(judged).toMatchObject({ status: 0, stdout: expect.stringContaining("validation rows (63)") });
    writeFileSync(join(folder, "none.csv"), "x,y\n1,tulip\n2,rose\n");
    expect(run("evaluate", "t.propago", "none.csv")).toMatchObject({ status: 3, stderr: expect.stringContaining("no row has a class that training has seen (high, low)") }); // prettier-ignore
  });

  it("of several targets count for the target that has them", () => {
    const both = lines.map((text, i) => `${text},${i % 4 < 2 ? "on" : "off"}`);
    writeFileSync(join(folder, "seen.csv"), `x,y,z\n${both.join("\n")}\n`);
    writeFileSync(join(folder, "unseen.csv"), `x,y,z\n${[...both, "0,tulip,on", "1,rose,off"].join("\n")}\n`);
    expect(train("seen.csv", "--target", "y,z")).toMatchObject({ status: 0 });
    expect(json("unseen.csv").targets).toMatchObject([
      { target: "y", rows: 62, unseen: 2 },
      { target: "z", rows: 62 },
    ]);
    expect((json("unseen.csv").targets as object[])[1]).not.toHaveProperty("unseen");
  });
});

describe("tables that are written otherwise than the training table", () => {
  const rows = Array.from({ length: 40 }, (_, i) => [5 + (i % 7) / 10, (i * 7) % 13, 2 + ((i * 3) % 11) / 8]);
  const points = `a,b,y\n${rows.map((row) => row.join(",")).join("\n")}\n`;
  const commas = points.replaceAll(",", ";").replaceAll(".", ",");

  it.each([
    { sign: ",", first: points, second: commas },
    { sign: ".", first: commas, second: points },
  ])("a table with the decimal sign $sign is read as it is written, and told", ({ sign, first, second }) => {
    writeFileSync(join(folder, "first.csv"), first);
    writeFileSync(join(folder, "second.csv"), second);
    expect(train("first.csv")).toMatchObject({ status: 0 });
    expect(predictions("second.csv")).toEqual(predictions("first.csv"));
    const { stderr } = run("predict", "t.propago", "second.csv");
    expect(stderr).toContain(
      `as with --decimal ${sign}: "a", "y"; --decimal ${sign === "," ? "." : ","} says otherwise`,
    );
    const figures = (file: string): unknown => JSON.parse(run("evaluate", "t.propago", file, "--json").stdout);
    expect(figures("second.csv")).toEqual(figures("first.csv"));
  });

  it("a table that only the target shows to have another sign is judged", () => {
    writeFileSync(join(folder, "first.csv"), "a,y\n1,2.5\n2,3.5\n3,5.5\n4,6.25\n");
    writeFileSync(join(folder, "second.csv"), "a;y\n1;2,5\n2;3,5\n3;5,5\n4;6,25\n");
    expect(train("first.csv")).toMatchObject({ status: 0 });
    const figures = (file: string): unknown => JSON.parse(run("evaluate", "t.propago", file, "--json").stdout);
    expect(figures("second.csv")).toEqual(figures("first.csv"));
  });

  it("a table of which no row can be predicted is refused, with its causes", () => {
    writeFileSync(join(folder, "first.csv"), points);
    writeFileSync(join(folder, "second.csv"), "a,b,y\nlow,1,2.5\n1.5,x,3.5\n");
    expect(train("first.csv")).toMatchObject({ status: 0 });
    for (const command of ["predict", "evaluate"]) {
      const { status, stdout, stderr } = run(command, "t.propago", "second.csv");
      expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
      expect(stderr).toContain("second.csv: no row can be predicted:");
      expect(stderr).toContain('"a" (1 cell, first line 2 "low"), "b" (1 cell, first line 3 "x")');
    }
  });
});

describe("model files of earlier versions", () => {
  it.each([
    // Written by version 0.1.0 from six rows of colours and sizes, and from five of shapes and widths.
    ["v1-classes.propago", "color,size\nred,1\ngreen,2\n", ["big,0.9505712,0.049428795", "small,0.12219262,0.8778074"]],
    ["v1-numbers.propago", "shape,width\nround,1\nsquare,2\n", ["2.321443953", "5.991636897"]],
    // Written by version 0.2.0 from iris, and from 80 rows of dates, numbers and words, with cells that are missing.
    [
      "v2-classes.propago",
      "sepal_length,sepal_width,petal_length,petal_width\n5,3,1.5,0.2\n6,3,5,2\n",
      ["setosa,0.96560395,0.031284783,0.0031113245", "virginica,0.0047880867,0.075771615,0.91944027"],
    ],
    [
      "v2-numbers.propago",
      "when,size,color,flag\n2024-03-04,2.5,red,True\n2024-05-06,,,FALSE\n",
      ["21.88803303", "23.28280889"],
    ],
  ])("%s predicts what it did", (model, content, lines) => {
    writeFileSync(join(folder, "old.csv"), content);
    const { stdout, status } = run("predict", join(models, model), "old.csv");
    expect({ status, lines: stdout.trimEnd().split("\n").slice(1) }).toEqual({ status: 0, lines });
    expect(run("inspect", join(models, model))).toMatchObject({ status: 0 });
  });
});

describe("files", () => {
  it("unpack to no more than the limit, and say what is damaged", () => {
    const packed = gzipSync(Buffer.alloc(10_000));
    expect(unpacked(packed, "x.gz", 10_000).length).toBe(10_000);
    expect(failure(() => unpacked(packed, "x.gz", 9_999))).toMatchObject({
      code: "ERR_IO",
      message: expect.stringContaining("unpacks to more than"),
    });
    expect(failure(() => unpacked(packed.subarray(0, 20), "x.gz"))).toMatchObject({
      code: "ERR_IO",
      message: expect.stringContaining("damaged"),
    });
  });

  it("standard input has the limit that files have", () => {
    const path = join(folder, "german.csv");
    const size = readFileSync(path).length;
    const read = (limit: number): Uint8Array => {
      const descriptor = openSync(path, "r");
      try {
        return readStream(descriptor, limit);
      } finally {
        closeSync(descriptor);
      }
    };
    expect(read(size).length).toBe(size);
    expect(failure(() => read(size - 1))).toMatchObject({
      code: "ERR_IO",
      message: expect.stringContaining("standard input"),
    });
  });
});
