// An engine's memory: who leaves when it is crowded or cannot grow, and the byte that says whether it is shared.
import { expect, test } from "vitest";
import { memoryFlags } from "../src/core/engine.ts";
import { type GrowingMemory, Heap } from "../src/core/heap.ts";

const PAGE = 65_536;

/** A memory of one page that grows to `most` pages. */
function memory(most: number): GrowingMemory {
  let buffer = new ArrayBuffer(PAGE);
  return {
    get buffer() {
      return buffer;
    },
    grow(pages) {
      const size = buffer.byteLength + pages * PAGE;
      if (size > most * PAGE) throw new RangeError("no more");
      const larger = new ArrayBuffer(size);
      new Uint8Array(larger).set(new Uint8Array(buffer));
      buffer = larger;
      return 0;
    },
  };
}

/** A tenant with one block of so many bytes, which it gives back when it is asked to leave. */
function tenant(heap: Heap, size: number) {
  const one = {
    start: heap.allocate(size, "a tenant") as number | undefined,
    leave() {
      if (one.start !== undefined) heap.release(one.start);
      one.start = undefined;
    },
  };
  heap.touch(one);
  return one;
}

test("a memory that may grow lets everybody stay", () => {
  const heap = new Heap(memory(1000), 4);
  const tenants = Array.from({ length: 20 }, () => tenant(heap, 10 * PAGE));
  expect(tenants.every(({ start }) => start !== undefined)).toBe(true);
  expect(heap.used).toBe(200 * PAGE);
});

test("a crowded memory asks those to leave first that were not used for longest, and only as many as it takes", () => {
  const heap = new Heap(memory(1000), 4, 30 * PAGE);
  const [first, second, third] = Array.from({ length: 3 }, () => tenant(heap, 9 * PAGE));
  heap.touch(first);
  const fourth = tenant(heap, 9 * PAGE);
  expect([first, second, third, fourth].map(({ start }) => start !== undefined)).toEqual([true, false, true, true]);
});

test("where the memory cannot grow idle tenants leave; where that does not help, the error says what needs how much", () => {
  const heap = new Heap(memory(25), 4);
  const [first, second] = [tenant(heap, 10 * PAGE), tenant(heap, 10 * PAGE)];
  const third = tenant(heap, 9 * PAGE);
  expect([first, second, third].map(({ start }) => start !== undefined)).toEqual([false, true, true]);
  expect(() => heap.allocate(2 ** 31, "a giant")).toThrow(/a giant needs 2\.0 GiB, which this process may not have/);
  expect(() => heap.allocate(2 ** 33, "a giant")).toThrow(/a giant needs 8\.0 GiB; the limit .* is 4 GiB/);
});

test("the flag of a shared memory is found behind the import of one with a maximum, and nowhere else", () => {
  const bytes = (text: string, ...more: number[]) => Uint8Array.from([...Buffer.from(text), ...more]);
  expect(memoryFlags(bytes("\0asm.env.memory", 2, 1, 1))).toBe(16);
  expect(memoryFlags(bytes("\0asm.env.memory", 2, 0, 1))).toBe(-1);
  expect(memoryFlags(bytes("\0asm.env.memory", 0, 1, 1))).toBe(-1);
  expect(memoryFlags(bytes("\0asm"))).toBe(-1);
});
