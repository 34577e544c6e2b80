// Networks as bytes: JSON as text, or safetensors as `toBytes` writes them, with the JSON in the metadata.
import { PropagoError, show } from "../ground/errors.ts";
import { isPlain } from "../ground/options.ts";

/** What stands in the JSON for an array of the file. */
const TENSOR = "$tensor";

/** The JSON of a saved network, with arrays of numbers as typed arrays where the file has them so. */
export function jsonOf(bytes: Uint8Array): unknown {
  // Safetensors begin with the length of their header, of which the last bytes are 0.
  const isPacked = bytes.length > 8 && bytes[7] === 0 && bytes[8] === 0x7b;
  if (!isPacked) return textOf(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 8 + view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || end > bytes.length) throw bad("its header is longer than the file");
  const header = parse(textOf(bytes.subarray(8, end)));
  const metadata = isPlain(header) ? header.__metadata__ : undefined;
  if (!isPlain(header) || !isPlain(metadata) || metadata.format !== "propago" || typeof metadata.content !== "string") {
    throw bad("propago did not write it");
  }
  if (metadata.kind !== "network") throw bad(`it holds a ${show(metadata.kind)}, expected a network`);
  const content = parse(metadata.content);
  const body = bytes.subarray(end);
  return filled(content, (name) => tensorOf(Object.hasOwn(header, name) ? header[name] : undefined, name, body));
}

/** Puts the arrays of a file where their names stand. */
function filled(value: unknown, tensor: (name: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => filled(item, tensor));
  if (!isPlain(value)) return value;
  const name = value[TENSOR];
  if (typeof name === "string") return tensor(name);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, tensor)]));
}

function tensorOf(entry: unknown, name: string, body: Uint8Array): Float32Array | Float64Array {
  const { dtype, data_offsets: offsets } = (isPlain(entry) ? entry : {}) as { dtype?: unknown; data_offsets?: unknown };
  const [begin, end] = (Array.isArray(offsets) ? offsets : []) as unknown[];
  const size = dtype === "F64" ? 8 : 4;
  const isWithin = Number.isSafeInteger(begin) && Number.isSafeInteger(end) && Number(begin) >= 0;
  const length = (Number(end) - Number(begin)) / size;
  if ((dtype !== "F32" && dtype !== "F64") || !isWithin || !(Number(end) <= body.length) || !Number.isInteger(length)) {
    throw bad(`the array ${show(name)} is not in it`);
  }
  if (length < 0) throw bad(`the array ${show(name)} ends before it begins`);
  const copy = body.slice(Number(begin), Number(end));
  return size === 8 ? new Float64Array(copy.buffer) : new Float32Array(copy.buffer);
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new PropagoError("ERR_FORMAT", "these bytes are no saved network: neither text nor safetensors", { cause });
  }
}

/** Text as JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PropagoError("ERR_FORMAT", "this text is not JSON, so it is no saved network", { cause });
  }
}

function bad(why: string): PropagoError {
  return new PropagoError("ERR_FORMAT", `this file is no saved network: ${why}`);
}
