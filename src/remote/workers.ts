// Which worker trains: one of those that are there, or a new one, started in whichever way the page's server, bundler and
// policy let through.
import { PropagoError, show } from "../ground/errors.ts";
import { Part } from "../ground/parts.ts";
import { cores, nodeThreads } from "../threads/machine.ts";
import type { WorkerChoice, WorkerLike } from "../training/options.ts";
import { Line } from "./line.ts";

/** The library with what serves, as one text: for pages whose bundler leaves workers out. */
const PROGRAM = new Part<{ text: string }>("program");

/** Milliseconds without work after which a worker ends. */
const IDLE = 10_000;

/** Milliseconds in which one of the library's own must have started, all ways together. */
const LONGEST = 4500;

/** Lines by who was asked to start them, or by the worker itself. */
const lines = new Map<unknown, Set<Line>>();

/**
 * A line to a worker as it was asked for.
 * @throws (rejects with) PropagoError ERR_CONFIG for what is no worker, ERR_WORKER where it does not start.
 */
export async function lineTo(choice: WorkerChoice): Promise<Line> {
  const [key, start] = read(choice);
  const there = lines.get(key) ?? new Set();
  lines.set(key, there);
  for (const line of there) if (line.lost) there.delete(line);
  const all = [...there];
  const idle = all.find(({ load }) => load === 0) ?? (isWorker(choice) ? all[0] : undefined);
  if (idle) return idle.ready.then(() => idle);
  if (all.length >= Math.max(1, cores() - 1)) return all.reduce((a, b) => (b.load < a.load ? b : a));
  const line = await start();
  there.add(line);
  endIdle(line);
  return line;
}

/** When each own worker would end; counted anew from each training. */
const endings = new WeakMap<Line, ReturnType<typeof setTimeout>>();

/** Says that a training no longer needs a line: an own worker that nobody needs ends after a while. */
export function leave(line: Line): void {
  if (!line.isOwn) return;
  clearTimeout(endings.get(line));
  const timer = setTimeout(() => {
    if (line.load > 0) return;
    line.end();
    for (const [key, set] of lines) {
      set.delete(line);
      if (set.size === 0) lines.delete(key);
    }
  }, IDLE);
  endings.set(line, timer);
  (timer as { unref?(): void }).unref?.();
}

/** Ends workers that functions of the user have started, and nobody needs: a function may be another one in each call. */
function endIdle(latest: Line): void {
  for (const [key, set] of lines) {
    if (typeof key !== "function" || set.has(latest)) continue;
    for (const line of set) if (line.load === 0) line.end();
    lines.delete(key);
  }
}

function isWorker(value: unknown): value is WorkerLike {
  return (
    typeof value === "object" && value !== null && typeof (value as Partial<WorkerLike>).postMessage === "function"
  );
}

/** Reads the option: who is asked for a worker, and how. */
function read(choice: WorkerChoice): [key: unknown, start: () => Promise<Line>] {
  if (choice === true) return ["own", startOwn];
  if (isWorker(choice)) return [choice, () => ready(new Line(choice, false))];
  if (typeof choice === "function") {
    return [
      choice,
      async () => {
        const worker: unknown = await Promise.resolve(choice());
        if (isWorker(worker)) return ready(new Line(worker, true));
        throw new PropagoError("ERR_CONFIG", `worker: the function gave ${show(worker)}, expected a Worker`);
      },
    ];
  }
  const href = (choice as { href?: unknown } | null)?.href;
  if (typeof href === "string") return [href, () => startAt(href)];
  throw new PropagoError(
    "ERR_CONFIG",
    `worker must be true, a Worker, its URL (new URL(…)), or a function that starts one, got ${show(choice)}`,
  );
}

async function ready(line: Line): Promise<Line> {
  await line.ready;
  return line;
}

/** A worker at a URL of the user's; of another origin through a module that imports it. */
async function startAt(href: string): Promise<Line> {
  const node = nodeThreads();
  try {
    if (node !== undefined) return await ready(new Line(new node.Worker(new URL(href)), true));
    try {
      return await ready(new Line(new Worker(href, { type: "module" }), true));
    } catch (error) {
      if (error instanceof PropagoError) throw error;
      return await ready(new Line(fromText(`import ${JSON.stringify(href)};`), true));
    }
  } catch (error) {
    throw named(error, `worker ${show(href)}`);
  }
}

/** An error that says which worker it is about. */
function named(error: unknown, what: string): PropagoError {
  if (error instanceof PropagoError) return new PropagoError(error.code, `${what}: ${error.message}`, { cause: error });
  return new PropagoError(
    "ERR_WORKER",
    `${what} cannot be started: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  );
}

/** A worker whose program is a text: a policy must allow that. */
function fromText(text: string, isModule = true): Worker {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return new Worker(url, isModule ? { type: "module" } : {});
  } finally {
    // Workers that have not read it by then are slow, but not lost.
    setTimeout(() => URL.revokeObjectURL(url), 30_000);
  }
}

/** Where this file lies, where that can be known. */
function ownUrl(): string | undefined {
  try {
    return import.meta.url;
  } catch {
    return undefined;
  }
}

/** The ways to start a worker of one's own, one after the other. */
function* ways(): Generator<() => WorkerLike | Promise<WorkerLike>, void> {
  const url = ownUrl();
  // Files of the package as they are, on this server or another.
  if (url !== undefined && /\/remote\.js$/.test(url)) {
    const beside = new URL("worker.js", url).href;
    yield () => new Worker(beside, { type: "module" });
    yield () => fromText(`import ${JSON.stringify(beside)};`);
  }
  // Bundlers know these words, and put the file beside their own; it is in one piece, since not all of them split workers.
  yield () => new Worker(new URL("./propago.min.js", import.meta.url), { type: "module" });
  yield () => fromText(`import ${JSON.stringify(new URL("./propago.min.js", ownUrl()).href)};`);
  yield async () => fromText((await PROGRAM.load()).text, false);
}

/** What Node's workers run: the library in one file, which serves where it is told to. */
function nodeProgram(): string | URL {
  const isBundle = typeof __filename === "string" && __filename.endsWith(".cjs");
  return isBundle ? __filename : new URL("../../dist/library.cjs", ownUrl());
}

/** Starts a worker of the library's own. */
async function startOwn(): Promise<Line> {
  const node = nodeThreads();
  if (node !== undefined) {
    return ready(
      new Line(new node.Worker(nodeProgram(), { workerData: { propago: true }, execArgv: [], env: {} }), true),
    );
  }
  if (typeof Worker === "undefined") throw new PropagoError("ERR_WORKER", "this host has no Worker");
  const since = performance.now();
  const reasons = new Set<string>();
  for (const way of ways()) {
    let line: Line | undefined;
    try {
      line = new Line(await way(), true);
      return await ready(line);
    } catch (error) {
      reasons.add(error instanceof Error ? error.message : String(error));
    }
    if (performance.now() - since > LONGEST) break;
  }
  throw new PropagoError("ERR_WORKER", `no worker could be started (${[...reasons].join("; ")})`);
}
