// The builds of the core, and where their bytes come from.
import { PropagoError } from "../ground/errors.ts";
import { Part } from "../ground/parts.ts";
import { decode } from "./text.ts";

/** Builds of the core: float32, of that what most networks use, the whole with relaxed SIMD, float64. */
export type Build = "simd" | "common" | "relaxed" | "float64";

/** What a host has compiled: its module. */
export type Compiled = object;

/** A build: the text that the package carries; or what a program has brought, bytes or what its host has compiled. */
export type BuildSource = string | Uint8Array<ArrayBuffer> | Compiled;

/** What a slot holds: "common" is in every page, the others are parts. */
export interface BuildText {
  text: BuildSource;
}

/** Where builds are, once they are loaded. */
export const BUILDS: Readonly<Record<Build, Part<BuildText>>> = {
  common: new Part("common"),
  simd: new Part("complete"),
  relaxed: new Part("relaxed"),
  float64: new Part("float64"),
};

/**
 * The bytes of a build, or what a host has compiled of it.
 * @throws PropagoError ERR_PART where it is not there.
 */
export function sourceOf(build: Build): { bytes?: Uint8Array<ArrayBuffer>; compiled?: Compiled } {
  if (build === "common" && BUILDS.common.here === undefined) {
    throw new PropagoError(
      "ERR_PART",
      'propago/slim has no WebAssembly yet: await init({ wasm }) with "propago/simd.wasm"',
    );
  }
  const { text } = BUILDS[build].need(`${build === "float64" ? "dtype" : "build"} "${build}"`);
  // A copy: what is brought stays as it is.
  if (typeof text === "string") return { bytes: decode(text) };
  return text instanceof Uint8Array ? { bytes: text.slice() } : { compiled: text };
}
