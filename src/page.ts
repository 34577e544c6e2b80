// The entry of pages and bundlers: the library with the build of what most networks use, without its other parts.
import { text } from "./generated/common.ts";
import { register } from "./ground/parts.ts";
export * from "./index.ts";

register("common", { text });
