// The only door to WebAssembly: compiles and instantiates a build of the core, once for each precision. Nothing here knows
// networks.
import { instantiateSync } from "@assemblyscript/loader";
import { PropagoError } from "../ground/errors.ts";
import type { CoreExports } from "../generated/exports.ts";
import type { DType } from "../ground/arrays.ts";
import { BUILDS, type Build, sourceOf } from "./builds.ts";
import { Heap, MOST_PAGES } from "./heap.ts";
import { refusalOf } from "./refusal.ts";

export { refusalOf };

/** How who makes whole steps lets other workers do their shares of each stage, and waits for them. */
export interface Leader {
  /** Gives the address of the shares. */
  fork(plan: number, stage: number): number;
  join(): void;
}

/** One instance of the core with its memory. All networks of one build share it. */
export class Engine extends Heap {
  readonly core: CoreExports;
  readonly build: Build;
  readonly dtype: DType;
  /** What workers are started with. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Whether workers can share the memory. */
  readonly isShared: boolean;
  /** Operations from which on threads share a call, where tests say so and not sharing.ts. */
  readonly leastSharedWork: number | undefined;
  /** Why workers could not be started, where that was so. */
  refusal: string | undefined;
  /** Operations of the trainings that were worth threads, so far. */
  threadWork = 0;
  /** Who shares the core's stages out while this thread leads a team. */
  leader: Leader | undefined;

  constructor(build: Build, leastSharedWork?: number) {
    const { bytes, compiled } = sourceOf(build);
    const flags = bytes === undefined ? -1 : memoryFlags(bytes);
    const shared = flags < 0 ? undefined : sharedMemory();
    const memory = shared ?? ownMemory();
    super(memory, build === "float64" ? 8 : 4);
    this.build = build;
    this.dtype = build === "float64" ? build : "float32";
    this.memory = memory;
    this.isShared = shared !== undefined;
    this.leastSharedWork = leastSharedWork;
    if (bytes === undefined) {
      this.refusal = "the memory of a compiled module cannot be shared; give init its bytes or URL";
    } else if (this.isShared) {
      bytes[flags] = SHARED_FLAGS;
    }
    const { module, instance } = instantiate(build, bytes ?? (compiled as WebAssembly.Module), memory, {
      fork: (plan, stage) => this.leader?.fork(plan, stage) ?? 0,
      join: () => this.leader?.join(),
    });
    this.module = module;
    // Calls go to the instance itself and not through the loader's exports, which would cost small networks time.
    this.core = instance.exports as unknown as CoreExports;
    this.beginAt(this.core.heapBase());
  }
}

const engines: Partial<Record<Build, Engine>> = {};

/**
 * The engine of a build, or of the usual build of a precision; compiled at first use, when tests may say how much work is
 * worth sharing.
 */
export function engineOf(what: Build | DType, leastSharedWork?: number): Engine {
  const build = what === "float32" ? "simd" : what;
  return (engines[build] ??= new Engine(build, leastSharedWork));
}

/**
 * The engine that a network needs: of float32 the complete one where it is there, otherwise the common one.
 * @throws PropagoError ERR_PART where what a network needs is not there.
 */
export function engineFor({ build, needsComplete }: { build: Build; needsComplete: string | undefined }): Engine {
  if (build !== "simd" || BUILDS.simd.here) return engineOf(build);
  if (needsComplete !== undefined) BUILDS.simd.need(needsComplete);
  return engineOf("common");
}

/** A memory of this thread alone. @throws PropagoError where the process cannot have one. */
function ownMemory(): WebAssembly.Memory {
  if (typeof WebAssembly === "undefined") {
    throw new PropagoError(
      "ERR_WASM_BLOCKED",
      "this JavaScript engine runs without WebAssembly: leave out what switches it off, as --jitless does in Node",
    );
  }
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });
  } catch (cause) {
    throw new PropagoError(
      "ERR_MEMORY",
      "this process may not reserve the addresses of a WebAssembly memory: raise its limit (ulimit -v) to 12 GB, or start " +
        "Node with --disable-wasm-trap-handler",
      { cause },
    );
  }
}

/** A memory that workers can share, where they may: it is as fast as one of a single thread. */
function sharedMemory(): WebAssembly.Memory | undefined {
  if (
    typeof WebAssembly === "undefined" ||
    typeof SharedArrayBuffer === "undefined" ||
    globalThis.crossOriginIsolated === false
  )
    return undefined;
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true });
  } catch {
    return undefined; // the process may not reserve so much
  }
}

/** The import of a memory: the end of its name, the kind of the import, and the flags of a memory that has a maximum. */
const MEMORY_IMPORT = [..."memory"].map((letter) => letter.charCodeAt(0)).concat(2, 1);
/** The flags of one that has a maximum and is shared. */
const SHARED_FLAGS = 3;

/** Where a module says whether the memory that it imports is shared; −1 where that is not to be found. */
export function memoryFlags(bytes: Uint8Array): number {
  const at = bytes.findIndex((_, i) => MEMORY_IMPORT.every((byte, k) => bytes[i + k] === byte));
  return at < 0 ? at : at + MEMORY_IMPORT.length - 1;
}

function instantiate(
  build: Build,
  source: Uint8Array<ArrayBuffer> | WebAssembly.Module,
  memory: WebAssembly.Memory,
  threads: Leader,
) {
  const imports = { env: { memory }, threads: { ...threads } };
  try {
    // The loader takes a module of another realm for bytes.
    if (ArrayBuffer.isView(source)) return instantiateSync(source, imports);
    return { module: source, instance: new WebAssembly.Instance(source, imports) };
  } catch (cause) {
    throw refusalOf(cause, build);
  }
}
