// The entry of pages and bundlers: the library with the build of what most networks use, without its other parts, and
// what these need of it.
// First, so that compression finds again what stands on both sides of so long a text.
import { text } from "./generated/common.ts";
import { register } from "./parts.ts";
export * from "./index.ts";
export { REQUIRED, readFlag, readName, readNamed, readNumber, readObject, readOptions } from "./check.ts";
export { show } from "./errors.ts";
export { register } from "./parts.ts";

register("common", { text });
