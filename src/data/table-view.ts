// Some rows or columns of a table as a table of their own. Nothing is copied but numbers, once they are asked for.
import { distinctTexts, type Distinct, type MissingTest, type PlainNumbers, type Table } from "./table.ts";

/** Some rows of a table, in the order in which they are named. */
export function rowsOf(table: Table, rows: Uint32Array): Table {
  const plain = new Map<number, { source: Float64Array; numbers: PlainNumbers }>();
  return {
    ...table,
    rows: rows.length,
    cell: (row, column) => table.cell(rows[row], column),
    lineOf: (row) => table.lineOf(row < 0 ? row : rows[row]),
    distinct: (column) => some(distinctTexts(table, column), rows),
    plain: table.plain && ((column, isMissing) => somePlain(table, column, isMissing, rows, plain)),
    isBlank: (row, column) => (table.isBlank ? table.isBlank(rows[row], column) : table.cell(rows[row], column).trim() === ""), // prettier-ignore
  };
}

/** Some columns of a table, in the order in which they are named. */
export function columnsOf(table: Table, places: readonly number[]): Table {
  return {
    ...table,
    columns: places.map((place) => table.columns[place]),
    cell: (row, column) => table.cell(row, places[column]),
    distinct: (column) => distinctTexts(table, places[column]),
    plain: table.plain && ((column, isMissing) => table.plain?.(places[column], isMissing)),
    isBlank: (row, column) => (table.isBlank ? table.isBlank(row, places[column]) : table.cell(row, places[column]).trim() === ""), // prettier-ignore
  };
}

/** The different texts of some rows, in the order in which these have them. */
function some({ texts, codes }: Distinct, rows: Uint32Array): Distinct {
  const places = new Map<number, number>();
  const [counts, firsts]: number[][] = [[], []];
  const own = Uint32Array.from(rows, (from, row) => {
    let place = places.get(codes[from]);
    if (place === undefined) {
      place = places.size;
      places.set(codes[from], place);
      counts.push(0);
      firsts.push(row);
    }
    counts[place] += 1;
    return place;
  });
  const used = Array.from(places.keys(), (code) => texts[code]);
  return { texts: used, counts: Uint32Array.from(counts), firsts: Uint32Array.from(firsts), codes: own };
}

function somePlain(
  table: Table,
  column: number,
  isMissing: MissingTest,
  rows: Uint32Array,
  known: Map<number, { source: Float64Array; numbers: PlainNumbers }>,
): PlainNumbers | undefined {
  const all = table.plain?.(column, isMissing);
  if (!all) return undefined;
  const { values: source } = all;
  const kept = known.get(column);
  if (kept?.source === source) return kept.numbers;
  const numbers = { ...all, values: Float64Array.from(rows, (row) => source[row]) };
  // A column without any number is no column of numbers.
  if (numbers.values.every(Number.isNaN)) return undefined;
  known.set(column, { source, numbers });
  return numbers;
}
