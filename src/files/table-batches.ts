// A table in batches for `network.fit`, for files that are larger than memory. The file is read once to learn what its columns
// hold, from rows that are drawn evenly over it, and once more in each epoch. Of its text no more than a piece is held.
import { encodeRows, inputsOf } from "../columns/columns.ts";
import { judgingTable } from "../columns/known.ts";
import { findColumns } from "../columns/selection.ts";
import { lot } from "../data/split.ts";
import { GrowingColumn, storedTable, type TableFacts } from "../data/store.ts";
import type { Label } from "../data/labels.ts";
import type { Table } from "../data/table.ts";
import { PropagoError } from "../ground/errors.ts";
import { readNumber, readObject } from "../ground/options.ts";
import { scannerOf, type BegunScan } from "./csv.ts";
import { piecesOf, unpackedPieces, type Pieces, type TableSource } from "./pieces.ts";
import { answersOf, scaled, toArrays, type TableArrays, type TableReader } from "./table-arrays.ts";
import { formatOf, openTable, textOptions } from "./table-files.ts";
import { checkedReading, DataTable, LEARNING, openingOf, quoted, READING, type LearningOptions, type ReadTableOptions } from "./tables.ts"; // prettier-ignore

/** Some rows: inputs, and what is to be predicted of them. */
export interface TableBatch {
  x: TableArrays["x"];
  y: NonNullable<TableArrays["y"]>;
}

/** A table that is read anew for each epoch: each `for await` begins at its first row. */
export interface TableBatches extends AsyncIterable<TableBatch> {
  /** How many inputs a row has, and their names. */
  inputs: number;
  names: string[];
  /** The classes by their numbers; undefined for numbers. */
  classes?: readonly Label[];
  /** How many rows the file has. */
  rows: number;
  /** Reads other tables in the same way: `toArrays(other, { like: batches.reader })`. */
  reader: TableReader;
  /** What was decided about columns and rows. */
  warnings: readonly string[];
}

export interface TableBatchesOptions extends ReadTableOptions, LearningOptions {
  /** So many rows a batch at most; `fit` makes batches of its own size of them. Default: 4,096. */
  batchSize?: number;
  /** So many rows say what the columns hold. Default: 20,000. */
  sampleRows?: number;
  /** Decides which rows these are. Default: 0. */
  seed?: number;
  /** The kind of numbers of x. Default: "float32". */
  dtype?: "float32" | "float64";
  /** Whether numbers are brought to mean 0 and standard deviation 1. Default: true. */
  scale?: boolean;
}

/** With more different words than this in the target, not every one is looked for. */
const MOST_CLASSES = 1000;
const HEAD = 1 << 20;

/**
 * Opens a table to train on in batches, whatever its size.
 *
 * ```ts
 * const batches = await tableBatches("large.csv", { target: "price" });
 * const network = new Network({ inputs: batches.inputs, layers: [dense(32, "relu"), dense(1)] });
 * await network.fit(batches, { epochs: 3 });
 * ```
 *
 * CSV is read piece by piece. Files of other formats are read into columns first.
 * @param source as for `readTable`, but for streams, which cannot be read twice.
 * @throws PropagoError as `readTable` and `toArrays`.
 */
export async function tableBatches(source: TableSource, options: TableBatchesOptions): Promise<TableBatches> {
  const keys = [...READING, ...LEARNING, "batchSize", "sampleRows", "seed", "dtype", "scale"];
  const given = readObject(options, "tableBatches options", keys) as TableBatchesOptions;
  const batchSize = readNumber(given.batchSize ?? 4096, "batchSize", { whole: true, least: 1 });
  const sampleRows = readNumber(given.sampleRows ?? 20_000, "sampleRows", { whole: true, least: 10 });
  const seed = readNumber(given.seed ?? 0, "seed", { whole: true });
  const { dtype = "float32", scale = true } = given;
  const reading = checkedReading(given);
  const pieces = piecesOf(source, given.name);
  if (!pieces.isRepeatable)
    throw new PropagoError(
      "ERR_DATA",
      `${pieces.name} can be read once only, but each epoch reads it anew; pass a path or a Blob`,
    );
  const file: Source = { pieces, reading, batchSize };
  const own = Object.fromEntries(LEARNING.flatMap((key) => (given[key] === undefined ? [] : [[key, given[key]]])));
  const learn = (table: Table) => toArrays(new DataTable(table, { ...reading, ignore: table.format ? undefined : reading.ignore }), { ...own, dtype, scale }); // prettier-ignore
  const drawn = await drawnRows(file, given, sampleRows, seed);
  if (!drawn) return inMemory(await openTable(pieces, openingOf(reading)), learn, batchSize);
  const { reader, names, classes, warnings } = learn(drawn.table);
  return {
    inputs: inputsOf(reader.columns),
    names,
    classes,
    rows: drawn.rows,
    reader,
    warnings,
    [Symbol.asyncIterator]: () => epoch(file, reader, dtype),
  };
}

/** A file of text that is read piece by piece. */
interface Source {
  pieces: Pieces;
  reading: ReadTableOptions;
  batchSize: number;
}

/** Batches of a table that is in memory. */
function inMemory(table: Table, learn: (table: Table) => TableArrays, batchSize: number): TableBatches {
  const { x, y, reader, names, classes, warnings } = learn(table);
  const [rows, width] = x.shape;
  async function* batches(): AsyncGenerator<TableBatch> {
    await Promise.resolve();
    for (let begin = 0; begin < rows; begin += batchSize) {
      const end = Math.min(begin + batchSize, rows);
      const own = x.data.subarray(begin * width, end * width);
      yield { x: { data: own, shape: [end - begin, width] }, y: partOf(y, begin, end) };
    }
  }
  return { inputs: width, names, classes, rows, reader, warnings, [Symbol.asyncIterator]: batches };
}

function partOf(y: TableArrays["y"], begin: number, end: number): TableBatch["y"] {
  if (y === undefined) throw new PropagoError("ERR_DATA", "the table has no target");
  if (ArrayBuffer.isView(y)) return y.subarray(begin, end);
  const [, width] = y.shape;
  return { data: y.data.subarray(begin * width, end * width), shape: [end - begin, width] };
}

/** Begins to read a file of text; undefined where it must be read as a whole. */
async function begun({
  pieces,
  reading,
}: Source): Promise<{ scan: BegunScan; rest: AsyncGenerator<Uint8Array> } | undefined> {
  // prettier-ignore
  const { name } = pieces;
  const rest = unpackedPieces(pieces.read(), name);
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < HEAD) {
    const next = await rest.next();
    if (next.done === true) break;
    parts.push(next.value);
    length += next.value.length;
  }
  const head = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    head.set(part, at);
    at += part.length;
  }
  const isText = (reading.format ?? formatOf(head, name)) === "csv";
  const scan = isText && length >= HEAD ? scannerOf(head, name, textOptions(openingOf(reading), name)) : undefined;
  if (scan) return { scan, rest };
  await rest.return(undefined);
  return undefined;
}

/** The table of the rows that a scanner holds. They are forgotten when it reads on. */
function held({ scanner, frame }: BegunScan, file: string, columns: readonly GrowingColumn[] = scanner.columns): Table {
  const { records, columns: names, hasHeader, warnings } = frame;
  const facts: TableFacts = { file, delimiter: records.delimiter, columns: names, hasHeader, lineOf: (row) => scanner.lineOf(row), warnings }; // prettier-ignore
  return storedTable(facts, columns, columns[0].length);
}

/** Calls `use` for each piece's rows. */
async function eachPiece(
  { scan, rest }: { scan: BegunScan; rest: AsyncGenerator<Uint8Array> },
  file: string,
  use: () => void,
) {
  const { scanner, head, at } = scan;
  try {
    let piece: Uint8Array | undefined = head.subarray(at);
    for (let isLast = false; !isLast;) {
      isLast = piece === undefined;
      scanner.add(piece ?? new Uint8Array(0), isLast);
      if (scanner.stop) throw new PropagoError("ERR_CSV", `${file}:${scanner.stop.line} ${scanner.stop.problem}`);
      if (scanner.rows > 0) use();
      scanner.clear();
      if (isLast) break;
      const next = await rest.next();
      piece = next.done === true ? undefined : next.value;
    }
  } finally {
    await rest.return(undefined);
  }
}

/** Rows that are drawn evenly over the file, and one of each class; how many rows there are. */
async function drawnRows(file: Source, options: TableBatchesOptions, most: number, seed: number) {
  const opened = await begun(file);
  if (!opened) return undefined;
  const { scan } = opened;
  const { name } = file.pieces;
  const width = scan.scanner.columns.length;
  let sample = new Sample(width);
  let limit = 2 ** 32;
  let rows = 0;
  const seen = new Set<string>();
  const targets = findColumns(held(scan, name), [options.target ?? []].flat().map(quoted));
  const target = targets.length === 1 ? targets[0] : targets.length === 0 ? width - 1 : -1;
  await eachPiece(opened, name, () => {
    const { columns, rows: count } = scan.scanner;
    for (let row = 0; row < count; row++, rows++) {
      const draw = lot(seed, rows);
      let isNew = false;
      if (target >= 0 && seen.size < MOST_CLASSES) {
        const text = columns[target].text(row);
        isNew = !seen.has(text);
        if (isNew) seen.add(text);
      }
      if (draw >= limit && !isNew) continue;
      sample.add(columns, row, isNew ? 0 : draw, scan.scanner.lineOf(row));
      // Twice too many: those with the lower half of lots stay.
      if (sample.rows < 2 * most) continue;
      limit /= 2;
      sample = sample.below(limit);
    }
  });
  const lines = sample.lines;
  const table = { ...held(scan, name, sample.columns), lineOf: (row: number) => (row < 0 ? 1 : lines[row]) };
  return { table, rows };
}

/** Rows that were drawn, with their lots. */
class Sample {
  readonly columns: GrowingColumn[];
  readonly lines: number[] = [];
  readonly #lots: number[] = [];

  constructor(width: number) {
    this.columns = Array.from({ length: width }, () => new GrowingColumn());
  }

  get rows(): number {
    return this.lines.length;
  }

  add(from: readonly GrowingColumn[], row: number, lotOfRow: number, line: number): void {
    this.columns.forEach((column, place) => column.addFrom(from[place], row));
    this.lines.push(line);
    this.#lots.push(lotOfRow);
  }

  below(limit: number): Sample {
    const kept = new Sample(this.columns.length);
    for (let row = 0; row < this.rows; row++)
      if (this.#lots[row] < limit) kept.add(this.columns, row, this.#lots[row], this.lines[row]);
    return kept;
  }
}

/** The batches of one epoch. */
async function* epoch(file: Source, reader: TableReader, dtype: "float32" | "float64"): AsyncGenerator<TableBatch> {
  const opened = await begun(file);
  if (!opened) throw new PropagoError("ERR_IO", `${file.pieces.name} has changed since it was opened`);
  const { scan, rest } = opened;
  const { scanner, head, at } = scan;
  const { name } = file.pieces;
  try {
    let piece: Uint8Array | undefined = head.subarray(at, at + HEAD);
    while (piece) {
      scanner.add(piece);
      yield* batchesOf(scan, file, reader, dtype);
      const next = await rest.next();
      piece = next.done === true ? undefined : next.value;
    }
    scanner.add(new Uint8Array(0), true);
    yield* batchesOf(scan, file, reader, dtype);
  } finally {
    await rest.return(undefined);
  }

  function* batchesOf(begunScan: BegunScan, { reading, batchSize }: Source, own: TableReader, kind: typeof dtype) {
    if (scanner.stop) throw new PropagoError("ERR_CSV", `${name}:${scanner.stop.line} ${scanner.stop.problem}`);
    if (scanner.rows === 0) return;
    const { x, y } = readRows(held(begunScan, name), reading, own, kind);
    scanner.clear();
    const [rows, width] = x.shape;
    for (let begin = 0; begin < rows; begin += batchSize) {
      const end = Math.min(begin + batchSize, rows);
      const data = x.data.subarray(begin * width, end * width);
      yield { x: { data, shape: [end - begin, width] as [number, number] }, y: partOf(y, begin, end) };
    }
  }
}

/** The rows of a piece as a network takes them. @throws PropagoError ERR_DATA for a cell that is not what its column holds. */
function readRows(table: Table, reading: ReadTableOptions, reader: TableReader, dtype: "float32" | "float64") {
  const flags = { ...reading, missingValues: reading.missingValues?.map(quoted) };
  const { isMissing } = openingOf({ missingValues: [...(reading.missingValues ?? []), ...(reader.record.missingValues ?? [])] }); // prettier-ignore
  const kind = reader.scaling ? "float64" : dtype;
  const encoded = encodeRows(table, reader.columns, { isMissing: isMissing!, expected: table.columns, dtype: kind, decimal: reading.decimal }); // prettier-ignore
  const first = encoded.isUnusable.indexOf(1);
  if (first >= 0) {
    const causes = encoded.warnings.filter((line) => /cells that are not|missing values/.test(line)).join("; ");
    throw new PropagoError("ERR_DATA", `${table.file}:${table.lineOf(first)} cannot be learnt from: ${causes}`);
  }
  const judged = judgingTable({ table, encoded, warnings: [], decimal: reading.decimal }, reader, flags);
  return { x: scaled(judged.x, reader, dtype), ...answersOf(judged.targets) };
}
