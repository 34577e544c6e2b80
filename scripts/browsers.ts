// `npm run test:browsers`: that browsers train to the same bits as Node, in a plain page and in one with threads.
//
//   npm run test:browsers -- [chromium] [firefox] [webkit]   (default: all)
//
// The browsers are Playwright's (`npx playwright-core install firefox`). Without it they are the system's: Chromium,
// Debian's firefox-esr, and the little browser of WebKitGTK, which has no threads.
import { existsSync, readFileSync } from "node:fs";
import { chromium, firefox, webkit } from "playwright-core";
import { chromiumMissing, inBrowser, inChromium, ISOLATED } from "./chromium.ts";
import { root } from "./root.ts";
import { missing, pageOf, sending, visit } from "../test/hosts/lab.ts";

const BROWSERS = { chromium, firefox, webkit };
type BrowserName = keyof typeof BROWSERS;

/** Trains on two threads in a page that may have them; says which build that was, and whether the bits are those of one. */
const onThreads = `(async () => {
  const data = { x: Float32Array.from({ length: 64 }, (_, i) => i % 7), y: Float32Array.from({ length: 64 }, (_, i) => i % 2) };
  const make = () => new propago.Network({ inputs: 1, layers: [propago.dense(4000, "tanh"), propago.dense(1)] });
  const [one, two] = [make(), make()];
  one.fitSync(data, { epochs: 3 });
  await two.fit(data, { epochs: 3, threads: 2 });
  return { build: two.build, isShared: typeof SharedArrayBuffer !== "undefined", equal: one.fingerprint() === two.fingerprint() };
})()`;

/** What a page ends with: a value, and which browser it is; or the text of an error. */
interface Answer<T> {
  version: string;
  value: T;
}

/** As `inPage`, in a browser of the system that nothing but the page itself controls. */
async function inSystems<T>(
  name: BrowserName,
  expression: string,
  headers: Record<string, string>,
): Promise<Answer<T>> {
  const reason = missing(name);
  if (reason !== undefined) throw new Error(`neither Playwright's nor the system's is there: ${reason}`);
  const html = pageOf(`
import * as propago from "/dist/propago.min.js";
import { fingerprints } from "/test/fingerprint-scenario.js";
globalThis.propago = propago;
globalThis.run = () => fingerprints(propago);
${sending(`return { version: navigator.userAgent.split(" ").at(-1), value: await ${expression} };`)}`);
  const answer = await visit<Answer<T> | { error: string }>(name, root, { headers, html, patience: 180_000 });
  if ("error" in answer) throw new Error(answer.error);
  return answer;
}

/** Runs an expression in a page of the browser, with these headers. */
async function inPage<T>(
  name: BrowserName,
  expression: string,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  if (!existsSync(BROWSERS[name].executablePath())) {
    if (name !== "chromium") return inSystems<T>(name, expression, headers);
    if (chromiumMissing) throw new Error(chromiumMissing);
    return inChromium<T>(expression, headers);
  }
  const browser = await BROWSERS[name].launch();
  try {
    return await inBrowser<T>(browser, expression, headers);
  } finally {
    await browser.close();
  }
}

const golden = JSON.parse(readFileSync(`${root}/test/golden/fingerprints.json`, "utf8")) as Record<string, string>;
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in BROWSERS));
if (unknown.length > 0) {
  console.error(`usage: npm run test:browsers -- [${Object.keys(BROWSERS).join("] [")}]`);
  process.exit(2);
}

let failures = 0;
for (const name of (asked.length > 0 ? asked : Object.keys(BROWSERS)) as BrowserName[]) {
  try {
    const { version, value } = await inPage<Record<string, string>>(name, "globalThis.run()");
    const names = Object.keys(golden);
    const different = names.filter((key) => value[key] !== golden[key]);
    console.log(`${name} ${version}: ${names.length - different.length} of ${names.length} networks as in Node`);
    for (const key of different) console.log(`  ${key}: ${value[key]}, not ${golden[key]}`);
    const threads = await inPage<{ build: string; isShared: boolean; equal: boolean }>(name, onThreads, ISOLATED);
    const { build, isShared, equal } = threads.value;
    const where = isShared ? "on two threads" : "on one thread, since there is no SharedArrayBuffer";
    console.log(`  ${where}: build ${build}, ${equal ? "the same" : "other"} bits`);
    if (different.length > 0 || build !== (isShared ? "threads" : "simd") || !equal) failures++;
  } catch (error) {
    failures++;
    console.log(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
process.exit(failures > 0 ? 1 : 0);
