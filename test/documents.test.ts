// What the documents show has to work: their code blocks run, their commands exist.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../scripts/root.ts";

interface Block {
  document: string;
  line: number;
  language: string;
  text: string;
}

const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(`${root}/docs`)
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

const blocks: Block[] = documents.flatMap((document) => {
  const text = readFileSync(`${root}/${document}`, "utf8");
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map((match) => ({
    document,
    line: text.slice(0, match.index).split("\n").length,
    language: match[1],
    text: match[2],
  }));
});

/** Inside the repository, so that the blocks' `import … from "propago"` finds this package. */
const folder = `${root}/build/documents`;

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function title({ document, line }: Block): string {
  return `${document}:${line}`;
}

function fileName(block: Block, ending: string): string {
  return `${folder}/${title(block).replace(/\W/g, "-")}.${ending}`;
}

describe("js blocks run", () => {
  test.each(blocks.filter(({ language }) => language === "js").map((block) => [title(block), block] as const))(
    "%s",
    (_title, block) => {
      const file = fileName(block, "mjs");
      writeFileSync(file, block.text);
      execFileSync(process.execPath, [file], { stdio: "pipe" });
    },
  );

  test("README's second example learns what its labels follow from", () => {
    const example = blocks.find(({ document, text }) => document === "README.md" && text.includes("for await"))!;
    const file = fileName(example, "circle.mjs");
    writeFileSync(file, example.text);
    const said = execFileSync(process.execPath, [file], { encoding: "utf8" });
    const accuracies = [...said.matchAll(/^\d+ \S+ (\S+)$/gm)].map(([, accuracy]) => Number(accuracy));
    expect(Math.max(...accuracies)).toBeGreaterThan(0.9);
  });
});

test("ts blocks are right", () => {
  const typed = blocks.filter(({ language }) => language === "ts");
  if (typed.length === 0) return;
  for (const block of typed) writeFileSync(fileName(block, "ts"), block.text);
  writeFileSync(
    `${folder}/tsconfig.json`,
    JSON.stringify({
      extends: "../../tsconfig.json",
      compilerOptions: { moduleDetection: "force" },
      include: ["*.ts"],
    }),
  );
  execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, "-p", folder], { stdio: "pipe" });
});

describe("commands", () => {
  const lines = blocks
    .filter(({ language }) => language === "sh")
    .flatMap((block) => block.text.split("\n").map((line) => line.replace(/\s+#.*$/, "").trim()))
    .filter((line) => line !== "");

  test("npm scripts exist", () => {
    const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as { scripts: Record<string, string> };
    const named = lines.flatMap((line) => [...line.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name]) => name));
    const npmOwn = ["ci", "install", "pack"];
    for (const name of named) if (!npmOwn.includes(name)) expect(scripts).toHaveProperty([name]);
    expect(named.length).toBeGreaterThan(0);
  });

  test("the two commands of the README are what they have to be", () => {
    expect(lines).toContain("npm ci && npm run demo");
    expect(lines).toContain("npm ci && npm test");
  });

  test("propago's command does what is shown, in the order of the documents", () => {
    const place = mkdtempSync(`${tmpdir()}/propago-documents-`);
    try {
      // As after npm install: everything else comes from the commands themselves.
      mkdirSync(`${place}/node_modules`);
      symlinkSync(root, `${place}/node_modules/propago`, "junction");
      for (const line of lines) {
        const [, from, to] = /^cp (\S+) (\S+)$/.exec(line) ?? [];
        if (from) copyFileSync(`${place}/${from}`, `${place}/${to}/${basename(from)}`);
        const [, command] = /^npx propago (.*)$/.exec(line) ?? [];
        if (!command) continue;
        execFileSync(process.execPath, [`${root}/dist/cli.js`, ...command.split(/\s+/)], { cwd: place, stdio: "pipe" });
      }
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
});

test("links inside the repository lead somewhere", () => {
  for (const document of documents) {
    const text = readFileSync(`${root}/${document}`, "utf8");
    for (const [, target] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const path = new URL(target, `file://${root}/${document}`).pathname;
      expect(existsSync(path), `${document} links to ${target}`).toBe(true);
    }
  }
});
