// Tables for scripts: every format gives the values that its file holds, the reader of bytes reads what the reader of texts
// reads, estimators and networks take tables, and damaged files end in an error of ours.
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { describe, expect, it } from "vitest";
import { missingTest } from "../../src/columns/missing.ts";
import { parseTable, readCsv } from "../../src/files/csv.ts";
import { tableOfBytes } from "../../src/files/table-bytes.ts";
import { toArrays } from "../../src/files/table-arrays.ts";
import { tableBatches } from "../../src/files/table-batches.ts";
import { readTable } from "../../src/files/tables.ts";
import { Classifier, dense, Network, PropagoError, Regressor } from "../../src/node.ts";
import { root } from "../../scripts/root.ts";
import { rejection } from "../failure.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const folder = mkdtempSync(join(tmpdir(), "propago-tables-"));

/** Numbers without pattern, the same each time. */
function draws(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** 60 rows of two classes, as objects. */
const draw = draws(1);
const rows = Array.from({ length: 60 }, (_, i) => {
  const kind = i % 2 === 0 ? "early" : "late";
  return { size: Math.round(1000 * draw()) / 100 + (i % 2) * 20, hue: ["red", "green", "blue"][i % 3], kind };
});

async function* pieces(content: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < content.length; at += length) yield content.subarray(at, at + length);
}

describe("one table in all formats", () => {
  const csv = ["size,hue,kind", ...rows.map(({ size, hue, kind }) => `${size},${hue},${kind}`)].join("\n");
  const columns = {
    size: rows.map(({ size }) => size),
    hue: rows.map(({ hue }) => hue),
    kind: rows.map(({ kind }) => kind),
  };
  const parquet = parquetWriteBuffer({
    columnData: [
      { name: "size", data: columns.size, type: "DOUBLE" },
      { name: "hue", data: columns.hue, type: "STRING" },
      { name: "kind", data: columns.kind, type: "STRING" },
    ],
  });
  const arrow = (format: "file" | "stream") => tableToIPC(tableFromArrays(columns), { format })!; // prettier-ignore
  const all: Record<string, Uint8Array> = {
    "a.csv": bytes(csv),
    "a.tsv": bytes(csv.replaceAll(",", "\t")),
    "a.jsonl": bytes(rows.map((row) => JSON.stringify(row)).join("\n")),
    "a.parquet": new Uint8Array(parquet),
    "a.arrow": arrow("file"),
    "a.arrows": arrow("stream"),
  };

  it.each(Object.keys(all))("%s has the values, from bytes, a path, a Blob and streams", async (name) => {
    const path = join(folder, name);
    writeFileSync(path, all[name]);
    const file = all[name] as Uint8Array<ArrayBuffer>;
    const sources = [file, path, new Blob([file]), new Blob([file]).stream(), pieces(file, 7)];
    for (const source of sources) {
      const table = await readTable(source as Uint8Array, { name });
      expect(table.rows).toBe(60);
      expect(table.names).toEqual(["size", "hue", "kind"]);
      expect([...(table.column("size").values as Float64Array)]).toEqual(columns.size);
      expect(table.column("hue")).toMatchObject({ type: "text", missing: 0, values: columns.hue });
      expect({ ...table.row(7) }).toEqual(rows[7]);
    }
  });

  it("becomes the same arrays and the same model", async () => {
    const tables = await Promise.all(Object.entries(all).map(([name, file]) => readTable(file, { name })));
    const [first, ...others] = tables.map((table) => toArrays(table, { target: "kind" }));
    expect(first.names).toEqual(["size", "hue=blue", "hue=green", "hue=red"]);
    expect(first.classes).toEqual(["early", "late"]);
    for (const { x, y } of others) expect({ x, y }).toEqual({ x: first.x, y: first.y });
    const { training, test } = tables[0].split({ fraction: 0.25, stratify: "kind" });
    expect([training.rows, test.rows]).toEqual([45, 15]);
    const classifier = new Classifier({ effort: "quick" });
    await classifier.fit(training, { target: "kind" });
    expect(classifier.score(test)).toBeGreaterThan(0.9);
    const read = Classifier.fromJSON(JSON.parse(JSON.stringify(classifier)));
    for (const table of tables) expect(read.predict(table)).toEqual(classifier.predict(tables[0]));
    const plain = new Classifier({ effort: "quick" });
    plain.fitSync([[1], [2], [30], [31]], ["a", "a", "b", "b"]);
    expect(() => plain.predict(test)).toThrow(/has learnt from arrays/);
  });

  it("trains a regressor and a network, scaled as the first table was", async () => {
    const table = await readTable(all["a.parquet"]);
    const regressor = new Regressor({ effort: "quick" });
    await regressor.fit(table, { target: "size", ignore: ["hue"] });
    expect(regressor.score(table)).toBeGreaterThan(0.5);
    const arrays = toArrays(table, { target: "kind", scale: true });
    const mean = Array.from(arrays.x.data).reduce((sum, value, i) => sum + (i % 4 === 0 ? value : 0), 0) / 60;
    expect(Math.abs(mean)).toBeLessThan(1e-6);
    const network = new Network({ inputs: 4, layers: [dense(2, "softmax")] });
    network.fitSync({ x: arrays.x, y: arrays.y as Int32Array }, { epochs: 2 });
    const one = toArrays(table.slice(3, 4), { like: arrays });
    expect([...one.x.data]).toEqual([...arrays.x.data.slice(12, 16)]);
    expect(await rejection(readTable(join(folder, "none.csv")))).toMatchObject({ code: "ERR_IO" });
  });

  it("cut off anywhere, or with a byte changed, is a table or an error of ours", () => {
    const random = draws(7);
    for (const [name, file] of Object.entries(all)) {
      const tries = Array.from({ length: 60 }, () => file.slice(0, Math.floor(random() * file.length)));
      for (let i = 0; i < 60; i++) {
        const changed = file.slice();
        changed[Math.floor(random() * file.length)] = Math.floor(random() * 256);
        tries.push(changed);
      }
      for (const content of tries) {
        const began = performance.now();
        try {
          const table = tableOfBytes(content, name);
          for (let place = 0; place < table.columns.length; place++) table.cell(table.rows - 1, place);
        } catch (error) {
          expect(error, `${name}: ${String((error as Error).stack)}`).toBeInstanceOf(PropagoError);
        }
        expect(performance.now() - began).toBeLessThan(5000);
      }
    }
  });
});

describe("a large CSV file", () => {
  const random = draws(3);
  const number = () => {
    const kind = Math.floor(9 * random());
    const value = (random() - 0.5) * 1000;
    if (kind === 0) return "";
    if (kind === 1) return value.toFixed(3);
    if (kind === 2) return String(Math.round(value));
    if (kind === 3) return value.toExponential(6);
    if (kind === 4) return `"${value.toFixed(2)}"`;
    if (kind === 5) return (value / 1e3).toFixed(17);
    return String(value);
  };
  const words = ["red", "green", 'a ""quoted"" one', "two\nlines", "größer", "NA"];
  const line = () => [number(), number(), `"${words[Math.floor(6 * random())]}"`, Math.floor(random() * 5)].join(",");
  const content = bytes(`a,b,"word, quoted",n\n${Array.from({ length: 40_000 }, line).join("\n")}\n`);

  it("is read in pieces of any length as it is read as a text", async () => {
    const whole = parseTable(content, "large.csv");
    for (const length of [1 << 20, 65_537]) {
      const table = await readCsv({ name: "large.csv", pieces: pieces(content, length) });
      expect(table.plain, "read from bytes").toBeDefined();
      expect([table.rows, table.columns]).toEqual([whole.rows, whole.columns]);
      const numbers = table.plain?.(0, missingTest())?.values;
      let wrong = 0;
      for (let row = 0; row < whole.rows; row++) {
        const text = whole.cell(row, 0).trim();
        const value = numbers?.[row] ?? NaN;
        if (text === "" ? !Number.isNaN(value) : value !== Number(text)) wrong += 1;
        if (table.cell(row, 2) !== whole.cell(row, 2).trim() || table.cell(row, 3) !== whole.cell(row, 3)) wrong += 1;
        if (table.lineOf(row) !== whole.lineOf(row)) wrong += 1;
      }
      expect(wrong).toBe(0);
    }
  });

  it("with a line that does not fit is refused by its number", async () => {
    const broken = bytes(`${new TextDecoder().decode(content)}1,2,3\n`);
    const error = await rejection(readCsv({ name: "large.csv", pieces: pieces(broken, 1 << 20) }));
    expect(error).toMatchObject({ code: "ERR_CSV" });
    expect((error as Error).message).toMatch(/large\.csv:\d+ has 3 fields, the header has 4/);
  });

  it("is trained on in batches, the same in each epoch", async () => {
    const path = join(folder, "large.csv");
    writeFileSync(path, content);
    const batches = await tableBatches(path, { target: "n", task: "classification" });
    expect(batches).toMatchObject({ rows: 40_000, classes: [0, 1, 2, 3, 4] });
    const sums: number[] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      let [count, sum] = [0, 0];
      for await (const { x, y } of batches) {
        count += x.shape[0];
        sum +=
          Array.from(x.data).reduce((all, value) => all + value, 0) +
          (y as Int32Array).reduce((all, value) => all + value, 0);
      }
      expect(count).toBe(40_000);
      sums.push(sum);
    }
    expect(sums[1]).toBe(sums[0]);
    const arrays = toArrays(await readTable(path), { like: batches.reader });
    const first = (await batches[Symbol.asyncIterator]().next()).value as { x: { data: Float32Array } };
    expect([...first.x.data.subarray(0, 40)]).toEqual([...arrays.x.data.subarray(0, 40)]);
  });
});

describe("files with types", () => {
  it("lose no digit, and name what is no column", async () => {
    const table = await readTable(bytes('{"id":12345678901234567890,"b":true}\n{"id":7,"b":null}\n'), {
      name: "a.jsonl",
    });
    expect(table.column("id").values).toEqual(["12345678901234567890", "7"]);
    expect(table.column("b")).toMatchObject({ type: "boolean", missing: 1, values: [true, null] });
    const nested = bytes('{"a":1,"list":[1]}\n{"a":2,"list":[]}\n');
    expect(await rejection(readTable(nested, { name: "a.jsonl" }))).toMatchObject({
      code: "ERR_UNSUPPORTED",
      message: expect.stringContaining('column "list" on line 1 holds an array') as string,
    });
    expect((await readTable(nested, { name: "a.jsonl", ignore: ["list"] })).names).toEqual(["a"]);
    expect(await rejection(readTable(bytes('{"a":1}\n{"a":\n'), { name: "a.jsonl" }))).toMatchObject({
      code: "ERR_CSV",
    });
  });

  const shared = join(root, "../shared/data/files");
  it.skipIf(!existsSync(shared))("of other people hold what they should", async () => {
    let read = 0;
    for (const kind of ["csv", "parquet", "arrow"]) {
      for (const name of readdirSync(join(shared, kind)).filter((entry) => !entry.includes("."))) {
        const expected = JSON.parse(readFileSync(join(shared, kind, `${name}.expected.json`), "utf8")) as Expected;
        for (const file of readdirSync(join(shared, kind, name)).filter((entry) => !/\.json(\.gz)?$/.test(entry))) {
          read += await check(join(shared, kind, name, file), file, expected);
        }
      }
    }
    expect(read).toBeGreaterThan(15);
  });
});

interface Expected {
  name: string;
  status: string;
  rows?: unknown;
  columns?: { name: string; nulls: number; sum?: number; arrowType?: string }[];
  files?: Record<string, { columns?: { name: string; nulls: number; sum?: number; type?: string }[] }>;
}

/** Reads a file, and compares its columns with what other readers have found. */
async function check(path: string, file: string, { name, status, columns, files }: Expected): Promise<number> {
  let table;
  try {
    table = await readTable(path, { ignore: name === "datapage_v2" ? ["e"] : [] });
  } catch (error) {
    expect(error, file).toBeInstanceOf(PropagoError);
    expect(status, `${file}: ${(error as Error).message}`).toBe("refuse");
    return 1;
  }
  for (const expected of columns ?? files?.[file]?.columns ?? []) {
    if (!table.names.includes(expected.name)) continue;
    const { values, type, missing } = table.column(expected.name);
    if (type === "number" && expected.sum !== undefined) {
      const sum = (values as Float64Array).reduce((all, value) => all + (Number.isNaN(value) ? 0 : value), 0);
      expect(Math.abs(sum - expected.sum), `${file} ${expected.name}`).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected.sum))); // prettier-ignore
    }
    if (!/binary/i.test(expected.name)) expect(missing, `${file} ${expected.name}`).toBe(expected.nulls);
  }
  return 1;
}
