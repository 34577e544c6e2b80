// What the machine and the host have for threads.
import type { Engine } from "../core/engine.ts";

/** What Node has in place of a page's Worker. */
export const node = (globalThis as Partial<typeof globalThis>).process?.getBuiltinModule?.("node:worker_threads");

/** Whether this thread may sleep: not in a page's main thread. */
export const maySleep = ((): boolean => {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1) === "not-equal";
  } catch {
    return false;
  }
})();

/** How many threads can run at once. */
export const cores: number =
  (globalThis as Partial<typeof globalThis>).navigator?.hardwareConcurrency ??
  (globalThis as Partial<typeof globalThis>).process?.getBuiltinModule?.("node:os").availableParallelism() ??
  1;

/** How many threads are worth using: on machines with several, half of the cores may be slower ones or no real ones. */
export const usefulThreads = cores < 4 ? cores : Math.min(8, cores >> 1);

/** Why an engine cannot have threads; nothing if it can. */
export function threadsMissing(engine: Engine): string | undefined {
  if (engine.refusal !== undefined) return `threads could not be started: ${engine.refusal}`;
  if (engine.isShared && (node !== undefined || typeof Worker !== "undefined")) return undefined;
  return typeof document === "undefined"
    ? "there is no SharedArrayBuffer, or no Worker"
    : "this page is not cross-origin isolated: serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
}
