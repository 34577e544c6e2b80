// A table of texts, as it stands in a file, and the different texts of its columns.

/** Whether a trimmed cell means that there is no value. */
export interface MissingTest {
  (text: string): boolean;
  /** Those of its words that are numbers, as -99. Without it nothing is known of them. */
  readonly numbers?: readonly string[];
}

/** The numbers of a column that holds nothing but plainly written numbers and missing values. */
export interface PlainNumbers {
  /** One number a row; NaN where it is missing. */
  values: Float64Array;
  /** Whether some number has a point, and whether one has a point that can only begin decimals. */
  hasDot: boolean;
  hasPoint: boolean;
}

/** A table as it stands in the file: every cell is text, every row as wide as the header. */
export interface Table {
  /** How messages call it. */
  file: string;
  delimiter: string;
  /** Names without repetition. */
  columns: readonly string[];
  /** Whether the names stand in the file. */
  hasHeader: boolean;
  /** How many rows there are. */
  rows: number;
  /** A cell's text as it stands there, spaces included. */
  cell(row: number, column: number): string;
  /** The line of the file, from 1, on which a row begins; row -1 is the header, where there is one. */
  lineOf(row: number): number;
  /** What was decided for the user while reading. */
  warnings: readonly string[];
  /** What kind of file it is, where its cells have types of their own: "a Parquet file". Texts have none. */
  format?: string;
  /** As `distinctTexts`, where the table keeps its columns so. */
  distinct?(column: number): Distinct;
  /** The numbers of a column, where the table keeps them as numbers and every other cell is missing. */
  plain?(column: number, isMissing: MissingTest): PlainNumbers | undefined;
  /** Whether nothing stands in a cell. */
  isBlank?(row: number, column: number): boolean;
}

/** The different texts of a column, and where they stand. */
export interface Distinct {
  /** Trimmed, in the order in which they come. */
  texts: readonly string[];
  /** How often each stands in the column. */
  counts: Uint32Array;
  /** The first row of each. */
  firsts: Uint32Array;
  /** For each row the place of its text in `texts`. */
  codes: Uint32Array;
}

/** Numbers of columns whose texts are kept, at most so many texts in all. */
const MOST_KEPT = 2e6;

const kept = new WeakMap<Table, { columns: Map<number, Distinct>; texts: number }>();

/** The different texts of a column. What is small beside the table is kept for the next who asks. */
export function distinctTexts(table: Table, column: number): Distinct {
  const store = kept.get(table) ?? { columns: new Map<number, Distinct>(), texts: 0 };
  kept.set(table, store);
  const known = store.columns.get(column);
  if (known) return known;
  const { rows } = table;
  const own = table.distinct?.(column);
  if (own) return own;
  const places = new Map<string, number>();
  const texts: string[] = [];
  const counts: number[] = [];
  const firsts: number[] = [];
  const codes = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    const text = table.cell(row, column).trim();
    let place = places.get(text);
    if (place === undefined) {
      place = texts.length;
      places.set(text, place);
      texts.push(text);
      counts.push(0);
      firsts.push(row);
    }
    counts[place] += 1;
    codes[row] = place;
  }
  const found = { texts, counts: Uint32Array.from(counts), firsts: Uint32Array.from(firsts), codes };
  if (store.texts + texts.length + rows / 8 <= MOST_KEPT) {
    store.texts += texts.length + rows / 8;
    store.columns.set(column, found);
  }
  return found;
}

/** Numbers that a column's texts were read as, a text a number. */
const numbersOf = new WeakMap<Table, Map<number, { codes: Uint32Array; values: Float64Array }>>();

/** Keeps what a column's texts were read as, so that they need not be read again; NaN stands for a missing value. */
export function keepNumbers(table: Table, column: number, codes: Uint32Array, values: Float64Array): void {
  const known = numbersOf.get(table) ?? new Map<number, { codes: Uint32Array; values: Float64Array }>();
  numbersOf.set(table, known);
  known.set(column, { codes, values });
  // The texts themselves are hardly asked for again.
  const store = kept.get(table);
  if (store?.columns.delete(column)) store.texts -= values.length + table.rows / 8;
}

/** What `keepNumbers` has kept. */
export function keptNumbers(table: Table, column: number): { codes: Uint32Array; values: Float64Array } | undefined {
  return numbersOf.get(table)?.get(column);
}

/** Rows in which no cell holds anything. */
export function emptyRows(table: Table): number[] {
  const empty: number[] = [];
  for (let row = 0; row < table.rows; row++) {
    let column = 0;
    while (column < table.columns.length && isBlank(table, row, column)) column++;
    if (column === table.columns.length) empty.push(row);
  }
  return empty;
}

function isBlank(table: Table, row: number, column: number): boolean {
  return table.isBlank ? table.isBlank(row, column) : table.cell(row, column).trim() === "";
}
