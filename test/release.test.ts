// What makes it a release: one version everywhere, a package that has what its documents link to, and a hosted workflow
// that does what it says.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { describe, expect, test } from "vitest";
import { root } from "../scripts/root.ts";

const read = (path: string): string => readFileSync(`${root}/${path}`, "utf8");

interface Manifest {
  version: string;
  packages: Record<string, { version: string }>;
  scripts: Record<string, string>;
}
const manifest = JSON.parse(read("package.json")) as Manifest;

test("one version: package.json, its lock, the command", () => {
  const lock = JSON.parse(read("package-lock.json")) as Manifest;
  expect([lock.version, lock.packages[""].version]).toEqual([manifest.version, manifest.version]);
  const said = execFileSync(process.execPath, [`${root}/dist/cli.js`, "--version"], { encoding: "utf8" });
  expect(said.trim()).toBe(manifest.version);
});

describe("the package", () => {
  // npm is a script on Windows, which only a shell finds.
  const packed = execFileSync("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    shell: process.platform === "win32",
  });
  const [{ files, size }] = JSON.parse(packed) as { files: { path: string }[]; size: number }[];
  const paths = new Set(files.map(({ path }) => path));

  test("holds every file that its documents link to", () => {
    const documents = [...paths].filter((path) => path.endsWith(".md"));
    expect(documents).toEqual(expect.arrayContaining(["README.md", "SECURITY.md", "docs/stability.md"]));
    const missing = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)|<img[^>]* src="([^"]+)"/g)]
        .map(([, link, image]) => link ?? image)
        .filter((target) => !/^[a-z]+:/.test(target))
        .map((target) => join(dirname(document), target))
        .filter((target) => !paths.has(target))
        .map((target) => `${document} -> ${target}`),
    );
    expect(missing).toEqual([]);
  });

  test("has licences, no left-overs, and is no larger than it need be", () => {
    expect(paths).toContain("dist/THIRD-PARTY-NOTICES.txt");
    expect([...paths].filter((path) => /tsbuildinfo|^(src|test|bench|assembly|scripts)\//.test(path))).toEqual([]);
    // The command and the entries for files and reports bring their libraries along.
    expect(size).toBeLessThan(2.3e6);
  });
});

test("nothing in the bundles makes code of text", () => {
  for (const name of ["library.cjs", "library.js", "cli.js", "propago.min.js"]) {
    expect(read(`dist/${name}`)).not.toMatch(/\beval\s*\(|(?<![\w.])Function\s*\(/);
  }
});

describe("the hosted workflow", () => {
  const workflow = read(".github/workflows/checks.yml");

  test("may only read, and takes actions by commit", () => {
    expect(workflow).toMatch(/^permissions:\n {2}contents: read\n/m);
    expect(workflow.match(/permissions:/g)).toHaveLength(1);
    const actions = [...workflow.matchAll(/uses: *(\S+)/g)].map(([, action]) => action);
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
    expect(workflow.match(/persist-credentials: false/g)).toHaveLength(workflow.match(/actions\/checkout@/g)!.length);
  });

  test("runs the scripts of package.json on what the README names", () => {
    const commands = [...workflow.matchAll(/run: npm (?:run )?([a-z:]+)/g)].map(([, name]) => name);
    for (const name of commands.filter((command) => command !== "ci")) expect(manifest.scripts).toHaveProperty([name]);
    expect(commands).toEqual(expect.arrayContaining(["test", "check", "size", "test:package", "test:browsers"]));
    for (const part of [
      "ubuntu-24.04-arm",
      "macos-15",
      "macos-15-intel",
      "windows-",
      "firefox",
      "webkit",
      "chromium",
    ]) {
      expect(workflow).toContain(part);
    }
    expect(workflow).toMatch(/node: \[20, 22, 24, 26\]/);
  });
});

describe("the command answers to the usual forms", () => {
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [`${root}/dist/cli.js`, ...words], { encoding: "utf8" });

  test("of the version", () => {
    for (const form of ["-v", "-V", "--version"]) {
      expect(run(form)).toMatchObject({ status: 0, stdout: `${manifest.version}\n`, stderr: "" });
    }
  });

  test("of help, for all and for one command", () => {
    const all = run("--help").stdout;
    expect(all).toMatch(/^Usage: propago[^]*-v, --version[^]*help \[command\]/);
    for (const words of [["help"], ["-h"], ["help", "help"], ["help", "--help"]]) {
      expect(run(...words)).toMatchObject({ status: 0, stdout: all, stderr: "" });
    }
    for (const command of ["train", "predict", "evaluate", "inspect"]) {
      const { stdout } = run(command, "--help");
      expect(stdout).toMatch(new RegExp(`^Usage: propago ${command} `));
      expect(run("help", command)).toMatchObject({ status: 0, stdout, stderr: "" });
    }
  });

  test("of a word that is no command", () => {
    expect(run("help", "trian")).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringContaining("Did you mean train?"),
    });
    expect(run("version")).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("unknown command") });
  });

  test("of a name that another library uses", () => {
    const { status, stderr } = run("train", "nothing.csv", "--activation", "swish");
    expect(status).toBe(2);
    expect(stderr).toContain('did you mean "silu"?');
  });
});
