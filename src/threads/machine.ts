// What the machine and its host offer to threads. Looked at when threads are asked for and not before: edge runtimes
// refuse to build or to run what so much as asks for Node's modules.

/** Node's own modules, where this is Node or like it; edge runtimes throw where they are asked for. */
function fromNode<N extends "node:os" | "node:worker_threads">(name: N) {
  try {
    return (globalThis as Partial<typeof globalThis>).process?.getBuiltinModule?.(name);
  } catch {
    return undefined;
  }
}

let threads: ReturnType<typeof fromNode<"node:worker_threads">> | null = null;

/** What Node has in place of a page's Worker. */
// eslint-disable-next-line @typescript-eslint/consistent-type-imports -- an import would reach edge runtimes
export function nodeThreads(): typeof import("node:worker_threads") | undefined {
  if (threads === null) threads = fromNode("node:worker_threads");
  return threads;
}

let count = 0;

/** How many threads can run at once. */
export function cores(): number {
  count ||=
    (globalThis as Partial<typeof globalThis>).navigator?.hardwareConcurrency ??
    fromNode("node:os")?.availableParallelism() ??
    1;
  return count;
}

/** How many threads are worth using: on machines with several, half of the cores may be slower ones or no real ones. */
export function usefulThreads(): number {
  return cores() < 4 ? cores() : Math.min(8, cores() >> 1);
}

/** Why an engine cannot have threads; nothing if it can. `refusal` is why they could not be started when it was tried. */
export function threadsMissing({ refusal, isShared }: { refusal?: string; isShared: boolean }): string | undefined {
  if (refusal !== undefined) return `threads could not be started: ${refusal}`;
  if (globalThis.crossOriginIsolated === false) {
    return "this page is not cross-origin isolated: serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  }
  if (typeof SharedArrayBuffer === "undefined") return "this engine has no SharedArrayBuffer";
  if (!isShared) return "this process may not reserve 4 GiB of addresses for memory that threads share";
  if (nodeThreads() === undefined && typeof Worker === "undefined") return "this host has no Worker";
  return undefined;
}
