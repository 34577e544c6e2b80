// The entry of pages and bundlers: the library with the build of what most networks use, without its other parts.
import { text } from "./generated/common.ts";
import { fill } from "./ground/parts.ts";
import "./parts/loaders.ts";
export * from "./index.ts";

fill("common", { text });
