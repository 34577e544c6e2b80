// `npm run test:package` tests what users get. It packs the package, installs the tarball in an empty folder, and uses it there:
// import, require, the command, the types. Then it asks publint and attw (are the types wrong).
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { root } from "./root.ts";

const folder = mkdtempSync(`${tmpdir()}/propago-package-`);
let failures = 0;

function check(what: string, body: () => void): void {
  try {
    body();
    console.log(`ok      ${what}`);
  } catch (error) {
    failures++;
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    console.log(`FAILED  ${what}\n${error instanceof Error ? error.message : String(error)}\n${stdout}${stderr}`);
  }
}

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
    // The outer npm's settings are not the user's.
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"))),
  });
}

function expectLine(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`expected ${pattern}, got:\n${text}`);
}

const user = `${folder}/user`;
const bin = `${root}/node_modules/.bin`;
let tarball = "";

try {
  check("npm pack", () => {
    // Built already; prepack would build it anew under those who are using dist.
    run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], root);
    tarball = `${folder}/${readdirSync(folder).find((name) => name.endsWith(".tgz"))}`;
  });
  check("installs in an empty folder", () => {
    mkdirSync(user);
    writeFileSync(`${user}/package.json`, JSON.stringify({ name: "user", private: true }));
    run("npm", ["install", "--no-audit", "--no-fund", tarball], user);
  });

  const xor = `
    const network = new Network({ inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")] });
    network.fitSync({ x: [[0, 0], [0, 1], [1, 0], [1, 1]], y: [[0], [1], [1], [0]] }, { epochs: 2000 });
    console.log(Array.from(network.predict([[0, 0], [0, 1], [1, 0], [1, 1]]), Math.round).join(""));`;
  check("import", () => {
    writeFileSync(`${user}/esm.mjs`, `import { Network, dense } from "propago";${xor}`);
    expectLine(run(process.execPath, ["esm.mjs"], user), /^0110$/m);
  });
  check("require", () => {
    writeFileSync(`${user}/cjs.cjs`, `const { Network, dense } = require("propago");${xor}`);
    expectLine(run(process.execPath, ["--no-warnings", "cjs.cjs"], user), /^0110$/m);
  });
  check("parts are there, and in Node at once", () => {
    writeFileSync(
      `${user}/parts.mjs`,
      `import "propago/complete";
      import "propago/float64";
      import "propago/search";
      import "propago/threads";
      import "propago/diagnosis";
      import "propago/relaxed";
      import { Network, dense } from "propago";${xor.replace("layers:", 'dtype: "float64", optimizer: "lbfgs", layers:')}`,
    );
    expectLine(run(process.execPath, ["parts.mjs"], user), /^0110$/m);
    writeFileSync(
      `${user}/parts.cjs`,
      `const { Network, dense } = require("propago");${xor.replace("layers:", 'dtype: "float64", layers:')}`,
    );
    expectLine(run(process.execPath, ["--no-warnings", "parts.cjs"], user), /^0110$/m);
  });
  check("as bundlers for pages have it, parts beside", () => {
    writeFileSync(
      `${user}/page.mjs`,
      `import { Network, dense } from "propago";
      import "propago/float64";${xor.replace("layers:", 'dtype: "float64", layers:')}`,
    );
    run(
      `${bin}/esbuild`,
      ["page.mjs", "--bundle", "--format=esm", "--splitting", "--outdir=out", "--minify", "--platform=browser"],
      user,
    );
    expectLine(run(process.execPath, ["out/page.js"], user), /^0110$/m);
  });
  check("propago/files shares the library's classes: import, require, as bundlers for pages have it", () => {
    const use = `
      const network = new Network({ inputs: 2, layers: [dense(2, "tanh"), dense(1)] });
      const { files } = modelFiles(network, "model.json");
      const parts = [...files].map(([name, bytes]) => new File([bytes], name));
      readModel(parts).then(({ network: read }) => {
        console.log(read instanceof Network, read.fingerprint() === network.fingerprint(), network.toBytes().length > 100);
      });`;
    writeFileSync(
      `${user}/files.mjs`,
      `import { File } from "node:buffer";
      import { Network, dense } from "propago";
      import { modelFiles, readModel } from "propago/files";${use}`,
    );
    expectLine(run(process.execPath, ["files.mjs"], user), /^true true true$/m);
    writeFileSync(
      `${user}/files.cjs`,
      `const { File } = require("node:buffer");
      const { Network, dense } = require("propago");
      const { modelFiles, readModel } = require("propago/files");${use}`,
    );
    expectLine(run(process.execPath, ["--no-warnings", "files.cjs"], user), /^true true true$/m);
    writeFileSync(
      `${user}/files-page.mjs`,
      `import "propago/bytes";
      import { Network, dense } from "propago";
      import { modelFiles, readModel } from "propago/files";${use}`,
    );
    run(
      `${bin}/esbuild`,
      ["files-page.mjs", "--bundle", "--format=esm", "--splitting", "--outdir=out", "--platform=browser"],
      user,
    );
    expectLine(run(process.execPath, ["out/files-page.js"], user), /^true true true$/m);
  });
  check("the one-file bundle", () => {
    writeFileSync(
      `${user}/min.mjs`,
      `import { Network, dense } from "./node_modules/propago/dist/propago.min.js";${xor}`,
    );
    expectLine(run(process.execPath, ["min.mjs"], user), /^0110$/m);
  });

  check("npx propago train and predict", () => {
    const rows = Array.from({ length: 120 }, (_, r) => `${r % 10},${(r * 7) % 13},${r % 10 > 4 ? "large" : "small"}`);
    writeFileSync(`${user}/data.csv`, `a,b,size\n${rows.join("\n")}\n`);
    const said = run("npx", ["propago", "train", "data.csv", "--target", "size", "--out", "m.propago", "--json"], user);
    const report = JSON.parse(said.trim().split("\n").at(-1) ?? "") as { task: string; rows: number };
    if (report.task !== "classification" || report.rows !== 120) throw new Error(said);
    run("npx", ["propago", "predict", "m.propago", "data.csv", "--out", "predictions.csv"], user);
  });

  check("propago/report, with import and require, and --report", () => {
    const use = `
      const network = new Network({ inputs: 2, layers: [dense(1, "sigmoid")] });
      const data = { x: [[0, 0], [0, 1], [1, 0], [1, 1]], y: [0, 1, 1, 1] };
      console.log(report(network.fitSync(data, { epochs: 3 }), { network, data }).includes('<svg role="img"'));`;
    writeFileSync(`${user}/report.mjs`, `import { Network, dense } from "propago";\nimport { report } from "propago/report";${use}`); // prettier-ignore
    expectLine(run(process.execPath, ["report.mjs"], user), /^true$/m);
    writeFileSync(`${user}/report.cjs`, `const { Network, dense } = require("propago");\nconst { report } = require("propago/report");${use}`); // prettier-ignore
    expectLine(run(process.execPath, ["report.cjs"], user), /^true$/m);
    run("npx", ["propago", "train", "data.csv", "--out", "r.propago", "--report", "r.html", "--plots", "plots"], user);
  });

  check("types, in a strict project without skipLibCheck", () => {
    writeFileSync(
      `${user}/consumer.ts`,
      `import { Network, PropagoError, dense, type EpochReport, type NetworkOptions } from "propago";
import { readModel, writeModel, type ReadModel } from "propago/files";
const options: NetworkOptions = { inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")], loss: "squaredError" };
const network = new Network(options);
export async function read(bytes: Uint8Array): Promise<Float32Array | Float64Array> {
  const { network: own, notes }: ReadModel = await readModel(bytes, { name: "m", limits: { fileBytes: 1e6 } });
  console.log(notes.join());
  await writeModel(own, "m.onnx");
  const other: Network = Network.fromBytes(network.toBytes());
  return other.predict([[0, 1]]);
}
export async function train(): Promise<number> {
  for await (const epoch of network.fit({ x: new Float32Array(8), y: [[0], [1], [1], [0]] }, { epochs: 3 })) {
    const report: EpochReport = epoch;
    console.log(report.loss.toFixed(3));
  }
  try {
    network.predict([[0, 1]]);
  } catch (error) {
    if (error instanceof PropagoError) console.log(error.code);
  }
  // @ts-expect-error: no such layer
  void new Network({ inputs: 2, layers: [{ type: "dens", units: 1 }] });
  return network.parameterCount;
}
`,
    );
    const options = { strict: true, noEmit: true, skipLibCheck: false, target: "es2022", types: [] };
    for (const [module, lib] of [
      ["nodenext", ["es2022", "dom"]],
      ["preserve", ["es2022", "dom", "dom.iterable"]],
    ] as const) {
      const compilerOptions = { ...options, module, lib };
      writeFileSync(`${user}/tsconfig.json`, JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
      run(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, "-p", user], user);
    }
  });

  check("publint", () => run(`${bin}/publint`, ["--strict", tarball], root));
  check("are the types wrong", () => run(`${bin}/attw`, [tarball], root));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failures > 0 ? 1 : 0);
