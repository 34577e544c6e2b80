// How a table's columns become numbers, as text for standalone modules: rows are objects by column names, and become what
// columns/columns.ts makes of a table's cells.
import type { Column } from "../columns/columns.ts";
import type { ExportedModel } from "./exported.ts";

/** A value as a literal. A module may stand within a page, where "</script>" would end it. */
export function literal(value: unknown): string {
  return JSON.stringify(value).replaceAll("</", "<\\/").replaceAll("<!--", "<\\!--");
}

/** The text that makes rows of numbers of rows of cells, and what a user of it has to know. */
export function columnsText({ columns = [], isSingle, missing }: ExportedModel): { text: string; notes: string[] } {
  const notes: string[] = [];
  const lists = columns.map((column) => {
    const { name, kind } = column;
    if (kind === "category") {
      const { categories, other, missing: rule, fold } = column;
      const texts = fold ? categories.map((category) => category.toLowerCase()) : categories;
      const none = other ? categories.length : -1;
      const empty = rule === "category" ? categories.length + (other ? 1 : 0) : none;
      const inputs = categories.length + (other ? 1 : 0) + (rule === "category" ? 1 : 0);
      return { name, kind, texts, none, empty, isRefused: rule === "refuse", fold: fold === true, inputs };
    }
    if (column.kind === "number") {
      if (column.format?.affix !== undefined) notes.push(`column "${name}": numbers are those before or behind "${column.format.affix}"`); // prettier-ignore
      return { ...column, format: undefined };
    }
    const form = column.form === "time" ? 'hours of the day, or texts as "16:30"' : 'Date, days since 1970-01-01, or texts as "2024-01-31" or "2024-01-31 16:30"'; // prettier-ignore
    notes.push(`column "${name}": ${form}`);
    return { ...column, form: column.form === "time" ? "time" : "date" };
  });
  const kinds = new Set(columns.map(({ kind }) => kind));
  const parts = [
    `/** Words of cells that mean a missing value. */\nconst missing = new Set(${literal(missing)});`,
    `const columns = ${literal(lists)};`,
    kinds.has("category") ? CATEGORY : "",
    kinds.has("number") || kinds.has("date") ? VALUES.replace("READ", kinds.has("date") ? "column.kind === \"date\" ? daysOf(cell, column) : numberOf(cell)" : "numberOf(cell)") : "", // prettier-ignore
    kinds.has("number") || kinds.has("date") ? NUMBER : "",
    kinds.has("date") ? DATES : "",
    ROWS.replace("ARRAY", isSingle ? "Float32Array" : "Float64Array").replace("ENCODE", encoder(kinds)),
  ];
  return { text: parts.filter((part) => part !== "").join("\n\n"), notes };
}

/** What takes a cell, of those that there are. */
function encoder(kinds: ReadonlySet<string>): string {
  if (!kinds.has("category")) return "encodeValue";
  return kinds.size === 1 ? "encodeCategory" : '(column.kind === "category" ? encodeCategory : encodeValue)';
}

/** The type of a row. */
export function rowType(columns: readonly Column[]): string {
  const types = { number: "number | string | null", category: "string | number | boolean | null", date: "Date | number | string | null" }; // prettier-ignore
  const fields = columns.map(({ name, kind }) => `  ${JSON.stringify(name)}: ${types[kind]};`);
  return `/** A row of the table; null or "" where a value is missing. */\nexport interface Row {\n${fields.join("\n")}\n}`;
}

const CATEGORY = `function encodeCategory(X, at, cell, column) {
  const plain = cell === null ? "" : String(cell).trim();
  const index = column.texts.indexOf(column.fold ? plain.toLowerCase() : plain);
  const isMissing = index < 0 && missing.has(plain);
  if (isMissing && column.isRefused) throw new RangeError("is missing");
  const input = index >= 0 ? index : isMissing ? column.empty : column.none;
  if (input >= 0) X[at + input] = 1;
  return column.inputs;
}`;

const VALUES = `/** A number or a date; how many inputs it became. */
function encodeValue(X, at, cell, column) {
  const isMissing = cell === null || Number.isNaN(cell) || (typeof cell === "string" && missing.has(cell.trim()));
  if (isMissing && column.fill === undefined) throw new RangeError("is missing");
  const value = isMissing ? column.fill : READ;
  const given = value - (column.offset ?? 0);
  X[at] = given;
  if (!(Math.abs(value) < 1e150) || !Number.isFinite(X[at])) throw new RangeError("is no number that the model can take");
  let used = 1;
  if (column.indicator) X[at + used++] = isMissing ? 1 : 0;
  for (const { part, values } of column.parts ?? []) {
    const place = isMissing ? -1 : values.indexOf(partOf(value, part));
    if (place >= 0) X[at + used + place] = 1;
    used += values.length;
  }
  return used;
}`;

const NUMBER = `function numberOf(cell) {
  if (typeof cell === "number") return cell;
  const text = String(cell).trim();
  if (/^[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?$/.test(text)) return Number(text);
  throw new RangeError("is " + JSON.stringify(cell) + ", expected a number");
}`;

const DATES = `const CLOCK = "(\\\\d{1,2}):(\\\\d{2})(?::(\\\\d{2})(?:[.,](\\\\d{1,9}))?)?";
const TIME = new RegExp("^" + CLOCK + "$");
const DATE = new RegExp("^(\\\\d{4})-(\\\\d{1,2})-(\\\\d{1,2})(?:[T ]" + CLOCK + "(?: ?(Z|[+-]\\\\d{2}:?\\\\d{2}))?)?$");

const secondsOf = ([h, m, s = "0", fraction = "0"]) => Number(h) * 3600 + Number(m) * 60 + Number(s + "." + fraction);

/** Days since 1970-01-01 with their fraction, or hours of a day. */
function daysOf(cell, { form }) {
  if (typeof cell === "number") return cell;
  if (cell instanceof Date) return form === "time" ? (((cell / 36e5) % 24) + 24) % 24 : cell / 864e5;
  const text = String(cell).trim();
  const found = (form === "time" ? TIME : DATE).exec(text);
  if (found && form === "time") return secondsOf(found.slice(1)) / 3600;
  if (found) {
    const [, y, m, d] = found.map(Number);
    const day = new Date(Date.UTC(2000, m - 1, d));
    day.setUTCFullYear(y, m - 1, d);
    if (day.getUTCMonth() === m - 1 && day.getUTCDate() === d) {
      const days = day / 864e5;
      if (found[4] === undefined) return days;
      const [, sign, hours, minutes] = /([+-])(\\d{2}):?(\\d{2})/.exec(found[8] ?? "") ?? [0, "+", 0, 0];
      const zone = (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
      return days + (secondsOf(found.slice(4, 8)) - zone) / 86400;
    }
  }
  throw new RangeError("is " + JSON.stringify(cell) + ", expected a date");
}

/** Month 1 to 12, weekday 1 (Monday) to 7, or hour 0 to 23. */
function partOf(days, part) {
  if (part === "weekday") return ((((Math.floor(days) + 3) % 7) + 7) % 7) + 1;
  if (part === "hour") return Math.floor((days - Math.floor(days)) * 24 + 1e-6) % 24;
  return new Date(Math.floor(days) * 86400000).getUTCMonth() + 1;
}`;

const ROWS = `/** Rows of cells as rows of numbers. */
function rowsOf(rows) {
  const X = new ARRAY(rows.length * inputs);
  rows.forEach((row, r) => {
    let at = r * inputs;
    for (const column of columns) {
      try {
        if (!Object.hasOwn(row, column.name)) throw new RangeError("is not there");
        const cell = row[column.name] ?? null;
        at += ENCODE(X, at, cell, column);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new RangeError("row " + r + ", column " + JSON.stringify(column.name) + " " + error.message);
      }
    }
  });
  return X;
}`;
