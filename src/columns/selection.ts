// Columns as users name them on a command line: by name, by number from 1, or by a pattern with *.
import { didYouMean, PropagoError, show } from "../ground/errors.ts";
import { listShown } from "./problems.ts";
import type { Table } from "../data/table.ts";

/**
 * The place of a column given by name or by number from 1.
 * @throws PropagoError ERR_USAGE where there is none.
 */
export function findColumn(table: Table, wanted: string): number {
  const named = placeOf(table, wanted);
  if (named !== undefined) return named;
  const count = table.columns.length;
  if (/^\d+$/.test(wanted)) {
    throw new PropagoError("ERR_USAGE", `${table.file} has no column ${wanted}; its columns are 1 to ${count}`);
  }
  const known = `${didYouMean(wanted, table.columns)}; its columns are ${listShown(table.columns)}`;
  throw new PropagoError("ERR_USAGE", `${table.file} has no column ${show(wanted)}${known}`);
}

/**
 * The places of columns given in options: each a column's name, its number, a pattern such as x*, or several of these
 * with commas between them. A name that holds a comma or a star is that column.
 * @throws PropagoError ERR_USAGE for what names no column.
 */
export function findColumns(table: Table, wanted: readonly string[]): number[] {
  const places = new Set<number>();
  for (const text of wanted) {
    const whole = placeOf(table, text.trim());
    const items = whole === undefined ? splitItems(text) : [];
    if (whole !== undefined) places.add(whole);
    for (const item of items) {
      if (item.includes("*") && placeOf(table, item) === undefined) {
        for (const place of matching(table, item)) places.add(place);
      } else {
        places.add(findColumn(table, item));
      }
    }
  }
  return [...places];
}

/** The items of a list with commas; one in double quotes may hold commas itself. */
export function splitItems(text: string): string[] {
  const items = text.match(/\s*"(?:[^"]|"")*"\s*(?=,|$)|[^,]+/g) ?? [];
  return items.map((item) => {
    const trimmed = item.trim();
    return trimmed.length > 1 && /^".*"$/s.test(trimmed) ? trimmed.slice(1, -1).replaceAll('""', '"') : trimmed;
  });
}

const indices = new WeakMap<Table, Map<string, number>>();

function placeOf(table: Table, wanted: string): number | undefined {
  const index = indices.get(table) ?? new Map(table.columns.map((name, i) => [name, i]));
  indices.set(table, index);
  const named = index.get(wanted);
  if (named !== undefined) return named;
  const number = /^\d+$/.test(wanted) ? Number(wanted) : 0;
  return number >= 1 && number <= table.columns.length ? number - 1 : undefined;
}

function matching(table: Table, pattern: string): number[] {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join(".*")}$`, "su");
  const found = table.columns.flatMap((name, i) => (expression.test(name) ? [i] : []));
  if (found.length > 0) return found;
  throw new PropagoError("ERR_USAGE", `${table.file} has no column that ${show(pattern)} fits`);
}
