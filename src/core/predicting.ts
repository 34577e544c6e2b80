// The door to WebAssembly of `propago/predict`: builds that predict and do nothing else. One instance serves all models of a
// precision.
import type { DType } from "../ground/arrays.ts";
import { Heap, MOST_PAGES } from "./heap.ts";
import { refusalOf } from "./refusal.ts";
import { decode } from "./text.ts";

/** What such a build exports (assembly/predict.ts). */
interface PredictingCore {
  heapBase(): number;
  firstNonFinite(X: number, n: number): number;
  predict(plan: number, X: number, rows: number): number;
}

/** One instance of such a build with its memory. */
export class PredictingEngine extends Heap {
  readonly core: PredictingCore;

  /** Compiles a build that the package carries as text. */
  constructor(text: string, dtype: DType) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });
    super(memory, dtype === "float64" ? 8 : 4);
    try {
      const instance = new WebAssembly.Instance(new WebAssembly.Module(decode(text)), { env: { memory } });
      this.core = instance.exports as unknown as PredictingCore;
    } catch (cause) {
      throw refusalOf(cause);
    }
    this.beginAt(this.core.heapBase());
  }
}
