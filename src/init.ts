// `init` of the entry `propago/slim`: takes a build of the core that a program brings itself.
import { engineOf } from "./core/engine.ts";
import type { Build, BuildSource } from "./core/builds.ts";

import { type WasmSource, buildOf, isModule, readBuild } from "./core/brought.ts";
import { readObject } from "./ground/options.ts";
import { fill } from "./ground/parts.ts";
import { compareWithDifferences } from "./network/differences.ts";
import { initialize } from "./network/initialize.ts";
import { rareRows } from "./parts/rows.ts";

export interface InitOptions {
  /** The core, or a promise of it. Call `init` once for each build that networks use. */
  wasm: WasmSource | PromiseLike<WasmSource>;
}

/**
 * Gives the library its WebAssembly: `propago/simd.wasm` for float32 networks (or the smaller `common.wasm`, for what
 * most of them use), `float64.wasm`, `relaxed.wasm`. A compiled module is there at once, anything else when the promise
 * resolves. A build that is there already stays.
 *
 * ```ts
 * import wasm from "propago/simd.wasm"; // Cloudflare Workers; of Next's edge "propago/simd.wasm?module"
 * await init({ wasm });
 * ```
 *
 * @throws (rejects with) PropagoError ERR_CONFIG for what is no build of this version, ERR_IO where it cannot be fetched,
 * ERR_WASM_BLOCKED, ERR_WASM_SIMD where the host does not compile it.
 */
export async function init(options: InitOptions): Promise<void> {
  const { wasm } = readObject(options, "init options", ["wasm"]);
  const { build, source } = isModule(wasm) ? { build: buildOf(wasm), source: wasm } : await readBuild(wasm);
  enter(build, source);
  engineOf(build);
}

function enter(build: Build, text: BuildSource): void {
  if (build === "simd") fill("complete", { ...rareRows, initialize, text });
  else if (build === "float64") fill("float64", { compareWithDifferences, text });
  else fill(build, { text });
}
