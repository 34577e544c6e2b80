// A table's columns as inputs of an ONNX graph: each column comes in under its name, (rows, 1), and becomes the numbers
// that the model was trained on, as columns/columns.ts makes them of cells.
import type { CategoryColumn, Column, DateColumn, NumberColumn } from "../columns/columns.ts";
import type { DatePart } from "../columns/dates.ts";
import type { ExportedModel } from "./exported.ts";
import { DOUBLE, FLOAT, type Graph, TEXT } from "./onnx-graph.ts";

/** Adds the inputs and what they become; gives the rows (rows, inputs) in float64, and what a user has to know. */
export function writeColumns(graph: Graph, model: ExportedModel): { rows: string; notes: string[] } {
  const notes: string[] = [];
  const columns = model.columns ?? [];
  // Names of inputs come first, so that no constant takes one.
  const inputs = columns.map((column) => graph.input(column.name, typeOf(column), 1));
  const pieces = columns.flatMap((column, i) => {
    if (column.kind === "category") return writeCategories(graph, column, inputs[i], model.missing, notes);
    return writeValues(graph, column, inputs[i], notes);
  });
  const rows = pieces.length === 1 ? pieces[0] : graph.add("Concat", pieces, { axis: { whole: 1 } });
  // As the library rounds them.
  return { rows: model.isSingle ? graph.cast(graph.cast(rows, FLOAT), DOUBLE) : rows, notes };
}

/** Words are texts. Numbers are float32, or float64 where that holds too few digits. */
function typeOf(column: Column): number {
  if (column.kind === "category") return TEXT;
  return column.kind === "number" && column.offset === 0 && !column.wide ? FLOAT : DOUBLE;
}

/** One column for each category, then for others, then for missing values: 1 where the row has it. */
function writeCategories(
  graph: Graph,
  { name, categories, other, missing, fold }: CategoryColumn,
  input: string,
  words: readonly string[],
  notes: string[],
): string[] {
  const none = other ? categories.length : -1;
  const count = categories.length + (other ? 1 : 0) + (missing === "category" ? 1 : 0);
  const places = new Map<string, number>();
  for (const [i, category] of categories.entries()) {
    for (const text of fold ? spellings(category) : [category]) if (!places.has(text)) places.set(text, i);
  }
  for (const word of words) {
    if (!places.has(word)) places.set(word, missing === "category" ? count - 1 : none);
  }
  if (fold) notes.push(`column "${name}": texts are known as in "true", "True" and "TRUE", not in other mixtures`);
  if (missing === "refuse") notes.push(`column "${name}": a missing text counts as none of the categories`);
  const index = graph.add("LabelEncoder", [input], {
    keys_strings: { texts: [...places.keys()] },
    values_floats: { floats: [...places.values()] },
    default_float: { float: none },
  });
  const all = graph.constant(`${name}/places`, [...Array(count).keys()], [1, count]);
  return [graph.cast(graph.add("Equal", [index, all]), DOUBLE)];
}

/** A text as it stands, in small and in capital letters, and with the first one capital. */
function spellings(text: string): string[] {
  const small = text.toLowerCase();
  return [text, small, text.toUpperCase(), small.slice(0, 1).toUpperCase() + small.slice(1)];
}

/** A number, or the days of a date, with what was subtracted in training; NaN is a missing value. */
function writeValues(graph: Graph, column: NumberColumn | DateColumn, input: string, notes: string[]): string[] {
  const { name, fill, offset = 0, indicator } = column;
  const one = (value: number) => graph.constant("number", [value], [], DOUBLE);
  const value = graph.cast(input, DOUBLE);
  const isMissing = graph.add("IsNaN", [value]);
  if (fill === undefined) notes.push(`column "${name}": where it is missing (NaN), there is no prediction but NaN`);
  const filled = fill === undefined ? value : graph.add("Where", [isMissing, one(fill), value]);
  const pieces = [offset === 0 ? filled : graph.add("Sub", [filled, one(offset)])];
  if (indicator) pieces.push(graph.cast(isMissing, DOUBLE));
  if (column.kind === "number") return pieces;
  const unit = column.form === "time" ? "hours of the day" : "days since 1970-01-01 (UTC), with their fraction";
  notes.push(`column "${name}": dates come in as numbers: ${unit}`);
  for (const { part, values } of column.parts) {
    const known = graph.constant(`${name}/${part}`, values, [1, values.length], DOUBLE);
    pieces.push(graph.cast(graph.add("Equal", [writePart(graph, value, part), known]), DOUBLE));
  }
  return pieces;
}

/** Month 1 to 12, weekday 1 (Monday) to 7 or hour 0 to 23 of days since 1970-01-01. */
function writePart(graph: Graph, days: string, part: DatePart): string {
  const one = (value: number) => graph.constant("number", [value], [], DOUBLE);
  const plus = (a: string, b: number) => graph.add("Add", [a, one(b)]);
  const minus = (a: string, b: string) => graph.add("Sub", [a, b]);
  const times = (a: string, b: number) => graph.add("Mul", [a, one(b)]);
  const quotient = (a: string, b: number) => graph.add("Floor", [graph.add("Div", [a, one(b)])]);
  const rest = (a: string, b: number) => minus(a, times(quotient(a, b), b));
  const whole = graph.add("Floor", [days]);
  if (part === "weekday") return plus(rest(plus(whole, 3), 7), 1);
  if (part === "hour") return rest(graph.add("Floor", [plus(times(minus(days, whole), 24), 1e-6)]), 24);
  // Years of 365.2425 days on average, in cycles of 400, each year from March on (the calendar of Gregory).
  const inCycle = rest(plus(whole, 719468), 146097);
  const leaps = graph.add("Add", [minus(quotient(inCycle, 36524), quotient(inCycle, 1460)), times(quotient(inCycle, 146096), -1)]); // prettier-ignore
  const year = quotient(graph.add("Add", [inCycle, leaps]), 365);
  const before = graph.add("Add", [times(year, 365), minus(quotient(year, 4), quotient(year, 100))]);
  const fromMarch = quotient(plus(times(minus(inCycle, before), 5), 2), 153);
  return plus(rest(plus(fromMarch, 2), 12), 1);
}
