// The library as pages load it, in Node, Chromium and through Vite: what works without any part, what needs an import, and what loads its part.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { build } from "vite";
import { describe, expect, test } from "vitest";
import { chromiumMissing, inChromium, ISOLATED } from "../scripts/chromium.ts";
import { root } from "../scripts/root.ts";
import * as library from "../src/index.ts";
import { Network, batchNorm, dense } from "../src/index.ts";
import { RARE } from "../src/tables/rare.ts";
import { RARE_INITIALIZERS } from "../src/tables/rare-initializers.ts";
import { RARE_SCHEDULES } from "../src/tables/rare-schedules.ts";
import { RARE_LAYERS } from "../src/tables/rare-layers.ts";
import { RARE_OPTIMIZERS } from "../src/tables/rare-optimizers.ts";
import { SCORES } from "../src/tables/scores.ts";

const { exports } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as {
  exports: Record<string, { default: { default: string } }>;
};

/** What a script prints in a Node of its own, as a page's condition of package.json would have it; `fails` gives code and message. */
function printed(script: string, parts: readonly string[] = []): unknown {
  const imports = parts.map((part) => `await import("file://${root}/${exports[`./${part}`].default.default}");`);
  const program = `const { Network, dense, PropagoError } = await import("file://${root}/${exports["."].default.default}");
    ${imports.join("\n")}
    const x = [[0, 0], [0, 1], [1, 0], [1, 1]];
    const y = [0, 1, 1, 0];
    const make = (more) => new Network({ inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")], ...more });
    const failure = (error) => error instanceof PropagoError && [error.code, error.message];
    const fails = (work) => { try { return ["none", work()]; } catch (error) { return failure(error); } };
    ${script}`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
    timeout: 50_000,
  });
  return JSON.parse(output);
}

test("a page's entry has the names of Node's, and no other", () => {
  const script = `console.log(JSON.stringify(Object.keys(await import("file://${root}/${exports["."].default.default}"))));`;
  expect(printed(script)).toEqual(Object.keys(library).sort());
});

describe("without any part", () => {
  test("float32 and first-order optimizers do all they do", () => {
    const script = `
      const network = make();
      const { epochs } = network.fitSync({ x, y }, { epochs: 500 });
      const loss = network.trainOnBatch({ x, y });
      const again = Network.fromJSON(JSON.parse(JSON.stringify(network)));
      console.log(JSON.stringify([epochs.length, loss < 0.7, network.fingerprint() === again.fingerprint(), network.predict(x).length]));`;
    expect(printed(script)).toEqual([500, true, true, 4]);
  });

  test.each([
    ["float64", 'make({ dtype: "float64" })'],
    ["float64", "make().checkGradients({ x, y })"],
    ["complete", 'make({ optimizer: "rmsprop" })'],
    ["complete", 'make({ optimizer: { name: "adam", amsgrad: true } })'],
    ["complete", 'make({ optimizer: { name: "adam", accumulate: 2 } })'],
    ["complete", 'make({ optimizer: { name: "sgd", averaging: 0.9 } })'],
    ["complete", 'make({ loss: "huber" })'],
    ["complete", "make({ maxNorm: 2 })"],
    ["complete", 'make({ layers: [dense(4, "gelu"), dense(1, "sigmoid")] })'],
    ["complete", 'make({ layers: [dense(4), { type: "batchNorm" }, dense(1, "sigmoid")] })'],
    ["complete", 'make({ layers: [{ type: "gaussianNoise", deviation: 1 }, dense(1, "sigmoid")] })'],
    ["complete", 'make().evaluate({ x, y }, { metrics: ["f1"] })'],
    ["complete", 'make({ optimizer: "lbfgs" })'],
    ["complete", 'make({ layers: [dense(4, "tanh", { init: "lsuv" }), dense(1, "sigmoid")] })'],
    ["complete", 'make({ layers: [dense(4, "tanh", { init: "orthogonal" }), dense(1, "sigmoid")] })'],
    ["complete", 'make({ optimizer: { name: "adam", learningRate: { name: "reduceOnPlateau" } } })'],
    ["complete", "make().fitSync({ x, y }, { classWeights: [1, 2] })"],
    ["bytes", "make().toBytes()"],
    ["diagnosis", "make().trace(x[0], y[0])"],
    ["diagnosis", "make().summary()"],
    ["search", 'make({ optimizer: "lbfgs" }).fitSync({ x, y })', "complete"],
    ["search", 'make({ optimizer: "conjugateGradient" }).trainOnBatch({ x, y })', "complete"],
  ])("%s is named by the error of %s, and mends it", (part, work, ...before) => {
    const script = `console.log(JSON.stringify(fails(() => void ${work})));`;
    expect(printed(script, before)).toEqual(["ERR_PART", expect.stringContaining(`add import "propago/${part}"`)]);
    expect(printed(script, [...before, part])).toEqual(["none", null]);
  });

  test("what most networks use has the bits that it has in the complete build", () => {
    const script = `
      const page = await import("file://${root}/${exports["."].default.default}");
      const { fingerprints } = await import("file://${root}/test/fingerprint-scenario.js");
      console.log(JSON.stringify(fingerprints(page, true)));`;
    const golden = JSON.parse(readFileSync(`${root}/test/golden/fingerprints.json`, "utf8")) as Record<string, string>;
    const common = printed(script) as Record<string, string>;
    expect(Object.keys(common).length).toBeGreaterThan(60);
    expect(golden).toMatchObject(common);
  });

  test("a network goes on in the build that it began in", () => {
    const script = `
      const [one, two] = [make(), make()];
      one.fitSync({ x, y }, { epochs: 2 });
      two.fitSync({ x, y }, { epochs: 2 });
      await import("file://${root}/${exports["./complete"].default.default}");
      const { f1 } = one.evaluate({ x, y }, { metrics: ["f1", "logLoss"] });
      one.fitSync({ x, y }, { epochs: 2 });
      const three = Network.fromJSON(JSON.parse(JSON.stringify(two)));
      three.fitSync({ x, y }, { epochs: 2 });
      two.fitSync({ x, y }, { epochs: 2 });
      console.log(JSON.stringify([f1 >= 0, one.fingerprint() === two.fingerprint(), three.build]));`;
    expect(printed(script)).toEqual([true, true, "simd"]);
  });

  test("a saved network that needs one says so", () => {
    const saved = JSON.stringify(
      new Network({ inputs: 2, layers: [dense(4), batchNorm(), dense(1)], optimizer: "rmsprop" }),
    );
    const script = `console.log(JSON.stringify(fails(() => Network.fromJSON(${saved}).outputs)));`;
    expect(printed(script)).toEqual(["ERR_PART", expect.stringContaining('add import "propago/complete"')]);
    expect(printed(script, ["complete"])).toEqual(["none", 1]);
  });

  test("names of what is not there are known all the same", () => {
    const rows = {
      layer: RARE_LAYERS,
      optimizer: RARE_OPTIMIZERS,
      metric: SCORES,
      initializer: RARE_INITIALIZERS,
      schedule: RARE_SCHEDULES,
    };
    expect(RARE).toEqual(Object.fromEntries(Object.entries(rows).map(([kind, table]) => [kind, Object.keys(table)])));
    const message = expect.stringMatching(/did you mean "rmsprop"\?.*levenbergMarquardt/) as string;
    expect(printed(`console.log(JSON.stringify(fails(() => make({ optimizer: "rmsprp" }))));`)).toEqual([
      "ERR_CONFIG",
      message,
    ]);
  });

  test("a call that fails for want of a part changes nothing", () => {
    const script = `
      const network = make({ optimizer: "lbfgs" });
      const before = network.fingerprint();
      fails(() => network.fitSync({ x, y }));
      console.log(JSON.stringify([network.fingerprint() === before, (await network.fit({ x, y })).stopped]));`;
    expect(printed(script, ["complete"])).toEqual([true, "converged"]);
  });

  test("fitSync says that threads have to be imported", () => {
    const script = `
      const network = make({ layers: [dense(20000, "tanh"), dense(1, "sigmoid")] });
      const { warnings } = network.fitSync({ x, y }, { epochs: 2, threads: 2 });
      console.log(JSON.stringify([network.build, warnings[0].message]));`;
    expect(printed(script)).toEqual(["simd", expect.stringContaining('import "propago/threads"')]);
    expect(printed(script.replace("warnings[0].message", "warnings ?? null"), ["threads"])).toEqual(["threads", null]);
  });

  test("fitSync diagnoses once that is imported", () => {
    const script = `
      const { warnings } = make().fitSync({ x: x.map(([a, b]) => [1e6 * a, b]), y }, { epochs: 2 });
      console.log(JSON.stringify(warnings?.map(({ code }) => code) ?? null));`;
    expect(printed(script)).toEqual(null);
    expect(printed(script, ["diagnosis"])).toEqual(["WARN_UNSCALED_INPUTS"]);
  });
});

describe("calls that may wait load their parts", () => {
  test("fit with an optimizer that searches", () => {
    const script = `
      const network = make({ optimizer: "lbfgs" });
      const { epochs } = await network.fit({ x, y });
      console.log(JSON.stringify([epochs.length > 5, network.fitSync({ x, y }).epochs.length > 0]));`;
    expect(printed(script, ["complete"])).toEqual([true, true]);
  });

  test("fit with class weights, metrics and checkpoints, each with the bits of a part that was there", () => {
    const options = [
      "{ classWeights: [1, 2] }",
      '{ metrics: ["f1"], batchSize: 2 }',
      "{ checkpoint: () => {} }",
      '{ classWeights: "balanced", validation: 0.5, metrics: ["logLoss"] }',
    ];
    const script = `
      const said = [];
      for (const one of [${options.join()}]) {
        const network = make();
        const training = network.fit({ x, y }, { epochs: 3, ...one });
        const busy = fails(() => network.fitSync({ x, y }))[0];
        const { epochs } = await training;
        said.push([busy, epochs.length, Object.keys(epochs[0]), network.fingerprint()]);
      }
      console.log(JSON.stringify(said));`;
    const said = printed(script);
    expect((said as unknown[][]).map(([busy, epochs]) => [busy, epochs])).toEqual(options.map(() => ["ERR_BUSY", 3]));
    expect(said).toEqual(printed(script, ["complete", "state"]));
  });

  test("a fit that waits for its part can be left, and tells a wrong option when the part is there", () => {
    const script = `
      const network = make();
      for await (const report of network.fit({ x, y }, { classWeights: [1, 2], epochs: 5 })) if (report.epoch === 2) break;
      const iterator = network.fit({ x, y }, { checkpoint: () => {} })[Symbol.asyncIterator]();
      await iterator.return();
      const wrong = await network.fit({ x, y }, { classWeights: [1, 2, 3] }).catch(failure);
      console.log(JSON.stringify([wrong[0], network.fitSync({ x, y }, { epochs: 1 }).epochs[0].epoch]));`;
    expect(printed(script)).toEqual(["ERR_CONFIG", 3]);
  });

  test("an estimator with what needs other parts than its own", () => {
    const script = `
      const { Classifier } = await import("file://${root}/${exports["."].default.default}");
      const classifier = new Classifier({ hidden: [4], optimizer: "rmsprop" });
      const training = classifier.fit(x.map((row) => [...row]), [...y], { epochs: 5, metrics: ["f1"], classWeights: "balanced" });
      console.log(JSON.stringify(Object.keys((await training).epochs[0]).includes("f1")));`;
    expect(printed(`{ ${script} }`)).toBe(true);
    expect(printed(`{ ${script} }`, ["selection"])).toBe(true);
  });

  test("fit on threads, with the bits of one", () => {
    const script = `
      const layers = [dense(20000, "tanh"), dense(1, "sigmoid")];
      const [one, two] = [make({ layers }), make({ layers })];
      one.fitSync({ x, y }, { epochs: 3 });
      await two.fit({ x, y }, { epochs: 3, threads: 2 });
      console.log(JSON.stringify([two.build, one.fingerprint() === two.fingerprint()]));`;
    expect(printed(script)).toEqual(["threads", true]);
  });

  test("fit diagnoses", () => {
    const script = `
      const { warnings } = await make().fit({ x: x.map(([a, b]) => [1e6 * a, b]), y }, { epochs: 2 });
      console.log(JSON.stringify(warnings.map(({ code }) => code)));`;
    expect(printed(script)).toEqual(["WARN_UNSCALED_INPUTS"]);
  });

  test("estimators that cannot wait say which, and know it after a fit", () => {
    const script = `
      const { Classifier } = await import("file://${root}/${exports["."].default.default}");
      const classifier = new Classifier({ hidden: [4] });
      const calls = [() => classifier.fitSync(x, y), () => classifier.partialFit(x, y)].map((work) => fails(work)[1]);
      await classifier.fit(x, y, { epochs: 20 });
      classifier.partialFit(x, y);
      console.log(JSON.stringify([...calls, classifier.score(x, y) > 0.4]));`;
    const message = expect.stringContaining('add import "propago/selection"') as string;
    expect(printed(`{ ${script} }`)).toEqual([message, message, true]);
  });

  test("fit of a float64 classifier", () => {
    const script = `
      const { Classifier } = await import("file://${root}/${exports["."].default.default}");
      const classifier = new Classifier({ hidden: [4], dtype: "float64" });
      await classifier.fit(x, y, { epochs: 5 });
      console.log(JSON.stringify(classifier.network.dtype));`;
    expect(printed(script)).toEqual("float64");
  });

  test("a part that cannot be loaded: an error where training needs it, otherwise none", () => {
    const folder = mkdtempSync(`${tmpdir()}/propago-alone-`);
    try {
      writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
      copyFileSync(`${root}/${exports["."].default.default}`, `${folder}/index.js`);
      copyFileSync(`${root}/dist/library.js`, `${folder}/library.js`);
      copyFileSync(`${root}/${exports["./complete"].default.default}`, `${folder}/complete.js`);
      const script = `
        const alone = await import("file://${folder}/index.js");
        await import("file://${folder}/complete.js");
        const make = (optimizer, units = 1) =>
          new alone.Network({ inputs: 2, layers: [dense(units, "tanh"), dense(1, "sigmoid")], optimizer });
        const network = make("lbfgs");
        const error = await network.fit({ x, y }).catch((error) => error);
        const { epochs, warnings } = await make("sgd", 20000).fit({ x, y }, { epochs: 3, threads: 2 });
        const { suggestion } = await make("adam").findLearningRate({ x, y }).catch(() => ({ suggestion: "none" }));
        network.dispose();
        console.log(JSON.stringify([error.code, epochs.length, warnings[0].message, suggestion]));`;
      expect(printed(`{ ${script} }`)).toEqual(["ERR_PART", 3, expect.stringContaining("propago/threads"), "none"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("findLearningRate", () => {
    expect(printed(`console.log(JSON.stringify((await make().findLearningRate({ x, y })).suggestion > 0));`)).toBe(
      true,
    );
  });
});

/** Trains in a page; gives what each step comes to. */
const inPage = `(async () => {
  const { Network, dense, PropagoError } = propago;
  const x = [[0, 0], [0, 1], [1, 0], [1, 1]];
  const y = [0, 1, 1, 0];
  const make = (more) => new Network({ inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")], ...more });
  const said = [];
  const network = make();
  said.push(network.fitSync({ x, y }, { epochs: 300 }).epochs.length);
  try { make({ dtype: "float64" }); } catch (error) { said.push(error instanceof PropagoError && error.code); }
  await LOAD_COMPLETE;
  said.push((await make({ optimizer: "lbfgs" }).fit({ x, y })).stopped);
  await LOAD_FLOAT64;
  said.push(make({ dtype: "float64" }).dtype, make().checkGradients({ x, y }) < 1e-4);
  return said;
})()`;
const saidInPage = [300, "ERR_PART", "converged", "float64", true];

describe("in Chromium", () => {
  test("float32 works alone, and parts come when they are asked for", async (context) => {
    if (chromiumMissing) return context.skip(chromiumMissing);
    const { value, loaded } = await inChromium(
      inPage.replace(/LOAD_(\w+)/g, (_, part: string) => `import("/dist/${part.toLowerCase()}.js")`),
      {},
      { module: "/dist/index.js" },
    );
    expect(value).toEqual(saidInPage);
    expect(loaded).toEqual([
      "/dist/index.js",
      "/dist/library.js",
      "/dist/complete.js",
      "/dist/diagnosis.js",
      "/dist/search.js",
      "/dist/float64.js",
    ]);
  });

  test("threads come by themselves, relaxed SIMD when it is imported", async (context) => {
    if (chromiumMissing) return context.skip(chromiumMissing);
    const script = `(async () => {
      const { Network, dense } = propago;
      const data = { x: Float32Array.from({ length: 64 }, (_, i) => i % 7), y: Float32Array.from({ length: 64 }, (_, i) => i % 2) };
      const make = (more) => new Network({ inputs: 1, layers: [dense(4000, "tanh"), dense(1)], ...more });
      const [alone, shared] = [make(), make()];
      alone.fitSync(data, { epochs: 3 });
      await shared.fit(data, { epochs: 3, threads: 2 });
      await import("/dist/relaxed.js");
      const relaxed = make({ build: "relaxed" });
      relaxed.fitSync(data, { epochs: 3 });
      const distance = Math.abs(relaxed.predict([[1]])[0] - alone.predict([[1]])[0]);
      return [shared.build, shared.fingerprint() === alone.fingerprint(), relaxed.build, distance < 1e-5];
    })()`;
    const { value, loaded } = await inChromium(script, ISOLATED, { module: "/dist/index.js" });
    expect(value).toEqual(["threads", true, "relaxed", true]);
    expect(loaded).toContain("/dist/threads.js");
  });

  test("the same bits as everywhere", async (context) => {
    if (chromiumMissing) return context.skip(chromiumMissing);
    const golden = JSON.parse(readFileSync(`${root}/test/golden/fingerprints.json`, "utf8")) as unknown;
    const { value } = await inChromium(
      'Promise.all(["complete", "float64", "search", "selection"].map((part) => import(`/dist/${part}.js`))).then(() => globalThis.run())',
      {},
      { module: "/dist/index.js" },
    );
    expect(value).toEqual(golden);
  });

  test("vite makes chunks of the parts", async (context) => {
    if (chromiumMissing) return context.skip(chromiumMissing);
    const folder = mkdtempSync(`${tmpdir()}/propago-vite-`);
    try {
      mkdirSync(`${folder}/node_modules`);
      symlinkSync(root, `${folder}/node_modules/propago`, "junction");
      writeFileSync(
        `${folder}/main.js`,
        `export * from "propago"; export const float64 = () => import("propago/float64"), complete = () => import("propago/complete");`,
      );
      await build({
        root: folder,
        configFile: false,
        logLevel: "silent",
        build: {
          target: "es2022",
          modulePreload: false,
          rollupOptions: {
            input: `${folder}/main.js`,
            preserveEntrySignatures: "strict",
            output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" },
          },
        },
      });
      const { value, loaded } = await inChromium(
        inPage.replace(/LOAD_(\w+)/g, (_, part: string) => `propago.${part.toLowerCase()}()`),
        {},
        { module: "/dist/main.js", folder },
      );
      expect(value).toEqual(saidInPage);
      const chunk = (name: string) => expect.stringMatching(new RegExp(`^/dist/(.*/)?${name}\\.js$`)) as string;
      expect(loaded.at(0)).toBe("/dist/main.js");
      expect(loaded).toEqual(
        expect.arrayContaining([chunk("complete"), chunk("diagnosis"), chunk("search"), chunk("float64")]),
      );
      expect(loaded).not.toContainEqual(chunk("relaxed"));
      expect(loaded).not.toContainEqual(chunk("threads"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
