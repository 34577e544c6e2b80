// Numbers that are the same in every engine. `Math.sin` and `Math.exp` may differ in their last bits between browsers;
// these are made of the four operations alone, so that a link gives the same points everywhere.

const TAU = 6.283185307179586;

/** The sine, to some 1e-12 for arguments up to a few hundred. */
export function sine(x: number): number {
  let a = x - TAU * Math.round(x / TAU);
  if (a > TAU / 4) a = TAU / 2 - a;
  if (a < -TAU / 4) a = -TAU / 2 - a;
  const square = a * a;
  let term = a;
  let sum = a;
  for (let k = 2; k <= 18; k += 2) {
    term *= -square / (k * (k + 1));
    sum += term;
  }
  return sum;
}

export function cosine(x: number): number {
  return sine(x + TAU / 4);
}

/** e to the x: the series of a small part, squared again and again. */
export function exponential(x: number): number {
  if (x > 80) return exponential(80);
  if (x < -80) return 0;
  let sum = 1;
  let term = 1;
  const small = x / 256;
  for (let k = 1; k <= 12; k++) {
    term *= small / k;
    sum += term;
  }
  for (let k = 0; k < 8; k++) sum *= sum;
  return sum;
}

/** Numbers at random from 0 to below 1, a function of the seed alone (integers only: a mixed counter). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296;
  };
}

/** Nearly normal, with deviation 1: a sum of twelve even numbers, which needs no logarithm. */
export function normalFrom(random: () => number): number {
  let sum = -6;
  for (let k = 0; k < 12; k++) sum += random();
  return sum;
}

/** A hash of bytes, eight hexadecimal digits. */
export function hashOf(...arrays: readonly ArrayBufferView[]): string {
  let hash = 0x811c9dc5;
  for (const array of arrays) {
    for (const byte of new Uint8Array(array.buffer, array.byteOffset, array.byteLength)) {
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
