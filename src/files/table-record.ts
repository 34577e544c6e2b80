// What a model that has learnt from a table remembers of it, when it comes back from a file: checked, since anything may
// stand there.
import { isColumn } from "../columns/columns.ts";
import { isTargetRecord } from "../columns/targets.ts";
import type { TableModel } from "../columns/known.ts";
import { PropagoError } from "../ground/errors.ts";

/** @throws PropagoError ERR_DATA for a model that has learnt from arrays, ERR_FORMAT for a record that is none. */
export function checkedRecord(value: unknown): TableModel {
  if (value === undefined) {
    const advice = "pass rows of numbers, as toArrays gives them, or fit it on a table";
    throw new PropagoError("ERR_DATA", `this model has learnt from arrays and knows no columns; ${advice}`);
  }
  const { columns, targets, record } = (value ?? {}) as Partial<TableModel>;
  const isSound =
    Array.isArray(columns) &&
    columns.every(isColumn) &&
    Array.isArray(targets) &&
    targets.every(isTargetRecord) &&
    typeof record === "object" &&
    record !== null &&
    [record.names, record.columns, record.missingValues].every(isTexts);
  if (!isSound) throw new PropagoError("ERR_FORMAT", "what the model remembers of its table is damaged");
  return { columns, targets, record };
}

function isTexts(list: unknown): boolean {
  return list === undefined || (Array.isArray(list) && list.every((item) => typeof item === "string"));
}
