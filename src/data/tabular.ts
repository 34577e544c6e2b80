// Tables that an estimator can learn from. They and their rules are in propago/files, which not every page loads; here is only
// the place where the two meet.
import type { Matrix } from "./data.ts";

/** What a table of propago/files does for an estimator. */
export interface Tabular {
  /** Rows and targets to learn from, the options of `fit` without those of the table, and what reads other tables. */
  samples(
    options: unknown,
    kind: string,
  ): { x: Matrix; y: ArrayLike<never>; options: Record<string, unknown>; record: unknown };
  /** All rows as the model's inputs. */
  inputs(record: unknown): Matrix;
  /** Rows whose targets are known, and these. */
  known(record: unknown): { x: Matrix; y: ArrayLike<never> };
}

/** The tables that there are. */
export const TABLES = new WeakMap<object, Tabular>();

declare const TABLE: unique symbol;

/** A table that `readTable` of propago/files gave. */
export interface TableLike {
  /** @internal */
  readonly [TABLE]?: never;
  /** How many rows it has. */
  readonly rows: number;
  /** The names of its columns. */
  readonly names: readonly string[];
}

/** What `fit` takes beside a table. */
export interface TableTarget {
  /** The column to predict, by name or number from 1. */
  target: string;
  /** Columns to leave out: names, numbers from 1, or patterns such as x*. */
  ignore?: readonly string[];
  /** Columns that hold words, even if these are digits. */
  text?: readonly string[];
  /** Columns that hold numbers. */
  number?: readonly string[];
  /** What missing values become. Default: "auto". */
  missing?: "auto" | "error" | "drop" | "mean" | "median" | "category";
  /** Further words for a missing value. */
  missingValues?: readonly string[];
  /** Most categories of a column; rarer ones are gathered. Default: 100. */
  maxCategories?: number;
  /** What comes first in dates such as 3/4/2024. */
  dateOrder?: "dmy" | "mdy";
  /** The decimal sign of its texts. Default: found out. */
  decimal?: "." | ",";
}
