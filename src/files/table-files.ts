// Opens a file of a table, whatever its format: CSV and its like, JSON lines, Parquet, Arrow. Which one it is, its first
// bytes say, and its name where these leave it open. What comes out is one kind of table, read by the same rules.
import { PropagoError } from "../ground/errors.ts";
import type { ReadingOptions } from "../columns/header.ts";
import { TableError } from "../columns/problems.ts";
import type { Table } from "../data/table.ts";
import { join } from "./bytes.ts";
import { parseTable, readCsv, type CsvSource } from "./csv.ts";
import { areJsonLines, JsonLines } from "./json-lines.ts";
import { isArrow, isParquet } from "./magic.ts";
import { allBytes, unpackedPieces, type Pieces } from "./pieces.ts";

export type TableFormat = "csv" | "jsonLines" | "parquet" | "arrow";

/** What is said about a table's file. */
export interface OpeningOptions extends ReadingOptions {
  /** What kind of file it is. Default: found out. */
  format?: TableFormat;
  /** Columns to leave out, by name, number from 1 or pattern such as x*. */
  ignore?: readonly string[];
}

/** So many bytes say what kind of file it is. */
const BEGINNING = 4096;

/**
 * What kind of file begins with these bytes.
 * @throws TableError for Feather of version 1, which nobody else reads any more.
 */
export function formatOf(bytes: Uint8Array, name: string): TableFormat {
  if (isParquet(bytes)) return "parquet";
  if (isArrow(bytes, name)) return "arrow";
  if (bytes[0] === 0x46 && bytes[1] === 0x45 && bytes[2] === 0x41 && bytes[3] === 0x31) {
    const message = `${name} is a Feather file of version 1; write it as version 2, as pyarrow.feather.write_feather does`;
    throw new TableError([{ code: "ERR_UNSUPPORTED", message }], name);
  }
  const begin = new TextDecoder().decode(bytes.subarray(0, BEGINNING));
  return areJsonLines(begin, name, bytes.length <= BEGINNING) ? "jsonLines" : "csv";
}

/** Options of texts: a file whose name says so has tabs between its fields, if any stand there. */
export function textOptions(options: OpeningOptions, name: string): ReadingOptions {
  const isTabbed = /\.(?:tsv|tab)(?:\.gz)?$/i.test(name);
  return isTabbed ? { likely: "\t", ...options } : options;
}

/**
 * Reads a table from where a caller says that it is.
 * @throws PropagoError ERR_IO where it cannot be read, and what its format's reader throws.
 */
export async function openTable(source: Pieces, options: OpeningOptions = {}): Promise<Table> {
  const { name, size, isRepeatable } = source;
  const pieces = unpackedPieces(source.read(), name);
  const { first, rest, isWhole } = await beginning(pieces);
  let isHanded = false;
  try {
    if (first.length === 0) throw new PropagoError("ERR_DATA", `${name} is empty; expected a header line and rows`);
    const format = options.format ?? formatOf(first, name);
    if (format === "csv" && isWhole) return parseTable(first, name, textOptions(options, name));
    isHanded = true;
    const again = { name, read: () => rest, isRepeatable: false };
    // What decodes them is large, and few read such files: pages load it when it is needed.
    if (format === "parquet") return (await import("./parquet.ts")).readParquet(await allBytes(again), name, options);
    if (format === "arrow") return (await import("./arrow.ts")).readArrow(await allBytes(again), name, options);
    if (format === "jsonLines") {
      const lines = new JsonLines(name, options);
      for await (const piece of rest) lines.add(piece);
      return lines.finish();
    }
    const csv: CsvSource = {
      name,
      pieces: rest,
      size: /\.gz$/i.test(name) ? undefined : size,
      again: isRepeatable ? () => allBytes({ ...source, read: () => unpackedPieces(source.read(), name) }) : undefined,
    };
    return await readCsv(csv, textOptions(options, name));
  } finally {
    if (!isHanded) await pieces.return(undefined);
  }
}

/** The first bytes of a file, and all pieces with these among them. */
async function beginning(pieces: AsyncGenerator<Uint8Array>) {
  const parts: Uint8Array[] = [];
  let length = 0;
  let isWhole = false;
  while (length < BEGINNING) {
    const next = await pieces.next();
    if (next.done === true) {
      isWhole = true;
      break;
    }
    parts.push(next.value);
    length += next.value.length;
  }
  const first = parts.length === 1 ? parts[0] : join(parts);
  async function* all(): AsyncGenerator<Uint8Array> {
    yield first;
    yield* pieces;
  }
  return { first, rest: all(), isWhole };
}
