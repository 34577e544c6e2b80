// Gets a network from wherever it is: what `toJSON` gave, as an object or text; what `toBytes` gave; a file, a response, a URL.
import { PropagoError, show } from "../ground/errors.ts";
import { text } from "../generated/predict.ts";
import { jsonOf } from "./bytes.ts";
import { type SavedNetwork, readSaved } from "./saved.ts";
import { Predictor } from "./predictor.ts";

/** What has bytes to give: a Blob, a File, a Response. */
interface Readable {
  readonly ok?: boolean;
  readonly status?: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * Reads a trained network.
 *
 * ```js
 * const model = await load("/models/digits.json"); // a URL, a File, bytes, or what toJSON() gave
 * model.predict(x);
 * ```
 *
 * @param source what `Network.toJSON` gave, as an object or as text; what `Network.toBytes` gave; a Blob, File or Response
 * with one of these; or their URL.
 * @throws (rejects with) PropagoError ERR_FORMAT for what is no saved network, ERR_IO where it cannot be fetched,
 * ERR_WASM_BLOCKED, ERR_WASM_SIMD where the engine cannot compute it.
 */
export async function load(source: unknown): Promise<Predictor> {
  const saved = readSaved(await contentOf(source));
  return new Predictor(saved, await buildFor(saved));
}

/** The least build that a network can do with. */
async function buildFor({ dtype, isRare }: SavedNetwork): Promise<string> {
  if (dtype === "float64") return (await import("./float64.ts")).text;
  return isRare ? (await import("./complete.ts")).text : text;
}

/** What a source holds, as `toJSON` gave it. */
async function contentOf(source: unknown): Promise<unknown> {
  if (typeof source === "string") return /^\s*\{/.test(source) ? source : contentOf(await fetched(source));
  if (source instanceof URL) return contentOf(await fetched(source.href));
  if (ArrayBuffer.isView(source)) {
    return jsonOf(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  }
  const kind = Object.prototype.toString.call(source).slice(8, -1);
  if (kind === "ArrayBuffer" || kind === "SharedArrayBuffer") return jsonOf(new Uint8Array(source as ArrayBuffer));
  const { ok, status, arrayBuffer } = (source ?? {}) as Partial<Readable>;
  if (typeof arrayBuffer !== "function") return source;
  if (ok === false) throw new PropagoError("ERR_IO", `the network is not there: the server answers ${status}`);
  return jsonOf(new Uint8Array(await (source as Readable).arrayBuffer()));
}

async function fetched(url: string): Promise<Readable> {
  try {
    return await fetch(url);
  } catch (cause) {
    throw new PropagoError("ERR_IO", `${show(url)} cannot be fetched: ${String(cause)}`, { cause });
  }
}
