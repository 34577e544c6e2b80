// safetensors: files of other people, every header that the format forbids, and what damage may do.
import { describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "../../src/files/safetensors.ts";
import { failure } from "../failure.ts";
import { attack, expectations, hasSharedFiles, sharedBytes } from "./harness.ts";

/** A file of this header and these data, whatever they say. */
function file(header: string | Uint8Array, data: number | Uint8Array = 0, length?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const rest = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + text.length + rest.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(rest, 8 + text.length);
  return bytes;
}

const one = (fields: string) => `{"a":{${fields}}}`;
const good = '"dtype":"F32","shape":[2],"data_offsets":[0,8]';
const read = (bytes: Uint8Array) => readSafetensors(bytes, { name: "m.safetensors" });

describe("reading", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["no bytes", new Uint8Array(0), /it has 0 bytes, a safetensors file at least 8/],
    ["seven bytes", new Uint8Array(7), /7 bytes/],
    ["no header", new Uint8Array(8), /byte 8 must be "\{"/],
    ["a header longer than the file", file(one(good), 8, 1000n), /header has 1000 bytes, \d+ follow/],
    ["a header of 2^63 bytes", file(one(good), 8, 2n ** 63n), /9223372036854775808 bytes/],
    ["a header of 2^32 bytes", file(one(good), 8, 2n ** 32n), /4294967296/],
    ["a header that is not UTF-8", file(Uint8Array.of(0x7b, 0xff, 0x7d)), /not UTF-8/],
    ["no JSON", file("{hello}"), /no text in quotes .* at byte 9/],
    ["space before the header", file(` ${one(good)}`, 8), /byte 8 must be/],
    ["an array for a header", file("[]"), /byte 8/],
    ["text behind the header", file(`${one(good)}x`, 8), /behind its end/],
    ["two arrays of one name", file(`{"a":{${good}},"a":{${good}}}`, 8), /"a" a second time at byte/],
    ["two names of one array, written apart", file(`{"a":{${good}},"\\u0061":{${good}}}`, 8), /second time/],
    ["two dtypes", file(one(`${good},"dtype":"F64"`), 8), /"dtype" a second time/],
    ["deep nesting", file(`{"a":{"b":{"c":[[]]}}}`), /more than 3/],
    ["metadata that are no object", file(`{"__metadata__":[]}`), /__metadata__/],
    ["metadata that are no texts", file(`{"__metadata__":{"a":1}}`), /"a" is 1/],
    ["an array that is no object", file(`{"a":5}`), /array "a": it must be described/],
    ["an unknown dtype", file(one('"dtype":"F31","shape":[2],"data_offsets":[0,8]'), 8), /"F31", expected one of BOOL/],
    ["an unknown key", file(one(`${good},"code":"x"`), 8), /"code"/],
    ["no shape", file(one('"dtype":"F32","data_offsets":[0,8]'), 8), /shape .* got undefined/],
    ["a negative size", file(one('"dtype":"F32","shape":[-2],"data_offsets":[0,8]'), 8), /no whole number/],
    ["minus zero", file(one('"dtype":"F32","shape":[-0],"data_offsets":[0,0]')), /no whole number/],
    ["a size of 2.0", file(one('"dtype":"F32","shape":[2.0],"data_offsets":[0,8]'), 8), /no whole number/],
    ["a size of 2e0", file(one('"dtype":"F32","shape":[2e0],"data_offsets":[0,8]'), 8), /no whole number/],
    ["a size of 1e999", file(one('"dtype":"F32","shape":[1e999],"data_offsets":[0,8]'), 8), /no whole number/],
    ["a size of 02", file(one('"dtype":"F32","shape":[02],"data_offsets":[0,8]'), 8), /no whole number|no "," or/],
    ["a size that is a text", file(one('"dtype":"F32","shape":["2"],"data_offsets":[0,8]'), 8), /shape/],
    [
      "a size above 2^53",
      file(one('"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,8]'), 8),
      /9007199254740993/,
    ],
    [
      "a product above 2^53",
      file(one('"dtype":"F32","shape":[94906266,94906266,9],"data_offsets":[0,8]'), 8),
      /limits\.elements/,
    ],
    ["three offsets", file(one('"dtype":"F32","shape":[2],"data_offsets":[0,8,8]'), 8), /data_offsets/],
    ["an end before the beginning", file(one('"dtype":"F32","shape":[2],"data_offsets":[8,0]'), 8), /before it begins/],
    [
      "offsets that do not fit the shape",
      file(one('"dtype":"F32","shape":[3],"data_offsets":[0,8]'), 8),
      /3 of F32 needs 12 bytes, .* give 8/,
    ],
    [
      "data that do not begin at 0",
      file(one('"dtype":"F32","shape":[2],"data_offsets":[4,12]'), 12),
      /expected 0: a hole/,
    ],
    [
      "a hole",
      file(`{"a":{${good}},"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}`, 10),
      /"b" begins at byte 9 .* expected 8: a hole/,
    ],
    [
      "an overlap",
      file(`{"a":{${good}},"b":{"dtype":"U8","shape":[1],"data_offsets":[7,8]}}`, 8),
      /"b" begins at byte 7 .* an overlap/,
    ],
    ["two arrays in one place", file(`{"a":{${good}},"b":{${good}}}`, 8), /an overlap/],
    ["missing data", file(one(good), 7), /take 8 bytes of data, the file has 7/],
    ["a rest", file(one(good), 9), /the file has 9 \(a rest\)/],
    ["half bytes", file(one('"dtype":"F4","shape":[3],"data_offsets":[0,2]'), 2), /"F4"/],
  ])("refuses %s", (_, bytes, message) => {
    expect(failure(() => read(bytes))).toMatchObject({ code: "ERR_FORMAT", message: expect.stringMatching(message) });
    expect(failure(() => read(bytes))).toMatchObject({ message: expect.stringMatching(/^m\.safetensors: /) });
  });

  test("takes what the format allows", () => {
    expect(read(file("{}")).tensors.size).toBe(0);
    expect(read(file(`${one(good)}   `, 8)).tensors.get("a")?.shape).toEqual([2]);
    const empty = '"dtype":"F32","shape":[0,4],"data_offsets":[0,0]';
    expect([...read(file(`{"x":{${empty}},"":{${empty}},"a":{${good}}}`, 8)).tensors.keys()]).toEqual(["x", "", "a"]);
    const odd = read(file(`{"__proto__":{${good}},"constructor":{"dtype":"BOOL","shape":[],"data_offsets":[8,9]}}`, 9));
    expect([...odd.tensors.keys()]).toEqual(["__proto__", "constructor"]);
    expect(({} as any).dtype).toBeUndefined();
  });

  test("refuses what is not finite by place, and takes it where that is asked for", () => {
    const bytes = writeSafetensors({ w: { data: Float32Array.of(1, NaN), shape: [2] } });
    expect(failure(() => read(bytes))).toMatchObject({
      code: "ERR_NONFINITE",
      message: expect.stringContaining('"w": value 1 is NaN'),
    });
    expect(readSafetensors(bytes, { allowNonFinite: true }).tensors.get("w")?.data[1]).toBeNaN();
  });

  test("holds its limits exactly", () => {
    const bytes = file(`{"a":{${good}},"b":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}`, 9);
    const header = bytes.length - 17;
    for (const [limit, value] of [
      ["headerBytes", header],
      ["tensors", 2],
      ["elements", 2],
      ["rank", 1],
    ] as const) {
      expect(readSafetensors(bytes, { limits: { [limit]: value } }).tensors.size).toBe(2);
      expect(failure(() => readSafetensors(bytes, { limits: { [limit]: value - 1 } }))).toMatchObject({
        code: "ERR_FORMAT",
        message: expect.stringContaining(`limits.${limit}`),
      });
    }
  });
});

describe("writing", () => {
  const tensors = {
    b: { data: Float32Array.of(1.5, -2), shape: [2, 1] },
    a: { data: Float64Array.of(0.1), shape: [] },
    "10": { data: Int8Array.of(-3), shape: [1] },
    flag: { data: Uint8Array.of(1, 0), shape: [2], kind: "BOOL" as const },
    big: { data: BigInt64Array.of(-5n), shape: [1] },
  };

  test("gives back what went in", () => {
    const { tensors: back, metadata } = read(writeSafetensors(tensors, { format: "x", ü: "é" }));
    expect([...back.keys()]).toEqual(["a", "big", "b", "10", "flag"]);
    expect(back.get("b")).toEqual({ ...tensors.b, kind: "F32" });
    expect(back.get("flag")).toEqual(tensors.flag);
    expect(back.get("big")?.data).toEqual(Float64Array.of(-5));
    expect([...metadata]).toEqual([["format", "x"], ["ü", "é"]]); // prettier-ignore
  });

  test("gives the same bytes for the same arrays, with data at a multiple of 8", () => {
    const turned = new Map(Object.entries(tensors).reverse());
    const bytes = writeSafetensors(tensors, { b: "1", a: "2" });
    expect(writeSafetensors(turned, new Map([["a", "2"], ["b", "1"]]))).toEqual(bytes); // prettier-ignore
    expect((8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))) % 8).toBe(0);
  });

  test("refuses what it cannot write", () => {
    const call = (name: string, tensor: object, metadata: object = {}) =>
      failure(() => writeSafetensors({ [name]: tensor as any }, metadata as any));
    expect(call("a", { data: Float32Array.of(1), shape: [2] })).toMatchObject({ code: "ERR_SHAPE" });
    expect(call("a", { data: [1], shape: [1] })).toMatchObject({ code: "ERR_DATA" });
    expect(call("a", { data: Uint8Array.of(2), shape: [1], kind: "BOOL" })).toMatchObject({ code: "ERR_DATA" });
    expect(call("__metadata__", tensors.b)).toMatchObject({ code: "ERR_DATA" });
    expect(call("\ud800", tensors.b)).toMatchObject({ code: "ERR_DATA" });
    expect(call("a", tensors.b, { x: 1 })).toMatchObject({ code: "ERR_DATA" });
  });
});

/** A float8 of sign, exponent and so many bits of the fraction, where it is neither NaN, infinite nor subnormal. */
function float8(byte: number, fraction: number): number {
  const exponent = (byte & 127) >> fraction;
  const mantissa = 1 + (byte & ((1 << fraction) - 1)) / (1 << fraction);
  return (byte & 128 ? -1 : 1) * mantissa * 2 ** (exponent - ((1 << (6 - fraction)) - 1));
}

describe.skipIf(!hasSharedFiles)("files that other people wrote", () => {
  test.each(expectations("safetensors"))("$name", ({ name, status, files }) => {
    if (status === "refuse") {
      const bytes = sharedBytes(`safetensors/${name}/safetensors_abuse_attempt_1.safetensors`);
      expect(failure(() => read(bytes))).toMatchObject({
        code: "ERR_FORMAT",
        message: expect.stringContaining("1000"),
      });
      return;
    }
    let seen = 0;
    for (const [path, expected] of Object.entries<any>(files)) {
      if (expected.tensors === undefined) continue;
      const { tensors } = readSafetensors(sharedBytes(`safetensors/${name}/${path}`), { allowNonFinite: true });
      if (expected.order) expect([...tensors.keys()].sort()).toEqual([...expected.order].sort());
      for (const [key, tensor] of Object.entries<any>(expected.tensors)) {
        const found = tensors.get(key);
        expect(found).toMatchObject({ kind: tensor.dtype, shape: tensor.shape });
        const values = Array.from(found?.data as Float32Array, Number);
        if (tensor.dtype.startsWith("F8")) {
          // Given as the bytes themselves.
          const bytes = Array.from<string>(tensor.first.match(/../g)).map((byte) => parseInt(byte, 16));
          expect(values.slice(0, bytes.length)).toEqual(
            bytes.map((byte) => float8(byte, tensor.dtype === "F8_E4M3" ? 3 : 2)),
          );
          continue;
        }
        for (const [i, value] of [tensor.first].flat().entries()) expect(values[i]).toBeCloseTo(Number(value), 6);
        const sum = values.reduce((total, value) => total + value, 0);
        expect(Math.abs(sum - Number(tensor.sum))).toBeLessThanOrEqual(
          1e-5 * Math.max(1, Math.abs(Number(tensor.sum))),
        );
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(0);
  });
});

test("damaged files give a value or a PropagoError", () => {
  const bytes = writeSafetensors(
    { w: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] }, b: { data: Float64Array.of(1, 2), shape: [2] } },
    { config: '{"a":1}' },
  );
  expect(attack(read, bytes)).toBeGreaterThanOrEqual(5000);
}, 600_000);
