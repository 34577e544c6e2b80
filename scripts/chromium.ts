// Runs what is built in Chromium, or another browser: a page served from this machine loads the one-file bundle, or another module.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";
import { root } from "./root.ts";

const executable = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Why Chromium cannot be used here, or nothing if it can. */
export const chromiumMissing = existsSync(executable)
  ? undefined
  : `no Chromium at ${executable} (set CHROMIUM to its path)`;

/** A page with a module's exports as `propago`, and the scenario. */
const pageOf = (
  module: string,
): string => `<!doctype html><meta charset="utf-8"><title>propago</title><script type="module">
  import * as propago from "${module}";
  import { fingerprints } from "/test/fingerprint-scenario.js";
  globalThis.run = () => fingerprints(propago);
  globalThis.propago = propago;
</script>`;

/** What a page loads, and from where. */
export interface Site {
  module: string;
  /** The folder that holds it; the scenario comes from the repository. */
  folder?: string;
}

/** What lets a page have threads. */
export const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** The scenario's answers there, and which Chromium gave them. */
export async function fingerprintsInChromium(): Promise<{ version: string; fingerprints: Record<string, string> }> {
  const { version, value } = await inChromium<Record<string, string>>("globalThis.run()");
  return { version, fingerprints: value };
}

/** As `inBrowser`, in a Chromium of its own. */
export async function inChromium<T>(
  expression: string,
  headers: Record<string, string> = {},
  site?: Site,
): Promise<{ version: string; value: T; loaded: string[] }> {
  const browser = await chromium.launch({
    executablePath: executable,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
  try {
    return await inBrowser(browser, expression, headers, site);
  } finally {
    await browser.close();
  }
}

/**
 * Evaluates an expression in a page where the library is `propago`, served with these headers. Gives its value, and the
 * files that the page loaded.
 */
export async function inBrowser<T>(
  browser: Browser,
  expression: string,
  headers: Record<string, string> = {},
  { module, folder = root }: Site = { module: "/dist/propago.min.js" },
): Promise<{ version: string; value: T; loaded: string[] }> {
  const loaded: string[] = [];
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const path = /^(\/[\w.-]+)+\.js$/.exec(request.url ?? "")?.[0];
    if (path) {
      if (!path.startsWith("/test/")) loaded.push(path);
      readFile(path.startsWith("/test/") ? root + path : folder + path).then(
        (bytes) => response.setHeader("content-type", "text/javascript").end(bytes),
        () => response.writeHead(404).end(),
      );
    } else if (request.url === "/") {
      response.setHeader("content-type", "text/html").end(pageOf(module));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const tab = await browser.newPage();
    const errors: string[] = [];
    tab.on("pageerror", (error) => errors.push(error.message));
    tab.on("response", (response) => {
      if (!response.ok()) errors.push(`${response.url()}: ${response.status()}`);
    });
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await tab.waitForFunction("globalThis.run", undefined, { timeout: 20_000 }).catch((cause: unknown) => {
      throw new Error(`the page did not load: ${errors.join("; ") || "no error was reported"}`, { cause });
    });
    const value = await tab.evaluate<T>(expression);
    return { version: browser.version(), value, loaded };
  } finally {
    server.close();
  }
}
