// Errors of the library speak of "x[row 5, column 3]"; people know the lines of their file and the names of its columns.
import { inputNames, type Column } from "../columns/columns.ts";
import { PropagoError, show } from "../ground/errors.ts";

/** What the numbers of an error stand for. */
export interface Origin {
  /** How messages call the table. */
  file: string;
  columns: readonly Column[];
  /** The name of the target. */
  target?: string;
  /** The line of the file that a row was made from, where rows are the table's. */
  lineOf?: (row: number) => number;
}

/** Does some work; errors that it throws name the table's columns and lines. */
export function withNames<R>(work: () => R, origin: Origin): R {
  try {
    return work();
  } catch (error) {
    throw named(error, origin);
  }
}

/** An error with the table's names instead of numbers. What speaks of no column stays as it is. */
export function named(error: unknown, { file, columns, target, lineOf }: Origin): unknown {
  if (!(error instanceof PropagoError)) return error;
  const inputs = inputNames(columns);
  const input = (column: number): string => (column in inputs ? `column ${show(inputs[column])}` : `input ${column}`);
  const output = target === undefined ? "the target" : `target ${show(target)}`;
  const at = (row: string): string => (lineOf ? `${file}:${lineOf(Number(row))}` : file);
  const cell = (_: string, matrix: string, row: string, column?: string): string => {
    if (matrix === "y") return `${at(row)}, ${output}`;
    return `${at(row)}, ${input(Number(column ?? 0))}`;
  };
  const message = error.message
    .replace('use dtype: "float64"', "train with --dtype float64")
    // Figures are measured in the targets' unit, by rows that are not always those of the table.
    .replace(
      /\b(predictions|targets)\[[^\]]*\]/g,
      (_, kind: string) => `${file}, ${kind === "targets" ? "a difference of" : "a prediction of"} ${output}`,
    ) // prettier-ignore
    .replace(/\b(?:validation\.)?([xy])\[(?:row )?(\d+)(?:, (?:column )?(\d+))?\]/g, cell)
    .replace(/\b([xy]), column (\d+)/g, (_, matrix: string, column: string) => {
      return `${file}, ${matrix === "y" ? output : input(Number(column))}`;
    });
  return message === error.message ? error : new PropagoError(error.code, message, { cause: error });
}
