// Matrices of numbers into the core's memory: multiplied, checked, bytes kept as bytes.
import type { Engine } from "../core/engine.ts";
import { type Source, copyValues, nonFinite } from "../data/matrix.ts";
import type { FloatArray } from "../ground/arrays.ts";

/** Whether values are bytes, which stay bytes in the core's memory: a quarter of the room. */
export function isBytes(data: Source["data"]): data is Uint8Array | Uint8ClampedArray {
  return data instanceof Uint8Array || data instanceof Uint8ClampedArray;
}

/**
 * Copies values times `scale` to an address, each checked: a number, finite, and within the engine's precision; of all rows,
 * or of `rows` from `first` on.
 */
export function copyMatrix(
  engine: Engine,
  source: Source,
  address: number,
  scale: number,
  first = 0,
  rows = source.rows,
): void {
  const { heap, bytes } = engine;
  const at = address / bytes;
  const length = rows * source.columns;
  copyValues(source, heap, at, first, rows);
  multiply(heap, scale, at, at + length);
  const bad = engine.core.firstNonFinite(address, length);
  if (bad < 0) return;
  const size = source.rows * source.columns;
  const all = bytes === 8 ? new Float64Array(size) : new Float32Array(size);
  copyValues(source, all);
  multiply(all, scale);
  throw nonFinite(source, all, first * source.columns + bad);
}

/** Both factors in the engine's precision, as the core has it for bytes. */
export function multiply(values: FloatArray, scale: number, begin = 0, end = values.length): void {
  if (scale === 1) return;
  const factor = values instanceof Float32Array ? Math.fround(scale) : scale;
  for (let i = begin; i < end; i++) values[i] *= factor;
}
