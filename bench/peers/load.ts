// Loads a peer library if `npm run bench:peers` has installed it. Types are declared by each adapter for the few
// calls it makes, so that the tree checks without the peers.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The library, or nothing where it is not installed. */
export function load<T>(name: string): { library: T; version: string } | undefined {
  const manifest = new URL(`node_modules/${name}/package.json`, import.meta.url);
  if (!existsSync(manifest)) return undefined;
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return { library: require(name) as T, version };
}
