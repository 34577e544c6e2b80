// What the command makes of tables: first lines, columns, missing values, targets, and messages that name all that is
// wrong. Whole files, and the commands that messages offer, are in table-files.test.ts.
import Papa from "papaparse";
import { describe, expect, it } from "vitest";
import { fileOf } from "../src/cli/table-file.ts";
import { toTrainingTable, type TableFlags, type TrainingTable } from "../src/cli/tables.ts";
import { cut, fieldAt } from "../src/columns/cells.ts";
import { encodeRows, inputNames, inputsOf, isColumn } from "../src/columns/columns.ts";
import { parseTable } from "../src/files/csv.ts";
import { partOf, readDate } from "../src/columns/dates.ts";
import { missingTest } from "../src/columns/missing.ts";
import { readNumber, studyNumbers } from "../src/columns/numbers.ts";
import { quotedForShell } from "../src/columns/problems.ts";
import { findColumn, findColumns, splitItems } from "../src/columns/selection.ts";
import { readKnownTargets } from "../src/columns/targets.ts";
import { failure } from "./failure.ts";
import type { Table } from "../src/data/table.ts";

const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
const tableOf = (content: string): Table => parseTable(bytes(content), "data.csv");
const learn = (content: string, flags: TableFlags = {}): TrainingTable =>
  toTrainingTable(fileOf(bytes(content), "data.csv"), flags, "float32", {
    path: "data.csv",
    words: ["train", "data.csv"],
  });
const refusal = (content: string, flags: TableFlags = {}): string => {
  const error = failure(() => learn(content, flags));
  return `${(error as { code: string }).code}: ${(error as Error).message}`;
};
const includes = (message: string): unknown => expect.stringContaining(message);
/** A table of one input and a numeric target that decides nothing. */
const columnOf = (cells: readonly (string | number)[], name = "a"): string =>
  `${name},y\n${cells.map((cell, i) => `${/[",]/.test(String(cell)) ? `"${cell}"` : cell},${i + 0.5}\n`).join("")}`;
const repeat = (count: number, cell: (i: number) => string | number): (string | number)[] =>
  Array.from({ length: count }, (_, i) => cell(i));

describe("cutting", () => {
  it("agrees with papaparse on ten thousand tables of odd characters", () => {
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const pieces = ["a", "1", ",", ",", "\n", "x y", '"b"', '"c,d"', '"e""f"', '"g\nh"', "", "é"];
    for (let i = 0; i < 10_000; i++) {
      const text = Array.from({ length: 1 + random(12) }, () => pieces[random(pieces.length)]).join("");
      const expected = Papa.parse<string[]>(text, { delimiter: ",", newline: "\n" });
      // A quote inside an unquoted field, and text behind a closing quote, are errors there or here.
      if (expected.errors.length > 0 || /[^,\n]"|"[^,\n"]/.test(text.replace(/"(?:[^"]|"")*"/g, ""))) continue;
      if (/[a-z0-9é]"|"[a-z0-9é]/.test(text.replace(/"(?:[^"]|"")*"(?=[,\n]|$)/g, "Q"))) continue;
      const records = cut(text, ",", { file: "data.csv" });
      const cells = Array.from({ length: records.firsts.length - 1 }, (_, record) =>
        Array.from(records.starts.subarray(records.firsts[record], records.firsts[record + 1]), (start) =>
          fieldAt(text, start, ","),
        ),
      );
      expect(cells, text).toEqual(expected.data.filter((record) => record.length > 1 || record[0].trim() !== ""));
    }
  });

  it("takes a quote after a space for one, and R's quotes with a backslash", () => {
    const { cell } = tableOf('a,b\n1, "x, y"\n2, 5" pipe\n3,"say \\"no\\" twice"\n');
    expect([0, 1, 2].map((row) => cell(row, 1))).toEqual(["x, y", ' 5" pipe', 'say "no" twice']);
  });

  it("gives one reading to every kind of line end inside quotes", () => {
    expect(tableOf('a,b\r\n1,"x\r\ny"\r\n').cell(0, 1)).toBe("x\ny");
    expect(tableOf('a,b\r1,"x\ry"\r2,z\r').lineOf(1)).toBe(4);
  });
});

describe("first lines", () => {
  const rows = "1,2,a\n3,4.5,b\n5,6,a\n";
  it.each<[string, string, TableFlags, string | undefined]>([
    ["sep=;", `sep=;\n${"x,y,z\n".replaceAll(",", ";")}${rows.replaceAll(",", ";")}`, {}, undefined],
    ["comments above", `# made today\n# by a program\nx,y,z\n${rows}`, {}, "2 lines that begin with # above the table"],
    ["comments between", `x,y,z\n1,2,a\n# a pause\n3,4.5,b\n5,6,a\n`, {}, 'as with --comment "#"'],
    ["comments as named", `% one\nx,y,z\n1,2,a\n%2,1\n3,4.5,b\n5,6,a\n`, { comment: "%" }, undefined],
    ["lines to skip", `A table\n\nx,y,z\n${rows}`, { skipLines: 2 }, undefined],
    ["trailing commas in the rows", `x,y,z\n${rows.replaceAll("\n", ",\n")}`, {}, undefined],
    ["trailing commas in some rows", "x,y,z\n1,2,a\n3,4.5,b,\n5,6,a\n", {}, undefined],
    ["a trailing comma in the header", `x,y,z,\n${rows}`, {}, undefined],
    ["spaces", `x y z\n${rows.replaceAll(",", "   ")}`, {}, undefined],
    ["spaces and decimal commas", "x y z\n1 2,5 a\n3 4,5 b\n5 6,5 a\n", { decimal: "," }, undefined],
    ["quoted names", `"x", "y", "z"\n${rows}`, {}, undefined],
  ])("%s", (_, content, flags, warning) => {
    const { columns, rows: used, warnings, targets } = learn(content, { ...flags, task: "classification" });
    expect(columns.map(({ name }) => name)).toEqual(["x", "y"]);
    expect(targets.records[0].name).toBe("z");
    expect(used.length).toBe(3);
    if (warning === undefined) expect(warnings).toEqual([]);
    else expect(warnings).toEqual([includes(warning)]);
  });

  it("takes names that are one short of the rows for R's row names", () => {
    const { columns, warnings } = learn(`"x" "y"\n"Mazda RX4" 1 2.5\n"Datsun 710" 2 3.5\n"Valiant" 3 1.5\n`);
    expect(columns.map(({ name }) => name)).toEqual(["x"]);
    expect(warnings).toEqual([
      includes("no name for the first column"),
      "left out, since every row has another text: column 1; --text 1 keeps the most common words",
    ]);
  });

  it("leaves a column out in which nothing stands, and lets the one before it be the target", () => {
    const { targets, warnings } = learn("x,y,\n1,2.5,\n2,3.5,\n3,1.5,\n");
    expect(targets.records[0].name).toBe("y");
    expect(warnings).toEqual(["left out, since nothing stands in it: column 3"]);
  });

  it("notices that there is no header", () => {
    const { columns, warnings, targets, record } = learn("5.1,3.5,a\n4.9,3,b\n4.7,3.2,a\n5,3.1,b\n5.2,3.3,a\n");
    expect(columns.map(({ name }) => name)).toEqual(["column_1", "column_2"]);
    expect(targets.records[0].name).toBe("column_3");
    expect(record.names).toEqual(["column_1", "column_2", "column_3"]);
    expect(warnings).toEqual([includes("as with --no-header; where it names the columns, say --header")]);
    expect(learn("5.1,3.5,a\n4.9,3,b\n4.7,3.2,a\n", { header: true, task: "classification" }).rows.length).toBe(2);
  });

  it.each([
    ["years", "1990,1995,2003,y\n1,2,3,4.5\n2,3,4,5.5\n"],
    ["numbers from 0", "0,1,2,3\n1,2,3,4.5\n2,3,4,5.5\n"],
    ["a name above numbers", "a,2,y\n1,2,3.5\n2,3,4.5\n"],
    ["a word above repeated words", "kind,5\nred,1.5\nred,2.5\nblue,3.5\nblue,4.5\n"],
  ])("takes %s for a header", (_, content) => {
    expect(tableOf(content).hasHeader).toBe(true);
  });

  it("renames columns that have one name", () => {
    const table = tableOf("a,b,a,a,,\n1,2,3,4,5,6\n");
    expect(table.columns).toEqual(["a", "b", "a_2", "a_3", "", "column_6"]);
    expect(table.warnings[0]).toContain('column 3 is a second "a", called "a_2"');
    expect(tableOf("a,a_2,a\n1,2,3\n").columns).toEqual(["a", "a_2", "a_3"]);
  });

  it("says what stands above a header, with the command that skips it", () => {
    expect(refusal(`Sales 2020\nby region\nx,y\n1,2\n2,3\n3,4\n4,6\n5,7\n`)).toMatch(
      /^ERR_CSV: data\.csv: lines 1 to 2 .*\nthis works: propago train data\.csv --skip-lines 2$/,
    );
    expect(refusal(`Sales 2020\nx,y\n1,2\n2,3\n3,4\n`)).toContain("this works: propago train data.csv --skip-lines 1");
  });

  it("names every uneven line, and a command without them", () => {
    const message = refusal("x,y,z\n1,2,3\n1,2\n3,4,5\n4,5,6,7\n6,7,8\n");
    expect(message).toContain("data.csv:3 has 2 fields, the header has 3");
    expect(message).toContain("another line does not fit either: 5");
    expect(message).toContain("this works: sed '3d;5d' data.csv | propago train -");
  });

  it.each([
    ["ARFF", "@relation x\n@attribute a numeric\n@data\n1,2\n2,3\n", "is an ARFF file", "--skip-lines 3 --no-header"],
    ["JSON", '[{"a":1,"b":2}]', "is JSON, not a CSV file", ""],
    ["HTML", "<!DOCTYPE html><p>x", "is HTML or XML, not a CSV file", ""],
  ])("names %s for what it is", (_, content, message, command) => {
    expect(refusal(content)).toContain(message);
    expect(refusal(content)).toContain(command);
  });
});

describe("numbers as people write them", () => {
  const study = (texts: string[], decimal?: "." | ",") =>
    studyNumbers(
      texts,
      texts.map(() => 1),
      decimal,
    );

  it.each<[string, string[], Record<string, unknown>, number[]]>([
    ["plain", ["1", "2.5", "-3e2"], { decimal: "." }, [1, 2.5, -300]],
    ["decimal commas", ["1,5", "2,25", "-3"], { decimal: "," }, [1.5, 2.25, -3]],
    ["thousands", ["1,234,567", "12", "1,000.5"], { decimal: ".", thousands: "," }, [1234567, 12, 1000.5]],
    ["thousands and decimal commas", ["1.234,5", "2"], { decimal: ",", thousands: "." }, [1234.5, 2]],
    ["spaces", ["1 234", "12 345 678"], { decimal: ".", thousands: " " }, [1234, 12345678]],
    ["apostrophes", ["1'234", "12'345.5"], { decimal: ".", thousands: "'" }, [1234, 12345.5]],
    ["dollars", ["$1,234.50", "-$5", "($7)"], { decimal: ".", thousands: ",", affix: "$" }, [1234.5, -5, -7]],
    ["euros", ["1.234,50 €", "5 €"], { decimal: ",", thousands: ".", affix: "€" }, [1234.5, 5]],
    ["per cent", ["12%", "7.5 %", "0"], { decimal: ".", affix: "%" }, [12, 7.5, 0]],
    ["a unit", ["12 kg", "7.5kg", "3"], { decimal: ".", affix: "kg" }, [12, 7.5, 3]],
  ])("%s", (_, texts, format, values) => {
    const { numbers, format: found, ambiguous } = study(texts);
    expect({ numbers, ambiguous, found }).toEqual({ numbers: texts.length, ambiguous: undefined, found: format });
    expect(texts.map((text) => readNumber(text, found))).toEqual(values);
  });

  it.each([["1_000"], ["0x10"], ["--5"], ["1e999"], ["12,34,567"], ["1,2,3"], ["12A"], ["2. Third"], ["1:2"]])(
    "%s is none",
    (text) => {
      expect(study([text]).numbers).toBe(0);
    },
  );

  it("names both readings of 1,343 where nothing decides, and reads it as told", () => {
    const content = columnOf(["1,343", "2,512", "12"]);
    const message = refusal(content.replace(/\d+\.5/g, (text) => String(2 * Number(text))));
    expect(message).toContain('"1,343" may be 1343 or 1.343; say --decimal . where the comma separates thousands');
    expect(message).toContain("this works: propago train data.csv --decimal .");
    const values = (decimal: "." | ",") => learn(content.replaceAll(".5", ""), { decimal }).encoded.data;
    expect([...values(".")]).toEqual([1343, 2512, 12]);
    expect([...values(",")].map((value) => Number(value.toFixed(3)))).toEqual([1.343, 2.512, 12]);
  });

  it("lets the other columns of a table decide", () => {
    const comma = learn("a;b;y\n1,343;0,5;1\n2,512;1,25;2\n3,100;2,5;4\n");
    expect(comma.columns.map((column) => (column.kind === "number" ? column.format : undefined))).toEqual([
      { decimal: "," },
      { decimal: "," },
    ]);
    const point = learn("a;b;y\n1,343;0.5;1\n2,512;1.25;2\n3,100;2.5;4\n");
    expect([...point.encoded.data]).toEqual([1343, 0.5, 2512, 1.25, 3100, 2.5]);
    expect(point.warnings.join()).toContain('read with "," between thousands: "a"; --decimal , says otherwise');
  });

  it("names shares without a sign among per cents", () => {
    expect(refusal(columnOf(["50%", "0.5", "20%"]))).toContain('"0.5" is not a number (the others have a %');
    expect([...learn(columnOf(["50%", "0", "20%"])).encoded.data]).toEqual([50, 0, 20]);
  });

  it("says nothing of a decimal sign that the user named", () => {
    const { columns, warnings } = learn(columnOf(["1,5", "2,25", "3"]).replaceAll(".5", ""), {
      decimal: ",",
      task: "regression",
    });
    expect(columns[0]).toMatchObject({ format: { decimal: "," } });
    expect(warnings).toEqual([]);
    expect(learn("a,y\n1,2\n2,3\n3,7\n", { decimal: ",", task: "regression" }).columns[0]).not.toHaveProperty("format");
  });

  it("tells what it read without its sign, and how to keep it as words", () => {
    const { warnings } = learn(columnOf(["12 kg", "7 kg", "3 kg"], "weight"));
    expect(warnings).toEqual(['read as numbers without "kg": "weight"; --text weight takes it as words']);
  });

  it("takes numbers in different units for words", () => {
    const { columns, warnings } = learn(columnOf(["12 kg", "700 g", "12 kg", "700 g", "3 kg", "3 kg"]));
    expect(columns[0]).toMatchObject({ kind: "category", categories: ["12 kg", "3 kg", "700 g"] });
    expect(warnings[0]).toContain("since its units differ");
  });

  it("keeps the digits of numbers that float32 would lose", () => {
    const start = 1_700_000_000_000;
    const { encoded, columns } = learn(
      columnOf(
        repeat(50, (i) => start + 7 * ((i * 13) % 50)),
        "t0",
      ),
    );
    expect(encoded.data).toBeInstanceOf(Float32Array);
    const { offset = 0 } = columns[0] as { offset?: number };
    expect(Array.from(encoded.data, (value) => value + offset)).toEqual(repeat(50, (i) => start + 7 * ((i * 13) % 50)));
    expect(learn(columnOf([1e-60, 2e-60, 3e50])).encoded.data).toEqual(Float64Array.of(1e-60, 2e-60, 3e50));
  });
});

describe("dates", () => {
  it.each<[string, Parameters<typeof readDate>[1], number]>([
    ["1970-01-02", "ymd", 1],
    ["2024-02-29T06:00:00Z", "ymd", 19782.25],
    ["2024-02-29 06:00:00+03:00", "ymd", 19782.125],
    ["2024-02", "ymd", 19754],
    ["31/12/1999", "dmy", 10956],
    ["12/31/99", "mdy", 10956],
    ["31.12.1999", "dmy", 10956],
    ["20240229", "compact", 19782],
    ["2024 Q2", "quarter", 19814],
    ["Feb 29, 2024", "named", 19782],
    ["29-Feb-24", "named", 19782],
    ["Thu, 29 February 2024", "named", 19782],
    ["Feb 2024", "named", 19754],
    ["13:30", "time", 13.5],
    ["1:30 pm", "time", 13.5],
  ])("%s", (text, form, days) => {
    expect(readDate(text, form)).toBeCloseTo(days, 9);
  });

  it.each<[string, Parameters<typeof readDate>[1]]>([
    ["2023-02-29", "ymd"],
    ["2024-13-01", "ymd"],
    ["13/13/2024", "mdy"],
    ["25:00", "time"],
    ["Foo 3, 2024", "named"],
  ])("%s is none", (text, form) => {
    expect(readDate(text, form)).toBeUndefined();
  });

  it("have months, weekdays and hours", () => {
    const days = readDate("2024-02-29 06:00", "ymd") ?? NaN;
    expect([partOf(days, "month"), partOf(days, "weekday"), partOf(days, "hour")]).toEqual([2, 4, 6]);
    expect(partOf(-1, "weekday")).toBe(3);
  });

  const daily = repeat(800, (i) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10));
  it("become days, with parts that repeat", () => {
    const { columns, warnings, encoded } = learn(columnOf(daily, "when"));
    expect(columns[0]).toMatchObject({ kind: "date", form: "ymd", parts: [{ part: "month" }, { part: "weekday" }] });
    expect(inputsOf(columns)).toBe(1 + 12 + 7);
    expect(inputNames(columns).slice(0, 2)).toEqual(["when", "when month 1"]);
    expect(Array.from(encoded.data).slice(20, 40)).toEqual([
      18263,
      1,
      ...Array.from({ length: 14 }, () => 0),
      1,
      0,
      0,
      0,
    ]);
    expect(warnings[0]).toContain('read as dates, with month and weekday beside the day: "when"; --text when');
    expect(learn(columnOf(daily.slice(0, 20))).columns[0]).toMatchObject({ parts: [] });
  });

  it("are not seasons such as 2010/11", () => {
    expect(learn(columnOf(["2009/10", "2010/11", "2009/10", "2010/11"])).columns[0]).toMatchObject({
      kind: "category",
    });
    expect(learn(columnOf(["2009/10", "2010/12", "2009/10"])).columns[0]).toMatchObject({ form: "month" });
  });

  it("that can be read both ways are told", () => {
    const cells = repeat(12, (i) => `0${1 + (i % 9)}/0${1 + ((i * 5) % 9)}/2024`);
    const { columns, warnings } = learn(columnOf(cells));
    expect(columns[0]).toMatchObject({ form: "mdy" });
    expect(warnings[0]).toContain("read with the month first");
    expect(warnings[0]).toContain("--date-order dmy");
    const other = learn(columnOf(cells), { dateOrder: "dmy" });
    expect(other.columns[0]).toMatchObject({ form: "dmy" });
    expect(other.warnings.join()).not.toContain("date-order");
    expect(learn(columnOf([...cells, "25/12/2024"])).columns[0]).toMatchObject({ form: "dmy" });
  });
});

describe("missing values", () => {
  it.each(["NA", "N/A", "#N/A", "NULL", "null", "NaN", "?", "-", ".", "", "n/a", "<NA>"])(
    "%j is one in numbers, words and targets",
    (word) => {
      expect(missingTest()(word)).toBe(true);
      const content = `a,b,y\n1,red,x\n${word},blue,z\n3,${word},x\n4,red,${word}\n5,blue,z\n`;
      const { columns, rows, warnings, encoded } = learn(content);
      expect([...rows]).toEqual([0, 1, 2, 4]);
      expect(columns).toEqual([
        { name: "a", kind: "number", offset: 0, fill: 3, indicator: true },
        { name: "b", kind: "category", categories: ["blue", "red"], missing: "category" },
      ]);
      expect([...encoded.data]).toEqual([1, 0, 0, 1, 0, 3, 1, 1, 0, 0, 3, 0, 0, 0, 1, 5, 0, 1, 0, 0]);
      expect(warnings).toEqual([
        'data.csv: 1 row without a value in the target "y" left out',
        includes("2 missing values filled"),
      ]);
    },
  );

  const content = `a,b,y\n${repeat(30, (i) => `${i === 7 ? "" : 2 * i},${i % 2 ? "x" : "z"},${i / 2}\n`).join("")}`;
  it("have an indicator only where they are many", () => {
    expect(learn(content).columns[0]).toEqual({ name: "a", kind: "number", offset: 0, fill: 30 });
  });

  it("are treated as told", () => {
    const first = (missing: TableFlags["missing"]) => learn(content, { missing }).columns[0];
    expect(first("median")).toMatchObject({ fill: 30 });
    expect((first("mean") as { fill: number }).fill).toBeCloseTo((2 * 435 - 14) / 29, 9);
    expect(first("category")).toMatchObject({ fill: 30, indicator: true });
    const dropped = learn(content, { missing: "drop" });
    expect(dropped.rows.length).toBe(29);
    expect(dropped.warnings).toContain("data.csv: 1 row with missing values left out");
    expect(refusal(content, { missing: "error" })).toMatch(
      /^ERR_NONFINITE: data\.csv has 1 missing value: "a" \(1, first line 9\).*\nthis works: .* --missing auto$/s,
    );
  });

  it("are not the minus signs beside plus signs", () => {
    const { targets, columns, rows } = learn("x,s,y\n1,+,+\n2,-,-\n3,+,-\n4,-,+\n");
    expect(targets).toMatchObject({ labels: ["+", "-", "-", "+"] });
    expect(columns[1]).toMatchObject({ categories: ["+", "-"], missing: "none" });
    expect(rows.length).toBe(4);
    const again = readKnownTargets(tableOf("y\n-\nNA\n"), targets.records, { isMissing: missingTest() });
    expect(again.targets).toMatchObject({ labels: ["-"] });
  });

  it("can be words of the user's own", () => {
    const { columns } = learn(columnOf([1, "none", 2, "-99", 3]), { missingValues: ["none,-99"] });
    expect(columns[0]).toMatchObject({ kind: "number", fill: 2, indicator: true });
  });

  it("leave rows out that are empty", () => {
    const { rows, warnings } = learn("a,b\n1,2.5\n,\n3,4.5\n2,1\n");
    expect(rows.length).toBe(3);
    expect(warnings).toEqual(["data.csv: 1 empty row left out"]);
  });
});

describe("columns", () => {
  const y = (i: number): number => ((i * 7) % 11) + 0.5;

  it("of one number and of words become one input, and one for each word", () => {
    const { columns, encoded } = learn("size,color,label\n1,red,a\n2,green,b\n3, red ,a\n");
    expect(columns).toEqual([
      { name: "size", kind: "number", offset: 0, fill: 2 },
      { name: "color", kind: "category", categories: ["green", "red"], missing: "none" },
    ]);
    expect(encoded.data).toEqual(Uint8Array.of(1, 0, 1, 2, 1, 0, 3, 0, 1));
    for (const column of columns) expect(isColumn(JSON.parse(JSON.stringify(column)))).toBe(true);
  });

  it.each([
    ["rownames", (i: number) => i + 1],
    ["", (i: number) => i],
    ["Unnamed: 0", (i: number) => i],
    ["rownames", (i: number) => 3 * i + 5],
    ["n", (i: number) => i + 1],
  ])("called %j that count the rows are left out", (name, cell) => {
    const { columns, warnings } = learn(
      `${name},x,y\n${repeat(20, (i) => `${cell(i)},${(i * 5) % 7},${y(i)}\n`).join("")}`,
    );
    expect(columns.map((column) => column.name)).toEqual(["x"]);
    const shown = name === "" ? "column 1" : JSON.stringify(name);
    const argument = name === "" ? "1" : quotedForShell(name);
    expect(warnings).toEqual([`left out as row numbers: ${shown}; --number ${argument} keeps it`]);
    const kept = learn(`${name},x,y\n${repeat(20, (i) => `${cell(i)},${(i * 5) % 7},${y(i)}\n`).join("")}`, {
      number: [name === "" ? "1" : name],
    });
    expect(kept.columns.length).toBe(2);
    expect(kept.warnings).toEqual([]);
  });

  it("that count are kept where there is nothing else, and where they are times", () => {
    expect(learn(columnOf(repeat(20, (i) => i))).columns.length).toBe(1);
    const times = `time,x,y\n${repeat(20, (i) => `${i},${(i * 5) % 7},${y(i)}\n`).join("")}`;
    expect(learn(times).columns.length).toBe(2);
  });

  it("that are no keys are kept, whatever their names end in", () => {
    const content = `acid,X,userId,y\n${repeat(30, (i) => `${(i * 7) % 31},${(i * 11) % 37},${(i * 13) % 41},${y(i)}\n`).join("")}`;
    const { columns, warnings } = learn(content);
    expect(columns.map(({ name }) => name)).toEqual(["acid", "X"]);
    expect(warnings).toEqual(['left out, since it names rows: "userId"; --number userId keeps it']);
  });

  it("of huge numbers have a median", () => {
    expect(learn(columnOf(["9e149", "9e149"])).columns[0]).toMatchObject({ fill: 9e149 });
  });

  it("that name rows are left out", () => {
    const content = `patient_id,name,note,x,y\n${repeat(
      40,
      (i) => `${1000 + ((i * 17) % 97)},N${i},it was a fine day number ${i},${(i * 5) % 7},${y(i)}\n`,
    ).join("")}`;
    const { columns, warnings } = learn(content);
    expect(columns.map(({ name }) => name)).toEqual(["x"]);
    expect(warnings).toEqual([
      'left out, since it names rows: "patient_id"; --number patient_id keeps it',
      'left out, since every row has another text: "name", "note"; --text name keeps the most common words',
    ]);
  });

  it("with more categories than the limit are gathered, or left out where that says little", () => {
    const cells = repeat(600, (i) => (i % 2 ? `rare${i % 300}` : `c${i % 12}`));
    const { columns, warnings } = learn(columnOf(cells));
    expect(columns[0]).toMatchObject({ kind: "category", other: true, missing: "none" });
    expect((columns[0] as { categories: string[] }).categories.length).toBe(99);
    expect(warnings[0]).toContain("the most common 99 categories kept and the others gathered");
    expect(warnings[0]).toContain("--max-categories 156 keeps more");
    expect(learn(columnOf(cells), { maxCategories: 156 }).warnings).toEqual([]);
    expect(learn(columnOf(cells), { maxCategories: 8 }).columns.map(({ kind }) => kind)).toEqual(["category"]);
    const many = repeat(600, (i) => `c${i % 450}`);
    expect(refusal(columnOf(many))).toContain('"a" has too many different texts');
    expect(refusal(columnOf(many))).toContain("this works: propago train data.csv --text a");
    expect(learn(columnOf(many), { text: ["a"] }).columns[0]).toMatchObject({ other: true });
  });

  it("gather categories that one row has", () => {
    const cells = repeat(200, (i) => (i === 5 ? "once" : i === 9 ? "single" : i % 2 ? "x" : "z"));
    expect(learn(columnOf(cells)).columns[0]).toMatchObject({ categories: ["x", "z"], other: true });
    expect(learn(columnOf(cells.slice(0, 50))).columns[0]).toMatchObject({ categories: ["once", "single", "x", "z"] });
  });

  it("of true and false have one category for each, however spelt", () => {
    const { columns, encoded } = learn(columnOf(["TRUE", "True", "true", "FALSE", "TRUE", "False"]));
    expect(columns[0]).toMatchObject({ categories: ["FALSE", "TRUE"], fold: true });
    expect([...encoded.data]).toEqual([0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 0]);
  });

  it("of digits with leading zeros, or too many digits, are words", () => {
    const zips = learn(columnOf(["01234", "10001", "01234", "10001", "01234", "10001"], "zip"));
    expect(zips.columns[0]).toMatchObject({ kind: "category", categories: ["01234", "10001"] });
    expect(zips.warnings).toEqual(['taken as words, since digits begin with 0: "zip"; --number zip reads numbers']);
    expect(learn(columnOf(["01", "2", "01"]), { number: ["a"] }).columns[0]).toMatchObject({ kind: "number" });
    const long = learn(columnOf(["12345678901234567", "12345678901234568", "12345678901234567"]));
    expect(long.columns[0]).toMatchObject({ kind: "category" });
    expect(long.warnings[0]).toContain("more digits than a number holds");
    expect(learn(columnOf(["1", "2", "1"]), { text: ["a"] }).columns[0]).toMatchObject({ categories: ["1", "2"] });
  });

  it("of numbers and repeated words are words", () => {
    const { columns, warnings } = learn(columnOf(repeat(40, (i) => ["4", "6", "8", "rotary"][i % 4])));
    expect(columns[0]).toMatchObject({ kind: "category", categories: ["4", "6", "8", "rotary"] });
    expect(warnings[0]).toContain("since not all cells are numbers");
  });

  it.each([
    ["12abc", ""],
    ["0x10", "decimal digits"],
    ["1_000", "underscores"],
    ["١٢", "digits 0 to 9"],
    ["--5", "one sign"],
    ["1e999", "too large"],
  ])("refuse the number %s by file, line and column", (cell, hint) => {
    const message = refusal(`x1,x2,y\n1,1,1\n2,2,2\n3,${cell},4\n`);
    expect(message).toContain(`ERR_CSV: data.csv:4 row 3, column "x2": ${JSON.stringify(cell)} is not a number`);
    expect(message).toContain(hint);
    expect(message).toContain(`--text x2`);
    expect(message).toContain(`this works: propago train data.csv --missing-values`);
  });

  it.each(["inf", "-Infinity"])("refuse %s by row and column", (cell) => {
    expect(refusal(`a,b,y\n1,1,1\n2,${cell},2\n3,3,4\n`)).toContain(
      `ERR_NONFINITE: data.csv:3 row 2, column "b": "${cell}" is not a finite number`,
    );
  });

  it("finds the columns that are asked for", () => {
    const data = tableOf("size,color,label,x1,x2,3\n1,red,a,1,2,3\n");
    expect(findColumn(data, "color")).toBe(1);
    expect(findColumn(data, "2")).toBe(1);
    expect(findColumn(data, "3")).toBe(5);
    expect(failure(() => findColumn(data, "colr"))).toMatchObject({
      code: "ERR_USAGE",
      message: includes('did you mean "color"?'),
    });
    for (const outside of ["0", "7", "-1"])
      expect(failure(() => findColumn(data, outside))).toMatchObject({ code: "ERR_USAGE" });
    expect(findColumns(data, ["x*", "size, 2"])).toEqual([3, 4, 0, 1]);
    expect(failure(() => findColumns(data, ["z*"]))).toMatchObject({
      code: "ERR_USAGE",
      message: includes('"z*" fits'),
    });
    const odd = tableOf('"a,b",a,"c*",cd\n1,2,3,4\n');
    expect(findColumns(odd, ["a,b"])).toEqual([0]);
    expect(findColumns(odd, ['"a,b",a'])).toEqual([0, 1]);
    expect(findColumns(odd, ["c*"])).toEqual([2]);
    expect(splitItems('a, "b ""x"", y" ,c')).toEqual(["a", 'b "x", y', "c"]);
  });
});

describe("predicting", () => {
  const isMissing = missingTest();
  const trained = learn(columnOf(repeat(200, (i) => (i % 50 === 3 ? `r${i}` : i % 2 ? "red" : "blue"))));

  it("finds columns by name, in any order, and says what it does not use", () => {
    const { columns } = learn("size,color,y\n1,red,1.5\n2,green,2\n3,red,4\n");
    const { data, warnings } = encodeRows(tableOf("extra,color,size\n9,green,5\n"), columns, { isMissing });
    expect([...data]).toEqual([5, 1, 0]);
    expect(warnings).toEqual(['data.csv: the model does not use "extra"']);
    expect(failure(() => encodeRows(tableOf("size,colour\n1,red\n"), columns, { isMissing }))).toMatchObject({
      code: "ERR_DATA",
      message: includes('lacks the column "color" (did you mean "colour"?)'),
    });
    expect(failure(() => encodeRows(tableOf("x\n1\n"), columns, { isMissing }))).toMatchObject({
      message: includes('lacks 2 columns "size", "color"'),
    });
  });

  it("takes unseen categories for the gathered ones, or for none, or refuses them", () => {
    const { columns } = trained;
    expect(columns[0]).toMatchObject({ categories: ["blue", "red"], other: true });
    const data = (unknown?: "other" | "ignore") =>
      encodeRows(tableOf('a\nred\nteal\n""\n'), columns, { isMissing, unknown });
    expect([...data().data]).toEqual([0, 1, 0, 0, 0, 1, 0, 0, 1]);
    expect(data().warnings).toEqual([includes('"a" (1 cell, first line 3 "teal")')]);
    expect([...data("ignore").data].slice(0, 6)).toEqual([0, 1, 0, 0, 0, 0]);
    expect(data("ignore").warnings).toEqual([]);
    const error = failure(() => encodeRows(tableOf("a\nred\nteal\n"), columns, { isMissing, unknown: "error" }));
    expect(error).toMatchObject({ code: "ERR_DATA", message: includes('data.csv:3 row 2, column "a": "teal"') });
    expect(error).toMatchObject({ message: includes("--unknown ignore") });
  });

  it("says which decimal sign reads cells that are none", () => {
    const { columns } = learn(columnOf(["1,5", "2,25", "3"]).replaceAll(".5", ""));
    const other = tableOf("a\n2.5\n3\n");
    const { warnings, isUnusable } = encodeRows(other, columns, { isMissing });
    expect(warnings).toEqual([includes('"a" (1 cell, first line 2 "2.5"); --decimal . says')]);
    expect([...isUnusable]).toEqual([1, 0]);
    expect(encodeRows(other, columns, { isMissing, decimal: "." }).data).toEqual(Float32Array.of(2.5, 3));
  });

  it("marks rows that lack what the model needs", () => {
    const { columns } = learn("a,b,y\n1,x,1.5\n2,z,2\n3,x,4\n", { missing: "drop" });
    const { isUnusable, warnings } = encodeRows(tableOf("a,b\n1,x\n,x\n3,NA\nsix,x\n"), columns, { isMissing });
    expect([...isUnusable]).toEqual([0, 1, 1, 1]);
    expect(warnings).toEqual([
      'data.csv: cells that are not what the column holds: "a" (1 cell, first line 5 "six")',
      includes("missing values, which the model was not trained with"),
    ]);
  });
});

describe("the target", () => {
  const column = (cells: (string | number)[], extra: TableFlags = {}) =>
    learn(`x,y\n${cells.map((cell, i) => `${(i * 7) % 13},${cell}\n`).join("")}`, extra);
  const task = ({ targets }: TrainingTable): string => (targets.kind === "classes" ? "classification" : "regression");

  it.each<[string, (string | number)[], string]>([
    ["texts", ["a", "b", "a"], "classification"],
    ["0 and 1 in four rows", [0, 1, 1, 0], "classification"],
    ["ten digits in 1,797 rows", repeat(1797, (i) => i % 10), "classification"],
    ["214 integers in 442 rows", repeat(442, (i) => 25 + (i % 214)), "regression"],
    ["21 integers in 10,000 rows", repeat(10_000, (i) => i % 21), "regression"],
    ["ten integers in ten rows", repeat(10, (i) => i), "regression"],
    ["fractions", repeat(100, (i) => (i % 2) + 0.5), "regression"],
  ])("%s are for %s", (_, cells, expected) => {
    expect(task(column(cells))).toBe(expected);
  });

  it("is what --task says, and told where it is guessed", () => {
    const guessed = column(repeat(200, (i) => i % 8));
    expect(guessed.warnings).toEqual([
      'target "y" holds 8 different whole numbers, taken for classes; --task regression predicts a number',
    ]);
    expect(
      column(
        repeat(200, (i) => i % 8),
        { task: "regression" },
      ).targets,
    ).toMatchObject({ kind: "numbers" });
    expect(
      column(
        repeat(200, (i) => i % 8),
        { task: "classification" },
      ).warnings,
    ).toEqual([]);
    expect(column(repeat(100, (i) => 1990 + (i % 12))).warnings[0]).toContain("--task classification");
    expect(column(repeat(200, (i) => i % 2)).warnings).toEqual([]);
  });

  it("comes back to the letter", () => {
    const labels = (cells: string[]) => {
      const { targets } = column(cells, { task: "classification" });
      return targets.kind === "classes" ? targets.labels : [];
    };
    expect(labels(["01234", "10001", "01234"])).toEqual(["01234", "10001", "01234"]);
    expect(labels(["1", "0", "1"])).toEqual([1, 0, 1]);
    expect(labels(["1.0", "0.0", "1.0"])).toEqual(["1.0", "0.0", "1.0"]);
    expect(labels(["1.0", "1", "2"])).toEqual([1, 1, 2]);
    expect(labels(["+1", "-1", "+1"])).toEqual(["+1", "-1", "+1"]);
    expect(labels(["True", "TRUE", "True", "false"])).toEqual(["True", "True", "True", "false"]);
    expect(labels(["12345678901234567890", "12345678901234567891"])).toEqual([
      "12345678901234567890",
      "12345678901234567891",
    ]);
  });

  it("is read from numbers with a sign, and its rows without a value are left out", () => {
    const { targets, rows } = column(["12%", "7.5%", "NA", "3%"]);
    expect(targets).toMatchObject({ kind: "numbers", values: Float64Array.of(12, 7.5, 3) });
    expect([...rows]).toEqual([0, 1, 3]);
  });

  it("of uneven classes is told", () => {
    const { warnings } = column(repeat(200, (i) => (i % 40 ? "no" : "yes")));
    expect(warnings).toEqual([
      'classes of "y" are uneven: "yes" has 5 rows, "no" 195; --class-weights balanced lets each class count as much, --optimize f1 chooses from which probability the second is predicted',
    ]);
  });

  it("that cannot be one is refused, with one that can", () => {
    const each = `kind,id\n${repeat(150, (i) => `${i % 3 ? "a" : "b"},k${i}\n`).join("")}`;
    expect(refusal(each)).toContain('target "id" has 150 classes for 150 rows');
    const named = `x,kind,id\n${repeat(150, (i) => `${(i * 7) % 13},${i % 3 ? "a" : "b"},k${i}\n`).join("")}`;
    expect(refusal(named)).toContain("this works: propago train data.csv --target kind");
    const dated = `x,z,when\n${repeat(20, (i) => `${(i * 7) % 13},${i / 4},2024-01-${i + 10}\n`).join("")}`;
    expect(refusal(dated)).toContain('target "when" holds dates');
    expect(refusal(dated)).toContain("this works: propago train data.csv --target z");
  });

  it("may be several, all numbers or all of two classes", () => {
    const content = `a,b,x,c,d,"e,f"\n1,2.5,1,yes,on,1\n2,3.5,2,no,on,2\n3,4.5,4,yes,off,3\n4,1.5,3,no,off,3\n`;
    expect(learn(content, { target: "a,b", task: "regression" }).targets).toMatchObject({
      kind: "numbers",
      values: Float64Array.of(1, 2.5, 2, 3.5, 3, 4.5, 4, 1.5),
    });
    const labels = learn(content, { target: "c,d" }).targets;
    expect(labels).toMatchObject({
      kind: "labels",
      values: Uint8Array.of(1, 1, 0, 1, 1, 0, 0, 0),
      records: [
        { name: "c", labels: ["no", "yes"] },
        { name: "d", labels: ["off", "on"] },
      ],
    });
    expect(learn(content, { target: "e,f", task: "regression" }).targets.records).toMatchObject([{ name: "e,f" }]);
    expect(refusal(content, { target: "b,c" })).toContain(
      "several targets must all be numbers, or all have two classes",
    );
  });

  it("is read again as training read it", () => {
    const { targets } = column(["True", "false", "TRUE", "False"]);
    const again = readKnownTargets(tableOf("y\nTRUE\nNA\nFALSE\n"), targets.records, { isMissing: missingTest() });
    expect(again.targets).toMatchObject({
      kind: "classes",
      labels: ["True", "false"].map((t) => expect.stringMatching(new RegExp(t, "i"))),
    });
    expect([...again.rows]).toEqual([0, 2]);
    const other = readKnownTargets(tableOf("y\nTrue\nmaybe\n"), targets.records, { isMissing: missingTest() });
    expect(other.targets).toMatchObject({ labels: [expect.stringMatching(/true/i), "maybe"] });
    expect(other.warnings).toEqual([
      'data.csv: 1 row has a class of "y" that training has not seen ("maybe", first line 3); it counts as wrong, and the loss is of the others',
    ]);
  });
});

describe("messages", () => {
  it("name all problems at once, and one command that mends them", () => {
    const rows = repeat(
      30,
      (i) => `${i === 4 ? "12abc" : i * 3},"${i === 9 ? "it's" : i * 2}",${i === 2 ? "inf" : i},${i / 2}\n`,
    );
    const message = refusal(`a,"b, c",d,y\n${rows.join("")}`);
    expect(message).toMatch(
      /^ERR_DATA: data\.csv has 3 problems:\n {2}data\.csv:6 .*\n {2}data\.csv:11 .*\n {2}data\.csv:4 /,
    );
    expect(message).toContain("--text 'b, c' takes the column as words");
    expect(message).toContain(
      "this works: propago train data.csv --missing-values 12abc --missing-values 'it'\\''s' --missing-values inf",
    );
  });

  it("say nothing where nothing was decided", () => {
    expect(
      learn(`a,b,y\n${repeat(30, (i) => `${i * 1.5},${i % 2 ? "x" : "z"},${i % 3 ? "p" : "q"}\n`).join("")}`).warnings,
    ).toEqual([]);
  });
});

describe("large tables", () => {
  it("of 100,000 columns are read in seconds", () => {
    const width = 100_000;
    const header = Array.from({ length: width }, (_, i) => `c${i}`).join(",");
    const row = (seed: number) => Array.from({ length: width }, (_, i) => ((i * seed) % 101) / 4).join(",");
    const content = `${header},y\n${[3, 5, 7, 11].map((seed) => `${row(seed)},${seed / 2}`).join("\n")}\n`;
    const started = performance.now();
    const { encoded } = learn(content);
    expect(encoded.columns).toBe(width);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("of words are kept as bytes", () => {
    const { encoded } = learn(columnOf(repeat(2000, (i) => `c${i % 40}`)));
    expect(encoded.data).toBeInstanceOf(Uint8Array);
    expect(encoded.data.length).toBe(80_000);
  });
});
