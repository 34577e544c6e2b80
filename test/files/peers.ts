// Software of others, which `npm ci --prefix test/peers` installs; what needs it skips where it is missing.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../peers/package.json", import.meta.url));

/** A package's exports, or undefined where test/peers is not installed. */
export async function peer(name: string): Promise<any> {
  let path: string;
  try {
    path = require.resolve(name);
  } catch {
    return undefined;
  }
  const loaded = await import(pathToFileURL(path).href);
  return loaded.default ?? loaded;
}
