// The most that this processor can do in one WebAssembly thread. It is measured with the innermost loop of a product, on
// blocks that stay in the first cache. The speed of the core is given as a share of it, measured in the same run.

/** The part of the compiler's interface that is used here. Importing its own types would change array types in all files. */
interface Compiler {
  main(
    options: readonly string[],
    files: {
      readFile(name: string): string | null;
      writeFile(name: string, contents: Uint8Array): void;
      listFiles(): string[];
    },
  ): Promise<{ error: Error | null }>;
}

const compiler: string = "assemblyscript/asc";

/**
 * Multiply-adds of 4 rows and 8 columns in 8 accumulators, over packed blocks of A (depth, 4) and B (depth, 8). The loop
 * has the form that engines compile best (CONTRIBUTING.md): with a counter they reach a tenth less.
 */
const source = `
export function tile(A: usize, B: usize, C: usize, depth: i32, repeats: i32): void {
  let c00 = f32x4.splat(0);
  let c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (let r = 0; r < repeats; ++r) {
    let a = A;
    let b = B;
    const stop = B + depth * 32;
    do {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const x0 = v128.load32_splat(a);
      c00 = f32x4.add(f32x4.mul(x0, b0), c00);
      c01 = f32x4.add(f32x4.mul(x0, b1), c01);
      const x1 = v128.load32_splat(a, 4);
      c10 = f32x4.add(f32x4.mul(x1, b0), c10);
      c11 = f32x4.add(f32x4.mul(x1, b1), c11);
      const x2 = v128.load32_splat(a, 8);
      c20 = f32x4.add(f32x4.mul(x2, b0), c20);
      c21 = f32x4.add(f32x4.mul(x2, b1), c21);
      const x3 = v128.load32_splat(a, 12);
      c30 = f32x4.add(f32x4.mul(x3, b0), c30);
      c31 = f32x4.add(f32x4.mul(x3, b1), c31);
      a += 16;
      b += 32;
    } while (b != stop);
  }
  v128.store(C, c00);
  v128.store(C, c01, 16);
  v128.store(C, c10, 32);
  v128.store(C, c11, 48);
  v128.store(C, c20, 64);
  v128.store(C, c21, 80);
  v128.store(C, c30, 96);
  v128.store(C, c31, 112);
}`;

const DEPTH = 256;
const REPEATS = 120;
const A = 1024;
const B = 8192;
const C = 32768;

/** Gives back a function that runs the loop for a fraction of a millisecond and tells its GFLOP/s. */
export async function peakMeter(): Promise<() => number> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { default: asc } = (await import(compiler)) as { default: Compiler };
  const { error } = await asc.main(
    ["peak.ts", "-O3", "--runtime", "stub", "--enable", "simd", "--initialMemory", "1", "--outFile", "peak.wasm"],
    {
      readFile: (name) => (name === "peak.ts" ? source : null),
      writeFile: (_, contents) => void (binary = Uint8Array.from(contents)),
      listFiles: () => [],
    },
  );
  if (error || !binary) throw error ?? new Error("asc made no kernel");
  const { instance } = await WebAssembly.instantiate(binary, { env: { abort: () => {} } });
  const tile = instance.exports.tile as (a: number, b: number, c: number, depth: number, repeats: number) => void;
  const measure = (): number => {
    const start = performance.now();
    tile(A, B, C, DEPTH, REPEATS);
    return (64 * DEPTH * REPEATS) / (performance.now() - start) / 1e6;
  };
  // Runs until the engine has compiled the loop with its best compiler.
  for (let i = 0; i < 300; i++) measure();
  return measure;
}
