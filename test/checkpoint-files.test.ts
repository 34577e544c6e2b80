// Checkpoints on a disk that is full, read-only or gone, and the command that keeps them: the files before stay as they are,
// the message says why, the exit code is 6. And the command that is stopped, and goes on.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../scripts/root.ts";
import { Network, dense } from "../src/index.ts";
import { checkpointFolder } from "../src/disk.ts";
import { curve } from "../src/cli/curve.ts";
import { failure } from "./failure.ts";

const cli = `${root}/dist/cli.js`;
const iris = `${root}/examples/data/iris.csv`;
let folder = "";
const at = (name: string): string => join(folder, name);
const isPosix = process.platform !== "win32";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "propago-checkpoints-"));
});
afterAll(() => {
  spawnSync("umount", [at("small")], { stdio: "ignore" });
  rmSync(folder, { recursive: true, force: true });
});

const usual = ["--target", "species", "--effort", "quick", "--epochs", "40", "--ensemble", "1"];
function run(args: readonly string[], shell = "") {
  const words = [process.execPath, cli, ...args];
  const [command, ...rest] = shell === "" ? words : ["sh", "-c", `${shell}; exec "$@"`, "sh", ...words];
  return spawnSync(command, rest, { cwd: folder, encoding: "utf8", timeout: 60_000 });
}

/** The files of a folder with their contents. */
function filesOf(path: string): Record<string, string> {
  return Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), "base64")]));
}

describe("a folder of checkpoints", () => {
  const bytes = (): Uint8Array => {
    using network = new Network({ inputs: 2, layers: [dense(3)], seed: Math.floor(performance.now()) });
    return network.checkpoint();
  };

  test("keeps the last two, numbered on, and tidies up what killed processes left", () => {
    const kept = checkpointFolder(at("two"));
    expect(kept.isEmpty).toBe(true);
    expect(kept.from).toBeUndefined();
    for (let i = 0; i < 4; i++) kept.save(bytes());
    const old = at("two/.00000002.checkpoint.123456789.tmp");
    writeFileSync(old, "half");
    utimesSync(old, 1, 1);
    const last = bytes();
    kept.save(last);
    expect(readdirSync(at("two")).sort()).toEqual(["00000004.checkpoint", "00000005.checkpoint"]);
    expect(kept.from).toEqual(last);
  });

  test("a file that is cut off, damaged or empty is passed over for the one before, which is said", () => {
    const said: string[] = [];
    const kept = checkpointFolder(at("torn"), { warn: (message) => said.push(message) });
    const whole = bytes();
    kept.save(whole);
    kept.save(bytes());
    const newest = at("torn/00000002.checkpoint");
    const { size } = statSync(newest);
    for (const spoil of [
      () => truncateSync(newest, size - 1),
      () => truncateSync(newest, 0),
      () => writeFileSync(newest, Buffer.alloc(size)),
    ]) {
      spoil();
      said.length = 0;
      expect(kept.from).toEqual(whole);
      expect(said.join()).toMatch(/00000002\.checkpoint is passed over: .*; 00000001\.checkpoint is taken instead/);
    }
    // The next one is written behind it all the same.
    kept.save(whole);
    expect(kept.from).toEqual(whole);
  });

  test("refuses what is no folder, and says why", () => {
    writeFileSync(at("file"), "x");
    expect(failure(() => checkpointFolder(at("file")).check())).toMatchObject({ code: "ERR_IO" });
    expect(failure(() => checkpointFolder(at("file/below")).save(bytes()))).toMatchObject({ code: "ERR_IO" });
    expect(failure(() => checkpointFolder(""))).toMatchObject({ code: "ERR_CONFIG" });
    expect(failure(() => checkpointFolder("x", { evry: 3 } as never))).toMatchObject({ code: "ERR_CONFIG" });
  });
});

describe("the disk", () => {
  const isRoot = process.getuid?.() === 0;
  const train = ["train", iris, ...usual];

  test("that is full: the checkpoints before are whole, nothing else is left, exit 6 (skipped without a mount)", ({
    skip,
  }) => {
    mkdirSync(at("small"));
    const mounted = isRoot && spawnSync("mount", ["-t", "tmpfs", "-o", "size=160k", "tmpfs", at("small")]).status === 0;
    if (!mounted) skip("a small file system needs root and mount");
    const { status, stderr } = run([...train, "--out", "full.propago", "--checkpoint", "small/c", "--every", "1ms"]);
    expect({ status, stderr }).toEqual({ status: 6, stderr: expect.stringMatching(/ERR_IO: cannot write small\/c\/\d+\.checkpoint: no space left on the device/) as string }); // prettier-ignore
    expect(existsSync(at("full.propago"))).toBe(false);
    const names = readdirSync(at("small/c"));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !name.endsWith(".checkpoint"))).toEqual([]);
    // With room it goes on, to the same model.
    cpSync(at("small/c"), at("roomy"), { recursive: true });
    expect(run([...train, "--out", "full.propago", "--checkpoint", "roomy", "--resume"]).status).toBe(0);
    expect(run([...train, "--out", "whole.propago"]).status).toBe(0);
    expect(readFileSync(at("full.propago"))).toEqual(readFileSync(at("whole.propago")));
  });

  test("that takes no larger file: exit 6, and what was there is as it was", () => {
    if (!isPosix) return;
    expect(run([...train, "--out", "limit.propago", "--checkpoint", "limited", "--every", "1ms"]).status).toBe(0);
    const before = filesOf(at("limited"));
    const more = [...train, "--out", "limit2.propago", "--checkpoint", "limited", "--resume", "--every", "1ms"];
    const { status, stderr } = run(more, "trap '' XFSZ; ulimit -f 8");
    expect({ status, stderr }).toEqual({ status: 6, stderr: expect.stringMatching(/ERR_IO: cannot write limited\/.*(larger than is allowed|EFBIG)/) as string }); // prettier-ignore
    expect(filesOf(at("limited"))).toEqual(before);
  });

  test("that may not be written to: exit 6 before anything is trained", ({ skip }) => {
    if (!isPosix) skip("there are no such folders");
    mkdirSync(at("closed"));
    chmodSync(at("closed"), 0o555);
    const where = isRoot ? "/proc/checkpoints" : "closed/c";
    if (isRoot && !existsSync("/proc/self")) skip("root may write everywhere");
    const { status, stderr, stdout } = run([...train, "--checkpoint", where]);
    expect({ status, stdout }).toEqual({ status: 6, stdout: "" });
    expect(stderr).toMatch(/ERR_IO: cannot write checkpoints to/);
    if (existsSync("/dev/full")) {
      const log = run([...train, "--out", "log.propago", "--log", "/dev/full", "--force"]);
      expect(log).toMatchObject({
        status: 6,
        stderr: expect.stringMatching(/ERR_IO: cannot write \/dev\/full/) as string,
      });
    }
  });

  test("with checkpoints of another run: refused without --resume; another table or option is named", () => {
    expect(run([...train, "--out", "run.propago", "--checkpoint", "run"]).status).toBe(0);
    const before = filesOf(at("run"));
    const again = (more: string[], table = iris) => run(["train", table, ...usual, "--out", "other.propago", "--checkpoint", "run", ...more]); // prettier-ignore
    writeFileSync(at("changed.csv"), readFileSync(iris, "utf8").replace("5.1", "5.2"));
    writeFileSync(at("fewer.csv"), readFileSync(iris, "utf8").split("\n").slice(0, 140).join("\n"));
    for (const [result, status, text] of [
      [again([]), 6, /has checkpoints already: --resume goes on/],
      [again(["--resume", "--seed", "3"]), 2, /--seed was 0 when the checkpoint was made, and is 3 now/],
      [again(["--resume", "--hidden", "5"]), 2, /--hidden was absent .* is \[5\] now/],
      [again(["--resume"], "changed.csv"), 3, /changed\.csv has other values than when/],
      [again(["--resume"], "fewer.csv"), 3, /fewer\.csv has other rows, 139 instead of 150/],
      [run([...train, "--resume"]), 2, /--resume needs --checkpoint/],
      [run([...train, "--every", "3s"]), 2, /--every needs --checkpoint/],
      [run([...train, "--checkpoint", "x", "--every", "often"]), 2, /Expected a time such as 30s/],
    ] as const) {
      expect({ status: result.status, stderr: result.stderr }).toEqual({ status, stderr: expect.stringMatching(text) as string }); // prettier-ignore
    }
    expect(filesOf(at("run"))).toEqual(before);
    expect(existsSync(at("other.propago"))).toBe(false);
    const anew = run([...train, "--out", "anew.propago", "--checkpoint", "none", "--resume"]);
    expect(anew).toMatchObject({ status: 0, stderr: expect.stringContaining("begins anew") as string });
  });
});

describe("the command that is stopped", () => {
  const long = ["train", `${root}/examples/data/digits.csv`, "--effort", "quick", "--ensemble", "1", "--epochs", "12"];
  const stopped = (
    more: readonly string[],
    signals: readonly NodeJS.Signals[],
  ): Promise<{ code: number | null; stderr: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [cli, ...long, ...more], { cwd: folder });
      let stderr = "";
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.stdout.once("data", () => setTimeout(() => signals.forEach((signal) => child.kill(signal)), 400));
      child.on("close", (code) => resolve({ code, stderr }));
    });

  test("once: a checkpoint, the model so far, 130; --resume goes on to the same model and log", async () => {
    expect(run([...long, "--out", "uncut.propago", "--log", "uncut.csv"]).status).toBe(0);
    const kept = ["--out", "cut.propago", "--log", "cut.csv", "--checkpoint", "cut"];
    const { code, stderr } = await stopped(kept, ["SIGINT"]);
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringMatching(/interrupted (before|after) .*: cut\.propago has what was reached; --resume goes on from cut\n$/) as string }); // prettier-ignore
    expect(run(["predict", "cut.propago", `${root}/examples/data/digits.csv`, "--out", "p.csv"]).status).toBe(0);
    expect(run([...long, ...kept, "--resume"])).toMatchObject({ status: 0 });
    expect(readFileSync(at("cut.propago"))).toEqual(readFileSync(at("uncut.propago")));
    const rows = (name: string): string[] => readFileSync(at(name), "utf8").trim().split("\n").map((row) => row.split(",").slice(0, 8).join()); // prettier-ignore
    expect(rows("cut.csv")).toEqual(rows("uncut.csv"));
    expect(rows("cut.csv")[0]).toBe("trial,target,kind,stage,epoch,loss,validationLoss,learningRate");
  });

  test("twice: at once; by SIGTERM: in order, 143", async () => {
    expect((await stopped(["--out", "twice.propago"], ["SIGINT", "SIGINT"])).code).toBe(130);
    expect((await stopped(["--out", "term.propago"], ["SIGTERM"])).code).toBe(143);
    expect(existsSync(at("term.propago"))).toBe(true);
  });
});

test("a curve is as wide and as high as it may be, whatever the numbers", () => {
  expect(curve([3, 2, 1, 0], 10, 2, true)).toEqual(["█▃  ", "██▆▁"]);
  expect(curve([1, 0], 10, 1, false)).toEqual(["#."]);
  expect(curve([], 10, 2, true)).toEqual(["", ""]);
  expect(curve([NaN, Infinity, 5], 10, 1, true)).toEqual(["▁"]);
  const many = Array.from({ length: 1000 }, (_, i) => 1000 - i);
  for (const columns of [1, 7, 80])
    for (const row of curve(many, columns, 3, true)) expect([...row]).toHaveLength(columns);
});
