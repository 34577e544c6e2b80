// Where hosts are tried: a folder of build/ with the packed package and the tools of test/hosts/package.json, servers for
// pages, and browsers that open them. A page or a worker tells what it found by a POST to the server that it came from.
import { execFile, execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname } from "node:path";
import { root } from "../../scripts/root.ts";

/** What is tried. */
export interface Host {
  name: string;
  /** Whether it needs nothing that `npm ci` does not install, and takes few seconds. */
  isLight?: boolean;
  /** Packages of test/hosts/package.json, and programs, without which it is skipped. */
  needs?: readonly string[];
  /** Does it; gives what the table shall say, throws where something is wrong. */
  try(lab: Lab): Promise<string> | string;
}

/** What a script of every host does: learns exclusive or, and gives the four answers, `0110`. */
export const XOR = `
  const x = [[0, 0], [0, 1], [1, 0], [1, 1]], y = [[0], [1], [1], [0]];
  const network = new Network({ inputs: 2, layers: [dense(4, "tanh"), dense(1, "sigmoid")] });
  network.fitSync({ x, y }, { epochs: 1000 });
  const answers = Array.from(network.predict(x), Math.round).join("");`;

/** Throws unless both are the same text. */
export function expectSame(what: string, got: unknown, expected: unknown): void {
  const [a, b] = [got, expected].map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  if (a !== b) throw new Error(`${what}: expected ${b}, got ${a}`);
}

/** Throws unless the text matches. */
export function expectMatch(what: string, got: string, pattern: RegExp): void {
  if (!pattern.test(got)) throw new Error(`${what}: expected ${String(pattern)}, got ${got}`);
}

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** What lets a page have threads. */
export const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

export interface Browser {
  name: string;
  command: string;
  arguments: (url: string, profile: string) => string[];
  environment?: Record<string, string>;
}

const browsers = {
  chromium: {
    name: "Chromium",
    command: process.env.CHROMIUM ?? "/usr/bin/chromium",
    arguments: (url, profile) => [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      `--user-data-dir=${profile}`,
      url,
    ],
  },
  firefox: {
    name: "Firefox",
    command: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    arguments: (url, profile) => ["--headless", "--no-remote", "--profile", profile, url],
  },
  webkit: {
    name: "WebKitGTK",
    command: "/usr/bin/xvfb-run",
    arguments: (url) => ["-a", miniBrowser() ?? "MiniBrowser", url],
    environment: {
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
      WEBKIT_DISABLE_COMPOSITING_MODE: "1",
      LIBGL_ALWAYS_SOFTWARE: "1",
    },
  },
} satisfies Record<string, Browser>;

export type BrowserName = keyof typeof browsers;

/** WebKitGTK's own little browser, of the Debian package webkit2gtk-driver's library. */
function miniBrowser(): string | undefined {
  const folder = "/usr/lib/x86_64-linux-gnu";
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .filter((name) => name.startsWith("webkit2gtk-"))
    .map((name) => `${folder}/${name}/MiniBrowser`)
    .find((path) => existsSync(path));
}

/** Why what a host needs is not there; nothing if it is. */
export function missing(need: string): string | undefined {
  if (need === "webkit") {
    if (miniBrowser() === undefined) return "no WebKitGTK: apt-get install webkit2gtk-driver";
    return existsSync(browsers.webkit.command) ? undefined : "no Xvfb: apt-get install xvfb";
  }
  if (need === "chromium" || need === "firefox") {
    const { command } = browsers[need];
    return existsSync(command)
      ? undefined
      : `no ${command}: apt-get install ${need === "firefox" ? "firefox-esr" : need}`;
  }
  return existsSync(`${tools}/node_modules/${need}`) ? undefined : `${need} is not installed`;
}

/** Where the tools are installed, and below it the projects that use them. */
const tools = `${root}/build/hosts`;

/** Installs the tools, unless they are there. */
export function installTools(): void {
  mkdirSync(tools, { recursive: true });
  const names = ["package.json", "package-lock.json"];
  const isThere = names.every((name) => {
    const path = `${tools}/${name}`;
    return existsSync(path) && readFileSync(path).equals(readFileSync(`${root}/test/hosts/${name}`));
  });
  if (isThere && existsSync(`${tools}/node_modules/.package-lock.json`)) return;
  for (const name of names) copyFileSync(`${root}/test/hosts/${name}`, `${tools}/${name}`);
  console.log("installing test/hosts/package.json into build/hosts …");
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: tools,
    stdio: "inherit",
    shell: process.platform === "win32",
    env: withoutNpm(),
  });
}

/** The environment without the settings of the npm that runs this. */
function withoutNpm(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS$|CI$)/.test(name));
  return Object.fromEntries(entries);
}

/** A folder of projects. Each project is a user's, with the package in its node_modules. */
export class Lab {
  readonly folder: string;
  #count = 0;
  readonly #tarball: string;

  constructor() {
    mkdirSync(tools, { recursive: true });
    this.folder = mkdtempSync(`${tools}/lab-`);
    this.run("npm", ["pack", "--ignore-scripts", "--pack-destination", this.folder], root);
    this.#tarball = `${this.folder}/${readdirSync(this.folder)[0]}`;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Makes a project of these files; gives its folder. */
  project(files: Record<string, string>, manifest: object = {}): string {
    const folder = `${this.folder}/project-${++this.#count}`;
    mkdirSync(`${folder}/node_modules`, { recursive: true });
    // As npm does: the package has no dependencies.
    this.run("tar", ["xzf", this.#tarball, "-C", `${folder}/node_modules`], folder);
    this.run("mv", ["package", "propago"], `${folder}/node_modules`);
    const all = { "package.json": JSON.stringify({ name: "user", private: true, ...manifest }), ...files };
    for (const [name, text] of Object.entries(all)) {
      mkdirSync(dirname(`${folder}/${name}`), { recursive: true });
      writeFileSync(`${folder}/${name}`, text);
    }
    return folder;
  }

  /** Runs a command; gives what it printed. */
  run(command: string, args: readonly string[], cwd: string, environment: NodeJS.ProcessEnv = {}): string {
    try {
      return execFileSync(command, args, {
        cwd,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 240_000,
        maxBuffer: 1e8,
        env: { ...withoutNpm(), ...environment },
      });
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command} ${args.join(" ")}:\n${stdout.slice(-3000)}${stderr.slice(-3000)}`, { cause: error });
    }
  }

  /** Runs a Node script; gives what it printed, without the end of the line. */
  node(script: string, cwd: string, ...options: string[]): string {
    return this.run(process.execPath, [...options, script], cwd).trim();
  }

  /** A program of the tools, or of the repository's. */
  bin(name: string): string {
    const own = `${tools}/node_modules/.bin/${name}`;
    return existsSync(own) ? own : `${root}/node_modules/.bin/${name}`;
  }

  /** As `visit`. */
  page<T>(browser: BrowserName, folder: string, visiting: Visiting = {}): Promise<T> {
    return visit(browser, folder, visiting);
  }

  /** Starts a server that prints or opens a port by itself; gives a function that ends it. */
  async serve(command: string, args: readonly string[], cwd: string, url: string): Promise<() => void> {
    let said = "";
    const child = execFile(command, args, { cwd, env: withoutNpm() });
    child.stdout?.on("data", (part: string) => (said += part));
    child.stderr?.on("data", (part: string) => (said += part));
    const stop = (): void => void child.kill();
    for (let i = 0; i < 150; i++) {
      if (child.exitCode !== null) throw new Error(`${command} ended: ${said}`);
      try {
        await fetch(url);
        return stop;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    stop();
    throw new Error(`${command} does not answer: ${said}`);
  }
}

/** How a page is served. */
export interface Visiting {
  headers?: Record<string, string>;
  path?: string;
  /** The page itself, where it is no file of the folder. */
  html?: string;
  /** Milliseconds that its answer may take. */
  patience?: number;
}

/** Serves a folder, or what another server gives, and opens it in a browser; gives what the page sent with POST. */
export async function visit<T>(
  browser: BrowserName,
  folder: string,
  { headers = {}, path = "/", html, patience = 45_000 }: Visiting = {},
): Promise<T> {
  const { name, command, arguments: args, environment = {} }: Browser = browsers[browser];
  const profile = mkdtempSync(`${tmpdir()}/propago-profile-`);
  const requests: string[] = [];
  let end: (answer: T) => void;
  const answer = new Promise<T>((resolve) => (end = resolve));
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    for (const [header, value] of Object.entries(headers)) response.setHeader(header, value);
    if (request.method === "POST") {
      let text = "";
      request.on("data", (part: Buffer) => (text += part.toString()));
      request.on("end", () => {
        response.end();
        end(JSON.parse(text) as T);
      });
      return;
    }
    if (html !== undefined && request.url === path) {
      response.setHeader("content-type", "text/html; charset=utf-8").end(html);
      return;
    }
    if (folder.startsWith("http:")) {
      void fetch(folder + request.url).then(
        async (given) => {
          response.setHeader("content-type", given.headers.get("content-type") ?? "text/plain");
          response.writeHead(given.status).end(Buffer.from(await given.arrayBuffer()));
        },
        () => response.writeHead(502).end(),
      );
      return;
    }
    const [file] = (request.url ?? "/").split("?");
    const place = `${folder}${file.endsWith("/") ? `${file}index.html` : file}`;
    if (file.includes("..") || !existsSync(place)) return response.writeHead(404).end();
    response.setHeader("content-type", types[extname(place)] ?? "application/octet-stream");
    return response.end(readFileSync(place));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const program = spawn(command, args(`http://127.0.0.1:${port}${path}`, profile), {
    stdio: "ignore",
    detached: true,
    env: { ...withoutNpm(), ...environment, HOME: profile },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      program.on("error", reject);
      timer = setTimeout(() => {
        reject(new Error(`${name} sent no answer; it asked for ${requests.join(", ") || "nothing"}`));
      }, patience);
    });
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    // The whole group: a browser is many processes.
    if (program.pid !== undefined && program.exitCode === null) process.kill(-program.pid, "SIGKILL");
    server.closeAllConnections();
    server.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A page that runs a module and sends what `answer` is, or the error. */
export function pageOf(module: string): string {
  return `<!doctype html><meta charset="utf-8"><title>propago</title><link rel="icon" href="data:,"><script type="module">
${module}
</script>`;
}

/** The end of a module that sends what a function gives. */
export function sending(body: string): string {
  return `
(async () => { ${body} })().then(
  (answer) => answer,
  (error) => ({ error: String(error), code: error.code }),
).then((answer) => fetch("/answer", { method: "POST", body: JSON.stringify(answer) }));`;
}
