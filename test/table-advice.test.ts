// What the command advises where a table is written in an unusual way: lines that are no rows, options that do not fit,
// words among numbers. A command that a message offers must not empty the target, and must not predict another column.
import { describe, expect, it } from "vitest";
import { fileOf } from "../src/cli/table-file.ts";
import { toTrainingTable, type TableFlags, type TrainingTable } from "../src/cli/tables.ts";
import { encodeRows, isColumn, type Column } from "../src/columns/columns.ts";
import { parseTable } from "../src/files/csv.ts";
import { missingTest } from "../src/columns/missing.ts";
import { failure } from "./failure.ts";
import type { Table } from "../src/data/table.ts";

const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
const tableOf = (content: string): Table => parseTable(bytes(content), "data.csv");
const learn = (content: string, flags: TableFlags = {}, ...words: string[]): TrainingTable =>
  toTrainingTable(fileOf(bytes(content), "data.csv"), flags, "float32", {
    path: "data.csv",
    words: ["train", "data.csv", ...words],
  });
const refusal = (content: string, flags: TableFlags = {}, ...words: string[]): string => {
  const error = failure(() => learn(content, flags, ...words));
  return `${(error as { code: string }).code}: ${(error as Error).message}`;
};
const repeat = (count: number, line: (i: number) => string): string => Array.from({ length: count }, (_, i) => line(i)).join(""); // prettier-ignore
const sales = repeat(12, (i) => `${["N", "S", "W"][i % 3]},${5 + (i % 4)},${7 + ((i * 5) % 9)}\n`);
const flowers = repeat(30, (i) => `${5 + (i % 7) / 10},${3 + (i % 5) / 10},${["setosa", "virginica"][i % 2]}\n`);

describe("lines that are no rows", () => {
  it.each<[string, string, string]>([
    ["a title", `Quarterly numbers,,\nregion,sales,units\n${sales}`, "--skip-lines 1"],
    ["a title with semicolons, and an empty row", `Report 2024;;\n;;\n${`region,sales,units\n${sales}`.replaceAll(",", ";")}`, "--skip-lines 2"], // prettier-ignore
    ["two titles", `Quarterly numbers,,\nby region,,\nregion,sales,units\n${sales}`, "--skip-lines 2"],
    ["a title and a blank line", `Quarterly numbers,,\n\nregion,sales,units\n${sales}`, "--skip-lines 2"],
    ["groups of columns", `,money,\nregion,sales,units\n${sales}`, "--skip-lines 1"],
    ["a title above years", `Sales,,\nregion,2019,2020\n${sales}`, "--skip-lines 1"],
  ])("above the header: %s", (_, content, option) => {
    const message = refusal(content);
    expect(message).toMatch(new RegExp(`\nthis works: propago train data\\.csv ${option}$`));
    const { rows, columns, targets } = learn(content, { skipLines: Number(option.slice(-1)) });
    expect(rows.length).toBe(12);
    expect([columns[0].name, columns[1].kind]).toEqual(["region", "number"]);
    expect(["units", "2020"]).toContain(targets.records[0].name);
  });

  it("are a header where the user says so", () => {
    const content = `a,,\nregion,sales,units\n${sales}`;
    expect(refusal(content)).toContain("else say --header");
    expect(refusal(content, { header: true })).not.toContain("--skip-lines");
  });

  it.each([
    ["units", "region,sales,units\n,(EUR),(pcs)\n"],
    ["one unit", "region,sales,units\n,(EUR),\n"],
    ["types", "region,sales,units\ntext,integer,integer\n"],
  ])("below the header: %s", (_, head) => {
    const message = refusal(`${head}${sales}`);
    expect(message).toContain("data.csv: line 2 holds words where the lines below hold numbers");
    expect(message).toMatch(/\nthis works: sed 2d data\.csv \| propago train -$/);
  });

  it("further down: the header once more, as files put together have it", () => {
    const message = refusal(`region,sales,units\n${sales}region,sales,units\n${sales}region,sales,units\n${sales}`);
    expect(message).toContain("data.csv: lines 14, 27 are the header once more");
    expect(message).toMatch(/\nthis works: sed '14d;27d' data\.csv \| propago train -$/);
  });

  it("of several kinds are mended by one command", () => {
    const message = refusal(`Sales,,\nregion,sales,units\n,EUR,pcs\n${sales}region,sales,units\n${sales}`);
    expect(message).toMatch(/\nthis works: sed '3d;16d' data\.csv \| propago train - --skip-lines 1$/);
  });

  it.each([
    ["a first row without numbers", `region,sales,units\nN,,\n${sales}`],
    ["a first row with NA", `,sales,units\nN,NA,NA\n${sales}`],
    ["a word that comes again", `region,sales,units\nN,low,low\n${sales}S,low,low\n`],
  ])("are not %s", (_, content) => {
    const message = (() => {
      try {
        return learn(content).warnings.join("\n");
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(message).not.toMatch(/--skip-lines|sed /);
  });

  it("are rows where their words are missing values", () => {
    const content = `region,sales,units\nN,low,high\n${sales}`;
    expect(refusal(content)).toContain("line 2 holds words");
    expect(learn(content, { missingValues: ["low,high"] }).rows.length).toBe(12);
  });
});

describe("options that do not fit the table", () => {
  const iris = `sepal_length,sepal_width,species\n${flowers}`;

  it("--no-header above names", () => {
    const message = refusal(iris, { header: false }, "--no-header", "--epochs", "3");
    expect(message).toContain('data.csv:1 looks like the names of the columns ("sepal_length", "sepal_width")');
    expect(message).toContain("leave out --no-header");
    expect(message).toMatch(/\nthis works: propago train data\.csv --epochs 3$/);
    expect(learn(flowers, { header: false }).rows.length).toBe(30);
  });

  it("--task regression for words", () => {
    const message = refusal(iris, { task: "regression" }, "--task", "regression", "--seed=3");
    expect(message).toContain('target "species" holds words ("setosa", "virginica"); leave out --task regression');
    expect(message).toMatch(/\nthis works: propago train data\.csv --seed=3$/);
    expect(
      refusal(iris, { target: "species", task: "regression" }, "--task=regression", "--target", "species"),
    ).toMatch(/\nthis works: propago train data\.csv --target species$/);
    const { targets, rows } = learn(iris);
    expect([targets.records[0].name, rows.length]).toEqual(["species", 30]);
  });

  it("--task regression for a target of which a third is words", () => {
    const content = (words: number): string => `x,y\n${repeat(60, (i) => `${i / 4},${i % 6 < words ? "low" : (i * 7) % 60}\n`)}`; // prettier-ignore
    const flags = ["--task", "regression"];
    expect(refusal(content(2), { task: "regression" }, ...flags)).toContain("leave out --task regression");
    expect(refusal(content(1), { task: "regression" }, ...flags)).toMatch(/ --task regression --missing-values low$/);
  });

  it("--number for words: the column is left out, not emptied", () => {
    const content = `kind,x,y\n${repeat(20, (i) => `${["a", "b"][i % 2]},${i / 4},${(i * 7) % 13}.5\n`)}`;
    const message = refusal(content, { number: ["kind"] }, "--number", "kind");
    expect(message).not.toContain("--missing-values");
    expect(message).toMatch(/\nthis works: propago train data\.csv --number kind --ignore kind$/);
    expect(refusal(content, { number: ["kind"], target: "kind" })).toContain("leave it out of --number");
  });

  it("a second --target takes the place of the first", () => {
    const content = `x,power,kind\n${repeat(20, (i) => `${i / 4},${(i * 7) % 13}.5,${"abc"[i % 3]}\n`)}`;
    const message = refusal(content, { target: "power,kind" }, "--target", "power,kind", "--epochs", "9");
    expect(message).toMatch(/\nthis works: propago train data\.csv --epochs 9 --target power$/);
  });
});

describe("words among numbers", () => {
  it("that the target or another column uses are not offered as missing values", () => {
    const content = `a,b,y\n${repeat(40, (i) => `${i === 7 ? "no" : i * 1.5},${i % 3},${["yes", "no"][i % 2]}\n`)}`;
    const message = refusal(content);
    expect(message).not.toContain("--missing-values");
    expect(message).toMatch(/\nthis works: propago train data\.csv --text a$/);
  });

  it("that are few are missing values, also in the target", () => {
    const content = `a,y\n${repeat(40, (i) => `${i * 1.5},${i === 7 ? "lost" : i * 2.25}\n`)}`;
    expect(refusal(content)).toMatch(/\nthis works: propago train data\.csv --missing-values lost$/);
    expect(learn(content, { missingValues: ["lost"] }).rows.length).toBe(39);
  });

  it("that are long are not quoted in commands", () => {
    const numbers = Array.from({ length: 500 }, (_, i) => 400 + i).join(",");
    const content = `a,waves,y\n${repeat(40, (i) => `${i * 1.5},${i === 7 ? `"${numbers}"` : i * 3},${i * 2.5}\n`)}`;
    const message = refusal(content);
    expect(message.length).toBeLessThan(500);
    expect(message).toMatch(/column "waves": "400,401.* is not a number/);
    expect(message).toMatch(/\nthis works: propago train data\.csv --text waves$/);
  });

  it("that are numbers from 1e150 on are no usable ones, and the column is named", () => {
    const content = `a,big,y\n${repeat(40, (i) => `${i * 1.5},${i === 7 ? "1e200" : i * 3},${i * 2.5}\n`)}`;
    const message = refusal(content);
    expect(message).toContain('column "big": "1e200" is not a number (too large: 1e150 is the limit)');
    expect(message).toMatch(/\nthis works: propago train data\.csv --missing-values 1e200$/);
    expect(learn(content.replace("1e200", "9e149")).columns[1]).toMatchObject({ kind: "number", wide: true });
  });
});

describe("a first line of words", () => {
  const rows = repeat(40, (i) => `${"abc"[i % 3]},${["Rome", "Oslo"][(i >> 1) % 2]},${["no", "yes"][(i >> 2) % 2]}\n`);

  it("that come again below is a row, and told", () => {
    const { rows: used, columns, warnings } = learn(rows);
    expect([used.length, columns[0].name]).toEqual([40, "column_1"]);
    expect(warnings).toEqual([expect.stringContaining("line 1 holds words of the lines below it, so it was read as a row, as with --no-header; where it names the columns, say --header")]); // prettier-ignore
  });

  it.each([
    ["names", `kind,city,answer\n${rows}`],
    ["a name that is a cell too", `a,city,answer\n${rows}`],
    [
      "names of answers that repeat them",
      `x,y,z\n${repeat(40, (i) => `${i % 2 ? "x" : ""},${i % 3 ? "y" : ""},${i % 5 ? "z" : ""}\n`)}`,
    ],
  ])("is a header: %s", (_, content) => {
    expect(tableOf(content).hasHeader).toBe(true);
  });

  it("that stands below as a whole is a header, named", () => {
    const content = `kind,city,answer\n${rows}kind,city,answer\n${rows}`;
    expect(refusal(content)).toContain("line 42 is the header once more");
  });
});

describe("dates of months", () => {
  it.each([
    ["named", (i: number) => `${1980 + Math.floor(i / 12)} ${["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][i % 12]}`], // prettier-ignore
    ["first days", (i: number) => `${1980 + Math.floor(i / 12)}-${String(1 + (i % 12)).padStart(2, "0")}-01`],
    ["last days", (i: number) => new Date(Date.UTC(1980, i + 1, 0)).toISOString().slice(0, 10)],
  ])("have no weekdays: %s", (_, date) => {
    const { columns } = learn(`when,y\n${repeat(120, (i) => `${date(i)},${i / 2}\n`)}`);
    expect(columns[0]).toMatchObject({ kind: "date", parts: [{ part: "month" }] });
    expect((columns[0] as { parts: unknown[] }).parts.length).toBe(1);
  });
});

describe("columns that only number the rows", () => {
  it("come back where nothing else is there, and that is told", () => {
    const { columns, warnings } = learn(`rownames,price\n${repeat(30, (i) => `${i + 1},${(i * 7) % 11}.5\n`)}`);
    expect(columns.map(({ name }) => name)).toEqual(["rownames"]);
    expect(warnings).toEqual([
      'taken though row numbers or keys, since no other column can be learnt from: "rownames"',
    ]);
  });
});

describe("numbers that may mean a missing value", () => {
  const told = (code: (i: number) => string | undefined, other = (i: number): number => 17 + ((i * 7) % 61)): string =>
    learn(`age,y\n${repeat(60, (i) => `${code(i) ?? other(i)},${["a", "b"][i % 2]}\n`)}`).warnings.join("\n");

  it("are told, with the option that takes them for missing ones", () => {
    expect(told((i) => (i % 9 === 4 ? "-999" : undefined))).toBe(
      '-999 is far from all other numbers of "age" (7); where it means a missing value, say --missing-values=-999',
    );
    expect(told((i) => (i % 9 === 4 ? "9999" : undefined))).toContain("say --missing-values=9999");
    expect(told((i) => (i % 9 === 4 ? ["-998", "-999"][i % 2] : undefined))).toMatch(
      / are far .*--missing-values=-99\d,-99\d/,
    );
    const target = `x,y\n${repeat(60, (i) => `${(i * 7) % 61},${i % 9 === 4 ? -999 : i / 2}\n`)}`;
    expect(learn(target).warnings).toEqual([expect.stringContaining('-999 is far from all other numbers of "y" (7)')]);
    expect(learn(target, { missingValues: ["-999"] }).rows.length).toBe(53);
  });

  it.each<[string, (i: number) => string | undefined, ((i: number) => number)?]>([
    ["one outlier", (i) => (i === 4 ? "-999" : undefined)],
    ["numbers near the others", (i) => (i % 9 === 4 ? "99" : undefined)],
    ["zeros", (i) => (i % 9 === 4 ? "0" : undefined), (i) => 1000 + i],
    ["most of the numbers", (i) => (i % 2 ? "-999" : undefined)],
    ["the largest of numbers that grow", (i) => (i % 9 === 4 ? "16000" : undefined)],
    ["one of few numbers", (i) => (i % 9 === 4 ? "100" : undefined), (i) => 1 + (i % 5)],
    ["nothing special", () => undefined],
  ])("are not %s", (_, code, other) => {
    expect(told(code, other)).toBe("");
  });
});

describe("what is told of missing values", () => {
  it.each([
    ["numbers", (i: number) => `${i === 3 ? "" : i},${"ab"[i % 2]}`, "(numbers by the column's median)"],
    ["many numbers", (i: number) => `${i % 4 ? i : ""},${"ab"[i % 2]}`, "(numbers by the column's median with a second input that says where)"], // prettier-ignore
    ["words", (i: number) => `${i},${i === 3 ? "" : "ab"[i % 2]}`, "(words as a category of their own)"],
    ["both", (i: number) => `${i === 3 ? "" : i},${i === 3 ? "" : "ab"[i % 2]}`, "(numbers by the column's median, words as a category of their own)"], // prettier-ignore
  ])("is what applies: %s", (_, line, how) => {
    const { warnings } = learn(`p,q,y\n${repeat(40, (i) => `${line(i)},${i / 2}\n`)}`);
    expect(warnings.join()).toContain(how);
  });

  it("counts one as one", () => {
    expect(learn("a,y\n1,2.5\n2,3.5\n1,4.5\n").note).toContain("3 rows, 1 column; target");
    expect(learn("a,y\nr,2.5\n", { task: "regression" }).note).toContain("1 row, 1 column; target");
  });
});

describe("numbers with two readings", () => {
  it.each([
    [",", '"5,381"', ".", ","],
    [";", "5,381", ",", "."],
  ])("between %j: both commands are offered, the likelier first", (delimiter, cell, first, second) => {
    const content = `a,b,y\n`.replaceAll(",", delimiter) + repeat(9, (i) => [i, cell.replace("1", String(i)), i % 2].join(delimiter) + "\n"); // prettier-ignore
    expect(refusal(content, { task: "classification" })).toMatch(
      new RegExp(
        `\nthis works: propago train data\\.csv --decimal [${first}]` +
          `\nso does this, with the other reading: propago train data\\.csv --decimal [${second}]$`,
      ),
    );
  });
});

describe("what is told of a target", () => {
  const told = (content: string, flags: TableFlags = {}): string => learn(content, flags).warnings.join("\n");

  it("that its classes are uneven, unless the user has said what becomes of that", () => {
    const content = `x,y\n${repeat(200, (i) => `${(i * 7) % 13},${i % 40 ? "no" : "yes"}\n`)}`;
    expect(told(content)).toContain("--optimize f1");
    expect(told(content, { classWeights: "balanced" })).toBe("");
    expect(told(content, { optimize: "f1" })).toBe("");
    const three = `x,y\n${repeat(200, (i) => `${(i * 7) % 13},${i % 40 ? "no" : i % 80 ? "yes" : "perhaps"}\n`)}`;
    expect(told(three)).toContain("uneven");
    expect(told(three)).not.toContain("--optimize");
  });

  it("not that counts are uneven classes", () => {
    const content = `x,y\n${repeat(200, (i) => `${(i * 7) % 13},${i % 40 ? i % 2 : 5}\n`)}`;
    expect(told(content)).toBe('target "y" holds 3 different whole numbers, taken for classes; --task regression predicts a number'); // prettier-ignore
    expect(told(content, { task: "classification" })).toContain("uneven");
  });

  it("that whole numbers were taken for numbers only where they are few", () => {
    const content = (values: number): string => `x,y\n${repeat(100, (i) => `${(i * 7) % 13},${i % values}\n`)}`;
    expect(told(content(12))).toContain("--task classification");
    expect(told(content(13))).toBe("");
  });

  it("how its numbers were read", () => {
    const euros = `x,y\n${repeat(20, (i) => `${(i * 7) % 13},"1.0${i + 10},37 €"\n`)}`;
    expect(told(euros)).toContain('read as numbers without "€": "y"; --text y takes it as words');
    expect(told(euros)).toContain(
      'read with "." between thousands and a decimal comma: "y"; --decimal . says otherwise',
    );
    expect(learn(euros).targets).toMatchObject({ values: { 0: 1010.37 } });
    const dollars = `x,y\n${repeat(20, (i) => `${(i * 7) % 13},"$1,0${i + 10},370.53"\n`)}`;
    expect(told(dollars)).toContain('read as numbers without "$": "y"');
    expect(told(dollars)).toContain('read with "," between thousands: "y"');
  });
});

describe("a model's tables", () => {
  const isMissing = missingTest();

  it("hold no unseen categories where training gathered these", () => {
    const cities = repeat(200, (i) => `${i % 20 ? ["Rome", "Oslo"][i % 2] : `town ${i}`},${i / 2}\n`);
    const { columns } = learn(`city,y\n${cities}`);
    expect(columns[0]).toMatchObject({ categories: ["Oslo", "Rome"], other: true });
    const saved = JSON.parse(JSON.stringify(columns)) as Column[];
    expect(saved.every(isColumn)).toBe(true);
    const again = (content: string, unknown?: "error") => encodeRows(tableOf(content), saved, { isMissing, unknown, expected: ["y"] }); // prettier-ignore
    expect(again(`city,y\n${cities}`).warnings).toEqual([]);
    expect(again(`city,y\n${cities}`, "error").rows).toBe(200);
    const other = again("city\ntown 40\nParis\n");
    expect([...other.data]).toEqual([0, 0, 1, 0, 0, 1]);
    expect(other.warnings).toEqual([expect.stringContaining('"city" (1 cell, first line 3 "Paris")')]);
    expect(failure(() => again("city\nParis\n", "error"))).toMatchObject({ code: "ERR_DATA" });
    expect(isColumn({ ...columns[0], gathered: ["x"] })).toBe(false);
  });
});

describe("files that are no text", () => {
  const latin = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const zip = (name: string, content = ""): string => `PK\x03\x04\x14\0\0\0\0\0${"\0".repeat(16)}${String.fromCharCode(name.length)}\0\0\0${name}${content}\x01\x02`; // prettier-ignore

  it.each([
    [zip("[Content_Types].xml"), "an Excel workbook (.xlsx), not a CSV file; save the sheet as CSV"],
    [zip("xl/workbook.xml"), "an Excel workbook (.xlsx)"],
    [zip("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), "an OpenDocument spreadsheet (.ods)"],
    [zip("data.csv", "a,b"), "a zip archive, not a CSV file; unpack it first"],
    ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an Excel workbook (.xls)"],
    ["PAR1\x15\x04\0", "a Parquet file"],
    ["%PDF-1.7\n%\xe2\xe3\n", "a PDF document"],
    ["SQLite format 3\0\x10\0", "an SQLite database"],
    ["\x89HDF\r\n\x1a\n", "an HDF5 file"],
    ["\x93NUMPY\x01\0", "a NumPy array"],
    ["BZh91AY&SY\x01", "packed with bzip2"],
    ["X\n\0\0\0\x03", "R data (.rds)"],
  ])("%j is named", (content, what) => {
    const error = failure(() => parseTable(latin(content), "data.csv"));
    expect(error).toMatchObject({ code: "ERR_CSV", message: expect.stringContaining(`data.csv is ${what}`) });
  });

  it.each(["ORC,y\n1,2\n", "BZh,y\n1,2\n", "PAR1,y\n1,2\n", "GIF8,y\n1,2\n"])("%j is a table", (content) => {
    expect(parseTable(latin(content), "data.csv").columns[1]).toBe("y");
  });
});
