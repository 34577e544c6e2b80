// The entry of pages and bundlers: the library without its parts, and what these need of it.
export * from "./index.ts";
export { readNumber, readObject } from "./check.ts";
export { register } from "./parts.ts";
