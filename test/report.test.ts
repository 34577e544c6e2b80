// Reports: what stands in them, that nothing of the data runs in them, and how they look in Chromium, at the sizes and with
// the names that break pages. The statistics have tests of their own (report-statistics.test.ts).
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Classifier, type History, Network, PropagoError, Regressor, dense } from "../src/index.ts";
import { KEEPING, LEFT_OUT } from "../src/ground/marks.ts";
import { commandReport } from "../src/report/command.ts";
import { report, type ReportOptions } from "../src/report/report.ts";
import { chromiumMissing } from "../scripts/chromium.ts";
import { root } from "../scripts/root.ts";
import { axeText, look, VIEWS } from "./report/look.ts";

/** Rows of numbers by their class, with some noise. */
function made<L>(rows: number, columns: number, classes: number, label: (c: number) => L): { x: number[][]; y: L[] } {
  let state = 7;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const x = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => (((i % classes) * (j + 3)) % 11) + 4 * random()),
  );
  return { x, y: Array.from({ length: rows }, (_, i) => label(i % classes)) };
}

/** A classifier that is made in little time. */
async function classifier<L extends string | number>({ x, y }: { x: number[][]; y: L[] }, options = {}) {
  const model = new Classifier({ effort: "quick", hidden: [8] });
  return { classifier: model, history: await model.fit(x, y, { epochs: 5, ...options }) };
}

const LONG = (c: number): string => `a class with quite a long name, number ${c} of many, which no plot has room for`;
const HOSTILE = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"'><b>&amp;\u202eabc"];

/** Reports that break pages which are not made for them. */
const cases: Record<string, () => Promise<string>> = {
  async "two classes"() {
    const data = made(80, 3, 2, (c) => (c === 1 ? "yes" : "no"));
    data.y.forEach((_, i) => i % 9 === 0 && (data.y[i] = "yes"));
    const { classifier: model, history } = await classifier(data);
    return report(history, { classifier: model, data, target: "answer" });
  },
  async "thirty classes with long names"() {
    const data = made(300, 3, 30, LONG);
    const { classifier: model, history } = await classifier(data);
    const columns = [0, 1, 2].map(
      (i) => `a column whose name goes on and on, much further than any plot is wide, ${i}`,
    );
    return report(history, { classifier: model, data, columns, title: "A long title ".repeat(30) });
  },
  async "names that are HTML"() {
    const data = made(90, 3, 3, (c) => HOSTILE[c]);
    const { classifier: model, history } = await classifier(data);
    const columns = ["</style><script>alert(2)</script>", 'x" onload="alert(1)', "]]><!--\ud800"];
    const rows = data.x.map((_, i) => `<i onclick=alert(1)>${i}`);
    const settings = { "<a href=javascript:alert(1)>": "</pre><script>alert(1)</script>" };
    const title = "</title><script>alert(3)</script>";
    return report(history, { classifier: model, data, columns, rows, settings, title, target: title, command: title, unit: title, date: title }); // prettier-ignore
  },
  async "a thousand classes"() {
    const data = made(1000, 5, 1000, (c) => c);
    const network = new Network({ inputs: 5, layers: [dense(4, "relu"), dense(1000, "softmax")] });
    return report(await network.fit(data, { epochs: 2 }), { network, data });
  },
  async "two thousand columns"() {
    const data = made(60, 2000, 3, (c) => c);
    const network = new Network({ inputs: 2000, layers: [dense(3, "softmax")] });
    const columns = Array.from({ length: 2000 }, (_, i) => `expression of the gene ENSG0000${i} x`);
    return report(await network.fit(data, { epochs: 2 }), { network, data, columns });
  },
  async "a class that no row has, and one that training has not seen"() {
    const data = made(120, 3, 4, (c) => `kind ${c}`);
    const { classifier: model, history } = await classifier(data);
    const places = Array.from(data.x.keys()).filter((i) => data.y[i] !== "kind 2");
    const y = places.map((i) => (i % 17 === 0 ? "another kind" : data.y[i]));
    return report(history, { classifier: model, data: { x: places.map((i) => data.x[i]), y } });
  },
  async "one epoch"() {
    const data = made(40, 3, 2, (c) => c);
    const network = new Network({ inputs: 3, layers: [dense(1, "sigmoid")] });
    return report(await network.fit(data, { epochs: 1, validation: 0.3 }), { network, data });
  },
  async "a training that diverged"() {
    const losses = [2, 1e6, 1e200, Infinity, NaN];
    const epochs = losses.map((loss, i) => ({ epoch: i + 1, loss, learningRate: 10 ** i, seconds: 1, samplesPerSecond: 1 })); // prettier-ignore
    const network = new Network({ inputs: 3, layers: [dense(1)] });
    return report({ epochs, stopped: "aborted" }, { network });
  },
  async "large numbers, and a target that never changes"() {
    const x = Array.from({ length: 60 }, (_, i) => [i * 1e9, (i % 7) * 1e-9]);
    const y = x.map(([a, b]) => [a * 1e6 + b, 5]);
    const model = new Regressor({ effort: "quick" });
    return report(await model.fit(x, y), { regressor: model, data: { x, y }, unit: "EUR" });
  },
  async images() {
    const { x, y } = digits(120);
    const network = new Network({ inputs: 64, layers: [dense(6, "relu"), dense(10, "softmax")] });
    return report(await network.fit({ x, y }, { epochs: 3 }), { network, data: { x, y } });
  },
};

function digits(count: number): { x: number[][]; y: number[] } {
  const lines = readFileSync(`${root}/examples/data/digits.csv`, "utf8").trim().split("\n").slice(1, count + 1); // prettier-ignore
  const rows = lines.map((line) => line.split(",").map(Number));
  return { x: rows.map((row) => row.slice(0, 64)), y: rows.map((row) => row[64]) };
}

const axe = axeText();
if (axe === undefined) console.log("axe-core is not installed (npm run test:peers): accessibility is not checked");

/** How a page is looked at: all of them on a phone, some as everybody may see them; REPORT_VIEWS=all looks at all of all. */
function viewsOf(name: string): (keyof typeof VIEWS)[] {
  if (process.env.REPORT_VIEWS === "all") return Object.keys(VIEWS) as (keyof typeof VIEWS)[];
  if (name === "thirty classes with long names") return ["phone", "wide", "dark", "print"];
  return name === "images" || name === "large numbers, and a target that never changes" ? ["phone", "wide"] : ["phone"];
}

describe("pages", () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    const args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
    if (!chromiumMissing) browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args }); // prettier-ignore
  });
  afterAll(() => browser?.close());

  test.each(Object.keys(cases))("%s", async (name) => {
    const html = await cases[name]();
    expect(html.length).toBeLessThan(400_000);
    expect(html).not.toMatch(/<script/i);
    expect(html).not.toMatch(/undefined|\[object|NaN/);
    // Nothing of one report changes the next.
    if (name === "images" || name === "names that are HTML") expect(await cases[name]()).toBe(html);
    if (!browser) return;
    for (const view of viewsOf(name)) {
      const seen = await look(browser, html, view, view === "wide" || view === "dark" ? axe : undefined);
      expect({ view, ...seen, text: "" }).toEqual({ view, texts: [], events: [], overflow: 0, scripts: 0, violations: [], text: "" }); // prettier-ignore
      if (name === "names that are HTML") for (const text of HOSTILE.slice(0, 2)) expect(seen.text).toContain(text);
    }
  });
});

describe("which rows judge", () => {
  const data = made(90, 3, 3, (c) => `kind ${c}`);

  test("of the rows that were fitted on, those that were left out, with the estimate's figures", async () => {
    const { classifier: model, history } = await classifier(data);
    const page = report(history, { classifier: model, data });
    expect(page).toContain("90 rows that were left out in turn");
    expect(page).toContain(`<b>${Number((100 * (model.estimate?.accuracy ?? NaN)).toFixed(1))} %</b>accuracy`);
    expect(JSON.stringify(model)).not.toContain("answers");
    // Others, or a part, are judged as they are.
    expect(report(history, { classifier: model, data: { x: data.x.slice(1), y: data.y.slice(1) } })).toContain("the 89 rows given"); // prettier-ignore
    const copy = Classifier.fromJSON(JSON.parse(JSON.stringify(model)));
    expect(report(undefined, { classifier: copy, data })).toContain("the 90 rows given");
  });

  test("rows that were held back", async () => {
    const { classifier: model, history } = await classifier(data, { validation: 0.3 });
    expect(report(history, { classifier: model, data })).toContain(`${model.heldBack.length} rows that were held back`);
  });

  test("networks that have not seen a row are kept where that is asked for, and the model is the same", async () => {
    const plain = await classifier(data);
    const onSearch = Object.assign(() => {}, { [KEEPING]: true });
    const { classifier: model, history } = await classifier(data, { onSearch });
    expect(model.networks.map((network) => network.fingerprint())).toEqual(plain.classifier.networks.map((network) => network.fingerprint())); // prettier-ignore
    const { found } = (model as unknown as { fitted: { found: Record<symbol, { members: unknown[][] }> } }).fitted;
    expect(found[LEFT_OUT as unknown as symbol].members.length).toBeGreaterThan(1);
    const truth = data.y;
    const x = { data: Float64Array.from(data.x.flat()), rows: 90, columns: 3 };
    const columns = ["a", "b", "c"].map((name) => ({ name, kind: "number" as const, offset: 0 }));
    const { html, plots } = commandReport({
      title: "kinds",
      targets: [{ name: "kind", estimator: model, history, truth }],
      columns,
      x,
      areTraining: true,
      rowName: (row) => `line ${row + 2}`,
      notes: [],
      warnings: ["something is odd"],
      settings: [],
      command: "propago train a.csv",
    });
    expect(html).toContain("measured by networks that have not seen these rows");
    expect(html).toContain("something is odd");
    expect(plots.map(({ name }) => name)).toEqual(expect.arrayContaining(["loss", "confusion", "roc", "calibration", "importance", "effect-1"])); // prettier-ignore
    for (const { svg } of plots) {
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(svg).not.toContain("var(");
    }
  });

  test("of an interrupted command there may be no model yet", () => {
    const { html } = commandReport({ title: "t", targets: [], columns: [], x: { data: new Float64Array(0), rows: 0, columns: 0 }, areTraining: true, rowName: String, notes: ["a note"], warnings: ["interrupted"], settings: [["--seed", "1"]], command: "propago train" }); // prettier-ignore
    for (const text of ["a note", "interrupted", "--seed", "propago train"]) expect(html).toContain(text);
  });
});

describe("what cannot be reported on", () => {
  const network = new Network({ inputs: 2, layers: [dense(2, "softmax")] });
  const history: History = { epochs: [], stopped: "epochs" };
  const x = [[0, 1], [1, 0]]; // prettier-ignore
  const bad: [string, unknown, unknown, string, RegExp][] = [
    ["no options", history, undefined, "ERR_CONFIG", /report options/],
    ["no model", history, {}, "ERR_CONFIG", /one of network, classifier and regressor, got 0/],
    ["two models", history, { network, classifier: new Classifier() }, "ERR_CONFIG", /got 2/],
    ["a model of another kind", history, { classifier: network }, "ERR_CONFIG", /classifier must be a classifier/],
    ["a regressor as classifier", history, { classifier: new Regressor() }, "ERR_CONFIG", /classifier must be/],
    ["no model of ours", history, { network: 5 }, "ERR_CONFIG", /network must be a network of propago, got 5/],
    ["a model before its fit", history, { classifier: new Classifier() }, "ERR_NOT_FITTED", /fit\(\)/],
    ["an option that is none", history, { network, foo: 1 }, "ERR_CONFIG", /foo/],
    ["no history", 5, { network }, "ERR_CONFIG", /history must have epochs, got 5/],
    ["a training that runs", Promise.resolve(history), { network }, "ERR_CONFIG", /await the training/],
    ["a title that is no text", history, { network, title: 5 }, "ERR_CONFIG", /title must be text/],
    ["other columns than the model's", history, { network, data: { x: [[1]], y: [0] } }, "ERR_SHAPE", /data\.x/],
    ["other numbers of rows", history, { network, data: { x, y: [0] } }, "ERR_SHAPE", /2 rows, data\.y has 1/],
    ["data without targets", history, { network, data: { x } }, "ERR_DATA", /x and y/],
    ["NaN", history, { network, data: { x: [[NaN, 1], [1, 1]], y: [0, 1] } }, "ERR_NONFINITE", /data\.x/], // prettier-ignore
    ["too few names", history, { network, columns: ["a"] }, "ERR_SHAPE", /columns has 1 names/],
    ["names that are no array", history, { network, columns: "ab" }, "ERR_CONFIG", /columns must be an array/],
    ["names of rows that are not there", history, { network, rows: ["a"] }, "ERR_CONFIG", /give data too/],
    ["an image of another size", history, { network, image: [8, 8] }, "ERR_SHAPE", /64 values, but a row has 2/],
    ["an image that is none", history, { network, image: "8x8" }, "ERR_CONFIG", /\[height, width\]/],
    ["no date", history, { network, date: new Date(NaN) }, "ERR_CONFIG", /date/],
    ["a folder that is not there", history, { network, file: "/no/such/folder/a.html" }, "ERR_IO", /cannot write/],
  ];
  test.each(bad)("%s", (_name, given, options, code, message) => {
    let error: unknown;
    try {
      report(given as History, options as ReportOptions);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(PropagoError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe("the command", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(`${tmpdir()}/propago-report-`);
    const rows = Array.from({ length: 80 }, (_, i) => `${i % 10},${["red", "blue", "<b>"][i % 3]},${i % 10 > 4 ? "large" : "small"},${i}`); // prettier-ignore
    writeFileSync(`${folder}/data.csv`, `a,colour,size,weight\n${rows.join("\n")}\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(...args: string[]) {
    const words = [`${root}/dist/cli.js`, ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    return { status, stdout, stderr };
  }
  const quick = ["--effort", "quick", "--hidden", "4", "--epochs", "5"];

  test("train and evaluate write reports, twice the same, and plots", () => {
    const train = ["train", "data.csv", "--target", "size", ...quick, "--report", "report.html", "--plots", "plots", "--force"]; // prettier-ignore
    const first = run(...train);
    expect(first).toMatchObject({ status: 0 });
    const page = readFileSync(`${folder}/report.html`, "utf8");
    expect(page).toContain("measured by networks that have not seen these rows");
    expect(page).toMatch(/<code>propago train data\.csv --target size/);
    expect(page).toContain("line ");
    expect(page).not.toMatch(/<b>,/);
    const names = readdirSync(`${folder}/plots`);
    expect(names).toEqual(expect.arrayContaining(["confusion.svg", "importance.svg", "loss.svg"]));
    if (!names.includes("loss.png")) expect(first.stderr).toContain("npm install @resvg/resvg-js");
    // Once more, with what makes PNG images installed here.
    const peers = `${root}/test/report/node_modules`;
    if (existsSync(peers)) symlinkSync(peers, `${folder}/node_modules`, "junction");
    expect(run(...train)).toMatchObject({ status: 0 });
    expect(readFileSync(`${folder}/report.html`, "utf8")).toBe(page);
    if (existsSync(peers)) expect([...readFileSync(`${folder}/plots/loss.png`).subarray(1, 4)]).toEqual([80, 78, 71]);
    const judged = run("evaluate", "model.propago", "data.csv", "--report", "evaluation.html");
    expect(judged).toMatchObject({ status: 0 });
    expect(readFileSync(`${folder}/evaluation.html`, "utf8")).toContain("the 80 rows given");
  });

  test("of several targets and of numbers", () => {
    const { status } = run("train", "data.csv", "--target", "weight,a", ...quick, "--report", "numbers.html", "--out", "n.propago"); // prettier-ignore
    expect(status).toBe(0);
    const page = readFileSync(`${folder}/numbers.html`, "utf8");
    for (const text of ["Target weight", "Target a", "Predicted against true", "Residuals"])
      expect(page).toContain(text);
  });

  test("refuses what is there, and what cannot be written, before it trains", () => {
    writeFileSync(`${folder}/there.html`, "mine");
    const refused = run("train", "data.csv", "--out", "x.propago", "--report", "there.html");
    expect(refused).toMatchObject({ status: 6, stderr: expect.stringContaining("there.html exists already") });
    expect(readFileSync(`${folder}/there.html`, "utf8")).toBe("mine");
    expect(run("train", "data.csv", "--out", "x.propago", "--plots", "there.html").status).toBe(6);
    expect(run("train", "data.csv", "--out", "x.propago", "--report", "no/such/a.html").status).toBe(6);
    expect(run("train", "data.csv", "--out", "x.propago", "--report", "data.csv", "--force").stderr).toMatch(/also the input/); // prettier-ignore
    expect(existsSync(`${folder}/x.propago`)).toBe(false);
  });
});

test("the command and the library do not hold what draws; its licences go along", () => {
  for (const name of readdirSync(`${root}/dist`).filter(
    (file) => /\.(c?js)$/.test(file) && !file.startsWith("report"),
  )) {
    expect(readFileSync(`${root}/dist/${name}`, "utf8"), name).not.toMatch(/linkedom|plot-d6a7b5/);
  }
  const notices = readFileSync(`${root}/dist/THIRD-PARTY-NOTICES.txt`, "utf8");
  for (const name of ["@observablehq/plot", "linkedom", "d3-scale", "isoformat"]) expect(notices).toMatch(new RegExp(`^${name} [\\d.]+ \\(`, "m")); // prettier-ignore
});
