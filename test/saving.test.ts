// Files as the command writes and reads them where something is in the way, and models from elsewhere: the real dist/cli.js,
// and the functions beneath it where a process of its own would take too long.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkOutput, writeWhole } from "../src/cli/files.ts";
import { readJSON, writeJSON } from "../src/files/large-json.ts";
import { pack, unpackKind } from "../src/files/packed.ts";
import { checkSize, readModel, writeModel } from "../src/cli/model.ts";
import { jsonLine } from "../src/cli/text.ts";
import { failure } from "./failure.ts";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const isPosix = process.platform !== "win32";
let folder = "";
const at = (name: string): string => join(folder, name);

function run(args: string[], node: string[] = []) {
  return spawnSync(process.execPath, [...node, cli, ...args], { cwd: folder, encoding: "utf8", timeout: 60_000, maxBuffer: 2 ** 28 }); // prettier-ignore
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "propago-saving-"));
  writeFileSync(at("xor.csv"), "a,b,y\n0,0,no\n0,1,yes\n1,0,yes\n1,1,no\n");
  const { status, stderr } = run(["train", "xor.csv", "--out", "xor.propago", "--effort", "quick"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The model file with its content changed and its checksum right, in today's format and in that of 0.2. */
function spoiled(change: (model: any) => void): string[] {
  const plain = (_: string, value: unknown) => (ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value);
  const bytes = readFileSync(at("xor.propago"));
  const model = JSON.parse(JSON.stringify(unpackKind("model", bytes), plain)) as object;
  change(model);
  const content = JSON.stringify(model);
  const sha256 = createHash("sha256").update(content).digest("hex");
  writeFileSync(at("old.propago"), `{"format":"propago-model","version":2,"sha256":"${sha256}","model":${content}}\n`);
  writeFileSync(at("new.propago"), pack("model", model));
  return ["old.propago", "new.propago"];
}

describe("writing", () => {
  test("left-over temporary files are no hindrance, and go when they are old", () => {
    const own = at(`.left.propago.${process.pid}.tmp`);
    for (const path of [own, at(".left.propago.1.0123456789ab.tmp"), at(".left.propago.mine.tmp")])
      writeFileSync(path, "half");
    utimesSync(own, 1, 1);
    writeWhole(at("left.propago"), "whole");
    expect(readFileSync(at("left.propago"), "utf8")).toBe("whole");
    const names = readdirSync(folder).filter((name) => name.startsWith(".left"));
    expect(names.sort()).toEqual([".left.propago.1.0123456789ab.tmp", ".left.propago.mine.tmp"]);
  });

  test("a link that leads nowhere is replaced with --force only", () => {
    if (!isPosix) return;
    symlinkSync("nowhere", at("link.propago"));
    const check = { inputs: [], force: false };
    expect(failure(() => checkOutput(at("link.propago"), check))).toMatchObject({ code: "ERR_IO", message: expect.stringContaining("a link that leads nowhere") as string }); // prettier-ignore
    expect(failure(() => writeWhole(at("link.propago"), "x", false))).toMatchObject({ code: "ERR_IO" });
    expect(lstatSync(at("link.propago")).isSymbolicLink()).toBe(true);
    checkOutput(at("link.propago"), { ...check, force: true });
    writeWhole(at("link.propago"), "x");
    expect(readFileSync(at("link.propago"), "utf8")).toBe("x");
    expect(existsSync(at("nowhere"))).toBe(false);
  });

  test.each([
    ["no/such/folder/m.propago", "no such file or folder"],
    ["xor.csv/m.propago", /is no folder|a part of the path is no folder/],
    [`${"n".repeat(300)}.propago`, "the name is too long"],
  ])("--out %s is refused before training", (out, reason) => {
    const { status, stderr, stdout } = run(["train", "xor.csv", "--out", out]);
    expect({ status, stdout }).toEqual({ status: 6, stdout: "" });
    expect(stderr).toMatch(reason);
  });

  test("a folder that takes no files is found before training", () => {
    // /proc takes none, not even root's.
    if (!existsSync("/proc/self")) return;
    expect(failure(() => checkOutput("/proc/m.propago", { inputs: [], force: false }))).toMatchObject({
      code: "ERR_IO",
    });
  });

  test("a file that came meanwhile is not replaced without --force", () => {
    writeFileSync(at("meanwhile.csv"), "old");
    expect(failure(() => writeWhole(at("meanwhile.csv"), "new", false))).toMatchObject({ code: "ERR_IO" });
    expect(readFileSync(at("meanwhile.csv"), "utf8")).toBe("old");
    expect(readdirSync(folder).filter((name) => name.startsWith(".meanwhile"))).toEqual([]);
  });

  test("a pipe that nobody reads is given up, one that is read gets everything", () => {
    if (!isPosix) return;
    execFileSync("mkfifo", [at("pipe")]);
    const reader = spawnSync("sh", ["-c", `cat pipe > got & exec "${process.execPath}" "${cli}" predict xor.propago xor.csv --out pipe --force`], { cwd: folder, encoding: "utf8", timeout: 30_000 }); // prettier-ignore
    expect(reader.status).toBe(0);
    expect(failure(() => writeWhole(at("pipe"), "text", true, 300))).toMatchObject({
      code: "ERR_IO",
      message: expect.stringContaining("nobody reads from this pipe") as string,
    });
    expect(readFileSync(at("got"), "utf8")).toMatch(/^prediction,/);
    expect(run(["predict", "pipe", "xor.csv"])).toMatchObject({ status: 6 });
    expect(run(["inspect", "pipe"])).toMatchObject({ status: 6 });
  });

  test("a device that is full is said to be", () => {
    if (!existsSync("/dev/full")) return;
    const { status, stderr } = run(["predict", "xor.propago", "xor.csv", "--out", "/dev/full", "--force"]);
    expect({ status, stderr }).toEqual({ status: 6, stderr: expect.stringContaining("no space left") as string });
  });
});

describe("JSON in pieces", () => {
  test("is what JSON.stringify gives, and comes back", () => {
    const numbers = Array.from({ length: 350_000 }, (_, i) => (i % 7 === 0 ? "-0" : i / 3));
    for (const value of [
      null,
      [],
      {},
      { a: undefined, b: [undefined, NaN] },
      { text: '",[]{}\\"\n', numbers, deep: [{ numbers }, numbers.slice(0, 25_000)] },
    ]) {
      // prettier-ignore
      const pieces: string[] = [];
      writeJSON(value, (piece) => pieces.push(piece));
      expect(pieces.join("") === JSON.stringify(value)).toBe(true);
      const read = readJSON(Buffer.from(pieces.join("")));
      expect(JSON.stringify(read) === JSON.stringify(value)).toBe(true);
      for (const piece of pieces) expect(piece.length).toBeLessThan(3e6);
    }
  });

  test("damaged long arrays are no JSON", () => {
    const text = JSON.stringify({ a: Array.from({ length: 300_000 }, (_, i) => i / 3) });
    for (const bad of [
      text.replace(",1,", ",,"),
      text.replace("0.333", "0..3"),
      text.slice(0, -1),
      `${text}}`,
      text.replace("]", ",]"),
    ]) {
      expect(() => readJSON(Buffer.from(bad))).toThrow(SyntaxError);
    }
  });

  test("a model is written and read", () => {
    const model = readModel(at("xor.propago"));
    const [estimator] = model.estimators;
    writeModel(at("again.propago"), model);
    const again = readModel(at("again.propago"));
    expect(again.estimators[0].network?.fingerprint()).toBe(estimator.network?.fingerprint());
    writeModel(at("thrice.propago"), again);
    expect(readFileSync(at("thrice.propago"), "utf8") === readFileSync(at("again.propago"), "utf8")).toBe(true);
  });

  test("a model that could not be read again is refused before it is trained", () => {
    expect(failure(() => checkSize(200e6))).toMatchObject({ code: "ERR_MEMORY", message: expect.stringContaining("2.4 GB") as string }); // prettier-ignore
    checkSize(49e6);
    const { status, stderr } = run(["train", "xor.csv", "--hidden", "15000,15000", "--out", "large.propago"]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("could not be kept") as string });
  });
});

describe("a model from elsewhere", () => {
  test.each<[string, (model: any) => void]>([
    ["nested deeply", (model) => (model.more = JSON.parse("[".repeat(1000) + "]".repeat(1000)))],
    ["epochs that are text", (model) => (model.training.epochs = "\u001b[31m5")],
    ["rows that are no number", (model) => (model.training.rows = null)],
    ["figures that are text", (model) => (model.training.validation = [{ accuracy: "\u009b31m" }])],
    ["a sample that is text", (model) => (model.training.sample = ["x"])],
    ["an estimator without its parts", (model) => (model.estimators = [{}])],
    ["a candidate that is text", (model) => (model.estimators[0].found = { chosen: { effort: "quick", by: "folds", folds: 1, networks: 1, candidates: "none" } })], // prettier-ignore
  ])("%s is refused by every command", (name, change) => {
    const [old, now] = spoiled(change);
    for (const args of [
      ["inspect", old],
      ["inspect", now, "--json"],
    ]) {
      const { status, stderr, stdout } = run(args);
      expect({ name, status, stdout }).toEqual({ name, status: 4, stdout: "" });
      expect(stderr).toMatch(/^propago: ERR_FORMAT/);
      // eslint-disable-next-line no-control-regex -- what must not be there
      expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
  });

  test("names of a million letters and thousands of layers are shown in no time, and steer nothing", () => {
    const [, file] = spoiled((model) => {
      const long = `\u001b]0;x\u0007\u009b31m\u202e${"n".repeat(1e6)}`;
      const [member] = model.estimators[0].members;
      model.columns[0].name = long;
      const { network } = member;
      const [first] = network.layers;
      const width = first.units;
      const more = Array.from({ length: 3000 }, (_, i) => ({
        type: "activation",
        activation: "linear",
        ...(i === 0 ? { name: long } : {}),
      }));
      network.layers = [{ ...first, name: `a${long}` }, ...more, ...network.layers.slice(1)];
      expect(width).toBeGreaterThan(0);
      model.estimators[0].members = [{ ...member, weight: 1 }];
    });
    const began = performance.now();
    const { status, stdout, stderr } = run(["inspect", file]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(stdout.length).toBeLessThan(1e6);
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  test("a line of JSON has what steers terminals escaped", () => {
    const value = { a: "\u001b[31m\u009b\u202e\u2028é😀" };
    expect(jsonLine(value)).toBe('{"a":"\\u001b[31m\\u009b\\u202e\\u2028é😀"}\n');
    expect(JSON.parse(jsonLine(value))).toEqual(value);
  });

  test("text nested a hundred thousand times is no model", () => {
    writeFileSync(at("nested.propago"), `{"format":"propago-model","model":${"[".repeat(1e5)}${"]".repeat(1e5)}}`);
    expect(run(["predict", "nested.propago", "xor.csv"])).toMatchObject({ status: 4, stderr: expect.stringContaining("nested deeper than 64") as string }); // prettier-ignore
  });
});

describe("the command", () => {
  test("speaks of the table that is not there, not of the model's file", () => {
    writeFileSync(at("model.propago"), "mine");
    mkdirSync(at("data"));
    expect(run(["train", "nope.csv"])).toMatchObject({ status: 6, stderr: "propago: ERR_IO: cannot read nope.csv: no such file or folder\n" }); // prettier-ignore
    expect(run(["train", "xor.csv", "--validation", "nope.csv"]).stderr).toContain("cannot read nope.csv");
    expect(run(["train", "data"]).stderr).toContain("cannot read data: it is no regular file");
    expect(run(["predict", "xor.propago", "nope.csv"]).stderr).toContain("cannot read nope.csv");
  });

  test("names the remedy where there can be no WebAssembly", () => {
    const without = run(["inspect", "xor.propago"], ["--jitless"]);
    expect(without).toMatchObject({ status: 2, stderr: expect.stringContaining("ERR_WASM_BLOCKED") as string });
    expect(without.stderr).toContain("--jitless");
    expect(without.stderr).not.toContain("bug");
    if (process.platform !== "linux") return;
    const limited = (node: string) => spawnSync("sh", ["-c", `ulimit -v 6000000; exec "${process.execPath}" ${node} "${cli}" inspect xor.propago`], { cwd: folder, encoding: "utf8" }); // prettier-ignore
    const { status, stderr } = limited("");
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining("--disable-wasm-trap-handler") as string,
    });
    expect(limited("--disable-wasm-trap-handler").status).toBe(0);
  });
});
