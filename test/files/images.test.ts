// Images: those of other people against their pixels, every way in which one can be damaged, sizes, colors, and folders by
// class; then arrays and images in the command.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../scripts/root.ts";
import { readArray, readArrays } from "../../src/files/arrays.ts";
import { writeIdx } from "../../src/files/idx.ts";
import { decodeImage, readImage, readImages } from "../../src/files/images.ts";
import { readJpeg } from "../../src/files/jpeg.ts";
import { DEFAULT_LIMITS } from "../../src/files/limits.ts";
import { writeNpy, writeNpz } from "../../src/files/npy.ts";
import { readPng } from "../../src/files/png.ts";
import { rejection } from "../failure.ts";
import { attack, hasSharedFiles } from "./harness.ts";

const shared = `${root}/../shared/data`;

interface Expected {
  size: [number, number];
  decodedChannels: number;
  mean: number;
  firstPixels: number[][];
  sha256?: string;
  pilSays?: string;
}

/** A PNG of these lines, each with its filter before it. */
function png(
  width: number,
  height: number,
  depth: number,
  color: number,
  lines: number[][],
  more: [string, Uint8Array][] = [],
) {
  const chunk = (type: string, content: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type), content]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(content.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, color, 0, 0, 0], 8);
  const parts = [
    chunk("IHDR", header),
    ...more.map(([type, content]) => chunk(type, content)),
    chunk("IDAT", deflateSync(Uint8Array.from(lines.flat()))),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return new Uint8Array(Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]));
}

describe.skipIf(!hasSharedFiles)("images of others", () => {
  const folder = `${shared}/files/images`;
  test.each(["pngsuite", "mnist-png", "jpeg-kinds", "sign-digits-jpg"])("%s", async (set) => {
    const { images } = JSON.parse(readFileSync(`${folder}/${set}.expected.json`, "utf8")) as { images: Record<string, Expected> }; // prettier-ignore
    for (const [file, expected] of Object.entries(images)) {
      const path = `${folder}/${set}/${file}`;
      if (expected.pilSays !== undefined) {
        expect(await rejection(decodeImage(path)), file).toMatchObject({ code: "ERR_FORMAT", message: expect.stringContaining(file) }); // prettier-ignore
        continue;
      }
      const { data, width, height, channels } = await decodeImage(path);
      expect([width, height], file).toEqual(expected.size);
      // Gray with transparency is told as four channels.
      const repeat = channels === 2 && expected.decodedChannels === 4;
      const pixels = repeat ? Uint8Array.from({ length: width * height * 4 }, (_, i) => data[2 * (i >> 2) + Number(i % 4 === 3)]) : data; // prettier-ignore
      if (expected.sha256 !== undefined) {
        const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
        expect(createHash("sha256").update(bytes).digest("hex"), file).toBe(expected.sha256);
        continue;
      }
      const mean = Array.from(pixels).reduce((sum, value) => sum + value, 0) / pixels.length;
      expect(Math.abs(mean - expected.mean), file).toBeLessThan(0.5);
      expected.firstPixels
        .flat()
        .forEach((value, i) => expect(Math.abs(value - pixels[i]), file).toBeLessThanOrEqual(4));
    }
  });
});

describe("PNG", () => {
  const gray = png(3, 2, 8, 0, [
    [0, 10, 20, 30],
    [2, 1, 1, 1],
  ]);

  test("every filter, transparency on white, 16 bits", async () => {
    expect(readPng(gray, "a.png", DEFAULT_LIMITS).data).toEqual(Uint8Array.of(10, 20, 30, 11, 21, 31));
    const colors = png(2, 1, 8, 6, [[0, 200, 100, 0, 255, 200, 100, 0, 0]]);
    expect((await readImage(colors)).data).toEqual(Uint8Array.of(200, 100, 0, 255, 255, 255));
    expect((await readImage(colors, { channels: 1 })).data).toEqual(Uint8Array.of(118, 255));
    const deep = png(1, 1, 16, 0, [[0, 0x12, 0x34]]);
    expect((await decodeImage(deep)).data).toEqual(Uint16Array.of(0x1234));
    expect((await readImage(deep)).data).toEqual(Uint8Array.of(0x12));
    const keyed = png(2, 1, 8, 0, [[0, 7, 8]], [["tRNS", Uint8Array.of(0, 8)]]);
    expect((await decodeImage(keyed)).data).toEqual(Uint8Array.of(7, 255, 8, 0));
  });

  test.each([
    [
      "a color that the palette lacks",
      png(1, 1, 8, 3, [[0, 5]], [["PLTE", new Uint8Array(6)]]),
      /pixel 0 has color 5 of 2/,
    ],
    ["no palette", png(1, 1, 8, 3, [[0, 5]]), /palette is missing/],
    ["a filter that does not exist", png(1, 1, 8, 0, [[9, 5]]), /filter is 9/],
    ["too few lines", png(1, 2, 8, 0, [[0, 5]]), /ends after 2 of 4 bytes/],
    [
      "too many lines",
      png(1, 1, 8, 0, [
        [0, 5],
        [0, 5],
      ]),
      /the image's size says that this is all/,
    ],
    ["a depth that does not exist", png(1, 1, 3, 0, [[0, 5]]), /color type 0 with 3 bits does not exist/],
    ["a checksum", gray.map((byte, i) => (i === 45 ? byte ^ 1 : byte)), /checksum/],
    ["its end", gray.subarray(0, 50), /bytes? (is|are) left/],
    ["line ends of another system", gray.map((byte, i) => (i === 4 ? 10 : byte)), /sent as if it were a text/],
    ["a chunk that is needed", png(1, 1, 8, 0, [[0, 5]], [["ABCD", new Uint8Array(0)]]), /needs its chunk "ABCD"/],
    ["a size that no memory has", png(60000, 60000, 8, 6, [[0, 5]]), /limits.elements/],
  ])("%s is refused", async (_name, bytes, message) => {
    const error = await rejection(decodeImage(bytes, { name: "a.png" }));
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
    expect((error as { code: string }).code).toMatch(/ERR_(FORMAT|UNSUPPORTED)/);
    expect((error as Error).message).toContain("a.png");
  });

  test("damage of every kind is a value or an error of ours", () => {
    const image = png(
      9,
      5,
      8,
      2,
      Array.from({ length: 5 }, (_, y) => [y, ...Array.from({ length: 27 }, (_, i) => i * y)]),
    );
    expect(attack((bytes) => readPng(bytes, "a.png", DEFAULT_LIMITS), image, { share: 1 / 40 })).toBeGreaterThan(1000);
  });
});

test.skipIf(!hasSharedFiles)("a damaged JPEG is a value or an error of ours", () => {
  const bytes = new Uint8Array(readFileSync(`${shared}/files/images/jpeg-kinds/jpg-gray.jpg`));
  const limits = { ...DEFAULT_LIMITS, elements: 1e5 };
  expect(attack((changed) => readJpeg(changed, "a.jpg", limits), bytes, { share: 1 / 100 })).toBeGreaterThan(500);
});

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/propago-images-`);
  for (const [label, value] of [
    ["dark", 20],
    ["light", 220],
  ] as const) {
    mkdirSync(`${folder}/photos/${label}`, { recursive: true });
    for (let i = 0; i < 12; i++) {
      const line = (y: number) => [0, ...Array.from({ length: 4 }, (_, x) => value + ((i * 7 + x * 3 + y * 5) % 20))];
      writeFileSync(`${folder}/photos/${label}/${i}.png`, png(4, 3, 8, 0, [line(0), line(1), line(2)]));
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("folders", () => {
  test("images by class, as bytes", async () => {
    const { x, labels, classes, names } = await readImages(`${folder}/photos`);
    expect(x.shape).toEqual([24, 3, 4, 1]);
    expect(x.data).toBeInstanceOf(Uint8Array);
    expect(classes).toEqual(["dark", "light"]);
    expect(labels!.filter((label) => label === "dark").length).toBe(12);
    expect(names[0]).toBe("dark/0.png");
    expect((await readImages(`${folder}/photos`, { width: 2, height: 2, channels: 3 })).x.shape).toEqual([24, 2, 2, 3]);
    expect((await readImages(`${folder}/photos/dark`)).labels).toBeUndefined();
    // As a page gives them.
    const files = ["dark/0.png", "light/0.png"].map((name) => {
      const bytes = readFileSync(`${folder}/photos/${name}`);
      return Object.assign(new Blob([bytes]), { name: name.slice(-5), webkitRelativePath: `photos/${name}` });
    });
    expect((await readImages(files)).labels).toEqual(["dark", "light"]);
  });

  test("a flat image stays flat at any size, and a ramp a ramp", async () => {
    const flat = png(
      5,
      4,
      8,
      0,
      Array.from({ length: 4 }, () => [0, 77, 77, 77, 77, 77]),
    );
    for (const [width, height] of [
      [1, 1],
      [3, 9],
      [20, 2],
    ]) {
      const { data, shape } = await readImage(flat, { width, height });
      expect(shape).toEqual([height, width, 1]);
      expect(data.every((value) => value === 77)).toBe(true);
    }
    const ramp = png(8, 1, 8, 0, [[0, 0, 32, 64, 96, 128, 160, 192, 224]]);
    expect([...(await readImage(ramp, { width: 4, height: 1 })).data]).toEqual([23, 80, 144, 201]);
  });

  test("what cannot be learnt from is refused, with a way out", async () => {
    writeFileSync(`${folder}/photos/dark/wide.png`, png(5, 3, 8, 0, [[0, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1]])); // prettier-ignore
    expect(await rejection(readImages(`${folder}/photos`))).toMatchObject({ code: "ERR_SHAPE", message: "dark/wide.png has 5×3 pixels, dark/0.png 4×3; width and height bring all to one size (--size 4x3)" }); // prettier-ignore
    rmSync(`${folder}/photos/dark/wide.png`);
    writeFileSync(
      `${folder}/photos/stray.png`,
      png(4, 3, 8, 0, [
        [0, 1, 1, 1, 1],
        [0, 1, 1, 1, 1],
        [0, 1, 1, 1, 1],
      ]),
    );
    expect(await rejection(readImages(`${folder}/photos`))).toMatchObject({ message: expect.stringMatching(/"stray.png" lies beside the folders/) }); // prettier-ignore
    rmSync(`${folder}/photos/stray.png`);
    mkdirSync(`${folder}/none`);
    expect(await rejection(readImages(`${folder}/none`))).toMatchObject({ code: "ERR_DATA" });
    expect(await rejection(readImages(`${folder}/gone`))).toMatchObject({ code: "ERR_IO" });
    expect(await rejection(readImage(new TextEncoder().encode("GIF89a")))).toMatchObject({ message: expect.stringMatching(/begins with the bytes 47 49 46 38; PNG and JPEG can be read/) }); // prettier-ignore
    expect(await rejection(readImage(`${folder}/photos/dark/0.png`, { width: 4 }))).toMatchObject({
      code: "ERR_CONFIG",
    });
  });
});

test("arrays by content, packed or not, by name in NPZ", async () => {
  const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const idx = writeIdx({ data, shape: [3, 2] });
  for (const bytes of [
    idx,
    gzipSync(idx),
    writeNpy({ data, shape: [3, 2] }),
    writeNpz({ only: { data, shape: [3, 2] } }),
  ]) {
    const read = await readArray(new Uint8Array(bytes));
    expect(read.shape).toEqual([3, 2]);
    expect(new Uint8Array(read.data as Uint8Array)).toEqual(data);
  }
  const both = writeNpz({ x: { data, shape: [3, 2] }, y: { data: Int32Array.of(1, 2, 3), shape: [3] } });
  expect([...(await readArrays(both)).keys()]).toEqual(["x", "y"]);
  expect((await readArray(both, { array: "y" })).data).toEqual(Int32Array.of(1, 2, 3));
  expect(await rejection(readArray(both))).toMatchObject({ code: "ERR_DATA", message: expect.stringMatching(/holds several: say which array is meant; it holds "x", "y"/) }); // prettier-ignore
  expect(await rejection(readArray(new TextEncoder().encode("a,b\n1,2")))).toMatchObject({ message: expect.stringMatching(/no file of arrays: it begins with the bytes 61 2c 62 0a/) }); // prettier-ignore
  // Floats of IDX have their high byte first.
  const floats = Float32Array.of(1.5, -2, 1e-30);
  expect((await readArray(writeIdx({ data: floats, shape: [3] }))).data).toEqual(floats);
});

describe("the command", () => {
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [`${root}/dist/cli.js`, ...words], { cwd: folder, encoding: "utf8" });

  test("a folder of images, and files of arrays, from training to predictions", () => {
    const trained = run("train", "photos", "--json", "--no-progress", "--effort", "quick", "--out", "photos.propago");
    expect(trained.stderr).toBe("");
    expect(JSON.parse(trained.stdout)).toMatchObject({ task: "classification", rows: 24 });
    const predicted = run("predict", "photos.propago", "photos/light", "--rows", "-2:", "--keep", "row");
    expect(predicted.stdout.split("\n").map((line) => line.split(",").slice(0, 2))).toEqual([["prediction", "row"], ["light", "10"], ["light", "11"], [""]]); // prettier-ignore
    expect(JSON.parse(run("evaluate", "photos.propago", "photos", "--json").stdout)).toMatchObject({ accuracy: 1, rows: 24 }); // prettier-ignore

    const x = Float32Array.from({ length: 60 * 2 }, (_, i) => ((i * 37) % 61) / 61);
    const y = Float64Array.from({ length: 60 }, (_, row) => x[2 * row] + 2 * x[2 * row + 1]);
    writeFileSync(`${folder}/all.npz`, writeNpz({ x: { data: x, shape: [60, 2] }, y: { data: y, shape: [60] } }));
    const numbers = run("train", "all.npz", "--json", "--no-progress", "--effort", "quick", "--rows", ":50");
    expect(JSON.parse(numbers.stdout)).toMatchObject({ task: "regression", rows: 50 });
    expect(JSON.parse(run("evaluate", "model.propago", "all.npz", "--rows", "50:", "--json").stdout).r2).toBeGreaterThan(0.9); // prettier-ignore
    writeFileSync(`${folder}/x.idx2.gz`, gzipSync(writeIdx({ data: x, shape: [60, 2] })));
    writeFileSync(`${folder}/y.npy`, writeNpy({ data: Int32Array.from(y, (value) => Number(value > 1)), shape: [60] }));
    const classes = run("train", "x.idx2.gz", "--labels", "y.npy", "--json", "--no-progress", "--effort", "quick", "--force"); // prettier-ignore
    expect(JSON.parse(classes.stdout)).toMatchObject({ task: "classification", rows: 60 });
    expect(run("predict", "model.propago", "x.idx2.gz").stdout.trim().split("\n").length).toBe(61);
  });

  test("what does not fit ends with a message that says what to do", () => {
    writeFileSync(`${folder}/a.npy`, writeNpy({ data: new Uint8Array(12), shape: [4, 3] }));
    writeFileSync(`${folder}/b.npy`, writeNpy({ data: Uint8Array.of(0, 1, 0), shape: [3] }));
    writeFileSync(`${folder}/broken.npy`, writeNpy({ data: new Uint8Array(12), shape: [4, 3] }).subarray(0, 135));
    writeFileSync(`${folder}/t.csv`, "a,b\n1,2\n");
    const cases: [string[], number, RegExp][] = [
      [["train", "a.npy", "--out", "n.propago"], 2, /has no targets; name the file of its targets: --labels FILE/],
      [["train", "a.npy", "--labels", "b.npy", "--out", "n.propago"], 3, /b\.npy has 3 targets, a\.npy has 4 rows/],
      [
        ["train", "a.npy", "--labels", "b.npy", "--rows", "9:", "--out", "n.propago"],
        2,
        /--rows leaves none of the 4 rows/,
      ],
      [["train", "a.npy", "--labels", "b.npy", "--target", "x", "--out", "n.propago"], 2, /--target is for tables/],
      [["train", "a.npy", "--labels", "gone.npy", "--out", "n.propago"], 6, /cannot read gone\.npy/],
      [["train", "broken.npy", "--labels", "b.npy", "--out", "n.propago"], 4, /broken\.npy: 7 bytes follow the header/],
      [
        ["train", "t.csv", "--rows", "0:1", "--out", "n.propago"],
        2,
        /--rows is for arrays and images, and t\.csv is a table/,
      ],
      [["train", "a.npy", "--rows", "x", "--out", "n.propago"], 2, /Expected a range as 0:8000/],
      [["train", "photos/dark", "--out", "n.propago"], 2, /put the images of each class into a folder of its own/],
      [["predict", "photos.propago", "a.npy"], 3, /has samples of 3, the model was trained on 3×4×1/],
    ];
    for (const [words, status, message] of cases) {
      const ended = run(...words);
      expect({ words: words.join(" "), status: ended.status, said: ended.stderr }).toEqual({ words: words.join(" "), status, said: expect.stringMatching(message) }); // prettier-ignore
    }
    expect(existsSync(`${folder}/n.propago`)).toBe(false);
  });

  test.skipIf(!existsSync(`${shared}/mnist10k`))("MNIST from its files, with default options", () => {
    const images = `${shared}/mnist10k/t10k-images-idx3-ubyte.gz`;
    const labels = `${shared}/mnist10k/t10k-labels-idx1-ubyte.gz`;
    const words = (...more: string[]) => [`${root}/dist/cli.js`, ...more, images, "--labels", labels, "--json"];
    execFileSync(process.execPath, words("train", "--rows", "0:8000", "--no-progress", "--out", "mnist.propago"), { cwd: folder, stdio: "pipe" }); // prettier-ignore
    const said = execFileSync(process.execPath, words("evaluate", "mnist.propago").concat("--rows", "8000:"), { cwd: folder, encoding: "utf8" }); // prettier-ignore
    expect((JSON.parse(said) as { accuracy: number }).accuracy).toBeGreaterThanOrEqual(0.955);
  });
});
