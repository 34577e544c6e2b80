// The memory of an engine as blocks: handed out, taken back, and grown. Nothing here knows WebAssembly or networks.
import { OVERREAD } from "../../assembly/plan.ts";
import { PropagoError } from "../ground/errors.ts";
import type { FloatArray } from "../ground/arrays.ts";

const PAGE = 65_536;
/** Every block starts at a multiple of this. */
const ALIGNMENT = 16;
/** What 32-bit addresses reach, in pages of 64 KiB. The core declares as much; the last page stays unused. */
export const MOST_PAGES = 65_536;
const MOST_BYTES = (MOST_PAGES - 1) * PAGE;
/** The memory grows by no more than this at once beyond what is needed. */
const MOST_SPARE = 64 * 1024 * 1024;
/**
 * From here on the memory grows only after idle networks have moved out: those that were forgotten and not collected yet
 * would fill it. Far more than networks that are in use together take.
 */
const CROWDED = 768 * 1024 * 1024;

/** A memory that grows, as WebAssembly has it. */
export interface GrowingMemory {
  readonly buffer: ArrayBuffer;
  /** By so many pages; throws where it cannot. */
  grow(pages: number): number;
}

/** Something that holds blocks and can give them up for a while. */
export interface Tenant {
  /** Gives its blocks back if it is idle. */
  leave(): void;
}

export class Heap {
  /** Bytes of one number. */
  readonly bytes: 4 | 8;
  /** All of the memory as numbers, as words and as doubles; good until the next allocate. Making a view takes longer. */
  heap!: FloatArray;
  wordHeap!: Uint32Array;
  doubleHeap!: Float64Array;
  readonly #memory: GrowingMemory;
  /** Bytes from which on idle tenants leave before the memory grows. */
  readonly #crowded: number;
  #buffer!: ArrayBuffer;
  /** Free blocks by address, never adjacent to each other. */
  readonly #free: { start: number; size: number }[] = [];
  readonly #sizes = new Map<number, number>();
  /** Holders of blocks, those used last at the end. */
  readonly #tenants = new Set<Tenant>();
  #latest: Tenant | undefined;
  /** Where free memory begins that is in no block, and where that which was never handed out. */
  #top = 0;
  #untouched = 0;

  constructor(memory: GrowingMemory, bytes: 4 | 8, crowded = CROWDED) {
    this.#memory = memory;
    this.bytes = bytes;
    this.#crowded = crowded;
    this.#see();
  }

  /** Says where blocks may begin: before any is handed out. */
  protected beginAt(address: number): void {
    this.#top = this.#untouched = align(address);
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
   * @throws PropagoError ERR_MEMORY where there is no room for it.
   */
  allocate(size: number, what: string, zeroed = size): number {
    const bytes = align(Math.max(size, 1));
    if (!(bytes <= MOST_BYTES)) throw outOfMemory(what, bytes);
    let start = this.#takeFree(bytes);
    if (start === undefined && this.#top + bytes > this.#crowded) start = this.#makeRoom(bytes);
    start ??= this.#takeNew(bytes, what);
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
    return this.bytes === 8
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

  /** A block behind all others; the memory grows, or idle tenants leave where it cannot. */
  #takeNew(bytes: number, what: string): number {
    try {
      this.#growTo(this.#top + bytes + OVERREAD, what, bytes);
    } catch (error) {
      const start = this.#makeRoom(bytes);
      if (start === undefined) throw error;
      return start;
    }
    const start = this.#top;
    this.#top = start + bytes;
    return start;
  }

  /** Lets idle tenants leave, those first that were not used for longest, until a block is free that is large enough. */
  #makeRoom(bytes: number): number | undefined {
    const current = this.#latest;
    for (const tenant of [...this.#tenants]) {
      if (tenant === current) continue;
      tenant.leave();
      const start = this.#takeFree(bytes);
      if (start !== undefined) return start;
    }
    return undefined;
  }

  #growTo(end: number, what: string, bytes: number): void {
    const missing = end - this.#buffer.byteLength;
    if (missing <= 0) return;
    if (end > MOST_BYTES) throw outOfMemory(what, bytes);
    // By a quarter more than asked, so that many small networks do not each cause a growth.
    const roomy = Math.ceil((missing + Math.min(end / 4, MOST_SPARE)) / PAGE);
    const pages = Math.min(roomy, (MOST_BYTES - this.#buffer.byteLength) / PAGE);
    try {
      this.#memory.grow(pages);
    } catch {
      try {
        this.#memory.grow(Math.ceil(missing / PAGE));
      } catch (cause) {
        throw outOfMemory(what, bytes, cause);
      }
    }
    this.#see();
  }

  /** Takes views of the memory as it is now; asking it for its buffer each time would cost more than small networks do. */
  #see(): void {
    this.#buffer = this.#memory.buffer;
    const { byteLength } = this.#buffer;
    this.heap = this.numbers(0, byteLength / this.bytes);
    this.wordHeap = this.words(0, byteLength / 4);
    this.doubleHeap = this.doubles(0, byteLength / 8);
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
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
