// Loads another library if `npm run bench:peers` has installed it. Each adapter declares types for the few calls that it
// makes, so that the types can be checked without the libraries.
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
