// Training in pages, in Chromium: workers under every policy and from every place, workers that fail, reports that do not
// pile up, and a page's own thread that never stands still for long.
import { createServer, type Server } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ISOLATED, chromiumMissing } from "../scripts/chromium.ts";
import { root } from "../scripts/root.ts";

/** What a server answers, by path, beside the files of dist/; nothing for what is not to be found. */
type Pages = Record<string, string | undefined>;

const servers: Server[] = [];
let browser: Browser;

/** Serves dist/ and these pages; gives the origin. */
async function serve(pages: Pages = {}, headers: Record<string, string> = {}): Promise<string> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").split("?")[0];
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader("content-type", path.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8");
    if (path in pages) return pages[path] === undefined ? response.writeHead(404).end() : response.end(pages[path]);
    if (!/^\/dist\/[\w.-]+\.js$/.test(path)) return response.writeHead(404).end();
    readFile(root + path).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const page = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/boot.js"></script>';

/** The pages of a site that has the library, from this URL, as `propago`. */
const using = (url: string): Pages => ({
  "/": page,
  "/boot.js": `import * as propago from "${url}"; globalThis.propago = propago;`,
});

/** What every script of a page begins with. */
const prologue = `
  const { Network, dense } = globalThis.propago;
  const x = Float32Array.from({ length: 1000 }, (_, i) => ((i * 7919) % 1000) / 500 - 1);
  const y = Int32Array.from({ length: 500 }, (_, row) => (Math.hypot(x[2 * row], x[2 * row + 1]) < 0.7 ? 1 : 0));
  const data = { x, y };
  const make = () => new Network({ inputs: 2, layers: [dense(8, "tanh"), dense(2, "softmax")], seed: 3 });
  const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));
  const failure = (promise) => Promise.resolve(promise).then(() => "none", ({ code, message }) => code + " " + message);`;

/** Runs a script's body in a page; gives what it returns. */
async function run<T>(origin: string, body: string): Promise<T> {
  const tab = await browser.newPage();
  try {
    await tab.goto(`${origin}/`);
    await tab.waitForFunction("globalThis.propago", undefined, { timeout: 20_000 });
    return await tab.evaluate<T>(`(async () => { ${prologue} ${body} })()`);
  } finally {
    await tab.close();
  }
}

const trains = `
  const [here, there] = [make(), make()];
  here.fitSync(data, { epochs: 40 });
  const { warnings } = await there.fit(data, { epochs: 40, worker: true });
  return [here.fingerprint() === there.fingerprint(), warnings?.find(({ code }) => code === "WARN_WORKER")?.message];`;

const strict = { "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:" };
const own = using("/dist/index.js");
/** As behind a bundler that has left workers out: their files are not there. */
const alone = { ...own, "/dist/worker.js": undefined, "/dist/propago.min.js": undefined };

describe.skipIf(chromiumMissing !== undefined)("a page", () => {
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
  });
  afterAll(async () => {
    await browser.close();
    for (const server of servers) server.close();
  });

  test.each<[string, () => Promise<string>]>([
    ["with the package's files", () => serve(own)],
    ["with the one file", () => serve(using("/dist/propago.min.js"))],
    [
      "with files of another origin",
      async () => serve(using(`${await serve({}, { "access-control-allow-origin": "*" })}/dist/index.js`)),
    ],
    ["under a strict policy", () => serve(own, strict)],
    ["under a strict policy, with the one file", () => serve(using("/dist/propago.min.js"), strict)],
    ["isolated", () => serve(own, ISOLATED)],
    ["without any file for workers", () => serve(alone)],
  ])("%s: worker: true trains there, to the same bits", async (_, site) => {
    expect(await run(await site(), trains)).toEqual([true, undefined]);
  });

  test("without any file for workers, under a strict policy: trains in its own thread and says why", async () => {
    const [isSame, message] = await run<[boolean, string]>(await serve(alone, strict), trains);
    expect(isSame).toBe(true);
    expect(message).toMatch(/^worker: true has no effect, training goes on in this thread: no worker could be started/);
  });

  test("docs/pages.md: blocks for pages run in one", async () => {
    const text = await readFile(`${root}/docs/pages.md`, "utf8");
    const blocks = [...text.matchAll(/^```javascript\n([^]*?)^```$/gm)].map(([, block]) => block);
    const whole = blocks.filter((block) => block.includes("console.log"));
    expect(whole.length).toBeGreaterThan(1);
    const origin = await serve(own);
    for (const block of whole) {
      const body = block.replace(/^import .*$/gm, "").replaceAll("console.log(", "said.push(");
      // The prologue has the imports' names.
      expect(await run(origin, `const said = []; ${body} return said;`)).toEqual([true]);
    }
  });

  test("threads inside, where the page is isolated", async () => {
    const body = `
      const wide = () => new Network({ inputs: 1, layers: [dense(4000, "tanh"), dense(1)] });
      const rows = { x: Float32Array.from({ length: 64 }, (_, i) => i / 64), y: Float32Array.from({ length: 64 }, (_, i) => i % 2) };
      const [one, two] = [wide(), wide()];
      one.fitSync(rows, { epochs: 3 });
      await two.fit(rows, { epochs: 3, threads: 2, worker: true });
      return [two.build, one.fingerprint() === two.fingerprint()];`;
    expect(await run(await serve(own, ISOLATED), body)).toEqual(["threads", true]);
  });

  test("workers that close themselves, throw, never end, are not there: named in 5 s, the page lives, the next fit works", async () => {
    const origin = await serve({
      ...own,
      "/close.js": 'import "/dist/worker.js"; setTimeout(() => close(), 300);',
      "/throw.js": 'throw new Error("oh no");',
      "/loop.js": "for (;;);",
      "/silent.js": "",
      "/late.js": 'import "/dist/worker.js"; setTimeout(() => { for (;;); }, 300);',
    });
    const body = `
      let turns = 0;
      const timer = setInterval(() => turns++, 20);
      const answers = await Promise.all(["close", "throw", "loop", "silent", "late", "nothing"].map(async (name) => {
        const network = make();
        const since = performance.now();
        const worker = () => new Worker("/" + name + ".js", { type: "module" });
        const text = await failure(network.fit(data, { epochs: 1e7, worker }));
        const time = performance.now() - since;
        await network.fit(data, { epochs: 2, worker: true });
        return [name, text, time, network.fingerprint()];
      }));
      clearInterval(timer);
      const here = make();
      here.fitSync(data, { epochs: 2 });
      return { answers, turns, fingerprint: here.fingerprint() };`;
    const { answers, turns, fingerprint } = await run<{
      answers: [string, string, number, string][];
      turns: number;
      fingerprint: string;
    }>(origin, body);
    for (const [name, text, time, found] of answers) {
      expect(text, name).toMatch(/^ERR_WORKER the worker (was lost: it no longer answers|did not start: )/);
      // 5 s of the page's own time, on a machine where other tests run beside this one.
      expect(time, name).toBeLessThan(7500);
      expect(found, name).toBe(fingerprint);
    }
    expect(turns).toBeGreaterThan(50);
  });

  test("thousands of epochs a second are at most 31 reports, a page that stands still finds one, an abort ends it at once", async () => {
    const body = `
      const counts = { reports: 0 };
      const listen = Worker.prototype.addEventListener;
      Worker.prototype.addEventListener = function (type, listener) {
        return listen.call(this, type, type !== "message" ? listener : (event) => {
          if (event.data?.kind === "report") counts.reports++;
          listener(event);
        });
      };
      const network = make();
      const control = new AbortController();
      const training = network.fit(data, { epochs: 1e8, batchSize: "full", worker: true, signal: control.signal });
      await training.snapshot();
      counts.reports = 0;
      await sleep(1000);
      const inOneSecond = counts.reports;
      for (const until = performance.now() + 700; performance.now() < until;);
      counts.reports = 0;
      await sleep(1);
      const waiting = counts.reports;
      const since = performance.now();
      control.abort();
      const text = await failure(training);
      const time = performance.now() - since;
      const epochs = training.history.epochs;
      return { inOneSecond, waiting, time, length: epochs.length, last: epochs.at(-1).epoch };`;
    const { inOneSecond, waiting, time, length, last } = await run<Record<string, number>>(await serve(own), body);
    expect(inOneSecond).toBeLessThanOrEqual(31);
    expect(inOneSecond).toBeGreaterThan(2);
    expect(waiting).toBeLessThanOrEqual(1);
    expect(time).toBeLessThan(250); // 5 to 20 ms on a quiet machine
    expect(length === last || length > 30_000).toBe(true);
  });

  test("its own thread makes a full batch in pieces, with the bits of fitSync", async () => {
    const body = `
      const rows = 6000, inputs = 784;
      const X = new Float32Array(rows * inputs);
      for (let i = 0, s = 1; i < X.length; i++) { s = (s * 1103515245 + 12345) & 0x7fffffff; X[i] = (s >> 8) / 8388608; }
      const Y = Int32Array.from({ length: rows }, (_, i) => (i * 7) % 10);
      const options = { epochs: 2, batchSize: "full", metrics: ["accuracy"], validation: { x: X.subarray(0, 2000 * inputs), y: Y.subarray(0, 2000) } };
      const wide = () => new Network({ inputs, layers: [dense(128, "relu"), dense(10, "softmax")], optimizer: "adam", seed: 1 });
      const gaps = [];
      const { port1, port2 } = new MessageChannel();
      let last = 0, isOn = true;
      port1.onmessage = () => {
        const now = performance.now();
        if (last > 0 && isOn) gaps.push(now - last);
        last = now;
        if (isOn) port2.postMessage(0);
      };
      const [free, sync, stopped] = [wide(), wide(), wide()];
      const states = [stopped.fingerprint()];
      port2.postMessage(0);
      const history = await free.fit({ x: X, y: Y }, options);
      isOn = false;
      const since = performance.now();
      const whole = sync.fitSync({ x: X, y: Y }, options);
      const time = (performance.now() - since) / 2;
      const other = wide();
      for (let i = 0; i < 2; i++) {
        other.fitSync({ x: X, y: Y }, { epochs: 1, batchSize: "full" });
        states.push(other.fingerprint());
      }
      // Left in the middle of a step, a network is what it was before it.
      const control = new AbortController();
      setTimeout(() => control.abort(), 20);
      await failure(stopped.fit({ x: X, y: Y }, { ...options, signal: control.signal }));
      // A call in between does not disturb.
      const asked = wide();
      const training = asked.fit({ x: X, y: Y }, options);
      const timer = setInterval(() => asked.predict(X.subarray(0, inputs * 200)), 5);
      await training;
      clearInterval(timer);
      const timeless = ({ epochs }) => JSON.stringify(epochs, (key, value) => (/seconds|samplesPerSecond/.test(key) ? 0 : value));
      return {
        same: [free, asked].every((network) => network.fingerprint() === sync.fingerprint()) && timeless(history) === timeless(whole),
        kept: states.includes(stopped.fingerprint()),
        usual: gaps.sort((a, b) => a - b)[Math.floor(0.95 * gaps.length)],
        longest: Math.max(...gaps),
        time,
      };`;
    const { same, kept, usual, longest, time } = await run<
      Record<"same" | "kept", boolean> & Record<"usual" | "longest" | "time", number>
    >(await serve(own), body);
    expect([same, kept]).toEqual([true, true]);
    // A quiet machine takes some 120 ms for a step, and 8 for the longest piece; a loaded one longer for both.
    expect(usual).toBeLessThan(Math.max(16, time / 5));
    expect(longest).toBeLessThan(Math.max(30, 0.9 * time));
  });
});
