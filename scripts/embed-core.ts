// Turns build/*.wasm into TypeScript that the library imports: the bytes, and the type of the exports, so that a
// changed export of the core is a type error in src/core/engine.ts. A byte is written as one character where that is
// printable. Compressed, this is a quarter shorter than hexadecimal and a third shorter than base64, because repeated
// instructions stay repeated text.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { buildSync } from "esbuild";
import { root } from "./root.ts";

const folder = `${root}/src/generated`;

/** Writes src/generated/<target>.ts with each target's bytes, and exports.ts from the first one's declarations. */
export function embedCore(targets: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  for (const target of targets) {
    const text = JSON.stringify(encode(readFileSync(`${root}/build/${target}.wasm`)));
    writeIfChanged(
      `${folder}/${target}.ts`,
      `// Made by scripts/embed-core.ts: a build of the core, as decode in src/core/builds.ts reads it.\nexport const text: string =\n  ${text};\n`,
    );
  }
  const declarations = readFileSync(`${root}/build/${targets[0]}.d.ts`, "utf8");
  writeIfChanged(`${folder}/exports.ts`, exportsInterface(declarations));
}

/** Writes src/generated/worker.ts: src/threads/worker.ts as text, with what it imports. */
export function embedWorker(): void {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: ["src/threads/worker.ts"],
    bundle: true,
    format: "iife",
    target: "es2022",
    minify: true,
    write: false,
  });
  writeIfChanged(
    `${folder}/worker.ts`,
    `// Made by scripts/embed-core.ts: what src/threads/worker.ts comes to.\nexport const program: string =\n  ${JSON.stringify(outputFiles[0].text.trim())};\n`,
  );
}

/** Writes src/generated/program.ts: the library with what trains in a worker, as text. */
export function embedProgram(): void {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: ["src/node.ts"],
    bundle: true,
    format: "iife",
    target: "es2022",
    minify: true,
    write: false,
    define: { "import.meta.url": "undefined" },
  });
  writeIfChanged(
    `${folder}/program.ts`,
    `// Made by scripts/embed-core.ts: what src/node.ts comes to.\nexport const text: string =\n  ${JSON.stringify(outputFiles[0].text.trim())};\n`,
  );
}

/** Added to each byte. With it, the commonest bytes of the core become printable characters. */
const SHIFT = 40;

/**
 * Bytes as text. Each byte is shifted. If that gives one of the 90 characters from # to |, the character stands for it. The
 * next 90 values are written with } before the character, and the last ones with ~.
 */
function encode(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const place = (byte + SHIFT - 35) & 255;
    const page = Math.floor(place / 90);
    return ["", "}", "~"][page] + String.fromCharCode(35 + place - 90 * page);
  }).join("");
}

/**
 * The functions that asc declared, as members of one interface; properties, since they have no `this`. The library calls the instance itself, not asc's
 * wrapper around it, so a boolean is the number it is in WebAssembly.
 */
function exportsInterface(declarations: string): string {
  const members = [...declarations.matchAll(/((?: *\/\*\*(?:(?!\*\/)[^])*\*\/\n)?) *export function (.*;)\n/g)].map(
    ([, comment, signature]) =>
      `${comment}  ${signature
        .replace("(", ": (")
        .replace(/\): (\w+);$/, ") => $1;")
        .replaceAll(": boolean", ": number")}\n`,
  );
  if (members.length === 0) throw new Error("build/*.d.ts declares no function: has asc's output changed?");
  return [
    "// Made by scripts/embed-core.ts from asc's declarations: what the core exports.\n",
    "export interface CoreExports {\n",
    ...members,
    "}\n",
  ].join("");
}

/** Writes a file only if its text has changed, and in one piece: another build may be reading it. */
function writeIfChanged(path: string, text: string): void {
  try {
    if (readFileSync(path, "utf8") === text) return;
  } catch {
    // The file does not exist yet.
  }
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
