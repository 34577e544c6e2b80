// Fences around the blocks of an engine's memory: for tests that nothing is written outside them.
import { expect } from "vitest";
import type { Engine } from "../src/core/engine.ts";

const WORDS = 16;
const MARK = 0xdeadbeef;

/** Runs `work` with a fence before and behind every block that it takes; expects at least so many, all untouched. */
export function fenced(engine: Engine, least: number, work: () => void): void {
  const fences: number[] = [];
  const { allocate } = engine;
  const fence = (): void => {
    const address = allocate.call(engine, WORDS * 4, "a fence");
    engine.words(address, WORDS).fill(MARK);
    fences.push(address);
  };
  engine.allocate = (size, what, zeroed) => {
    fence();
    const start = allocate.call(engine, size, what, zeroed);
    fence();
    return start;
  };
  try {
    work();
  } finally {
    engine.allocate = allocate;
  }
  expect(fences.length).toBeGreaterThan(least);
  for (const address of fences) {
    expect(engine.words(address, WORDS).every((word) => word === MARK)).toBe(true);
    engine.release(address);
  }
}
