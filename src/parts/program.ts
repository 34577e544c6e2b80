// The library with what trains in a worker, as one text; loaded only where a page's bundler leaves no other way to start one.
import { fill } from "../ground/parts.ts";
import { text } from "../generated/program.ts";

export const part = { text };
fill("program", part);
