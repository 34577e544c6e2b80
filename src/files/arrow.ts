// Reads Arrow: IPC files and streams, and Feather of version 2, which is the same. flechette decodes the columns. Before, each
// message is checked against the bytes that there are, and its buffers are unpacked, which flechette cannot.
import { tableFromIPC, type Column, type DataType, Type } from "@uwdata/flechette";
import { PropagoError } from "../ground/errors.ts";
import { GrowingColumn } from "../data/store.ts";
import type { Table } from "../data/table.ts";
import { ByteReader, malformed } from "./bytes.ts";
import { FlatTable } from "./flatbuffer.ts";
import { lz4Frame } from "./lz4.ts";
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

const KINDS = "; numbers, texts, true and false, dates, times, and dictionaries of these can be read";
/** The number of the type of unions, and how deep fields lie inside each other at most. */
const UNION = 14;
const MOST_DEPTH = 64;
/** What a message is about. */
const SCHEMA = 1;
const DICTIONARY = 2;
const RECORDS = 3;
/** A compressed buffer may become so many times its size, and so many bytes anyway. */
const INFLATION = 1000;
const INFLATED = 1 << 20;
/** Rows for each byte of a batch: a validity or a boolean takes a bit. */
const ROWS_PER_BYTE = 8;

/**
 * Reads a table.
 * @throws PropagoError ERR_FORMAT for what is damaged, ERR_UNSUPPORTED, naming the column, for one that is no column of a
 * table, ERR_DATA for a file without rows.
 */
export function readArrow(bytes: Uint8Array, file: string, wanted: Wanted = {}): Table {
  const messages = messagesOf(bytes, file);
  const source = decoded(() => tableFromIPC(messages, { useBigInt: true, useDate: false, useDecimalInt: true }), file);
  const isIgnored = ignoreTest(wanted.ignore);
  const names: string[] = [];
  const columns: GrowingColumn[] = [];
  source.schema.fields.forEach(({ name, type }, place) => {
    if (isIgnored(name, place)) return;
    const column: Column<unknown> = source.getChildAt(place);
    const add = decoded(() => adderOf(type, column), file);
    if (!add) throw refuseColumn(file, name, `holds ${nameOf(type)}`, KINDS);
    names.push(name);
    columns.push(decoded(() => grown(column, add, file, name), `${file}: column ${JSON.stringify(name)}`));
  });
  return typedTable(file, "an Arrow file", names, columns);
}

/** What flechette gives. What it throws is about damaged bytes. */
function decoded<R>(work: () => R, what: string): R {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof PropagoError) throw cause;
    throw new PropagoError("ERR_FORMAT", `${what}: its Arrow data is damaged (${(cause as Error).message})`, { cause });
  }
}

function grown(source: Column<unknown>, add: Adder, file: string, name: string): GrowingColumn {
  const column = new GrowingColumn(source.length);
  for (const value of source) {
    if (value === null) addMissing(column);
    else if (value === undefined) throw malformed(file, `column ${JSON.stringify(name)} has fewer values than rows`);
    else add(column, value);
  }
  return column;
}

/** Adds one value. */
type Adder = (column: GrowingColumn, value: unknown) => void;

const number: Adder = (column, value) => {
  if (typeof value === "bigint") addInteger(column, value);
  else addNumber(column, value as number);
};

/** Bytes as texts where all of the column are, otherwise in hexadecimal digits. */
function bytesAdder(source: Column<unknown>): Adder {
  let areTexts = true;
  for (const value of source) areTexts &&= value === null || textOf(value as Uint8Array) !== undefined;
  return (column, value) => {
    addText(column, (areTexts ? textOf(value as Uint8Array) : undefined) ?? hexOf(value as Uint8Array));
  };
}

function adderOf(type: DataType, source: Column<unknown>): Adder | undefined {
  switch (type.typeId) {
    case Type.Int:
    case Type.Float:
    case Type.Duration:
      return number;
    case Type.Null:
      return (column) => addMissing(column);
    case Type.Bool:
      return (column, value) => addText(column, String(value));
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return (column, value) => addText(column, value as string);
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView:
    case Type.FixedSizeBinary:
      return bytesAdder(source);
    case Type.Decimal: {
      const { scale } = type;
      return (column, value) => addDecimal(column, BigInt(value as bigint), scale);
    }
    case Type.Date:
      return (column, value) => addDate(column, dayText(Math.floor((value as number) / 86_400_000)), value);
    case Type.Timestamp: {
      const isUtc = type.timezone !== null && type.timezone !== undefined && type.timezone !== "";
      return (column, value) => addDate(column, momentText(value as number, isUtc), value);
    }
    case Type.Time: {
      const perSecond = [1, 1e3, 1e6, 1e9][type.unit];
      return (column, value) => addDate(column, clockText(Number(value) / perSecond), value);
    }
    case Type.Dictionary:
      return adderOf(type.dictionary, source);
    default:
      return undefined;
  }
}

function nameOf(type: DataType): string {
  const names: Partial<Record<number, string>> = {
    [Type.List]: "lists",
    [Type.LargeList]: "lists",
    [Type.FixedSizeList]: "lists",
    [Type.ListView]: "lists",
    [Type.LargeListView]: "lists",
    [Type.Struct]: "structs",
    [Type.Map]: "maps",
    [Type.Union]: "unions",
    [Type.Interval]: "intervals",
    [Type.RunEndEncoded]: "runs of values",
  };
  return names[type.typeId] ?? `values of type ${type.typeId}`;
}

/** The messages of a file or stream, checked, their buffers unpacked and where typed arrays can lie on them. */
function messagesOf(bytes: Uint8Array, file: string): Uint8Array[] {
  const isFile = bytes[0] === 0x41;
  const reader = new ByteReader(bytes, file, 0, isFile ? endOfMessages(bytes, file) : bytes.length);
  if (isFile) reader.slice(8, "the magic number");
  const messages: Uint8Array[] = [];
  let hasSchema = false;
  let isEnded = false;
  while (reader.left >= 4) {
    const begin = reader.position;
    let length = reader.u32("the length of a message");
    if (length === 0xffffffff) length = reader.u32("the length of a message");
    if (length === 0) {
      isEnded = true;
      break;
    }
    const head = reader.slice(length, "a message").slice();
    const message = new FlatTable(head, `${file} at byte ${begin}`);
    const kind = message.byte(1, 0);
    const bodyLength = message.long(3);
    const body = reader.slice(bodyLength, "the body of a message");
    if (![SCHEMA, DICTIONARY, RECORDS].includes(kind))
      throw malformed(file, `a message of kind ${kind} at byte ${begin}`);
    if (kind === SCHEMA) {
      hasSchema = true;
      checkSchema(message.table(2), `${file} at byte ${begin}`, head.length);
    }
    if (!hasSchema) throw malformed(file, "rows stand before the schema");
    messages.push(aligned(head, kind === SCHEMA ? body : readable(message, kind, body, `${file} at byte ${begin}`)));
  }
  if (!hasSchema) throw malformed(file, "it has no schema, so it is no Arrow file");
  // A stream may end where its bytes end; a file tells where.
  if (isFile && !isEnded && reader.left > 0) throw malformed(file, `${reader.left} bytes behind its messages`);
  return messages;
}

/** Follows the fields of a schema, so that a damaged count ends here and not in billions of fields. */
function checkSchema(schema: FlatTable | undefined, name: string, bytes: number): void {
  if (!schema) throw malformed(name, "its schema is missing");
  let left = bytes / 4;
  const follow = (field: FlatTable, depth: number) => {
    if (depth > MOST_DEPTH || --left < 0) throw malformed(name, "its schema has too many fields inside each other");
    field.vector(6, 4);
    if (field.byte(2, 0) === UNION) field.table(3)?.vector(1, 4);
    for (const child of field.tables(5)) follow(child, depth + 1);
  };
  schema.vector(2, 4);
  for (const field of schema.tables(1)) follow(field, 0);
}

/** Where the messages of a file end, before its footer. */
function endOfMessages(bytes: Uint8Array, file: string): number {
  const end = bytes.length - 6;
  const isWhole = end > 14 && Array.from("ARROW1").every((letter, i) => bytes[end + i] === letter.charCodeAt(0));
  if (!isWhole) throw malformed(file, "it does not end as an Arrow file; a part of it is missing");
  const footer = new DataView(bytes.buffer, bytes.byteOffset + end - 4, 4).getInt32(0, true);
  if (!(footer > 0 && footer <= end - 12)) throw malformed(file, `its footer of ${footer} bytes does not fit into it`);
  return end - 4 - footer;
}

/** A message as flechette takes it, its body where every kind of number can lie. */
function aligned(head: Uint8Array, body: Uint8Array): Uint8Array {
  const padded = Math.ceil((head.length + 8) / 8) * 8 - 8;
  const all = new Uint8Array(8 + padded + body.length);
  const view = new DataView(all.buffer);
  view.setInt32(0, -1, true);
  view.setInt32(4, padded, true);
  all.set(head, 8);
  all.set(body, 8 + padded);
  return all;
}

/** Checks the buffers of a batch, and gives its body unpacked; its metadata then says so. */
function readable(message: FlatTable, kind: number, body: Uint8Array, name: string): Uint8Array {
  const header = message.table(2);
  const batch = kind === DICTIONARY ? header?.table(1) : header;
  if (!batch) throw malformed(name, "a batch without its header");
  const rows = batch.long(0);
  const nodes = batch.vector(1, 16);
  const buffers = batch.vector(2, 16);
  const regions: Uint8Array[] = [];
  for (let i = 0; i < buffers.count; i++) {
    const at = buffers.begin + 16 * i;
    const [offset, length] = [batch.longAt(at), batch.longAt(at + 8)];
    if (!(offset >= 0 && length >= 0 && offset + length <= body.length))
      throw malformed(name, `a buffer of bytes ${offset} to ${offset + length}, of ${body.length} that there are`);
    regions.push(body.subarray(offset, offset + length));
  }
  const compression = batch.table(3);
  let result = body;
  if (compression) {
    const isZstd = compression.byte(0, 0) === 1;
    const unpacked = regions.map((region) => unpackedBuffer(region, isZstd, name));
    result = laidOut(batch, buffers.begin, unpacked, message);
    batch.remove(3);
  }
  const most = ROWS_PER_BYTE * result.length + 64;
  for (let i = -1; i < nodes.count; i++) {
    const count = i < 0 ? rows : batch.longAt(nodes.begin + 16 * i);
    const nulls = i < 0 ? 0 : batch.longAt(nodes.begin + 16 * i + 8);
    if (!(count >= 0 && count <= most && nulls >= 0 && nulls <= count))
      throw malformed(name, `a column of ${count} values, ${nulls} of them null, in ${result.length} bytes`);
  }
  return result;
}

/** Puts unpacked buffers one behind the other, and says where in the batch's metadata. */
function laidOut(batch: FlatTable, begin: number, buffers: readonly Uint8Array[], message: FlatTable): Uint8Array {
  const starts: number[] = [];
  let length = 0;
  for (const buffer of buffers) {
    starts.push(length);
    length += Math.ceil(buffer.length / 8) * 8;
  }
  const all = new Uint8Array(length);
  buffers.forEach((buffer, i) => {
    all.set(buffer, starts[i]);
    batch.setLongAt(begin + 16 * i, starts[i]);
    batch.setLongAt(begin + 16 * i + 8, buffer.length);
  });
  message.setLongAt(message.place(3), length);
  return all;
}

/** A buffer without its compression: its length stands before it, -1 for one that is not compressed. */
function unpackedBuffer(region: Uint8Array, isZstd: boolean, name: string): Uint8Array {
  if (region.length === 0) return region;
  if (region.length < 8) throw malformed(name, `a compressed buffer of ${region.length} bytes`);
  const length = new DataView(region.buffer, region.byteOffset, 8).getBigInt64(0, true);
  const packed = region.subarray(8);
  if (length === -1n) return packed;
  if (length < 0n || length > BigInt(Math.max(INFLATED, INFLATION * packed.length)))
    throw malformed(name, `a buffer of ${packed.length} compressed bytes that is to become ${length}`);
  const size = Number(length);
  return isZstd ? zstd(packed, size, name) : lz4Frame(packed, size, name);
}
