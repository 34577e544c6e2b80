// How much samples count, as users pass it.
import { isArray } from "../ground/options.ts";
import { PropagoError, show } from "../ground/errors.ts";
import { readTyped } from "./matrix.ts";

/** One number a row, none below 0. */
export function readSampleWeights(value: unknown, name: string, rows: number): Float64Array {
  const values: ArrayLike<unknown> | undefined = readTyped(value, name) ?? (isArray(value) ? value : undefined);
  if (values === undefined) {
    throw new PropagoError("ERR_DATA", `${name} is ${show(value)}; pass an array with one number for each row`);
  }
  if (values.length !== rows) {
    throw new PropagoError("ERR_SHAPE", `${name} has ${values.length} values, expected one for each of ${rows} rows`);
  }
  return Float64Array.from({ length: rows }, (_, row) => {
    const weight: unknown = values[row];
    if (typeof weight === "number" && weight >= 0 && weight < Infinity) return weight;
    const isNumber = typeof weight === "number" && !(weight < 0);
    throw new PropagoError(
      isNumber ? "ERR_NONFINITE" : "ERR_DATA",
      `${name}[row ${row}] is ${show(weight)}; expected a finite number >= 0`,
    );
  });
}
