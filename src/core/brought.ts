// Builds of the core that a program brings itself: finds out which build it is, and reads it from wherever it comes.
import { PropagoError, show } from "../ground/errors.ts";
import { refusalOf } from "./engine.ts";
import type { Build, BuildSource } from "./builds.ts";

declare const PROPAGO_VERSION: string | undefined;

/** The section by which scripts/bundle.ts says in each .wasm file which build it is, and of which version. */
const SECTION = "propago";

/** What can be fetched: a URL, or its text. */
interface Located {
  readonly href: string;
}

/** A Response, a Blob, a file: whatever has bytes to give. */
interface Readable {
  readonly ok?: boolean;
  readonly status?: number;
  readonly url?: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * A `.wasm` file of this package (`propago/simd.wasm`, `common.wasm`, `float64.wasm`, `relaxed.wasm`): its URL, a
 * `Response` with it, its bytes, or the `WebAssembly.Module` that a host has compiled.
 */
export type WasmSource = string | Located | Readable | ArrayBufferLike | ArrayBufferView | object;

/** The kind of an object, whichever realm it is from. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Whether a host has compiled this already. */
export function isModule(value: unknown): value is WebAssembly.Module {
  return kindOf(value) === "WebAssembly.Module";
}

/**
 * The bytes of what `wasm` names, compiled once to see that this host takes them.
 * @throws (rejects with) PropagoError ERR_CONFIG for what is no build of this version, ERR_IO where it cannot be fetched,
 * ERR_WASM_BLOCKED, ERR_WASM_SIMD where the host does not compile it.
 */
export async function readBuild(wasm: unknown): Promise<{ build: Build; source: BuildSource }> {
  let given = await wasm;
  if (typeof given === "object" && given !== null && "default" in given) given = given.default; // a module's namespace
  if (isModule(given)) return { build: buildOf(given), source: given };
  const bytes = await bytesOf(given);
  if (bytes.length < 8 || new DataView(bytes.buffer).getUint32(0) !== 0x0061736d) {
    const begin = show(String.fromCharCode(...bytes.subarray(0, 16)));
    throw new PropagoError(
      "ERR_CONFIG",
      `init: wasm is no WebAssembly, it begins with ${begin}: look at where it comes from`,
    );
  }
  try {
    // Not WebAssembly.compile: Next's edge refuses to build what so much as has that word.
    return { build: buildOf(new WebAssembly.Module(bytes)), source: bytes };
  } catch (cause) {
    throw refusalOf(cause);
  }
}

/**
 * Which build a module is.
 * @throws PropagoError ERR_CONFIG for one that is none of this version.
 */
export function buildOf(module: WebAssembly.Module): Build {
  const [section] = WebAssembly.Module.customSections(module, SECTION);
  const [build, version] = section ? String.fromCharCode(...new Uint8Array(section)).split(" ") : [];
  if (build === undefined) {
    throw new PropagoError("ERR_CONFIG", 'init: wasm is none of this package\'s files; take "propago/simd.wasm"');
  }
  if (typeof PROPAGO_VERSION === "string" && version !== PROPAGO_VERSION) {
    throw new PropagoError(
      "ERR_CONFIG",
      `init: wasm is of propago ${version}, the library of ${PROPAGO_VERSION}; take both from one package`,
    );
  }
  return build as Build;
}

async function bytesOf(given: unknown): Promise<Uint8Array<ArrayBuffer>> {
  if (kindOf(given) === "ArrayBuffer" || kindOf(given) === "SharedArrayBuffer") {
    return new Uint8Array(given as ArrayBuffer).slice();
  }
  if (ArrayBuffer.isView(given)) {
    return new Uint8Array(given.buffer, given.byteOffset, given.byteLength).slice();
  }
  if (typeof given === "string" || kindOf(given) === "URL") return fetched(String(given));
  if (typeof given === "object" && given !== null && typeof (given as Readable).arrayBuffer === "function") {
    return received(given as Readable);
  }
  throw new PropagoError(
    "ERR_CONFIG",
    `init: wasm must be a URL, a Response, bytes or a WebAssembly.Module, got ${show(given)}`,
  );
}

async function fetched(url: string): Promise<Uint8Array<ArrayBuffer>> {
  let response: Readable;
  try {
    // Node's fetch reads no files.
    const files = url.startsWith("file:") ? globalThis.process?.getBuiltinModule?.("node:fs/promises") : undefined;
    if (files !== undefined) return new Uint8Array(await files.readFile(new URL(url)));
    response = await fetch(url);
  } catch (cause) {
    throw new PropagoError("ERR_IO", `init: ${show(url)} cannot be read: ${String(cause)}`, { cause });
  }
  return received(response);
}

async function received(response: Readable): Promise<Uint8Array<ArrayBuffer>> {
  if (response.ok === false) {
    throw new PropagoError(
      "ERR_IO",
      `init: ${show(response.url ?? "wasm")} is not there, the server answers ${response.status}`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}
