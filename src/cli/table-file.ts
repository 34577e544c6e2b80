// A table's file for the command: opened once, and read again where a message tries what would mend it. A large CSV file
// is read as its bytes come and not kept.
import type { Table } from "../data/table.ts";
import { readCsv } from "../files/csv.ts";
import { piecesOf, type Pieces } from "../files/pieces.ts";
import { tableOfBytes } from "../files/table-bytes.ts";
import { formatOf, textOptions, type OpeningOptions } from "../files/table-files.ts";
import { beginningOf, MAX_BYTES, readTableFile, tableBytes } from "./files.ts";

/** A file that can be read as a table under different options. */
export interface TableFile {
  /** How messages call it. */
  name: string;
  /** Reads it. @throws PropagoError for what is no table. */
  parse(options: OpeningOptions): Table;
  /** The same file with its bytes changed, where it is a text that fits into memory. */
  mended(change: (bytes: Uint8Array) => Uint8Array): TableFile | undefined;
}

/** A larger file is read as its bytes come. */
const SMALL = 1 << 20;

/**
 * Opens the file of a table, or standard input for "-". What is wrong with a table is told when it is parsed.
 * @param isWhole whether every cell's text is wanted as it stands there, so that the file is read as a text.
 * @throws PropagoError ERR_IO where it cannot be read.
 */
export async function openTableFile(path: string, options: OpeningOptions, isWhole = false): Promise<TableFile> {
  const { begin, size } = beginningOf(path);
  const name = path.split(/[/\\]/).at(-1) ?? path;
  const isLarge = size > SMALL && begin.length > 0 && !(begin[0] === 0x1f && begin[1] === 0x8b);
  const isCsv = isLarge && formatOf(begin, name) === "csv";
  if (isCsv && (!isWhole || size > MAX_BYTES)) return largeFile(path, piecesOf(path, name), options);
  const { bytes } = readTableFile(path);
  return path === "-" ? fileOf(bytes, "standard input") : fileOf(bytes, name);
}

/** A file whose bytes are all there, unpacked. */
export function fileOf(bytes: Uint8Array, name: string): TableFile {
  let last: { key: string; table: Table } | undefined;
  const parse = (options: OpeningOptions) => {
    const { isMissing: _, ...rest } = options;
    const key = JSON.stringify(rest);
    // Files with types are read once: what is said about texts does not touch them.
    if (last?.key !== key || last.table.format === undefined) last = { key, table: tableOfBytes(bytes, name, options) };
    return last.table;
  };
  const isText = formatOf(bytes, name) === "csv";
  return { name, parse, mended: (change) => (isText ? fileOf(change(bytes), name) : fileOf(bytes, name)) };
}

/** A large CSV file. Messages try what would mend it on its bytes, where these fit into memory. */
async function largeFile(path: string, source: Pieces, options: OpeningOptions): Promise<TableFile> {
  const { name, size = 0 } = source;
  const isKeepable = size <= MAX_BYTES;
  let bytes: TableFile | undefined;
  const whole = () => (bytes ??= fileOf(tableBytes(path), name));
  let first: Table | undefined;
  let error: unknown;
  try {
    const again = isKeepable ? () => Promise.resolve(tableBytes(path)) : undefined;
    first = await readCsv({ name, pieces: source.read(), size, again }, textOptions(options, name));
  } catch (cause) {
    error = cause;
  }
  const parse = (other: OpeningOptions) => {
    if (isSame(other, options)) {
      if (first) return first;
      throw error;
    }
    if (!isKeepable) throw error ?? first;
    return whole().parse(other);
  };
  return { name, parse, mended: (change) => (isKeepable ? whole().mended(change) : undefined) };
}

function isSame(a: OpeningOptions, b: OpeningOptions): boolean {
  const key = ({ isMissing, ...rest }: OpeningOptions) => JSON.stringify([rest, isMissing?.numbers]);
  return key(a) === key(b);
}
