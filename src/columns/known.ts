// Reads tables for a model that exists: finds its columns by their names, and reads them as training did.
import { encodeRows, type Column, type Encoded } from "./columns.ts";
import { missingTest } from "./missing.ts";
import { count, list } from "./problems.ts";
import { splitItems } from "./selection.ts";
import { otherSign } from "./signs.ts";
import type { ReadingFlags, TableRecord } from "./study.ts";
import { readKnownTargets, type TargetRecord, type Targets } from "./targets.ts";
import type { DType } from "../ground/arrays.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { emptyRows, type MissingTest, type Table } from "../data/table.ts";

/** The parts of a model by which its tables are read. */
export interface TableModel {
  columns: readonly Column[];
  targets: readonly TargetRecord[];
  record: TableRecord;
}

/** A table for a model that exists. It has all rows, in their order. */
export interface ModelTable {
  table: Table;
  encoded: Encoded;
  warnings: string[];
  /** Its decimal sign, if it differs from the training table's. */
  decimal?: "." | ",";
}

/** How a table is read for a model. */
export interface KnownOptions extends ReadingFlags {
  /** What becomes of categories that training has not seen. */
  unknown?: "other" | "ignore" | "error";
  dtype?: DType;
  /** Whether columns that the model does not use are wanted too. No warning names them then. */
  isKept?: boolean;
  /** Advice that is added to the message about absent columns. */
  byPlace?: (table: Table) => string;
}

/** The header that a table for a model has: none, if the training table had none, unless the options say otherwise. */
export function headerFor(model: TableModel, { header }: ReadingFlags): boolean | undefined {
  return header ?? (model.record.names ? false : undefined);
}

/** The names of the model's columns and targets. A first line that contains one of them is a header. */
export function namesOf({ columns, targets }: Pick<TableModel, "columns" | "targets">): string[] {
  return [...columns, ...targets].map(({ name }) => name);
}

/**
 * Turns a table into the model's inputs, all rows of it.
 * @throws PropagoError if it lacks columns, or has no row that can be predicted.
 */
export function encodeKnown(parsed: Table, model: TableModel, flags: KnownOptions): ModelTable {
  const table = byPosition(parsed, model, flags.header === false);
  const { unknown, dtype, isKept, byPlace: advice } = flags;
  const isMissing = missingOf(model, flags);
  const { columns = [], names: unnamed = [] } = model.record;
  const expected = isKept ? table.columns : [...namesOf(model), ...columns, ...unnamed];
  const byPlace = advice?.(table);
  const encode = (decimal = flags.decimal) => encodeRows(table, model.columns, { isMissing, expected, unknown, dtype, decimal, byPlace }); // prettier-ignore
  let encoded = encode();
  const mayDiffer = encoded.isUnusable.includes(1) || otherSign(table, model.targets, isMissing) !== undefined;
  const other =
    mayDiffer && flags.decimal === undefined
      ? otherSign(table, [...model.columns, ...model.targets], isMissing)
      : undefined;
  if (other) encoded = encode(other.decimal);
  const positions = table === parsed || model.record.names ? [] : [positionsTold(table)];
  const warnings = [...table.warnings, ...positions, ...(other ? [other.warning] : []), ...encoded.warnings];
  if (encoded.isUnusable.every((isUnusable) => isUnusable === 1)) {
    const causes = [...(other ? [other.warning] : []), ...encoded.warnings]
      .map((line) => line.replace(`${table.file}: `, "  "))
      .join("\n");
    throw new PropagoError("ERR_DATA", `${table.file}: no row can be predicted:\n${causes}`);
  }
  return { table, encoded, warnings, decimal: flags.decimal ?? other?.decimal };
}

function missingOf({ record }: TableModel, { missingValues = [] }: ReadingFlags): MissingTest {
  return missingTest([...(record.missingValues ?? []), ...missingValues.flatMap(splitItems)]);
}

/**
 * Gives a table without a header line the names of the training table, by their places: all names, all but the targets,
 * or those that the model uses. If the training table had a header line, this needs `--no-header`.
 */
function byPosition(table: Table, { record, targets, columns: used }: TableModel, isSaid: boolean): Table {
  const names = record.names ?? (isSaid ? record.columns : undefined);
  if (!names || table.hasHeader) return table;
  const inputs = used.map(({ name }) => name);
  const first = new Set(table.columns.map((_, place) => table.cell(0, place).trim()));
  if (!record.names && inputs.every((name) => first.has(name))) {
    const what = `${table.file}:${table.lineOf(0)} names the model's columns`;
    throw new PropagoError("ERR_DATA", `${what}; leave out --no-header`);
  }
  const isTarget = new Set(targets.map(({ name }) => name));
  const others = names.filter((name) => !isTarget.has(name));
  const width = table.columns.length;
  const columns = [names, others, inputs].find(({ length }) => length === width);
  if (columns) return { ...table, columns };
  const expected = `${names.length}, or ${others.length} without the target`;
  const how = record.names ? "without a header line on" : "on";
  const advice = record.names ? "" : "; give it a header line";
  throw new PropagoError(
    "ERR_DATA",
    `${table.file} has ${count(width, "column")}; the model was trained ${how} ${expected}${advice}`,
  );
}

function positionsTold({ file, columns }: Table): string {
  return `${file}: columns taken by their places: ${list(columns.map((name, i) => `${i + 1} ${show(name)}`))}`;
}

/** Rows with known targets, on which a model is measured. */
export interface JudgingTable {
  file: string;
  /** Which rows of the table these are. */
  rows: Uint32Array;
  x: { data: Encoded["data"]; shape: [number, number] };
  /** The line of the file on which a row begins. */
  lineOf: (row: number) => number;
  targets: Targets;
  warnings: string[];
}

/**
 * Reads the known targets of a table for a model. Rows without a target, and rows that the model cannot predict, are left
 * out and counted.
 * @throws PropagoError if a target is not there, or no row is left.
 */
export function judgingTable(
  { table, encoded, warnings, decimal }: ModelTable,
  model: TableModel,
  flags: ReadingFlags,
): JudgingTable {
  const except = encoded.isUnusable.slice();
  for (const row of emptyRows(table)) except[row] = 1;
  const unusable = except.reduce((sum, value) => sum + value, 0);
  const rules = { isMissing: missingOf(model, flags), decimal };
  const inputs = new Set(model.columns.map(({ name }) => name));
  const { rows, targets, warnings: told } = readKnownTargets(table, model.targets, rules, except, inputs);
  warnings.push(...told);
  const lacking = table.rows - unusable - rows.length;
  if (lacking > 0) warnings.push(`${table.file}: ${count(lacking, "row")} without a target left out`);
  if (unusable > 0) warnings.push(`${table.file}: ${count(unusable, "row")} that the model cannot predict left out`);
  return {
    file: table.file,
    rows,
    x: chosenRows(encoded, rows),
    lineOf: (row) => table.lineOf(rows[row]),
    targets,
    warnings,
  };
}

/** Moves some rows of an encoded table to its beginning, and gives these. */
function chosenRows({ data, columns }: Encoded, rows: Uint32Array): JudgingTable["x"] {
  rows.forEach((row, i) => {
    if (row !== i) data.copyWithin(i * columns, row * columns, (row + 1) * columns);
  });
  return { data: data.subarray(0, rows.length * columns), shape: [rows.length, columns] };
}
