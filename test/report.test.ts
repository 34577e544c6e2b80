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
    const columns = [0, 1, 2].map((i) => `a column whose name goes on and on, much further than any plot is wide, ${i}`);
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
  async "images"() {
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
    for (const view of Object.keys(VIEWS) as (keyof typeof VIEWS)[]) {
      const seen = await look(browser, html, view, view === "print" || view === "phone" ? undefined : axe);
      expect({ view, ...seen, text: "" }).toEqual({ view, texts: [], events: [], overflow: 0, scripts: 0, violations: [], text: "" }); // prettier-ignore
      if (name === "names that are HTML") for (const text of HOSTILE.slice(0, 2)) expect(seen.text).toContain(text);
    }
  });
});
