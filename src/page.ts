// The entry of pages and bundlers: the library without its parts, and what these need of it.
// First, so that compression finds again what stands on both sides of so long a text.
import "./generated/simd.ts";
export * from "./index.ts";
export { readNumber, readObject } from "./check.ts";
export { register } from "./parts.ts";
