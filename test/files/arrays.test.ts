// NPY, NPZ, IDX, gzip, zip and raw bytes: values of files by other people, every way in which one can be malformed, and
// what damage may do.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { crc32 as zlibCrc32, deflateRawSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readIdx, readRaw, writeIdx } from "../../src/files/idx.ts";
import { crc32 } from "../../src/files/inflate.ts";
import { DEFAULT_LIMITS } from "../../src/files/limits.ts";
import { readNpy, readNpz, writeNpy, writeNpz } from "../../src/files/npy.ts";
import { failure } from "../failure.ts";
import { attack, expectations, hasSharedFiles, randomFrom, sharedBytes } from "./harness.ts";

/** An NPY file with this header. */
function npy(header: string, data: ArrayLike<number> = [], version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    version,
    0,
    ...length,
    ...text,
    ...Array.from(data),
  ]);
}

function header(descr: string, shape: string, fortran = "False"): string {
  return `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
}

interface ZipEntry {
  name: string;
  content: Uint8Array;
  /** DEFLATE instead of stored. */
  deflate?: boolean;
  /** Said instead of the truth. */
  size?: number;
  crc?: number;
  flags?: number;
  offset?: number;
  method?: number;
}

/** A zip archive, which may lie; written here so that the reader is not tested against our own writer alone. */
function zip(entries: ZipEntry[], { zip64 = false, comment = "" } = {}): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const body = entry.deflate ? deflateRawSync(entry.content) : Buffer.from(entry.content);
    const method = entry.method ?? (entry.deflate ? 8 : 0);
    const crc = entry.crc ?? zlibCrc32(entry.content);
    const size = entry.size ?? entry.content.length;
    const wide = Buffer.alloc(zip64 ? 28 : 0);
    if (zip64) {
      wide.writeUInt16LE(1, 0);
      wide.writeUInt16LE(24, 2);
      for (const [i, value] of [size, body.length, entry.offset ?? at].entries())
        wide.writeBigUInt64LE(BigInt(value), 4 + 8 * i);
    }
    const common = (central: boolean) => {
      const fields = Buffer.alloc(central ? 46 : 30);
      let place = fields.writeUInt32LE(central ? 0x02014b50 : 0x04034b50, 0);
      if (central) place = fields.writeUInt16LE(45, place);
      for (const value of [45, entry.flags ?? 0, method, 0, 0]) place = fields.writeUInt16LE(value, place);
      place = fields.writeUInt32LE(crc, place);
      place = fields.writeUInt32LE(zip64 ? 0xffffffff : body.length, place);
      place = fields.writeUInt32LE(zip64 ? 0xffffffff : size, place);
      place = fields.writeUInt16LE(name.length, place);
      fields.writeUInt16LE(wide.length, place);
      if (central) fields.writeUInt32LE(zip64 ? 0xffffffff : (entry.offset ?? at), 42);
      return fields;
    };
    parts.push(common(false), name, wide, body);
    directory.push(common(true), name, wide);
    at += 30 + name.length + wide.length + body.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length & 0xffff, 8);
  end.writeUInt16LE(entries.length & 0xffff, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return new Uint8Array(Buffer.concat([...parts, ...directory, end, Buffer.from(comment)]));
}

const floats = writeNpy({ data: Float32Array.of(1.5, -2, 3, 4, 5, 6), shape: [2, 3] });

/** Reads with the name that messages use in these tests. */
const asNpy = (bytes: Uint8Array) => readNpy(bytes, { name: "a.npy" });
const asNpz = (bytes: Uint8Array) => readNpz(bytes, { name: "a.npz" });
const asIdx = (bytes: Uint8Array) => readIdx(bytes, { name: "a.idx" });

describe("NPY", () => {
  test.each([
    ["|b1", [0, 1, 1], [0, 1, 1]],
    ["|u1", [0, 255, 7], [0, 255, 7]],
    ["|i1", [0, 255, 128], [0, -1, -128]],
    ["<u2", [1, 0, 0, 1, 255, 255], [1, 256, 65535]],
    [">u2", [0, 1, 1, 0, 255, 255], [1, 256, 65535]],
    ["<i2", [255, 255, 0, 128, 1, 0], [-1, -32768, 1]],
    [">i4", [0, 0, 0, 1, 255, 255, 255, 254, 128, 0, 0, 0], [1, -2, -(2 ** 31)]],
    ["<u4", [255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 128], [2 ** 32 - 1, 1, 2 ** 31]],
    ["<i8", [254, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], [-2, 2 ** 32, 1]],
    [">u8", [0, 31, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0], [2 ** 53 - 1, 7, 0]],
    ["<f2", [0, 60, 0, 252, 1, 0], [1, -Infinity, 2 ** -24]],
    [">f2", [192, 0, 123, 255, 124, 1], [-2, 65504, NaN]],
    [">f4", [63, 128, 0, 0, 192, 32, 0, 0, 127, 128, 0, 0], [1, -2.5, Infinity]],
    [">f8", [63, 240, 0, 0, 0, 0, 0, 0, 191, 240, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], [1, -1, 5e-324]],
  ])("reads %s", (descr, bytes, values) => {
    const read = asNpy(npy(header(descr, "(3,)"), bytes));
    expect(Array.from(read.data as Float64Array)).toEqual(values);
    expect(read).toMatchObject({ shape: [3], dtype: descr });
  });

  test("reads texts", () => {
    expect(asNpy(npy(header("<U2", "(2,)"), [97, 0, 0, 0, 0xe4, 0, 0, 0, 98, 0, 0, 0, 0, 0, 0, 0])).data).toEqual([
      "aä",
      "b",
    ]);
    expect(asNpy(npy(header("|S3", "(2,)"), [97, 98, 0, 99, 0, 0])).data).toEqual(["ab", "c"]);
  });

  test("turns Fortran order into rows", () => {
    const read = asNpy(npy(header("|u1", "(2, 3, 2)", "True"), [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]));
    expect([...(read.data as Uint8Array)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test("reads a header of any spacing and order, versions 2 and 3, and Python 2's long numbers", () => {
    const odd = `{ "shape" :( 2L , ),'fortran_order':False ,'descr':"|u1"}`;
    for (const version of [1, 2, 3]) expect([...(asNpy(npy(odd, [8, 9], version)).data as Uint8Array)]).toEqual([8, 9]);
    expect(asNpy(npy(header("<f8", "()"), new Uint8Array(8))).shape).toEqual([]);
    expect(asNpy(npy(header("<f8", "(0, 5)"))).data).toHaveLength(0);
  });

  test("takes numbers where they stand, and moves them where they must be", () => {
    const moved = new Uint8Array(floats.length + 1);
    moved.set(floats, 1);
    for (const bytes of [floats, moved.subarray(1)]) {
      expect(Array.from(asNpy(bytes).data as Float32Array)).toEqual([1.5, -2, 3, 4, 5, 6]);
    }
    expect((asNpy(floats).data as Float32Array).buffer).toBe(floats.buffer);
  });

  test.each<[string, Uint8Array, string, RegExp]>([
    ["no bytes", new Uint8Array(0), "ERR_FORMAT", /^a\.npy: it has 0 bytes, an NPY file at least 10$/],
    ["another file", new Uint8Array(100), "ERR_FORMAT", /does not begin as NPY does/],
    ["version 4", npy(header("<f4", "()"), [0, 0, 0, 0], 4), "ERR_FORMAT", /version is 4\.0/],
    [
      "a header that is longer than the file",
      npy(header("<f4", "()")).slice(0, 20),
      "ERR_FORMAT",
      /the header at byte 10 needs \d+ bytes, 10/,
    ],
    ["an object array", npy(header("|O", "(1,)"), [1]), "ERR_UNSUPPORTED", /pickle/],
    ["complex numbers", npy(header("<c8", "(1,)"), new Uint8Array(8)), "ERR_UNSUPPORTED", /complex/],
    ["dates", npy(header("<M8", "(1,)"), new Uint8Array(8)), "ERR_UNSUPPORTED", /dates/],
    ["dates with a unit", npy(header("<M8[D]", "(1,)"), new Uint8Array(8)), "ERR_FORMAT", /no dtype/],
    ["raw bytes", npy(header("|V8", "(1,)"), new Uint8Array(8)), "ERR_UNSUPPORTED", /structured/],
    [
      "columns",
      npy("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,)}", [1, 0, 0, 0]),
      "ERR_UNSUPPORTED",
      /structured/,
    ],
    ["an unknown dtype", npy(header("<f3", "(1,)"), [1, 0, 0]), "ERR_UNSUPPORTED", /"<f3"/],
    ["extended precision", npy(header("<f16", "(1,)"), new Uint8Array(16)), "ERR_UNSUPPORTED", /float64/],
    ["a negative size", npy(header("<f4", "(-1,)")), "ERR_FORMAT", /no size in its shape .* at byte 6\d$/],
    ["a shape that is a number", npy(header("<f4", "(4)"), new Uint8Array(16)), "ERR_FORMAT", /no tuple/],
    [
      "code in the header",
      npy("{'descr': __import__('os').name, 'fortran_order': False, 'shape': ()}"),
      "ERR_FORMAT",
      /no text in quotes/,
    ],
    ["a header that is no dictionary", npy("['<f4', False, ()]"), "ERR_FORMAT", /no "\{"/],
    ["a key too many", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}"), "ERR_FORMAT", /key "x"/],
    [
      "a key twice",
      npy("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': ()}"),
      "ERR_FORMAT",
      /second time/,
    ],
    ["a key missing", npy("{'descr': '<f4', 'shape': ()}", [0, 0, 0, 0]), "ERR_FORMAT", /no "fortran_order"/],
    [
      "text behind the header",
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()} + 1"),
      "ERR_FORMAT",
      /behind its end/,
    ],
    ["a byte too few", floats.slice(0, -1), "ERR_FORMAT", /23 bytes follow the header, 2×3 of "<f4" needs 24/],
    ["a byte too many", Uint8Array.from([...floats, 0]), "ERR_FORMAT", /25 bytes follow/],
    ["a huge shape", npy(header("<f8", "(1000000, 1000000)")), "ERR_FORMAT", /limits\.elements/],
    ["nine dimensions", npy(header("|u1", "(1,1,1,1,1,1,1,1,1)"), [1]), "ERR_FORMAT", /limits\.rank/],
    ["texts of no length", npy(header("<U0", "(1000000000,)")), "ERR_FORMAT", /no room/],
    ["a character that does not exist", npy(header("<U1", "(1,)"), [0, 0, 255, 0]), "ERR_FORMAT", /16711680/],
    [
      "an integer above 2^53",
      npy(header("<i8", "(1,)"), [1, 0, 0, 0, 0, 0, 32, 0]),
      "ERR_RANGE",
      /value 0 is 9007199254740993/,
    ],
  ])("refuses %s", (_, bytes, code, message) => {
    expect(failure(() => asNpy(bytes))).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("holds its limits exactly", () => {
    const read = (elements: number) => readNpy(floats, { limits: { elements } });
    expect(read(6).data).toHaveLength(6);
    expect(failure(() => read(5))).toMatchObject({
      code: "ERR_FORMAT",
      message: expect.stringContaining("limits.elements"),
    });
    expect(readNpy(floats, { limits: { fileBytes: floats.length } }).shape).toEqual([2, 3]);
    expect(failure(() => readNpy(floats, { limits: { fileBytes: floats.length - 1 } }))).toMatchObject({
      code: "ERR_FORMAT",
    });
    expect(failure(() => readNpy(floats, { limits: { bytes: 1 } as object }))).toMatchObject({ code: "ERR_CONFIG" });
    expect(failure(() => readNpy("x" as any))).toMatchObject({ code: "ERR_DATA" });
  });

  test("gives back what it wrote", () => {
    for (const data of [
      Int8Array.of(-1, 2),
      Float64Array.of(NaN, -0),
      Uint32Array.of(1, 2 ** 32 - 1),
      Int16Array.of(-5, 5),
    ]) {
      expect(asNpy(writeNpy({ data, shape: [1, 2] }))).toMatchObject({ data, shape: [1, 2] });
    }
    expect(asNpy(writeNpy({ data: [1, 2.5], shape: [2] })).data).toEqual(Float64Array.of(1, 2.5));
    expect(asNpy(writeNpy({ data: BigInt64Array.of(-3n), shape: [1] })).data).toEqual(Float64Array.of(-3));
    expect(failure(() => writeNpy({ data: [1], shape: [2] }))).toMatchObject({ code: "ERR_SHAPE" });
  });
});

describe("NPZ", () => {
  const arrays = { x: { data: Float32Array.of(1, 2, 3), shape: [3] }, "deep/y": { data: Uint8Array.of(7), shape: [] } };
  const x = { name: "x.npy", content: floats };

  test("gives back what it wrote, and writes the same bytes again", () => {
    const read = asNpz(writeNpz(arrays));
    expect([...read.keys()]).toEqual(["x", "deep/y"]);
    expect(read.get("x")?.data).toEqual(arrays.x.data);
    expect(writeNpz(new Map(Object.entries(arrays)))).toEqual(writeNpz(arrays));
  });

  test.each([
    ["stored", { ...x }, {}],
    ["deflated", { ...x, deflate: true }, {}],
    ["zip64", { ...x, deflate: true }, { zip64: true }],
    ["a comment", { ...x }, { comment: "PK\x05\x06 is what a directory's end begins with" }],
  ])("reads an archive of other software: %s", (_, entry, options) => {
    expect(Array.from(asNpz(zip([entry], options)).get("x")?.data as Float32Array)).toEqual([1.5, -2, 3, 4, 5, 6]);
  });

  test.each<[string, ZipEntry[], string, RegExp]>([
    ["a path upwards", [{ ...x, name: "../x.npy" }], "ERR_PATH", /"\.\.\/x\.npy" names a place outside/],
    ["a path upwards inside", [{ ...x, name: "a/../../x.npy" }], "ERR_PATH", /outside/],
    ["a path of Windows", [{ ...x, name: "..\\x.npy" }], "ERR_PATH", /outside/],
    ["an absolute path", [{ ...x, name: "/etc/x.npy" }], "ERR_PATH", /outside/],
    ["a drive", [{ ...x, name: "C:x.npy" }], "ERR_PATH", /outside/],
    ["a wrong checksum", [{ ...x, crc: 1 }], "ERR_FORMAT", /checksum/],
    ["a wrong checksum, deflated", [{ ...x, deflate: true, crc: 1 }], "ERR_FORMAT", /"x\.npy": its checksum/],
    ["an encrypted entry", [{ ...x, flags: 1 }], "ERR_FORMAT", /encrypted/],
    ["an unknown method", [{ ...x, method: 12 }], "ERR_FORMAT", /method 12/],
    ["two entries of one name", [x, x], "ERR_FORMAT", /two entries/],
    ["two entries in one place", [x, { ...x, name: "y.npy", offset: 0 }], "ERR_FORMAT", /differ|overlaps/],
    ["a size that is not true", [{ ...x, deflate: true, size: 5 }], "ERR_FORMAT", /inflates to more than 5 bytes/],
    ["an entry that is no array", [{ ...x, name: "x.txt" }], "ERR_FORMAT", /no array/],
    ["an archive inside", [{ name: "x.npy", content: zip([x]) }], "ERR_FORMAT", /does not begin as NPY/],
    ["a bomb", [{ name: "x.npy", content: new Uint8Array(3e7), deflate: true }], "ERR_FORMAT", /inflates to more than/],
    [
      "a bomb that says it is small",
      [{ name: "x.npy", content: new Uint8Array(3e7), deflate: true, size: 9 }],
      "ERR_FORMAT",
      /inflates to more than/,
    ],
  ])("refuses %s", (_, entries, code, message) => {
    expect(failure(() => asNpz(zip(entries)))).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("refuses more entries than the limit", () => {
    const entries = Array.from({ length: 5 }, (_, i) => ({ ...x, name: `x${i}.npy` }));
    expect(readNpz(zip(entries), { limits: { entries: 5 } }).size).toBe(5);
    expect(failure(() => readNpz(zip(entries), { limits: { entries: 4 } }))).toMatchObject({
      code: "ERR_FORMAT",
      message: expect.stringContaining("limits.entries"),
    });
  });

  test("counts what all entries inflate to together", () => {
    const entries = Array.from({ length: 9 }, (_, i) => ({
      name: `x${i}.npy`,
      content: writeNpy({ data: new Uint8Array(200_000), shape: [200_000] }),
      deflate: true,
    }));
    expect(failure(() => asNpz(zip(entries)))).toMatchObject({
      code: "ERR_FORMAT",
      message: expect.stringMatching(/inflates/),
    });
    expect(readNpz(zip(entries), { limits: { inflation: 2000 } }).size).toBe(9);
  });

  test("refuses bytes around an archive", () => {
    const whole = zip([x]);
    expect(failure(() => asNpz(Uint8Array.from([...whole, 0])))).toMatchObject({ code: "ERR_FORMAT" });
    expect(failure(() => asNpz(Uint8Array.from([0, ...whole])))).toMatchObject({ code: "ERR_FORMAT" });
    expect(failure(() => asNpz(new Uint8Array(5)))).toMatchObject({
      code: "ERR_FORMAT",
      message: expect.stringContaining("5 bytes"),
    });
  });
});

describe("IDX", () => {
  const images = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4]);

  test("reads bytes and big-endian numbers, plain and in gzip", () => {
    for (const bytes of [images, new Uint8Array(gzipSync(images))]) {
      expect(asIdx(bytes)).toEqual({ data: Uint8Array.of(1, 2, 3, 4), shape: [2, 1, 2] });
    }
    expect(asIdx(Uint8Array.from([0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0x80, 0, 0])).data).toEqual(Float32Array.of(1));
    expect(asIdx(Uint8Array.from([0, 0, 0x0b, 1, 0, 0, 0, 1, 0xff, 0xfe])).data).toEqual(Int16Array.of(-2));
  });

  test("gives back what it wrote", () => {
    for (const data of [Uint8Array.of(1, 2), Int32Array.of(-1, 7), Float64Array.of(0.5, -3)]) {
      expect(asIdx(writeIdx({ data, shape: [2, 1] }))).toEqual({ data, shape: [2, 1] });
    }
    expect(failure(() => writeIdx({ data: new Uint16Array(1), shape: [1] }))).toMatchObject({ code: "ERR_DATA" });
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["no bytes", new Uint8Array(0), /0 bytes/],
    ["a wrong magic number", Uint8Array.from([1, ...images.slice(1)]), /bytes 1, 0/],
    ["an unknown kind of number", Uint8Array.from([0, 0, 10, ...images.slice(3)]), /byte 2 is 10/],
    ["no dimensions", Uint8Array.from([0, 0, 8, 0, 1]), /byte 3/],
    ["too many dimensions", Uint8Array.from([0, 0, 8, 9, ...new Uint8Array(40)]), /limits\.rank/],
    ["a cut header", images.slice(0, 10), /dimension 2 at byte 8 needs 4 bytes, 2/],
    ["a byte too few", images.slice(0, -1), /3 bytes follow the header, 2×1×2 needs 4/],
    ["a byte too many", Uint8Array.from([...images, 0]), /5 bytes follow/],
    ["a huge shape", Uint8Array.from([0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255]), /limits\.elements/],
    ["gzip of nothing", new Uint8Array(gzipSync(new Uint8Array(0))), /0 bytes/],
    ["gzip that is cut", new Uint8Array(gzipSync(images)).slice(0, -9), /./],
    [
      "gzip with a wrong checksum",
      new Uint8Array(gzipSync(images)).map((b, i, all) => (i === all.length - 8 ? b ^ 1 : b)),
      /checksum/,
    ],
    ["a bomb in gzip", new Uint8Array(gzipSync(new Uint8Array(3e7))), /inflates to more than/],
  ])("refuses %s", (_, bytes, message) => {
    expect(failure(() => asIdx(bytes))).toMatchObject({ code: "ERR_FORMAT", message: expect.stringMatching(message) });
  });

  test("stops a bomb at the limit, not at what it says", () => {
    const bomb = new Uint8Array(gzipSync(images.length > 0 ? new Uint8Array(5000) : images));
    const read = (inflatedBytes: number) => failure(() => readIdx(bomb, { limits: { inflatedBytes } }));
    expect(read(4999)).toMatchObject({ message: expect.stringContaining("more than 4999 bytes") });
    expect(read(5000)).toMatchObject({ message: expect.stringContaining("byte 2 is 0") });
    expect(read(5001)).toMatchObject({ message: expect.stringContaining("byte 2 is 0") });
    expect(DEFAULT_LIMITS.inflation).toBe(200);
  });
});

test("inflates what zlib deflates, at every level and from several members", () => {
  const random = randomFrom(5);
  for (const kinds of [1, 2, 30, 256]) {
    const content = Uint8Array.from({ length: 70_000 }, (_, i) => (i % 7 === 0 ? random(kinds) : i % kinds));
    const idx = writeIdx({ data: content, shape: [content.length] });
    for (const level of [0, 1, 6, 9]) {
      const first = gzipSync(idx.subarray(0, 1000), { level });
      const both = new Uint8Array(Buffer.concat([first, gzipSync(idx.subarray(1000), { level, strategy: level % 5 })]));
      const { data } = readIdx(both, { limits: { inflation: 1e6 } });
      expect(Buffer.compare(data as Uint8Array, content)).toBe(0);
    }
    expect(crc32(content)).toBe(zlibCrc32(content));
  }
});

test("raw bytes take the shape that is asked for", () => {
  expect(readRaw(Uint8Array.of(1, 2, 3, 4, 5, 6), { shape: [-1, 3] })).toEqual({
    data: Uint8Array.of(1, 2, 3, 4, 5, 6),
    shape: [2, 3],
  });
  expect(readRaw(Uint8Array.of(0, 1), { kind: "U16", littleEndian: false }).data).toEqual(Uint16Array.of(1));
  expect(failure(() => readRaw(Uint8Array.of(1, 2, 3), { shape: [-1, 2] }))).toMatchObject({ code: "ERR_SHAPE" });
});

describe.skipIf(!hasSharedFiles)("files that other people wrote", () => {
  const numbers = (values: (number | string)[]) =>
    values.map((value) =>
      typeof value === "string" && /^-?(nan|inf)$/.test(value)
        ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[value]
        : value,
    );
  const check = (found: { data: any; shape: readonly number[] }, expected: any) => {
    expect(found.shape).toEqual(expected.shape);
    const values = Array.from<number>(found.data);
    expect(values).toHaveLength(expected.size);
    expect(values.slice(0, expected.first.length)).toEqual(numbers(expected.first));
    expect(values.slice(-expected.last.length)).toEqual(numbers(expected.last));
    if (expected.sum !== undefined) {
      const sum = values.filter(Number.isFinite).reduce((total, value) => total + value, 0);
      expect(Math.abs(sum - expected.sum)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected.sum)));
    }
  };

  test.each(expectations("npy"))("npy $name", ({ name, status, files }) => {
    for (const [file, expected] of Object.entries<any>(files)) {
      const bytes = sharedBytes(`npy/${name}/${file}`);
      if (file.endsWith(".npz")) {
        const arrays = readNpz(bytes);
        expect([...arrays.keys()]).toEqual(Object.keys(expected.members));
        for (const [key, array] of arrays) check(array, expected.members[key]);
      } else if (status === "readable") {
        check(readNpy(bytes), expected);
      } else if (name === "unicode-5") {
        expect(readNpy(bytes).data).toEqual(expected.values ?? expected.first);
      } else {
        expect(failure(() => readNpy(bytes))).toMatchObject({ code: "ERR_UNSUPPORTED" });
      }
    }
  });

  test.each(expectations("idx"))("idx $name", ({ name, status, files }) => {
    for (const [file, expected] of Object.entries<any>(files)) {
      const bytes = sharedBytes(`idx/${name}/${file}`);
      if (status === "readable") check(readIdx(bytes), expected);
      else expect(failure(() => readIdx(bytes))).toMatchObject({ code: "ERR_FORMAT" });
    }
  });
});

/** Python with NumPy, where it is installed. */
const hasNumpy = (() => {
  try {
    execFileSync("python3", ["-c", "import numpy"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!hasNumpy)(
  "NumPy reads what we write and writes the same bytes (skipped where NumPy is not installed)",
  () => {
    const folder = mkdtempSync(`${tmpdir()}/propago-npy-`);
    try {
      writeFileSync(`${folder}/ours.npy`, floats);
      writeFileSync(
        `${folder}/ours.npz`,
        writeNpz({ a: { data: Int16Array.of(1, -2), shape: [2, 1] }, b: { data: [0.1], shape: [] } }),
      );
      const script = `
import numpy as np
x = np.load('ours.npy'); np.save('theirs.npy', x)
z = np.load('ours.npz'); assert z['a'].tolist() == [[1], [-2]] and z['a'].dtype == np.int16 and z['b'] == 0.1
np.savez('theirs.npz', a=z['a'], b=z['b'], t=np.array(['ä', 'bc']))
np.savez_compressed('packed.npz', big=np.asfortranarray(np.arange(600, dtype='>f4').reshape(20, 30)))`;
      execFileSync("python3", ["-c", script], { cwd: folder });
      expect(new Uint8Array(readFileSync(`${folder}/theirs.npy`))).toEqual(floats);
      const theirs = readNpz(readFileSync(`${folder}/theirs.npz`));
      expect(theirs.get("a")).toMatchObject({ data: Int16Array.of(1, -2), shape: [2, 1] });
      expect(theirs.get("t")?.data).toEqual(["ä", "bc"]);
      const packed = readNpz(readFileSync(`${folder}/packed.npz`)).get("big");
      expect(packed).toMatchObject({ data: Float32Array.from({ length: 600 }, (_, i) => i), shape: [20, 30] });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

describe("damaged files give a value or a PropagoError", () => {
  const content = writeNpy({ data: Float32Array.from({ length: 60 }, (_, i) => i % 9), shape: [20, 3] });
  test.each<[string, (bytes: Uint8Array) => unknown, Uint8Array]>([
    ["npy", asNpy, floats],
    ["npy of texts, Fortran", asNpy, npy(header("<U2", "(2, 2)", "True"), new Uint8Array(32).fill(97))],
    [
      "npz",
      asNpz,
      zip([
        { name: "a.npy", content: floats },
        { name: "b.npy", content, deflate: true },
      ]),
    ],
    ["npz of zip64", asNpz, zip([{ name: "b.npy", content, deflate: true }], { zip64: true })],
    ["idx", asIdx, writeIdx({ data: Int16Array.from({ length: 12 }, (_, i) => i), shape: [3, 2, 2] })],
    [
      "idx in gzip",
      asIdx,
      new Uint8Array(gzipSync(writeIdx({ data: new Uint8Array(2000).map((_, i) => i * i), shape: [2000] }))),
    ],
  ])(
    "%s",
    (_, read, bytes) => {
      expect(attack(read, bytes)).toBeGreaterThanOrEqual(5000);
    },
    600_000,
  );
});
