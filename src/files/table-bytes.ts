// Reads a table whose bytes are all there, as the command has them.
import type { Table } from "../data/table.ts";
import { readArrow } from "./arrow.ts";
import { parseTable } from "./csv.ts";
import { JsonLines } from "./json-lines.ts";
import { readParquet } from "./parquet.ts";
import { formatOf, textOptions, type OpeningOptions } from "./table-files.ts";

/** Reads a table of bytes that are all there, unpacked. */
export function tableOfBytes(bytes: Uint8Array, name: string, options: OpeningOptions = {}): Table {
  const format = options.format ?? formatOf(bytes, name);
  if (format === "parquet") return readParquet(bytes, name, options);
  if (format === "arrow") return readArrow(bytes, name, options);
  if (format === "csv") return parseTable(bytes, name, textOptions(options, name));
  const lines = new JsonLines(name, options);
  lines.add(bytes);
  return lines.finish();
}
