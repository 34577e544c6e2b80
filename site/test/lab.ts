// The built playground, served from this machine, in Chromium.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium, type Browser, type Page } from "playwright-core";
import { chromiumMissing, ISOLATED } from "../../scripts/chromium.ts";
import { root } from "../../scripts/root.ts";

const dist = `${root}/site/dist`;

/** Why the playground cannot be tried here, or nothing. */
export const siteMissing =
  chromiumMissing ??
  (existsSync(`${root}/site/node_modules`) ? undefined : "site/node_modules is missing (npm ci --prefix site)");

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".bin": "application/octet-stream",
  ".webmanifest": "application/manifest+json",
  ".wasm": "application/wasm",
};

export interface Host {
  url: string;
  /** The bytes that went out for each path, compressed as servers do. */
  sent: Map<string, number>;
  server: Server;
  close(): void;
}

/** Serves site/dist, with the headers that a page needs for threads where `isolated`. */
export async function host({ isolated = true }: { isolated?: boolean } = {}): Promise<Host> {
  const sent = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").split("?")[0]).replace(/\/$/, "/index.html");
    if (isolated) for (const [name, value] of Object.entries(ISOLATED)) response.setHeader(name, value);
    readFile(dist + path).then(
      (bytes) => {
        const small = gzipSync(bytes);
        sent.set(path, small.length);
        response.setHeader("content-type", TYPES[extname(path)] ?? "application/octet-stream");
        response.setHeader("content-encoding", "gzip").end(small);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sent,
    server,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

export interface State {
  view: string;
  running: boolean;
  epoch: number;
  samplesPerSecond: number;
  trainLoss: number | null;
  testLoss: number | null;
  testAccuracy: number | null;
  dataHash: string;
  fingerprint: string;
}

export const stateOf = (page: Page): Promise<State> => page.evaluate("window.propagoPlay.state()");

/** Errors of a page that nobody caught, and what its console says is wrong. */
export function errorsOf(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(`${error.name}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return errors;
}

/** Waits until the page's state is as asked; fails with the last one. */
export async function reach(page: Page, isThere: (state: State) => boolean, patience = 20_000): Promise<State> {
  const end = performance.now() + patience;
  for (;;) {
    const state = await stateOf(page);
    if (isThere(state)) return state;
    if (performance.now() > end) throw new Error(`not reached within ${patience} ms: ${JSON.stringify(state)}`);
    await page.waitForTimeout(50);
  }
}
