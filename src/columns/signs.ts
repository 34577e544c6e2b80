// Finds the decimal sign of a table for a model, if it differs from the training table's: a German spreadsheet writes 5,1
// for 5.1. The other sign is taken only if cells can mean nothing else.
import { valueOf, type Column, type NumberColumn } from "./columns.ts";
import { studyNumbers } from "./numbers.ts";
import { listShown } from "./problems.ts";
import type { TargetRecord } from "./targets.ts";
import { distinctTexts, type MissingTest, type Table } from "../data/table.ts";

/** A decimal sign that reads what the model's own does not. */
export interface OtherSign {
  decimal: "." | ",";
  /** What the user should know of it. */
  warning: string;
}

interface Cells {
  column: Pick<NumberColumn, "name" | "format"> & { kind: "number" };
  texts: string[];
  counts: number[];
}

/** Finds the other sign: cells of number columns cannot be read as in training, and all can be read with it. */
export function otherSign(
  table: Table,
  columns: readonly (Column | TargetRecord)[],
  isMissing: MissingTest,
): OtherSign | undefined {
  const places = new Map(table.columns.map((name, i) => [name, i]));
  const numbers = columns.flatMap((column) => {
    const place = places.get(column.name);
    return column.kind === "number" && place !== undefined ? [{ column, place }] : [];
  });
  // Numbers that the table keeps as numbers were read without a doubt.
  const isRead = ({ column, place }: (typeof numbers)[number]) => {
    return column.format === undefined && table.plain?.(place, isMissing) !== undefined;
  };
  const unread = numbers.filter((one) => !isRead(one)).map(({ column, place }) => cellsOf(table, place, column, isMissing)); // prettier-ignore
  if (table.format !== undefined || !unread.some((one) => faultsIn(one) > 0)) return undefined;
  const cells = numbers.map(({ column, place }) => cellsOf(table, place, column, isMissing));
  const signs = new Set(cells.flatMap(({ texts, counts }) => studyNumbers(texts, counts).evidence ?? []));
  if (signs.size !== 1) return undefined;
  const [decimal] = signs;
  const before = cells.map((one) => faultsIn(one));
  const after = cells.map((one) => faultsIn(one, decimal));
  if (after.some((faults, i) => faults > before[i])) return undefined;
  const mended = cells.filter((_, i) => after[i] < before[i]).map(({ column }) => column.name);
  if (mended.length === 0) return undefined;
  const [sign, other] = decimal === "," ? ["comma", "."] : ["point", ","];
  const how = `numbers read with a decimal ${sign}, as with --decimal ${decimal}`;
  return { decimal, warning: `${table.file}: ${how}: ${listShown(mended)}; --decimal ${other} says otherwise` };
}

function cellsOf(table: Table, place: number, column: Cells["column"], isMissing: MissingTest): Cells {
  const { texts, counts } = distinctTexts(table, place);
  const present = texts.map((_, i) => i).filter((i) => !isMissing(texts[i]));
  return { column, texts: present.map((i) => texts[i]), counts: present.map((i) => counts[i]) };
}

/** How many cells are no numbers. */
function faultsIn({ column, texts, counts }: Cells, decimal?: "." | ","): number {
  return texts.reduce((sum, text, i) => sum + (valueOf(column, text, decimal) === undefined ? counts[i] : 0), 0);
}
