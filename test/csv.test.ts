// Reading tables: what is accepted, and one test for each kind of file that is refused.
import { describe, expect, it } from "vitest";
import { parseTable } from "../src/files/csv.ts";
import { parseNumber } from "../src/columns/numbers.ts";
import { failure } from "./failure.ts";
import type { Table } from "../src/data/table.ts";

const table = (content: string | Uint8Array, delimiter?: string): Table =>
  parseTable(typeof content === "string" ? new TextEncoder().encode(content) : content, "data.csv", { delimiter });

/** All cells of a table. */
const cellsOf = ({ rows, columns, cell }: Table): string[][] =>
  Array.from({ length: rows }, (_, row) => columns.map((_, column) => cell(row, column)));

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe("what is read", () => {
  it("gives columns, rows and the lines on which rows begin", () => {
    const read = table('a,b\n1,"x\ny"\n2,z\n\n3,w\n');
    expect(read.columns).toEqual(["a", "b"]);
    expect(cellsOf(read)).toEqual([
      ["1", "x\ny"],
      ["2", "z"],
      ["3", "w"],
    ]);
    expect([0, 1, 2].map((row) => read.lineOf(row))).toEqual([2, 4, 6]);
    expect(read.delimiter).toBe(",");
  });

  it.each([
    ["a byte order mark", "\ufeffa,b\n1,2\n3,4\n"],
    ["CRLF", "a,b\r\n1,2\r\n3,4\r\n"],
    ["CR only", "a,b\r1,2\r3,4\r"],
    ["mixed line ends", "a,b\r\n1,2\n3,4\r"],
    ["no final line end", "a,b\n1,2\n3,4"],
    ["blank lines", "\na,b\n\n1,2\n  \n3,4\n\n"],
    ["quotes", '"a","b"\n"1","2"\n3,4\n'],
    ["semicolons", "a;b\n1;2\n3;4\n"],
    ["tabs", "a\tb\n1\t2\n3\t4\n"],
    ["bars", "a|b\n1|2\n3|4\n"],
  ])("%s makes no difference", (_, content) => {
    const read = table(content);
    const { columns } = read;
    const rows = cellsOf(read);
    const expected = [
      ["1", "2"],
      ["3", "4"],
    ];
    expect({ columns, rows }).toEqual({ columns: ["a", "b"], rows: expected });
  });

  it("keeps delimiters and doubled quotes inside quoted fields", () => {
    expect(cellsOf(table('a,b\n"x, ""y""",2\n'))).toEqual([['x, "y"', "2"]]);
  });

  it("takes a comma inside every cell of a semicolon table for what it is", () => {
    expect(cellsOf(table("a;b\n1,5;2\n2,5;3\n"))[0]).toEqual(["1,5", "2"]);
  });

  it("works with columns that are named like parts of objects, or not at all", () => {
    const read = table("__proto__,constructor,toString,\n1,2,3,4\n");
    expect(read.columns).toEqual(["__proto__", "constructor", "toString", ""]);
    expect(cellsOf(read)).toEqual([["1", "2", "3", "4"]]);
    expect(({} as Record<string, unknown>)["1"]).toBeUndefined();
  });

  it("reads a single column", () => {
    expect(cellsOf(table("a\n1\n2\n"))).toEqual([["1"], ["2"]]);
  });
});

describe("what is refused", () => {
  it.each([
    ["an empty file", "", "ERR_DATA", "is empty"],
    ["only blank lines", "\n \n\r\n", "ERR_DATA", "is empty"],
    ["a header only", "a,b\n", "ERR_DATA", "data.csv has a header but no rows"],
    ["a ragged line", "a,b,c\n1,2,3\n4,5\n", "ERR_CSV", "data.csv:3 has 2 fields, the header has 3"],
    ["a line that is too long", "a,b\n1,2\n\n3,4,5\n", "ERR_CSV", "data.csv:4 has 3 fields, the header has 2"],
    ["an open quote", 'a,b\n1,2\n3,"4\n5,6\n', "ERR_CSV", "data.csv:3 quote opened here is never closed"],
    ["text after a quote", 'a,b\n1,2\n"3"x,4\n', "ERR_CSV", "data.csv:3 quoted field goes on"],
    ["two delimiters that fit", "a;x,b\n1;2,3\n", "ERR_CSV", "--delimiter"],
    ["a field beyond the cap", `a,b\n1,${"x".repeat(1_000_001)}\n`, "ERR_CSV", "data.csv:2 has a field of 1000001"],
  ])("%s", (_, content, code, message) => {
    expect(failure(() => table(content))).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it.each([
    ["UTF-16LE", Uint8Array.of(0xff, 0xfe, 0x61, 0x00), "UTF-16LE; save it as UTF-8"],
    ["UTF-16BE", Uint8Array.of(0xfe, 0xff, 0x00, 0x61), "UTF-16BE; save it as UTF-8"],
    ["UTF-16 without a mark", Uint8Array.of(0x61, 0x00, 0x2c, 0x00), "looks binary (byte 1 = 0x00)"],
    ["Latin-1", latin1("a,b\n1,caf\xe9\n"), "data.csv:2 is not UTF-8 (byte 9 = 0xe9)"],
    ["an overlong sequence", latin1("a,\xc0\xaf\n"), "(byte 2 = 0xc0)"],
    ["a surrogate", latin1("ab\xed\xa0\x80\n"), "(byte 2 = 0xed)"],
    ["a sequence cut off", latin1("abc\xe2\x82"), "(byte 3 = 0xe2)"],
    ["a PNG", latin1("\x89PNG\r\n\x1a\n\0\0"), "is a picture, not"],
    ["a zip file", latin1("PK\x03\x04"), "is a zip archive"],
    ["NUL far inside", latin1(`a,b\n${"1,2\n".repeat(20_000)}1,\0\n`), "looks binary (byte 80006 = 0x00)"],
  ])("%s", (_, bytes, message) => {
    expect(failure(() => table(bytes))).toMatchObject({ code: "ERR_CSV", message: expect.stringContaining(message) });
  });

  it("lets --delimiter decide where two fit", () => {
    expect(table("a;x,b\n1;2,3\n", ";").columns).toEqual(["a", "x,b"]);
  });
});

describe("numbers", () => {
  it.each([
    ["0", 0],
    ["-1.5", -1.5],
    ["+2", 2],
    [".5", 0.5],
    ["5.", 5],
    ["1e3", 1000],
    ["1E-3", 0.001],
    [" 7 ", 7],
    ["007", 7],
    ["inf", Infinity],
    ["-Infinity", -Infinity],
    ["NaN", NaN],
  ])("%s is a number", (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  it.each(["", " ", "12abc", "0x10", "1_000", "1,5", "١٢", "--5", "+-5", "1e999", "1e", "e5", ".", "1 2", "0b1", "1n"])(
    "%j is none",
    (text) => {
      expect(parseNumber(text)).toBeUndefined();
    },
  );
});
