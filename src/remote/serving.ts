// Lets a worker serve: in a page's worker as soon as this is loaded there, in Node's where it was started for that.
import { nodeThreads } from "../threads/machine.ts";
import { serve } from "./serve.ts";

/** What a page's worker has. */
interface WorkerScope {
  postMessage(message: unknown, transfer?: unknown): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

let isServing = false;

/** Trains for the page, or the thread, that has started this worker. Does nothing where this is no worker. */
export function serveHere(): void {
  const port = nodeThreads()?.parentPort;
  if (isServing) return;
  if (port) {
    isServing = true;
    port.on(
      "message",
      serve((answer, transfer = []) => port.postMessage(answer, transfer as never[])),
    );
  } else if (nodeThreads() === undefined && isPageWorker()) {
    isServing = true;
    const scope = globalThis as unknown as WorkerScope;
    const take = serve((answer, transfer = []) => scope.postMessage(answer, transfer));
    scope.addEventListener("message", ({ data }) => take(data));
  }
}

/** As `serveHere`, but not in a worker of Node that somebody has started for something else. */
export function serveWhereMeant(): void {
  const node = nodeThreads();
  const start: unknown = node?.workerData;
  if (node === undefined || (start as { propago?: unknown } | null)?.propago === true) serveHere();
}

function isPageWorker(): boolean {
  const scope = globalThis as { DedicatedWorkerGlobalScope?: abstract new () => unknown };
  const kind = scope.DedicatedWorkerGlobalScope;
  return typeof kind === "function" && globalThis instanceof kind;
}
