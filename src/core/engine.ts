// The only door to WebAssembly: compiles and instantiates a build of the core, once for each precision, and hands out
// blocks of its memory. Nothing here knows networks.
import { OVERREAD } from "../../assembly/plan.ts";
import { PropagoError } from "../ground/errors.ts";
import type { CoreExports } from "../generated/exports.ts";
import { Part } from "../ground/parts.ts";
import type { DType, FloatArray } from "../ground/arrays.ts";

const PAGE = 65_536;
/** Every block starts at a multiple of this. */
const ALIGNMENT = 16;
/** What 32-bit addresses reach. The core declares as much; a page of it stays unused. */
const MOST_PAGES = 65_536;
const MOST_BYTES = (MOST_PAGES - 1) * PAGE;
/** Beyond this, networks that are not at work give their blocks back before the memory grows. */
const CROWDED = 64 * 1024 * 1024;

/** Builds of the core: float32, of that what most networks use, the whole with relaxed SIMD, float64. */
export type Build = "simd" | "common" | "relaxed" | "float64";

/** A build's bytes, as text: "common" is in every page, the others are parts. */
export interface BuildText {
  text: string;
}

const BUILDS: Readonly<Record<Build, Part<BuildText>>> = {
  common: new Part("common"),
  simd: new Part("complete"),
  relaxed: new Part("relaxed"),
  float64: new Part("float64"),
};

/** Something that holds blocks and can give them up for a while. */
export interface Tenant {
  /** Gives its blocks back if it is idle. */
  leave(): void;
}

/** One instance of the core with its memory. All networks of one build share it. */
export class Engine {
  readonly core: CoreExports;
  readonly build: Build;
  readonly dtype: DType;
  /** Bytes of one number. */
  readonly bytes: 4 | 8;
  /** What workers are started with. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Whether workers can share the memory. */
  readonly isShared: boolean;
  /** Why workers could not be started, where that was so. */
  refusal: string | undefined;
  /** Operations of the trainings that were worth threads, so far. */
  work = 0;
  /** Who shares the core's stages out while this thread leads a team. */
  leader: Leader | undefined;
  /** All of the memory as numbers; good until the next allocate. */
  heap!: FloatArray;
  #buffer!: ArrayBuffer;
  /** Free blocks by address, never adjacent to each other. */
  readonly #free: { start: number; size: number }[] = [];
  readonly #sizes = new Map<number, number>();
  /** Holders of blocks, those used last at the end. */
  readonly #tenants = new Set<Tenant>();
  #latest: Tenant | undefined;
  /** Where free memory begins that is in no block, and where that which was never handed out. */
  #top: number;
  #untouched: number;

  constructor(build: Build) {
    this.build = build;
    const isDouble = build === "float64";
    this.dtype = isDouble ? build : "float32";
    this.bytes = isDouble ? 8 : 4;
    const bytes = decode(BUILDS[build].need(`${isDouble ? "dtype" : "build"} "${build}"`).text);
    const memory = sharedMemory();
    this.isShared = memory !== undefined;
    this.memory = memory ?? ownMemory();
    this.#see();
    if (this.isShared) declareShared(bytes);
    const { module, instance } = instantiate(build, bytes, this.memory, {
      fork: (plan, stage) => this.leader?.fork(plan, stage) ?? 0,
      join: () => this.leader?.join(),
    });
    this.module = module;
    this.core = instance.exports as unknown as CoreExports;
    this.#top = align(this.core.heapBase());
    this.#untouched = this.#top;
  }

  /** Bytes that blocks take up now. */
  get used(): number {
    let total = 0;
    for (const size of this.#sizes.values()) total += size;
    return total;
  }

  /**
   * Hands out a block of so many bytes, of which the first `zeroed` are 0: for large blocks that are written before they
   * are read, zeros would cost as much as the writing. Views of other blocks may become stale: take them afresh.
   */
  allocate(size: number, what: string, zeroed = size): number {
    const bytes = align(Math.max(size, 1));
    if (!(bytes <= MOST_BYTES)) throw outOfMemory(what, bytes);
    let start = this.#takeFree(bytes);
    if (start === undefined && this.#top + bytes > CROWDED) {
      const current = this.#latest;
      for (const tenant of [...this.#tenants]) {
        if (tenant === current) continue;
        tenant.leave();
        start = this.#takeFree(bytes);
        if (start !== undefined) break;
      }
    }
    if (start === undefined) {
      start = this.#top;
      this.#growTo(start + bytes + OVERREAD, what, bytes);
      this.#top = start + bytes;
    }
    this.#sizes.set(start, bytes);
    // A WebAssembly memory begins with zeros.
    const end = Math.min(start + zeroed, this.#untouched);
    // By doubles: engines fill memory that may be shared one element at a time.
    if (end > start) this.doubles(start, Math.ceil((end - start) / 8)).fill(0);
    this.#untouched = Math.max(this.#untouched, start + bytes);
    return start;
  }

  /** Takes a block back. */
  release(start: number): void {
    const size = this.#sizes.get(start);
    if (size === undefined) return;
    this.#sizes.delete(start);
    const free = this.#free;
    let low = 0;
    for (let high = free.length; low < high;) {
      const middle = (low + high) >> 1;
      if (free[middle].start < start) low = middle + 1;
      else high = middle;
    }
    free.splice(low, 0, { start, size });
    if (low + 1 < free.length && start + size === free[low + 1].start) {
      free[low].size += free[low + 1].size;
      free.splice(low + 1, 1);
    }
    if (low > 0 && free[low - 1].start + free[low - 1].size === start) {
      free[low - 1].size += free[low].size;
      free.splice(low, 1);
    }
    const last = free.at(-1);
    if (last !== undefined && last.start + last.size === this.#top) {
      this.#top = last.start;
      free.pop();
    }
  }

  /** Notes that a tenant is at work, so that others leave before it. */
  touch(tenant: Tenant): void {
    if (tenant === this.#latest) return;
    this.#latest = tenant;
    this.#tenants.delete(tenant);
    this.#tenants.add(tenant);
  }

  /** Forgets a tenant that holds nothing any more. */
  forget(tenant: Tenant): void {
    this.#tenants.delete(tenant);
    if (this.#latest === tenant) this.#latest = undefined;
  }

  /** A view of numbers, good until the next allocate. */
  numbers(start: number, length: number): FloatArray {
    return this.dtype === "float64"
      ? new Float64Array(this.#buffer, start, length)
      : new Float32Array(this.#buffer, start, length);
  }

  /** Views of other kinds, good until the next allocate. */
  words(start: number, length: number): Uint32Array {
    return new Uint32Array(this.#buffer, start, length);
  }

  octets(start: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, start, length);
  }

  doubles(start: number, length: number): Float64Array {
    return new Float64Array(this.#buffer, start, length);
  }

  view(start: number, size: number): DataView {
    return new DataView(this.#buffer, start, size);
  }

  /** The lowest free block that is large enough. */
  #takeFree(bytes: number): number | undefined {
    for (let i = 0; i < this.#free.length; i++) {
      const block = this.#free[i];
      if (block.size < bytes) continue;
      const { start } = block;
      if (block.size === bytes) {
        this.#free.splice(i, 1);
      } else {
        block.start += bytes;
        block.size -= bytes;
      }
      return start;
    }
    return undefined;
  }

  #growTo(end: number, what: string, bytes: number): void {
    const missing = end - this.#buffer.byteLength;
    if (missing <= 0) return;
    if (end > MOST_BYTES) throw outOfMemory(what, bytes);
    // By a quarter more than asked, so that many small networks do not each cause a growth.
    const roomy = Math.ceil((missing + Math.min(end / 4, CROWDED)) / PAGE);
    const pages = Math.min(roomy, (MOST_BYTES - this.#buffer.byteLength) / PAGE);
    try {
      this.memory.grow(pages);
    } catch {
      try {
        this.memory.grow(Math.ceil(missing / PAGE));
      } catch (cause) {
        throw outOfMemory(what, bytes, cause);
      }
    }
    this.#see();
  }

  /** Takes views of the memory as it is now; asking it for its buffer each time would cost more than small networks do. */
  #see(): void {
    this.#buffer = this.memory.buffer;
    this.heap = this.numbers(0, Math.floor(this.#buffer.byteLength / this.bytes));
  }
}

const engines: Partial<Record<Build, Engine>> = {};

/** The engine of a build, or of the usual build of a precision; compiled at first use. */
export function engineOf(what: Build | DType): Engine {
  const build = what === "float32" ? "simd" : what;
  return (engines[build] ??= new Engine(build));
}

/**
 * The engine that a network needs: of float32 the complete one where it is there, otherwise the common one.
 * @throws PropagoError ERR_PART where what a network needs is not there.
 */
export function engineFor({ build, rarity }: { build: Build; rarity: string | undefined }): Engine {
  if (build !== "simd" || BUILDS.simd.here) return engineOf(build);
  if (rarity !== undefined) BUILDS.simd.need(rarity);
  return engineOf("common");
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
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
      "the address space that a WebAssembly memory reserves is more than this process may have: raise its limit " +
        "(ulimit -v, the container's) to 12 GB or more, or start Node with --disable-wasm-trap-handler, which needs less",
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

/** Sets the flag that says "shared" where a module imports its memory: it stands behind the name and the kind. */
function declareShared(bytes: Uint8Array): void {
  const head = String.fromCharCode(...bytes.subarray(0, 1024));
  bytes[head.indexOf("memory\x02") + 7] = 3;
}

function instantiate(build: Build, bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory, threads: Leader) {
  try {
    const module = new WebAssembly.Module(bytes);
    return { module, instance: new WebAssembly.Instance(module, { env: { memory }, threads: { ...threads } }) };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (/content security policy|unsafe-eval|disallowed by embedder/i.test(message)) {
      throw new PropagoError(
        "ERR_WASM_BLOCKED",
        "this page's Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src",
        { cause },
      );
    }
    if (cause instanceof WebAssembly.CompileError && build === "relaxed") {
      throw new PropagoError(
        "ERR_WASM_RELAXED",
        'this engine has no relaxed SIMD, as Node 22, Chrome 114 and Firefox 146 do; leave build: "relaxed" out',
        { cause },
      );
    }
    if (cause instanceof WebAssembly.CompileError) {
      throw new PropagoError(
        "ERR_WASM_SIMD",
        `this engine cannot compile the core (${message}); it needs WebAssembly SIMD: Chrome 91, Firefox 89, Safari 16.4 or newer`,
        { cause },
      );
    }
    throw cause;
  }
}

/** Undoes `encode` of scripts/embed-core.ts: a character is a byte plus 40; } before it adds 90, ~ adds 180. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let page = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 124) {
      page = 90 * (code - 124);
    } else {
      bytes[length++] = code + page - 40;
      page = 0;
    }
  }
  return bytes.subarray(0, length);
}

function outOfMemory(what: string, bytes: number, cause?: unknown): PropagoError {
  const size = `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  return new PropagoError(
    "ERR_MEMORY",
    cause === undefined
      ? `${what} needs ${size}; the limit of a WebAssembly memory is 4 GiB. Use fewer units or rows, or smaller batches`
      : `${what} needs ${size}, which this process may not have: look at its memory limits (ulimit -v, the container's)`,
    cause === undefined ? undefined : { cause },
  );
}

/** How who makes whole steps lets other workers do their shares of each stage, and waits for them. */
export interface Leader {
  /** Gives the address of the shares. */
  fork(plan: number, stage: number): number;
  join(): void;
}
