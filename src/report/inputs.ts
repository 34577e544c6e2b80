// The columns of the data as a report shows them. One column of a table may be several inputs of the model: a category has
// one for each word. What is said of a column holds for all its inputs together.
import type { Column } from "../columns/columns.ts";
import { PART_NAMES } from "../columns/dates.ts";
import { figure } from "./words.ts";

/** A column of the data and the inputs that it becomes. */
export interface Input {
  name: string;
  kind: "number" | "category" | "date";
  /** Its first input, and how many it has. */
  first: number;
  width: number;
  /** The number by which its values are ordered; NaN where a value is missing, or is a word. */
  number: (values: ArrayLike<number>) => number;
  /** A value in words, from the inputs of the column alone. */
  word: (values: ArrayLike<number>) => string;
  /** What is more to say of it, as the words that it knows. */
  more: string;
}

/** Columns of plain numbers, with these names or none. */
export function plainInputs(columns: number, names: readonly string[] = []): Input[] {
  return Array.from({ length: columns }, (_, first) => ({
    name: names[first] ?? `column ${first}`,
    kind: "number" as const,
    first,
    width: 1,
    number: (values: ArrayLike<number>) => values[0],
    word: (values: ArrayLike<number>) => figure(values[0], 6),
    more: "",
  }));
}

/** The columns of a table as a model remembers them. */
export function tableInputs(columns: readonly Column[]): Input[] {
  let first = 0;
  return columns.map((column) => {
    const input = { ...inputOf(column), name: column.name, first };
    first += input.width;
    return input;
  });
}

function inputOf(column: Column): Omit<Input, "name" | "first"> {
  if (column.kind === "category") return categoryInput(column);
  const shift = column.offset ?? 0;
  const isMissing = (values: ArrayLike<number>): boolean => column.indicator === true && values[1] === 1;
  const number = (values: ArrayLike<number>): number => (isMissing(values) ? NaN : values[0] + shift);
  const base = column.indicator ? 2 : 1;
  const fill = column.fill === undefined ? "" : "missing values are filled in";
  if (column.kind === "number") {
    const more = [fill, column.format?.affix === undefined ? "" : `in ${column.format.affix}`].filter((text) => text !== ""); // prettier-ignore
    const word = (values: ArrayLike<number>) => (isMissing(values) ? "missing" : figure(number(values), 6));
    return { kind: "number", width: base, number, word, more: more.join(", ") };
  }
  const width = base + column.parts.reduce((sum, { values }) => sum + values.length, 0);
  const parts = column.parts.map(({ part }) => PART_NAMES[part]);
  return {
    kind: "date",
    width,
    number,
    word: (values) => (isMissing(values) ? "missing" : dateWord(number(values), column.form === "time")),
    more: [column.form === "time" ? "time of day" : "date", ...parts, fill].filter((text) => text !== "").join(", "),
  };
}

/** A day since 1970-01-01 as an ISO date, with its time where it has one; or hours as a time of day. */
export function dateWord(value: number, isTime: boolean): string {
  const minutes = Math.round(value * (isTime ? 60 : 1440));
  const date = new Date(minutes * 60_000);
  if (Number.isNaN(date.getTime())) return figure(value);
  const text = date.toISOString();
  if (isTime) return text.slice(11, 16);
  return minutes % 1440 === 0 ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ");
}

function categoryInput(column: Extract<Column, { kind: "category" }>): Omit<Input, "name" | "first"> {
  const { categories } = column;
  const words = [...categories];
  if (column.other) words.push("(other)");
  if (column.missing === "category") words.push("(missing)");
  return {
    kind: "category",
    width: words.length,
    number: () => NaN,
    word(values) {
      for (let i = 0; i < words.length; i++) if (values[i] === 1) return words[i];
      return "(none)";
    },
    more: words.slice(0, 12).join(", ") + (words.length > 12 ? `, … (${words.length})` : ""),
  };
}

/** The part of a row that belongs to a column. */
export function valuesOf(data: ArrayLike<number>, row: number, columns: number, { first, width }: Input): number[] {
  return Array.from({ length: width }, (_, i) => data[row * columns + first + i]);
}
