// Reads Parquet. hyparquet decodes the pages; what a file says about itself is checked here before, page by page, since a
// damaged length must end in a message and not in gigabytes. Types are read here too, so that no digit of decimals, large
// integers and times is lost.
import { parquetMetadata, parquetSchema } from "hyparquet/src/metadata.js";
import { snappyUncompress } from "hyparquet/src/snappy.js";
import type { ColumnMetaData, FileMetaData, PageHeader, SchemaElement, SchemaTree } from "hyparquet";
import { parquetHeader, readPage } from "hyparquet/src/column.js";
import { PropagoError, show } from "../ground/errors.ts";
import { GrowingColumn } from "../data/store.ts";
import type { Table } from "../data/table.ts";
import { ByteReader, malformed } from "./bytes.ts";
import { gunzip } from "./inflate.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { lz4Block, lz4Frame } from "./lz4.ts";
import {
  addDate,
  addDecimal,
  addInteger,
  addMissing,
  addNumber,
  addText,
  clockText,
  dayText,
  hexOf,
  ignoreTest,
  momentText,
  refuseColumn,
  textOf,
  typedTable,
  type Wanted,
} from "./typed-cells.ts";
import { zstd } from "./zstd.ts";

const KINDS = "; numbers, texts, true and false, dates and times can be read";
/** A page may become so many times its size, and so many bytes anyway. */
const INFLATION = 1000;
const INFLATED = 16 << 20;
/** Cells of a table: more do not fit into memory. */
const MOST_CELLS = 2 ** 30;

/**
 * Reads a table.
 * @throws PropagoError ERR_FORMAT for what is damaged, ERR_UNSUPPORTED, naming the column, for one that is no column of a
 * table, ERR_DATA for a file without rows.
 */
export function readParquet(bytes: Uint8Array, file: string, wanted: Wanted = {}): Table {
  const metadata = metadataOf(bytes, file);
  const isIgnored = ignoreTest(wanted.ignore);
  const tree = decoded(() => parquetSchema(metadata), file);
  const rows = checkedRows(metadata, tree, file);
  const names: string[] = [];
  const columns: GrowingColumn[] = [];
  tree.children.forEach((child, place) => {
    const { name } = child.element;
    if (isIgnored(name, place)) return;
    const add = adderOf(child, file);
    const source = { bytes, metadata, path: [tree, child], rows, file };
    names.push(name);
    try {
      columns.push(readColumn(source, add));
    } catch (error) {
      if (error !== NO_TEXT) throw error;
      columns.push(readColumn(source, (column, value) => addText(column, hexOf(value as Uint8Array))));
    }
  });
  return typedTable(file, "a Parquet file", names, columns);
}

/** Where a column is read from: the file, what it says of itself, and the way through its schema. */
interface Source {
  bytes: Uint8Array;
  metadata: FileMetaData;
  path: SchemaTree[];
  rows: number;
  file: string;
}

/** Reads a column through all row groups. */
function readColumn({ bytes, metadata, path, rows, file }: Source, add: Adder): GrowingColumn {
  const { name } = path[1].element;
  const what = `${file}: column ${show(name)}`;
  const column = new GrowingColumn(rows);
  for (const group of metadata.row_groups) {
    const chunk = group.columns.find(({ meta_data: meta }) => meta?.path_in_schema.join("\0") === name);
    if (!chunk?.meta_data) throw malformed(what, "it is missing in a row group");
    if (chunk.file_path)
      throw malformed(what, `it lies in another file, ${show(chunk.file_path)}, which is not opened`);
    const count = Number(group.num_rows);
    if (count > 0) readChunk(bytes, chunk.meta_data, count, path, column, add, what);
  }
  return column;
}

/** What hyparquet gives. What it throws is about damaged bytes. */
function decoded<R>(work: () => R, what: string): R {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof PropagoError) throw cause;
    const reason = (cause as Error).message.replace(/^parquet /, "");
    throw new PropagoError("ERR_FORMAT", `${what}: its Parquet data is damaged (${reason})`, { cause });
  }
}

function metadataOf(bytes: Uint8Array, file: string): FileMetaData {
  const end = bytes.length - 4;
  const word = String.fromCharCode(...bytes.subarray(end));
  if (word === "PARE")
    throw new PropagoError("ERR_UNSUPPORTED", `${file} is an encrypted Parquet file; decrypt it first`);
  if (word !== "PAR1" || bytes.length < 12)
    throw malformed(file, `it does not end as a Parquet file; a part of it is missing (it has ${bytes.length} bytes)`);
  const length = new DataView(bytes.buffer, bytes.byteOffset + end - 4, 4).getUint32(0, true);
  if (length === 0 || length > end - 8) throw malformed(file, `its footer of ${length} bytes does not fit into it`);
  const metadata = decoded(() => parquetMetadata(bytes.subarray(end - 4 - length), { geoparquet: false }), file);
  return metadata;
}

/** The number of rows, which the parts of the metadata must agree on. */
function checkedRows({ num_rows, row_groups }: FileMetaData, tree: SchemaTree, file: string): number {
  const rows = Number(num_rows);
  let sum = 0;
  for (const group of row_groups) {
    const count = Number(group.num_rows);
    if (!Number.isSafeInteger(count) || count < 0)
      throw malformed(file, `a row group of ${String(group.num_rows)} rows`);
    sum += count;
  }
  if (rows !== sum) throw malformed(file, `it says ${rows} rows, its row groups have ${sum}`);
  if (rows * Math.max(1, tree.children.length) > MOST_CELLS)
    throw new PropagoError("ERR_MEMORY", `${file} has ${rows} rows of ${tree.children.length} columns, more than ${MOST_CELLS} cells; leave columns out, or split the file`); // prettier-ignore
  return rows;
}

/** Reads one column of a row group. */
function readChunk(
  bytes: Uint8Array,
  meta: ColumnMetaData,
  rows: number,
  schemaPath: SchemaTree[],
  column: GrowingColumn,
  add: Adder,
  what: string,
): void {
  const first = Number(meta.data_page_offset);
  const dictionaryAt = Number(meta.dictionary_page_offset ?? 0);
  const begin = dictionaryAt > 0 && dictionaryAt < first ? dictionaryAt : first;
  const end = begin + Number(meta.total_compressed_size);
  if (Number(meta.num_values) !== rows)
    throw malformed(what, `it has ${String(meta.num_values)} values for ${rows} rows`);
  if (!(begin >= 4 && end > begin && end <= bytes.length))
    throw malformed(what, `it lies at bytes ${begin} to ${end}, the file has ${bytes.length}`);
  const { element } = schemaPath[1];
  const plain: SchemaElement = { ...element, converted_type: undefined, logical_type: undefined };
  const tree = [schemaPath[0], { ...schemaPath[1], element: plain }];
  const decoder = { type: meta.type, element: plain, schemaPath: tree, codec: "UNCOMPRESSED", utf8: false, pathInSchema: meta.path_in_schema, parsers: {} }; // prettier-ignore
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset + begin, end - begin), offset: 0 };
  let dictionary: ArrayLike<unknown> | undefined;
  let left = rows;
  while (left > 0) {
    const at = begin + reader.offset;
    const page = `${what}, page at byte ${at}`;
    if (reader.offset >= reader.view.byteLength)
      throw malformed(what, `it ends ${left} values too early, at byte ${end}`);
    const header = decoded(() => parquetHeader(reader), page);
    const count = checkedPage(header, reader.view.byteLength - reader.offset, left, page);
    const { data } = decoded(() => {
      const next = reader.offset + header.compressed_page_size;
      const content = unpackedPage(bytes.subarray(begin + reader.offset, begin + next), header, meta.codec, what);
      if (header.type !== "DICTIONARY_PAGE") checkRuns(content, header, element.repetition_type !== "REQUIRED", meta.type === "BOOLEAN", page); // prettier-ignore
      reader.offset = next;
      const own = { view: new DataView(content.buffer, content.byteOffset, content.byteLength), offset: 0 };
      const plainHeader = { ...header, compressed_page_size: content.length, uncompressed_page_size: content.length };
      return readPage(own, plainHeader, decoder as unknown as Parameters<typeof readPage>[2], dictionary as never, undefined, 0); // prettier-ignore
    }, page);
    if (header.type === "DICTIONARY_PAGE") {
      dictionary = data as ArrayLike<unknown>;
      continue;
    }
    if (header.type === "INDEX_PAGE") continue;
    if (data?.length !== count) throw malformed(page, `it has ${data?.length ?? 0} values, its header says ${count}`);
    addValues(column, data, add, element.repetition_type === "REQUIRED", page);
    left -= count;
  }
}

/** Checks what a page says about itself; gives how many values a page of data has. */
function checkedPage(header: PageHeader, room: number, left: number, page: string): number {
  const { type, compressed_page_size: packed, uncompressed_page_size: size } = header;
  if (!(packed >= 0 && packed <= room)) throw malformed(page, `it has ${packed} bytes, ${room} are left`);
  if (!(size >= 0 && size <= Math.max(INFLATED, INFLATION * packed)))
    throw malformed(page, `it is to unpack from ${packed} to ${size} bytes`);
  if (type === "DICTIONARY_PAGE") {
    const count = header.dictionary_page_header?.num_values ?? -1;
    if (!(count >= 0 && count <= 8 * size + 8))
      throw malformed(page, `a dictionary of ${count} values in ${size} bytes`);
    return 0;
  }
  if (type !== "DATA_PAGE" && type !== "DATA_PAGE_V2") throw malformed(page, `a page of kind ${type}`);
  const { num_values: count = -1 } = header.data_page_header ?? header.data_page_header_v2 ?? {};
  if (!(count > 0 && count <= left)) throw malformed(page, `it has ${count} values, ${left} are left`);
  const nulls = header.data_page_header_v2?.num_nulls ?? 0;
  if (!(nulls >= 0 && nulls <= count)) throw malformed(page, `${nulls} of its ${count} values are null`);
  return count;
}

function addValues(
  column: GrowingColumn,
  values: ArrayLike<unknown>,
  add: Adder,
  isRequired: boolean,
  page: string,
): void {
  const { length } = values;
  for (let i = 0; i < length; i++) {
    const value = values[i];
    if (value !== null && value !== undefined) add(column, value);
    else if (isRequired) throw malformed(page, `value ${i} is missing in a column without nulls`);
    else addMissing(column);
  }
}

/** Adds one value. */
type Adder = (column: GrowingColumn, value: unknown) => void;

const number: Adder = (column, value) => {
  if (typeof value === "bigint") addInteger(column, value);
  else addNumber(column, value as number);
};

/** How the values of a column become cells. @throws PropagoError ERR_UNSUPPORTED for one that is nested. */
function adderOf({ element, children }: SchemaTree, file: string): Adder {
  const { name, type, converted_type: converted, logical_type: logical, repetition_type: repetition } = element;
  if (children.length > 0 || repetition === "REPEATED" || type === undefined)
    throw refuseColumn(file, name, `is nested (${nestedKind(element, children)}), not a column of a table`, KINDS);
  if (converted === "DECIMAL" || logical?.type === "DECIMAL") {
    const scale = (logical?.type === "DECIMAL" ? logical.scale : element.scale) ?? 0;
    return (column, value) => addDecimal(column, value instanceof Uint8Array ? signed(value) : BigInt(value as number), scale); // prettier-ignore
  }
  if (type === "INT96")
    return (column, value) => {
      const bits = value as bigint;
      const days = Number(BigInt.asIntN(32, bits >> 64n)) - 2_440_588;
      addMoment(column, days * 86_400_000 + Number(BigInt.asIntN(64, bits) / 1000n) / 1000, false);
    };
  if (converted === "DATE" || logical?.type === "DATE")
    return (column, value) => addDate(column, dayText(value as number), value);
  const moment = momentOf(element);
  if (moment) return moment;
  if (converted?.startsWith("UINT_") || (logical?.type === "INTEGER" && !logical.isSigned))
    return (column, value) =>
      number(column, typeof value === "bigint" ? BigInt.asUintN(64, value) : (value as number) >>> 0);
  if (type === "BOOLEAN") return (column, value) => addText(column, String(Boolean(value)));
  if (type === "INT32" || type === "INT64" || type === "FLOAT" || type === "DOUBLE") return number;
  if (logical?.type === "FLOAT16") return (column, value) => addNumber(column, halfOf(value as Uint8Array));
  if (logical?.type === "UUID") return (column, value) => addText(column, uuidOf(value as Uint8Array));
  if (converted === "INTERVAL" || converted === "BSON")
    throw refuseColumn(file, name, `holds values of type ${converted}`, KINDS);
  const isText = converted === "UTF8" || converted === "ENUM" || converted === "JSON" || logical?.type === "STRING";
  return textAdder(isText ? malformed(`${file}: column ${show(name)}`, "it holds a text that is not UTF-8") : NO_TEXT);
}

/** Thrown where bytes of a column that does not say what they are turn out to be no text. */
const NO_TEXT = new Error("no text");

function nestedKind(
  { converted_type: converted, logical_type: logical, repetition_type: repetition }: SchemaElement,
  children: readonly SchemaTree[],
): string {
  // prettier-ignore
  const kind = converted ?? logical?.type;
  if (kind === "LIST" || repetition === "REPEATED") return "a list";
  if (kind === "MAP" || kind === "MAP_KEY_VALUE") return "a map";
  return children.length > 0
    ? `a struct of ${children.map(({ element }) => show(element.name)).join(", ")}`
    : "without a type";
}

/** Times of day and moments. */
function momentOf({ type, converted_type: converted, logical_type: logical }: SchemaElement): Adder | undefined {
  const units = { MILLIS: 1n, MICROS: 1000n, NANOS: 1_000_000n };
  const isMoment = logical?.type === "TIMESTAMP" || converted?.startsWith("TIMESTAMP_");
  const isClock = logical?.type === "TIME" || converted?.startsWith("TIME_");
  if ((!isMoment && !isClock) || (type !== "INT32" && type !== "INT64")) return undefined;
  const own = logical?.type === "TIMESTAMP" || logical?.type === "TIME" ? logical : undefined;
  const unit = own?.unit ?? (converted?.endsWith("MICROS") ? "MICROS" : "MILLIS");
  const factor = units[unit];
  const milliseconds = (value: unknown) => {
    const whole = BigInt(value as bigint);
    return Number(whole / factor) + Number(whole % factor) / Number(factor);
  };
  if (isClock) return (column, value) => addDate(column, clockText(milliseconds(value) / 1000), value);
  const isUtc = own?.isAdjustedToUTC ?? true;
  return (column, value) => addMoment(column, milliseconds(value), isUtc);
}

function addMoment(column: GrowingColumn, milliseconds: number, isUtc: boolean): void {
  addDate(column, momentText(milliseconds, isUtc), milliseconds);
}

/** Texts, each decoded once where a dictionary holds them. */
function textAdder(otherwise: Error): Adder {
  const known = new Map<unknown, string>();
  return (column, value) => {
    let text = known.get(value);
    if (text === undefined) {
      text = textOf(value as Uint8Array);
      if (text === undefined) throw otherwise;
      if (known.size < 10_000) known.set(value, text);
    }
    addText(column, text);
  };
}

/** A signed integer, its first byte the highest. */
function signed(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(8 * bytes.length, value);
}

function halfOf(bytes: Uint8Array): number {
  const bits = bytes[0] | (bytes[1] << 8);
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  let value = exponent === 0 ? fraction / 1024 : 1 + fraction / 1024;
  for (let i = exponent || 1; i < 15; i++) value /= 2;
  for (let i = exponent; i > 15; i--) value *= 2;
  return sign * value;
}

function uuidOf(bytes: Uint8Array): string {
  return hexOf(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.*)$/, "$1-$2-$3-$4-$5");
}

/** A page with its compression taken off; levels of the newer kind of pages stand before what is compressed. */
function unpackedPage(packed: Uint8Array, header: PageHeader, codec: string, what: string): Uint8Array {
  const { uncompressed_page_size: size, data_page_header_v2: newer } = header;
  const levels = newer ? newer.definition_levels_byte_length + newer.repetition_levels_byte_length : 0;
  if (!(levels >= 0 && levels <= packed.length && levels <= size)) throw malformed(what, `levels of ${levels} bytes in a page of ${packed.length}`); // prettier-ignore
  if (codec === "UNCOMPRESSED" || newer?.is_compressed === false) return packed;
  const decompress = compressorsFor(what)[codec];
  if (!decompress) throw new PropagoError("ERR_UNSUPPORTED", `${what} is packed with ${codec}; write the file with snappy, gzip, zstd or lz4`); // prettier-ignore
  const content = packed.length === levels ? new Uint8Array(0) : decompress(packed.subarray(levels), size - levels);
  if (content.length !== size - levels) throw malformed(what, `a page unpacks to ${content.length} bytes, expected ${size - levels}`); // prettier-ignore
  const whole = new Uint8Array(size);
  whole.set(packed.subarray(0, levels));
  whole.set(content, levels);
  return whole;
}

/** Refuses runs of levels and of places in a dictionary that are longer than the page: hyparquet would write them all. */
function checkRuns(
  content: Uint8Array,
  header: PageHeader,
  isOptional: boolean,
  isBoolean: boolean,
  page: string,
): void {
  const { data_page_header: older, data_page_header_v2: newer } = header;
  const count = older?.num_values ?? newer?.num_values ?? 0;
  const encoding = older?.encoding ?? newer?.encoding ?? "";
  const reader = new ByteReader(content, page);
  let left = count;
  if (newer) {
    const { definition_levels_byte_length: length, num_nulls: nulls } = newer;
    if (!Number.isSafeInteger(nulls) || !Number.isSafeInteger(length))
      throw malformed(page, "its header is not complete");
    reader.take(newer.repetition_levels_byte_length, "levels");
    if (isOptional) checkRun(new ByteReader(reader.slice(length, "levels"), page), 1, count);
    left = count - nulls;
  } else if (isOptional) {
    const levels = reader.slice(reader.u32("levels"), "levels");
    left = checkRun(new ByteReader(levels, page), 1, count);
  }
  if (left === 0) return;
  if (encoding === "RLE" && isBoolean) {
    const length = reader.u32("runs");
    checkRun(new ByteReader(reader.slice(Math.min(length, reader.left), "runs"), page), 1, left);
  } else if (encoding.endsWith("_DICTIONARY")) {
    const width = reader.u8("the width of places");
    if (width > 32) throw malformed(page, `places of ${width} bits`);
    if (width > 0) checkRun(reader, width, left);
  } else if (encoding.startsWith("DELTA_")) checkDeltas(reader, page);
}

/** Checks runs of `count` values of so many bits; gives how many of them are 1, where they are levels. */
function checkRun(reader: ByteReader, width: number, count: number): number {
  let left = count;
  let ones = 0;
  while (left > 0) {
    const head = varint(reader);
    if (head & 1) {
      const values = (head >>> 1) * 8;
      if (values === 0 || values > left + 504)
        throw malformed(reader.name, `a run of ${values} values, ${left} are left`);
      const packed = reader.slice(Math.min((values / 8) * width, reader.left), "packed values");
      if (width === 1) for (let i = 0; i < Math.min(values, left); i++) ones += (packed[i >> 3] >> (i & 7)) & 1;
      left -= Math.min(values, left);
    } else {
      const values = head >>> 1;
      if (values === 0 || values > left) throw malformed(reader.name, `a run of ${values} values, ${left} are left`);
      const value = reader.slice((width + 7) >> 3, "a repeated value");
      if (value[0] === 1) ones += values;
      left -= values;
    }
  }
  return ones;
}

/** Refuses blocks of differences that have no values, which would never end. */
function checkDeltas(reader: ByteReader, page: string): void {
  const [block, parts] = [varint(reader), varint(reader)];
  const isSound = block > 0 && block <= 1 << 20 && parts > 0 && parts <= 4096 && block % parts === 0;
  if (!isSound) throw malformed(page, `blocks of ${block} differences in ${parts} parts`);
}

function varint(reader: ByteReader): number {
  let [value, shift] = [0, 0];
  for (;;) {
    const byte = reader.u8("a length");
    value += (byte & 127) * TWO_TO[shift];
    if (byte < 128) return value;
    if (++shift === TWO_TO.length) throw malformed(reader.name, "a length of more than 32 bits");
  }
}

/** Powers of 128. */
const TWO_TO = [1, 128, 16_384, 2_097_152, 268_435_456];

type Decompress = (input: Uint8Array, length: number) => Uint8Array;

function compressorsFor(what: string): Record<string, Decompress> {
  return {
    SNAPPY: (input, length) => {
      const out = new Uint8Array(length);
      snappyUncompress(input, out);
      return out;
    },
    GZIP: (input, length) => gunzip(input, what, { ...DEFAULT_LIMITS, inflatedBytes: length, inflationFloor: length }),
    ZSTD: (input, length) => zstd(input, length, what),
    LZ4_RAW: (input, length) => lz4Block(input, length, what),
    LZ4: (input, length) => lz4Old(input, length, what),
    BROTLI: (input, length) => {
      const zlib = globalThis.process?.getBuiltinModule?.("node:zlib");
      if (!zlib) throw new PropagoError("ERR_UNSUPPORTED", `${what} is packed with brotli, which this host cannot unpack; write the file with snappy, gzip, zstd or lz4`); // prettier-ignore
      return zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) });
    },
  };
}

/** What was called LZ4 before LZ4_RAW: blocks behind two lengths as Hadoop writes them, a frame, or a bare block. */
function lz4Old(input: Uint8Array, length: number, what: string): Uint8Array {
  if (input[0] === 0x04 && input[1] === 0x22 && input[2] === 0x4d && input[3] === 0x18)
    return lz4Frame(input, length, what);
  try {
    const reader = new ByteReader(input, what);
    const out = new Uint8Array(length);
    let at = 0;
    while (reader.left > 0) {
      const size = reader.u32("LZ4 length", false);
      const packed = reader.slice(reader.u32("LZ4 length", false), "LZ4 block");
      if (at + size > length) throw malformed(what, `LZ4 data unpacks to more than ${length} bytes`);
      out.set(lz4Block(packed, size, what), at);
      at += size;
    }
    if (at === length) return out;
  } catch (error) {
    if (!(error instanceof PropagoError)) throw error;
  }
  return lz4Block(input, length, what);
}
