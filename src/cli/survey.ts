// propago inspect of a table: shows what each column contains and what train would make of it, in lines of 80 characters,
// and what was decided while the file was read.
import { inputsOf, valueOf, type Column as InputColumn } from "../columns/columns.ts";
import { SPACES } from "../columns/cells.ts";
import { count, TableError } from "../columns/problems.ts";
import { columnOf, readColumn, type Column, type Reading } from "../columns/readings.ts";
import type { TargetRecord } from "../columns/targets.ts";
import type { TableFile } from "./table-file.ts";
import { survey, type Survey, type TableFlags } from "../columns/study.ts";
import { openingOf, orCommand, withCommand } from "./tables.ts";
import { called, figure, fitted, jsonLine, printable, widthOf, word, wrapped } from "./text.ts";

/** Characters in a line of the output. */
const WIDTH = 80;
/** The largest number of columns that are printed without `--json`. */
const MOST_COLUMNS = 200;
/** Equal parts of a range that a histogram counts, and the signs that show it. */
const PARTS = 8;
const BARS = " ▁▂▃▄▅▆▇█";
/** How many of the most frequent values are shown. */
const MOST_VALUES = 5;

/** What is shown of a column. */
interface Facts {
  place: number;
  name: string;
  type: "number" | "date" | "time" | "words" | "empty";
  /** Cells without a value, over all rows. */
  missing: number;
  /** How many different values there are. */
  distinct: number;
  /** The range and the mean of a column of numbers. */
  min?: number;
  max?: number;
  mean?: number;
  /** How many values lie in each of equal parts of the range. */
  histogram?: number[];
  /** The earliest and the latest cell of a column of dates or times. */
  first?: string;
  last?: string;
  /** The most frequent values of a column of words. */
  values?: { value: string; count: number }[];
  /** How many cells are no number in a column of numbers, or no date in a column of dates. */
  unreadable?: number;
  taken: "input" | "target" | "weights" | "ignored" | "left out" | "refused";
  /** How many inputs of the network it becomes. */
  inputs: number;
  /** Why it is left out. */
  because?: string;
}

/** Why a column is left out, by the kind of the choice (learning.ts). */
const REASONS: Readonly<Record<string, string>> = {
  empty: "empty",
  "row numbers": "row numbers",
  ids: "names rows",
  names: "all different",
  "free text": "free text",
  many: "too many words",
};

/**
 * Prints what is in a table.
 * @throws PropagoError as `survey`, with a command that works where there is one.
 */
export function showTable(path: string, file: TableFile, flags: TableFlags, json: boolean): void {
  const command = { path, words: process.argv.slice(2) };
  const found = orCommand(() => survey(file.parse(openingOf(flags)), flags), file, flags, command);
  const roles = rolesOf(found);
  const columns = found.table.columns.map((_, place) => factsOf(found, roles[place], place));
  const { problems } = found;
  const refusal = problems.length > 0 ? withCommand(new TableError(problems, file.name), file, flags, command) : undefined; // prettier-ignore
  if (json) process.stdout.write(jsonLine(asJson(found, columns, refusal)));
  else process.stdout.write(`${linesOf(found, columns, flags, refusal).join("\n")}\n`);
}

/** What becomes of a column. An input has a record. */
type Role = Pick<Facts, "taken" | "because"> & { record?: InputColumn };

function rolesOf({ table, selection, places, columns, choices }: Survey): Role[] {
  const roles = table.columns.map((): Role => ({ taken: "ignored" }));
  const kinds = choices.kinds();
  for (const place of selection.inputs) {
    const because = (kinds.get(place) ?? []).map((kind) => REASONS[kind]).find((reason) => reason !== undefined);
    roles[place] = because === undefined ? { taken: "refused" } : { taken: "left out", because };
  }
  places.forEach((place, i) => (roles[place] = { taken: "input", record: columns[i] }));
  if (selection.weights !== undefined) roles[selection.weights] = { taken: "weights" };
  for (const place of selection.targets) roles[place] = { taken: "target" };
  return roles;
}

/** Describes one column over all rows. */
function factsOf({ table, rules, rows }: Survey, { taken, because, record }: Role, place: number): Facts {
  const column = columnOf(table, place, rules);
  // Training decides a column's type from the rows that it uses.
  const isUsed = taken !== "ignored" && taken !== "weights" && rows.length > 0;
  const read = isUsed ? columnOf(table, place, rules, rows) : column;
  const reading = readColumn(read, table.columns[place], rules, rules.forced.get(place));
  return {
    place,
    name: table.columns[place],
    type: typeOf(reading),
    missing: column.missing,
    distinct: column.present.length,
    ...contentOf(reading, column),
    taken,
    inputs: record ? inputsOf([record]) : 0,
    because,
  };
}

function typeOf(reading: Reading): Facts["type"] {
  if (reading.kind === "date") return reading.form === "time" ? "time" : "date";
  return reading.kind === "category" ? "words" : reading.kind;
}

/** A column's range, or its most frequent values. */
function contentOf(reading: Reading, { distinct, present, counts }: Column): Partial<Facts> {
  if (reading.kind === "empty") return {};
  if (reading.kind === "category") {
    const common = present.slice().sort((a, b) => counts[b] - counts[a] || a - b).slice(0, MOST_VALUES); // prettier-ignore
    return { values: common.map((i) => ({ value: distinct.texts[i], count: counts[i] })) };
  }
  const isNumber = reading.kind === "number";
  const read = isNumber ? { kind: reading.kind, format: reading.format } : { kind: reading.kind, form: reading.form };
  let [least, greatest, total, mean, unreadable] = [-1, -1, 0, 0, 0];
  const values = new Map<number, number>();
  for (const i of present) {
    const value = valueOf(read, distinct.texts[i]);
    if (value === undefined) {
      unreadable += counts[i];
      continue;
    }
    values.set(i, value);
    if (least < 0 || value < (values.get(least) ?? NaN)) least = i;
    if (greatest < 0 || value > (values.get(greatest) ?? NaN)) greatest = i;
    total += counts[i];
    mean += ((value - mean) * counts[i]) / total;
  }
  const wrong = unreadable > 0 ? { unreadable } : {};
  if (total === 0) return wrong;
  if (!isNumber) return { ...wrong, first: distinct.texts[least], last: distinct.texts[greatest] };
  const [min, max] = [values.get(least) ?? NaN, values.get(greatest) ?? NaN];
  const histogram = new Array<number>(PARTS).fill(0);
  for (const [i, value] of values) {
    const part = max > min ? Math.floor(((value - min) / (max - min)) * PARTS) : 0;
    histogram[Math.min(part, PARTS - 1)] += counts[i];
  }
  const common = [...values.keys()].sort((a, b) => counts[b] - counts[a] || a - b).slice(0, MOST_VALUES);
  const frequent = common.map((i) => ({ value: distinct.texts[i], count: counts[i] }));
  return { ...wrong, min, max, mean, histogram, values: frequent };
}

/** A histogram as a line of bars; empty for a column without one, or of a single value. */
function barsOf({ histogram, min, max }: Facts): string {
  if (!histogram || min === max) return "";
  const most = Math.max(...histogram);
  return histogram.map((count) => BARS[Math.ceil((count / most) * (BARS.length - 1))]).join("");
}

function linesOf(
  found: Survey,
  columns: readonly Facts[],
  flags: TableFlags,
  refusal: TableError | undefined,
): string[] {
  const { table, warnings, choices } = found;
  const lines = wrapped(`${called(table.file)}: ${fileSentence(found)}`, WIDTH);
  lines.push(...wrapped(targetSentence(found, flags), WIDTH), "", ...tableOf(found, columns));
  const notes = [...warnings, ...choices.lines()];
  if (notes.length > 0) lines.push("", "what was decided:", ...notes.flatMap((note) => wrapped(`- ${note}`, WIDTH, 2)));
  if (refusal) lines.push("", "train refuses this table:", printable(refusal.message));
  return lines;
}

/** Says what was decided while the file was read. */
function fileSentence(found: Survey): string {
  const { table, rows } = found;
  const used = rows.length === table.rows ? "" : `, of which ${rows.length} can be learnt from`;
  const above = linesAbove(found);
  const parts = [
    `${count(table.rows, "row")}${used}, ${count(table.columns.length, "column")}`,
    `fields separated by ${nameOfDelimiter(table.delimiter)}`,
    table.hasHeader ? `line ${table.lineOf(-1)} names the columns` : "no header line",
  ];
  if (above > 0) parts.push(`${count(above, "line")} above the table left out`);
  parts.push(`decimals begin with "${decimalOf(found)}"`);
  return parts.join("; ");
}

function linesAbove({ table }: Survey): number {
  return table.lineOf(table.hasHeader ? -1 : 0) - 1;
}

function nameOfDelimiter(delimiter: string): string {
  return delimiter === "\t" ? "tabs" : delimiter === SPACES ? "spaces" : `"${delimiter}"`;
}

/** The decimal sign of the table: a comma if any column has decimal commas. */
function decimalOf({ columns, targets }: Survey): "." | "," {
  const records = "problems" in targets ? [] : targets.records;
  const hasComma = (one: InputColumn | TargetRecord) => one.kind === "number" && one.format?.decimal === ",";
  return columns.some(hasComma) || records.some(hasComma) ? "," : ".";
}

function targetSentence({ table, selection, targets }: Survey, { target }: TableFlags): string {
  const names = selection.targets.map((place) => `"${called(table.columns[place])}"`).join(", ");
  const by = target === undefined ? " (the last column; --target names another)" : "";
  if ("problems" in targets) return `target ${names}${by}: cannot be learnt as it is`;
  const kinds = [...new Set(targets.records.map(targetKind))];
  return `target ${names}${by}: ${kinds.join(", ")}`;
}

function targetKind(record: TargetRecord): string {
  return record.kind === "number" ? "a number" : count(record.labels.length, "class", "classes");
}

function tableOf(found: Survey, columns: readonly Facts[]): string[] {
  const shown = columns.slice(0, MOST_COLUMNS);
  const cells = [
    [
      "",
      "column",
      "type",
      "missing",
      "values",
      "taken as",
      shown.some((facts) => barsOf(facts) !== "") ? "histogram" : "",
    ],
  ];
  for (const facts of shown) {
    const { place, name, type, missing } = facts;
    const missed = missing === 0 ? "" : String(missing);
    cells.push([
      String(place + 1),
      called(name),
      type,
      missed,
      valuesOf(facts),
      takenSentence(found, facts),
      barsOf(facts),
    ]);
  }
  const widths = widthsOf(cells);
  const lines = cells.map((row) => {
    const padded = row.map((text, i) => fitted(text, widths[i], i === 0 || i === 3));
    return padded.join("  ").trimEnd();
  });
  if (columns.length > shown.length) lines.push(`and ${columns.length - shown.length} more; --json tells all`);
  return lines;
}

/** The widths of the table's columns. Names and values share what the other columns leave. */
function widthsOf(cells: readonly string[][]): number[] {
  const longest = cells[0].map((_, i) => Math.max(...cells.map((row) => widthOf(word(row[i])))));
  const [place, name, type, missing, , taken, bars] = longest;
  const last = Math.min(taken, 23);
  const rest = WIDTH - 12 - place - type - missing - last - bars;
  const names = Math.min(name, Math.max(8, Math.floor(rest * (bars > 0 ? 0.5 : 0.42))));
  return [place, names, type, missing, Math.min(longest[4], rest - names), last, bars];
}

/** A column's range or its most frequent values, in words. */
function valuesOf({ min, max, first, last, values = [], distinct }: Facts): string {
  if (min !== undefined && max !== undefined) return min === max ? number(min) : `${number(min)} to ${number(max)}`;
  if (first !== undefined && last !== undefined)
    return first === last ? called(first) : `${called(first)} to ${called(last)}`;
  if (values.length === 0) return "";
  const each = values.every(({ count }) => count === 1);
  if (each && distinct > MOST_VALUES) return `${distinct} different`;
  const told = values.map(({ value, count }) => `${called(value)} ${count}`);
  return `${told.join(", ")}${distinct > values.length ? ", …" : ""}`;
}

function number(value: number): string {
  const whole = String(value);
  return whole.length <= 9 ? whole : figure(value, 6);
}

function takenSentence({ selection, targets }: Survey, { place, taken, because, inputs }: Facts): string {
  if (taken === "target") {
    if ("problems" in targets) return "target, see below";
    return `target, ${targetKind(targets.records[selection.targets.indexOf(place)])}`;
  }
  if (taken === "input") return count(inputs, "input");
  if (taken === "left out") return `left out: ${because}`;
  return taken === "refused" ? "see below" : taken;
}

/** The same facts for programs. */
function asJson(found: Survey, columns: readonly Facts[], refusal: TableError | undefined) {
  const { table, rows, selection, targets, warnings, choices } = found;
  return {
    file: table.file,
    rows: table.rows,
    used: rows.length,
    delimiter: table.delimiter === SPACES ? " " : table.delimiter,
    header: table.hasHeader,
    linesAbove: linesAbove(found),
    decimal: decimalOf(found),
    targets: selection.targets.map((place, i) => {
      const name = table.columns[place];
      if ("problems" in targets) return { name };
      const record = targets.records[i];
      return record.kind === "number" ? { name, kind: "number" } : { name, kind: "class", labels: record.labels };
    }),
    inputs: inputsOf(found.columns),
    columns: columns.map(({ place, ...facts }) => ({ number: place + 1, ...facts })),
    warnings: [...warnings, ...choices.lines()],
    problems: found.problems.map(({ code, message }) => ({ code, message })),
    ...(refusal ? { refusal: refusal.message } : {}),
  };
}
