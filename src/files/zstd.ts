// Zstandard, by fzstd, within the length that the caller expects. Pages of Parquet and buffers of Arrow are packed so.
import { decompress } from "fzstd";
import { PropagoError } from "../ground/errors.ts";
import { malformed } from "./bytes.ts";

/** Unpacks zstd data to exactly `length` bytes. @throws PropagoError ERR_FORMAT for data that is damaged. */
export function zstd(packed: Uint8Array, length: number, name: string): Uint8Array {
  let out: Uint8Array;
  try {
    out = decompress(packed, new Uint8Array(length));
  } catch (cause) {
    throw new PropagoError("ERR_FORMAT", `${name}: zstd data is damaged (${(cause as Error).message})`, { cause });
  }
  if (out.length !== length) throw malformed(name, `zstd data unpacks to ${out.length} bytes, expected ${length}`);
  return out;
}
