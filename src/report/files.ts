// Writes a report and its plots to files, in Node. PNG images are made by @resvg/resvg-js where it is installed.
import type * as FileSystem from "node:fs";
import type * as Modules from "node:module";
import { PropagoError } from "../ground/errors.ts";
import type { PlotFile } from "./gallery.ts";

/** What is used of @resvg/resvg-js, which users install themselves. */
interface Resvg {
  Resvg: new (svg: string, options: object) => { render(): { asPng(): Uint8Array } };
}

/** What to install, and what is written without it. */
export const NO_PNG =
  "PNG images of the plots need the package @resvg/resvg-js, which is not installed; the SVG files are there: npm install @resvg/resvg-js";

/** Node's own modules; undefined elsewhere. */
function builtin<M>(name: string): M | undefined {
  return (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process?.getBuiltinModule?.(
    name,
  ) as M | undefined;
}

/** A function that makes a PNG image of a plot, twice as large as the SVG; undefined where nothing can. */
export function pngMaker(): ((svg: string) => Uint8Array) | undefined {
  const modules = builtin<typeof Modules>("node:module");
  if (modules === undefined) return undefined;
  for (const place of [import.meta.url, `${process.cwd()}/`]) {
    try {
      const { Resvg } = modules.createRequire(place)("@resvg/resvg-js") as Resvg;
      return (svg) => new Resvg(svg, { fitTo: { mode: "zoom", value: 2 } }).render().asPng();
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}

/**
 * Writes text to a file.
 * @throws PropagoError ERR_UNSUPPORTED where there are no files, ERR_IO where it cannot be written.
 */
export function writeFile(path: string, content: string | Uint8Array): void {
  const fs = builtin<typeof FileSystem>("node:fs");
  if (fs === undefined) throw noFiles();
  try {
    fs.writeFileSync(path, content);
  } catch (error) {
    throw new PropagoError("ERR_IO", `cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Writes plots into a folder, which is made where it is not there: SVG, and PNG where that can be made. */
export function writePlots(folder: string, plots: readonly PlotFile[]): void {
  const fs = builtin<typeof FileSystem>("node:fs");
  if (fs === undefined) throw noFiles();
  try {
    fs.mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new PropagoError("ERR_IO", `cannot make the folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
  const png = pngMaker();
  for (const { name, svg } of plots) {
    writeFile(`${folder}/${name}.svg`, svg);
    if (png !== undefined) writeFile(`${folder}/${name}.png`, png(svg));
  }
}

function noFiles(): PropagoError {
  return new PropagoError("ERR_UNSUPPORTED", "files can be written in Node only; elsewhere take the text that report gives"); // prettier-ignore
}
